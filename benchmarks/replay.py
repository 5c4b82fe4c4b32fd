"""`python -m benchmarks.replay JOURNEY EVENTS`: replays events durably, and says how fast and where the time goes."""

import argparse
import resource
import runpy
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Self

import attrs

from touchpoint import Journey, Touchpoint
from touchpoint.lab import read_events, replay
from touchpoint.lab.replay import Replay, rarely_collected

SHARES = (
    ("SQLite", ("/touchpoint/stores/_", "/touchpoint/stores/sqlite")),
    ("serialisation", ("/json/", "/touchpoint/compact", "/touchpoint/stores/codec", "/touchpoint/core/state")),
    (
        "decisions",
        ("/touchpoint/core/", "/touchpoint/policy/", "/touchpoint/journey/", "/touchpoint/model/", "/touchpoint/zones"),
    ),
    ("reading events", ("/touchpoint/lab/events", "/gzip")),
    ("engine and replay", ("/touchpoint/engine/", "/touchpoint/lab/")),
)  # fmt: skip


class Sampler:
    """Looks every 5 ms of CPU time where the program is, and counts by the innermost frame that is one of ours."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, 0.005, 0.005)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        while frame is not None:
            name = frame.f_code.co_filename
            for share, places in SHARES:
                if any(place in name for place in places):
                    self.counts[share] += 1
                    return
            frame = frame.f_back
        self.counts["other"] += 1


def shifted(events: list[str], times: int) -> Iterator[Touchpoint]:
    """The events once for each round, so that the log grows and grows.

    Each round is later by the events' whole span, and has other customers.
    """
    if times == 1:
        yield from read_events(events)
        return
    first = last = None
    for event in read_events(events):
        first, last = first or event.at, event.at
    span = (last - first + timedelta(days=1)) if first and last else timedelta(0)
    for turn in range(times):
        for event in read_events(events):
            more = {} if turn == 0 else {"customer": f"{turn}-{event.customer}", "id": f"{turn}-{event.id}"}
            yield attrs.evolve(event, at=event.at + span * turn, **more)


def main() -> None:
    """Replay what the command line names, and print the numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("journey", help="a Python file with journeys")
    parser.add_argument("events", nargs="+", help="files of events")
    parser.add_argument(
        "--times", type=int, default=1, help="replay the events this many times over, with other customers"
    )
    parser.add_argument("--plain", action="store_true", help="only measure: no sampling, which costs a little itself")
    parser.add_argument("--rounds", type=int, default=1, help="measure this often, each time into a new store")
    options = parser.parse_args()
    journeys = [each for each in runpy.run_path(options.journey).values() if isinstance(each, Journey)]
    measured = [once(journeys, options) for _ in range(max(options.rounds, 1))]
    result, size, counts, peaks = measured[0]
    print(f"{result.events:,} events of {result.customers_seen:,} customers, everything durable (full sync)")
    pace = sorted((each.events / each.cpu, each.events / each.elapsed) for each, *_ in measured)
    print(f"{pace[-1][0]:,.0f} events per CPU second, {pace[-1][1]:,.0f} per second of the wall")
    if len(pace) > 1:
        middle = median(cpu for cpu, _ in pace)
        print(f"  that is the best of {len(pace)}; the median is {middle:,.0f}, the worst {pace[0][0]:,.0f}")
    print(f"{1e6 / pace[-1][0]:.0f} µs of CPU and {size / result.events:,.0f} bytes of store per event")
    total = sum(counts.values()) or 1
    for share, n in counts.most_common():
        print(f"  {n / total:5.1%}  {share}")
    print("peak memory:", ", ".join(f"{mb} MB after {done:,}" for done, mb in peaks[1:]))


def once(
    journeys: list[Journey], options: argparse.Namespace
) -> tuple[Replay, int, Counter[str], list[tuple[int, int]]]:
    """One round: what the replay did, the bytes of its store, where the time went, and the peaks of memory."""
    kinds = sorted({message.effective_kind for journey in journeys for message in journey.messages.values()})
    peaks: list[tuple[int, int]] = []

    def progress(done: int) -> None:
        if not peaks or done >= peaks[-1][0] + 40_000:
            peaks.append((done, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))

    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "benchmark.db"
        sampler = Sampler()
        events = shifted(options.events, options.times)
        with rarely_collected(), nullcontext() if options.plain else sampler:  # as `touchpoint run` does
            result = replay(journeys, events, grant=kinds, store=f"sqlite:///{store}", progress=progress)
        return result, store.stat().st_size, sampler.counts, peaks


if __name__ == "__main__":
    main()
