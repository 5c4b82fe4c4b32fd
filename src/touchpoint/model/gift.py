"""How gifts and their accounts stand, for those who look: plain data."""

from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

import attrs

GIFT_RETURNED: Final = "gift_returned"
"""The type of the touchpoint that tells that a gift came back: the parcel was not taken, or was sent back."""
GIFT_DECLINED: Final = "gift_declined"
"""The type of the touchpoint that tells that the customer does not want a gift."""
GiftStatus = Literal[
    "waiting",
    "reserved",
    "given",
    "unknown",
    "declined",
    "returned",
    "undone",
    "withdrawn",
    "denied",
    "expired",
    "failed",
]


@attrs.frozen(kw_only=True)
class Given:
    """One gift to one customer, whatever has become of it.

    Args:
        key: of its message.
        customer: the host's own id.
        gift, occasion, worth, currency: as they were when it was looked at last.
        status: `waiting` for its release; `reserved` on its way; `given`; `unknown` whether it arrived; `declined` by
            the customer; `returned`; `undone`: the person who was to give it did not; or the end of its message.
        given_by: the person who gave it by hand; empty where a rule did.
        approval: `asked`, `approved`, `declined`, or empty where nobody has to say anything.
        decided_by, decided_at, reason: who said so, when (aware UTC), and why.
        at: when it was released; aware UTC, None before.
        asked_at, expires_at: when somebody had to be asked first, and until when it may be given; aware UTC.
    """

    key: str = attrs.field(repr=False)
    customer: str = attrs.field(repr=False)
    gift: str
    occasion: str
    worth: Decimal
    currency: str
    status: GiftStatus
    given_by: str = attrs.field(default="", repr=False)
    approval: str = ""
    decided_by: str = attrs.field(default="", repr=False)
    decided_at: datetime | None = None
    reason: str = attrs.field(default="", repr=False)
    at: datetime | None = None
    asked_at: datetime | None = None
    expires_at: datetime | None = None


@attrs.frozen(kw_only=True)
class BudgetState:
    """A budget in its present period. Amounts are exact, in units of the currency.

    Args:
        name, amount, currency: as defined.
        start, end: of the period, aware UTC; None where it has none. A rolling one ends now.
        spent: what was handed over, or may have been.
        reserved: what is on its way. Of a gift with a number as its budget it is told as spent.
        left: what may still be taken; never below 0.
        per_customer: how much of it one customer may get in that period; None for no such bound.
    """

    name: str
    amount: Decimal
    currency: str
    start: datetime | None
    end: datetime | None
    spent: Decimal
    reserved: Decimal
    left: Decimal
    per_customer: Decimal | None = None
