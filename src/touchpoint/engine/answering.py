"""Which message a reply answers that names none: the one that was sent last on its channel (S6.9).

Only where a journey waits for answers: nobody else is asked for what was sent.
"""

from collections.abc import Sequence
from typing import Final

import attrs

from touchpoint.core.listening import REPLY_WITHIN
from touchpoint.durations import micros
from touchpoint.engine.unit import Unit
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.policy.facts import HandOver
from touchpoint.stores.codec import loads

SHARED: Final = "shared"
"""Of a reply that stands on the timelines of several customers: somebody else has written it."""


def answering(unit: Unit, replies: Sequence[Touchpoint], channel: str, now: int) -> list[Touchpoint]:
    """The replies with `message` and `inferred`, and about that message, where it is known what they answer.

    Args:
        unit: in which they are taken.
        replies: one that came back, on the timeline of each customer who shares its address.
        channel: on which it came.
        now: microseconds UTC.

    Returns:
        As many. Of several customers the one answers who was written to last: that one spoke, and for the others
        the reply is `shared`.
    """
    known = [_answered(unit, each, channel, now) for each in replies]
    latest = max((each.at for each in known if each is not None), default=0)
    found = [attrs.evolve(each, properties={**each.properties, SHARED: True}) for each in replies]
    for n, (reply, last) in enumerate(zip(replies, known, strict=True)):
        if last is not None and last.at == latest:
            told = {name: value for name, value in reply.properties.items() if name != SHARED}
            told |= {"message": last.message, "inferred": True}
            found[n] = attrs.evolve(reply, properties=told, about=last.key)
            return found
    return list(replies)


@attrs.frozen
class _Answered:
    """A message by key and name, and when it was sent."""

    at: int
    key: str
    message: str


def _answered(unit: Unit, reply: Touchpoint, channel: str, now: int) -> _Answered | None:
    loaded = unit.find(reply.customer)
    if loaded is None:
        return None
    if reply.id is not None and (entry := unit.seen([(reply.id, loaded.no)], [(reply.id, loaded.no)])):
        return _as_recorded(entry[reply.id, loaded.no].body)
    written = now if reply.at is None else min(micros(reply.at), now)
    sent = [each for each in loaded.state.history if _may_answer(each, channel, written)]
    last = max(sent, key=lambda each: each.at, default=None)
    return None if last is None else _Answered(last.at, last.key, last.message)


def _may_answer(sent: HandOver, channel: str, written: int) -> bool:
    return sent.channel == channel and sent.state != "refused" and written - REPLY_WITHIN < sent.at <= written


def _as_recorded(body: str) -> _Answered | None:
    """What it answered when it was recorded first: the same reply that comes again tells the same."""
    *_, about, properties = loads(body)
    if about is None or not properties.get("inferred"):
        return None
    return _Answered(0, about, str(properties.get("message")))
