"""Which traits messages use, and whether they may (S7.5)."""

from collections.abc import Iterable, Iterator, Mapping

import attrs

from touchpoint.errors import JourneyError
from touchpoint.model.message import Message
from touchpoint.model.template import Template
from touchpoint.model.trait import TraitUse, uses_of

Declared = Mapping[str, tuple[TraitUse, ...]]
"""What is declared of each trait: by every class that has it, and each of them binds."""


@attrs.frozen
class Misuse:
    """A trait that a message uses beyond its declaration.

    Args:
        trait: its name.
        content: the key of the content whose words use it; None where `Message.uses` names it, for all of them.
        part: `subject`, `text` or `html`; empty where `content` is None.
    """

    trait: str
    content: str | None = None
    part: str = ""


def declared(classes: Iterable[type]) -> Declared:
    """What these classes declare, together."""
    found: dict[str, tuple[TraitUse, ...]] = {}
    for cls in dict.fromkeys(classes):
        for name, use in uses_of(cls).items():
            found[name] = (*found.get(name, ()), use)
    return found


def traits_in(text: str) -> tuple[str, ...]:
    """The traits that a template looks up, each once; none where it cannot be read."""
    try:
        fields = Template.parse(text).fields
    except JourneyError:
        return ()
    return tuple(dict.fromkeys(each.path[0] for each in fields if each.root == "customer"))


def traits_used(message: Message) -> tuple[str, ...]:
    """Every trait that a message uses: those its words look up, and those it names; in that order, each once."""
    found = [name for _, _, text in texts(message) for name in traits_in(text)]
    return tuple(dict.fromkeys([*found, *message.uses]))


def texts(message: Message) -> Iterator[tuple[str, str, str]]:
    """(content key, part, template) of a message."""
    for key, content in message.content.items():
        for part in ("subject", "text", "html"):
            text = getattr(content, part)
            if text is not None:
                yield key, part, text


def misuses(message: Message, known: Declared) -> Iterator[Misuse]:
    """What a message uses that it may not."""
    purposes = message.effective_kind, message.topic

    def forbidden(name: str) -> bool:
        return any(not each.allows(*purposes) for each in known.get(name, ()))

    yield from (Misuse(name) for name in message.uses if forbidden(name))
    for key, part, text in texts(message):
        yield from (Misuse(name, key, part) for name in traits_in(text) if forbidden(name))


def misused_content(messages: Iterable[Message], known: Declared) -> dict[tuple[str, str], tuple[str, ...]]:
    """(message, content key) → the traits that its words use beyond their declaration; only where there are any."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for message in messages if known else ():
        for each in misuses(message, known):
            for key in message.content if each.content is None else (each.content,):
                found.setdefault((message.name, key), {})[each.trait] = None
    return {place: tuple(names) for place, names in found.items()}
