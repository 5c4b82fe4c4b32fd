"""What a condition may ask about a customer's history (S4.6), and how such a question falls into parts."""

from collections.abc import Iterator
from datetime import timedelta

import attrs

from touchpoint.durations import is_calendar
from touchpoint.errors import InvalidTouchpoint, JourneyError
from touchpoint.journey.expressions import (
    Aggregate,
    And,
    Compare,
    Count,
    Ever,
    Expression,
    Field,
    Last,
    Literal,
    Total,
    children,
    operand,
    path_of,
    root_of,
)
from touchpoint.model.names import type_of


@attrs.frozen(eq=False)
class WhereParts:
    """A `where`, split at its `&`.

    `static` parts speak of the looked-back touchpoint alone, so they are decided once, when it is recorded;
    `outside` parts do not speak of it at all; `keys` are equalities (path of `event`, expression of outside);
    `relations` are all other parts that speak of both, possible only within a window.
    """

    static: tuple[Expression, ...] = ()
    outside: tuple[Expression, ...] = ()
    keys: tuple[tuple[tuple[str, ...], Expression], ...] = ()
    relations: tuple[Expression, ...] = ()


def count(type: str | type, *, within: timedelta | None = None, where: Expression | str | None = None) -> Count:
    """How many touchpoints of a type there were.

    Args:
        type: a touchpoint type, by name or by its declared class.
        within: elapsed length of the window `(now - within, now]`; None looks at the whole history.
        where: counts only touchpoints for which this is true. In it `event` is the touchpoint looked back at,
            `trigger` and `customer` are the run's own. Without `within`, only `event.x == …` may relate the two. Text
            such as "event.order == trigger.order" means the same.

    Raises:
        JourneyError: the type, the window or `where` is not acceptable; says why.
    """
    checked, asked = _checked("count", type, within, where)
    return Count(checked, within, asked)


def ever(type: str | type, *, within: timedelta | None = None, where: Expression | str | None = None) -> Ever:
    """Whether there was any touchpoint of a type. Arguments and errors as for `count`."""
    checked, asked = _checked("ever", type, within, where)
    return Ever(checked, within, asked)


def last(type: str | type, *, where: Expression | str | None = None) -> Field:
    """The latest touchpoint of a type by `at`; of equally late ones the one that arrived last.

    Its properties are fields: `last("order_placed").price`; `.at` is when it happened. Unknown where there is none.
    Arguments and errors as for `count`.
    """
    checked, asked = _checked("last", type, None, where)
    return Field(Last(checked, asked))


def total(
    type: str | type,
    of: str | Field = "price",
    *,
    within: timedelta | None = None,
    where: Expression | str | None = None,
) -> Total:
    """The exact sum of a numeric property over touchpoints of a type; 0 where there are none.

    Whole numbers add up to an `int`. Where decimals or floats are among them the sum is a `Decimal`, and a float
    counts as the decimal it is written as (0.1 as 0.1). What is not a number adds nothing.

    Args:
        type: a touchpoint type, by name or by its declared class.
        of: the property to add up, by name or as a field of `event` (`event.basket.total`).
        within: as for `count`.
        where: as for `count`.

    Raises:
        JourneyError: as for `count`; or `of` is not a property of `event`.
    """
    checked, asked = _checked("total", type, within, where)
    return Total(checked, _amount(of), within, asked)


def split_where(where: Expression | None) -> WhereParts:
    """The parts of a `where`, by what they speak of; in each kind in the order they are written."""
    static, outside, keys, relations = [], [], [], []
    for part in where.parts if isinstance(where, And) else () if where is None else (where,):
        speaks_of_event, speaks_of_outside = _about_event(part), _about_outside(part)
        key = _key(part)
        if not speaks_of_outside:
            static.append(part)
        elif not speaks_of_event:
            outside.append(part)
        elif key:
            keys.append(key)
        else:
            relations.append(part)
    return WhereParts(tuple(static), tuple(outside), tuple(keys), tuple(relations))


def _checked(
    function: str,
    declared: str | type,
    within: timedelta | None,
    where: Expression | str | None,
) -> tuple[str, Expression | None]:
    try:
        name = type_of(declared)
    except InvalidTouchpoint as error:
        raise JourneyError(f"{function}(): {error}") from error
    here = f'{function}("{name}")'
    _check_window(here, within)
    asked = _read_where(here, where)
    _check_where(here, within, asked, can_have_window=function != "last")
    return name, asked


def _read_where(here: str, where: Expression | str | None) -> Expression | None:
    if not isinstance(where, str):
        return where
    from touchpoint.journey.text import condition  # it names the functions of this module

    return condition(where, where=f"{here}: where=")


def _check_window(here: str, within: object) -> None:
    if within is None or (isinstance(within, timedelta) and within > timedelta(0)):
        return
    if is_calendar(within):
        raise JourneyError(
            f"{here}: a window of history is an elapsed length, not a calendar one: within=days(30), say"
        )
    raise JourneyError(f"{here}: within= must be a timedelta longer than zero, e.g. days(30), not {within!r}")


def _check_where(here: str, within: timedelta | None, where: object, *, can_have_window: bool) -> None:
    if where is None:
        return
    if not isinstance(where, Expression):
        raise JourneyError(
            f"{here}: where= takes a condition such as event.order == trigger.order, not a {_kind(where)}"
        )
    operand(where)  # a bare root is no condition
    for nested in _aggregates(where):
        raise JourneyError(
            f"{here}: where= cannot ask about history again, as {nested} does; combine the two with & outside"
        )
    relations = split_where(where).relations
    if within is None and relations:
        remedy = "say within=days(…), or use" if can_have_window else "use"
        raise JourneyError(
            f"{here}: {relations[0]} relates event to something outside it by more than ==, and without a window all "
            f"of it would have to be kept for ever; {remedy} an equality such as event.order == trigger.order"
        )


def _kind(value: object) -> str:
    return type(value).__name__


def _amount(of: str | Field) -> tuple[str, ...]:
    if isinstance(of, str) and of:
        return (of,)
    if isinstance(of, Field) and _is_of_event(of) and path_of(of):
        return path_of(of)
    raise JourneyError("total(): of= names the property to add up, e.g. of='price' or of=event.basket.total")


def _aggregates(node: Expression) -> Iterator[Expression]:
    if isinstance(node, Aggregate):
        yield node
    for child in children(node):
        yield from _aggregates(child)


def _is_of_event(field: Field) -> bool:
    root = root_of(field)
    return isinstance(root, str) and root == "event"  # a `Last` compared by == would build a condition


def _about_event(node: Expression) -> bool:
    if isinstance(node, Field):
        return _is_of_event(node)
    return any(map(_about_event, children(node)))


def _about_outside(node: Expression) -> bool:
    if isinstance(node, Field):
        return not _is_of_event(node)
    inner = list(children(node))
    # A leaf that is neither a literal nor a field (now, an open case, a stage …) is the run's own.
    return any(map(_about_outside, inner)) if inner else not isinstance(node, Literal)


def _key(part: Expression) -> tuple[tuple[str, ...], Expression] | None:
    if not (isinstance(part, Compare) and part.op == "=="):
        return None
    for ours, theirs in ((part.left, part.right), (part.right, part.left)):
        if isinstance(ours, Field) and _is_of_event(ours) and not _about_event(theirs):
            return path_of(ours), theirs
    return None
