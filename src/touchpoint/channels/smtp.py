"""Mail through a server of one's own or of a provider: SMTP (RFC 5321), with STARTTLS, TLS or neither.

Meant for a submission server or relay, which judges our login, our sender and our words. SMTP remembers no keys: a mail
whose fate is unknown is never repeated.
"""

import hmac
import os
import ssl
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal, get_args

import attrs

from touchpoint.channels import _mail, mail_reports
from touchpoint.channels._net import Deadline, checked_host, checked_port, is_loopback, unreached
from touchpoint.channels._smtp_dialogue import Dialogue, TurnedDown
from touchpoint.channels.base import BaseAdapter, normalise_address
from touchpoint.channels.inbound import Complained, Receipt
from touchpoint.channels.smtp_status import CONTENT, INCAPABLE, INVALID, Stage
from touchpoint.clock import Clock, SystemClock
from touchpoint.durations import length
from touchpoint.errors import InvalidAddress, InvalidInput, UnknownName
from touchpoint.model.delivery import (
    Accepted,
    Address,
    Capabilities,
    Failure,
    Outcome,
    Preflight,
    Refused,
    RenderedMessage,
    SendRequest,
)

Security = Literal["starttls", "tls", "none"]
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_CHECK_SECONDS: Final = 30.0
_KIND: Final = "email"


def _security(_: object, __: object, value: str) -> None:
    if value not in _PORTS:
        raise UnknownName("security", str(value), get_args(Security))


def _keep(_: object, __: object, value: timedelta | None) -> None:
    if value is not None and (not isinstance(value, timedelta) or value <= timedelta(0)):
        raise InvalidInput("keep= takes how long an idle connection is kept, such as minutes(1), or None")


@attrs.frozen
class SmtpServer:
    """Where mail is handed over, and how. Neither name nor password are in its repr.

    Args:
        host: its name, which its certificate has to bear.
        security: `starttls` (port 587) changes to TLS before anything is said that matters, and goes no further where
            the server does not; `tls` (port 465) begins with it; `none` (port 25) is plain text. There is no default.
        port: another one.
        username: for servers that ask for a login (AUTH PLAIN or LOGIN).
        password: goes with `username`. Never over plain text, but on this machine.
        ehlo: the name by which we introduce ourselves; the domain of the sender unless given.
        context: for TLS; `ssl.create_default_context()` unless given, which checks certificate and name.
        keep: how long an idle connection is kept for the next mail; None for a connection for each mail.
        max_size: of one mail, in bytes. What the server says of itself binds besides.

    Raises:
        InvalidInput: one of these is not acceptable, or a password would go over plain text.
        UnknownName: no such security.
    """

    host: str = attrs.field()
    security: Security = attrs.field(kw_only=True, validator=_security)
    port: int = attrs.field(kw_only=True)
    username: str | None = attrs.field(default=None, kw_only=True, repr=False)
    password: str | None = attrs.field(default=None, kw_only=True, repr=False)
    ehlo: str | None = attrs.field(default=None, kw_only=True)
    context: ssl.SSLContext | None = attrs.field(default=None, kw_only=True, repr=False)
    keep: timedelta | None = attrs.field(default=None, kw_only=True, validator=_keep)
    max_size: int = attrs.field(default=10_000_000, kw_only=True)

    @port.default
    def _usual_port(self) -> int:
        return _PORTS.get(self.security, 0)

    def __attrs_post_init__(self) -> None:
        checked_host(self.host, "host=")
        checked_port(self.port, "port=")
        if self.ehlo is not None:
            checked_host(self.ehlo.strip("[]"), "ehlo=")
        if (self.username is None) != (self.password is None):
            raise InvalidInput("username= and password= go together")
        for name in ("username", "password"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value or "\0" in value):
                raise InvalidInput(f"{name}= is text that is not empty, without NUL")
        if self.security == "none" and self.username is not None and not is_loopback(self.host):
            raise InvalidInput(
                "the password would go over the network in plain text; use security='starttls' or 'tls', or leave "
                "username= and password= out"
            )


class SmtpChannel(BaseAdapter):
    """Sends mail. May be used by several threads; what is kept open belongs to the process that opened it.

    `Accepted.ref` is the mail's Message-ID. It is made of the message's key alone, and tells nobody anything; reports
    of delivery carry it, and `read_report` finds it there.

    Args:
        server: where to hand it over.
        sender: `Name <name@domain>` or `name@domain`: From.
        reply_to: where answers go, in the same form.
        bounces_to: where reports of delivery go (the envelope's sender); the address of `sender` unless given.
        name: the channel's, as messages and policies refer to it.
        secret: has nobody but you make Message-IDs, and so reports that concern other mails. Keep it the same.
        clock: for `Date:`; the machine's unless given.

    Raises:
        InvalidInput: one of these is not acceptable.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender: str,
        reply_to: str | None = None,
        bounces_to: str | None = None,
        name: str = "email",
        secret: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not isinstance(server, SmtpServer):
            raise InvalidInput("SmtpChannel takes a server, as in SmtpServer('smtp.example.com', security='starttls')")
        capabilities = Capabilities(
            name, frozenset({_KIND}), remembers_keys_for=None, thread_safe=True, unsubscribe=True
        )
        super().__init__(capabilities, _KIND)
        self._server = server
        self._sender = _mail.Mailbox.parse(sender, "sender=")
        self._reply_to = None if reply_to is None else _mail.Mailbox.parse(reply_to, "reply_to=")
        self._bounces_to = self._sender if bounces_to is None else _mail.Mailbox.parse(bounces_to, "bounces_to=")
        self._secret = (secret or "touchpoint").encode("utf-8", "surrogatepass")
        self._clock = clock or SystemClock()
        self._idle: deque[tuple[int, float, Dialogue]] = deque()
        self._context = server.context

    def preflight(self, message: RenderedMessage, to: Address | None = None) -> Preflight:  # noqa: ARG002 - see the port
        """One unit. A mail has a subject and words, which are text, and not too many."""
        problem = _problem(message, self._server.max_size)
        return Preflight() if problem is None else Preflight(problems=[Failure(CONTENT, problem)])

    def message_id(self, key: str) -> str:
        """The Message-ID, without its angle brackets, of the mail with this key."""
        digest = hmac.digest(self._secret, f"message-id\0{key}".encode("utf-8", "surrogatepass"), "sha256")
        return f"tp.{digest.hex()[:32]}@{self._sender.domain}"

    def send(self, request: SendRequest) -> Outcome:
        """Hand it to the server.

        Refused is certain: the server said no, or the connection was lost before the last line of the mail. Lost after
        that, or no answer in time, is `Ambiguous`.
        """
        if request.to.kind != _KIND:
            return Refused(INCAPABLE, detail=f"the address is not of kind {_KIND!r}")
        try:
            to = _recipient(request.to)
            mail = self._compose(request, to)
        except InvalidAddress:
            return Refused(INVALID, detail="no address of a mailbox")
        except (InvalidInput, UnicodeError) as error:
            detail = str(error) if isinstance(error, InvalidInput) else "half a surrogate pair in the words"
            return Refused(CONTENT, detail=detail)
        if len(mail) > self._server.max_size:
            return Refused(CONTENT, detail=f"the mail has {len(mail)} bytes; max_size= is {self._server.max_size}")
        return self._hand_over(request, to, mail)

    def check(self) -> Sequence[Failure]:
        """Connect, log in, and leave. Sends nothing."""
        try:
            dialogue = self._open(Deadline(_CHECK_SECONDS))
            try:
                dialogue.ask(Stage.HELLO, "NOOP")
            finally:
                dialogue.leave()
        except TurnedDown as down:
            return [_failure(down.outcome)]
        except OSError as error:
            return [_failure(unreached(error, "the mail server"))]
        return []

    def read_report(self, raw: bytes) -> tuple[Receipt | Complained, ...]:
        """What a mail in the mailbox of `bounces_to` tells of mails of ours; see `mail_reports.read_report`."""
        return mail_reports.read_report(raw, self.capabilities.channel)

    def close(self) -> None:
        """Leave the server. Once more does nothing."""
        while (kept := self._pop()) is not None:
            self._drop(*kept)

    def __repr__(self) -> str:
        return f"<SmtpChannel {self.capabilities.channel!r} by {self._server.host}:{self._server.port}>"

    def _compose(self, request: SendRequest, to: str) -> bytes:
        message, token = request.message, self.message_id(request.key)
        if (problem := _problem(message, self._server.max_size)) is not None:
            raise InvalidInput(problem)
        fields = [
            self._sender.field("From"),
            f"To: {to}",
            _mail.subject_field(message.subject or ""),
            _mail.date_field(self._clock.now()),
            f"Message-ID: <{token}>",
            "Auto-Submitted: auto-generated",  # no machine should answer a machine (RFC 3834)
        ]
        if self._reply_to is not None:
            fields.append(self._reply_to.field("Reply-To"))
        return _mail.compose([*fields, *_mail.extra_fields(request.headers)], message, f"=_{token.partition('@')[0]}")

    def _hand_over(self, request: SendRequest, to: str, mail: bytes) -> Outcome:
        token = self.message_id(request.key)
        dialogue = None
        try:
            dialogue = self._connect(Deadline.of(request))
            dialogue.send_mail(self._bounces_to.address, to, mail, token, utf8=not to.isascii())
        except TurnedDown as down:
            outcome = down.outcome
        except OSError as error:
            if dialogue is not None:
                dialogue.close()
            return unreached(error, "the mail server")
        else:
            outcome = Accepted(token)
        if dialogue is not None:
            self._put_back(dialogue)
        return outcome

    def _connect(self, deadline: Deadline) -> Dialogue:
        """A connection that is logged in. Raises TurnedDown, OSError."""
        kept = self._kept(deadline)
        return self._open(deadline) if kept is None else kept

    def _open(self, deadline: Deadline) -> Dialogue:
        server = self._server
        context = None if server.security == "none" else self._tls()
        dialogue = Dialogue(server.ehlo or self._sender.domain)
        try:
            dialogue.open(server.host, server.port, deadline, context if server.security == "tls" else None)
            dialogue.greet()
            if context is not None and server.security == "starttls":
                dialogue.secure(context, server.host)
            if server.username is not None and server.password is not None:
                dialogue.log_in(server.username, server.password)
        except BaseException:
            dialogue.close()
            raise
        return dialogue

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    def _kept(self, deadline: Deadline) -> Dialogue | None:
        while (idle := self._pop()) is not None:
            pid, until, dialogue = idle
            if pid == os.getpid() and self._seconds() < until:
                try:
                    dialogue.renew(deadline)
                except (OSError, TurnedDown):
                    dialogue.close()
                else:
                    return dialogue
            else:
                self._drop(pid, until, dialogue)
        return None

    def _pop(self) -> tuple[int, float, Dialogue] | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _put_back(self, dialogue: Dialogue) -> None:
        if dialogue.sock is None:
            return
        if self._server.keep is None:
            dialogue.leave()
        else:
            self._idle.append((os.getpid(), self._seconds() + length(self._server.keep) / 1_000_000, dialogue))

    def _seconds(self) -> float:
        return self._clock.monotonic()

    @staticmethod
    def _drop(pid: int, _: float, dialogue: Dialogue) -> None:
        # What another process has opened is still spoken to there: not a word on it.
        dialogue.leave() if pid == os.getpid() else dialogue.close()


def _problem(message: RenderedMessage, max_size: int) -> str | None:
    if not message.subject:
        return "a mail has a subject"
    if not message.text and not message.html:
        return "a mail has words: text, HTML or both"
    try:
        size = sum(len(each.encode("utf-8")) for each in (message.subject, message.text, message.html or ""))
    except UnicodeEncodeError:
        return "half a surrogate pair in the words"
    return f"the words have {size} bytes; max_size= is {max_size}" if size > max_size else None


def _recipient(to: Address) -> str:
    """For the envelope: in ASCII where that says the same. Raises InvalidAddress."""
    address = normalise_address(_KIND, to.key).key
    return _mail.ascii_address(address) or address


def _failure(outcome: Outcome) -> Failure:
    if isinstance(outcome, Refused):
        told = f" ({outcome.provider_code})" if outcome.provider_code else ""
        return Failure(outcome.code, outcome.detail + told)
    return Failure("unknown", "the server did not answer as SMTP servers do")
