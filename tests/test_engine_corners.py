"""Corners of the engine: sweeps over many, small caches, damaged records, an adapter that says more than it has."""

import os
import sqlite3
import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import MARK, START, Scripted, ends, engine_of, handed, marks, pass_time, sending, trace
from touchpoint import (
    DefectiveJourney,
    Emit,
    Goal,
    InvalidAddress,
    Rule,
    Segment,
    StoreError,
    VirtualClock,
    Wait,
    count,
    days,
    hours,
    minutes,
    months,
)  # fmt: skip
from touchpoint.channels import Ambiguous, Capabilities
from touchpoint.channels.inbound import Replied
from touchpoint.core.state import State
from touchpoint.engine import acts, controls
from touchpoint.engine.loaded import Cache, Loaded
from touchpoint.stores.sqlite import SqliteStore

LOOP = Rule("loop", when="ping", then=[Emit("ping")])
PEOPLE = ("ann", "bob", "cid", "dan", "eve")
SECRET = "a secret that only the host of this test knows"


def damage(path, customer):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE touchpoint_customers SET state = '[1]' WHERE id = ?", [customer])


# --- many customers ---------------------------------------------------------------------------------------------------


def test_resuming_reaches_everybody_however_many_are_taken_at_once_and_whoever_is_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(controls, "_SWEEP", 2)
    path = tmp_path / "t.db"
    engine = engine_of(sending(), store=f"sqlite:///{path}", people=PEOPLE)
    engine.pause(message="hello", reason="wrong price")
    for each in PEOPLE:
        engine.record(each, "start")
    engine.run_pending()
    damage(path, "bob")
    engine.resume(message="hello")
    assert engine.work(until_idle=True).handed == 4
    assert [ends(engine, each) for each in PEOPLE if each != "bob"] == [[("hello", "sent")]] * 4


def test_newer_time_zone_data_reach_everybody_however_many_are_taken_at_once(tmp_path, monkeypatch):  # S2.2
    monkeypatch.setattr(acts, "_SWEEP", 2)
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    rule = Rule("r", when="start", then=[Wait(months(1)), MARK])
    with engine_of(rule, store=url, clock=clock, people=(*PEOPLE, "idle")) as engine:
        for each in PEOPLE:
            engine.record(each, "start")
    with closing(sqlite3.connect(tmp_path / "t.db")) as db, db:
        db.execute("UPDATE touchpoint_meta SET value = 'other' WHERE key = 'zone_data'")
    with engine_of(rule, store=url, clock=clock, people=()) as engine:
        with engine.store.reading() as reader:
            assert reader.meta()["zone_data"] != "other"
        pass_time(engine, days(32))
        assert [len(marks(engine, each)) for each in PEOPLE] == [1] * 5


def test_an_engine_that_remembers_few_customers_decides_as_one_that_remembers_all():
    engine = engine_of(Rule("r", when="visit", given=count("visit") >= 3, then=[MARK]), people=PEOPLE)
    engine._cache._size = 2
    for old in ("a", "b", "c"):
        engine.record(old, "visit")
        engine.merge(old, "ann")
    for _ in range(3):
        for each in (*PEOPLE, "a", "b", "c"):
            engine.record(each, "visit")
        assert len(engine._cache._by_number) <= 2
        assert len(engine._cache.aliases) <= 2
    assert [len(marks(engine, each)) for each in PEOPLE] == [12, 1, 1, 1, 1]


@given(st.lists(st.tuples(st.sampled_from(["find", "get", "find_all", "all_of"]), st.integers(0, 11)), max_size=40))
def test_a_cache_forgets_those_who_were_used_longest_ago(uses):
    cache, last = Cache(size=8), {}
    for turn, (how, no) in enumerate(uses):
        ask = {"find": f"c{no}", "get": no, "find_all": [f"c{no}"], "all_of": [f"c{no}"]}[how]
        if not getattr(cache, how)(ask) or (how == "find_all" and no not in cache._by_number):
            cache.put(Loaded(no, State(f"c{no}"), 0, None))
        last[no] = turn
        before = {each: last[each] for each in cache._by_number}
        cache.shrink()
        kept = sorted(cache._by_number)
        assert len(kept) == (len(before) if len(before) <= 8 else 7)
        assert kept == sorted(sorted(before, key=before.get)[len(before) - len(kept) :])
        assert {each.no for each in cache._by_id.values()} == {*kept}


def test_a_circle_of_the_librarys_own_is_an_error_rather_than_for_ever():  # S11.4
    circle = acts.Circle()
    for _ in range(3):
        circle.check([(1, 5), (2, 7)])
    circle.check([(1, 6), (2, 7)])  # something was entered: it goes on
    for _ in range(2):
        circle.check([(1, 6), (2, 7)])
    with pytest.raises(DefectiveJourney, match="2 customers stay due without anything left to do"):
        circle.check([(1, 6), (2, 7)])


def test_at_most_so_many_parked_things_are_replayed_over_several_customers():  # S4.3
    engine = engine_of(LOOP, people=PEOPLE)
    for each in PEOPLE:
        engine.record(each, "ping")
    answer = engine.replay_parked(limit=3)
    assert (answer.done, len(answer.failed)) == (0, 3)


# --- what adapters say and have ---------------------------------------------------------------------------------------


def test_an_adapter_that_declares_lookup_and_has_none_leaves_its_message_in_doubt():  # S6.8
    channel = Scripted(act=lambda _: Ambiguous("timed out"))
    channel._capabilities = Capabilities("email", {"email"}, remembers_keys_for=None, recording=True, lookup=True)
    engine = engine_of(sending(), channels=[channel])
    engine.record("ann", "start")
    pass_time(engine, days(4))
    assert (ends(engine), len(channel.requests)) == ([("hello", "unknown")], 1)


def test_an_address_that_its_adapter_takes_no_more_is_refused_before_anything_is_sent():  # S6.8
    channel = Scripted()
    engine = engine_of(sending(channels=["email", "sms"]), channels=[channel, "sms"])
    engine.record("ann", "start")

    def stricter(raw):
        raise InvalidAddress("no such domain")

    channel.normalise = stricter
    pass_time(engine)
    assert (ends(engine), engine.customer("ann").messages[0].via, channel.requests) == ([("hello", "sent")], "sms", [])


def test_where_no_thread_can_be_had_nothing_was_called_and_it_is_tried_again_later(monkeypatch):  # S6.8
    class Real(Scripted):
        def __init__(self):
            super().__init__()
            self._capabilities = Capabilities("email", {"email"}, remembers_keys_for=None)

    def start(self):
        raise RuntimeError("can't start new thread")

    channel = Real()
    engine = engine_of(sending(), channels=[channel])
    engine.record("ann", "start")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        engine.run_pending()
    assert (channel.requests, ends(engine)) == ([], [("hello", "waiting")])
    pass_time(engine, hours(1))  # whoever could not be called has given back their turn
    assert (len(channel.requests), ends(engine)) == (1, [("hello", "sent")])


def test_without_a_deadline_for_calls_somebody_can_be_erased_like_anybody():  # S1.7
    engine = engine_of(sending(), call_within=None, secret=SECRET)
    assert engine.erase("ann").found


def test_what_was_erased_is_erased_although_the_log_could_not_be_folded():  # S1.7
    class Full(SqliteStore):
        def checkpoint(self, **_):
            raise StoreError("the disk is full")

    engine = engine_of(sending(), store=Full(":memory:"), secret=SECRET)
    answer = engine.erase("ann")
    assert (answer.found, answer.folded) == (True, False)


@pytest.mark.parametrize("state", ["[1,2,3,4,5,6,7]", "[1,2,3,4,5,6,[]]", "{}"])
def test_a_damaged_record_of_whatever_form_can_be_erased(tmp_path, state):  # S1.7
    path = tmp_path / "t.db"
    engine = engine_of(sending(), store=f"sqlite:///{path}", secret=SECRET)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE touchpoint_customers SET state = ?", [state])
    assert engine.erase("ann").found


def test_what_came_on_a_channel_that_is_gone_is_erased_with_whoever_it_is_from(tmp_path):  # S1.7
    url = f"sqlite:///{tmp_path}/t.db"
    with engine_of(sending(), store=url, secret=SECRET) as engine:
        engine.apply(Replied(None, "email", "words of ann", "ann@example.com", ref="unknown"))
    with engine_of(sending(channels=["sms"]), channels=["sms"], store=url, secret=SECRET, people=()) as engine:
        assert engine.erase("ann").events == 1


# --- explanations -----------------------------------------------------------------------------------------------------


def test_of_a_rule_whose_touchpoint_is_parked_that_is_told_and_of_others_it_is_not():  # S4.3, S10
    engine = engine_of(LOOP, Rule("r", when="ping", then=[MARK]), Rule("other", when="start", then=[MARK]))
    engine.record("ann", "ping")
    told = engine.why("ann", "r")
    assert (told.status, told.verdict) == ("parked", "deny")
    assert "parked (ping): a decision took more than 1000 steps" in str(told)
    assert engine.why("ann", "other").status == "never considered"


def test_a_goal_that_was_reached_is_told():  # S5.3, S10
    engine = engine_of(Rule("r", when="start", then=[Wait(days(2)), MARK], goal=Goal("paid")))
    engine.record("ann", "start")
    engine.record("ann", "paid")
    assert "goal reached" in str(engine.why("ann", "r"))


# --- systems without fork ---------------------------------------------------------------------------------------------


def test_where_the_system_has_no_fork_nothing_is_watched_and_everything_works(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    with engine_of(sending(), store=f"sqlite:///{tmp_path}/t.db") as engine:
        engine.record("ann", "start")
        assert (engine.run_pending(), handed(engine)) == (1, ["hello"])


def test_only_engines_that_are_still_there_begin_anew_after_a_fork(monkeypatch):
    hooks = []
    monkeypatch.setattr(os, "register_at_fork", lambda **told: hooks.append(told["after_in_child"]), raising=False)
    from touchpoint.engine.threads import watch_forks

    class Somebody:
        began = 0

    def begin(who):
        who.began += 1

    one = Somebody()
    watch_forks(one, begin)
    watch_forks(Somebody(), begin)
    for hook in hooks:
        hook()
    assert (len(hooks), one.began) == (2, 1)


# --- driven step by step ----------------------------------------------------------------------------------------------


def test_a_defect_while_everything_commits_together_is_raised_to_whoever_drives_it():  # S4.3
    engine = engine_of(LOOP)
    with pytest.raises(DefectiveJourney), engine.together():
        engine.record("ann", "ping")
    assert engine.customer("ann").timeline() == []


# --- looks that change nothing ----------------------------------------------------------------------------------------


def test_a_look_at_a_segment_that_changes_nothing_is_not_told():  # S3.3
    either = count("a", within=days(5)) + count("b", within=days(9)) >= 1
    engine = engine_of(parts={"segments": [Segment("busy", either)]})
    for _ in range(40):  # more than are tried beforehand, when it is asked how long this holds
        engine.record("ann", "a")
        engine.clock.advance(minutes(1))
    engine.record("ann", "b")
    before = len(trace(engine))
    assert engine.next_due() < START + days(6)
    pass_time(engine, days(6))
    assert (len(trace(engine)), [each.customer for each in engine.members("busy")]) == (before, ["ann"])
    pass_time(engine, days(3))
    assert list(engine.members("busy")) == []


# --- a host's connection ----------------------------------------------------------------------------------------------


def test_in_the_hosts_transaction_too_what_another_process_has_released_is_at_work(tmp_path):  # S5.4, S6.3
    path = tmp_path / "t.db"
    with engine_of(Rule("r", when="start", then=[MARK]), store=f"sqlite:///{path}") as engine:
        with engine_of(Rule("r", when="start", then=[Emit("other")]), store=f"sqlite:///{path}", people=()):
            pass  # opening it releases what the store has not seen
        with closing(sqlite3.connect(path, isolation_level=None)) as host:
            host.execute("BEGIN IMMEDIATE")
            engine.record("ann", "start", connection=host)
            host.execute("COMMIT")
        assert (marks(engine), len(marks(engine, type="other"))) == ([], 1)
