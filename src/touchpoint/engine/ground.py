"""What every part of the engine stands on: its store, its transactions, its clock, its journeys and channels."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from touchpoint.channels.base import Adapter
from touchpoint.clock import Clock, SystemClock
from touchpoint.core.delivery import Ticket
from touchpoint.core.edits import Migration
from touchpoint.core.gate import World
from touchpoint.core.program import Program
from touchpoint.core.state import IN_FLIGHT
from touchpoint.durations import length
from touchpoint.engine import acts, releasing
from touchpoint.engine.accounts import StoreLedger
from touchpoint.engine.analysing import Reading, checked_analyser
from touchpoint.engine.at_work import AtWork, Terms
from touchpoint.engine.calling import DEADLINE, Breaker, Caller
from touchpoint.engine.catching_up import is_passed, pass_on
from touchpoint.engine.controls import for_tests, planned_names, switches
from touchpoint.engine.delivery import CallRequest, Delivery
from touchpoint.engine.feedback import Works, read_waiting
from touchpoint.engine.figuring import begin
from touchpoint.engine.grouping import Grouping
from touchpoint.engine.handing import Workplace
from touchpoint.engine.inbound import Taking, arrived
from touchpoint.engine.intake import LATE_AFTER, MAX_SKEW, Prepared, Recorded, customer_id, instant_of, lengths
from touchpoint.engine.keyed import Secret, keyed
from touchpoint.engine.loaded import Cache, Loaded
from touchpoint.engine.membership import remember_segments
from touchpoint.engine.opening import Durability, open_store
from touchpoint.engine.rewound import Wall, date_leases, went_back_before
from touchpoint.engine.shared import Spent
from touchpoint.engine.threads import Bell, Turns, watch_forks
from touchpoint.engine.unit import Unit
from touchpoint.engine.working import log, refuse_async
from touchpoint.errors import (
    DefectiveJourney,
    InvalidInput,
    JourneyError,
    UnknownCustomer,
)
from touchpoint.journey.journey import Journey, journeys_of
from touchpoint.journey.policy import Policy
from touchpoint.model.feedback_source import FeedbackSource, sources_by_type
from touchpoint.model.figures import Figures
from touchpoint.model.volume import VolumeBreaker
from touchpoint.policy.consent import UNLESS_WITHDRAWN
from touchpoint.stores.base import Reader, Store, Transaction

if TYPE_CHECKING:
    from touchpoint.insight.analysis import Analyser

T = TypeVar("T")


class UnsubscribeLinks(Protocol):
    """Makes the headers of one-click unsubscribe; `touchpoint.channels.Unsubscribe` does."""

    def headers(self, key: str, purpose: str, channel: str = "email") -> Mapping[str, str]:
        """The headers for one message."""
        ...


USUAL_BREAKER = VolumeBreaker()
_READS_FOR = 1.0
"""Seconds for which a worker has texts analysed before it looks who is due."""


class Ground:
    """The settings of an engine, and the transactions in which everything happens."""

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
        release_on_open: bool = True,
        migrations: Mapping[str, Migration] | None = None,
        feedback: Iterable[FeedbackSource] = (),
        analyser: "Analyser | None" = None,
        figures: Figures | None = None,
    ) -> None:
        self._keyed = keyed(secret)
        if figures is not None and not isinstance(figures, Figures):
            raise InvalidInput(f"figures= takes Figures(…), not {type(figures).__name__}")
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
        self._migrations = dict(migrations or {})
        self._sources = sources_by_type(feedback)
        reads = checked_analyser(analyser)
        self._analyst = None if reads is None else Reading(reads, call_within, self.clock)
        journeys = journeys_of(journeys)
        self._at_work = AtWork(journeys, self.policy, traits)
        self._passing = False
        self._terms = Terms(
            self._at_work, self._world_of, self._now, self._keyed, self._migrations, self._sources,
            analysed=self._analyst is not None,
        )  # fmt: skip
        planned_names(self._program, volume_breaker)
        self._declared = acts.declared_types(journeys)
        self._begin_anew()
        watch_forks(self, Ground._begin_anew)
        self.store = open_store(store, durability=durability) if isinstance(store, str) else store
        try:
            # First of all, so that nothing is read from the store, and compiled, that is here.
            described = releasing.describe(self._at_work, journeys)
            self._commit(lambda unit: for_tests(unit, self.adapters.values(), test_store=test_store))
            self._open_releases(described, release=release_on_open)
            self._commit(lambda unit: remember_segments(unit, self._now()))
            self._commit(acts.follow_zone_data)
            self._commit(lambda unit: begin(unit, figures, self._sources))
            self._commit(self._look_at_wall)
        except BaseException:
            self.store.close()
            raise

    @property
    def _program(self) -> Program:
        """What is at work, as this process knows it."""
        return self._at_work.program

    def _open_releases(self, described: releasing.Described, *, release: bool) -> None:
        def opened(unit: Unit) -> None:
            now = self._now()
            behind.extend(releasing.open_releases(unit, self._at_work, described, now, release=release))
            releasing.close_pins(unit, self._at_work)
            if unit.changes.releases:
                self._switch(unit)
            self._at_work.opened(self._at_work.last)
            self._passing = True

        behind: list[str] = []
        self._commit(opened)
        if behind:
            log().warning(releasing.behind_in_words(behind))

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
        self._pass_on()
        if self._analyst is not None and self._open is None:
            read_waiting(self._works(), _READS_FOR)

    def _pass_on(self) -> None:
        """Take customers through the last release, as far as nothing else is due (S5.4)."""
        if self._open is None:
            with self._reading() as reader:  # whoever has nothing to do does not need the lock
                last = self._at_work.last
                self._passing = reader.last_release() != last or (
                    self._passing and not is_passed(reader, self._at_work)
                )
        more: list[bool] = []
        while self._passing:
            self._commit(lambda unit: more.append(pass_on(unit)))
            self._passing = more[-1]
            if self._passing and self._is_due():
                return

    def _is_due(self) -> bool:
        with self._reading() as reader:
            return bool(reader.due(self._now(), 1))

    def _write(self, work: Callable[[Unit], T], connection: object = None) -> T:
        self._here()
        if connection is None and self._open is None:
            return self._grouping.submit(work)
        return self._commit(work, connection)

    def _commit(self, work: Callable[[Unit], T], connection: object = None, *, careful: bool = False) -> T:
        try:
            if self._open is not None and connection is None:
                return work(self._open.enter_result)
            with self.store.transaction(connection) as tx:
                unit = self._begun(tx, connection, careful=careful)
                found = work(unit)
                unit.write()
        except DefectiveJourney:
            if careful or self._open is not None:
                raise
            return self._commit(work, connection, careful=True)
        self._committed(unit)
        return found

    def _unit(self, connection: object = None, *, careful: bool = False) -> AbstractContextManager[Unit]:
        """A unit of work in a transaction of its own, or in the one that `together` holds open."""
        self._here()
        if self._open is not None and connection is None:
            return self._open
        return self._own_unit(connection, careful=careful)

    @contextmanager
    def _own_unit(self, connection: object, *, careful: bool) -> Iterator[Unit]:
        with self.store.transaction(connection) as tx:
            unit = self._begun(tx, connection, careful=careful)
            yield unit
            unit.write()
        self._committed(unit)

    def _begun(self, tx: Transaction, connection: object, *, careful: bool) -> Unit:
        # The host's own transaction may see what nobody else does, and may be rolled back: nothing of it is kept.
        cache, generation = self._take_cache() if connection is None else (Cache(), None)
        if cache.release != self._at_work.last:  # it was not asked yet, or something was released
            cache = self._current(tx, cache, own=connection is None)
        unit = Unit(tx, cache, self._terms, generation)
        if careful:
            unit.careful = unit.program.may_circle
        return unit

    def _committed(self, unit: Unit) -> None:
        # Only a cache whose unit has committed is good; who came in between has begun one of their own.
        unit.cache.generation = unit.generation
        if unit.generation is not None:  # the host has not committed its own yet
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

    def _current(self, tx: Transaction, cache: Cache, *, own: bool) -> Cache:
        """The cache, or an empty one where something was released since: customers in it have not met that."""
        if cache.release is None:
            cache.release = tx.last_release()
        if cache.release == self._at_work.last:
            return cache
        self._at_work.renew(tx, cache.release)
        self._passing = True
        fresh = Cache()
        fresh.release = cache.release
        if own:
            self._cache = fresh
        return fresh

    def _switch(self, unit: Unit) -> None:
        """Go on by what has just been released, in this transaction and after it."""
        releasing.switch(unit, self._at_work)
        remember_segments(unit, self._now())
        self._cache, self._passing = unit.cache, True

    def _world_of(self, tx: Transaction, cache: Cache) -> World:
        """What the gate has to know in a transaction."""
        world = self._world(tx, cache)
        world.ledger = StoreLedger(tx, cache)
        return world

    def _world(self, tx: Reader, cache: Cache) -> World:
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
            spent=Spent(tx, gifts) if (gifts := self._at_work.gifts) else {},
            switches=switches(controls, now) if controls else {},
            breaker=self.volume_breaker,
            volumes=cache.volumes,
            recording=frozenset(name for name, each in capabilities.items() if each.recording),
            replies=frozenset(name for name, each in capabilities.items() if each.replies),
            reactions=frozenset(name for name, each in capabilities.items() if each.reactions),
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

    def _known(self, unit: Unit, customer: str) -> Loaded:
        loaded = unit.find(customer_id(customer))
        if loaded is None:
            raise UnknownCustomer
        return loaded

    def _taking(self, now: int) -> Taking:
        return Taking(self.adapters, self._skew, self._late_after, now)

    def _take(self, unit: Unit, prepared: Sequence[Prepared], now: int) -> list[Recorded]:
        return acts.take_touchpoints(unit, prepared, now, self._late_after)

    def _works(self) -> Works:
        return Works(
            self._write, self._commit, self._unit, self._reading, self._known,
            lambda unit, prepared, now: self._take(unit, [prepared], now)[0], self._now, self._skew, self._sources,
            self._analyst,
        )  # fmt: skip

    # Driving.

    def workplace(self) -> Workplace:
        """What workers need of this engine."""
        self._here()
        return Workplace(
            self.delivery(), self._reading, self._now, self._heal, self._turns, self._bell, self._has_more
        )  # fmt: skip

    def _has_more(self, reader: Reader) -> bool:
        """Whether anything waits for the analyser, and it is free."""
        return self._analyst is not None and self._analyst.is_free() and bool(reader.analyses_waiting(1))

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


def adapters_of(given: Iterable[T]) -> tuple[T, ...]:
    """Adapters that were handed in as a list. Raises InvalidInput for a single one, and for what is no list."""
    if hasattr(given, "capabilities") or not isinstance(given, Iterable):
        raise InvalidInput("channels= takes a list of adapters, such as channels=[email]")
    return tuple(given)


def _by_channel(channels: Iterable[Adapter]) -> dict[str, Adapter]:
    found: dict[str, Adapter] = {}
    for adapter in adapters_of(channels):
        name = adapter.capabilities.channel
        if name in found:
            raise JourneyError(f"two adapters for the channel {name!r}: give each its own channel name")
        found[name] = adapter
    return found
