"""What content rules will find against messages, as far as their templates and the policy tell before anything is sent.

Pure: journeys and policies in, findings out. A template may get what it lacks from its data; such a finding is not
`certain`, and the gate will tell.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import product
from typing import Final

import attrs

from touchpoint.durations import spoken
from touchpoint.journey.content_rules import ContentRule, Sender
from touchpoint.journey.contents import contents
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.journey.requirements import (
    Keywords,
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
from touchpoint.journey.taken_apart import placed_messages
from touchpoint.journey.windows import seconds_of_day
from touchpoint.model.message import Content, Message, fitting
from touchpoint.model.template import Template
from touchpoint.policy.content import lack, promised
from touchpoint.policy.content_binding import BoundRule, bind_content, binds_in
from touchpoint.policy.phrases import Reading, reading_of

CODES: Final[Mapping[type, str]] = {
    SenderIdentity: "sender-identity", PostalAddress: "postal-address", OptOutText: "opt-out-text",
    OneClickUnsubscribe: "one-click-unsubscribe", LinkLife: "link-life", OptOutWithin: "opt-out-within",
    QuietHoursIn: "expires-in-quiet-hours", SessionWindow: "session-only", Keywords: "keywords-unanswered",
}  # fmt: skip
"""What findings about each requirement are called. A complaint rate is nothing that a journey could tell."""


@attrs.frozen
class Finding:
    """Something that a content rule will hold against messages.

    Args:
        code: one of `CODES`.
        journey: its name.
        path: where in the journey, as in errors: `$.rules[0].then[0].message.content["*"]`; `policy` for what is
            missing in the policy.
        why: what is lacking, in plain words.
        fix: how to mend it.
        rule: the rule's name.
        source: where that comes from.
        certain: the gate will deny it. Otherwise it depends on data, or on what the customer does.
    """

    code: str
    journey: str
    path: str
    why: str
    fix: str
    rule: str
    source: str
    certain: bool = True

    def __str__(self) -> str:
        doubt = "" if self.certain else " (perhaps)"
        return f"{self.journey}: {self.path}: {self.code}{doubt}: {self.why}; {self.fix} [{self.rule}: {self.source}]"


@attrs.frozen
class _Asked:
    """One journey with everything that is to be found out."""

    journey: Journey
    rules: Sequence[BoundRule]
    acts_on: Callable[[str], bool]

    def finding(self, bound: BoundRule, asked: Requirement, path: str, why: str, fix: str, *, certain: bool) -> Finding:
        rule = bound.rule
        return Finding(CODES[type(asked)], self.journey.name, path, why, fix, rule.name, rule.source, certain)


def find_content_problems(
    journeys: Iterable[Journey],
    policy: Policy | None = None,
    *,
    jurisdictions: Collection[str] | None = None,
    on: date | None = None,
    acts_on: Callable[[str], bool] = lambda _: False,
) -> list[Finding]:
    """Everything that the content rules of the house and of the journeys will hold against their messages.

    Args:
        journeys: each valid on its own.
        policy: the policy of the engine; None for none.
        jurisdictions: where the customers live; None is everywhere that any rule is about.
        on: only rules that hold on this date; None is all of them.
        acts_on: whether a word acts as an opt-out by itself when a customer sends it.
    """
    found: list[Finding] = []
    for journey in journeys:
        content = bind_content(policy or Policy(), journey.policy, {})
        rules = [] if content is None else [each for _, bound in content.sets for each in bound]
        asked = [each for each in rules if _applies(each, jurisdictions, on)]
        found += _in_journey(_Asked(journey, asked, acts_on))
    return found


def _applies(bound: BoundRule, jurisdictions: Collection[str] | None, on: date | None) -> bool:
    somewhere = jurisdictions is None or any(binds_in(bound.rule, each) for each in jurisdictions)
    return somewhere and (on is None or bound.holds_on(on))


def _in_journey(asked: _Asked) -> Iterator[Finding]:
    placed: dict[str, tuple[str, Message]] = {}
    for path, message in placed_messages(asked.journey):
        placed.setdefault(message.name, (path, message))
    for bound in asked.rules:
        concerned = [(path, each, on) for path, each in placed.values() if (on := _channels(bound.rule, each))]
        if concerned:
            channels = tuple(dict.fromkeys(each for *_, on in concerned for each in on))
            yield from _in_policy(asked, bound, channels)
        for path, message, on in concerned:
            yield from _in_message(asked, bound, path, message, on)


def _channels(rule: ContentRule, message: Message) -> tuple[str, ...]:
    return tuple(each for each in message.channels if rule.binds(message.effective_kind, each))


def _in_policy(asked: _Asked, bound: BoundRule, channels: Sequence[str]) -> Iterator[Finding]:
    """What the `Sender` does not say or promise; the words cannot mend it."""
    for each in bound.rule.asks:
        for why in dict.fromkeys(why for channel in channels if (why := promised(each, bound.sender, channel))):
            yield asked.finding(bound, each, "policy", why, "complete ContentRules(sender=Sender(…))", certain=True)
        if isinstance(each, Keywords) and (words := _unanswered(each, bound.sender, asked.acts_on)):
            why = f"nobody said who answers {', '.join(words)}"
            fix = "have the host answer them, and write Sender(answers=[…])"
            yield asked.finding(bound, each, "policy", why, fix, certain=False)


def _unanswered(asked: Keywords, sender: Sender, acts_on: Callable[[str], bool]) -> list[str]:
    answered = {each.casefold() for each in sender.answers}
    stop = [each for each in asked.stop if not acts_on(each)]
    return [each for each in (*stop, *asked.help) if each.casefold() not in answered]


def _in_message(
    asked: _Asked, bound: BoundRule, path: str, message: Message, channels: Sequence[str]
) -> Iterator[Finding]:
    for place, content, channel in _contents(message, channels):
        read, open_ended = _read(content)
        for each in bound.rule.asks:
            why = lack(each, bound.sender, channel, read)
            if why is not None and promised(each, bound.sender, channel) is None:
                where = f"{path}{place}"
                fix = "write it into the content, or leave the channel or kind to other messages"
                yield asked.finding(bound, each, where, why, fix, certain=not open_ended)
    for each in bound.rule.asks:
        if isinstance(each, SessionWindow) and message.name not in bound.sender.approved:
            yield from _session(asked, bound, each, path, message, channels)
        elif isinstance(each, QuietHoursIn) and message.best_before < (closed := _closed(each)):
            why = f"it is good for {spoken(message.best_before)}, and may have to wait for {spoken(closed)}"
            fix = "give it a longer Message(expires=…), or send it by day"
            yield asked.finding(bound, each, f"{path}.expires", why, fix, certain=False)


def _session(
    asked: _Asked, bound: BoundRule, each: SessionWindow, path: str, message: Message, channels: Sequence[str]
) -> Iterator[Finding]:
    if set(message.channels) <= set(channels):
        why = f"it reaches only those who wrote on {', '.join(channels)} in the last {each.hours} hours"
        fix = "add a channel, or have it approved as a template and write Sender(approved=[…])"
        yield asked.finding(bound, each, f"{path}.channels", why, fix, certain=False)


def _closed(asked: QuietHoursIn) -> timedelta:
    return timedelta(seconds=(seconds_of_day(asked.end) - seconds_of_day(asked.start) - 1) % 86_400 + 1)


def _contents(message: Message, channels: Sequence[str]) -> list[tuple[str, Content, str]]:
    """The contents that may go out on these channels, whichever wording: place, content, the first of the channels."""
    every = list(contents(message))
    locales = sorted({None, *(each.under.rpartition("/")[2] for each in every)}, key=str)
    found: dict[str, tuple[str, Content, str]] = {}
    for of in dict.fromkeys(each.key.partition("@")[2] for each in every):  # the message's own, then each wording's
        own = {each.under: each for each in every if each.key.partition("@")[2] == of}
        words = {name: each.content for name, each in own.items()}
        for channel, locale in product(channels, locales):
            key = fitting(words, channel, locale)
            if key is not None:
                found.setdefault(own[key].key, (own[key].place, own[key].content, channel))
    return list(found.values())


def _read(content: Content) -> tuple[list[Reading], bool]:
    """How the author's own words may be read, and whether data may add to them."""
    parts = [Template(each) for each in (content.subject, content.text, content.html) if each is not None]
    subject = None if content.subject is None else _own_words(content.subject)
    markup = None if content.html is None else _own_words(content.html)
    return reading_of(subject, _own_words(content.text), markup), any(part.fields for part in parts)


def _own_words(text: str) -> str:
    return " ".join(Template(text).words)
