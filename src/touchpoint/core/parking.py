"""What a defective journey leaves behind (S4.3): the touchpoint stays recorded and counted, the rest is parked."""

from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program
from touchpoint.core.signals import update
from touchpoint.core.state import State
from touchpoint.core.timers import next_timer, raised_by
from touchpoint.core.state import Run


def park(program: Program, state: State, occurrence: Occurrence | None, error: str) -> None:
    """Park what a decision was about, with its error. `occurrence` None: it was the customer's next timer."""
    if occurrence is not None:
        if occurrence.kind == TOUCHPOINT:
            update(program.signals, state.signals, occurrence, max(state.now, occurrence.at))
        state.parked.append([state.now, "touchpoint", occurrence.name, occurrence.id, error])
        return
    timer = next_timer(program, state)
    if timer is None:
        return
    raised = raised_by(program, state, timer)
    if isinstance(raised, Run):
        raised.due = raised.look = None
        raised.waiting = "parked"
        state.parked.append([timer[0], "run", raised.label, raised.id, error])
    else:
        state.parked.append([timer[0], timer[5], str(timer[6]), "", error])
