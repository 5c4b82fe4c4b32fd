"""What properties and traits may hold, and how what they may not is refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from touchpoint.errors import InvalidInput, InvalidTouchpoint
from touchpoint.model.payload import DEPTH, DIGITS, LONGEST_NAME, SIZE, TEXT, checked, plain_json, plain_jsons
from touchpoint.stores.codec import dumps, dumps_all

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.timedeltas(),
    st.datetimes(timezones=st.just(UTC)),
)
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name[0] != "$")
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)


def nested(depth):
    value = 1
    for _ in range(depth):
        value = {"x": value}
    return value


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_may_be_kept_is_kept_as_it_is(values):  # S1.2
    assert checked(values, "properties") == values


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_a_copy_is_nobody_elses(values):  # S1.3
    copy = checked(values, "properties")
    assert copy is not values
    for name, value in values.items():
        assert copy[name] is not value or not isinstance(value, list | dict)


def test_nothing_is_an_empty_payload():
    assert checked(None, "properties") == {}


def test_tuples_and_other_mappings_become_lists_and_dicts():  # S1.2: JSON values
    assert checked({"a": (1, (2,)), "b": MappingProxyType({"c": 1})}, "traits") == {"a": [1, [2]], "b": {"c": 1}}


class Shy:
    def __repr__(self):
        return "marker"


REFUSED = [
    ({"x": float("nan")}, r"\$\.x: a number must be finite"),
    ({"x": [1, float("inf")]}, r"\$\.x\[1\]: a number must be finite"),
    ({"x": Decimal("NaN")}, "finite"),
    ({"x": datetime(2026, 1, 1)}, r"\$\.x: a datetime without a time zone"),
    ({"x": {"y": object()}}, r"\$\.x\.y: object cannot be stored"),
    ({"x": {1, 2}}, "set cannot be stored"),
    ({"x": b"marker"}, "bytes cannot be stored"),
    ({"x": Shy()}, "Shy cannot be stored"),
    ({1: 1}, r"\$: a name is a text .* not a int"),
    ({"": 1}, "a name is a text"),
    ({"$set": 1}, "does not start with"),
    ({"x" * 201: 1}, "200 characters"),
    ({"x": {"$date": "2026-01-01"}}, r"\$\.x: a name"),
    ({"x": "marker\ud800"}, "surrogate"),
    ({"\ud800": 1}, "surrogate"),
    ({"x": "m" * (TEXT + 1)}, "65,537 characters; the most is 65,536"),
    (nested(DEPTH + 2), f"nested more than {DEPTH} deep"),
    ({"x": list(range(SIZE))}, "more than 10,000 values"),
    ({f"x{n}": n for n in range(SIZE + 1)}, "more than 10,000 values"),
    ([("a", 1)], "a mapping from names to values, not list"),
    ("marker", "a mapping from names to values, not str"),
]


@pytest.mark.parametrize(("values", "says"), REFUSED)
def test_what_cannot_be_kept_says_where_and_why_and_never_the_value(values, says):  # HOUSE 11, S7.5
    with pytest.raises(InvalidInput, match=says) as caught:
        checked(values, "properties")
    assert "marker" not in str(caught.value)


def test_the_limits_themselves_are_allowed():
    assert checked({"x": "m" * TEXT}, "properties")
    assert checked({f"x{n}": n for n in range(SIZE)}, "properties")
    assert checked({"x": list(range(SIZE - 1))}, "properties")
    assert checked(nested(DEPTH), "properties")


def test_a_payload_that_contains_itself_is_refused():
    values = {}
    values["x"] = values
    with pytest.raises(InvalidInput, match="nested more than"):
        checked(values, "properties")


def test_the_error_is_the_one_asked_for():
    with pytest.raises(InvalidTouchpoint):
        checked({"x": object()}, "properties", InvalidTouchpoint)


@pytest.mark.parametrize(
    "value", [True, 1, 1.0, Decimal(1), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), timedelta(1), None, "1"]
)
def test_the_type_of_a_value_is_kept(value):  # S1.2: true is not 1
    assert type(checked({"x": value}, "properties")["x"]) is type(value)


# The short way: what shows in the JSON of a whole payload.

ODD = st.sampled_from([
    float("nan"), float("-inf"), "\ud800", "$5", '"$', '"":', "für", "m" * TEXT, "m" * (TEXT + 1), 10**DIGITS,
    -(10**DIGITS), 10**DIGITS - 1, 10**5_000, object(), {"$date": "2026-01-01"}, b"x",
])  # fmt: skip
ODD_NAMES = st.sampled_from(
    ["", "$set", "a$", 'a"', "\ud800", "x" * LONGEST_NAME, "x" * (LONGEST_NAME + 1), "für", "a b", 1, None]
)


@given(st.dictionaries(NAMES | ODD_NAMES, VALUES | ODD, max_size=4))
@example({"": 1})
@example({"a": 1, "": 1})
@example({"$set": 1})
@example({"x": 10**DIGITS})
@example({"x": "m" * (DIGITS + 20), "y": 10**DIGITS})
@example({f"x{n}": n for n in range(SIZE + 1)})
def test_what_is_plain_to_see_is_what_a_look_at_each_value_keeps(values):  # S1.2
    text = plain_json(values, dumps)
    if text is not None:
        assert text == dumps(checked(values, "properties"))
        assert checked(values, "properties") == values


@pytest.mark.parametrize(
    "values",
    [{}, {"a": 1, "b": "x", "c": None, "d": True, "e": 0.5}, {"größe": "für"}, {"review": "good " * 500, "stars": 5}],
)
def test_what_most_payloads_are_is_plain_to_see(values):
    assert plain_json(values, dumps) == dumps(values)


class Name(str):
    """A text of a class of its own."""

    __slots__ = ()


SHAPES = st.sampled_from([(), ("a",), ("a", "b"), ("b", "a"), ("a", 'ä"'), ("a", Name("b")), ("a", "$x"), ("a" * 201,)])
MIXED = st.one_of(
    SCALARS, st.sampled_from([Name("x"), float("nan"), 10**600, "$", '"":', "x" * 300, "\ud83d", [1], "%s"])
)


@settings(max_examples=300)
@given(
    st.lists(SHAPES, min_size=1, max_size=4),
    st.lists(MIXED | st.just(1), min_size=1, max_size=4),
    st.sampled_from([1, 7, 30]),
    st.data(),
)
def test_payloads_that_are_looked_at_together_have_the_json_that_each_has_alone(shapes, values, number, data):
    """Where one has none, nobody has: all of them are looked at one by one then."""
    payloads = [
        {name: data.draw(st.sampled_from(values)) for name in data.draw(st.sampled_from(shapes))} for _ in range(number)
    ]
    alone = [plain_json(each, dumps) for each in payloads]
    assert plain_jsons(payloads, dumps_all) == (None if None in alone else alone)
