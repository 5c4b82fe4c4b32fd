"""Every trigger and every expression of journeys, in reading order."""

from collections.abc import Iterable, Sequence

from touchpoint.core.rule_parts import expressions_of
from touchpoint.journey.conditions import Expression
from touchpoint.journey.journey import Journey
from touchpoint.journey.steps import WaitFor, identified
from touchpoint.journey.triggers import Trigger

Triggers = Sequence[tuple[str, Trigger]]
"""Triggers, each with the name of its journey."""


def triggers_of_journeys(journeys: Sequence[Journey]) -> Iterable[tuple[str, Trigger]]:
    """Every trigger of every journey, in reading order."""
    for journey in journeys:
        for stage in journey.stages:
            yield from ((journey.name, each) for each in stage.when)
        for rule in journey.rules:
            yield from ((journey.name, each) for each in rule.when)
            yield from ((journey.name, each) for each in rule.exit if not isinstance(each, Expression))
            yield from ((journey.name, each) for each in (rule.goal.trigger if rule.goal else ()))
            for _, step in identified(rule.then):
                yield from ((journey.name, each) for each in (step.trigger if isinstance(step, WaitFor) else ()))


def expressions_of_journeys(journeys: Sequence[Journey]) -> Iterable[Expression]:
    """Every condition and value of every journey, in reading order."""
    for journey in journeys:
        yield from (stage.given for stage in journey.stages if stage.given is not None)
        yield from (segment.condition for segment in journey.segments)
        for rule in journey.rules:
            yield from expressions_of(rule)
        for suggestion in journey.suggestions:
            yield from suggestion.expressions
