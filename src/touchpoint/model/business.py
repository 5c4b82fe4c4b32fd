"""Business hours: the time in which somebody is there to answer, as data (S8.2).

The zone is the firm's own, not the customer's: a deadline is a promise about the work of colleagues, who are at their
desks when their own clock says so. It does not move because a customer travels, and two customers who complain at the
same instant are owed an answer at the same instant.
"""

from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.durations import spoken
from touchpoint.errors import JourneyError, UnknownName
from touchpoint.model.week import WEEKDAYS, holidays_of, intervals_of, seconds_of_day, weekdays_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

WORKDAYS: Final = WEEKDAYS[:5]
MOST_WEEKS: Final = 520
"""Weeks of business hours that a deadline may last at most: ten years of them."""
_DAY_SECONDS: Final = 86_400
_HOW: Final = 'BusinessHours({}, zone="Europe/Berlin")'


def _intervals(values: Iterable[Sequence[str | time]]) -> tuple[tuple[str, str], ...]:
    return intervals_of(values, "a calendar of business hours", _HOW)


def _weekdays(values: Iterable[str] | None) -> tuple[str, ...]:
    return weekdays_of(values) or WEEKDAYS


def _zone_key(value: "str | ZoneInfo") -> str:
    # Loading time zones costs more than this whole file.
    from zoneinfo import ZoneInfo

    from touchpoint.zones import zone

    key = value.key if isinstance(value, ZoneInfo) else value
    if not isinstance(key, str):
        raise JourneyError('business hours are in a time zone with a name; write zone="Europe/Berlin"')
    try:
        zone(key)
    except UnknownName as error:
        raise JourneyError(f"zone: {error}; name the time zone of those who answer") from None
    return key


@attrs.frozen(init=False)
class BusinessHours:
    """When somebody is there to answer, on the firm's own clock.

    Args:
        intervals: pairs `("09:00", "17:00")`, each half-open; one that ends before it starts ends on the next day. An
            interval that starts on a holiday, or on a day not named in `weekdays`, does not open at all.
        zone: the time zone of those who answer, or its name; not the customer's.
        weekdays: the local days on which the intervals start, `"mon"` to `"sun"`; Monday to Friday unless given,
            None for every day.
        holidays: local dates on which nobody is there; `touchpoint.rules.days_of("US")` has those of a calendar.

    Raises:
        JourneyError: no interval, or a time, weekday, date or zone that cannot be.
    """

    intervals: tuple[tuple[str, str], ...] = attrs.field(converter=_intervals)
    zone: str = attrs.field(converter=_zone_key, kw_only=True)
    weekdays: tuple[str, ...] = attrs.field(default=WORKDAYS, converter=_weekdays, kw_only=True)
    holidays: tuple[date, ...] = attrs.field(default=(), converter=holidays_of, kw_only=True)

    def __init__(
        self,
        *intervals: Sequence[str | time],
        zone: "str | ZoneInfo",
        weekdays: Iterable[str] | None = WORKDAYS,
        holidays: Iterable[date | str] = (),
    ) -> None:
        self.__attrs_init__(intervals, zone=zone, weekdays=weekdays, holidays=holidays)

    @property
    def in_a_week(self) -> timedelta:
        """How long they are open in a week without holidays and changes of clocks."""
        spans = sorted(map(_span, self.intervals))
        total, at = 0, 0
        for start, end in spans:
            total += max(0, end - max(start, at))
            at = max(at, end)
        return timedelta(seconds=min(total, _DAY_SECONDS) * len(self.weekdays))


def _span(interval: tuple[str, str]) -> tuple[int, int]:
    start, end = map(seconds_of_day, interval)
    return start, end if end > start else end + _DAY_SECONDS


@attrs.frozen
class BusinessTime:
    """So much time of business hours: `BusinessTime(hours(8), office)` is over when the office was open for 8 hours.

    Args:
        length: elapsed, longer than nothing; only what falls into the hours counts.
        hours: which.

    Raises:
        JourneyError: more than ten years of these hours.
    """

    length: timedelta
    hours: BusinessHours

    def __attrs_post_init__(self) -> None:
        if not (isinstance(self.length, timedelta) and isinstance(self.hours, BusinessHours)):
            return  # what it is instead is said where journeys are checked
        if self.length > self.hours.in_a_week * MOST_WEEKS:
            raise JourneyError(
                f"{spoken(self.length)} of business hours that are open for {spoken(self.hours.in_a_week)} in a week "
                "last longer than ten years; name a shorter time, or longer hours"
            )

    def __str__(self) -> str:
        return f"{spoken(self.length)} of business hours"
