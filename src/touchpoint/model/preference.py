"""What customers asked of us beyond consent: which channels and topics, how often, and when (S7.4)."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from touchpoint.durations import instant, length, micros
from touchpoint.errors import InvalidInput

_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")


def _names(value: Iterable[str] | str) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))
    if not all(isinstance(name, str) and name for name in names):
        raise InvalidInput('preferences name channels and topics as texts; write channels_off=["sms"]')
    return names


def _snooze(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidInput(
            "snooze_until is an aware datetime, e.g. datetime(…, tzinfo=UTC); a naive one could be any instant"
        )
    return value


def _quiet(value: Sequence[str] | None) -> tuple[str, str] | None:
    if value is None:
        return None
    times = () if isinstance(value, str) else tuple(value)
    if len(times) != 2 or not all(isinstance(each, str) for each in times):
        raise InvalidInput('quiet is a pair of local times; write quiet=("22:00", "07:00")')
    start, end = times
    if not _CLOCK.fullmatch(start) or not (_CLOCK.fullmatch(end) or end == "24:00"):
        raise InvalidInput('quiet holds local times on a 24-hour clock; write quiet=("22:00", "07:00")')
    if start == end:
        raise InvalidInput(
            'quiet starts and ends at the same time, which could mean always or never; write ("00:00", "24:00")'
        )
    return start, end


def _at_most(value: tuple[int, timedelta] | None) -> tuple[int, timedelta] | None:
    if value is None:
        return None
    if not isinstance(value, Sequence) or len(value) != 2:
        raise InvalidInput("at_most is a number and an elapsed time; write at_most=(2, days(7))")
    n, per = value
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise InvalidInput(
            "at_most starts at 1; who wants nothing at all withdraws consent, turns topics off or snoozes"
        )
    if not isinstance(per, timedelta) or per <= timedelta(0):
        raise InvalidInput("at_most takes an elapsed time longer than nothing; write at_most=(2, days(7))")
    return n, per


@attrs.frozen(kw_only=True)
class Preferences:
    """The wishes of one customer. They bind every kind of message but transactional.

    The stricter of them and the policy of the house holds.

    Args:
        channels_off: channels the customer does not want to be written to on.
        topics_off: topics (or kinds of message) the customer does not want.
        snooze_until: nothing before this instant; an aware datetime.
        quiet: nothing while the customer's own clock is in `[start, end)`: two times `"HH:MM"`, may cross midnight.
        at_most: (n, period): no more than n messages in any period of this elapsed length.

    Raises:
        InvalidInput: a wish that cannot be kept, with what it should look like.
    """

    channels_off: tuple[str, ...] = attrs.field(default=(), converter=_names, repr=False)
    topics_off: tuple[str, ...] = attrs.field(default=(), converter=_names, repr=False)
    snooze_until: datetime | None = attrs.field(default=None, converter=_snooze, repr=False)
    quiet: tuple[str, str] | None = attrs.field(default=None, converter=_quiet, repr=False)
    at_most: tuple[int, timedelta] | None = attrs.field(default=None, converter=_at_most, repr=False)

    def to_record(self) -> list[object]:
        """As a JSON list; instants and lengths are microseconds."""
        return [
            list(self.channels_off),
            list(self.topics_off),
            None if self.snooze_until is None else micros(self.snooze_until),
            None if self.quiet is None else list(self.quiet),
            None if self.at_most is None else [self.at_most[0], length(self.at_most[1])],
        ]

    @classmethod
    def from_record(cls, record: Sequence[object]) -> "Preferences":
        """What `to_record` wrote."""
        channels, topics, snooze, quiet, at_most = record
        return cls(
            channels_off=channels,  # type: ignore[arg-type]  # a record is read back as it was written
            topics_off=topics,  # type: ignore[arg-type]
            snooze_until=None if snooze is None else instant(snooze),  # type: ignore[arg-type]
            quiet=quiet,  # type: ignore[arg-type]
            at_most=None if at_most is None else (at_most[0], timedelta(microseconds=at_most[1])),  # type: ignore[index]
        )
