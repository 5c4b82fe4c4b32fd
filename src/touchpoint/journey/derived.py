"""What steps make of traits (S7.5): other traits, properties of internal touchpoints, arguments of functions.

What was made of something private is as private. Only what a step computes is followed, not what a branch on something
private leads to.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import attrs

from touchpoint.journey.calendar_triggers import DateDue
from touchpoint.journey.changes import TraitChanged
from touchpoint.journey.conditions import (
    Aggregate,
    Expression,
    Field,
    Last,
    Total,
    children,
    fields_of,
    path_of,
    root_of,
)
from touchpoint.journey.data_use import Segments, traits_behind
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Call, Emit, OpenCase, SetTrait, Step, WaitFor, flat
from touchpoint.journey.triggers import Anniversary

Target: TypeAlias = tuple[str, ...]
"""("trait", name), ("property", touchpoint type, name) or ("result", function)."""
_TRAIT, _PROPERTY, _RESULT = "trait", "property", "result"
TELLS_OF_TRAITS: Final = (Anniversary, DateDue, TraitChanged)
"""Triggers whose events tell of a trait by themselves."""
_OF_EVENTS: Final = ("event", "trigger", "collected")


@attrs.frozen
class Derived:
    """What was made of which traits.

    Args:
        traits: by the name of a trait that a step sets.
        properties: by (touchpoint type, property) of what a step emits; by (case, "ref") of a case that it opens.
        results: by the name of a function that is called with them.
    """

    traits: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    properties: Mapping[tuple[str, str], tuple[str, ...]] = attrs.field(factory=dict)
    results: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


NOTHING: Final = Derived()


def derived_of(journeys: Iterable[Journey], segments: Segments) -> Derived:
    """Everything that the steps of journeys make of traits, at first and at second hand.

    Args:
        journeys: all that live together.
        segments: the conditions of their segments.
    """
    made = list(_made(journeys))
    known: dict[Target, set[str]] = {each.target: set() for each in made}
    grown = True
    while grown:
        grown = False
        for target, journey, value, told in ((each.target, each.journey, each.value, each.told) for each in made):
            more = {*traits_behind(value, journey, segments), *told}
            more |= {one for each in tuple(more) for one in known.get((_TRAIT, each), ())}
            more |= {one for each in _sources(value, known) for one in known.get(each, ())}
            if not more <= known[target]:
                known[target] |= more
                grown = True
    found = {target: tuple(sorted(each)) for target, each in known.items() if each}
    return Derived(
        {target[1]: each for target, each in found.items() if target[0] == _TRAIT},
        {(target[1], target[2]): each for target, each in found.items() if target[0] == _PROPERTY},
        {target[1]: each for target, each in found.items() if target[0] == _RESULT},
    )


@attrs.frozen
class _Made:
    """A value that a step computes, what for, and the traits that the events it looks at tell of by themselves."""

    target: Target
    journey: str
    value: Expression
    told: frozenset[str]


def _made(journeys: Iterable[Journey]) -> Iterator[_Made]:
    for journey in journeys:
        for rule in journey.rules:
            told = frozenset(_told_of(rule))
            for step in flat(rule.then):
                for target, value in _targets(step):
                    looks = any(root in _OF_EVENTS for root, _ in fields_of(value))
                    yield _Made(target, journey.name, value, told if looks else frozenset())


def _told_of(rule: Rule) -> Iterator[str]:
    waits = (step.trigger for step in flat(rule.then) if isinstance(step, WaitFor))
    for trigger in (*rule.when, *(each for wait in waits for each in wait)):
        if isinstance(trigger, TELLS_OF_TRAITS):
            yield trigger.trait


def _targets(step: Step) -> Iterator[tuple[Target, Expression]]:
    match step:
        case SetTrait():
            yield (_TRAIT, step.trait), step.value
        case Emit():
            yield from (((_PROPERTY, step.type, name), each) for name, each in step.properties.items())
        case OpenCase() if step.ref is not None:
            yield (_PROPERTY, step.case, "ref"), step.ref
        case Call():
            yield from (((_RESULT, step.function), each) for each in step.arguments.values())


def _sources(value: Expression, known: Mapping[Target, object], looking_at: str | None = None) -> Iterator[Target]:
    """What else than traits a value is computed of; in a `where`, `event` is a touchpoint of that type."""
    if isinstance(value, Field):
        root, path = root_of(value), path_of(value)
        if isinstance(root, Last):
            yield _PROPERTY, root.type, path[0]
        elif root == "result":
            yield _RESULT, path[0]
        elif root == "event" and looking_at is not None:
            yield _PROPERTY, looking_at, path[0]
        elif root in _OF_EVENTS:  # whichever touchpoint it may be
            yield from (each for each in known if each[0] == _PROPERTY and each[-1] in path)
    if isinstance(value, Total):
        yield _PROPERTY, value.type, value.of[0]
    inner = value.type if isinstance(value, Aggregate) else looking_at
    for child in children(value):
        yield from _sources(child, known, inner)
