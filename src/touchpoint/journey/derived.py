"""What steps make of traits (S7.5): other traits, properties of internal touchpoints, arguments of functions.

What was made of something private is as private. Only what a step computes is followed, not what a branch on something
private leads to.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import attrs

from touchpoint.journey.conditions import Aggregate, Expression, Field, Last, Total, children, path_of, root_of
from touchpoint.journey.data_use import Segments, traits_behind
from touchpoint.journey.journey import Journey
from touchpoint.journey.steps import Call, Emit, OpenCase, SetTrait, flat

Target: TypeAlias = tuple[str, ...]
"""("trait", name), ("property", touchpoint type, name) or ("result", function)."""
_TRAIT, _PROPERTY, _RESULT = "trait", "property", "result"
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
    known: dict[Target, set[str]] = {target: set() for target, _, _ in made}
    grown = True
    while grown:
        grown = False
        for target, journey, value in made:
            more = set(traits_behind(value, journey, segments))
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


def _made(journeys: Iterable[Journey]) -> Iterator[tuple[Target, str, Expression]]:
    for journey in journeys:
        for step in (step for rule in journey.rules for step in flat(rule.then)):
            match step:
                case SetTrait():
                    yield (_TRAIT, step.trait), journey.name, step.value
                case Emit():
                    yield from (
                        ((_PROPERTY, step.type, name), journey.name, each) for name, each in step.properties.items()
                    )
                case OpenCase() if step.ref is not None:
                    yield (_PROPERTY, step.case, "ref"), journey.name, step.ref
                case Call():
                    yield from (((_RESULT, step.function), journey.name, each) for each in step.arguments.values())


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
