"""Messages that are planned anew when what held them is over (`on_release="replan"`, S6.7)."""

from collections.abc import Iterator, Sequence
from typing import Final

from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.decision import MOVED, NOT_LOADED, Decision
from touchpoint.core.occurrence import ENDED
from touchpoint.core.program import Program
from touchpoint.core.state import Pending, Run, State
from touchpoint.core.steps import take_anew
from touchpoint.journey.steps import Best, Branch, Step, arms
from touchpoint.policy.binding import HOLD
from touchpoint.policy.verdict import Ruling

PLANNED_ANEW: Final = "held, and planned anew"


def is_free_again(program: Program, state: State, pending: Pending, ruling: Ruling) -> bool:
    """Whether a hold has kept a message that is to be planned anew, and no longer does; a Deny ends it in any case."""
    if not pending.reasons or ruling.answer == "deny":  # nearly all messages
        return False
    message = program.message_of(state, pending)
    if message is None or message.on_release != "replan" or pending.first_try is not None or not _was_held(pending):
        return False
    return not any(each.check == HOLD and each.answer != "allow" for _, asked in ruling.because for each in asked)


def _was_held(pending: Pending) -> bool:
    return any(each[:2] == ["defer", HOLD] for _, _, against in pending.reasons for each in against)


def replan(decision: Decision, run: Run, pending: Pending) -> None:
    """Withdraw the message that a run waits for, and have the run go back to the decision before it."""
    decision.end_message(pending, "withdrawn", PLANNED_ANEW)
    # It is no end to those who wait for one: the message is only begun anew.
    decision.queue = [each for each in decision.queue if each.kind != ENDED or each.about != pending.key]
    take_anew(run, pending.step)  # it may be taken once more
    rule = decision.rule_of(run)
    back = None if rule is None else decision_before(rule, pending.step)
    if rule is None or back is None:
        run.waiting, run.message = MOVED, None
        decision.park(run, NOT_LOADED)
        return
    decision.trace.append(["replanned", run.journey, run.rule, pending.step, back])
    decision.go_on(run, rule.nodes[back])


def decision_before(rule: CompiledRule, step: str) -> str | None:
    """The step from which a message is planned anew; None where the rule has it no more.

    It is the outermost of the branches and choices that lead to it with nothing else between, each to the first step of
    an arm; else the message's own step.
    """
    return next((back for name, back in _backs(rule.rule.then, iter(rule.nodes), None) if name == step), None)


def _backs(steps: Sequence[Step], names: Iterator[str], branch: str | None) -> Iterator[tuple[str, str]]:
    for n, step in enumerate(steps):
        name = next(names)  # in reading order, as `identified` gives them
        back = branch if branch is not None and n == 0 else name
        yield name, back
        for _, arm in arms(step):
            yield from _backs(arm, names, back if isinstance(step, Branch | Best) else None)
