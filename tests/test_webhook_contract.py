"""`WebhookChannel` passes the contract suite, over real connections on loopback."""

# ruff: noqa: RUF012 - suites have tables as attributes

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from touchpoint import VirtualClock, hours
from touchpoint.channels import FailureCode, WebhookChannel, WebhookSecrets
from touchpoint.channels.inbound import Clicked, Complained, OptedOut, Receipt, Replied
from touchpoint.testing import AdapterContract, WebhookSample

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
SECRET = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
PREVIOUS = "whsec_" + "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3Ro"


class Service:
    """A service that remembers keys."""

    def __init__(self):
        self.sent, self.keys, self.headers, self.script = {}, [], {}, []
        self.lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.answer(self, self.headers["Idempotency-Key"], told)

            def log_message(self, *_):
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def answer(self, handler, key, told):
        with self.lock:
            self.keys.append(key)
            self.headers = told["headers"]
            status, answer = self.script.pop(0) if self.script else (200, None)
            if status in (200, 500):
                answer = {"id": self.sent.setdefault(key, f"message-{len(self.sent) + 1}")}
        handler.send_response(status)
        if status == 429:
            handler.send_header("Retry-After", "30")
        handler.end_headers()
        handler.wfile.write(json.dumps(answer).encode())

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def body(**fields):
    return json.dumps(fields).encode()


def signed(body, at, secret=SECRET):
    return WebhookSecrets(secret).sign("evt_" + hashlib.sha256(body).hexdigest()[:16], at, body)


def event(kind, **fields):
    return body(type=f"message.{kind}", key="k1", at=NOW.isoformat(), **fields)


class TestWebhookChannel(AdapterContract):
    good_addresses = ("+15550100", "+44 20 7946 0958")
    bad_addresses = ("", "hello", "555-0100")
    aliases = (("+1 555 0100", "+1-555-0100"),)
    scenarios = {
        "address_invalid": (422, {"code": "address_invalid"}),
        "recipient_opted_out": (422, {"code": "recipient_opted_out"}),
        "content_rejected": (400, None),
        "sender_misconfigured": (401, None),
        "budget_exhausted": (402, None),
        "region_forbidden": (451, None),
        "throttled": (429, None),
        "provider_unavailable": (503, None),
        "unknown": (418, {"code": "teapot"}),
        "ambiguous": (500, None),
    }
    retry_after = timedelta(seconds=30)
    provider_codes = {"unknown": "418 teapot"}
    secrets = (SECRET, PREVIOUS)

    @pytest.fixture
    def provider(self):
        service = Service()
        yield service
        service.close()

    @pytest.fixture
    def adapter(self, provider):
        return WebhookChannel(
            "sms",
            f"http://127.0.0.1:{provider.server.server_port}/messages",
            WebhookSecrets(SECRET, PREVIOUS),
            remembers_keys_for=hours(24),
            receipts=True,
            clock=VirtualClock(NOW),
        )

    @pytest.fixture
    def arrange(self, provider):
        return provider.script.append

    @pytest.fixture
    def provider_calls(self, provider):
        return lambda: len(provider.keys)

    @pytest.fixture
    def provider_keys(self, provider):
        return lambda: provider.keys

    @pytest.fixture
    def provider_headers(self, provider):
        return lambda: provider.headers

    @pytest.fixture
    def now(self):
        return lambda: NOW

    @pytest.fixture
    def sign(self):
        return signed

    @pytest.fixture
    def sign_previous(self):
        return lambda body, at: signed(body, at, PREVIOUS)

    @pytest.fixture
    def webhooks(self):
        return (
            WebhookSample(event("delivered"), [Receipt("k1", "delivered", at=NOW)]),
            WebhookSample(event("opened"), [Receipt("k1", "opened", at=NOW)]),
            WebhookSample(
                event("bounced", code="address_unreachable"),
                [Receipt("k1", "bounced", at=NOW, code=FailureCode.ADDRESS_UNREACHABLE)],
            ),
            WebhookSample(event("clicked", link="https://example.com"), [Clicked("k1", "https://example.com")]),
            WebhookSample(event("complained"), [Complained("k1")]),
            WebhookSample(event("opted_out"), [OptedOut("sms", "k1")]),
            WebhookSample(event("replied", text="Thanks!", customer="ann"), [Replied("ann", "sms", "Thanks!")]),
            WebhookSample(event("scheduled")),
        )

    @pytest.fixture
    def reply(self):
        return lambda text: event("replied", text=text, address="+15550100")
