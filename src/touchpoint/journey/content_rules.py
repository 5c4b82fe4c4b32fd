"""Content rules as data: what the law, or whoever carries a message, wants of it, and where that stands (S6.5).

This is a mechanism, not legal advice.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, TypeAlias

import attrs

from touchpoint.errors import JourneyError
from touchpoint.journey.jurisdictions import spelt
from touchpoint.journey.requirements import REQUIREMENTS, Requirement, SessionWindow

EVERY: Final = "every"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}")


def _scope(value: Iterable[str] | str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def _names(value: Iterable[str] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _jurisdictions(value: Iterable[str] | str | None) -> tuple[str, ...] | None:
    names = _scope(value)
    if names is None:
        return None
    for name in names:
        if not isinstance(name, str) or spelt(name) is None:
            raise JourneyError(f"{name!r} is no jurisdiction; write ISO 3166 codes such as US, US-FL, DE, or EU or EEA")
    return tuple(dict.fromkeys(str(spelt(name)) for name in names))


def _texts(of: object, *names: str) -> None:
    for name in names:
        value = getattr(of, name)
        if value is None and name in ("kinds", "channels"):
            continue
        for each in value if isinstance(value, tuple) else (value,):
            if not isinstance(each, str):
                raise JourneyError(f"{type(of).__name__}({name}=) is text, not a {type(each).__name__}")


def _asks(value: Iterable[Requirement] | Requirement) -> tuple[Requirement, ...]:
    asked = (value,) if isinstance(value, REQUIREMENTS) else tuple(value)
    for each in asked:
        if type(each) not in REQUIREMENTS:
            known = ", ".join(cls.__name__ for cls in REQUIREMENTS)
            raise JourneyError(f"a content rule asks for one of {known}, not for a {type(each).__name__}")
    if not asked:
        raise JourneyError("a content rule asks for something; write asks=[OptOutText()]")
    return asked


@attrs.frozen
class Sender:
    """Who sends, and what the host promises about it: what rules look for in the words, or cannot see there.

    Args:
        name: as messages name it, such as `Roast & Co.`
        also: other names it goes by, such as a brand.
        postal: where it can be reached by post, on one line or several.
        contact: a phone number, e-mail address or web address at which it can be reached.
        one_click: channels whose messages carry the headers of RFC 8058.
        links_live: for how many days links to unsubscribe work; None where nobody said.
        opt_outs_within: how many days it takes an opt-out by other ways until touchpoint is told.
        approved: messages that go out as templates that the provider has approved.
        answers: words that the host answers by itself, such as `HELP`.
    """

    name: str = ""
    also: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    postal: str = attrs.field(default="", kw_only=True)
    contact: str = attrs.field(default="", kw_only=True)
    one_click: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    links_live: int | None = attrs.field(default=None, kw_only=True)
    opt_outs_within: int = attrs.field(default=0, kw_only=True)
    approved: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    answers: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)

    def __attrs_post_init__(self) -> None:
        _texts(self, "name", "also", "postal", "contact", "one_click", "approved", "answers")
        if self.links_live is not None and (type(self.links_live) is not int or self.links_live < 1):
            raise JourneyError("Sender(links_live=) is a whole number of days from 1, or None where nobody knows")
        if type(self.opt_outs_within) is not int or self.opt_outs_within < 0:
            raise JourneyError("Sender(opt_outs_within=) is a whole number of days from 0")


@attrs.frozen(kw_only=True)
class ContentRule:
    """What some messages must have, say, or keep to.

    Args:
        name: unique in a policy, such as `can-spam/postal-address`.
        asks: one requirement or several; all of them.
        kinds: of messages; None is every kind.
        except_kinds: kinds that it leaves alone. With `("transactional", "service")` the host's own kinds are bound.
        channels: None is every channel.
        jurisdictions: of the customer (trait `jurisdiction`), ISO 3166 codes, `EU` or `EEA`; None is everywhere. A
            customer in `US-FL` is in `US`, too.
        source: where the rule comes from: statute or guideline, with its section.
        url: where that can be read.
        valid_from: the first date (UTC) on which it holds; None is always.
        valid_until: the date (UTC) from which it holds no more; None is never.

    Raises:
        JourneyError: a name, requirement or jurisdiction that cannot be, or a session window without its channels.
    """

    name: str
    asks: tuple[Requirement, ...] = attrs.field(converter=_asks)
    kinds: tuple[str, ...] | None = attrs.field(default=None, converter=_scope)
    except_kinds: tuple[str, ...] = attrs.field(default=(), converter=_names)
    channels: tuple[str, ...] | None = attrs.field(default=None, converter=_scope)
    jurisdictions: tuple[str, ...] | None = attrs.field(default=None, converter=_jurisdictions)
    source: str = ""
    url: str = ""
    valid_from: date | None = None
    valid_until: date | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise JourneyError("a content rule has a name such as can-spam/postal-address")
        _texts(self, "kinds", "except_kinds", "channels", "source", "url")
        for day in (self.valid_from, self.valid_until):
            if day is not None and type(day) is not date:
                raise JourneyError(f"the content rule {self.name!r} holds from and until dates, as in date(2026, 1, 1)")
        if self.channels is None and any(isinstance(each, SessionWindow) for each in self.asks):
            raise JourneyError(
                f"the content rule {self.name!r} asks for a session on no channel in particular; "
                'name it, as in channels=["whatsapp"]'
            )
        if self.valid_from is not None and self.valid_until is not None and self.valid_until <= self.valid_from:
            raise JourneyError(f"the content rule {self.name!r} ends before it begins to hold")

    def binds(self, kind: str, channel: str) -> bool:
        """Whether messages of this kind on this channel are bound by it."""
        return (
            kind not in self.except_kinds
            and (self.kinds is None or kind in self.kinds)
            and (self.channels is None or channel in self.channels)
        )


Rules: TypeAlias = "ContentRule | Iterable[ContentRule | Iterable[ContentRule]]"


def _flat(rules: Rules) -> tuple[ContentRule, ...]:
    # By equality alone, as bind() does: a rule with a mistake in it need not be hashable.
    found: list[ContentRule] = []
    for rule in _each(rules):
        if rule not in found:
            found.append(rule)
    return tuple(found)


def _each(rules: Rules) -> Iterator[ContentRule]:
    for rule in rules if isinstance(rules, Iterable) else (rules,):
        if isinstance(rule, ContentRule):
            yield rule
        elif isinstance(rule, tuple | list):
            yield from _each(rule)
        else:
            raise JourneyError(f"ContentRules() takes ContentRule and lists of them, not {type(rule).__name__}")


def _unknown(value: str) -> str:
    code = EVERY if value == EVERY else spelt(value) if isinstance(value, str) else None
    if code is None:
        raise JourneyError(
            f'unknown_jurisdiction is "{EVERY}" (the rules of all of them bind) or the one to assume, such as "US"'
        )
    return code


@attrs.frozen
class ContentRules:
    """Content rules, and the sender they are asked about. Part of a `Policy`.

    Args:
        rules: `ContentRule`, and lists of them such as `CAN_SPAM`; equal ones count once.
        sender: what they look for.
        unknown_jurisdiction: for customers whose jurisdiction nobody knows: `"every"`, then the rules of all of them
            bind, or the jurisdiction to assume. It has no default: any default would be a guess.

    Raises:
        JourneyError: two different rules of one name, or a jurisdiction that is none.
    """

    rules: tuple[ContentRule, ...] = attrs.field(converter=_flat)
    sender: Sender = attrs.field(factory=Sender, kw_only=True)
    unknown_jurisdiction: str = attrs.field(converter=_unknown, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.sender, Sender):
            raise JourneyError("ContentRules(sender=) takes a Sender")
        seen: set[str] = set()
        for rule in self.rules:
            if rule.name in seen:
                raise JourneyError(f"two different content rules are called {rule.name!r}; rename one")
            seen.add(rule.name)

    def __str__(self) -> str:
        return "content rules"
