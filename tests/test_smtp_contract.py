"""`SmtpChannel` passes the contract suite, over a real SMTP dialogue on loopback."""

# ruff: noqa: RUF012 - suites have tables as attributes

import email

import pytest

from mail_server import mail_server
from touchpoint import minutes
from touchpoint.channels import SmtpChannel, SmtpServer
from touchpoint.testing import AdapterContract

PASSWORD = "open-sesame-4711"


class TestSmtpChannel(AdapterContract):
    good_addresses = ("Ann.Smith@Example.com", "bob@example.org")
    bad_addresses = ("", "hello", "ann smith@example.com", "ann@nowhere")
    aliases = (("ann@example.com", " ann@EXAMPLE.com"),)
    scenarios = {
        "address_invalid": ("RCPT", "550 5.1.1 no such user"),
        "address_unreachable": ("RCPT", "550 5.2.1 closed"),
        "address_incapable": ("RCPT", "552 5.2.2 mailbox full"),
        "content_rejected": ("DOT", "554 5.7.1 spam"),
        "sender_misconfigured": ("MAIL", "550 5.7.1 not your address"),
        "throttled": ("RCPT", "450 4.7.1 greylisted"),
        "provider_unavailable": ("DATA", "451 4.3.0 no"),
        "ambiguous": ("DOT", "drop"),
        "unknown": ("RCPT", "554 5.7.1 relay access denied"),
    }
    retry_after = minutes(5)
    provider_codes = {"unknown": "554 5.7.1"}
    secrets = (PASSWORD,)

    @pytest.fixture
    def provider(self):
        with mail_server(logins={"shop": PASSWORD}) as (port, book):
            book.port = port
            yield book

    @pytest.fixture
    def adapter(self, provider):
        server = SmtpServer(
            "127.0.0.1",
            security="none",
            port=provider.port,
            username="shop",
            password=PASSWORD,
            keep=minutes(1),
        )
        return SmtpChannel(server, sender="The Shop <post@shop.example>")

    @pytest.fixture
    def arrange(self, provider):
        return lambda answer: provider.once.update([answer])

    @pytest.fixture
    def provider_calls(self, provider):
        return lambda: sum(each.startswith("MAIL") for each in provider.said)

    @pytest.fixture
    def provider_headers(self, provider):
        return lambda: dict(email.message_from_bytes(provider.mails[-1].original_content).items())
