"""Journeys compiled for deciding.

Rules and stages are indexed by what triggers them, steps are linked, conditions are closures. A `Program` is immutable
once built and holds no state of any customer.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from touchpoint.core.case_terms import AllTerms, closed_by_answers, terms_of, versions_of_cases
from touchpoint.core.choice import CompiledWording, compile_wordings
from touchpoint.core.choosing import Option, options_of
from touchpoint.core.compile import compile_condition, compile_expression
from touchpoint.core.context import Context
from touchpoint.core.familiar import Bond, bonds_of, conditions_of, declared_in, misused_words
from touchpoint.core.judging import Judges
from touchpoint.core.keys import ENROLLED, Key, key_of, keys_in_run, keys_of
from touchpoint.core.linking import link
from touchpoint.core.listening import Listening, hand_overs_kept, listening, told_in, waits_for_own
from touchpoint.core.live_limits import LiveLimit, live_limits_of
from touchpoint.core.parts import Triggers, expressions_of_journeys, triggers_of_journeys
from touchpoint.core.referrals import conversions_of
from touchpoint.core.rhythm import types_asked
from touchpoint.core.rule_parts import apart, expressions_of, results_read
from touchpoint.core.seen import Seer, seer_of
from touchpoint.core.segments import SegmentSpec, readers_of, segments_of, versions_of
from touchpoint.core.sessions import session_on
from touchpoint.core.signals import SignalTable, collect
from touchpoint.core.state import Pending, Run, State, Watch
from touchpoint.core.suggestions import SuggestionSpec, suggestions_of
from touchpoint.core.timed import (
    CalendarSpec,
    SilenceSpec,
    by_type,
    calendar_in,
    silences_in,
)
from touchpoint.core.wording import Look, fixed_of, looks_in, templates_of
from touchpoint.durations import length
from touchpoint.journey.by_hand import rules_by_hand
from touchpoint.journey.case_steps import said_of_case
from touchpoint.journey.conditions import Expression
from touchpoint.journey.data_use import Segments
from touchpoint.journey.derived import NOTHING, Derived, derived_of
from touchpoint.journey.gift_checks import check_accounts
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.journey.requirements import ComplaintRate
from touchpoint.journey.rule import Rule
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import (
    Best,
    Branch,
    Call,
    CloseCase,
    Emit,
    Enrol,
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
    identified,
)
from touchpoint.journey.triggers import (
    Dwelt,
    On,
)
from touchpoint.journey.validate import check_together
from touchpoint.model.limits import starts_kept
from touchpoint.model.message import Message
from touchpoint.model.template import Template
from touchpoint.policy.binding import Bound, bind, retention
from touchpoint.policy.content_binding import complaint_rates_of, sessions_of

if TYPE_CHECKING:
    from touchpoint.core.render import Words

Closure = Callable[[Context], object]
Teller = Callable[[Context], str]
BUDGET: Final = 1_000
"""Steps and rounds that one decision may take (S4.3)."""
_RAISES: Final = (Emit, Enrol, MoveTo, OpenCase, CloseCase, SetTrait, Split)


@attrs.define(eq=False)
class Node:
    """A step with its place.

    `next` follows it, `then` and `otherwise` begin its arms (or lead on where an arm is empty), as do the `arms` of a
    `Split`, by variant, and of a `Best`, by candidate, of which it has the `options`. Of a message it has the `kind`,
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


@attrs.define(eq=False)
class Watched:
    """A condition with its closure, so that it can be asked and read."""

    expression: Expression
    closure: Closure


@attrs.define(eq=False)
class CompiledRule:
    """A rule, ready to run.

    `index` is its place among all rules of the program: declaration order. `looks_back` says whether a `WaitFor` of it
    also looks at what came before its last message; `label` is journey/rule. A burst is collected for `collects`
    microseconds; `last_given` is what of its condition asks about the burst, and so at its end. `reads` are the
    functions whose results it looks up; `own`, whether anything in its runs waits for what becomes of their own
    messages; `tells`, whether a condition asks what came back of those. `condition` is what `given` asks.
    """

    index: int
    journey: str
    rule: Rule
    given: Closure | None
    see: Seer | None
    first: Node | None
    nodes: Mapping[str, Node]
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


@attrs.define(eq=False)
class CompiledStage:
    """A stage, ready to be entered."""

    stage: Stage
    given: Closure | None


StagesEntered: TypeAlias = tuple[tuple[str, tuple[CompiledStage, ...]], ...]
"""((journey, those of its stages that are entered, in declaration order), …)."""
Triggered: TypeAlias = tuple[CompiledRule, ...]
Starts: TypeAlias = tuple[StagesEntered, Triggered]


@attrs.define(eq=False)
class Program:
    """Everything `advance` needs to know of the journeys.

    `version` changes when customers' timers or signals must be looked at anew. `fixed` are the (message, content key)
    whose words are the same for everybody; what they are in a locale is kept in `words` once it was made. `starts` says
    which stages and rules a trigger starts. `by_name` also has the rules by which people send messages. `releases` are
    the numbers at work of journeys released anew, `pinned` (journey, number) what runs of an earlier one finish on.
    `sessions` are the channels on which it counts when the customer last wrote, and whether messages wait there for
    that. `segments` are in the order in which they are looked at, `segments_on` says which when what has changed.
    `misused` are the traits that (message, content key) use beyond their declaration, `terms` what is promised of
    cases, `closed_by_answers` the kinds of case that are, `conversions` the types of touchpoints by which a referred
    friend becomes a customer. `answers` is whether any step answers in a conversation, `plain` whether occurrences
    have one key each, and concern neither segments nor ends of messages, `replans` whether any message is planned
    anew. `suggestions` are those of each place in their order, `wordings` those of messages that have any. `bonds`
    say how familiar a customer has to be with each journey that anything binds; where there is one, `derived` is what
    steps make of traits, and `asked_of_segments` the conditions of segments.
    """

    journeys: Mapping[str, Journey]
    rules: tuple[CompiledRule, ...]
    by_label: Mapping[str, CompiledRule]
    by_name: Mapping[tuple[str, str], CompiledRule]
    starts: Mapping[Key, Starts]
    silences: Mapping[str, SilenceSpec]
    silences_of: Mapping[str, tuple[SilenceSpec, ...]]
    silences_any: tuple[SilenceSpec, ...]
    dwells: Mapping[str, tuple[tuple[str, int], ...]]
    usuals: frozenset[str]
    calendar: Mapping[str, CalendarSpec]
    signals: SignalTable
    messages: Mapping[str, Message]
    templates: Mapping[tuple[str, str, str], Template]
    fixed: frozenset[tuple[str, str]]
    bounds: Mapping[str, Bound]
    history_kept: int | None
    starts_kept: Mapping[str, int | None]
    places: Mapping[Key, int]
    judges: Judges
    looks_ahead: bool
    may_circle: bool
    version: str
    listening: Listening
    releases: Mapping[str, int] = attrs.Factory(dict)
    pinned: Mapping[tuple[str, int], "Program"] = attrs.Factory(dict)
    sessions: Mapping[str, bool] = attrs.Factory(dict)
    complaint_rates: Mapping[str, tuple[ComplaintRate, ...]] = attrs.Factory(dict)
    segments: Mapping[str, SegmentSpec] = attrs.Factory(dict)
    segments_on: Mapping[Key, tuple[SegmentSpec, ...]] = attrs.Factory(dict)
    live_limits: tuple[LiveLimit, ...] = ()
    misused: Mapping[tuple[str, str], tuple[str, ...]] = attrs.Factory(dict)
    terms: AllTerms = attrs.Factory(dict)
    closed_by_answers: frozenset[str] = frozenset()
    conversions: frozenset[str] = frozenset()
    answers: bool = False
    plain: bool = False
    replans: bool = False
    wordings: Mapping[str, tuple[CompiledWording, ...]] = attrs.Factory(dict)
    bonds: Mapping[str, Bond] = attrs.Factory(dict)
    derived: Derived = NOTHING
    asked_of_segments: Segments = attrs.Factory(dict)
    _looks: dict[tuple[str, str], tuple[Look, ...]] = attrs.field(factory=dict, init=False, repr=False)
    suggestions: Mapping[str, tuple[SuggestionSpec, ...]] = attrs.Factory(dict)
    words: "dict[tuple[str, str, str | None], Words]" = attrs.field(factory=dict, init=False, repr=False)

    def home(self, journey: str, release: int) -> "Program | None":
        """Where the definition of a run is found: here, or of one that is pinned to a release, there (S5.4)."""
        return self.pinned.get((journey, release)) if release else self

    def looks_of(self, message: str, key: str) -> tuple[Look, ...]:
        """What a content of a message looks up."""
        known = self._looks.get((message, key))
        if known is None:
            self._looks[message, key] = known = looks_in(self.templates, message, key)
        return known

    def rule_of(self, run: Run | Watch) -> CompiledRule | None:
        """The rule of a run, or None where nothing that is loaded has it."""
        if not run.release:  # nearly all
            return self.by_name.get((run.journey, run.rule))
        home = self.home(run.journey, run.release)
        return None if home is None else home.by_name.get((run.journey, run.rule))

    def message_of(self, state: State, pending: Pending) -> Message | None:
        """What a message of the outbox says, by the definition that its run goes by."""
        if self.pinned and (run := state.run_by_order(pending.run)) is not None and run.release:
            home = self.home(run.journey, run.release)
            return None if home is None else home.messages.get(pending.message)
        return self.messages.get(pending.message)


def compile_program(
    journeys: Sequence[Journey], policy: Policy | None = None, traits: type | None = None, *,
    releases: Mapping[str, int] | None = None, pinned: Mapping[tuple[str, int], Journey] | None = None,
) -> Program:  # fmt: skip
    """Compile journeys, with the policy of the house and the class by which it declares traits.

    Args:
        journeys: what is at work, in order.
        policy: of the house.
        traits: the class by which the host declares them.
        releases: the numbers at work of those that were released anew.
        pinned: earlier definitions by (journey, release) on which runs finish. What they ask of history and time is
            kept up with everything else; nothing starts by them.

    Raises:
        JourneyError: journeys that contradict each other, such as two messages of one name with different definitions.
    """
    check_together(journeys)
    check_accounts(journeys, policy or Policy())
    earlier = pinned or {}
    asking = [*journeys, *earlier.values()]
    policies = [policy or Policy(), *(journey.policy for journey in journeys)]
    expressions = (*expressions_of_journeys(asking), *conditions_of(policies))
    table = collect(expressions)
    rules = tuple(_compile_rules(((each.name, rule) for each in journeys for rule in each.rules), table))
    manual = ((each.name, rule) for each in journeys for rule in rules_by_hand(each))
    by_hand = tuple(_compile_rules(manual, table, len(rules)))
    triggers = tuple(triggers_of_journeys(asking))
    kept = {key: compile_program([journey]) for key, journey in earlier.items()}
    silences = silences_in(triggers)
    segments = segments_of(journeys, table)
    messages = {name: message for journey in journeys for name, message in journey.messages.items()}
    offered = [each.message for journey in journeys for each in journey.suggestions]
    templates = templates_of([*messages.values(), *offered])
    heard = listening(triggers, expressions, messages.values())
    bounds = bind(policy or Policy(), {journey.name: journey.policy for journey in journeys})
    known = declared_in(journeys, traits)
    bonds = bonds_of(policies[0], journeys, known, table)
    asked_of_segments = {(each.journey, each.segment): each.condition for each in segments.values()}
    starts = _index_starts(_index_stages(journeys, table), _index(rules))
    sessions, limits = sessions_of(policies), live_limits_of(policies[0], journeys)
    terms = terms_of(journeys)
    more = [*map(session_on, sorted(sessions)), *versions_of(segments.values()), *versions_of_cases(terms)]
    return Program(
        journeys={journey.name: journey for journey in journeys},
        rules=rules,
        by_label={rule.label: rule for rule in rules},
        by_name={(rule.journey, rule.rule.name): rule for rule in (*rules, *by_hand)},
        starts=starts,
        judges=Judges(starts, table),
        silences=silences,
        silences_of=by_type(silences.values()),
        silences_any=tuple(spec for spec in silences.values() if spec.of is None),
        dwells=_dwells(triggers),
        usuals=types_asked(silences.values()),
        calendar=calendar_in(triggers),
        signals=table,
        messages=messages,
        templates=templates,
        fixed=fixed_of(templates),
        bounds=bounds,
        history_kept=hand_overs_kept(retention(bounds.values(), messages.values()), heard),
        starts_kept={rule.label: starts_kept(rule.rule.limit) for rule in (*rules, *by_hand)},
        places=_places(triggers),
        looks_ahead=any(rule.exit_conditions or _waits_until(rule) for rule in rules)
        or any(each.looks_ahead for each in kept.values()),
        may_circle=bool(kept) or _may_circle(rules, journeys, heard) or any(limit.over == "defer" for limit in limits),
        version=_version(table, silences, triggers, more),
        listening=heard,
        releases=releases or {},
        pinned=kept,
        sessions=sessions,
        complaint_rates=complaint_rates_of(policies),
        segments=segments,
        segments_on=readers_of(segments),
        live_limits=limits,
        misused=misused_words(journeys, asked_of_segments, known),
        terms=terms,
        closed_by_answers=closed_by_answers(journeys),
        conversions=conversions_of(each for _, each in triggers),
        answers=any(node.answers for rule in rules for node in rule.nodes.values())
        or any(each.answers for each in kept.values()),
        plain=not (heard.finer or heard.ends or segments),
        suggestions=suggestions_of(journeys, table),
        replans=any(message.on_release == "replan" for message in messages.values())
        or any(each.replans for each in kept.values()),
        wordings=compile_wordings(messages.values(), table),
        bonds=bonds,
        derived=derived_of(asking, asked_of_segments) if bonds else NOTHING,
        asked_of_segments=asked_of_segments if bonds else {},
    )


def _may_circle(rules: Sequence[CompiledRule], journeys: Sequence[Journey], heard: Listening) -> bool:
    """Whether one decision could run out of its budget (S4.3), as far as the form of the journeys tells.

    It cannot where no step raises an event, no stage is entered because of one, and no rule has several runs at a time:
    then a decision has one round, and two more for each journey's move, and takes each step once in each.
    """
    listened = bool(heard.ends) or heard.watching is not None  # ends of messages and steps then start something, too
    if listened or any(rule.rule.key is not None or rule.rule.concurrency == "parallel" for rule in rules):
        return True
    if any(isinstance(node.step, _RAISES) for rule in rules for node in rule.nodes.values()):
        return True
    if any(not isinstance(trigger, On) for journey in journeys for stage in journey.stages for trigger in stage.when):
        return True
    segments = sum(len(journey.segments) for journey in journeys)  # each changes at most once more with each move
    rounds, steps = 1 + 2 * len(journeys) + segments * (2 + len(journeys)), sum(len(rule.nodes) for rule in rules)
    return (rounds + 1) * (steps + 1) >= BUDGET


def _waits_until(rule: CompiledRule) -> bool:
    return any(isinstance(node.step, WaitUntil) for node in rule.nodes.values())


def _compile_rules(rules: Iterable[tuple[str, Rule]], table: SignalTable, first: int = 0) -> Iterable[CompiledRule]:
    for index, (journey, rule) in enumerate(rules, first):
        yield _compile_rule(index, journey, rule, table)


def _compile_rule(index: int, journey: str, rule: Rule, table: SignalTable) -> CompiledRule:
    nodes = {name: _node(name, step, journey, rule.name, table) for name, step in identified(rule.then)}
    first = link(rule.then, nodes.values())
    goal = rule.goal
    exits = [each for each in rule.exit if not isinstance(each, Expression)]
    conditions = [each for each in rule.exit if isinstance(each, Expression)]
    given, last_given = apart(rule)
    return CompiledRule(
        index,
        journey,
        rule,
        _closure(given, table),
        None if given is None else seer_of(given, table),
        first,
        nodes,
        frozenset(key for node in nodes.values() if isinstance(node.step, WaitFor) for key in node.keys),
        keys_in_run(exits, journey, rule.name),
        tuple(Watched(each, compile_condition(each, table)) for each in conditions),
        keys_in_run(goal.trigger, journey, rule.name) if goal else frozenset(),
        _closure(goal.given, table) if goal else None,
        length(goal.within) if goal and goal.within is not None else None,
        any(isinstance(node.step, WaitFor) and node.step.since == "run" for node in nodes.values()),
        f"{journey}/{rule.name}",
        None if rule.collect is None else length(rule.collect),
        None if last_given is None else Watched(last_given, compile_condition(last_given, table)),
        results_read(rule),
        waits_for_own(rule),
        next(told_in(expressions_of(rule)), None) is not None,
        given,
    )


def _node(name: str, step: Step, journey: str, rule: str, table: SignalTable) -> Node:
    node = Node(name, step)
    match step:
        case WaitFor():
            node.keys = keys_in_run(step.trigger, journey, rule)
            node.condition = _closure(step.given, table)
        case Send():
            node.condition = _closure(step.still, table)
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


def _closure(expression: Expression | None, table: SignalTable) -> Closure | None:
    return None if expression is None else compile_condition(expression, table)


def _index(rules: Iterable[CompiledRule]) -> dict[Key, Triggered]:
    found: dict[Key, list[CompiledRule]] = {}
    for rule in rules:
        keys = [key for each in rule.rule.when for key in keys_of(each, rule.journey, rule.rule.name)]
        for each in dict.fromkeys(
            [*keys, (ENROLLED, rule.label)]
        ):  # whoever is enrolled starts it, whatever it waits for
            found.setdefault(each, []).append(rule)
    return {key: tuple(each) for key, each in found.items()}


def _index_starts(stages: Mapping[Key, StagesEntered], rules: Mapping[Key, Triggered]) -> dict[Key, Starts]:
    """Both in one: most of what happens starts nothing, and is to find that out at once."""
    return {key: (stages.get(key, ()), rules.get(key, ())) for key in dict.fromkeys((*stages, *rules))}


def _index_stages(journeys: Sequence[Journey], table: SignalTable) -> dict[Key, StagesEntered]:
    found: dict[Key, dict[str, list[CompiledStage]]] = {}
    for journey in journeys:
        for stage in journey.stages:
            compiled = CompiledStage(stage, _closure(stage.given, table))
            for key in dict.fromkeys(key for each in stage.when for key in keys_of(each, journey.name)):
                found.setdefault(key, {}).setdefault(journey.name, []).append(compiled)
    return {key: tuple((name, tuple(stages)) for name, stages in each.items()) for key, each in found.items()}


def _dwells(triggers: Triggers) -> dict[str, tuple[tuple[str, int], ...]]:
    """`journey/stage` → ((name of the dwell, its length), …)."""
    found: dict[str, dict[str, int]] = {}
    for journey, trigger in triggers:
        if isinstance(trigger, Dwelt):
            name = key_of(trigger, journey)[1]
            found.setdefault(name.rpartition("|")[0], {})[name] = length(trigger.length)
    return {stage: tuple(each.items()) for stage, each in found.items()}


def _places(triggers: Triggers) -> dict[Key, int]:
    """(kind, name) of every timer of customers → its place in declaration order."""
    dwells = [name for each in _dwells(triggers).values() for name, _ in each]
    calendar = {(spec.kind, name): place for place, (name, spec) in enumerate(calendar_in(triggers).items())}
    named = [("silence", silences_in(triggers)), ("dwell", dwells)]
    return {**calendar, **{(kind, name): place for kind, names in named for place, name in enumerate(names)}}


def _version(table: SignalTable, silences: Mapping[str, SilenceSpec], triggers: Triggers, more: Iterable[str]) -> str:
    dwells = sorted(name for each in _dwells(triggers).values() for name, _ in each)
    parts = [*sorted(table.signals), *sorted(silences), *dwells, *calendar_in(triggers)]
    parts += more
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
