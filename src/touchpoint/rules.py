"""Content rules: what statutes, mailbox providers and carriers want of messages, as data with sources and dates.

    Policy(ContentRules([CAN_SPAM, BULK_SENDERS], sender=Sender("Roast & Co.", …), unknown_jurisdiction="US"))

The gate asks them at every release; `check_content` says beforehand what they will find. This is a mechanism, not legal
advice.
"""

from collections.abc import Collection, Iterable
from datetime import date

from touchpoint.channels.keywords import keyword_in
from touchpoint.journey.content_rules import EVERY, ContentRule, ContentRules, Sender
from touchpoint.journey.holidays import HOLIDAYS, Holiday, days_of
from touchpoint.journey.journey import Journey
from touchpoint.journey.jurisdictions import EEA, EU, falls_under
from touchpoint.journey.mailboxes import PROVIDERS, provider_of
from touchpoint.journey.policy import Policy
from touchpoint.journey.requirements import (
    ComplaintRate,
    Keywords,
    LinkLife,
    OneClickUnsubscribe,
    OptOutText,
    OptOutWithin,
    PostalAddress,
    QuietHoursIn,
    SenderIdentity,
    SessionWindow,
)
from touchpoint.journey.statutes import (
    BULK_SENDERS,
    CAN_SPAM,
    CASL,
    CTIA,
    GDPR_PECR,
    SHIPPED,
    STATE_QUIET_HOURS,
    TCPA_QUIET_HOURS,
    WHATSAPP,
)
from touchpoint.policy.content_findings import Finding, find_content_problems
from touchpoint.policy.phrases import OPT_OUT_PHRASES

__all__ = [
    "BULK_SENDERS", "CAN_SPAM", "CASL", "CTIA", "EEA", "EU", "EVERY", "GDPR_PECR", "HOLIDAYS", "OPT_OUT_PHRASES",
    "PROVIDERS", "SHIPPED", "STATE_QUIET_HOURS", "TCPA_QUIET_HOURS", "WHATSAPP", "ComplaintRate", "ContentRule",
    "ContentRules", "Finding", "Holiday", "Keywords", "LinkLife", "OneClickUnsubscribe", "OptOutText", "OptOutWithin",
    "PostalAddress", "QuietHoursIn", "Sender", "SenderIdentity", "SessionWindow", "check_content", "days_of",
    "falls_under", "provider_of",
]  # fmt: skip


def check_content(
    journeys: Iterable[Journey],
    policy: Policy | None = None,
    *,
    jurisdictions: Collection[str] | None = None,
    on: date | None = None,
) -> list[Finding]:
    """What content rules will hold against messages, as far as templates and policies tell before anything is sent.

    Args:
        journeys: each valid on its own; their own policies count, too.
        policy: the policy of the engine; None for none.
        jurisdictions: where the customers live, such as `["US-FL", "DE"]`; None is everywhere that any rule is about.
        on: only rules that hold on this date (UTC); None is all of them, whatever their dates.
    """

    def acts_on(word: str) -> bool:
        return keyword_in(word) == "stop"

    return find_content_problems(journeys, policy, jurisdictions=jurisdictions, on=on, acts_on=acts_on)
