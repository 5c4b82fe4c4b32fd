"""Programs as they are after a while: what the core writes as code once it pays has been written.

How long the first decisions take is what `python -m benchmarks first_journey` measures.
"""

from collections.abc import Callable, Iterable

from touchpoint.core.advance import advance
from touchpoint.core.judging import PAYS_AFTER
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.state import State


def settle_in(program: Program, anew: Callable[[], State], occurrences: Iterable[Occurrence]) -> Program:
    """Have a program meet one occurrence of each kind so often that it pays to write code for them.

    Args:
        program: that is to be measured.
        anew: makes a customer of whom nothing has happened yet.
        occurrences: among them one of each kind.
    """
    for each in {(each.kind, each.name): each for each in occurrences}.values():
        for _ in range(PAYS_AFTER + 1):
            advance(program, anew(), each, each.at)
    return program
