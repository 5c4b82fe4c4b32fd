"""When messages may go out, on the customer's own clock (S2.3, S2.4): quiet hours and send windows, as data.

Both are half-open `[start, end)` on the local clock, may cross midnight, and say what holds for a customer whose time
zone nobody knows: `unknown_zone` is `"deny"` or the zone to assume. It has no default: any default would be a guess.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.errors import JourneyError, UnknownName, hint

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DENY: Final = "deny"
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


def _start(value: str | time) -> str:
    if value in ("24:00", "24:00:00"):
        raise JourneyError('a window cannot start at "24:00"; write "00:00"')
    return time_of_day(value)


def _end(value: str | time) -> str:
    return "24:00" if value in ("24:00", "24:00:00") else time_of_day(value)


def _differ(start: str, end: str) -> None:
    if start == end:
        raise JourneyError(
            f'the window starts and ends at "{start}", which could mean always or never; '
            'for the whole day write "00:00" to "24:00"'
        )


def _intervals(values: Iterable[Sequence[str | time]]) -> tuple[tuple[str, str], ...]:
    found = []
    for value in values:
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
            raise JourneyError(
                'an interval of a send window is a pair of times; write SendWindow(("09:00", "12:00"), unknown_zone=…)'
            )
        start, end = _start(value[0]), _end(value[1])
        _differ(start, end)
        found.append((start, end))
    if not found:
        raise JourneyError(
            'a send window needs at least one interval; write SendWindow(("09:00", "17:00"), unknown_zone=…)'
        )
    return tuple(dict.fromkeys(found))


def _zone_key(value: "str | ZoneInfo") -> str:
    if value == DENY:
        return DENY
    # Loading time zones costs more than this whole file, and most windows say "deny".
    from zoneinfo import ZoneInfo

    from touchpoint.zones import zone

    key = value.key if isinstance(value, ZoneInfo) else value
    if not isinstance(key, str):
        raise JourneyError(
            'unknown_zone is "deny" or a time zone with a name; write unknown_zone=ZoneInfo("Europe/Madrid")'
        )
    try:
        zone(key)
    except UnknownName as error:
        raise JourneyError(f'unknown_zone: {error}; name a time zone, or write unknown_zone="deny"') from None
    return key


def _weekdays(values: Iterable[str] | None) -> tuple[str, ...] | None:
    if values is None:
        return None
    given = _names(values, "weekdays", "mon")
    for name in given:
        if name not in WEEKDAYS:
            raise JourneyError(f"{name!r} is not a weekday{hint(name, WEEKDAYS)}; write " + ", ".join(WEEKDAYS))
    # In the order of the week, so that two windows that mean the same are equal.
    return tuple(name for name in WEEKDAYS if name in given)


def _kinds(values: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if values is None else _names(values, "kinds", "marketing")


def _channels(values: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if values is None else _names(values, "channels", "email")


def _names(values: Iterable[str], field: str, example: str) -> tuple[str, ...]:
    # Sets come in an order that differs from process to process.
    listed = sorted(values, key=str) if isinstance(values, AbstractSet) else values
    names = () if isinstance(listed, str) else tuple(dict.fromkeys(listed))
    if not names or not all(isinstance(name, str) for name in names):
        raise JourneyError(f'{field} is a list of names; write {field}=["{example}"], or leave it out for all of them')
    return names


def _holidays(values: Iterable[date | str]) -> tuple[date, ...]:
    return tuple(sorted({_holiday(value) for value in values}))


def _holiday(value: date | str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]  # anything else raises, and is answered below
    except (TypeError, ValueError):
        raise JourneyError(f'holidays holds dates, not {value!r}; write date(2026, 12, 25) or "2026-12-25"') from None


def _margin(value: timedelta) -> timedelta:
    if not isinstance(value, timedelta) or value < timedelta(0):
        raise JourneyError(f"margin is an elapsed time of zero or more, not {value!r}; write margin=minutes(15)")
    return value


@attrs.frozen
class QuietHours:
    """Nothing goes out while the local clock is in `[start, end)`.

    Args:
        start, end: `"HH:MM"`, `"HH:MM:SS"` or a naive `datetime.time`; an end before the start is on the next day,
            and an end may be `"24:00"`.
        unknown_zone: for customers without a time zone: `"deny"`, or the zone (or its name) to assume.
        kinds, channels: the kinds of message and the channels it holds for; None is all of them.
        weekdays: the local days on which the quiet hours start, `"mon"` to `"sun"`; None is every day.
        holidays: local dates that are quiet all day.
        margin: this much (a `timedelta`, zero or more) of the open time is kept free too, at both of its edges.

    Raises:
        JourneyError: a time, weekday, zone or length that cannot be, or a start equal to the end.
    """

    start: str = attrs.field(converter=_start)
    end: str = attrs.field(converter=_end)
    unknown_zone: str = attrs.field(converter=_zone_key, kw_only=True)
    kinds: tuple[str, ...] | None = attrs.field(default=None, converter=_kinds, kw_only=True)
    channels: tuple[str, ...] | None = attrs.field(default=None, converter=_channels, kw_only=True)
    weekdays: tuple[str, ...] | None = attrs.field(default=None, converter=_weekdays, kw_only=True)
    holidays: tuple[date, ...] = attrs.field(default=(), converter=_holidays, kw_only=True)
    margin: timedelta = attrs.field(default=timedelta(0), converter=_margin, kw_only=True)

    def __attrs_post_init__(self) -> None:
        _differ(self.start, self.end)


@attrs.frozen(init=False)
class SendWindow:
    """Messages go out only while the local clock is inside one of the intervals.

    Args:
        intervals: pairs `("09:00", "12:00")`, each half-open; one that ends before it starts ends on the next day. An
            interval that starts on a holiday, or on a day not named in `weekdays`, does not open at all.
        unknown_zone: for customers without a time zone: `"deny"`, or the zone (or its name) to assume.
        weekdays: the local days on which the intervals start, `"mon"` to `"sun"`; None is every day.
        holidays: local dates on which nothing goes out.
        kinds, channels: the kinds of message and the channels it holds for; None is all of them.
        margin: the open time is shortened by this much (a `timedelta`, zero or more) at both of its edges.

    Raises:
        JourneyError: no interval, or a time, weekday, zone or length that cannot be, or a start equal to the end.
    """

    intervals: tuple[tuple[str, str], ...] = attrs.field(converter=_intervals)
    unknown_zone: str = attrs.field(converter=_zone_key, kw_only=True)
    weekdays: tuple[str, ...] | None = attrs.field(default=None, converter=_weekdays, kw_only=True)
    holidays: tuple[date, ...] = attrs.field(default=(), converter=_holidays, kw_only=True)
    kinds: tuple[str, ...] | None = attrs.field(default=None, converter=_kinds, kw_only=True)
    channels: tuple[str, ...] | None = attrs.field(default=None, converter=_channels, kw_only=True)
    margin: timedelta = attrs.field(default=timedelta(0), converter=_margin, kw_only=True)

    def __init__(
        self,
        *intervals: Sequence[str | time],
        unknown_zone: "str | ZoneInfo",
        weekdays: Iterable[str] | None = None,
        holidays: Iterable[date | str] = (),
        kinds: Iterable[str] | None = None,
        channels: Iterable[str] | None = None,
        margin: timedelta = timedelta(0),
    ) -> None:
        self.__attrs_init__(
            intervals,
            unknown_zone=unknown_zone,
            weekdays=weekdays,
            holidays=holidays,
            kinds=kinds,
            channels=channels,
            margin=margin,
        )
