"""Adapters with one mistake each in what they make of webhooks."""

import json
import uuid

import attrs

from contract_fakes import Right, signature
from touchpoint.channels.inbound import OptedOut, Received, Replied
from touchpoint.errors import WebhookRejected

# --- inbound


class BelievesAnything(Right):
    def verify(self, request):
        pass


class VerifiesTheParsedBody(Right):
    def verify(self, request):
        try:
            body = json.dumps(json.loads(request.body)).encode()
        except (ValueError, RecursionError):
            raise WebhookRejected("the body is no JSON") from None
        super().verify(attrs.evolve(request, body=body, headers=dict(request.headers)))


class ComparesWithEquals(Right):
    def same(self, ours, theirs):
        return ours == theirs


class AcceptsStale(Right):
    def verify(self, request):
        time = request.headers.get("x-time", "")
        given = request.headers.get("x-signature", "")
        if not (time.isascii() and time.isdigit() and len(time) <= 12 and given.isascii() and given.startswith("v1=")):
            raise WebhookRejected("malformed")
        theirs = given.removeprefix("v1=").encode()
        if not any(self.same(signature(s, time, request.body).encode(), theirs) for s in self._signing_secrets):
            raise WebhookRejected("the signature does not fit")


class LooksAtTheTimeOnlyBackwards(AcceptsStale):
    def verify(self, request):
        super().verify(request)
        if int(request.headers["x-time"]) < 1772452500:
            raise WebhookRejected("too old")


class CrashesOnMalformedHeaders(Right):
    def verify(self, request):
        int(request.headers.get("x-time", "0"))
        super().verify(request)


class CrashesOnAMissingHeader(Right):
    def verify(self, request):
        _ = request.headers["x-time"]
        super().verify(request)


class KnowsOneSecret(Right):
    def __init__(self, provider):
        super().__init__(provider)
        self._signing_secrets = self._signing_secrets[:1]


class MakesIdsUp(Right):
    def receive(self, request):
        received = super().receive(request)
        events = [attrs.evolve(each, id=uuid.uuid4().hex) if each.id else each for each in received.events]
        return attrs.evolve(received, events=events)


class IdsOfTheSecond(Right):
    def receive(self, request):
        received = super().receive(request)
        events = [attrs.evolve(each, id=f"{request.headers['x-time']}-{n}") for n, each in enumerate(received.events)]
        return attrs.evolve(received, events=events)


class StopsBySubstring(Right):
    def reply(self, identity, sender, text):
        return (
            [OptedOut("sms", address=sender, id=identity)]
            if "stop" in text.lower()
            else super().reply(identity, sender, text)
        )


class CutsReplies(Right):
    def reply(self, identity, sender, text):
        return super().reply(identity, sender, text.split()[0])


class SwallowsStop(Right):
    def reply(self, identity, sender, text):
        return [] if text.strip(" .").lower() == "stop" else super().reply(identity, sender, text)


class BouncesWithoutACode(Right):
    def receive(self, request):
        received = super().receive(request)
        events = [attrs.evolve(each, code=None) if hasattr(each, "code") else each for each in received.events]
        return attrs.evolve(received, events=events)


class CrashesOnUnknownBodies(Right):
    def events(self, data):
        return super().events(data) if data["type"] in ("reply", "delivered", "bounced", "something new") else []


class TakesRubbishForAReply(Right):
    def events(self, data):
        if not isinstance(data, dict) or "id" not in data:
            return [Replied(customer="ann", channel="sms", text=str(data), id="none")]
        return super().events(data)


class ShowsTheExpectedSignature(Right):
    def verify(self, request):
        try:
            super().verify(request)
        except WebhookRejected:
            time = request.headers.get("x-time", "")
            good = signature(self._signing_secrets[0], time.encode("ascii", "replace").decode(), request.body)
            raise WebhookRejected(f"expected {good}, got {request.headers.get('x-signature')}") from None


class AsksWhenItReceives(Right):
    def receive(self, request):
        received = super().receive(request)
        self._provider.account()
        return received


class AnswersAnyChallenge(Right):
    def challenge(self, request):
        return Received(body=request.query["challenge"].encode())


class ForgetsWhoWrote(Right):
    def reply(self, identity, sender, text):  # noqa: ARG002 - that is the mistake
        return [Replied(customer=None, channel="sms", text=text, id=identity)]


class ForgetsItsChannel(Right):
    def receive(self, request):
        received = super().receive(request)
        events = [attrs.evolve(each, about=None, ref="r1") if each.about else each for each in received.events]
        return attrs.evolve(received, events=events)
