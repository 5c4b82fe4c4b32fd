"""A provider of text messages, right adapters for it, and how to judge one."""

# ruff: noqa: ARG002, RUF012 - what an adapter does not use is part of the port; suites have tables as attributes

import asyncio
import hashlib
import hmac
import json
import os
import socket
import threading
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from touchpoint.channels import (
    Accepted,
    Ambiguous,
    Capabilities,
    Failure,
    FailureCode,
    Preflight,
    Refused,
    normalise_address,
)
from touchpoint.channels.inbound import Receipt, Received, Replied, TaskDone, WebhookRequest
from touchpoint.errors import WebhookRejected
from touchpoint.testing import AdapterContract, ContractFailure, WebhookSample
from touchpoint.testing.adapter_contract import FIXTURES
from touchpoint.testing.contract.rules import checks_of
from touchpoint.testing.contract.watch import watching

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET, PREVIOUS = "whsec-of-today-0123456789", "whsec-of-before-012345678"
TOKEN = "tok-3f9a17c0"
PROBLEMS = {
    "21211": FailureCode.ADDRESS_INVALID, "21610": FailureCode.RECIPIENT_OPTED_OUT,
    "30007": FailureCode.CONTENT_REJECTED, "20003": FailureCode.SENDER_MISCONFIGURED,
}  # fmt: skip


class Provider:
    """Stands for a provider's HTTP API: remembers keys, can be told what to answer next, and lists what it got."""

    def __init__(self):
        self.sent, self.keys, self.headers, self.script, self.calls = {}, [], {}, [], 0
        self.lock = threading.Lock()

    def post(self, key, phone, text, headers=()):
        with self.lock:
            self.calls += 1
            self.keys.append(key)
            self.headers = dict(headers)
            answer = self.script.pop(0) if self.script else 200
            if answer in (200, "timeout"):
                ref = self.sent.setdefault(key, f"sms-{len(self.sent) + 1}")
                return (200, {"id": ref}) if answer == 200 else (None, {})
            if answer == 429:
                return 429, {"code": "20429", "retry_after": 30}
            return (answer, {}) if isinstance(answer, int) else (400, {"code": answer, "text": f"{phone}: {text}"})

    def account(self):
        self.calls += 1
        return 200

    def get(self, key):
        return self.sent.get(key)

    def delete(self, ref):
        known = [key for key, each in self.sent.items() if each == ref]
        for key in known:
            self.sent[key] = None
        return bool(known)


BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPED = set("\f^{}\\[~]|€")


def segments(text, whole=True):
    """How many a text takes; `whole` keeps what belongs together in one segment."""
    gsm = set(text) <= BASIC | ESCAPED
    costs = [2 if (each in ESCAPED if gsm else each > "\uffff") else 1 for each in text]
    single, several = (160, 153) if gsm else (70, 67)
    if sum(costs) <= single:
        return 1
    if not whole:
        return -(-sum(costs) // several)
    count, room = 1, several
    for cost in costs:
        if cost > room:
            count, room = count + 1, several
        room -= cost
    return count


def signature(secret, at, body):
    return hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(body, at, secret=SECRET):
    seconds = int(at.timestamp())
    return {"x-time": str(seconds), "x-signature": "v1=" + signature(secret, seconds, body)}


class Right:
    """An adapter with everything switched on."""

    def __init__(self, provider):
        self._provider, self._token = provider, TOKEN
        self._signing_secrets = (SECRET, PREVIOUS)
        self._line = None

    @property
    def capabilities(self):
        return Capabilities(
            "sms", frozenset({"phone"}), remembers_keys_for=timedelta(hours=24), unit="segment", max_units=10,
            thread_safe=True, receipts=True, inbound=True, lookup=True, cancel=True, human=True, unsubscribe=True,
            replies=True, reactions=True,
        )  # fmt: skip

    def normalise(self, raw, *, region=None):
        return normalise_address("phone", raw)

    def preflight(self, message, to=None):
        units = segments(message.text)
        problems = [Failure(FailureCode.CONTENT_REJECTED, "longer than 10 segments")] if units > 10 else []
        return Preflight(units, problems)

    def post(self, request):
        return self._provider.post(request.key, request.to.key, request.message.text, request.headers)

    def send(self, request):
        return self.outcome(request, *self.post(request))

    def outcome(self, request, status, body):
        if status == 200:
            return Accepted(body["id"], units=segments(request.message.text))
        if status is None:
            return Ambiguous("no answer in time")
        if status == 429:
            wait = timedelta(seconds=body["retry_after"])
            return Refused(FailureCode.THROTTLED, retry_after=wait, provider_code=body["code"])
        if status >= 500:
            return Refused(FailureCode.PROVIDER_UNAVAILABLE)
        code = PROBLEMS.get(body["code"], FailureCode.UNKNOWN)
        return Refused(code, provider_code=body["code"], detail=body["text"])

    # --- what comes back

    def receive(self, request):
        if request.method == "GET":
            return self.challenge(request)
        self.verify(request)
        try:
            data = json.loads(request.body)
        except (ValueError, RecursionError):
            raise WebhookRejected("the body is no JSON") from None
        return Received(self.events(data))

    def verify(self, request):
        given, time = request.headers.get("x-signature", ""), request.headers.get("x-time", "")
        if not (time.isascii() and time.isdigit() and len(time) <= 12 and given.isascii() and given.startswith("v1=")):
            raise WebhookRejected("the signature is not of the form v1=…, with a time")
        theirs = given.removeprefix("v1=").encode()
        fits = [self.same(signature(each, time, request.body).encode(), theirs) for each in self._signing_secrets]
        if not any(fits):
            raise WebhookRejected("the signature does not fit")
        if abs(int(time) - NOW.timestamp()) > 300:
            raise WebhookRejected("too old")

    def same(self, ours, theirs):
        return hmac.compare_digest(ours, theirs)

    def events(self, data):
        known = isinstance(data, dict) and isinstance(data.get("id"), str) and data["id"]
        if not known:
            return []
        identity, key = data["id"], data.get("key", "")
        if data["type"] == "reply":
            return self.reply(identity, data["from"], data["text"])
        if data["type"] in ("delivered", "bounced"):
            code = PROBLEMS.get(data["reason"], FailureCode.UNKNOWN) if data["type"] == "bounced" else None
            return [Receipt(key, data["type"], identity, datetime.fromisoformat(data["at"]), code=code)]
        return []

    def reply(self, identity, sender, text):
        return [Replied(customer="ann", channel="sms", text=text, address=sender, id=identity)]

    def challenge(self, request):
        if not hmac.compare_digest(request.query.get("token", "").encode(), self._token.encode()):
            raise WebhookRejected("another token")
        return Received(body=request.query["challenge"].encode())

    # --- life

    def lookup(self, key):
        ref = self._provider.get(key)
        return None if ref is None else Accepted(ref)

    def cancel(self, ref):
        return self._provider.delete(ref)

    def check(self):
        return [] if self._provider.account() == 200 else [Failure(FailureCode.SENDER_MISCONFIGURED, "the token")]

    def close(self):
        self._line = None

    def complete(self, key, outcome):
        return [TaskDone(key, outcome)]

    def decline(self, key, reason):
        return [TaskDone(key, None, reason)]


class Awaited(Right):
    """The same, awaited; it gives way before it hands over."""

    async def send(self, request):
        await asyncio.sleep(0)
        return self.outcome(request, *self.post(request))


class OverSocket(Right):
    """The same, through a connection that it keeps, one for each process."""

    def line(self):
        with self._provider.lock:
            if self._line is None or self._line[0] != os.getpid():
                self._line = (os.getpid(), *socket.socketpair())
            return self._line[1]

    def post(self, request):
        self.line().sendall(b"hello")
        return super().post(request)

    def close(self):
        if self._line is not None:
            self._line[1].close()
            self._line[2].close()
        self._line = None


def body(**fields):
    return json.dumps(fields).encode()


WEBHOOKS = (
    WebhookSample(
        body(id="e1", type="delivered", key="k1", at=NOW.isoformat()), [Receipt("k1", "delivered", "e1", NOW)]
    ),
    WebhookSample(
        body(id="e2", type="bounced", key="k1", reason="21211", at=NOW.isoformat()),
        [Receipt("k1", "bounced", "e2", NOW, code=FailureCode.ADDRESS_INVALID)],
    ),
    WebhookSample(
        body(id="e3", type="reply", text="Thanks!", **{"from": "+15550100"}),
        [Replied(customer="ann", channel="sms", text="Thanks!", address="+15550100", id="e3")],
    ),
    WebhookSample(body(id="e4", type="something new", at=NOW.isoformat())),
)


def asked(token, challenge):
    return WebhookRequest(method="GET", query={"token": token, "challenge": challenge})


CHALLENGES = ((asked(TOKEN, "4711"), b"4711"), (asked("another", "4711"), None))


class Suite(AdapterContract):
    """For adapters of this provider; not collected by its name."""

    good_addresses = ("+15550100", "+44 20 7946 0958")
    bad_addresses = ("", "hello", "555-0100-1234")
    aliases = (("+1 555 0100", "+1-555-0100", "+1.555.0100"),)
    scenarios = {
        "address_invalid": "21211", "recipient_opted_out": "21610", "content_rejected": "30007",
        "sender_misconfigured": "20003", "throttled": 429, "provider_unavailable": 503, "ambiguous": "timeout",
        "unknown": "teapot",
    }  # fmt: skip
    retry_after = timedelta(seconds=30)
    provider_codes = {"unknown": "teapot"}
    segments = True
    secrets = (SECRET, PREVIOUS)
    patience = 5.0


class Hasty(Suite):
    """For adapters that hang."""

    patience = 0.3


def replied(text):
    identity = "r" + hashlib.sha256(text.encode()).hexdigest()
    return body(id=identity, type="reply", text=text, **{"from": "+15550100"})


def fixtures(provider, adapter):
    """What the suite's fixtures give, by name."""
    found = dict.fromkeys(FIXTURES)
    found |= {
        "arrange": provider.script.append,
        "provider_calls": lambda: provider.calls,
        "provider_keys": lambda: provider.keys,
        "provider_headers": lambda: provider.headers,
        "now": lambda: NOW,
        "sign": signed,
        "sign_previous": lambda body, at: signed(body, at, PREVIOUS),
        "webhooks": WEBHOOKS,
        "reply": replied,
        "challenges": CHALLENGES,
        "staff": adapter,
    }  # fmt: skip
    return found


@attrs.frozen
class Judgement:
    """What a suite says of an adapter: failures by name, the checks that passed, and those that were skipped."""

    failed: dict
    passed: list
    skipped: list


def judge(make, suite=Suite, given=fixtures, only=None):
    """Run the checks of a suite in this process, each with an adapter and a provider of its own."""
    failed, passed, skipped = {}, [], []
    for name in only or checks_of(suite):
        provider = Provider()
        with watching() as made:
            adapter = make(provider)
        bench = suite().make_bench(adapter, made, given(provider, adapter))
        try:
            getattr(suite(), name)(bench)
        except ContractFailure as failure:
            failed[name] = str(failure)
        except pytest.skip.Exception:
            skipped.append(name)
        else:
            passed.append(name)
        finally:
            bench.close()
    return Judgement(failed, passed, skipped)
