"""`Engine.work`: threads that do what is due, sleep until something is, and stop without losing anything.

Nothing depends on who a worker is: what it holds are leases of messages, and those of a worker that died run out. So
any number of threads and processes may work on one store.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

import attrs

from touchpoint.core import delivery as core
from touchpoint.engine.delivery import GROUP
from touchpoint.engine.handing import Workplace
from touchpoint.engine.working import (
    LAST_TRIES,
    Event,
    LeftOut,
    Patience,
    Report,
    Worked,
    asked_to_stop,
    check_poll,
    check_threads,
    log,
)
from touchpoint.errors import StoreError

_WITHIN: Final = core.HAND_OVER_WITHIN / 2
"""Seconds that the calls of a group should take together, so that none is given back for having waited too long."""
_WATCH: Final = 1.0


def work(
    place: Workplace, *, stop: Event | Callable[[], object] | None, poll: timedelta, threads: int, until_idle: bool,
    report: Report | None,
) -> Worked:  # fmt: skip
    """See `Engine.work`."""
    crew = Crew(place, asked_to_stop(stop), check_poll(poll), check_threads(threads), until_idle, report)
    return crew.work(stop if isinstance(stop, Event) and not until_idle else None)


class Crew:
    """The threads of one call of `work`, the caller's own among them."""

    def __init__(
        self, place: Workplace, asked: Callable[[], bool], poll: float, threads: int, until_idle: bool,  # noqa: FBT001 - as given
        report: Report | None,
    ) -> None:  # fmt: skip
        self._asked = asked
        self._over = threading.Event()
        self._report = report
        self._lock = threading.Lock()
        self._failed: BaseException | None = None
        self.place, self.poll, self.threads, self.until_idle = place, poll, threads, until_idle
        self.done = Worked()
        self.left_out = LeftOut({}, place.clock.monotonic)

    def work(self, watched: Event | None) -> Worked:
        """Everybody at work, until all have stopped. Raises what stopped any of them."""
        others = [self._thread(self._other) for _ in range(self.threads - 1)]
        if watched is not None:
            self._thread(partial(self._watch, watched))
        try:
            Worker(self).work()
        except BaseException:
            self.stop()
            raise
        finally:
            if not self.until_idle:
                self.stop()
            for each in others:
                each.join()
            self._over.set()
        if self._failed is not None:
            raise self._failed
        return self.done

    def stopping(self) -> bool:
        """Whether it is time to stop."""
        return self._over.is_set() or self._asked()

    def stop(self) -> None:
        """Have everybody stop, and wake those who sleep."""
        self._over.set()
        self.place.bell.ring_for_all()

    def note(self, **more: int) -> None:
        """Add to what was done, and report it."""
        with self._lock:
            for name, n in more.items():
                setattr(self.done, name, getattr(self.done, name) + n)
            self.done.left_out = self.left_out.tell()
            told = attrs.evolve(self.done)
        if self._report is not None:
            self._report(told)

    def _thread(self, act: Callable[[], None]) -> threading.Thread:
        # Daemons: if the caller is interrupted twice, an adapter that hangs must not keep the process from ending.
        thread = threading.Thread(target=act, name="touchpoint worker", daemon=True)
        thread.start()
        return thread

    def _other(self) -> None:
        try:
            Worker(self).work()
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that called `work`
            self._failed = self._failed or error
            self.stop()

    def _watch(self, stop: Event) -> None:
        """Wake who sleeps when it is time to stop: they sleep on the bell, which the host does not know."""
        while not self._over.is_set():
            if stop.is_set() or stop.wait(_WATCH):
                self.place.bell.ring_for_all()
                return


class Worker:
    """One thread of a crew."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._clock = crew.place.clock
        self._agenda = crew.place.agenda(crew.left_out.found, crew.threads)
        self._handing = crew.place.handing(crew.stopping)
        self._patience = Patience(crew.until_idle)
        self._size = GROUP
        self._alone = 0

    def work(self) -> None:
        """One group after the other, until it is time to stop."""
        try:
            while not self._crew.stopping():
                try:
                    idle = not self._one()
                except StoreError as error:
                    seconds = self._patience.lasts(error)
                    self._crew.note(troubles=1)
                    self._pause(seconds)
                    continue
                if idle and self._crew.until_idle:
                    return
                if idle:
                    self._sleep()
        finally:
            self._settle_the_rest()

    def _one(self) -> bool:
        """One group. False if nothing is due."""
        self._handing.settle_what_can_be()
        before = self._clock.monotonic()
        try:
            handed = self._agenda.group(self._handing, 1 if self._alone else self._size)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not keep others waiting (S11.4)
            self._isolate(error)
            return True
        self._alone = max(0, self._alone - 1)
        self._patience.restored()
        if handed is None:
            return False
        self._size = _fitting(self._clock.monotonic() - before, handed)
        self._crew.note(groups=1, handed=handed)
        return True

    def _isolate(self, error: Exception) -> None:
        """One of the last group is at fault: they are taken one by one, and the one who fails alone is left out."""
        looked = [each.no for each in self._agenda.looked]
        if not looked:
            raise error
        if len(looked) == 1:
            self._crew.left_out.found[looked[0]] = error
        self._alone = len(looked) if len(looked) > 1 else self._alone
        self._crew.note()

    def _sleep(self) -> None:
        """Until something is due, the next poll, or the end."""
        awake = threading.Event()
        with self._crew.place.bell.asleep(awake.set) as sleeper:
            now, poll = self._agenda.now(), self._crew.poll
            try:
                due = self._agenda.next_due()
            except StoreError:
                due = None
            sleeper.until = now + int(poll * 1e6) if due is None else min(due, now + int(poll * 1e6))
            if not self._crew.stopping():
                awake.wait(max(0.0, (sleeper.until - now) / 1e6))

    def _pause(self, seconds: float) -> None:
        awake = threading.Event()
        with self._crew.place.bell.asleep(awake.set) as sleeper:
            sleeper.until = 0  # only to be stopped
            if not self._crew.stopping():
                awake.wait(seconds)

    def _settle_the_rest(self) -> None:
        """What is known, and could not be written so far, is tried a few times more."""
        for _ in range(LAST_TRIES):
            try:
                self._handing.settle_what_can_be()
            except StoreError:
                continue
            return
        left = len(self._handing.unsettled)
        log().error(
            "%d outcomes could not be written; the messages count as uncertain when their leases are over", left
        )
        self._crew.note(unsettled=left)


def _fitting(seconds: float, handed: int) -> int:
    """How many to release at once, given what the last group took."""
    if not handed or seconds <= 0:
        return GROUP
    return max(1, min(GROUP, int(_WITHIN * handed / seconds)))
