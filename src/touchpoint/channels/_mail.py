"""A mail as the bytes that go over the wire: nothing in data can add a header, end the mail or change its structure."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

import attrs

from touchpoint.channels.base import normalise_address
from touchpoint.errors import InvalidAddress, InvalidInput
from touchpoint.model.delivery import RenderedMessage

_POLICY: Final = SMTP.clone(cte_type="7bit")
_LONGEST_LINE: Final = 998  # RFC 5322, 2.1.1
_LONGEST_NAME: Final = 128
_MAILBOX: Final = re.compile(r"\s*(?:(?P<name>[^<>]*?)\s*<\s*(?P<named>[^<>\s]+)\s*>|(?P<bare>[^<>\s]+))\s*")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]*")
_FIELD: Final = re.compile(r"[!-9;-~]{1,64}")
_VISIBLE: Final = re.compile(r"[ -~]+")
_ASCII: Final = bytes(range(128))
_OURS: Final = frozenset(
    {
        "auto-submitted", "bcc", "cc", "date", "from", "message-id", "mime-version", "received", "reply-to",
        "return-path", "sender", "subject", "to",
    }
)  # fmt: skip
# IDNA 2003, which Python speaks, turns these into other letters, which may be somebody else's domain.
_DEVIATE: Final = frozenset("\u00df\u03c2\u200c\u200d")


@attrs.frozen
class Mailbox:
    """An address with the name that is shown."""

    name: str
    address: str = attrs.field(repr=False)

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.address.rpartition("@")[2]

    @classmethod
    def parse(cls, text: object, what: str) -> "Mailbox":
        """From `Name <name@domain>` or `name@domain`. Raises InvalidInput: neither, or international before the @."""
        found = _MAILBOX.fullmatch(text) if isinstance(text, str) and text.isprintable() else None
        if found is None:
            raise InvalidInput(f"{what} is 'name@domain' or 'Name <name@domain>', in one line")
        name = (found["name"] or "").strip().strip('"').strip()
        try:
            address = ascii_address(normalise_address("email", found["named"] or found["bare"]).key)
        except InvalidAddress as error:
            raise InvalidInput(f"{what} is not an address: {error}") from None
        if address is None or len(name) > _LONGEST_NAME:
            raise InvalidInput(f"{what} takes an address in ASCII, and a name of at most {_LONGEST_NAME} characters")
        return cls(name, address)

    def field(self, title: str) -> str:
        """As a header, folded."""
        if not self.name:
            return f"{title}: {self.address}"
        return f"{title}: {_phrase(self.name, title)}\r\n <{self.address}>"


def ascii_address(address: str) -> str | None:
    """An address in ASCII, with an international domain as RFC 3490 writes it; None where that cannot be done."""
    local, _, domain = address.rpartition("@")
    if address.isascii():
        return address
    if not local.isascii() or _DEVIATE.intersection(domain):
        return None
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return None


def extra_fields(headers: Mapping[str, str]) -> list[str]:
    """Headers of the message, such as List-Unsubscribe, as lines.

    Raises:
        InvalidInput: one that is ours to write, or that could be more than one line.
    """
    return [_extra(str(name), str(value)) for name, value in headers.items()]


def _extra(name: str, value: str) -> str:
    if not _FIELD.fullmatch(name) or name.lower() in _OURS or name.lower().startswith(("content-", "resent-")):
        raise InvalidInput(f"a mail cannot take the header {name[:64]!r}: it is none, or the channel writes it itself")
    line = f"{name}: {value.strip()}"
    if not _VISIBLE.fullmatch(line) or len(line) > _LONGEST_LINE:
        raise InvalidInput(f"the header {name} is one line of visible ASCII, of at most {_LONGEST_LINE} characters")
    return line


def compose(fields: Iterable[str], message: RenderedMessage, boundary: str) -> bytes:
    """The whole mail, lines ended by CRLF, ASCII but for the fields given.

    Text and HTML go as alternatives, the better one last (RFC 2046, 5.1.4). Both are encoded whatever they hold, so
    that no line of theirs is too long, begins with a dot that counts, or is the boundary.

    Raises:
        UnicodeEncodeError: half a surrogate pair in the words.
    """
    body = EmailMessage(policy=_POLICY)
    if message.text or message.html is None:
        body.set_content(message.text, cte=_encoding(message.text))
    if message.html is not None:
        if message.text:
            body.add_alternative(message.html, subtype="html", cte=_encoding(message.html))
            body.set_boundary(boundary)
        else:
            body.set_content(message.html, subtype="html", cte=_encoding(message.html))
    head = "".join(f"{field}\r\n" for field in fields)
    return head.encode("utf-8") + body.as_bytes()


def subject_field(subject: str) -> str:
    """`Subject:`, folded; what is not plain is encoded (RFC 2047), and what only looks encoded is, too."""
    plain = subject.isascii() and "=?" not in subject and len(subject) < _LONGEST_LINE // 2
    return "Subject: " + Header(subject, "us-ascii" if plain else "utf-8", header_name="Subject").encode(linesep="\r\n")


def date_field(at: datetime) -> str:
    """`Date:`."""
    return f"Date: {format_datetime(at)}"


def _phrase(name: str, title: str) -> str:
    if _PLAIN_NAME.fullmatch(name) and "=?" not in name:
        return name
    if name.isascii() and "=?" not in name:
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return Header(name, "utf-8", header_name=title).encode(linesep="\r\n")


def _encoding(words: str) -> str:
    """The shorter one, about: quoted-printable writes 3 bytes for each that is not ASCII, base64 4 for any 3."""
    foreign = len(words.encode("utf-8").translate(None, _ASCII))
    return "base64" if 6 * foreign > len(words) else "quoted-printable"
