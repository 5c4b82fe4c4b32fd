"""What we say to a customer, and why (S6.1)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, Protocol

import attrs

from touchpoint.errors import InvalidInput, JourneyError
from touchpoint.model.budget import Budget, Stock
from touchpoint.model.limits import Limit
from touchpoint.model.money import Number

if TYPE_CHECKING:
    from touchpoint.model.scale import Scale
    from touchpoint.model.template import Template

__all__ = ["BEST_BEFORE", "BEST_BEFORE_OTHERWISE", "Content", "Gift", "Message", "Number", "OnRelease", "Survey"]

_ENDS: Final = 2
_NO_WORDINGS: Final = ()
OnRelease = Literal["send", "drop", "replan"]

BEST_BEFORE: Mapping[str, timedelta] = {"transactional": timedelta(days=1), "service": timedelta(days=3)}
"""How long after it was first due a message of a kind may still go out (S6.7)."""
BEST_BEFORE_OTHERWISE = timedelta(days=7)


@attrs.frozen
class Content:
    """The words of a message; each part is a template (S6.2).

    Args:
        text: the plain words.
        subject: the subject line, where the channel has one.
        html: the same in HTML; what is looked up is escaped.
        promotional: True makes any message that carries it marketing.
    """

    text: str = ""
    subject: str | None = None
    html: str | None = None
    promotional: bool = False

    @cached_property
    def templates(self) -> Mapping[str, "Template"]:
        """Its parts (`subject`, `text`, `html`) as far as it has them, parsed once.

        Raises:
            JourneyError: with every mistake in the first part that has any.
        """
        from touchpoint.model.template import Template  # who only names a message needs no templates

        parts = (("subject", self.subject), ("text", self.text), ("html", self.html))
        return {part: Template(text) for part, text in parts if text is not None}


def contents_of(value: Content | Mapping[str, Content] | None) -> Mapping[str, Content]:
    """Contents by channel and locale; one alone is for all of them. Raises JourneyError for what is neither."""
    if value is None:
        return {}
    if isinstance(value, Content):
        return {"*": value}
    if not isinstance(value, Mapping):
        raise JourneyError(f"content= takes a Content, or a mapping of channels or locales to it, not {_sort(value)}")
    return dict(value)


def names_of(value: Iterable[str] | str | None) -> tuple[str, ...]:
    """Names as a tuple; one alone may be given as it is. Raises JourneyError for what is no list."""
    if value is None:
        return ()
    if type(value) is list or type(value) is tuple:  # nearly all are, which is quick
        return tuple(value)
    if not isinstance(value, Iterable):
        raise JourneyError(f'a list of names was expected, such as ["email"], not {_sort(value)}')
    return (value,) if isinstance(value, str) else tuple(value)


def _sort(value: object) -> str:
    return f"a {type(value).__name__}"


def said_as(key: str, wording: str) -> str:
    """The name of a content of a wording among all contents of its message; of `content` itself it is the key."""
    return f"{key}@{wording}" if wording else key


def fitting(content: Mapping[str, Content], channel: str, locale: str | None) -> str | None:
    """The most specific key there is of `channel/locale`, `channel`, `locale` and `*`; None where none of them is."""
    language = locale.replace("_", "-").split("-")[0] if locale else None
    keys = [f"{channel}/{locale}", f"{channel}/{language}", channel, locale, language, "*"]
    return next((key for key in keys if key is not None and key in content), None)


class Worded(Protocol):
    """One more wording of a message: `touchpoint.Wording`, which stands above this room because it has a condition."""

    @property
    def name(self) -> str:
        """Unique in its message."""

    @property
    def content(self) -> Mapping[str, Content]:
        """As in the message."""

    @property
    def uses(self) -> tuple[str, ...]:
        """Traits it uses beyond those that its templates and its condition name."""


def _wordings(value: Iterable[Worded] | Worded | None) -> tuple[Worded, ...]:
    if value is None or value is _NO_WORDINGS:
        return ()
    return tuple(value) if isinstance(value, Iterable) else (value,)


@attrs.frozen(kw_only=True)
class Message:
    """One communication, with its purpose.

    Args:
        name: unique among the messages of an engine.
        why: why we send it. A message without a purpose makes its journey invalid.
        wants: what the customer should do.
        feels: how it should leave the customer.
        kind: transactional, service, marketing, feedback, gift, or the host's own.
        channels: in order of preference.
        content: `Content`, or a mapping from `channel/locale`, `channel`, `locale` or `*` to one.
        topic: what consent and preferences may name apart from the kind.
        uses: traits it uses beyond those its templates name.
        wordings: what it says to some instead of `content`, each a `Wording`: the first whose condition is true at
            release.
        expires: best-before, counted from when it was first due; by kind unless given.
        priority: higher goes first where messages compete; added to the rule's.
        cost: in the host's unit.
        exempt: ignores caps.
        counted: False keeps it out of caps; an exempt message is still counted unless told otherwise.
        on_release: what a held message does once the hold ends: `send`, `drop`, or `replan`: it is withdrawn, and its
            run goes back to the branch that led to it, or to its own step, so that all is asked and chosen anew.
        limit: how often one customer may get it.
        answer: it answers a word such as STOP or HELP, and passes caps, quiet hours, holds, wishes, and the opt-out
            itself (S7.3). Only what is transactional may; `touchpoint.channels.answers` makes them.
    """

    name: str = attrs.field(kw_only=False)
    why: str = ""
    wants: str = ""
    feels: str = ""
    kind: str = "service"
    channels: tuple[str, ...] = attrs.field(default=(), converter=names_of)
    content: Mapping[str, Content] = attrs.field(default=None, converter=contents_of, repr=False)
    topic: str | None = None
    uses: tuple[str, ...] = attrs.field(default=(), converter=names_of)
    expires: timedelta | None = None
    priority: int = 0
    cost: Number = 0
    exempt: bool = False
    counted: bool = True
    on_release: OnRelease = "send"
    limit: Limit | None = None
    answer: bool = False
    wordings: tuple[Worded, ...] = attrs.field(default=(), converter=_wordings)

    @property
    def effective_kind(self) -> str:
        """The kind that policies see: promotional content makes any message marketing."""
        promotional = any(content.promotional for content in self.contents.values())
        return "marketing" if promotional else self.kind

    @property
    def contents(self) -> Mapping[str, Content]:
        """Everything it may say: its own content, and under `key@name` that of its wordings."""
        if not self.wordings:
            return self.content
        more = {said_as(key, each.name): one for each in self.wordings for key, one in each.content.items()}
        return {**self.content, **more}

    @property
    def best_before(self) -> timedelta:
        """How long after it was first due it may still go out."""
        return self.expires if self.expires is not None else BEST_BEFORE.get(self.effective_kind, BEST_BEFORE_OTHERWISE)

    def words(self, channel: str, locale: str | None) -> Content | None:
        """The content for a channel and locale: the most specific of `channel/locale`, `channel`, `locale`, `*`."""
        key = fitting(self.content, channel, locale)
        return None if key is None else self.content[key]


def _points(value: Iterable[int] | None) -> tuple[int, ...] | None:
    return None if value is None else tuple(value)


@attrs.frozen(kw_only=True)
class Survey(Message):
    """A request for feedback.

    Args:
        scale: nps (0-10), csat (1-5), ces (1-7), review or text.
        points: the lowest and the highest score, where they are not the usual ones; needed for the scores of a review.
        incentive: what is given for an answer, in the words in which the survey tells so. Never for a good one.
    """

    kind: str = "feedback"
    scale: str = "csat"
    points: tuple[int, int] | None = attrs.field(default=None, converter=_points)
    incentive: str = ""

    def answered_on(self) -> "Scale | None":
        """The scale of its answers; None where they have no score.

        Raises:
            InvalidInput: the points are no scale, or do not fit the kind.
        """
        from touchpoint.model.feedback import scale_of
        from touchpoint.model.scale import Scale

        if self.points is not None and len(self.points) != _ENDS:
            raise InvalidInput("points= takes two whole numbers, the lowest and the highest score")
        return scale_of(self.scale, None if self.points is None else Scale(*self.points))


@attrs.frozen(kw_only=True)
class Gift(Message):
    """Something given.

    One customer gets it once for one occasion and cause: what started its run, such as a complaint. What goes to a
    postal address needs a consent to gifts (`gift`, or the topic), express, whatever its kind.

    Args:
        occasion: thank, apologise, celebrate or care.
        worth: of one, in `currency`.
        currency: three letters (ISO 4217), such as EUR.
        budget: a `Budget`, which others may share; or a number: what all of this gift together may be worth, for ever;
            None for no bound.
        stock: a `Stock`, which others may share; or a number: how many of this gift there are at first; None where it
            does not run out.
        approve_above: a person has to approve one that is worth more than this; None: nobody has to.
        worth_back: True books what is returned, or declined after it was handed over, back to its budget, too; to its
            stock it goes in any case.
    """

    kind: str = "gift"
    occasion: str = "thank"
    worth: Number = 0
    currency: str = ""
    budget: Number | Budget | None = None
    stock: int | Stock | None = None
    approve_above: Number | None = None
    worth_back: bool = False

    @property
    def shelf(self) -> Stock | None:
        """The stock that it is taken from; a number is one of its own."""
        return self.stock if isinstance(self.stock, Stock) or self.stock is None else Stock(self.name, self.stock)

    @property
    def purse(self) -> Budget | None:
        """The budget that others may share; None also where it has a number of its own."""
        return self.budget if isinstance(self.budget, Budget) else None
