"""What comes back from channels, in one shape for all of them (S6.9): pass it to `Engine.apply`.

Each becomes a touchpoint on the customer's timeline, about the message it belongs to where that is known.
"""

from datetime import datetime
from typing import Final, Literal

import attrs

REPLIED: Final = "replied"
CLICKED: Final = "clicked"
OPENED: Final = "opened"
TASK_COMPLETED: Final = "task_completed"
TASK_DECLINED: Final = "task_declined"

ReceiptState = Literal["delivered", "bounced", "failed", "opened"]


@attrs.frozen
class Replied:
    """A customer wrote back. A word such as STOP, and nothing else, acts at once (S7.3).

    Args:
        customer: the host's own id.
        channel: on which it came.
        text: what they wrote.
        address: from which it came, as the channel's adapter normalises it; the customer's own for that channel unless
            given.
        about: the key of the message it answers, where that is known.
        id: of the provider, unique for the customer; the same one counts once.
        at: when it was written; aware. Now unless given.
    """

    customer: str = attrs.field(repr=False)
    channel: str
    text: str = attrs.field(repr=False)
    address: str | None = attrs.field(default=None, repr=False)
    about: str | None = None
    id: str | None = None
    at: datetime | None = None


@attrs.frozen
class Clicked:
    """A customer followed a link in a message; `about` is the message's key."""

    about: str
    link: str = attrs.field(default="", repr=False)
    id: str | None = None
    at: datetime | None = None


@attrs.frozen
class Receipt:
    """A provider tells what became of a message that it accepted; `about` is the message's key."""

    about: str
    state: ReceiptState
    id: str | None = None
    at: datetime | None = None


@attrs.frozen
class TaskDone:
    """A person did what a message asked of them, such as a call; `about` is the message's key.

    Args:
        outcome: such as `reached`; None where they declined.
        reason: why they declined.
    """

    about: str
    outcome: str | None
    reason: str = attrs.field(default="", repr=False)
    id: str | None = None
    at: datetime | None = None


Inbound = Replied | Clicked | Receipt | TaskDone
