"""The port: what the engine needs of a channel, and what most adapters share.

An adapter is any object with the four members of `Adapter`. Constructing one does no I/O and starts no thread.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

from touchpoint.channels.inbound import Received, WebhookRequest
from touchpoint.errors import InvalidAddress
from touchpoint.model.delivery import (
    ADDRESS_KINDS,
    ANY_ADDRESS,
    Accepted,
    Address,
    Ambiguous,
    Capabilities,
    Failure,
    FailureCode,
    Outcome,
    Preflight,
    Rate,
    Refused,
    RenderedMessage,
    Scope,
    SendRequest,
    clean_subject,
    default_address_kind,
    judge,
    redact,
)
from touchpoint.model.remedy import MAX_ATTEMPTS, REMEDIES, Action, Remedy, backoff

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
    "AsyncAdapter",
    "BaseAdapter",
    "Cancels",
    "Capabilities",
    "Checks",
    "Closes",
    "Failure",
    "FailureCode",
    "InvalidAddress",
    "LooksUp",
    "Outcome",
    "Preflight",
    "Rate",
    "Receives",
    "Refused",
    "Remedy",
    "RenderedMessage",
    "Scope",
    "SendRequest",
    "backoff",
    "clean_subject",
    "default_address_kind",
    "judge",
    "normalise_address",
    "redact",
]


@runtime_checkable
class Adapter(Protocol):
    """What the engine needs of a channel."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do; the same at every call."""
        ...

    def normalise(self, raw: str, *, region: str | None = None) -> Address:
        """An address as people write it, in the one form that compares; `region` (ISO 3166) is for national forms.

        Raises:
            InvalidAddress: it cannot be used here. The message must not repeat it.
        """
        ...

    def preflight(self, message: RenderedMessage, to: Address | None = None) -> Preflight:
        """What sending this would take, and what stands against it. No I/O."""
        ...

    def send(self, request: SendRequest) -> Outcome:
        """Hand it over, within `request.deadline`. Whatever it does but return an outcome counts as ambiguous."""
        ...


@runtime_checkable
class AsyncAdapter(Protocol):
    """An `Adapter` whose `send` is a coroutine function; for `AsyncEngine`, which awaits many at once."""

    @property
    def capabilities(self) -> Capabilities:
        """As for `Adapter`."""
        ...

    def normalise(self, raw: str, *, region: str | None = None) -> Address:
        """As for `Adapter`."""
        ...

    def preflight(self, message: RenderedMessage, to: Address | None = None) -> Preflight:
        """As for `Adapter`."""
        ...

    async def send(self, request: SendRequest) -> Outcome:
        """As for `Adapter`. It is cancelled when `request.deadline` is over, and counts as ambiguous then."""
        ...


# What an adapter may be able to do besides. Each goes with a member of `Capabilities`, which says that it can.


@runtime_checkable
class Receives(Protocol):
    """An adapter that understands the webhooks of its provider; `Capabilities(inbound=True)`."""

    def receive(self, request: WebhookRequest) -> Received:
        """What a request of the provider tells, after its signature was verified over the raw body. No I/O.

        Events that it does not know are left out. Identities are the provider's and stable: a request that is repeated
        tells the same.

        Raises:
            WebhookRejected: it cannot be trusted or read; nothing of it is used.
        """
        ...


@runtime_checkable
class LooksUp(Protocol):
    """An adapter that can ask its provider what became of a send; `Capabilities(lookup=True)`."""

    def lookup(self, key: str) -> Outcome | None:
        """What became of the hand-over under this key; None where the provider has never seen it."""
        ...


@runtime_checkable
class Cancels(Protocol):
    """An adapter that can take back what its provider has not sent yet; `Capabilities(cancel=True)`."""

    def cancel(self, ref: str) -> bool:
        """Take back what was accepted under this reference. Whether that is certain."""
        ...


@runtime_checkable
class Checks(Protocol):
    """An adapter that can try whether it is set up, without sending anything."""

    def check(self) -> Sequence[Failure]:
        """What stands against sending as it is set up: credentials, sender, reachability. Sends nothing."""
        ...


@runtime_checkable
class Closes(Protocol):
    """An adapter that holds something open."""

    def close(self) -> None:
        """Let go of it. Once more does nothing."""
        ...


class BaseAdapter:
    """The members of an `Adapter` that are alike for most channels: only `send` is missing.

    Args:
        capabilities: what the channel can do.
        address: the kind of address it takes, `default_address_kind` of its name unless given.
    """

    def __init__(self, capabilities: Capabilities, address: str | None = None) -> None:
        self._capabilities = capabilities
        self._address_kind = address or default_address_kind(capabilities.channel)

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._capabilities

    def normalise(self, raw: str, *, region: str | None = None) -> Address:  # noqa: ARG002 - national forms are refused
        """See `normalise_address`."""
        return normalise_address(self._address_kind, raw)

    def preflight(self, message: RenderedMessage, to: Address | None = None) -> Preflight:  # noqa: ARG002 - part of the port
        """One unit, and nothing against it."""
        return _NO_PROBLEM


_NO_PROBLEM: Final = Preflight()


def normalise_address(kind: str, raw: str) -> Address:
    """An address as people write it, in the one form that compares.

    `email`: trimmed, the domain in lower case (the part before the @ is the provider's business). `phone`: E.164, that
    is + and 8 to 15 digits, without spaces, dashes, dots, slashes and parentheses. Every other kind: trimmed.

    Raises:
        InvalidAddress: not text, empty, or not of that form. The message does not repeat it.
    """
    return Address(kind, _NORMALISERS.get(kind, str)(trimmed(kind, raw)))


def trimmed(kind: str, raw: object) -> str:
    """An address without the spaces around it. Raises InvalidAddress: not text, empty, or with a NUL in it."""
    if not isinstance(raw, str):
        raise InvalidAddress(f"an address of kind {kind} is text, not {type(raw).__name__}")
    text = raw.strip()
    if not text:
        raise InvalidAddress(f"an address of kind {kind} is empty")
    if "\0" in text:
        raise InvalidAddress("an address holds a NUL character; hand it in as text")
    return text


# Nothing that could end a header or stand for several addresses; quoted local parts are refused, as most providers do.
_LOCAL: Final = re.compile(r"""[^\s@<>()\[\],;:\\"]{1,64}""")
_LABEL: Final = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_PHONE_PUNCTUATION: Final = re.compile(r"[\s().\-/\u2010-\u2015]+")
_TRUNK_ZERO: Final = re.compile(r"\(\s*0\s*\)")
_E164: Final = re.compile(r"\+[1-9][0-9]{7,14}")


def _email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not text.isprintable() or len(text) > 254:
        raise InvalidAddress("an e-mail address is one name@domain, without spaces, brackets or a display name")
    labels = domain.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise InvalidAddress("the domain of an e-mail address has at least two parts, as in example.com")
    return f"{local}@{domain.lower()}"


def _phone(text: str) -> str:
    if _TRUNK_ZERO.search(text):
        raise InvalidAddress("a phone number is written without the (0) that is only dialled inside its country")
    digits = _PHONE_PUNCTUATION.sub("", text)
    if not _E164.fullmatch(digits):
        raise InvalidAddress("a phone number is +, the country code and the number: 8 to 15 digits in all")
    return digits


_NORMALISERS: Final[Mapping[str, Callable[[str], str]]] = {"email": _email, "phone": _phone}
