"""Everything the gate asks, in order, and the ruling that comes of it (S6.5)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import attrs

from touchpoint.policy.arbitration import check_arbitration
from touchpoint.policy.caps import check_budget, check_caps, check_frequency, check_limit, check_spacing
from touchpoint.policy.consent import check_consent, check_preferences
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.holds import check_holdout, check_holds
from touchpoint.policy.verdict import Ruling, Verdict, allow, combine, defer, deny, deny_here, rule_over_channels
from touchpoint.policy.windows_check import check_windows

Check: TypeAlias = Callable[[Facts, ChannelFacts], Iterator[Verdict]]
"""A check answers with one verdict for each thing it asks about; none where it does not apply."""

WANTED: Final = "wanted"
EXPIRY: Final = "expiry"
STOPPED: Final = "stopped"
ADDRESS: Final = "address"
REFUSED: Final = "refused"
PAUSED: Final = "paused"
DATA_USE: Final = "data use"
WORDS: Final = "words"
CHANNEL_RESUMED: Final = "channel resumed"
"""The event that messages on a paused channel wait for."""


def check_wanted(facts: Facts, _: ChannelFacts) -> Iterator[Verdict]:
    """Whether the run still wants it: it lives, did not withdraw it, and its `still` condition is true (S5.1, S5.3)."""
    if facts.withdrawn is not None:
        yield deny(WANTED, f"withdrawn: {facts.withdrawn}", ends_as="withdrawn")
    elif not facts.live:
        yield deny(WANTED, "withdrawn: its run has ended", ends_as="withdrawn")
    elif facts.still is None or facts.still is True:
        yield allow(WANTED, "", {"still": facts.still_reading} if facts.still_reading else {})
    else:
        reason = f"withdrawn: its still= condition is {'false' if facts.still is False else 'unknown'}"
        yield deny(WANTED, reason, {"still": facts.still_reading}, ends_as="withdrawn")


def check_expiry(facts: Facts, _: ChannelFacts) -> Iterator[Verdict]:
    """Whether its best-before has not come (S6.7)."""
    if facts.now >= facts.expires_at:
        reason = f"expired at {facts.when(facts.expires_at)}"
        yield deny(EXPIRY, reason, {"expires_at": facts.expires_at}, ends_as="expired")
    else:
        yield allow(EXPIRY, "", {"expires_at": facts.expires_at})


def check_stopped(facts: Facts, _: ChannelFacts) -> Iterator[Verdict]:
    """Whether somebody stopped this message for everyone."""
    if facts.stopped is not None:
        yield deny(STOPPED, f"the message was stopped for everyone: {facts.stopped}")


def check_address(_: Facts, on: ChannelFacts) -> Iterator[Verdict]:
    """Whether the channel has an adapter, and the customer an address for it that may be written to."""
    address = on.address
    if not on.configured:
        yield deny_here(ADDRESS, f"there is no adapter for the channel {on.channel!r}; pass one to the engine")
    elif address is None:
        yield deny_here(ADDRESS, on.address_problem or f"no address for {on.channel}")
    elif address.standing != "active":
        why = f": {address.reason}" if address.reason else ""
        yield deny_here(
            ADDRESS, f"the {address.kind} address is {address.standing}{why}", {"standing": address.standing}
        )
    else:
        yield allow(ADDRESS, f"an active {address.kind} address")


def check_refused(_: Facts, on: ChannelFacts) -> Iterator[Verdict]:
    """Whether the provider has refused this very message here (S6.8)."""
    if on.refused is not None:
        yield deny_here(REFUSED, f"refused by the provider: {on.refused}")


def check_paused(_: Facts, on: ChannelFacts) -> Iterator[Verdict]:
    """Whether the channel is paused; then the message waits until it is resumed."""
    if on.paused is not None:
        yield defer(PAUSED, f"the channel {on.channel!r} is paused: {on.paused}", waits_for=CHANNEL_RESUMED)


def check_data_use(_: Facts, on: ChannelFacts) -> Iterator[Verdict]:
    """Whether the traits that the content uses may be used for that (S7.5)."""
    if on.misused:
        yield deny_here(
            DATA_USE, f"used beyond their declaration: {', '.join(on.misused)}", {"traits": list(on.misused)}
        )


def check_words(_: Facts, on: ChannelFacts) -> Iterator[Verdict]:
    """Whether the content for this channel finds all of its data (S6.2)."""
    if on.missing_words:
        fields = ", ".join(on.missing_words)
        reason = f"no value and no fallback for {fields}; write {{{on.missing_words[0]}|…}} or fill it"
        yield deny_here(WORDS, reason, {"missing": list(on.missing_words)})


CHECKS: Final[tuple[Check, ...]] = (
    check_wanted,
    check_expiry,
    check_stopped,
    check_address,
    check_refused,
    check_consent,
    check_preferences,
    check_holds,
    check_windows,
    check_caps,
    check_frequency,
    check_arbitration,
    check_spacing,
    check_paused,
    check_limit,
    check_budget,
    check_holdout,
    check_data_use,
    check_words,
)
"""In the order of S6.5. Where several deny, the first of them says how the message ends."""


def ask(facts: Facts, on: ChannelFacts) -> tuple[Verdict, ...]:
    """The verdicts of every check for one channel; none hides another."""
    return tuple(verdict for check in CHECKS for verdict in check(facts, on))


def rule(facts: Facts, channels: Iterable[ChannelFacts]) -> Ruling:
    """May this message go out now, and where?

    Args:
        facts: of the message and its customer.
        channels: facts of its channels in order of preference; taken one at a time, so that a generator gathers no more
            than is needed.
    """
    return rule_over_channels(_rule_here(facts, on) for on in channels)


def _rule_here(facts: Facts, on: ChannelFacts) -> Ruling:
    return combine(ask(facts, on), channel=on.channel, later=lambda at: ask(attrs.evolve(facts, now=at), on))
