"""Steps that take no time, on the way round: what each raises, and what is known after it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

import attrs

from touchpoint.core.keys import ENROLLED
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.values import equal
from touchpoint.durations import length
from touchpoint.journey import steps as s
from touchpoint.journey.conditions import Expression, Field, Literal, path_of, root_of
from touchpoint.lab.checks.links import keys_of_overdue
from touchpoint.lab.checks.looking import Looking
from touchpoint.lab.checks.standing import Value, are_same
from touchpoint.lab.checks.ways import NO_KEY, Item, Next, Way, its, key_of


def _emit(at: Looking, way: Way, step: s.Emit, rest: tuple[s.Step, ...]) -> Iterator[Next]:
    if step.type in at.world.banned:
        return
    given: dict[str, Value] = {}
    for name, each in step.properties.items():
        way, given[name] = _value(way, each)
    items = [Item((TOUCHPOINT, step.type), given, emits=step.type)]
    for key, silence in at.links.silences:
        if silence.of == step.type:
            items.append(Item(key, {}, timed=True, most=microseconds(silence.length)))
    yield attrs.evolve(way, emits=way.emits | {step.type}).raising(items), rest


def _enrol(_: Looking, way: Way, step: s.Enrol, rest: tuple[s.Step, ...]) -> Iterator[Next]:
    yield way.raising([Item((ENROLLED, f"{way.node.journey.name}/{step.rule}"), way.props)]), rest


def _move_to(at: Looking, way: Way, step: s.MoveTo, rest: tuple[s.Step, ...]) -> Iterator[Next]:
    node = next(each for each in at.links.stages if each.journey is way.node.journey and each.of.name == step.stage)
    comes = at.comes_after(node.of, way.standing.facts.get(("stage", node.journey.name)))  # type: ignore[arg-type]
    if comes is not True:
        yield attrs.evolve(way, sure=way.sure and comes is False), rest
    if comes is not False:
        for standing, items in at.moved(way.standing, node, sure=comes is True):
            marked = [attrs.evolve(each, stage=node) for each in items]
            yield attrs.evolve(way, standing=standing).raising(marked), rest


def _set_trait(at: Looking, way: Way, step: s.SetTrait, rest: tuple[s.Step, ...]) -> Iterator[Next]:
    token = ("trait", step.trait)
    before = _trait(way, step.trait)
    way, value = _value(way, step.value)
    same = are_same(before, value)
    if same is True:
        yield way, rest
        return
    sure = same is False and isinstance(value, Literal)
    standing, more = at.reassessed(way.standing.having(token, value), {token})
    told: dict[str, Value] = {"value": value, "before": before}
    items = []
    for key, trigger in at.links.traits:
        meets = True if trigger.to is None else _equals(value, trigger.to)
        if trigger.trait == step.trait and meets is not False:
            items.append(Item(key, told, sure=sure and meets is True))
    yield attrs.evolve(way, standing=standing).raising([*items, *more]), rest


def _case(at: Looking, way: Way, step: s.OpenCase | s.CloseCase, rest: tuple[s.Step, ...]) -> Iterator[Next]:
    opens = isinstance(step, s.OpenCase)
    key = "case_opened" if opens else "case_closed", step.case
    ref = step.ref.value if isinstance(step.ref, Literal) else None
    token, opened = ("case", step.case, str(ref)), way.opened
    fresh = step.ref is None and key_of(way.node, way.props) == NO_KEY
    if fresh:
        happens: bool | None = (step.case in opened) is not opens
        opened = opened | {step.case} if opens else opened - {step.case}
    else:
        is_open = way.standing.facts.get(token) if ref is not None else None
        happens = None if is_open is None else is_open is not opens
    if happens is False:
        yield way, rest
        return
    cases = [each for each in way.standing.facts if each[0] == "case" and each[1] == step.case and ref is None]
    standing = way.standing.without([*cases, ("cases",)])
    standing = standing.having(token, opens) if ref is not None else standing
    standing, more = at.reassessed(standing, {("cases",)})
    told: dict[str, Value] = {"case": Literal(step.case), "ref": step.ref if ref is not None else None}  # type: ignore[dict-item]
    told |= dict.fromkeys(("severity", "owner", "also"))
    late = keys_of_overdue(step.case) if opens else ()
    missed = [Item(each, {**told, "deadline": None, "level": None}, sure=False, timed=True) for each in late]
    items = [Item(key, told, sure=happens is True), *missed, *more]
    yield attrs.evolve(way, standing=standing, opened=opened).raising(items), rest


def _branch(at: Looking, way: Way, step: s.Branch, rest: tuple[s.Step, ...]) -> Iterator[Next]:
    condition = at.question(step.condition, way.node.journey, moved=way.moved)
    answer = at.asked(condition, way.standing, way.props)
    for true, arm in ((True, step.then), (False, step.otherwise)):
        if answer is None:
            assumed = way.standing.assuming(condition, true=true)
            yield attrs.evolve(way, sure=False, standing=assumed), (*arm, *rest)
        elif answer is true:
            sure = way.sure and at.is_sure(condition, way.standing, way.props)
            yield attrs.evolve(way, sure=sure), (*arm, *rest)


def _split(_: Looking, way: Way, step: s.Split, rest: tuple[s.Step, ...]) -> Iterator[Next]:
    """Whoever parts ways goes the same way ever after."""
    token = ("variant", step.name)
    known = way.standing.facts.get(token)
    arms = {name: arm for name, arm in step.arms.items() if known in (None, name)}
    for name, arm in arms.items():
        yield attrs.evolve(way, standing=way.standing.noting(token, name), sure=way.sure), (*arm, *rest)


def _best(at: Looking, way: Way, step: s.Best, rest: tuple[s.Step, ...]) -> Iterator[Next]:
    """Any candidate that may be chosen: what each is worth, and what the gate would say, is not known."""
    for each in step.candidates:
        standing = way.standing
        if each.given is not None:
            given = at.question(each.given, way.node.journey, moved=way.moved)
            if at.asked(given, standing, way.props) is False:
                continue
            standing = standing.assuming(given, true=True)
        yield attrs.evolve(way, sure=False, standing=standing), (*each.then, *rest)
    yield attrs.evolve(way, sure=False), (*step.otherwise, *rest)


def _value(way: Way, expression: Expression) -> tuple[Way, Value]:
    """What an expression gives, as far as that is known; the way may know a name for it from then on."""
    if isinstance(expression, Literal):
        return way, expression
    if not isinstance(expression, Field) or len(path_of(expression)) != 1:
        return way, None
    root, (name,) = root_of(expression), path_of(expression)
    root = root if isinstance(root, str) else ""
    if root == "customer":
        return _named(way, name)
    if root == "trigger" or (root == "event" and not way.moved):
        return way, its(name) if way.props is None else way.props.get(name)
    return way, None


def _named(way: Way, name: str) -> tuple[Way, Value]:
    token = ("trait", name)
    if token in way.standing.facts or token in way.standing.restless:
        return way, _trait(way, name)
    symbol = _unused(way)
    return attrs.evolve(way, standing=way.standing.noting(token, symbol)), symbol


def _trait(way: Way, name: str) -> Value:
    value = way.standing.facts.get(("trait", name))
    return value if isinstance(value, Literal | str) else None


def _unused(way: Way) -> str:
    used = way.standing.symbols() | {each for each in (way.props or {}).values() if isinstance(each, str)}
    used |= {value for item in way.items for value in (item.props or {}).values() if isinstance(value, str)}
    return next(name for name in (f"unknown {n}" for n in range(len(used) + 1)) if name not in used)


def _equals(value: Value, option: object) -> bool | None:
    return equal(value.value, option) is True if isinstance(value, Literal) else None


def microseconds(given: object) -> int | None:
    """An elapsed length; None for any other."""
    return length(given) if isinstance(given, timedelta) else None


TAKE: Final[Mapping[type, Callable[..., Iterator[Next]]]] = {
    s.Emit: _emit, s.Enrol: _enrol, s.MoveTo: _move_to, s.SetTrait: _set_trait, s.OpenCase: _case, s.CloseCase: _case,
    s.Branch: _branch, s.Split: _split, s.Best: _best,
}  # fmt: skip
"""Each kind of step: (what is looked at, the way, the step, those after it) → the ways on."""
