"""Reading an answer out of a reply: "9, lovely staff" has a score and a comment (S8.1).

Rather no score than a wrong one: a number counts only where it can be nothing else. What is not understood stays in
the comment, so nothing is lost. The words are data, in `lexicon/scores.py` and `lexicon/mail.py`.
"""

from typing import Final

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.insight.clauses import Clause, Shape, clauses, shape
from touchpoint.insight.languages import language_of
from touchpoint.insight.lexicon.scores import CLOSINGS, GREETINGS, HELLOS, LABELS, OTHERWISE, PLAIN_DOT
from touchpoint.insight.quoting import own_words
from touchpoint.insight.symbols import stars, thumbs
from touchpoint.insight.tokens import Token, tokens
from touchpoint.model.feedback import Feedback, FeedbackKind, scale_of
from touchpoint.model.message import Number
from touchpoint.model.scale import Scale

_STRONG: Final = frozenset(".!?;\n")
_AROUND: Final = " \t\r\n,.;:!-–—()"
_BEFORE: Final = " \t\r\n,;:-–—("


@attrs.frozen(kw_only=True)
class Answer:
    """What was read out of one reply.

    Args:
        kind: of the question, as it was handed in.
        score: on `scale`; None where there is none, or where it is not certain.
        scale: of the question.
        comment: the rest of what was written, without quoted mail and signature; None where nothing is left.
        language: as it was handed in.
    """

    kind: FeedbackKind
    score: Number | None = attrs.field(default=None, repr=False)
    scale: Scale | None = None
    comment: str | None = attrs.field(default=None, repr=False)
    language: str | None = None

    def feedback(self, **fields: object) -> Feedback:
        """Feedback made of it.

        Args:
            fields: channel, location, about, at and intent of `Feedback`.

        Raises:
            InvalidInput: see `Feedback`.
        """
        parts = attrs.asdict(self, recurse=False)
        return Feedback(**parts, **fields)  # type: ignore[arg-type]


@attrs.frozen
class _Found:
    score: Number
    start: int
    end: int


def read_answer(
    text: str, kind: FeedbackKind, *, scale: Scale | None = None, language: str | None = None
) -> Answer | None:
    """The answer in a reply to a question of this kind; None where the reply says nothing, such as mere quoted mail.

    Args:
        text: as it came; its first 20,000 characters are read.
        kind: of the question.
        scale: of the question; the usual one of the kind unless given. A review without one has no score.
        language: of the customer, such as `de`, where that is known. Words of all languages count in any case.

    Raises:
        InvalidInput: the text is none, or the scale does not fit the kind.
        UnknownName: there is no such kind.
    """
    scale = scale_of(kind, scale)
    for name, value in (("text", text), ("language", "" if language is None else language)):
        if not isinstance(value, str):
            raise InvalidInput(f"read_answer({name}=) takes a text, not {type(value).__name__}")
    words = own_words(text.encode("utf-8", "replace").decode())  # halves of surrogate pairs cannot be stored
    if not words:
        return None
    found = None if scale is None else _score(words, kind, scale, language)
    comment = words if found is None else _without(words, found)
    return Answer(
        kind=kind, score=None if found is None else found.score, scale=scale, comment=comment, language=language
    )


def _score(words: str, kind: str, scale: Scale, language: str | None) -> _Found | None:
    pieces = tokens(words)
    written = _written(words, pieces, kind, scale, language)
    shown = stars(pieces, scale) if kind in {"csat", "review"} else thumbs(pieces, scale)
    if scale.high - scale.low == 1:
        shown = thumbs(pieces, scale)
    if shown is not None and not shown.clear:
        return None
    if shown is None:
        return None if isinstance(written, str) else written
    if isinstance(written, str) or (written is not None and written.score != shown.score):
        return None
    return written or _Found(shown.score, shown.start, shown.end)


def _written(words: str, pieces: list[Token], kind: str, scale: Scale, language: str | None) -> _Found | str | None:
    """A score in digits or words; a text where there is more than one, or one that is not on the scale."""
    parts = _without_courtesies(clauses(pieces))
    shapes = [(number, found) for number, part in enumerate(parts) if (found := shape(part, kind, scale)) is not None]
    if not shapes:
        return None
    if len({found.score for _, found in shapes}) > 1 or shapes[0][1].score is None:
        return "unclear"
    for number, found in shapes:
        score = found.score
        if score is None or (score == 1 and _may_count(parts, number, found.said)):
            continue
        if _is_placed(parts, number, found.said, language or _language(words)):
            return _Found(score, found.start, _end(shapes, number))
    return None


def _end(shapes: list[tuple[int, Shape]], number: int) -> int:
    """Where a score ends that may be said again at once: "9 (nine)"."""
    ends = {place: shape.end for place, shape in shapes}
    while number + 1 in ends:
        number += 1
    return ends[number]


def _language(words: str) -> str | None:
    return language_of(words[:2_000])


def _without_courtesies(parts: list[Clause]) -> list[Clause]:
    """Without greetings at the beginning and thanks at the end."""
    first, last = 0, len(parts)
    while first < last and parts[first].only(GREETINGS):
        first += 1
    while first < last and parts[last - 1].only(CLOSINGS):
        last -= 1
    return parts[first:last]


def _may_count(parts: list[Clause], number: int, said: str) -> bool:
    """Whether a 1 may be the first of a list: "One, the staff …", "1, the staff … 2, the food …"."""
    rest = parts[number + 1 :]
    return bool(rest) and (said == "spelled" or any(piece.text == "2" for part in rest for piece in part.pieces))


def _is_placed(parts: list[Clause], number: int, said: str, language: str | None) -> bool:
    """Whether a clause that looks like a score stands where one is given: first, last, or as a sentence of its own.

    `said` is how it says so, as in `Shape`.
    """
    here, behind = parts[number], parts[number + 1] if number + 1 < len(parts) else None
    before = parts[number - 1] if number else None
    if "?" in here.after or said == "vague":
        return False  # somebody asks, or tells the day
    if behind is not None and "\n" not in here.after and behind.begins_with_number and said != "clear":
        return False  # 2, 3 hours
    if before is None:
        base = (language or "").replace("_", "-").split("-")[0].lower()
        return said == "clear" or behind is None or not here.is_ordinal or base in PLAIN_DOT
    if before.ends_with_number and "\n" not in before.after:
        return False  # version 2. 3
    return before.last_word not in OTHERWISE and _follows(before, here, behind, said, parts)


def _follows(before: Clause, here: Clause, behind: Clause | None, said: str, parts: list[Clause]) -> bool:
    """The same for one that is not the first."""
    if ":" in before.after and "\n" not in before.after:
        return before.last_word in LABELS
    if behind is not None:
        return said == "clear" and _is_strong(before) and _is_strong(here)
    return _is_strong(before) or said == "clear" or (said == "plain" and sum(part.numbers for part in parts) == 1)


def _is_strong(part: Clause) -> bool:
    return not _STRONG.isdisjoint(part.after)


def _without(words: str, found: _Found) -> str | None:
    """The words around a score, without the marks that set it off."""
    before = words[: found.start].rstrip(_BEFORE)
    behind = words[found.end :]
    after = behind.lstrip(_AROUND)
    if "(" in behind[: len(behind) - len(after)]:
        after = after.replace(")", "", 1)
    rest = (
        f"{before} {after}".strip() if "\n" not in words[: found.start][len(before) :] else f"{before}\n{after}".strip()
    )
    says = [piece.text for piece in tokens(rest) if piece.kind != "line" and piece.text not in _AROUND]
    return rest if any(word not in HELLOS and word not in LABELS for word in says) else None
