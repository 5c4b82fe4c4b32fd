"""A channel that only counts: for replays of any length."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from touchpoint.channels.base import BaseAdapter, trimmed
from touchpoint.model.delivery import ANY_ADDRESS, Accepted, Address, Capabilities, Outcome, SendRequest

_ACCEPTED: Final = Accepted()


class RecordingChannel(BaseAdapter):
    """Accepts everything and reaches nobody. Its memory does not grow with what it is handed, only with message names.

    It remembers no keys: the same one is counted again.

    Args:
        name: the channel's, as messages and policies refer to it.
        on_send: called with every request, before it is counted; what it raises goes through.

    Attributes:
        counts: how many were accepted, by message name.
    """

    def __init__(self, name: str, *, on_send: Callable[[SendRequest], object] | None = None) -> None:
        kinds = frozenset({ANY_ADDRESS})
        super().__init__(
            Capabilities(
                name, kinds, remembers_keys_for=None, thread_safe=False, recording=True, replies=True, reactions=True
            )
        )
        self.counts: Counter[str] = Counter()
        self._on_send = on_send

    def normalise(self, raw: str, *, region: str | None = None) -> Address:  # noqa: ARG002 - every form will do
        """Any text that is not blank: recorded data is seldom clean. Raises InvalidAddress."""
        return Address(self._address_kind, trimmed(ANY_ADDRESS, raw))

    def send(self, request: SendRequest) -> Outcome:
        """Count it."""
        if self._on_send is not None:
            self._on_send(request)
        self.counts[request.message.name] += 1
        return _ACCEPTED

    def __repr__(self) -> str:
        return f"<RecordingChannel {self.capabilities.channel!r}: {self.counts.total()} sent>"
