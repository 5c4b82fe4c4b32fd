"""What the worth of a gift must be, and what budgets and stocks of one name must have in common."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import attrs

from touchpoint.errors import InvalidInput, JourneyError, Problem
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Approval, Policy
from touchpoint.journey.taken_apart import parts_of
from touchpoint.model.budget import Budget, Stock
from touchpoint.model.message import Gift, Message
from touchpoint.model.money import Number, is_currency, millionths

T = TypeVar("T", Budget, Stock)


def gift_problems(path: str, gift: Gift) -> Iterator[Problem]:
    """Whether what a gift is worth can be spent."""
    if gift.worth > 0 and not gift.currency.strip():
        found = f"gift {gift.name!r} is worth something, but in no currency"
        yield Problem(f"{path}.currency", found, 'write currency="EUR", say')
    elif gift.currency and not is_currency(gift.currency):
        found = f"{gift.currency[:20]!r} is no currency as ISO 4217 writes them, in three capital letters"
        yield Problem(f"{path}.currency", found, 'write currency="EUR", say')
    counted = gift.purse is not None or gift.approve_above is not None
    if counted and (found := inexact(gift.worth)):
        yield Problem(f"{path}.worth", found)
    if gift.approve_above is not None and (found := inexact(gift.approve_above)):
        yield Problem(f"{path}.approve_above", found)
    yield from _budget_problems(path, gift)


def named_once(path: str, place: str, each: object, other: object) -> str:
    """How to mend two definitions of one name; gifts that differ by the limit that thanks get are told so."""
    thanked = path.endswith(".thank") or place.endswith(".thank")
    if thanked and isinstance(each, Gift) and isinstance(other, Gift) and each == attrs.evolve(other, limit=each.limit):
        return (
            "Ask(thank=) gives a gift without a limit one of its own: give it one, such as limit=times(1, per=days(90))"
        )
    return "use one object in both places, or give one of them another name"


def _budget_problems(path: str, gift: Gift) -> Iterator[Problem]:
    budget = gift.budget
    if budget is None:
        return
    if not isinstance(budget, Budget):
        if budget < gift.worth:
            found = f"the budget of gift {gift.name!r} is below the worth of one"
            yield Problem(f"{path}.budget", found, "raise it, or leave it out for no bound")
        return
    if gift.worth > 0 and gift.currency and gift.currency != budget.currency:
        found = f"gift {gift.name!r} is worth {gift.currency}, and its budget {budget.name!r} is in {budget.currency}"
        yield Problem(f"{path}.budget", found, "a budget has one currency: give each its own")
    if budget.kinds is not None:
        found = f"the budget of gift {gift.name!r} names kinds of messages, and binds what gifts are worth"
        yield Problem(f"{path}.budget", found, "leave kinds= out; a Budget with kinds= stands in a Policy")
    if inexact(gift.worth):
        return
    for limit in (budget.amount, budget.per_customer):
        if limit is not None and millionths(limit) < millionths(gift.worth):
            found = f"the budget of gift {gift.name!r} is below the worth of one"
            yield Problem(f"{path}.budget", found, "raise it, or leave it out for no bound")
            return


def inexact(amount: Number) -> str:
    """Why an amount cannot be counted exactly; empty where it can."""
    try:
        millionths(amount)
    except InvalidInput as error:
        return str(error)
    return ""


def named_alike(budgets: Iterable[tuple[str, Budget]], gifts: Iterable[tuple[str, Gift]]) -> Iterator[Problem]:
    """Budgets, and stocks, that share a name and are not the same; each comes with its path."""
    known: dict[str, Budget] = {}
    shelves: dict[str, Stock] = {}
    for path, budget in budgets:
        yield from _differing(path, budget, known)
    for path, gift in gifts:
        if gift.shelf is not None:
            yield from _differing(f"{path}.stock", gift.shelf, shelves)


def _differing(path: str, one: T, known: dict[str, T]) -> Iterator[Problem]:
    other = known.setdefault(one.name, one)
    if _differ(one, other):
        what = type(one).__name__.lower()
        found = f"two {what}s are called {one.name!r}, and are not the same"
        yield Problem(path, found, f"one name is one account: define the {what} once, and use it in both places")


def _differ(one: Budget | Stock, other: Budget | Stock) -> bool:
    if isinstance(one, Budget) and isinstance(other, Budget):
        return one.differs_from(other)
    return one != other


def check_accounts(journeys: Iterable[Journey], house: Policy) -> None:
    """Raise JourneyError where journeys that work together have different budgets or stocks of one name.

    Also where what a message costs, or a gift is worth, cannot be counted exactly, and a policy wants it counted.
    """
    every = list(journeys)
    budgets: dict[str, Budget] = {}
    stocks: dict[str, Stock] = {}
    problems = [
        problem
        for where, policy in (("the policy of the house", house), *((each.name, each.policy) for each in every))
        for item in policy.items
        if isinstance(item, Budget)
        for problem in _differing(where, item, budgets)
    ]
    policies = (house, *(each.policy for each in every))
    costs = bool(budgets)
    asked = any(isinstance(item, Approval) for policy in policies for item in policy.items)
    for journey in every:
        concerned = parts_of(journey).only(Message if costs else Gift)  # others draw on no account
        for message in {each.name: each for _, each in concerned}.values():
            where = f"{journey.name}: {message.name}"
            problems += _of_message(where, message, budgets, stocks, costs=costs, asked=asked)
    if problems:
        raise JourneyError("these journeys cannot draw on the same accounts", problems)


def _of_message(
    where: str, message: Message, budgets: dict[str, Budget], stocks: dict[str, Stock], *,
    costs: bool, asked: bool,
) -> Iterator[Problem]:  # fmt: skip
    if costs and (found := inexact(message.cost)):
        yield Problem(f"{where}.cost", found)
    if isinstance(message, Gift):
        if asked and (found := inexact(message.worth)):
            yield Problem(f"{where}.worth", found)
        if message.purse is not None:
            yield from _differing(f"{where}.budget", message.purse, budgets)
        if message.shelf is not None:
            yield from _differing(f"{where}.stock", message.shelf, stocks)
