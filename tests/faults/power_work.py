"""The run that is recorded: an engine records and delivers on a store, and says aloud what it has acknowledged.

python power_work.py FOLDER DURABILITY TOUCHPOINTS
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from touchpoint import Content, Engine, Journey, Message, Rule, Send, VirtualClock, Wait, WaitFor, days
from touchpoint.channels.memory import MemoryChannel
from touchpoint.stores.sqlite import SqliteStore

CUSTOMERS = 20


def journey():
    def send(name):
        return Send(Message(name, why="a test", kind="service", channels=["email"], content=Content(text=name)))

    wait = WaitFor("reply", timeout=days(2), otherwise=[send("nudge")])
    return Journey(
        "shop", rules=[Rule("receipt", when="ordered", key="order", then=[send("receipt"), Wait(days(1)), wait])]
    )


def main(folder, durability, touchpoints):
    clock = VirtualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    acknowledged = os.open(Path(folder) / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def open_engine():
        store = SqliteStore(str(Path(folder) / "store.db"), durability=durability)
        return Engine(store, journeys=[journey()], channels=[MemoryChannel("email")], clock=clock)

    engine = open_engine()
    for n in range(CUSTOMERS):
        engine.identify(f"c{n}", addresses={"email": f"c{n}@example.com"})
    for n in range(touchpoints):
        engine.record(f"c{n % CUSTOMERS}", "ordered" if n % 3 else "reply", {"order": str(n)}, id=f"t{n}")
        os.write(acknowledged, f"t{n}\n".encode("ascii"))
        clock.advance(timedelta(hours=3))
        if n % 7 == 0:
            engine.run_pending()
        if n == touchpoints // 4:
            engine.store.checkpoint()
        if n == touchpoints // 2:
            engine.close()
            engine = open_engine()
    engine.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
