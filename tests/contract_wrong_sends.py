"""Adapters with one mistake each in how they send."""

# ruff: noqa: ARG002 - what an adapter is handed and does not use is part of the port

import asyncio
import hashlib
import logging
import sqlite3
import threading
import time
import uuid
from datetime import timedelta
from time import sleep

import attrs

from contract_fakes import PROBLEMS, TOKEN, Awaited, Right
from touchpoint.channels import (
    Accepted,
    Ambiguous,
    FailureCode,
    Refused,
)

log = logging.getLogger("acme")


# --- send: keys and calls


class ForgetsTheKey(Right):
    def post(self, request):
        return super().post(attrs.evolve(request, key=uuid.uuid4().hex))


class PutsTheAttemptIntoTheKey(Right):
    def post(self, request):
        return super().post(attrs.evolve(request, key=f"{request.key}-{request.attempt}"))


class CutsTheKey(Right):
    def post(self, request):
        return super().post(attrs.evolve(request, key=request.key[:20]))


class MakesTheKeyOfTheWords(Right):
    def post(self, request):
        words = f"{request.to.key}{request.message.text}".encode("utf-8", "surrogatepass")
        return super().post(attrs.evolve(request, key=hashlib.sha256(words).hexdigest()))


class NewKeyAfterDoubt(Right):
    doubtful = ()

    def post(self, request):
        key = uuid.uuid4().hex if request.key in self.doubtful else request.key
        status, body = super().post(attrs.evolve(request, key=key))
        if status is None:
            self.doubtful = (*self.doubtful, request.key)
        return status, body


class AnswersTrue(Right):
    def send(self, request):
        return isinstance(super().send(request), Accepted)


class AnswersNothing(Right):
    def send(self, request):
        super().send(request)


class ForgetsTheReference(Right):
    def outcome(self, request, status, body):
        outcome = super().outcome(request, status, body)
        return attrs.evolve(outcome, ref=None) if isinstance(outcome, Accepted) else outcome


class RetriesInside(Right):
    def post(self, request):
        status, body = super().post(request)
        return super().post(request) if status == 503 else (status, body)


class AsksTheAccountFirst(Right):
    def post(self, request):
        self._provider.account()
        return super().post(request)


class SendsLater(Right):
    def __init__(self, provider):
        super().__init__(provider)
        self.waiting, self.lock = [], threading.Lock()  # it is only late: threads do not mix in it

    def post(self, request):
        with self.lock:
            self.waiting.append(request)
            due = [self.waiting.pop() for _ in range(len(self.waiting))] if len(self.waiting) >= 2 else []
        for each in due:
            super().post(each)
        return 200, {"id": f"queued-{request.key}"}


class DropsHeaders(Right):
    def post(self, request):
        return super().post(attrs.evolve(request, headers={}))


# --- send: outcomes


class CallsEveryRefusalContent(Right):
    def outcome(self, request, status, body):
        if status == 400:
            return Refused(FailureCode.CONTENT_REJECTED, provider_code=body["code"])
        return super().outcome(request, status, body)


class CallsDoubtARefusal(Right):
    def outcome(self, request, status, body):
        if status is None:
            return Refused(FailureCode.PROVIDER_UNAVAILABLE)
        return super().outcome(request, status, body)


class CallsAnOutageDoubt(Right):
    def outcome(self, request, status, body):
        if status == 503:
            return Ambiguous("503")
        return super().outcome(request, status, body)


class RaisesForOutages(Right):
    def outcome(self, request, status, body):
        if status == 503:
            raise ConnectionError("503")
        return super().outcome(request, status, body)


class LosesRetryAfter(Right):
    def outcome(self, request, status, body):
        outcome = super().outcome(request, status, body)
        return attrs.evolve(outcome, retry_after=None) if isinstance(outcome, Refused) else outcome


class TakesSecondsForMinutes(Right):
    def outcome(self, request, status, body):
        outcome = super().outcome(request, status, body)
        return Refused(outcome.code, retry_after=timedelta(minutes=30)) if status == 429 else outcome


class RewritesUnknownCodes(Right):
    def outcome(self, request, status, body):
        if status == 400 and body["code"] not in PROBLEMS:
            return Refused(FailureCode.UNKNOWN, provider_code=f"ERR_{body['code'].upper()}")
        return super().outcome(request, status, body)


class DropsUnknownCodes(Right):
    def outcome(self, request, status, body):
        if status == 400 and body["code"] not in PROBLEMS:
            return Refused(FailureCode.UNKNOWN)
        return super().outcome(request, status, body)


class StopsAfterAnOutage(Right):
    down = False

    def send(self, request):
        if self.down:
            return Refused(FailureCode.PROVIDER_UNAVAILABLE)
        outcome = super().send(request)
        self.down = isinstance(outcome, Refused) and outcome.code is FailureCode.PROVIDER_UNAVAILABLE
        return outcome


class PutsTheAddressIntoTheReason(Right):
    def outcome(self, request, status, body):
        if status is None:
            return Ambiguous(f"no answer for {request.to.key}")
        return super().outcome(request, status, body)


class LogsTheAddress(Right):
    def send(self, request):
        log.debug("sending to %s", request.to.key)
        return super().send(request)


class LogsItsToken(Right):
    def send(self, request):
        outcome = super().send(request)
        if not isinstance(outcome, Accepted):
            log.error("failed", extra={"key": request.key}, exc_info=ValueError(f"Authorization: Bearer {TOKEN}"))
        return outcome


class PrintsTheWords(Right):
    def send(self, request):
        print(request.message)  # noqa: T201 - the mistake
        print(request.message.text)  # noqa: T201 - the mistake
        return super().send(request)


# --- send: how it is called


class Sleeps(Right):
    def outcome(self, request, status, body):
        if status == 429:
            time.sleep(30)
        return super().outcome(request, status, body)


class SleepsUnderAnotherName(Right):
    def post(self, request):
        sleep(5)
        return super().post(request)


class SleepsWhileAwaited(Awaited):
    async def send(self, request):
        await asyncio.sleep(5)
        return await super().send(request)


class CrashesOnEmptyText(Right):
    def post(self, request):
        if request.message.text.split()[0] == "STOP":
            raise AssertionError
        return super().post(request)


class HoldsADatabase(Right):
    def __init__(self, provider):
        super().__init__(provider)
        self.db = sqlite3.connect(":memory:")

    def send(self, request):
        self.db.execute("SELECT 1")
        return super().send(request)

    def close(self):
        self.db.close()
        self.send = super().send


class KeepsTheRequestInSelf(Right):
    def send(self, request):
        self.request = request
        status, body = self.post(self.request)
        return self.outcome(self.request, status, body)

    def post(self, request):
        key = self.request.key
        phone = self.request.to.key
        text = self.request.message.text
        return self._provider.post(key, phone, text, self.request.headers)


class KeepsTheAwaitedInSelf(Awaited):
    async def send(self, request):
        self.request = request
        await asyncio.sleep(0)
        return await super().send(self.request)


class SwallowsCancelling(Awaited):
    async def send(self, request):
        try:
            return await super().send(request)
        except asyncio.CancelledError:
            return Ambiguous("cancelled")


# --- conversation


class RefusesReplies(Right):
    def send(self, request):
        if request.reply_to is not None and request.reaction is None:
            return Refused("unknown")
        return super().send(request)


class CrashesOnReactions(Right):
    def send(self, request):
        if request.reaction is not None:
            {}[request.reaction]
        return super().send(request)
