"""Conditions that share a threshold are passed over beyond it, and only where they cannot be true (S4.6)."""

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import START
from touchpoint import Emit, Journey, Rule, customer, event
from touchpoint.core.advance import advance
from touchpoint.core.compile import compile_condition
from touchpoint.core.context import Context
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.state import Profile, State
from touchpoint.core.thresholds import bounds_of, shared
from touchpoint.durations import micros
from touchpoint.journey import conditions as c

NUMBERS = st.integers(-4, 4)
BETWEEN = NUMBERS | st.integers(-16, 16).map(lambda n: n / 4)
COMPARED = st.builds(
    lambda name, op, number: c.Compare(op, getattr(event, name), c.operand(number)),
    st.sampled_from("ab"), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), NUMBERS,
)  # fmt: skip
LADDER = st.builds(c.Compare, st.sampled_from([">=", ">", "=="]), st.just(event.a), NUMBERS.map(c.operand))
CONDITIONS = st.recursive(
    st.one_of(COMPARED, st.just(event.c == "x"), st.just(event.c.exists())),
    lambda inner: st.one_of(
        st.builds(c.And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(c.Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(c.Not, inner),
    ),
    max_leaves=6,
)


def of_properties(node):
    return str(node) if isinstance(node, c.Field) else None


def happened(**properties):
    return Occurrence(TOUCHPOINT, "go", micros(START), "t", properties)


@settings(max_examples=400)
@given(CONDITIONS, BETWEEN, BETWEEN, st.booleans())
def test_beyond_its_bounds_a_condition_is_never_what_is_asked(condition, a, b, asked):
    values = {"event.a": a, "event.b": b}
    beyond = [
        side for side, bound in bounds_of(condition, of_properties, asked=asked).items()
        if not (values[side[0]] >= bound if side[1] == ">=" else values[side[0]] <= bound)
    ]  # fmt: skip
    truth = compile_condition(condition)(Context(event=happened(a=a, b=b)))
    assert not (beyond and truth is asked)


@pytest.mark.parametrize(
    ("condition", "bounds"),
    [
        (event.a >= 5, {("event.a", ">="): 5}),
        (event.a < 5, {("event.a", "<="): 5}),
        (event.a == 5, {("event.a", ">="): 5, ("event.a", "<="): 5}),
        (~(event.a < 5), {("event.a", ">="): 5}),
        ((event.a > 5) & (event.a >= 9) & (event.b == "x"), {("event.a", ">="): 9}),
        ((event.a > 5) & (event.b > 1) | (event.a >= 9), {("event.a", ">="): 5}),
        (~((event.a > 5) | (event.a > 7)), {("event.a", "<="): 5}),
        ((event.a > 5) | (event.b > 5), {}),
        (event.a != 5, {}),
        (event.a >= 5.5, {}),
        (event.a >= 2**60, {}),
        (event.a == True, {}),  # noqa: E712 - it builds a condition
        (event.a >= event.b, {}),
    ],
)  # fmt: skip
def test_a_condition_is_bound_where_that_is_certain(condition, bounds):
    assert bounds_of(condition, of_properties) == bounds


def test_what_most_share_comes_first_and_what_few_share_is_left_out():
    low, high = ("a", ">="), ("b", "<=")
    assert list(shared([{high: 4}, {high: 7}, {low: 1, high: 5}, {low: 3}, {low: 2}, {low: 9}]).items()) == [
        (low, [1]), (high, [7])
    ]  # fmt: skip
    assert shared([{low: 1}, {low: 2}]) == {}


@pytest.mark.parametrize(
    ("side", "bounds", "steps"),
    [
        (">=", [1, 2, 3, 4, 5], [1]),
        (">=", [6, 1, 2, 5, 4, 3], [1, 4]),
        (">=", [1, 2, 5, 5, 5, 5, 7, 8, 9], [1, 7]),
        (">=", [1, 1, 1, 1], [1]),
        ("<=", [6, 1, 2, 5, 4, 3], [6, 3]),
        (">=", range(800), range(0, 800, 100)),
    ],
)
def test_each_threshold_passes_over_enough_that_the_one_before_lets_through(side, bounds, steps):
    assert shared([{("a", side): each} for each in bounds]) == {("a", side): list(steps)}


HIGH = [(event.amount >= each) & (customer.tier == "gold") for each in (900, 800, 950)]


def program_of(*conditions):
    rules = [Rule(f"r{n}", when="go", given=each, then=[Emit("went")]) for n, each in enumerate(conditions)]
    return compile_program([Journey("j", rules=rules)])


def test_generated_source_asks_a_shared_threshold_once_wherever_the_rules_stand():
    code = program_of(*HIGH[:2], event.amount < 9, HIGH[2]).judges.code_of_type("go").text
    assert len(re.findall(r"if not \(num_(v_\d+) and \1 < 800\):\n", code)) == 1
    assert "if not" not in program_of(*HIGH[:2]).judges.code_of_type("go").text


@pytest.mark.parametrize("amount", [
    799, 800, 899, 900, 1_000, 8, True, 799.5, 800.0, 899.5, float("inf"), float("nan"), Decimal(950), "900", None,
    2**70, ...,
])  # fmt: skip
def test_with_a_shared_threshold_the_same_is_decided(amount):
    program = program_of(*HIGH, event.amount < 9, ~(event.amount < 850))
    given_ = {} if amount is ... else {"amount": amount}

    def trace(pays_after):
        program.judges._wait_whole["go"] = pays_after
        return advance(program, State("ann", Profile({"tier": "gold"})), happened(**given_), micros(START)).trace

    assert repr(trace(10**9)) == repr(trace(0))


@settings(max_examples=200)
@given(st.lists(LADDER, min_size=6, max_size=12) | st.lists(CONDITIONS, min_size=3, max_size=12), BETWEEN, BETWEEN)
def test_whatever_conditions_share_the_same_is_decided(conditions, a, b):
    program = program_of(*conditions)

    def trace(pays_after):
        program.judges._wait_whole["go"] = pays_after
        return advance(program, State("ann"), happened(a=a, b=b), micros(START)).trace

    assert repr(trace(10**9)) == repr(trace(0))


def test_hundreds_of_thresholds_can_be_compiled():
    program = program_of(*(event.points >= each for each in range(500)))
    program.judges._wait_whole["go"] = 0
    decision = advance(program, State("ann"), happened(points=321), micros(START))
    assert sum(line[0] == "started" for line in decision.trace) == 322
