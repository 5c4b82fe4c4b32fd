"""Engagement rules: when this happens, given that this holds, then do this (S4.1)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Literal

import attrs

from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression, expression_eq, read_condition
from touchpoint.journey.step_fields import earlier
from touchpoint.journey.steps import Step, _steps
from touchpoint.journey.triggers import Trigger, triggers
from touchpoint.model.limits import Limit
from touchpoint.model.names import TYPE_PATTERN

Concurrency = Literal["ignore", "restart", "parallel"]
_NONE: Final = ()


def _window(value: timedelta | None) -> timedelta | None:
    if value is not None and (not isinstance(value, timedelta) or value <= timedelta(0)):
        raise JourneyError("Goal(within=) takes an elapsed time longer than nothing, such as days(30)")
    return value


def _collect(value: timedelta | None) -> timedelta | None:
    if value is not None and (not isinstance(value, timedelta) or value <= timedelta(0)):
        raise JourneyError("Rule(collect=) takes an elapsed time longer than nothing, such as hours(1)")
    return value


def _reached(value: Expression | str | None) -> Expression | None:
    return read_condition(value, "Goal(given=)")  # type: ignore[no-any-return]


def _given(value: Expression | str | None) -> Expression | None:
    return read_condition(value, "Rule(given=)")  # type: ignore[no-any-return]


@attrs.frozen
class Goal:
    """What the rule is for (S5.3).

    Args:
        trigger: what reaches it; the run's own trigger never does.
        within: watched this long (elapsed) from the run's start, also after its last step; without it, while the run is
            live.
        given: only where this holds.
        ends: False only counts it and lets the run go on.
    """

    trigger: tuple[Trigger, ...] = attrs.field(converter=triggers)
    within: timedelta | None = attrs.field(default=None, kw_only=True, converter=_window)
    given: Expression | None = attrs.field(default=None, kw_only=True, converter=_reached, eq=expression_eq)
    ends: bool = attrs.field(default=True, kw_only=True)


def _exits(value: object) -> tuple[Trigger | Expression, ...]:
    if value is None or value is _NONE:
        return ()
    given = list(value) if isinstance(value, Iterable) and not isinstance(value, str | type | Expression) else [value]
    return tuple(
        one for each in map(_exit, given) for one in ((each,) if isinstance(each, Expression) else triggers(each))
    )


def _exit(value: object) -> object:
    is_type = isinstance(value, str) and (TYPE_PATTERN.fullmatch(value) or not value.strip())
    return value if is_type else read_condition(value, "Rule(exit=)")


@attrs.frozen
class Rule:
    """One engagement rule.

    Args:
        name: unique in its journey.
        when: one trigger or several; any of them starts it. Without one it starts by enrolment only.
        given: must be true for a run to start; false and unknown do not. An expression, or text such as
            "count(order_placed, within=30d) >= 3".
        then: the steps.
        why: what it is for, in words.
        limit: how often it may start (`times`, `once`, `once_per_stage`, `cool_down`); no limit unless given.
        key: the property that names what a run is about, such as "order"; one run per customer unless given.
        concurrency: what a new trigger does while a run of the same key is live: `ignore` it, `restart`, or run in
            `parallel`.
        exit: triggers or conditions that end a run at once. A text that could be a touchpoint type is one; every other
            text is a condition, so a trait alone stands in parentheses: "(customer.vip)".
        goal: what ends it with success.
        priority: higher runs first and wins where messages compete.
        was: earlier names of the rule: its runs, and what is remembered of its starts, are carried over (S5.4).
        collect: a burst becomes one run: from the first trigger on they are collected for this long (elapsed), for each
            key, and then one run starts. `trigger` is the first of them, `event` the last, `collected` all.
    """

    name: str
    when: tuple[Trigger, ...] = attrs.field(default=(), kw_only=True, converter=triggers)
    given: Expression | None = attrs.field(default=None, kw_only=True, converter=_given, eq=expression_eq)
    then: tuple[Step, ...] = attrs.field(default=(), kw_only=True, converter=_steps)
    why: str = attrs.field(default="", kw_only=True)
    limit: Limit | None = attrs.field(default=None, kw_only=True)
    key: str | None = attrs.field(default=None, kw_only=True)
    concurrency: Concurrency = attrs.field(default="ignore", kw_only=True)
    exit: tuple[Trigger | Expression, ...] = attrs.field(default=(), kw_only=True, converter=_exits, eq=expression_eq)
    goal: Goal | None = attrs.field(default=None, kw_only=True)
    priority: int = attrs.field(default=0, kw_only=True)
    was: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=earlier)
    collect: timedelta | None = attrs.field(default=None, kw_only=True, converter=_collect)
