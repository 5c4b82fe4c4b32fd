"""Watching what an adapter does besides: threads, sockets, files, sleep, log records and output.

Everything is patched in a block and put back after it. What happens is put down to the adapter only where one of its
own methods is on the stack, so a provider's stand-in may have threads and sockets of its own.
"""

import asyncio
import builtins
import io
import logging
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from types import FrameType, ModuleType
from typing import Any, Final
from unittest import mock

import attrs

THREAD: Final = "a thread was started"
SOCKET: Final = "a socket was made"
LOOKED_UP: Final = "a host name was looked up"
FILE: Final = "a file was opened"
PROCESS: Final = "a process was started"
SLEPT: Final = "it slept"
IO: Final = frozenset({SOCKET, LOOKED_UP, FILE, PROCESS})


@attrs.frozen
class Event:
    """One thing that happened: what, in which method, and whose methods were on the stack."""

    what: str
    where: str
    owners: tuple[object, ...] = attrs.field(repr=False)

    def is_by(self, adapter: object) -> bool:
        """Whether a method of this adapter, or a class method of its class, was on the stack."""
        return any(owner is adapter or _is_class_of(owner, adapter) for owner in self.owners)

    def __str__(self) -> str:
        return f"{self.what} in {self.where}"


def _is_class_of(owner: object, adapter: object) -> bool:
    return isinstance(owner, type) and owner is not object and isinstance(adapter, owner)


@attrs.define
class Watch:
    """What happened in a block."""

    events: list[Event] = attrs.field(factory=list)
    sockets: "weakref.WeakSet[socket.socket]" = attrs.field(factory=weakref.WeakSet)

    def of(self, adapter: object, *what: str) -> list[Event]:
        """What this adapter did of these things."""
        return [event for event in self.events if event.what in what and event.is_by(adapter)]

    def note(self, what: str) -> Event:
        """Something happened just now."""
        owners, where = _stack(sys._getframe(2))  # noqa: SLF001 - the only way to the caller
        event = Event(what, where, owners)
        self.events.append(event)
        return event


def _stack(frame: FrameType | None) -> tuple[tuple[object, ...], str]:
    """Whose methods are on the stack, innermost first; and the innermost of them in words."""
    owners: list[object] = []
    where = ""
    while frame is not None:
        code = frame.f_code
        if code.co_argcount:
            owner = frame.f_locals.get(code.co_varnames[0])
            if owner is not None and not isinstance(owner, (str, bytes, int)):
                owners.append(owner)
        if not where and not code.co_filename.startswith((_LIBRARY, __file__, "<frozen")):
            where = f"{code.co_qualname}(), line {frame.f_lineno}"
        frame = frame.f_back
    return tuple(owners), where or "a library"


_LIBRARY: Final = threading.__file__.rpartition("threading")[0]


@contextmanager
def watching(adapter: object = None) -> Iterator[Watch]:
    """Watch the block. Where the adapter is given, its sleeps are left out, so that a check is quick."""
    watch = Watch()
    with ExitStack() as stack:
        for patch in (*_io_patches(watch), *_sleep_patches(watch, adapter)):
            stack.enter_context(patch)
        yield watch


@contextmanager
def awake(adapter: object) -> Iterator[None]:
    """In the block the adapter's sleeps are left out."""
    with ExitStack() as stack:
        for patch in _sleep_patches(Watch(), adapter):
            stack.enter_context(patch)
        yield


def _io_patches(watch: Watch) -> "Iterator[mock._patch[Any]]":
    made = socket.socket.__init__

    def make_socket(self: socket.socket, *args: Any, **more: Any) -> None:  # noqa: ANN401 - as it was called
        watch.note(SOCKET)
        made(self, *args, **more)
        watch.sockets.add(self)

    yield mock.patch.object(socket.socket, "__init__", make_socket)
    for owner, name, what in (
        (threading.Thread, "start", THREAD),
        (socket, "getaddrinfo", LOOKED_UP),
        (subprocess.Popen, "__init__", PROCESS),
        (builtins, "open", FILE),
        (io, "open", FILE),
    ):
        yield mock.patch.object(owner, name, _noted(watch, what, getattr(owner, name)))


def _noted(watch: Watch, what: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def instead(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - as it was called
        watch.note(what)
        return original(*args, **more)

    return instead


def _sleep_patches(watch: Watch, adapter: object) -> "Iterator[mock._patch[Any]]":
    sleep, async_sleep = time.sleep, asyncio.sleep

    def is_left_out() -> bool:
        return watch.note(SLEPT).is_by(adapter) and adapter is not None

    def instead(seconds: float) -> None:
        if not is_left_out():
            sleep(seconds)

    async def async_instead(delay: float, result: Any = None) -> Any:  # noqa: ANN401 - as it was called
        return await async_sleep(0 if delay > 0 and is_left_out() else delay, result)

    yield mock.patch.object(time, "sleep", instead)
    yield mock.patch.object(asyncio, "sleep", async_instead)
    for module in _modules_of(adapter):
        for name, value in [*vars(module).items()]:
            if value is sleep or value is async_sleep:
                yield mock.patch.object(module, name, instead if value is sleep else async_instead)


def _modules_of(adapter: object) -> list[ModuleType]:
    """The modules that an adapter's classes, and the function it was made of, come from."""
    classes: list[object] = [each for each in type(adapter).__mro__ if each is not object]
    names = {getattr(each, "__module__", "") for each in [*classes, getattr(adapter, "__wrapped__", None)]}
    return [sys.modules[name] for name in sorted(names) if name in sys.modules and name != "builtins"]


@attrs.define
class Heard:
    """What was logged and printed in a block."""

    records: list[str] = attrs.field(factory=list)
    printed: io.StringIO = attrs.field(factory=io.StringIO)


class _Handler(logging.Handler):
    def __init__(self, heard: Heard, adapter: object) -> None:
        super().__init__(logging.NOTSET)
        self._heard, self._adapter = heard, adapter
        self._formatter = logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        owners, where = _stack(sys._getframe())  # noqa: SLF001 - the only way to the caller
        if Event("something was logged", where, owners).is_by(self._adapter):
            self._heard.records.append(self._formatter.format(record))


@contextmanager
def listening(adapter: object) -> Iterator[Heard]:
    """Hear what the adapter logs, at every level, and what is printed in the block."""
    heard = Heard()
    root, handler = logging.getLogger(), _Handler(heard, adapter)
    level, disabled = root.level, root.manager.disable
    root.addHandler(handler)
    root.setLevel(logging.NOTSET)
    logging.disable(logging.NOTSET)
    try:
        with redirect_stdout(heard.printed), redirect_stderr(heard.printed):
            yield heard
    finally:
        logging.disable(disabled)
        root.setLevel(level)
        root.removeHandler(handler)
