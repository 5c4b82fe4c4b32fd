"""What nearly every message meets, made ready to be asked at once: consent, windows and caps.

A plan says yes, or nothing at all: then every check is asked, one by one, and says why. It asks by the same functions
as they do, so it knows no rule of its own; a law holds the two together.
"""

from collections.abc import Mapping, Sequence

import attrs

from touchpoint.model.message import Message
from touchpoint.policy.binding import Bound, BoundCap, covers
from touchpoint.policy.caps import room_at, taken
from touchpoint.policy.checks import meets_only
from touchpoint.policy.consent import UNLESS_WITHDRAWN, purposes_of, said_of
from touchpoint.policy.facts import CalendarPeriod, ConsentFact, HandOver
from touchpoint.policy.windows import OPEN, WindowEvaluator


@attrs.frozen(eq=False)
class Plan:
    """What a message of one journey meets on its first channel, where nothing rare is known of anything.

    Args:
        message, kind: what it was made for.
        channel: the first that the message names.
        purposes: those of consent, narrowest first.
        needs_grant: whether it takes a consent to go out.
        windows, caps: those that bind it there.
        held: whether an open case may have it wait.
    """

    message: Message
    kind: str
    channel: str
    purposes: tuple[str, ...]
    needs_grant: bool
    windows: tuple[WindowEvaluator, ...]
    caps: tuple[BoundCap, ...]
    held: bool

    def says_yes(
        self, consents: Mapping[tuple[str, str], ConsentFact], zones: Sequence[str], history: Sequence[HandOver],
        key: str, now: int, calendar_period: CalendarPeriod,
    ) -> bool:  # fmt: skip
        """Whether neither consent nor a window nor a cap is in the way; the arguments are as in `policy.facts.Facts`.

        Raises:
            UnknownName: a zone that the time-zone data does not have.
        """
        _, said = said_of(consents, self.purposes, self.channel, now)
        if self.needs_grant if said is None else not said.granted:
            return False
        for window in self.windows:
            if window.opens(zones, now) is not OPEN:
                return False
        for bound in self.caps if history else ():
            if room_at(bound, taken(bound, history, key, now, calendar_period), now, calendar_period) > now:
                return False
        return True


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
    channel = message.channels[0]
    return Plan(
        message, kind, channel, purposes_of(message.topic, kind), kind not in UNLESS_WITHDRAWN,
        tuple(each.evaluator for each in bound.windows_for(kind, channel)),
        () if message.exempt else tuple(bound.caps_for(kind, journey, channel)),
        any(covers(each.hold.kinds, kind) for each in bound.holds),
    )  # fmt: skip
