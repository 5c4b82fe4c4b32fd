"""`python -m benchmarks recording`: recording events with their state, and replaying customers, beside `eventsourcing`.

Customers order things; whoever has ordered three times is a regular. Ours goes through the engine: each touchpoint is
checked, decided, and stored with the customer's new state. `eventsourcing` has an aggregate for each customer, which it
keeps in its cache, without looking whether other processes have written meanwhile and without copying it. What is
demanded is about events with their states: there it takes a snapshot of each event, which is how it stores a state.
Told beside it is what less costs: the snapshot put by hand; no state but every tenth; and what its documentation begins
with, where the aggregate is read again before each event. Both keep a file with a write-ahead log and full sync, or are
in memory alone. Both are asked what they have kept, before and after: how many orders, of what in all, and who is a
regular.

One row tells how fast it could be at all: the very rows that ours writes, by plain `sqlite3`, which decides nothing.
"""

import random  # noqa: TID251 - a seeded workload
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count as count_up
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.delivery import Writes
from benchmarks.eventsourced import Fact, Shop, Shops, shops
from benchmarks.ingest import Kept, Plain
from benchmarks.measure import Candidate, Size, Timing, interleaved
from benchmarks.peers import EVENTSOURCING, MissingPeerError
from benchmarks.results import Demand, Result, at_least, compared, not_measured, same_answers
from benchmarks.steady import settle_in
from touchpoint import Engine, Journey, Rule, Stage, Touchpoint, VirtualClock, count, total
from touchpoint.core.advance import advance
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program, compile_program
from touchpoint.core.state import State
from touchpoint.engine.recorded import occurrences, state_of

ORDERED: Final = "ordered"
CUSTOMERS: Final = 50
ORDERS: Final = 500
"""In one round, of all customers together."""
LONG: Final = 100
"""Orders of each customer who is replayed."""
START: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
BEFORE: Final = 700
"""Orders that stores have already: a process that runs for a while has written the code that pays by then."""
LATER: Final = timedelta(days=3_650)
RECORDS: Final = at_least(3, 4.5)
REPLAYS: Final = at_least(3, 5)
JOURNEY: Final = Journey(
    "orders",
    stages=[
        Stage("regular", phase="delight", when=ORDERED, given=count(ORDERED) >= 3),
        Stage("buyer", phase="engage", when=ORDERED),
    ],
    rules=[Rule("large", when=ORDERED, given=total(ORDERED, "amount") >= 1_000_000_000)],
)
Told = dict[str, tuple[int, int, str]]
"""By customer: how many orders, of what amount, and the stage."""


def touchpoints(orders: int, customers: int, first: int = 0) -> list[Touchpoint]:
    """Who orders what, a minute apart, from the first of these orders on."""
    chance = random.Random(first)  # noqa: S311 - likewise
    return [
        Touchpoint(f"c{each % customers}", ORDERED, START + timedelta(minutes=each), f"o{each}", {
            "amount": chance.randrange(10_000), "category": chance.choice("abc"), "first": each < customers,
            "score": chance.randrange(10),
        })
        for each in range(first, first + orders)
    ]  # fmt: skip


def facts_of(given: Sequence[Touchpoint]) -> list[Fact]:
    """The same, as `eventsourcing` is told."""
    return [(each.customer, dict(each.properties)) for each in given]


# Ours.


def engine_on(store: str) -> Engine:
    """An engine on this store, on a clock that stands after all of them."""
    return Engine(store, journeys=[JOURNEY], clock=VirtualClock(START + LATER), late_after=LATER)


def one_by_one(engine: Engine, given: Sequence[Touchpoint]) -> None:
    """Each in a transaction of its own."""
    for each in given:
        engine.record(each.customer, each.type, each.properties, id=each.id, at=each.at)


def all_together(engine: Engine, given: Sequence[Touchpoint]) -> None:
    """In batches of 1,000."""
    engine.record_many(given)


def replayed(engine: Engine, program: Program, customers: Sequence[str]) -> list[State]:
    """The states that deciding everything once more from the journal leads to."""
    with engine.store.reading() as reader:
        found = []
        for row in reader.customers(customers):
            state = State(row.id)
            for each in reversed(occurrences(reader.journal(row.no))):
                advance(program, state, each, each.at)
            found.append(state)
    return found


def read(engine: Engine, customers: Sequence[str]) -> list[State]:
    """Their states as they are stored."""
    with engine.store.reading() as reader:
        return [state_of(row) for row in reader.customers(customers)]


def kept(engine: Engine, customers: Sequence[str]) -> Told:
    """What the engine has kept of them."""
    told = {}
    for each in customers:
        view = engine.customer(each)
        amounts = [int(str(one.properties["amount"])) for one in view.timeline()]
        told[each] = len(amounts), sum(amounts), str(view.stage(JOURNEY.name))
    return told


# Both.


@contextmanager
def files() -> Iterator[Callable[[], str]]:
    """Gives paths for new stores, which are gone at the end."""
    with TemporaryDirectory() as folder:
        paths = (str(Path(folder) / f"{number}.db") for number in count_up())
        yield lambda: next(paths)


class Contest:
    """Both on stores of their own, which grow from round to round.

    Args:
        engine: ours.
        shop: theirs.
        orders: in one round.
    """

    def __init__(self, engine: Engine, shop: Shop, orders: int) -> None:
        self.engine, self.shop, self.orders = engine, shop, orders
        self.ids = [f"c{each}" for each in range(CUSTOMERS)]
        self.shop.opened(self.ids)
        before = touchpoints(BEFORE, CUSTOMERS)
        self.engine.record_many(before)
        self.shop.all_together(facts_of(before))
        same_answers({"ours": kept(engine, self.ids), EVENTSOURCING.distribution: shop.kept()})

    def timed(
        self, size: Size, ours: Callable[[Engine, Sequence[Touchpoint]], None],
        theirs: Callable[[Shop, Sequence[Fact]], None],
    ) -> dict[str, Timing]:  # fmt: skip
        """Both in turns, and asked once more what they have kept."""
        our_turn, their_turn = (count_up(BEFORE, self.orders) for _ in range(2))
        found = interleaved({
            "ours": Candidate(lambda given: ours(self.engine, given), self.orders, lambda: self._next(our_turn)),
            "theirs": Candidate(
                lambda given: theirs(self.shop, given), self.orders, lambda: facts_of(self._next(their_turn))
            ),
        }, size)  # fmt: skip
        same_answers({"ours": kept(self.engine, self.ids), EVENTSOURCING.distribution: self.shop.kept()})
        return found

    def _next(self, turn: Iterator[int]) -> list[Touchpoint]:
        return touchpoints(self.orders, CUSTOMERS, next(turn))


def rows(size: Size) -> Iterator[Result]:
    """Recording in a file, one by one and in batches, and in memory; then replaying, and reading what is kept."""
    try:
        opening = shops(EVENTSOURCING.load())
    except MissingPeerError as missing:
        yield not_measured("recording an event with its state", str(missing), RECORDS)
        yield not_measured("replaying a customer", str(missing), REPLAYS)
        return
    with files() as path:
        yield from _recording(size, opening, path)
        yield from _replaying(size, opening, path())


def _recording(size: Size, opening: Shops, path: Callable[[], str]) -> Iterator[Result]:
    single, by_hand = (one_by_one, Shop.one_by_one), (one_by_one, Shop.states_put)
    batch = (all_together, Shop.all_together)
    for what, (ours, theirs), shop, place, demand in (
        ("one event with its state, in a file", single, opening.stated, path, RECORDS),
        ("the same, their snapshots put by hand", by_hand, opening.putting, path, None),
        ("the same, theirs with every tenth state", single, opening.cached, path, None),
        ("the same, theirs read each time, with every tenth state", single, opening.plain, path, None),
        ("a batch of events with their states, theirs with every tenth, in a file", batch, opening.cached, path, None),
        ("one event with its state, in memory", single, opening.stated, _memory, None),
        ("the same, theirs with every tenth state", single, opening.cached, _memory, None),
    ):
        our_place, their_place = place(), place()
        store = "sqlite://" if our_place is None else f"sqlite:///{our_place}"
        with closing(engine_on(store)) as engine, closing(shop(their_place)) as opened:
            contest = Contest(engine, opened, size.of(ORDERS, least=20))
            yield _row(what, contest.timed(size, ours, theirs), demand)
    with closing(opening.cached(path())) as opened:
        orders = size.of(ORDERS, least=20)
        timed = _rows_alone(size, opened.opened([f"c{each}" for each in range(CUSTOMERS)]), path(), orders)
        yield _row("the rows of one event with its state, in a file, by plain sqlite3", timed, None)


def _rows_alone(size: Size, shop: Shop, path: str, orders: int) -> dict[str, Timing]:
    """What ours writes in each round, written by nobody who decides, beside theirs."""
    turn = count_up(BEFORE, orders)
    given = [touchpoints(orders, CUSTOMERS, next(turn)) for _ in range(size.rounds + 1)]
    written: list[list[Writes]] = []
    with closing(engine_on(f"sqlite:///{path}")) as engine:
        engine.record_many(touchpoints(BEFORE, CUSTOMERS))
        engine.store.checkpoint()
        shutil.copy(path, f"{path}.plain")
        for each in given:
            with Kept() as kept:
                one_by_one(engine, each)
            written.append(kept.writes())
    shop.all_together(facts_of(touchpoints(BEFORE, CUSTOMERS)))
    plain, our_turn, their_turn = Plain(Path(f"{path}.plain")), iter(written), iter(given)
    try:
        return interleaved({
            "ours": Candidate(plain.write, orders, lambda: next(our_turn)),
            "theirs": Candidate(shop.one_by_one, orders, lambda: facts_of(next(their_turn))),
        }, size)  # fmt: skip
    finally:
        plain.connection.close()


def _memory() -> None:
    """Where a store in memory is: nowhere."""


def _replaying(size: Size, opening: Shops, path: str) -> Iterator[Result]:
    customers = size.of(CUSTOMERS, least=3)
    given = touchpoints(customers * LONG, customers)
    ids = list(dict.fromkeys(each.customer for each in given))
    facts = facts_of(given)
    first = Occurrence(TOUCHPOINT, ORDERED, 0, "o", {"amount": 1})
    program = settle_in(compile_program([JOURNEY]), lambda: State("c0"), [first])
    with (
        closing(engine_on(f"sqlite:///{path}")) as engine,
        closing(opening.bare(f"{path}.bare").opened(ids)) as bare,
        closing(opening.plain(f"{path}.plain").opened(ids)) as plain,
    ):
        engine.record_many(given)
        bare.all_together(facts)
        plain.all_together(facts)
        again = {each.id: str(each.stage_of(JOURNEY.name)) for each in replayed(engine, program, ids)}
        same_answers({"ours": kept(engine, ids), "bare": bare.kept(), "plain": plain.kept()})
        same_answers({"ours": again, "bare": {who: stage for who, (_, _, stage) in bare.kept().items()}})
        timed = interleaved({
            "ours": Candidate(lambda _: replayed(engine, program, ids), len(given)),
            "theirs": Candidate(lambda _: bare.replayed(), len(given)),
        }, size)  # fmt: skip
        yield _row(f"an event of a customer who is replayed ({LONG} of each)", timed, REPLAYS)
        timed = interleaved({
            "ours": Candidate(lambda _: read(engine, ids), customers),
            "theirs": Candidate(lambda _: plain.replayed(), customers),
        }, size)  # fmt: skip
        yield _row("reading a customer's state, theirs from a snapshot", timed, None)


def _row(what: str, timed: dict[str, Timing], demand: Demand | None) -> Result:
    peer = EVENTSOURCING.distribution
    return compared(what, timed["ours"], peer, timed["theirs"], demand, times_as_fast=True)
