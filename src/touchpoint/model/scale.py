"""Scales of scores: answers on two of them are compared by their share of the way, never as they are (S8.1)."""

from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.model.message import Number
from touchpoint.model.payload import is_finite, is_kept

_LARGEST: Final = 1_000_000
_SPAN: Final = 1_000
_DIGITS: Final = 30


@attrs.frozen
class Scale:
    """The whole numbers of which one is given as a score.

    Args:
        low: the lowest that can be given.
        high: the highest, at most 1,000 above it.
        better: which end is the good one: `high`, or `low` where effort or trouble is asked for.

    Raises:
        InvalidInput: the ends are no whole numbers, are too large, or the highest is not above the lowest.
    """

    low: int
    high: int
    better: Literal["high", "low"] = attrs.field(default="high", kw_only=True)

    def __attrs_post_init__(self) -> None:
        ends = (self.low, self.high)
        if any(type(end) is not int or abs(end) > _LARGEST for end in ends) or not 0 < self.high - self.low <= _SPAN:
            raise InvalidInput("a scale goes from one whole number to a greater one, at most 1,000 above: Scale(1, 5)")
        if self.better not in ("high", "low"):
            raise InvalidInput('Scale(better=) says which end is the good one: "high" or "low"')

    def __str__(self) -> str:
        return f"{self.low}-{self.high}" + (", low is better" if self.better == "low" else "")

    def exact(self, score: Number | Fraction) -> Fraction:
        """A score as an exact number; a float counts as the decimal that it is written as.

        Raises:
            InvalidInput: it is text, a bool, not finite, too long, or not on this scale. It is not repeated.
        """
        if isinstance(score, bool) or not isinstance(score, int | float | Decimal | Fraction):
            raise InvalidInput(
                f"a score of the scale {self} is a number, not {type(score).__name__}; turn it into one where it is "
                "read, or use touchpoint.insight.read_answer for what a customer wrote"
            )
        if not _is_usable(score) or not self.low <= score <= self.high:
            raise InvalidInput(
                f"a score is not on its scale {self}; give the scale of its source as scale=, or leave the score out "
                "and keep the words"
            )
        return Fraction(repr(float(score))) if isinstance(score, float) else Fraction(score)

    def share(self, score: Number | Fraction) -> Fraction:
        """How good a score is: 0 is the worst of its scale, 1 the best, exactly.

        "Percent of maximum possible" of Cohen, Cohen, Aiken and West, "The problem of units and the circumstance for
        POMP", Multivariate Behavioral Research 34 (1999). So the ends of all scales fall together: 3 of 1 to 5 is
        1/2, as is 5.5 of 1 to 10.

        Raises:
            InvalidInput: the score is not on the scale.
        """
        found = (self.exact(score) - self.low) / (self.high - self.low)
        return found if self.better == "high" else 1 - found


def _is_usable(score: Number | Fraction) -> bool:
    if isinstance(score, Decimal):
        # One of a few bytes can have a billion digits when it is written out, as a fraction has to.
        return score.is_finite() and -_DIGITS <= int(score.as_tuple().exponent) <= _DIGITS
    return isinstance(score, Fraction) or (is_kept(score) and is_finite(score))
