"""Into how many segments a text message is cut, and where: what a provider bills by.

Source: 3GPP TS 23.038 (the GSM 7-bit default alphabet and its extension table) and TS 23.040 (concatenation by a user
data header of 6 octets). A text in that alphabet takes 160 septets in one segment and 153 in each of several, any other
70 and 67 UTF-16 code units. National language tables are left out: a provider uses them only where it is told to.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import attrs

from touchpoint.errors import InvalidInput

Encoding = Literal["GSM-7", "UCS-2"]

# By rows of the standard's table; the escape, 0x1B, is no character of its own.
BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
"""The characters of the default alphabet: one septet each."""

EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""The characters of the extension table: an escape and another septet each."""

_ALPHABET: Final = BASIC | EXTENSION
_ROOM: Final[Mapping[Encoding, tuple[int, int]]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@attrs.frozen
class Segments:
    """What a text takes as a text message.

    Args:
        encoding: `GSM-7` where each character is in that alphabet, else `UCS-2` for the whole text.
        segments: how many; none for an empty text.
        units: what the text takes in all, in septets or UTF-16 code units, without the headers of concatenation.
    """

    encoding: Encoding
    segments: int
    units: int


def segments(text: str) -> Segments:
    """What a text takes as a text message. Raises InvalidInput: it is not text."""
    encoding, cost = _measure(text)
    return Segments(encoding, len(split(text)), sum(map(cost, text)))


def split(text: str) -> list[str]:
    """The text as it is cut into segments; joined again they are the text. No part for an empty one.

    An escape stays with its character, and the halves of a surrogate pair stay together. So a segment may be one unit
    shorter than it could be.

    Raises:
        InvalidInput: it is not text.
    """
    encoding, cost = _measure(text)
    single, each = _ROOM[encoding]
    if sum(map(cost, text)) <= single:
        return [text] if text else []
    parts, start, used = [], 0, 0
    for at, character in enumerate(text):
        units = cost(character)
        if used + units > each:
            parts.append(text[start:at])
            start, used = at, 0
        used += units
    return [*parts, text[start:]]


def _measure(text: object) -> tuple[Encoding, Callable[[str], int]]:
    if not isinstance(text, str):
        raise InvalidInput(f"a text message is text, not {type(text).__name__}")
    return ("GSM-7", _septets) if _ALPHABET.issuperset(text) else ("UCS-2", _code_units)


def _septets(character: str) -> int:
    return 2 if character in EXTENSION else 1


def _code_units(character: str) -> int:
    return 2 if character > "\uffff" else 1
