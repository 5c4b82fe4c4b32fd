"""A journey that does not use a word of the language pays nothing for it per event. Said in calls, not by a clock."""

import sys
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

import attrs
import pytest

from making import MARK, engine_of, journey, message, pass_time
from touchpoint import (
    Ask,
    Branch,
    Cap,
    CaseType,
    CloseCase,
    Content,
    Entered,
    Goal,
    Hold,
    OpenCase,
    Policy,
    QuietHours,
    Reply,
    Rule,
    Segment,
    Send,
    Silent,
    Stage,
    Survey,
    Wait,
    WaitFor,
    case_open,
    count,
    days,
    ever,
    forever,
    hours,
)
from touchpoint.core import judging
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.records import state_from_record, state_to_record
from touchpoint.core.state import Pending, Profile, Run, State, Watch
from touchpoint.journey.outcomes import Ended, Opened
from touchpoint.stores.codec import dumps, loads

LATE = CaseType("late")
SURVEY = Survey(
    "how_was_it", scale="csat", why="w", kind="service", channels=["email"], content=Content(text="How was it?")
)
PLAIN = (
    Rule("late", when="missed", key="order", then=[
        OpenCase(LATE), Send(message("sorry")), WaitFor("arrived", timeout=days(9)), CloseCase(LATE),
    ]),
    Rule("ask", when="arrived", key="order", then=[
        WaitFor("review", timeout=days(2), otherwise=[Ask(SURVEY, still=~ever("review"))]),
    ]),
    Rule("back", when=Entered("lapsed"), goal=Goal("placed", within=days(30)), then=[
        Branch(~case_open(), then=[Send(message("come_back"))]), Wait(days(1)), MARK,
    ]),
)  # fmt: skip
STAGES = [
    Stage("buyer", phase="engage", when="placed", given=count("placed", within=days(365)) == 1),
    Stage("lapsed", phase="attract", when=Silent(days(20), of="placed")),
]
PARTS = {"cases": [LATE], "stages": STAGES}
POLICY = Policy(
    QuietHours("21:00", "08:00", unknown_zone="UTC"), Cap(2, per=days(7)), Hold(while_open=[LATE], kinds=["marketing"])
)
OF_WORDS = {
    "bursts", "calendar", "changes", "choice", "conversation", "edits", "familiar", "following",
    "foreseen", "listening", "live_limits",
    "live_runs", "matching", "merging", "migrating", "parking", "recurring", "replanning", "replaying", "returned",
    "rhythm", "segments", "sessions", "timed",
}  # fmt: skip
"""Modules of the core for what only some journeys say."""


@contextmanager
def calls():
    """Counts the calls of functions of the core, as (module, name), but for comprehensions and the like."""
    counted = Counter()

    def look(frame, event, _):
        code = frame.f_code
        if event == "call" and Path(code.co_filename).parent.name == "core" and not code.co_name.startswith("<"):
            counted[Path(code.co_filename).stem, code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield counted
    finally:
        sys.setprofile(before)


def plain_engine():
    return engine_of(*PLAIN, policy=POLICY, parts=PARTS)


def lived_through(engine, customer="ann"):
    """Messages, waits, cases, a stage after silence, and a timer of each kind that the journey has."""
    for kind in ("placed", "missed", "arrived", "nothing"):
        engine.record(customer, kind, {"order": "o1"})
    engine.run_pending()
    for _ in range(3):
        pass_time(engine, days(10))
        engine.run_pending()
    engine.record(customer, "placed", {"order": "o2"})


def test_a_journey_enters_no_module_of_words_that_it_does_not_use():
    engine = plain_engine()
    lived_through(engine, "bob")  # a program finds out most when it is first asked
    assert engine._program.history_kept  # of the second message of a customer
    with calls() as counted:
        lived_through(engine)
    assert counted["timers", "raised_by"] > 2  # it has lived through something
    assert counted["delivery", "release"] > 2
    assert {name for name in counted if name[0] in OF_WORDS} == set()


def test_a_run_that_no_release_has_pinned_is_not_looked_for_elsewhere():
    engine = plain_engine()
    with calls() as counted:
        lived_through(engine)
    assert counted["meeting", "_meet"] > 2
    assert counted["program", "home"] == 0


DECIDING = ("advance", "decision", "judging", "meeting", "program", "remembering", "signals")


def test_a_touchpoint_of_which_nothing_is_known_takes_a_handful_of_calls():
    engine = plain_engine()
    engine.record("ann", "nothing")
    with calls() as counted:
        engine.record("ann", "nothing")
    assert {name: n for name, n in counted.items() if name[0] in DECIDING} == {
        ("advance", "advance"): 1, ("advance", "work_off"): 1, ("advance", "_round"): 1, ("judging", "whole"): 1,
        ("remembering", "remember"): 1, ("remembering", "remember_more"): 1, ("signals", "update"): 1,
        ("decision", "__init__"): 1,
    }  # fmt: skip


def test_a_touchpoint_for_which_source_was_generated_is_decided_in_one_call_of_it(monkeypatch):
    monkeypatch.setattr(judging, "PAYS_AFTER", 0)
    engine = plain_engine()
    engine.record("ann", "review")
    with calls() as counted:
        engine.record("ann", "review")
    assert {name: n for name, n in counted.items() if name[0] in DECIDING} == {("advance", "advance"): 1}


@pytest.mark.parametrize(
    ("rules", "segments"),
    [
        ([Rule("r", when="a", then=[Send(message()), WaitFor(Opened("hello"), forever)])], []),
        ([Rule("r", when="a", then=[Send(message())]), Rule("s", when=Ended("hello", any_run=True), then=[MARK])], []),
        ([Rule("r", when="a", then=[MARK])], [Segment("s", ever("a", within=days(1)))]),
    ],
)
def test_who_asks_for_more_of_an_occurrence_pays_for_it(rules, segments):
    assert compile_program([journey(*PLAIN, **PARTS)]).plain
    assert not compile_program([journey(*rules, segments=segments)]).plain


def test_whoever_answers_or_plans_anew_pays_for_it():
    plain = compile_program([journey(*PLAIN, **PARTS)])
    answering = compile_program([journey(Rule("r", when="replied", then=[Reply(message("answer"))]))])
    anew = compile_program([journey(Rule("r", when="a", then=[Send(message("promo", on_release="replan"))]))])
    assert [(each.answers, each.replans) for each in (plain, answering, anew)] == [
        (False, False), (True, False), (False, True)
    ]  # fmt: skip


# What is remembered of a customer who has nothing of what few have.


def own(make):
    """The fields of which each has an object of its own, though there is nothing in it."""
    one, other = make(), make()
    return {
        each.name
        for each in attrs.fields(type(one))
        if isinstance(value := getattr(one, each.name), list | dict | set | tuple)
        and not value
        and value is not getattr(other, each.name)
    }


def stored_and_loaded():
    return state_from_record("ann", Profile(), loads(dumps(state_to_record(State("ann")))))


@pytest.mark.parametrize("make", [lambda: State("ann"), stored_and_loaded])
def test_what_few_customers_have_is_one_object_for_all_others(make):
    assert own(make) == set()


def test_what_few_runs_and_messages_have_is_one_object_for_all_others():
    event = Occurrence("touchpoint", "a", 0, "t1")
    assert own(lambda: Run("r", "one", "rule", None, 0, 1, event, event)) == set()
    assert own(lambda: Watch(1, "one", "rule", None, 0, event)) == set()
    assert own(lambda: Pending("k", "one", "rule", 1, "s", "m", "service", 0, 0, 0, 1)) == set()


def test_nobody_changes_what_all_share():
    """One who has all of it, and one who has nothing, side by side."""
    segment = Segment("fresh", ever("a", within=hours(1)))
    collecting = Rule("c", when="a", collect=hours(2), then=[MARK])
    engine = engine_of(collecting, people=("ann", "bob"), parts={"segments": [segment]})
    engine.record("ann", "a")
    with engine.together() as unit:
        ann, bob = unit.find("ann").state, unit.find("bob").state
    assert (len(ann.bursts), list(ann.lapses), list(ann.segments)) == (1, ["one/fresh"], ["one/fresh"])
    assert (bob.bursts, dict(bob.segments), State("cleo").lapses, State("cleo").bursts) == ((), {}, {}, ())


# Opening.


def test_an_engine_on_a_new_store_compiles_its_journeys_once():
    with calls() as counted, closing(plain_engine()):
        assert counted["program", "compile_program"] == 1
