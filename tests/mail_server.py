"""A mail server on loopback that says what a test tells it to: aiosmtpd, with answers scripted for each stage."""

# ruff: noqa: N802, ARG002 - the names and arguments are those that aiosmtpd calls

import asyncio
import threading
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

smtp = pytest.importorskip(
    "aiosmtpd.smtp", reason="these tests talk to a real mail server; in the folder of the source: pip install '.[test]'"
)


class Scripted(smtp.SMTP):
    """Answers as `script` says: {stage: reply}, where "drop" cuts the line, and "hush" says nothing at all."""

    def __init__(self, book, **options):
        self.book = book
        super().__init__(book, **options)

    def connection_made(self, transport):
        self.book.transports.append(transport)
        super().connection_made(transport)

    async def _answered(self, stage):
        """Whether the script took care of it."""
        self.book.heard.append(stage)
        reply = self.book.reply(stage)
        if reply is None:
            return False
        if reply == "drop":
            self.transport.abort()
        elif reply == "hush":
            await self.book.end.wait()
        elif isinstance(reply, bytes):
            self._writer.write(reply)
            await self._writer.drain()
        else:
            await self.push(reply)
        return True

    async def push(self, status):
        if not self.book.greeted and status.startswith("220 "):
            self.book.greeted = True
            if await self._answered("GREETING"):
                return
        await super().push(status)

    async def smtp_EHLO(self, arg):
        if not await self._answered("EHLO"):
            await super().smtp_EHLO(arg)

    async def smtp_STARTTLS(self, arg):
        if not await self._answered("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg):
        if not await self._answered("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        self.book.said.append(f"MAIL {arg}")
        if not await self._answered("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        self.book.said.append(f"RCPT {arg}")
        if not await self._answered("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_RSET(self, arg):
        if not await self._answered("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_NOOP(self, arg):
        if not await self._answered("NOOP"):
            await super().smtp_NOOP(arg)

    async def smtp_QUIT(self, arg):
        if not await self._answered("QUIT"):
            await super().smtp_QUIT(arg)

    async def smtp_DATA(self, arg):
        if not await self._answered("DATA"):
            await super().smtp_DATA(arg)


class Book:
    """What the server was told, and what it is to say."""

    def __init__(self, script, logins):
        self.script, self.logins = dict(script), dict(logins)
        self.heard, self.said, self.mails, self.transports = [], [], [], []
        self.once = {}
        self.greeted, self.end, self.tls = False, None, []

    def reply(self, stage):
        """What the script says: first of all what it says once."""
        return self.once.pop(stage, None) or self.script.get(stage)

    async def handle_DATA(self, server, session, envelope):
        self.heard.append("DOT")
        reply = self.reply("DOT") or "250 2.0.0 taken"
        if reply == "hush":
            await self.end.wait()
        if reply in ("drop", "hush"):
            self.mails.append(envelope)
            server.transport.abort()
            return "250 never heard"
        if reply.startswith("2"):
            self.mails.append(envelope)
            self.tls.append(session.ssl is not None)
        return reply

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.said.append(f"EHLO {hostname}")
        return [*responses[:-1], *self.script.get("EXTENSIONS", ()), responses[-1]]

    def authenticate(self, server, session, envelope, mechanism, data):
        name, password = data.login.decode(), data.password.decode()
        self.heard.append(f"AUTH {mechanism}")
        return smtp.AuthResult(success=self.logins.get(name) == password, handled=False)

    def the_mail(self):
        [one] = self.mails
        return one


async def serve(book, ready, implicit, options):
    """Serve until `book.end`. aiosmtpd's own controller connects once by itself, which would count as a test's call."""
    loop = asyncio.get_running_loop()
    book.end = asyncio.Event()
    server = await loop.create_server(lambda: Scripted(book, loop=loop, **options), "127.0.0.1", 0, ssl=implicit)
    ready.set_result((loop, server.sockets[0].getsockname()[1]))
    async with server:
        await book.end.wait()
    for each in book.transports:
        each.abort()
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def mail_server(script=None, *, logins=None, starttls=None, implicit=None, utf8=True, **options):
    """A server; gives (port, book)."""
    book = Book(script or {}, logins or {})
    options |= {"tls_context": starttls, "enable_SMTPUTF8": utf8, "hostname": "mx.example.com"}
    if logins is not None:
        options |= {"authenticator": book.authenticate, "auth_require_tls": False}
    ready = Future()
    thread = threading.Thread(target=lambda: asyncio.run(serve(book, ready, implicit, options)))
    thread.start()
    loop, port = ready.result(10)
    try:
        yield port, book
    finally:
        loop.call_soon_threadsafe(book.end.set)
        thread.join(10)
