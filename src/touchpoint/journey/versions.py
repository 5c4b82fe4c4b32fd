"""Two versions of a rule: which step is which, and where a run goes on whose step is gone (S5.4). Pure data.

A place is the identity of a step (S4.5), never its position.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Step, arms, identified

Block: TypeAlias = tuple[str, ...]
"""Identities of the steps that follow each other: of a rule, or of one arm."""


@attrs.frozen(eq=False)
class Outline:
    """The steps of a rule by identity, with their places.

    Args:
        steps: in reading order.
        blocks: the block in which each stands.
        parents: the step in whose arm each stands; None at the top.
        inner: the blocks of each step's own arms, in reading order.
    """

    steps: Mapping[str, Step]
    blocks: Mapping[str, Block]
    parents: Mapping[str, str | None]
    inner: Mapping[str, tuple[Block, ...]]

    def above(self, step: str) -> Iterator[str]:
        """The steps in whose arms this one lies, the nearest first."""
        parent = self.parents[step]
        while parent is not None:
            yield parent
            parent = self.parents[parent]

    def after(self, step: str) -> Iterator[str]:
        """What may still come for a run that stands at this step and does not take its arms, in reading order."""
        block = self.blocks[step]
        yield from self._read(block[block.index(step) + 1 :])
        parent = self.parents[step]
        if parent is not None:
            yield from self.after(parent)

    def _read(self, block: Block) -> Iterator[str]:
        for each in block:
            yield each
            for arm in self.inner[each]:
                yield from self._read(arm)


def outline(rule: Rule) -> Outline:
    """The steps of a rule with their places."""
    named = list(identified(rule.then))
    made = Outline(dict(named), {}, {}, {})
    _place(made, rule.then, None, iter([name for name, _ in named]))
    return made


def _place(made: Outline, steps: Sequence[Step], parent: str | None, names: Iterator[str]) -> Block:
    """Note where each of these steps stands. Names come in reading order, for one object may stand in two places."""
    own: list[str] = []
    for step in steps:
        name = next(names)
        own.append(name)
        made.parents[name] = parent  # type: ignore[index]  # it is being made
        made.inner[name] = tuple(_place(made, arm, name, names) for _, arm in arms(step))  # type: ignore[index]
    block = tuple(own)
    made.blocks.update((name, block) for name in own)  # type: ignore[attr-defined]
    return block


def carried_over(before: Iterable[str], after: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Which name each of the earlier ones has now; those that are gone are left out.

    Args:
        before: the earlier names.
        after: the names of now, each with those it had earlier (`was=`).
    """
    earlier = {name: now for now, names in after.items() for name in names}
    found = {name: name if name in after else earlier.get(name) for name in before}
    return {name: now for name, now in found.items() if now is not None}


def renamed_rules(before: Iterable[Rule], after: Iterable[Rule]) -> dict[str, str]:
    """The name of now for each earlier rule that is still there."""
    return carried_over((rule.name for rule in before), {rule.name: rule.was for rule in after})


def renamed_steps(before: Outline, after: Outline) -> dict[str, str]:
    """The identity of now for each earlier step that is still there."""
    return carried_over(before.steps, {name: getattr(step, "was", ()) for name, step in after.steps.items()})


def landing(before: Outline, after: Outline, names: Mapping[str, str], gone: str) -> str | None:
    """Where a run goes on whose step is gone; None where nothing that was to come is left.

    That is the next step that was after it in the earlier definition and still exists. Where it now lies in an arm that
    the run has not entered, it is the step to which that arm belongs, so that its question is asked.

    Args:
        before: the earlier definition.
        after: the one of now.
        names: what `renamed_steps` says of them.
        gone: a step of the earlier one.
    """
    to_come = list(before.after(gone))
    passed = {now for name, now in names.items() if name not in to_come}
    target = next((names[each] for each in to_come if each in names), None)
    if target is None:
        return None
    outside = [each for each in after.above(target) if each not in passed]
    return outside[-1] if outside else target
