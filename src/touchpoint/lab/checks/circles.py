"""Rules and stages that set each other off in a circle (TC6xx), without the customer doing anything.

What may follow from what is followed round after round, with what is known on the way (`rounds.py`), until either
nothing new comes or a round comes back to where it was with the same known of the customer: that is a circle, and it
goes on for ever.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import Final

import attrs

from touchpoint.journey import steps as s
from touchpoint.journey.conditions import aggregates_of
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.links import Links, Node
from touchpoint.lab.checks.looking import Effort
from touchpoint.lab.checks.rounds import Rounds
from touchpoint.lab.checks.scene import Scene
from touchpoint.lab.checks.ways import Raised
from touchpoint.lab.checks.world import World

_MOST_CONFIGS: Final = 1_000
_MOST_TYPES: Final = 4
_MOST_TRIED: Final = 12
Config = int
"""The number of something raised, with what is known when its turn comes."""


@attrs.frozen(eq=False)
class _Edge:
    """From one thing that was raised to another: `by` says how it came to that."""

    start: Config
    to: Config
    by: Raised


Graph = Mapping[Config, Sequence[_Edge]]


def circles(scene: Scene) -> Iterator[Finding]:
    """Every circle in which nothing is limited; each is told once, at its first stage or rule."""
    told: set[Node] = set()
    if not any(journey.rules or journey.stages for journey in scene.journeys):
        return
    instant = Links(scene, at_once=True)
    effort = Effort()
    at_once = [(world, _graph(instant, world, effort)) for world in _worlds(scene, at_once=True)]
    yield from _tell(instant, at_once, told, "TC601", lambda by: by.sure)
    yield from _tell(instant, at_once, told, "TC602", lambda _: True)
    slow = Links(scene, at_once=False)
    effort = Effort()
    in_time = [(world, _graph(slow, world, effort)) for world in _worlds(scene, at_once=False)]
    names = {(each.journey.name, each.path) for each in told}
    told = {each for each in slow.nodes if (each.journey.name, each.path) in names}
    yield from _tell(slow, in_time, told, "TC602", lambda _: True)


def _worlds(scene: Scene, *, at_once: bool) -> Iterator[World]:
    """The cases to look at: of what conditions count, each type is emitted in every round, or in none."""
    emits: dict[str, tuple[s.Emit, ...]] = {}
    for _, _, rule in scene.rules():
        for step in s.flat(rule.then):
            if isinstance(step, s.Emit):
                emits[step.type] = (*emits.get(step.type, ()), step)
    asked = {question.type for each in scene.asked for question in aggregates_of(each.condition)}
    counted = sorted(asked & emits.keys())
    sets: Iterable[Iterable[str]] = chain.from_iterable(combinations(counted, n) for n in range(len(counted) + 1))
    if len(counted) > _MOST_TYPES:
        sets = [counted, [], *([each] for each in counted), *(set(counted) - {each} for each in counted)]
    for many in map(frozenset, sets):
        yield World(at_once, emits, many, frozenset(counted) - many)


def _graph(links: Links, world: World, effort: Effort) -> Graph:
    """Everything that may be raised, from every rule and stage on, with what follows from each."""
    rounds, graph, numbers = Rounds(links, world, effort), dict[Config, list[_Edge]](), dict[object, Config]()

    def number(raised: Raised) -> Config:
        return numbers.setdefault(raised.config(), len(numbers))

    todo = deque(
        (number(raised), raised) for node in links.nodes if links.may_return(node) for raised in rounds.begin(node)
    )
    while todo and len(graph) < _MOST_CONFIGS:
        here, raised = todo.popleft()
        if here not in graph:
            graph[here] = [_Edge(here, number(each), each) for each in rounds.follow(raised)]
            todo.extend((edge.to, edge.by) for edge in graph[here] if edge.to not in graph)
    return graph


# --- what comes back --------------------------------------------------------------------------------------------------


def _tell(
    links: Links, graphs: Sequence[tuple[World, Graph]], told: set[Node], code: str, goes: Callable[[Raised], bool]
) -> Iterator[Finding]:
    parts = [part for world, graph in graphs for part in _rounds_in(world, graph, goes)]
    for node in links.nodes:
        if node in told:
            continue
        ways = [way for part in parts if (way := _way_back(node, part)) is not None]
        if ways:
            way = min(ways, key=len)
            told.update(chain.from_iterable(edge.by.actors for edge in way))
            yield _finding(node, way, code, at_once=links.at_once)


def _finding(node: Node, way: Sequence[_Edge], code: str, *, at_once: bool) -> Finding:
    names = [each.name for edge in way for each in edge.by.actors]
    first = names.index(node.name)
    once = [*names[first:], *names[:first], node.name]
    said = " → ".join(each for n, each in enumerate(once) if n in (0, len(once) - 1) or each != once[n - 1])
    if code == "TC601":
        what = f"{said}, at once and on no condition"
    else:
        what = (
            f"{said}, at once; only a condition ends it, and nothing is limited"
            if at_once
            else f"{said}, and nothing is limited"
        )
    return found(code, node.journey.name, node.path, node.name, what)


def _way_back(node: Node, part: Sequence[_Edge]) -> list[_Edge] | None:
    """A short way by which a node sets itself off again."""
    through = [edge for edge in part if node in edge.by.actors][:_MOST_TRIED]
    if not through:
        return None
    inside: dict[Config, list[_Edge]] = {}
    for edge in part:
        inside.setdefault(edge.start, []).append(edge)
    ways = [[edge, *way] for edge in through if (way := _back(edge, inside)) is not None]
    return min(ways, key=len, default=None)


def _back(edge: _Edge, inside: Graph) -> list[_Edge] | None:
    ways: deque[list[_Edge]] = deque([[]])
    seen = {edge.to}
    while ways:
        way = ways.popleft()
        here = way[-1].to if way else edge.to
        if here == edge.start:
            return way
        for each in inside.get(here, ()):
            if each.to not in seen:
                seen.add(each.to)
                ways.append([*way, each])
    return None


def _rounds_in(world: World, graph: Graph, goes: Callable[[Raised], bool]) -> list[list[_Edge]]:
    """The edges of each part of the graph in which one can go round, where that is of any account."""
    edges = {config: [each for each in out if goes(each.by) and each.to in graph] for config, out in graph.items()}
    parts = []
    for component in _components(edges):
        part = [each for config in sorted(component) for each in edges[config] if each.to in component]
        emitted = frozenset[str]().union(*(each.by.emits for each in part))
        matters = world.at_once or (any(e.by.sends for e in part) and not all(e.by.at_once for e in part))
        if part and matters and world.many <= emitted:
            parts.append(part)
    return parts


def _components(edges: Graph) -> list[set[Config]]:
    """The strongly connected parts of a graph (Tarjan), without recursion, since journeys may be long."""
    index: dict[Config, int] = {}
    low: dict[Config, int] = {}
    stack: dict[Config, None] = {}
    found_parts: list[set[Config]] = []
    for root in edges:
        work = [(root, iter(edges[root]))] if root not in index else []
        while work:
            here, rest = work[-1]
            if here not in index:
                index[here] = low[here] = len(index)
                stack[here] = None
            for edge in rest:
                if edge.to not in index:
                    work.append((edge.to, iter(edges[edge.to])))
                    break
                if edge.to in stack:
                    low[here] = min(low[here], index[edge.to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[here])
                if low[here] == index[here]:
                    found_parts.append(_popped(stack, here))
    return found_parts


def _popped(stack: dict[Config, None], until: Config) -> set[Config]:
    part: set[Config] = set()
    while until not in part:
        part.add(stack.popitem()[0])
    return part
