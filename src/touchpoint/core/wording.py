"""The words of messages, parsed once for a program."""

from collections.abc import Iterable, Mapping

from touchpoint.model.message import Message
from touchpoint.model.template import Template


def templates_of(messages: Iterable[Message]) -> dict[tuple[str, str, str], Template]:
    """(message, content key, part) → template."""
    return {
        (message.name, key, part): Template.parse(text)
        for message in messages
        for key, content in message.content.items()
        for part in ("subject", "text", "html")
        if (text := getattr(content, part)) is not None
    }


def fixed_of(templates: Mapping[tuple[str, str, str], Template]) -> frozenset[tuple[str, str]]:
    """The (message, content key) all of whose parts are without any look-up."""
    open_ = {(name, key) for (name, key, _), template in templates.items() if template.fields}
    return frozenset((name, key) for name, key, _ in templates) - open_
