"""Scores in replies: rather none than a wrong one (S8.1)."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from touchpoint import InvalidInput, UnknownName
from touchpoint.insight import read_answer
from touchpoint.insight.lexicon.scores import NUMBERS
from touchpoint.insight.quoting import own_words
from touchpoint.model.scale import Scale

READ = {
    "9, lovely staff": (9, "lovely staff"),
    "9/10": (9, None),
    "10 out of 10": (10, None),
    "nine out of ten": (9, None),
    "10/10!!! would come back": (10, "would come back"),
    "nine": (9, None),
    "0": (0, None),
    "I'd say an 8.": (8, None),
    "I'd say an 8. The rest was fine": (8, "The rest was fine"),
    "Score: 9": (9, None),
    "NPS 9": (9, None),
    "9 (nine)": (9, None),
    "9!!! :)": (9, None),
    "9 - lovely": (9, "lovely"),
    "9 👍": (9, "👍"),
    "9. Lovely staff": (9, "Lovely staff"),
    "Hi, 9!": (9, None),
    "9\nBest\nJohn": (9, "Best\nJohn"),
    "Loved it!\n10": (10, "Loved it!"),
    "Great stay. 9": (9, "Great stay."),
    "lovely staff, 9": (9, "lovely staff"),
    "9 because the bread was good": (9, "because the bread was good"),
    "8 but slow": (8, "but slow"),
    "8 I guess": (8, None),
    "Loved it. 9/10 from me. Will be back.": (9, "Loved it. Will be back."),
    "ich gebe eine 9. Das Personal war nett": (9, "Das Personal war nett"),
    "fünf": (5, None),
    "fuenf, danke": (5, "danke"),
    "je mets un 8, merci": (8, "merci"),
    "zéro": (0, None),
    "le doy un 9": (9, None),
    "It's a 9": (9, None),
    "9, good": (9, "good"),
    "NPS: 8 - good": (8, "NPS good"),
    "7 (waited long)": (7, "waited long"),
    "7 (waited long) :)": (7, "waited long :)"),
    "Good morning! 9": (9, "Good morning!"),
    "1, terrible": (1, "terrible"),
    "ocho": (8, None),
    "9 von 10": (9, None),
    "9 sur 10": (9, None),
    "9 de 10": (9, None),
    "\N{FULLWIDTH DIGIT NINE}": (9, None),
    "٩": (9, None),
    "९": (9, None),
    "⑨": (9, None),
    "9️⃣": (9, None),
    "🔟": (10, None),
    "\u200b9\ufeff": (9, None),
}


@pytest.mark.parametrize("text", READ)
def test_a_score_in_an_nps_reply_is_read(text):
    answer = read_answer(text, "nps")
    assert (answer.score, answer.comment) == READ[text]


NOT_READ = [
    "11",
    "-9",
    "9.5",
    "9²",
    "½",
    "9½",
    "007",
    "100%",
    "9%",
    "9€",
    "€9",
    "#9",
    "9th",
    "9am",
    "9+",
    "9?",
    "Is it 9?",
    "8-9",
    "8–9",
    "8 - 9",
    "8 or 9",
    "8, maybe 9",
    "seven or eight",
    "9:30",
    "2 hours waiting",
    "2, 3 hours",
    "9, 10 minutes late",
    "3 people were rude",
    "9 out of 10 times nobody answers",
    "2 of 10 parcels arrived",
    "zero complaints",
    "one of the best",
    "not 9",
    "less than 5",
    "On 9/10 I waited",
    "9/10/2026",
    "9.10.2026",
    "2026-10-09",
    "9 October",
    "9. Oktober war ich da",
    "1. Besuch war gut",
    "1. staff 2. food",
    "+43 660 1234567",
    "0171 5551234",
    "555-1234",
    "tel. 5",
    "order 9",
    "order number: 5",
    "my order number is: 9",
    "We were at table, 5",
    "We waited\n9",
    "Room 5",
    "A9",
    "5 stars",
    "4/5",
    "12/10",
    "★★★★☆",
    "👍",
    "8. no wait, 9",
    "9 for the staff, 2 for the food",
    "8 but 5 for the food",
    "9999999999999999999999",
    "une",
    "Danke, Otto",
    "Le 9, j'attendais encore",
    "El 9, fui a la tienda",
    "It's 9 and nobody is here",
    "It is 9.",
    "One, the staff was rude. Two, the food was cold",
    "One, the staff was rude",
    "1, staff nice 2, food nice",
    "2 since Monday",
    "10 please",
    "p. 9",
    "Version 2. 3",
    "approx. 9",
]


@pytest.mark.parametrize("text", NOT_READ)
def test_what_may_be_something_else_is_no_score_and_stays_in_the_comment(text):
    answer = read_answer(text, "nps")
    assert (answer.score, answer.comment) == (None, text)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("★★★★☆", 4),
        ("★★★★☆ nice", 4),
        ("⭐⭐⭐⭐ nice", 4),
        ("Great! ⭐⭐⭐⭐⭐", 5),
        ("⭐", 1),
        ("5 stars", 5),
        ("fünf Sterne", 5),
        ("4 étoiles, merci", 4),
        ("3 stars out of 5", None),
        ("Great ⭐", None),
        ("Great ⭐⭐⭐", None),
        ("★★ food ★★★★ staff", None),
        ("★★★★★★☆", None),
        ("5-star service", None),
        ("⭐⭐⭐⭐ 2/5", None),
        ("5/5 ⭐", 5),
        ("👍", None),
    ],
)
def test_stars_count_where_stars_are_given(text, score):
    assert read_answer(text, "csat").score == score


def test_four_stars_on_ten_points_are_not_four_of_ten():
    assert read_answer("⭐⭐⭐⭐", "review", scale=Scale(1, 10)).score is None
    assert read_answer("4 stars", "review", scale=Scale(1, 10)).score is None
    assert read_answer("★★★★☆☆☆☆☆☆", "review", scale=Scale(1, 10)).score == 4


@pytest.mark.parametrize(
    ("text", "score"), [("👍", 1), ("👎🏾 rude", 0), ("thanks 👍👍", 1), ("👍👎", None), ("a 👍 for b", None), ("1", 1)]
)
def test_thumbs_count_only_where_there_are_two_answers(text, score):
    assert read_answer(text, "review", scale=Scale(0, 1)).score == score


def test_a_thumb_where_less_is_better_is_the_lower_number():
    assert read_answer("👍", "ces", scale=Scale(1, 2, better="low")).score == 1


def test_a_review_may_have_half_a_star_and_needs_a_scale():
    assert str(read_answer("4,5", "review", scale=Scale(1, 5)).score) == "4.5"
    assert read_answer("4", "review").score is None


def test_an_ordinal_is_told_by_the_language_that_is_known():
    assert read_answer("9. Super", "nps", language="en-GB").score == 9
    assert read_answer("9. Super", "nps", language="de").score is None


def test_words_alone_are_the_whole_answer_to_a_question_for_text():
    answer = read_answer("9, lovely", "text")
    assert (answer.score, answer.scale, answer.comment) == (None, None, "9, lovely")


QUOTED = [
    "9, lovely\n\nOn Mon, 2 Mar 2026 at 10:12, Shop <shop@example.com> wrote:\n> From 0 to 10?\n> 10 is best",
    "9, lovely\n\nOn Mon, 2 Mar 2026 at 10:12, Shop\n<shop@example.com> wrote:\n\nFrom 0 to 10?",
    "Am Mo., 2. März 2026 um 10:12 Uhr schrieb Shop <shop@example.com>:\n\n> Von 0 bis 10?\n\n9, lovely",
    "9, lovely\nLe lun. 2 mars 2026 à 10:12, Shop <shop@example.com> a écrit :\n> De 0 à 10 ?",
    "9, lovely\nEl lun, 2 mar 2026 a las 10:12, Shop (<shop@example.com>) escribió:\n> ¿De 0 a 10?",
    "9, lovely\r\n-----Original Message-----\r\nFrom: Shop\r\nHow likely, 0-10?",
    "9, lovely\n________________________________\nVon: Shop\nGesendet: Montag, 2. März 2026\n0 bis 10?",
    "9, lovely\n-- \nAnn Example\nTel. 5",
    "9, lovely\n\nSent from my iPhone",
    "9, lovely\n\nVon meinem iPhone gesendet",
    "> From 0 to 10?\n9, lovely",
]


@pytest.mark.parametrize("text", QUOTED, ids=range(len(QUOTED)))
def test_quoted_mail_and_signatures_are_not_the_answer(text):
    answer = read_answer(text, "nps")
    assert (answer.score, answer.comment) == (9, "lovely")


@pytest.mark.parametrize("text", ["", " \n\t", "> only\n> quoted"])
def test_a_reply_that_says_nothing_is_no_answer(text):
    assert read_answer(text, "nps") is None


@pytest.mark.parametrize(
    "text",
    [
        "On the whole she wrote:\nnice things",
        "From: the heart\nlovely",
        "He said -- twice -- no",
        "Dashes\n---\nbelow",
        "am I right",
    ],
)
def test_a_line_that_only_looks_a_little_like_mail_stays(text):
    assert own_words(text) == text


def test_an_answer_becomes_feedback_with_where_it_came_from():
    said = read_answer("9, lovely staff", "nps", language="en").feedback(channel="sms", about="key", intent="praise")
    assert (said.score, said.comment, said.channel, said.about) == (9, "lovely staff", "sms", "key")
    assert (said.language, said.intent) == ("en", "praise")


def test_neither_score_nor_words_are_shown():  # S7.5
    assert "lovely" not in repr(read_answer("9, lovely staff", "nps"))
    assert "score" not in repr(read_answer("9, lovely staff", "nps"))


def test_what_is_no_text_or_no_kind_is_refused():
    with pytest.raises(InvalidInput, match=r"text=\) takes a text, not int"):
        read_answer(9, "nps")
    with pytest.raises(UnknownName):
        read_answer("9", "stars")
    with pytest.raises(InvalidInput):
        read_answer("9", "nps", scale=Scale(1, 5))
    with pytest.raises(InvalidInput, match="language="):
        read_answer("9", "nps", language=7)


kinds = st.sampled_from(["nps", "csat", "ces", "review", "text"])
pieces = st.lists(
    st.sampled_from(
        [*"0123456789/-.,:;!? \n", "10", "out of", "staff", "hours", "nine", "★", "☆", "👍", "I'd say", ">"]
    )
    | st.text(max_size=3)
).map("".join)


@settings(max_examples=300)
@given(pieces, kinds, st.sampled_from([None, Scale(1, 5), Scale(0, 1), Scale(1, 10, better="low")]))
@example("\ud800 9", "csat", None)
def test_whatever_is_written_a_score_is_on_its_scale_and_makes_feedback(text, kind, scale):
    scale = None if kind in {"nps", "text"} else scale
    answer = read_answer(text, kind, scale=scale)
    if answer is None:
        return
    assert answer.score is None or answer.scale.low <= answer.score <= answer.scale.high
    assert answer.score is not None or answer.comment == own_words(text.encode("utf-8", "replace").decode())
    assert answer == read_answer(text, kind, scale=scale)
    if answer.score is not None or (answer.comment or "").strip():
        assert answer.feedback().score == answer.score


@settings(max_examples=200)
@given(
    st.integers(0, 10),
    st.integers(0, 10),
    st.sampled_from([" or ", "-", " - ", ", ", "/", " to ", ". ", "\n", ":", " / "]),
)
def test_two_different_numbers_are_never_a_score(one, two, between):
    if one != two and not (two == 10 and between.strip() == "/"):
        assert read_answer(f"{one}{between}{two}", "nps").score is None


@given(
    st.integers(0, 10),
    st.sampled_from(
        ["hours", "times", "people", "Uhr", "Minuten", "heures", "fois", "horas", "km", "€", "%", "pm", "days late"]
    ),
    st.sampled_from(["", " waiting", ", lovely staff", ".", " and nobody came"]),
)
def test_a_number_of_something_is_never_a_score(number, thing, rest):
    assert read_answer(f"{number} {thing}{rest}", "nps").score is None


@pytest.mark.parametrize("language", NUMBERS)
def test_every_number_word_says_its_number(language):
    for value, word in enumerate(NUMBERS[language]):
        if word:
            assert read_answer(word.capitalize(), "nps").score == value


HOSTILE = {
    "digits": "9" * 200_000,
    "dots": "9." * 100_000,
    "commas": "9," * 100_000,
    "quotes": "> " * 100_000,
    "lines": "\n" * 200_000,
    "intros": "On 3/3/2026 x wrote:\n" * 10_000,
    "blank below": "On 3/3/2026 x wrote:\n" + "\n" * 200_000,
    "headers": "From: a\n" * 25_000,
    "stars": "★☆" * 100_000,
    "thumbs": "👍" * 200_000,
    "apostrophes": "a'" * 100_000,
    "long words": "ﷺ" * 200_000,
    "leads": "I'd say " * 25_000,
    "dashes": "-" * 200_000,
    "accents": "e" + "\u0301" * 200_000,
    "nul": "\x00" * 200_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_reply_takes_no_longer_than_a_long_one(name):
    began = time.process_time()
    for kind in ("nps", "csat"):
        read_answer(HOSTILE[name], kind)
    assert time.process_time() - began < 3


@pytest.mark.parametrize("text", ["9 of", "10 out of", "9 out of A", "9/", "A 9x", "9 / 10th"])
def test_half_a_scale_is_none(text):
    assert read_answer(text, "nps").score is None
