"""When so much time of business hours is over (S8.2): plain arithmetic on the stretches in which they are open.

A stretch is what a window of the gate is (S2.4): half-open, and open exactly while the firm's clock reads an open time,
so hours that a change of clocks skips do not count, and hours that it repeats count both times.
"""

from typing import Final

from touchpoint.durations import LAST_INSTANT, length
from touchpoint.journey.windows import SendWindow
from touchpoint.model.business import BusinessHours
from touchpoint.policy.windows import WindowEvaluator

_DAY: Final = 86_400_000_000
_WEEK: Final = 7 * _DAY
_SPARE_WEEKS: Final = 60


class BusinessClock:
    """Business hours, ready to be counted. Instants and lengths are microseconds, instants since 1970 UTC."""

    __slots__ = ("_days_off", "_in_a_week", "_window", "_zones")

    def __init__(self, hours: BusinessHours) -> None:
        window = SendWindow(*hours.intervals, unknown_zone=hours.zone, weekdays=hours.weekdays, holidays=hours.holidays)
        self._window = WindowEvaluator(window)
        self._zones = (hours.zone,)
        self._in_a_week = length(hours.in_a_week)
        self._days_off = len(hours.holidays)

    def between(self, start: int, end: int) -> int:
        """How long the hours were open in `[start, end)`."""
        return sum(until - since for since, until in self._window.open_runs(self._zones, start, end))

    def after(self, start: int, lasts: int) -> int:
        """The first instant by which the hours have been open for `lasts` (more than nothing) since `start`.

        Counted up to closing time it is closing time itself, not the next opening. The search is bounded: where local
        calendars end (the year 9999), so does it.
        """
        at, left, stride = start, lasts, _DAY
        # A holiday takes no more than what a week has, and a change of clocks not as much.
        end = min(start + (2 * -(-lasts // self._in_a_week) + self._days_off + _SPARE_WEEKS) * _WEEK, _LAST)
        while at < end:
            until = min(at + stride, end)
            for since, closes in self._window.open_runs(self._zones, at, until):
                if closes - since >= left:
                    return since + left
                left -= closes - since
            at, stride = until, _WEEK
        return _LAST


_LAST: Final = LAST_INSTANT - _WEEK
