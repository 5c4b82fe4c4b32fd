"""Processes that are at work for one customer at once; what the tests of `test_concurrency` start.

python crowd.py ACT STORE LEDGER NUMBER
"""

import json
import os
import sys
import time
from pathlib import Path

from touchpoint import Cap, Content, Emit, Engine, Journey, Message, Policy, Rule, Send, count, days, times
from touchpoint.channels.base import BaseAdapter
from touchpoint.durations import micros
from touchpoint.model.delivery import Accepted, Capabilities

PINGS = 25

JOURNEY = Journey(
    "crowd",
    rules=[
        Rule("thrice", when="ping", key="n", limit=times(3), then=[Emit("mark")]),
        Rule("fortieth", when="ping", given=count("ping") == 40, then=[Emit("fortieth")]),
        Rule("mail", when="ping", key="n", given=count("ping") > 10, then=[
            Send(Message("hello", why="a test", kind="news", channels=["email"], content=Content(text="Hello"))),
        ]),
    ],
    policy=Policy(Cap(4, per=days(1), over="deny")),
)  # fmt: skip


class Ledger(BaseAdapter):
    """Writes each call into a file, a line each."""

    def __init__(self, path):
        super().__init__(Capabilities("email", frozenset({"email"}), remembers_keys_for=None), "email")
        self.path = path

    def send(self, request):
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(fd, f"{request.key}\n".encode("ascii"))
        finally:
            os.close(fd)
        return Accepted()


def engine(store, ledger, **options):
    return Engine(f"sqlite:///{store}", journeys=[JOURNEY], channels=[Ledger(ledger)], durability="fast", **options)


def wait_for_all(store):
    """Begin when everybody is there."""
    Path(f"{store}.{os.getpid()}.ready").touch()
    while not Path(f"{store}.go").exists():
        time.sleep(0.001)


def record(made, number):
    for n in range(PINGS):
        made.record("ann", "ping", {"n": f"{number}-{n}"}, id=f"{number}-{n}")


def repeat(made, _):
    """The same touchpoints as everybody else; tells which counted here."""
    told = [n for n in range(PINGS) if not made.record("ann", "ping", {"n": str(n)}, id=str(n)).duplicate]
    print(json.dumps(told))


def deliver(made, _):
    until = time.monotonic() + 20
    while time.monotonic() < until and not Path(made.store._place.path + ".stop").exists():
        if not made.run_pending(group=2):
            time.sleep(0.001)


def withdraw(made, _):
    """Say no once something was sent, and tell the instant by which that is committed."""
    ledger = Path(made.adapters["email"].path)
    until = time.monotonic() + 20
    while not ledger.exists() and time.monotonic() < until:
        time.sleep(0.001)
    made.withdraw("ann", "news")
    print(micros(made.clock.now()))


if __name__ == "__main__":
    act, store, ledger, number = sys.argv[1:]
    with engine(store, ledger) as made:
        wait_for_all(store)
        {"record": record, "repeat": repeat, "deliver": deliver, "withdraw": withdraw}[act](made, int(number))
