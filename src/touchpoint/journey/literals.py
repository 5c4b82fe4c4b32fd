"""The values that may be written in a condition, and the form in which it keeps them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum

from touchpoint.errors import JourneyError
from touchpoint.model.payload import DEPTH, DIGITS, TEXT, is_finite, is_kept, is_unicode


def literal(value: object, *, depth: int = 0) -> object:
    """The value as a condition keeps it: datetimes in UTC, lists as tuples, members of an Enum as what they stand for.

    Args:
        value: what was written.
        depth: how many lists it stands in.

    Raises:
        JourneyError: the type is not allowed, a number or text is too long or a list too deep, a float is not
            finite, or a datetime has no time zone.
    """
    if isinstance(value, Enum):
        return literal(value.value)
    if isinstance(value, list | tuple):
        if depth == DEPTH:
            raise JourneyError(f"lists in a condition are nested at most {DEPTH} deep")
        return tuple(literal(each, depth=depth + 1) for each in value)
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _finite(value)
    if value is None or isinstance(value, bool | date | timedelta):
        return value
    if isinstance(value, str):
        return _text(str.__str__(value))  # the plain text of any subclass
    raise JourneyError(
        f"a {type(value).__name__} cannot stand here: literals in conditions are str, int, float (finite), bool, None, "
        "Decimal, aware datetime, date, timedelta, and lists or tuples of them"
    )


def _text(value: str) -> str:
    if len(value) > TEXT or not is_unicode(value):
        raise JourneyError(
            f"a text in a condition has at most {TEXT:,} characters, none of them half of a surrogate pair"
        )
    return value


def _aware(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise JourneyError(
            f"{value.isoformat()} has no time zone, so it is no instant: use datetime(…, tzinfo=UTC) or a ZoneInfo"
        )
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise JourneyError("a datetime outside of the years 1 to 9999 UTC cannot stand in a condition") from None


def _finite(value: float | Decimal) -> float | Decimal:
    if not is_kept(value) or (isinstance(value, Decimal) and len(value.as_tuple().digits) > DIGITS):
        raise JourneyError(f"a number of more than {DIGITS} digits cannot stand in a condition")
    if not is_finite(value):
        raise JourneyError(f"{value} is not a finite number; conditions compare with finite numbers only")
    base = next(kind for kind in (int, float, Decimal) if isinstance(value, kind))
    return value if type(value) is base else base(value)
