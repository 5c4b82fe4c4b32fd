"""The port of analysers and the one by keywords (S8.1)."""

import re
import time

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from touchpoint import InvalidInput, UnknownName
from touchpoint.insight import Analyser, Analysis, KeywordAnalyser, Lexicon
from touchpoint.insight.languages import LEXICONS, language_of, shipped

TOPICS = {"staff": ["staff", "waiters", "Personal", "équipe"], "food": ["food", "bread roll"], "value": ["bread"]}
plain = KeywordAnalyser()
hinted = KeywordAnalyser(TOPICS)

GOOD = {
    "en": [
        "The staff was lovely",
        "not bad",
        "nothing to complain about",
        "It was not only clean but also quiet",
        "no problem at all",
        "We did not wait and the staff was great",
        "Small, but very good food",
        "couldn't be better",
        "👍",
    ],
    "de": [
        "Schönes Zimmer",
        "schoenes Zimmer",
        "nicht schlecht",
        "Gerne wieder",
        "nichts zu meckern",
        "Das gefällt mir",
    ],
    "fr": ["pas mal", "Très bon accueil", "C'était délicieux", "c'etait delicieux", "rien à redire", "je reviendrai"],
    "es": ["Muy buen servicio", "me gusta mucho", "nada mal", "Volveré", "El personal es encantador y muy amable"],
}
BAD = {
    "en": [
        "not good",
        "The staff wasn't helpful",
        "I don't think the staff was helpful",
        "never again",
        "lack of clean towels",
        "Nice room but terrible service",
        "It was not clean and tidy",
        "Why was nobody there? Terrible.",
        "👎🏽",
    ],
    "de": ["nicht gut", "Das Essen gefällt mir nicht", "nie wieder", "leider unfreundlich", "Das war gar nicht gut"],
    "fr": ["pas bon", "j'aime pas", "je n'aime pas du tout", "plus jamais", "à éviter", "Le personnel est désagréable"],
    "es": ["no me gusta", "nunca más", "deja mucho que desear", "El servicio es pésimo", "no lo recomiendo"],
}


def cases(table):
    return [(language, text) for language, texts in table.items() for text in texts]


@pytest.mark.parametrize(("language", "text"), cases(GOOD))
def test_what_is_good_is_praise(language, text):
    found = plain.analyse(text, language)
    assert found.sentiment > 0.2
    assert found.intent == "praise"


@pytest.mark.parametrize(("language", "text"), cases(BAD))
def test_what_is_bad_is_criticism(language, text):
    found = plain.analyse(text, language)
    assert found.sentiment < -0.2
    assert found.intent == "criticism"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The staff was very nice", "en"),
        ("Das Personal war sehr nett", "de"),
        ("Le personnel est très gentil", "fr"),
        ("El personal es muy amable", "es"),
        ("super", None),
        ("", None),
        ("12345 !!", None),
        ("お茶は美味しい", None),
    ],
)
def test_the_language_is_told_by_its_words(text, language):
    assert language_of(text) == language
    assert plain.analyse(text).language == language


def test_where_several_languages_may_be_meant_the_sentiment_is_the_one_they_share():
    assert plain.analyse("Super!").sentiment > 0
    assert plain.analyse("Super!").language is None


def test_a_text_without_a_hint_has_no_sentiment_which_is_not_0():
    assert plain.analyse("I arrived on Monday").sentiment is None
    assert plain.analyse("good and bad").sentiment == 0


def test_a_language_without_a_lexicon_gives_topics_but_no_sentiment():
    found = hinted.analyse("good staff", "nl")
    assert (found.sentiment, found.topics, found.language) == (None, ("staff",), "nl")


def test_a_script_without_spaces_is_not_supported():
    assert plain.analyse("服务非常好", "zh").sentiment is None


def test_a_letter_without_its_accent_may_be_another_word():
    assert plain.analyse("schon da", "de").sentiment is None
    assert plain.analyse("schön da", "de").sentiment > 0


def test_strength_and_contrast_count():
    weak, some, strong = (plain.analyse(text, "en").sentiment for text in ("quite good", "good", "very good"))
    assert 0 < weak < some < strong
    assert plain.analyse("good but bad", "en").sentiment < 0 < plain.analyse("bad but good", "en").sentiment


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It would be nice if you had oat milk", "en"),
        ("Please add oat milk!", "en"),
        ("I wish there was oat milk", "en"),
        ("Ich wünschte, es gäbe Hafermilch", "de"),
        ("Es waere schoen wenn es Hafermilch gäbe", "de"),
        ("J'aimerais avoir du lait d'avoine", "fr"),
        ("Ce serait bien d'avoir du lait d'avoine", "fr"),
        ("Ojalá tengan leche de avena", "es"),
        ("Me gustaría que tuvieran leche de avena", "es"),
    ],
)
def test_a_wish_is_told_from_praise(text, language):
    assert plain.analyse(text, language).intent == "wish"


@pytest.mark.parametrize(
    ("text", "language", "intent"),
    [
        ("Do you have oat milk?", "en", "question"),
        ("when do you open", "en", "question"),
        ("wann öffnet ihr", "de", "question"),
        ("¿Tienen leche de avena?", "es", "question"),
        ("What a lovely place", "en", "praise"),
        ("I wish you a nice day", "en", "wish"),  # a limit of keywords, shown rather than hidden
        ("I came on Monday", "en", None),
    ],
)
def test_a_question_is_told_by_its_mark_or_its_first_word(text, language, intent):
    assert plain.analyse(text, language).intent == intent


def test_topics_are_the_hosts_and_stand_in_the_hosts_order():
    assert hinted.analyse("Bread roll stale, STAFF nice").topics == ("staff", "food", "value")
    assert hinted.analyse("L'equipe est gentille").topics == ("staff",)
    assert hinted.analyse("the staffing").topics == ()


def test_one_word_may_hint_at_two_topics():
    both = KeywordAnalyser({"a": ["queue"], "b": ["Queue"]})
    assert both.analyse("a long queue").topics == ("a", "b")


# S8.1: results are stored with their version, and computed anew when it changes
def test_the_version_changes_with_every_word_and_topic_and_nothing_else():
    same = [KeywordAnalyser(TOPICS).version, KeywordAnalyser(dict(TOPICS)).version]
    assert same == [hinted.version] * 2
    grown = attrs.evolve(LEXICONS[0], turns=LEXICONS[0].turns + " whereas")
    others = {plain.version, KeywordAnalyser({"staff": ["staff"]}).version, KeywordAnalyser(lexicons=[grown]).version}
    assert len({hinted.version} | others) == 4
    assert plain.analyse("good").version == plain.version
    assert re.fullmatch(r"keywords-1-[0-9a-f]{12}", plain.version)


def test_a_lexicon_of_the_host_is_read_like_those_that_ship():
    dutch = Lexicon(language="nl", weights={2: "goed+", -2: "slecht+"}, endings="e", negations="niet", markers="de het")
    found = KeywordAnalyser(lexicons=[dutch]).analyse("De koffie was niet goede")
    assert (found.sentiment < 0, found.language) == (True, "nl")


@pytest.mark.parametrize(
    "topics",
    [{"staff": "staff"}, {"": ["a"]}, {3: ["a"]}, {"a": [""]}, {"a": ["!?"]}, {"a": [7]}, {"a": ["w " * 9]}, ["staff"]],
    ids=str,
)
def test_topics_that_cannot_be_looked_up_are_refused(topics):
    with pytest.raises(InvalidInput):
        KeywordAnalyser(topics)


def test_a_word_of_a_lexicon_is_one_word():
    with pytest.raises(InvalidInput, match="one word"):
        KeywordAnalyser(lexicons=[Lexicon(language="x", weights={1: "well-known"})])


@pytest.mark.parametrize(("text", "language"), [(7, None), (None, None), ("good", 7)])
def test_what_is_no_text_is_not_analysed(text, language):
    with pytest.raises(InvalidInput):
        plain.analyse(text, language)


def test_the_port_is_what_the_built_in_one_is():
    assert isinstance(plain, Analyser)
    assert not isinstance(object(), Analyser)
    assert plain.name == "keywords"
    assert "staff" in repr(hinted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sentiment": 1.1},
        {"sentiment": float("nan")},
        {"sentiment": True},
        {"sentiment": "0.5"},
        {"topics": "staff"},
        {"topics": [""]},
        {"version": ""},
        {"language": 3},
    ],
    ids=str,
)
def test_an_analyser_of_a_host_cannot_say_what_is_no_analysis(wrong):
    with pytest.raises(InvalidInput):
        Analysis(**{"version": "mine-1"} | wrong)


def test_an_unknown_intent_is_refused():
    with pytest.raises(UnknownName, match="rage"):
        Analysis(version="mine-1", intent="rage")


def test_an_analysis_is_plain_data():
    found = Analysis(sentiment=1, intent="praise", topics=["staff"], language="en", version="mine-1")
    assert found.to_dict() == {
        "sentiment": 1.0, "intent": "praise", "topics": ["staff"], "language": "en", "version": "mine-1"
    }  # fmt: skip


scraps = st.sampled_from(["not", "no", "good", "bad", "but", "very", ".", ",", "?", "!", "nicht", "gut", "pas", "bon"])


@settings(max_examples=examples(150))
@given(st.text(max_size=60) | st.lists(scraps).map(" ".join))
def test_whatever_is_said_the_analysis_is_valid_and_the_same_again(text):
    found = hinted.analyse(text)
    assert found.sentiment is None or -1 <= found.sentiment <= 1
    assert KeywordAnalyser(TOPICS).analyse(text) == found


weighted = sorted({word for word in shipped()[0].weights if word not in shipped()[0].negations | shipped()[0].turns})


@settings(max_examples=60)
@given(st.sampled_from(weighted))
def test_not_turns_every_word(word):
    said, denied = plain.analyse(word, "en").sentiment, plain.analyse(f"not {word}", "en").sentiment
    if f"not {word}" not in {"not worth", "not enough"}:
        assert said * denied < 0


@pytest.mark.parametrize("vocabulary", shipped(), ids=lambda each: each.language)
def test_no_word_of_a_lexicon_weighs_two_things(vocabulary):
    lexicon = next(each for each in LEXICONS if each.language == vocabulary.language)
    told = [word for words in lexicon.weights.values() for word in set(words.split())]
    assert [word for word in set(told) if told.count(word) > 1] == []


@pytest.mark.parametrize(
    "text", ["not " * 50_000, "good but " * 30_000, "a'" * 100_000, "\ufdfa" * 200_000, "x" * 200_000, "? " * 100_000]
)
def test_a_hostile_text_takes_no_longer_than_a_long_one(text):
    began = time.process_time()
    hinted.analyse(text)
    assert time.process_time() - began < 3
