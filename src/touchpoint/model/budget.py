"""What gifts and messages may cost, and how many gifts there are: budgets and stocks, as data (S6.5)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Literal

import attrs

from touchpoint.durations import LONGEST, Duration, is_calendar, spoken
from touchpoint.errors import InvalidInput, JourneyError
from touchpoint.model.money import Number, is_currency, millionths, spoken_money

Over = Literal["defer", "deny"]
NoneLeft = Literal["deny", "wait"]
_NAME: Final = 200
_MOST: Final = 10**9
_NATURAL: Final = ({"days": 1}, {"days": 7}, {"months": 1}, {"years": 1})
"""Calendar lengths that have a natural start."""


def _kinds(value: Iterable[str] | str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def _check_name(cls: str, name: object) -> None:
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > _NAME:
        raise JourneyError(f"{cls}() has a name: text on one line that is not blank, of at most {_NAME} characters")


@attrs.frozen
class Budget:
    """What may be spent per period, in all and on one customer; whoever names it draws on the same account (S6.5).

    On `Gift(budget=)` it binds what the gift is worth; in a `Policy` what messages of its `kinds` cost (`Message.cost`,
    in its currency). What is in flight is reserved; what was refused for certain is given back; what is in doubt stays
    spent.

    Args:
        name: of the account: gifts of several journeys that have a budget of this name share it.
        amount: of money per period, with at most six decimals.
        currency: three letters (ISO 4217), such as EUR.
        per: a `timedelta` rolls, `(t - per, t]`; a calendar length is the day, week, month or year of the firm, by
            `zone`; None is once and for all.
        zone: the firm's time zone, such as Europe/Madrid; needed where `per` is a calendar length.
        per_customer: how much of that one customer may get per period; None for no such bound.
        over: what happens where it is used up: `defer` until it is free again, or `deny`. Where nothing ever frees it,
            both deny.
        kinds: of messages, in a policy; None is every kind.
    """

    name: str
    amount: Number
    currency: str
    per: Duration | None = attrs.field(default=None, kw_only=True)
    zone: str | None = attrs.field(default=None, kw_only=True)
    per_customer: Number | None = attrs.field(default=None, kw_only=True)
    over: Over = attrs.field(default="defer", kw_only=True)
    kinds: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, converter=_kinds)

    def __attrs_post_init__(self) -> None:
        _check_name("Budget", self.name)
        for name in ("amount", "per_customer"):
            value = getattr(self, name)
            if value is not None:
                _check_amount(f"Budget({name}=)", value)
        if not is_currency(self.currency):
            raise JourneyError('Budget(currency=) takes three capital letters (ISO 4217), such as "EUR"')
        if self.over not in ("defer", "deny"):
            raise JourneyError('Budget(over=) is "defer" or "deny"')
        self._check_period()

    def _check_period(self) -> None:
        per = self.per
        if per is None or (isinstance(per, timedelta) and timedelta(0) < per <= LONGEST):
            if self.zone is not None:
                raise JourneyError("Budget(zone=) goes with a calendar length, such as per=months(1)")
            return
        if not is_calendar(per) or not _is_natural(per):
            raise JourneyError(
                "Budget(per=) takes a length such as days(30), or one calendar day, week, month or year: months(1)"
            )
        if self.zone is None:
            raise JourneyError(
                'Budget(per=) of the calendar is that of the firm: write zone="Europe/Madrid", say; there is no default'
            )
        from touchpoint.zones import zone  # budgets without a calendar need no time zones

        zone(self.zone)

    @property
    def in_millionths(self) -> int:
        """The amount as a whole number of millionths."""
        return millionths(self.amount)

    def differs_from(self, other: "Budget") -> bool:
        """Whether they cannot be one account: which kinds of messages draw on it may differ, all else may not."""
        return attrs.evolve(self, kinds=None) != attrs.evolve(other, kinds=None)

    def __str__(self) -> str:
        per = "" if self.per is None else f" per {spoken(self.per)}"
        return f"budget {self.name} of {spoken_money(self.in_millionths, self.currency)}{per}"


@attrs.frozen
class Stock:
    """How many of a gift there are; the host restocks with `engine.gifts.restock` (S6.5).

    Args:
        name: of the stock: gifts that have a stock of this name take from the same shelf.
        n: how many there are before the first is given or restocked; from then on the store counts.
        none_left: what happens then: `deny`, or `wait` until it is restocked.
    """

    name: str
    n: int = 0
    none_left: NoneLeft = attrs.field(default="deny", kw_only=True)

    def __attrs_post_init__(self) -> None:
        _check_name("Stock", self.name)
        if not isinstance(self.n, int) or isinstance(self.n, bool) or not 0 <= self.n <= _MOST:
            raise JourneyError(f"Stock(n=) is a whole number from 0 to {_MOST:,}")
        if self.none_left not in ("deny", "wait"):
            raise JourneyError('Stock(none_left=) is "deny" or "wait"')

    def __str__(self) -> str:
        return f"stock {self.name}"


def _is_natural(per: object) -> bool:
    named = {
        unit: n
        for unit in ("years", "months", "days", "leapdays", "hours", "minutes", "seconds", "microseconds")
        if (n := getattr(per, unit, 0))
    }
    fixed = ("year", "month", "day", "weekday", "hour", "minute", "second", "microsecond")
    return named in _NATURAL and all(getattr(per, each, None) is None for each in fixed)


def _check_amount(what: str, value: Number) -> None:
    try:
        found = millionths(value)
    except InvalidInput as error:
        raise JourneyError(f"{what}: {error}") from None
    if found <= 0:
        raise JourneyError(f"{what} is an amount above 0")
