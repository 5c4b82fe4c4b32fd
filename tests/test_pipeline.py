"""Hand-overs side by side on an event loop: turns at adapters, deadlines, providers that can be asked."""

import asyncio
import threading

import pytest

from awaiting import LONG, PATIENT, Awaited, ended, engine_of, run, until
from making import START, Scripted, sending
from touchpoint import Call, Rule, VirtualClock, days, hours, seconds
from touchpoint.core import delivery as core
from touchpoint.engine import pipeline
from touchpoint.model.delivery import Accepted, Ambiguous, Capabilities, Refused

SHORT = seconds(0.05)


@pytest.fixture
def hang():
    """Keeps calls in threads waiting until the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


# --- turns ------------------------------------------------------------------------------------------------------------


def test_who_waits_too_long_for_a_turn_is_given_back_and_called_later(
    monkeypatch, hang
):  # S6.8: 20 s after its release
    monkeypatch.setattr(core, "HAND_OVER_WITHIN", 0.05)
    channel = Scripted(act=lambda _: hang.wait(PATIENT) and Accepted())

    async def story():
        async with engine_of(sending(), channels=[channel], people=("ann", "bob")) as engine:

            def report(done):
                if done.groups >= 3:  # whoever waits was released again
                    hang.set()

            assert (await engine.work(until_idle=True, report=report)).handed == 2
            assert await ended(engine, "ann", "bob") == ["sent", "sent"]

    run(story)
    assert [each.attempt for each in channel.requests] == [1, 1]


def test_a_synchronous_adapter_that_hangs_is_left_behind_and_is_not_called_again_meanwhile(monkeypatch, hang):
    monkeypatch.setattr(pipeline, "_TO_SPARE", 0.0)
    monkeypatch.setattr(core, "HAND_OVER_WITHIN", 0.05)
    channel = Scripted(act=lambda _: hang.wait(PATIENT) and Accepted("late"), memory=days(1))

    async def story():
        async with engine_of(sending(), channels=[channel], people=("ann",), call_within=SHORT) as engine:
            assert await engine.run_pending() == 1
            assert await ended(engine) == ["waiting"]  # in doubt, to be repeated with its key
            await engine.identify("bob", addresses={"email": "bob@example.com"})
            await engine.record("bob", "start")
            stop = asyncio.Event()
            report = lambda done: done.groups >= 3 and hang.set()  # noqa: E731
            working = asyncio.create_task(engine.work(stop=stop, poll=LONG, report=report))
            await until(lambda: ended(engine, "bob"), ["sent"])
            stop.set()
            await working

    run(story)
    assert [each.to.key for each in channel.requests] == ["ann@example.com", "bob@example.com"]


def test_a_late_proof_from_a_thread_is_kept_by_the_worker_that_left_it(monkeypatch, hang):  # S11.3
    monkeypatch.setattr(pipeline, "_TO_SPARE", 0.0)
    channel = Scripted(act=lambda _: hang.wait(PATIENT) and Accepted("late"), memory=days(1))

    async def story():
        async with engine_of(sending(), channels=[channel], call_within=SHORT) as engine:
            stop = asyncio.Event()
            report = lambda done: done.handed and hang.set()  # noqa: E731 - given up
            working = asyncio.create_task(engine.work(stop=stop, poll=LONG, report=report))
            await until(lambda: ended(engine), ["sent"])
            stop.set()
            await working

    run(story)
    assert len(channel.requests) == 1


def test_without_a_deadline_a_call_may_take_what_it_takes():
    async def story():
        begun, go = asyncio.Event(), asyncio.Event()

        async def act(_):
            begun.set()
            await go.wait()
            return Accepted()

        async with engine_of(sending(), channels=[Awaited(act)], call_within=None) as engine:
            working = asyncio.create_task(engine.run_pending())
            await begun.wait()
            go.set()
            assert await working == 1
            assert await ended(engine) == ["sent"]

    run(story)


# --- providers that can be asked --------------------------------------------------------------------------------------


class Asked(Awaited):
    """An asynchronous provider that forgets keys, and can be asked what became of one."""

    def __init__(self, known):
        async def act(request):
            return Ambiguous("timed out") if len(self.requests) == 1 else Accepted("second")

        super().__init__(act)
        self._capabilities = Capabilities("email", {"email"}, remembers_keys_for=None, recording=True, lookup=True)
        self.known, self.asked = known, []

    async def lookup(self, key):
        self.asked.append(key)
        if isinstance(self.known, Exception):
            raise self.known
        return self.known


@pytest.mark.parametrize(
    ("known", "status", "sent"),
    [
        (Accepted("first"), "sent", 1),
        (None, "sent", 2),
        (Refused("content_rejected"), "failed", 1),
        (RuntimeError("who knows"), "waiting", 1),
    ],
)
def test_an_asynchronous_provider_is_asked_what_became_of_an_uncertain_send(known, status, sent):  # S6.8
    async def story():
        channel, clock = Asked(known), VirtualClock(START)
        async with engine_of(sending(), channels=[channel], clock=clock) as engine:
            for _ in range(3):
                await engine.run_pending()
                clock.advance(hours(1))
            assert (await ended(engine), len(channel.requests)) == ([status], sent)
            assert set(channel.asked) == {channel.requests[0].key}

    run(story)


# --- functions of the host --------------------------------------------------------------------------------------------


def test_an_asynchronous_function_that_cannot_be_called_is_tried_again():
    async def act():
        pass

    async def story():
        clock = VirtualClock(START)
        rule = Rule("r", when="start", then=[Call("act")])
        async with engine_of(rule, functions={"act": act}, clock=clock) as engine:
            assert await engine.run_pending() == 1
            clock.advance(hours(1))
            assert await engine.run_pending() == 1

    run(story)
