"""Conditions that can never be true, always are, or ask for what is not there (TC1xx)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final

from touchpoint.core.values import (
    BOOL,
    DATE,
    DURATION,
    INSTANT,
    NONE,
    NUMBER,
    TEXT,
    equal,
    kind,
    parse_date,
    parse_instant,
)
from touchpoint.journey.choices import choices_of, plain_types_of
from touchpoint.journey.conditions import (
    Aggregate,
    And,
    Compare,
    Expression,
    Field,
    In,
    Literal,
    Or,
    aggregates_of,
    children,
    path_of,
    root_of,
)
from touchpoint.journey.declared import unknown_step
from touchpoint.journey.journey import Journey
from touchpoint.journey.triggers import On, Referred, Trigger
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.just_then import just_then
from touchpoint.lab.checks.scene import Asked, Scene, carried, is_bare, parts_of
from touchpoint.lab.checks.solve import always, never
from touchpoint.model.names import type_name

_NEVER: Final[Mapping[str, tuple[str, str]]] = {
    "given": ("TC101", "can never be true, so the rule never starts"),
    "stage": ("TC102", "can never be true, so these triggers never enter the stage"),
    "segment": ("TC117", "can never be true, so nobody is ever in the segment"),
    "branch": ("TC103", "can never be true, so the steps of then= are never taken"),
    "suggestion": ("TC118", "can never be true, so the suggestion is never offered"),
    "candidate": ("TC119", "can never be true, so the candidate is never chosen"),
    "still": ("TC104", "can never be true, so the message is always withdrawn"),
    "wording": ("TC510", "can never be true, so the wording is never said"),
    "wait": ("TC105", "can never be true, so only the timeout ends the wait"),
    "until": ("TC105", "can never be true, so only the timeout ends the wait"),
    "exit": ("TC106", "can never be true in a run of this rule"),
    "goal": ("TC107", "can never be true, so the goal is never reached"),
}
_ALWAYS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(
        ("given", "stage", "segment", "still", "wait", "until", "goal", "suggestion", "candidate"),
        ("TC108", "is always true"),
    ),
    "branch": ("TC103", "is always true, so the steps of otherwise= are never taken"),
    "exit": ("TC115", "is always true, so the run ends at the first thing that happens"),
}
_EVERY_EVENT: Final = ("type", "at", "direction")
_SHOWN: Final = 120
_MOST_ALTERNATIVES: Final = 50


def conditions(scene: Scene) -> Iterator[Finding]:
    """Everything that is wrong with single conditions."""
    for asked in scene.asked:
        yield from _questions(asked)
        yield from _values(asked)
        verdict = list(_without_data(asked)) or list(_truth(asked)) or list(just_then(asked))
        yield from verdict or _alternatives(asked)
        yield from _leaves_at_once(asked)


def _found(asked: Asked, code: str, what: str) -> Finding:
    return found(code, asked.journey.name, asked.path, asked.about, what)


def shown(condition: Expression) -> str:
    """A condition as findings quote it."""
    text = str(condition)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _truth(asked: Asked) -> Iterator[Finding]:
    known = f" here, where {shown(asked.known[0])}" if asked.known else ""
    if never(asked.condition, asked.known):
        code, what = _NEVER[asked.role]
        where = "" if never(asked.condition) else known
        yield _found(asked, code, f"{shown(asked.condition)} {what}{where}")
    elif asked.role in _ALWAYS and always(asked.condition, asked.known):
        code, what = _ALWAYS[asked.role]
        where = "" if always(asked.condition) else known
        yield _found(asked, code, f"{shown(asked.condition)} {what}{where}")


def _questions(asked: Asked) -> Iterator[Finding]:
    for question in aggregates_of(asked.condition):
        if question.where is not None and never(question.where):
            yield _found(asked, "TC110", f"{shown(question.where)} is true of no touchpoint, so nothing counts")


def _alternatives(asked: Asked) -> Iterator[Finding]:
    for part, beside in islice(_either(asked.condition, asked.known), _MOST_ALTERNATIVES):
        if never(part, beside):
            yield _found(asked, "TC109", f"{shown(part)} can never be true here")


def _either(node: Expression, known: tuple[Expression, ...]) -> Iterator[tuple[Expression, tuple[Expression, ...]]]:
    """The alternatives of each `|` that is not denied, with what has to be true beside them."""
    if isinstance(node, And):
        for part in node.parts:
            yield from _either(part, (*known, *(each for each in node.parts if each is not part)))
    elif isinstance(node, Or):
        for part in node.parts:
            yield part, known
            yield from _either(part, known)


def _leaves_at_once(asked: Asked) -> Iterator[Finding]:
    if asked.role != "given":
        return
    start = parts_of(asked.condition)
    if never(asked.condition):
        return
    for n, leave in enumerate(asked.owner.exit):  # type: ignore[union-attr]  # a rule has a given
        if isinstance(leave, Expression) and not always(leave) and always(leave, start):
            path = asked.path.removesuffix("given") + f"exit[{n}]"
            what = f"{shown(leave)} is true whenever the rule starts"
            yield found("TC115", asked.journey.name, path, asked.about, what)


# --- data that are not there ------------------------------------------------------------------------------------------


def _without_data(asked: Asked) -> Iterator[Finding]:
    """Triggers whose events lack what the condition cannot do without."""
    if not asked.triggers or never(asked.condition, asked.known):
        return
    roots = ("event",) if asked.role in ("goal", "wait") else ("event", "trigger")
    dead = [each for each in asked.triggers if _is_dead(asked, each, roots)]
    if len(dead) == len(asked.triggers):
        carry = " and ".join(map(str, dict.fromkeys(map(str, dead))))
        what = f"{shown(asked.condition)} asks for properties that what comes of {carry} does not have"
        yield _found(asked, "TC111", what)
    elif asked.role in ("given", "stage", "goal", "wait"):
        for each in dead:
            what = f"what comes of {each} lacks what {shown(asked.condition)} cannot do without"
            yield _found(asked, "TC112", what)


def _is_dead(asked: Asked, trigger: Trigger, roots: tuple[str, ...]) -> bool:
    return never(asked.condition, asked.known, absent=lacking(asked.journey, trigger, roots))


def lacking(journey: Journey, trigger: Trigger, roots: tuple[str, ...]) -> Callable[[Field], bool]:
    """Says which properties (of these roots) the events of a trigger certainly do not have."""
    cls = declared(journey).get(trigger.type) if isinstance(trigger, On) else None

    def absent(field: Field) -> bool:
        root, path = root_of(field), path_of(field)
        if not isinstance(root, str) or root not in roots or path[0] in _EVERY_EVENT:
            return False
        if is_bare(trigger):
            return path[0] not in carried(trigger)
        return cls is not None and path[0] not in ("channel", "location") and unknown_step(cls, path) is not None

    return absent


def declared(journey: Journey) -> dict[str, type]:
    """The classes that declare touchpoint types, by type."""
    return {type_name(cls): cls for cls in journey.touchpoints}


# --- values that their types do not have ------------------------------------------------------------------------------


def _values(asked: Asked) -> Iterator[Finding]:
    classes = declared(asked.journey)
    types = [each.type for each in asked.triggers or () if isinstance(each, On)]
    about = [classes.get(each) for each in types] if len(types) == len(asked.triggers or ()) else []
    yield from _in_expression(asked, asked.condition, {"customer": [asked.journey.traits], "event": about}, classes)


_Classes = Mapping[str, "list[type | None]"]


def _in_expression(
    asked: Asked, node: Expression, of: _Classes, classes: Mapping[str, type], depth: int = 0
) -> Iterator[Finding]:
    for field, value in _compared(node):
        root = root_of(field)
        name = "event" if isinstance(root, str) and root == "trigger" and depth == 0 else root
        owners = of.get(name, []) if isinstance(name, str) else [classes.get(name.type)]
        known = [None if cls is None else _known(cls, path_of(field), value) for cls in owners]
        if owners and all(known):
            what = f"{field} is never {value!r}; it is declared as {' or '.join(dict.fromkeys(map(str, known)))}"
            yield _found(asked, "TC113", what)
    looked_back = {**of, "event": [classes.get(node.type)]} if isinstance(node, Aggregate) else of
    inner = depth + isinstance(node, Aggregate)
    for child in children(node):
        yield from _in_expression(asked, child, looked_back, classes, inner)


def _compared(node: Expression) -> Iterator[tuple[Field, object]]:
    match node:
        case Compare(_, Field() as field, Literal(value)) | Compare(_, Literal(value), Field() as field):
            yield field, value
        case In(Field() as field, Literal(value=tuple() as options)):
            yield from ((field, each) for each in options)


def _known(cls: type, path: tuple[str, ...], value: object) -> str | None:
    """What a property is declared as, in words, where that leaves out this value; None where it does not."""
    choices = choices_of(cls, path)
    if choices is not None:
        return None if _is_among(value, choices) else f"one of {', '.join(map(repr, choices))}"
    types = plain_types_of(cls, path)
    if types is None or value is None or any(_may_compare(value, each) for each in types):
        return None
    return " or ".join(each.__name__ for each in types)


def _may_compare(value: object, declared_type: type) -> bool:
    """Whether values of a declared type compare with this one: text and dates do where the text is one."""
    ours = kind(value)
    if declared_type is date:
        return ours == DATE or (isinstance(value, str) and parse_date(value) is not None)
    if declared_type is datetime:
        return ours == INSTANT or (isinstance(value, str) and parse_instant(value) is not None)
    return ours in _KINDS_OF.get(declared_type, ())


_KINDS_OF: Final[Mapping[type, tuple[str, ...]]] = {
    bool: (BOOL,), int: (NUMBER,), float: (NUMBER,), Decimal: (NUMBER,), str: (TEXT, DATE, INSTANT),
    timedelta: (DURATION,), type(None): (NONE,),
}  # fmt: skip


def _is_among(value: object, choices: tuple[object, ...]) -> bool:
    return any(equal(value, each) is True for each in choices)


# --- names that are almost the same -----------------------------------------------------------------------------------


def names(scene: Scene) -> Iterator[Finding]:
    """Touchpoint types that differ by a slip of the finger."""
    places: dict[str, list[tuple[Journey, str, str]]] = {}
    for journey, path, about, used in _types(scene):
        places.setdefault(used, []).append((journey, path, about))
    sure = {name for journey in scene.journeys for name in declared(journey)}
    order = sorted(places, key=lambda each: (len(places[each]), each))
    for n, name in enumerate(order):
        near = next((each for each in order[n + 1 :] if is_near(name, each)), None)
        if near is not None and name not in sure:
            journey, path, about = places[name][0]
            what = f"the type {name!r} is almost {near!r}, which is used {_often(len(places[near]))}"
            yield found("TC114", journey.name, path, about, what, mend=f"write {near!r}, or declare both types")


def _often(n: int) -> str:
    return "once, too" if n == 1 else f"{n} times"


def _types(scene: Scene) -> Iterator[tuple[Journey, str, str, str]]:
    for journey, path, stage in scene.stages():
        for n, each in enumerate(stage.when):
            if (named := _type_in(each)) is not None:
                yield journey, f"{path}.when[{n}]", f"stage {stage.name}", named
    for journey, path, rule in scene.rules():
        for place, used in _in_rule(path, rule):
            yield journey, place, f"rule {rule.name}", used
    for asked in scene.asked:
        for question in aggregates_of(asked.condition):
            yield asked.journey, asked.path, asked.about, question.type


def _in_rule(path: str, rule: object) -> Iterator[tuple[str, str]]:
    from touchpoint.journey.taken_apart import walk_parts

    for place, part in walk_parts(rule, path):
        if (named := _type_in(part)) is not None:
            yield place, named


def _type_in(part: object) -> str | None:
    """The touchpoint type that a part of a journey names, if it does."""
    from touchpoint.journey.steps import Emit

    if isinstance(part, Referred):
        return part.converted
    return part.type if isinstance(part, On | Emit) else None


def is_near(some: str, other: str) -> bool:
    """Whether two names differ in how they are spelt, by one letter more or less, or by two that changed places."""
    plain, plainer = (each.lower().translate(_SEPARATORS) for each in (some, other))
    if plain == plainer:
        return True
    if min(len(some), len(other)) < 6 or abs(len(some) - len(other)) > 1:
        return False
    short, long = sorted((some, other), key=len)
    if len(short) < len(long):
        return any(long[:n] + long[n + 1 :] == short for n in range(len(long)) if not long[n].isdigit())
    swapped = (short[:n] + short[n + 1] + short[n] + short[n + 2 :] for n in range(len(short) - 1))
    return long in set(swapped)


_SEPARATORS: Final = {ord(each): None for each in "_.:-"}
