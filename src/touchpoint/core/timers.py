"""Timers of one customer: which falls due next, and what its firing means (S2.5, S4.2 point 0)."""

from collections.abc import Iterable, Mapping
from typing import Final

from touchpoint.core.collected import Burst
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program
from touchpoint.core.schedule import anniversary, date_from
from touchpoint.core.segments import settle
from touchpoint.core.sessions import heard_before
from touchpoint.core.signals import backfill
from touchpoint.core.state import Run, State
from touchpoint.durations import instant

SEGMENT: Final = "segment"
"""The kind of timer of windows that lapse under segments."""
AWAITED: Final = "awaited"
"""The kind of timer of what did not come back in time."""
BURST: Final = "collected"
"""The kind of timer of a burst that is complete."""
Timer = tuple[int, int, int, int, int, str, object]
"""(due, rank, then three numbers that order timers of one rank, kind, what it is about)."""


def next_timer(program: Program, state: State) -> Timer | None:
    """The timer that fires next: the earliest.

    At one instant the order is that of docs/explanation/decisions.md, point 9.
    """
    earliest = min(_instants(state), default=None)
    if earliest is None:
        return None
    if state.lapses and earliest in state.lapses.values():
        # Before all others, so that these see who is in which segment. One firing looks at all of them.
        return earliest, -1, 0, 0, 0, SEGMENT, ""
    timers = list(_timers(program, state, earliest))
    return timers[0] if len(timers) == 1 else min(timers, key=lambda timer: timer[:5])


def _instants(state: State) -> list[int]:
    """When the timers of a customer fall due, in no particular order."""
    found = [*state.lapses.values(), *state.silences.values(), *state.dwells.values()]
    if state.anniversaries:
        found += [entry[0] for entry in state.anniversaries.values()]
    if state.awaited:
        found += [entry[0] for entry in state.awaited.values()]
    if state.bursts:
        found += [burst.due for burst in state.bursts]
    for run in state.runs:
        if run.due is not None:
            found.append(run.due)
        if run.look is not None:
            found.append(run.look)
    return found


def _timers(program: Program, state: State, due: int) -> Iterable[Timer]:
    """Those that fall due at this instant, the earliest of all."""
    for rank, (kind, held) in enumerate((("silence", state.silences), ("dwell", state.dwells))):
        for name, at in held.items():
            if at == due:
                yield due, rank, program.places.get((kind, name), 0), 0, 0, kind, name
    for name, entry in state.anniversaries.items():
        if entry[0] == due:
            yield due, 2, program.places.get(("anniversary", name), 0), 0, 0, "anniversary", name
    for number, (key, entry) in enumerate(state.awaited.items()):
        if entry[0] == due:
            yield due, 4, number, 0, 0, AWAITED, key
    yield from _bursts(program, state, due)
    for run in state.runs:
        if due in (run.due, run.look):
            rule = program.by_name.get((run.journey, run.rule))
            yield due, 3, -(rule.rule.priority if rule else 0), rule.index if rule else 0, run.order, "run", run


def _bursts(program: Program, state: State, due: int) -> Iterable[Timer]:
    for number, burst in enumerate(state.bursts):
        if burst.due == due:
            rule = program.by_label.get(burst.label)
            priority, index = (rule.rule.priority, rule.index) if rule else (0, 0)
            yield due, 5, -priority, index, number, BURST, burst


def raised_by(program: Program, state: State, timer: Timer) -> Occurrence | Run | Burst | None:
    """Take a timer off the state.

    Gives the occurrence it raises, the run it concerns, the burst that is complete, or None where nobody waits for it
    any more.
    """
    due, kind, about = timer[0], timer[5], timer[6]
    if isinstance(about, Run):
        return about
    if isinstance(about, Burst):
        state.bursts.remove(about)
        return about
    name = str(about)
    if kind == SEGMENT:
        return None  # the decision looks at all of them by itself
    if kind == AWAITED:
        _, what, message, channel = state.awaited.pop(name)
        return Occurrence(TOUCHPOINT, what, due, f"{what} {name}", {"message": message}, channel, direction="internal")
    if kind == "anniversary":
        _, day, _ = state.anniversaries.pop(name)
        refresh_anniversaries(program, state, after=due)
        return Occurrence("anniversary", name, due, f"{day} anniversary {name}")
    (state.silences if kind == "silence" else state.dwells).pop(name)
    known = (kind, name) in program.places
    # Two silences may lapse at one instant: their causes must differ.
    cause = f"{instant(due).isoformat()} {kind} {name}"
    return Occurrence("dwelt" if kind == "dwell" else kind, name, due, cause) if known else None


def refresh_anniversaries(program: Program, state: State, *, after: int | None = None) -> None:
    """Arm the anniversaries of the traits as they are now; those already armed for the same date stay."""
    for spec in program.anniversaries:
        value = state.profile.traits.get(spec.trigger.trait)
        day = date_from(value)
        zones = state.profile.zones or ((spec.trigger.unknown_zone,) if spec.trigger.unknown_zone else ())
        if day is None or not zones:
            state.anniversaries.pop(spec.name, None)
            continue
        stamp = f"{day.isoformat()} {' '.join(zones)}"
        armed = state.anniversaries.get(spec.name)
        if armed is None or armed[2] != stamp:
            since = max(state.now, after or 0)
            due, on = anniversary(day, since, zones, at=spec.trigger.at, before=spec.trigger.before)
            state.anniversaries[spec.name] = [due, on.isoformat(), stamp]


def refresh(
    program: Program, state: State, timeline: Iterable[Occurrence], since: Mapping[str, int] | None = None
) -> None:
    """Bring a state up to a program that asks something else than the one before (S4.7).

    Args:
        program: the one to bring it up to.
        state: the customer's; changed in place.
        timeline: the customer's touchpoints in arrival order; read once.
        since: when each segment came to be defined as it is, by its `journey/segment`; microseconds UTC.
    """
    occurrences = list(timeline)
    backfill(program.signals, state.signals, occurrences, state.now)
    state.silences = {name: due for name, due in state.silences.items() if name in program.silences}
    state.heard = {name: at for name, at in state.heard.items() if name in program.silences}
    state.heard |= heard_before(program.sessions, occurrences)
    for spec in program.silences.values():
        last = max((each.at for each in occurrences if _breaks(spec.of, each)), default=None)
        if spec.name not in state.heard and last is not None:
            state.heard[spec.name] = last
            if last + spec.length > state.now:
                state.silences[spec.name] = last + spec.length
    _refresh_dwells(program, state)
    state.anniversaries.clear()
    refresh_anniversaries(program, state)
    settle(program, state, since or {})
    state.version = program.version


def _breaks(of: str | None, occurrence: Occurrence) -> bool:
    return occurrence.name == of if of is not None else occurrence.direction == "inbound"


def _refresh_dwells(program: Program, state: State) -> None:
    armed: dict[str, int] = {}
    for journey, (stage, entered, *_) in state.stages.items():
        for name, lasts in program.dwells.get(f"{journey}/{stage}", ()):
            due = state.dwells.get(name, entered + lasts)
            if name in state.dwells or due > state.now:
                armed[name] = due
    state.dwells = armed
