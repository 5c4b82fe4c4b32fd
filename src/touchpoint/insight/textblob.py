"""Sentiment of English texts by TextBlob (https://github.com/sloria/TextBlob, MIT); extra `textblob`.

Its default analyser reads a lexicon that is part of the package, so nothing is downloaded.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import attrs

from touchpoint.errors import InvalidInput, MissingExtra
from touchpoint.insight.analysis import Analysis
from touchpoint.insight.keywords import KeywordAnalyser
from touchpoint.insight.quoting import LONGEST


class TextBlobAnalyser:
    """The sentiment is TextBlob's polarity, of English texts only; intent and topics are those of `KeywordAnalyser`.

    In other languages the sentiment is None. TextBlob's polarity is 0 both for balanced texts and for those in which it
    knows no word; a text without any word that it knows has None here.

    Args:
        topics: as of `KeywordAnalyser`.

    Raises:
        InvalidInput: a topic is no name with several phrases.
        MissingExtra: TextBlob is not installed.
    """

    def __init__(self, topics: Mapping[str, Iterable[str]] | None = None) -> None:
        if find_spec("textblob") is None:
            raise MissingExtra("TextBlobAnalyser", "textblob")
        self._words = KeywordAnalyser(topics)
        self._version = f"textblob-{_installed()}+{self._words.version}"

    @property
    def name(self) -> str:
        """`textblob`."""
        return "textblob"

    @property
    def version(self) -> str:
        """Of TextBlob, and of the words that topics and intent come from."""
        return self._version

    def __repr__(self) -> str:
        return f"TextBlobAnalyser(version={self._version!r})"

    def analyse(self, text: str, language: str | None = None) -> Analysis:
        """What the text says; TextBlob is loaded with the first one.

        Args:
            text: a comment, of which the first 20,000 characters are read.
            language: such as `en-GB`; the one whose words it has most of unless given.

        Raises:
            InvalidInput: the text or the language is none.
        """
        found = self._words.analyse(text, language)
        base = (found.language or "").replace("_", "-").split("-")[0].casefold()
        sentiment = self._polarity(text[:LONGEST]) if base == "en" else None
        intent = found.intent
        if intent in {None, "praise", "criticism"}:
            intent = None if sentiment is None or abs(sentiment) < 0.1 else "praise" if sentiment > 0 else "criticism"
        return attrs.evolve(found, sentiment=sentiment, intent=intent, version=self._version)

    @cached_property
    def _analyzer(self) -> Any:  # noqa: ANN401 - TextBlob has no types
        return import_module("textblob.sentiments").PatternAnalyzer()

    def _polarity(self, text: str) -> float | None:
        found = self._analyzer.analyze(text, keep_assessments=True)
        return None if not found.assessments else round(max(-1.0, min(1.0, float(found.polarity))), 4)


def _installed() -> str:
    try:
        return version("textblob")
    except PackageNotFoundError:
        raise InvalidInput("TextBlob is there, but not installed, so its version is not known; use pip") from None
