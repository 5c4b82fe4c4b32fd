"""The statements of the SQLite store about the journal, which only ever grows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

from touchpoint.errors import StoreCorrupt
from touchpoint.stores._trouble import Place
from touchpoint.stores.base import EntryRow

_PAGE: Final = 256  # rows of an iterator that are in memory at once
_COLUMNS: Final = ", ".join(EntryRow._fields)
_JOURNAL: Final = f"SELECT {_COLUMNS} FROM touchpoint_journal"  # noqa: S608 - nothing but names of our own
_SEEN: Final = (
    "WITH wanted (wanted_id, wanted_customer) AS (VALUES ?*) "
    + _JOURNAL.replace("FROM", "FROM wanted CROSS JOIN")
    + " ON id = wanted_id AND customer = wanted_customer"
)
# Python's module describes each column of an answer, also of an empty one: the two that are asked by are left out.
_SEEN_ALONE: Final = (
    "SELECT no, prev, kind, type, at, recorded_at, body, trace FROM touchpoint_journal WHERE id = ? AND customer = ?"
)
_HEAD: Final = "SELECT head FROM touchpoint_customers WHERE no = ?"
# A recursion that is asked for row by row follows the chain without an index, and sooner than a question per entry.
_CHAIN: Final = (
    "WITH RECURSIVE chain AS (SELECT * FROM touchpoint_journal WHERE no = ? UNION ALL "  # noqa: S608 - names of our own
    "SELECT entry.* FROM chain JOIN touchpoint_journal AS entry ON entry.no = chain.prev LIMIT ?) "
    f"SELECT {_COLUMNS} FROM chain"
)
# Each None that Python's module binds costs as much as writing half a row, so the rows of every event come without.
NEW: Final = (
    f"INSERT INTO touchpoint_journal ({_COLUMNS}) "  # noqa: S608 - nothing but names of our own
    "VALUES (?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?, nullif(?, ''))"
)


class _Asks(Protocol):
    """What the statements need of whoever runs them."""

    _place: Place

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def _among_pairs(self, template: str, pairs: Sequence[tuple[object, object]]) -> Iterable[tuple[Any, ...]]: ...


class JournalReader(_Asks):
    """Questions about the journal."""

    def seen(self, touchpoints: Sequence[tuple[str, int]]) -> dict[tuple[str, int], EntryRow]:
        """Those of these (touchpoint id, customer number) that were recorded before."""
        if len(touchpoints) == 1:
            found = self.run(_SEEN_ALONE, touchpoints[0])
            if not found:
                return {}
            (no, prev, kind, *rest), (identity, customer) = found[0], touchpoints[0]
            return {touchpoints[0]: EntryRow(no, customer, prev, kind, identity, *rest)}
        rows = map(EntryRow._make, self._among_pairs(_SEEN, touchpoints))
        return {(entry.id, entry.customer): entry for entry in rows if entry.id is not None}

    def journal(self, customer: int) -> Iterator[EntryRow]:
        """All entries of a customer, newest first. Raises StoreCorrupt where their chain is broken."""
        head = self.run(_HEAD, (customer,))
        wanted, size = (head[0][0] if head else 0), 16  # most who ask want the newest few only
        while wanted:
            page = self.run(_CHAIN, (wanted, size))
            if not page:
                raise StoreCorrupt(
                    f"{self._place} lacks journal entry {wanted}, which another points to; restore a backup"
                )
            for entry in map(EntryRow._make, page):
                if entry.customer != customer or not 0 <= entry.prev < entry.no:
                    raise StoreCorrupt(f"{self._place} has a wrong link at journal entry {entry.no}; restore a backup")
                wanted = entry.prev
                yield entry
            size = min(size * 4, _PAGE)

    def newest(self) -> int | None:
        """When the newest journal entry was recorded, if there is one."""
        rows = self.run("SELECT recorded_at FROM touchpoint_journal ORDER BY no DESC LIMIT 1")
        return int(rows[0][0]) if rows else None
