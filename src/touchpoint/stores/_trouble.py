"""What SQLite complains about, as our errors: one table (S11.7). Never with the contents of a row."""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

import attrs

from touchpoint.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreReadOnly

# What a statement can raise: SQLite's own errors, and values that it has no place for.
TROUBLE: Final = (sqlite3.Error, OverflowError, UnicodeError)

_DAMAGED: Final = "is damaged or is no SQLite database; put it aside and restore a backup"
_LOCKED: Final = (
    "is locked: another connection has been writing for longer than the time-out; nothing was written, try again. "
    "If this thread has a transaction of its own open on this file, hand its connection in with connection="
)
_READ_ONLY: Final = "cannot be written to; grant this user write access to the file and to its folder"

# By extended code where that says more, else by primary code.
_KINDS: Final[Mapping[int, tuple[type[StoreError], str]]] = {
    sqlite3.SQLITE_BUSY_SNAPSHOT: (
        StoreBusy,
        (
            "was changed by somebody else after this transaction began to read; roll back and try again, and begin "
            "transactions that write with BEGIN IMMEDIATE"
        ),
    ),
    sqlite3.SQLITE_BUSY: (StoreBusy, _LOCKED),
    sqlite3.SQLITE_LOCKED: (StoreBusy, _LOCKED),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, _READ_ONLY),
    sqlite3.SQLITE_PERM: (StoreReadOnly, _READ_ONLY),
    sqlite3.SQLITE_FULL: (StoreFull, "is full, or its disk is; nothing was written, free some space and try again"),
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (StoreCorrupt, _DAMAGED),
    sqlite3.SQLITE_IOERR: (
        StoreError,
        "could not be read or written: the disk or file system failed; see the system log",
    ),
    sqlite3.SQLITE_NOMEM: (StoreError, "could not be used: the process is out of memory"),
    sqlite3.SQLITE_TOOBIG: (StoreError, "was handed a row larger than SQLite takes; nothing was written"),
    sqlite3.SQLITE_CONSTRAINT: (
        StoreError,
        (
            "has a row of this number, key or id already, or was handed one that lacks a value; nothing was written. "
            "Take numbers from the counters of the transaction that writes"
        ),
    ),
    sqlite3.SQLITE_ERROR: (
        StoreError,
        (
            "refused a statement: its tables are not as this version of the library made them; has another program "
            "changed them? Restore a backup"
        ),
    ),
}


@attrs.frozen
class Place:
    """Where a store is, as errors name it. `path` is absolute, and empty for a store in memory."""

    path: str

    def __str__(self) -> str:
        return f"the store at {self.path!r}" if self.path else "the store in memory"


def reraise(trouble: BaseException, place: Place) -> NoReturn:
    """Raise what SQLite complained about as a StoreError."""
    coded = getattr(trouble, "sqlite_errorcode", None) is not None
    # Without a code the message may be Python's own, which quotes what it could not convert: that is not shown.
    raise _translated(trouble, place) from (trouble if coded else None)


def _translated(trouble: BaseException, place: Place) -> StoreError:
    code: int | None = getattr(trouble, "sqlite_errorcode", None)
    if code is None:
        return _without_code(trouble, place)
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        return _cannot_open(place)
    name: str = getattr(trouble, "sqlite_errorname", str(code))
    kind, text = (
        _KINDS.get(code) or _KINDS.get(code & 0xFF) or (StoreError, "could not do its work; nothing was written")
    )
    return kind(f"{place} {text} ({name})")


def _without_code(trouble: BaseException, place: Place) -> StoreError:
    """Python's own complaints: SQLite was not even asked, or its answer could not be read."""
    if isinstance(trouble, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return StoreError(
            f"{place} was not asked: the connection is closed or belongs to another thread, or a value has a type that "
            "SQLite does not know"
        )
    if isinstance(trouble, sqlite3.Error):
        return StoreCorrupt(f"{place} holds text that is not UTF-8, so it {_DAMAGED}")
    return StoreError(
        f"{place} was handed a value that it cannot keep: a number beyond 64 bits, or text with lone surrogates; "
        "nothing was written"
    )


def _cannot_open(place: Place) -> StoreError:
    """Why there is no opening the file, as far as the file system tells."""
    path = Path(place.path)
    if not path.parent.is_dir():
        return StoreError(f"{place} cannot be opened: its folder does not exist; create it first")
    if path.is_dir():
        return StoreError(f"{place} cannot be opened: that is a folder; name a file")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.R_OK | os.W_OK)):
        return StoreReadOnly(f"{place} {_READ_ONLY}")
    return StoreError(f"{place} cannot be opened; are there too many open files, or has its disk gone away?")
