"""A journey taken apart, each part with its path: what the checks of a journey look at."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import attrs

from touchpoint.errors import Problem
from touchpoint.journey import steps
from touchpoint.journey.conditions import Expression
from touchpoint.journey.declared import Declared
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.shapes import CLASS, SHAPES, misfits_of, path_to
from touchpoint.model.message import Message

T = TypeVar("T")
Placed = tuple[str, Any]


@attrs.frozen
class Scene:
    """A journey taken apart.

    `nodes` are its sound parts in reading order, expressions among them; `rules` those that are sound throughout.
    """

    journey: Journey
    misfits: tuple[Problem, ...]
    nodes: tuple[Placed, ...]
    rules: tuple[tuple[str, Rule], ...]

    declared: tuple[type, ...] = attrs.field(init=False)
    said: Declared = attrs.field(init=False)

    @declared.default
    def _declared(self) -> tuple[type, ...]:
        return tuple(filter(CLASS.test, self.journey.touchpoints))

    @said.default
    def _said(self) -> Declared:
        return Declared.of(self.declared, self.journey.traits if CLASS.test(self.journey.traits) else None)

    def only(self, *classes: type[T]) -> Iterator[tuple[str, T]]:
        """The sound parts of these classes, with their paths."""
        return only(self.nodes, *classes)


def taken_apart(journey: Journey) -> Scene:
    """A journey as its checks see it: with what is wrong with the shape of any part."""
    nodes = tuple(walk_parts(journey, "$"))
    misfits: list[Problem] = []
    broken: set[str] = set()
    for path, node in nodes:
        found = [
            problem
            for name, kind in SHAPES.get(type(node), {}).items()
            for problem in misfits_of(kind, getattr(node, name), f"{path}.{name}")
        ]
        misfits += found
        if found:
            broken.add(path)
    unsaid = {one.partition(".wordings[")[0] for one in broken if ".wordings[" in one}
    broken |= {path for path, _ in only(nodes, Message) if path in unsaid}
    sound = tuple((path, node) for path, node in nodes if path not in broken)
    rules = [
        (path, rule) for path, rule in only(sound, Rule) if not any(each.startswith(f"{path}.") for each in broken)
    ]
    return Scene(journey, tuple(misfits), sound, tuple(rules))


def walk_parts(value: object, path: str) -> Iterator[Placed]:
    """Every part of a journey, or of a part of one, with its path, in reading order; expressions as wholes."""
    if isinstance(value, Expression):
        yield path, value
    elif type(value) in SHAPES:
        yield path, value
        for attribute in attrs.fields(type(value)):  # type: ignore[arg-type]  # all of them are attrs classes
            yield from walk_parts(getattr(value, attribute.name), f"{path}.{attribute.name}")
    elif isinstance(value, tuple):
        for n, each in enumerate(value):
            yield from walk_parts(each, f"{path}[{n}]")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from walk_parts(each, path_to(path, key))


def only(nodes: Iterable[Placed], *classes: type[T]) -> Iterator[tuple[str, T]]:
    """Those of these parts that are of these classes."""
    return ((path, node) for path, node in nodes if isinstance(node, classes))


def steps_in(taken: Iterable[steps.Step], path: str) -> Iterator[tuple[str, steps.Step]]:
    """Every step with its path, in the order of `flat`."""
    for n, step in enumerate(taken):
        yield f"{path}[{n}]", step
        for name, arm in steps.arms(step):
            yield from steps_in(arm, f"{path}[{n}].{name}")


def placed_messages(journey: Journey) -> Iterator[tuple[str, Message]]:
    """Every message of a journey with its path, at each place where it is sent."""
    return only(walk_parts(journey, "$"), Message)
