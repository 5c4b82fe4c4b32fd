"""Tasks of people (S6.9): assigned, claimed with policies asked again, completed, declined, expired."""

from datetime import timedelta

import pytest

from making import START, ends, engine_of, marks, message, pass_time, sending, trace
from touchpoint import (
    Cap,
    CaseType,
    Emit,
    Gift,
    Hold,
    Policy,
    QuietHours,
    Rule,
    Send,
    VirtualClock,
    WaitFor,
    days,
    hours,
    times,
)
from touchpoint.channels import MemoryChannel, TaskChannel
from touchpoint.channels.inbound import Receipt, TaskDone
from touchpoint.durations import micros
from touchpoint.engine import shared
from touchpoint.errors import InvalidInput

CALL = {"channels": ["call"], "name": "ring"}


def engine(*rules, policy=None, people=("ann",), parts=None, **options):
    return engine_of(
        *(rules or [sending("ring", channels=["call"])]), channels=[TaskChannel("call"), MemoryChannel("email")],
        people=people, policy=policy, parts=parts, **options,
    )  # fmt: skip


def assigned(engine, *people):
    for each in people or ("ann",):
        engine.record(each, "start")
    pass_time(engine)
    return [each.key for each in engine.tasks.open("call")]


def types(engine, customer="ann"):
    return [each.type for each in engine.customer(customer).timeline() if each.type.startswith("task")]


def test_what_a_human_channel_accepts_is_a_task():  # S6.9
    made = engine()
    assigned(made)
    (task,) = made.tasks.open("call")
    assert (task.customer, task.message, task.text, task.status) == ("ann", "ring", "Hello", "assigned")
    assert ends(made) == [("ring", "sent")]


def test_a_task_tells_neither_customer_nor_words_in_its_repr():  # S7.5
    made = engine(people=("dorothea",))
    assigned(made, "dorothea")
    shown = repr(made.tasks.open("call"))
    assert "dorothea" not in shown
    assert "Hello" not in shown


def test_a_claimed_task_is_done_by_whoever_claimed_it():
    made = engine()
    (key,) = assigned(made)
    assert made.tasks.claim(key, by="chris").claimed_by == "chris"
    assert made.tasks.open("call") == []
    assert [each.key for each in made.tasks.claimed("call")] == [key]
    done = made.tasks.complete(key, "reached")
    assert done.status == "completed"
    assert types(made) == ["task_completed"]


def test_claiming_again_gives_the_same_person_the_same_task():
    made = engine()
    (key,) = assigned(made)
    made.tasks.claim(key, by="chris")
    assert made.tasks.claim(key, by="chris").status == "claimed"
    with pytest.raises(InvalidInput, match="somebody else has claimed"):
        made.tasks.claim(key, by="sam")


def test_a_task_given_back_is_there_for_somebody_else():
    made = engine()
    (key,) = assigned(made)
    made.tasks.claim(key, by="chris")
    made.tasks.give_back(key)
    assert made.tasks.claim(key, by="sam").claimed_by == "sam"


def test_the_oldest_that_may_be_done_is_next():
    made = engine(people=("ann", "bob"))
    assigned(made, "ann", "bob")
    made.withdraw("ann", "service", channel="call")
    task = made.tasks.next("call", by="chris")
    assert task.customer == "bob"
    assert made.tasks.next("call", by="chris") is None
    assert types(made) == ["task_withdrawn"]


def test_consent_withdrawn_after_the_assignment_withdraws_the_task():  # S6.8
    made = engine()
    (key,) = assigned(made)
    made.withdraw("ann", "service", channel="call")
    task = made.tasks.claim(key, by="chris")
    assert task.status == "withdrawn"
    assert "withdrawn" in task.because
    (told,) = (each for each in made.customer("ann").timeline() if each.type == "task_withdrawn")
    assert told.properties == {"message": "ring", "reason": "consent"}
    with pytest.raises(InvalidInput, match="is withdrawn"):
        made.tasks.complete(key, "reached")


def test_a_task_cannot_be_claimed_in_quiet_hours_and_says_until_when():  # S6.5
    policy = Policy(QuietHours("21:00", "09:00", unknown_zone="deny"))
    made = engine(policy=policy, clock=VirtualClock(START + hours(1)))
    made.identify("ann", timezone="UTC")
    (key,) = assigned(made)
    made.clock.until(START + hours(13))
    task = made.tasks.claim(key, by="chris")
    assert (task.status, task.ask_again_at) == ("assigned", START + days(1))
    made.clock.until(START + days(1))
    assert made.tasks.claim(key, by="chris").status == "claimed"


def test_a_task_waits_while_a_case_is_open():  # S6.10
    policy = Policy(Hold(while_open="complaint", kinds=["service"]))
    made = engine(policy=policy, parts={"cases": [CaseType("complaint")]})
    (key,) = assigned(made)
    made.open_case("ann", "complaint", ref="1")
    task = made.tasks.claim(key, by="chris")
    assert (task.status, task.ask_again_at) == ("assigned", None)
    made.close_case("ann", "complaint", ref="1")
    assert made.tasks.claim(key, by="chris").status == "claimed"


def test_the_place_that_a_task_has_under_a_cap_does_not_stand_in_its_own_way():  # S6.6
    made = engine(policy=Policy(Cap(1, per=days(7))))
    (key,) = assigned(made)
    assert made.tasks.claim(key, by="chris").status == "claimed"


def test_a_gift_to_pack_has_its_place_in_the_budget():
    gift = Gift(
        "flowers", why="to say sorry", channels=["call"], content=message().content, worth=5, budget=5, currency="EUR"
    )
    rule = Rule("r", when="start", then=[Send(gift)])
    made = engine(rule)
    made.grant("ann", "gift")
    (key,) = assigned(made)
    assert made.tasks.claim(key, by="chris").status == "claimed"


def test_a_task_that_nobody_does_in_time_expires_by_itself():  # S6.9
    made = engine()
    (key,) = assigned(made)
    pass_time(made, days(3) - timedelta(microseconds=1))
    assert made.tasks.get(key).status == "assigned"
    pass_time(made, timedelta(microseconds=1))
    assert made.tasks.get(key).status == "expired"
    assert types(made) == ["task_expired"]
    assert made.tasks.claim(key, by="chris").status == "expired"


def test_a_task_that_is_done_expires_no_more():
    made = engine()
    (key,) = assigned(made)
    made.tasks.claim(key, by="chris")
    made.tasks.decline(key, "nobody there")
    pass_time(made, days(10))
    assert (made.tasks.get(key).status, types(made)) == ("declined", ["task_declined"])


@pytest.mark.parametrize("end", ["task_completed", "task_declined", "task_expired", "task_withdrawn"])
def test_a_run_can_wait_for_every_end_of_a_task(end):  # S6.9
    rule = Rule("r", when="start", then=[Send(message(**CALL)), WaitFor(end, timeout=days(9), then=[Emit("mark")])])
    made = engine(rule)
    (key,) = assigned(made)
    if end == "task_withdrawn":
        made.withdraw("ann")
    if end != "task_expired":
        made.tasks.claim(key, by="chris")
    if end == "task_completed":
        made.tasks.complete(key, "reached")
    if end == "task_declined":
        made.tasks.decline(key)
    pass_time(made, days(4))
    assert len(marks(made)) == 1


def test_another_system_may_tell_that_a_task_is_done():  # S6.9
    made = engine()
    (key,) = assigned(made)
    made.apply(TaskDone(key, "reached", id="crm-1"))
    assert made.tasks.get(key).status == "completed"


def test_a_task_is_made_once_however_often_its_message_is_handed_over():  # S11.9
    made = engine()
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    for _ in range(4):
        next(walk)
    walk.close()  # the worker vanishes after the call
    pass_time(made, hours(1))
    assert len(made.tasks.open("call")) == 1
    assert ends(made) == [("ring", "sent")]


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda desk: desk.claim("nothing", by="chris"), "no task with that key"),
        (lambda desk: desk.get("nothing"), "no task with that key"),
        (lambda desk: desk.claim("nothing", by=""), "who claims it"),
        (lambda desk: desk.complete("nothing", ""), "what came of it"),
    ],
)
def test_what_cannot_be_done_says_why(act, says):
    with pytest.raises(InvalidInput, match=says):
        act(engine().tasks)


def test_a_task_is_claimed_before_it_is_done():
    made = engine()
    (key,) = assigned(made)
    with pytest.raises(InvalidInput, match="claim\\(\\) comes first"):
        made.tasks.complete(key, "reached")


def test_the_journal_knows_who_did_what_with_a_task():  # S10
    made = engine()
    (key,) = assigned(made)
    made.tasks.claim(key, by="chris")
    made.tasks.give_back(key)
    with made.store.reading() as reader:
        (row,) = reader.customers(["ann"])
        assert [each.type for each in reader.journal(row.no) if each.kind == "task"] == ["given back", "claimed"]
    assert trace(made)


def test_nothing_is_claimed_on_a_channel_that_is_paused():  # S11.8
    made = engine()
    (key,) = assigned(made)
    with made._unit() as unit:
        shared.pause(unit, "call", "nobody is in", micros(made.clock.now()), hours(1))
    task = made.tasks.claim(key, by="chris")
    assert (task.status, task.ask_again_at) == ("assigned", made.clock.now() + hours(1))
    made.clock.advance(hours(1))
    assert made.tasks.claim(key, by="chris").status == "claimed"


def test_a_task_that_somebody_else_takes_meanwhile_is_passed_over():
    made = engine(people=("ann", "bob"))
    first, second = assigned(made, "ann", "bob")
    desk, listed = made.tasks, made.tasks._open

    def late(*given):
        tasks = listed(*given)
        made.tasks.claim(first, by="sam")
        return tasks

    desk._open = late
    assert desk.next("call", by="chris").key == second


def test_a_receipt_about_a_task_does_not_keep_it_from_expiring():  # S6.9
    made = engine()
    (key,) = assigned(made)
    made.apply(Receipt(key, "delivered"))
    pass_time(made, days(4))
    assert made.tasks.get(key).status == "expired"


def test_a_task_expires_although_what_follows_from_that_is_defective():  # S4.3
    circle = Rule("c", when="task_expired", then=[Emit("again")])
    again = Rule("a", when="again", then=[Emit("again")], limit=times(2_000, per=days(1)), concurrency="parallel")
    made = engine(sending("ring", channels=["call"]), circle, again)
    (key,) = assigned(made)
    pass_time(made, days(4))
    assert made.tasks.get(key).status == "expired"
    assert types(made) == ["task_expired"]
    assert len(made.parked()) == 1
