"""What stands against a message and what speaks for it, as far as a plan of the gate knows (`policy.plan`).

It is said in the words of the checks, and in their order; a law holds it to what they say when all of them are asked.
"""

from touchpoint.core.gathered import calendar_of
from touchpoint.core.making_good import kinds_made_good
from touchpoint.core.state import COMMON, Address, Pending, State
from touchpoint.durations import micros
from touchpoint.model.preference import Preferences
from touchpoint.policy.caps import EXEMPT, full, full_or_not, too_close, too_close_or_not
from touchpoint.policy.checks import WANTED_STILL, expired, reachable, unexpired, unreachable, wordless
from touchpoint.policy.consent import UNBOUND, granted, lacking, opted_out, said_in, unneeded, withdrawn
from touchpoint.policy.holds import held
from touchpoint.policy.plan import Place, Plan
from touchpoint.policy.verdict import Verdict
from touchpoint.policy.windows import OPEN
from touchpoint.policy.windows_check import shut, shut_or_open
from touchpoint.zones import tz_version


def objections(  # noqa: C901 - a branch for each check
    plan: Plan, place: Place, state: State, pending: Pending, address: Address | None, how: str | None,
    missing: tuple[str, ...], now: int,
) -> list[Verdict]:  # fmt: skip
    """Every objection to a message on a channel, in the order of the checks.

    Args:
        plan: of the message.
        place: the channel.
        state: of the customer, for whom `is_known` holds.
        pending: the message.
        address: to which it would go.
        how: whoever reads there said that they want nothing more; None where nobody did.
        missing: fields without a value that its words need.
        now: the instant asked about, in microseconds UTC.

    Raises:
        UnknownName: a zone that the time-zone data does not have.
    """
    found: list[Verdict] = []
    profile, channel = state.profile, place.channel
    zones, consents = profile.zones, profile.consents
    if now >= pending.expires:
        found.append(expired(pending.expires, zones))
    if address is None or address.standing != "active":
        found.append(unreachable(channel, address))
    purpose, said = said_in(consents, place.spoken, now) if consents else ("", None)
    if how is not None:
        found.append(opted_out(channel, how))
    elif said is None:
        if plan.needs_grant:
            found.append(lacking(consents, plan.purposes, plan.kind, channel, "", zones, now))
    elif not said.granted:
        found.append(withdrawn(purpose, said, channel, zones))
    if state.cases or state.rare is not COMMON:
        _add_holds(found, plan, state, now)
    for window in place.windows:
        opening = window.evaluator.opens(zones, now)
        if opening is not OPEN:
            found.append(shut(window, opening, zones, tz_version()))
    if len(state.history) >= place.crowd:
        _add_too_much(found, place, state, pending.key, now)
    if missing:
        found.append(wordless(missing))
    return found


def verdicts(
    plan: Plan, place: Place, state: State, pending: Pending, address: Address | None, how: str | None,
    missing: tuple[str, ...], now: int,
) -> list[Verdict]:  # fmt: skip
    """What every check says; as `objections`, with what speaks for the message."""
    profile, channel, kind = state.profile, place.channel, plan.kind
    zones, consents, expires = profile.zones, profile.consents, pending.expires
    found = [WANTED_STILL, expired(expires, zones) if now >= expires else unexpired(expires)]
    active = address is not None and address.standing == "active"
    found.append(reachable(address.kind) if address is not None and active else unreachable(channel, address))
    purpose, said = said_in(consents, place.spoken, now) if consents else ("", None)
    if how is not None:
        found.append(opted_out(channel, how))
    elif said is not None:
        found.append(granted(said) if said.granted else withdrawn(purpose, said, channel, zones))
    elif plan.needs_grant:
        found.append(lacking(consents, plan.purposes, kind, channel, "", zones, now))
    else:
        found.append(unneeded(kind, ""))
    cases, closed, version = state.cases, state.closed, tz_version()
    found += [held(each.hold, plan.message, cases, closed, zones, now) or each.passed for each in plan.holds]
    found += [shut_or_open(each, zones, version, now) for each in place.windows]
    if plan.exempt:
        found.append(EXEMPT)
    history, key, calendar = state.history, pending.key, calendar_of(zones)
    found += [full_or_not(each, history, key, zones, now, calendar) for each in place.caps]
    found += [too_close_or_not(each, history, channel, key, zones, now) for each in place.spacings]
    if missing:
        found.append(wordless(missing))
    return found


def _add_holds(found: list[Verdict], plan: Plan, state: State, now: int) -> None:
    for hold in plan.holds:
        against = held(hold.hold, plan.message, state.cases, state.closed, state.profile.zones, now)
        if against is not None:
            found.append(against)


def _add_too_much(found: list[Verdict], place: Place, state: State, key: str, now: int) -> None:
    zones, history = state.profile.zones, state.history
    calendar = calendar_of(zones)
    for cap in place.caps:
        against = full(cap, history, key, zones, now, calendar)
        if against is not None:
            found.append(against)
    for spacing in place.spacings:
        against = too_close(spacing, history, place.channel, key, zones, now)
        if against is not None:
            found.append(against)


def is_known(plan: Plan, state: State, pending: Pending, now: int) -> bool:
    """Whether a plan knows all that may be against its message.

    It does where nothing competes with it, it makes good no case, and what its customer wishes does not concern it.
    """
    if state.profile.preferences is not None and _is_concerned(plan, state.profile.preferences, now):
        return False
    if plan.holds and (state.cases or state.closed) and kinds_made_good(state, pending.cases, plan.kind, plan.message):
        return False
    return len(state.pending) == 1 or not plan.capped or not _may_lose(state, pending, now)


def _is_concerned(plan: Plan, wishes: Preferences, now: int) -> bool:
    if plan.kind == UNBOUND:
        return False
    if wishes.quiet is not None or wishes.at_most is not None or plan.message.topic in wishes.topics_off:
        return True
    if wishes.snooze_until is not None and now < micros(wishes.snooze_until):
        return True
    return plan.kind in wishes.topics_off or any(each.channel in wishes.channels_off for each in plan.places)


def _may_lose(state: State, pending: Pending, now: int) -> bool:
    """Whether a message that is still to come may go first (S6.6).

    As long as no case is open, none does that has no higher priority, for this one is due already.
    """
    due_first = not state.cases and pending.due is not None and pending.due <= now
    for each in state.pending:
        if each.due is not None and each.due > now and not (due_first and each.priority <= pending.priority):
            return True
    return False
