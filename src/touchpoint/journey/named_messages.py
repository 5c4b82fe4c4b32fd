"""Checks of triggers that name a message: it has to be one that can become what they wait for."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from touchpoint.errors import Problem, hint
from touchpoint.journey.outcomes import MESSAGE_TRIGGERS, MessageTrigger
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Step, WaitFor, arms
from touchpoint.journey.taken_apart import Parts
from touchpoint.model.message import Message

_OWN: Final = "name a message that the same rule sends, or say any_run=True for those of other runs"


def of_the_run(path: str, rule: Rule, sent: frozenset[str]) -> Iterator[Problem]:
    """Waits, exits and the goal of a rule that speak of a message of the run, and none of its steps sends that.

    Args:
        path: of the rule.
        rule: one that is sound in shape.
        sent: the messages that its steps send.
    """
    for place, each in _in_run(path, rule):
        if isinstance(each, MessageTrigger) and not each.any_run and each.message not in sent:
            found = f"{each}: no step of rule {rule.name!r} sends {each.message!r}{hint(each.message, sent)}"
            yield Problem(place, found, _OWN)


def _in_run(path: str, rule: Rule) -> Iterator[tuple[str, Any]]:
    yield from ((f"{path}.exit[{n}]", each) for n, each in enumerate(rule.exit))
    yield from ((f"{path}.goal.trigger[{n}]", each) for n, each in enumerate(rule.goal.trigger if rule.goal else ()))
    yield from _waits(rule.then, f"{path}.then")


def _waits(steps: Sequence[Step], path: str) -> Iterator[tuple[str, Any]]:
    for n, step in enumerate(steps):
        here = f"{path}[{n}]"
        if isinstance(step, WaitFor):
            yield from ((f"{here}.trigger[{m}]", each) for m, each in enumerate(step.trigger))
        for name, arm in arms(step):
            yield from _waits(arm, f"{here}.{name}")


def sent_nowhere(nodes: Parts) -> Iterator[Problem]:
    """Triggers by what becomes of a message that no journey has: it can never happen.

    Args:
        nodes: the parts of all journeys that live together, with their paths.
    """
    known = {each.name for _, each in nodes.only(Message)}
    each: MessageTrigger
    for path, each in nodes.only(*MESSAGE_TRIGGERS):
        if each.message not in known:
            found = f"no journey sends the message {each.message!r}{hint(each.message, known)}"
            yield Problem(path, found, "correct the name, or hand the journey that sends it to the engine as well")
