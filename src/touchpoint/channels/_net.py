"""Talking to a server within a deadline: what the adapters that open a connection share."""

import io
import socket
import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from touchpoint.clock import SystemClock
from touchpoint.durations import length
from touchpoint.errors import InvalidInput
from touchpoint.model.delivery import FailureCode, Refused, SendRequest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CLOCK: Final = SystemClock()
_MICROS: Final = 1_000_000
_HOST_LENGTH: Final = 253
_LONGEST: Final = 86_400.0  # seconds; sockets cannot wait for ever


class Deadline:
    """The instant, on a clock that nobody can set, after which a call is over.

    Args:
        within: seconds from now.
    """

    def __init__(self, within: float) -> None:
        self._at = _CLOCK.monotonic() + within

    @classmethod
    def of(cls, request: SendRequest) -> "Deadline":
        """That of a hand-over."""
        return cls(min(length(request.deadline) / _MICROS, _LONGEST))

    def left(self) -> float:
        """Seconds left. Raises TimeoutError where there are none: a timeout of 0 would mean something else."""
        left = self._at - _CLOCK.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline is over")
        return left


class DeadlineSocket:
    """A connected socket, every wait of which ends with the deadline.

    Timeouts of sockets hold for each system call: a server that sends one byte now and then would never run into them.
    """

    def __init__(self, raw: socket.socket, deadline: Deadline) -> None:
        self.raw, self.deadline = raw, deadline

    def sendall(self, data: bytes) -> None:
        """Send all of it. Raises OSError: not all of it was sent."""
        view = memoryview(data)
        while view:
            self.raw.settimeout(self.deadline.left())
            view = view[self.raw.send(view) :]

    def makefile(self, *_: object) -> io.BufferedReader:
        """What comes in, as a file of bytes."""
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Close it, without a word to the other side."""
        self.raw.close()

    def wrap(self, context: ssl.SSLContext, host: str) -> "DeadlineSocket":
        """The same under TLS. Raises ssl.SSLError, OSError."""
        self.raw.settimeout(self.deadline.left())
        return DeadlineSocket(context.wrap_socket(self.raw, server_hostname=host), self.deadline)


class _Incoming(io.RawIOBase):
    def __init__(self, owner: DeadlineSocket) -> None:
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._owner.raw.settimeout(self._owner.deadline.left())
        return self._owner.raw.recv_into(buffer)


def connect(host: str, port: int, deadline: Deadline, context: ssl.SSLContext | None = None) -> DeadlineSocket:
    """Connect to the first address of a host that answers; with a context under TLS.

    Looking up the name is the system's, and bounded by its own time-outs alone.

    Raises:
        OSError: no address answered within the deadline.
        ssl.SSLError: an OSError too; TLS failed, or the certificate is not right.
    """
    last: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(deadline.left())
            raw.connect(address)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found = DeadlineSocket(raw, deadline)
            return found if context is None else found.wrap(context, host)
        except ssl.SSLError:
            raw.close()
            raise
        except OSError as error:
            raw.close()
            last = error
    raise last or OSError("the name has no address")


def unreached(error: OSError, what: str) -> Refused:
    """The outcome where nothing was handed over yet: a certain refusal.

    A certificate that cannot be trusted does not mend itself, so that pauses the channel.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refused(FailureCode.SENDER_MISCONFIGURED, detail=f"the certificate of {what} cannot be verified")
    return Refused(FailureCode.PROVIDER_UNAVAILABLE, detail=f"{what} was not reached: {type(error).__name__}")


def is_loopback(host: str) -> bool:
    """Whether what is sent to this host stays on this machine: a loopback address, or a name under `localhost`."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def checked_host(host: object, what: str) -> str:
    """A host's name or address. Raises InvalidInput: it is none."""
    if (
        not isinstance(host, str)
        or not 1 <= len(host) <= _HOST_LENGTH
        or not host.isprintable()
        or not host.isascii()
        or any(each in host for each in " /@?#\\[]<>")
    ):
        raise InvalidInput(f"{what} is the name or the address of a host, in ASCII, such as 'smtp.example.com'")
    return host


def checked_port(port: object, what: str) -> int:
    """A port. Raises InvalidInput: it is none."""
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        raise InvalidInput(f"{what} is a whole number from 1 to 65535")
    return port
