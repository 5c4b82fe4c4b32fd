"""What a release makes of runs that are parked, and what a replay makes of them after it (S4.3, S5.4)."""

import pytest

import editing
from editing import on_one_store, rule
from making import MARK, START, ends, handed, journey, marks, message, pass_time, reasons
from touchpoint import (
    CaseType,
    Emit,
    Exit,
    Hold,
    Policy,
    QuietHours,
    Rule,
    Send,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    days,
    hours,
)

CASE = CaseType("complaint")
OTHER = Emit("other")
LOOP = Rule("loop", when="ping", then=[Emit("ping")])
NIGHT = Policy(QuietHours("08:00", "12:00", unknown_zone="UTC"))


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def live(tmp_path, clock):
    with on_one_store(tmp_path / "t.db", clock, people=()) as opened:
        yield opened


def changed(engine, *rules, **options):
    preview = editing.changed(engine, *rules, **options)
    pass_time(engine)
    return preview


def started(live, *rules, **options):
    engine = live(*rules, people=("ann",), **options)
    engine.record("ann", "start", {"order": 7, "n": 1})
    engine.run_pending()
    return engine


def parked(live, *rules, **options):
    """An engine with a parked run of these rules: nothing that was loaded had it when its timer fell due."""
    started(live, *rules, **options)
    engine = live(journeys=[], **options)
    pass_time(engine, days(2))
    assert [each.error for _, each in engine.parked()] == ["its rule or step is not loaded"]
    return live(*rules, **options)


def failing(step, facts):
    raise ValueError


def errors(replayed):
    return [each.error for _, each in replayed.failed]


# --- their place follows ----------------------------------------------------------------------------------------------


def test_a_parked_run_waits_as_long_as_its_wait_is_now(live):  # S4.3, S5.4
    engine = parked(live, rule(Wait(days(2)), MARK))
    changed(engine, rule(Wait(days(5)), MARK))
    assert (engine.replay_parked().done, marks(engine)) == (1, [])
    pass_time(engine, days(3))
    assert marks(engine) == [START + days(5)]


def test_a_parked_run_whose_step_is_gone_takes_the_next_one_when_it_is_replayed(live):  # S4.3, S5.4
    engine = parked(live, rule(Wait(days(2)), Emit("gone"), MARK))
    changed(engine, rule(OTHER, MARK))
    assert marks(engine) == []
    assert (engine.replay_parked().done, marks(engine), marks(engine, type="other")) == (1, [START + days(2)], [])
    assert reasons(engine) == ["done"]


def test_a_parked_run_that_is_to_begin_a_wait_begins_it_with_the_length_of_now(live):  # S4.3, S5.4
    engine = parked(live, rule(Wait(days(2)), Wait(days(3), id="next"), MARK))
    changed(engine, rule(Wait(days(3), id="next"), MARK))
    changed(engine, rule(Wait(days(4), id="next"), MARK))
    assert (engine.replay_parked().done, reasons(engine)) == (1, [None])
    pass_time(engine, days(9))
    assert marks(engine) == [START + days(6)]


def test_a_parked_run_whose_date_to_wait_for_is_gone_ends(live):  # S5, S5.4
    from touchpoint import customer

    engine = parked(live, rule(Wait(days(2)), MARK))
    changed(engine, rule(Wait(until=customer.birthday, unknown_zone="UTC"), MARK))
    assert reasons(engine) == ["exit: the date to wait for is missing"]


def parked_before_its_message_ended(live):
    """A run that waits for the end of a message in the night, and whose rule nobody had as a window lapsed."""
    leaves = rule(Send(message(expires=days(9))), MARK, exit=count("visit", within=hours(1)) > 5)
    started(live, leaves, policy=NIGHT)
    live(leaves, policy=NIGHT).record("ann", "visit")
    engine = live(journeys=[], policy=NIGHT)
    pass_time(engine, hours(2))
    ((_, what),) = engine.parked()
    assert what.kind == "run"
    return live(leaves, policy=NIGHT)


def test_a_parked_run_whose_message_has_no_end_yet_goes_on_after_that(live):  # S4.3, S5.1
    engine = parked_before_its_message_ended(live)
    assert (engine.replay_parked().done, ends(engine), marks(engine)) == (1, [("hello", "waiting")], [])
    pass_time(engine, days(1))
    assert (ends(engine), len(marks(engine)), reasons(engine)) == ([("hello", "sent")], 1, ["done"])


def test_the_message_of_a_parked_run_whose_step_is_gone_is_withdrawn(live):  # S4.3, S5.4, S6.7
    engine = parked_before_its_message_ended(live)
    changed(engine, rule(MARK))
    assert ends(engine) == [("hello", "withdrawn")]
    assert (engine.replay_parked().done, len(marks(engine)), handed(engine)) == (1, 1, [])


def test_a_run_that_was_parked_after_its_message_goes_on_after_it_under_its_new_name(live):  # S4.3, S4.5
    engine = started(live, rule(Send(message(), id="old"), Emit("ping"), MARK), LOOP)
    assert [each.what for _, each in engine.parked()] == ["one/r"]
    engine = live(rule(Send(message(), id="new", was="old"), Emit("pong"), MARK))
    assert (engine.replay_parked().done, handed(engine), len(marks(engine))) == (1, ["hello"], 1)


# --- their going on is defective --------------------------------------------------------------------------------------


def test_a_run_that_a_release_sends_into_a_circle_is_parked_at_the_step_it_was_to_take(live):  # S4.3, S5.4
    engine = started(live, rule(Wait(days(2)), Emit("ping"), MARK))
    changed(engine, rule(Emit("ping"), MARK), LOOP)
    errors = {what.what: what.error for _, what in engine.parked()}
    assert (errors["one/r"], marks(engine)) == ("what follows from the release is defective", [])
    engine = live(rule(Emit("ping"), MARK))
    assert (engine.replay_parked().failed, len(marks(engine, type="ping")), len(marks(engine))) == ((), 1, 1)
    assert (reasons(engine), engine.parked_count()) == (["done"], 0)


# --- migrations -------------------------------------------------------------------------------------------------------


def migrating(live, answer, *rules):
    """A new engine with a function that gives this."""
    return live(*rules, migrations={"m": lambda *_: answer})


def test_a_parked_run_whose_migration_fails_stays_parked_and_says_why(live):  # S4.3, S5.4
    old = rule(Wait(days(2)), MARK)
    parked(live, old)
    engine = live(old, migrations={"m": failing})
    new = rule(Wait(days(9)), OTHER, MARK)
    changed(engine, new, mode="migrate", migration="m")
    assert [each.error for _, each in engine.parked()] == ["the migration 'm' failed with ValueError"]
    engine = migrating(live, "emit:mark", new)
    assert (engine.replay_parked().done, len(marks(engine)), marks(engine, type="other")) == (1, 1, [])


def waits_for_its_migration(live, old, new, **options):
    engine = started(live, old, migrations={"m": failing}, **options)
    changed(engine, new, mode="migrate", migration="m")
    assert [each.error for _, each in engine.parked()] == ["the migration 'm' failed with ValueError"]
    return engine


def test_a_run_that_waits_for_its_migration_is_moved_by_no_later_release(live):  # S4.3, S5.4
    new = rule(Wait(days(9)), OTHER, MARK)
    engine = waits_for_its_migration(live, rule(Wait(days(2)), MARK), new)
    later = rule(Wait(days(1)), OTHER, MARK)
    changed(engine, later)
    pass_time(engine, days(20))
    assert (marks(engine), engine.parked_count()) == ([], 1)
    engine = migrating(live, "emit:mark", later)
    assert (engine.replay_parked().done, len(marks(engine)), marks(engine, type="other")) == (1, 1, [])


def test_a_step_that_a_later_release_has_taken_away_is_no_place_to_go_on(live):  # S4.3, S5.4
    engine = waits_for_its_migration(live, rule(Wait(days(2)), MARK), rule(Wait(days(9)), OTHER, MARK))
    later = rule(Wait(days(9)), MARK)
    changed(engine, later)
    engine = migrating(live, "emit:other", later)
    (error,) = errors(engine.replay_parked())
    assert "a later release of 'one' has taken away the step where it was to go on" in error
    assert (engine.parked_count(), reasons(engine)) == (1, [None])


def test_a_run_that_has_left_while_it_waited_for_its_migration_is_taken_off_the_list(live):  # S4.3
    new = rule(Wait(days(9)), OTHER, MARK, exit="stop")
    engine = waits_for_its_migration(live, rule(Wait(days(2)), MARK, exit="stop"), new)
    engine.record("ann", "stop")
    assert (reasons(engine), engine.parked_count()) == (["exit"], 1)
    assert (engine.replay_parked().done, engine.parked_count(), marks(engine)) == (1, 0, [])


def test_a_message_that_ended_while_its_run_waited_for_its_migration_counts(live):  # S4.3, S5.1
    steps = [Send(message(expires=days(9))), MARK]
    new = rule(*steps, OTHER)
    engine = waits_for_its_migration(live, rule(*steps), new, policy=NIGHT)
    pass_time(engine, days(1))
    assert (ends(engine), marks(engine)) == ([("hello", "sent")], [])
    engine = live(new, policy=NIGHT, migrations={"m": lambda *_: None})
    assert (engine.replay_parked().done, len(marks(engine)), reasons(engine)) == (1, 1, ["done"])
    assert handed(engine) == ["hello"]


def test_a_run_that_was_to_take_a_step_takes_it_where_its_migration_leaves_it(live):  # S4.3, S5.4
    engine = parked(live, rule(Wait(days(2)), Emit("gone"), MARK))
    changed(engine, rule(OTHER, MARK))
    new = rule(OTHER, MARK, Emit("last"))
    engine = live(rule(OTHER, MARK), migrations={"m": failing})
    changed(engine, new, mode="migrate", migration="m")
    engine = migrating(live, None, new)
    assert (engine.replay_parked().done, len(marks(engine)), reasons(engine)) == (1, 1, ["done"])


def test_a_migration_may_end_a_run_that_waited_for_it(live):  # S4.3, S5.4
    new = rule(Wait(days(9)), OTHER, MARK)
    waits_for_its_migration(live, rule(Wait(days(2)), MARK), new)
    engine = migrating(live, Exit("moved out"), new)
    assert (engine.replay_parked().done, reasons(engine)) == (1, ["exit: moved out"])


def test_a_wait_that_was_over_while_its_run_waited_for_its_migration_is_over(live):  # S4.3, S5.4
    new = rule(WaitFor("go", timeout=days(2), otherwise=[OTHER]), MARK)
    waits_for_its_migration(live, rule(WaitFor("go", timeout=days(1), otherwise=[OTHER]), MARK), new)
    engine = migrating(live, None, new)
    pass_time(engine, days(5))
    assert (engine.replay_parked().done, marks(engine, type="other")) == (1, [START + days(5)])


def test_a_message_that_is_to_be_planned_anew_goes_out_as_it_is_while_its_run_is_parked(live):  # S4.3, S6.7
    held = {"policy": Policy(Hold(while_open=[CASE], kinds=["service"]))}
    steps = [Send(message(on_release="replan", expires=days(9))), MARK]
    old, new = journey(rule(*steps), cases=[CASE]), journey(rule(*steps, OTHER), cases=[CASE])
    engine = live(journeys=[old], people=("ann",), migrations={"m": failing}, **held)
    engine.open_case("ann", "complaint", ref="c1")
    engine.record("ann", "start")
    pass_time(engine, hours(1))
    engine.release(new, confirm=preview_of(engine, new), by="chris", mode="migrate", migration="m")
    engine.close_case("ann", "complaint", ref="c1")
    pass_time(engine, hours(1))
    assert (ends(engine), marks(engine)) == ([("hello", "sent")], [])
    engine = live(journeys=[new], migrations={"m": lambda *_: None}, **held)
    assert (engine.replay_parked().done, len(marks(engine)), reasons(engine)) == (1, 1, ["done"])


def preview_of(engine, new):
    return engine.preview_release(new, mode="migrate", migration="m").token
