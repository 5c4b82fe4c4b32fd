"""A lexicon made ready to be looked up: every form of a word, phrases as trees."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, Self

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.lexicon.form import Lexicon
from touchpoint.insight.tokens import words_of

_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
LONGEST_PHRASE: Final = 8
"""Words in one phrase; what bounds the work at each word of a text."""


class Phrases:
    """Phrases of one to eight words, each with what it means; the longest one that fits counts."""

    __slots__ = ("_tree",)

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def add(self, phrase: str, meaning: object) -> None:
        """Take a phrase in, in each way to write it; the first one of a phrase stays.

        Raises:
            InvalidInput: it is no text, has no words, or more than eight.
        """
        if not isinstance(phrase, str):
            raise InvalidInput(f"a phrase of a lexicon or a topic is a text, not {type(phrase).__name__}")
        words = list(words_of(phrase))
        if not 0 < len(words) <= LONGEST_PHRASE or not any(word[0].isalnum() for word in words):
            raise InvalidInput(f"a phrase of a lexicon or a topic has 1 to {LONGEST_PHRASE} words")
        spelled_out = tuple(word.translate(_UMLAUTS) for word in words)
        for way in dict.fromkeys([tuple(words), spelled_out, tuple(map(without_accents, words))]):
            node = self._tree
            for word in way:
                node = node.setdefault(word, {})
            node.setdefault("", meaning)  # no word is empty

    def at(self, words: Sequence[str], place: int) -> tuple[int, Any] | None:
        """How many words the longest phrase that begins here has, and what it means."""
        return max(self.all_at(words, place), key=itemgetter(0), default=None)

    def all_at(self, words: Sequence[str], place: int) -> Iterator[tuple[int, Any]]:
        """The same of every phrase that begins here, the shortest first."""
        node = self._tree
        for length in range(1, min(LONGEST_PHRASE, len(words) - place) + 1):
            if words[place + length - 1] not in node:
                return
            node = node[words[place + length - 1]]
            if "" in node:
                yield length, node[""]


@attrs.frozen(eq=False)
class Vocabulary:
    """What the analyser looks up in one language."""

    language: str
    weights: Mapping[str, int] = attrs.field(repr=False)
    phrases: Phrases = attrs.field(repr=False)
    wishes: Phrases = attrs.field(repr=False)
    negations: frozenset[str] = attrs.field(repr=False)
    negations_behind: frozenset[str] = attrs.field(repr=False)
    strengths: Mapping[str, float] = attrs.field(repr=False)
    turns: frozenset[str] = attrs.field(repr=False)
    questions: frozenset[str] = attrs.field(repr=False)
    markers: frozenset[str] = attrs.field(repr=False)

    def knows(self, word: str) -> bool:
        """Whether the word tells this language."""
        return word in self.markers or word in self.weights

    @classmethod
    def of(cls, lexicon: Lexicon) -> Self:
        """A lexicon with every form of its words.

        Raises:
            InvalidInput: a phrase has no words or too many.
        """
        apart = frozenset(lexicon.tells_apart.split())
        phrases, wishes = Phrases(), Phrases()
        for weight, said in lexicon.phrases.items():
            for phrase in said:
                phrases.add(phrase, weight)
        for phrase in lexicon.wishes:
            wishes.add(phrase, True)  # noqa: FBT003 - all there is to say of a wish
        return cls(
            language=lexicon.language,
            weights=_table(lexicon.weights, lexicon.endings, apart),
            phrases=phrases,
            wishes=wishes,
            negations=_set(lexicon.negations, apart),
            negations_behind=_set(lexicon.negations_behind, apart),
            strengths=_table(lexicon.strengths, "", apart),
            turns=_set(lexicon.turns, apart),
            questions=_set(lexicon.questions, apart),
            markers=_set(lexicon.markers, apart),
        )


def without_accents(word: str) -> str:
    """A word as those write it whose keyboard has no accents."""
    return "".join(each for each in unicodedata.normalize("NFD", word) if unicodedata.category(each) != "Mn")


def _table(weights: Mapping[Any, str], endings: str, apart: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for weight, words in weights.items():
        for form in _forms(words.split(), endings.split(), apart):
            found.setdefault(form, weight)
    return found


def _set(words: str, apart: frozenset[str]) -> frozenset[str]:
    return frozenset(_forms(words.split(), [], apart))


def _forms(words: Iterable[str], endings: Sequence[str], apart: frozenset[str]) -> Iterator[str]:
    """Each word with each ending, as it is written, and with `ae` or without accents unless that is another word."""
    for word in words:
        stem = word.removesuffix("+")
        for ending in ["", *endings] if stem != word else [""]:
            form, *more = words_of(stem + ending)
            if more:
                raise InvalidInput(
                    "a word of a lexicon is one word; write several, and those with hyphens, as a phrase"
                )
            yield form
            yield from (other for other in (form.translate(_UMLAUTS), without_accents(form)) if other not in apart)
