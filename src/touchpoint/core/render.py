"""A message in words for one person and channel (S6.2). Pure: data in, words out, or the names of what is missing."""

import attrs

from touchpoint.core.occurrence import Occurrence
from touchpoint.core.program import Program
from touchpoint.core.state import Run, State
from touchpoint.core.values import UNKNOWN, dig, look_up
from touchpoint.model.delivery import RenderedMessage
from touchpoint.model.message import Message
from touchpoint.model.template import Lookup, Rendered
from touchpoint.zones import zone


@attrs.frozen
class Words:
    """The rendered message, or None with the look-ups that have no data."""

    message: RenderedMessage | None
    missing: tuple[str, ...] = ()


def render(program: Program, state: State, run: Run, message: Message, channel: str) -> Words:
    """Render a message of a run for a channel, with the data as they are now.

    `{message.name}` and the like are the message's own; `{customer…}` traits; `{trigger…}` and `{event…}` touchpoints.
    """
    content = message.words(channel, state.profile.locale)
    if content is None:
        return Words(None, (f"content for {channel}",))
    key = next(each for each, value in message.content.items() if value is content)
    lookup = _lookup(state, run, message)
    place = zone(state.profile.zones[0]) if state.profile.zones else None
    parts: dict[str, str | None] = {}
    missing: list[str] = []
    for part in ("subject", "text", "html"):
        template = program.templates.get((message.name, key, part))
        rendered = Rendered(None) if template is None else template.render(lookup, escape_html=part == "html", zone=place)
        parts[part] = rendered.text
        missing.extend(each for each in rendered.missing if each not in missing)
    if missing:
        return Words(None, tuple(missing))
    return Words(
        RenderedMessage(
            message.name,
            message.effective_kind,
            subject=parts["subject"],
            text=parts["text"] or "",
            html=parts["html"],
            locale=state.profile.locale,
        )
    )


def _lookup(state: State, run: Run, message: Message) -> Lookup:
    def lookup(root: str, path: tuple[str, ...]) -> object:
        found: object
        if root == "customer":
            found = dig(state.profile.traits, path)
        elif root == "message":
            found = _own(message, path)
        else:
            found = look_up(_occurrence(run, root), path)
        return None if found is UNKNOWN else found

    return lookup


def _occurrence(run: Run, root: str) -> Occurrence:
    return run.trigger if root == "trigger" else run.event


def _own(message: Message, path: tuple[str, ...]) -> object:
    allowed = ("name", "topic", "worth", "currency", "scale", "occasion", "wants")
    return getattr(message, path[0], None) if len(path) == 1 and path[0] in allowed else None
