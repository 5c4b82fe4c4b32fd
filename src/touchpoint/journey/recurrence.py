"""Recurrence rules of RFC 5545 (3.3.10), from days to years: how they are read, and on which dates they fall.

The text comes from people and files, so reading is strict and the work is bounded: a rule that means nothing, means
two things, or never falls on any date is refused when the journey is built. `dateutil.rrule` is what the tests compare
with, and does not do the work: where no date comes it looks for one until the year 9999 (at INTERVAL=0 for ever), it
takes the first day of the week from a setting of the process, and today from the clock.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import attrs

from touchpoint.errors import JourneyError, hint

YEARS: Final = 50
"""How far apart two dates of a rule may lie; one that has none for so long is over."""
MOST_DATES: Final = 1_000
"""The highest COUNT and INTERVAL."""
_LONGEST: Final = 500
_DAY: Final = timedelta(days=1)
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2999
_COUNTED_FOR: Final = 400
"""Years for which COUNT is followed; a rule that has not come to its end by then has none."""
_SINCE: Final = date(1999, 12, 31)
"""Where the search begins that proves a rule without a start."""
_LAST: Final = date(9999, 12, 31)
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_TOO_OFTEN: Final = ("SECONDLY", "MINUTELY", "HOURLY")
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ORDER: Final = (
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST",
)  # fmt: skip
_NOT_HERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("BYHOUR", "BYMINUTE", "BYSECOND"), 'the time of day is said by at="09:00"'),
    **dict.fromkeys(("DTSTART", "TZID"), "where it starts is said by start=, and the zone is the customer's own"),
    **dict.fromkeys(("EXDATE", "RDATE", "EXRULE"), "a schedule is one rule; make another one for other dates"),
}
# Table of RFC 5545, 3.3.10: what may stand in a rule of which frequency.
_ONLY_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "BYWEEKNO": ("YEARLY",), "BYYEARDAY": ("YEARLY",), "BYMONTHDAY": ("DAILY", "MONTHLY", "YEARLY"),
}  # fmt: skip
_RANGES: Final[Mapping[str, tuple[int, bool]]] = {
    "BYMONTH": (12, False), "BYWEEKNO": (53, True), "BYYEARDAY": (366, True), "BYMONTHDAY": (31, True),
    "BYSETPOS": (366, True),
}  # fmt: skip
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,4}")
_NTH_DAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


@attrs.frozen(cache_hash=True)
class Recurrence:
    """A rule, read.

    Numbers are sorted, each once; `days` pairs a weekday (0 is Monday) with which of them, 0 for all.
    """

    freq: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    months: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    places: tuple[int, ...] = ()
    week_start: int = 0

    def __str__(self) -> str:
        """The rule as text: parts in one order, without those that say nothing. Equal rules have equal texts."""
        listed = {
            "BYMONTH": self.months, "BYWEEKNO": self.weeks, "BYYEARDAY": self.year_days, "BYMONTHDAY": self.month_days,
            "BYDAY": [f"{n or ''}{_WEEKDAYS[day]}" for day, n in self.days], "BYSETPOS": self.places,
        }  # fmt: skip
        said = {"FREQ": self.freq, **{name: ",".join(map(str, each)) for name, each in listed.items() if each}}
        if self.interval != 1:
            said["INTERVAL"] = str(self.interval)
        if self.count is not None:
            said["COUNT"] = str(self.count)
        if self.until is not None:
            said["UNTIL"] = self.until.isoformat().replace("-", "")
        if self.week_start:
            said["WKST"] = _WEEKDAYS[self.week_start]
        return ";".join(f"{name}={said[name]}" for name in _ORDER if name in said)


def read(text: object) -> Recurrence:
    """Read a rule as it is written. Raises JourneyError with the part that is wrong, why, and what to write."""
    if not isinstance(text, str):
        raise JourneyError(f"a schedule takes a rule such as FREQ=MONTHLY;BYDAY=1MO, not a {type(text).__name__}")
    return _read(text)


def recurrence(text: object, start: date | None = None) -> Recurrence:
    """Read a rule, complete it by its start, and prove that it falls on some date.

    Args:
        text: as RFC 5545 writes it, `FREQ=MONTHLY;BYDAY=1MO`; `RRULE:` may stand before it.
        start: the first date it may fall on. What the rule leaves open (which day of the month, say) is taken from it;
            it is no date of the rule by itself.

    Raises:
        JourneyError: with the part that is wrong, why, and what to write.
    """
    if start is not None and not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        raise JourneyError(f"a schedule starts in the years {_FIRST_YEAR} to {_LAST_YEAR}, not in {start.year}")
    rule = _completed(read(text), start)
    if next_date(rule, start, _SINCE if start is None else start - _DAY) is None:
        raise _wrong(rule, f"falls on no date within {YEARS} years" + ("" if start is None else " of its start"))
    return rule


@lru_cache(maxsize=4_096)
def next_date(rule: Recurrence, start: date | None, day: date) -> date | None:
    """The first date of a rule after a day; None where it has none within 50 years, or ends before.

    Args:
        rule: completed by its start, as `recurrence` gives it.
        start: the first date it may fall on, from which COUNT and INTERVAL count.
        day: any date.
    """
    first = day if start is None else max(day, start - _DAY)
    ends = min((each for each in (rule.until, _last_counted(rule, start)) if each is not None), default=_LAST)
    horizon = min(date(min(first.year + YEARS, 9_999), 12, 31), ends)
    for period in _periods(rule, start, first):
        if period > horizon:
            return None
        for each in _dates_in(rule, period):
            if each > first:
                return each if each <= horizon else None
    return None


@lru_cache(maxsize=256)
def _last_counted(rule: Recurrence, start: date | None) -> date | None:
    """The date that COUNT leads to; None where it says nothing, or where the rule is over before."""
    if rule.count is None or start is None:
        return None
    endless, day = attrs.evolve(rule, count=None), start - _DAY
    for _ in range(rule.count):
        following = next_date(endless, start, day)
        if following is None or following.year > start.year + _COUNTED_FOR:
            return None
        day = following
    return day


# Reading.


def _wrong(rule: object, why: str, fix: str = "") -> JourneyError:
    return JourneyError(f"the rule {str(rule)[:80]!r} {why}" + (f"; {fix}" if fix else ""))


def _read(text: str) -> Recurrence:
    if len(text) > _LONGEST or not text.isascii():
        raise _wrong(text, f"is no text of at most {_LONGEST} plain letters, digits and signs")
    parts = _parts(text)
    freq = parts.get("FREQ", "")
    if freq in _TOO_OFTEN:
        raise _wrong(text, f"comes round {freq.lower()}", "a schedule is of days: DAILY, WEEKLY, MONTHLY or YEARLY")
    if freq not in _FREQUENCIES:
        raise _wrong(text, "does not say how often", "begin with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    for name, where in _ONLY_IN.items():
        if name in parts and freq not in where:
            raise _wrong(text, f"has {name}, which a rule of FREQ={freq} cannot have", f"it needs FREQ={where[-1]}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _wrong(text, "has COUNT and UNTIL", "say one of them")
    return _built(text, parts)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, is_part, value = part.partition("=")
        if name in _NOT_HERE:
            raise _wrong(text, f"has {name}, which has no place here", _NOT_HERE[name])
        if not is_part or name not in _ORDER:
            raise _wrong(text, f"has a part {part[:30]!r} that nobody knows{hint(name, _ORDER)}")
        if name in parts:
            raise _wrong(text, f"says {name} twice", "write one list, such as BYDAY=MO,WE")
        parts[name] = value
    return parts


def _built(text: str, parts: Mapping[str, str]) -> Recurrence:
    numbers = {name: _numbers(text, name, parts[name], *_RANGES[name]) for name in _RANGES if name in parts}
    week_start = parts.get("WKST", "MO")
    if week_start not in _WEEKDAYS:
        raise _wrong(text, f"begins its weeks on {week_start[:10]!r}", "write WKST=MO or WKST=SU")
    return Recurrence(
        parts["FREQ"],
        _number(text, "INTERVAL", parts.get("INTERVAL", "1"), MOST_DATES),
        _number(text, "COUNT", parts["COUNT"], MOST_DATES) if "COUNT" in parts else None,
        _until(text, parts["UNTIL"]) if "UNTIL" in parts else None,
        numbers.get("BYMONTH", ()),
        numbers.get("BYWEEKNO", ()),
        numbers.get("BYYEARDAY", ()),
        numbers.get("BYMONTHDAY", ()),
        _weekdays(text, parts) if "BYDAY" in parts else (),
        numbers.get("BYSETPOS", ()),
        _WEEKDAYS.index(week_start),
    )


def _number(text: str, name: str, value: str, most: int) -> int:
    number = int(value) if _NUMBER.fullmatch(value) else 0
    if not 1 <= number <= most:
        raise _wrong(text, f"has {name}={value[:10]}", f"it is a whole number from 1 to {most:,}")
    return number


def _numbers(text: str, name: str, value: str, most: int, backwards: bool) -> tuple[int, ...]:  # noqa: FBT001 - of a table
    found = [int(each) if _NUMBER.fullmatch(each) else 0 for each in value.split(",")]
    if not all(1 <= (abs(each) if backwards else each) <= most for each in found):
        also = f", or -{most} to -1 from the end" if backwards else ""
        raise _wrong(text, f"has {name}={value[:30]}", f"that takes numbers from 1 to {most}{also}")
    return tuple(sorted(set(found)))


def _weekdays(text: str, parts: Mapping[str, str]) -> tuple[tuple[int, int], ...]:
    found = set()
    for each in parts["BYDAY"].split(","):
        match = _NTH_DAY.fullmatch(each)
        if match is None:
            raise _wrong(text, f"has BYDAY={each[:10]}", "write days as MO, the first as 1MO, the last as -1MO")
        found.add((_WEEKDAYS.index(match[2]), _nth(text, parts, match[1])))
    return tuple(sorted(found))


def _nth(text: str, parts: Mapping[str, str], said: str | None) -> int:
    if said is None:
        return 0
    freq, n = parts["FREQ"], int(said)
    if freq in ("DAILY", "WEEKLY") or "BYWEEKNO" in parts:
        raise _wrong(text, "counts days of the week", "that needs FREQ=MONTHLY, or FREQ=YEARLY without BYWEEKNO")
    most = 53 if freq == "YEARLY" and "BYMONTH" not in parts else 5
    if not 1 <= abs(n) <= most:
        raise _wrong(text, f"counts to {n}", f"there are at most {most} of a day of the week")
    return n


def _until(text: str, value: str) -> date:
    found = _UNTIL.fullmatch(value)
    try:
        if found is not None:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise _wrong(text, f"has UNTIL={value[:20]}", "write its last date, on the customer's calendar: UNTIL=20261231")


# What a rule leaves open.


def _completed(rule: Recurrence, start: date | None) -> Recurrence:
    """The rule with what it takes from its start (RFC 5545, 3.3.10). Refuses one that means nothing without one."""
    if start is None and rule.count is not None:
        raise _wrong(rule, "has COUNT and counts from nowhere", "say start=date(…), or UNTIL")
    if start is None and rule.interval != 1:
        raise _wrong(rule, "has INTERVAL and begins nowhere", "say start=date(…): every second week from when on?")
    if rule.places and not any((rule.months, rule.weeks, rule.year_days, rule.month_days, rule.days)):
        raise _wrong(rule, "has BYSETPOS and nothing to pick from", "add BYDAY=MO,TU,WE,TH,FR, say")
    missing = _missing(rule)
    if missing and start is None:
        raise _wrong(rule, "does not say on which day", f"add {missing}, or say start=date(…)")
    if not missing or start is None:
        return rule
    if rule.freq == "WEEKLY" or rule.weeks:
        return attrs.evolve(rule, days=((start.weekday(), 0),))
    months = (start.month,) if rule.freq == "YEARLY" and not rule.months else rule.months
    return attrs.evolve(rule, months=months, month_days=(start.day,))


def _missing(rule: Recurrence) -> str:
    """What a rule would have to say for its day to be known; empty where it is."""
    if rule.freq == "DAILY" or rule.days or rule.year_days:
        return ""
    if rule.freq == "WEEKLY" or (rule.weeks and not rule.month_days):
        return "BYDAY=MO"
    if rule.freq == "YEARLY" and rule.month_days and not (rule.months or rule.weeks):
        # Some read it as this day of each month, others as this day of the month of the start.
        raise _wrong(rule, "says a day and no month", "add BYMONTH=1, or write FREQ=MONTHLY for every month")
    if rule.month_days:
        return ""
    return "BYMONTHDAY=1" if rule.freq == "MONTHLY" or rule.months else "BYMONTH=1;BYMONTHDAY=1"


# Dates.


def _periods(rule: Recurrence, start: date | None, day: date) -> Iterator[date]:
    """The first days of the periods of a rule, from the one that holds `day` or the last before it."""
    base, n = start or day, rule.interval
    if rule.freq in ("DAILY", "WEEKLY"):
        step = n if rule.freq == "DAILY" else 7 * n
        if rule.freq == "WEEKLY":
            base -= _DAY * ((base.weekday() - rule.week_start) % 7)
        at = base + _DAY * (max((day - base).days, 0) // step * step)
        while True:
            yield at
            if (_LAST - at).days < step:
                return
            at += _DAY * step
    unit = 1 if rule.freq == "MONTHLY" else 12
    first, now = (each.year * 12 + (each.month - 1 if unit == 1 else 0) for each in (base, day))
    month = first + max(now - first, 0) // (n * unit) * (n * unit)
    while month < 10_000 * 12:
        yield date(month // 12, month % 12 + 1, 1)
        month += n * unit


def _dates_in(rule: Recurrence, first: date) -> list[date]:
    """The dates of a rule in the period that begins with this day, in order."""
    found = [each for each in _DAYS_OF[rule.freq](rule, first) if _matches(rule, each)]
    if not rule.places:
        return found
    picked = {found[n - 1 if n > 0 else n] for n in rule.places if abs(n) <= len(found)}
    return sorted(picked)


def _days_of_week(_: Recurrence, first: date) -> list[date]:
    return [first + _DAY * n for n in range(min(7, (_LAST - first).days + 1))]


def _days_of_month(_: Recurrence, first: date) -> list[date]:
    return [first.replace(day=n + 1) for n in range(monthrange(first.year, first.month)[1])]


def _days_of_year(rule: Recurrence, first: date) -> list[date]:
    months = rule.months or range(1, 13)
    return [day for month in months for day in _days_of_month(rule, first.replace(month=month))]


_DAYS_OF: Final[Mapping[str, Callable[[Recurrence, date], list[date]]]] = {
    "DAILY": lambda _, first: [first], "WEEKLY": _days_of_week, "MONTHLY": _days_of_month, "YEARLY": _days_of_year,
}  # fmt: skip


def _matches(rule: Recurrence, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and not _either(rule.month_days, day.day, monthrange(day.year, day.month)[1]):
        return False
    if rule.year_days and not _either(rule.year_days, day.timetuple().tm_yday, 365 + isleap(day.year)):
        return False
    if rule.weeks and not _either(rule.weeks, *_week(day, rule.week_start)):
        return False
    return not rule.days or any(_is_nth(rule, day, weekday, n) for weekday, n in rule.days)


def _either(wanted: tuple[int, ...], n: int, of: int) -> bool:
    """Whether the nth of so many is wanted, counted from the front or from the end."""
    return n in wanted or n - of - 1 in wanted


def _is_nth(rule: Recurrence, day: date, weekday: int, n: int) -> bool:
    if day.weekday() != weekday or n == 0:
        return day.weekday() == weekday
    in_year = rule.freq == "YEARLY" and not rule.months
    at, of = (day.timetuple().tm_yday, 365 + isleap(day.year)) if in_year else (day.day, _length_of_month(day))
    return n == (at - 1) // 7 + 1 or n == -((of - at) // 7 + 1)


def _length_of_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _week(day: date, week_start: int) -> tuple[int, int]:
    """The number of the week a day is in, and how many its year has; the first has four days of it (ISO 8601)."""
    number, year = _number_of_week(day, week_start)
    return number, _number_of_week(date(year, 12, 28), week_start)[0]


def _number_of_week(day: date, week_start: int) -> tuple[int, int]:
    # The fourth day of a week says to which year it belongs.
    ordinal = day.toordinal() - (day.weekday() - week_start) % 7 + 3
    fourth = date.fromordinal(min(max(ordinal, 1), _LAST.toordinal()))
    return (fourth.timetuple().tm_yday - 1) // 7 + 1, fourth.year
