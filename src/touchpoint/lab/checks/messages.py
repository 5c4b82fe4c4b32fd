"""Messages that nobody gets, or not in full (TC5xx)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from touchpoint.errors import hint
from touchpoint.journey import steps as s
from touchpoint.journey.contents import contents as all_contents
from touchpoint.journey.data_use import misuses
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.lab.checks.finding import Finding, found
from touchpoint.lab.checks.policies import listed
from touchpoint.lab.checks.scene import Scene, carried, has_no_data
from touchpoint.model.message import BEST_BEFORE, Content, Gift, Message
from touchpoint.model.template import Template

_MAIL: Final = ("email", "mail", "e-mail")
_ANYBODY: Final = "*"
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_NO_LANGUAGES: Final = frozenset({"sms", "rcs", "web", "app", "fax"})  # channels that look like one
_PROMOTES: Final = re.compile(
    r"\d\s?% off\b|\bspecial offer|\blimited[- ]time offer|\bdiscount code|\bpromo(tion(al)? )?code|\bbuy (one|now)\b"
    r"|\bshop now\b|\border now\b|\bblack friday\b|\bflash sale\b|\bsale ends\b|\bbig sale\b|\bdon'?t miss\b"
    r"|\bupgrade now\b|\d\s?% rabatt\b|\bsonderangebot|\bgutscheincode|\bjetzt (kaufen|bestellen|zugreifen)\b",
    re.IGNORECASE,
)
"""Words that sell. Only plain cases: a message that merely mentions a discount may be about one that was bought."""
_BARE_EVENT: Final = ("type", "at", "direction")


def messages(scene: Scene) -> Iterator[Finding]:
    """Everything that is wrong with messages."""
    yield from _unsent(scene)
    for journey, path, message in scene.first_sends():
        about = f"message {message.name}"
        yield from _promotion(journey, path, about, message)
        yield from _words(journey, path, about, message)
        if _has_subjects(scene):
            yield from _subject(journey, path, about, message)
        if scene.channels is not None:
            yield from _channels(journey, path, about, message, scene.channels)
    for journey in scene.journeys:
        yield from _languages(journey)
    yield from _uses(scene)
    yield from _sends(scene)


def _uses(scene: Scene) -> Iterator[Finding]:
    """Traits used beyond what the host or any journey declares; of its own declaration a journey is refused already."""
    known = scene.declared
    for journey, path, message in scene.first_sends():
        for each in misuses(message, known):
            place = f"{path}{each.place}"
            what = (
                f"{message.name!r} is {message.effective_kind}, and uses {each.trait!r}, which is not declared for it"
            )
            yield found("TC508", journey.name, place, f"message {message.name}", what)


def _unsent(scene: Scene) -> Iterator[Finding]:
    sent = {message.name for _, _, message in scene.first_sends()}
    for message in scene.messages:
        if message.name not in sent:
            sent.add(message.name)
            what = f"no rule of any journey sends the message {message.name!r}"
            yield found("TC501", "", "messages", f"message {message.name}", what)


def _promotion(journey: Journey, path: str, about: str, message: Message) -> Iterator[Finding]:
    if message.kind not in BEST_BEFORE:  # kinds that go out unless withdrawn
        return
    for said in all_contents(message):
        place, content = f"{path}{said.place}", said.content
        if content.promotional:
            what = f"{message.name!r} is {message.kind}, and its content is promotional: it counts as marketing"
            yield found("TC502", journey.name, place, about, what)
            return
        words = next((hit for part in _texts(content) if (hit := _PROMOTES.search(part))), None)
        if words is not None:
            what = f"{message.name!r} is {message.kind}, and says {words.group(0)!r}"
            yield found("TC502", journey.name, place, about, what)
            return


def _texts(content: Content) -> Iterator[str]:
    return (part for part in (content.subject, content.text, content.html) if part)


# --- channels and languages -------------------------------------------------------------------------------------------


def _words(journey: Journey, path: str, about: str, message: Message) -> Iterator[Finding]:
    for channel in message.channels:
        own = sorted(key for key in message.content if language_of(key, channel, message.channels) is not None)
        if own and channel not in message.content and _ANYBODY not in message.content:
            what = f"{message.name!r} has words on {channel!r} for {listed(own)} only"
            yield found("TC503", journey.name, f"{path}.content", about, what)


def language_of(key: str, channel: str, channels: Sequence[str]) -> str | None:
    """The language of content under this key, where it has one and may go out on this channel."""
    first, slash, locale = key.partition("/")
    if slash:
        return _language(locale) if first == channel else None
    if key in (_ANYBODY, *channels) or key in _NO_LANGUAGES or not _LANGUAGE.fullmatch(key):
        return None
    return _language(key)


def _language(locale: str) -> str:
    return re.split("[-_]", locale)[0].lower()


def _languages(journey: Journey) -> Iterator[Finding]:
    spoken: dict[str, set[str]] = {}
    for message in journey.messages.values():
        keys = (language_of(key, each, message.channels) for key in message.content for each in message.channels)
        spoken[message.name] = {each for each in keys if each is not None}
    every = set().union(*spoken.values())
    for path, message in _first(journey):
        missing = sorted(every - spoken[message.name])
        if spoken[message.name] and missing:
            what = f"{message.name!r} has no words in {listed(missing)}, in which other messages of the journey speak"
            yield found("TC504", journey.name, f"{path}.content", f"message {message.name}", what)


def _first(journey: Journey) -> Iterator[tuple[str, Message]]:
    from touchpoint.journey.taken_apart import placed_messages

    seen: set[str] = set()
    for path, message in placed_messages(journey):
        if message.name not in seen:
            seen.add(message.name)
            yield path, message


def _has_subjects(scene: Scene) -> bool:
    """Whether any message has a subject. Where none has, whoever sends the mail is taken to write them."""
    contents = (each for _, _, message in scene.first_sends() for each in message.contents.values())
    return any(each.subject for each in contents)


def _subject(journey: Journey, path: str, about: str, message: Message) -> Iterator[Finding]:
    for channel in (each for each in message.channels if each in _MAIL):
        for said in all_contents(message):
            key = said.under
            serves = key in (_ANYBODY, channel) or language_of(key, channel, message.channels) is not None
            if serves and not (said.content.subject or "").strip():
                what = f"{message.name!r} goes out on {channel!r} without a subject"
                yield found("TC505", journey.name, f"{path}{said.place}", about, what)
                return


def _channels(journey: Journey, path: str, about: str, message: Message, known: frozenset[str]) -> Iterator[Finding]:
    missing = [each for each in message.channels if each not in known]
    for name in missing:
        only = "it never goes out" if len(missing) == len(message.channels) else "the next channel is asked"
        what = f"no adapter has the channel {name!r}, so {only}{hint(name, known)}"
        severity = "error" if len(missing) == len(message.channels) else "warning"
        yield found("TC506", journey.name, f"{path}.channels", about, what, severity=severity)


# --- where they are sent ----------------------------------------------------------------------------------------------


def _sends(scene: Scene) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    for journey, rule, each in scene.sends():
        step = each.step
        where = f"{each.path}.message"
        if has_no_data(rule.when) and not _may_be_enrolled(journey, rule):
            moved = any(isinstance(one, s.WaitFor | s.WaitUntil) for one in s.flat(rule.then))
            for name in _lacking(step.message, ("trigger",) if moved else ("trigger", "event"), carried(*rule.when)):
                what = f"{step.message.name!r} looks up {{{name}}}, and what starts {rule.name!r} has no such property"
                yield found("TC507", journey.name, where, f"rule {rule.name}", what)
        if isinstance(step.message, Gift) and step.message.worth > 0 and _is_unbounded(step.message, rule):
            key = (journey.name, rule.name, step.message.name)
            if key not in seen:
                seen.add(key)
                what = f"the gift {step.message.name!r} may be given any number of times"
                yield found("TC509", journey.name, where, f"rule {rule.name}", what)


def _may_be_enrolled(journey: Journey, rule: Rule) -> bool:
    """Whether a step puts customers into the rule: then the trigger has the properties of another one."""
    steps = (step for each in journey.rules for step in s.flat(each.then))
    return any(isinstance(step, s.Enrol) and step.rule == rule.name for step in steps)


def _lacking(message: Message, roots: tuple[str, ...], known: frozenset[str]) -> list[str]:
    names: list[str] = []
    for content in message.contents.values():
        for text in _texts(content):
            names += [
                each.name for each in Template.parse(text).fields
                if each.root in roots and each.path and each.fallback is None
                and each.path[0] not in {*_BARE_EVENT, *known}
            ]  # fmt: skip
    return list(dict.fromkeys(names))


def _is_unbounded(gift: Gift, rule: Rule) -> bool:
    return gift.limit is None and gift.budget is None and rule.limit is None
