"""What most messages do: they begin with their run, and end with it.

Each function does in one what `core.advance` and `core.steps` do one by one, or says that it is not sure, and has done
nothing by then. A law holds the two ways together.
"""

from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.decision import Decision, MessageBegun, MessageEnded, RunEnded, RunStarted
from touchpoint.core.identity import key_of_rule, message_key, run_id
from touchpoint.core.limits import refused_by_limit, remember_start
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import BUDGET
from touchpoint.core.state import COMMON, Pending, Run
from touchpoint.core.steps import is_about


def begun_with_its_run(decision: Decision, rule: CompiledRule, occurrence: Occurrence) -> bool:
    """Start the run of a rule that sends a message first, and have that wait for its release; False where unsure.

    Nothing can come between the two where nothing else has followed from the occurrence yet.
    """
    node, state, given = rule.first, decision.state, rule.rule
    if node is None or node.message is None or not node.opens:
        return False
    if decision.effects or decision.ready or decision.chain or decision.program.live_limits:
        return False
    if state.runs and any(run.rule == given.name and run.journey == rule.journey for run in state.runs):
        return False
    key = None if given.key is None else key_of_rule(given.key, occurrence.properties)
    if given.limit is not None:
        if refused_by_limit(decision, rule, key) is not None:
            return False
        remember_start(decision, rule, key)
    decision.taken += 1
    if decision.taken > BUDGET:
        decision.give_up()
    message, journey, name, now, step = node.message, rule.journey, given.name, decision.now, node.id
    state.orders = order = state.orders + 1
    identity = run_id(state.id, journey, name, key, occurrence.id)
    handed = message_key(identity, step, 1)
    run = Run(
        identity, journey, name, key, now, order, occurrence, occurrence, 0, step, "message", None, None, None, handed,
        {step: 1},
    )  # fmt: skip
    pending = Pending(
        handed, journey, name, order, step, message.name, node.kind, given.priority + message.priority, now, now,
        now + node.lasts,
    )  # fmt: skip
    if occurrence.about is not None or occurrence.kind != TOUCHPOINT:
        is_about(run, occurrence)
        pending.cases = run.cases or None
    state.runs += (run,)
    state.pending += (pending,)
    trace, effects = decision.trace, decision.effects
    trace.append(["started", journey, name, key])
    trace.append(["begun", journey, name, message.name])
    effects.append(RunStarted(run))
    effects.append(MessageBegun(pending, run))
    return True


def ended_with_its_run(decision: Decision, pending: Pending, status: str, reason: str) -> bool:
    """End a message and its run in one, where it was all of the run and nobody is told of it; False where unsure.

    Nothing can then come between the two ends, and nothing follows from them: what the long way would do is all here.
    """
    state, program = decision.state, decision.program
    rare = state.rare
    if not program.plain or program.looks_ahead or len(state.pending) != 1 or pending.cases:
        return False
    if rare is not COMMON and (rare.lapses or rare.deferred):  # windows lapse, or somebody waits for its place
        return False
    run, rule = state.run_by_order(pending.run), program.by_name.get((pending.journey, pending.rule))
    if run is None or rule is None or run.message != pending.key or run.outcomes or run.release:
        return False
    node = rule.nodes.get(pending.step)
    if node is None or not node.alone:
        return False
    now, name, runs = decision.now, pending.message, state.runs
    state.pending, state.runs = (), () if len(runs) == 1 else tuple([each for each in runs if each is not run])
    if reason:
        pending.reasons = (*pending.reasons, [now, pending.channel, [[status, reason]]])
    run.outcomes = {name: status}
    run.waiting, run.message = "", None
    trace, effects = decision.trace, decision.effects
    trace.append(["message", name, status, pending.channel, reason])
    trace.append(["ended", run.journey, run.rule, run.key, "done"])
    effects.append(MessageEnded(pending, status, now, run if status == "sent" else None))
    effects.append(RunEnded(run, now, "done"))
    return True
