"""`python -m benchmarks.releases`: how long a preview over many live runs takes, and a release, in how much memory.

    python -m benchmarks.releases --runs 1000000

The customers are written straight into the store, as the engine would have left them; making them is not measured.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from touchpoint import Content, Engine, Journey, Message, Rule, Send, VirtualClock, Wait, WaitFor, days, months
from touchpoint.core.records import state_from_record, state_to_record
from touchpoint.model.release import Preview
from touchpoint.stores.base import Changes, CustomerRow, RunRow, Store
from touchpoint.stores.codec import dumps, loads

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
BATCH = 5_000


def message(name: str) -> Message:
    """Any message."""
    return Message(name, why="a benchmark", kind="service", channels=["email"], content=Content(text=name))


def journey(*, changed: bool = False) -> Journey:
    """A journey in which people wait at four places; changed in each of them."""
    return Journey(
        "shop",
        rules=[
            Rule("short", when="a", then=[Wait(days(5 if changed else 9)), Send(message("one"))]),
            Rule("long", when="b", then=[Wait(months(2)) if changed else Wait(days(30)), Send(message("two"))]),
            Rule("wait", when="c", then=[WaitFor("d", timeout=days(40 if changed else 20)), Send(message("three"))]),
            Rule("gone", when="e", then=[*([] if changed else [Wait(days(7))]), Send(message("four"))]),
        ],
    )


def fill(store: Store, runs: int, patterns: list[CustomerRow]) -> None:
    """Copy a few customers, each with a live run, until there are as many as that."""
    made = 0
    parsed = [(row, state_from_record(row.id, _no_profile(row), loads(row.state))) for row in patterns]
    while made < runs:
        changes = Changes()
        with store.transaction() as tx:
            for n in range(made, min(made + BATCH, runs)):
                row, state = parsed[n % len(parsed)]
                no, run_no = tx.counters.customer, tx.counters.run
                tx.counters.customer += 1
                tx.counters.run += 1
                (run,) = state.runs
                run.no, run.id = run_no, f"{n:032x}"
                changes.new_customers.append(
                    CustomerRow(no, f"customer-{n}", row.profile, dumps(state_to_record(state)), 0, row.due)
                )
                changes.dues.append((None, row.due, no))
                changes.runs.append(
                    RunRow(run_no, run.id, no, run.journey, run.rule, None, "x", run.started, None, None)
                )
            tx.write(changes)
        made += BATCH


def _no_profile(row: CustomerRow):  # noqa: ANN202 - of a private room
    from touchpoint.core.records import profile_from_record

    return profile_from_record(loads(row.profile))


def peak() -> int:
    """MB, of the whole process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class Timed:
    """Seconds of the wall and of the CPU since it was made, and by how much the peak of memory has grown."""

    def __init__(self) -> None:
        self._wall, self._cpu, self._peak = time.perf_counter(), time.process_time(), peak()

    def tell(self, what: str) -> None:
        """Print them."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        print(f"{what}: {wall:.1f} s ({cpu:.1f} s of CPU), peak memory {peak()} MB (+{peak() - self._peak} MB)")


def patterns(engine: Engine) -> Iterator[str]:
    """One customer at each of the places."""
    for each in ("a", "b", "c", "e"):
        engine.record(each, each)
        yield each


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.releases", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="how many live runs")
    parser.add_argument("--pass", dest="passes", action="store_true", help="also take everybody through the release")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clock = VirtualClock(START)
        store = f"sqlite:///{Path(folder) / 'benchmark.db'}"
        with Engine(store, journeys=[journey()], clock=clock, durability="fast") as engine:
            people = list(patterns(engine))
            with engine.store.reading() as reader:
                rows = reader.customers(people)
            fill(engine.store, options.runs - len(people), rows)
            clock.until(START + timedelta(days=6))
            measure(engine, passes=options.passes)


def measure(engine: Engine, *, passes: bool) -> None:
    """Preview, release and, if asked, the pass through everybody."""
    new, timed = journey(changed=True), Timed()
    found: Preview = engine.preview_release(new)
    timed.tell(f"preview of {found.runs:,} live runs")
    print(attrs.evolve(found, notes=()))
    timed = Timed()
    engine.release(new, confirm=found.token, by="benchmark")
    timed.tell("release")
    if passes:
        timed = Timed()
        engine.run_pending()
        timed.tell("everybody has met it")


if __name__ == "__main__":
    main()
