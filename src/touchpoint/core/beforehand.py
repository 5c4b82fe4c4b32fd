"""What is known of the gate's answer before anything is sent (S6.5): whether it would certainly be no.

Only what is decided by the customer and the policies counts, so that equal journals lead to equal decisions (S11.5):
adapters, kill switches and the standing of addresses may be others when somebody asks again. The gate itself still
decides at release.
"""

from typing import TYPE_CHECKING, Final

from touchpoint.core.gate import World, facts_about, tell_of_words
from touchpoint.core.render import render
from touchpoint.policy.checks import BEFOREHAND
from touchpoint.policy.facts import ChannelFacts, Facts
from touchpoint.policy.verdict import Verdict

if TYPE_CHECKING:
    from touchpoint.core.decision import Decision
    from touchpoint.core.state import Run
    from touchpoint.model.message import Message

_NOWHERE: Final = World()


def denied_for_good(decision: "Decision", run: "Run", message: "Message") -> str | None:
    """Why the gate would deny this message of a run on each of its channels, and for good; None where it may not."""
    program, state = decision.program, decision.state
    if message.answer or run.journey not in program.bounds:
        return None
    found = []
    for channel in message.channels:
        facts, on = facts_about(program, state, _NOWHERE, run.journey, message, channel, decision.now)
        tell_of_words(program, message, render(program, state, run, message, channel, decision.now), on)
        denied = _denied(facts, on)
        if denied is None:
            return None
        if not denied.own:
            return denied.reason
        found.append(f"{channel}: {denied.reason}")
    return "; ".join(found) or None


def _denied(facts: Facts, on: ChannelFacts) -> Verdict | None:
    """What denies it here and does not lapse; what ends it everywhere before what is the channel's own."""
    verdicts = (verdict for check in BEFOREHAND for verdict in check(facts, on))
    denies = [each for each in verdicts if each.answer == "deny" and each.until is None]
    return min(denies, key=lambda each: each.own, default=None)
