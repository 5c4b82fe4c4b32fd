"""`python -m benchmarks durable`: workload W recorded in a file at full sync, beside plain `sqlite3`.

What `benchmarks.ingest` measures, with what is demanded of it: CPU time, in turns with the same rows written by plain
`sqlite3` and with a conventional layout, and the bytes of the write-ahead log, which no clock can blur. A small size
has fewer customers and less history, so that the indexes of the conventional layout are cheaper than they will be.
"""

import statistics
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.ingest import BATCH, Measured, Shop, measure
from benchmarks.measure import Size, Timing, set_aside
from benchmarks.results import Demand, Result, at_least, compared, counted
from benchmarks.workload import make

SAME: Final = "the same rows by sqlite3"
USUAL: Final = "a conventional layout"
LOGGED: Final = Demand(4_500, 1_000, unit="bytes")


def rows(size: Size) -> Iterator[Result]:
    """Batches, bytes, and events recorded one at a time."""
    work = make(size.of(20_000), size.of(500_000, least=3_000))
    history, few = size.of(200_000), size.of(200, least=50)
    with TemporaryDirectory() as place, set_aside():
        shop = Shop(Path(place) / "shop.db", work)
        with closing(shop.engine):
            shop.enrol()
            shop.live(size.of(150))
            many = measure(shop, Path(place), size.rounds, BATCH, history, single=False)
            yield from _of_batches(many, f"the conventional layout begins with {history:,} more rows")
            singles = measure(shop, Path(place), max(1, size.rounds // 2), few, history, single=True)
            ours, same, _ = _timings(singles, few)
            yield compared("an event alone", ours, SAME, same, at_least(0.7, 0.8))


def _of_batches(found: Measured, note: str) -> Iterator[Result]:
    ours, same, usual = _timings(found, BATCH)
    what = "an event in batches of 1,000"
    yield compared(what, ours, SAME, same, at_least(0.65, 0.75))
    yield compared(what, ours, USUAL, usual, at_least(1.4, 1.7), note=note)
    log, other = (statistics.mean(bytes_ for _, bytes_ in each) / BATCH for each in (found.same, found.usual))
    yield counted("bytes in the log for it", log, "bytes", USUAL, other, LOGGED)


def _timings(found: Measured, size: int) -> tuple[Timing, Timing, Timing]:
    """CPU seconds of one event: ours, the same rows, and the conventional layout."""
    same, usual = (Timing(tuple(took[1] / size for took, _ in each)) for each in (found.same, found.usual))
    return Timing(tuple(took[1] / size for took in found.ours)), same, usual
