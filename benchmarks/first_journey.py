"""`python -m benchmarks first_journey`: from nothing to the first decision of a journey.

Built, compiled, and one touchpoint decided: in a Python of its own, which has only imported what users import for it,
and once more in one that has done it before. Rules are those of `benchmarks.rules`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.measure import Candidate, Size, in_fresh_processes, interleaved
from benchmarks.results import Result, alone
from benchmarks.rules import TYPES, rule
from touchpoint import Cap, CaseType, Hold, Journey, Policy, QuietHours, Stage, days
from touchpoint.core.advance import advance
from touchpoint.core.decision import Decision
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.state import State

DEMANDED: Final[dict[int, tuple[float, float | None]]] = {20: (5e-3, 2e-3), 200: (100e-3, None)}
"""Seconds, by the number of rules: what is demanded, and what would be better still."""


def journey(rules: int) -> Journey:
    """A journey with so many rules, two stages and a policy."""
    trouble = CaseType("trouble")
    policy = Policy(
        Cap(2, per=days(7), kinds=["marketing"]), QuietHours("21:00", "08:00", unknown_zone="deny"),
        Hold(while_open=[trouble], kinds=["marketing"]),
    )  # fmt: skip
    stages = [Stage("new", phase="engage", when=TYPES[0]), Stage("loyal", phase="delight", when=TYPES[1], after="new")]
    return Journey("first", cases=[trouble], stages=stages, rules=[*map(rule, range(rules))], policy=policy)


def ready(rules: int) -> Decision:
    """Build it, compile it, and decide one touchpoint."""
    program = compile_program([journey(rules)])
    return advance(program, State("ann"), Occurrence(TOUCHPOINT, TYPES[0], 0, "t0", {"score": 3}), 0)


def rows(size: Size) -> Iterator[Result]:
    """Two rows for each number of rules; the demand is of the first time in a process."""
    setup = "from benchmarks.first_journey import ready"
    scripts = {str(rules): (setup, f"ready({rules})") for rules in DEMANDED}
    first = in_fresh_processes(scripts, size)
    again = interleaved({str(rules): Candidate(_again(rules)) for rules in DEMANDED}, size)
    for rules, (limit, stretch) in DEMANDED.items():
        what = f"a journey of {rules} rules ready"
        yield alone(f"{what}, in a fresh process", first[str(rules)], limit, stretch)
        yield alone(f"{what}, once more", again[str(rules)])


def _again(rules: int) -> Callable[[object], Decision]:
    return lambda _: ready(rules)
