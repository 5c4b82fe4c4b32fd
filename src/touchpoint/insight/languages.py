"""In which language a text is, as far as its small words tell."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from touchpoint.insight.lexicon.de import DE
from touchpoint.insight.lexicon.en import EN
from touchpoint.insight.lexicon.es import ES
from touchpoint.insight.lexicon.form import Lexicon
from touchpoint.insight.lexicon.fr import FR
from touchpoint.insight.tokens import words_of
from touchpoint.insight.vocabulary import Vocabulary

LEXICONS: Final[tuple[Lexicon, ...]] = (EN, DE, FR, ES)
"""The lexicons that ship."""


@cache
def shipped() -> tuple[Vocabulary, ...]:
    """The lexicons that ship, made ready; once, since they never change."""
    return tuple(Vocabulary.of(lexicon) for lexicon in LEXICONS)


def language_of(text: str) -> str | None:
    """The language whose words a text has most of; None where no word is known, or two languages have as many."""
    found = most_known(list(words_of(text)), shipped())
    return found[0].language if len(found) == 1 else None


def most_known(words: Sequence[str], vocabularies: Iterable[Vocabulary]) -> list[Vocabulary]:
    """The vocabulary that knows most of the words; several that know as many; none where none knows any."""
    counted = [(sum(map(each.knows, words)), each) for each in vocabularies]
    most = max((count for count, _ in counted), default=0)
    return [each for count, each in counted if count == most] if most else []
