"""What a condition saw, kept as values alone, and put into words when somebody asks (S4.6, S10).

Most of what a trace holds is never read, so nothing is worded at a decision. What is kept of a condition is a list: its
code, then the values of its leaves in the order of `leaves_of`, as JSON of the stores keeps them:

    event.score <= 2          ["95db5e8c54", 5]                   event.score <= 2 → 5 <= 2: false
    customer.age >= 18        ["cd54ed0cf7", {"$": 0}]            customer.age >= 18: unknown (customer.age is missing)

The code is of the condition's source. Whoever reads the values later finds the condition by it, in the definition of
today or in an earlier one, and can be sure that they belong together. Where a value cannot be kept exactly and shortly,
such as a long text, the words are kept instead, as all versions before this form did.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn, TypeAlias

import attrs

from touchpoint.core.compile import Evaluator, History, compile_expression
from touchpoint.core.context import Context
from touchpoint.core.questions import outside_of
from touchpoint.core.reading import Find, read, shown, told_of
from touchpoint.core.rule_parts import apart
from touchpoint.core.values import UNKNOWN
from touchpoint.durations import instant
from touchpoint.journey.conditions import (
    Aggregate,
    And,
    Arithmetic,
    CaseOpen,
    Compare,
    Contains,
    Expression,
    Field,
    In,
    Literal,
    Not,
    Now,
    Or,
    children,
    root_of,
    source,
)
from touchpoint.journey.journey import Journey
from touchpoint.journey.steps import Branch, flat

Seen: TypeAlias = str | list[Any]
"""What a condition saw: `[code, value, …]`, or words."""
Seer: TypeAlias = Callable[[Context], Seen]

_FORM: Final = 1
"""Counted up whenever the order of the leaves, or what is kept of one, changes: codes of before then match nothing."""
_DIGITS: Final = 10
LONGEST: Final = 78
"""Characters of a text that is kept: with its quotes no more than an explanation shows."""
_SHOWN: Final = 80
_MISSING: Final = "$"
"""The name under which a missing value stands; no payload has names that begin so."""
NOTHING_THERE: Final[Mapping[str, object]] = {_MISSING: 0}
_JOINS: Final = (And, Or, Not, Compare, Arithmetic, In, Contains)
_SIMPLE: Final = frozenset({int, bool, str, date, timedelta, type(None)})


class Unkept(Exception):
    """A value that is neither short nor exact as JSON; whoever meets it keeps the words of the whole condition."""


def seer_of(expression: Expression, table: History | None = None) -> Seer:
    """What gives the compact values of a condition in a context; prepared when it is first asked.

    It costs a look at each leaf that differs from the others, which conditions in closures stop at where they can.
    """
    code: str = ""
    leaves: tuple[tuple[Evaluator, _Leaf], ...] = ()

    def see(context: Context) -> Seen:
        nonlocal code, leaves
        if not code:  # which is set last: another thread may be here, too
            leaves, code = _compiled(expression, table), code_of(expression)
        seen: list[Any] = [code]
        try:
            for find, leaf in leaves:
                value = find(context)
                kind = type(value)
                if kind is int or kind is bool or (kind is str and len(value) <= LONGEST):  # type: ignore[arg-type]
                    seen.append(value)
                else:
                    seen.append(leaf.kept(value, context))
        except Unkept:
            return read(expression, context, table).text
        return seen

    return see


def code_of(expression: Expression) -> str:
    """What stands for a condition in traces: equal for equal source, on every Python and in every process."""
    return hashlib.sha256(f"{_FORM} {source(expression)}".encode()).hexdigest()[:_DIGITS]


def in_words(expression: Expression, seen: Sequence[Any]) -> str:
    """What `read` would have said of this condition, from the values that were kept.

    Args:
        expression: the condition; `code_of` gives the code of what was kept.
        seen: from `seer_of`, as it came back from the store.
    """
    return told_of(expression, _kept_by(expression, seen[1:]))


def plainly(seen: Sequence[Any]) -> str:
    """The values alone, where nobody knows the condition any more."""
    values = ", ".join("?" if _is_missing(each) else shown(each) for each in seen[1:])
    return f"it saw {values or 'no values'} (its definition is not known any more)"


def conditions_of(journey: Journey) -> Iterator[Expression]:
    """The conditions of a journey of which a trace keeps what they saw."""
    yield from (each.condition for each in journey.segments)
    for rule in journey.rules:
        yield from (each for each in apart(rule) if each is not None)
        yield from (step.condition for step in flat(rule.then) if isinstance(step, Branch))


# Leaves.


def leaves_of(expression: Expression) -> Iterator[Expression]:
    """What a condition looks at, as it is read: all that is neither joined, compared, calculated nor written there."""
    if isinstance(expression, _JOINS):
        for part in children(expression):
            yield from leaves_of(part)
    elif not isinstance(expression, Literal):
        yield expression


def _keyed(expression: Expression) -> Iterator[tuple[tuple[str, bool], Expression]]:
    """Every leaf with a key, equal for what has one value, and whether a case is asked for by it, which comes first."""
    for leaf in leaves_of(expression):
        if isinstance(leaf, CaseOpen) and leaf.ref is not None:
            yield from (((source(about), True), about) for about in leaves_of(leaf.ref))
        yield (source(leaf), False), leaf


@attrs.frozen(eq=False)
class _Leaf:
    """One leaf; `needs` are what its `where` asks of the customer and the run."""

    needs: tuple[Evaluator, ...] = ()

    def kept(self, value: object, context: Context) -> object:
        """A value that is neither a whole number, true, false nor a short text."""
        if value is UNKNOWN and self.needs:
            return {_MISSING: [place for place, need in enumerate(self.needs) if need(context) is UNKNOWN] or 0}
        return kept(value)


def kept(value: object) -> object:
    """A value as a trace keeps it. Raises Unkept where that would be neither short nor exact."""
    kind = type(value)
    if kind is int or kind is bool or value is None or (kind is str and len(value) <= LONGEST):  # type: ignore[arg-type]
        return value
    if value is UNKNOWN:
        return NOTHING_THERE
    # What explanations show of these is always short.
    if (kind is datetime and value.tzinfo is UTC) or (kind is float and math.isfinite(value)):  # type: ignore[attr-defined, arg-type]
        return value
    if len(shown(value)) < _SHOWN and _is_exact(value):
        return value
    raise Unkept


def kept_of(expression: Expression) -> dict[str, Expression] | None:
    """The leaves of which the values are kept, by their source and in their order.

    None where more is to be said of some than the value.
    """
    leaves: dict[str, Expression] = {}
    for (text, of_case), leaf in _keyed(expression):
        if of_case or _needs(leaf):
            return None
        leaves.setdefault(text, leaf)
    return leaves


def finder_of(leaf: Expression, table: History | None) -> Evaluator:
    """What gives the value of a leaf, which `kept` then has as a trace keeps it."""
    return _clock if isinstance(leaf, Now) else compile_expression(leaf, table)


def _compiled(expression: Expression, table: History | None) -> "tuple[tuple[Evaluator, _Leaf], ...]":
    found: dict[tuple[str, bool], tuple[Evaluator, _Leaf]] = {}
    for key, node in _keyed(expression):
        if key not in found:
            find = finder_of(node, table)
            needs = [compile_expression(each, table) for each in _needs(node)]
            found[key] = (_whether_there(find) if key[1] else find, _Leaf(tuple(needs)))
    if any(isinstance(leaf, CaseOpen) and isinstance(leaf.ref, _JOINS) for leaf in leaves_of(expression)):
        return ((_calculated, _Leaf()),)
    return tuple(found.values())


def _needs(leaf: Expression) -> list[Expression]:
    question = root_of(leaf) if isinstance(leaf, Field) else leaf
    where = question.where if isinstance(question, Aggregate) else None
    return [] if where is None else list(outside_of(where))


def _clock(context: Context) -> int:
    """The instant of the decision, in microseconds: a datetime takes longer to make, and to write."""
    return context.now


def _whether_there(find: Evaluator) -> Evaluator:
    """Of what a case is asked for no explanation shows the value, only that it is missing."""
    return lambda context: True if find(context) is not UNKNOWN else UNKNOWN


def _calculated(_context: Context) -> NoReturn:
    """What a case is asked for that has first to be calculated: nothing short would say why it cannot be."""
    raise Unkept


def _is_exact(value: object) -> bool:
    """Whether a store gives it back just as it is."""
    kind = type(value)
    if kind is float or kind is Decimal:
        return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)  # type: ignore[arg-type]
    if isinstance(value, datetime):
        return kind is datetime and value.tzinfo is UTC
    if isinstance(value, Mapping):
        return (
            kind is dict
            and all(type(key) is str and key[:1] != _MISSING for key in value)
            and _are_exact(value.values())
        )
    if isinstance(value, list | tuple):
        return kind in (list, tuple) and _are_exact(value)
    return kind in _SIMPLE


def _are_exact(values: Iterable[object]) -> bool:
    return all(map(_is_exact, values))


# Read again.


def _is_missing(value: object) -> bool:
    return isinstance(value, dict) and _MISSING in value


def _kept_by(expression: Expression, values: Sequence[Any]) -> Find:
    keyed = list(_keyed(expression))
    by_key = dict(zip(dict.fromkeys(key for key, _ in keyed), values, strict=True))
    found: dict[int, object] = {}
    for key, node in keyed:
        value = by_key[key]
        if _is_missing(value):
            needs, lacking = _needs(node), value[_MISSING] or ()
            found |= {id(needs[place]): UNKNOWN for place in lacking}
        elif isinstance(node, Now):
            value = instant(value)
        found[id(node)] = UNKNOWN if _is_missing(value) else value
    return lambda node: found.get(id(node))
