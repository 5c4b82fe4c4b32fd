"""Runs and watched goals whose journey an engine does not have: they wait, and nobody else does (S4.3, S11.6)."""

import pytest

from making import MARK, START, ends, engine_of, journey, marks, message, pass_time, reasons
from touchpoint import (
    Emit,
    Goal,
    Policy,
    QuietHours,
    Rule,
    Send,
    VirtualClock,
    WaitFor,
    days,
    hours,
)
from touchpoint.channels import MemoryChannel, TaskChannel

NIGHT = Policy(QuietHours("08:00", "12:00", unknown_zone="UTC"))
OTHERS = journey(Rule("others", when="visit", then=[MARK]), name="two")


@pytest.fixture
def on(tmp_path):
    """Opens an engine with other journeys on the same store, clock and channel."""
    clock, url, channels, engines = VirtualClock(START), f"sqlite:///{tmp_path}/t.db", [MemoryChannel("email")], []

    def reopen(*rules, people=(), **options):
        for each in engines:
            each.close()
        journeys = [OTHERS, *([journey(*rules)] if rules else [])]
        engine = engine_of(journeys=journeys, store=url, clock=clock, channels=channels, people=people, **options)
        engines.append(engine)
        return engine

    yield reopen
    for each in engines:
        each.close()


def test_what_happens_meanwhile_is_decided_for_everything_else(on):  # S11.4
    rule = Rule(
        "r", when="start", then=[WaitFor("visit", timeout=days(9), then=[Emit("met")], otherwise=[Emit("late")])]
    )
    engine = on(rule, people=("ann",))
    engine.record("ann", "start")
    engine = on()
    engine.record("ann", "visit")
    assert (len(marks(engine)), engine.parked_count(), reasons(engine)) == (1, 0, [None, "done"])
    engine = on(rule)
    pass_time(engine, days(9))
    assert (marks(engine, type="met"), len(marks(engine, type="late"))) == ([], 1)


def test_a_watched_goal_whose_rule_is_not_loaded_is_counted_when_it_is_again(on):  # S5.3
    rule = Rule("r", when="start", then=[MARK], goal=Goal("paid", within=days(9)))
    engine = on(rule, people=("ann",))
    engine.record("ann", "start")
    engine = on()
    engine.record("ann", "paid")
    engine = on(rule)
    with engine.store.reading() as reader:
        assert [each for each in reader.tallies() if each.what == "goal reached"] == []
    engine.record("ann", "paid")
    with engine.store.reading() as reader:
        assert [each.n for each in reader.tallies() if each.what == "goal reached"] == [1]


def test_a_run_whose_message_ends_while_its_rule_is_not_loaded_is_parked_and_goes_on_by_its_outcome(on):  # S4.3, S5.1
    rule = Rule("r", when="start", then=[Send(message(expires=days(9)), otherwise=[Emit("other")]), MARK])
    engine = on(rule, people=("ann",), policy=NIGHT)
    engine.record("ann", "start")
    engine = on(policy=NIGHT)
    pass_time(engine, days(1))
    assert ends(engine) == [("hello", "withdrawn")]
    assert [each.error for _, each in engine.parked()] == ["its rule or step is not loaded"]
    engine = on(rule, policy=NIGHT)
    assert (engine.replay_parked().done, len(marks(engine, type="other")), len(marks(engine))) == (1, 1, 1)


def test_a_burst_whose_rule_is_not_loaded_when_it_is_complete_waits(on):  # S4.1, S4.3
    rule = Rule("r", when="start", collect=hours(1), then=[MARK])
    engine = on(rule, people=("ann",))
    engine.record("ann", "start")
    engine = on()
    pass_time(engine, hours(2))
    ((_, what),) = engine.replay_parked().failed
    assert what.error == "its rule or step is not loaded: load a version of 'one' that has it"
    engine = on(rule)
    assert (engine.replay_parked().done, len(marks(engine))) == (1, 1)


def test_a_task_whose_message_no_journey_has_any_more_is_withdrawn_when_somebody_takes_it():  # S6.9
    calls = journey(Rule("r", when="start", then=[Send(message("ring", channels=["call"]))]))
    engine = engine_of(journeys=[calls], channels=[TaskChannel("call")])
    engine.record("ann", "start")
    pass_time(engine)
    (task,) = engine.tasks.open("call")
    new = journey(Rule("r", when="start", then=[MARK]))
    engine.release(new, confirm=engine.preview_release(new).token, by="chris")
    taken = engine.tasks.claim(task.key, by="chris")
    assert (taken.status, taken.because) == ("withdrawn", "its journey no longer has it")
