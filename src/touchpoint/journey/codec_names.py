"""The stable names of the language's classes in JSON, and how each of them is built from what was read."""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Final

from touchpoint.errors import JourneyError, hint
from touchpoint.journey import changes, steps, triggers
from touchpoint.journey import conditions as c
from touchpoint.journey.calendar_triggers import DateDue, Schedule, Usual
from touchpoint.journey.content_rules import ContentRule, ContentRules, Sender
from touchpoint.journey.familiarity import Familiarity
from touchpoint.journey.journey import Journey
from touchpoint.journey.outcomes import MESSAGE_TRIGGERS
from touchpoint.journey.policy import (
    Approval,
    Cap,
    ConsentRule,
    ConsentRules,
    Hold,
    HoldOut,
    LiveRuns,
    Policy,
    Pull,
    Spacing,
)
from touchpoint.journey.requirements import REQUIREMENTS
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.stage import Stage
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.waiver import Waiver
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.journey.wording import Wording
from touchpoint.model.budget import Budget, Stock
from touchpoint.model.business import BusinessHours, BusinessTime
from touchpoint.model.case import BySeverity, CaseType
from touchpoint.model.limits import Limit
from touchpoint.model.message import Content, Gift, Message, Survey

_PARTS: Final = 1_000

_ROOTS: Final = {
    "event": c.event, "trigger": c.trigger, "customer": c.customer, "collected": c.collected,
    "result": c.Field("result"),
}  # fmt: skip
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_CALCULATIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


def _operation(table: Mapping[str, Callable[[Any, Any], Any]]) -> Callable[..., object]:
    def build(op: str, left: object, right: object) -> object:
        if op not in table:
            raise JourneyError(f"there is no operator {op!r}; known: {' '.join(table)}")
        return table[op](c.operand(left), c.operand(right))

    return build


def _joined(join: Callable[[Any, Any], Any]) -> Callable[..., object]:
    def build(parts: object) -> object:
        # Each part is joined to all before it, so many of them take long.
        if not isinstance(parts, tuple) or not 0 < len(parts) <= _PARTS:
            raise JourneyError(f"& and | join a list of 1 to {_PARTS:,} conditions")
        return reduce(join, map(c.operand, parts))

    return build


def _field(root: object, path: Sequence[str]) -> object:
    if isinstance(root, str) and root not in _ROOTS:
        raise JourneyError(f"a field begins at {', '.join(_ROOTS)} or a `last`, not at {root!r}{hint(root, _ROOTS)}")
    return _stepped(_ROOTS[root] if isinstance(root, str) else root, path)


def _stepped(field: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - a Field, or what will be refused
    for name in (path,) if isinstance(path, str) else path:  # a text alone is one name, not one for each letter
        field = field[name]
    return field


def _total(type: str, of: Sequence[str], **more: Any) -> object:  # noqa: ANN401 - hands on what total() takes
    return c.total(type, _stepped(c.event, of), **more)


def _told(message: str, what: str) -> object:
    if what not in _TELLS:
        raise JourneyError(f"nothing tells of a message that it was {what!r}{hint(str(what), _TELLS)}")
    return _TELLS[what](message)


_TELLS: Final = {each.__name__: each for each in (c.delivered, c.opened, c.clicked, c.replied, c.answered, c.failed)}
NAMES: Final[Mapping[type, str]] = {
    Journey: "journey", Stage: "stage", Rule: "rule", Goal: "goal", Limit: "limit", CaseType: "casetype",
    Waiver: "waiver", Segment: "segment", triggers.Joined: "joined", triggers.LeftSegment: "leftsegment",
    triggers.On: "on", triggers.Entered: "entered", triggers.Left: "left", triggers.Dwelt: "dwelt",
    triggers.CaseOpened: "caseopened", triggers.CaseClosed: "caseclosed", triggers.Silent: "silent",
    triggers.CaseOverdue: "caseoverdue", triggers.CaseEscalated: "caseescalated",
    triggers.CaseReopened: "casereopened", triggers.CaseMerged: "casemerged",
    BusinessHours: "businesshours", BusinessTime: "businesstime", BySeverity: "byseverity",
    triggers.Anniversary: "anniversary", triggers.Enrolled: "enrolled", triggers.Exposed: "exposed",
    triggers.Referred: "referred",
    **{
        cls: cls.__name__.lower()
        for cls in (changes.ConsentChanged, changes.PreferenceChanged, changes.TraitChanged, *MESSAGE_TRIGGERS)
    },
    DateDue: "datedue", Schedule: "schedule", Usual: "usual",
    steps.Send: "send", steps.Ask: "ask", steps.Give: "give", steps.Reply: "reply", steps.React: "react",
    steps.Wait: "wait", steps.WaitFor: "waitfor",
    steps.WaitUntil: "waituntil", steps.Branch: "branch", steps.Split: "split",
    steps.Best: "best", steps.Candidate: "candidate", Suggestion: "suggestion",
    steps.MoveTo: "moveto", steps.SetTrait: "settrait",
    steps.Emit: "emit", steps.OpenCase: "opencase", steps.CloseCase: "closecase", steps.Call: "call",
    steps.Enrol: "enrol", steps.Exit: "exit",
    Message: "message", Survey: "survey", Gift: "gift", Content: "content", Wording: "wording",
    Policy: "policy", QuietHours: "quiethours", SendWindow: "sendwindow", Cap: "cap", Spacing: "spacing", Hold: "hold",
    HoldOut: "holdout", Familiarity: "familiarity", LiveRuns: "liveruns", Pull: "pull", Budget: "budget",
    Stock: "stock", Approval: "approval",
    ConsentRules: "consentrules", ConsentRule: "consentrule",
    ContentRules: "contentrules", ContentRule: "contentrule", Sender: "sender",
    **{cls: cls.__name__.lower() for cls in REQUIREMENTS},
    c.Literal: "literal", c.Field: "field", c.Now: "now", c.Compare: "compare", c.And: "and", c.Or: "or", c.Not: "not",
    c.Arithmetic: "arithmetic", c.In: "in", c.Contains: "contains", c.Exists: "exists", c.Outcome: "outcome",
    c.Count: "count", c.Ever: "ever", c.Total: "total", c.Last: "last", c.CaseOpen: "caseopen", c.InStage: "instage",
    c.InSegment: "insegment", c.Consented: "consented", c.Told: "told", c.Variant: "variant",
}  # fmt: skip
"""The stable names. What is written under one stays readable for ever."""
# Expressions are built as an author builds them, so that what is read is checked like what is written.
BUILDERS: Final[Mapping[type, Callable[..., object]]] = {
    Policy: lambda items=(), **more: Policy(*items, **more),
    SendWindow: lambda intervals, **more: SendWindow(*intervals, **more),
    BusinessHours: lambda intervals, **more: BusinessHours(*intervals, **more),
    c.Literal: c.operand,
    c.Field: _field,
    c.Now: lambda: c.now,
    c.Compare: _operation(_COMPARISONS),
    c.And: _joined(operator.and_),
    c.Or: _joined(operator.or_),
    c.Not: lambda part: ~c.operand(part),
    c.Arithmetic: _operation(_CALCULATIONS),
    c.In: lambda value, options: c.operand(value).in_(options),
    c.Contains: lambda container, item: c.operand(container).contains(item),
    c.Exists: lambda value: c.operand(value).exists(),
    c.Count: c.count,
    c.Ever: c.ever,
    c.Total: _total,
    c.Last: c.last,
    c.CaseOpen: c.case_open,
    c.InStage: c.in_stage,
    c.InSegment: c.in_segment,
    c.Consented: c.consented,
    c.Outcome: c.outcome,
    c.Told: _told,
    c.Variant: c.variant,
}
