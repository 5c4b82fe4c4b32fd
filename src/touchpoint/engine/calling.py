"""Calling what may never come back (S6.8): an adapter has a deadline, and a late proof of sending is kept."""

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Container, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

import attrs

from touchpoint.core.delivery import Outcomes, Ticket
from touchpoint.model.delivery import Accepted, Ambiguous, FailureCode, Outcome, Refused, judge

DEADLINE: Final = timedelta(seconds=30)
"""What a call may take. Release, 20 seconds at most, the wait for a turn and this stay within the lease."""
_FOR_A_TURN: Final = 5.0
"""Seconds: workers take turns before the last look, so whoever has to wait here waits for a call that hangs."""


Pause: TypeAlias = tuple[str, timedelta, str]
"""A channel, for how long, and why."""


@attrs.define
class _Answer:
    """What came of one call, once it has come."""

    ready: threading.Event = attrs.Factory(threading.Event)
    value: object = None
    given_up: bool = False


@attrs.define(eq=False)
class Caller:
    """Calls adapters, each in a thread that can be left behind.

    Args:
        within: how long a call may take.

    A thread is made for a call and is over with it: there is nothing to start, to stop or to carry over a fork. An
    adapter that is not thread-safe is called by one thread at a time; while one of its calls hangs, no other is made.
    """

    within: timedelta = DEADLINE
    _late: deque[tuple[Ticket, Outcome | None]] = attrs.field(factory=deque, repr=False)
    _turns: dict[str, threading.Lock] = attrs.field(factory=dict, repr=False)
    _guard: threading.Lock = attrs.field(factory=threading.Lock, repr=False)

    def call(self, ticket: Ticket, work: Callable[[], object], *, thread_safe: bool) -> object:
        """What the work returned or raised; Ambiguous where it has not come back in time."""
        turn = None if thread_safe else self._turn(ticket.channel)
        if turn is not None and not turn.acquire(timeout=min(_FOR_A_TURN, self.within.total_seconds())):
            # It was not called, so that is certain. An adapter that hangs for good must not take a thread each time.
            return Refused(FailureCode.PROVIDER_UNAVAILABLE, detail="an earlier call has not come back")
        answer = _Answer()
        run = contextvars.copy_context().run
        thread = threading.Thread(
            target=run, args=(self._work, ticket, work, answer, turn), name=f"touchpoint {ticket.channel}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no more threads can be had: nothing was called
            if turn is not None:
                turn.release()
            return Refused(FailureCode.PROVIDER_UNAVAILABLE, detail="no thread could be started")
        if not answer.ready.wait(self.within.total_seconds()):
            with self._guard:
                answer.given_up = not answer.ready.is_set()
            if answer.given_up:
                return Ambiguous(f"no answer within {self.within.total_seconds():g} s")
        if isinstance(answer.value, BaseException) and not isinstance(answer.value, Exception):
            raise answer.value  # it asks the worker to stop, and says nothing of the message
        return answer.value

    def _work(self, ticket: Ticket, work: Callable[[], object], answer: _Answer, turn: "threading.Lock | None") -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the message may have gone out
            value = error
        finally:
            if turn is not None:
                turn.release()
        with self._guard:
            answer.value = value
            answer.ready.set()
            outcome = judge(value) if answer.given_up else None
        if isinstance(outcome, Accepted):
            self._late.append((ticket, outcome))

    def take_late(self) -> Outcomes:
        """Proofs of sending that came after nobody waited for them any more (S11.3), and what was put back."""
        found = []
        while self._late:
            found.append(self._late.popleft())
        return found

    def forget(self, customers: Container[str]) -> None:
        """Drop what came late about these: nobody waits for it any more."""
        kept = [each for each in self.take_late() if each[0].customer not in customers]
        self._late.extend(kept)

    def put_back(self, late: Outcomes) -> None:
        """They could not be written: keep them, for whoever comes next."""
        self._late.extendleft(reversed(late))

    def _turn(self, channel: str) -> threading.Lock:
        with self._guard:
            return self._turns.setdefault(channel, threading.Lock())


@attrs.define(eq=False)
class Breaker:
    """Leaves a provider alone that answers nobody: after some failures in a row its channel is paused for a while.

    Then it is tried again; one more failure pauses it for twice as long, up to an hour, and any answer ends it. What it
    has seen is this process's own; the pause is everybody's.

    Args:
        after: failures in a row.
        first: how long the first pause lasts.
        longest: how long any lasts at most.
    """

    after: int = 5
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    _failures: dict[str, int] = attrs.field(factory=dict, repr=False)
    _open: set[str] = attrs.field(factory=set, repr=False)
    _guard: threading.Lock = attrs.field(factory=threading.Lock, repr=False)

    def saw(self, channel: str, *, failed: bool) -> None:
        """Note how a call went."""
        with self._guard:
            if not failed:
                self._failures.pop(channel, None)
                self._open.discard(channel)
                return
            failures = self._failures[channel] = self._failures.get(channel, 0) + 1
            if failures >= self.after:
                self._open.add(channel)

    def is_open(self, channel: str) -> bool:
        """Whether nothing more may be handed to it before the pause is written."""
        return channel in self._open

    def pauses(self) -> list[Pause]:
        """Those that are to be written now."""
        with self._guard:
            return [self._pause(channel) for channel in sorted(self._open)]

    def _pause(self, channel: str) -> Pause:
        failures = self._failures[channel]
        lasts = min(self.first * 2 ** min(failures - self.after, 16), self.longest)
        return channel, lasts, f"circuit breaker: {failures} calls in a row failed"

    def written(self, pauses: Sequence[Pause]) -> None:
        """These are in the store: from now on the gate holds what would go there."""
        with self._guard:
            self._open.difference_update(channel for channel, _, _ in pauses)
