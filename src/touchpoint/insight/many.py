"""Many comparisons at once: of twenty stores that are all alike, one is "significant" by luck.

Three ways of saying how much each p-value is worth among the others, as adjusted p-values: a comparison counts where
its own is at most the level that was chosen beforehand.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, get_args

import attrs

from touchpoint.errors import UnknownName
from touchpoint.insight.figure import Figure, finite

Adjustment = Literal["benjamini_hochberg", "bonferroni", "holm"]


@attrs.frozen
class Adjusted(Figure):
    """P-values that know of each other.

    Args:
        method: how they were adjusted.
        p: as they were handed in.
        adjusted: in the same order, from 0 to 1.
    """

    method: str
    p: tuple[float, ...]
    adjusted: tuple[float, ...]

    def rejected(self, level: float = 0.05) -> tuple[bool, ...]:
        """Which comparisons show a difference at this level, in the same order.

        Raises:
            InvalidInput: the level is not from 0 to 1.
        """
        bound = finite("level", level, 0, 1)
        return tuple(each <= bound for each in self.adjusted)


def adjust(p: Sequence[float], *, method: Adjustment = "benjamini_hochberg") -> Adjusted:
    """Adjust p-values for being many.

    - `benjamini_hochberg`: of what is rejected, at most the level is false on average. "Controlling the false discovery
      rate", Journal of the Royal Statistical Society B 57 (1995); it holds for independent comparisons.
    - `holm`: the chance that anything is rejected falsely is at most the level, whatever the comparisons. "A simple
      sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    - `bonferroni`: the same, and never more powerful; to compare with others.

    Raises:
        InvalidInput: a p-value is not a number from 0 to 1.
        UnknownName: no method is called that.
    """
    if method not in _METHODS:
        raise UnknownName("adjustment of p-values", str(method), get_args(Adjustment))
    values = tuple(finite("p-value", each, 0, 1) for each in p)
    order = sorted(range(len(values)), key=values.__getitem__)
    found = dict(zip(order, _METHODS[method]([values[each] for each in order]), strict=True))
    return Adjusted(method, values, tuple(found[each] for each in range(len(values))))


def _bonferroni(rising: Sequence[float]) -> list[float]:
    return [min(1.0, p * len(rising)) for p in rising]


def _holm(rising: Sequence[float]) -> list[float]:
    found, most = [], 0.0
    for rank, p in enumerate(rising):
        most = max(most, min(1.0, p * (len(rising) - rank)))
        found.append(most)
    return found


def _benjamini_hochberg(rising: Sequence[float]) -> list[float]:
    found, least = [], 1.0
    for rank in range(len(rising), 0, -1):
        # p itself is a bound that rounding must not cross.
        least = min(least, max(rising[rank - 1], rising[rank - 1] * len(rising) / rank))
        found.append(least)
    return found[::-1]


_METHODS: Final[Mapping[str, Callable[[Sequence[float]], list[float]]]] = {
    "benjamini_hochberg": _benjamini_hochberg,
    "bonferroni": _bonferroni,
    "holm": _holm,
}
