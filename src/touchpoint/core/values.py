"""The values conditions compute with, and what comparing, joining and calculating them means (S4.6).

Both evaluators, the compiled and the explaining one, get their answers here, so that they cannot disagree.

Numbers compare without rounding. A float stands for the decimal it is written as, so that a price of 19.99 that came
as JSON equals Decimal("19.99"). A bool is no number. Text meets a date or datetime as ISO 8601.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Context as DecimalContext
from decimal import Decimal
from operator import add, ge, gt, le, lt, mul, sub, truediv
from typing import Any, Final, NoReturn, Self, TypeAlias

from touchpoint.core.occurrence import Occurrence
from touchpoint.durations import instant, micros
from touchpoint.model.payload import is_kept


class Unknown:
    """Data that are missing, or a comparison that makes no sense. There is one instance, `UNKNOWN`."""

    __slots__ = ()
    _only: Self | None = None

    def __new__(cls) -> Self:
        """The one instance."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> NoReturn:
        raise TypeError("unknown is neither true nor false: test with `is True`")


UNKNOWN: Final = Unknown()
Truth: TypeAlias = bool | Unknown
Value: TypeAlias = Any
"""A value of any kind; what may be done with it depends on `kind`."""

NONE, BOOL, NUMBER, TEXT, INSTANT, DATE, DURATION, LIST, MAP, OTHER = (
    "nothing", "true or false", "a number", "text", "a datetime", "a date", "a duration", "a list", "a mapping",
    "an object",
)  # fmt: skip
_KINDS: Final[dict[type, str]] = {
    type(None): NONE, bool: BOOL, int: NUMBER, str: TEXT, timedelta: DURATION, list: LIST, tuple: LIST, dict: MAP,
}  # fmt: skip
_ORDERED: Final = frozenset({NUMBER, TEXT, INSTANT, DATE, DURATION})

# Decimal arithmetic of our own: the interpreter's current context belongs to the host and may differ per thread.
_DECIMAL: Final = DecimalContext(prec=34, traps=[])

# Stricter than fromisoformat, whose dialect grows with the Python version; decisions must not.
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ISO_DATE: Final = re.compile(_DAY)
_ISO_INSTANT: Final = re.compile(
    _DAY + r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def kind(value: object) -> str:
    """In words, what sort of value this is. Not-a-number and naive datetimes are "an object", equal to nothing."""
    found = _KINDS.get(type(value))
    return _kind_of_rarer(value) if found is None else found


def _kind_of_rarer(value: object) -> str:
    if isinstance(value, float):
        return OTHER if math.isnan(value) else NUMBER
    if isinstance(value, Decimal):
        return OTHER if value.is_nan() else NUMBER
    if isinstance(value, datetime):
        return INSTANT if value.utcoffset() is not None else OTHER
    bases = ((date, DATE), (str, TEXT), (int, NUMBER), (timedelta, DURATION), (list | tuple, LIST), (Mapping, MAP))
    return next((name for base, name in bases if isinstance(value, base)), OTHER)


def truth(value: object) -> Truth:
    """The value as a condition: missing is unknown; None, 0, "" and empty lists are false; the rest is true."""
    if value is True or value is False or isinstance(value, Unknown):
        return value
    return bool(value)


def negate(value: Truth) -> Truth:
    """Three-valued not."""
    return value if isinstance(value, Unknown) else not value


def conjunction(values: Iterable[Truth]) -> Truth:
    """Three-valued and: false if any is false, else unknown if any is unknown, else true."""
    result: Truth = True
    for value in values:
        if value is False:
            return False
        if value is UNKNOWN:
            result = UNKNOWN
    return result


def disjunction(values: Iterable[Truth]) -> Truth:
    """Three-valued or: true if any is true, else unknown if any is unknown, else false."""
    return negate(conjunction(map(negate, values)))


def equal(left: object, right: object) -> Truth:
    """`left == right`: unknown where either is missing, or text is no date; False where the types do not compare."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    ours, theirs = kind(left), kind(right)
    if ours == theirs:
        return _same(left, right, ours)
    if TEXT in (ours, theirs) and (INSTANT in (ours, theirs) or DATE in (ours, theirs)):
        pair = _read_text(left, right)
        return UNKNOWN if pair is None else _same(*pair, kind(pair[0]))
    return False


def unequal(left: object, right: object) -> Truth:
    """`left != right`: the opposite of `equal`."""
    return negate(equal(left, right))


def _same(left: Value, right: Value, of: str) -> bool:
    if of == NUMBER:
        left, right = _aligned(left, right)
    elif of == INSTANT:
        # Python calls datetimes of one zone equal by their local time, and those of a repeated hour never equal.
        left, right = micros(left), micros(right)
    elif of == LIST:
        return len(left) == len(right) and all(map(_same_kind, left, right))
    elif of == MAP:
        return left.keys() == right.keys() and all(_same_kind(left[key], right[key]) for key in left)
    return of != OTHER and bool(left == right)


def _same_kind(left: object, right: object) -> bool:
    return kind(left) == kind(right) and _same(left, right, kind(left))


def _aligned(left: Value, right: Value) -> tuple[Value, Value]:
    if isinstance(left, float) != isinstance(right, float):
        return as_decimal(left), as_decimal(right)
    return left, right


def as_decimal(number: Value) -> Decimal:
    """A number as a Decimal, exactly; a float as the shortest decimal that names it."""
    return Decimal(repr(float(number))) if isinstance(number, float) else Decimal(number)


def _read_text(left: object, right: object) -> tuple[Value, Value] | None:
    """The pair with its text read as what the other one is; None where it cannot be read."""
    if isinstance(left, str):
        read = _parsed(left, right)
        return None if read is None else (read, right)
    read = _parsed(str(right), left)
    return None if read is None else (left, read)


def _parsed(text: str, like: object) -> date | None:
    return parse_instant(text) if isinstance(like, datetime) else parse_date(text)


def parse_instant(text: str) -> datetime | None:
    """ISO 8601 with date, time and offset (`2026-03-01T10:00Z`) as an aware UTC datetime; None for anything else."""
    if not _ISO_INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_date(text: str) -> date | None:
    """An ISO 8601 date (`2026-03-01`); None for anything else."""
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _order(compare: Callable[[Value, Value], bool]) -> Callable[[object, object], Truth]:
    def ordered(left: object, right: object) -> Truth:
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        pair = comparable(left, right)
        return UNKNOWN if pair is None else compare(*pair)

    return ordered


def comparable(left: Value, right: Value) -> tuple[Value, Value] | None:
    """The two as Python can order them; None where their types have no order, or text is no date."""
    ours, theirs = kind(left), kind(right)
    if ours == theirs:
        if ours not in _ORDERED:
            return None
        if ours == NUMBER:
            return _aligned(left, right)
        return (micros(left), micros(right)) if ours == INSTANT else (left, right)
    if TEXT in (ours, theirs) and (INSTANT in (ours, theirs) or DATE in (ours, theirs)):
        pair = _read_text(left, right)
        return None if pair is None else comparable(*pair)
    return None


COMPARISONS: Final[dict[str, Callable[[object, object], Truth]]] = {
    "==": equal,
    "!=": unequal,
    "<": _order(lt),
    "<=": _order(le),
    ">": _order(gt),
    ">=": _order(ge),
}


def member(value: object, options: object) -> Truth:
    """Whether the value equals one of a list; unknown where either is missing or `options` is no list."""
    if value is UNKNOWN or not isinstance(options, list | tuple):
        return UNKNOWN
    return disjunction(equal(value, option) for option in options)


def contains(container: object, item: object) -> Truth:
    """Whether a list has this member, a text this part, a mapping this key; unknown for any other pair."""
    if item is UNKNOWN:
        return UNKNOWN
    if isinstance(container, list | tuple):
        return member(item, container)
    if isinstance(container, str | Mapping) and isinstance(item, str):
        return item in container
    return UNKNOWN


def _calculation(
    numbers: Callable[[Value, Value], Value],
    decimals: Callable[[Decimal, Decimal], Decimal],
    times: Callable[[Value, Value], object] | None,
) -> Callable[[object, object], object]:
    def calculate(left: object, right: object) -> object:
        try:
            if kind(left) == kind(right) == NUMBER:
                return _finite(_of_numbers(left, right, numbers, decimals))
            return UNKNOWN if times is None else times(left, right)
        except (ArithmeticError, ValueError):  # division by zero, or out of range
            return UNKNOWN

    return calculate


def _of_numbers(
    left: Value, right: Value, numbers: Callable[[Value, Value], Value], decimals: Callable[[Value, Value], Value]
) -> Value:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return decimals(as_decimal(left), as_decimal(right))
    return numbers(left, right)


def _finite(value: Value) -> object:
    if isinstance(value, Decimal):
        return value if value.is_finite() else UNKNOWN
    return value if is_kept(value) and math.isfinite(value) else UNKNOWN


def _add_times(left: Value, right: Value) -> object:
    if kind(left) == DURATION:
        left, right = right, left  # datetime + duration, either way round
    if kind(right) != DURATION:
        return UNKNOWN
    return _shifted(left, right)


def _subtract_times(left: Value, right: Value) -> object:
    if kind(right) == DURATION:
        return _shifted(left, -right)
    pair = comparable(left, right)
    found = kind(left) if kind(right) == TEXT else kind(right)
    if pair is None or found not in {INSTANT, DATE}:
        return UNKNOWN
    return timedelta(microseconds=pair[0] - pair[1]) if found == INSTANT else pair[0] - pair[1]


def _shifted(start: Value, by: timedelta) -> object:
    if isinstance(start, str):
        start = parse_instant(start) or parse_date(start)
    found = kind(start)
    if found == INSTANT:
        return start.astimezone(UTC) + by  # elapsed time, whatever the clocks of its zone do
    if found == DATE and by != timedelta(by.days):
        return UNKNOWN  # a date has no hours to move by
    return start + by if found in {DATE, DURATION} else UNKNOWN


ARITHMETIC: Final[dict[str, Callable[[object, object], object]]] = {
    "+": _calculation(add, _DECIMAL.add, _add_times),
    "-": _calculation(sub, _DECIMAL.subtract, _subtract_times),
    "*": _calculation(mul, _DECIMAL.multiply, None),
    "/": _calculation(truediv, _DECIMAL.divide, None),
}


def look_up(occurrence: Occurrence | None, path: tuple[str, ...]) -> object:
    """A property of a touchpoint, else its own `type`, `at` (a datetime), `channel`, `location` or `direction`.

    UNKNOWN where there is no touchpoint, no such property, or nothing on the way to it.
    """
    if occurrence is None:
        return UNKNOWN
    value = occurrence.properties.get(path[0], UNKNOWN)
    if value is UNKNOWN:
        value = own_field(occurrence, path[0])
    return dig(value, path[1:])


def own_field(occurrence: Occurrence, name: str) -> object:
    """What the record itself holds under this name; UNKNOWN where it holds nothing."""
    match name:
        case "type":
            return occurrence.name
        case "at":
            return instant(occurrence.at)
        case "direction":
            return occurrence.direction
        case "channel" | "location":
            found: str | None = getattr(occurrence, name)
            return UNKNOWN if found is None else found
    return UNKNOWN


def dig(value: object, path: tuple[str, ...]) -> object:
    """The value at a path of keys inside nested mappings; UNKNOWN where a step is missing."""
    for step in path:
        if not isinstance(value, Mapping):
            return UNKNOWN
        value = value.get(step, UNKNOWN)
    return value
