"""Nasty values for tests, what a store holds as text, and the law that what is refused leaves no trace."""

from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from touchpoint.errors import StoreError, TouchpointError

MARKER = "mk7q-marker"
"""Stands in every nasty text, so that errors that repeat one can be found."""


class NoOffset(tzinfo):
    """A time zone that says nothing."""

    def utcoffset(self, _):
        return None

    def dst(self, _):
        return None

    def tzname(self, _):
        return MARKER


class Raising(NoOffset):
    """A time zone that cannot be asked."""

    def utcoffset(self, _):
        raise ValueError(MARKER)


def nested(depth, inner=1):
    value = inner
    for _ in range(depth):
        value = [value]
    return value


SQL = f"'; DROP TABLE touchpoint_customers; -- {MARKER}"
FORMATS = [
    "{customer.__class__.__mro__}", '{trigger["__globals__"]}', "{0.__init__.__globals__}", "%s%n%(x)s", "${7*7}",
    "{{7*7}}", "{customer.name}", "{{customer.name}}", "\\N{BULLET}", "{", "}", "{}", "{!r}",
]  # fmt: skip
"""Texts that mean something to a formatter, and nothing to us."""
ODD = [
    MARKER, f"{MARKER}\0", f"\ufeff{MARKER}", f"\u202e{MARKER}", f"\x1b[2J\x9b31m{MARKER}",
    f"{MARKER}\r\nBcc: x@y.example",
    SQL, f'"{MARKER}"', f"=cmd|'/C {MARKER}'!A0", "../../etc/passwd", "e\u0301", "\U0001f469\u200d\U0001f467", "0", " ",
    *FORMATS,
]  # fmt: skip
"""Texts that are as good as any other: kept as they are, wherever a text may stand."""
HALF = f"{MARKER}\ud800"
LONG = MARKER * 10_000
AT_THE_EDGE = [
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=23))),
]  # fmt: skip
"""Instants that Python can write, and the calendar does not have."""
WRONG = [
    0, -1, True, 2**70, 10**5_000, 1.5, float("nan"), float("-inf"), Decimal("NaN"), Decimal("sNaN"),
    Decimal("1e999999"),
    b"bytes", [], [1], [None], {}, {"a": 1}, {1}, object(), ..., int, len, date(2026, 1, 1), timedelta.max, nested(40),
    nested(100_000), (MARKER,), [HALF], {HALF: 1}, datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=NoOffset()),
    datetime(2026, 1, 1, tzinfo=Raising()), *AT_THE_EDGE,
]  # fmt: skip
"""Values that are no text at all."""

texts = st.one_of(st.text(max_size=30), st.sampled_from([*ODD, HALF, LONG, ""]))
# By index, because Hypothesis describes a list of samples, and some of these cannot be described.
wrong = st.integers(0, len(WRONG) - 1).map(lambda index: WRONG[index])
anything = st.one_of(texts, wrong, st.none())


def dump(engine):
    """Everything the store holds, as text."""
    return "\n".join(engine.store._connection.iterdump())


@contextmanager
def refused(engine=None, error=TouchpointError):
    """What happens inside has to be refused: typed, without a trace in the store, and without repeating what it was."""
    before = None if engine is None else dump(engine)
    with pytest.raises(error) as caught:
        yield caught
    assert not isinstance(caught.value, StoreError), "the store was asked to keep it"
    assert MARKER not in str(caught.value)
    assert len(str(caught.value)) < 3_000
    if engine is not None:
        assert dump(engine) == before


@contextmanager
def taken_or_refused(engine):
    """What happens inside may go well; if it is refused, then as `refused` has it."""
    before, said = dump(engine), None
    try:
        yield
    except TouchpointError as error:
        said = error
    if said is not None:
        assert not isinstance(said, StoreError), "the store was asked to keep it"
        assert len(str(said)) < 3_000
        assert dump(engine) == before
