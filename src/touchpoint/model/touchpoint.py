"""Touchpoints: every recorded interaction, in either direction, on one timeline (S1.2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import attrs

Direction = Literal["inbound", "outbound", "internal"]


@attrs.frozen
class Touchpoint:
    """One interaction of one customer.

    Args:
        customer: the host's own id of the customer.
        type: such as `order_placed`.
        at: when it happened; aware UTC. None means now, when handed in.
        id: unique for the customer; the same id counts once, for ever. None lets the engine make one, when handed in.
        properties: JSON values, and Decimal, aware datetime, date and timedelta.
        channel: on which it happened, such as `email`.
        location: where it happened, such as a store.
        direction: `inbound` from the customer, `outbound` to the customer, `internal` where a step emitted it.
        about: the message, touchpoint or case it belongs to.
        recorded_at: when we learned of it; set by the engine.
    """

    customer: str = attrs.field(repr=False)
    type: str
    at: datetime | None = None
    id: str | None = attrs.field(default=None, repr=False)
    properties: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    channel: str | None = None
    location: str | None = attrs.field(default=None, repr=False)
    direction: Direction = "inbound"
    about: str | None = attrs.field(default=None, repr=False)
    recorded_at: datetime | None = None
