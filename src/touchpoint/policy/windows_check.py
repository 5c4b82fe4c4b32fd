"""Quiet hours and send windows at the gate (S2.3, S6.5), the customer's own among them (S7.4)."""

from collections.abc import Sequence
from functools import lru_cache

from touchpoint.journey.windows import DENY
from touchpoint.policy.binding import BoundWindow
from touchpoint.policy.consent import UNBOUND
from touchpoint.policy.facts import ChannelFacts, Facts, shown_at
from touchpoint.policy.verdict import Verdict, allow, defer, deny
from touchpoint.policy.windows import HORIZON_DAYS, Opening


def check_windows(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Every window of the policy that binds this message here, then the customer's own quiet hours."""
    bounds = _bounds(facts, on)
    zones, version = tuple(facts.zones), facts.tz_version
    return [shut_or_open(bound, zones, version, at) for at in _clocks(facts) for bound in bounds]


def against_windows(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """What `check_windows` has against it."""
    found = []
    for at in _clocks(facts):
        for bound in _bounds(facts, on):
            against = _ask_window(bound, facts, at)
            if against is not None:
                found.append(against)
    return found


def _bounds(facts: Facts, on: ChannelFacts) -> Sequence[BoundWindow]:
    bounds, wishes = facts.policy.windows_for(facts.kind, on.channel), facts.preferences
    if wishes is not None and wishes.quiet is not None and facts.kind != UNBOUND:
        return (*bounds, facts.policy.own_quiet(wishes.quiet))
    return bounds


def _clocks(facts: Facts) -> Sequence[int]:
    # Where somebody has set the clock back it is still night for those whom the clock on the wall tells so (S11.3).
    return (facts.now,) if facts.wall is None else (facts.now, facts.wall)


def _ask_window(bound: BoundWindow, facts: Facts, at: int) -> Verdict | None:
    """What a window has against this instant; None where it is open."""
    opening = bound.evaluator.opens(facts.zones, at)
    return None if opening.state == "open" else shut(bound, opening, tuple(facts.zones), facts.tz_version)


def shut_or_open(bound: BoundWindow, zones: tuple[str, ...], version: str, at: int) -> Verdict:
    """What a window says of an instant in these zones, by this version of the time-zone data."""
    opening = bound.evaluator.opens(zones, at)
    if opening.state == "open":
        return _open(bound.check, bound.said, zones, version)
    return shut(bound, opening, zones, version)


def shut(bound: BoundWindow, opening: Opening, zones: tuple[str, ...], version: str) -> Verdict:
    """What a window has against a message while it is not open.

    Args:
        bound: the window.
        opening: what its evaluator says.
        zones: names of the customer's candidate time zones.
        version: of the time-zone data in use.
    """
    window = bound.window
    if opening.state == "opens" and opening.at is not None:
        return _opens(bound.check, bound.said, window.over, window.unknown_zone, zones, version, opening.at)
    values: dict[str, object] = {"zones": list(zones), "tz": version}
    if opening.state == "unknown":
        why = "the customer's time zone is not known; set it, or name unknown_zone="
    else:
        why = f"not open within {HORIZON_DAYS} days"
    return deny(bound.check, f"{bound.check} {bound.said}: {why}", values)


@lru_cache(maxsize=1024)  # everybody in these zones waits for the same instant
def _opens(
    check: str, said: str, over: str, unknown_zone: str, zones: tuple[str, ...], tz_version: str, at: int
) -> Verdict:  # fmt: skip
    when = shown_at(at, zones, "UTC" if unknown_zone == DENY else unknown_zone)
    late = deny if over == "deny" else defer
    return late(check, f"{check} {said}: open at {when}", {"zones": list(zones), "tz": tz_version}, until=at)


@lru_cache(maxsize=256)  # the same answer for everybody in these zones
def _open(check: str, said: str, zones: tuple[str, ...], tz_version: str) -> Verdict:
    return allow(check, f"{check} {said}", {"zones": list(zones), "tz": tz_version})
