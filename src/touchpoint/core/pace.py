"""How fast a channel may be used: the rates its provider declares, and how long it asked us to stay away (S6.8).

Kept for each channel and scope under one name, for all workers of a store alike. What comes too soon is given an
instant of its own to come back at, one after the other: a queue of a thousand is asked about a thousand times, not a
thousand times a thousand.
"""

from collections.abc import Iterator, MutableMapping, Sequence
from hashlib import sha256
from typing import Any, Final, TypeAlias

import attrs

from touchpoint.durations import length
from touchpoint.journey.mailboxes import provider_of
from touchpoint.model.delivery import Rate, Scope

Pace: TypeAlias = list[Any]
"""[free from, end of the queue, [[instant, how many], …]]: JSON. The last are the releases that still count."""
Paces: TypeAlias = MutableMapping[str, Pace]


@attrs.define
class Pacing:
    """What paces one hand-over: a name to keep it under for each scope, and the rates that hold there."""

    limits: tuple[tuple[str, Rate | None], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Under which its rates are kept."""
        return tuple(name for name, rate in self.limits if rate is not None)

    def free_from(self, paces: Paces, now: int, booked: int | None) -> int | None:
        """The first instant at which it may go out; None for now.

        Args:
            paces: as they stand.
            now: the instant asked about.
            booked: the instant it was given when it came before; None when it comes for the first time.
        """
        later = [at for name, rate in self.limits if (at := _free(paces.get(name), rate, now, booked)) > now]
        return max(later, default=None)

    def book(self, paces: Paces, until: int) -> int:
        """Give it an instant of its own, from `until` on."""
        at = until
        for name, rate in self.limits:
            if rate is not None:
                pace = paces.get(name, [0, 0, []])
                at = max(at, pace[1])
                paces[name] = [pace[0], at + max(1, length(rate.per) // rate.n), pace[2]]
        return at

    def take(self, paces: Paces, now: int) -> None:
        """It goes out now."""
        for name, rate in self.limits:
            if rate is not None:
                free, queue, log = paces.get(name, [0, 0, []])
                log = [each for each in log if each[0] > now - length(rate.per)]
                if log and log[-1][0] == now:
                    log[-1] = [now, log[-1][1] + 1]
                else:
                    log.append([now, 1])
                paces[name] = [free, queue, log]


def _free(pace: Pace | None, rate: Rate | None, now: int, booked: int | None) -> int:
    if pace is None:
        return now
    free: int = pace[0]
    queue: int = pace[1]
    if rate is None:
        return max(now, free)
    if booked is None and queue > now:
        return max(free, queue)  # others wait already: to the end of the queue
    per, count = length(rate.per), 0
    for at, n in reversed(pace[2]):
        if at <= now - per:
            break
        count += n
        if count >= rate.n:
            # What a clock that was set back since has noted in the future holds up nobody for longer than a period.
            return max(free, min(int(at), now) + per)
    return max(now, free)


def stay_away(paces: Paces, name: str, until: int) -> None:
    """The provider asked us to stay away."""
    free, queue, log = paces.get(name, [0, 0, []])
    paces[name] = [max(free, until), queue, log]


def pacing(channel: str, rates: Sequence[Rate], kind: str, key: str) -> Pacing:
    """What paces a hand-over to an address. Every scope counts, for a provider may throttle what has no rate."""
    return Pacing(tuple(_limits(channel, rates, kind, key)))


def _limits(channel: str, rates: Sequence[Rate], kind: str, key: str) -> Iterator[tuple[str, Rate | None]]:
    if kind == "email":
        yield mailbox_name(channel, kind, key), None
    for scope in _SCOPES:
        name = scope_name(channel, scope, kind, key)
        yield name, None
        for n, rate in enumerate(rates):
            if rate.by == scope:
                yield f"{name} {n}", rate


_SCOPES: Final[tuple[Scope, ...]] = ("account", "sender", "destination", "recipient")


def scope_name(channel: str, scope: Scope, kind: str, key: str) -> str:
    """The name under which the pace of a scope is kept. It holds no address."""
    if scope == "recipient":
        return f"{channel} recipient {sha256(f'{kind} {key}'.encode()).hexdigest()[:24]}"
    if scope == "destination":
        return f"{channel} destination {destination(kind, key)}"
    return f"{channel} {scope}"


def mailbox_name(channel: str, kind: str, key: str) -> str:
    """The name under which it is kept that a mailbox provider, who may have many domains, gets nothing for a while."""
    domain = destination(kind, key)
    return f"{channel} mailbox {provider_of(domain) or domain}"


def destination(kind: str, key: str) -> str:
    """Whose network an address is in: a mail address's domain, a phone number's country code, else its kind."""
    if kind == "email":
        return key.rpartition("@")[2].lower()
    if kind == "phone" and key.startswith("+"):
        return "+" + country_code(key[1:])
    return kind


# ITU-T E.164: the codes of one and of two digits; every other has three.
_ONE: Final = frozenset("17")
_TWO: Final = frozenset(
    map(
        str,
        (
            20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60,
            61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
        ),
    )
)  # fmt: skip


def country_code(digits: str) -> str:
    """The country code that a number in E.164 form begins with, without its +."""
    if digits[:1] in _ONE:
        return digits[:1]
    return digits[:2] if digits[:2] in _TWO else digits[:3]
