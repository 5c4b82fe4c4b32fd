"""The shape of every part of a journey, as a table: what a field must look like, and how to say where it does not."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, get_args

import attrs

from touchpoint.durations import LONGEST, Forever, is_calendar, is_lasting, spoken
from touchpoint.errors import Problem, hint
from touchpoint.journey import changes, outcomes, steps, triggers
from touchpoint.journey.calendar_triggers import FACTOR, DateDue, Schedule, Usual, is_factor
from touchpoint.journey.conditions import Expression, Field, children, path_of, walk
from touchpoint.journey.content_rules import ContentRule, ContentRules, Sender
from touchpoint.journey.familiarity import LEVELS, Familiarity
from touchpoint.journey.journey import Journey
from touchpoint.journey.kinds import (
    LONGEST_NAME,
    Kind,
    accepted,
    are_names,
    are_texts,
    exactly,
    is_name,
    many,
    mapping,
    maybe,
    of,
    one_of,
    pattern_of,
    test_of,
)
from touchpoint.journey.policy import (
    Approval,
    Cap,
    ConsentRule,
    ConsentRules,
    Hold,
    HoldOut,
    LiveRuns,
    Policy,
    PolicyItem,
    Pull,
    Spacing,
)
from touchpoint.journey.requirements import REQUIREMENTS
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.stage import PHASES, Stage
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.waiver import Waiver
from touchpoint.journey.windows import QuietHours, SendWindow, time_of_day
from touchpoint.journey.wording import Wording
from touchpoint.model.budget import Budget, Stock
from touchpoint.model.business import BusinessHours, BusinessTime
from touchpoint.model.case import DEADLINES, ESCALATIONS, SEVERITIES, BySeverity, CaseType
from touchpoint.model.experiment import MOST
from touchpoint.model.limits import Limit
from touchpoint.model.message import Content, Gift, Message, Survey
from touchpoint.model.names import TYPE_PATTERN
from touchpoint.model.payload import DIGITS, is_finite, is_kept, is_unicode


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return False
    return is_finite(value) and -_HIGHEST < value < _HIGHEST


def _is_condition(value: object) -> bool:
    if not isinstance(value, Expression) or (isinstance(value, Field) and path_of(value) == ()):
        return False
    return len(walk(value)) <= _DEEPEST or _is_shallow(value)


def _is_shallow(value: Expression) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in children(node)]
        if not level:
            return True
    return False


def _zone(name: object) -> object:
    if not isinstance(name, str):
        raise TypeError
    from touchpoint.zones import zone  # journeys without calendar waits need no time zones

    return zone(name)


def _recurrence(rule: object) -> object:
    from touchpoint.journey.recurrence import read  # likewise for those without schedules

    return read(rule)


def _is_elapsed(value: object) -> bool:
    return isinstance(value, timedelta) and timedelta(0) < value <= LONGEST


def _is_gap(value: object) -> bool:
    return isinstance(value, timedelta) and timedelta(0) <= value <= LONGEST


def _is_length(value: object) -> bool:
    return _is_gap(value) or (is_calendar(value) and not is_lasting(value))


def _are_gaps(values: Sequence[Any]) -> bool:
    return (
        _LENGTHS.issuperset(map(type, values))
        and timedelta(0) <= min(values, default=LONGEST)
        and (max(values, default=LONGEST) <= LONGEST)
    )


def _are_elapsed(values: Sequence[Any]) -> bool:
    return _are_gaps(values) and min(values, default=LONGEST) > timedelta(0)


_TRIGGERS: Final = get_args(triggers.Trigger)
_STEPS: Final = get_args(steps.Step)
_ITEMS: Final = get_args(PolicyItem)
_DEEPEST: Final = 100  # levels of a condition; each takes a few frames of Python's stack, of which the host has some
_NESTED: Final = f", nested at most {_DEEPEST} deep"
_LENGTHS: Final = frozenset({timedelta})
_AT_MOST: Final = "at most a hundred years"
_HIGHEST: Final = 10**DIGITS
_MOST: Final = 10**9
_QUOTED: Final = json.JSONEncoder(ensure_ascii=False)
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,99}")

_TEXT = Kind(
    "text without halves of surrogate pairs", lambda value: isinstance(value, str) and is_unicode(value),
    sweep=are_texts, bare=True,
)  # fmt: skip
_NAME = Kind(
    f"a name, text that is not blank, of at most {LONGEST_NAME} characters", is_name, sweep=are_names, bare=True
)
_SAID = Kind("a reason, text that is not blank", lambda v: isinstance(v, str) and v.strip() != "" and is_unicode(v))
_FLAG = Kind("True or False", lambda value: isinstance(value, bool), bare=True)
_WHOLE = Kind(
    f"a whole number, {-_MOST:,} to {_MOST:,}",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST,
    bare=True,
)
_FROM_ONE = Kind(f"a whole number from 1 to {_MOST:,}", lambda value: _WHOLE.test(value) and value >= 1, bare=True)
_AMOUNT = Kind("a number from 0", lambda value: _is_number(value) and value >= 0, bare=True)
_BUDGET = Kind("a number from 0, or a Budget", lambda value: type(value) is Budget or _AMOUNT.test(value))
_STOCK = Kind("a whole number from 0, or a Stock", lambda v: type(v) is Stock or (_WHOLE.test(v) and v >= 0))
_DAY = Kind("a date", lambda value: type(value) is date)
_ELAPSED = Kind(
    f"an elapsed time longer than nothing and {_AT_MOST}, such as days(3)", _is_elapsed, sweep=_are_elapsed, bare=True
)
_SILENCE = Kind(
    f"an elapsed time longer than nothing and {_AT_MOST}, such as days(3), or usual(1.5)",
    lambda value: type(value) is Usual or _is_elapsed(value),
)
_TIMES = Kind(f"a number {FACTOR}", is_factor)
_RULE = Kind("a recurrence rule such as FREQ=MONTHLY;BYDAY=1MO", accepted(_recurrence))
_GAP = Kind(f"an elapsed time of {_AT_MOST}, such as days(3)", _is_gap, sweep=_are_gaps, bare=True)
_LENGTH = Kind(f"a length such as days(3) or months(1), {_AT_MOST}", _is_length, sweep=_are_gaps, bare=True)
_PERIOD = Kind(
    f"a period such as days(7) or calendar_days(1), {_AT_MOST}",
    lambda value: _is_length(value) and value != timedelta(0),
    sweep=_are_elapsed,
    bare=True,
)
_TIMEOUT = Kind(
    f"a length such as days(3), {_AT_MOST}, or forever", lambda value: _is_length(value) or isinstance(value, Forever),
    sweep=_are_gaps, bare=True,
)  # fmt: skip
_REST = Kind(
    f"an elapsed time longer than nothing and {_AT_MOST}, such as days(30), or forever",
    lambda value: isinstance(value, Forever) or _is_elapsed(value),
)
_CLOCK = Kind('a time of day such as "09:00"', accepted(time_of_day))
_ZONE = Kind("the name of a time zone such as Europe/Madrid", accepted(_zone))
_CONDITION = maybe(Kind(f"a condition such as event.score <= 2{_NESTED}", _is_condition))
_VALUE = Kind(f"a value or an expression such as event.score{_NESTED}", _is_condition)
_UNTIL = Kind(
    'a time of day such as "09:00" or an expression such as customer.renewal',
    lambda v: _is_condition(v) or _CLOCK.test(v),
)
_TRIGGER = exactly("a trigger such as Entered(…)", _TRIGGERS)
_EXIT = Kind("a trigger or a condition", lambda value: type(value) in _TRIGGERS or _is_condition(value))
_STEP = exactly("a step such as Send(…)", _STEPS)
_TYPE = pattern_of("a touchpoint type such as order_placed: a letter, then letters, digits and _ . : -", TYPE_PATTERN)
_CHANNEL = pattern_of("the name of a channel such as email: a letter, then letters, digits and _ . : -", _WORD)
_KIND = pattern_of("a kind of message such as service: a letter, then letters, digits and _ . : -", _WORD)
CLASS = Kind("an attrs class", lambda value: isinstance(value, type) and attrs.has(value))
_SHARE = Kind(
    "a whole number from 0 to 1,000,000",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST,
)
_WAYS = mapping(Kind("a list of steps", lambda value: isinstance(value, tuple) and all(map(_STEP.test, value))))
_SCOPE = {"kinds": maybe(many(_KIND)), "channels": maybe(many(_CHANNEL))}
_IN_STAGE = {"stage": _NAME, "journey": maybe(_NAME)}
_OF_SEGMENT = {"segment": _NAME, "journey": maybe(_NAME)}
_STEP_ID = {"id": maybe(_NAME), "was": many(_NAME)}
_SEND = {"still": _CONDITION, "otherwise": many(_STEP), **_STEP_ID}
_ARMS = {"then": many(_STEP), "otherwise": many(_STEP)}
_WAITING = {"timeout": maybe(_TIMEOUT), "unknown_zone": maybe(_ZONE), **_ARMS, **_STEP_ID}
_LEVEL = Kind(
    f"a level from {ESCALATIONS[0]} to {ESCALATIONS[-1]}",
    lambda value: _FROM_ONE.test(value) and value in ESCALATIONS,
)
_WITHIN = Kind(
    f"an elapsed time longer than nothing and {_AT_MOST}, such as days(3), or BusinessTime",
    lambda value: type(value) is BusinessTime or _is_elapsed(value),
)
_PROMISED = Kind(
    f"an elapsed time longer than nothing and {_AT_MOST}, such as days(3), or BusinessTime or BySeverity",
    lambda value: type(value) is BySeverity or _WITHIN.test(value),
)
_CASE_STEP = {"case": _NAME, "ref": maybe(_VALUE), **_STEP_ID}
_MESSAGE = {
    "name": _NAME, "why": _TEXT, "wants": _TEXT, "feels": _TEXT, "kind": _KIND, "channels": many(_CHANNEL),
    "content": mapping(of(Content)), "topic": maybe(_NAME), "uses": many(_NAME), "expires": maybe(_ELAPSED),
    "priority": _WHOLE, "cost": _AMOUNT, "exempt": _FLAG, "counted": _FLAG, "limit": maybe(of(Limit)),
    "answer": _FLAG, "wordings": many(of(Wording)),
    "on_release": one_of("send", "drop", "replan"),
}  # fmt: skip

_SCALAR = Kind("one value such as 'gold'", lambda value: not isinstance(value, list | tuple | Expression))
_OF_MESSAGE = {"message": _NAME, "any_run": _FLAG}

SHAPES: Final[Mapping[type, Mapping[str, Kind]]] = {
    Journey: {
        "name": _NAME, "stages": many(of(Stage)), "rules": many(of(Rule)), "cases": many(of(CaseType)),
        "policy": of(Policy), "touchpoints": many(CLASS), "traits": maybe(CLASS), "segments": many(of(Segment)),
        "team": _TEXT, "waivers": many(of(Waiver)), "suggestions": many(of(Suggestion)),
    },
    Waiver: {"check": _NAME, "why": _SAID, "at": maybe(_NAME)},
    Segment: {"name": _NAME, "condition": attrs.evolve(_CONDITION, optional=False)},
    Stage: {
        "name": _NAME, "phase": one_of(*PHASES), "when": many(_TRIGGER), "given": _CONDITION, "after": many(_NAME),
        "reenter": _FLAG,
    },
    Rule: {
        "name": _NAME, "when": many(_TRIGGER), "given": _CONDITION, "then": many(_STEP), "why": _TEXT,
        "limit": maybe(of(Limit)), "key": maybe(_NAME), "concurrency": one_of("ignore", "restart", "parallel"),
        "exit": many(_EXIT), "goal": maybe(of(Goal)), "priority": _WHOLE, "was": many(_NAME),
        "collect": maybe(_ELAPSED),
    },
    Goal: {"trigger": many(_TRIGGER), "within": maybe(_ELAPSED), "given": _CONDITION, "ends": _FLAG},
    triggers.On: {"type": _TYPE}, triggers.Entered: _IN_STAGE, triggers.Left: _IN_STAGE,
    triggers.Joined: _OF_SEGMENT, triggers.LeftSegment: _OF_SEGMENT,
    triggers.Dwelt: {**_IN_STAGE, "length": _ELAPSED}, triggers.Silent: {
        "length": _SILENCE, "of": maybe(_TYPE), "at_least": maybe(_ELAPSED), "otherwise": maybe(_ELAPSED),
    },
    Usual: {"factor": _TIMES},
    DateDue: {"trait": _NAME, "before": _LENGTH, "after": _LENGTH, "at": _CLOCK, "unknown_zone": maybe(_ZONE)},
    Schedule: {"rule": _RULE, "at": _CLOCK, "start": maybe(_DAY), "unknown_zone": maybe(_ZONE)},
    triggers.CaseOpened: {"case": _NAME}, triggers.CaseClosed: {"case": _NAME}, triggers.Enrolled: {},
    triggers.CaseOverdue: {"case": _NAME, "which": maybe(one_of(*DEADLINES))},
    triggers.CaseEscalated: {"case": _NAME, "level": maybe(_LEVEL)},
    triggers.CaseReopened: {"case": _NAME}, triggers.CaseMerged: {"case": _NAME},
    triggers.Exposed: {"split": _NAME, "variant": maybe(_NAME)},
    triggers.Referred: {"converted": maybe(_TYPE)},
    triggers.Anniversary: {"trait": _NAME, "at": _CLOCK, "before": _LENGTH, "unknown_zone": maybe(_ZONE)},
    changes.ConsentChanged: {
        "purpose": maybe(_NAME), "channel": maybe(_NAME), "to": maybe(one_of(*changes.STANDINGS)),
    },
    changes.PreferenceChanged: {"what": maybe(one_of(*changes.WISHES))},
    changes.TraitChanged: {"trait": _NAME, "to": maybe(_SCALAR)},
    **dict.fromkeys(outcomes.MESSAGE_TRIGGERS, _OF_MESSAGE),
    outcomes.Ended: {**_OF_MESSAGE, "as_": maybe(one_of(*outcomes.ENDS))},
    steps.Send: {"message": of(Message, Survey, Gift), **_SEND}, steps.Ask: {
        "message": of(Survey), "remind": many(_ELAPSED), "reminder": maybe(of(Survey)),
        "thank": maybe(of(Message, Survey, Gift)), "within": maybe(_ELAPSED), **_SEND,
    },
    steps.Give: {"message": of(Gift), **_SEND},
    steps.Reply: {"message": of(Message), **_SEND}, steps.React: {"message": of(Message), **_SEND},
    steps.Wait: {
        "length": maybe(_LENGTH), "until": maybe(_UNTIL), "at": maybe(_CLOCK), "unknown_zone": maybe(_ZONE),
        **_STEP_ID,
    },
    steps.WaitFor: {
        "trigger": many(_TRIGGER), "given": _CONDITION, "since": one_of("send", "now", "run"), **_WAITING,
    },
    steps.WaitUntil: {"condition": attrs.evolve(_CONDITION, optional=False), **_WAITING},
    steps.Branch: {"condition": attrs.evolve(_CONDITION, optional=False), **_ARMS, **_STEP_ID},
    steps.Split: {"name": _NAME, "arms": _WAYS, "weights": mapping(_SHARE), **_STEP_ID},
    steps.Best: {"name": _NAME, "candidates": many(of(steps.Candidate)), "otherwise": many(_STEP), **_STEP_ID},
    steps.Candidate: {"name": _NAME, "then": many(_STEP), "value": _VALUE, "given": _CONDITION},
    Suggestion: {
        "name": _NAME, "why": _TEXT, "place": many(_CHANNEL), "given": _CONDITION, "value": _VALUE,
        "content": mapping(of(Content)), "kind": _KIND, "topic": maybe(_NAME), "stages": many(_NAME),
        "segments": many(_NAME), "limit": maybe(of(Limit)), "rest_after_declined": maybe(_REST),
        "rest_after_accepted": maybe(_REST), "valid_from": maybe(_DAY), "valid_until": maybe(_DAY),
        "uses": many(_NAME), "priority": _WHOLE,
    },
    steps.MoveTo: {"stage": _NAME, **_STEP_ID}, steps.SetTrait: {"trait": _NAME, "value": _VALUE, **_STEP_ID},
    steps.Emit: {"type": _TYPE, "properties": mapping(_VALUE), **_STEP_ID},
    steps.OpenCase: {**_CASE_STEP, "severity": maybe(_VALUE), "owner": maybe(_VALUE)}, steps.CloseCase: _CASE_STEP,
    steps.Call: {"function": _NAME, "arguments": mapping(_VALUE), "otherwise": many(_STEP), **_STEP_ID},
    steps.Enrol: {"rule": _NAME, **_STEP_ID}, steps.Exit: {"reason": _NAME, **_STEP_ID},
    Message: _MESSAGE, Survey: {
        **_MESSAGE, "scale": one_of("nps", "csat", "ces", "review", "text"), "points": maybe(many(_WHOLE)),
        "incentive": _TEXT,
    },
    Gift: {
        **_MESSAGE, "occasion": one_of("thank", "apologise", "celebrate", "care"), "worth": _AMOUNT, "currency": _TEXT,
        "budget": maybe(_BUDGET), "stock": maybe(_STOCK), "approve_above": maybe(_AMOUNT), "worth_back": _FLAG,
    },
    Wording: {
        "name": _NAME, "given": attrs.evolve(_CONDITION, optional=False), "content": mapping(of(Content)),
        "uses": many(_NAME),
    },
    Content: {"text": _TEXT, "subject": maybe(_TEXT), "html": maybe(_TEXT), "promotional": _FLAG},
    Limit: {
        "kind": one_of("times", "cool_down", "once", "once_per_stage"), "n": _FROM_ONE, "per": maybe(_PERIOD),
        "per_key": _FLAG,
    },
    CaseType: {
        "name": _NAME, "respond_within": maybe(_PROMISED), "resolve_within": maybe(_PROMISED),
        "severity": one_of(*SEVERITIES), "escalate": many(_PROMISED), "escalate_until": one_of(*DEADLINES),
        "reopen_within": maybe(_ELAPSED), "answer_closes": _FLAG,
    },
    BySeverity: dict.fromkeys(SEVERITIES, maybe(_WITHIN)),
    BusinessTime: {"length": _ELAPSED, "hours": of(BusinessHours)},
    BusinessHours: {"zone": _ZONE},  # the rest they refuse themselves
    Policy: {"items": many(of(*_ITEMS)), "look_ahead": _GAP},
    Cap: {"n": _FROM_ONE, "per": _PERIOD, "over": one_of("defer", "deny"), "attempts": _FLAG, **_SCOPE},
    Spacing: {"gap": _ELAPSED, **_SCOPE},
    LiveRuns: {
        "n": _FROM_ONE, "over": one_of("refuse", "defer", "replace"), "kinds": _SCOPE["kinds"], "within": _ELAPSED,
    },
    Budget: {
        "name": _NAME, "amount": _AMOUNT, "currency": _TEXT, "per": maybe(_PERIOD), "zone": maybe(_ZONE),
        "per_customer": maybe(_AMOUNT), "over": one_of("defer", "deny"), "kinds": _SCOPE["kinds"],
    },
    Stock: {"name": _NAME, "n": _WHOLE, "none_left": one_of("deny", "wait")},
    Approval: {"above": _AMOUNT, "currency": _TEXT, "by": maybe(many(_NAME))},
    Hold: {"while_open": maybe(many(_NAME)), "kinds": _SCOPE["kinds"], "cool_off": _GAP},
    HoldOut: {"name": _NAME, "percent": _AMOUNT, "kinds": _SCOPE["kinds"]},
    Pull: {
        "places": maybe(many(_CHANNEL)), "kinds": _SCOPE["kinds"], "quiet_hours": _FLAG, "caps": _FLAG,
        "unknown": _FLAG,
    },
    ConsentRules: {"rules": many(of(ConsentRule))},
    ConsentRule: {
        "needs": one_of("grant", "no_withdrawal"), "jurisdictions": maybe(many(_NAME)), "source": _TEXT,
        "valid_from": maybe(_DAY), "valid_until": maybe(_DAY), **_SCOPE,
    },
    ContentRules: {"rules": many(of(ContentRule)), "sender": of(Sender), "unknown_jurisdiction": _NAME},
    ContentRule: {
        "name": _NAME, "asks": many(of(*REQUIREMENTS)), "except_kinds": many(_KIND), "source": _TEXT, "url": _TEXT,
        "jurisdictions": maybe(many(_NAME)), "valid_from": maybe(_DAY), "valid_until": maybe(_DAY), **_SCOPE,
    },
    Sender: {
        "name": _TEXT, "also": many(_NAME), "postal": _TEXT, "contact": _TEXT, "one_click": many(_CHANNEL),
        "links_live": maybe(_FROM_ONE), "opt_outs_within": _AMOUNT, "approved": many(_NAME), "answers": many(_NAME),
    },
    Familiarity: {
        **dict.fromkeys(LEVELS, attrs.evolve(_CONDITION, optional=False)),
        "purposes": mapping(attrs.evolve(_CONDITION, optional=False)), "undeclared": one_of(*LEVELS),
    },
    # The rest they refuse themselves.
    QuietHours: {"over": one_of("defer", "deny"), **_SCOPE}, SendWindow: {"over": one_of("defer", "deny"), **_SCOPE},
}  # fmt: skip
"""What every field of every class of the data language may hold."""


def misfits_of(kind: Kind, value: object, path: str) -> Iterator[Problem]:
    """What of this value is not of this kind; nothing where it fits."""
    if test_of(kind)(value):
        return
    if kind.form == "one":
        yield _misfit(kind, value, path)
    elif kind.form == "many" and isinstance(value, tuple):
        yield from (_misfit(kind, each, f"{path}[{n}]") for n, each in enumerate(value) if not kind.test(each))
    elif kind.form == "mapping" and isinstance(value, Mapping):
        for key, each in value.items():
            yield from misfits_of(_NAME, key, f"{path}[{key!r}]")
            if not kind.test(each):
                yield _misfit(kind, each, path_to(path, key))
    else:
        whole = "a list" if kind.form == "many" else "a mapping"
        yield Problem(path, f"expected {whole}, each {kind.words}, not {_shown(value)}")


def _misfit(kind: Kind, value: object, path: str) -> Problem:
    return Problem(path, f"expected {kind.words}, not {_shown(value)}{_near(value, kind.choices)}")


def _near(value: object, choices: tuple[str, ...]) -> str:
    found = hint(value, choices) if isinstance(value, str) else ""
    return found if "did you mean" in found else ""  # else the words name all of them already


def _shown(value: object) -> str:
    if isinstance(value, timedelta) or is_calendar(value):
        return spoken(value)
    if isinstance(value, str):
        return repr(value[:60])
    if not is_kept(value):
        return "one of hundreds of digits"
    return repr(value) if isinstance(value, int | float | Decimal | None) else f"a {type(value).__name__}"


def path_to(path: str, key: object) -> str:
    """The path to a member of what is at `path`."""
    return f'{path}["*"]' if key == "*" else f"{path}[{_QUOTED.encode(str(key))}]"  # contents for all are frequent
