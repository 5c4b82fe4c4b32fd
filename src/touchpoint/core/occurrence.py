"""What the core reacts to: a touchpoint, or an event that the core itself raised, in one shape."""

from collections.abc import Mapping
from typing import Final

import attrs

TOUCHPOINT: Final = "touchpoint"
ENDED: Final = "ended"
TRAIT_CHANGED: Final = "trait_changed"
CONSENT_CHANGED: Final = "consent_changed"
PREFERENCE_CHANGED: Final = "preference_changed"
MOVES: Final = frozenset({TOUCHPOINT, ENDED, TRAIT_CHANGED, CONSENT_CHANGED, PREFERENCE_CHANGED})
"""Kinds of what carries data: where a run has waited for just that, it is its `event` from then on."""


@attrs.define
class Occurrence:
    """Something that happened to one customer.

    Treat it as immutable: it is only mutable because that is quicker to build.

    `kind` is `touchpoint`, `entered`, `left`, `dwelt`, `joined`, `left_segment`, `case_opened`, `case_closed`,
    `silence`, `anniversary`, `enrolled`, `ended` (a message), a change that a trigger names (`trait_changed`,
    `consent_changed`, `preference_changed`), or a change of facts (`trait`, `profile`, `consent`, `preferences`);
    `name` the touchpoint's type, or what the event is about; `at` microseconds UTC, never later than when it was
    recorded; `id` what S4.5 calls the cause. `about` is the key of the message it belongs to; `chain` how many runs in
    a row have each been started by an end of a message of the one before.
    """

    kind: str
    name: str
    at: int
    id: str = attrs.field(repr=False)
    properties: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    channel: str | None = None
    location: str | None = attrs.field(default=None, repr=False)
    direction: str = "inbound"
    about: str | None = attrs.field(default=None, repr=False)
    chain: int = 0
