"""What is planned for a customer, and to which messages it may lead (S10)."""

import pytest

from making import MARK, START, engine_of, journey, message
from touchpoint import (
    Branch,
    Call,
    Exit,
    Policy,
    QuietHours,
    Rule,
    Send,
    Split,
    VirtualClock,
    Wait,
    WaitFor,
    days,
    event,
    hours,
)  # fmt: skip

NIGHT = Policy(QuietHours("08:00", "12:00", unknown_zone="UTC"))


def waiting(*steps, first=None):
    """An engine with Ann in a rule that waits two days, and then takes these steps."""
    rule = Rule("r", when="start", then=[Wait(days(2)) if first is None else first, *steps])
    engine = engine_of(rule, functions={"act": lambda _: None}, clock=VirtualClock(START), policy=NIGHT)
    engine.record("ann", "start")
    engine.run_pending()
    return engine


def sent(name):
    return Send(message(name))


@pytest.mark.parametrize(
    ("steps", "messages"),
    [
        ([MARK, sent("a"), sent("b")], ("a",)),  # what comes after a message depends on it
        ([Branch(event.n == 1, then=[sent("a")], otherwise=[sent("b")])], ("a", "b")),
        ([Branch(event.n == 1, then=[MARK]), sent("c")], ("c",)),
        ([Split("x", arms={"one": [sent("a")], "two": [MARK, sent("b")]}, weights={"one": 1, "two": 1})], ("a", "b")),
        ([Wait(days(1)), sent("a")], ()),
        ([Exit("over"), sent("a")], ()),
    ],
)
def test_a_timer_names_the_messages_it_may_lead_to_without_anything_else(steps, messages):
    (plan,) = waiting(*steps).planned("ann")
    assert (plan.at, plan.may_send) == (START + days(2), messages)


def test_of_a_wait_for_something_the_way_after_its_time_out_is_told():
    wait = WaitFor("go", timeout=days(1), then=[sent("a")], otherwise=[sent("b")])
    (plan,) = waiting(first=wait).planned("ann")
    assert (plan.at, plan.may_send) == (START + days(1), ("b",))


def test_a_call_that_is_still_to_be_made_is_planned():
    engine = engine_of(Rule("r", when="start", then=[Call("act")]), functions={"act": lambda _: None})
    engine.record("ann", "start")
    (plan,) = engine.planned("ann")
    assert (plan.at, plan.what, plan.message) == (START, "act is called", None)


def pinned(engine, *steps):
    new = journey(Rule("r", when="start", then=list(steps)))
    engine.release(new, confirm=engine.preview_release(new, mode="pin").token, by="chris", mode="pin")


def test_of_a_run_that_stays_with_an_earlier_release_that_one_tells_what_is_planned():  # S5.4
    engine = waiting(sent("old"))
    pinned(engine, Wait(days(2)), sent("new"))
    (plan,) = engine.planned("ann")
    assert plan.may_send == ("old",)


def test_a_message_of_such_a_run_has_the_purpose_it_has_there():  # S5.4
    engine = waiting(first=Send(message(why="the old reason", expires=days(3))))
    pinned(engine, Send(message(why="the new reason")))
    (plan,) = engine.planned("ann")
    assert (plan.at, plan.why) == (START + hours(3), "the old reason")
