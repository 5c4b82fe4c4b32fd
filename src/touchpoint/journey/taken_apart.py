"""A journey taken apart, each part with its path: what the checks of a journey look at."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import chain, compress
from operator import is_not
from types import NoneType
from typing import Any, Final, TypeVar

import attrs

from touchpoint.errors import Problem
from touchpoint.journey.conditions import CaseOpen, Expression, Field, InSegment, InStage, Outcome, Told, walk
from touchpoint.journey.declared import Declared
from touchpoint.journey.fields import values_of
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.shapes import CLASS, SHAPES, Kind, misfits_of, path_to, test_of
from touchpoint.journey.steps import Step, arms, placed
from touchpoint.model.message import Message

T = TypeVar("T")
Placed = tuple[str, Any]
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
    walk = _Walk()
    walk.look(journey, "$")
    nodes = walk.found
    misfits = [each for place in sorted(walk.misfits) for each in _misfits(*nodes[place])]
    broken = {nodes[place][0] for place in walk.misfits}
    unsaid = {one.partition(".wordings[")[0] for one in broken if ".wordings[" in one}
    broken |= {path for path, node in nodes if path in unsaid and isinstance(node, Message)}
    sound = Parts([placed for placed in nodes if placed[0] not in broken] if broken else nodes)
    owners = {owner(path) for path in broken if owner(path) != path}
    rules = tuple((path, rule) for path, rule in sound.only(Rule) if path not in owners)
    return Scene(journey, tuple(misfits), sound, rules)


def _misfits(path: str, part: object) -> Iterator[Problem]:
    for name, kind in SHAPES[type(part)].items():
        yield from misfits_of(kind, getattr(part, name), f"{path}.{name}")


@attrs.frozen(eq=False)
class Frame:
    """How the parts of a class are looked at: most fields of most parts hold what they hold by default.

    `fields` are those that have a shape, each with its name and what tests a value for it; `values` gives what they
    hold, and `usual` is what they hold where nothing is said, if that can be no part. It always fits.
    """

    fields: Sequence[tuple[str, Callable[[Any], bool]]]
    values: Callable[[object], Sequence[object]]
    usual: Sequence[object]

    def said(self, part: object) -> Iterator[tuple[tuple[str, Callable[[Any], bool]], Any]]:
        """The fields that hold anything else than by default, with what they hold, in the order of the class."""
        values = self.values(part)
        return compress(zip(self.fields, values, strict=True), map(is_not, values, self.usual))


@cache
def _frame_of(cls: type) -> Frame | None:
    """How parts of a class are looked at; None where they are none, or nothing of them has a shape."""
    kinds = SHAPES.get(cls)
    if not kinds:
        return None
    shaped = [each for each in attrs.fields(cls) if each.name in kinds]
    return Frame(
        tuple((each.name, test_of(kinds[each.name])) for each in shaped),
        values_of(each.name for each in shaped),
        tuple(_usual(each, kinds[each.name]) for each in shaped),
    )


def _usual(field: "attrs.Attribute[Any]", kind: Kind) -> object:
    default = field.default
    if default is _EMPTY or (default is None and kind.optional):
        return default  # no converter makes anything else of them that would not fit
    return default if field.converter is None and type(default) in _NO_PARTS else attrs.NOTHING


def walk_parts(value: object, path: str, whole: Collection[type] = ()) -> Sequence[Placed]:
    """Every part of a journey, or of a part of one, with its path, in reading order; expressions as wholes.

    Args:
        value: whose parts.
        path: where it is.
        whole: classes into which nobody looks, either.
    """
    walk = _Walk(whole)
    walk.look(value, path)
    return walk.found


class _Walk:
    """Goes through parts, and looks at the shape of each.

    Attributes:
        found: every part with its path, in reading order.
        misfits: the places in it of those that hold what they may not.
    """

    def __init__(self, whole: Collection[type] = ()) -> None:
        self._whole = whole
        self.found: list[Placed] = []
        self.misfits: set[int] = set()

    def look(self, value: Any, path: str) -> None:  # noqa: ANN401 - whatever people write
        """Find what is in a value: a part, an expression, or a tuple or mapping of them; all else has no parts."""
        cls = type(value)
        if cls in SHAPES:
            self._look_at_part(value, cls, path)
        elif isinstance(value, tuple):
            for n, each in enumerate(value):
                if type(each) not in _NO_PARTS:
                    self.look(each, f"{path}[{n}]")
        elif isinstance(value, Expression) or cls in self._whole:
            self.found.append((path, value))
        elif cls is dict or isinstance(value, Mapping):
            for key, each in value.items():
                if type(each) not in _NO_PARTS:
                    self.look(each, path_to(path, key))

    def _look_at_part(self, part: object, cls: type, path: str) -> None:
        place = len(self.found)
        self.found.append((path, part))
        if cls in self._whole or (frame := _frame_of(cls)) is None:
            return
        for (name, test), value in frame.said(part):
            if not test(value):
                self.misfits.add(place)
            if type(value) not in _NO_PARTS:
                self.look(value, f"{path}.{name}")


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
