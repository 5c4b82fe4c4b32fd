"""Reports that mail systems send back by mail: of delivery (DSN, RFC 3464) and of complaints (ARF, RFC 5965).

Anybody can write a mail that looks like one. A report counts only by the Message-ID or envelope id that it repeats,
which nobody knows but who got the mail. The mail is taken apart in one pass, bounded in size, parts and depth, because
the parser of the standard library takes its time with a mail that was made to hurt.
"""

import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

import attrs

from touchpoint.channels.inbound import Complained, Receipt, ReceiptState
from touchpoint.channels.smtp_status import Stage, failure_code, status_in
from touchpoint.errors import InvalidInput
from touchpoint.model.delivery import FailureCode

MAX_SIZE: Final = 5_000_000
"""Bytes of a mail that are looked at; a longer one is refused."""

_HEAD: Final = 65_536
_PARTS: Final = 32
_DEPTH: Final = 4
_RECIPIENTS: Final = 100
_VALUE: Final = 2_000
_FIELD: Final = re.compile(rb"([!-9;-~]{1,64})[ \t]*:(.*)")
_BLANK: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_BOUNDARY: Final = re.compile(r';[ \t]*boundary[ \t]*=[ \t]*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_TOKEN: Final = re.compile(r"tp\.[0-9a-f]{32}@[A-Za-z0-9.\-]{1,253}")
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")
_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_ORIGINAL_TYPES: Final = frozenset(
    {"message/rfc822", "message/global", "message/rfc822-headers", "text/rfc822-headers", "message/global-headers"}
)
_STATES: Final[Mapping[str, ReceiptState]] = {"failed": "bounced", "delivered": "delivered"}
_COMPLAINTS: Final = frozenset({"abuse", "fraud", "opt-out", "opt-out-list", "other", "virus"})

Fields = dict[str, str]


@attrs.define
class _Found:
    """What the parts of one mail say."""

    refs: list[str] = attrs.field(factory=list)
    outcomes: list[tuple[str, str]] = attrs.field(factory=list)
    complaint: str | None = None


def read_report(raw: bytes, channel: str) -> tuple[Receipt | Complained, ...]:
    """What a mail tells of a mail of ours: nothing, in most cases, and never more than one thing for each of ours.

    Args:
        raw: the whole mail, as the mailbox holds it.
        channel: the one by which ours went out.

    Returns:
        What to hand to `Engine.apply`, with `channel` and the Message-ID as `ref`: a `Receipt` that is `bounced` with a
        code, or `delivered`; or `Complained`. A delay tells nothing yet. The same report has the same `id` each time.

    Raises:
        InvalidInput: it is not bytes, or longer than `MAX_SIZE`.
    """
    if not isinstance(raw, bytes):
        raise InvalidInput(f"read_report takes the raw bytes of a mail, not {type(raw).__name__}")
    if len(raw) > MAX_SIZE:
        raise InvalidInput(f"a report has at most {MAX_SIZE} bytes; leave this mail to a person")
    found = _Found()
    for kind, part in _parts(raw, 0):
        _look(kind, part, found)
    return tuple(_events(found, channel))


def _look(kind: str, part: bytes, found: _Found) -> None:
    if kind in _STATUS_TYPES:
        groups = [_fields(each) for each in _BLANK.split(part.lstrip(b"\r\n"), _RECIPIENTS + 1)[: _RECIPIENTS + 1]]
        for group in groups:
            _learn_ref(found, _XTEXT.sub(_unescape, group.get("original-envelope-id", "")))
            if "action" in group:
                found.outcomes.append((group["action"].lower(), group.get("status", "")))
    elif kind == "message/feedback-report":
        fields = _fields(part)
        found.complaint = fields.get("feedback-type", "").lower()
        _learn_ref(found, _XTEXT.sub(_unescape, fields.get("original-envelope-id", "")))
    elif kind in _ORIGINAL_TYPES:
        _learn_ref(found, _fields(_head_and_body(part)[0]).get("message-id", ""))


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _learn_ref(found: _Found, text: str) -> None:
    token = _TOKEN.search(text)
    if token is not None and token[0] not in found.refs:
        found.refs.append(token[0])


def _events(found: _Found, channel: str) -> Iterator[Receipt | Complained]:
    # Ours go to one recipient each, and a report is about one of them; what names two was put together by somebody.
    if len(found.refs) != 1:
        return
    if found.complaint is not None:
        if found.complaint in _COMPLAINTS:
            ref = found.refs[0]
            yield Complained(id=_identity(channel, ref, "complained"), channel=channel, ref=ref)
        return
    told = {action for action, _ in found.outcomes}
    for action, status in found.outcomes:
        state = _STATES.get(action)
        if state == "bounced":
            yield _receipt(found.refs[0], channel, state, _code_of(status))
            return
        if state == "delivered" and "failed" not in told:
            yield _receipt(found.refs[0], channel, state, None)
            return


def _code_of(status: str) -> FailureCode:
    """What a final failure means. One that was for the time being, and lasted, condemns no address."""
    code = status_in(status)
    if code is None:
        return FailureCode.UNKNOWN
    if code.startswith("4"):
        return FailureCode.EXPIRED if code == "4.4.7" else FailureCode.UNKNOWN
    return failure_code(550, code, Stage.REPORT)


def _receipt(ref: str, channel: str, state: ReceiptState, code: FailureCode | None) -> Receipt:
    return Receipt(None, state, _identity(channel, ref, f"{state}\0{code or ''}"), code=code, channel=channel, ref=ref)


def _identity(channel: str, ref: str, what: str) -> str:
    return "mail-report-" + sha256(f"{channel}\0{ref}\0{what}".encode()).hexdigest()[:32]


def _parts(raw: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """The leaves of a mail that may tell something: (media type, content)."""
    head, body = _head_and_body(raw)
    fields = _fields(head)
    said = fields.get("content-type", "text/plain")
    kind = said.partition(";")[0].strip().lower()
    if not kind.startswith("multipart/"):
        yield kind, _decoded(body, fields.get("content-transfer-encoding", ""))
        return
    boundary = _BOUNDARY.search(said)
    if boundary is None or depth >= _DEPTH:
        return
    for part in _split(body, (boundary[1] or boundary[2]).encode("ascii", "replace")):
        yield from _parts(part, depth + 1)


def _split(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """The parts between delimiters (RFC 2046, 5.1.1). Splits once for each part, so that many cost no more than few."""
    delimiter = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|$)")
    start: int | None = None
    for found, _ in zip(delimiter.finditer(body), range(_PARTS), strict=False):
        if start is not None:
            yield body[start : found.start()]
        if found[1]:
            return
        start = found.end()
    if start is not None:
        yield body[start:]


def _head_and_body(raw: bytes) -> tuple[bytes, bytes]:
    """A part's header, of bounded length, and the rest. A part that begins with a blank line has no header."""
    if raw.startswith((b"\n", b"\r\n")):
        return b"", raw.lstrip(b"\r\n")
    found = re.compile(rb"\r?\n\r?\n").search(raw, 0, _HEAD)
    return (raw[:_HEAD], b"") if found is None else (raw[: found.start()], raw[found.end() :])


def _fields(head: bytes) -> Fields:
    """Header fields, unfolded; of equal names the first counts."""
    fields: Fields = {}
    name = ""
    for line in head[:_HEAD].splitlines():
        if line[:1] in (b" ", b"\t"):
            if name and len(fields[name]) < _VALUE:
                fields[name] += " " + line.strip().decode("latin-1")[:_VALUE]
            continue
        found = _FIELD.match(line)
        name = found[1].decode("ascii").lower() if found else ""
        if found and name not in fields:
            fields[name] = found[2].strip().decode("latin-1")[:_VALUE]
        else:
            name = ""
    return {each: _plain(value) for each, value in fields.items()}


def _plain(value: str) -> str:
    return "".join(each if each.isprintable() else " " for each in value)


def _decoded(body: bytes, encoding: str) -> bytes:
    match encoding.strip().lower():
        case "base64":
            try:
                return binascii.a2b_base64(body)
            except binascii.Error:
                return b""
        case "quoted-printable":
            return quopri.decodestring(body)
    return body
