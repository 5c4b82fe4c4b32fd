"""What all results of this room have in common, and what they are made of: whole counts, levels, intervals."""

import math
import operator
from typing import Final, SupportsIndex

import attrs

from touchpoint.errors import InvalidInput

MOST: Final = 10**9
"""The greatest count. Beyond it quantiles would slowly lose digits, and nobody has as many answers."""


def _plain(_of: object, _field: object, value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


@attrs.frozen
class Figure:
    """A result: frozen, and plain data where that is asked for."""

    def to_dict(self) -> dict[str, object]:
        """Names and values, nested ones too, of types that JSON knows."""
        return attrs.asdict(self, value_serializer=_plain)


@attrs.frozen
class Interval(Figure):
    """From where to where a figure may lie, given the answers.

    Args:
        low: its lower end, in the unit of the figure.
        high: its upper end.
        level: how often intervals made so hold the true value, such as 0.95; of a Bayesian one, how likely it does.
        method: how it was made.
    """

    low: float
    high: float
    level: float
    method: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def width(self) -> float:
        """From end to end."""
        return self.high - self.low


def whole(what: str, value: SupportsIndex, least: int = 0) -> int:
    """A count, as an int.

    Raises:
        InvalidInput: it is no whole number, or below `least`, or above a billion.
    """
    try:
        found = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = None
    if found is None or not least <= found <= MOST:
        raise InvalidInput(f"{what}: a whole number from {least} to a billion, not {_shown(value)}")
    return found


def part(count: SupportsIndex, n: SupportsIndex, least: int = 1) -> tuple[int, int]:
    """A count and the whole that it is part of.

    Raises:
        InvalidInput: either is no count, the whole is below `least`, or the part is more than the whole.
    """
    k, total = whole("count", count), whole("n", n, least)
    if k > total:
        raise InvalidInput(f"count: {k} of {total} cannot be; the count is part of n, both of the same answers")
    return k, total


def finite(what: str, value: object, low: float = -math.inf, high: float = math.inf) -> float:
    """A number within bounds, as a float.

    Raises:
        InvalidInput: it is no number, NaN, infinite or out of bounds.
    """
    try:
        found = math.nan if isinstance(value, str | bytes | bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found) or not low <= found <= high:
        bounds = f" from {low:g} to {high:g}" if math.isfinite(low) and math.isfinite(high) else ""
        bounds = f" of {low:g} or more" if math.isfinite(low) and not math.isfinite(high) else bounds
        raise InvalidInput(f"{what}: a finite number{bounds}, not {_shown(value)}")
    return found


def confidence(level: float) -> float:
    """A level of confidence.

    Raises:
        InvalidInput: it is not above 0 and below 1.
    """
    found = finite("level", level, 0, 1)
    if not 0 < found < 1:
        raise InvalidInput("level: above 0 and below 1, such as 0.95; nothing but everything is certain")
    return found


def _shown(value: object) -> str:
    """A number as it is; of anything else only its type, for it may be anything."""
    return f"{value:g}" if isinstance(value, int | float) and abs(value) < MOST else type(value).__name__
