"""The values that may be written in a condition, and the form in which it keeps them."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final

from touchpoint.errors import JourneyError
from touchpoint.model.payload import DEPTH, DIGITS, TEXT, is_finite, is_kept, is_unicode

# Characters that a reader does not see, or that change the order in which the others are seen. Joiners are fine in a
# text, for whole scripts and emoji need them.
UNSEEN: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff"
)
_SMALL: Final = 1 << 53
_NUMBERS: Final = (int, float, Decimal)
_ESCAPED: Final = re.compile(rf'["\\\t\n\r{UNSEEN}]')
_HIDDEN: Final = re.compile(rf"[\t\n\r{UNSEEN}]")
_LETTERS: Final = {'"': '"', "\\": "\\", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


def literal(value: object, *, depth: int = 0) -> object:  # noqa: PLR0911 - one per type
    """The value as a condition keeps it: datetimes in UTC, lists as tuples, members of an Enum as what they stand for.

    Args:
        value: what was written.
        depth: how many lists it stands in.

    Raises:
        JourneyError: the type is not allowed, a number or text is too long or a list too deep, a float is not
            finite, or a datetime has no time zone.
    """
    if type(value) is str:  # nearly all are texts or numbers, which is quick
        return _text(value)
    if type(value) is int or type(value) is float:
        return value if -_SMALL < value < _SMALL else _finite(value)
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
    if type(value) in _NUMBERS:
        return value
    return next(kind for kind in _NUMBERS if isinstance(value, kind))(value)


def quoted(text: str) -> str:
    """The text in double quotes, as both Python and conditions read it, with everything unseen escaped."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def visible(text: str) -> str:
    """The text with what cannot be seen, or turns other characters round, written as escapes."""
    return _HIDDEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    if letter := _LETTERS.get(match[0]):
        return f"\\{letter}"
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
