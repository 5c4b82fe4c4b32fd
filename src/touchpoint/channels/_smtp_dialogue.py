"""One connection to a mail server: every step within a deadline, every refusal with the stage at which it came."""

import base64
import re
import smtplib
import ssl
from typing import Final, NoReturn

from touchpoint.channels._net import Deadline, DeadlineSocket, connect
from touchpoint.channels.smtp_status import CONTENT, INCAPABLE, OURS, Stage, refused
from touchpoint.model.delivery import Ambiguous, FailureCode, Outcome, Refused

_LONGEST_LINE: Final = 2048  # four times what RFC 5321 (4.5.3.1.5) allows
_MOST_LINES: Final = 128
_FIRST_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_GOODBYE: Final = 1.0  # seconds; the outcome is known by then


class TurnedDown(Exception):
    """The server, or what it cannot do, ended the dialogue; `outcome` says with what result."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__()


class Dialogue(smtplib.SMTP):
    """An SMTP connection that speaks nothing by itself.

    Args:
        ehlo: the name it calls itself by.
    """

    def __init__(self, ehlo: str) -> None:
        # With a name and without a host: neither looks up nor connects.
        super().__init__(local_hostname=ehlo)
        self.stage = Stage.CONNECT

    def open(self, host: str, port: int, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        """Connect, under TLS at once where a context is given, and hear the greeting."""
        self.sock = connect(host, port, deadline, context)  # type: ignore[assignment]  # all that smtplib uses
        self.file = None
        self._expect(Stage.CONNECT, *self.getreply(), 220)

    def renew(self, deadline: Deadline) -> None:
        """Give a kept connection its next deadline, and clear what was begun. Raises OSError: it is gone."""
        self._socket.deadline = deadline
        self.ask(Stage.HELLO, "RSET")

    def greet(self) -> None:
        """EHLO. Without it there is no TLS and no login; HELO alone will do where neither is wanted."""
        self.stage = Stage.HELLO
        code, words = self.ehlo()
        if code in (500, 502):
            code, words = self.helo()
        self._expect(Stage.HELLO, code, words, 250)

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """STARTTLS. A server that does not offer it gets nothing from us: somebody may have taken the offer away."""
        if not self.has_extn("starttls"):
            self.refuse(OURS, "the server offers no STARTTLS")
        self.ask(Stage.TLS, "STARTTLS", 220)
        # What was said before belongs to nobody: a new file, and a new EHLO (RFC 3207, 4.2).
        self.sock = self._socket.wrap(context, host)  # type: ignore[assignment]  # likewise
        self.file = None
        self.greet()

    def log_in(self, username: str, password: str) -> None:
        """AUTH PLAIN, or LOGIN where the server offers that alone; once, since failed logins lock accounts."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            login = _base64(f"\0{username}\0{password}")
            self.ask(Stage.LOGIN, f"AUTH PLAIN {login}", 235)
        elif "LOGIN" in offered:
            self.ask(Stage.LOGIN, "AUTH LOGIN", 334)
            self.ask(Stage.LOGIN, _base64(username), 334)
            self.ask(Stage.LOGIN, _base64(password), 235)
        else:
            self.refuse(OURS, "the server offers neither AUTH PLAIN nor AUTH LOGIN here")

    def send_mail(self, sender: str, recipient: str, mail: bytes, envelope_id: str, *, utf8: bool) -> None:
        """Hand one mail over. Returns when the server has taken it.

        Raises:
            TurnedDown: refused, or nobody knows.
            OSError: the connection was lost before the server had all of it, so it has nothing.
        """
        self.ask(Stage.SENDER, f"MAIL FROM:<{sender}>{self._parameters(mail, envelope_id, utf8=utf8)}")
        self.ask(Stage.RECIPIENT, f"RCPT TO:<{recipient}>", 250, 251, 252)
        self.ask(Stage.DATA, "DATA", 354)
        self.stage = Stage.CONTENT
        self._send_content(_FIRST_DOT.sub(b"..", mail))
        self._finish()

    def leave(self) -> None:
        """QUIT, without waiting long for an answer; never raises."""
        try:
            self._socket.deadline = Deadline(_GOODBYE)
            self.docmd("QUIT")
        except OSError:
            pass
        finally:
            self.close()

    def ask(self, stage: Stage, command: str, *expected: int) -> None:
        """Say something, and take any of these replies for a yes. Raises TurnedDown, OSError."""
        self.stage = stage
        self._expect(stage, *self.docmd(command), *(expected or (250,)))

    def refuse(self, code: FailureCode, detail: str) -> NoReturn:
        """End it from our side, before anything was handed over. Raises TurnedDown."""
        raise TurnedDown(Refused(code, detail=detail))

    def getreply(self) -> tuple[int, bytes]:
        """Hear one reply, of bounded length. Raises smtplib.SMTPServerDisconnected for none, and for nonsense."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        if self.file is None:
            self.file = self._socket.makefile()
        lines = []
        for _ in range(_MOST_LINES):
            line = self._line()
            lines.append(line[4:].strip())
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)
        raise self._nonsense()

    @property
    def _socket(self) -> DeadlineSocket:
        if not isinstance(self.sock, DeadlineSocket):
            raise smtplib.SMTPServerDisconnected("not connected")
        return self.sock

    def _line(self) -> bytes:
        assert self.file is not None  # noqa: S101 - set by its only caller
        line: bytes = self.file.readline(_LONGEST_LINE + 1)
        if not line.endswith(b"\n") or not re.match(rb"[2-5][0-9]{2}(?![^ \-\r\n])", line):
            raise self._nonsense()
        return line

    def _nonsense(self) -> smtplib.SMTPServerDisconnected:
        self.close()
        return smtplib.SMTPServerDisconnected("no reply of SMTP")

    def _expect(self, stage: Stage, code: int, words: bytes, *expected: int) -> None:
        if code in expected:
            return
        if code < 400:
            raise self._nonsense()
        if code == 421:  # the server closes with it
            self.close()
        raise TurnedDown(refused(code, words.decode("latin-1"), stage))

    def _parameters(self, mail: bytes, envelope_id: str, *, utf8: bool) -> str:
        """Those of MAIL FROM, as far as the server knows them: SIZE (RFC 1870), DSN (3461), SMTPUTF8 (6531)."""
        found = []
        if (limit := self.esmtp_features.get("size")) is not None:
            if limit.isascii() and limit.isdigit() and 0 < int(limit[:18]) < len(mail):
                self.refuse(CONTENT, f"the mail has {len(mail)} bytes, and the server takes {limit[:18]}")
            found.append(f"SIZE={len(mail)}")
        if self.has_extn("dsn"):
            found.append(f"RET=HDRS ENVID={envelope_id}")
        if utf8:
            if not self.has_extn("smtputf8"):
                self.refuse(INCAPABLE, "the server takes no international addresses (SMTPUTF8)")
            self.command_encoding = "utf-8"
            found.append("BODY=8BITMIME SMTPUTF8" if self.has_extn("8bitmime") else "SMTPUTF8")
        return "".join(f" {each}" for each in found)

    def _send_content(self, content: bytes) -> None:
        try:
            self._socket.sendall(content)
        except TimeoutError:
            raise
        except OSError:
            # Servers that have heard enough say why before they hang up.
            self._expect(Stage.CONTENT, *self.getreply())
            raise

    def _finish(self) -> None:
        """The dot. From its first byte on the server may have taken the mail, whatever becomes of the connection."""
        try:
            self._socket.sendall(b".\r\n")
            code, words = self.getreply()
        except OSError as error:
            self.close()
            raise TurnedDown(Ambiguous(f"no answer after the end of the mail: {type(error).__name__}")) from None
        if 300 <= code < 400:
            self.close()
            raise TurnedDown(Ambiguous("an answer after the end of the mail that is neither yes nor no"))
        if code >= 400:
            self._expect(Stage.CONTENT, code, words)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
