"""Send, third part: how it is called. Without sleep, from any thread, several at once where that is declared."""

import asyncio
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

import attrs

from touchpoint.model.delivery import Accepted, SendRequest
from touchpoint.testing.contract.bench import Bench, is_outcome, told
from touchpoint.testing.contract.check import broken, check
from touchpoint.testing.contract.watch import SLEPT, watching

_THREADS: Final = 6
_SENDS: Final = 3
_MIX: Final = "several workers call one adapter: what one keeps for itself in self, another one reads"


class CallingChecks:
    """Send."""

    @check(
        why="a worker that sleeps delivers nothing to anybody else, and its lease runs out",
        mend="return Refused(FailureCode.THROTTLED, retry_after=…); the engine waits, and others go on",
    )
    def test_a_send_does_not_sleep(self, bench: Bench) -> None:
        """A send never sleeps, whatever the provider answers."""
        with watching(bench.adapter) as watch:
            bench.send(bench.request())
            for _ in bench.played() if bench.given("arrange") is not None else ():
                pass
        events = watch.of(bench.adapter, SLEPT)
        if events:
            broken(f"{events[0]}")

    @check(
        why="messages without a subject, with HTML alone or with emoji are ordinary; what send() raises counts as "
        "doubt",
        mend="look at what is None or empty before you use it; answer Refused(CONTENT_REJECTED) for what cannot "
        "be sent",
    )
    def test_any_words_are_sent_or_refused(self, bench: Bench) -> None:
        """Words of any kind get an outcome: no subject, HTML alone, no text, emoji, other alphabets."""
        usual = bench.message
        for message in (
            attrs.evolve(usual, subject=None, html=None),
            attrs.evolve(usual, text="", subject=None, html="<p>Hello"),
            bench.words("\N{GRINNING FACE} \N{CYRILLIC SMALL LETTER ZHE}"),
            bench.words(""),
        ):
            outcome = bench.send(bench.request(message))
            if not is_outcome(outcome):
                broken(f"send() answered {told(outcome)}")

    @check(
        why="workers are threads: an adapter is made in one and called in another, even where never in two at once",
        mend="open what belongs to a thread (a SQLite connection, say) in the call, or check_same_thread=False",
        needs=("sync",),
    )
    def test_it_works_in_another_thread_than_it_was_made_in(self, bench: Bench) -> None:
        """A send from another thread is accepted like any other."""
        outcomes = _at_once([lambda: bench.adapter.send(bench.request())], bench.given("patience"))
        _all_accepted(outcomes, "from another thread")

    @check(
        why=_MIX,
        mend="keep what belongs to one send in local variables, guard what is shared with a lock, or leave "
        "thread_safe out",
        needs=("thread_safe", "sync"),
    )
    def test_threads_do_not_mix_as_declared(self, bench: Bench) -> None:
        """Sends from several threads at once are each accepted, with references of their own."""
        requests = [[bench.request(to=n) for _ in range(_SENDS)] for n in range(_THREADS)]
        before = _keys(bench)
        outcomes = _at_once([_sending(bench.adapter, each) for each in requests], bench.given("patience"))
        _all_apart([each for answers in outcomes for each in _listed(answers)], bench, before, _all(requests))

    @check(
        why=_MIX,
        mend="keep what belongs to one send in local variables, not in self",
        needs=("async",),
    )
    def test_sends_that_are_awaited_at_once_do_not_mix(self, bench: Bench) -> None:
        """Sends that are awaited together are each accepted, with references of their own."""
        requests = [bench.request(to=n) for n in range(_THREADS)]
        before = _keys(bench)

        async def together() -> list[object]:
            sends = [bench.adapter.send(each) for each in requests]
            return [*await asyncio.gather(*sends, return_exceptions=True)]

        _all_apart(bench.run(together()), bench, before, requests)

    @check(
        why="the engine cancels a send at its deadline and stops its workers that way; who goes on cannot be stopped",
        mend="let CancelledError through: catch Exception, not BaseException, and use finally for what must be let go",
        needs=("async",),
    )
    def test_a_send_can_be_cancelled(self, bench: Bench) -> None:
        """A send that is cancelled while it waits ends as cancelled."""
        request = bench.request()

        async def cancelled() -> bool:
            task = asyncio.ensure_future(bench.adapter.send(request))
            await asyncio.sleep(0)
            if not task.cancel():
                return True  # it was done before it could be cancelled
            await asyncio.wait([task], timeout=bench.given("patience"))
            return bool(task.cancelled())

        if not bench.run(cancelled()):
            broken("send() went on after it was cancelled")


def _sending(adapter: Any, requests: list[SendRequest]) -> Callable[[], list[object]]:  # noqa: ANN401 - under test
    def send() -> list[object]:
        # Switching threads at every line of Python makes a race certain that is rare otherwise.
        sys.settrace(_switching)
        try:
            return [adapter.send(each) for each in requests]
        finally:
            sys.settrace(None)

    return send


def _switching(  # pragma: no cover - a tracer is not traced
    frame: FrameType,  # noqa: ARG001 - the form of a tracer
    event: str,  # noqa: ARG001 - likewise
    argument: object,  # noqa: ARG001 - likewise
) -> Any:  # noqa: ANN401 - likewise
    _give_way()
    return _switching


def _give_way() -> None:  # pragma: no cover - called by the tracer
    """Let another thread run: an event that nobody sets, waited for until at once."""
    threading.Event().wait(1e-6)


def _at_once(works: Sequence[Callable[[], object]], patience: float) -> list[object]:
    """What each gives, or raises, when all of them run in threads that start together."""
    barrier = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(n: int, work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[n] = work()
        except Exception as error:  # noqa: BLE001 - told in the thread that asks
            results[n] = error

    threads = [threading.Thread(target=run, args=each, daemon=True) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience)
    if any(thread.is_alive() for thread in threads):
        broken("a send in another thread never came back")
    return results


def _listed(answers: object) -> list[object]:
    return [*answers] if isinstance(answers, list) else [answers]


def _all(requests: list[list[SendRequest]]) -> list[SendRequest]:
    return [each for some in requests for each in some]


def _keys(bench: Bench) -> int | None:
    return None if bench.given("provider_keys") is None else len(bench.keys())


def _all_accepted(outcomes: list[object], how: str) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        if not isinstance(outcome, Accepted):
            broken(f"a send {how} was answered with {told(outcome)}")


def _all_apart(outcomes: list[object], bench: Bench, before: int | None, requests: list[SendRequest]) -> None:
    """Every send was accepted, has a reference of its own, and its key reached the provider."""
    _all_accepted(outcomes, "at the same time as others")
    refs = [each.ref for each in outcomes if isinstance(each, Accepted) and each.ref is not None]
    if len(set(refs)) != len(refs):
        broken("two sends at the same time got one reference")
    if before is not None and sorted(bench.keys()[before:]) != sorted(each.key for each in requests):
        broken("sends at the same time did not each bring their own key to the provider")
