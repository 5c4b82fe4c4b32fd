"""May this message go out now (S6.5-S6.7, S6.10)? Every check of a channel, plainly, and what they come to together."""

import math

import attrs

from reference import cases
from reference.evaluate import holds
from reference.local import opening, period
from touchpoint.durations import is_calendar, length
from touchpoint.journey.policy import Cap, ConsentRules, Hold, HoldOut, LiveRuns, Spacing
from touchpoint.journey.steps import Reply
from touchpoint.model.experiment import held_out
from touchpoint.model.message import Gift

FREE_KINDS = ("transactional", "service")
NEVER = math.inf


@attrs.frozen
class Verdict:
    """One check's answer.

    `until` is when a defer is asked again (NEVER: after an event), or when a deny lapses; `own` marks a deny of the
    channel's own.
    """

    answer: str
    until: float = NEVER
    own: bool = False
    ends_as: str = "denied"


def rule_on(customer, message):
    """The answer for a message that is due: ("sent", channel), (another end, None) or ("defer", until)."""
    for channel in channels_of(customer, message):
        defers, denies = _combine(customer, message, channel)
        if denies and all(deny.own for deny in denies):
            continue
        if denies:
            return next(deny for deny in denies if not deny.own).ends_as, None
        if defers:
            return "defer", max(each.until for each in defers)
        return "sent", channel
    return "denied", None


def channels_of(customer, message):
    """Those that the message names; of a reply first the one by which what it answers came."""
    named = message.what.channels
    if not isinstance(message.step, Reply):
        return named
    met = (message.run.event, message.run.trigger)
    came = [each.channel for each in met if each.kind == "touchpoint" and each.direction == "inbound" and each.channel]
    known = {
        name for journey in customer.program.journeys for each in journey.messages.values() for name in each.channels
    }
    own = [each for each in came[:1] if each in known]
    return (*own, *(each for each in named if each not in own))


def _combine(customer, message, channel):
    """Any deny wins, but one that has lapsed by the instant at which the others allow is a defer (S6.5)."""
    defers, denies = _asked(customer, message, channel)
    asked_again = _asked_again(defers)
    denies = [each for each in denies if each.until == NEVER or each.until > asked_again]
    if any(each.until < NEVER for each in denies) and _lapse_in_time(customer, message, channel, asked_again):
        denies = [each for each in denies if each.until == NEVER]
    return defers, denies


def _lapse_in_time(customer, message, channel, at):
    """Whether the denies that lapse have done so when the last of the defers has led to no other."""
    while -NEVER < at < NEVER:
        defers, denies = _asked(customer, message, channel, at)
        if any(each.ends_as == "expired" for each in denies):
            return False
        if all(each.until == NEVER for each in denies):
            return True
        at = _asked_again(defers)
    return at == NEVER


def _asked(customer, message, channel, at=None):
    """The defers and the denies of now, or of a later instant as far as it can be told."""
    now = customer.now
    try:
        customer.now = now if at is None else at
        verdicts = [each for each in _checks(customer, message, channel) if each]
    finally:
        customer.now = now
    return ([each for each in verdicts if each.answer == answer] for answer in ("defer", "deny"))


def _asked_again(defers):
    return max((each.until for each in defers), default=-NEVER)


def _checks(customer, message, channel):
    what, now = message.what, customer.now
    if not customer.consents.get(what.effective_kind, (0, what.effective_kind in FREE_KINDS))[1]:
        yield Verdict("deny", own=True)
    if message.still is not None and not holds(message.still, customer.look(message.run)):
        yield Verdict("deny", ends_as="withdrawn")
    if now >= message.expires_at:
        yield Verdict("deny", ends_as="expired")
    bound = items(customer.program, message.journey)
    if any(_holds_out(item, customer, what.effective_kind) for item, _ in bound if isinstance(item, HoldOut)):
        yield Verdict("deny")
    # Where several deny, the first says how the message ends: holds come before all else (S6.5).
    for item, journeys in sorted(bound, key=lambda each: not isinstance(each[0], Hold)):
        if isinstance(item, ConsentRules):
            raise NotImplementedError("the reference knows no consent rules yet")
        if isinstance(item, HoldOut):
            continue
        if isinstance(item, Hold):
            yield _hold(item, customer, message)
        elif _binds(item, what.effective_kind, channel):
            yield _item(item, journeys, customer, message, channel)
    yield _message_limit(customer, message)
    yield _budget(customer, what)


def items(program, journey):
    """The policy items that bind a journey's messages, each with the journeys that share its counter; None is all."""
    house = [item for item in dict.fromkeys(program.policy.items) if not isinstance(item, LiveRuns)]
    bound = [(item, None) for item in house]
    for item in dict.fromkeys(program.by_name[journey].policy.items):
        if item not in house and not isinstance(item, LiveRuns):
            sharing = [each.name for each in program.journeys if item in each.policy.items]
            bound.append((item, sharing))
    # A hold waits for cases, whoever's message it is: in all journeys (S6.10).
    foreign = [item for each in program.journeys for item in each.policy.items if isinstance(item, Hold)]
    known = [item for item, _ in bound]
    return bound + [(item, None) for item in dict.fromkeys(foreign) if item not in known]


def _holds_out(item, customer, kind):
    kinds = item.kinds
    return (kind not in FREE_KINDS if kinds is None else kind in kinds) and held_out(
        item.name, customer.name, item.percent
    )


def _binds(item, kind, channel):
    return (item.kinds is None or kind in item.kinds) and (item.channels is None or channel in item.channels)


def _item(item, journeys, customer, message, channel):
    if isinstance(item, Cap):
        return None if message.what.exempt else _cap(item, journeys, customer, message)
    if isinstance(item, Spacing):
        return _spacing(item, journeys, customer, channel)
    opens = opening(item, customer.now, tuple(customer.person.zones))
    if opens == customer.now:
        return None
    return Verdict("deny") if opens in (None, "unknown") else Verdict("defer", opens)


def _sent(item, journeys, customer):
    """When this customer got what an item speaks of, oldest first."""
    return [
        sent
        for sent in customer.hand_overs
        if _binds(item, sent.kind, sent.channel) and (journeys is None or sent.journey in journeys)
    ]


def _cap(cap, journeys, customer, message):
    counted = [sent.at for sent in _sent(cap, journeys, customer) if sent.counted]
    free = _free_at(counted, cap.n, cap.per, customer)
    if free <= customer.now:
        free = _reserved_until(cap, counted, customer, message)
    return None if free <= customer.now else Verdict(cap.over, free)


def _free_at(taken, n, per, customer):
    """The first instant from now on at which fewer than `n` of the instants `taken` are inside the period."""
    now = customer.now
    if per is None:
        return NEVER if len(taken) >= n else now
    if is_calendar(per):
        # Where several zones may be theirs the strictest period counts; it changes as a period ends in one of them.
        zones = customer.person.zones or ("UTC",)
        while sum(at >= period(now, per, zones)[0] for at in taken) >= n:
            now = min(period(now, per, (each,))[1] for each in zones)
        return now
    return max(taken[-n] + length(per), now) if len(taken) >= n else now


def _reserved_until(cap, counted, customer, message):
    """When the first waiting message of higher priority falls due for which this one would leave no place (S6.6)."""
    without, ours = list(counted), [*counted, customer.now]
    for rival in _rivals(cap, customer, message) if message.what.counted else ():
        if _is_full(cap, without, rival.ask_at, customer):
            continue
        if _is_full(cap, ours, rival.ask_at, customer):
            return rival.ask_at
        if rival.what.counted:
            without.append(rival.ask_at)
            ours.append(rival.ask_at)
    return customer.now


def _rivals(cap, customer, message):
    """The waiting messages of higher priority that meet this cap within the look-ahead, in the order of their turns."""
    policies = [customer.program.policy, customer.program.by_name[message.journey].policy]
    # A policy without items says nothing, not even how far to look ahead.
    ahead = customer.now + length(max(policy.look_ahead for policy in policies if policy.items))
    found = []
    for rival in customer.waiting():
        what = rival.what
        shares = any(item == cap for item, _ in items(customer.program, rival.journey))
        bound = shares and not what.exempt and any(_binds(cap, what.effective_kind, each) for each in what.channels)
        # One that is asked again only to expire needs no place.
        soon = customer.now < rival.ask_at <= ahead and rival.ask_at < rival.expires_at
        if bound and soon and _standing(customer, rival) > _standing(customer, message):
            found.append(rival)
    return sorted(
        found,
        key=lambda each: (
            each.ask_at, not cases.goes_first(customer, each), -each.priority, each.what.name, each.seq,
        ),
    )  # fmt: skip


def _standing(customer, message):
    return cases.goes_first(customer, message), message.priority


def _is_full(cap, taken, due, customer):
    rolls = not is_calendar(cap.per)
    start = due - length(cap.per) + 1 if rolls else period(due, cap.per, customer.person.zones)[0]
    return sum(start <= at for at in taken) >= cap.n


def _spacing(spacing, journeys, customer, channel):
    others = [sent.at for sent in _sent(spacing, journeys, customer) if sent.channel != channel]
    free = others[-1] + length(spacing.gap) if others else customer.now
    return Verdict("defer", free) if free > customer.now else None


def _hold(hold, customer, message):
    if hold.kinds is not None and message.what.effective_kind not in hold.kinds:
        return None
    if cases.may_make_good(message) and any(hold_names(hold, kind) for kind, _ in message.cases):
        return None
    named = {key: closed for key, closed in customer.cases.items() if hold_names(hold, key[0])}
    ends = [closed + length(hold.cool_off) for closed in named.values() if closed is not None]
    free = max(ends, default=customer.now)
    still_open = None in named.values()
    if not still_open and free <= customer.now:
        return None
    if message.what.on_release == "drop":
        return Verdict("deny", ends_as="withdrawn")
    return Verdict("defer", NEVER if still_open else free)


def is_held(customer, message):
    """Whether a hold keeps the message now."""
    bound = items(customer.program, message.journey)
    return any(isinstance(item, Hold) and _hold(item, customer, message) for item, _ in bound)


def hold_names(hold, kind):
    """Whether cases of this kind are held against."""
    return hold.while_open is None or kind in hold.while_open


def _message_limit(customer, message):
    limit = message.what.limit
    if limit is None:
        return None
    taken = [sent.at for sent in customer.hand_overs if sent.message == message.what.name]
    free = _free_at(taken, limit.n, limit.per, customer)
    return Verdict("deny", free) if free > customer.now else None


def _budget(customer, what):
    if not isinstance(what, Gift) or what.budget is None:
        return None
    return Verdict("deny") if customer.program.spent.get(what.name, 0) + what.worth > what.budget else None
