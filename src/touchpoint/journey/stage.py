"""Stages: where a customer stands in a journey (S3)."""

import attrs

from touchpoint.journey.conditions import Expression, expression_eq, read_condition
from touchpoint.journey.triggers import Trigger, triggers

PHASES = ("attract", "engage", "delight")
"""The phases of the flywheel."""


def _stages(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)  # type: ignore[arg-type]


def _given(value: Expression | str | None) -> Expression | None:
    return read_condition(value, "Stage(given=)")  # type: ignore[no-any-return]


@attrs.frozen
class Stage:
    """One stage of a journey.

    Args:
        name: unique in its journey.
        phase: attract, engage or delight.
        when: triggers that enter it; none if only steps move people here.
        given: must be true to enter; an expression, or text.
        after: only from one of these stages; from anywhere unless given.
        reenter: True lets a trigger enter it again while it is the current one.
    """

    name: str
    phase: str = attrs.field(kw_only=True)
    when: tuple[Trigger, ...] = attrs.field(default=(), kw_only=True, converter=triggers)
    given: Expression | None = attrs.field(default=None, kw_only=True, converter=_given, eq=expression_eq)
    after: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_stages)
    reenter: bool = attrs.field(default=False, kw_only=True)
