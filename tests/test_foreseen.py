"""When windows that lapse change an answer (S3.3): foreseen never too late, and exactly where the form allows."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from touchpoint import count, customer, days, event, ever, hours, last, total
from touchpoint.core.compile import compile_condition
from touchpoint.core.context import Context
from touchpoint.core.foreseen import foresee
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.signals import backfill, collect, lapses_at
from touchpoint.durations import length

HOUR = length(hours(1))
NOW = 100 * HOUR
numbers = st.sampled_from([0, 1, 2, 3, -1, 2.5, 1.5])
types, windows = st.sampled_from(["a", "b"]), st.sampled_from([hours(5), days(1), days(4)])
wheres = st.sampled_from([None, None, event.n > 1, event.n >= customer.t])
compared = st.sampled_from(
    [lambda a, b: a == b, lambda a, b: a != b, lambda a, b: a < b, lambda a, b: a <= b, lambda a, b: a >= b]
)
values = st.one_of(
    st.builds(lambda t, w, o: count(t, within=w, where=o), types, windows, wheres),
    st.builds(lambda t, w, o: total(t, "n", within=w, where=o), types, windows, wheres),
    st.builds(lambda t, w: count(t, within=w) + count("b", within=hours(7)), types, windows),
    st.sampled_from([customer.t, last("a").n, count("a")]),
)
asked = st.one_of(
    st.builds(lambda build, value, n: build(value, n), compared, values, numbers),
    st.builds(lambda t, w, o: ever(t, within=w, where=o), types, windows, wheres),
)
conditions = st.recursive(
    asked,
    lambda inner: st.one_of(
        inner.map(lambda a: ~a),
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
    ),
    max_leaves=4,
)
amounts = st.sampled_from([0, 1, 2, -1, Decimal("0.5"), 1.5, None])
pasts = st.lists(st.tuples(st.integers(0, 100), st.sampled_from("ab"), amounts), max_size=12)


def told(condition, past):
    """The signal data of somebody to whom this has happened, and what foresees for them."""
    table, data = collect([condition]), Past()
    occurrences = [
        Occurrence(TOUCHPOINT, type_, hour * HOUR, str(n), {} if amount is None else {"n": amount})
        for n, (hour, type_, amount) in enumerate(past)
    ]
    backfill(table, data, occurrences, NOW)
    return table, data


def answer(condition, table, data, at):
    return compile_condition(condition, table)(Context(traits={"t": 1}, now=at, signals=data)) is True


def first_change(condition, table, data):
    """Found the long way: at each instant at which anything leaves a window."""
    before, at = answer(condition, table, data, NOW), lapses_at(condition, table, data, NOW)
    while at is not None and answer(condition, table, data, at) is before:
        at = lapses_at(condition, table, data, at)
    return at


@settings(max_examples=examples(300), deadline=None)
@given(conditions, pasts)
def test_no_change_comes_before_it_is_foreseen(condition, past):  # S3.3
    table, data = told(condition, past)
    ahead = foresee(condition, table)
    change = first_change(condition, table, data)
    foreseen = None if ahead is None else ahead(data, NOW)
    if change is not None:
        assert foreseen is not None
        assert NOW < foreseen <= change


@settings(max_examples=examples(150), deadline=None)
@given(types, windows, st.integers(-1, 4), st.sampled_from([None, event.n > 0]), pasts)
def test_how_many_and_how_much_are_foreseen_exactly(type_, within, number, where, past):  # S4.4
    for condition in (
        count(type_, within=within, where=where) >= number,
        total(type_, "n", within=within, where=where) > number,
        ever(type_, within=within, where=where),
    ):
        table, data = told(condition, past)
        assert foresee(condition, table)(data, NOW) == first_change(condition, table, data)


@pytest.mark.parametrize("condition", [customer.t > 1, ever("a"), last("a").n == 1, count("a") > 2])
def test_what_looks_through_no_window_foresees_nothing(condition):
    assert foresee(condition, collect([condition])) is None
