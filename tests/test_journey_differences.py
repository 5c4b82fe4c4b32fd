"""Differences between two versions of journeys, in words."""

import re
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings

from journeys_strategy import DECLARED, journeys
from sizing import examples
from touchpoint import (
    Ask,
    Branch,
    Cap,
    CaseType,
    Content,
    Emit,
    Exit,
    Goal,
    Hold,
    HoldOut,
    Journey,
    Message,
    Policy,
    Rule,
    Send,
    Silent,
    Spacing,
    Split,
    Stage,
    Survey,
    Wait,
    WaitFor,
    Waiver,
    count,
    customer,
    days,
    event,
    forever,
    hours,
    months,
    once,
    times,
    usual,
)
from touchpoint.cli.loading import load
from touchpoint.files import differences, read_text, write_text
from touchpoint.lab.mutate import mutants, spread
from touchpoint.rules import ContentRule, ContentRules, PostalAddress, Sender


def message(name, **more):
    return Message(name, **{"why": "x", "channels": ["email"], "content": Content(subject="Hi", text="Hello"), **more})


WELCOME, OFFER = message("welcome"), message("offer", kind="marketing")


def rule(*steps, name="thank", **more):
    return Rule(name, when="order", then=steps, **more)


def shop(*rules, **more):
    return Journey("shop", rules=rules or [rule(Send(WELCOME), Wait(days(2)))], **more)


def content_rules(*more, source="", sender=None):
    postal = ContentRule(name="postal", asks=PostalAddress(), source=source)
    return Policy(ContentRules([postal, *more], sender=sender or Sender(), unknown_jurisdiction="every"))


def usually(least):
    return attrs.evolve(rule(), when=Silent(usual(2), at_least=least, otherwise=days(60)))


@attrs.frozen
class Paid:
    price: int


@attrs.frozen
class Traits:
    vip: bool = False


DAY = Wait(days(1))


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
    "how far a policy looks ahead": (
        shop(policy=Policy(look_ahead=days(1))), shop(policy=Policy(look_ahead=days(2))),
        ["policy: look_ahead is 2 days instead of 1 day"],
    ),
    "the name of a part of a policy": (
        shop(policy=Policy(HoldOut("h", percent=5))), shop(policy=Policy(HoldOut("g", percent=5))),
        ["policy, hold-out h of 5 %: name is g instead of h"],
    ),
    "the source of a content rule": (
        shop(policy=content_rules(source="law")), shop(policy=content_rules(source="habit")),
        ["policy, content rules, rule postal: source is habit instead of law"],
    ),
    "another content rule": (
        shop(policy=content_rules()), shop(policy=content_rules(ContentRule(name="more", asks=PostalAddress()))),
        ["policy, content rules, rule more: is new"],
    ),
    "the sender of a policy": (
        shop(policy=content_rules(sender=Sender("Acme"))),
        shop(policy=content_rules(sender=Sender("Beta", postal="12 Way"))),
        ["policy, content rules, sender: name is Beta instead of Acme",
         'policy, content rules, sender: has now postal: "12 Way"'],
    ),
    "a part of the journey itself": (
        shop(team="shop"), shop(team="club", waivers=[Waiver("TC101", why="known")]),
        ["journey: team is club instead of shop", "journey: has now waivers: waiver TC101 known"],
    ),
    "declared classes": (
        shop(), shop(touchpoints=[Paid], traits=Traits),
        ["journey: has now touchpoints: paid", "journey: has now traits: traits"],
    ),
    "a message of another sort": (
        shop(rule(Ask(Survey("welcome", why="x", channels=["email"], content=Content(text="Hello"))))),
        shop(rule(Send(WELCOME))),
        ["message welcome: is a message instead of a survey", "rule thank: step ask welcome is gone at the beginning",
         "rule thank: new step send welcome at the beginning"],
    ),
    "the variants of an experiment": (
        shop(rule(Split("price", {"low": [Exit("x")], "high": []}))),
        shop(rule(Split("price", {"low": [Exit("x")], "fair": []}))),
        ["rule thank, split price: variants are low, fair instead of low, high"],
    ),
    "the weights of an experiment": (
        shop(rule(Split("price", {"low": [Exit("x")], "high": []}, weights={"low": 1, "high": 1}))),
        shop(rule(Split("price", {"low": [Exit("x")], "high": []}, weights={"low": 3, "high": 1}))),
        ["rule thank, split price: weights low is 3 instead of 1"],
    ),
    "the experiment of a step that keeps its id": (
        shop(rule(Split("price", {"low": [Exit("x")], "high": []}, id="s"))),
        shop(rule(Split("colour", {"low": [Exit("x")], "high": []}, id="s"))),
        ["rule thank, s: name is colour instead of price"],
    ),
    "one step that stands in several places": (
        shop(rule(DAY, Branch(customer.vip, then=[DAY]), Split("price", {"low": [DAY], "high": []}))),
        shop(rule(DAY, Branch(customer.vip, then=[DAY]), Split("price", {"low": [DAY, DAY], "high": []}))),
        ["rule thank: new step wait#4 after wait#3"],
    ),
    "what is recorded with a touchpoint": (
        shop(rule(Emit("seen", {"n": 1, "who": event.who, "same": event.same}))),
        shop(rule(Emit("seen", {"n": 2, "place": "here", "same": event.same}))),
        ["rule thank, emit seen: properties n is 2 instead of 1",
         "rule thank, emit seen: has no properties who any more (was event.who)",
         'rule thank, emit seen: has now properties place: "here"'],
    ),
    "what the words of a trigger leave out": (
        shop(usually(days(2))), shop(usually(days(7))), ["rule thank, trigger: at_least is 7 days instead of 2 days"],
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


@pytest.mark.untraced
def test_whatever_changes_in_the_example_is_told_and_survives_a_file():
    (club,) = load(EXAMPLE).journeys
    changed = [mutant.journey for mutant in mutants(club)]
    assert len(changed) > 50
    for each in changed:
        found = [each.words for each in differences([club], [each])]
        assert found != []
        assert not [words for words in found if re.search(r"\bis (.+) instead of \1$", words)]
    for each in spread(changed, 40):
        assert read_text(write_text(each, json=True), json=True).journeys == (each,)


@settings(max_examples=examples(30))
@given(journeys())
def test_a_journey_does_not_differ_from_itself_in_a_file(journey):
    (same,) = read_text(write_text(journey, json=True), json=True, types=DECLARED).journeys
    assert differences([journey], [same]) == []
