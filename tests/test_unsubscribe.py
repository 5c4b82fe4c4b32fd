"""One-click unsubscribe (RFC 8058): signed links; a POST of the one form acts, a GET never does."""

import base64
import email.policy
import string
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint import InvalidAddress, InvalidInput, UnsubscribeRejected
from touchpoint.channels import AskFirst, OneClick, Unsubscribe, UnsubscribeLink
from touchpoint.channels.unsubscribe import _mac

OLD, NEW = b"o" * 16, b"n" * 32
KEY = "5f2c0d9e8b7a61534f2e1d0c9b8a7766"
FORM = b"List-Unsubscribe=One-Click"
MULTIPART = "multipart/form-data; boundary=----b0undary"
links = Unsubscribe("https://shop.example/u", NEW)
LINK = UnsubscribeLink(KEY, "marketing", "email")
TOKEN = links.token(KEY, "marketing")


def parts(*fields, mark=b"----b0undary", line=b"\r\n"):
    opened = [b"--" + mark + line + head + line + line + value + line for head, value in fields]
    return b"".join(opened) + b"--" + mark + b"--" + line


FIELD = (b'Content-Disposition: form-data; name="List-Unsubscribe"', b"One-Click")


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_says_what_it_was_made_for():
    assert links.read(links.token(KEY, "news", "sms")) == UnsubscribeLink(KEY, "news", "sms")


def test_the_form_of_tokens_lasts():  # mails of years ago carry them
    assert TOKEN == (
        "v1.WyI1ZjJjMGQ5ZThiN2E2MTUzNGYyZTFkMGM5YjhhNzc2NiIsIm1hcmtldGluZyIsImVtYWlsIl0."
        "mDX36W4vd1InF_JLzDETGgj3eXE2ZR6r08QJ1s5awjU"
    )


def test_a_token_is_the_same_each_time():  # S11.5
    assert Unsubscribe("https://other.example", NEW).token(KEY, "marketing") == TOKEN


@pytest.mark.parametrize("at", range(0, len(TOKEN), 7))
def test_a_token_that_was_altered_is_refused(at):
    other = "A" if TOKEN[at] != "A" else "B"
    with pytest.raises(UnsubscribeRejected):
        links.read(TOKEN[:at] + other + TOKEN[at + 1 :])


@pytest.mark.parametrize(
    "token",
    ["", "v1", "v1..", TOKEN[:-1], TOKEN + "A", TOKEN + "\n", " " + TOKEN, TOKEN.replace("v1", "v2"), "v1." + "A" * 900,
     TOKEN + "=", "é" * 60, "\ud800", None, 7, TOKEN.encode(), [TOKEN]],
)  # fmt: skip
def test_what_is_no_token_is_refused(token):
    with pytest.raises(UnsubscribeRejected):
        links.read(token)


def test_a_token_of_another_secret_is_refused():
    with pytest.raises(UnsubscribeRejected, match="none of the secrets"):
        Unsubscribe("https://shop.example/u", OLD).read(TOKEN)


def test_links_of_an_older_secret_still_work():
    both = Unsubscribe("https://shop.example/u", [NEW, OLD])
    assert both.read(Unsubscribe("https://shop.example/u", OLD).token(KEY, "marketing")) == LINK
    assert both.token(KEY, "marketing") == TOKEN


def test_the_secret_signs_here_what_it_signs_nowhere_else():
    import hashlib
    import hmac

    content = TOKEN.rpartition(".")[0]
    plain = base64.urlsafe_b64encode(hmac.new(NEW, content.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    with pytest.raises(UnsubscribeRejected, match="none of the secrets"):
        links.read(f"{content}.{plain}")


@pytest.mark.parametrize("content", ["AAAA", "A", "MQ", "e30", "WyJhIl0", "W10"])
def test_what_somebody_else_signed_with_the_same_key_is_refused(content):
    with pytest.raises(UnsubscribeRejected, match="not by us"):
        links.read(f"v1.{content}.{_mac(links._keys[0], content)}")


@pytest.mark.parametrize("key", ["jess@example.com", "+442079460958", "two words", "", "x" * 129, "a/b", "é", None, 7])
def test_a_link_names_a_message_and_no_person(key):  # S7.5
    with pytest.raises(InvalidInput, match="key of a message") as caught:
        links.token(key, "marketing")
    assert "jess" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "two words", "a\n", "x" * 101, "\u200b", "\ud800", None, 7])
def test_purpose_and_channel_are_names(name):
    with pytest.raises(InvalidInput, match="purpose"):
        links.token(KEY, name)
    with pytest.raises(InvalidInput, match="channel"):
        links.token(KEY, "marketing", name)


def test_names_that_are_too_long_together_are_refused():
    with pytest.raises(InvalidInput, match="too long together"):
        links.token(KEY, "ж" * 100)


# --- headers ----------------------------------------------------------------------------------------------------------


def test_a_mail_carries_both_headers_of_the_rfc():
    assert links.headers(KEY, "marketing") == {
        "List-Unsubscribe": f"<https://shop.example/u/{TOKEN}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_old_mail_programs_get_an_address_too():
    made = Unsubscribe("https://shop.example/u", NEW, mailto="bye+list@shop.example").headers(KEY, "marketing")
    assert made["List-Unsubscribe"] == (
        f"<https://shop.example/u/{TOKEN}>, <mailto:bye%2Blist@shop.example?subject={TOKEN}>"
    )


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://shop.example", "https://shop.example/{}"),
        ("https://shop.example/u/", "https://shop.example/u/{}"),
        ("https://shop.example/u?t={token}&x=1", "https://shop.example/u?t={}&x=1"),
        ("https://shop.example/{token}/bye", "https://shop.example/{}/bye"),
        ("https://shop.example:8443/u", "https://shop.example:8443/u/{}"),
    ],
)
def test_the_token_goes_where_the_url_says(url, link):
    assert Unsubscribe(url, NEW).url(KEY, "marketing") == link.format(TOKEN)


@pytest.mark.parametrize(
    "url",
    ["http://shop.example/u", "HTTPS://shop.example/u", "https://", "https:///u", "//shop.example", "shop.example/u",
     "https://jess:secret@shop.example/u", "https://shop.example/u#x", "https://shop.example/u#",
     "https://shop.example/u?x=1",
     "https://{token}.example/u", "https://shop.example/{token}/{token}", "https://shop.example/u>, <https://evil.example",
     "https://shop.example/u\r\nBcc: x@example.com", "https://shop.example/a,b", "https://shop.example/ü",
     "https://shop.example/a b",
     "https://[::1/u", "https://shop.example:99999/u", "https://shop.example/" + "x" * 300, "https://shop.example/{key}",
     None, b"https://shop.example"],
)  # fmt: skip
def test_what_is_no_safe_https_link_is_refused(url):
    with pytest.raises(InvalidInput, match="url=") as caught:
        Unsubscribe(url, NEW)
    assert "secret" not in str(caught.value)


def test_the_address_for_mails_cannot_break_the_header():
    for bad in ("a@example.com>\r\nBcc: x@example.com", "a@example.com, b@example.com", "<a@example.com>", "nobody"):
        with pytest.raises(InvalidAddress):
            Unsubscribe("https://shop.example/u", NEW, mailto=bad)


def test_a_header_longer_than_a_line_of_a_mail_is_refused():
    made = Unsubscribe("https://shop.example/" + "x" * 270, NEW, mailto="bye@shop.example")
    with pytest.raises(InvalidInput, match="too long for a mail"):
        made.headers(KEY, "m" * 100, "c" * 100)


def test_the_headers_survive_being_written_as_a_mail():
    made = Unsubscribe("https://shop.example/u", NEW, mailto="bye@shop.example").headers(KEY, "m" * 100)
    mail = EmailMessage(email.policy.SMTP.clone(max_line_length=998))
    for name, value in made.items():
        mail[name] = value
    lines = mail.as_bytes().decode("ascii").split("\r\n")
    assert [f"{name}: {value}" for name, value in made.items()] == lines[:2]


@pytest.mark.parametrize("secret", [b"", b"short", "x" * 32, None, [], [NEW, b"short"], ["x" * 32], 7])
def test_a_secret_is_bytes_and_long_enough(secret):
    with pytest.raises(InvalidInput, match="secret"):
        Unsubscribe("https://shop.example/u", secret)


def test_secrets_are_never_shown():  # S7.5
    assert repr(links) == "<Unsubscribe by https://shop.example/u/{token}>"


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("body", [b"", FORM])
def test_whoever_only_looks_is_asked_first(method, body):  # scanners follow links
    assert links.take(method, TOKEN, body) == AskFirst(LINK)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (FORM, "application/x-www-form-urlencoded"),
        (FORM, "Application/X-WWW-Form-Urlencoded; charset=UTF-8"),
        (FORM, ""),
        (FORM + b"\r\n", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=One%2DClick", "application/x-www-form-urlencoded"),
        (bytearray(FORM), ""),
        (parts(FIELD), MULTIPART),
        (parts(FIELD), 'Multipart/Form-Data; charset=utf-8; boundary="----b0undary"'),
        (b"\r\n" + parts(FIELD), MULTIPART),
        (parts((FIELD[0] + b"\r\nContent-Type: text/plain", FIELD[1])), MULTIPART),
        (parts((b"content-disposition:form-data;name=List-Unsubscribe", FIELD[1])), MULTIPART),
    ],
)
def test_the_form_of_the_rfc_acts_at_once(body, content_type):
    assert links.take("POST", TOKEN, body, content_type) == OneClick(LINK)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"List-Unsubscribe=", ""),
        (b"List-Unsubscribe=one-click", ""),
        (b"list-unsubscribe=One-Click", ""),
        (FORM + b"&", ""),
        (FORM + b"&" + FORM, ""),
        (FORM + b"&x=1", ""),
        (FORM + b" " * 5000, ""),
        (b"\xff" + FORM, ""),
        (FORM, "text/plain"),
        (FORM, "application/json"),
        (FORM, None),
        (FORM, MULTIPART),
        (parts(FIELD), "multipart/form-data"),
        (parts(FIELD), MULTIPART + ";" + " " * 300),
        (parts(FIELD), "multipart/mixed; boundary=----b0undary"),
        (parts(FIELD), "multipart/form-data; boundary=another"),
        (parts(FIELD, FIELD), MULTIPART),
        (parts(FIELD, (b'Content-Disposition: form-data; name="x"', b"1")), MULTIPART),
        (parts(FIELD)[:-6], MULTIPART),
        (parts(FIELD, line=b"\n"), MULTIPART),
        (parts((b'Content-Disposition: form-data; name="x"', b"One-Click")), MULTIPART),
        (parts((b"X: y", b"One-Click")), MULTIPART),
        (parts((FIELD[0] + b"\r\nContent-Disposition: form-data; name=x", FIELD[1])), MULTIPART),
        (parts((FIELD[0] + b'; filename="x"', b"One-Click")), MULTIPART),
        (parts((FIELD[0], b"One-Click\r\nmore")), MULTIPART),
    ],
)
def test_another_form_does_nothing(body, content_type):
    with pytest.raises(UnsubscribeRejected, match="nothing else"):
        links.take("POST", TOKEN, body, content_type)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "post", "", None])
def test_another_method_does_nothing(method):
    with pytest.raises(UnsubscribeRejected, match="GET, HEAD and POST"):
        links.take(method, TOKEN, FORM)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_link_does_nothing(method):
    with pytest.raises(UnsubscribeRejected, match="no unsubscribe link of ours"):
        links.take(method, TOKEN[:-3] + "AAA", FORM)


def test_a_body_that_somebody_parsed_is_the_hosts_mistake():
    with pytest.raises(InvalidInput, match="raw bytes") as caught:
        links.take("POST", TOKEN, {"List-Unsubscribe": "One-Click"})
    assert not isinstance(caught.value, UnsubscribeRejected)


# --- laws -------------------------------------------------------------------------------------------------------------

keys = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=128)
names = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)


@given(keys, names, names, st.binary(min_size=16, max_size=40))
def test_what_a_token_is_made_for_is_read_back(key, purpose, channel, secret):
    made = Unsubscribe("https://shop.example/u", secret)
    assert made.read(made.token(key, purpose, channel)) == UnsubscribeLink(key, purpose, channel)


@given(keys, names, names)
def test_links_and_headers_are_plain_visible_ascii(key, purpose, channel):
    for value in [links.url(key, purpose, channel), *links.headers(key, purpose, channel).values()]:
        assert value.isascii()
        assert value.isprintable()


@given(st.text(max_size=120) | st.from_regex(r"v1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}", fullmatch=True))
def test_made_up_tokens_are_rejected_and_never_a_crash(token):
    with pytest.raises(UnsubscribeRejected):
        links.read(token)


@given(
    st.binary(max_size=200), st.text(max_size=80) | st.sampled_from(["", MULTIPART, "multipart/form-data; boundary=("])
)
def test_made_up_forms_are_rejected_and_never_a_crash(body, content_type):
    with pytest.raises(UnsubscribeRejected):
        links.take("POST", TOKEN, body, content_type)
