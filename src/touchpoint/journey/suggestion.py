"""Suggestions: what pages, tills and agents may offer to somebody who is there already (S6.5).

A message is sent; a suggestion is asked for. It is ranked by its stated value, goes through the same gate, and says
nothing until somebody asks.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

import attrs

from touchpoint.durations import Forever, forever
from touchpoint.journey.conditions import Count, Expression, count, event, expression_eq, read_condition
from touchpoint.journey.step_fields import worth
from touchpoint.model.limits import Limit
from touchpoint.model.message import Content, Message
from touchpoint.model.suggested import ACCEPTED, DECLINED, SHOWN

_A_YEAR: Final = timedelta(days=369)
"""The longest calendar period that a limit looks back on, with a margin for time zones."""


def _names(value: Iterable[str] | str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _named(value: Iterable[Any] | Any) -> tuple[str, ...]:  # noqa: ANN401 - names, or what has one
    """Names, or stages and segments that have one."""
    if value is None:
        return ()
    given = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
    return tuple(getattr(each, "name", each) for each in given)


def _given(value: Expression | str | None) -> Expression | None:
    return read_condition(value, "Suggestion(given=)")  # type: ignore[no-any-return]


def _contents(value: Content | str | Mapping[str, Content] | None) -> Mapping[str, Content]:
    if value is None:
        return {}
    if isinstance(value, str):
        value = Content(text=value)
    return {"*": value} if isinstance(value, Content) else dict(value)


@attrs.frozen(kw_only=True)
class Suggestion:
    """Something to offer at a place, whenever somebody there asks (`Engine.suggest`).

    Of those that may be offered the one of the highest value comes first; where values are equal, the one of higher
    priority, then the one that is declared first.

    Args:
        name: unique among the suggestions and messages of an engine.
        why: why we offer it. A suggestion without a purpose makes its journey invalid.
        place: where it may be offered, such as `web.home`, `store.till` or `agent`. Policies see a place as they see
            the channel of a message.
        given: only where this is true, not false and not unknown. An expression, or text, about the customer.
        value: what it is worth to both of us, as a number or an expression; without one that is known it is not
            offered.
        content: `Content`, a text, or a mapping from `place/locale`, `place`, `locale` or `*` to one.
        kind: what policies, consent and declared uses of traits go by: marketing, service, gift, or the host's own.
        topic: what consent and preferences may name apart from the kind.
        stages: of this journey: only for who is in one of them; everybody unless given.
        segments: of this journey: only for who is in at least one of them; everybody unless given.
        limit: how often one customer may be shown it: `once()`, `times(…)`, `cool_down(…)`.
        rest_after_declined: for how long it is not offered again once it was declined; `forever` for never again.
        rest_after_accepted: likewise, once it was accepted.
        valid_from: the first date on which it is offered, by the customer's clock, or UTC where no zone is known.
        valid_until: the date from which it is offered no more.
        uses: traits it uses beyond those its templates name.
        priority: higher goes first where values are equal.
    """

    name: str = attrs.field(kw_only=False)
    why: str = ""
    place: tuple[str, ...] = attrs.field(default=(), converter=_names)
    given: Expression | None = attrs.field(default=None, converter=_given, eq=expression_eq)
    value: Expression = attrs.field(converter=worth, eq=expression_eq)
    content: Mapping[str, Content] = attrs.field(default=None, converter=_contents, repr=False)
    kind: str = "marketing"
    topic: str | None = None
    stages: tuple[str, ...] = attrs.field(default=(), converter=_named)
    segments: tuple[str, ...] = attrs.field(default=(), converter=_named)
    limit: Limit | None = None
    rest_after_declined: timedelta | Forever | None = None
    rest_after_accepted: timedelta | Forever | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    uses: tuple[str, ...] = attrs.field(default=(), converter=_names)
    priority: int = 0

    @property
    def message(self) -> Message:
        """What the gate is asked about: its words, kind, topic and limit, with its places as channels."""
        return Message(
            self.name, why=self.why, kind=self.kind, channels=self.place, content=self.content, topic=self.topic,
            uses=self.uses, priority=self.priority, limit=self.limit,
        )  # fmt: skip

    @property
    def shown(self) -> Count | None:
        """The question to history by which its limit counts; None without a limit."""
        if self.limit is None:
            return None
        per = self.limit.per
        return _asked(SHOWN, self.name, None if per is None else per if isinstance(per, timedelta) else _A_YEAR)

    @property
    def rests(self) -> Iterator[tuple[str, timedelta | Forever, Count]]:
        """What it rests after: how it is called, for how long, and the question to history."""
        rests = (("declined", DECLINED, self.rest_after_declined), ("accepted", ACCEPTED, self.rest_after_accepted))
        for called, what, lasts in rests:
            if lasts is not None:
                yield called, lasts, _asked(what, self.name, None if lasts is forever else lasts)

    @property
    def expressions(self) -> Iterator[Expression]:
        """All that it asks of a customer, what its limits ask of history among it."""
        yield from (each for each in (self.given, self.value, self.shown) if each is not None)
        yield from (question for _, _, question in self.rests)


def _asked(what: str, name: str, within: object) -> Count:
    return count(what, within=within, where=event.suggestion == name)  # type: ignore[arg-type]  # a timedelta or None
