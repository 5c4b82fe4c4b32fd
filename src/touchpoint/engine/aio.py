"""`AsyncEngine`: the engine for programs that run on asyncio. No rule is written twice: it drives the same core."""

import asyncio
import functools
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Self, TypeVar, cast
from weakref import WeakKeyDictionary

from touchpoint.channels.base import Adapter, AsyncAdapter
from touchpoint.clock import Clock
from touchpoint.core.edits import Migration
from touchpoint.engine.aio_desks import (
    AsyncCaseDesk,
    AsyncConversations,
    AsyncFeedbackDesk,
    AsyncFigureDesk,
    AsyncGiftDesk,
    AsyncSuggestionDesk,
    AsyncTaskDesk,
)
from touchpoint.engine.calling import DEADLINE
from touchpoint.engine.delivery import GROUP, CallRequest
from touchpoint.engine.engine import Engine
from touchpoint.engine.ground import USUAL_BREAKER, UnsubscribeLinks, adapters_of
from touchpoint.engine.intake import LATE_AFTER, MAX_SKEW
from touchpoint.engine.keyed import Secret
from touchpoint.engine.members import PAGE, Member
from touchpoint.engine.opening import Durability
from touchpoint.engine.shift import Shift
from touchpoint.engine.working import POLL, Report, Worked, check_concurrency, check_poll
from touchpoint.errors import InvalidInput, StoreClosed
from touchpoint.journey.journey import Journey, journeys_of
from touchpoint.journey.policy import Policy
from touchpoint.model.feedback_source import FeedbackSource
from touchpoint.model.figures import Figures
from touchpoint.model.volume import VolumeBreaker
from touchpoint.stores.base import Store

if TYPE_CHECKING:
    from touchpoint.insight.analysis import Analyser

P = ParamSpec("P")
T = TypeVar("T")
CONCURRENCY: Final = 50
_THREADS: Final = 4
"""For the store: several that wait to write share one commit."""


class _Inner(Engine):
    """The engine inside: whoever drives it awaits what is asynchronous."""

    _awaits = True


def _aside(
    method: Callable[Concatenate[Engine, P], T],
) -> Callable[Concatenate["AsyncEngine", P], Coroutine[Any, Any, T]]:
    """The same method, in a thread, as a coroutine function."""

    @functools.wraps(method)
    async def call(self: "AsyncEngine", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.do(lambda engine: method(engine, *args, **kwargs), kwargs.get("connection"))

    return call


class AsyncEngine:
    """An `Engine` whose methods are coroutines, and that awaits asynchronous adapters side by side.

    Whatever needs the store happens in threads, so that the event loop never waits for it. The store is opened by
    `async with`, or by what is called first; what is wrong with journeys or store is raised there.

    A call that is cancelled may have been carried out all the same: record with an `id=`, and repeat it. A call with
    `connection=` is carried out in the thread that makes it, at once, because the connection belongs to that thread.

    Args:
        store, journeys, channels, policy, clock, functions, durability, late_after, max_skew, traits, call_within,
            unsubscribe, secret, volume_breaker, test_store, release_on_open, migrations, feedback,
            analyser, figures: as for `Engine`. A channel's `send` and a function may be coroutine functions.
            Synchronous ones are called in threads, one at a time unless they say that they are thread-safe.
        concurrency: how many messages are handed over at the same time.

    Raises:
        InvalidInput: concurrency is not a whole number from 1 to 10,000.
    """

    def __init__(  # noqa: PLR0913 - as the engine's
        self,
        store: str | Store,
        *,
        journeys: Sequence[Journey] = (),
        channels: Iterable[Adapter | AsyncAdapter] = (),
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
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._concurrency = check_concurrency(concurrency)
        self._journeys = journeys_of(journeys)
        self._make = functools.partial(
            _Inner,
            store,
            journeys=self._journeys,
            channels=cast("tuple[Adapter, ...]", adapters_of(channels)),
            policy=policy,
            clock=clock,
            functions=functions,
            durability=durability,
            late_after=late_after,
            max_skew=max_skew,
            traits=traits,
            call_within=call_within,
            unsubscribe=unsubscribe,
            secret=secret,
            volume_breaker=volume_breaker,
            test_store=test_store,
            release_on_open=release_on_open,
            migrations=migrations,
            feedback=tuple(feedback),
            analyser=analyser,
            figures=figures,
        )
        self._engine: Engine | None = None
        self._closed = False
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()
        self._begin_anew()

    def __repr__(self) -> str:
        return f"<AsyncEngine of {len(self._journeys)} journeys>"

    async def __aenter__(self) -> Self:
        await self._in_thread(lambda _: None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the store. Closing twice does nothing; other use raises StoreClosed."""
        if not self._closed:
            self._closed = True
            if self._engine is not None:
                await asyncio.get_running_loop().run_in_executor(self._threads(), self._engine.close)
            self._pool.shutdown(wait=False)

    @property
    def journeys(self) -> tuple[Journey, ...]:
        """The journeys at work."""
        return self._journeys

    @property
    def tasks(self) -> AsyncTaskDesk:
        """What messages ask people to do: open, claim, complete, decline."""
        return AsyncTaskDesk(self)

    @property
    def cases(self) -> AsyncCaseDesk:
        """What people do about cases: assign, set_severity, reopen, merge; and their closed loops."""
        return AsyncCaseDesk(self)

    @property
    def gifts(self) -> AsyncGiftDesk:
        """Gifts: approve, decline, restock, what budgets have left, what came back."""
        return AsyncGiftDesk(self)

    @property
    def feedback(self) -> AsyncFeedbackDesk:
        """What customers say: recorded from forms and files, read again, analysed."""
        return AsyncFeedbackDesk(self)

    @property
    def figures(self) -> AsyncFigureDesk:
        """The figures of the store: `await engine.figures()` gives a `Report`."""
        return AsyncFigureDesk(self)

    @property
    def suggestions(self) -> AsyncSuggestionDesk:
        """What came of suggestions: shown, accepted, declined."""
        return AsyncSuggestionDesk(self)

    @property
    def conversations(self) -> AsyncConversations:
        """The conversations of a customer, `await engine.conversations("ann")`, and figures of all of them."""
        return AsyncConversations(self)

    async def do(self, act: Callable[[Engine], T], connection: object = None) -> T:
        """Do something with the `Engine` inside, in a thread: several questions at once, say.

        With a host's `connection` in this thread, at once: it belongs to the thread that made it, and its transaction
        is not to wait for one of ours.
        """
        if connection is not None:
            return self._here(act)
        return await self._in_thread(act)

    record = _aside(Engine.record)
    record_many = _aside(Engine.record_many)
    apply = _aside(Engine.apply)
    receive = _aside(Engine.receive)
    identify = _aside(Engine.identify)
    grant = _aside(Engine.grant)
    withdraw = _aside(Engine.withdraw)
    prefer = _aside(Engine.prefer)
    preferences = _aside(Engine.preferences)
    choose = _aside(Engine.choose)
    snooze = _aside(Engine.snooze)
    unsnooze = _aside(Engine.unsnooze)
    why_received = _aside(Engine.why_received)
    recipient_of = _aside(Engine.recipient_of)
    proof_of_consent = _aside(Engine.proof_of_consent)
    enrol = _aside(Engine.enrol)
    open_case = _aside(Engine.open_case)
    close_case = _aside(Engine.close_case)
    answer_case = _aside(Engine.answer_case)
    send = _aside(Engine.send)
    give = _aside(Engine.give)
    pause = _aside(Engine.pause)
    merge = _aside(Engine.merge)
    refer = _aside(Engine.refer)
    referral = _aside(Engine.referral)
    referrals = _aside(Engine.referrals)
    advocate = _aside(Engine.advocate)
    advocates = _aside(Engine.advocates)
    wish = _aside(Engine.wish)
    answer_topic = _aside(Engine.answer_topic)
    topics = _aside(Engine.topics)
    conversation = _aside(Engine.conversation)
    erase = _aside(Engine.erase)
    readmit = _aside(Engine.readmit)
    export = _aside(Engine.export)
    checkpoint = _aside(Engine.checkpoint)
    resume = _aside(Engine.resume)
    controls = _aside(Engine.controls)
    next_due = _aside(Engine.next_due)
    customer = _aside(Engine.customer)
    planned = _aside(Engine.planned)
    parked = _aside(Engine.parked)
    parked_count = _aside(Engine.parked_count)
    replay_parked = _aside(Engine.replay_parked)
    why = _aside(Engine.why)
    releases = _aside(Engine.releases)
    preview_release = _aside(Engine.preview_release)
    release = _aside(Engine.release)
    rollback = _aside(Engine.rollback)
    suggest = _aside(Engine.suggest)
    why_suggested = _aside(Engine.why_suggested)
    member_count = _aside(Engine.member_count)
    settle_segments = _aside(Engine.settle_segments)

    async def members(
        self, segment: str, *, journey: str | None = None, after: int = 0, limit: int | None = None
    ) -> AsyncIterator[Member]:
        """See `Engine.members`: who is in a segment now, read page by page."""
        while limit is None or limit > 0:
            size = PAGE if limit is None else min(PAGE, limit)
            page = await self.do(lambda engine: list(engine.members(segment, journey=journey, after=after, limit=size)))  # noqa: B023 - done before the next round
            for each in page:
                yield each
            if len(page) < size:
                return
            after, limit = page[-1].place, None if limit is None else limit - len(page)

    async def run_pending(self, *, group: int = GROUP) -> int:
        """See `Engine.run_pending`: everything that is due now; how many messages were handed over."""
        shift = await self._shift(until_idle=True)
        shift.size, shift.patient = group, False
        return (await shift.work(None)).handed

    async def work(
        self, *, stop: asyncio.Event | Callable[[], object] | None = None, poll: timedelta = POLL,
        until_idle: bool = False, report: Report | None = None,
    ) -> Worked:  # fmt: skip
        """See `Engine.work`: until told to stop.

        Told to stop, it ends the calls in hand; cancelled, it cancels those of asynchronous adapters, which leaves them
        in doubt. Either way what is known is written, and what was not called yet is given back.

        Args:
            stop: an `asyncio.Event`, or a function that says whether to stop.
            poll: how often to look for what other processes have recorded.
            until_idle: come back as soon as nothing is due and nothing is under way.
            report: called in the event loop with what was done so far.

        Raises:
            InvalidInput: an argument is not acceptable.
            StoreError: no waiting would mend it.
        """
        asked, event = _asked(stop)
        shift = await self._shift(until_idle=until_idle)
        shift.asked, shift.poll, shift.report = asked, check_poll(poll), report
        return await shift.work(event)

    async def _shift(self, *, until_idle: bool) -> Shift:
        place = await self._in_thread(Engine.workplace)
        turns = self._turns.setdefault(asyncio.get_running_loop(), {})
        return Shift(place, self._any_thread, turns, self._concurrency, until_idle)

    # Threads.

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._opening = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS, "touchpoint store")

    def _threads(self) -> ThreadPoolExecutor:
        if self._pid != os.getpid():  # those of the parent process do not exist here
            self._begin_anew()
        return self._pool

    def _here(self, act: Callable[[Engine], T]) -> T:
        with self._opening:
            if self._closed:
                raise StoreClosed("this AsyncEngine was closed before this call; make a new one")
            if self._engine is None:
                self._engine = self._make()
        return act(self._engine)

    async def _in_thread(self, act: Callable[[Engine], T]) -> T:
        return await self._any_thread(lambda: self._here(act))

    async def _any_thread(self, act: Callable[[], T], /) -> T:
        threads = self._threads()
        if self._closed:
            raise StoreClosed("this AsyncEngine was closed before this call; make a new one")
        return await asyncio.get_running_loop().run_in_executor(threads, act)


def _asked(stop: object) -> tuple[Callable[[], bool], asyncio.Event | None]:
    if stop is None:
        return (lambda: False), None
    if isinstance(stop, asyncio.Event):
        return stop.is_set, stop
    if callable(stop):
        return (lambda: bool(stop())), None
    raise InvalidInput(
        f"stop= takes an asyncio.Event, or a function that says whether to stop, not {type(stop).__name__}; of a "
        "threading.Event hand in its is_set"
    )
