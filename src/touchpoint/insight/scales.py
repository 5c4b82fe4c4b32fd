"""Answers counted on one scale (S8.1): what was given on two scales is never mixed silently."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, Self, SupportsIndex

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.figure import whole
from touchpoint.model.message import Number
from touchpoint.model.scale import Scale

Score = Number | Fraction


FIVE_POINTS: Final = Scale(1, 5)
SEVEN_POINTS: Final = Scale(1, 7)
TEN_POINTS: Final = Scale(1, 10)
ZERO_TO_TEN: Final = Scale(0, 10)


def normalise(score: Score, scale: Scale) -> Fraction:
    """A score as a part of what its scale allows: 0 is the worst and 1 the best, exactly. See `Scale.share`.

    Stars times two would be another rule, which makes 1 of 5 a 2 of 10.

    Raises:
        InvalidInput: the score is not on the scale.
    """
    return scale.share(score)


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
