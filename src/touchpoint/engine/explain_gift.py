"""Why a gift was or was not given, as far as people and accounts have a say (S10)."""

from collections.abc import Callable, Iterator
from typing import Final

from touchpoint.core.accounts import stock_account
from touchpoint.engine.unit import Unit
from touchpoint.model.money import amount_of
from touchpoint.stores.codec import loads


def gift_lines(unit: Unit, key: str, when: Callable[[int], str]) -> Iterator[str]:
    """Who decided on a message, what it has booked, and what came back; nothing for what draws on no account."""
    row = unit.tx.gift(key)
    if row is not None:
        body = loads(row.body)
        if row.approval in ("approved", "declined"):
            reason = f": {body['reason']}" if body.get("reason") else ""
            yield f"{row.approval} by {body['by']} at {when(body['decided_at'])}{reason}"
        if row.status in _SAID:
            yield f"{_SAID[row.status]} at {when(row.changed_at)}"
    for each in unit.tx.bookings_of(key):
        account = each.account.removeprefix(stock_account(""))
        if account != each.account:
            yield f"taken from the stock {account!r} at {when(each.at)}"
        else:
            how = "spent" if each.settled else "reserved"
            yield f"{how} {amount_of(each.amount)} of the budget {account!r} at {when(each.at)}"


_SAID: Final = {
    "declined": "the customer declined it", "returned": "it came back",
    "undone": "the person who was to give it did not",
}  # fmt: skip
