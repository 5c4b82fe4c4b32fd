"""More mistakes, each for one finding of a check that has several."""

# ruff: noqa: ARG002 - what an adapter is handed and does not use is part of the port

import threading

import attrs

from contract_fakes import Awaited, Right
from touchpoint.channels import (
    Accepted,
    Address,
    Capabilities,
    Failure,
    FailureCode,
    InvalidAddress,
    Preflight,
    Refused,
)
from touchpoint.channels.inbound import Received, TaskDone


class Nothing:
    """No adapter at all."""


class DeclaresByMethod(Right):
    def capabilities(self):
        return Capabilities("sms", {"phone"}, remembers_keys_for=None)


class DeclaresWhatCanChange(Right):
    class Loose(Capabilities):
        __setattr__ = object.__setattr__

    @property
    def capabilities(self):
        return self.Loose("sms", {"phone"}, remembers_keys_for=None)


class DeclaresHalfUnits(Right):
    @property
    def capabilities(self):
        return attrs.evolve(super().capabilities, max_units=1.5)


class DeclaresABlankKind(Right):
    @property
    def capabilities(self):
        return attrs.evolve(super().capabilities, address_kinds={"phone", " "})


class GivesText(Right):
    def normalise(self, raw, *, region=None):
        return raw


class GivesAnEmptyKey(Right):
    def normalise(self, raw, *, region=None):
        return Address("phone", "")


class GivesNothingForOddText(Right):
    def normalise(self, raw, *, region=None):
        try:
            return super().normalise(raw)
        except InvalidAddress:
            return None


class ReadsAFileToNormalise(Right):
    def normalise(self, raw, *, region=None):
        with open(__file__):  # noqa: PTH123 - what such an adapter does
            return super().normalise(raw)


class ReadsAFileToCount(Right):
    def preflight(self, message, to=None):
        with open(__file__):  # noqa: PTH123 - what such an adapter does
            return super().preflight(message, to)


class ReadsAFileToReceive(Right):
    def receive(self, request):
        with open(__file__):  # noqa: PTH123 - what such an adapter does
            return super().receive(request)


class CountsHalves(Right):
    def preflight(self, message, to=None):
        return Preflight(0.5)


class GivesProblemsAsText(Right):
    def preflight(self, message, to=None):
        return Preflight(1, ["too long"])


class RefusesEverything(Right):
    def preflight(self, message, to=None):
        return Preflight(1, [Failure(FailureCode.REGION_FORBIDDEN)])

    def send(self, request):
        return Refused(FailureCode.REGION_FORBIDDEN)


class AlwaysOneUnit(Right):
    def preflight(self, message, to=None):
        return Preflight(1)


class RefusesTheLastUnit(Right):
    def preflight(self, message, to=None):
        answer = super().preflight(message, to)
        return Preflight(answer.units, [Failure(FailureCode.CONTENT_REJECTED)] if answer.units > 1 else [])


class SendsNoKey(Right):
    def post(self, request):
        return 200, {"id": request.key}


class AnswersText(Right):
    def send(self, request):
        return "sms-1"


class GivesNoIds(Right):
    def receive(self, request):
        received = super().receive(request)
        return attrs.evolve(received, events=[attrs.evolve(each, id=None) for each in received.events])


class GivesOneIdToAll(Right):
    def receive(self, request):
        received = super().receive(request)
        return attrs.evolve(received, events=[attrs.evolve(each, id="event") for each in received.events])


class ReceivesAList(Right):
    def receive(self, request):
        return [*super().receive(request).events]


class HearsNothing(Right):
    def events(self, data):
        return []


class AnswersChallengesWithOk(Right):
    def challenge(self, request):
        super().challenge(request)
        return Received(body=b"ok")


class CrashesOnForgeries(Right):
    def verify(self, request):
        try:
            super().verify(request)
        except ValueError as error:
            raise RuntimeError(f"{error}: {request.headers}") from None


class ChecksAloud(Right):
    def check(self):
        return [Failure(FailureCode.SENDER_MISCONFIGURED, f"the token {self._token} is wrong")]


class MixesTasksUp(Right):
    def complete(self, key, outcome):
        return [TaskDone("another", outcome)]


class AwaitsNothing(Awaited):
    """Not wrong: it is done before anybody could cancel it."""

    async def send(self, request):
        return self.outcome(request, *self.post(request))


class NeverLetsGo(Right):
    def __init__(self, provider):
        super().__init__(provider)
        self.made_in, self.lock = threading.get_ident(), threading.Lock()

    def send(self, request):
        if threading.get_ident() != self.made_in:
            self.lock.acquire()
            self.lock.acquire(timeout=10)
        return super().send(request)


class Accepts(Right):
    """Not wrong: it refuses long words beforehand, so that nobody bills them."""

    def preflight(self, message, to=None):
        too_long = len(message.text) > 160
        return Preflight(2 if too_long else 1, [Failure(FailureCode.CONTENT_REJECTED)] if too_long else [])

    def send(self, request):
        return Accepted("sms-1")


FINDINGS = [
    (DeclaresByMethod, "it_has_every_member_of_an_adapter", "capabilities is a method"),
    (DeclaresWhatCanChange, "capabilities_are_frozen_data", "can be changed"),
    (DeclaresHalfUnits, "units_are_declared_as_words_and_numbers", "max_units is neither"),
    (DeclaresABlankKind, "units_are_declared_as_words_and_numbers", "kind of address is no word"),
    (GivesText, "good_addresses_are_accepted", "became str instead of Address"),
    (GivesAnEmptyKey, "good_addresses_are_accepted", "has an empty key"),
    (GivesNothingForOddText, "odd_text_is_no_crash", "becomes NoneType without a key"),
    (ReadsAFileToNormalise, "normalising_asks_nobody", "in normalise(), a file was opened"),
    (ReadsAFileToCount, "preflight_asks_nobody", "in preflight(), a file was opened"),
    (ReadsAFileToReceive, "receiving_asks_nobody", "in receive(), a file was opened"),
    (CountsHalves, "preflight_answers_with_units_and_problems", "no whole number"),
    (GivesProblemsAsText, "preflight_answers_with_units_and_problems", "a problem is no Failure"),
    (RefusesEverything, "preflight_answers_with_units_and_problems", "has the problem region_forbidden"),
    (RefusesEverything, "a_send_answers_with_an_outcome", "send() answered Refused(region_forbidden)"),
    (AlwaysOneUnit, "too_long_is_a_problem_and_no_exception", "units do not grow with the text"),
    (RefusesTheLastUnit, "too_long_is_a_problem_and_no_exception", "has a problem, though max_units is 10"),
    (SendsNoKey, "the_key_reaches_the_provider_unchanged", "the provider got no key"),
    (AnswersText, "a_send_answers_with_an_outcome", "an object of type str"),
    (GivesNoIds, "event_ids_are_stable", "an event of webhooks[0] has no id"),
    (GivesOneIdToAll, "event_ids_are_stable", "webhooks[1] and webhooks[0] have an event id in common"),
    (ReceivesAList, "genuine_webhooks_are_understood", "answered list instead of Received"),
    (HearsNothing, "genuine_webhooks_are_understood", "webhooks[0] gives nothing"),
    (AnswersChallengesWithOk, "challenges_are_answered", "is not answered with its body"),
    (CrashesOnForgeries, "a_refused_webhook_is_not_repeated", "repeats a part of it"),
    (ChecksAloud, "checking_answers_with_failures", "check() shows a secret"),
    (MixesTasksUp, "a_task_that_is_completed_comes_back", "about another message"),
]
