"""`python -m benchmarks timers`: timers that are due are taken off, by the store and by a plain table with an index.

A million timers are pending, set in no order of time. Each transaction takes the next thousand off, for good or to be
due again later. One candidate is the real store through its own `due` and `write`; the other a rowid table with an
index on `due`, by plain `sqlite3` with the same settings.

The last row is the engine's: what one fired timer takes as a whole, with decision, journal and state, beside the very
same writes by plain `sqlite3`.
"""

import random  # noqa: TID251 - a seeded workload
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.delivery import Noting, Writes
from benchmarks.measure import Size, in_rounds
from benchmarks.results import Result, at_least, compared
from touchpoint import Engine, Journey, Rule, Touchpoint, VirtualClock, Wait, days
from touchpoint.durations import LAST_INSTANT, micros
from touchpoint.stores.base import Changes
from touchpoint.stores.sqlite import SqliteStore

START: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER: Final = START + timedelta(days=1)
TIMERS: Final = 1_000_000
BATCH: Final = 1_000
CUSTOMERS: Final = 2_000
DEMAND: Final = at_least(8, 15)
SPAN: Final = 10**13
PUT_OFF: Final = 10**15
JOURNEY: Final = Journey("shop", rules=[Rule("waits", when="start", then=[Wait(days(1)), Wait(days(9))])])
PRAGMAS: Final = (
    "journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "secure_delete = ON", "cache_size = -16384",
)  # fmt: skip
Take = Callable[[bool], int]
"""Takes the next batch off, to be due again later or for good; how many there were."""


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

    def take(again: bool) -> int:  # noqa: FBT001 - one of two measured things
        with store.transaction() as tx:
            found = tx.due(SPAN, BATCH)
            tx.write(Changes(dues=[(due, due + PUT_OFF if again else None, customer) for due, customer in found]))
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

    def take(again: bool) -> int:  # noqa: FBT001 - likewise
        db.execute("BEGIN IMMEDIATE")
        found = db.execute(
            "SELECT id, customer, due FROM timers WHERE due <= ? ORDER BY due LIMIT ?", (SPAN, BATCH)
        ).fetchall()
        if again:
            db.executemany("UPDATE timers SET due = ? WHERE id = ?", [(due + PUT_OFF, no) for no, _, due in found])
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


def taken(take: Take, batches: int, *, again: bool) -> float:
    """Seconds of CPU per timer."""
    begun = time.process_time()
    done = sum(take(again) for _ in range(batches))
    return (time.process_time() - begun) / done


def agenda(folder: Path, size: Size) -> Iterator[Result]:
    """The store beside the table."""
    timers = size.of(TIMERS, least=20 * BATCH)
    store, table = store_of(folder / "store.db", timers), table_of(folder / "table.db", timers)
    batches = max(1, timers // BATCH // (3 * (size.rounds + 1)))
    for again, what in ((False, "fired"), (True, "fired, and due again later")):
        timed = in_rounds(
            {
                "ours": lambda again=again: taken(store, batches, again=again),  # type: ignore[misc]
                "theirs": lambda again=again: taken(table, batches, again=again),  # type: ignore[misc]
            },
            size.rounds,
        )
        demand = DEMAND if timers >= TIMERS and not again else None
        yield compared(
            f"a timer of {timers:,} pending, {what}", timed["ours"], "rowid + index", timed["theirs"], demand,
            times_as_fast=True,
        )  # fmt: skip


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
    """Seconds of CPU that the engine takes for the first wait of all of them, per timer."""
    with engine_on(path, LATER) as engine:
        begun = time.process_time()
        engine.run_pending()
        took = time.process_time() - begun
        with engine.store.reading() as reader:
            if reader.due(LAST_INSTANT, 1)[0][0] <= micros(LATER):
                raise RuntimeError(f"not all of {customers} timers have fired")
        return took / customers


def write_raw(path: Path, transactions: list[Writes], customers: int) -> float:
    """Seconds of CPU that plain sqlite3 takes for the same writes in the same transactions, per timer."""
    db = connected(path)
    begun = time.process_time()
    for writes in transactions:
        db.execute("BEGIN IMMEDIATE")
        for statement, rows in writes:
            db.executemany(statement, rows)
        db.execute("COMMIT")
    took = time.process_time() - begun
    db.close()
    return took / customers


def whole(folder: Path, size: Size) -> Result:
    """The engine beside its writes alone."""
    customers = size.of(CUSTOMERS, least=50)
    before, used = folder / "before.db", folder / "used.db"
    prepared(before, customers)

    def anew() -> Path:
        shutil.copy(before, used)
        return used

    with Noting() as transactions:
        fired(anew(), customers)
    timed = in_rounds(
        {
            "ours": lambda: fired(anew(), customers),
            "theirs": lambda: write_raw(anew(), transactions, customers),
        },
        size.rounds,
    )
    return compared("a timer of the engine, all in all", timed["ours"], "its writes alone", timed["theirs"])


def rows(size: Size) -> Iterator[Result]:
    """The agenda alone, of which something is demanded of a million timers, and the engine's whole way."""
    with tempfile.TemporaryDirectory() as folder:
        yield from agenda(Path(folder), size)
        yield whole(Path(folder), size)
