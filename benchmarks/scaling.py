"""`python -m benchmarks.scaling`: what an event costs as unrelated rules grow, and as customers in the store grow.

Each size has an engine of its own on a file of its own; batches of 1,000 touchpoints, of random customers, go through
them in turns, and the median of the CPU time of the batches counts. `--quick` takes fewer rules and customers.

With the rules grow journeys in which nobody of `benchmarks.unrelated.SHOP` has a part. The customers of a store were
made by the engine, a few hundred of them, and copied through the store itself.
"""

import argparse
import random  # noqa: TID251 - a seeded workload
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.unrelated import ACTS, SHOP, journeys
from touchpoint import Engine, Journey, Touchpoint, VirtualClock
from touchpoint.stores.base import Changes, CustomerRow, Store

START = datetime(2026, 2, 10, tzinfo=UTC)
BATCH = 1_000
PATTERNS = 400
TOGETHER = 5_000
"""Customers that are copied in one transaction."""


class Shop:
    """One engine, and how long each batch took in it, in microseconds of CPU per event."""

    def __init__(self, path: Path, people: int, given: Sequence[Journey]) -> None:
        self.clock = VirtualClock(START)
        self.people = people
        self.engine = Engine(f"sqlite:///{path}", journeys=given, clock=self.clock)
        self.took: list[float] = []
        chance = random.Random(1)  # noqa: S311 - nothing secret
        self.take(acts(chance, PATTERNS * 3, min(people, PATTERNS)))
        if people > PATTERNS:
            fill(self.engine.store, people)
        self.took.clear()

    def take(self, events: Sequence[Touchpoint]) -> None:
        """One batch."""
        self.clock.until(self.clock.now() + timedelta(minutes=5))
        begun = time.process_time()
        self.engine.record_many(events)
        self.took.append((time.process_time() - begun) / len(events) * 1e6)


def acts(chance: random.Random, size: int, people: int) -> list[Touchpoint]:
    """What random customers do."""
    return [
        Touchpoint(f"c{chance.randrange(people):07}", chance.choice(ACTS), properties={"score": chance.randrange(6)})
        for _ in range(size)
    ]


def fill(store: Store, people: int) -> None:
    """Copy those who are there until there are as many as that."""
    with store.reading() as reader:
        known = list(reader.all_customers())
    ids = {row.id for row in known}
    names = [name for each in range(people) if (name := f"c{each:07}") not in ids]
    for first in range(0, len(names), TOGETHER):
        changes = Changes()
        with store.transaction() as tx:
            for number, name in enumerate(names[first : first + TOGETHER]):
                copied(changes, known[number % len(known)], tx.counters.customer, name)
                tx.counters.customer += 1
            tx.write(changes)
    store.checkpoint()


def copied(changes: Changes, row: CustomerRow, number: int, name: str) -> None:
    """One more customer like this one; without a timeline, which no event reads."""
    changes.new_customers.append(row._replace(no=number, id=name, head=0))
    if row.due is not None:
        changes.dues.append((None, row.due, number))


def in_turns(shops: Sequence[Shop], rounds: int) -> list[float]:
    """Microseconds of CPU per event in each: the median of their batches."""
    chances = [random.Random(2) for _ in shops]  # noqa: S311 - nothing secret
    for number in range(rounds + 1):
        for shop, chance in zip(shops, chances, strict=True):
            events = acts(chance, BATCH, shop.people)
            shop.take(events)
            if number == 0:
                shop.took.clear()  # caches are filled
    return [statistics.median(shop.took) for shop in shops]


def tell(what: str, sizes: Sequence[int], found: Sequence[float]) -> None:
    """Print how the cost grows."""
    for size, each in zip(sizes, found, strict=True):
        print(f"{size:>9,} {what}: {each:6.1f} µs of CPU per event, {each / found[0]:.2f}×")


def rules(folder: Path, sizes: Sequence[int], rounds: int) -> None:
    """How the cost grows with rules that have nothing to do with it."""
    shops = [Shop(folder / f"rules{size}.db", PATTERNS, journeys(size)) for size in sizes]
    tell("unrelated rules", sizes, in_turns(shops, rounds))


def customers(folder: Path, sizes: Sequence[int], rounds: int) -> None:
    """How the cost grows with customers in the store."""
    shops = [Shop(folder / f"customers{size}.db", size, [SHOP]) for size in sizes]
    tell("customers in the store", sizes, in_turns(shops, rounds))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.split("\n")[0])
    parser.add_argument("--rules", type=int, nargs="+", default=[20, 200, 2_000])
    parser.add_argument("--customers", type=int, nargs="+", default=[20_000, 200_000, 2_000_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="at most 400 rules and 100,000 customers, few rounds")
    given = parser.parse_args()
    rounds = 5 if given.quick else given.rounds
    most = (400, 100_000) if given.quick else (10**9, 10**9)
    with tempfile.TemporaryDirectory() as folder:
        rules(Path(folder), sorted({min(each, most[0]) for each in given.rules}), rounds)
        customers(Path(folder), sorted({min(each, most[1]) for each in given.customers}), rounds)


if __name__ == "__main__":
    main()
