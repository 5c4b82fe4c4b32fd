"""The statements of the SQLite store about figures."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from touchpoint.stores.base import CaseRow, FigureKey, FigureRow, MessageRow

_SUMS: Final = (
    "SELECT what, ? AS day, name, sum(n) FROM touchpoint_figures WHERE what = ? AND day BETWEEN ? AND ? "
    "GROUP BY name HAVING sum(n) != 0 ORDER BY name"
)
_DAYS: Final = (
    "SELECT what, day, name, sum(n) FROM touchpoint_figures WHERE what = ? AND day BETWEEN ? AND ? "
    "GROUP BY day, name HAVING sum(n) != 0 ORDER BY day, name"
)
_COUNTED: Final = "SELECT customer, body FROM touchpoint_figure_accounts WHERE customer IN (?*)"
_UNCOUNTED: Final = (
    "SELECT no FROM touchpoint_customers WHERE no > ? AND NOT EXISTS "
    "(SELECT 1 FROM touchpoint_figure_accounts WHERE customer = no) ORDER BY no LIMIT ?"
)
_CASES: Final = f"SELECT {', '.join(CaseRow._fields)} FROM touchpoint_cases WHERE no IN (?*)"  # noqa: S608 - names of our own
_MESSAGES: Final = f"SELECT {', '.join(MessageRow._fields)} FROM touchpoint_messages WHERE no IN (?*)"  # noqa: S608 - likewise
_ADD: Final = (
    "INSERT INTO touchpoint_figures (layer, what, day, name, n) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (what, day, name, layer) DO UPDATE SET n = n + excluded.n"
)
_PUT_ACCOUNT: Final = "INSERT OR REPLACE INTO touchpoint_figure_accounts (customer, body) VALUES (?, ?)"
_ACCOUNT_GONE: Final = "DELETE FROM touchpoint_figure_accounts WHERE customer = ?"
PUT_PLACE: Final = "INSERT OR IGNORE INTO touchpoint_places (name) VALUES (?)"


class _Asks(Protocol):
    """What the statements need of whoever runs them."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def _among(self, template: str, values: Sequence[object]) -> Iterable[tuple[Any, ...]]: ...

    def many(self, statement: str, rows: Sequence[Any]) -> None: ...


class FigureReader(_Asks):
    """Questions about counts that name nobody."""

    def figures(self, what: Sequence[str], first: int, last: int) -> list[FigureRow]:
        """Counts of these kinds, of everybody, added up over the days from `first` to `last`; `day` is then `last`."""
        return [FigureRow._make(row) for each in what for row in self.run(_SUMS, (last, each, first, last))]

    def figures_by_day(self, what: Sequence[str], first: int, last: int) -> list[FigureRow]:
        """Counts of these kinds, of everybody, by what is counted, day and name. Counts of 0 are left out."""
        return [FigureRow._make(row) for each in what for row in self.run(_DAYS, (each, first, last))]

    def counted(self, numbers: Sequence[int]) -> dict[int, str]:
        """What is remembered of those of these customers who are counted, as JSON."""
        return dict(self._among(_COUNTED, numbers))

    def uncounted(self, after: int, limit: int) -> list[int]:
        """Numbers above `after` of customers who are not counted, in their order, at most `limit`."""
        return [no for (no,) in self.run(_UNCOUNTED, (after, limit))]

    def places(self) -> list[str]:
        """The locations that figures tell apart."""
        return [name for (name,) in self.run("SELECT name FROM touchpoint_places ORDER BY name")]

    def cases_by_number(self, numbers: Sequence[int]) -> list[CaseRow]:
        """Those of these cases that exist, in no particular order."""
        return [CaseRow._make(row) for row in self._among(_CASES, numbers)]

    def messages_by_number(self, numbers: Sequence[int]) -> list[MessageRow]:
        """Those of these messages that exist, in no particular order."""
        return [MessageRow._make(row) for row in self._among(_MESSAGES, numbers)]


class FigureWriter(_Asks):
    """What is written of counts."""

    def add_figures(self, counts: Mapping[FigureKey, int]) -> None:
        """Add to counts."""
        # In the order of the table, so that neighbours share their pages.
        added = sorted((key[1], key[2], key[3], key[0], n) for key, n in counts.items() if n)
        self.many(_ADD, [(layer, what, day, name, n) for what, day, name, layer, n in added])

    def keep_accounts(self, bodies: Mapping[int, str]) -> None:
        """Keep what is counted of customers; of those with nothing, nothing."""
        self.many(_PUT_ACCOUNT, [each for each in bodies.items() if each[1]])
        self.many(_ACCOUNT_GONE, [(no,) for no, body in bodies.items() if not body])

    def clear_figures(self, *, places: bool) -> None:
        """Have nobody be counted, and nothing be counted of customers who are there; of those erased all stays."""
        self.run("DELETE FROM touchpoint_figure_accounts")
        self.run("DELETE FROM touchpoint_figures WHERE layer = 0")
        if places:
            self.run("DELETE FROM touchpoint_places")
