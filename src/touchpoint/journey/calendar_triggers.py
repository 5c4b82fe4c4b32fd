"""Triggers of the calendar: a date that comes, a schedule; and the customer's own usual gap (S4.1)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.durations import Duration, is_calendar, spoken
from touchpoint.errors import JourneyError
from touchpoint.model.payload import is_finite

if TYPE_CHECKING:
    from fractions import Fraction
    from zoneinfo import ZoneInfo

_NOTHING: Final = timedelta(0)
_DIGITS: Final = 20
FACTOR: Final = "from 0.01 to 100, of at most 20 digits"
"""What a factor of the usual gap is, in words."""


def zone_key(zone: "ZoneInfo | str | None") -> str | None:
    """The name of a zone that is given as one or by name."""
    return zone if zone is None or isinstance(zone, str) else zone.key


def is_factor(value: object) -> bool:
    """Whether this may be the factor of a usual gap."""
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool) or not is_finite(value):
        return False
    return 1 <= value * 100 <= 10_000 and len(str(value)) <= _DIGITS


def _length(what: str, value: object) -> None:
    if not is_calendar(value) and (not isinstance(value, timedelta) or value < _NOTHING):
        raise JourneyError(f"{what} is a length such as days(7), not {value!r}")


@attrs.frozen
class Usual:
    """So many times the customer's own usual gap. Made by `usual`."""

    factor: int | float | Decimal = 1

    def __attrs_post_init__(self) -> None:
        if not is_factor(self.factor):
            raise JourneyError(f"usual() takes how many times the gap, a number {FACTOR}")

    @property
    def times(self) -> "Fraction":
        """The factor as it is written, exactly: 1.1 is eleven tenths."""
        from fractions import Fraction  # journeys without usual gaps need none

        return Fraction(str(self.factor))

    def __str__(self) -> str:
        times = self.times
        if times == 1:
            return "the usual gap"
        plain = str(times.numerator) if times.denominator == 1 else str(self.factor)
        return f"{plain} times the usual gap"


def usual(factor: float | Decimal = 1) -> Usual:
    """So many times the gap that is usual for the customer, for `Silent`.

    Usual is the median of the last gaps between days with such a touchpoint, eleven at most. A median, because one long
    holiday, or one order sent in two parts, leaves it where it is, and it follows a habit that changes.

    Args:
        factor: how many times that gap.

    Raises:
        JourneyError: not a number from 0.01 to 100.
    """
    return Usual(factor)


@attrs.frozen
class DateDue:
    """A date that a trait holds comes: once for each date, on the customer's calendar.

    A changed date is due anew. What is past when it is learned does not come any more; what fell due while nobody
    looked does.

    Args:
        trait: name of a trait that holds a date, a datetime (its own day counts) or an ISO text.
        before: this much ahead of the date.
        after: this long after the date. Say one of them, or neither for the day itself.
        at: local time of day, "HH:MM".
        unknown_zone: taken where the customer's zone is not known; without it no date of such a customer comes.
    """

    trait: str
    before: Duration = attrs.field(default=_NOTHING, kw_only=True)
    after: Duration = attrs.field(default=_NOTHING, kw_only=True)
    at: str = attrs.field(default="09:00", kw_only=True)
    unknown_zone: str | None = attrs.field(default=None, kw_only=True, converter=zone_key)

    def __attrs_post_init__(self) -> None:
        _length(f"DateDue({self.trait!r}): before=", self.before)
        _length(f"DateDue({self.trait!r}): after=", self.after)
        if _NOTHING not in (self.before, self.after):
            raise JourneyError(f"DateDue({self.trait!r}): a date comes before= or after=, not both; say one of them")

    def __str__(self) -> str:
        if self.before != _NOTHING:
            return f"{spoken(self.before)} before {self.trait}"
        return f"{spoken(self.after)} after {self.trait}" if self.after != _NOTHING else f"{self.trait} comes"


def _rule_text(value: object) -> str:
    from touchpoint.journey.recurrence import read  # journeys without schedules need no rules of recurrence

    return str(read(value))


@attrs.frozen
class Schedule:
    """A schedule comes round, for every customer, on their own calendar: the nth Monday of the month, say.

    It begins with the customer's first touch: from the moment we know of them, or from their first touch after the
    journey was changed. While nobody worked, what was missed within a week is made up for, each at its own instant, and
    of what is older only the last.

    Args:
        rule: a recurrence rule of RFC 5545 of days to years: `FREQ=WEEKLY;BYDAY=MO,TH`, `FREQ=MONTHLY;BYDAY=-1FR`.
            Kept in one form, so equal rules are equal. A date that a month does not have is left out, as RFC 5545
            wants; `BYMONTHDAY=-1` is the last day of each.
        at: local time of day, "HH:MM"; in a gap of the clock the first instant after it, of two the first (S2.2).
        start: the first date it may fall on; INTERVAL and COUNT count from it, and what the rule leaves open is taken
            from it.
        unknown_zone: taken where the customer's zone is not known; without it nothing comes round for such a customer.

    Raises:
        JourneyError: the rule is not understood, means nothing without a start, has no date within 50 years, or comes
            round more often than daily.
    """

    rule: str = attrs.field(converter=_rule_text)
    at: str = attrs.field(default="09:00", kw_only=True)
    start: date | None = attrs.field(default=None, kw_only=True)
    unknown_zone: str | None = attrs.field(default=None, kw_only=True, converter=zone_key)

    def __attrs_post_init__(self) -> None:
        if self.start is not None and (not isinstance(self.start, date) or isinstance(self.start, datetime)):
            raise JourneyError(
                f"Schedule(): start= is a date, not a {type(self.start).__name__}; write date(2026, 3, 2)"
            )
        from touchpoint.journey.recurrence import recurrence

        recurrence(self.rule, self.start)

    def __str__(self) -> str:
        return f"schedule {self.rule}" + (f" from {self.start}" if self.start is not None else "")
