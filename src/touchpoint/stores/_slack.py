"""Unused parts of pages, where SQLite leaves copies of rows that it has moved, `secure_delete` or not (S1.7).

When a page is split its rows are copied to the new ones, and what lies between a page's pointers and its first row is
left as it was. A row that is erased later is overwritten where it is then, not where it was before. The layout of pages
is that of https://www.sqlite.org/fileformat2.html#b_tree_pages.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_BTREE: Final = {2: 12, 5: 12, 10: 8, 13: 8}
"""Kinds of pages that hold rows or keys, and how long their heads are."""
_FILE_HEAD: Final = 100  # bytes of the first page that come before its head
_AT_ONCE: Final = 4_096  # pages
_COPY: Final = "touchpoint_rewrite"


def left_in_slack(path: str, marks: Sequence[bytes]) -> bool:
    """Whether any of these stands in an unused part of a page of this file."""
    return any(mark in part for part in _unused(path) for mark in marks) if marks else False


def _unused(path: str) -> Iterator[bytes]:
    with Path(path).open("rb") as file:
        size = int.from_bytes(file.read(18)[16:18], "big")
        size = 65_536 if size == 1 else size
        if not size:
            return
        file.seek(0)
        first = True
        while pages := file.read(size * _AT_ONCE):
            for start in range(0, len(pages), size):
                yield _gap(pages, start, start + (_FILE_HEAD if first else 0))
                first = False


def _gap(pages: bytes, start: int, head: int) -> bytes:
    length = _BTREE.get(pages[head]) if head < len(pages) else None
    if length is None:
        return b""
    rows = int.from_bytes(pages[head + 3 : head + 5], "big")
    content = int.from_bytes(pages[head + 5 : head + 7], "big") or 65_536
    return pages[head + length + 2 * rows : start + content]


def rewrite(own: sqlite3.Connection) -> None:
    """Write all tables of ours anew, in one transaction: what is unused then holds nothing that was erased before.

    It takes as long as writing everything once more, and nobody else can write meanwhile.
    """
    own.execute("BEGIN IMMEDIATE")
    try:
        names = own.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'touchpoint_*' ORDER BY name"
        ).fetchall()
        for (name,) in names:
            # Emptied as a whole, a table gives all its pages back, and those are overwritten.
            own.execute(f"CREATE TABLE {_COPY} AS SELECT * FROM {name}")  # noqa: S608 - names of our own
            own.execute(f"DELETE FROM {name}")  # noqa: S608 - likewise
            own.execute(f"INSERT INTO {name} SELECT * FROM {_COPY}")  # noqa: S608 - likewise
            own.execute(f"DROP TABLE {_COPY}")
        own.execute("COMMIT")
    except BaseException:
        if own.in_transaction:
            own.execute("ROLLBACK")
        raise
