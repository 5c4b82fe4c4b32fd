"""The figures of a store, as `Engine.figures` gives them: asked by calling it, counted anew by `rebuild`."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from touchpoint.engine.conversations import waited
from touchpoint.engine.figuring import COMPLETE, SETTINGS, begin_anew, count_page
from touchpoint.errors import InvalidInput
from touchpoint.journey.journey import Journey
from touchpoint.model.figures import from_record
from touchpoint.stores.base import Reader
from touchpoint.zones import day_start, zone

if TYPE_CHECKING:
    from touchpoint.engine.gifts import GiftDesk
    from touchpoint.engine.unit import Unit
    from touchpoint.insight.report import Report

T = TypeVar("T")
PAGE: Final = 200
_MOST: Final = 100_000
_EVER: Final = 2**62
"""Beyond every instant, in microseconds."""


class _Writes(Protocol):
    def __call__(self, work: "Callable[[Unit], T]", connection: object = None) -> T:
        """Carry out a piece of work in a transaction."""
        ...


class FigureDesk:
    """Figures: customers per stage, growth, feedback by location, cases, conversations, messages, gifts.

    Args:
        write: carries out work in a transaction.
        reading: opens the store to read.
        journeys: those at work, by name.
        now: the present, microseconds UTC.
        gifts: tells how their budgets and stocks stand.
    """

    def __init__(
        self, write: _Writes, reading: Callable[[], AbstractContextManager[Reader]],
        journeys: Mapping[str, Journey], now: Callable[[], int], gifts: "GiftDesk",
    ) -> None:  # fmt: skip
        self._write = write
        self._reading = reading
        self._journeys = journeys
        self._now = now
        self._gifts = gifts

    def __call__(
        self, *, since: date | None = None, until: date | None = None, journeys: Iterable[str] | None = None
    ) -> "Report":
        """The figures of a range of days, as data.

        What it costs depends on how much is told apart and on the days, not on how much was recorded; only of what
        customers said in these days a short row each is read.

        Args:
            since: the first day, in the zone of the figures; from the beginning unless given.
            until: the last day, included; to the end unless given.
            journeys: names of journeys, for what belongs to one; all unless given.

        Raises:
            InvalidInput: this store keeps no figures, a day is none, or the range is empty.
            StoreError: the store cannot be read.
        """
        from touchpoint.insight.reporting import report

        first, last = _days(since, until)
        budgets, stocks, now = self._gifts.budgets(), self._gifts.stocks(), self._now()
        with self._reading() as reader:
            meta = reader.meta()
            if SETTINGS not in meta:
                raise InvalidInput(
                    "this store keeps no figures; open it with Engine(figures=Figures()), and have what was there "
                    "before counted by engine.figures.rebuild()"
                )
            begin, end = _instants(first, last, from_record(meta[SETTINGS])[0].zone)
            return report(
                reader, meta[SETTINGS], self._journeys, first, last, now,
                complete=meta.get(COMPLETE) == "1", only=None if journeys is None else frozenset(journeys),
                budgets=budgets, stocks=stocks, contacts=waited(reader, begin, end, now),
            )  # fmt: skip

    def rebuild(self, *, page: int = PAGE, connection: object = None) -> int:
        """Count everything anew from what the store holds. How many customers were counted.

        Meanwhile everything goes on: each page of customers is a transaction of its own. A rebuild that was
        interrupted is finished by `fill`, or by another one. What was counted of people who were erased stays.

        Args:
            page: customers in one transaction; from 1 to 100,000.
            connection: as for `record`; then all of it is part of the host's transaction.

        Raises:
            InvalidInput: this store keeps no figures, or `page` is no such number.
            StoreError: it could not be stored; `fill` goes on.
        """
        size = _size(page)
        self._write(begin_anew, connection)
        return self._fill(size, connection)

    def fill(self, *, page: int = PAGE, connection: object = None) -> int:
        """Count those who are not counted yet, as those who were there before figures were switched on. How many.

        Whoever has touchpoints is counted by then anyway.

        Args:
            page: as for `rebuild`.
            connection: likewise.

        Raises:
            InvalidInput, StoreError: likewise.
        """
        return self._fill(_size(page), connection)

    def _fill(self, size: int, connection: object) -> int:
        counted = after = 0
        while True:
            numbers = self._write(lambda unit, after=after: count_page(unit, after, size), connection)  # type: ignore[misc]
            if not numbers:
                return counted
            counted, after = counted + len(numbers), numbers[-1]


def _size(page: object) -> int:
    if not isinstance(page, int) or isinstance(page, bool) or not 1 <= page <= _MOST:
        raise InvalidInput(f"page= is a whole number from 1 to {_MOST:,}, not {page!r}")
    return page


def _days(since: object, until: object) -> tuple[date, date]:
    for name, day in (("since", since), ("until", until)):
        if day is not None and type(day) is not date:
            raise InvalidInput(f"{name}= takes a date, such as date(2026, 1, 31): days are those of the figures' zone")
    first = since if isinstance(since, date) else date.min
    last = until if isinstance(until, date) else date.max
    if first > last:
        raise InvalidInput("since= lies behind until=, so there is no day in between")
    return first, last


def _instants(first: date, last: date, name: str) -> tuple[int, int]:
    """From when to before when these days go in a zone, microseconds UTC."""
    where = zone(name)
    begin = -_EVER if first == date.min else day_start(first, where)
    return begin, _EVER if last == date.max else day_start(last + timedelta(days=1), where)
