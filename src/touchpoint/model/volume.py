"""The volume breaker (S11.8): what counts as far too much of one message, as data."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal, get_args

import attrs

from touchpoint.durations import hours
from touchpoint.errors import InvalidInput, UnknownName

Holds = Literal["message", "channel"]
_LONGEST: Final = timedelta(days=1)


@attrs.frozen(kw_only=True)
class VolumeBreaker:
    """Holds a message of which many times the planned or usual volume goes out, until somebody resumes it.

    What is usual is the busiest period of the last 28 days on which any went out. One period of a message may bring
    `times` what is planned for it, else `times` what is usual, and `at_least` in any case. Counted are messages, at
    their first release; not those on channels that reach nobody.

    Args:
        times: how many times the planned or usual volume is too much.
        at_least: of one message in one period; fewer never hold anything, however unusual they are.
        per: the period, at most a day: a whole one of the clock in UTC, such as 14:00 to 15:00.
        planned: how many of a message are planned for its busiest period, by its name.
        holds: what waits then: the `message` itself, or the whole `channel` on which it was going out.

    Raises:
        InvalidInput: a number or length that cannot be.
        UnknownName: `holds` is neither.
    """

    times: float = 10
    at_least: int = 10_000
    per: timedelta = attrs.field(factory=lambda: hours(1))
    planned: Mapping[str, int] = attrs.field(factory=dict, converter=dict)
    holds: Holds = "message"

    def __attrs_post_init__(self) -> None:
        if not _number(self.times) or not 1 <= self.times < float("inf"):
            raise InvalidInput("VolumeBreaker(times=) is how many times the usual volume is too much: 1 or more")
        if not _whole(self.at_least):
            raise InvalidInput("VolumeBreaker(at_least=) is a whole number of messages, 1 or more")
        if not isinstance(self.per, timedelta) or not timedelta(seconds=1) <= self.per <= _LONGEST:
            raise InvalidInput("VolumeBreaker(per=) is a length from a second to a day, such as hours(1)")
        if not all(isinstance(name, str) and _whole(n) for name, n in self.planned.items()):
            raise InvalidInput('VolumeBreaker(planned=) maps messages to whole numbers: {"newsletter": 50_000}')
        if self.holds not in get_args(Holds):
            raise UnknownName("thing for a breaker to hold", str(self.holds), get_args(Holds))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
