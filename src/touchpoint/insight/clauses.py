"""Clauses of a reply, and which of them say a score and nothing else."""

import unicodedata
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Final

import attrs

from touchpoint.insight.lexicon.scores import (
    ARTICLES,
    BECAUSE,
    BUT,
    LEADS,
    NUMBERS,
    OTHER_NUMBERS,
    OUT_OF,
    STARS,
    TRAILS,
    UNITS,
    VAGUE,
)
from touchpoint.insight.tokens import Token
from touchpoint.model.message import Number
from touchpoint.model.scale import Scale

_SPELLED: Final = {word: value for words in NUMBERS.values() for value, word in enumerate(words) if word} | dict(
    OTHER_NUMBERS
)
_LEADS: Final = frozenset().union(*LEADS.values())
_BREAKS: Final = frozenset(".!?;…,:–—()")
_QUOTES: Final = frozenset("\"'“”„«»‘’¡¿")
_NO_PICTURES: Final = frozenset("°©®™")
_MOST_LEADS: Final = 8


@attrs.frozen
class Clause:
    """What stands between two breaks.

    Args:
        pieces: words, numbers and signs; no breaks, no quotation marks.
        after: the breaks behind it, all of them.
        is_ordinal: a full stop follows, and then a word on the same line: as in "1. Besuch".
    """

    pieces: tuple[Token, ...]
    after: str = ""
    is_ordinal: bool = False

    def only(self, words: Collection[str]) -> bool:
        """Whether it consists of these words."""
        return all(piece.kind == "word" and piece.text in words for piece in self.pieces)

    @property
    def last_word(self) -> str:
        """Its last piece."""
        return self.pieces[-1].text

    @property
    def begins_with_number(self) -> bool:
        """Whether its first piece is a number, in digits."""
        return self.pieces[0].kind == "number"

    @property
    def ends_with_number(self) -> bool:
        """Whether its last piece is a number, in digits."""
        return self.pieces[-1].kind == "number"

    @property
    def numbers(self) -> int:
        """How many numbers there are in it, in digits."""
        return sum(piece.kind == "number" for piece in self.pieces)


def clauses(pieces: Sequence[Token]) -> list[Clause]:
    """The clauses of a text; none is empty."""
    found: list[Clause] = []
    inside: list[Token] = []
    after = ""
    for place, piece in enumerate(pieces):
        if _breaks(pieces, place):
            after += piece.text if inside else ""
            continue
        if piece.kind == "sign" and piece.text in _QUOTES:
            continue
        if after:
            found.append(Clause(tuple(inside), after, is_ordinal=after == "." and piece.kind == "word"))
            inside, after = [], ""
        inside.append(piece)
    return [*found, Clause(tuple(inside), after)] if inside else found


def _breaks(pieces: Sequence[Token], place: int) -> bool:
    piece = pieces[place]
    if piece.kind == "line" or piece.text in _BREAKS:
        return True
    if piece.kind != "sign":
        return False
    if piece.text == "-":
        behind = pieces[place + 1] if place + 1 < len(pieces) else None
        return place > 0 and (not piece.close or behind is None or not behind.close) and not _is_sign(piece, behind)
    return unicodedata.category(piece.text) in {"So", "Sk"} and piece.text not in _NO_PICTURES


def _is_sign(piece: Token, behind: Token | None) -> bool:
    """Whether a dash is a minus: " -9"."""
    return not piece.close and behind is not None and behind.close and behind.kind == "number"


@attrs.frozen
class Shape:
    """A clause that says a score; `score` is None where it is not on the scale.

    `said` is how: `clear` for "9/10", "I'd say 9" and the like, `plain` for a mere number, `spelled` for a number word,
    `vague` where the words before it may make it a day or the time.
    """

    score: Number | None
    said: str
    start: int
    end: int


def shape(clause: Clause, kind: str, scale: Scale) -> Shape | None:
    """The score that a clause says, where it says nothing else but why; None where it says something else."""
    pieces = clause.pieces
    first = _leads(pieces)
    if first == len(pieces):
        return None
    value = _value(pieces, first)
    if value is None:
        return None
    behind, of = _out_of(pieces, first + 1)
    rest, unit = _unit(pieces, behind)
    if unit in STARS and kind not in {"csat", "review"}:
        return None
    if rest < len(pieces) and not _is_reason(pieces[rest:]):
        return None
    fits = (of is None or of == scale.high) and not (unit in STARS and of is None and scale.high != 5)
    score = _on(value, kind, scale) if fits else None
    said = _said(pieces, first, marked=of is not None or bool(unit))
    end = pieces[rest - 1].end if rest < len(pieces) and _has_because(pieces[rest:]) else pieces[-1].end
    return Shape(score, said, pieces[0].start, end)


def _said(pieces: Sequence[Token], first: int, *, marked: bool) -> str:
    leads = {piece.text.replace("'", "") for piece in pieces[:first]}
    if marked or not leads <= VAGUE | ARTICLES:
        return "clear"
    if leads and leads <= VAGUE:
        return "vague"
    return "plain" if pieces[first].kind == "number" else "spelled"


def _leads(pieces: Sequence[Token]) -> int:
    """How many words lead up to the number."""
    count = 0
    while count < min(len(pieces), _MOST_LEADS) and pieces[count].kind == "word":
        if pieces[count].text.replace("'", "") not in _LEADS:
            break
        count += 1
    return count


def _value(pieces: Sequence[Token], place: int) -> Decimal | None:
    """The number at a place, where it is one by itself and not part of a word, an amount or a code."""
    if place >= len(pieces):
        return None
    piece = pieces[place]
    if place and piece.close:
        return None  # A9, €9, #9
    if place + 1 < len(pieces) and pieces[place + 1].close and pieces[place + 1].text != "/":
        return None  # 9th, 9am, 9%, 8-9
    if piece.kind == "word":
        value = _SPELLED.get(piece.text)
        return None if value is None else Decimal(value)
    if piece.kind != "number" or len(piece.text) > 4 or (len(piece.text) > 1 and piece.text[0] == "0"):
        return None
    whole, _, part = piece.text.replace(",", ".").partition(".")
    return Decimal(f"{whole}.{part or 0}") if len(part) <= 1 else None


def _out_of(pieces: Sequence[Token], place: int) -> tuple[int, Decimal | None]:
    """The place behind "of ten", and ten."""
    for length in (1, 2):
        if tuple(piece.text for piece in pieces[place : place + length]) not in OUT_OF:
            continue
        target = pieces[place + length] if place + length < len(pieces) else None
        if target is None:
            continue
        behind = pieces[place + length + 1] if place + length + 1 < len(pieces) else None
        value = _SPELLED.get(target.text) if target.kind == "word" else _plain(target.text)
        if value is not None and (behind is None or not behind.close):
            return place + length + 1, Decimal(value)
    return place, None


def _plain(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def _unit(pieces: Sequence[Token], place: int) -> tuple[int, str]:
    if place < len(pieces) and pieces[place].text in UNITS | STARS:
        return place + 1, pieces[place].text
    return place, ""


def _is_reason(rest: Sequence[Token]) -> bool:
    """Whether what follows a number leaves it the score: a reason, or words such as "I guess"."""
    if rest[0].text in BECAUSE:
        return True
    if rest[0].text in BUT:
        return not any(piece.kind == "number" or piece.text in _SPELLED for piece in rest)
    return all(piece.text in TRAILS for piece in rest)


def _has_because(rest: Sequence[Token]) -> bool:
    return rest[0].text in BECAUSE or rest[0].text in BUT


def _on(value: Decimal, kind: str, scale: Scale) -> Number | None:
    """The score, where it is one of the scale; only a review may lie between two points."""
    if not scale.low <= value <= scale.high:
        return None
    if value == value.to_integral_value():
        return int(value)
    return value if kind == "review" else None
