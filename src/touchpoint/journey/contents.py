"""Everything that a message may say, each content with where it stands."""

from collections.abc import Iterator

import attrs

from touchpoint.journey.shapes import path_to
from touchpoint.journey.wording import Wording
from touchpoint.model.message import Content, Message, said_as
from touchpoint.model.template import Field, Template

PARTS = ("subject", "text", "html")


@attrs.frozen
class Said:
    """One content of a message.

    Args:
        key: its name among all contents of the message (`Message.contents`).
        content: the words.
        under: its key where it stands: a channel, a locale, both, or `*`.
        wording: the one it belongs to; None for the message's own content.
        within: where its wording stands: `.wordings[0]`; empty for the message's own content.
    """

    key: str
    content: Content
    under: str
    wording: Wording | None = None
    within: str = ""

    @property
    def place(self) -> str:
        """Where it stands, from the message on: `.content["*"]`, `.wordings[0].content["de"]`."""
        return path_to(f"{self.within}.content", self.under)


def contents(message: Message) -> Iterator[Said]:
    """Every content of a message, its own first; what is no `Wording` is left out, and told elsewhere."""
    for key, content in message.content.items():
        yield Said(key, content, key)
    for n, each in wordings(message):
        for key, content in each.content.items():
            yield Said(said_as(key, each.name), content, key, each, f".wordings[{n}]")


def wordings(message: Message) -> Iterator[tuple[int, Wording]]:
    """The wordings of a message, each with its place among them."""
    if not message.wordings:
        return iter(())
    return ((n, each) for n, each in enumerate(message.wordings) if isinstance(each, Wording))


def looks_up(message: Message) -> bool:
    """Whether anything that a message may say looks anything up; quickly, for most templates are words alone."""
    if not message.wordings:
        return not all(map(is_plain, message.content.values()))
    return not all(is_plain(said.content) for said in contents(message))


def says_one_thing(message: Message) -> bool:
    """Whether it says the same plain words to everybody on every channel, as most do: nothing is wrong with these."""
    content = message.content.get("*") if len(message.content) == 1 and not message.wordings else None
    return content is not None and isinstance(content.text, str) and content.text.strip() != "" and is_plain(content)


def is_plain(content: Content) -> bool:
    """Whether a content is nothing but words, so that nobody has to read it as a template."""
    return _has_no_braces(content.text) and _has_no_braces(content.subject) and _has_no_braces(content.html)


def _has_no_braces(text: str | None) -> bool:
    return not isinstance(text, str) or ("{" not in text and "}" not in text)


def looked_up(message: Message) -> Iterator[Field]:
    """Every look-up in everything that a message may say; its templates are sound."""
    return (field for _, _, text in texts(message) for field in Template.parse(text).fields)


def texts(message: Message) -> Iterator[tuple[Said, str, str]]:
    """(content, part, template) of everything that a message may say."""
    for said in contents(message):
        for part in PARTS:
            text = getattr(said.content, part)
            if text is not None:
                yield said, part, text
