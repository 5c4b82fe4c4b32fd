"""Steps become a graph: which node follows which, and where arms begin."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from touchpoint.journey.steps import Split, Step, arm_of, arms

if TYPE_CHECKING:
    from touchpoint.core.program import Node

Tree = list[tuple["Node", Mapping[str, "Tree"]]]


def tree(steps: Sequence[Step], nodes: "Iterator[Node]") -> Tree:
    """Nodes in the shape of their steps.

    They are taken in reading order, because one step object may stand in several places.
    """
    return [(next(nodes), {name: tree(arm, nodes) for name, arm in arms(step)}) for step in steps]


def link(tree: Tree, after: "Node | None") -> "Node | None":
    """Tell each node what follows it and where its arms begin; gives the first one, or `after` where there is none."""
    following = after
    for node, under in reversed(tree):
        node.next = following
        begins = {name: link(arm, following) for name, arm in under.items()}
        node.then, node.otherwise = begins.get("then", following), begins.get("otherwise", following)
        if isinstance(node.step, Split):
            node.arms = {variant: begins.get(arm_of(variant), following) for variant in node.step.arms}
        following = node
    return following
