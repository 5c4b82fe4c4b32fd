"""A journey taken apart, each part with its path: what the checks of a journey look at."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache, cached_property
from itertools import chain
from operator import attrgetter
from types import NoneType
from typing import Any, Final, TypeVar

import attrs

from touchpoint.errors import Problem
from touchpoint.journey.conditions import CaseOpen, Expression, Field, InSegment, InStage, Outcome, Told, root_of, walk
from touchpoint.journey.contents import says_one_thing
from touchpoint.journey.declared import Declared
from touchpoint.journey.fields import values_of
from touchpoint.journey.journey import Journey
from touchpoint.journey.kinds import Kind, all_fit
from touchpoint.journey.rule import Rule
from touchpoint.journey.shapes import CLASS, SHAPES, misfits_of, path_to
from touchpoint.journey.steps import Step, arms, placed
from touchpoint.model.message import Message

T = TypeVar("T")
Placed = tuple[str, Any]
_EMPTY: Final = ()
_NO_PARTS: Final = frozenset({str, bool, int, float, NoneType, timedelta})
"""Most values: quickly told from parts."""
_EVERYWHERE: Final = frozenset({"event", "trigger", "customer"})
_NAMING: Final = frozenset({Field, Outcome, Told, InStage, InSegment, CaseOpen})
"""Parts of expressions that name what has to be there."""


class Parts:
    """Parts of journeys with their paths, in reading order, found by their classes."""

    def __init__(self, placed: Iterable[Placed]) -> None:
        self._placed = tuple(placed)
        self._places: defaultdict[type, list[int]] = defaultdict(list)
        for n, (_, node) in enumerate(self._placed):
            self._places[type(node)].append(n)
        self._present = frozenset(chain.from_iterable(cls.__mro__ for cls in self._places))

    def __iter__(self) -> Iterator[Placed]:
        return iter(self._placed)

    def only(self, *classes: type[T]) -> Sequence[tuple[str, T]]:
        """Those of these classes and what is derived from them, in reading order."""
        if self._present.isdisjoint(classes):
            return ()
        found = [places for cls, places in self._places.items() if issubclass(cls, classes)]
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
        if not any(_named_in(node) for _, node in self.nodes.only(Expression)):  # as in most journeys
            return self.nodes
        found: list[Placed] = []
        for each in self.nodes:
            path, node = each
            if isinstance(node, Expression):
                found += [(path, part) for part in _named_in(node)]
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

    @cached_property
    def worded(self) -> frozenset[int]:
        """The identities of the messages that look something up, or do not say the same to everybody: few do."""
        return frozenset(id(message) for _, message in self.only(Message) if not says_one_thing(message))

    def only(self, *classes: type[T]) -> Sequence[tuple[str, T]]:
        """The sound parts of these classes, with their paths."""
        return self.nodes.only(*classes)

    def rules_with(self, *classes: type) -> Iterator[tuple[str, Rule]]:
        """The rules, each with its path, in which any part of these classes stands."""
        having = {owner(path) for path, _ in self.nodes.only(*classes)}
        return ((path, rule) for path, rule in self.rules if path in having)


def _named_in(expression: Expression) -> Sequence[Expression]:
    return [part for part in walk(expression) if type(part) in _NAMING and not _is_always_there(part)]


def _is_always_there(part: Expression) -> bool:
    """Whether it looks up what every run has, and not its rule alone."""
    return isinstance(part, Field) and isinstance(root := root_of(part), str) and root in _EVERYWHERE


def owner(path: str) -> str:
    """The path of what stands in a list of the journey itself: of `$.rules[3].then[0]` that is `$.rules[3]`."""
    return path[: path.find("]") + 1]


def taken_apart(journey: Journey) -> Scene:
    """A journey as its checks see it: with what is wrong with the shape of any part."""
    walk = _Walk()
    walk.look(journey, "$")
    if walk.fits():
        return _scene(journey, walk.found, {})
    nodes = walk_parts(journey, "$")  # what does not fit may have parts where none belong
    return _scene(journey, nodes, {path: found for path, part in nodes if (found := _misfits(path, part))})


def _scene(journey: Journey, nodes: Sequence[Placed], misfits: Mapping[str, Sequence[Problem]]) -> Scene:
    """The scene of a journey with these parts; of those at some paths it is said what is wrong with them."""
    broken = set(misfits)
    unsaid = {one.partition(".wordings[")[0] for one in broken if ".wordings[" in one}
    broken |= {path for path, node in nodes if path in unsaid and isinstance(node, Message)}
    sound = Parts([placed for placed in nodes if placed[0] not in broken] if broken else nodes)
    owners = {owner(path) for path in broken if owner(path) != path}
    rules = tuple((path, rule) for path, rule in sound.only(Rule) if path not in owners)
    return Scene(journey, tuple(chain.from_iterable(misfits.values())), sound, rules)


def _misfits(path: str, part: object) -> Sequence[Problem]:
    kinds = SHAPES.get(type(part), {}).items()
    return [found for name, kind in kinds for found in misfits_of(kind, getattr(part, name), f"{path}.{name}")]


_Held = tuple[str, Callable[[object], object]]


@attrs.frozen(eq=False)
class Frame:
    """How the parts of a class are looked at: most fields of most parts hold what they hold by default.

    `kinds` are the fields that have a shape, by their names, and `values` gives what they hold; `usual` is what each
    holds where nothing is said, if that can be no part: it always fits. `inside` are those in which there may be parts,
    and `everything` all of them: each as a path goes on with it, and what gives what it holds.
    """

    kinds: Mapping[str, Kind]
    values: Callable[[object], Sequence[object]]
    usual: Sequence[object]
    inside: Sequence[_Held]
    everything: Sequence[_Held]

    def fits(self, parts: Iterable[object]) -> bool:
        """Whether all of these parts hold what they may."""
        columns = zip(*map(self.values, parts), strict=True)
        for held, kind, usual in zip(columns, self.kinds.values(), self.usual, strict=True):
            said = [value for value in held if value is not usual]
            if said and not all_fit(kind, said):
                return False
        return True


@cache
def _frame_of(cls: type) -> Frame | None:
    """How parts of a class are looked at; None where nothing of them has a shape."""
    shapes, kinds, usual, inside = SHAPES[cls], {}, [], []
    for field in attrs.fields(cls) if shapes else ():
        name = field.name
        if (kind := shapes.get(name)) is not None:
            kinds[name] = kind
            usual.append(_usual(field, kind))
            if not kind.bare:
                inside.append(name)
    return Frame(kinds, values_of(kinds), usual, [*map(_held, inside)], [*map(_held, kinds)]) if kinds else None


def _held(name: str) -> _Held:
    return f".{name}", attrgetter(name)


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
    walk = _Walk(whole, everywhere=True)
    walk.look(value, path)
    return walk.found


class _Walk:
    """Goes through parts, and through all values of each, or those alone in which there may be parts where they fit.

    Attributes:
        found: every part with its path, in reading order.
    """

    def __init__(self, whole: Collection[type] = (), *, everywhere: bool = False) -> None:
        self._whole = whole
        self._everywhere = everywhere
        self._of_class: defaultdict[type, list[object]] = defaultdict(list)
        self.found: list[Placed] = []

    def fits(self) -> bool:
        """Whether every part holds what it may: asked of all parts of a class at once, field by field."""
        frames = ((_frame_of(cls), parts) for cls, parts in self._of_class.items())
        return all(frame is None or frame.fits(parts) for frame, parts in frames)

    def look(self, value: Any, path: str) -> None:  # noqa: ANN401 - whatever people write
        """Find what is in a value: a part, an expression, or a tuple or mapping of them; all else has no parts."""
        cls = type(value)
        if cls in SHAPES:
            self._look_at_part(value, cls, path)
        elif isinstance(value, Expression) or cls in self._whole:
            self.found.append((path, value))
        elif isinstance(value, tuple):
            for n, each in enumerate(value):
                if type(each) not in _NO_PARTS:
                    self.look(each, f"{path}[{n}]")
        elif cls is dict or isinstance(value, Mapping):
            for key, each in value.items():
                if type(each) not in _NO_PARTS:
                    self.look(each, path_to(path, key))

    def _look_at_part(self, part: object, cls: type, path: str) -> None:
        self.found.append((path, part))
        self._of_class[cls].append(part)
        if cls in self._whole or (frame := _frame_of(cls)) is None:
            return
        for name, held in frame.everything if self._everywhere else frame.inside:
            value = held(part)
            if value is None or value is _EMPTY or type(value) in _NO_PARTS:
                continue
            if type(value) is tuple and len(value) == 1:  # as most are
                self.look(value[0], f"{path}{name}[0]")
            else:
                self.look(value, path + name)


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
