"""Timers of one customer: which falls due next, and what its firing means (S2.5, S4.2 point 0)."""

from collections.abc import Iterable, Mapping
from typing import Final

from touchpoint.core.calendar import adopt_calendar, bring_about, leave_out
from touchpoint.core.case_terms import rearm
from touchpoint.core.cases import LiveCase, Missed, due_at, miss, next_deadline
from touchpoint.core.collected import Burst
from touchpoint.core.held import NONE, dropped, few, put
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program
from touchpoint.core.rhythm import Occasions, in_words, lasts, noted
from touchpoint.core.segments import settle
from touchpoint.core.sessions import heard_before
from touchpoint.core.signals import backfill
from touchpoint.core.state import NEVER, Record, Run, State, without
from touchpoint.core.timed import CALENDAR, SCHEDULE
from touchpoint.durations import instant

SEGMENT: Final = "segment"
"""The kind of timer of windows that lapse under segments."""
AWAITED: Final = "awaited"
"""The kind of timer of what did not come back in time."""
BURST: Final = "collected"
"""The kind of timer of a burst that is complete."""
Timer = tuple[int, int, int, int, int, str, object]
"""(due, rank, then three numbers that order timers of one rank, kind, what it is about)."""


def next_timer(program: Program, state: State) -> Timer:
    """The timer that fires next: the earliest, there being one at least.

    At one instant the order is that of docs/explanation/decisions.md, point 9.
    """
    earliest = min(_instants(state))
    if state.lapses and earliest in state.lapses.values():
        # Before all others, so that these see who is in which segment. One firing looks at all of them.
        return earliest, -1, 0, 0, 0, SEGMENT, ""
    timers = list(_timers(program, state, earliest))
    return timers[0] if len(timers) == 1 else min(timers, key=lambda timer: timer[:5])


def upcoming(program: Program, state: State, until: int) -> Timer:
    """The timer that fires next of those that are due at `until` or before, one at least.

    Schedules that nobody looked at for long leave out what is past making up for (S2.5).
    """
    timer = next_timer(program, state)
    while timer[5] == SCHEDULE and leave_out(program, state, str(timer[6]), until):
        timer = next_timer(program, state)
    return timer


def _instants(state: State) -> list[int]:
    """When the timers of a customer fall due, in no particular order."""
    found = [*state.silences.values(), *state.dwells.values()]
    if state.lapses:
        found += state.lapses.values()
    if state.calendar:
        found += [entry[0] for entry in state.calendar.values()]
    if state.awaited:
        found += [entry[0] for entry in state.awaited.values()]
    if state.bursts:
        found += [burst.due for burst in state.bursts]
    if state.cases and (deadline := next_deadline(state.cases)) != NEVER:
        found.append(deadline)
    for run in state.runs:
        if run.due is not None:
            found.append(run.due)
        if run.look is not None:
            found.append(run.look)
    return found


def _timers(program: Program, state: State, due: int) -> Iterable[Timer]:
    """Those that fall due at this instant, the earliest of all."""
    for run in state.runs:
        if due in (run.due, run.look):
            rule = program.rule_of(run)
            yield due, 4, -(rule.rule.priority if rule else 0), rule.index if rule else 0, run.order, "run", run
    for name, at in state.silences.items():
        if at == due:
            yield due, 0, program.places["silence", name], 0, 0, "silence", name
    for name, at in state.dwells.items():
        if at == due:
            yield due, 1, program.places["dwell", name], 0, 0, "dwell", name
    if state.cases:
        yield from _deadlines(state, due)
    if state.calendar or state.awaited or state.bursts:
        yield from _of_few(program, state, due)


def _of_few(program: Program, state: State, due: int) -> Iterable[Timer]:
    """The same of what few customers have."""
    for name, entry in state.calendar.items():
        if entry[0] == due:
            kind = program.calendar[name].kind
            yield due, 2, program.places[kind, name], 0, 0, kind, name
    for number, (key, entry) in enumerate(state.awaited.items()):
        if entry[0] == due:
            yield due, 5, number, 0, 0, AWAITED, key
    yield from _bursts(program, state, due)


def _deadlines(state: State, due: int) -> Iterable[Timer]:
    for case, place, about in due_at(state.cases, due):
        yield due, 3, case.opened_at, case.no, place, about.event, about


def _bursts(program: Program, state: State, due: int) -> Iterable[Timer]:
    for number, burst in enumerate(state.bursts):
        if burst.due == due:
            rule = program.by_label.get(burst.label)
            priority, index = (rule.rule.priority, rule.index) if rule else (0, 0)
            yield due, 6, -priority, index, number, BURST, burst


def raised_by(program: Program, state: State, timer: Timer) -> tuple[Occurrence | Run | Burst | None, list[Record]]:
    """Take a timer off the state.

    Gives the occurrence it raises, the run it concerns, the burst that is complete, or None for a look at segments; and
    what the trace is to say of why it fired.
    """
    about = timer[6]
    if isinstance(about, Burst):
        state.bursts = without(state.bursts, about)
    if isinstance(about, Run | Burst):
        return about, []
    if isinstance(about, Missed):
        return miss(state.cases, about, timer[0]), [["case", about.said, about.kind, about.ref]]
    return _occurrence(program, state, timer)


def _occurrence(program: Program, state: State, timer: Timer) -> tuple[Occurrence | None, list[Record]]:
    due, kind, name = timer[0], timer[5], str(timer[6])
    if kind == SEGMENT:
        return None, []  # the decision looks at all of them by itself
    if kind == AWAITED:
        _, what, message, channel, *_ = state.awaited[name]
        state.awaited = dropped(state.awaited, name)
        told = {"message": message}
        return Occurrence(TOUCHPOINT, what, due, f"{what} {name}", told, channel, direction="internal"), []
    if name in state.calendar and kind in CALENDAR:
        return bring_about(program, state, name)
    if kind == "silence":
        state.silences = dropped(state.silences, name)
    else:
        state.dwells = dropped(state.dwells, name)
    # Two silences may lapse at one instant: their causes must differ.
    cause = f"{instant(due).isoformat()} {kind} {name}"
    return Occurrence("dwelt" if kind == "dwell" else kind, name, due, cause), _reading(program, state, timer)


def _reading(program: Program, state: State, timer: Timer) -> list[Record]:
    """Of a silence by the usual gap: what is usual, and how long it was."""
    spec = program.silences.get(str(timer[6])) if timer[5] == "silence" else None
    if spec is None or spec.usual is None:
        return []
    return [["because", in_words(spec, state.occasions, timer[0] - state.heard[spec.name])]]


def refresh(
    program: Program, state: State, timeline: Iterable[Occurrence], now: int, since: Mapping[str, int] | None = None
) -> list[LiveCase]:
    """Bring a state up to a program that asks something else than the one before (S4.7).

    Args:
        program: the one to bring it up to.
        state: the customer's; changed in place.
        timeline: the customer's touchpoints in arrival order; read once.
        now: microseconds UTC: what the program newly wants of the calendar begins here.
        since: when each segment came to be defined as it is, by its `journey/segment`; microseconds UTC.

    Returns:
        The cases whose deadlines are others now.
    """
    occurrences = list(timeline)
    backfill(program.signals, state.signals, occurrences, state.now)
    state.silences = few({name: due for name, due in state.silences.items() if name in program.silences})
    heard = {name: at for name, at in state.heard.items() if name in program.silences}
    state.heard = few({**heard, **heard_before(program.sessions, occurrences)})
    state.occasions = occasions_of(program, occurrences)
    for spec in program.silences.values():
        last = max((each.at for each in occurrences if _breaks(spec.of, each)), default=None)
        if spec.name not in state.heard and last is not None:
            state.heard = put(state.heard, spec.name, last)
            if (due := last + lasts(spec, state.occasions)) > state.now:
                state.silences = put(state.silences, spec.name, due)
    _refresh_dwells(program, state)
    rearmed = rearm(program.terms, state.cases, max(now, state.now))
    adopt_calendar(program, state, now=max(now, state.now))
    settle(program, state, since or {})
    state.version = program.version
    return rearmed


def occasions_of(program: Program, timeline: Iterable[Occurrence]) -> Occasions:
    """What is kept of a whole timeline for usual gaps."""
    occasions: Occasions = NONE
    for each in timeline if program.usuals else ():
        occasions = noted(program.usuals, occasions, each)
    return occasions


def _breaks(of: str | None, occurrence: Occurrence) -> bool:
    return occurrence.name == of if of is not None else occurrence.direction == "inbound"


def _refresh_dwells(program: Program, state: State) -> None:
    armed: dict[str, int] = {}
    for journey, (stage, entered, *_) in state.stages.items():
        for name, lasting in program.dwells.get(f"{journey}/{stage}", ()):
            due = state.dwells.get(name, entered + lasting)
            if name in state.dwells or due > state.now:
                armed[name] = due
    state.dwells = few(armed)
