"""A live journey is changed: what becomes of the people in the middle, in the mode `follow` (S5.4, S4.5, S11.6)."""

import pytest

from editing import changed, on_one_store, rule
from making import MARK, START, ends, handed, marks, message, pass_time, reasons
from touchpoint import (
    Branch,
    Emit,
    Goal,
    Policy,
    QuietHours,
    Rule,
    Send,
    VirtualClock,
    Wait,
    WaitFor,
    WaitUntil,
    count,
    customer,
    days,
    event,
    forever,
    hours,
    minutes,
    months,
    once,
    trigger,
)  # fmt: skip

OTHER = Emit("other")


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def live(tmp_path, clock):
    with on_one_store(tmp_path / "t.db", clock) as opened:
        yield opened


def started(live, *steps, **parts):
    engine = live(rule(*steps, **parts))
    engine.record("ann", "start", {"order": 7, "n": 1})
    engine.run_pending()
    return engine


# --- places -----------------------------------------------------------------------------------------------------------


def test_a_run_keeps_its_place_by_step_id_wherever_the_step_stands_now(live):  # S5.4
    engine = started(live, Wait(days(2)), MARK)
    changed(engine, rule(Emit("before"), Wait(days(2)), Emit("after"), MARK))
    pass_time(engine, days(3))
    assert (marks(engine), marks(engine, type="before"), reasons(engine)) == ([START + days(2)], [], ["done"])
    assert marks(engine, type="after") == [START + days(2)]


def test_a_shortened_wait_that_is_past_goes_on_at_the_instant_of_the_release(live, clock):  # S5.4
    engine = started(live, Wait(days(9)), MARK)
    clock.until(START + days(3))
    changed(engine, rule(Wait(days(2)), MARK))
    pass_time(engine, hours(1))
    assert marks(engine) == [START + days(3)]


def test_a_shortened_wait_that_is_not_past_ends_counted_from_its_beginning(live, clock):  # S5.4
    engine = started(live, Wait(days(9)), MARK)
    clock.until(START + days(3))
    changed(engine, rule(Wait(days(4)), MARK))
    pass_time(engine, days(5))
    assert marks(engine) == [START + days(4)]


def test_a_lengthened_wait_keeps_waiting(live, clock):  # S5.4
    engine = started(live, Wait(days(2)), MARK)
    clock.until(START + days(1))
    changed(engine, rule(Wait(days(5)), MARK))
    pass_time(engine, days(3))
    assert marks(engine) == []
    pass_time(engine, days(2))
    assert marks(engine) == [START + days(5)]


def test_a_wait_that_was_over_before_the_release_ended_by_the_definition_of_then(live, clock):  # S4.2, S5.4
    engine = started(live, Wait(days(2)), MARK)
    clock.until(START + days(3))  # nobody has looked
    changed(engine, rule(Wait(days(9)), OTHER))
    pass_time(engine, hours(1))
    assert (marks(engine), marks(engine, type="other")) == ([START + days(2)], [])


def test_a_calendar_wait_is_counted_anew_from_its_beginning(live, clock):  # S2.1, S5.4
    engine = started(live, Wait(days(60)), MARK)
    clock.until(START + days(3))
    changed(engine, rule(Wait(months(1)), MARK))
    pass_time(engine, days(40))
    assert marks(engine) == [START.replace(month=4)]


def test_a_removed_step_moves_to_the_next_one_that_was_after_it(live):  # S5.4
    engine = started(live, Wait(days(2)), Emit("gone"), MARK)
    changed(engine, rule(OTHER, MARK))
    pass_time(engine)
    assert (marks(engine), marks(engine, type="other"), reasons(engine)) == ([START], [], ["done"])


def test_a_removed_step_with_nothing_left_after_it_ends_the_run_as_changed(live):  # S5.4
    engine = started(live, Wait(days(2)), MARK)
    changed(engine, rule(Emit("new")))
    pass_time(engine, days(3))
    assert (marks(engine), marks(engine, type="new"), reasons(engine)) == ([], [], ["changed"])


def test_a_run_in_an_arm_that_is_gone_goes_on_after_it(live):  # S5.4
    engine = started(live, Branch(trigger.n == 1, then=[Wait(days(2)), Emit("gone")], otherwise=[OTHER]), MARK)
    changed(engine, rule(OTHER, MARK))
    pass_time(engine, days(3))
    assert (marks(engine), marks(engine, type="other")) == ([START], [])


def test_a_run_whose_next_step_is_wrapped_into_a_question_is_asked_it(live):  # S5.4
    engine = started(live, Wait(days(2)), MARK)
    changed(engine, rule(Branch(trigger.n == 2, then=[MARK], otherwise=[OTHER])))
    pass_time(engine)
    assert (marks(engine), len(marks(engine, type="other"))) == ([], 1)


def test_a_run_whose_question_is_unwrapped_takes_what_was_in_the_arm(live):  # S5.4
    engine = started(live, Wait(days(2)), Branch(trigger.n == 2, then=[MARK]), OTHER)
    changed(engine, rule(MARK, OTHER))
    pass_time(engine)
    assert (len(marks(engine)), len(marks(engine, type="other"))) == (1, 1)


def test_a_step_that_was_taken_is_not_taken_again_wherever_it_is_put(live):  # S11.6
    engine = started(live, MARK, Send(message()), Wait(days(2)), OTHER)
    changed(engine, rule(Wait(days(2)), MARK, Send(message()), OTHER))
    pass_time(engine, days(3))
    assert (len(marks(engine)), len(marks(engine, type="other")), handed(engine)) == (1, 1, ["hello"])


def test_a_step_that_became_one_of_another_kind_is_taken_as_it_is_now(live):  # S5.4
    engine = started(live, Wait(days(2), id="pause"), MARK)
    changed(engine, rule(WaitFor("go", timeout=days(1), id="pause", then=[OTHER]), MARK))
    pass_time(engine)
    engine.record("ann", "go")
    assert (len(marks(engine)), len(marks(engine, type="other"))) == (1, 1)


def test_a_rule_that_is_gone_ends_its_runs_as_changed(live):  # S5.4
    engine = started(live, Wait(days(2)), MARK)
    changed(engine, Rule("other", when="start", then=[OTHER]))
    pass_time(engine, days(3))
    assert (marks(engine), reasons(engine)) == ([], ["changed"])


def test_why_tells_what_a_release_has_made_of_a_run(live):  # S5.4, S10
    engine = started(live, Wait(days(2)), MARK)
    changed(engine, rule(OTHER, MARK, name="new", was="r"))
    pass_time(engine)
    told = str(engine.why("ann", "new"))
    assert "a release changed the journey: at wait it moves → emit:mark: its step is gone" in told
    assert "started" in told


# --- waits for something ----------------------------------------------------------------------------------------------


def test_a_time_out_of_another_length_is_counted_anew(live, clock):  # S5.2, S5.4
    engine = started(live, WaitFor("go", timeout=days(9), otherwise=[OTHER]), MARK)
    clock.until(START + days(3))
    changed(engine, rule(WaitFor("go", timeout=days(2), otherwise=[OTHER]), MARK))
    pass_time(engine)
    assert (marks(engine, type="other"), marks(engine)) == ([START + days(3)], [START + days(3)])


def test_a_wait_that_is_for_ever_now_has_no_end_any_more(live):  # S5.2, S5.4
    engine = started(live, WaitFor("go", timeout=days(9)), MARK)
    changed(engine, rule(WaitFor("go", timeout=forever), MARK))
    pass_time(engine, days(99))
    assert (marks(engine), engine.next_due()) == ([], None)


def test_what_has_arrived_already_is_looked_through_by_the_new_condition(live):  # S5.2, S5.4
    engine = started(live, WaitFor("go", timeout=days(9), given=event.n > 5), MARK)
    engine.record("ann", "go", {"n": 3})
    changed(engine, rule(WaitFor("go", timeout=days(9), given=event.n > 2), MARK))
    pass_time(engine)
    assert len(marks(engine)) == 1


def test_a_wait_for_a_condition_is_asked_by_the_new_one_at_the_release(live):  # S5.2, S5.4
    engine = started(live, WaitUntil(count("visit") > 5, timeout=days(9)), MARK)
    engine.record("ann", "visit")
    changed(engine, rule(WaitUntil(count("visit") > 0, timeout=days(9)), MARK))
    pass_time(engine)
    assert marks(engine) == [START]


def test_a_new_exit_that_holds_acts_at_the_release(live):  # S5.3, S5.4
    engine = started(live, Wait(days(2)), MARK)
    engine.identify("ann", traits={"gone": True})
    preview = changed(engine, rule(Wait(days(2)), MARK, exit=customer.gone))
    pass_time(engine, days(3))
    assert (marks(engine), reasons(engine)) == ([], ["exit"])
    assert preview.notes == ("the exit of rule 'r' is asked at the release; those for whom it holds leave then",)


def test_a_new_goal_ends_runs_that_live_already(live):  # S5.3, S5.4
    engine = started(live, Wait(days(2)), MARK)
    changed(engine, rule(Wait(days(2)), MARK, goal=Goal("paid")))
    engine.record("ann", "paid")
    assert reasons(engine) == ["goal"]


# --- messages ---------------------------------------------------------------------------------------------------------

NIGHT = Policy(QuietHours("08:00", "12:00", unknown_zone="UTC"))


def test_the_waiting_message_of_a_step_that_is_gone_is_withdrawn_and_says_why(live):  # S5.4, S6.7
    engine = live(rule(Send(message()), MARK), policy=NIGHT)
    engine.record("ann", "start")
    engine.run_pending()
    changed(engine, rule(MARK))
    pass_time(engine, days(1))
    assert (ends(engine), handed(engine), len(marks(engine))) == ([("hello", "withdrawn")], [], 1)
    assert any("its step is gone" in each for each in engine.customer("ann").messages[0].because)


def test_a_waiting_message_whose_step_sends_another_one_now_makes_way_for_it(live):  # S5.4
    engine = live(rule(Send(message(), id="greet"), MARK), policy=NIGHT)
    engine.record("ann", "start")
    engine.run_pending()
    changed(engine, rule(Send(message("welcome"), id="greet"), MARK))
    pass_time(engine, days(1))
    assert (ends(engine), handed(engine)) == ([("hello", "withdrawn"), ("welcome", "sent")], ["welcome"])


def test_a_waiting_message_goes_out_with_the_words_of_now(live):  # S5.4, S6.5
    from touchpoint import Content

    engine = live(rule(Send(message()), MARK), policy=NIGHT)
    engine.record("ann", "start")
    engine.run_pending()
    changed(engine, rule(Send(message(content=Content(text="Good day"))), MARK))
    pass_time(engine, days(1))
    assert [each.message.text for each in engine.adapters["email"].sent] == ["Good day"]


def test_a_message_keeps_its_key_over_a_release(live):  # S6.3, S11.6
    engine = live(rule(Send(message()), MARK), policy=NIGHT)
    engine.record("ann", "start")
    engine.run_pending()
    (before,) = [each.key for each in engine.customer("ann").messages]
    changed(engine, rule(OTHER, Send(message()), MARK))
    pass_time(engine, days(1))
    assert [(each.key, each.status) for each in engine.customer("ann").messages] == [(before, "sent")]


def test_a_best_before_that_is_shorter_now_counts_for_what_waits(live):  # S5.4, S6.7
    engine = live(rule(Send(message(expires=days(5))), MARK), policy=NIGHT)
    engine.record("ann", "start")
    engine.run_pending()
    changed(engine, rule(Send(message(expires=minutes(30))), MARK))
    pass_time(engine, days(1))
    assert ends(engine) == [("hello", "expired")]


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_renamed_rule_keeps_its_runs_and_its_counts_of_starts(live):  # S4.5, S5.4
    engine = started(live, Wait(days(2)), MARK, limit=once())
    changed(engine, rule(Wait(days(2)), MARK, name="new", was="r", limit=once()))
    pass_time(engine, days(3))
    engine.record("ann", "start")
    assert (len(marks(engine)), reasons(engine)) == (1, ["done"])


def test_a_renamed_step_keeps_the_place_and_what_was_taken(live):  # S4.5, S5.4
    engine = started(live, Emit("mark", id="m"), Wait(days(2), id="a"), OTHER)
    changed(engine, rule(Wait(days(2), id="b", was="a"), Emit("mark", id="n", was=["m"]), OTHER))
    pass_time(engine, days(3))
    assert (len(marks(engine)), marks(engine, type="other")) == (1, [START + days(2)])


def test_a_goal_that_is_watched_after_its_run_is_found_under_the_new_name(live):  # S5.3, S5.4
    goal = Goal("paid", within=days(9))
    engine = started(live, MARK, goal=goal)
    changed(engine, rule(MARK, name="new", was="r", goal=goal))
    engine.record("ann", "paid")
    with engine.store.reading() as reader:
        counted = {(each.name, each.what) for each in reader.tallies() if each.subject == "rule"}
    assert ("one/new", "goal reached") in counted


def test_another_key_is_read_anew_from_the_trigger(live):  # S4.4, S5.4
    engine = started(live, WaitFor("go", timeout=days(9)), MARK)
    changed(engine, rule(WaitFor("go", timeout=days(9)), MARK, key="order"))
    engine.record("ann", "go", {"order": 8})
    assert marks(engine) == []
    engine.record("ann", "go", {"order": 7})
    assert len(marks(engine)) == 1
