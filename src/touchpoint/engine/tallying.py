"""Which lines of a decision's trace add to the tallies of the store, counts that name nobody."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from touchpoint.core.unmet import UNMET

if TYPE_CHECKING:
    from touchpoint.engine.unit import Unit

Line: TypeAlias = list[Any]
"""One line of a decision's trace."""
Adds: TypeAlias = Mapping[tuple[str, str, str], int]
"""What is added to each tally (subject, name, what)."""

_MOST: Final = 4_096
"""Lines of which it is kept what they add."""
_IN_WORDS: Final[Mapping[str, str]] = {"started": "started", "goal": "goal reached"}


def _count_rule(unit: "Unit", entry: Line) -> None:
    what = entry[0]
    detail = "" if what in _IN_WORDS else entry[4 if what == "ended" else 3]
    tallies, key = unit.changes.tallies, _named(what, entry[1], entry[2], detail)
    tallies[key] = tallies.get(key, 0) + 1


@lru_cache(maxsize=4_096)  # there are few, and each comes again and again
def _named(what: str, journey: str, rule: str, detail: str) -> tuple[str, str, str]:
    """What is tallied of a rule: subject, name and what."""
    return "rule", f"{journey}/{rule}", _IN_WORDS.get(what) or f"{what}: {detail}"


@attrs.define
class Told:
    """What each line that says the same adds to the tallies, and how often it came."""

    adds: Adds
    n: int = 0


def count_lines(unit: "Unit", trace: Sequence[Line]) -> None:
    """Count what a decision's trace tells.

    Of most lines the same few come again and again: it is only counted how often, and `settle` makes tallies of that.
    """
    told = unit.told
    for line in trace:
        what = line[0]
        if what in _REPEATED:
            key = (what, line[1], line[2], line[3])
            known = told.get(key)
            if known is None:  # looked up at once, since the program may change before the end
                told[key] = known = Told(unit.terms.adds.get(key) or _learnt(unit, key, line))
            known.n += 1
        elif what in _COUNTED:
            _COUNTED[what](unit, line)


def _learnt(unit: "Unit", key: tuple[Any, ...], line: Line) -> Adds:
    """What a line adds, kept for the next time: its code stands for the names of the rules, whatever is released."""
    known = unit.terms.adds
    if len(known) >= _MOST:
        known.clear()
    known[key] = adds = _REPEATED[line[0]](unit, line)
    return adds


def settle(unit: "Unit") -> None:
    """Add to the tallies what was counted of lines that came again and again."""
    tallies = unit.changes.tallies
    for each in unit.told.values():
        if each.n == 1 and not tallies:  # as with most that are recorded alone
            tallies.update(each.adds)
            continue
        for key, by in each.adds.items():
            tallies[key] = tallies.get(key, 0) + by * each.n
    unit.told.clear()


def _refused(unit: "Unit", line: Line) -> Adds:
    _, journey, code, others, *_ = line
    asked = unit.program.judges.list_of(journey, code)
    return {_named("refused", journey, asked.names[place], "given"): 1 for place in asked.told(others)}


def _moved(_unit: "Unit", line: Line) -> Adds:
    _, journey, left, entered = line
    adds = {("stage", f"{journey}/{entered}", "entered"): 1, ("stage", f"{journey}/{entered}", "now"): 1}
    if left is not None:
        gone = ("stage", f"{journey}/{left}", "now")
        adds[gone] = adds.get(gone, 0) - 1
    return adds


def _count_segment(unit: "Unit", entry: Line) -> None:
    _, what, journey, segment, _ = entry
    unit.tally("segment", f"{journey}/{segment}", what)


def _count_case(unit: "Unit", entry: Line) -> None:
    unit.tally("case", entry[2], entry[1])


_REPEATED: Final[Mapping[str, Callable[["Unit", Line], Adds]]] = {
    UNMET: _refused, "stage": _moved,
}  # fmt: skip
"""What those lines add of which the first four values say all."""
_COUNTED: Final[Mapping[str, Callable[["Unit", Line], None]]] = {
    "started": _count_rule, "refused": _count_rule, "ended": _count_rule, "goal": _count_rule, "case": _count_case,
    "segment": _count_segment,
}  # fmt: skip
