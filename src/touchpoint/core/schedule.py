"""When something is due, on the customer's calendar (S2.1, S2.2).

Instants are `int` microseconds since 1970 UTC. `zones` are the customer's candidate time zones: where they disagree, a
wait ends at the latest of their instants, and a period is the widest, so that nothing is ever too early or too much.
Without any zone the calendar is that of UTC; whether a message may go out then is for the windows to say (S2.3).
"""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from touchpoint.durations import Duration, is_calendar, length
from touchpoint.errors import InvalidInput
from touchpoint.journey.windows import WEEKDAYS, seconds_of_day, time_of_day
from touchpoint.zones import day_start, from_local, to_local, zone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from dateutil.relativedelta import relativedelta

_DAY: Final = timedelta(days=1)
_NO_ZONE: Final = ("UTC",)
_DATE: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
# A delta that names fields ("Monday", "at 09") recurs with the unit above the largest field that it names.
_RECURS: Final = (
    ("month", "years", 1),
    ("day", "months", 1),
    ("weekday", "days", 7),
    ("hour", "days", 1),
    ("minute", "hours", 1),
    ("second", "minutes", 1),
)


def after(start_us: int, duration: Duration, zones: Sequence[str]) -> int:
    """The instant that lies `duration` after `start_us`; never before it.

    A `timedelta` is elapsed time. A `relativedelta` moves the local clock: the 31st becomes the month's last day where
    there is none, and named fields (`weekday=MO(+1)`, `hour=9`) are set; where that falls before the start (Monday
    09:00, asked for on a Monday at 10:00) the next recurrence is meant.

    Raises:
        InvalidInput: not a duration, or it leads out of the calendar (years 1 to 9999).
        UnknownName: a zone that the time-zone data does not have.
    """
    if isinstance(duration, timedelta):
        return max(start_us, start_us + length(duration))
    if not is_calendar(duration):
        raise InvalidInput(f"a wait takes a timedelta or a relativedelta, not {type(duration).__name__}; write days(2)")
    try:
        return max(start_us, *(_moved(start_us, duration, zone(name)) for name in zones or _NO_ZONE))
    except (OverflowError, ValueError) as error:
        raise InvalidInput(f"{duration!r} leads out of the calendar (years 1 to 9999); use a shorter one") from error


def next_local_time(
    start_us: int, at: str, zones: Sequence[str], weekday: Collection[str] | Collection[int] | None = None
) -> int:
    """The first instant, `start_us` or later, at which the local clock says `at` (`HH:MM` or `HH:MM:SS`).

    A time that is skipped counts at the first instant after the gap; of two equal times only the first counts, so a
    daily appointment is met once a day. `weekday` limits it to some local days, `"mon"` to `"sun"` or 0 (Monday) to 6.

    Raises:
        JourneyError: `at` is not a time of day.
        InvalidInput: `weekday` names no day of the week.
        UnknownName: a zone that the time-zone data does not have.
    """
    clock = timedelta(seconds=seconds_of_day(time_of_day(at)))
    allowed = _weekday_numbers(weekday)
    return max(_next_clock(start_us, clock, zone(name), allowed) for name in zones or _NO_ZONE)


def anniversary(
    day: date, after_us: int, zones: Sequence[str], at: str = "09:00", before: Duration = timedelta(0)
) -> tuple[int, date]:
    """The next time that `day` comes round: when it is due, and the local date it is about.

    Due is `before` (elapsed or calendar) ahead of `at` on that date, and always strictly later than `after_us`: asked
    again with what it answered, it answers the next year. The first occurrence is `day` itself. 29 February is kept on
    28 February in common years.

    Raises:
        JourneyError: `at` is not a time of day.
        InvalidInput: there is no such day any more before the end of the calendar (year 9999).
        UnknownName: a zone that the time-zone data does not have.
    """
    clock = timedelta(seconds=seconds_of_day(time_of_day(at)))
    places = [zone(name) for name in zones or _NO_ZONE]
    # One year early is enough for any zone and for the ends of months; years before the day itself do not count.
    first = (to_local(after_us, places[0]) + before).year - 1
    for year in range(max(first, day.year), 10_000):
        occurrence = in_year(day, year)
        local = datetime.combine(occurrence, datetime.min.time()) + clock
        due = max(ahead(local, before, place) for place in places)
        if due > after_us:
            return due, occurrence
    raise InvalidInput("a date comes round no more before the calendar ends with the year 9999; correct the date")


def date_from(value: object) -> date | None:
    """The calendar date in a date, a datetime (on its own clock) or an ISO 8601 text; None for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and (found := _DATE.fullmatch(value.strip())):
        try:
            return date.fromisoformat(found[1])
        except ValueError:
            return None
    return None


def calendar_period(now_us: int, per: "relativedelta", zones: Sequence[str]) -> tuple[int, int]:
    """The calendar day, week (from Monday), month or year that contains `now_us`, as `[start, end)`.

    `per` is a `relativedelta` of 1 day, 7 days, 1 month or 1 year. With several zones the answer reaches from the
    earliest start to the latest end.

    Raises:
        InvalidInput: another length; it has no natural start.
        UnknownName: a zone that the time-zone data does not have.
    """
    first = _first_day(per)
    periods = []
    for name in zones or _NO_ZONE:
        place = zone(name)
        start = first(_day_at(now_us, place))
        periods.append((day_start(start, place), day_start(start + per, place)))
    return min(start for start, _ in periods), max(end for _, end in periods)


def _moved(start_us: int, delta: "relativedelta", place: "ZoneInfo") -> int:
    local = to_local(start_us, place)
    due = from_local(local + delta, place)
    if due < start_us and (cycle := _recurrence(delta)) is not None:
        return from_local(local + cycle + delta, place)
    return due


def _recurrence(delta: "relativedelta") -> "relativedelta | None":
    from dateutil.relativedelta import relativedelta

    if delta.year is not None:
        return None
    for field, unit, n in _RECURS:
        if getattr(delta, field) is not None:
            return relativedelta(**{unit: n})  # type: ignore[arg-type]  # the table names units only
    return None


def _weekday_numbers(weekday: Collection[str] | Collection[int] | None) -> frozenset[int]:
    if weekday is None:
        return frozenset(range(7))
    numbers = {WEEKDAYS.index(day) if day in WEEKDAYS else day for day in weekday}
    if not numbers or not numbers <= set(range(7)):
        raise InvalidInput(
            f"{weekday!r} names no days of the week; write some of {', '.join(WEEKDAYS)}, or leave it out"
        )
    return frozenset(day for day in numbers if isinstance(day, int))


def _next_clock(start_us: int, clock: timedelta, place: "ZoneInfo", weekdays: frozenset[int]) -> int:
    # From yesterday on: where a gap swallows the end of a day, yesterday's appointment is met at today's first instant.
    day = to_local(start_us, place).date() - _DAY
    while True:
        if day.weekday() in weekdays and exists(day, place):
            due = from_local(datetime.combine(day, datetime.min.time()) + clock, place)
            if due >= start_us:
                return due
        day += _DAY


def exists(day: date, place: "ZoneInfo") -> bool:
    """Whether there was such a day in this zone."""
    # Samoa had no 30 December 2011: an appointment on a day that never came is not kept on the next.
    return to_local(day_start(day, place), place).date() == day


def in_year(day: date, year: int) -> date:
    """The day in another year; 29 February is the 28th in common ones."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def ahead(local: datetime, before: Duration, place: "ZoneInfo") -> int:
    """The instant that lies `before`, elapsed or calendar, ahead of a local time."""
    if isinstance(before, timedelta):
        return from_local(local, place) - length(before)
    return from_local(local - before, place)


def _first_day(per: "relativedelta") -> Callable[[date], date]:
    from dateutil.relativedelta import relativedelta

    if per == relativedelta(days=1):
        return lambda day: day
    if per == relativedelta(days=7):
        return lambda day: day - day.weekday() * _DAY
    if per == relativedelta(months=1):
        return lambda day: day.replace(day=1)
    if per == relativedelta(years=1):
        return lambda day: day.replace(month=1, day=1)
    raise InvalidInput(
        f"{per!r} is not a calendar period; use calendar_days(1), calendar_days(7), months(1) or years(1), "
        "or an elapsed time such as days(3) for a rolling one"
    )


def _day_at(us: int, place: "ZoneInfo") -> date:
    # Where clocks go back across midnight the evening comes twice; the new day has begun the first time (S2.2).
    day = to_local(us, place).date()
    return day + _DAY if day_start(day + _DAY, place) <= us else day
