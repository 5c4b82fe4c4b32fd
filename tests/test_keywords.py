"""Words such as STOP, and what is answered to them (S7.3)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint import InvalidInput, UnknownName
from touchpoint.channels import reply_to
from touchpoint.channels.keywords import WORDS, keyword_in
from touchpoint.channels.replies import REPLIES
from touchpoint.channels.segments import segments

BRAND, CONTACT = "Twenty letters brand", "https://shop.example/help-page"
FULL_WIDTH, BOLD = "\uff33\uff34\uff2f\uff30", "\U0001d412\U0001d413\U0001d40e\U0001d40f"
SQUARED, CIRCLED = "\U0001f142\U0001f143\U0001f13e\U0001f13f", "\u24c8\u24c9\u24c4\u24c5"
CYRILLIC, MIXED, GREEK = "\u0405\u0422\u041e\u0420", "S\u0422OP", "S\u03a4\u039fP"


@pytest.mark.parametrize(
    "text",
    # CTIA's handbook, the FCC's list, and what large providers take unless told otherwise
    ["STOP", "END", "CANCEL", "UNSUBSCRIBE", "QUIT", "REVOKE", "OPT OUT", "OPT-OUT", "OPTOUT", "STOPALL", "STOP ALL",
     "REMOVE", "ARRET", "ARRÊT", "ARRETE", "ARRÊTE", "ARRETT", "STOPP", "ABMELDEN", "BAJA", "PARAR", "SAIR", "ANNULLA",
     "AFMELDEN"],
)  # fmt: skip
def test_words_of_the_field_opt_out(text):  # S7.3
    assert keyword_in(text) == "stop"


@pytest.mark.parametrize(
    "text",
    ["stop", "StOp", "stop!", "Stop.", "STOP?", "«stop»", '"STOP"', "'stop'", "\u201cStop\u201d", "#stop", "*STOP*",
     " \t stop \r\n",
     "stop\u00a0", "STOP \U0001f621", "\U0001f6d1 stop", "stop\U0001f64f\U0001f3fd", "STOP\ufe0f", "Stop\ufe0f\u20e3"],
)  # fmt: skip
def test_what_stands_around_the_word_does_not_matter(text):  # S7.3
    assert keyword_in(text) == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "st\u200bop",
        "\ufeffstop",
        "s\u200dt\u200do\u200dp",
        "\u202estop\u202c",
        "st\u00adop",
        "st\u034fop",
        "\u2066stop\u2069",
    ],
)
def test_what_cannot_be_seen_does_not_matter(text):  # S7.3
    assert keyword_in(text) == "stop"


@pytest.mark.parametrize("text", [FULL_WIDTH, BOLD, SQUARED, CIRCLED, CYRILLIC, CYRILLIC.lower(), MIXED, GREEK])
def test_letters_that_look_alike_are_alike(text):  # S7.3
    assert keyword_in(text) == "stop"


def test_the_i_of_turkish_phones_is_an_i():
    assert keyword_in("\u0130NFO") == keyword_in("\u0131nfo") == "help"


@pytest.mark.parametrize(
    "text",
    ["stop please", "please stop", "please stop by the shop", "stop it", "nonstop", "don't stop", "stop sign",
     "s t o p",
     "st op", "stop 1", "2stop", "stopstop", "", " ", "\u200b", "...", "\U0001f6d1", "no", "y", "stop" + "!" * 40],
)  # fmt: skip
def test_what_says_more_than_the_word_is_no_opt_out(text):  # S7.3
    assert keyword_in(text) is None


@pytest.mark.parametrize("text", ["YES", "Yes!", "OUI", "ja", "si"])
def test_yes_answers_a_question_and_is_no_start(text):  # S7.3
    assert keyword_in(text) is None


@pytest.mark.parametrize("text", ["START", "start!", "UNSTOP", "Anmelden", "ALTA"])
def test_words_that_take_an_opt_out_back(text):  # S7.3
    assert keyword_in(text) == "start"


@pytest.mark.parametrize("text", ["HELP", "help?", "INFO", "Hilfe!", "AIDE", "ayuda", "aiuto", "ajuda", "hulp"])
def test_words_that_ask_for_help(text):  # S7.3
    assert keyword_in(text) == "help"


def test_no_word_asks_for_two_things():
    asked = [(word, keyword) for each in WORDS.values() for keyword, found in each.items() for word in found]
    assert len(dict(asked)) == len(set(asked))


@given(st.text(max_size=60))
def test_any_text_is_looked_at_without_a_crash(text):
    assert keyword_in(text) in {"stop", "start", "help", None}


@given(st.text(st.characters(categories=["Cf"]), max_size=8), st.integers(0, 4))
def test_unseen_characters_never_hide_a_word(unseen, at):
    assert keyword_in("stop"[:at] + unseen + "stop"[at:]) == "stop"


# --- what is answered -------------------------------------------------------------------------------------------------


def test_every_language_answers_every_word():
    assert {language: set(each) for language, each in REPLIES.items()} == {
        language: {"stop", "start", "help"} for language in WORDS
    }


every = [(language, keyword) for language, each in REPLIES.items() for keyword in each]


@pytest.mark.parametrize(("language", "keyword"), every)
def test_an_answer_is_one_segment_and_says_who_writes(language, keyword):
    text = reply_to(keyword, language, brand=BRAND, contact=CONTACT)
    assert text.startswith(f"{BRAND}: ")
    assert (segments(text).encoding, segments(text).segments) == ("GSM-7", 1)


@pytest.mark.parametrize("language", REPLIES)
def test_help_says_whom_to_ask_and_how_to_stop(language):
    assert CONTACT in (said := reply_to("help", language, brand=BRAND, contact=CONTACT))
    assert "STOP" in said


@pytest.mark.parametrize(("language", "keyword"), every)
def test_a_word_in_capitals_in_an_answer_does_what_it_says(language, keyword):
    said = reply_to(keyword, language, brand="-", contact="-")
    assert {keyword_in(word) for word in re.findall(r"[A-Z]{4,}", said)} == {
        "stop": {"start"}, "start": {"help", "stop"}, "help": {"stop"},
    }[keyword]  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de", "de"), ("de-AT", "de"), ("pt_BR", "pt"), ("FR-ca", "fr"), ("sv", "en"), ("", "en"), (None, "en")],
)
def test_the_language_is_the_customers_else_english(locale, language):
    assert reply_to("help", locale, brand="A", contact="B") == reply_to("help", language, brand="A", contact="B")


def test_what_is_filled_in_is_not_read_again():  # S6.2
    said = reply_to("help", brand="{contact}", contact="{brand} {0.__class__} %s")
    assert said == "{contact}: For help contact {brand} {0.__class__} %s. Reply STOP to get no more messages."


@pytest.mark.parametrize("value", ["", "  ", "two\nlines", "nul\0", "a\u2028b", None, 7])
def test_brand_and_contact_are_one_line(value):
    with pytest.raises(InvalidInput, match="brand="):
        reply_to("help", brand=value, contact="B")
    with pytest.raises(InvalidInput, match="contact="):
        reply_to("help", brand="A", contact=value)


def test_a_keyword_that_nobody_knows_is_an_error():
    with pytest.raises(UnknownName, match="'halp'"):
        reply_to("halp", brand="A", contact="B")
