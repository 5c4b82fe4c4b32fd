"""Lengths of time, counted in fixed buckets: counts can be added up, taken back and merged, and quantiles follow."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from math import isqrt
from typing import Final

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.figure import Figure, finite

_PER_DOUBLING: Final = 8
_DOUBLINGS: Final = 32


def _bound(k: int) -> int:
    """⌊1000 · 2^(k/8)⌋ milliseconds, in whole numbers, so that it is the same on every machine."""
    return isqrt(isqrt(isqrt(1000**_PER_DOUBLING << k)))


BOUNDS: Final = tuple(_bound(k) for k in range(_PER_DOUBLING * _DOUBLINGS + 1))
"""Where one bucket ends and the next begins, in milliseconds: from 1 second to 136 years, each 9.05 % above the last.

Bucket 0 is what lies below the first bound, bucket k from `BOUNDS[k - 1]` (included) to `BOUNDS[k]` (not included), the
last one everything from the last bound on.
"""


def bucket_of(ms: int) -> int:
    """The bucket of a length of time in milliseconds; one below 0 counts as none at all."""
    return bisect_right(BOUNDS, ms)


def ends_of(bucket: int) -> tuple[float, float]:
    """From where to where a bucket goes, in seconds; the last one has no end but infinity.

    Raises:
        InvalidInput: there is no such bucket.
    """
    if not isinstance(bucket, int) or not 0 <= bucket <= len(BOUNDS):
        raise InvalidInput(f"buckets of lengths of time are numbered from 0 to {len(BOUNDS)}")
    low = BOUNDS[bucket - 1] / 1000 if bucket else 0.0
    return low, BOUNDS[bucket] / 1000 if bucket < len(BOUNDS) else float("inf")


def _positive(buckets: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((bucket, n) for bucket, n in buckets if n > 0))


@attrs.frozen
class Spans(Figure):
    """How long something took, over many times.

    Args:
        total: of all of them, in seconds; exact to the millisecond for each.
        buckets: (bucket, how many) of those that are not empty, in order; see `BOUNDS`.
    """

    total: float
    buckets: tuple[tuple[int, int], ...] = attrs.field(converter=_positive)

    @property
    def n(self) -> int:
        """How many times."""
        return sum(n for _, n in self.buckets)

    @property
    def mean(self) -> float | None:
        """In seconds, exact; None where there were none."""
        return self.total / self.n if self.n else None

    @property
    def shortest(self) -> tuple[float, float] | None:
        """From where to where the shortest lies, in seconds: the ends of its bucket. None where there were none."""
        return ends_of(self.buckets[0][0]) if self.buckets else None

    @property
    def longest(self) -> tuple[float, float] | None:
        """Likewise the longest."""
        return ends_of(self.buckets[-1][0]) if self.buckets else None

    def between(self, q: float) -> tuple[float, float] | None:
        """From where to where a quantile lies, in seconds: the ends of the bucket of the ⌈q·n⌉-th of them, in order.

        Args:
            q: from 0 to 1; 0.5 for the median.

        Raises:
            InvalidInput: q is no such number.
        """
        share, n = finite("q", q, 0, 1), self.n
        if not n:
            return None
        rank = max(1, -int(-share * n // 1))
        ranks = accumulate(n for _, n in self.buckets)
        bucket = next(bucket for (bucket, _), upto in zip(self.buckets, ranks, strict=True) if upto >= rank)
        return ends_of(bucket)

    def quantile(self, q: float) -> float | None:
        """A quantile in seconds: the middle of its bucket.

        Between 1 second and 136 years it is at most (2^(1/8) − 1) / 2 of the truth away from it, and a
        millisecond for rounded bounds.

        Raises:
            InvalidInput: q is no number from 0 to 1.
        """
        ends = self.between(q)
        if ends is None:
            return None
        return ends[0] if ends[1] == float("inf") else (ends[0] + ends[1]) / 2

    def __add__(self, other: "Spans") -> "Spans":
        if not isinstance(other, Spans):
            return NotImplemented
        counts = dict(self.buckets)
        for bucket, n in other.buckets:
            counts[bucket] = counts.get(bucket, 0) + n
        return Spans(self.total + other.total, tuple(counts.items()))

    def to_dict(self) -> dict[str, object]:
        """Names and values, with those that follow from others; in seconds, an end that is none as None."""
        found: dict[str, object] = {"n": self.n, "total": self.total, "mean": self.mean}
        found |= {"shortest": _ends(self.shortest), "longest": _ends(self.longest)}
        found |= {f"p{q}": self.quantile(q / 100) for q in (50, 90, 99)}
        return found | {"buckets": [[*each] for each in self.buckets]}


def _ends(ends: tuple[float, float] | None) -> list[float | None] | None:
    return None if ends is None else [ends[0], None if ends[1] == float("inf") else ends[1]]
