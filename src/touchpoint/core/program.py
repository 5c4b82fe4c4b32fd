"""Journeys compiled for deciding.

Rules and stages are indexed by what triggers them, steps are linked, conditions are closures. A `Program` is immutable
once built and holds no state of any customer.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from touchpoint.core.case_terms import AllTerms, closed_by_answers
from touchpoint.core.choice import CompiledWording, compile_wordings
from touchpoint.core.compiled_rule import CompiledRule, CompiledStage, closure_of, compile_rules
from touchpoint.core.familiar import Bond, bonds_of, declared_in, misused_words
from touchpoint.core.judging import Judges
from touchpoint.core.keys import Key, keys_of, keys_to_start
from touchpoint.core.listening import Listening, hand_overs_kept
from touchpoint.core.live_limits import LiveLimit, live_limits_of
from touchpoint.core.parts import Asked, JourneyParts
from touchpoint.core.referrals import conversions_of
from touchpoint.core.rhythm import types_asked
from touchpoint.core.rule_parts import RuleParts
from touchpoint.core.segments import SegmentSpec, readers_of, segments_of, true_of_nobody
from touchpoint.core.signals import SignalTable
from touchpoint.core.state import Pending, Run, State, Watch
from touchpoint.core.suggestions import SuggestionSpec, suggestions_of
from touchpoint.core.timed import (
    CalendarSpec,
    SilenceSpec,
    by_trait,
    by_type,
)
from touchpoint.core.whole_round import Beyond
from touchpoint.core.wording import Look, looks_in
from touchpoint.journey.by_hand import rules_by_hand
from touchpoint.journey.conditions import Expression
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
from touchpoint.journey.triggers import On
from touchpoint.journey.validate import check_together
from touchpoint.model.limits import starts_kept
from touchpoint.model.message import Content, Message
from touchpoint.policy.binding import Bound, bind, retention
from touchpoint.policy.content_binding import complaint_rates_of

if TYPE_CHECKING:
    from touchpoint.core.render import Words
    from touchpoint.policy.plan import Plan

BUDGET: Final = 1_000
"""Steps and rounds that one decision may take (S4.3)."""
_RAISES: Final = frozenset({Emit, Enrol, MoveTo, OpenCase, CloseCase, SetTrait, Split})


StagesEntered: TypeAlias = tuple[tuple[str, tuple[CompiledStage, ...]], ...]
"""((journey, those of its stages that are entered, in declaration order), …)."""
Triggered: TypeAlias = tuple[CompiledRule, ...]
Starts: TypeAlias = tuple[StagesEntered, Triggered]


@attrs.define(eq=False, slots=False)  # with slots, every attribute beside a `cached_property` is read far more slowly
class Program:
    """Everything `advance` needs to know of the journeys: what each touchpoint asks, and the rest once it is asked.

    `version` changes when customers' timers or signals must be looked at anew. What words that are the same for
    everybody are in a locale is kept in `words` once it was made; in `plans`, what messages meet at the gate, by the
    (journey, rule, step) that sends them, None where that is more than a plan knows.
    `starts` says which stages and rules a trigger starts. `releases` are the numbers at work of journeys released anew,
    `pinned` (journey, number) what runs of an earlier one finish on. `sessions` are the channels on which it counts
    when the customer last wrote, and whether messages wait there for that. `segments` are in the order in which they
    are looked at, `segments_on` says which when what has changed. `moves_heard` is whether anything comes of entering
    or leaving a stage, `may_circle`, whether one decision could run out of its budget. `terms` are what is promised of
    cases. `plain` is whether occurrences have one key each, and concern neither segments nor ends of messages. `bonds`
    say how familiar a customer has to be with each journey that anything binds.
    """

    journeys: Mapping[str, Journey]
    rules: tuple[CompiledRule, ...]
    starts: Mapping[Key, Starts]
    silences: Mapping[str, SilenceSpec]
    dwells: Mapping[str, tuple[tuple[str, int], ...]]
    calendar: Mapping[str, CalendarSpec]
    signals: SignalTable
    messages: Mapping[str, Message]
    judges: Judges
    looks_ahead: bool
    moves_heard: bool
    may_circle: bool
    version: str
    listening: Listening
    releases: Mapping[str, int]
    pinned: Mapping[tuple[str, int], "Program"]
    sessions: Mapping[str, bool]
    segments: Mapping[str, SegmentSpec]
    segments_on: Mapping[Key, tuple[SegmentSpec, ...]]
    terms: AllTerms
    plain: bool
    bonds: Mapping[str, Bond]
    _asked: Asked
    _looks: dict[tuple[str, str], tuple[Look, ...]] = attrs.field(factory=dict, init=False, repr=False)
    words: "dict[tuple[str, str, str | None], Words]" = attrs.field(factory=dict, init=False, repr=False)
    plans: "dict[tuple[str, str, str], Plan | None]" = attrs.field(factory=dict, init=False, repr=False)

    # --- what is found when somebody first asks -----------------------------------------------------------------------

    @cached_property
    def by_label(self) -> Mapping[str, CompiledRule]:
        """Rules by journey/rule."""
        return {rule.label: rule for rule in self.rules}

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str], CompiledRule]:
        """Rules by (journey, name), those by which people send messages not among them."""
        return {(rule.journey, rule.rule.name): rule for rule in self.rules}

    @cached_property
    def by_hand(self) -> Mapping[tuple[str, str], CompiledRule]:
        """The rules by which people send messages, by (journey, name)."""
        rules = ((name, RuleParts.of(rule)) for name, each in self.journeys.items() for rule in rules_by_hand(each))
        compiled = compile_rules(rules, self.signals, len(self.rules))
        return {(rule.journey, rule.rule.name): rule for rule in compiled}

    @cached_property
    def silences_of(self) -> Mapping[str, tuple[SilenceSpec, ...]]:
        """Silences by the type of touchpoint that breaks them."""
        return by_type(self.silences.values())

    @cached_property
    def silences_any(self) -> tuple[SilenceSpec, ...]:
        """Silences that any touchpoint breaks."""
        return tuple(spec for spec in self.silences.values() if spec.of is None)

    @cached_property
    def usuals(self) -> frozenset[str]:
        """The types of touchpoints whose usual distance somebody asks for."""
        return types_asked(self.silences.values())

    @cached_property
    def calendar_of(self) -> Mapping[str | None, tuple[CalendarSpec, ...]]:
        """The calendar by the trait that holds the date, None for schedules."""
        return by_trait(self.calendar.values())

    @cached_property
    def places(self) -> Mapping[Key, int]:
        """(kind, name) of every timer of customers → its place in declaration order."""
        return _places(self.calendar, self.silences, self.dwells)

    @cached_property
    def bounds(self) -> Mapping[str, Bound]:
        """What binds the messages of each journey."""
        return bind(self._asked.house, {name: journey.policy for name, journey in self.journeys.items()})

    @cached_property
    def complaint_rates(self) -> Mapping[str, tuple[ComplaintRate, ...]]:
        """How many complaints policies bear."""
        return complaint_rates_of(self._asked.policies)

    @cached_property
    def live_limits(self) -> tuple[LiveLimit, ...]:
        """How many runs a customer may have at a time."""
        return live_limits_of(self._asked.house, self._asked.journeys)

    @cached_property
    def history_kept(self) -> int | None:
        """How long hand-overs are remembered, in microseconds; None for ever."""
        retained = retention(self.bounds.values(), self.messages.values())
        return hand_overs_kept(retained) if self.listening.replies else retained

    @cached_property
    def starts_kept(self) -> Mapping[str, int | None]:
        """How long starts of each rule are remembered, by its label; None for ever."""
        return {rule.label: starts_kept(rule.rule.limit) for rule in self.rules}

    @cached_property
    def heard(self) -> frozenset[Key] | None:
        """The keys that anything waits for or starts on; None where every event counts."""
        if self.looks_ahead or self.pinned or not self.plain:
            return None
        waited = (keys for rule in self.rules for keys in (rule.keeps, rule.exits, rule.goal))
        return frozenset(self.starts).union(*waited)

    @cached_property
    def wordings(self) -> Mapping[str, tuple[CompiledWording, ...]]:
        """The wordings of those messages that have any."""
        return compile_wordings(self.messages.values(), self.signals)

    @cached_property
    def suggestions(self) -> Mapping[str, tuple[SuggestionSpec, ...]]:
        """The suggestions of each place, in their order."""
        return suggestions_of(self._asked.journeys, self.signals)

    @cached_property
    def closed_by_answers(self) -> frozenset[str]:
        """The kinds of case that are."""
        return closed_by_answers(self._asked.journeys)

    @cached_property
    def conversions(self) -> frozenset[str]:
        """The types of touchpoints by which a referred friend becomes a customer."""
        return conversions_of(each for _, each in self._asked.rarer)

    @cached_property
    def answers(self) -> bool:
        """Whether any step answers in a conversation."""
        answering = not steps_taken(self.rules).isdisjoint((Reply, React))
        return answering or any(each.answers for each in self.pinned.values())

    @cached_property
    def replans(self) -> bool:
        """Whether any message is planned anew."""
        planned = any(message.on_release == "replan" for message in self.messages.values())
        return planned or any(each.replans for each in self.pinned.values())

    @cached_property
    def _conditions_of_segments(self) -> Segments:
        return {(each.journey, each.segment): each.condition for each in self.segments.values()}

    @cached_property
    def asked_of_segments(self) -> Segments:
        """The conditions of segments, where familiarity binds anything."""
        return self._conditions_of_segments if self.bonds else {}

    @cached_property
    def derived(self) -> Derived:
        """What steps make of traits, likewise."""
        every = [each.journey for each in self._asked.parts]
        return derived_of(every, self.asked_of_segments) if self.bonds else NOTHING

    @cached_property
    def misused(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """The traits that (message, content key) use beyond their declaration."""
        return misused_words(self._asked.journeys, self._conditions_of_segments, self._asked.known)

    @cached_property
    def said(self) -> Mapping[str, Message]:
        """The messages that journeys send or offer, by name."""
        offered = (each.message for journey in self.journeys.values() for each in journey.suggestions)
        return {each.name: each for each in (*self.messages.values(), *offered)}

    def home(self, journey: str, release: int) -> "Program | None":
        """Where the definition of a run is found: here, or of one that is pinned to a release, there (S5.4)."""
        return self.pinned.get((journey, release)) if release else self

    @cached_property
    def segments_of_nobody(self) -> tuple[SegmentSpec, ...]:
        """The segments that somebody may be in of whom nothing is known."""
        return true_of_nobody(self.segments)

    def looks_of(self, message: str, key: str) -> tuple[Look, ...]:
        """What a content of a message looks up; nothing where its words are the same for everybody."""
        known = self._looks.get((message, key))
        if known is None:
            self._looks[message, key] = known = looks_in(self._content(message, key))
        return known

    def _content(self, message: str, key: str) -> Content | None:
        known = self.said.get(message)
        return None if known is None else known.contents.get(key)

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
    house = policy or Policy()
    check_together(journeys)
    check_accounts(journeys, house)
    parts = [JourneyParts.of(each) for each in (*journeys, *(pinned or {}).values())]
    asked = Asked(house, tuple(journeys), parts, declared_in(journeys, traits))
    kept = {key: compile_program([journey]) for key, journey in (pinned or {}).items()}
    table, messages = asked.signals(), asked.messages()
    rules = compile_rules(((each.journey.name, rule) for each in asked.at_work for rule in each.rules), table)
    starts = _index_starts(_index_stages(journeys, table), _index(rules))
    segments = segments_of(journeys, table)
    segments_on = readers_of(segments)
    heard = asked.listening(messages.values())
    plain = not (heard.finer or heard.ends or segments)
    takes = steps_taken(rules)
    looks_ahead = _looks_ahead(takes, rules, kept.values())
    moves_heard = looks_ahead or bool(kept) or not plain or asked.moves()
    return Program(
        journeys={journey.name: journey for journey in journeys},
        rules=rules,
        starts=starts,
        silences=asked.silences,
        dwells=asked.dwells,
        calendar=asked.calendar,
        signals=table,
        messages=messages,
        judges=Judges(
            starts,
            table,
            asked.remembers_more(),
            beyond=Beyond(heard.finer, segments_on if segments else None, bool(heard.ends)),
            moves_heard=moves_heard,
            looks_ahead=looks_ahead,
        ),
        looks_ahead=looks_ahead,
        moves_heard=moves_heard,
        may_circle=bool(kept) or asked.defers_starts() or _may_circle(rules, takes, journeys, heard),
        version=asked.version(table.signals, segments.values()),
        listening=heard,
        releases=releases or {},
        pinned=kept,
        sessions=asked.sessions,
        segments=segments,
        segments_on=segments_on,
        terms=asked.terms,
        plain=plain,
        bonds=bonds_of(house, journeys, asked.known, table),
        asked=asked,
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


def steps_taken(rules: Iterable[CompiledRule]) -> frozenset[type]:
    """The classes of the steps of these rules."""
    return frozenset(type(step) for rule in rules for _, step in rule.parts.steps)


def _looks_ahead(takes: frozenset[type], rules: Iterable[CompiledRule], earlier: Iterable[Program]) -> bool:
    """Whether any run waits, or exits, once a condition becomes true."""
    conditions = any(isinstance(each, Expression) for rule in rules for each in rule.rule.exit)
    return conditions or WaitUntil in takes or any(each.looks_ahead for each in earlier)


def _places(
    calendar: Mapping[str, CalendarSpec], silences: Iterable[str], dwells: Mapping[str, Sequence[tuple[str, int]]]
) -> dict[Key, int]:
    """(kind, name) of every timer of customers → its place in declaration order."""
    named = [("silence", silences), ("dwell", [name for each in dwells.values() for name, _ in each])]
    found = {(spec.kind, name): place for place, (name, spec) in enumerate(calendar.items())}
    return found | {(kind, name): place for kind, names in named for place, name in enumerate(names)}
