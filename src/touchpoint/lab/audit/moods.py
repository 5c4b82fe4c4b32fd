"""Which steps may follow from bad feedback, and which from good: asked of the conditions, never of names alone.

A step follows from bad feedback where its run was moved by feedback, and nothing that was asked on the way is
impossible with the worst score of its scale. Rules that such a step sets off (by a case, an event of our own, a stage,
an enrolment) follow from it, too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Final, Literal, TypeAlias

import attrs

from touchpoint.core.keys import ENROLLED, Key
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.segments import JOINED
from touchpoint.engine.analysing import FEEDBACK_ANALYSED
from touchpoint.journey import steps as s
from touchpoint.journey import triggers as t
from touchpoint.journey.changes import TraitChanged
from touchpoint.journey.conditions import (
    Aggregate,
    Compare,
    Count,
    Ever,
    Expression,
    Field,
    Told,
    aggregates_of,
    children,
    path_of,
    root_of,
)
from touchpoint.journey.conditions import Literal as Constant
from touchpoint.journey.journey import Journey
from touchpoint.journey.outcomes import Answered, Replied
from touchpoint.journey.rule import Rule
from touchpoint.lab.audit.spots import Spot, spots
from touchpoint.lab.checks.people import HAPPY, SCORES, is_good
from touchpoint.lab.checks.scene import keys_of, of_trigger, parts_of
from touchpoint.lab.checks.solve import TRUE, can_be
from touchpoint.model.feedback import SCALES
from touchpoint.model.feedback_source import FEEDBACK, FeedbackSource
from touchpoint.model.message import Number, Survey
from touchpoint.model.scale import Scale

Mood: TypeAlias = Literal["bad", "good"]
MOODS: Final[tuple[Mood, ...]] = ("bad", "good")
_USUAL: Final = (Scale(1, 5), Scale(0, 10), Scale(1, 7))
"""What an undeclared score may be on."""
_NAMES: Final = frozenset({FEEDBACK, "review", "complaint", "rating", "rated", "reviewed", "survey_answered"})
DETRACTOR: Final = 6
"""Who scores at most this of 0 to 10 is a detractor (Reichheld, "The one number you need to grow", 2003)."""
_SURE: Final = Constant(True)  # noqa: FBT003 - the condition that is always true
_OF_RUN: Final = ("trigger", "event")
_ANSWERS: Final = ("answered", "replied")


@attrs.frozen
class Grade:
    """One way in which feedback of a type may come: its worst and best score, the property it is in, and its kind.

    Without a property any that looks like a score is meant; without a worst score it has words only.
    """

    worst: Number | None
    best: Number | None
    score: str | None = None
    kind: str | None = None

    def at(self, mood: Mood) -> Number | None:
        """The score of somebody in this mood."""
        return self.worst if mood == "bad" else self.best


def grades_of(type: str, sources: Mapping[str, FeedbackSource]) -> tuple[Grade, ...]:
    """The ways in which feedback of a type may come."""
    source = sources.get(type)
    if source is not None:
        scales = [each for _, each in source.scale] if isinstance(source.scale, tuple) else [source.scale_at(None)]
        known = [_grade(each, score=source.score) for each in scales if each is not None and source.score is not None]
        return (*known, Grade(None, None)) if source.comment is not None or not known else tuple(known)
    if type in (FEEDBACK, FEEDBACK_ANALYSED):
        kinds = [_grade(scale, score="score", kind=kind) for kind, scale in SCALES.items()]
        reviews = [_grade(scale, score="score", kind="review") for scale in _USUAL]
        return (*kinds, *reviews, Grade(None, None, kind="text"))
    return tuple(map(_grade, _USUAL))


def mildest(scale: Scale, kind: str | None, score: str) -> Grade:
    """Feedback that is only just bad: its worst score is the best one that still counts as bad."""
    bad = [each for each in range(scale.low, scale.high + 1) if is_bad_score(each, scale, kind)]
    best = scale.high if scale.better == "high" else scale.low
    return Grade(max(bad, key=scale.share), best, score, kind)


def is_bad_score(score: Number, scale: Scale, kind: str | None) -> bool:
    """Whether a score is one of somebody who was not content: of a detractor, or less than half of another scale."""
    return score <= DETRACTOR if kind == "nps" else scale.share(score) < Fraction(1, 2)


def _grade(scale: Scale, *, score: str | None = None, kind: str | None = None) -> Grade:
    ends = (scale.low, scale.high) if scale.better == "high" else (scale.high, scale.low)
    return Grade(*ends, score=score, kind=kind)


@attrs.frozen(eq=False)
class Moods:
    """What follows from feedback in a set of journeys.

    Args:
        journeys: all of them.
        sources: the host's own types of feedback.
        types: every type that counts as feedback here.
        analysed: whether there is an analyser, whose findings are told by touchpoints of their own.
        only: the one grade that all feedback is taken to be of; None for whatever it may be.
    """

    journeys: tuple[Journey, ...]
    sources: Mapping[str, FeedbackSource]
    types: frozenset[str]
    analysed: bool = False
    only: Grade | None = None
    _known: dict[tuple[Mood, frozenset[str]], list[Spot]] = attrs.field(factory=dict, init=False, repr=False)

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """Every step of every rule."""
        return tuple(spots(self.journeys))

    @cached_property
    def surveys(self) -> frozenset[str]:
        """The names of the messages that ask for feedback."""
        steps = (each.step for each in self.spots)
        return frozenset(step.message.name for step in steps if isinstance(step, s.Send) and is_survey(step))

    def following(self, mood: Mood, types: Iterable[str] | None = None) -> list[Spot]:
        """Every step that may follow from feedback in this mood; of these types where they are given."""
        wanted = self.types if types is None else frozenset(types)
        if (mood, wanted) not in self._known:
            started = self._started(mood, wanted)
            found = [each for each in self.spots if self._follows(each, mood, wanted, started)]
            self._known[mood, wanted] = found
        return self._known[mood, wanted]

    def may_come(self, spot: Spot) -> bool:
        """Whether a run may come to a step at all, as far as conditions say."""
        return can_be(_SURE, TRUE, spot.true, denied=spot.untrue)

    def hangs_on_praise(self, spot: Spot) -> bool:
        """Whether only somebody who was content comes to a step: with the worst score it is out of reach."""
        asked = (*spot.passed, *_still(spot))
        if any(map(self.is_praise, asked)):
            return True
        roots = {root_of(field) for each in asked for field in _fields(each) if _is_score(field) or _is_mood(field)}
        return any(not self._can(spot, root, "bad", asked) and self._can(spot, root, "good", asked) for root in _OF_RUN
                   if root in roots)  # fmt: skip

    def is_praise(self, condition: Expression) -> bool:
        """Whether a condition is true only of those who were content, whatever feedback is at hand."""
        return any(map(self._is_praise, parts_of(condition)))

    def _is_praise(self, part: Expression) -> bool:
        """Whether a condition that speaks of no feedback at hand is true only of those who were content."""
        if any(root_of(field) in _OF_RUN and _is_score(field) for field in _fields(part)):
            return False  # the scale of the feedback at hand decides, not how high a number looks
        asked = part.left if isinstance(part, Compare) and isinstance(part.left, Count) else part
        if isinstance(asked, Ever | Count) and asked.where is not None and asked.type in self.types:
            where = (asked.where,)
            wanted = asked is part or is_good(part) or (isinstance(part, Compare) and part.op in (">", ">="))
            return wanted and not self._agrees("bad", asked.type, where) and self._agrees("good", asked.type, where)
        return is_good(part)

    # --- what follows -------------------------------------------------------------------------------------------------

    def heard(self, triggers: Sequence[t.Trigger], wanted: frozenset[str]) -> bool:
        """Whether any of these triggers is feedback of a wanted type."""
        return any(self._is_heard(each, wanted) for each in triggers)

    def _is_heard(self, trigger: t.Trigger, wanted: frozenset[str]) -> bool:
        if isinstance(trigger, Replied | Answered):
            return FEEDBACK in wanted and trigger.message in self.surveys
        if not isinstance(trigger, t.On):
            return False
        return trigger.type in wanted or (self.analysed and trigger.type == FEEDBACK_ANALYSED and bool(wanted))

    def _follows(self, spot: Spot, mood: Mood, wanted: frozenset[str], started: frozenset[tuple[str, str]]) -> bool:
        by_root = {"trigger": spot.rule.when, "event": spot.event}
        for root, triggers in by_root.items():
            for heard in self._heard_types(triggers, wanted):
                if self._can(spot, root, mood, (), heard):
                    return True
        indirectly = (spot.journey.name, spot.rule.name) in started or (FEEDBACK in wanted and self._answered(spot))
        return indirectly and self.may_come(spot)

    def _answered(self, spot: Spot) -> bool:
        """Whether only those come to a step who have answered a survey."""
        asked = [part for each in spot.passed for part in parts_of(each)]
        return any(isinstance(each, Told) and each.what in _ANSWERS and each.message in self.surveys for each in asked)

    def _heard_types(self, triggers: Sequence[t.Trigger], wanted: frozenset[str]) -> Iterator[str]:
        for each in triggers:
            if self._is_heard(each, wanted):
                yield each.type if isinstance(each, t.On) else FEEDBACK if isinstance(each, Answered) else ""

    def _can(
        self, spot: Spot, root: str, mood: Mood, asked: Sequence[Expression] = (), type: str | None = None
    ) -> bool:
        """Whether a run may come here while the feedback under this root is of this mood."""
        if type == "":  # a reply to a survey, of which no score is known yet
            return self.may_come(spot)
        grades = self._grades(spot, root) if type is None else self._grades_of(type)
        conditions = [*spot.true, *spot.untrue, *asked]
        known = (*spot.true, *(_still(spot) if asked else ()))
        return any(_fits(root, mood, grade, conditions, known, spot.untrue) for grade in grades)

    def _grades(self, spot: Spot, root: str) -> Sequence[Grade]:
        """Those with a score, of the feedback under a root: who gave none is no excuse for what hangs on one."""
        triggers = {"trigger": spot.rule.when, "event": spot.event}.get(root, ())
        found = [grade for each in self._heard_types(triggers, self.types) if each
                 for grade in self._grades_of(each)]  # fmt: skip
        return [each for each in found if each.worst is not None] or tuple(map(_grade, _USUAL))

    def _started(self, mood: Mood, wanted: frozenset[str]) -> frozenset[tuple[str, str]]:
        """The rules that feedback of this mood starts, not by itself, but by what it leads to."""
        keys, known = set(self._raised_by_feedback(mood, wanted)), frozenset[tuple[str, str]]()
        while True:
            for spot in self.spots:
                if self._follows(spot, mood, wanted, known):
                    keys.update(_raised(spot))
            found = frozenset((j.name, rule.name) for j in self.journeys for rule in j.rules if _starts(j, rule, keys))
            if found <= known:
                return known
            known |= found

    def _raised_by_feedback(self, mood: Mood, wanted: frozenset[str]) -> Iterator[Key]:
        for journey in self.journeys:
            for stage in journey.stages:
                types = self._heard_types(stage.when, wanted)
                if any(self._agrees(mood, each, () if stage.given is None else (stage.given,)) for each in types):
                    yield "entered", f"{journey.name}/{stage.name}"
            for segment in journey.segments:
                asked = [each for each in aggregates_of(segment.condition) if each.type in wanted]
                if any(self._agrees(mood, each.type, () if each.where is None else (each.where,)) for each in asked):
                    yield JOINED, f"{journey.name}/{segment.name}"

    def _agrees(self, mood: Mood, type: str, conditions: Sequence[Expression]) -> bool:
        """Whether feedback of this mood may be what these conditions ask of it."""
        read = tuple(map(of_trigger, conditions))
        return any(_fits("trigger", mood, grade, read, read) for grade in self._grades_of(type))

    def _grades_of(self, type: str) -> Sequence[Grade]:
        return grades_of(type, self.sources) if self.only is None else (self.only,)


def is_survey(step: s.Send) -> bool:
    """Whether a step asks for feedback."""
    return isinstance(step, s.Ask) or isinstance(step.message, Survey)


def looks_like_feedback(type: str, conditions: Iterable[Expression]) -> bool:
    """Whether a type of touchpoint seems to hold feedback: by its name, or because its score is asked about."""
    return type in _NAMES or any(_is_score(field) for each in conditions for field in _fields(each))


def _starts(journey: Journey, rule: Rule, keys: set[Key]) -> bool:
    own = keys_of(rule.when, journey.name, rule.name) | {(ENROLLED, f"{journey.name}/{rule.name}")}
    return not own.isdisjoint(keys) or any(_changes(each, keys) for each in rule.when)


def _changes(trigger: t.Trigger, keys: set[Key]) -> bool:
    return isinstance(trigger, TraitChanged) and ("trait", trigger.trait) in keys


def _raised(spot: Spot) -> Iterator[Key]:
    """What a step sets off by itself, at once."""
    match spot.step:
        case s.Emit(type=type):
            yield TOUCHPOINT, type
        case s.OpenCase(case=case):
            yield "case_opened", case
        case s.Enrol(rule=rule):
            yield ENROLLED, f"{spot.journey.name}/{rule}"
        case s.MoveTo(stage=stage):
            yield "entered", f"{spot.journey.name}/{stage}"
        case s.SetTrait(trait=trait):
            yield "trait", trait


def _still(spot: Spot) -> tuple[Expression, ...]:
    still = spot.step.still if isinstance(spot.step, s.Send) else None
    return () if still is None else (still,)


# --- facts ------------------------------------------------------------------------------------------------------------


def _fits(
    root: str, mood: Mood, grade: Grade, conditions: Sequence[Expression], true: Sequence[Expression],
    untrue: Sequence[Expression] = (),
) -> bool:  # fmt: skip
    """Whether feedback under this root, in this mood and of this grade, agrees with what is true and what is not."""
    given, denied = _facts(root, mood, grade, conditions)

    def absent(field: Field) -> bool:
        return grade.worst is None and root_of(field) == root and _is_score(field)

    return can_be(_SURE, TRUE, (*true, *given), absent=absent, denied=(*untrue, *denied))


def _facts(
    root: str, mood: Mood, grade: Grade, conditions: Iterable[Expression]
) -> tuple[list[Expression], list[Expression]]:
    """What is true, and what is not, of feedback under this root in this mood: of what the conditions ask about."""
    fields = {path_of(field): field for each in conditions for field in _fields(each) if root_of(field) == root}
    scored = (
        [(grade.score,)]
        if grade.score is not None
        else [path for path in fields if path[-1:] and path[-1].lower() in SCORES - {"sentiment"}]
    )
    ours, other = ("criticism", "praise") if mood == "bad" else ("praise", "criticism")
    value = grade.at(mood)
    given: dict[tuple[str, ...], tuple[str, object]] = {}
    if value is not None:
        given |= dict.fromkeys(scored, ("==", value))
    elif grade.kind is not None:
        given[("intent",)] = "==", ours
    if grade.kind is not None:
        given[("kind",)] = "==", grade.kind
    if ("share",) in fields and grade.worst is not None:
        given[("share",)] = "==", 0 if mood == "bad" else 1
    denied: dict[tuple[str, ...], tuple[str, object]] = {
        ("intent",): ("==", other),
        ("sentiment",): (">" if mood == "bad" else "<", 0),
    }
    happy = [each for path, each in fields.items() if mood == "bad" and path[-1:] and path[-1].lower() in HAPPY]
    return _compared(fields, given), [*_compared(fields, denied), *happy]


def _compared(
    fields: Mapping[tuple[str, ...], Field], wanted: Mapping[tuple[str, ...], tuple[str, object]]
) -> list[Expression]:
    return [Compare(op, fields[path], Constant(value)) for path, (op, value) in wanted.items() if path in fields]


def _is_score(field: Field) -> bool:
    return bool(path_of(field)) and path_of(field)[-1].lower() in (SCORES | {"share"}) - {"sentiment"}


def _is_mood(field: Field) -> bool:
    return bool(path_of(field)) and path_of(field)[-1].lower() in HAPPY | {"intent", "sentiment"}


def _fields(condition: Expression) -> Iterator[Field]:
    """The properties that a condition asks about, those of the past aside."""
    if isinstance(condition, Field) and isinstance(root_of(condition), str):
        yield condition
    elif not isinstance(condition, Aggregate):
        for child in children(condition):
            yield from _fields(child)
