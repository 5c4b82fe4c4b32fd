"""Topics that customers wish for, and what became of telling them that it was done: "you said, we did"."""

from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class Topic:
    """Something that customers wish for, in counts that name nobody.

    Args:
        name: in its one form: case and spaces make no difference.
        customers: how many have wished for it.
        wishes: how often altogether.
        oldest, newest: when it was first and last wished for; aware UTC.
        answered_at: when it was last answered; aware UTC. None for never.
        done: what was done then, as customers are told.
        waiting: how many customers have wished for it since then; all of them where it was never answered.
    """

    name: str
    customers: int
    wishes: int
    oldest: datetime
    newest: datetime
    answered_at: datetime | None = None
    done: str | None = None
    waiting: int

    @property
    def answered(self) -> bool:
        """Whether everybody who wished for it has an answer that they were told, or are being told."""
        return self.answered_at is not None and not self.waiting


@attrs.frozen(kw_only=True)
class TopicAnswered:
    """How far telling has come. What is told waits in the outbox: what the gate makes of it is told by `why`.

    Args:
        topic: in its one form.
        answered_at: when the topic was answered first, aware UTC; whoever had wished for it by then is told. Of a
            dry run the present, where it was never answered.
        wished: how many had wished for it in time, as far as they were looked at.
        told: to how many of these a message was begun by this call; of a dry run, would be.
        already: how many had been told before.
        left_out: how many could not be told because their records are damaged.
        finished: whether everybody was looked at. False: `limit` was reached; call again to go on.
    """

    topic: str
    answered_at: datetime
    wished: int = 0
    told: int = 0
    already: int = 0
    left_out: int = 0
    finished: bool = True
