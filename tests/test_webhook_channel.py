"""Messages posted to a service of the host's own, over real connections on loopback."""

import json
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from certificates import authority, client_tls, server_tls  # noqa: F401 - fixtures
from touchpoint import (
    Content,
    Engine,
    InvalidInput,
    Journey,
    Message,
    Rule,
    Send,
    VirtualClock,
    hours,
    minutes,
    seconds,
)
from touchpoint.channels import (
    Accepted,
    Address,
    FailureCode,
    Refused,
    RenderedMessage,
    SendRequest,
    WebhookChannel,
    WebhookSecrets,
)
from touchpoint.channels.inbound import Clicked, Complained, OptedOut, Receipt, Replied, WebhookRequest
from touchpoint.errors import WebhookRejected

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
CLOCK = VirtualClock(NOW)
SECRET = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
OTHER = "whsec_" + "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3Ro"
KEY = "0123456789abcdef0123456789abcdef"
MESSAGE = RenderedMessage("hello", "service", "Hällo", "Your parcel comes today.", "<p>today</p>", "en")
TIME = seconds(10)


class Service:
    """Answers each request with the same bytes; "drop" cuts the line, "hush" says nothing."""

    def __init__(self, answer, tls=None, at="body"):
        self.answer, self.tls, self.at = answer, tls, at
        self.requests, self.once, self.over = [], [], threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
                if self.over.is_set():
                    connection.close()
                    return
                connection.settimeout(10)
                if self.tls is not None:
                    connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError:
                continue
            with connection:
                self.talk(connection)

    def talk(self, connection):
        if self.at == "connect":
            return
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            if self.at == "body":
                while len(body) < int(fields["Content-Length"]):
                    body += connection.recv(65536)
            self.requests.append((head.decode().split("\r\n")[0], {k.lower(): v for k, v in fields.items()}, body))
            reply = self.once.pop() if self.once else self.answer
            reply = reply(len(self.requests)) if callable(reply) else reply
            if reply == "hush":
                self.over.wait(10)
            elif reply != "drop":
                connection.sendall(reply)
        except OSError:
            return

    def close(self):
        self.over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join(20)
        self.listener.close()


@contextmanager
def service(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", **options):
    one = Service(answer, **options)
    one.thread.start()
    try:
        yield one
    finally:
        one.close()


def answer(status, body=b"", *fields):
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def channel(to, **rest):
    url = to if isinstance(to, str) else f"http://127.0.0.1:{to.port}/send?token=t0ken"
    return WebhookChannel("sms", url, SECRET, clock=CLOCK, **rest)


def request(message=MESSAGE, key=KEY, deadline=TIME, **rest):
    return SendRequest(key, Address("phone", "+442079460958"), message, "sms", deadline, **rest)


def told(outcome):
    return outcome.code.value if isinstance(outcome, Refused) else type(outcome).__name__


# --- what is posted ---------------------------------------------------------------------------------------------------


def test_a_message_is_posted_as_signed_json():
    with service(answer(200, b'{"id": "msg-1", "units": 2}')) as one:
        outcome = channel(one).send(request(headers={"List-Unsubscribe": "<https://shop.example/u>"}))
    assert outcome == Accepted(ref="msg-1", units=2)
    [(line, fields, body)] = one.requests
    assert line == "POST /send?token=t0ken HTTP/1.1"
    assert json.loads(body) == {
        "type": "message.send",
        "key": KEY,
        "channel": "sms",
        "to": {"kind": "phone", "address": "+442079460958"},
        "message": {
            "name": "hello",
            "kind": "service",
            "subject": "Hällo",
            "text": "Your parcel comes today.",
            "html": "<p>today</p>",
            "locale": "en",
        },
        "headers": {"List-Unsubscribe": "<https://shop.example/u>"},
    }
    assert fields["idempotency-key"] == KEY  # unchanged
    assert fields["content-type"] == "application/json"
    assert fields["host"] == f"127.0.0.1:{one.port}"
    webhook_id = WebhookSecrets(SECRET).verify(fields, body, now=NOW)
    with pytest.raises(WebhookRejected):
        WebhookSecrets(OTHER).verify(fields, body, now=NOW)
    assert KEY not in webhook_id


def test_every_attempt_has_the_same_id_and_another_message_another():
    with service() as one:
        for key, attempt in ((KEY, 1), (KEY, 2), ("other", 1)):
            channel(one).send(request(key=key, attempt=attempt))
    first, second, other = ((fields["webhook-id"], body) for _, fields, body in one.requests)
    assert first == second
    assert other[0] != first[0]


def test_it_is_posted_over_tls(server_tls, client_tls):  # noqa: F811
    with service(tls=server_tls) as one:
        assert told(channel(f"https://localhost:{one.port}/", context=client_tls).send(request())) == "Accepted"


def test_a_certificate_that_nobody_vouches_for_is_not_taken(server_tls):  # noqa: F811
    with service(tls=server_tls) as one:
        mail = channel(f"https://localhost:{one.port}/", context=ssl.create_default_context())
        assert (told(mail.send(request())), [each.code for each in mail.check()]) == (
            "sender_misconfigured",
            ["sender_misconfigured"],
        )
    assert one.requests == []


# --- what the answer means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(200), "Accepted"),
        (answer(201, b"not JSON"), "Accepted"),
        (answer(202, b"[" * 100_000), "Accepted"),
        (answer(204), "Accepted"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", "Accepted"),  # the status says it
        (answer(301, b"", "Location: http://127.0.0.1:1/"), "sender_misconfigured"),
        (answer(307, b"", "Location: http://169.254.169.254/"), "sender_misconfigured"),
        (answer(400), "content_rejected"),
        (answer(401), "sender_misconfigured"),
        (answer(402), "budget_exhausted"),
        (answer(403), "sender_misconfigured"),
        (answer(404), "sender_misconfigured"),
        (answer(408), "throttled"),
        (answer(409), "Ambiguous"),
        (answer(410), "sender_misconfigured"),
        (answer(413), "content_rejected"),
        (answer(418), "unknown"),
        (answer(422), "content_rejected"),
        (answer(429), "throttled"),
        (answer(451), "region_forbidden"),
        (answer(500), "Ambiguous"),
        (answer(502), "Ambiguous"),
        (answer(503), "provider_unavailable"),
        (answer(504), "Ambiguous"),
        (answer(103), "Ambiguous"),
        (answer(999), "Ambiguous"),
        (b"nonsense\r\n\r\n", "Ambiguous"),
        (b"HTTP/1.1 200", "Accepted"),  # likewise
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000, "Ambiguous"),
        (b"", "Ambiguous"),
        ("drop", "Ambiguous"),
        (answer(400, b'{"code": "address_invalid"}'), "address_invalid"),
        (answer(422, b'{"code": "recipient_opted_out"}'), "recipient_opted_out"),
        (answer(422, b'{"code": ["address_invalid"]}'), "content_rejected"),
        (answer(500, b'{"code": "address_invalid"}'), "Ambiguous"),
    ],
)
def test_each_answer_has_its_outcome(reply, expected):  # S6.8
    with service(reply) as one:
        outcome = channel(one).send(request())
    assert told(outcome) == expected
    assert len(one.requests) == 1, "one call for each send"
    assert "+44" not in str(outcome)


def test_a_code_that_nobody_knows_is_kept_as_it_came():
    with service(answer(418, b'{"code": "E-4711"}')) as one:
        outcome = channel(one).send(request())
    assert (told(outcome), outcome.provider_code) == ("unknown", "418 E-4711")


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", seconds(120)),
        ("Mon, 02 Mar 2026 08:00:30 GMT", seconds(30)),
        ("Mon, 02 Mar 2026 07:00:00 GMT", seconds(0)),
        ("soon", None),
        ("-5", None),
        ("9" * 30, None),
        ("Mon, 99 Mar 99999 08:00:30 GMT", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_how_long_to_stay_away_is_told_in_seconds_or_as_a_date(status, value, wait):
    with service(answer(status, b"", f"Retry-After: {value}")) as one:
        outcome = channel(one).send(request())
    assert outcome.retry_after == wait
    assert outcome.scope == ("account" if status == 429 else None)


def test_a_service_that_nobody_runs_is_a_certain_refusal():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nobody = channel(f"http://127.0.0.1:{port}/")
    assert told(nobody.send(request())) == "provider_unavailable"
    assert [each.code for each in nobody.check()] == ["provider_unavailable"]


def test_a_name_that_leads_nowhere_is_a_certain_refusal():
    assert told(channel("http://nowhere.invalid.localhost/").send(request())) == "provider_unavailable"


def test_a_service_that_falls_silent_is_left_at_the_deadline():
    with service("hush") as one:
        assert told(channel(one).send(request(deadline=seconds(0.3)))) == "Ambiguous"


def test_without_time_nothing_is_posted():
    with service() as one:
        assert told(channel(one).send(request(deadline=timedelta(0)))) == "provider_unavailable"
    assert one.requests == []


def test_a_service_that_hangs_up_before_it_had_all_certainly_did_nothing():
    """It cannot have verified what it never had the end of."""
    long = RenderedMessage("hello", text="x" * 20_000_000)
    with service("drop", at="head") as one:
        assert told(channel(one).send(request(long))) == "provider_unavailable"


def test_what_a_service_says_before_it_had_all_is_heard():
    long = RenderedMessage("hello", text="x" * 20_000_000)
    with service(answer(413), at="head") as one:
        # Whether the answer can still be read depends on how the connection ends; it is certain either way.
        assert told(channel(one).send(request(long))) in ("content_rejected", "provider_unavailable")


def test_a_key_that_could_add_a_header_is_not_sent():
    with service() as one:
        assert told(channel(one).send(request(key="a\r\nX-Admin: 1"))) == "unknown"
    assert one.requests == []


def test_half_a_surrogate_pair_is_a_problem_before_and_refused_at_the_hand_over():
    broken = RenderedMessage("hello", text="\ud800")
    posts = channel("https://shop.example/")
    assert [each.code for each in posts.preflight(broken).problems] == [FailureCode.CONTENT_REJECTED]
    assert told(posts.send(request(broken))) == "content_rejected"


# --- what it says of itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "ftp://shop.example/", "https://", "https:///path", "https://u:p4ss@shop.example/",
        "https://shop.example/#a", "https://shop.example:99999/", "https://shop.example:0/", "https://a b/",
        "https://shop.example/\r\nX: 1", "//shop.example/", "", None, "https://[::1", "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/", "https://shop.example\\@evil.example/",
    ],
)  # fmt: skip
def test_a_url_that_is_not_safe_is_refused_and_not_repeated(url):
    with pytest.raises(InvalidInput) as refused:
        WebhookChannel("sms", url, SECRET)
    assert "p4ss" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["http://localhost/", "http://127.0.0.1:8080/a", "http://[::1]/", "https://shop.example"]
)
def test_plain_http_is_for_this_machine_alone(url):
    assert channel(url).capabilities.channel == "sms"


def test_what_the_channel_says_of_itself():
    posts = channel("https://shop.example/hook/t0ken?x=y", remembers_keys_for=hours(24), receipts=True)
    can = posts.capabilities
    assert (can.address_kinds, can.remembers_keys_for) == (frozenset({"phone"}), hours(24))
    assert can.thread_safe
    assert can.receipts
    assert can.inbound
    assert channel("https://shop.example/").capabilities.remembers_keys_for is None
    assert repr(posts) == "<WebhookChannel 'sms' to shop.example:443>"
    assert "c2VjcmV0" not in repr(vars(posts))


def test_check_connects_and_posts_nothing():
    with service() as one:
        assert channel(one).check() == []
    assert one.requests == []


# --- what comes back --------------------------------------------------------------------------------------------------


def posted(body, secret=SECRET, at=NOW):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return WebhookRequest(raw, WebhookSecrets(secret).sign("evt_1", at, raw))


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"type": "message.delivered", "key": KEY}, Receipt(KEY, "delivered", "evt_1", channel="sms")),
        (
            {"type": "message.bounced", "ref": "msg-1", "code": "address_invalid", "at": "2026-03-02T07:00:00+00:00"},
            Receipt(
                None, "bounced", "evt_1", NOW - hours(1), code=FailureCode.ADDRESS_INVALID, channel="sms", ref="msg-1"
            ),
        ),
        (
            {"type": "message.failed", "key": KEY, "code": "E-1"},
            Receipt(KEY, "failed", "evt_1", code=FailureCode.UNKNOWN, channel="sms"),
        ),
        (
            {"type": "message.clicked", "key": KEY, "link": "https://shop.example/"},
            Clicked(KEY, "https://shop.example/", "evt_1", channel="sms"),
        ),
        (
            {"type": "message.replied", "customer": "ann", "text": "STOP", "address": "+442079460958", "key": KEY},
            Replied("ann", "sms", "STOP", "+442079460958", KEY, "evt_1"),
        ),
        (
            {"type": "message.replied", "text": "Hi", "address": "+442079460958"},
            Replied(None, "sms", "Hi", "+442079460958", id="evt_1"),
        ),
        ({"type": "message.complained", "ref": "r"}, Complained(id="evt_1", channel="sms", ref="r")),
        (
            {"type": "message.opted_out", "address": "+442079460958"},
            OptedOut("sms", address="+442079460958", id="evt_1"),
        ),
    ],
)
def test_a_service_tells_what_became_of_a_message(body, event):  # S6.9
    received = channel("https://shop.example/").receive(posted(body))
    assert (tuple(received.events), received.status) == ((event,), 200)


@pytest.mark.parametrize("body", [{"type": "message.glimpsed", "key": KEY}, {"type": ["x"]}, {}])
def test_what_nobody_knows_tells_nothing(body):
    assert channel("https://shop.example/").receive(posted(body)).events == ()


@pytest.mark.parametrize(
    "request_",
    [
        WebhookRequest(b'{"type": "message.delivered"}'),
        posted({"type": "message.delivered", "key": KEY}, secret=OTHER),
        posted({"type": "message.delivered", "key": KEY}, at=NOW - hours(1)),
        posted(b"not JSON"),
        posted(b"[]"),
        posted(b"[" * 100_000),
        posted(b'{"a": "' + b"x" * 300_000 + b'"}'),
        posted({"type": "message.delivered"}),
        posted({"type": "message.delivered", "key": KEY, "at": "yesterday"}),
        posted({"type": "message.delivered", "key": KEY, "at": "2026-03-02T07:00:00"}),
        posted({"type": "message.delivered", "key": KEY, "at": 7}),
        posted({"type": "message.replied", "text": "STOP"}),
        posted({"type": "message.replied", "customer": ["ann"], "text": "STOP"}),
        posted({"type": "message.replied", "customer": "ann", "text": 7}),
        posted({"type": "message.delivered", "address": "+442079460958"}),
    ],
)
def test_what_cannot_be_trusted_or_read_is_refused(request_):
    with pytest.raises(WebhookRejected):
        channel("https://shop.example/").receive(request_)


# --- with the engine --------------------------------------------------------------------------------------------------


def test_the_engine_hears_from_the_service_and_repeats_only_what_the_service_remembers():  # S6.8, S6.9
    message = Message("hello", why="say hello", kind="transactional", channels=["sms"], content=Content(text="You"))
    rule = Rule("greet", when="arrived", then=[Send(message)])
    for memory, posts in ((None, 1), (hours(24), 2)):
        clock = VirtualClock(NOW)
        with service(answer(200, b'{"id": "msg-1"}')) as one:
            one.once.append("drop")
            sms = WebhookChannel("sms", f"http://127.0.0.1:{one.port}/", SECRET, remembers_keys_for=memory, clock=clock)
            with Engine("sqlite://", journeys=[Journey("shop", rules=[rule])], channels=[sms], clock=clock) as engine:
                engine.identify("ann", addresses={"phone": "+44 20 7946 0958"}, timezone="UTC")
                engine.record("ann", "arrived")
                engine.run_pending()
                clock.advance(minutes(30))
                engine.run_pending()
                raw = b'{"type": "message.delivered", "ref": "msg-1"}'
                signed = WebhookSecrets(SECRET).sign("evt_1", clock.now(), raw)
                assert engine.receive("sms", WebhookRequest(raw, signed)).status == 200
                assert engine.receive("sms", WebhookRequest(raw + b" ", signed)).status >= 400
                timeline = [each.type for each in engine.customer("ann").timeline()]
        keys = [fields["idempotency-key"] for _, fields, _ in one.requests]
        assert (len(keys), len(set(keys))) == (posts, 1)
        assert ("delivered" in timeline) == (memory is not None)
