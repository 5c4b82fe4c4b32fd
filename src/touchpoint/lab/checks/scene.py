"""Journeys taken apart for the checks: every condition with where it stands and what is known there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from touchpoint.core.keys import Key, key_of
from touchpoint.core.keys import keys_of as all_keys_of
from touchpoint.journey import steps as s
from touchpoint.journey.calendar_triggers import DateDue, Schedule
from touchpoint.journey.changes import ConsentChanged, PreferenceChanged, TraitChanged
from touchpoint.journey.conditions import (
    Aggregate,
    And,
    Expression,
    Field,
    InSegment,
    InStage,
    Not,
    children,
    root_of,
    structure,
    walk,
)
from touchpoint.journey.contents import wordings
from touchpoint.journey.data_use import Declared, declared
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.journey.rule import Rule
from touchpoint.journey.stage import Stage
from touchpoint.journey.triggers import (
    Anniversary,
    CaseClosed,
    CaseEscalated,
    CaseMerged,
    CaseOpened,
    CaseOverdue,
    CaseReopened,
    Dwelt,
    Entered,
    Exposed,
    Joined,
    Left,
    LeftSegment,
    Referred,
    Silent,
    Trigger,
)
from touchpoint.model.message import Message

Role = Literal[
    "stage", "segment", "given", "exit", "goal", "still", "branch", "wait", "until", "value", "suggestion", "candidate",
    "wording",
]  # fmt: skip
BARE: Final = (
    Entered, Left, Dwelt, Joined, LeftSegment, Silent, Anniversary, DateDue, Schedule, CaseOpened, CaseClosed, Exposed,
    ConsentChanged, PreferenceChanged, TraitChanged, CaseOverdue,
    CaseEscalated, CaseReopened, CaseMerged,
)  # fmt: skip
"""Triggers whose events carry no properties but those of `carried`."""
_OF_CASE: Final = frozenset({"case", "ref", "severity", "owner", "also"})
_CARRIED: Final[Mapping[type, frozenset[str]]] = {
    Anniversary: frozenset({"date", "years"}), DateDue: frozenset({"date"}), Schedule: frozenset({"date"}),
    Exposed: frozenset({"split", "variant"}), ConsentChanged: frozenset({"purpose", "channel", "value", "before"}),
    **dict.fromkeys((PreferenceChanged, TraitChanged), frozenset({"value", "before"})),
    CaseOpened: _OF_CASE, CaseClosed: _OF_CASE, CaseOverdue: _OF_CASE | {"deadline"},
    CaseEscalated: _OF_CASE | {"level"}, CaseReopened: _OF_CASE | {"opening"}, CaseMerged: _OF_CASE | {"into"},
}  # fmt: skip
_OF_FRIEND: Final = frozenset({"referral", "converted", "after"})
"""All that is told of what a referred friend does."""
_STILL: Final = (s.Branch, s.Best, s.Wait, s.Exit, s.MoveTo, s.SetTrait, s.Emit, s.OpenCase, s.CloseCase, s.Enrol)
"""Steps after which `event` is what it was before."""


@attrs.frozen
class Placed:
    """A step with its path and what leads to it.

    `path_conditions` are those of the rule and of the arms that must be true for a run to come here.
    """

    path: str
    step: s.Step
    path_conditions: tuple[Expression, ...]


@attrs.frozen
class PlacedSend(Placed):
    """A step that sends a message."""

    step: s.Send


@attrs.frozen
class Asked:
    """A condition, where it stands, and what is certainly true when it is asked.

    `about` is the rule or stage it belongs to; `triggers` what may have led there, as far as that is known.
    """

    journey: Journey
    path: str
    about: str
    role: Role
    condition: Expression
    known: tuple[Expression, ...] = ()
    triggers: tuple[Trigger, ...] | None = None
    owner: Rule | Stage | None = None
    step: s.Step | None = None


@attrs.frozen
class Scene:
    """Everything that is checked together.

    `channels` are the names of the adapters' channels, None where nobody said; `messages` those that are defined beside
    the journeys; `traits` is the class by which the host declares them.
    """

    journeys: tuple[Journey, ...]
    policy: Policy
    channels: frozenset[str] | None
    messages: tuple[Message, ...]
    traits: type | None = None
    asked: tuple[Asked, ...] = attrs.field(init=False)

    @asked.default
    def _asked(self) -> tuple[Asked, ...]:
        found = (each for journey in self.journeys for each in _in_journey(journey))
        return tuple(attrs.evolve(each, known=(*each.known, *self._implied(each))) for each in found)

    def _implied(self, asked: Asked) -> Iterator[Expression]:
        """Who is in a segment that a condition asks about is what that says (S3.3)."""
        nodes = {structure(each): each for each in walk(asked.condition) if isinstance(each, InSegment)}
        for node in nodes.values():
            condition = self.segment(node.journey or asked.journey.name, node.segment)
            if condition is not None:
                yield Not(node) | condition

    @property
    def declared(self) -> Declared:
        """What the host, and every journey, declares of traits."""
        classes = (self.traits, *(each.traits for each in self.journeys))
        return declared(each for each in classes if each is not None)

    def segment(self, journey: str, name: str) -> Expression | None:
        """The condition of a segment; None where its journey is not at hand."""
        found = (at_home(s.condition, each.name) for each in self.journeys if each.name == journey
                 for s in each.segments if s.name == name)  # fmt: skip
        return next(found, None)

    def rules(self) -> Iterator[tuple[Journey, str, Rule]]:
        """Every rule with its journey and path."""
        for journey in self.journeys:
            yield from ((journey, f"$.rules[{n}]", rule) for n, rule in enumerate(journey.rules))

    def stages(self) -> Iterator[tuple[Journey, str, Stage]]:
        """Every stage with its journey and path."""
        for journey in self.journeys:
            yield from ((journey, f"$.stages[{n}]", stage) for n, stage in enumerate(journey.stages))

    def sends(self) -> Iterator[tuple[Journey, Rule, PlacedSend]]:
        """Every step that sends a message."""
        for journey, path, rule in self.rules():
            for each in placed(rule, path):
                if isinstance(each.step, s.Send):
                    yield journey, rule, PlacedSend(each.path, path_conditions=each.path_conditions, step=each.step)

    def first_sends(self) -> Iterator[tuple[Journey, str, Message]]:
        """Every message of every journey, at the first place where it is sent."""
        seen: set[tuple[str, str]] = set()
        for journey, _, each in self.sends():
            message = each.step.message
            if (journey.name, message.name) not in seen:
                seen.add((journey.name, message.name))
                yield journey, f"{each.path}.message", message


def placed(rule: Rule, path: str) -> list[Placed]:
    """Every step of a rule, in reading order, with the conditions that lead to it."""
    given = () if rule.given is None else (rule.given,)
    return list(_placed(rule.then, f"{path}.then", given))


def _placed(taken: Iterable[s.Step], path: str, conditions: tuple[Expression, ...]) -> Iterator[Placed]:
    for n, step in enumerate(taken):
        here = f"{path}[{n}]"
        yield Placed(here, step, conditions)
        for name, arm in s.arms(step):
            more = (step.condition,) if isinstance(step, s.Branch) and name == "then" else _of_candidate(step, name)
            yield from _placed(arm, f"{here}.{name}", (*conditions, *more))


def _of_candidate(step: s.Step, arm: str) -> tuple[Expression, ...]:
    """What is true where a candidate was chosen."""
    candidates = step.candidates if isinstance(step, s.Best) else ()
    found = (each.given for n, each in enumerate(candidates) if s.candidate_arm(n) == arm)
    return tuple(each for each in found if each is not None)


def of_trigger(condition: Expression) -> Expression:
    """The condition with `event` as `trigger`, for where the two are the same touchpoint. A `where` keeps its own."""

    def changed(field: Expression) -> Expression:
        root = root_of(field) if isinstance(field, Field) else None
        return _evolved(field, root="trigger") if isinstance(root, str) and root == "event" else field

    return _mapped(condition, changed)


def at_home(condition: Expression, journey: str) -> Expression:
    """The condition with its own journey named in each `in_stage` and `in_segment`, so that equal ones look equal."""

    def changed(node: Expression) -> Expression:
        if isinstance(node, InStage | InSegment):
            return _evolved(node, journey=node.journey or journey)
        return node

    return _mapped(condition, changed)


def _mapped(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """A condition with its leaves changed; questions about history are leaves here."""
    if isinstance(node, Field | Aggregate | InStage | InSegment):
        return change(node)
    changed: dict[str, object] = {}
    for attribute in attrs.fields(type(node)):  # type: ignore[arg-type]  # every node is an attrs class
        value = getattr(node, attribute.name)
        if isinstance(value, Expression):
            changed[attribute.name] = _mapped(value, change)
        elif isinstance(value, tuple) and any(isinstance(each, Expression) for each in value):
            changed[attribute.name] = tuple(_mapped(each, change) for each in value)
    return _evolved(node, **changed) if changed else node


def _evolved(node: Any, **changed: object) -> Expression:  # noqa: ANN401 - every node is an attrs class
    evolved: Expression = attrs.evolve(node, **changed)
    return evolved


def parts_of(condition: Expression) -> Sequence[Expression]:
    """The parts of an `&`; a condition alone is its only part."""
    return condition.parts if isinstance(condition, And) else (condition,)


def _lasts(condition: Expression) -> bool:
    """Whether this speaks of the trigger alone, which is what it was however long the run takes."""
    fields = [node for node in walk(condition) if isinstance(node, Field)]
    rest = [node for node in walk(condition) if not isinstance(node, Field) and not list(children(node))]
    return (
        bool(fields)
        and all(isinstance(root_of(each), str) and str(root_of(each)) == "trigger" for each in fields)
        and all(type(each).__name__ == "Literal" for each in rest)
    )


# --- conditions -------------------------------------------------------------------------------------------------------


def _in_journey(journey: Journey) -> Iterator[Asked]:
    for n, stage in enumerate(journey.stages):
        if stage.given is not None:
            given = of_trigger(at_home(stage.given, journey.name))
            path, about = f"$.stages[{n}].given", f"stage {stage.name}"
            yield Asked(journey, path, about, "stage", given, (), stage.when, stage)
    for n, segment in enumerate(journey.segments):
        condition = at_home(segment.condition, journey.name)
        yield Asked(journey, f"$.segments[{n}].condition", f"segment {segment.name}", "segment", condition)
    for n, suggestion in enumerate(journey.suggestions):
        if suggestion.given is not None:
            given = at_home(suggestion.given, journey.name)
            yield Asked(journey, f"$.suggestions[{n}].given", f"suggestion {suggestion.name}", "suggestion", given)
    for n, rule in enumerate(journey.rules):
        yield from _in_rule(journey, f"$.rules[{n}]", rule)


def _in_rule(journey: Journey, path: str, rule: Rule) -> Iterator[Asked]:
    about = f"rule {rule.name}"
    given = None if rule.given is None else at_home(rule.given, journey.name)
    if given is not None and rule.collect is None:  # of a burst the trigger is the first, and event the last
        given = of_trigger(given)
    starts = (rule.when or None) if rule.collect is None else None
    lasting = () if given is None else tuple(each for each in parts_of(given) if _lasts(each))

    def asked(place: str, role: Role, condition: Expression, **more: Any) -> Asked:  # noqa: ANN401 - parts of Asked
        here = at_home(condition, journey.name)
        return Asked(journey, f"{path}.{place}", about, role, here, **{"known": lasting, **more}, owner=rule)

    if given is not None:
        yield asked("given", "given", given, known=(), triggers=starts)
    for n, each in enumerate(rule.exit):
        if isinstance(each, Expression):
            yield asked(f"exit[{n}]", "exit", each)
    if rule.goal is not None and rule.goal.given is not None:
        yield asked("goal.given", "goal", rule.goal.given, triggers=rule.goal.trigger)
    walk_through = _Walk(journey.name, lasting, starts)
    for step in walk_through.steps(rule.then, "then", (), moved=rule.collect is not None):
        place, role, condition, known, triggers, node = step
        yield asked(place, role, condition, known=known, triggers=triggers, step=node)


Found = tuple[str, Role, Expression, tuple[Expression, ...], tuple[Trigger, ...] | None, s.Step]


@attrs.frozen
class _Walk:
    """Through the steps of a rule, with what is known on the way: of the trigger always, of all else for an instant."""

    journey: str
    lasting: tuple[Expression, ...]
    starts: tuple[Trigger, ...] | None

    def steps(
        self, taken: Iterable[s.Step], path: str, known: tuple[Expression, ...], *, moved: bool
    ) -> Iterator[Found]:
        """What the steps ask; `known` holds at the first of them, `moved` says whether `event` may be another one."""
        for n, step in enumerate(taken):
            here = f"{path}[{n}]"
            yield from self._asked(step, here, known, moved=moved)
            moved = moved or not isinstance(step, _STILL)
            for name, arm in s.arms(step):
                inner = known if isinstance(step, s.Branch) else ()
                if isinstance(step, s.Branch) and name == "then":
                    inner = (*known, self._seen(step.condition, moved=moved))
                yield from self.steps(arm, f"{here}.{name}", inner, moved=moved)
            moved = moved or any(not isinstance(each, _STILL) for each in s.flat([step]))
            known = ()

    def _seen(self, condition: Expression, *, moved: bool) -> Expression:
        at_home_now = at_home(condition, self.journey)
        return at_home_now if moved else of_trigger(at_home_now)

    def _asked(self, step: s.Step, here: str, known: tuple[Expression, ...], *, moved: bool) -> Iterator[Found]:
        now = (*self.lasting, *known)
        match step:
            case s.Branch():
                condition = self._seen(step.condition, moved=moved)
                yield f"{here}.condition", "branch", condition, now, None if moved else self.starts, step
            case s.Best():
                for n, each in enumerate(step.candidates):
                    if each.given is not None:
                        given = self._seen(each.given, moved=moved)
                        triggers = None if moved else self.starts
                        yield f"{here}.candidates[{n}].given", "candidate", given, now, triggers, step
            case s.WaitUntil():
                yield f"{here}.condition", "until", step.condition, self.lasting, None, step
            case s.WaitFor() if step.given is not None:
                yield f"{here}.given", "wait", step.given, self.lasting, step.trigger, step
            case s.Send():
                starts = None if moved else self.starts
                if step.still is not None:
                    yield f"{here}.still", "still", self._seen(step.still, moved=moved), self.lasting, starts, step
                for n, one in wordings(step.message):
                    given = self._seen(one.given, moved=moved)
                    yield f"{here}.message.wordings[{n}].given", "wording", given, self.lasting, starts, step


def keys_of(triggers: Iterable[Trigger], journey: str, rule: str = "") -> set[Key]:
    """What indexes these triggers: two that share one meet the same events."""
    keys = [(key_of(each, journey, rule), *_of_deadlines(each, journey)) for each in triggers]
    return {key for each in keys for key in each}


def _of_deadlines(trigger: Trigger, journey: str) -> tuple[Key, ...]:
    """Of a case that is overdue in whatever way: each of the ways, beside the key of its own."""
    return all_keys_of(trigger, journey) if isinstance(trigger, CaseOverdue | CaseEscalated) else ()


def carried(*triggers: Trigger) -> frozenset[str]:
    """The properties that events of one of these bare triggers carry all the same."""
    if any(map(_tells_of_friend, triggers)):
        return _OF_FRIEND | carried(*(each for each in triggers if not _tells_of_friend(each)))
    return frozenset().union(*(_CARRIED.get(type(each), frozenset()) for each in triggers))


def has_no_data(triggers: Sequence[Trigger] | None) -> bool:
    """Whether only events without properties come of these."""
    return bool(triggers) and all(map(is_bare, triggers or ()))


def is_bare(trigger: Trigger) -> bool:
    """Whether its events carry no properties but those of `carried`."""
    return isinstance(trigger, BARE) or _tells_of_friend(trigger)


def _tells_of_friend(trigger: Trigger) -> bool:
    return isinstance(trigger, Referred) and trigger.converted is not None


def policies(scene: Scene) -> Mapping[str, Policy]:
    """The policies by whose they are: "" is the house."""
    return {"": scene.policy, **{each.name: each.policy for each in scene.journeys}}
