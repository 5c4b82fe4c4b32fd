"""What to offer somebody who asks at a place (S6.5): ranked by value, through the gate. Changes nothing.

Every suggestion of the place is asked the same questions in the same order. For an answer the cheap ones come first for
all of them, and the gate is asked from the highest value down until enough are found; for an explanation all are asked.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

import attrs

from touchpoint.core.context import Context
from touchpoint.core.gate import World, facts_about, note_words
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.render import render
from touchpoint.core.sessions import session_on
from touchpoint.core.state import Run, State
from touchpoint.core.suggestions import Rest, SuggestionSpec
from touchpoint.core.values import UNKNOWN
from touchpoint.durations import instant, spoken
from touchpoint.journey.policy import Pull
from touchpoint.model.delivery import RenderedMessage
from touchpoint.model.message import Number
from touchpoint.model.suggested import is_number
from touchpoint.policy.caps import check_limit
from touchpoint.policy.checks import checks_for_suggestion
from touchpoint.policy.facts import ChannelFacts, Facts, HandOver
from touchpoint.policy.verdict import Verdict, allow, defer, deny
from touchpoint.zones import to_local, zone

VALID: Final = "valid"
STAGE: Final = "stage"
SEGMENT: Final = "segment"
GIVEN: Final = "given"
VALUE: Final = "value"
RESTS: Final = "rests"
"""The checks of a suggestion that come before those of the gate."""


@attrs.define
class Judged:
    """A suggestion with what the checks say of it. `value` is None where it is not known.

    `rank` counts from 1 among those that may be offered. `words` are there where nothing stands against it.
    """

    spec: SuggestionSpec = attrs.field(repr=False)
    checks: list[Verdict] = attrs.field(repr=False)
    value: Number | None = attrs.field(default=None, repr=False)
    words: RenderedMessage | None = attrs.field(default=None, repr=False)
    rank: int | None = None

    @property
    def eligible(self) -> bool:
        """Whether nothing stands against it."""
        return all(each.answer == "allow" for each in self.checks)


def suggest(program: Program, state: State, world: World, place: str, now: int, n: int) -> list[Judged]:
    """The best `n` of those that may be offered, best first."""
    asking = _Asking(program, state, world, place, now)
    found: list[Judged] = []
    for each in _ranked(asking.first(spec) for spec in program.suggestions.get(place, ())):
        asking.ask_gate(each)
        if each.eligible:
            found.append(each)
            each.rank = len(found)
            if len(found) == n:
                break
    return found


def judge(program: Program, state: State, world: World, place: str, now: int) -> list[Judged]:
    """Every suggestion of a place with every check: those that may be offered best first, then the others as declared.

    No check hides another.
    """
    asking = _Asking(program, state, world, place, now, thorough=True)
    judged = [asking.first(spec) for spec in program.suggestions.get(place, ())]
    for each in judged:
        asking.ask_gate(each)
    best = _ranked(judged)
    for rank, each in enumerate(best, 1):
        each.rank = rank
    return [*best, *(each for each in judged if not each.eligible)]


def _ranked(judged: "Sequence[Judged] | Iterator[Judged]") -> list[Judged]:
    eligible = sorted((each for each in judged if each.eligible), key=_order)
    eligible.sort(key=_value, reverse=True)  # stable: where values are equal, the order of before stays
    return eligible


def _order(each: Judged) -> tuple[int, int]:
    return -each.spec.suggestion.priority, each.spec.index


def _value(each: Judged) -> Any:  # noqa: ANN401 - numbers of several sorts compare with each other
    return each.value


class _Members:
    """The segments that somebody is in at this very instant, also where a window has lapsed and nobody has looked."""

    def __init__(self, asking: "_Asking") -> None:
        self._asking = asking
        # Who is in one segment may depend on another: once any window has lapsed, all are found out.
        self._lapsed = any(due <= asking.now for due in asking.state.lapses.values())

    def __contains__(self, name: object) -> bool:
        asking = self._asking
        spec = asking.program.segments.get(str(name))
        if spec is None or not self._lapsed:
            return name in asking.state.segments
        return spec.closure(asking.context(spec.journey)) is True


class _Asking:
    """One question at one place. `thorough` asks everything, also where the answer is known already."""

    def __init__(
        self, program: Program, state: State, world: World, place: str, now: int, *, thorough: bool = False
    ) -> None:
        self.program = program
        self.state = state
        self.world = world
        self.place = place
        self.now = max(now, state.now)
        self.thorough = thorough
        self._contexts: dict[str, Context] = {}
        self._today: date | None = None

    def context(self, journey: str) -> Context:
        """What the conditions of a journey's suggestions may look at."""
        known = self._contexts.get(journey)
        if known is None:
            state = self.state
            self._contexts[journey] = known = Context(
                traits=state.profile.traits, now=self.now, signals=state.signals, case_open=state.case_open,
                stage_of=state.stage_of, exposures=state.exposures, segments=_Members(self), journey=journey,
                consents=state.profile.consents,
            )  # fmt: skip
        return known

    # What the suggestion itself asks.

    def first(self, spec: SuggestionSpec) -> Judged:
        """The checks that need no gate; where it is not thorough, up to the first that is against it."""
        judged = Judged(spec, [])
        for verdict in self._own(judged):
            judged.checks.append(verdict)
            if verdict.answer != "allow" and not self.thorough:
                break
        return judged

    def _own(self, judged: Judged) -> Iterator[Verdict]:
        spec, each = judged.spec, judged.spec.suggestion
        if each.valid_from is not None or each.valid_until is not None:
            yield self._valid(spec)
        if each.stages:
            stage = self.state.stage_of(spec.journey)
            wanted = f"one of {', '.join(each.stages)}" if len(each.stages) > 1 else each.stages[0]
            told = f"in the stage {stage}, not {wanted}" if stage else f"in no stage, not {wanted}"
            yield allow(STAGE, f"in the stage {stage}") if stage in each.stages else deny(STAGE, told)
        if each.segments:
            yield self._segments(spec)
        yield from self._rests(spec)
        if spec.given is not None and spec.tell is not None:
            context = self.context(spec.journey)
            holds = spec.given(context) is True
            reading = "" if holds and not self.thorough else spec.tell(context)
            yield allow(GIVEN, reading) if holds else deny(GIVEN, f"not true: {reading}")
        yield self._worth(judged)

    def _valid(self, spec: SuggestionSpec) -> Verdict:
        each, today = spec.suggestion, self._local_day()
        if each.valid_from is not None and today < each.valid_from:
            return deny(VALID, f"offered from {each.valid_from} on; today is {today}")
        if each.valid_until is not None and today >= each.valid_until:
            return deny(VALID, f"offered until {each.valid_until}; today is {today}")
        return allow(VALID, f"today is {today}")

    def _local_day(self) -> date:
        if self._today is None:
            zones = self.state.profile.zones
            self._today = (to_local(self.now, zone(zones[0])) if zones else instant(self.now)).date()
        return self._today

    def _segments(self, spec: SuggestionSpec) -> Verdict:
        members, names = _Members(self), spec.suggestion.segments
        found = [name for name, full in zip(names, spec.segments, strict=True) if full in members]
        return allow(SEGMENT, f"in {', '.join(found)}") if found else deny(SEGMENT, f"not in {' or '.join(names)}")

    def _rests(self, spec: SuggestionSpec) -> Iterator[Verdict]:
        for rest in spec.rests:
            yield self._rest(rest)

    def _rest(self, rest: Rest) -> Verdict:
        data = self.state.signals.get(rest.signal.key)
        if rest.lasts is None:
            return deny(RESTS, f"{rest.called}; never again") if data else allow(RESTS, f"not {rest.called}")
        ats: list[int] = rest.signal.instants(data) if data else []
        if not ats or self.now >= ats[-1] + rest.lasts:
            return allow(RESTS, f"not {rest.called} of late")
        until = ats[-1] + rest.lasts
        lasts = spoken(instant(rest.lasts) - instant(0))
        return defer(RESTS, f"{rest.called} at {instant(ats[-1]):%Y-%m-%d %H:%M} UTC; rests for {lasts}", until=until)

    def _worth(self, judged: Judged) -> Verdict:
        context = self.context(judged.spec.journey)
        value = judged.spec.value(context)
        if not is_number(value):
            told = f": {judged.spec.tell_value(context)}"
            return deny(VALUE, ("unknown" if value is UNKNOWN else "no number") + told)
        judged.value = value  # type: ignore[assignment]  # it is a number
        return allow(VALUE, judged.spec.tell_value(context) if self.thorough else "", {"value": str(value)})

    # The gate.

    def ask_gate(self, judged: Judged) -> None:
        """The checks of the gate, all of them; the words, where nothing stands against it."""
        spec, message, state = judged.spec, judged.spec.message, self.state
        facts, on = facts_about(self.program, state, self.world, spec.journey, message, self.place, self.now)
        words = render(self.program, state, _nobodys_run(spec, self.now), message, self.place, self.now)
        note_words(self.program, message, words, on)
        if facts.policy.content is not None:
            on.words = words.message
            on.last_inbound = state.heard.get(session_on(self.place)) if self.program.sessions else None
        judged.checks += self._limited(spec, facts, on)
        quiet_hours, caps = bound_by(facts.policy.pulls, self.place, message.kind)
        for check in checks_for_suggestion(quiet_hours=quiet_hours, caps=caps):
            judged.checks += check(facts, on)
        judged.words = words.message

    def _limited(self, spec: SuggestionSpec, facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
        """Its limit, which counts how often it was shown rather than handed over."""
        if spec.shown is None:
            return ()
        sent, kept = facts.history, self.state.signals.get(spec.shown.key)
        ats: list[int] = [0] * int(str(kept or 0)) if spec.shown.within is None else spec.shown.instants(kept or [])
        facts.history = [_shown(spec, facts.kind, self.place, at) for at in ats]
        found = check_limit(facts, on)
        facts.history = sent
        return found


def _shown(spec: SuggestionSpec, kind: str, place: str, at: int) -> HandOver:
    return HandOver(at, "shown", spec.journey, spec.name, kind, place, state="accepted")


def bound_by(pulls: Sequence[Pull], place: str, kind: str) -> tuple[bool, bool]:
    """Whether quiet hours, and whether caps, bind suggestions of this kind at this place."""
    found = [each for each in pulls if each.covers(place, kind)]
    return any(each.quiet_hours for each in found), any(each.caps for each in found)


def takes_unknown(pulls: Sequence[Pull], place: str) -> bool:
    """Whether somebody nobody knows gets suggestions at this place, as the policy of the house has it."""
    return any(each.unknown and (each.places is None or place in each.places) for each in pulls)


def _nobodys_run(spec: SuggestionSpec, now: int) -> Run:
    nothing = Occurrence("", "", now, "")
    return Run("", spec.journey, "", None, now, 0, nothing, nothing)
