"""The small faults that are made in a journey, each with the sentence that completes "no test fails when …"."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise, takewhile
from typing import Any, Final

import attrs

from touchpoint.core.parts import triggers_of_journeys
from touchpoint.durations import spoken
from touchpoint.journey.calendar_triggers import DateDue, Schedule, Usual
from touchpoint.journey.changes import ConsentChanged, TraitChanged
from touchpoint.journey.conditions import Expression, operand
from touchpoint.journey.journey import Journey
from touchpoint.journey.outcomes import Ended
from touchpoint.journey.rule import Rule
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import (
    FOLLOW_UP,
    Ask,
    Best,
    Branch,
    Send,
    Split,
    Step,
    Wait,
    WaitFor,
    WaitUntil,
    arms,
    flat,
)
from touchpoint.journey.triggers import Anniversary, CaseEscalated, CaseOverdue, Dwelt, Referred, Silent, Trigger
from touchpoint.lab.checks.case_times import awaited
from touchpoint.lab.choice_mutations import best_changes, suggestion_changes
from touchpoint.lab.message_mutations import faults_of
from touchpoint.lab.places import Change, Place, change, root
from touchpoint.lab.policy_mutations import limit_changes, policy_changes
from touchpoint.lab.shifts import clock_times, conditions, lengths, rules
from touchpoint.model.business import BusinessTime
from touchpoint.model.case import DEADLINES, RESOLUTION, RESPONSE, SEVERITIES, BySeverity, level_name

_BLOCKING: Final = (Send, Wait, WaitFor, WaitUntil)
_DOES: Final = {
    "Send": "sends", "Ask": "asks", "Give": "gives", "Reply": "replies with", "React": "makes its",
    "MoveTo": "moves to", "SetTrait": "sets", "Emit": "emits",
    "OpenCase": "opens a case of", "CloseCase": "closes the case of", "Call": "calls", "Enrol": "enrols into",
}  # fmt: skip
_ABOUT: Final = ("stage", "trait", "type", "case", "function", "rule")


def changes(journey: Journey) -> Iterator[Change]:
    """Every small fault of a journey, in reading order; whether the journey stays valid shows when it is built."""
    whole = root(journey)
    for stage in whole.each("stages"):
        yield from _about("the stages", _stage(stage, journey))
    yield from _about("the stages", _order(whole, "stages", lambda _: None))
    for segment in whole.each("segments"):
        yield from _about("the segments", _parts(segment.field("condition"), f"segment {segment.node.name} has those"))
    for case in whole.each("cases"):
        yield from _about("the cases", _deadlines(case, journey))
    met: set[str] = set()
    for place in whole.each("rules"):
        yield from _about(f"rule {place.node.name}", _rule(place, journey, met))
    yield from _about("the order of the rules", _order(whole, "rules", lambda rule: rule.priority))
    for suggestion in whole.each("suggestions"):
        yield from _about("the suggestions", suggestion_changes(suggestion))
    yield from _about("the policy", policy_changes(whole.field("policy")))


def _about(what: str, found: Iterator[Change]) -> Iterator[Change]:
    return (attrs.evolve(each, about=what) for each in found)


# --- stages and rules -------------------------------------------------------------------------------------------------


def _stage(place: Place, journey: Journey) -> Iterator[Change]:
    stage: Stage = place.node
    name = f"stage {stage.name}"
    for one, rest in place.without("when"):
        yield change(one, rest, f"{name} is not entered by {one.node}")
    yield from _triggers(place, "when", f"{name} is entered by")
    yield from _condition(place.field("given"), f"{name} is entered")
    for one, rest in place.without("after"):
        said = f"also after others than {one.node}" if not rest else f"not after {one.node}"
        yield change(one, rest, f"{name} is entered {said}")
    again = "is not entered again" if stage.reenter else "is entered again"
    if stage.reenter or _watched(stage, journey):
        yield change(place.field("reenter"), not stage.reenter, f"{name} {again} while it is the current one")


def _deadlines(place: Place, journey: Journey) -> Iterator[Change]:
    """Of those that anything waits for."""
    named = [each for _, each in triggers_of_journeys([journey]) if isinstance(each, CaseOverdue | CaseEscalated)]
    waited = {which for each in named if each.case == place.node.name for which in awaited(each)}
    name = place.node.name
    for which, field in ((RESPONSE, "respond_within"), (RESOLUTION, "resolve_within")):
        if which in waited:
            yield from _promised(place.field(field), f"a {which} to {name} is due after")
    for level, each in enumerate(place.each("escalate"), start=1):
        if level_name(level) in waited:
            yield from _promised(each, f"{name} is escalated to level {level} after")


def _promised(place: Place, what: str) -> Iterator[Change]:
    """Of a time of a case: elapsed, in business hours, or by severity."""
    if isinstance(place.node, BySeverity):
        for severity in SEVERITIES:
            yield from _promised(place.field(severity), f"of {severity} severity, {what}")
    elif isinstance(place.node, BusinessTime):
        yield from _lengths(place.field("length"), what, " of business hours")
    elif place.node is not None:
        yield from _lengths(place, what)


def _watched(stage: Stage, journey: Journey) -> bool:
    """Whether anything asks when the stage was entered."""
    triggers = (trigger for _, trigger in triggers_of_journeys([journey]))
    visits = (rule.limit is not None and rule.limit.kind == "once_per_stage" for rule in journey.rules)
    return any(visits) or any(getattr(trigger, "stage", None) == stage.name for trigger in triggers)


def _rule(place: Place, journey: Journey, met: set[str]) -> Iterator[Change]:
    rule: Rule = place.node
    name = f"rule {rule.name}"
    if len(rule.when) > 1:
        for one, rest in place.without("when"):
            yield change(one, rest, f"{name} is not started by {one.node}")
    yield from _triggers(place, "when", f"{name} is started by")
    yield from _condition(place.field("given"), f"{name} starts")
    yield from limit_changes(place.field("limit"), name, keyed=rule.key is not None)
    yield from _concurrency(place, name)
    if rule.key is not None:
        yield change(place.field("key"), None, f"{name} has no key {rule.key}, so that all its runs are about the same")
    yield from _exits(place, name)
    yield from _goal(place.field("goal"), name)
    yield from _lengths(place.field("collect"), f"{name} collects for")
    if rule.collect is not None:
        yield change(place.field("collect"), None, f"{name} starts at once, with each trigger")
    if rule.priority:
        to = -rule.priority
        yield change(place.field("priority"), to, f"{name} has priority {to} instead of {rule.priority}")
    for each in _steps(place, "then", rule):
        yield from _step(*each, rule)
        for field in ("message", "reminder", "thank"):
            message = getattr(each[0].node, field, None)
            if message is not None and message.name not in met:
                met.add(message.name)
                yield from faults_of(f"{each[0].path}.{field}", message, journey)


def _concurrency(place: Place, name: str) -> Iterator[Change]:
    here = place.field("concurrency")
    # A run that never waits is over before the next trigger, which then meets no live run.
    if any(isinstance(step, _BLOCKING) or type(step).__name__ == "Call" for step in flat(place.node.then)):
        for other in ("ignore", "restart", "parallel"):
            if other != here.node:
                what = f'concurrency "{other}" instead of "{here.node}"'
                yield change(here, other, f"{name} has {what} while a run is live")


def _exits(place: Place, name: str) -> Iterator[Change]:
    for one, rest in place.without("exit"):
        yield change(one, rest, f"{name} is not left on {one.node}")
    for one in place.each("exit"):
        if isinstance(one.node, Expression):
            yield from _parts(one, f"{name} is left")
        else:
            yield from _trigger(one, f"{name} is left on")


def _goal(place: Place, name: str) -> Iterator[Change]:
    goal = place.node
    if goal is None:
        return
    yield change(place, None, f"{name} has no goal")
    yield from _triggers(place, "trigger", f"the goal of {name} is reached by")
    yield from _condition(place.field("given"), f"the goal of {name} is reached")
    yield from _lengths(place.field("within"), f"the goal of {name} is watched for")
    ends = "does not end the run" if goal.ends else "ends the run"
    yield change(place.field("ends"), not goal.ends, f"the goal of {name} {ends}")


def _order(whole: Place, field: str, rank: Callable[[Any], object]) -> Iterator[Change]:
    """Two that one trigger touches, in each other's place; of different ranks, their order does not tell."""
    here = whole.field(field)
    for (first, one), (second, other) in combinations(enumerate(here.node), 2):
        if set(one.when) & set(other.when) and rank(one) == rank(other):
            swapped = list(here.node)
            swapped[first], swapped[second] = other, one
            what = field.removesuffix("s")
            yield change(here, tuple(swapped), f"{what} {other.name} comes before {what} {one.name}")


# --- steps ------------------------------------------------------------------------------------------------------------


def _steps(place: Place, arm: str, rule: Rule) -> Iterator[tuple[Place, Step | None]]:
    """Every step with the one that follows it, in reading order."""
    here = tuple(place.each(arm))
    for n, step in enumerate(here):
        yield step, here[n + 1].node if n + 1 < len(here) else None
        for each, _ in arms(step.node):
            if each != FOLLOW_UP:  # it follows from the fields of its `Ask`, which are changed instead
                yield from _steps(step, each, rule)


def _step(place: Place, after: Step | None, rule: Rule) -> Iterator[Change]:
    step, name = place.node, f"rule {rule.name}"
    yield from _dropped(place, name)
    if any(arms(step)) and hasattr(step, "then"):
        swapped = attrs.evolve(step, then=step.otherwise, otherwise=step.then)
        yield change(place, swapped, f"{name} swaps the arms of {_noun(step)}")
    match step:
        case Send():
            yield from _condition(place.field("still"), f"{step.message.name} ({name}) is still sent")
            if isinstance(step, Ask):
                yield from _asked(place, name)
        case Wait():
            yield from _wait(place, _who(after, name))
        case WaitFor():
            yield from _wait_for(place, name, rule)
        case WaitUntil():
            who = _who(step.otherwise[0] if step.otherwise else None, name)
            yield from _lengths(place.field("timeout"), f"{who} waits", f" until {step.condition}")
            yield from _parts(place.field("condition"), f"{name} waits until", joint="")
        case Split():
            yield from _split(place, name)
        case Best():
            yield from best_changes(place, name)
        case Branch():
            yield from _parts(place.field("condition"), f"{name} branches on", joint="", negate=False)


def _asked(place: Place, name: str) -> Iterator[Change]:
    ask: Ask = place.node
    survey = f"{ask.message.name} ({name})"
    for one, rest in place.without("remind"):
        yield change(one, rest, f"{survey} is not sent once more after {spoken(one.node)}")
    for each in place.each("remind"):
        yield from _lengths(each, f"{survey} is sent once more after")
    if ask.thank is not None:
        yield change(place.field("thank"), None, f"nobody gets {ask.thank.name} for answering {survey}")
    if ask.within is not None:
        yield from _lengths(place.field("within"), f"answers to {survey} count for")


def _split(place: Place, name: str) -> Iterator[Change]:
    split = place.node
    for one, other in pairwise(split.arms):
        arms_of = {**split.arms, one: split.arms[other], other: split.arms[one]}
        if arms_of != split.arms:
            swapped = attrs.evolve(split, arms=arms_of)
            yield change(place, swapped, f"{name} gives {one} what {other} is to get in the split {split.name}")


def _dropped(place: Place, name: str) -> Iterator[Change]:
    step = place.node
    inner = [each for _, arm in arms(step) for each in arm]
    if isinstance(step, Branch) and len(inner) == 1:
        return  # the same as without that one step
    # A step behind a condition that never holds: what it names stays known to the tests, as it was before.
    never = Branch(operand(False), then=[step])  # noqa: FBT003 - a literal of the data language
    verb = _DOES.get(type(step).__name__)
    if verb is None:
        yield change(place, never, f"{name} leaves out {_noun(step)}")
        return
    about = step.message.name if isinstance(step, Send) else next(getattr(step, n) for n in _ABOUT if hasattr(step, n))
    yield change(place, never, f"{name} never {verb} {about}")


def _wait(place: Place, who: str) -> Iterator[Change]:
    wait: Wait = place.node
    yield from _lengths(place.field("length"), f"{who} waits")
    if isinstance(wait.until, str):
        yield from _clock(place.field("until"), f"{who} waits until")
    if wait.at is not None:
        yield from _clock(place.field("at"), f"{who} waits for that day at")
    yield from _no_zone(place, f"{who}, where no time zone is known, waits by UTC instead of")


def _wait_for(place: Place, name: str, rule: Rule) -> Iterator[Change]:
    wait: WaitFor = place.node
    who = _who(wait.otherwise[0] if wait.otherwise else None, name)
    yield from _lengths(place.field("timeout"), f"{who} waits", f" for {_any_of(wait.trigger)}")
    if len(wait.trigger) > 1:
        for one, rest in place.without("trigger"):
            yield change(one, rest, f"{name} does not wait for {one.node}")
    yield from _triggers(place, "trigger", f"{name} waits for")
    yield from _condition(place.field("given"), f"{name} ends {_noun(wait)}")
    yield from _since(place, name, rule)
    yield from _no_zone(place, f"{name}, where no time zone is known, waits by UTC instead of")


def _since(place: Place, name: str, rule: Rule) -> Iterator[Change]:
    """How far back a wait looks, where that can make a difference: something was begun, or waited for, before it."""
    before = list(takewhile(lambda step: step is not place.node, flat(rule.then)))
    words = {"send": "the last message", "run": "the start of the run", "now": "its own start"}
    blocked, sent = (any(isinstance(step, kinds) for step in before) for kinds in (_BLOCKING, Send))
    now = place.node.since
    for other, what in words.items():
        if other != now and (sent if {other, now} == {"send", "run"} else blocked):
            said = f"what came since {what} instead of since {words[now]}"
            yield change(place.field("since"), other, f"{name} ends {_noun(place.node)} by {said}")


def _who(step: Step | None, name: str) -> str:
    """Who seems to wait: the message that comes next, if one does."""
    return f"{step.message.name} ({name})" if isinstance(step, Send) else name


def _noun(step: Step) -> str:
    match step:
        case Wait(length=None):
            return f"the wait until {step.until}"
        case Wait():
            return f"the wait of {spoken(step.length)}"
        case WaitFor():
            return f"the wait for {_any_of(step.trigger)} ({spoken(step.timeout)})"
        case WaitUntil():
            return f"the wait until {step.condition}"
        case Branch():
            return f"the branch on {step.condition}"
    return f"the exit {step.reason!r}" if hasattr(step, "reason") else type(step).__name__


def _any_of(triggers: Sequence[Trigger]) -> str:
    return " or ".join(map(str, triggers))


# --- what many parts have ---------------------------------------------------------------------------------------------


def _condition(place: Place, what: str) -> Iterator[Change]:
    """A condition that may be there: dropped, or changed in a part."""
    if place.node is not None:
        yield change(place, None, f"{what} whether or not {place.node}")
        yield from _parts(place, what)


def _parts(place: Place, what: str, *, joint: str = " where", negate: bool = True) -> Iterator[Change]:
    for each in conditions(place.node, negate=negate):
        yield change(place, each.whole, f"{what}{joint} {each.new} instead of {each.old}")


def _lengths(place: Place, what: str, then: str = "") -> Iterator[Change]:
    for new in lengths(place.node):
        yield change(place, new, f"{what} {spoken(new)} instead of {spoken(place.node)}{then}")


def _clock(place: Place, what: str) -> Iterator[Change]:
    for new in clock_times(place.node):
        yield change(place, new, f"{what} {new} instead of {place.node}")


def _no_zone(place: Place, what: str) -> Iterator[Change]:
    zone = place.node.unknown_zone
    if zone not in (None, "UTC"):
        yield change(place.field("unknown_zone"), None, f"{what} {zone}")


def _triggers(place: Place, field: str, what: str) -> Iterator[Change]:
    for each in place.each(field):
        yield from _trigger(each, what)


def _trigger(place: Place, what: str) -> Iterator[Change]:  # noqa: C901 - one branch per class
    trigger = place.node
    match trigger:
        case Dwelt():
            yield from _lengths(place.field("length"), f"{what} having dwelt in {trigger.stage} for")
        case Silent():
            yield from _silence(place, what)
        case DateDue():
            for field in ("before", "after"):
                yield from _lengths(place.field(field), f"{what} the date {trigger.trait}", f" {field}")
            yield from _clock(place.field("at"), f"{what} {trigger} at")
        case Schedule():
            rule = place.field("rule")
            yield from (
                change(rule, new, f"{what} the schedule {new} instead of {trigger.rule}") for new in rules(rule.node)
            )
            yield from _clock(place.field("at"), f"{what} the {trigger} at")
        case Anniversary():
            yield from _lengths(place.field("before"), f"{what} the {trigger}", " before")
            yield from _clock(place.field("at"), f"{what} the {trigger} at")
        case CaseOverdue():
            yield from _deadline(place, what)
        case CaseEscalated() if trigger.level is not None:
            other = attrs.evolve(trigger, level=None)
            yield change(place.field("level"), None, f"{what} {other} instead of {trigger}")
        case TraitChanged() | ConsentChanged() if trigger.to is not None:
            yield change(place.field("to"), None, f"{what} {attrs.evolve(trigger, to=None)} instead of {trigger}")
        case Referred() if trigger.converted is not None:
            yield change(place.field("converted"), None, f"{what} {Referred()} instead of {trigger}")
        case Ended() if trigger.as_ is not None:
            yield change(place.field("as_"), None, f"{what} {attrs.evolve(trigger, as_=None)} instead of {trigger}")


def _deadline(place: Place, what: str) -> Iterator[Change]:
    for which in DEADLINES:
        if which != place.node.which:
            other = attrs.evolve(place.node, which=which)
            yield change(place.field("which"), which, f"{what} {other} instead of {place.node}")


def _silence(place: Place, what: str) -> Iterator[Change]:
    of = f" of {place.node.of}" if place.node.of else ""
    length = place.field("length")
    if not isinstance(length.node, Usual):
        yield from _lengths(length, f"{what} a silence{of} for")
        return
    yield change(length, Usual(length.node.factor * 2), f"{what} a silence{of} for twice as many usual gaps")
    yield from _lengths(place.field("at_least"), f"{what} a silence{of} by the usual gap, at least", "")
    yield from _lengths(place.field("otherwise"), f"{what} a silence{of}, of who is new for", "")
