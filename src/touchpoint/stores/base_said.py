"""The part of the port to a store about what customers say and wish for."""

from collections.abc import Sequence
from typing import Protocol

from touchpoint.stores.rows import ContactRow, TopicAnswerRow, WishRow


class SaidQuestions(Protocol):
    """Questions about contacts, wishes and answers to topics."""

    def has_contacts(self) -> bool:
        """Whether anybody ever said anything that may be answered."""
        ...

    def contacts_open(self, customer: int, links: Sequence[str]) -> list[ContactRow]:
        """What a customer said that was not answered yet, oldest first.

        Of that what has any of these, empty ones aside, as its `id`, `about` or `opened`.
        """
        ...

    def contacts_of(self, customer: int) -> list[ContactRow]:
        """All that a customer said, oldest first."""
        ...

    def contacts_between(
        self, since: int, until: int, after: tuple[int, int, str] | None, limit: int
    ) -> list[ContactRow]:
        """What was said in [since, until), by (at, customer, id), behind `after`, at most `limit`."""
        ...

    def wishes_of(self, customer: int) -> list[WishRow]:
        """What a customer wished for, by topic and touchpoint id."""
        ...

    def wishers(self, topics: Sequence[str], since: int, until: int, after: int, limit: int) -> list[WishRow]:
        """Of each customer who wished for any of these topics in (since, until], the earliest such wish.

        By customer number, for numbers above `after`, at most `limit`.
        """
        ...

    def wished_after(self, topic: str, at: int) -> int:
        """How many customers wished for a topic later than `at`."""
        ...

    def topics(self) -> list[tuple[str, int, int, int, int]]:
        """(topic, wishes, customers, oldest, newest) of all that was wished for, most customers first."""
        ...

    def topic_answers(self, topic: str | None = None) -> list[TopicAnswerRow]:
        """Answers to a topic, or to all, in the order in which they were given."""
        ...
