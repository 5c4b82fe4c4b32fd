"""The analyser by TextBlob: one lexicon of somebody else behind the same port (S8.1)."""

import importlib.util

import pytest

from touchpoint import InvalidInput
from touchpoint.errors import MissingExtra
from touchpoint.insight import Analyser, TextBlobAnalyser
from touchpoint.insight.keywords import KeywordAnalyser

NEEDED = pytest.mark.skipif(importlib.util.find_spec("textblob") is None, reason="needs the extra textblob")


def test_without_textblob_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("touchpoint.insight.textblob.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match="textblob") as missing:
        TextBlobAnalyser()
    assert missing.value.extra == "textblob"


@NEEDED
def test_it_is_an_analyser_with_a_version_of_both():
    analyser = TextBlobAnalyser({"staff": ["staff"]})
    assert isinstance(analyser, Analyser)
    assert analyser.name == "textblob"
    assert analyser.version.endswith(f"+{KeywordAnalyser({'staff': ['staff']}).version}")
    assert analyser.version in repr(analyser)


@NEEDED
@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("The staff was excellent", "praise"),
        ("The staff was terrible", "criticism"),
        ("Is the staff there today?", "question"),
        ("It would be nice if the staff smiled", "wish"),
    ],
)
def test_the_sentiment_is_textblobs_and_the_rest_is_by_keywords(text, intent):
    found = TextBlobAnalyser({"staff": ["staff"]}).analyse(text)
    assert (found.intent, found.topics, found.language) == (intent, ("staff",), "en")
    assert found.sentiment is None or -1 <= found.sentiment <= 1


@NEEDED
def test_a_text_of_which_it_knows_no_word_and_other_languages_have_no_sentiment():
    analyser = TextBlobAnalyser()
    assert analyser.analyse("The table", "en").sentiment is None
    assert analyser.analyse("Das war gut", "de").sentiment is None
    assert analyser.analyse("That was good", "en-GB").sentiment > 0


@NEEDED
def test_what_is_no_text_is_not_analysed():
    with pytest.raises(InvalidInput):
        TextBlobAnalyser().analyse(None)
