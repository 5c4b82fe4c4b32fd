"""The built-in analyser: words with weights, what turns and strengthens them, and the host's topics; no dependency.

The sum of the weights becomes a number from -1 to 1 as s / √(s² + 15), after Hutto and Gilbert, "VADER: A Parsimonious
Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM 2014; the words and their weights are our own.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.analysis import Analysis
from touchpoint.insight.languages import LEXICONS, most_known, shipped
from touchpoint.insight.lexicon.form import Lexicon
from touchpoint.insight.lexicon.signs import SIGNS
from touchpoint.insight.quoting import LONGEST
from touchpoint.insight.tokens import words_of
from touchpoint.insight.vocabulary import Phrases, Vocabulary
from touchpoint.insight.weighing import weigh
from touchpoint.model.feedback import Intent

METHOD: Final = 1
"""Raised with every change of how texts are read, so that the version of results changes."""

_NORM: Final = 15.0
_CLEAR: Final = 0.2
_HARSH: Final = -0.5
_SIGNS: Final = {sign: weight for weight, signs in SIGNS.items() for sign in signs.split()}


class KeywordAnalyser:
    """Sentiment, intent and topics by keywords, in English, German, French and Spanish. May be used by several threads.

    Deterministic, and linear in the length of the text, of which it reads the first 20,000 characters. Words are told
    apart by spaces and punctuation, so scripts that use none, such as Chinese, Japanese and Thai, are not supported:
    there the sentiment is None. It does not understand irony, comparisons or what is said between the lines.

    Args:
        topics: names, each with the words and phrases (at most eight words) that hint at it, in any language and
            every form that counts: `{"staff": ["staff", "service", "waiters"]}`.
        lexicons: one for each language; those that ship unless given.

    Raises:
        InvalidInput: a topic is no name with several phrases, or a lexicon cannot be read.
    """

    def __init__(
        self, topics: Mapping[str, Iterable[str]] | None = None, *, lexicons: Sequence[Lexicon] = LEXICONS
    ) -> None:
        told = _checked(topics or {})
        self._topics = tuple(told)
        self._hints = _hints(told)
        same = tuple(lexicons) == LEXICONS
        self._vocabularies = shipped() if same else tuple(Vocabulary.of(lexicon) for lexicon in lexicons)
        self._version = f"keywords-{METHOD}-{_digest(lexicons, told)}"

    @property
    def name(self) -> str:
        """`keywords`."""
        return "keywords"

    @property
    def version(self) -> str:
        """The method, and a hash of all words, weights and topics: it changes when any of them does."""
        return self._version

    def __repr__(self) -> str:
        return f"KeywordAnalyser(topics={list(self._topics)!r}, version={self._version!r})"

    def analyse(self, text: str, language: str | None = None) -> Analysis:
        """What the text says.

        Args:
            text: a comment; quoted mail is best taken off before (`read_answer` does).
            language: such as `de-AT`; the one whose words it has most of unless given.

        Raises:
            InvalidInput: the text or the language is none.
        """
        if not isinstance(text, str) or not isinstance(language, str | None):
            raise InvalidInput("analyse(text, language) takes texts; leave the language out where it is not known")
        words = list(words_of(text[:LONGEST]))
        vocabularies = self._read_in(words, language)
        vocabulary = vocabularies[0] if len(vocabularies) == 1 else None
        sentiment = _scaled(_agreed(words, vocabularies))
        return Analysis(
            sentiment=sentiment,
            intent=_intent(words, vocabulary, sentiment),
            topics=self._found(words),
            language=(language or None) if vocabulary is None or language else vocabulary.language,
            version=self._version,
        )

    def _read_in(self, words: Sequence[str], language: str | None) -> list[Vocabulary]:
        if not language:
            return most_known(words, self._vocabularies)
        base = language.replace("_", "-").split("-")[0].casefold()
        return [each for each in self._vocabularies if each.language == base]

    def _found(self, words: Sequence[str]) -> tuple[str, ...]:
        found: set[int] = set()
        for place in range(len(words)):
            for _, topics in self._hints.all_at(words, place):
                found.update(topics)
        return tuple(name for number, name in enumerate(self._topics) if number in found)


def _agreed(words: Sequence[str], vocabularies: Sequence[Vocabulary]) -> float | None:
    """The weight of a text that may be of any of these languages, such as "super!": where all agree, the smallest."""
    if not vocabularies:
        return weigh(words, None, _SIGNS)
    totals = [weigh(words, each, _SIGNS) for each in vocabularies]
    known = [total for total in totals if total is not None]
    agree = len(known) == len(totals) and (min(known) > 0 or max(known) < 0 or len(known) == 1)
    return min(known, key=abs) if agree else None


def _scaled(total: float | None) -> float | None:
    return None if total is None else round(total / math.sqrt(total * total + _NORM), 4)


def _intent(words: Sequence[str], vocabulary: Vocabulary | None, sentiment: float | None) -> Intent | None:
    """A wish goes before a question, and a harsh question is criticism: "Why was nobody there? Terrible."."""
    if vocabulary is not None and any(vocabulary.wishes.at(words, place) for place in range(len(words))):
        return "wish"
    asks = "?" in words or (
        sentiment is None and vocabulary is not None and bool(words) and words[0] in vocabulary.questions
    )
    if asks and (sentiment is None or sentiment > _HARSH):
        return "question"
    if sentiment is None or abs(sentiment) < _CLEAR:
        return None
    return "praise" if sentiment > 0 else "criticism"


def _checked(topics: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    if not isinstance(topics, Mapping):
        raise InvalidInput("KeywordAnalyser(topics=) takes names with their words: {'staff': ['staff', 'service']}")
    found: dict[str, list[str]] = {}
    for name, phrases in topics.items():
        if not isinstance(name, str) or not name or len(name) > 200:
            raise InvalidInput("KeywordAnalyser(topics=): a topic is named by a text of 1 to 200 characters")
        if isinstance(phrases, str):
            raise InvalidInput(f"KeywordAnalyser(topics=): topic {name!r} takes a list of words, not one text")
        found[name] = list(phrases)
    return found


def _hints(topics: Mapping[str, Sequence[str]]) -> Phrases:
    """Which topics, by number, each phrase hints at."""
    told: dict[str, list[int]] = {}
    for number, phrases in enumerate(topics.values()):
        for phrase in phrases:
            key = " ".join(words_of(phrase)) if isinstance(phrase, str) else phrase
            told.setdefault(key, []).append(number)
    found = Phrases()
    for phrase, numbers in told.items():
        found.add(phrase, numbers)
    return found


def _digest(lexicons: Iterable[Lexicon], topics: Mapping[str, Sequence[str]]) -> str:
    words = [[attrs.asdict(lexicon) for lexicon in lexicons], SIGNS, topics]
    told = json.dumps(words, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()[:12]
