"""What workers have in common, whether threads or coroutines: their settings, what they report, and their patience."""

import inspect
import os
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, runtime_checkable

import attrs

from touchpoint.channels.base import Adapter
from touchpoint.errors import (
    InvalidInput,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreReadOnly,
    StoreTooNew,
)

if TYPE_CHECKING:
    import logging

POLL: Final = timedelta(seconds=1)
"""How often a worker with nothing to do looks for what other processes have recorded."""
MAX_THREADS: Final = 64
MAX_CONCURRENCY: Final = 10_000
LAST_TRIES: Final = 3
"""How often a worker that stops tries to write what it could not write so far."""

_LONGEST_POLL: Final = timedelta(days=1)
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 15.0
_PATIENCE_WHEN_IDLE_ENDS: Final = 6
_FOR_GOOD: Final = (StoreClosed, StoreCorrupt, StoreReadOnly, StoreTooNew)
_ANEW_AFTER: Final = 600.0


def log() -> "logging.Logger":
    """Where operators are told what no caller hears of. `logging` is loaded once there is something to tell."""
    import logging

    return logging.getLogger("touchpoint")


@runtime_checkable
class Event(Protocol):
    """As much of `threading.Event` as a worker needs of what stops it."""

    def is_set(self) -> bool:
        """Whether it is time to stop."""
        ...

    def wait(self, timeout: float | None = None) -> object:
        """Wait until then."""
        ...


@attrs.define
class Worked:
    """What a worker, or all threads of one, did so far.

    Args:
        handed: messages handed over, and functions called, whatever came of it.
        groups: groups of customers gone through.
        troubles: how often the store could not be used, and was tried again.
        left_out: customers left out because their records are damaged, or because something fails for them alone.
        unsettled: outcomes that could not be written before the end; their leases run out, and they count as uncertain.
    """

    handed: int = 0
    groups: int = 0
    troubles: int = 0
    left_out: int = 0
    unsettled: int = 0


Report: TypeAlias = Callable[[Worked], object]


def check_poll(poll: object) -> float:
    """Seconds. Raises InvalidInput for what is no length of time from a millisecond to a day."""
    if not isinstance(poll, timedelta) or not timedelta(milliseconds=1) <= poll <= _LONGEST_POLL:
        raise InvalidInput("poll= takes a length of time such as seconds(1), from a millisecond to a day")
    return poll.total_seconds()


def check_threads(threads: object) -> int:
    """Raises InvalidInput for what is no whole number from 1 to `MAX_THREADS`."""
    if not isinstance(threads, int) or isinstance(threads, bool) or not 1 <= threads <= MAX_THREADS:
        raise InvalidInput(
            f"threads= takes a whole number from 1 to {MAX_THREADS}; where that is too few, let several processes work "
            "on the store, or use AsyncEngine"
        )
    return threads


def check_concurrency(concurrency: object) -> int:
    """Raises InvalidInput for what is no whole number from 1 to `MAX_CONCURRENCY`."""
    if not isinstance(concurrency, int) or isinstance(concurrency, bool) or not 1 <= concurrency <= MAX_CONCURRENCY:
        raise InvalidInput(f"concurrency= takes a whole number from 1 to {MAX_CONCURRENCY:,}")
    return concurrency


def is_async(function: object) -> bool:
    """Whether calling it gives something to be awaited."""
    return inspect.iscoroutinefunction(function)


def refuse_async(adapters: Mapping[str, Adapter], functions: Mapping[str, object]) -> None:
    """Raises InvalidInput for an adapter or a function of the host that is asynchronous."""
    found = [
        f"the adapter of channel {name!r}" for name, each in adapters.items()
        if is_async(each.send) or is_async(getattr(each, "lookup", None))
    ]  # fmt: skip
    found += [f"the function {name!r}" for name, function in functions.items() if is_async(function)]
    if found:
        raise InvalidInput(
            f"{found[0]} is asynchronous, and Engine awaits nothing; use touchpoint.AsyncEngine, which takes the same "
            "arguments, or hand in a synchronous one"
        )


def asked_to_stop(stop: object) -> Callable[[], bool]:
    """How to ask whether to stop. Raises InvalidInput for what is neither an event nor a function."""
    if stop is None:
        return threading.Event().is_set
    if isinstance(stop, Event):
        if inspect.iscoroutinefunction(stop.wait):
            raise InvalidInput("stop= is an asyncio.Event: threads cannot wait for it; use AsyncEngine.work")
        return stop.is_set
    if callable(stop):
        return lambda: bool(stop())
    raise InvalidInput(f"stop= takes a threading.Event, or a function that says whether to stop, not {_kind(stop)}")


def _kind(value: object) -> str:
    return type(value).__name__


@attrs.define(eq=False)
class Patience:
    """What a worker does about a store in trouble: wait, longer each time, and try again.

    Args:
        until_idle: whoever only wants to get done is told in the end.
    """

    until_idle: bool
    _in_a_row: int = attrs.field(default=0, init=False)

    def lasts(self, error: StoreError) -> float:
        """Seconds to wait before it is tried again. Raises what no waiting mends."""
        if isinstance(error, _FOR_GOOD) or (self.until_idle and self._in_a_row >= _PATIENCE_WHEN_IDLE_ENDS):
            raise error
        if not self._in_a_row:
            log().warning("the worker waits for the store: %s", type(error).__name__)
        self._in_a_row += 1
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._in_a_row, 20))
        # Not all workers at the same instant.
        return float(longest * (0.5 + os.urandom(1)[0] / 512))

    def restored(self) -> None:
        """The store works."""
        if self._in_a_row:
            log().info("the store works again")
        self._in_a_row = 0


@attrs.define(eq=False)
class LeftOut:
    """Tells of customers who have to be left out, once each, and has them tried again every ten minutes.

    Args:
        found: customers by number, and why; see `Agenda.left_out`.
        elapsed: seconds that nobody can set.
    """

    found: dict[int, Exception]
    elapsed: Callable[[], float]
    _told: set[int] = attrs.field(factory=set, init=False)
    _since: float = attrs.field(default=0.0, init=False)

    def tell(self) -> int:
        """How many there were so far; new ones are logged, by number and kind of error only."""
        for no, error in list(self.found.items()):
            if no not in self._told:
                self._told.add(no)
                self._since = self.elapsed()
                log().error("customer number %d is left out: %s; run_pending() raises it", no, type(error).__name__)
        if self.found and self.elapsed() - self._since > _ANEW_AFTER:
            self._since = self.elapsed()
            self.found.clear()
        return len(self._told)
