"""When messages compete for one cap (S6.6): who goes first, and for whom a place is kept.

Those due at the same instant are asked in the order of `arbitration_order`, and each one allowed is in the history
before the next is asked. For one of higher rank that falls due soon a place is kept.
"""

from bisect import insort
from collections.abc import Sequence
from typing import Final

from touchpoint.policy.binding import BoundCap, meets
from touchpoint.policy.caps import binding_caps, counted, in_period
from touchpoint.policy.facts import ChannelFacts, Facts, Rival
from touchpoint.policy.verdict import Verdict, defer, deny

ARBITRATION: Final = "arbitration"

Rank = tuple[bool, int, bool, int, str, int]


def arbitration_order(rival: Rival) -> Rank:
    """A sort key: higher priority first, then earlier due (an open end last), then name, then outbox order.

    Before all these goes what is sent to make good a case that is open.
    """
    return _rank(rival.priority, rival.due, rival.message, rival.order, first=rival.first)


def check_arbitration(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether this message would take the place that one of higher rank needs within the look-ahead."""
    if not facts.rivals or not facts.message.counted:
        return ()
    ahead = _ahead(facts)
    found = []
    for bound in binding_caps(facts, (on.channel,)):
        rivals = [each for each in ahead if meets(bound, each.kind, each.journey, each.channels)]
        winner = _displaced(bound, rivals, facts) if rivals else None
        if winner is not None:
            found.append(_reserved(bound, winner, facts))
    return found


def _rank(priority: int, due: int | None, message: str, order: int, *, first: bool) -> Rank:
    return not first, -priority, due is None, due or 0, message, order


def _ahead(facts: Facts) -> list[Rival]:
    """Rivals of higher rank that fall due within the look-ahead, in the order in which they will be asked."""
    own = _rank(facts.priority, facts.due, facts.message.name, facts.order, first=facts.first)
    rivals = [
        each
        for each in facts.rivals
        if each.due is not None
        and facts.now < each.due <= facts.now + facts.policy.look_ahead
        and not each.exempt
        and each.key != facts.key
        and arbitration_order(each) < own
    ]
    return sorted(rivals, key=lambda each: (each.due, arbitration_order(each)))


def _displaced(bound: BoundCap, rivals: Sequence[Rival], facts: Facts) -> Rival | None:
    """The first rival that would find a place at its due instant, but not if this message went out now."""
    n, per, calendar = bound.cap.n, bound.cap.per, facts.calendar_period
    without = [each.at for each in counted(bound, facts)]
    if in_period(without, per, facts.now, calendar) >= n:
        return None  # It has no place to take; the cap says until when.
    ours = without.copy()
    insort(ours, facts.now)
    for rival in rivals:
        due = rival.due or 0
        if in_period(without, per, due, calendar) >= n:
            continue
        if in_period(ours, per, due, calendar) >= n:
            return rival
        if rival.counted:
            insort(without, due)
            insort(ours, due)
    return None


def _reserved(bound: BoundCap, winner: Rival, facts: Facts) -> Verdict:
    cap, due = bound.cap, winner.due or 0
    kept_for = f"{winner.message!r}, which goes first and is due at {facts.when(due)}"
    values = {"winner": winner.message, "priority": winner.priority}
    refuse = deny if cap.over == "deny" else defer
    return refuse(ARBITRATION, f"{bound.said}: its last place is kept for {kept_for}", values, until=due)
