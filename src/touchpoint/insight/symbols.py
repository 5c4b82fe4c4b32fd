"""Scores in symbols: rows of stars, and thumbs where the question has two answers."""

from collections.abc import Sequence
from typing import Final

import attrs

from touchpoint.insight.tokens import Token
from touchpoint.model.scale import Scale

_FULL: Final = frozenset("★⭐🌟")
_EMPTY: Final = "☆"
_UP: Final = "👍"
_DOWN: Final = "👎"
_MARKS: Final = frozenset(".!,;:)-–—")


@attrs.frozen
class Shown:
    """A score in symbols and its place; not `clear` where symbols contradict each other or may be ornaments."""

    score: int
    start: int
    end: int
    clear: bool = True


def stars(pieces: Sequence[Token], scale: Scale) -> Shown | None:
    """One row of stars that says how many of how many: `★★★★☆`, or a row at the beginning, or as many as there can be.

    A single star is an ornament unless there is nothing else. More than one row is none; a scale of more than five
    points wants the empty ones shown, too, since four stars are mostly four of five.
    """
    if scale.low not in {0, 1} or scale.better != "high":
        return None
    rows = _rows(pieces)
    if not rows:
        return None
    first, last = rows[0]
    full = sum(each.text in _FULL for each in pieces[first:last])
    empty = last - first - full
    alone = not any(each.kind in {"word", "number"} for each in pieces)
    told = full + empty == scale.high if empty else full <= scale.high <= 5
    begins = first == 0 and full > 1
    if len(rows) == 1 and told and full >= scale.low and (empty or alone or begins or 1 < full == scale.high):
        return Shown(full, pieces[first].start, pieces[last - 1].end)
    unclear = full > 1 or empty > 0
    return Shown(full, pieces[first].start, pieces[last - 1].end, clear=False) if unclear else None


def _rows(pieces: Sequence[Token]) -> list[tuple[int, int]]:
    """Where rows of stars begin and end: full ones, then empty ones."""
    found: list[tuple[int, int]] = []
    inside = False
    for place, piece in enumerate(pieces):
        full = piece.text in _FULL
        if inside and (piece.text == _EMPTY or (full and pieces[place - 1].text in _FULL)):
            found[-1] = (found[-1][0], place + 1)
        elif full:
            found.append((place, place + 1))
            inside = True
        else:
            inside = False
    return found


def thumbs(pieces: Sequence[Token], scale: Scale) -> Shown | None:
    """Thumbs at the beginning or the end, all in one direction, where the scale has two points; else nothing.

    On a longer scale a thumb would have to be given a number that the customer never said.
    """
    seen = [place for place, piece in enumerate(pieces) if piece.text in {_UP, _DOWN}]
    if scale.high - scale.low != 1 or not seen:
        return None
    ways = {pieces[place].text for place in seen}
    best, worst = (scale.high, scale.low) if scale.better == "high" else (scale.low, scale.high)
    score = best if _UP in ways else worst
    row = seen[-1] - seen[0] + 1 == len(seen)
    at_the_end = all(piece.text in _MARKS or piece.kind == "line" for piece in pieces[seen[-1] + 1 :])
    clear = len(ways) == 1 and row and (seen[0] == 0 or at_the_end)
    return Shown(score, pieces[seen[0]].start, pieces[seen[-1]].end, clear=clear)
