"""`python -m benchmarks.timers`: timers that are due are taken off, by the store and by a plain table with an index.

    python -m benchmarks.timers --timers 1000000

A million timers are pending, set in no order of time. Each round takes the next few off in one transaction, once for
good and once to be due again later. One candidate is the real store through its own `due` and `write`; the other a
rowid table with an index on `due`, by plain `sqlite3` with the same settings. The rounds of both take turns; CPU time.

What comes after that is the engine's: how long one fired timer takes as a whole, decision, journal and state included,
and how much of it plain `sqlite3` takes for the very same writes.
"""

import argparse
import random  # noqa: TID251 - a seeded workload
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.delivery import Noting, Writes
from touchpoint import Engine, Journey, Rule, Touchpoint, VirtualClock, Wait, days
from touchpoint.durations import LAST_INSTANT
from touchpoint.stores.base import Changes
from touchpoint.stores.sqlite import SqliteStore

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SPAN = 10**13
LATER = 10**15
JOURNEY = Journey("shop", rules=[Rule("waits", when="start", then=[Wait(days(1)), Wait(days(9))])])
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "secure_delete = ON",
           "cache_size = -16384")  # fmt: skip
Take = Callable[[int, bool], int]
"""Takes that many off, to be due again later or not; how many there were."""


def pending(timers: int) -> Iterator[tuple[int, int]]:
    """(due, customer) in the order of customers."""
    chance = random.Random(1)  # noqa: S311 - likewise
    return ((chance.randrange(SPAN), customer) for customer in range(1, timers + 1))


def store_of(path: Path, timers: int) -> Take:
    """The real store."""
    store = SqliteStore(str(path))
    with store.transaction() as tx:
        tx.write(Changes(dues=[(None, due, customer) for due, customer in pending(timers)]))
    store.checkpoint()

    def take(batch: int, again: bool) -> int:  # noqa: FBT001 - one of two measured things
        with store.transaction() as tx:
            found = tx.due(SPAN, batch)
            tx.write(Changes(dues=[(due, due + LATER if again else None, customer) for due, customer in found]))
        return len(found)

    return take


def table_of(path: Path, timers: int) -> Take:
    """A rowid table with an index, as most would write it."""
    db = connected(path)
    db.execute("CREATE TABLE timers (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, due INTEGER NOT NULL)")
    db.execute("CREATE INDEX timers_due ON timers (due)")
    db.execute("BEGIN")
    db.executemany("INSERT INTO timers (due, customer) VALUES (?, ?)", pending(timers))
    db.execute("COMMIT")
    folded(db)

    def take(batch: int, again: bool) -> int:  # noqa: FBT001 - likewise
        db.execute("BEGIN IMMEDIATE")
        found = db.execute(
            "SELECT id, customer, due FROM timers WHERE due <= ? ORDER BY due LIMIT ?", (SPAN, batch)
        ).fetchall()
        if again:
            db.executemany("UPDATE timers SET due = ? WHERE id = ?", [(due + LATER, no) for no, _, due in found])
        else:
            db.executemany("DELETE FROM timers WHERE id = ?", [(no,) for no, _, _ in found])
        db.execute("COMMIT")
        if path.with_name(path.name + "-wal").stat().st_size > 4 << 20:  # where the store folds, too
            folded(db)
        return len(found)

    return take


def connected(path: Path) -> sqlite3.Connection:
    """A connection with the settings of the store."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        db.execute(f"PRAGMA {pragma}").fetchall()
    return db


def folded(db: sqlite3.Connection) -> None:
    """Fold the write-ahead log."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def compare(folder: Path, timers: int, batch: int, share: float) -> None:
    """Print how many times as fast the store is."""
    takers = {
        "the store": store_of(folder / "store.db", timers),
        "rowid + index": table_of(folder / "table.db", timers),
    }
    for again, what in ((True, "to be due again later"), (False, "for good")):
        spent = dict.fromkeys(takers, 0.0)
        done = 0
        while done < timers * share / 2:
            for name, take in takers.items():
                begun = time.process_time()
                done += take(batch, again)
                spent[name] += time.process_time() - begun
        each = {name: seconds / (done / len(takers)) * 1e6 for name, seconds in spent.items()}
        told = ", ".join(f"{name} {took:.2f} µs" for name, took in each.items())
        times = each["rowid + index"] / each["the store"]
        print(f"{timers:,} pending, {batch} at once, {what}: {told} each: {times:.1f}×")


# The engine's whole path.


def engine_on(path: Path, at: datetime) -> Engine:
    """An engine on this file at this instant."""
    return Engine(f"sqlite:///{path}", journeys=[JOURNEY], clock=VirtualClock(at))


def prepared(path: Path, customers: int) -> None:
    """A store in which every customer has a wait that is over within ten days."""
    with engine_on(path, START) as engine:
        engine.record_many(
            Touchpoint(f"c{number}", "start", at=START - timedelta(seconds=number * 7919 % 86_000))
            for number in range(customers)
        )
        engine.store.checkpoint()


def fired(path: Path, customers: int) -> float:
    """Seconds of CPU that the engine takes for the first wait of all of them."""
    with engine_on(path, START + timedelta(days=1)) as engine:
        begun = time.process_time()
        engine.run_pending()
        took = time.process_time() - begun
        with engine.store.reading() as reader:
            left = reader.due(LAST_INSTANT, 1)[0][0]
        if left < int((START + timedelta(days=1)).timestamp() * 1e6):
            raise RuntimeError(f"not all of {customers} timers have fired")
        return took


def write_raw(path: Path, transactions: list[Writes]) -> float:
    """Seconds of CPU that plain sqlite3 takes for the same writes in the same transactions."""
    db = connected(path)
    begun = time.process_time()
    for writes in transactions:
        db.execute("BEGIN IMMEDIATE")
        for statement, rows in writes:
            db.executemany(statement, rows)
        db.execute("COMMIT")
    took = time.process_time() - begun
    db.close()
    return took


def whole(folder: Path, customers: int, rounds: int) -> None:
    """Print what a fired timer costs, all in all."""
    before = folder / "before.db"
    prepared(before, customers)
    noted = folder / "noted.db"
    shutil.copy(before, noted)
    with Noting() as transactions:
        fired(noted, customers)
    ours, raw = [], []
    for number in range(rounds):
        one, other = folder / f"ours{number}.db", folder / f"raw{number}.db"
        shutil.copy(before, one)
        shutil.copy(before, other)
        ours.append(fired(one, customers) / customers * 1e6)
        raw.append(write_raw(other, transactions) / customers * 1e6)
    mine, plain = statistics.median(ours), statistics.median(raw)
    print(
        f"{customers:,} timers of the engine, in {len(transactions)} transactions: {mine:.0f} µs of CPU each; the same "
        f"writes alone {plain:.0f} µs: {mine / plain:.1f}×"
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timers", description=__doc__.split("\n")[0])
    parser.add_argument("--timers", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1_000, help="how many in one transaction")
    parser.add_argument("--share", type=float, default=0.25, help="of the timers that are taken off")
    parser.add_argument("--customers", type=int, default=5_000, help="of the engine")
    parser.add_argument("--rounds", type=int, default=5, help="of the engine")
    parser.add_argument("--quick", action="store_true", help="a tenth of all that")
    given = parser.parse_args()
    smaller = 10 if given.quick else 1
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), given.timers // smaller, given.batch, given.share)
        whole(Path(folder), given.customers // smaller, given.rounds)


if __name__ == "__main__":
    main()
