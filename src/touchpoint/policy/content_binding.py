"""Which content rules bind which messages: the house's and the journey's own, made ready to be asked often."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import attrs

from touchpoint.durations import instant
from touchpoint.journey.content_rules import EVERY, ContentRule, ContentRules, Sender
from touchpoint.journey.jurisdictions import falls_under, spelt
from touchpoint.journey.policy import Policy
from touchpoint.journey.requirements import ComplaintRate, QuietHoursIn, SessionWindow
from touchpoint.policy.windows import WindowEvaluator

_CACHED: Final = 1_024

Evaluators = dict[QuietHoursIn, WindowEvaluator]


@attrs.frozen(eq=False)
class BoundRule:
    """A content rule, whom it is asked about, and what evaluates its windows."""

    rule: ContentRule
    sender: Sender
    windows: tuple[tuple[QuietHoursIn, WindowEvaluator], ...] = ()

    @property
    def cited(self) -> str:
        """Its source, as it follows a reason."""
        return f" ({self.rule.source})" if self.rule.source else ""

    def holds_on(self, day: date) -> bool:
        """Whether it holds on this date (UTC)."""
        since, until = self.rule.valid_from, self.rule.valid_until
        return (since is None or since <= day) and (until is None or day < until)


@attrs.frozen(eq=False)
class BoundContent:
    """The content rules of one journey."""

    sets: tuple[tuple[ContentRules, tuple[BoundRule, ...]], ...]
    _known: dict[tuple[str, str, str | None], tuple[BoundRule, ...]] = attrs.field(factory=dict, init=False, repr=False)

    def concerns(self, kind: str) -> bool:
        """Whether messages of this kind are bound by any of them, on any channel."""
        return any(
            each.rule.binds(kind, channel)
            for _, rules in self.sets
            for each in rules
            for channel in each.rule.channels or ("",)
        )

    def rules_for(self, kind: str, channel: str, jurisdiction: str | None, now: int) -> Iterable[BoundRule]:
        """Those that bind a message of this kind, on this channel, to a customer there, at `now` (microseconds)."""
        # Anything may stand in a trait; only codes are kept.
        code = None if jurisdiction is None else spelt(jurisdiction)
        key = (kind, channel, code)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            self._known[key] = known = tuple(self._find(kind, channel, code))
        if not known:
            return ()
        today = instant(now).date()
        return [each for each in known if each.holds_on(today)]

    def _find(self, kind: str, channel: str, code: str | None) -> Iterable[BoundRule]:
        for bound, rules in self.sets:
            where = code or bound.unknown_jurisdiction
            for each in rules:
                if each.rule.binds(kind, channel) and binds_in(each.rule, where):
                    yield each


def binds_in(rule: ContentRule, jurisdiction: str) -> bool:
    """Whether a rule binds in a jurisdiction; `every` is in all of them."""
    names = rule.jurisdictions
    return names is None or jurisdiction == EVERY or falls_under(jurisdiction, names)


def bind_content(house: Policy, own: Policy, evaluators: Evaluators) -> BoundContent | None:
    """The content rules of the house and of a journey; None where there are none.

    Args:
        house: the policy of the engine.
        own: the journey's.
        evaluators: those made so far; journeys share them, and with them what they have found out.
    """
    found: list[ContentRules] = []
    for item in (*house.items, *own.items):
        if isinstance(item, ContentRules) and item.rules and item not in found:
            found.append(item)
    if not found:
        return None
    return BoundContent(
        tuple((item, tuple(_bound(each, item.sender, evaluators) for each in item.rules)) for item in found)
    )


def _bound(rule: ContentRule, sender: Sender, evaluators: Evaluators) -> BoundRule:
    hours = [each for each in rule.asks if isinstance(each, QuietHoursIn)]
    for each in hours:
        if each not in evaluators:
            evaluators[each] = WindowEvaluator(each.hours())
    return BoundRule(rule, sender, tuple((each, evaluators[each]) for each in hours))


def complaint_rates_of(policies: Iterable[Policy]) -> Mapping[str, tuple[ComplaintRate, ...]]:
    """What part of the mail may be reported as spam, by channel."""
    found: dict[str, tuple[ComplaintRate, ...]] = {}
    for policy in policies:
        for rules in (item.rules for item in policy.items if isinstance(item, ContentRules)):
            for rule in rules:
                asked = tuple(each for each in rule.asks if isinstance(each, ComplaintRate))
                for channel in rule.channels or ("email",) if asked else ():
                    found[channel] = found.get(channel, ()) + asked
    return found


def sessions_of(policies: Iterable[Policy]) -> Mapping[str, bool]:
    """The channels on which sessions count, and whether a message waits there until the customer writes."""
    found: dict[str, bool] = {}
    for policy in policies:
        for rules in (item.rules for item in policy.items if isinstance(item, ContentRules)):
            for rule in rules:
                for each in (each for each in rule.asks if isinstance(each, SessionWindow)):
                    for channel in rule.channels or ():
                        found[channel] = found.get(channel, False) or each.closed == "wait"
    return found
