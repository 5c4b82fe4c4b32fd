"""The explaining evaluator: the same answer as the compiled one, with every value that led to it (S4.6, S10).

For example:
    event.score <= 2 → 5 <= 2: false
    customer.age >= 18: unknown (customer.age is missing)
    (customer.age >= 18) | (event.ok == True) → (? >= 18) | (True == True): true
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

import attrs

from touchpoint.core.collected import of_collected
from touchpoint.core.compile import History, compile_expression, reference
from touchpoint.core.context import Context
from touchpoint.core.matching import is_told
from touchpoint.core.questions import outside_of
from touchpoint.core.values import (
    ARITHMETIC,
    COMPARISONS,
    NONE,
    UNKNOWN,
    Truth,
    conjunction,
    contains,
    dig,
    disjunction,
    kind,
    look_up,
    member,
    negate,
    truth,
)
from touchpoint.durations import instant
from touchpoint.journey.conditions import (
    Aggregate,
    And,
    Arithmetic,
    CaseOpen,
    Compare,
    Consented,
    Contains,
    Count,
    Ever,
    Exists,
    Expression,
    Field,
    In,
    InSegment,
    InStage,
    Last,
    Literal,
    Not,
    Now,
    Or,
    Outcome,
    Told,
    Total,
    Variant,
    path_of,
    root_of,
    source,
)
from touchpoint.journey.source import literal_source

_LONGEST: Final = 80


@attrs.frozen
class Reading:
    """One expression, evaluated and explained.

    `value` is what the compiled expression computes; `text` the source and the source with its values filled in;
    `missing` names the data that were not there, whether or not they mattered; `parts` are the readings of what
    `&` or `|` joins. Its repr leaves out value and text: they may be personal data. `str()` gives the text.
    """

    value: object = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    missing: tuple[str, ...] = ()
    parts: "tuple[Reading, ...]" = attrs.field(default=(), repr=False)

    @property
    def truth(self) -> Truth:
        """The value as a condition: True, False or `UNKNOWN`."""
        return truth(self.value)

    def __str__(self) -> str:
        return self.text


def read(expression: Expression, context: Context, table: History | None = None) -> Reading:
    """Evaluate an expression and say how it came out.

    Args:
        expression: what to read.
        context: what it may look at.
        table: the `SignalTable` collected from it; needed only if it asks about history.
    """
    short = _short_way(expression, table)
    found = None if short is None else short(context)
    return _long_reading(expression, context, table) if found is None else found.reading()


def teller_of(expression: Expression, table: History | None = None) -> Callable[[Context], str]:
    """The text of `read` for one expression, with what does not depend on the data prepared; for whoever asks often."""
    short = _short_way(expression, table)

    plain = source(expression)

    def tell(context: Context) -> str:
        found = None if short is None else short(context)
        if found is not None:
            return found.text()
        reader = _Reader(_Finder(context, table))
        return _text(expression, reader.value(expression), reader, plain)

    return tell


def told_of(expression: Expression, find: "Find") -> str:
    """The text of `read`, where the values of the leaves come from elsewhere than a context."""
    reader = _Reader(find)
    return _text(expression, reader.value(expression), reader, source(expression))


def _long_reading(expression: Expression, context: Context, table: History | None) -> Reading:
    reader = _Reader(_Finder(context, table))
    value = reader.value(expression)
    parts = expression.parts if isinstance(expression, And | Or) else ()
    return Reading(
        value,
        _text(expression, value, reader, source(expression)),
        tuple(dict.fromkeys(reader.missing)),
        tuple(read(part, context, table) for part in parts),
    )


def shown(value: object) -> str:
    """A value as an explanation shows it: `5`, `"gold"`, an ISO 8601 datetime, `?` if missing; cut at 80 characters."""
    if value is UNKNOWN:
        text = "?"
    elif type(value) in (int, bool):
        text = str(value)
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(map(shown, value))}]"
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key}: {shown(each)}" for key, each in value.items()) + "}"
    elif isinstance(value, datetime | date):
        text = value.isoformat()
    elif isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        text = str(value)
    elif isinstance(value, str | timedelta | bool) or value is None:
        text = literal_source(value)
    else:
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


# The short way: most conditions compare one property with one literal, or join a few of those, and lack nothing. What
# they say is put together here without a walk through every node; a test holds the two ways together.


class _Short(NamedTuple):
    """A condition: its value, its source, the source with values filled in, and whether `&` puts it in parentheses."""

    value: object
    plain: str
    filled: str
    loose: bool = False
    parts: "tuple[_Short, ...]" = ()

    def text(self) -> str:
        return f"{self.plain} → {self.filled}: {'true' if truth(self.value) else 'false'}"

    def reading(self) -> Reading:
        return Reading(self.value, self.text(), (), tuple(part.reading() for part in self.parts))

    def inside(self) -> tuple[str, str]:
        return (f"({self.plain})", f"({self.filled})") if self.loose else (self.plain, self.filled)


_Way: TypeAlias = Callable[[Context], "_Short | None"]
"""None where the data at hand need the long way, because some are missing."""


def _short_way(expression: Expression, table: History | None) -> _Way | None:
    """None for all that takes the long way, such as what calculates."""
    if not isinstance(expression, And | Or):
        return _short(expression, table)
    ways = [way for part in expression.parts if (way := _short(part, table)) is not None]
    if len(ways) < len(expression.parts):
        return None
    join, sign = (conjunction, " & ") if isinstance(expression, And) else (disjunction, " | ")

    def joined(context: Context) -> _Short | None:
        parts = tuple(found for way in ways if (found := way(context)) is not None)
        if len(parts) < len(ways):
            return None
        plain, filled = (sign.join(each) for each in zip(*(part.inside() for part in parts), strict=True))
        return _Short(join(truth(part.value) for part in parts), plain, filled, parts=parts)

    return joined


def _short(node: Expression, table: History | None) -> _Way | None:
    if isinstance(node, Compare):
        return _short_comparison(node, table)
    if isinstance(node, Not):
        return _short_not(node, table)
    if not _is_short_leaf(node, table):
        return None
    find, plain = compile_expression(node, table), source(node)

    def leaf(context: Context) -> _Short | None:
        value = find(context)
        return None if value is UNKNOWN else _Short(value, plain, shown(value))

    return leaf


def _short_not(node: Not, table: History | None) -> _Way | None:
    way = _short(node.part, table)
    if way is None:
        return None

    def negated(context: Context) -> _Short | None:
        inner = way(context)
        if inner is None:
            return None
        plain, filled = inner.inside()
        return _Short(negate(truth(inner.value)), f"~{plain}", f"~{filled}")

    return negated


def _short_comparison(node: Compare, table: History | None) -> _Way | None:
    left, right = node.left, node.right
    if not isinstance(left, Field | Aggregate) or not isinstance(right, Literal) or not _is_short_leaf(left, table):
        return None
    find, compare, against, literal = (
        compile_expression(left, table), COMPARISONS[node.op], f"{node.op} {literal_source(right.value)}", right.value
    )  # fmt: skip
    plain = f"{source(left)} {against}"

    def comparison(context: Context) -> _Short | None:
        value = find(context)
        result = compare(value, literal)
        return None if result is UNKNOWN else _Short(result, plain, f"{shown(value)} {against}", loose=True)

    return comparison


def _is_short_leaf(node: Expression, table: History | None) -> bool:
    if isinstance(node, Count | Ever | Total):
        return table is not None
    if isinstance(node, Field):
        return not isinstance(root_of(node), Last)
    return isinstance(node, InStage | InSegment | Consented | Told) or (isinstance(node, CaseOpen) and node.ref is None)


def _property_of(field: Field, context: Context) -> object:
    root, path = root_of(field), path_of(field)
    if root == "customer":
        return dig(context.traits, path)
    if root == "collected":
        return of_collected(context.collected, path)
    if root == "result":
        return dig(context.results, path)
    return look_up(context.event if root == "event" else context.trigger, path)


Find: TypeAlias = Callable[[Expression], object]
"""The value of a leaf, or `UNKNOWN`: of what is neither joined, compared nor calculated, and of `exists()`."""


class _Reader:
    """Evaluates every node, leaving none out, and keeps the values of the leaves."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self.leaves: dict[int, object] = {}
        self.missing: list[str] = []
        self.reasons: list[str] = []

    def value(self, node: Expression) -> object:  # noqa: PLR0911 - one per class
        match node:
            case Literal(value):
                return value
            case And(parts):
                return conjunction([truth(self.value(part)) for part in parts])
            case Or(parts):
                return disjunction([truth(self.value(part)) for part in parts])
            case Not(part):
                return negate(truth(self.value(part)))
            case Compare(op, left, right):
                return self._joined(COMPARISONS[op](*self._values(left, right)), left, right, "compared with")
            case Arithmetic(op, left, right):
                return self._joined(ARITHMETIC[op](*self._values(left, right)), left, right, f"combined by {op} with")
            case In(value, options):
                return self._joined(member(*self._values(value, options)), value, options, "looked for in")
            case Contains(container, item):
                return self._joined(contains(*self._values(container, item)), container, item, "asked for")
            case CaseOpen(ref=Expression() as ref):
                self.value(ref)  # what it lacks is missing here, too
        return self._leaf(node)

    def _values(self, left: Expression, right: Expression) -> tuple[object, object]:
        return self.value(left), self.value(right)

    def _joined(self, result: object, left: Expression, right: Expression, how: str) -> object:
        """The result; where it is unknown though nothing is missing, the reason is noted."""
        if result is UNKNOWN and not self.missing and not self.reasons:
            self.reasons.append(f"{self._sort(left)} cannot be {how} {self._sort(right)}")
        return result

    def _sort(self, node: Expression) -> str:
        value = _Reader(self._find).value(node)
        what = kind(value) if kind(value) != NONE else "None"
        return f"{what} ({shown(value)})" if isinstance(node, Literal) else f"{source(node)}, {what},"

    def _leaf(self, node: Expression) -> object:
        value = self._find(node)
        self.leaves[id(node)] = value
        if value is UNKNOWN:
            self._note(node)
        return value

    def _note(self, node: Expression) -> None:
        """What is missing where this leaf is unknown: the outside data of its `where`, else the leaf itself."""
        question = root_of(node) if isinstance(node, Field) else node
        where = question.where if isinstance(question, Aggregate) else None
        lacking = [need for need in outside_of(where) if self._find(need) is UNKNOWN] if where is not None else []
        if isinstance(node, CaseOpen):
            return  # its ref was noted when it was looked up
        if lacking or not isinstance(node, Aggregate):
            self.missing += [source(each) for each in lacking or [node]]
            self.reasons += [_is_missing(each) for each in lacking or [node]]
        else:
            self.reasons.append(f"what {source(node)} compares with does not compare")


class _Finder:
    """The values of leaves in a context."""

    def __init__(self, context: Context, table: History | None) -> None:
        self._context = context
        self._table = table

    def __call__(self, node: Expression) -> object:  # noqa: C901, PLR0911 - one per class
        context = self._context
        match node:
            case Now():
                return instant(context.now)
            case Field():
                return self._property(node)
            case Exists(value):
                # Asking whether data are there misses none: a reader of its own keeps what it lacks to itself.
                return _Reader(self).value(value) is not UNKNOWN
            case CaseOpen(kind=name, ref=ref):
                about = None if ref is None else reference(_Reader(self).value(ref))
                return UNKNOWN if ref is not None and about is None else context.case_open(name, about)
            case InStage(name, journey) | InSegment(name, journey):
                asked = context.in_stage if isinstance(node, InStage) else context.in_segment
                return asked(journey, name)
            case Consented(purpose, channel):
                return context.consented(purpose, channel)
            case Variant(split):
                return context.variant_of(split)
            case Outcome(message):
                return context.outcomes.get(message, UNKNOWN)
            case Told(message, what):
                return is_told(context.told, context.outcomes, message, what)
            case Count() | Ever() | Total():
                return self._history().reader(node)(context)
        raise TypeError(f"{type(node).__name__} cannot be read")

    def _property(self, node: Field) -> object:
        root = root_of(node)
        if isinstance(root, Last):
            return self._history().reader(root, path_of(node))(self._context)
        return _property_of(node, self._context)

    def _history(self) -> History:
        if self._table is None:
            raise TypeError("an expression that asks about history is read with the SignalTable collected from it")
        return self._table


def _is_missing(node: Expression) -> str:
    return f"{source(node)} is not known yet" if isinstance(node, Outcome | Variant) else f"{source(node)} is missing"


def _text(expression: Expression, value: object, reader: _Reader, plain: str) -> str:
    leaves = reader.leaves
    filled = source(expression, lambda node: shown(leaves[id(node)]) if id(node) in leaves else None)
    has_values = any(each is not UNKNOWN for each in leaves.values())
    reasons = "; ".join(dict.fromkeys(reader.reasons))
    verdict = _verdict(expression, value) + (f" ({reasons})" if value is UNKNOWN and reasons else "")
    return f"{plain} → {filled}: {verdict}" if has_values and filled != plain else f"{plain}: {verdict}"


def _verdict(expression: Expression, value: object) -> str:
    if isinstance(expression, Arithmetic) and value is not UNKNOWN:
        return shown(value)
    verdict = truth(value)
    return "unknown" if verdict is UNKNOWN else "true" if verdict else "false"
