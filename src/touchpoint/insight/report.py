"""The figures of a store, as data: frozen, and plain where that is asked for (`to_dict`)."""

from typing import Any, Literal

import attrs

from touchpoint.insight.contacts import ConversationFigures
from touchpoint.insight.figure import Figure
from touchpoint.insight.growth import GrowthPeriod
from touchpoint.insight.means import PooledMean
from touchpoint.insight.proportions import Share
from touchpoint.insight.scores import Ces, Nps
from touchpoint.insight.shrinkage import Ranking
from touchpoint.insight.spans import Spans
from touchpoint.model.scale import Scale

Phase = Literal["attract", "engage", "delight"]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a figure
    if isinstance(value, Figure):
        return value.to_dict()
    if isinstance(value, Scale):
        return {"low": value.low, "high": value.high, "better": value.better}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, dict) else value


class _Told(Figure):
    """A figure made of figures, each of which says itself what it is."""

    __slots__ = ()

    def to_dict(self) -> dict[str, object]:
        """Names and values, nested ones too, of types that JSON knows."""
        fields = attrs.fields(type(self))
        return {field.name: _plain(getattr(self, field.name)) for field in fields}


@attrs.frozen
class StageFigures(_Told):
    """A stage of a journey.

    Args:
        journey: its journey.
        stage: its name.
        phase: attract, engage or delight; None for a stage that no journey at work has any more.
        now: customers in it now, whatever the range.
        entered: how often it was entered, in the range.
        left: how often it was left.
        dwell: how long those who left it had been in it, in seconds.
    """

    journey: str
    stage: str
    phase: Phase | None
    now: int
    entered: int
    left: int
    dwell: Spans


@attrs.frozen
class PhaseFigures(_Told):
    """A phase of the flywheel, over all journeys of the report: its stages added up, so a customer counts in each.

    Args:
        phase: attract, engage or delight.
        now: customers in its stages now.
        entered: moves into it from elsewhere, in the range; those between its own stages are none.
        left: moves out of it.
    """

    phase: Phase
    now: int
    entered: int
    left: int


@attrs.frozen
class Flow(_Told):
    """Moves from one stage to another, in the range.

    Args:
        journey: in which they were.
        left: the stage they came from; None for customers who were in none.
        entered: the stage they went to.
        n: how many.
    """

    journey: str
    left: str | None
    entered: str
    n: int


@attrs.frozen
class GrowthFigures(_Told):
    """Growth accounting of one month or week.

    Args:
        name: such as `2026-03`, or `2026-W09` as in ISO 8601.
        over: whether the period is over; if not, who churns in it is not final.
        growth: the counts.
    """

    name: str
    over: bool
    growth: GrowthPeriod


@attrs.frozen
class ScoreCount(_Told):
    """How often one score was given: `score` is a number as text, `3` or `9/2`, on `scale`."""

    scale: Scale
    score: str
    n: int


@attrs.frozen
class PlaceFigures(_Told):
    """Feedback of one kind from one source, about one location or about all of them.

    Args:
        location: its name; None for feedback about none, and for the whole.
        others: whether it stands for all locations beyond those that are told apart.
        answers: all of them, with a score or with words alone.
        blank: touchpoints of the source with neither a score nor a word.
        counts: answers by score; what was given on two scales stands apart.
        nps: the net promoter score, for kind `nps`.
        csat: the share of those who gave ¾ of the scale or more (4 or 5 of 5), for kind `csat`.
        ces: the customer effort score, for kind `ces` on one scale; its `statistic` is named.
        mean: of all scores, in percent of what their scales allow; None where there are none.
        low: the share of scores of at most ¼ of their scale (1 or 2 of 5).
        intents: answers by intent, where that was told.
    """

    location: str | None
    others: bool
    answers: int
    blank: int
    counts: tuple[ScoreCount, ...]
    nps: Nps | None
    csat: Share | None
    ces: Ces | None
    mean: PooledMean | None
    low: Share | None
    intents: dict[str, int]

    @property
    def scored(self) -> int:
        """Answers with a score."""
        return sum(each.n for each in self.counts)

    def at_most(self, score: int, scale: Scale) -> int:
        """Answers on a scale with this score or a lower one."""
        from fractions import Fraction

        return sum(each.n for each in self.counts if each.scale == scale and Fraction(each.score) <= score)


@attrs.frozen
class FeedbackFigures(_Told):
    """Feedback of one kind from one source, in the range.

    Args:
        source: the type of its touchpoints.
        kind: nps, csat, ces, review or text.
        whole: all of it.
        places: by location, the one with most answers first.
        ranking: the locations, the best first, drawn towards the whole so that small ones are not ranked by luck: by
            NPS in points, share of satisfied, or mean in percent of the scale. None with fewer than two of them.
    """

    source: str
    kind: str
    whole: PlaceFigures
    places: tuple[PlaceFigures, ...]
    ranking: Ranking | None

    def place(self, location: str) -> PlaceFigures | None:
        """One location, or None where nothing was said of it."""
        return next((each for each in self.places if each.location == location), None)


@attrs.frozen
class CaseFigures(_Told):
    """Cases of one kind.

    Args:
        kind: of the cases.
        open: how many are open now, whatever the range.
        opened, answered, closed: how many were, in the range.
        merged: how many became part of another case; they are not among the closed.
        overdue: how many missed which deadline, in the range.
        escalated: how many reached which level, in the range.
        to_answer: from opening to the first response, of those answered in the range, in seconds.
        to_close: from opening to closing, of those closed in the range, in seconds.
    """

    kind: str
    open: int
    opened: int
    answered: int
    closed: int
    merged: int
    overdue: dict[str, int]
    escalated: dict[str, int]
    to_answer: Spans
    to_close: Spans


@attrs.frozen
class LoopFigures(_Told):
    """How soon criticism is answered: cases that feedback led to, by the type of its touchpoints.

    Args:
        source: the type of the touchpoints.
        heard: how many of them led to a case, in the range.
        to_answer: from what was said to the first response, of those answered in the range, in seconds.
        to_close: from what was said to the end of its case, of those closed in the range, in seconds; of a case that
            became part of another, to that (`engine.cases.loops` goes on to the end of the other).
    """

    source: str
    heard: int
    to_answer: Spans
    to_close: Spans


@attrs.frozen
class MessageFigures(_Told):
    """One message of a journey.

    Args:
        journey: its journey.
        message: its name.
        kind: of the message.
        waiting: how many wait or are on their way now, whatever the range.
        due: how many fell due for the first time, in the range.
        sent: how many went out, in the range, by channel.
        held: how many had to wait, by the check that held them; one that was held by two counts for each.
        ended: how many ended otherwise: status → reason → how many. The reason is the check or the provider's code.
    """

    journey: str
    message: str
    kind: str
    waiting: int
    due: int
    sent: dict[str, int]
    held: dict[str, int]
    ended: dict[str, dict[str, int]]


@attrs.frozen
class BudgetFigures(_Told):
    """What was given, against what may be: in the present period of the budget, whatever the range.

    Args:
        budget: its name; that of the gift, where the budget is the gift's own.
        amount: what may be given, as a decimal number in text.
        spent: worth of what was handed over, or may have been; likewise.
        reserved: worth of what is on its way.
        left: what may still be given.
        currency: of all of them; may be empty.
        since: when the period began, as ISO 8601; None for a budget without periods.
        until: when it ends.
        per_customer: how much of it one customer may get in that period; None for no such bound.
    """

    budget: str
    amount: str
    spent: str
    reserved: str
    left: str
    currency: str
    since: str | None
    until: str | None
    per_customer: str | None = None

    @property
    def used(self) -> float:
        """The share that is spent or on its way; of a budget of 0 all of it."""
        taken, amount = float(self.spent) + float(self.reserved), float(self.amount)
        return taken / amount if amount else 1.0


@attrs.frozen
class StockFigures(_Told):
    """What is in stock now, whatever the range.

    Args:
        stock: its name.
        left: how many there are.
    """

    stock: str
    left: int


@attrs.frozen
class Report(_Told):
    """The figures of a store for a range of days.

    Args:
        zone: by whose calendar days are counted.
        since: the first day, as ISO 8601; None for the beginning.
        until: the last day; None for the end.
        complete: whether every customer is counted; if not, `rebuild` has not been run since figures were switched on.
        stages: every stage, in the order of its journey.
        phases: those of the flywheel.
        flows: between stages, the most frequent first.
        months, weeks: growth accounting, oldest first.
        feedback: by source and kind.
        cases: by kind.
        loops: from feedback to what was done about it.
        conversations: how what customers said in the range was answered, as of now.
        messages: by journey and name.
        gifts: against their budgets.
        stocks: of gifts, by name.
    """

    zone: str
    since: str | None
    until: str | None
    complete: bool
    stages: tuple[StageFigures, ...]
    phases: tuple[PhaseFigures, ...]
    flows: tuple[Flow, ...]
    months: tuple[GrowthFigures, ...]
    weeks: tuple[GrowthFigures, ...]
    feedback: tuple[FeedbackFigures, ...]
    cases: tuple[CaseFigures, ...]
    loops: tuple[LoopFigures, ...]
    conversations: ConversationFigures
    messages: tuple[MessageFigures, ...]
    gifts: tuple[BudgetFigures, ...]
    stocks: tuple[StockFigures, ...]
