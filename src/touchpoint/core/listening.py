"""What of messages and facts anybody listens to, found when journeys are compiled, so that nobody else pays for it."""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from touchpoint.core.changes import Watching, watching
from touchpoint.core.matching import OWN_ENDED, Finer, finer_of, keys_of_message
from touchpoint.core.occurrence import ENDED
from touchpoint.journey.conditions import Told
from touchpoint.journey.outcomes import MessageTrigger, Replied
from touchpoint.journey.triggers import Trigger
from touchpoint.model.message import Message, Survey

REPLY_WITHIN: Final = 30 * 86_400_000_000
"""Microseconds within which a reply that names no message answers the last one sent on its channel."""


@attrs.frozen
class Listening:
    """What somebody listens to.

    `finer` are the occurrences that have more keys than one, `ends` the `message|end` that somebody waits for; `tells`,
    whether a condition asks what came back of messages; `watching`, which changes of facts somebody waits for;
    `replies`, whether anybody waits for answers to messages; `surveys`, whether anybody is asked for feedback.
    """

    finer: Finer
    ends: frozenset[str]
    tells: bool
    watching: Watching | None
    replies: bool
    surveys: bool

    def nobody(self) -> "Listening":
        """The same where nobody listens to ends of messages and to changes."""
        return attrs.evolve(self, ends=frozenset(), watching=None)


def listening(triggers: Sequence[tuple[str, Trigger]], asked: Sequence[Told], messages: Iterable[Message]) -> Listening:
    """What these triggers, and questions about what came back of messages, of all journeys, listen to."""
    messages = list(messages)
    surveys = any(isinstance(each, Survey) for each in messages)
    if not (triggers or asked):
        return Listening({}, frozenset(), tells=False, watching=None, replies=surveys, surveys=surveys)
    named = [each for _, each in triggers if isinstance(each, MessageTrigger)]
    keys = [key for each in named for in_run in (False, True) for key in keys_of_message(each, in_run=in_run)]
    return Listening(
        finer_of([each for _, each in triggers], (node.message for node in asked)),
        frozenset(name for kind, name in keys if kind in (ENDED, OWN_ENDED)),
        bool(asked),
        watching(triggers, messages),
        surveys or any(isinstance(each, Replied) for each in named) or any(node.what == "replied" for node in asked),
        surveys,
    )


def hand_overs_kept(retained: int | None) -> int | None:
    """How long hand-overs are remembered: as long as policies ask, and as a reply may answer the last one."""
    return None if retained is None else max(retained, REPLY_WITHIN)
