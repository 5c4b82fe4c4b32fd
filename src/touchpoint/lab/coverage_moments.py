"""The entries of a journal as coverage sees them: when, what was decided, and what each raised."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, Self

import attrs

from touchpoint.core.cases import OF_CASES, keys_of_missed
from touchpoint.core.keys import Key
from touchpoint.core.matching import COMES_BACK, OWN_ENDED, Messages, own_keys
from touchpoint.core.occurrence import CONSENT_CHANGED, ENDED, TOUCHPOINT, TRAIT_CHANGED
from touchpoint.core.program import Program
from touchpoint.core.referrals import Conversions
from touchpoint.core.segments import JOINED, LEFT
from touchpoint.core.unmet import Asked, lists_of
from touchpoint.engine.recalled import Known, one_by_one
from touchpoint.engine.recorded import occurrence_of
from touchpoint.errors import JourneyError
from touchpoint.journey.codec import journey_from_dict
from touchpoint.journey.journey import Journey
from touchpoint.model.referral import CONVERTED
from touchpoint.model.suggested import SUGGESTION_TYPES
from touchpoint.stores.base import EntryRow, Reader
from touchpoint.stores.codec import loads

_CLASSES: Final = ("touchpoints", "traits")
"""What a definition declares by classes of the host, which nobody needs here."""


@attrs.define(eq=False)
class Moment:
    """One journal entry: when it was decided on, what was decided, and every key that it raised.

    Of a timer that is no run's only the kind was recorded: its key has the name `*`. `offered` is (journey, suggestion,
    what came of it) of a touchpoint that tells of one.
    """

    at: int
    kind: str
    lines: list[list[Any]]
    own: Key
    heard: set[Key]
    offered: tuple[str, str, str] | None = None

    @classmethod
    def of(cls, entry: EntryRow, lists: Known[Asked]) -> Self:
        """From the journal."""
        lines = list(one_by_one(loads(entry.trace), lists)) if entry.trace else []
        timer = {"dwell": "dwelt"}.get(entry.type, entry.type)
        own = (timer, "*") if entry.kind == "timer" else (entry.kind, entry.type)
        if own[0] in OF_CASES:
            own = next(_raised(lines), own)  # which case and deadline is recorded first
        return cls(entry.recorded_at, entry.kind, lines, own, {own, *_raised(lines), *_said(entry)}, _offered(entry))

    def raises(self, keys: Iterable[Key]) -> bool:
        """Whether it raised any of these."""
        return any(each in self.heard or (each[0], "*") in self.heard for each in keys)


def _raised(lines: Iterable[list[Any]]) -> Iterator[Key]:
    for line in lines:
        match line:
            case ["stage", journey, left, entered]:
                yield "left", f"{journey}/{left}"
                yield "entered", f"{journey}/{entered}"
            case ["case", "opened" | "closed" | "reopened" | "merged" as what, kind, _]:
                yield f"case_{what}", kind
            case ["message", name, status, *_]:
                yield from ((kind, f"{name}|{status}") for kind in (ENDED, OWN_ENDED))
            case ["case", what, kind, _]:
                yield from keys_of_missed(kind, what)
            case ["trait", _]:
                yield TRAIT_CHANGED, "*"  # perhaps: what it was set to is not recorded
            case ["segment", what, journey, segment, _]:
                yield (JOINED if what == "joined" else LEFT), f"{journey}/{segment}"
            case ["started" | "refused", journey, rule, *_]:
                yield "enrolled", f"{journey}/{rule}"  # perhaps: an Enrol step leaves no other trace


def _said(entry: EntryRow) -> Iterator[Key]:
    """More keys of what came back of a message, for any run and perhaps for the run that sent it; and of a change."""
    if entry.kind in (TRAIT_CHANGED, CONSENT_CHANGED):
        yield entry.kind, "*"
    if entry.kind == TOUCHPOINT and entry.type in COMES_BACK:
        came = occurrence_of(entry)
        yield from Messages(frozenset({str(came.properties.get("message"))})).keys(came)
        yield from own_keys(came)
    if entry.kind == TOUCHPOINT and entry.type == CONVERTED:
        came = occurrence_of(entry)
        yield from Conversions(frozenset({str(came.properties.get("converted"))})).keys(came)


def _offered(entry: EntryRow) -> tuple[str, str, str] | None:
    if entry.kind != TOUCHPOINT or entry.type not in SUGGESTION_TYPES:
        return None
    told = occurrence_of(entry).properties
    return str(told.get("journey")), str(told.get("suggestion")), entry.type.removeprefix("suggestion_")


def lists_in(program: Program, reader: Reader) -> Known[Asked]:
    """The lists of rules of which traces of a store may tell: those of this program, and of all earlier definitions."""

    def definitions(journey: str) -> Iterator[Journey]:
        if journey in program.journeys:
            yield program.journeys[journey]
        for _, name, text, _ in reversed(reader.definitions() if journey in program.journeys else []):
            if name == journey:
                with suppress(JourneyError):  # of a later version of the library
                    yield journey_from_dict({key: it for key, it in loads(text).items() if key not in _CLASSES})

    return Known(definitions, lists_of)


def moments_of(entries: Iterable[EntryRow], lists: Known[Asked]) -> list[Moment]:
    """The entries of one customer's journal, oldest first."""
    found: list[Moment] = []
    for entry in entries:
        moment = Moment.of(entry, lists)
        if found and not moment.lines and moment.kind == TOUCHPOINT and loads(entry.body)[2] == "internal":
            found[-1].heard.add(moment.own)  # an Emit: it follows the entry whose decision raised it
        found.append(moment)
    return found
