"""`python -m benchmarks.delivery`: messages delivered per second, beside the raw SQLite transactions that this needs.

One worker, a memory channel, everything durable (WAL, full sync). What the engine wrote is kept, transaction by
transaction, and written once more by plain `sqlite3` into a copy of the store as it was before: the least that any
library with these tables could do. Both in wall time, since waiting for the disk is a part of it, and in CPU time; the
rounds of the two take turns, and the median counts.
"""

import argparse
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from touchpoint import Content, Engine, Journey, Message, Rule, Send, Touchpoint, VirtualClock
from touchpoint.channels import MemoryChannel
from touchpoint.stores._sql import SqliteTransaction
from touchpoint.stores.base import Changes

Writes = list[tuple[str, list[tuple[Any, ...]]]]
Seconds = tuple[float, float]

WORDS = Content(subject="Hello", text="Hello {customer.name}")
HELLO = Message("hello", why="to measure", channels=["email"], content=WORDS)
JOURNEY = Journey("shop", rules=[Rule("greet", when="start", then=[Send(HELLO)])])
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


class _Heard:
    """A cursor of which is noted what it writes."""

    def __init__(self, cursor: sqlite3.Cursor, noted: Writes) -> None:
        self._cursor, self._noted = cursor, noted

    def executemany(self, statement: str, rows: Iterable[Any]) -> None:
        """Note rows, and write them."""
        kept = [tuple(row) for row in rows]
        if kept:
            self._noted.append((statement, kept))
        self._cursor.executemany(statement, kept)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Note what is no question, and run it."""
        if not statement.startswith(("SELECT", "WITH")):
            self._noted.append((statement, [tuple(values)]))
        return self._cursor.execute(statement, values)

    @property
    def rowcount(self) -> int:
        """How many rows the last statement found."""
        return self._cursor.rowcount


class Noting:
    """Notes what the engine writes, transaction by transaction."""

    def __init__(self) -> None:
        self.transactions: list[Writes] = []
        self._write = SqliteTransaction.write

    def __enter__(self) -> list[Writes]:
        def write(transaction: SqliteTransaction, changes: Changes) -> None:
            noted: Writes = []
            self.transactions.append(noted)
            cursor = transaction._cursor  # noqa: SLF001 - through which every write goes
            transaction._cursor = _Heard(cursor, noted)  # type: ignore[assignment]  # noqa: SLF001 - likewise
            try:
                self._write(transaction, changes)
            finally:
                transaction._cursor = cursor  # noqa: SLF001 - likewise

        SqliteTransaction.write = write  # type: ignore[method-assign]
        return self.transactions

    def __exit__(self, *_: object) -> None:
        SqliteTransaction.write = self._write  # type: ignore[method-assign]


def engine_on(path: Path) -> Engine:
    """An engine on this file, at the instant at which everything is due."""
    return Engine(f"sqlite:///{path}", journeys=[JOURNEY], channels=[MemoryChannel("email")], clock=VirtualClock(START))


def prepared(path: Path, customers: int) -> None:
    """A store in which every customer has one message that is due."""
    with engine_on(path) as engine:
        for number in range(customers):
            engine.identify(
                f"c{number}", traits={"name": f"Ann {number}"}, addresses={"email": f"c{number}@example.com"}
            )
        engine.record_many(Touchpoint(f"c{number}", "start") for number in range(customers))
        engine.store.checkpoint()


def timed(work: Callable[[], object]) -> Seconds:
    """(wall, CPU) seconds that it takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def deliver(path: Path, customers: int) -> Seconds:
    """How long the engine takes for all of them."""
    with engine_on(path) as engine:
        handed: list[int] = []
        took = timed(lambda: handed.append(engine.run_pending()))
    if handed != [customers]:
        raise RuntimeError(f"{handed} of {customers} messages were handed over")
    return took


def write_raw(path: Path, transactions: list[Writes]) -> Seconds:
    """How long plain sqlite3 takes for the same writes in the same transactions."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()

    def write() -> None:
        for writes in transactions:
            connection.execute("BEGIN IMMEDIATE")
            for statement, rows in writes:
                connection.executemany(statement, rows)
            connection.execute("COMMIT")

    took = timed(write)
    connection.close()
    return took


def measure(folder: Path, customers: int, rounds: int) -> None:
    """Measure, and print the medians."""
    before = folder / "before.db"
    prepared(before, customers)
    copy = folder / "noted.db"
    shutil.copy(before, copy)
    with Noting() as transactions:
        deliver(copy, customers)
    ours, raw = [], []
    for number in range(rounds):
        one, other = folder / f"ours{number}.db", folder / f"raw{number}.db"
        shutil.copy(before, one)
        shutil.copy(before, other)
        ours.append(deliver(one, customers))
        raw.append(write_raw(other, transactions))
    print(f"{customers} messages, each to a customer of its own, in {len(transactions)} transactions; {rounds} rounds")
    for what, n in (("wall", 0), ("CPU", 1)):
        mine, plain = statistics.median(each[n] for each in ours), statistics.median(each[n] for each in raw)
        share = 100 * plain / mine
        print(
            f"{what:>4}: {customers / mine:8,.0f} messages/s; raw transactions alone {customers / plain:8,.0f}/s: "
            f"{share:.0f} % of the time is what they take"
        )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given.customers, given.rounds)


if __name__ == "__main__":
    main()
