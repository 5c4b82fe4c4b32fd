"""The adapters that ship pass the contract of adapters, over real connections on loopback."""

import email
import json
import logging
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from mail_server import mail_server
from test_webhook_channel import OTHER, SECRET, answer, service
from touchpoint import VirtualClock, hours, minutes, seconds
from touchpoint.channels import (
    FailureCode,
    MemoryChannel,
    SmtpChannel,
    SmtpServer,
    WebhookChannel,
    WebhookSecrets,
)
from touchpoint.channels.inbound import Clicked, Complained, Receipt, Replied

contract = pytest.importorskip("touchpoint.testing.adapter_contract", reason="this version has no contract of adapters")

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def event_id(body):
    return f"evt_{sha256(body).hexdigest()[:16]}"


class TestMemory(contract.AdapterContract):
    good_addresses = ("+44 20 7946 0958", "+44 20 7946 0959")
    bad_addresses = ("12", "not a number", "")
    aliases = (("+44 20 7946 0958", "+442079460958"),)

    @pytest.fixture
    def adapter(self):
        return MemoryChannel("sms")


class TestSmtp(contract.AdapterContract):
    good_addresses = ("ann@example.com", "bob@example.com")
    bad_addresses = ("ann", "ann@", "a b@example.com", "ann@example.com\r\nBcc: eve@evil.example", "")
    aliases = ((" ann@EXAMPLE.com", "ann@example.com"),)
    scenarios = {  # noqa: RUF012 - the suite's own attribute
        "address_invalid": ("RCPT", "550 5.1.1 no such user"),
        "address_unreachable": ("RCPT", "550 5.2.1 disabled"),
        "address_incapable": ("RCPT", "552 5.2.2 full"),
        "content_rejected": ("DOT", "554 5.7.1 spam"),
        "sender_misconfigured": ("MAIL", "550 5.7.1 not yours"),
        "throttled": ("RCPT", "450 4.7.1 greylisted"),
        "provider_unavailable": ("DATA", "451 4.3.0 later"),
        "expired": ("DOT", "554 5.4.7 too late"),
        "unknown": ("RCPT", "550 5.99.1 of the future"),
        "ambiguous": ("DOT", "drop"),
    }
    retry_after = minutes(5)
    provider_codes = {"unknown": "550 5.99.1"}  # noqa: RUF012 - likewise
    secrets = ("hunter2hunter2", "s3cret")

    @pytest.fixture
    def provider(self, monkeypatch):
        # What the stand-in logs is the server's.
        monkeypatch.setattr(logging.getLogger("mail.log"), "disabled", True)
        with mail_server(logins={"shop": "hunter2hunter2"}) as (port, book):
            book.port = port
            yield book

    @pytest.fixture
    def adapter(self, provider):
        server = SmtpServer(
            "127.0.0.1", security="none", port=provider.port, username="shop", password="hunter2hunter2"
        )
        return SmtpChannel(server, sender="The Shop <post@shop.example>", secret="s3cret")

    @pytest.fixture
    def arrange(self, provider):
        return lambda said: provider.once.update([said])

    @pytest.fixture
    def provider_calls(self, provider):
        return lambda: provider.heard.count("MAIL")

    @pytest.fixture
    def provider_headers(self, provider):
        return lambda: dict(email.message_from_bytes(provider.mails[-1].original_content).items())


class TestSmtpKept(TestSmtp):
    """The same over a connection that is kept."""

    @pytest.fixture
    def adapter(self, provider):
        server = SmtpServer(
            "127.0.0.1",
            security="none",
            port=provider.port,
            username="shop",
            password="hunter2hunter2",
            keep=minutes(1),
        )
        adapter = SmtpChannel(server, sender="The Shop <post@shop.example>", secret="s3cret")
        yield adapter
        adapter.close()


class TestWebhook(contract.AdapterContract):
    good_addresses = ("+44 20 7946 0958", "+44 20 7946 0959")
    bad_addresses = ("12", "not a number", "")
    aliases = (("+44 20 7946 0958", "+442079460958"),)
    scenarios = {  # noqa: RUF012 - the suite's own attribute
        **{
            code.value: answer(422, json.dumps({"code": code.value}).encode(), "Retry-After: 7")
            for code in FailureCode
            if code.value not in ("unknown", "provider_unavailable")
        },
        "unknown": answer(418, b'{"code": "E-4711"}'),
        "provider_unavailable": answer(503),
        "ambiguous": "drop",
    }
    retry_after = seconds(7)
    provider_codes = {"unknown": "418 E-4711"}  # noqa: RUF012 - likewise
    secrets = (SECRET, SECRET.removeprefix("whsec_"), "t0ken")

    @pytest.fixture
    def provider(self):
        with service(lambda n: answer(200, b'{"id": %d}' % n)) as one:
            yield one

    @pytest.fixture
    def adapter(self, provider):
        url = f"http://127.0.0.1:{provider.port}/send?token=t0ken"
        return WebhookChannel("sms", url, WebhookSecrets(SECRET, OTHER), receipts=True, clock=VirtualClock(NOW))

    @pytest.fixture
    def arrange(self, provider):
        return provider.once.append

    @pytest.fixture
    def provider_calls(self, provider):
        return lambda: len(provider.requests)

    @pytest.fixture
    def provider_keys(self, provider):
        return lambda: [fields["idempotency-key"] for _, fields, _ in provider.requests]

    @pytest.fixture
    def provider_headers(self, provider):
        return lambda: json.loads(provider.requests[-1][2])["headers"]

    @pytest.fixture
    def now(self):
        return lambda: NOW

    @pytest.fixture
    def sign(self):
        return lambda body, at: WebhookSecrets(SECRET).sign(event_id(body), at, body)

    @pytest.fixture
    def sign_previous(self):
        return lambda body, at: WebhookSecrets(OTHER).sign(event_id(body), at, body)

    @pytest.fixture
    def reply(self):
        return lambda text: json.dumps({"type": "message.replied", "customer": "ann", "text": text}).encode()

    @pytest.fixture
    def webhooks(self):
        at = NOW - hours(1)
        told = [
            ({"type": "message.delivered", "key": "k"}, Receipt("k", at=at)),
            (
                {"type": "message.bounced", "ref": "r", "code": "address_invalid"},
                Receipt(state="bounced", code="address_invalid", ref="r", at=at),
            ),
            ({"type": "message.clicked", "key": "k", "link": "https://a.example"}, Clicked("k", "https://a.example")),
            ({"type": "message.complained", "key": "k"}, Complained("k")),
            ({"type": "message.replied", "customer": "ann", "text": "Hi"}, Replied("ann", "sms", "Hi")),
            ({"type": "message.glimpsed", "key": "k"}, None),
        ]
        return [
            contract.WebhookSample(
                json.dumps({**body, "at": at.isoformat()}).encode(), () if event is None else (event,)
            )
            for body, event in told
        ]
