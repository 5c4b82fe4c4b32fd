"""What little a customer has is a mapping like any other, only smaller."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.core.held import NONE, One, dropped, few, put
from touchpoint.stores.codec import dumps

KEYS = st.sampled_from("abc")
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 3)), max_size=12)


@given(CHANGES)
def test_it_is_changed_as_a_dict_is(changes):
    held, known = NONE, {}
    for key, value in changes:
        if value is None:
            held = dropped(held, key)
            known.pop(key, None)
        else:
            held = put(held, key, value)
            known[key] = value
        assert (held, list(held.items()), len(held), bool(held)) == (
            known,
            list(known.items()),
            len(known),
            bool(known),
        )
        assert [(held.get(each, 9), each in held) for each in "abc"] == [
            (known.get(each, 9), each in known) for each in "abc"
        ]


@given(st.dictionaries(KEYS, st.integers()))
def test_it_is_as_small_as_may_be_whatever_it_was_made_of(known):
    made = NONE
    for key, value in {"x": 0, **known}.items():
        made = put(made, key, value)
    for held in (few(known), dropped(made, "x")):
        assert held == known
        assert type(held) is [type(NONE), One, dict, dict][len(known)]
        assert dumps(held) == dumps(known)


def test_one_entry_takes_a_quarter_of_a_dict():
    assert sys.getsizeof(One("a", 1)) * 3.5 < sys.getsizeof({"a": 1})


def test_one_entry_has_no_other():
    assert One("a", 1)["a"] == 1
    with pytest.raises(KeyError, match="b"):
        One("a", 1)["b"]
    with pytest.raises(TypeError, match="use put"):
        One("a", 1)["b"] = 2
    assert repr(One("ticket 7", "their words")) == "One(…)"


def test_names_that_are_read_are_the_same_text_for_everybody():
    first, second = (few({str(b"name", "ascii"): 1, **more}) for more in ({}, {"other": 2}))
    assert next(iter(first)) is next(iter(second))
