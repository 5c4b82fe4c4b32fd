"""Conditions: how they are written, shown, refused, and what they mean (S4.6)."""

import copy
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

import attrs
import pytest
from dateutil.relativedelta import relativedelta

from touchpoint.core.compile import compile_condition, compile_expression
from touchpoint.core.context import Context
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.reading import read
from touchpoint.core.values import UNKNOWN, Unknown
from touchpoint.durations import days, hours, micros
from touchpoint.errors import InvalidTouchpoint, JourneyError
from touchpoint.journey import conditions as c
from touchpoint.journey import expressions
from touchpoint.journey.conditions import (
    aggregates_of,
    case_open,
    count,
    customer,
    event,
    ever,
    expression_eq,
    fields_of,
    in_stage,
    last,
    now,
    outcome,
    sent,
    total,
    trigger,
    walk,
)
from touchpoint.model.names import check_type_name, type_name

T0 = datetime(2026, 3, 1, 10, tzinfo=UTC)
EAST = timezone(timedelta(hours=9))


def happened(name="order_placed", at=T0, id="t1", **properties):
    return Occurrence(TOUCHPOINT, name, micros(at), id, properties, channel="web")


def value(expression, event=None, **more):
    settled = {"now": micros(T0)} | more
    return compile_expression(expression)(Context(event=event, **settled))


class Tier(StrEnum):
    GOLD = "gold"


class OrderPlaced: ...


class HTTPError2Seen: ...


class Renamed:
    __touchpoint__ = "shop:bought"


class Inherits(Renamed): ...


@attrs.frozen
class Holder:
    condition: object = attrs.field(eq=expression_eq)


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (event.score <= 2, "event.score <= 2"),
        (5 > event.score, "event.score < 5"),  # noqa: SIM300 - Python turns it round
        (event["order-id"].of["in"]["_x"], 'event["order-id"].of["in"]["_x"]'),
        (event["exists"]["contains"], 'event["exists"]["contains"]'),
        (count("order_placed", within=days(365)) == 1, 'count("order_placed", within=days(365)) == 1'),
        (~case_open(), "~case_open()"),
        (~(customer.age >= 18), "~(customer.age >= 18)"),
        (~~customer.vip, "~~customer.vip"),
        ((event.a == 1) & (event.b == 2), "(event.a == 1) & (event.b == 2)"),
        (customer.a & (customer.b | customer.c), "customer.a & (customer.b | customer.c)"),
        ((customer.a & customer.b) | customer.c, "customer.a & customer.b | customer.c"),
        (customer.a & (customer.b & customer.c), "customer.a & customer.b & customer.c"),
        (True & customer.a, "True & customer.a"),
        ((event.a + 1) * 2 - (3 - event.b), "(event.a + 1) * 2 - (3 - event.b)"),
        (event.a + event.b - event.c, "event.a + event.b - event.c"),
        (event.a / -2 > -1.5, "event.a / -2 > -1.5"),
        (now - last("order").at > days(30), 'now - last("order").at > days(30)'),
        (hours(36) + event.at <= T0, "hours(36) + event.at <= datetime(2026, 3, 1, 10, tzinfo=UTC)"),
        (event.day == date(2026, 3, 1), "event.day == date(2026, 3, 1)"),
        (event.wait < timedelta(microseconds=1500), "event.wait < timedelta(microseconds=1500)"),
        (customer.tier.in_(["gold", Decimal("1.50"), None]), 'customer.tier.in_(["gold", Decimal("1.50"), None])'),
        ((event.a + 1).in_(customer.lucky), "(event.a + 1).in_(customer.lucky)"),
        (event.tags.contains('a "b"'), 'event.tags.contains("a \\"b\\"")'),
        (customer.age.exists(), "customer.age.exists()"),
        (ever("review", where=event.order == trigger.order), 'ever("review", where=event.order == trigger.order)'),
        (total("order") >= 100, 'total("order", of="price") >= 100'),
        (total("order", event.basket.sum) > 1, 'total("order", of=event.basket.sum) > 1'),
        (case_open("complaint", ref=trigger.order), 'case_open("complaint", ref=trigger.order)'),
        (in_stage("buyer", journey="shop"), 'in_stage("buyer", journey="shop")'),
        (sent("offer"), 'outcome("offer") == "sent"'),
        (event.tier == Tier.GOLD, 'event.tier == "gold"'),
    ],
)
def test_an_expression_reads_like_its_source(expression, text):  # HOUSE 3
    assert str(expression) == repr(expression) == f"{expression}" == text


def test_equality_builds_a_condition_and_same_as_compares():
    assert (event.a == 1).same_as(event.a == 1)
    assert not (event.a == 1).same_as(event.a == 1.0)
    assert not (event.a == 1).same_as(event.a == True)  # noqa: E712
    assert not (event.a == 1).same_as("event.a == 1")
    assert (event.at == T0).same_as(event.at == T0.astimezone(EAST))


def test_data_that_hold_expressions_compare_and_hash_by_structure():
    def build(n):
        return [Holder(event.a == n), Holder(None), Holder([event.a == n, (customer.b,)]), Holder({"x": event.a + n})]

    assert build(1) == build(1)
    assert list(map(hash, build(1))) == list(map(hash, build(1)))
    assert all(left != right for left, right in zip(build(1), build(2), strict=True) if left.condition is not None)
    assert Holder(None) != Holder(event.a == 1)


@pytest.mark.parametrize("act", [bool, lambda condition: condition and condition, lambda _: 0 < event.a < 5])
def test_python_logic_is_refused_with_the_operators_to_use(act):
    with pytest.raises(TypeError, match="&"):
        act(event.score <= 2)


def test_python_membership_is_refused_with_the_method_to_use():
    with pytest.raises(TypeError, match="contains"):
        "a" in event.tags  # noqa: B015


def test_private_and_dunder_names_are_no_properties():
    assert not hasattr(event, "__iter__")
    with pytest.raises(AttributeError, match="by item"):
        event._private
    with pytest.raises(TypeError):
        event[0]
    assert copy.deepcopy(event.a.b).same_as(event.a.b)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: event.a == object(), "Decimal"),
        (lambda: event.a == {"a": 1}, "allowed|literals"),
        (lambda: event.at == datetime(2026, 1, 1), "time zone"),
        (lambda: event.a == Decimal("NaN"), "finite"),
        (lambda: event.a == Decimal("Infinity"), "finite"),
        (lambda: event.a.in_([event.b]), "Field"),
        (lambda: event.a.in_("abc"), "list"),
        (lambda: event == 1, "event.score"),
        (lambda: customer & event.a, "customer.score"),
        (lambda: last("x") == 1, "ever"),
        (lambda: event.a & 5, "parentheses"),
        (lambda: event.a & (event.a + 1), "parentheses"),
        (lambda: (event.a == 1) & event.b == 2, "parentheses"),
        (lambda: ~event.a < 2, "parentheses"),
        (lambda: event.a + "x", "numbers"),
        (lambda: (event.a == 1) + 1, "numbers"),
        (lambda: count("order placed!"), "order_placed"),
        (lambda: count("x", within=days(0)), "longer than zero"),
        (lambda: count("x", within=relativedelta(months=1)), "elapsed"),
        (lambda: count("x", where=lambda _: True), "condition"),
        (lambda: count("x", where=event), "event.score"),
        (lambda: count("x", where=count("y") > 1), "again"),
        (lambda: count("x", where=event.price > trigger.price), "within="),
        (lambda: count("x", where=(event.a == 1) | (event.b == customer.b)), "within="),
        (lambda: last("x", where=event.at > now - days(3)), "equality"),
        (lambda: total("x", of=customer.price), "of="),
        (lambda: case_open(5), "case type"),
        (lambda: case_open(ref=5), "ref="),
        (lambda: sent(event.name), "message"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_written(build, says):
    with pytest.raises(JourneyError, match=says):
        build()


def test_truth_may_be_compared_with_truth():
    assert value(ever("x").same_as(ever("x")) & event.ok, happened(ok=True)) is True
    assert value((event.a == 1) == True, happened(a=1)) is True  # noqa: E712


def test_a_where_without_a_window_takes_equalities_and_whatever_speaks_of_one_side_only():
    where = (event.price > 10) & (event.order == trigger.order) & customer.vip & (customer.id == event.owner)
    assert str(count("x", where=where)) == f'count("x", where={where})'


def test_a_window_permits_any_relation():
    assert count("x", within=days(1), where=event.price > trigger.price).within == days(1)


@pytest.mark.parametrize("cls", c.Expression.__subclasses__(), ids=lambda cls: cls.__name__)
def test_the_table_of_what_stands_inside_knows_every_field_that_holds_expressions(cls):
    """One that it left out would be seen by no check, and by nothing that collects what is asked."""
    holding = [each.name for each in attrs.fields(cls) if "Expression" in str(each.type) or "Last" in str(each.type)]
    assert list(expressions._INSIDE.get(cls, ())) == holding


def test_walk_and_its_kin_see_every_node():
    expression = (event.a.b == 1) & ever("x", where=(event.c == trigger.d) & customer.e) & (last("y").f > 2)
    assert list(fields_of(expression)) == [("event", ("a", "b")), ("trigger", ("d",)), ("customer", ("e",))]
    assert [each.type for each in aggregates_of(expression)] == ["x", "y"]
    assert sum(isinstance(node, c.Literal) for node in walk(expression)) == 2


def test_a_declared_class_names_its_type():
    assert [type_name(each) for each in (OrderPlaced, HTTPError2Seen, Renamed, Inherits)] == [
        "order_placed",
        "http_error2_seen",
        "shop:bought",
        "inherits",
    ]
    assert str(count(OrderPlaced)) == 'count("order_placed")'


@pytest.mark.parametrize("name", ["", "9x", "a b", "é", "x" * 101, None, 5])
def test_a_type_name_that_cannot_be_is_refused(name):
    with pytest.raises(InvalidTouchpoint, match="letter"):
        check_type_name(name)


# --- meaning ----------------------------------------------------------------------------------------------------------

YES, NO, MAYBE = event.yes == 1, event.yes == 2, event.gone == 1


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (YES & YES, True), (YES & NO, False), (YES & MAYBE, UNKNOWN), (NO & MAYBE, False), (MAYBE & NO, False),
        (NO | NO, False), (NO | YES, True), (NO | MAYBE, UNKNOWN), (MAYBE | YES, True), (MAYBE | MAYBE, UNKNOWN),
        (~YES, False), (~NO, True), (~MAYBE, UNKNOWN),
    ],
)  # fmt: skip
def test_three_valued_logic(expression, expected):  # S4.6
    assert value(expression, happened(yes=1)) is expected


@pytest.mark.parametrize(
    ("datum", "literal", "equal", "less"),
    [
        (1, 1.0, True, False),
        (1, Decimal("1.00"), True, False),
        (19.99, Decimal("19.99"), True, False),
        (2**53 + 1, float(2**53), False, False),
        (Decimal("1e400"), 1e308, False, False),
        (True, 1, False, UNKNOWN),
        (1, True, False, UNKNOWN),
        (None, None, True, UNKNOWN),
        (None, 0, False, UNKNOWN),
        ("5", 5, False, UNKNOWN),
        ("a", "b", False, True),
        (math.nan, 1, False, UNKNOWN),
        (Decimal("sNaN"), 1, False, UNKNOWN),
        ([1, "a", {"k": None}], [1, "a"], False, UNKNOWN),
        ([1.0, "a"], (1, "a"), True, UNKNOWN),
        ("2026-03-01T19:00:00+09:00", T0, True, False),
        ("2026-03-01 09:59Z", T0, False, True),
        ("2026-03-01T10:00", T0, UNKNOWN, UNKNOWN),
        ("2026-03-01", T0, UNKNOWN, UNKNOWN),
        ("soon", date(2026, 3, 1), UNKNOWN, UNKNOWN),
        ("2026-02-30", date(2026, 3, 1), UNKNOWN, UNKNOWN),
        ("2026-02-28", date(2026, 3, 1), False, True),
        (T0.astimezone(EAST), T0, True, False),
        (datetime(2026, 3, 1), T0, False, UNKNOWN),
        (date(2026, 3, 1), T0, False, UNKNOWN),
        (days(1), hours(24), True, False),
        (object(), 1, False, UNKNOWN),
    ],
)
def test_what_compares_with_what(datum, literal, equal, less):  # S4.6
    here = happened(x=datum)
    assert value(event.x == literal, here) is equal
    assert value(event.x < literal, here) is less
    assert value(event.x != literal, here) is (equal if isinstance(equal, Unknown) else not equal)


@pytest.mark.parametrize(
    ("datum", "expected"),
    [(True, True), (False, False), (0, False), ("", False), ([], False), (None, False), ("no", True), (3, True)],
)
def test_a_field_alone_is_a_condition(datum, expected):  # S4.6
    assert compile_condition(customer.vip)(Context(traits={"vip": datum})) is expected


def test_a_missing_field_is_unknown():  # S4.6
    for field in (customer.vip, event.x, trigger.x, customer.a.b):
        assert compile_condition(field)(Context(traits={"a": "text"})) is UNKNOWN


def test_unknown_is_neither_true_nor_false():
    with pytest.raises(TypeError, match="is True"):
        bool(UNKNOWN)
    assert copy.deepcopy(UNKNOWN) is UNKNOWN


def test_a_property_comes_before_the_records_own_field():
    assert value(event.type, happened("review")) == "review"
    assert value(event.type, happened("review", type="long")) == "long"
    assert value(event.at, happened()) == T0
    assert value(event.channel, happened()) == "web"
    assert value(event.direction, happened()) == "inbound"
    assert value(event.location, happened()) is UNKNOWN


def test_nested_paths_lead_into_mappings():
    here = happened(basket={"sum": 5, "items": [1]})
    assert value(event.basket.sum, here) == 5
    assert value(event.basket["items"].x, here) is UNKNOWN


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (event.n + 1, 4), (event.n / 2, 1.5), (event.n * Decimal("1.1"), Decimal("3.3")),
        (event.f + event.d, Decimal("0.30")),
        (event.n / 0, UNKNOWN), (event.d / 0, UNKNOWN), (event.n - event.gone, UNKNOWN), (event.n + event.s, UNKNOWN),
        (event.t + 1, UNKNOWN), (event.big * 10.0, UNKNOWN), (event.at + days(1), T0 + days(1)),
        (days(1) + event.at, T0 + days(1)),
        (now - event.at, days(0)), (event.iso - hours(1), T0 - hours(1)), (now - event.iso, days(0)),
        (event.day - days(1), date(2026, 2, 28)),
        (event.day + hours(1), UNKNOWN), (event.day - event.birth, days(31)), (event.at - days(999_999), UNKNOWN),
        (event.n + days(1), UNKNOWN), (event.s - event.iso, UNKNOWN),
    ],
)  # fmt: skip
def test_arithmetic(expression, expected):  # S4.6
    here = happened(
        n=3, f=0.1, d=Decimal("0.20"), s="x", t=True, big=1e308,
        iso="2026-03-01T10:00:00Z", day="2026-03-01", birth=date(2026, 1, 29),
    )  # fmt: skip
    assert value(expression, here) == expected


def test_a_datetime_moves_by_elapsed_time_whatever_its_clock_does():  # S2.1
    from zoneinfo import ZoneInfo

    before_the_gap = datetime(2026, 3, 7, 12, tzinfo=ZoneInfo("America/New_York"))
    assert value(event.t + hours(24) - event.t, happened(t=before_the_gap)) == hours(24)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (event.n.in_([1, 3.0]), True), (event.n.in_([]), False), (event.gone.in_([1]), UNKNOWN),
        (event.n.in_(event.list), True),
        (event.n.in_(event.s), UNKNOWN), (event.s.in_([T0, "text"]), True), (event.s.in_([T0]), UNKNOWN),
        (event.list.contains(3), True), (event.list.contains(event.gone), UNKNOWN), (event.s.contains("ex"), True),
        (event.s.contains(1), UNKNOWN), (event.map.contains("k"), True), (event.n.contains(1), UNKNOWN),
        (event.none.exists(), True), (event.gone.exists(), False), (~event.gone.exists(), True),
    ],
)  # fmt: skip
def test_membership_and_existence(expression, expected):  # S4.6
    assert value(expression, happened(n=3, list=[1, 3], s="text", map={"k": 1}, none=None)) is expected


def test_cases_stages_and_outcomes_are_asked_of_the_context():
    context = Context(
        trigger=happened(order=7),
        case_open=lambda kind, ref: (kind, ref) in {(None, None), ("late", "7")},
        stage_of=lambda journey: {None: "buyer", "club": "member"}[journey],
        outcomes={"offer": "sent", "tip": "denied"},
    )
    expected = {
        case_open(): True, case_open("late", ref=trigger.order): True, case_open("late", ref="8"): False,
        case_open(ref=trigger.gone): UNKNOWN, in_stage("buyer"): True, in_stage("buyer", journey="club"): False,
        sent("offer"): True, sent("tip"): False, sent("later"): UNKNOWN, outcome("tip").in_(["denied", "failed"]): True,
    }  # fmt: skip
    for expression, answer in expected.items():
        assert compile_condition(expression)(context) is answer
        assert read(expression, context).value is answer
