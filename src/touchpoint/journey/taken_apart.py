"""A journey taken apart, each part with its path: what the checks of a journey look at."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import chain
from types import NoneType
from typing import Any, Final, TypeVar

import attrs

from touchpoint.errors import Problem
from touchpoint.journey.conditions import CaseOpen, Expression, Field, InSegment, InStage, Outcome, Told, walk
from touchpoint.journey.declared import Declared
from touchpoint.journey.fields import layout_of, values_of
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.shapes import CLASS, SHAPES, Kind, fits, misfits_of, path_to, test_of
from touchpoint.journey.steps import Step, arms, placed
from touchpoint.model.message import Message

T = TypeVar("T")
Placed = tuple[str, Any]
Check = tuple[str, Kind, Callable[[Any], bool], object]
"""Of a field: its name, what it may hold, what tests for that, and what it holds by default."""
_EMPTY: Final = ()
_NO_PARTS: Final = frozenset({str, bool, int, float, NoneType, timedelta})
"""Most values: quickly told from parts."""
_NAMING: Final = frozenset({Field, Outcome, Told, InStage, InSegment, CaseOpen})
"""Parts of expressions that name what has to be there."""


class Parts:
    """Parts of journeys with their paths, in reading order, found by their classes."""

    def __init__(self, placed: Iterable[Placed]) -> None:
        self._placed = tuple(placed)
        self._places: defaultdict[type, list[int]] = defaultdict(list)
        for n, (_, node) in enumerate(self._placed):
            self._places[type(node)].append(n)

    def __iter__(self) -> Iterator[Placed]:
        return iter(self._placed)

    def only(self, *classes: type[T]) -> Sequence[tuple[str, T]]:
        """Those of these classes and what is derived from them, in reading order."""
        found = [places for cls, places in self._places.items() if issubclass(cls, classes)]
        if not found:
            return ()
        return [self._placed[n] for n in (found[0] if len(found) == 1 else sorted(chain(*found)))]


@attrs.frozen
class Scene:
    """A journey taken apart.

    `nodes` are its sound parts in reading order, expressions among them; `deep` are the same with what inside of
    expressions names something, each at the path of the whole. `rules` are those that are sound throughout, `steps`
    the (path, identity, step) of the steps of each, by its path.
    """

    journey: Journey
    misfits: tuple[Problem, ...]
    nodes: Parts
    rules: tuple[tuple[str, Rule], ...]

    deep: Parts = attrs.field(init=False)
    steps: Mapping[str, Sequence[tuple[str, str, Step]]] = attrs.field(init=False)
    declared: tuple[type, ...] = attrs.field(init=False)
    said: Declared = attrs.field(init=False)

    @deep.default
    def _deep(self) -> Parts:
        found: list[Placed] = []
        for each in self.nodes:
            path, node = each
            if isinstance(node, Expression):
                found += [(path, part) for part in walk(node) if type(part) in _NAMING]
            else:
                found.append(each)
        return Parts(found)

    @steps.default
    def _steps(self) -> Mapping[str, Sequence[tuple[str, str, Step]]]:
        return {path: placed(rule.then, f"{path}.then") for path, rule in self.rules}

    @declared.default
    def _declared(self) -> tuple[type, ...]:
        return tuple(filter(CLASS.test, self.journey.touchpoints))

    @said.default
    def _said(self) -> Declared:
        return Declared.of(self.declared, self.journey.traits if CLASS.test(self.journey.traits) else None)

    def only(self, *classes: type[T]) -> Sequence[tuple[str, T]]:
        """The sound parts of these classes, with their paths."""
        return self.nodes.only(*classes)

    def rules_with(self, *classes: type) -> Iterator[tuple[str, Rule]]:
        """The rules, each with its path, in which any part of these classes stands."""
        having = {owner(path) for path, _ in self.nodes.only(*classes)}
        return ((path, rule) for path, rule in self.rules if path in having)


def owner(path: str) -> str:
    """The path of what stands in a list of the journey itself: of `$.rules[3].then[0]` that is `$.rules[3]`."""
    return path[: path.find("]") + 1]


def taken_apart(journey: Journey) -> Scene:
    """A journey as its checks see it: with what is wrong with the shape of any part."""
    nodes = walk_parts(journey, "$")
    misfits: list[Problem] = []
    broken: set[str] = set()
    for path, node in nodes:
        checks, values = _checks(type(node))  # type: ignore[arg-type]  # a class is hashable
        for (name, kind, test, usual), value in zip(checks, values(node), strict=True):
            if value is not usual and not test(value):
                misfits += misfits_of(kind, value, f"{path}.{name}")
                broken.add(path)
    unsaid = {one.partition(".wordings[")[0] for one in broken if ".wordings[" in one}
    broken |= {path for path, node in nodes if path in unsaid and isinstance(node, Message)}
    sound = Parts([placed for placed in nodes if placed[0] not in broken] if broken else nodes)
    owners = {owner(path) for path in broken if owner(path) != path}
    rules = tuple((path, rule) for path, rule in sound.only(Rule) if path not in owners)
    return Scene(journey, tuple(misfits), sound, rules)


@cache
def _checks(cls: type) -> tuple[Sequence[Check], Callable[[object], Sequence[object]]]:
    """How the fields of a class are looked at, and what gives all of their values at once.

    A default need not be looked at again.
    """
    if not SHAPES.get(cls):
        return (), lambda _: ()
    layout = layout_of(cls)
    usual = dict(zip(layout.names, layout.defaults, strict=True))
    plain = {name for name, each in usual.items() if type(each) in _NO_PARTS or each is _EMPTY}
    checks = SHAPES[cls].items()
    checked = tuple(
        (name, kind, test_of(kind), usual[name] if name in plain and fits(kind, usual[name]) else attrs.NOTHING)
        for name, kind in checks
    )
    return checked, values_of(SHAPES[cls])


def walk_parts(value: object, path: str, whole: Collection[type] = ()) -> Sequence[Placed]:
    """Every part of a journey, or of a part of one, with its path, in reading order; expressions as wholes.

    Args:
        value: whose parts.
        path: where it is.
        whole: classes into which nobody looks, either.
    """
    found: list[Placed] = []
    _walk_parts(value, path, whole, found)
    return found


def _walk_parts(value: object, path: str, whole: Collection[type], found: list[Placed]) -> None:
    cls = type(value)
    if cls in whole:
        found.append((path, value))
    elif cls in SHAPES:
        found.append((path, value))
        layout = layout_of(cls)  # type: ignore[arg-type]  # a class is hashable
        for name, part in zip(layout.names, layout.values(value), strict=True):
            if part is not _EMPTY and type(part) not in _NO_PARTS:
                _walk_parts(part, f"{path}.{name}", whole, found)
    elif isinstance(value, Expression):
        found.append((path, value))
    elif isinstance(value, tuple):
        for n, part in enumerate(value):
            if type(part) not in _NO_PARTS:
                _walk_parts(part, f"{path}[{n}]", whole, found)
    elif isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101 - nearly all are dicts, which is quick
        _walk_mapping(value, path, whole, found)


def _walk_mapping(value: Mapping[object, object], path: str, whole: Collection[type], found: list[Placed]) -> None:
    for key, part in value.items():
        if type(part) not in _NO_PARTS:
            _walk_parts(part, path_to(path, key), whole, found)


def steps_in(taken: Iterable[Step], path: str) -> Iterator[tuple[str, Step]]:
    """Every step with its path, in the order of `flat`."""
    for n, step in enumerate(taken):
        yield f"{path}[{n}]", step
        for name, arm in arms(step):
            yield from steps_in(arm, f"{path}[{n}].{name}")


def scene_of(journey: Journey) -> Scene:
    """A journey taken apart: found when its checks, or anybody else, first ask, and kept with it."""
    return journey._scene  # noqa: SLF001 - private only because hosts have no use for it


def parts_of(journey: Journey) -> Parts:
    """Every part of a journey with its path, in reading order, expressions as wholes."""
    return scene_of(journey).nodes


def placed_messages(journey: Journey) -> Sequence[tuple[str, Message]]:
    """Every message of a journey with its path, at each place where it is sent."""
    return parts_of(journey).only(Message)
