"""Growth accounting of the flywheel: who is new, who stayed, who came back, who left (S8.1).

The terms are those of Hsu, "Diligence at Social Capital, part 1: accounting for user growth" (2015).
"""

from collections.abc import Hashable, Iterable
from datetime import date
from typing import Final, Literal, get_args

import attrs

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.insight.figure import Figure, finite

Unit = Literal["day", "week", "month", "quarter", "year"]
_GAP: Final = 100_000


def period_of(day: date, unit: Unit) -> int:
    """The number of the period that a day of the calendar lies in: the next period has the next number.

    Weeks begin on Monday (ISO 8601). Take the day in the zone in which you count, not always that of UTC.

    Raises:
        UnknownName: no unit is called that.
    """
    if unit == "day":
        return day.toordinal()
    if unit == "week":
        return (day.toordinal() - 1) // 7
    months = {"month": 1, "quarter": 3, "year": 12}
    if unit not in months:
        raise UnknownName("unit of periods", str(unit), get_args(Unit))
    return (day.year * 12 + day.month - 1) // months[unit]


@attrs.frozen
class GrowthPeriod(Figure):
    """One period.

    Always: active = new + retained + resurrected, and before = retained + churned.

    Args:
        period: its number.
        new: customers active for the first time.
        retained: active in this period and in the one before.
        resurrected: active, not in the period before, but earlier.
        churned: active in the period before, and not in this one.
    """

    period: int
    new: int
    retained: int
    resurrected: int
    churned: int

    @property
    def active(self) -> int:
        """Customers active in this period."""
        return self.new + self.retained + self.resurrected

    @property
    def before(self) -> int:
        """Customers active in the period before."""
        return self.retained + self.churned

    @property
    def retention(self) -> float | None:
        """The share of those before who are retained; None where nobody was active before."""
        return self.retained / self.before if self.before else None

    @property
    def quick_ratio(self) -> float | None:
        """(new + resurrected) / churned; None where nobody churned."""
        return quick_ratio(self.new + self.resurrected, self.churned)

    def to_dict(self) -> dict[str, object]:
        """Names and values, with those that follow from others."""
        derived = ("active", "before", "retention", "quick_ratio")
        return super().to_dict() | {name: getattr(self, name) for name in derived}


def quick_ratio(gained: float, lost: float) -> float | None:
    """What was gained for each that was lost: above 1 it grows. None where nothing was lost, for then it has no bound.

    Of customers: (new + resurrected) / churned. Of recurring revenue: (new + expansion) / (churn + contraction), as
    Mamoon Hamid has introduced it.

    Raises:
        InvalidInput: either is negative, NaN or infinite.
    """
    gains, losses = finite("gained", gained, 0), finite("lost", lost, 0)
    return gains / losses if losses else None


class Growth:
    """Growth accounting of activity that comes in order of its periods; each fact costs the same, whatever came before.

    Kept are one number for each customer (the last period with activity) and four for each period. Customers are keys
    and nothing more: ids, or pseudonyms of them.
    """

    def __init__(self) -> None:
        self._last: dict[Hashable, int] = {}
        self._closed: list[GrowthPeriod] = []
        self._now: int | None = None
        self._before = 0
        self._new = self._retained = self._resurrected = 0

    def __repr__(self) -> str:
        return f"Growth({len(self._last)} customers, {len(self._closed) + (self._now is not None)} periods)"

    def add(self, customer: Hashable, period: int) -> None:
        """A customer was active in a period; once more in the same period changes nothing.

        Raises:
            InvalidInput: the period is no whole number, earlier than one that came before, or 100,000 later.
        """
        at = _period(period)
        if self._now is None or at > self._now:
            self._go_on(at)
        elif at < self._now:
            raise InvalidInput(
                "growth is counted in order of periods, and this one is over: sort the facts, and begin anew"
            )
        last = self._last.get(customer)
        if last == at:
            return
        self._last[customer] = at
        if last is None:
            self._new += 1
        elif last == at - 1:
            self._retained += 1
        else:
            self._resurrected += 1

    def until(self, period: int) -> None:
        """Go on to a period, though nobody may have been active in it yet: those who stayed away have churned.

        Raises:
            InvalidInput: as `add`, or nobody was ever active.
        """
        at = _period(period)
        if self._now is None or at < self._now:
            raise InvalidInput("growth goes on to a later period, after the first activity")
        self._go_on(at)

    def _go_on(self, period: int) -> None:
        """Periods in between in which nobody was active are periods, too."""
        if self._now is not None and period - self._now > _GAP:
            raise InvalidInput("periods are numbered one by one, as by period_of(); these lie more than 100,000 apart")
        while self._now is not None and self._now < period:
            done = self._present(self._now)
            self._closed.append(done)
            self._now, self._before = self._now + 1, done.active
            self._new = self._retained = self._resurrected = 0
        self._now = period

    def _present(self, period: int) -> GrowthPeriod:
        churned = self._before - self._retained
        return GrowthPeriod(period, self._new, self._retained, self._resurrected, churned)

    @property
    def periods(self) -> tuple[GrowthPeriod, ...]:
        """All periods from the first with activity; the last may still go on, so who churns in it is not final."""
        return (*self._closed, self._present(self._now)) if self._now is not None else ()


def _period(period: int) -> int:
    if isinstance(period, bool) or not isinstance(period, int):
        raise InvalidInput("a period is a whole number, such as period_of(day, 'month') gives")
    return period


def growth(facts: Iterable[tuple[Hashable, int]]) -> tuple[GrowthPeriod, ...]:
    """Growth accounting of (customer, period) facts in order of their periods; within one, any order.

    Raises:
        InvalidInput: a period is no whole number, or earlier than one that came before.
    """
    account = Growth()
    for customer, period in facts:
        account.add(customer, period)
    return account.periods
