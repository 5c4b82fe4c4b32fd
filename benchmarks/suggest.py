"""`python -m benchmarks.suggest`: how long `Engine.suggest` takes on a large store.

    python -m benchmarks.suggest --customers 100000 --asks 20000 --suggestions 40

A store is filled in a directory of its own: every customer with traits, consent and some history. Then random customers
are asked for, most of them for the first time, each by one call, and the time of each call is taken. Every eighth
answer is reported back as shown and every fortieth as declined, so that limits have something to count. With
`--writing` another thread records touchpoints all the while.
"""

import argparse
import os
import platform
import random  # noqa: TID251 - nothing is decided by it
import tempfile
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter, thread_time

from touchpoint import (
    CaseType,
    ConsentRule,
    ConsentRules,
    Content,
    Engine,
    Hold,
    Journey,
    Policy,
    Segment,
    Stage,
    Suggestion,
    Touchpoint,
    count,
    customer,
    days,
    event,
    ever,
    times,
    total,
)

PLACES = ("web.home", "store.till", "agent")
_BATCH = 2_000


def journey(suggestions: int) -> Journey:
    """A shop that could offer so many things at each of its places."""
    return Journey(
        "shop",
        stages=[
            Stage("buyer", phase="engage", when="order"),
            Stage("regular", phase="delight", when="order", given=count("order", within=days(365)) >= 3),
        ],
        segments=[Segment("lively", ever("visit", within=days(30)))],
        cases=[CaseType("complaint")],
        suggestions=[_suggestion(n) for n in range(suggestions)],
        policy=Policy(Hold(while_open=["complaint"], kinds=["marketing"], cool_off=days(7))),
    )


def _suggestion(n: int) -> Suggestion:
    return Suggestion(
        f"offer {n}",
        why="it may be of use",
        place=PLACES,
        value=customer.basket * (1 + n % 7) if n % 3 else n,
        given=(count("order", within=days(30 + n)) <= n % 4)
        & (total("order", event.sum, within=days(90)) < 50 * (n + 1)),
        content={"*": Content(text="Something for you, {customer.name|friend}"), "de": Content(text="Etwas für dich")},
        stages=("buyer", "regular") if n % 2 else (),
        segments="lively" if n % 5 == 0 else (),
        limit=times(3, per=days(30)),
        rest_after_declined=days(60),
        kind="marketing" if n % 2 else "service",
    )


def fill(engine: Engine, customers: int, draw: random.Random) -> None:
    """Give the store its customers: who they are, and up to five touchpoints each."""
    for first in range(0, customers, _BATCH):
        names = [f"c{n}" for n in range(first, min(first + _BATCH, customers))]
        with engine.together():
            for name in names:
                engine.identify(name, traits={"name": "Kim", "basket": draw.randrange(5, 200)}, locale="en")
            engine.record_many(
                Touchpoint(name, draw.choice(("order", "visit")), None, None, {"sum": draw.randrange(5, 90)})
                for name in names
                for _ in range(draw.randrange(6))
            )


def ask(engine: Engine, customers: int, asks: int, draw: random.Random) -> tuple[list[float], list[float], int]:
    """Seconds that each call took, by the clock and of this thread's processor; how many had something to offer."""
    took: list[float] = []
    worked: list[float] = []
    found = 0
    for n in range(asks):
        name, place = f"c{draw.randrange(customers)}", PLACES[n % len(PLACES)]
        begun, spent = perf_counter(), thread_time()
        offered = engine.suggest(name, place)
        worked.append(thread_time() - spent)
        took.append(perf_counter() - begun)
        found += bool(offered)
        if offered and n % 8 == 0:
            engine.suggestions.shown(name, offered[0].id)
        if offered and n % 40 == 0:
            engine.suggestions.declined(name, offered[0].id)
    return took, worked, found


def percentile(took: Sequence[float], share: float) -> float:
    """The time in milliseconds within which this share of the calls was done (nearest rank)."""
    ordered = sorted(took)
    return 1_000 * ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill, ask, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suggest", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--asks", type=int, default=10_000)
    parser.add_argument("--suggestions", type=int, default=40)
    parser.add_argument("--writing", action="store_true", help="record touchpoints in another thread meanwhile")
    parser.add_argument("--store", type=Path, help="a file to be filled if it is not there, and kept")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = given.store or Path(folder) / "suggest.db"
        if not path.exists():
            _filled(path, given)
        _measured(path, given)


def _engine(path: Path, given: argparse.Namespace) -> Engine:
    house = Policy(ConsentRules(ConsentRule(needs="no_withdrawal", channels=list(PLACES))))
    return Engine(f"sqlite:///{path}", journeys=[journey(given.suggestions)], policy=house)


def _filled(path: Path, given: argparse.Namespace) -> None:
    begun = perf_counter()
    with closing(_engine(path, given)) as engine:
        fill(engine, given.customers, random.Random(given.seed))  # noqa: S311 - a made-up shop
    size = path.stat().st_size >> 20
    print(f"filled {given.customers:,} customers in {perf_counter() - begun:.0f} s, {size} MiB")


def _measured(path: Path, given: argparse.Namespace) -> None:
    with closing(_engine(path, given)) as engine:
        stop = threading.Event()
        other = threading.Thread(target=_write, args=(engine, given.customers, stop, given.seed), daemon=True)
        if given.writing:
            other.start()
        draw = random.Random(given.seed + 2)  # noqa: S311 - likewise
        took, worked, found = ask(engine, given.customers, given.asks, draw)
        stop.set()
        if given.writing:
            other.join()
    print(f"{len(took):,} calls, {given.suggestions} suggestions at each place, {found:,} with something to offer")
    for what, seconds in (("by the clock", took), ("processor", worked)):
        told = ", ".join(f"p{share:g} {percentile(seconds, share / 100):.2f} ms" for share in (50, 95, 99, 99.9))
        print(f"{what}: {told}, longest {1_000 * max(seconds):.1f} ms")
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"Python {platform.python_version()}, {platform.machine()}, load {load}")


def _write(engine: Engine, customers: int, stop: threading.Event, seed: int) -> None:
    draw = random.Random(seed + 1)  # noqa: S311 - likewise
    while not stop.is_set():
        engine.record(f"c{draw.randrange(customers)}", "visit")


if __name__ == "__main__":
    main()
