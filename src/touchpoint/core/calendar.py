"""The dates of one customer's calendar: armed, kept when facts change, and brought about (S2.2, S2.5, S4.1).

`State.calendar` maps a definition to [due, the local date it is about, stamp]; the stamp says for which value of the
trait and which zones it was armed. A fourth is the first date that was left out before it. `State.noticed` has the last
dates that came, so that none comes twice. It never has one that the program does not know, or that lacks a zone: both
are left out whenever either changes.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from touchpoint.core.held import dropped, few, put
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.recurring import Due
from touchpoint.core.schedule import date_from
from touchpoint.core.state import Record, State
from touchpoint.core.timed import ANNIVERSARY, DATE_DUE, SCHEDULE, CalendarSpec, day_of, has_identity
from touchpoint.durations import length
from touchpoint.zones import tz_version

CATCH_UP: Final = length(timedelta(days=7))
"""How long a schedule is made up for after nobody worked; as long as a touchpoint may be late (S1.5)."""
_NOTICED: Final = 4
_NEARLY: Final = length(timedelta(days=9))  # holds a week in any zone
_CAUSES: Final = {ANNIVERSARY: "anniversary", DATE_DUE: "date due", SCHEDULE: "schedule"}


def arm_calendar(program: Program, state: State, *, now: int) -> None:
    """Arm what the customer's traits and zones make due from now on; what is armed for the same facts stays.

    Where only the zones have changed the same date stays armed, at its new instant, and at once where that is past
    already. What is past when it is learned is not armed.
    """
    traits = state.profile.traits
    found = {spec.name: spec for trait in (None, *traits) for spec in program.calendar_of.get(trait, ())}
    found.update((name, program.calendar[name]) for name in state.calendar)
    for spec in sorted(found.values(), key=lambda spec: program.places[spec.kind, spec.name]):
        _arm(spec, state, now)


def _arm(spec: CalendarSpec, state: State, now: int) -> None:
    zones = _zones(spec, state)
    about = _about(spec, state)
    if not zones or about is None:
        state.calendar = dropped(state.calendar, spec.name)
        return
    stamp = f"{about} {' '.join(zones)}"
    armed = state.calendar.get(spec.name)
    if armed is not None and armed[2] == stamp:
        return
    found = None
    if armed is not None and armed[2].partition(" ")[0] == about:
        found = _moved(spec, state, armed[1], zones, now)
    _keep(spec, state, found or _following(spec, state, zones, now), stamp)


def _zones(spec: CalendarSpec, state: State) -> tuple[str, ...]:
    unknown = spec.trigger.unknown_zone
    return state.profile.zones or ((unknown,) if unknown else ())


def _about(spec: CalendarSpec, state: State) -> str | None:
    """The date in the trait as text, empty for a schedule; None where there is no date."""
    if spec.trait is None:
        return ""
    day = date_from(state.profile.traits.get(spec.trait))
    return None if day is None else day.isoformat()


def _moved(spec: CalendarSpec, state: State, on: str, zones: Sequence[str], now: int) -> Due | None:
    due = spec.following.on(date_from(_about(spec, state)), day_of(on), zones)
    return None if due is None else (max(due, now), day_of(on))


def _following(spec: CalendarSpec, state: State, zones: Sequence[str], since: int) -> Due | None:
    noticed = state.noticed.get(spec.noted, ())
    about = _about(spec, state)
    if spec.kind == DATE_DUE and about in noticed:
        return None
    last = max(map(day_of, noticed), default=None)
    return spec.following.after(date_from(about), since, zones, last)


def _keep(spec: CalendarSpec, state: State, found: Due | None, stamp: str) -> None:
    if found is None:
        state.calendar = dropped(state.calendar, spec.name)
    else:
        state.calendar = put(state.calendar, spec.name, [found[0], found[1].isoformat(), stamp])


def bring_about(program: Program, state: State, name: str) -> tuple[Occurrence, list[Record]]:
    """Take a date of the calendar that is due off the state, and arm the next one.

    Args:
        program: the compiled journeys.
        state: the customer's, at the instant at which it fell due; changed in place.
        name: its definition.

    Returns:
        What it raises, and lines for the trace.
    """
    due, on, _, *since = state.calendar[name]
    state.calendar = dropped(state.calendar, name)
    spec = program.calendar[name]
    zones = _zones(spec, state)
    trace: list[Record] = [["date", spec.words, on, " ".join(zones), tz_version()]]
    if since:
        trace.append(["because", f"from {since[0]} on left out: nobody looked for more than a week"])
    occurrence = Occurrence(spec.kind, name, due, f"{on} {_CAUSES[spec.kind]} {name}", _properties(spec, state, on))
    came = [*state.noticed.get(spec.noted, ()), on][-_NOTICED:]
    state.noticed = put(state.noticed, spec.noted, came)
    found = _following(spec, state, zones, max(state.now, due))
    _keep(spec, state, found, f"{_about(spec, state)} {' '.join(zones)}")
    return occurrence, trace


def _properties(spec: CalendarSpec, state: State, on: str) -> dict[str, object]:
    """What the trigger tells: the date, and of an anniversary how many years it is."""
    day = date_from(_about(spec, state))
    if spec.kind != ANNIVERSARY or day is None:
        return {"date": on}
    return {"date": on, "years": day_of(on).year - day.year}


def leave_out(program: Program, state: State, name: str, present: int) -> bool:
    """Of a schedule that nobody looked at for long, leave out what is older than a week, but for the last date.

    Args:
        program: the compiled journeys.
        state: the customer's; changed in place.
        name: one that is due.
        present: up to when the customer's timers are being fired, microseconds UTC.

    Returns:
        Whether anything was left out; it is then due later.
    """
    spec, entry = program.calendar[name], state.calendar[name]
    if entry[0] >= present - CATCH_UP:
        return False
    due, on = _latest_missed(spec, state, (entry[0], day_of(entry[1])), present)
    if due == entry[0]:
        return False
    state.calendar = put(state.calendar, name, [due, on.isoformat(), entry[2], *(entry[3:] or [entry[1]])])
    return True


def _latest_missed(spec: CalendarSpec, state: State, found: Due, present: int) -> Due:
    """The first date of the week before the present; else the last one before that week."""
    zones = _zones(spec, state)
    # Where it comes round at least weekly this is near enough, so nobody counts through years of days.
    near = spec.following.after(None, present - CATCH_UP - _NEARLY, zones, found[1])
    if near is not None and near[0] <= present:
        found = near
    while found[0] < present - CATCH_UP:
        following = spec.following.after(None, found[0], zones, found[1])
        if following is None or following[0] > present:
            break
        found = following
    return found


def adopt_calendar(program: Program, state: State, *, now: int) -> None:
    """Bring the calendar up to other journeys: what they wait for newly begins now (S4.7).

    A definition that differs in its hour or `unknown_zone` alone knows what had come under the one before.
    """
    specs = program.calendar.values()
    before, noticed = state.noticed, {}
    for spec in specs:
        names = [spec.noted] if spec.noted in before else [each for each in before if has_identity(each, spec.identity)]
        if names:
            noticed[spec.noted] = max((before[each] for each in names), key=max)
    state.noticed = few(noticed)
    state.calendar = few({name: entry for name, entry in state.calendar.items() if name in program.calendar})
    arm_calendar(program, state, now=now)


def join_calendar(program: Program, into: State, old: State, *, now: int) -> None:
    """Have `into` know what is due of `old`, too; what came under either id does not come again (S1.6)."""
    for noted, dates in old.noticed.items():
        both = sorted({*into.noticed.get(noted, ()), *dates})[-_NOTICED:]
        into.noticed = put(into.noticed, noted, both)
    for name, entry in old.calendar.items():
        known = into.calendar.get(name)
        if known is None or (known[2] == entry[2] and entry[0] > known[0]):
            into.calendar = put(into.calendar, name, entry)
    for name, entry in list(into.calendar.items()):
        if entry[1] in into.noticed.get(program.calendar[name].noted, ()):
            into.calendar = dropped(into.calendar, name)
    arm_calendar(program, into, now=now)


def follow_zones(program: Program, state: State) -> bool:
    """Bring the calendar up to newer time-zone data (S2.2). Whether anything moved."""
    moved = False
    for name, entry in state.calendar.items():
        spec = program.calendar[name]
        found = _moved(spec, state, entry[1], _zones(spec, state), state.now)
        if found is not None and found[0] != entry[0]:
            entry[0] = found[0]
            moved = True
    return moved
