"""Which triggers an occurrence meets: by its kind and name, and where triggers ask for more, by what it says.

Triggers are indexed by keys, (kind, name). Most occurrences have one key. What came back of a message, and a change to
a certain value, have more of them, but only where some trigger of the program asks; nobody else pays for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, assert_never

import attrs

from touchpoint.compact import compact
from touchpoint.core.identity import message_key
from touchpoint.core.occurrence import CONSENT_CHANGED, ENDED, PREFERENCE_CHANGED, TOUCHPOINT, TRAIT_CHANGED, Occurrence
from touchpoint.core.referrals import Conversions, finer_of_referrals
from touchpoint.core.state import Run, Watch
from touchpoint.core.values import UNKNOWN, equal
from touchpoint.journey.changes import Change, ConsentChanged, PreferenceChanged, TraitChanged
from touchpoint.journey.outcomes import ENDS, Ended, Failed, MessageTrigger, Sent
from touchpoint.journey.triggers import Trigger

Key = tuple[str, str]
TOLD: Final = "told"
"""The kind of key for what came back of any message; `own` for what came back of the run's own."""
OWN: Final = "own"
OWN_ENDED: Final = "own ended"
"""The kind of key for an end of the run's own. A message that was sent and comes back has failed, but ends no more."""

_SAYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "delivered": ("delivered", ("delivered",)),
    "opened": ("opened", ("delivered", "opened")),
    "clicked": ("clicked", ("delivered", "opened", "clicked")),
    "replied": ("replied", ("delivered", "opened", "replied")),
    "feedback": ("answered", ("delivered", "opened", "answered")),
    "complained": ("", ("delivered",)),
    "bounced": ("failed", ("failed",)),
    "failed": ("failed", ("failed",)),
}
"""Type of touchpoint → what it tells of any message, and what it tells a run of its own: an open proves delivery."""
COMES_BACK: Final = frozenset(_SAYS)
"""Types of touchpoints that tell what became of a message after it was sent."""
_BY_MACHINES: Final = frozenset({"opened", "clicked"})


@attrs.frozen
class Values:
    """More keys of an occurrence whose property `value` equals something that a trigger asks for."""

    options: tuple[tuple[object, Key], ...]

    def keys(self, occurrence: Occurrence) -> tuple[Key, ...]:
        """Those it has."""
        value = occurrence.properties.get("value", UNKNOWN)
        return tuple(key for option, key in self.options if equal(value, option) is True)


@attrs.frozen
class Messages:
    """More keys of a touchpoint that tells of one of these messages."""

    names: frozenset[str]

    def keys(self, occurrence: Occurrence) -> tuple[Key, ...]:
        """Those it has."""
        name = occurrence.properties.get("message")
        what = "" if by_machine(occurrence) else _SAYS[occurrence.name][0]
        return ((TOLD, f"{name}|{what}"),) if what and name in self.names else ()


Finer = Mapping[Key, Values | Messages | Conversions]


def by_machine(occurrence: Occurrence) -> bool:
    """Whether a program, not a person, has opened or clicked: its sender says so."""
    return occurrence.name in _BY_MACHINES and occurrence.properties.get("machine") is True


def keys_of_message(trigger: MessageTrigger, *, in_run: bool) -> tuple[Key, ...]:
    """The keys of a trigger by what became of a message; `in_run`: where a run waits, exits or has its goal."""
    whose = (OWN_ENDED, OWN) if in_run and not trigger.any_run else (ENDED, TOLD)
    match trigger:
        case Ended():
            return tuple((whose[0], f"{trigger.message}|{end}") for end in ((trigger.as_,) if trigger.as_ else ENDS))
        case Failed():
            return tuple((kind, f"{trigger.message}|failed") for kind in whose)
    what = type(trigger).__name__.lower()
    return ((whose[0 if what in ENDS else 1], f"{trigger.message}|{what}"),)


def key_of_news(trigger: Change | MessageTrigger) -> Key:
    """The key of a trigger by a change, or the first of one by what became of any message."""
    if isinstance(trigger, Change):
        return key_of_change(trigger)
    return keys_of_message(trigger, in_run=False)[0]


def key_of_change(trigger: Change) -> Key:
    """The key of a trigger by a change."""
    plain = _plain_key(trigger)
    to = getattr(trigger, "to", None)
    return plain if to is None else (plain[0], f"{plain[1]} → {compact(shape_of(to))}")


def shape_of(value: object) -> object:
    """A literal with its type: 1 is not True."""
    return [type(value).__name__, str(value)]


def _plain_key(trigger: Change) -> Key:
    match trigger:
        case TraitChanged():
            return TRAIT_CHANGED, trigger.trait
        case PreferenceChanged():
            return PREFERENCE_CHANGED, trigger.what or ""
        case ConsentChanged():
            return CONSENT_CHANGED, consent_name(trigger.purpose, trigger.channel)
        case _:
            assert_never(trigger)


def consent_name(purpose: str | None, channel: str | None) -> str:
    """What a change of consent is called, of a purpose and channel or (None) of whichever it is about."""
    return compact([purpose, channel])


def finer_of(triggers: Sequence[Trigger], asked: Iterable[str]) -> dict[Key, Values | Messages | Conversions]:
    """Which occurrences have more keys than one.

    Args:
        triggers: all of the program.
        asked: messages of which conditions ask what came back.
    """
    names: set[str] = set()
    values: dict[Key, dict[Key, object]] = {}
    for each in triggers:
        match each:
            case ConsentChanged() | TraitChanged() if each.to is not None:
                values.setdefault(_plain_key(each), {}).setdefault(key_of_change(each), each.to)
            case Sent() | Ended() | ConsentChanged() | TraitChanged():
                pass
            case _ if hasattr(each, "message"):
                names.add(each.message)
    names |= set(asked)
    found: dict[Key, Values | Messages | Conversions] = {
        plain: Values(tuple((option, key) for key, option in each.items())) for plain, each in values.items()
    }
    found.update(finer_of_referrals(triggers))
    if names:
        found.update(((TOUCHPOINT, each), Messages(frozenset(names))) for each in sorted(COMES_BACK))
    return found


def keys_of_occurrence(finer: Finer, occurrence: Occurrence) -> tuple[Key, ...]:
    """All keys of an occurrence, but those of a run's own messages."""
    key = occurrence.kind, occurrence.name
    more = finer.get(key)
    return (key,) if more is None else (key, *more.keys(occurrence))


def keys_for(run: Run | Watch, occurrence: Occurrence, keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """The keys with those that it has for this run: what became of a message that this very run has sent."""
    if occurrence.about is None or not owns(run, occurrence.about):
        return keys
    return (*keys, *own_keys(occurrence))


def own_keys(occurrence: Occurrence) -> Iterator[Key]:
    """The keys that it has for the run whose message it is about."""
    if occurrence.kind == ENDED:
        yield OWN_ENDED, occurrence.name
    elif occurrence.kind == TOUCHPOINT and occurrence.name in _SAYS:
        said = ("delivered",) if by_machine(occurrence) else _SAYS[occurrence.name][1]
        yield from ((OWN, f"{occurrence.properties.get('message')}|{each}") for each in said)


def owns(run: Run | Watch, message: str) -> bool:
    """Whether a message, by its key, is one of this run's: keys are made of run, step and visit alone (S6.3)."""
    return any(
        message_key(run.id, node, visit) == message
        for node, visits in run.visits.items()
        for visit in range(1, visits + 1)
    )


def note_told(run: Run | Watch, occurrence: Occurrence) -> None:
    """Keep with the run what came back of a message of its own."""
    if occurrence.about is None or occurrence.name not in _SAYS or not owns(run, occurrence.about):
        return
    told = run.told.get(occurrence.about, (str(occurrence.properties.get("message")),))
    what = "delivered" if by_machine(occurrence) else occurrence.name
    if what not in told[1:]:
        run.told = {**run.told, occurrence.about: [*told, what]}


_LIVED: Final = frozenset({"opened", "clicked", "replied", "feedback", "complained"})
_LOST: Final = frozenset({"bounced", "failed"})


def is_told(told: Mapping[str, Iterable[str]], outcomes: Mapping[str, str], message: str, what: str) -> bool:
    """Whether this came back of a message of a run.

    The furthest counts, in whatever order it came (S6.9): an open or a click proves delivery, and outweighs a failure.
    """
    if what == "failed" and outcomes.get(message) == "failed":
        return True
    return any(_tells(frozenset(states), what) for name, *states in told.values() if name == message)


def _tells(states: frozenset[str], what: str) -> bool:
    lived, lost = bool(states & _LIVED), bool(states & _LOST)
    match what:
        case "failed":
            return lost and not lived
        case "delivered":
            return lived or ("delivered" in states and not lost)
        case "opened":
            return bool(states & {"opened", "clicked", "replied", "feedback"})
        case "answered":
            return "feedback" in states
    return what in states
