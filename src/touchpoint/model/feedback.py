"""Feedback: what customers say of us, in numbers and in words (S8.1)."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal, get_args

import attrs

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.message import Number
from touchpoint.model.payload import TEXT, is_unicode
from touchpoint.model.scale import Scale

FeedbackKind = Literal["nps", "csat", "ces", "review", "text"]
"""What was asked: would you recommend us, how satisfied are you, how easy was it, a public rating, or free words."""
KINDS: Final = get_args(FeedbackKind)

Intent = Literal["praise", "criticism", "wish", "question"]
"""What somebody wants who says it."""
INTENTS: Final = get_args(Intent)

_NAMES: Final = ("channel", "location", "language", "about")
LONGEST_FIELD: Final = 500
"""Characters in a channel, a location, a language or what it is about, as of a touchpoint."""


SCALES: Final[Mapping[str, Scale]] = MappingProxyType({"nps": Scale(0, 10), "csat": Scale(1, 5), "ces": Scale(1, 7)})
"""The usual scale of each kind that has one. That of `nps` is part of its definition; the others may be given."""


def scale_of(kind: str, scale: Scale | None = None) -> Scale | None:
    """The scale on which an answer of this kind counts: the given one, else the usual one; None where there is none.

    Raises:
        UnknownName: there is no such kind.
        InvalidInput: the kind has no score (`text`), or its scale is fixed (`nps`) and another one is given.
    """
    if kind not in KINDS:
        raise UnknownName("kind of feedback", kind, KINDS)
    if scale is None:
        return SCALES.get(kind)
    if not isinstance(scale, Scale):
        raise InvalidInput(f"scale= takes a Scale such as Scale(1, 5), not {type(scale).__name__}")
    if kind == "text":
        raise InvalidInput(
            "feedback of kind 'text' has no score and no scale; use kind='review' for words with a rating"
        )
    if kind == "nps" and scale != SCALES["nps"]:
        raise InvalidInput(
            "the net promoter score is defined on 0 to 10 (Reichheld 2003); use kind='csat' or 'review' for others"
        )
    return scale


@attrs.frozen(kw_only=True)
class Feedback:
    """One answer of one customer. Part of it may be missing, but not all.

    The score is kept as it was given, beside its scale, so that a source that moves from five to ten points is
    never mixed: compare `share`.

    Args:
        kind: nps, csat, ces, review or text.
        score: on `scale`; whole for nps, csat and ces. None where there are words only.
        scale: the usual one of the kind unless given; a review with a score has none but its own.
        comment: in the customer's words; at most 65,536 characters.
        intent: praise, criticism, wish or question, where that is known.
        channel: on which it came.
        location: which it is about, such as a store.
        language: of the comment, such as `en` or `pt-BR`.
        about: the key of the message, or the id of the touchpoint, that it answers.
        at: when it was given; aware.

    Raises:
        InvalidInput: the score is no number or not on its scale, `at` has no zone, a text is too long or none, or
            there is nothing in it. What the customer said is not repeated.
        UnknownName: there is no such kind or intent.
    """

    kind: FeedbackKind
    score: Number | None = attrs.field(default=None, repr=False)
    scale: Scale | None = None
    comment: str | None = attrs.field(default=None, repr=False)
    intent: Intent | None = None
    channel: str | None = None
    location: str | None = attrs.field(default=None, repr=False)
    language: str | None = None
    about: str | None = attrs.field(default=None, repr=False)
    at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "scale", scale_of(self.kind, self.scale))
        object.__setattr__(self, "comment", _comment(self.comment))
        if self.score is not None:
            object.__setattr__(self, "score", _score(self.kind, self.score, self.scale))
        if self.intent is not None and self.intent not in INTENTS:
            raise UnknownName("intent", self.intent, INTENTS)
        for name in _NAMES:
            _check_name(name, getattr(self, name))
        if self.at is not None and (not isinstance(self.at, datetime) or self.at.utcoffset() is None):
            raise InvalidInput("Feedback(at=) takes an aware datetime; use datetime(…, tzinfo=UTC)")
        if self.score is None and self.comment is None:
            raise InvalidInput(
                "Feedback() has neither a score nor a comment; an empty answer is none, do not record it"
            )

    @property
    def share(self) -> Fraction | None:
        """How far up its scale the score is, from 0 to 1, exactly; None without a score."""
        return None if self.score is None or self.scale is None else self.scale.share(self.score)

    def properties(self) -> dict[str, object]:
        """What it says, as properties of a touchpoint; where, when and about what are fields of the touchpoint.

        Where there is a score, `share` is there for rules, which then hold on every scale; it is not read back.
        """
        found: dict[str, object] = {"kind": self.kind}
        if self.score is not None and self.share is not None:
            found |= {"score": self.score, "share": float(self.share)}
        if self.scale is not None and (self.score is not None or self.scale != SCALES.get(self.kind)):
            found["scale"] = [self.scale.low, self.scale.high, *(["low"] if self.scale.better == "low" else [])]
        said = {"comment": self.comment, "intent": self.intent, "language": self.language}
        return found | {name: value for name, value in said.items() if value is not None}

    @classmethod
    def of(cls, properties: Mapping[str, object], **fields: object) -> "Feedback":
        """Feedback from such properties, or from a form or a file that uses their names; others are passed over.

        Args:
            properties: `kind`, and whatever there is of `score`, `scale` (as `properties` writes it), `comment`,
                `intent`, `language`.
            fields: channel, location, about and at, as of the touchpoint.

        Raises:
            InvalidInput: see `Feedback`.
            UnknownName: likewise.
        """
        names = ("score", "comment", "intent", "language")
        known = {name: properties[name] for name in names if name in properties}
        scale = _read_scale(properties.get("scale"))
        return cls(kind=properties.get("kind"), scale=scale, **known, **fields)  # type: ignore[arg-type]


def _score(kind: str, score: object, scale: Scale | None) -> Number:
    if scale is None:
        raise InvalidInput(
            f"feedback of kind {kind!r} has a score without a scale; give the one of the source, such as "
            "scale=Scale(1, 5)"
            if kind == "review"
            else "feedback of kind 'text' has no score; use kind='review' for words with a rating"
        )
    exact = scale.exact(score)  # type: ignore[arg-type]
    if kind == "review" or isinstance(score, int):
        return score  # type: ignore[return-value]
    if exact.denominator != 1:
        raise InvalidInput(f"an answer of kind {kind!r} is a whole number; an average is not an answer")
    return int(exact)


def _comment(comment: object) -> str | None:
    if comment is None:
        return None
    if not isinstance(comment, str):
        raise InvalidInput(f"Feedback(comment=) takes text, not {type(comment).__name__}")
    if len(comment) > TEXT or not is_unicode(comment):
        raise InvalidInput(f"Feedback(comment=) takes at most {TEXT:,} characters that can be written as UTF-8")
    return comment if comment.strip() else None


def _check_name(name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not value or len(value) > LONGEST_FIELD or not is_unicode(value):
        raise InvalidInput(f"Feedback({name}=) takes a text of 1 to {LONGEST_FIELD} characters, or None")


def _read_scale(scale: object) -> Scale | None:
    if scale is None or isinstance(scale, Scale):
        return scale
    if isinstance(scale, list | tuple) and len(scale) in {2, 3}:
        return Scale(*scale[:2], better=scale[2] if len(scale) == 3 else "high")
    raise InvalidInput(
        'the scale of feedback is two whole numbers, its lowest and highest score, such as [1, 5]; or [1, 7, "low"] '
        "where low is better"
    )
