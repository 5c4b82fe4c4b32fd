"""Whether a reply was written by nobody, such as an out-of-office note: it answers no question (S8.1)."""

from typing import Final

from touchpoint.insight.lexicon.automatic import AUTOMATIC
from touchpoint.insight.quoting import own_words
from touchpoint.insight.tokens import words_of

_NEAR: Final = 300
_PHRASES: Final = tuple(
    f" {' '.join(words_of(phrase))} " for line in AUTOMATIC.strip().splitlines() for phrase in line.split(" | ")
)


def is_automatic(text: str) -> bool:
    """Whether its first 300 characters tell that a program has written it, in one of the languages that ship.

    A phrase counts wherever it stands there as words of their own. What it gets wrong costs a figure, not the text,
    which stays with the reply.
    """
    words = own_words(text.encode("utf-8", "replace").decode())[:_NEAR]
    told = f" {' '.join(words_of(words))} "
    return any(phrase in told for phrase in _PHRASES)
