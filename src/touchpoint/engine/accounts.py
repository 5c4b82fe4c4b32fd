"""The accounts of gifts and costs (S6.5): asked and written in the very transaction of the release.

Nothing of them is kept in memory. What one release has reserved stands in the store before the next is asked, in this
transaction or, since all of them hold the write lock, in any other. So nothing is ever spent twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import attrs

from touchpoint.core.accounts import GiftNote, Span, span_at, stock_account
from touchpoint.core.booking import OWN
from touchpoint.core.decision import Booked, GiftWaits, Unbooked
from touchpoint.core.state import Pending
from touchpoint.engine import shared
from touchpoint.model.budget import Budget, Stock
from touchpoint.model.money import millionths
from touchpoint.stores.base import BookingRow, Changes, GiftRow, Transaction
from touchpoint.stores.codec import dumps, loads

if TYPE_CHECKING:
    from touchpoint.engine.loaded import Cache, Loaded
    from touchpoint.engine.unit import Unit

WAITING: Final = "waiting"
RESERVED: Final = "reserved"
GIVEN: Final = "given"
UNDONE: Final = "undone"
DECLINED: Final = "declined"
RETURNED: Final = "returned"
_PAGE: Final = 256


@attrs.frozen
class KnownGift:
    """A gift as the gate is told of it."""

    run: str
    status: str
    approval: str
    approved: tuple[str, str, int]


def known(row: GiftRow) -> KnownGift:
    """A row, as the gate is told of it."""
    body = loads(row.body)
    return KnownGift(
        row.run, row.status, row.approval, (body.get("by", ""), body.get("reason", ""), body.get("up_to", 0))
    )


class StoreLedger:
    """Asks the store about accounts, in one transaction.

    It does not know the unit, which knows it: a circle would be left to the garbage collector at every transaction.
    """

    def __init__(self, tx: Transaction, cache: "Cache") -> None:
        self._tx = tx
        self._cache = cache

    def taken(self, span: Span) -> int:
        """What is booked on an account within a span."""
        return self._tx.booked(span.name, span.start, span.until)

    def taken_by(self, customer: str, span: Span) -> int:
        """That of one customer."""
        return self._tx.booked(span.name, span.start, span.until, number_of(self._tx, self._cache, customer))

    def booked(self, key: str) -> Sequence[tuple[str, int, int]]:
        """(account, at, amount) of what a message has booked."""
        return [(row.account, row.at, row.amount) for row in self._tx.bookings_of(key)]

    def bookings(self, span: Span, customer: str | None) -> Iterator[tuple[int, int]]:
        """(at, amount) of what is booked within a span, earliest first."""
        no, seen = None if customer is None else number_of(self._tx, self._cache, customer), 0
        while page := self._tx.bookings(span.name, span.start, span.until, no, _PAGE, seen):
            yield from ((row.at, row.amount) for row in page)
            seen += len(page)

    def left(self, stock: Stock) -> int:
        """How many are left of a stock."""
        return left(self._tx, stock)

    def gift(self, key: str) -> KnownGift | None:
        """What is known of the gift with this key."""
        row = self._tx.gift(key)
        return None if row is None else known(row)

    def given(self, customer: str, mark: str) -> Sequence[KnownGift]:
        """The gifts of a customer with this mark."""
        return [known(row) for row in self._tx.gifts_marked(number_of(self._tx, self._cache, customer), mark)]


def number_of(tx: Transaction, cache: "Cache", customer: str) -> int:
    """The number of a customer who is at hand; 0 for one who is not stored yet and has nothing."""
    no = cache.number(customer)
    if no is None:
        rows = tx.customers([customer])
        no = rows[0].no if rows else 0
    return no


def left(tx: Transaction, stock: Stock) -> int:
    """How many are left of a stock."""
    return tx.stocks([stock.name]).get(stock.name, stock.n)


# What decisions change.


def booked(unit: "Unit", loaded: "Loaded", effect: Booked, now: int) -> None:
    """A release took from accounts: in the place of what the same message had taken before."""
    key, at = effect.pending.key, effect.at
    give_back(unit, key)
    changes = Changes.none()
    for charge in effect.charges:
        changes.spans.append(_summed(charge.budget, at))
        changes.bookings.append(BookingRow(key, charge.budget.name, loaded.no, at, charge.amount, settled=False))
    if effect.shelf is not None:
        # One of which it was believed that it had not gone out may be one too many: there are never fewer than none.
        taken = min(left(unit.tx, effect.shelf), 1)
        changes.stocks.append((effect.shelf.name, effect.shelf.n, -taken))
        changes.bookings.append(BookingRow(key, stock_account(effect.shelf.name), loaded.no, at, taken, settled=False))
    if effect.gift is not None:
        row = _row(unit, loaded, effect.pending, effect.gift, now)
        own = next((text for account, text in effect.pending.taken or () if account == OWN), None)
        body = {name: each for name, each in loads(row.body).items() if name != "own"}
        told = dumps(body if own is None else {**body, "own": own})
        changes.gifts[key] = row._replace(status=RESERVED, shelf="", at=at, body=told)
    _write(unit, changes)


def _summed(budget: Budget, at: int) -> tuple[str, str, int, int]:
    span = span_at(budget, at)
    return span.name, span.kind, span.start, span.until


def unbooked(unit: "Unit", _loaded: "Loaded", effect: Unbooked, now: int) -> None:
    """It certainly did not go out: what it took is free again."""
    give_back(unit, effect.pending.key)
    change(unit, effect.pending.key, now, status=WAITING, at=None)


def waits(unit: "Unit", loaded: "Loaded", effect: GiftWaits, now: int) -> None:
    """A gift waits for approval or stock."""
    row = _row(unit, loaded, effect.pending, effect.gift, now)
    approval = row.approval
    if effect.approval:
        approval = "asked"
    elif approval == "asked":
        approval = ""
    _write(unit, Changes(gifts={row.key: row._replace(status=WAITING, approval=approval, shelf=effect.shelf)}))


def ended(unit: "Unit", pending: Pending, status: str, now: int) -> None:
    """A message has its end: what is sent, or may have been, is spent; everything else is free again."""
    if pending.taken is None:
        return
    changes = Changes.none()
    if status in ("sent", "unknown"):
        changes.bookings_settled.append(pending.key)
    else:
        give_back(unit, pending.key)
    row = unit.tx.gift(pending.key)
    if row is not None:
        approval = "" if row.approval == "asked" else row.approval
        told = GIVEN if status == "sent" else status
        changes.gifts[row.key] = row._replace(changed_at=now, status=told, approval=approval, shelf="")
    _write(unit, changes)


def give_back(unit: "Unit", key: str) -> None:
    """Free what a message has booked, of budgets and of stock."""
    held = unit.tx.bookings_of(key)
    if held:
        _write(unit, Changes(bookings_gone=[key], stocks=_put_back(held)))


def give_back_stock(unit: "Unit", key: str) -> None:
    """Put a gift back to its stock alone; what it is worth stays spent."""
    rows = unit.tx.bookings_of(key)
    kept = [row for row in rows if not row.account.startswith(stock_account(""))]
    _write(unit, Changes(bookings_gone=[key], bookings=kept, stocks=_put_back(rows)))


def change(unit: "Unit", key: str, now: int, **fields: Any) -> GiftRow | None:  # noqa: ANN401 - columns of a gift
    """Have a gift stand so from now on; None where accounts know nothing of it."""
    row = unit.tx.gift(key)
    if row is None:
        return None
    changed = row._replace(changed_at=now, **fields)
    _write(unit, Changes(gifts={key: changed}))
    return changed


def give_back_all(unit: "Unit", row: GiftRow) -> None:
    """Free whatever a gift has taken, of the number in its own budget, too."""
    own = loads(row.body).get("own")
    if own is not None:
        shared.spend(unit, row.name, -Decimal(own))
    give_back(unit, row.key)


def not_done(unit: "Unit", key: str, now: int) -> None:
    """The task by which a gift was to be given was not done: it was not given, and cost nothing."""
    row = unit.tx.gift(key)
    if row is not None and row.status == GIVEN:
        give_back_all(unit, row)
        change(unit, key, now, status=UNDONE)
    elif row is None:
        give_back(unit, key)


def _put_back(held: Iterable[BookingRow]) -> list[tuple[str, int, int]]:
    """What of bookings goes back to stocks."""
    prefix = stock_account("")
    return [(row.account.removeprefix(prefix), 0, row.amount) for row in held if row.account.startswith(prefix)]


def _row(unit: "Unit", loaded: "Loaded", pending: Pending, note: GiftNote, now: int) -> GiftRow:
    """The row of a gift, as it stands; a new one where there is none."""
    before = unit.tx.gift(pending.key)
    if before is None:
        before = GiftRow(
            pending.key, loaded.no, note.name, note.occasion, note.mark, note.run, note.by, WAITING, "", "", note.worth,
            note.currency, None, now, dumps({"asked_at": now, "expires_at": pending.expires}),
        )  # fmt: skip
    return before._replace(
        name=note.name, occasion=note.occasion, mark=note.mark, worth=note.worth, currency=note.currency, changed_at=now
    )


def decided(row: GiftRow, decision: str, by: str, reason: str, now: int) -> GiftRow:
    """A gift of which a person has said whether it is to be given; a yes is up to what it is worth today."""
    body = loads(row.body) | {"by": by, "reason": reason, "decided_at": now, "up_to": millionths_of(row)}
    return row._replace(approval=decision, changed_at=now, body=dumps(body))


def millionths_of(row: GiftRow) -> int:
    """What a gift is worth, as its row has it."""
    return millionths(Decimal(row.worth))


def write(unit: "Unit", rows: Iterable[GiftRow]) -> None:
    """Write gifts as they stand."""
    _write(unit, Changes(gifts={row.key: row for row in rows}))


def restock(unit: "Unit", stock: Stock, n: int) -> int:
    """Add to a stock; how many there are then."""
    _write(unit, Changes(stocks=[(stock.name, stock.n, n)]))
    return left(unit.tx, stock)


def _write(unit: "Unit", changes: Changes) -> None:
    # At once, and not with the rest at the end: what is asked next in this transaction has to see it.
    if not changes.is_empty():
        unit.tx.write(changes)
