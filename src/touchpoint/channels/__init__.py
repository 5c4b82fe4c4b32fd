"""Channels: the port (`Adapter`), what goes through it, and the adapters that need no provider.

What serves webhooks and unsubscribe links is loaded when it is first used: it needs more of the standard library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from touchpoint.channels.base import (
    ADDRESS_KINDS,
    ANY_ADDRESS,
    MAX_ATTEMPTS,
    REMEDIES,
    Accepted,
    Action,
    Adapter,
    Address,
    Ambiguous,
    BaseAdapter,
    Capabilities,
    Failure,
    FailureCode,
    InvalidAddress,
    Outcome,
    Preflight,
    Refused,
    Remedy,
    RenderedMessage,
    SendRequest,
    backoff,
    clean_subject,
    default_address_kind,
    judge,
    normalise_address,
    redact,
)
from touchpoint.channels.console import ConsoleChannel
from touchpoint.channels.decorator import FunctionChannel, channel
from touchpoint.channels.memory import MemoryChannel
from touchpoint.channels.recording import RecordingChannel

if TYPE_CHECKING:
    from touchpoint.channels.replies import reply_to
    from touchpoint.channels.segments import Segments
    from touchpoint.channels.signatures import ReplayGuard, WebhookSecrets
    from touchpoint.channels.unsubscribe import AskFirst, OneClick, Unsubscribe, UnsubscribeLink

__all__ = [
    "ADDRESS_KINDS",
    "ANY_ADDRESS",
    "MAX_ATTEMPTS",
    "REMEDIES",
    "Accepted",
    "Action",
    "Adapter",
    "Address",
    "Ambiguous",
    "AskFirst",
    "BaseAdapter",
    "Capabilities",
    "ConsoleChannel",
    "Failure",
    "FailureCode",
    "FunctionChannel",
    "InvalidAddress",
    "MemoryChannel",
    "OneClick",
    "Outcome",
    "Preflight",
    "RecordingChannel",
    "Refused",
    "Remedy",
    "RenderedMessage",
    "ReplayGuard",
    "Segments",
    "SendRequest",
    "Unsubscribe",
    "UnsubscribeLink",
    "WebhookSecrets",
    "backoff",
    "channel",
    "clean_subject",
    "default_address_kind",
    "judge",
    "normalise_address",
    "redact",
    "reply_to",
]

_FROM = {
    "replies": ("reply_to",),
    "segments": ("Segments",),
    "signatures": ("ReplayGuard", "WebhookSecrets"),
    "unsubscribe": ("AskFirst", "OneClick", "Unsubscribe", "UnsubscribeLink"),
}
_WHERE = {name: f"{__name__}.{module}" for module, names in _FROM.items() for name in names}


def __getattr__(name: str) -> object:
    """The names that are loaded when they are first used."""
    if name not in _WHERE:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    found = getattr(import_module(_WHERE[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
