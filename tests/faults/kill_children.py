"""What the processes do that are killed: record, deliver, and in the end heal.

Time runs fast in them, so that a lease of 90 seconds is over within milliseconds and nobody has to wait.
"""

import hashlib
import os
import sqlite3
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from touchpoint import Call, Content, Engine, Journey, Message, Rule, Send, Wait, minutes
from touchpoint.channels.base import BaseAdapter
from touchpoint.channels.memory import MemoryChannel
from touchpoint.durations import micros
from touchpoint.errors import StoreBusy
from touchpoint.model.delivery import Accepted, Capabilities, Refused, default_address_kind
from touchpoint.stores.sqlite import SqliteStore

SPEED = 300
"""Seconds of theirs in one of ours."""
MEMORY = timedelta(minutes=20)
"""How long the provider of e-mail remembers keys; the one of text messages does not."""
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CUSTOMERS = 40
DEFECT = os.environ.get("TOUCHPOINT_FAULT_DEFECT", "")
"""A mistake to make on purpose, so that tests can see that it is seen."""
FRESH = 10
"""New touchpoints that each thread of a recorder records; then it repeats old ones."""


def _message(name, channel):
    return Message(name, why="a test", kind="service", channels=[channel], content=Content(text=name))


JOURNEY = Journey(
    "shop",
    rules=[
        Rule("receipt", when="ordered", key="order", then=[
            Send(_message("receipt", "email")), Wait(minutes(5)), Send(_message("nudge", "sms")),
        ]),
        Rule("refund", when="returned", key="order", then=[Call("refund")]),
    ],
)  # fmt: skip


class FastClock:
    """The machine's monotonic clock, `SPEED` times as fast, for the wall as well; a round's processes have the same.

    Args:
        began: reading of the machine's clock at which it shows `START`.
    """

    def __init__(self, began):
        self.began = began
        self.ahead = 0.0

    def monotonic(self):
        return (time.monotonic() - self.began) * SPEED + self.ahead

    def now(self):
        return START + timedelta(seconds=self.monotonic())

    def timeline(self):
        return "fast"

    def until(self, at):
        """Skip the time until then: what heals does not wait."""
        self.ahead += max((at - self.now()).total_seconds(), 0.0)


class Lines:
    """A file to which whole lines are appended, each on the disk before `write` returns."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, *words):
        os.write(self.fd, (" ".join(map(str, words)) + "\n").encode("ascii"))
        os.fsync(self.fd)


class Provider(BaseAdapter):
    """A provider that writes every call to its ledger: when, over which channel, the key, and whether it sent."""

    def __init__(self, channel, ledger, clock, memory):
        kind = default_address_kind(channel)
        super().__init__(Capabilities(channel, frozenset({kind}), remembers_keys_for=memory), kind)
        self.ledger, self.clock = ledger, clock

    def send(self, request):
        luck = hashlib.sha256(f"{request.key}{request.attempt}".encode()).digest()[0]
        refused = luck < 12
        self.ledger.write(
            micros(self.clock.now()), self.capabilities.channel, request.key, "refused" if refused else "sent"
        )
        if refused:
            return Refused("provider_unavailable")
        if luck > 243:
            raise TimeoutError("the answer is lost")
        return Accepted(f"{self.capabilities.channel}-{request.key}")


class Place:
    """The files of one round."""

    def __init__(self, folder):
        folder = Path(folder)
        self.store = str(folder / "store.db")
        self.ledger = str(folder / "ledger")
        self.intents = str(folder / "intents")
        self.acknowledged = str(folder / "acknowledged")


def warm_up():
    """Load and compile everything once, in the parent: its children then begin within milliseconds."""
    with Engine("sqlite://", journeys=[JOURNEY], channels=[MemoryChannel("email"), MemoryChannel("sms")]) as made:
        made.identify("c0", addresses={"email": "c0@example.com", "phone": "+15550000000"})
        made.record("c0", "ordered", {"order": "1"})
        made.run_pending()


def engine(place, clock):
    """The engine, as every process of a round builds it."""
    ledger = Lines(place.ledger)
    memory = MEMORY if DEFECT == "a provider that only claims to remember keys" else None

    def refund(request):
        ledger.write(micros(clock.now()), "call", request.key, "sent")

    return Engine(
        SqliteStore(place.store), journeys=[JOURNEY], clock=clock, functions={"refund": refund},
        channels=[Provider("email", ledger, clock, MEMORY), Provider("sms", ledger, clock, memory)],
    )  # fmt: skip


def set_up(place, clock):
    """The customers, and a table of the host's own; not killed."""
    for path in (place.ledger, place.intents, place.acknowledged):
        Lines(path)
    with engine(place, clock) as made:
        for n in range(CUSTOMERS):
            made.identify(f"c{n}", addresses={"email": f"c{n}@example.com", "phone": f"+15550{n:06}"})
    with closing(sqlite3.connect(place.store)) as host, host:
        host.execute("CREATE TABLE orders (id TEXT PRIMARY KEY)")


def deliver(place, clock):
    """Do what is due, for ever."""
    made = engine(place, clock)
    while alive():
        if not made.run_pending(group=5):
            fold(made)
            time.sleep(0.004)  # leaves the processor to the others; nothing waits for it


def fold(made):
    """Fold the log in the middle of everything; somebody may be writing for too long."""
    with suppress(StoreBusy):
        made.store.checkpoint()


def be_born(place, clock):
    """Open a store that nobody has opened before, or somebody who died over it."""
    engine(place, clock).close()


def record(place, clock, life):
    """Record for ever, in two threads; each touchpoint is acknowledged once `record` has returned."""
    made = engine(place, clock)
    known = [line.split() for line in Path(place.intents).read_text("ascii").splitlines()]
    answered = set(Path(place.acknowledged).read_text("ascii").split())
    # What was under way when the last one died is recorded again, as a caller does who got no answer.
    torn = [words for words in known if words[1] not in answered]
    failed = []

    def guarded(*args):
        try:
            _record(*args)
        except BaseException as error:  # noqa: BLE001 - the process dies of it, and is asked why
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(made, place, torn[n::2], known, life, n)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _record(made, place, torn, known, life, thread):
    intents, acknowledged = Lines(place.intents), Lines(place.acknowledged)
    early = DEFECT == "acknowledged before the commit"
    for n in range(1_000_000):
        if not alive():
            return
        if torn:
            customer, id_, how = torn.pop()
        elif n < FRESH:
            id_, how = f"{life}-{thread}-{n}", "host" if thread and n % 3 == 0 else "own"
            customer = f"c{(life * 7 + thread * 3 + n * 11) % CUSTOMERS}"
            intents.write(customer, id_, how)
        elif known and not early:  # would mend it
            customer, id_, how = known[(life + n) % len(known)]
            time.sleep(0.002)  # likewise
        else:
            time.sleep(0.002)
            continue
        if early:
            acknowledged.write(id_)
        _record_one(made, place, customer, id_, how)
        if n % FRESH == 4:
            fold(made)
        acknowledged.write(id_)


def _record_one(made, place, customer, id_, how):
    kind = "returned" if id_.endswith("5") else "ordered"
    if how == "own":
        made.record(customer, kind, {"order": id_}, id=id_)
        return
    with closing(sqlite3.connect(place.store, isolation_level=None, timeout=10)) as host:
        host.execute("PRAGMA wal_autocheckpoint = 0")
        host.execute("BEGIN IMMEDIATE")
        host.execute("INSERT OR IGNORE INTO orders VALUES (?)", (id_,))
        made.record(customer, kind, {"order": id_}, id=id_, connection=host)
        host.execute("COMMIT")


def heal(place, clock):
    """Nothing fails any more: everything goes on to its end, and time is skipped."""
    with engine(place, clock) as made:
        for _ in range(100_000):
            made.run_pending()
            due = made.next_due()
            if due is None:
                return
            clock.until(due)
    raise RuntimeError("it never comes to an end")


_PARENT = [0]


def adopt(parent):
    """Note whose child this is, so that nobody outlives the one who counts the kills."""
    _PARENT[0] = parent


def alive():
    """Whether the parent is there still."""
    return os.getppid() == _PARENT[0]
