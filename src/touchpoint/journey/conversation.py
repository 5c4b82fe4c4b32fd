"""What answers in a conversation must be: replies that may go out as service, reactions that are one sign."""

from collections.abc import Iterator
from typing import Final

from touchpoint.errors import JourneyError, Problem
from touchpoint.journey.steps import React, Send
from touchpoint.model.template import Template

KINDS: Final = ("service", "transactional")
LONGEST_SIGN: Final = 32


def problems_of(path: str, step: Send) -> Iterator[Problem]:
    """What is wrong with a step that answers in a conversation, besides what is wrong with any message."""
    message = step.message
    if message.effective_kind not in KINDS:
        found = f"message {message.name!r} answers what a customer said, and is {message.effective_kind}"
        yield Problem(f"{path}.message.kind", found, 'write kind="service", and promote nothing in it')
    if isinstance(step, React):
        yield from _reaction(path, step)


def _reaction(path: str, step: Send) -> Iterator[Problem]:
    message = step.message
    if message.channels:
        found = f"the reaction {message.name!r} names channels, and goes by that of the event alone"
        yield Problem(f"{path}.message.channels", found, "leave them out, or use Reply")
    content = message.content.get("*")
    if content is None or len(message.contents) > 1 or content.subject is not None or content.html is not None:
        yield Problem(f"{path}.message.content", "a reaction has one text for everybody", 'write React("👍", why="…")')
    elif not _is_sign(content.text):
        found = f"a reaction is one sign of at most {LONGEST_SIGN} characters without spaces and look-ups"
        yield Problem(f"{path}.message.content", found, 'write React("👍", why="…")')


def _is_sign(text: object) -> bool:
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_SIGN or any(map(str.isspace, text)):
        return False
    try:
        return not Template.parse(text).fields
    except JourneyError:
        return False
