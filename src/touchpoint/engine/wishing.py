"""What customers wished for is done, and all of them are told: once each, in batches that can be begun again.

What somebody was told is a touchpoint of theirs whose id is made of the answer's name, so whoever asks again, in
whichever process and after whatever broke off, finds it there (S1.3, S6.3).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from touchpoint.durations import instant
from touchpoint.engine import by_hand
from touchpoint.engine.intake import text_of
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput
from touchpoint.model.contact import topic_of
from touchpoint.model.message import Message
from touchpoint.model.payload import TEXT
from touchpoint.model.topic import Topic, TopicAnswered
from touchpoint.stores.base import Reader, TopicAnswerRow, WishRow
from touchpoint.stores.codec import dumps, loads

BATCH: Final = 100
"""Customers of one transaction."""
_TOPICS: Final = 100
_REF: Final = 100
_EVER: Final = -(1 << 63)


@attrs.frozen
class Answer:
    """What is to be told, checked.

    Args:
        topic: in its one form.
        topics: it, and the other names under which it was wished for.
        name: of the answer: its topic, and its reference where it has one.
        done: what was done, in words.
        message: which tells of it, by its name.
        by: who tells it.
        until: whoever wished by then is told, too; microseconds UTC, None for whoever had when it was answered.
    """

    topic: str
    topics: tuple[str, ...]
    name: str
    done: str = attrs.field(repr=False)
    message: str
    by: str = attrs.field(repr=False)
    until: int | None

    @property
    def identity(self) -> str:
        """The id of the touchpoint of whoever was told."""
        return f"answered:{self.name}"


def checked(
    topic: object, done: object, by: object, message: object, also: object, ref: object, until: int | None, now: int
) -> Answer:
    """Check what is to be told. Raises InvalidInput."""
    named = topic_of(topic)
    if not isinstance(also, list | tuple) or len(also) >= _TOPICS:
        raise InvalidInput(f'also= takes other names of the topic, fewer than {_TOPICS}, such as ["vegan food"]')
    others = (topic_of(each, "a name in also=") for each in also)
    name = getattr(message, "name", message)
    if not isinstance(name, str):
        raise InvalidInput(f"message= takes a message that a journey declares, or its name, not {type(name).__name__}")
    told = text_of(done, "done=", most=TEXT)
    if not told.strip():
        raise InvalidInput('done= says what was done, as customers will read it: done="we have a vegan menu now"')
    if until is not None and until > now:
        raise InvalidInput("told_until= cannot lie in the future: whoever wishes by then is told when you call again")
    own = "" if ref is None else "\t" + text_of(ref, "ref=", most=_REF)  # no topic has a tab
    return Answer(
        named, tuple(dict.fromkeys([named, *others])), named + own, told, name, text_of(by, "by=", most=200), until
    )


@attrs.frozen
class Begun:
    """An answer as it stands: since when, under which names, and after what earlier one; microseconds UTC."""

    what: Answer
    since: int
    topics: Sequence[str]
    before: int = _EVER
    row: TopicAnswerRow | None = None

    def wishers(self, reader: Reader, after: int, most: int) -> list[WishRow]:
        """The earliest wish of each customer who is to be told, by number."""
        return reader.wishers(self.topics, self.before, max(self.since, self.what.until or self.since), after, most)


def begun(reader: Reader, what: Answer, now: int) -> Begun:
    """An answer as it was given first, or as it would be given now.

    A topic that was answered as another name of one is answered by that. Another answer, with `ref`, is for those who
    wished since the one before.

    Raises:
        InvalidInput: it was answered otherwise.
    """
    rows = reader.topic_answers(what.topic)
    row = next((each for each in rows if _is_it(each, what)), None)
    if row is None:
        return Begun(what, now, what.topics, max((each.at for each in rows if each.at <= now), default=_EVER))
    told = loads(row.body)
    if (told["done"], told["message"]) != (what.done, what.message):
        raise InvalidInput(
            f"this topic was answered on {instant(row.at):%Y-%m-%d} in other words, or by another message: to go on "
            "telling that, say the same again; for another answer to the same topic give it a name of its own: "
            'ref="2027"'
        )
    topics = [*told["topics"], *(each for each in what.topics if each not in told["topics"])]
    before = max((each.at for each in rows if each.answer != row.answer and each.at < row.at), default=_EVER)
    return Begun(attrs.evolve(what, name=row.answer, topic=told["topic"]), row.at, topics, before, row)


def _is_it(row: TopicAnswerRow, what: Answer) -> bool:
    """Whether it is this answer: by its name, or the one without `ref` that this topic is another name of."""
    return row.answer == what.name or (what.name == what.topic and loads(row.body)["topic"] == row.answer)


def tell(unit: Unit, what: Answer, after: int, most: int, now: int) -> tuple[TopicAnswered, int | None]:
    """Tell some of those who wished, in order of their numbers; how it went, and behind whom to go on, if at all."""
    unit.flush()
    it = begun(unit.tx, what, now)
    _keep(unit, it)
    rows = it.wishers(unit.tx, after, BATCH)
    people = {loaded.no: loaded for loaded in unit.by_numbers([row.customer for row in rows])}
    told = already = looked = 0
    for row in rows:
        if told == most:
            break
        looked += 1
        if row.customer in people:
            before = by_hand.take(unit, _act(unit, it.what, people[row.customer].id, row, now), now).duplicate
            told, already = told + (not before), already + before
    if told:
        unit.tally("topic", it.what.name, "told", told)
    finished = looked == len(rows) < BATCH
    result = TopicAnswered(
        topic=it.what.topic, answered_at=instant(it.since), wished=looked, told=told, already=already,
        left_out=looked - told - already, finished=finished,
    )  # fmt: skip
    return result, None if finished else rows[looked - 1].customer if looked else after


def _keep(unit: Unit, it: Begun) -> None:
    """The answer, under each name of its topic; what is there already is not written again."""
    what = it.what
    by = what.by if it.row is None else loads(it.row.body)["by"]
    body = dumps({"topic": what.topic, "topics": list(it.topics), "done": what.done, "message": what.message, "by": by})
    rows = [TopicAnswerRow(topic, what.name, it.since, body) for topic in it.topics]
    if it.row is None or it.row.body != body:
        unit.changes.topic_answers += rows


def _act(unit: Unit, what: Answer, customer: str, row: WishRow, now: int) -> by_hand.Act:
    return by_hand.act(
        unit.program, customer, what.message, by=what.by, about=row.id, channel=None, id=what.identity,
        properties={"topic": what.topic, "done": what.done}, gift=False, now=now,
    )  # fmt: skip


def declared(program: Any, what: Answer, message: object, now: int) -> None:  # noqa: ANN401 - a Program
    """Refuse what could be sent to nobody, before anything is kept. Raises UnknownName, InvalidInput."""
    by_hand.act(
        program, "somebody", message if isinstance(message, Message) else what.message, by=what.by, about=None,
        channel=None, id=what.identity, properties={"topic": what.topic, "done": what.done}, gift=False, now=now,
    )  # fmt: skip


def would_tell(reader: Reader, what: Answer, now: int) -> TopicAnswered:
    """How many would be told, without telling anybody."""
    it = begun(reader, what, now)
    wished = already = after = 0
    while rows := it.wishers(reader, after, BATCH):
        already += len(reader.seen([(it.what.identity, row.customer) for row in rows]))
        wished += len(rows)
        after = rows[-1].customer
    return TopicAnswered(
        topic=it.what.topic, answered_at=instant(it.since), wished=wished, told=wished - already, already=already
    )


def listed(reader: Reader, limit: int) -> list[Topic]:
    """What was wished for, most customers first."""
    answers: Mapping[str, TopicAnswerRow] = {row.topic: row for row in reader.topic_answers()}
    return [
        _topic(reader, counts, answers.get(counts[0])) for counts in reader.topics()[:limit]
    ]  # fmt: skip


def _topic(reader: Reader, counts: tuple[str, int, int, int, int], answer: TopicAnswerRow | None) -> Topic:
    name, wishes, customers, oldest, newest = counts
    told = {} if answer is None else {"answered_at": instant(answer.at), "done": loads(answer.body)["done"]}
    waiting = customers if answer is None else reader.wished_after(name, answer.at)
    return Topic(
        name=name, customers=customers, wishes=wishes, oldest=instant(oldest), newest=instant(newest), waiting=waiting,
        **told,
    )  # fmt: skip
