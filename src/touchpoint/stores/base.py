"""The port to a store: rows in and out, one transaction at a time. No decision is taken in here.

All instants are `int` microseconds since 1970 UTC; `*_no` and `no` are numbers that the caller takes from `Counters`
inside the transaction, so that rows can point at each other before they are written. Texts named `body`, `profile`,
`state`, `trace` and `reasons` are JSON and opaque to the store.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from operator import attrgetter
from typing import Final, NamedTuple, Protocol, TypeAlias

import attrs

SCHEMA_VERSION = 1


class CustomerRow(NamedTuple):
    """One customer.

    `profile` is what the host said of them, `state` what the core remembers, `head` their newest journal entry (0 for
    none), `due` the earliest instant at which something of theirs falls due (None for nothing).
    """

    no: int
    id: str
    profile: str
    state: str
    head: int
    due: int | None


class EntryRow(NamedTuple):
    """One journal entry: a touchpoint, a timer, an outcome … and what was decided.

    `prev` is the customer's entry before it (0 for none). `id` is the touchpoint's own id and unique per customer; None
    for entries that are no touchpoints.
    """

    no: int
    customer: int
    prev: int
    kind: str
    id: str | None
    type: str
    at: int
    recorded_at: int
    body: str
    trace: str | None


EntryValues: TypeAlias = tuple[int, int, int, str, str | None, str, int, int, str, str | None]
"""An `EntryRow` as a plain tuple: the most frequent row of all, and so much quicker to make and to write.

An empty id or trace is written as None.
"""


class MessageRow(NamedTuple):
    """One message of the outbox, waiting or ended. `at` is the instant of its release (None before).

    `sent_to` is JSON of the (kind, key) of the address it was last released to; `delivery` what its provider told of it
    after the hand-over, empty before anything was told.
    """

    no: int
    key: str
    customer: int
    journey: str
    rule: str
    run: int
    step: str
    name: str
    kind: str
    status: str
    channel: str | None
    due: int
    expires_at: int
    at: int | None
    fence: int
    ref: str | None
    reasons: str
    changed_at: int
    sent_to: str | None = None
    delivery: str = ""


class TaskRow(NamedTuple):
    """What a message asks a person to do. `body` holds its words, `key` is the message's.

    `status` is assigned, claimed, completed, declined, expired or withdrawn.
    """

    no: int
    key: str
    customer: int
    channel: str
    status: str
    body: str
    assigned_at: int
    expires_at: int
    claimed_by: str | None
    changed_at: int


class EventRow(NamedTuple):
    """Something that came back from a channel about a reference nobody knows yet. `body` holds it."""

    channel: str
    ref: str
    body: str
    recorded_at: int


class RunRow(NamedTuple):
    """One run of a rule; `ended_at` and `reason` are None while it is live."""

    no: int
    id: str
    customer: int
    journey: str
    rule: str
    key: str | None
    cause: str
    started_at: int
    ended_at: int | None
    reason: str | None


class CaseRow(NamedTuple):
    """One case; `closed_at` is None while it is open."""

    no: int
    customer: int
    kind: str
    ref: str
    opened_at: int
    closed_at: int | None


class ConsentRow(NamedTuple):
    """One line of the consent ledger; never changed, never removed but by erasure. `body` holds its evidence."""

    customer: int
    at: int
    recorded_at: int
    purpose: str
    channel: str
    granted: bool
    body: str


class AddressRow(NamedTuple):
    """An address that is not simply active, whoever shares it."""

    kind: str
    key: str
    standing: str
    reason: str
    at: int


class ControlRow(NamedTuple):
    """Something paused or stopped for everybody. `until` None: until somebody resumes it.

    `scope` is `channel`, `journey` or `message paused` for what waits, and `message` for one that is stopped.
    """

    scope: str
    name: str
    reason: str
    since: int
    until: int | None


class TombstoneRow(NamedTuple):
    """What stays of somebody erased: a keyed hash, and what it stands for.

    `secret` is a fingerprint of the secret it was made with, `what` what the hash is of, or how it stands; `body` JSON,
    or empty. There may be several for one hash.
    """

    secret: str
    hash: str
    what: str
    body: str
    at: int


class TallyRow(NamedTuple):
    """A count that names nobody, such as ("message", "shop/come_back", "sent")."""

    subject: str
    name: str
    what: str
    n: int


@attrs.define
class Counters:
    """The next free number of each table; taken and raised by the caller within its transaction."""

    customer: int
    entry: int
    run: int
    case: int
    message: int
    task: int


@attrs.define
class Changes:
    """Everything one transaction writes. Order within a list is kept.

    `new_customers` are inserted; `customers` are (profile or "" to leave it, state, head, due, no) of ones that
    exist, or were inserted by the same changes; `dues` are (old due, new due, no), either may be None. `runs_ended` are
    (ended_at, reason, no); `cases_closed` (closed_at, no); `messages_changed` whole rows, found by `no`; `budgets` and
    `tallies` are added to what is there. `delivered` are (delivery, changed_at, message key); `refs` (provider's
    reference, message key), which change nothing where the message has one;
    `reach` and `reach_gone` (kind, key, customer number) of addresses; `tasks_changed` (status, claimed by or None to
    leave it, changed at, message key); `events_done` (channel, ref), and older ones than `events_before` are removed;
    `paces` and `volumes` JSON by name; `parked` how many things are parked of a customer, by number. `aliases` are (id,
    customer number); `tombstones_gone` (secret, hash); `addresses_gone` (kind, key); `paces_gone` names, each with what
    begins with it and a blank; `events_gone` numbers; `entries_doubled` (kind, body, no) of entries that lose their id;
    `entries_moved` (prev, customer, no).
    """

    new_customers: list[CustomerRow] = attrs.Factory(list)
    customers: list[tuple[str, str, int, int | None, int]] = attrs.Factory(list)
    dues: list[tuple[int | None, int | None, int]] = attrs.Factory(list)
    entries: list[EntryValues] = attrs.Factory(list)
    runs: list[RunRow] = attrs.Factory(list)
    runs_ended: list[tuple[int, str, int]] = attrs.Factory(list)
    messages: list[MessageRow] = attrs.Factory(list)
    messages_changed: list[MessageRow] = attrs.Factory(list)
    delivered: list[tuple[str, int, str]] = attrs.Factory(list)
    refs: list[tuple[str, str]] = attrs.Factory(list)
    reach: list[tuple[str, str, int]] = attrs.Factory(list)
    reach_gone: list[tuple[str, str, int]] = attrs.Factory(list)
    tasks: list[TaskRow] = attrs.Factory(list)
    tasks_changed: list[tuple[str, str | None, int, str]] = attrs.Factory(list)
    events: list[EventRow] = attrs.Factory(list)
    events_done: list[tuple[str, str]] = attrs.Factory(list)
    events_before: int = 0
    paces: dict[str, str] = attrs.Factory(dict)
    volumes: dict[str, str] = attrs.Factory(dict)
    parked: dict[int, int] = attrs.Factory(dict)
    cases: list[CaseRow] = attrs.Factory(list)
    cases_closed: list[tuple[int, int]] = attrs.Factory(list)
    consents: list[ConsentRow] = attrs.Factory(list)
    addresses: list[AddressRow] = attrs.Factory(list)
    controls: list[ControlRow] = attrs.Factory(list)
    controls_lifted: list[tuple[str, str]] = attrs.Factory(list)
    definitions: list[tuple[str, str, str, int]] = attrs.Factory(list)
    budgets: dict[str, Decimal] = attrs.Factory(dict)
    tallies: dict[tuple[str, str, str], int] = attrs.Factory(dict)
    meta: dict[str, str] = attrs.Factory(dict)
    aliases: list[tuple[str, int]] = attrs.Factory(list)
    tombstones: list[TombstoneRow] = attrs.Factory(list)
    tombstones_gone: list[tuple[str, str]] = attrs.Factory(list)
    addresses_gone: list[tuple[str, str]] = attrs.Factory(list)
    paces_gone: list[str] = attrs.Factory(list)
    events_gone: list[int] = attrs.Factory(list)
    entries_doubled: list[tuple[str, str, int]] = attrs.Factory(list)
    entries_moved: list[tuple[int, int, int]] = attrs.Factory(list)

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not any(_ALL_CHANGES(self))


_ALL_CHANGES: Final = attrgetter(*(field.name for field in attrs.fields(Changes)))


class Reader(Protocol):
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


class Transaction(Reader, Protocol):
    """Questions and changes under the write lock. Nothing is visible to others before the transaction commits."""

    counters: Counters

    def erase(self, customer: int) -> dict[str, int]:
        """Delete everything that bears this customer's number; how many rows of each table. At once, not at the end."""
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
