"""Measuring: candidates side by side in one process, round by round, in CPU time.

A machine is seldom alone, and its clock says more of the neighbours than of the code. So every round measures each
candidate once, in an order that changes from round to round, and what counts is the ratio within a round: its median
over all rounds, and between which two ratios the middle half of them lies. CPU time leaves out what waits for a disk.

The collector of garbage runs as in any program, since who makes more garbage is to pay for it. Before each measurement
it is emptied, and what is there by then is put aside (`gc.freeze`), so that nobody pays for objects of the others.
"""

import gc
import os
import random  # noqa: TID251 - the order of candidates, from a seed
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import attrs

Clock = Callable[[], float]


@attrs.frozen
class Spread:
    """The median of many rounds, and the quartiles between which the middle half of them lies."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of some values; of one alone it has no width."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(median(values), low, high)

    @classmethod
    def exactly(cls, value: float) -> "Spread":
        """Of something that is counted, not timed."""
        return cls(value, value, value)


@attrs.frozen
class Timing:
    """What one candidate took: seconds of CPU time for one unit of its work, round by round."""

    seconds: tuple[float, ...]

    @property
    def spread(self) -> Spread:
        """In seconds."""
        return Spread.of(self.seconds)

    def over(self, other: "Timing") -> Spread:
        """How many times as long it took as another one, compared within each round."""
        return Spread.of([ours / theirs for ours, theirs in zip(self.seconds, other.seconds, strict=True)])


def nothing() -> None:
    """What a candidate prepares that needs nothing."""


@attrs.frozen
class Candidate:
    """One way to do the same work.

    Args:
        work: the work of one round; takes what `prepare` has made.
        per: how many units, such as events, one round has; times are of one unit.
        prepare: makes what a round needs anew, and is not measured.
    """

    work: Callable[[Any], object]
    per: int = 1
    prepare: Callable[[], Any] = nothing


@attrs.frozen
class Size:
    """How much is measured: `share` of the full work, in so many rounds."""

    name: str
    rounds: int
    share: float

    def of(self, number: int, least: int = 1) -> int:
        """So many of what the full size has `number` of."""
        return max(least, round(number * self.share))


FULL = Size("full", rounds=25, share=1.0)
QUICK = Size("quick", rounds=5, share=0.1)


@contextmanager
def set_aside() -> Iterator[None]:
    """Empty the collector and put everything that is there aside, so that none of it is looked at meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def interleaved(
    candidates: Mapping[str, Candidate], size: Size, *, warm: int = 1, seed: int = 0, clock: Clock = time.process_time
) -> dict[str, Timing]:
    """Measure candidates side by side.

    Args:
        candidates: by their names.
        size: says how many rounds.
        warm: so many rounds before them count for nothing.
        seed: of the order in which a round takes them.
        clock: seconds; CPU time of this process unless given.
    """
    measures = {name: _measure(each, clock) for name, each in candidates.items()}
    return in_rounds(measures, size.rounds, warm=warm, seed=seed)


def _measure(candidate: Candidate, clock: Clock) -> Callable[[], float]:
    def measured() -> float:
        made = candidate.prepare()
        with set_aside():
            begun = clock()
            candidate.work(made)
            took = clock() - begun
        return took / candidate.per

    return measured


def in_rounds(
    measures: Mapping[str, Callable[[], float]], rounds: int, *, warm: int = 1, seed: int = 0
) -> dict[str, Timing]:
    """Ask each for its seconds once a round, in an order shuffled by a seeded generator."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    order = list(measures)
    found: dict[str, list[float]] = {name: [] for name in order}
    for number in range(warm + rounds):
        chance.shuffle(order)
        for name in order:
            took = measures[name]()
            if number >= warm:
                found[name].append(took)
    return {name: Timing(tuple(seconds)) for name, seconds in found.items()}


_ROOT = str(Path(__file__).resolve().parent.parent)
_FRESH = """
import gc, sys, time
sys.path[:] = sys.argv[1].split(sys.argv[2])
{setup}
gc.collect()
gc.freeze()
begun = time.process_time()
{script}
took = time.process_time() - begun
print(took)
"""


def fresh(script: str, setup: str = "") -> float:
    """Seconds of CPU time that a script takes in a Python of its own, which has loaded what `setup` loads.

    That is set aside, as ever: else it would be chance whether the script has to look through all of it, or the next.
    It looks for modules where this one does, reads nothing of the user's settings, and keeps compiled bytecode.
    """
    path = os.pathsep.join(dict.fromkeys([*filter(None, sys.path), _ROOT]))
    command = [sys.executable, "-I", "-c", _FRESH.format(setup=setup, script=script), path, os.pathsep]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our script
    if ran.returncode:
        raise RuntimeError(f"measured in a fresh process, this failed:\n{script}\n{ran.stderr}")
    return float(ran.stdout.splitlines()[-1])


def in_fresh_processes(scripts: Mapping[str, tuple[str, str]], size: Size, *, seed: int = 0) -> dict[str, Timing]:
    """Measure (setup, script) side by side, each in a new process every time; the first round writes the bytecode."""
    measures = {name: _fresh(setup, script) for name, (setup, script) in scripts.items()}
    return in_rounds(measures, size.rounds, seed=seed)


def _fresh(setup: str, script: str) -> Callable[[], float]:
    return lambda: fresh(script, setup)
