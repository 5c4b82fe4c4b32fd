"""Power loss: disk states are rebuilt from a recorded run, and each is opened with the library.

    python tests/faults/power.py --states 3000                      loses nothing
    python tests/faults/power.py --states 3000 --durability fast    how much it may lose

Needs strace. Exit status 1 if any promise was broken: the file is whole, opens, and goes on; what was acknowledged is
there, with "fast" but for the last of it.
"""

import argparse
import bisect
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import attrs
from power_disk import Disk, record, why_not
from power_work import CUSTOMERS

from touchpoint.errors import TouchpointError
from touchpoint.stores.base import Changes
from touchpoint.stores.sqlite import SqliteStore

TOUCHPOINTS = 500
"""Recorded in a run: several times what it takes until the write-ahead log is folded."""


@attrs.frozen
class State:
    """A disk after power was lost before operation `at`: its files, and what had been acknowledged."""

    at: int
    files: dict[str, bytes]
    acknowledged: list[str]
    unsynced: int  # bytes


def recorded(folder, durability, touchpoints=TOUCHPOINTS):
    """The operations of a run of `power_work`."""
    here = Path(folder) / f"run-{durability}"
    here.mkdir()
    return record([sys.executable, Path(__file__).with_name("power_work.py"), here, durability, touchpoints], here)


def moments(ops, n, chance):
    """So many moments at which power may be lost; half of them aimed."""
    after = [i + 1 for i, op in enumerate(ops) if op.kind == "acknowledged"]
    around = [j for i, op in enumerate(ops) if op.kind not in {"write", "acknowledged"} for j in (i, i + 1)]
    kinds = [range(len(ops) + 1), range(len(ops) + 1), after, around]
    return sorted(chance.choice(kinds[i % 4]) for i in range(n))


def states(ops, n, seed):
    """So many states in which the disk may be found."""
    chance, disk, done = random.Random(seed), Disk(), 0
    acknowledged = []
    for at in moments(ops, n, chance):
        for op in ops[done:at]:
            if op.kind == "acknowledged":
                acknowledged.append(op.name)
            else:
                disk.apply(op)
        done = at
        unsynced = sum(len(op.data) for file in disk.live.values() for op in file.pending)
        yield State(at, disk.after_power_loss(chance), list(acknowledged), unsynced)


def look(state, folder):
    """Open a state with the library. Returns (what is broken, how many acknowledged touchpoints are lost)."""
    path = Path(folder) / "store.db"
    for old in Path(folder).iterdir():
        old.unlink()
    for name, data in state.files.items():
        (Path(folder) / name).write_bytes(data)
    try:
        with closing(SqliteStore(str(path))) as store:
            there = _touchpoints(store)
            with store.transaction() as transaction:
                transaction.write(Changes(meta={"goes on": "yes"}))
        with closing(sqlite3.connect(path)) as connection:
            whole = [text for (text,) in connection.execute("PRAGMA integrity_check")]
    except (TouchpointError, sqlite3.Error) as error:
        return [f"after operation {state.at} the store cannot be used: {error}"], 0
    if whole != ["ok"]:
        return [f"after operation {state.at} the file is damaged: {whole[:3]}"], 0
    kept = [each in there for each in state.acknowledged]
    lost = kept.count(False)
    if lost and not all(kept[: len(kept) - lost]):
        return [f"after operation {state.at} some touchpoints are lost, and later ones are there"], lost
    return [], lost


def _touchpoints(store):
    with store.reading() as reader:
        people = reader.customers([f"c{n}" for n in range(CUSTOMERS)])
        return {entry.id for row in people for entry in reader.journal(row.no)}  # raises where a chain is broken


def run(ops, n, seed, folder, durability):
    """Look at so many states. Returns (what broke, figures, the losses sorted)."""
    broken, figures, losses = [], Counter(), []
    here = Path(tempfile.mkdtemp(prefix="state-", dir=folder))
    for state in states(ops, n, seed):
        found, lost = look(state, here)
        if lost and durability == "full":
            found.append(f"after operation {state.at} {lost} acknowledged touchpoints are lost")
        broken += found
        bisect.insort(losses, lost)
        figures["states"] += 1
        figures["states that lost something acknowledged"] += bool(lost)
        figures["most bytes that were not synced"] = max(figures["most bytes that were not synced"], state.unsynced)
    figures["most acknowledged touchpoints lost"] = losses[-1]
    figures["acknowledged touchpoints lost, at the median"] = losses[len(losses) // 2]
    figures["violations"] = len(broken)
    return broken, figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--states", type=int, default=int(os.environ.get("TOUCHPOINT_FAULT_STATES", "60")))
    parser.add_argument("--durability", choices=["full", "fast"], default="full")
    parser.add_argument("--touchpoints", type=int, default=TOUCHPOINTS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if problem := why_not():
        print(problem, file=sys.stderr)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ops = recorded(folder, given.durability, given.touchpoints)
        broken, figures = run(ops, given.states, given.seed, folder, given.durability)
    print(f"durability={given.durability}, {given.touchpoints} touchpoints, {len(ops)} operations")
    for name, n in figures.items():
        print(f"{n:>10} {name}")
    print(f"{60 * given.states / (time.monotonic() - began):>10.0f} states a minute")
    for each in broken[:50]:
        print(each, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
