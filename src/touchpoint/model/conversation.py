"""Conversations: what `about=` links bring together of a timeline, across channels and departments (S1.2)."""

from datetime import datetime, timedelta
from typing import Literal

import attrs

from touchpoint.model.case import Case

Speaker = Literal["customer", "us"]
Turn = Literal["ours", "theirs"]


@attrs.frozen(kw_only=True)
class Said:
    """One entry of a conversation.

    Args:
        key: the touchpoint's id, the message's key, or the case as `Case.about` has it.
        type: of the touchpoint; `message_sent` or `task_assigned` for messages of ours, `case_opened`, `case_closed`.
        at: when; aware UTC.
        speaker: who said something: the customer, or us; None for what is only noted.
        what: the name of the message, or the kind of case; None for other touchpoints.
        text: in the customer's words, where there are any.
        channel: on which.
        location: where.
        about: what it says that it belongs to.
        by: the journey and rule that sent it, or who did by hand; None where nobody tells.
        intent: what the customer wants: praise, criticism, wish, question, or empty where nobody knows; None for what
            is no contact.
        answered_at: when the customer was first answered; aware UTC. None while they were not, and for what is no
            contact.
    """

    key: str = attrs.field(repr=False)
    type: str
    at: datetime
    speaker: Speaker | None = None
    what: str | None = None
    text: str | None = attrs.field(default=None, repr=False)
    channel: str | None = None
    location: str | None = attrs.field(default=None, repr=False)
    about: str | None = attrs.field(default=None, repr=False)
    by: str | None = attrs.field(default=None, repr=False)
    intent: str | None = None
    answered_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether the customer still waits for an answer. Praise may be answered, but waits for none."""
        return self.intent is not None and self.intent != "praise" and self.answered_at is None


@attrs.frozen(kw_only=True)
class Conversation:
    """What belongs together of one customer's timeline.

    Args:
        root: what all of it leads back to: the key of an entry, or of what is not on this timeline (any more).
        entries: oldest first.
        channels: on which it was held, in order of their first use.
        cases: those that belong to it, oldest first.
        turn: who is to answer now. `ours`: the customer waits, or a case that was not answered yet is open; `theirs`:
            we spoke last and asked for something; None: nobody is waited for.
    """

    root: str = attrs.field(repr=False)
    entries: tuple[Said, ...]
    channels: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    turn: Turn | None = None

    @property
    def question_open(self) -> bool:
        """Whether the customer asked something that nobody has answered."""
        return any(each.intent == "question" and each.waits for each in self.entries)

    @property
    def started_at(self) -> datetime:
        """When it began; aware UTC."""
        return self.entries[0].at

    @property
    def last_at(self) -> datetime:
        """When something was last said or noted; aware UTC."""
        return self.entries[-1].at

    @property
    def time_to_answer(self) -> timedelta | None:
        """From the first that the customer said to our answer to it; None while there is none."""
        first = next((each for each in self.entries if each.intent is not None), None)
        return None if first is None or first.answered_at is None else first.answered_at - first.at
