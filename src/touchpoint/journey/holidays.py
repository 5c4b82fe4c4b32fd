"""Days on which a statute lets nobody call: calendars as rules, so that no year has to be entered by hand."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import attrs

from touchpoint.errors import UnknownName

YEARS: Final = range(2020, 2061)
"""The years for which the days are worked out."""


@attrs.frozen
class Holiday:
    """A day that comes every year.

    Args:
        name: as the statute calls it.
        month: 1 to 12.
        day: of the month; None where it is a weekday.
        weekday: 0 is Monday.
        nth: which of them in the month; -1 is the last.
        since: the first year in which it is kept.
    """

    name: str
    month: int
    day: int | None = None
    weekday: int = 0
    nth: int = 1
    since: int = 0

    def on(self, year: int) -> date:
        """Its date in a year."""
        if self.day is not None:
            return date(year, self.month, self.day)
        if self.nth > 0:
            first = date(year, self.month, 1)
            return first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1))
        last = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - self.weekday) % 7)


HOLIDAYS: Final[Mapping[str, tuple[Holiday, ...]]] = {
    # 5 U.S.C. § 6103(a)
    "US": (
        Holiday("New Year's Day", 1, 1),
        Holiday("Birthday of Martin Luther King, Jr.", 1, weekday=0, nth=3),
        Holiday("Washington's Birthday", 2, weekday=0, nth=3),
        Holiday("Memorial Day", 5, weekday=0, nth=-1),
        Holiday("Juneteenth National Independence Day", 6, 19, since=2021),
        Holiday("Independence Day", 7, 4),
        Holiday("Labor Day", 9, weekday=0, nth=1),
        Holiday("Columbus Day", 10, weekday=0, nth=2),
        Holiday("Veterans Day", 11, 11),
        Holiday("Thanksgiving Day", 11, weekday=3, nth=4),
        Holiday("Christmas Day", 12, 25),
    ),
    # R.I. Gen. Laws § 25-1-1; Good Friday and the days of elections are left out.
    "US-RI": (
        Holiday("New Year's Day", 1, 1),
        Holiday("Dr. Martin Luther King, Jr.'s Birthday", 1, weekday=0, nth=3),
        Holiday("Washington's Birthday", 2, weekday=0, nth=3),
        Holiday("Memorial Day", 5, weekday=0, nth=-1),
        Holiday("Juneteenth National Freedom Day", 6, 19, since=2024),
        Holiday("Independence Day", 7, 4),
        Holiday("Victory Day", 8, weekday=0, nth=2),
        Holiday("Labor Day", 9, weekday=0, nth=1),
        Holiday("Columbus Day", 10, weekday=0, nth=2),
        Holiday("Veterans' Day", 11, 11),
        Holiday("Thanksgiving Day", 11, weekday=3, nth=4),
        Holiday("Christmas Day", 12, 25),
    ),
}
"""Calendars by jurisdiction, each with the statute that names its days."""


@lru_cache(maxsize=32)
def days_of(calendar: str) -> tuple[date, ...]:
    """Every holiday of a calendar in `YEARS`, in order, and the days on which they are kept instead.

    One on a Sunday is kept on the Monday as well, and a federal one on a Saturday on the Friday (5 U.S.C. § 6103(b),
    Executive Order 11582): where a statute speaks of legal holidays both days are left free.

    Raises:
        UnknownName: there is no such calendar.
    """
    if calendar not in HOLIDAYS:
        raise UnknownName("calendar of holidays", calendar, HOLIDAYS)
    days = [each.on(year) for each in HOLIDAYS[calendar] for year in YEARS if year >= each.since]
    moved = [day + timedelta(days={6: 1, 5: -1 if calendar == "US" else 0}.get(day.weekday(), 0)) for day in days]
    return tuple(sorted({*days, *moved}))
