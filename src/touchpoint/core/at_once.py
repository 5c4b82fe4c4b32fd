"""What is decided at once: of most touchpoints nothing follows; most messages begin with their run, and end with it.

Each function does in one what `core.advance` and `core.steps` do one by one, or says that it is not sure, and has done
nothing by then. A law holds the two ways together.
"""

from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.context import Context
from touchpoint.core.decision import (
    NOTHING,
    Decision,
    Effect,
    Entry,
    MessageBegun,
    MessageEnded,
    RunEnded,
    RunStarted,
)
from touchpoint.core.identity import key_of_rule, message_key_of, run_id_of
from touchpoint.core.limits import refused_by_limit, remember_start
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program
from touchpoint.core.state import COMMON, Pending, Run, State, Watch, without
from touchpoint.core.steps import is_about


class BlankDecision(Decision):
    """A decision that generated code fills, as `Decision.__init__` would, without a call of that.

    Little follows from most touchpoints. So what it would need for that is everybody's and cannot be set, until it is
    opened, and a decision like any other.
    """

    __slots__ = ()
    __init__ = object.__init__  # it takes nothing
    effects = queue = ready = NOTHING
    taken, chain, _context = 1, 0, None

    def open(self) -> None:
        """Become a `Decision` with lists of its own, where the one round was taken."""
        self.__class__ = Decision  # type: ignore[assignment]  # they are laid out alike
        self.effects, self.queue, self.ready = [], [], []
        self.taken, self.chain, self._context = 1, 0, None

    def leave(self, effects: list[Effect]) -> None:
        """Become a `FinalDecision`, where the round and one step were taken."""
        self.__class__ = FinalDecision
        self.effects, self.taken = effects, 2

    def placed(self, journey: str, event: Occurrence | None, run: Run | Watch | None = None) -> Context:
        """As every decision, which it becomes."""
        self.open()
        return self.placed(journey, event, run)


class FinalDecision(Decision):
    """A decision of which nothing follows but what it has said and left by now, until it is opened, likewise."""

    __slots__ = ()
    __init__ = object.__init__
    queue = ready = NOTHING
    chain, _context = 0, None
    placed = BlankDecision.placed

    def open(self) -> None:
        """Become a `Decision`, of which more may follow."""
        self.__class__ = Decision  # type: ignore[assignment]  # likewise
        self.queue, self.ready = [], []
        self.chain, self._context = 0, None


def final(program: Program, state: State, now: int, trace: list[Entry], effects: list[Effect]) -> Decision:
    """A decision of which nothing follows but what is said here; no step of a run was taken for it."""
    if now > state.now:
        state.now = now
    else:
        now = state.now
    decision: Decision = FinalDecision()
    decision.program, decision.state, decision.now = program, state, now
    decision.trace, decision.effects, decision.taken = trace, effects, 0
    return decision


def begun_with_its_run(decision: Decision, rule: CompiledRule, occurrence: Occurrence) -> bool:
    """Start the run of a rule that sends a message first, and have that wait for its release; False where unsure.

    Nothing can come between the two where nothing else has followed from the occurrence yet.
    """
    opening, state = rule.opening, decision.state
    if opening is None or decision.effects or decision.ready or decision.chain or decision.program.live_limits:
        return False
    journey, name, step = opening.journey, opening.rule, opening.step
    if state.runs and any(run.rule == name and run.journey == journey for run in state.runs):
        return False
    key = None if opening.key is None else key_of_rule(opening.key, occurrence.properties)
    if opening.is_limited:
        if refused_by_limit(decision, rule, key) is not None:
            return False
        remember_start(decision, rule, key)
    now = decision.now
    state.orders = order = state.orders + 1
    identity = run_id_of(state.id, opening.run_said, key, occurrence.id)
    handed = message_key_of(identity, opening.key_said)
    run = Run(
        identity, journey, name, key, now, order, occurrence, occurrence, 0, step, "message", None, None, None, handed,
        {step: 1},
    )  # fmt: skip
    pending = Pending(
        handed, journey, name, order, step, opening.message, opening.kind, opening.priority, now, now,
        now + opening.lasts,
    )  # fmt: skip
    if occurrence.about is not None or occurrence.kind != TOUCHPOINT:
        is_about(run, occurrence)
        pending.cases = run.cases or None
    state.runs += (run,)
    state.pending += (pending,)
    decision.trace += (["started", journey, name, key], ["begun", journey, name, opening.message])
    decision.leave([RunStarted(run), MessageBegun(pending, run)])
    return True


def ended_with_its_run(
    program: Program, state: State, pending: Pending, status: str, reason: str, now: int
) -> Decision | None:  # fmt: skip
    """End a message and its run in one, where nothing follows it there and nobody is told of it; None where unsure.

    Nothing can then come between the two ends, and nothing follows from them: what the long way would do is all here.
    """
    rare, runs, key = state.rare, state.runs, pending.key
    if not program.plain or program.looks_ahead or len(state.pending) != 1 or pending.cases:
        return None
    if rare is not COMMON and (rare.lapses or rare.deferred):  # windows lapse, or somebody waits for its place
        return None
    for run in runs:
        if run.message == key:
            break
    else:
        return None
    rule = program.by_name.get((pending.journey, pending.rule))
    node = None if rule is None else rule.nodes.get(pending.step)
    if rule is None or node is None or not node.closes or run.release:
        return None
    if (node.next if status == "sent" else node.otherwise) is not None:
        return None
    if now < state.now:  # noqa: PLR1730 - max() would be a call
        now = state.now
    name = pending.message
    state.pending, state.runs = (), () if len(runs) == 1 else without(runs, run)
    if reason:
        pending.reasons = (*pending.reasons, [now, pending.channel, [[status, reason]]])
    run.outcomes = {**run.outcomes, name: status} if run.outcomes else {name: status}
    run.waiting, run.message = "", None
    decision = final(
        program, state, now,
        [["message", name, status, pending.channel, reason], ["ended", run.journey, run.rule, run.key, "done"]],
        [MessageEnded(pending, status, now, run if status == "sent" else None), RunEnded(run, now, "done")],
    )  # fmt: skip
    if rule.goal_within is not None:
        decision.watch(run, run.started + rule.goal_within, "done")
    return decision
