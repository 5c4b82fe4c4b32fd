"""The words of messages, parsed once for a program."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from touchpoint.model.message import Message
from touchpoint.model.template import Template

Look: TypeAlias = tuple[str, tuple[str, ...], bool]
"""A look-up of a template: its root, its path, and whether it has a fallback wherever it stands."""


def templates_of(messages: Iterable[Message]) -> dict[tuple[str, str, str], Template]:
    """(message, content key, part) → template."""
    return {
        (message.name, key, part): template
        for message in messages
        for key, content in message.contents.items()
        for part, template in content.templates.items()
    }


def fixed_of(templates: Mapping[tuple[str, str, str], Template]) -> frozenset[tuple[str, str]]:
    """The (message, content key) all of whose parts are without any look-up."""
    open_ = {(name, key) for (name, key, _), template in templates.items() if template.fields}
    return frozenset((name, key) for name, key, _ in templates) - open_


def looks_in(templates: Mapping[tuple[str, str, str], Template], message: str, key: str) -> tuple[Look, ...]:
    """What one content of a message looks up, each once."""
    parts = (templates.get((message, key, part)) for part in ("subject", "text", "html"))
    found: dict[tuple[str, tuple[str, ...]], bool] = {}
    for field in (field for part in parts if part is not None for field in part.fields):
        place = (field.root, field.path)
        found[place] = found.get(place, True) and field.has_fallback
    return tuple((*place, covered) for place, covered in found.items())
