"""What the customer allows: consent (S7.1, S7.2), and wishes that are no consent (S7.4).

A mechanism, not legal advice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import attrs

from touchpoint.durations import instant, micros
from touchpoint.journey.jurisdictions import falls_under
from touchpoint.journey.policy import ConsentRule, Needs
from touchpoint.model.consent import ANY
from touchpoint.model.preference import Preferences
from touchpoint.policy.binding import covers
from touchpoint.policy.facts import ChannelFacts, ConsentFact, Facts, shown_at
from touchpoint.policy.verdict import Verdict, allow, defer, deny, deny_here

CONSENT: Final = "consent"
PREFERENCES: Final = "preferences"

UNLESS_WITHDRAWN: Final = frozenset({"transactional", "service"})
"""The kinds that go out without a grant unless a `ConsentRule` says otherwise (S7.2)."""
GIFT: Final = "gift"
"""The purpose of consent to gifts, whatever the kind of the message that brings one."""
UNBOUND: Final = "transactional"
"""The kind that preferences do not bind."""


@attrs.frozen(eq=False)
class Spoken:
    """Where the ledger of consent speaks of a message on a channel.

    Args:
        purposes: those of the message, narrowest first, each with its entry for the channel and that for all of them.
        entries: all of these.
    """

    purposes: tuple[tuple[str, tuple[str, str], tuple[str, str]], ...]
    entries: frozenset[tuple[str, str]]


def newer(known: ConsentFact | None, said: ConsentFact) -> ConsentFact:
    """Which of two statements about one purpose on one channel stands: the later, at a tie the withdrawal (S7.1)."""
    if known is None or _rank(said) > _rank(known):
        return said
    return known


def check_consent(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether the customer's consent covers this message here.

    Purposes are the topic, the kind and `*`, narrowest first. For each the most recent statement about this channel or
    all of them stands. A withdrawal denies unless a later grant is for the same purpose or a narrower one: who says yes
    to the newsletter after a general no gets the newsletter; who says yes to marketing after no to the newsletter does
    not.
    """
    if against := against_consent(facts, on):
        return against
    _, grant = said_of(facts.consents, _purposes(facts), on.channel, facts.now)
    return (unneeded(facts.kind, _needs(facts, on.channel)[1]) if grant is None else granted(grant),)


def against_consent(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """What `check_consent` has against it."""
    if on.opted_out is not None:
        return (opted_out(on.channel, on.opted_out),)
    purposes = _purposes(facts)
    if facts.consents:
        purpose, said = said_of(facts.consents, purposes, on.channel, facts.now)
        if said is not None:
            return () if said.granted else (withdrawn(purpose, said, on.channel, facts.zones),)
    needs, source = _needs(facts, on.channel)
    if needs == "grant":
        return (lacking(facts.consents, purposes, facts.kind, on.channel, source, facts.zones, facts.now),)
    return ()


@lru_cache(maxsize=64)  # the same answer for everybody
def unneeded(kind: str, rule: str) -> Verdict:
    """A message of this kind takes no grant, because of a `rule` of the policy or by default."""
    return allow(CONSENT, f"{kind} messages need no consent unless it was withdrawn", {"rule": rule})


def granted(said: ConsentFact) -> Verdict:
    """What the customer has granted, as `said_of` finds it."""
    return allow(CONSENT, "there is consent", {"since": said.at, "basis": said.basis, "source": said.source})


def standing_of(
    consents: Mapping[tuple[str, str], ConsentFact], purposes: Sequence[str], channel: str, now: int
) -> str | None:  # fmt: skip
    """What the ledger says of a purpose on a channel: `granted`, `withdrawn`, or None where nothing stands.

    Args:
        consents: what was said last, by (purpose, channel).
        purposes: the purpose and those that speak of it as well, narrowest first; see `check_consent`.
        channel: `*` for what was said of all of them.
        now: microseconds UTC.
    """
    _, found = said_of(consents, purposes, channel, now)
    return None if found is None else "granted" if found.granted else "withdrawn"


def standing_grant(
    consents: Mapping[tuple[str, str], ConsentFact], purposes: Sequence[str], channel: str, now: int
) -> ConsentFact | None:
    """The grant by which `standing_of` says `granted`; None where it does not."""
    _, found = said_of(consents, purposes, channel, now)
    return found if found is not None and found.granted else None


def said_of(
    consents: Mapping[tuple[str, str], ConsentFact], purposes: Sequence[str], channel: str, now: int
) -> tuple[str, ConsentFact | None]:
    """What stands of what was said about purposes, the narrowest first: a withdrawal and of what, or a grant."""
    return said_in(consents, spoken_of(purposes, channel), now) if consents else ("", None)


def spoken_of(purposes: Sequence[str], channel: str) -> Spoken:
    """Where the ledger speaks of these purposes on a channel."""
    found = tuple((purpose, (purpose, channel), (purpose, ANY)) for purpose in purposes)
    return Spoken(found, frozenset(entry for _, *entries in found for entry in entries))


def said_in(
    consents: Mapping[tuple[str, str], ConsentFact], spoken: Spoken, now: int
) -> tuple[str, ConsentFact | None]:  # fmt: skip
    """As `said_of`, for whoever asks often."""
    heard = spoken.entries.intersection(consents)
    if len(heard) > 1:
        return _narrowest(consents, spoken, now)
    for entry in heard:  # nearly always one or none
        said = consents[entry]
        if not said.granted:
            return entry[0], said
        if _speaks(said, now):
            return "", said
    return "", None


def _narrowest(
    consents: Mapping[tuple[str, str], ConsentFact], spoken: Spoken, now: int
) -> tuple[str, ConsentFact | None]:  # fmt: skip
    grant: ConsentFact | None = None
    for purpose, here, anywhere in spoken.purposes:
        said, everywhere = consents.get(here), consents.get(anywhere)
        if said is None and everywhere is None:
            continue
        if said is not None and not _speaks(said, now):
            said = None
        if everywhere is not None and _speaks(everywhere, now):
            said = everywhere if said is None else newer(said, everywhere)
        if said is None:
            continue
        if said.granted:
            grant = said if grant is None else newer(grant, said)
        elif grant is None or grant.at <= said.at:
            return purpose, said
    return "", grant


def check_preferences(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """What the customer switched off or put off. The windows see to own quiet hours, the caps to own frequency."""
    if facts.preferences is None or facts.kind == UNBOUND:
        return ()
    return list(_against_wishes(facts.preferences, facts, on))


def _against_wishes(wishes: Preferences, facts: Facts, on: ChannelFacts) -> Iterator[Verdict]:
    off = [each for each in (facts.message.topic, facts.kind) if each in wishes.topics_off]
    if off:
        yield deny(PREFERENCES, f"the customer does not want {off[0]!r}", {"topic": off[0]})
    if on.channel in wishes.channels_off:
        yield deny_here(
            PREFERENCES, f"the customer does not want to be written to on {on.channel}", {"channel": on.channel}
        )
    if wishes.snooze_until is not None and facts.now < (until := micros(wishes.snooze_until)):
        yield defer(PREFERENCES, f"the customer snoozed messages until {facts.when(until)}", until=until)


def _purposes(facts: Facts) -> tuple[str, ...]:
    return purposes_of(facts.message.topic, facts.kind)


def purposes_of(topic: str | None, kind: str) -> tuple[str, ...]:
    """The purposes whose standing speaks of a message, the narrowest first."""
    return (kind, ANY) if topic is None or topic == kind else (topic, kind, ANY)


def _speaks(said: ConsentFact, now: int) -> bool:
    """A grant counts from its day until it lapses; a withdrawal always."""
    return not said.granted or (said.at <= now and (said.expires_at is None or now < said.expires_at))


def _rank(said: ConsentFact) -> tuple[int, bool]:
    return said.at, not said.granted


# What consent has against a message.


def opted_out(channel: str, how: str) -> Verdict:
    """Somebody who reads at this address said that they want nothing more on a channel, and how."""
    return deny_here(CONSENT, f"opted out: {how}", {"channel": channel})


def withdrawn(purpose: str, said: ConsentFact, channel: str, zones: Sequence[str]) -> Verdict:
    """What the customer has withdrawn, as `said_of` finds it."""
    of = "everything" if purpose == ANY else repr(purpose)
    reason = f"opted out: consent to {of} on {channel} was withdrawn at {shown_at(said.at, zones)}"
    return deny_here(CONSENT, reason, {"purpose": purpose, "channel": channel, "withdrawn_at": said.at})


def lacking(
    consents: Mapping[tuple[str, str], ConsentFact], purposes: Sequence[str], kind: str, channel: str, rule: str,
    zones: Sequence[str], now: int,
) -> Verdict:  # fmt: skip
    """A message of this kind takes a grant, because of a `rule` of the policy or by default, and none stands."""
    if not consents:
        return _never_granted(kind, channel, rule)
    about = [consents.get((purpose, where)) for purpose in purposes for where in (channel, ANY)]
    ends = [each.expires_at for each in about if each is not None and each.granted and each.expires_at is not None]
    lapsed = [at for at in ends if at <= now]
    if not lapsed:
        return _never_granted(kind, channel, rule)
    reason = f"the consent to {kind} on {channel} lapsed at {shown_at(max(lapsed), zones)}"
    return deny_here(CONSENT, reason, {"channel": channel, "rule": rule})


@lru_cache(maxsize=64)  # the same answer for everybody
def _never_granted(kind: str, channel: str, rule: str) -> Verdict:
    return deny_here(CONSENT, f"no consent to {kind} on {channel}", {"channel": channel, "rule": rule})


def _needs(facts: Facts, channel: str) -> tuple[Needs, str]:
    """What the policy asks for, and where that rule comes from. The journey's own rules can only make it stricter."""
    default: Needs = "no_withdrawal" if facts.kind in UNLESS_WITHDRAWN else "grant"
    if not facts.policy.consent and not facts.policy.own_consent:
        return default, ""
    house = _first_fitting(facts.policy.consent, facts, channel)
    own = _first_fitting(facts.policy.own_consent, facts, channel)
    of_house = (default, "") if house is None else (house.needs, house.source)
    return (own.needs, own.source) if own is not None and own.needs == "grant" and of_house[0] != "grant" else of_house


def _first_fitting(rules: Iterable[ConsentRule], facts: Facts, channel: str) -> ConsentRule | None:
    today = instant(facts.now).date()
    return next((rule for rule in rules if _fits(rule, facts, channel, today)), None)


def _is_in(jurisdiction: str | None, names: Sequence[str]) -> bool:
    return jurisdiction is not None and falls_under(jurisdiction, names)


def _fits(rule: ConsentRule, facts: Facts, channel: str, today: date) -> bool:
    return (
        covers(rule.kinds, facts.kind)
        and covers(rule.channels, channel)
        and (rule.jurisdictions is None or _is_in(facts.jurisdiction, rule.jurisdictions))
        and (rule.valid_from is None or rule.valid_from <= today)
        and (rule.valid_until is None or today < rule.valid_until)
    )
