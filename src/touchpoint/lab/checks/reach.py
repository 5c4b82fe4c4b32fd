"""Stages, rules and steps that nobody ever comes to (TC2xx)."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from touchpoint.core.keys import key_of
from touchpoint.journey import steps as s
from touchpoint.journey.conditions import Expression, InStage, Literal, walk
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Hold
from touchpoint.journey.rule import Rule
from touchpoint.journey.stage import Stage
from touchpoint.journey.taken_apart import walk_parts
from touchpoint.journey.triggers import CaseEscalated, CaseOverdue, Dwelt, Entered, Joined, Left, LeftSegment, Trigger
from touchpoint.lab.checks.case_times import case_times, lacks
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.scene import Scene, at_home, keys_of, of_trigger, placed, policies
from touchpoint.lab.checks.solve import always, never

_Of = tuple[str, str]
"""A stage: its journey and its name."""


def reach(scene: Scene) -> Iterator[Finding]:
    """Everything that is out of reach."""
    there = _reachable(scene)
    for journey, path, stage in scene.stages():
        yield from _stage(journey, path, stage, there)
    for journey, path, rule in scene.rules():
        if rule.when and not any(_may_happen(each, journey, there) for each in rule.when):
            what = f"starts only by {_listed(rule.when)}, and nobody comes there"
            yield found("TC202", journey.name, f"{path}.when", f"rule {rule.name}", what)
        yield from _after_the_end(journey, f"{path}.then", f"rule {rule.name}", rule.then)
        yield from _ends_first(journey, path, rule)
        yield from _never_best(journey, path, rule)
    yield from _elsewhere(scene)
    yield from _left_open(scene)
    yield from _never_overdue(scene)
    yield from case_times(scene)


def _listed(triggers: Sequence[Trigger]) -> str:
    return " or ".join(map(str, triggers))


# --- stages -----------------------------------------------------------------------------------------------------------


def _reachable(scene: Scene) -> set[_Of]:
    """The stages that somebody may come to, by steps or by triggers that may happen."""
    known: set[_Of] = set()
    while True:
        new = {(journey.name, each.name) for journey, _, each in scene.stages() if _is_entered(journey, each, known)}
        if new <= known:
            return known
        known |= new


def _is_entered(journey: Journey, stage: Stage, known: set[_Of]) -> bool:
    if any(_moves_to(rule, stage.name) and _starts(rule, journey, known) for rule in journey.rules):
        return True
    follows = not stage.after or any((journey.name, each) in known for each in stage.after)
    return follows and any(_may_happen(each, journey, known) for each in stage.when)


def _moves_to(rule: Rule, stage: str) -> bool:
    return any(isinstance(step, s.MoveTo) and step.stage == stage for step in s.flat(rule.then))


def _starts(rule: Rule, journey: Journey, known: set[_Of]) -> bool:
    return not rule.when or any(_may_happen(each, journey, known) for each in rule.when)


def _may_happen(trigger: Trigger, journey: Journey, known: set[_Of]) -> bool:
    """Whether a trigger may happen, as far as stages and segments say; those of journeys that are not at hand may."""
    if isinstance(trigger, Joined | LeftSegment) and trigger.journey in (None, journey.name):
        found = (each for each in journey.segments if each.name == trigger.segment)
        return not any(never(at_home(each.condition, journey.name)) for each in found)
    if not isinstance(trigger, Entered | Left | Dwelt) or trigger.journey not in (None, journey.name):
        return True
    return (journey.name, trigger.stage) in known


def _stage(journey: Journey, path: str, stage: Stage, there: set[_Of]) -> Iterator[Finding]:
    about = f"stage {stage.name}"
    if (journey.name, stage.name) not in there:
        why = "has no trigger, and no step moves anybody there" if not stage.when else _why_not(journey, stage, there)
        yield found("TC201", journey.name, path, about, f"the stage {why}")
        return
    if stage.given is not None and never(at_home(stage.given, journey.name)):
        return
    for n, trigger in enumerate(stage.when):
        if shadow := _shadow(journey, stage, trigger):
            what = f"{shadow.name!r} stands before it and matches whenever this one does"
            yield found("TC203", journey.name, f"{path}.when[{n}]", about, what)


def _why_not(journey: Journey, stage: Stage, there: set[_Of]) -> str:
    if stage.after and not any((journey.name, each) in there for each in stage.after):
        return f"comes only after {' or '.join(stage.after)}, where nobody ever is"
    return f"is entered only by {_listed(stage.when)}, which never happens"


def _shadow(journey: Journey, stage: Stage, trigger: Trigger) -> Stage | None:
    """The first earlier stage that is entered by this trigger whenever this one would be."""
    key = key_of(trigger, journey.name)
    given = () if stage.given is None else (_read(stage.given, journey),)
    for each in takewhile(lambda earlier: earlier is not stage, journey.stages):
        if key not in keys_of(each.when, journey.name) or each.after:
            continue
        if each.given is None or always(_read(each.given, journey), given):
            return each
    return None


def _read(condition: Expression, journey: Journey) -> Expression:
    return of_trigger(at_home(condition, journey.name))


# --- steps ------------------------------------------------------------------------------------------------------------


def _after_the_end(journey: Journey, path: str, about: str, taken: Sequence[s.Step]) -> Iterator[Finding]:
    for n, step in enumerate(taken):
        for name, arm in s.arms(step):
            yield from _after_the_end(journey, f"{path}[{n}].{name}", about, arm)
        if ends(step) and n + 1 < len(taken):
            what = f"nobody comes here: {s.label(step)} before it always leaves the run"
            yield found("TC204", journey.name, f"{path}[{n + 1}]", about, what)
            return


def ends(step: s.Step) -> bool:
    """Whether a run always leaves by this step."""
    if isinstance(step, s.Branch | s.WaitFor | s.WaitUntil):
        return all(any(map(ends, arm)) for arm in (step.then, step.otherwise))
    if isinstance(step, s.Split):
        return all(any(map(ends, arm)) for arm in step.arms.values())
    if isinstance(step, s.Best):
        return all(any(map(ends, arm)) for arm in (*(each.then for each in step.candidates), step.otherwise))
    return isinstance(step, s.Exit)


def _ends_first(journey: Journey, path: str, rule: Rule) -> Iterator[Finding]:
    exits = keys_of((each for each in rule.exit if not isinstance(each, Expression)), journey.name, rule.name)
    goal = rule.goal
    goals = keys_of(goal.trigger, journey.name, rule.name) if _is_plain(rule) and goal is not None else set()
    for each in placed(rule, path):
        step = each.step
        if not isinstance(step, s.WaitFor) or not (step.then or any(map(ends, step.otherwise))):
            continue
        for trigger in step.trigger:
            key = key_of(trigger, journey.name, rule.name)
            if key in exits | goals:
                by = "exit=" if key in exits else "the goal"
                what = f"{trigger} ends the run by {by} before this wait sees it"
                yield found("TC206", journey.name, f"{each.path}.trigger", f"rule {rule.name}", what)


def _never_best(journey: Journey, path: str, rule: Rule) -> Iterator[Finding]:
    """Candidates that another one always comes before: it may always be taken, and is never worth less."""
    for each in placed(rule, path):
        step = each.step
        if not isinstance(step, s.Best):
            continue
        values = [_worth(one) for one in step.candidates]
        sure = [(n, values[n]) for n, one in enumerate(step.candidates) if _is_sure(one)]
        for n, one in enumerate(step.candidates):
            worth = values[n]
            if worth is None:
                continue
            before = [m for m, value in sure if m != n and (value > worth or (value == worth and m < n))]
            if before:
                other = step.candidates[before[0]].name
                what = f"{other!r} may always be taken and is worth no less, so {one.name!r} is never chosen"
                yield found("TC209", journey.name, f"{each.path}.candidates[{n}]", f"rule {rule.name}", what)
        if sure and step.otherwise:
            what = f"{step.candidates[sure[0][0]].name!r} may always be taken, so nobody comes here"
            yield found("TC209", journey.name, f"{each.path}.otherwise", f"rule {rule.name}", what)


def _worth(candidate: s.Candidate) -> Any:  # noqa: ANN401 - a number of any sort
    """What it is worth whatever the data; None where they tell."""
    return candidate.value.value if isinstance(candidate.value, Literal) else None


def _is_sure(candidate: s.Candidate) -> bool:
    """Whether nothing can stand against a candidate: no condition, a fixed value, and nothing is sent at first."""
    sends = bool(candidate.then) and isinstance(candidate.then[0], s.Send)
    return candidate.given is None and _worth(candidate) is not None and not sends


def _is_plain(rule: Rule) -> bool:
    """Whether its goal ends the run whenever its trigger happens."""
    goal = rule.goal
    return goal is not None and goal.ends and goal.given is None and goal.within is None


# --- other places -----------------------------------------------------------------------------------------------------


def _elsewhere(scene: Scene) -> Iterator[Finding]:
    known = {journey.name: {each.name for each in journey.stages} for journey in scene.journeys}
    for journey in scene.journeys:
        for path, part in walk_parts(journey, "$"):
            for node in walk(part) if isinstance(part, Expression) else (part,):
                if not isinstance(node, Entered | Left | Dwelt | InStage) or node.journey not in known:
                    continue
                if node.stage not in known[str(node.journey)]:
                    what = f"the journey {node.journey!r} has no stage {node.stage!r}"
                    yield found("TC205", journey.name, path, about_of(journey, path), what)


def about_of(journey: Journey, path: str) -> str:
    """What a path belongs to, in the words of findings."""
    named = (
        ("rule", journey.rules),
        ("stage", journey.stages),
        ("segment", journey.segments),
        ("suggestion", journey.suggestions),
    )
    parts = ((f"{what}s[{n}]", f"{what} {part.name}") for what, some in named for n, part in enumerate(some))  # type: ignore[attr-defined]
    return next((words for part, words in parts if path.startswith(f"$.{part}.")), "the journey")


def _left_open(scene: Scene) -> Iterator[Finding]:
    closed = {step.case for _, _, rule in scene.rules() for step in s.flat(rule.then) if isinstance(step, s.CloseCase)}
    closed |= {each.name for journey in scene.journeys for each in journey.cases if each.answer_closes}
    holds = [each for policy in policies(scene).values() for each in policy.items if isinstance(each, Hold)]
    seen: set[str] = set()
    for journey, path, rule in scene.rules():
        for each in placed(rule, path):
            step = each.step
            if not isinstance(step, s.OpenCase) or step.case in closed | seen:
                continue
            if any(hold.while_open is None or step.case in hold.while_open for hold in holds):
                seen.add(step.case)
                what = f"no rule closes the case {step.case!r}, and a hold waits for its end"
                yield found("TC207", journey.name, each.path, f"rule {rule.name}", what)


def _never_overdue(scene: Scene) -> Iterator[Finding]:
    for journey in scene.journeys:
        kinds = {each.name: each for each in journey.cases}
        for path, node in walk_parts(journey, "$"):
            if not isinstance(node, CaseOverdue | CaseEscalated) or node.case not in kinds:
                continue
            if (missing := lacks(kinds[node.case], node)) is not None:
                what = f"the case type {node.case!r} has no {missing}, so {node} never happens"
                yield found("TC208", journey.name, path, about_of(journey, path), what)
