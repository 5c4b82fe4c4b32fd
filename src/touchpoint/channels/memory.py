"""A channel that delivers into a list: for tests and demonstrations."""

from collections import deque
from datetime import timedelta
from typing import Self

import attrs

from touchpoint.channels.base import BaseAdapter, default_address_kind
from touchpoint.errors import InvalidInput
from touchpoint.model.delivery import Accepted, Ambiguous, Capabilities, Outcome, Refused, SendRequest


class MemoryChannel(BaseAdapter):
    """Keeps what it was handed. Remembers keys for ever: the same key gets the same answer, and no second message.

    It can answer and react within conversations: the requests say to what (`reply_to`, `reaction`).

    Args:
        name: the channel's, as messages and policies refer to it.
        address: the kind of address it takes; `default_address_kind(name)` unless given.

    Attributes:
        sent: the requests that were accepted, in order.
        attempts: how often `send` was called.
    """

    def __init__(self, name: str, address: str | None = None) -> None:
        kind = address or default_address_kind(name)
        capabilities = Capabilities(
            name, frozenset({kind}), remembers_keys_for=timedelta.max, recording=True, replies=True, reactions=True
        )
        super().__init__(capabilities, kind)
        self.sent: list[SendRequest] = []
        self.attempts = 0
        self._script: deque[Outcome | Exception] = deque()
        self._answered: dict[str, Accepted] = {}

    def will(self, *outcomes: Outcome | Exception) -> Self:
        """Answer the next calls with these, in order, then accept again. An exception is raised instead of returned.

        A scripted `Ambiguous` leaves nothing in `sent`. Raises InvalidInput for anything else than these.
        """
        for outcome in outcomes:
            if not isinstance(outcome, Accepted | Refused | Ambiguous | Exception):
                raise InvalidInput(
                    f"will() takes outcomes such as Refused(…), or exceptions, not {type(outcome).__name__}"
                )
        self._script.extend(outcomes)
        return self

    def without_idempotency(self) -> Self:
        """Forget keys from now on, as a provider without idempotency does: the same key is a second message."""
        self._capabilities = attrs.evolve(self._capabilities, remembers_keys_for=None)
        self._answered.clear()
        return self

    def send(self, request: SendRequest) -> Outcome:
        """What the script says next, else `Accepted`.

        A key that was accepted before gets its old answer, and the script waits.
        """
        self.attempts += 1
        if (known := self._answered.get(request.key)) is not None:
            return known
        outcome = (
            self._script.popleft() if self._script else Accepted(f"{self.capabilities.channel}-{len(self.sent) + 1}")
        )
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, Accepted):
            self.sent.append(request)
            if self.capabilities.remembers_keys_for is not None:
                self._answered[request.key] = outcome
        return outcome

    def __repr__(self) -> str:
        return f"<MemoryChannel {self.capabilities.channel!r}: {len(self.sent)} sent in {self.attempts} attempts>"
