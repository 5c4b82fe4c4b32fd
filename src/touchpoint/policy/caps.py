"""How much is too much: caps (S6.6), the customer's own frequency, spacing, limits of messages and budgets of gifts.

A rolling period that ends at t is `(t - per, t]`; instants are whole microseconds, so its first one is `t - per + 1`.
A Defer, and a Deny that lapses, name the first instant at which there is room again.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from touchpoint.durations import Duration, length, spoken
from touchpoint.model.budget import Budget
from touchpoint.model.limits import Limit
from touchpoint.model.message import Gift, Number
from touchpoint.policy.binding import CAP, BoundCap, BoundSpacing, covers, meets
from touchpoint.policy.consent import UNBOUND
from touchpoint.policy.facts import CalendarPeriod, ChannelFacts, Facts, HandOver, shown_at
from touchpoint.policy.gifts import BUDGET, check_purses
from touchpoint.policy.verdict import Verdict, allow, defer, deny

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

FREQUENCY: Final = "frequency"
SPACING: Final = "spacing"
LIMIT: Final = "limit"
EXEMPT: Final = allow(CAP, "exempt from caps")


def period_start(per: Duration, at: int, calendar_period: CalendarPeriod) -> int:
    """The first instant of the period that a hand-over at `at` is counted in; microseconds."""
    return at - length(per) + 1 if isinstance(per, timedelta) else calendar_period(at, per)[0]


def in_period(times: Sequence[int], per: Duration, at: int, calendar_period: CalendarPeriod) -> int:
    """How many of these sorted instants the period of `at` holds.

    Later ones are counted too: a hand-over has happened, even where the clock was set back since.
    """
    return len(times) - bisect_left(times, period_start(per, at, calendar_period))


def frees_at(times: Sequence[int], n: int, per: Duration, now: int, calendar_period: CalendarPeriod) -> int:
    """The first instant, `now` or later, at which fewer than n of these sorted instants are in the period."""
    if len(times) < n:
        return now
    leaves = times[-n]  # there is room as soon as this one is out of the period
    if isinstance(per, timedelta):
        return max(now, leaves + length(per))
    return _first_after(leaves, per, now, calendar_period)


def binding_caps(facts: Facts, channels: Sequence[str]) -> Sequence[BoundCap]:
    """The caps that this message meets on any of these channels; an exempt one meets none."""
    if facts.message.exempt:
        return ()
    return [each for each in facts.policy.caps if meets(each, facts.kind, facts.journey, channels)]


def counted(bound: BoundCap, facts: Facts) -> list[HandOver]:
    """What this cap counts of the history now, sorted by `at`."""
    return taken(bound, facts.history, facts.key, facts.now, facts.calendar_period)


def taken(
    bound: BoundCap, history: Sequence[HandOver], key: str, now: int, calendar_period: CalendarPeriod
) -> list[HandOver]:
    """What this cap counts of a history for the message with this key, sorted by `at`.

    The message's own earlier hand-over is left out, because its slot moves to the new instant (S6.8); where attempts
    are counted it stays in, because that is what is counted.
    """
    cap, met = bound.cap, bound.met
    found: list[HandOver] = []
    start = period_start(cap.per, now, calendar_period) if bound.span is None else now - bound.span + 1
    for each in reversed(history):  # from the end, because a period holds few
        if each.at < start:
            break
        own = each.state == "refused" or each.key == key
        if each.counted and (cap.attempts or not own) and met[each.kind, each.journey, each.channel]:
            found.append(each)
    found.reverse()
    return found


def check_caps(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Every cap of the policy that binds this message here (S6.6)."""
    if not facts.policy.caps:
        return ()
    if facts.message.exempt:
        return (EXEMPT,)
    bounds = facts.policy.caps_for(facts.kind, facts.journey, on.channel)
    calendar = facts.calendar_period
    return [full_or_not(bound, facts.history, facts.key, facts.zones, facts.now, calendar) for bound in bounds]


def against_caps(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """What `check_caps` has against it."""
    if not facts.history or facts.message.exempt:
        return ()
    found = []
    for bound in facts.policy.caps_for(facts.kind, facts.journey, on.channel):
        against = full(bound, facts.history, facts.key, facts.zones, facts.now, facts.calendar_period)
        if against is not None:
            found.append(against)
    return found


def full_or_not(
    bound: BoundCap, history: Sequence[HandOver], key: str, zones: Sequence[str], now: int,
    calendar_period: CalendarPeriod,
) -> Verdict:  # fmt: skip
    """What a cap says about the message with this key, which it binds."""
    found = taken(bound, history, key, now, calendar_period) if history else []
    return _full(bound, found, zones, now, calendar_period) or _room(bound, found)


def full(
    bound: BoundCap, history: Sequence[HandOver], key: str, zones: Sequence[str], now: int,
    calendar_period: CalendarPeriod,
) -> Verdict | None:  # fmt: skip
    """What a cap has against the message with this key, which it binds; None where it has a place."""
    n, span = bound.cap.n, bound.span
    # Whatever they are about, as many as it allows have to be in its period.
    if len(history) < n or (span is not None and history[-n].at <= now - span):
        return None
    return _full(bound, taken(bound, history, key, now, calendar_period), zones, now, calendar_period)


def check_frequency(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """How often the customer wants to hear from us (S7.4). No message is exempt from that but transactional ones."""
    if facts.preferences is None or facts.preferences.at_most is None or facts.kind == UNBOUND:
        return ()
    n, per = facts.preferences.at_most
    taken = [
        each
        for each in _since(facts, per)
        if each.counted and each.reached and each.kind != UNBOUND and each.key != facts.key
    ]
    free = frees_at(_times(taken), n, per, facts.now, facts.calendar_period)
    if free <= facts.now:
        return (allow(FREQUENCY, "", {"taken": len(taken), "of": n}),)
    reason = f"the customer wants at most {n} per {spoken(per)}; free at {facts.when(free)}"
    return (defer(FREQUENCY, reason, {"taken": len(taken), "of": n}, until=free),)


def check_spacing(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Enough time since what went out on other channels (S6.5)."""
    bounds = facts.policy.spacings_for(facts.kind, on.channel)
    return [too_close_or_not(bound, facts.history, on.channel, facts.key, facts.zones, facts.now) for bound in bounds]


def against_spacing(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """What `check_spacing` has against it."""
    if not facts.history:
        return ()
    bounds = facts.policy.spacings_for(facts.kind, on.channel)
    asked = [too_close(bound, facts.history, on.channel, facts.key, facts.zones, facts.now) for bound in bounds]
    return [each for each in asked if each is not None]


def too_close_or_not(
    bound: BoundSpacing, history: Sequence[HandOver], channel: str, key: str, zones: Sequence[str], now: int
) -> Verdict:
    """What a spacing says about the message with this key on a channel, which it binds."""
    last = _last_elsewhere(bound, history, channel, key)
    return _too_soon(bound, last, zones, now) or _spaced(bound, last)


def too_close(
    bound: BoundSpacing, history: Sequence[HandOver], channel: str, key: str, zones: Sequence[str], now: int
) -> Verdict | None:
    """What a spacing has against the message with this key on a channel, which it binds; None where it has nothing."""
    return _too_soon(bound, _last_elsewhere(bound, history, channel, key), zones, now)


def check_limit(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """How often one customer may get this message (`Message.limit`)."""
    limit = facts.message.limit
    if limit is None:
        return ()
    got = [
        each.at
        for each in facts.history
        if each.message == facts.message.name
        and each.reached
        and each.key != facts.key
        and (not limit.per_key or each.about == facts.about)
    ]
    free = _limit_frees_at(limit, got, facts)
    if free == facts.now:
        return (allow(LIMIT, str(limit), {"got": len(got)}),)
    again = "" if free is None else f"; free at {facts.when(free)}"
    reason = f"limit of {facts.message.name!r} ({limit}) is used up{again}"
    return (deny(LIMIT, reason, {"got": len(got), "last": got[-1]}, until=free),)


def check_budget(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """Whether the budgets that a message draws on cover it: of a gift what it is worth, of any message what it costs.

    Where one is used up the message waits until it is free again, or is denied, as the budget says.
    """
    gift = facts.message
    if not isinstance(gift, Gift) or gift.budget is None or isinstance(gift.budget, Budget):
        return check_purses(facts)
    left = _exact(gift.budget) - _exact(facts.spent)
    values = {"left": str(left), "worth": str(gift.worth), "currency": gift.currency}
    if left < _exact(gift.worth):
        own = deny(BUDGET, f"the budget of {gift.name!r} is used up: {left} of {gift.budget} is left", values)
    else:
        own = allow(BUDGET, "", values)
    return (own, *check_purses(facts))


def _first_after(leaves: int, per: "relativedelta", now: int, calendar_period: CalendarPeriod) -> int:
    """The first instant, `now` or later, whose calendar period begins after `leaves`."""
    low = high = now
    while calendar_period(high, per)[0] <= leaves:
        low, high = high, calendar_period(high, per)[1]
    # With several candidate zones the period grows and shrinks before it ends, whenever the day of one of them does.
    if high == now or calendar_period(high - 1, per)[0] <= leaves:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if calendar_period(middle, per)[0] <= leaves:
            low = middle
        else:
            high = middle
    return high


def _room(bound: BoundCap, taken: Sequence[HandOver]) -> Verdict:
    return allow(CAP, bound.said, {"taken": len(taken), "of": bound.cap.n}) if taken else bound.untaken


def _full(
    bound: BoundCap, taken: Sequence[HandOver], zones: Sequence[str], now: int, calendar_period: CalendarPeriod
) -> Verdict | None:
    cap = bound.cap
    if len(taken) < cap.n:
        return None
    leaves, per = taken[-cap.n].at, cap.per
    free = leaves + length(per) if isinstance(per, timedelta) else _first_after(leaves, per, now, calendar_period)
    # Who lost against whom is part of the record: the places are held by these messages.
    holders = list(dict.fromkeys([each.message for each in reversed(taken)]))
    reason = f"{bound.said} is full ({_named(holders)}); free at {shown_at(free, zones)}"
    values = {"taken": len(taken), "of": cap.n, "held_by": holders}
    return Verdict(CAP, cap.over, reason, until=free, values=values)


def _named(holders: Sequence[str]) -> str:
    if len(holders) == 1:
        return repr(holders[0])
    return ", ".join(map(repr, holders[:3])) + (", …" if len(holders) > 3 else "")


def _spaced(bound: BoundSpacing, last: HandOver | None) -> Verdict:
    return allow(SPACING, bound.said, {"last": None if last is None else last.at})


def _too_soon(bound: BoundSpacing, last: HandOver | None, zones: Sequence[str], now: int) -> Verdict | None:
    if last is None or now >= (free := last.at + length(bound.spacing.gap)):
        return None
    reason = f"{bound.said}: {last.message!r} went out on {last.channel}; free at {shown_at(free, zones)}"
    values = {"last": last.at, "message": last.message, "channel": last.channel}
    return defer(SPACING, reason, values, until=free)


def _since(facts: Facts, per: Duration) -> Sequence[HandOver]:
    if not facts.history:
        return ()
    start = period_start(per, facts.now, facts.calendar_period)
    return facts.history[bisect_left(facts.history, start, key=lambda each: each.at) :]


def _times(entries: Sequence[HandOver]) -> list[int]:
    return [each.at for each in entries]


def _last_elsewhere(
    bound: BoundSpacing, history: Sequence[HandOver], channel: str, key: str
) -> HandOver | None:  # fmt: skip
    spacing = bound.spacing
    found = (
        each
        for each in reversed(history)
        if each.channel != channel
        and each.reached
        and each.key != key
        and covers(spacing.kinds, each.kind)
        and covers(spacing.channels, each.channel)
        and covers(bound.journeys, each.journey)
    )
    return next(found, None)


def _limit_frees_at(limit: Limit, got: Sequence[int], facts: Facts) -> int | None:
    """When one more may go out: now, later, or (None) never by itself."""
    if limit.kind == "once_per_stage":
        got = got if facts.stage_since is None else got[bisect_left(got, facts.stage_since) :]
    if limit.per is None:
        return facts.now if len(got) < limit.n else None
    if limit.kind == "times":
        return frees_at(got, limit.n, limit.per, facts.now, facts.calendar_period)
    if not got:
        return facts.now
    free = got[-1] + length(limit.per) if isinstance(limit.per, timedelta) else facts.after(got[-1], limit.per)
    return max(facts.now, free)


def _exact(number: Number) -> Decimal:
    # Through text, so that 0.1 is a tenth and sums do not depend on the order in which they were made.
    return Decimal(str(number))
