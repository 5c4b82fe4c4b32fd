"""A channel that prints: to see a journey at work before anybody is reached."""

import re
import sys
from typing import Final, TextIO

from touchpoint.channels.base import BaseAdapter, default_address_kind
from touchpoint.model.delivery import Accepted, Capabilities, Outcome, RenderedMessage, SendRequest

# What data holds must not steer the terminal (colours, cursor, window title).
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class ConsoleChannel(BaseAdapter):
    """Prints each message, with its words and only the shown form of the address.

    It remembers no keys, so an uncertain print (a closed stream) is not repeated.

    Args:
        name: the channel's, as messages and policies refer to it.
        stream: where to print; standard output, as it is at the time of the call, unless given.
        address: the kind of address it takes; `default_address_kind(name)` unless given.
    """

    def __init__(self, name: str = "console", stream: TextIO | None = None, *, address: str | None = None) -> None:
        kind = address or default_address_kind(name)
        super().__init__(Capabilities(name, frozenset({kind}), remembers_keys_for=None, recording=True), kind)
        self._stream = stream

    def send(self, request: SendRequest) -> Outcome:
        """Print it in one write. What the stream raises goes through."""
        stream = sys.stdout if self._stream is None else self._stream
        text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _page(request))
        # A terminal that cannot show a letter is no reason to lose the message.
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
        return Accepted()

    def __repr__(self) -> str:
        return f"<ConsoleChannel {self.capabilities.channel!r}>"


def _page(request: SendRequest) -> str:
    message = request.message
    lines = [f"--- {request.channel} to {request.to.display}: {message.name} ({message.kind})"]
    if message.subject:
        lines.append(f"Subject: {message.subject}")
    return "\n".join([*lines, "", _words(message), "", ""])


def _words(message: RenderedMessage) -> str:
    return message.text or message.html or "(no words)"
