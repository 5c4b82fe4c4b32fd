"""The names a test may use: those of its journeys. A typo is an error at once, and says what may have been meant."""

from collections.abc import Iterator, Sequence

from touchpoint.channels.inbound import CLICKED, OPENED, REPLIED, TASK_COMPLETED, TASK_DECLINED
from touchpoint.core.program import expressions_of_journeys, triggers_of_journeys
from touchpoint.journey.conditions import Aggregate, walk
from touchpoint.journey.journey import Journey
from touchpoint.journey.steps import Call, Emit, Step, flat
from touchpoint.journey.triggers import On, Silent
from touchpoint.model.names import type_of

OWN_TYPES = (REPLIED, CLICKED, OPENED, TASK_COMPLETED, TASK_DECLINED, "delivered", "bounced", "failed")
"""Touchpoint types that the library itself records."""


class Vocabulary:
    """Everything that has a name in these journeys.

    Attributes:
        types, messages, rules, stages, cases, channels, functions: names, in the order they are first declared.
    """

    def __init__(self, journeys: Sequence[Journey]) -> None:
        self.journeys = tuple(journey.name for journey in journeys)
        self.types = tuple(dict.fromkeys(_types(journeys)))
        self.messages = tuple(dict.fromkeys(name for journey in journeys for name in journey.messages))
        self.rules = tuple(dict.fromkeys(rule.name for journey in journeys for rule in journey.rules))
        self.stages = {journey.name: tuple(stage.name for stage in journey.stages) for journey in journeys}
        self.cases = tuple(dict.fromkeys(case.name for journey in journeys for case in journey.cases))
        self.channels = tuple(
            dict.fromkeys(
                name for journey in journeys for message in journey.messages.values() for name in message.channels
            )
        )
        self.functions = tuple(dict.fromkeys(step.function for step in _steps(journeys) if isinstance(step, Call)))


def _steps(journeys: Sequence[Journey]) -> Iterator[Step]:
    for journey in journeys:
        for rule in journey.rules:
            yield from flat(rule.then)


def _types(journeys: Sequence[Journey]) -> Iterator[str]:
    """Touchpoint types that anything in the journeys speaks of."""
    for journey in journeys:
        yield from (type_of(cls) for cls in journey.touchpoints)
    yield from (step.type for step in _steps(journeys) if isinstance(step, Emit))
    for _, trigger in triggers_of_journeys(journeys):
        if isinstance(trigger, On):
            yield trigger.type
        elif isinstance(trigger, Silent) and trigger.of is not None:
            yield trigger.of
    for expression in expressions_of_journeys(journeys):
        yield from (node.type for node in walk(expression) if isinstance(node, Aggregate))
