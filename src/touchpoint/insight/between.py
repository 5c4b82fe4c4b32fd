"""How much groups differ beyond chance: restricted maximum likelihood.

The figure y of group i varies about the mean of all with the variance aᵢx + bᵢ, of which bᵢ is chance within the group.
With w = 1 / (aᵢx + bᵢ) and m = Σ w y / Σ w, x is where

    Σ a w² ((y − m)² + 1 / Σ w − 1 / w) = 0

(Viechtbauer, "Bias and efficiency of meta-analytic variance estimators in the random-effects model", Journal of
Educational and Behavioral Statistics 30, 2005). Of equally large groups that is what the analysis of variance finds.
Where groups differ in size it is nearer to the truth: the analysis of variance weighs a group by its answers, so what
hundreds of groups of few answers scatter by chance drowns one of many answers that clearly differs.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_HALVINGS: Final = 100


class Spread(NamedTuple):
    """The figure of one group, and how much of x (`slope`) and of chance (`noise`, above 0) is in its variance."""

    figure: float
    slope: float
    noise: float


class _Alike(NamedTuple):
    """Groups of equal variance: how many, and the sums of their distances from a point and of the squares of these."""

    slope: float
    noise: float
    n: int
    total: float
    squares: float


def between(groups: Sequence[Spread], about: float, most: float | None = None) -> float:
    """x as above; 0 where chance explains as much as there is.

    Args:
        groups: those with any answers.
        about: a point near their figures, such as the mean of all; only rounding depends on it.
        most: x is not above it.
    """
    alike = _gathered(groups, about)
    low, high = 0.0, most if most is not None else sum(each.squares for each in alike)
    if len(groups) < 2 or _score(alike, low) <= 0:
        return low
    while _score(alike, high) > 0:
        if most is not None:
            return most
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _score(alike, middle) > 0 else (low, middle)
    return (low + high) / 2


def _gathered(groups: Iterable[Spread], about: float) -> list[_Alike]:
    """There are far fewer sizes of groups than groups."""
    found: defaultdict[tuple[float, float], list[float]] = defaultdict(list)
    for each in groups:
        found[each.slope, each.noise].append(each.figure - about)
    return [_Alike(*variance, len(each), sum(each), sum(d * d for d in each)) for variance, each in found.items()]


def _score(groups: Sequence[_Alike], x: float) -> float:
    """What is to be 0: the derivative of the likelihood, but for a factor of 2."""
    weights = [1 / (each.slope * x + each.noise) for each in groups]
    whole = sum(w * each.n for w, each in zip(weights, groups, strict=True))
    mean = sum(w * each.total for w, each in zip(weights, groups, strict=True)) / whole
    return sum(
        each.slope * w * w * (each.squares - 2 * mean * each.total + each.n * (mean * mean + 1 / whole - 1 / w))
        for w, each in zip(weights, groups, strict=True)
    )
