"""The steps of cases (S8.2): opening one, closing one."""

from collections.abc import Mapping

import attrs

from touchpoint.journey.conditions import Expression, expression_eq, operand
from touchpoint.journey.step_fields import earlier
from touchpoint.model.case import case_name


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


def said_of_case(step: OpenCase | CloseCase) -> Mapping[str, Expression]:
    """What a step says of a case beside its ref: `severity` and `owner`, where it does."""
    said = {"severity": step.severity, "owner": step.owner} if isinstance(step, OpenCase) else {}
    return {name: each for name, each in said.items() if each is not None}
