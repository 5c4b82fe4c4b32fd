"""Clocks that somebody set back (S11.3): claims whose leases lie in a future that is no more are dated anew."""

from typing import Final

import attrs

from touchpoint.core.delivery import LEASE
from touchpoint.core.state import IN_FLIGHT
from touchpoint.engine.unit import Unit

_SLACK: Final = 2_000_000
"""Microseconds by which a clock may go back without anybody having set it, as when it is adjusted to others."""


@attrs.define(eq=False)
class Wall:
    """The furthest that the clock on the wall has come, and whether it went back from there."""

    furthest: int = 0
    went_back: bool = False

    def saw(self, now: int) -> int:
        """Note a reading, and give it back."""
        if now > self.furthest:
            self.furthest = now
        elif now < self.furthest - _SLACK:
            self.furthest, self.went_back = now, True
        return now

    def take(self) -> bool:
        """Whether it went back since this was asked last."""
        went_back, self.went_back = self.went_back, False
        return went_back


def went_back_before(unit: Unit, now: int) -> bool:
    """Whether the store was at work at a later time than now."""
    newest = unit.tx.newest()
    return newest is not None and newest > now + _SLACK


def date_leases(unit: Unit, now: int) -> None:
    """Have no lease end later than one that is taken now.

    Its owner has as long as ever, by the monotonic clock; if it is gone, the claim is rescued in time all the same.
    """
    for no in unit.tx.in_flight():
        loaded = unit.by_number(no)
        for pending in loaded.state.pending:
            if pending.status == IN_FLIGHT and pending.lease is not None and pending.lease > now + LEASE:
                pending.lease = now + LEASE
                unit.touch(loaded)
