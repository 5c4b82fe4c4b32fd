"""Hand-overs side by side on an event loop: the asynchronous driver of the protocol in `core.delivery`.

The loop never waits for the store: whatever needs it happens in threads. Asynchronous adapters are awaited, synchronous
ones called in threads. What is known is written as soon as it is known, together with whatever else is by then, so
that one slow provider holds up nobody else's outcome.
"""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import attrs

from touchpoint.channels.base import Accepted, Ambiguous, Outcome, SendRequest, judge
from touchpoint.core import delivery as core
from touchpoint.engine.delivery import CallRequest, Delivery, finished, is_outage, looked_up
from touchpoint.engine.handing import STOPPING, turn_of
from touchpoint.engine.working import is_async

T = TypeVar("T")

_TO_SPARE: Final = 5.0
"""Seconds beyond its deadlines, for its turn and for its call, for a thread that keeps them by itself."""


class InThread(Protocol):
    """Does something with the store, in a thread."""

    def __call__(self, act: Callable[[], T], /) -> Awaitable[T]:
        """What it returned, or raised."""
        ...


async def surely(act: Awaitable[T]) -> tuple[T, asyncio.CancelledError | None]:
    """Wait for something to the end, even if this task is cancelled meanwhile; what came of it, and the cancellation.

    Raises CancelledError where it failed besides.
    """
    future, cancelled = asyncio.ensure_future(act), None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None and future.exception() is not None:
        raise cancelled
    return future.result(), cancelled


@attrs.define(eq=False)
class Pipeline:
    """Takes tickets, and leaves their outcomes in `known`.

    Args:
        delivery: looks, and calls what is synchronous.
        in_thread: for whatever needs the store.
        stopping: whether what was not called yet is to be given back.
        turns: locks of those who may be called by one at a time only.
        changed: set whenever a hand-over is over.

    Attributes:
        known: outcomes that are not written yet; None stands for a message that is to be given back.
        handed: how many were handed over so far.
        interrupt: what an adapter raised to end the process, or its worker at least (SystemExit, say). It is kept here,
            because it would end the loop before anything known is written.
    """

    delivery: Delivery
    in_thread: InThread
    stopping: Callable[[], bool]
    turns: dict[str, asyncio.Lock]
    changed: asyncio.Event
    known: core.Outcomes = attrs.field(factory=list, init=False)
    handed: int = attrs.field(default=0, init=False)
    interrupt: BaseException | None = attrs.field(default=None, init=False)
    _under_way: set[tuple[str, int]] = attrs.field(factory=set, init=False)

    @property
    def busy(self) -> int:
        """How many hand-overs are under way."""
        return len(self._under_way)

    def begin(self, tickets: Sequence[core.Ticket]) -> "asyncio.Task[None]":
        """Take all of these through look and call, at the same time.

        If the task is cancelled, what is certainly not handed over is given back, and calls in hand are in doubt.
        """
        flow = core.hand_over()
        next(flow)
        command = flow.send(tickets)
        if not isinstance(command, core.HandAll):
            raise TypeError("the protocol of the hand-over has changed; so must its drivers")
        self._under_way.update((ticket.key, ticket.fence) for ticket in tickets)
        task = asyncio.create_task(self._all(command))
        # Not in the task itself: one that is cancelled before its first step never takes any.
        task.add_done_callback(partial(self._over, flow, command))
        return task

    async def _all(self, command: core.HandAll) -> None:
        async with asyncio.TaskGroup() as together:
            for ticket in command.tickets:
                together.create_task(self._one(command, ticket))

    def _over(
        self, flow: Generator[core.Command, object, int], command: core.HandAll, task: "asyncio.Task[None]"
    ) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            with suppress(BaseException):
                left = flow.throw(error)
                if isinstance(left, core.SettleAll):
                    self._know(left.outcomes)
        flow.close()
        self._under_way.difference_update((ticket.key, ticket.fence) for ticket in command.tickets)
        self.changed.set()

    def _know(self, outcomes: Sequence[tuple[core.Ticket, Outcome | None]]) -> None:
        self.known += outcomes
        self.handed += sum(outcome is not None for _, outcome in outcomes)

    async def _one(self, command: core.HandAll, ticket: core.Ticket) -> None:
        try:
            await self._in_turn(ticket, command.steps(ticket))
        finally:
            # Out of the protocol's own list: it has nothing to settle at the end but what was never looked at.
            self._know(command.outcomes)
            command.outcomes.clear()
            self._under_way.discard((ticket.key, ticket.fence))
            self.changed.set()

    async def _in_turn(self, ticket: core.Ticket, steps: Generator[core.Step, object, None]) -> None:
        name = None if self._is_async(ticket) else turn_of(self.delivery, ticket)
        if name is None:
            await self._steps(steps, [])
            return
        turn = self.turns.setdefault(name, asyncio.Lock())
        if not await _taken(turn, core.HAND_OVER_WITHIN - self._since(ticket)):
            next(steps)
            with suppress(StopIteration):
                steps.send("its adapter is still busy with another call")
            return
        calls: list[asyncio.Future[object]] = []
        try:
            await self._steps(steps, calls)
        finally:
            _when_over(calls, turn.release)

    def _since(self, ticket: core.Ticket) -> float:
        return self.delivery.clock.monotonic() - ticket.released.elapsed

    async def _steps(self, steps: Generator[core.Step, object, None], calls: list[asyncio.Future[object]]) -> None:
        step = next(steps)
        with suppress(StopIteration):
            while True:
                if isinstance(step, core.LastLook):
                    step = steps.send(await self._look(step))
                    continue
                try:
                    answer = await self._call(step, calls)
                except asyncio.CancelledError:
                    with suppress(StopIteration):
                        steps.send(Ambiguous("its worker was cancelled during the call"))
                    raise
                step = steps.send(answer)

    async def _look(self, step: core.LastLook) -> object:
        if self.stopping():
            return STOPPING
        try:
            why = await self.in_thread(lambda: self.delivery.take(step))
        except Exception as error:  # noqa: BLE001 - nothing was called yet: it is given back, and asked again
            return f"the last look failed: {type(error).__name__}"
        return STOPPING if why is None and self.stopping() else why

    async def _call(self, step: core.Call, calls: "list[asyncio.Future[object]]") -> object:
        ticket, within = step.ticket, None if self.delivery.caller is None else self.delivery.caller.within
        seconds = None if within is None else within.total_seconds()
        if not self._is_async(ticket):
            # It keeps its deadline by itself.
            calls.append(in_own_thread(lambda: self.delivery.take(step)))
            return await self._within(None if seconds is None else 2 * seconds + _TO_SPARE, calls[-1], ticket)
        try:
            call = self._asynchronous(ticket)
        except Exception as error:  # noqa: BLE001 - as whatever an adapter raises
            return judge(error)
        if not isinstance(call, Coroutine):
            return call
        outcome = judge(await self._within(seconds, asyncio.ensure_future(self._contained(call)), ticket))
        if ticket.function is None and not ticket.lookup:
            self.delivery.breaker.saw(ticket.channel, failed=is_outage(outcome))
        return outcome

    def _is_async(self, ticket: core.Ticket) -> bool:
        if ticket.function is not None:
            return is_async(self.delivery.functions.get(ticket.function))
        adapter = self.delivery.adapters[ticket.channel]
        return is_async(getattr(adapter, "lookup", None) if ticket.lookup else adapter.send)

    def _asynchronous(self, ticket: core.Ticket) -> object:
        """The call as a coroutine, or an outcome without any."""
        if ticket.function is not None:
            function = self.delivery.functions[ticket.function]
            return _done(function(CallRequest(ticket.key, ticket.customer, ticket.arguments or {}, ticket.attempt)))
        adapter = self.delivery.adapters[ticket.channel]
        if ticket.lookup:
            return _found(adapter.lookup(ticket.key))  # type: ignore[attr-defined]  # it has one, see `_is_async`
        asked = self.delivery.request(ticket, adapter)
        return adapter.send(asked) if isinstance(asked, SendRequest) else asked

    async def _within(self, seconds: float | None, call: "asyncio.Future[object]", ticket: core.Ticket) -> object:
        """The answer of a call, or doubt when it does not come in time.

        A call that goes on, since it is a thread or does not let itself be cancelled, is left alone. If it proves later
        that the message went out, that is kept.
        """
        try:
            await asyncio.wait([call], timeout=seconds)
        except asyncio.CancelledError:
            self._leave(call, ticket)
            raise
        if not call.done():
            self._leave(call, ticket)
            return Ambiguous(f"no answer within {seconds:g} s")
        return self._answer(call)

    async def _contained(self, call: Awaitable[object]) -> object:
        """The call, where what would end the loop is an answer."""
        try:
            return await call
        except (KeyboardInterrupt, SystemExit) as error:
            return self._interrupted(error)

    def _answer(self, call: "asyncio.Future[object]") -> Outcome:
        try:
            return judge(call.result())
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever an adapter raises, it may have sent
            return judge(error)
        except BaseException as error:  # noqa: BLE001 - likewise
            return self._interrupted(error)

    def _interrupted(self, error: BaseException) -> Outcome:
        """It asks the worker to stop, and says nothing of the message."""
        self.interrupt = self.interrupt or error
        self.changed.set()
        return Ambiguous(f"the call ended by {type(error).__name__}")

    def _leave(self, call: "asyncio.Future[object]", ticket: core.Ticket) -> None:
        def late(call: "asyncio.Future[object]") -> None:
            outcome = self._answer(call)
            if isinstance(outcome, Accepted):
                self.known.append((ticket, outcome))
                self.changed.set()

        call.add_done_callback(late)
        if isinstance(call, asyncio.Task):
            call.cancel()


async def _done(call: Any) -> Outcome:  # noqa: ANN401 - whatever a coroutine function gives
    """A function of the host that came to its end has done what it should, unless it says otherwise."""
    return finished(await call)


async def _found(call: Any) -> object:  # noqa: ANN401 - likewise
    """What a provider says of an earlier hand-over; None where it has never seen it."""
    return looked_up(await call)


async def _taken(turn: asyncio.Lock, seconds: float) -> bool:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await turn.acquire()
    except TimeoutError:
        return False
    return True


def _when_over(calls: Sequence["asyncio.Future[object]"], then: Callable[[], None]) -> None:
    if calls and not calls[-1].done():
        calls[-1].add_done_callback(lambda _: then())
    else:
        then()


def in_own_thread(act: Callable[[], object]) -> "asyncio.Future[object]":
    """Call something in a thread of its own: one that hangs takes no place from others, and keeps no process alive."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[object] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            tell = partial(future.set_result, context.run(act))
        except BaseException as error:  # noqa: BLE001 - it is raised where the call is awaited
            tell = partial(future.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell)

    threading.Thread(target=run, name="touchpoint call", daemon=True).start()
    return future
