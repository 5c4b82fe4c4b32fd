"""What a store keeps, row by row, and everything that one transaction changes.

All instants are `int` microseconds since 1970 UTC; `*_no` and `no` are numbers that the caller takes from `Counters`
inside the transaction, so that rows can point at each other before they are written. Texts named `body`, `profile`,
`state`, `trace` and `reasons` are JSON and opaque to the store.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import attrs


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
    """One case; `closed_at` is None while it is open.

    `first_response_at` is when its customer was first answered, `answered_by` by what (`message:…`, `task:…` with the
    key of a message, `touchpoint:…` with its id, else empty); `deadlines` {which: [due, missed or None]} as JSON, empty
    where it has none. `opening` counts the openings of one (customer, kind, ref), each of which has a row of its own.
    `cause` is the id of the touchpoint that led to it, of the type `cause_type` and from `cause_at`. `merged_into` is
    the ref of the case that it has become part of.
    """

    no: int
    customer: int
    kind: str
    ref: str
    opened_at: int
    closed_at: int | None
    first_response_at: int | None = None
    deadlines: str = ""
    severity: str = "normal"
    owner: str | None = None
    opening: int = 1
    cause: str | None = None
    cause_type: str | None = None
    cause_at: int | None = None
    answered_by: str = ""
    merged_into: str | None = None


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


class ReleaseRow(NamedTuple):
    """One release of a journey (S5.4); never changed, but for its `body`.

    `number` is of the journey, `no` of all; `hash` is of its definition, `body` JSON of who and how.
    """

    no: int
    journey: str
    number: int
    hash: str
    mode: str
    at: int
    body: str


class ReferralRow(NamedTuple):
    """One customer brought by another: who they are is told here alone.

    `advocate` and `friend` are customer numbers, None where that one was erased; a customer is the friend of at most
    one. `converted_at` is when the friend first did what counts, None before; `body` JSON; `dropped` says why it no
    longer stands, empty while it does. A row is never removed, so that its number is never given again.
    """

    no: int
    advocate: int | None
    friend: int | None
    at: int
    converted_at: int | None
    body: str
    dropped: str


class GiftRow(NamedTuple):
    """One gift, from the first time that accounts or people had something to say about it.

    `key` is that of its message, `mark` what it is given for, `run` the id of its run, `giver` whoever gave it by hand
    (empty for a rule). `status` says how it stands, `approval` what a person decided (empty, `asked`, `approved`,
    `declined`), `shelf` the stock that it waits for. `worth` is a decimal number as text. `at` is the instant of its
    release (None before); `body` JSON.
    """

    key: str
    customer: int
    name: str
    occasion: str
    mark: str
    run: str
    giver: str
    status: str
    approval: str
    shelf: str
    worth: str
    currency: str
    at: int | None
    changed_at: int
    body: str


class BookingRow(NamedTuple):
    """What one message takes of one account, in whole millionths of a unit; once for each key and account.

    `key` and `customer` are None where the customer was erased. `settled` says that it is spent, and not only reserved.
    """

    key: str | None
    account: str
    customer: int | None
    at: int
    amount: int
    settled: bool


class AskedRow(NamedTuple):
    """A survey that a customer was sent, or was to be sent: what an answer to it answers (S8.1).

    `key` is the message's own, `about` that of the first sending, of which it may be a reminder; `message` is the name
    of what was sent first. `scale` is JSON, or empty where there is none; `location` what the survey was about.
    Answers count for `within` microseconds after the hand-over of the first.
    """

    key: str
    customer: int
    about: str
    message: str
    kind: str
    scale: str
    location: str | None
    within: int


class AnalysisRow(NamedTuple):
    """What an analyser found in the words of one touchpoint, by its id; never the words.

    `status` is `waiting`, `done` or `failed`; `name` and `version` are the analyser's, `body` JSON of what it found, or
    the class of its error.
    """

    customer: int
    touchpoint: str
    status: str
    name: str
    version: str
    body: str
    changed_at: int


class ContactRow(NamedTuple):
    """Something that a customer said to us, and when we first answered; one for each (customer, id).

    `id` is the touchpoint's, `intent` praise, criticism, wish, question, or empty where nobody knows. `about` is what
    it says that it belongs to, `opened` the case that it opened, as `Case.about` has it, or the key of a task that is
    to answer it; each empty for none.
    """

    customer: int
    id: str
    intent: str
    about: str
    opened: str
    at: int
    answered_at: int | None


class WishRow(NamedTuple):
    """Somebody wished for something: a topic, the customer, the id of the touchpoint, and when that was."""

    topic: str
    customer: int
    id: str
    at: int


class TopicAnswerRow(NamedTuple):
    """What was wished for was done: an answer under each topic that it answers; never removed.

    `answer` is its own name, `at` when it was given; `body` JSON of what was done, by whom, and how it is told.
    """

    topic: str
    answer: str
    at: int
    body: str


class TallyRow(NamedTuple):
    """A count that names nobody, such as ("message", "shop/come_back", "sent")."""

    subject: str
    name: str
    what: str
    n: int


class FigureRow(NamedTuple):
    """A count that names nobody, of a day or a period, such as how many moved from one stage to another.

    `what` is counted, `name` is JSON of what it is counted of; `n` may be negative while it is written.
    """

    what: str
    day: int
    name: str
    n: int


FigureKey: TypeAlias = tuple[int, str, int, str]
"""(layer, what, day, name): layer 0 is of customers who are there, 1 of those who were erased."""


@attrs.define
class Counters:
    """The next free number of each table; taken and raised by the caller within its transaction."""

    customer: int
    entry: int
    run: int
    case: int
    message: int
    task: int
    referral: int


@attrs.define(slots=False)  # what is there is what stands in its dictionary
class Changes:
    """Everything one transaction writes. Order within a list is kept.

    `new_customers` are inserted; `customers` are (profile or "" to leave it, state, head, due or "" for none, no) of
    ones that exist, or were inserted by the same changes; `dues` are (old due, new due, no), either may be None.
    `runs_ended` are (ended_at, reason, no); `cases_closed` (closed_at, merged_into, no); `cases_changed`
    (first_response_at, deadlines, severity, owner, opened_at, answered_by or None to leave it, no);
    `messages_changed` whole rows, found by `no`;
    `budgets` and `tallies` are added to what is there. `delivered` are (delivery, changed_at, message key); `refs`
    (provider's reference, message key), which change nothing where the message has one;
    `reach` and `reach_gone` (kind, key, customer number) of addresses; `tasks_changed` (status, claimed by or None to
    leave it, changed at, message key); `events_done` (channel, ref), and older ones than `events_before` are removed;
    `paces` and `volumes` JSON by name; `parked` how many things are parked of a customer, by number. `aliases` are (id,
    customer number); `tombstones_gone` (secret, hash); `addresses_gone` (kind, key); `paces_gone` names, each with what
    begins with it and a blank; `events_gone` numbers; `entries_doubled` (kind, body, no) of entries that lose their id;
    `entries_moved` (prev, customer, no). `members` (journey/segment, customer number, since), `members_gone`
    (journey/segment, customer number). `releases` are
    whole rows, which replace the ones of their `no`; so are `referrals`, by `no`, `asked` and `gifts`, by key,
    `analyses` and `contacts`, by (customer number, id of the touchpoint), and `topic_answers` by (topic, answer).
    `wishes` that are there already change nothing.
    `bookings_gone` are keys whose bookings go before any other is written; `spans` (account, kind, start, end) whose
    sum is kept from now on, from this start at the earliest; `bookings_settled` keys; `stocks` (name, how many there
    are where nothing is known of it, how many more or fewer).
    `figures` are added to what is there; `counted` JSON by customer number, of those who are counted, or empty to
    have one counted no more; `places` names.
    """

    new_customers: list[CustomerRow] = attrs.Factory(list)
    customers: list[tuple[str, str, int, int | Literal[""] | None, int]] = attrs.Factory(list)
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
    cases_changed: list[tuple[int | None, str, str, str | None, int, str | None, int]] = attrs.Factory(list)
    cases_closed: list[tuple[int, str | None, int]] = attrs.Factory(list)
    consents: list[ConsentRow] = attrs.Factory(list)
    addresses: list[AddressRow] = attrs.Factory(list)
    controls: list[ControlRow] = attrs.Factory(list)
    controls_lifted: list[tuple[str, str]] = attrs.Factory(list)
    definitions: list[tuple[str, str, str, int]] = attrs.Factory(list)
    releases: list[ReleaseRow] = attrs.Factory(list)
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
    members: list[tuple[str, int, int]] = attrs.Factory(list)
    members_gone: list[tuple[str, int]] = attrs.Factory(list)
    referrals: dict[int, ReferralRow] = attrs.Factory(dict)
    gifts: dict[str, GiftRow] = attrs.Factory(dict)
    bookings_gone: list[str] = attrs.Factory(list)
    spans: list[tuple[str, str, int, int]] = attrs.Factory(list)
    bookings: list[BookingRow] = attrs.Factory(list)
    bookings_settled: list[str] = attrs.Factory(list)
    stocks: list[tuple[str, int, int]] = attrs.Factory(list)
    asked: dict[str, AskedRow] = attrs.Factory(dict)
    analyses: dict[tuple[int, str], AnalysisRow] = attrs.Factory(dict)
    contacts: dict[tuple[int, str], ContactRow] = attrs.Factory(dict)
    wishes: list[WishRow] = attrs.Factory(list)
    topic_answers: list[TopicAnswerRow] = attrs.Factory(list)
    figures: dict[FigureKey, int] = attrs.Factory(dict)
    counted: dict[int, str] = attrs.Factory(dict)
    places: list[str] = attrs.Factory(list)

    @classmethod
    def none(cls) -> "Changes":
        """Nothing yet: each part is made when somebody asks for it, since a transaction touches a few of fifty."""
        made = object.__new__(cls)
        made.entries, made.customers, made.tallies = [], [], {}  # these, nearly every one does
        return made

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not any(vars(self).values())

    if not TYPE_CHECKING:  # else every misspelt part would pass

        def __getattr__(self, name: str) -> object:
            made = _EMPTY.get(name)
            if made is None:
                raise AttributeError(f"Changes has no part {name!r}")
            part = self.__dict__[name] = made()
            return part


_EMPTY: Final[dict[str, Callable[[], object]]] = {
    field.name: getattr(field.default, "factory", int) for field in attrs.fields(Changes)
}
"""What makes each part."""
