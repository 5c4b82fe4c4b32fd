"""When a date of the calendar falls due: anniversaries, dates that come once, schedules (S2.2, S4.1).

Instants are `int` microseconds since 1970 UTC. With several candidate zones the latest of their instants counts.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeAlias

import attrs

from touchpoint.core.schedule import ahead, anniversary, exists
from touchpoint.durations import FIRST_INSTANT, LAST_INSTANT, Duration, is_calendar, length
from touchpoint.errors import InvalidInput
from touchpoint.journey.calendar_triggers import DateDue, Schedule
from touchpoint.journey.recurrence import next_date, recurrence
from touchpoint.journey.triggers import Anniversary
from touchpoint.journey.windows import seconds_of_day, time_of_day
from touchpoint.zones import from_local, to_local, zone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
Due: TypeAlias = tuple[int, date]
"""When something falls due, and the local date that it is about."""


class Next(Protocol):
    """Finds dates of one definition."""

    def after(self, day: date | None, since: int, zones: Sequence[str], last: date | None) -> Due | None:
        """The next date that falls due strictly after `since`; None where none comes any more.

        Args:
            day: what the trait says; None for a schedule.
            since: microseconds UTC.
            zones: the customer's candidate zones, one at least.
            last: the last date that has come already; later ones only. None for any.
        """

    def on(self, day: date | None, date: date, zones: Sequence[str]) -> int | None:
        """When this date falls due in these zones; None where it does not exist there."""


@attrs.frozen(eq=False)
class _Anniversaries:
    at: str
    before: Duration

    def after(self, day: date | None, since: int, zones: Sequence[str], last: date | None) -> Due | None:
        assert day is not None  # noqa: S101 - without a date nothing is armed
        try:
            due, on = anniversary(day, since, zones, at=self.at, before=self.before)
            while last is not None and on <= last:
                due, on = anniversary(day, due, zones, at=self.at, before=self.before)
        except InvalidInput:
            return None  # the calendar ends before it comes round again
        return due, on

    def on(self, day: date | None, date: date, zones: Sequence[str]) -> int | None:  # noqa: ARG002 - it is one of that day
        return _latest(_local(date, self.at), zones, before=self.before)


@attrs.frozen(eq=False)
class _Dates:
    at: str
    before: Duration
    later: Duration

    def after(self, day: date | None, since: int, zones: Sequence[str], last: date | None) -> Due | None:  # noqa: ARG002 - a date comes once, whatever came before
        due = None if day is None else self.on(day, day, zones)
        return None if day is None or due is None or due <= since else (due, day)

    def on(self, day: date | None, date: date, zones: Sequence[str]) -> int | None:  # noqa: ARG002 - the date is the trait's
        return _latest(_local(date, self.at), zones, before=self.before, later=self.later)


@attrs.frozen(eq=False)
class _Schedules:
    at: str
    following: Callable[[date], date | None]

    def after(self, day: date | None, since: int, zones: Sequence[str], last: date | None) -> Due | None:
        # Two days early is enough for any zone, and for an appointment that a gap moves into the next day.
        found: date | None = _local_day(since, zones) - 2 * _DAY
        if last is not None and (found is None or last > found):
            found = last
        while found is not None and (found := self.following(found)) is not None:
            due = self.on(day, found, zones)
            if due is not None and due > since:
                return due, found
        return None

    def on(self, day: date | None, date: date, zones: Sequence[str]) -> int | None:  # noqa: ARG002 - a schedule has no trait
        # An appointment on a day that never came, as 30 December 2011 in Samoa, is not kept on the next.
        there = [name for name in zones if exists(date, zone(name))]
        return _latest(_local(date, self.at), there) if there else None


def anniversaries_of(trigger: Anniversary) -> Next:
    """When the anniversaries of this trigger fall due."""
    return _Anniversaries(trigger.at, trigger.before)


def dates_of(trigger: DateDue) -> Next:
    """When the dates of this trigger fall due."""
    return _Dates(trigger.at, trigger.before, trigger.after)


def schedules_of(trigger: Schedule) -> Next:
    """When this schedule falls due."""
    rule, start = recurrence(trigger.rule, trigger.start), trigger.start
    return _Schedules(trigger.at, lambda day: next_date(rule, start, day))


def _local(day: date, at: str) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(seconds=seconds_of_day(time_of_day(at)))


def _local_day(us: int, zones: Sequence[str]) -> date:
    return max(min(to_local(us, zone(name)).date() for name in zones), date.min + 2 * _DAY)


def _latest(
    local: datetime, zones: Sequence[str], before: Duration = timedelta(0), later: Duration = timedelta(0)
) -> int | None:
    """The latest instant of a local time, so long before or after it; None where that leaves the calendar."""
    try:
        return max(_after(local, later, zone(name)) if later else ahead(local, before, zone(name)) for name in zones)
    except (OverflowError, ValueError):
        return None


def _after(local: datetime, later: Duration, place: "ZoneInfo") -> int:
    if is_calendar(later):
        return from_local(local + later, place)
    assert isinstance(later, timedelta)  # noqa: S101 - a duration is one or the other
    return min(max(from_local(local, place) + length(later), FIRST_INSTANT), LAST_INSTANT)
