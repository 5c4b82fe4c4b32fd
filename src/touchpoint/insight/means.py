"""Means of scores, and what is needed to compare them: how many, how much they differ among themselves."""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Self, SupportsIndex

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.distributions import t_two_sided
from touchpoint.insight.figure import Figure, Interval, confidence, finite, whole
from touchpoint.insight.proportions import proportion_interval
from touchpoint.insight.scales import Tally, normalise
from touchpoint.model.scale import Scale


def _mean(value: float) -> float:
    return finite("mean", value)


def _variance(value: float) -> float:
    return finite("variance", value, 0)


def _n(value: int) -> int:
    return whole("n", value)


@attrs.frozen
class Sample(Figure):
    """What is known of the numbers of a group.

    Args:
        mean: of them; 0 where there are none.
        variance: of the sample, with n − 1 below the line; 0 where n is below 2.
        n: how many.

    Raises:
        InvalidInput: a number that cannot be.
    """

    mean: float = attrs.field(converter=_mean)
    variance: float = attrs.field(converter=_variance)
    n: int = attrs.field(converter=_n)

    @classmethod
    def of(cls, counts: Mapping[int, SupportsIndex]) -> Self:
        """Of numbers by how often each was found; worked out exactly, rounded once.

        Raises:
            InvalidInput: a number or count that cannot be.
        """
        found = {each: whole("count", n) for each, n in counts.items() if finite("value", each) == each}
        n = sum(found.values())
        total = sum((Fraction(each) * times for each, times in found.items()), Fraction())
        squares = sum((Fraction(each) ** 2 * times for each, times in found.items()), Fraction())
        variance = (squares - total * total / n) / (n - 1) if n > 1 else Fraction()
        return cls(float(total / n) if n else 0.0, float(variance), n)


@attrs.frozen
class ScaleCount(Figure):
    """How many answers were given on which scale."""

    scale: Scale
    n: int


@attrs.frozen
class PooledMean(Figure):
    """A mean over scores of several scales, after each was put on a common one.

    Args:
        value: from 0, the worst, to 100, the best that the scales allow.
        n: answers.
        scales: how many of them on which scale.
        interval: where the mean may really lie.
    """

    value: float
    n: int
    scales: tuple[ScaleCount, ...]
    interval: Interval


def pooled_mean(tallies: Iterable[Tally], *, level: float = 0.95) -> PooledMean:
    """The mean over several scales, in percent of what each allows (see `normalise`); it says what was pooled.

    It takes equal places of two scales to mean the same, which people do not always: compare the scales' own means
    before you believe a change that came with a change of the scale.

    Raises:
        InvalidInput: there are no answers, or a level that cannot be.
    """
    counts: dict[Fraction, int] = {}
    scales: dict[Scale, int] = {}
    for tally in tallies:
        scales[tally.scale] = scales.get(tally.scale, 0) + tally.n
        for score, n in tally.counts.items():
            part = normalise(score, tally.scale)
            counts[part] = counts.get(part, 0) + n
    value, n, interval = bounded_mean(counts, Fraction(0), Fraction(100), confidence(level))
    return PooledMean(value, n, tuple(ScaleCount(*each) for each in scales.items()), interval)


def bounded_mean(
    parts: Mapping[Fraction, int], low: Fraction, high: Fraction, level: float
) -> tuple[float, int, Interval]:
    """Mean, number and interval of parts (0 to 1) of what lies between low and high.

    The interval is Student's. Where all answers are equal it would be of no width, as if the next one could not differ;
    so then it is Wilson's of that part as a share (`wilson_bounded`). That one is never too hopeful: of all values in 0
    to 1 with this mean, 0 and 1 have the greatest variance (Bhatia and Davis, Amer. Math. Monthly 107, 2000).
    """
    n = sum(parts.values())
    if not n:
        raise InvalidInput("no answers, no mean: count them first, and say so where there are none")
    mean = sum((part * times for part, times in parts.items()), Fraction()) / n
    squares = sum(((part - mean) ** 2 * times for part, times in parts.items()), Fraction())
    if squares:
        half = t_two_sided(level, n - 1) * math.sqrt(squares / (n - 1) / n)
        ends, method = (max(0.0, float(mean) - half), min(1.0, float(mean) + half)), "t"
    else:
        wilson = proportion_interval(float(mean * n), n, level, "wilson")
        ends, method = (wilson.low, wilson.high), "wilson_bounded"
    start, span = float(low), float(high - low)
    value = float(low + (high - low) * mean)
    found = Interval(min(value, start + span * ends[0]), max(value, start + span * ends[1]), level, method)
    return value, n, found
