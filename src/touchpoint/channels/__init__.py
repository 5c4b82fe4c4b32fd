"""Channels: the port (`Adapter`), what goes through it, and the adapters that ship.

What serves webhooks and unsubscribe links, and what opens connections, is loaded when it is first used: it needs more
of the standard library.
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
    AsyncAdapter,
    BaseAdapter,
    Cancels,
    Capabilities,
    Checks,
    Closes,
    Failure,
    FailureCode,
    InvalidAddress,
    LooksUp,
    Outcome,
    Preflight,
    Rate,
    Receives,
    Refused,
    Remedy,
    RenderedMessage,
    Scope,
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
from touchpoint.channels.inbound import (
    Clicked,
    Complained,
    OptedOut,
    Receipt,
    Received,
    Replied,
    TaskDone,
    WebhookRequest,
)
from touchpoint.channels.memory import MemoryChannel
from touchpoint.channels.recording import RecordingChannel
from touchpoint.channels.tasks import TaskChannel

if TYPE_CHECKING:
    from touchpoint.channels.answers import answers
    from touchpoint.channels.apprise import AppriseChannel
    from touchpoint.channels.question_cases import questions
    from touchpoint.channels.replies import reply_to
    from touchpoint.channels.segments import Segments
    from touchpoint.channels.signatures import ReplayGuard, WebhookSecrets
    from touchpoint.channels.smtp import SmtpChannel, SmtpServer
    from touchpoint.channels.unsubscribe import AskFirst, OneClick, Unsubscribe, UnsubscribeLink
    from touchpoint.channels.webhook import WebhookChannel

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
    "AppriseChannel",
    "AskFirst",
    "AsyncAdapter",
    "BaseAdapter",
    "Cancels",
    "Capabilities",
    "Checks",
    "Clicked",
    "Closes",
    "Complained",
    "ConsoleChannel",
    "Failure",
    "FailureCode",
    "FunctionChannel",
    "InvalidAddress",
    "LooksUp",
    "MemoryChannel",
    "OneClick",
    "OptedOut",
    "Outcome",
    "Preflight",
    "Rate",
    "Receipt",
    "Received",
    "Receives",
    "RecordingChannel",
    "Refused",
    "Remedy",
    "RenderedMessage",
    "ReplayGuard",
    "Replied",
    "Scope",
    "Segments",
    "SendRequest",
    "SmtpChannel",
    "SmtpServer",
    "TaskChannel",
    "TaskDone",
    "Unsubscribe",
    "UnsubscribeLink",
    "WebhookChannel",
    "WebhookRequest",
    "WebhookSecrets",
    "answers",
    "backoff",
    "channel",
    "clean_subject",
    "default_address_kind",
    "judge",
    "normalise_address",
    "questions",
    "redact",
    "reply_to",
]

_FROM = {
    "apprise": ("AppriseChannel",),
    "answers": ("answers",),
    "question_cases": ("questions",),
    "replies": ("reply_to",),
    "segments": ("Segments",),
    "signatures": ("ReplayGuard", "WebhookSecrets"),
    "smtp": ("SmtpChannel", "SmtpServer"),
    "unsubscribe": ("AskFirst", "OneClick", "Unsubscribe", "UnsubscribeLink"),
    "webhook": ("WebhookChannel",),
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
