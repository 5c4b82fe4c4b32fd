"""How the SQLite store writes what a transaction changes: a statement for each part of `Changes`, and their order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final, Protocol, TypeAlias

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

    def many(self, statement: str, rows: Sequence[Any]) -> None: ...

    def change(self, statement: str, rows: Sequence[Any], what: str) -> None: ...

    def write_dues(self, dues: Sequence[tuple[int | None, int | None, int]]) -> None: ...

    def add_to_budgets(self, added: Mapping[str, Decimal]) -> None: ...

    def drop_bookings(self, keys: Iterable[str]) -> None: ...

    def keep_sums(self, spans: Iterable[tuple[str, str, int, int]]) -> None: ...

    def book(self, bookings: Iterable[BookingRow]) -> None: ...

    def change_stocks(self, changes: Iterable[tuple[str, int, int]]) -> None: ...

    def add_figures(self, counts: Mapping[FigureKey, int]) -> None: ...

    def keep_accounts(self, bodies: Mapping[int, str]) -> None: ...


_Write: TypeAlias = Callable[[_Writes, str, Any], None]
"""Writes rows by a statement."""


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
TOGETHER: Final[Mapping[str, str]] = {
    alone: alone + f", {alone.partition(' VALUES ')[2]}" * (GROUP - 1)
    for alone in (_journal.NEW, _NEW_CUSTOMER, _NEW_RUN, _NEW_MESSAGE)
}
"""By the statement that inserts one row."""


def groups(rows: Sequence[Iterable[object]]) -> list[tuple[object, ...]]:
    """The values of each `GROUP` of rows, one after the other."""
    return [(*chain.from_iterable(rows[start : start + GROUP]),) for start in range(0, len(rows), GROUP)]


def _rows(tx: _Writes, statement: str, rows: Sequence[Any]) -> None:
    tx.many(statement, rows)


def _found(what: str) -> _Write:
    return lambda tx, statement, rows: tx.change(statement, rows, what)


def _items(tx: _Writes, statement: str, rows: Mapping[Any, Any]) -> None:
    tx.many(statement, list(rows.items()))


def _values(tx: _Writes, statement: str, rows: Mapping[Any, Any]) -> None:
    tx.many(statement, list(rows.values()))


def _each(tx: _Writes, statement: str, rows: Sequence[Any]) -> None:
    tx.many(statement, [(row,) for row in rows])


def _parked(tx: _Writes, _: str, parked: Mapping[int, int]) -> None:
    tx.many(_PUT_PARKED, [(customer, n) for customer, n in parked.items() if n])
    tx.many(_NOT_PARKED, [(customer,) for customer, n in parked.items() if not n])


_PARTS: Final[Mapping[str, tuple[_Write, str]]] = {
    "entries_doubled": (_rows, _people.DOUBLED),
    "entries_moved": (_rows, _people.MOVED),
    "new_customers": (_rows, _NEW_CUSTOMER),
    "entries": (_rows, _journal.NEW),
    "customers": (_found("customer"), _CHANGE_CUSTOMER),
    "dues": (lambda tx, _, rows: tx.write_dues(rows), ""),
    "runs": (_rows, _NEW_RUN),
    "runs_ended": (_found("run"), _END_RUN),
    "cases": (_rows, _NEW_CASE),
    "cases_changed": (_found("case"), _cases.CHANGE_CASE),
    "cases_closed": (_found("case"), _cases.CLOSE_CASE),
    "messages": (_rows, _NEW_MESSAGE),
    "messages_changed": (lambda tx, sql, rows: tx.change(sql, [*map(_as_changed, rows)], "message"), _CHANGE_MESSAGE),
    "tallies": (lambda tx, sql, counts: tx.many(sql, [(*key, n) for key, n in counts.items()]), _ADD_TALLY),
    "delivered": (_found("message"), _DELIVERED),
    "refs": (_rows, _REF_LEARNED),
    "tasks": (_rows, _NEW_TASK),
    "tasks_changed": (_found("task"), _CHANGE_TASK),
    "events_done": (_rows, _EVENTS_DONE),
    "events_before": (lambda tx, sql, before: tx.many(sql, [(before,)]), _EVENTS_BEFORE),
    "events": (_rows, _NEW_EVENT),
    "reach_gone": (_rows, _REACH_GONE),
    "reach": (_rows, _REACH),
    "paces": (_items, _PUT_PACE),
    "volumes": (_items, _PUT_VOLUME),
    "parked": (_parked, ""),
    "consents": (_rows, _NEW_CONSENT),
    "addresses": (_rows, _PUT_ADDRESS),
    # First: what is stopped anew in the same breath stays stopped.
    "controls_lifted": (_rows, _LIFT_CONTROL),
    "controls": (_rows, _PUT_CONTROL),
    "definitions": (_rows, _releases.PUT_DEFINITION),
    "releases": (_rows, _releases.PUT_RELEASE),
    "budgets": (lambda tx, _, rows: tx.add_to_budgets(rows), ""),
    "bookings_gone": (lambda tx, _, rows: tx.drop_bookings(rows), ""),
    "spans": (lambda tx, _, rows: tx.keep_sums(rows), ""),
    "bookings": (lambda tx, _, rows: tx.book(rows), ""),
    "bookings_settled": (_each, _gifts.SETTLED),
    "stocks": (lambda tx, _, rows: tx.change_stocks(rows), ""),
    "gifts": (_values, _gifts.PUT),
    "meta": (_items, _PUT_META),
    "aliases": (_rows, _people.NEW_ALIAS),
    "tombstones_gone": (_rows, _people.TOMBSTONE_GONE),
    "tombstones": (_rows, _people.NEW_TOMBSTONE),
    "members_gone": (_rows, _people.MEMBER_GONE),
    "members": (_rows, _people.MEMBER),
    "referrals": (_values, _referrals.PUT),
    "asked": (_values, _feedback.PUT_ASKED),
    "analyses": (_values, _feedback.PUT_ANALYSIS),
    "contacts": (_values, _said.PUT_CONTACT),
    "wishes": (_rows, _said.NEW_WISH),
    "topic_answers": (_rows, _said.PUT_ANSWER),
    "addresses_gone": (_rows, _people.ADDRESS_GONE),
    # A blank comes right before an exclamation mark: the name itself, and those with a blank and more after it.
    "paces_gone": (lambda tx, sql, names: tx.many(sql, [(name, name + "!") for name in names]), _people.PACE_GONE),
    "events_gone": (_each, _people.EVENT_GONE),
    "figures": (lambda tx, _, rows: tx.add_figures(rows), ""),
    "counted": (lambda tx, _, rows: tx.keep_accounts(rows), ""),
    "places": (_each, _figures.PUT_PLACE),
}  # fmt: skip
"""How each part is written, in this order."""


@lru_cache(maxsize=256)  # most transactions change one of a few sets of parts
def in_order(parts: frozenset[str]) -> Sequence[tuple[str, _Write, str]]:
    """These parts in the order in which they are written, and how."""
    return [(name, *_PARTS[name]) for name in _PARTS if name in parts]
