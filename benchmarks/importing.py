"""`python -m benchmarks importing`: importing the library, beside `import attrs`, each in a Python of its own.

`import touchpoint` alone loads next to nothing, since names are loaded when they are first used. So what users write is
measured, too: the names of a first journey, and those with the engine. Which modules they load is guarded by
tests/test_packaging.py, without a clock.
"""

from collections.abc import Iterator
from typing import Final

from benchmarks.measure import Size, in_fresh_processes
from benchmarks.results import Result, at_most, compared

PEER: Final = "import attrs"
DEMAND: Final = at_most(1.5, 1.3)
OURS: Final = (
    "import touchpoint",
    "from touchpoint import Journey, Rule, Send, Message, Content, event, customer",
    "from touchpoint import Engine, Journey, Rule, Send",
)


def rows(size: Size) -> Iterator[Result]:
    """A row for each; the demand is of `import touchpoint`, and told for the others."""
    timed = in_fresh_processes({each: ("", each) for each in (PEER, *OURS)}, size)
    for each in OURS:
        yield compared(each, timed[each], PEER, timed[PEER], DEMAND if each == OURS[0] else None)
