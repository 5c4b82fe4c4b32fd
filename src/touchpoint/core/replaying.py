"""Deciding again what a defect kept from going on (S4.3): with its own instant, and the present as now."""

from collections.abc import Callable

import attrs

from touchpoint.core.advance import go_on_after, work_off
from touchpoint.core.compiled_rule import Node
from touchpoint.core.decision import COLLECTED, MOVED, NOT_LOADED, PARKED, RUN, Decision
from touchpoint.core.edits import EXITS, PARKS
from touchpoint.core.fire import fire_burst, fire_run
from touchpoint.core.following import Edits, act, go_on
from touchpoint.core.migrating import MIGRATES, asked, facts_of
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program
from touchpoint.core.records import burst_from_record, occurrence_from_record
from touchpoint.core.state import Record, Run, State, without


@attrs.frozen
class Told:
    """What the store tells of a touchpoint: what it was, and whether it came late (S1.5)."""

    occurrence: Occurrence
    late: bool


@attrs.frozen
class Ended:
    """What the store tells of a message that a run waited for: its name, and how it stands."""

    name: str
    status: str


@attrs.frozen
class Journal:
    """Asks the store; each gives None for what it does not have.

    Args:
        touchpoint: by its id.
        message: by its key.
    """

    touchpoint: Callable[[str], Told | None]
    message: Callable[[str], Ended | None]


@attrs.frozen
class Stuck:
    """Why something cannot be replayed, and how to mend it."""

    why: str


def replay(
    program: Program, state: State, entry: Record, journal: Journal, now: int, edits: Edits | None = None
) -> Decision | Stuck:
    """Decide again what was parked, and take it off the list; `Stuck` changes nothing.

    It meets the runs that had begun by then, and is not counted once more.

    Raises:
        DefectiveJourney: it is defective still; the state is then not to be used any more.
    """
    kind, name = entry[1], entry[2]
    if kind == RUN:
        if entry[6] and entry[6][0] == MIGRATES:
            return _migrate(program, state, entry, journal, now, edits)
        return _run(program, state, entry, journal, now)
    if kind == COLLECTED:
        return _burst(program, state, entry, now)
    occurrence, late = None, False
    if kind == TOUCHPOINT:
        told = journal.touchpoint(entry[3])
        if told is not None:
            occurrence, late = told.occurrence, told.late
    elif entry[6] is not None:
        occurrence = occurrence_from_record(entry[6])
    if occurrence is None:
        return Stuck(f"what the {kind} {name} told is not kept any more; record it anew with an id of its own")
    decision = _begin(program, state, entry, now)
    decision.queue.append(occurrence)
    return work_off(decision, late=late, again=entry[5])


def _burst(program: Program, state: State, entry: Record, now: int) -> Decision | Stuck:
    burst = burst_from_record(entry[6])
    if burst.label not in program.by_label:
        return Stuck(f"{NOT_LOADED}: load a version of {burst.journey!r} that has it")
    decision = _begin(program, state, entry, now)
    fire_burst(decision, burst)
    return work_off(decision)


def _begin(program: Program, state: State, entry: Record, now: int) -> Decision:
    state.parked = without(state.parked, entry)
    decision = Decision(program, state, now)
    decision.trace.append(["replayed", entry[1], entry[2]])
    return decision


def _run(program: Program, state: State, entry: Record, journal: Journal, now: int) -> Decision | Stuck:
    run = next((each for each in state.runs if each.id == entry[3]), None)
    if run is None or run.waiting != PARKED:
        return _begin(program, state, entry, now)  # an exit or a goal has ended it, or it goes on already
    rule = program.rule_of(run)
    if rule is None or run.node not in rule.nodes:
        return Stuck(f"{NOT_LOADED}: load a version of {run.journey!r} that has it")
    decision = _begin(program, state, entry, now)
    run.waiting, run.due, run.look, run.message = entry[6]
    _resume(decision, rule.nodes[run.node or ""], run, journal)
    return work_off(decision)


def _resume(decision: Decision, node: Node, run: Run, journal: Journal) -> None:
    """Have a run at this node wait again for what it waited for, or go on where that has come meanwhile."""
    if run.waiting == MOVED:
        decision.go_on(run, node)
    elif run.message is None:
        fire_run(decision, run)
    elif decision.state.pending_by_key(run.message) is None and (ended := journal.message(run.message)) is not None:
        run.outcomes = {**run.outcomes, ended.name: ended.status}
        go_on_after(decision, run, node.id, ended.status)


def _migrate(
    program: Program, state: State, entry: Record, journal: Journal, now: int, edits: Edits | None
) -> Decision | Stuck:
    """Ask once more where the run goes on since that release (S5.4)."""
    run = next((each for each in state.runs if each.id == entry[3]), None)
    if run is None or run.waiting != PARKED:
        return _begin(program, state, entry, now)
    _, due, look, key, waiting, no = entry[6]
    again = None if edits is None else edits(no)
    if again is None:
        return Stuck(f"{NOT_LOADED}: the release of {run.journey!r} that moves it cannot be read any more")
    plan = asked(again.edit, facts_of(run, waiting), again.migration)
    rule = program.by_name.get((run.journey, plan.rule))
    if plan.fate == PARKS:
        return Stuck(plan.reason)
    if plan.fate != EXITS and (rule is None or plan.step not in rule.nodes):
        return Stuck(f"{NOT_LOADED}: a later release of {run.journey!r} has taken away the step where it was to go on")
    decision = _begin(program, state, entry, now)
    run.waiting, run.due, run.look, run.message = waiting, due, look, key
    going = act(decision, again.edit, run, plan)
    if rule is not None and not going and run in state.runs:
        _resume(decision, rule.nodes[run.node or ""], run, journal)
    # By the definition of now, which may be a later one than that of the release.
    return go_on(
        decision, [(each, None if node is None or rule is None else rule.nodes[node.id]) for each, node in going]
    )
