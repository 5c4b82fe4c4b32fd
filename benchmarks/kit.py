"""`python -m benchmarks.kit`: how long the journey test kit takes, in CPU time; the best of several rounds."""

import argparse
import random  # noqa: TID251 - a seeded workload
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from benchmarks.rules import TYPES, rule
from touchpoint import Cap, CaseType, Hold, Journey, Policy, QuietHours, Stage, days, hours
from touchpoint.testing import World

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
trouble = CaseType("trouble")


JOURNEY = Journey(
    "year",
    cases=[trouble],
    stages=[Stage("new", phase="engage", when=TYPES[0]), Stage("loyal", phase="delight", when=TYPES[1], after="new")],
    rules=[rule(number) for number in range(20)],
    policy=Policy(
        Cap(2, per=days(7), kinds=["marketing"]), QuietHours("21:00", "08:00", unknown_zone="deny"),
        Hold(while_open=[trouble], kinds=["marketing"]),
    ),
)  # fmt: skip


SMALL = Journey("small", rules=[rule(0)])


def year() -> tuple[float, int]:
    """A year in the life of one customer: 500 touchpoints. Milliseconds without the set-up, and how many messages."""
    chance = random.Random(1)  # noqa: S311 - likewise
    with World([JOURNEY], at=START) as world:
        ann = world.customer(
            "ann", timezone="Europe/Madrid", addresses={"email": "a@example.com"}, consents={("marketing", "email")}
        )
        begun = time.process_time()
        for _ in range(500):
            ann.does(chance.choice(TYPES), score=chance.randrange(6))
            world.advance(hours(17.5))
        messages = len(ann.inbox)
        return (time.process_time() - begun) * 1_000, messages


def lives(journey: Journey, number: int) -> int:
    """Random lives of three customers with 40 acts, and 60 days after. Returns how many messages they got."""
    with World([journey], at=START) as world:
        return len(world.random_lives(number, customers=3, acts=40, tail=timedelta(days=60)))


def best(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of CPU time that some work takes at best."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found) * 1_000


def plugin_cost() -> float:
    """Milliseconds that loading the plugin adds to pytest, in a process of its own."""
    script = (
        "import pytest, time; begun = time.process_time(); import touchpoint.testing.plugin; "
        "print((time.process_time() - begun) * 1000)"
    )
    return min(
        float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)  # noqa: S603
        for _ in range(5)
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kit", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lives", type=int, default=100, help="random lives that are measured")
    options = parser.parse_args()
    for journey in (SMALL, JOURNEY):
        took = best(lambda journey=journey: World([journey]).close(), options.rounds * 4)  # type: ignore[misc]
        print(f"world set-up, a journey of {len(journey.rules)} rules: {took:.1f} ms")
    took, messages = min(year() for _ in range(options.rounds))
    print(f"a year of one customer, 20 rules, 500 touchpoints, {messages} messages: {took:.0f} ms")
    for journey in (SMALL, JOURNEY):
        begun = time.process_time()
        got = sum(lives(journey, number) for number in range(options.lives))
        each = (time.process_time() - begun) / options.lives
        rules = len(journey.rules)
        took = f"{each * 1_000:.0f} s, {got / options.lives:.1f} messages each"
        print(f"1,000 random lives of 40 acts, {rules} rules: {took}")
    print(f"plugin, in a suite that does not use it: {plugin_cost():.1f} ms")


if __name__ == "__main__":
    main()
