"""Channels on rarer ways: default trust, mails beyond a bound, servers that stop listening, broken encodings."""

import json
import socket
import threading

import pytest

import test_mail_reports as reports
import test_smtp as smtp
import test_webhook_channel as web
from certificates import authority, server_tls  # noqa: F401 - fixtures
from mail_server import mail_server
from touchpoint import InvalidInput, UnknownName, seconds
from touchpoint.channels import FailureCode, RenderedMessage, SmtpChannel
from touchpoint.channels._mail import ascii_address
from touchpoint.channels.inbound import Receipt

# --- mail -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_unless_told_otherwise_only_those_are_trusted_whom_the_system_trusts(security, server_tls):  # noqa: F811
    tls = {"starttls": server_tls} if security == "starttls" else {"implicit": server_tls}
    with mail_server(**tls) as (port, book):
        mail = smtp.channel(port, security=security, host="localhost")
        outcomes = [smtp.told(mail.send(smtp.request())) for _ in range(2)]
    assert (outcomes, [each for each in book.said if each.startswith("MAIL")]) == (["sender_misconfigured"] * 2, [])


def test_a_mail_channel_is_made_of_a_server():
    with pytest.raises(InvalidInput, match="takes a server, as in SmtpServer"):
        SmtpChannel("smtp.example.com", sender="post@shop.example")


def test_a_mail_whose_words_are_within_the_bound_and_whose_headers_are_not_is_refused_before_it_is_begun():
    with mail_server() as (port, book):
        mail = smtp.channel(port, max_size=200)
        short = RenderedMessage("hello", subject="Hello", text="x" * 150)
        outcome = mail.send(smtp.request(short))
    assert (smtp.told(outcome), book.heard) == ("content_rejected", [])
    assert outcome.detail.endswith("bytes; max_size= is 200")


def test_a_server_that_closes_during_a_check_is_told_as_what_is_wrong():
    with mail_server({"NOOP": "421 4.3.2 closing"}) as (port, book):
        (failure,) = smtp.channel(port).check()
    assert failure.code == FailureCode.PROVIDER_UNAVAILABLE
    assert "QUIT" not in book.heard


def test_a_server_that_stops_listening_within_the_mail_is_left_at_the_deadline():
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def talk():
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as heard:
            for reply in ("220 hi", "250 EHLO", "250 MAIL", "250 RCPT", "354 DATA"):
                connection.sendall(f"{reply}\r\n".encode())
                if not reply.startswith("354"):
                    heard.readline()
            over.wait(20)

    thread = threading.Thread(target=talk)
    thread.start()
    long = RenderedMessage("hello", subject="Hello", text="x" * 9_000_000)
    outcome = smtp.channel(listener.getsockname()[1]).send(smtp.request(long, deadline=seconds(1.5)))
    over.set()
    thread.join(10)
    listener.close()
    assert smtp.told(outcome) == "provider_unavailable"  # certain: its end was never sent


@pytest.mark.parametrize("domain", ["ü" * 70 + ".example", "ü..example"])
def test_a_domain_that_has_no_form_in_ascii_has_none(domain):  # RFC 3490
    assert ascii_address(f"ann@{domain}") is None


def test_a_report_whose_encoding_is_broken_tells_nothing():  # S11.4
    raw = reports.report("A", encoding="base64")
    assert reports.MAIL.read_report(raw) == ()


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_service_is_trusted_only_where_the_system_trusts_it(server_tls):  # noqa: F811
    with web.service(tls=server_tls) as one:
        assert web.told(web.channel(f"https://localhost:{one.port}/").send(web.request())) == "sender_misconfigured"
    assert one.requests == []


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "Accepted"), (422, "content_rejected"), (503, "provider_unavailable")]
)
def test_a_status_says_enough_where_the_body_is_broken(status, expected):
    broken = f"HTTP/1.1 {status} Whatever\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode()
    with web.service(broken) as one:
        assert web.told(web.channel(one).send(web.request())) == expected


@pytest.mark.parametrize("reaction", [None, "👍"])
def test_what_a_message_answers_is_posted_with_it(reaction):
    with web.service() as one:
        web.channel(one).send(web.request(reply_to="their-7", reaction=reaction))
    body = json.loads(one.requests[0][2])
    assert (body["reply_to"], body["reaction"]) == ("their-7", reaction)


def test_a_receipt_takes_codes_that_there_are():
    with pytest.raises(UnknownName, match=r"failure code 'adress_invalid'.*address_invalid"):
        Receipt("key", "bounced", code="adress_invalid")
