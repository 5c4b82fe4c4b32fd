"""Content rules at the gate (S6.5): what the words lack, statutory quiet hours, and the session on a channel.

A mechanism, not legal advice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from touchpoint.journey.content_rules import Sender
from touchpoint.journey.requirements import (
    LinkLife,
    OneClickUnsubscribe,
    OptOutText,
    OptOutWithin,
    PostalAddress,
    QuietHoursIn,
    Requirement,
    SenderIdentity,
    SessionWindow,
)
from touchpoint.policy.content_binding import BoundRule
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.phrases import Reading, readings
from touchpoint.policy.verdict import Verdict, allow, defer, deny, deny_here
from touchpoint.policy.windows import HORIZON_DAYS, WindowEvaluator

CONTENT: Final = "content rule"
STATUTORY: Final = "statutory quiet hours"
SESSION: Final = "channel session"
CUSTOMER_WROTE: Final = "the customer wrote"
"""The event that a message waits for where a session is closed."""
_HOUR: Final = 3_600_000_000


def check_content_rules(facts: Facts, on: ChannelFacts) -> Sequence[Verdict]:
    """Every content rule that binds this message here: one verdict for its words and promises, one for each window."""
    content = facts.policy.content
    if content is None:
        return ()
    found: list[Verdict] = []
    read = readings(on.words) if on.words is not None else []
    for bound in content.rules_for(facts.kind, on.channel, facts.jurisdiction, facts.now):
        found += _ask(bound, facts, on, read)
    return found


def _ask(bound: BoundRule, facts: Facts, on: ChannelFacts, read: Sequence[Reading]) -> Iterator[Verdict]:
    asked = [each for each in bound.rule.asks if type(each) in LACKS]
    if asked:
        yield _content(bound, asked, on.channel, read)
    for hours, evaluator in bound.windows:
        yield _hours(bound, hours, evaluator, facts)
    for each in bound.rule.asks:
        if isinstance(each, SessionWindow):
            yield _session(bound, each, facts, on)


def _content(bound: BoundRule, asked: Iterable[Requirement], channel: str, read: Sequence[Reading]) -> Verdict:
    lacking = [said for each in asked if (said := lack(each, bound.sender, channel, read)) is not None]
    if not lacking:
        return allow(CONTENT, bound.rule.name, _values(bound))
    return deny_here(CONTENT, f"{bound.rule.name}: {'; '.join(lacking)}{bound.cited}", _values(bound))


def _values(bound: BoundRule, **more: object) -> Mapping[str, object]:
    rule = bound.rule
    return {"rule": rule.name, "source": rule.source, "url": rule.url, **more}


# What a message lacks.


def lack(asked: Requirement, sender: Sender, channel: str, read: Sequence[Reading]) -> str | None:
    """What a message lacks of a requirement, in words that say how to mend it; None where it lacks nothing.

    Args:
        asked: what is required; those that are not about words or promises lack nothing here.
        sender: what is looked for.
        channel: the channel it goes out on.
        read: the ways in which it may be read; none where it has no words yet.
    """
    found = LACKS.get(type(asked))
    return None if found is None else found(asked, sender, channel, read)


def promised(asked: Requirement, sender: Sender, channel: str) -> str | None:
    """The part of `lack` that is the same for every message: what the `Sender` does not say, or does not promise."""
    return lack(asked, sender, channel, ())


def _identity(asked: SenderIdentity, sender: Sender, _: str, read: Sequence[Reading]) -> str | None:
    if not sender.name.strip():
        return "nobody said who sends; write Sender(name=…)"
    if asked.contact and not sender.contact.strip():
        return "nobody said how to reach the sender; write Sender(contact=…)"
    if not all(each.names((sender.name, *sender.also)) for each in read):
        return "the words do not name the sender (Sender.name)"
    if asked.contact and not all(each.names((sender.contact,)) for each in read):
        return "the words do not say how to reach the sender (Sender.contact)"
    return None


def _postal(_: PostalAddress, sender: Sender, __: str, read: Sequence[Reading]) -> str | None:
    if not sender.postal.strip():
        return "nobody said the sender's postal address; write Sender(postal=…)"
    if not all(each.names((sender.postal,)) for each in read):
        return "the sender's postal address (Sender.postal) is not in the words"
    return None


def _opt_out(asked: OptOutText, _: Sender, __: str, read: Sequence[Reading]) -> str | None:
    if all(each.tells_to_stop(asked.phrases, by_link=asked.by == "link") for each in read):
        return None
    if asked.by == "link":
        return "the words have no link to unsubscribe"
    return 'the words do not tell how to stop more of them, as in "Reply STOP"'


def _one_click(_: OneClickUnsubscribe, sender: Sender, channel: str, __: Sequence[Reading]) -> str | None:
    if channel in sender.one_click:
        return None
    return (
        f'nobody said that {channel} carries the headers of RFC 8058; if it does, write Sender(one_click=["{channel}"])'
    )


def _link_life(asked: LinkLife, sender: Sender, _: str, __: Sequence[Reading]) -> str | None:
    if sender.links_live is None:
        return "nobody said for how long links to unsubscribe work; write Sender(links_live=…)"
    if sender.links_live < asked.days:
        return f"links to unsubscribe work for {sender.links_live} days, and must for {asked.days}"
    return None


def _in_time(asked: OptOutWithin, sender: Sender, _: str, __: Sequence[Reading]) -> str | None:
    if sender.opt_outs_within <= asked.days:
        return None
    days = f"{asked.days}{' business' if asked.business else ''} days"
    return f"opt-outs take up to {sender.opt_outs_within} days (Sender.opt_outs_within), and must not take over {days}"


LACKS: Final[Mapping[type, Callable[[Any, Sender, str, Sequence[Reading]], str | None]]] = {
    SenderIdentity: _identity,
    PostalAddress: _postal,
    OptOutText: _opt_out,
    OneClickUnsubscribe: _one_click,
    LinkLife: _link_life,
    OptOutWithin: _in_time,
}
"""What is asked of the words, and of what the host promises about them."""


# Time.


def _hours(bound: BoundRule, asked: QuietHoursIn, evaluator: WindowEvaluator, facts: Facts) -> Verdict:
    said = f"{bound.rule.name} {asked.start}-{asked.end}"
    values = _values(bound, zones=list(facts.zones), tz=facts.tz_version)
    opening = evaluator.opens(facts.zones, facts.now)
    if opening.state == "open":
        return allow(STATUTORY, said, values)
    if opening.state == "opens" and opening.at is not None:
        return defer(STATUTORY, f"{said}: open at {facts.when(opening.at)}{bound.cited}", values, until=opening.at)
    # Another channel may not be bound by this statute; one that binds every channel leaves none.
    refuse = deny if bound.rule.channels is None else deny_here
    if opening.state == "unknown":
        return refuse(STATUTORY, f"{said}: the customer's time zone is not known; set it{bound.cited}", values)
    return refuse(STATUTORY, f"{said}: not open within {HORIZON_DAYS} days{bound.cited}", values)


def _session(bound: BoundRule, asked: SessionWindow, facts: Facts, on: ChannelFacts) -> Verdict:
    name = bound.rule.name
    if facts.message.name in bound.sender.approved:
        return allow(SESSION, f"{name}: goes out as an approved template", _values(bound))
    last = on.last_inbound
    ends = None if last is None else last + asked.hours * _HOUR
    values = _values(bound, last_inbound=last, until=ends)
    if ends is not None and facts.now < ends:
        return allow(SESSION, f"{name}: open until {facts.when(ends)}", values)
    heard = "never wrote" if last is None else f"last wrote at {facts.when(last)}"
    reason = f"{name}: no session on {on.channel}, the customer {heard}{bound.cited}"
    if asked.closed == "wait":
        return defer(SESSION, reason, values, waits_for=CUSTOMER_WROTE)
    return deny_here(SESSION, reason, values)
