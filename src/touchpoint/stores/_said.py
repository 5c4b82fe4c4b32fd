"""The statements of the SQLite store about what customers said: contacts, wishes, and answers to topics."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from touchpoint.stores.base import ContactRow, TopicAnswerRow, WishRow

_CONTACT: Final = ", ".join(ContactRow._fields)
_WISH: Final = ", ".join(WishRow._fields)
_ANSWER: Final = ", ".join(TopicAnswerRow._fields)
_FROM: Final = f"SELECT {_CONTACT} FROM touchpoint_contacts "  # noqa: S608 - nothing but names of our own, here and below
_OPEN: Final = (
    f"WITH wanted (link) AS (VALUES ?*) {_FROM}WHERE customer = ? AND answered_at IS NULL AND "
    "(id IN wanted OR about IN wanted OR opened IN wanted) ORDER BY at, id"
)
_OF: Final = f"{_FROM}WHERE customer = ? ORDER BY at, id"
_BETWEEN: Final = f"{_FROM}WHERE at >= ? AND at < ? ORDER BY at, customer, id LIMIT ?"
_BETWEEN_AFTER: Final = f"{_FROM}WHERE at < ? AND (at, customer, id) > (?, ?, ?) ORDER BY at, customer, id LIMIT ?"
_WISHES_OF: Final = f"SELECT {_WISH} FROM touchpoint_wishes WHERE customer = ? ORDER BY topic, id"  # noqa: S608
# A bare column beside min() is of the row that has the minimum: https://sqlite.org/lang_select.html#bareagg
_WISHERS: Final = (
    "SELECT topic, customer, id, min(at) FROM touchpoint_wishes "
    "WHERE topic IN (?*) AND at > ? AND at <= ? AND customer > ? GROUP BY customer ORDER BY customer LIMIT ?"
)
_WISHED_AFTER: Final = "SELECT count(DISTINCT customer) FROM touchpoint_wishes WHERE topic = ? AND at > ?"
_TOPICS: Final = (
    "SELECT topic, count(*), count(DISTINCT customer), min(at), max(at) FROM touchpoint_wishes "
    "GROUP BY topic ORDER BY 3 DESC, 4, 1"
)
_ANSWERS: Final = f"SELECT {_ANSWER} FROM touchpoint_topic_answers ORDER BY at, topic, answer"  # noqa: S608
_ANSWERS_TO: Final = f"SELECT {_ANSWER} FROM touchpoint_topic_answers WHERE topic = ? ORDER BY at, answer"  # noqa: S608

PUT_CONTACT: Final = f"INSERT OR REPLACE INTO touchpoint_contacts ({_CONTACT}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
NEW_WISH: Final = f"INSERT OR IGNORE INTO touchpoint_wishes ({_WISH}) VALUES (?, ?, ?, ?)"  # noqa: S608
PUT_ANSWER: Final = f"INSERT OR REPLACE INTO touchpoint_topic_answers ({_ANSWER}) VALUES (?, ?, ?, ?)"  # noqa: S608


class _Asks(Protocol):
    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def many(self, statement: str, rows: Sequence[Any]) -> None: ...


class SaidReader(_Asks):
    """Questions about what customers said and wish for."""

    def has_contacts(self) -> bool:
        """Whether anybody ever said anything that may be answered."""
        return bool(self.run("SELECT EXISTS (SELECT 1 FROM touchpoint_contacts)")[0][0])

    def contacts_open(self, customer: int, links: Sequence[str]) -> list[ContactRow]:
        """What a customer said that was not answered yet and is linked to any of these, oldest first."""
        named = [each for each in links if each]
        if not named:
            return []
        statement = _OPEN.replace("?*", ", ".join(["(?)"] * len(named)))
        return list(map(ContactRow._make, self.run(statement, (*named, customer))))

    def contacts_of(self, customer: int) -> list[ContactRow]:
        """All that a customer said, oldest first."""
        return list(map(ContactRow._make, self.run(_OF, (customer,))))

    def contacts_between(
        self, since: int, until: int, after: tuple[int, int, str] | None, limit: int
    ) -> list[ContactRow]:
        """What was said in [since, until), by (at, customer, id), behind `after`, at most `limit`."""
        if after is None:
            return list(map(ContactRow._make, self.run(_BETWEEN, (since, until, limit))))
        return list(map(ContactRow._make, self.run(_BETWEEN_AFTER, (until, *after, limit))))

    def wishes_of(self, customer: int) -> list[WishRow]:
        """What a customer wished for, by topic and touchpoint id."""
        return list(map(WishRow._make, self.run(_WISHES_OF, (customer,))))

    def wishers(self, topics: Sequence[str], since: int, until: int, after: int, limit: int) -> list[WishRow]:
        """Of each customer who wished for any of these topics in (since, until], the earliest such wish."""
        statement = _WISHERS.replace("?*", ", ".join("?" * len(topics)))
        return list(map(WishRow._make, self.run(statement, (*topics, since, until, after, limit))))

    def wished_after(self, topic: str, at: int) -> int:
        """How many customers wished for a topic later than `at`."""
        return int(self.run(_WISHED_AFTER, (topic, at))[0][0])

    def topics(self) -> list[tuple[str, int, int, int, int]]:
        """(topic, wishes, customers, oldest, newest) of all that was wished for, most customers first."""
        return [(topic, n, people, oldest, newest) for topic, n, people, oldest, newest in self.run(_TOPICS)]

    def topic_answers(self, topic: str | None = None) -> list[TopicAnswerRow]:
        """Answers to a topic, or to all, in the order in which they were given."""
        rows = self.run(_ANSWERS) if topic is None else self.run(_ANSWERS_TO, (topic,))
        return list(map(TopicAnswerRow._make, rows))
