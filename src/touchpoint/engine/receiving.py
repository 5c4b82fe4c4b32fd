"""Webhooks of providers (S6.9): the adapter reads them, and what they tell is applied."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, get_args

import attrs

from touchpoint.channels.base import Adapter, Receives
from touchpoint.channels.inbound import Inbound, Received, TaskDone, WebhookRequest
from touchpoint.durations import instant, micros
from touchpoint.engine.inbound import Taking, apply
from touchpoint.engine.intake import Recorded
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput, UnknownName, WebhookRejected

_REJECTED: Final = 400
_FAILED: Final = 500


@attrs.frozen
class WebhookResponse:
    """What to answer a provider.

    Args:
        status, body, headers: of the HTTP response.
        recorded: what became of each event, in order.
        problem: why the request was not taken, for the host's own log; empty where it was. It holds no secret and
            nothing personal, and is not for the provider.
    """

    status: int = 200
    body: bytes = attrs.field(default=b"", repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    recorded: Sequence[Recorded] = ()
    problem: str = ""


def read_webhook(adapter: Adapter, request: WebhookRequest) -> Received | WebhookResponse:
    """What the adapter makes of a request; a response where it is not to be taken.

    Raises:
        InvalidInput: the adapter understands no webhooks.
    """
    if not isinstance(adapter, Receives):
        raise InvalidInput(
            f"the adapter for {adapter.capabilities.channel!r} understands no webhooks: give it a receive() method, "
            "and Capabilities(inbound=True)"
        )
    try:
        received = adapter.receive(request)
    except WebhookRejected as error:
        return WebhookResponse(_REJECTED, problem=str(error))
    except Exception as error:  # noqa: BLE001 - a stranger's bytes must not bring the host down; the provider comes again
        return WebhookResponse(_FAILED, problem=f"the adapter raised {type(error).__name__}")
    if not isinstance(received, Received):
        return WebhookResponse(_FAILED, problem=f"receive() answered {type(received).__name__}, not Received")
    return received


def take_webhook(unit: Unit, channel: str, received: Received, taking: Taking) -> list[Recorded]:
    """Apply what a request told, each event for itself: one that cannot be used keeps no other from it."""
    recorded = []
    for event in received.events:
        if not isinstance(event, get_args(Inbound)):
            unit.tally("inbound", channel, f"not usable: {type(event).__name__}")
            continue
        try:
            recorded.append(apply(unit, _placed(event, channel, taking.now), taking))
        except (InvalidInput, UnknownName):
            unit.tally("inbound", channel, f"not usable: {type(event).__name__}")
    return recorded


def _placed(event: Inbound, channel: str, now: int) -> Inbound:
    """On its channel, with an identity that no other channel's can be mistaken for, and not in the future.

    A provider's clock may be ahead of ours; that is no reason to lose what it says.
    """
    identity = None if event.id is None else f"{channel}:{event.id}"
    at = event.at
    if isinstance(at, datetime) and at.tzinfo is not None and micros(at) > now:
        at = instant(now)
    if isinstance(event, TaskDone):
        return attrs.evolve(event, id=identity, at=at)
    return attrs.evolve(event, id=identity, at=at, channel=channel)
