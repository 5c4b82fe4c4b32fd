"""Conversation: answers to what a customer wrote, and signs that react to it."""

from typing import Final

import attrs

from touchpoint.model.delivery import Accepted, SendRequest
from touchpoint.testing.contract.bench import Bench, is_outcome, told
from touchpoint.testing.contract.check import broken, check

_KNOWN: Final = "contract-message-of-the-customer"
_SIGN: Final = "👍"


class TalkingChecks:
    """Conversation."""

    @check(
        why="a reply is a message like any other: what is taken for doubt or refused ends there, and no other channel "
        "is tried after a doubt",
        mend="hand request.reply_to on as the id of the message that is answered, and answer as to any other send",
        needs=("replies",),
    )
    def test_a_reply_is_a_send_like_any_other(self, bench: Bench) -> None:
        """A request with `reply_to` is `Accepted`, and the same one without is as well."""
        _accepted(bench, attrs.evolve(bench.request(), reply_to=_KNOWN), "a reply")
        _accepted(bench, bench.request(), "an ordinary message")

    @check(
        why="a customer who gets the sign as a message of its own is disturbed where nothing should be but a sign",
        mend="where request.reaction is set, react to request.reply_to with it, and send no message",
        needs=("reactions",),
    )
    def test_a_reaction_is_accepted(self, bench: Bench) -> None:
        """A request with `reaction` and `reply_to` is `Accepted`."""
        message = attrs.evolve(bench.message, subject=None, html=None, text=_SIGN)
        request = attrs.evolve(bench.request(message), reply_to=_KNOWN, reaction=_SIGN)
        _accepted(bench, request, "a reaction")


def _accepted(bench: Bench, request: SendRequest, what: str) -> None:
    outcome = bench.send(request)
    if not is_outcome(outcome) or not isinstance(outcome, Accepted):
        broken(f"{what} was not accepted: send() answered {told(outcome)}")
