"""How much of what is known of a customer may be used how early (S7.5): policy as data."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

import attrs

from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import (
    Expression,
    InSegment,
    InStage,
    Literal,
    Outcome,
    Told,
    expression_eq,
    fields_of,
    operand,
    read_condition,
    walk,
)
from touchpoint.model.trait import Sensitivity

LEVELS: Final[tuple[Sensitivity, ...]] = get_args(Sensitivity)
"""Sensitivities, the least first."""
_ALWAYS: Final = Literal(value=True)
_OF_RUN: Final = ("event", "trigger", "collected", "result")


def _condition(value: Expression | str | bool) -> Expression:  # noqa: FBT001 - always or never
    if isinstance(value, bool):
        return Literal(value)
    found = read_condition(value, "Familiarity()")
    return operand(found) if isinstance(found, Expression) else found  # a bare root is no condition


def _purposes(value: Mapping[str, Expression | str | bool] | None) -> Mapping[str, Expression]:
    if value is not None and not isinstance(value, Mapping):
        raise JourneyError(
            f"Familiarity(purposes=) maps kinds and topics to conditions; it is no {type(value).__name__}"
        )
    return {} if value is None else {name: _condition(each) for name, each in value.items()}


@attrs.frozen(kw_only=True)
class Familiarity:
    """What may be used of a customer's traits grows with the relationship: one condition for each sensitivity.

        Policy(Familiarity(
            personal=in_stage("regular", journey="shop") | (count("order_placed") >= 1),
            special=consented("personalisation"),
        ))

    Asked at each release, for what the words that were chosen really use. Only what is true lets a trait be used; what
    is closer needs all that the less close needs as well. A trait that may not be used yet is as good as missing: its
    fallback stands in its place; words that cannot do without it are passed over for the next `Wording`; where none is
    left, that channel is denied, which names the trait and never its value.

    In the policy of the house it binds every journey; in a journey's own it can only ask for more.

    Args:
        personal: when personal traits may be used: a condition, text, True for always or False for never.
        special: likewise those that are special.
        ordinary: likewise all others.
        purposes: kind or topic of a message → what must be true besides before it uses a personal or special trait.
        undeclared: what a trait counts as whose class says nothing of it (`trait(…)`), or that no class declares.

    Raises:
        JourneyError: no condition; one that asks about an event or a run; or another sensitivity.
    """

    personal: Expression = attrs.field(converter=_condition, eq=expression_eq)
    special: Expression = attrs.field(converter=_condition, eq=expression_eq)
    ordinary: Expression = attrs.field(default=_ALWAYS, converter=_condition, eq=expression_eq)
    purposes: Mapping[str, Expression] = attrs.field(default=None, converter=_purposes, eq=expression_eq)
    undeclared: Sensitivity = "personal"

    def __attrs_post_init__(self) -> None:
        for name, each in self.conditions:
            if not isinstance(each, Expression):
                raise JourneyError(
                    f"Familiarity({name}=) takes a condition, True or False, not a {type(each).__name__}"
                )
            for found in _refused(each):
                raise JourneyError(
                    f"Familiarity({name}=) is about the customer, whatever happened last: {found} has no place in it; "
                    'ask history, stages, segments or consent, such as count("order_placed") >= 1'
                )
        if self.undeclared not in LEVELS:
            raise JourneyError(f"Familiarity(undeclared=) is one of {', '.join(LEVELS)}, not {self.undeclared!r}")

    @property
    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """(name, condition) of each level, the least first, and of each purpose."""
        yield from ((name, getattr(self, name)) for name in LEVELS)
        yield from ((f"purposes[{name!r}]", each) for name, each in self.purposes.items())

    def __str__(self) -> str:
        return "familiarity"


def _refused(condition: Expression) -> Iterator[str]:
    yield from dict.fromkeys(root for root, _ in fields_of(condition) if root in _OF_RUN)
    yield from (str(node) for node in walk(condition) if isinstance(node, Outcome | Told))


def homeless(item: Familiarity) -> Iterator[str]:
    """What the policy of the house asks about "this journey", of which it has none."""
    nodes: Iterator[Any] = (node for _, each in item.conditions for node in walk(each))
    return (str(node) for node in nodes if isinstance(node, InStage | InSegment) and node.journey is None)
