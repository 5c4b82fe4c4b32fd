"""Lists of who is in a segment (S3.3)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import attrs

from touchpoint.core.records import VERSION_AT
from touchpoint.durations import instant
from touchpoint.engine.ground import Ground
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.stores.codec import loads

PAGE: Final = 500
_BATCH: Final = 200
_START: Final[int | None] = 0


@attrs.frozen
class Member:
    """One who is in a segment.

    Args:
        customer: their id.
        since: aware UTC.
        place: where they stand in the list; hand it to `members(after=)` for those behind them.
    """

    customer: str = attrs.field(repr=False)
    since: datetime
    place: int


class Members(Ground):
    """Who is in which segment."""

    def members(
        self, segment: str, *, journey: str | None = None, after: int = 0, limit: int | None = None
    ) -> Iterator[Member]:
        """Who is in a segment now, in the order in which the store came to know them.

        They are read page by page, so memory stays flat however many there are, and whoever writes meanwhile is not
        held up; who joins or leaves meanwhile may be in it or not. Customers who were known before the segment, and
        have not been heard of since, join the list when they are, or by `settle_segments`.

        Args:
            segment: its name.
            journey: of the segment; needed where several have one of that name.
            after: only those behind this `Member.place`.
            limit: at most so many; all unless given.

        Raises:
            UnknownName: no such segment.
            InvalidInput: `after` or `limit` is no whole number from 0.
        """
        name = self._segment(segment, journey)
        return self._paged(name, _whole("after=", after), None if limit is None else _whole("limit=", limit))

    def _paged(self, name: str, after: int, limit: int | None) -> Iterator[Member]:
        while limit is None or limit > 0:
            size = PAGE if limit is None else min(PAGE, limit)
            with self._reading() as reader:
                page = reader.members(name, after, size)
            for no, customer, since in page:
                yield Member(customer, instant(since), no)
            if len(page) < size:
                return
            after, limit = page[-1][0], None if limit is None else limit - len(page)

    def member_count(self, segment: str, *, journey: str | None = None) -> int:
        """How many are in a segment now; of whom, see `members`. Raises UnknownName."""
        name = self._segment(segment, journey)
        with self._reading() as reader:
            return reader.member_count(name)

    def settle_segments(self, *, limit: int | None = None) -> int:
        """Find out for customers who were known before which segments they are in, rather than when they are heard of.

        It takes a transaction for each few hundred customers, and may be interrupted at any time: whoever was looked
        at is not looked at again. Nothing is raised by it, as S3.3 leaves open: nothing has happened to them.

        Args:
            limit: at most so many customers; all unless given.

        Returns:
            How many customers it has looked at; 0 once there is nobody left.

        Raises:
            InvalidInput: `limit` is no whole number from 0.
            StoreError: those of the batches before are settled.
        """
        wanted = None if limit is None else _whole("limit=", limit)
        done, after = 0, _START
        while after is not None and (wanted is None or done < wanted):
            found, after = self._unsettled(after, _BATCH if wanted is None else min(_BATCH, wanted - done))
            if found:
                # Those whose records are damaged are left out: they delay nobody (S11.4).
                done += self._write(lambda unit, some=found: len(unit.by_numbers(some)))  # type: ignore[misc]
        return done

    def _unsettled(self, after: int, most: int) -> tuple[list[int], int | None]:
        """Numbers of customers who are not up to the journeys at work, and where to go on; None at the end."""
        found: list[int] = []
        with self._reading() as reader:
            while len(found) < most:
                page = reader.customers_after(after, most)
                found += [row.no for row in page if loads(row.state)[VERSION_AT] != self._program.version]
                if len(page) < most:
                    return found, None
                after = page[-1].no
        return found, after

    def _segment(self, segment: str, journey: str | None) -> str:
        named = getattr(segment, "name", segment)
        specs = self._program.segments.values()
        found = [each.name for each in specs if each.segment == named and journey in (None, each.journey)]
        if len(found) != 1 or not isinstance(named, str):
            known = found or [each.segment for each in specs]
            raise UnknownName("single segment" if found else "segment", named, known)
        return found[0]


def _whole(what: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidInput(f"{what} is a whole number from 0, not {value!r}")
    return value
