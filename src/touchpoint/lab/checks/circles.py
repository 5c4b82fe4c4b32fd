"""Rules and stages that set each other off in a circle (TC6xx)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from touchpoint.core.keys import ENROLLED, Key
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.journey import steps as s
from touchpoint.journey.conditions import Expression
from touchpoint.journey.journey import Journey
from touchpoint.journey.triggers import CaseOverdue, Trigger
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.scene import Scene, keys_of

_WAITS: Final = (s.Wait, s.WaitFor, s.WaitUntil, s.Send, s.Call)


@attrs.frozen
class _Edge:
    """What sets off what: `at_once` where no time need pass between, `surely` where nothing is asked on the way.

    `leaves` is the stage that has to be left for it, where nothing else sets it off.
    """

    to: "_Node"
    at_once: bool
    surely: bool
    leaves: str | None = None


@attrs.frozen(eq=False)
class _Node:
    """A rule or a stage: what starts it, and what it raises, each with whether that is at once and for sure."""

    journey: str
    name: str
    path: str
    keys: frozenset[Key]
    raises: Mapping[Key, tuple[bool, bool]]
    asks: bool
    limited: bool = False
    sends: bool = False
    stage: str | None = None
    reenter: bool = False


def circles(scene: Scene) -> Iterator[Finding]:
    """Every circle in which nothing is limited; each is told once, at its first rule or stage."""
    nodes = [*_stages(scene), *_rules(scene)]
    edges = {node: list(_edges(node, nodes)) for node in nodes}
    told: set[_Node] = set()
    for node in nodes:
        if node in told or node.limited:
            continue
        way = _way_back(node, edges)
        if way is None:
            continue
        told.update(edge.to for edge in way)
        yield from _told(node, way)


def _told(node: _Node, way: list[_Edge]) -> Iterator[Finding]:
    names = " → ".join([node.name, *(edge.to.name for edge in way)])
    if all(edge.at_once for edge in way):
        if all(edge.surely and not edge.to.asks for edge in way):
            yield found("TC601", node.journey, node.path, node.name, f"{names}, at once and on no condition")
            return
        what = f"{names}, at once; only a condition ends it, and nothing is limited"
        yield found("TC602", node.journey, node.path, node.name, what)
    elif any(each.sends for each in (node, *(edge.to for edge in way))):
        yield found("TC602", node.journey, node.path, node.name, f"{names}, and nothing is limited")


def _way_back(start: _Node, edges: Mapping[_Node, list[_Edge]]) -> list[_Edge] | None:
    """The shortest way from a node to itself over what is not limited."""
    ways: list[list[_Edge]] = [[edge] for edge in edges[start]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        here = way[-1].to
        if here is start and _comes_round(way):
            return way
        if here in seen or here.limited:
            continue
        seen.add(here)
        ways += [[*way, edge] for edge in edges[here]]
    return None


def _comes_round(way: list[_Edge]) -> bool:
    """Whether the stages on the way can be entered and left in this order: nobody enters the stage they are in."""
    entered = [edge.to for edge in way if edge.to.stage is not None]
    if len({each.stage for each in entered}) == 1 and not entered[0].reenter:
        return False
    before = entered[-1].stage if entered else None  # where the round before has ended
    current = before
    for edge in way:
        if edge.leaves is not None and edge.leaves != before:
            return False
        if edge.to.stage is not None:
            before, current = current, edge.to.stage
    return True


def _edges(node: _Node, nodes: Iterable[_Node]) -> Iterator[_Edge]:
    for other in nodes:
        met = {key: node.raises[key] for key in sorted(other.keys) if key in node.raises}
        if not met:
            continue
        by_leaving = [name for kind, name in met if kind == "left"]
        at_once, surely = max(met.values())
        only = len(by_leaving) == len(met)
        yield _Edge(other, at_once, surely, by_leaving[0].partition("/")[2] if only else None)


# --- what raises what -------------------------------------------------------------------------------------------------


def _stages(scene: Scene) -> Iterator[_Node]:
    for journey, path, stage in scene.stages():
        keys = frozenset({*keys_of(stage.when, journey.name), _move(journey.name, stage.name)})
        entered: Key = ("entered", f"{journey.name}/{stage.name}")
        others = (each.name for each in journey.stages if each is not stage)
        left: dict[Key, tuple[bool, bool]] = {("left", f"{journey.name}/{each}"): (True, False) for each in others}
        raises = {entered: (True, True), **left, **_dwelt(scene, journey.name, stage.name)}
        asks = stage.given is not None or bool(stage.after)
        yield _Node(
            journey.name, f"stage {stage.name}", path, keys, raises, asks, stage=stage.name, reenter=stage.reenter
        )


def _move(journey: str, stage: str) -> Key:
    """What a `MoveTo` raises here: the stage is entered, whatever its trigger and condition say."""
    return "moved", f"{journey}/{stage}"


def _dwelt(scene: Scene, journey: str, stage: str) -> dict[Key, tuple[bool, bool]]:
    """Staying in a stage for a while follows from entering it, and takes its time."""
    keys = {key for one in scene.journeys for key in keys_of(_triggers(one), one.name) if key[0] == "dwelt"}
    return {key: (False, True) for key in keys if key[1].startswith(f"{journey}/{stage}|")}


def _triggers(journey: Journey) -> Iterator[Trigger]:
    for stage in journey.stages:
        yield from stage.when
    for rule in journey.rules:
        yield from rule.when


def _rules(scene: Scene) -> Iterator[_Node]:
    for journey, path, rule in scene.rules():
        keys = frozenset({*keys_of(rule.when, journey.name, rule.name), (ENROLLED, f"{journey.name}/{rule.name}")})
        raises = dict(_raised(journey.name, rule.then, at_once=True, surely=True))
        ends_early = any(isinstance(each, Expression) for each in rule.exit)
        yield _Node(
            journey.name, f"rule {rule.name}", path, keys, raises, rule.given is not None or ends_early,
            rule.limit is not None, any(isinstance(step, s.Send) for step in s.flat(rule.then)),
        )  # fmt: skip


_Raised = tuple[Key, tuple[bool, bool]]


def _raised(journey: str, taken: Iterable[s.Step], *, at_once: bool, surely: bool) -> Iterator[_Raised]:
    for step in taken:
        key = _key(journey, step)
        if key is not None:
            yield key, (at_once, surely)
        if isinstance(step, s.OpenCase):  # unless somebody closes or answers it
            yield from ((key, (False, False)) for key in keys_of([CaseOverdue(step.case)], journey))
        at_once = at_once and not isinstance(step, _WAITS)
        surely = surely and not isinstance(step, _WAITS)
        for _, arm in s.arms(step):
            yield from _raised(journey, arm, at_once=at_once, surely=False)
        rest = list(s.flat([step]))
        at_once = at_once and not any(isinstance(each, _WAITS) for each in rest)
        # An Exit in an arm ends the run for some; what comes after it is no longer sure.
        surely = surely and not any(isinstance(each, s.Exit) for each in rest)
        if isinstance(step, s.Exit):
            return


def _key(journey: str, step: s.Step) -> Key | None:
    match step:
        case s.Emit():
            return TOUCHPOINT, step.type
        case s.MoveTo():
            return _move(journey, step.stage)
        case s.Enrol():
            return ENROLLED, f"{journey}/{step.rule}"
        case s.OpenCase():
            return "case_opened", step.case
        case s.CloseCase():
            return "case_closed", step.case
    return None
