"""What a defective journey leaves behind (S4.3): what happened stays recorded and counted, what it led to is parked.

`State.parked` lists it: [instant, kind, name, identity, error].
"""

from touchpoint.core.advance import remember
from touchpoint.core.decision import Decision
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program
from touchpoint.core.state import Run, State
from touchpoint.core.timers import Timer, next_timer, raised_by


def park_touchpoint(
    program: Program, state: State, occurrence: Occurrence, now: int, error: str, *, late: bool
) -> Decision:
    """Take the decision back to the touchpoint alone: it counts, and nothing follows from it."""
    decision = park_act(program, state, TOUCHPOINT, occurrence.name, occurrence.id, now, error)
    remember(decision, occurrence, late=late)
    return decision


def park_timer(program: Program, state: State, error: str) -> tuple[Timer, Decision] | None:
    """Park what the customer's next timer stands for; None if there is none."""
    timer = next_timer(program, state)
    if timer is None:
        return None
    decision = Decision(program, state, timer[0])
    raised = raised_by(program, state, timer)
    if isinstance(raised, Run):
        _park_run(decision, raised, error)
    else:
        _note(decision, timer[5], str(timer[6]), "", error)
    return timer, decision


def park_after_message(program: Program, state: State, key: str, now: int, error: str) -> Decision:
    """Park the run that waits for the end of this message, so that the message itself can be brought to its end."""
    decision = Decision(program, state, now)
    for run in state.runs:
        if run.message == key:
            _park_run(decision, run, error)
    return decision


def park_act(program: Program, state: State, kind: str, name: str, identity: str, now: int, error: str) -> Decision:
    """Park what something else has led to."""
    decision = Decision(program, state, now)
    _note(decision, kind, name, identity, error)
    return decision


def _park_run(decision: Decision, run: Run, error: str) -> None:
    run.due = run.look = run.message = None
    run.waiting = "parked"
    decision.state.parked.append([decision.now, "run", run.label, run.id, error])
    decision.trace.append(["parked", run.journey, run.rule, run.key, error])


def _note(decision: Decision, kind: str, name: str, identity: str, error: str) -> None:
    decision.state.parked.append([decision.now, kind, name, identity, error])
    decision.trace.append(["parked", kind, name, None, error])
