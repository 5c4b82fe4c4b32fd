"""What a message meets on each of its channels, made ready to be asked at once.

Policy and message settle for good which checks have a say, what of the policy binds it where, and whether it takes a
consent. The rest is for `core.objections`, which needs to know no more than the customer's state.
"""

import attrs

from touchpoint.model.message import Message
from touchpoint.policy.binding import Bound, BoundCap, BoundHold, BoundSpacing, BoundWindow, covers
from touchpoint.policy.checks import meets_only
from touchpoint.policy.consent import UNLESS_WITHDRAWN, purposes_of


@attrs.frozen(eq=False)
class Place:
    """What a message meets on one of its channels.

    Args:
        channel: its name.
        windows, caps, spacings: those that bind it there.
    """

    channel: str
    windows: tuple[BoundWindow, ...]
    caps: tuple[BoundCap, ...]
    spacings: tuple[BoundSpacing, ...]


@attrs.frozen(eq=False)
class Plan:
    """What a message of one journey meets where nothing rare is known of it, its customer and its channels.

    Args:
        message, kind: what it was made for.
        purposes: those of consent, narrowest first.
        needs_grant: whether it takes a consent to go out.
        holds: those that bind it.
        capped: whether any cap may.
        exempt: whether it is exempt from caps that there are.
        places: its channels, in order of preference.
    """

    message: Message
    kind: str
    purposes: tuple[str, ...]
    needs_grant: bool
    holds: tuple[BoundHold, ...]
    capped: bool
    exempt: bool
    places: tuple[Place, ...]


def plan_of(bound: Bound, message: Message, kind: str, journey: str) -> Plan | None:
    """The plan of a message of a journey, of this effective kind; None where it meets more than a plan knows."""
    known = bound.plans.get(message.name)
    # Whoever is remembered under a name may still be another message, or the same before an edit changed its kind.
    if known is None or known[0] is not message or known[1] != kind:
        bound.plans[message.name] = known = message, kind, _made(bound, message, kind, journey)
    return known[2]


def _made(bound: Bound, message: Message, kind: str, journey: str) -> Plan | None:
    asks_more = message.answer or message.wordings or bound.hold_outs or bound.consent or bound.own_consent
    if asks_more or not message.channels or not meets_only(bound, message, kind, journey):
        return None
    places = tuple(_place(bound, message, kind, journey, channel) for channel in message.channels)
    return Plan(
        message, kind, purposes_of(message.topic, kind),
        kind not in UNLESS_WITHDRAWN,
        tuple(each for each in bound.holds if covers(each.hold.kinds, kind)),
        any(each.caps for each in places),
        bool(bound.caps) and message.exempt,
        places,
    )  # fmt: skip


def _place(bound: Bound, message: Message, kind: str, journey: str, channel: str) -> Place:
    caps = () if message.exempt else bound.caps_for(kind, journey, channel)
    windows, spacings = bound.windows_for(kind, channel), bound.spacings_for(kind, channel)
    return Place(channel, tuple(windows), tuple(caps), tuple(spacings))
