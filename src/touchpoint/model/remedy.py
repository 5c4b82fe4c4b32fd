"""What follows when a message was refused: the remedy for each failure code, and how long a retry waits (S6.8)."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

import attrs

from touchpoint.durations import length
from touchpoint.model.delivery import FailureCode

MAX_ATTEMPTS: Final = 12
"""Attempts that count, per message and channel: about five hours of `backoff`. Best-before may end it earlier."""

_FIRST_WAIT: Final = length(timedelta(seconds=30))
_LONGEST_WAIT: Final = length(timedelta(hours=1))
# A provider that asks for more than a year means never; the bound keeps "now plus the wait" a valid datetime.
_LONGEST_RETRY_AFTER: Final = length(timedelta(days=366))


class Action(StrEnum):
    """What becomes of a message that was refused."""

    RETRY = "retry"
    """The same channel again, after `backoff`; the gate is asked anew."""
    NEXT_CHANNEL = "next_channel"
    """The message's next channel; failed if there is none."""
    FAIL = "fail"
    """It ends as failed: no other channel would do better."""
    EXPIRE = "expire"
    """It ends as expired."""


@attrs.frozen
class Remedy:
    """What follows from a failure code.

    Args:
        action: what becomes of this message.
        suppress_address: the address takes no more messages on any channel that uses it.
        record_opt_out: a withdrawal of consent is entered for the address on this channel.
        stop_message: nobody gets this message any more until somebody has looked at it.
        pause_channel: nothing is handed to this channel until somebody resumes it.
        uses_attempt: counts towards `MAX_ATTEMPTS`; False where the refusal says nothing about this message.
    """

    action: Action
    suppress_address: bool = False
    record_opt_out: bool = False
    stop_message: bool = False
    pause_channel: bool = False
    uses_attempt: bool = True


REMEDIES: Final[Mapping[FailureCode, Remedy]] = {
    # Nobody lives there: every further try costs reputation, on every channel that uses the address.
    FailureCode.ADDRESS_INVALID: Remedy(Action.NEXT_CHANNEL, suppress_address=True),
    # The provider gave up on it for good (a mailbox closed, a number disconnected), not just for today.
    FailureCode.ADDRESS_UNREACHABLE: Remedy(Action.NEXT_CHANNEL, suppress_address=True),
    # A real address that cannot take this kind of message (a landline and SMS); it is still good for others.
    FailureCode.ADDRESS_INCAPABLE: Remedy(Action.NEXT_CHANNEL),
    # The provider knows of a withdrawal that we have not heard of; it binds us all the same, on this channel.
    FailureCode.RECIPIENT_OPTED_OUT: Remedy(Action.NEXT_CHANNEL, record_opt_out=True),
    # The words are the same for the next customer: sending on would be refused a thousand times.
    FailureCode.CONTENT_REJECTED: Remedy(Action.FAIL, stop_message=True),
    # The customer has not written lately, so the provider lets no free text through; other channels have no such rule.
    FailureCode.SESSION_CLOSED: Remedy(Action.NEXT_CHANNEL),
    # This provider may not deliver there; another channel may.
    FailureCode.REGION_FORBIDDEN: Remedy(Action.NEXT_CHANNEL),
    # Our own set-up: moving everybody to the next, dearer channel would hide it. Wait for whoever mends it.
    FailureCode.SENDER_MISCONFIGURED: Remedy(Action.RETRY, pause_channel=True, uses_attempt=False),
    # The same for money: somebody decides whether to add some.
    FailureCode.BUDGET_EXHAUSTED: Remedy(Action.RETRY, pause_channel=True, uses_attempt=False),
    # A matter of speed alone, so it uses up no attempt; best-before bounds it.
    FailureCode.THROTTLED: Remedy(Action.RETRY, uses_attempt=False),
    # Most outages end within hours.
    FailureCode.PROVIDER_UNAVAILABLE: Remedy(Action.RETRY),
    # Its time was over at the provider: late is what best-before is there to prevent, on any channel.
    FailureCode.EXPIRED: Remedy(Action.EXPIRE),
    # Certainly refused, and asking again would most likely be answered alike.
    FailureCode.UNKNOWN: Remedy(Action.NEXT_CHANNEL),
}
"""What follows from each failure code; total over `FailureCode`."""


def backoff(attempt: int, key: str, retry_after: timedelta | None = None) -> timedelta:
    """Elapsed time to wait after this attempt (starts at 1) before the same channel is tried again.

    Doubles from 30 s to one hour; of that, a part between half and the whole, so that messages refused together do not
    come back together. The part is a function of key and attempt, so that a replay decides alike. Never less than
    `retry_after`, which counts up to 366 days.
    """
    whole = min(_FIRST_WAIT << min(max(attempt, 1) - 1, 32), _LONGEST_WAIT)
    half = whole // 2
    asked = min(length(retry_after), _LONGEST_RETRY_AFTER) if retry_after is not None else 0
    digest = sha256(f"{attempt}\0{key}".encode("utf-8", "surrogatepass")).digest()
    spread = int.from_bytes(digest[:8], "big") * half >> 64
    return timedelta(microseconds=max(half, asked) + spread)
