"""In which periods one customer was active, so that growth is accounted for whatever comes when (S1.5).

`insight.growth` takes facts in order of their periods. A store learns of them in order of arrival, and some come late;
so of each customer the first period and the last ten years are kept, and what one more active period changes is told
as differences to the counts of its period and of those beside it.
"""

from collections.abc import Iterator
from typing import Final, Literal

import attrs

GrowthKind = Literal["new", "retained", "resurrected"]
Change = tuple[GrowthKind, int, int]
"""(what, period, difference)."""

YEARS: Final = 10
"""How far behind a customer's last active period another one is told apart from what was counted."""
SPAN: Final = {"month": 12 * YEARS, "week": 53 * YEARS}
"""That in periods."""


@attrs.define
class Activity:
    """The active periods of one customer: the first, the last, and bit n of `bits` for the one n before the last."""

    first: int | None = None
    last: int = 0
    bits: int = 0

    def was(self, period: int) -> bool:
        """Whether the customer was active in a period, as far as is known."""
        return period == self.first or (period <= self.last and bool(self.bits >> (self.last - period) & 1))

    def add(self, period: int, span: int) -> Iterator[Change]:
        """Note activity in a period, and give what that changes of the counts.

        A period further than `span` behind the last one, and after the first, changes nothing: nobody knows any more
        whether it was counted.
        """
        first = self.first
        if first is None:
            self.first = self.last = period
            self.bits = 1
            yield "new", period, 1
        elif not self.was(period) and (period < first or self.last - period < span):
            yield from self._changes(first, period)
            self._note(period, span)

    def _changes(self, first: int, period: int) -> Iterator[Change]:
        if period < first:
            yield "new", period, 1
            yield "new", first, -1
            yield "retained" if first == period + 1 else "resurrected", first, 1
            return
        yield "retained" if self.was(period - 1) else "resurrected", period, 1
        if self.was(period + 1):  # it came back from nowhere, as far as was known
            yield "resurrected", period + 1, -1
            yield "retained", period + 1, 1

    def _note(self, period: int, span: int) -> None:
        if self.first is None or period < self.first:
            self.first = period
        if period > self.last:
            # One more than is asked about: the period before the earliest of those.
            self.bits = (self.bits << min(period - self.last, span + 1)) & ((1 << span + 1) - 1)
            self.last = period
        if self.last - period <= span:
            self.bits |= 1 << (self.last - period)

    def to_record(self) -> list[int | None]:
        """As a JSON list."""
        return [self.first, self.last, self.bits]
