"""JSON for stores: exact for every value a property or trait may have, and readable for ever (S11.6).

Values that JSON does not know are objects of one member whose name starts with `$`; such names are refused in payloads
(`touchpoint.model.payload`), so nothing else looks like them. Tags are never renamed.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from touchpoint.compact import prepared, prepared_for_many
from touchpoint.core.held import One
from touchpoint.durations import instant, length, micros
from touchpoint.errors import StoreCorrupt

_TAG: Final[Mapping[type, Callable[[Any], dict[str, object]]]] = {
    One: One.plain,
    datetime: lambda value: {"$instant": micros(value)},
    Decimal: lambda value: {"$decimal": str(value)},
    date: lambda value: {"$date": value.isoformat()},
    timedelta: lambda value: {"$elapsed": length(value)},
}


def _tagged(value: object) -> dict[str, object]:
    tag = _TAG.get(type(value))  # as nearly all are; what is left are subclasses
    if tag is None:
        tag = next((each for kind, each in _TAG.items() if isinstance(value, kind)), None)
    if tag is None:
        raise TypeError(f"{type(value).__name__} cannot be stored")
    return tag(value)


_UNTAG: Final[Mapping[str, Callable[[Any], object]]] = {
    "$decimal": Decimal,
    "$instant": instant,
    "$date": date.fromisoformat,
    "$elapsed": lambda us: timedelta(microseconds=us),
}

# Looking for circles takes time; payloads are copied and bounded in depth before they get here.
_encoder: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, default=_tagged
)


def _untag(pairs: dict[str, object]) -> object:
    if len(pairs) == 1:
        (name, value), *_ = pairs.items()
        untag = _UNTAG.get(name)
        if untag is not None:
            return untag(value)
    return pairs


_plain: Final = json.JSONDecoder()
_exact: Final = json.JSONDecoder(object_hook=_untag)

dumps: Final = prepared(_encoder)
dumps_all: Final = prepared_for_many(_encoder)
"""`dumps` of each of many values."""


def loads(text: str) -> Any:  # noqa: ANN401 - whoever reads a record knows its shape
    """What `dumps` wrote. Raises StoreCorrupt for anything else."""
    decoder = _exact if '{"$' in text else _plain
    try:
        found, end = decoder.raw_decode(text)  # `decode` looks for blanks around it as well, and there are none
        if end == len(text):
            return found
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        pass  # what is wrong with it is said in a moment
    try:
        return decoder.decode(text)
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        message = f"a record of {len(text)} characters cannot be read: {type(error).__name__}; restore it from a backup"
        raise StoreCorrupt(message) from None
