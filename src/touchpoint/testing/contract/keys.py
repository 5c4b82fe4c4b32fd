"""Send, first part: keys and calls. One message is one message, whatever happens to the answer."""

from typing import Final

import attrs

from touchpoint.model.delivery import Accepted, Ambiguous, SendRequest
from touchpoint.testing.contract.bench import Bench, is_outcome, told
from touchpoint.testing.contract.check import broken, check

_ONCE: Final = (
    "the engine repeats what ended in doubt under the same key: a second message reaches the customer otherwise"
)
_AS_IT_IS: Final = (
    "pass request.key on as the provider's idempotency key, as it is: no attempt number, no time, nothing random"
)


class KeyChecks:
    """Send."""

    @check(
        why="the engine knows three answers; True, None and the rest are taken for doubt, and the message ends as "
        "unknown",
        mend="return Accepted(ref=…) where the provider has it, Refused(code) where it certainly has not, else "
        "Ambiguous",
    )
    def test_a_send_answers_with_an_outcome(self, bench: Bench) -> None:
        """An ordinary message to a good address is `Accepted`."""
        outcome = bench.send(bench.request())
        if not is_outcome(outcome):
            broken(f"send() answered {told(outcome)}")
        if not isinstance(outcome, Accepted):
            broken(f"an ordinary message was not accepted: send() answered {told(outcome)}")

    @check(
        why="receipts, replies and complaints name the message by it; without one they belong to nobody",
        mend="return Accepted(ref=…) with the provider's id of the message",
        needs=("a provider",),
    )
    def test_an_accepted_send_has_a_reference(self, bench: Bench) -> None:
        """`Accepted.ref` is the provider's own id of the message."""
        if not bench.accepted().ref:
            broken("Accepted has no ref")

    @check(
        why="two messages that share a reference share their receipts; a provider that sees one key sends one of them",
        mend=_AS_IT_IS,
        needs=("a provider",),
    )
    def test_distinct_keys_are_distinct_sends(self, bench: Bench) -> None:
        """Two requests with two keys are two messages, even with equal words to one address."""
        first, second = bench.accepted().ref, bench.accepted().ref
        if first is not None and first == second:
            broken("two keys got one reference")

    @check(why=_ONCE, mend=_AS_IT_IS, needs=("remembers_keys_for",))
    def test_the_same_key_is_one_send(self, bench: Bench) -> None:
        """A request that is repeated, as a later attempt, gets the first one's answer and reference."""
        request = bench.request()
        if len(_refs(bench, request)) > 1:
            broken("the same key got two references: it was sent twice")

    @check(why=_ONCE, mend=_AS_IT_IS, needs=("remembers_keys_for", "scenario ambiguous"))
    def test_a_key_that_ended_in_doubt_is_sent_once(self, bench: Bench) -> None:
        """A request that ended in doubt can be repeated under its key, and is one message in the end."""
        request = bench.request()
        bench.arrange("ambiguous")
        doubt = bench.send(request)
        if not isinstance(doubt, Ambiguous):
            broken(f"the scenario 'ambiguous' was answered with {told(doubt)}")
        if len(_refs(bench, _again(request))) > 1:
            broken("the same key got two references after a doubt: it was sent again")

    @check(why=_ONCE, mend=_AS_IT_IS, needs=("provider_keys",))
    def test_the_key_reaches_the_provider_unchanged(self, bench: Bench) -> None:
        """The provider gets `request.key` as it is, at the first attempt and at later ones."""
        request = bench.request()
        before = len(bench.keys())
        bench.send(request)
        bench.send(_again(request))
        got = bench.keys()[before:]
        if not got:
            broken("the provider got no key")
        if any(key != request.key for key in got):
            broken("the provider got another key")

    @check(
        why="customers read messages in the order in which they are sent: first the order, then its parcel",
        mend="hand each request over before send() returns; collect nothing for later",
        needs=("provider_keys",),
    )
    def test_keys_reach_the_provider_in_the_order_of_sends(self, bench: Bench) -> None:
        """The provider gets what was sent in the same order, each before its send returned."""
        requests = [bench.request(to=n) for n in range(5)]
        before = len(bench.keys())
        for n, request in enumerate(requests, 1):
            bench.send(request)
            if len(bench.keys()) - before < n:
                broken("send() returned before the provider had the message")
        if bench.keys()[before:] != [request.key for request in requests]:
            broken("the provider got the messages in another order")

    @check(
        why="Accepted means that the provider has it; two calls are two messages where keys are not remembered",
        mend="make exactly one call for each send(), before it returns",
        needs=("provider_calls",),
    )
    def test_one_send_is_one_call(self, bench: Bench) -> None:
        """A send that goes well calls the provider once, before it returns."""
        before = bench.calls() or 0
        bench.accepted()
        made = (bench.calls() or 0) - before
        if made != 1:
            broken(f"one send called the provider {made} times")

    @check(
        why="the engine repeats, after a pause and with the gate asked again; an adapter that does so too sends "
        "against "
        "an opt-out that came in between, and hammers a provider that is down",
        mend="make one call and return what came of it; switch retries of the client library off",
        needs=("scenarios", "provider_calls"),
    )
    def test_a_send_that_fails_is_not_repeated_inside(self, bench: Bench) -> None:
        """Whatever the provider answers, a send calls it once."""
        before = bench.calls() or 0
        for scenario, _, _ in bench.played():
            made, before = (bench.calls() or 0) - before, bench.calls() or 0
            if made > 1:
                broken(f"scenario {scenario!r}: one send called the provider {made} times")

    @check(
        why="without them the customer cannot unsubscribe with one click, and mailbox providers refuse the sender",
        mend="pass request.headers on with the message",
        needs=("unsubscribe", "provider_headers"),
    )
    def test_headers_go_along_with_the_message(self, bench: Bench) -> None:
        """What `request.headers` hold reaches the provider, for an adapter that declares unsubscribe."""
        request = bench.request()
        bench.accepted(request)
        got = {name.lower(): value for name, value in bench.given("provider_headers")().items()}
        if any(got.get(name.lower()) != value for name, value in request.headers.items()):
            broken("a header of the request did not reach the provider as it is")


def _again(request: SendRequest) -> SendRequest:
    """The same request as a later attempt."""
    return attrs.evolve(request, attempt=request.attempt + 1)


def _refs(bench: Bench, request: SendRequest) -> set[str | None]:
    return {bench.accepted(request).ref, bench.accepted(_again(request)).ref}
