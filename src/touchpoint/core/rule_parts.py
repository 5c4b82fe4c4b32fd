"""What is found out about a rule when it is compiled: its steps, what it asks, and what its runs look up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Self, TypeVar

import attrs

from touchpoint.journey.conditions import And, Expression, Told, fields_of, walk
from touchpoint.journey.contents import looked_up, wordings
from touchpoint.journey.fields import layout_of
from touchpoint.journey.outcomes import MessageTrigger
from touchpoint.journey.rule import Rule
from touchpoint.journey.step_fields import asked_by_candidates
from touchpoint.journey.steps import Best, Call, Send, Step, WaitFor, identified
from touchpoint.journey.triggers import Trigger
from touchpoint.model.message import Message

S = TypeVar("S", bound=Step)


@attrs.frozen(eq=False)
class RuleParts:
    """A rule taken apart once for all who ask.

    `steps` are all of its steps by their identities, `running` the triggers by which its runs exit, reach their goal,
    and go on, `expressions` every condition and value, `asked` what came back of messages as these ask for it; each in
    reading order.
    """

    rule: Rule
    steps: Sequence[tuple[str, Step]]
    running: Sequence[Trigger]
    expressions: Sequence[Expression]
    asked: Sequence[Told]

    @classmethod
    def of(cls, rule: Rule, steps: "Sequence[tuple[str, Step]] | None" = None) -> Self:
        """The parts of this rule; `steps` are its steps by their identities, where they are known already."""
        steps = tuple(identified(rule.then)) if steps is None else steps
        expressions = tuple(_expressions_of_rule(rule, steps))
        return cls(rule, steps, _triggers_in_run(rule, steps), expressions, told_in(expressions))

    def steps_of(self, *classes: type[S]) -> "list[S]":
        """Its steps of these classes, in reading order."""
        return [step for _, step in self.steps if isinstance(step, classes)]

    def triggers(self) -> Iterator[Trigger]:
        """Every trigger, in reading order."""
        yield from self.rule.when
        yield from self.running

    def waits_for_own(self) -> bool:
        """Whether a run waits for, exits by, or has as its goal, what becomes of its own messages."""
        return any(isinstance(each, MessageTrigger) and not each.any_run for each in self.running)

    def results_read(self) -> frozenset[str]:
        """The functions whose results conditions or words of the rule look up: only these are kept."""
        if not any(isinstance(step, Call) for _, step in self.steps):
            return frozenset()  # a rule can look up the results of its own calls only
        looked_up = [field for each in self.expressions for field in fields_of(each)]
        for _, step in self.steps:
            looked_up += _of_words(step.message) if isinstance(step, Send) else ()
        return frozenset(path[0] for root, path in looked_up if root == "result" and path)


def told_in(expressions: Iterable[Expression]) -> Sequence[Told]:
    """Every question about what came back of a message."""
    return [node for each in expressions for node in walk(each) if type(node) is Told]


def _triggers_in_run(rule: Rule, steps: Iterable[tuple[str, Step]]) -> Sequence[Trigger]:
    found = [each for each in rule.exit if not isinstance(each, Expression)]
    if rule.goal:
        found += rule.goal.trigger
    for _, step in steps:
        if type(step) is WaitFor:
            found += step.trigger
    return found


def apart(rule: Rule) -> tuple[Expression | None, Expression | None]:
    """What of its condition each trigger is asked, and what a burst once it is complete: all about `collected`."""
    given = rule.given
    if rule.collect is None:
        return given, None
    parts = given.parts if isinstance(given, And) else () if given is None else (given,)
    of_burst = [part for part in parts if any(root == "collected" for root, _ in fields_of(part))]
    of_each = [part for part in parts if not any(part is each for each in of_burst)]
    return _all_of(of_each), _all_of(of_burst)


def _all_of(parts: Sequence[Expression]) -> Expression | None:
    return And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


def _expressions_of_rule(rule: Rule, steps: Iterable[tuple[str, Step]]) -> Iterator[Expression]:
    yield from (each for each in (rule.given, rule.goal.given if rule.goal else None) if each is not None)
    yield from (each for each in rule.exit if isinstance(each, Expression))
    for _, step in steps:
        yield from _expressions_of(step)


def _expressions_of(step: Step) -> Iterable[Expression]:
    for name in _asking(type(step)):  # type: ignore[arg-type]  # a class is hashable
        found = getattr(step, name)
        if isinstance(found, Expression):
            yield found
        elif isinstance(found, Mapping):
            yield from found.values()
    if isinstance(step, Send):
        if step.message.wordings:
            yield from (each.given for _, each in wordings(step.message))
    elif isinstance(step, Best):
        yield from (expression for _, expression in asked_by_candidates(step))


@cache
def _asking(cls: type) -> tuple[str, ...]:
    """The fields of a class of steps in which conditions and values stand, in reading order."""
    named = ("still", "given", "condition", "until", "value", "ref", "severity", "owner", "properties", "arguments")
    return tuple(name for name in named if name in layout_of(cls).names)


def _of_words(message: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
    return ((field.root, field.path) for field in looked_up(message))
