"""What a defective journey leaves behind (S4.3): what happened stays recorded and counted, what it led to is parked.

`State.parked` lists it: [instant, kind, name, identity, error, orders, more]. `orders` is the number of the last run
that had begun by then; `more` what it takes to decide again: of a run what it waited for, of an event the event
itself, and of a touchpoint, which the journal has, nothing.
"""

import attrs

from touchpoint.core.cases import CaseChanged, Missed
from touchpoint.core.collected import Burst
from touchpoint.core.decision import Decision, MessageEnded, NothingCame, ended_message
from touchpoint.core.occurrence import ENDED, TOUCHPOINT, Occurrence
from touchpoint.core.program import Program
from touchpoint.core.records import occurrence_to_record
from touchpoint.core.remembering import remember
from touchpoint.core.segments import EVERY, catch_up
from touchpoint.core.state import Run, State
from touchpoint.core.timers import AWAITED, SEGMENT, Timer, raised_by, upcoming


def park_touchpoint(
    program: Program, state: State, occurrence: Occurrence, now: int, error: str, *, late: bool
) -> Decision:
    """Take the decision back to the touchpoint alone: it counts, and nothing follows from it."""
    decision = park_act(program, state, TOUCHPOINT, occurrence.name, occurrence.id, now, error)
    remember(decision, occurrence, late=late)
    _look_soon(decision)
    return decision


def park_timer(program: Program, state: State, error: str, *, until: int) -> tuple[Timer, Decision]:
    """Park what the customer's next timer stands for, one being due at `until` or before."""
    timer = upcoming(program, state, until)
    decision = Decision(program, state, timer[0])
    raised, why = raised_by(program, state, timer)
    if isinstance(raised, Run):
        decision.park(raised, error)
    elif isinstance(raised, Burst):
        decision.park_burst(raised, error)
    elif timer[5] == AWAITED and raised is not None:
        # That nothing came is a fact, whatever it sets off.
        decision.effects.append(NothingCame(str(timer[6]), raised))
        _note(decision, AWAITED, raised.name, raised.id, error, raised)
        remember(decision, raised, late=False)
        _look_soon(decision)
    elif isinstance(about := timer[6], Missed) and raised is not None:
        # That it is overdue is a fact, whatever it sets off.
        decision.trace += why
        decision.effects.append(CaseChanged(state.cases[about.kind][about.ref]))
        _note(decision, about.event, str(about), raised.id, error, raised)
    elif timer[5] == SEGMENT:
        catch_up(decision)
        for each in decision.queue:
            _note(decision, SEGMENT, each.name, each.id, error, each)
        decision.queue.clear()
    else:
        _note(decision, timer[5], str(timer[6]), "", error, raised)
    return timer, decision


def _look_soon(decision: Decision) -> None:
    """What was counted may have changed who is in which segment: a timer of its own says so, and what follows."""
    if decision.program.segments:
        decision.state.lapses = {**decision.state.lapses, EVERY: decision.now}


def park_after_message(program: Program, state: State, key: str, now: int, error: str) -> Decision:
    """Park the run that waits for the end of this message, so that the message itself can be brought to its end."""
    decision = Decision(program, state, now)
    for run in state.runs:
        if run.message == key:
            decision.park(run, error)
    return decision


def park_act(
    program: Program, state: State, kind: str, name: str, identity: str, now: int, error: str,
    raised: Occurrence | None = None,
) -> Decision:  # fmt: skip
    """Park what something else has led to."""
    decision = Decision(program, state, now)
    _note(decision, kind, name, identity, error, raised)
    return decision


def hushed(program: Program) -> Program:
    """The program with nobody who listens to ends of messages and to changes."""
    return attrs.evolve(program, listening=program.listening.nobody())


def park_ends(program: Program, state: State, decision: Decision, error: str) -> None:
    """Park what somebody would have heard of the ends of messages, of a decision that was taken while hushed."""
    for effect in decision.effects:
        if isinstance(effect, MessageEnded) and not effect.pending.is_call:
            raised = ended_message(program, state, effect.pending, effect.status, "", effect.at)
            if raised is not None:
                _note(decision, ENDED, raised.name, raised.id, error, raised)


def keep_raised(state: State, decision: Decision) -> None:
    """Keep with what was parked last the event that is left of its decision."""
    if decision.queue and state.parked and state.parked[-1][6] is None:
        state.parked[-1][6] = occurrence_to_record(decision.queue[0])


def _note(decision: Decision, kind: str, name: str, identity: str, error: str, raised: Occurrence | None) -> None:
    decision.keep_parked(kind, name, identity, error, None if raised is None else occurrence_to_record(raised))
    decision.trace.append(["parked", kind, name, None, error])
