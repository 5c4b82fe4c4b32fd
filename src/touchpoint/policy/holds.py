"""Held promotions (S6.10) and the global hold-out (S9): who is left alone for now, and who altogether."""

from collections.abc import Sequence
from typing import Final

from touchpoint.durations import length, spoken
from touchpoint.policy.binding import HOLD, BoundHold, covers
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.verdict import Values, Verdict, defer, deny

HOLDOUT: Final = "hold-out"
CASE_CLOSED: Final = "case closed"
"""The event that a held message waits for."""


def check_holds(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """While a case of a named kind is open the message waits for its end, and then for the cool-off."""
    return [_ask_hold(bound, facts) for bound in facts.policy.holds if covers(bound.hold.kinds, facts.kind)]


def check_holdout(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """Customers in the global hold-out get no message at all, so that others can be compared with them."""
    return (deny(HOLDOUT, "the customer is in the global hold-out"),) if facts.holdout else ()


def _ask_hold(bound: BoundHold, facts: Facts) -> Verdict:
    if not facts.open_cases and not facts.closed_cases:
        return bound.passed
    hold = bound.hold
    open_kinds = sorted(kind for kind, refs in facts.open_cases.items() if refs and covers(hold.while_open, kind))
    if open_kinds:
        reason = f"a case is open: {', '.join(open_kinds)}"
        return _held(facts, reason, {"open": open_kinds}, waits_for=CASE_CLOSED)
    closed = [(at, kind) for kind, at in facts.closed_cases.items() if covers(hold.while_open, kind)]
    at, kind = max(closed, default=(0, ""))
    free = at + length(hold.cool_off)
    if closed and facts.now < free:
        reason = f"cool-off of {spoken(hold.cool_off)} after a case was closed ({kind}); until {facts.when(free)}"
        return _held(facts, reason, {"closed": kind, "closed_at": at}, until=free)
    return bound.passed


def _held(
    facts: Facts, reason: str, values: Values, *, until: int | None = None, waits_for: str | None = None
) -> Verdict:
    if facts.message.on_release == "drop":
        # It would be dropped at the end of the hold; saying so now lets its run go on.
        return deny(HOLD, f"{reason}; this message is dropped rather than held", values, ends_as="withdrawn")
    return defer(HOLD, reason, values, until=until, waits_for=waits_for)
