"""Times of cases that come too late to be of use, or not at all (TC208, TC210)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from touchpoint.journey.taken_apart import walk_parts
from touchpoint.journey.triggers import CaseEscalated, CaseOverdue
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.scene import Scene
from touchpoint.model.business import BusinessTime
from touchpoint.model.case import (
    DEADLINES,
    ESCALATIONS,
    RESOLUTION,
    RESPONSE,
    SEVERITIES,
    CaseType,
    Within,
    level_name,
    level_of,
)

_SET_BY: Final = {RESPONSE: "respond_within=", RESOLUTION: "resolve_within="}


def awaited(node: CaseOverdue | CaseEscalated) -> tuple[str, ...]:
    """The deadlines or levels that a trigger waits for."""
    if isinstance(node, CaseEscalated):
        return tuple(map(level_name, ESCALATIONS if node.level is None else (node.level,)))
    return DEADLINES if node.which is None else (node.which,)


def lacks(case: CaseType, node: CaseOverdue | CaseEscalated) -> str | None:
    """What a case type does not have of what a trigger waits for; None where it may come."""
    named = awaited(node)
    if any(each in case.deadlines for each in named):
        return None
    if isinstance(node, CaseEscalated):
        return "escalate=" if node.level is None else f"level {node.level} in its escalate="
    return " and no ".join(_SET_BY[each] for each in named)


def case_times(scene: Scene) -> Iterator[Finding]:
    """Levels of escalation that come out of their order, or after the end that is promised."""
    for journey in scene.journeys:
        for path, case in walk_parts(journey, "$"):
            if isinstance(case, CaseType):
                for which, what in _out_of_order(case):
                    there = f"{path}.escalate[{(level_of(which) or 1) - 1}]"
                    yield found("TC210", journey.name, there, f"case {case.name}", what)


def _out_of_order(case: CaseType) -> Iterator[tuple[str, str]]:
    levels = [each for each in case.deadlines if level_of(each) is not None]
    for which, before in zip(levels, [None, *levels], strict=False):
        if before is not None and _any(case, before, which, lambda one, other: other <= one):
            yield which, f"{which} comes no later than {before}"
        elif _any(case, RESOLUTION, which, lambda one, other: other > one):
            yield which, f"{which} comes after the time in which the case is to be resolved"


def _any(case: CaseType, first: str, second: str, holds: Callable[[timedelta, timedelta], bool]) -> bool:
    """Whether this is so for cases of any severity."""
    pairs = ((case.within(first, each), case.within(second, each)) for each in SEVERITIES)
    return any(found is not None and holds(*found) for found in map(_alike, pairs))


def _alike(pair: tuple[Within | None, Within | None]) -> tuple[timedelta, timedelta] | None:
    """Two times that can be compared: both elapsed, or of the same business hours."""
    one, other = pair
    if isinstance(one, timedelta) and isinstance(other, timedelta):
        return one, other
    if isinstance(one, BusinessTime) and isinstance(other, BusinessTime) and one.hours == other.hours:
        return one.length, other.length
    return None
