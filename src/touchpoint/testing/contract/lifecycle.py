"""Life cycle: trying the set-up, closing, forking, looking up, taking back, and people who do what a message asks."""

import os
import select
import socket
import warnings
import weakref
from collections.abc import Callable
from typing import Any, Final

from touchpoint.channels.inbound import TaskDone
from touchpoint.model.delivery import Accepted, Failure, SendRequest
from touchpoint.testing.contract.bench import Bench, is_outcome, told
from touchpoint.testing.contract.check import broken, check
from touchpoint.testing.contract.watch import watching

_SAID: Final = {b"a": "", b"o": "was not accepted", b"r": "raised", b"s": "went through a socket of the first process"}
_NEVER_SEEN: Final = "00000000000000000000000000000000"


class LifeCycleChecks:
    """Life cycle."""

    @check(
        why="it is run by `doctor`, by deployments and by monitoring, every few minutes",
        mend="ask the provider for the account or the sender; send no test message",
        needs=("check()", "provider_keys"),
    )
    def test_checking_sends_nothing(self, bench: Bench) -> None:
        """check() hands nothing over."""
        before = bench.keys()
        bench.adapter.check()
        if bench.keys() != before:
            broken("check() sent a message")

    @check(
        why="they are listed for whoever sets the channel up, who has to know what to do",
        mend="return a list of Failure(code, detail), empty where all is well, and put no address or secret in them",
        needs=("check()",),
    )
    def test_checking_answers_with_failures(self, bench: Bench) -> None:
        """check() answers with failures, none where all is well, and shows no secret."""
        found = bench.adapter.check()
        if not isinstance(found, (list, tuple)) or not all(isinstance(each, Failure) for each in found):
            broken(f"check() answered {type(found).__name__} instead of a list of Failure")
        for what in bench.leaks(repr(found)):
            broken(f"check() shows {what}")

    @check(
        why="hosts close in signal handlers, in finally and at exit; the second time must not hide why they close",
        mend="return at once in close() where it is closed already",
        needs=("close()",),
    )
    def test_closing_twice_is_fine(self, bench: Bench) -> None:
        """close() can be called again, before anything was sent and after."""
        bench.adapter.close()
        bench.adapter.close()

    @check(
        why="a host that closes in finally must not lose messages that are on their way, and a hang stops its exit",
        mend="open again in send() what close() let go of, or answer Refused(FailureCode.PROVIDER_UNAVAILABLE)",
        needs=("close()",),
    )
    def test_a_send_after_closing_has_an_outcome(self, bench: Bench) -> None:
        """A send after close() gets an outcome and raises nothing."""
        bench.send(bench.request())
        bench.adapter.close()
        outcome = bench.send(bench.request())
        if not is_outcome(outcome):
            broken(f"after close() a send was answered with {told(outcome)}")

    @check(
        why="web servers fork their workers: two processes that write into one connection mix up messages and answers, "
        "and a thread of the first process does not exist in the second",
        mend="remember os.getpid() with what you open, and open it anew where that is another one",
        needs=("fork",),
    )
    def test_it_sends_after_a_fork(self, bench: Bench) -> None:
        """A process that was forked after a send can send, through nothing that the first one opened."""
        with watching() as watch:
            bench.send(bench.request())
        said = _in_child(lambda: _send_in_child(bench, bench.request(), watch.sockets | bench.made.sockets), bench)
        if said:
            broken(f"after a fork a send {said}")

    @check(
        why="what ended in doubt is looked up, and repeated or booked as sent by what is found",
        mend="ask the provider by the key, and return Accepted(ref=…) with its id of the message",
        needs=("lookup",),
    )
    def test_looking_up_a_key_tells_what_became_of_it(self, bench: Bench) -> None:
        """lookup(key) of an accepted send gives `Accepted` with its reference."""
        request = bench.request()
        sent = bench.accepted(request)
        found = bench.adapter.lookup(request.key)
        if not isinstance(found, Accepted):
            broken(f"lookup() of what was accepted answered {told(found)}")
        if found.ref != sent.ref:
            broken("lookup() gave another reference than send()")

    @check(
        why="None means that it is safe to send again; anything else loses the message, or sends it twice",
        mend="return None only where the provider says that it has never seen the key, and send nothing",
        needs=("lookup",),
    )
    def test_looking_up_a_key_never_seen_gives_none(self, bench: Bench) -> None:
        """lookup(key) of a key that was never sent gives None, and again afterwards."""
        for _ in range(2):
            found = bench.adapter.lookup(_NEVER_SEEN)
            if found is not None:
                broken(f"lookup() of a key that was never sent answered {told(found)}")

    @check(
        why="True says that the customer certainly does not get it, and frees its place in the caps",
        mend="return whether the provider confirmed it; False for what it does not know or has sent already",
        needs=("cancel",),
    )
    def test_cancelling_says_whether_it_is_certain(self, bench: Bench) -> None:
        """cancel(ref) answers True or False, also twice, and False for a reference that nobody knows."""
        ref = bench.accepted().ref or ""
        for answer in (bench.adapter.cancel(ref), bench.adapter.cancel(ref)):
            if not isinstance(answer, bool):
                broken(f"cancel() answered {type(answer).__name__} instead of True or False")
        if bench.adapter.cancel("no-such-reference") is not False:
            broken("cancel() of a reference that nobody knows did not answer False")

    @check(
        why="the journey goes on with what the person found out, and the first response of a case is counted by it",
        mend="give TaskDone(key, outcome) when the person is done",
        needs=("human", "staff"),
    )
    def test_a_task_that_is_completed_comes_back(self, bench: Bench) -> None:
        """A completed task is one `TaskDone` about the message, with its outcome."""
        _done(bench, "complete", "reached", "reached")

    @check(
        why="a task that nobody does must not look done: the message's other channels, or another person, are next",
        mend="give TaskDone(key, None, reason) when the person declines",
        needs=("human", "staff"),
    )
    def test_a_task_that_is_declined_comes_back(self, bench: Bench) -> None:
        """A declined task is one `TaskDone` about the message, without an outcome."""
        _done(bench, "decline", "no time", None)


def _done(bench: Bench, act: str, word: str, outcome: str | None) -> None:
    request = bench.request()
    bench.accepted(request)
    events = [*getattr(bench.given("staff"), act)(request.key, word)]
    if len(events) != 1 or not isinstance(events[0], TaskDone):
        broken(f"after {act}() there is not exactly one TaskDone")
    if events[0].about != request.key:
        broken("TaskDone is about another message")
    if events[0].outcome != outcome:
        broken("TaskDone has another outcome")


def _in_child(work: Callable[[], bytes], bench: Bench) -> str:
    """What a forked process says of its send; empty where all is well."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads: what a server does, too
        child = os.fork()
    if child == 0:  # pragma: no cover - another process
        os.write(writing, work())
        os._exit(0)
    os.close(writing)
    ready: list[int] = []
    try:
        ready, _, _ = select.select([reading], [], [], bench.given("patience"))
        said = os.read(reading, 1) if ready else None
    finally:
        os.close(reading)
        if not ready:
            os.kill(child, 9)
        os.waitpid(child, 0)
    return "never came back" if said is None else _SAID.get(said, "ended the process")


def _send_in_child(
    bench: Bench, request: SendRequest, old: "weakref.WeakSet[socket.socket] | set[socket.socket]"
) -> bytes:  # pragma: no cover - another process
    """One letter for what a send does in a process that was just forked."""
    used: list[object] = []
    for name in ("send", "sendall", "sendmsg", "sendto", "recv", "recv_into"):
        setattr(socket.socket, name, _told(name, old, used))
    bench.forget_loop()
    try:
        outcome: Any = bench.send(request)
    except BaseException:  # noqa: BLE001 - whatever it is, the child has to say so and end
        return b"s" if used else b"r"
    if used:
        return b"s"
    return b"a" if isinstance(outcome, Accepted) else b"o"


def _told(name: str, old: Any, used: list[object]) -> Callable[..., Any]:  # noqa: ANN401  # pragma: no cover - another process
    original = getattr(socket.socket, name)

    def instead(self: socket.socket, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - as it was called
        if self in old:
            used.append(self)
        return original(self, *args, **more)

    return instead
