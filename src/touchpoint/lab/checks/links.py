"""What may set off what, at all: the coarse map on which circles are looked for, and what happens beside them.

Only what goes by itself counts: a delivery does, an open, a click or a reply needs the customer, and so does consent.
Who parts ways in a `Split` is exposed once, ever, so that sets nothing off again and again.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import attrs

from touchpoint.core.keys import ENROLLED, Key, keys_in_run
from touchpoint.core.keys import keys_of as all_keys_of
from touchpoint.core.matching import OWN, OWN_ENDED, TOLD
from touchpoint.core.occurrence import ENDED, TOUCHPOINT
from touchpoint.core.program import BUDGET
from touchpoint.core.segments import JOINED, LEFT
from touchpoint.journey import steps as s
from touchpoint.journey.calendar_triggers import DateDue, Schedule
from touchpoint.journey.changes import TraitChanged
from touchpoint.journey.conditions import Aggregate, walk
from touchpoint.journey.journey import Journey
from touchpoint.journey.outcomes import ENDS
from touchpoint.journey.rule import Rule
from touchpoint.journey.stage import Stage
from touchpoint.journey.triggers import Anniversary, CaseEscalated, CaseOverdue, Dwelt, Silent, Trigger
from touchpoint.lab.checks.scene import Scene, at_home
from touchpoint.lab.checks.standing import Question, Token
from touchpoint.model.limits import Limit

CLOCK: Final = (Anniversary, DateDue, Schedule)
"""Triggers that come with time, whatever anybody does."""
TOLD_BY_PROVIDERS: Final = ("delivered", "bounced", "failed", "no_receipt", "task_expired")
"""Touchpoints that follow from a message by themselves."""
COMES_BACK: Final = (*((ENDED, each) for each in ENDS), (TOLD, "delivered"), (TOLD, "failed"))


@attrs.frozen(eq=False)
class Node:
    """A rule or a stage; `path` is where it stands, `name` what findings call it, `keys` what starts it."""

    journey: Journey
    name: str
    path: str
    of: Rule | Stage
    keys: frozenset[Key]

    @property
    def label(self) -> str:
        """Journey and name, as in `Run.label`."""
        return f"{self.journey.name}/{self.of.name}"


@attrs.frozen(eq=False)
class Watched:
    """A segment: what it asks, and of which types it looks through a window."""

    name: str
    question: Question
    windows: frozenset[str]


_Reach: TypeAlias = tuple[frozenset[Key], frozenset[Token], bool]


class Links:
    """Everything that may react, and what it may raise and change.

    Args:
        scene: what is checked together.
        at_once: whether no time may pass; what limits rules differs.
    """

    def __init__(self, scene: Scene, *, at_once: bool) -> None:
        self.scene, self.at_once = scene, at_once
        self.stages = [_stage_node(*each) for each in scene.stages()]
        self.rules = [_rule_node(*each) for each in scene.rules()]
        self.segments = [_watched(journey, each) for journey in scene.journeys for each in journey.segments]
        triggers = [(journey.name, "", each) for journey in scene.journeys for each in _triggers(journey)]
        self.dwells = [
            (key, each) for name, _, each in triggers if isinstance(each, Dwelt) for key in _keys(each, name)
        ]
        self.silences = [
            (key, each) for name, _, each in triggers if isinstance(each, Silent) for key in _keys(each, name)
        ]
        self.traits = [
            (key, each) for name, _, each in triggers if isinstance(each, TraitChanged) for key in _keys(each, name)
        ]
        self.raises = {node: frozenset(self._raised_by(node)) for node in self.nodes}
        self.writes = {node: frozenset(self._written_by(node)) for node in self.nodes}
        self.reaches = {node: self._reach(node) for node in self.nodes}

    @property
    def nodes(self) -> list[Node]:
        """Stages and rules, in the order in which circles are told."""
        return [*self.stages, *self.rules]

    def beside(self, keys: Iterable[Key]) -> _Reach:
        """The keys, tokens, and whether messages go out, of all that may follow from these keys."""
        met = [
            self.reaches[node] for node in self.nodes if not node.keys.isdisjoint(keys) and not self.is_limited(node)
        ]
        found: frozenset[Key] = frozenset(keys).union(*(each[0] for each in met))
        return found, frozenset[Token]().union(*(each[1] for each in met)), any(each[2] for each in met)

    def may_return(self, node: Node) -> bool:
        """Whether what follows from a node may set it off again, as far as the coarse map goes."""
        keys = {*node.keys, *self.raises[node]} if isinstance(node.of, Stage) else node.keys
        return not keys.isdisjoint(self.reaches[node][0])

    def is_limited(self, node: Node) -> bool:
        """Whether a limit stops the rule sooner or later; one per stage or per key is another matter."""
        limit = node.of.limit if isinstance(node.of, Rule) else None
        if limit is None or limit.kind == "once_per_stage" or limit.per_key:
            return False
        return not self.at_once or not _outlasts(limit, node.of)

    # --- one thing and another ----------------------------------------------------------------------------------------

    def _reach(self, node: Node) -> _Reach:
        seen, todo = {node}, [node]
        while todo:
            keys = self.raises[todo.pop()]
            more = [each for each in self.nodes if each not in seen and not each.keys.isdisjoint(keys)]
            more = [each for each in more if not self.is_limited(each)]
            seen.update(more)
            todo += more
        keys = frozenset[Key]().union(*(self.raises[each] for each in seen))
        return keys, frozenset[Token]().union(*(self.writes[each] for each in seen)), any(map(sends, seen))

    def _raised_by(self, node: Node) -> Iterator[Key]:
        if isinstance(node.of, Stage):
            yield from self.keys_of_move(node.journey, node.of.name)
            yield from self._of_segments({("stage", node.journey.name)})
            return
        for step in s.flat(node.of.then):
            yield from self.keys_of_step(node.journey, step)

    def keys_of_step(self, journey: Journey, step: s.Step) -> Iterator[Key]:
        """Everything that may come of a step by itself."""
        match step:
            case s.Emit():
                yield TOUCHPOINT, step.type
                yield from (key for key, each in self.silences if each.of == step.type)
            case s.MoveTo():
                yield from self.keys_of_move(journey, step.stage)
            case s.Enrol():
                yield ENROLLED, f"{journey.name}/{step.rule}"
            case s.OpenCase():
                yield "case_opened", step.case
                if any(each.name == step.case and each.reopen_within is not None for each in journey.cases):
                    yield "case_reopened", step.case
                yield from keys_of_overdue(step.case)
            case s.CloseCase():
                yield "case_closed", step.case
            case s.SetTrait():
                yield from (key for key, each in self.traits if each.trait == step.trait)
            case s.Send():
                yield from keys_of_message(step)
        yield from self._of_segments(written_by(journey, step))

    def keys_of_move(self, journey: Journey, stage: str) -> Iterator[Key]:
        """Everything that may come of a move to a stage."""
        here = f"{journey.name}/{stage}"
        yield "entered", here
        yield from (("left", f"{journey.name}/{each.name}") for each in journey.stages if each.name != stage)
        yield from (key for key, _ in self.dwells if key[1].startswith(f"{here}|"))

    def _of_segments(self, tokens: Iterable[Token]) -> Iterator[Key]:
        for name in self._touched(tokens):
            yield JOINED, name
            yield LEFT, name

    def _touched(self, tokens: Iterable[Token]) -> list[str]:
        """The segments that read any of these, or a segment that does."""
        changed, found = set(tokens), dict[str, None]()
        for _ in self.segments:
            for each in self.segments:
                if each.name not in found and each.question.reads & changed:
                    found[each.name] = None
                    changed.add(("segment", each.name))
        return list(found)

    def _written_by(self, node: Node) -> Iterator[Token]:
        if isinstance(node.of, Stage):
            written: set[Token] = {("stage", node.journey.name)}
        else:
            written = {token for step in s.flat(node.of.then) for token in written_by(node.journey, step)}
        yield from written
        yield from (("segment", name) for name in self._touched(written))


def written_by(journey: Journey, step: s.Step) -> set[Token]:
    """What a step changes that conditions may look at."""
    match step:
        case s.Emit():
            return {("touchpoint", step.type)}
        case s.MoveTo():
            return {("stage", journey.name)}
        case s.OpenCase() | s.CloseCase():
            return {("cases",)}
        case s.SetTrait():
            return {("trait", step.trait)}
        case s.Send():
            return {("touchpoint", each) for each in TOLD_BY_PROVIDERS}
    return set()


def keys_of_overdue(case: str) -> Sequence[Key]:
    """What comes of a case that is open for too long, unless somebody closes or answers it."""
    return [*_keys(CaseOverdue(case), ""), *_keys(CaseEscalated(case), "")]


def keys_of_message(step: s.Send) -> Iterator[Key]:
    """What comes back of a message by itself, for everybody and for its own run."""
    name = step.message.name
    for kind, what in COMES_BACK:
        yield kind, f"{name}|{what}"
        yield (OWN_ENDED if kind == ENDED else OWN), f"{name}|{what}"
    yield from ((TOUCHPOINT, each) for each in TOLD_BY_PROVIDERS)


def sends(node: Node) -> bool:
    """Whether a rule sends messages or calls functions of the host."""
    return isinstance(node.of, Rule) and any(isinstance(step, s.Send | s.Call) for step in s.flat(node.of.then))


def keys_awaited(node: Node, triggers: Iterable[Trigger]) -> frozenset[Key]:
    """The keys of triggers in a rule's runs: of its exits, goal and waits."""
    return keys_in_run(triggers, node.journey.name, node.of.name)


def _keys(trigger: Trigger, journey: str, rule: str = "") -> Sequence[Key]:
    return all_keys_of(trigger, journey, rule)


def _stage_node(journey: Journey, path: str, stage: Stage) -> Node:
    keys = frozenset(key for each in stage.when for key in _keys(each, journey.name))
    return Node(journey, f"stage {stage.name}", path, stage, keys)


def _rule_node(journey: Journey, path: str, rule: Rule) -> Node:
    keys = {key for each in rule.when for key in _keys(each, journey.name, rule.name)}
    return Node(journey, f"rule {rule.name}", path, rule, frozenset({*keys, (ENROLLED, f"{journey.name}/{rule.name}")}))


def _watched(journey: Journey, segment: object) -> Watched:
    condition = at_home(segment.condition, journey.name)  # type: ignore[attr-defined]  # of a Segment
    asked = [each for each in walk(condition) if isinstance(each, Aggregate)]
    windows = frozenset(each.type for each in asked if getattr(each, "within", None) is not None)
    return Watched(f"{journey.name}/{segment.name}", Question.of(condition), windows)  # type: ignore[attr-defined]


def _triggers(journey: Journey) -> Iterator[Trigger]:
    yield from (each for stage in journey.stages for each in stage.when)
    yield from (each for rule in journey.rules for each in rule.when)


def _outlasts(limit: Limit, rule: Rule | Stage) -> bool:
    """Whether so many starts take more steps than one decision may."""
    steps = len(list(s.flat(rule.then))) if isinstance(rule, Rule) else 0
    return limit.n * (2 + steps) > BUDGET
