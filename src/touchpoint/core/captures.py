"""Values remembered of past touchpoints, as plain JSON: packed to be read again, or as keys to be found by equality."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from touchpoint.compact import compact
from touchpoint.core.values import (
    BOOL,
    DATE,
    DURATION,
    INSTANT,
    LIST,
    MAP,
    NONE,
    NUMBER,
    TEXT,
    UNKNOWN,
    Value,
    as_decimal,
    kind,
    parse_date,
    parse_instant,
)
from touchpoint.durations import instant, length, micros

INSTANT_TAG: Final = "at"
_MICROSECOND: Final = timedelta(microseconds=1)


def pack(value: object) -> object:
    """A value as JSON: text, whole numbers, floats, bools and None as they are, others as a list `[tag, content]`.

    What is neither JSON nor a datetime, date, duration or Decimal is kept as missing.
    """
    found = kind(value)
    if found in {NONE, BOOL}:
        return value
    if found == TEXT:
        return str(value)
    if found == LIST:
        return ["list", [pack(each) for each in _items(value)]]
    if found == MAP:
        return ["map", {str(key): pack(each) for key, each in _pairs(value)}]
    return _pack_quantity(value)


def _pack_quantity(value: object) -> object:
    match value:
        case datetime() if kind(value) == INSTANT:
            return [INSTANT_TAG, micros(value)]
        case date() if kind(value) == DATE:
            return ["date", value.isoformat()]
        case timedelta():
            return ["for", length(value)]
        case Decimal() if value.is_finite():
            return ["decimal", str(value)]
        case int() | float() if kind(value) == NUMBER and abs(value) != float("inf"):
            return value
    return ["missing"]


def unpack(packed: object) -> object:  # noqa: PLR0911 - one per tag
    """The value that `pack` packed."""
    if not isinstance(packed, list):
        return packed
    match packed:
        case ["list", content]:
            return [unpack(each) for each in content]
        case ["map", content]:
            return {key: unpack(each) for key, each in content.items()}
        case ["at", content]:
            return instant(content)
        case ["date", content]:
            return date.fromisoformat(content)
        case ["for", content]:
            return content * _MICROSECOND
        case ["decimal", content]:
            return Decimal(content)
    return UNKNOWN


def key_of(value: object) -> str | None:
    """A text that two values share exactly if they are of one kind and equal; None if nothing equals the value."""
    shape = _key(value)
    return None if shape is None else compact(shape)


def keys_equal_to(value: object) -> set[str]:
    """The keys of all values that equal this one, but for those that are text where this one is a date or datetime."""
    readings = [value]
    if isinstance(value, str):
        readings += [read for read in (parse_instant(value), parse_date(value)) if read is not None]
    return {key for key in map(key_of, readings) if key is not None}


def text_of(key: str) -> str | None:
    """The text a key stands for; None where it stands for something else."""
    shape = json.loads(key)
    return shape if isinstance(shape, str) else None


def _key(value: object) -> object:
    found = kind(value)
    if found == TEXT:
        return str(value)
    if found in {NONE, BOOL}:
        return [found, str(value)]
    if found == LIST:
        parts = [_key(each) for each in _items(value)]
        return None if None in parts else [found, *parts]
    if found == MAP:
        pairs = [[str(key), _key(each)] for key, each in sorted(_pairs(value))]
        return None if any(part is None for _, part in pairs) else [found, *pairs]
    return _key_of_quantity(value, found)


def _key_of_quantity(value: Value, found: str) -> object:
    if found == NUMBER:
        return [found, _number_text(value)]
    if found == INSTANT:
        return [found, micros(value)]
    if found == DATE:
        return [found, value.isoformat()]
    return [found, length(value)] if found == DURATION else None


def _number_text(value: Value) -> str:
    """One text for 1, 1.0 and Decimal("1.00"), since they are equal."""
    number = as_decimal(value)
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return f"{'-' * sign}infinity"
    text = "".join(map(str, digits))
    kept = text.rstrip("0")
    return f"{'-' * sign}{kept}e{exponent + len(text) - len(kept)}" if kept else "0"


def _items(value: Value) -> list[object]:
    return list(value)


def _pairs(value: Value) -> list[tuple[Value, object]]:
    return list(value.items()) if isinstance(value, Mapping) else []
