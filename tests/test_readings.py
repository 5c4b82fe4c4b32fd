"""Explanations of conditions, and the law that the explaining evaluator agrees with the compiled one (S4.6, S10)."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from touchpoint.core.compile import compile_condition, compile_expression
from touchpoint.core.context import Context
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.reading import _long_reading, read
from touchpoint.core.signals import backfill, collect
from touchpoint.core.values import UNKNOWN
from touchpoint.durations import days, hours, micros
from touchpoint.journey import conditions as c
from touchpoint.journey.conditions import (
    case_open,
    count,
    customer,
    event,
    ever,
    in_stage,
    last,
    now,
    outcome,
    sent,
    total,
    trigger,
)

T0 = datetime(2026, 3, 1, 10, tzinfo=UTC)
EAST = timezone(timedelta(hours=9))


def happened(name="order_placed", at=T0, id="t1", **properties):
    return Occurrence(TOUCHPOINT, name, micros(at), id, properties)


@pytest.mark.parametrize(
    ("expression", "text", "missing"),
    [
        (event.score <= 2, "event.score <= 2 → 5 <= 2: false", ()),
        (customer.age >= 18, "customer.age >= 18: unknown (customer.age is missing)", ("customer.age",)),
        (
            (customer.age >= 18) | (event.ok == True),  # noqa: E712
            "(customer.age >= 18) | (event.ok == True) → (? >= 18) | (True == True): true",
            ("customer.age",),
        ),
        (
            (customer.age >= 18) & event.ok,
            "(customer.age >= 18) & event.ok → (? >= 18) & True: unknown (customer.age is missing)",
            ("customer.age",),
        ),
        (~case_open(), "~case_open() → ~False: true", ()),
        (customer.vip, 'customer.vip → "yes": true', ()),
        (event.score * 2, "event.score * 2 → 5 * 2: 10", ()),
        (~customer.age.exists(), "~customer.age.exists() → ~False: true", ()),
        (sent("m"), 'outcome("m") == "sent": unknown (outcome("m") is not known yet)', ('outcome("m")',)),
        (
            now - event.at < days(1),
            "now - event.at < days(1) → TEN - TEN < days(1): true".replace("TEN", T0.isoformat()),
            (),
        ),
        (
            customer.vip > 3,
            'customer.vip > 3 → "yes" > 3: unknown (customer.vip, text, cannot be compared with a number (3))',
            (),
        ),
        (case_open(ref=trigger.x), "case_open(ref=trigger.x): unknown (trigger.x is missing)", ("trigger.x",)),
    ],
)
def test_an_explanation_shows_every_value_and_names_what_is_missing(expression, text, missing):  # S4.6 S10
    reading = read(expression, Context(event=happened(score=5, ok=True), traits={"vip": "yes"}, now=micros(T0)))
    assert (str(reading), reading.missing) == (text, missing)


def test_an_explanation_reads_history_too():  # S10
    expression = (count("order_placed") >= 2) & ~ever("review", where=event.order == trigger.order)
    table, data = collect([expression]), Past()
    backfill(table, data, [happened(), happened(id="t2"), happened("review", order=1)], micros(T0))
    reading = read(expression, Context(now=micros(T0), signals=data), table)
    assert str(reading).endswith("→ (2 >= 2) & ~?: unknown (trigger.order is missing)")
    assert reading.missing == ("trigger.order",)
    assert [part.truth for part in reading.parts] == [True, UNKNOWN]


def test_neither_reading_nor_context_shows_personal_data_in_its_repr():
    context = Context(traits={"email": "ann@example.com"})
    assert "ann" not in repr(context) + repr(read(customer.email == "x", context))


def test_history_needs_its_table():
    with pytest.raises(TypeError, match="SignalTable"):
        compile_expression(count("x"))
    with pytest.raises(TypeError, match="SignalTable"):
        read(count("x") > 1, Context())


NAMES = st.sampled_from("abc")
DATA = st.one_of(
    st.integers(-3, 3),
    st.booleans(),
    st.none(),
    st.sampled_from(["", "a", "abc", "2026-03-01", "2026-03-01T10:00:00Z"]),
    st.sampled_from([0.5, 2.0, 0.1, math.nan, math.inf]),
    st.sampled_from([Decimal("0.1"), Decimal(2), Decimal("NaN")]),
    st.sampled_from([T0, T0.astimezone(EAST), date(2026, 3, 1), days(1), days(0)]),
    st.lists(st.integers(0, 2), max_size=2),
    st.fixed_dictionaries({"a": st.integers(0, 2)}),
)
HISTORY = [
    count("go"),
    count("go", within=days(1)),
    ever("go", within=days(2)),
    total("go", of="a"),
    last("go").a,
    last("go").at,
    count("go", where=event.a == trigger.a),
    ever("go", within=days(2), where=event.a >= customer.a),
    total("go", "b", where=event.c == customer.c),
]


def may_be_written(datum):
    """Whether a journey may hold it as a literal; floats are left out where they are not finite."""
    return not isinstance(datum, dict) and (not isinstance(datum, float | Decimal) or math.isfinite(datum))


LITERALS = DATA.filter(may_be_written).map(c.operand)
LEAVES = st.one_of(
    LITERALS,
    st.builds(
        lambda root, path: c.Field(root, tuple(path)),
        st.sampled_from(["event", "trigger", "customer"]),
        st.lists(NAMES, min_size=1, max_size=2),
    ),
    st.sampled_from(
        [now, event.at, case_open("a"), case_open(ref=trigger.a), in_stage("a"), outcome("a"), sent("b"), *HISTORY]
    ),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(c.Compare, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), inner, inner),
        st.builds(c.Arithmetic, st.sampled_from("+-*/"), inner, inner),
        st.builds(c.And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(c.Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(c.Not, inner),
        st.builds(c.In, inner, inner),
        st.builds(c.Contains, inner, inner),
        st.builds(c.Exists, inner),
    ),
    max_leaves=8,
)
PROPERTIES = st.dictionaries(NAMES, DATA, max_size=3)
TOUCHPOINTS = st.builds(
    lambda ago, properties: Occurrence(TOUCHPOINT, "go", micros(T0 - ago), "x", properties),
    st.sampled_from([hours(0), hours(12), hours(24), hours(36), hours(48)]),
    PROPERTIES,
)


@settings(max_examples=examples(300))
@given(
    EXPRESSIONS,
    st.lists(TOUCHPOINTS, max_size=4),
    st.none() | TOUCHPOINTS,
    st.none() | TOUCHPOINTS,
    PROPERTIES,
    st.booleans(),
)
def test_the_compiled_and_the_explaining_evaluator_agree(expression, timeline, here, cause, traits, flag):  # S4.6
    table, data = collect([expression]), Past()
    backfill(table, data, timeline, micros(T0))
    context = Context(
        here,
        cause,
        traits,
        micros(T0),
        data,
        lambda _kind, _ref: flag,
        lambda _journey: "a" if flag else None,
        {"a": "sent"} if flag else {},
    )
    compiled = compile_expression(expression, table)(context)
    reading = read(expression, context, table)
    assert type(reading.value) is type(compiled)
    assert reading.value == compiled or compiled != compiled  # noqa: PLR0124
    assert compile_condition(expression, table)(context) is reading.truth
    assert reading.text.startswith(str(expression))


FIELDS = st.builds(
    lambda root, path: c.Field(root, tuple(path)),
    st.sampled_from(["event", "trigger", "customer"]),
    st.lists(NAMES, min_size=1, max_size=2),
)
COMPARED = st.builds(c.Compare, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), FIELDS, LITERALS)
ASKED = st.sampled_from(
    [
        count("go"), count("go", within=days(2)) < 3, ever("go"), ever("go", where=event.a == customer.b),
        total("go", "a") >= 1, count("go", where=event.a == trigger.b) == 0,
    ]
)  # fmt: skip
PLAIN = st.one_of(COMPARED, FIELDS, ASKED, st.sampled_from([case_open("a"), case_open(), in_stage("a"), event.at]))
NEGATED = st.one_of(PLAIN, PLAIN.map(c.Not), PLAIN.map(c.Not).map(c.Not))
COMMON = st.one_of(
    NEGATED,
    st.builds(c.And, st.lists(NEGATED, min_size=2, max_size=3).map(tuple)),
    st.builds(c.Or, st.lists(NEGATED, min_size=2, max_size=3).map(tuple)),
)
ALWAYS_THERE = st.fixed_dictionaries({"a": DATA, "b": DATA, "c": DATA})


def all_of(reading):
    return type(reading.value), repr(reading.value), reading.text, reading.missing, list(map(all_of, reading.parts))


@settings(max_examples=examples(300))
@given(COMMON | EXPRESSIONS, PROPERTIES | ALWAYS_THERE, PROPERTIES | ALWAYS_THERE, st.booleans())
def test_the_short_way_to_a_reading_gives_what_the_long_one_gives(expression, here, traits, flag):  # S10
    happening = Occurrence(TOUCHPOINT, "go", micros(T0), "x", here)
    context = Context(
        happening,
        happening,
        traits,
        micros(T0),
        Past(),
        lambda _kind, _ref: flag,
        lambda _journey: "a" if flag else None,
    )
    table = collect([expression])
    assert all_of(read(expression, context, table)) == all_of(_long_reading(expression, context, table))


def test_a_long_value_is_cut_on_the_short_way_too():  # S10
    reading = read(event.score > 0, Context(event=happened(score=10**99)))
    assert str(reading) == f"event.score > 0 → 1{'0' * 78}… > 0: true"
