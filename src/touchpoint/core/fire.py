"""Firing timers (S2.5): each is a decision of its own, at its due instant."""

from touchpoint.core.advance import look_again, work_off
from touchpoint.core.decision import NOT_LOADED, Decision, NothingCame
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.state import Run, State
from touchpoint.core.timers import AWAITED, Timer, next_timer, raised_by


def fire_next(program: Program, state: State, *, until: int) -> tuple[Timer, Decision] | None:
    """Fire the customer's next timer if it is due at `until` or before; None if there is none.

    The decision is taken at the timer's due instant, also when it is overdue, so that live and replay agree (S4.2).
    """
    timer = next_timer(program, state)
    if timer is None or timer[0] > until:
        return None
    decision = Decision(program, state, timer[0])
    raised = raised_by(program, state, timer)
    if isinstance(raised, Occurrence):
        if timer[5] == AWAITED:
            decision.effects.append(NothingCame(str(timer[6]), raised))
        decision.queue.append(raised)
    elif isinstance(raised, Run):
        fire_run(decision, raised)
    return timer, work_off(decision)


def fire_run(decision: Decision, run: Run) -> None:
    """Let a run go on whose timer is due, or look again through a window that has lapsed."""
    rule = decision.rule_of(run)
    node = rule.nodes.get(run.node) if rule is not None and run.node is not None else None
    if node is None:
        decision.park(run, NOT_LOADED)
        return
    # What a run waits for comes before the end of its waiting, where both fall on one instant.
    lapsed = run.look is not None and run.look <= decision.now
    if lapsed and look_again(decision, run):
        return
    if run.due is not None and run.due <= decision.now:
        decision.trace.append(["timer", run.journey, run.rule, node.id])
        decision.go_on(run, node.next if run.waiting == "time" else node.otherwise)
