"""The SQLite store: one file, or memory, for one process or several.

One connection per store object, guarded by one re-entrant lock, in autocommit mode so that every BEGIN is our own.
Whoever writes begins with BEGIN IMMEDIATE: a transaction that reads first and writes later under a deferred one fails
as soon as somebody else wrote in between.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from itertools import count
from types import TracebackType
from typing import Final, NoReturn

from touchpoint.errors import InvalidInput, StoreBusy, StoreClosed, StoreError, StoreFull
from touchpoint.stores._condition import condition
from touchpoint.stores._connection import (
    LOG_LIMIT,
    SYNCHRONOUS,
    Durability,
    Log,
    connect,
    counters,
    file_at,
    fold,
    inside,
    log_salt,
    place_of,
    restart_log,
    suitable,
)
from touchpoint.stores._forks import watch_forks
from touchpoint.stores._slack import left_in_slack
from touchpoint.stores._slack import rewrite as rewrite_tables
from touchpoint.stores._sql import SqliteReader, SqliteTransaction
from touchpoint.stores._trouble import TROUBLE, reraise
from touchpoint.stores.base import Counters
from touchpoint.stores.condition import Condition

_TEN_SECONDS: Final = timedelta(seconds=10)
_LONGEST_WAIT: Final = timedelta(days=20)  # SQLite counts milliseconds in 32 bits
_FORMS: Final = "sqlite:///relative.db, sqlite:////absolute/path.db, or sqlite:// for a store in memory"


def open_url(url: str, *, durability: Durability = "full", timeout: timedelta = _TEN_SECONDS) -> "SqliteStore":
    """Open the store that a URL names.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute/path.db`, `sqlite://` or `sqlite:///:memory:`. The path
            is taken as it stands, without unquoting.
        durability: see `SqliteStore`.
        timeout: see `SqliteStore`.

    Raises:
        StoreError: the URL has another form, or the file cannot be opened.
        InvalidInput: see `SqliteStore`.
    """
    if url in {"sqlite://", "sqlite:///:memory:"}:
        return SqliteStore(None, durability=durability, timeout=timeout)
    scheme, _, path = url.partition(":///")
    # The URL itself is not repeated: one that was meant for something else may carry a password.
    if scheme != "sqlite" or not path:
        raise StoreError(f"this URL names no store that can be opened; write {_FORMS}")
    if "?" in path:
        raise StoreError(f"a store's URL takes no options after '?'; write {_FORMS}, and pass options as arguments")
    return SqliteStore(path, durability=durability, timeout=timeout)


class SqliteStore:
    """A store in one SQLite file, which the host's own tables may share, or in memory.

    Thread-safe, and several processes may use one file. A child process made by `os.fork` opens the file anew by
    itself; connections of the host's own to it should be opened after the fork.

    Args:
        path: the file, created if need be in a folder that exists; None or ":memory:" for a store that ends with
            this object.
        durability: "full" loses nothing that was committed, whatever happens. "fast" does not wait for the disk at
            every commit: a power cut or a crash of the operating system can lose the last commits, at worst all since
            the write-ahead log was last folded (some 4 MB of changes); a crash or kill of the process loses nothing.
            Either way the file stays consistent. Measured on 3,000 rebuilt states of the disk: "full" lost nothing;
            "fast" at most the last 85 of 500 acknowledged touchpoints, half of the time 10 or fewer, and no state was
            damaged (`python tests/faults/power.py --states 3000 --durability fast`).
        timeout: how long to wait for whoever is writing.

    Raises:
        InvalidInput: a durability or time-out that does not exist.
        StoreError: and its kinds, when the file cannot be opened.
    """

    def __init__(self, path: str | None, *, durability: Durability = "full", timeout: timedelta = _TEN_SECONDS) -> None:
        if durability not in SYNCHRONOUS:
            raise InvalidInput(f'durability must be "full" or "fast", not {durability!r}')
        if timeout < timedelta(0):
            raise InvalidInput("a store's timeout must not be negative")
        self._place = place_of(path)
        self._durability = durability
        self._seconds = min(timeout, _LONGEST_WAIT).total_seconds()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor  # of that connection, by which all its transactions run their statements
        self._opened = 0  # how often; part of the generation
        self._file: tuple[int, int] | None = None  # that the connection has open
        self._active: SqliteTransaction | None = None
        self._known: tuple[int, Counters] | None = None  # as long as data_version stays the same
        self._writer: int | None = None  # which thread is in a transaction of our own
        self._version = 0  # data_version as that transaction found it
        self._log: Log  # of that connection
        self._folded_at = 0  # bytes of log
        self._closed = ""  # why nothing can be asked any more
        self._host_numbers = count(1)
        self._thread = threading.local()
        self._pid = os.getpid()
        self._inherited: list[object] = []  # the parent process's: not even closed here
        with self._held():
            pass
        watch_forks(self, SqliteStore._before_fork, SqliteStore._after_fork_in_parent, SqliteStore._after_fork_in_child)

    def __repr__(self) -> str:
        return f"SqliteStore({self._place.path or None!r})"

    def transaction(self, connection: object = None) -> AbstractContextManager[SqliteTransaction]:
        """Take the write lock, commit at the end, roll back on an error.

        Args:
            connection: the host's own `sqlite3.Connection` to the same file with a transaction open, best begun with
                BEGIN IMMEDIATE. It is used as it is, and neither committed nor rolled back; if the block fails, what
                it wrote is undone and nothing else. SQLite may checkpoint when the host commits: `PRAGMA
                wal_autocheckpoint = 0` on the host's connections leaves that to this store.

        Raises:
            StoreBusy, StoreReadOnly, StoreFull, StoreCorrupt, StoreTooNew, StoreClosed.
            StoreError: a transaction of this store is open in this thread already, or the connection is not suitable.
        """
        return _Writing(self) if connection is None else self._host_transaction(connection)

    def reading(self) -> AbstractContextManager[SqliteReader]:
        """Questions answered as of one instant; inside a transaction of this thread they see its changes.

        Other threads wait meanwhile: keep it short. Raises StoreError as `transaction` does.
        """
        return _Reading(self)

    def generation(self) -> int:
        """A number that differs after anybody but this store object has committed; read inside a transaction.

        Each transaction over a host's connection has a number of its own: nobody knows whether the host will commit it.
        """
        if self._writer == threading.get_ident():  # nobody else commits meanwhile
            return (self._opened << 32) + self._version
        host: int | None = getattr(self._thread, "host", None)
        if host is not None:
            return -host
        with self._held():
            version = SqliteTransaction(self._cursor, self._place).data_version() if self._place.path else 0
            return (self._opened << 32) + version

    def checkpoint(self, *, rewrite: bool = False) -> bool:
        """Fold the write-ahead log into the file and cut it short, so that erased data is in neither (S1.7).

        Waits for whoever is writing.

        Args:
            rewrite: write our tables anew first, so that no copy of a row that SQLite once moved is left in an unused
                part of a page. It takes as long as writing everything once more, and everybody waits.

        Returns:
            Whether nothing older is left in the log. Somebody who reads an older state keeps it: try again later.

        Raises:
            StoreError: and its kinds; also inside a transaction of this thread.
        """
        with self._held() as own:
            self._refuse_inside("checkpoint()")
            if not self._place.path:
                return True
            try:
                if rewrite:
                    rewrite_tables(own)
                folded, salt = fold(own, self._place), log_salt(self._place)
                restart_log(own)
            except TROUBLE as trouble:
                reraise(trouble, self._place)
            return folded and log_salt(self._place) != salt

    def left_over(self, texts: Sequence[str]) -> bool:
        """Whether any of these texts is left in an unused part of the file, after `checkpoint()`.

        The whole file is read, without any lock.
        """
        try:
            return bool(self._place.path) and left_in_slack(self._place.path, [each.encode() for each in texts])
        except OSError as trouble:
            raise StoreError(f"{self._place} cannot be read: {trouble.strerror}") from None

    def condition(self, *, deep: bool = False) -> Condition:
        """How the store is; with `deep` it also looks for damage, which reads all of it.

        Raises:
            StoreError: and its kinds; also inside a transaction of this thread.
        """
        with self._held() as own:
            self._refuse_inside("condition()")
            return condition(own, self._place, deep=deep)

    def close(self) -> None:
        """Fold the write-ahead log and let go of the file. Once more does nothing; other use raises StoreClosed.

        Raises:
            StoreBusy: another thread is using the store.
            StoreError: a transaction of this thread is still open.
        """
        if self._closed:
            return
        with self._locked():
            self._refuse_inside("close()")
            self._closed = f"{self._place} was closed before this call; open it again"
            if self._connection is not None and self._place.path:
                with suppress(*TROUBLE):
                    self._fold_at_once(self._connection)
            self._disconnect()

    # --- transactions -------------------------------------------------------------------------------------------------

    @contextmanager
    def _host_transaction(self, connection: object) -> Iterator[SqliteTransaction]:
        # Without our lock: somebody who holds it may be waiting for the host to commit, which comes after this.
        if self._closed:
            raise StoreClosed(self._closed)
        if getattr(self._thread, "host", None) is not None:
            raise StoreError(
                f"{self._place} has a transaction over a host's connection open in this thread; leave it first"
            )
        host = suitable(connection, self._place)
        self._thread.host = next(self._host_numbers)
        try:
            with inside(host, self._place) as current:
                yield current
        finally:
            self._thread.host = None

    def _begin(self, current: SqliteTransaction, statement: str) -> None:
        self._connected()
        if self._active is not None:
            self._refuse_inside("another transaction() or reading()")
        current._cursor = self._cursor  # noqa: SLF001 - there is none before the connection
        try:
            current.run(statement)
        except BaseException as error:
            self._recover(current, error)
            raise
        self._active = current

    def _begin_writing(self, current: SqliteTransaction) -> None:
        self._begin(current, "BEGIN IMMEDIATE")
        try:
            # Nobody else has a store in memory, here and below.
            version = self._version = current.data_version() if self._place.path else 0
            self._writer = threading.get_ident()
            known, self._known = self._known, None  # unknown until this transaction has committed
            current.counters = known[1] if known and known[0] == version else counters(current, self._place)
        except BaseException as error:
            self._recover(current, error)
            raise

    def _commit(self, current: SqliteTransaction) -> None:
        try:
            if self._connection is None:
                self._refuse_child()
            current.run("COMMIT")
        except BaseException as error:
            self._recover(current, error)
            raise
        self._active = self._writer = None
        current.end()

    def _commit_written(self, current: SqliteTransaction) -> None:
        self._commit(current)
        self._known = (self._version, current.counters)
        if self._place.path:
            self._fold_if_grown()

    def _recover(self, current: SqliteTransaction, error: BaseException) -> None:
        """Roll back; and where the connection itself may be at fault, have a new one next time (S11.7)."""
        self._active = self._writer = None
        current.end()
        own = self._connection
        if own is None:  # in the child of a fork
            return
        usable = not isinstance(error, StoreError) or isinstance(error, StoreBusy | StoreFull)
        try:
            self._cursor.close()  # it may be half-way through a statement
            self._cursor = own.cursor()
            if own.in_transaction:
                own.execute("ROLLBACK")
        except TROUBLE:
            usable = False
        if self._place.path and not usable:  # a store in memory would be lost with its connection
            self._disconnect()

    def _refuse_child(self) -> NoReturn:
        raise StoreClosed(f"{self._place}: this transaction belongs to the parent process; leave it there")

    def _refuse_inside(self, what: str) -> None:
        if self._active is not None:
            begun = "has a transaction() or reading() open in this thread"
            raise StoreError(f"{self._place} {begun}; leave it before {what}, or use what it gave")

    # --- one connection, one lock -------------------------------------------------------------------------------------

    @contextmanager
    def _held(self) -> Iterator[sqlite3.Connection]:
        """The connection, opened if need be, while no other thread uses it."""
        with self._locked():
            yield self._connected()

    def _connected(self) -> sqlite3.Connection:
        own = self._connection
        if own is None or (self._place.path and self._active is None and file_at(self._place) != self._file):
            own = self._connect()
        return own

    def _connect(self) -> sqlite3.Connection:
        if self._place.path and self._opened:
            self._refuse_another_file()
        if self._connection is None:
            self._connection = connect(self._place, self._durability, self._seconds)
            self._cursor = self._connection.cursor()
            self._file, self._log = file_at(self._place), Log(self._place)
            self._opened += 1
            self._known = None
        return self._connection

    def _refuse_another_file(self) -> None:
        """Raise where the file was taken away or replaced: what is committed to one without a name is lost (S11.1)."""
        found = file_at(self._place)
        if found is None:
            self._disconnect()
            raise StoreError(f"{self._place} has been taken away while it was in use; put it back, or open a new one")
        if self._connection is not None and found != self._file:
            self._disconnect()
            raise StoreError(
                f"{self._place} has been replaced by another file while it was in use; nothing was written. From now "
                "on the new one is used: close the store before its file is exchanged"
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._take_lock()
        try:
            yield
        finally:
            lock.release()

    def _take_lock(self) -> threading.RLock:
        """Take the lock. Returns it, to be released: after a fork the child has another one."""
        if self._pid != os.getpid():  # forked by somebody who does not tell Python
            self._after_fork_in_child()
        lock = self._lock
        # Nearly always it is free, and the name of an argument costs as much as taking it.
        if not (lock.acquire(False) or lock.acquire(timeout=self._seconds)):  # noqa: FBT003
            raise StoreBusy(f"{self._place} has been in use by another thread for longer than the time-out; try again")
        if self._closed:
            lock.release()
            raise StoreClosed(self._closed)
        return lock

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._log.close()  # where files that are open cannot be removed, the connection would leave it behind
            with suppress(*TROUBLE):  # as long as it holds a statement, closing the connection does not close the file
                self._cursor.close()
            with suppress(*TROUBLE):
                connection.close()

    # --- the write-ahead log ------------------------------------------------------------------------------------------

    def _fold_if_grown(self) -> None:
        size = self._log.size()
        if size < self._folded_at:  # it has started over since
            self._folded_at = 0
        if size <= LOG_LIMIT or (self._folded_at and size <= self._folded_at + LOG_LIMIT):
            return
        with suppress(*TROUBLE):  # what is committed is committed; another commit will fold
            self._fold_at_once(self._connected())
            self._folded_at = size

    def _fold_at_once(self, own: sqlite3.Connection) -> None:
        """Fold, unless somebody is writing just now: then they will."""
        own.execute("PRAGMA busy_timeout = 0")
        try:
            fold(own, self._place)
        finally:
            own.execute(f"PRAGMA busy_timeout = {int(self._seconds * 1000)}")

    # --- fork ---------------------------------------------------------------------------------------------------------
    #
    # SQLite's locks belong to a process and its knowledge of them to memory. A child that inherits an open connection
    # believes to hold locks that it does not hold, even on connections it opens itself: the parent may then remove the
    # log to which the child is writing. So the connection is closed for the moment of the fork.

    def _before_fork(self) -> None:
        self._thread.held_for_fork = self._lock.acquire(timeout=self._seconds)
        if self._thread.held_for_fork and self._active is None and self._place.path:
            self._disconnect()

    def _after_fork_in_parent(self) -> None:
        if getattr(self._thread, "held_for_fork", False):
            self._thread.held_for_fork = False
            self._lock.release()

    def _after_fork_in_child(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._thread = threading.local()
        self._writer = None
        if self._active is not None:
            self._closed = (
                f"{self._place} was inherited in the middle of a transaction; fork outside, or open it anew here"
            )
            self._active.end(self._closed)
        if self._connection is not None and (self._place.path or self._active is not None):
            self._inherited += (self._connection, self._cursor)
            self._connection = None


# Of the next two, classes and no generators, and the transactions themselves: every record and every look pays for one.


class _Writing(SqliteTransaction):
    """A transaction of the store's own, from its lock to its commit."""

    def __init__(self, store: SqliteStore) -> None:
        self._store, self._place, self._over = store, store._place, ""  # noqa: SLF001 - of this module, here and below

    def __enter__(self) -> SqliteTransaction:
        store = self._store
        self._lock = store._take_lock()  # noqa: SLF001
        try:
            store._begin_writing(self)  # noqa: SLF001
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._store._commit_written(self)  # noqa: SLF001
            else:
                self._store._recover(self, error)  # noqa: SLF001
        finally:
            self._lock.release()


class _Reading(SqliteTransaction):
    """Questions as of one instant: a transaction that writes nothing, or the one that this thread is in."""

    def __init__(self, store: SqliteStore) -> None:
        self._store, self._place, self._over = store, store._place, ""  # noqa: SLF001
        self._begun = False

    def __enter__(self) -> SqliteReader:
        store = self._store
        self._lock = store._take_lock()  # noqa: SLF001
        try:
            if store._active is not None:  # noqa: SLF001
                return store._active  # noqa: SLF001
            store._begin(self, "BEGIN")  # noqa: SLF001
        except BaseException:
            self._lock.release()
            raise
        self._begun = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._begun:
                return
            if error is None:
                self._store._commit(self)  # noqa: SLF001
            else:
                self._store._recover(self, error)  # noqa: SLF001
        finally:
            self._lock.release()
