"""What is on its way round: what was raised and waits for its turn, and a run between two waits."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import attrs

from touchpoint.core.keys import Key
from touchpoint.journey import steps as s
from touchpoint.journey.rule import Rule
from touchpoint.lab.checks.links import Node
from touchpoint.lab.checks.standing import Standing, Token, Value, written

Props: TypeAlias = Mapping[str, Value] | None
"""The properties of what happens; None where they may be any."""
NO_KEY: Final = "no key"


@attrs.frozen(eq=False)
class Raised:
    """Something that was raised, as it is when its turn comes.

    `actors` are the rules and stages that did it; `sure` where nothing was asked on the way, `at_once` where no time
    passed, `sends` where messages went out, on the way or beside it; `emits` what was emitted on the way.
    """

    key: Key
    standing: Standing
    props: Props
    actors: tuple[Node, ...]
    sure: bool
    at_once: bool
    sends: bool
    emits: frozenset[str]

    def config(self) -> tuple[object, ...]:
        """Equal where the same follows."""
        props = (
            None if self.props is None else tuple(sorted((name, written(each)) for name, each in self.props.items()))
        )
        return self.key, props, self.standing.key()


@attrs.frozen(eq=False)
class Item:
    """Something raised that waits for its turn. `then` is set by it.

    Where it is `timed` it comes after some time, at most `most`; of one `group` only one happens.
    """

    key: Key
    props: Props
    sure: bool = True
    emits: str = ""
    then: tuple[Token, object] | None = None
    timed: bool = False
    most: int | None = None
    stage: Node | None = None
    group: str = ""


@attrs.frozen(eq=False)
class Way:
    """A run on its way: what is known, and what it has raised since it last waited."""

    node: Node
    standing: Standing
    props: Props
    sure: bool
    at_once: bool = True
    sends: bool = False
    moved: bool = False
    items: tuple[Item, ...] = ()
    emits: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()

    def back(self, key: Key, standing: Standing, props: Props) -> Raised:
        """What comes back of a message that the run has sent."""
        return Raised(key, standing, props, (self.node,), sure=False, at_once=False, sends=True, emits=self.emits)

    def raising(self, items: Iterable[Item]) -> "Way":
        """The way after it has raised more."""
        return attrs.evolve(self, items=(*self.items, *items))

    @property
    def rule(self) -> Rule:
        """Its rule."""
        assert isinstance(self.node.of, Rule)  # noqa: S101 - only rules have runs
        return self.node.of


Next: TypeAlias = tuple[Way, tuple[s.Step, ...]]
"""A run on its way, and the steps that are before it."""


def its(name: str) -> str:
    """The name of a property of something of which nothing is known."""
    return f"its {name}"


def key_of(node: Node, props: Props) -> object:
    """What a run of the rule is about: equal for equal keys; None where it may be any."""
    name = node.of.key if isinstance(node.of, Rule) else None
    if name is None or (props is not None and name not in props):
        return NO_KEY
    value = its(name) if props is None else props[name]
    return None if value is None else written(value)


def is_same_key(one: object, other: object) -> bool:
    """Whether two runs are surely about the same."""
    return one is not None and one == other
