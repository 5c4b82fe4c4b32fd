"""Rules and stages compiled for running: steps linked, conditions as closures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain

import attrs

from touchpoint.core.choosing import Option, options_of
from touchpoint.core.compile import compile_condition, compile_expression
from touchpoint.core.context import Context
from touchpoint.core.identity import rule_said, step_said
from touchpoint.core.keys import Key, keys_in_run
from touchpoint.core.linking import link
from touchpoint.core.rule_parts import RuleParts, apart
from touchpoint.core.seen import Seer, seer_of
from touchpoint.core.signals import SignalTable
from touchpoint.durations import length
from touchpoint.journey.asking import first_asked
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
from touchpoint.journey.triggers import Trigger
from touchpoint.model.message import Message

Closure = Callable[[Context], object]
Teller = Callable[[Context], str]


@attrs.define(eq=False)
class Node:
    """A step with its place.

    `next` follows it, `then` and `otherwise` begin its arms (or lead on where an arm is empty), as do the `arms` of a
    `Split`, by variant, and of a `Best`, by candidate, of which it has the `options`. Of a `message` it has the `kind`,
    for how many microseconds it `lasts`, and how it `answers` in a conversation: `reply`, `react`, or not; it
    `opens` a run where that may begin with it at once, and `closes` one where that may end with it, if nothing follows:
    nothing is asked then. `said` is what all keys of what it begins first have in common (`core.identity`).
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
    opens: bool = False
    closes: bool = False
    said: str = ""


@attrs.frozen(eq=False)
class Opening:
    """How runs of a rule begin that send a message first: all of it that is the same for everybody.

    Args:
        rule, journey: names.
        key: the property that its runs are about, if there is one.
        is_limited: whether it may start only so often.
        step: the identity of its first step.
        message, kind, priority, lasts: of what that sends.
        run_said, key_said: what identities of runs, and keys of their messages, have in common; see `core.identity`.
    """

    rule: str
    journey: str
    key: str | None
    is_limited: bool
    step: str
    message: str
    kind: str
    priority: int
    lasts: int
    run_said: str
    key_said: str


@attrs.define(eq=False)
class Watched:
    """A condition with its closure, so that it can be asked and read."""

    expression: Expression
    closure: Closure


@attrs.define(eq=False, slots=False)  # with slots, every attribute beside a `cached_property` is read far more slowly
class CompiledRule:
    """A rule, ready to run: whatever is known of it is found out, and compiled, when somebody first asks.

    `index` is its place among all rules of the program: declaration order. `label` is journey/rule.
    """

    index: int
    journey: str
    rule: Rule
    parts: RuleParts
    label: str
    _table: SignalTable = attrs.field(repr=False)

    @cached_property
    def condition(self) -> Expression | None:
        """What of its condition each trigger is asked."""
        return apart(self.rule)[0]

    @cached_property
    def last_given(self) -> Watched | None:
        """What of its condition asks about a burst, and so at its end."""
        asked = apart(self.rule)[1]
        return None if asked is None else Watched(asked, compile_condition(asked, self._table))

    @cached_property
    def see(self) -> Seer | None:
        """What keeps what its condition saw."""
        return None if self.condition is None else seer_of(self.condition, self._table)

    @cached_property
    def collects(self) -> int | None:
        """For how many microseconds a burst is collected."""
        return None if self.rule.collect is None else length(self.rule.collect)

    @cached_property
    def keeps(self) -> frozenset[Key]:
        """What its waits wait for."""
        return self._keys(chain.from_iterable(each.trigger for each in self.parts.steps_of(WaitFor)))

    @cached_property
    def exits(self) -> frozenset[Key]:
        """On what its runs exit."""
        return self._keys(each for each in self.rule.exit if not isinstance(each, Expression))

    @cached_property
    def exit_conditions(self) -> tuple[Watched, ...]:
        """On what condition they do."""
        conditions = [each for each in self.rule.exit if isinstance(each, Expression)]
        return tuple(Watched(each, compile_condition(each, self._table)) for each in conditions)

    @cached_property
    def goal(self) -> frozenset[Key]:
        """What reaches its goal."""
        return self._keys(self.rule.goal.trigger if self.rule.goal else ())

    @cached_property
    def goal_given(self) -> Closure | None:
        """What else has to be true then."""
        return closure_of(self.rule.goal.given, self._table) if self.rule.goal else None

    @cached_property
    def goal_within(self) -> int | None:
        """For how many microseconds the goal is watched, where that is said."""
        within = self.rule.goal.within if self.rule.goal else None
        return None if within is None else length(within)

    @cached_property
    def looks_back(self) -> bool:
        """Whether a `WaitFor` of it also looks at what came before its last message."""
        return any(each.since == "run" for each in self.parts.steps_of(WaitFor))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The functions whose results it looks up."""
        return self.parts.results_read()

    @cached_property
    def own(self) -> bool:
        """Whether anything in its runs waits for what becomes of their own messages."""
        return self.parts.waits_for_own()

    @cached_property
    def tells(self) -> bool:
        """Whether a condition asks what came back of those."""
        return bool(self.parts.asked)

    def _keys(self, triggers: Iterable[Trigger]) -> frozenset[Key]:
        return keys_in_run(triggers, self.journey, self.rule.name)

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
        first = next(iter(nodes.values()), None)
        if first is not None and first.message is not None:
            first.opens = self.collects is None and not first.answers
        if not any(isinstance(each, Expression) for each in rule.exit):
            for name, node in nodes.items():
                node.closes = node.message is not None and first_asked(name) is None
        return nodes

    @cached_property
    def first(self) -> Node | None:
        """The step with which a run begins; None where there is none."""
        return next(iter(self.nodes.values()), None)

    @cached_property
    def said(self) -> str:
        """What the identities of all its runs have in common."""
        return rule_said(self.journey, self.rule.name)

    @cached_property
    def opening(self) -> Opening | None:
        """How its runs begin, where that may be at once with a message; else None."""
        node, rule = self.first, self.rule
        if node is None or node.message is None or not node.opens:
            return None
        return Opening(
            rule.name, self.journey, rule.key, rule.limit is not None, node.id, node.message.name, node.kind,
            rule.priority + node.message.priority, node.lasts, self.said, node.said,
        )  # fmt: skip


@attrs.define(eq=False)
class CompiledStage:
    """A stage, ready to be entered."""

    stage: Stage
    given: Closure | None


def compile_rules(
    rules: Iterable[tuple[str, RuleParts]], table: SignalTable, first: int = 0
) -> tuple[CompiledRule, ...]:
    """Rules, each with the name of its journey, in declaration order from index `first` on."""
    return tuple(
        CompiledRule(index, journey, parts.rule, parts, f"{journey}/{parts.rule.name}", table)
        for index, (journey, parts) in enumerate(rules, first)
    )


def _node(name: str, step: Step, journey: str, rule: str, table: SignalTable) -> Node:
    node = Node(name, step, said=step_said(name, 1))
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
