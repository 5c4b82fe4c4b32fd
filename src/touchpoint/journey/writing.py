"""Expressions as the text that people write in files: `and`, `or`, `not`, `30d`, names without quotes."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from touchpoint.durations import length
from touchpoint.journey.expressions import (
    And,
    Arithmetic,
    CaseOpen,
    Compare,
    Contains,
    Count,
    Ever,
    Exists,
    Expression,
    Field,
    In,
    InStage,
    Last,
    Literal,
    Not,
    Now,
    Or,
    Outcome,
    Total,
    path_of,
    root_of,
)
from touchpoint.journey.literals import quoted
from touchpoint.journey.source import _steps, source
from touchpoint.journey.tokens import RESERVED, UNITS

_OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _UNARY, _PRIMARY = range(1, 9)
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NAMED: Final = re.compile(r'^(\w+)\("([A-Za-z][A-Za-z0-9_]*)"')


def to_text(expression: Expression) -> str:
    """The expression as text that `parse` reads: `count(order_placed, within=30d) >= 3 and customer.tier == "gold"`."""
    return _write(expression, _OR)


def _write(node: Expression, least: int) -> str:
    """The node, in parentheses if it binds less tightly than `least`."""
    text, binding = _operation(node) or (_primary(node), _PRIMARY)
    return text if binding >= least else f"({text})"


def _operation(node: Expression) -> tuple[str, int] | None:  # noqa: PLR0911 - one per class
    match node:
        case Or(parts):
            return " or ".join(_write(part, _AND) for part in parts), _OR
        case And(parts):
            return " and ".join(_write(part, _NOT) for part in parts), _AND
        case Not(In(value, options)):
            return f"{_write(value, _ADD)} not in {_write(options, _ADD)}", _COMPARE
        case Not(part):
            # `not a == b` is read as meant, and misread by people.
            return f"not {_write(part, _ADD if isinstance(part, Compare | In) else _NOT)}", _NOT
        case Compare(op, left, right):
            return f"{_write(left, _ADD)} {op} {_write(right, _ADD)}", _COMPARE
        case In(value, options):
            return f"{_write(value, _ADD)} in {_write(options, _ADD)}", _COMPARE
        case Arithmetic(op, left, right):
            binding = _ADD if op in "+-" else _MULTIPLY
            return f"{_write(left, binding)} {op} {_write(right, binding + 1)}", binding
        case Literal(value):
            text = _literal(value)
            return text, _UNARY if text.startswith("-") else _PRIMARY
    return None


def _primary(node: Expression) -> str:  # noqa: PLR0911 - one per class
    match node:
        case Field():
            root = root_of(node)
            return _alike(node) if isinstance(root, str) else _steps(_write(root, _PRIMARY), path_of(node))
        case Contains(container, item):
            return f"{_write(container, _PRIMARY)}.contains({_write(item, _OR)})"
        case Exists(value):
            return f"{_write(value, _PRIMARY)}.exists()"
        case Now():
            return "now"
        case Count() | Ever() | Last() | Total():
            return _history(node)
        case CaseOpen(kind, ref):
            about = [] if ref is None else [f"ref={_write(ref, _OR)}"]
            return _called("case_open", *_names(kind), *about)
        case InStage(stage, journey):
            return _called("in_stage", *_names(stage), *(f"journey={name}" for name in _names(journey)))
        case Outcome(message):
            return _called("outcome", _name(message))
    return _alike(node)


def _alike(node: Expression) -> str:
    """What reads in both forms alike, but for its name and for what stands inside."""
    text = source(node, lambda part: None if part is node else _write(part, _PRIMARY))
    return _NAMED.sub(lambda named: f"{named[1]}({_name(named[2])}", text)


def _history(node: Count | Ever | Last | Total) -> str:
    options = []
    if isinstance(node, Total):
        options.append(f"of={_name(node.of[0]) if len(node.of) == 1 else _steps('event', node.of)}")
    if not isinstance(node, Last) and node.within is not None:
        options.append(f"within={_duration(node.within)}")
    if node.where is not None:
        options.append(f"where={_write(node.where, _OR)}")
    return _called(type(node).__name__.lower(), _name(node.type), *options)


def _literal(value: object) -> str:  # noqa: PLR0911 - one per type
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, Decimal):
        return f'Decimal("{value}")'
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, datetime):
        return _instant(value)
    return value.isoformat() if isinstance(value, date) else repr(value)


def _instant(value: datetime) -> str:
    to = "minutes" if not value.second and not value.microsecond else "seconds" if not value.microsecond else "auto"
    return value.replace(tzinfo=None).isoformat(timespec=to) + "Z"


def _duration(value: timedelta) -> str:
    us = length(value)
    unit = next(unit for unit in ("d", "h", "m", "s", "ms", "us") if us % UNITS[unit] == 0)
    return f"{us // UNITS[unit]}{unit}"


def _called(function: str, *arguments: str) -> str:
    return f"{function}({', '.join(arguments)})"


def _names(name: str | None) -> list[str]:
    return [] if name is None else [_name(name)]


def _name(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name not in RESERVED else quoted(name)
