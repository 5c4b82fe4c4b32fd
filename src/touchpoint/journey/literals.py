"""The values that may be written in a condition, and the form in which it keeps them."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum

from touchpoint.errors import JourneyError


def literal(value: object) -> object:
    """The value as a condition keeps it: datetimes in UTC, lists as tuples, members of an Enum as what they stand for.

    Raises:
        JourneyError: the type is not allowed, a float is not finite, or a datetime has no time zone.
    """
    if isinstance(value, Enum):
        return literal(value.value)
    if isinstance(value, list | tuple):
        return tuple(literal(each) for each in value)
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _finite(value)
    if value is None or isinstance(value, bool | date | timedelta):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # the plain text of any subclass
    raise JourneyError(
        f"a {type(value).__name__} cannot stand here: literals in conditions are str, int, float (finite), bool, None, "
        "Decimal, aware datetime, date, timedelta, and lists or tuples of them"
    )


def _aware(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise JourneyError(
            f"{value.isoformat()} has no time zone, so it is no instant: use datetime(…, tzinfo=UTC) or a ZoneInfo"
        )
    return value.astimezone(UTC)


def _finite(value: float | Decimal) -> float | Decimal:
    if not (value.is_finite() if isinstance(value, Decimal) else isinstance(value, int) or math.isfinite(value)):
        raise JourneyError(f"{value} is not a finite number; conditions compare with finite numbers only")
    base = next(kind for kind in (int, float, Decimal) if isinstance(value, kind))
    return value if type(value) is base else base(value)
