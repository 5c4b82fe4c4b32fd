"""What conditions are made of: immutable expression objects, built by Python's own operators.

`==` builds a condition, so whether two expressions are the same is asked with `same_as`. Nothing here computes a value.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, ClassVar, Final, NoReturn

import attrs

from touchpoint.durations import micros
from touchpoint.errors import JourneyError
from touchpoint.journey.literals import literal
from touchpoint.model.payload import is_unicode


class Expression:
    """One node of a condition. Combine with `== != < <= > >=`, `+ - * /`, `&` (and), `|` (or), `~` (not).

    Every operator and method raises JourneyError for an operand that is neither an expression nor a possible literal.
    """

    __slots__ = ("_nodes",)
    __match_args__: ClassVar[tuple[str, ...]] = ()  # the names of its fields, which attrs knows of every class of nodes
    _nodes: "tuple[Expression, ...]"  # itself and what is inside, kept by the first who walks through

    def in_(self, options: object) -> "In":
        """Whether the value equals one of `options`: a list or tuple of literals, or an expression that gives one."""
        return In(operand(self), _listed(options))

    def contains(self, item: object) -> "Contains":
        """Whether the value holds `item`: a list its member, a text its part, a mapping its key."""
        return Contains(operand(self), operand(item))

    def exists(self) -> "Exists":
        """Whether the data are there at all; `None` is there. Never unknown."""
        return Exists(operand(self))

    def same_as(self, other: object) -> bool:
        """Whether `other` is an expression of the same structure: what `==` would say if it built no condition."""
        return isinstance(other, Expression) and structure(self) == structure(other)

    def __eq__(self, other: object) -> "Compare":  # type: ignore[override]  # it builds a condition
        return _compare("==", self, other)

    def __ne__(self, other: object) -> "Compare":  # type: ignore[override]  # it builds a condition
        return _compare("!=", self, other)

    def __lt__(self, other: object) -> "Compare":
        return _compare("<", self, other)

    def __le__(self, other: object) -> "Compare":
        return _compare("<=", self, other)

    def __gt__(self, other: object) -> "Compare":
        return _compare(">", self, other)

    def __ge__(self, other: object) -> "Compare":
        return _compare(">=", self, other)

    def __and__(self, other: object) -> "And":
        return And(_joined(And, self, other))

    def __rand__(self, other: object) -> "And":
        return And(_joined(And, other, self))

    def __or__(self, other: object) -> "Or":
        return Or(_joined(Or, self, other))

    def __ror__(self, other: object) -> "Or":
        return Or(_joined(Or, other, self))

    def __invert__(self) -> "Not":
        return Not(_condition_part(self))

    def __add__(self, other: object) -> "Arithmetic":
        return _calculate("+", self, other)

    def __radd__(self, other: object) -> "Arithmetic":
        return _calculate("+", other, self)

    def __sub__(self, other: object) -> "Arithmetic":
        return _calculate("-", self, other)

    def __rsub__(self, other: object) -> "Arithmetic":
        return _calculate("-", other, self)

    def __mul__(self, other: object) -> "Arithmetic":
        return _calculate("*", self, other)

    def __rmul__(self, other: object) -> "Arithmetic":
        return _calculate("*", other, self)

    def __truediv__(self, other: object) -> "Arithmetic":
        return _calculate("/", self, other)

    def __rtruediv__(self, other: object) -> "Arithmetic":
        return _calculate("/", other, self)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self} is neither true nor false until a journey runs: use & for `and`, | for `or`, ~ for `not`, with "
            "each comparison in parentheses, and (a < x) & (x < b) for a chain"
        )

    def __contains__(self, item: object) -> NoReturn:
        raise TypeError(f"Python's `in` cannot build a condition: write ({self}).contains(…) or .in_([…])")

    def __hash__(self) -> int:
        return hash(structure(self))

    def __repr__(self) -> str:
        from touchpoint.journey.source import source  # there the nodes are needed: one of the two has to come later

        return source(self)

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


@attrs.frozen(eq=False, repr=False)
class Literal(Expression):
    """A value written in the journey. Datetimes are kept in UTC, lists as tuples."""

    value: object


@attrs.frozen(eq=False, repr=False)
class Now(Expression):
    """The instant of the decision."""


@attrs.frozen(eq=False, repr=False)
class Field(Expression):
    """A property, reached by attribute or by item: `event.score`, `event["order-id"]`, `customer.home.city`.

    Its own parts are private, so that `event.path` and `event.root` mean the properties; ask `root_of` and `path_of`.
    """

    _root: "str | Last"
    _path: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> "Field":
        if name.startswith("_"):
            # Python's own protocols (copy, inspect, doctest …) probe for such names and must find none.
            raise AttributeError(f"a name that starts with '_' is reached by item: [{name!r}]")
        return Field(self._root, (*self._path, name))

    def __getitem__(self, name: str) -> "Field":
        if not isinstance(name, str):
            raise TypeError(f"{self}[…] takes the name of a property, not a {type(name).__name__}")
        if not is_unicode(name):
            raise JourneyError(f"{self}[…] takes a name without halves of surrogate pairs")
        return Field(self._root, (*self._path, name))


@attrs.frozen(eq=False, repr=False)
class Compare(Expression):
    """`left op right`; `op` is one of `== != < <= > >=`."""

    op: str
    left: Expression
    right: Expression


@attrs.frozen(eq=False, repr=False)
class And(Expression):
    """Every part is true."""

    parts: tuple[Expression, ...]


@attrs.frozen(eq=False, repr=False)
class Or(Expression):
    """At least one part is true."""

    parts: tuple[Expression, ...]


@attrs.frozen(eq=False, repr=False)
class Not(Expression):
    """The part is false."""

    part: Expression


@attrs.frozen(eq=False, repr=False)
class Arithmetic(Expression):
    """`left op right`; `op` is one of `+ - * /`."""

    op: str
    left: Expression
    right: Expression


@attrs.frozen(eq=False, repr=False)
class In(Expression):
    """The value is one of the options."""

    value: Expression
    options: Expression


@attrs.frozen(eq=False, repr=False)
class Contains(Expression):
    """The container holds the item."""

    container: Expression
    item: Expression


@attrs.frozen(eq=False, repr=False)
class Exists(Expression):
    """The data are there."""

    value: Expression


@attrs.frozen(eq=False, repr=False)
class Count(Expression):
    """How many touchpoints of a type there were. In `where`, `event` is the touchpoint looked back at."""

    type: str
    within: timedelta | None
    where: Expression | None


@attrs.frozen(eq=False, repr=False)
class Ever(Expression):
    """Whether there was any touchpoint of a type."""

    type: str
    within: timedelta | None
    where: Expression | None


@attrs.frozen(eq=False, repr=False)
class Total(Expression):
    """The exact sum of the property `of` (a path of names) over touchpoints of a type; all else adds nothing."""

    type: str
    of: tuple[str, ...]
    within: timedelta | None
    where: Expression | None


@attrs.frozen(eq=False, repr=False)
class Last(Expression):
    """The latest touchpoint of a type; only ever the root of a `Field`."""

    type: str
    where: Expression | None


Aggregate = Count | Ever | Total | Last


@attrs.frozen(eq=False, repr=False)
class CaseOpen(Expression):
    """Whether a case is open: of this kind (None: any) and about this ref (None: any)."""

    kind: str | None
    ref: Expression | None


@attrs.frozen(eq=False, repr=False)
class InStage(Expression):
    """Whether the customer is in a stage of a journey (None: this one)."""

    stage: str
    journey: str | None


@attrs.frozen(eq=False, repr=False)
class InSegment(Expression):
    """Whether the customer is in a segment of a journey (None: this one)."""

    segment: str
    journey: str | None


@attrs.frozen(eq=False, repr=False)
class Consented(Expression):
    """Whether the customer has said yes to just this purpose, on a channel (None: on all of them). Never unknown."""

    purpose: str
    channel: str | None


@attrs.frozen(eq=False, repr=False)
class Outcome(Expression):
    """How a message of this run ended; unknown while it has not."""

    message: str


@attrs.frozen(eq=False, repr=False)
class Told(Expression):
    """Whether this came back of a message of this run so far; `what` is one of `TELLS`. Never unknown."""

    message: str
    what: str


TELLS: Final = ("delivered", "opened", "clicked", "replied", "answered", "failed")


@attrs.frozen(eq=False, repr=False)
class Variant(Expression):
    """The variant to which the customer was exposed in a `Split`; unknown before that."""

    split: str


_CONDITIONS: Final = frozenset({
    Compare, And, Or, Not, In, Contains, Exists, Ever, CaseOpen, InStage, InSegment, Consented, Told,
})  # fmt: skip
"""Nodes that are true, false or unknown, and nothing else."""


_WRITTEN: Final = json.JSONEncoder(separators=(",", ":"), sort_keys=True)
_INSIDE: Final[Mapping[type, tuple[str, ...]]] = {
    Field: ("_root",), Compare: ("left", "right"), And: ("parts",), Or: ("parts",), Not: ("part",),
    Arithmetic: ("left", "right"), In: ("value", "options"), Contains: ("container", "item"), Exists: ("value",),
    Count: ("where",), Ever: ("where",), Total: ("where",), Last: ("where",), CaseOpen: ("ref",),
}  # fmt: skip
"""By class, where other expressions stand directly inside; nodes of other classes have none."""
_HELD: Final[Mapping[type, Callable[[Any], object]]] = {cls: attrgetter(*names) for cls, names in _INSIDE.items()}
"""By class, what gives what stands there: several expressions, or one, or nothing."""


def root_of(field: Field) -> "str | Last":
    """`event`, `trigger`, `customer`, `collected`, `result`, or the `Last` whose properties are meant."""
    return field._root  # noqa: SLF001 - private only so that a property may bear the name


def path_of(field: Field) -> tuple[str, ...]:
    """The names that lead from the root to the value; empty for the root itself."""
    return field._path  # noqa: SLF001 - private only so that a property may bear the name


def children(node: Expression) -> Sequence[Expression]:
    """The expressions directly inside this one, `where` included, in the order they are written."""
    cls = type(node)
    held = _HELD[cls](node) if cls in _HELD else None
    if type(held) is tuple:  # two sides, or the parts of `And` and `Or`, which are nothing but expressions
        return held
    return (held,) if isinstance(held, Expression) else ()


def walk(expression: Expression) -> Sequence[Expression]:
    """Every node, the outer one first; the nodes inside a `where` too."""
    found: Sequence[Expression] | None = getattr(expression, "_nodes", None)
    if found is None:
        found = _walk(expression)
        object.__setattr__(expression, "_nodes", found)
    return found


def _walk(expression: Expression) -> Sequence[Expression]:
    found, left = [], [expression]  # and no recursion: whoever asks how deep it is has to walk first
    while left:
        node = left.pop()
        found.append(node)
        if (held := _HELD.get(type(node))) is not None:
            inside = held(node)  # as `children` gives it: most of a journey's nodes pass through here
            if type(inside) is tuple:
                left += inside[::-1]
            elif isinstance(inside, Expression):
                left.append(inside)
    return tuple(found)


def structure(node: Expression) -> str:
    """Canonical JSON of an expression: equal for equal structure and types, on every Python and in every process."""
    return _WRITTEN.encode(shape(node))


def shape(part: object) -> object:
    """What `structure` writes, as plain lists, texts and numbers."""
    if isinstance(part, Literal):
        return ["Literal", _literal_shape(part.value)]
    if isinstance(part, Expression):
        return [type(part).__name__, *(shape(getattr(part, name)) for name in part.__match_args__)]
    if isinstance(part, tuple):
        return [shape(each) for each in part]
    return _literal_shape(part) if isinstance(part, timedelta) else part


def _literal_shape(value: object) -> object:
    if isinstance(value, tuple):
        return [_literal_shape(each) for each in value]
    if isinstance(value, datetime):
        return {"datetime": micros(value)}
    if value is None or isinstance(value, bool | str):
        return value
    return {type(value).__name__: repr(value)}


def operand(value: object) -> Expression:
    """An expression as it is, anything else as a literal.

    Raises:
        JourneyError: it is of another type than literals may have, or a bare root such as `event`.
    """
    if not isinstance(value, Expression):
        return Literal(literal(value))
    if isinstance(value, Field) and not path_of(value):
        instead = "ever(…)" if isinstance(root_of(value), Last) else f"{value}.score or {value}['order-id']"
        raise JourneyError(f"{value} alone has no value: name one of its properties, or ask {instead}")
    return value


def _listed(options: object) -> Expression:
    if isinstance(options, Expression):
        return operand(options)
    if not isinstance(options, list | tuple):
        raise JourneyError(
            f".in_() takes a list or tuple of literals, not a {type(options).__name__}: .in_(['gold', 'silver'])"
        )
    return Literal(literal(options))


def _compare(op: str, left: Expression, right: object) -> Compare:
    pair = (operand(left), operand(right))
    for side in pair:
        if type(side) in _CONDITIONS and (op not in {"==", "!="} or not all(map(_is_truth, pair))):
            raise JourneyError(
                f"{side} is a condition, and {op} does not compare it with that: & and | bind tighter: "
                "put each comparison in parentheses"
            )
    return Compare(op, *pair)


def _is_truth(node: Expression) -> bool:
    return type(node) in _CONDITIONS or (isinstance(node, Literal) and isinstance(node.value, bool))


def _joined(kind: type[And] | type[Or], *sides: object) -> tuple[Expression, ...]:
    parts: list[Expression] = []
    for side in sides:
        # a & (b & c) and (a & b) & c mean the same, so they are the same.
        parts += side.parts if isinstance(side, kind) else (_condition_part(side),)
    return tuple(parts)


def _condition_part(side: object) -> Expression:
    if isinstance(side, bool) or (isinstance(side, Expression) and not isinstance(side, Arithmetic)):
        return operand(side)
    raise JourneyError(
        f"& | ~ join conditions, and a {type(side).__name__} is none: they bind tighter than comparisons, "
        "so put each comparison in parentheses, as in (event.score == 5) & (event.paid == True)"
    )


def _calculate(op: str, left: object, right: object) -> Arithmetic:
    pair = (operand(left), operand(right))
    for side in pair:
        if type(side) in _CONDITIONS or (isinstance(side, Literal) and not _is_quantity(side.value)):
            raise JourneyError(f"{op} takes numbers, datetimes, dates and durations, not {side}")
    return Arithmetic(op, *pair)


def _is_quantity(value: object) -> bool:
    return isinstance(value, int | float | Decimal | date | timedelta) and not isinstance(value, bool)
