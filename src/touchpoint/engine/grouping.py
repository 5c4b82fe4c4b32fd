"""Group commit: what several threads want to write goes into one transaction.

A commit under full sync costs a disk flush, so they share one. Who comes while nobody commits does so at once, alone.
Who comes meanwhile waits in a queue; then the first of them commits for all who wait. One that fails is redone alone,
so that it fails nobody else (S11.4).
"""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs

from touchpoint.engine.unit import Unit

T = TypeVar("T")
Work = Callable[[Unit], T]
GROUP = 256


def _taken() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@attrs.define(eq=False)
class _Entry(Generic[T]):
    """Work that waits; `turn` is released once it is done, or leads."""

    work: Work[T]
    turn: threading.Lock = attrs.field(factory=_taken)
    leads: bool = False
    done: bool = False
    result: T | None = None
    error: BaseException | None = None

    def run(self, unit: Unit) -> None:
        self.result = self.work(unit)

    def finish(self) -> None:
        self.done = True
        if not self.leads:  # who leads has had its turn
            self.turn.release()

    def answer(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class Grouping:
    """Runs pieces of work, several in one transaction where several threads wait.

    Args:
        commit: runs one piece of work in a transaction of its own, and gives back what it returned.
    """

    def __init__(self, commit: Callable[[Work[Any]], Any]) -> None:
        self._commit = commit
        self._leading = threading.Lock()  # held as long as anybody commits; handed on from thread to thread
        self._queueing = threading.Lock()
        self._queue: list[_Entry[Any]] = []

    def submit(self, work: Work[T]) -> T:
        """Have this work committed, and give back what it returned. Raises what it raised, or what the commit did."""
        # While nobody commits, nobody waits either, so whoever comes then need not look.
        entry = None if self._leading.acquire(False) else self._queued(work)  # noqa: FBT003 - its name costs as much
        if entry is None:
            try:
                return self._commit(work)  # type: ignore[no-any-return]
            finally:
                self._hand_on()
        self._wait(entry)
        if entry.leads:
            self._lead(entry)
        return entry.answer()

    def _queued(self, work: Work[T]) -> _Entry[T] | None:
        """A place in the queue; None, and the lead, where nobody commits any more."""
        with self._queueing:
            if self._leading.acquire(blocking=False):
                return None
            entry = _Entry(work)
            self._queue.append(entry)
            return entry

    def _wait(self, entry: _Entry[Any]) -> None:
        try:
            entry.turn.acquire()
        except BaseException:  # this thread is being stopped: its work is withdrawn, unless somebody is at it already
            with self._queueing:
                if entry in self._queue:
                    self._queue.remove(entry)
            if entry.leads:
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        """Have the first who waits lead, if anybody does."""
        with self._queueing:
            if not self._queue:
                self._leading.release()
                return
            first = self._queue[0]
            first.leads = True
        first.turn.release()

    def _lead(self, own: _Entry[Any]) -> None:
        with self._queueing:
            group, self._queue = self._queue[:GROUP], self._queue[GROUP:]
        try:
            if len(group) == 1 or not self._together(group):
                for entry in group:
                    self._alone(entry)
        except BaseException:
            # This thread is being stopped; the others' work is for the next one to lead.
            with self._queueing:
                self._queue[:0] = [entry for entry in group if not entry.done and entry is not own]
            raise
        finally:
            self._hand_on()

    def _alone(self, entry: _Entry[Any]) -> None:
        try:
            self._commit(entry.run)
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that it belongs to
            entry.error = error
        entry.finish()

    def _together(self, group: list[_Entry[Any]]) -> bool:
        def work(unit: Unit) -> None:
            for entry in group:
                entry.run(unit)

        try:
            self._commit(work)
        except Exception:  # noqa: BLE001 - one of them failed: each is redone alone and says so itself
            return False
        for entry in group:
            entry.finish()
        return True
