"""What the core reacts to: a touchpoint, or an event that the core itself raised, in one shape."""

from collections.abc import Mapping
from typing import Final

import attrs

TOUCHPOINT: Final = "touchpoint"


@attrs.define
class Occurrence:
    """Something that happened to one customer.

    Treat it as immutable: it is only mutable because that is quicker to build.

    `kind` is `touchpoint`, `entered`, `left`, `dwelt`, `joined`, `left_segment`,
    `case_opened`, `case_closed`, `silence`, `anniversary`,
    `enrolled`, or a change of facts (`trait`, `profile`, `consent`, `preferences`); `name` the touchpoint's type, or
    what the event is about; `at` microseconds UTC, never later than when it was recorded; `id` what S4.5 calls the
    cause.
    """

    kind: str
    name: str
    at: int
    id: str = attrs.field(repr=False)
    properties: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    channel: str | None = None
    location: str | None = attrs.field(default=None, repr=False)
    direction: str = "inbound"
