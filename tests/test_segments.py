"""Segments of text messages: GSM 7-bit and UCS-2 (3GPP TS 23.038), pairs never split."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint import InvalidInput
from touchpoint.channels.segments import BASIC, EXTENSION, Segments, segments, split

EMOJI = "\U0001f600"


@pytest.mark.parametrize(
    ("text", "encoding", "count", "units"),
    [
        ("", "GSM-7", 0, 0),
        ("a", "GSM-7", 1, 1),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("€", "GSM-7", 1, 2),
        ("€" * 80, "GSM-7", 1, 160),
        ("€" * 80 + "a", "GSM-7", 2, 161),
        ("a" * 158 + "€", "GSM-7", 1, 160),
        ("a" * 159 + "€", "GSM-7", 2, 161),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3, 306),
        ("€" * 153, "GSM-7", 3, 306),
        ("line\r\nline", "GSM-7", 1, 10),
        ("é" * 160, "GSM-7", 1, 160),
        ("Ç", "GSM-7", 1, 1),
        ("ç", "UCS-2", 1, 1),
        ("e\u0301", "UCS-2", 1, 2),
        ("\x1b", "UCS-2", 1, 1),
        ("it’s", "UCS-2", 1, 4),
        ("ж" * 70, "UCS-2", 1, 70),
        ("ж" * 71, "UCS-2", 2, 71),
        ("ж" * 134, "UCS-2", 2, 134),
        ("ж" * 135, "UCS-2", 3, 135),
        ("a" * 70 + "ж", "UCS-2", 2, 71),
        (EMOJI, "UCS-2", 1, 2),
        (EMOJI * 35, "UCS-2", 1, 70),
        (EMOJI * 36, "UCS-2", 2, 72),
        ("a" * 66 + EMOJI + "a" * 66, "UCS-2", 3, 134),
        ("€" * 71 + "ж", "UCS-2", 2, 72),
        ("\ud83d", "UCS-2", 1, 1),
    ],
)
def test_a_text_takes_as_many_segments_as_the_standard_says(text, encoding, count, units):
    assert segments(text) == Segments(encoding, count, units)


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 152 + "€" * 10, [152, 10]),
        ("a" * 151 + "€" * 10, [152, 9]),
        ("ж" * 71, [67, 4]),
        ("a" * 66 + EMOJI * 3, [66, 3]),
        ("a" * 65 + EMOJI * 3, [66, 2]),
    ],
)
def test_pairs_at_the_border_go_to_the_next_segment_as_a_whole(text, lengths):
    assert [len(part) for part in split(text)] == lengths


def test_the_alphabet_has_the_characters_of_the_standard():
    assert len(BASIC) == 127  # 128 codes, less the escape
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize("text", [None, 7, b"bytes", ["a"]])
def test_what_is_no_text_is_refused(text):
    for act in (segments, split):
        with pytest.raises(InvalidInput, match="is text"):
            act(text)


gsm = st.text(st.sampled_from(sorted(BASIC | EXTENSION)), max_size=500)
any_text = st.text(st.sampled_from("aж€é" + EMOJI) | st.characters(), max_size=300)


def room(part, encoding):
    if encoding == "GSM-7":
        return len(part) + sum(part.count(each) for each in EXTENSION)
    return len(part.encode("utf-16-le", "surrogatepass")) // 2


@given(gsm | any_text)
def test_the_parts_are_the_text_and_as_many_as_told(text):
    found = segments(text)
    assert "".join(split(text)) == text
    assert len(split(text)) == found.segments
    assert room(text, found.encoding) == found.units


@given(gsm | any_text)
def test_every_part_fits_and_no_part_could_take_one_more_character(text):
    encoding = segments(text).encoding
    parts = split(text)
    most = {"GSM-7": (160, 153), "UCS-2": (70, 67)}[encoding][len(parts) > 1]
    assert all(0 < room(part, encoding) <= most for part in parts)
    for part, following in pairwise(parts):
        assert room(part + following[0], encoding) > most


@given(gsm)
def test_only_texts_in_the_alphabet_are_sent_in_it(text):
    assert segments(text).encoding == "GSM-7"
    assert segments(text + "ж").encoding == "UCS-2"
