"""What of a timeline is feedback: our own `feedback` touchpoints, and the host's types that are declared so (S8.1)."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.feedback import INTENTS, KINDS, LONGEST_FIELD, SCALES, Feedback, FeedbackKind, scale_of
from touchpoint.model.message import Number
from touchpoint.model.names import check_type_name
from touchpoint.model.payload import LONGEST_NAME, TEXT, is_unicode
from touchpoint.model.scale import Scale
from touchpoint.model.touchpoint import Touchpoint

FEEDBACK: Final = "feedback"
"""The type of touchpoints that hold feedback in the library's own form, `Feedback.properties()`."""

_WRITTEN: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?", re.ASCII)

Scales = tuple[tuple[datetime, Scale], ...]


def _scales(value: object) -> "Scale | Scales | None":
    if value is None or isinstance(value, Scale):
        return value
    if not isinstance(value, Mapping) or not value:
        raise InvalidInput(
            "FeedbackSource(scale=) takes a Scale such as Scale(1, 5), or the scales by the instant from which each is "
            "in force: {datetime(2026, 1, 1, tzinfo=UTC): Scale(1, 10)}"
        )
    for since, scale in value.items():
        if not isinstance(since, datetime) or since.utcoffset() is None or not isinstance(scale, Scale):
            raise InvalidInput("FeedbackSource(scale=): scales that change are Scales by aware datetimes")
    return tuple(sorted(value.items()))


@attrs.frozen
class FeedbackSource:
    """Where a type of the host's own touchpoints has feedback in it, such as `review` with `score` and `comment`.

    Args:
        type: of the touchpoints.
        kind: nps, csat, ces, review or text.
        score: the property that holds the score; None where there is none.
        comment: the property that holds the words; None where there are none.
        scale: of the scores; the usual one of the kind unless given. A source that changes its scale says from when on
            each is in force, by `Touchpoint.at`: `{datetime(…, tzinfo=UTC): Scale(1, 5), datetime(…): Scale(1, 10)}`.
            What came before the first of them has no score.
        location: the property that names the location; the touchpoint's own unless given.
        intent, language: the properties that hold those, where there are any.

    Raises:
        InvalidInput: a name is none; a scale is none, or does not fit the kind; or neither score nor comment is named.
        UnknownName: there is no such kind.
    """

    type: str
    kind: FeedbackKind = "review"
    score: str | None = "score"
    comment: str | None = "comment"
    scale: "Scale | Scales | None" = attrs.field(default=None, converter=_scales)
    location: str | None = None
    intent: str | None = attrs.field(default=None, kw_only=True)
    language: str | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.type, str):
            raise InvalidInput("FeedbackSource(type) takes the type of the host's touchpoints, such as 'review'")
        check_type_name(self.type)
        if self.kind not in KINDS:
            raise UnknownName("kind of feedback", self.kind, KINDS)
        for name in ("score", "comment", "location", "intent", "language"):
            _check_property(name, getattr(self, name))
        if self.kind == "text" and self.scale is None:
            object.__setattr__(self, "score", None)
        if self.score is None and self.comment is None:
            raise InvalidInput(
                "FeedbackSource(score=None, comment=None) would find nothing; name one of the properties"
            )
        for scale in (self.scale,) if not isinstance(self.scale, tuple) else [each for _, each in self.scale]:
            scale_of(self.kind, scale)
        if self.score is not None and self.scale is None and self.kind not in SCALES:
            raise InvalidInput(
                f"FeedbackSource({self.type!r}, {self.kind!r}) has scores without a scale; give the one of the source, "
                "such as scale=Scale(1, 5), or score=None"
            )

    def scale_at(self, at: datetime | None) -> Scale | None:
        """The scale in force at an instant; the latest one for None. None before the first, or where there is none."""
        if not isinstance(self.scale, tuple):
            return scale_of(self.kind, self.scale)
        known = [scale for since, scale in self.scale if at is None or since <= at]
        return known[-1] if known else None

    def read(self, touchpoint: Touchpoint) -> Feedback | None:
        """The feedback in a touchpoint of this type; None where there is neither a score on the scale nor a word.

        It never raises: what is not understood is left out. A score may be a number, or a number written in digits, as
        files have it.
        """
        told = touchpoint.properties
        scale = self.scale_at(_instant(touchpoint))
        location = _name(told.get(self.location)) if self.location is not None else None
        return _lenient(
            self.kind,
            None if self.score is None else _number(told.get(self.score)),
            scale,
            None if self.comment is None else told.get(self.comment),
            intent=None if self.intent is None else told.get(self.intent),
            language=None if self.language is None else told.get(self.language),
            location=location or _name(touchpoint.location),
            touchpoint=touchpoint,
        )


def sources_by_type(sources: Iterable[FeedbackSource]) -> Mapping[str, FeedbackSource]:
    """The sources by type of touchpoint, in their order.

    Raises:
        InvalidInput: one is no `FeedbackSource`, or two read the same type.
    """
    found: dict[str, FeedbackSource] = {}
    for each in sources:
        if not isinstance(each, FeedbackSource):
            raise InvalidInput(f"feedback= takes FeedbackSource(…), not {type(each).__name__}")
        if each.type in found:
            raise InvalidInput(f"two sources of feedback read touchpoints of type {each.type!r}; keep one of them")
        found[each.type] = each
    return found


def feedback_of(
    touchpoint: Touchpoint, sources: Iterable[FeedbackSource] | Mapping[str, FeedbackSource] = ()
) -> Feedback | None:
    """The feedback that a touchpoint is; None where it is none.

    A touchpoint of type `feedback` is read as `Feedback.properties()` has written it; of another type as its
    source says. `channel`, `location`, `about` and `at` come from the touchpoint. A source for the type `feedback`
    itself reads those that do not say their `kind`. It never raises: a score that is none, or not on its scale, is
    left out.

    Args:
        touchpoint: of any type.
        sources: of the host's own types; those that `sources_by_type` gives are found at once.
    """
    if touchpoint.type == FEEDBACK and touchpoint.properties.get("kind") in KINDS:
        return _own(touchpoint)
    if isinstance(sources, Mapping):
        source = sources.get(touchpoint.type)
    else:
        source = next((each for each in sources if each.type == touchpoint.type), None)
    return None if source is None else source.read(touchpoint)


def _own(touchpoint: Touchpoint) -> Feedback | None:
    told = touchpoint.properties
    kind: FeedbackKind = told["kind"]  # type: ignore[assignment]
    try:
        # Feedback.of reads the scale; a score beside it would be refused as a whole.
        scale = Feedback.of({"kind": kind, "comment": "-", "scale": told.get("scale")}).scale
    except (InvalidInput, UnknownName):
        scale = None
    return _lenient(
        kind, told.get("score"), scale, told.get("comment"), intent=told.get("intent"),
        language=told.get("language"), location=_name(touchpoint.location), touchpoint=touchpoint,
    )  # fmt: skip


def _lenient(
    kind: FeedbackKind, score: object, scale: Scale | None, comment: object, *, intent: object, language: object,
    location: str | None, touchpoint: Touchpoint,
) -> Feedback | None:  # fmt: skip
    words = comment if isinstance(comment, str) and comment.strip() else None
    if words is not None and (len(words) > TEXT or not is_unicode(words)):
        words = words[:TEXT].encode("utf-8", "replace").decode()
    given = _score(kind, score, scale)
    if given is None and words is None:
        return None
    return Feedback(
        kind=kind, score=given, scale=scale, comment=words, intent=intent if intent in INTENTS else None,  # type: ignore[arg-type]
        language=_name(language), location=location, channel=_name(touchpoint.channel), about=_name(touchpoint.about),
        at=_instant(touchpoint),
    )  # fmt: skip


def _instant(touchpoint: Touchpoint) -> datetime | None:
    at = touchpoint.at or touchpoint.recorded_at
    return at if isinstance(at, datetime) and at.utcoffset() is not None else None


def _score(kind: FeedbackKind, score: object, scale: Scale | None) -> Number | None:
    """A score that `Feedback` takes, or None."""
    if score is None or scale is None:
        return None
    try:
        return Feedback(kind=kind, score=score, scale=scale).score  # type: ignore[arg-type]
    except InvalidInput:
        return None


def _number(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not _WRITTEN.fullmatch(text):
        return None
    return int(text) if text.lstrip("+-").isdigit() else Decimal(text)


def _name(value: object) -> str | None:
    """A name that `Feedback` takes; None where it is none."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_FIELD and is_unicode(value) else None


def _check_property(name: str, value: object) -> None:
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= LONGEST_NAME):
        raise InvalidInput(
            f"FeedbackSource({name}=) takes the name of a property, of 1 to {LONGEST_NAME} characters, or None"
        )
