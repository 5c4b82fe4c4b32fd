"""Adapters with one mistake each, as people make them: what they declare, addresses, preflight, life cycle."""

# ruff: noqa: ARG002 - what an adapter is handed and does not use is part of the port

import socket
import threading

import attrs

from contract_fakes import OverSocket, Right, segments
from touchpoint.channels import (
    Accepted,
    Address,
    Failure,
    FailureCode,
    InvalidAddress,
    Preflight,
    Refused,
)
from touchpoint.channels.inbound import TaskDone

# --- declaration


class HasNoPreflight(Right):
    preflight = None


class DeclaresAPlainObject(Right):
    class Loose:
        channel, address_kinds, remembers_keys_for = "sms", frozenset({"phone"}), None
        recording = thread_safe = inbound = lookup = cancel = human = unsubscribe = receipts = replies = reactions = (
            False
        )
        unit, max_units = "segment", 10

        def takes(self, kind):
            return True

    @property
    def capabilities(self):
        return self.Loose()


class ForgetsItsPromiseAfterASend(Right):
    used = False

    @property
    def capabilities(self):
        return attrs.evolve(super().capabilities, thread_safe=not self.used)

    def send(self, request):
        self.used = True
        return super().send(request)


class DeclaresWhatItCannot(Right):
    lookup = None


class DeclaresNoUnit(Right):
    @property
    def capabilities(self):
        return attrs.evolve(super().capabilities, unit="", max_units=None)


class ConnectsWhenMade(Right):
    def __init__(self, provider):
        super().__init__(provider)
        with socket.socket():
            pass


class ReadsAFileWhenMade(Right):
    def __init__(self, provider):
        super().__init__(provider)
        with open(__file__) as file:  # noqa: PTH123 - what such an adapter does
            file.read(1)


class StartsAThreadWhenMade(Right):
    def __init__(self, provider):
        super().__init__(provider)
        threading.Thread(target=int).start()


class ShowsItsToken(Right):
    def __repr__(self):
        return f"ShowsItsToken(token={self._token!r})"


# --- addresses


class RefusesSpaces(Right):
    def normalise(self, raw, *, region=None):
        if " " in raw:
            raise InvalidAddress("a phone number has no spaces")
        return super().normalise(raw)


class AddsAPrefixEachTime(Right):
    def normalise(self, raw, *, region=None):
        address = super().normalise(raw.removeprefix("tel:"))
        return attrs.evolve(address, key=("tel:" if raw.startswith("+") else "tel:tel:") + address.key)


class KeepsPunctuation(Right):
    def normalise(self, raw, *, region=None):
        address = super().normalise(raw)
        return attrs.evolve(address, key=raw.strip(), display=address.display)


class MixesPeopleUp(Right):
    def normalise(self, raw, *, region=None):
        super().normalise(raw)
        return Address("phone", "+15550100")


class AcceptsAnything(Right):
    def normalise(self, raw, *, region=None):
        try:
            return super().normalise(raw)
        except InvalidAddress:
            return Address("phone", raw or "none")


class RaisesValueError(Right):
    def normalise(self, raw, *, region=None):
        try:
            return super().normalise(raw)
        except InvalidAddress as error:
            raise ValueError(str(error)) from None


class RepeatsTheAddress(Right):
    def normalise(self, raw, *, region=None):
        try:
            return super().normalise(raw)
        except InvalidAddress:
            raise InvalidAddress(f"{raw!r} is no phone number") from None


class RepeatsItInTheCause(Right):
    def normalise(self, raw, *, region=None):
        try:
            int(raw.replace(" ", "").replace(".", "").replace("-", "").removeprefix("+"), 10)
        except ValueError as error:
            raise InvalidAddress("that is no phone number") from error
        return super().normalise(raw)


class ShowsTheAddress(Right):
    def normalise(self, raw, *, region=None):
        return attrs.evolve(super().normalise(raw), display=raw)


class CrashesOnOddText(Right):
    def normalise(self, raw, *, region=None):
        raw.encode()
        return super().normalise(raw)


class LooksAddressesUp(Right):
    def normalise(self, raw, *, region=None):
        self._provider.account()
        return super().normalise(raw)


class TakesNoRegion(Right):
    def normalise(self, raw):
        return super().normalise(raw)


class PutsTheRegionFirst(Right):
    def normalise(self, raw, *, region=None):
        address = super().normalise(raw)
        return attrs.evolve(address, key="+44" + address.key[2:]) if region == "GB" else address


class NamesAnotherKind(Right):
    def normalise(self, raw, *, region=None):
        return attrs.evolve(super().normalise(raw), kind="sms")


# --- preflight


class CountsByCharacters(Right):
    def preflight(self, message, to=None):
        units = len(message.text) // 160 + 1
        return Preflight(units, [Failure(FailureCode.CONTENT_REJECTED)] if units > 10 else [])


class SplitsEscapes(Right):
    def preflight(self, message, to=None):
        units = segments(message.text, whole=False)
        return Preflight(units, [Failure(FailureCode.CONTENT_REJECTED)] if units > 10 else [])


class ForgetsOtherAlphabets(Right):
    def preflight(self, message, to=None):
        text = "".join(each if each.isascii() else "a" for each in message.text if each not in "^{}\\[~]|`")
        more = sum(each in "\N{EURO SIGN}^{}\\[~]|" for each in message.text)
        units = segments(message.text) if more else segments(text + "a" * message.text.count("`"))
        return Preflight(units, [Failure(FailureCode.CONTENT_REJECTED)] if units > 10 else [])


class RaisesForTooLong(Right):
    def preflight(self, message, to=None):
        answer = super().preflight(message, to)
        if answer.problems:
            raise ValueError("too long")
        return answer


class KnowsNoLimit(Right):
    def preflight(self, message, to=None):
        return Preflight(super().preflight(message, to).units)


class NeedsAnAddress(Right):
    def preflight(self, message, to=None):
        if to.key.startswith("+999"):
            return Preflight(problems=[Failure(FailureCode.REGION_FORBIDDEN)])
        return super().preflight(message, to)


class AsksThePriceBeforehand(Right):
    def preflight(self, message, to=None):
        if to is not None:
            self._provider.account()
        return super().preflight(message, to)


class CrashesWithoutASubject(Right):
    def preflight(self, message, to=None):
        message.subject.strip()
        return super().preflight(message, to)


class CountsPreflights(Right):
    count = 0

    def preflight(self, message, to=None):
        self.count += 1
        return Preflight(self.count)


class AnswersTrueToPreflight(Right):
    def preflight(self, message, to=None):
        return True


class BillsOneUnit(Right):
    def outcome(self, request, status, body):
        outcome = super().outcome(request, status, body)
        return attrs.evolve(outcome, units=1) if isinstance(outcome, Accepted) else outcome


# --- life cycle


class ChecksWithATestMessage(Right):
    def check(self):
        status, _ = self._provider.post("check", "+15550000", "This is a test")
        return [] if status == 200 else [Failure(FailureCode.SENDER_MISCONFIGURED)]


class ChecksWithTrue(Right):
    def check(self):
        return True


class ClosesOnce(Right):
    closed = False

    def close(self):
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class IsDeadAfterClosing(Right):
    def close(self):
        self._provider = None


class KeepsItsSocketOverAFork(OverSocket):
    def line(self):
        with self._provider.lock:
            if self._line is None:
                self._line = (0, *socket.socketpair())
            return self._line[1]


class SendsInAThreadOfItsOwn(Right):
    """A thread that a fork does not take along."""

    def __init__(self, provider):
        super().__init__(provider)
        self.asked, self.lock = None, threading.Lock()
        self.wake, self.done = threading.Event(), threading.Event()
        self.thread = None

    def work(self):
        while self.wake.wait():
            self.wake.clear()
            self.answer = Right.post(self, self.asked)
            self.done.set()

    def post(self, request):
        with self.lock:
            if self.thread is None:
                self.thread = threading.Thread(target=self.work, daemon=True)
                self.thread.start()
            self.asked = request
            self.done.clear()
            self.wake.set()
            self.done.wait()
            return self.answer


class LooksUpWithTrue(Right):
    def lookup(self, key):
        return self._provider.get(key) is not None


class FindsWhatWasNeverSent(Right):
    def lookup(self, key):
        return Accepted(self._provider.get(key) or "unknown")


class RefusesWhatItDoesNotFind(Right):
    def lookup(self, key):
        return super().lookup(key) or Refused(FailureCode.UNKNOWN)


class CancelsEverything(Right):
    def cancel(self, ref):
        super().cancel(ref)
        return True


class CancelsWithoutAnAnswer(Right):
    def cancel(self, ref):
        super().cancel(ref)


class DeclinesAsDone(Right):
    def decline(self, key, reason):
        return [TaskDone(key, "declined", reason)]


class ForgetsWhatWasDone(Right):
    def complete(self, key, outcome):
        return []
