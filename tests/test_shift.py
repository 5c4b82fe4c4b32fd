"""A worker on an event loop in trouble: a store that is busy, a defect, a cancellation while it ends."""

import asyncio
import sqlite3
import threading
from collections import Counter
from contextlib import closing

import pytest

from awaiting import LONG, PATIENT, Awaited, ended, engine_of, run, until
from making import START, Scripted, sending
from touchpoint import StoreBusy, StoreCorrupt, VirtualClock, minutes, seconds
from touchpoint.core import delivery as core
from touchpoint.core import settling
from touchpoint.engine import pipeline
from touchpoint.engine.delivery import Delivery
from touchpoint.model.delivery import Accepted
from touchpoint.stores.sqlite import SqliteStore

PEOPLE = ("ann", "bob", "cid", "dan")


def lock(path):
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def brief(path):
    return SqliteStore(str(path), timeout=seconds(0.01))


def failing_for(monkeypatch, module, name, customer):
    """Have a step of the core fail for one customer; returns how to have it work again."""
    real = getattr(module, name)

    def act(program, state, *rest):
        if state.id == customer:
            raise ZeroDivisionError("bob@example.com")
        return real(program, state, *rest)

    monkeypatch.setattr(module, name, act)


def awaited_by(task):
    """Names of the coroutines in which a task waits."""
    names, here = [], task.get_coro()
    while here is not None:
        names.append(getattr(here, "__name__", ""))
        here = getattr(here, "cr_await", None)
    return names


def cancel_within(monkeypatch, name, working, error=None):
    """Have a worker cancelled while its thread is in this method of the delivery, which then may fail."""
    real, loop = getattr(Delivery, name), asyncio.get_running_loop()

    def act(*args):
        cancelled = threading.Event()
        loop.call_soon_threadsafe(lambda: (working.cancel(), cancelled.set()))
        assert cancelled.wait(PATIENT)
        monkeypatch.setattr(Delivery, name, real)
        if error is not None:
            raise error
        return real(*args)

    monkeypatch.setattr(Delivery, name, act)


# --- a defect ---------------------------------------------------------------------------------------------------------


def test_a_customer_for_whom_alone_something_fails_is_left_out(monkeypatch, caplog):  # S11.4: poison blocks nobody
    failing_for(monkeypatch, core, "release", "bob")

    async def story():
        async with engine_of(sending(), people=PEOPLE) as engine:
            worked = await engine.work(until_idle=True)
            assert (worked.handed, worked.left_out) == (3, 1)
            assert await ended(engine, *PEOPLE) == ["sent", "waiting", "sent", "sent"]

    run(story)
    assert "customer number 2 is left out: ZeroDivisionError" in caplog.text
    assert "bob" not in caplog.text


def test_whoever_runs_what_is_pending_is_told_of_a_defect(monkeypatch):
    failing_for(monkeypatch, core, "release", "bob")

    async def story():
        async with engine_of(sending(), people=PEOPLE) as engine:
            with pytest.raises(ZeroDivisionError):
                await engine.run_pending()

    run(story)


def test_whoever_runs_what_is_pending_is_told_of_a_damaged_customer_when_the_others_are_served(tmp_path):  # S11.4
    path = tmp_path / "t.db"

    async def story():
        async with engine_of(sending(), store=f"sqlite:///{path}", people=PEOPLE) as engine:
            with closing(sqlite3.connect(path)) as other, other:
                other.execute("UPDATE touchpoint_customers SET state = '[1]' WHERE id = 'bob'")
            with pytest.raises(StoreCorrupt, match="customer number 2"):
                await engine.run_pending()
            assert await ended(engine, "ann", "cid", "dan") == ["sent"] * 3

    run(story)


def test_of_a_group_with_one_outcome_that_cannot_be_settled_the_others_are(monkeypatch):  # S11.4
    failing_for(monkeypatch, settling, "settle", "bob")

    async def story():
        async with engine_of(sending(), people=PEOPLE) as engine:
            await engine.work(until_idle=True)
            assert await ended(engine, *PEOPLE) == ["sent", "in_flight", "sent", "sent"]

    run(story)


def test_what_fails_before_anybody_is_looked_for_ends_the_worker_and_leaves_nobody_out():
    class Stopping(VirtualClock):
        stopped = False

        def now(self):
            if self.stopped:
                raise OSError("no clock")
            return super().now()

    clock = Stopping(START)

    async def story():
        async with engine_of(sending(), clock=clock) as engine:
            told = []
            with pytest.raises(OSError, match="no clock"):
                await engine.work(report=lambda done: told.append(done) or setattr(clock, "stopped", bool(done.handed)))
            assert [each.left_out for each in told] == [0, 0]

    run(story)


def test_a_hand_over_that_cannot_be_begun_is_given_back_and_told(monkeypatch, caplog):
    real, failures = pipeline.turn_of, [ZeroDivisionError("ann@example.com")]

    def turn_of(*args):
        if failures:
            raise failures.pop()
        return real(*args)

    monkeypatch.setattr(pipeline, "turn_of", turn_of)

    async def story():
        channel = Scripted()
        async with engine_of(sending(), channels=[channel]) as engine:
            assert (await engine.work(until_idle=True)).handed == 1
            assert (await ended(engine), channel.requests[0].attempt) == (["sent"], 1)

    run(story)
    assert "a group of hand-overs ended by ExceptionGroup" in caplog.text
    assert "ann@" not in caplog.text


# --- a store in trouble -----------------------------------------------------------------------------------------------


def test_an_outcome_that_cannot_be_written_is_kept_until_it_can(tmp_path):  # S6.8: nothing becomes uncertain for it
    path, hosts = tmp_path / "t.db", []

    async def act(_):
        hosts.append(lock(path))
        return Accepted()

    async def story():
        channel = Awaited(act)
        async with engine_of(sending(), channels=[channel], store=brief(path)) as engine:
            await engine.work(until_idle=True, report=lambda told: told.troubles and [each.close() for each in hosts])
            assert (len(channel.requests), await ended(engine)) == (1, ["sent"])

    run(story)


def test_outcomes_that_cannot_be_written_before_the_end_are_counted_and_logged(tmp_path, caplog):
    path, hosts = tmp_path / "t.db", []

    async def story():
        stop = asyncio.Event()

        async def act(_):
            hosts.append(lock(path))
            stop.set()
            return Accepted()

        async with engine_of(sending(), channels=[Awaited(act)], store=brief(path)) as engine:
            worked = await engine.work(stop=stop)
            hosts[0].close()
            assert worked.unsettled == 1

    run(story)
    assert "1 outcomes could not be written" in caplog.text


def test_at_the_end_what_the_store_does_not_take_at_once_is_tried_again(monkeypatch):  # S11.7
    real, troubles = Delivery.settle, [StoreBusy(), StoreBusy()]

    def settle(self, outcomes):
        if troubles:
            raise troubles.pop()
        real(self, outcomes)

    async def story():
        channel = Awaited()
        async with engine_of(sending(), channels=[channel]) as engine:
            monkeypatch.setattr(Delivery, "settle", settle)
            worked = await engine.work(stop=lambda: bool(channel.requests), poll=LONG)
            assert (worked.unsettled, await ended(engine)) == (0, ["sent"])

    run(story)


def test_what_is_known_of_a_hand_over_outlives_a_store_that_could_not_take_it(monkeypatch):  # S11.3, S11.7
    def busy(*_):
        raise StoreBusy

    async def story():
        channel = Awaited()
        async with engine_of(sending(), channels=[channel]) as engine:
            with monkeypatch.context() as patched:
                patched.setattr(Delivery, "settle", busy)
                with pytest.raises(StoreBusy):
                    await engine.run_pending()
            (await engine.do(lambda inner: inner.clock)).advance(minutes(5))
            await engine.run_pending()
            assert (len(channel.requests), await ended(engine)) == (1, ["sent"])

    run(story)


def test_a_last_look_that_the_store_does_not_allow_gives_the_message_back(monkeypatch):  # S6.8: nothing was called yet
    real, failures = Delivery.take, [StoreBusy()]

    def take(self, step):
        if failures:
            raise failures.pop()
        return real(self, step)

    monkeypatch.setattr(Delivery, "take", take)

    async def story():
        channel = Awaited()
        async with engine_of(sending(), channels=[channel]) as engine:
            assert await engine.run_pending() == 1
            assert (failures, len(channel.requests), await ended(engine)) == ([], 1, ["sent"])
            assert channel.requests[0].attempt == 1

    run(story)


# --- an end -----------------------------------------------------------------------------------------------------------


def test_cancelled_while_it_ends_the_calls_in_hand_it_doubts_them():
    async def story():
        begun, stop = asyncio.Event(), asyncio.Event()

        async def act(_):
            begun.set()
            await asyncio.Event().wait()

        async with engine_of(sending(), channels=[Awaited(act)], call_within=None) as engine:
            working = asyncio.create_task(engine.work(stop=stop, poll=LONG))
            await begun.wait()
            stop.set()
            await until(lambda: asyncio.sleep(0, "_finish" in awaited_by(working)), True)
            working.cancel()
            with pytest.raises(asyncio.CancelledError):
                await working
            assert await ended(engine) == ["unknown"]

    run(story)


@pytest.mark.parametrize("error", [None, StoreBusy()])
def test_cancelled_while_the_last_outcome_is_written_it_writes_it_first(monkeypatch, error):
    async def story():
        channel = Awaited()
        async with engine_of(sending(), channels=[channel]) as engine:
            working = asyncio.create_task(engine.work(stop=lambda: bool(channel.requests), poll=LONG))
            cancel_within(monkeypatch, "settle", working, error)
            with pytest.raises(asyncio.CancelledError):
                await working
            assert await ended(engine) == ["sent"]

    run(story)


@pytest.mark.parametrize("error", [None, StoreBusy()])
def test_cancelled_while_it_releases_it_gives_back_what_was_released(monkeypatch, error):
    async def story():
        channel = Awaited()
        async with engine_of(sending(), channels=[channel], people=PEOPLE) as engine:
            working = asyncio.create_task(engine.work(poll=LONG))
            cancel_within(monkeypatch, "release", working, error)
            with pytest.raises(asyncio.CancelledError):
                await working
            assert (Counter(await ended(engine, *PEOPLE)), channel.requests) == ({"waiting": 4}, [])
            assert await engine.run_pending() == 4

    run(story)


def test_an_adapter_that_interrupts_stops_the_loop_and_loses_nothing_that_is_known():  # S11.4
    called = asyncio.Event()

    async def act(request):
        if request.to.key.startswith("ann"):
            called.set()
            return Accepted()
        await called.wait()  # whoever is not called by then is given back
        raise KeyboardInterrupt

    async def story():
        async with engine_of(sending(), channels=[Awaited(act)], people=("ann", "bob")) as engine:
            with pytest.raises(KeyboardInterrupt):
                await engine.work(poll=LONG)
            assert await ended(engine, "ann", "bob") == ["sent", "unknown"]

    run(story)


def test_a_synchronous_adapter_that_asks_the_worker_to_stop_is_obeyed():
    def act(_):
        raise SystemExit(3)

    async def story():
        async with engine_of(sending(), channels=[Scripted(act=act)]) as engine:
            with pytest.raises(SystemExit, match="3"):
                await engine.work(poll=LONG)
            assert await ended(engine) == ["unknown"]

    run(story)
