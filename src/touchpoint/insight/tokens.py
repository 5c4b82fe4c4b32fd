"""Texts as words with their places. Linear in the text: one pass for the letters, one for the words."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import attrs

_TOKEN: Final = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)*)|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)|(?P<line>\n)|(?P<space>\s)|(?P<sign>.)",
    re.DOTALL,
)
_UNSEEN: Final = frozenset({"Mn", "Me", "Cf"})
_BLOCKED: Final = "\x00"
_SKINS: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
# Elided articles and pronouns are words of their own: l'accueil, n'aime, qu'ils.
_ELIDED: Final = frozenset({"l", "d", "n", "j", "m", "t", "s", "c", "qu", "jusqu", "lorsqu", "puisqu"})


@attrs.frozen
class Token:
    """A piece of a text: `kind` is number, word, line or sign; `start` and `end` are places in the text as it came.

    `close` says that nothing stands between it and the piece before.
    """

    kind: str
    text: str
    start: int
    end: int
    close: bool = False


def tokens(text: str) -> list[Token]:
    """The pieces of a text in plain letters: lower case, no accents, compatible forms and all digits as ASCII.

    Powers and fractions (`9²`, `½`) become a sign that is part of no number, so they never change one.
    """
    plain, places = _plain(text)
    found: list[Token] = []
    ended = -1
    for match in _TOKEN.finditer(plain):
        kind = match.lastgroup or "sign"
        if kind == "space":
            continue
        said = match.group().replace("’", "'")
        found.append(Token(kind, said, places[match.start()], places[match.end() - 1] + 1, match.start() == ended))
        ended = match.end()
    return found


def plain_word(word: str) -> str:
    """A word as `tokens` gives it."""
    return _plain(word)[0].replace("’", "'")


def words_of(text: str) -> Iterator[str]:
    """Words in lower case with their accents, and signs and line ends as they are, in their order; for lexicons."""
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    for match in _TOKEN.finditer(letters):
        if match.lastgroup == "space":
            continue
        word = match.group().replace("’", "'")
        first, apostrophe, rest = word.partition("'")
        if match.lastgroup == "word" and apostrophe and first in _ELIDED and len(rest) > 1:
            yield first
            yield rest
        else:
            yield word


def _plain(text: str) -> tuple[str, list[int]]:
    """The letters, and of each the place in the text that it came from."""
    known: dict[str, str] = {}
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character not in known:
            known[character] = _letters(character)
        plain = known[character]
        letters.append(plain)
        places.extend([place] * len(plain))
    return "".join(letters), places


def _letters(character: str) -> str:
    if character.isascii():
        return character.lower()
    if character == "\N{KEYCAP TEN}":
        return "10"
    if character in _SKINS:
        return ""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<fraction>")):
        return _BLOCKED
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(each for each in letters if unicodedata.category(each) not in _UNSEEN)
