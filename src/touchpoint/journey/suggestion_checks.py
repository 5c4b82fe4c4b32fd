"""What suggestions, and candidates for the next best action, must be before their journey may run."""

from collections.abc import Iterator
from typing import Final

import attrs

from touchpoint.errors import Problem
from touchpoint.journey.conditions import (
    And,
    CaseOpen,
    Compare,
    Contains,
    Ever,
    Exists,
    Expression,
    In,
    InSegment,
    InStage,
    Literal,
    Not,
    Or,
    Outcome,
    Told,
    fields_of,
    walk,
)
from touchpoint.journey.message_checks import content_problems
from touchpoint.journey.policy import Pull
from touchpoint.journey.steps import Best, Candidate
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.taken_apart import Parts
from touchpoint.model.message import Message
from touchpoint.model.suggested import LONGEST_NAMES, bytes_of_names, is_number
from touchpoint.model.template import Template

_ROOTS: Final = frozenset({"customer"})
_OF_WORDS: Final = frozenset({"customer", "message"})
_CONDITIONS: Final = (Compare, And, Or, Not, In, Contains, Exists, Ever, CaseOpen, InStage, InSegment, Told)
_NUMBER: Final = "write value=10, say, or value=customer.basket * 0.1"
_ASK: Final = "ask about history, traits, stages, cases, segments, variants or now"


def suggestion_problems(journey: str, nodes: Parts) -> Iterator[Problem]:
    """Everything that is wrong with suggestions, beyond the shape of their fields."""
    for path, each in nodes.only(Suggestion):
        yield from _purpose(path, each)
        yield from _asks(path, each)
        yield from _words(path, each)
        yield from _limits(path, each)
        yield from _value(f"{path}.value", each.value)
        if isinstance(journey, str):
            yield from _names(path, each, journey)
    for path, item in nodes.only(Pull):
        if item.unknown and path.startswith("$.policy."):
            found = "only the policy of the house says who gets suggestions without being known"
            yield Problem(f"{path}.unknown", found, "put it into Engine(policy=…)")


def named_by_suggestion(node: object) -> Iterator[tuple[str, str]]:
    """("stage" or "segment", its name) of those that a suggestion is for."""
    if isinstance(node, Suggestion):
        yield from (("stage", each) for each in node.stages)
        yield from (("segment", each) for each in node.segments)


def best_problems(nodes: Parts) -> Iterator[Problem]:
    """Everything that is wrong with choices of the next best action, beyond the shape of their fields."""
    for path, best in nodes.only(Best):
        if not best.candidates:
            yield Problem(f"{path}.candidates", f"{best.name!r} has nothing to choose from", "name the candidates")
        first: dict[str, int] = {}
        for n, each in enumerate(best.candidates):
            if not isinstance(each, Candidate):
                continue  # its shape says so
            if each.name in first:
                found = f"candidate {each.name!r} is declared twice in {best.name!r}"
                yield Problem(f"{path}.candidates[{n}].name", found, "give each its own name")
            first.setdefault(each.name, n)
            yield from _value(f"{path}.candidates[{n}].value", each.value)


def one_of_a_name(nodes: Parts) -> Iterator[Problem]:
    """Suggestions share their names with no message and no other suggestion: kill switches and `why` go by them."""
    messages = {message.name: path for path, message in nodes.only(Message)}
    first: dict[str, str] = {}
    for path, each in nodes.only(Suggestion):
        other = messages.get(each.name) or first.get(each.name)
        if other is not None:
            found = f"the name {each.name!r} is taken, by {other}"
            yield Problem(f"{path}.name", found, "give the suggestion a name of its own")
        first.setdefault(each.name, path)


def _purpose(path: str, each: Suggestion) -> Iterator[Problem]:
    if not each.why.strip():
        found = f"a suggestion must say why we offer it: {each.name!r} has no purpose"
        yield Problem(f"{path}.why", found, 'write why="…", what it is good for')
    if not each.place:
        found = f"suggestion {each.name!r} has no place to be offered at"
        yield Problem(f"{path}.place", found, 'write place=["web.home"], say')
    if each.valid_from is not None and each.valid_until is not None and each.valid_from >= each.valid_until:
        found = f"suggestion {each.name!r} is over before it begins"
        yield Problem(f"{path}.valid_until", found, "name a date after valid_from")


def _names(path: str, each: Suggestion, journey: str) -> Iterator[Problem]:
    longest = max((bytes_of_names(place) for place in each.place), default=0)
    if bytes_of_names(journey, each.name) + longest > LONGEST_NAMES:
        found = f"journey, suggestion and place have more than {LONGEST_NAMES} bytes of names together"
        yield Problem(f"{path}.name", found, "shorten one of them: all of them stand in the id of a suggestion")


def _asks(path: str, each: Suggestion) -> Iterator[Problem]:
    for field, expression in (("given", each.given), ("value", each.value)):
        if expression is None:
            continue
        roots = dict.fromkeys(root for root, _ in fields_of(expression) if root not in _ROOTS)
        for root in roots:
            found = f"whoever asks for a suggestion stands in no run and has just done nothing: there is no {root}"
            yield Problem(f"{path}.{field}", found, _ASK)
        for node in walk(expression):
            if isinstance(node, Outcome | Told):
                found = f"{node}: a suggestion belongs to no run, and so knows no message of one"
                yield Problem(f"{path}.{field}", found, _ASK)


def _value(path: str, value: Expression) -> Iterator[Problem]:
    if isinstance(value, _CONDITIONS):
        yield Problem(path, "a value is a number, and this is a condition", _NUMBER)
    elif isinstance(value, Literal) and not is_number(value.value):
        yield Problem(path, "a value is a number, or an expression that gives one", _NUMBER)


def _limits(path: str, each: Suggestion) -> Iterator[Problem]:
    if each.limit is not None and (each.limit.kind == "once_per_stage" or each.limit.per_key):
        found = "a suggestion knows no visit to a stage and no key"
        yield Problem(f"{path}.limit", found, "use once(), times() or cool_down()")


def _words(path: str, each: Suggestion) -> Iterator[Problem]:
    problems = list(content_problems(path, each.message))
    for problem in problems:
        told = problem.message.replace("message", "suggestion").replace("channel", "place")
        yield attrs.evolve(problem, message=told, fix=(problem.fix or "").replace("channel", "place"))
    if problems:
        return
    for key, content in each.content.items():
        for part in ("subject", "text", "html"):
            for field in Template.parse(getattr(content, part) or "").fields:
                if field.root not in _OF_WORDS:
                    found = f"{{{field.name}}}: whoever asks for a suggestion stands in no run, so there is none"
                    yield Problem(f'{path}.content["{key}"].{part}', found, "look up customer.…")
