"""The port to a store: rows in and out, one transaction at a time. No decision is taken in here.

What the rows are is in `stores/rows.py`, whose names this module hands on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Protocol

from touchpoint.stores.base_said import SaidQuestions
from touchpoint.stores.figures import FigureChanges, FigureQuestions
from touchpoint.stores.rows import (
    AddressRow,
    AnalysisRow,
    AskedRow,
    BookingRow,
    CaseRow,
    Changes,
    ConsentRow,
    ContactRow,
    ControlRow,
    Counters,
    CustomerRow,
    EntryRow,
    EntryValues,
    EventRow,
    FigureKey,
    FigureRow,
    GiftRow,
    MessageRow,
    ReferralRow,
    ReleaseRow,
    RunRow,
    TallyRow,
    TaskRow,
    TombstoneRow,
    TopicAnswerRow,
    WishRow,
)

__all__ = [
    "SCHEMA_VERSION",
    "AddressRow",
    "AnalysisRow",
    "AskedRow",
    "BookingRow",
    "CaseRow",
    "Changes",
    "ConsentRow",
    "ContactRow",
    "ControlRow",
    "Counters",
    "CustomerRow",
    "EntryRow",
    "EntryValues",
    "EventRow",
    "FigureKey",
    "FigureRow",
    "GiftRow",
    "MessageRow",
    "Reader",
    "ReferralRow",
    "ReleaseRow",
    "RunRow",
    "Store",
    "TallyRow",
    "TaskRow",
    "TombstoneRow",
    "TopicAnswerRow",
    "Transaction",
    "WishRow",
]

SCHEMA_VERSION = 7


class Reader(SaidQuestions, FigureQuestions, Protocol):
    """Questions to the store, answered as of one instant."""

    def customers(self, ids: Sequence[str]) -> list[CustomerRow]:
        """Those of these customers that exist, in no particular order."""
        ...

    def customers_by_number(self, numbers: Sequence[int]) -> list[CustomerRow]:
        """Those of these customers that exist, in no particular order."""
        ...

    def customer_count(self) -> int:
        """How many customers there are."""
        ...

    def all_customers(self) -> Iterator[CustomerRow]:
        """Every customer by number; memory stays flat."""
        ...

    def seen(self, touchpoints: Sequence[tuple[str, int]]) -> dict[tuple[str, int], EntryRow]:
        """Those of these (touchpoint id, customer number) that were recorded before."""
        ...

    def due(self, until: int, limit: int) -> list[tuple[int, int]]:
        """(due, customer number) with due <= until, earliest first, at most `limit`."""
        ...

    def journal(self, customer: int) -> Iterator[EntryRow]:
        """All entries of a customer, newest first."""
        ...

    def message(self, key: str) -> MessageRow | None:
        """The message with this key, or None."""
        ...

    def message_by_ref(self, channel: str, ref: str) -> MessageRow | None:
        """The newest message that a channel's provider knows under this reference, or None."""
        ...

    def reached(self, kind: str, key: str) -> list[int]:
        """Numbers of the customers who have this address, in their order."""
        ...

    def task(self, key: str) -> TaskRow | None:
        """The task that the message with this key asks for, or None."""
        ...

    def tasks(self, channel: str, status: str, limit: int) -> list[TaskRow]:
        """Tasks of a channel in this status, oldest first, at most `limit`."""
        ...

    def tasks_of(self, customer: int) -> list[TaskRow]:
        """All tasks about a customer, oldest first."""
        ...

    def events(self, channel: str, ref: str) -> list[EventRow]:
        """What came about a reference that nobody knew, in the order in which it came."""
        ...

    def event_count(self) -> int:
        """How many events wait for a reference that nobody knows yet."""
        ...

    def paces(self, names: Sequence[str]) -> dict[str, str]:
        """What is kept of those of these names of which anything is, as JSON."""
        ...

    def has_paces(self) -> bool:
        """Whether any pace was ever kept."""
        ...

    def volumes(self, names: Sequence[str]) -> dict[str, str]:
        """How much goes out of those of these messages of which anything was counted, as JSON."""
        ...

    def parked(self, after: int, limit: int) -> list[tuple[int, int]]:
        """(customer number, how many things are parked) for numbers above `after`, in their order, at most `limit`."""
        ...

    def parked_count(self) -> int:
        """How many things are parked of all customers together."""
        ...

    def messages(self, customer: int) -> list[MessageRow]:
        """All messages of a customer, oldest first."""
        ...

    def runs(self, customer: int) -> list[RunRow]:
        """All runs of a customer, oldest first."""
        ...

    def cases(self, customer: int) -> list[CaseRow]:
        """All cases of a customer, oldest first."""
        ...

    def consents(self, customer: int) -> list[ConsentRow]:
        """The customer's ledger, in the order it was written."""
        ...

    def addresses(self, addresses: Iterable[tuple[str, str]]) -> dict[tuple[str, str], AddressRow]:
        """Those of these (kind, key) that are not simply active."""
        ...

    def has_addresses(self) -> bool:
        """Whether anything was ever written of an address; if not, all of them are simply active."""
        ...

    def controls(self) -> list[ControlRow]:
        """Everything that is paused or stopped, by scope and name."""
        ...

    def spent(self, names: Sequence[str]) -> dict[str, Decimal]:
        """What was spent of each of these budgets; 0 of those nobody drew on."""
        ...

    def tallies(self) -> list[TallyRow]:
        """Every count, by subject, name and what was counted."""
        ...

    def definitions(self) -> list[tuple[str, str, str, int]]:
        """(hash, name, JSON, put to work at) of every journey version, the one put to work last at the end."""
        ...

    def definition(self, digest: str) -> str | None:
        """The JSON of the journey version with this hash, or None."""
        ...

    def releases(self) -> list[ReleaseRow]:
        """Every release of every journey, by `no`."""
        ...

    def last_release(self) -> int:
        """The `no` of the last release; 0 for none. Quick, since it is asked for each transaction."""
        ...

    def live_run_before(self, journey: str, no: int) -> bool:
        """Whether any run of this journey with a lower number is live. May look at all of them."""
        ...

    def newest(self) -> int | None:
        """When the newest journal entry was recorded; None where there is none."""
        ...

    def in_flight(self) -> list[int]:
        """Numbers of the customers of whom a message is in flight, in their order. Reads every message."""
        ...

    def meta(self) -> Mapping[str, str]:
        """Every note about the store as a whole, `schema_version` among them."""
        ...

    def ids_with_case_open(self, kind: str) -> list[str]:
        """Ids of the customers with an open case of this kind."""
        ...

    def ids_with_run(self, rule: str) -> list[str]:
        """Ids of the customers for whom a rule of this name ever started."""
        ...

    def ids_with_message(self, name: str, status: str) -> list[str]:
        """Ids of the customers with a message of this name in this status."""
        ...

    # Segments.

    def members(self, segment: str, after: int, limit: int) -> list[tuple[int, str, int]]:
        """(customer number, id, since) of who is in a segment, for numbers above `after`, in their order."""
        ...

    def member_count(self, segment: str) -> int:
        """How many are in a segment."""
        ...

    def customers_after(self, after: int, limit: int) -> list[CustomerRow]:
        """Customers with numbers above `after`, in their order, at most `limit`."""
        ...

    # Gifts and their accounts.

    def gift(self, key: str) -> GiftRow | None:
        """The gift with this key, or None."""
        ...

    def gifts_of(self, customer: int) -> list[GiftRow]:
        """All gifts of a customer, in the order in which they were first written."""
        ...

    def gifts_marked(self, customer: int, mark: str) -> list[GiftRow]:
        """Those of a customer's gifts that have this mark."""
        ...

    def gifts_asked(self, limit: int) -> list[GiftRow]:
        """Gifts whose approval is asked for, in the order in which they were first written, at most `limit`."""
        ...

    def gifts_awaiting(self, shelf: str) -> list[GiftRow]:
        """Gifts that wait for this stock, in the order in which they were first written."""
        ...

    def bookings_of(self, key: str) -> list[BookingRow]:
        """What a message has booked, by account."""
        ...

    def bookings(
        self, account: str, start: int, end: int, customer: int | None, limit: int, after: int = 0
    ) -> list[BookingRow]:
        """What is booked on an account within `[start, end)`, by one customer or (None) all, earliest first.

        At most `limit`, without the `after` first ones.
        """
        ...

    def booked(self, account: str, start: int, end: int, customer: int | None = None) -> int:
        """The sum of what is booked on an account within `[start, end)`, by one customer or (None) all.

        Of all it is quick where `Changes.spans` has asked to keep the sum of nearly the same time.
        """
        ...

    def reserved(self, account: str, start: int, end: int) -> int:
        """The sum of what is booked within `[start, end)` and not settled."""
        ...

    def stocks(self, names: Sequence[str]) -> dict[str, int]:
        """How many are left of those of these stocks of which anything is known."""
        ...

    # Referrals.

    def has_referrals(self) -> bool:
        """Whether anybody was ever referred."""
        ...

    def referral_of(self, friend: int) -> ReferralRow | None:
        """The referral by which this customer came, or None."""
        ...

    def referrals_by(self, advocate: int, after: int, limit: int) -> list[ReferralRow]:
        """Referrals of a customer that stand, with numbers above `after`, in their order, at most `limit`."""
        ...

    def referral_counts(self, advocate: int) -> tuple[int, int]:
        """Of the referrals of a customer that stand: how many, and how many converted."""
        ...

    def advocates(self, limit: int) -> list[tuple[int, int, int]]:
        """(customer number, how many stand, how many converted): who has most converted first, at most `limit`."""
        ...

    # Feedback.

    def asked(self, key: str) -> AskedRow | None:
        """What was asked by the message of this key; None where it was no survey."""
        ...

    def asked_of(self, customer: int) -> list[AskedRow]:
        """All that a customer was asked, in order of keys."""
        ...

    def analyses_waiting(self, limit: int) -> list[AnalysisRow]:
        """What is still to be analysed, first come first, at most `limit`."""
        ...

    def analyses_of(self, customer: int) -> list[AnalysisRow]:
        """What is known of a customer's answers, or still to be found out, in order of their touchpoints' ids."""
        ...

    # People: who they are called, and what stays of whom was erased.

    def has_aliases(self) -> bool:
        """Whether anybody has another id."""
        ...

    def aliases(self, ids: Sequence[str]) -> dict[str, int]:
        """The customer numbers behind those of these ids that are another id of somebody."""
        ...

    def aliases_of(self, customer: int) -> list[str]:
        """A customer's other ids."""
        ...

    def links(self, customer: int) -> list[tuple[str, str]]:
        """(kind, key) of the addresses kept of a customer for finding them."""
        ...

    def standings(self, keys: Sequence[str]) -> list[AddressRow]:
        """Whatever was written of addresses with these keys, of any kind."""
        ...

    def waiting_events(self) -> Iterator[tuple[int, EventRow]]:
        """(number, event) of everything that waits for a reference."""
        ...

    def secrets(self) -> frozenset[str]:
        """Fingerprints of the secrets that tombstones were made with; empty where nobody was erased."""
        ...

    def tombstones(self, hashes: Sequence[tuple[str, str]]) -> list[TombstoneRow]:
        """What stays under these (secret, hash)."""
        ...


class Transaction(Reader, FigureChanges, Protocol):
    """Questions and changes under the write lock. Nothing is visible to others before the transaction commits."""

    counters: Counters

    def erase(self, customer: int) -> dict[str, int]:
        """Delete everything that bears this customer's number; how many rows of each table. At once, not at the end.

        Of referrals the number alone goes.
        """
        ...

    def absorb(self, old: int, into: int) -> None:
        """Have all that bears the number `old`, journal entries aside, bear `into`, and the customer `old` be gone."""
        ...

    def rename(self, customer: int, name: str) -> None:
        """Give a customer another id, which nobody has."""
        ...

    def write(self, changes: Changes) -> None:
        """Write everything. Raises StoreError; the transaction is then rolled back by its context manager."""
        ...


class Store(Protocol):
    """A place where everything is kept. Thread-safe; several processes may use one."""

    def transaction(self, connection: object = None) -> AbstractContextManager[Transaction]:
        """Take the write lock, commit at the end, roll back on an error.

        Args:
            connection: the host's own connection with a transaction open: used as it is, and neither committed nor
                rolled back.

        Raises:
            StoreBusy, StoreReadOnly, StoreFull, StoreCorrupt, StoreClosed.
        """
        ...

    def reading(self) -> AbstractContextManager[Reader]:
        """Questions answered as of one instant. Raises StoreError as `transaction` does."""
        ...

    def generation(self) -> int:
        """A number that differs after anybody but this store object has committed; read inside a transaction."""
        ...

    def checkpoint(self, *, rewrite: bool = False) -> bool:
        """Fold what was appended into the store proper, where the store has such a thing.

        With `rewrite` everything is written anew, so that nothing is left of what was erased. Whether nothing older is
        left of what was appended: somebody who reads an older state may keep it from being cut.
        """
        ...

    def left_over(self, texts: Sequence[str]) -> bool:
        """Whether any of these texts, all of them erased, is left somewhere after a checkpoint."""
        ...

    def close(self) -> None:
        """Let go of the store. Once more does nothing; other use raises StoreClosed."""
        ...
