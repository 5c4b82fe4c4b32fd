"""`LiveRuns` of policies, compiled: whose runs each of them counts."""

from collections.abc import Iterator, Sequence

import attrs

from touchpoint.durations import length
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import LiveRuns, Policy
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Send, flat


@attrs.define(eq=False)
class LiveLimit:
    """One limit: `labels` are the rules (journey/rule) that it binds and counts, `within` microseconds."""

    n: int
    over: str
    within: int
    labels: frozenset[str]
    words: str


def live_limits_of(house: Policy, journeys: Sequence[Journey]) -> tuple[LiveLimit, ...]:
    """The limits of the house, over all journeys, then those of each journey over its own."""
    return (
        *(_limit(each, journeys, "") for each in _items(house)),
        *(_limit(each, [own], f" of {own.name}") for own in journeys for each in _items(own.policy)),
    )


def _items(policy: Policy) -> Iterator[LiveRuns]:
    return (each for each in policy.items if isinstance(each, LiveRuns))


def _limit(item: LiveRuns, journeys: Sequence[Journey], of: str) -> LiveLimit:
    labels = frozenset(f"{each.name}/{rule.name}" for each in journeys for rule in each.rules if _binds(item, rule))
    return LiveLimit(item.n, item.over, length(item.within), labels, f"{item}{of}")


def _binds(item: LiveRuns, rule: Rule) -> bool:
    sent = [step.message for step in flat(rule.then) if isinstance(step, Send)]
    if any(message.answer for message in sent):
        return False  # HELP is always answered, and STOP acts at once (S7.3)
    return item.kinds is None or any(message.effective_kind in item.kinds for message in sent)
