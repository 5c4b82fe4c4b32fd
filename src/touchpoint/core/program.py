"""Journeys compiled for deciding.

Rules and stages are indexed by what triggers them, steps are linked, conditions are closures. A `Program` is immutable
once built and holds no state of any customer.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from touchpoint.core.case_terms import AllTerms, closed_by_answers, terms_of, versions_of_cases
from touchpoint.core.choice import CompiledWording, compile_wordings
from touchpoint.core.compiled_rule import CompiledRule, CompiledStage, closure_of, compile_rules
from touchpoint.core.familiar import Bond, bonds_of, conditions_of, declared_in, misused_words
from touchpoint.core.judging import Judges
from touchpoint.core.keys import Key, key_of, keys_of, keys_to_start
from touchpoint.core.listening import Listening, hand_overs_kept, listening
from touchpoint.core.live_limits import LiveLimit, live_limits_of
from touchpoint.core.parts import JourneyParts, Triggers
from touchpoint.core.referrals import conversions_of
from touchpoint.core.rhythm import types_asked
from touchpoint.core.rule_parts import RuleParts, told_in
from touchpoint.core.segments import SegmentSpec, readers_of, segments_of, true_of_nobody, versions_of
from touchpoint.core.sessions import session_on
from touchpoint.core.signals import SignalTable, collect
from touchpoint.core.state import Pending, Run, State, Watch
from touchpoint.core.suggestions import SuggestionSpec, suggestions_of
from touchpoint.core.timed import (
    CalendarSpec,
    SilenceSpec,
    by_trait,
    by_type,
    calendar_in,
    silences_in,
)
from touchpoint.core.whole_round import Beyond
from touchpoint.core.wording import Look, looks_in
from touchpoint.durations import length
from touchpoint.journey.by_hand import rules_by_hand
from touchpoint.journey.data_use import Segments
from touchpoint.journey.derived import NOTHING, Derived, derived_of
from touchpoint.journey.gift_checks import check_accounts
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.journey.requirements import ComplaintRate
from touchpoint.journey.steps import (
    CloseCase,
    Emit,
    Enrol,
    MoveTo,
    OpenCase,
    React,
    Reply,
    SetTrait,
    Split,
    WaitUntil,
)
from touchpoint.journey.triggers import (
    Dwelt,
    On,
)
from touchpoint.journey.validate import check_together
from touchpoint.model.limits import starts_kept
from touchpoint.model.message import Content, Message
from touchpoint.policy.binding import Bound, bind, retention
from touchpoint.policy.content_binding import complaint_rates_of, sessions_of

if TYPE_CHECKING:
    from touchpoint.core.render import Words

BUDGET: Final = 1_000
"""Steps and rounds that one decision may take (S4.3)."""
_MOVES: Final = frozenset({"entered", "left"})
_RAISES: Final = frozenset({Emit, Enrol, MoveTo, OpenCase, CloseCase, SetTrait, Split})


StagesEntered: TypeAlias = tuple[tuple[str, tuple[CompiledStage, ...]], ...]
"""((journey, those of its stages that are entered, in declaration order), …)."""
Triggered: TypeAlias = tuple[CompiledRule, ...]
Starts: TypeAlias = tuple[StagesEntered, Triggered]


@attrs.define(eq=False)
class Program:
    """Everything `advance` needs to know of the journeys.

    `version` changes when customers' timers or signals must be looked at anew. What words that are the same for
    everybody are in a locale is kept in `words` once it was made.
    `starts` says which stages and rules a trigger starts. `by_hand` has the rules by which people send messages,
    which `by_name` has not. `releases` are the numbers at work of journeys released anew, `pinned` (journey,
    number) what runs of an earlier one finish on. `sessions` are the channels on which it counts when the customer
    last wrote, and whether messages wait there for that. `calendar_of` is the calendar by the trait that holds the
    date, None for schedules. `segments` are in the order in which they are looked at,
    `segments_on` says which when what has changed. `heard` are the keys that anything waits for or starts on;
    None where every event counts; `moves_heard`, whether
    anything comes of entering or leaving a stage. `misused` are the traits that (message, content key) use beyond
    their declaration, `terms` what is promised of cases, `closed_by_answers` the kinds of case that are,
    `conversions` the types of touchpoints by which a referred friend becomes a customer. `answers` is whether any
    step answers in a conversation, `plain` whether occurrences have one key each, and concern neither segments nor
    ends of messages, `replans` whether any message is planned anew. `suggestions` are those of each place in their
    order, `wordings` those of messages that have any. `bonds` say how familiar a customer has to be with each
    journey that anything binds; where there is one, `derived` is what steps make of traits, and `asked_of_segments`
    the conditions of segments.
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
    calendar_of: Mapping[str | None, tuple[CalendarSpec, ...]]
    signals: SignalTable
    messages: Mapping[str, Message]
    bounds: Mapping[str, Bound]
    history_kept: int | None
    starts_kept: Mapping[str, int | None]
    places: Mapping[Key, int]
    judges: Judges
    looks_ahead: bool
    heard: frozenset[Key] | None
    moves_heard: bool
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
    _of_nobody: tuple[SegmentSpec, ...] | None = attrs.field(default=None, init=False, repr=False)
    suggestions: Mapping[str, tuple[SuggestionSpec, ...]] = attrs.Factory(dict)
    words: "dict[tuple[str, str, str | None], Words]" = attrs.field(factory=dict, init=False, repr=False)
    _by_hand: Mapping[tuple[str, str], CompiledRule] | None = attrs.field(default=None, init=False, repr=False)

    @cached_property
    def said(self) -> Mapping[str, Message]:
        """The messages that journeys send or offer, by name."""
        offered = (each.message for journey in self.journeys.values() for each in journey.suggestions)
        return {each.name: each for each in (*self.messages.values(), *offered)}

    def home(self, journey: str, release: int) -> "Program | None":
        """Where the definition of a run is found: here, or of one that is pinned to a release, there (S5.4)."""
        return self.pinned.get((journey, release)) if release else self

    def segments_of_nobody(self) -> tuple[SegmentSpec, ...]:
        """The segments that somebody may be in of whom nothing is known, found out once."""
        if self._of_nobody is None:
            self._of_nobody = true_of_nobody(self.segments)
        return self._of_nobody

    def looks_of(self, message: str, key: str) -> tuple[Look, ...]:
        """What a content of a message looks up; nothing where its words are the same for everybody."""
        known = self._looks.get((message, key))
        if known is None:
            self._looks[message, key] = known = looks_in(self._content(message, key))
        return known

    def _content(self, message: str, key: str) -> Content | None:
        known = self.said.get(message)
        return None if known is None else known.contents.get(key)

    @property
    def by_hand(self) -> Mapping[tuple[str, str], CompiledRule]:
        """The rules by which people send messages, by (journey, name); compiled when they are first asked for."""
        if self._by_hand is None:
            rules = ((name, RuleParts.of(rule)) for name, each in self.journeys.items() for rule in rules_by_hand(each))
            compiled = compile_rules(rules, self.signals, len(self.rules))
            self._by_hand = {(rule.journey, rule.rule.name): rule for rule in compiled}
        return self._by_hand

    def rule_of(self, run: Run | Watch) -> CompiledRule | None:
        """The rule of a run, or None where nothing that is loaded has it."""
        home = self if not run.release else self.home(run.journey, run.release)
        if home is None:
            return None
        named = (run.journey, run.rule)
        return home.by_name.get(named) or home.by_hand.get(named)

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
    asking = [JourneyParts.of(each) for each in (*journeys, *earlier.values())]
    policies = [policy or Policy(), *(journey.policy for journey in journeys)]
    expressions = (*(expression for each in asking for expression in each.expressions()), *conditions_of(policies))
    table = collect(expressions)
    rules = compile_rules(((each.journey.name, rule) for each in asking[: len(journeys)] for rule in each.rules), table)
    triggers = tuple((each.journey.name, trigger) for each in asking for trigger in each.triggers())
    kept = {key: compile_program([journey]) for key, journey in earlier.items()}
    rarer = [each for each in triggers if type(each[1]) is not On]  # few wait for anything else than a touchpoint
    silences = silences_in(rarer)
    segments = segments_of(journeys, table)
    messages = {name: message for each in asking[: len(journeys)] for name, message in each.messages().items()}
    asked = [node for each in asking for node in each.asked()]
    heard = listening(rarer, [*asked, *told_in(conditions_of(policies))], messages.values())
    bounds = bind(policy or Policy(), {journey.name: journey.policy for journey in journeys})
    known = declared_in(journeys, traits)
    bonds = bonds_of(policies[0], journeys, known, table)
    asked_of_segments = {(each.journey, each.segment): each.condition for each in segments.values()}
    takes = frozenset(type(step) for rule in rules for _, step in rule.parts.steps)
    looks_ahead = WaitUntil in takes or any(rule.exit_conditions for rule in rules)
    looks_ahead = looks_ahead or any(each.looks_ahead for each in kept.values())
    dwells, calendar = _dwells(rarer), calendar_in(rarer)
    plain = not (heard.finer or heard.ends or segments)
    starts = _index_starts(_index_stages(journeys, table), _index(rules))
    heard_keys = None if looks_ahead or kept or not plain else _heard(starts, rules)
    moves_heard = heard_keys is None or bool(dwells) or any(kind in _MOVES for kind, _ in heard_keys)
    sessions, limits = sessions_of(policies), live_limits_of(policies[0], journeys)
    more_of = _remembers_more(silences, sessions)
    segments_on = readers_of(segments)
    beyond = Beyond(heard.finer, segments_on if segments else None, bool(heard.ends))
    judges = Judges(starts, table, more_of, beyond=beyond, moves_heard=moves_heard, looks_ahead=looks_ahead)
    terms = terms_of(journeys)
    more = [*map(session_on, sorted(sessions)), *versions_of(segments.values()), *versions_of_cases(terms)]
    timed = [*sorted(silences), *sorted(name for each in dwells.values() for name, _ in each), *calendar]
    return Program(
        journeys={journey.name: journey for journey in journeys},
        rules=rules,
        by_label={rule.label: rule for rule in rules},
        by_name={(rule.journey, rule.rule.name): rule for rule in rules},
        starts=starts,
        judges=judges,
        silences=silences,
        silences_of=by_type(silences.values()),
        silences_any=tuple(spec for spec in silences.values() if spec.of is None),
        dwells=dwells,
        usuals=types_asked(silences.values()),
        calendar=calendar,
        calendar_of=by_trait(calendar.values()),
        signals=table,
        messages=messages,
        bounds=bounds,
        history_kept=hand_overs_kept(retention(bounds.values(), messages.values()), heard),
        starts_kept={rule.label: starts_kept(rule.rule.limit) for rule in rules},
        places=_places(calendar, silences, dwells),
        looks_ahead=looks_ahead,
        heard=heard_keys,
        moves_heard=moves_heard,
        may_circle=bool(kept)
        or _may_circle(rules, takes, journeys, heard)
        or any(limit.over == "defer" for limit in limits),
        version=_version(table, timed, more),
        listening=heard,
        releases=releases or {},
        pinned=kept,
        sessions=sessions,
        complaint_rates=complaint_rates_of(policies),
        segments=segments,
        segments_on=segments_on,
        live_limits=limits,
        misused=misused_words(journeys, asked_of_segments, known),
        terms=terms,
        closed_by_answers=closed_by_answers(journeys),
        conversions=conversions_of(each for _, each in rarer),
        answers=not takes.isdisjoint((Reply, React)) or any(each.answers for each in kept.values()),
        plain=plain,
        suggestions=suggestions_of(journeys, table),
        replans=any(message.on_release == "replan" for message in messages.values())
        or any(each.replans for each in kept.values()),
        wordings=compile_wordings(messages.values(), table),
        bonds=bonds,
        derived=derived_of([each.journey for each in asking], asked_of_segments) if bonds else NOTHING,
        asked_of_segments=asked_of_segments if bonds else {},
    )


def _may_circle(
    rules: Sequence[CompiledRule], takes: frozenset[type], journeys: Sequence[Journey], heard: Listening
) -> bool:
    """Whether one decision could run out of its budget (S4.3), as far as the form of the journeys tells.

    It cannot where no step raises an event, no stage is entered because of one, and no rule has several runs at a time:
    then a decision has one round, and two more for each journey's move, and takes each step once in each.
    """
    listened = bool(heard.ends) or heard.watching is not None  # ends of messages and steps then start something, too
    if listened or any(rule.rule.key is not None or rule.rule.concurrency == "parallel" for rule in rules):
        return True
    if not takes.isdisjoint(_RAISES):
        return True
    if any(not isinstance(trigger, On) for journey in journeys for stage in journey.stages for trigger in stage.when):
        return True
    segments = sum(len(journey.segments) for journey in journeys)  # each changes at most once more with each move
    rounds, steps = 1 + 2 * len(journeys) + segments * (2 + len(journeys)), sum(len(rule.parts.steps) for rule in rules)
    return (rounds + 1) * (steps + 1) >= BUDGET


def _index(rules: Iterable[CompiledRule]) -> dict[Key, Triggered]:
    found: dict[Key, list[CompiledRule]] = {}
    for rule in rules:
        for each in keys_to_start(rule.rule, rule.journey):
            found.setdefault(each, []).append(rule)
    return {key: tuple(each) for key, each in found.items()}


def _index_starts(stages: Mapping[Key, StagesEntered], rules: Mapping[Key, Triggered]) -> dict[Key, Starts]:
    """Both in one: most of what happens starts nothing, and is to find that out at once."""
    return {key: (stages.get(key, ()), rules.get(key, ())) for key in dict.fromkeys((*stages, *rules))}


def _index_stages(journeys: Sequence[Journey], table: SignalTable) -> dict[Key, StagesEntered]:
    found: dict[Key, dict[str, list[CompiledStage]]] = {}
    for journey in journeys:
        for stage in journey.stages:
            compiled = CompiledStage(stage, closure_of(stage.given, table))
            for key in dict.fromkeys(key for each in stage.when for key in keys_of(each, journey.name)):
                found.setdefault(key, {}).setdefault(journey.name, []).append(compiled)
    return {key: tuple((name, tuple(stages)) for name, stages in each.items()) for key, each in found.items()}


def _heard(starts: Mapping[Key, Starts], rules: Iterable[CompiledRule]) -> frozenset[Key]:
    """Every key that somebody waits for: what has none of them can be left out."""
    waited = (keys for rule in rules for keys in (rule.keeps, rule.exits, rule.goal))
    return frozenset(starts).union(*waited)


def _remembers_more(silences: Mapping[str, SilenceSpec], sessions: Mapping[str, bool]) -> Mapping[str, object] | None:
    """The types of touchpoints of which more is remembered than counts; None for all."""
    if sessions or any(each.of is None for each in silences.values()):
        return None
    return by_type(silences.values())


def _dwells(triggers: Triggers) -> dict[str, tuple[tuple[str, int], ...]]:
    """`journey/stage` → ((name of the dwell, its length), …)."""
    found: dict[str, dict[str, int]] = {}
    for journey, trigger in triggers:
        if isinstance(trigger, Dwelt):
            name = key_of(trigger, journey)[1]
            found.setdefault(name.rpartition("|")[0], {})[name] = length(trigger.length)
    return {stage: tuple(each.items()) for stage, each in found.items()}


def _places(
    calendar: Mapping[str, CalendarSpec], silences: Iterable[str], dwells: Mapping[str, Sequence[tuple[str, int]]]
) -> dict[Key, int]:
    """(kind, name) of every timer of customers → its place in declaration order."""
    named = [("silence", silences), ("dwell", [name for each in dwells.values() for name, _ in each])]
    found = {(spec.kind, name): place for place, (name, spec) in enumerate(calendar.items())}
    return found | {(kind, name): place for kind, names in named for place, name in enumerate(names)}


def _version(table: SignalTable, timers: Iterable[str], more: Iterable[str]) -> str:
    """What changes with what is kept of customers: their signals, and what else they are looked at for."""
    return hashlib.sha256("\n".join([*sorted(table.signals), *timers, *more]).encode()).hexdigest()[:12]
