"""When a customer last wrote on a channel, kept only where a content rule asks for a session there (S4.7, S6.5)."""

from collections.abc import Iterable, Mapping
from typing import Final

from touchpoint.core.held import NONE, put
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


def hear(heard: Mapping[str, int], channel: str, at: int) -> Mapping[str, int]:
    """What was heard, with what the customer wrote on a channel at `at` (microseconds UTC) unless they have since."""
    name = session_on(channel)
    return put(heard, name, max(at, heard.get(name, at)))


def heard_before(sessions: Mapping[str, bool], timeline: Iterable[Occurrence]) -> Mapping[str, int]:
    """What `hear` would have kept of a whole timeline."""
    heard: Mapping[str, int] = NONE
    for each in timeline:
        channel = wrote_on(sessions, each)
        if channel is not None:
            heard = hear(heard, channel, each.at)
    return heard
