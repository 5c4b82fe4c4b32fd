"""The steps of a run (S5): one small function each, in a table. A function gives the node to go on with, or BLOCKED."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from touchpoint.core.beforehand import denied_for_good
from touchpoint.core.calendar import arm_calendar
from touchpoint.core.case_acts import led_by
from touchpoint.core.cases import about_case
from touchpoint.core.changes import trait_changed
from touchpoint.core.choosing import choose
from touchpoint.core.compiled_rule import CompiledRule, Node
from touchpoint.core.conversation import answered_by
from touchpoint.core.decision import Decision, Emitted, MessageBegun, ProfileChanged
from touchpoint.core.held import put
from touchpoint.core.identity import cause_of_step, message_key, message_key_of
from touchpoint.core.keys import exposure_name
from touchpoint.core.matching import Key, keys_for, keys_of_occurrence
from touchpoint.core.occurrence import MOVES, TOUCHPOINT, Occurrence
from touchpoint.core.program import BUDGET
from touchpoint.core.segments import EXPOSURE, TRAIT, reassess
from touchpoint.core.state import Pending, Run
from touchpoint.core.values import UNKNOWN
from touchpoint.core.waits import ends, wait_ends
from touchpoint.journey.steps import (
    Ask,
    Best,
    Branch,
    Call,
    CloseCase,
    Emit,
    Enrol,
    Exit,
    Give,
    MoveTo,
    OpenCase,
    React,
    Reply,
    Send,
    SetTrait,
    Split,
    Step,
    Wait,
    WaitFor,
    WaitUntil,
)
from touchpoint.model.experiment import assignment
from touchpoint.policy.holds import hold_out_of


class Blocked:
    """The run stands here until something happens."""


class Over:
    """The run has ended."""


BLOCKED: Final = Blocked()
OVER: Final = Over()
Outcome = Node | Blocked | Over | None
StepT = TypeVar("StepT", bound=Step)

CALL_EXPIRES = 7 * 86_400_000_000


def take_steps(decision: Decision) -> None:
    """Let every run that is ready go on until it blocks: higher priority first, then declaration order (S4.2)."""
    ready, decision.ready = decision.ready, []
    if len(ready) > 1:
        ready.sort(key=lambda each: _order(decision, each[0]))
    for n, (run, node) in enumerate(ready):
        if n == 0 or decision.state.run_by_order(run.order) is run:  # else a step of one before has ended it
            _take(decision, run, node)


def _order(decision: Decision, run: Run) -> tuple[int, int, int]:
    rule = decision.rule_of(run)
    return (0, 0, run.order) if rule is None else (-rule.rule.priority, rule.index, run.order)


def _take(decision: Decision, run: Run, node: Node | None) -> None:
    if node is None:
        decision.end(run, "done")
        return
    rule = decision.rule_of(run)
    assert rule is not None  # noqa: S101 - else the run was parked
    at: Outcome = node
    while isinstance(at, Node):
        decision.taken += 1
        if decision.taken > BUDGET:
            decision.give_up()
        run.node = name = at.id
        visits = run.visits.get(name)
        if visits is None:
            run.visits = {**run.visits, name: 1}
        elif visits > 0 and not isinstance(at.step, Branch | Split | Best):
            at = _past(run, at)  # an edit has put it behind where the run is (S11.6)
            continue
        else:
            run.visits = {**run.visits, name: abs(visits) + 1}
        at = _TAKE[type(at.step)](decision, rule, run, at)
    if at is None:
        decision.end(run, "done")


def _past(run: Run, node: Node) -> Node | None:
    """What follows a step that the run has taken already; within one definition no run comes by twice."""
    ended = run.outcomes.get(node.step.message.name, "sent") if isinstance(node.step, Send) else "sent"
    return node.next if ended == "sent" else node.otherwise


def take_anew(run: Run, step: str) -> None:
    """Let the run take this step once more, under another key."""
    run.visits = {**run.visits, step: -abs(run.visits.get(step, 0))}


def _cause(run: Run, node: Node) -> str:
    return cause_of_step(run.id, node.id, run.visits[node.id])


def _step(node: Node, kind: type[StepT]) -> StepT:
    """The node's step, of the kind that the table at the end has chosen the function by."""
    assert isinstance(node.step, kind)  # noqa: S101 - by that table
    return node.step


def _value(decision: Decision, run: Run, node: Node) -> object:
    """What the step's own expression gives in the run as it is now."""
    assert node.condition is not None  # noqa: S101 - a step that asks has something to ask
    return decision.ask(node.condition, run.journey, run.event, run)


def _send(decision: Decision, rule: CompiledRule, run: Run, node: Node) -> Outcome:
    message = node.message
    assert message is not None  # noqa: S101 - a step that sends has one
    _begin(decision, run, node, message.name, node.kind, rule.rule.priority + message.priority, node.lasts)
    run.mark = run.arrived
    if node.answers and (answered := answered_by(run)) is not None:
        decision.trace.append(["answers", run.journey, run.rule, message.name, answered.id])
    if not rule.looks_back:
        run.kept = ()
    return BLOCKED


def _begin(
    decision: Decision, run: Run, node: Node, name: str, kind: str, priority: int, lasts: int,
    arguments: dict[str, object] | None = None,
) -> None:  # fmt: skip
    now, step, journey, rule = decision.now, node.id, run.journey, run.rule
    visit = run.visits[step]
    key = message_key_of(run.id, node.said) if visit == 1 else message_key(run.id, step, visit)
    pending = Pending(key, journey, rule, run.order, step, name, kind, priority, now, now, now + lasts)
    if arguments is not None:
        pending.arguments = arguments
    elif run.cases:
        pending.cases = run.cases
    decision.state.pending += (pending,)
    run.waiting, run.message = "message", key
    decision.trace.append(["begun", journey, rule, name])
    decision.effects.append(MessageBegun(pending, run))


def _call(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    function = _step(node, Call).function
    _begin(decision, run, node, function, "call", 0, CALL_EXPIRES, _known(decision, run, node))
    return BLOCKED


def _known(decision: Decision, run: Run, node: Node) -> dict[str, object]:
    given = {name: decision.ask(closure, run.journey, run.event, run) for name, closure in node.values.items()}
    return {name: value for name, value in given.items() if value is not UNKNOWN}


def _wait(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    due = wait_ends(decision, run, node)
    if due is None:
        decision.end(run, "exit: the date to wait for is missing")
        return OVER
    if due <= decision.now:
        return node.next
    run.waiting, run.due, run.since = "time", due, decision.now
    return BLOCKED


def _keys(decision: Decision, run: Run, occurrence: Occurrence) -> tuple[Key, ...]:
    if decision.program.plain:
        return ((occurrence.kind, occurrence.name),)
    keys = keys_of_occurrence(decision.program.listening.finer, occurrence)
    rule = decision.rule_of(run) if occurrence.about is not None else None
    return keys if rule is None or not rule.own else keys_for(run, occurrence, keys)


def _wait_for(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    step = _step(node, WaitFor)
    if take_kept(decision, run, node, step):
        return node.then
    run.waiting, run.due = "event", ends(decision, run, step.timeout, step.unknown_zone)
    run.since = decision.now
    return BLOCKED


def take_kept(decision: Decision, run: Run, node: Node, step: WaitFor) -> bool:
    """Whether something that has arrived already ends this wait; it is then taken out (S5.2)."""
    for index, (number, occurrence) in enumerate(run.kept):
        if step.since == "now" or (step.since == "send" and number < run.mark):
            continue
        if node.keys.isdisjoint(_keys(decision, run, occurrence)):
            continue
        if node.condition is None or decision.ask(node.condition, run.journey, occurrence, run) is True:
            run.kept = (*run.kept[:index], *run.kept[index + 1 :])
            if occurrence.kind in MOVES:
                run.event = occurrence
            is_about(run, occurrence)
            return True
    return False


def _wait_until(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    step = _step(node, WaitUntil)
    if _value(decision, run, node) is True:
        return node.then
    run.waiting, run.due = "until", ends(decision, run, step.timeout, step.unknown_zone)
    run.since = decision.now
    return BLOCKED


def _branch(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    holds = _value(decision, run, node) is True
    seen = "" if node.see is None else decision.saw(node.see, run.journey, run.event, run)
    decision.trace.append(["branch", run.journey, run.rule, node.id, holds, seen])
    return node.then if holds else node.otherwise


def _best(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    chosen = choose(decision, run, node, lambda message: denied_for_good(decision, run, message))
    return node.otherwise if chosen is None else node.arms[chosen]


def _split(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    """Where the paths part: whoever is not exposed yet is from now on, unless a hold-out keeps them out (S9)."""
    step, state = _step(node, Split), decision.state
    held = state.exposures.get(step.name)
    known = "" if held is None else str(held[0])
    variant = known if known in step.arms else assignment(step.name, state.id, step.shares)
    decision.trace.append(["split", run.journey, run.rule, node.id, variant])
    if held is None:
        out = hold_out_of(decision.program.bounds[run.journey].hold_outs, state.id, None)
        if out is None:
            _expose(decision, run, node, step.name, variant)
        else:
            decision.trace.append(["not exposed", run.journey, run.rule, step.name, out])
    return node.arms[variant]


def _expose(decision: Decision, run: Run, node: Node, split: str, variant: str) -> None:
    now, cause = decision.now, _cause(run, node)
    decision.state.exposures = put(decision.state.exposures, split, [variant, now, False])
    decision.look_anew()
    told = {"split": split, "variant": variant}
    occurrence = Occurrence(TOUCHPOINT, "exposed", now, cause, told, direction="internal")
    decision.effects.append(Emitted(occurrence))
    decision.queue.append(occurrence)
    for name in (exposure_name(split, variant), exposure_name(split)):
        decision.queue.append(Occurrence("exposed", name, now, cause, told))
    if decision.program.segments:
        reassess(decision, (EXPOSURE, split), cause)


def _move_to(decision: Decision, rule: CompiledRule, run: Run, node: Node) -> Outcome:
    name = _step(node, MoveTo).stage
    stages = decision.program.journeys[rule.journey].stages if rule.journey in decision.program.journeys else ()
    stage = next((each for each in stages if each.name == name), None)
    current = decision.state.stage_of(rule.journey)
    if stage is None:  # it is gone, and the run finishes on an earlier release
        decision.trace.append(["stage refused", rule.journey, name, "there is no such stage any more"])
    elif stage.after and current not in stage.after:
        decision.trace.append(["stage refused", rule.journey, stage.name, f"only after {', '.join(stage.after)}"])
    elif current != stage.name or stage.reenter:
        decision.move(rule.journey, stage.name, _cause(run, node))
    return node.next


def _set_trait(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    trait, value = _step(node, SetTrait).trait, _value(decision, run, node)
    if value is not UNKNOWN:
        traits, cause = decision.state.profile.traits, _cause(run, node)
        before, traits[trait] = traits.get(trait, UNKNOWN), value
        decision.trace.append(["trait", trait])
        decision.effects.append(ProfileChanged())
        arm_calendar(decision.program, decision.state, now=decision.now)
        # Whoever waits for a condition on it looks again, as with every event of the customer (S5.2).
        watched = decision.program.listening.watching
        changed = trait_changed(watched, trait, before, value, decision.now, cause)
        decision.queue.append(changed or Occurrence(TRAIT, trait, decision.now, cause))
        if decision.program.segments:
            reassess(decision, (TRAIT, trait), cause)
    return node.next


def _emit(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    name, properties = _step(node, Emit).type, _known(decision, run, node)
    occurrence = Occurrence(TOUCHPOINT, name, decision.now, _cause(run, node), properties, direction="internal")
    decision.effects.append(Emitted(occurrence))
    decision.queue.append(occurrence)
    return node.next


def _case_ref(decision: Decision, run: Run, node: Node) -> str:
    said = None if node.condition is None else _value(decision, run, node)
    ref = run.key if said is None or said is UNKNOWN else said
    return run.id if ref is None else str(ref)


def _open_case(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    kind, ref = _step(node, OpenCase).case, _case_ref(decision, run, node)
    said = _known(decision, run, node)
    decision.open_case(
        kind, ref, _cause(run, node), severity=said.get("severity"), owner=said.get("owner"), of=led_by(run),
        said=(run.trigger.id, run.event.id),
    )  # fmt: skip
    _add_case(run, kind, ref)
    return node.next


def is_about(run: Run, occurrence: Occurrence) -> None:
    """A run is about the case of what starts it, or ends a wait of it (S8.2): what it sends from then on answers it."""
    if occurrence.kind == TOUCHPOINT and occurrence.about is None:
        return  # nearly always
    if (case := about_case(occurrence)) is not None:
        _add_case(run, *case)


def _add_case(run: Run, kind: str, ref: str) -> None:
    if [kind, ref] not in run.cases:
        run.cases = (*run.cases, [kind, ref])


def _close_case(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    decision.close_case(_step(node, CloseCase).case, _case_ref(decision, run, node), _cause(run, node))
    return node.next


def _enrol(decision: Decision, rule: CompiledRule, run: Run, node: Node) -> Outcome:
    label = f"{rule.journey}/{_step(node, Enrol).rule}"
    decision.queue.append(Occurrence("enrolled", label, decision.now, _cause(run, node), run.trigger.properties))
    return node.next


def _exit(decision: Decision, _rule: CompiledRule, run: Run, node: Node) -> Outcome:
    decision.end(run, f"exit: {_step(node, Exit).reason}")
    return OVER


_TAKE: Mapping[type, Callable[[Decision, CompiledRule, Run, Node], Outcome]] = {
    Send: _send, Ask: _send, Give: _send, Reply: _send, React: _send, Wait: _wait, WaitFor: _wait_for,
    WaitUntil: _wait_until, Branch: _branch, Split: _split, Best: _best, MoveTo: _move_to, SetTrait: _set_trait,
    Emit: _emit, OpenCase: _open_case, CloseCase: _close_case, Call: _call, Enrol: _enrol, Exit: _exit,
}  # fmt: skip
