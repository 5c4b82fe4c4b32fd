"""`python -m benchmarks.ingest`: touchpoints of workload W recorded durably, beside plain `sqlite3` doing as much.

The engine takes `record_many` of 1,000 at full sync, with all that follows from them. Beside it, in turns:

- *the same rows*: what the engine has just written, statement by statement, by `executemany` of plain `sqlite3` into a
  copy of the store. The least that any library with these tables could do: it decides nothing.
- *conventional*: the same touchpoints in a table with a random unique key and an index over customers, and the same
  states of customers, as most would lay it out.
- *one at a time*: a `record` for each touchpoint, beside plain transactions that write the same rows.

Workers hand over what is due between the rounds; that is not measured. Bytes are those of the write-ahead log: frames
written times their size, which no clock can blur. Medians of CPU seconds; a batch is about a second apart from its
rival.
"""

import argparse
import gc
import random  # noqa: TID251 - keys that nobody can foretell
import shutil
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import attrs

from benchmarks.delivery import Noting, Seconds, Writes, timed
from benchmarks.workload import DAY, JOURNEY, POLICY, START, Act, Person, Workload, make
from touchpoint import Engine, Touchpoint, VirtualClock
from touchpoint.channels import MemoryChannel
from touchpoint.stores._sql import SqliteTransaction
from touchpoint.stores.base import Changes

BATCH = 1_000
PRAGMAS = (
    "journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "secure_delete = ON", "cache_size = -16384",
)  # fmt: skip
CUSTOMERS = "UPDATE touchpoint_customers"
JOURNAL = "INSERT INTO touchpoint_journal"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = tuple[Any, ...]


def instant(us: int) -> datetime:
    """Microseconds UTC as a datetime."""
    return EPOCH + timedelta(microseconds=us)


def touchpoint_of(act: Act, people: Sequence[Person]) -> Touchpoint:
    """An act as a host hands it in: with an id of its own, which rises with time."""
    properties = {"amount": act.amount, "score": act.score, "category": act.category, "online": act.online}
    who = people[act.customer].id
    return Touchpoint(who, act.type, instant(act.at), f"w{act.number:08}", properties, act.channel)


class Shop:
    """An engine on a file, and what is going to happen to it.

    Args:
        path: of the store; made anew.
        work: who and what.
    """

    def __init__(self, path: Path, work: Workload) -> None:
        self.path, self._work, self._next = path, work, 0
        self._clock = VirtualClock(START)
        self.engine = Engine(
            f"sqlite:///{path}", journeys=[JOURNEY], policy=POLICY, channels=[MemoryChannel("email")], clock=self._clock
        )

    def enrol(self) -> None:
        """Tell the engine who there is."""
        with self.engine.together():
            for each in self._work.people:
                self.engine.identify(
                    each.id, traits={"tier": each.tier, "age": each.age}, timezone=each.zone,
                    addresses={"email": f"{each.id}@example.com"},
                )  # fmt: skip
                self.engine.grant(each.id, "marketing")

    def take(self, size: int) -> list[Touchpoint]:
        """The next touchpoints; the clock is at the last of them."""
        some = self._work.acts[self._next : self._next + size]
        self._next += size
        self._clock.set(instant(some[-1].at))
        return [touchpoint_of(each, self._work.people) for each in some]

    def live(self, batches: int) -> None:
        """Record this many batches, and hand over what is due."""
        for _ in range(batches):
            self.engine.record_many(self.take(BATCH))
            self.engine.run_pending()


class _Told(SqliteTransaction):
    """Notes which rows it is told to write, and writes none."""

    def __init__(self) -> None:
        self.writes: Writes = []

    def _check_live(self) -> None:
        pass

    def _change(self, statement: str, rows: Sequence[Any], _what: str) -> None:
        self._many(statement, rows)

    def _many(self, statement: str, rows: Sequence[Any]) -> None:
        if rows:
            self.writes.append((statement, [tuple(each) for each in rows]))

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        raise NotImplementedError(f"{statement} of {len(values)} values is no plain write")


class Kept:
    """Keeps what the engine hands to its store, at next to no cost; `writes` says afterwards which rows that were."""

    def __enter__(self) -> Self:
        kept = self._kept = []  # type: list[Changes]
        self._write = write = SqliteTransaction.write

        def noted(transaction: SqliteTransaction, changes: Changes) -> None:
            kept.append(changes)
            write(transaction, changes)

        SqliteTransaction.write = noted  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        SqliteTransaction.write = self._write  # type: ignore[method-assign]

    def writes(self) -> list[Writes]:
        """What was written, transaction by transaction."""
        found = []
        for changes in self._kept:
            told = _Told()
            told.write(changes)
            found.append(told.writes)
        return found


def frames(path: Path) -> int:
    """Bytes of the write-ahead log beside a file."""
    log = Path(f"{path}-wal")
    return log.stat().st_size if log.exists() else 0


class Plain:
    """Plain `sqlite3` on a file, at the settings that the engine has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in PRAGMAS:
            self.connection.execute(f"PRAGMA {pragma}").fetchall()

    def write(self, transactions: Sequence[Writes]) -> None:
        """Write rows as they were written, in the same transactions."""
        execute, many = self.connection.execute, self.connection.executemany
        for writes in transactions:
            execute("BEGIN IMMEDIATE")
            for statement, rows in writes:
                many(statement, rows)
            execute("COMMIT")

    def measured(self, transactions: Sequence[Writes]) -> tuple[Seconds, int]:
        """How long that takes, and how many bytes of log it makes."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return timed(lambda: self.write(transactions)), frames(self._path)


CONVENTIONAL = (
    """CREATE TABLE touchpoint (
    id TEXT PRIMARY KEY, customer INTEGER NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL, body TEXT NOT NULL, trace TEXT
)""",
    "CREATE INDEX touchpoint_customer ON touchpoint (customer)",
    """CREATE TABLE customer (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, profile TEXT NOT NULL, state TEXT NOT NULL
)""",
)
PUT_TOUCHPOINT = "INSERT INTO touchpoint VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
PUT_STATE = "UPDATE customer SET state = ? WHERE no = ?"


class Usual(Plain):
    """The conventional layout, with the history that the store has.

    Args:
        path: of the file; made anew.
        store: whose touchpoints and customers it begins with.
        more: rows of history to make up beside, so that its indexes are as large as they will be.
    """

    def __init__(self, path: Path, store: Path, more: int) -> None:
        super().__init__(path)
        self._chance = random.Random(1)  # noqa: S311 - nothing secret
        for statement in CONVENTIONAL:
            self.connection.execute(statement)
        with sqlite3.connect(store) as source:
            people = source.execute("SELECT no, id, profile, state FROM touchpoint_customers").fetchall()
            known = source.execute(f"SELECT {_ENTRY} FROM touchpoint_journal").fetchall()  # noqa: S608 - its columns
        source.close()
        filled = [known[n % len(known)] for n in range(len(known) + more)]
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO customer VALUES (?, ?, ?, ?)", people)
        self.connection.executemany(PUT_TOUCHPOINT, [self._row(each) for each in filled])
        self.connection.execute("COMMIT")

    def _row(self, entry: Row) -> Row:
        return (f"{self._chance.getrandbits(128):032x}", *entry)

    def writes_of(self, transactions: Sequence[Writes]) -> list[Writes]:
        """What the same touchpoints and states are in this layout."""
        found: list[Writes] = []
        for writes in transactions:
            rows = {statement.split(" SET ")[0].split(" (")[0]: some for statement, some in writes}
            entries = [self._row(_entry_of(each)) for each in rows.get(JOURNAL, ())]
            states = [(each[_STATE], each[-1]) for each in rows.get(CUSTOMERS, ())]
            found.append([(PUT_TOUCHPOINT, entries), (PUT_STATE, states)])
        return found


_ENTRY = "customer, kind, type, at, recorded_at, body, trace"
_STATE = 1
"""Where the rows that change a customer have the state."""


def _entry_of(row: Row) -> Row:
    _, customer, _, kind, _, name, at, recorded_at, body, trace = row
    return customer, kind, name, at, recorded_at, body, trace


@attrs.define
class Measured:
    """What was measured, round by round: seconds (wall, CPU), and bytes of log."""

    ours: list[Seconds] = attrs.Factory(list)
    same: list[tuple[Seconds, int]] = attrs.Factory(list)
    usual: list[tuple[Seconds, int]] = attrs.Factory(list)
    rows: list[int] = attrs.Factory(list)


def noted(shop: Shop, batch: Sequence[Touchpoint], *, single: bool) -> tuple[Seconds, list[Writes]]:
    """How long the engine takes for a batch, and what it writes."""
    shop.engine.store.checkpoint()
    with Kept() as kept:
        if single:
            took = timed(lambda: [_record(shop.engine, each) for each in batch])
        else:
            took = timed(lambda: shop.engine.record_many(batch))
    return took, kept.writes()


def _record(engine: Engine, it: Touchpoint) -> None:
    engine.record(it.customer, it.type, it.properties, id=it.id, at=it.at, channel=it.channel)


def measure(shop: Shop, folder: Path, rounds: int, size: int, history: int, *, single: bool) -> Measured:
    """Measure the engine and its rivals in turns."""
    shop.engine.store.checkpoint()
    shutil.copy(shop.path, folder / "same.db")
    same = Plain(folder / "same.db")
    usual = Usual(folder / "usual.db", shop.path, history)
    found = Measured()
    for _ in range(rounds):
        took, transactions = noted(shop, shop.take(size), single=single)
        found.ours.append(took)
        found.rows.append(sum(len(rows) for writes in transactions for _, rows in writes))
        found.same.append(same.measured(transactions))
        found.usual.append(usual.measured(usual.writes_of(transactions)))
        with Noting() as transactions:
            shop.engine.run_pending()
        same.write(transactions)
    same.connection.close()
    usual.connection.close()
    for each in folder.glob("*.db*"):
        if each.name.startswith(("same", "usual")):
            each.unlink()
    return found


def told(found: Measured, size: int) -> Iterator[str]:
    """What was measured, in words."""
    for what, n in (("CPU", 1), ("wall", 0)):
        ours = statistics.median(each[n] for each in found.ours) / size * 1e6
        same = statistics.median(took[n] for took, _ in found.same) / size * 1e6
        usual = statistics.median(took[n] for took, _ in found.usual) / size * 1e6
        yield (
            f"  {what:>4}: {ours:7.1f} µs an event; the same rows {same:6.1f} ({same / ours:.0%} of that time); "
            f"conventional {usual:6.1f} ({usual / ours:.2f} times its rate)"
        )
    log, other = (statistics.mean(size_ for _, size_ in each) / size for each in (found.same, found.usual))
    yield f"  log: {log:,.0f} bytes an event, conventional {other:,.0f}; {statistics.mean(found.rows) / size:.2f} rows"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--warm", type=int, default=150, help="batches recorded before anything is measured")
    parser.add_argument("--rounds", type=int, default=30, help="batches measured")
    parser.add_argument("--singles", type=int, default=10, help="rounds of 200 touchpoints recorded one at a time")
    parser.add_argument("--history", type=int, default=200_000, help="more rows in the conventional layout")
    parser.add_argument("--quick", action="store_true", help="little of everything")
    given = parser.parse_args()
    if given.quick:
        given.warm, given.rounds, given.singles, given.history = 20, 8, 3, 100_000
    work = make()
    gc.freeze()  # half a million acts are no part of what is measured: the collector need not look through them
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shop = Shop(folder / "shop.db", work)
        shop.enrol()
        shop.live(given.warm)
        days = (work.acts[given.warm * BATCH].at - int(START.timestamp() * 1e6)) / DAY
        print(f"{len(work.people):,} customers, {given.warm * BATCH:,} touchpoints before ({days:.0f} days)")
        print(f"record_many of {BATCH:,}, full sync, {given.rounds} rounds")
        for line in told(measure(shop, folder, given.rounds, BATCH, given.history, single=False), BATCH):
            print(line)
        print(f"record, one at a time, full sync, {given.singles} rounds of 200")
        for line in told(measure(shop, folder, given.singles, 200, given.history, single=True), 200):
            print(line)
        shop.engine.close()


if __name__ == "__main__":
    main()
