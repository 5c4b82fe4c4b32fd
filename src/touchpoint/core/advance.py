"""The heart: one occurrence in, a changed state, effects and a trace out (S4.2). Pure: no clock, no store, no sending.

`advance` and its siblings own the `state` they are given and change it in place; hand them a copy to keep the old one.
Points that the semantics leave open are fixed in docs/explanation/decisions.md.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from touchpoint.core.at_once import BlankDecision, begun_with_its_run, ended_with_its_run
from touchpoint.core.bursts import drop_bursts, gather
from touchpoint.core.collected import Collected
from touchpoint.core.compiled_rule import CompiledRule, CompiledStage, Node
from touchpoint.core.decision import NOT_LOADED, Decision, RunStarted
from touchpoint.core.identity import key_of_rule, run_id_of, same_key
from touchpoint.core.judging import Considered, Parts
from touchpoint.core.limits import refused_by_limit, remember_start
from touchpoint.core.live_runs import admitted, next_of
from touchpoint.core.matching import Key
from touchpoint.core.meeting import Keys, came_true, exit_condition_holds, meet_all
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import BUDGET, Program, StagesEntered, Starts
from touchpoint.core.remembering import note_about, remember, remember_more
from touchpoint.core.returned import Returned
from touchpoint.core.segments import JOINED, LATE, LEFT, catch_up, reassess
from touchpoint.core.signals import lapses_at
from touchpoint.core.state import Pending, Run, State
from touchpoint.core.steps import is_about, take_steps
from touchpoint.core.unmet import refusal
from touchpoint.journey.asking import first_asked
from touchpoint.journey.by_hand import PREFIX

_MISSING = object()
_IN_A_ROW: Final = 100
"""Runs that may follow each other without a pause, each started by an end of a message of the one before."""
_OF_SEGMENTS: Final = frozenset({JOINED, LEFT})


def advance(program: Program, state: State, occurrence: Occurrence, now: int, *, late: bool = False) -> Decision:
    """Decide what follows from one occurrence.

    Args:
        program: the compiled journeys.
        state: the customer's; changed in place.
        occurrence: a touchpoint, an enrolment, or any event the core itself raises.
        now: microseconds UTC; the customer's own clock never runs backwards.
        late: S1.5: it is recorded and counted, but starts no rule and moves no stage.

    Raises:
        DefectiveJourney: more than 1,000 steps; the state is then not to be used any more.
    """
    if late or occurrence.kind != TOUCHPOINT or (state.rare.lapses and not program.segments):
        return work_off(Decision(program, state, now, occurrence), late=late)
    decide = program.judges.made.get(occurrence.name)
    if decide is None:
        decide = program.judges.whole(occurrence.name, _PARTS)
        if decide is None:
            return work_off(Decision(program, state, now, occurrence))
    return decide(program, state, occurrence, now)


def message_ended(
    program: Program, state: State, pending: Pending, status: str, now: int, reason: str = "",
    returned: Returned | None = None,
) -> Decision:  # fmt: skip
    """Decide what follows from the end of a message (or call): its run goes on (S5.1)."""
    ended = ended_with_its_run(program, state, pending, status, reason, now)
    if ended is not None:
        return ended
    decision = Decision(program, state, now)
    if state.rare.lapses:
        catch_up(decision)
    run = state.run_by_order(pending.run)
    decision.end_message(pending, status, reason, run)
    if run is not None and returned is not None:
        _keep_result(decision, run, pending.message, returned)
    if run is not None and run.message == pending.key:
        if status == "sent" or pending.message not in run.outcomes or first_asked(pending.step) is None:
            # A survey was sent, whatever becomes of a reminder of it.
            run.outcomes = {**run.outcomes, pending.message: status}
        if decision.queue:
            _tell_of_it(decision)
            if run.message != pending.key or state.run_by_order(pending.run) is not run:
                return work_off(decision)
        go_on_after(decision, run, pending.step, status)
    return work_off(decision)


def _tell_of_it(decision: Decision) -> None:
    """Let others react to the end of a message before its run goes on: an exit or goal by it acts at once (S5.3)."""
    told, decision.queue = decision.queue, []
    for each in told:
        decision.taken += 1
        _round(decision, each, late=False, again=None)


def _keep_result(decision: Decision, run: Run, function: str, returned: Returned) -> None:
    """Keep what a function returned, where the rule looks it up; the last call of it counts."""
    rule = decision.rule_of(run)
    if rule is None or function not in rule.reads:
        return
    others = {name: value for name, value in run.results.items() if name != function}
    run.results = others if returned.value is None else {**others, function: returned.value}
    said = "kept" if returned.value is not None else returned.why_not or "nothing"
    decision.trace.append(["returned", run.journey, run.rule, function, said])


def go_on_after(decision: Decision, run: Run, step: str, status: str) -> None:
    """Let a run go on after its message, unless its outcome is what an exit has waited for (S5.3)."""
    rule = decision.rule_of(run)
    node = rule.nodes.get(step) if rule else None
    if rule is not None and rule.exit_conditions and exit_condition_holds(decision, rule, run, run.event):
        decision.end(run, "exit")
    elif node is not None:
        decision.go_on(run, node.next if status == "sent" else node.otherwise)
    elif run.rule.startswith(PREFIX):
        decision.end(run, "done")  # no journey has the message any more, and nothing else was to come
    else:
        decision.park(run, NOT_LOADED)


def work_off(decision: Decision, *, late: bool = False, again: int | None = None) -> Decision:
    """Let the runs that can go on take their steps, then round after round until nothing is left to react to.

    Args:
        decision: its queue holds what is to be reacted to.
        late: as for `advance`.
        again: of what was parked and is counted already: the number of the customer's last run that had begun then.
    """
    if type(decision) is not Decision:
        decision.open()
    state, queue = decision.state, decision.queue
    if state.rare.lapses:
        # What happens at the instant at which a window lapses comes before that (S2.5): its own round looks at both.
        rounds = queue and (queue[0].kind == TOUCHPOINT or (again is None and not decision.ready))
        if not rounds:
            catch_up(decision)
    while True:
        if decision.ready:
            take_steps(decision)
        elif queue:
            decision.taken += 1
            if decision.taken > BUDGET:
                decision.give_up()
            _round(decision, queue.pop(0), late=late, again=again)
            late, again = False, None
        elif not (state.rare.deferred and _admit(decision)):
            break
    if decision.program.looks_ahead:
        _look_ahead(decision)
    return decision


def _round(decision: Decision, occurrence: Occurrence, *, late: bool, again: int | None) -> None:
    state, program = decision.state, decision.program
    if occurrence.kind == TOUCHPOINT and again is None:
        remember(decision, occurrence, late=late)
    keys: Keys = ((occurrence.kind, occurrence.name),)
    starts = program.starts.get(keys[0])
    if not program.plain:
        keys, starts = _taken_in(decision, occurrence, keys[0], late=late, again=again)
    if state.runs or state.rare.watches:
        meet_all(decision, occurrence, keys, again)
    if state.rare.bursts:
        drop_bursts(decision, occurrence, keys)
    if starts is None or late:
        return
    judge = program.judges.of(keys[0], _PARTS) if len(keys) == 1 else None
    if judge is not None:
        _start_all(decision, occurrence, judge(decision, occurrence))
        return
    stages, rules = starts
    if stages:
        _move_stages(decision, occurrence, stages)
    if rules:
        # All conditions are asked before any run starts: rules of one round do not see each other's effects.
        considered = _true_ones(decision, rules, keys, occurrence)
        if considered:
            _start_all(decision, occurrence, considered)


def _taken_in(
    decision: Decision, occurrence: Occurrence, key: Key, *, late: bool, again: int | None
) -> tuple[Keys, Starts | None]:
    """What only some journeys ask of an occurrence: all its keys, and what they start."""
    program, finer = decision.program, decision.program.listening.finer
    keys = (key, *finer[key].keys(occurrence)) if key in finer else (key,)
    if occurrence.chain and not decision.chain:
        decision.chain = occurrence.chain
    if program.segments and again is None:
        reassess(decision, key, occurrence.id, late=late)
    if occurrence.kind in _OF_SEGMENTS and LATE in occurrence.properties:
        return keys, None
    return keys, program.starts.get(key) if len(keys) == 1 else _starts_of_all(program, keys)


def _starts_of_all(program: Program, keys: Keys) -> Starts:
    """What several keys start: of each journey the stages, and the rules, in declaration order."""
    found = [starts for key in keys if (starts := program.starts.get(key)) is not None]
    rules = {rule.index: rule for _, triggered in found for rule in triggered}
    return _ordered(program, [entered for entered, _ in found]), tuple(rules[index] for index in sorted(rules))


def _ordered(program: Program, found: Sequence[StagesEntered]) -> StagesEntered:
    named = [(journey, stage) for entered in found for journey, stages in entered for stage in stages]
    every = []
    for journey in program.journeys:
        entered = {stage.stage.name: stage for each, stage in named if each == journey}
        ordered = tuple(entered[each.name] for each in program.journeys[journey].stages if each.name in entered)
        if ordered:
            every.append((journey, ordered))
    return tuple(every)


# S4.2 point 4: stages.


def _move_stages(decision: Decision, occurrence: Occurrence, entered: StagesEntered) -> None:
    for journey, stages in entered:
        current = decision.state.stage_of(journey)
        for stage in stages:
            if _matches(decision, journey, stage, current, occurrence):
                if stage.stage.name != current or stage.stage.reenter:
                    decision.move(journey, stage.stage.name, occurrence.id)
                break


def _matches(
    decision: Decision, journey: str, stage: CompiledStage, current: str | None, occurrence: Occurrence
) -> bool:
    if stage.stage.after and current not in stage.stage.after:
        return False
    return stage.given is None or decision.ask(stage.given, journey, occurrence) is True


# S4.2 point 5: rules.


def _start_all(decision: Decision, occurrence: Occurrence, rules: Considered) -> None:
    if len(rules) == 1 and begun_with_its_run(decision, rules[0], occurrence):
        return
    decision.open()
    for each in rules:
        if each.collects is not None:
            gather(decision, each, occurrence)
        else:
            start(decision, each, occurrence)


def _true_ones(decision: Decision, rules: Sequence[CompiledRule], keys: Keys, occurrence: Occurrence) -> Considered:
    """The rules whose condition is true. The trace says which of the others were refused, and what they saw."""
    if len(keys) == 1:
        parts = decision.program.judges.together(keys[0])
        if len(parts) == 1:
            return parts[0].considered(decision, occurrence)
        return [rule for some in parts for rule in some.considered(decision, occurrence)]
    # Rules that several keys start are told of one by one: there is no list of them.
    true = [rule for rule in rules if _is_true(decision, rule, occurrence)]
    for rule in rules:
        if rule not in true:
            _refused(decision, rule, occurrence)
    return true


def _is_true(decision: Decision, rule: CompiledRule, occurrence: Occurrence) -> bool:
    return rule.given is None or decision.ask(rule.given, rule.journey, occurrence) is True


def _refused(decision: Decision, rule: CompiledRule, occurrence: Occurrence) -> None:
    decision.trace.append(refusal(decision, rule, occurrence))


_PARTS: Final = Parts(
    BlankDecision, meet_all, drop_bursts, remember_more, note_about, reassess, _refused, _start_all, work_off,
)  # fmt: skip


def start(decision: Decision, rule: CompiledRule, occurrence: Occurrence, collected: Collected | None = None) -> None:
    """Start a run, unless concurrency or the limit says no; either way it is recorded (S4.4).

    Args:
        decision: at hand.
        rule: to start.
        occurrence: what triggered it; of a burst the first.
        collected: the burst.
    """
    given = rule.rule
    key = None if given.key is None else key_of_rule(given.key, occurrence.properties)
    live = _live(decision.state, rule, key) if decision.state.runs else ()
    if live and given.concurrency == "ignore":
        decision.trace.append(
            ["refused", rule.journey, rule.rule.name, "live", "a run is live already" + _about(rule, key)]
        )
        return
    if decision.chain > _IN_A_ROW:
        reason = f"more than {_IN_A_ROW} runs in a row were each started by an end of a message of the one before"
        decision.trace.append(["refused", rule.journey, rule.rule.name, "circle", reason])
        return
    if given.limit is not None and (limited := refused_by_limit(decision, rule, key)) is not None:
        decision.trace.append(["refused", rule.journey, rule.rule.name, "limit", limited])
        return
    going = live if given.concurrency == "restart" else ()
    if decision.program.live_limits and not admitted(decision, rule, key, occurrence, collected, going):
        return
    for run in going:
        decision.end(run, "restarted")
    _begin(decision, rule, key, occurrence, collected)


def _live(state: State, rule: CompiledRule, key: object) -> list[Run]:
    """The rule's live runs that are about this."""
    return [
        run
        for run in state.runs
        if run.rule == rule.rule.name and run.journey == rule.journey and same_key(run.key, key)
    ]


def _admit(decision: Decision) -> bool:
    """Start the first entry that waits for a place and has one now; what was asked at its trigger is asked again."""
    found = next_of(decision)
    if found is None:
        return False
    rule, entry = found
    if _is_true(decision, rule, entry.trigger):
        start(decision, rule, entry.trigger, entry.collected)
    else:
        _refused(decision, rule, entry.trigger)
    return True


def _about(rule: CompiledRule, key: object) -> str:
    return "" if rule.rule.key is None else f" for {rule.rule.key} {key!r}"


def _begin(
    decision: Decision, rule: CompiledRule, key: object, occurrence: Occurrence, collected: Collected | None
) -> None:
    state = decision.state
    state.orders += 1
    if decision.chain and not occurrence.chain:
        occurrence.chain = decision.chain
    journey, name = rule.journey, rule.rule.name
    # The first run of a decision is not a second one by the same cause.
    cause = _cause(decision, rule, key, occurrence) if decision.effects else occurrence.id
    identity = run_id_of(state.id, rule.said, key, cause)
    run = Run(identity, journey, name, key, decision.now, state.orders, occurrence, occurrence)
    if collected is not None:
        run.collected, run.event = collected, collected.kept[-1]
    is_about(run, occurrence)
    state.runs += (run,)
    if rule.rule.limit is not None:
        remember_start(decision, rule, key)
    decision.trace.append(["started", journey, name, key])
    decision.effects.append(RunStarted(run))
    decision.ready.append((run, rule.first))


def _cause(decision: Decision, rule: CompiledRule, key: object, occurrence: Occurrence) -> str:
    # Only a journey that runs in circles can give one cause twice within a decision; the runs must still differ.
    again = decision.trace.count(["started", rule.journey, rule.rule.name, key])
    return occurrence.id if again == 0 else f"{occurrence.id}~{again + 1}"


# Windows that lapse by themselves.


def _look_ahead(decision: Decision) -> None:
    """For conditions that a run waits on: when a window of theirs lapses next (S5.2)."""
    for run in decision.state.runs:
        rule = decision.rule_of(run)
        if rule is None or (run.look is not None and run.look <= decision.now):
            continue  # what has lapsed at this very instant is still to be looked at
        if rule.exit_conditions or run.waiting == "until":
            run.look = min(_lapses(decision, rule, run), default=None)


def _lapses(decision: Decision, rule: CompiledRule, run: Run) -> Iterator[int]:
    expressions = [each.expression for each in rule.exit_conditions]
    if run.waiting == "until" and run.node is not None:
        expressions.append(rule.nodes[run.node].step.condition)  # type: ignore[union-attr]
    for expression in expressions:
        lapse = lapses_at(expression, decision.program.signals, decision.state.signals, decision.now)
        if lapse is not None:
            yield lapse


def look_again(decision: Decision, rule: CompiledRule, run: Run, node: Node) -> bool:
    """A window lapsed under a condition that the run waits on, at this node. Whether that moved or ended the run."""
    run.look = None
    if exit_condition_holds(decision, rule, run, run.event):
        decision.end(run, "exit")
        return True
    if run.waiting == "until" and came_true(decision, run, node):
        decision.go_on(run, node.then)
        return True
    return False
