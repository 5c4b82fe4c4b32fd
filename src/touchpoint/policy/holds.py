"""Held promotions (S6.10) and the global hold-out (S9): who is left alone for now, and who altogether."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from touchpoint.durations import length, spoken
from touchpoint.journey.policy import Hold, HoldOut
from touchpoint.model.experiment import held_out
from touchpoint.model.message import Message
from touchpoint.policy.binding import HOLD, BoundHold, covers
from touchpoint.policy.consent import UNLESS_WITHDRAWN
from touchpoint.policy.facts import ChannelFacts, Facts, shown_at
from touchpoint.policy.verdict import Values, Verdict, allow, defer, deny

HOLDOUT: Final = "hold-out"
CASE_CLOSED: Final = "case closed"
"""The event that a held message waits for."""


def check_holds(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """While a case of a named kind is open the message waits for its end, and then for the cool-off.

    What is sent to make good a case of such a kind does not wait: the apology and the gift go first.
    """
    bounds = [bound for bound in facts.policy.holds if covers(bound.hold.kinds, facts.kind)]
    return [_against(bound, facts) or _passes(bound, facts) for bound in bounds]


def against_holds(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """What `check_holds` has against it."""
    if not facts.open_cases and not facts.closed_cases:
        return ()
    bounds = [bound for bound in facts.policy.holds if covers(bound.hold.kinds, facts.kind)]
    return [found for bound in bounds if (found := _against(bound, facts)) is not None]


def check_holdout(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """Customers in a hold-out get no message of its kinds at all, so that others can be compared with them."""
    if facts.holdout is None:
        return ()
    return (deny(HOLDOUT, f"the customer is in the hold-out {facts.holdout!r}", {"hold-out": facts.holdout}),)


def hold_out_of(hold_outs: Iterable[HoldOut], customer: str, kind: str | None) -> str | None:
    """The first hold-out that keeps messages of this kind (None: of any) from a customer; None where none does."""
    for each in hold_outs:
        if (kind is None or keeps(each, kind)) and held_out(each.name, customer, each.percent):
            return each.name
    return None


def keeps(hold_out: HoldOut, kind: str) -> bool:
    """Whether a hold-out keeps messages of this kind from the customers in it."""
    return kind not in UNLESS_WITHDRAWN if hold_out.kinds is None else kind in hold_out.kinds


def _makes_good(bound: BoundHold, facts: Facts) -> list[str]:
    return sorted(kind for kind in facts.makes_good if covers(bound.hold.while_open, kind))


def _passes(bound: BoundHold, facts: Facts) -> Verdict:
    good = _makes_good(bound, facts) if facts.open_cases or facts.closed_cases else []
    if not good:
        return bound.passed
    return allow(HOLD, f"{bound.hold}: it is sent to make good a case ({', '.join(good)})", {"makes good": good})


def _against(bound: BoundHold, facts: Facts) -> Verdict | None:
    if facts.makes_good and _makes_good(bound, facts):
        return None
    return held(bound.hold, facts.message, facts.open_cases, facts.closed_cases, facts.zones, facts.now)


def held(
    hold: Hold, message: Message, open_cases: Mapping[str, Collection[str]], closed_cases: Mapping[str, int],
    zones: Sequence[str], now: int,
) -> Verdict | None:  # fmt: skip
    """What a hold has against a message that it binds, and that makes good none of its cases; None where nothing.

    Args:
        hold: the hold.
        message: the message.
        open_cases: references of open cases by kind.
        closed_cases: when the last case of a kind was closed.
        zones: names of the customer's candidate time zones.
        now: the instant asked about, in microseconds UTC.
    """
    if open_cases:
        kinds = sorted([kind for kind, refs in open_cases.items() if refs and covers(hold.while_open, kind)])
        if kinds:
            return _held_open(tuple(kinds), message.on_release == "drop")
    if not closed_cases:
        return None
    closed = [(at, kind) for kind, at in closed_cases.items() if covers(hold.while_open, kind)]
    at, kind = max(closed, default=(0, ""))
    free = at + length(hold.cool_off)
    if closed and now < free:
        until = shown_at(free, zones)
        reason = f"cool-off of {spoken(hold.cool_off)} after a case was closed ({kind}); until {until}"
        values = {"closed": kind, "closed_at": at}
        return _held(reason, values, drop=message.on_release == "drop", until=free)
    return None


@lru_cache(maxsize=256)  # the same answer for everybody
def _held_open(kinds: tuple[str, ...], drop: bool) -> Verdict:  # noqa: FBT001 - by position, for the cache
    reason = f"a case is open: {', '.join(kinds)}"
    return _held(reason, {"open": list(kinds)}, drop=drop, waits_for=CASE_CLOSED)


def _held(
    reason: str, values: Values, *, drop: bool, until: int | None = None, waits_for: str | None = None
) -> Verdict:
    if drop:
        # It would be dropped at the end of the hold; saying so now lets its run go on.
        return deny(HOLD, f"{reason}; this message is dropped rather than held", values, ends_as="withdrawn")
    return defer(HOLD, reason, values, until=until, waits_for=waits_for)
