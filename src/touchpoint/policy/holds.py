"""Held promotions (S6.10) and the global hold-out (S9): who is left alone for now, and who altogether."""

from collections.abc import Iterator
from typing import Final

from touchpoint.durations import length, spoken
from touchpoint.journey.policy import Hold
from touchpoint.policy.binding import covers
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.verdict import Values, Verdict, allow, defer, deny

HOLD: Final = "hold"
HOLDOUT: Final = "hold-out"
CASE_CLOSED: Final = "case closed"
"""The event that a held message waits for."""


def check_holds(facts: Facts, _: ChannelFacts) -> Iterator[Verdict]:
    """While a case of a named kind is open the message waits for its end, and then for the cool-off."""
    for hold in facts.policy.holds:
        if covers(hold.kinds, facts.kind):
            yield _ask_hold(hold, facts)


def check_holdout(facts: Facts, _: ChannelFacts) -> Iterator[Verdict]:
    """Customers in the global hold-out get no message at all, so that others can be compared with them."""
    if facts.holdout:
        yield deny(HOLDOUT, "the customer is in the global hold-out")


def _ask_hold(hold: Hold, facts: Facts) -> Verdict:
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
    return allow(HOLD, str(hold))


def _held(
    facts: Facts, reason: str, values: Values, *, until: int | None = None, waits_for: str | None = None
) -> Verdict:
    if facts.message.on_release == "drop":
        # It would be dropped at the end of the hold; saying so now lets its run go on.
        return deny(HOLD, f"{reason}; this message is dropped rather than held", values, ends_as="withdrawn")
    return defer(HOLD, reason, values, until=until, waits_for=waits_for)
