"""What is found out about a rule when it is compiled: the parts of its condition, and what its runs look up."""

from collections.abc import Iterable, Iterator, Sequence

from touchpoint.journey.conditions import And, Expression, fields_of
from touchpoint.journey.contents import looked_up, wordings
from touchpoint.journey.rule import Rule
from touchpoint.journey.step_fields import asked_by_candidates
from touchpoint.journey.steps import Send, Step, identified
from touchpoint.model.message import Message


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


def expressions_of(rule: Rule) -> Iterable[Expression]:
    """Every condition and value of a rule, in reading order."""
    yield from (each for each in (rule.given, rule.goal.given if rule.goal else None) if each is not None)
    yield from (each for each in rule.exit if isinstance(each, Expression))
    for _, step in identified(rule.then):
        yield from _expressions_of(step)


def _expressions_of(step: Step) -> Iterable[Expression]:
    for name in ("still", "given", "condition", "until", "value", "ref", "severity", "owner"):
        if isinstance(found := getattr(step, name, None), Expression):
            yield found
    for name in ("properties", "arguments"):
        yield from getattr(step, name, {}).values()
    if isinstance(step, Send) and step.message.wordings:
        yield from (each.given for _, each in wordings(step.message))
    yield from (expression for _, expression in asked_by_candidates(step))


def results_read(rule: Rule) -> frozenset[str]:
    """The functions whose results conditions or words of the rule look up: only these are kept."""
    looked_up = [field for each in expressions_of(rule) for field in fields_of(each)]
    for _, step in identified(rule.then):
        looked_up += _of_words(step.message) if isinstance(step, Send) else ()
    return frozenset(path[0] for root, path in looked_up if root == "result" and path)


def _of_words(message: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
    return ((field.root, field.path) for field in looked_up(message))
