"""Identity of steps, runs and messages: stores hold it for ever, so neither its parts nor its form may change."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import engine_of, message
from touchpoint import (
    Anniversary,
    Branch,
    Call,
    CaseClosed,
    Content,
    Dwelt,
    Enrolled,
    Entered,
    MoveTo,
    Rule,
    Send,
    SetTrait,
    Silent,
    Wait,
    WaitFor,
    WaitUntil,
    days,
    event,
    forever,
    hours,
)
from touchpoint.core.identity import cause_of_step, gift_mark, message_key, run_id
from touchpoint.journey.steps import identified

RUN = "f75344b40f13dd8af69ea563a2bef2aa"
KEY = "6edd362b54e49ea8ff08d2a80e87a27c"


def ids(*steps):
    return [name for name, _ in identified(steps)]


def test_a_run_is_its_customer_rule_key_and_cause():  # S4.5
    assert run_id("ann", "shop", "ask", "order-1", "t-1") == RUN
    others = [("bob", "shop", "ask", "order-1", "t-1"), ("ann", "club", "ask", "order-1", "t-1"),
              ("ann", "shop", "beg", "order-1", "t-1"), ("ann", "shop", "ask", None, "t-1"),
              ("ann", "shop", "ask", "order-1", "t-2")]  # fmt: skip
    assert len({run_id(*each) for each in others} | {RUN}) == 6


def test_the_parts_of_an_identity_do_not_run_into_each_other():  # S4.5
    assert run_id("a", "b/c", "d", None, "e") != run_id("a", "b", "c/d", None, "e")
    assert run_id("a", "b", "c", "1", "e") != run_id("a", "b", "c", 1, "e")


NAMES = st.text()
KEYS = st.none() | st.booleans() | st.integers() | NAMES


def digest(*parts):
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


@given(NAMES, NAMES, NAMES, KEYS, NAMES, st.integers(1, 10**6))
def test_an_identity_is_the_hash_of_a_json_list(customer, journey, rule, key, cause, visit):  # S6.3
    assert run_id(customer, journey, rule, key, cause) == digest("run", customer, journey, rule, key, cause)
    assert message_key(customer, rule, visit) == digest("message", customer, rule, visit)
    assert gift_mark(journey, rule, key, cause) == digest("gift", journey, rule, key, cause)


def test_a_message_is_its_run_step_and_occurrence():  # S6.3
    assert message_key(RUN, "send:hello", 1) == KEY
    assert message_key(RUN, "send:hello", 2) != KEY
    assert cause_of_step(RUN, "emit:seen", 2) == f"{RUN}/emit:seen/2"


def test_a_step_is_named_by_its_kind_and_what_it_is_about():  # S4.5
    hello = message("hello")
    steps = [Send(hello), Wait(days(1)), WaitFor(["paid", CaseClosed("late")], forever), Send(hello), Wait(days(2))]
    steps += [MoveTo("new"), SetTrait("vip", True), Call("crm"), WaitUntil(event.ok, forever), Send(hello, id="again")]
    assert ids(*steps) == [
        "send:hello", "wait", "waitfor:paid|caseclosed late", "send:hello#2", "wait#2", "moveto:new", "settrait:vip",
        "call:crm", "waituntil", "again",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (WaitFor(Silent(days(3), of="order"), days(1)), WaitFor(Silent(days(9), of="order"), days(5), since="run")),
        (WaitFor(Dwelt("new", days(3)), days(1)), WaitFor(Dwelt("new", hours(1)), forever)),
        (WaitFor(Anniversary("joined"), days(1)), WaitFor(Anniversary("joined", at="12:00", before=days(7)), days(1))),
        (Wait(days(1)), Wait(until="09:00")),
        (Send(message()), Send(message(content=Content(text="Other words")), still=event.ok)),
        (SetTrait("vip", True), SetTrait("vip", event.vip)),
        (Branch(event.a == 1), Branch(event.b == 2, then=[])),
    ],
)
def test_a_parameter_is_no_part_of_a_steps_identity(before, after):  # S4.5
    assert ids(before) == ids(after)


def test_waits_for_different_things_are_different_steps():  # S4.5
    waits = [
        WaitFor(each, forever) for each in (Silent(days(1)), Silent(days(1), of="a"), Entered("a"), Enrolled(), "a")
    ]
    assert len(set(ids(*waits))) == 5


def test_a_step_in_another_place_keeps_its_identity():  # S4.5: never its position
    hello = message("hello")
    first = ids(Send(hello), Wait(days(1)), MoveTo("x"))
    assert set(first) < set(ids(MoveTo("x"), Branch(event.a, then=[Wait(days(1)), Send(hello)])))


def test_what_a_channel_is_given_is_the_key_of_run_step_and_occurrence():  # S6.3
    engine = engine_of(Rule("r", when="start", then=[Send(message("hello"))]))
    engine.record("ann", "start", id="t-1")
    engine.run_pending()
    (sent,) = engine.customer("ann").messages
    assert sent.key == message_key(run_id("ann", "one", "r", None, "t-1"), "send:hello", 1)
