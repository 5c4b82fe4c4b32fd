"""The many services of Apprise (https://github.com/caronc/apprise, BSD-2-Clause) through one adapter; extra `apprise`.

Apprise says of a notification whether all went well, and nothing else: not why, and not whether anything was sent. So
only success and a notification that was never begun are certain here.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import quote

from touchpoint.channels._net import Deadline
from touchpoint.channels.base import BaseAdapter, default_address_kind, normalise_address
from touchpoint.errors import InvalidAddress, InvalidInput, MissingExtra
from touchpoint.model.delivery import (
    Accepted,
    Address,
    Ambiguous,
    Capabilities,
    Failure,
    FailureCode,
    Outcome,
    Preflight,
    Refused,
    RenderedMessage,
    SendRequest,
)

_PLACE: Final = "{to}"
# Apprise takes several targets in one URL, split at these, some even where they are encoded; one address must not
# become two.
_SEPARATORS: Final = re.compile(r"[\s,;/\\]")
_RETRIES: Final = re.compile(r"[?&]retry=", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")


class AppriseChannel(BaseAdapter):
    """Notifies through services of Apprise. May be used by several threads.

    `{to}` in a URL is where the customer's address goes, encoded; a URL without it leads to the same place for
    everybody, such as a room of the team. Apprise writes addresses to its own log; while it works for this channel,
    that is silent.

    Args:
        name: the channel's, as messages and policies refer to it.
        urls: of Apprise, such as `tgram://token/{to}`. They hold secrets, and are never shown.
        address: the kind of address it takes; `default_address_kind(name)` unless given.

    Raises:
        InvalidInput: no URL, or one that is none; the message does not repeat it.
        MissingExtra: Apprise is not installed.
    """

    def __init__(self, name: str, *urls: str, address: str | None = None) -> None:
        if find_spec("apprise") is None:
            raise MissingExtra("AppriseChannel", "apprise")
        kind = address or default_address_kind(name)
        super().__init__(Capabilities(name, frozenset({kind}), remembers_keys_for=None, thread_safe=True), kind)
        if not urls:
            raise InvalidInput("AppriseChannel takes at least one URL, as in AppriseChannel('chat', 'tgram://…/{to}')")
        for n, url in enumerate(urls, 1):
            _check_url(url, n)
        self._urls = urls

    def normalise(self, raw: str, *, region: str | None = None) -> Address:  # noqa: ARG002 - national forms are refused
        """As `normalise_address`; an address with a comma, semicolon, slash or space in it could become two."""
        address = normalise_address(self._address_kind, raw)
        if _SEPARATORS.search(address.key):
            raise InvalidAddress("an address for Apprise has no comma, semicolon, slash or space in it")
        return address

    def preflight(self, message: RenderedMessage, to: Address | None = None) -> Preflight:  # noqa: ARG002 - see the port
        """One unit. There are words."""
        if message.text or message.html:
            return Preflight()
        return Preflight(problems=[Failure(FailureCode.CONTENT_REJECTED, "a notification has words")])

    def send(self, request: SendRequest) -> Outcome:
        """Notify once.

        `Accepted` where every service took it. Whatever else Apprise says is `Ambiguous`: it does not tell a refusal
        from an answer that got lost, nor which of several services had taken it before.
        """
        if request.to.kind not in self.capabilities.address_kinds or _SEPARATORS.search(request.to.key):
            return Refused(FailureCode.ADDRESS_INCAPABLE, detail="an address that Apprise could not take as one")
        if (problems := self.preflight(request.message).problems) != ():
            return Refused(problems[0].code, detail=problems[0].detail)
        try:
            left = Deadline.of(request).left()
        except TimeoutError:
            return Refused(FailureCode.PROVIDER_UNAVAILABLE, detail="the deadline is over")
        with _silent():
            services = self._services(quote(request.to.key, safe=""))
            if services is None:
                return Refused(FailureCode.SENDER_MISCONFIGURED, detail="Apprise does not understand one of the URLs")
            return _notify(services, request.message, left)

    def check(self) -> Sequence[Failure]:
        """Whether Apprise understands each URL. It has no way to try a login without a notification."""
        with _silent():
            if self._services("to") is not None:
                return []
        return [Failure(FailureCode.SENDER_MISCONFIGURED, "Apprise does not understand one of the URLs")]

    def __repr__(self) -> str:
        return f"<AppriseChannel {self.capabilities.channel!r}: {len(self._urls)}>"

    def _services(self, to: str) -> Any | None:  # noqa: ANN401 - Apprise has no types that mypy could read
        """An Apprise object with all services; None where a URL is not understood."""
        apprise: Any = import_module("apprise")
        # One after the other, in this thread; nothing kept on disk, nothing secret in its log.
        wanted: dict[str, Any] = {"async_mode": False, "secure_logging": True, "result_log_disk_size": 0}
        known = {name: value for name, value in wanted.items() if hasattr(apprise.AppriseAsset, name)}
        if hasattr(apprise.AppriseAsset, "_service_timeout"):
            # With a time-out Apprise 2 works in a pool of threads of the process, which a fork does not take along.
            known["service_timeout"] = 0
        services = apprise.Apprise(asset=apprise.AppriseAsset(storage_mode="memory", **known))
        return services if all(services.add(url.replace(_PLACE, to)) for url in self._urls) else None


def _notify(services: Any, message: RenderedMessage, left: float) -> Outcome:  # noqa: ANN401 - likewise
    """`left`: seconds, for all services together."""
    each = left / len(services) / 2
    for service in services:
        service.socket_connect_timeout = min(service.socket_connect_timeout, each)
        service.socket_read_timeout = min(service.socket_read_timeout, each)
    rich = bool(message.html) and (not message.text or all(str(_format(each)) == "html" for each in services))
    try:
        took = services.notify(
            body=message.html if rich else message.text,
            title=message.subject or "",
            body_format="html" if rich else "text",
        )
    except Exception as error:  # noqa: BLE001 - plugins are many, and any may raise anything after it has sent
        return Ambiguous(f"Apprise raised {type(error).__name__}")
    return Accepted() if took else Ambiguous("Apprise says that not all went well, and not what did")


def _format(service: Any) -> Any:  # noqa: ANN401 - likewise
    return getattr(service.notify_format, "value", service.notify_format)


_WORKING: Final[ContextVar[bool]] = ContextVar("touchpoint_apprise", default=False)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what Apprise logs on our behalf out of the log: addresses, and what services answered."""
    logger = logging.getLogger("apprise")
    before = _WORKING.set(True)

    def of_others(_: logging.LogRecord) -> bool:
        return not _WORKING.get()

    logger.addFilter(of_others)
    try:
        yield
    finally:
        logger.removeFilter(of_others)
        _WORKING.reset(before)


def _check_url(url: object, n: int) -> None:
    if not isinstance(url, str) or not url.isprintable() or not _SCHEME.match(url):
        raise InvalidInput(f"URL {n} of AppriseChannel is none of Apprise's, such as 'tgram://token/{_PLACE}'")
    if _PLACE in url.partition("://")[0] or _RETRIES.search(url):
        raise InvalidInput(
            f"URL {n} of AppriseChannel chooses the service by the address, or has retry=: Apprise would send several "
            "times in one call; leave that out, the engine repeats what is certain to be safe"
        )
