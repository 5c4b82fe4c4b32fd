"""The names a test may use: those of its journeys. A typo is an error at once, and says what may have been meant."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from touchpoint.channels.inbound import CLICKED, OPENED, REPLIED, TASK_COMPLETED, TASK_DECLINED
from touchpoint.core.parts import JourneyParts
from touchpoint.core.referrals import conversions_of
from touchpoint.engine.analysing import FEEDBACK_ANALYSED
from touchpoint.journey.conditions import Aggregate, Compare, Expression, Field, Literal, Told, path_of, root_of, walk
from touchpoint.journey.journey import Journey
from touchpoint.journey.outcomes import MessageTrigger
from touchpoint.journey.steps import Call, Emit, Step
from touchpoint.journey.triggers import On, Referred, Silent, Trigger
from touchpoint.model.feedback_source import FEEDBACK
from touchpoint.model.names import type_of
from touchpoint.model.referral import CONVERTED, MADE, RECEIVED, REFERRAL_TYPES

OWN_TYPES = (
    REPLIED, CLICKED, OPENED, TASK_COMPLETED, TASK_DECLINED, "delivered", "bounced", "failed",
    MADE, RECEIVED, CONVERTED, FEEDBACK, FEEDBACK_ANALYSED,
)  # fmt: skip
"""Touchpoint types that the library itself records."""


_COMES_BACK: Final = {
    "delivered": ("delivered",), "opened": (OPENED,), "clicked": (CLICKED,), "replied": (REPLIED,),
    "answered": (FEEDBACK,),
    "failed": ("bounced", "failed"),
}  # fmt: skip
"""What tells that a message was delivered, opened, …: types of touchpoints."""


class Vocabulary:
    """Everything that has a name in these journeys.

    Attributes:
        may_happen: the types, and those that the library itself records.
        types, messages, rules, stages, segments, cases, channels, functions: names, in the order they are first
            declared.
        answered: the cases to which a first response is due in time.
        conversions: the types by which a referred friend becomes a customer.
        refers: whether referrals matter to them.
        compared: values around the constants that conditions compare properties of touchpoints with, by property.
    """

    def __init__(self, journeys: Sequence[Journey]) -> None:
        parts = [JourneyParts.of(journey) for journey in journeys]
        steps = [step for each in parts for rule in each.rules for _, step in rule.steps]
        triggers = [trigger for each in parts for trigger in each.triggers()]
        asked = [node for each in parts for expression in each.expressions() for node in walk(expression)]
        self.journeys = tuple(journey.name for journey in journeys)
        self.types = tuple(dict.fromkeys((*_declared(journeys), *_types(steps, triggers, asked))))
        self.conversions = conversions_of(triggers)
        self.refers = not REFERRAL_TYPES.isdisjoint(self.types)
        self.may_happen = frozenset((*self.types, *OWN_TYPES))
        messages = [message for each in parts for message in each.messages().values()]
        self.messages = tuple(dict.fromkeys(message.name for message in messages))
        self.rules = tuple(dict.fromkeys(rule.name for journey in journeys for rule in journey.rules))
        self.stages = {journey.name: tuple(stage.name for stage in journey.stages) for journey in journeys}
        self.segments = _segment_names(journeys)
        self.cases = tuple(dict.fromkeys(case.name for journey in journeys for case in journey.cases))
        self.answered = tuple(
            dict.fromkeys(
                case.name for journey in journeys for case in journey.cases if case.respond_within is not None
            )
        )
        self.channels = tuple(dict.fromkeys(name for message in messages for name in message.channels))
        self.places = tuple(dict.fromkeys(p for each in journeys for one in each.suggestions for p in one.place))
        self.compared = _compared(asked)
        self.functions = tuple(dict.fromkeys(step.function for step in steps if isinstance(step, Call)))


def _segment_names(journeys: Sequence[Journey]) -> dict[str, str]:
    """`journey/segment` → its name; with its journey where several have one of that name."""
    named = [(f"{journey.name}/{segment.name}", segment.name) for journey in journeys for segment in journey.segments]
    alone = Counter(name for _, name in named)
    return {whole: name if alone[name] == 1 else whole for whole, name in named}


def _compared(asked: Iterable[Expression]) -> dict[str, tuple[object, ...]]:
    """Values around the constants that conditions compare a touchpoint's own properties with, by property."""
    found: dict[str, dict[object, None]] = {}
    for node in asked:
        match node:
            # The root may be an expression itself, and comparing that would make a condition of it.
            case Compare(_, Field() as field, Literal(value)) if isinstance(root_of(field), str):
                if root_of(field) != "event":
                    continue
                path = path_of(field)
                if len(path) == 1:
                    found.setdefault(path[0], {}).update(dict.fromkeys(_around(value)))
    return {name: tuple(values) for name, values in found.items()}


def _around(value: object) -> Iterator[object]:
    yield value
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value - 1
        yield value + 1
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, str):
        yield f"not {value}"


def _declared(journeys: Iterable[Journey]) -> Iterator[str]:
    return (type_of(cls) for journey in journeys for cls in journey.touchpoints)


def _types(steps: Iterable[Step], triggers: Iterable[Trigger], asked: Iterable[Expression]) -> Iterator[str]:
    """Touchpoint types that anything in the journeys speaks of."""
    yield from (step.type for step in steps if isinstance(step, Emit))
    for trigger in triggers:
        yield from _named_by(trigger)
    for node in asked:
        if isinstance(node, Aggregate):
            yield node.type
        elif isinstance(node, Told):
            yield from _COMES_BACK[node.what]


def _named_by(trigger: Trigger) -> Iterator[str]:
    match trigger:
        case On():
            yield trigger.type
        case Silent(of=str() as type_):
            yield type_
        case Referred(converted=None):
            yield MADE
        case Referred(converted=str() as type_):
            yield from (CONVERTED, type_)
        case _ if isinstance(trigger, MessageTrigger):
            yield from _COMES_BACK.get(type(trigger).__name__.lower(), ())
