"""Hand-overs by a worker: one call at a time where an adapter asks for it, and nothing known is lost."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import attrs

from touchpoint.channels.base import Outcome
from touchpoint.clock import Clock
from touchpoint.core import delivery as core
from touchpoint.engine.agenda import Agenda, nothing_more
from touchpoint.engine.delivery import Delivery, Due
from touchpoint.engine.threads import Bell, Turns
from touchpoint.engine.working import log
from touchpoint.errors import StoreError
from touchpoint.stores.base import Reader

STOPPING: Final = "its worker is being stopped"


def never() -> bool:
    """Nobody stops."""
    return False


@attrs.define
class Handing(Delivery):
    """A delivery of one thread.

    Args:
        turns: shared by all threads of the process.
        stopping: whether what is released, and not called yet, is to be given back.
        unsettled: outcomes that could not be written yet. They are written before anything else is done.
    """

    turns: Turns = attrs.field(kw_only=True)
    stopping: Callable[[], bool] = attrs.field(default=never, kw_only=True)
    unsettled: core.Outcomes = attrs.field(factory=list, kw_only=True)
    _turn: str | None = attrs.field(default=None, init=False)

    def run(self, due: Due) -> int:
        """See `Delivery.run`. Gives its turn back, whatever happens."""
        try:
            return super().run(due)
        finally:
            self._give_turn()

    def take(self, step: core.Step) -> object:
        """See `Delivery.take`. From the last look to the end of the call this thread has its turn."""
        if isinstance(step, core.Call):
            try:
                return super().take(step)
            finally:
                self._give_turn()
        if self.stopping():
            return STOPPING
        if not self._take_turn(step.ticket):
            return "another thread is still waiting for the answer to its own call"
        why = super().take(step)
        if why is not None:
            self._give_turn()
        return why

    def settle(self, outcomes: Sequence[tuple[core.Ticket, Outcome | None]]) -> None:
        """See `Delivery.settle`. What a store in trouble does not take is kept in `unsettled`."""
        self.unsettled += outcomes
        self.settle_the_rest()

    def settle_the_rest(self) -> None:
        """Write what could not be written before. Raises StoreError as long as it still cannot.

        What an interrupt kept from being written is kept as well: it is written on the way out. Doing so once more is
        no harm if it was committed just before.
        """
        if self.caller is not None:
            self.unsettled += self.caller.take_late()
        if not self.unsettled:
            return
        told, self.unsettled[:] = list(self.unsettled), []
        try:
            super().settle(told)
        except StoreError:
            self.unsettled[:0] = told
            raise
        except Exception:
            # One of them cannot be settled, by whatever defect: the others are, each by itself (S11.4).
            self._settle_each(told)
            raise
        except BaseException:
            self.unsettled[:0] = told
            raise

    def settle_what_can_be(self) -> None:
        """`settle_the_rest` for whoever has to go on: a defect is only told. Raises StoreError."""
        try:
            self.settle_the_rest()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not keep others waiting (S11.4)
            log().error("an outcome cannot be written, and counts as uncertain in the end: %s", type(error).__name__)

    def _settle_each(self, told: core.Outcomes) -> None:
        for each in told:
            try:
                super().settle([each])
            except StoreError:
                self.unsettled.append(each)
            except Exception:  # noqa: BLE001, S112 - told by whoever called
                continue

    def _take_turn(self, ticket: core.Ticket) -> bool:
        name = turn_of(self, ticket)
        if name is None:
            return True
        passed = self.clock.monotonic() - ticket.released.elapsed
        if not self.turns.take(name, min(core.HAND_OVER_WITHIN - passed, core.HAND_OVER_WITHIN)):
            return False
        self._turn = name
        return True

    def _give_turn(self) -> None:
        name, self._turn = self._turn, None
        if name is not None:
            self.turns.give(name)


def turn_of(delivery: Delivery, ticket: core.Ticket) -> str | None:
    """Whose turn a hand-over has to wait for; None where several may go on at once."""
    if ticket.function is not None:
        return f"function {ticket.function}"
    adapter = delivery.adapters.get(ticket.channel)
    return None if adapter is None or adapter.capabilities.thread_safe else f"channel {ticket.channel}"


@attrs.frozen
class Workplace:
    """What whoever works on an engine needs of it."""

    delivery: Delivery
    reading: Callable[[], AbstractContextManager[Reader]]
    now: Callable[[], int]
    heal: Callable[[], None]
    turns: Turns
    bell: Bell
    more: Callable[[Reader], bool] = nothing_more

    @property
    def clock(self) -> Clock:
        """The host's."""
        return self.delivery.clock

    def handing(self, stopping: Callable[[], bool] = never) -> Handing:
        """For one thread, to hand over with."""
        same: dict[str, Any] = {field.name: getattr(self.delivery, field.name) for field in attrs.fields(Delivery)}
        return Handing(**same, turns=self.turns, stopping=stopping)

    def agenda(self, left_out: dict[int, Exception] | None = None, among: int = 1) -> Agenda:
        """For one thread, to see who is due."""
        return Agenda(self.reading, self.now, self.heal, {} if left_out is None else left_out, among, self.more)
