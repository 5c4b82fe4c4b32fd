"""Expressions become closures: everything that can be decided once is decided here, not at each touchpoint.

`compile_expression` is the only door. Whoever comes to generate Python source instead replaces what is behind it; the
explaining evaluator in `core.reading` gives the same answers slowly, and tests hold the two together.
"""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, Protocol, TypeAlias

from touchpoint.core.collected import of_collected
from touchpoint.core.context import Context
from touchpoint.core.matching import is_told
from touchpoint.core.values import (
    ARITHMETIC,
    COMPARISONS,
    UNKNOWN,
    Truth,
    contains,
    dig,
    look_up,
    member,
    negate,
    own_field,
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
)

Evaluator: TypeAlias = Callable[[Context], object]
Path: TypeAlias = tuple[str, ...]

_PLAIN: Final[dict[str, Callable[[Any, Any], bool]]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
SMALL: Final = 2**53
"""Up to here ints and floats compare alike whether a float stands for its binary or its written value."""
_Slow: TypeAlias = Callable[[object, object], Truth]


class History(Protocol):
    """Where answers about history come from: `core.signals.SignalTable`."""

    def reader(self, question: Aggregate, path: Path = ()) -> Evaluator:
        """A closure that answers the question from `context.signals`; of a `Last`, the property at `path`."""
        ...


def compile_expression(
    expression: Expression, signals: History | None = None, remembered: Mapping[Path, int] | None = None
) -> Evaluator:
    """A closure that computes the expression's value in a context, or `UNKNOWN`.

    The value of a field, a sum and the like is as it is, of any type; where truth is wanted use `compile_condition`.

    Args:
        expression: what to compute.
        signals: answers questions about history; needed only if the expression asks any.
        remembered: inside a question about history, where in `context.row` each property of `event` is found.
    """
    return _Compiler(signals, remembered).value(expression)


def compile_condition(expression: Expression, signals: History | None = None) -> Callable[[Context], Truth]:
    """A closure that says whether the condition holds: True, False or `UNKNOWN`. Only True lets a rule act (S4.6)."""
    return _Compiler(signals, None).truth(expression)


class _Compiler:
    def __init__(self, signals: History | None, remembered: Mapping[Path, int] | None) -> None:
        self._signals = signals
        self._remembered = remembered

    def truth(self, node: Expression) -> Callable[[Context], Truth]:
        compiled: Callable[[Context], Any] = self.value(node)
        if isinstance(node, Compare | And | Or | Not | In | Contains | Exists | Told):
            return compiled  # these compute nothing but truth
        return lambda context: truth(compiled(context))

    def value(self, node: Expression) -> Evaluator:  # noqa: C901, PLR0911 - one branch per class
        match node:
            case Literal(value):
                return lambda _context: value
            case Now():
                return lambda context: instant(context.now)
            case Field():
                return self._field(node)
            case Compare():
                return self._compare(node)
            case And(parts):
                return _all([self.truth(part) for part in parts])
            case Or(parts):
                return _any([self.truth(part) for part in parts])
            case Not(part):
                return _not(self.truth(part))
            case Arithmetic(op, left, right):
                return _both(ARITHMETIC[op], self.value(left), self.value(right))
            case In(value, options):
                return _both(member, self.value(value), self.value(options))
            case Contains(container, item):
                return _both(contains, self.value(container), self.value(item))
            case Exists(value):
                return _exists(self.value(value))
        return self._of_customer(node)

    def _of_customer(self, node: Expression) -> Evaluator:  # noqa: PLR0911 - one per class
        match node:
            case CaseOpen(kind, ref):
                return _case_open(kind, None if ref is None else self.value(ref))
            case InStage(stage, journey):
                return lambda context: context.in_stage(journey, stage)
            case InSegment(segment, journey):
                return lambda context: context.in_segment(journey, segment)
            case Consented(purpose, channel):
                return lambda context: context.consented(purpose, channel)
            case Variant(split):
                return lambda context: context.variant_of(split)
            case Outcome(message):
                return lambda context: context.outcomes.get(message, UNKNOWN)
            case Told(message, what):
                return lambda context: is_told(context.told, context.outcomes, message, what)
            case Count() | Ever() | Total():
                return self._history().reader(node)
        raise TypeError(f"{type(node).__name__} cannot be compiled")

    def _history(self) -> History:
        if self._signals is None:
            raise TypeError("an expression that asks about history is compiled with the SignalTable collected from it")
        return self._signals

    def _field(self, node: Field) -> Evaluator:
        root, path = root_of(node), path_of(node)
        if isinstance(root, Last):
            return self._history().reader(root, path)
        if root == "customer":
            return _trait(path)
        if root == "trigger":
            return lambda context: look_up(context.trigger, path)
        if root in ("collected", "result"):
            return _of_run(root, path)
        if self._remembered is not None:
            place = self._remembered[path]
            return lambda context: context.row[place]
        return _property(path[0]) if len(path) == 1 else lambda context: look_up(context.event, path)

    def _compare(self, node: Compare) -> Evaluator:
        left = self.value(node.left)
        if isinstance(node.right, Literal):
            compare = compile_comparison(node.op, node.right.value)
            return lambda context: compare(left(context))
        return _both(COMPARISONS[node.op], left, self.value(node.right))


def compile_comparison(op: str, literal: object) -> Callable[[object], Truth]:
    """Compares a value with a literal: as Python does where that is the same, else the long way."""
    slow, plain = COMPARISONS[op], _PLAIN[op]
    if type(literal) in (int, float) and abs(literal) < SMALL:  # type: ignore[arg-type]  # checked just before
        return _against_number(plain, literal, slow)
    return _against_text(plain, literal, slow) if isinstance(literal, str) else lambda value: slow(value, literal)


def _against_number(plain: Callable[[Any, Any], bool], literal: object, slow: _Slow) -> Callable[[object], Truth]:
    def compare(value: object) -> Truth:
        # Floats that are not numbers (value != value) and all rarer types take the long way.
        if type(value) is int or (type(value) is float and value == value):  # noqa: PLR0124 - see above
            return plain(value, literal)
        return UNKNOWN if value is UNKNOWN else slow(value, literal)

    return compare


def _against_text(plain: Callable[[Any, Any], bool], literal: str, slow: _Slow) -> Callable[[object], Truth]:
    def compare(value: object) -> Truth:
        if type(value) is str:
            return plain(value, literal)
        return UNKNOWN if value is UNKNOWN else slow(value, literal)

    return compare


def _of_run(root: str, path: Path) -> Evaluator:
    if root == "collected":
        return lambda context: of_collected(context.collected, path)
    return lambda context: dig(context.results, path)


def _property(name: str) -> Evaluator:
    def look(context: Context) -> object:
        event = context.event
        if event is None:
            return UNKNOWN
        value = event.properties.get(name, UNKNOWN)
        return own_field(event, name) if value is UNKNOWN else value

    return look


def _trait(path: Path) -> Evaluator:
    first, rest = path[0], path[1:]
    if rest:
        return lambda context: dig(context.traits.get(first, UNKNOWN), rest)
    return lambda context: context.traits.get(first, UNKNOWN)


def _both(function: Callable[[object, object], object], left: Evaluator, right: Evaluator) -> Evaluator:
    return lambda context: function(left(context), right(context))


def _all(parts: list[Callable[[Context], Truth]]) -> Callable[[Context], Truth]:
    def conjunction(context: Context) -> Truth:
        result: Truth = True
        for part in parts:
            value = part(context)
            if value is False:
                return False
            if value is UNKNOWN:
                result = UNKNOWN
        return result

    return conjunction


def _any(parts: list[Callable[[Context], Truth]]) -> Callable[[Context], Truth]:
    def disjunction(context: Context) -> Truth:
        result: Truth = False
        for part in parts:
            value = part(context)
            if value is True:
                return True
            if value is UNKNOWN:
                result = UNKNOWN
        return result

    return disjunction


def _not(part: Callable[[Context], Truth]) -> Callable[[Context], Truth]:
    return lambda context: negate(part(context))


def _exists(value: Evaluator) -> Evaluator:
    return lambda context: value(context) is not UNKNOWN


def _case_open(kind: str | None, ref: Evaluator | None) -> Evaluator:
    if ref is None:
        return lambda context: context.case_open(kind, None)

    def is_open(context: Context) -> object:
        about = reference(ref(context))
        return UNKNOWN if about is None else context.case_open(kind, about)

    return is_open


def reference(value: object) -> str | None:
    """What a case is about, as text: text as it is, a whole number in digits; None for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
