"""What a content rule may ask for: a closed set, as data (S6.5). How each is checked is in `policy/content.py`."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import attrs

from touchpoint.errors import InvalidInput, JourneyError
from touchpoint.journey.holidays import HOLIDAYS, days_of
from touchpoint.journey.mailboxes import PROVIDERS
from touchpoint.journey.windows import DENY, QuietHours

Closed = Literal["next", "wait"]


def _texts(values: Iterable[str] | str) -> tuple[str, ...]:
    listed = (values,) if isinstance(values, str) else tuple(values)
    if not all(isinstance(each, str) and each.strip() for each in listed):
        raise JourneyError("words are texts that are not blank, as in ['STOP', 'END']")
    return tuple(dict.fromkeys(listed))


def _whole(least: int) -> Callable[[object, "attrs.Attribute[int]", int], None]:
    def check(of: object, field: "attrs.Attribute[int]", value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise JourneyError(f"{type(of).__name__}({field.name}=) is a whole number from {least}")

    return check


@attrs.frozen
class SenderIdentity:
    """The words name who sends them: `Sender.name`, or one of `Sender.also`.

    Args:
        contact: they also say how to reach the sender: `Sender.contact`.
    """

    contact: bool = attrs.field(default=False, kw_only=True, validator=attrs.validators.instance_of(bool))


@attrs.frozen
class PostalAddress:
    """The words hold `Sender.postal`. Line breaks, commas and the like between its parts do not matter."""


@attrs.frozen
class OptOutText:
    """The words tell how to stop more of them, in any language that touchpoint knows a phrase of.

    Args:
        by: `words`: a phrase such as "unsubscribe" or "reply STOP" suffices. `link`: such a phrase is a link, or stands
            on the line of one (http, https or mailto).
        phrases: more of them, the host's own.
    """

    by: Literal["words", "link"] = "words"
    phrases: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.by not in ("words", "link"):
            raise JourneyError('OptOutText(by=) is "words" or "link"')


@attrs.frozen
class OneClickUnsubscribe:
    """The message carries the headers of RFC 8058: its channel is one of `Sender.one_click`."""


@attrs.frozen
class LinkLife:
    """Links to unsubscribe work for at least this many days after sending: `Sender.links_live`."""

    days: int = attrs.field(validator=_whole(1))


@attrs.frozen
class OptOutWithin:
    """An opt-out is acted on within this many days.

    What is told to touchpoint acts at once; `Sender.opt_outs_within` says how long it takes those that come by other
    ways until they are told.

    Args:
        days: starts at 1.
        business: they are business days: Saturdays, Sundays and holidays do not count.
    """

    days: int = attrs.field(validator=_whole(1))
    business: bool = attrs.field(default=True, kw_only=True, validator=attrs.validators.instance_of(bool))

    def deadline(self, said: date, holidays: Iterable[date] = ()) -> date:
        """The last day on which an opt-out may be acted on; the day on which it was said does not count.

        Args:
            said: the local date of the opt-out.
            holidays: dates that are no business days, such as `touchpoint.rules.days_of("US")`.
        """
        if not self.business:
            return said + timedelta(days=self.days)
        free, day, left = frozenset(holidays), said, self.days
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < 5 and day not in free
        return day


def _calendars(values: Iterable[str] | str) -> tuple[str, ...]:
    names = _texts(values)
    for name in names:
        if name not in HOLIDAYS:
            raise JourneyError(f"there is no calendar of holidays {name!r}; known: {', '.join(HOLIDAYS)}")
    return names


@attrs.frozen
class QuietHoursIn:
    """Nothing goes out while the customer's clock is in `[start, end)`; where no zone is known, nothing goes out.

    Args:
        start, end: as in `QuietHours`.
        weekdays: the local days on which the quiet hours start, `"mon"` to `"sun"`; None is every day.
        holidays: calendars (`HOLIDAYS`) whose days are quiet throughout, such as `["US"]`.

    Raises:
        JourneyError: a time, weekday or calendar that cannot be.
    """

    start: str
    end: str
    weekdays: tuple[str, ...] | None = attrs.field(
        default=None, converter=attrs.converters.optional(_texts), kw_only=True
    )
    holidays: tuple[str, ...] = attrs.field(default=(), converter=_calendars, kw_only=True)

    def __attrs_post_init__(self) -> None:
        QuietHours(self.start, self.end, weekdays=self.weekdays, unknown_zone=DENY)

    def hours(self) -> QuietHours:
        """The same as a window."""
        days = sorted({day for name in self.holidays for day in days_of(name)})
        return QuietHours(self.start, self.end, unknown_zone=DENY, weekdays=self.weekdays, holidays=days)


@attrs.frozen
class ComplaintRate:
    """What part of the mail delivered to one mailbox provider may be reported as spam.

    Complaints that come back (`Complained`) are counted against what was accepted, for each mailbox provider, over
    today and yesterday (UTC). When they are too many, the channel is held for this provider's mailboxes until a day
    after the last one. Who reads other reports (Postmaster Tools) may ask `exceeded`, and pause the channel.

    Args:
        most: the rate at which it is too much, above 0 and at most 1.
        provider: one of `PROVIDERS`; None is every one.
        minimum: of deliveries; with fewer of them a rate says nothing.
    """

    most: float = 0.003
    provider: str | None = attrs.field(default=None, kw_only=True)
    minimum: int = attrs.field(default=1_000, kw_only=True, validator=_whole(1))

    def __attrs_post_init__(self) -> None:
        if isinstance(self.most, bool) or not isinstance(self.most, int | float) or not 0 < self.most <= 1:
            raise JourneyError("ComplaintRate(most=) is a rate above 0 and at most 1, such as 0.003")
        if self.provider is not None and self.provider not in PROVIDERS:
            raise JourneyError(f"there is no mailbox provider {self.provider!r}; known: {', '.join(PROVIDERS)}")

    def exceeded(self, complaints: int, delivered: int) -> bool:
        """Whether the channel must be held for this provider: enough was delivered, and the rate is reached.

        Args:
            complaints: of the period that the provider's rule looks at, usually a day.
            delivered: to the same provider in the same period.

        Raises:
            InvalidInput: a count below 0.
        """
        if complaints < 0 or delivered < 0:
            raise InvalidInput("complaints and deliveries are counts from 0")
        # As it is written, 0.003 is three in a thousand; as a float it is a little less.
        return delivered >= self.minimum and complaints >= Decimal(str(self.most)) * delivered


@attrs.frozen
class SessionWindow:
    """Free text goes out only within this many hours of the customer's last message on the channel.

    Messages in `Sender.approved` go out as templates that the provider has approved, at any time.

    Args:
        hours: elapsed.
        closed: with no session, `next` tries the message's next channel; `wait` waits until the customer writes.
    """

    hours: int = attrs.field(default=24, validator=_whole(1))
    closed: Closed = attrs.field(default="next", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.closed not in ("next", "wait"):
            raise JourneyError('SessionWindow(closed=) is "next" or "wait"')


@attrs.frozen(kw_only=True)
class Keywords:
    """Words that must be answered when a customer sends nothing else.

    Args:
        stop: opt-outs. touchpoint acts on those it knows by itself; others have to be in `Sender.answers`.
        help: requests for help. Who answers them is in `Sender.answers`.
    """

    stop: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    help: tuple[str, ...] = attrs.field(default=(), converter=_texts)


Requirement: TypeAlias = (
    SenderIdentity
    | PostalAddress
    | OptOutText
    | OneClickUnsubscribe
    | LinkLife
    | OptOutWithin
    | QuietHoursIn
    | ComplaintRate
    | SessionWindow
    | Keywords
)
REQUIREMENTS: Final = (
    SenderIdentity, PostalAddress, OptOutText, OneClickUnsubscribe, LinkLife, OptOutWithin, QuietHoursIn, ComplaintRate,
    SessionWindow, Keywords,
)  # fmt: skip
