"""Declaration: what an adapter says of itself, and what making one does."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from typing import Final

from touchpoint.channels.base import Cancels, LooksUp, Receives
from touchpoint.model.delivery import Capabilities
from touchpoint.testing.contract.bench import Bench
from touchpoint.testing.contract.check import broken, check
from touchpoint.testing.contract.watch import IO, SLEPT, THREAD

_MEMBERS: Final = ("capabilities", "normalise", "preflight", "send")
_METHODS: Final = {"inbound": Receives, "lookup": LooksUp, "cancel": Cancels}
_ON_MAKING: Final = (
    "an engine is built at import of the host's application, in commands that never send, and before servers fork; "
    "what is opened there is shared, leaked or late"
)


class DeclarationChecks:
    """Declaration."""

    @check(
        why="the engine calls all four, and finds out about a missing one when a message is due",
        mend="write what is missing, or derive the class from BaseAdapter, which has all but send",
    )
    def test_it_has_every_member_of_an_adapter(self, bench: Bench) -> None:
        """An adapter has capabilities, normalise, preflight and send, and only the first is no method."""
        lacking = [name for name in _MEMBERS if not hasattr(bench.adapter, name)]
        if lacking:
            broken(f"the adapter has no {', no '.join(lacking)}")
        values = [name for name in _MEMBERS[1:] if not callable(getattr(bench.adapter, name))]
        if values:
            broken(f"{', '.join(values)} cannot be called")
        if callable(bench.adapter.capabilities):
            broken("capabilities is a method", mend="put @property above it")

    @check(
        why="the gate, the workers and the documentation read them; a plain dict or an object that can be changed "
        "would "
        "make the promise of today another one tomorrow",
        mend="return a touchpoint.channels.Capabilities, which is frozen and checks itself",
    )
    def test_capabilities_are_frozen_data(self, bench: Bench) -> None:
        """Capabilities are a frozen `Capabilities`."""
        declared = bench.adapter.capabilities
        if not isinstance(declared, Capabilities):
            broken(f"capabilities are of type {type(declared).__name__}")
        try:
            declared.unit = "changed"  # type: ignore[misc]  # that it cannot be done is the point
        except AttributeError:
            hash(declared)
        else:
            broken("capabilities can be changed")

    @check(
        why="the engine asks for them at any time, and other workers ask their own adapter: two answers are two "
        "promises",
        mend="make them once, in the constructor, from the settings; let nothing that happens later change them",
    )
    def test_capabilities_are_the_same_at_every_call(self, bench: Bench) -> None:
        """Capabilities stay the same: between two calls, and after a message was sent."""
        first = bench.adapter.capabilities
        if bench.adapter.capabilities != first:
            broken("two calls in a row gave different capabilities")
        with suppress(Exception):  # what goes wrong in send() is for the checks of send()
            bench.send(bench.request())
        if bench.adapter.capabilities != first:
            broken("capabilities are others after a message was sent")

    @check(
        why="the engine trusts the declaration and calls the method when it needs it",
        mend="write the method, or leave the capability out",
    )
    def test_every_capability_has_its_method(self, bench: Bench) -> None:
        """Who declares inbound, lookup or cancel has receive, lookup or cancel."""
        for name, protocol in _METHODS.items():
            if getattr(bench.capabilities, name) and not isinstance(bench.adapter, protocol):
                method = "receive" if name == "inbound" else name
                broken(f"the adapter declares Capabilities({name}=True) and has no {method}()")

    @check(
        why="budgets and reports add units up, and messages are held against max_units before they are sent",
        mend="name the unit that the provider bills, and let max_units be a whole number from 1 on, or None",
    )
    def test_units_are_declared_as_words_and_numbers(self, bench: Bench) -> None:
        """The unit is a word, max_units a whole number from 1 on or None, and kinds of address are words."""
        declared = bench.capabilities
        if not isinstance(declared.unit, str) or not declared.unit.strip():
            broken("the unit is no word")
        most = declared.max_units
        if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
            broken("max_units is neither None nor a whole number from 1 on")
        if not all(isinstance(kind, str) and kind.strip() for kind in declared.address_kinds):
            broken("a kind of address is no word")

    @check(why=_ON_MAKING, mend="connect, look up names and read files in the first send, not in the constructor")
    def test_making_one_does_no_io(self, bench: Bench) -> None:
        """Making an adapter opens no socket, looks up no name, reads no file, starts no process and does not sleep."""
        events = bench.made.of(bench.adapter, *IO, SLEPT)
        if events:
            broken(f"while the adapter was made, {events[0]}")

    @check(why=_ON_MAKING, mend="do without the thread, or start it in the first send and end it in close()")
    def test_making_one_starts_no_thread(self, bench: Bench) -> None:
        """Making an adapter starts no thread."""
        events = bench.made.of(bench.adapter, THREAD)
        if events:
            broken(f"while the adapter was made, {events[0]}")

    @check(
        why="a module is imported by tools, tests and commands that never send; they would hang, fail or leak",
        mend="move what the module does when it is loaded into the adapter's send",
    )
    def test_importing_its_module_does_nothing(self, bench: Bench) -> None:
        """Importing the adapter's module starts no thread and opens no connection."""
        done = _done_by_import(type(bench.adapter).__module__)
        if done:
            broken(f"importing {type(bench.adapter).__module__} {done}")

    @check(
        why="reprs end up in logs, tracebacks and error trackers, where many may read them",
        mend="write a __repr__ that shows the channel's name alone; with attrs, repr=False on what is secret",
    )
    def test_its_repr_hides_secrets(self, bench: Bench) -> None:
        """The repr of an adapter shows no secret."""
        shown = f"{bench.adapter!r} {bench.adapter} {bench.capabilities!r}"
        if any(secret in shown for secret in bench.secrets):
            broken("the adapter's repr shows a secret")


_SCRIPT: Final = """
import json, sys
name, path = json.loads(sys.argv[1])
sys.path[:] = path
import socket, threading
done = []
def noted(what, original):
    def instead(*args, **more):
        done.append(what)
        return original(*args, **more)
    return instead
threading.Thread.start = noted("starts a thread", threading.Thread.start)
socket.socket.connect = noted("opens a connection", socket.socket.connect)
socket.getaddrinfo = noted("looks up a host name", socket.getaddrinfo)
try:
    __import__(name)
except BaseException:
    done = []
print(json.dumps(done))
sys.stdout.flush()
import os
os._exit(0)
"""


@lru_cache
def _done_by_import(module: str) -> str:
    """What importing a module does, in a process of its own; nothing where it cannot be imported alone."""
    if module in {"builtins", "__main__"}:
        return ""
    ran = subprocess.run(  # noqa: S603 - this Python, and the script above
        [sys.executable, "-c", _SCRIPT, json.dumps([module, sys.path])],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    lines = ran.stdout.splitlines()
    done = json.loads(lines[-1]) if ran.returncode == 0 and lines else []
    return str(done[0]) if done else ""
