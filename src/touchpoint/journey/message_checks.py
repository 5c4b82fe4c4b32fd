"""What the words of a message must be."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from touchpoint.errors import JourneyError, Problem, hint
from touchpoint.journey.shapes import path_to
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
    for key, content in message.content.items():
        place = path_to(f"{path}.content", key)
        if not anywhere and not any(_serves(key, channel) for channel in (*message.channels, "")):
            found = f"{key!r} is neither a channel of this message nor a locale{hint(key, message.channels)}"
            yield Problem(place, found, 'use "*", a channel, a locale such as "de", or both as in "email/de"')
        if not any(text and text.strip() for text in (content.text, content.subject, content.html)):
            yield Problem(place, f"message {message.name!r} says nothing here", 'write text="…"')
        for part, text in texts_of(content):
            yield from (
                Problem(f"{place}.{part}", f"{each.path}: {each.message}", each.fix) for each in mistakes_in(text)
            )
    for channel in message.channels:
        if not any(_serves(key, channel) for key in message.content):
            found = f"message {message.name!r} has nothing to say on channel {channel!r}"
            yield Problem(f"{path}.content", found, f'add content for {channel!r} or for "*", or leave the channel out')


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
