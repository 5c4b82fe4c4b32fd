"""The statements about people as a whole: their other ids, their erasure, and two who turn out to be one."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

from touchpoint.errors import StoreCorrupt
from touchpoint.stores.base import AddressRow, EntryRow, EventRow, TombstoneRow

_EVENT: Final = ", ".join(EventRow._fields)
_TOMBSTONE: Final = ", ".join(TombstoneRow._fields)

ALIASES: Final = "SELECT id, customer FROM touchpoint_aliases WHERE id IN (?*)"
ALIASES_OF: Final = "SELECT id FROM touchpoint_aliases WHERE customer = ? ORDER BY id"
LINKS: Final = "SELECT kind, key FROM touchpoint_reach WHERE customer = ? ORDER BY kind, key"
STANDINGS: Final = f"SELECT {', '.join(AddressRow._fields)} FROM touchpoint_addresses WHERE key IN (?*)"  # noqa: S608 - names of our own
EVENTS: Final = f"SELECT no, {_EVENT} FROM touchpoint_events ORDER BY no"  # noqa: S608 - nothing but names of our own
# From one secret to the next, so that a million tombstones cost no more than their few secrets.
SECRETS: Final = (
    "WITH RECURSIVE found (secret) AS (SELECT min(secret) FROM touchpoint_tombstones UNION ALL "
    "SELECT (SELECT min(secret) FROM touchpoint_tombstones AS next WHERE next.secret > found.secret) FROM found "
    "WHERE secret IS NOT NULL) SELECT secret FROM found WHERE secret IS NOT NULL"
)
TOMBSTONES: Final = (
    f"WITH wanted (wanted_secret, wanted_hash) AS (VALUES ?*) SELECT {_TOMBSTONE} "  # noqa: S608 - names of our own
    "FROM wanted CROSS JOIN touchpoint_tombstones ON secret = wanted_secret AND hash = wanted_hash"
)
NEW_ALIAS: Final = "INSERT OR REPLACE INTO touchpoint_aliases (id, customer) VALUES (?, ?)"
NEW_TOMBSTONE: Final = (
    f"INSERT INTO touchpoint_tombstones ({_TOMBSTONE}) VALUES (?, ?, ?, ?, ?) "  # noqa: S608 - names of our own
    "ON CONFLICT (secret, hash, what) DO UPDATE SET body = excluded.body, at = excluded.at WHERE excluded.at >= at"
)
TOMBSTONE_GONE: Final = "DELETE FROM touchpoint_tombstones WHERE secret = ? AND hash = ?"
ADDRESS_GONE: Final = "DELETE FROM touchpoint_addresses WHERE kind = ? AND key = ?"
PACE_GONE: Final = "DELETE FROM touchpoint_paces WHERE name >= ? AND name < ?"
EVENT_GONE: Final = "DELETE FROM touchpoint_events WHERE no = ?"
DOUBLED: Final = "UPDATE touchpoint_journal SET id = NULL, kind = ?, body = ? WHERE no = ?"
MOVED: Final = "UPDATE touchpoint_journal SET prev = ?, customer = ? WHERE no = ?"

MEMBERS: Final = (
    "SELECT member.customer, id, since FROM touchpoint_members AS member "
    "CROSS JOIN touchpoint_customers AS customer ON customer.no = member.customer "
    "WHERE segment = ? AND member.customer > ? ORDER BY member.customer LIMIT ?"
)
MEMBER_COUNT: Final = "SELECT count(*) FROM touchpoint_members WHERE segment = ?"
MEMBER: Final = "INSERT OR REPLACE INTO touchpoint_members (segment, customer, since) VALUES (?, ?, ?)"
MEMBER_GONE: Final = "DELETE FROM touchpoint_members WHERE segment = ? AND customer = ?"

_WITH_CASE: Final = (
    "SELECT id FROM touchpoint_customers WHERE no IN "
    "(SELECT customer FROM touchpoint_cases WHERE kind = ? AND closed_at IS NULL) ORDER BY no"
)
_WITH_RUN: Final = (
    "SELECT id FROM touchpoint_customers WHERE no IN (SELECT customer FROM touchpoint_runs WHERE rule = ?) ORDER BY no"
)
_WITH_MESSAGE: Final = (
    "SELECT id FROM touchpoint_customers WHERE no IN "
    "(SELECT customer FROM touchpoint_messages WHERE name = ? AND status = ?) ORDER BY no"
)

_OWNED: Final = ("runs", "cases", "messages", "tasks", "consents", "gifts")
"""Tables whose rows belong to one customer, beside the journal."""
_SAID: Final = ("contacts", "wishes")
"""Tables of what customers said, keyed by customer and touchpoint id."""
_BATCH: Final = 256


class _Asks(Protocol):
    """What the statements need of whoever runs them."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def journal(self, customer: int) -> Iterator[EntryRow]: ...

    def _among(self, template: str, values: Sequence[object]) -> Iterable[tuple[Any, ...]]: ...

    def _among_pairs(self, template: str, pairs: Sequence[tuple[object, object]]) -> Iterable[tuple[Any, ...]]: ...


class PeopleReader(_Asks):
    """Questions about people as a whole."""

    def has_aliases(self) -> bool:
        """Whether anybody has another id."""
        return bool(self.run("SELECT EXISTS (SELECT 1 FROM touchpoint_aliases)")[0][0])

    def aliases(self, ids: Sequence[str]) -> dict[str, int]:
        """The customer numbers behind those of these ids that are another id of somebody."""
        return dict(self._among(ALIASES, ids))

    def aliases_of(self, customer: int) -> list[str]:
        """A customer's other ids."""
        return [id for (id,) in self.run(ALIASES_OF, (customer,))]  # noqa: A001 - an id is called id

    def links(self, customer: int) -> list[tuple[str, str]]:
        """(kind, key) of the addresses kept of a customer for finding them."""
        return [(kind, key) for kind, key in self.run(LINKS, (customer,))]

    def standings(self, keys: Sequence[str]) -> list[AddressRow]:
        """Whatever was written of addresses with these keys, of any kind."""
        return [AddressRow._make(row) for row in self._among(STANDINGS, keys)]

    def waiting_events(self) -> Iterator[tuple[int, EventRow]]:
        """(number, event) of everything that waits for a reference; it is never much."""
        for no, *row in self.run(EVENTS):
            yield no, EventRow._make(row)

    def secrets(self) -> frozenset[str]:
        """Fingerprints of the secrets that tombstones were made with."""
        return frozenset(secret for (secret,) in self.run(SECRETS))

    def tombstones(self, hashes: Sequence[tuple[str, str]]) -> list[TombstoneRow]:
        """What stays under these (secret, hash)."""
        return [TombstoneRow._make(row) for row in self._among_pairs(TOMBSTONES, hashes)]

    def members(self, segment: str, after: int, limit: int) -> list[tuple[int, str, int]]:
        """(customer number, id, since) of who is in a segment, for numbers above `after`, in their order."""
        return [(no, id, since) for no, id, since in self.run(MEMBERS, (segment, after, limit))]  # noqa: A001 - likewise

    def member_count(self, segment: str) -> int:
        """How many are in a segment."""
        return int(self.run(MEMBER_COUNT, (segment,))[0][0])

    def ids_with_case_open(self, kind: str) -> list[str]:
        """Ids of the customers with an open case of this kind, by number."""
        return [id for (id,) in self.run(_WITH_CASE, (kind,))]  # noqa: A001 - an id is called id

    def ids_with_run(self, rule: str) -> list[str]:
        """Ids of the customers for whom a rule of this name ever started, by number."""
        return [id for (id,) in self.run(_WITH_RUN, (rule,))]  # noqa: A001 - likewise

    def ids_with_message(self, name: str, status: str) -> list[str]:
        """Ids of the customers with a message of this name in this status, by number."""
        return [id for (id,) in self.run(_WITH_MESSAGE, (name, status))]  # noqa: A001 - likewise


class PeopleWriter(_Asks):
    """What is done to all rows of a customer, at once."""

    def erase(self, customer: int) -> dict[str, int]:
        """Delete everything that bears this customer's number; how many rows of each table."""
        counts = {"journal": self._erase_journal(customer)}
        for table in (
            *_OWNED,
            "reach",
            "aliases",
            "due",
            "parked",
            "members",
            "asked",
            "analyses",
            "figure_accounts",
            *_SAID,
        ):
            counts[table] = self._erase_from(table, customer)
        counts["referrals"] = self._leave_referrals(customer)
        # What was spent stays spent, and names nobody; what is on its way will never be told to have failed.
        self.run(
            "UPDATE touchpoint_bookings SET customer = NULL, key = NULL, settled = 1 WHERE customer = ?", (customer,)
        )
        self.run("DELETE FROM touchpoint_customers WHERE no = ?", (customer,))
        return counts

    def _leave_referrals(self, customer: int) -> int:
        """They stay for whoever was on the other side, and name this one no more."""
        found = 0
        for column in ("advocate", "friend"):
            rows = self.run(f"SELECT no FROM touchpoint_referrals WHERE {column} = ?", (customer,))  # noqa: S608 - names of our own
            found += len(rows)
            if rows:
                self.run(f"UPDATE touchpoint_referrals SET {column} = NULL WHERE {column} = ?", (customer,))  # noqa: S608 - likewise
        return found

    def _erase_from(self, table: str, customer: int) -> int:
        where = f"FROM touchpoint_{table} WHERE customer = ?"
        [(count,)] = self.run(f"SELECT count(*) {where}", (customer,))
        if count:
            self.run(f"DELETE {where}", (customer,))
        return int(count)

    def _erase_journal(self, customer: int) -> int:
        try:
            numbers = [entry.no for entry in self.journal(customer)]
        except StoreCorrupt:  # what is left of a broken chain is found the long way: nobody stays because of damage
            return self._erase_from("journal", customer)
        for start in range(0, len(numbers), _BATCH):
            some = numbers[start : start + _BATCH]
            self.run(f"DELETE FROM touchpoint_journal WHERE no IN ({', '.join('?' * len(some))})", some)  # noqa: S608 - likewise
        return len(numbers)

    def absorb(self, old: int, into: int) -> None:
        """Have all that bears the number `old`, journal entries aside, bear `into`, and the customer `old` be gone."""
        for table in (*_OWNED, "aliases", "asked"):
            self.run(f"UPDATE touchpoint_{table} SET customer = ? WHERE customer = ?", (into, old))  # noqa: S608 - likewise
        for column in ("advocate", "friend"):
            self.run(f"UPDATE touchpoint_referrals SET {column} = ? WHERE {column} = ?", (into, old))  # noqa: S608 - likewise
        self.run("UPDATE touchpoint_bookings SET customer = ? WHERE customer = ?", (into, old))
        # Both may have had the same address.
        self.run("UPDATE OR REPLACE touchpoint_reach SET customer = ? WHERE customer = ?", (into, old))
        # Of a touchpoint that both have, what is known of the one that stays stays.
        self.run("UPDATE OR IGNORE touchpoint_analyses SET customer = ? WHERE customer = ?", (into, old))
        self.run("DELETE FROM touchpoint_analyses WHERE customer = ?", (old,))
        for table in _SAID:  # of a touchpoint that both have, the one of the id that stays counts
            self.run(f"UPDATE OR IGNORE touchpoint_{table} SET customer = ? WHERE customer = ?", (into, old))  # noqa: S608 - likewise
            self.run(f"DELETE FROM touchpoint_{table} WHERE customer = ?", (old,))  # noqa: S608 - likewise
        self.run("DELETE FROM touchpoint_due WHERE customer = ?", (old,))
        self.run("DELETE FROM touchpoint_parked WHERE customer = ?", (old,))
        self.run("DELETE FROM touchpoint_figure_accounts WHERE customer = ?", (old,))
        # What both are in is written with the state of the one who stays.
        self.run("DELETE FROM touchpoint_members WHERE customer = ?", (old,))
        self.run("DELETE FROM touchpoint_customers WHERE no = ?", (old,))

    def rename(self, customer: int, name: str) -> None:
        """Give a customer another id, which nobody has."""
        self.run("UPDATE touchpoint_customers SET id = ? WHERE no = ?", (name, customer))
