"""Channels behind which people are: a call, a store visit, a letter by hand, a gift to pack."""

from datetime import timedelta
from typing import Final

from touchpoint.channels.base import BaseAdapter, default_address_kind, trimmed
from touchpoint.model.delivery import ANY_ADDRESS, Accepted, Address, Capabilities, Outcome, SendRequest

_ACCEPTED: Final = Accepted()


class TaskChannel(BaseAdapter):
    """Makes a task of every message, for a person to claim: see `Engine.tasks`.

    The store keeps the tasks, in the transaction that keeps the outcome, so there is no second place to lose one in.

    Args:
        name: the channel's, as messages and policies refer to it, such as `call`, `visit` or `packing`.
        address: the kind of address that a person needs for it, `default_address_kind(name)` unless given; `*` where
            any will do, because the task only says for whom it is.
    """

    def __init__(self, name: str, address: str | None = None) -> None:
        kind = address or default_address_kind(name)
        capabilities = Capabilities(
            name, frozenset({kind}), remembers_keys_for=timedelta.max, unit="task", thread_safe=True, human=True
        )
        super().__init__(capabilities, kind)

    def normalise(self, raw: str, *, region: str | None = None) -> Address:
        """As for every channel; where any address will do, any text that is not blank."""
        if self._address_kind == ANY_ADDRESS:
            return Address(ANY_ADDRESS, trimmed(ANY_ADDRESS, raw))
        return super().normalise(raw, region=region)

    def send(self, request: SendRequest) -> Outcome:  # noqa: ARG002 - the store makes the task
        """Take it. A task comes of it once, however often it is asked, since the store knows its key."""
        return _ACCEPTED

    def __repr__(self) -> str:
        return f"<TaskChannel {self.capabilities.channel!r}>"
