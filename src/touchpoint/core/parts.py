"""Every trigger and every expression of journeys, in reading order."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Self, get_args

import attrs

from touchpoint.core.rule_parts import RuleParts, told_in
from touchpoint.journey.conditions import Expression, Told
from touchpoint.journey.journey import Journey
from touchpoint.journey.steps import Ask, Send
from touchpoint.journey.taken_apart import scene_of
from touchpoint.journey.triggers import On, Trigger
from touchpoint.model.message import Message

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


def triggers_of_journeys(journeys: Sequence[Journey]) -> Iterable[tuple[str, Trigger]]:
    """Every trigger of every journey, with its name, in reading order."""
    return ((each.name, trigger) for each in journeys for trigger in JourneyParts.of(each).triggers())


def expressions_of_journeys(journeys: Sequence[Journey]) -> Iterable[Expression]:
    """Every condition and value of every journey, in reading order."""
    return (expression for each in journeys for expression in JourneyParts.of(each).expressions())
