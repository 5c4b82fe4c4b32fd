"""How much goes out of each message, and whether that is far too much (S11.8). Counts that name nobody.

One short record for each message, whatever its volume: what went out in this period, and the busiest period of each of
the last days. Periods only move forward, so that a clock that is set back opens no new one.
"""

from collections.abc import MutableMapping
from typing import Any, Final, TypeAlias

from touchpoint.durations import length, spoken
from touchpoint.model.volume import VolumeBreaker

Volume: TypeAlias = list[Any]
"""[begin of the period, how many in it, the busiest period, [[day, its busiest period], …]]: JSON."""
Volumes: TypeAlias = MutableMapping[str, Volume]
DAYS: Final = 28
"""How far back the busiest period is looked for."""
_DAY: Final = 86_400_000_000


def too_many(breaker: VolumeBreaker, volumes: Volumes, message: str, now: int) -> str | None:
    """Why one more of a message would be too much, with the figures; None if it may go out."""
    _, n, usual, _ = _current(breaker, volumes.get(message), now)
    planned = breaker.planned.get(message)
    base, what = (usual, "the busiest period of the last 28 days") if planned is None else (planned, "what is planned")
    most = max(breaker.at_least, int(breaker.times * base))
    if n < most:
        return None
    return (
        f"the volume breaker: {n} went out within one period of {spoken(breaker.per)}, {breaker.times:g} times {what} "
        f"({base}) and at least {breaker.at_least} are allowed; if that is meant, resume it"
    )


def count(breaker: VolumeBreaker, volumes: Volumes, message: str, now: int) -> None:
    """One more of a message goes out."""
    since, n, usual, days = _current(breaker, volumes.get(message), now)
    volumes[message] = [since, n + 1, usual, days]


def approve(volumes: Volumes, message: str, now: int) -> None:
    """Somebody says that the present volume is meant: from now on it counts as usual."""
    held = volumes.get(message)
    if held is not None:
        volumes[message] = _closed(held, now)


def _current(breaker: VolumeBreaker, held: Volume | None, now: int) -> Volume:
    """The record in the period of `now`, or in a later one that a faster clock has begun."""
    since = now - now % length(breaker.per)
    if held is None:
        return [since, 0, 0, []]
    return held if since <= held[0] else _closed(held, since)


def _closed(held: Volume, since: int) -> Volume:
    """The period is over: what went out in it is usual from now on."""
    day = held[0] // _DAY
    peaks = {int(at): int(n) for at, n in held[3]}
    peaks[day] = max(peaks.get(day, 0), held[1])
    days = [[at, n] for at, n in sorted(peaks.items()) if at > since // _DAY - DAYS and n][-DAYS:]
    return [since, 0, max((n for _, n in days), default=0), days]
