"""The customer's calendar and clock (S2), by brute force over `zoneinfo`. Instants are microseconds since 1970 UTC."""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from touchpoint.durations import instant, length, micros
from touchpoint.journey.windows import WEEKDAYS, QuietHours, SendWindow

MINUTE = 60_000_000
DAY = timedelta(days=1)


def to_local(us, zone):
    """What the clock on the wall says."""
    return instant(us).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def from_local(naive, zone):
    """The instant of a local time: the first of two; in a gap the first after it (S2.2)."""
    us = micros(naive.replace(tzinfo=ZoneInfo(zone), fold=0))
    if to_local(us, zone) == naive:
        return us
    us -= us % MINUTE
    while to_local(us - MINUTE, zone) > naive:
        us -= MINUTE
    return us


def later(us, duration, zones):
    """`duration` after an instant; on a calendar the latest of the zones' answers (S2.1)."""
    if isinstance(duration, timedelta):
        return us + length(duration)
    return max([us, *(from_local(to_local(us, zone) + duration, zone) for zone in zones or ["UTC"])])


def next_clock(us, clock, zones):
    """The next instant, this one included, at which the local clock says `clock` ("HH:MM")."""
    found = []
    for zone in zones or ["UTC"]:
        today = to_local(us, zone).date()
        days = [today + n * DAY for n in range(-1, 4)]
        found.append(min(at for day in days if (at := from_local(at_clock(day, clock), zone)) >= us))
    return max(found)


def at_clock(day, clock):
    """That time of that day, naive; "24:00" is the next midnight."""
    hour, minute, second = map(int, f"{clock}:00".split(":")[:3])
    return datetime.combine(day, time()) + timedelta(hours=hour, minutes=minute, seconds=second)


def period(us, per, zones):
    """The calendar day, week, month or year around an instant: earliest start and latest end of the zones."""
    spans = []
    for zone in zones or ["UTC"]:
        first = to_local(us, zone).date()
        while not _begins(first, per):
            first -= DAY
        following = first + per
        spans.append([from_local(datetime.combine(day, time()), zone) for day in (first, following)])
    return min(start for start, _ in spans), max(end for _, end in spans)


def _begins(day, per):
    if per.years:
        return (day.month, day.day) == (1, 1)
    if per.months:
        return day.day == 1
    return per.days == 1 or day.weekday() == 0


def next_anniversary(day, after, zones, trigger):
    """The next instant after `after` at which this date comes round (29 February is kept on the 28th)."""
    for year in range(max(day.year, instant(after).year - 1), 9999):
        leap = day.month == 2 and day.day == 29 and not _is_leap(year)
        local = at_clock(date(year, day.month, 28 if leap else day.day), trigger.at)
        if isinstance(trigger.before, timedelta):
            due = max(from_local(local, zone) - length(trigger.before) for zone in zones)
        else:
            due = max(from_local(local - trigger.before, zone) for zone in zones)
        if due > after:
            return due
    return None


def as_date(value):
    """The calendar date in a date, a datetime or an ISO text; None in anything else."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def _is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@cache  # windows are asked again and again, and scanning minutes is slow
def opening(window: QuietHours | SendWindow, us, zones):
    """The first instant from `us` on at which the window is open in all zones; None: never; "unknown": no zone."""
    if not zones:
        if window.unknown_zone == "deny":
            return "unknown"
        zones = (window.unknown_zone,)
    if _open_everywhere(window, us, zones):
        return us
    for days in (8, 400):  # mostly it opens soon
        instants = sorted(each for zone in zones for each in _edges(window, us, days + 2, zone))
        for each in instants:
            if us < each <= us + days * 24 * 60 * MINUTE and _open_everywhere(window, each, zones):
                return each
    return None


def _edges(window, us, days, zone):
    """The instants of some days at which a window may open: where an interval or a day begins or ends."""
    clocks = {"00:00", *((window.start, window.end) if isinstance(window, QuietHours) else sum(window.intervals, ()))}
    margin = length(window.margin)
    today = to_local(us, zone).date()
    for day in (today + n * DAY for n in range(-2, days)):
        start, end = (from_local(datetime.combine(each, time()), zone) for each in (day, day + DAY))
        if end - start != 24 * 60 * MINUTE:
            yield from range(start, end, MINUTE)  # the clocks change: anything may happen
            continue
        for clock in clocks:
            edge = from_local(at_clock(day, clock), zone)
            yield from (edge - margin, edge, edge + margin)


def _open_everywhere(window, us, zones):
    margin = length(window.margin)
    instants = {us, us - margin, us + margin, *range(us - margin, us + margin, MINUTE)}
    return all(_open(window, to_local(each, zone)) for each in instants for zone in zones)


def _open(window, local):
    quiet = isinstance(window, QuietHours)
    intervals = [(window.start, window.end)] if quiet else window.intervals
    if local.date() in window.holidays:
        return False
    inside = any(_inside(window, local, start, end, quiet=quiet) for start, end in intervals)
    return not inside if quiet else inside


def _inside(window, local, start, end, *, quiet):
    for day in (local.date() - DAY, local.date()):
        if window.weekdays is not None and WEEKDAYS[day.weekday()] not in window.weekdays:
            continue
        if not quiet and day in window.holidays:
            continue
        ends = at_clock(day if end > start else day + DAY, end)
        if at_clock(day, start) <= local < ends:
            return True
    return False
