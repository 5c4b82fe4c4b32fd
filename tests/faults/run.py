"""Run schedules and print the figures; or show one schedule, or how soon each planted defect is seen.

    python tests/faults/run.py --schedules 200000 --processes 2
    python tests/faults/run.py --seconds 600 --write docs/explanation/_faults/simulation.txt
    python tests/faults/run.py --show 4711
    python tests/faults/run.py --defects

Exits with 1 where a promise was broken, or a defect not seen.
"""

import argparse
import multiprocessing
import platform
import sqlite3
import sys
import time
import tomllib
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import attrs

from faults.checker import check
from faults.defects import DEFECTS
from faults.laws_of_language import met
from faults.quick import quick
from faults.schedule import Schedule
from faults.swarm import KINDS
from faults.telling import replay, story
from faults.yardstick import needed

PART = 200


@attrs.define
class Figures:
    """What came of some schedules. `seconds` are of CPU."""

    schedules: int = 0
    seconds: float = 0.0
    violations: list = attrs.Factory(list)
    injected: Counter = attrs.Factory(Counter)
    outcomes: Counter = attrs.Factory(Counter)
    answers: Counter = attrs.Factory(Counter)
    met: Counter = attrs.Factory(Counter)
    acts: int = 0
    releases: int = 0
    commits: int = 0

    def add(self, other):
        """Take another part's figures in."""
        self.schedules += other.schedules
        self.seconds += other.seconds
        self.violations += other.violations
        self.injected += other.injected
        self.outcomes += other.outcomes
        self.answers += other.answers
        self.met += other.met
        self.acts += other.acts
        self.releases += other.releases
        self.commits += other.commits


def run_part(first):
    """The figures of PART schedules from a seed on."""
    figures, began = Figures(), time.process_time()
    with quick():
        for seed in range(first, first + PART):
            schedule = Schedule(seed)
            evidence = schedule.run()
            figures.violations += [(seed, each.promise, each.clause, each.detail) for each in check(evidence)]
            figures.injected += schedule.injected
            figures.outcomes += Counter(each.status for each in evidence.endings)
            figures.answers += Counter(each.answer for each in evidence.calls)
            figures.met += met(evidence)
            figures.acts += len(evidence.acts)
            figures.releases += sum(row.status == "in_flight" for row in evidence.rows)
            figures.commits += schedule.commits
    figures.schedules, figures.seconds = PART, time.process_time() - began
    return figures


def run_many(schedules, processes, seconds, first):
    """The figures of all; stops when enough were run, or the time is over."""
    total, end = Figures(), time.monotonic() + seconds if seconds else None
    parts = range(first, first + (schedules or 10**9), PART)
    with multiprocessing.get_context("spawn").Pool(processes) if processes > 1 else nullcontext() as pool:
        for figures in map(run_part, parts) if pool is None else pool.imap_unordered(run_part, parts):
            total.add(figures)
            for seed, promise, clause, detail in figures.violations:
                print(f"BROKEN ({clause}): {promise}: {detail}; {replay(seed)}", flush=True)
            if end is not None and time.monotonic() > end:
                break
    return total


def text(figures):
    """The figures, as the docs include them."""
    lines = [
        f"touchpoint {_version()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        f"schedules                {figures.schedules:>12,}",
        f"schedules per CPU second {figures.schedules / figures.seconds:>12,.0f}",
        f"violations               {len(figures.violations):>12,}",
        f"acts of hosts            {figures.acts:>12,}",
        f"messages                 {sum(figures.outcomes.values()):>12,}",
        f"releases                 {figures.releases:>12,}",
        f"calls of providers       {sum(figures.answers.values()):>12,}",
        f"transactions committed   {figures.commits:>12,}",
        "",
        "how messages ended",
        *_counts(figures.outcomes),
        "",
        "what providers answered",
        *_counts(figures.answers),
        "",
        "what of the language was met",
        *_counts(figures.met),
        "",
        "faults that happened",
        *(f"  {kind:<40} {figures.injected[kind]:>12,}" for kind in KINDS),
    ]
    return "\n".join(lines) + "\n"


def _version():
    project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]


def _counts(counter):
    return [f"  {what:<40} {n:>12,}" for what, n in sorted(counter.items())]


def show(seed):
    """One schedule with its story."""
    with quick():
        schedule = Schedule(seed)
        evidence = schedule.run()
    print(schedule.swarm)
    print(story(evidence))
    broken = check(evidence)
    for each in broken:
        print(f"BROKEN ({each.clause}): {each.promise}: {each.detail}")
    return not broken


def defects():
    """(whether all were seen, how soon each was)."""
    lines, seen = [], True
    with quick():
        for name, one in DEFECTS.items():
            found = needed(one)
            seen = seen and found is not None
            lines.append(f"{'not seen' if found is None else found[0]:>8}  {name}")
    return seen, "schedules until it was seen  planted defect\n" + "\n".join(lines) + "\n"


def _settings():
    parser = argparse.ArgumentParser(description="Delivery under faults: run schedules, and judge them.")
    parser.add_argument("--schedules", type=int, default=0, help="how many; 2,000 unless --seconds is given")
    parser.add_argument("--seconds", type=float, default=0, help="stop after this long")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--show", type=int, metavar="SEED", help="run this schedule alone, and tell its story")
    parser.add_argument("--defects", action="store_true", help="how soon each planted defect is seen")
    parser.add_argument("--write", type=Path, help="a file to write the figures to as well")
    return parser.parse_args()


def main():
    """What the command line asks for; the exit code."""
    given = _settings()
    if given.show is not None:
        return 0 if show(given.show) else 1
    if given.defects:
        fine, words = defects()
    else:
        schedules = given.schedules or (0 if given.seconds else 2_000)
        figures = run_many(schedules, given.processes, given.seconds, given.first)
        fine, words = not figures.violations, text(figures)
    print(words, end="")
    if given.write is not None:
        given.write.parent.mkdir(parents=True, exist_ok=True)
        given.write.write_text(words, encoding="utf-8")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
