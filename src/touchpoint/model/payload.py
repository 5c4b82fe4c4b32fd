"""What a touchpoint's properties and a customer's traits may hold.

JSON values, and Decimal, aware datetime, date and timedelta.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from touchpoint.errors import InvalidInput

DEPTH: Final = 16
SIZE: Final = 10_000
"""Values in one payload, nested ones included."""
TEXT: Final = 65_536
"""Characters in one text."""

LONGEST_NAME: Final = 200

_PLAIN: Final = frozenset({int, bool, type(None)})
_SIMPLE: Final = _PLAIN | {str, float}
_NAMES: Final = frozenset({str})


def checked(
    values: Mapping[str, object] | None, what: str, error: type[InvalidInput] = InvalidInput
) -> dict[str, object]:
    """A copy of the values that nobody else holds.

    Args:
        values: by name; None for none.
        what: whose they are, for the message: a touchpoint type, or `traits`.
        error: the class of what is raised.

    Raises:
        InvalidInput: of the class `error`, with the path of the first value that cannot be kept, never with the value
            itself.
    """
    if values is None:
        return {}
    if type(values) is dict and _is_plain(values):
        return values.copy()
    if not isinstance(values, Mapping):
        raise error(f"{what}: properties are a mapping from names to values, not {type(values).__name__}")
    return _Check(what, error).mapping(values, "$", 0)


def _is_plain(values: dict[Any, Any]) -> bool:
    """Whether all is plain to see: identifiers as names, ASCII texts of bounded length, whole numbers and the like."""
    kinds = set(map(type, values.values()))
    if not kinds <= _SIMPLE or len(values) > SIZE or not _NAMES.issuperset(map(type, values)):
        return False
    texts = "".join([*values, *[each for each in values.values() if type(each) is str]])
    if len(texts) > LONGEST_NAME and (len(texts) > TEXT or max(map(len, values)) > LONGEST_NAME):
        return False
    if float in kinds and not all(map(math.isfinite, [each for each in values.values() if type(each) is float])):
        return False
    return texts.isascii() and all(map(str.isidentifier, values))


class _Check:
    def __init__(self, what: str, error: type[InvalidInput]) -> None:
        self._what = what
        self._error = error
        self._left = SIZE

    def mapping(self, values: Mapping[str, object], path: str, depth: int) -> dict[str, object]:
        copy: dict[str, object] = {}
        for name, value in values.items():
            # Nearly all names are identifiers, which can neither start with '$' nor hold half a surrogate pair.
            if type(name) is not str or len(name) > LONGEST_NAME or not name.isidentifier():
                self._name(name, path)
            kind = type(value)
            plain = kind in _PLAIN
            if kind is str:
                plain = len(value) <= TEXT and value.isascii()  # type: ignore[arg-type, attr-defined]
            elif kind is float:
                plain = math.isfinite(value)  # type: ignore[arg-type]
            copy[name] = value if plain else self._value(value, f"{path}.{name}", depth + 1)
        self._count(len(copy), path)
        return copy

    def _name(self, name: object, path: str) -> None:
        if not isinstance(name, str) or not name or name[0] == "$" or len(name) > LONGEST_NAME:
            raise self._error(
                f"{self._what}: {path}: a name is a text of 1 to {LONGEST_NAME} characters "
                "that does not start with '$', "
                f"not {'this' if isinstance(name, str) else 'a ' + type(name).__name__}"
            )
        self.text(name, path)

    def _value(self, value: object, path: str, depth: int) -> object:
        if depth > DEPTH:
            raise self._error(f"{self._what}: {path}: nested more than {DEPTH} deep")
        for kinds, copied in _COPIES:
            if isinstance(value, kinds):
                return copied(self, value, path, depth)
        raise self._error(
            f"{self._what}: {path}: {type(value).__name__} cannot be stored; "
            "use JSON values, Decimal, aware datetime, date or timedelta"
        )

    def number(self, value: float | Decimal, path: str, _depth: int) -> float | Decimal:
        if not math.isfinite(value):
            raise self._error(
                f"{self._what}: {path}: a number must be finite; leave it out, or use None, where it is not known"
            )
        return value

    def instant(self, value: datetime, path: str, _depth: int) -> datetime:
        if value.tzinfo is None:
            raise self._error(
                f"{self._what}: {path}: a datetime without a time zone; use an aware one, e.g. tzinfo=UTC"
            )
        return value

    def sequence(self, values: Sequence[object], path: str, depth: int) -> list[object]:
        self._count(len(values), path)
        return [self._value(each, f"{path}[{index}]", depth + 1) for index, each in enumerate(values)]

    def text(self, value: str, path: str, _depth: int = 0) -> str:
        if len(value) > TEXT:
            raise self._error(f"{self._what}: {path}: a text of {len(value):,} characters; the most is {TEXT:,}")
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self._error(
                f"{self._what}: {path}: the text holds half of a surrogate pair; decode it properly first"
            ) from None
        return value

    def _count(self, n: int, path: str) -> None:
        self._left -= n
        if self._left < 0:
            raise self._error(
                f"{self._what}: {path}: more than {SIZE:,} values in one payload; "
                "keep references instead of whole documents"
            )


def _as_it_is(_check: _Check, value: object, _path: str, _depth: int) -> object:
    return value


_Kinds: TypeAlias = type | tuple[type, ...]
# Asked in this order, because a datetime is a date too. Subclasses count, so the type itself is not enough to find one.
_COPIES: Final[Sequence[tuple[_Kinds, Callable[[_Check, Any, str, int], object]]]] = (
    (str, _Check.text),
    ((type(None), bool, int, timedelta), _as_it_is),
    ((float, Decimal), _Check.number),
    (datetime, _Check.instant),
    (date, _as_it_is),
    (Mapping, _Check.mapping),
    ((list, tuple), _Check.sequence),
)
