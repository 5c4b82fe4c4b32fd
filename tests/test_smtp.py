"""Mail over a real SMTP dialogue on loopback. The tables alone are tested in test_smtp_status.py."""

import email.header
import email.policy
import email.utils
import logging
import os
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates import authority, client_tls, server_tls  # noqa: F401 - fixtures
from mail_server import mail_server
from touchpoint import (
    Content,
    Engine,
    InvalidAddress,
    InvalidInput,
    Journey,
    Message,
    Rule,
    Send,
    UnknownName,
    VirtualClock,
    minutes,
    seconds,
)
from touchpoint.channels import (
    Accepted,
    Address,
    Ambiguous,
    FailureCode,
    Refused,
    RenderedMessage,
    SendRequest,
    SmtpChannel,
    SmtpServer,
)

CLOCK = VirtualClock(datetime(2026, 3, 2, 8, tzinfo=UTC))
TIME = seconds(10)
TEXT = RenderedMessage("hello", subject="Hello", text="Your parcel comes today.\n")
KEY = "0123456789abcdef0123456789abcdef"


def channel(port, *, security="none", host="127.0.0.1", sender="The Shop <post@shop.example>", **rest):
    of_server = {
        name: rest.pop(name) for name in ("username", "password", "context", "keep", "max_size") if name in rest
    }
    server = SmtpServer(host, security=security, port=port, **of_server)
    return SmtpChannel(server, sender=sender, clock=CLOCK, **rest)


def request(message=TEXT, to="ann@example.com", key=KEY, deadline=TIME, **rest):
    return SendRequest(key, Address("email", to), message, "email", deadline, **rest)


def received(book):
    return email.message_from_bytes(book.the_mail().original_content, policy=email.policy.default)


def words(part):
    return part.get_content().replace("\r\n", "\n")


def told(outcome):
    return outcome.code.value if isinstance(outcome, Refused) else type(outcome).__name__


# --- what goes over the wire ------------------------------------------------------------------------------------------


def test_a_mail_is_handed_over_with_text_and_html_as_alternatives():
    message = RenderedMessage("hello", subject="Grüße, Ann", text="Hällo\n.\n.dot\n", html="<p>Hällo</p>\n")
    with mail_server() as (port, book):
        outcome = channel(port, reply_to="Help <help@shop.example>").send(request(message))
    mail = received(book)
    assert outcome == Accepted(ref=mail["Message-ID"].strip("<>"))
    assert (mail["From"], mail["To"], mail["Reply-To"]) == (
        "The Shop <post@shop.example>",
        "ann@example.com",
        "Help <help@shop.example>",
    )
    assert mail["Subject"] == "Grüße, Ann"
    assert mail["Date"].datetime == CLOCK.now()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert [(part.get_content_type(), words(part)) for part in mail.iter_parts()] == [
        ("text/plain", "Hällo\n.\n.dot\n"),
        ("text/html", "<p>Hällo</p>\n"),
    ]
    assert book.the_mail().rcpt_tos == ["ann@example.com"]


@pytest.mark.parametrize("parts", [{"text": "Words\n"}, {"html": "<p>Words</p>\n"}])
def test_one_kind_of_words_is_one_part(parts):
    with mail_server() as (port, book):
        channel(port).send(request(RenderedMessage("hello", subject="Hello", **parts)))
    assert words(received(book)) in parts.values()


def test_the_message_id_is_made_of_the_key_and_tells_nothing():
    ours, theirs = channel(25), channel(25, secret="s3cret")
    assert ours.message_id(KEY) == ours.message_id(KEY) != ours.message_id("other")
    assert KEY not in ours.message_id(KEY)
    assert ours.message_id(KEY) != theirs.message_id(KEY)
    assert ours.message_id(KEY).endswith("@shop.example")


def test_the_headers_of_a_request_go_along_unchanged():
    link = "<https://shop.example/u/" + "a" * 400 + ">"
    headers = {"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    with mail_server() as (port, book):
        channel(port).send(request(headers=headers))
    raw = book.the_mail().original_content
    assert f"\r\nList-Unsubscribe: {link}\r\n".encode() in raw  # no encoded words, which mailbox providers do not read
    assert received(book)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "a\r\nBcc: eve@evil.example"},
        {"X-A": "a\nb"},
        {"X-A\r\nBcc": "eve@evil.example"},
        {"X A": "a"},
        {"": "a"},
        {"X-A": "a" * 2000},
        {"X-A": "é"},
        {"Bcc": "eve@evil.example"},
        {"from": "eve@evil.example"},
        {"Content-Type": "text/html"},
    ],
)
def test_a_header_that_could_add_another_is_refused_before_anything_is_sent(headers):
    outcome = channel(1).send(request(headers=headers))  # nobody listens on port 1: it was never asked
    assert told(outcome) == "content_rejected"
    assert "eve" not in outcome.detail


@pytest.mark.parametrize("to", ["ann@b.example>\r\nRCPT TO:<eve@evil.example", "a b@example.com", "ann", "", "a@b.c\n"])
def test_an_address_that_is_none_never_reaches_the_server(to):
    with mail_server() as (port, book):
        outcome = channel(port).send(request(to=to))
    assert told(outcome) in ("address_invalid", "Accepted")
    assert [each for each in book.said if "RCPT" in each] in ([], ["RCPT TO:<a@b.c>"])


@settings(max_examples=40, deadline=None)
@given(
    subject=st.text(min_size=1, max_size=300),
    text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400),
)
def test_whatever_the_words_hold_the_mail_says_them_and_has_no_other_header(subject, text):
    message = RenderedMessage("hello", subject=subject, text=text or "-")
    try:
        (message.subject or "").encode()
    except UnicodeEncodeError:
        return
    if not message.subject:
        return
    raw = channel(25)._compose(request(message), "ann@example.com")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    mail = email.message_from_bytes(raw)  # the old policy: the new one reads encoded words in its own way
    fields = "From To Subject Date Message-ID Auto-Submitted MIME-Version Content-Type Content-Transfer-Encoding"
    assert sorted(mail.keys()) == sorted(fields.split())
    shown = str(email.header.make_header(email.header.decode_header(mail["Subject"].replace("\r\n", ""))))
    assert shown.split() == message.subject.split()
    said = mail.get_payload(decode=True).decode().replace("\r\n", "\n").rstrip("\n")
    assert said == (text or "-").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@pytest.mark.parametrize(
    "message",
    [
        RenderedMessage("hello", text="words"),
        RenderedMessage("hello", subject="  ", text="words"),
        RenderedMessage("hello", subject="Hello"),
        RenderedMessage("hello", subject="Hello", text="\ud800"),
        RenderedMessage("hello", subject="Hello", text="x" * 2000),
    ],
)
def test_what_is_no_mail_is_a_problem_before_and_refused_at_the_hand_over(message):
    mail = channel(1, max_size=1000)
    assert [each.code for each in mail.preflight(message).problems] == [FailureCode.CONTENT_REJECTED]
    assert told(mail.send(request(message))) == "content_rejected"


def test_another_kind_of_address_is_incapable():
    to = Address("phone", "+442079460958")
    assert told(channel(1).send(SendRequest(KEY, to, TEXT, "email"))) == "address_incapable"


# --- international addresses ------------------------------------------------------------------------------------------


def test_an_international_domain_is_written_in_ascii():
    with mail_server(utf8=False) as (port, book):
        assert told(channel(port).send(request(to="ann@bücher.example"))) == "Accepted"
    assert book.the_mail().rcpt_tos == ["ann@xn--bcher-kva.example"]


# IDNA 2003 would write strasse.example: somebody else's domain.
@pytest.mark.parametrize("to", ["ännchen@example.com", "ann@straße.example"])
def test_an_address_that_needs_smtputf8_goes_out_with_it(to):
    with mail_server(utf8=True) as (port, book):
        assert told(channel(port).send(request(to=to))) == "Accepted"
    assert book.the_mail().rcpt_tos == [to]
    assert book.the_mail().smtp_utf8
    assert f"To: {to}\r\n".encode() in book.the_mail().original_content


def test_an_address_that_needs_smtputf8_is_incapable_where_the_server_has_none():
    with mail_server(utf8=False) as (port, book):
        assert told(channel(port).send(request(to="ännchen@example.com"))) == "address_incapable"
    assert "MAIL" not in book.heard


# --- what the server says, at every stage -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "reply", "expected"),
    [
        ("GREETING", "554 5.7.1 your network is listed", "sender_misconfigured"),
        ("GREETING", "421 4.7.0 too many connections", "throttled"),
        ("GREETING", "421 closing down", "provider_unavailable"),
        ("GREETING", b"HTTP/1.1 400 Bad Request\r\n", "provider_unavailable"),
        ("GREETING", b"220" + b"x" * 10_000, "provider_unavailable"),
        ("GREETING", b"220-more\r\n" * 200, "provider_unavailable"),
        ("GREETING", "drop", "provider_unavailable"),
        ("EHLO", "550 5.7.1 who are you", "sender_misconfigured"),
        ("EHLO", "drop", "provider_unavailable"),
        ("MAIL", "550 5.7.1 not your address", "sender_misconfigured"),
        ("MAIL", "550 5.1.1 not known", "sender_misconfigured"),  # of the sender, not of the recipient
        ("MAIL", "552 too big", "content_rejected"),
        ("MAIL", "451 4.3.0 try later", "provider_unavailable"),
        ("MAIL", "450 4.7.28 too fast", "throttled"),
        ("MAIL", "drop", "provider_unavailable"),
        ("RCPT", "550 5.1.1 no such user ann@example.com", "address_invalid"),
        ("RCPT", "550-5.1.1 no such user\r\n550 5.1.1 really", "address_invalid"),
        ("RCPT", "550 no such user", "address_invalid"),
        ("RCPT", "550 5.2.1 closed", "address_unreachable"),
        ("RCPT", "452 4.2.2 mailbox full", "throttled"),
        ("RCPT", "552 5.2.2 mailbox full", "address_incapable"),
        ("RCPT", "450 4.7.1 greylisted", "throttled"),
        ("RCPT", "554 5.7.1 relay access denied", "unknown"),
        ("RCPT", "530 5.7.0 log in first", "sender_misconfigured"),
        ("RCPT", "drop", "provider_unavailable"),
        ("DATA", "451 4.3.0 no", "provider_unavailable"),
        ("DATA", "554 no valid recipients", "unknown"),
        ("DATA", "250 what", "provider_unavailable"),
        ("DATA", "drop", "provider_unavailable"),
        ("DOT", "554 5.7.1 spam", "content_rejected"),
        ("DOT", "550 5.7.26 DMARC", "sender_misconfigured"),
        ("DOT", "552 5.3.4 too big", "content_rejected"),
        ("DOT", "451 4.3.0 no", "provider_unavailable"),
        ("DOT", "421 4.3.2 shutting down", "provider_unavailable"),
        ("DOT", "354 what", "Ambiguous"),
        ("DOT", "drop", "Ambiguous"),
        ("QUIT", "drop", "Accepted"),
        ("QUIT", "500 what", "Accepted"),
    ],
)
def test_each_stage_has_its_outcome(stage, reply, expected):  # S6.8
    with mail_server({stage: reply}) as (port, book):
        outcome = channel(port).send(request())
    assert told(outcome) == expected
    assert book.heard.count("DOT") <= 1, "one provider call for each send"
    assert "ann@" not in str(outcome), "nothing personal"
    if isinstance(outcome, Refused):
        assert "ann@" not in outcome.detail
        assert not book.mails, "refused is certain"


@pytest.mark.parametrize(
    ("stage", "expected"),
    [("GREETING", "provider_unavailable"), ("RCPT", "provider_unavailable"), ("DOT", "Ambiguous")],
)
def test_a_server_that_falls_silent_is_left_at_the_deadline(stage, expected):
    with mail_server({stage: "hush"}) as (port, _):
        assert told(channel(port).send(request(deadline=seconds(0.3)))) == expected


def test_a_server_that_drips_is_left_at_the_deadline():
    """Each byte would start the time-out of the socket anew."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def drip():
        connection, _ = listener.accept()
        with connection:
            while not done.wait(0.05):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        outcome = channel(listener.getsockname()[1]).send(request(deadline=seconds(0.3)))
    finally:
        done.set()
        thread.join(5)
        listener.close()
    assert told(outcome) == "provider_unavailable"


@pytest.mark.parametrize("deadline", [timedelta(0), timedelta(seconds=-1)])
def test_without_time_nothing_is_sent(deadline):
    with mail_server() as (port, book):
        assert told(channel(port).send(request(deadline=deadline))) == "provider_unavailable"
    assert book.heard == []


def test_a_server_that_nobody_runs_is_a_certain_refusal():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert told(channel(port).send(request())) == "provider_unavailable"


def test_the_provider_s_code_is_kept_and_its_words_are_not():
    with mail_server({"RCPT": "550 5.1.1 <ann@example.com> unknown"}) as (port, _):
        outcome = channel(port).send(request())
    assert (outcome.provider_code, outcome.detail) == ("550 5.1.1", "refused at RCPT TO")


def test_throttling_says_what_to_slow_and_how_long():
    for reply, scope, wait in [("452 4.2.2 full", "recipient", 60), ("450 4.7.1 greylisted", None, 5)]:
        with mail_server({"RCPT": reply}) as (port, _):
            outcome = channel(port).send(request())
        assert (outcome.scope, outcome.retry_after) == (scope, minutes(wait))


def test_a_mail_larger_than_the_server_takes_is_not_begun():
    with mail_server(data_size_limit=500) as (port, book):
        assert (
            told(channel(port).send(request(RenderedMessage("a", subject="b", text="c" * 600)))) == "content_rejected"
        )
    assert "MAIL" not in book.heard


def test_a_server_that_reports_is_given_an_envelope_id():  # RFC 3461
    with mail_server({"EXTENSIONS": ["250-DSN"], "MAIL": "250 OK"}) as (port, book):
        mail = channel(port)
        mail.send(request())
    assert f"RET=HDRS ENVID={mail.message_id(KEY)}" in book.said[1]


# --- who we are, and who they are -------------------------------------------------------------------------------------

SHOP = {"logins": {"shop": "gänseblümchen"}}
LOGIN = {"username": "shop", "password": "gänseblümchen"}


def test_it_logs_in():
    with mail_server(**SHOP) as (port, book):
        assert told(channel(port, **LOGIN).send(request())) == "Accepted"
    assert "AUTH PLAIN" in book.heard


def test_it_logs_in_where_the_server_knows_login_alone():
    with mail_server(**SHOP, auth_exclude_mechanism=["PLAIN"]) as (port, book):
        assert told(channel(port, **LOGIN).send(request())) == "Accepted"
    assert "AUTH LOGIN" in book.heard


def test_a_login_that_fails_is_ours_to_mend_and_tried_once(caplog):
    caplog.set_level(logging.DEBUG, "touchpoint")
    with mail_server(**SHOP) as (port, book):
        mail = channel(port, username="shop", password="hunter2hunter2")
        outcome = mail.send(request())
        [failure] = mail.check()
    assert told(outcome) == failure.code == "sender_misconfigured"
    assert book.heard.count("AUTH") == 2  # one for each call
    assert "hunter2" not in f"{mail!r} {mail._server!r} {outcome!r} {outcome.detail} {failure!r} {caplog.text}"


def test_a_login_that_fails_for_the_time_being_is_no_mistake():
    with mail_server({"AUTH": "454 4.7.0 later"}, **SHOP) as (port, _):
        assert told(channel(port, **LOGIN).send(request())) == "provider_unavailable"


def test_a_server_that_offers_no_login_is_told_no_password():
    with mail_server() as (port, book):
        assert told(channel(port, **LOGIN).send(request())) == "sender_misconfigured"
    assert "AUTH" not in book.heard


def test_starttls_is_done_before_the_login(server_tls, client_tls):  # noqa: F811
    with mail_server(starttls=server_tls, **SHOP) as (port, book):
        mail = channel(port, security="starttls", host="localhost", context=client_tls, **LOGIN)
        assert told(mail.send(request())) == "Accepted"
    assert book.tls == [True]
    assert book.heard[:5] == ["GREETING", "EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_tls_from_the_start(server_tls, client_tls):  # noqa: F811
    with mail_server(implicit=server_tls) as (port, _):
        mail = channel(port, security="tls", host="localhost", context=client_tls)
        assert told(mail.send(request())) == "Accepted"


@pytest.mark.parametrize("script", [{}, {"STARTTLS": "454 not now"}, {"STARTTLS": "drop"}])
def test_where_starttls_is_not_to_be_had_nothing_goes_on(script, server_tls, client_tls):  # noqa: F811
    offered = server_tls if script else None  # without one, somebody may have taken the offer away
    with mail_server(script, starttls=offered, **SHOP) as (port, book):
        mail = channel(port, security="starttls", host="localhost", context=client_tls, **LOGIN)
        assert told(mail.send(request())) in ("sender_misconfigured", "provider_unavailable")
    assert not {"AUTH", "MAIL"}.intersection(book.heard)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_not_taken(security, server_tls):  # noqa: F811
    tls = {"starttls": server_tls} if security == "starttls" else {"implicit": server_tls}
    with mail_server(**tls) as (port, book):
        mail = channel(port, security=security, host="localhost", context=ssl.create_default_context())
        outcome = mail.send(request())
    assert (told(outcome), book.said[1:]) == ("sender_misconfigured", [])


def test_a_password_goes_over_plain_text_on_this_machine_alone():
    for host in ("localhost", "127.0.0.1", "::1"):
        SmtpServer(host, security="none", **LOGIN)
    with pytest.raises(InvalidInput, match="plain text") as refused:
        SmtpServer("smtp.example.com", security="none", **LOGIN)
    assert "gänse" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"host": "mail.example.com/x", "security": "tls"}, InvalidInput),
        ({"host": "", "security": "tls"}, InvalidInput),
        ({"host": "mail.example.com", "security": "ssl"}, UnknownName),
        ({"host": "mail.example.com", "security": "tls", "port": 0}, InvalidInput),
        ({"host": "mail.example.com", "security": "tls", "username": "a"}, InvalidInput),
        ({"host": "mail.example.com", "security": "tls", "username": "a", "password": "b\0c"}, InvalidInput),
        ({"host": "mail.example.com", "security": "tls", "ehlo": "a\r\nb"}, InvalidInput),
        ({"host": "mail.example.com", "security": "tls", "keep": timedelta(0)}, InvalidInput),
    ],
)
def test_a_server_that_cannot_be_is_refused_when_it_is_made(arguments, error):
    with pytest.raises(error):
        SmtpServer(**arguments)


@pytest.mark.parametrize(
    "sender",
    ["post", "a@b.c, d@e.f", "A\r\nBcc: x <a@b.example>", "ä@b.example", "<>", None, "x" * 200 + " <a@b.example>"],
)
def test_a_sender_that_is_none_is_refused_when_the_channel_is_made(sender):
    with pytest.raises(InvalidInput):
        channel(25, sender=sender)


@pytest.mark.parametrize(
    "name", ["The Shop", "The Shöp & Söhne, „Grüße“ an alle, die uns lange kennen", 'A "B", C', "=?x?="]
)
def test_the_sender_s_name_is_shown_as_it_is_written(name):
    raw = channel(25, sender=f"{name} <post@shop.example>")._compose(request(), "ann@example.com")
    shown, address = email.utils.parseaddr(email.message_from_bytes(raw)["From"].replace("\r\n", ""))
    assert str(email.header.make_header(email.header.decode_header(shown))) == name
    assert address == "post@shop.example"


# --- life cycle -------------------------------------------------------------------------------------------------------


def test_what_the_channel_says_of_itself():
    mail = channel(2525, name="mail")
    can = mail.capabilities
    assert (can.channel, can.address_kinds, can.remembers_keys_for) == ("mail", frozenset({"email"}), None)
    assert can.thread_safe
    assert can.unsubscribe
    assert repr(mail) == "<SmtpChannel 'mail' by 127.0.0.1:2525>"
    with pytest.raises(InvalidAddress):
        mail.normalise("no address")


def test_check_logs_in_and_sends_nothing():
    with mail_server(**SHOP) as (port, book):
        assert channel(port, **LOGIN).check() == []
    assert book.heard == ["GREETING", "EHLO", "AUTH", "AUTH PLAIN", "NOOP", "QUIT"]


def test_check_says_what_is_wrong():
    with mail_server({"EHLO": "550 5.7.1 no"}) as (port, _):
        assert [each.code for each in channel(port).check()] == ["sender_misconfigured"]
    assert [each.code for each in channel(port).check()] == ["provider_unavailable"]


def test_a_kept_connection_takes_the_next_mail():
    with mail_server() as (port, book):
        mail = channel(port, keep=minutes(1))
        assert [told(mail.send(request(key=key))) for key in ("a", "b")] == ["Accepted"] * 2
        mail.close()
        mail.close()
    assert book.heard.count("GREETING") == 1
    assert (len(book.mails), book.heard[-1]) == (2, "QUIT")


def test_a_kept_connection_works_on_after_a_refusal():
    with mail_server({"RCPT": "550 5.1.1 no"}) as (port, book):
        mail = channel(port, keep=minutes(1))
        assert told(mail.send(request(key="a"))) == "address_invalid"
        del book.script["RCPT"]
        assert told(mail.send(request(key="b"))) == "Accepted"
        mail.close()
    assert book.heard.count("EHLO") == 1


@pytest.mark.parametrize("reply", ["drop", "421 4.4.2 idle for too long"])
def test_a_kept_connection_that_is_gone_is_made_anew(reply):
    with mail_server({"RSET": reply}) as (port, book):
        mail = channel(port, keep=minutes(1))
        assert [told(mail.send(request(key=key))) for key in ("a", "b")] == ["Accepted"] * 2
        mail.close()
    assert (book.heard.count("EHLO"), len(book.mails)) == (2, 2)


def test_a_connection_that_was_idle_too_long_is_not_used():
    clock = VirtualClock(datetime(2026, 3, 2, 8, tzinfo=UTC))
    with mail_server() as (port, book):
        server = SmtpServer("127.0.0.1", security="none", port=port, keep=minutes(1))
        mail = SmtpChannel(server, sender="post@shop.example", clock=clock)
        mail.send(request(key="a"))
        clock.advance(minutes(2))
        mail.send(request(key="b"))
        mail.close()
    assert book.heard.count("EHLO") == 2


def test_a_forked_process_says_nothing_on_its_parent_s_connection(monkeypatch):
    with mail_server() as (port, book):
        mail = channel(port, keep=minutes(1))
        mail.send(request(key="a"))
        ours = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: ours + 1)
        mail.send(request(key="b"))
        mail.close()
        assert (book.heard.count("RSET"), book.heard.count("EHLO")) == (0, 2)


def test_several_threads_may_send_at_once():
    outcomes = []
    with mail_server() as (port, book):
        mail = channel(port, keep=minutes(1))
        threads = [
            threading.Thread(target=lambda n=n: outcomes.append(mail.send(request(key=f"k{n}")))) for n in range(8)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(20)
        mail.close()
    assert sorted(each.ref for each in outcomes) == sorted(mail.message_id(f"k{n}") for n in range(8))
    assert len(book.mails) == 8


def test_an_uncertain_mail_is_not_repeated_by_the_channel():
    with mail_server({"DOT": "drop"}) as (port, book):
        outcome = channel(port).send(request())
    assert isinstance(outcome, Ambiguous)
    assert len(book.mails) == 1


# --- with the engine --------------------------------------------------------------------------------------------------


def told_by_the_engine(mail):
    """What becomes of two touchpoints that send a mail each, and the outcomes on the timeline."""
    message = Message(
        "hello", why="say hello", kind="transactional", channels=["email"], content=Content(subject="Hi", text="You")
    )
    rule = Rule("greet", when="arrived", then=[Send(message)], concurrency="parallel")
    clock = VirtualClock(datetime(2026, 3, 2, 8, tzinfo=UTC))
    with Engine("sqlite://", journeys=[Journey("shop", rules=[rule])], channels=[mail], clock=clock) as engine:
        engine.identify("ann", addresses={"email": "Ann@Example.com"}, timezone="UTC")
        for _ in range(2):
            engine.record("ann", "arrived")
            engine.run_pending()
        clock.advance(minutes(10))
        engine.run_pending()


def test_the_engine_sends_each_mail_once():  # S11.9
    with mail_server() as (port, book):
        told_by_the_engine(channel(port))
    assert [each.rcpt_tos for each in book.mails] == [["Ann@example.com"]] * 2
    ids = {email.message_from_bytes(each.original_content)["Message-ID"] for each in book.mails}
    assert len(ids) == 2


def test_the_engine_repeats_what_was_certainly_refused_and_never_what_is_uncertain():  # S6.8
    with mail_server({"DOT": "drop"}) as (port, book):
        told_by_the_engine(channel(port))
    assert len(book.mails) == 2
    with mail_server({"DATA": "451 4.3.0 later"}) as (port, book):
        told_by_the_engine(channel(port))
    assert (book.heard.count("DATA") > 2, book.mails) == (True, [])


def test_a_deadline_without_end_is_bounded():
    with mail_server() as (port, _):
        assert told(channel(port).send(request(deadline=timedelta.max))) == "Accepted"


def test_a_bounce_that_comes_back_suppresses_the_address():  # S6.9
    message = Message(
        "hello", why="say hello", kind="transactional", channels=["email"], content=Content(subject="Hi", text="You")
    )
    rule = Rule("greet", when="arrived", then=[Send(message)], concurrency="parallel")
    clock = VirtualClock(datetime(2026, 3, 2, 8, tzinfo=UTC))
    with mail_server() as (port, book):
        mail = channel(port)
        with Engine("sqlite://", journeys=[Journey("shop", rules=[rule])], channels=[mail], clock=clock) as engine:
            engine.identify("ann", addresses={"email": "ann@example.com"}, timezone="UTC")
            engine.record("ann", "arrived")
            engine.run_pending()
            [receipt] = mail.read_report(bounce_of(received(book)["Message-ID"]))
            assert not engine.apply(receipt).duplicate
            assert engine.apply(receipt).duplicate
            engine.record("ann", "arrived")
            engine.run_pending()
            timeline = [each.type for each in engine.customer("ann").timeline()]
    assert len(book.mails) == 1, "nothing more goes to an address where nobody lives"
    assert "bounced" in timeline


def bounce_of(message_id):
    return (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        "Final-Recipient: rfc822; ann@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\n\r\nwords\r\n--b--\r\n"
    ).encode()


def test_a_server_without_ehlo_is_greeted_the_old_way():
    with mail_server({"EHLO": "502 not implemented"}) as (port, book):
        assert told(channel(port).send(request())) == "Accepted"
    assert book.said == ["MAIL FROM:<post@shop.example>", "RCPT TO:<ann@example.com>"]


def test_a_server_that_hangs_up_within_the_mail_has_certainly_not_taken_it():
    listener = socket.create_server(("127.0.0.1", 0))

    def talk():
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as heard:
            for reply in ("220 hi", "250 EHLO", "250 MAIL", "250 RCPT", "354 DATA", "552 5.3.4 too big"):
                connection.sendall(f"{reply}\r\n".encode())
                if not reply.startswith("552"):
                    heard.readline()

    thread = threading.Thread(target=talk)
    thread.start()
    long = RenderedMessage("hello", subject="Hello", text="x" * 8_000_000)
    outcome = channel(listener.getsockname()[1]).send(request(long))
    thread.join(10)
    listener.close()
    # Whether its last words still arrive depends on how the connection ends; it is certain either way.
    assert told(outcome) in ("content_rejected", "provider_unavailable")
