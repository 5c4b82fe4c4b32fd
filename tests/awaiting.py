"""Small builders for tests of `AsyncEngine`: asynchronous channels, and engines on virtual time that reach nobody."""

import asyncio
from contextlib import asynccontextmanager

from making import START, journey
from touchpoint import AsyncEngine, VirtualClock, days
from touchpoint.channels.base import BaseAdapter
from touchpoint.model.delivery import Accepted, Capabilities

LONG = days(1)
"""A poll that no test waits for: whoever goes on was woken."""
PATIENT = 20
"""Seconds after which a test that would hang fails instead."""


class Awaited(BaseAdapter):
    """An asynchronous channel that does what a coroutine function says, and keeps the requests."""

    def __init__(self, act=None, name="email", memory=None):
        super().__init__(Capabilities(name, frozenset({name}), remembers_keys_for=memory, recording=True), name)
        self.act = act
        self.requests = []

    async def send(self, request):
        self.requests.append(request)
        return Accepted() if self.act is None else await self.act(request)


def run(story, timeout=PATIENT):
    """Run a coroutine function; one that hangs fails."""

    async def within():
        async with asyncio.timeout(timeout):
            return await story()

    return asyncio.run(within())


@asynccontextmanager
async def engine_of(*rules, channels=None, people=("ann",), store="sqlite://", **options):
    made = [Awaited()] if channels is None else channels
    parts = {"journeys": [journey(*rules)], "channels": made, "clock": VirtualClock(START)} | options
    async with AsyncEngine(store, **parts) as engine:
        for each in people:
            await engine.identify(each, addresses={"email": f"{each}@example.com"})
            await engine.record(each, "start")
        yield engine


async def ended(engine, *customers):
    return [(await engine.customer(each)).messages[0].status for each in customers or ("ann",)]


async def until(asked, answer):
    """Let others have their turn until something is so."""
    while await asked() != answer:  # noqa: ASYNC110 - nobody is to be told of it but this test
        await asyncio.sleep(0)
