"""The statements of the SQLite store about the agenda: who falls due when.

The agenda is clustered by (due, customer), so what falls due next lies side by side, and whole stretches of it are
taken off by one statement each.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any, Final, Protocol

Due = tuple[int, int]
"""(when, microseconds UTC; customer number)"""
Moved = tuple[int | None, int | None, int]
"""(old due, new due, customer number); see `Changes.dues`."""

_DUE: Final = "SELECT due, customer FROM touchpoint_due WHERE due <= ? ORDER BY due, customer LIMIT ?"
_STRETCH_GONE: Final = "DELETE FROM touchpoint_due WHERE (due, customer) >= (?, ?) AND (due, customer) <= (?, ?)"
_GONE: Final = "DELETE FROM touchpoint_due WHERE due = ? AND customer = ?"
_NEW: Final = "INSERT OR IGNORE INTO touchpoint_due (due, customer) VALUES (?, ?)"
_FEW: Final = 4
"""Fewer neighbours than these are deleted one by one: a statement costs as much as two or three rows."""


class _Asks(Protocol):
    """What the statements need of whoever runs them."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def many(self, statement: str, rows: Sequence[Any]) -> None: ...


class DueReader(_Asks):
    """Questions about what falls due."""

    def due(self, until: int, limit: int) -> list[Due]:
        """(due, customer number) with due <= until, earliest first, at most `limit`."""
        return self.run(_DUE, (until, limit))


class DueWriter(DueReader):
    """What is written of the agenda, under the write lock."""

    _neighbours: Sequence[Due] = ()
    """What was asked for last: the head of the table, with nobody in between as long as nothing is written."""

    def due(self, until: int, limit: int) -> list[Due]:
        """See `DueReader.due`."""
        found = super().due(until, limit)
        self._neighbours = found.copy()
        return found

    def write_dues(self, dues: Sequence[Moved]) -> None:
        """Move customers on the agenda; of one who is named twice the first old and the last new instant count."""
        if not dues:
            return
        neighbours, self._neighbours = self._neighbours, ()  # from here on others may come in between
        gone, come = _changed(dues)
        stretches, alone = _stretches(neighbours, gone)
        for first, last in stretches:
            self.run(_STRETCH_GONE, (*first, *last))
        self.many(_GONE, sorted(alone))  # in the order of the table, neighbours share their pages
        self.many(_NEW, sorted(come))


def _changed(dues: Sequence[Moved]) -> tuple[list[Due], list[Due]]:
    """What goes, and what comes, each once."""
    if len({customer for _, _, customer in dues}) < len(dues):
        dues = _once_each(dues)
    gone = [(old, customer) for old, new, customer in dues if old is not None and old != new]
    return gone, [(new, customer) for old, new, customer in dues if new is not None and old != new]


def _once_each(dues: Iterable[Moved]) -> list[Moved]:
    before: dict[int, int | None] = {}
    after: dict[int, int | None] = {}
    for old, new, customer in dues:
        before.setdefault(customer, old)
        after[customer] = new
    return [(old, after[customer], customer) for customer, old in before.items()]


def _stretches(neighbours: Sequence[Due], gone: Sequence[Due]) -> tuple[list[tuple[Due, Due]], Collection[Due]]:
    """The stretches of the table (first and last row) of which all goes, and what goes besides."""
    if len(gone) >= _FEW and gone == neighbours[: len(gone)]:  # the usual case, and found at once
        return [(gone[0], gone[-1])], ()
    stretches = []
    alone = set(gone)
    for goes, rows in groupby(neighbours, frozenset(gone).__contains__):
        side_by_side = list(rows) if goes else []
        if len(side_by_side) >= _FEW:
            stretches.append((side_by_side[0], side_by_side[-1]))
            alone.difference_update(side_by_side)
    return stretches, alone
