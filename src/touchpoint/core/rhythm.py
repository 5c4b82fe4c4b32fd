"""The customer's own usual gap: how often they do something, kept incrementally and bounded (S4.1, S4.7).

Of each touchpoint type that a journey asks about, the latest instants are kept, the last one of each day (UTC), twelve
at most: eleven gaps. Which those are does not depend on the order in which touchpoints arrive.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from touchpoint.core.held import put
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.timed import SilenceSpec, UsualGap
from touchpoint.durations import LONGEST, length

Occasions: TypeAlias = Mapping[str, Sequence[int]]
ANYTHING: Final = ""
"""Stands for whatever is inbound, among touchpoint types."""
FEWEST_GAPS: Final = 3
"""Fewer say nothing of a habit."""
_KEPT: Final = 12
_DAY: Final = 86_400_000_000
_LONGEST: Final = length(LONGEST)
_UNITS: Final = (("day", _DAY), ("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1_000_000))


def types_asked(silences: Iterable[SilenceSpec]) -> frozenset[str]:
    """The touchpoint types whose usual gap matters; `ANYTHING` where that of anything inbound does."""
    return frozenset(spec.of or ANYTHING for spec in silences if spec.usual is not None)


def noted(types: Collection[str], occasions: Occasions, occurrence: Occurrence) -> Occasions:
    """What is kept once a touchpoint has come, too, where one of these types asks for it."""
    if occurrence.kind == TOUCHPOINT and occurrence.name in types:
        occasions = put(occasions, occurrence.name, _with(occasions.get(occurrence.name, ()), occurrence.at))
    if ANYTHING in types and occurrence.direction == "inbound":
        occasions = put(occasions, ANYTHING, _with(occasions.get(ANYTHING, ()), occurrence.at))
    return occasions


def _with(instants: Sequence[int], at: int) -> Sequence[int]:
    place = bisect_left(instants, at)
    day = at // _DAY
    if place < len(instants) and instants[place] // _DAY == day:
        return instants  # the same day has a later one, or this very one
    if place and instants[place - 1] // _DAY == day:
        return [*instants[: place - 1], at, *instants[place:]]
    return [*instants[:place], at, *instants[place:]][-_KEPT:]


def usual_gap(instants: Iterable[int]) -> int | None:
    """The median of the gaps, in microseconds; None where there are too few.

    A median is robust: up to half of the gaps may be out of the ordinary. Of an even number it is the mean of the
    middle two, rounded down.
    """
    kept = list(instants)
    gaps = sorted(later - one for one, later in pairwise(kept))
    if len(gaps) < FEWEST_GAPS:
        return None
    middle = len(gaps) // 2
    return gaps[middle] if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) // 2


def lasts(spec: SilenceSpec, occasions: Occasions) -> int:
    """How long this silence lasts for the customer, in microseconds."""
    if spec.usual is None:
        return spec.length
    return _own(spec.usual, usual_gap(occasions.get(spec.of or ANYTHING, ())))


def _own(usual: UsualGap, gap: int | None) -> int:
    if gap is None:
        return usual.otherwise
    times, of = usual.times
    return max(usual.at_least, min(gap * times // of, _LONGEST))


def in_words(spec: SilenceSpec, occasions: Occasions, silent: int) -> str:
    """A silence of so many microseconds beside what is usual: `usually every 9.5 days; silent for 15 days`."""
    gap = usual_gap(occasions.get(spec.of or ANYTHING, ()))
    what = f"{spec.of}: " if spec.of else ""
    often = "too few to tell what is usual" if gap is None else f"usually every {roughly(gap)}"
    return f"{what}{often}; silent for {roughly(silent)}"


def roughly(us: int) -> str:
    """A length of time in its largest unit, to a tenth of it: `9.5 days`."""
    unit, size = next((each for each in _UNITS if us >= each[1]), _UNITS[-1])
    tenths = (us * 10 + size // 2) // size
    whole, part = divmod(tenths, 10)
    return f"{whole}.{part} {unit}s" if part else f"{whole} {unit}" + ("" if whole == 1 else "s")
