"""One story gives one timeline, whoever lives it: `Engine`, or `AsyncEngine` with either kind of adapter (S11.5)."""

import asyncio
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings

from playing import Played
from reference import generate
from touchpoint import AsyncEngine, DefectiveJourney
from touchpoint.channels.recording import RecordingChannel

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


class AwaitedChannel(RecordingChannel):
    """A recording channel that lets others have their turn before it answers."""

    async def send(self, request):
        await asyncio.sleep(0)
        return super().send(request)


class Blocking:
    """An `AsyncEngine` to be played on like an `Engine`: each call runs the event loop until it is done."""

    def __init__(self, engine):
        self.runner = asyncio.Runner()
        self.engine = engine
        self.runner.run(engine.__aenter__())

    def __getattr__(self, name):
        if name in {"together", "adapters"}:  # how the player prepares customers, and reads journals
            return getattr(self.engine._engine, name)

        def call(*given, **named):
            return self.runner.run(getattr(self.engine, name)(*given, **named))

        return call

    def close(self):
        self.runner.run(self.engine.close())
        self.runner.close()


class PlayedOnALoop(Played):
    """Plays on an `AsyncEngine`."""

    channel = AwaitedChannel

    def _opened(self):
        return Blocking(self.engine_of(AsyncEngine))


class PlayedInThreads(PlayedOnALoop):
    channel = RecordingChannel


def lived(how, world):
    """What each customer's journal tells, line by line; not the numbers that all customers share."""
    with closing(how(world.journeys, world.policy, world.history)) as played:
        played.play()
        return {
            name: [(each.kind, each.id, each.type, each.at, each.recorded_at, each.body, each.trace) for each in lines]
            for name in world.history.customers
            for lines in [played.journal(name)]
        }


def outcome(how, world):
    try:
        return lived(how, world)
    except DefectiveJourney as error:
        return str(error)


@settings(max_examples=60, suppress_health_check=SLOW, deadline=None)
@given(generate.worlds())
def test_with_asynchronous_adapters_every_timeline_is_the_same_line_by_line(world):
    assert outcome(PlayedOnALoop, world) == outcome(Played, world)


@settings(max_examples=15, suppress_health_check=SLOW, deadline=None)
@given(generate.worlds())
def test_with_synchronous_adapters_in_threads_every_timeline_is_the_same_line_by_line(world):
    assert outcome(PlayedInThreads, world) == outcome(Played, world)


@pytest.mark.parametrize("seed", range(10))
def test_fixed_stories_give_the_same_timelines(seed):
    world = generate.world(generate.Dice.seeded(seed))
    plain = lived(Played, world)
    assert lived(PlayedOnALoop, world) == lived(PlayedInThreads, world) == plain
    assert any(plain.values())
