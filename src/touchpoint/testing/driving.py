"""How a world's engine is driven: all in one transaction while nothing can crash, else act by act as a host would.

Stand-ins reach nobody, so what is handed to them may commit with everything else (S6.8), as in a replay: that is what
makes a year of a journey a matter of milliseconds. Decisions are the same either way, and tests hold the two together.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import attrs

from touchpoint.channels.base import Adapter, Refused, SendRequest
from touchpoint.clock import VirtualClock
from touchpoint.core.delivery import Ticket, due_messages
from touchpoint.core.state import NEVER
from touchpoint.durations import instant, micros
from touchpoint.engine.delivery import Delivery
from touchpoint.engine.engine import Engine
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit

_FAR = NEVER - 1


class Driver(Protocol):
    """Drives an engine."""

    def next_due(self) -> datetime | None:
        """When anything falls due next."""
        ...

    def work(self) -> None:
        """Do everything that is due now."""
        ...

    def stop(self) -> None:
        """Have everything committed, and let go of the engine."""
        ...


class Apart:
    """Each act, release and outcome commits by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def next_due(self) -> datetime | None:
        """When anything falls due next."""
        return self._engine.next_due()

    def work(self) -> None:
        """Do everything that is due now."""
        self._engine.run_pending()

    def stop(self) -> None:
        """Nothing is open."""


class Together:
    """Everything is in one transaction, which commits at the end.

    Args:
        engine: to be driven.
        clock: the engine's.
        handing: called with the id of the customer whose message is handed over next.
    """

    def __init__(self, engine: Engine, clock: VirtualClock, handing: Callable[[str], object]) -> None:
        self._clock = clock
        self._context: AbstractContextManager[Unit] = engine.together(careful=True)
        self._unit = self._context.__enter__()
        self._delivery = _Delivery(engine.delivery(), handing)
        self._known: tuple[int, tuple[int, int] | None] = (-1, None)
        self._engine = engine

    def next_due(self) -> datetime | None:
        """When anything falls due next."""
        if self._has_texts():
            return self._clock.now()
        found = self._next(_FAR)
        return None if found is None else instant(found[0])

    def work(self) -> None:
        """Do everything that is due now."""
        now = micros(self._clock.now())
        if self._has_texts():
            self._engine.feedback.analyse()
        while (found := self._next(now)) is not None:
            self._settle(self._unit.by_number(found[1]), now)

    def stop(self) -> None:
        """Commit."""
        self._context.__exit__(None, None, None)

    def _has_texts(self) -> bool:
        """Whether anything waits for the analyser, and it is free."""
        if not self._unit.terms.analysed:
            return False
        self._unit.flush()
        return self._engine.workplace().more(self._unit.tx)

    def _next(self, until: int) -> tuple[int, int] | None:
        """(due, number) of the customer who is next, up to an instant."""
        found = self._stored()
        for loaded in self._unit.dirty.values():
            due = loaded.next_due()
            if due is not None and (found is None or due < found[0]):
                found = due, loaded.no
        return None if found is None or found[0] > until else found

    def _stored(self) -> tuple[int, int] | None:
        """The next one of those whom the store knows best, because nothing of theirs has changed since it was written.

        Asked again only when more was written, or when that one has changed.
        """
        unit = self._unit
        flushes, row = self._known
        if flushes != unit.flushes or (row is not None and row[1] in unit.dirty):
            rows = unit.tx.due(_FAR, len(unit.dirty) + 1)
            row = next((each for each in rows if each[1] not in unit.dirty), None)
            self._known = unit.flushes, row
        return row

    def _settle(self, loaded: Loaded, now: int) -> None:
        """Do everything of one customer that is due."""
        while (due := loaded.next_due()) is not None and due <= now:
            head = loaded.head, loaded.state.fences
            self._unit.fire(loaded, until=now, inclusive=True)
            if due_messages(self._unit.program, loaded.state, now) or loaded.next_due() == due:
                self._delivery.run(lambda _unit, _now: [loaded])
            if (loaded.head, loaded.state.fences) == head and loaded.next_due() == due:
                raise RuntimeError("a customer stays due without anything left to do; please report it")


class _Delivery(Delivery):
    """Tells whose message it hands over."""

    def __init__(self, given: Delivery, handing: Callable[[str], object]) -> None:
        super().__init__(*(getattr(given, field.name) for field in attrs.fields(Delivery)))
        self._handing = handing

    def request(self, ticket: Ticket, adapter: Adapter) -> SendRequest | Refused:
        self._handing(ticket.customer)
        return super().request(ticket, adapter)
