"""Lengths of time: elapsed ones are `timedelta`, calendar ones `relativedelta` (S2.1).

Inside the core an instant is an `int`: microseconds since 1970-01-01 UTC. `micros` and `instant` convert at the border.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias, Union, final

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

Duration: TypeAlias = Union[timedelta, "relativedelta"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST: Final = timedelta(days=36_525)
"""The longest length of time that anything may take: a hundred years, so that no sum leaves the calendar."""
_MICROSECOND: Final = timedelta(microseconds=1)
FIRST_INSTANT: Final = (datetime.min.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND
LAST_INSTANT: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND
"""Where the calendar ends: the last microsecond of the year 9999 UTC."""


def seconds(n: float) -> timedelta:
    """n seconds, elapsed."""
    return timedelta(seconds=n)


def minutes(n: float) -> timedelta:
    """n minutes, elapsed."""
    return timedelta(minutes=n)


def hours(n: float) -> timedelta:
    """n hours, elapsed."""
    return timedelta(hours=n)


def days(n: float) -> timedelta:
    """n times 24 hours, elapsed. For calendar days use `calendar_days`."""
    return timedelta(days=n)


def weeks(n: float) -> timedelta:
    """n times 168 hours, elapsed."""
    return timedelta(weeks=n)


def calendar_days(n: int) -> "relativedelta":
    """n days on the customer's calendar: the same local time n dates on, whatever the clocks do between."""
    from dateutil.relativedelta import relativedelta

    return relativedelta(days=n)


def months(n: int) -> "relativedelta":
    """n months on the customer's calendar; the 31st becomes the month's last day where there is none."""
    from dateutil.relativedelta import relativedelta

    return relativedelta(months=n)


def years(n: int) -> "relativedelta":
    """n years on the customer's calendar; 29 February becomes the 28th where there is none."""
    from dateutil.relativedelta import relativedelta

    return relativedelta(years=n)


@final
class Forever:
    """The time-out of a wait that has none. There is one instance, `forever`."""

    _only: "Forever | None" = None

    def __new__(cls) -> "Forever":
        """The one instance."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "forever"


forever: Final = Forever()


def is_calendar(duration: object) -> bool:
    """Whether this is a calendar length (a `relativedelta`), without importing dateutil to find out."""
    return type(duration).__module__ == "dateutil.relativedelta"


def micros(at: datetime) -> int:
    """An aware datetime as microseconds since 1970 UTC, exactly (no floating point)."""
    return (at - EPOCH) // _MICROSECOND


def instant(us: int) -> datetime:
    """Microseconds since 1970 UTC as an aware UTC datetime."""
    return EPOCH + timedelta(microseconds=us)


def in_calendar(us: int) -> bool:
    """Whether an instant, in microseconds UTC, lies within the calendar: the years 1 to 9999 UTC."""
    return FIRST_INSTANT <= us <= LAST_INSTANT


def is_lasting(duration: object) -> bool:
    """Whether a length of time, elapsed or calendar, is longer than anything may take (`LONGEST`), either way."""
    if isinstance(duration, timedelta):
        return abs(duration) > LONGEST
    # The largest part decides; absolute ones (an hour of the day, say) have bounds of their own.
    days_in = {"years": 365.25, "months": 30.4, "days": 1, "leapdays": 1, "hours": 1 / 24, "minutes": 1 / 1440}
    parts = (abs(getattr(duration, unit, 0)) * in_one for unit, in_one in days_in.items())
    return is_calendar(duration) and sum(parts) > LONGEST.days


def length(duration: timedelta) -> int:
    """An elapsed duration in microseconds."""
    return duration // _MICROSECOND


def spoken(duration: object) -> str:
    """A duration in words: `10 days`, `36 hours`, `1 month`."""
    if isinstance(duration, timedelta):
        return _spoken_elapsed(duration)
    if is_calendar(duration):
        parts = [
            f"{abs(n)} {unit[:-1] if abs(n) == 1 else unit}"
            for unit in ("years", "months", "days", "hours", "minutes")
            if (n := getattr(duration, unit, 0))
        ]
        return "calendar " + " ".join(parts) if parts else str(duration)
    return str(duration)


def _spoken_elapsed(duration: timedelta) -> str:
    us = length(duration)
    for unit, size in (("day", 86_400_000_000), ("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1_000_000)):
        if us and us % size == 0:
            n = us // size
            return f"{n} {unit}" if abs(n) == 1 else f"{n} {unit}s"
    return str(duration)
