"""What journeys say of the classes that the host declares: fields, traits, and what they are used for."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

import attrs

from touchpoint.errors import Problem
from touchpoint.journey import steps, triggers
from touchpoint.journey.calendar_triggers import DateDue
from touchpoint.journey.changes import TraitChanged
from touchpoint.journey.conditions import Expression
from touchpoint.journey.contents import wordings
from touchpoint.journey.data_use import declared, traits_behind
from touchpoint.journey.declared import Declared, Types
from touchpoint.journey.message_checks import undeclared_in, use_problems
from touchpoint.journey.rule import Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.shapes import path_to
from touchpoint.journey.stage import Stage
from touchpoint.journey.step_fields import asked_by_candidates
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.taken_apart import Scene, steps_in
from touchpoint.model.message import Message


def undeclared(scene: Scene) -> Iterator[Problem]:
    """What conditions, steps and words name that the declared classes do not have."""
    return _undeclared(scene, scene.said) if scene.said.touchpoints or scene.said.traits else iter(())


def _undeclared(scene: Scene, said: Declared) -> Iterator[Problem]:
    for path, expression, event, trigger in _conditions(scene):
        yield from (Problem(path, each, _DECLARE) for each in said.in_expression(expression, event, trigger))
    for path, node in scene.nodes:
        for field, name in _traits(node):
            if found := said.missing("customer", (name,)):
                yield Problem(f"{path}.{field}", found, _DECLARE)
    for path, rule in scene.rules:
        start, moved = _types(rule.when), _moved(rule)
        if rule.key is not None and (found := said.missing("event", (rule.key,), start)):
            yield Problem(f"{path}.key", found, _DECLARE)
        for place, step in steps_in(rule.then, f"{path}.then"):
            if isinstance(step, steps.Send):
                yield from _words(f"{place}.message", step.message, said, moved, start)
    for path, each in scene.only(Suggestion):
        yield from _words(path, each.message, said, None, None)


_DECLARE: Final = "correct the name, or declare it in the class"


def _words(path: str, message: Message, said: Declared, event: Types, trigger: Types) -> Iterator[Problem]:
    missing = partial(said.missing, event=event, trigger=trigger)
    return (Problem(place, found, _DECLARE) for place, found in undeclared_in(path, message, missing))


def _traits(node: object) -> Iterator[tuple[str, str]]:
    match node:
        case steps.SetTrait() | triggers.Anniversary() | DateDue() | TraitChanged():
            yield "trait", node.trait
        case Message() | Suggestion():
            yield from (("uses", each) for each in node.uses)


def misused(scene: Scene) -> Iterator[Problem]:
    """Traits that messages use beyond what the journey's own class declares of them (S7.5)."""
    known = declared(filter(None, (scene.said.traits,)))
    home = scene.journey.name
    segments = {(home, each.name): each.condition for _, each in scene.only(Segment)}
    told = [*scene.only(Message), *((path, each.message) for path, each in scene.only(Suggestion))]
    yield from use_problems(told if known else (), known, partial(traits_behind, journey=home, segments=segments))


def _types(given: Iterable[object]) -> Types:
    """The touchpoint types of triggers; None where something else triggers, too."""
    found = [each.type if isinstance(each, triggers.On) else None for each in given]
    return None if None in found else frozenset(filter(None, found))


def _moved(rule: Rule) -> Types:
    """What `event` may be in the middle of a run (S5.3)."""
    waits = (step.trigger for step in steps.flat(rule.then) if isinstance(step, steps.WaitFor))
    return _types([*rule.when, *(each for wait in waits for each in wait)])


def _conditions(scene: Scene) -> Iterator[tuple[str, Expression, Types, Types]]:
    """Every expression with its path, and the types that `event` and `trigger` may have in it."""
    yield from _standing(scene)
    for path, rule in scene.rules:
        start, moved = _types(rule.when), _moved(rule)
        if rule.given is not None:
            yield f"{path}.given", rule.given, start, start
        if rule.goal is not None and rule.goal.given is not None:
            yield f"{path}.goal.given", rule.goal.given, _types(rule.goal.trigger), start
        exits = enumerate(rule.exit)
        yield from ((f"{path}.exit[{n}]", each, None, start) for n, each in exits if isinstance(each, Expression))
        for place, step in steps_in(rule.then, f"{path}.then"):
            event = _types(step.trigger) if isinstance(step, steps.WaitFor) else moved
            yield from ((f"{place}.{name}", each, event, start) for name, each in asked_by_candidates(step))
            for part in attrs.fields(type(step)):
                value = getattr(step, part.name)
                found = value.items() if isinstance(value, Mapping) else [(None, value)]
                for key, each in found:
                    if isinstance(each, Expression):
                        here = f"{place}.{part.name}"
                        yield here if key is None else path_to(here, key), each, event, start
            if isinstance(step, steps.Send):
                found_in = wordings(step.message)
                yield from ((f"{place}.message.wordings[{n}].given", each.given, moved, start) for n, each in found_in)


def _standing(scene: Scene) -> Iterator[tuple[str, Expression, Types, Types]]:
    """The conditions that belong to no rule."""
    for path, stage in scene.only(Stage):
        if stage.given is not None:
            yield f"{path}.given", stage.given, _types(stage.when), None
    for path, segment in scene.only(Segment):
        yield f"{path}.condition", segment.condition, None, None
    for path, each in scene.only(Suggestion):
        for name, expression in (("given", each.given), ("value", each.value)):
            if expression is not None:
                yield f"{path}.{name}", expression, None, None
