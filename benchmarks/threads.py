"""`python -m benchmarks threads`: threads that record a touchpoint each, beside plain transactions one after another.

A commit at full sync waits for the disk. Who records while another thread's commit is under way waits for it, and is
committed together with all who wait by then: so it is told by the clock on the wall how long each takes, and how many
share a commit. The peer is plain `sqlite3` in one thread, which writes what one of our threads has written, row by row,
in a transaction for each touchpoint; more threads would make it no faster, since a file has one writer.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import mean
from typing import Final

import attrs

from benchmarks.delivery import Noting, timed
from benchmarks.ingest import BATCH, Kept, Plain, Shop
from benchmarks.measure import Size, Timing, set_aside
from benchmarks.results import Result, compared
from benchmarks.workload import make
from touchpoint import Engine, Touchpoint

THREADS: Final = (1, 4, 16)
PEOPLE, WARM, EACH = 5_000, 20, 320
"""Who there is; batches before anything is measured; touchpoints of one round, of all threads together."""
_WALL: Final = 0


@attrs.define
class Round:
    """Seconds per touchpoint by the clock on the wall, and touchpoints per commit, by number of threads."""

    ours: dict[int, float]
    shared: dict[int, float]
    plain: float


def by_threads(engine: Engine, given: Sequence[Touchpoint], threads: int) -> Callable[[], object]:
    """What is measured: each of so many threads records its part, one touchpoint at a time."""

    def part(first: int) -> None:
        for it in given[first::threads]:
            engine.record(it.customer, it.type, it.properties, id=it.id, at=it.at, channel=it.channel)

    def work() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, range(threads)))

    return work


class Contest:
    """The engine, and plain `sqlite3` on a copy of its file.

    Args:
        shop: what is measured.
        copy: where the other's file is made.
        each: touchpoints of one round.
    """

    def __init__(self, shop: Shop, copy: Path, each: int) -> None:
        self._shop, self._each = shop, each
        shop.engine.store.checkpoint()
        shutil.copy(shop.path, copy)
        self.plain = Plain(copy)

    def round(self) -> Round:
        """Once with each number of threads, and once by the peer; what is due meanwhile is not measured."""
        found = Round({}, {}, 0.0)
        for threads in THREADS:
            given = self._shop.take(self._each)
            with Kept() as kept, set_aside():
                found.ours[threads] = timed(by_threads(self._shop.engine, given, threads))[_WALL] / len(given)
            writes = kept.writes()
            found.shared[threads] = len(given) / len(writes)
            took = timed(lambda writes=writes: self.plain.write(writes))[_WALL]  # type: ignore[misc]
            if threads == 1:
                found.plain = took / len(given)
            with Noting() as more:
                self._shop.engine.run_pending()
            self.plain.write(more)
        return found


def rows(size: Size) -> Iterator[Result]:
    """A row for each number of threads."""
    warm, each = size.of(WARM, least=3), size.of(EACH, least=16)
    acts = warm * BATCH + len(THREADS) * size.rounds * each
    with tempfile.TemporaryDirectory() as place:
        shop = Shop(Path(place) / "shop.db", make(PEOPLE, acts))
        with closing(shop.engine):
            shop.enrol()
            shop.live(warm)
            contest = Contest(shop, Path(place) / "plain.db", each)
            with closing(contest.plain.connection):
                rounds = [contest.round() for _ in range(size.rounds)]
    plain = Timing(tuple(found.plain for found in rounds))
    for threads in THREADS:
        ours = Timing(tuple(found.ours[threads] for found in rounds))
        shared = mean(found.shared[threads] for found in rounds)
        what = f"a touchpoint alone, by {threads} thread{'s' * (threads > 1)}, wall clock"
        yield compared(
            what, ours, "one after another", plain, times_as_fast=True, note=f"{shared:.1f} touchpoints in a commit"
        )
