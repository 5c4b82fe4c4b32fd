"""Which lines of a decision's trace add to the tallies of the store, counts that name nobody."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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
    "stage": _count_stage, "case": _count_case, "segment": _count_segment,
}  # fmt: skip
