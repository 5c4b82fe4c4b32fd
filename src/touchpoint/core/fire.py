"""Firing timers (S2.5): each is a decision of its own, at its due instant."""

from touchpoint.core.advance import look_again, start, work_off
from touchpoint.core.bursts import as_run
from touchpoint.core.cases import CaseChanged, Missed
from touchpoint.core.collected import Burst
from touchpoint.core.decision import NOT_LOADED, Decision, NothingCame
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.seen import seer_of
from touchpoint.core.segments import catch_up
from touchpoint.core.state import Run, State
from touchpoint.core.timers import AWAITED, SEGMENT, Timer, raised_by, upcoming


def fire_next(program: Program, state: State, *, until: int) -> tuple[Timer, Decision]:
    """Fire the customer's next timer, one being due at `until` or before.

    The decision is taken at the timer's due instant, also when it is overdue, so that live and replay agree (S4.2).
    """
    timer = upcoming(program, state, until)
    decision = Decision(program, state, timer[0])
    raised, why = raised_by(program, state, timer)
    decision.trace += why
    if isinstance(raised, Occurrence):
        if timer[5] == AWAITED:
            decision.effects.append(NothingCame(str(timer[6]), raised))
        elif isinstance(timer[6], Missed):
            decision.effects.append(CaseChanged(state.cases[timer[6].kind][timer[6].ref]))
        decision.queue.append(raised)
    elif isinstance(raised, Run):
        fire_run(decision, raised)
    elif isinstance(raised, Burst):
        fire_burst(decision, raised)
    elif timer[5] == SEGMENT:
        catch_up(decision)
        if not decision.queue:
            # When it is looked for nothing is a matter of foresight: nobody's time to wait for a place ends by that.
            return timer, decision
    return timer, work_off(decision)


def fire_burst(decision: Decision, burst: Burst) -> None:
    """Start the one run of a burst that is complete: asked is what its condition and exits say of all of it."""
    rule = decision.program.by_label.get(burst.label)
    if rule is None:
        decision.park_burst(burst, NOT_LOADED)
        return
    first, last, asked, given = burst.what.kept[0], burst.what.kept[-1], as_run(burst), rule.last_given
    decision.trace.append(["complete", burst.journey, burst.rule, burst.key, burst.what.count])
    if given is not None and decision.ask(given.closure, burst.journey, last, asked) is not True:
        seen = decision.saw(seer_of(given.expression, decision.program.signals), burst.journey, last, asked)
        decision.trace.append(["refused", burst.journey, burst.rule, "given", seen])
    elif any(decision.ask(each.closure, burst.journey, last, asked) is True for each in rule.exit_conditions):
        decision.trace.append(["refused", burst.journey, burst.rule, "exit", "its exit is true already"])
    else:
        start(decision, rule, first, burst.what)


def fire_run(decision: Decision, run: Run) -> None:
    """Let a run go on whose timer is due, or look again through a window that has lapsed."""
    rule = decision.rule_of(run)
    node = None if rule is None else rule.nodes.get(run.node or "")
    if rule is None or node is None:
        decision.park(run, NOT_LOADED)
        return
    # What a run waits for comes before the end of its waiting, where both fall on one instant.
    lapsed = run.look is not None and run.look <= decision.now
    if lapsed and look_again(decision, rule, run, node):
        return
    if run.due is not None and run.due <= decision.now:
        decision.trace.append(["timer", run.journey, run.rule, node.id])
        decision.go_on(run, node.next if run.waiting == "time" else node.otherwise)
