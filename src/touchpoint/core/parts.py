"""Every trigger and every expression of journeys, in reading order, and what has to be known to answer them."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, Self, get_args

import attrs

from touchpoint.core.case_terms import AllTerms, terms_of, versions_of_cases
from touchpoint.core.familiar import conditions_of
from touchpoint.core.keys import key_of
from touchpoint.core.listening import Listening, listening
from touchpoint.core.rule_parts import RuleParts, told_in
from touchpoint.core.segments import SegmentSpec, versions_of
from touchpoint.core.sessions import session_on
from touchpoint.core.signals import SignalTable, collect
from touchpoint.core.timed import CalendarSpec, SilenceSpec, by_type, calendar_in, silences_in
from touchpoint.durations import length
from touchpoint.journey.conditions import Expression, Told
from touchpoint.journey.data_use import Declared
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import LiveRuns, Policy
from touchpoint.journey.steps import Ask, Send
from touchpoint.journey.taken_apart import scene_of
from touchpoint.journey.triggers import Dwelt, Entered, Left, On, Trigger
from touchpoint.model.message import Message
from touchpoint.policy.content_binding import sessions_of

Triggers = Sequence[tuple[str, Trigger]]
"""Triggers, each with the name of its journey."""


_RARER: Final = (*(each for each in get_args(Trigger) if each is not On), Ask)
"""Triggers that are no touchpoints of a type, and steps that stand for others, among which there may be such."""


@attrs.frozen(eq=False)
class JourneyParts:
    """A journey with its rules taken apart."""

    journey: Journey
    rules: Sequence[RuleParts]

    @classmethod
    def of(cls, journey: Journey) -> Self:
        """The parts of this journey."""
        steps = scene_of(journey).steps.values()  # of a journey that is valid: of each of its rules
        named = ([(name, step) for _, name, step in each] for each in steps)
        return cls(journey, tuple(map(RuleParts, journey.rules, named)))

    def triggers(self) -> Iterator[Trigger]:
        """Every trigger, in reading order."""
        for stage in self.journey.stages:
            yield from stage.when
        for rule in self.rules:
            yield from rule.triggers()

    def rarer_triggers(self) -> Iterable[Trigger]:
        """Every trigger that is no touchpoint of a type, in reading order: many journeys have none."""
        if not scene_of(self.journey).only(*_RARER):
            return ()
        return (each for each in self.triggers() if type(each) is not On)

    def expressions(self) -> Iterator[Expression]:
        """Every condition and value, in reading order."""
        yield from (stage.given for stage in self.journey.stages if stage.given is not None)
        yield from (segment.condition for segment in self.journey.segments)
        for rule in self.rules:
            yield from rule.expressions
        for suggestion in self.journey.suggestions:
            yield from suggestion.expressions

    def messages(self) -> dict[str, Message]:
        """Its messages by name, in reading order, as `Journey.messages` has them."""
        sent = (step.message for rule in self.rules for _, step in rule.steps if isinstance(step, Send))
        return {message.name: message for message in sent}

    def asked(self) -> Iterable[Told]:
        """Every question about what came back of messages; nobody asks in many journeys."""
        return self._asked() if scene_of(self.journey).deep.only(Told, Ask) else ()

    def _asked(self) -> Iterator[Told]:
        given = [stage.given for stage in self.journey.stages if stage.given is not None]
        yield from told_in([*given, *(segment.condition for segment in self.journey.segments)])
        for rule in self.rules:
            yield from rule.asked
        for suggestion in self.journey.suggestions:
            yield from told_in(suggestion.expressions)


@attrs.frozen(eq=False)
class Asked:
    """Everything that journeys and policies ask: of what is at work, first, and of what earlier runs finish on."""

    house: Policy
    journeys: Sequence[Journey]
    parts: Sequence[JourneyParts]
    known: Declared

    @property
    def at_work(self) -> Sequence[JourneyParts]:
        """What anything can start by."""
        return self.parts[: len(self.journeys)]

    @cached_property
    def policies(self) -> Sequence[Policy]:
        """That of the house, then those of the journeys at work."""
        return [self.house, *(journey.policy for journey in self.journeys)]

    @cached_property
    def rarer(self) -> Triggers:
        """The triggers that wait for anything else than a touchpoint, each with its journey: few."""
        return [(each.journey.name, trigger) for each in self.parts for trigger in each.rarer_triggers()]

    @cached_property
    def silences(self) -> Mapping[str, SilenceSpec]:
        """The silences that anybody waits for."""
        return silences_in(self.rarer)

    @cached_property
    def dwells(self) -> Mapping[str, tuple[tuple[str, int], ...]]:
        """The stays in stages: `journey/stage` → ((name of the dwell, its length), …)."""
        return _dwells(self.rarer)

    @cached_property
    def calendar(self) -> Mapping[str, CalendarSpec]:
        """The dates and schedules."""
        return calendar_in(self.rarer)

    @cached_property
    def sessions(self) -> Mapping[str, bool]:
        """The channels on which it counts when the customer last wrote."""
        return sessions_of(self.policies)

    @cached_property
    def terms(self) -> AllTerms:
        """What is promised of cases."""
        return terms_of(self.journeys)

    def moves(self) -> bool:
        """Whether anything waits for somebody who enters, leaves, or stays in a stage."""
        return any(isinstance(each, Entered | Left | Dwelt) for _, each in self.rarer)

    def remembers_more(self) -> Mapping[str, object] | None:
        """The types of touchpoints of which more is remembered than counts; None for all."""
        if self.sessions or any(each.of is None for each in self.silences.values()):
            return None
        return by_type(self.silences.values())

    def version(self, signals: Iterable[str], segments: Iterable[SegmentSpec]) -> str:
        """What changes with what is kept of customers: their signals, and what else they are looked at for."""
        stays = [name for each in self.dwells.values() for name, _ in each]
        timed = [*sorted(self.silences), *sorted(stays), *self.calendar]
        more = [*map(session_on, sorted(self.sessions)), *versions_of(segments), *versions_of_cases(self.terms)]
        return hashlib.sha256("\n".join([*sorted(signals), *timed, *more]).encode()).hexdigest()[:12]

    def defers_starts(self) -> bool:
        """Whether a policy has starts of runs wait until others have ended."""
        items = (item for policy in self.policies for item in policy.items)
        return any(isinstance(each, LiveRuns) and each.over == "defer" for each in items)

    def signals(self) -> SignalTable:
        """What has to be kept of the past to answer it."""
        return collect((*(one for each in self.parts for one in each.expressions()), *conditions_of(self.policies)))

    def messages(self) -> dict[str, Message]:
        """What the journeys at work may send, by name."""
        return {name: message for each in self.at_work for name, message in each.messages().items()}

    def listening(self, messages: Iterable[Message]) -> Listening:
        """What anybody listens to."""
        told = [node for each in self.parts for node in each.asked()]
        return listening(self.rarer, [*told, *told_in(conditions_of(self.policies))], messages)


def triggers_of_journeys(journeys: Sequence[Journey]) -> Iterable[tuple[str, Trigger]]:
    """Every trigger of every journey, with its name, in reading order."""
    return ((each.name, trigger) for each in journeys for trigger in JourneyParts.of(each).triggers())


def expressions_of_journeys(journeys: Sequence[Journey]) -> Iterable[Expression]:
    """Every condition and value of every journey, in reading order."""
    return (expression for each in journeys for expression in JourneyParts.of(each).expressions())


def _dwells(triggers: Triggers) -> dict[str, tuple[tuple[str, int], ...]]:
    """`journey/stage` → ((name of the dwell, its length), …)."""
    found: dict[str, dict[str, int]] = {}
    for journey, trigger in triggers:
        if isinstance(trigger, Dwelt):
            name = key_of(trigger, journey)[1]
            found.setdefault(name.rpartition("|")[0], {})[name] = length(trigger.length)
    return {stage: tuple(each.items()) for stage, each in found.items()}
