"""How often something may start or be given (S4.4): data, read by rules and gifts alike."""

from datetime import timedelta
from typing import Final, Literal

import attrs

from touchpoint.durations import Duration, is_calendar, length, spoken
from touchpoint.errors import JourneyError

_A_YEAR: Final = timedelta(days=367)
LimitKind = Literal["times", "cool_down", "once", "once_per_stage"]


@attrs.frozen
class Limit:
    """At most `n` starts over `(t - per, t]`, or in all time where `per` is None. Built by the functions below."""

    kind: LimitKind
    n: int = 1
    per: Duration | None = None
    per_key: bool = False

    def __attrs_post_init__(self) -> None:
        if self.n < 1:
            raise JourneyError(f"a limit of {self.n} lets nothing start: n starts at 1")
        _check_period(self.per, f"{self.kind}()")

    def __str__(self) -> str:
        match self.kind:
            case "once":
                text = "once"
            case "once_per_stage":
                text = "once per stage"
            case "cool_down":
                text = f"cool-down of {spoken(self.per)}"
            case _:
                text = f"{self.n} per {spoken(self.per)}" if self.per is not None else f"{self.n} in all"
        return text + (" and key" if self.per_key else "")


def times(n: int, *, per: Duration | None = None, per_key: bool = False) -> Limit:
    """At most n starts per period, or in all where no period is given.

    A `timedelta` rolls, `(t - per, t]`; a calendar length means the calendar day, week (`calendar_days(7)`), month or
    year of the customer. With `per_key` it is counted for each customer and key, else for each customer.
    """
    return Limit("times", n, per, per_key)


def once(*, per_key: bool = False) -> Limit:
    """One start, ever; with `per_key` one for each key."""
    return Limit("once", 1, None, per_key)


def once_per_stage(*, per_key: bool = False) -> Limit:
    """One start for each visit to a stage of the journey; with `per_key` one for each key."""
    return Limit("once_per_stage", 1, None, per_key)


def cool_down(length: Duration, *, per_key: bool = False) -> Limit:
    """No start until this `length` (elapsed or calendar) after the last one; with `per_key`, the last of that key."""
    return Limit("cool_down", 1, length, per_key)


def starts_kept(limit: Limit | None) -> int | None:
    """How long starts have to be remembered, in microseconds; 0 for not at all, None for ever."""
    if limit is None:
        return 0
    if limit.per is None:
        return None
    return length(limit.per if isinstance(limit.per, timedelta) else _A_YEAR)


def _check_period(per: object, what: str) -> None:
    if per is None or is_calendar(per):
        return
    if not isinstance(per, timedelta):
        raise JourneyError(
            f"{what}: a period is a timedelta such as days(30), or a calendar length such as months(1), not {per!r}"
        )
    if per <= timedelta(0):
        raise JourneyError(f"{what}: a period must be longer than nothing, got {spoken(per)}")
