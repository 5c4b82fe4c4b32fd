"""Signed webhooks (Standard Webhooks 1.0): what is forged, altered or stale is refused; never a crash."""

import base64
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint import InvalidInput, WebhookRejected, hours, minutes, seconds
from touchpoint.channels import WebhookSecrets
from touchpoint.channels.inbound import WebhookRequest

# The vectors of the standard's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": ID, "webhook-timestamp": "1614265330", "webhook-signature": SIGNATURE}
OTHER_SIGNATURE = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def secret(seed, size=32):
    return "whsec_" + base64.b64encode(bytes([seed]) * size).decode()


OLD, NEW = secret(1), secret(2)
ours = WebhookSecrets(SECRET)


def refused(headers, body=BODY, *, secrets=ours, now=AT, **settings):
    with pytest.raises(WebhookRejected) as caught:
        secrets.verify(headers, body, now=now, **settings)
    return caught.value.reason


# --- the standard's vectors -------------------------------------------------------------------------------------------


def test_the_vector_of_the_standard_is_signed_as_it_says():
    assert ours.sign(ID, AT, BODY) == HEADERS


def test_the_vector_of_the_standard_is_accepted():
    assert ours.verify(HEADERS, BODY, now=AT) == ID


def test_a_secret_may_lack_its_prefix():
    assert WebhookSecrets(SECRET.removeprefix("whsec_")).verify(HEADERS, BODY, now=AT) == ID


def test_one_of_several_signatures_is_enough():
    several = " ".join([OTHER_SIGNATURE, OTHER_SIGNATURE.replace("v1", "v2"), SIGNATURE, OTHER_SIGNATURE])
    assert ours.verify(HEADERS | {"webhook-signature": several}, BODY, now=AT) == ID


def test_versions_that_are_not_known_are_passed_over():
    mixed = f"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw== nonsense v9 {SIGNATURE}"
    assert ours.verify(HEADERS | {"webhook-signature": mixed}, BODY, now=AT) == ID


@pytest.mark.parametrize("version", ["v1a", "v2", "V1", "", "v1,v1"])
def test_our_signature_under_another_version_is_none(version):
    assert refused(HEADERS | {"webhook-signature": SIGNATURE.replace("v1", version)}) in {"malformed", "forged"}


# --- what is forged ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"webhook-id": "msg_x"}, BODY),
        ({"webhook-timestamp": "1614265331"}, BODY),
        ({"webhook-signature": OTHER_SIGNATURE}, BODY),
        ({}, BODY + b" "),
        ({}, b""),
        ({}, b'{"test":2432232314}'),
    ],
    ids=["id", "time", "signature", "a space more", "no body", "written again"],
)
def test_whatever_was_altered_does_not_fit(headers, body):
    assert refused(HEADERS | headers, body) == "forged"


def test_another_secret_does_not_fit():
    assert refused(HEADERS, secrets=WebhookSecrets(NEW)) == "forged"


@pytest.mark.parametrize("cut", [3, 4, 8, len(SIGNATURE) - 1])
def test_a_part_of_the_signature_does_not_fit(cut):
    assert refused(HEADERS | {"webhook-signature": SIGNATURE[:cut]}) == "forged"


def test_the_border_between_time_and_body_cannot_be_moved():
    body = b"1614265330.{}"
    signed = ours.sign("msg_a", AT, body)
    moved = signed | {"webhook-id": f"msg_a.{signed['webhook-timestamp']}", "webhook-timestamp": "1614265330"}
    assert refused(moved, b"{}") == "malformed"


def test_a_forged_webhook_does_not_tell_how_our_clock_stands():
    assert refused(HEADERS | {"webhook-signature": OTHER_SIGNATURE}, now=AT + hours(1)) == "forged"


# --- headers that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(HEADERS))
def test_a_header_that_is_missing_is_named(name):
    rest = {key: value for key, value in HEADERS.items() if key != name}
    with pytest.raises(WebhookRejected, match=name) as caught:
        ours.verify(rest, BODY, now=AT)
    assert caught.value.reason == "missing"


@pytest.mark.parametrize("name", list(HEADERS))
@pytest.mark.parametrize(
    "value", ["", " ", "\u0663", "x" * 5000, "é", "\ud800", None, 7, b"\xff\xfe", "\0", [], ["a", "b"]]
)
def test_a_header_of_another_form_is_refused(name, value):
    assert refused(HEADERS | {name: value}) in {"malformed", "missing"}


@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "-1", "+1614265330", "1614265330.0", "1_614_265_330", " 1614265330", "1614265330\n", "1e9", "0x1",
     "01614265330", "9" * 13, "9" * 4000, "\u0661\u0662", "2021-02-25T15:02:10Z"],
)  # fmt: skip
def test_a_time_that_is_no_whole_number_of_seconds_is_refused(value):
    assert refused(HEADERS | {"webhook-timestamp": value}) == "malformed"


@pytest.mark.parametrize("value", ["v1", SIGNATURE[3:], "v1a,abc", ",", "v1;abc", SIGNATURE.replace(" ", "\t")[1:]])
def test_a_signature_without_version_and_comma_is_refused(value):
    assert refused(HEADERS | {"webhook-signature": value}) == "malformed"


@pytest.mark.parametrize("value", ["v1,é", f"{SIGNATURE} v1,\ud800", f"{SIGNATURE} " + "v1,x " * 900])
def test_a_signature_beside_what_is_not_ascii_or_too_long_is_refused(value):
    assert refused(HEADERS | {"webhook-signature": value}) == "malformed"


@pytest.mark.parametrize("value", ["v1,", "v1,!!!", "v1,====", "v1,AAAA", SIGNATURE + "=", SIGNATURE.replace("+", "-")])
def test_a_signature_of_other_text_does_not_fit(value):
    assert refused(HEADERS | {"webhook-signature": value}) == "forged"


def test_upper_and_lower_case_of_names_do_not_matter():
    assert ours.verify({name.title(): value for name, value in HEADERS.items()}, BODY, now=AT) == ID


@pytest.mark.parametrize(
    "shape",
    [
        list,
        lambda pairs: [(name.encode(), value.encode()) for name, value in pairs],
        lambda pairs: {name: [value] for name, value in pairs},
        lambda pairs: iter([("accept", "*/*"), *pairs]),
    ],
    ids=["pairs", "bytes", "lists of values", "an iterator"],
)
def test_headers_come_as_the_frameworks_have_them(shape):
    assert ours.verify(shape(HEADERS.items()), BODY, now=AT) == ID


def test_a_request_as_adapters_get_it_is_verified():
    request = WebhookRequest(BODY, {name.title(): value for name, value in HEADERS.items()})
    assert ours.verify(request.headers, request.body, now=AT) == ID


@pytest.mark.parametrize("name", list(HEADERS))
def test_a_header_that_is_there_twice_is_refused(name):  # who reads the other one is fooled
    assert refused([*HEADERS.items(), (name.upper(), HEADERS[name])]) == "malformed"
    assert refused(HEADERS | {name: [HEADERS[name]] * 2}) == "malformed"


def test_a_name_that_only_looks_like_ours_is_another():
    assert refused({name.replace("k", "\u212a"): value for name, value in HEADERS.items()}) == "missing"


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("away", [minutes(5), -minutes(5), seconds(0)])
def test_up_to_the_tolerance_both_ways_is_just_now(away):
    assert ours.verify(HEADERS, BODY, now=AT + away) == ID


@pytest.mark.parametrize(
    "away", [minutes(5) + timedelta(microseconds=1), -minutes(5) - timedelta(microseconds=1), hours(9)]
)
def test_further_than_the_tolerance_is_stale_both_ways(away):
    assert refused(HEADERS, now=AT + away) == "stale"


def test_the_tolerance_is_the_hosts():
    assert refused(HEADERS, now=AT + seconds(2), tolerance=seconds(1)) == "stale"
    assert ours.verify(HEADERS, BODY, now=AT + hours(1), tolerance=hours(1)) == ID


@pytest.mark.parametrize("stamp", ["0", "999999999999"])
def test_the_ends_of_time_are_stale_and_no_overflow(stamp):
    at = ours.sign(ID, AT, BODY)
    assert refused(at | {"webhook-timestamp": stamp}) == "forged"
    late = datetime.max.replace(tzinfo=UTC)
    assert refused(HEADERS, now=late) == "stale"


# --- rotation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("receiver", [(OLD,), (NEW,), (OLD, NEW), (NEW, OLD)])
def test_while_secrets_change_either_side_may_be_first(receiver):
    signed = WebhookSecrets(NEW, OLD).sign(ID, AT, BODY)
    assert WebhookSecrets(*receiver).verify(signed, BODY, now=AT) == ID
    assert WebhookSecrets(NEW, OLD).verify(WebhookSecrets(receiver[0]).sign(ID, AT, BODY), BODY, now=AT) == ID


def test_a_secret_that_was_taken_out_is_no_longer_accepted():
    assert refused(WebhookSecrets(OLD).sign(ID, AT, BODY), secrets=WebhookSecrets(NEW)) == "forged"


def test_the_same_secret_twice_signs_once():
    assert WebhookSecrets(NEW, NEW).sign(ID, AT, BODY) == WebhookSecrets(NEW).sign(ID, AT, BODY)


# --- mistakes of the host ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [24, 64])
def test_secrets_are_24_to_64_bytes_long(size):
    assert WebhookSecrets(secret(7, size)).sign(ID, AT, BODY)


@pytest.mark.parametrize("size", [0, 1, 23, 65, 1000])
def test_shorter_and_longer_secrets_are_refused(size):
    with pytest.raises(InvalidInput, match=f"has {size} bytes"):
        WebhookSecrets(secret(7, size))


@pytest.mark.parametrize(
    "bad", ["whsec_not base64!", "whsec_AAA", "whsk_" + "A" * 32, "whpk_" + "A" * 32, b"x" * 32, None, "é"]
)
def test_what_is_no_secret_is_refused_without_showing_it(bad):  # S7.5
    with pytest.raises(InvalidInput) as caught:
        WebhookSecrets(NEW, bad)
    assert "secret 2" in str(caught.value)
    assert bad is None or str(bad).removeprefix("whsec_") not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("count", [0, 9])
def test_there_are_one_to_eight_secrets(count):
    with pytest.raises(InvalidInput, match="1 to 8"):
        WebhookSecrets(*[secret(n) for n in range(count)])


@pytest.mark.parametrize("body", [BODY.decode(), {"test": 2432232314}, None, [1]])
def test_a_body_that_somebody_parsed_is_refused_with_the_reason(body):
    for act in (lambda: ours.verify(HEADERS, body, now=AT), lambda: ours.sign(ID, AT, body)):
        with pytest.raises(InvalidInput, match="raw bytes"):
            act()


@pytest.mark.parametrize("body", [bytearray(BODY), memoryview(BODY)])
def test_bytes_of_any_kind_are_raw(body):
    assert ours.verify(HEADERS, body, now=AT) == ID


@pytest.mark.parametrize("at", [datetime(2021, 2, 25), 1614265330, None])
def test_naive_times_are_refused(at):  # S2.1
    for act in (lambda: ours.verify(HEADERS, BODY, now=at), lambda: ours.sign(ID, at, BODY)):
        with pytest.raises(InvalidInput, match="aware datetime"):
            act()


def test_a_webhook_before_1970_cannot_be_signed():
    with pytest.raises(InvalidInput, match="before 1970"):
        ours.sign(ID, datetime(1969, 12, 31, tzinfo=UTC), BODY)


@pytest.mark.parametrize("webhook_id", ["", "a.b", "a b", "a\n", "é", "x" * 257, None, 7])
def test_an_id_that_could_be_misread_is_not_signed(webhook_id):
    with pytest.raises(InvalidInput, match="webhook id"):
        ours.sign(webhook_id, AT, BODY)


@pytest.mark.parametrize(
    "headers", [None, 7, "webhook-id: x", b"webhook-id: x", ["webhook-id"], [("a", "b", "c")], [7]]
)
def test_what_is_no_headers_is_the_hosts_mistake(headers):
    with pytest.raises(InvalidInput, match="pairs of names and values"):
        ours.verify(headers, BODY, now=AT)


@pytest.mark.parametrize("tolerance", [seconds(0), -seconds(1), timedelta(days=2), 300, None])
def test_a_tolerance_is_a_short_time(tolerance):
    with pytest.raises(InvalidInput, match="tolerance="):
        ours.verify(HEADERS, BODY, now=AT, tolerance=tolerance)


def test_secrets_are_never_shown():  # S7.5
    shown = f"{WebhookSecrets(SECRET, NEW)!r} {WebhookSecrets(SECRET, NEW)}"
    assert shown == "<WebhookSecrets: 2> <WebhookSecrets: 2>"


def test_a_rejection_repeats_nothing_that_came():  # S7.5
    with pytest.raises(WebhookRejected) as caught:
        ours.verify(HEADERS | {"webhook-id": "jess@example.com"}, b"jess@example.com", now=AT)
    assert "jess" not in str(caught.value)
    assert OTHER_SIGNATURE[3:] not in str(caught.value)


def test_a_rejection_keeps_its_reason_between_processes():
    assert pickle.loads(pickle.dumps(WebhookRejected("no", "stale"))).reason == "stale"  # noqa: S301 - our own bytes


# --- laws -------------------------------------------------------------------------------------------------------------

ids = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="."), min_size=1, max_size=60)
times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
noise = (
    st.none()
    | st.integers()
    | st.binary(max_size=40)
    | st.text(max_size=40)
    | st.lists(st.text(max_size=5), max_size=3)
)
names = st.sampled_from([*HEADERS, *map(str.upper, HEADERS)]) | st.text(max_size=20)


@given(ids, times, st.binary(max_size=200), st.lists(st.integers(0, 255), min_size=1, max_size=3))
def test_what_is_signed_is_accepted(webhook_id, at, body, seeds):
    both = WebhookSecrets(*map(secret, seeds))
    assert both.verify(both.sign(webhook_id, at, body), body, now=at) == webhook_id


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_a_signature_is_of_one_body(body, other):
    signed = ours.sign(ID, AT, body)
    if body == other:
        assert ours.verify(signed, other, now=AT) == ID
    else:
        assert refused(signed, other) == "forged"


@given(st.lists(st.tuples(names | st.binary(max_size=20), noise), max_size=6), st.binary(max_size=40))
def test_whatever_comes_is_rejected_and_never_a_crash(headers, body):
    assert refused(headers, body) in {"missing", "malformed", "stale", "forged"}


@given(
    st.fixed_dictionaries({name: noise | st.just(value) for name, value in HEADERS.items()}),
    st.just(BODY) | st.binary(),
)
def test_headers_half_right_are_rejected_and_never_a_crash(headers, body):
    if (headers, body) == (HEADERS, BODY):
        return
    assert refused(headers, body) in {"missing", "malformed", "stale", "forged"}
