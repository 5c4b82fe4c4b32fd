"""What live runs make of what happens (S4.2 point 3): exits, goals, waits, and goals that are still watched (S5.3)."""

from collections.abc import Iterable
from typing import TypeAlias

from touchpoint.core.cases import OF_CASES
from touchpoint.core.compiled_rule import CompiledRule, Node
from touchpoint.core.decision import Decision
from touchpoint.core.identity import key_value, same_key
from touchpoint.core.matching import Key, keys_for
from touchpoint.core.occurrence import MOVES, TOUCHPOINT, Occurrence
from touchpoint.core.state import Run, Watch, without
from touchpoint.core.steps import is_about

_MISSING = object()
Keys: TypeAlias = tuple[Key, ...]


def _concerned(decision: Decision) -> Iterable[Run | Watch]:
    """The live runs, and those that are over but whose goals are still watched, in the order in which they started."""
    state = decision.state
    if not state.watches:
        return state.runs
    state.watches = tuple(watch for watch in state.watches if watch.until >= decision.now)
    return sorted([*state.watches, *state.runs], key=lambda each: each.order)


def meet_all(decision: Decision, occurrence: Occurrence, keys: Keys, again: int | None = None) -> None:
    """Let every live run meet it.

    Args:
        decision: at hand.
        occurrence: what has happened.
        keys: its keys.
        again: of what was parked: the number of the customer's last run that had begun when it happened.
    """
    for each in _concerned(decision):
        if again is not None and each.order > again:
            continue  # it began after this had happened
        if isinstance(each, Run):
            _meet(decision, each, occurrence, keys)
        else:
            _meet_watch(decision, each, occurrence, keys)


def _meet(decision: Decision, run: Run, occurrence: Occurrence, keys: Keys) -> None:
    rule = decision.rule_of(run)
    if rule is None:
        return
    if rule.own and occurrence.about is not None:
        keys = keys_for(run, occurrence, keys)
    met = _concerns(rule, run.key, occurrence)
    run.look = None
    if (met and not rule.exits.isdisjoint(keys)) or (
        rule.exit_conditions and exit_condition_holds(decision, rule, run, occurrence if met else run.event)
    ):
        decision.end(run, "exit")
    elif met and not run.reached and not rule.goal.isdisjoint(keys) and _reached(decision, rule, run, occurrence):
        decision.trace.append(["goal", run.journey, run.rule, run.key])
        run.reached = True
        if rule.rule.goal is not None and rule.rule.goal.ends:
            decision.end(run, "goal")
        else:
            _offer(decision, rule, run, occurrence, keys, met=met)
    else:
        _offer(decision, rule, run, occurrence, keys, met=met)


def _concerns(rule: CompiledRule, run_key: object, occurrence: Occurrence) -> bool:
    """S4.4: a keyed run meets only touchpoints that carry the same key property, where they carry it."""
    name = rule.rule.key
    if name is None or not (occurrence.kind == TOUCHPOINT or occurrence.kind in OF_CASES):
        return True
    carried = occurrence.properties.get(name, _MISSING)
    if carried is _MISSING or same_key(key_value(carried), run_key):
        return True
    # What has become part of a case meets what happens to it.
    also = occurrence.properties.get("also", ()) if name == "ref" and occurrence.kind in OF_CASES else ()
    return isinstance(also, list) and any(same_key(key_value(each), run_key) for each in also)


def exit_condition_holds(decision: Decision, rule: CompiledRule, run: Run, event: Occurrence) -> bool:
    """Whether any exit of the run that is a condition is true."""
    return any(decision.ask(each.closure, run.journey, event, run) is True for each in rule.exit_conditions)


def _reached(decision: Decision, rule: CompiledRule, run: Run | Watch, occurrence: Occurrence) -> bool:
    if isinstance(run, Run) and rule.goal_within is not None and decision.now > run.started + rule.goal_within:
        return False
    return rule.goal_given is None or decision.ask(rule.goal_given, run.journey, occurrence, run) is True


def _offer(
    decision: Decision, rule: CompiledRule, run: Run, occurrence: Occurrence, keys: Keys, *, met: bool
) -> None:  # fmt: skip
    """Let the occurrence end the run's wait, or keep it for one to come."""
    node = rule.nodes.get(run.node) if run.node is not None else None
    if run.waiting == "event" and node is not None and met and not node.keys.isdisjoint(keys):
        if node.condition is None or decision.ask(node.condition, run.journey, occurrence, run) is True:
            if occurrence.kind in MOVES:
                run.event = occurrence
            is_about(run, occurrence)
            decision.go_on(run, node.then)
            return
    # S5.3: in waits `event` is what last moved the run, so what is at hand is seen through history alone.
    elif run.waiting == "until" and node is not None and came_true(decision, run, node):
        if met and occurrence.kind == TOUCHPOINT:
            run.event = occurrence
        decision.go_on(run, node.then)
        return
    if met and not rule.keeps.isdisjoint(keys):
        run.kept = (*run.kept, (run.arrived, occurrence))
        run.arrived += 1


def came_true(decision: Decision, run: Run, node: Node) -> bool:
    """Whether what a run waits for is true."""
    return node.condition is not None and decision.ask(node.condition, run.journey, run.event, run) is True


def _meet_watch(decision: Decision, watch: Watch, occurrence: Occurrence, keys: Keys) -> None:
    """The goal of a run that is over and is still watched (S5.3)."""
    rule = decision.program.rule_of(watch)
    if rule is None:
        return
    if rule.own and occurrence.about is not None:
        keys = keys_for(watch, occurrence, keys)
    if rule.goal.isdisjoint(keys) or not _concerns(rule, watch.key, occurrence):
        return
    if _reached(decision, rule, watch, occurrence):
        decision.trace.append(["goal", watch.journey, watch.rule, watch.key])
        decision.state.watches = without(decision.state.watches, watch)
