"""Values remembered of past touchpoints: packed as JSON, and as keys (S4.7)."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from touchpoint.core.captures import key_of, pack, unpack
from touchpoint.core.values import UNKNOWN, equal

SCALARS = st.sampled_from(
    [
        0, 1, 1.0, 100, 0.1, Decimal("0.1"), Decimal("1E+2"), True, None, "1", "2026-03-01",
        date(2026, 3, 1), datetime(2026, 3, 1, 10, tzinfo=UTC), timedelta(hours=1),
    ]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=4,
)


@given(VALUES)
def test_packed_values_survive_json(kept):
    read = unpack(json.loads(json.dumps(pack(kept))))
    assert type(read) is type(kept)
    assert equal(read, kept) is True


@given(VALUES, VALUES)
def test_values_share_a_key_exactly_if_they_are_equal_and_of_one_kind(left, right):
    if isinstance(left, str) != isinstance(right, str):
        assert key_of(left) != key_of(right)
    else:
        assert (key_of(left) == key_of(right)) is (equal(left, right) is True)


def test_what_is_not_json_is_kept_as_missing():
    for odd in (object(), float("inf"), float("nan"), Decimal("NaN"), datetime(2026, 3, 1), UNKNOWN):
        assert unpack(json.loads(json.dumps(pack(odd)))) is UNKNOWN
