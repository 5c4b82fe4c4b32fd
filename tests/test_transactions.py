"""The engine's transactions: the host's own, several threads, a store that fails, journeys that change."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from contextlib import contextmanager
from datetime import UTC

import pytest

from making import (
    START,
    ends,
    engine_of,
    handed,
    journey,
    marks,
    pass_time,
    reasons,
    sending,
    state_of,
)
from touchpoint import (
    CaseType,
    Emit,
    Entered,
    InvalidTouchpoint,
    OpenCase,
    Rule,
    Silent,
    Stage,
    StoreBusy,
    StoreClosed,
    Touchpoint,
    UnknownName,
    VirtualClock,
    Wait,
    count,
    customer,
    days,
    event,
    seconds,
)
from touchpoint.channels.inbound import Replied
from touchpoint.core.kept import Past
from touchpoint.stores.sqlite import SqliteStore

MARK = Emit("mark")
MARKING = Rule("marking", when="start", then=[MARK])


def timeline(engine, who="ann"):
    return [each.type for each in engine.customer(who).timeline()]


# --- the host's own transaction ---------------------------------------------------------------------------------------


@contextmanager
def host(path):
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
    finally:
        connection.close()


def test_what_the_host_commits_is_recorded_with_all_that_follows(tmp_path):  # S11.1
    path = tmp_path / "t.db"
    engine = engine_of(sending(), store=f"sqlite:///{path}")
    with host(path) as connection:
        connection.execute("CREATE TABLE orders (id)")
        connection.execute("INSERT INTO orders VALUES (1)")
        engine.record("ann", "start", connection=connection)
        engine.identify("ann", traits={"x": 1}, connection=connection)
        connection.execute("COMMIT")
    pass_time(engine)
    assert (ends(engine), engine.customer("ann").traits) == ([("hello", "sent")], {"x": 1})


def test_what_the_host_rolls_back_never_happened(tmp_path):  # S6.3
    path = tmp_path / "t.db"
    engine = engine_of(sending(), store=f"sqlite:///{path}")
    with host(path) as connection:
        engine.record("ann", "start", id="t1", connection=connection)
        engine.grant("ann", "marketing", connection=connection)
        connection.execute("ROLLBACK")
    pass_time(engine)
    assert (ends(engine), timeline(engine), handed(engine)) == ([], [], [])
    assert not engine.record("ann", "start", id="t1").duplicate


def test_a_refused_touchpoint_leaves_the_hosts_own_rows_alone(tmp_path):  # S11.7
    path = tmp_path / "t.db"
    engine = engine_of(store=f"sqlite:///{path}")
    with host(path) as connection:
        connection.execute("CREATE TABLE orders (id)")
        with pytest.raises(InvalidTouchpoint):
            engine.record("ann", "start", {"x": object()}, connection=connection)
        connection.execute("INSERT INTO orders VALUES (1)")
        connection.execute("COMMIT")
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)


# --- several at once --------------------------------------------------------------------------------------------------


def at_once(*work):
    """Run functions in threads that start together; raises what any of them raised."""
    barrier, errors = threading.Barrier(len(work)), []

    def run(each):
        barrier.wait()
        try:
            each()
        except BaseException as error:  # noqa: BLE001 - it is raised in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if errors:
        raise errors[0]


COUNTING = Rule("counting", when="visit", given=count("visit") == 80, then=[MARK])


def test_threads_that_record_for_one_customer_lose_nothing(tmp_path):  # S1.4
    engine = engine_of(COUNTING, store=f"sqlite:///{tmp_path}/t.db", durability="fast")

    def work():
        for _ in range(20):
            engine.record("ann", "visit")

    at_once(*[work] * 4)
    assert Counter(timeline(engine)) == {"visit": 80, "mark": 1}


def test_threads_that_record_for_many_customers_lose_nothing(tmp_path):  # S1.4
    engine = engine_of(
        Rule("r", when="visit", then=[MARK]), store=f"sqlite:///{tmp_path}/t.db", durability="fast", people=()
    )

    def work(n):
        for each in range(20):
            engine.record(f"c{(n + each) % 10}", "visit")

    at_once(*[lambda n=n: work(n) for n in range(4)])
    assert sum(len(marks(engine, f"c{n}")) for n in range(10)) == 80


def test_of_threads_that_record_one_id_exactly_one_counts():  # S1.3
    engine = engine_of(MARKING)
    found = []
    at_once(*[lambda: found.append(engine.record("ann", "start", id="t1"))] * 6)
    assert (sorted(each.duplicate for each in found), len(marks(engine))) == ([False] + [True] * 5, 1)


def test_a_bad_touchpoint_of_one_thread_fails_nobody_else():  # S11.4
    engine = engine_of(MARKING)
    refused = []

    def bad():
        for _ in range(10):
            try:
                engine.open_case("ann", "nope", ref="x")
            except UnknownName as error:
                refused.append(error)

    def good():
        for _ in range(10):
            engine.record("ann", "start")

    at_once(bad, good, good)
    assert (len(refused), len(marks(engine))) == (10, 20)


def test_work_that_fails_in_a_group_fails_alone():  # S11.4: group commit
    engine = engine_of(MARKING)
    together, failed = [], []
    engine._grouping._leading.acquire()  # so that all of them wait, and are committed as one group

    def good():
        together.append(engine.record("ann", "start"))

    def bad():
        try:
            engine._grouping.submit(lambda unit: unit.tx.nothing_like_this)
        except AttributeError as error:
            failed.append(error)

    threads = [threading.Thread(target=each) for each in (good, bad, good)]
    for thread in threads:
        thread.start()
    while len(engine._grouping._queue) < 3:
        pass
    engine._grouping._hand_on()
    for thread in threads:
        thread.join(10)
    assert (len(together), len(failed), len(marks(engine))) == (2, 1, 2)


def test_an_interrupt_in_a_group_leaves_nobody_waiting_for_ever():  # S11.4
    engine = engine_of(MARKING)
    strikes = [KeyboardInterrupt()]
    told = []

    def interrupted(unit):
        if strikes:
            raise strikes.pop()

    def work(each):
        try:
            told.append(each())
        except KeyboardInterrupt as error:
            told.append(error)

    engine._grouping._leading.acquire()
    jobs = [
        lambda: engine._grouping.submit(interrupted),
        lambda: engine.record("ann", "start"),
        lambda: engine.record("ann", "start"),
    ]
    threads = [threading.Thread(target=work, args=(each,), daemon=True) for each in jobs]
    for thread in threads:
        thread.start()
    while len(engine._grouping._queue) < 3:
        pass
    engine._grouping._hand_on()
    for thread in threads:
        thread.join(5)
    assert [thread.is_alive() for thread in threads] == [False] * 3
    assert len(marks(engine)) == sum(not isinstance(each, BaseException) and each is not None for each in told)


class Meddling(SqliteStore):
    """A store in which another thread gets its turn between a failed transaction and whoever called it."""

    meddle = None

    @contextmanager
    def transaction(self, connection=None):
        try:
            with super().transaction(connection) as tx:
                yield tx
        except ZeroDivisionError:
            self.meddle()
            raise


def test_what_a_failed_transaction_left_in_memory_is_not_taken_for_stored(tmp_path):  # S11.7
    store = Meddling(f"{tmp_path}/t.db")
    engine = engine_of(COUNTING, Rule("quiet", when=Silent(days(1)), then=[MARK]), store=store)
    engine.record("ann", "visit")
    engine.clock.advance(days(2))
    store.meddle = lambda: at_once(engine.run_pending)

    def broken(unit):
        signals = unit.find("ann").state.signals
        signals.forget([*signals])
        return 1 / 0

    before = state_of(engine).signals
    with pytest.raises(ZeroDivisionError):
        engine._write(broken)
    assert len(marks(engine)) == 1
    assert state_of(engine).signals == before != Past()


def test_a_failed_call_does_not_disturb_the_work_of_another_thread(tmp_path):  # S11.4
    store = SqliteStore(f"{tmp_path}/t.db", timeout=seconds(0.05))
    engine = engine_of(MARKING, store=store)

    def busy():
        with pytest.raises(StoreBusy):
            engine.customer("ann")

    with engine._unit() as unit:
        unit.find("ann").state.profile.traits["x"] = 1
        unit.find("ann").profile_changed = True
        unit.touch(unit.find("ann"))
        at_once(busy)
        unit.find("ann").state.profile.traits["y"] = 2
    assert engine.customer("ann").traits == {"x": 1, "y": 2}


def test_another_process_on_the_same_file_is_seen_at_once(tmp_path):  # S1.4
    path = tmp_path / "t.db"
    rule = Rule("r", when="visit", given=count("visit") == 3, then=[MARK])
    engine = engine_of(rule, store=f"sqlite:///{path}")
    engine.record("ann", "visit", id="1")
    script = f"""
        from datetime import UTC, datetime
        from touchpoint import Emit, Engine, Journey, Rule, VirtualClock, count
        rule = Rule("r", when="visit", given=count("visit") == 3, then=[Emit("mark")])
        clock = VirtualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
        with Engine({f"sqlite:///{path}"!r}, journeys=[Journey("one", rules=[rule])], clock=clock) as engine:
            assert engine.record("ann", "visit", id="1").duplicate
            engine.record("ann", "visit", id="2")
            engine.identify("ann", traits={{"x": 1}})
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)
    assert engine.record("ann", "visit", id="2").duplicate
    engine.record("ann", "visit", id="3")
    assert (len(marks(engine)), engine.customer("ann").traits) == (1, {"x": 1})


# --- a store that fails -----------------------------------------------------------------------------------------------


def test_a_busy_store_acknowledges_nothing_and_works_again_afterwards(tmp_path):  # S11.7
    path = tmp_path / "t.db"
    engine = engine_of(sending(), store=SqliteStore(str(path), timeout=seconds(0.05)))
    with host(path) as connection:
        for act in (
            lambda: engine.record("ann", "start", id="t1"),
            lambda: engine.identify("ann", traits={"x": 1}),
            lambda: engine.grant("ann", "marketing"),
            lambda: engine.customer("ann"),
            lambda: engine.record_many([Touchpoint("ann", "start")]),
        ):
            with pytest.raises(StoreBusy):
                act()
        connection.execute("ROLLBACK")
    assert timeline(engine) == []
    assert not engine.record("ann", "start", id="t1").duplicate
    pass_time(engine)
    assert handed(engine) == ["hello"]


def test_who_has_nothing_to_do_does_not_need_the_lock(tmp_path):  # S11.4
    path = tmp_path / "t.db"
    engine = engine_of(sending(), store=SqliteStore(str(path), timeout=seconds(0.05)))
    with host(path):
        assert engine.run_pending() == 0
    engine.record("ann", "start")
    with host(path), pytest.raises(StoreBusy):
        engine.run_pending()
    assert engine.run_pending() == 1


def test_a_closed_engine_says_so_and_closing_twice_is_fine():  # S11.7
    engine = engine_of()
    engine.close()
    engine.close()
    with pytest.raises(StoreClosed):
        engine.record("ann", "start")


def test_an_engine_that_cannot_begin_leaves_its_store_closed(tmp_path):
    path = tmp_path / "t.db"
    engine_of(store=f"sqlite:///{path}").close()
    store = SqliteStore(str(path), timeout=seconds(0.05))
    with host(path), pytest.raises(StoreBusy):
        engine_of(store=store)
    with pytest.raises(StoreClosed), store.reading():
        pass


# --- journeys that change ---------------------------------------------------------------------------------------------


def reopened(url, *rules, clock, **parts):
    return engine_of(*rules, store=url, clock=clock, people=(), **parts)


def test_what_a_journey_begins_to_ask_is_filled_from_the_timeline(tmp_path):  # S4.7
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(store=url, clock=clock) as engine:
        for price in (5, 6):
            engine.record("ann", "order", {"price": price})
        engine.record("ann", "order", {"price": 100}, at=START - days(30))
    asking = Rule("r", when="start", given=(count("order", within=days(7)) == 2) & (count("order") == 3), then=[MARK])
    with reopened(url, asking, clock=clock) as engine:
        engine.record("ann", "start")
        assert len(marks(engine)) == 1


def test_a_silence_that_a_journey_begins_to_ask_for_counts_from_the_timeline(tmp_path):  # S4.7
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(store=url, clock=clock) as engine:
        engine.record("ann", "order")
    clock.advance(days(1))
    with reopened(url, Rule("r", when=Silent(days(5), of="order"), then=[MARK]), clock=clock) as engine:
        engine.record("ann", "visit")
        pass_time(engine, days(9))
        assert marks(engine) == [START + days(5)]


def test_runs_go_on_in_a_journey_that_has_grown(tmp_path):  # S5.4, S11.6
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    old = Rule("r", when="start", then=[Wait(days(2), id="w"), MARK])
    with engine_of(old, store=url, clock=clock) as engine:
        engine.record("ann", "start")
    with reopened(url, Rule("new", when="x", given=count("y") > 1), old, clock=clock) as engine:
        pass_time(engine, days(3))
        assert (marks(engine), reasons(engine)) == ([START + days(2)], ["done"])


def test_a_run_whose_rule_is_gone_ends_as_changed_and_stops_nobody(tmp_path):  # S5.4
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(Rule("r", when="start", then=[Wait(days(2)), MARK]), store=url, clock=clock) as engine:
        engine.record("ann", "start")
    with reopened(url, MARKING, clock=clock) as engine:
        pass_time(engine, days(3))
        engine.record("bob", "start")
        assert (marks(engine), len(marks(engine, "bob")), reasons(engine)) == ([], 1, ["changed"])


def test_two_engines_with_other_code_decide_by_what_is_at_work_in_their_store(tmp_path):  # S4.7, S5.4
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    one = engine_of(Rule("r", when="visit", given=count("visit") == 3, then=[MARK]), store=url, clock=clock)
    two = engine_of(
        Rule("s", when="visit", given=count("visit", within=days(1)) == 4, then=[Emit("two")]), store=url, clock=clock
    )
    for each in (one, two, one, two):
        each.record("ann", "visit")
    assert timeline(one) == ["visit", "visit", "visit", "visit", "two"]
    again = engine_of(Rule("r", when="visit", given=count("visit") == 3, then=[MARK]), store=url, clock=clock)
    assert again.journeys == two.journeys


def test_each_version_of_a_journey_is_kept_once(tmp_path):  # S11.6: journeys are data
    url = f"sqlite:///{tmp_path}/t.db"
    for rule in (MARKING, MARKING, sending()):
        engine_of(rule, store=url).close()
    with engine_of(store=url) as engine, engine.store.reading() as reader:
        assert len(reader.definitions()) == 3  # the last one has no rules


def test_the_view_of_stages_names_journeys_that_are_gone(tmp_path):  # S1.1
    url = f"sqlite:///{tmp_path}/t.db"
    with engine_of(parts={"stages": [Stage("new", phase="attract", when="start")]}, store=url) as engine:
        engine.record("ann", "start")
    with engine_of(journeys=[journey(MARKING, name="two")], store=url) as engine:
        assert engine.customer("ann").stage("one") == "new"


def test_entering_a_stage_opens_a_case_and_is_one_decision():  # S4.2: consequences commit together
    case = CaseType("complaint")
    rule = Rule("r", when=Entered("new"), then=[OpenCase(case, ref=event.n), MARK])
    engine = engine_of(rule, parts={"cases": [case], "stages": [Stage("new", phase="attract", when="start")]})
    engine.record("ann", "start", {"n": 1})
    assert (len(engine.customer("ann").cases()), len(marks(engine))) == (1, 1)


def test_conditions_on_traits_see_what_identify_said():  # S4.6
    engine = engine_of(Rule("r", when="start", given=customer.tier == "gold", then=[MARK]))
    engine.record("ann", "start")
    engine.identify("ann", traits={"tier": "gold"})
    engine.record("ann", "start")
    assert len(marks(engine)) == 1


def test_next_due_is_in_utc_and_none_where_nothing_is():
    engine = engine_of(sending())
    assert engine.next_due() is None
    engine.record("ann", "start")
    assert (engine.next_due(), engine.next_due().tzinfo) == (START, UTC)


# --- one unit over several acts ---------------------------------------------------------------------------------------


def test_within_one_unit_a_touchpoint_still_counts_once():  # S1.3
    engine = engine_of()
    with engine.together():
        assert not engine.record("ann", "start", id="t1").duplicate
        assert engine.record("ann", "start", id="t1").duplicate
        assert engine.record("ann", "other", id="t1").differs
    assert len(timeline(engine)) == 1


def test_within_one_unit_what_was_said_last_of_an_address_holds():  # S7.3
    engine = engine_of(sending(channels=["sms"]))
    with engine.together():
        for text in ("STOP", "START"):
            engine.apply(Replied("ann", "sms", text))
            engine.customer("ann")  # which writes what is known so far
        engine.record("ann", "start")
        engine.run_pending()
    assert handed(engine, "sms") == ["hello"]
