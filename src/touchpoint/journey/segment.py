"""Segments: groups of customers, kept by a condition (S3.3)."""

import attrs

from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression, expression_eq, read_condition


def segment_name(value: object) -> str:
    """The name of a segment, from it or from the segment itself. Raises JourneyError for what has none."""
    name = value.name if isinstance(value, Segment) else value
    if not isinstance(name, str):
        raise JourneyError(f"a segment is named by text, or by the Segment itself, not by a {type(value).__name__}")
    return name


def _condition(value: Expression | str) -> Expression:
    return read_condition(value, "Segment(condition)")  # type: ignore[no-any-return]


@attrs.frozen
class Segment:
    """Everybody for whom a condition is true: not false, and not unknown.

    Who is in it is looked at again with each touchpoint of the customer, with each change of what the condition
    reads, and at the very instant at which one of its windows lapses. Joining and leaving are events (`Joined`,
    `LeftSegment`).

    Args:
        name: unique among the segments of its journey.
        condition: an expression, or text, about the customer: history, traits, stages, cases, variants and other
            segments. It cannot look at `event`, `trigger`, the outcomes of a run, or `now`: a window does what `now`
            would.
    """

    name: str
    condition: Expression = attrs.field(converter=_condition, eq=expression_eq)
