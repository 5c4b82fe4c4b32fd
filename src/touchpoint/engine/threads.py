"""What the threads of one process share in an engine besides its store: a bell, and turns at adapters.

All of it belongs to one process: after a fork the child makes its own (`watch_forks`), because a lock that some thread
of the parent held would never be released in the child.
"""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import attrs

from touchpoint.core.state import NEVER

T = TypeVar("T")


@attrs.define(eq=False)
class Sleeper:
    """Somebody who sleeps until `until` (microseconds UTC), unless `wake` is called before. `wake` must not block."""

    wake: Callable[[], object]
    until: int = NEVER


class Bell:
    """Wakes workers who sleep until something falls due, when something is committed that is due sooner.

    It rings for what this process commits itself; what others commit is found when the workers look again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sleepers: dict[int, Sleeper] = {}

    def ring(self, due: int) -> None:
        """Something is due at this instant: wake those who would sleep longer. Costs nothing where nobody sleeps."""
        if self._sleepers:
            self._wake(due)

    def ring_for_all(self) -> None:
        """Wake everybody, whatever they sleep for."""
        self._wake(-1)

    def _wake(self, due: int) -> None:
        with self._lock:
            woken = [each for each in self._sleepers.values() if due < each.until]
        for each in woken:
            each.wake()

    @contextmanager
    def asleep(self, wake: Callable[[], object]) -> Iterator[Sleeper]:
        """Be woken from now on. Look what is due only in here: what is committed after the look rings the bell."""
        sleeper = Sleeper(wake)
        with self._lock:
            self._sleepers[id(sleeper)] = sleeper
        try:
            yield sleeper
        finally:
            with self._lock:
                del self._sleepers[id(sleeper)]


class Turns:
    """Who may be called by one thread at a time only: adapters that are not thread-safe, and functions of the host."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}

    def take(self, name: str, seconds: float) -> bool:
        """Wait for the turn, at most so long. False: somebody else still has it."""
        with self._lock:
            turn = self._turns.setdefault(name, threading.Lock())
        return turn.acquire(timeout=max(0.0, seconds))

    def give(self, name: str) -> None:
        """Let the next one have it; by whatever thread."""
        self._turns[name].release()


def watch_forks(whom: T, begin_anew: Callable[[T], None]) -> None:
    """Have it begin anew in every forked child, for as long as somebody else holds on to it."""
    if not hasattr(os, "register_at_fork"):
        return
    known = weakref.ref(whom)

    def hook() -> None:
        living = known()
        if living is not None:
            begin_anew(living)

    os.register_at_fork(after_in_child=hook)
