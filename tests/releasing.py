"""A shop whose journey is released anew while people are in it, in processes that are killed.

    python tests/releasing.py STORE LOG MODE PEOPLE

works on the store until nothing is due any more, with virtual time that goes on where the last process was, and
releases once, in the midst. The log has a line for each message that the provider was handed.
"""

import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from touchpoint import (
    Branch,
    CaseType,
    Content,
    Emit,
    Engine,
    Exit,
    Journey,
    Message,
    OpenCase,
    Rule,
    Send,
    VirtualClock,
    Wait,
    WaitFor,
    days,
    hours,
    trigger,
)  # fmt: skip
from touchpoint.channels.base import BaseAdapter
from touchpoint.durations import instant, micros
from touchpoint.model.delivery import Accepted, Capabilities
from touchpoint.stores.sqlite import SqliteStore

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RELEASED = START + timedelta(days=4, hours=1)
"""An hour after people came: what was in a killed process's hands is taken over two minutes later (S11.3), and the same
things are to happen in the same order all the same. For the same reason nobody answers just when a wait ends."""
ANSWER = 35
"""Hours after somebody joined."""
KINDS = 7
"""Of people: how far they have got when the release comes depends on it."""


def message(name):
    return Message(name, why="a test", kind="service", channels=["line"], content=Content(text=name), expires=days(30))


HELP = CaseType("help")
OLD = Journey("shop", cases=[HELP], rules=[
    Rule("tour", when="joined", then=[
        Send(message("hello")), Wait(days(1)), Send(message("tips")),
        WaitFor("answered", timeout=days(2), then=[Send(message("glad"))], otherwise=[Send(message("well"))]),
        Branch(trigger.n >= 3, then=[Send(message("vip")), Wait(days(1), id="pause")], otherwise=[OpenCase("help")]),
        Send(message("gone")), Wait(days(3), id="long"), Send(message("last")),
    ]),
    Rule("box", when="joined", then=[Wait(hours(60)), Send(message("box")), Wait(days(2)), Send(message("bill"))]),
    Rule("old", when="joined", then=[Wait(days(5)), Send(message("never"))]),
])  # fmt: skip
NEW = Journey("shop", cases=[HELP], rules=[
    Rule("walk", when="joined", was="tour", then=[
        Send(message("hello")), Send(message("extra")), Wait(hours(12)), Send(message("tips")),
        WaitFor("answered", timeout=days(1), then=[Send(message("glad"))], otherwise=[Send(message("well"))]),
        Branch(trigger.n >= 3, then=[Send(message("vip"))], otherwise=[OpenCase("help")]),
        Emit("came_by"), Wait(days(2), id="longest", was="long"), Send(message("last")), Send(message("more")),
    ]),
    Rule("box", when="joined", then=[Wait(days(3)), Send(message("box")), Wait(days(2)), Send(message("bill"))]),
])  # fmt: skip


def to_the_end(step, facts):
    """A migration: whoever is far is sent to the last message, whoever has the box leaves, others follow."""
    if facts.rule == "box":
        return Exit("moved out") if "send:box" in facts.visited else None
    return "send:last" if "send:well" in facts.visited or "send:glad" in facts.visited else None


class Line(BaseAdapter):
    """Writes down what it was handed, and can be asked what it has written."""

    def __init__(self, path):
        super().__init__(
            Capabilities("line", frozenset({"line"}), remembers_keys_for=None, lookup=True, recording=True), "line"
        )
        self._path = Path(path)

    def send(self, request):
        with self._path.open("a") as file:
            file.write(f"{request.key} {request.message.name}\n")
        return Accepted(request.key)

    def lookup(self, key):
        found = self._path.exists() and any(line.startswith(key) for line in self._path.read_text().splitlines())
        return Accepted(key) if found else None


def opened(store, log, at):
    return Engine(
        SqliteStore(store), journeys=[OLD], clock=VirtualClock(at), channels=[Line(log)], durability="fast",
        migrations={"m": to_the_end},
    )  # fmt: skip


def work(store, log, mode, people):
    """Until nothing is due any more; from wherever another process was killed."""
    clock_file = Path(f"{store}.now")
    at = instant(int(clock_file.read_text())) if clock_file.exists() else START
    with closing(opened(store, log, at)) as engine:
        acts = sorted(_acts(people), key=lambda each: each[0])
        while True:
            engine.run_pending()
            now = engine.clock.now()
            while acts and acts[0][0] <= now:
                acts.pop(0)[1](engine)
            if now >= RELEASED and len(engine.releases()) == 1 and mode:
                _release(engine, mode)
                continue
            times = [each for each in (engine.next_due(), acts[0][0] if acts else None) if each is not None]
            times += [RELEASED] if now < RELEASED else []
            if not times:
                return
            engine.clock.until(max(now, min(times)))
            scratch = Path(f"{clock_file}.new")
            scratch.write_text(str(micros(engine.clock.now())))
            scratch.replace(clock_file)


def _release(engine, mode):
    more = {"migration": "m"} if mode == "migrate" else {}
    preview = engine.preview_release(NEW, mode=mode, **more)
    engine.release(NEW, confirm=preview.token, by="chris", mode=mode, **more)


def _acts(people):
    """What happens, in the order of time; each counts once, however often it is told."""
    for hour in sorted(day * 24 + after for day in range(KINDS) for after in (0, ANSWER)):
        yield START + timedelta(hours=hour), lambda engine, hour=hour: _come(engine, people, hour)


def _come(engine, people, hour):
    for n in range(people):
        who, kind = f"p{n}", n % KINDS
        if hour == kind * 24:
            engine.identify(who, addresses={"line": who})
            engine.record(who, "joined", {"n": kind}, id=f"join-{n}")
        if hour == kind * 24 + ANSWER and n % 2:
            engine.record(who, "answered", id=f"answer-{n}")


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
