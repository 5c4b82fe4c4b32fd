"""Kill -9: real processes on one SQLite file, killed at random moments while they record and deliver.

    python tests/faults/kill.py --kills 10000

A warm parent forks one recorder and two workers, kills one of them at a random moment, and puts another in its place.
After a few hundred kills nobody is killed any more, everything goes on to its end, and `kill_check` looks at what is
there. Exit status 1 if any promise was broken; what was left then is kept.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import kill_children as children
from kill_check import check

ROUND = 250
"""Kills before the store is looked at."""
LEAST = 15
"""Touchpoints that are acknowledged in a round, however few kills it has."""
MOMENTS = 0.025
"""Seconds between two kills, on average."""


class Round:
    """The processes that are at work on one store."""

    def __init__(self, folder, chance):
        self.place = children.Place(folder)
        self.folder = Path(folder)
        self.chance = chance
        self.began = time.monotonic()
        self.life = 0
        self.roles = {}

    def run(self, kills):
        """So many kills, some of them while the store is being made, then healing. Returns what broke, and figures."""
        births = kills // 20
        for _ in range(births):
            child = self.fork(children.be_born)
            time.sleep(self.chance.random() * MOMENTS)
            os.kill(child, signal.SIGKILL)
            self.wait(child)
        self.wait(self.fork(children.set_up))
        for role in ("record", "deliver", "deliver"):
            self.replace(role)
        for _ in range(kills - births):
            time.sleep(self.chance.expovariate(1 / MOMENTS))  # the moment of the kill is what is random here
            victim = self.chance.choice(sorted(self.roles))
            os.kill(victim, signal.SIGKILL)
            role = self.roles.pop(victim)
            self.wait(victim)
            self.replace(role)
        self.wait_for_work()
        for victim in self.roles:
            os.kill(victim, signal.SIGKILL)
            self.wait(victim)
        self.wait(self.fork(children.heal))
        broken = [path.read_text("utf-8") for path in self.folder.glob("died-*")]
        if broken:
            return broken, Counter()
        return check(self.folder)

    def wait_for_work(self):
        """On a busy machine few get far before they are killed; so the last ones may."""
        until = time.monotonic() + 10
        acknowledged = Path(self.place.acknowledged)
        while len(set(acknowledged.read_text("ascii").split())) < LEAST and time.monotonic() < until:
            time.sleep(0.01)

    def replace(self, role):
        """A new process for one that was killed."""
        self.life += 1
        extra = (self.life,) if role == "record" else ()
        self.roles[self.fork(getattr(children, role), *extra)] = role

    def fork(self, act, *extra):
        """A child that does this; it has everything loaded already."""
        parent = os.getpid()
        child = os.fork()
        if child:
            return child
        try:
            children.adopt(parent)
            act(self.place, children.FastClock(self.began), *extra)
        except BaseException:  # noqa: BLE001 - told to the parent
            (self.folder / f"died-{os.getpid()}").write_text(traceback.format_exc(), "utf-8")
        finally:
            os._exit(0)

    def wait(self, child):
        """Until this child is no more."""
        os.waitpid(child, 0)


def run(kills, seed, folder, *, keep=False):
    """So many kills, in rounds. Returns (what broke, figures)."""
    broken, figures = [], Counter()
    for number in range(-(-kills // ROUND)):
        here = tempfile.mkdtemp(prefix=f"round-{number}-", dir=folder)
        n = min(ROUND, kills - number * ROUND)
        found, counted = Round(here, random.Random(f"{seed}/{number}")).run(n)
        broken += [f"round {number} (seed {seed}, {here}): {each}" for each in found]
        figures.update(counted, kills=n)
        if not found and not keep:
            shutil.rmtree(here)
    return broken, figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=int(os.environ.get("TOUCHPOINT_FAULT_KILLS", "20")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default=None, help="of the stores; the one for temporary files unless given")
    parser.add_argument("--keep", action="store_true", help="the stores, also where nothing broke")
    given = parser.parse_args()
    children.warm_up()
    began = time.monotonic()
    broken, figures = run(given.kills, given.seed, given.folder, keep=given.keep)
    seconds = time.monotonic() - began
    figures["violations"] = len(broken)
    for name, n in figures.items():
        print(f"{n:>8} {name}")
    print(f"{60 * given.kills / seconds:>8.0f} kills a minute")
    for each in broken[:50]:
        print(each, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
