"""Local clocks, weeks and holidays as data: what windows and business hours are made of (S2.4)."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from typing import Final

from touchpoint.errors import JourneyError, hint

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_DAY_SECONDS: Final = 86_400


def time_of_day(value: str | time) -> str:
    """A time of day as `HH:MM`, or `HH:MM:SS` where it has seconds.

    Raises:
        JourneyError: it is neither such a text nor a naive `datetime.time` of whole seconds.
    """
    if isinstance(value, time) and value.tzinfo is None and not value.microsecond:
        value = value.isoformat()
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        shown = value if isinstance(value, str | int | time) else type(value)
        raise JourneyError(
            f"{shown!r} is not a time of day; "
            'write "HH:MM" or "HH:MM:SS" on a 24-hour clock, as in "09:00" (in YAML with the quotes)'
        )
    return value.removesuffix(":00") if len(value) > len("HH:MM") else value


def seconds_of_day(clock: str) -> int:
    """Seconds from midnight to this time of day, `HH:MM`, `HH:MM:SS` or `24:00`, on a clock that nobody changes.

    Raises:
        JourneyError: not a time of day.
    """
    if clock == "24:00":
        return _DAY_SECONDS
    hours, minutes, *seconds = map(int, time_of_day(clock).split(":"))
    return hours * 3600 + minutes * 60 + sum(seconds)


def start_of_window(value: str | time) -> str:
    """The time of day at which something opens. Raises JourneyError for none, and for `24:00`."""
    if value in ("24:00", "24:00:00"):
        raise JourneyError('a window cannot start at "24:00"; write "00:00"')
    return time_of_day(value)


def end_of_window(value: str | time) -> str:
    """The time of day at which something ends, `24:00` included. Raises JourneyError for none."""
    return "24:00" if value in ("24:00", "24:00:00") else time_of_day(value)


def check_differ(start: str, end: str) -> None:
    """Raise JourneyError for an end that is the start."""
    if start == end:
        raise JourneyError(
            f'the window starts and ends at "{start}", which could mean always or never; '
            'for the whole day write "00:00" to "24:00"'
        )


def intervals_of(
    values: Iterable[Sequence[str | time]], what: str = "a send window", how: str = "SendWindow({}, unknown_zone=…)"
) -> tuple[tuple[str, str], ...]:
    """Pairs of times of day, each half-open, in the order given.

    Args:
        values: the pairs.
        what: they are of, for errors.
        how: it is written, with `{}` in the place of an interval.

    Raises:
        JourneyError: there is none, or one that cannot be.
    """
    found = []
    for value in values:
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
            written = how.format('("09:00", "12:00")')
            raise JourneyError(f"an interval of {what} is a pair of times; write {written}")
        start, end = start_of_window(value[0]), end_of_window(value[1])
        check_differ(start, end)
        found.append((start, end))
    if not found:
        written = how.format('("09:00", "17:00")')
        raise JourneyError(f"{what} needs at least one interval; write {written}")
    return tuple(dict.fromkeys(found))


def weekdays_of(values: Iterable[str] | None) -> tuple[str, ...] | None:
    """Names of weekdays in the order of the week; None is every day. Raises JourneyError for what is none."""
    if values is None:
        return None
    given = names_of(values, "weekdays", "mon")
    for name in given:
        if name not in WEEKDAYS:
            raise JourneyError(f"{name!r} is not a weekday{hint(name, WEEKDAYS)}; write " + ", ".join(WEEKDAYS))
    # In the order of the week, so that two windows that mean the same are equal.
    return tuple(name for name in WEEKDAYS if name in given)


def names_of(values: Iterable[str], field: str, example: str) -> tuple[str, ...]:
    """A list of names, each once. Raises JourneyError for one that is empty, or holds something else."""
    # Sets come in an order that differs from process to process.
    listed = sorted(values, key=str) if isinstance(values, AbstractSet) else values
    names = () if isinstance(listed, str) else tuple(dict.fromkeys(listed))
    if not names or not all(isinstance(name, str) for name in names):
        raise JourneyError(f'{field} is a list of names; write {field}=["{example}"], or leave it out for all of them')
    return names


def holidays_of(values: Iterable[date | str]) -> tuple[date, ...]:
    """Dates in order, each once. Raises JourneyError for what is none."""
    return tuple(sorted({_holiday(value) for value in values}))


def _holiday(value: date | str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]  # anything else raises, and is answered below
    except (TypeError, ValueError):
        raise JourneyError(f'holidays holds dates, not {value!r}; write date(2026, 12, 25) or "2026-12-25"') from None
