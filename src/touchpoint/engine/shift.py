"""A worker on an event loop: `AsyncEngine.work` and `run_pending`."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import attrs

from touchpoint.core import delivery as core
from touchpoint.engine.agenda import Agenda
from touchpoint.engine.delivery import GROUP
from touchpoint.engine.handing import Handing, Workplace, never
from touchpoint.engine.pipeline import InThread, Pipeline, surely
from touchpoint.engine.working import LAST_TRIES, POLL, LeftOut, Patience, Report, Worked, log
from touchpoint.errors import StoreError


@attrs.define(eq=False)
class Shift:
    """One worker, from when it begins to when it stops.

    Args:
        place: where it works.
        in_thread: does something with the store, in a thread.
        turns: locks of those who may be called by one at a time only.
        concurrency: how many hand-overs may be under way.
        until_idle: ends when nothing is due and nothing is under way.

    Attributes:
        patient: waits for a store in trouble, and leaves out customers for whom alone something fails; else either is
            raised.
    """

    place: Workplace
    in_thread: InThread
    turns: dict[str, asyncio.Lock]
    concurrency: int
    until_idle: bool
    asked: Callable[[], bool] = never
    poll: float = POLL.total_seconds()
    report: Report | None = None
    size: int = GROUP
    patient: bool = True
    done: Worked = attrs.field(factory=Worked, init=False)
    _over: bool = attrs.field(default=False, init=False)
    _changed: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _groups: "set[asyncio.Task[None]]" = attrs.field(factory=set, init=False)
    _alone: int = attrs.field(default=0, init=False)
    _left_out: LeftOut = attrs.field(init=False)
    _agenda: Agenda = attrs.field(init=False)
    _handing: Handing = attrs.field(init=False)
    _pipeline: Pipeline = attrs.field(init=False)
    _patience: Patience = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        place = self.place
        self._left_out = LeftOut({}, place.clock.monotonic)
        self._agenda = place.agenda(self._left_out.found)
        self._handing = place.handing()
        self._pipeline = Pipeline(place.delivery, self.in_thread, self.stopping, self.turns, self._changed)
        self._patience = Patience(self.until_idle)

    def stopping(self) -> bool:
        """Whether it is time to stop."""
        return self._over or self.asked() or self._pipeline.interrupt is not None

    async def work(self, stop: asyncio.Event | None) -> Worked:
        """One group after the other, several under way, until it is time to stop. Raises as `Engine.work` does."""
        watch = None if stop is None else asyncio.create_task(self._watch(stop))
        try:
            while not self.stopping() and await self._go_on():
                pass
        except Exception:
            self._over = True  # calls in hand may end
            raise
        except BaseException:
            self._cancel()
            raise
        finally:
            self._over = True
            if watch is not None:
                watch.cancel()
            await self._finish()
        if self._pipeline.interrupt is not None:
            raise self._pipeline.interrupt
        if not self.patient and self._left_out.found:
            raise next(iter(self._left_out.found.values()))
        return self.done

    async def _watch(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._changed.set()

    async def _go_on(self) -> bool:
        """One more group, or a while of sleep. False when all is done."""
        self._changed.clear()
        try:
            if await self._more():
                return True
        except StoreError as error:
            if not self.patient:
                raise
            seconds = self._patience.lasts(error)
            self._note(troubles=1)
            await self._wait(seconds)
            return True
        if self.until_idle and not self._groups and not self._pipeline.known:
            return False
        await self._sleep()
        return True

    async def _more(self) -> bool:
        """Write what is known, and release another group if there is room. False if nothing is due, or no room."""
        await self._settle()
        room = self.concurrency - self._pipeline.busy
        if room <= 0:
            return False
        try:
            tickets = await self._release(1 if self._alone else min(room, self.size))
        except StoreError:
            raise
        except Exception as error:
            if not self.patient:
                raise
            self._isolate(error)
            return True
        self._alone = max(0, self._alone - 1)
        self._patience.restored()
        if tickets is None:
            return False
        if tickets:
            group = self._pipeline.begin(tickets)
            self._groups.add(group)
            group.add_done_callback(self._ended)
        self._note(groups=1)
        return True

    async def _release(self, size: int) -> Sequence[core.Ticket] | None:
        tickets, cancelled = await surely(self.in_thread(partial(self._agenda.release, self._pipeline.delivery, size)))
        if cancelled is not None:
            self._pipeline.known += [(ticket, None) for ticket in tickets or ()]
            raise cancelled
        return tickets

    def _ended(self, group: "asyncio.Task[None]") -> None:
        self._groups.discard(group)
        self._changed.set()
        if not group.cancelled() and (error := group.exception()) is not None:
            log().error("a group of hand-overs ended by %s", type(error).__name__)

    async def _settle(self) -> None:
        """Write what is known. Raises StoreError; nothing is lost then. A defect is raised unless it is patient."""
        self._handing.unsettled += self._pipeline.known
        self._pipeline.known.clear()
        if (caller := self._handing.caller) is not None:
            self._handing.unsettled += caller.take_late()
        if not self._handing.unsettled:
            return
        settle = self._handing.settle_what_can_be if self.patient else self._handing.settle_the_rest
        _, cancelled = await surely(self.in_thread(settle))
        self._note()
        if cancelled is not None:
            raise cancelled

    def _isolate(self, error: Exception) -> None:
        """See `Worker`: who fails alone is left out."""
        looked = [each.no for each in self._agenda.looked]
        if not looked:
            raise error
        if len(looked) == 1:
            self._left_out.found[looked[0]] = error
        self._alone = len(looked) if len(looked) > 1 else self._alone
        self._note()

    async def _sleep(self) -> None:
        """Until something is due for which there is room, a hand-over is over, the next poll, or the end."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._changed.set)

        with self.place.bell.asleep(wake) as sleeper:
            now, due = self._agenda.now(), None
            if self._pipeline.busy < self.concurrency:
                with suppress(StoreError):
                    due = await self.in_thread(self._agenda.next_due)
            poll = now + int(self.poll * 1e6)
            sleeper.until = poll if due is None else min(due, poll)
            await self._wait((sleeper.until - now) / 1e6)

    async def _wait(self, seconds: float) -> None:
        if not self.stopping():
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, seconds)):
                    await self._changed.wait()

    def _cancel(self) -> None:
        for each in self._groups:
            each.cancel()

    async def _finish(self) -> None:
        """Wait for the hand-overs under way, and write what is known, however often this task is cancelled."""
        cancelled = None
        while self._groups:
            try:
                await asyncio.wait(self._groups)
            except asyncio.CancelledError as error:
                cancelled = error
                self._cancel()
        for _ in range(LAST_TRIES):
            try:
                await self._settle()
            except asyncio.CancelledError as error:
                cancelled = error
            except StoreError:
                continue
            if not self._pipeline.known and not self._handing.unsettled:
                break
        if not self.patient and (caller := self._handing.caller) is not None:
            caller.put_back(self._handing.unsettled)  # for whoever comes next
        elif left := len(self._handing.unsettled):
            log().error("%d outcomes could not be written; they count as uncertain when their leases are over", left)
            self._note(unsettled=left)
        if cancelled is not None:
            raise cancelled

    def _note(self, **more: int) -> None:
        for name, n in more.items():
            setattr(self.done, name, getattr(self.done, name) + n)
        self.done.handed, self.done.left_out = self._pipeline.handed, self._left_out.tell()
        if self.report is not None:
            self.report(attrs.evolve(self.done))
