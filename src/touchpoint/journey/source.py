"""Expressions as text: the Python they were written in, with no more parentheses than Python needs."""

import keyword
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from touchpoint.durations import length
from touchpoint.journey.expressions import (
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
from touchpoint.journey.literals import quoted

Fill: TypeAlias = Callable[[Expression], str | None]

_COMPARE, _OR, _AND, _ADD, _MULTIPLY, _UNARY, _PRIMARY = range(7)
_OPERATIONS: Final = (Compare, Or, And, Not, Arithmetic, Literal)
_UNITS: Final = (("days", 86_400_000_000), ("hours", 3_600_000_000), ("minutes", 60_000_000), ("seconds", 1_000_000))
_SHADOWED: Final = frozenset({"in_", "contains", "exists", "same_as"})


def source(expression: Expression, fill: Fill | None = None) -> str:
    """The expression as Python writes it.

    Args:
        expression: what to write.
        fill: is asked for every node first; the text it returns stands in the node's place, None keeps the node.
    """
    return _Writer(fill or _keep).write(expression, _COMPARE)


def literal_source(value: object) -> str:  # noqa: PLR0911 - one per type
    """A literal as Python writes it: `"gold"`, `days(30)`, `Decimal("9.99")`, `["a", "b"]`."""
    if type(value) is int:
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal_source, value))}]"
    if isinstance(value, Decimal):
        return f'Decimal("{value}")'
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, datetime):
        parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
        while len(parts) > 4 and not parts[-1]:
            parts.pop()
        return f"datetime({', '.join(map(str, parts))}, tzinfo=UTC)"
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    return repr(value)


def _keep(_node: Expression) -> None:
    return None


def _duration(value: timedelta) -> str:
    us = length(value)
    for unit, size in _UNITS:
        if us % size == 0:
            return f"{unit}({us // size})"
    return f"timedelta(microseconds={us})"


class _Writer:
    """Writes nodes, asking `fill` first."""

    def __init__(self, fill: Fill) -> None:
        self._fill = fill

    def write(self, node: Expression, least: int) -> str:
        """The node, in parentheses if it binds less tightly than `least`."""
        filled = self._fill(node)
        if filled is not None:
            return filled
        if isinstance(node, Field):
            return self._field(node)
        found = self._operation(node) if isinstance(node, _OPERATIONS) else None
        text, binding = found or (self._primary(node), _PRIMARY)
        return text if binding >= least else f"({text})"

    def _operation(self, node: Expression) -> tuple[str, int] | None:  # noqa: PLR0911 - one per class
        match node:
            case Compare(op, left, right):
                # One step tighter on both sides: a comparison of a comparison would read as a chain.
                return f"{self.write(left, _OR)} {op} {self.write(right, _OR)}", _COMPARE
            case Or(parts):
                return " | ".join(self.write(part, _AND) for part in parts), _OR
            case And(parts):
                return " & ".join(self.write(part, _ADD) for part in parts), _AND
            case Not(part):
                return f"~{self.write(part, _UNARY)}", _UNARY
            case Arithmetic(op, left, right):
                binding = _ADD if op in "+-" else _MULTIPLY
                return f"{self.write(left, binding)} {op} {self.write(right, binding + 1)}", binding
            case Literal(int() | float() as value) if not isinstance(value, bool) and repr(value).startswith("-"):
                return repr(value), _UNARY
        return None

    def _primary(self, node: Expression) -> str:
        match node:
            case Literal(value):
                return literal_source(value)
            case In(value, options):
                return f"{self._asked(value)}.in_({self.write(options, _COMPARE)})"
            case Contains(container, item):
                return f"{self._asked(container)}.contains({self.write(item, _COMPARE)})"
            case Exists(value):
                return f"{self._asked(value)}.exists()"
            case Now():
                return "now"
        return self._call(node)

    def _asked(self, node: Expression) -> str:
        text = self.write(node, _PRIMARY)
        return f"({text})" if isinstance(node, Literal) and text.isdigit() else text  # 5.exists() is no Python

    def _call(self, node: Expression) -> str:  # noqa: PLR0911 - one per class
        match node:
            case Count(name, within, where) | Ever(name, within, where):
                return self._history(node, name, None, within, where)
            case Total(name, of, within, where):
                return self._history(node, name, of, within, where)
            case Last(name, where):
                return self._history(node, name, None, None, where)
            case CaseOpen(kind, ref):
                about = [] if ref is None else [f"ref={self.write(ref, _COMPARE)}"]
                return _called("case_open", *_texts(kind), *about)
            case InStage(name, journey) | InSegment(name, journey):
                function = "in_stage" if isinstance(node, InStage) else "in_segment"
                return _called(function, *_texts(name), *(f"journey={text}" for text in _texts(journey)))
            case Consented(purpose, channel):
                return _called("consented", *_texts(purpose), *(f"channel={text}" for text in _texts(channel)))
            case Variant(split):
                return _called("variant", *_texts(split))
            case Outcome(message):
                return _called("outcome", *_texts(message))
            case Told(message, what):
                return _called(what, *_texts(message))
        raise AssertionError(f"no text for {type(node).__name__}")

    def _history(
        self,
        node: Expression,
        name: str,
        of: tuple[str, ...] | None,
        within: timedelta | None,
        where: Expression | None,
    ) -> str:
        options = []
        if of:
            options.append(f"of={literal_source(of[0]) if len(of) == 1 else _steps('event', of)}")
        if within is not None:
            options.append(f"within={_duration(within)}")
        if where is not None:
            options.append(f"where={self.write(where, _COMPARE)}")
        return _called(type(node).__name__.lower(), literal_source(name), *options)

    def _field(self, field: Field) -> str:
        root, path = root_of(field), path_of(field)
        if isinstance(root, str) and root == "result" and path:
            return _steps(_called("result", literal_source(path[0])), path[1:])
        return _steps(root if isinstance(root, str) else self.write(root, _PRIMARY), path)


def _texts(name: str | None) -> list[str]:
    return [] if name is None else [literal_source(name)]


def _called(function: str, *arguments: str) -> str:
    return f"{function}({', '.join(arguments)})"


def _steps(root: str, path: tuple[str, ...]) -> str:
    return root + "".join(f".{step}" if _is_attribute(step) else f"[{literal_source(step)}]" for step in path)


def _is_attribute(step: str) -> bool:
    # Python reads other letters in their compatible form, so `event.ﬁ` would mean `event.fi`.
    return (
        step.isascii()
        and step.isidentifier()
        and not step.startswith("_")
        and step not in _SHADOWED
        and not keyword.iskeyword(step)
    )
