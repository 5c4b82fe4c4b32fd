"""What comes back from channels, in one shape for all of them (S6.9): pass it to `Engine.apply`.

Each becomes a touchpoint on the customer's timeline, about the message it belongs to where that is known. A message is
named by its own key (`about`), or by the provider's reference of it on a channel (`channel` and `ref`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, get_args

import attrs

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.delivery import FailureCode

REPLIED: Final = "replied"
CLICKED: Final = "clicked"
OPENED: Final = "opened"
COMPLAINED: Final = "complained"
OPTED_OUT: Final = "opted_out"
TASK_COMPLETED: Final = "task_completed"
TASK_DECLINED: Final = "task_declined"

ReceiptState = Literal["delivered", "bounced", "failed", "opened"]
RECEIPT_STATES: Final = get_args(ReceiptState)


@attrs.frozen
class Replied:
    """A customer wrote back. A word such as STOP, and nothing else, acts at once (S7.3).

    Args:
        customer: the host's own id; None where only the address is known: then whoever has it, and each of them if
            several share it and no message is named.
        channel: on which it came.
        text: what they wrote.
        address: from which it came; the customer's own for that channel unless given.
        about: the key of the message it answers, where that is known.
        id: of the provider, unique for the customer; the same one counts once.
        at: when it was written; aware. Now unless given.
        ref: the provider's reference of the message it answers, where that is known.
    """

    customer: str | None = attrs.field(repr=False)
    channel: str
    text: str = attrs.field(repr=False)
    address: str | None = attrs.field(default=None, repr=False)
    about: str | None = attrs.field(default=None, repr=False)
    id: str | None = attrs.field(default=None, repr=False)
    at: datetime | None = None
    ref: str | None = attrs.field(default=None, kw_only=True, repr=False)


@attrs.frozen
class Clicked:
    """A customer followed a link in a message.

    Args:
        about: the message's key.
        link: which.
        id: of the provider; the same one counts once.
        at: when it happened; aware. Now unless given.
        channel: with `ref`, where the message's key is not known.
        ref: the provider's reference of it.
        machine: a program has followed it, such as one that looks for harmful links: it proves delivery, and nothing
            more.
    """

    about: str | None = attrs.field(default=None, repr=False)
    link: str = attrs.field(default="", repr=False)
    id: str | None = attrs.field(default=None, repr=False)
    at: datetime | None = None
    channel: str | None = attrs.field(default=None, kw_only=True)
    ref: str | None = attrs.field(default=None, kw_only=True, repr=False)
    machine: bool = attrs.field(default=False, kw_only=True, repr=False)


def _code(value: FailureCode | str | None) -> FailureCode | None:
    if value is None:
        return None
    try:
        return FailureCode(value)
    except ValueError:
        raise UnknownName("failure code", str(value), [code.value for code in FailureCode]) from None


@attrs.frozen
class Receipt:
    """A provider tells what became of a message that it accepted.

    Args:
        about: the message's key.
        state: where it is now. States only move forward: `delivered` after `opened` changes nothing.
        id: of the provider; the same one counts once.
        at: when it happened; aware. Now unless given.
        code: why it bounced or failed. The address is suppressed, or an opt-out recorded, as `REMEDIES` says of it.
        channel: with `ref`, where the message's key is not known.
        ref: the provider's reference of it.
        machine: of one `opened`, that a program has opened it, such as a mail service that fetches pictures before
            anybody looks: it proves delivery, and nothing more.
    """

    about: str | None = attrs.field(default=None, repr=False)
    state: ReceiptState = "delivered"
    id: str | None = attrs.field(default=None, repr=False)
    at: datetime | None = None
    code: FailureCode | None = attrs.field(default=None, kw_only=True, converter=_code)
    channel: str | None = attrs.field(default=None, kw_only=True)
    ref: str | None = attrs.field(default=None, kw_only=True, repr=False)
    machine: bool = attrs.field(default=False, kw_only=True, repr=False)


@attrs.frozen
class Complained:
    """A customer called a message spam: the address gets nothing more on that channel, as if they had replied STOP.

    Args:
        about: the message's key.
        id: the same one counts once.
        at: when they did; aware. Now unless given.
        channel: with `ref` or `address`, where the message's key is not known.
        ref: the provider's reference of the message.
        address: which complained, where the provider tells no message.
    """

    about: str | None = attrs.field(default=None, repr=False)
    id: str | None = attrs.field(default=None, repr=False)
    at: datetime | None = None
    channel: str | None = attrs.field(default=None, kw_only=True)
    ref: str | None = attrs.field(default=None, kw_only=True, repr=False)
    address: str | None = attrs.field(default=None, kw_only=True, repr=False)


@attrs.frozen
class OptedOut:
    """A customer wants nothing more, said at the provider or by one click (RFC 8058).

    Args:
        channel: on which.
        about: the key of the message in which they said so, where that is known.
        address: which wants nothing more; the message's unless given.
        purpose: a kind of message or topic; `*` for everything.
        id: the same one counts once.
        at: when it was said; aware. Now unless given.
        ref: the provider's reference of the message.
    """

    channel: str
    about: str | None = attrs.field(default=None, repr=False)
    address: str | None = attrs.field(default=None, kw_only=True, repr=False)
    purpose: str = attrs.field(default="*", kw_only=True)
    id: str | None = attrs.field(default=None, kw_only=True)
    at: datetime | None = attrs.field(default=None, kw_only=True)
    ref: str | None = attrs.field(default=None, kw_only=True, repr=False)


@attrs.frozen
class TaskDone:
    """A person did what a message asked of them, such as a call; `about` is the message's key.

    Args:
        about: the message's key.
        outcome: such as `reached`; None where they declined.
        reason: why they declined.
        id: the same one counts once.
        at: when it was done; aware. Now unless given.
    """

    about: str = attrs.field(repr=False)
    outcome: str | None
    reason: str = attrs.field(default="", repr=False)
    id: str | None = attrs.field(default=None, repr=False)
    at: datetime | None = None


Inbound = Replied | Clicked | Receipt | Complained | OptedOut | TaskDone
"""What `Engine.apply` takes."""


def _bytes(_: object, __: object, value: object) -> None:
    if not isinstance(value, bytes):
        raise InvalidInput(
            f"WebhookRequest(body=) takes the raw bytes as they came, not {type(value).__name__}: a signature covers "
            "those, and a body that was parsed and written again is another one"
        )


def _upper(method: str) -> str:
    return method.upper()


def _lower(headers: Mapping[str, str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for given, value in headers.items():
        name, text = _header(given).lower(), _header(value)
        # One that came twice is one list (RFC 9110, section 5.3): nobody may hide the second behind the first.
        found[name] = f"{found[name]}, {text}" if name in found else text
    return MappingProxyType(found)


def _header(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


@attrs.frozen
class WebhookRequest:
    """One request of a provider, as the host's web framework got it.

    Args:
        body: the raw bytes.
        headers: any mapping; names are kept in lower case.
        method: such as `POST`.
        query: the URL's parameters.

    Raises:
        InvalidInput: the body is not bytes.
    """

    body: bytes = attrs.field(default=b"", repr=False, validator=_bytes)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False, converter=_lower)
    method: str = attrs.field(default="POST", converter=_upper)
    query: Mapping[str, str] = attrs.field(factory=dict, repr=False)


def _events(value: Iterable[Inbound]) -> tuple[Inbound, ...]:
    return tuple(value)


@attrs.frozen
class Received:
    """What an adapter made of a request.

    Args:
        events: in the order in which they happened.
        status, body, headers: the answer that the provider expects, such as a challenge repeated.
    """

    events: Sequence[Inbound] = attrs.field(default=(), repr=False, converter=_events)
    status: int = 200
    body: bytes = attrs.field(default=b"", repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
