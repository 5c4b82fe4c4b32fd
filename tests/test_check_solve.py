"""What the checker calls impossible never happens, and what it calls certain always does (S4.6)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import and_

import pytest
from hypothesis import event as seen
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from touchpoint.core.compile import compile_condition
from touchpoint.core.context import Context
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.signals import backfill, collect, update
from touchpoint.durations import days, hours, length, micros
from touchpoint.journey.conditions import (
    Arithmetic,
    case_open,
    clicked,
    collected,
    count,
    customer,
    delivered,
    event,
    ever,
    failed,
    in_segment,
    in_stage,
    last,
    now,
    opened,
    outcome,
    replied,
    result,
    sent,
    total,
    trigger,
    variant,
)
from touchpoint.lab.checks.solve import always, can_be, never

T0 = datetime(2026, 3, 1, 10, tzinfo=UTC)
WEEK, MONTH = days(7), days(30)
OWN = event.order == trigger.order

NEVER = [
    (event.score <= 2) & (event.score > 3),
    (event.score == 5) & (event.score == 5.5),
    (event.score > 2) & ~(event.score >= 1),
    event.score < event.score,
    (event.a < event.b) & (event.b < event.a),
    (event.a == event.b) & (event.a != event.b),
    count("x", within=WEEK) > count("x", within=MONTH),
    (count("x", within=WEEK) >= 3) & (count("x", within=MONTH) < 3),
    (count("x", within=WEEK) >= 3) & (count("x") < 3),
    (count("x", within=MONTH) < count("x", within=WEEK)) & customer.vip,
    (count("x", where=(event.a == 1) & (event.b == 2)) > 1) & (count("x", where=event.a == 1) == 0),
    count("x") < 0,
    (count("x") > 2) & (count("x") < 3),
    count("x") == Decimal("1.5"),
    ever("x") & (count("x") == 0),
    (count("x") > 0) & ~ever("x"),
    ever("x", within=WEEK) & ~ever("x", within=MONTH),
    (last("x").price > 5) & ~ever("x"),
    (total("x") > 5) & (count("x") == 0),
    (customer.tier == "gold") & (customer.tier == "silver"),
    (customer.tier == "gold") & (customer.tier > 5),
    (customer.tier == "gold") & customer.tier.contains("z"),
    customer.tier.in_(["a", "b"]) & ~customer.tier.in_(["a", "b", "c"]),
    customer.tier.in_([]),
    (customer.tier < "a") & (customer.tier > "b"),
    customer.vip & ~customer.vip,
    customer.vip & (customer.vip == False),  # noqa: E712 - a condition
    customer.points & (customer.points == 0),
    ~(customer.vip | ~customer.vip),
    customer.vip.exists() & ~customer.vip.exists(),
    ~customer.vip.exists() & (customer.vip == 1),
    (customer.due > date(2026, 1, 1)) & (customer.due < date(2025, 1, 1)),
    (customer.due == "2026-01-01") & (customer.due > date(2026, 1, 1)),
    (now - last("x").at > days(90)) & (now - last("x").at < days(30)),
    (now > T0) & (now < T0),
    in_stage("a") & in_stage("b"),
    case_open("late") & ~case_open(),
    case_open("late", ref=trigger.order) & ~case_open("late"),
    outcome("m") == "snet",
    sent("m") & (outcome("m") == "failed"),
    (customer.a | customer.b) & ~customer.a & ~customer.b,
    True & ~customer.vip & customer.vip,
    (event.n + 1 > 5) & (event.n + 1 < 5),
    (variant("way") == "a") & (variant("way") == "b"),
    in_segment("s") & ~in_segment("s"),
    opened("m") & ~opened("m"),
    clicked("m") & ~opened("m"),
    replied("m") & ~delivered("m"),
    (outcome("m") == "failed") & ~failed("m"),
    (result("refund").n > 5) & (result("refund").n < 3),
    collected.count == 0,
    (ever("x") == True) & (count("x") < 1),  # noqa: E712 - a condition
]
ALWAYS = [
    count("x") >= 0,
    ever("x") | ~ever("x"),
    (count("x") > 0) | ~ever("x"),
    count("x", within=WEEK) <= count("x", within=MONTH),
    case_open() | ~case_open("late"),
    ~(in_stage("a") & in_stage("b")),
    in_segment("s") | ~in_segment("s"),
    opened("m") | ~opened("m"),
    customer.vip.exists() | ~customer.vip.exists(),
    ~(total("x", within=WEEK).exists() & ever("x", within=WEEK) & (count("x") == 0)),
]
MAYBE = [
    event.score <= 2,
    (event.score > 2) & (event.score < 3),
    (count("x") > 2) & (count("x") < 4),
    count("x", within=MONTH) > count("x", within=WEEK),
    customer.vip | ~customer.vip,  # unknown where nobody knows
    total("x") < 0,
    (event.a <= event.b) & (event.b <= event.a),
    (customer.due > date(2026, 1, 1)) & (customer.due < "2025"),  # as text, and as the date that it is
    ever("x", where=OWN) & ~ever("y", where=OWN),
    in_stage("a", journey="one") & in_stage("b", journey="two"),
    case_open("late") & case_open("complaint"),
    (customer.tags == ["a"]) & (customer.tags == ["b"]),
    event.score & (event.score != 0),
    opened("m") & failed("m"),  # sent twice in a run
    opened("m") & ~clicked("m"),
    failed("m") & ~(outcome("m") == "failed"),
    clicked("m") & ~opened("n"),
    collected.count == 1,
]


@pytest.mark.parametrize("condition", NEVER, ids=str)
def test_a_contradiction_is_found(condition):
    assert never(condition)


@pytest.mark.parametrize("condition", ALWAYS, ids=str)
def test_what_cannot_be_otherwise_is_found(condition):
    assert always(condition)


@pytest.mark.parametrize("condition", MAYBE, ids=str)
def test_what_depends_on_the_data_is_left_alone(condition):
    assert not never(condition)
    assert not always(condition)


def test_what_is_known_counts():
    assert never(trigger.score >= 4, [trigger.score <= 2])
    assert always(trigger.score >= 1, [trigger.score == 2])
    assert not never(trigger.score >= 4, [event.score <= 2])


def test_what_is_certainly_missing_is_unknown():
    def absent(field):
        return str(field) == "event.score"

    assert never(event.score <= 2, absent=absent)
    assert never(event.score + 1 <= 2, absent=absent)
    assert never(event.score == trigger.score, absent=absent)
    assert always(~event.score.exists(), absent=absent)
    assert can_be((event.score <= 2) | customer.vip, absent=absent)


@pytest.mark.parametrize("join", [lambda a, b: a | b, lambda a, b: ~(~a & ~b)])
def test_a_condition_of_countless_alternatives_is_left_alone_in_time(join):
    parts = [join(customer[f"a{n}"] == 1, customer[f"b{n}"] == 2) for n in range(60)]
    assert not never(reduce(and_, [*parts, customer.z & ~customer.z.exists()][:-1]))


def test_a_long_list_of_options_is_left_alone_in_time():
    options = [f"product {n}" for n in range(20_000)]
    assert not never(event.product.in_(options) & ~event.product.in_(options[1:]))


# --- whatever the data ------------------------------------------------------------------------------------------------

numbers = st.sampled_from([-1, 0, 1, 2, 3, Decimal("1.5"), 2.5, 0.0])
texts = st.sampled_from(["", "a", "gold", "golden", "2026-03-01", "2026-03-01T10:00Z"])
scalars = st.one_of(
    numbers, texts, st.booleans(), st.none(),
    st.sampled_from([T0, T0 + days(1), date(2026, 3, 1), date(2026, 3, 2), days(1), timedelta(0)]),
)  # fmt: skip
values = st.one_of(scalars, st.lists(scalars, max_size=2), st.just({}), st.just({"a": 1}), st.just(float("nan")))
fields = st.sampled_from([event.n, event.k, customer.n, trigger.n, customer.n + 1, last("x").n, last("y").k])
wheres = st.sampled_from([
    None, None, event.n == 1, event.n > 1, (event.n == 1) & (event.k == "a"), event.k == trigger.k,
    (event.n == 1) & (event.k == trigger.k), event.k == customer.k, customer.n == 1,
])  # fmt: skip
types = st.sampled_from(["x", "x", "y"])
windows = st.sampled_from([None, hours(1), hours(2), hours(3)])
amounts = st.one_of(
    st.builds(lambda t, w, o: count(t, within=w, where=o), types, windows, wheres),
    st.builds(lambda t, w, o: total(t, "n", within=w, where=o), types, windows, wheres),
)
OPERATORS = [
    lambda a, b: a == b, lambda a, b: a != b, lambda a, b: a < b, lambda a, b: a <= b, lambda a, b: a > b,
    lambda a, b: b <= a,
]  # fmt: skip
operators = st.sampled_from(OPERATORS)
atoms = st.one_of(
    st.builds(lambda op, a, b: op(a, b), operators, fields | amounts | st.just(now), scalars),
    st.builds(lambda op, a, b: op(a, b), operators, amounts, numbers),
    st.builds(lambda op, a, b: op(a, b), operators, amounts, amounts),
    st.builds(lambda op, a, b: op(a, b), operators, fields, fields),
    st.builds(lambda a, b: a.in_(b), fields | amounts, st.lists(scalars, max_size=3)),
    st.builds(lambda a, b: a.contains(b), fields, scalars),
    st.builds(lambda t, w, o: ever(t, within=w, where=o), types, windows, wheres),
    fields, fields.map(lambda each: each.exists()),
    st.sampled_from([case_open(), case_open("late"), case_open("late", ref=trigger.k), case_open("bad")]),
    st.sampled_from([in_stage("a"), in_stage("b"), in_stage("a", journey="other")]),
    st.sampled_from(["sent", "failed", "x"]).map(lambda end: outcome("m") == end),
    st.sampled_from([delivered("m"), opened("m"), clicked("m"), replied("m"), failed("m"), in_segment("s")]),
    st.sampled_from("ab").map(lambda each: variant("way") == each),
)  # fmt: skip


def joined(inner):
    two = st.tuples(inner, inner)
    return st.one_of(two.map(lambda both: _join(and_, both)), two.map(_either), inner.map(_not))


def _join(operator, both):
    return operator(_truth(both[0]), _truth(both[1]))


def _either(both):
    return _truth(both[0]) | _truth(both[1])


def _not(one):
    return ~_truth(one)


def _truth(one):
    return one > 0 if isinstance(one, Arithmetic) else one  # a number is no condition


conditions = st.recursive(atoms.map(_truth), joined, max_leaves=6)
properties = st.fixed_dictionaries({}, optional={"n": values, "k": st.sampled_from(["a", "b", 1, None])})
pasts = st.lists(st.tuples(st.sampled_from(["x", "x", "y"]), st.integers(0, 240), properties), max_size=5)
came_back = st.sampled_from(["delivered", "opened", "clicked", "replied", "complained", "bounced", "failed"])
contexts = st.fixed_dictionaries({
    "event": properties, "trigger": properties, "traits": properties, "past": pasts,
    "cases": st.lists(st.tuples(st.sampled_from(["late", "bad"]), st.sampled_from(["a", "b"])), max_size=2),
    "stages": st.fixed_dictionaries({}, optional={"here": st.sampled_from("ab"), "other": st.sampled_from("ab")}),
    "outcomes": st.fixed_dictionaries({}, optional={"m": st.sampled_from(["sent", "denied", "failed"])}),
    "told": st.dictionaries(st.sampled_from("12"), st.lists(came_back, max_size=2).map(lambda back: ["m", *back])),
    "segments": st.sampled_from([{}, {"here/s": 1}]),
    "exposures": st.sampled_from([{}, {"way": ["a", 1, False]}]),
})  # fmt: skip


def happened(name, at, properties):
    return Occurrence(TOUCHPOINT, name, at, f"{name}-{at}", properties)


def context_of(drawn, data):
    cases = drawn["cases"]
    return Context(
        event=happened("e", micros(T0), drawn["event"]), trigger=happened("t", micros(T0), drawn["trigger"]),
        traits=drawn["traits"], now=micros(T0), signals=data, journey="here", outcomes=drawn["outcomes"],
        case_open=lambda kind, ref: any(kind in (None, a) and ref in (None, b) for a, b in cases),
        stage_of=drawn["stages"].get, told=drawn["told"], segments=drawn["segments"], exposures=drawn["exposures"],
    )  # fmt: skip


def answered(condition, drawn):
    """What the engine's own evaluator says."""
    table, data = collect([condition]), Past()
    backfill(table, data, [], 0)
    start = micros(T0) - length(hours(4))
    for name, minute, given_properties in sorted(drawn["past"], key=lambda each: each[1]):
        at = start + length(timedelta(minutes=minute))
        update(table, data, happened(name, at, given_properties), at)
    return compile_condition(condition, table)(context_of(drawn, data))


@settings(max_examples=examples(400))
@given(conditions, st.lists(contexts, min_size=1, max_size=5))
def test_what_is_called_impossible_is_never_true(condition, drawn):
    impossible, certain = never(condition), always(condition)
    seen("impossible" if impossible else "certain" if certain else "either")
    answers = [answered(condition, each) for each in drawn]
    assert not (impossible and True in answers)
    assert not certain or all(each is True for each in answers)


@settings(max_examples=examples(200))
@given(conditions, conditions, st.lists(contexts, min_size=1, max_size=5))
def test_what_is_called_impossible_beside_something_known_is_never_true(condition, known, drawn):
    impossible, certain = never(condition, [known]), always(condition, [known])
    for each in drawn:
        if answered(known, each) is True:
            answer = answered(condition, each)
            assert not (impossible and answer is True)
            assert not (certain and answer is not True)
