"""Who is due, one group of customers after the other: what `run_pending` and workers, synchronous or not, go by."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Final, TypeVar

import attrs

from touchpoint.core import delivery as core
from touchpoint.engine import acts
from touchpoint.engine.delivery import GROUP, Delivery, Due
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.unit import Unit
from touchpoint.errors import DefectiveJourney
from touchpoint.stores.base import Reader

T = TypeVar("T")
END_OF_TIME: Final = (1 << 63) - 1
_FARTHEST: Final = 8
"""Times a group: how many customers are looked at together where nothing but timers is due."""


def nothing_more(_: Reader) -> bool:
    """Nothing else is to be done."""
    return False


@attrs.define(eq=False)
class Agenda:
    """Goes through what is due, earliest first, and leaves out the customers who cannot be worked on.

    Args:
        reading: the store, to be looked at without the write lock, which whoever idles does not need.
        now: the wall clock, microseconds UTC.
        left_out: customers by number who cannot be worked on, and why; several agendas may share one. Those whose
            records cannot be read come in by themselves.
        heal: called before anybody is looked for: what has to be mended first, as after a clock was set back.
        among: how many threads share what is due; none takes more than its part at once.
        more: whether anything else is to be done at once, by whoever heals.
    """

    reading: Callable[[], AbstractContextManager[Reader]]
    now: Callable[[], int]
    heal: Callable[[], None]
    left_out: dict[int, Exception] = attrs.field(factory=dict)
    among: int = 1
    more: Callable[[Reader], bool] = nothing_more
    looked: list[Loaded] = attrs.field(factory=list, init=False)
    _circle: acts.Circle = attrs.field(factory=acts.Circle, init=False)
    _stride: int = attrs.field(default=1, init=False)

    def is_due(self) -> bool:
        """Whether anything is due now."""
        self.heal()
        with self.reading() as reader:
            due = self._next(reader)
        return due is not None and due <= self.now()

    def next_due(self) -> int | None:
        """When anything falls due next, microseconds UTC; None if nothing ever does."""
        with self.reading() as reader:
            return self.now() if self.more(reader) else self._next(reader)

    def _next(self, reader: Reader) -> int | None:
        rows = reader.due(END_OF_TIME, len(self.left_out) + 1)
        return next((due for due, no in rows if no not in self.left_out), None)

    def group(self, delivery: Delivery, size: int) -> int | None:
        """One group of at most `size` messages; how many of them were handed over, None if nothing was due.

        It is of as many customers, or of more where the groups before had no messages and `size` is that of a full
        one: timers alone are cheap, and each transaction waits for the disk.
        """
        return self._with_care(delivery, size, lambda careful, due: careful.run(due))

    def release(self, delivery: Delivery, size: int) -> Sequence[core.Ticket] | None:
        """Only the release of one group, for whoever calls adapters in another way; None if nothing was due."""
        return self._with_care(delivery, size, lambda careful, due: careful.release(due))

    def _with_care(self, delivery: Delivery, size: int, act: Callable[[Delivery, Due], T]) -> T | None:
        self.looked = []  # whoever was looked at before has no part in what fails from here on
        if not self.is_due():
            return None
        before, due = len(self.left_out), partial(self._look, size * self._stride if size >= GROUP else size)
        delivery = attrs.evolve(delivery, most=size)
        try:
            found = act(delivery, due)
        except DefectiveJourney:
            # Nothing was handed over yet: once more, so that what is defective is parked and others go on (S4.3).
            found = act(attrs.evolve(delivery, units=partial(delivery.units, careful=True)), due)
        if not self.looked and len(self.left_out) == before:
            return None  # somebody else was quicker
        self._stride = 1 if found else min(self._stride * 2, _FARTHEST)
        self._circle.check((each.no, each.head) for each in self.looked)
        return found

    def _look(self, size: int, unit: Unit, now: int) -> Sequence[Loaded]:
        # Anew each time: asked again after a defect, those of the first time hold what was never committed.
        rows = unit.tx.due(now, size * self.among + len(self.left_out))
        rows = [row for row in rows if row[1] not in self.left_out]
        self.looked = acts.readable(unit, rows[: min(size, -(-len(rows) // self.among))], self.left_out)
        return self.looked
