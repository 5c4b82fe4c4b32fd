"""Booking on accounts of gifts and costs (S6.5): a release reserves, what is certain to have failed gives back.

What is taken moves with the slot of the message (S6.8): a retry takes it anew, at its own instant. What is in doubt
stays taken.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from touchpoint.core.accounts import charges, note_of, reserved
from touchpoint.core.decision import Booked, Decision, GiftWaits, Spent, Unbooked
from touchpoint.core.program import Program
from touchpoint.core.state import Pending, State
from touchpoint.model.budget import Budget
from touchpoint.model.message import Gift, Message
from touchpoint.policy.gifts import APPROVED, RESTOCKED

OWN: Final = ""
"""The account of a gift whose budget is a number of its own."""


def take(
    program: Program, state: State, pending: Pending, message: Message, decision: Decision, *, again: bool = False
) -> None:
    """Take what a message costs, and a gift is worth, from their accounts, at the instant of its slot.

    Args:
        program: the journeys at work.
        state: of the customer.
        pending: the message.
        message: its definition.
        decision: at hand.
        again: it was given back, and turns out to have gone out after all.
    """
    bound = program.bounds.get(pending.journey)
    gift = message if isinstance(message, Gift) else None
    if gift is None and (bound is None or not bound.budgets):
        return
    drawn = [] if bound is None else charges(message, bound, pending.kind)
    if gift is None and not drawn:
        return
    own = _of_its_own(gift)
    if own is not None and (again or not pending.uncertain):
        decision.effects.append(Spent(message.name, own))
    shelf = None if gift is None else gift.shelf
    pending.taken = reserved(drawn, shelf)
    if own is not None:
        pending.taken = [*pending.taken, [OWN, str(own)]]
    run = state.run_by_order(pending.run)
    note = None if gift is None or run is None else note_of(gift, run)
    at = decision.now if pending.slot is None else pending.slot
    decision.effects.append(Booked(pending, at, drawn, shelf, note))


def refund(program: Program, pending: Pending, decision: Decision) -> None:
    """Give back what the last release took; what may have arrived stays taken."""
    if pending.is_call or pending.uncertain:
        return
    if pending.taken is None:
        # It was released before accounts were kept with the message.
        message = program.message_of(decision.state, pending)
        if isinstance(message, Gift):
            decision.effects.append(Spent(message.name, -message.worth))
        return
    for account, amount in pending.taken:
        if account == OWN:
            decision.effects.append(Spent(pending.message, -Decimal(amount)))
    decision.effects.append(Unbooked(pending))


def wait_for_people(
    program: Program, state: State, pending: Pending, waits_for: Iterable[str], decision: Decision
) -> None:
    """Have it kept that a gift waits for approval, or to be restocked; or that it does not any more."""
    events = frozenset(waits_for) & {APPROVED, RESTOCKED}
    if not events and pending.taken is None:
        return
    message, run = program.message_of(state, pending), state.run_by_order(pending.run)
    if isinstance(message, Gift) and run is not None:
        pending.taken = pending.taken or []
        shelf = message.shelf.name if RESTOCKED in events and message.shelf is not None else ""
        decision.effects.append(GiftWaits(pending, note_of(message, run), APPROVED in events, shelf))


def _of_its_own(gift: Gift | None) -> Decimal | None:
    """The worth that counts towards the number in `Gift.budget`; it is counted without one, too."""
    return None if gift is None or isinstance(gift.budget, Budget) else Decimal(str(gift.worth))
