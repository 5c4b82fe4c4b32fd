"""What a message meets on each of its channels, made ready to be asked at once.

Policy and message settle for good which checks have a say, what of the policy binds it where, and whether it takes a
consent. The rest is for `core.objections`, which needs to know no more than the customer's state.
"""

from typing import Any, Final

import attrs

from touchpoint.journey.policy import HoldOut
from touchpoint.model.message import Message
from touchpoint.policy.binding import Bound, BoundCap, BoundHold, BoundSpacing, BoundWindow, covers
from touchpoint.policy.checks import allowed_on, meets_only
from touchpoint.policy.consent import UNLESS_WITHDRAWN, Spoken, purposes_of, spoken_of
from touchpoint.policy.holds import keeps
from touchpoint.policy.verdict import Ruling

_NONE: Final = 1 << 63
"""More hand-overs than anybody has."""


@attrs.frozen(eq=False)
class Place:
    """What a message meets on one of its channels.

    Args:
        channel: its name.
        windows, caps, spacings: those that bind it there.
        crowd: with fewer hand-overs than that none of its caps and spacings has anything against it.
        spoken: where the ledger of consent speaks of it.
        allowed: the ruling where nothing stands against it.
        words: as `core.render` found them, by locale, where they are the same for everybody.
    """

    channel: str
    windows: tuple[BoundWindow, ...]
    caps: tuple[BoundCap, ...]
    spacings: tuple[BoundSpacing, ...]
    crowd: int
    spoken: Spoken
    allowed: Ruling
    words: dict[str | None, Any] = attrs.field(factory=dict, init=False, repr=False)


@attrs.frozen(eq=False)
class Plan:
    """What a message of one journey meets where nothing rare is known of it, its customer and its channels.

    Args:
        message, kind: what it was made for.
        asks: whether its step asks if it is still wanted.
        purposes: those of consent, narrowest first.
        needs_grant: whether it takes a consent to go out.
        hold_outs, holds: those that bind it.
        capped: whether any cap may.
        exempt: whether it is exempt from caps that there are.
        places: its channels, in order of preference.
    """

    message: Message
    kind: str
    asks: bool
    purposes: tuple[str, ...]
    needs_grant: bool
    hold_outs: tuple[HoldOut, ...]
    holds: tuple[BoundHold, ...]
    capped: bool
    exempt: bool
    places: tuple[Place, ...]


def plan_of(bound: Bound, message: Message, kind: str, journey: str, *, asks: bool) -> Plan | None:
    """The plan of a message of a journey, of this effective kind; None where it meets more than a plan knows."""
    asks_more = message.answer or message.wordings or bound.consent or bound.own_consent
    if asks_more or not message.channels or not meets_only(bound, message, kind, journey):
        return None
    purposes = purposes_of(message.topic, kind)
    places = tuple(_place(bound, message, kind, journey, channel, purposes) for channel in message.channels)
    return Plan(
        message, kind, asks, purposes,
        kind not in UNLESS_WITHDRAWN,
        tuple(each for each in bound.hold_outs if keeps(each, kind)),
        tuple(each for each in bound.holds if covers(each.hold.kinds, kind)),
        any(each.caps for each in places),
        bool(bound.caps) and message.exempt,
        places,
    )  # fmt: skip


def _place(
    bound: Bound, message: Message, kind: str, journey: str, channel: str, purposes: tuple[str, ...]
) -> Place:  # fmt: skip
    caps = () if message.exempt else tuple(bound.caps_for(kind, journey, channel))
    windows, spacings = tuple(bound.windows_for(kind, channel)), tuple(bound.spacings_for(kind, channel))
    crowd = 1 if spacings else min((each.cap.n for each in caps), default=_NONE)
    return Place(channel, windows, caps, spacings, crowd, spoken_of(purposes, channel), allowed_on(channel))
