"""The engine: the one object a host owns.

It reads the clock, opens transactions, and calls adapters; what to do is decided by the core. What few engines are
asked for is loaded when they are asked.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from touchpoint.channels.inbound import Inbound, WebhookRequest
from touchpoint.durations import instant
from touchpoint.engine import acts
from touchpoint.engine.advocacy import Advocacy
from touchpoint.engine.conversations import Talk
from touchpoint.engine.delivery import GROUP
from touchpoint.engine.feedback import FeedbackDesk, with_share, with_shares
from touchpoint.engine.gifts import GiftDesk
from touchpoint.engine.inbound import apply
from touchpoint.engine.intake import Recorded, customer_id, prepare
from touchpoint.engine.members import Members
from touchpoint.engine.operations import Operations
from touchpoint.engine.people import People
from touchpoint.engine.releases import Releases
from touchpoint.engine.suggesting import Suggesting
from touchpoint.engine.wishes import Wishes
from touchpoint.engine.worker import work
from touchpoint.engine.working import POLL, Event, Report, Worked
from touchpoint.errors import (
    CustomerErased,
    UnknownName,
)
from touchpoint.journey.journey import Journey
from touchpoint.model.case import Severity
from touchpoint.model.touchpoint import Direction, Touchpoint

if TYPE_CHECKING:
    from touchpoint.engine.case_desk import CaseDesk
    from touchpoint.engine.explain import Why
    from touchpoint.engine.figures import FigureDesk
    from touchpoint.engine.planning import Planned
    from touchpoint.engine.receiving import WebhookResponse
    from touchpoint.engine.suggestion_desk import SuggestionDesk
    from touchpoint.engine.tasks import TaskDesk
    from touchpoint.engine.view import CustomerView

T = TypeVar("T")


BATCH = 1_000
"""Touchpoints that `record_many` commits at once."""


class Engine(People, Operations, Members, Releases, Advocacy, Wishes, Talk, Suggesting):
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
        release_on_open: release definitions that this store has never seen, in the mode `follow`; else what is at work
            stays so until `release` (docs/how-to/change-a-live-journey.md).
        migrations: functions of the host that say where runs go on, by name (`release(mode="migrate")`). Each is called
            with a step id and `RunFacts`.
        feedback: which of the host's own touchpoints are feedback (`FeedbackSource`). What is recorded of these types,
            and of the type `feedback`, gets the property `share`, of the score on its scale.
        analyser: reads what customers write, such as `touchpoint.insight.KeywordAnalyser(…)`. Workers call it, after
            the feedback was recorded; what it finds is told by a touchpoint `feedback_analysed`.
        figures: what figures the store keeps from now on (docs/reference/figures.md); as until now, unless given.

    Raises:
        JourneyError: journeys that contradict each other, or two adapters for one channel.
        InvalidInput: a secret that is too short; an adapter or a function that is asynchronous, which `AsyncEngine`
            takes; or an adapter that reaches people for a store made for tests.
        UnknownName: the breaker plans a message that no journey has.
        StoreError: the store cannot be opened.
    """

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
        given = with_share(given, self._sources, now, self._declared)
        prepared = prepare(given, now=now, skew=self._skew, declared=self._declared)
        named, late_after = id is not None, self._late_after
        return self._write(
            lambda unit: acts.take_touchpoint(unit, prepared, now, late_after, may_be_known=named), connection
        )

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
            batch = with_shares(batch, self._sources, now, self._declared)
            prepared = acts.numbered(batch, len(recorded), now, self._skew, self._declared)
            try:
                recorded += self._write(lambda unit, p=prepared, at=now: self._take(unit, p, at), connection)  # type: ignore[misc]
            except CustomerErased as error:
                raise CustomerErased(len(recorded) + (error.index or 0)) from None
        return recorded

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

    def receive(self, channel: str, request: WebhookRequest, *, connection: object = None) -> "WebhookResponse":
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
        from touchpoint.engine.receiving import WebhookResponse, read_webhook, take_webhook

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
    def tasks(self) -> "TaskDesk":
        """What messages ask people to do, on channels such as `TaskChannel`: open, claim, complete, decline."""
        from touchpoint.engine.tasks import TaskDesk

        return TaskDesk(self._write, lambda: self._taking(self._now()))

    @property
    def gifts(self) -> GiftDesk:
        """Gifts: approve, decline, restock, what budgets have left, what came back."""
        return GiftDesk(self._write, lambda: self._taking(self._now()))

    @property
    def feedback(self) -> FeedbackDesk:
        """What customers say: recorded from forms and files, read again, analysed."""
        return FeedbackDesk(self._works())

    @property
    def suggestions(self) -> "SuggestionDesk":
        """What came of suggestions: shown, accepted, declined. For what to offer, see `suggest`."""
        from touchpoint.engine.suggestion_desk import SuggestionDesk

        return SuggestionDesk(self.record)

    @property
    def figures(self) -> "FigureDesk":
        """The figures of this store: call it for a `Report`; `rebuild` counts anew what was there before."""
        from touchpoint.engine.figures import FigureDesk

        return FigureDesk(self._write, self._reading, self._program.journeys, self._now, self.gifts)

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

    @property
    def cases(self) -> "CaseDesk":
        """What people do about cases: assign, set_severity, reopen, merge; and their closed loops."""
        from touchpoint.engine.case_desk import CaseDesk

        return CaseDesk(self._write, self._unit, self._program, self._now)

    def open_case(
        self, customer: str, case: str, *, ref: str, severity: Severity | None = None, owner: str | None = None,
        cause: str | None = None, connection: object = None,
    ) -> bool:  # fmt: skip
        """Open a case. False if it is open already.

        Args:
            customer: the host's own id; created if new.
            case: its kind.
            ref: which one.
            severity: how bad it is; as its `CaseType` says, unless given.
            owner: who looks after it, as the host calls them.
            cause: the id of the touchpoint that led to it, which is recorded already.
            connection: as for `record`.

        Raises:
            UnknownName: a case type no journey declares, or no severity.
            InvalidInput: `ref` or `owner` is no text, or `cause` no touchpoint of this customer.
        """
        from touchpoint.engine.case_desk import owner_of, severity_of

        kind = acts.case_kind(self._program, case)
        identity, now = customer_id(customer), self._now()
        how = None if severity is None else severity_of(severity)
        who = None if owner is None else owner_of(owner)
        return self._write(
            lambda unit: acts.change_case(
                unit, identity, kind, ref, now, opening=True, severity=how, owner=who, cause=cause
            ),
            connection,
        )

    def close_case(self, customer: str, case: str, *, ref: str, connection: object = None) -> bool:
        """Close a case. False if it is not open. Raises UnknownName for a case type no journey declares."""
        kind = acts.case_kind(self._program, case)
        identity, now = customer_id(customer), self._now()
        return self._write(lambda unit: acts.change_case(unit, identity, kind, ref, now, opening=False), connection)

    def answer_case(
        self, customer: str, case: str, *, ref: str, at: datetime | None = None, connection: object = None
    ) -> bool:
        """Say that somebody has answered the customer about a case, as by telephone: its first response (S8.2).

        What the engine sends about a case answers it by itself. False if it is not open, or was answered before.

        Args:
            customer: the host's own id.
            case: its kind.
            ref: which one.
            at: when that was; aware. Now, if not given. A deadline that was missed by the time this is learned of
                stays missed.
            connection: as for `record`.

        Raises:
            UnknownName: a case type no journey declares.
            InvalidInput: `ref` is no text, or `at` lies in the future.
        """
        kind = acts.case_kind(self._program, case)
        identity, now, skew = customer_id(customer), self._now(), self._skew
        return self._write(lambda unit: acts.answer_case(unit, identity, kind, ref, at, now, skew), connection)

    # Work.

    def run_pending(self, *, group: int = GROUP) -> int:
        """Do everything that is due now: timers, releases, hand-overs. Returns how many messages were handed over.

        Args:
            group: how many customers share a transaction; with the usual number it is more where only timers are due.

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

    # Looking.

    def customer(self, customer: str) -> "CustomerView":
        """One customer as things stand: stage, timeline, runs, cases, messages, what is next.

        Raises UnknownCustomer.
        """
        from touchpoint.engine.view import view

        with self._unit() as unit:
            return view(unit, self._known(unit, customer))

    def planned(self, customer: str) -> "list[Planned]":
        """What is planned for a customer, earliest first, and what holds it now. Raises UnknownCustomer."""
        from touchpoint.engine.planning import plans

        with self._unit() as unit:
            return plans(unit, self._known(unit, customer), self._now())

    def why(self, customer: str, name: str) -> "Why":
        """Why a customer got a message or not; likewise a rule that starts, a segment, or a suggestion (S10).

        Raises:
            UnknownCustomer: no such customer.
            UnknownName: no journey has a message, rule, segment or suggestion of that name.
        """
        from touchpoint.engine.explain import explain

        with self._unit() as unit:
            return explain(unit, self._known(unit, customer), name, self._now())
