"""A message in words for one person and channel (S6.2). Pure: data in, words out, or the names of what is missing."""

from functools import partial
from typing import Final

import attrs

from touchpoint.core.collected import of_collected
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.state import Run, State
from touchpoint.core.values import UNKNOWN, dig, look_up
from touchpoint.model.delivery import RenderedMessage
from touchpoint.model.message import Content, Message
from touchpoint.model.template import Rendered
from touchpoint.zones import zone

_ANY: Final = "*"
_KEPT: Final = 1_000
_NO_WORDS: Final = Rendered(None)


@attrs.define
class Words:
    """The rendered message, or None with the look-ups that have no data. Treat it as immutable."""

    message: RenderedMessage | None
    missing: tuple[str, ...] = ()


def render(program: Program, state: State, run: Run, message: Message, channel: str) -> Words:
    """Render a message of a run for a channel, with the data as they are now.

    `{message.name}` and the like are the message's own; `{customer…}` traits; `{trigger…}` and `{event…}` touchpoints,
    `{collected…}` what the run brought together, `{result…}` what functions returned to it.
    """
    chosen = _chosen(message, channel, state.profile.locale)
    if chosen is None:
        return Words(None, (f"content for {channel}",))
    key, content = chosen
    locale = state.profile.locale
    if run.release:
        program = program.home(run.journey, run.release) or program
    known = program.words.get((message.name, key, locale))
    if known is not None:
        return Words(known)
    name, templates = message.name, program.templates
    lookup = partial(_look_up, state, run, message)
    place = zone(state.profile.zones[0]) if state.profile.zones else None
    text = templates[name, key, "text"].render(lookup, escape_html=False, zone=place)
    subject = html = _NO_WORDS
    if content.subject is not None:
        subject = templates[name, key, "subject"].render(lookup, escape_html=False, zone=place)
    if content.html is not None:
        html = templates[name, key, "html"].render(lookup, escape_html=True, zone=place)
    if subject.missing or text.missing or html.missing:
        return Words(None, tuple(dict.fromkeys(subject.missing + text.missing + html.missing)))
    words = RenderedMessage(name, _kind(message, content), subject.text, text.text or "", html.text, locale)
    if (name, key) in program.fixed and len(program.words) < _KEPT:
        program.words[name, key, locale] = words
    return Words(words)


def content_key(message: Message, channel: str, locale: str | None) -> str:
    """The key of the content that is taken for a channel and locale; empty where there is none."""
    chosen = _chosen(message, channel, locale)
    return "" if chosen is None else chosen[0]


def _chosen(message: Message, channel: str, locale: str | None) -> tuple[str, Content] | None:
    """What `Message.words` chooses, with its key."""
    contents = message.content
    if len(contents) == 1 and _ANY in contents:
        return _ANY, contents[_ANY]  # most messages have one content for everybody, and nothing to choose from
    content = message.words(channel, locale)
    return next(((key, each) for key, each in contents.items() if each is content), None)


def _kind(message: Message, content: Content) -> str:
    """`Message.effective_kind`, quickly where the content is the only one and says nothing about it."""
    return message.effective_kind if content.promotional or len(message.content) > 1 else message.kind


def _look_up(state: State, run: Run, message: Message, root: str, path: tuple[str, ...]) -> object:
    found: object
    if root == "customer":
        found = dig(state.profile.traits, path)
    elif root == "message":
        found = _own(message, path)
    elif root == "collected":
        found = of_collected(run.collected, path)
    elif root == "result":
        found = dig(run.results, path)
    else:
        found = look_up(_occurrence(run, root), path)
    return None if found is UNKNOWN else found


def _occurrence(run: Run, root: str) -> Occurrence:
    return run.trigger if root == "trigger" else run.event


def _own(message: Message, path: tuple[str, ...]) -> object:
    allowed = ("name", "topic", "worth", "currency", "scale", "occasion", "wants")
    return getattr(message, path[0], None) if len(path) == 1 and path[0] in allowed else None
