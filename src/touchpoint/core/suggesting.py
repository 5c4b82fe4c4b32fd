"""What to offer somebody who asks at a place (S6.5): ranked by value, through the gate. Changes nothing.

Every suggestion of the place is asked the same questions in the same order. For an answer the cheap ones come first for
all of them, and the gate is asked from the highest value down until enough are found; for an explanation all are asked.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any, Final, TypeAlias

import attrs

from touchpoint.core.context import Context
from touchpoint.core.gate import World, facts_about, tell_of_words
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.remembered import Signal
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


Answered: TypeAlias = tuple[bool, Callable[[], Verdict]]
"""Whether a check has nothing against it, and what it saw, in words: for whoever wants to know."""
_AGAINST: Final = deny("suggestion", "one of its own conditions is not met")


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
        self._members = _Members(self)
        self._today: date | None = None

    def context(self, journey: str) -> Context:
        """What the conditions of a journey's suggestions may look at."""
        known = self._contexts.get(journey)
        if known is None:
            state = self.state
            self._contexts[journey] = known = Context(
                traits=state.profile.traits, now=self.now, signals=state.signals, case_open=state.case_open,
                stage_of=state.stage_of, exposures=state.exposures, segments=self._members, journey=journey,
                consents=state.profile.consents,
            )  # fmt: skip
        return known

    # What the suggestion itself asks.

    def first(self, spec: SuggestionSpec) -> Judged:
        """The checks that need no gate: each with its reading where it is thorough, else up to the first against it."""
        judged = Judged(spec, [])
        for holds, tell in self._own(judged):
            if self.thorough:
                judged.checks.append(tell())
            elif not holds:
                judged.checks.append(_AGAINST)
                break
        return judged

    def _own(self, judged: Judged) -> Iterator[Answered]:
        spec, each = judged.spec, judged.spec.suggestion
        if each.valid_from is not None or each.valid_until is not None:
            yield self._valid(spec)
        if each.stages:
            stage = self.state.stage_of(spec.journey)
            yield stage in each.stages, partial(_of_stage, stage, each.stages)
        if each.segments:
            found = [name for name, full in zip(each.segments, spec.segments, strict=True) if full in self._members]
            yield bool(found), partial(_of_segments, found, each.segments)
        for rest in spec.rests:
            yield self._rest(rest)
        if spec.given is not None:
            context = self.context(spec.journey)
            holds = spec.given(context) is True
            yield holds, partial(_of_condition, spec, context, holds)
        yield self._worth(judged)

    def _valid(self, spec: SuggestionSpec) -> Answered:
        each, today = spec.suggestion, self._local_day()
        begun = each.valid_from is None or today >= each.valid_from
        over = each.valid_until is not None and today >= each.valid_until
        told = f"offered until {each.valid_until}" if over else "" if begun else f"offered from {each.valid_from} on"
        day = f"today is {today}"
        return not told, lambda: deny(VALID, f"{told}; {day}") if told else allow(VALID, day)

    def _local_day(self) -> date:
        if self._today is None:
            zones = self.state.profile.zones
            self._today = (to_local(self.now, zone(zones[0])) if zones else instant(self.now)).date()
        return self._today

    def _rest(self, rest: Rest) -> Answered:
        if not self._happened(rest.signal):
            return True, partial(allow, RESTS, f"not {rest.called}")
        if rest.lasts is None:
            return False, partial(deny, RESTS, f"{rest.called}; never again")
        last = self.state.signals.last(rest.signal.key) or 0
        until = last + rest.lasts
        return self.now >= until, partial(_of_rest, rest.called, last, rest.lasts, until, self.now)

    def _happened(self, signal: Signal) -> bool:
        past = self.state.signals
        return signal.key in past or past.last(signal.key) is not None

    def _worth(self, judged: Judged) -> Answered:
        spec, context = judged.spec, self.context(judged.spec.journey)
        value = spec.value(context)
        is_known = is_number(value)
        judged.value = value if is_known else None  # type: ignore[assignment]  # it is a number then
        return is_known, partial(_of_value, spec, context, value, is_known)

    # The gate.

    def ask_gate(self, judged: Judged) -> None:
        """The checks of the gate, all of them; the words, where nothing stands against it."""
        spec, message, state = judged.spec, judged.spec.message, self.state
        facts, on = facts_about(self.program, state, self.world, spec.journey, message, self.place, self.now)
        words = render(self.program, state, _nobodys_run(spec, self.now), message, self.place, self.now)
        tell_of_words(self.program, message, words, on)
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
        sent, past, key = facts.history, self.state.signals, spec.shown.key
        ats = [0] * past.get(key, 0) if spec.shown.within is None else past.instants(key)
        facts.history = [_shown(spec, facts.kind, self.place, at) for at in ats]
        found = check_limit(facts, on)
        facts.history = sent
        return found


def _shown(spec: SuggestionSpec, kind: str, place: str, at: int) -> HandOver:
    return HandOver(at, "shown", spec.journey, spec.name, kind, place, state="accepted")


# What the checks of a suggestion saw, in words.


def _of_stage(stage: str | None, wanted: Sequence[str]) -> Verdict:
    here = f"in the stage {stage}" if stage else "in no stage"
    return allow(STAGE, here) if stage in wanted else deny(STAGE, f"{here}, not in {' or '.join(wanted)}")


def _of_segments(found: Sequence[str], wanted: Sequence[str]) -> Verdict:
    return allow(SEGMENT, f"in {', '.join(found)}") if found else deny(SEGMENT, f"not in {' or '.join(wanted)}")


def _of_condition(spec: SuggestionSpec, context: Context, holds: bool) -> Verdict:  # noqa: FBT001 - the answer
    reading = "" if spec.tell is None else spec.tell(context)
    return allow(GIVEN, reading) if holds else deny(GIVEN, f"not true: {reading}")


def _of_rest(called: str, last: int, lasts: int, until: int, now: int) -> Verdict:
    told = f"{called} at {instant(last):%Y-%m-%d %H:%M} UTC"
    if now >= until:
        return allow(RESTS, told)
    return defer(RESTS, f"{told}; rests for {spoken(instant(lasts) - instant(0))}", until=until)


def _of_value(spec: SuggestionSpec, context: Context, value: object, is_known: bool) -> Verdict:  # noqa: FBT001 - likewise
    reading = spec.tell_value(context)
    if is_known:
        return allow(VALUE, reading, {"value": str(value)})
    return deny(VALUE, f"{'unknown' if value is UNKNOWN else 'no number'}: {reading}")


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
