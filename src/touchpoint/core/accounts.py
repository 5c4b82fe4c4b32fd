"""Accounts of gifts and costs (S6.5): what a message takes of them, how they stand, and what a release reserves.

Everything is asked of a `Ledger`, under the write lock, so that no two workers spend the same money: what one has
reserved the next one sees. Amounts are whole millionths of a unit, instants microseconds UTC.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, Protocol

import attrs

from touchpoint.core.identity import gift_mark
from touchpoint.core.schedule import calendar_period
from touchpoint.core.state import Run
from touchpoint.durations import FIRST_INSTANT, LAST_INSTANT, length
from touchpoint.journey.by_hand import PREFIX
from touchpoint.model.budget import Budget, Stock
from touchpoint.model.message import Gift, Message
from touchpoint.model.money import millionths, spoken_money
from touchpoint.policy.accounts import AccountFacts, ApprovalFact, Decided, Purse, Shelf
from touchpoint.policy.binding import Bound, covers

EVER: Final = "ever"
TAKEN: Final = frozenset({"reserved", "given", "unknown", "declined", "returned"})
"""How a gift stands that was given for its cause, or may have been, whatever became of it."""


class GiftFacts(Protocol):
    """What the ledger has of one gift."""

    @property
    def run(self) -> str:
        """The id of its run."""

    @property
    def status(self) -> str:
        """How it stands."""

    @property
    def approval(self) -> str:
        """What a person has decided."""

    @property
    def approved(self) -> tuple[str, str, int]:
        """Who has decided, why, and up to which worth."""


@attrs.frozen
class Span:
    """A period of an account.

    Args:
        name: of the account.
        kind: `ever`, `calendar`, or `rolling` with its length.
        start: its first instant.
        end: the first one after it; None where there is none.
    """

    name: str
    kind: str
    start: int
    end: int | None

    @property
    def until(self) -> int:
        """Its end as a number."""
        return LAST_INSTANT + 1 if self.end is None else self.end


class Ledger(Protocol):
    """Asks the store, in the transaction at hand."""

    def taken(self, span: Span) -> int:
        """What is booked on an account within a span: spent and reserved."""
        ...

    def taken_by(self, customer: str, span: Span) -> int:
        """That of one customer."""
        ...

    def booked(self, key: str) -> Sequence[tuple[str, int, int]]:
        """(account, at, amount) of what a message has booked."""
        ...

    def bookings(self, span: Span, customer: str | None) -> Iterable[tuple[int, int]]:
        """(at, amount) of what is booked within a span, by one customer or all, earliest first."""
        ...

    def left(self, stock: Stock) -> int:
        """How many are left of a stock."""
        ...

    def gift(self, key: str) -> GiftFacts | None:
        """What is known of the gift with this key."""
        ...

    def given(self, customer: str, mark: str) -> Sequence[GiftFacts]:
        """The gifts of a customer with this mark."""
        ...


@attrs.frozen
class Charge:
    """What a message takes of one budget."""

    budget: Budget
    amount: int


@attrs.frozen
class GiftNote:
    """What is kept of a gift, whatever becomes of it.

    Args:
        name, occasion, worth, currency: of the gift; the worth as text.
        mark: what it is given for.
        run: the id of its run.
        by: who gives it by hand; empty where a rule does.
    """

    name: str
    occasion: str
    mark: str
    run: str
    by: str
    worth: str
    currency: str


def charges(message: Message, bound: Bound, kind: str) -> list[Charge]:
    """What a message takes of which budgets: of a gift what it is worth, of any message what it costs."""
    found: dict[str, Charge] = {}
    drawn = [(message.purse, message.worth)] if isinstance(message, Gift) and message.purse is not None else []
    drawn += [(each, message.cost) for each in bound.budgets if covers(each.kinds, kind)]
    for budget, amount in drawn:
        known = found.get(budget.name)
        before = 0 if known is None else known.amount
        found[budget.name] = Charge(budget if known is None else known.budget, before + millionths(amount))
    return [each for each in found.values() if each.amount]


def span_at(budget: Budget, now: int) -> Span:
    """The period of a budget that an instant lies in; a rolling one has no end."""
    per = budget.per
    if per is None:
        return Span(budget.name, EVER, FIRST_INSTANT, None)
    if isinstance(per, timedelta):
        return Span(budget.name, f"rolling {length(per)}", now - length(per) + 1, None)
    start, end = calendar_period(now, per, (budget.zone or "UTC",))
    return Span(budget.name, "calendar", start, end)


def account_facts(
    ledger: Ledger, message: Message, bound: Bound, kind: str, *, key: str, customer: str, run: Run | None, now: int
) -> AccountFacts:
    """How the accounts stand that a message draws on; what it has booked itself does not stand in its way.

    Args:
        ledger: asks the store.
        message: at hand.
        bound: what binds it.
        kind: its effective kind.
        key: of the message; empty for one that nobody asked for yet.
        customer: the id.
        run: that asks for it; None where no run waits for it.
        now: the instant asked about.
    """
    drawn = charges(message, bound, kind)
    own = ledger.booked(key) if key and (drawn or isinstance(message, Gift)) else ()
    # A task that was assigned has taken what it needs, and takes nothing anew, whatever period it is claimed in.
    if run is None and own:
        drawn = []
    facts = AccountFacts([each for charge in drawn for each in _purses(ledger, charge, own, customer, now)])
    if isinstance(message, Gift):
        row = ledger.gift(key) if key else None
        if (stock := message.shelf) is not None and not (run is None and own):
            mine = sum(amount for account, _, amount in own if account == stock_account(stock.name))
            facts.shelf = Shelf(stock, ledger.left(stock) + mine)
        facts.approval = _approval(message, bound, row)
        holds = row is not None and row.status in TAKEN
        if run is not None and not holds:
            given = ledger.given(customer, mark_of(message, run))
            facts.before = any(each.status in TAKEN and each.run != run.id for each in given)
    return facts


def stock_account(name: str) -> str:
    """The account on which it is booked what is taken from a stock; no budget's, whose name cannot begin so."""
    return f"\x1fstock {name}"


def mark_of(gift: Gift, run: Run) -> str:
    """What a run gives a gift for."""
    return gift_mark(gift.name, gift.occasion, run.key, run.trigger.id)


def note_of(gift: Gift, run: Run) -> GiftNote:
    """What is kept of a gift."""
    by = run.trigger.properties.get("by") if run.rule.startswith(PREFIX) else None
    return GiftNote(
        gift.name, gift.occasion, mark_of(gift, run), run.id, by if isinstance(by, str) else "", str(gift.worth),
        gift.currency,
    )  # fmt: skip


def _purses(
    ledger: Ledger, charge: Charge, own: Sequence[tuple[str, int, int]], customer: str, now: int
) -> list[Purse]:
    budget, span = charge.budget, span_at(charge.budget, now)
    mine = sum(amount for name, at, amount in own if name == budget.name and span.start <= at < span.until)
    found = []
    for limit, whose in ((budget.amount, None), (budget.per_customer, customer)):
        if limit is None:
            continue
        taken = (ledger.taken(span) if whose is None else ledger.taken_by(whose, span)) - mine
        purse = Purse(budget, charge.amount, taken, millionths(limit), of_customer=whose is not None)
        if not purse.covers_at(now):
            purse.free_at = _free_at(ledger, purse, span, whose, own)
        found.append(purse)
    return found


def _free_at(
    ledger: Ledger, purse: Purse, span: Span, whose: str | None, own: Sequence[tuple[str, int, int]]
) -> int | None:
    """The first instant at which there is enough again: the next period, or when enough has left a rolling one."""
    if purse.needed > purse.limit or span.kind == EVER:
        return None
    if span.end is not None:
        return span.end
    per = purse.budget.per
    assert isinstance(per, timedelta)  # noqa: S101 - it has no end, and is not for ever
    lacks = purse.taken + purse.needed - purse.limit
    mine = {at: amount for name, at, amount in own if name == purse.budget.name}
    for at, amount in ledger.bookings(span, whose):
        lacks -= amount - mine.pop(at, 0)
        if lacks <= 0:
            return at + length(per)
    return None


def _approval(gift: Gift, bound: Bound, row: GiftFacts | None) -> ApprovalFact | None:
    said = needs_approval(gift, bound)
    if not said:
        return None
    decided: Decided = ""
    by, reason, worth = ("", "", 0) if row is None else row.approved
    if row is not None and row.approval == "declined":
        decided = "declined"
    elif row is not None and row.approval == "approved" and millionths(gift.worth) <= worth:
        decided = "approved"
    return ApprovalFact(said, decided, by, reason)


def needs_approval(gift: Gift, bound: Bound) -> str:
    """Why a person has to approve a gift, in words; empty where nobody has to."""
    if not gift.worth:
        return ""
    worth = spoken_money(millionths(gift.worth), gift.currency)
    if gift.approve_above is not None and millionths(gift.worth) > millionths(gift.approve_above):
        return f"a gift worth {worth} needs approval (above {gift.approve_above})"
    for each in bound.approvals:
        if gift.currency != each.currency or millionths(gift.worth) > millionths(each.above):
            return f"a gift worth {worth} needs approval ({each})"
    return ""


def approvers(bound: Bound, gift: Gift) -> tuple[str, ...] | None:
    """Who may approve a gift: those whom every policy that asks for it names; None is everybody."""
    asking = [
        frozenset(each.by)
        for each in bound.approvals
        if each.by is not None and (gift.currency != each.currency or millionths(gift.worth) > millionths(each.above))
    ]
    return tuple(sorted(frozenset.intersection(*asking))) if asking else None


def reserved(drawn: Sequence[Charge], shelf: Stock | None) -> list[list[object]]:
    """What a release takes, as it is kept with the message."""
    found: list[list[object]] = [[each.budget.name, each.amount] for each in drawn]
    return found if shelf is None else [*found, [stock_account(shelf.name), 1]]
