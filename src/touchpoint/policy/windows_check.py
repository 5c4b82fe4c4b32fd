"""Quiet hours and send windows at the gate (S2.3, S6.5), the customer's own among them (S7.4)."""

from collections.abc import Sequence
from functools import lru_cache

from touchpoint.journey.windows import DENY
from touchpoint.policy.binding import BoundWindow
from touchpoint.policy.consent import UNBOUND
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.verdict import Verdict, allow, defer, deny
from touchpoint.policy.windows import HORIZON_DAYS


def check_windows(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Every window of the policy that binds this message here, then the customer's own quiet hours."""
    bounds = [*facts.policy.windows_for(facts.kind, on.channel)]
    wishes = facts.preferences
    if wishes is not None and wishes.quiet is not None and facts.kind != UNBOUND:
        bounds.append(facts.policy.own_quiet(wishes.quiet))
    found = [_ask_window(bound, facts, facts.now) for bound in bounds]
    if facts.wall is not None:
        # Somebody has set the clock back: it is still night for those whom the clock on the wall tells so (S11.3).
        found += [_ask_window(bound, facts, facts.wall) for bound in bounds]
    return found


def _ask_window(bound: BoundWindow, facts: Facts, at: int) -> Verdict:
    opening = bound.evaluator.opens(facts.zones, at)
    check = bound.check
    if opening.state == "open":
        return _open(check, bound.said, tuple(facts.zones), facts.tz_version)
    spoken = f"{check} {bound.said}"
    values: dict[str, object] = {"zones": list(facts.zones), "tz": facts.tz_version}
    if opening.state == "opens" and opening.at is not None:
        assumed = bound.window.unknown_zone
        when = facts.when(opening.at, otherwise="UTC" if assumed == DENY else assumed)
        late = deny if bound.window.over == "deny" else defer
        return late(check, f"{spoken}: open at {when}", values, until=opening.at)
    if opening.state == "unknown":
        return deny(check, f"{spoken}: the customer's time zone is not known; set it, or name unknown_zone=", values)
    return deny(check, f"{spoken}: not open within {HORIZON_DAYS} days", values)


@lru_cache(maxsize=256)  # the same answer for everybody in these zones
def _open(check: str, said: str, zones: tuple[str, ...], tz_version: str) -> Verdict:
    return allow(check, f"{check} {said}", {"zones": list(zones), "tz": tz_version})
