"""`Engine.conversations` and `Engine.conversation`: what was said to a customer and by them, and how well we answer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from touchpoint.engine.ground import Ground
from touchpoint.engine.intake import instant_of, text_of
from touchpoint.errors import InvalidInput
from touchpoint.model.case import Case
from touchpoint.stores.base import Reader

if TYPE_CHECKING:
    from touchpoint.insight.contacts import ConversationFigures
    from touchpoint.model.conversation import Conversation

_MOST: Final = 10_000
_PAGE: Final = 5_000
_SECOND: Final = 1_000_000


class Conversations:
    """The conversations of customers, as `Engine.conversations` gives it: call it with a customer."""

    def __init__(
        self,
        listed: "Callable[[str], list[Conversation]]",
        reading: Callable[[], AbstractContextManager[Reader]],
        now: Callable[[], int],
    ) -> None:
        self._listed, self._reading, self._now = listed, reading, now

    def __call__(self, customer: str, *, limit: int = 100) -> "list[Conversation]":
        """Those in which a customer spoke, or that are about a case of theirs; what was said last comes first.

        It reads the timeline of this customer, and nobody else's.

        Args:
            customer: any of their ids.
            limit: at most so many, up to 10,000.

        Raises:
            UnknownCustomer: no such customer.
            InvalidInput: `limit` is no whole number in its range.
        """
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= _MOST:
            raise InvalidInput(f"limit= is a whole number from 1 to {_MOST:,}, not {limit!r}")
        return self._listed(customer)[:limit]

    def figures(self, since: datetime, until: datetime) -> "ConversationFigures":
        """How what customers said in [since, until) was answered, as of now.

        What is answered is noted as it happens, so this reads one short row for each contact, and no timeline.

        Args:
            since: from when on they said it; aware.
            until: until before when; aware.

        Raises:
            InvalidInput: the end does not lie after the beginning.
            InvalidTouchpoint: one of them is no aware datetime.
        """
        begin, end = instant_of(since, "since="), instant_of(until, "until=")
        if end <= begin:
            raise InvalidInput("figures(): until= has to lie after since=")
        from touchpoint.insight.contacts import conversation_figures  # only who asks for figures loads what makes them

        now = self._now()
        with self._reading() as reader:
            return conversation_figures(waited(reader, begin, end, now))


def waited(reader: Reader, since: int, until: int, now: int) -> Iterator[tuple[str, float, bool]]:
    """(intent, seconds waited, whether answered) of each contact of [since, until), a page in memory at a time."""
    after: tuple[int, int, str] | None = None
    while rows := reader.contacts_between(since, until, after, _PAGE):
        for row in rows:
            ended = now if row.answered_at is None else row.answered_at
            yield row.intent, max(0, ended - row.at) / _SECOND, row.answered_at is not None
        after = (rows[-1].at, rows[-1].customer, rows[-1].id)


class Talk(Ground):
    """Conversations."""

    @property
    def conversations(self) -> Conversations:
        """The conversations of a customer, `engine.conversations("ann")`, and figures of all of them."""
        return Conversations(self._conversations, self._reading, self._now)

    def conversation(self, customer: str, *, about: str | Case) -> "Conversation | None":
        """The conversation to which something belongs; None where nothing does.

        Args:
            customer: any of their ids.
            about: a case, the key of a message, the id of a touchpoint, or whatever touchpoints are about.

        Raises:
            UnknownCustomer: no such customer.
            InvalidInput: `about` is no text.
        """
        from touchpoint.engine import conversing

        named = about.about if isinstance(about, Case) else text_of(about, "about=")
        with self._unit() as unit:
            return conversing.read(unit, self._known(unit, customer)).one(named)

    def _conversations(self, customer: str) -> "list[Conversation]":
        from touchpoint.engine import conversing

        with self._unit() as unit:
            return conversing.read(unit, self._known(unit, customer)).all()
