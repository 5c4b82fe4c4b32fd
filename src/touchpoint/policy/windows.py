"""When a window is open (S2.3, S2.4): now, from which instant on, or never.

A window is a statement about the local clock, so it is closed exactly while that clock reads a closed time: hours that
a change of clocks skips do not occur, and hours that it repeats count both times. Between two changes the local clock
is UTC plus a constant, and there the arithmetic is plain.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from touchpoint.durations import length
from touchpoint.journey.windows import DENY, WEEKDAYS, QuietHours, SendWindow, seconds_of_day
from touchpoint.zones import offsets, zone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Run = tuple[int, int]
"""A half-open stretch of time, in microseconds."""

HORIZON_DAYS: Final = 400
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY: Final = date(1970, 1, 1).weekday()
_CACHED: Final = 512
_WEEK: Final = 7 * _DAY
_AHEAD: Final = 2 * _DAY
_STRIDE: Final = 16 * _DAY


@attrs.frozen
class Opening:
    """The answer: `open`, `opens` (at the instant `at`, microseconds UTC), `never` (within 400 days), or `unknown`.

    `unknown` means that no time zone is known and the window says `unknown_zone="deny"`.
    """

    state: Literal["open", "opens", "never", "unknown"]
    at: int | None = None


OPEN: Final = Opening("open")
NEVER: Final = Opening("never")
UNKNOWN: Final = Opening("unknown")


def opens(window: QuietHours | SendWindow, zones: Sequence[str], now_us: int) -> Opening:
    """Ask a window once. Who asks often keeps a `WindowEvaluator`.

    Raises:
        UnknownName: a zone that the time-zone data does not have.
    """
    return WindowEvaluator(window).opens(zones, now_us)


_Week: TypeAlias = tuple[tuple[int, ...], tuple[Opening | None, ...]]
"""(edges, answers): right is the answer with as many edges behind it as have passed.

Edges are the ends of the week and whatever opens and closes within; None stands for another week, and for far away.
"""
_NOT_HERE: Final[Opening | None] = None


class WindowEvaluator:
    """A window, ready to be asked often: its answers of a week, for a set of zones, are kept, up to a bound."""

    __slots__ = ("_holidays", "_last", "_later", "_margin", "_quiet", "_spans", "_unknown", "_weekdays", "_weeks")

    def __init__(self, window: QuietHours | SendWindow) -> None:
        self._quiet = isinstance(window, QuietHours)
        pairs = ((window.start, window.end),) if isinstance(window, QuietHours) else window.intervals
        self._spans = tuple(_span(start, end) for start, end in pairs)
        self._weekdays = frozenset(WEEKDAYS.index(name) for name in window.weekdays or WEEKDAYS)
        self._holidays = frozenset(day.toordinal() - _EPOCH_ORDINAL for day in window.holidays)
        self._margin = length(window.margin)
        self._unknown: tuple[str, ...] = () if window.unknown_zone == DENY else (window.unknown_zone,)
        self._weeks: dict[tuple[tuple[str, ...], int], _Week] = {}
        self._last: dict[Sequence[str], _Week] = {}
        self._later: dict[tuple[tuple[str, ...], int], int | None] = {}

    def opens(self, zones: Sequence[str], now_us: int) -> Opening:
        """Whether the window is open at `now_us`, and if not, the first instant after it at which it is.

        Args:
            zones: names of the customer's candidate zones; open is where all of them agree. None known: `unknown_zone`.
            now_us: microseconds since 1970 UTC.

        Raises:
            UnknownName: a zone that the time-zone data does not have.
        """
        try:
            edges, answers = self._last[zones]
        except (KeyError, TypeError):  # a list of zones is nothing to look up by
            return self._elsewhere(tuple(zones), now_us)
        found = answers[bisect_right(edges, now_us)]
        return self._elsewhere(tuple(zones), now_us) if found is None else found

    def open_runs(self, zones: tuple[str, ...], start: int, end: int) -> list[Run]:
        """The stretches of `[start, end)`, microseconds UTC, in which it is open in every one of these zones, in order.

        Raises:
            UnknownName: a zone that the time-zone data does not have.
        """
        return self._open_runs(zones, start, end)

    def _elsewhere(self, zones: tuple[str, ...], now_us: int) -> Opening:
        """The answer of another week than the last one that was asked about, or one that lies far from it."""
        known = zones or self._unknown
        if not known:
            return UNKNOWN
        key = (known, now_us // _WEEK)
        week = self._weeks.get(key)
        if week is None:
            week = self._answers(*key)
            if len(self._weeks) >= _CACHED:
                self._weeks.clear()
                self._last.clear()
            self._weeks[key] = week
        self._last[zones] = week
        found = week[1][bisect_right(week[0], now_us)]
        return self._far(key, now_us) if found is None else found

    def _answers(self, zones: tuple[str, ...], number: int) -> "_Week":
        start, end = number * _WEEK, (number + 1) * _WEEK
        edges, answers = [start], [_NOT_HERE]
        for since, until in self._open_runs(zones, start, end + _AHEAD):
            edges += since, until
            answers += Opening("opens", since), OPEN
        within = bisect_left(edges, end)
        return (*edges[:within], end), (*[*answers, _NOT_HERE][: within + 1], _NOT_HERE)

    def _far(self, key: tuple[tuple[str, ...], int], now_us: int) -> Opening:
        """Where it does not open within days."""
        try:
            at = self._later[key]
        except KeyError:
            at = self._first_open(key[0], (key[1] + 1) * _WEEK)
            if len(self._later) >= _CACHED:
                self._later.clear()
            self._later[key] = at
        return NEVER if at is None or at > now_us + HORIZON_DAYS * _DAY else Opening("opens", at)

    def _first_open(self, zones: tuple[str, ...], start: int) -> int | None:
        at, end = start, start + (HORIZON_DAYS + 1) * _DAY
        while at < end:
            if runs := self._open_runs(zones, at, at + _STRIDE):
                return runs[0][0]
            at += _STRIDE
        return None

    def _open_runs(self, zones: tuple[str, ...], start: int, end: int) -> list[Run]:
        """The stretches of `[start, end)` in which the window is open in every zone, in order."""
        runs = [(start, end)]
        for name in zones:
            runs = _common(runs, self._open_in(zone(name), start, end))
        return runs

    def _open_in(self, place: "ZoneInfo", start: int, end: int) -> list[Run]:
        margin = self._margin
        found: list[Run] = []
        # Looking a margin further on both sides, an edge of the open time out there can still reach in here.
        for since, until, offset in offsets(place, start - margin, end + margin):
            found += ((a - offset, b - offset) for a, b in self._open_on_clock(since + offset, until + offset))
        shrunk = ((a + margin, b - margin) for a, b in _joined(found))
        return [(max(a, start), min(b, end)) for a, b in shrunk if max(a, start) < min(b, end)]

    def _open_on_clock(self, since: int, until: int) -> list[Run]:
        """Where the window is open between two readings of a local clock that nobody changes."""
        days = range(since // _DAY - 1, (until - 1) // _DAY + 1)  # yesterday's interval may still run today
        closed = [(day * _DAY, (day + 1) * _DAY) for day in days if day in self._holidays]
        starts = [day for day in days if (day + _EPOCH_WEEKDAY) % 7 in self._weekdays]
        if self._quiet:
            return _without([(since, until)], _joined(closed + self._on_days(starts)))
        working = self._on_days(day for day in starts if day not in self._holidays)
        return _without(_common([(since, until)], _joined(working)), _joined(closed))

    def _on_days(self, days: Iterable[int]) -> list[Run]:
        return [(day * _DAY + start, day * _DAY + end) for day in days for start, end in self._spans]


def _span(start: str, end: str) -> Run:
    since, until = seconds_of_day(start) * _SECOND, seconds_of_day(end) * _SECOND
    return since, until if until > since else until + _DAY


def _joined(runs: Iterable[Run]) -> list[Run]:
    """The same time in the fewest stretches, in order."""
    joined: list[Run] = []
    for start, end in sorted(runs):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _common(some: list[Run], others: list[Run]) -> list[Run]:
    return [(max(a, c), min(b, d)) for a, b in some for c, d in others if max(a, c) < min(b, d)]


def _without(runs: list[Run], cuts: list[Run]) -> list[Run]:
    """`runs` minus `cuts`; both in order and without overlaps."""
    left: list[Run] = []
    for start, end in runs:
        at = start
        for cut_start, cut_end in cuts:
            if at < cut_start < end:
                left.append((at, cut_start))
            if cut_start < end:
                at = max(at, cut_end)
        if at < end:
            left.append((at, end))
    return left
