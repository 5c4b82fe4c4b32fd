"""Every method of the engine that writes can be part of the host's own transaction (S6.3, S11.1)."""

import inspect
import sqlite3
from contextlib import closing, contextmanager

import attrs
import pytest

from making import engine_of, sending
from touchpoint import (
    AsyncEngine,
    Budget,
    CaseType,
    Content,
    Engine,
    Gift,
    Give,
    InvalidTouchpoint,
    Preferences,
    Rule,
    StoreError,
    Touchpoint,
    days,
)
from touchpoint.channels.inbound import Clicked, Received, Replied, WebhookRequest
from touchpoint.channels.memory import MemoryChannel
from touchpoint.channels.tasks import TaskChannel
from touchpoint.engine.case_desk import CaseDesk
from touchpoint.engine.feedback import FeedbackDesk
from touchpoint.engine.gifts import GiftDesk
from touchpoint.engine.tasks import TaskDesk
from touchpoint.insight import KeywordAnalyser
from touchpoint.model.feedback import Feedback
from touchpoint.stores.base import ControlRow
from touchpoint.stores.sqlite import SqliteStore

TROUBLE = CaseType("trouble")
CAKE = Gift("cake", why="a test wants it", channels=["email"], content=Content(text="Cake!"))


class Chat(MemoryChannel):
    """A channel whose provider tells of one reply, whatever the request holds."""

    def __init__(self):
        super().__init__("chat")

    def receive(self, request):  # noqa: ARG002 - part of the port
        return Received([Replied("ann", "chat", "hello", id="r1")])


READS = {
    "advocate", "advocates", "cases", "referral", "referrals",
    "controls", "customer", "export", "journeys", "next_due", "parked", "parked_count", "planned", "preferences",
    "member_count", "feedback", "gifts", "members", "preview_release", "proof_of_consent", "recipient_of", "releases",
    "tasks",
    "why", "why_received", "conversation", "conversations", "topics", "suggest", "suggestions", "why_suggested",
}  # fmt: skip
DRIVES = {
    "checkpoint", "close", "delivery", "release", "rollback", "run_pending", "settle_segments", "take_prepared",
    "together", "work", "workplace",
}  # fmt: skip
"""They open transactions of their own, or are for whoever drives the engine step by step: messages go out only after
the host has committed. A release changes what this very engine works by, which no transaction of the host can undo."""

WRITES = {
    "record": lambda engine, db: engine.record("ann", "visit", connection=db),
    "record_many": lambda engine, db: engine.record_many(
        [Touchpoint("ann", "visit"), Touchpoint("eve", "visit")], connection=db
    ),
    "apply": lambda engine, db: engine.apply(Replied("ann", "email", "thanks"), connection=db),
    "receive": lambda engine, db: engine.receive("chat", WebhookRequest(b"{}"), connection=db),
    "identify": lambda engine, db: engine.identify("ann", traits={"tier": "gold"}, connection=db),
    "grant": lambda engine, db: engine.grant("ann", "marketing", connection=db),
    "withdraw": lambda engine, db: engine.withdraw("ann", "marketing", connection=db),
    "prefer": lambda engine, db: engine.prefer("ann", Preferences(topics_off=["news"]), connection=db),
    "choose": lambda engine, db: engine.choose("ann", "marketing", yes=True, connection=db),
    "snooze": lambda engine, db: engine.snooze("ann", days(1), connection=db),
    "unsnooze": lambda engine, db: [
        engine.snooze("ann", days(1), connection=db),
        engine.unsnooze("ann", connection=db),
    ],
    "enrol": lambda engine, db: engine.enrol("ann", "send hello", connection=db),
    "open_case": lambda engine, db: engine.open_case("ann", "trouble", ref="2", connection=db),
    "close_case": lambda engine, db: engine.close_case("ann", "trouble", ref="1", connection=db),
    "answer_case": lambda engine, db: engine.answer_case("ann", "trouble", ref="1", connection=db),
    "pause": lambda engine, db: engine.pause(journey="one", reason="x", connection=db),
    "merge": lambda engine, db: engine.merge("anonymous", "ann", connection=db),
    "refer": lambda engine, db: engine.refer("ann", "zoe", connection=db),
    "wish": lambda engine, db: engine.wish("ann", "vegan menu", connection=db),
    "answer_topic": lambda engine, db: [
        engine.wish("ann", "vegan menu", connection=db),
        engine.answer_topic("vegan menu", done="x", by="chris", message="hello", connection=db),
    ],
    "erase": lambda engine, db: engine.erase("eve", connection=db),
    "readmit": lambda engine, db: [
        engine.erase("eve", connection=db),
        engine.erase("may", connection=db),
        engine.readmit("eve", connection=db),
    ],
    "resume": lambda engine, db: engine.resume(channel="email", connection=db),
    "replay_parked": lambda engine, db: engine.replay_parked(connection=db),
    "send": lambda engine, db: engine.send("ann", "hello", by="chris", connection=db),
    "give": lambda engine, db: engine.give("ann", "cake", by="chris", connection=db),
}
AT_THE_DESK = {
    "claim": lambda desk, key, db: desk.claim(key, by="chris", connection=db),
    "next": lambda desk, _, db: desk.next("call", by="chris", connection=db),
    "give_back": lambda desk, key, db: desk.give_back(key, connection=db),
    "complete": lambda desk, key, db: desk.complete(key, "reached", connection=db),
    "decline": lambda desk, key, db: desk.decline(key, "busy", connection=db),
}
AT_THE_CASES = {
    "assign": lambda desk, db: desk.assign("ann", "trouble", ref="1", owner="chris", connection=db),
    "set_severity": lambda desk, db: desk.set_severity("ann", "trouble", ref="1", severity="urgent", connection=db),
    "reopen": lambda desk, db: desk.reopen("ann", "trouble", ref="0", connection=db),
    "merge": lambda desk, db: desk.merge("ann", "trouble", ref="3", into="1", connection=db),
}
"""One example of each method that writes: whoever adds such a method adds a line, and `connection=` to it."""


def methods(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.db"


@pytest.fixture
def engine(path):
    with engine_of(
        sending(),
        Rule("by staff", then=[Give(CAKE)]),
        store=f"sqlite:///{path}",
        durability="fast",
        parts={"cases": [TROUBLE]},
        channels=["email", "sms", Chat()],
        secret="a secret that only this test knows",
    ) as engine:
        engine.record("ann", "start", id="s1")
        engine.open_case("ann", "trouble", ref="1")
        with engine.together() as unit:
            loaded = unit.find("ann")
            loaded.state.parked += ([0, "touchpoint", "start", "s1", "a test wants it", 0, None],)
            unit.touch(loaded)
            unit.changes.controls.append(ControlRow("channel", "email", "a test wants it", 0, None))
        yield engine


@contextmanager
def host(path):
    """A connection of the host's, with a table of its own and a transaction open in which it has written."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE IF NOT EXISTS orders (id)")
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO orders VALUES (1)")
        yield db


def everything(path):
    """Every row of every table."""
    with closing(sqlite3.connect(path)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        return {name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in tables}  # noqa: S608


def test_every_method_of_the_engine_is_known_to_read_to_drive_or_to_write():
    assert methods(Engine) == READS | DRIVES | set(WRITES)


def test_every_method_of_the_desk_of_tasks_is_known_to_read_or_to_write():
    assert methods(TaskDesk) == {"open", "claimed", "get"} | set(AT_THE_DESK)


def test_every_method_of_the_desk_of_cases_is_known_to_read_or_to_write():
    assert methods(CaseDesk) == {"loops"} | set(AT_THE_CASES)


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize("name", sorted(AT_THE_CASES))
def test_cases_change_with_the_hosts_own_rows_or_not_at_all(path, engine, name, end):
    for ref in ("0", "3"):
        engine.open_case("ann", "trouble", ref=ref)
    engine.close_case("ann", "trouble", ref="0")
    before = everything(path)
    with host(path) as db:
        assert AT_THE_CASES[name](engine.cases, db)
        db.execute(end)
    after = everything(path)
    assert len(after.pop("orders")) == (end == "COMMIT")
    assert (after == before) == (end == "ROLLBACK")


def test_every_method_of_the_desk_of_feedback_is_known_to_read_to_drive_or_to_write():
    assert methods(FeedbackDesk) == {"of", "analyse", "record"}


def test_every_method_of_the_desk_of_gifts_is_known_to_read_or_to_write():
    assert methods(GiftDesk) == {"pending", "stocks", "budgets", "given", "get"} | set(WITH_GIFTS)


WITH_GIFTS = {
    "approve": lambda gifts, key, db: gifts.approve(key["waits"], by="maria", connection=db),
    "decline": lambda gifts, key, db: gifts.decline(key["waits"], by="maria", connection=db),
    "restock": lambda gifts, _, db: gifts.restock("cake", 3, connection=db),
    "returned": lambda gifts, key, db: gifts.returned(key["given"], connection=db),
    "declined": lambda gifts, key, db: gifts.declined(key["given"], connection=db),
}


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize("name", WITH_GIFTS)
def test_what_is_done_about_gifts_commits_with_the_hosts_own_rows_or_not_at_all(path, name, end):
    cake = attrs.evolve(CAKE, kind="service", stock=9, worth=60, currency="EUR", budget=Budget("fund", 500, "EUR"))
    flowers = attrs.evolve(cake, name="flowers", stock=None, approve_above=50)
    options = {"store": f"sqlite:///{path}", "durability": "fast"}
    with engine_of(Rule("r", when="start", then=[Give(cake), Give(flowers)]), **options) as engine:
        engine.record("ann", "start")
        engine.run_pending()
        key = {"given" if each.gift == "cake" else "waits": each.key for each in engine.gifts.given("ann")}
        before = everything(path)
        with host(path) as db:
            WITH_GIFTS[name](engine.gifts, key, db)
            db.execute(end)
        after = everything(path)
        assert len(after.pop("orders")) == (end == "COMMIT")
        before.pop("orders", None)
        assert (after == before) == (end == "ROLLBACK")


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_feedback_is_recorded_with_the_hosts_own_rows_or_not_at_all(path, end):
    options = {"store": f"sqlite:///{path}", "durability": "fast", "analyser": KeywordAnalyser()}
    with engine_of(sending(), **options) as engine:
        before = everything(path)
        with host(path) as db:
            engine.feedback.record("ann", Feedback(kind="csat", score=2, comment="stale"), connection=db)
            db.execute(end)
        after = everything(path)
        assert len(after.pop("orders")) == (end == "COMMIT")
        assert (after == before) == (end == "ROLLBACK")


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize("name", sorted(AT_THE_DESK))
def test_tasks_change_with_the_hosts_own_rows_or_not_at_all(path, name, end):
    store, calls = f"sqlite:///{path}", TaskChannel("call", "phone")
    with engine_of(sending(channels=["call"]), store=store, durability="fast", channels=[calls]) as engine:
        engine.record("ann", "start")
        engine.run_pending()
        (task,) = engine.tasks.open("call")
        if name not in {"claim", "next"}:
            engine.tasks.claim(task.key, by="chris")
        before = everything(path)
        with host(path) as db:
            AT_THE_DESK[name](engine.tasks, task.key, db)
            db.execute(end)
        after = everything(path)
        assert len(after.pop("orders")) == (end == "COMMIT")
        assert (after == before) == (end == "ROLLBACK")


@pytest.mark.parametrize("cls", [Engine, AsyncEngine])
@pytest.mark.parametrize("name", sorted(WRITES))
def test_every_method_that_writes_takes_the_hosts_connection_by_keyword(cls, name):
    parameter = inspect.signature(getattr(cls, name)).parameters["connection"]
    assert (parameter.kind, parameter.default) == (inspect.Parameter.KEYWORD_ONLY, None)


@pytest.mark.parametrize("name", sorted(WRITES))
def test_what_the_host_commits_is_there_on_both_sides(engine, path, name):
    before = everything(path)
    with host(path) as db:
        WRITES[name](engine, db)
        seen = everything(path)
        assert {table: rows for table, rows in seen.items() if table in before} == before  # nobody sees it yet
        db.execute("COMMIT")
    after = everything(path)
    assert after.pop("orders") == [(1,)]
    assert after != before


@pytest.mark.parametrize("name", sorted(WRITES))
def test_what_the_host_rolls_back_is_gone_on_both_sides(engine, path, name):
    before = everything(path)
    with host(path) as db:
        WRITES[name](engine, db)
        db.execute("ROLLBACK")
    after = everything(path)
    assert after.pop("orders") == []
    assert after == before


@pytest.mark.parametrize("name", sorted(WRITES))
def test_after_a_rollback_the_engine_remembers_nothing_of_it(engine, path, name):  # S11.7
    with host(path) as db:
        WRITES[name](engine, db)
        db.execute("ROLLBACK")
    told = engine.customer("ann")
    with Engine(f"sqlite:///{path}", journeys=engine.journeys, clock=engine.clock) as other:
        again = other.customer("ann")
    assert (told.timeline(), told.traits, told.cases(), told.messages) == (
        again.timeline(), again.traits, again.cases(), again.messages,
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(WRITES))
def test_several_methods_share_one_transaction(engine, path, name):
    with host(path) as db:
        engine.record("ann", "before", id="b", connection=db)
        WRITES[name](engine, db)
        engine.record("ann", "after", id="a", connection=db)
        db.execute("COMMIT")
    assert [engine.record("ann", kind, id=kind[0]).duplicate for kind in ("before", "after")] == [True, True]


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_connection_without_a_transaction_is_refused_and_nothing_is_written(engine, path, name):
    before = everything(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db, pytest.raises(StoreError, match="no transaction"):
        WRITES[name](engine, db)
    assert everything(path) == before


def test_of_many_touchpoints_with_a_bad_one_nothing_stays_in_the_hosts_transaction_but_what_the_host_wrote(
    engine, path
):
    before = everything(path)
    with host(path) as db:
        with pytest.raises(InvalidTouchpoint, match=r"touchpoints\[1\]"):
            engine.record_many([Touchpoint("ann", "visit"), Touchpoint("ann", "no type!")], connection=db)
        db.execute("COMMIT")
    after = everything(path)
    assert after.pop("orders") == [(1,)]
    assert after == before


def test_more_touchpoints_than_one_batch_are_all_of_the_hosts_transaction(engine, path, monkeypatch):
    monkeypatch.setattr("touchpoint.engine.engine.BATCH", 2)
    before = everything(path)
    with host(path) as db:
        assert len(engine.record_many([Touchpoint("ann", "visit") for _ in range(5)], connection=db)) == 5
        db.execute("ROLLBACK")
    after = everything(path)
    assert after.pop("orders") == []
    assert after == before


def test_a_click_is_taken_in_the_hosts_transaction_too(engine, path):
    engine.resume(channel="email")
    engine.run_pending()
    key = engine.customer("ann").messages[0].key
    with host(path) as db:
        engine.apply(Clicked(key), connection=db)
        db.execute("COMMIT")
    assert "clicked" in [each.type for each in engine.customer("ann").timeline()]


def test_what_was_recorded_in_the_hosts_transaction_goes_out_after_its_commit(path):  # S6.8
    with engine_of(sending(), store=SqliteStore(str(path))) as engine:
        with host(path) as db:
            engine.record("ann", "start", connection=db)
            assert engine.run_pending() == 0
            db.execute("COMMIT")
        assert engine.run_pending() == 1
