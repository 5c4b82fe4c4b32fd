"""`python -m benchmarks scaling`: what an event costs as unrelated rules grow, and as customers in the store grow.

Each size has an engine of its own on a file of its own, and batches of 1,000 touchpoints of random customers go
through them in turns. With the rules grow journeys in which nobody of `benchmarks.unrelated.SHOP` has a part. The
customers of a store were made by the engine, a few hundred of them, and copied through the store itself.
"""

import random  # noqa: TID251 - a seeded workload
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.measure import Size, in_rounds
from benchmarks.results import Demand, Result, at_most, compared
from benchmarks.unrelated import ACTS, SHOP, journeys
from touchpoint import Engine, Journey, Touchpoint, VirtualClock
from touchpoint.stores.base import Changes, CustomerRow, Store

START: Final = datetime(2026, 2, 10, tzinfo=UTC)
RULES: Final = (20, 2_000)
CUSTOMERS: Final = (20_000, 2_000_000)
BY_RULES: Final = at_most(1.15)
BY_CUSTOMERS: Final = at_most(1.5)
BATCH: Final = 1_000
PATTERNS: Final = 400
TOGETHER: Final = 5_000
"""Customers that are copied in one transaction."""


class Shop:
    """One engine with so many people, on a file of its own."""

    def __init__(self, path: Path, people: int, given: Sequence[Journey]) -> None:
        self.clock = VirtualClock(START)
        self.people = people
        self.engine = Engine(f"sqlite:///{path}", journeys=given, clock=self.clock)
        self._chance = random.Random(2)  # noqa: S311 - nothing secret
        first = random.Random(1)  # noqa: S311 - likewise
        self.engine.record_many(acts(first, PATTERNS * 3, min(people, PATTERNS)))
        if people > PATTERNS:
            fill(self.engine.store, people)

    def take(self) -> float:
        """One batch; seconds of CPU per event."""
        events = acts(self._chance, BATCH, self.people)
        self.clock.until(self.clock.now() + timedelta(minutes=5))
        begun = time.process_time()
        self.engine.record_many(events)
        return (time.process_time() - begun) / len(events)


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


def grown(
    what: str, sizes: tuple[int, int], demand: Demand, size: Size, make: Callable[[int], Shop]
) -> Result:  # fmt: skip
    """The larger one beside the smaller one; of less than the full size nothing is demanded."""
    many = size.of(sizes[1], least=20)
    few = min(sizes[0], many // 10)
    shops = {str(each): make(each) for each in (few, many)}
    timed = in_rounds({name: shop.take for name, shop in shops.items()}, size.rounds)
    for shop in shops.values():
        shop.engine.close()
    return compared(
        f"an event beside {many:,} {what}", timed[str(many)], f"beside {few:,}", timed[str(few)],
        demand if many >= sizes[1] else None,
    )  # fmt: skip


def rows(size: Size) -> Iterator[Result]:
    """Rules first, then customers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield grown(
            "unrelated rules", RULES, BY_RULES, size,
            lambda rules: Shop(folder / f"rules{rules}.db", PATTERNS, journeys(rules)),
        )  # fmt: skip
        yield grown(
            "customers in the store", CUSTOMERS, BY_CUSTOMERS, size,
            lambda people: Shop(folder / f"people{people}.db", people, [SHOP]),
        )  # fmt: skip
