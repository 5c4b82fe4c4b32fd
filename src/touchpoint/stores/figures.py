"""The part of the port to a store that is about figures: counts that name nobody, and who is counted."""

from collections.abc import Sequence
from typing import Protocol

from touchpoint.stores.rows import CaseRow, FigureRow, MessageRow


class FigureQuestions(Protocol):
    """Questions about counts, and about what is counted."""

    def figures(self, what: Sequence[str], first: int, last: int) -> list[FigureRow]:
        """Counts of these kinds, of everybody, added up over the days from `first` to `last`; `day` is then `last`."""
        ...

    def figures_by_day(self, what: Sequence[str], first: int, last: int) -> list[FigureRow]:
        """Counts of these kinds, of everybody, by what is counted, day and name. Counts of 0 are left out."""
        ...

    def counted(self, numbers: Sequence[int]) -> dict[int, str]:
        """What is remembered of those of these customers who are counted, as JSON."""
        ...

    def uncounted(self, after: int, limit: int) -> list[int]:
        """Numbers above `after` of customers who are not counted, in their order, at most `limit`."""
        ...

    def places(self) -> list[str]:
        """The locations that figures tell apart."""
        ...

    def cases_by_number(self, numbers: Sequence[int]) -> list[CaseRow]:
        """Those of these cases that exist, in no particular order."""
        ...

    def messages_by_number(self, numbers: Sequence[int]) -> list[MessageRow]:
        """Those of these messages that exist, in no particular order."""
        ...


class FigureChanges(Protocol):
    """What is done to all counts at once."""

    def clear_figures(self, *, places: bool) -> None:
        """Have nobody be counted, and nothing be counted of customers who are there; of those erased all stays.

        With `places` no location is known any more, either.
        """
        ...
