"""Gifts that a few customers take all of, or that can hardly be given (TC52x)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from touchpoint.core.accounts import needs_approval
from touchpoint.durations import Duration, spoken
from touchpoint.journey.gift_checks import inexact
from touchpoint.journey.policy import Approval
from touchpoint.journey.rule import Rule
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.scene import Scene, policies
from touchpoint.model.message import Gift
from touchpoint.policy.binding import Bound

_TIME_TO_DECIDE: Final = timedelta(days=1)


def gifts(scene: Scene) -> Iterator[Finding]:
    """Everything that is wrong with how gifts are accounted for."""
    yield from _taken_by_few(scene)
    approvals = _approvals(scene)
    for journey, path, message in scene.first_sends():
        if not isinstance(message, Gift):
            continue
        about, budget = f"gift {message.name}", message.purse
        if budget is not None and budget.per is not None and budget.over == "defer":
            longest = _longest(budget.per)
            if longest > message.best_before:
                what = (
                    f"{message.name!r} may wait {spoken(longest)} until the {budget} is free again, and expires after "
                    f"{spoken(message.best_before)}"
                )
                yield found("TC522", journey.name, f"{path}.budget", about, what)
        if message.name in approvals and message.best_before < _TIME_TO_DECIDE:
            what = f"{message.name!r} waits for a person to approve it, and expires after {spoken(message.best_before)}"
            yield found("TC523", journey.name, f"{path}.expires", about, what)


def _taken_by_few(scene: Scene) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    for journey, rule, each in scene.sends():
        gift = each.step.message
        key = (journey.name, rule.name, gift.name)
        if isinstance(gift, Gift) and gift.stock is not None and _is_open(gift, rule) and key not in seen:
            seen.add(key)
            what = f"one customer may get {gift.name!r} until none is left"
            yield found("TC521", journey.name, f"{each.path}.message", f"rule {rule.name}", what)


def _is_open(gift: Gift, rule: Rule) -> bool:
    """Whether nothing bounds how many of it one customer gets."""
    bounded = gift.purse is not None and gift.purse.per_customer is not None and gift.worth > 0
    return gift.limit is None and rule.limit is None and not bounded


def _approvals(scene: Scene) -> frozenset[str]:
    """The names of the gifts that a person has to approve.

    No engine takes a journey in which that cannot be counted exactly, so nothing is said of such gifts here.
    """
    asked = {
        owner: tuple(item for item in policy.items if isinstance(item, Approval))
        for owner, policy in policies(scene).items()
    }
    house = asked.get("", ())
    return frozenset(
        message.name
        for journey in scene.journeys
        for message in journey.messages.values()
        if isinstance(message, Gift)
        and not inexact(message.worth)
        and needs_approval(message, Bound(approvals=(*house, *asked.get(journey.name, ()))))
    )


def _longest(per: Duration) -> timedelta:
    """The longest that a period lasts, about."""
    if isinstance(per, timedelta):
        return per
    return timedelta(days=per.years * 366 + per.months * 31 + per.days)
