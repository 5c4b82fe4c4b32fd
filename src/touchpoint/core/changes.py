"""Which changes of facts somebody waits for, and what changed between two looks at a profile (S4.1).

Only what a trigger of the program names is compared, and only a real difference becomes an occurrence. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping

import attrs

from touchpoint.core.matching import consent_name
from touchpoint.core.occurrence import CONSENT_CHANGED, PREFERENCE_CHANGED, TRAIT_CHANGED, Occurrence
from touchpoint.core.state import Profile
from touchpoint.core.values import UNKNOWN, equal, kind
from touchpoint.journey.changes import WISHES, ConsentChanged, PreferenceChanged, TraitChanged
from touchpoint.journey.triggers import Trigger
from touchpoint.model.consent import ANY
from touchpoint.model.message import Message
from touchpoint.model.preference import Preferences
from touchpoint.policy.consent import standing_of
from touchpoint.policy.facts import ConsentFact

Consents = Mapping[tuple[str, str], ConsentFact]


@attrs.frozen
class Watching:
    """What changes somebody waits for.

    `traits` by name, with their places; `consents` as (purpose, channel), None for whichever; `wishes`, parts of
    preferences, empty for any of them; `kinds` maps a topic to the kinds of the messages about it, whose consent speaks
    of it as well.
    """

    traits: Mapping[str, int]
    consents: tuple[tuple[str | None, str | None], ...]
    wishes: tuple[str, ...]
    kinds: Mapping[str, tuple[str, ...]]

    def chain(self, purpose: str) -> tuple[str, ...]:
        """The purposes whose standing speaks of this one, the narrowest first."""
        return tuple(dict.fromkeys((purpose, *self.kinds.get(purpose, ()), ANY)))


def watching(triggers: Iterable[tuple[str, Trigger]], messages: Iterable[Message]) -> Watching | None:
    """What these triggers, in reading order, wait for; None where it is no change at all."""
    traits: dict[str, int] = {}
    consents: dict[tuple[str | None, str | None], None] = {}
    wishes: dict[str, None] = {}
    for _, each in triggers:
        match each:
            case TraitChanged():
                traits.setdefault(each.trait, len(traits))
            case ConsentChanged():
                consents[each.purpose, each.channel] = None
            case PreferenceChanged():
                wishes[each.what or ""] = None
    if not (traits or consents or wishes):
        return None
    kinds: dict[str, dict[str, None]] = {}
    for message in messages:
        if message.topic is not None:
            kinds.setdefault(message.topic, {})[message.effective_kind] = None
    of_topics = {topic: tuple(sorted(each)) for topic, each in sorted(kinds.items())}
    return Watching(traits, tuple(consents), tuple(wishes), of_topics)


@attrs.frozen
class Before:
    """What was known of a customer before something was said of them, as far as anybody waits for changes of it."""

    traits: Mapping[str, object] = attrs.field(repr=False)
    consents: Consents = attrs.field(repr=False)
    preferences: Preferences | None = attrs.field(repr=False)


def look(watched: Watching | None, profile: Profile) -> Before | None:
    """The profile as it is now, to compare a later one with; None where nobody waits for any change."""
    if watched is None:
        return None
    traits = {name: value for name, value in profile.traits.items() if name in watched.traits}
    return Before(traits, dict(profile.consents) if watched.consents else {}, profile.preferences)


def changes(
    watched: Watching | None, before: Before | None, profile: Profile, now: int, cause: str
) -> list[Occurrence]:
    """What is no longer as it was, in the order in which the triggers name it.

    Args:
        watched: the program's.
        before: of `look`.
        profile: as it is by now.
        now: microseconds UTC.
        cause: the identity of what brought it about.
    """
    if watched is None or before is None:
        return []
    return [
        *_traits(watched, before, profile, now, cause),
        *_consents(watched, before.consents, profile.consents, now, cause),
        *_wishes(watched, before.preferences, profile.preferences, now, cause),
    ]


def trait_changed(watched: Watching | None, trait: str, before: object, value: object, now: int, cause: str) -> (
    Occurrence | None
):  # fmt: skip
    """The occurrence of one trait's change; None where it is none, or nobody waits for it. `before` may be UNKNOWN."""
    if watched is None or trait not in watched.traits or not _differs(before, value):
        return None
    return Occurrence(TRAIT_CHANGED, trait, now, cause, _told({}, before, value), direction="internal")


def _differs(before: object, value: object) -> bool:
    if before is UNKNOWN or value is UNKNOWN:
        return before is not value
    # Text and a date that it may be read as are equal to conditions; here it is a change of what is stored.
    return kind(before) != kind(value) or equal(before, value) is not True


def _told(about: dict[str, object], before: object, value: object) -> dict[str, object]:
    told = {"value": value, "before": before}
    return {**about, **{name: each for name, each in told.items() if each is not UNKNOWN}}


def _traits(watched: Watching, before: Before, profile: Profile, now: int, cause: str) -> Iterator[Occurrence]:
    held = watched.traits.keys() & {*before.traits, *profile.traits}  # few of what all journeys together may wait for
    for name in sorted(held, key=watched.traits.__getitem__):
        was, value = before.traits.get(name, UNKNOWN), profile.traits.get(name, UNKNOWN)
        changed = trait_changed(watched, name, was, value, now, f"{cause} {name}")
        if changed is not None:
            yield changed


# Consent.


def _consents(
    watched: Watching, before: Consents, after: Consents, now: int, cause: str
) -> Iterator[Occurrence]:  # fmt: skip
    said = sorted(key for key in {*before, *after} if before.get(key) != after.get(key)) if watched.consents else []
    for purpose, channel in watched.consents if said else ():
        pairs = dict.fromkeys(
            (about, pair) for about in said for pair in _concerned(watched, after, (purpose, channel), about)
        )
        for (of, on), pair in pairs:
            was, value = (standing_of(each, watched.chain(pair[0]), pair[1], now) for each in (before, after))
            if was != value:
                yield _consent(purpose, channel, (purpose or of, channel or on), (was, value), now, cause)
                break


def _concerned(
    watched: Watching, ledger: Consents, asked: tuple[str | None, str | None], said: tuple[str, str]
) -> list[tuple[str, str]]:
    """The (purpose, channel) whose standing a statement may change, of those that a trigger asks about."""
    purpose, channel = asked
    purposes = [purpose] if purpose is not None else [said[0], *sorted({each for each, _ in ledger})]
    channels = [channel] if channel is not None else [said[1], *sorted({each for _, each in ledger})]
    return [
        (each, on)
        for each in dict.fromkeys(purposes)
        if said[0] in watched.chain(each)
        for on in dict.fromkeys(channels)
        if said[1] in (on, ANY)
    ]


def opted(
    watched: Watching | None, ledger: Consents, channel: str, now: int, cause: str, *, out: bool
) -> list[Occurrence]:  # fmt: skip
    """What an opt-out of the address on a channel changes (S7.3), or taking it back, which leaves the ledger to say."""
    found: list[Occurrence] = []
    if watched is None:
        return found
    for purpose, on in watched.consents:
        if on not in (None, channel):
            continue
        stands = standing_of(ledger, watched.chain(purpose or ANY), channel, now)
        if stands != "withdrawn":
            standings = (stands, "withdrawn") if out else ("withdrawn", stands)
            found.append(_consent(purpose, on, (purpose or ANY, channel), standings, now, cause))
    return found


def _consent(
    purpose: str | None, channel: str | None, about: tuple[str, str], standings: tuple[str | None, str | None],
    now: int, cause: str,
) -> Occurrence:  # fmt: skip
    name = consent_name(purpose, channel)
    was, value = (UNKNOWN if each is None else each for each in standings)
    told = _told({"purpose": about[0], "channel": about[1]}, was, value)
    return Occurrence(CONSENT_CHANGED, name, now, f"{cause} {name}", told, direction="internal")


# Preferences.


def _wishes(
    watched: Watching, before: Preferences | None, after: Preferences | None, now: int, cause: str
) -> Iterator[Occurrence]:
    if not watched.wishes or before == after:
        return
    was, value = _parts(before), _parts(after)
    changed = [each for each in WISHES if was.get(each) != value.get(each)]
    for name in watched.wishes if changed else ():
        if name and name not in changed:
            continue
        if name:
            told = _told({}, was.get(name, UNKNOWN), value.get(name, UNKNOWN))
        else:
            told = {
                "value": {each: value[each] for each in changed if each in value},
                "before": {each: was[each] for each in changed if each in was},
            }
        identity = f"{cause} {name or 'preferences'}"
        yield Occurrence(PREFERENCE_CHANGED, name, now, identity, told, direction="internal")


def _parts(wishes: Preferences | None) -> dict[str, object]:
    """The parts that say something, as JSON values, instants and lengths; the order of what is off means nothing."""
    if wishes is None:
        return {}
    parts = {
        "channels": sorted(wishes.channels_off) or None,
        "topics": sorted(wishes.topics_off) or None,
        "frequency": None if wishes.at_most is None else {"n": wishes.at_most[0], "per": wishes.at_most[1]},
        "snooze": wishes.snooze_until,
        "quiet": None if wishes.quiet is None else list(wishes.quiet),
    }
    return {name: value for name, value in parts.items() if value is not None}
