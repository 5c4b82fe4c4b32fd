"""`python -m benchmarks.ready`: how long until a journey decides, from its parts to the first decision, in CPU time.

Each phase as it is the first time in a fresh process (best of several processes), and when it is done again there, with
its function calls. What is imported on the way counts, but for `touchpoint` itself and the class of the engine.
"""

import argparse
import cProfile
import json
import pstats
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.kit import JOURNEY, rule, trouble
from touchpoint import Engine, Journey
from touchpoint.channels import MemoryChannel
from touchpoint.core.program import compile_program
from touchpoint.stores.sqlite import SqliteStore
from touchpoint.testing import World

SIZES = (1, 20, 200)
Times = dict[str, float]


def built(rules: int) -> Callable[[], Journey]:
    """What makes a journey of parts that are there already."""
    parts = [rule(number) for number in range(rules)]
    stages, policy = JOURNEY.stages, JOURNEY.policy
    return lambda: Journey("year", cases=[trouble], stages=stages, rules=parts, policy=policy)


def decided(engine: Engine) -> None:
    """The first decision of an engine."""
    engine.record("ann", "act_0", {"score": 5}, id="first")


def phases(make: Callable[[], Journey], measured: Callable[[Callable[[], Any]], tuple[float, Any]]) -> Times:
    """What each phase takes, in the order in which a host goes through them.

    The program is compiled once more on its own, for comparison; opening an engine does it, too.
    """
    found: Times = {}
    found["journey built and validated"], journey = measured(make)
    found["store in memory opened"], store = measured(lambda: SqliteStore(None))
    found["engine opened on it"], engine = measured(
        lambda: Engine(store, journeys=[journey], channels=[MemoryChannel("email")])
    )
    found["first touchpoint decided"], _ = measured(lambda: decided(engine))
    engine.close()
    found["ready"] = sum(found.values())
    found["(program compiled)"], _ = measured(lambda: compile_program([journey]))
    found["(world set up, of the kit)"], world = measured(lambda: World([journey]))
    world.close()
    return found


def milliseconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU time of some work, and what it gives."""
    begun = time.process_time()
    result = work()
    return (time.process_time() - begun) * 1_000, result


def calls(work: Callable[[], Any]) -> tuple[float, Any]:
    """Function calls of some work, and what it gives."""
    profile = cProfile.Profile()
    result = profile.runcall(work)
    return float(pstats.Stats(profile).total_calls), result  # type: ignore[attr-defined]  # typeshed lacks it


def least(rounds: list[Times]) -> Times:
    """The best of several rounds, phase by phase."""
    return {name: min(each[name] for each in rounds) for name in rounds[0]}


def fresh(rules: int) -> Times:
    """The phases in a process of its own, in which nothing was done before."""
    command = [sys.executable, "-m", "benchmarks.ready", "--fresh", str(rules)]
    found: Times = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603
    return found


def show(rules: int, rounds: int) -> None:
    """Measure journeys of one size, and print."""
    make = built(rules)
    first = least([fresh(rules) for _ in range(rounds)])
    again = least([phases(make, milliseconds) for _ in range(rounds * 3)])
    counted = phases(make, calls)
    print(f"a journey of {rules} rules{'first':>17}{'again':>10}{'calls':>12}")
    for name, took in first.items():
        print(f"  {name:<30}{took:>8.1f} ms{again[name]:>7.1f} ms{counted[name]:>12,.0f}")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ready", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two rounds")
    parser.add_argument("--fresh", type=int, metavar="RULES", help="measure here and now, once, and print JSON")
    options = parser.parse_args()
    if options.fresh is not None:
        print(json.dumps(phases(built(options.fresh), milliseconds)))
        return
    for rules in SIZES:
        show(rules, 2 if options.quick else options.rounds)


if __name__ == "__main__":
    main()
