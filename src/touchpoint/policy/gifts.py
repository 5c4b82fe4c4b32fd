"""May this be given: budgets shared with others, stock, approval, the same twice, and by post (S6.5, S7.2)."""

from collections.abc import Sequence
from typing import Final

from touchpoint.model.message import Gift
from touchpoint.model.money import spoken_money
from touchpoint.policy.accounts import Purse
from touchpoint.policy.consent import GIFT, standing_grant
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.verdict import Verdict, allow, defer, deny, deny_here

BUDGET: Final = "budget"
STOCK: Final = "stock"
APPROVAL: Final = "approval"
GIVEN_BEFORE: Final = "given before"
GIFT_ADDRESS: Final = "gift address"
APPROVED: Final = "approved"
"""The event that a gift waits for where a person has to approve it."""
RESTOCKED: Final = "restocked"
"""The event that a gift waits for where none is left."""
POSTAL: Final = frozenset({"postal", "courier"})
"""Kinds of address that say where somebody lives."""
_EXPRESS: Final = frozenset({"express", "double_opt_in"})


def check_purses(facts: Facts) -> Sequence[Verdict]:
    """Whether the budgets that a message draws on cover it."""
    return [] if facts.given is None else [_ask_purse(each, facts) for each in facts.given.purses]


def _ask_purse(purse: Purse, facts: Facts) -> Verdict:
    budget = purse.budget
    left, currency = max(purse.limit - purse.taken, 0), budget.currency
    values = {
        "budget": budget.name, "left": spoken_money(left, currency), "needs": spoken_money(purse.needed, currency),
        "of": spoken_money(purse.limit, currency), "customer": purse.of_customer,
    }  # fmt: skip
    whose = f"the customer's part of the {budget}" if purse.of_customer else f"the {budget}"
    if purse.covers_at(facts.now):
        return allow(BUDGET, f"{whose} covers it", values)
    used = f"{whose} is used up: it needs {values['needs']}, and {values['left']} of {values['of']} is left"
    if purse.free_at is None:
        return deny(BUDGET, used, values)
    again = f"{used}; free again at {facts.when(purse.free_at)}"
    return (deny if budget.over == "deny" else defer)(BUDGET, again, values, until=purse.free_at)


def check_stock(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """Whether any of a gift is left; else it is denied, or waits until it is restocked."""
    if facts.given is None or facts.given.shelf is None:
        return ()
    shelf = facts.given.shelf
    values = {"stock": shelf.stock.name, "left": shelf.left}
    if shelf.left > 0:
        return (allow(STOCK, f"{shelf.left} left of {shelf.stock.name!r}", values),)
    reason = f"none is left of {shelf.stock.name!r}"
    if shelf.stock.none_left == "deny":
        return (deny(STOCK, reason, values),)
    return (defer(STOCK, f"{reason}; it waits until it is restocked", values, waits_for=RESTOCKED),)


def check_approval(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """Whether a person has approved what is worth so much; until then it waits."""
    if facts.given is None or facts.given.approval is None:
        return ()
    asked = facts.given.approval
    values = {"by": asked.by} if asked.by else {}
    if asked.decided == "approved":
        return (allow(APPROVAL, f"approved by {asked.by}", values),)
    if asked.decided == "declined":
        because = f": {asked.reason}" if asked.reason else ""
        return (deny(APPROVAL, f"declined by {asked.by}{because}", values),)
    return (defer(APPROVAL, f"{asked.said}: nobody has approved it yet", waits_for=APPROVED),)


def check_given_before(facts: Facts, _: ChannelFacts) -> Sequence[Verdict]:
    """Whether the customer has this gift already for this occasion and cause: nothing is given twice for one thing."""
    if facts.given is None or not facts.given.before:
        return ()
    occasion = facts.message.occasion if isinstance(facts.message, Gift) else ""
    reason = f"{facts.message.name!r} was given already for the same occasion ({occasion}) and cause"
    return (deny(GIVEN_BEFORE, reason),)


def check_gift_address(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Whether a gift may be brought to where the customer lives: that needs an express consent to gifts.

    An address that was given for a delivery is none, nor is a consent to everything, or one that is only implied.
    """
    if on.address is None or on.address.kind not in POSTAL or not isinstance(facts.message, Gift):
        return ()
    purposes = tuple(dict.fromkeys(each for each in (facts.message.topic, GIFT) if each is not None))
    grant = standing_grant(facts.consents, purposes, on.channel, facts.now)
    if grant is not None and grant.basis in _EXPRESS:
        values = {"since": grant.at, "basis": grant.basis}
        return (allow(GIFT_ADDRESS, "there is consent to gifts at this address", values),)
    lack = "no consent to gifts" if grant is None else f"the consent to gifts is only {grant.basis.replace('_', ' ')}"
    reason = (
        f"{lack} on {on.channel}: an address that was given for something else is not one for gifts; grant "
        f"{purposes[0]!r} on {on.channel}, express"
    )
    return (deny_here(GIFT_ADDRESS, reason, {"purposes": list(purposes)}),)
