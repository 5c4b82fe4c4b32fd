"""The orders of `benchmarks.recording` as aggregates of `eventsourcing`, used as its documentation shows."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Self

import attrs

EVERY: Final = 10
"""Events between two snapshots."""
CACHED: Final = {
    "AGGREGATE_CACHE_MAXSIZE": "10000", "AGGREGATE_CACHE_FASTFORWARD": "n", "DEEPCOPY_FROM_AGGREGATE_CACHE": "n",
}  # fmt: skip
Fact = tuple[str, Mapping[str, Any]]
"""(customer, what was ordered)."""


class Shop:
    """An application with an aggregate for each customer."""

    def __init__(self, application: Any, customer: Callable[[], Any]) -> None:  # noqa: ANN401 - of a peer
        self.application = application
        self.customer = customer
        self.ids: dict[str, Any] = {}

    def opened(self, customers: Sequence[str]) -> Self:
        """With customers who have not ordered yet."""
        for each in customers:
            aggregate = self.customer()
            self.application.save(aggregate)
            self.ids[each] = aggregate.id
        return self

    def one_by_one(self, facts: Sequence[Fact]) -> None:
        """Each in a transaction of its own."""
        application, ids = self.application, self.ids
        for who, ordered in facts:
            aggregate = application.repository.get(ids[who])
            aggregate.ordered(**ordered)
            application.save(aggregate)

    def states_put(self, facts: Sequence[Fact]) -> None:
        """Each, and then its new state by hand: quicker than having the application take its snapshots itself."""
        application, ids = self.application, self.ids
        taken, put = self.customer.Snapshot.take, application.snapshots.put  # type: ignore[attr-defined]  # of a peer
        for who, ordered in facts:
            aggregate = application.repository.get(ids[who])
            aggregate.ordered(**ordered)
            application.save(aggregate)
            put([taken(aggregate)])

    def all_together(self, facts: Sequence[Fact]) -> None:
        """In batches of 1,000: every aggregate of a batch is saved with all its events."""
        application, ids = self.application, self.ids
        for first in range(0, len(facts), 1_000):
            aggregates: dict[str, Any] = {}
            for who, ordered in facts[first : first + 1_000]:
                if who not in aggregates:
                    aggregates[who] = application.repository.get(ids[who])
                aggregates[who].ordered(**ordered)
            application.save(*aggregates.values())

    def replayed(self) -> list[Any]:
        """All aggregates, made of their events anew."""
        get = self.application.repository.get
        return [get(each) for each in self.ids.values()]

    def kept(self) -> dict[str, tuple[int, int, str]]:
        """By customer: how many orders, of what amount, and the stage."""
        found = zip(self.ids, self.replayed(), strict=True)
        return {who: (each.orders, each.amount, each.stage) for who, each in found}

    def close(self) -> None:
        """Close its store."""
        self.application.close()


@attrs.frozen
class Shops:
    """What opens a shop on a file, or with None in memory.

    `stated` keeps aggregates and takes a snapshot of each event, so that its state is stored with it as ours is;
    `putting` keeps aggregates and leaves snapshots to whoever puts them; `cached` keeps aggregates and takes a snapshot
    now and then, `plain` takes those alone, `bare` does neither.
    """

    stated: Callable[[str | None], Shop]
    putting: Callable[[str | None], Shop]
    cached: Callable[[str | None], Shop]
    plain: Callable[[str | None], Shop]
    bare: Callable[[str | None], Shop]


def shops(module: ModuleType) -> Shops:
    """The orders of customers as aggregates."""
    domain, application = (import_module(f"{module.__name__}.{part}") for part in ("domain", "application"))

    class Customer(domain.Aggregate):  # type: ignore[misc, name-defined]
        @domain.event("Came")  # type: ignore[untyped-decorator]
        def __init__(self) -> None:
            self.orders = 0
            self.amount = 0
            self.stage = ""

        @domain.event("Ordered")  # type: ignore[untyped-decorator]
        def ordered(self, amount: int, category: str, first: bool, score: int) -> None:  # noqa: ARG002, FBT001 - its facts
            self.orders += 1
            self.amount += amount
            self.stage = "regular" if self.orders >= 3 else "buyer"

    class Snapshotting(application.Application):  # type: ignore[misc, name-defined]
        snapshotting_intervals = {Customer: EVERY}  # noqa: RUF012 - as its documentation writes it

    class Stating(application.Application):  # type: ignore[misc, name-defined]
        snapshotting_intervals = {Customer: 1}  # noqa: RUF012 - likewise

    class Putting(application.Application):  # type: ignore[misc, name-defined]
        is_snapshotting_enabled = True

    class Bare(application.Application):  # type: ignore[misc, name-defined]
        pass

    def opening(made: Callable[..., Any], more: Mapping[str, str]) -> Callable[[str | None], Shop]:
        def open_on(path: str | None) -> Shop:
            on_file = {} if path is None else {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": path}
            return Shop(made(env={**on_file, **more}), Customer)

        return open_on

    return Shops(
        opening(Stating, CACHED), opening(Putting, CACHED), opening(Snapshotting, CACHED), opening(Snapshotting, {}),
        opening(Bare, {}),
    )  # fmt: skip
