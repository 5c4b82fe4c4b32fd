"""Crash points: a store and channels that stop the process dead at one chosen point, as a kill would (S11).

What was committed stays, everything in memory is lost. From the crash on, the engine that was at work reaches nothing
any more: neither the store nor a channel.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import attrs

from touchpoint.stores.base import Changes, Reader, Store, Transaction


class Crash(BaseException):
    """The process is gone. A BaseException, so that nothing takes it for an error that can be handled."""


@attrs.define(eq=False)
class Faults:
    """Counts the points at which a process can die, and dies at one of them.

    Args:
        at: the number of the point to die at; None only counts.

    Attributes:
        points: every point passed so far, in words.
        crashed: the point it died at; empty as long as it lives.
    """

    at: int | None = None
    points: list[str] = attrs.Factory(list)
    crashed: str = ""
    dead: bool = False

    def point(self, what: str) -> None:
        """Pass one point. Raises Crash where it is the chosen one."""
        self.check()
        self.points.append(f"{len(self.points) + 1}: {what}")
        if self.at is not None and len(self.points) == self.at + 1:
            self.crashed, self.dead = self.points[-1], True
            raise Crash(self.crashed)

    def check(self) -> None:
        """Raises Crash for whoever still acts after the end."""
        if self.dead:
            raise Crash(self.crashed)

    def restart(self) -> None:
        """A new process: it lives, and does not die at the same point again."""
        self.dead, self.at = False, None


class FaultyStore:
    """A store seen by one process; `faults` decides how long that lives. Closing it leaves the store itself open."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self._gone = False

    def gone(self) -> None:
        """The process that used it is no more."""
        self._gone = True

    def _check(self) -> None:
        if self._gone:
            raise Crash(self._faults.crashed)
        self._faults.check()

    @contextmanager
    def transaction(self, connection: object = None) -> Iterator[Transaction]:
        """As the store's, with a point before and after each commit that changes anything."""
        self._check()
        written: list[str] = []
        with self._store.transaction(connection) as tx:
            _watch(tx, written)
            yield tx
            if written:
                self._faults.point(f"before the commit of {written[0]}")
        if written:
            self._faults.point(f"after the commit of {written[0]}")

    def reading(self) -> AbstractContextManager[Reader]:
        """As the store's."""
        self._check()
        return self._store.reading()

    def generation(self) -> int:
        """As the store's."""
        return self._store.generation()

    def checkpoint(self, *, rewrite: bool = False) -> bool:
        """As the store's."""
        self._check()
        return self._store.checkpoint(rewrite=rewrite)

    def left_over(self, texts: Sequence[str]) -> bool:
        """As the store's."""
        return self._store.left_over(texts)

    def close(self) -> None:
        """Nothing: whoever made the store closes it."""

    def __repr__(self) -> str:
        return f"<{self._store!r} under test>"


def _watch(tx: Transaction, written: list[str]) -> None:
    """Note in words what this transaction writes."""
    write = tx.write

    def watched(changes: Changes) -> None:
        written.append(_words(changes))
        write(changes)

    tx.write = watched  # type: ignore[method-assign]  # of this one transaction


def _words(changes: Changes) -> str:
    for entry in changes.entries:
        return f"{entry[3]} {entry[5]}".strip()
    for row in (*changes.messages, *changes.messages_changed):
        return f"the release of {row.name}" if row.status == "in_flight" else f"{row.name}: {row.status}"
    changed = [field.name for field in attrs.fields(Changes) if getattr(changes, field.name)]
    return ", ".join(changed).replace("_", " ")
