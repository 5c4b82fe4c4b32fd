"""The statements of the SQLite store about gifts, and the accounts of what gifts and messages cost."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final, Protocol

from touchpoint.errors import StoreCorrupt
from touchpoint.stores._trouble import Place
from touchpoint.stores.base import BookingRow, GiftRow

_GIFT: Final = ", ".join(GiftRow._fields)
_BOOKING: Final = ", ".join(BookingRow._fields)
_KEY: Final = f"SELECT {_GIFT} FROM touchpoint_gifts WHERE key = ?"  # noqa: S608 - nothing but names of our own
_OF: Final = f"SELECT {_GIFT} FROM touchpoint_gifts WHERE customer = ? ORDER BY no"  # noqa: S608 - likewise
_MARKED: Final = f"SELECT {_GIFT} FROM touchpoint_gifts WHERE customer = ? AND mark = ? ORDER BY no"  # noqa: S608 - likewise
_ASKED: Final = f"SELECT {_GIFT} FROM touchpoint_gifts WHERE approval = 'asked' ORDER BY no LIMIT ?"  # noqa: S608 - likewise
_SHELF: Final = f"SELECT {_GIFT} FROM touchpoint_gifts WHERE shelf = ? AND shelf != '' ORDER BY no"  # noqa: S608 - likewise
PUT: Final = (
    f"INSERT INTO touchpoint_gifts ({_GIFT}) VALUES ({', '.join('?' * len(GiftRow._fields))}) "  # noqa: S608 - likewise
    "ON CONFLICT (key) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in GiftRow._fields[1:])
)
_BOOKED: Final = f"SELECT {_BOOKING} FROM touchpoint_bookings WHERE key = ? ORDER BY account"  # noqa: S608 - likewise
_WITHIN: Final = "account = ? AND at >= ? AND at < ?"
_PAGE: Final = f"SELECT {_BOOKING} FROM touchpoint_bookings WHERE {_WITHIN}"  # noqa: S608 - likewise
_SUM: Final = f"SELECT ifnull(sum(amount), 0) FROM touchpoint_bookings WHERE {_WITHIN}"  # noqa: S608 - likewise
_SPAN: Final = "SELECT start, taken FROM touchpoint_accounts WHERE name = ? AND until = ? AND kind = ?"
_NEW_SPAN: Final = "INSERT INTO touchpoint_accounts (name, until, kind, start, taken) VALUES (?, ?, ?, ?, ?)"
_ROLL: Final = "UPDATE touchpoint_accounts SET start = ?, taken = ? WHERE name = ? AND until = ? AND kind = ?"
_ADD: Final = "UPDATE touchpoint_accounts SET taken = taken + ? WHERE name = ? AND until > ? AND start <= ?"
_NEW_BOOKING: Final = f"INSERT INTO touchpoint_bookings ({_BOOKING}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - likewise
_GONE: Final = "DELETE FROM touchpoint_bookings WHERE key = ?"
SETTLED: Final = "UPDATE touchpoint_bookings SET settled = 1 WHERE key = ?"
_STOCKS: Final = "SELECT name, n FROM touchpoint_stocks WHERE name IN (?*)"
_NEW_STOCK: Final = "INSERT OR IGNORE INTO touchpoint_stocks (name, n) VALUES (?, ?)"
_STOCK: Final = "UPDATE touchpoint_stocks SET n = n + ? WHERE name = ?"
_SPENT: Final = "SELECT name, spent FROM touchpoint_budgets WHERE name IN (?*)"
_PUT_BUDGET: Final = "INSERT OR REPLACE INTO touchpoint_budgets (name, spent) VALUES (?, ?)"
_MONEY: Final = Context(prec=60)  # our own: the host may have set another precision for its thread


class _Asks(Protocol):
    """What the statements need of whoever runs them."""

    _place: Place

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def _among(self, template: str, values: Sequence[object]) -> Iterable[tuple[Any, ...]]: ...


class GiftReader(_Asks):
    """Questions about gifts and accounts."""

    def gift(self, key: str) -> GiftRow | None:
        """The gift with this key, or None."""
        rows = self.run(_KEY, (key,))
        return GiftRow._make(rows[0]) if rows else None

    def gifts_of(self, customer: int) -> list[GiftRow]:
        """All gifts of a customer, in the order in which they were first written."""
        return [GiftRow._make(row) for row in self.run(_OF, (customer,))]

    def gifts_marked(self, customer: int, mark: str) -> list[GiftRow]:
        """Those of a customer's gifts that have this mark."""
        return [GiftRow._make(row) for row in self.run(_MARKED, (customer, mark))]

    def gifts_asked(self, limit: int) -> list[GiftRow]:
        """Gifts whose approval is asked for, in the order in which they were first written, at most `limit`."""
        return [GiftRow._make(row) for row in self.run(_ASKED, (limit,))]

    def gifts_awaiting(self, shelf: str) -> list[GiftRow]:
        """Gifts that wait for this stock, in the order in which they were first written."""
        return [GiftRow._make(row) for row in self.run(_SHELF, (shelf,))]

    def bookings_of(self, key: str) -> list[BookingRow]:
        """What a message has booked, by account."""
        return [_booking(row) for row in self.run(_BOOKED, (key,))]

    def bookings(
        self, account: str, start: int, end: int, customer: int | None, limit: int, after: int = 0
    ) -> list[BookingRow]:
        """What is booked on an account within `[start, end)`, earliest first: a page of it."""
        whose = "" if customer is None else " AND customer = ?"
        values = (account, start, end, *(() if customer is None else (customer,)), limit, after)
        return [_booking(row) for row in self.run(f"{_PAGE}{whose} ORDER BY at, no LIMIT ? OFFSET ?", values)]

    def booked(self, account: str, start: int, end: int, customer: int | None = None) -> int:
        """The sum of what is booked on an account within `[start, end)`, of the sums that are kept where it can be."""
        if customer is not None:
            return int(self.run(f"{_SUM} AND customer = ?", (account, start, end, customer))[0][0])
        kept = self.run(
            "SELECT start, taken FROM touchpoint_accounts WHERE name = ? AND until = ? ORDER BY abs(start - ?) LIMIT 1",
            (account, end, start),
        )
        if not kept:
            return self._sum(account, start, end)
        since, taken = kept[0]
        # What has left the period since, or comes into it where a clock was set back.
        return int(taken) - self._sum(account, since, start) + self._sum(account, start, min(since, end))

    def _sum(self, account: str, start: int, end: int) -> int:
        return int(self.run(_SUM, (account, start, end))[0][0]) if start < end else 0

    def reserved(self, account: str, start: int, end: int) -> int:
        """The sum of what is booked within `[start, end)` and not settled."""
        return int(self.run(f"{_SUM} AND settled = 0", (account, start, end))[0][0])

    def stocks(self, names: Sequence[str]) -> dict[str, int]:
        """How many are left of those of these stocks of which anything is known."""
        return dict(self._among(_STOCKS, names))

    def spent(self, names: Sequence[str]) -> dict[str, Decimal]:
        """What was spent of each of these budgets; 0 of those nobody drew on."""
        spent = dict.fromkeys(names, Decimal(0))
        try:
            spent.update((name, Decimal(text)) for name, text in self._among(_SPENT, names))
        except InvalidOperation:
            raise StoreCorrupt(f"{self._place} holds a budget that is no number; restore a backup") from None
        return spent


class GiftWriter(GiftReader):
    """What changes of gifts and accounts."""

    def add_to_budgets(self, added: Mapping[str, Decimal]) -> None:
        """Add what was spent of budgets."""
        spent = self.spent(list(added))
        for name, amount in added.items():
            self.run(_PUT_BUDGET, (name, str(_MONEY.add(spent[name], amount))))

    def drop_bookings(self, keys: Iterable[str]) -> None:
        """Take what messages have booked back out of their accounts."""
        for key in keys:
            for row in self.bookings_of(key):
                self.run(_ADD, (-row.amount, row.account, row.at, row.at))
            self.run(_GONE, (key,))

    def keep_sums(self, spans: Iterable[tuple[str, str, int, int]]) -> None:
        """Keep the sums of these spans from now on."""
        for name, kind, start, until in spans:
            self._keep_sum(name, kind, start, until)

    def book(self, bookings: Iterable[BookingRow]) -> None:
        """Book on accounts, and add to the sums of theirs that are kept."""
        for booking in bookings:
            self.run(_NEW_BOOKING, booking)
            self.run(_ADD, (booking.amount, booking.account, booking.at, booking.at))

    def change_stocks(self, changes: Iterable[tuple[str, int, int]]) -> None:
        """Have more or fewer of stocks."""
        for name, first, more in changes:
            self.run(_NEW_STOCK, (name, first))
            self.run(_STOCK, (more, name))

    def _keep_sum(self, name: str, kind: str, start: int, until: int) -> None:
        known = self.run(_SPAN, (name, until, kind))
        if not known:
            self.run(_NEW_SPAN, (name, until, kind, start, self._sum(name, start, until)))
        elif known[0][0] < start:
            since, taken = known[0]
            # What leaves it is looked at once, now, and never again.
            self.run(_ROLL, (start, taken - self._sum(name, since, start), name, until, kind))


def _booking(row: Sequence[Any]) -> BookingRow:
    return BookingRow._make([*row[:-1], bool(row[-1])])
