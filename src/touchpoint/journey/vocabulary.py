"""What may be named in a condition written as text: roots, functions, and values that are made of plain ones.

Functions are those of `conditions` that make a node of an expression from plain data, and nothing else; what their
arguments may be is read from their signatures. So a text can say what Python can, also what is added there later.
"""

import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import attrs

from touchpoint import durations
from touchpoint.errors import JourneyError
from touchpoint.journey import conditions as c
from touchpoint.journey.expressions import Expression, Field, Now

Kind: TypeAlias = Literal["name", "property", "length", "condition", "value"]
"""What an argument is: a name, a property to add up, a length of time, a condition, or a value to compare with."""

ROOTS: Final[Mapping[str, Expression]] = MappingProxyType(
    {name: value for name in c.__all__ if isinstance(value := getattr(c, name), Field | Now)}
)
"""What a condition speaks of: `event`, `trigger`, `customer`, `now` …"""

CONSTANTS: Final[Mapping[str, object]] = MappingProxyType(
    {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None, "null": None}
)
METHODS: Final = ("in_", "contains", "exists")
"""What an expression may be asked; a property of that name is reached by item."""


@attrs.frozen
class Parameter:
    """One argument of a function: what it may be, and whether it can be left out or handed in without its name."""

    name: str
    kind: Kind
    required: bool
    by_place: bool


@attrs.frozen
class Function:
    """A function of conditions with its arguments in order."""

    name: str
    build: Callable[..., Expression]
    parameters: tuple[Parameter, ...]


@cache
def functions() -> Mapping[str, Function]:
    """The functions that conditions may call, by name."""
    public = {name: getattr(c, name) for name in c.__all__}
    return MappingProxyType({name: _function(each) for name, each in public.items() if _makes_a_node(each)})


def _makes_a_node(value: object) -> bool:
    """Whether it is a function that gives a node of a certain class, rather than whatever it is handed."""
    made = value.__annotations__.get("return") if inspect.isfunction(value) else None
    return isinstance(made, type) and issubclass(made, Expression) and made is not Expression


def _function(build: Callable[..., Expression]) -> Function:
    parameters = inspect.signature(build).parameters.values()
    return Function(
        build.__name__,
        build,
        tuple(
            Parameter(
                each.name,
                _kind(each.name, str(each.annotation)),
                each.default is each.empty,
                each.kind is not each.KEYWORD_ONLY,
            )
            for each in parameters
        ),
    )


def _kind(name: str, annotation: str) -> Kind:
    takes_text = "str" in annotation
    if name == "where":
        return "condition"
    if "timedelta" in annotation:
        return "length"
    if "Field" in annotation:
        return "property"
    if "Expression" in annotation:
        return "value"
    return "name" if takes_text else "value"


def _calendar(*_: object) -> object:
    raise JourneyError("a calendar length has no place in a condition, for it has no fixed length: write 30d, say")


def _decimal(value: object) -> Decimal:
    text = str(value) if isinstance(value, str | int) else ""
    try:
        return Decimal(text if text.isascii() else "")
    except InvalidOperation:
        raise JourneyError('Decimal() takes a number in quotes, as in Decimal("9.99")') from None


def _instant(year: int, month: int, day: int, *rest: Any, tzinfo: object = None) -> datetime:  # noqa: ANN401 - numbers, or refused
    if tzinfo is not UTC:
        raise JourneyError("an instant has a time zone: write tzinfo=UTC, or 2026-03-01T10:00Z in short")
    hour, minute, second, microsecond = (*rest, 0, 0, 0, 0)[:4]
    if len(rest) > 4:
        raise JourneyError("an instant has at most seven parts, the last of them microseconds")
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)


MAKERS: Final[Mapping[str, Callable[..., object]]] = MappingProxyType({
    "days": durations.days, "hours": durations.hours, "minutes": durations.minutes, "seconds": durations.seconds,
    "weeks": durations.weeks, "timedelta": timedelta, "Decimal": _decimal, "decimal": _decimal, "date": date,
    "datetime": _instant, "calendar_days": _calendar, "months": _calendar, "years": _calendar,
})  # fmt: skip
"""What makes a value of plain ones, as Python does."""
