"""Usual gaps, dates that come once, and schedules (S4.1), by brute force: every day is looked at by itself."""

from datetime import date, timedelta
from fractions import Fraction
from statistics import median

from reference.local import DAY, at_clock, from_local, to_local
from touchpoint.durations import length
from touchpoint.journey.calendar_triggers import Usual

SINCE = date(2026, 3, 26)
"""The start of the rules that have one."""


def silence_lasts(silence, instants):
    """How long this silence lasts, given every instant of such touchpoints so far."""
    if not isinstance(silence.length, Usual):
        return length(silence.length)
    days = {}
    for at in instants:
        days[to_local(at, "UTC").date()] = max(at, days.get(to_local(at, "UTC").date(), at))
    kept = [days[day] for day in sorted(days)][-12:]
    gaps = [kept[n + 1] - kept[n] for n in range(len(kept) - 1)]
    if len(gaps) < 3:
        return length(silence.otherwise)
    # The median of whole numbers is a whole number or a half; the library rounds down.
    usual = int(median(map(Fraction, gaps)) // 1)
    return max(length(silence.at_least), int(usual * Fraction(str(silence.length.factor)) // 1))


def date_comes(day, zones, coming):
    """When a date comes: the latest of the zones' answers."""
    local = at_clock(day, coming.at)
    found = []
    for zone in zones:
        before, after = coming.before, coming.after
        if isinstance(before, timedelta) and isinstance(after, timedelta):
            found.append(from_local(local, zone) - length(before) + length(after))
        elif isinstance(before, timedelta):
            found.append(from_local(local + after, zone))
        else:
            found.append(from_local(local - before, zone))
    return max(found)


def _months_between(one, other):
    return (other.year - one.year) * 12 + other.month - one.month


def _last_of_month(day):
    return (day + DAY).day == 1


def _last_weekday_of_month(day):
    return day.weekday() < 5 and not any(
        (day + n * DAY).month == day.month and (day + n * DAY).weekday() < 5 for n in range(1, 4)
    )


# What is written as a rule, said once more by hand: (the rule, its start, which days).
ROUNDS = (
    ("FREQ=DAILY", None, lambda _: True),
    ("FREQ=DAILY;INTERVAL=2", SINCE, lambda day: day >= SINCE and (day - SINCE).days % 2 == 0),
    ("FREQ=DAILY;COUNT=3", SINCE, lambda day: SINCE <= day < SINCE + 3 * DAY),
    ("FREQ=WEEKLY;BYDAY=MO,TH", None, lambda day: day.weekday() in (0, 3)),
    (
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
        SINCE,
        # The week of the start began on Sunday the 22nd.
        lambda day: day >= SINCE and day.weekday() in (6, 0) and (day - date(2026, 3, 22)).days // 7 % 2 == 0,
    ),
    ("FREQ=WEEKLY;UNTIL=20260402", SINCE, lambda day: day in (SINCE, SINCE + 7 * DAY)),
    ("FREQ=MONTHLY;BYMONTHDAY=-1,1", None, lambda day: day.day == 1 or _last_of_month(day)),
    ("FREQ=MONTHLY;BYDAY=-1TU", None, lambda day: day.weekday() == 1 and (day + 7 * DAY).month != day.month),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", None, _last_weekday_of_month),
    ("FREQ=YEARLY;BYMONTH=4;BYDAY=1WE", None, lambda day: day.month == 4 and day.weekday() == 2 and day.day <= 7),
)


def _days_of(schedule):
    return next(each for rule, _, each in ROUNDS if rule == schedule.rule)


def next_round(schedule, after, zones):
    """When a schedule comes round next, strictly after an instant; None if not within two months."""
    falls_on = _days_of(schedule)
    first = min(to_local(after, zone).date() for zone in zones) - 2 * DAY
    for n in range(62):
        day = first + n * DAY
        due = max(from_local(at_clock(day, schedule.at), zone) for zone in zones)
        if falls_on(day) and due > after:
            return due
    return None
