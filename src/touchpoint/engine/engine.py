"""The engine: the one object a host owns.

It reads the clock, opens transactions, and calls adapters; what to do is decided by the core.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import Protocol, Self, TypeVar

import attrs

from touchpoint.channels.base import Adapter
from touchpoint.channels.inbound import Inbound, WebhookRequest
from touchpoint.clock import Clock, SystemClock
from touchpoint.core.delivery import Ticket
from touchpoint.core.gate import World
from touchpoint.core.program import compile_program
from touchpoint.core.state import IN_FLIGHT
from touchpoint.durations import instant, length, micros
from touchpoint.engine import acts, exporting, merging, privacy
from touchpoint.engine.calling import DEADLINE, Breaker, Caller
from touchpoint.engine.controls import for_tests, planned_names, switches
from touchpoint.engine.delivery import GROUP, CallRequest, Delivery
from touchpoint.engine.explain import Why, explain
from touchpoint.engine.grouping import Grouping
from touchpoint.engine.handing import Workplace
from touchpoint.engine.inbound import Taking, apply, arrived
from touchpoint.engine.intake import LATE_AFTER, MAX_SKEW, Prepared, Recorded, customer_id, instant_of, lengths, prepare
from touchpoint.engine.keyed import Secret, able, keyed
from touchpoint.engine.loaded import Cache, Loaded
from touchpoint.engine.opening import Durability, open_store
from touchpoint.engine.operations import Operations
from touchpoint.engine.receiving import WebhookResponse, read_webhook, take_webhook
from touchpoint.engine.rewound import Wall, date_leases, went_back_before
from touchpoint.engine.tasks import TaskDesk
from touchpoint.engine.threads import Bell, Turns, watch_forks
from touchpoint.engine.unit import Unit
from touchpoint.engine.view import CustomerView, view
from touchpoint.engine.worker import work
from touchpoint.engine.working import POLL, Event, Report, Worked, refuse_async
from touchpoint.errors import (
    CustomerErased,
    DefectiveJourney,
    JourneyError,
    StoreError,
    UnknownCustomer,
    UnknownName,
)
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.model.consent import ANY, Basis
from touchpoint.model.message import Gift
from touchpoint.model.preference import Preferences
from touchpoint.model.touchpoint import Direction, Touchpoint
from touchpoint.model.volume import VolumeBreaker
from touchpoint.policy.consent import UNLESS_WITHDRAWN
from touchpoint.stores.base import Reader, Store, Transaction

T = TypeVar("T")


class UnsubscribeLinks(Protocol):
    """Makes the headers of one-click unsubscribe; `touchpoint.channels.Unsubscribe` does."""

    def headers(self, key: str, purpose: str, channel: str = "email") -> Mapping[str, str]:
        """The headers for one message."""
        ...


USUAL_BREAKER = VolumeBreaker()
BATCH = 1_000
"""Touchpoints that `record_many` commits at once."""


class Engine(Operations):
    """Journeys at work on a store, through channels.

    Args:
        store: a URL such as `sqlite:///app.db` (or `sqlite://` for memory), or a store.
        journeys: what to run.
        channels: adapters, one for each channel.
        policy: of the house; binds every message of every journey.
        clock: the machine's unless given.
        functions: of the host, by the name that `Call` steps use. Called with a `CallRequest`.
        durability: `full` (the default) survives a power cut; `fast` can lose the last commits of a power cut.
        late_after: touchpoints older than this are counted but start nothing (S1.5).
        max_skew: how far in the future a touchpoint may lie.
        traits: an attrs class that validates traits.
        secret: at least 32 bytes, kept by the host: what stays of people who are erased is hashed with it (S1.7). After
            a change several, newest first: those that people were erased with are needed as long as the store.
        call_within: how long an adapter or function may take; then its answer is uncertain, and kept when it comes
            after all. Each is called in a thread of its own. None: in the worker's own thread, for as long as it takes.
        unsubscribe: makes one-click links (`touchpoint.channels.Unsubscribe`) for whatever needs consent, on channels
            that have headers.
        volume_breaker: what is far too much of one message, which is then held (S11.8); None for no bound.
        test_store: the store is made for tests, now and for ever: it takes only adapters that reach nobody.

    Raises:
        JourneyError: journeys that contradict each other, or two adapters for one channel.
        InvalidInput: a secret that is too short; an adapter or a function that is asynchronous, which `AsyncEngine`
            takes; or an adapter that reaches people for a store made for tests.
        UnknownName: the breaker plans a message that no journey has.
        StoreError: the store cannot be opened.
    """

    _awaits = False
    """Whether whoever drives it awaits what is asynchronous."""

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and all but the first are options
        self,
        store: str | Store,
        *,
        journeys: Sequence[Journey] = (),
        channels: Iterable[Adapter] = (),
        policy: Policy | None = None,
        clock: Clock | None = None,
        functions: Mapping[str, Callable[[CallRequest], object]] | None = None,
        durability: Durability = "full",
        late_after: timedelta = LATE_AFTER,
        max_skew: timedelta = MAX_SKEW,
        traits: type | None = None,
        call_within: timedelta | None = DEADLINE,
        unsubscribe: UnsubscribeLinks | None = None,
        secret: Secret | Sequence[Secret] | None = None,
        volume_breaker: VolumeBreaker | None = USUAL_BREAKER,
        test_store: bool = False,
    ) -> None:
        self._keyed = keyed(secret)
        self._call_within = call_within
        self._unsubscribe = unsubscribe
        self.volume_breaker = volume_breaker
        self.clock: Clock = clock or SystemClock()
        self.policy = policy or Policy()
        self._late_after, self._skew = lengths(late_after, max_skew)
        self.adapters = _by_channel(channels)
        self._functions = dict(functions or {})
        if not self._awaits:
            refuse_async(self.adapters, self._functions)
        self._traits = traits
        self._program = compile_program(tuple(journeys), self.policy)
        planned_names(self._program, volume_breaker)
        self._declared = acts.declared_types(journeys)
        self._gifts = [name for name, message in self._program.messages.items() if isinstance(message, Gift)]
        self._begin_anew()
        watch_forks(self, Engine._begin_anew)
        self.store = open_store(store, durability=durability) if isinstance(store, str) else store
        put_to_work = micros(SystemClock().now())
        try:
            self._commit(lambda unit: for_tests(unit, self.adapters.values(), test_store=test_store))
            self._commit(lambda unit: acts.remember_definitions(unit, tuple(journeys), put_to_work))
            self._commit(acts.follow_zone_data)
            self._commit(self._look_at_wall)
        except BaseException:
            self.store.close()
            raise

    def _look_at_wall(self, unit: Unit) -> None:
        now = self._now()
        if went_back_before(unit, now):
            date_leases(unit, now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Engine of {len(self._program.journeys)} journeys on {self.store!r}>"

    def close(self) -> None:
        """Close the store. Closing twice does nothing."""
        self.store.close()

    @property
    def journeys(self) -> tuple[Journey, ...]:
        """The journeys at work."""
        return tuple(self._program.journeys.values())

    # Recording.

    def record(  # noqa: PLR0913 - each argument is a field of the touchpoint
        self,
        customer: str,
        type: str,
        properties: Mapping[str, object] | None = None,
        *,
        id: str | None = None,
        at: datetime | None = None,
        channel: str | None = None,
        location: str | None = None,
        direction: Direction = "inbound",
        about: str | None = None,
        connection: object = None,
    ) -> Recorded:
        """Record a touchpoint and everything that follows from it, in one transaction.

        Args:
            customer: the host's own id; a new customer is created.
            type: such as `order_placed`.
            properties: JSON values, Decimal, aware datetime, date, timedelta.
            id: unique for the customer; the same id counts once, for ever (S1.3). Made by the engine if not given.
            at: when it happened; aware. Now, if not given.
            channel: on which it happened, such as `email`.
            location: where it happened, such as a store.
            direction: `inbound` from the customer, `outbound` to the customer.
            about: the message, touchpoint or case it belongs to.
            connection: the host's own `sqlite3` connection with a transaction open: written into that transaction,
                which the host commits or rolls back.

        Raises:
            InvalidTouchpoint: it cannot be accepted; nothing was stored.
            StoreError: it could not be stored; nothing was acknowledged.
        """
        given = Touchpoint(
            customer, type, at, id, {} if properties is None else properties, channel, location, direction, about
        )
        now = self._now()
        prepared = prepare(given, now=now, skew=self._skew, declared=self._declared)
        return self._write(lambda unit: self._take(unit, [prepared], now), connection)[0]

    def record_many(self, touchpoints: Iterable[Touchpoint], *, connection: object = None) -> list[Recorded]:
        """Record many touchpoints, in their order, in batches of 1,000 each of which is one transaction.

        With `connection`, as for `record`, all of them are part of the host's transaction.

        Raises:
            InvalidTouchpoint: one cannot be accepted; it says which. Nothing of its batch was stored, earlier batches
            were. StoreError: a batch could not be stored; earlier batches were.
        """
        given = iter(touchpoints)
        recorded: list[Recorded] = []
        while batch := list(islice(given, BATCH)):
            now = self._now()
            prepared = [
                acts.numbered(each, len(recorded) + n, now, self._skew, self._declared) for n, each in enumerate(batch)
            ]
            try:
                recorded += self._write(lambda unit, p=prepared, at=now: self._take(unit, p, at), connection)  # type: ignore[misc]
            except CustomerErased as error:
                raise CustomerErased(len(recorded) + (error.index or 0)) from None
        return recorded

    def _take(self, unit: Unit, prepared: Sequence[Prepared], now: int) -> list[Recorded]:
        return acts.take_touchpoints(unit, prepared, now, self._late_after)

    def apply(self, event: Inbound, *, connection: object = None) -> Recorded:
        """Take what came back from a channel: a reply, a click, a receipt, a complaint, an opt-out, a task done (S6.9).

        It becomes a touchpoint: `replied`, `clicked`, `delivered` and its kin, `complained`, `opted_out`,
        `task_completed` or `task_declined`. A reply of STOP and nothing else is an opt-out, of that address on that
        channel, for everybody who shares it, and acts before anything that the reply sets off; START takes it back
        (S7.3). What comes back of a message proves that it went out, and moves its delivery forward.

        Raises:
            InvalidInput: it is about a message that this store does not know, or of a channel that has no adapter.
            StoreError: it could not be stored; nothing was acknowledged.
        """
        now = self._now()
        return self._write(lambda unit: apply(unit, event, self._taking(now)), connection)

    def _taking(self, now: int) -> Taking:
        return Taking(self.adapters, self._skew, self._late_after, now)

    def receive(self, channel: str, request: WebhookRequest, *, connection: object = None) -> WebhookResponse:
        """Take a request of a channel's provider: receipts, replies, opt-outs (S6.9).

        The channel's adapter verifies and reads it. What it tells is applied in one transaction; a request that comes
        again changes nothing. Answer the provider with what is returned.

        Args:
            channel: whose adapter understands it.
            request: as the host's web framework got it, with the raw body.
            connection: as for `record`.

        Raises:
            UnknownName: no adapter for that channel.
            InvalidInput: its adapter understands no webhooks.
            StoreError: it could not be stored; answer with 503, so that the provider comes again.
        """
        adapter = self.adapters.get(channel)
        if adapter is None:
            raise UnknownName("channel", channel, self.adapters)
        received = read_webhook(adapter, request)
        if isinstance(received, WebhookResponse):
            return received
        now = self._now()
        recorded = self._write(lambda unit: take_webhook(unit, channel, received, self._taking(now)), connection)
        return WebhookResponse(received.status, received.body, received.headers, recorded)

    @property
    def tasks(self) -> TaskDesk:
        """What messages ask people to do, on channels such as `TaskChannel`: open, claim, complete, decline."""
        return TaskDesk(self._write, lambda: self._taking(self._now()))

    # Customers.

    def identify(
        self,
        customer: str,
        *,
        traits: Mapping[str, object] | None = None,
        addresses: Mapping[str, str | Sequence[str]] | None = None,
        timezone: str | Sequence[str] | None = None,
        locale: str | None = None,
        connection: object = None,
    ) -> None:
        """Say who a customer is; what is not given stays as it is.

        Args:
            customer: the host's own id; created if new.
            traits: merged into those known.
            addresses: kind (email, phone, …) to one address or several; they replace those of the kind.
            timezone: a zone name, or several where the home is not known.
            locale: such as `de-AT`.
            connection: as for `record`.

        Raises:
            InvalidInput: something is not acceptable; nothing was stored.
        """
        said = acts.profile_news(traits, addresses, timezone, locale, self.adapters, self._traits)
        identity, now = customer_id(customer), self._now()
        self._write(lambda unit: acts.identify(unit, identity, said, now), connection)

    def grant(  # noqa: PLR0913 - each argument is a field of the ledger's line
        self, customer: str, purpose: str, *, channel: str = ANY, at: datetime | None = None, basis: Basis = "express",
        source: str = "", wording: str = "", evidence: str = "", jurisdiction: str = "",
        expires_at: datetime | None = None, connection: object = None,
    ) -> None:  # fmt: skip
        """Enter a grant into the customer's consent ledger (S7.1).

        Args:
            customer: the host's own id; created if new.
            purpose: a kind of message or topic; `*` for all.
            channel: `*` for all.
            at: when the customer said so; now if not given. One in the future is refused.
            basis: what kind of grant it is.
            source: where it was said, such as "signup form".
            wording: what the customer was shown.
            evidence: a reference to the proof the host keeps.
            jurisdiction: whose law, such as "EU".
            expires_at: when the grant lapses by itself; None for never.
            connection: as for `record`.
        """
        said = acts.consent(purpose, channel, True, at, self._now(), basis, source, expires_at)  # noqa: FBT003 - it is the ledger's word
        proof = acts.evidence(wording, evidence, jurisdiction)
        self._consent(customer, said, proof, connection)

    def withdraw(
        self, customer: str, purpose: str = ANY, *, channel: str = ANY, at: datetime | None = None, source: str = "",
        wording: str = "", evidence: str = "", connection: object = None,
    ) -> None:  # fmt: skip
        """Enter a withdrawal into the ledger. It acts at the next release, also on messages that wait already."""
        said = acts.consent(purpose, channel, False, at, self._now(), "express", source, None)  # noqa: FBT003 - it is the ledger's word
        self._consent(customer, said, acts.evidence(wording, evidence, ""), connection)

    def _consent(self, customer: str, said: acts.Said, proof: dict[str, object], connection: object) -> None:
        identity, now = customer_id(customer), self._now()
        self._write(lambda unit: acts.consent_said(unit, identity, said, proof, now), connection)

    def prefer(self, customer: str, preferences: Preferences | None, *, connection: object = None) -> None:
        """Set the customer's own preferences (S7.4); None takes them back. `connection` as for `record`."""
        identity, now = customer_id(customer), self._now()
        self._write(lambda unit: acts.prefer(unit, identity, preferences, now), connection)

    def preferences(self, customer: str) -> Preferences:
        """The customer's own preferences. Raises UnknownCustomer."""
        with self._unit() as unit:
            return self._known(unit, customer).state.profile.preferences or Preferences()

    # Whole people (S1.6, S1.7).

    def merge(self, old: str, into: str, *, connection: object = None) -> merging.Merged:
        """Have two ids be one person, such as an anonymous visitor who has signed in (S1.6).

        Histories interleave, caps and limits add up, and a withdrawal on either side beats a grant. `old` stays another
        id of the person: whatever is recorded or asked under it goes to `into`. Doing it again changes nothing.

        Args:
            old: the id that becomes another name; one that nobody has becomes one, too.
            into: the id that stays; where nobody has it, the customer `old` is given it.
            connection: as for `record`.

        Raises:
            CustomerErased: either of them was erased.
        """
        one, other, now = customer_id(old), customer_id(into), self._now()
        return self._write(lambda unit: merging.merge(unit, one, other, now), connection)

    def erase(self, customer: str, *, connection: object = None) -> privacy.Erased:
        """Remove a person everywhere, under all their ids (S1.7).

        Gone are the profile, timeline, messages, decisions and payloads; in the file they are overwritten. What stays:
        hashes of ids and addresses, keyed with the engine's secret, so that nothing more is taken about them and what
        they or their providers said of an address still holds; and counts that name nobody. Backups are the host's.

        Args:
            customer: any of their ids. One that nobody has is kept out all the same.
            connection: as for `record`. The bytes are then gone once the host has committed and called `checkpoint()`.

        Raises:
            SecretNeeded: the engine was made without `secret=`.
        """
        identity, now = customer_id(customer), self._now()
        able(self._keyed, frozenset())
        erased, left = self._write(lambda unit: privacy.erase(unit, identity, self.adapters, now), connection)
        if self._caller is not None:
            self._caller.forget(left.ids)
        if connection is not None or self._open is not None:
            return erased
        try:
            folded = self.store.checkpoint()
            if self.store.left_over(left.marks()):
                folded = self.store.checkpoint(rewrite=True)
            return attrs.evolve(erased, folded=folded)
        except StoreError:  # it is committed all the same: `folded` says that something is left to do
            return erased

    def readmit(self, customer: str, *, connection: object = None) -> bool:
        """Take touchpoints again about an id that was erased, as of somebody new. False if it was not kept out.

        Nothing comes back; what is kept of addresses still holds. Touchpoints of before the erasure would be taken as
        well, since nobody knows them any more: do not send them again.

        Raises:
            SecretNeeded: the engine lacks a secret with which people were erased.
        """
        identity = customer_id(customer)
        return self._write(lambda unit: privacy.readmit(unit, identity), connection)

    def export(self, customer: str) -> dict[str, object]:
        """Everything that is held about a person, as plain JSON values (S1.7). Raises UnknownCustomer."""
        with self._unit() as unit:
            return exporting.export(unit, self._known(unit, customer), self.adapters, self._now())

    def checkpoint(self, *, rewrite: bool = False) -> bool:
        """Fold the store's log, so that what was erased is in neither the file nor the log.

        Whether nothing older is left in it: False while somebody reads an older state; call it again then.

        Args:
            rewrite: write all tables anew as well, for whoever wants no fragment of an erased row in unused parts of
                the file (`docs/how-to/privacy.md`). Everybody waits as long as it takes.

        Raises:
            StoreError: also inside of a transaction of this engine.
        """
        return self.store.checkpoint(rewrite=rewrite)

    # What the host does in a journey.

    def enrol(
        self, customer: str, rule: str, *, journey: str | None = None, properties: Mapping[str, object] | None = None,
        id: str | None = None, connection: object = None,
    ) -> Recorded:  # fmt: skip
        """Put a customer into a rule, whatever its trigger; its condition, concurrency and limit apply.

        Args:
            customer: the host's own id; created if new.
            rule: its name.
            journey: the rule's; needed where several have a rule of that name.
            properties: what conditions, templates and `key=` find as `trigger`.
            id: the enrolment's own id; the same one counts once.
            connection: as for `record`.

        Raises:
            UnknownName: no such rule.
        """
        label = acts.rule_label(self._program, rule, journey)
        identity, now = customer_id(customer), self._now()
        return self._write(lambda unit: acts.enrol(unit, identity, label, properties, id, now), connection)

    def open_case(self, customer: str, case: str, *, ref: str, connection: object = None) -> bool:
        """Open a case. False if it is open already. Raises UnknownName for a case type no journey declares."""
        return self._case(customer, case, ref, connection, opening=True)

    def close_case(self, customer: str, case: str, *, ref: str, connection: object = None) -> bool:
        """Close a case. False if it is not open. Raises UnknownName for a case type no journey declares."""
        return self._case(customer, case, ref, connection, opening=False)

    def _case(self, customer: str, case: str, ref: str, connection: object, *, opening: bool) -> bool:
        kind = acts.case_kind(self._program, case)
        identity, now = customer_id(customer), self._now()
        return self._write(lambda unit: acts.change_case(unit, identity, kind, ref, now, opening=opening), connection)

    # Work.

    def run_pending(self, *, group: int = GROUP) -> int:
        """Do everything that is due now: timers, releases, hand-overs. Returns how many messages were handed over.

        Args:
            group: how many customers share a transaction.

        Raises:
            StoreCorrupt: the record of a customer is damaged; what is due for all others has been done before.
        """
        place = self.workplace()
        agenda, handing, handed = place.agenda(), place.handing(), 0
        try:
            handing.settle_the_rest()
            while (more := agenda.group(handing, group)) is not None:
                handed += more
        finally:
            if self._caller is not None:
                self._caller.put_back(handing.unsettled)
        if agenda.left_out:
            raise next(iter(agenda.left_out.values()))
        return handed

    def work(
        self, *, stop: Event | Callable[[], object] | None = None, poll: timedelta = POLL, threads: int = 1,
        until_idle: bool = False, report: Report | None = None,
    ) -> Worked:  # fmt: skip
        """Do what is due, sleep until something is, and so on until told to stop. Messages go out meanwhile.

        Told to stop, it ends the call in hand, gives back what is released and not called yet, and writes every outcome
        that is known. It waits for a store in trouble, and leaves out customers whose records are damaged. So any
        number of threads and processes may work on one store.

        Args:
            stop: a `threading.Event`, or a function that says whether to stop, which is asked before each call and at
                each `poll`; the process's end unless given.
            poll: how often to look for what other processes, or the host's own transactions, have recorded. What this
                process records by itself wakes the worker at once.
            threads: how many deliver at the same time, the caller's own among them. Adapters that are not thread-safe,
                and each function of the host, are called by one thread at a time.
            until_idle: come back as soon as nothing is due.
            report: called with what was done so far, after each group, in the thread that did it.

        Raises:
            InvalidInput: an argument is not acceptable.
            StoreError: no waiting would mend it: closed, read-only, damaged as a whole, or too new.
        """
        return work(self.workplace(), stop=stop, poll=poll, threads=threads, until_idle=until_idle, report=report)

    def next_due(self) -> datetime | None:
        """When anything falls due next, for whoever sleeps until then; None if nothing ever does. Aware UTC."""
        due = self.workplace().agenda().next_due()
        return None if due is None else instant(due)

    def workplace(self) -> Workplace:
        """What workers need of this engine."""
        self._here()
        return Workplace(self.delivery(), self._reading, self._now, self._heal, self._turns, self._bell)

    def delivery(self) -> Delivery:
        """What drives hand-overs; for whoever drives the engine step by step, as replays do."""
        self._here()
        return Delivery(
            self.clock, self._unit, self.adapters, self._functions, self._fence, self._caller, self._breaker,
            self._arrived, self._headers,
        )  # fmt: skip

    def _fence(self, ticket: Ticket) -> int | None:
        if self._open is not None:
            return self._open.enter_result.fence(ticket.customer, ticket.key)
        # Without the write lock, which a look does not need; the row says what the customer's state does.
        with self.store.reading() as reader:
            row = reader.message(ticket.key)
        return row.fence if row is not None and row.status == IN_FLIGHT else None

    def _headers(self, ticket: Ticket) -> Mapping[str, str]:
        """RFC 8058: whatever needs consent can be unsubscribed from by one click."""
        message = None if ticket.message is None else self._program.messages.get(ticket.message.name)
        if self._unsubscribe is None or message is None or message.effective_kind in UNLESS_WITHDRAWN:
            return {}
        return self._unsubscribe.headers(ticket.key, message.topic or message.effective_kind, ticket.channel)

    def _arrived(self, unit: Unit, channel: str, ref: str) -> None:
        arrived(unit, channel, ref, self._taking(self._now()))

    def take_prepared(self, unit: Unit, loaded: Loaded, prepared: Prepared, now: int) -> bool:
        """Record a checked touchpoint that is known to be new, for whoever drives the engine step by step.

        Whether it came too late to start anything.
        """
        return acts.take_one(unit, loaded, prepared, now, self._late_after)

    # Looking.

    def customer(self, customer: str) -> CustomerView:
        """One customer as things stand: stage, timeline, runs, cases, messages, what is next.

        Raises UnknownCustomer.
        """
        with self._unit() as unit:
            return view(unit, self._known(unit, customer))

    def planned(self, customer: str) -> list[tuple[datetime, str]]:
        """What falls due next for a customer, earliest first: (aware UTC instant, what). Raises UnknownCustomer."""
        return self.customer(customer).planned

    def why(self, customer: str, name: str) -> Why:
        """Why a customer did or did not get a message, or why a rule did or did not start (S10).

        Raises:
            UnknownCustomer: no such customer.
            UnknownName: no journey has a message or rule of that name.
        """
        with self._unit() as unit:
            return explain(unit, self._known(unit, customer), name, self._now())

    def _known(self, unit: Unit, customer: str) -> Loaded:
        loaded = unit.find(customer_id(customer))
        if loaded is None:
            raise UnknownCustomer
        return loaded

    # Transactions.

    def _begin_anew(self) -> None:
        """Make what belongs to one process.

        A lock that a thread of the parent's holds is never given back in the child of a fork, and a cache may be in the
        middle of a change.
        """
        self._pid = os.getpid()
        self._cache = Cache()
        self._open: nullcontext[Unit] | None = None
        self._grouping = Grouping(self._commit)
        self._bell, self._turns = Bell(), Turns()
        self._caller = None if self._call_within is None else Caller(self._call_within)
        self._breaker = Breaker()
        self._wall = Wall()

    def _here(self) -> None:
        if self._pid != os.getpid():  # forked by somebody who does not tell Python
            self._begin_anew()

    def _reading(self) -> AbstractContextManager[Reader]:
        """The store as it is, or as it will be when the transaction that `together` holds open commits."""
        self._here()
        if self._open is None:
            return self.store.reading()
        unit = self._open.enter_result
        unit.flush()
        return nullcontext(unit.tx)

    def _now(self) -> int:
        return self._wall.saw(instant_of(self.clock.now(), "clock.now()"))

    def _heal(self) -> None:
        """What a clock that was set back would otherwise keep waiting (S11.3)."""
        now = self._now()
        if self._wall.take():
            self._commit(lambda unit: date_leases(unit, now))

    def _write(self, work: Callable[[Unit], T], connection: object = None) -> T:
        self._here()
        if connection is None and self._open is None:
            return self._grouping.submit(work)
        found: list[T] = []
        self._commit(lambda unit: found.append(work(unit)), connection)
        return found[0]

    def _commit(self, work: Callable[[Unit], None], connection: object = None) -> None:
        try:
            with self._unit(connection) as unit:
                work(unit)
        except DefectiveJourney:
            if self._open is not None:
                raise
            with self._unit(connection, careful=True) as unit:
                work(unit)

    def _unit(self, connection: object = None, *, careful: bool = False) -> AbstractContextManager[Unit]:
        """A unit of work in a transaction of its own, or in the one that `together` holds open."""
        self._here()
        if self._open is not None and connection is None:
            return self._open
        return self._own_unit(connection, careful=careful)

    @contextmanager
    def _own_unit(self, connection: object, *, careful: bool) -> Iterator[Unit]:
        with self.store.transaction(connection) as tx:
            # The host's own transaction may see what nobody else does, and may be rolled back: nothing of it is kept.
            cache, generation = self._take_cache() if connection is None else (Cache(), None)
            unit = Unit(tx, self._program, self._world(tx, cache), cache, careful=careful, keyed=self._keyed)
            yield unit
            unit.flush()
        # Only a cache whose unit has committed is good; who came in between has begun one of their own.
        cache.generation = generation
        if connection is None:
            self._bell.ring(unit.soonest)

    def _take_cache(self) -> tuple[Cache, int]:
        """A cache that holds what is stored, or nothing, and its generation.

        Not to be used again unless that is set on it.
        """
        generation = self.store.generation()
        if self._cache.generation != generation:
            self._cache = Cache()
        self._cache.generation = None
        return self._cache, generation

    def _world(self, tx: Transaction, cache: Cache) -> World:
        if cache.controls is None:
            cache.controls = tx.controls()
        controls, now = cache.controls, self._now() if cache.controls else 0
        paused = [each for each in controls if each.scope == "channel" and (each.until is None or each.until > now)]
        capabilities = {name: adapter.capabilities for name, adapter in self.adapters.items()}
        return World(
            channels={name: each.address_kinds for name, each in capabilities.items()},
            memories={name: each.remembers_keys_for for name, each in capabilities.items()},
            paused={each.name: each.reason for each in paused},
            paused_until={each.name: each.until for each in paused if each.until is not None},
            rates={name: each.rates for name, each in capabilities.items() if each.rates},
            lookups=frozenset(name for name, each in capabilities.items() if each.lookup),
            receipts={name: length(each.receipts_within) for name, each in capabilities.items() if each.receipts},
            human=frozenset(name for name, each in capabilities.items() if each.human),
            stopped={each.name: each.reason for each in controls if each.scope == "message"} if controls else {},
            spent=tx.spent(self._gifts) if self._gifts else {},
            switches=switches(controls, now) if controls else {},
            breaker=self.volume_breaker,
            volumes=cache.volumes,
            recording=frozenset(name for name, each in capabilities.items() if each.recording),
        )

    @contextmanager
    def together(self, *, careful: bool = False) -> Iterator[Unit]:
        """Everything until the end of this block commits at once.

        For replays into recording channels, by one thread (S6.8).
        """
        with self._unit(careful=careful) as unit:
            self._open = nullcontext(unit)
            try:
                yield unit
            finally:
                self._open = None


def _by_channel(channels: Iterable[Adapter]) -> dict[str, Adapter]:
    found: dict[str, Adapter] = {}
    for adapter in channels:
        name = adapter.capabilities.channel
        if name in found:
            raise JourneyError(f"two adapters for the channel {name!r}: give each its own channel name")
        found[name] = adapter
    return found
