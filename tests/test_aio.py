"""`AsyncEngine`: the same engine on an event loop; asynchronous adapters are awaited side by side."""

import asyncio
import inspect
import logging
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing, suppress

import pytest

from awaiting import LONG, PATIENT, Awaited, ended, engine_of, run, until
from making import START, Scripted, journey, message, sending
from touchpoint import (
    AsyncEngine,
    Call,
    Content,
    Engine,
    Figures,
    InvalidInput,
    JourneyError,
    Rule,
    Segment,
    Send,
    StoreBusy,
    StoreClosed,
    Touchpoint,
    UnknownCustomer,
    VirtualClock,
    Wait,
    days,
    ever,
    minutes,
    seconds,
)  # fmt: skip
from touchpoint.channels.base import AsyncAdapter
from touchpoint.channels.memory import MemoryChannel
from touchpoint.channels.tasks import TaskChannel
from touchpoint.engine.aio_desks import AsyncCaseDesk, AsyncFeedbackDesk, AsyncFigureDesk, AsyncTaskDesk
from touchpoint.engine.case_desk import CaseDesk
from touchpoint.engine.doctor import examine
from touchpoint.engine.feedback import FeedbackDesk
from touchpoint.engine.figures import FigureDesk
from touchpoint.engine.tasks import TaskDesk
from touchpoint.insight import KeywordAnalyser
from touchpoint.model.delivery import Accepted, Capabilities, Failure, FailureCode, Preflight, Refused
from touchpoint.model.feedback import Feedback
from touchpoint.stores.sqlite import SqliteStore

# --- the same methods -------------------------------------------------------------------------------------------------

OWN = {"delivery", "take_prepared", "together", "workplace"}
"""For whoever drives a synchronous engine step by step."""


EXTRA = {"do"}


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def test_it_has_every_method_of_the_engine():
    assert public(Engine) - OWN == public(AsyncEngine) - EXTRA


@pytest.mark.parametrize(("desk", "asynchronous"), [(TaskDesk, AsyncTaskDesk), (CaseDesk, AsyncCaseDesk)])
def test_its_desks_have_every_method_of_the_engines(desk, asynchronous):
    assert public(desk) == public(asynchronous) - {"engine"}
    for name in public(desk):
        sync, other = (inspect.signature(getattr(each, name)).parameters for each in (desk, asynchronous))
        assert list(sync)[1:] == list(other)[1:]


def test_its_desk_of_feedback_has_every_method_of_the_engines():
    assert public(FeedbackDesk) == public(AsyncFeedbackDesk)
    for name in public(FeedbackDesk):
        sync, other = (inspect.signature(getattr(each, name)).parameters for each in (FeedbackDesk, AsyncFeedbackDesk))
        assert list(sync)[1:] == list(other)[1:]


def test_feedback_is_recorded_read_and_analysed():
    async def story():
        async with engine_of(sending(), analyser=KeywordAnalyser()) as engine:
            await engine.feedback.record("ann", Feedback(kind="csat", score=2, comment="Terrible!"), id="f1")
            assert await engine.feedback.analyse() == 1
            (heard,) = await engine.feedback.of("ann")
            assert (heard.id, heard.analysis.intent) == ("f1", "criticism")

    run(story)


def test_what_is_said_is_read_by_whoever_does_what_is_due():
    async def story():
        async with engine_of(sending(), analyser=KeywordAnalyser()) as engine:
            await engine.feedback.record("ann", Feedback(kind="csat", score=2, comment="Terrible!"))
            await engine.run_pending()
            assert [each.analysed for each in await engine.feedback.of("ann")] == ["done"]

    run(story)


def test_its_figures_have_every_method_of_the_engines():
    assert public(FigureDesk) == public(AsyncFigureDesk) - {"engine"}
    for name in ("__call__", *public(FigureDesk)):
        sync, other = (inspect.signature(getattr(each, name)).parameters for each in (FigureDesk, AsyncFigureDesk))
        assert list(sync)[1:] == list(other)[1:]
        assert inspect.iscoroutinefunction(getattr(AsyncFigureDesk, name))


def test_figures_are_asked_for_and_counted_anew():
    async def story():
        async with AsyncEngine("sqlite://", figures=Figures()) as engine:
            await engine.record("ann", "visit")
            counted, found = await engine.figures.rebuild(), await engine.figures()
            assert (counted, found.complete, found.months[0].growth.new) == (1, True, 1)

    run(story)


def test_tasks_are_claimed_and_done():
    async def story():
        async with engine_of(sending(channels=["call"]), channels=[TaskChannel("call", "email")]) as engine:
            await engine.run_pending()
            task = await engine.tasks.next("call", by="chris")
            done = await engine.tasks.complete(task.key, "reached")
            assert (task.status, done.status, await engine.tasks.open("call")) == ("claimed", "completed", [])

    run(story)


def test_operators_hold_things_back_and_send_by_hand():  # S11.8
    async def story():
        channel = Awaited()
        async with engine_of(sending(), channels=[channel]) as engine:
            await engine.pause(message="hello", reason="wrong price")
            await engine.send("ann", "hello", by="chris")
            held = (await engine.run_pending(), len(await engine.controls()), await engine.parked_count())
            await engine.resume(message="hello")
            await engine.run_pending()
            assert (held, len(channel.requests)) == ((0, 1, 0), 2)
            assert [each.level for each in await engine.do(examine) if each.check == "parked"] == []

    run(story)


def test_several_questions_may_be_asked_in_one_go():
    async def story():
        async with engine_of(sending()) as engine:
            assert await engine.do(lambda inner: len(inner.customer("ann").messages)) == 1

    run(story)


def test_it_is_made_like_an_engine():
    sync, other = (inspect.signature(each).parameters for each in (Engine, AsyncEngine))
    assert [name for name in other if name != "concurrency"] == list(sync)
    assert {name: each.default for name, each in other.items() if name != "concurrency"} == {
        name: each.default for name, each in sync.items()
    }


OTHERWISE = {
    "journeys", "tasks", "cases", "feedback", "figures", "gifts", "suggestions",
    "conversations", "close", "work", "run_pending",
    "members",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(public(AsyncEngine) - OTHERWISE - EXTRA))
def test_every_method_takes_what_the_engines_takes_and_is_a_coroutine(name):
    sync, other = getattr(Engine, name), getattr(AsyncEngine, name)
    assert inspect.iscoroutinefunction(other)
    assert list(inspect.signature(sync).parameters)[1:] == list(inspect.signature(other).parameters)[1:]
    assert other.__doc__ == sync.__doc__


def test_members_come_page_by_page_and_no_more_than_asked_for(monkeypatch):
    monkeypatch.setattr("touchpoint.engine.aio.PAGE", 2)
    people = [f"c{n}" for n in range(5)]
    parts = {"segments": [Segment("everybody", ever("start"))]}

    async def found(engine, **options):
        return [each.customer async for each in engine.members("everybody", **options)]

    async def story():
        async with engine_of(people=people, journeys=[journey(**parts)]) as engine:
            assert sorted(await found(engine)) == people
            assert [len(await found(engine, limit=n)) for n in (0, 1, 2, 3, 4, 7)] == [0, 1, 2, 3, 4, 5]

    run(story)


def test_it_tells_of_itself_without_its_store_and_names_its_journeys():
    engine = AsyncEngine("sqlite:///secret-folder/t.db", journeys=[journey(sending())])
    assert repr(engine) == "<AsyncEngine of 1 journeys>"
    assert [each.name for each in engine.journeys] == ["one"]


def test_a_process_forked_behind_pythons_back_begins_anew():
    async def story():
        async with engine_of(sending()) as engine:
            before = engine._pool
            engine._pid = -1  # as in a child, where the threads of its parent do not exist
            assert await engine.run_pending() == 1
            assert engine._pool is not before
            before.shutdown(wait=False)

    run(story)


def test_members_take_what_the_engines_take_and_come_one_by_one():
    assert inspect.isasyncgenfunction(AsyncEngine.members)
    sync, other = (inspect.signature(each.members).parameters for each in (Engine, AsyncEngine))
    assert {name: each.default for name, each in sync.items()} == {name: each.default for name, each in other.items()}


def test_what_is_recorded_is_answered_and_there():
    async def story():
        async with engine_of(sending()) as engine:
            assert (await engine.record("ann", "x", id="1")).duplicate is False
            assert (await engine.record("ann", "x", id="1")).duplicate is True
            assert [each.id for each in await engine.record_many([Touchpoint("ann", "y", id="2")])] == ["2"]
            assert await engine.run_pending() == 1
            assert (await engine.next_due(), await ended(engine)) == (None, ["sent"])
            with pytest.raises(UnknownCustomer):
                await engine.why("nobody", "hello")

    run(story)


def test_the_event_loop_is_not_held_up_by_a_store_that_waits(tmp_path):
    path = tmp_path / "t.db"

    async def story():
        async with engine_of(sending(), store=f"sqlite:///{path}") as engine:
            with closing(sqlite3.connect(path, isolation_level=None)) as host:
                host.execute("BEGIN IMMEDIATE")
                waiting = asyncio.create_task(engine.record("ann", "x"))
                await asyncio.sleep(0)
                assert not waiting.done()
                host.execute("ROLLBACK")
                await waiting

    run(story)


def test_what_is_wrong_is_raised_when_it_is_opened():
    async def story():
        with pytest.raises(JourneyError, match="two adapters"):
            async with AsyncEngine("sqlite://", channels=[Awaited(), Awaited()]):
                pass
        engine = AsyncEngine("sqlite://", channels=[Awaited(), Awaited()])
        with pytest.raises(JourneyError, match="two adapters"):
            await engine.record("ann", "x")
        await engine.close()

    run(story)


def test_a_closed_one_says_so_and_closing_twice_is_fine():
    async def story():
        engine = AsyncEngine("sqlite://")
        await engine.record("ann", "x")
        await engine.close()
        await engine.close()
        here = engine.record("ann", "x", connection=object())  # in this thread, at once
        for call in (engine.record("ann", "x"), here, engine.run_pending(), engine.work(until_idle=True)):
            with pytest.raises(StoreClosed):
                await call

    run(story)


def test_one_engine_serves_one_loop_after_the_other(tmp_path):
    engine = AsyncEngine(f"sqlite:///{tmp_path}/t.db", journeys=[journey(sending())], channels=[MemoryChannel("email")])

    async def story():
        await engine.identify("ann", addresses={"email": "ann@example.com"})
        await engine.record("ann", "start")
        return await engine.run_pending()

    assert [run(story), run(story)] == [1, 1]
    run(engine.close)


@pytest.mark.parametrize("value", [0, True, 1.5, 10_001])
def test_a_concurrency_that_cannot_be_is_refused(value):
    with pytest.raises(InvalidInput, match="concurrency="):
        AsyncEngine("sqlite://", concurrency=value)


def test_importing_touchpoint_and_a_synchronous_engine_load_no_asyncio():
    script = "import sys, touchpoint; touchpoint.Engine('sqlite://').close(); print('asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


# --- asynchronous adapters, and functions -----------------------------------------------------------------------------


def test_a_synchronous_engine_refuses_asynchronous_adapters_and_names_the_one_that_takes_them():
    assert isinstance(Awaited(), AsyncAdapter)
    with pytest.raises(InvalidInput, match=r"channel 'email' is asynchronous.*touchpoint\.AsyncEngine"):
        Engine("sqlite://", channels=[Awaited()])


def test_a_synchronous_engine_refuses_asynchronous_functions():
    async def act(request):
        pass

    with pytest.raises(InvalidInput, match=r"function 'act' is asynchronous.*touchpoint\.AsyncEngine"):
        Engine("sqlite://", functions={"act": act})


def test_asynchronous_adapters_are_awaited_at_the_same_time_up_to_the_bound():
    people, most = [f"c{n}" for n in range(12)], []
    inside, full, go = set(), asyncio.Event(), asyncio.Event()

    async def act(request):
        inside.add(request.key)
        most.append(len(inside))
        if len(inside) == 4:
            full.set()
        await go.wait()
        inside.discard(request.key)
        return Accepted()

    async def story():
        async with engine_of(sending(), channels=[Awaited(act)], people=people, concurrency=4) as engine:
            working = asyncio.create_task(engine.run_pending())
            await full.wait()
            go.set()
            assert await working == 12

    run(story)
    assert max(most) == 4


def test_a_slow_call_holds_up_nobody_elses_outcome():  # S11.4
    go, told = asyncio.Event(), asyncio.Event()

    async def act(request):
        if request.to.key.startswith("ann"):
            await go.wait()
        elif request.message.name == "second":
            told.set()
        return Accepted()

    second = sending(then=[Send(message("second"))])

    async def story():
        async with engine_of(second, channels=[Awaited(act)], people=("ann", "bob")) as engine:
            working = asyncio.create_task(engine.work(until_idle=True))
            await told.wait()  # his first message has its outcome, since the second one follows from it
            assert await ended(engine, "ann", "bob") == ["in_flight", "sent"]
            go.set()
            assert (await working).handed == 4

    run(story)


def test_a_synchronous_adapter_is_called_in_a_thread_and_one_call_at_a_time():
    inside, most, threads, go = [], [], set(), threading.Event()

    def act(_):
        inside.append(1)
        most.append(len(inside))
        threads.add(threading.current_thread())
        assert go.wait(PATIENT)
        inside.pop()
        return Accepted()

    async def waiting(engine):
        await asyncio.sleep(0)
        turn = engine._turns.get(asyncio.get_running_loop(), {}).get("channel email")
        return turn is not None and len(turn._waiters or ()) == 9

    async def story():
        people = [f"c{n}" for n in range(10)]
        async with engine_of(sending(), channels=[Scripted(act=act)], people=people) as engine:
            working = asyncio.create_task(engine.run_pending())
            await until(lambda: waiting(engine), True)
            go.set()
            assert await working == 10

    run(story)
    assert (max(most), threading.main_thread() in threads) == (1, False)


def test_a_provider_that_answers_nobody_is_left_alone():  # S6.8: the circuit breaker
    async def story():
        channel = Awaited(_raises, memory=days(1))
        people = [f"c{n}" for n in range(40)]
        async with engine_of(sending(), channels=[channel], people=people, concurrency=5) as engine:
            await engine.run_pending()
        assert 5 <= len(channel.requests) < 20

    run(story)


def test_synchronous_adapters_that_are_thread_safe_are_called_at_the_same_time():
    together = threading.Barrier(3)
    channel = Scripted(act=lambda _: together.wait(PATIENT) is None or Accepted())
    channel._capabilities = Capabilities("email", frozenset({"email"}), remembers_keys_for=None, thread_safe=True)

    async def story():
        async with engine_of(sending(), channels=[channel], people=("ann", "bob", "cid")) as engine:
            assert await engine.run_pending() == 3

    run(story)


def test_functions_of_either_kind_are_called_and_what_they_raise_is_tried_again():
    called, failures = [], [RuntimeError("not yet")]

    async def one(request):
        called.append(("one", request.attempt))
        if failures:
            raise failures.pop()

    def two(request):
        called.append(("two", request.customer))

    async def story():
        rule = Rule("r", when="start", then=[Call("one"), Call("two")])
        clock = VirtualClock(START)
        async with engine_of(rule, functions={"one": one, "two": two}, clock=clock) as engine:
            await engine.run_pending()
            clock.advance(minutes(5))
            await engine.run_pending()

    run(story)
    assert called == [("one", 1), ("one", 2), ("two", "ann")]


async def _hangs(_):
    await asyncio.Event().wait()


async def _stubborn(_):
    for _ in range(2):  # for ever would keep the loop from ending
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


async def _raises(_):
    raise RuntimeError


async def _cancels_itself(_):
    raise asyncio.CancelledError


async def _nothing(_):
    return None


async def _refuses(_):
    return Refused(FailureCode.CONTENT_REJECTED)


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (_hangs, "unknown"), (_stubborn, "unknown"), (_raises, "unknown"), (_cancels_itself, "unknown"),
        (_nothing, "unknown"), (_refuses, "failed"),
    ],
)  # fmt: skip
def test_whatever_an_asynchronous_adapter_does_is_contained(act, status):  # S6.8
    async def story():
        async with engine_of(sending(), channels=[Awaited(act)], call_within=seconds(0.05)) as engine:
            assert await engine.run_pending() == 1
            assert await ended(engine) == [status]

    run(story)


def test_a_proof_that_comes_after_the_deadline_is_kept():  # S11.3: a late proof of sending is kept all the same
    answered = asyncio.Event()

    async def act(_):
        while True:
            try:
                await answered.wait()
            except asyncio.CancelledError:
                continue
            return Accepted("late")

    async def story():
        told, stop = asyncio.Event(), asyncio.Event()
        channel = Awaited(act, memory=days(1))
        async with engine_of(sending(), channels=[channel], call_within=seconds(0.05)) as engine:
            working = asyncio.create_task(
                engine.work(stop=stop, poll=LONG, report=lambda done: done.handed and told.set())
            )
            await told.wait()
            await until(lambda: ended(engine), ["waiting"])  # in doubt, to be repeated with its key
            answered.set()
            await until(lambda: ended(engine), ["sent"])
            stop.set()
            await working
        assert len(channel.requests) == 1

    run(story)


# --- workers ----------------------------------------------------------------------------------------------------------


def test_a_sleeping_worker_is_woken_by_what_is_recorded_and_by_its_stop():
    async def story():
        sent, stop = asyncio.Event(), asyncio.Event()

        async def act(_):
            sent.set()
            return Accepted()

        async with engine_of(sending(), channels=[Awaited(act)], people=()) as engine:
            working = asyncio.create_task(engine.work(stop=stop, poll=LONG))
            await until(lambda: asyncio.sleep(0, bool(engine._engine._bell._sleepers)), True)
            await engine.identify("ann", addresses={"email": "ann@example.com"})
            await engine.record("ann", "start")
            await sent.wait()
            stop.set()
            assert (await working).handed == 1
            assert await ended(engine) == ["sent"]

    run(story)


def test_a_stopped_worker_ends_the_calls_in_hand():
    async def story():
        begun, go, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def act(_):
            begun.set()
            await go.wait()
            return Accepted()

        async with engine_of(sending(), channels=[Awaited(act)]) as engine:
            working = asyncio.create_task(engine.work(stop=stop))
            await begun.wait()
            stop.set()
            await asyncio.sleep(0)
            go.set()
            assert (await working).handed == 1
            assert await ended(engine) == ["sent"]

    run(story)


def test_what_is_released_and_not_called_is_given_back_by_a_stopped_worker():
    async def story():
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def act(_):
            loop.call_soon_threadsafe(stop.set)
            return Accepted()

        channel = Scripted(act=act)
        people = [f"c{n}" for n in range(6)]
        async with engine_of(sending(), channels=[channel], people=people) as engine:
            await engine.work(stop=stop)
            first = Counter(await ended(engine, *people))
            assert first["in_flight"] == 0
            await engine.run_pending()
            assert Counter(await ended(engine, *people)) == {"sent": 6}
        assert set(Counter(each.key for each in channel.requests).values()) == {1}

    run(story)


def test_a_cancelled_worker_keeps_what_is_known_gives_back_the_rest_and_doubts_what_it_cut_off():
    async def story():
        begun = asyncio.Event()

        async def act(request):
            if request.to.key.startswith("bob"):
                begun.set()
                await asyncio.Event().wait()
            return Accepted()

        people = ("ann", "bob", "cid")
        channel = Awaited(act)
        # One at a time, so that cid is due but not called yet.
        async with engine_of(sending(), channels=[channel], people=people, concurrency=1) as engine:
            working = asyncio.create_task(engine.work(poll=LONG))
            await begun.wait()
            working.cancel()
            with pytest.raises(asyncio.CancelledError):
                await working
            assert await ended(engine, *people) == ["sent", "unknown", "waiting"]
        assert len(channel.requests) == 2

    run(story)


@pytest.mark.parametrize("turns", range(0, 60, 3))
def test_cancelled_at_any_moment_nothing_is_left_in_flight_or_sent_twice(turns):
    async def story():
        people = [f"c{n}" for n in range(5)]
        channel = Awaited()
        async with engine_of(sending(), channels=[channel], people=people) as engine:
            working = asyncio.create_task(engine.work(poll=LONG))
            for _ in range(turns):
                await asyncio.sleep(0)
            if turns > 30:  # the store's threads take their own time
                await until(lambda: asyncio.sleep(0, len(channel.requests) >= turns // 12), True)
            working.cancel()
            with pytest.raises(asyncio.CancelledError):
                await working
            status = await ended(engine, *people)
            assert set(status) <= {"sent", "waiting", "unknown"}
            await engine.run_pending()
            assert set(Counter(each.key for each in channel.requests).values()) == {1}
            assert set(await ended(engine, *people)) <= {"sent", "unknown"}

    run(story)


def test_a_store_in_trouble_is_waited_for(tmp_path, caplog):  # S11.7
    path = tmp_path / "t.db"

    async def story():
        async with engine_of(sending(), store=SqliteStore(str(path), timeout=seconds(0.01))) as engine:
            with closing(sqlite3.connect(path, isolation_level=None)) as host:
                host.execute("BEGIN IMMEDIATE")
                with pytest.raises(StoreBusy):
                    await engine.run_pending()
                free = lambda told: told.troubles == 2 and host.in_transaction and host.execute("ROLLBACK")  # noqa: E731
                assert (await engine.work(until_idle=True, report=free)).handed == 1
            assert await ended(engine) == ["sent"]

    run(story)
    assert "waits for the store: StoreBusy" in caplog.text


def test_a_damaged_customer_is_left_out_and_the_others_are_served(tmp_path, caplog):  # S11.4
    caplog.set_level(logging.INFO)
    path = tmp_path / "t.db"
    people = ("ann", "bob", "cid")

    async def story():
        async with engine_of(sending(), store=f"sqlite:///{path}", people=people) as engine:
            with closing(sqlite3.connect(path)) as other, other:
                other.execute("UPDATE touchpoint_customers SET state = '[1]' WHERE id = 'bob'")
            worked = await engine.work(until_idle=True)
            assert (worked.handed, worked.left_out) == (2, 1)

    run(story)
    assert "customer number 2 is left out" in caplog.text


@pytest.mark.parametrize("stop", [7, threading.Event()])
def test_what_cannot_stop_it_is_refused(stop):
    async def story():
        async with engine_of() as engine:
            with pytest.raises(InvalidInput, match=r"asyncio\.Event"):
                await engine.work(stop=stop)

    run(story)


def test_a_function_may_say_when_to_stop():
    async def story():
        channel = Awaited()
        async with engine_of(sending(), channels=[channel], people=("ann", "bob", "cid"), concurrency=1) as engine:
            await engine.work(stop=lambda: len(channel.requests) >= 2)
            assert len(channel.requests) == 2

    run(story)


# --- the host's transactions ------------------------------------------------------------------------------------------


def test_a_call_with_a_connection_is_part_of_the_hosts_transaction(tmp_path):  # S6.3
    path = tmp_path / "t.db"

    async def story():
        async with engine_of(sending(), store=f"sqlite:///{path}", people=()) as engine:
            with closing(sqlite3.connect(path, isolation_level=None)) as host:
                host.execute("BEGIN IMMEDIATE")
                await engine.record("ann", "start", id="1", connection=host)
                host.execute("ROLLBACK")
                assert (await engine.record("ann", "start", id="2")).duplicate is False
                host.execute("BEGIN IMMEDIATE")
                assert (await engine.record("ann", "start", id="1", connection=host)).duplicate is False
                host.execute("COMMIT")
                assert (await engine.record("ann", "start", id="1")).duplicate is True

    run(story)


def test_preflight_is_asked_of_asynchronous_adapters_too():
    class Strict(Awaited):
        def preflight(self, message, to=None):  # noqa: ARG002 - part of the port
            return Preflight(problems=(Failure(FailureCode.CONTENT_REJECTED),))

    async def story():
        channel = Strict()
        async with engine_of(sending(content=Content(text="x")), channels=[channel]) as engine:
            await engine.run_pending()
            assert (await ended(engine), channel.requests) == (["failed"], [])

    run(story)


def test_what_waits_is_done_when_it_is_due():
    async def story():
        clock = VirtualClock(START)
        rule = Rule("r", when="start", then=[Wait(days(1)), Send(message())])
        async with engine_of(rule, clock=clock) as engine:
            assert await engine.run_pending() == 0
            assert await engine.next_due() == START + days(1)
            clock.advance(days(1))
            assert await engine.run_pending() == 1

    run(story)
