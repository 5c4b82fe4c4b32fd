"""Differences between two versions of journeys, in words."""

from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings

from journeys_strategy import DECLARED, journeys
from touchpoint import (
    Branch,
    Cap,
    CaseType,
    Content,
    Exit,
    Goal,
    Hold,
    Journey,
    Message,
    Policy,
    Rule,
    Send,
    Spacing,
    Stage,
    Wait,
    WaitFor,
    count,
    customer,
    days,
    event,
    forever,
    hours,
    months,
    once,
    times,
)
from touchpoint.cli.loading import load
from touchpoint.files import differences, read_text, write_text
from touchpoint.lab.mutate import mutants


def message(name, **more):
    return Message(name, **{"why": "x", "channels": ["email"], "content": Content(subject="Hi", text="Hello"), **more})


WELCOME, OFFER = message("welcome"), message("offer", kind="marketing")


def rule(*steps, name="thank", **more):
    return Rule(name, when="order", then=steps, **more)


def shop(*rules, **more):
    return Journey("shop", rules=rules or [rule(Send(WELCOME), Wait(days(2)))], **more)


def told(old, new):
    return [str(each) for each in differences([old], [new])]


def test_equal_journeys_have_no_differences():
    assert told(shop(), shop()) == []


CHANGES = {
    "a wait": (
        shop(rule(Wait(days(2)))), shop(rule(Wait(days(3)))), ["rule thank, wait: waits 3 days instead of 2 days"],
    ),
    "a wait on the calendar": (
        shop(rule(Wait(days(2)))), shop(rule(Wait(months(1)))),
        ["rule thank, wait: waits calendar 1 month instead of 2 days"],
    ),
    "a timeout": (
        shop(rule(WaitFor("paid", days(2)))), shop(rule(WaitFor("paid", forever))),
        ["rule thank, wait_for paid: waits at most forever instead of 2 days"],
    ),
    "a new step": (
        shop(), shop(rule(Send(WELCOME), Wait(days(2)), Send(OFFER))),
        ["message offer: is new", "rule thank: new step send offer after wait"],
    ),
    "a first step": (
        shop(rule(Wait(days(2)))), shop(rule(Exit("no"), Wait(days(2)))),
        ["rule thank: new step exit at the beginning"],
    ),
    "a step that is gone": (
        shop(), shop(rule(Send(WELCOME))), ["rule thank: step wait is gone after send welcome"],
    ),
    "a step in an arm": (
        shop(rule(Branch(customer.vip))), shop(rule(Branch(customer.vip, then=[Wait(days(1))]))),
        ["rule thank: new step wait, first in then of branch"],
    ),
    "steps in another order": (
        shop(rule(Wait(days(1)), Exit("a"), Branch(customer.vip))),
        shop(rule(Exit("a"), Branch(customer.vip), Wait(days(1)))),
        ["rule thank: step wait has moved: now after branch"],
    ),
    "a step that went into an arm": (
        shop(rule(Branch(customer.vip), Wait(days(1)))), shop(rule(Branch(customer.vip, then=[Wait(days(1))]))),
        ["rule thank: step wait has moved: now, first in then of branch"],
    ),
    "a condition": (
        shop(rule(given=event.n > 2)), shop(rule(given=count("order") > 2)),
        ['rule thank: condition is count("order") > 2 instead of event.n > 2'],
    ),
    "a new condition": (
        shop(rule()), shop(rule(given=customer.vip)), ["rule thank: has now condition: customer.vip"],
    ),
    "a condition that is gone": (
        shop(rule(given=customer.vip)), shop(rule()), ["rule thank: has no condition any more (was customer.vip)"],
    ),
    "a limit": (
        shop(rule(limit=once())), shop(rule(limit=times(2, per=days(30)))),
        ["rule thank: limit is 2 per 30 days instead of once"],
    ),
    "a goal": (
        shop(rule(goal=Goal("paid", within=days(3)))), shop(rule(goal=Goal("paid", within=days(4)))),
        ["rule thank, goal: within is 4 days instead of 3 days"],
    ),
    "a trigger": (
        shop(rule()), shop(attrs.evolve(rule(), when="visit")), ["rule thank: trigger is visit instead of order"],
    ),
    "a flag": (
        shop(rule(Send(WELCOME))), shop(rule(Send(message("welcome", exempt=True)))),
        ["message welcome: exempt is on instead of off"],
    ),
    "a subject": (
        shop(rule(Send(WELCOME))),
        shop(rule(Send(message("welcome", content=Content(subject="Good morning", text="Hello"))))),
        ['message welcome: subject is "Good morning" instead of Hi'],
    ),
    "a long text": (
        shop(rule(Send(WELCOME))), shop(rule(Send(message("welcome", content=Content(subject="Hi", text="x" * 500))))),
        ["message welcome: text changed"],
    ),
    "words in another language": (
        shop(rule(Send(WELCOME))),
        shop(rule(Send(message("welcome", content={"*": WELCOME.content["*"], "de": Content(text="Hallo")})))),
        ["message welcome, content de: has words"],
    ),
    "a new rule": (shop(), shop(*shop().rules, rule(name="more")), ["rule more: is new"]),
    "a rule that is gone": (
        shop(rule(), rule(name="more")), shop(rule()), ["rule more: is gone"],
    ),
    "rules in another order": (
        shop(rule(), rule(name="more")), shop(rule(name="more"), rule()),
        ["rules: stand in another order: more, thank"],
    ),
    "a stage": (
        shop(stages=[Stage("new", phase="attract")]), shop(stages=[Stage("new", phase="engage")]),
        ["stage new: phase is engage instead of attract"],
    ),
    "a case": (
        shop(cases=[CaseType("late")]), shop(cases=[CaseType("late", severity="high", respond_within=hours(2))]),
        ["case late: has now respond_within: 2 hours", "case late: severity is high instead of normal"],
    ),
    "a cap": (
        shop(policy=Policy(Cap(2, per=days(7)))), shop(policy=Policy(Cap(3, per=days(7)))),
        ["policy, cap of 2 per 7 days: n is 3 instead of 2"],
    ),
    "parts of a policy": (
        shop(policy=Policy(Cap(2, per=days(7)))), shop(policy=Policy(Spacing(hours(4)), Hold(cool_off=days(2)))),
        ["policy: without cap of 2 per 7 days", "policy: new: spacing of 4 hours",
         "policy: new: hold while a case is open"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_told_in_words(name):
    old, new, words = CHANGES[name]
    assert told(old, new) == words


def test_a_new_name_that_the_rule_tells_of_is_no_new_rule():
    old, new = shop(rule(Wait(days(1)))), shop(rule(Wait(days(2)), name="greet"))
    object.__setattr__(new.rules[0], "was", ("thank",))  # a journey that says so cannot be built in every release
    assert told(old, new)[0] == "rule greet: has a new name, was thank"
    assert "rule greet, wait: waits 2 days instead of 1 day" in told(old, new)


def test_journeys_that_come_and_go_are_told():
    other = attrs.evolve(shop(), name="other")
    assert [str(each) for each in differences([shop()], [other])] == ["journey shop: is gone", "journey other: is new"]
    changed = differences([shop(), other], [shop(rule(Send(WELCOME), Wait(days(3)))), other])
    assert [str(each) for each in changed] == ["journey shop, rule thank, wait: waits 3 days instead of 2 days"]


def test_the_policy_of_the_house_is_compared_too():
    found = differences([shop()], [shop()], old_policy=None, new_policy=Policy(Cap(2, per=days(7))))
    assert [str(each) for each in found] == ["policy of the house: new: cap of 2 per 7 days"]


EXAMPLE = Path(__file__).parent.parent / "examples/coffee_club.py"


def test_whatever_changes_in_the_example_is_told_and_survives_a_file():
    (club,) = load(EXAMPLE).journeys
    found = [mutant.journey for mutant in mutants(club)]
    assert len(found) > 50
    for each in found:
        assert differences([club], [each]) != []
        assert read_text(write_text(each, json=True), json=True).journeys == (each,)


@settings(max_examples=30)
@given(journeys())
def test_a_journey_does_not_differ_from_itself_in_a_file(journey):
    (same,) = read_text(write_text(journey, json=True), json=True, types=DECLARED).journeys
    assert differences([journey], [same]) == []
