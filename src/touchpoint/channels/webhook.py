"""A channel that is a service of the host's own: each message is posted to it as signed JSON.

The service does the sending, and may post back what became of it, signed alike (Standard Webhooks 1.0).

What is posted:

    {"type": "message.send", "key": "…", "channel": "sms",
     "to": {"kind": "phone", "address": "+44…"},
     "message": {"name": "…", "kind": "…", "subject": null, "text": "…", "html": null, "locale": null},
     "headers": {}}

and, where it answers in a conversation, `"reply_to": "…", "reaction": null`,

with the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, and `Idempotency-Key`, which is the key. An
answer of 2xx means that the service has it; `{"id": "…", "units": 1}` in it is kept. An answer of 4xx or 503 means that
it has done nothing, and never will; of 4xx, `{"code": "address_invalid"}` says more than the status can.
"""

import json
import re
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.parse import urlsplit

from touchpoint.channels._net import Deadline, DeadlineSocket, connect, is_loopback, unreached
from touchpoint.channels.base import BaseAdapter, default_address_kind
from touchpoint.channels.inbound import (
    Clicked,
    Complained,
    Inbound,
    OptedOut,
    Receipt,
    ReceiptState,
    Received,
    Replied,
    WebhookRequest,
)
from touchpoint.channels.signatures import WebhookSecrets
from touchpoint.clock import Clock, SystemClock
from touchpoint.errors import InvalidInput, WebhookRejected
from touchpoint.model.delivery import (
    Accepted,
    Address,
    Ambiguous,
    Capabilities,
    Failure,
    FailureCode,
    Outcome,
    Preflight,
    Refused,
    RenderedMessage,
    SendRequest,
)

_OURS: Final = FailureCode.SENDER_MISCONFIGURED
_CONTENT: Final = FailureCode.CONTENT_REJECTED
_SLOWER: Final = FailureCode.THROTTLED

STATUSES: Final[Mapping[int, FailureCode]] = {
    400: _CONTENT,
    401: _OURS,
    402: FailureCode.BUDGET_EXHAUSTED,
    403: _OURS,
    404: _OURS,
    405: _OURS,
    406: _OURS,
    408: _SLOWER,
    410: _OURS,
    411: _OURS,
    413: _CONTENT,
    415: _OURS,
    421: _OURS,
    422: _CONTENT,
    425: _SLOWER,
    426: _OURS,
    429: _SLOWER,
    431: _OURS,
    451: FailureCode.REGION_FORBIDDEN,
    501: _OURS,
    503: FailureCode.PROVIDER_UNAVAILABLE,
    505: _OURS,
}
"""What an answer means, by its status. Of any other 5xx, and of 409, nobody knows what was done before it."""

_RECEIPTS: Final[Mapping[str, ReceiptState]] = {
    "message.delivered": "delivered",
    "message.bounced": "bounced",
    "message.failed": "failed",
    "message.opened": "opened",
}
_OF_ADDRESSES: Final = frozenset({"message.complained", "message.opted_out"})
_EVENTS: Final = frozenset({*_RECEIPTS, *_OF_ADDRESSES, "message.clicked", "message.replied"})
_LONGEST_ANSWER: Final = 65_536
_LONGEST_EVENT: Final = 262_144
_CHECK_SECONDS: Final = 30.0
_VISIBLE: Final = re.compile(r"[!-~]+")
_KEY: Final = re.compile(r"[!-~]{1,200}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class WebhookChannel(BaseAdapter):
    """Posts each message to one URL. May be used by several threads; every call has a connection of its own.

    The host names the URL, and nothing in messages, data or answers changes it: no redirect is followed, and no proxy
    of the environment is used. Where the name leads to is looked up at each call, so do not let strangers choose it.

    Args:
        name: the channel's, as messages and policies refer to it.
        url: `https://…`, or `http://` on this machine alone.
        secrets: `whsec_…`, or `WebhookSecrets` of several, with which messages are signed and answers verified.
        address: the kind of address it takes; `default_address_kind(name)` unless given.
        remembers_keys_for: how long the service remembers the key, and answers a repeated one without sending again.
            None unless given: then a message whose fate is unknown is never repeated.
        receipts: the service posts back what became of messages; hand that to `receive`.
        replies: the service answers within a conversation where `reply_to` names a message of the customer.
        reactions: it reacts to that message where there is a `reaction`.
        context: for TLS; `ssl.create_default_context()` unless given, which checks certificate and name.
        clock: for signatures; the machine's unless given.

    Raises:
        InvalidInput: one of these is not acceptable. The message does not repeat URL or secret.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and all but three are options
        self,
        name: str,
        url: str,
        secrets: WebhookSecrets | str,
        *,
        address: str | None = None,
        remembers_keys_for: timedelta | None = None,
        receipts: bool = False,
        replies: bool = False,
        reactions: bool = False,
        context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        kind = address or default_address_kind(name)
        capabilities = Capabilities(
            name, frozenset({kind}), remembers_keys_for=remembers_keys_for, thread_safe=True, receipts=receipts,
            inbound=True, unsubscribe=True, replies=replies, reactions=reactions,
        )  # fmt: skip
        super().__init__(capabilities, kind)
        self._secure, self._host, self._port, self._target = _parsed(url)
        self._secrets = secrets if isinstance(secrets, WebhookSecrets) else WebhookSecrets(secrets)
        self._context = context
        self._clock = clock or SystemClock()

    def preflight(self, message: RenderedMessage, to: Address | None = None) -> Preflight:  # noqa: ARG002 - see the port
        """One unit. Half a surrogate pair cannot be written in JSON that others read."""
        if _is_text(message):
            return Preflight()
        return Preflight(problems=[Failure(_CONTENT, "half a surrogate pair in the words")])

    def send(self, request: SendRequest) -> Outcome:
        """Post it once.

        Refused is certain: no connection, not all of it sent, or an answer of 3xx, 4xx or 503. An answer of another
        5xx, or none after all was sent, is `Ambiguous`.
        """
        if not _is_text(request.message):
            return Refused(_CONTENT, detail="half a surrogate pair in the words")
        if not _KEY.fullmatch(request.key):
            return Refused(FailureCode.UNKNOWN, detail="the key is not 1 to 200 characters of visible ASCII")
        deadline = Deadline.of(request)
        head, body = self._written(request)
        try:
            connection = self._connect(deadline)
        except OSError as error:
            return unreached(error, "the service")
        try:
            return self._exchange(connection, head, body)
        finally:
            connection.close()

    def receive(self, request: WebhookRequest) -> Received:
        """What the service posts back of a message, once its signature is verified: one event, or none.

            {"type": "message.delivered", "key": "…", "at": "2026-03-02T10:00:00Z"}

        `type` is `message.delivered`, `.bounced`, `.failed` (both may have a `code`), `.opened`, `.clicked` (with
        `link`; both with `"machine": true` where no person did it), `.complained`, `.opted_out` or `.replied` (with
        `text`, and `customer` or `address`); others tell nothing. `key` is the message's, or `ref` the id with which
        the service answered; complaints and opt-outs may have an `address` instead. `at` is optional.

        Raises:
            WebhookRejected: not signed by who has the secret, or not of this form; nothing of it is used.
        """
        webhook_id = self._secrets.verify(request.headers, request.body, now=self._clock.now())
        told = _object(request.body[: _LONGEST_EVENT + 1])
        if told is None or len(request.body) > _LONGEST_EVENT:
            raise WebhookRejected(f"the body is a JSON object of at most {_LONGEST_EVENT} bytes")
        event = _event(told, self.capabilities.channel, webhook_id)
        return Received() if event is None else Received([event])

    def check(self) -> Sequence[Failure]:
        """Whether somebody listens there, with the right certificate. Posts nothing."""
        try:
            self._connect(Deadline(_CHECK_SECONDS)).close()
        except OSError as error:
            outcome = unreached(error, "the service")
            return [Failure(outcome.code, outcome.detail)]
        return []

    def __repr__(self) -> str:
        return f"<WebhookChannel {self.capabilities.channel!r} to {self._host}:{self._port}>"

    def _connect(self, deadline: Deadline) -> DeadlineSocket:
        if self._secure and self._context is None:
            self._context = ssl.create_default_context()
        return connect(self._host, self._port, deadline, self._context if self._secure else None)

    def _written(self, request: SendRequest) -> tuple[bytes, bytes]:
        body = _body(request)
        webhook_id = f"msg_{sha256(request.key.encode('ascii')).hexdigest()[:32]}"
        usual = 443 if self._secure else 80
        host = f"[{self._host}]" if ":" in self._host else self._host
        fields = {
            "Host": host if self._port == usual else f"{host}:{self._port}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            "User-Agent": "touchpoint",
            "Idempotency-Key": request.key,
            **self._secrets.sign(webhook_id, self._clock.now(), body),
        }
        lines = [f"POST {self._target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode("ascii"), body

    def _exchange(self, connection: DeadlineSocket, head: bytes, body: bytes) -> Outcome:
        try:
            connection.sendall(head)
            connection.sendall(body)
        except OSError as error:
            # Without its end nobody can verify it. A service that has heard enough may have said why.
            answer = None if isinstance(error, TimeoutError) else self._answer(connection)
            certain = isinstance(answer, Refused)
            return answer if certain and answer is not None else unreached(error, "the service")
        return self._answer(connection)

    def _answer(self, connection: DeadlineSocket) -> Outcome:
        try:
            response = HTTPResponse(connection, method="POST")  # type: ignore[arg-type]  # needs nothing but makefile
            response.begin()
        except (OSError, HTTPException, ValueError) as error:
            return Ambiguous(f"no answer of HTTP after all was sent: {type(error).__name__}")
        try:
            told = _object(response.read(_LONGEST_ANSWER))
        except (OSError, HTTPException, ValueError):
            told = None  # the status has come, and says enough
        return _outcome(response, told or {}, self._clock.now())


def _outcome(response: HTTPResponse, told: Mapping[str, Any], now: datetime) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        return Accepted(_short(told.get("id")), told.get("units", 1))
    code = _OURS if 300 <= status < 400 else STATUSES.get(status)
    if code is None and (status < 400 or status >= 500 or status == 409):
        return Ambiguous(f"the service answered {status}, which does not say what it has done")
    said = _short(told.get("code")) if 400 <= status < 500 else None
    if said in _CODES:
        code = FailureCode(said)
    throttled = code is _SLOWER
    return Refused(
        code or FailureCode.UNKNOWN,
        provider_code=str(status) if said is None else f"{status} {said}",
        retry_after=_retry_after(response.getheader("Retry-After"), now),
        scope="account" if throttled else None,
        detail=f"the service answered {status}",
    )


_CODES: Final = frozenset(each.value for each in FailureCode)


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Retry-After as a length of time: seconds, or a date (RFC 9110, 10.2.3). None for neither."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return timedelta(seconds=int(value))
    try:
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return max(at - now, timedelta(0))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _body(request: SendRequest) -> bytes:
    message = request.message
    told: dict[str, object] = {
        "type": "message.send",
        "key": request.key,
        "channel": request.channel,
        "to": {"kind": request.to.kind, "address": request.to.key},
        "message": {
            "name": message.name,
            "kind": message.kind,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "locale": message.locale,
        },
        "headers": dict(request.headers),
    }
    if request.reply_to is not None:
        told |= {"reply_to": request.reply_to, "reaction": request.reaction}
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def _is_text(message: RenderedMessage) -> bool:
    try:
        for each in (message.subject, message.text, message.html):
            (each or "").encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _parsed(url: object) -> tuple[bool, str, int, str]:
    """(TLS, host, port, target) of a URL. Raises InvalidInput, without repeating it: it may hold a secret."""
    wrong = InvalidInput(
        "url= is 'https://host/path', or 'http://' on this machine alone; without a user, a password or a fragment"
    )
    if not isinstance(url, str) or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise wrong
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    secure = parts.scheme == "https"
    if not host or "@" in parts.netloc or "#" in url or port == 0 or parts.scheme not in ("http", "https"):
        raise wrong
    if not secure and not is_loopback(host):
        raise wrong
    return (
        secure,
        host,
        port or (443 if secure else 80),
        (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def _object(body: bytes) -> dict[str, Any] | None:
    """A JSON object, or None."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _short(value: object) -> str | None:
    """A reference or a code as text; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value) if isinstance(value, str) or abs(value) < 10**40 else ""
    return text if text and len(text) <= 200 and text.isprintable() else None


def _event(told: Mapping[str, Any], channel: str, webhook_id: str) -> Inbound | None:
    kind, at = told.get("type"), _at(told.get("at"))
    if not isinstance(kind, str) or kind not in _EVENTS:
        return None
    key, ref, address = (_short(told.get(name)) for name in ("key", "ref", "address"))
    if kind == "message.replied":
        customer = _short(told.get("customer"))
        if customer is None and address is None:
            raise WebhookRejected("a reply says who wrote it: the customer, or the address")
        return Replied(customer, channel, _text(told.get("text")), address, key, webhook_id, at, ref=ref)
    if key is None and ref is None and (address is None or kind not in _OF_ADDRESSES):
        raise WebhookRejected("an event says what it is about: the key of the message, or ref")
    match kind:
        case "message.complained":
            return Complained(key, webhook_id, at, channel=channel, ref=ref, address=address)
        case "message.opted_out":
            return OptedOut(channel, key, address=address, id=webhook_id, at=at, ref=ref)
        case "message.clicked":
            link = _short(told.get("link")) or ""
            return Clicked(key, link, webhook_id, at, channel=channel, ref=ref, machine=_by_machine(told))
    state = _RECEIPTS[kind]
    machine = state == "opened" and _by_machine(told)
    return Receipt(key, state, webhook_id, at, code=_meant(told), channel=channel, ref=ref, machine=machine)


def _by_machine(told: Mapping[str, Any]) -> bool:
    return told.get("machine") is True


def _meant(told: Mapping[str, Any]) -> FailureCode | None:
    code = _short(told.get("code"))
    if code is None:
        return None
    return FailureCode(code) if code in _CODES else FailureCode.UNKNOWN


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise WebhookRejected("a reply has a text")
    return value


def _at(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise WebhookRejected("at is a time with its zone, such as 2026-03-02T10:00:00Z")
    return at
