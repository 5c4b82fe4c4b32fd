"""The shape of every part of a journey, as a table: what a field must look like, and how to say where it does not."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, get_args

import attrs

from touchpoint.durations import LONGEST, Forever, is_calendar, is_lasting, spoken
from touchpoint.errors import Problem, TouchpointError, hint
from touchpoint.journey import changes, outcomes, steps, triggers
from touchpoint.journey.calendar_triggers import FACTOR, DateDue, Schedule, Usual, is_factor
from touchpoint.journey.conditions import Expression, Field, children, path_of, walk
from touchpoint.journey.content_rules import ContentRule, ContentRules, Sender
from touchpoint.journey.familiarity import LEVELS, Familiarity
from touchpoint.journey.journey import Journey
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
from touchpoint.journey.recurrence import read
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


@attrs.frozen
class Kind:
    """What a field may hold: in words, and as a test. `form` is `one`, `many` (a tuple) or `mapping` (from text)."""

    words: str
    test: Callable[[Any], bool]
    form: str = "one"
    optional: bool = False
    choices: tuple[str, ...] = ()


def _maybe(kind: Kind) -> Kind:
    return attrs.evolve(kind, optional=True)


def _many(kind: Kind) -> Kind:
    return attrs.evolve(kind, form="many")


def _mapping(kind: Kind) -> Kind:
    return attrs.evolve(kind, form="mapping")


def _a(*classes: type) -> Kind:
    # Exactly these: a host's own subclass could not be stored and read back.
    return Kind("a " + " or ".join(cls.__name__ for cls in classes), lambda value: type(value) in classes)


def _one_of(*choices: str) -> Kind:
    words = "one of " + ", ".join(choices)
    return Kind(words, lambda value: isinstance(value, str) and value in choices, choices=choices)


def _pattern(words: str, pattern: re.Pattern[str]) -> Kind:
    return Kind(words, lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None)


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


def _accepted(function: Callable[[Any], object]) -> Callable[[Any], bool]:
    def test(value: object) -> bool:
        try:
            function(value)
        except (TouchpointError, TypeError):
            return False
        return True

    return test


def _zone(name: str) -> object:
    from touchpoint.zones import zone  # journeys without calendar waits need no time zones

    return zone(name)


def _is_elapsed(value: object) -> bool:
    return isinstance(value, timedelta) and timedelta(0) < value <= LONGEST


def _is_gap(value: object) -> bool:
    return isinstance(value, timedelta) and timedelta(0) <= value <= LONGEST


def _is_length(value: object) -> bool:
    return _is_gap(value) or (is_calendar(value) and not is_lasting(value))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.strip() != "" and len(value) <= _LONGEST_NAME and is_unicode(value)


_TRIGGERS: Final = get_args(triggers.Trigger)
_STEPS: Final = get_args(steps.Step)
_ITEMS: Final = get_args(PolicyItem)
_DEEPEST: Final = 100  # levels of a condition; each takes a few frames of Python's stack, of which the host has some
_NESTED: Final = f", nested at most {_DEEPEST} deep"
_AT_MOST: Final = "at most a hundred years"
_HIGHEST: Final = 10**DIGITS
_MOST: Final = 10**9
_LONGEST_NAME: Final = 200
_QUOTED: Final = json.JSONEncoder(ensure_ascii=False)
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,99}")

_TEXT = Kind("text without halves of surrogate pairs", lambda value: isinstance(value, str) and is_unicode(value))
_NAME = Kind(f"a name, text that is not blank, of at most {_LONGEST_NAME} characters", _is_name)
_SAID = Kind("a reason, text that is not blank", lambda v: isinstance(v, str) and v.strip() != "" and is_unicode(v))
_FLAG = Kind("True or False", lambda value: isinstance(value, bool))
_WHOLE = Kind(
    f"a whole number, {-_MOST:,} to {_MOST:,}",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST,
)
_FROM_ONE = Kind(f"a whole number from 1 to {_MOST:,}", lambda value: _WHOLE.test(value) and value >= 1)
_AMOUNT = Kind("a number from 0", lambda value: _is_number(value) and value >= 0)
_BUDGET = Kind("a number from 0, or a Budget", lambda value: type(value) is Budget or _AMOUNT.test(value))
_STOCK = Kind("a whole number from 0, or a Stock", lambda v: type(v) is Stock or (_WHOLE.test(v) and v >= 0))
_DAY = Kind("a date", lambda value: type(value) is date)
_ELAPSED = Kind(f"an elapsed time longer than nothing and {_AT_MOST}, such as days(3)", _is_elapsed)
_SILENCE = Kind(
    f"an elapsed time longer than nothing and {_AT_MOST}, such as days(3), or usual(1.5)",
    lambda value: type(value) is Usual or _is_elapsed(value),
)
_TIMES = Kind(f"a number {FACTOR}", is_factor)
_RULE = Kind("a recurrence rule such as FREQ=MONTHLY;BYDAY=1MO", _accepted(read))
_GAP = Kind(f"an elapsed time of {_AT_MOST}, such as days(3)", _is_gap)
_LENGTH = Kind(f"a length such as days(3) or months(1), {_AT_MOST}", _is_length)
_PERIOD = Kind(
    f"a period such as days(7) or calendar_days(1), {_AT_MOST}",
    lambda value: _is_length(value) and value != timedelta(0),
)
_TIMEOUT = Kind(
    f"a length such as days(3), {_AT_MOST}, or forever", lambda value: _is_length(value) or isinstance(value, Forever)
)
_REST = Kind(
    f"an elapsed time longer than nothing and {_AT_MOST}, such as days(30), or forever",
    lambda value: isinstance(value, Forever) or _is_elapsed(value),
)
_CLOCK = Kind('a time of day such as "09:00"', _accepted(time_of_day))
_ZONE = Kind("the name of a time zone such as Europe/Madrid", _accepted(_zone))
_CONDITION = _maybe(Kind(f"a condition such as event.score <= 2{_NESTED}", _is_condition))
_VALUE = Kind(f"a value or an expression such as event.score{_NESTED}", _is_condition)
_UNTIL = Kind(
    'a time of day such as "09:00" or an expression such as customer.renewal',
    lambda v: _is_condition(v) or _CLOCK.test(v),
)
_TRIGGER = Kind("a trigger such as Entered(…)", lambda value: type(value) in _TRIGGERS)
_EXIT = Kind("a trigger or a condition", lambda value: type(value) in _TRIGGERS or _is_condition(value))
_STEP = Kind("a step such as Send(…)", lambda value: type(value) in _STEPS)
_TYPE = _pattern("a touchpoint type such as order_placed: a letter, then letters, digits and _ . : -", TYPE_PATTERN)
_CHANNEL = _pattern("the name of a channel such as email: a letter, then letters, digits and _ . : -", _WORD)
_KIND = _pattern("a kind of message such as service: a letter, then letters, digits and _ . : -", _WORD)
CLASS = Kind("an attrs class", lambda value: isinstance(value, type) and attrs.has(value))
_SHARE = Kind(
    "a whole number from 0 to 1,000,000",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST,
)
_WAYS = _mapping(Kind("a list of steps", lambda value: isinstance(value, tuple) and all(map(_STEP.test, value))))
_SCOPE = {"kinds": _maybe(_many(_KIND)), "channels": _maybe(_many(_CHANNEL))}
_IN_STAGE = {"stage": _NAME, "journey": _maybe(_NAME)}
_OF_SEGMENT = {"segment": _NAME, "journey": _maybe(_NAME)}
_STEP_ID = {"id": _maybe(_NAME), "was": _many(_NAME)}
_SEND = {"still": _CONDITION, "otherwise": _many(_STEP), **_STEP_ID}
_ARMS = {"then": _many(_STEP), "otherwise": _many(_STEP)}
_WAITING = {"timeout": _maybe(_TIMEOUT), "unknown_zone": _maybe(_ZONE), **_ARMS, **_STEP_ID}
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
_CASE_STEP = {"case": _NAME, "ref": _maybe(_VALUE), **_STEP_ID}
_MESSAGE = {
    "name": _NAME, "why": _TEXT, "wants": _TEXT, "feels": _TEXT, "kind": _KIND, "channels": _many(_CHANNEL),
    "content": _mapping(_a(Content)), "topic": _maybe(_NAME), "uses": _many(_NAME), "expires": _maybe(_ELAPSED),
    "priority": _WHOLE, "cost": _AMOUNT, "exempt": _FLAG, "counted": _FLAG, "limit": _maybe(_a(Limit)),
    "answer": _FLAG, "wordings": _many(_a(Wording)),
    "on_release": _one_of("send", "drop", "replan"),
}  # fmt: skip

_SCALAR = Kind("one value such as 'gold'", lambda value: not isinstance(value, list | tuple | Expression))
_OF_MESSAGE = {"message": _NAME, "any_run": _FLAG}

SHAPES: Final[Mapping[type, Mapping[str, Kind]]] = {
    Journey: {
        "name": _NAME, "stages": _many(_a(Stage)), "rules": _many(_a(Rule)), "cases": _many(_a(CaseType)),
        "policy": _a(Policy), "touchpoints": _many(CLASS), "traits": _maybe(CLASS), "segments": _many(_a(Segment)),
        "team": _TEXT, "waivers": _many(_a(Waiver)), "suggestions": _many(_a(Suggestion)),
    },
    Waiver: {"check": _NAME, "why": _SAID, "at": _maybe(_NAME)},
    Segment: {"name": _NAME, "condition": attrs.evolve(_CONDITION, optional=False)},
    Stage: {
        "name": _NAME, "phase": _one_of(*PHASES), "when": _many(_TRIGGER), "given": _CONDITION, "after": _many(_NAME),
        "reenter": _FLAG,
    },
    Rule: {
        "name": _NAME, "when": _many(_TRIGGER), "given": _CONDITION, "then": _many(_STEP), "why": _TEXT,
        "limit": _maybe(_a(Limit)), "key": _maybe(_NAME), "concurrency": _one_of("ignore", "restart", "parallel"),
        "exit": _many(_EXIT), "goal": _maybe(_a(Goal)), "priority": _WHOLE, "was": _many(_NAME),
        "collect": _maybe(_ELAPSED),
    },
    Goal: {"trigger": _many(_TRIGGER), "within": _maybe(_ELAPSED), "given": _CONDITION, "ends": _FLAG},
    triggers.On: {"type": _TYPE}, triggers.Entered: _IN_STAGE, triggers.Left: _IN_STAGE,
    triggers.Joined: _OF_SEGMENT, triggers.LeftSegment: _OF_SEGMENT,
    triggers.Dwelt: {**_IN_STAGE, "length": _ELAPSED}, triggers.Silent: {
        "length": _SILENCE, "of": _maybe(_TYPE), "at_least": _maybe(_ELAPSED), "otherwise": _maybe(_ELAPSED),
    },
    Usual: {"factor": _TIMES},
    DateDue: {"trait": _NAME, "before": _LENGTH, "after": _LENGTH, "at": _CLOCK, "unknown_zone": _maybe(_ZONE)},
    Schedule: {"rule": _RULE, "at": _CLOCK, "start": _maybe(_DAY), "unknown_zone": _maybe(_ZONE)},
    triggers.CaseOpened: {"case": _NAME}, triggers.CaseClosed: {"case": _NAME}, triggers.Enrolled: {},
    triggers.CaseOverdue: {"case": _NAME, "which": _maybe(_one_of(*DEADLINES))},
    triggers.CaseEscalated: {"case": _NAME, "level": _maybe(_LEVEL)},
    triggers.CaseReopened: {"case": _NAME}, triggers.CaseMerged: {"case": _NAME},
    triggers.Exposed: {"split": _NAME, "variant": _maybe(_NAME)},
    triggers.Referred: {"converted": _maybe(_TYPE)},
    triggers.Anniversary: {"trait": _NAME, "at": _CLOCK, "before": _LENGTH, "unknown_zone": _maybe(_ZONE)},
    changes.ConsentChanged: {
        "purpose": _maybe(_NAME), "channel": _maybe(_NAME), "to": _maybe(_one_of(*changes.STANDINGS)),
    },
    changes.PreferenceChanged: {"what": _maybe(_one_of(*changes.WISHES))},
    changes.TraitChanged: {"trait": _NAME, "to": _maybe(_SCALAR)},
    **dict.fromkeys(outcomes.MESSAGE_TRIGGERS, _OF_MESSAGE),
    outcomes.Ended: {**_OF_MESSAGE, "as_": _maybe(_one_of(*outcomes.ENDS))},
    steps.Send: {"message": _a(Message, Survey, Gift), **_SEND}, steps.Ask: {
        "message": _a(Survey), "remind": _many(_ELAPSED), "reminder": _maybe(_a(Survey)),
        "thank": _maybe(_a(Message, Survey, Gift)), "within": _maybe(_ELAPSED), **_SEND,
    },
    steps.Give: {"message": _a(Gift), **_SEND},
    steps.Reply: {"message": _a(Message), **_SEND}, steps.React: {"message": _a(Message), **_SEND},
    steps.Wait: {
        "length": _maybe(_LENGTH), "until": _maybe(_UNTIL), "at": _maybe(_CLOCK), "unknown_zone": _maybe(_ZONE),
        **_STEP_ID,
    },
    steps.WaitFor: {
        "trigger": _many(_TRIGGER), "given": _CONDITION, "since": _one_of("send", "now", "run"), **_WAITING,
    },
    steps.WaitUntil: {"condition": attrs.evolve(_CONDITION, optional=False), **_WAITING},
    steps.Branch: {"condition": attrs.evolve(_CONDITION, optional=False), **_ARMS, **_STEP_ID},
    steps.Split: {"name": _NAME, "arms": _WAYS, "weights": _mapping(_SHARE), **_STEP_ID},
    steps.Best: {"name": _NAME, "candidates": _many(_a(steps.Candidate)), "otherwise": _many(_STEP), **_STEP_ID},
    steps.Candidate: {"name": _NAME, "then": _many(_STEP), "value": _VALUE, "given": _CONDITION},
    Suggestion: {
        "name": _NAME, "why": _TEXT, "place": _many(_CHANNEL), "given": _CONDITION, "value": _VALUE,
        "content": _mapping(_a(Content)), "kind": _KIND, "topic": _maybe(_NAME), "stages": _many(_NAME),
        "segments": _many(_NAME), "limit": _maybe(_a(Limit)), "rest_after_declined": _maybe(_REST),
        "rest_after_accepted": _maybe(_REST), "valid_from": _maybe(_DAY), "valid_until": _maybe(_DAY),
        "uses": _many(_NAME), "priority": _WHOLE,
    },
    steps.MoveTo: {"stage": _NAME, **_STEP_ID}, steps.SetTrait: {"trait": _NAME, "value": _VALUE, **_STEP_ID},
    steps.Emit: {"type": _TYPE, "properties": _mapping(_VALUE), **_STEP_ID},
    steps.OpenCase: {**_CASE_STEP, "severity": _maybe(_VALUE), "owner": _maybe(_VALUE)}, steps.CloseCase: _CASE_STEP,
    steps.Call: {"function": _NAME, "arguments": _mapping(_VALUE), "otherwise": _many(_STEP), **_STEP_ID},
    steps.Enrol: {"rule": _NAME, **_STEP_ID}, steps.Exit: {"reason": _NAME, **_STEP_ID},
    Message: _MESSAGE, Survey: {
        **_MESSAGE, "scale": _one_of("nps", "csat", "ces", "review", "text"), "points": _maybe(_many(_WHOLE)),
        "incentive": _TEXT,
    },
    Gift: {
        **_MESSAGE, "occasion": _one_of("thank", "apologise", "celebrate", "care"), "worth": _AMOUNT, "currency": _TEXT,
        "budget": _maybe(_BUDGET), "stock": _maybe(_STOCK), "approve_above": _maybe(_AMOUNT), "worth_back": _FLAG,
    },
    Wording: {
        "name": _NAME, "given": attrs.evolve(_CONDITION, optional=False), "content": _mapping(_a(Content)),
        "uses": _many(_NAME),
    },
    Content: {"text": _TEXT, "subject": _maybe(_TEXT), "html": _maybe(_TEXT), "promotional": _FLAG},
    Limit: {
        "kind": _one_of("times", "cool_down", "once", "once_per_stage"), "n": _FROM_ONE, "per": _maybe(_PERIOD),
        "per_key": _FLAG,
    },
    CaseType: {
        "name": _NAME, "respond_within": _maybe(_PROMISED), "resolve_within": _maybe(_PROMISED),
        "severity": _one_of(*SEVERITIES), "escalate": _many(_PROMISED), "escalate_until": _one_of(*DEADLINES),
        "reopen_within": _maybe(_ELAPSED), "answer_closes": _FLAG,
    },
    BySeverity: dict.fromkeys(SEVERITIES, _maybe(_WITHIN)),
    BusinessTime: {"length": _ELAPSED, "hours": _a(BusinessHours)},
    BusinessHours: {"zone": _ZONE},  # the rest they refuse themselves
    Policy: {"items": _many(_a(*_ITEMS)), "look_ahead": _GAP},
    Cap: {"n": _FROM_ONE, "per": _PERIOD, "over": _one_of("defer", "deny"), "attempts": _FLAG, **_SCOPE},
    Spacing: {"gap": _ELAPSED, **_SCOPE},
    LiveRuns: {
        "n": _FROM_ONE, "over": _one_of("refuse", "defer", "replace"), "kinds": _SCOPE["kinds"], "within": _ELAPSED,
    },
    Budget: {
        "name": _NAME, "amount": _AMOUNT, "currency": _TEXT, "per": _maybe(_PERIOD), "zone": _maybe(_ZONE),
        "per_customer": _maybe(_AMOUNT), "over": _one_of("defer", "deny"), "kinds": _SCOPE["kinds"],
    },
    Stock: {"name": _NAME, "n": _WHOLE, "none_left": _one_of("deny", "wait")},
    Approval: {"above": _AMOUNT, "currency": _TEXT, "by": _maybe(_many(_NAME))},
    Hold: {"while_open": _maybe(_many(_NAME)), "kinds": _SCOPE["kinds"], "cool_off": _GAP},
    HoldOut: {"name": _NAME, "percent": _AMOUNT, "kinds": _SCOPE["kinds"]},
    Pull: {
        "places": _maybe(_many(_CHANNEL)), "kinds": _SCOPE["kinds"], "quiet_hours": _FLAG, "caps": _FLAG,
        "unknown": _FLAG,
    },
    ConsentRules: {"rules": _many(_a(ConsentRule))},
    ConsentRule: {
        "needs": _one_of("grant", "no_withdrawal"), "jurisdictions": _maybe(_many(_NAME)), "source": _TEXT,
        "valid_from": _maybe(_DAY), "valid_until": _maybe(_DAY), **_SCOPE,
    },
    ContentRules: {"rules": _many(_a(ContentRule)), "sender": _a(Sender), "unknown_jurisdiction": _NAME},
    ContentRule: {
        "name": _NAME, "asks": _many(_a(*REQUIREMENTS)), "except_kinds": _many(_KIND), "source": _TEXT, "url": _TEXT,
        "jurisdictions": _maybe(_many(_NAME)), "valid_from": _maybe(_DAY), "valid_until": _maybe(_DAY), **_SCOPE,
    },
    Sender: {
        "name": _TEXT, "also": _many(_NAME), "postal": _TEXT, "contact": _TEXT, "one_click": _many(_CHANNEL),
        "links_live": _maybe(_FROM_ONE), "opt_outs_within": _AMOUNT, "approved": _many(_NAME), "answers": _many(_NAME),
    },
    Familiarity: {
        **dict.fromkeys(LEVELS, attrs.evolve(_CONDITION, optional=False)),
        "purposes": _mapping(attrs.evolve(_CONDITION, optional=False)), "undeclared": _one_of(*LEVELS),
    },
    # The rest they refuse themselves.
    QuietHours: {"over": _one_of("defer", "deny"), **_SCOPE}, SendWindow: {"over": _one_of("defer", "deny"), **_SCOPE},
}  # fmt: skip
"""What every field of every class of the data language may hold."""


def test_of(kind: Kind) -> Callable[[Any], bool]:
    """What says of a value whether it is of this kind; `misfits_of` says what of it is not."""
    each = kind.test
    if kind.form == "one":
        return each if not kind.optional else lambda value: value is None or each(value)
    whole = _are_many if kind.form == "many" else _are_named
    return lambda value: (value is None and kind.optional) or whole(value, each)


def _are_many(value: object, each: Callable[[Any], bool]) -> bool:
    return isinstance(value, tuple) and all(map(each, value))


def _are_named(value: object, each: Callable[[Any], bool]) -> bool:
    if type(value) is not dict and not isinstance(value, Mapping):  # nearly all are dicts, which is quick
        return False
    return all(map(_is_name, value)) and all(map(each, value.values()))


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
    return f"{path}[{_QUOTED.encode(str(key))}]"
