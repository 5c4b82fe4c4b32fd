"""Rules and stages compiled for running: steps linked, conditions as closures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain

import attrs

from touchpoint.core.choosing import Option, options_of
from touchpoint.core.compile import compile_condition, compile_expression
from touchpoint.core.context import Context
from touchpoint.core.keys import Key, keys_in_run
from touchpoint.core.linking import link
from touchpoint.core.rule_parts import RuleParts, apart
from touchpoint.core.seen import Seer, seer_of
from touchpoint.core.signals import SignalTable
from touchpoint.durations import length
from touchpoint.journey.case_steps import said_of_case
from touchpoint.journey.conditions import Expression
from touchpoint.journey.rule import Rule
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import (
    Best,
    Branch,
    Call,
    CloseCase,
    Emit,
    OpenCase,
    React,
    Reply,
    Send,
    SetTrait,
    Step,
    Wait,
    WaitFor,
    WaitUntil,
)
from touchpoint.model.message import Message

Closure = Callable[[Context], object]
Teller = Callable[[Context], str]


@attrs.define(eq=False)
class Node:
    """A step with its place.

    `next` follows it, `then` and `otherwise` begin its arms (or lead on where an arm is empty), as do the `arms` of a
    `Split`, by variant, and of a `Best`, by candidate, of which it has the `options`. Of a `message` it has the `kind`,
    for how many microseconds it `lasts`, and how it `answers` in a conversation: `reply`, `react`, or not.
    """

    id: str
    step: Step
    next: "Node | None" = None
    then: "Node | None" = None
    otherwise: "Node | None" = None
    condition: Closure | None = None
    keys: frozenset[Key] = frozenset()
    values: Mapping[str, Closure] = attrs.Factory(dict)
    arms: Mapping[str, "Node | None"] = attrs.Factory(dict)
    kind: str = ""
    lasts: int = 0
    see: Seer | None = None
    answers: str = ""
    options: Sequence[Option] = ()
    message: Message | None = None


@attrs.define(eq=False)
class Watched:
    """A condition with its closure, so that it can be asked and read."""

    expression: Expression
    closure: Closure


@attrs.define(eq=False)
class CompiledRule:
    """A rule, ready to run: its steps are compiled when it first starts, its condition when it is first asked.

    `index` is its place among all rules of the program: declaration order. `looks_back` says whether a `WaitFor` of it
    also looks at what came before its last message; `label` is journey/rule. A burst is collected for `collects`
    microseconds; `last_given` is what of its condition asks about the burst, and so at its end. `reads` are the
    functions whose results it looks up; `own`, whether anything in its runs waits for what becomes of their own
    messages; `tells`, whether a condition asks what came back of those. `condition` is what `given` asks.
    """

    index: int
    journey: str
    rule: Rule
    parts: RuleParts
    see: Seer | None
    keeps: frozenset[Key]
    exits: frozenset[Key]
    exit_conditions: tuple[Watched, ...]
    goal: frozenset[Key]
    goal_given: Closure | None
    goal_within: int | None
    looks_back: bool
    label: str
    collects: int | None = None
    last_given: "Watched | None" = None
    reads: frozenset[str] = frozenset()
    own: bool = False
    tells: bool = False
    condition: Expression | None = None
    _table: SignalTable = attrs.field(kw_only=True, repr=False)

    @cached_property
    def given(self) -> Closure | None:
        """Its condition, as far as each trigger is asked."""
        return closure_of(self.condition, self._table)

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Its steps by their identities, in reading order, linked."""
        rule = self.rule
        nodes = {name: _node(name, step, self.journey, rule.name, self._table) for name, step in self.parts.steps}
        link(rule.then, nodes.values())
        return nodes

    @cached_property
    def first(self) -> Node | None:
        """The step with which a run begins; None where there is none."""
        return next(iter(self.nodes.values()), None)

    @cached_property
    def only(self) -> str | None:
        """The step that is all of its runs, where that is a message and nothing is asked of them after it has ended."""
        alone = len(self.nodes) == 1 and not self.exit_conditions and self.goal_within is None
        return self.first.id if alone and self.first is not None and self.first.message is not None else None


@attrs.define(eq=False)
class CompiledStage:
    """A stage, ready to be entered."""

    stage: Stage
    given: Closure | None


def compile_rules(
    rules: Iterable[tuple[str, RuleParts]], table: SignalTable, first: int = 0
) -> tuple[CompiledRule, ...]:
    """Rules, each with the name of its journey, in declaration order from index `first` on."""
    return tuple(_compile_rule(index, journey, parts, table) for index, (journey, parts) in enumerate(rules, first))


def _compile_rule(index: int, journey: str, parts: RuleParts, table: SignalTable) -> CompiledRule:
    rule = parts.rule
    goal = rule.goal
    exits = [each for each in rule.exit if not isinstance(each, Expression)]
    conditions = [each for each in rule.exit if isinstance(each, Expression)]
    given, last_given = apart(rule)
    waits = parts.steps_of(WaitFor)
    return CompiledRule(
        index,
        journey,
        rule,
        parts,
        None if given is None else seer_of(given, table),
        keys_in_run(chain.from_iterable(each.trigger for each in waits), journey, rule.name),
        keys_in_run(exits, journey, rule.name),
        tuple(Watched(each, compile_condition(each, table)) for each in conditions),
        keys_in_run(goal.trigger, journey, rule.name) if goal else frozenset(),
        closure_of(goal.given, table) if goal else None,
        length(goal.within) if goal and goal.within is not None else None,
        any(each.since == "run" for each in waits),
        f"{journey}/{rule.name}",
        None if rule.collect is None else length(rule.collect),
        None if last_given is None else Watched(last_given, compile_condition(last_given, table)),
        parts.results_read(),
        parts.waits_for_own(),
        bool(parts.asked),
        given,
        table=table,
    )


def _node(name: str, step: Step, journey: str, rule: str, table: SignalTable) -> Node:
    node = Node(name, step)
    match step:
        case WaitFor():
            node.keys = keys_in_run(step.trigger, journey, rule)
            node.condition = closure_of(step.given, table)
        case Send():
            node.condition = closure_of(step.still, table)
            node.message = step.message
            node.kind, node.lasts = step.message.effective_kind, length(step.message.best_before)
            node.answers = "reply" if isinstance(step, Reply) else "react" if isinstance(step, React) else ""
        case Wait() if isinstance(step.until, Expression):
            node.condition = compile_expression(step.until, table)
        case SetTrait():
            node.condition = compile_expression(step.value, table)
        case Emit():
            node.values = {each: compile_expression(value, table) for each, value in step.properties.items()}
        case Call():
            node.values = {each: compile_expression(value, table) for each, value in step.arguments.items()}
        case Branch() | WaitUntil():
            node.condition = compile_condition(step.condition, table)
            node.see = seer_of(step.condition, table)
        case Best():
            node.options = options_of(step, table)
        case OpenCase() | CloseCase():
            node.condition = None if step.ref is None else compile_expression(step.ref, table)
            node.values = {each: compile_expression(value, table) for each, value in said_of_case(step).items()}
    return node


def closure_of(expression: Expression | None, table: SignalTable) -> Closure | None:
    """A condition as a closure, where there is one."""
    return None if expression is None else compile_condition(expression, table)
