"""Corners of releases: what a preview counts and what not, and what pinned runs keep (S5.4)."""

import pytest

from editing import changed, rule
from making import MARK, START, engine_of, journey, marks, message, pass_time, reasons
from touchpoint import (
    Branch,
    Emit,
    InvalidInput,
    Policy,
    QuietHours,
    Rule,
    Send,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    days,
    event,
    months,
    once,
    opened,
    times,
)  # fmt: skip
from touchpoint.channels.inbound import Receipt

OTHER = Emit("other")
LOOP = Rule("loop", when="ping", then=[Emit("ping")])
NIGHT = Policy(QuietHours("08:00", "12:00", unknown_zone="UTC"))


def live(*steps, people=("ann",), options=None, **parts):
    engine = engine_of(rule(*steps, **parts), people=people, clock=VirtualClock(START), **(options or {}))
    for each in people:
        engine.record(each, "start", {"n": 1})
    engine.run_pending()
    return engine


def fates(preview):
    return [(each.rule, each.fate, each.runs) for each in preview.impacts]


# --- what a preview counts --------------------------------------------------------------------------------------------


def test_a_preview_counts_no_runs_of_other_journeys_and_nothing_that_people_send_by_hand():  # S5.4
    first, second = journey(rule(Wait(days(2)), Send(message()))), journey(rule(Wait(days(2))), name="two")
    engine = engine_of(journeys=[first, second], policy=NIGHT)
    engine.record("ann", "start")
    engine.send("ann", "hello", by="chris")
    engine.run_pending()
    assert len(engine.customer("ann").runs) == 3
    preview = engine.preview_release(journey(rule(Wait(days(3)), Send(message()))))
    assert (fates(preview), preview.runs) == ([("r", "waits longer", 1)], 1)


def test_a_wait_that_is_written_otherwise_and_ends_at_the_same_instant_stays():  # S5.4
    engine = live(Wait(days(31)), MARK)
    preview = changed(engine, rule(Wait(months(1)), MARK))
    assert fates(preview) == [("r", "stays", 1)]
    pass_time(engine, days(32))
    assert marks(engine) == [START + days(31)]


def test_a_wait_whose_new_condition_holds_for_nothing_that_has_arrived_stays():  # S5.2, S5.4
    engine = live(WaitFor("go", timeout=days(9), given=event.n > 5), MARK)
    engine.record("ann", "go", {"n": 3})
    preview = changed(engine, rule(WaitFor("go", timeout=days(9), given=event.n > 4), MARK))
    assert (fates(preview), marks(engine)) == ([("r", "stays", 1)], [])


@pytest.mark.parametrize(
    ("steps", "fate", "reason", "seen"),
    [
        ([Wait(days(9)), MARK], "stays", "done", [START + days(9)]),
        ([MARK], "moves", "done", [START + days(3)]),
        ([OTHER], "exits", "changed", []),
    ],
)
def test_a_preview_tells_what_becomes_of_a_run_that_a_defect_has_parked(steps, fate, reason, seen):  # S4.3, S5.4
    engine = engine_of(rule(Wait(days(2)), Emit("ping"), MARK), LOOP)
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert [what.what for _, what in engine.parked()] == ["one/r"]
    preview = changed(engine, rule(*steps))
    assert fates(preview) == [("r", fate, 1)]
    engine.run_pending()
    assert (marks(engine), engine.replay_parked().done, engine.parked_count()) == ([], 1, 0)
    pass_time(engine, days(9))
    assert (reasons(engine), marks(engine)) == ([reason], seen)


@pytest.mark.parametrize("steps", [[Wait(days(9)), MARK], [MARK], [OTHER]])
def test_a_run_that_no_migration_has_placed_stays_parked_over_later_releases_and_the_preview_says_so(steps):  # S5.4
    def fails(step, facts):
        raise LookupError

    engine = live(Wait(days(2)), MARK, options={"migrations": {"m": fails}})
    changed(engine, rule(Wait(days(3)), MARK), mode="migrate", migration="m")
    engine.run_pending()
    preview = changed(engine, rule(*steps))
    ((impact),) = preview.impacts
    assert (impact.fate, impact.to) == ("is parked", "wait")
    assert impact.reason == "the migration 'm' failed with LookupError; it is replayed first"
    engine.run_pending()
    assert (engine.parked_count(), reasons(engine), marks(engine)) == (1, [None], [])


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ({}, {"limit": once()}, "it counts from the release on"),
        ({"limit": once()}, {"limit": times(2, per=days(30))}, "it counts the starts that are remembered"),
    ],
)
def test_a_preview_notes_what_a_limit_that_is_another_one_counts(before, after, says):  # S4.4, S5.4
    engine = live(Wait(days(2)), **before)
    preview = engine.preview_release(journey(rule(Wait(days(2)), **after)))
    assert preview.notes == (f"the limit of rule 'r' is another one: {says}",)


def test_a_preview_notes_that_an_exit_is_asked_at_the_release():  # S5.3, S5.4
    engine = live(Wait(days(2)))
    preview = engine.preview_release(journey(rule(Wait(days(2)), exit=count("start") >= 1)))
    assert [each.split(";")[0] for each in preview.notes] == ["the exit of rule 'r' is asked at the release"]


# --- what pinned runs keep --------------------------------------------------------------------------------------------


def test_what_a_pinned_run_asks_of_its_message_is_kept_up():  # S4.6, S5.4
    steps = [Send(message()), Wait(days(2)), Branch(opened("hello"), then=[MARK], otherwise=[OTHER])]
    engine = live(*steps)
    changed(engine, rule(OTHER), mode="pin")
    (sent,) = engine.customer("ann").messages
    engine.apply(Receipt(sent.key, "opened", at=START))
    pass_time(engine, days(3))
    assert (len(marks(engine)), marks(engine, type="other")) == (1, [])


# --- what cannot be released ------------------------------------------------------------------------------------------


def test_a_release_is_of_a_journey():
    with pytest.raises(InvalidInput, match=r"a release is of a Journey\(…\), not of a str"):
        live(MARK).preview_release("one")
