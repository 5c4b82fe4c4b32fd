"""Shares of counts, with intervals that also hold where answers are few (S8.1).

Which interval is good for what: Brown, Cai and DasGupta, "Interval estimation for a binomial proportion", Statistical
Science 16 (2001). Wilson's is the default: it never leaves 0 to 1, and is never of no width.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final, Literal, SupportsIndex, get_args

import attrs

from touchpoint.errors import UnknownName
from touchpoint.insight.distributions import beta_quantile, two_sided
from touchpoint.insight.figure import Figure, Interval, confidence, part

ProportionMethod = Literal["wilson", "agresti_coull", "jeffreys", "clopper_pearson", "wald"]
_Ends = tuple[float, float]


@attrs.frozen
class Share(Figure):
    """A share of a whole.

    Args:
        value: count / n, from 0 to 1.
        count: how many have it.
        n: of how many.
        interval: where the share may really lie.
    """

    value: float
    count: int
    n: int
    interval: Interval


def proportion(
    count: SupportsIndex, n: SupportsIndex, *, level: float = 0.95, method: ProportionMethod = "wilson"
) -> Share:
    """A share with its interval.

    - `wilson`: of the score test (Wilson 1927).
    - `agresti_coull`: Wald's about Wilson's centre, at least as wide as Wilson's (Agresti and Coull 1998).
    - `jeffreys`: from Beta(count + ½, n − count + ½), but with the end 0 for none and 1 for all (Brown, Cai, DasGupta).
    - `clopper_pearson`: "exact", never too narrow and mostly too wide (Clopper and Pearson 1934).
    - `wald`: the one of the textbooks; of no width at 0 and 1, too narrow where n is small. To compare with others.

    Args:
        count: how many have it.
        n: of how many; 1 or more.
        level: of confidence.
        method: how the interval is made; ends are clipped to 0 and 1.

    Raises:
        InvalidInput: a count or level that cannot be.
        UnknownName: no method is called that.
    """
    k, total = part(count, n)
    return Share(k / total, k, total, proportion_interval(k, total, confidence(level), method))


def proportion_interval(k: float, n: int, level: float, method: str) -> Interval:
    """The interval alone; of checked values. The count may be broken for `wilson`."""
    if method not in _METHODS:
        raise UnknownName("interval of a share", str(method), get_args(ProportionMethod))
    low, high = _METHODS[method](k, n, level)
    value = k / n  # rounding must not put the share itself outside
    return Interval(max(0.0, min(low, value)), min(1.0, max(high, value)), level, method)


def _wilson(k: float, n: int, level: float) -> _Ends:
    z = two_sided(level)
    centre, whole = k + z * z / 2, n + z * z
    half = z * math.sqrt(k * (n - k) / n + z * z / 4)
    return (centre - half) / whole if k else 0.0, (centre + half) / whole if k < n else 1.0


def _agresti_coull(k: float, n: int, level: float) -> _Ends:
    z = two_sided(level)
    whole = n + z * z
    centre = (k + z * z / 2) / whole
    half = z * math.sqrt(centre * (1 - centre) / whole)
    return centre - half, centre + half


def _jeffreys(k: float, n: int, level: float) -> _Ends:
    tail = (1 - level) / 2
    low = beta_quantile(k + 0.5, n - k + 0.5, tail) if k else 0.0
    return low, beta_quantile(k + 0.5, n - k + 0.5, 1 - tail) if k < n else 1.0


def _clopper_pearson(k: float, n: int, level: float) -> _Ends:
    tail = (1 - level) / 2
    low = beta_quantile(k, n - k + 1, tail) if k else 0.0
    return low, beta_quantile(k + 1, n - k, 1 - tail) if k < n else 1.0


def _wald(k: float, n: int, level: float) -> _Ends:
    value = k / n
    half = two_sided(level) * math.sqrt(value * (1 - value) / n)
    return value - half, value + half


_METHODS: Final[Mapping[str, Callable[[float, int, float], _Ends]]] = {
    "wilson": _wilson,
    "agresti_coull": _agresti_coull,
    "jeffreys": _jeffreys,
    "clopper_pearson": _clopper_pearson,
    "wald": _wald,
}
