"""The complaint breaker: mail to a mailbox provider whose customers report too much of it as spam waits for a day.

Counted for each channel and provider over today and yesterday (UTC), in counts that name nobody, and only where a
content rule asks for it (`ComplaintRate`).
"""

from collections.abc import Iterable, Sequence
from typing import Final

from touchpoint.core.pace import Paces, destination, mailbox_name, stay_away
from touchpoint.journey.mailboxes import provider_of
from touchpoint.journey.requirements import ComplaintRate

DAY: Final = 86_400_000_000
"""Microseconds."""


def name_of(channel: str, kind: str, key: str) -> str | None:
    """The name under which a provider's counts are kept; None for an address that is no mailbox."""
    return f"{channel} complaints {_provider(kind, key)}" if kind == "email" else None


def _provider(kind: str, key: str) -> str:
    domain = destination(kind, key)
    return provider_of(domain) or domain


def count(
    paces: Paces, rates: Sequence[ComplaintRate], channel: str, address: tuple[str, str], now: int, *, complaint: bool
) -> Iterable[str]:
    """Count one delivery or complaint; the names of what has changed.

    A complaint that makes it too many holds the channel for this provider until a day later; each further one prolongs
    that.
    """
    kind, key = address
    name = name_of(channel, kind, key)
    if name is None:
        return ()
    provider, today = _provider(kind, key), now // DAY
    day, complaints, delivered, complaints_before, delivered_before = paces.get(name, [today, 0, 0, 0, 0])
    if day != today:
        yesterday = day == today - 1
        complaints_before, delivered_before = (complaints, delivered) if yesterday else (0, 0)
        complaints = delivered = 0
    if complaint:
        complaints += 1
    else:
        delivered += 1
    paces[name] = [today, complaints, delivered, complaints_before, delivered_before]
    if complaint and any(
        each.exceeded(complaints + complaints_before, delivered + delivered_before)
        for each in rates
        if each.provider in (None, provider)
    ):
        held = mailbox_name(channel, kind, key)
        stay_away(paces, held, now + DAY)
        return (name, held)
    return (name,)
