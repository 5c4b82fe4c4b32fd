"""What a journey must be before it may run: every problem is found at once, each with its path and its fix.

First the shape of every part is compared with a table; the checks that relate parts to each other see only sound ones,
so one mistake never hides another and never crashes a check.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from touchpoint.errors import JourneyError, Problem, TouchpointError, hint
from touchpoint.journey import asking, case_checks, conversation, of_run, steps, triggers
from touchpoint.journey.by_hand import PREFIX
from touchpoint.journey.conditions import CaseOpen, Expression, Field, InSegment, InStage, Outcome, Told
from touchpoint.journey.declared_checks import misused, undeclared
from touchpoint.journey.earlier import wrong_earlier_names
from touchpoint.journey.experiment_checks import experiment_problems, split_problems
from touchpoint.journey.gift_checks import gift_problems, named_alike, named_once
from touchpoint.journey.journey import Journey
from touchpoint.journey.message_checks import content_problems
from touchpoint.journey.named_messages import of_the_run, sent_nowhere
from touchpoint.journey.outcomes import MESSAGE_TRIGGERS
from touchpoint.journey.policy import Hold, Pull
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.segment_checks import circles, refused_parts
from touchpoint.journey.stage import Stage
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.suggestion_checks import (
    best_problems,
    named_by_suggestion,
    one_of_a_name,
    suggestion_problems,
)
from touchpoint.journey.taken_apart import Parts, Scene, owner, parts_of, scene_of
from touchpoint.model.budget import Budget
from touchpoint.model.case import CaseType
from touchpoint.model.message import Gift, Message, Survey
from touchpoint.model.names import type_name
from touchpoint.model.referral import REFERRAL_TYPES


def check(journey: Journey) -> None:
    """Refuse a journey that is not valid.

    Raises:
        JourneyError: with every problem there is.
    """
    name = f" {journey.name!r}" if isinstance(journey.name, str) else ""
    _refuse(f"journey{name} is not valid", problems(journey))


def problems(journey: Journey) -> tuple[Problem, ...]:
    """Everything that is wrong with a journey, in reading order of the checks; empty where it is valid."""
    scene = scene_of(journey)
    return (*scene.misfits, *(problem for concern in _CONCERNS for problem in concern(scene)))


def check_together(journeys: Sequence[Journey]) -> None:
    """Refuse journeys that contradict each other.

    That is: equal names of journeys, a message or case of one name with two definitions, a hold on a case that none of
    them declares, and a trigger by what became of a message that none of them sends.

    Raises:
        JourneyError: with every problem there is; `$[1]` is the second journey.
    """
    placed = [(f"$[{n}]", journey) for n, journey in enumerate(journeys)]
    # One alone was asked about most of it when it was built.
    alone = len(journeys) == 1 and not parts_of(journeys[0]).only(*MESSAGE_TRIGGERS)
    classes = (CaseType, Hold) if alone else _SHARED
    shared = ((root, each) for root, journey in placed for each in parts_of(journey).only(*classes))
    nodes = Parts((f"{root}{path[1:]}", part) for root, (path, part) in shared)
    _refuse("these journeys cannot live together", [*(_holds(nodes) if alone else _contradictions(placed, nodes))])


def _contradictions(placed: Sequence[tuple[str, Journey]], nodes: Parts) -> Iterator[Problem]:
    yield from _twice("journey", [(f"{path}.name", journey.name) for path, journey in placed])
    yield from _differ("case", nodes.only(CaseType))
    yield from _differ("message", nodes.only(Message))
    yield from _holds(nodes)
    yield from experiment_problems(nodes)
    yield from _circles(placed)
    yield from sent_nowhere(nodes)
    yield from one_of_a_name(nodes)


_SHARED: Final[tuple[type[Any], ...]] = (
    CaseType, Hold, Message, Suggestion, steps.Split, triggers.Exposed, *MESSAGE_TRIGGERS,
)  # fmt: skip
"""What journeys that live together may contradict each other in."""


def _circles(placed: Sequence[tuple[str, Journey]]) -> Iterator[Problem]:
    """Segments of one journey may ask about those of another."""
    told = ((path, journey, n, each) for path, journey in placed for n, each in enumerate(journey.segments))
    return circles([(f"{path}.segments[{n}]", journey.name, each) for path, journey, n, each in told])


def _refuse(what: str, found: Sequence[Problem]) -> None:
    if found:
        raise JourneyError(what, found)


# --- the concerns -----------------------------------------------------------------------------------------------------


def _choices(scene: Scene) -> Iterator[Problem]:
    yield from split_problems(scene.nodes)
    broken = tuple(each.path for each in scene.misfits)
    whole = (
        (path, node)
        for path, node in scene.only(Suggestion, Pull)
        if not any(each.startswith(f"{path}.") for each in broken)
    )
    yield from suggestion_problems(scene.journey.name, Parts(whole))
    yield from one_of_a_name(scene.nodes)
    yield from best_problems(scene.nodes)


def _twice(what: str, named: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    if len({name for _, name in named}) == len(named):
        return
    first: dict[str, str] = {}
    for path, name in named:
        if name in first:
            yield Problem(path, f"{what} {name!r} is declared twice, first as {first[name]}", "give each its own name")
        first.setdefault(name, path)


def _differ(what: str, named: Iterable[tuple[str, Any]]) -> Iterator[Problem]:
    first: dict[str, tuple[str, Any]] = {}
    for path, each in named:
        place, other = first.setdefault(each.name, (path, each))
        if each is not other and each != other:
            found = f"{what} {each.name!r} has two definitions, the other at {place}"
            yield Problem(f"{path}.name", found, named_once(path, place, each, other))


def _holds(nodes: Parts) -> Iterator[Problem]:
    cases = {case.name for _, case in nodes.only(CaseType)}
    for path, hold in nodes.only(Hold):
        for name in hold.while_open or ():
            if name not in cases:
                found = f"no journey declares the case {name!r}{hint(name, cases)}"
                yield Problem(f"{path}.while_open", found, _FIXES["case"])


def _names(scene: Scene) -> Iterator[Problem]:
    for what, cls in (("rule", Rule), ("stage", Stage), ("segment", Segment), ("case", CaseType)):
        found: Sequence[tuple[str, Any]] = scene.only(cls)
        yield from _twice(what, [(f"{path}.name", each.name) for path, each in found])
    yield from _differ("message", scene.only(Message))
    yield from experiment_problems(scene.nodes)
    for path, rule in scene.rules:
        if rule.name.startswith(PREFIX):
            yield Problem(f"{path}.name", f"rules whose names begin with {PREFIX!r} are the engine's own", "rename it")
        placed = scene.steps[path]
        if len({name for _, name, _ in placed}) < len(placed):
            yield from _twice("step", [(place, name) for place, name, _ in placed])


def _earlier(scene: Scene) -> Iterator[Problem]:
    return wrong_earlier_names(scene.rules, scene.steps)


def _classes(scene: Scene) -> Iterator[Problem]:
    named = []
    for n, cls in enumerate(scene.declared):
        try:
            named.append((f"$.touchpoints[{n}]", type_name(cls)))
        except TouchpointError as error:
            yield Problem(f"$.touchpoints[{n}]", str(error), "give the class a __touchpoint__ of its own")
    yield from _twice("touchpoint type", named)
    yield from (_own_type(path, name) for path, name in named if name in REFERRAL_TYPES)
    yield from (
        _own_type(f"{path}.type", step.type) for path, step in scene.only(steps.Emit) if step.type in REFERRAL_TYPES
    )


def _own_type(path: str, name: str) -> Problem:
    return Problem(path, f"touchpoints of the type {name!r} are the engine's own (Engine.refer)", "take another name")


_FIXES: Final = {
    "stage": "declare it in stages=[…]",
    "segment": "declare it in segments=[…]",
    "case": "declare it in cases=[…]",
    "rule": "name a rule of this journey",
}


def _mentions(scene: Scene) -> Iterator[Problem]:
    """Stages, cases and rules that are named somewhere, and declared nowhere."""
    journey = scene.journey
    known = {
        "stage": [each.name for each in journey.stages if isinstance(each, Stage) and isinstance(each.name, str)],
        "segment": [each.name for each in journey.segments if isinstance(each, Segment) and isinstance(each.name, str)],
        "case": [each.name for each in journey.cases if isinstance(each, CaseType) and isinstance(each.name, str)],
        "rule": [each.name for each in journey.rules if isinstance(each, Rule) and isinstance(each.name, str)],
    }
    for path, part in scene.deep.only(*_NAMING):
        for what, name in (*_named_by(part, journey.name), *named_by_suggestion(part)):
            if name not in known[what]:
                found = f"there is no {what} {name!r} in this journey{hint(name, known[what])}"
                yield Problem(path, found, _FIXES[what])


_OF_CASE: Final = (
    triggers.CaseOpened, triggers.CaseClosed, triggers.CaseOverdue,
    triggers.CaseEscalated, triggers.CaseReopened, triggers.CaseMerged,
    steps.OpenCase, steps.CloseCase,
)  # fmt: skip


_NAMING: Final = (
    triggers.Entered, triggers.Left, triggers.Dwelt, triggers.Joined, triggers.LeftSegment,
    InStage, InSegment, CaseOpen, steps.MoveTo, steps.Enrol, Stage, Suggestion, *_OF_CASE,
)  # fmt: skip
"""Whatever names a stage, a segment, a case or a rule."""


def _named_by(node: object, journey: str) -> Iterator[tuple[str, str]]:
    match node:
        case triggers.Entered() | triggers.Left() | triggers.Dwelt() | InStage():
            if node.journey is None or node.journey == journey:
                yield "stage", node.stage
        case triggers.Joined() | triggers.LeftSegment() | InSegment():
            if node.journey is None or node.journey == journey:
                yield "segment", node.segment
        case steps.MoveTo():
            yield "stage", node.stage
        case Stage():
            yield from (("stage", each) for each in node.after)
        case _ if isinstance(node, _OF_CASE):
            yield "case", node.case
        case CaseOpen() if node.kind is not None:
            yield "case", node.kind
        case steps.Enrol():
            yield "rule", node.rule


def _segments(scene: Scene) -> Iterator[Problem]:
    declared = list(scene.only(Segment))
    for path, each in declared:
        yield from refused_parts(f"{path}.condition", each.condition)
    yield from circles([(path, scene.journey.name, each) for path, each in declared])


def _outcomes(scene: Scene) -> Iterator[Problem]:
    asked: Sequence[tuple[str, Any]] = scene.deep.only(Outcome, Told)
    homes = {owner(path) for path, _ in asked}
    sent = {path: _sent(rule) for path, rule in scene.rules if path in homes}
    of_runs = [(path, part, sent[home]) for path, part in asked if (home := owner(path)) in sent]
    # The condition of a stage belongs to no run.
    of_stages = [(path, part, frozenset[str]()) for path, part in asked if path.startswith("$.stages[")]
    for path, part, known in of_runs + of_stages:
        if part.message not in known:
            found = f"{part}: no run sends the message {part.message!r} here{hint(part.message, known)}"
            yield Problem(path, found, "ask only about messages that the same rule sends")
    for path, rule in scene.rules_with(*MESSAGE_TRIGGERS):
        yield from of_the_run(path, rule, _sent(rule))


def _cases(scene: Scene) -> Iterator[Problem]:
    return case_checks.problems_of(scene.nodes)


def _of_the_run(scene: Scene) -> Iterator[Problem]:
    yield from of_run.problems_of(dict(scene.rules), scene.deep.only(Field))
    if scene.worded:
        yield from of_run.lacking_words(scene.rules, scene.steps)


def _sent(rule: Rule) -> frozenset[str]:
    return frozenset(step.message.name for step in steps.flat(rule.then) if isinstance(step, steps.Send))


def _starts_and_ends(scene: Scene) -> Iterator[Problem]:
    """Rules, goals and waits say what they wait for, and how long."""
    for path, node in scene.only(Goal, steps.Wait, steps.WaitFor, steps.WaitUntil):
        match node:
            case Goal(trigger=()) | steps.WaitFor(trigger=()):
                yield Problem(
                    f"{path}.trigger", "names nothing that could happen", "name a touchpoint type or another trigger"
                )
            case steps.Wait() if node.at is not None and not isinstance(node.until, Expression):
                found = "at= is the local time of a date from data, and there is none"
                yield Problem(f"{path}.at", found, "write until=customer.renewal, say")
        if isinstance(node, steps.WaitFor | steps.WaitUntil) and node.timeout is None:
            found = "a wait says how long it lasts, for otherwise it may never end and nobody notices"
            yield Problem(f"{path}.timeout", found, "write timeout=days(3), say; if it may last for ever, say forever")


def _messages(scene: Scene) -> Iterator[Problem]:
    seen: set[tuple[int, bool]] = set()
    answers = {f"{path}.message" for path, _ in scene.only(steps.Reply, steps.React)}
    for path, message in scene.only(Message):
        if (id(message), path in answers) in seen:  # one object in several places is wrong once
            continue
        seen.add((id(message), path in answers))
        if not message.why.strip():
            found = f"a message must say why we send it: {message.name!r} has no purpose"
            yield Problem(f"{path}.why", found, 'write why="…", what it is good for')
        if not message.channels and path not in answers:
            found = f"message {message.name!r} has no channel to go out on"
            yield Problem(f"{path}.channels", found, 'write channels=["email"], say')
        if message.limit is not None and (message.limit.kind == "once_per_stage" or message.limit.per_key):
            yield Problem(f"{path}.limit", "a message knows no stage and no key", "put this limit on the rule")
        if message.answer and message.effective_kind != "transactional":
            found = (
                f"message {message.name!r} passes every wish as the answer to a word, and is {message.effective_kind}"
            )
            yield Problem(f"{path}.answer", found, 'answers are kind="transactional" and promote nothing')
        if id(message) in scene.worded:
            yield from content_problems(path, message, anywhere=path in answers)
        if isinstance(message, Gift):
            yield from gift_problems(path, message)
        if isinstance(message, Survey):
            yield from asking.survey_problems(path, message)
    yield from named_alike(scene.only(Budget), scene.only(Gift))


def _surveys(scene: Scene) -> Iterator[Problem]:
    for path, ask in scene.only(steps.Ask):
        yield from asking.problems_of(path, ask)
    for path, _ in scene.rules_with(steps.Ask):
        yield from asking.asked_twice(path, ((name, step) for _, name, step in scene.steps[path]))


def _conversations(scene: Scene) -> Iterator[Problem]:
    for path, step in scene.only(steps.Reply, steps.React):
        yield from conversation.problems_of(path, step)


_CONCERNS: Final[tuple[Callable[[Scene], Iterator[Problem]], ...]] = (
    _names, _earlier, _classes, _mentions, _segments, _outcomes, _cases, _of_the_run, _starts_and_ends, _messages,
    _conversations, _surveys, undeclared, misused, _choices,
)  # fmt: skip
