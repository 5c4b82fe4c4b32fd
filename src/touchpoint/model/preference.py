"""What customers asked of us beyond consent: which channels and topics, how often, and when (S7.4)."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import attrs

from touchpoint.durations import LONGEST, in_calendar, instant, length, micros
from touchpoint.errors import InvalidInput
from touchpoint.model.payload import LONGEST_NAME, is_unicode

_MANY: Final = 1_000
_HIGHEST: Final = 10**9
_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")


def _names(value: Iterable[str] | str) -> tuple[str, ...]:
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, Iterable) or not all(map(_is_name, names := list(islice(given, _MANY + 1)))):
        raise InvalidInput(
            f"preferences name channels and topics as texts of at most {LONGEST_NAME} characters; "
            'write channels_off=["sms"]'
        )
    if len(names) > _MANY:
        raise InvalidInput(f"preferences name at most {_MANY:,} channels or topics")
    return tuple(dict.fromkeys(map(str.__str__, names)))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and is_unicode(value)


def _snooze(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or not _is_instant(value):
        raise InvalidInput(
            "snooze_until is an aware datetime, e.g. datetime(…, tzinfo=UTC), within the years 1 to 9999; "
            "a naive one could be any instant"
        )
    return value


def _is_instant(value: datetime) -> bool:
    try:
        return value.utcoffset() is not None and in_calendar(micros(value))
    except Exception:  # noqa: BLE001 - a time zone of the host's own may do anything
        return False


def _quiet(value: Sequence[str] | None) -> tuple[str, str] | None:
    if value is None:
        return None
    times = tuple(value) if isinstance(value, list | tuple) else ()
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
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InvalidInput("at_most is a number and an elapsed time; write at_most=(2, days(7))")
    n, per = value
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= _HIGHEST:
        raise InvalidInput(
            f"at_most starts at 1 and ends at {_HIGHEST:,}; who wants nothing at all withdraws consent, "
            "turns topics off or snoozes"
        )
    if not isinstance(per, timedelta) or not timedelta(0) < per <= LONGEST:
        raise InvalidInput(
            "at_most takes an elapsed time longer than nothing and at most a hundred years; write at_most=(2, days(7))"
        )
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
