"""Quiet hours and send windows at the gate (S2.3, S6.5), the customer's own among them (S7.4)."""

from collections.abc import Sequence
from typing import Final

from touchpoint.journey.windows import DENY, QuietHours
from touchpoint.policy.binding import BoundWindow, covers
from touchpoint.policy.consent import UNBOUND
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.verdict import Verdict, allow, defer, deny
from touchpoint.policy.windows import HORIZON_DAYS

QUIET_HOURS: Final = "quiet hours"
SEND_WINDOW: Final = "send window"
OWN_QUIET_HOURS: Final = "own quiet hours"


def check_windows(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Every window of the policy that binds this message here, then the customer's own quiet hours."""
    found = [
        _ask_window(QUIET_HOURS if isinstance(bound.window, QuietHours) else SEND_WINDOW, bound, facts)
        for bound in facts.policy.windows
        if covers(bound.window.kinds, facts.kind) and covers(bound.window.channels, on.channel)
    ]
    wishes = facts.preferences
    if wishes is not None and wishes.quiet is not None and facts.kind != UNBOUND:
        found.append(_ask_window(OWN_QUIET_HOURS, facts.policy.own_quiet(wishes.quiet), facts))
    return found


def _ask_window(check: str, bound: BoundWindow, facts: Facts) -> Verdict:
    opening = bound.evaluator.opens(facts.zones, facts.now)
    spoken = f"{check} {bound.said}"
    values: dict[str, object] = {"zones": list(facts.zones), "tz": facts.tz_version}
    if opening.state == "open":
        return allow(check, spoken, values)
    if opening.state == "opens" and opening.at is not None:
        assumed = bound.window.unknown_zone
        when = facts.when(opening.at, otherwise="UTC" if assumed == DENY else assumed)
        return defer(check, f"{spoken}: open at {when}", values, until=opening.at)
    if opening.state == "unknown":
        return deny(check, f"{spoken}: the customer's time zone is not known; set it, or name unknown_zone=", values)
    return deny(check, f"{spoken}: not open within {HORIZON_DAYS} days", values)
