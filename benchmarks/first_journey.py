"""`python -m benchmarks first_journey`: from nothing to the first decision of a journey.

Built, compiled, and one touchpoint decided: in a Python of its own, which has only imported what users import for it,
and once more in one that has done it before; then the same by an engine on a store in memory, which is opened for it.
What of it takes how long is told phase by phase, and in function calls, which say the same on every machine. Rules are
those of `benchmarks.rules`.
"""

import cProfile
import pstats
from collections.abc import Iterable, Iterator
from typing import Final

from benchmarks.measure import Candidate, Size, in_fresh_processes, interleaved
from benchmarks.results import Result, alone, counted
from benchmarks.rules import TYPES, rule
from touchpoint import Cap, CaseType, Engine, Hold, Journey, Policy, QuietHours, Rule, Stage, days
from touchpoint.channels import MemoryChannel
from touchpoint.core.advance import advance
from touchpoint.core.decision import Decision
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.state import State

DEMANDED: Final[dict[int, tuple[float, float | None]]] = {20: (5e-3, 2e-3), 200: (100e-3, None)}
"""Seconds, by the number of rules: what is demanded, and what would be better still."""


def journey(rules: Iterable[Rule]) -> Journey:
    """A journey with these rules, two stages and a policy."""
    trouble = CaseType("trouble")
    policy = Policy(
        Cap(2, per=days(7), kinds=["marketing"]), QuietHours("21:00", "08:00", unknown_zone="deny"),
        Hold(while_open=[trouble], kinds=["marketing"]),
    )  # fmt: skip
    stages = [Stage("new", phase="engage", when=TYPES[0]), Stage("loyal", phase="delight", when=TYPES[1], after="new")]
    return Journey("first", cases=[trouble], stages=stages, rules=rules, policy=policy)


def written(rules: int) -> list[Rule]:
    """So many rules."""
    return [*map(rule, range(rules))]


def ready(rules: int) -> Decision:
    """Build it, compile it, and decide one touchpoint."""
    program = compile_program([journey(written(rules))])
    return advance(program, State("ann"), Occurrence(TOUCHPOINT, TYPES[0], 0, "t0", {"score": 3}), 0)


def recorded(rules: int) -> None:
    """Build it, open an engine with it, and record one touchpoint."""
    with Engine("sqlite://", journeys=[journey(written(rules))], channels=[MemoryChannel("email")]) as engine:
        engine.record("ann", TYPES[0], {"score": 3}, id="t0")


def rows(size: Size) -> Iterator[Result]:
    """Of each number of rules the whole, then its phases; the demand is of the first time in a process."""
    setup = "from benchmarks.first_journey import ready, recorded"
    scripts = {
        f"{work.__name__}({rules})": (setup, f"{work.__name__}({rules})")
        for rules in DEMANDED
        for work in (ready, recorded)
    }
    first = in_fresh_processes(scripts, size)
    for rules, (limit, stretch) in DEMANDED.items():
        again = interleaved(_phases(rules), size)
        what = f"a journey of {rules} rules ready"
        yield alone(f"{what}, in a fresh process", first[f"ready({rules})"], limit, stretch)
        yield from (alone(f"{what}, once more: {name}", each) for name, each in again.items())
        yield counted(f"{what}, once more", _calls_until_ready(rules), "calls")
        what = f"an engine with {rules} rules, opened in memory, and one touchpoint recorded"
        yield alone(f"{what}, in a fresh process", first[f"recorded({rules})"])


def _phases(rules: int) -> dict[str, Candidate]:
    """What can be timed for itself, by its name."""
    return {
        "all": Candidate(lambda _: ready(rules)),
        "its rules written": Candidate(lambda _: written(rules)),
        "built of them, and checked": Candidate(journey, prepare=lambda: written(rules)),
        "compiled": Candidate(compile_program, prepare=lambda: [journey(written(rules))]),
    }


def _calls_until_ready(rules: int) -> float:
    profile = cProfile.Profile()
    profile.runcall(ready, rules)
    return float(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]  # typeshed lacks it
