"""Group commit: what several threads want to write goes into one transaction.

A commit under full sync costs a disk flush, so they share one. Whoever gets the lock first commits for all who wait;
one that fails is redone alone, so that it fails nobody else (S11.4).
"""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs

from touchpoint.engine.unit import Unit

T = TypeVar("T")
Work = Callable[[Unit], T]
GROUP = 256


@attrs.define(eq=False)
class _Entry(Generic[T]):
    work: Work[T]
    done: bool = False
    result: T | None = None
    error: BaseException | None = None

    def run(self, unit: Unit) -> None:
        self.result = self.work(unit)

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
        self._leading = threading.Lock()
        self._queueing = threading.Lock()
        self._queue: list[_Entry[object]] = []

    def submit(self, work: Work[T]) -> T:
        """Have this work committed, and give back what it returned. Raises what it raised, or what the commit did."""
        if self._leading.acquire(blocking=False):
            try:
                if not self._queue:  # nobody waits: there is nothing to share
                    return self._commit(work)  # type: ignore[no-any-return]
            finally:
                self._leading.release()
        entry: _Entry[T] = _Entry(work)
        with self._queueing:
            self._queue.append(entry)  # type: ignore[arg-type]
        while not entry.done:
            with self._leading:
                if not entry.done:
                    self._lead(entry)
        return entry.answer()

    def _lead(self, own: _Entry[Any]) -> None:
        with self._queueing:
            group, self._queue = self._queue[:GROUP], self._queue[GROUP:]
        try:
            if len(group) > 1 and self._together(group):
                return
            for entry in group:
                try:
                    self._commit(entry.run)
                except Exception as error:  # noqa: BLE001 - it is raised in the thread that it belongs to
                    entry.error = error
                entry.done = True
        except BaseException:
            # This thread is being stopped; the others' work is for the next one to lead.
            with self._queueing:
                self._queue[:0] = [entry for entry in group if not entry.done and entry is not own]
            raise

    def _together(self, group: list[_Entry[object]]) -> bool:
        def work(unit: Unit) -> None:
            for entry in group:
                entry.run(unit)

        try:
            self._commit(work)
        except Exception:  # noqa: BLE001 - one of them failed: each is redone alone and says so itself
            return False
        for entry in group:
            entry.done = True
        return True
