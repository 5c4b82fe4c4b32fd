import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Literal, get_args

import attrs
import pytest

from touchpoint.durations import days, forever, hours
from touchpoint.errors import InvalidInput, InvalidTouchpoint, JourneyError
from touchpoint.journey import steps, triggers
from touchpoint.journey.conditions import (
    case_open,
    count,
    customer,
    event,
    ever,
    in_stage,
    last,
    outcome,
    sent,
    total,
    trigger,
)
from touchpoint.journey.declared import fields_of_class, structure, structure_traits
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, Hold, Policy, PolicyItem, Spacing
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.shapes import SHAPES
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import (
    Ask,
    Branch,
    Call,
    CloseCase,
    Emit,
    Enrol,
    Exit,
    Give,
    MoveTo,
    OpenCase,
    Send,
    SetTrait,
    Wait,
    WaitFor,
    WaitUntil,
)
from touchpoint.journey.triggers import Anniversary, CaseOpened, Dwelt, Entered
from touchpoint.journey.validate import check_together, problems
from touchpoint.journey.windows import QuietHours
from touchpoint.model.case import CaseType
from touchpoint.model.limits import once_per_stage, times
from touchpoint.model.message import Content, Gift, Message, Survey

HELLO = Message("hello", why="greet", channels=["email"], content=Content(text="hi"))


def found(**parts):
    """What is wrong with a journey, by path."""
    with pytest.raises(JourneyError) as caught:
        Journey("j", **parts)
    return {problem.path: f"{problem.message} ({problem.fix})" for problem in caught.value.problems}


def found_in(*taken, cases=(), stages=(), touchpoints=(), traits=None, **more):
    rule = Rule("r", **{"when": "go", "then": list(taken), **more})
    return found(rules=[rule], cases=cases, stages=stages, touchpoints=touchpoints, traits=traits)


def fine_with(*taken, cases=(), stages=(), touchpoints=(), traits=None, **more):
    rule = Rule("r", **{"when": "go", "then": list(taken), **more})
    return Journey("j", rules=[rule], cases=cases, stages=stages, touchpoints=touchpoints, traits=traits)


def found_about(message):
    return found_in(Send(message))


def evolved(**parts):
    return attrs.evolve(HELLO, **parts)


# --- journeys that are fine -------------------------------------------------------------------------------------------


def test_a_whole_shop_is_valid():
    late, complaint = CaseType("late"), CaseType("complaint", respond_within=hours(24))
    ask = Survey("ask", why="learn", channels="email", content=Content(subject="How?", text="Order {trigger.order}."))
    gift = Gift(
        "sorry",
        occasion="apologise",
        worth=10,
        currency="BRL",
        budget=20_000,
        why="make good",
        channels="email",
        content=Content(text="A voucher"),
        limit=times(1, per=days(90)),
    )
    shop = Journey(
        "shop",
        cases=[late, complaint],
        stages=[
            Stage("buyer", phase="engage", when="order_placed", given=count("order_placed", within=days(365)) == 1),
            Stage("lapsed", phase="attract", when=triggers.Silent(days(120), of="order_placed")),
        ],
        rules=[
            Rule(
                "delay", when="missed", key="order", then=[OpenCase(late), Send(HELLO), WaitFor("delivered", days(60))]
            ),
            Rule("ask", when="delivered", then=[Ask(ask, still=~ever("review", where=event.order == trigger.order))]),
            Rule("good", when="review", given=event.score <= 2, then=[OpenCase(complaint), Give(gift)]),
            Rule("back", when=Entered("lapsed"), goal=Goal("order_placed"), then=[Branch(~case_open())]),
        ],
        policy=Policy(QuietHours("21:00", "08:00", unknown_zone="deny"), Cap(2, per=days(7)), Hold(while_open=[late])),
    )
    assert problems(shop) == ()


def test_a_journey_may_be_all_but_empty():
    assert problems(Journey("j", rules=[Rule("r", when="go", then=[])])) == ()


# S6.4
def test_a_policy_may_be_shared_with_a_journey_that_declares_the_case():
    assert problems(Journey("sale", policy=Policy(Hold(while_open="support")))) == ()


# --- all at once ------------------------------------------------------------------------------------------------------


def test_every_problem_is_reported_at_once():
    wrong = found(
        stages=[Stage("s", phase="nonsense"), Stage("t", phase="engage", after="gone")],
        rules=[
            Rule("r", when="x", then=[WaitFor("x"), Send(evolved(why=" "))]),
            Rule("r", when="y", then=[MoveTo("z")]),
        ],
    )
    assert list(wrong) == [
        "$.stages[0].phase",
        "$.rules[1].name",
        "$.stages[1]",
        "$.rules[1].then[0]",
        "$.rules[0].then[0].timeout",
        "$.rules[0].then[1].message.why",
    ]


def test_a_message_used_in_many_places_is_reported_once():
    bad = evolved(why="")
    assert list(found_in(Send(bad), Branch(event.a == 1, then=[Send(bad)]))) == ["$.rules[0].then[0].message.why"]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "  ", None, 5, b"j"])
def test_a_journey_has_a_name(name):
    with pytest.raises(JourneyError) as caught:
        Journey(name)
    assert caught.value.problems[0].path == "$.name"


def test_rules_have_names_of_their_own():
    wrong = found(rules=[Rule("r", when="a"), Rule("r", when="b")])["$.rules[1].name"]
    assert "rule 'r' is declared twice" in wrong


def test_stages_have_names_of_their_own():
    assert "twice" in found(stages=[Stage("s", phase="engage")] * 2)["$.stages[1].name"]


def test_cases_have_names_of_their_own():
    assert "twice" in found(cases=[CaseType("c")] * 2)["$.cases[1].name"]


# S4.5
def test_a_rule_gives_no_step_id_twice():
    assert "twice" in found_in(Exit(id="x"), Branch(event.a == 1, then=[Exit(id="x")]))["$.rules[0].then[1].then[0]"]


# S4.5
def test_a_step_id_differs_from_those_that_are_derived():
    assert "send:hello" in found_in(Send(HELLO), Exit(id="send:hello"))["$.rules[0].then[1]"]


def test_one_name_means_one_message():
    assert "two definitions" in found_in(Send(HELLO), Send(evolved(priority=1)))["$.rules[0].then[1].message.name"]


def test_an_equal_message_is_the_same_message():
    assert problems(fine_with(Send(HELLO), Send(evolved()))) == ()


@pytest.mark.parametrize("was", [["old"], ("a", "b"), "old"])
def test_a_rule_may_say_what_it_was_called_before(was):  # S4.1
    Journey("j", rules=[Rule("r", when="go", was=was)])


def test_earlier_names_are_gone_and_were_those_of_one_rule():  # S4.1, S5.4
    rules = [Rule("a", when="go", was=["b", "x"]), Rule("b", when="go", was=["x", "b"])]
    with pytest.raises(JourneyError) as caught:
        Journey("j", rules=rules)
    found = {(each.path, each.message.split(":")[0]) for each in caught.value.problems}
    assert found == {
        ("$.rules[0].was", "'b' is no earlier name of rule 'a'"),
        ("$.rules[1].was", "'x' is an earlier name of two rules, of the other one at $.rules[0].was"),
        ("$.rules[1].was", "'b' is no earlier name of rule 'b'"),
    }


def test_earlier_names_of_steps_are_gone_and_were_those_of_one_step():  # S4.5, S5.4
    steps = [Exit(id="a", was="b"), Branch(customer.vip, then=[Exit(id="b", was=["c"]), Exit(id="d", was=["c"])])]
    with pytest.raises(JourneyError) as caught:
        Journey("j", rules=[Rule("r", when="go", then=steps)])
    assert [each.path for each in caught.value.problems] == ["$.rules[0].then[0].was", "$.rules[0].then[1].then[1].was"]


# --- fields of another type -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (Send("hello"), "message"),
        (Send(None), "message"),
        (Ask(HELLO), "message"),
        (Give(HELLO), "message"),
        (Send(HELLO, still=True), "still"),
        (Send(HELLO, still=event), "still"),
        (Branch(lambda: True), "condition"),
        (WaitFor("x", days(1), since="ever"), "since"),
        (WaitFor("x", days(1), unknown_zone="Europe/Madird"), "unknown_zone"),
        (WaitUntil(5, days(1)), "condition"),
        (Wait(until="9 o'clock"), "until"),
        (Wait(until=customer.renewal, at="25:00"), "at"),
        (Wait(days(1), id=""), "id"),
        (MoveTo(Stage("s", phase="engage")), "stage"),
        (SetTrait("", 1), "trait"),
        (Call(""), "function"),
        (Exit(None), "reason"),
    ],
)
def test_a_field_of_a_step_that_holds_something_else_is_a_problem(step, path):
    assert list(found_in(step)) == [f"$.rules[0].then[0].{path}"]


@pytest.mark.parametrize(
    "more",
    [
        {"concurrency": "wait"},
        {"limit": 3},
        {"key": ""},
        {"key": 5},
        {"priority": "high"},
        {"priority": True},
        {"given": True},
        {"why": None},
        {"goal": "paid"},
    ],
)
def test_a_field_of_a_rule_that_holds_something_else_is_a_problem(more):
    assert list(found_in(**more)) == [f"$.rules[0].{next(iter(more))}"]


@pytest.mark.parametrize(
    "part",
    [
        {"rules": ["r"]},
        {"stages": ["s"]},
        {"cases": ["c"]},
        {"policy": "none"},
        {"touchpoints": [int]},
        {"traits": {"a": 1}},
    ],
)
def test_a_part_of_a_journey_that_is_something_else_is_a_problem(part):
    field = next(iter(part))
    many = field not in ("policy", "traits")
    assert list(found(**part)) == [f"$.{field}[0]" if many else f"$.{field}"]


def test_a_subclass_of_a_message_is_refused_because_it_could_not_be_stored():
    @attrs.frozen
    class Special(Message):
        pass

    special = Special("s", why="w", channels="email", content=Content(text="x"))
    assert "not a Special" in found_in(Send(special))["$.rules[0].then[0].message"]


def test_a_near_miss_gets_a_suggestion():
    assert "did you mean 'restart'" in found_in(concurrency="restrat")["$.rules[0].concurrency"]


def test_a_phase_names_those_there_are():
    wrong = found(stages=[Stage("s", phase="nonsense")])["$.stages[0].phase"]
    assert all(word in wrong for word in ("nonsense", "attract", "engage", "delight"))


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (Cap("many" and 2, per=days(1), over="wait"), "over"),
        (Cap(1, per=days(1), kinds=["no good"]), "kinds[0]"),
        (Cap(1, per=days(1), channels=["*"]), "channels[0]"),
        (Spacing(hours(4), kinds=[""]), "kinds[0]"),
    ],
)
def test_the_items_of_a_policy_are_looked_at(item, path):
    assert list(found(policy=Policy(item))) == [f"$.policy.items[0].{path}"]


def test_every_field_of_every_class_has_a_shape():
    refuse_themselves = {"QuietHours", "SendWindow", "BusinessHours"}
    for cls, shape in SHAPES.items():
        if cls.__name__ not in refuse_themselves:
            assert {field.name for field in attrs.fields(cls)} == shape.keys(), cls


def test_every_step_trigger_and_policy_item_has_a_shape():
    assert {*get_args(steps.Step), *get_args(triggers.Trigger), *get_args(PolicyItem)} <= SHAPES.keys()


# --- what belongs together --------------------------------------------------------------------------------------------


# S3.2
@pytest.mark.parametrize("made", [Entered, lambda name: Entered(name, journey="j"), lambda name: Dwelt(name, days(1))])
def test_a_trigger_names_a_stage_there_is(made):
    stages = [Stage("lapsed", phase="attract")]
    assert "did you mean 'lapsed'" in found_in(when=made("lasped"), stages=stages)["$.rules[0].when[0]"]
    assert problems(fine_with(when=made("lapsed"), stages=stages)) == ()


def test_a_stage_of_another_journey_is_its_own_business():
    assert problems(fine_with(when=Entered("x", journey="other"), given=in_stage("y", journey="other"))) == ()


def test_a_condition_names_a_stage_there_is():
    assert "'s'" in found_in(Branch(event.a.exists() & ~in_stage("s")))["$.rules[0].then[0].condition"]


def test_a_stage_comes_after_stages_there_are():
    assert "'x'" in found(stages=[Stage("s", phase="engage", after="x")])["$.stages[0]"]


# S8.2
@pytest.mark.parametrize(
    "part", [OpenCase("late"), CloseCase("late"), WaitFor(CaseOpened("late"), days(1)), Branch(case_open("late"))]
)
def test_a_case_is_declared(part):
    assert all("no case 'late'" in wrong for wrong in found_in(part).values())
    assert problems(fine_with(part, cases=[CaseType("late")])) == ()


def test_an_enrolment_names_a_rule_there_is():
    assert "did you mean 'r'" not in found_in(Enrol("other"))["$.rules[0].then[0]"]
    assert problems(fine_with(Enrol("r"))) == ()


# S5.1
def test_the_outcome_of_a_message_is_asked_in_the_rule_that_sends_it():
    assert "'offer'" in found_in(Send(HELLO), Branch(sent("offer")))["$.rules[0].then[1].condition"]
    assert problems(fine_with(Send(HELLO), Branch(outcome(HELLO) == "denied"))) == ()


def test_a_stage_knows_the_outcome_of_no_message():
    parts = {"stages": [Stage("s", phase="engage", when="go", given=sent(HELLO))]}
    assert list(found(rules=[Rule("r", when="go", then=[Send(HELLO)])], **parts)) == ["$.stages[0].given"]


def test_a_rule_without_a_trigger_starts_by_enrolment():
    assert fine_with(when=[])


def test_a_goal_says_what_reaches_it():
    assert list(found_in(goal=Goal([]))) == ["$.rules[0].goal.trigger"]


def test_a_wait_says_what_it_waits_for():
    assert list(found_in(WaitFor([], days(1)))) == ["$.rules[0].then[0].trigger"]


# S5.2
@pytest.mark.parametrize("wait", [WaitFor("x"), WaitUntil(event.a == 1)])
def test_a_wait_without_a_timeout_says_forever(wait):
    assert "forever" in found_in(wait)["$.rules[0].then[0].timeout"]
    assert problems(fine_with(attrs.evolve(wait, timeout=forever))) == ()


def test_a_local_time_goes_with_a_date_from_data():
    assert list(found_in(Wait(days(1), at="09:00"))) == ["$.rules[0].then[0].at"]


def test_an_anniversary_has_a_time_and_a_zone_there_are():
    wrong = found_in(when=Anniversary("birthday", at="9", unknown_zone="Mars"))
    assert list(wrong) == ["$.rules[0].when[0].at", "$.rules[0].when[0].unknown_zone"]


# --- messages ---------------------------------------------------------------------------------------------------------


# S6.1
def test_a_message_says_why():
    wrong = found_about(evolved(why=""))
    assert list(wrong) == ["$.rules[0].then[0].message.why"]
    assert "must say why" in next(iter(wrong.values()))


def test_a_message_has_a_channel():
    assert list(found_about(evolved(channels=[]))) == ["$.rules[0].then[0].message.channels"]


@pytest.mark.parametrize("channel", ["", "*", "e mail", "email/de"])
def test_channels_have_well_formed_names(channel):
    assert list(found_about(evolved(channels=[channel]))) == ["$.rules[0].then[0].message.channels[0]"]


@pytest.mark.parametrize(
    "parts",
    [
        {"kind": "very special"},
        {"expires": timedelta(0)},
        {"priority": 1.5},
        {"cost": -1},
        {"on_release": "wait"},
        {"counted": 1},
        {"limit": once_per_stage()},
        {"limit": times(1, per_key=True)},
        {"content": None},
    ],
)
def test_a_message_that_cannot_be_is_refused(parts):
    assert list(found_about(evolved(**parts))) == [f"$.rules[0].then[0].message.{next(iter(parts))}"]


@pytest.mark.parametrize("way", ["send", "drop", "replan"])
def test_a_held_message_goes_out_is_dropped_or_is_planned_anew(way):  # S6.7
    assert problems(fine_with(Send(evolved(on_release=way)))) == ()


def test_content_says_something():
    assert "says nothing" in found_about(evolved(content=Content(text=" ")))['$.rules[0].then[0].message.content["*"]']


@pytest.mark.parametrize("key", ["emial", "sms", "sms/de", "email/", "email/german?", "*/de"])
def test_content_is_for_a_channel_of_the_message_or_a_locale(key):
    wrong = found_about(evolved(content={"*": Content(text="x"), key: Content(text="x")}))
    assert list(wrong) == [f"$.rules[0].then[0].message.content[{json.dumps(key)}]"]


@pytest.mark.parametrize("key", ["email", "email/de", "de", "de-AT", "pt_BR", "*"])
def test_content_may_be_for_a_channel_a_locale_or_both(key):
    assert problems(fine_with(Send(evolved(content={key: Content(text="x")})))) == ()


def test_every_channel_has_something_to_say():
    wrong = found_about(evolved(channels=["email", "push"], content={"email": Content(text="x")}))
    assert "'push'" in wrong["$.rules[0].then[0].message.content"]


# S6.2
@pytest.mark.parametrize("part", ["text", "subject", "html"])
def test_a_template_that_cannot_be_read_is_reported(part):
    content = Content(**{"text": "x", part: "Hello {custmer.name}"})
    wrong = found_about(evolved(content=content))[f'$.rules[0].then[0].message.content["*"].{part}']
    assert "line 1, column 7" in wrong
    assert "customer" in wrong


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"occasion": "bribe"}, "occasion"),
        ({"worth": -1}, "worth"),
        ({"worth": 10}, "currency"),
        ({"worth": 10, "currency": "EUR", "budget": 9}, "budget"),
        ({"worth": float("nan")}, "worth"),
        ({"worth": "10"}, "worth"),
    ],
)
def test_a_gift_that_cannot_be_is_refused(parts, field):
    gift = Gift("g", why="thanks", channels="post", content=Content(text="x"), **parts)
    assert list(found_in(Give(gift))) == [f"$.rules[0].then[0].message.{field}"]


# S8.1
def test_a_survey_has_a_scale_there_is():
    survey = Survey("s", why="learn", channels="email", content=Content(text="x"), scale="ten")
    assert "nps" in found_in(Ask(survey))["$.rules[0].then[0].message.scale"]


# --- declared classes -------------------------------------------------------------------------------------------------


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


@attrs.frozen
class Item:
    sku: str
    price: Decimal = Decimal(0)
    note: str | None = None


@attrs.frozen
class Bought:
    order: str
    price: Decimal = Decimal(0)
    at_till: datetime | None = None
    due: date | None = None
    items: list[Item] = attrs.field(factory=list)
    size: Size = Size.SMALL
    till: Literal["shop", "web"] = "web"
    tags: frozenset[str] = frozenset()
    first: Item | None = None
    score: int = attrs.field(default=1, validator=attrs.validators.in_([1, 2, 3]))
    span: timedelta | None = None
    share: float | str = 0.5
    extra: object = None
    by_name: dict[str, int] = attrs.field(factory=dict)


@attrs.frozen
class Person:
    name: str
    vip: bool = False
    visits: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    home: Item | None = None


DECLARED = {"touchpoints": [Bought], "traits": Person}


@pytest.mark.parametrize(
    "condition",
    [
        event.pirce > 1,
        trigger.pirce > 1,
        event.first.pirce > 1,
        last("bought").pirce > 1,
        total("bought", of="pirce") > 1,
        count("bought", where=event.pirce == 3) > 1,
        count("bought", within=days(1), where=trigger.pirce < event.price) > 1,
    ],
)
def test_a_condition_on_a_declared_type_knows_its_properties(condition):
    wrong = found_in(Branch(condition), when="bought", **DECLARED)["$.rules[0].then[0].condition"]
    assert "did you mean 'price'" in wrong


@pytest.mark.parametrize(
    "condition",
    [
        event.price > 1,
        event["at"].exists(),
        event.channel == "email",
        event.first.price > 1,
        event.items.contains("x"),
        event.extra.anything == 1,
        last("other").pirce > 1,
        customer.home.sku == "x",
    ],
)
def test_what_is_declared_or_not_known_may_be_asked(condition):
    assert problems(fine_with(Branch(condition), when="bought", **DECLARED)) == ()


# S5.3
def test_event_may_be_what_a_wait_waited_for():
    taken = [WaitFor("answered", forever), Branch(event.answer == 1)]
    assert problems(fine_with(*taken, when="bought", **DECLARED)) == ()
    assert list(found_in(*taken, Branch(trigger.answer == 1), when="bought", **DECLARED)) == [
        "$.rules[0].then[2].condition"
    ]


def test_the_condition_of_a_wait_is_about_what_it_waits_for():
    wait = WaitFor("bought", forever, given=event.pirce == trigger.order)
    assert list(found_in(wait, when="other", **DECLARED)) == ["$.rules[0].then[0].given"]


def test_one_of_several_types_is_enough():
    assert problems(fine_with(when=["bought", "answered"], given=event.answer == 1, **DECLARED)) == ()


def test_the_conditions_of_stages_and_goals_are_looked_at_too():
    stages = [Stage("s", phase="engage", when="bought", given=event.pirce > 1)]
    wrong = found_in(when="x", goal=Goal("bought", given=event.ordr == "x"), stages=stages, **DECLARED)
    assert list(wrong) == ["$.stages[0].given", "$.rules[0].goal.given"]


# S7.5
def test_traits_are_known_where_they_are_declared():
    message = evolved(content=Content(text="{customer.nmae|you}"), uses=["shoe"])
    wrong = found_in(
        Send(message),
        SetTrait("vipp", 1),
        Emit("x", {"a": customer.vips}),
        when=Anniversary("birthday"),
        given=customer.vpi,
        **DECLARED,
    )
    assert list(wrong) == [
        "$.rules[0].given",
        '$.rules[0].then[2].properties["a"]',
        "$.rules[0].when[0].trait",
        "$.rules[0].then[0].message.uses",
        "$.rules[0].then[1].trait",
        '$.rules[0].then[0].message.content["*"].text',
    ]


def test_templates_know_the_properties_of_declared_types():
    message = evolved(content=Content(text="{trigger.oder} {event.order} {trigger.at:date}"))
    wrong = found_in(Send(message), when="bought", **DECLARED)
    assert "did you mean 'order'" in wrong['$.rules[0].then[0].message.content["*"].text']


def test_a_key_is_a_property_of_the_trigger():
    assert "did you mean 'order'" in found_in(when="bought", key="ordre", **DECLARED)["$.rules[0].key"]
    assert problems(fine_with(when="bought", key="order", **DECLARED)) == ()


def test_two_classes_cannot_declare_one_type():
    @attrs.frozen
    class Again:
        __touchpoint__ = "bought"

    assert "twice" in found(touchpoints=[Bought, Again])["$.touchpoints[1]"]


def test_a_class_has_a_name_that_a_touchpoint_may_have():
    @attrs.frozen
    class Bad:
        __touchpoint__ = "no good"

    assert list(found(touchpoints=[Bad])) == ["$.touchpoints[0]"]


# --- payloads ---------------------------------------------------------------------------------------------------------


def refused(cls, properties):
    with pytest.raises(InvalidTouchpoint) as caught:
        structure(cls, properties)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_the_fields_of_a_class_are_what_its_constructor_takes():
    assert fields_of_class(Item) == ("sku", "price", "note")


def test_a_class_that_declares_nothing_is_refused():
    with pytest.raises(JourneyError, match="attrs"):
        fields_of_class(int)


# S1.2
def test_a_payload_is_structured():
    given = {
        "order": "o-1",
        "price": "9.90",
        "at_till": "2026-03-01T10:00+02:00",
        "due": "2026-03-02",
        "size": "l",
        "items": [{"sku": "a", "price": 1}],
        "tags": ["b", "a"],
        "first": Item("x"),
        "extra": {"a": [1, None]},
        "share": "half",
    }
    assert structure(Bought, given) == {
        "order": "o-1",
        "price": Decimal("9.90"),
        "at_till": datetime(2026, 3, 1, 8, tzinfo=UTC),
        "due": date(2026, 3, 2),
        "size": "l",
        "items": [{"sku": "a", "price": Decimal(1)}],
        "tags": ["a", "b"],
        "first": {"sku": "x", "price": Decimal(0)},
        "extra": {"a": [1, None]},
        "share": "half",
        "till": "web",
        "score": 1,
        "by_name": {},
    }


def test_structuring_twice_changes_nothing():
    once = structure(Bought, {"order": "o-1", "price": 5, "items": [{"sku": "a", "note": None}]})
    assert structure(Bought, once) == once


# S4.6
def test_what_was_not_said_stays_missing():
    assert "at_till" not in structure(Bought, {"order": "o-1"})
    assert structure(Bought, {"order": "o-1", "at_till": None})["at_till"] is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        "x",
        1,
        1.5,
        Decimal("1.5"),
        timedelta(1),
        date(2026, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
        [1, ["a"]],
        {"a": {}},
    ],
)
def test_what_is_declared_as_anything_stays_what_it_is(value):
    assert structure(Bought, {"order": "o-1", "extra": value})["extra"] == value


def test_a_class_that_declares_what_is_no_data_says_so():
    @attrs.frozen
    class Odd:
        when: subprocess.Popen

    assert "no data" in refused(Odd, {"when": "x"})


def test_an_instance_is_a_payload():
    assert structure(Item, Item("a", Decimal(2))) == {"sku": "a", "price": Decimal(2)}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"price": "SECRET"}, "price: expected a finite decimal number"),
        ({"price": True}, "price: expected a finite decimal number"),
        ({"price": float("inf")}, "price: expected a finite decimal number"),
        ({"order": 5}, "order: expected text"),
        ({"at_till": datetime(2026, 1, 1)}, "at_till: expected a datetime with a time zone"),
        ({"at_till": "2026-01-01"}, "at_till: expected a datetime with a time zone"),
        ({"due": "2026-02-30"}, "due: expected a date"),
        ({"due": datetime(2026, 1, 1, tzinfo=UTC)}, "due: expected a date"),
        ({"items": "SECRET"}, "items: expected a list"),
        ({"items": [{"sku": "a"}, {"sku": 5}]}, "items[1].sku: expected text"),
        ({"size": "SECRET"}, "size: expected one of s, l"),
        ({"till": "SECRET"}, "till: expected one of shop, web"),
        ({"score": True}, "score: expected a whole number"),
        ({"score": 0}, "score: refused by Bought itself (ValueError)"),
        ({"first": "SECRET"}, "first: expected a mapping"),
        ({"extra": {1: "SECRET"}}, "extra: expected a JSON value"),
        ({"extra": [float("nan")]}, "extra: expected a JSON value"),
        ({"by_name": ["SECRET"]}, "by_name: expected a mapping"),
        ({"span": 5}, "span: expected a timedelta"),
        ({"share": None}, "share: expected a finite number or text"),
        ({"extra": object()}, "extra: expected a JSON value"),
        ({"by_name": {"k": "SECRET"}}, 'by_name["k"]: expected a whole number'),
        ({"pirce": 5}, "pirce: Bought has no such field; did you mean 'price'?"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_by_path_and_never_quoted(properties, expected):
    text = refused(Bought, {"order": "o-1", **properties})
    assert f"$.properties.{expected}" in text
    assert "SECRET" not in text


def test_every_problem_of_a_payload_is_reported():
    text = refused(Bought, {"price": "x", "due": "y"})
    assert all(f"$.properties.{name}:" in text for name in ("order", "price", "due"))


@pytest.mark.parametrize("properties", [None, [], "text"])
def test_a_payload_is_a_mapping(properties):
    assert "$.properties: expected a mapping" in refused(Bought, properties)


# S1.1
def test_traits_come_one_at_a_time():
    assert structure_traits(Person, {"visits": 3}) == {"visits": 3}


def test_traits_that_do_not_fit_are_refused_and_never_quoted():
    with pytest.raises(InvalidInput) as caught:
        structure_traits(Person, {"name": 5, "vip": "SECRET", "visits": -7, "home": {"sku": 1}, "vipp": 1})
    lines = str(caught.value).splitlines()[1:]
    assert [line.partition(":")[0].strip(" -") for line in lines] == [
        "$.traits.name",
        "$.traits.vip",
        "$.traits.visits",
        "$.traits.home.sku",
        "$.traits.vipp",
    ]
    assert "SECRET" not in str(caught.value)
    assert "-7" not in str(caught.value)


# --- several journeys -------------------------------------------------------------------------------------------------


def together(*journeys):
    with pytest.raises(JourneyError) as caught:
        check_together(journeys)
    return [problem.path for problem in caught.value.problems]


def with_message(name, message):
    return Journey(name, rules=[Rule("r", when="go", then=[Send(message)])])


def test_journeys_that_agree_live_together():
    check_together([with_message("a", HELLO), with_message("b", evolved())])


def test_journeys_have_names_of_their_own():
    assert together(Journey("a"), Journey("a")) == ["$[1].name"]


def test_one_name_means_one_message_in_all_journeys():
    wrong = together(with_message("a", HELLO), with_message("b", evolved(priority=2)))
    assert wrong == ["$[1].rules[0].then[0].message.name"]


def test_one_name_means_one_case_in_all_journeys():
    cases = [CaseType("c")], [CaseType("c", severity="high")]
    assert together(*(Journey(name, cases=each) for name, each in zip("ab", cases, strict=True))) == [
        "$[1].cases[0].name"
    ]


def test_a_held_case_is_declared_by_one_of_the_journeys():
    holding = Journey("a", policy=Policy(Hold(while_open="support")))
    assert together(holding, Journey("b")) == ["$[0].policy.items[0].while_open"]
    check_together([holding, Journey("b", cases=[CaseType("support")])])


# --- imports ----------------------------------------------------------------------------------------------------------


# HOUSE 10
def test_building_a_journey_loads_nothing_heavy():
    script = (
        "import sys\n"
        "from touchpoint.journey.journey import Journey\n"
        "from touchpoint.journey.rule import Rule\n"
        "import touchpoint.journey.validate\n"
        "Journey('j', rules=[Rule('r', when='go')])\n"
        "print([name for name in ('cattrs', 'dateutil', 'sqlite3', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
