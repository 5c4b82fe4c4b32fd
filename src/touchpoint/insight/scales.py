"""Scales of scores, and answers counted on one scale (S8.1): what was given on two scales is never mixed silently."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, Self, SupportsIndex

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.figure import whole

Score = int | float | Decimal | Fraction
_SPAN: Final = 1_000


@attrs.frozen
class Scale:
    """The whole numbers of which one is given as a score.

    Args:
        low: the lowest that can be given.
        high: the highest, at most 1,000 above it.
        better: which end is the good one: `high`, or `low` where effort or trouble is asked for.

    Raises:
        InvalidInput: no whole numbers, or the highest is not above the lowest.
    """

    low: int
    high: int
    better: Literal["high", "low"] = attrs.field(default="high", kw_only=True)

    def __attrs_post_init__(self) -> None:
        ends = (self.low, self.high)
        if any(type(end) is not int for end in ends) or not 0 < self.high - self.low <= _SPAN:
            raise InvalidInput("a scale goes from one whole number to a greater one, at most 1,000 above: Scale(1, 5)")
        if self.better not in ("high", "low"):
            raise InvalidInput('Scale(better=) says which end is the good one: "high" or "low"')

    def __str__(self) -> str:
        return f"{self.low}-{self.high}" + (", low is better" if self.better == "low" else "")

    def exact(self, score: Score) -> Fraction:
        """A score as an exact number.

        Raises:
            InvalidInput: it is no finite number, or not on this scale.
        """
        numeric = isinstance(score, int | float | Decimal | Fraction) and not isinstance(score, bool)
        if not numeric or not math.isfinite(score):
            raise InvalidInput(f"a score of the scale {self} is a finite number, not {type(score).__name__} or NaN")
        found = Fraction(score)
        if not self.low <= found <= self.high:
            raise InvalidInput(f"a score is not on its scale {self}; scores of another scale are rescaled first")
        return found


FIVE_POINTS: Final = Scale(1, 5)
SEVEN_POINTS: Final = Scale(1, 7)
TEN_POINTS: Final = Scale(1, 10)
ZERO_TO_TEN: Final = Scale(0, 10)


def normalise(score: Score, scale: Scale) -> Fraction:
    """A score as a part of what its scale allows: 0 is the worst and 1 the best, exactly.

    (score − low) / (high − low), turned round where low is better: "percent of maximum possible" of Cohen, Cohen, Aiken
    and West, "The problem of units and the circumstance for POMP", Multivariate Behavioral Research 34 (1999). So the
    ends of all scales fall together, and 3 of 5 is 0.5. Stars times two would be another rule, which makes 1 of 5 a 2
    of 10.

    Raises:
        InvalidInput: the score is not on the scale.
    """
    found = (scale.exact(score) - scale.low) / (scale.high - scale.low)
    return found if scale.better == "high" else 1 - found


def rescale(score: Score, scale: Scale, to: Scale) -> Fraction:
    """The score of another scale that is as good, exactly; mostly between two that can be given there.

    Raises:
        InvalidInput: the score is not on its scale.
    """
    found = normalise(score, scale)
    return to.low + (to.high - to.low) * (found if to.better == "high" else 1 - found)


def _copied(counts: Mapping[int, int]) -> Mapping[int, int]:
    return dict(counts)


@attrs.frozen
class Tally:
    """How often each score of one scale was given.

    Args:
        scale: on which all of them were given.
        counts: answers by score; scores that nobody gave may be left out.

    Raises:
        InvalidInput: a score is not a whole number of the scale, or a count is none.
    """

    scale: Scale
    counts: Mapping[int, int] = attrs.field(converter=_copied)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.scale, Scale):
            raise InvalidInput("a tally is kept on a scale, such as Scale(1, 5)")
        for score, count in self.counts.items():
            if self.scale.exact(score).denominator != 1:
                raise InvalidInput(f"scores are counted by whole numbers of their scale {self.scale}")
            whole(f"answers of score {score}", count)

    @classmethod
    def of(cls, scale: Scale, scores: Iterable[SupportsIndex]) -> Self:
        """Scores as they come, counted.

        Raises:
            InvalidInput: one of them is not a whole number of the scale.
        """
        counts: dict[int, int] = {}
        for score in scores:
            found = whole("score", score, scale.low)
            counts[found] = counts.get(found, 0) + 1
        return cls(scale, counts)

    def __add__(self, other: "Tally") -> "Tally":
        if not isinstance(other, Tally):
            return NotImplemented
        if other.scale != self.scale:
            raise InvalidInput(
                f"scores of {self.scale} and of {other.scale} are not added up; pooled_mean() puts both on a common one"
            )
        scores = sorted({*self.counts, *other.counts})
        return Tally(self.scale, {each: self.counts.get(each, 0) + other.counts.get(each, 0) for each in scores})

    @property
    def n(self) -> int:
        """All answers."""
        return sum(self.counts.values())

    def best(self, points: int) -> int:
        """Answers among so many points at the good end.

        Raises:
            InvalidInput: the scale has no more points than that.
        """
        scale, points = self.scale, whole("points", points, 1)
        if points > scale.high - scale.low:
            raise InvalidInput(f"points: fewer than the scale {scale} has, else everybody is among the best")
        if scale.better == "high":
            return sum(n for score, n in self.counts.items() if score > scale.high - points)
        return sum(n for score, n in self.counts.items() if score < scale.low + points)
