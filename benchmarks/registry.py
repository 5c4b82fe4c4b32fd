"""Which benchmarks there are: modules of this package, each with `rows(size)`, which measures and hands back results.

A new one is one line here. Modules are imported when they are run, so that one which needs more than others stops
nobody.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from typing import Final

from benchmarks.measure import Size
from benchmarks.peers import MissingPeerError
from benchmarks.results import Result, not_measured

BENCHMARKS: Final[Mapping[str, str]] = {
    "decisions": "deciding workload W, beside the same written by hand",
    "traces": "deciding workload W with the trace of every event, beside without",
    "conditions": "20 conditions on each event, beside libraries for rules",
    "stages": "transitions between stages, beside transitions",
    "recording": "recording an event with its state, and replaying one customer, beside eventsourcing",
    "ingest": "recording workload W in a file, beside plain sqlite3",
    "threads": "threads that record alone, beside plain transactions one after another",
    "quiet_hours": "asking quiet hours, beside zoneinfo",
    "timers": "firing timers out of a million, beside a table with an index",
    "scaling": "an event as unrelated rules and customers grow",
    "memory": "bytes in memory of a customer after W, beside plain dicts",
    "importing": "importing the library, beside attrs",
    "first_journey": "the first journey ready to decide",
}
"""The name of each module, and what it measures."""


def rows_of(name: str) -> Callable[[Size], Iterable[Result]]:
    """What measures for one benchmark."""
    found: Callable[[Size], Iterable[Result]] = import_module(f"benchmarks.{name}").rows
    return found


def measured(name: str, size: Size) -> list[Result]:
    """The rows of one benchmark; of one that can do nothing without its peer, a row that says so."""
    try:
        return list(rows_of(name)(size))
    except MissingPeerError as missing:
        return [not_measured(name, str(missing))]


def measured_apart(name: str, size: Size) -> list[Result]:
    """The same, in a Python of its own: others leave memory in pieces, and what is small and quick loses most by it."""
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        return alone.submit(measured, name, size).result()
