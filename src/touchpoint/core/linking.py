"""The steps of a rule, linked: what follows each, and where its arms begin."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from touchpoint.journey.steps import FOLLOW_UP, Best, Split, Step, arm_of, arms, candidate_arm

if TYPE_CHECKING:
    from touchpoint.core.compiled_rule import Node

Tree = list[tuple["Node", Mapping[str, "Tree"]]]


def link(steps: Sequence[Step], nodes: "Iterable[Node]") -> "Node | None":
    """Link the nodes of these steps, which come in reading order; the first of them, if there is any."""
    return _link(_tree(steps, iter(nodes)), None)


def _tree(steps: Sequence[Step], nodes: "Iterator[Node]") -> Tree:
    """Nodes in the shape of their steps.

    They are taken in reading order, because one step object may stand in several places.
    """
    return [(next(nodes), {name: _tree(arm, nodes) for name, arm in arms(step)}) for step in steps]


def _link(tree: Tree, after: "Node | None") -> "Node | None":
    following = after
    for node, under in reversed(tree):
        begins = {name: _link(arm, following) for name, arm in under.items()}
        node.next = begins.get(FOLLOW_UP, following)
        node.then, node.otherwise = begins.get("then", following), begins.get("otherwise", following)
        if isinstance(node.step, Split):
            node.arms = {variant: begins.get(arm_of(variant), following) for variant in node.step.arms}
        elif isinstance(node.step, Best):
            arms_of = {each.name: candidate_arm(n) for n, each in enumerate(node.step.candidates)}
            node.arms = {name: begins.get(arm, following) for name, arm in arms_of.items()}
        following = node
    return following
