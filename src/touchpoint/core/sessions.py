"""When a customer last wrote on a channel, kept only where a content rule asks for a session there (S4.7, S6.5)."""

from collections.abc import Iterable, Mapping
from typing import Final

from touchpoint.core.occurrence import Occurrence

_NO_MESSAGE: Final = frozenset({"clicked", "opened", "complained", "opted_out"})
"""Types of touchpoints that channels report of a customer and that are no message from them."""


def session_on(channel: str) -> str:
    """The name under which `State.heard` keeps when the customer last wrote on a channel; no silence is called so."""
    return f"on {channel}"


def wrote_on(sessions: Mapping[str, bool], occurrence: Occurrence) -> str | None:
    """The channel on which this touchpoint opens a session; None where it opens none.

    Args:
        sessions: the channels on which sessions count.
        occurrence: a touchpoint.
    """
    channel = occurrence.channel
    if channel not in sessions or occurrence.direction != "inbound" or occurrence.name in _NO_MESSAGE:
        return None
    return channel


def hear(heard: dict[str, int], channel: str, at: int) -> None:
    """Keep that the customer wrote on a channel at `at` (microseconds UTC), unless they have written there since."""
    name = session_on(channel)
    heard[name] = max(at, heard.get(name, at))


def heard_before(sessions: Mapping[str, bool], timeline: Iterable[Occurrence]) -> dict[str, int]:
    """What `hear` would have kept of a whole timeline."""
    heard: dict[str, int] = {}
    for each in timeline:
        channel = wrote_on(sessions, each)
        if channel is not None:
            hear(heard, channel, each.at)
    return heard
