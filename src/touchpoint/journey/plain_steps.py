"""Steps that do one thing and go on: without arms, and without waiting for anything (S5)."""

from collections.abc import Mapping

import attrs

from touchpoint.journey.conditions import Expression, expression_eq, operand
from touchpoint.journey.step_fields import earlier
from touchpoint.journey.triggers import touchpoint_type
from touchpoint.model.case import case_name


@attrs.frozen
class MoveTo:
    """Move the customer to a stage of this journey."""

    stage: str
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


@attrs.frozen
class SetTrait:
    """Set a trait to a value or to what an expression gives; a missing value leaves it as it is."""

    trait: str
    value: Expression = attrs.field(converter=operand, eq=expression_eq)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


def values(value: Mapping[str, object] | None) -> Mapping[str, Expression]:
    """Values or expressions by name, as expressions."""
    return {name: operand(each) for name, each in (value or {}).items()}


@attrs.frozen
class Emit:
    """Record an internal touchpoint, to which other rules can react.

    Args:
        type: of the touchpoint.
        properties: values or expressions by name; missing values are left out.
    """

    type: str = attrs.field(converter=touchpoint_type)
    properties: Mapping[str, Expression] = attrs.field(default=None, converter=values, eq=expression_eq)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


def _ref(value: object) -> Expression | None:
    return None if value is None else operand(value)


@attrs.frozen
class OpenCase:
    """Open a case. Opening an open one is a recorded no-op.

    Args:
        case: its kind.
        ref: which one; the run's key unless given, else the run itself.
        severity: `low`, `normal`, `high` or `urgent`, or an expression that gives one of them; as its `CaseType` says
            unless given, and where the expression gives something else.
        owner: who looks after it, as the host calls them, or an expression that gives a text.
    """

    case: str = attrs.field(converter=case_name)
    ref: Expression | None = attrs.field(default=None, kw_only=True, converter=_ref, eq=expression_eq)
    severity: Expression | None = attrs.field(default=None, kw_only=True, converter=_ref, eq=expression_eq)
    owner: Expression | None = attrs.field(default=None, kw_only=True, converter=_ref, eq=expression_eq)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


@attrs.frozen
class CloseCase:
    """Close a case; `ref` as for `OpenCase`. Closing one that is not open is a recorded no-op."""

    case: str = attrs.field(converter=case_name)
    ref: Expression | None = attrs.field(default=None, kw_only=True, converter=_ref, eq=expression_eq)
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


@attrs.frozen
class Enrol:
    """Put the customer into another rule of this journey, whatever its trigger.

    Its condition, concurrency and limit apply.
    """

    rule: str
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)


@attrs.frozen
class Exit:
    """Leave the run, with a reason that `why` and the counts show."""

    reason: str = "done"
    id: str | None = attrs.field(default=None, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)
