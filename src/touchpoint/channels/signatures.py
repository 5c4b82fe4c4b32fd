"""Webhooks that nobody can forge, alter or play again: Standard Webhooks 1.0, signed with HMAC-SHA256.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. What is signed is
`{webhook-id}.{webhook-timestamp}.{raw body}`; signatures are `v1,` and base64, several of them separated by spaces.
Nothing here reads a clock: `now` is an argument.
"""

import base64
import binascii
import hashlib
import hmac
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from touchpoint.durations import length, micros, minutes
from touchpoint.errors import InvalidInput, WebhookRejected

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

TOLERANCE: Final = minutes(5)
"""How far the time of a webhook may be from now, to either side, unless told otherwise."""

Headers = Mapping[str, object] | Iterable[tuple[object, object]]
"""What web frameworks call headers: a mapping, or pairs; names and values are str or bytes, a value may be a list."""

_PREFIX: Final = "whsec_"
_KEY_BYTES: Final = range(24, 64 + 1)
_SECRETS: Final = 8
_LONGEST_HEADER: Final = 4096
# Without a full stop, which could move the border between id, time and body.
_WEBHOOK_ID: Final = re.compile(r"[!-\-/-~]{1,256}")
_SECONDS: Final = re.compile(r"0|[1-9][0-9]{0,11}")
_SECOND: Final = 1_000_000


class WebhookSecrets:
    """The secrets that one sender and one receiver of webhooks share; never shown in a repr.

    Several of them are for a change of secrets without a gap: `sign` signs with each of them, and `verify` takes
    what was signed with any of them.

    Args:
        secrets: each `whsec_` and 24 to 64 bytes in base64; the prefix may be missing.

    Raises:
        InvalidInput: there is none, or more than 8, or one is not of that form. The message does not repeat it.
    """

    __slots__ = ("_keys",)

    def __init__(self, *secrets: str) -> None:
        if not 1 <= len(secrets) <= _SECRETS:
            raise InvalidInput(f"webhooks are signed with 1 to {_SECRETS} secrets, not {len(secrets)}")
        self._keys = tuple(dict.fromkeys(_key(secret, n) for n, secret in enumerate(secrets, 1)))

    def sign(self, webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The three headers that go with a webhook.

        Args:
            webhook_id: says which event this is; the same for each attempt at delivering it.
            at: when this attempt is made; aware.
            body: exactly the bytes that will be sent.

        Raises:
            InvalidInput: the id is empty, longer than 256 characters, or has a full stop or anything but visible ASCII
                in it; the time is naive or before 1970; the body is not bytes.
        """
        if not isinstance(webhook_id, str) or not _WEBHOOK_ID.fullmatch(webhook_id):
            raise InvalidInput("a webhook id is 1 to 256 visible ASCII characters without a full stop, which separates")
        seconds = _micros(at, "at") // _SECOND
        if seconds < 0:
            raise InvalidInput("at= is before 1970; a webhook is signed with the time of its delivery")
        timestamp, content = str(seconds), _raw(body)
        signatures = [_signature(key, webhook_id, timestamp, content).decode("ascii") for key in self._keys]
        return {ID: webhook_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signatures)}

    def verify(self, headers: Headers, body: bytes, *, now: datetime, tolerance: timedelta = TOLERANCE) -> str:
        """The id of a webhook that comes from whoever has one of the secrets, unaltered, and was sent just now.

        It may still be one that was delivered before: see `ReplayGuard`.

        Args:
            headers: of the request; upper and lower case do not matter.
            body: the bytes that came, before anybody parsed them.
            now: aware.
            tolerance: how far the webhook's time may be from `now`, to either side.

        Raises:
            WebhookRejected: anything is wrong with the request; `reason` says what.
            InvalidInput: the call is wrong: a body that is not bytes, a naive `now`, headers that are none.
        """
        content, at = _raw(body), _micros(now, "now")
        allowed = length(_positive(tolerance))
        values = _values(headers)
        webhook_id, timestamp, given = (_value(values, name) for name in (ID, TIMESTAMP, SIGNATURE))
        if not _WEBHOOK_ID.fullmatch(webhook_id):
            raise WebhookRejected(f"{ID} is not 1 to 256 visible ASCII characters without a full stop")
        if not _SECONDS.fullmatch(timestamp):
            raise WebhookRejected(f"{TIMESTAMP} is not a whole number of seconds since 1970")
        self._verify_signature(webhook_id, timestamp, content, given)
        # Last, so that nobody without a secret can ask how our clock stands.
        if abs(at - int(timestamp) * _SECOND) > allowed:
            raise WebhookRejected(f"{TIMESTAMP} is further from now than {tolerance}; check both clocks", "stale")
        return webhook_id

    def _verify_signature(self, webhook_id: str, timestamp: str, body: bytes, given: str) -> None:
        candidates = [each.encode("ascii") for each in given.split(" ") if each.startswith("v1,")]
        if not candidates:
            raise WebhookRejected(f"{SIGNATURE} has no signature of version v1, that is 'v1,' and base64")
        expected = [_signature(key, webhook_id, timestamp, body) for key in self._keys]
        # A list: which of them fits must not be told by how long it takes.
        if not any([hmac.compare_digest(ours, theirs) for ours in expected for theirs in candidates]):  # noqa: C419
            raise WebhookRejected(
                f"no signature in {SIGNATURE} fits: it was signed with another secret, or id, time or body were "
                "altered; pass the body as it came, not parsed and written again",
                "forged",
            )

    def __repr__(self) -> str:
        return f"<WebhookSecrets: {len(self._keys)}>"


class ReplayGuard:
    """Remembers which webhooks were handled, for as long as they could be played again. For one process; thread-safe.

    It has no clock: `now` is an argument. A webhook is remembered for twice the tolerance, because one whose time is
    ahead of ours by the tolerance passes `verify` for that long. Later, or in another process, the webhook's id has to
    tell: hand it to the engine as `id=`, where the same one counts once for ever.

    Args:
        tolerance: the one that is given to `verify`.
        limit: how many webhooks are remembered at most. Beyond that new ones are refused, and none is forgotten.
    """

    def __init__(self, tolerance: timedelta = TOLERANCE, limit: int = 100_000) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise InvalidInput("limit= is how many webhooks are remembered: a whole number, at least 1")
        self._memory, self._limit = 2 * length(_positive(tolerance)), limit
        self._lock = threading.Lock()
        self._until: dict[str, int] = {}
        self._busy: set[str] = set()
        self._swept: int | None = None

    @contextmanager
    def once(self, webhook_id: str, *, now: datetime) -> Iterator[None]:
        """A block that handles a webhook once; if it raises, the webhook is forgotten, and the sender may try again.

        Raises:
            WebhookRejected: it was handled already (`replayed`: tell the sender that all is well), it is being handled
                by another thread (`in_progress`), or too many are remembered (`full`): have the sender try again.
            InvalidInput: a naive `now`.
        """
        self._claim(webhook_id, _micros(now, "now"))
        try:
            yield
        except BaseException:
            self._release(webhook_id, done=False)
            raise
        self._release(webhook_id, done=True)

    def __len__(self) -> int:
        return len(self._until)

    def __repr__(self) -> str:
        return f"<ReplayGuard: {len(self)} of at most {self._limit}>"

    def _claim(self, webhook_id: str, now: int) -> None:
        with self._lock:
            if webhook_id in self._busy:
                raise WebhookRejected("this webhook is being handled; try again later", "in_progress")
            if self._until.get(webhook_id, now) > now:
                raise WebhookRejected("this webhook was handled before", "replayed")
            self._until.pop(webhook_id, None)
            if len(self._until) >= self._limit:
                self._sweep(now)
            if len(self._until) >= self._limit:
                raise WebhookRejected("more webhooks than the limit of the ReplayGuard; try again later", "full")
            self._busy.add(webhook_id)
            self._until[webhook_id] = now + self._memory

    def _release(self, webhook_id: str, *, done: bool) -> None:
        with self._lock:
            self._busy.discard(webhook_id)
            if not done:
                self._until.pop(webhook_id, None)

    def _sweep(self, now: int) -> None:
        """Drop what can no longer be played. Only when it is full, and once a second, since it looks at all of them."""
        if self._swept is not None and abs(now - self._swept) < _SECOND:
            return
        self._swept = now
        self._until = {each: until for each, until in self._until.items() if until > now}


def _key(secret: object, n: int) -> bytes:
    what = f"webhook secret {n}"
    if not isinstance(secret, str):
        raise InvalidInput(f"{what} is text such as 'whsec_…', not {type(secret).__name__}")
    text = secret.strip()
    if text.startswith(("whsk_", "whpk_")):
        raise InvalidInput(f"{what} is for asymmetric signatures (v1a), which are not supported; use a whsec_ one")
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        # `from None`: what was wrong with it would show a part of it.
        raise InvalidInput(f"{what} is not '{_PREFIX}' and base64; pass it as the provider shows it") from None
    if len(key) not in _KEY_BYTES:
        raise InvalidInput(f"{what} has {len(key)} bytes; the standard asks for 24 to 64, made at random")
    return key


def _signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> bytes:
    made = hmac.new(key, f"{webhook_id}.{timestamp}.".encode("ascii"), hashlib.sha256)
    made.update(body)
    return b"v1," + base64.b64encode(made.digest())


def _raw(body: object) -> bytes:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise InvalidInput(
        f"a webhook's body is the raw bytes that are sent, not {type(body).__name__}: parsing and writing them again "
        "changes what was signed; take request.body or its like, before any parser"
    )


def _micros(at: object, what: str) -> int:
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise InvalidInput(f"{what}= takes an aware datetime, e.g. datetime(…, tzinfo=UTC)")
    return micros(at)


def _positive(tolerance: object) -> timedelta:
    if not isinstance(tolerance, timedelta) or not timedelta(0) < tolerance <= timedelta(days=1):
        raise InvalidInput("tolerance= is a timedelta of at most a day; five minutes are usual")
    return tolerance


def _values(headers: object) -> dict[str, list[object]]:
    """The values of our three headers, each as often as it came."""
    items = getattr(headers, "items", None)
    pairs = items() if callable(items) else headers
    if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable):
        raise InvalidInput(f"headers are a mapping or pairs of names and values, not {type(headers).__name__}")
    found: dict[str, list[object]] = {}
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InvalidInput("headers are a mapping or pairs of names and values")
        said = _text(pair[0])
        name = said.lower() if said.isascii() else ""  # the Kelvin sign, say, becomes an ordinary k
        if name in (ID, TIMESTAMP, SIGNATURE):
            found.setdefault(name, []).extend(pair[1] if isinstance(pair[1], list | tuple) else [pair[1]])
    return found


def _value(found: Mapping[str, list[object]], name: str) -> str:
    values = found.get(name, [])
    if not values:
        raise WebhookRejected(f"the header {name} is missing", "missing")
    if len(values) > 1:
        raise WebhookRejected(f"the header {name} is there {len(values)} times")
    text = _text(values[0])
    if len(text) > _LONGEST_HEADER:
        raise WebhookRejected(f"the header {name} is longer than {_LONGEST_HEADER} characters")
    if not text.isascii():
        raise WebhookRejected(f"the header {name} is not ASCII")
    return text


def _text(value: object) -> str:
    """Header text; what is neither text nor bytes counts as empty."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""
