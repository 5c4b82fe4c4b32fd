"""Connections to a SQLite store: our own one, the one that folds the write-ahead log, and the host's."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

from touchpoint.clock import SystemClock
from touchpoint.durations import micros
from touchpoint.errors import StoreError
from touchpoint.stores._blank import fill
from touchpoint.stores._sql import SqliteTransaction
from touchpoint.stores._trouble import TROUBLE, Place, reraise
from touchpoint.stores.base import Counters
from touchpoint.stores.migrations import check_not_newer, migrate, refuse_newer

Durability = Literal["full", "fast"]

SYNCHRONOUS: Final = {"full": "PRAGMA synchronous = FULL", "fast": "PRAGMA synchronous = NORMAL"}
LOG_LIMIT: Final = 4 * 1024 * 1024  # bytes of write-ahead log after which it is folded into the file
PAGE: Final = 1_024
"""Bytes of a page of a file that is made anew.

Customers come in no order, so whatever is written of one takes a page of its own in the log: of this size it takes half
of the bytes that SQLite's usual 4,096 take, at the same pace. A file that is there keeps the size that it has.
"""

_PRAGMAS: Final = (
    "PRAGMA secure_delete = ON",  # S1.7: what is erased is overwritten
    "PRAGMA cell_size_check = ON",  # S11.7: notice damaged pages
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cache_size = -16384",  # KiB
    "PRAGMA wal_autocheckpoint = 0",  # see fold()
    f"PRAGMA journal_size_limit = {LOG_LIMIT}",  # once it starts over; so its size tells how full it is
)


def place_of(path: str | None) -> Place:
    """Where the store of this path is. Raises StoreError for what names no file."""
    if path is None or path == ":memory:":
        return Place("")
    if not path or "\0" in path:
        raise StoreError("a store's path must name a file; None is a store in memory")
    return Place(str(Path(path).absolute()))  # the host may change its working directory


def connect(place: Place, durability: Durability, seconds: float) -> sqlite3.Connection:
    """A connection in autocommit mode to a store whose tables are up to date.

    Raises:
        StoreError: and its kinds.
    """
    try:
        connection = sqlite3.connect(
            place.path or ":memory:",
            timeout=seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
    except TROUBLE as trouble:
        reraise(trouble, place)
    try:
        _prepare(connection, place, durability, seconds)
    except TROUBLE as trouble:
        connection.close()
        reraise(trouble, place)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, place: Place, durability: Durability, seconds: float) -> None:
    check_not_newer(connection, place)
    for pragma in (*_PRAGMAS, SYNCHRONOUS[durability]):
        connection.execute(pragma).fetchall()
    now = micros(SystemClock().now())
    if place.path:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        _use_write_ahead_log(connection, place, seconds)
        migrate(connection, now)
    else:
        fill(connection, now)


def _use_write_ahead_log(connection: sqlite3.Connection, place: Place, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as trouble:
            # SQLite does not wait by itself when two processes change the mode of a new file at once.
            if trouble.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise StoreError(f"{place} cannot have a write-ahead log there; put it on a local disk")
        return


def counters(current: SqliteTransaction, place: Place) -> Counters:
    """The next free numbers. Raises StoreTooNew where somebody upgraded the store while it was open here."""
    refuse_newer(current.schema_version(), place)
    return current.next_numbers()


def file_at(place: Place) -> tuple[int, int] | None:
    """Which file has the store's name just now; None where there is none, or nobody may ask."""
    try:
        found = os.stat(place.path)  # noqa: PTH116 - asked for each transaction, and sooner answered than by a Path
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Log:
    """The write-ahead log of a connection that is open, itself held open: so its size is the cheapest thing to ask.

    It stays the same file as long as anybody has the store open. SQLite has no lock on it that closing it would undo.
    """

    def __init__(self, place: Place) -> None:
        self._place, self._file = place, -1
        if place.path:
            with suppress(OSError):
                self._file = os.open(place.path + "-wal", os.O_RDONLY)

    def size(self) -> int:
        """Its bytes."""
        return log_size(self._place) if self._file < 0 else os.lseek(self._file, 0, os.SEEK_END)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def log_size(place: Place) -> int:
    """Bytes of the write-ahead log's file."""
    try:
        return Path(place.path + "-wal").stat().st_size
    except OSError:
        return 0


def fold(own: sqlite3.Connection, place: Place) -> bool:
    """Copy the write-ahead log into the file, while nobody can commit. Whether all of it could be copied.

    Before version 3.51.3 SQLite can corrupt a log when one connection checkpoints while another commits. So `own` takes
    the write lock, which no process can take meanwhile, and a second connection does the work.

    Raises:
        sqlite3.Error: somebody is writing for longer than `own` waits, or the disk fails.
    """
    own.execute("BEGIN IMMEDIATE")
    try:
        # mode=rw: if the file has been taken away, do not make an empty one.
        uri = Path(place.path).as_uri() + "?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as second:
            busy, frames, copied = second.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            return not busy and frames == copied
    finally:
        if own.in_transaction:
            own.execute("ROLLBACK")


def log_salt(place: Place) -> bytes:
    """What tells one start of the write-ahead log from the next; empty where there is none."""
    try:
        with Path(place.path + "-wal").open("rb") as log:
            return log.read(24)[16:]  # "salt-1" and "salt-2" in the file format of SQLite
    except OSError:
        return b""


def restart_log(own: sqlite3.Connection) -> None:
    """Cut a log that has just been folded: the next commit starts it over, and drops what is beyond."""
    own.execute("PRAGMA journal_size_limit = 0")
    try:
        with own:  # commits or rolls back
            own.execute("BEGIN IMMEDIATE")
            # Something must change: a page that stays the same is not written.
            own.execute("INSERT OR REPLACE INTO touchpoint_meta (key, value) VALUES ('log_restarted', '')")
            own.execute("DELETE FROM touchpoint_meta WHERE key = 'log_restarted'")
    finally:
        own.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}")


@contextmanager
def inside(host: sqlite3.Connection, place: Place) -> Iterator[SqliteTransaction]:
    """A part of the host's transaction: if the block fails, it leaves nothing behind, and what the host wrote stays.

    Raises:
        StoreError: and its kinds.
    """
    cursor = _cursor(host, place)
    current = SqliteTransaction(cursor, place)
    [(overwrites,)] = current.run("PRAGMA secure_delete")
    current.run("PRAGMA secure_delete = ON")  # S1.7: a connection's own, and what we replace must not stay behind
    current.run("SAVEPOINT touchpoint")
    try:
        current.counters = counters(current, place)
        yield current
        current.run("RELEASE touchpoint")
    except BaseException:
        with suppress(*TROUBLE, StoreError):
            if host.in_transaction:  # a full disk, say, has rolled everything back already
                current.run("ROLLBACK TO touchpoint")
                current.run("RELEASE touchpoint")
        raise
    finally:
        with suppress(*TROUBLE, StoreError):
            current.run(f"PRAGMA secure_delete = {int(overwrites)}")
        current.end()
        with suppress(*TROUBLE):  # as long as it holds a statement, the host's closing does not close the file
            cursor.close()


def _cursor(host: sqlite3.Connection, place: Place) -> sqlite3.Cursor:
    try:
        cursor = host.cursor()
    except TROUBLE as trouble:
        reraise(trouble, place)
    cursor.row_factory = None  # the host's connection may have one
    return cursor


def suitable(connection: object, place: Place) -> sqlite3.Connection:
    """The host's connection, if its transaction can carry ours.

    Raises:
        StoreError: it cannot; says why and what to do.
    """
    problem = _unsuitable(connection, place)
    if problem or not isinstance(connection, sqlite3.Connection):
        raise StoreError(f"this connection cannot be used with {place}: {problem}")
    return connection


def _unsuitable(connection: object, place: Place) -> str:
    if not isinstance(connection, sqlite3.Connection):
        kind = type(connection).__qualname__
        return (
            f"connection= takes a sqlite3.Connection, not {kind}; if it wraps one, hand in that (SQLAlchemy: "
            "session.connection().connection.driver_connection; Django: connection.connection)"
        )
    if not place.path:
        return "a store in memory cannot be shared; give the store a file"
    if connection.text_factory is not str:
        return "it gives texts as something else than str; use one whose text_factory is str"
    if not _has_open(connection, place):
        return (
            "it is closed, belongs to another thread, or its main database is another file; hand in one of this "
            "thread, and open the store on the file that it uses"
        )
    if not connection.in_transaction:
        return "it has no transaction open; begin one with BEGIN IMMEDIATE, so that our rows and yours commit together"
    return ""


def _has_open(connection: sqlite3.Connection, place: Place) -> bool:
    try:
        cursor = connection.cursor()
        cursor.row_factory = None
        files = [Path(file) for _, name, file in cursor.execute("PRAGMA database_list") if name == "main" and file]
        return any(Path(place.path).samefile(file) for file in files)
    except (*TROUBLE, OSError):
        return False
