"""Everything the gate asks, in order, and the ruling that comes of it (S6.5)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import attrs

from touchpoint.model.message import Gift, Message
from touchpoint.policy.arbitration import check_arbitration
from touchpoint.policy.binding import Bound, covers
from touchpoint.policy.caps import (
    against_caps,
    against_spacing,
    check_budget,
    check_caps,
    check_frequency,
    check_limit,
    check_spacing,
)
from touchpoint.policy.consent import against_consent, check_consent, check_preferences
from touchpoint.policy.content import check_content_rules
from touchpoint.policy.facts import ChannelFacts, Facts, Pause, Reachable, shown_at
from touchpoint.policy.gifts import check_approval, check_gift_address, check_given_before, check_stock
from touchpoint.policy.holds import against_holds, check_holdout, check_holds
from touchpoint.policy.verdict import Ruling, Verdict, allow, combine, defer, deny, deny_here, rule_over_channels
from touchpoint.policy.windows_check import against_windows, check_windows

Check: TypeAlias = Callable[[Facts, ChannelFacts], Sequence[Verdict]]
"""A check answers with one verdict for each thing it asks about; none where it does not apply."""

Ways: TypeAlias = tuple[Sequence[Check], Sequence[Check], Sequence[Check]]
"""Checks; what is asked in their stead where nobody wants to know what speaks for a message; and where all is calm."""

WANTED: Final = "wanted"
EXPIRY: Final = "expiry"
STOPPED: Final = "stopped"
ADDRESS: Final = "address"
REFUSED: Final = "refused"
CONVERSATION: Final = "conversation"
PAUSED: Final = "paused"
PACE: Final = "pace"
DATA_USE: Final = "data use"
FAMILIARITY: Final = "familiarity"
WORDING: Final = "wording"
WORDS: Final = "words"
TOLD: Final = "told"
"""Among the values of a verdict: what it says with data filled in, for `why`."""
CHANNEL_RESUMED: Final = "channel resumed"
"""The event that messages on a paused channel wait for."""
WANTED_STILL: Final = allow(WANTED)
"""Its run lives, and its step asks for nothing more."""


def check_wanted(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the run still wants it: it lives, did not withdraw it, and its `still` condition is true (S5.1, S5.3)."""
    if against := against_wanted(facts, on):
        return against
    return (allow(WANTED, "", {"still": facts.still_reading}),) if facts.still_reading else (WANTED_STILL,)


def against_wanted(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """What `check_wanted` has against it."""
    if facts.withdrawn is not None:
        return (deny(WANTED, facts.withdrawn, ends_as="withdrawn"),)
    if not facts.live:
        return (deny(WANTED, "its run has ended", ends_as="withdrawn"),)
    if facts.still is None or facts.still is True:
        return ()
    reason = f"its still= condition is {'false' if facts.still is False else 'unknown'}"
    return (deny(WANTED, reason, {"still": facts.still_reading}, ends_as="withdrawn"),)


def check_expiry(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether its best-before has not come (S6.7)."""
    return against_expiry(facts, on) or (unexpired(facts.expires_at),)


def against_expiry(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """What `check_expiry` has against it."""
    if facts.now < facts.expires_at:
        return ()
    return (expired(facts.expires_at, facts.zones),)


def unexpired(at: int) -> Verdict:
    """Its best-before is still to come."""
    return allow(EXPIRY, "", {"expires_at": at})


def expired(at: int, zones: Sequence[str]) -> Verdict:
    """Its best-before came at that instant."""
    return deny(EXPIRY, f"expired at {shown_at(at, zones)}", {"expires_at": at}, ends_as="expired")


def check_stopped(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """Whether somebody stopped this message for everyone."""
    if facts.stopped is None:
        return ()
    return (deny(STOPPED, f"the message was stopped for everyone: {facts.stopped}"),)


def check_address(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the channel has an adapter, and the customer an address for it that may be written to."""
    return against_address(facts, on) or (reachable("" if on.address is None else on.address.kind),)


def against_address(_: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """What `check_address` has against it."""
    address = on.address
    if not on.configured:
        return (deny_here(ADDRESS, f"there is no adapter for the channel {on.channel!r}; pass one to the engine"),)
    if address is not None and address.standing == "active":
        return ()
    return (unreachable(on.channel, address, on.address_problem),)


def unreachable(channel: str, address: Reachable | None, problem: str = "") -> Verdict:
    """There is no active address for a channel that has an adapter; `problem` is why there is none at all."""
    if address is None:
        return deny_here(ADDRESS, problem or f"no address for {channel}")
    why = f": {address.reason}" if address.reason else ""
    reason = f"the {address.kind} address is {address.standing}{why}"
    return deny_here(ADDRESS, reason, {"standing": address.standing})


@lru_cache(maxsize=64)  # the same answer for everybody
def reachable(kind: str) -> Verdict:
    """There is an active address of this kind."""
    return allow(ADDRESS, f"an active {kind} address")


def check_refused(_: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the provider has refused this very message here (S6.8)."""
    return () if on.refused is None else (deny_here(REFUSED, f"refused by the provider: {on.refused}"),)


def check_switches(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """Whether the message or its journey is paused; then it waits until that is resumed (S11.8)."""
    at = facts.now if facts.wall is None else facts.wall  # a clock that was set back ends no pause early (S11.3)
    return tuple(_paused(facts, each) for each in facts.paused if each.until is None or each.until > at)


def _paused(facts: Facts, pause: Pause) -> Verdict:
    what = f"the {pause.scope} {pause.name!r} is paused"
    if pause.until is not None:
        return defer(PAUSED, f"{what} until {facts.when(pause.until)}: {pause.reason}", until=pause.until)
    return defer(PAUSED, f"{what}: {pause.reason}", waits_for=f"{pause.scope} resumed")


def check_paused(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the channel is paused; then the message waits until it is resumed."""
    if on.paused is None:
        return ()
    if on.paused_until is not None:
        reason = f"the channel {on.channel!r} is paused until {facts.when(on.paused_until)}: {on.paused}"
        return (defer(PAUSED, reason, until=on.paused_until),)
    return (defer(PAUSED, f"the channel {on.channel!r} is paused: {on.paused}", waits_for=CHANNEL_RESUMED),)


def check_pace(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the channel is not used faster than its provider takes messages."""
    if on.too_fast_until is None:
        return ()
    reason = f"{on.channel} takes no more so soon: free again at {facts.when(on.too_fast_until)}"
    return (defer(PACE, reason, until=on.too_fast_until),)


def check_data_use(_: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the traits that the content uses may be used for that (S7.5)."""
    if not on.misused:
        return ()
    reason = f"used beyond their declaration: {', '.join(on.misused)}"
    return (deny_here(DATA_USE, reason, {"traits": list(on.misused)}),)


def check_familiarity(_: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the traits that the words cannot do without may be used this early in the relationship (S7.5)."""
    if on.unfamiliar:
        told = [each.told_words for each in on.unfamiliar]
        values = {"traits": [each.trait for each in on.unfamiliar], TOLD: told}
        return (deny_here(FAMILIARITY, "; ".join(each.words for each in on.unfamiliar), values),)
    if on.worded is None or not on.worded.without:
        return ()
    without = on.worded.without
    names = ", ".join(each.trait for each in without)
    values = {"traits": [each.trait for each in without], TOLD: [each.told_words for each in without]}
    return (allow(FAMILIARITY, f"said without {names}, which may not be used yet", values),)


def check_wording(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Which of its wordings the message says, and why not those before it. It is never in the way (S6.1)."""
    if on.worded is None or not facts.message.wordings or on.unfamiliar:
        return ()
    name = on.worded.wording
    said = f"says {name!r}" if name else "says its own content"
    lost = ", ".join(repr(each) for each, _ in on.worded.lost)
    reason = f"{said}, not {lost}" if lost else said
    told = [f"not {each!r}: {why}" for each, why in on.worded.lost]
    if name:
        told.append(f"{name!r}: {on.worded.told}")
    return (allow(WORDING, reason, {"wording": name, TOLD: told}),)


def check_words(_: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the content for this channel finds all of its data (S6.2)."""
    return (wordless(on.missing_words),) if on.missing_words else ()


def wordless(missing: Sequence[str]) -> Verdict:
    """These fields, at least one, have no value that the content needs."""
    reason = f"no value and no fallback for {', '.join(missing)}; write {{{missing[0]}|…}} or fill it"
    return deny_here(WORDS, reason, {"missing": list(missing)})


def check_conversation(_: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the channel can answer in the conversation, where that is what the message is for."""
    return () if on.unable is None else (deny_here(CONVERSATION, on.unable),)


CHECKS: Final[tuple[Check, ...]] = (
    check_wanted,
    check_expiry,
    check_stopped,
    check_address,
    check_refused,
    check_conversation,
    check_consent,
    check_gift_address,
    check_preferences,
    check_holds,
    check_windows,
    check_caps,
    check_frequency,
    check_arbitration,
    check_spacing,
    check_content_rules,
    check_switches,
    check_paused,
    check_pace,
    check_limit,
    check_given_before,
    check_budget,
    check_stock,
    check_approval,
    check_holdout,
    check_data_use,
    check_familiarity,
    check_wording,
    check_words,
)
"""In the order of S6.5. Where several deny, the first of them says how the message ends."""


_AGAINST: Final[Mapping[Check, Check]] = {
    check_wanted: against_wanted,
    check_expiry: against_expiry,
    check_address: against_address,
    check_consent: against_consent,
    check_holds: against_holds,
    check_windows: against_windows,
    check_caps: against_caps,
    check_spacing: against_spacing,
}
"""What has nothing to say where the check has nothing against a message; the others keep silent by themselves, or are
rare."""


_CALM: Final = frozenset({check_wanted, check_expiry, check_address, check_holds, check_arbitration})
"""These have nothing against a message where `_is_calm`."""


_PLANNED: Final = _CALM | {check_consent, check_windows, check_caps, check_spacing}
"""Those of which a plan knows what they have against a message."""


FOR_ANSWERS: Final[tuple[Check, ...]] = (
    check_wanted, check_expiry, check_stopped, check_address, check_refused, check_conversation, check_switches,
    check_paused, check_pace,
    check_limit, check_familiarity, check_wording, check_words,
)  # fmt: skip
"""What is asked of the answer to a word such as STOP: whether it can go out, not whether it is welcome (S7.3)."""


BEFOREHAND: Final[tuple[Check, ...]] = (
    check_consent, check_preferences, check_limit, check_holdout, check_data_use, check_familiarity, check_words,
)  # fmt: skip
"""What is asked before a message is sent at all, where another may be sent in its stead: what its customer and the
policies settle for good."""

FOR_SUGGESTIONS: Final[tuple[Check, ...]] = (
    check_stopped, check_consent, check_preferences, check_holds, check_content_rules, check_switches, check_paused,
    check_holdout, check_data_use, check_familiarity, check_words,
)  # fmt: skip
"""What is asked of every suggestion: whoever wants one has come to us, so nobody is to be reached or left alone."""


def checks_for_suggestion(*, quiet_hours: bool, caps: bool) -> tuple[Check, ...]:
    """What is asked of a suggestion where the policy (`Pull`) has quiet hours, or caps, bind it as well."""
    found = FOR_SUGGESTIONS
    if quiet_hours:
        found = (*found, check_windows)
    return (*found, check_caps, check_frequency, check_spacing) if caps else found


def _never(_: Facts) -> bool:
    return False


def _meets_a_cap(facts: Facts) -> bool:
    caps = facts.policy.caps
    return bool(caps) and (facts.message.exempt or any(covers(each.cap.kinds, facts.kind) for each in caps))


def _meets_a_budget(facts: Facts) -> bool:
    own = isinstance(facts.message, Gift) and facts.message.budget is not None
    return own or any(covers(each.kinds, facts.kind) for each in facts.policy.budgets)


_RARE: Final[Mapping[Check, Callable[[Facts], bool]]] = {
    check_stopped: _never,
    check_refused: _never,
    check_conversation: _never,
    check_preferences: _never,
    check_holds: lambda facts: any(covers(each.hold.kinds, facts.kind) for each in facts.policy.holds),
    check_caps: _meets_a_cap,
    check_frequency: _never,
    check_arbitration: lambda facts: facts.message.counted and _meets_a_cap(facts),
    check_spacing: lambda facts: any(covers(each.spacing.kinds, facts.kind) for each in facts.policy.spacings),
    check_content_rules: lambda facts: facts.policy.content is not None and facts.policy.content.concerns(facts.kind),
    check_switches: _never,
    check_paused: _never,
    check_pace: _never,
    check_limit: lambda facts: facts.message.limit is not None,
    check_gift_address: lambda facts: isinstance(facts.message, Gift),
    check_given_before: lambda facts: isinstance(facts.message, Gift),
    check_budget: _meets_a_budget,
    check_stock: lambda facts: isinstance(facts.message, Gift) and facts.message.stock is not None,
    check_approval: lambda facts: isinstance(facts.message, Gift) and facts.message.worth > 0,
    check_holdout: _never,
    check_data_use: _never,
    check_familiarity: _never,
    check_wording: _never,
    check_words: _never,
}
"""When these have something to say although nothing rare has happened: what policy and message settle for good."""


def ask(facts: Facts, on: ChannelFacts) -> tuple[Verdict, ...]:
    """The verdicts of every check for one channel; none hides another."""
    found: list[Verdict] = []
    for check in _that_apply(facts, on)[0]:
        found += check(facts, on)
    return tuple(found)


def objections(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Those of `ask` that stand against the message, and maybe some that do not."""
    found: list[Verdict] = []
    _, each_against, if_calm = _that_apply(facts, on)
    for against in if_calm if _is_calm(facts, on) else each_against:
        found += against(facts, on)
    return found


def _is_calm(facts: Facts, on: ChannelFacts) -> bool:
    """Whether none of the checks in `_CALM` can have anything against the message: nearly always."""
    return (
        facts.still is None
        and facts.live
        and facts.withdrawn is None
        and facts.now < facts.expires_at
        and not (facts.open_cases or facts.closed_cases or facts.rivals)
        and on.configured
        and on.address is not None
        and on.address.standing == "active"
    )


def _that_apply(facts: Facts, on: ChannelFacts) -> Ways:
    """The checks that may have something to say: all of them where anything rare has happened, else the usual ones."""
    if facts.message.answer:
        return _both(FOR_ANSWERS)
    if (
        facts.preferences is not None
        or facts.stopped is not None
        or facts.paused
        or on.refused is not None
        or on.paused is not None
        or on.too_fast_until is not None
        or on.missing_words
        or on.misused
        or on.unable is not None
        or on.worded is not None
        or on.unfamiliar
        or facts.holdout is not None
    ):
        return _both(CHECKS)
    message, kind = facts.message, facts.kind
    known = facts.policy.usual.get(message.name)
    # Whoever is remembered under a name may still be another message, or the same before an edit changed its kind.
    if known is None or known[0] is not message or known[1] != kind:
        facts.policy.usual[message.name] = known = message, kind, _usual(facts)
    return known[2]


def meets_only(bound: Bound, message: Message, kind: str, journey: str) -> bool:
    """Whether a message meets no checks but those of `policy.plan`, where nothing rare has happened."""
    return _PLANNED.issuperset(_usual(Facts(0, "", message, journey, bound, kind))[0])


def _usual(facts: Facts) -> Ways:
    return _both(tuple(check for check in CHECKS if check not in _RARE or _RARE[check](facts)))


@lru_cache(maxsize=8)
def _both(checks: tuple[Check, ...]) -> Ways:
    calm = (check for check in checks if check not in _CALM)
    return checks, tuple(_AGAINST.get(each, each) for each in checks), tuple(_AGAINST.get(each, each) for each in calm)


def rule(facts: Facts, channels: Iterable[ChannelFacts]) -> Ruling:
    """May this message go out now, and where?

    Args:
        facts: of the message and its customer.
        channels: facts of its channels in order of preference; taken one at a time, so that an iterator gathers no more
            than is needed.
    """
    return rule_over_channels(rule_here(facts, on) for on in channels)


def rule_here(facts: Facts, on: ChannelFacts) -> Ruling:
    """The ruling for one channel."""
    return combine(ask(facts, on), channel=on.channel, later=lambda at: ask(attrs.evolve(facts, now=at), on))


def look_here(facts: Facts, on: ChannelFacts) -> Ruling:
    """As `rule_here`, without a word on what has nothing against the message: all that is needed to act on it."""
    found = objections(facts, on)
    if not found:
        return allowed_on(on.channel)
    return combine(found, channel=on.channel, later=lambda at: objections(attrs.evolve(facts, now=at), on))


@lru_cache(maxsize=64)  # the same for everybody
def allowed_on(channel: str) -> Ruling:
    """The ruling for a channel on which nothing stands against a message."""
    return combine((), channel=channel)
