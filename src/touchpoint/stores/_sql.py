"""The statements of the SQLite store: rows in and out, inside a transaction that somebody else begins and ends."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeVar

from touchpoint.errors import StoreClosed, StoreError
from touchpoint.stores import _dues, _feedback, _figures, _gifts, _journal, _people, _referrals, _releases, _said
from touchpoint.stores._changes import GROUP, groups, in_order
from touchpoint.stores._trouble import TROUBLE, Place, reraise
from touchpoint.stores.base import (
    AddressRow,
    CaseRow,
    Changes,
    ConsentRow,
    ControlRow,
    Counters,
    CustomerRow,
    EventRow,
    MessageRow,
    RunRow,
    TallyRow,
    TaskRow,
)
from touchpoint.stores.migrations import SCHEMA_VERSION_FOUND, version_of

T = TypeVar("T")
_Row = tuple[Any, ...]

_CHUNK: Final = 256  # values per question
_PAGE: Final = 256  # rows of an iterator that are in memory at once


def _columns(row: Any) -> str:  # noqa: ANN401 - the class of a NamedTuple has no better type
    return ", ".join(row._fields)


def _select(table: str, row: Any, rest: str = "") -> str:  # noqa: ANN401 - likewise
    return f"SELECT {_columns(row)} FROM touchpoint_{table} {rest}"  # noqa: S608 - nothing but names of our own


_NEXT_NUMBERS: Final = (  # in the order of Counters
    "SELECT (SELECT ifnull(max(no), 0) + 1 FROM touchpoint_customers), "
    "(SELECT ifnull(max(no), 0) + 1 FROM touchpoint_journal), (SELECT ifnull(max(no), 0) + 1 FROM touchpoint_runs), "
    "(SELECT ifnull(max(no), 0) + 1 FROM touchpoint_cases), (SELECT ifnull(max(no), 0) + 1 FROM touchpoint_messages), "
    "(SELECT ifnull(max(no), 0) + 1 FROM touchpoint_tasks), "
    "(SELECT ifnull(max(no), 0) + 1 FROM touchpoint_referrals)"
)
_CUSTOMERS_BY_ID: Final = _select("customers", CustomerRow, "WHERE id IN (?*)")
_CUSTOMERS_BY_NUMBER: Final = _select("customers", CustomerRow, "WHERE no IN (?*)")
_CUSTOMERS_AFTER: Final = _select("customers", CustomerRow, "WHERE no > ? ORDER BY no LIMIT ?")
_MESSAGE: Final = _select("messages", MessageRow, "WHERE key = ?")
_MESSAGES: Final = _select("messages", MessageRow, "WHERE customer = ? ORDER BY no")
_MESSAGE_BY_REF: Final = _select("messages", MessageRow, "WHERE ref = ? AND channel = ? ORDER BY no DESC LIMIT 1")
_REACHED: Final = "SELECT customer FROM touchpoint_reach WHERE key = ? AND kind = ? ORDER BY customer"
_TASK: Final = _select("tasks", TaskRow, "WHERE key = ?")
_IN_FLIGHT: Final = "SELECT DISTINCT customer FROM touchpoint_messages WHERE status = 'in_flight' ORDER BY customer"
_TASKS: Final = _select("tasks", TaskRow, "WHERE channel = ? AND status = ? ORDER BY no LIMIT ?")
_TASKS_OF: Final = _select("tasks", TaskRow, "WHERE customer = ? ORDER BY no")
_EVENTS: Final = _select("events", EventRow, "WHERE ref = ? AND channel = ? ORDER BY no")
_PACES: Final = "SELECT name, body FROM touchpoint_paces WHERE name IN (?*)"
_VOLUMES: Final = "SELECT name, body FROM touchpoint_volumes WHERE name IN (?*)"
_PARKED: Final = "SELECT customer, n FROM touchpoint_parked WHERE customer > ? ORDER BY customer LIMIT ?"
_RUNS: Final = _select("runs", RunRow, "WHERE customer = ? ORDER BY no")
_CASES: Final = _select("cases", CaseRow, "WHERE customer = ? ORDER BY no")
_CONSENTS: Final = _select("consents", ConsentRow, "WHERE customer = ? ORDER BY no")
_ADDRESSES: Final = (
    "WITH wanted (wanted_kind, wanted_key) AS (VALUES ?*) "
    + _select("addresses", AddressRow).replace("FROM", "FROM wanted CROSS JOIN")
    + "ON kind = wanted_kind AND key = wanted_key"
)
_CONTROLS: Final = _select("controls", ControlRow, "ORDER BY scope, name")
_TALLIES: Final = _select("tallies", TallyRow, "ORDER BY subject, name, what")
_META: Final = "SELECT key, value FROM touchpoint_meta ORDER BY key"


class SqliteReader(
    _journal.JournalReader,
    _dues.DueReader, _people.PeopleReader, _referrals.ReferralReader, _releases.ReleaseReader, _feedback.FeedbackReader,
    _said.SaidReader, _gifts.GiftReader, _figures.FigureReader,
):  # fmt: skip
    """Answers questions over one connection, until `end()`.

    Args:
        cursor: of a connection with a transaction open; without a row factory.
        place: where the store is, for errors.

    Every method raises StoreError (see `_trouble`), and StoreClosed once the transaction is over.
    """

    _over = ""

    def __init__(self, cursor: sqlite3.Cursor, place: Place) -> None:
        self._cursor, self._place = cursor, place

    def end(self, why: str = "the transaction is over: use its questions and changes inside the `with` block") -> None:
        """Refuse whatever is asked from now on, iterators that are half-way included."""
        self._over = why

    def customers(self, ids: Sequence[str]) -> list[CustomerRow]:
        """Those of these customers that exist."""
        return [CustomerRow._make(row) for row in self._among(_CUSTOMERS_BY_ID, ids)]

    def customers_by_number(self, numbers: Sequence[int]) -> list[CustomerRow]:
        """Those of these customer numbers that exist."""
        return [CustomerRow._make(row) for row in self._among(_CUSTOMERS_BY_NUMBER, numbers)]

    def all_customers(self) -> Iterator[CustomerRow]:
        """Every customer by number, a page in memory at a time; writing meanwhile does no harm."""
        last = 0
        while page := self.customers_after(last, _PAGE):
            yield from page
            last = page[-1].no

    def customers_after(self, after: int, limit: int) -> list[CustomerRow]:
        """Customers with numbers above `after`, in their order, at most `limit`."""
        return [CustomerRow._make(row) for row in self.run(_CUSTOMERS_AFTER, (after, limit))]

    def message(self, key: str) -> MessageRow | None:
        """The message of this key, if there is one."""
        rows = self.run(_MESSAGE, (key,))
        return MessageRow._make(rows[0]) if rows else None

    def messages(self, customer: int) -> list[MessageRow]:
        """All messages of a customer, oldest first."""
        return [MessageRow._make(row) for row in self.run(_MESSAGES, (customer,))]

    def message_by_ref(self, channel: str, ref: str) -> MessageRow | None:
        """The newest message that a channel's provider knows under this reference, if there is one."""
        rows = self.run(_MESSAGE_BY_REF, (ref, channel))
        return MessageRow._make(rows[0]) if rows else None

    def reached(self, kind: str, key: str) -> list[int]:
        """Numbers of the customers who have this address, in their order."""
        return [customer for (customer,) in self.run(_REACHED, (key, kind))]

    def task(self, key: str) -> TaskRow | None:
        """The task that the message of this key asks for, if there is one."""
        rows = self.run(_TASK, (key,))
        return TaskRow._make(rows[0]) if rows else None

    def tasks(self, channel: str, status: str, limit: int) -> list[TaskRow]:
        """Tasks of a channel in this status, oldest first, at most `limit`."""
        return [TaskRow._make(row) for row in self.run(_TASKS, (channel, status, limit))]

    def tasks_of(self, customer: int) -> list[TaskRow]:
        """All tasks about a customer, oldest first."""
        return [TaskRow._make(row) for row in self.run(_TASKS_OF, (customer,))]

    def events(self, channel: str, ref: str) -> list[EventRow]:
        """What came about a reference that nobody knew, in the order in which it came."""
        return [EventRow._make(row) for row in self.run(_EVENTS, (ref, channel))]

    def event_count(self) -> int:
        """How many events wait for a reference that nobody knows yet."""
        return int(self.run("SELECT count(*) FROM touchpoint_events")[0][0])

    def paces(self, names: Sequence[str]) -> dict[str, str]:
        """What is kept of those of these names of which anything is, as JSON."""
        return dict(self._among(_PACES, names))

    def has_paces(self) -> bool:
        """Whether any pace was ever kept."""
        return bool(self.run("SELECT EXISTS (SELECT 1 FROM touchpoint_paces)")[0][0])

    def volumes(self, names: Sequence[str]) -> dict[str, str]:
        """How much goes out of those of these messages of which anything was counted, as JSON."""
        return dict(self._among(_VOLUMES, names))

    def parked(self, after: int, limit: int) -> list[tuple[int, int]]:
        """(customer number, how many things are parked) for numbers above `after`, at most `limit`."""
        return [(customer, n) for customer, n in self.run(_PARKED, (after, limit))]

    def parked_count(self) -> int:
        """How many things are parked of all customers together."""
        return int(self.run("SELECT ifnull(sum(n), 0) FROM touchpoint_parked")[0][0])

    def runs(self, customer: int) -> list[RunRow]:
        """All runs of a customer, oldest first."""
        return [RunRow._make(row) for row in self.run(_RUNS, (customer,))]

    def cases(self, customer: int) -> list[CaseRow]:
        """All cases of a customer, oldest first."""
        return [CaseRow._make(row) for row in self.run(_CASES, (customer,))]

    def consents(self, customer: int) -> list[ConsentRow]:
        """The customer's ledger, in the order it was written."""
        rows = map(ConsentRow._make, self.run(_CONSENTS, (customer,)))
        return [row._replace(granted=bool(row.granted)) for row in rows]

    def addresses(self, addresses: Iterable[tuple[str, str]]) -> dict[tuple[str, str], AddressRow]:
        """Those of these (kind, key) of which something was written."""
        rows = map(AddressRow._make, self._among_pairs(_ADDRESSES, list(addresses)))
        return {(row.kind, row.key): row for row in rows}

    def has_addresses(self) -> bool:
        """Whether anything was ever written of an address."""
        return bool(self.run("SELECT EXISTS (SELECT 1 FROM touchpoint_addresses)")[0][0])

    def controls(self) -> list[ControlRow]:
        """Everything that is paused or stopped, by scope and name."""
        return [ControlRow._make(row) for row in self.run(_CONTROLS)]

    def tallies(self) -> list[TallyRow]:
        """Every count, by subject, name and what was counted."""
        return [TallyRow._make(row) for row in self.run(_TALLIES)]

    def in_flight(self) -> list[int]:
        """Numbers of the customers of whom a message is in flight, in their order."""
        return [customer for (customer,) in self.run(_IN_FLIGHT)]

    def meta(self) -> Mapping[str, str]:
        """Every note about the store as a whole, `schema_version` among them."""
        return dict(self.run(_META))

    def customer_count(self) -> int:
        """How many customers there are."""
        return int(self.run("SELECT count(*) FROM touchpoint_customers")[0][0])

    def schema_version(self) -> int:
        """The version that the tables have just now."""
        rows = self.run(SCHEMA_VERSION_FOUND)
        return version_of(rows[0][0] if rows else "", self._place)

    def data_version(self) -> int:
        """A number that differs after anybody but this connection has committed."""
        if self._over:
            self._check_live()
        try:
            version: int = self._cursor.execute("PRAGMA data_version").fetchone()[0]  # without a list of one
        except TROUBLE as trouble:
            reraise(trouble, self._place)
        return version

    def next_numbers(self) -> Counters:
        """One more than the highest number of each table."""
        return Counters(*self.run(_NEXT_NUMBERS)[0])

    def run(self, statement: str, values: Sequence[object] = ()) -> list[_Row]:
        """The rows that one statement gives."""
        if self._over:
            self._check_live()
        try:
            return self._cursor.execute(statement, values).fetchall()
        except TROUBLE as trouble:
            reraise(trouble, self._place)

    def _among(self, template: str, values: Sequence[object]) -> Iterable[_Row]:
        if len(values) == 1:
            return self.run(_for(template, "?", 1), values)
        return (row for chunk in _chunks(values) for row in self.run(_for(template, "?", len(chunk)), chunk))

    def _among_pairs(self, template: str, pairs: Sequence[tuple[object, object]]) -> Iterable[_Row]:
        if len(pairs) == 1:
            return self.run(_for(template, "(?, ?)", 1), pairs[0])
        return (
            row
            for chunk in _chunks(pairs)
            for row in self.run(
                _for(template, "(?, ?)", len(chunk)), [v for pair in chunk for v in pair or (None, None)]
            )
        )

    def _check_live(self) -> None:
        if self._over:
            raise StoreClosed(f"{self._place} was not asked: {self._over}")


class SqliteTransaction(
    _dues.DueWriter, SqliteReader, _people.PeopleWriter, _gifts.GiftWriter, _figures.FigureWriter,
):  # fmt: skip
    """Questions and changes under the write lock."""

    counters: Counters

    def write(self, changes: Changes) -> None:
        """Write everything, in an order in which no row points to one that is not there yet.

        Raises StoreError; then part of it may be written, and the transaction must be rolled back.
        """
        if self._over:
            self._check_live()
        parts, cursor = vars(changes), self._cursor  # of the parts those that nobody has touched are not there
        try:
            for name, write, statement, together, as_written, finds in in_order(frozenset(parts)):
                held = parts[name]
                if not held:
                    continue
                if write is not None:
                    write(self, held)
                    continue
                if together and len(held) >= GROUP:
                    whole = len(held) - len(held) % GROUP
                    cursor.executemany(together, groups(held[:whole]))
                    held = held[whole:]
                cursor.executemany(statement, held if as_written is None else as_written(held))
                if finds and cursor.rowcount != len(held):
                    self._refuse(finds, len(held))
        except TROUBLE as trouble:
            reraise(trouble, self._place)

    def _refuse(self, what: str, of: int) -> NoReturn:
        lost = of - self._cursor.rowcount
        raise StoreError(f"{self._place} has no such {what}: {lost} of {of} changes found no row; nothing was written")

    def many(self, statement: str, rows: Iterable[_Row]) -> None:
        """Run a statement for each of these rows."""
        try:
            self._cursor.executemany(statement, rows)
        except TROUBLE as trouble:
            reraise(trouble, self._place)


@lru_cache(maxsize=256)  # few templates, each for 1, 2, 4 … values
def _for(template: str, place: str, n: int) -> str:
    """A question with so many places for values."""
    return template.replace("?*", ", ".join([place] * n))


def _chunks(values: Sequence[T]) -> Iterator[list[T | None]]:
    """Pieces of 1, 2, 4 … values, filled up with None, which equals nothing: few statements, each prepared once."""
    for start in range(0, len(values), _CHUNK):
        piece: list[T | None] = list(values[start : start + _CHUNK])
        size = 1 << (len(piece) - 1).bit_length()
        piece += [None] * (size - len(piece))
        yield piece
