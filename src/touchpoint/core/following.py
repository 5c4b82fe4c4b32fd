"""A release meets a customer: what becomes of their live runs (S5.4), decided at the instant of the release.

`edits` says what is planned for each place; here it is done. See docs/explanation/releases.md.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from touchpoint.core.advance import work_off
from touchpoint.core.compiled_rule import CompiledRule, Node
from touchpoint.core.decision import MOVED, PARKED, RUN, Decision, MessageChanged
from touchpoint.core.edits import ANEW, EXITS, GOES_ON, LONGER, MOVES, PARKS, SHORTER, Edit, Migration, Plan
from touchpoint.core.held import dropped, put
from touchpoint.core.identity import key_value
from touchpoint.core.migrating import MIGRATES, asked, facts_of
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.state import IN_FLIGHT, WAITING, Pending, Record, Run, State
from touchpoint.core.steps import take_anew, take_kept
from touchpoint.core.waits import ends, wait_ends
from touchpoint.durations import is_calendar, length
from touchpoint.journey.by_hand import PREFIX
from touchpoint.journey.steps import Send, Step, Wait, WaitFor, WaitUntil

RELEASED: Final = "released"
"""The kind of the round in which everything that waits is asked again."""
EDITED: Final = "edited"
"""The line of a trace that says what a release made of a run: journey, rule, key, fate, from, to, reason."""
Going: TypeAlias = list[tuple[Run, Node | None]]


def concerns(edit: Edit, state: State) -> bool:
    """Whether a release has anything to decide about this customer."""
    journey = edit.order.journey
    return (
        any(_is_met(run, journey) for run in state.runs)
        or any(burst.journey == journey for burst in state.bursts)
        or any(entry.journey == journey for entry in state.deferred)
        or any(watch.journey == journey and not watch.release for watch in state.watches)
        or any(f"{journey}/{old}" in state.starts for old, new in edit.rules.items() if old != new)
    )


def _is_met(run: Run, journey: str) -> bool:
    return run.journey == journey and not run.release and not run.rule.startswith(PREFIX)


def follow(edit: Edit, state: State, migration: Migration | None = None, *, held: str = "") -> Decision:
    """Have a customer meet a release.

    Args:
        edit: what changes.
        state: the customer's; changed in place. It has seen no later release.
        migration: what the mode `migrate` asks.
        held: why runs that would go on are parked instead, where their going on is defective (S4.3).

    Raises:
        DefectiveJourney: what follows takes more than 1,000 steps; the state is then not to be used any more.
    """
    order = edit.order
    decision = Decision(edit.after, state, order.at)
    if order.mode == "pin":
        _pin(edit, state)
        _carry_over(edit, state)
        return decision
    going: Going = []
    for run in [each for each in state.runs if _is_met(each, order.journey)]:
        entry = parked_entry(state, run)
        if entry is None or entry[6][0] != MIGRATES:
            going += _meet(decision, edit, run, migration, entry)
    _carry_over(edit, state)
    decision.queue.append(Occurrence(RELEASED, order.journey, decision.now, f"release {order.journey} {order.number}"))
    work_off(decision)
    return go_on(decision, going, held)


def go_on(decision: Decision, going: Going, held: str = "") -> Decision:
    """Let those that can go on take their steps, after the round in which exits were asked."""
    for run, node in going:
        if run not in decision.state.runs:
            continue
        if held:
            run.node = node.id if node else run.node
            run.waiting = MOVED
            decision.park(run, held)
        else:
            decision.go_on(run, node)
    return work_off(decision)


def _pin(edit: Edit, state: State) -> None:
    """Live runs, and goals that are still watched, finish on what they started with."""
    order = edit.order
    for run in state.runs:
        if _is_met(run, order.journey):
            run.release = order.number - 1
    for watch in state.watches:
        if watch.journey == order.journey and not watch.release:
            watch.release = order.number - 1


def _carry_over(edit: Edit, state: State) -> None:
    """What is remembered under the earlier names of rules: starts, and goals that are watched."""
    journey = edit.order.journey
    renamed = {old: new for old, new in edit.rules.items() if old != new}
    for old, new in renamed.items():
        if (starts := state.starts.get(f"{journey}/{old}")) is not None:
            state.starts = dropped(state.starts, f"{journey}/{old}")
            both = sorted([*state.starts.get(f"{journey}/{new}", ()), *starts], key=lambda entry: entry[0])
            state.starts = put(state.starts, f"{journey}/{new}", both)
    for watch in state.watches:
        if watch.journey == journey and not watch.release:
            watch.rule = renamed.get(watch.rule, watch.rule)
    for burst in state.bursts:
        if burst.journey == journey:
            burst.rule = renamed.get(burst.rule, burst.rule)
    for entry in state.deferred:
        if entry.journey == journey:
            entry.rule = renamed.get(entry.rule, entry.rule)


# --- one run ----------------------------------------------------------------------------------------------------------


def _meet(decision: Decision, edit: Edit, run: Run, migration: Migration | None, entry: Record | None) -> Going:
    """What becomes of one run; what it is to go on with, if it is."""
    waiting = run.waiting if entry is None else entry[6][0]
    if edit.order.mode == "migrate":
        plan = asked(edit, facts_of(run, waiting), migration)
        if plan.fate == PARKS:
            _park(decision, edit, run, plan, entry)
            return []
    else:
        plan = edit.plan(run.rule, run.node, waiting)
    return act(decision, edit, run, plan, entry)


def _park(decision: Decision, edit: Edit, run: Run, plan: Plan, entry: Record | None) -> None:
    """Keep a run for whoever has the function that says where it goes on."""
    if entry is not None:
        entry[6] = [MIGRATES, *entry[6][1:4], entry[6][0], edit.order.no]
        entry[4] = plan.reason
        return
    waiting = run.waiting
    decision.park(run, plan.reason)
    more = decision.state.parked[-1][6]
    more[0] = MIGRATES
    more += [waiting, edit.order.no]


def act(decision: Decision, edit: Edit, run: Run, plan: Plan, entry: Record | None = None) -> Going:
    """Do what is planned for a run.

    Args:
        decision: of the release.
        edit: what changes.
        run: by the names of before.
        plan: for it.
        entry: where it is parked, its line of the list.
    """
    before, place = run.label, run.node
    old, rule = edit.rules_of(run.rule)
    if rule is None:
        if plan.fate == EXITS:
            _tell(decision, run, plan, plan.fate, place)
            decision.end(run, plan.ends_as)
        return []
    if before != rule.label or old is None or old.rule.key != rule.rule.key:
        _rename(decision, run, rule)
    _rename_steps(edit, old, run)
    if plan.fate == EXITS:
        _tell(decision, run, plan, plan.fate, place)
        decision.end(run, plan.ends_as)
        return []
    _bring_messages_up(decision, rule, run)
    if plan.fate in (MOVES, ANEW):
        return _moves(decision, rule, run, plan, place, entry)
    if plan.timed or plan.listens:
        return _waits(decision, old, rule, run, plan, place, entry)
    return []


def _tell(decision: Decision, run: Run, plan: Plan, fate: str, place: str | None) -> None:
    decision.trace.append([EDITED, run.journey, run.rule, run.key, fate, place, plan.step, plan.reason])


def _rename(decision: Decision, run: Run, rule: CompiledRule) -> None:
    """Under the name of now, and with the key that the rule reads now."""
    run.rule = rule.rule.name
    name = rule.rule.key
    run.key = None if name is None else key_value(run.trigger.properties.get(name))
    for pending in decision.state.pending:
        if pending.run == run.order:
            pending.rule = run.rule
            decision.effects.append(MessageChanged(pending))


def _rename_steps(edit: Edit, old: CompiledRule | None, run: Run) -> None:
    """What the run has visited, and where it stands, by the identities of now."""
    if old is None:
        return
    names = edit.names(old.rule.name)
    run.node = names.get(run.node or "", run.node)
    if any(names.get(each, each) != each for each in run.visits):
        visits: dict[str, int] = {}
        for each, times in run.visits.items():
            name = names.get(each, each)
            visits[name] = visits.get(name, 0) + times
        run.visits = visits


def _bring_messages_up(decision: Decision, rule: CompiledRule, run: Run) -> None:
    """The message that the run waits for, as its step has it now."""
    pending = None if run.message is None else decision.state.pending_by_key(run.message)
    node = rule.nodes.get(run.node or "")
    if pending is None or node is None:
        return
    changed = pending.step != node.id
    pending.step = node.id
    if pending.status == WAITING and not pending.uncertain and isinstance(node.step, Send):
        message = node.step.message
        now = (node.kind, rule.rule.priority + message.priority, pending.first_due + node.lasts)
        changed = changed or (pending.kind, pending.priority, pending.expires) != now
        pending.kind, pending.priority, pending.expires = now
        if changed:
            pending.due = max(decision.now, pending.not_before)
    if changed:
        decision.effects.append(MessageChanged(pending))


def _moves(
    decision: Decision, rule: CompiledRule, run: Run, plan: Plan, place: str | None, entry: Record | None
) -> Going:
    pending = None if run.message is None else decision.state.pending_by_key(run.message)
    if entry is not None and entry[6][3] is not None:
        pending = decision.state.pending_by_key(entry[6][3])
    if pending is not None and plan.fate == ANEW and (pending.status == IN_FLIGHT or pending.uncertain):
        return []  # it counts as this step's message
    _tell(decision, run, plan, plan.fate, place)
    if pending is not None:
        _let_go(decision, pending, plan)
    node = rule.nodes[plan.step or ""]
    take_anew(run, node.id)
    run.node, run.due, run.look, run.local, run.message, run.since = node.id, None, None, None, None, None
    if entry is not None:
        entry[6] = [MOVED, None, None, None]
        return []
    run.waiting = ""
    return [(run, node)]


def _let_go(decision: Decision, pending: Pending, plan: Plan) -> None:
    """A message whose step is gone: it is taken back, or, where it is on its way, not tried again."""
    if pending.status == WAITING:
        decision.take_back(pending, f"a release has changed its step: {plan.reason}")
    else:
        pending.expires = min(pending.expires, decision.now)
        decision.effects.append(MessageChanged(pending))


def _waits(
    decision: Decision, old: CompiledRule | None, rule: CompiledRule, run: Run, plan: Plan, place: str | None,
    entry: Record | None,
) -> Going:  # fmt: skip
    """The end of a wait is counted anew from when it began (S5.4)."""
    node = rule.nodes[run.node or ""]
    due = run.due if entry is None else entry[6][1]
    began = began_at(run, due, None if old is None else old.nodes[place or ""].step)
    new = ends_anew(decision, run, node, began) if plan.timed and began is not None else due
    if new is None and isinstance(node.step, Wait):
        decision.end(run, "exit: the date to wait for is missing")
    elif entry is not None:
        entry[6][1] = new
    else:
        return _goes_on(decision, run, node, plan, place, new)
    return []


def _goes_on(decision: Decision, run: Run, node: Node, plan: Plan, place: str | None, new: int | None) -> Going:
    """What ends a wait at the release: something that has arrived, or its new end, where that is past."""
    due, run.due = run.due, new
    if plan.listens and isinstance(node.step, WaitFor) and take_kept(decision, run, node, node.step):
        _tell(decision, run, plan, GOES_ON, place)
        return _released(run, node.then)
    if new is not None and new <= decision.now and new != due:
        _tell(decision, run, plan, GOES_ON, place)
        return _released(run, node.next if isinstance(node.step, Wait) else node.otherwise)
    if new != due:
        _tell(decision, run, plan, longer_or_shorter(due, new), place)
    return []


def _released(run: Run, node: Node | None) -> Going:
    run.unblock()
    return [(run, node)]


def longer_or_shorter(due: int | None, new: int | None) -> str:
    """How a wait has changed; None is for ever."""
    return LONGER if new is None or (due is not None and new > due) else SHORTER


def began_at(run: Run, due: int | None, step: Step | None) -> int | None:
    """When the run's wait began; None where nobody can tell, as of calendar waits in old records."""
    if run.since is not None:
        return run.since
    lasts = getattr(step, "length", None) if isinstance(step, Wait) else getattr(step, "timeout", None)
    if due is None or lasts is None or is_calendar(lasts) or not hasattr(lasts, "total_seconds"):
        return None
    return due - length(lasts)


def ends_anew(decision: Decision, run: Run, node: Node, began: int) -> int | None:
    """When a wait that began then ends by the step as it is now; None for ever, or where the date is missing."""
    run.local = None
    step = node.step
    if isinstance(step, WaitFor | WaitUntil):
        return ends(decision, run, step.timeout, step.unknown_zone, began)
    return wait_ends(decision, run, node, began)


def parked_entry(state: State, run: Run) -> Record | None:
    """The line of what is parked that is about this run; None where it is not parked."""
    if run.waiting != PARKED:
        return None
    return next((each for each in state.parked if each[1] == RUN and each[3] == run.id and each[6]), None)


@attrs.frozen
class Again:
    """What it takes to ask a migration again: what changes, and the function, if it is there."""

    edit: Edit
    migration: Migration | None


Edits: TypeAlias = Callable[[int], Again | None]
"""Gives what is known of a release by its `no`; None where its definitions cannot be loaded."""
