"""What the conditions of journeys compare properties and traits with: the values worth trying."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Self, TypeAlias

import attrs

from touchpoint.core.parts import triggers_of_journeys
from touchpoint.durations import Duration
from touchpoint.journey.calendar_triggers import DateDue
from touchpoint.journey.changes import TraitChanged
from touchpoint.journey.conditions import (
    Aggregate,
    Arithmetic,
    Compare,
    Contains,
    Count,
    Ever,
    Exists,
    Expression,
    Field,
    In,
    Literal,
    Total,
    children,
    path_of,
    root_of,
)  # fmt: skip
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.step_fields import asked_by_candidates
from touchpoint.journey.steps import Emit, Send, Step, WaitFor, identified
from touchpoint.journey.triggers import Anniversary, On, Trigger
from touchpoint.model.message import Message
from touchpoint.model.names import type_of
from touchpoint.model.template import Template

Path: TypeAlias = tuple[str, ...]
_NEAR: Final = timedelta(seconds=1)
_TIMES: Final = 12
ABSENT: Final = object()
"""Stands for a value that is not there."""


@attrs.define(eq=False)
class Said:
    """Values that journeys speak of.

    Args:
        properties: (touchpoint type, path) → values worth trying, the usual one first.
        traits: path → values worth trying.
        awaited: path of a trait whose change somebody waits for → values worth trying.
        shown: paths of traits that messages show.
        dates: traits whose date somebody waits for → how far ahead of it.
        emitted: touchpoint types that only journeys record.
        declared: properties that a declared touchpoint type cannot do without.
        counted: touchpoint type → how many of it are compared with.
    """

    properties: dict[tuple[str, Path], list[Any]] = attrs.Factory(dict)
    traits: dict[Path, list[Any]] = attrs.Factory(dict)
    awaited: dict[Path, list[Any]] = attrs.Factory(dict)
    shown: dict[Path, None] = attrs.Factory(dict)
    dates: dict[str, Duration] = attrs.Factory(dict)
    emitted: set[str] = attrs.Factory(set)
    declared: dict[str, dict[str, Any]] = attrs.Factory(dict)
    counted: dict[str, list[int]] = attrs.Factory(dict)

    @classmethod
    def by(cls, journeys: Iterable[Journey]) -> Self:
        """Everything that these journeys compare with, show, or name as a key."""
        found = cls()
        for journey in journeys:
            for stage in journey.stages:
                found._read(stage.given, _types(stage.when), _types(stage.when))
            for segment in journey.segments:
                found._read(segment.condition, [], [])
            for suggestion in journey.suggestions:
                found._read(suggestion.given, [], [])
            for rule in journey.rules:
                found._rule(rule)
            found.declared.update({type_of(each): _needed(each) for each in journey.touchpoints})
        for _, each in triggers_of_journeys(tuple(journeys)):
            if isinstance(each, TraitChanged):
                wanted = "something" if each.to is None else each.to
                known = found.awaited.setdefault((each.trait,), [])
                known += [value for value in ("another", wanted) if value not in known]
        dated = [each for _, each in triggers_of_journeys(tuple(journeys)) if isinstance(each, Anniversary | DateDue)]
        found.dates = {each.trait: each.before for each in dated}
        return found

    def of(self, type: str, name: str) -> list[Any]:
        """Values for a property of a touchpoint type."""
        return self.properties.get((type, (name,)), [])

    def _rule(self, rule: Rule) -> None:
        begins, steps = _types(rule.when), [step for _, step in identified(rule.then)]
        waits = [each for step in steps if isinstance(step, WaitFor) for each in _types(step.trigger)]
        ends = _types([each for each in rule.exit if not isinstance(each, Expression)])
        goal = _types(rule.goal.trigger) if rule.goal else []
        if rule.key is not None:
            self._add([(type_, (rule.key,)) for type_ in (*begins, *waits, *ends, *goal)], ["a", "b"])
        self._read(rule.given, begins, begins)
        self._read(rule.goal.given if rule.goal else None, goal, begins)
        for each in rule.exit:
            self._read(each if isinstance(each, Expression) else None, [*begins, *waits], begins)
        for step in steps:
            moved = _types(step.trigger) if isinstance(step, WaitFor) else [*begins, *waits]
            for name in ("still", "given", "condition"):
                self._read(getattr(step, name, None), moved, begins)
            for _, asked in asked_by_candidates(step):
                self._read(asked, moved, begins)
            for value in (*_values_of(step), *(_templates(step.message) if isinstance(step, Send) else ())):
                self._add_field(value, ["something"], moved, begins)
            if isinstance(step, Emit):
                self.emitted.add(step.type)

    def _read(self, node: Expression | None, event: Sequence[str], trigger: Sequence[str]) -> None:
        """Take what a condition compares with, and with what; values stand in the order they are first met."""
        match node:
            case None | Literal():
                return
            case Compare(left=left, right=right):
                for one, other in ((left, right), (right, left)):
                    self._compared(one, other, event, trigger)
            case In(value=value, options=Literal(value=tuple() as options)):
                self._add_field(value, [*options, *(_beyond(options[-1]) if options else [])], event, trigger)
            case Contains(container=container, item=Literal(value=item)):
                self._add_field(container, [[item], []], event, trigger)
            case Exists(value=value):
                self._add_field(value, ["something", ABSENT], event, trigger)
            case Field():
                self._add_field(node, [True, False], event, trigger)
            case _ if isinstance(node, Aggregate):
                self._read(node.where, [node.type], trigger)
            case _:
                for each in children(node):
                    self._read(each, event, trigger)

    def _compared(self, one: Expression, other: Expression, event: Sequence[str], trigger: Sequence[str]) -> None:
        values = [other.value, *_beyond(other.value)] if isinstance(other, Literal) else ["a", "b"]
        match one:
            case Field():
                self._add_field(one, values, event, trigger)
            case Total():
                self._add([(one.type, one.of)], values)
                self._read(one.where, [one.type], trigger)
            case Arithmetic():
                for each in children(one):
                    self._compared(each, other, event, trigger)
            case Count() | Ever():
                if isinstance(other, Literal) and isinstance(other.value, int) and 1 < other.value <= _TIMES:
                    self.counted.setdefault(one.type, []).append(other.value)
                self._read(one.where, [one.type], trigger)

    def _add_field(self, field: object, values: Sequence[object], event: Sequence[str], trigger: Sequence[str]) -> None:
        if not isinstance(field, Field) or not path_of(field):
            return
        root, path = root_of(field), path_of(field)
        if isinstance(root, str) and root == "customer":
            known = self.traits.setdefault(path, []) if values != ["something"] else list[Any]()
            known += [each for each in values if each not in known]
            self.shown.update({path: None} if values == ["something"] else {})
        else:
            types = {"event": event, "trigger": trigger}[root] if isinstance(root, str) else [root.type]
            self._add([(type_, path) for type_ in types], values)

    def _add(self, places: Iterable[tuple[str, Path]], values: Iterable[object]) -> None:
        for place in places:
            known = self.properties.setdefault(place, [])
            known += [each for each in values if repr(each) not in map(repr, known)]


def _types(triggers: Iterable[Trigger]) -> list[str]:
    return [each.type for each in triggers if isinstance(each, On)]


def _beyond(value: object) -> list[object]:
    """Values just beyond one that is compared with."""
    match value:
        case bool():
            return [not value]
        case int() | float() | Decimal():
            return [value + 1, value - 1]
        case datetime() | date():
            return list(_beside(value, timedelta(days=1)))
        case timedelta():
            return list(_beside(value, _NEAR))
        case str():
            return ["other"]
        case _:
            return ["something"]


def _beside(value: Any, length: timedelta) -> Iterator[object]:  # noqa: ANN401 - a date or a length
    for each in (length, -length):
        with suppress(OverflowError):  # beside the last day of the calendar, say
            yield value + each


def _values_of(step: Step) -> Iterator[Expression]:
    """What a step computes with rather than asks."""
    for name in ("until", "value", "ref", "severity", "owner"):
        if isinstance(found := getattr(step, name, None), Expression):
            yield found
    for name in ("properties", "arguments"):
        yield from getattr(step, name, {}).values()


def _templates(message: Message) -> Iterator[Field]:
    """What a message shows of its customer and touchpoints."""
    for content in message.contents.values():
        for text in filter(None, (content.subject, content.text, content.html)):
            for field in Template.parse(text).fields:
                if field.root != "message" and not field.has_fallback:
                    yield Field(field.root, field.path)


_SAMPLES: Final[Mapping[object, object]] = {
    str: "a", int: 1, float: 1.5, bool: True, Decimal: Decimal(1), list: [], dict: {},
}  # fmt: skip


def _needed(declared: type) -> dict[str, Any]:
    """A value for every field of a declared type that has no default."""
    fields = [
        each for each in attrs.fields(attrs.resolve_types(declared)) if each.init and each.default is attrs.NOTHING
    ]
    return {each.name: _SAMPLES.get(each.type, "a") for each in fields}
