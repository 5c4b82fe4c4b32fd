"""A message in words for one person and channel (S6.2). Pure: data in, words out, or the names of what is missing."""

from functools import partial
from typing import Final

import attrs

from touchpoint.core.choice import Withheld, choose
from touchpoint.core.collected import of_collected
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.state import Run, State
from touchpoint.core.values import UNKNOWN, dig, look_up
from touchpoint.model.delivery import RenderedMessage
from touchpoint.model.message import Content, Message, fitting
from touchpoint.model.template import Lookup, Rendered
from touchpoint.policy.facts import ChosenWording, Unfamiliar
from touchpoint.zones import zone

_ANY: Final = "*"
_KEPT: Final = 1_000
_NO_WORDS: Final = Rendered(None)


@attrs.define
class Words:
    """The rendered message, or None with the look-ups that have no data. Treat it as immutable.

    `key` is that of the content; `worded` and `unfamiliar` as in `policy.facts.ChannelFacts`.
    """

    message: RenderedMessage | None
    missing: tuple[str, ...] = ()
    key: str = ""
    worded: ChosenWording | None = None
    unfamiliar: tuple[Unfamiliar, ...] = ()


def render(program: Program, state: State, run: Run, message: Message, channel: str, now: int) -> Words:
    """Render a message of a run for a channel, with the data as they are now (microseconds UTC).

    `{message.name}` and the like are the message's own; `{customer…}` traits; `{trigger…}` and `{event…}` touchpoints,
    `{collected…}` what the run brought together, `{result…}` what functions returned to it.
    """
    if message.wordings or program.bonds:
        choice = choose(program, state, run, message, channel, now)
        if choice.refusals:
            return Words(None, (), choice.key, choice.worded, choice.refusals)
        if choice.content is None:
            return Words(None, (f"content for {channel}",), "", choice.worded)
        found = _rendered(program, state, run, message, choice.key, choice.content, choice.withheld)
        words = found.message
        if choice.worded is not None and choice.worded.wording and words is not None:
            words = attrs.evolve(words, wording=choice.worded.wording)
        return Words(words, found.missing, found.key, choice.worded)
    chosen = _chosen(message, channel, state.profile.locale)
    if chosen is None:
        return Words(None, (f"content for {channel}",))
    return _rendered(program, state, run, message, *chosen)


def _rendered(
    program: Program, state: State, run: Run, message: Message, key: str, content: Content,
    withheld: Withheld = frozenset(),
) -> Words:  # fmt: skip
    locale = state.profile.locale
    if run.release:
        program = program.home(run.journey, run.release) or program
    known = program.words.get((message.name, key, locale))
    if known is not None:
        return known
    name, templates = message.name, content.templates
    lookup = partial(_look_up, state, run, message)
    if withheld:
        lookup = partial(_withholding, withheld, lookup)
    place = zone(state.profile.zones[0]) if state.profile.zones else None
    text = templates["text"].render(lookup, escape_html=False, zone=place)
    subject = html = _NO_WORDS
    if content.subject is not None:
        subject = templates["subject"].render(lookup, escape_html=False, zone=place)
    if content.html is not None:
        html = templates["html"].render(lookup, escape_html=True, zone=place)
    if subject.missing or text.missing or html.missing:
        return Words(None, tuple(dict.fromkeys(subject.missing + text.missing + html.missing)), key)
    rendered = RenderedMessage(name, _kind(message, content), subject.text, text.text or "", html.text, locale)
    words = Words(rendered, (), key)
    if not program.looks_of(name, key) and len(program.words) < _KEPT:
        program.words[name, key, locale] = words
    return words


def _chosen(message: Message, channel: str, locale: str | None) -> tuple[str, Content] | None:
    """What `Message.words` chooses, with its key."""
    contents = message.content
    if len(contents) == 1 and _ANY in contents:
        return _ANY, contents[_ANY]  # most messages have one content for everybody, and nothing to choose from
    key = fitting(contents, channel, locale)
    return None if key is None else (key, contents[key])


def _withholding(withheld: Withheld, lookup: Lookup, root: str, path: tuple[str, ...]) -> object:
    """As if there were nothing where something may not be used yet."""
    return None if (root, path) in withheld else lookup(root, path)


def _kind(message: Message, content: Content) -> str:
    """`Message.effective_kind`, quickly where the content is the only one and says nothing about it."""
    own = len(message.content) == 1 and not message.wordings
    return message.kind if own and not content.promotional else message.effective_kind


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
