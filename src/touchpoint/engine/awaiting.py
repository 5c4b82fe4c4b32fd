"""When what a rule waits for falls due by itself, for one customer as things stand: silences and the calendar (S10)."""

from collections.abc import Collection, Iterator

from touchpoint.core.cases import Deadline, LiveCase
from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.keys import key_of
from touchpoint.core.program import Program
from touchpoint.core.rhythm import in_words
from touchpoint.core.schedule import date_from
from touchpoint.core.state import State
from touchpoint.core.timed import DATE_DUE, CalendarSpec
from touchpoint.durations import instant
from touchpoint.journey.triggers import CaseEscalated, CaseOverdue
from touchpoint.model.case import DEADLINES, ESCALATIONS, RESPONSE, level_name, level_of
from touchpoint.zones import to_local, zone


def awaited(program: Program, state: State, rule: CompiledRule) -> Iterator[str]:
    """A sentence for each trigger of a rule that falls due by itself: when, or why not."""
    for trigger in rule.rule.when:
        kind, name = key_of(trigger, rule.journey, rule.rule.name)
        if kind == "silence":
            yield from _silence(program, state, name)
        elif isinstance(trigger, CaseOverdue):
            yield from _deadlines(state, trigger.case, DEADLINES if trigger.which is None else (trigger.which,))
        elif isinstance(trigger, CaseEscalated):
            levels = ESCALATIONS if trigger.level is None else (trigger.level,)
            yield from _deadlines(state, trigger.case, [*map(level_name, levels)])
        elif name in program.calendar and program.calendar[name].kind == kind:
            yield _calendar(program.calendar[name], state)


def _silence(program: Program, state: State, name: str) -> Iterator[str]:
    spec, due = program.silences[name], state.silences.get(name)
    if due is None:
        return
    usual = "" if spec.usual is None else f" ({in_words(spec, state.occasions, due - state.heard[name])})"
    yield f"{spec.words}: due {_when(due, state)}, unless something comes{usual}"


def _deadlines(state: State, kind: str, named: Collection[str]) -> Iterator[str]:
    """Of each open case of the kind: when something of these is due, or since when it is overdue."""
    for ref, case in state.cases.get(kind, {}).items():
        for which, deadline in case.deadlines.items():
            if which in named:
                yield f"case {kind} {ref}: {_owed(which, deadline, case, state)}"


def _owed(which: str, deadline: Deadline, case: LiveCase, state: State) -> str:
    answered = case.answered_at if which == RESPONSE else None
    then = "" if answered is None else f", answered {_when(answered, state)}"
    if deadline.missed is not None and level_of(which) is not None:
        return f"escalated to {which} {_when(deadline.missed, state)}"
    if deadline.missed is not None:
        return f"{which} due {_when(deadline.due, state)}, overdue since {_when(deadline.missed, state)}{then}"
    return f"{which} due {_when(deadline.due, state)}{then}"


def _calendar(spec: CalendarSpec, state: State) -> str:
    entry = state.calendar.get(spec.name)
    if entry is not None:
        return f"{spec.words}: due {_when(entry[0], state)}, about {entry[1]}"
    day = None if spec.trait is None else date_from(state.profile.traits.get(spec.trait))
    if spec.trait is not None and day is None:
        return f"{spec.words}: never due, the trait {spec.trait} holds no date"
    if not state.profile.zones and spec.trigger.unknown_zone is None:
        return f"{spec.words}: never due, the customer's zone is not known; say unknown_zone="
    if day is not None and spec.kind == DATE_DUE:
        came = day.isoformat() in state.noticed.get(spec.noted, ())
        return f"{spec.words}: {day} " + ("has come already" if came else "was past when it became known")
    return f"{spec.words}: comes no more"


def _when(us: int, state: State) -> str:
    if not state.profile.zones:
        return f"{instant(us):%Y-%m-%d %H:%M:%S} UTC"
    name = state.profile.zones[0]
    return f"{to_local(us, zone(name)):%Y-%m-%d %H:%M:%S} {name}"
