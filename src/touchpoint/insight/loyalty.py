"""Who comes back: retention and repeat rate, whose definitions differ from tool to tool and are named here."""

from collections.abc import Collection, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.insight.figure import whole
from touchpoint.insight.proportions import Share, proportion

DayRule = Literal["calendar", "elapsed", "elapsed_from_hour"]
RetentionKind = Literal["on", "on_or_after"]
RepeatRule = Literal["days", "orders"]
_DAY: Final = timedelta(days=1)


def day_number(start: datetime, then: datetime, *, by: DayRule) -> int:
    """On which day after the start something happened; 0 is the first.

    - `calendar`: by dates, in the zone of `start`. Ten minutes around midnight are a day.
    - `elapsed`: by whole 24 hours.
    - `elapsed_from_hour`: by whole 24 hours, after both were put back to their full hour, in the zone of `start`: the
      windows of Amplitude ("retention analysis: time", amplitude.com/docs). 17:59 to 17:00 of the next day is day 1.

    Args:
        start: when they were first active; aware.
        then: when they were active again; aware, not before it.
        by: which of the three.

    Raises:
        InvalidInput: a naive instant, or `then` lies before `start`.
        UnknownName: no rule is called that.
    """
    if by not in get_args(DayRule):
        raise UnknownName("rule for days since a start", str(by), get_args(DayRule))
    if any(not isinstance(each, datetime) or each.tzinfo is None for each in (start, then)) or then < start:
        raise InvalidInput("start and then: aware instants, `then` not before `start`")
    local = then.astimezone(start.tzinfo)
    if by == "calendar":
        return (local.date() - start.date()).days
    if by == "elapsed_from_hour":
        start, local = _full_hour(start), _full_hour(local)
    return (local.astimezone(UTC) - start.astimezone(UTC)) // _DAY


def _full_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def retention(
    lives: Iterable[tuple[Collection[int], int]], day: int, *, kind: RetentionKind, level: float = 0.95
) -> Share | None:
    """The share of customers who came back, of those who are old enough to have done so.

    Args:
        lives: of each customer the numbers of the days on which they were active, 0 being the first (`day_number`), and
            the number of the last day that is over for them: whoever came yesterday cannot have come back after a week.
        day: the day that is asked about, 1 or later.
        kind: `on` that very day (classic, bounded), or `on_or_after` it (unbounded; for this one young cohorts have had
            less time to come back than old ones).
        level: of the interval, which is Wilson's.

    Returns:
        The share, or None where nobody is old enough.

    Raises:
        InvalidInput: a day that cannot be.
        UnknownName: no kind is called that.
    """
    asked = whole("day", day, 1)
    if kind not in get_args(RetentionKind):
        raise UnknownName("kind of retention", str(kind), get_args(RetentionKind))
    back = n = 0
    for active, last in lives:
        if whole("last day", last) >= asked:
            n += 1
            back += asked in active if kind == "on" else any(asked <= each <= last for each in active)
    return proportion(back, n, level=level) if n else None


def repeat_rate(orders: Iterable[tuple[Hashable, Hashable]], *, by: RepeatRule, level: float = 0.95) -> Share | None:
    """The share of buyers who bought again.

    Args:
        orders: (customer, day) of each, in any order.
        by: what "again" is: on another of the `days`, or another of the `orders`, be it on the same day. A basket that
            was split in two is a repeat by the second, not by the first.
        level: of the interval, which is Wilson's.

    Returns:
        The share, or None where nobody has bought.

    Raises:
        UnknownName: no rule is called that.
    """
    if by not in get_args(RepeatRule):
        raise UnknownName("rule for repeats", str(by), get_args(RepeatRule))
    first: dict[Hashable, Hashable] = {}
    again: set[Hashable] = set()
    for customer, day in orders:
        if customer not in first:
            first[customer] = day
        elif by == "orders" or first[customer] != day:
            again.add(customer)
    return proportion(len(again), len(first), level=level) if first else None
