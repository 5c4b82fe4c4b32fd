"""When messages may go out, on the customer's own clock (S2.3, S2.4): quiet hours and send windows, as data.

Both are half-open `[start, end)` on the local clock, may cross midnight, and say what holds for a customer whose time
zone nobody knows: `unknown_zone` is `"deny"` or the zone to assume. It has no default: any default would be a guess.
"""

from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Final, Literal

import attrs

from touchpoint.errors import JourneyError, UnknownName
from touchpoint.model.week import (
    WEEKDAYS,
    check_differ,
    end_of_window,
    holidays_of,
    intervals_of,
    names_of,
    seconds_of_day,
    start_of_window,
    time_of_day,
    weekdays_of,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

__all__ = ["DENY", "WEEKDAYS", "QuietHours", "SendWindow", "seconds_of_day", "time_of_day"]

DENY: Final = "deny"
Over = Literal["defer", "deny"]


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


def _kinds(values: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if values is None else names_of(values, "kinds", "marketing")


def _channels(values: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if values is None else names_of(values, "channels", "email")


def _margin(value: timedelta) -> timedelta:
    if not isinstance(value, timedelta) or value < timedelta(0):
        raise JourneyError(f"margin is an elapsed time of zero or more, not {value!r}; write margin=minutes(15)")
    return value


def _over(value: object) -> Over:
    if value not in ("defer", "deny"):
        raise JourneyError(f'over is "defer" (until the window opens) or "deny", not {value!r}')
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
        over: what happens to a message meanwhile: `defer` it until they are over, or `deny` it.

    Raises:
        JourneyError: a time, weekday, zone or length that cannot be, or a start equal to the end.
    """

    start: str = attrs.field(converter=start_of_window)
    end: str = attrs.field(converter=end_of_window)
    unknown_zone: str = attrs.field(converter=_zone_key, kw_only=True)
    kinds: tuple[str, ...] | None = attrs.field(default=None, converter=_kinds, kw_only=True)
    channels: tuple[str, ...] | None = attrs.field(default=None, converter=_channels, kw_only=True)
    weekdays: tuple[str, ...] | None = attrs.field(default=None, converter=weekdays_of, kw_only=True)
    holidays: tuple[date, ...] = attrs.field(default=(), converter=holidays_of, kw_only=True)
    margin: timedelta = attrs.field(default=timedelta(0), converter=_margin, kw_only=True)
    over: Over = attrs.field(default="defer", converter=_over, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_differ(self.start, self.end)


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
        over: what happens to a message at any other time: `defer` it until one opens, or `deny` it.

    Raises:
        JourneyError: no interval, or a time, weekday, zone or length that cannot be, or a start equal to the end.
    """

    intervals: tuple[tuple[str, str], ...] = attrs.field(converter=intervals_of)
    unknown_zone: str = attrs.field(converter=_zone_key, kw_only=True)
    weekdays: tuple[str, ...] | None = attrs.field(default=None, converter=weekdays_of, kw_only=True)
    holidays: tuple[date, ...] = attrs.field(default=(), converter=holidays_of, kw_only=True)
    kinds: tuple[str, ...] | None = attrs.field(default=None, converter=_kinds, kw_only=True)
    channels: tuple[str, ...] | None = attrs.field(default=None, converter=_channels, kw_only=True)
    margin: timedelta = attrs.field(default=timedelta(0), converter=_margin, kw_only=True)
    over: Over = attrs.field(default="defer", converter=_over, kw_only=True)

    def __init__(
        self,
        *intervals: Sequence[str | time],
        unknown_zone: "str | ZoneInfo",
        weekdays: Iterable[str] | None = None,
        holidays: Iterable[date | str] = (),
        kinds: Iterable[str] | None = None,
        channels: Iterable[str] | None = None,
        margin: timedelta = timedelta(0),
        over: Over = "defer",
    ) -> None:
        self.__attrs_init__(
            intervals,
            unknown_zone=unknown_zone,
            weekdays=weekdays,
            holidays=holidays,
            kinds=kinds,
            channels=channels,
            margin=margin,
            over=over,
        )
