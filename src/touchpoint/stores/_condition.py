"""How a SQLite store is: what it runs on, where it lies, how full it is. Nothing of it is changed."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from touchpoint.stores._connection import log_size
from touchpoint.stores._trouble import TROUBLE, Place, reraise
from touchpoint.stores.base import SCHEMA_VERSION
from touchpoint.stores.condition import Condition
from touchpoint.stores.migrations import SCHEMA_VERSION_FOUND

_SYNCHRONOUS: Final = ("off", "normal", "full", "extra")
_LOOKED_AT: Final = 10_000
"""Of the journal's entries, the newest."""
_PROBLEMS: Final = 20
_MOUNTS: Final = Path("/proc/mounts")


def condition(own: sqlite3.Connection, place: Place, *, deep: bool) -> Condition:
    """How the store is.

    Args:
        own: a connection of the store's.
        place: where it is.
        deep: look for damage, too, which reads all of it.

    Raises:
        StoreError: and its kinds.
    """
    try:
        return Condition(
            place=place.path,
            sqlite=sqlite3.sqlite_version_info,
            journal_mode=str(_one(own, "PRAGMA journal_mode")),
            synchronous=_SYNCHRONOUS[int(_one(own, "PRAGMA synchronous"))],
            host_checkpoints=_host_checkpoints(place),
            file_system=file_system(place.path, _mounts()) if place.path else None,
            size=_size(place.path),
            log_size=log_size(place) if place.path else 0,
            free=_free(place.path),
            schema_version=int(_one(own, SCHEMA_VERSION_FOUND)),
            newest_schema=SCHEMA_VERSION,
            recorded_at=_recorded_at(own),
            damage=_damage(own, place) if deep else None,
        )
    except TROUBLE as trouble:
        reraise(trouble, place)


def _one(connection: sqlite3.Connection, statement: str) -> int | str:
    found: int | str = connection.execute(statement).fetchone()[0]
    return found


def _recorded_at(own: sqlite3.Connection) -> int | None:
    newest = f"SELECT recorded_at FROM touchpoint_journal ORDER BY no DESC LIMIT {_LOOKED_AT}"  # noqa: S608 - a number
    found: int | None = own.execute(f"SELECT max(recorded_at) FROM ({newest})").fetchone()[0]  # noqa: S608 - our own
    return found


def _host_checkpoints(place: Place) -> int | None:
    """Pages after which a connection checkpoints by itself, if nobody tells it not to; 0 for never."""
    if not place.path:
        return None
    with closing(sqlite3.connect(":memory:")) as plain:
        return int(_one(plain, "PRAGMA wal_autocheckpoint"))


def _damage(own: sqlite3.Connection, place: Place) -> tuple[str, ...]:
    """What SQLite finds wrong with the file. Over a connection of its own, so that nobody has to wait."""
    check = f"PRAGMA quick_check({_PROBLEMS})"
    if not place.path:
        found = own.execute(check).fetchall()
    else:
        uri = Path(place.path).as_uri() + "?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as second:
            second.execute("PRAGMA query_only = ON")
            found = second.execute(check).fetchall()
    return tuple(str(problem) for (problem,) in found if problem != "ok")


def _size(path: str) -> int:
    return Path(path).stat().st_size if path and Path(path).exists() else 0


def _free(path: str) -> int | None:
    """Bytes that this user may still write there; None where nobody can tell."""
    if not path or not hasattr(os, "statvfs"):
        return None
    found = os.statvfs(Path(path).parent)
    return found.f_bavail * found.f_frsize


def _mounts() -> list[str]:
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not on Linux
        return []


def file_system(path: str, mounts: Iterable[str]) -> str | None:
    """The kind of file system that a path lies on, such as `ext4` or `nfs4`; None where nobody can tell.

    Args:
        path: of a file.
        mounts: the lines of `/proc/mounts`: device, place, kind and more, with blanks in octal.
    """
    there = Path(path).resolve()
    found, longest = None, -1
    for line in mounts:
        _, place, kind, *_ = [*line.split(" "), "", "", ""]
        root = Path(place.encode("latin-1", "replace").decode("unicode_escape", "replace") if "\\" in place else place)
        # Of two on one place the later hides the earlier.
        if kind and (there == root or root in there.parents) and len(root.parts) >= longest:
            found, longest = kind, len(root.parts)
    return found
