"""When a wait ends. Calendar waits are kept as local time and zone, and follow newer time-zone data (S2.2)."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time

from touchpoint.core.calendar import follow_zones
from touchpoint.core.compiled_rule import Node
from touchpoint.core.decision import Decision
from touchpoint.core.program import Program
from touchpoint.core.schedule import after, date_from, next_local_time
from touchpoint.core.state import Run, State
from touchpoint.durations import LAST_INSTANT, Duration, Forever, is_calendar, micros
from touchpoint.journey.steps import Wait
from touchpoint.zones import from_local, to_local, tz_version, zone

Place = Callable[[Sequence[str]], int]
"""Computes an instant on the calendar of these zones."""


def wait_ends(decision: Decision, run: Run, node: Node, began: int | None = None) -> int | None:
    """When a `Wait` that began then (now, unless given) ends; None where the date to wait for is missing."""
    step = node.step
    assert isinstance(step, Wait)  # noqa: S101 - the table of steps sends nothing else here
    if step.length is not None:
        return ends(decision, run, step.length, step.unknown_zone, began)
    if isinstance(step.until, str):
        clock, since = step.until, decision.now if began is None else began
        return _on_calendar(decision, run, step.unknown_zone, lambda zones: next_local_time(since, clock, zones))
    assert node.condition is not None  # noqa: S101 - it waits for a date from data
    value = decision.ask(node.condition, run.journey, run.event, run)
    return _moment(decision, run, value, step)


def ends(
    decision: Decision, run: Run, lasts: Duration | Forever | None, unknown_zone: str | None, began: int | None = None
) -> int | None:
    """When a wait or time-out of this length that began then (now, unless given) ends; None for forever."""
    since = decision.now if began is None else began
    if lasts is None or isinstance(lasts, Forever):
        return None
    if not is_calendar(lasts):
        return after(since, lasts, ())
    return _on_calendar(decision, run, unknown_zone, lambda zones: after(since, lasts, zones))


def _moment(decision: Decision, run: Run, value: object, step: Wait) -> int | None:
    """The instant of a date or datetime from data; a date means its local midnight, or `at`."""
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime) and step.at is None:
        return min(micros(value), LAST_INSTANT) if value.tzinfo is not None else None
    day = date_from(value)
    if day is None:
        return None
    local = datetime.combine(day, time.fromisoformat(step.at or "00:00"))
    return _on_calendar(decision, run, step.unknown_zone, lambda zones: from_local(local, zone(zones[0])))


def _parsed(value: str) -> date | datetime | None:
    try:
        return date.fromisoformat(value) if len(value) <= len("2026-01-01") else datetime.fromisoformat(value)
    except ValueError:
        return None


def _on_calendar(decision: Decision, run: Run, unknown_zone: str | None, place: Place) -> int:
    """The latest of the instants in the customer's candidate zones; which local time that is, is kept with the run."""
    due, name = max((place((each,)), each) for each in _zones(decision, unknown_zone))
    if due > decision.now:
        local = to_local(due, zone(name)).isoformat()
        run.local = (local, name)
        decision.trace.append(["calendar", run.journey, run.rule, local, name, tz_version()])
    return due


def _zones(decision: Decision, unknown_zone: str | None) -> tuple[str, ...]:
    zones = decision.state.profile.zones
    if zones:
        return zones
    decision.trace.append(["zone", unknown_zone or "UTC", "the customer's own zone is not known"])
    return (unknown_zone or "UTC",)


def follow_zone_data(program: Program, state: State) -> bool:
    """Bring the calendar waits and dates of a customer up to the time-zone data in use. Whether any of them moved."""
    version = tz_version()
    if state.zone_data == version:
        return False
    state.zone_data = version
    moved = follow_zones(program, state)
    for run in state.runs:
        if run.local is not None and run.due is not None:
            local, name = run.local
            due = from_local(datetime.fromisoformat(local), zone(name))
            moved |= due != run.due
            run.due = due
    return moved
