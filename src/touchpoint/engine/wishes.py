"""Wishes of customers: `Engine.wish`, and `Engine.answer_topic`, which tells all of them what was done."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import attrs

from touchpoint.engine import acts
from touchpoint.engine.ground import Ground
from touchpoint.engine.intake import Recorded, instant_of, prepare
from touchpoint.errors import InvalidInput
from touchpoint.model.contact import FEEDBACK, topic_of
from touchpoint.model.message import Message
from touchpoint.model.touchpoint import Touchpoint

if TYPE_CHECKING:
    from touchpoint.engine import wishing
    from touchpoint.model.topic import Topic, TopicAnswered

_MOST: Final = 10_000


class Wishes(Ground):
    """What customers wish for, and "you said, we did"."""

    def wish(  # noqa: PLR0913 - each argument is a field of the touchpoint
        self, customer: str, topic: str | Sequence[str], *, comment: str | None = None, id: str | None = None,
        at: datetime | None = None, channel: str | None = None, location: str | None = None, about: str | None = None,
        connection: object = None,
    ) -> Recorded:  # fmt: skip
        """Record that a customer wishes for something: feedback with the intent `wish`, and its topics.

        Feedback from elsewhere counts alike where it has this intent and a property `topics`.

        Args:
            customer: the host's own id; created if new.
            topic: what they wish for, such as "vegan menu", or several. Case and spaces make no difference.
            comment: in the customer's own words; the topics unless given.
            id: as for `record`.
            at: when they said so; aware. Now, if not given.
            channel: on which.
            location: where.
            about: the message or touchpoint that they answered.
            connection: as for `record`.

        Raises:
            InvalidInput: a topic is no text of 1 to 200 characters, or there is none.
            InvalidTouchpoint: something else cannot be recorded. Nothing was stored.
        """
        if isinstance(topic, Mapping) or not isinstance(topic, Iterable):
            raise InvalidInput('wish() takes a topic, such as "vegan menu", or a list of them')
        given = [topic] if isinstance(topic, str) else list(topic)
        topics = list(dict.fromkeys(topic_of(each) for each in given))
        if not topics:
            raise InvalidInput('wish() takes a topic, such as "vegan menu"')
        said = {"kind": "text", "intent": "wish", "topics": topics}
        said["comment"] = ", ".join(map(str, given)) if comment is None else comment
        now = self._now()
        told = Touchpoint(customer, FEEDBACK, at, id, said, channel, location, "inbound", about)
        prepared = prepare(told, now=now, skew=self._skew, declared=self._declared)
        late_after = self._late_after
        return self._write(lambda unit: acts.take_touchpoints(unit, [prepared], now, late_after), connection)[0]

    def answer_topic(  # noqa: PLR0913 - each says something else of the answer
        self, topic: str, *, done: str, by: str, message: str | Message, also: Sequence[str] = (),
        ref: str | None = None, told_until: datetime | None = None, dry_run: bool = False, limit: int | None = None,
        connection: object = None,
    ) -> "TopicAnswered":  # fmt: skip
        """Tell everybody who wished for something that it was done: "you said, we did".

        Each of them gets the message once, however often this is called, by whomever, and whatever broke it off: call
        it again to go on. It goes the way of every message a person sends, through the outbox and the gate, about the
        wish. Who wishes later is not told of it. Each hundred customers are one transaction.

        Args:
            topic: what was wished for. Case and spaces make no difference.
            done: what was done, in words; templates find it as `{trigger.done}`, and the topic as `{trigger.topic}`.
            by: who answers.
            message: one that a journey at work declares, or its name.
            also: other names under which it was wished for. They count as answered, too.
            ref: a name for this answer, where the same topic is answered once more.
            told_until: whoever had wished by then is told as well; aware, and not in the future.
            dry_run: change nothing, and say how many would be told in all.
            limit: tell so many customers at most, and go on when called again; all unless given.
            connection: as for `record`; then all of it is part of the host's transaction.

        Raises:
            InvalidInput: an argument is not acceptable, or this topic was answered in other words before.
            UnknownName: no journey declares such a message.
            StoreError: a batch could not be stored; earlier ones were.
        """
        from touchpoint.engine import wishing

        now = self._now()
        until = None if told_until is None else instant_of(told_until, "told_until=")
        what = wishing.checked(topic, done, by, message, also, ref, until, now)
        most = None if limit is None else _limit(limit)
        wishing.declared(self._program, what, message, now)
        if dry_run:
            with self._reading() as reader:
                return wishing.would_tell(reader, what, now)
        return self._tell(what, most, now, connection)

    def _tell(self, what: "wishing.Answer", most: int | None, now: int, connection: object) -> "TopicAnswered":
        from touchpoint.engine import wishing

        after: int | None = 0
        total: TopicAnswered | None = None
        while after is not None and (total is None or most is None or total.told < most):
            left = wishing.BATCH if most is None else most - (0 if total is None else total.told)
            one, after = self._write(
                lambda unit, after=after, left=left: wishing.tell(unit, what, after, left, now), connection  # type: ignore[misc]
            )  # fmt: skip
            total = one if total is None else _both(total, one)
        assert total is not None  # noqa: S101 - there is a first batch
        return total

    def topics(self, *, limit: int = 1_000) -> "list[Topic]":
        """What customers wish for, most wished for first: counts that name nobody. It counts every wish: for reports.

        Raises InvalidInput where `limit` is no whole number from 1 to 10,000.
        """
        from touchpoint.engine import wishing

        most = _limit(limit)
        with self._reading() as reader:
            return wishing.listed(reader, most)


def _both(one: "TopicAnswered", other: "TopicAnswered") -> "TopicAnswered":
    return attrs.evolve(
        other, wished=one.wished + other.wished, told=one.told + other.told, already=one.already + other.already,
        left_out=one.left_out + other.left_out,
    )  # fmt: skip


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        raise InvalidInput(f"limit= is a whole number from 1 to {_MOST:,}, not {value!r}")
    return value
