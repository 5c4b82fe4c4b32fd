"""Replaying recorded events in virtual time, through the very engine that runs in production (S2.5).

At one instant touchpoints come before timers and releases; a replay ends at its last event unless told otherwise.
Messages go to recording channels, so everything of a batch commits together (S6.8).
"""

import gc
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

import attrs

from touchpoint.channels.base import default_address_kind
from touchpoint.channels.recording import RecordingChannel
from touchpoint.core.delivery import Call as HandOver
from touchpoint.core.delivery import Moment, due_messages
from touchpoint.core.state import Address, Profile
from touchpoint.durations import instant, micros
from touchpoint.engine import acts
from touchpoint.engine.delivery import CallRequest, Delivery, release_due
from touchpoint.engine.engine import Engine
from touchpoint.engine.feedback import with_share
from touchpoint.engine.figures import FigureDesk
from touchpoint.engine.intake import Prepared, instant_of
from touchpoint.engine.loaded import Loaded
from touchpoint.engine.referring import remember
from touchpoint.engine.unit import Unit
from touchpoint.errors import DefectiveJourney, InvalidInput
from touchpoint.insight.analysis import Analyser
from touchpoint.journey.journey import Journey, journeys_of
from touchpoint.journey.policy import Policy
from touchpoint.journey.steps import Call, flat
from touchpoint.lab.agenda import Agenda
from touchpoint.lab.analysed import Analysing
from touchpoint.model.consent import ANY
from touchpoint.model.delivery import judge
from touchpoint.model.feedback_source import FeedbackSource, sources_by_type
from touchpoint.model.figures import Figures
from touchpoint.model.referral import REFERRAL_TYPES
from touchpoint.model.touchpoint import Touchpoint
from touchpoint.policy.facts import ConsentFact
from touchpoint.stores.base import ConsentRow, Store
from touchpoint.stores.codec import dumps

BATCH = 4_000
"""Events in one transaction: the more, the fewer customers are written twice."""
AGENDA = 5_000
"""Due customers read from the store at once."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Have Python look for circles of garbage less often, for a process that does nothing but replay.

    A replay makes next to none, and looking through what it holds takes time. The setting is the
    whole process's, so `replay` leaves it alone: whose process it is says so.
    """
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@attrs.frozen
class Probe:
    """What was true at one instant."""

    _case_open: Mapping[str, tuple[str, ...]] = attrs.field(repr=False)

    def customers(self, *, case_open: str) -> list[str]:
        """Ids of the customers with an open case of this kind."""
        return list(self._case_open.get(case_open, ()))


@attrs.define(eq=False)
class Replay:
    """What a replay did. Counts are by the name of the message or rule, over everything the store holds.

    Args:
        events: recorded now.
        duplicates: recorded before; nothing changed.
        late: counted, but too late to start anything.
        elapsed, cpu: seconds, of the wall and of this process.
        first, last: instants of the first and last event; None if there was none.
        granted: kinds for which consent was assumed.
        tallies: every count the engine keeps, by (subject, name, what).
        probes: (instant, state) pairs: what was true with every touchpoint up to and including the instant applied.
        customers_seen: how many customers the store holds.
        figures: as `Engine.figures`: call it for a `Report`, where the store keeps any.
    """

    _store: Store = attrs.field(repr=False)
    granted: tuple[str, ...] = ()
    events: int = 0
    duplicates: int = 0
    late: int = 0
    elapsed: float = 0.0
    cpu: float = 0.0
    first: datetime | None = None
    last: datetime | None = None
    tallies: Mapping[tuple[str, str, str], int] = attrs.field(factory=dict, repr=False)
    probes: list[tuple[datetime, Probe]] = attrs.field(factory=list, repr=False)
    customers_seen: int = 0
    figures: FigureDesk | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        # Questions about customers go to the store, so that the result stays small; it is closed with the result.
        weakref.finalize(self, self._store.close)

    def customers(
        self,
        *,
        sent: str | None = None,
        denied: str | None = None,
        started: str | None = None,
        case_open: str | None = None,
    ) -> list[str]:
        """Ids of the customers with a message of this name sent or denied, a run of this rule, or this case open."""
        asked = [each for each in (sent, denied, started, case_open) if each is not None]
        if len(asked) != 1:
            raise InvalidInput("customers() takes exactly one of sent=, denied=, started= and case_open=")
        with self._store.reading() as reader:
            if started is not None:
                return reader.ids_with_run(started)
            if case_open is not None:
                return reader.ids_with_case_open(case_open)
            return reader.ids_with_message(asked[0], "sent" if sent is not None else "denied")

    def _by_message(self, what: str) -> "Counter[str]":
        return Counter(
            {name: n for (subject, name, of), n in self.tallies.items() if subject == "message" and of == what}
        )

    @property
    def sent(self) -> "Counter[str]":
        """Messages sent."""
        return self._by_message("sent")

    @property
    def denied(self) -> "Counter[str]":
        """Messages denied."""
        return self._by_message("denied")

    @property
    def withdrawn(self) -> "Counter[str]":
        """Messages withdrawn."""
        return self._by_message("withdrawn")

    @property
    def expired(self) -> "Counter[str]":
        """Messages whose best-before came first."""
        return self._by_message("expired")

    @property
    def failed(self) -> "Counter[str]":
        """Messages that could not be handed over."""
        return self._by_message("failed")

    @property
    def unknown(self) -> "Counter[str]":
        """Messages of which nobody knows whether they went out."""
        return self._by_message("unknown")

    @property
    def deferred(self) -> "Counter[str]":
        """Messages that had to wait at least once."""
        return self._by_message("deferred")

    @property
    def started(self) -> "Counter[str]":
        """Runs started, by rule; rules of one name in several journeys are added up."""
        found: Counter[str] = Counter()
        for (subject, name, what), n in self.tallies.items():
            if subject == "rule" and what == "started":
                found[name.split("/", 1)[1]] += n
        return found


def replay(  # noqa: PLR0913 - each is a setting of its own, and all but the first two are options
    journeys: Sequence[Journey],
    events: Iterable[Touchpoint],
    *,
    policy: Policy | None = None,
    grant: Iterable[str] = (),
    probe: Iterable[datetime] = (),
    store: str = "sqlite://",
    until: datetime | None = None,
    progress: Callable[[int], None] | None = None,
    feedback: Iterable[FeedbackSource] = (),
    analyser: Analyser | None = None,
    figures: Figures | None = None,
) -> Replay:
    """Replay events through journeys, in virtual time.

    Every customer is reachable on every channel of the journeys. Nobody is really written to, and no function of the
    host is called: a `Call` counts as done.

    Args:
        journeys: what to run.
        events: in the order of their time; each needs `at`. One that comes out of order is recorded when it comes.
        policy: of the house.
        grant: kinds of message that every customer is taken to have agreed to.
        probe: instants at which to look at the state, ascending.
        store: where to keep everything; in memory unless given.
        until: where to end; the last event unless given. Events after it are left out.
        progress: called with the number of events done, after each batch.
        feedback: which of these types are feedback, as for `Engine`: they get the `share` of their scores.
        analyser: reads what customers write, at the instant at which they write it, as often as the words come anew.
        figures: as for `Engine`; `Replay.figures` then gives them.

    Raises:
        InvalidInput: `journeys` is no list of journeys, or an instant is naive.
        InvalidTouchpoint: an event that cannot be accepted, and which; everything before its batch is kept.
    """
    marks = [instant_of(each, "probe=") for each in probe]
    end = None if until is None else instant_of(until, "until=")
    journeys, own = journeys_of(journeys), tuple(feedback)
    sources, declared = sources_by_type(own), acts.declared_types(journeys)
    given = (with_share(each, sources, 0, declared) for each in events)
    driver = _Driver(journeys, policy, tuple(grant), store, own, analyser, figures)
    return driver.run(given, marks, end, progress)


class _ReplayClock:
    """A clock that is told the time in microseconds UTC; cheap to move, since a replay moves it with every event."""

    def __init__(self) -> None:
        self.at = 0

    def now(self) -> datetime:
        return instant(self.at)

    def monotonic(self) -> float:
        return self.at / 1e6

    def timeline(self) -> str:
        return "replay"


class _ReplayDelivery(Delivery):
    """Reads the replay's clock at its source: a moment is the same until it moves."""

    def __init__(self, clock: _ReplayClock, engine: Engine) -> None:
        given = engine.delivery()
        super().__init__(*(getattr(given, field.name) for field in attrs.fields(Delivery)))
        self.clock = self._clock = clock
        self._moment = Moment(0, 0.0, clock.timeline())

    def moment(self) -> Moment:
        at = self._clock.at
        if at != self._moment.wall:
            self._moment = Moment(at, at / 1e6, self._moment.timeline)
        return self._moment

    def at_once(self, unit: Unit, loaded: Loaded) -> None:
        """Release one message of a customer who is due, hand it over, and write what came of it, all in this unit.

        The protocol (`core.delivery.hand_over`) keeps a call that may hang, or never come back, out of transactions. A
        recording channel answers at once, nobody can come in between, and either all of it is kept or nothing.
        """
        ticket = release_due(unit, loaded, self.moment())
        if ticket is not None:
            self.settle_in(unit, [(ticket, judge(self.take(HandOver(ticket))))])


class _Driver:
    def __init__(
        self, journeys: Sequence[Journey], policy: Policy | None, grant: tuple[str, ...], store: str,
        feedback: Iterable[FeedbackSource] = (), analyser: Analyser | None = None, figures: Figures | None = None,
    ) -> None:  # fmt: skip
        names = sorted(
            {channel for journey in journeys for each in journey.messages.values() for channel in each.channels}
        )
        self.clock = _ReplayClock()
        self.engine = Engine(
            store, journeys=journeys, channels=[RecordingChannel(name) for name in names], policy=policy,
            clock=self.clock, functions=_nothing_called(journeys), feedback=feedback, analyser=analyser,
            figures=figures,
        )  # fmt: skip
        self.analysing = None if analyser is None else Analysing(self.engine, analyser, self.clock, feedback)
        self.kinds = sorted({default_address_kind(name) for name in names})
        self.grant = grant
        self.declared = acts.declared_types(journeys)
        self.cases = [case.name for journey in journeys for case in journey.cases]
        self.delivery = _ReplayDelivery(self.clock, self.engine)
        self.result = Replay(self.engine.store, grant, figures=self.engine.figures)
        self.referrals: dict[str, int] = {}
        self.unknown: set[str] = set()
        self.now = 0
        self.first: int | None = None
        self.last = 0

    def run(
        self,
        events: Iterable[Touchpoint],
        marks: Sequence[int],
        until: int | None,
        progress: Callable[[int], None] | None,
    ) -> Replay:
        wall, cpu = time.perf_counter(), time.process_time()
        given = events if until is None else (each for each in events if not _is_after(each, until))
        for batch, mark in _batches(given, marks):
            self._batch(batch)
            if mark is not None:
                self._work(mark)
                self._probe(mark)
            if progress is not None:
                progress(self.result.events + self.result.duplicates)
        self._work(self.now if until is None else until)
        self._finish(time.perf_counter() - wall, time.process_time() - cpu)
        return self.result

    def _batch(self, batch: Sequence[Touchpoint]) -> None:
        first, declared = self.result.events + self.result.duplicates, self.declared
        given = acts.numbered(batch, first, None, 0, declared)
        at = 0
        while at < len(given):
            at = self._transaction(given, at)

    def _transaction(self, given: list[Prepared], start: int) -> int:
        """Events from `start` on with everything that falls due between them, in one transaction.

        Returns how far it came.
        """
        before = (self.now, self.result.events, self.result.duplicates, self.result.late)
        with suppress(DefectiveJourney), self.engine.together(careful=False) as unit:
            return self._together(unit, given, start)
        self.now, self.result.events, self.result.duplicates, self.result.late = before
        self.clock.at = self.now
        with self.engine.together(careful=True) as unit:  # parks whom the defect meets
            return self._together(unit, given, start)

    def _together(self, unit: Unit, given: list[Prepared], start: int) -> int:
        ahead = given[start:]
        agenda = self._look_up(unit, max(self.now, *(each.occurrence.at for each in ahead)))
        seen = self._prefetch(unit, ahead)
        position = start
        for each in ahead:
            at = max(each.occurrence.at, self.now)
            if at > agenda.horizon:
                break
            if agenda.next() < at:
                self._fire_before(unit, agenda, at)
            self._go_to(at)
            agenda.join(self._record(unit, each, seen))
            while unit.beside:  # what one did may have been told to another
                agenda.join(unit.beside.pop())
            position += 1
        self._fire_before(unit, agenda, agenda.horizon)
        return position

    def _look_up(self, unit: Unit, until: int, *, size: int = 0) -> Agenda:
        """What falls due up to an instant, and how far that is complete."""
        size = size or AGENDA
        rows = unit.tx.due(until, size)
        if len(rows) == size and rows[0][0] == rows[-1][0]:
            return self._look_up(unit, until, size=size * 2)
        return Agenda(rows, rows[-1][0] if len(rows) == size else until)

    def _fire_before(self, unit: Unit, agenda: Agenda, until: int) -> None:
        while agenda.next() < until:
            if (row := agenda.take()) is not None:
                due, no = row
                loaded = unit.by_number(no)
                self._settle(unit, loaded, due)
                agenda.join(loaded)

    def _settle(self, unit: Unit, loaded: Loaded, due: int) -> None:
        """Do everything of one customer that is due at this instant."""
        self._go_to(due)
        now = self.now
        while (following := loaded.next_due()) is not None and following <= now:
            unit.fire(loaded, until=now, inclusive=True)
            if loaded.state.pending and due_messages(unit.program, loaded.state, now):
                self.delivery.at_once(unit, loaded)

    def _go_to(self, at: int) -> None:
        if at > self.now:
            self.now = at
            self.clock.at = at

    def _prefetch(self, unit: Unit, given: Sequence[Prepared]) -> set[tuple[str, int]]:
        known, unknown = unit.prefetch(each.customer for each in given)
        self.unknown = set(unknown)
        return set(unit.tx.seen([(each.id, known[each.customer].no) for each in given if each.customer in known]))

    def _record(self, unit: Unit, prepared: Prepared, seen: set[tuple[str, int]]) -> Loaded:
        result = self.result
        customer = prepared.customer
        loaded = self._newcomer(unit, customer) if customer in self.unknown else unit.find_or_add(customer, self.now)
        key = (prepared.id, loaded.no)
        of_referral = prepared.occurrence.name in REFERRAL_TYPES
        if key in seen or (of_referral and unit.seen([key], [key])):
            result.duplicates += 1
            return loaded
        seen.add(key)
        result.late += self.engine.take_prepared(unit, loaded, prepared, self.now)
        if of_referral:
            remember(unit, loaded, prepared.occurrence, self.referrals)
        result.events += 1
        if self.analysing is not None:
            self.analysing.read(unit, loaded, prepared.occurrence, self.now)
        self.last = self.now
        if self.first is None:
            self.first = self.now
        return loaded

    def _newcomer(self, unit: Unit, customer: str) -> Loaded:
        fact = ConsentFact(granted=True, at=self.now, source="replay: assumed")
        profile = Profile(
            addresses=[Address(kind, f"{kind}-of-{customer}") for kind in self.kinds],
            consents={(kind, ANY): fact for kind in self.grant},
        )
        self.unknown.discard(customer)
        loaded = unit.add(customer, self.now, profile)
        if loaded.id != customer:
            return loaded  # it is another id of somebody who is known
        body = dumps({"basis": fact.basis, "source": fact.source})
        for kind in self.grant:
            unit.changes.consents.append(ConsentRow(loaded.no, self.now, self.now, kind, ANY, granted=True, body=body))
        return loaded

    def _work(self, until: int) -> None:
        """Do everything that falls due up to an instant, in transactions of bounded size."""
        while not self._work_some(until):
            pass
        self._go_to(until)

    def _work_some(self, until: int) -> bool:
        """One transaction of it; whether that was all."""
        before = self.now
        with suppress(DefectiveJourney), self.engine.together(careful=False) as unit:
            return self._work_within(unit, until)
        self.now = self.clock.at = before
        with self.engine.together(careful=True) as unit:
            return self._work_within(unit, until)

    def _work_within(self, unit: Unit, until: int) -> bool:
        agenda = self._look_up(unit, until)
        complete = agenda.horizon >= until
        self._fire_before(unit, agenda, until + 1 if complete else agenda.horizon)
        return complete

    def _probe(self, mark: int) -> None:
        with self.engine.store.reading() as reader:
            found = {kind: tuple(reader.ids_with_case_open(kind)) for kind in self.cases}
        self.result.probes.append((instant(mark), Probe(found)))

    def _finish(self, wall: float, cpu: float) -> None:
        with self.engine.store.reading() as reader:
            self.result.tallies = {(row.subject, row.name, row.what): row.n for row in reader.tallies()}
            self.result.customers_seen = reader.customer_count()
        if self.first is not None:
            self.result.first, self.result.last = instant(self.first), instant(self.last)
        self.result.elapsed, self.result.cpu = wall, cpu


def _nothing_called(journeys: Sequence[Journey]) -> dict[str, Callable[[CallRequest], object]]:
    """Functions that do nothing, for every `Call` of the journeys."""
    steps = (step for journey in journeys for rule in journey.rules for step in flat(rule.then))
    return {step.function: lambda _: None for step in steps if isinstance(step, Call)}


def _is_after(event: Touchpoint, end: int) -> bool:
    # One without a proper time is let through: it is refused, with its number, when its turn comes.
    return isinstance(event.at, datetime) and event.at.tzinfo is not None and micros(event.at) > end


def _batches(events: Iterable[Touchpoint], marks: Sequence[int]) -> Iterator[tuple[list[Touchpoint], int | None]]:
    """Events in batches, cut where the next one lies past a mark; each batch with the mark that follows it, if any."""
    waiting = sorted(marks)
    batch: list[Touchpoint] = []
    for event in events:
        while waiting and _is_after(event, waiting[0]):
            yield batch, waiting.pop(0)
            batch = []
        batch.append(event)
        if len(batch) >= BATCH:
            yield batch, None
            batch = []
    if batch:
        yield batch, None
    for mark in waiting:
        yield [], mark
