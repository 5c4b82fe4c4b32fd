"""How the SQLite store writes what a transaction changes: a statement for each part of `Changes`, and their order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from touchpoint.stores import _cases, _feedback, _figures, _gifts, _journal, _people, _referrals, _releases, _said
from touchpoint.stores.base import (
    AddressRow,
    BookingRow,
    CaseRow,
    ConsentRow,
    ControlRow,
    CustomerRow,
    EventRow,
    FigureKey,
    MessageRow,
    RunRow,
    TallyRow,
    TaskRow,
)


class _Writes(Protocol):
    """Who runs the statements."""

    def many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None: ...

    def write_dues(self, dues: Sequence[tuple[int | None, int | None, int]]) -> None: ...

    def add_to_budgets(self, added: Mapping[str, Decimal]) -> None: ...

    def drop_bookings(self, keys: Iterable[str]) -> None: ...

    def keep_sums(self, spans: Iterable[tuple[str, str, int, int]]) -> None: ...

    def book(self, bookings: Iterable[BookingRow]) -> None: ...

    def change_stocks(self, changes: Iterable[tuple[str, int, int]]) -> None: ...

    def add_figures(self, counts: Mapping[FigureKey, int]) -> None: ...

    def keep_accounts(self, bodies: Mapping[int, str]) -> None: ...


class Way(NamedTuple):
    """How one part is written.

    Args:
        write: does it all; None where one statement does.
        statement: writes one row.
        together: writes `GROUP` rows; empty where they are written one by one.
        as_written: makes plain tuples of what the part holds; None where it holds them.
        finds: what each row has to find in order to change it; empty where it finds nothing.
    """

    write: Callable[[_Writes, Any], None] | None = None
    statement: str = ""
    together: str = ""
    as_written: Callable[[Any], Iterable[tuple[Any, ...]]] | None = None
    finds: str = ""


def _columns(row: Any) -> str:  # noqa: ANN401 - the class of a NamedTuple has no better type
    return ", ".join(row._fields)


def _insert(table: str, row: Any) -> str:  # noqa: ANN401 - likewise
    return f"INSERT INTO touchpoint_{table} ({_columns(row)}) VALUES ({', '.join('?' * len(row._fields))})"  # noqa: S608 - nothing but names of our own


_NEW_CUSTOMER: Final = _insert("customers", CustomerRow)
# Each None that Python's module binds costs as much as writing half a row, so the rows of every event come without.
_CHANGE_CUSTOMER: Final = (
    "UPDATE touchpoint_customers SET profile = ifnull(nullif(?, ''), profile), state = ?, head = ?, "
    "due = nullif(?, '') WHERE no = ?"
)
_NEW_RUN: Final = _insert("runs", RunRow)
_END_RUN: Final = "UPDATE touchpoint_runs SET ended_at = ?, reason = ? WHERE no = ?"
_NEW_CASE: Final = _insert("cases", CaseRow)
_NEW_MESSAGE: Final = _insert("messages", MessageRow)
# A message keeps its number, key and customer: left out of what is set, their indexes need not be touched.
# What the provider told after the hand-over is written by itself: whoever settles does not know it.
_KEPT: Final = {"no", "key", "customer", "delivery"}
_CHANGED: Final = tuple(name for name in MessageRow._fields if name not in _KEPT)
_CHANGE_MESSAGE: Final = (
    f"UPDATE touchpoint_messages SET {', '.join(f'{name} = ?' for name in _CHANGED)} "  # noqa: S608 - names of our own
    "WHERE no = ? AND key = ? AND customer = ?"
)
_as_changed: Final = itemgetter(*(MessageRow._fields.index(name) for name in (*_CHANGED, "no", "key", "customer")))
_NEW_CONSENT: Final = _insert("consents", ConsentRow)
_PUT_ADDRESS: Final = _insert("addresses", AddressRow).replace("INSERT", "INSERT OR REPLACE")
_PUT_CONTROL: Final = _insert("controls", ControlRow).replace("INSERT", "INSERT OR REPLACE")
_LIFT_CONTROL: Final = "DELETE FROM touchpoint_controls WHERE scope = ? AND name = ?"
_ADD_TALLY: Final = _insert("tallies", TallyRow) + " ON CONFLICT (subject, name, what) DO UPDATE SET n = n + excluded.n"
_DELIVERED: Final = "UPDATE touchpoint_messages SET delivery = ?, changed_at = ? WHERE key = ?"
_REF_LEARNED: Final = "UPDATE touchpoint_messages SET ref = ifnull(ref, ?) WHERE key = ?"
_REACH: Final = "INSERT OR IGNORE INTO touchpoint_reach (kind, key, customer) VALUES (?, ?, ?)"
_REACH_GONE: Final = "DELETE FROM touchpoint_reach WHERE kind = ? AND key = ? AND customer = ?"
_NEW_TASK: Final = _insert("tasks", TaskRow)
_CHANGE_TASK: Final = (
    "UPDATE touchpoint_tasks SET status = ?, claimed_by = ifnull(?, claimed_by), changed_at = ? WHERE key = ?"
)
_NEW_EVENT: Final = _insert("events", EventRow)
_EVENTS_BEFORE: Final = "DELETE FROM touchpoint_events WHERE recorded_at < ?"
_EVENTS_DONE: Final = "DELETE FROM touchpoint_events WHERE channel = ? AND ref = ?"
_PUT_PACE: Final = "INSERT OR REPLACE INTO touchpoint_paces (name, body) VALUES (?, ?)"
_PUT_VOLUME: Final = "INSERT OR REPLACE INTO touchpoint_volumes (name, body) VALUES (?, ?)"
_PUT_PARKED: Final = "INSERT OR REPLACE INTO touchpoint_parked (customer, n) VALUES (?, ?)"
_NOT_PARKED: Final = "DELETE FROM touchpoint_parked WHERE customer = ?"
_PUT_META: Final = "INSERT OR REPLACE INTO touchpoint_meta (key, value) VALUES (?, ?)"
GROUP: Final = 32
"""So many rows are inserted by one statement, where there are as many: to run it costs as much as half of a row."""


def groups(rows: Sequence[Iterable[object]]) -> list[tuple[object, ...]]:
    """The values of each `GROUP` of rows, one after the other."""
    return [(*chain.from_iterable(rows[start : start + GROUP]),) for start in range(0, len(rows), GROUP)]


_Rows: TypeAlias = Callable[[Any], Iterable[tuple[Any, ...]]]
# Of a named tuple SQLite's module asks each value by itself, which takes longer than writing the row.
_plain: Final[_Rows] = partial(map, tuple)


def _rows(statement: str, of: _Rows | None = _plain, *, grouped: bool = False) -> Way:
    """Named tuples, or whatever `of` makes rows of; many are inserted together where they often come in numbers."""
    together = statement + f", {statement.partition(' VALUES ')[2]}" * (GROUP - 1) if grouped else ""
    return Way(statement=statement, together=together, as_written=of)


def _tuples(statement: str, *, grouped: bool = False) -> Way:
    """Plain tuples."""
    return _rows(statement, None, grouped=grouped)


def _values(statement: str) -> Way:
    """Named tuples by their keys."""
    return _rows(statement, lambda held: map(tuple, held.values()))


def _items(statement: str) -> Way:
    """A value for each key."""
    return _rows(statement, lambda held: held.items())


def _each(statement: str) -> Way:
    """Values of one column."""
    return _rows(statement, lambda held: [(value,) for value in held])


def _found(what: str, statement: str, of: _Rows | None = None) -> Way:
    """Changes of rows that are there."""
    return Way(statement=statement, as_written=of, finds=what)


def _write_parked(tx: _Writes, parked: Mapping[int, int]) -> None:
    tx.many(_PUT_PARKED, [(customer, n) for customer, n in parked.items() if n])
    tx.many(_NOT_PARKED, [(customer,) for customer, n in parked.items() if not n])


WAYS: Final[Mapping[str, Way]] = {
    "entries_doubled": _tuples(_people.DOUBLED),
    "entries_moved": _tuples(_people.MOVED),
    "new_customers": _rows(_NEW_CUSTOMER, grouped=True),
    "entries": _tuples(_journal.NEW, grouped=True),
    "customers": _found("customer", _CHANGE_CUSTOMER),
    "dues": Way(lambda tx, held: tx.write_dues(held)),
    "runs": _rows(_NEW_RUN, grouped=True),
    "runs_ended": _found("run", _END_RUN),
    "cases": _rows(_NEW_CASE),
    "cases_changed": _found("case", _cases.CHANGE_CASE),
    "cases_closed": _found("case", _cases.CLOSE_CASE),
    "messages": _rows(_NEW_MESSAGE, grouped=True),
    "messages_changed": _found("message", _CHANGE_MESSAGE, partial(map, _as_changed)),
    "tallies": _rows(_ADD_TALLY, lambda held: [(*key, n) for key, n in held.items()]),
    "delivered": _found("message", _DELIVERED),
    "refs": _tuples(_REF_LEARNED),
    "tasks": _rows(_NEW_TASK),
    "tasks_changed": _found("task", _CHANGE_TASK),
    "events_done": _tuples(_EVENTS_DONE),
    "events_before": Way(lambda tx, before: tx.many(_EVENTS_BEFORE, [(before,)])),
    "events": _rows(_NEW_EVENT),
    "reach_gone": _tuples(_REACH_GONE),
    "reach": _tuples(_REACH),
    "paces": _items(_PUT_PACE),
    "volumes": _items(_PUT_VOLUME),
    "parked": Way(_write_parked),
    "consents": _rows(_NEW_CONSENT),
    "addresses": _rows(_PUT_ADDRESS),
    # First: what is stopped anew in the same breath stays stopped.
    "controls_lifted": _tuples(_LIFT_CONTROL),
    "controls": _rows(_PUT_CONTROL),
    "definitions": _tuples(_releases.PUT_DEFINITION),
    "releases": _rows(_releases.PUT_RELEASE),
    "budgets": Way(lambda tx, held: tx.add_to_budgets(held)),
    "bookings_gone": Way(lambda tx, held: tx.drop_bookings(held)),
    "spans": Way(lambda tx, held: tx.keep_sums(held)),
    "bookings": Way(lambda tx, held: tx.book(held)),
    "bookings_settled": _each(_gifts.SETTLED),
    "stocks": Way(lambda tx, held: tx.change_stocks(held)),
    "gifts": _values(_gifts.PUT),
    "meta": _items(_PUT_META),
    "aliases": _tuples(_people.NEW_ALIAS),
    "tombstones_gone": _tuples(_people.TOMBSTONE_GONE),
    "tombstones": _rows(_people.NEW_TOMBSTONE),
    "members_gone": _tuples(_people.MEMBER_GONE),
    "members": _tuples(_people.MEMBER),
    "referrals": _values(_referrals.PUT),
    "asked": _values(_feedback.PUT_ASKED),
    "analyses": _values(_feedback.PUT_ANALYSIS),
    "contacts": _values(_said.PUT_CONTACT),
    "wishes": _rows(_said.NEW_WISH),
    "topic_answers": _rows(_said.PUT_ANSWER),
    "addresses_gone": _tuples(_people.ADDRESS_GONE),
    # A blank comes right before an exclamation mark: the name itself, and those with a blank and more after it.
    "paces_gone": _rows(_people.PACE_GONE, lambda names: [(name, name + "!") for name in names]),
    "events_gone": _each(_people.EVENT_GONE),
    "figures": Way(lambda tx, held: tx.add_figures(held)),
    "counted": Way(lambda tx, held: tx.keep_accounts(held)),
    "places": _each(_figures.PUT_PLACE),
}  # fmt: skip
"""How each part is written, in this order."""


@lru_cache(maxsize=256)  # most transactions change one of a few sets of parts
def in_order(parts: frozenset[str]) -> Sequence[tuple[Any, ...]]:
    """These parts in the order in which they are written, each with the fields of its `Way`."""
    return [(name, *WAYS[name]) for name in WAYS if name in parts]
