"""What the gate is told of accounts: budgets, stocks, approvals, and what was given before for the same cause (S6.5).

Amounts are whole millionths of a unit of money, instants microseconds UTC.
"""

from collections.abc import Sequence
from typing import Literal

import attrs

from touchpoint.model.budget import Budget, Stock

Decided = Literal["", "asked", "approved", "declined"]


@attrs.define
class Purse:
    """A budget as it stands for one message.

    Args:
        budget: the definition.
        needed: what the message takes of it.
        taken: what others have taken in this period: spent and reserved.
        limit: what may be taken.
        free_at: the first instant at which there is enough of it; None where nothing frees it.
        of_customer: whether it is this one customer's part of the budget.
    """

    budget: Budget
    needed: int
    taken: int
    limit: int
    free_at: int | None = None
    of_customer: bool = False

    def covers_at(self, now: int) -> bool:
        """Whether it is enough at an instant, if nobody takes more of it until then."""
        return self.taken + self.needed <= self.limit or (self.free_at is not None and now >= self.free_at)


@attrs.define
class Shelf:
    """A stock as it stands: how many are left for this gift."""

    stock: Stock
    left: int


@attrs.define
class ApprovalFact:
    """What a person has to say about a gift.

    Args:
        said: why somebody has to, in words.
        decided: `asked` as long as nobody has said anything.
        by: who has decided.
        reason: theirs; of a refusal.
    """

    said: str
    decided: Decided = ""
    by: str = ""
    reason: str = attrs.field(default="", repr=False)


@attrs.define
class AccountFacts:
    """Everything that accounts have to say about one message.

    Args:
        purses: the budgets that it draws on.
        shelf: the stock that it is taken from; None where it does not run out.
        approval: None where nobody has to approve it.
        before: True where the customer has this gift for this occasion and cause already, from another run.
    """

    purses: Sequence[Purse] = ()
    shelf: Shelf | None = None
    approval: ApprovalFact | None = None
    before: bool = False
