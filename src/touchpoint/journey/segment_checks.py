"""What the conditions of segments may look at (S3.3), and that no segment depends on itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from touchpoint.errors import Problem
from touchpoint.journey.conditions import (
    And,
    Arithmetic,
    CaseOpen,
    Compare,
    Contains,
    Count,
    Ever,
    Exists,
    Expression,
    Field,
    In,
    InSegment,
    InStage,
    Last,
    Literal,
    Not,
    Now,
    Or,
    Outcome,
    Total,
    Variant,
    fields_of,
    walk,
)
from touchpoint.journey.segment import Segment

Node = tuple[str, str]
"""(journey, segment)."""

# A list of what may be there: whatever else comes to the language is refused until somebody says when it changes.
_KNOWN: Final = (
    And, Arithmetic, CaseOpen, Compare, Contains, Count, Ever, Exists, Field, In, InSegment, InStage, Last, Literal,
    Not, Or, Total, Variant,
)  # fmt: skip
_ASK: Final = "ask about history, traits, stages, cases or other segments"
_FIXES: Final[Mapping[str, str]] = {
    "event": 'ask history instead, such as last("review").score',
    "trigger": "put that part into the condition of the rule",
    "now": 'ask through a window instead, such as ~ever("order_placed", within=days(30))',
}


def refused_parts(path: str, condition: Expression) -> Iterator[Problem]:
    """What a segment's condition looks at and may not: what is not the customer's, or changes without any event."""
    told = dict.fromkeys(root for root, _ in fields_of(condition) if root in ("event", "trigger"))
    for root in told:
        found = f"a segment is about the customer, whatever happened last, so its condition knows no {root}"
        yield Problem(path, found, _FIXES[root])
    for node in walk(condition):
        if isinstance(node, Now):
            found = "a segment cannot look at the clock: nobody would notice when its answer changes"
            yield Problem(path, found, _FIXES["now"])
        elif isinstance(node, Outcome):
            yield Problem(path, f"{node}: a segment belongs to no run, and so knows no message of one", _ASK)
        elif not isinstance(node, _KNOWN):
            yield Problem(path, f"{node}: a segment cannot ask this", _ASK)


def circles(segments: Sequence[tuple[str, str, Segment]]) -> Iterator[Problem]:
    """The segments that depend on themselves, each circle once.

    Args:
        segments: (path, journey, segment) of all there are, in reading order.
    """
    places = {(journey, each.name): path for path, journey, each in segments}
    asks = {(journey, each.name): list(_asked(journey, each.condition)) for _, journey, each in segments}
    over: set[Node] = set()
    for start in asks:
        for circle in _around(start, asks, over):
            told = " → ".join(name for _, name in (*circle, circle[0]))
            found = f"segments depend on each other in a circle: {told}"
            if len(circle) == 1:
                found = f"segment {start[1]!r} depends on itself"
            yield Problem(f"{places[circle[0]]}.condition", found, "take one of them out of the other's condition")


def in_order(asks: Mapping[Node, Sequence[Node]]) -> list[Node]:
    """Those that others ask about before these, else as they are given; circles apart, which were refused."""
    found: dict[Node, None] = {}
    for start in asks:
        todo = [(start, iter(asks[start]))]
        begun = {start}
        while todo:
            node, rest = todo[-1]
            following = next((each for each in rest if each in asks and each not in found and each not in begun), None)
            if following is None:
                found.setdefault(node)
                todo.pop()
            else:
                begun.add(following)
                todo.append((following, iter(asks[following])))
    return list(found)


def asked_segments(journey: str, condition: Expression) -> list[Node]:
    """The (journey, name) of every segment that a condition asks about, each once."""
    return list(dict.fromkeys(_asked(journey, condition)))


def _asked(journey: str, condition: Expression) -> Iterator[Node]:
    for node in walk(condition):
        if isinstance(node, InSegment):
            yield (journey if node.journey is None else node.journey), node.segment


def _around(start: Node, asks: Mapping[Node, Sequence[Node]], over: set[Node]) -> Iterator[list[Node]]:
    """The circles that are met on the way from here; without recursion, since journeys may be long."""
    if start in over:
        return
    way, todo = [start], [iter(asks[start])]
    while todo:
        following = next(todo[-1], None)
        if following is None:
            over.add(way.pop())
            todo.pop()
        elif following in way:
            yield way[way.index(following) :]
        elif following in asks and following not in over:
            way.append(following)
            todo.append(iter(asks[following]))
