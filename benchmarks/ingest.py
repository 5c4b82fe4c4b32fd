"""`python -m benchmarks ingest`: touchpoints of workload W recorded durably, beside plain `sqlite3` doing as much.

The engine takes `record_many` of 1,000 at full sync, with all that follows from them. Beside it, in turns:

- *the same rows*: what the engine has just written, row by row, by `executemany` of plain `sqlite3` into a copy of
  the store. The least that any library with these tables could do: it decides nothing.
- *the usual layout*: the same touchpoints in a table with a random unique key and an index over customers, and the same
  states of customers, as most would lay it out.
- *alone*: a `record` for each touchpoint, beside plain transactions that write the same rows. A commit waits for the
  disk most of the time, so that is told by the clock on the wall as well.

Workers hand over what is due between the rounds; that is not measured. Bytes are those of the write-ahead log: frames
written times their size, which no clock can blur.
"""

import random  # noqa: TID251 - keys that nobody can foretell
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from statistics import mean
from typing import Any, Final, NoReturn, Self

import attrs

from benchmarks.delivery import Noting, Seconds, Writes, timed
from benchmarks.measure import Size, Timing, set_aside
from benchmarks.results import Demand, Result, at_least, compared, counted
from benchmarks.workload import JOURNEY, POLICY, START, Act, Person, Workload, make
from touchpoint import Engine, Touchpoint, VirtualClock
from touchpoint.channels import MemoryChannel
from touchpoint.stores._changes import WAYS
from touchpoint.stores._sql import SqliteTransaction
from touchpoint.stores.base import Changes

SAME: Final = at_least(0.65, 0.75)
USUAL: Final = at_least(1.4, 1.7)
SINGLE: Final = at_least(0.7, 0.8)
LOG: Final = Demand(4_500, 1_000, unit="bytes")
PEOPLE, ACTS, WARM, HISTORY = 20_000, 500_000, 150, 200_000
"""Who there is and what they do; batches before anything is measured; more rows in the usual layout."""
SINGLES = 200
_WALL, _CPU = 0, 1
BATCH = 1_000
PRAGMAS = (
    "journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "secure_delete = ON", "cache_size = -16384",
)  # fmt: skip
CUSTOMERS = "UPDATE touchpoint_customers"
JOURNAL = "INSERT INTO touchpoint_journal"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = tuple[Any, ...]
_ALONE: Final = {way.together: way.statement for way in WAYS.values() if way.together}
"""The statement that inserts one row, by the one that inserts several."""


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


class _Told:
    """In the place of a cursor: notes which rows it is told to write, and writes none."""

    def __init__(self) -> None:
        self.writes: Writes = []
        self.rowcount = 0

    def executemany(self, statement: str, rows: Iterable[Any]) -> None:
        """Note rows, each by itself also where several are written by one statement."""
        alone = _ALONE.get(statement)
        if alone is not None:
            values = chain.from_iterable(rows)
            self.executemany(alone, zip(*[values] * alone.count("?"), strict=True))
            return
        noted = [tuple(each) for each in rows]
        if self.writes and self.writes[-1][0] == statement:
            self.writes[-1][1].extend(noted)
        else:
            self.writes.append((statement, noted))
        self.rowcount = len(noted)

    def execute(self, statement: str, values: Sequence[object] = ()) -> NoReturn:
        """No transaction of W asks while it writes."""
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
            transaction = object.__new__(SqliteTransaction)
            transaction._over, transaction._cursor = "", told  # type: ignore[assignment]
            transaction.write(changes)
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
class Round:
    """What one round took: seconds (wall, CPU) of each candidate; and of what was written rows and bytes of log."""

    ours: Seconds
    same: Seconds
    usual: Seconds
    rows: int
    log: int
    usual_log: int


class Contest:
    """The engine and its rivals, round after round, until it is closed.

    Args:
        shop: what is measured.
        folder: where the rivals have their files.
        history: rows that the conventional layout has beside those of the shop.
    """

    def __init__(self, shop: Shop, folder: Path, history: int) -> None:
        self._shop = shop
        shop.engine.store.checkpoint()
        shutil.copy(shop.path, folder / "same.db")
        self._same = Plain(folder / "same.db")
        self._usual = Usual(folder / "usual.db", shop.path, history)

    def batch(self) -> Round:
        """One batch, and what is due after it, which is not measured."""
        batch = self._shop.take(BATCH)
        return self._round(lambda: self._shop.engine.record_many(batch))

    def singles(self) -> Round:
        """Touchpoints one at a time, likewise."""
        batch, engine = self._shop.take(SINGLES), self._shop.engine
        return self._round(lambda: [_record(engine, each) for each in batch])

    def _round(self, work: Callable[[], object]) -> Round:
        self._shop.engine.store.checkpoint()
        with Kept() as kept, set_aside():
            ours = timed(work)
        writes = kept.writes()
        same, log = self._same.measured(writes)
        usual, usual_log = self._usual.measured(self._usual.writes_of(writes))
        with Noting() as more:
            self._shop.engine.run_pending()
        self._same.write(more)
        return Round(ours, same, usual, sum(len(rows) for each in writes for _, rows in each), log, usual_log)

    def close(self) -> None:
        """Let go of the rivals' files."""
        self._same.connection.close()
        self._usual.connection.close()


def _record(engine: Engine, it: Touchpoint) -> None:
    engine.record(it.customer, it.type, it.properties, id=it.id, at=it.at, channel=it.channel)


@contextmanager
def opened(size: Size) -> Iterator[Contest]:
    """The contest, once the shop has run for a while."""
    warm = size.of(WARM, least=12)
    acts = BATCH * (warm + 2 * size.rounds) if size.share < 1 else ACTS
    with tempfile.TemporaryDirectory() as place:
        shop = Shop(Path(place) / "shop.db", make(PEOPLE, acts))
        shop.enrol()
        shop.live(warm)
        contest = Contest(shop, Path(place), size.of(HISTORY))
        try:
            yield contest
        finally:
            contest.close()
            shop.engine.close()


def _timing(rounds: Sequence[Round], who: str, clock: int, per: int) -> Timing:
    return Timing(tuple(getattr(each, who)[clock] / per for each in rounds))


def rows(size: Size) -> Iterator[Result]:
    """Three rows of batches, three of touchpoints one at a time."""
    with opened(size) as contest:
        batches = [contest.batch() for _ in range(size.rounds)]
        singles = [contest.singles() for _ in range(max(3, size.rounds // 4))]
    ours = _timing(batches, "ours", _CPU, BATCH)
    what = f"a touchpoint of W, in batches of {BATCH:,}"
    each = mean(found.rows for found in batches) / BATCH
    yield compared(
        what, ours, "the same rows", _timing(batches, "same", _CPU, BATCH), SAME, note=f"{each:.2f} rows each"
    )
    yield compared(what, ours, "the usual layout", _timing(batches, "usual", _CPU, BATCH), USUAL)
    log, usual = (mean(getattr(found, name) for found in batches) / BATCH for name in ("log", "usual_log"))
    yield counted("its bytes in the write-ahead log", log, "bytes", "the usual layout", usual, LOG)
    for clock, told, demand in ((_WALL, "wall clock", SINGLE), (_CPU, "CPU", None)):
        mine, plain = (_timing(singles, who, clock, SINGLES) for who in ("ours", "same"))
        yield compared(f"a touchpoint alone, {told}", mine, "the same rows", plain, demand, times_as_fast=True)
    yield counted("its bytes in the log", mean(found.log for found in singles) / SINGLES, "bytes")
