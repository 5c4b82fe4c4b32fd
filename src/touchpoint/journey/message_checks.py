"""What the words of a message must be."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from touchpoint.errors import JourneyError, Problem, hint
from touchpoint.journey.contents import Said, contents, is_plain, texts, wordings
from touchpoint.journey.data_use import Behind, Declared, misuses
from touchpoint.model.message import Content, Message
from touchpoint.model.template import Template

_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_NO_LOCALES: Final = frozenset({"sms", "rcs", "web", "app", "fax"})  # channels that look like one


def content_problems(path: str, message: Message, *, anywhere: bool = False) -> Iterator[Problem]:
    """Whether a message has words for each of its channels, under keys that mean something, in sound templates.

    One that may go out `anywhere`, because it answers where it was asked, may have words for channels it does not name.
    """
    if not message.content:
        yield Problem(f"{path}.content", f"message {message.name!r} says nothing", 'write content=Content(text="…")')
        return
    for said in contents(message):
        if not (anywhere or said.under == "*" or any(_serves(said.under, each) for each in (*message.channels, ""))):
            found = f"{said.under!r} is neither a channel of this message nor a locale"
            fix = 'use "*", a channel, a locale such as "de", or both as in "email/de"'
            yield Problem(f"{path}{said.place}", found + hint(said.under, message.channels), fix)
        yield from _words_problems(path, message, said)
    for channel in message.channels if "*" not in message.content else ():
        if not any(_serves(key, channel) for key in message.content):
            found = f"message {message.name!r} has nothing to say on channel {channel!r}"
            yield Problem(f"{path}.content", found, f'add content for {channel!r} or for "*", or leave the channel out')
    yield from _wording_problems(path, message)


def _words_problems(path: str, message: Message, said: Said) -> Iterator[Problem]:
    """Whether a content says anything, in sound templates."""
    content = said.content
    if _is_blank(content.text) and _is_blank(content.subject) and _is_blank(content.html):
        yield Problem(f"{path}{said.place}", f"message {message.name!r} says nothing here", 'write text="…"')
    if not _is_sound(content):
        for part, text in texts_of(content):
            yield from (
                Problem(f"{path}{said.place}.{part}", f"{each.path}: {each.message}", each.fix)
                for each in mistakes_in(text)
            )


def _is_blank(text: object) -> bool:
    return not isinstance(text, str) or not text.strip()


def _is_sound(content: Content) -> bool:
    try:
        return is_plain(content) or content.templates is not None
    except JourneyError:
        return False


def _wording_problems(path: str, message: Message) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for n, each in wordings(message):
        place = f"{path}.wordings[{n}]"
        if first.setdefault(each.name, n) != n:
            found = f"message {message.name!r} has two wordings of the name {each.name!r}"
            yield Problem(f"{place}.name", found, "give each its own name")
        if not each.content:
            yield Problem(
                f"{place}.content", f"the wording {each.name!r} says nothing", 'write content=Content(text="…")'
            )


def _serves(key: str, channel: str) -> bool:
    """Whether content under this key may go out on the channel (an empty one: on any)."""
    first, slash, locale = key.partition("/")
    if slash:
        return first == channel and _LOCALE.fullmatch(locale) is not None
    return key in ("*", channel) or (_LOCALE.fullmatch(key) is not None and key not in _NO_LOCALES)


def texts_of(content: Content) -> Iterator[tuple[str, str]]:
    """(part, text) of every part that is there."""
    return ((part, text) for part in ("subject", "text", "html") if (text := getattr(content, part)) is not None)


def mistakes_in(text: str) -> Sequence[Problem]:
    """What is wrong with a template."""
    try:
        Template.parse(text)
    except JourneyError as error:
        return error.problems
    return ()


def undeclared_in(
    path: str, message: Message, missing: Callable[[str, tuple[str, ...]], str | None]
) -> Iterator[tuple[str, str]]:
    """(place, what is wrong) of look-ups that lead nowhere; `missing` tells of a root and a path why."""
    for said, part, text in texts(message):
        for field in () if mistakes_in(text) else Template.parse(text).fields:
            if found := missing(field.root, field.path):
                yield f"{path}{said.place}.{part}", f"{{{field.name}}}: {found}"


def use_problems(placed: Iterable[tuple[str, Message]], known: Declared, behind: Behind) -> Iterator[Problem]:
    """Traits that messages use beyond their declaration (S7.5)."""
    for path, message in placed:
        for each in misuses(message, known, behind):
            what = f"{message.effective_kind} message {message.name!r}"
            found = f"the trait {each.trait!r} is not declared for use in this {what}"
            yield Problem(f"{path}{each.place}", found, "leave it out, or declare the use: metadata=trait(uses=[…])")
