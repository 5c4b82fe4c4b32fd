"""The engine decides as the reference interpreter does, on random journeys and histories (S4.2): the safety net.

The stories are those on which the two once differed, each with what it should come to.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from playing import Played
from reference import generate
from reference.interpreter import Event, Person, run
from touchpoint.durations import days, forever, hours, length, micros
from touchpoint.errors import DefectiveJourney
from touchpoint.journey.conditions import count, event, outcome, sent, total, trigger
from touchpoint.journey.journey import Journey
from touchpoint.journey.outcomes import Ended
from touchpoint.journey.policy import Cap, Hold, Policy
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import Branch, Emit, MoveTo, Send, Wait, WaitFor, WaitUntil
from touchpoint.journey.triggers import Entered, Silent
from touchpoint.journey.windows import QuietHours
from touchpoint.model.case import CaseType
from touchpoint.model.message import Content, Message

EXAMPLES = int(os.environ.get("TOUCHPOINT_REFERENCE_EXAMPLES", "100"))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
T0 = micros(datetime(2026, 6, 1, 12, tzinfo=UTC))
HOUR = length(hours(1))
DAY = 24 * HOUR
EVERY_KIND = frozenset({"marketing", "feedback", "gift"})
TROUBLE = CaseType("trouble")
MORNINGS = QuietHours("04:00", "07:00", unknown_zone="deny")


# --- random worlds ----------------------------------------------------------------------------------------------------


def expected(world):
    """What the reference makes of a world, by customer; a journey that turns in circles is another matter (S4.3)."""
    history = world.history
    try:
        outcome = run(world.journeys, world.policy, history.customers, history.events, history.end)
    except DefectiveJourney:
        reject()
    # The engine keeps no journal of what it has had before.
    return {
        name: settled(entry for entry in outcome.log.get(name, []) if entry[0] not in ("duplicate", "conflict"))
        for name in history.customers
    }


def found(world, store="sqlite://", **more):
    """What the engine makes of it."""
    played = Played(world.journeys, world.policy, world.history, store, **more)
    with closing(played):
        played.play()
        return {name: settled(played.log(name)) for name in world.history.customers}


def settled(log):
    """A log with the rules of each round whose conditions were not true in one order, whatever they were told by."""
    stretches = groupby(log, key=lambda entry: entry[0] == "refused" and entry[2] == "given")
    return [entry for alike, some in stretches for entry in (sorted(some) if alike else some)]


def journals(world):
    """Every entry of every journal."""
    with closing(Played(world.journeys, world.policy, world.history)) as played:
        played.play()
        return [played.journal(name) for name in world.history.customers]


@settings(max_examples=EXAMPLES, suppress_health_check=SLOW)
@given(generate.worlds())
def test_the_engine_decides_as_the_reference_does(world):  # S4.2, S6.5
    told = expected(world)
    assert found(world) == told


@pytest.mark.parametrize("about", ["messages", "changes", "cases", "referrals"])
@settings(max_examples=EXAMPLES, suppress_health_check=SLOW)
@given(data=st.data())
def test_it_does_so_where_all_turns_on_messages_changes_of_facts_cases_or_referrals(
    about, data
):  # S4.1, S4.6, S6.9, S8.2
    world = data.draw(generate.worlds(about=about))
    told = expected(world)
    assert found(world) == told


def test_histories_that_turn_on_cases_meet_all_that_happens_to_them():  # S8.2
    """Else agreement on them would mean nothing."""
    met = set()
    for seed in range(40):
        world = generate.world(generate.Dice.seeded(seed), about="cases")
        played = run(world.journeys, world.policy, world.history.customers, world.history.events, world.history.end)
        met |= {f"by {run.trigger.kind}" for each in played.customers.values() for run in each.starts}
        for entry in (entry for log in played.log.values() for entry in log):
            met.add(entry[:2] if entry[0] == "overdue" else entry[0])
            if entry[0] == "answered":
                sent = any(
                    other[0] == "message" and other[3] == entry[-1] for log in played.log.values() for other in log
                )
                met.add("answered by a message" if sent else "answered by the host")
    wanted = {("overdue", "response"), ("overdue", "resolution"), "answered", "closed", "opened", "by case_overdue"}
    assert wanted | {"answered by a message", "answered by the host"} <= met


@settings(max_examples=max(EXAMPLES // 8, 1), suppress_health_check=SLOW)
@given(generate.worlds())
def test_an_engine_that_is_closed_and_opened_between_all_events_decides_the_same(world):  # S11.1, S11.5
    told = expected(world)
    with tempfile.TemporaryDirectory() as folder:
        assert found(world, f"sqlite:///{Path(folder) / 'store.db'}", reopening=True) == told


@settings(max_examples=max(EXAMPLES // 5, 1), suppress_health_check=SLOW)
@given(generate.worlds())
def test_playing_a_history_twice_gives_the_same_journal_byte_for_byte(world):  # S11.5
    expected(world)
    assert journals(world) == journals(world)


DIGEST = """
import hashlib
from reference import generate
from test_against_reference import journals
worlds = [generate.world(generate.Dice.seeded(seed)) for seed in range(4)]
print(hashlib.sha256(repr([journals(world) for world in worlds]).encode()).hexdigest())
"""


def test_the_hash_seed_and_the_time_zone_of_the_process_do_not_matter():  # S11.5
    def digest(seed, zone):
        here = Path(__file__).parent
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": os.pathsep.join([str(here), *sys.path])}
        told = subprocess.run([sys.executable, "-c", DIGEST], env=env, capture_output=True, text=True, check=True)
        return told.stdout

    assert digest("1", "UTC") == digest("2", "Asia/Kolkata") != ""


# --- stories ----------------------------------------------------------------------------------------------------------


def message(name, kind="service", **more):
    return Message(name, why="test", kind=kind, channels=["email"], content=Content(text="x"), **more)


def at(hours_on, type_, properties=None, **more):
    """Something ann does so many hours after noon on the first of June."""
    return Event("ann", type_, T0 + round(hours_on * HOUR), properties or {}, **more)


def told(rules, *events, policy=None, grants=EVERY_KIND, **parts):
    """Ann's log, on which engine and reference agree; instants are hours after noon on the first of June."""
    numbered = [attrs.evolve(each, id=f"t{number}") for number, each in enumerate(events)]
    history = generate.History({"ann": Person(grants=grants)}, numbered, T0 + 10 * DAY)
    world = generate.World([Journey("one", rules=rules, **parts)], policy or Policy(), history)
    log = found(world)["ann"]
    assert log == expected(world)["ann"]
    return [tuple(in_hours(each) for each in entry) for entry in log]


def in_hours(each):
    return (each - T0) / HOUR if isinstance(each, int) and each > DAY else each


def ends(log):
    return [entry[1:4] for entry in log if entry[0] == "message"]


def test_a_window_that_lapses_as_another_run_moves_on_is_still_looked_at():  # S5.2
    first = Rule("first", when="go", priority=1, then=[Wait(hours(1))])
    second = Rule("second", when="go", then=[WaitUntil(count("go", within=hours(1)) == 0, forever), Send(message("m"))])
    assert ends(told([first, second], at(0, "go"))) == [("m", "sent", 1)]


def test_a_condition_that_becomes_true_as_the_wait_ends_is_in_time():  # S5.2
    arms = {"then": [Send(message("true"))], "otherwise": [Send(message("late"))]}
    wait = WaitUntil(count("go", within=hours(1)) == 0, hours(1), **arms)
    assert ends(told([Rule("r", when="go", then=[wait])], at(0, "go"))) == [("true", "sent", 1)]


def test_an_exit_may_be_what_became_of_a_message():  # S5.3
    steps = [Send(message("promo", "marketing")), Send(message("after"))]
    log = told([Rule("r", when="go", exit=[outcome("promo") == "denied"], then=steps)], at(0, "go"), grants=frozenset())
    assert ends(log) == [("promo", "denied", 0)]
    assert log[-1] == ("ended", "r", None, "exit", 0)


def test_the_end_of_a_message_whose_run_was_ended_is_about_what_that_run_was_about():  # S4.1, S5.3
    quiet = Policy(QuietHours("11:00", "13:00", unknown_zone="UTC", kinds=["marketing"]))
    order = Rule("order", when="go", key="order", exit=["stop"], then=[Send(message("promo", "marketing"))])
    sorry = Rule("sorry", when=Ended("promo"), key="order", then=[Send(message("sorry"))])
    events = [at(0, "go", {"order": "x"}), at(0.5, "stop", {"order": "x"})]
    log = told([order, sorry], *events, policy=quiet)
    assert ("started", "sorry", "x", 0.5) in log


@pytest.mark.parametrize("wait", [[], [Wait(days(1))]], ids=["over", "live"])
@pytest.mark.parametrize(("grants", "reached"), [(EVERY_KIND, 1), (frozenset(), 0)])
def test_a_goal_knows_what_became_of_its_messages(wait, grants, reached):  # S5.3
    goal = Goal("paid", within=days(2), given=sent("promo"))
    rule = Rule("r", when="go", then=[Send(message("promo", "marketing")), *wait], goal=goal)
    log = told([rule], at(0, "go"), at(1, "paid"), grants=grants)
    assert sum(entry[0] == "goal" for entry in log) == reached


def test_goals_are_looked_at_in_the_order_in_which_their_runs_started():  # S4.2
    goal = Goal("paid", within=days(2), ends=False)
    rules = [Rule("live", when="go", then=[Wait(days(1))], goal=goal), Rule("over", when="go", then=[], goal=goal)]
    log = told(rules, at(0, "go"), at(1, "paid"))
    assert [entry[1] for entry in log if entry[0] == "goal"] == ["live", "over"]


def test_a_wait_that_is_over_when_it_begins_takes_no_time():  # S5
    steps = [Emit("ping"), Wait(until="12:00"), Send(message("m"))]
    assert ends(told([Rule("r", when="go", exit=["ping"], then=steps)], at(0, "go"))) == [("m", "withdrawn", 0)]


def test_what_ends_a_wait_until_answers_no_other_wait():  # S5.2
    asked = WaitFor("b", hours(1), since="run", otherwise=[Send(message("none"))])
    rule = Rule("r", when="go", then=[WaitUntil(count("b") >= 1, forever), asked])
    assert ends(told([rule], at(0, "go"), at(1, "b"))) == [("none", "sent", 2)]


def test_a_message_that_waits_for_a_case_to_be_closed_reserves_no_place():  # S6.6
    high = Rule("high", when="go", then=[Send(message("high", "marketing", priority=1, expires=hours(12)))])
    low = Rule("low", when="go", then=[Send(message("low"))])
    policy = Policy(Cap(1, per=days(2)), Hold(while_open=[TROUBLE], kinds=["marketing"]))
    opened = at(0, "trouble", {"ref": "x"}, act="open_case")
    log = told([high, low], opened, at(0, "go"), policy=policy, cases=[TROUBLE])
    assert ends(log) == [("low", "sent", 0), ("high", "expired", 12)]


def test_every_message_that_goes_first_reserves_a_place_of_its_own():  # S6.6
    messages = [
        message("one-high", "marketing", priority=1),
        message("two-high", "marketing", priority=1),
        message("low"),
    ]
    rules = [Rule(each.name, when="go", then=[Send(each)]) for each in messages]
    quiet = QuietHours("10:00", "14:00", unknown_zone="deny", kinds=["marketing"])
    log = told(rules, at(0, "go"), policy=Policy(Cap(2, per=days(1)), quiet))
    assert ends(log) == [("one-high", "sent", 2), ("two-high", "sent", 2), ("low", "sent", 26)]


def test_a_refusal_that_will_have_lapsed_when_the_others_allow_is_a_defer():  # S6.5
    # It is quiet until six, and then until seven, when the cap is free again too.
    policy = Policy(Cap(1, per=days(1), over="deny"), QuietHours("13:00", "06:00", unknown_zone="deny"), MORNINGS)
    rule = Rule("r", when="go", concurrency="parallel", then=[Send(message("m"))])
    log = told([rule], at(-5, "go"), at(2, "go"), policy=policy)
    assert ends(log) == [("m", "sent", -5), ("m", "sent", 19)]


COULD_COUNT = [({"k": "x"}, "sent"), ({"k": "x", "n": 1}, "withdrawn"), ({"n": 1}, "sent")]


@pytest.mark.parametrize(("properties", "status"), COULD_COUNT)
def test_only_what_could_count_leaves_a_total_in_doubt(properties, status):  # S4.6
    nothing = total("b", of="n", where=event.k == trigger.k) == 0
    log = told([Rule("r", when="go", then=[Send(message("m"), still=nothing)])], at(0, "b", properties), at(0, "go"))
    assert ends(log) == [("m", status, 0)]


def test_what_lacks_the_property_itself_is_not_in_doubt():  # S4.6
    none = count("b", within=days(1), where=event.n >= trigger.n) == 0
    branch = Branch(none, then=[Send(message("none"))], otherwise=[Send(message("unknown"))])
    rule = Rule("r", when="go", then=[branch])
    assert ends(told([rule], at(0, "b"), at(0, "go"))) == [("none", "sent", 0)]
    assert ends(told([rule], at(0, "b", {"n": 1}), at(0, "go"))) == [("unknown", "sent", 0)]


def test_a_circle_that_a_timer_starts_is_parked_and_leaves_nothing_behind():  # S4.3
    around = [MoveTo("a"), MoveTo("b"), Send(message("m"))]
    rules = [
        Rule("start", when=Silent(hours(1)), then=[MoveTo("b")]),
        Rule("circle", when=Entered("b"), concurrency="parallel", then=around),
    ]
    stages = [Stage(name, phase="engage") for name in "ab"]
    history = generate.History({"ann": Person()}, [at(0, "go", id="t0")], T0 + DAY)
    with closing(Played([Journey("one", stages=stages, rules=rules)], Policy(), history)) as played:
        played.play()
        assert [line[0] for line, _ in played.traced("ann")] == ["parked"]
        assert not played.engine.customer("ann").messages


def test_a_message_is_of_its_run_even_where_one_decision_begins_and_ends_both():  # S6.3
    rule = Rule("r", when="go", exit=["ping"], then=[Emit("ping"), Send(message("m"))])
    history = generate.History({"ann": Person()}, [at(0, "go", id="t0")], T0 + DAY)
    with closing(Played([Journey("one", rules=[rule])], Policy(), history)) as played:
        played.play()
        with played.engine.together() as unit:
            rows = list(unit.tx.messages(unit.find("ann").no))
    assert [(row.status, row.run) for row in rows] == [("withdrawn", 1)]
