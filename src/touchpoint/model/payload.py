"""What a touchpoint's properties and a customer's traits may hold.

JSON values, and Decimal, aware datetime, date and timedelta.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain, repeat
from typing import Any, Final, TypeAlias

from touchpoint.compact import Texts, column_to_texts, objects_to_texts
from touchpoint.durations import in_calendar, micros
from touchpoint.errors import InvalidInput

DEPTH: Final = 16
SIZE: Final = 10_000
"""Values in one payload, nested ones included."""
TEXT: Final = 65_536
"""Characters in one text."""

TEXTS: Final = 1_000_000
"""Characters in all texts and names of one payload together."""
DIGITS: Final = 600
"""Digits of a whole number. Python reads and writes at least 640, however its host sets it up."""

LONGEST_NAME: Final = 200

_LARGEST: Final = 10**DIGITS
_FEW: Final = 8
"""Fewer payloads than these are written one by one: a column costs something even where there is little in it."""
_PLAIN: Final = frozenset({bool, type(None)})
_FLAT: Final = frozenset({bool, type(None), int, float, str})
_NAME: Final = frozenset({str})


def is_finite(number: float | Decimal) -> bool:
    """Whether it is neither infinite nor not-a-number, of whatever kind and size."""
    return number.is_finite() if isinstance(number, Decimal) else isinstance(number, int) or math.isfinite(number)


def is_kept(number: object) -> bool:
    """Whether a number is small enough to be kept; anything else than a whole one is."""
    return not isinstance(number, int) or -_LARGEST < number < _LARGEST


def is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8, which has no place for half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
    if not isinstance(values, Mapping):
        raise error(f"{what}: properties are a mapping from names to values, not {type(values).__name__}")
    return _Check(what, error).mapping(values, "$", 0)


def plain_json(values: dict[Any, Any], dumps: Callable[[object], str]) -> str | None:
    """The JSON of values that can all be kept as they are; None where that takes a look at each of them.

    Most payloads are a few short texts and numbers. What they may not be shows in the whole text, at once: in so many
    characters there are neither too many values nor too much text.

    Args:
        values: by name; nobody else holds them.
        dumps: writes JSON, and refuses numbers that are not finite.
    """
    if not (_NAME.issuperset(map(type, values)) and _FLAT.issuperset(map(type, values.values()))):
        return None
    try:
        text = dumps(values)
    except ValueError:  # a number that is not finite, or that Python does not write
        return None
    return text if _is_plain(text) and (len(text) <= LONGEST_NAME or _fits(text, values)) else None


def plain_jsons(payloads: Sequence[dict[Any, Any]], dumps_all: Texts) -> list[str] | None:
    """`plain_json` of each of these; None where one of them has none. They are looked at together."""
    names = [*chain.from_iterable(payloads)]
    if not _NAME.issuperset(map(type, names)):
        return None
    first = [*payloads[0]]
    try:
        alike = names == first * len(payloads)
        texts = _jsons_alike(first, payloads, dumps_all) if alike else _jsons_of_several(payloads, dumps_all)
    except ValueError:
        return None
    if texts is None or not _is_plain("".join(texts)):  # each ends with a brace: nothing comes about between two
        return None
    if max(map(len, texts)) <= LONGEST_NAME:
        return texts
    longer = [each for each in zip(texts, payloads, strict=True) if len(each[0]) > LONGEST_NAME]
    return texts if all(_fits(text, payload) for text, payload in longer) else None


def _jsons_alike(names: Sequence[str], payloads: Sequence[dict[str, Any]], dumps_all: Texts) -> list[str] | None:
    """The JSON of payloads that all have these names in this order; None where a value is not flat."""
    if not names:
        return ["{}"] * len(payloads)
    values = [*chain.from_iterable(map(dict.values, payloads))]
    if len(payloads) < _FEW:
        return dumps_all(payloads) if _FLAT.issuperset(map(type, values)) else None
    columns = [values[place :: len(names)] for place in range(len(names))]
    kinds = [{*map(type, column)} for column in columns]
    if not all(map(_FLAT.issuperset, kinds)):
        return None
    return objects_to_texts(names, map(column_to_texts, columns, kinds, repeat(dumps_all)))


def _jsons_of_several(payloads: Sequence[dict[str, Any]], dumps_all: Texts) -> list[str] | None:
    """Likewise of any payloads: those with the same names, as touchpoints of a type have them, are written together."""
    places: dict[tuple[str, ...], list[int]] = {}
    for place, payload in enumerate(payloads):
        places.setdefault((*payload,), []).append(place)
    found = [""] * len(payloads)
    for names, some in places.items():
        texts = _jsons_alike(names, [payloads[place] for place in some], dumps_all)
        if texts is None:
            return None
        for place, text in zip(some, texts, strict=True):
            found[place] = text
    return found


def _is_plain(text: str) -> bool:
    """Whether no name in this JSON starts with '$' or is empty (nor any text only looks so), and all is Unicode."""
    return '"$' not in text and '"":' not in text and (text.isascii() or is_unicode(text))


def _fits(text: str, values: dict[str, Any]) -> bool:
    """Whether neither the whole nor a name nor a number is too long; none is in so short a text as a name."""
    size = len(text)
    if size > SIZE or max(map(len, values)) > LONGEST_NAME:
        return False
    return size < DIGITS or all(map(is_kept, values.values()))


class _Check:
    def __init__(self, what: str, error: type[InvalidInput]) -> None:
        self._what = what
        self._error = error
        self._left = SIZE
        self._room = TEXTS

    def mapping(self, values: Mapping[str, object], path: str, depth: int) -> dict[str, object]:
        copy: dict[str, object] = {}
        for name, value in values.items():
            # Nearly all names are identifiers, which can neither start with '$' nor hold half a surrogate pair.
            if type(name) is not str or len(name) > LONGEST_NAME or not name.isidentifier():
                name = self._name(name, path)  # noqa: PLW2901 - the plain text of a subclass
            kind = type(value)
            plain = kind in _PLAIN
            if kind is int:
                plain = -_LARGEST < value < _LARGEST  # type: ignore[operator]
            elif kind is float:
                plain = math.isfinite(value)  # type: ignore[arg-type]
            copy[name] = value if plain else self._value(value, f"{path}.{name}", depth + 1)
        self._count(len(copy), path)
        self._make_room(sum(map(len, copy)), path)
        return copy

    def _name(self, name: object, path: str) -> str:
        if not isinstance(name, str) or not name or name[0] == "$" or len(name) > LONGEST_NAME:
            raise self._error(
                f"{self._what}: {path}: a name is a text of 1 to {LONGEST_NAME} characters "
                "that does not start with '$', "
                f"not {'this' if isinstance(name, str) else 'a ' + type(name).__name__}"
            )
        return self.text(name, path)

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

    def whole(self, value: int, path: str, _depth: int) -> int:
        if not -_LARGEST < value < _LARGEST:
            raise self._error(f"{self._what}: {path}: a whole number of more than {DIGITS} digits; keep it as a text")
        return int.__int__(value)

    def number(self, value: float | Decimal, path: str, _depth: int) -> float | Decimal:
        if not is_finite(value):
            raise self._error(
                f"{self._what}: {path}: a number must be finite; leave it out, or use None, where it is not known"
            )
        if isinstance(value, Decimal) and len(value.as_tuple().digits) > DIGITS:
            raise self._error(f"{self._what}: {path}: a number of more than {DIGITS} digits; keep it as a text")
        return float.__float__(value) if isinstance(value, float) else value

    def instant(self, value: datetime, path: str, _depth: int) -> datetime:
        try:
            aware = value.utcoffset() is not None
        except Exception:  # noqa: BLE001 - a time zone of the host's own may do anything
            aware = False
        if not aware:
            raise self._error(
                f"{self._what}: {path}: a datetime without a time zone; use an aware one, e.g. tzinfo=UTC"
            )
        if not in_calendar(micros(value)):
            raise self._error(f"{self._what}: {path}: a datetime outside of the years 1 to 9999 UTC")
        return value

    def sequence(self, values: Sequence[object], path: str, depth: int) -> list[object]:
        self._count(len(values), path)
        return [self._value(each, f"{path}[{index}]", depth + 1) for index, each in enumerate(values)]

    def text(self, value: str, path: str, _depth: int = 0) -> str:
        if len(value) > TEXT:
            raise self._error(f"{self._what}: {path}: a text of {len(value):,} characters; the most is {TEXT:,}")
        self._make_room(len(value), path)
        if not is_unicode(value):
            raise self._error(
                f"{self._what}: {path}: the text holds half of a surrogate pair; decode it properly first"
            )
        return str.__str__(value)

    def _make_room(self, n: int, path: str) -> None:
        self._room -= n
        if self._room < 0:
            raise self._error(
                f"{self._what}: {path}: more than {TEXTS:,} characters in one payload; "
                "keep references instead of whole documents"
            )

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
    ((type(None), bool, timedelta), _as_it_is),
    (int, _Check.whole),
    ((float, Decimal), _Check.number),
    (datetime, _Check.instant),
    (date, _as_it_is),
    (Mapping, _Check.mapping),
    ((list, tuple), _Check.sequence),
)
