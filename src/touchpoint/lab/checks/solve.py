"""Whether conditions can hold together, whatever the data: sound, so what is called impossible never happens.

A condition is taken apart at its `&`, `|` and `~` (three-valued, S4.6) until nothing is left but facts about single
values. Each value has its cells (`cells.py`); facts strike out those with which they cannot be, relations between
values (a count within a week is no greater than one within a month) strike out more. Where no cell is left, there is
no such customer. Whatever is not understood could be anything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from touchpoint.core.compile import compile_expression
from touchpoint.core.context import Context
from touchpoint.core.values import BOOL, INSTANT, NUMBER, TEXT, UNKNOWN, truth
from touchpoint.journey.conditions import (
    Aggregate,
    And,
    Arithmetic,
    CaseOpen,
    Compare,
    Consented,
    Contains,
    Count,
    Ever,
    Exists,
    Expression,
    Field,
    In,
    InSegment,
    InStage,
    Literal,
    Not,
    Now,
    Or,
    Outcome,
    Told,
    Total,
    Variant,
    children,
    path_of,
    root_of,
    same,
    split_where,
    structure,
)
from touchpoint.lab.checks.cells import (
    ANY_KIND,
    EQUAL,
    GREATER,
    LESS,
    MISSING,
    PAIR,
    Cell,
    F,
    Scale,
    T,
    U,
    among,
    answer,
    comparing,
    holding,
    negated,
    paired,
    there,
    truthy,
)
from touchpoint.lab.checks.history import narrowed

Absent = Callable[[Field], bool]
Test = Callable[[Cell], int]
TRUE, FALSE, NOT_TRUE, ANYTHING = T, F, F | U, T | F | U
_FLIPPED: Final[Mapping[str, str]] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_MOST_CONSTANTS: Final = 300
_MOST_LOOKS: Final = 400
_ENDS: Final = ("sent", "withdrawn", "denied", "expired", "failed", "unknown")
_TRUTHS: Final = (Compare, And, Or, Not, In, Contains, Exists, Ever, CaseOpen, InStage, InSegment, Consented, Told)


def _nowhere(_: Field) -> bool:
    return False


@attrs.frozen
class Fact:
    """What must be so of one value: `test` says what a cell answers, and one of `wanted` it has to be."""

    value: Expression
    test: Test
    wanted: int


def can_be(
    condition: Expression, wanted: int = TRUE, given: Iterable[Expression] = (), *, absent: Absent = _nowhere,
    denied: Iterable[Expression] = (),
) -> bool:  # fmt: skip
    """Whether a condition may come out as one of `wanted` (bits of `cells`) while all of `given` are true.

    False is certain; True means that nothing speaks against it.

    Args:
        condition: what is asked.
        wanted: the answers asked about: `TRUE`, `FALSE`, `NOT_TRUE` …
        given: conditions known to be true at that instant.
        absent: properties that are certainly not there.
        denied: conditions known to be false or unknown at that instant.
    """
    wants = [*((each, TRUE) for each in given), *((each, NOT_TRUE) for each in denied), (condition, wanted)]
    constants = [each for node, _ in wants for each in _constants(node)]
    if len(constants) > _MOST_CONSTANTS:
        return True
    return _Search(Scale.of([*constants, *_ENDS, 1]), absent).holds(wants, {})


def never(condition: Expression, given: Iterable[Expression] = (), *, absent: Absent = _nowhere) -> bool:
    """Whether a condition can certainly not be true while all of `given` are."""
    return not can_be(condition, TRUE, given, absent=absent)


def always(condition: Expression, given: Iterable[Expression] = (), *, absent: Absent = _nowhere) -> bool:
    """Whether a condition is certainly true, neither false nor unknown, while all of `given` are."""
    return not can_be(condition, NOT_TRUE, given, absent=absent)


def _constants(node: Expression) -> Iterator[object]:
    if isinstance(node, Literal):
        yield from node.value if isinstance(node.value, tuple) else (node.value,)
    elif not isinstance(node, Aggregate):
        if isinstance(node, Arithmetic) and _is_constant(node):
            yield _folded(node)
        for child in children(node):
            yield from _constants(child)


def _is_constant(node: Expression) -> bool:
    return isinstance(node, Literal) or (isinstance(node, Arithmetic) and all(map(_is_constant, children(node))))


def _folded(node: Expression) -> object:
    return compile_expression(node)(Context())


Want = tuple[Expression, int]
Ways = list[list[Want]]
Known = dict[str, tuple[Expression, list[Cell]]]
"""What is left of each value, by its structure."""


@attrs.define
class _Search:
    """One question: alternatives are tried one after the other, up to a bound, beyond which anything is possible."""

    scale: Scale
    absent: Absent
    looks: int = 0
    cells: dict[str, list[Cell]] = attrs.Factory(dict)

    def holds(self, wants: Sequence[Want], left: Known, later: Sequence[Ways] = ()) -> bool:
        """Whether all of `wants`, and one way of each of `later`, can be so, given what is left of each value."""
        waiting, known, either = list(wants), dict(left), list(later)
        while waiting:
            node, wanted = waiting.pop()
            ways = None if wanted == ANYTHING else self._apart(node, wanted)
            if ways is not None and len(ways) == 1:
                waiting += ways[0]
            elif ways is not None:
                either.append(ways)
            elif wanted != ANYTHING and not self._strikes_out(known, self._fact(node, wanted)):
                return False
        self.looks += 1
        if self.looks > _MOST_LOOKS:
            return True
        if not narrowed(self.scale, list(known.values())):
            return False
        if not either:
            return True
        first = min(either, key=len)
        rest = [each for each in either if each is not first]
        return any(self.holds(way, known, rest) for way in first)

    def _apart(self, node: Expression, wanted: int) -> Ways | None:
        """The ways in which a condition can be as wanted, each of them several wants; None for a fact."""
        match node:
            case Not(part):
                return [[(part, negated(wanted))]]
            case And(parts):
                return _joined(parts, wanted, T, F)
            case Or(parts):
                return _joined(parts, wanted, F, T)
            case Compare(op, left, Literal(value=bool() as value)) if op in ("==", "!=") and isinstance(left, _TRUTHS):
                return [[(left, wanted if value == (op == "==") else negated(wanted))]]
        return None

    def _fact(self, node: Expression, wanted: int) -> Fact:
        match node:
            case Literal(value):
                return Fact(node, lambda _: answer(truth(value)), wanted)
            case Compare():
                return self._comparison(node, wanted)
            case In(value, Literal(value=tuple() as options)):
                return self._of(value, among(self.scale, options), wanted)
            case Contains(container, Literal(value=item)):
                return self._of(container, lambda cell: holding(self.scale, cell, item), wanted)
            case Exists(value):
                return self._of(value, there, wanted)
        return self._of(node, lambda cell: truthy(self.scale, cell), wanted)

    def _of(self, value: Expression, test: Test, wanted: int) -> Fact:
        if self._is_absent(value):
            gone = Cell(MISSING)
            return Fact(Literal(None), lambda _: test(gone), wanted)
        if _is_constant(value):
            settled = self._cell_of(_folded(value))
            return Fact(Literal(None), lambda _: test(settled), wanted)
        return Fact(value, test, wanted)

    def _cell_of(self, value: object) -> Cell:
        if value is UNKNOWN:
            return Cell(MISSING)
        found, place = self.scale.place(value)
        return next(each for each in self.scale.cells([found]) if each.place == place)

    def _is_absent(self, node: Expression) -> bool:
        if isinstance(node, Field):
            return self.absent(node)
        return isinstance(node, Arithmetic) and any(map(self._is_absent, children(node)))

    def _comparison(self, node: Compare, wanted: int) -> Fact:
        op, left, right = node.op, node.left, node.right
        if self._is_absent(left) or self._is_absent(right):
            return Fact(Literal(None), lambda _: U, wanted)
        if _is_constant(left) and not _is_constant(right):
            op, left, right = _FLIPPED[op], right, left
        if _is_constant(right):
            return self._of(left, comparing(self.scale, op, _folded(right)), wanted)
        if structure(right) < structure(left):
            op, left, right = _FLIPPED[op], right, left
        return Fact(Compare("==", left, right), lambda cell: paired(op, cell), wanted)

    def _strikes_out(self, known: Known, fact: Fact) -> bool:
        """Leave of each value only the cells that agree with the fact; False where none is left."""
        for value in _spoken_of(fact.value):
            key = structure(value)
            if key not in known:
                if key not in self.cells:
                    self.cells[key] = self._all_cells(value)
                known[key] = (value, self.cells[key])
        key = structure(fact.value)
        value, cells = known[key]
        left = [cell for cell in cells if fact.test(cell) & fact.wanted]
        known[key] = (value, left)
        return bool(left)

    def _is_one_at_least(self, cell: Cell) -> bool:
        return cell.kind == MISSING or cell.place >= self.scale.one

    def _all_cells(self, value: Expression) -> list[Cell]:
        kinds = next((kinds for cls, kinds in _KINDS.items() if isinstance(value, cls)), ANY_KIND)
        certain = [each for each in kinds if each != MISSING] if _is_certain(value) else kinds
        if is_count_of_burst(value):
            return [each for each in self.scale.cells((MISSING, NUMBER), whole=True) if self._is_one_at_least(each)]
        cells = self.scale.cells(certain, whole=isinstance(value, Count))
        if isinstance(value, Outcome):
            ends = {self.scale.place(each)[1] for each in _ENDS}
            return [cell for cell in cells if cell.kind == MISSING or cell.place in ends]
        return _of_pair(value, cells) if isinstance(value, Compare) else cells


def is_count_of_burst(value: Expression) -> bool:
    """Whether this says how many a burst has brought together: one at least, where there is one."""
    return isinstance(value, Field) and same(root_of(value), "collected") and path_of(value) == ("count",)


_KINDS: Final[Mapping[type, Sequence[str]]] = {
    Now: (INSTANT,),
    Compare: (MISSING, PAIR),
    Literal: (MISSING,),
    **dict.fromkeys((Count, Total), (MISSING, NUMBER)),
    **dict.fromkeys((Outcome, Variant), (MISSING, TEXT)),
    **dict.fromkeys((Ever, CaseOpen, InStage, InSegment, Consented, In, Contains, Told), (MISSING, BOOL)),
}
"""Of which kinds values may be; those that are not named here may be of any."""


def _is_certain(value: Expression) -> bool:
    """Whether this can always be told, whatever is missing."""
    if isinstance(value, Count | Ever):
        parts = split_where(value.where)
        return not (parts.outside or parts.keys or parts.relations)
    never_missing = isinstance(value, InStage | InSegment | Consented | Told)
    return never_missing or (isinstance(value, CaseOpen) and value.ref is None)


def _of_pair(pair: Compare, cells: Iterable[Cell]) -> list[Cell]:
    """How two values may compare: one with itself, a number with a number, a number that is certainly there."""
    sides = (pair.left, pair.right)
    if pair.left.same_as(pair.right):
        return [cell for cell in cells if cell.kind == MISSING or cell.place not in (LESS, GREATER)]
    if not all(isinstance(each, Count | Total) for each in sides):
        return list(cells)
    ordered = [cell for cell in cells if cell.kind == MISSING or cell.place in (LESS, EQUAL, GREATER)]
    return [cell for cell in ordered if cell.kind != MISSING or not all(map(_is_certain, sides))]


def _spoken_of(value: Expression) -> Sequence[Expression]:
    """A value, and the numbers from history that it compares."""
    sides = children(value) if isinstance(value, Compare) else ()
    return [value, *(each for each in sides if isinstance(each, Count | Total))]


def _joined(parts: Sequence[Expression], wanted: int, good: int, bad: int) -> Ways:
    """How `&` comes out as wanted, with true as `good`, false as `bad`; the other way round how `|` does."""
    if wanted == good | U:
        return [[(part, wanted) for part in parts]]
    ways: Ways = []
    if wanted & bad:  # one bad part is enough; where unknown will do as well, one that is not good
        soft = bad | (wanted & U)
        ways += [[(part, soft)] for part in parts]
    elif wanted & U:
        ways += [[(part, U), *((each, good | U) for each in parts if each is not part)] for part in parts]
    if wanted & good:
        ways.append([(part, good) for part in parts])
    return ways
