"""One-click unsubscribe (RFC 8058): a signed link in the headers of a mail; a POST to it acts, a GET never does.

Mail programs and virus scanners fetch the links of a mail. So whoever follows the link with a GET is shown a page that
asks, and only the form that RFC 8058 fixes acts at once. Both headers have to be covered by the mail's DKIM signature,
which is the business of whoever signs it.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

import attrs

from touchpoint.channels.base import normalise_address
from touchpoint.channels.inbound import OptedOut
from touchpoint.errors import InvalidInput, UnsubscribeRejected

HEADER: Final = "List-Unsubscribe"
POST_HEADER: Final = "List-Unsubscribe-Post"
ONE_CLICK: Final = "One-Click"

LARGEST_FORM: Final = 4096
"""Bytes of the largest form that is read. The form of RFC 8058 has 26, or about 200 as multipart/form-data."""

_LONGEST_CONTENT_TYPE: Final = 300
_VERSION: Final = "v1"
_DOMAIN: Final = b"touchpoint/unsubscribe/v1"
_SHORTEST_SECRET: Final = 16
_PLACEHOLDER: Final = "{token}"
_LONGEST_URL: Final = 300
_LONGEST_TOKEN: Final = 600
_LONGEST_HEADER: Final = 980  # with its name within the 998 characters that RFC 5322 allows for a line
# Nothing that could end the angle brackets, the header or the link, and no comma, which separates links.
_URL: Final = re.compile(r"https://[!#-+\--;=?-\[\]_a-z~]+")
# The key of a message is a keyless name; an address or a name with spaces is not.
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_NAME: Final = re.compile(r"\S{1,100}")
_TOKEN: Final = re.compile(r"v1\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")
_BOUNDARY: Final = re.compile(r"""boundary=("?)([0-9A-Za-z'()+_,\-./:=?]{1,70})\1(?:$|[;\s])""", re.IGNORECASE)
_FIELD: Final = re.compile(
    rb"""content-disposition:[ \t]*form-data[ \t]*;[ \t]*name=("?)list-unsubscribe\1[ \t]*""", re.IGNORECASE
)


@attrs.frozen
class UnsubscribeLink:
    """What an unsubscribe link was made for.

    Args:
        key: of the message that carried it.
        purpose: what is unsubscribed from: a kind of message, such as `marketing`, or a topic.
        channel: of which there is to be no more; `email` unless told otherwise.
    """

    key: str
    purpose: str
    channel: str


@attrs.frozen
class OneClick:
    """The recipient has unsubscribed: act on it at once. It may come again; it means the same then."""

    link: UnsubscribeLink

    def event(self) -> OptedOut:
        """What to hand to `Engine.apply`; the same click counts once."""
        link = self.link
        return OptedOut(link.channel, about=link.key, purpose=link.purpose, id=f"one-click {link.purpose} {link.key}")


@attrs.frozen
class AskFirst:
    """Somebody, or some program, has only looked: show a page with a button, and change nothing."""

    link: UnsubscribeLink


class Unsubscribe:
    """Makes unsubscribe links and reads them back. Secrets are never shown in a repr.

    A link names the message, not the person, and is signed. It does not expire: laws ask that it works for weeks after
    the mail, and people keep mails for years.

    Args:
        url: where the host answers; https. The token takes the place of `{token}`, else it is added to the path.
        secret: of the host, at least 16 bytes; or several, of which the first signs and each is accepted.
        mailto: an address that takes unsubscribing mails, for old mail programs. The token is the mail's subject.

    Raises:
        InvalidInput: the URL is not https or could break a header, or a secret is too short.
        InvalidAddress: `mailto` is no e-mail address.
    """

    __slots__ = ("_keys", "_mailto", "_url")

    def __init__(self, url: str, secret: bytes | Sequence[bytes], *, mailto: str | None = None) -> None:
        self._url = _template(url)
        self._keys = _keys(secret)
        self._mailto = None if mailto is None else quote(normalise_address("email", mailto).key, safe="@")

    def token(self, key: str, purpose: str, channel: str = "email") -> str:
        """The signed text that stands for a link: url-safe, and the same for the same arguments.

        Args:
            key: of the message, as `SendRequest.key` tells it: 1 to 128 letters, digits, - and _. It can be read by
                whoever has the link, so it must not be an address or a customer's id.
            purpose: what is unsubscribed from, such as the message's kind: 1 to 100 characters without spaces.
            channel: likewise.

        Raises:
            InvalidInput: an argument is not of that form.
        """
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise InvalidInput("a link is made for the key of a message: letters, digits, - and _, 128 at most")
        for what, name in (("purpose", purpose), ("channel", channel)):
            if not isinstance(name, str) or not _NAME.fullmatch(name) or not name.isprintable():
                raise InvalidInput(f"the {what} of a link is a name of 1 to 100 characters without spaces")
        content = _encoded(json.dumps([key, purpose, channel], separators=(",", ":")).encode("ascii"))
        token = f"{_VERSION}.{content}.{_mac(self._keys[0], content)}"
        if len(token) > _LONGEST_TOKEN:
            raise InvalidInput("key, purpose and channel of a link are too long together; use shorter names")
        return token

    def url(self, key: str, purpose: str, channel: str = "email") -> str:
        """The link itself, also for the text of the message. Raises InvalidInput, see `token`."""
        return self._url.replace(_PLACEHOLDER, self.token(key, purpose, channel))

    def headers(self, key: str, purpose: str, channel: str = "email") -> dict[str, str]:
        """The two headers of RFC 8058 that a mail of this kind carries.

        They are long lines of ASCII. Python's own `email.policy.SMTP` would break them into encoded words, which few
        mail programs read: write the mail with `email.policy.SMTP.clone(max_line_length=998)`.

        Raises:
            InvalidInput: see `token`; or the header would be longer than a line of a mail may be.
        """
        targets = [f"<{self.url(key, purpose, channel)}>"]
        if self._mailto is not None:
            targets.append(f"<mailto:{self._mailto}?subject={self.token(key, purpose, channel)}>")
        value = ", ".join(targets)
        if len(value) > _LONGEST_HEADER - len(HEADER):
            raise InvalidInput(f"the header {HEADER} would be too long for a mail; use a shorter url or shorter names")
        return {HEADER: value, POST_HEADER: f"{HEADER}={ONE_CLICK}"}

    def read(self, token: object) -> UnsubscribeLink:
        """What a token was made for. It only says so: whether to act is told by `take`.

        Raises:
            UnsubscribeRejected: it was not made with one of the secrets, or was altered.
        """
        found = _TOKEN.fullmatch(token) if isinstance(token, str) and len(token) <= _LONGEST_TOKEN else None
        if found is None:
            raise UnsubscribeRejected("this is no unsubscribe link of ours: its token does not have the form of one")
        content, given = found[1], found[2].encode("ascii")
        # A list: which of them fits must not be told by how long it takes.
        if not any([hmac.compare_digest(_mac(key, content).encode("ascii"), given) for key in self._keys]):  # noqa: C419
            raise UnsubscribeRejected("this is no unsubscribe link of ours: its signature fits none of the secrets")
        try:
            key, purpose, channel = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
        except (binascii.Error, TypeError, ValueError):
            raise UnsubscribeRejected("this unsubscribe link was signed with our secret, but not by us") from None
        return UnsubscribeLink(key, purpose, channel)

    def take(self, method: str, token: object, body: bytes = b"", content_type: str = "") -> OneClick | AskFirst:
        """What a request to a link asks for.

        Args:
            method: of the HTTP request. GET and HEAD never act.
            token: from the link.
            body: the raw bytes of a POST: `List-Unsubscribe=One-Click` as a form, and nothing else. The page that asks
                first may send the same form with its button.
            content_type: the header of that name: `application/x-www-form-urlencoded`, which is also assumed where it
                is empty, or `multipart/form-data`.

        Raises:
            UnsubscribeRejected: the token is not ours, the method is another one, or the form is not the one above.
            InvalidInput: the call is wrong: a body that is not bytes.
        """
        if not isinstance(body, bytes | bytearray | memoryview):
            raise InvalidInput(f"the body of a request is its raw bytes, not {type(body).__name__}")
        link = self.read(token)
        if method in ("GET", "HEAD"):
            return AskFirst(link)
        if method != "POST":
            raise UnsubscribeRejected("unsubscribe links take GET, HEAD and POST")
        if not _says_one_click(body, content_type):
            raise UnsubscribeRejected(f"the form of a one-click unsubscribe is {HEADER}={ONE_CLICK} and nothing else")
        return OneClick(link)

    def __repr__(self) -> str:
        return f"<Unsubscribe by {self._url}>"


def _template(url: object) -> str:
    """The URL with one placeholder. Raises InvalidInput."""
    if not isinstance(url, str) or not _URL.fullmatch(url.replace(_PLACEHOLDER, "")) or url.count(_PLACEHOLDER) > 1:
        raise InvalidInput(
            "url= is an https:// address in plain ASCII, with {token} once or not at all; RFC 8058 asks for https"
        )
    try:
        parts = urlsplit(url)
        known = parts.hostname and "@" not in parts.netloc and _PLACEHOLDER not in parts.netloc and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.fragment or "#" in url or len(url) > _LONGEST_URL:
        raise InvalidInput(f"url= has a host, no user or password, no #fragment, and at most {_LONGEST_URL} characters")
    if _PLACEHOLDER in url:
        return url
    if "?" in url:
        raise InvalidInput(
            "url= has a query: say with {token} where the token goes, as in https://shop.example/u?t={token}"
        )
    return f"{url.rstrip('/')}/{_PLACEHOLDER}"


def _keys(secret: object) -> tuple[bytes, ...]:
    """Keys for this purpose alone, so that a signature made for another one with the same secret says nothing here."""
    secrets = [secret] if isinstance(secret, bytes) else secret
    if not isinstance(secrets, Sequence) or isinstance(secrets, str) or not secrets:
        raise InvalidInput("secret= is the host's secret bytes, or several: the newest first")
    for each in secrets:
        if not isinstance(each, bytes) or len(each) < _SHORTEST_SECRET:
            raise InvalidInput(f"a secret is at least {_SHORTEST_SECRET} bytes, made at random")
    return tuple(hmac.new(each, _DOMAIN, hashlib.sha256).digest() for each in secrets)


def _mac(key: bytes, content: str) -> str:
    return _encoded(hmac.new(key, f"{_VERSION}.{content}".encode("ascii"), hashlib.sha256).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _says_one_click(body: bytes | bytearray | memoryview, content_type: object) -> bool:
    if len(body) > LARGEST_FORM or not isinstance(content_type, str) or len(content_type) > _LONGEST_CONTENT_TYPE:
        return False
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("", "application/x-www-form-urlencoded"):
        return _in_urlencoded(bytes(body))
    return kind == "multipart/form-data" and _in_multipart(bytes(body), content_type)


def _in_urlencoded(body: bytes) -> bool:
    try:
        pairs = parse_qsl(body.decode("ascii").strip(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return False
    return pairs == [(HEADER, ONE_CLICK)]


def _in_multipart(body: bytes, content_type: str) -> bool:
    """Whether there is one part, and it is the field. By hand: the form is fixed, and a parser would take more."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return False
    mark = b"--" + found[2].encode("ascii")
    opened, closed = body.lstrip(b"\r\n").removeprefix(mark), b"\r\n" + mark + b"--"
    if not opened.startswith(b"\r\n") or not opened.rstrip(b"\r\n").endswith(closed):
        return False
    head, blank, value = opened.rstrip(b"\r\n").removesuffix(closed).partition(b"\r\n\r\n")
    fields = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-disposition:")]
    return bool(blank) and len(fields) == 1 and bool(_FIELD.fullmatch(fields[0])) and value == ONE_CLICK.encode("ascii")
