"""What is known just after a trigger: the touchpoint at hand has been counted, the stage is entered (S4.2)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from touchpoint.journey.conditions import (
    Arithmetic,
    CaseOpen,
    Compare,
    Count,
    Ever,
    Expression,
    Field,
    InSegment,
    InStage,
    Last,
    Literal,
    Not,
    Now,
    path_of,
    root_of,
    walk,
)
from touchpoint.journey.triggers import (
    CaseEscalated,
    CaseMerged,
    CaseOpened,
    CaseOverdue,
    CaseReopened,
    Dwelt,
    Entered,
    Joined,
    On,
    Referred,
    Silent,
    Trigger,
)
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.scene import Asked
from touchpoint.lab.checks.solve import always, never
from touchpoint.model.referral import MADE

_LATE: Final = timedelta(days=7)
"""What is told of later starts no rule, unless the engine is told otherwise (S1.5)."""
_ROLES: Final = ("given", "stage", "goal")


def just_then(asked: Asked) -> Iterator[Finding]:
    """Triggers after which a condition is never true, or always, because of what triggered it."""
    if asked.role not in _ROLES or not asked.triggers:
        return
    for each in asked.triggers:
        certain = (*asked.known, *_certain(asked, each))
        likely = (*certain, *_likely(asked.condition, each))
        if never(asked.condition, likely):
            surely = never(asked.condition, certain)
            unless = "" if surely else ", unless it is told of late"
            what = f"{asked.condition} is never true just after {each}{unless}"
            severity = "error" if surely else "warning"
            yield found("TC116", asked.journey.name, asked.path, asked.about, what, severity=severity)
    if all(always(asked.condition, (*asked.known, *_certain(asked, each))) for each in asked.triggers):
        what = f"{asked.condition} is always true just after {' and '.join(map(str, asked.triggers))}"
        yield found("TC108", asked.journey.name, asked.path, asked.about, what)


def _certain(asked: Asked, trigger: Trigger) -> Iterator[Expression]:
    match trigger:
        case On(type):
            yield Ever(type, None, None)
        case Referred():
            yield Ever(MADE, None, None)
        case Silent(of=str() as type):
            yield Ever(type, None, None)
            for node in walk(asked.condition):
                if isinstance(node, Count | Ever) and node.type == type and _within(node) <= _shortest(trigger):
                    yield Not(Ever(type, node.within, node.where))
        case Dwelt() | Entered():
            yield InStage(trigger.stage, trigger.journey or asked.journey.name)
        case Joined():
            yield InSegment(trigger.segment, trigger.journey or asked.journey.name)
        case CaseOpened() | CaseOverdue() | CaseEscalated() | CaseReopened() | CaseMerged():
            yield CaseOpen(trigger.case, None)


def _shortest(silence: Silent) -> timedelta:
    """How long it was silent at the least: by the usual gap of a customer that is one of its bounds."""
    if isinstance(silence.length, timedelta):
        return silence.length
    return min(each for each in (silence.at_least, silence.otherwise) if each is not None)


def _within(node: Count | Ever) -> timedelta:
    return timedelta.max if node.within is None else node.within


def _likely(condition: Expression, trigger: Trigger) -> Iterator[Expression]:
    """What holds where the touchpoint is told of at once, as most are."""
    if not isinstance(trigger, On):
        return
    for node in walk(condition):
        if isinstance(node, Count | Ever) and node.type == trigger.type and node.where is None:
            yield Ever(trigger.type, node.within, None)
        match node:
            case Arithmetic("-", Now(), Field() as since) if _is_of(since, trigger):
                yield Compare("<=", node, Literal(_LATE))


def _is_of(field: Field, trigger: On) -> bool:
    last = root_of(field) if path_of(field) == ("at",) else None
    return isinstance(last, Last) and last.type == trigger.type and last.where is None
