"""`check`: wrong journeys, each found by exactly its code; sound ones, in which nothing is."""

import re
import runpy
from datetime import date, timedelta
from enum import StrEnum
from functools import reduce
from operator import and_, or_
from pathlib import Path
from typing import Literal

import attrs
import pytest
from hypothesis import event as seen
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys_strategy import journeys as any_journeys
from making import START, engine_of, message, pass_time, sending
from sizing import examples
from touchpoint import (
    Anniversary,
    Approval,
    Ask,
    Best,
    Branch,
    Budget,
    BusinessHours,
    BusinessTime,
    Call,
    Candidate,
    Cap,
    CaseClosed,
    CaseEscalated,
    CaseMerged,
    CaseOpened,
    CaseOverdue,
    CaseReopened,
    CaseType,
    Clicked,
    CloseCase,
    ConsentChanged,
    Content,
    Delivered,
    Dwelt,
    Emit,
    Enrol,
    Entered,
    Exit,
    Exposed,
    Failed,
    Gift,
    Give,
    Goal,
    Hold,
    HoldOut,
    Joined,
    Journey,
    Left,
    LeftSegment,
    LiveRuns,
    MoveTo,
    OpenCase,
    Opened,
    Policy,
    QuietHours,
    React,
    Replied,
    Reply,
    Rule,
    Segment,
    Send,
    SendWindow,
    Sent,
    SetTrait,
    Silent,
    Spacing,
    Split,
    Stage,
    Stock,
    Suggestion,
    Survey,
    TraitChanged,
    VirtualClock,
    Wait,
    WaitFor,
    WaitUntil,
    Waiver,
    case_open,
    clicked,
    collected,
    cool_down,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    hours,
    in_segment,
    in_stage,
    last,
    minutes,
    months,
    now,
    once,
    once_per_stage,
    opened,
    result,
    times,
    total,
    trait,
    trigger,
)  # fmt: skip
from touchpoint.channels import MemoryChannel
from touchpoint.lab import check
from touchpoint.lab.checks import solve
from touchpoint.lab.checks.catalogue import CHECKS
from touchpoint.lab.checks.history import narrowed
from touchpoint.rules import CAN_SPAM, ContentRules, Sender
from touchpoint.testing import World
from touchpoint.testing.strategies import journeys as plain_journeys
from touchpoint.testing.strategies import play, stories

ROOT = Path(__file__).parent.parent
SHOP = ROOT.parent / "shared/acceptance/shop.py"
OFFER = {"kind": "marketing"}
HAPPY = event.score >= 4
ZONE = {"unknown_zone": "UTC"}
late = CaseType("late")
answered = CaseType("answered", respond_within=hours(4))
raised = CaseType("raised", escalate=[hours(4), days(1)])
OFFICE = BusinessHours(("09:00", "17:00"), zone="Europe/Berlin")
MARK = Emit("mark")
WAY = Split("way", {"a": [], "b": []})
DELIVERED = Rule("two", when="order_delivered")


class Tier(StrEnum):
    GOLD = "gold"
    SILVER = "silver"


@attrs.frozen
class OrderPlaced:
    price: int
    size: Literal["small", "big"] = "small"


@attrs.frozen
class Review:
    score: int


@attrs.frozen
class Patient:
    allergy: str = attrs.field(default="", metadata=trait(sensitivity="special", uses=["care"]))


@attrs.frozen
class Person:
    tier: Tier = Tier.SILVER
    vip: bool = False
    name: str = ""
    born: date | None = None


def rule(*then, when="start", **parts):
    return Rule("only", when=when, then=then, **parts)


def one(*rules, **parts):
    return Journey("one", rules=rules, **parts)


def stages(*found, rules=(), **parts):
    return one(*rules, stages=found, **parts)


def stage(name, when=(), **parts):
    return Stage(name, phase="engage", when=when, **parts)


def gift(**parts):
    named = {"why": "thanks", "channels": ["email"], "content": Content(text="Yours"), "worth": 5, "currency": "EUR"}
    return Gift("gift", **(named | parts))


def review(**parts):
    return Survey("ask", scale="review", why="learn", channels=["email"], content=Content(text="How?"), **parts)


def kept(*items, **parts):
    """A journey that sends one message of each kind under this policy."""
    return one(sending("hello", **({"kind": "marketing"} | parts)), policy=Policy(*items))


def team(name, *items, **parts):
    rules = [sending(f"from {name}", when="order", kind="marketing", **parts)]
    return Journey(name, rules=rules, team=name, policy=Policy(*items))


NEVER_TEA = Suggestion("tea", why="w", place="p", value=1, content="Tea?", given=(count("x") > 3) & (count("x") < 2))

WRONG = [
    # conditions
    ("TC101", one(rule(given=(event.score <= 2) & (event.score > 3)))),
    ("TC101", one(rule(given=count("x", within=days(7)) > count("x", within=days(30))))),
    ("TC101", one(rule(given=(customer.tier == "gold") & (customer.tier == "silver")))),
    ("TC101", one(rule(given=(count("x") >= 3) & ~ever("x")))),
    ("TC101", stages(stage("a", "x"), stage("b", "y"), rules=[rule(given=in_stage("a") & in_stage("b"))])),
    ("TC101", one(rule(given=case_open("late") & ~case_open()), cases=[late])),
    ("TC102", stages(stage("a", "x", given=(total("x") > 5) & (count("x") == 0)))),
    ("TC103", one(rule(Branch((event.n > 5) & (event.n < 3), then=[MARK])))),
    ("TC103", one(rule(Branch(count("x") >= 0, then=[MARK], otherwise=[Exit()])))),
    ("TC103", one(rule(Branch(trigger.score >= 4, then=[MARK]), given=event.score <= 2))),
    ("TC103", one(rule(Branch(customer.vip, then=[Branch(~customer.vip, then=[MARK])])))),
    ("TC104", one(rule(Send(message(), still=(event.score == 1) & (event.score == 2))))),
    ("TC104", one(rule(Send(message(), still=trigger.kind == "b"), given=event.kind == "a"))),
    ("TC105", one(rule(WaitFor("x", days(1), given=(event.n > 1) & (event.n < 1))))),
    ("TC105", one(rule(WaitUntil((count("x") > 1) & (count("x") < 2), days(1))))),
    ("TC106", one(rule(Wait(days(1)), exit=trigger.score >= 4, given=event.score <= 2))),
    ("TC107", one(rule(Wait(days(1)), goal=Goal("x", given=(event.n == 1) & ~event.n.exists())))),
    ("TC108", one(rule(given=count("x") >= 0))),
    ("TC108", one(rule(Send(message(), still=ever("x") | ~ever("x"))))),
    ("TC108", one(rule(given=in_stage("a") | ~in_stage("a")), stages=[stage("a", "x")])),
    ("TC109", one(rule(given=((event.n > 5) & (event.n < 3)) | (event.n == 4)))),
    ("TC109", one(rule(given=(event.kind == "a") & ((event.kind == "b") | (event.n == 4))))),
    ("TC110", one(rule(given=count("x", where=(event.n > 5) & (event.n < 3)) > customer.n))),
    ("TC111", one(rule(given=event.score <= 2, when=Silent(days(3))))),
    ("TC111", stages(stage("a", "x"), rules=[rule(given=event.order == "1", when=Entered("a"))])),
    ("TC111", stages(stage("a", "x"), rules=[rule(Branch(trigger.n > 1, then=[MARK]), when=Dwelt("a", days(1)))])),
    ("TC112", one(rule(given=event.score <= 2, when=["review", Silent(days(3))]))),
    ("TC112", one(rule(given=event.score <= 2, when=[Review, OrderPlaced]), touchpoints=[Review, OrderPlaced])),
    ("TC113", one(rule(given=customer.tier == "platinum"), traits=Person)),
    ("TC113", one(rule(given=event.size.in_(["small", "medium"]), when=OrderPlaced), touchpoints=[OrderPlaced])),
    ("TC113", one(rule(given=~ever(OrderPlaced, where=event.size == "huge")), touchpoints=[OrderPlaced])),
    ("TC113", one(rule(given=event.price >= "100", when=OrderPlaced), touchpoints=[OrderPlaced])),
    ("TC113", one(rule(given=last(OrderPlaced).price == date(2026, 1, 1)), touchpoints=[OrderPlaced])),
    ("TC114", one(rule(WaitFor("order_deliverd", days(1))), DELIVERED)),
    ("TC114", one(rule(given=~ever("order-delivered")), DELIVERED)),
    ("TC115", one(rule(Wait(days(1)), given=customer.vip == True, exit=customer.vip))),  # noqa: E712 - a condition
    ("TC115", one(rule(Wait(days(1)), exit=count("x") >= 0))),
    ("TC116", one(rule(when="x", given=count("x") == 0))),
    ("TC116", one(rule(when="x", given=~ever("x")))),
    ("TC116", one(rule(when="x", given=count("x", within=days(30)) < 1))),
    ("TC116", one(rule(when="x", given=now - last("x").at > days(90)))),
    ("TC116", one(rule(when=Silent(days(30), of="x"), given=count("x", within=days(7)) >= 1))),
    ("TC116", stages(stage("a", "x"), stage("b", "y"), rules=[rule(when=Entered("a"), given=in_stage("b"))])),
    ("TC116", one(rule(when=["x", "y"], given=~ever("y")))),
    ("TC116", one(rule(Wait(days(1)), goal=Goal("x", given=count("x") == 0)))),
    ("TC108", one(rule(when="x", given=ever("x")))),
    ("TC108", one(rule(when=CaseOpened(late), given=case_open("late")), cases=[late])),
    ("TC116", one(rule(when=Joined("s"), given=~in_segment("s")), segments=[Segment("s", customer.vip)])),
    ("TC117", one(segments=[Segment("s", (count("x") > 3) & (count("x") < 2))])),
    ("TC118", one(suggestions=[NEVER_TEA])),
    ("TC119", one(rule(Best("b", [Candidate("c", value=1, given=(count("x") > 3) & (count("x") < 2))])))),
    ("TC209", one(rule(Best("b", [Candidate("c", value=2), Candidate("d", value=1)])))),
    ("TC111", one(rule(when=Joined("s"), given=event.n > 1), segments=[Segment("s", customer.vip)])),
    ("TC101", one(rule(given=in_segment("s") & (count("x") < 2)), segments=[Segment("s", count("x") >= 3)])),
    ("TC101", one(rule(when="x", collect=hours(1), given=collected.count < 1))),
    ("TC103", one(rule(Send(message()), Branch(clicked("hello") & ~opened("hello"), then=[MARK])))),
    ("TC111", one(rule(when=TraitChanged("t"), given=event.order == "1"))),
    ("TC111", one(rule(when=ConsentChanged("marketing"), given=event.order == "1"))),
    ("TC111", one(rule(when=Exposed("way"), given=event.order == "1"), Rule("b", then=[WAY]))),
    # what can be reached
    ("TC201", stages(stage("a"))),
    ("TC201", stages(stage("a", "x"), stage("b", "y", after="b"))),
    ("TC201", stages(stage("a", "x"), stage("b", "y", after="c"), stage("c", "z", after="b"))),
    ("TC203", stages(stage("a", "x"), stage("b", "x", given=count("x") >= 2))),
    ("TC203", stages(stage("a", "x", given=count("x") >= 2), stage("b", "x", given=count("x") >= 3))),
    ("TC203", stages(stage("a", CaseOverdue(answered)), stage("b", CaseOverdue(answered, "response")),
                     cases=[answered])),
    ("TC204", one(rule(Exit(), MARK))),
    ("TC204", one(rule(Branch(customer.vip, then=[Exit("a")], otherwise=[MARK, Exit("b")]), Wait(days(1))))),
    ("TC205", [stages(stage("a", "x")), Journey("two", rules=[rule(when=Entered("b", journey="one"))])]),
    ("TC206", one(rule(WaitFor("paid", days(1), then=[MARK]), exit="paid"))),
    ("TC206", one(rule(WaitFor("paid", days(1), then=[MARK]), goal=Goal("paid")))),
    ("TC206", one(rule(WaitFor(CaseOverdue(answered, "response"), days(1), then=[MARK]), exit=CaseOverdue(answered)),
                  cases=[answered])),
    ("TC207", one(rule(OpenCase(late)), cases=[late], policy=Policy(Hold(while_open=[late])))),
    ("TC208", one(rule(when=CaseOverdue(late)), cases=[late])),
    ("TC208", one(rule(when=CaseOverdue(answered, "resolution")), cases=[answered])),
    ("TC208", one(rule(when="x", exit=CaseOverdue(late, "response")), cases=[late])),
    ("TC208", one(rule(when=CaseEscalated(late)), cases=[late])),
    ("TC208", one(rule(when=CaseEscalated(raised, 3)), cases=[raised])),
    ("TC210", one(cases=[CaseType("late", escalate=[hours(4), hours(4)])])),
    ("TC210", one(cases=[CaseType("late", escalate=[days(2)], resolve_within=days(1))])),
    ("TC210", one(cases=[CaseType("late", escalate=[days(2)], resolve_within={"low": days(3), "high": days(1)})])),
    ("TC210", one(cases=[CaseType("late", escalate=[BusinessTime(hours(2), OFFICE), BusinessTime(hours(1), OFFICE)])])),
    # time
    ("TC301", one(rule(WaitFor("x", forever)))),
    ("TC301", one(rule(WaitUntil(customer.vip, forever)))),
    ("TC302", one(rule(Wait(days(7)), limit=cool_down(days(3))))),
    ("TC302", one(rule(Wait(days(7)), MARK, Wait(days(7)), limit=times(2, per=days(20))))),
    ("TC303", one(rule(Wait(days(3)), Send(message()), goal=Goal("paid", within=days(2))))),
    ("TC304", one(rule(Wait(timedelta(0)), MARK))),
    ("TC304", one(rule(WaitFor("x", timedelta(0))))),
    # policies
    ("TC401", kept(SendWindow(("09:00", "12:00"), **ZONE), QuietHours("08:00", "13:00", **ZONE))),
    ("TC401", kept(SendWindow(("09:00", "12:00"), weekdays=["sat"], **ZONE),
                   SendWindow(("09:00", "12:00"), weekdays=["mon", "tue"], **ZONE))),
    ("TC402", kept(SendWindow(("09:00", "12:00"), weekdays=["mon"], **ZONE), expires=days(3))),
    ("TC403", kept(Cap(1, per=days(30)))),
    ("TC403", kept(Cap(1, per=months(1), kinds=["marketing"]))),
    ("TC404", one(sending("hello", **OFFER), cases=[late], policy=Policy(Hold(while_open=[late], cool_off=days(10))))),
    ("TC405", kept(Spacing(days(9)))),
    ("TC406", kept(QuietHours("21:00", "08:00", **ZONE), kind="transactional")),
    ("TC406", kept(Cap(1, per=hours(1)), kind="transactional")),
    ("TC407", kept(Cap(5, per=days(1)), Cap(1, per=days(7)))),
    ("TC408", kept(Cap(1, per=days(1), kinds=["markting"]))),
    ("TC408", kept(QuietHours("21:00", "08:00", channels=["emial"], **ZONE))),
    ("TC408", kept(HoldOut("2026", percent=5, kinds=["markting"]))),
    ("TC409", kept(exempt=True)),
    # messages
    ("TC502", one(sending(content=Content(text="20 % off until Friday")))),
    ("TC502", one(sending(content=Content(text="New beans", promotional=True)))),
    ("TC503", one(sending(content={"de": Content(text="Hallo"), "en": Content(text="Hello")}))),
    ("TC504", one(sending(content={"*": Content(text="Hi"), "de": Content(text="Hallo"), "fr": Content(text="Salut")}),
                  sending("two", content={"*": Content(text="Hi"), "de": Content(text="Hallo")}))),
    ("TC505", one(sending(content=Content(subject="Hi", text="Hello")), sending("two"))),
    ("TC507", stages(stage("a", "x"), rules=[
        sending(when=Entered("a"), content=Content(text="Order {trigger.order}"))])),
    ("TC507", one(sending(when=Anniversary("birthday"), content=Content(text="Order {event.order}")))),
    ("TC508", [one(rule(MARK), traits=Patient), Journey("two", rules=[
        sending("greet", content=Content(text="Your {customer.allergy}"))])]),
    ("TC509", one(rule(Give(gift())))),
    ("TC521", one(rule(Give(gift(budget=500, stock=20))))),
    ("TC521", one(rule(Give(gift(budget=Budget("b", 500, "EUR", per=days(5)), stock=Stock("s", 20)))))),
    ("TC522", one(rule(Give(gift(budget=Budget("b", 500, "EUR", per=months(1), zone="UTC"))), limit=once()))),
    ("TC523", one(rule(Give(gift(approve_above=2, expires=hours(6))), limit=once()))),
    ("TC523", one(rule(Give(gift(expires=hours(6))), limit=once()), policy=Policy(Approval(2, "EUR")))),
    # circles
    ("TC601", one(rule(Emit("start")))),
    ("TC602", one(rule(Emit("start"), Emit("start"), WaitFor("start", days(1))))),  # the second comes when it is over
    ("TC601", one(Rule("a", when="x", then=[Enrol("b")]), Rule("b", then=[Enrol("a")]))),
    ("TC601", stages(stage("a", Entered("b")), stage("b", [Entered("a"), "x"]))),
    ("TC601", stages(stage("a", "x"), stage("b", "y"), rules=[
        Rule("one", when=Entered("a"), then=[MoveTo("b")]), Rule("two", when=Entered("b"), then=[MoveTo("a")])])),
    ("TC601", stages(stage("a", ["x", Entered("a")], reenter=True))),
    ("TC601", stages(stage("a", "x"), stage("b", "y"), rules=[
        Rule("one", when=Left("a"), then=[MoveTo("a")]), Rule("two", when=Left("b"), then=[MoveTo("b")])])),
    ("TC602", one(rule(Send(message()), Wait(days(1)), Emit("start")))),
    ("TC602", one(rule(Emit("start"), given=customer.vip))),
    ("TC602", one(rule(OpenCase(late), Send(message()), CloseCase(late), Enrol("only")), cases=[late])),
    ("TC602", one(rule(OpenCase(answered), Send(message()), when=CaseOverdue(answered, "response")), cases=[answered])),
    ("TC601", one(rule(SetTrait("t", 1), SetTrait("t", 2), when=TraitChanged("t")))),
    ("TC601", one(rule(OpenCase(late), when=CaseOpened(late)), cases=[late])),
    ("TC601", one(rule(Emit("start"), Wait(days(1)), concurrency="restart"))),
    ("TC601", one(Rule("on", when=TraitChanged("t", to=2), then=[SetTrait("t", 1)]),
                  Rule("off", when=TraitChanged("t", to=1), then=[SetTrait("t", 2)]))),
    ("TC601", one(Rule("in", when=LeftSegment("s"), then=[SetTrait("t", 1)]),
                  Rule("out", when=Joined("s"), then=[SetTrait("t", 2)]), segments=[Segment("s", customer.t == 1)])),
    ("TC602", one(rule(SetTrait("t", customer.t + 1), when=TraitChanged("t")))),
    ("TC602", one(rule(Send(message()), Emit("seen"), when=LeftSegment("s")),
                  segments=[Segment("s", ever("seen", within=days(7)))])),
    ("TC602", one(Rule("in", when=Joined("s"), then=[MoveTo("a"), Send(message()), MoveTo("b")]),
                  stages=[stage("a"), stage("b")], segments=[Segment("s", in_stage("b"))])),
    ("TC602", one(Rule("a", when=Sent("two"), then=[Send(message("one"))]),
                  Rule("b", when=Sent("one"), then=[Send(message("two"))]))),
    ("TC602", one(rule(Send(message()), when=Delivered("hello")))),
    ("TC602", one(rule(Send(message()), when=Failed("hello"), concurrency="parallel"))),
    ("TC602", one(rule(Send(message()), WaitFor(Sent("hello"), days(1), then=[Emit("start")])))),
    ("TC602", one(rule(Call("work"), Branch(result("work").more, then=[Emit("start")])))),
    ("TC602", one(rule(Call("work", otherwise=[Emit("start")])))),
    ("TC602", one(rule(Reply("Thanks", name="thanks", why="answer"), Emit("start")))),
    ("TC602", one(rule(Send(message()), Emit("start"), collect=hours(1)))),
    ("TC602", one(rule(Send(message()), Emit("ping"), when=Silent(days(3), of="ping")))),
    ("TC602", one(rule(Send(message()), Wait(days(1)), Split("way", {"a": [Enrol("only")], "b": []})))),
    ("TC602", one(rule(Send(message()), Emit("start", {"order": event.order + 1}), key="order",
                       limit=once(per_key=True)))),
    ("TC602", stages(stage("a", "x"), stage("b", "y"), rules=[
        Rule("one", when="start", limit=once_per_stage(), then=[Send(message()), MoveTo("a"), MoveTo("b"),
                                                                Emit("start")])])),
    ("TC602", one(rule(Wait(days(1)), Emit("start"), Emit("news")),
                  Rule("two", when="news", then=[Send(message())]))),
    # people
    ("TC701", one(rule(Ask(review()), given=HAPPY))),
    ("TC701", one(rule(Branch(last("survey").score > 8, then=[Ask(review())])))),
    ("TC701", one(rule(Ask(review(), still=customer.sentiment == "positive")))),
    ("TC701", one(rule(Send(message(wants="leave us a review", kind="feedback")), given=ever("csat", where=HAPPY)))),
    ("TC702", one(rule(Give(gift(limit=once())), given=HAPPY))),
    ("TC702", one(rule(Give(gift(limit=once())), given=event.share >= 0.5))),
    ("TC702", one(rule(Send(message(kind="gift")), given=HAPPY))),
    ("TC704", one(rule(Ask(review(), thank=gift()), limit=once()))),
    ("TC704", one(rule(Ask(review(incentive="5 EUR off"), thank=gift()), limit=once()))),
    ("TC703", [team("shop"), team("club")]),
    ("TC703", [team("shop", Cap(1, per=days(1))), team("club", Cap(2, per=days(1)))]),
    # content rules, waivers
    ("TC802", kept(ContentRules([each for each in CAN_SPAM if "postal" in each.name],
                                sender=Sender("Shop", postal="1 Mill Lane"), unknown_jurisdiction="US"))),
    ("TC901", one(rule(MARK), waivers=[Waiver("TC999", why="x")])),
    ("TC902", one(rule(MARK), waivers=[Waiver("TC301", why="x")])),
    ("TC902", one(rule(WaitFor("x", forever)),
                  waivers=[Waiver("TC301", why="x"), Waiver("TC301", why="y", at="rule other")])),
]  # fmt: skip


def codes(journeys, *args, **more):
    return [each.code for each in check(journeys, *args, **more)]


@pytest.mark.parametrize("case", [late, answered, raised], ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("when[0]", lambda trigger: {"when": trigger, "then": [MARK]}),
        ("exit[0]", lambda trigger: {"when": "start", "exit": trigger, "then": [Wait(days(1)), MARK]}),
        ("then[0].trigger[0]", lambda trigger: {"when": "start", "then": [WaitFor(trigger, days(1), then=[MARK])]}),
        ("goal.trigger[0]", lambda trigger: {"when": "start", "goal": Goal(trigger), "then": [Wait(days(1)), MARK]}),
    ],
    ids=["when", "exit", "wait", "goal"],
)
def test_a_level_that_a_case_type_does_not_have_is_found_wherever_it_is_waited_for(path, parts, case):  # S8.2
    [found] = check(one(Rule("only", **parts(CaseEscalated(case, level=5))), cases=[case]))
    assert (found.code, found.severity, found.path) == ("TC208", "error", f"$.rules[0].{path}")
    assert f"the case type {case.name!r} has no level 5 in its escalate=" in str(found)


@pytest.mark.parametrize(("code", "wrong"), WRONG, ids=[f"{n} {code}" for n, (code, _) in enumerate(WRONG)])
def test_a_wrong_journey_is_found_by_exactly_its_code(code, wrong):
    found = check(wrong)
    assert {each.code for each in found} == {code}, "\n".join(map(str, found))


def test_a_rule_that_waits_for_a_stage_out_of_reach_is_found_with_the_stage():
    assert codes(stages(stage("a"), rules=[rule(when=Entered("a"))])) == ["TC202", "TC201"]


def test_a_rule_that_waits_for_a_segment_where_nobody_is_is_found_with_the_segment():
    nobody = Segment("s", (count("x") > 3) & (count("x") < 2))
    assert sorted(codes(one(rule(when=[Joined("s"), LeftSegment("s")]), segments=[nobody]))) == ["TC117", "TC202"]


def test_a_message_that_no_rule_sends_is_found():
    assert codes(one(sending()), messages=[message(), message("other")]) == ["TC501"]


def test_a_channel_that_no_adapter_has_is_found():
    only = one(sending(channels=["emial"]))
    (found,) = check(only, channels=[MemoryChannel("email")])
    assert (found.code, found.severity) == ("TC506", "error")
    assert "did you mean 'email'" in found.what
    (found,) = check(one(sending(channels=["email", "sms"])), channels=["email"])
    assert (found.code, found.severity) == ("TC506", "warning")
    assert check(only) == []


def test_journeys_that_cannot_live_together_are_one_finding_each():
    assert codes([one(), one()]) == ["TC001"]


def test_every_check_is_in_the_table_or_has_a_test_of_its_own():
    elsewhere = {"TC001", "TC202", "TC501", "TC506", "TC510", "TC511", "TC512", "TC513"}
    content = {code for code in CHECKS if code.startswith("TC8")}  # their tests are with content rules
    assert set(CHECKS) == {code for code, _ in WRONG} | elsewhere | content
    assert len(WRONG) >= 40


# --- what is no mistake -----------------------------------------------------------------------------------------------

SOUND = [
    one(
        rule(
            Give(gift(budget=Budget("b", 500, "EUR", per=months(1), zone="UTC", over="deny"), stock=5)),
            limit=once(),
        )
    ),
    one(rule(Give(gift(budget=Budget("b", 500, "EUR", per_customer=10), stock=5, approve_above=2)))),
    one(rule(given=(event.score >= 2) & (event.score <= 3))),
    one(rule(given=event.score <= 2, when=["review", "complaint"])),
    one(rule(given=~event.score.exists() | (event.score <= 2), when=["review", Silent(days(3))])),
    one(rule(WaitFor("x", forever), exit="y")),
    one(rule(Emit("start"), WaitFor("start", days(1)))),  # it is live when what it waits for comes (S4.2)
    one(rule(WaitFor("x", forever), goal=Goal("y"))),
    one(rule(Wait(days(7)), limit=cool_down(days(3)), exit="x")),
    one(rule(Wait(days(7)), limit=cool_down(days(3)), key="order")),
    one(rule(Wait(days(7)), limit=cool_down(days(30)))),
    one(rule(WaitFor("x", days(7)), limit=cool_down(days(3)))),
    one(rule(Emit("start"), limit=once())),
    one(rule(Emit("other"))),
    one(rule(WaitFor("paid", days(1)), MARK, exit="paid")),
    one(rule(WaitFor("paid", days(1), then=[MARK]), goal=Goal("paid", given=event.price > 5))),
    one(rule(SetTrait("t", 1), when=TraitChanged("t"))),
    one(rule(SetTrait("t", 1), when=TraitChanged("t", to=2))),
    one(Rule("a", when=TraitChanged("t"), then=[SetTrait("u", event.value)]),
        Rule("b", when=TraitChanged("u"), then=[SetTrait("t", event.value)])),
    one(rule(Emit("start"), SetTrait("n", 2), given=customer.n == 1)),
    one(rule(Emit("start", {"n": 2}), given=event.n == 1)),
    one(rule(Emit("start"), given=event.n == 1)),
    one(rule(Emit("start"), given=count("start") < 5)),
    one(rule(Send(message()), Wait(days(1)), Emit("start"), given=count("start") < 5)),
    one(rule(Send(message()), Wait(days(1)), Emit("start"), given=ever("visit", within=days(7)))),
    one(rule(Send(message()), Emit("told"), Wait(days(1)), Emit("start"), given=~ever("told", within=days(30)))),
    one(rule(Emit("start"), Wait(days(1)))),
    one(rule(Emit("start"), Send(message()))),
    one(Rule("a", when="x", then=[Emit("y"), Wait(days(3))]), Rule("b", when="y", then=[Wait(days(1)), Emit("x")])),
    one(rule(Send(message()), when=Sent("hello"))),
    one(rule(Send(message()), when=Opened("hello"))),
    one(rule(Send(message()), when=Clicked("hello"))),
    one(rule(Send(message()), when=Replied("hello"), concurrency="parallel")),
    one(rule(Send(message()), WaitFor("clicked", days(3), then=[Emit("start")]))),
    one(rule(Send(message()), WaitFor(Opened("hello"), days(3), then=[Emit("start")]))),
    one(rule(Send(message()), Wait(days(1)), Branch(opened("hello"), then=[Emit("start")]))),
    one(rule(Split("way", {"a": [], "b": []}), Emit("start"), when=Exposed("way"))),
    one(rule(Send(message()), when=ConsentChanged("marketing"))),
    one(rule(OpenCase(late, ref="#1"), when=CaseOpened(late)), cases=[late]),
    one(rule(CloseCase(late), when=CaseClosed(late)), cases=[late]),
    one(rule(Send(message()), Emit("seen"), when=Joined("s")), segments=[Segment("s", count("seen") >= 3)]),
    one(rule(Send(message()), Emit("seen"), when=Joined("s")), segments=[Segment("s", ever("seen", within=days(7)))]),
    one(rule(Send(message()), Emit("start", {"order": event.order}), key="order", limit=once(per_key=True))),
    stages(stage("a", "x"), stage("b", "y"), rules=[
        Rule("one", when="start", limit=once_per_stage(), then=[Send(message()), Emit("start")])]),
    one(rule(Send(message()), Emit("start"), limit=cool_down(days(30)))),
    one(rule(Send(message()), Emit("start"), limit=times(3))),
    one(rule(when=TraitChanged("t"), given=event.value > event.before)),
    one(rule(when=ConsentChanged("marketing"), given=event.channel == "sms")),
    one(rule(when=Exposed("way"), given=event.variant == "a"), Rule("b", then=[WAY])),
    one(rule(given=in_segment("s") & (count("x") > 3)), segments=[Segment("s", count("x") >= 3)]),
    one(rule(given=~in_segment("s") & (count("x") < 2)), segments=[Segment("s", count("x") >= 3)]),
    one(rule(Send(message()), Branch(opened("hello") & ~clicked("hello"), then=[MARK]))),
    stages(stage("a", "x", given=count("x") >= 2), stage("b", "x")),
    stages(stage("a", ["x", Entered("a")])),
    stages(stage("a", "x"), stage("b", "y"), stage("c", "z"), rules=[
        Rule("one", when=Left("b"), then=[MoveTo("a")]), Rule("two", when=Left("a"), then=[MoveTo("b")])]),
    stages(stage("a", "x"), rules=[rule(MoveTo("a"), when=Entered("a"))]),
    stages(stage("a", "x", after="b"), stage("b", "x")),
    stages(stage("a", Left("b")), stage("b", "x")),
    stages(stage("a"), rules=[rule(MoveTo("a"))]),
    stages(stage("a", "x"), rules=[rule(MoveTo("a"), when=Left("a"))]),
    one(rule(when=Entered("b", journey="not at hand"))),
    one(rule(OpenCase(late)), cases=[late]),
    kept(SendWindow(("09:00", "12:00"), weekdays=["mon"], **ZONE), expires=days(8)),
    kept(SendWindow(("22:00", "02:00"), **ZONE), QuietHours("00:00", "06:00", **ZONE)),
    kept(Cap(1, per=days(30), over="deny")),
    kept(Cap(5, per=days(7)), Cap(1, per=days(1))),
    kept(QuietHours("21:00", "08:00", kinds=["marketing", "feedback"], **ZONE)),
    one(rule(Give(gift(limit=times(1, per=days(60)))))),
    one(rule(Ask(review()))),
    one(rule(Branch(event.score >= 4, then=[Ask(review())], otherwise=[Wait(days(1)), Ask(review())]))),
    one(rule(Ask(Survey("s", why="learn", channels=["email"], content=Content(text="?"))), given=event.score <= 2)),
    one(rule(Give(gift(limit=once())), given=event.score <= 2)),
    [team("shop"), Journey("two", rules=[sending("two", when="order", **OFFER)], team="shop")],
    [team("shop", Cap(1, per=days(1))), team("club", Cap(1, per=days(1)))],
    one(sending(content=Content(text="You got 20 % off this order, as promised."), kind="marketing")),
    one(sending(content={"*": Content(text="Hi"), "de": Content(text="Hallo")}), sending("two")),
    one(sending(when=Silent(days(3)), content=Content(text="Order {trigger.order|of yours}"))),
    one(rule(Send(message(content=Content(text="{trigger.order}"))), when=Silent(days(3))),
        Rule("b", when="x", then=[Enrol("only")])),
    one(rule(SetTrait("n", 1), Call("ship"), given=now - last("x").at > days(3))),
    one(rule(given=customer.tier.in_(["gold", "silver"]) & customer.vip & (customer.name == "x")), traits=Person),
    one(rule(when=CaseOpened(late), given=count("x") > 0), cases=[late]),
    one(rule(when=CaseOverdue(answered), given=event.deadline == "response"), cases=[answered]),
    one(rule(when=CaseOverdue(answered), given=event.severity == "urgent"), cases=[answered]),
    one(rule(when=[CaseEscalated(raised), CaseReopened(raised), CaseMerged(raised)]), cases=[raised]),
    one(rule(when=CaseEscalated(raised), given=event.level == 2), cases=[raised]),
    one(cases=[CaseType("late", escalate=[BusinessTime(hours(9), OFFICE), hours(1)])]),  # nobody can compare them
    one(rule(WaitFor(CaseOverdue(answered), days(1), then=[MARK]), exit=CaseOverdue(answered, "response")),
        cases=[answered]),
    stages(stage("a", CaseOverdue(answered, "response")), stage("b", CaseOverdue(answered)), cases=[answered]),
    one(rule(OpenCase(answered), Send(message())), Rule("two", when=CaseOverdue(answered), then=[Send(message())]),
        cases=[answered]),
    one(rule(given=(event.a == 1) | (event.a == 2))),
    one(rule(given=customer.name > date(2026, 1, 1)), traits=Person),
    one(rule(given=customer.born > "2026-01-01"), traits=Person),
    one(rule(given=event.price >= 99.5, when=OrderPlaced), touchpoints=[OrderPlaced]),
    one(rule(when=Joined("s"), given=in_segment("t")), segments=[Segment(each, customer[each]) for each in "st"]),
    one(rule(when=["x", "y"], collect=hours(1), given=(event.n > 5) & (trigger.n < 3) & (collected.count > 1))),
    one(rule(when="x", collect=hours(1), given=count("x", within=minutes(5)) == 0)),
    one(rule(React("👍", why="seen"), Reply("Thanks", name="thanks", why="answer"), Call("refund"),
             Branch(result("refund").n > 3, then=[MARK])), policy=Policy(LiveRuns(3), HoldOut("2026", percent=5))),
    one(rule(Split("sizes", {"a": [Exit()], "b": []}), Wait(days(1)), limit=cool_down(days(1)), exit="y")),
    one(rule(when="x", given=count("x") == 1)),
    one(rule(when="x", given=count("x", where=event.kind == "a") == 0)),
    one(rule(when=["x", "y"], given=ever("x"))),
    one(rule(when="x", given=now - last("y").at > days(90))),
    one(rule(when=Silent(days(30), of="x"), given=count("x", within=days(60)) >= 3)),
    one(rule(Wait(days(1)), exit=customer.vip, given=~customer.vip)),
    one(rule(WaitFor("order_placed", days(1))), Rule("two", when="order_paid")),
]  # fmt: skip


@pytest.mark.parametrize("sound", SOUND, ids=range(len(SOUND)))
def test_a_sound_journey_is_left_alone(sound):
    assert check(sound) == []


def test_a_limit_per_stage_is_not_called_endless_because_another_rule_moves_the_customer():  # S4.3, S4.4
    moved = Journey(
        "j",
        stages=[Stage("x", phase="engage"), Stage("y", phase="engage", when="b")],
        rules=[
            Rule("one", when="a", limit=once_per_stage(), then=[Emit("a")]), Rule("two", when="a", then=[Emit("b")]),
        ],
    )  # fmt: skip
    assert "TC601" not in {each.code for each in check(moved)}


@pytest.mark.parametrize(
    "endless", [wrong for code, wrong in WRONG if code == "TC601"], ids=lambda each: str(each.rules)[:40]
)
def test_what_is_called_an_endless_circle_is_one(endless):  # S4.3
    engine = engine_of(journeys=[endless])
    for number, kind in enumerate(["start", "x", "y"]):
        engine.record("ann", kind, id=str(number))
    for value in (1, 2, 3):
        engine.identify("ann", traits={"t": value})
    if endless.cases:
        engine.open_case("ann", "late", ref="1")
    assert engine.parked_count() > 0


@pytest.mark.parametrize(
    "wrong", [wrong for code, wrong in WRONG if code == "TC116"], ids=lambda each: str(each.rules)[:60]
)
def test_what_is_called_never_true_just_then_starts_nothing_then(wrong):  # S4.2
    engine = engine_of(journeys=[wrong], clock=VirtualClock(START))
    engine.record("ann", "x", id="1")
    pass_time(engine, days(40))
    given = wrong.rules[0].given
    assert given is None or "y" in str(given) or engine.customer("ann").runs == ()


# S8.3: an incentive is disclosed, and for every answer alike
def test_a_survey_that_tells_of_its_incentive_may_be_thanked_for():
    told = {"why": "learn", "channels": ["email"], "incentive": "5 EUR off", "scale": "csat"}
    words = {
        "en": Content(text="How was it?\n5 EUR\n  off for any answer"),
        "*": Content(text="Wie war es? 5 EUR off!"),
    }
    assert check(one(rule(Ask(Survey("ask", content=words, **told), thank=gift()), limit=once()))) == []
    words["fr"] = Content(text="Et alors ?")
    assert codes(one(rule(Ask(Survey("ask", content=words, **told), thank=gift()), limit=once()))) == ["TC704"]
    assert check(one(rule(Ask(review(), thank=message(kind="service")), limit=once()))) == []


def test_a_low_share_may_lead_to_a_gift():
    assert check(one(rule(Give(gift(limit=once())), given=event.share <= 0.5))) == []
    assert check(one(rule(Give(gift(limit=once())), given=event.share > 0.2))) == []


def test_caps_of_the_house_keep_teams_apart():
    assert check([team("shop"), team("club")], Policy(Cap(1, per=days(1), kinds=["marketing"]))) == []
    assert codes([team("shop"), team("club")], Policy(Cap(1, per=days(1), kinds=["gift"]))) == ["TC703"]


@pytest.mark.parametrize("path", [*sorted((ROOT / "examples").glob("[!m]*.py")), SHOP], ids=lambda path: path.stem)
def test_nothing_is_found_in_whole_programs(path):
    if not path.exists():
        pytest.skip("the acceptance programs are not here")
    program = runpy.run_path(str(path), run_name="a_program")
    journeys = [each for each in program.values() if isinstance(each, Journey)]
    assert journeys
    assert [str(each) for each in check(journeys)] == []


def test_a_gift_whose_worth_no_engine_can_count_is_checked_all_the_same():
    asked = one(rule(Give(gift(worth=1.5859375, budget=None))), policy=Policy(Approval(1, "EUR")))
    assert "TC523" not in codes(asked)


@settings(max_examples=examples(40))
@given(any_journeys())
def test_any_journey_can_be_checked(journey):
    for each in check(journey):
        assert each.code in CHECKS
        assert each.journey in ("", journey.name)


@settings(max_examples=examples(40))
@given(plain_journeys())
def test_the_same_journey_has_the_same_findings_whatever_the_order_of_sets(journey):
    assert check(journey) == check([journey])


# --- waivers ----------------------------------------------------------------------------------------------------------


def test_a_waiver_is_about_a_code_and_a_place():
    waits = rule(WaitFor("x", forever))
    other = Rule("other", when="y", then=[WaitFor("x", forever)])
    assert codes(one(waits, other, waivers=[Waiver("TC301", why="it always comes")])) == []
    assert codes(one(waits, other, waivers=[Waiver("TC301", why="it always comes", at="rule only")])) == ["TC301"]
    assert codes(one(waits, other, waivers=[Waiver("TC301", why="it always comes", at="$.rules[1]")])) == ["TC301"]
    assert codes(one(waits, waivers=[Waiver("TC301", why="so", at="$.rules[0].then[0].timeout")])) == []


def test_a_waiver_beside_the_journeys_is_about_all_of_them():
    waits = one(rule(WaitFor("x", forever)))
    assert codes(waits, waive={"TC301": "it always comes"}) == []
    assert codes(one(), waive={"TC301": "it always comes"}) == ["TC902"]
    assert codes(one(), waive_in_all={"TC301": "it always comes"}) == []
    assert codes(one(), waive_in_all={"TC300": "it always comes"}) == ["TC901"]


def test_a_waiver_without_a_reason_is_refused():
    with pytest.raises(ValueError, match=re.escape("$.waivers[0].why")):
        one(waivers=[Waiver("TC301", why="  ")])


def test_a_finding_says_what_where_why_and_how_to_mend_it():
    (found,) = check(one(rule(given=(event.score <= 2) & (event.score > 3))))
    assert (found.code, found.name, found.severity) == ("TC101", "rule-never-starts", "error")
    assert (found.journey, found.path, found.about) == ("one", "$.rules[0].given", "rule only")
    assert "can never be true" in found.what
    assert found.why
    assert found.mend
    assert str(found).startswith("one: $.rules[0].given: TC101 rule-never-starts: ")


def test_findings_stand_in_the_order_of_their_places():
    rules = [Rule(f"r{n}", when="x", then=[WaitFor("y", forever)]) for n in range(12)]
    assert [each.path for each in check(one(*rules))] == [f"$.rules[{n}].then[0].timeout" for n in range(12)]


# --- what is called impossible, in the engine itself ------------------------------------------------------------------

NEVER_STARTS, NEVER_ENTERED = {"TC101", "TC202"}, {"TC102", "TC201"}
DENIED = plain_journeys().filter(lambda each: {one.code for one in check(each)} & (NEVER_STARTS | NEVER_ENTERED))


@settings(max_examples=examples(40))
@given(st.data())
def test_what_is_called_out_of_reach_never_happens(data):
    journey = data.draw(DENIED)
    with World([journey]) as world:
        play(data.draw(stories([journey])), world)
        world.run_out(days(30))
        lived = world.engine.customer("ann")
    started = {f"rule {run.rule}" for run in lived.runs}
    entered = {f"stage {move.entered}" for move in lived.moves}
    for each in check(journey):
        seen(f"{each.code} {bool(started | entered)}")
        assert not (each.code in NEVER_STARTS and each.about in started)
        assert not (each.code in NEVER_ENTERED and each.about in entered)


# --- in time ----------------------------------------------------------------------------------------------------------


@pytest.mark.untraced
@pytest.mark.parametrize(
    "condition",
    [
        reduce(and_, [customer[f"a{n}"] == n for n in range(900)]),
        reduce(or_, [customer[f"a{n}"] == n for n in range(900)]),
        reduce(and_, [customer.a != n for n in range(280)]),
        reduce(and_, [(customer[f"a{n}"] == 1) | (customer[f"b{n}"] == 2) for n in range(60)]),
        reduce(and_, [count("x", within=hours(n + 1)) >= n for n in range(38)]),
    ],
    ids=["and", "or", "one value", "and of or", "counts"],
)
def test_a_condition_of_any_size_is_checked_in_bounded_work(condition):
    searched = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solve, "narrowed", lambda *known: searched.append(1) or narrowed(*known))
        check(one(rule(given=condition)))
    assert len(searched) < 20_000
