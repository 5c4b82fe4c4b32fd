"""What values have to do with each other, so that what is known of one tells of another.

Counts over a shorter window, or of touchpoints of which more is asked, are no greater. Whatever has happened has been
counted; a sum of nothing is nothing; nobody is in two stages of a journey.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Final, NamedTuple

from touchpoint.core.values import BOOL, NUMBER
from touchpoint.journey.conditions import (
    And,
    CaseOpen,
    Compare,
    Count,
    Ever,
    Expression,
    Field,
    InStage,
    Last,
    Outcome,
    Told,
    Total,
    root_of,
    structure,
)
from touchpoint.lab.checks.cells import EQUAL, GREATER, LESS, MISSING, PAIR, Cell, Scale

Left = tuple[Expression, list[Cell]]
"""A value, and the cells that are left for it."""
_MOST_VALUES: Final = 40


class _Chosen(NamedTuple):
    """Which touchpoints, or cases, a value is about: `asks` are the structures of what is asked of each."""

    what: tuple[str, ...]
    within: timedelta | None
    asks: frozenset[str]

    def lies_in(self, other: "_Chosen") -> bool:
        """Whether all that this is about the other one is about, too."""
        shorter = other.within is None or (self.within is not None and self.within <= other.within)
        return self.what == other.what and shorter and other.asks <= self.asks


def narrowed(scale: Scale, values: Sequence[Left]) -> bool:
    """Whether any cell is left of each value once they have struck out each other's."""
    left = [(value, list(cells)) for value, cells in values if _has_to_do(value)]
    if len(left) > _MOST_VALUES:
        return True
    before, now = 0, sum(len(cells) for _, cells in left)
    while now != before:  # cells are only ever struck out, so it comes to an end
        for some, other in permutations(range(len(left)), 2):
            _relate(scale, left[some], left[other])
        _pairs(left)
        if any(not cells for _, cells in left):
            return False
        before, now = now, sum(len(cells) for _, cells in left)
    return True


def _has_to_do(value: Expression) -> bool:
    """Whether a value has to do with any other one."""
    return isinstance(value, Compare | InStage | Told | Outcome) or _chosen(value) is not None


# --- one lies in the other --------------------------------------------------------------------------------------------


def _relate(scale: Scale, small: Left, great: Left) -> None:
    (one, ones), (other, others) = small, great
    if isinstance(one, InStage) and isinstance(other, InStage):
        _one_stage(one, ones, other, others)
        return
    if isinstance(other, Told):
        _came_back(scale, one, ones, other, others)
        return
    mine, theirs = _chosen(one), _chosen(other)
    if mine is None or theirs is None or not mine.lies_in(theirs):
        return
    most = max((_bounds(scale, other, cell)[1] for cell in others), default=0)
    least = min((_bounds(scale, one, cell)[0] for cell in ones), default=0)
    ones[:] = [cell for cell in ones if _bounds(scale, one, cell)[0] <= most]
    others[:] = [cell for cell in others if _bounds(scale, other, cell)[1] >= least]


def _one_stage(one: InStage, ones: list[Cell], other: InStage, others: list[Cell]) -> None:
    if one.journey == other.journey and one.stage != other.stage and all(cell == Cell(BOOL, 1) for cell in ones):
        others[:] = [cell for cell in others if cell != Cell(BOOL, 1)]


def _came_back(scale: Scale, one: Expression, ones: list[Cell], other: Told, others: list[Cell]) -> None:
    """A click or a reply tells of an open, that of the delivery; what ended as failed has failed (S6.9)."""
    if isinstance(one, Outcome):
        failed = scale.place("failed")[1]
        tells = other.what == "failed" and all(cell.place == failed and cell.kind != MISSING for cell in ones)
    else:
        tells = isinstance(one, Told) and other.what in _TELLS_OF.get(one.what, ()) and ones == [Cell(BOOL, 1)]
    if tells and one.message == other.message:  # type: ignore[attr-defined]  # both kinds are of one
        others[:] = [cell for cell in others if cell == Cell(BOOL, 1)]


_TELLS_OF: Final = {
    "opened": ("delivered",), "clicked": ("opened", "delivered"), "replied": ("opened", "delivered"),
    "answered": ("opened", "delivered"),
}  # fmt: skip


def _chosen(value: Expression) -> _Chosen | None:
    match value:
        case Count() | Ever():
            return _Chosen(("touchpoints", value.type), value.within, _asks(value.where))
        case Total():
            return _Chosen(("touchpoints", value.type), value.within, _asks(value.where))
        case Field() if isinstance(last := root_of(value), Last):
            return _Chosen(("touchpoints", last.type), None, _asks(last.where))
        case CaseOpen(kind, ref):
            kinds = set() if kind is None else {f"kind {kind}"}
            return _Chosen(("cases",), None, frozenset(kinds | (set() if ref is None else {structure(ref)})))
    return None


def _asks(where: Expression | None) -> frozenset[str]:
    parts = where.parts if isinstance(where, And) else () if where is None else (where,)
    return frozenset(map(structure, parts))


def _bounds(scale: Scale, value: Expression, cell: Cell) -> tuple[int, int]:
    """At least and at most how many there are, as places of the scale of numbers."""
    nothing, one, any_number = scale.nothing, scale.one, 2 * len(scale.points[NUMBER])
    if cell.kind == MISSING:
        return nothing, any_number
    if isinstance(value, Count):
        return cell.place, cell.place
    if isinstance(value, Ever | CaseOpen):
        return (one, any_number) if cell.place else (nothing, nothing)
    if isinstance(value, Total):
        return (nothing if cell.place == nothing else one), any_number
    return one, any_number  # the latest of them: there is one


# --- values compared with each other ----------------------------------------------------------------------------------


def _pairs(left: Sequence[Left]) -> None:
    known = {structure(value): cells for value, cells in left}
    for value, cells in left:
        if not isinstance(value, Compare) or not cells or any(cell.kind not in (PAIR, MISSING) for cell in cells):
            continue
        ours, theirs = _chosen(value.left), _chosen(value.right)
        if isinstance(value.left, Count) and isinstance(value.right, Count) and ours and theirs:
            if ours.lies_in(theirs):
                cells[:] = [cell for cell in cells if cell.kind == MISSING or cell.place != GREATER]
            if theirs.lies_in(ours):
                cells[:] = [cell for cell in cells if cell.kind == MISSING or cell.place != LESS]
        some, others = known.get(structure(value.left)), known.get(structure(value.right))
        if some is not None and others is not None:
            _compare(cells, some, others)


def _compare(pair: list[Cell], some: list[Cell], others: list[Cell]) -> None:
    """Strike out orders that the numbers do not allow, and numbers that the order does not."""
    if any(cell.kind == MISSING for cell in pair) or not some or not others:
        return
    some[:], others[:] = list(_numbers(some)), list(_numbers(others))
    if not some or not others:
        return
    pair[:] = [cell for cell in pair if cell.place in _orders(some, others)]
    signs = {cell.place for cell in pair}
    if signs <= {LESS, EQUAL}:
        _ascend(some, others)
    if signs <= {GREATER, EQUAL}:
        _ascend(others, some)


def _ascend(small: list[Cell], great: list[Cell]) -> None:
    if small and great:
        most, least = max(cell.place for cell in great), min(cell.place for cell in small)
        small[:] = [cell for cell in small if cell.place <= most]
        great[:] = [cell for cell in great if cell.place >= least]


def _numbers(cells: list[Cell]) -> Iterator[Cell]:
    return (cell for cell in cells if cell.kind == NUMBER)


def _orders(some: list[Cell], others: list[Cell]) -> set[int]:
    """The orders that are possible; within one gap any of them."""
    least, most = min(cell.place for cell in some), max(cell.place for cell in some)
    low, high = min(cell.place for cell in others), max(cell.place for cell in others)
    found = set()
    if least < high or (least == high and least % 2 == 0):
        found.add(LESS)
    if most > low or (most == low and most % 2 == 0):
        found.add(GREATER)
    if {cell.place for cell in some} & {cell.place for cell in others}:
        found.add(EQUAL)
    return found
