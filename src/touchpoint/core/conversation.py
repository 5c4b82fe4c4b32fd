"""Answers in a conversation (`Reply`, `React`): what is answered, on which channels, and where that cannot be."""

from typing import Final

import attrs

from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.state import Run

REPLY: Final = "reply"
REACT: Final = "react"


def answered_by(run: Run) -> Occurrence | None:
    """What a run answers: the touchpoint that last moved it, else its trigger, if the customer's, by a channel."""
    for each in (run.event, run.trigger):
        if each.kind == TOUCHPOINT and each.direction == "inbound" and each.channel is not None:
            return each
    return None


@attrs.define
class Conversation:
    """What an answer goes to: `how` is `reply` or `react`; `to` the touchpoint, None where there is none."""

    how: str
    to: Occurrence | None

    def channels(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The channel of the conversation, then those that the message names."""
        own = (self.to.channel,) if self.to is not None and self.to.channel is not None else ()
        return own if self.how == REACT else (*own, *(each for each in named if each not in own))

    def is_here(self, channel: str) -> bool:
        """Whether the conversation is on this channel."""
        return self.to is not None and self.to.channel == channel

    def problem(self, channel: str, named: tuple[str, ...], *, able: bool) -> str | None:
        """Why nothing can be answered on a channel; None where it can, or an ordinary message may go out."""
        if not self.is_here(channel) or able or (self.how == REPLY and channel in named):
            return None
        does = "react to messages" if self.how == REACT else "reply in a conversation"
        rest = "" if self.how == REACT else ", and the message does not name it for ordinary ones"
        return f"the adapter of {channel!r} cannot {does}{rest}"

    @property
    def nowhere(self) -> str:
        """Why there is no channel at all."""
        rest = "" if self.how == REACT else ", and the message names no other"
        return f"what is answered came by no channel{rest}"
