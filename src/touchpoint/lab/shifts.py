"""Values next to a value: a length a little longer, a time an hour later, a condition with its boundary moved."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import attrs

from touchpoint.durations import Forever, is_calendar
from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import (
    And,
    Compare,
    Count,
    Ever,
    Expression,
    Field,
    Last,
    Literal,
    Not,
    Or,
    Total,
    count,
    ever,
    last,
    path_of,
    root_of,
    total,
)
from touchpoint.journey.windows import seconds_of_day

_STEPS: Final = (timedelta(days=1), timedelta(hours=1))
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY: Final = 86_400
_LOWER: Final = {
    "minutes": {"seconds": 59}, "hours": {"minutes": 59}, "days": {"hours": 23}, "months": {"days": 27},
    "years": {"months": 11},
}  # fmt: skip
"""Calendar units from the smallest, each with what is a little less than one of it."""
_BOUNDARY: Final = {">=": ">", ">": ">=", "<=": "<", "<": "<="}
_WIDENS: Final = {">=": -1, ">": 1, "<=": 1, "<": -1}
"""Which way the constant is moved: the way in which the moved boundary does not tell already."""
_MIRRORED: Final = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}


def step_of(length: timedelta) -> timedelta:
    """A day, an hour or a tenth of the length: the first that is smaller than it."""
    return next((step for step in _STEPS if step < abs(length)), abs(length) / 10)


def lengths(value: object) -> Iterator[Any]:
    """The length a little longer and a little shorter; nothing next to `forever`, None and no time at all."""
    if isinstance(value, timedelta) and value:
        with suppress(OverflowError):
            yield value + step_of(value)
        yield value - step_of(value)
    elif is_calendar(value) and not isinstance(value, Forever):
        yield from _calendar_lengths(value)


def _calendar_lengths(value: Any) -> Iterator[Any]:  # noqa: ANN401 - a relativedelta, which is imported only where used
    for unit, less in _LOWER.items():
        if n := getattr(value, unit):
            one = type(value)(**{unit: 1})
            yield value + one
            yield value - one if n > 1 else value - one + type(value)(**less)
            return


def clock_times(clock: str) -> Iterator[str]:
    """A time of day an hour earlier and an hour later, round the clock."""
    for hour in (-1, 1):
        minutes, second = divmod((seconds_of_day(clock) + hour * 3600) % _DAY, 60)
        text = f"{minutes // 60:02}:{minutes % 60:02}"
        yield f"{text}:{second:02}" if second else text


def rules(rule: str) -> Iterator[str]:
    """A recurrence rule on the days after, and half as often; some of them may mean nothing."""
    later = dict(zip(_WEEKDAYS, (*_WEEKDAYS[1:], _WEEKDAYS[0]), strict=True))
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name == "BYDAY":
            moved = ",".join(each[:-2] + later[each[-2:]] for each in value.split(","))
        elif name in ("BYMONTHDAY", "INTERVAL", "COUNT"):
            moved = ",".join(str(int(each) + 1 or 1) for each in value.split(","))
        else:
            continue
        yield rule.replace(part, f"{name}={moved}")


@attrs.frozen
class Shifted:
    """A condition that is changed in one part: the whole of it, then the part after and before."""

    whole: Expression
    new: Expression
    old: Expression


def conditions(whole: Expression, *, negate: bool = True) -> Iterator[Shifted]:
    """The condition with one part negated, or one boundary, constant or window moved.

    Args:
        whole: the condition.
        negate: also negate it as a whole; the parts of `&` and `|` are in any case.
    """
    joined = isinstance(whole, And | Or)
    if negate and not joined:
        new = whole.part if isinstance(whole, Not) else Not(whole)
        yield Shifted(new, new, whole)
    for new in _near(whole):
        yield Shifted(new, new, whole)
    for name, n, child in _slots(whole):
        for part in conditions(child, negate=joined):
            try:
                yield Shifted(_with(whole, name, n, part.whole), part.new, part.old)
            except JourneyError:  # such as a `where` that would need a window now
                continue


def _near(node: Expression) -> Iterator[Expression]:
    match node:
        case Compare():
            yield from _near_comparison(node)
        case Count() | Ever() | Total():
            for within in lengths(node.within):
                yield _rebuilt(attrs.evolve(node, within=within))


def _near_comparison(node: Compare) -> Iterator[Expression]:
    if node.op in _BOUNDARY:
        yield attrs.evolve(node, op=_BOUNDARY[node.op])
    for side, op in (("right", node.op), ("left", _MIRRORED.get(node.op, node.op))):
        constant = getattr(node, side)
        if isinstance(constant, Literal):
            moves = (_WIDENS[op],) if op in _WIDENS else (1, -1)
            for moved in (_moved(constant.value, move) for move in moves):
                if moved is not None:
                    yield attrs.evolve(node, left=moved) if side == "left" else attrs.evolve(node, right=moved)


def _moved(value: object, by: int) -> Literal | None:
    try:
        return _plus(value, by)
    except OverflowError:  # the last day of the calendar, say
        return None


def _plus(value: object, by: int) -> Literal | None:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Literal(value + by)
    if isinstance(value, timedelta) and value:
        return Literal(value + by * step_of(value))
    if isinstance(value, date):  # datetimes among them
        return Literal(value + timedelta(days=by))
    return None


def _slots(node: Expression) -> Iterator[tuple[str, int | None, Expression]]:
    for attribute in attrs.fields(type(node)):  # type: ignore[arg-type]  # every class of nodes is one of attrs
        value = getattr(node, attribute.name)
        if isinstance(value, Expression):
            yield attribute.name, None, value
        elif isinstance(value, tuple):
            yield from ((attribute.name, n, each) for n, each in enumerate(value) if isinstance(each, Expression))


def _with(node: Expression, name: str, n: int | None, part: Expression) -> Expression:
    old = getattr(node, name)
    # a & (b & c) is written a & b & c, also where what was negated comes to stand there as it is.
    joined = part.parts if isinstance(node, And | Or) and isinstance(part, type(node)) else (part,)
    new = part if n is None else (*old[:n], *joined, *old[n + 1 :])
    if isinstance(node, Field):
        root = root_of(last(part.type, where=part.where)) if isinstance(part, Last) else part
        return Field(root, path_of(node))  # type: ignore[arg-type]  # the only part of a field is its `last`
    return _rebuilt(attrs.evolve(node, **{name: new}))  # type: ignore[misc]  # likewise


def _rebuilt(node: Expression) -> Expression:
    """Questions about history as an author writes them, so that what cannot be answered is refused."""
    match node:
        case Count():
            return count(node.type, within=node.within, where=node.where)
        case Ever():
            return ever(node.type, within=node.within, where=node.where)
        case Total():
            total(node.type, node.of[0], within=node.within, where=node.where)  # refuses as the others do
    return node
