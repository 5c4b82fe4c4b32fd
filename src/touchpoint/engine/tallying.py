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
class Refused:
    """How often the condition of each of these rules was not true."""

    names: Sequence[str]
    n: int = 0


def _count_unmet(unit: "Unit", entry: Line) -> None:
    """Of a line about several rules it is only counted how often it came; `settle_unmet` makes tallies of that."""
    _, journey, code, others, *_ = entry
    known = unit.unmet.get((journey, code, others))
    if known is None:
        asked = unit.program.judges.list_of(journey, code)
        names = [asked.names[place] for place in asked.told(others)]
        unit.unmet[journey, code, others] = known = Refused(names)
    known.n += 1


def settle_unmet(unit: "Unit") -> None:
    """Add to the tallies of rules what was counted of lines about several."""
    tallies = unit.changes.tallies
    for (journey, _, _), refused in unit.unmet.items():
        for name in refused.names:
            key = _named("refused", journey, name, "given")
            tallies[key] = tallies.get(key, 0) + refused.n
    unit.unmet.clear()


def _count_stage(unit: "Unit", entry: Line) -> None:
    _, journey, left, entered = entry
    unit.tally("stage", f"{journey}/{entered}", "entered")
    unit.tally("stage", f"{journey}/{entered}", "now")
    if left is not None:
        unit.tally("stage", f"{journey}/{left}", "now", -1)


def _count_segment(unit: "Unit", entry: Line) -> None:
    _, what, journey, segment, _ = entry
    unit.tally("segment", f"{journey}/{segment}", what)


def _count_case(unit: "Unit", entry: Line) -> None:
    unit.tally("case", entry[2], entry[1])


COUNTED: Final[Mapping[str, Callable[["Unit", Line], None]]] = {
    "started": _count_rule, "refused": _count_rule, "ended": _count_rule, "goal": _count_rule,
    UNMET: _count_unmet, "stage": _count_stage, "case": _count_case, "segment": _count_segment,
}  # fmt: skip
