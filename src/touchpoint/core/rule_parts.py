"""What is found out about a rule when it is compiled: its steps, what it asks, and what its runs look up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Self, TypeVar

import attrs

from touchpoint.journey.conditions import And, Expression, Told, fields_of, walk
from touchpoint.journey.contents import looked_up, wordings
from touchpoint.journey.outcomes import MessageTrigger
from touchpoint.journey.rule import Rule
from touchpoint.journey.step_fields import asked_by_candidates
from touchpoint.journey.steps import Best, Call, Send, Step, WaitFor, identified
from touchpoint.journey.triggers import Trigger
from touchpoint.model.message import Message

S = TypeVar("S", bound=Step)


@attrs.frozen(eq=False)
class RuleParts:
    """A rule taken apart once for all who ask: with `steps`, which are all of its steps by their identities."""

    rule: Rule
    steps: Sequence[tuple[str, Step]]

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """The parts of this rule."""
        return cls(rule, tuple(identified(rule.then)))

    @cached_property
    def running(self) -> Sequence[Trigger]:
        """The triggers by which its runs exit, reach their goal, and go on, in reading order."""
        rule = self.rule
        found = [each for each in rule.exit if not isinstance(each, Expression)]
        if rule.goal:
            found += rule.goal.trigger
        for _, step in self.steps:
            if type(step) is WaitFor:
                found += step.trigger
        return found

    @cached_property
    def expressions(self) -> Sequence[Expression]:
        """Every condition and value, in reading order."""
        rule = self.rule
        found = [] if rule.given is None else [rule.given]
        if rule.goal and rule.goal.given is not None:
            found.append(rule.goal.given)
        found += [each for each in rule.exit if isinstance(each, Expression)]
        for _, step in self.steps:
            found += _expressions_of(step)
        return found

    @cached_property
    def asked(self) -> Sequence[Told]:
        """What came back of messages, as these ask for it, in reading order."""
        return told_in(self.expressions)

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


def _expressions_of(step: Step) -> Iterable[Expression]:
    found: list[Expression] = []
    for name in _asking(type(step)):  # type: ignore[arg-type]  # a class is hashable
        held = getattr(step, name)
        if isinstance(held, Expression):
            found.append(held)
        elif held is not None and isinstance(held, Mapping):
            found += held.values()
    if isinstance(step, Send):
        found += [each.given for _, each in wordings(step.message)] if step.message.wordings else ()
    elif isinstance(step, Best):
        found += [expression for _, expression in asked_by_candidates(step)]
    return found


@cache
def _asking(cls: type) -> tuple[str, ...]:
    """The fields of a class of steps in which conditions and values stand, in reading order."""
    named = ("still", "given", "condition", "until", "value", "ref", "severity", "owner", "properties", "arguments")
    return tuple(name for name in named if hasattr(cls, name))


def _of_words(message: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
    return ((field.root, field.path) for field in looked_up(message))
