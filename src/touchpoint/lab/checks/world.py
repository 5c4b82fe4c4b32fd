"""What is so for whoever goes round in a circle without end: what is counted on the way has become many."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

import attrs

from touchpoint.journey.conditions import (
    Arithmetic,
    Compare,
    Count,
    Ever,
    Expression,
    Field,
    Last,
    Literal,
    Not,
    Now,
    Told,
    path_of,
    root_of,
    walk,
)
from touchpoint.journey.steps import Emit
from touchpoint.lab.checks.links import TOLD_BY_PROVIDERS
from touchpoint.lab.checks.scene import parts_of
from touchpoint.lab.checks.standing import Standing

MANY: Final = 10**6
_BY_CUSTOMERS: Final = ("opened", "clicked", "replied", "answered")


@attrs.frozen
class World:
    """One case of those that are looked at.

    Args:
        at_once: no time passes on the way.
        emits: every `Emit` there is, by type.
        many: types that are emitted in each round: by now there are many of them.
        banned: types that are not emitted on the way.
    """

    at_once: bool
    emits: Mapping[str, tuple[Emit, ...]]
    many: frozenset[str] = frozenset()
    banned: frozenset[str] = frozenset()

    def facts(self, conditions: Iterable[Expression], standing: Standing) -> Iterator[Expression]:
        """What is true of the questions in these conditions."""
        for node in (each for condition in conditions for each in walk(condition)):
            match node:
                case Count():
                    least = MANY if self._is_many(node) else int(_is_fresh(node, standing))
                    if least:
                        yield Compare(">=", node, Literal(least))
                    elif self._is_over(node):
                        yield Compare("==", node, Literal(0))
                case Ever():
                    if self._is_many(node) or _is_fresh(node, standing):
                        yield node
                    elif self._is_over(node):
                        yield Not(node)
                case Told() if node.what in _BY_CUSTOMERS:
                    yield Not(node)
                case Arithmetic("-", Now(), Field() as since):
                    yield from _age(node, since, standing)

    def _is_many(self, node: Count | Ever) -> bool:
        if node.type not in self.many or (node.within is not None and not self.at_once):
            return False
        return all(_counts(node.where, each) for each in self.emits[node.type])

    def _is_over(self, node: Count | Ever) -> bool:
        """Whether what it counts came of the customer alone, so that it is past by now."""
        by_itself = node.type in self.emits or node.type in TOLD_BY_PROVIDERS or node.type == "exposed"
        return node.within is not None and not self.at_once and not by_itself


def _is_fresh(node: Count | Ever, standing: Standing) -> bool:
    """Whether one has certainly been emitted within the window, on the way to here."""
    if node.where is not None or ("emitted", node.type) not in standing.facts:
        return False
    age = standing.facts["emitted", node.type]
    return node.within is None or (age is not None and timedelta(microseconds=int(str(age))) < node.within)


def _age(node: Expression, since: Field, standing: Standing) -> Iterator[Expression]:
    root = root_of(since)
    if isinstance(root, Last) and root.where is None and path_of(since) == ("at",):
        age = standing.facts.get(("emitted", root.type))
        if age is not None:
            yield Compare("<=", node, Literal(timedelta(microseconds=int(str(age)))))


def _counts(where: Expression | None, emit: Emit) -> bool:
    """Whether every touchpoint of this step surely counts: it has what is asked for, or what the trigger has."""
    return where is None or all(_has(part, emit) for part in parts_of(where))


def _has(part: Expression, emit: Emit) -> bool:
    if not isinstance(part, Compare) or part.op != "==":
        return False
    return any(_is_given(own, other, emit) for own, other in ((part.left, part.right), (part.right, part.left)))


def _is_given(own: Expression, other: Expression, emit: Emit) -> bool:
    """Whether the step gives the property that it looks at, as a literal or as the trigger has it."""
    if not isinstance(own, Field) or _root(own) != "event" or len(path_of(own)) != 1:
        return False
    given = emit.properties.get(path_of(own)[0])
    if isinstance(given, Field) and isinstance(other, Field):
        return _root(given) in ("event", "trigger") and _root(other) == "trigger" and path_of(given) == path_of(other)
    return isinstance(given, Literal) and given.same_as(other)


def _root(field: Field) -> str:
    root = root_of(field)
    return root if isinstance(root, str) else ""
