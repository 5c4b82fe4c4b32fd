"""Reports that come back by mail: DSN (RFC 3464) and complaints (RFC 5965), and mail that was made to hurt."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint import InvalidInput
from touchpoint.channels import SmtpChannel, SmtpServer
from touchpoint.channels.inbound import Complained, Receipt
from touchpoint.channels.mail_reports import MAX_SIZE, read_report

MAIL = SmtpChannel(SmtpServer("localhost", security="none"), sender="post@shop.example")
OURS = MAIL.message_id("a key")
THEIRS = MAIL.message_id("another key")


def report(status_part, *, original=f"Message-ID: <{OURS}>", kind="delivery-status", encoding="7bit", line="\r\n"):
    mail = f"""Return-Path: <>
From: MAILER-DAEMON@mx.example.com
To: post@shop.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind};
\tboundary="B.1/2=3"

This is a MIME-encapsulated message.

--B.1/2=3
Content-Type: text/plain; charset=us-ascii

I'm sorry. <ann@example.com>: user unknown

--B.1/2=3
Content-Type: message/{kind}
Content-Transfer-Encoding: {encoding}

{status_part}
--B.1/2=3
Content-Type: text/rfc822-headers

From: post@shop.example
To: ann@example.com
{original}
Subject: Hello

--B.1/2=3--
"""
    return mail.replace("\n", line).encode()


def dsn(status="5.1.1", action="failed", more="", **rest):
    lines = f"Reporting-MTA: dns; mx.example.com\n{more}\nFinal-Recipient: rfc822; ann@example.com\n"
    return report(f"{lines}Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 no\n", **rest)


def arf(feedback="abuse", **rest):
    return report(f"Feedback-Type: {feedback}\nUser-Agent: Somebody/1.0\nVersion: 1\n", kind="feedback-report", **rest)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("5.1.1", "address_invalid"),
        ("5.2.1 (disabled)", "address_unreachable"),
        ("5.2.2", "address_incapable"),
        ("5.7.1", "unknown"),
        ("5.7.26", "sender_misconfigured"),
        ("5.0.0", "unknown"),
        ("4.4.7", "expired"),
        ("4.2.2", "unknown"),  # for the time being, and it lasted: no address is condemned for that
        ("4.1.1", "unknown"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_a_bounce_is_a_receipt_with_its_reason(status, code):  # S6.9
    [receipt] = MAIL.read_report(dsn(status))
    assert (receipt.state, receipt.code, receipt.channel, receipt.ref) == ("bounced", code, "email", OURS)


def test_a_bounce_names_the_mail_as_the_channel_did():
    [receipt] = MAIL.read_report(dsn())
    assert receipt.ref == MAIL.message_id("a key")
    assert OURS not in repr(receipt)


@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_how_lines_end_does_not_matter(line):
    assert len(MAIL.read_report(dsn(line=line))) == 1


def test_the_envelope_id_names_the_mail_where_its_headers_are_gone():
    for envelope in (OURS, OURS.replace("@", "+40")):
        raw = dsn(more=f"Original-Envelope-Id: {envelope}\n", original="X-None: 1")
        assert [each.ref for each in MAIL.read_report(raw)] == [OURS]


def test_a_status_that_was_encoded_is_read():  # RFC 6533
    part = "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.c\nAction: failed\nStatus: 5.1.1\n"
    raw = report(base64.b64encode(part.encode()).decode(), encoding="base64")
    assert [each.code for each in MAIL.read_report(raw)] == ["address_invalid"]


def test_a_delivery_that_was_asked_for_is_a_receipt():
    assert [(each.state, each.code) for each in MAIL.read_report(dsn("2.0.0", "delivered"))] == [("delivered", None)]


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "", "FAILED?"])
def test_what_is_not_the_end_tells_nothing(action):
    assert MAIL.read_report(dsn("4.4.1", action)) == ()


@pytest.mark.parametrize("feedback", ["abuse", "fraud", "opt-out", "other"])
def test_a_complaint_names_the_mail(feedback):
    [complaint] = MAIL.read_report(arf(feedback))
    assert complaint == Complained(id=complaint.id, channel="email", ref=OURS)


def test_not_spam_is_no_complaint():
    assert MAIL.read_report(arf("not-spam")) == ()


def test_the_same_report_has_the_same_id_and_another_another():
    [one], [again] = MAIL.read_report(dsn()), MAIL.read_report(b"X-Forwarded: yes\r\n" + dsn())
    [other] = MAIL.read_report(dsn("5.2.1"))
    assert one.id == again.id != other.id


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: I am away\r\n\r\nUntil Monday.",
        dsn(original="Message-ID: <somebody@else.example>"),
        dsn(original=f"Message-ID: <{OURS}>", more=f"Original-Envelope-Id: {THEIRS}\n"),  # two at once
        b"Content-Type: multipart/report\r\n\r\nno boundary",
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x--\r\n",
        dsn().replace(b"message/delivery-status", b"text/plain"),
    ],
)
def test_what_is_no_report_of_ours_tells_nothing(raw):
    assert MAIL.read_report(raw) == ()


def test_a_report_inside_of_another_mail_counts_once():
    wrapped = b"Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n" + dsn() + b"\r\n--out--\r\n"
    assert len(MAIL.read_report(wrapped)) == 1


def test_a_reply_that_quotes_our_message_id_is_no_report():
    raw = f"From: a@b.c\r\nIn-Reply-To: <{OURS}>\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n".encode()
    assert MAIL.read_report(raw) == ()


def test_a_mail_that_is_too_long_or_no_bytes_is_refused():
    with pytest.raises(InvalidInput, match="leave this mail to a person"):
        MAIL.read_report(b"x" * (MAX_SIZE + 1))
    with pytest.raises(InvalidInput):
        MAIL.read_report("text")


HUGE = 1_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/report; boundary=x\r\n\r\n" + b"--x\r\n" * (HUGE // 5),
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n" * (HUGE // 50),
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(20_000)),
        b"Content-Type: multipart/report" + b"; boundary" * (HUGE // 10),
        b"Content-Type: multipart/report" + b';a="' * (HUGE // 4),
        b"A: b\r\n" + b" folded\r\n" * (HUGE // 9),
        b"\r\n" * HUGE,
        b"\n" * HUGE,
        b"Content-Type: message/delivery-status\r\n\r\n" + b"\r\n \r\n" * (HUGE // 5),
        b"Content-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * (HUGE // 18),
        b"Content-Type: message/feedback-report\r\n\r\nOriginal-Envelope-Id: " + b"tp." * (HUGE // 3),
        b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * HUGE,
        b"a:" * (HUGE // 2),
        b" " * HUGE,
    ],
)
def test_a_mail_that_was_made_to_hurt_costs_little(raw):
    before = time.process_time()
    assert MAIL.read_report(raw) == ()
    assert time.process_time() - before < 2


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_are_no_crash(raw):
    assert isinstance(read_report(raw, "email"), tuple)


@given(st.data())
def test_a_report_that_was_damaged_is_no_crash(data):
    raw = bytearray(dsn())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=8))
        raw = raw or bytearray(b" ")
    for each in read_report(bytes(raw), "email"):
        assert isinstance(each, Receipt | Complained)
        assert each.ref
