"""The language of conditions (S4.6): what a journey's author imports, and what checks need to look inside.

event.score <= 2
(customer.tier == "gold") & ~case_open()
count("order_placed", within=days(365)) == 1
~ever("review", where=event.order == trigger.order)
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from touchpoint.errors import JourneyError
from touchpoint.journey.expressions import (
    Aggregate,
    And,
    Arithmetic,
    CaseOpen,
    Compare,
    Consented,
    Contains,
    Count,
    Ever,
    Exists,
    Expression,
    Field,
    In,
    InSegment,
    InStage,
    Last,
    Literal,
    Not,
    Now,
    Or,
    Outcome,
    Told,
    Total,
    Variant,
    children,
    operand,
    path_of,
    root_of,
    structure,
    walk,
)
from touchpoint.journey.history import WhereParts, count, ever, last, split_where, total
from touchpoint.journey.source import source

__all__ = [
    "Aggregate",
    "And",
    "Arithmetic",
    "CaseOpen",
    "Compare",
    "Consented",
    "Contains",
    "Count",
    "Ever",
    "Exists",
    "Expression",
    "Field",
    "In",
    "InSegment",
    "InStage",
    "Last",
    "Literal",
    "Not",
    "Now",
    "Or",
    "Outcome",
    "Told",
    "Total",
    "Variant",
    "WhereParts",
    "aggregates_of",
    "answered",
    "case_open",
    "children",
    "clicked",
    "collected",
    "consented",
    "count",
    "customer",
    "delivered",
    "denied",
    "event",
    "ever",
    "expression_eq",
    "failed",
    "fields_of",
    "in_segment",
    "in_stage",
    "last",
    "now",
    "opened",
    "operand",
    "outcome",
    "path_of",
    "read_condition",
    "replied",
    "result",
    "root_of",
    "same",
    "sent",
    "source",
    "split_where",
    "structure",
    "total",
    "trigger",
    "variant",
    "walk",
]

event: Final = Field("event")
"""The touchpoint being decided on; in a run, the one that last moved it."""
trigger: Final = Field("trigger")
"""The touchpoint that started the run."""
customer: Final = Field("customer")
"""The customer's traits."""
collected: Final = Field("collected")
"""What a rule with `collect=` has brought together: `collected.count`, `collected.last.x`, `collected.all.x`."""
now: Final = Now()
"""The instant of the decision, a datetime."""


class Named(Protocol):
    """Anything with a name: a message, a case type, a stage, a journey."""

    @property
    def name(self) -> str: ...


def case_open(kind: str | Named | None = None, ref: str | Expression | None = None) -> CaseOpen:
    """Whether the customer has an open case.

    Args:
        kind: the case type or its name; None means any.
        ref: what the case is about, as text or as an expression (`trigger.order`); None means any.

    Raises:
        JourneyError: `kind` has no name, or `ref` is not something to compare with.
    """
    about = None if ref is None else operand(ref)
    if isinstance(about, Literal) and not isinstance(about.value, str):
        raise JourneyError(f"case_open(): ref= is text or an expression such as trigger.order, not {about}")
    return CaseOpen(None if kind is None else _name("case_open", "a case type", kind), about)


def in_stage(stage: str | Named, journey: str | Named | None = None) -> InStage:
    """Whether the customer is in this stage of the journey (None: the journey the condition belongs to).

    Raises:
        JourneyError: `stage` or `journey` has no name.
    """
    return InStage(
        _name("in_stage", "a stage", stage), None if journey is None else _name("in_stage", "a journey", journey)
    )


def in_segment(segment: str | Named, journey: str | Named | None = None) -> InSegment:
    """Whether the customer is in this segment of the journey (None: the journey the condition belongs to).

    Never unknown: where the segment's own condition is, they are not in it.

    Raises:
        JourneyError: `segment` or `journey` has no name.
    """
    return InSegment(
        _name("in_segment", "a segment", segment),
        None if journey is None else _name("in_segment", "a journey", journey),
    )


def consented(purpose: str | Named, channel: str | Named | None = None) -> Consented:
    """Whether the customer has said yes to just this purpose, and that still stands (S7.1). Never unknown.

    A yes to everything (`*`) is no yes to this; a no to everything that came later is a no to this as well.

    Args:
        purpose: a kind of message, a topic, or any other name that consent is given to, such as "personalisation".
        channel: as said there; None asks for what was said of every channel.

    Raises:
        JourneyError: `purpose` or `channel` has no name.
    """
    return Consented(
        _name("consented", "a purpose", purpose), None if channel is None else _name("consented", "a channel", channel)
    )


def outcome(message: str | Named) -> Outcome:
    """How this message of this run ended: sent, withdrawn, denied, expired, failed or unknown (S6.7).

    While it has not ended the value is missing, so comparisons with it are unknown.

    Raises:
        JourneyError: `message` has no name.
    """
    return Outcome(_name("outcome", "a message", message))


def result(function: str) -> Field:
    """What the host's function returned when this run called it last (`Call`): itself, or `result("refund").amount`.

    Unknown where it has not returned, or returned nothing.

    Raises:
        JourneyError: `function` is not text.
    """
    if not isinstance(function, str) or not function:
        raise JourneyError(
            f"result() takes the name of a function, as in Call(function), not this {type(function).__name__}"
        )
    return Field("result", (function,))


def variant(split: str) -> Variant:
    """The variant to which the customer was exposed in this `Split`; missing before that, so comparisons are unknown.

    Only what was recorded counts: a rule that looked at the assignment of somebody who has not parted ways yet would
    treat them differently, and nobody would know.

    Raises:
        JourneyError: `split` is no name.
    """
    return Variant(_name("variant", "a split", split))


def sent(message: str | Named) -> Compare:
    """Whether this message of this run was sent; unknown while it has not ended."""
    return outcome(message) == "sent"


def denied(message: str | Named) -> Compare:
    """Whether a policy refused this message of this run; unknown while it has not ended."""
    return outcome(message) == "denied"


def failed(message: str | Named) -> Told:
    """Whether this message of this run did not reach the customer: it failed, or its provider told that it came back.

    Of what came back the furthest counts (S6.9): who has opened a message got it. Never unknown: False while nothing
    tells so. So are the five below. For history ask `ever("opened", where=event.message == "offer")`.
    """
    return _told("failed", message)


def delivered(message: str | Named) -> Told:
    """Whether this message of this run is known to have been delivered: the provider said so, or it was opened."""
    return _told("delivered", message)


def opened(message: str | Named) -> Told:
    """Whether this message of this run was opened so far, as an open, a click or a reply tells; not by a machine."""
    return _told("opened", message)


def clicked(message: str | Named) -> Told:
    """Whether a link in this message of this run was followed so far, and not by a machine."""
    return _told("clicked", message)


def replied(message: str | Named) -> Told:
    """Whether the customer answered this message of this run so far; which reply that is, `Replied` tells."""
    return _told("replied", message)


def answered(message: str | Named) -> Told:
    """Whether the customer answered this survey of this run so far: there is feedback, and not only a reply."""
    return _told("answered", message)


def _told(what: str, message: object) -> Told:
    return Told(_name(what, "a message", message), what)


def read_condition(value: Any, where: str) -> Any:  # noqa: ANN401 - what is no text is judged by validation, with its path
    """A condition that is written as text, read; everything else as it is.

    Raises:
        ConditionError: the text cannot be read, or is no condition. `where` is what takes it, such as `Rule(given=)`.
    """
    if not isinstance(value, str):
        return value
    from touchpoint.journey.text import condition  # it names the functions of this module

    return condition(value, where=where)


def fields_of(expression: Expression) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The (root, path) of every property used: root is `event`, `trigger`, `customer`, `collected` or `result`.

    Inside a `where`, `event` is a touchpoint of the past and is left out; see `aggregates_of` for these.
    """
    return _fields(expression, looking_back=False)


def aggregates_of(expression: Expression) -> Iterator[Aggregate]:
    """Every question about history: `Count`, `Ever`, `Total` and `Last` nodes."""
    for node in walk(expression):
        if isinstance(node, Aggregate):
            yield node


def same(left: object, right: object) -> bool:
    """Equality for data that hold expressions: structural for these, `==` for the rest; also in lists and mappings."""
    if isinstance(left, Expression) or isinstance(right, Expression):
        return isinstance(left, Expression) and left.same_as(right)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return (
            isinstance(left, list) == isinstance(right, list)
            and len(left) == len(right)
            and all(same(*pair) for pair in zip(left, right, strict=True))
        )
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


class expression_eq:  # noqa: N801 - used as a function: attrs.field(eq=expression_eq)
    """Makes an attrs class that holds expressions comparable and hashable: `attrs.field(eq=expression_eq)`."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, expression_eq) and same(self._value, other._value)

    def __hash__(self) -> int:
        return hash(_hashable(self._value))


def _hashable(value: object) -> object:
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(each)) for key, each in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def _fields(node: Expression, *, looking_back: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(node, Field) and isinstance(root := root_of(node), str) and not (looking_back and root == "event"):
        yield root, path_of(node)
    for child in children(node):
        yield from _fields(child, looking_back=looking_back or isinstance(node, Aggregate))


def _name(function: str, what: str, value: object) -> str:
    name = value if isinstance(value, str) else getattr(value, "name", None)
    if isinstance(value, Expression) or not isinstance(name, str) or not name:
        raise JourneyError(f"{function}() takes {what} or its name, not a {type(value).__name__}")
    return name
