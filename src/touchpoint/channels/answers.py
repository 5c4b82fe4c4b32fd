"""A journey that answers STOP, START and HELP (S7.3): give it to the engine beside your own."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from touchpoint.channels.inbound import REPLIED
from touchpoint.channels.keywords import Keyword
from touchpoint.channels.replies import REPLIES, reply_to
from touchpoint.errors import InvalidInput
from touchpoint.journey.conditions import event
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Send
from touchpoint.model.limits import times
from touchpoint.model.message import Content, Message

KEYWORDS: Final[tuple[Keyword, ...]] = ("stop", "start", "help")
_WHY: Final = "who writes this word is owed an answer, at any hour"
_EXPIRES: Final = timedelta(minutes=30)
_AT_MOST: Final = times(5, per=timedelta(hours=1))
"""Two machines that answer each other must come to an end."""


def answers(
    brand: str, contact: str, *, channels: Sequence[str] = ("sms",), keywords: Sequence[Keyword] = KEYWORDS
) -> Journey:
    """A journey named `answers` that answers each of these words on the channel it came on, in the customer's language.

    The answers pass caps, quiet hours, holds and the opt-out itself, and are the only messages that do. One customer
    gets five an hour at most for each word, so that no two machines talk for ever.

    Args:
        brand: who writes, as customers know it.
        contact: where a person can be reached: a phone number, an address, a page.
        channels: on which people write back.
        keywords: which of `stop`, `start` and `help` are answered.

    Raises:
        InvalidInput: brand or contact is not one line of text, or no channel is named.
        UnknownName: there is no such keyword.
    """
    if isinstance(channels, str) or not channels:
        raise InvalidInput('answers(channels=) takes the names of channels on which people write back, as in ("sms",)')
    rules = tuple(_rule(keyword, channel, brand, contact) for channel in channels for keyword in keywords)
    return Journey("answers", rules=rules)  # type: ignore[arg-type]  # its converter takes any iterable


def _rule(keyword: Keyword, channel: str, brand: str, contact: str) -> Rule:
    words = {
        language: Content(text=_literal(reply_to(keyword, language, brand=brand, contact=contact)))
        for language in REPLIES
    }
    message = Message(
        f"{keyword}_answer_{channel}", why=_WHY, kind="transactional", channels=[channel],
        content={**words, "*": words["en"]}, expires=_EXPIRES, answer=True,
    )  # fmt: skip
    # Of several customers who share the address one is answered, for one person wrote.
    asked = (event.keyword == keyword) & (event.channel == channel) & ~event.shared.exists()
    return Rule(
        f"{keyword}_on_{channel}", when=REPLIED, given=asked, then=[Send(message)], why=_WHY, limit=_AT_MOST,
        concurrency="parallel",
    )  # fmt: skip


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
