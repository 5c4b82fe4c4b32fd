"""Lengths of time as people write them: `3d`, `1h 30m`, `2 weeks`, `1 month`, `3 calendar days`."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from touchpoint.durations import Duration, length
from touchpoint.errors import JourneyError

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

_MICROSECONDS: Final = {
    "w": 604_800_000_000, "d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000,
    "us": 1,
}  # fmt: skip
_WORDS: Final = {
    "week": "w", "weeks": "w", "day": "d", "days": "d", "hour": "h", "hours": "h", "min": "m", "minute": "m",
    "minutes": "m", "sec": "s", "second": "s", "seconds": "s",
}  # fmt: skip
_CALENDAR: Final = {"month": "months", "months": "months", "year": "years", "years": "years"}
_ON_CALENDAR: Final = {"day": "days", "days": "days", "week": "weeks", "weeks": "weeks"}
_PART: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,12})?)\s*(calendar\s+)?([A-Za-z]+)\s*")
_LONGEST: Final = 100
_WRITTEN: Final = ("d", "h", "m", "s", "us")
HOW: Final = "write 3d, 12h, 1h 30m or 2 weeks; on the customer's calendar 1 month, 1 year or 3 calendar days"


def read_length(text: str) -> Duration:
    """The length of time that a text names: `timedelta`, or `relativedelta` for months, years and calendar days.

    Raises:
        JourneyError: it names none.
    """
    negative, rest = text.strip().startswith("-"), text.strip().removeprefix("-").strip()
    parts = [] if len(rest) > _LONGEST else list(_PART.finditer(rest))
    if not parts or "".join(part[0] for part in parts) != rest:
        raise JourneyError(f"{text[:40]!r} is no length of time: {HOW}")
    named = [(part[1], part[2] is not None, part[3].lower() if len(part[3]) > 1 else part[3]) for part in parts]
    if any(on_calendar or unit in _CALENDAR for _, on_calendar, unit in named):
        return _calendar(text, named, -1 if negative else 1)
    total = sum((_elapsed(text, number, unit) for number, _, unit in named), Decimal(0))
    if total != int(total) or total > timedelta.max // timedelta(microseconds=1):
        raise JourneyError(f"{text[:40]!r} is no length of time that can be kept: it is too long, or too exact")
    return timedelta(microseconds=int(total) * (-1 if negative else 1))


def _elapsed(text: str, number: str, unit: str) -> Decimal:
    size = _MICROSECONDS.get(_WORDS.get(unit, unit))
    if size is None:
        raise JourneyError(f"{text[:40]!r}: there is no unit {unit[:20]!r}: {HOW}")
    return Decimal(number) * size


def _calendar(text: str, named: list[tuple[str, bool, str]], sign: int) -> "relativedelta":
    from dateutil.relativedelta import relativedelta

    found: dict[str, int] = {}
    for number, on_calendar, unit in named:
        name = _ON_CALENDAR.get(unit) if on_calendar else _CALENDAR.get(unit)
        if name is None:
            raise JourneyError(
                f"{text[:40]!r} mixes lengths on the calendar with elapsed ones: say calendar days, as in "
                "1 month 3 calendar days"
            )
        if not number.isdigit() or len(number) > 9 or name in found:
            raise JourneyError(f"{text[:40]!r}: a calendar has whole months, years and days, each named once")
        found[name] = sign * int(number)
    return relativedelta(**found)  # type: ignore[arg-type]  # all of them are lengths


def length_text(value: Duration) -> str | None:
    """The canonical text of a length: `read_length` gives it back; None where it has none (a weekday, say)."""
    return _elapsed_text(value) if isinstance(value, timedelta) else _calendar_text(value)


def _elapsed_text(value: timedelta) -> str:
    rest = abs(length(value))
    parts = []
    for unit in _WRITTEN:
        n, rest = divmod(rest, _MICROSECONDS[unit])
        if n:
            parts.append(f"{n}{unit}")
    return ("-" if value < timedelta(0) else "") + (" ".join(parts) or "0s")


def _calendar_text(value: "relativedelta") -> str | None:
    from dateutil.relativedelta import relativedelta

    said = [("year", value.years), ("month", value.months), ("calendar day", value.days)]
    parts = [f"{n} {unit}" if n == 1 else f"{n} {unit}s" for unit, n in said if n > 0]
    same = relativedelta(years=value.years, months=value.months, days=value.days)
    return " ".join(parts) if parts and value == same and all(n >= 0 for _, n in said) else None
