"""What the answers of mail servers mean: RFC 3463 enhanced status codes, and RFC 5321 replies where there is none.

Where in the dialogue an answer comes is part of what it means. Until the recipient is named, a lasting refusal is about
us: our address, our login, our network.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from touchpoint.durations import hours, minutes
from touchpoint.model.delivery import FailureCode, Refused, Scope


class Stage(StrEnum):
    """How far the dialogue was."""

    CONNECT = "the greeting"
    HELLO = "EHLO"
    TLS = "STARTTLS"
    LOGIN = "AUTH"
    SENDER = "MAIL FROM"
    RECIPIENT = "RCPT TO"
    DATA = "DATA"
    CONTENT = "the message"
    REPORT = "a delivery report"


_Table = Mapping[str, FailureCode]

INVALID: Final = FailureCode.ADDRESS_INVALID
UNREACHABLE: Final = FailureCode.ADDRESS_UNREACHABLE
INCAPABLE: Final = FailureCode.ADDRESS_INCAPABLE
CONTENT: Final = FailureCode.CONTENT_REJECTED
OURS: Final = FailureCode.SENDER_MISCONFIGURED
SLOWER: Final = FailureCode.THROTTLED
AWAY: Final = FailureCode.PROVIDER_UNAVAILABLE
UNKNOWN: Final = FailureCode.UNKNOWN

ENHANCED: Final[_Table] = {
    # Addresses. 5.1.0 is said of senders and recipients alike, so nobody is suppressed for it.
    "5.1.0": UNKNOWN, "5.1.1": INVALID, "5.1.2": INVALID, "5.1.3": INVALID, "5.1.4": INVALID,
    "5.1.6": UNREACHABLE,  # moved, and nobody knows where to
    "5.1.7": OURS, "5.1.8": OURS,  # of the sender's address
    "5.1.9": UNKNOWN, "5.1.10": INVALID,  # a null MX (RFC 7505)
    # Mailboxes. A full one may be emptied, a small one may take another message: neither is suppressed.
    "5.2.0": UNKNOWN, "5.2.1": UNREACHABLE, "5.2.2": INCAPABLE, "5.2.3": INCAPABLE, "5.2.4": UNKNOWN,
    # The mail system.
    "5.3.0": UNKNOWN, "5.3.1": AWAY, "5.3.2": AWAY, "5.3.3": OURS, "5.3.4": CONTENT, "5.3.5": AWAY,
    # Network and routing. Some large providers say 5.4.1 of unknown mailboxes, others of hosts that are down.
    "5.4.1": UNKNOWN, "5.4.4": UNKNOWN, "5.4.6": UNKNOWN, "5.4.7": FailureCode.EXPIRED,
    # The protocol: we said something the server does not understand.
    "5.5.0": OURS, "5.5.1": OURS, "5.5.2": OURS, "5.5.3": SLOWER, "5.5.4": OURS, "5.5.5": OURS, "5.5.6": OURS,
    # Media and content. 5.6.7 and its neighbours are of international addresses (RFC 6531).
    "5.6.0": CONTENT, "5.6.1": CONTENT, "5.6.2": CONTENT, "5.6.3": CONTENT, "5.6.5": CONTENT, "5.6.6": CONTENT,
    "5.6.7": INCAPABLE, "5.6.8": INCAPABLE, "5.6.9": INCAPABLE, "5.6.10": INCAPABLE,
    # Security and policy.
    "5.7.2": UNKNOWN, "5.7.3": CONTENT, "5.7.8": OURS, "5.7.9": OURS, "5.7.10": OURS, "5.7.11": OURS,
    "5.7.13": OURS, "5.7.14": OURS, "5.7.15": UNKNOWN, "5.7.16": CONTENT,
    "5.7.17": UNREACHABLE, "5.7.18": UNREACHABLE,  # it belongs to somebody else now (RFC 7293)
    "5.7.20": OURS, "5.7.21": OURS, "5.7.22": OURS,  # DKIM (RFC 7372)
    "5.7.23": OURS, "5.7.24": OURS, "5.7.25": OURS, "5.7.26": OURS,  # SPF, reverse DNS, DMARC
    "5.7.27": OURS, "5.7.28": SLOWER, "5.7.29": OURS, "5.7.30": INCAPABLE,
    # For the time being.
    "4.1.8": AWAY,
    "4.2.0": SLOWER, "4.2.1": SLOWER, "4.2.2": SLOWER, "4.2.3": INCAPABLE, "4.2.4": AWAY,
    "4.3.0": AWAY, "4.3.1": AWAY, "4.3.2": AWAY, "4.3.4": CONTENT, "4.3.5": AWAY,
    "4.4.7": FailureCode.EXPIRED,
    "4.5.3": SLOWER,
}  # fmt: skip
"""By the whole code."""

SUBJECTS: Final[_Table] = {
    "4.1": AWAY,
    "4.2": SLOWER,
    "4.3": AWAY,
    "4.4": AWAY,
    "4.5": AWAY,
    "4.6": AWAY,
    "4.7": SLOWER,
}
"""By class and subject, where the whole code is not in `ENHANCED`. Of lasting refusals only the stage tells more."""

REPLIES: Final[Mapping[tuple[Stage, int], FailureCode]] = {
    (Stage.RECIPIENT, 550): INVALID,
    (Stage.RECIPIENT, 551): UNREACHABLE,
    (Stage.RECIPIENT, 552): INCAPABLE,
    (Stage.RECIPIENT, 553): INVALID,
    (Stage.RECIPIENT, 556): INVALID,  # RFC 7504
    (Stage.RECIPIENT, 450): SLOWER,
    (Stage.RECIPIENT, 452): SLOWER,
    (Stage.DATA, 554): UNKNOWN,
    (Stage.CONTENT, 550): CONTENT,
    (Stage.CONTENT, 552): CONTENT,
    (Stage.CONTENT, 554): CONTENT,
}
"""By stage and reply (RFC 5321, 4.2.2 and 4.3.2), where there is no enhanced code."""

_LOGIN_REPLIES: Final = frozenset({530, 534, 535, 538})
_ABOUT_US: Final = frozenset({Stage.CONNECT, Stage.HELLO, Stage.TLS, Stage.LOGIN, Stage.SENDER})
_ABOUT_SIZE: Final = frozenset({"5.3.4", "5.2.3"})
_STATUS: Final = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
_GREYLISTED: Final = minutes(5)
_MAILBOX: Final = hours(1)


def enhanced_of(reply: int, text: str) -> str | None:
    """The enhanced status code at the beginning of a reply's text (RFC 2034), or None.

    Its class is that of the reply, which binds (RFC 5321, 4.2.1), whatever the text claims.
    """
    found = _STATUS.match(text.lstrip())
    return f"{reply // 100}.{found[2]}.{found[3]}" if found else None


def status_in(text: str) -> str | None:
    """The first enhanced status code in a field of a delivery report, or None."""
    found = _STATUS.search(text)
    return found[0] if found else None


def failure_code(reply: int, enhanced: str | None, stage: Stage) -> FailureCode:
    """What a refusal means, from the reply's code, the enhanced one and the stage."""
    if stage in _ABOUT_US:
        return _about_us(reply, enhanced, stage)
    if reply in _LOGIN_REPLIES:
        return OURS
    return _by_status(enhanced, stage) or _by_reply(reply, stage)


def _by_status(enhanced: str | None, stage: Stage) -> FailureCode | None:
    if enhanced is None:
        return None
    known = ENHANCED.get(enhanced) or SUBJECTS.get(enhanced.rpartition(".")[0])
    if known is not None:
        # A server may well call an address that it does not like a syntax error.
        return UNKNOWN if stage is Stage.RECIPIENT and enhanced.startswith("5.5.") else known
    if enhanced.startswith(("5.7.", "5.6.")):
        return CONTENT if stage is Stage.CONTENT else UNKNOWN
    # A code that nobody knows says that it is none of those that condemn an address; 5.0.0 and 4.x.x say nothing.
    vague = enhanced.startswith("4.") or (enhanced == "5.0.0" and stage is not Stage.REPORT)
    return None if vague else UNKNOWN


def _by_reply(reply: int, stage: Stage) -> FailureCode:
    if (known := REPLIES.get((stage, reply))) is not None:
        return known
    if reply < 500:
        return AWAY
    return OURS if reply <= 504 and stage is not Stage.RECIPIENT else UNKNOWN


def _about_us(reply: int, enhanced: str | None, stage: Stage) -> FailureCode:
    if reply >= 500:
        if enhanced in _ABOUT_SIZE or (stage is Stage.SENDER and reply == 552):
            return CONTENT
        return SLOWER if enhanced == "5.7.28" else OURS
    # A login that fails for the time being is the server's trouble, although its code is one of security (RFC 4954).
    return SLOWER if enhanced is not None and enhanced.startswith("4.7.") and reply != 454 else AWAY


def refused(reply: int, text: str, stage: Stage) -> Refused:
    """The outcome of a refusal. The server's words are left out: they often repeat the address."""
    enhanced = enhanced_of(reply, text)
    code = failure_code(reply, enhanced, stage)
    verbatim = f"{reply} {enhanced}" if enhanced else str(reply)
    detail = f"refused at {stage.value}"
    if code is not SLOWER:
        return Refused(code, provider_code=verbatim, detail=detail)
    scope, wait = _pace(enhanced, stage)
    return Refused(code, provider_code=verbatim, detail=detail, retry_after=wait, scope=scope)


def _pace(enhanced: str | None, stage: Stage) -> tuple[Scope | None, timedelta]:
    """What is to go slower, and how long to stay away. Greylisting is about one message."""
    if stage in _ABOUT_US or (enhanced or "").endswith(".7.28"):
        return "account", _GREYLISTED
    if enhanced is not None and enhanced.startswith("4.2."):
        return "recipient", _MAILBOX
    return None, _GREYLISTED
