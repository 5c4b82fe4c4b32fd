"""Handing a message to the outside world: what an adapter is asked, and what it may answer (S6.8).

Three answers exist. `Accepted`: the provider has it. `Refused`: it is certain that the customer did not get it.
`Ambiguous`: nobody knows. Everything else that an adapter does counts as ambiguous.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal, TypeAlias, get_args

import attrs

from touchpoint.errors import InvalidInput, UnknownName

ANY_ADDRESS: Final = "*"
"""In `Capabilities.address_kinds`: the adapter takes every kind of address."""

ADDRESS_KINDS: Final[Mapping[str, str]] = {
    "email": "email",
    "sms": "phone",
    "whatsapp": "phone",
    "call": "phone",
    "push": "push",
    "chat": "chat",
    "post": "postal",
    "console": "console",
}
"""The kind of address that a channel of this name uses unless it says otherwise."""

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NAME: Final = re.compile(r"\S+")


def default_address_kind(channel: str) -> str:
    """The kind of address for a channel of this name: `sms` uses `phone`; an unknown name uses its own."""
    return ADDRESS_KINDS.get(channel, channel)


def takes(kinds: Collection[str], kind: str) -> bool:
    """Whether a channel that takes these kinds of address takes this one."""
    return kind in kinds or ANY_ADDRESS in kinds


OPTED_OUT: Final = "opted out"


def opt_out_of(channel: str, kind: str) -> str:
    """The name under which it is kept that an address of this kind wants nothing more on a channel (S7.3)."""
    return f"{kind} on {channel}"


def kind_of(name: str) -> str:
    """The kind of address that a name of a standing is about: its own, or of an opt-out on a channel."""
    return name.partition(" on ")[0]


def formerly(kind: str) -> str:
    """The name under which it is kept whose address one was that they have no more: so that erasing finds it."""
    return f"former {kind}"


def clean_subject(subject: str | None) -> str | None:
    """The subject as one line: each run of line breaks and other control characters becomes one space.

    A line break in a looked-up value would otherwise let data add headers to a mail.
    """
    if subject is None or (subject.isprintable() and subject.isascii() and subject == subject.strip()):
        return subject
    return _UNPRINTABLE.sub(" ", subject).strip()


def redact(kind: str, key: str) -> str:
    """What may be shown of an address: `j…@example.com`, `+155…00`, `ab…yz`."""
    if kind == "email":
        local, _, domain = key.rpartition("@")
        return f"{local[:1] if len(local) > 1 else ''}…@{domain}" if domain and local else "…"
    if kind == "phone":
        return f"{key[:4]}…{key[-2:]}" if len(key) >= 8 else "…"
    return f"{key[:2]}…{key[-2:]}" if len(key) >= 12 else "…"


@attrs.frozen
class Address:
    """Where one person can be reached on some channels.

    Args:
        kind: `email`, `phone`, `postal`, `push`, … or the host's own.
        key: the normalised form: two spellings of one address have the same key. Never shown.
        display: what may be shown of it; `redact(kind, key)` unless given.
    """

    kind: str
    key: str = attrs.field(repr=False)
    display: str = attrs.field(default=attrs.Factory(lambda self: redact(self.kind, self.key), takes_self=True))


def _kinds(value: Iterable[str]) -> frozenset[str]:
    kinds = frozenset((value,) if isinstance(value, str) else value)
    if not kinds:
        raise InvalidInput(
            "Capabilities(address_kinds=) is empty, so the channel could reach nobody; name at least one"
        )
    return kinds


def _channel_name(_: object, __: object, value: str) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InvalidInput(f"a channel's name is a word such as 'email', not {value!r}")


def _memory(_: object, __: object, value: timedelta | None) -> None:
    if value is None or (isinstance(value, timedelta) and value > timedelta(0)):
        return
    raise InvalidInput(
        "remembers_keys_for takes how long the provider remembers a key, as in hours(24), or None if it does not"
    )


Scope = Literal["account", "sender", "recipient", "destination"]
"""What a limit of speed is about: all that goes through the account, from one sender, to one recipient, or to one
destination (a mail domain, a country)."""
SCOPES: Final = get_args(Scope)


def _positive(_: object, attribute: "attrs.Attribute[timedelta]", value: timedelta) -> None:
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise InvalidInput(f"{attribute.name}= takes a positive length of time such as seconds(1)")


def _at_least_one(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidInput(f"{attribute.name}= takes a whole number from 1 on")


def _scope(_: object, __: object, value: str | None) -> None:
    if value is not None and value not in SCOPES:
        raise UnknownName("scope", str(value), SCOPES)


@attrs.frozen
class Rate:
    """How fast a provider takes messages: at most `n` in any `per`.

    Args:
        n: how many.
        per: elapsed time.
        by: what they are counted by.

    Raises:
        InvalidInput: not a whole number from 1 on, or not a positive length.
        UnknownName: no such scope.
    """

    n: int = attrs.field(validator=_at_least_one)
    per: timedelta = attrs.field(validator=_positive, kw_only=True)
    by: Scope = attrs.field(default="account", validator=_scope, kw_only=True)


_RECEIPTS_WITHIN: Final = timedelta(days=3)


@attrs.frozen
class Capabilities:
    """What an adapter can do.

    Args:
        channel: its name, as messages and policies refer to it.
        address_kinds: the kinds of address it takes; `ANY_ADDRESS` among them means every kind.
        remembers_keys_for: how long its provider remembers a request's key and answers a repeated one without sending
            again. No default, because a wrong guess sends twice: None means that an uncertain send is never repeated.
        unit: what `Preflight.units` and `Accepted.units` count, such as `segment`.
        max_units: of one message; None for no bound.
        thread_safe: `send` may be called from several threads at once.
        receipts: delivery receipts come back for what it sent.
        receipts_within: how long after the hand-over a receipt is waited for; then the message's delivery is
            `no_receipt`. Three days unless given.
        recording: it reaches nobody; only such adapters may serve a store made for tests.
        human: what it accepts is the task of a person, who claims it, and completes or declines it.
        inbound: it understands webhooks of its provider (`receive`).
        lookup: it can ask its provider what became of an uncertain send (`lookup`).
        cancel: it can take back what its provider has accepted and not sent yet (`cancel`).
        rates: how fast its provider takes messages. What comes too soon waits, and uses up no attempt.
        unsubscribe: its messages carry headers, such as those of one-click unsubscribe (RFC 8058).
        replies: it can answer a message of the customer within their conversation (`SendRequest.reply_to`).
        reactions: it can react to a message of the customer with a sign (`SendRequest.reaction`).

    Raises:
        InvalidInput: a name that is not a word, no kinds, or a memory that is not a positive length.
    """

    channel: str = attrs.field(validator=_channel_name)
    address_kinds: frozenset[str] = attrs.field(converter=_kinds)
    remembers_keys_for: timedelta | None = attrs.field(validator=_memory, kw_only=True)
    unit: str = attrs.field(default="message", kw_only=True)
    max_units: int | None = attrs.field(default=None, kw_only=True)
    thread_safe: bool = attrs.field(default=False, kw_only=True)
    receipts: bool = attrs.field(default=False, kw_only=True)
    receipts_within: timedelta = attrs.field(default=_RECEIPTS_WITHIN, kw_only=True, validator=_positive)
    recording: bool = attrs.field(default=False, kw_only=True)
    human: bool = attrs.field(default=False, kw_only=True)
    inbound: bool = attrs.field(default=False, kw_only=True)
    lookup: bool = attrs.field(default=False, kw_only=True)
    cancel: bool = attrs.field(default=False, kw_only=True)
    rates: tuple[Rate, ...] = attrs.field(default=(), kw_only=True, converter=tuple)
    unsubscribe: bool = attrs.field(default=False, kw_only=True)
    replies: bool = attrs.field(default=False, kw_only=True)
    reactions: bool = attrs.field(default=False, kw_only=True)

    def takes(self, kind: str) -> bool:
        """Whether it can send to an address of this kind."""
        return kind in self.address_kinds or ANY_ADDRESS in self.address_kinds

    @property
    def repeat_within(self) -> timedelta | None:
        """How long (elapsed) after the first attempt an uncertain send may be repeated; None means never.

        Half of what the provider remembers (S6.8).
        """
        return None if self.remembers_keys_for is None else self.remembers_keys_for / 2


class FailureCode(StrEnum):
    """Why a provider refused. What follows from each is in `REMEDIES`."""

    ADDRESS_INVALID = "address_invalid"
    ADDRESS_UNREACHABLE = "address_unreachable"
    ADDRESS_INCAPABLE = "address_incapable"
    RECIPIENT_OPTED_OUT = "recipient_opted_out"
    CONTENT_REJECTED = "content_rejected"
    SESSION_CLOSED = "session_closed"
    REGION_FORBIDDEN = "region_forbidden"
    SENDER_MISCONFIGURED = "sender_misconfigured"
    BUDGET_EXHAUSTED = "budget_exhausted"
    THROTTLED = "throttled"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


def _code(value: FailureCode | str) -> FailureCode:
    try:
        return FailureCode(value)
    except ValueError:
        raise UnknownName("failure code", str(value), [code.value for code in FailureCode]) from None


@attrs.frozen
class Failure:
    """One reason why a message cannot go out as it is. `detail` is in the adapter's words, without personal data."""

    code: FailureCode = attrs.field(converter=_code)
    detail: str = ""


def _failures(value: Iterable[Failure]) -> tuple[Failure, ...]:
    return tuple(value)


@attrs.frozen
class Preflight:
    """What sending would take. `units` as `Capabilities.unit` says; without `problems` nothing stands against it."""

    units: int = 1
    problems: tuple[Failure, ...] = attrs.field(default=(), converter=_failures)

    @property
    def ok(self) -> bool:
        """Whether nothing stands against sending."""
        return not self.problems


@attrs.frozen
class RenderedMessage:
    """The finished words for one person. They are never shown in a repr.

    Args:
        name: the message's.
        kind: transactional, service, marketing, feedback, gift, or the host's own.
        subject: one line, whatever the data held (`clean_subject`); None where the content has none.
        text: the plain words; may be empty where there is HTML.
        html: the same in HTML, or None.
        locale: which of the message's contents it is made of, or None.
        wording: which of the message's wordings it is; None for its own content.
    """

    name: str
    kind: str = "service"
    subject: str | None = attrs.field(default=None, converter=clean_subject, repr=False)
    text: str = attrs.field(default="", repr=False)
    html: str | None = attrs.field(default=None, repr=False)
    locale: str | None = None
    wording: str | None = None


@attrs.frozen
class SendRequest:
    """One hand-over.

    Args:
        key: stable through every attempt of this message to this person. Pass it on as the idempotency key.
        to: an address that the adapter normalised.
        message: what to send.
        channel: the adapter's own name.
        deadline: elapsed time that the call may take; after that its answer is taken as ambiguous.
        attempt: starts at 1.
        headers: to be sent along where `Capabilities.unsubscribe` says that the channel has such things.
        reply_to: the id, as it was recorded, of the customer's message that this one answers in their conversation;
            only where `Capabilities.replies` or `reactions` says that the channel can.
        reaction: the sign to react with to that message, instead of writing one.
    """

    key: str = attrs.field(repr=False)
    to: Address
    message: RenderedMessage
    channel: str
    deadline: timedelta = timedelta(seconds=30)
    attempt: int = 1
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    reply_to: str | None = attrs.field(default=None, repr=False)
    reaction: str | None = None


def _ref(value: object) -> str | None:
    return None if value is None else str(value)


def _units(value: object) -> int:
    # An adapter that counts wrongly has still sent: raising here would turn an acceptance into doubt.
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 1


@attrs.frozen
class Accepted:
    """The provider took it. `ref` is the provider's own id (receipts carry it); `units` nonsense counts as 1."""

    ref: str | None = attrs.field(default=None, converter=_ref)
    units: int = attrs.field(default=1, converter=_units)


def _retry_after(_: object, __: object, value: timedelta | None) -> None:
    if value is not None and not isinstance(value, timedelta):
        raise InvalidInput(f"Refused(retry_after=) takes a timedelta such as seconds(30), not {type(value).__name__}")


@attrs.frozen
class Refused:
    """The customer certainly did not get it.

    Args:
        code: a `FailureCode` or its value.
        retry_after: elapsed time the provider asks us to stay away for.
        provider_code: the provider's own code, kept for the record.
        scope: what a THROTTLED is about: nothing more is handed over to that before `retry_after`. The message alone
            unless given.
        detail: the provider's words. Kept out of the repr, since they often repeat the address.

    Raises:
        UnknownName: no such failure code or scope.
        InvalidInput: `retry_after` is not a timedelta.
    """

    code: FailureCode = attrs.field(converter=_code)
    retry_after: timedelta | None = attrs.field(default=None, kw_only=True, validator=_retry_after)
    provider_code: str | None = attrs.field(default=None, kw_only=True, converter=_ref)
    scope: Scope | None = attrs.field(default=None, kw_only=True, validator=_scope)
    detail: str = attrs.field(default="", kw_only=True, repr=False)


@attrs.frozen
class Ambiguous:
    """Nobody knows whether it went out. `reason` is kept with the decision: no personal data."""

    reason: str = ""


Outcome: TypeAlias = Accepted | Refused | Ambiguous
"""What an adapter's `send` answers."""


NO_RECEIPT: Final = "no_receipt"
TASK_EXPIRED: Final = "task_expired"

_FORWARD: Final[Mapping[str, int]] = {
    "": 0, NO_RECEIPT: 1, "delivered": 2, "bounced": 3, "failed": 3, "opened": 4, "clicked": 5, "complained": 6,
}  # fmt: skip


def further(known: str, told: str) -> str:
    """How far a message has got after its hand-over, as things stand and one more thing is told (S6.9).

    It only moves forward: nothing told, `no_receipt`, `delivered`, `bounced` or `failed`, `opened`, `clicked`,
    `complained`. A provider that first says delivered and then bounced has the last word; one that says delivered after
    the customer has opened it tells nothing new.
    """
    return told if _FORWARD[told] > _FORWARD[known] else known


def judge(answer: object) -> Outcome:
    """What an adapter did, as one of the three outcomes.

    Pass what `send` returned, or the exception it raised. Whatever is not an outcome is ambiguous: the message may have
    gone out. The reason names a type, never a value, which could hold an address.
    """
    if isinstance(answer, (Accepted, Refused, Ambiguous)):
        return answer
    name = type(answer).__name__
    if isinstance(answer, BaseException):
        return Ambiguous(f"the adapter raised {name}")
    return Ambiguous(f"the adapter answered {name}; send() must return Accepted, Refused or Ambiguous")
