"""Makes a report of the counts that a store keeps. Pure, but for the questions it asks of whoever holds them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, Protocol, cast, get_args

from touchpoint.insight.contacts import conversation_figures
from touchpoint.insight.growth import GrowthPeriod, Unit, period_of
from touchpoint.insight.report import (
    BudgetFigures,
    CaseFigures,
    FeedbackFigures,
    Flow,
    GrowthFigures,
    LoopFigures,
    MessageFigures,
    Phase,
    PhaseFigures,
    Report,
    StageFigures,
    StockFigures,
)
from touchpoint.insight.scores import CesStatistic
from touchpoint.insight.spans import Spans
from touchpoint.insight.voices import feedback_figures, read_heard
from touchpoint.journey.journey import Journey
from touchpoint.model.figures import from_record
from touchpoint.model.gift import BudgetState
from touchpoint.zones import to_local, zone

PERIODS: Final[Mapping[Unit, int]] = {"month": 120, "week": 520}
"""How many periods a report tells at most: the latest."""
_STAGES: Final = ("flow", "stay", "stayed")
_CASES: Final = ("case", "case span", "case time")
_FEEDBACK: Final = ("answer", "blank", "score", "intent")
_FAR: Final = 10_000_000

Named = tuple[str, list[Any], int]
"""(what, name, n)."""


class _Row(Protocol):
    @property
    def what(self) -> str: ...
    @property
    def day(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def n(self) -> int: ...


class Counts(Protocol):
    """Where counts are asked for; a store's reader is one."""

    def figures(self, what: Sequence[str], first: int, last: int) -> Sequence[_Row]:
        """Counts of these kinds, added up over the days from `first` to `last`."""
        ...

    def figures_by_day(self, what: Sequence[str], first: int, last: int) -> Sequence[_Row]:
        """Likewise, but for each day."""
        ...


def report(  # noqa: PLR0913 - what it is made of
    counts: Counts, settings: str, journeys: Mapping[str, Journey], first: date, last: date, now: int, *,
    complete: bool, only: frozenset[str] | None = None, budgets: Iterable[BudgetState] = (),
    stocks: Mapping[str, int] | None = None, contacts: Iterable[tuple[str, float, bool]] = (),
    statistic: CesStatistic = "mean", level: float = 0.95,
) -> Report:  # fmt: skip
    """The figures of a range of days.

    Args:
        counts: where they are asked for.
        settings: how they are kept, as `Figures.to_record` wrote it.
        journeys: those at work, by name.
        first: the first day; `date.min` for the beginning.
        last: the last day; `date.max` for the end.
        now: the present, microseconds UTC: periods up to it are told.
        complete: whether every customer is counted.
        only: journeys to tell of; all unless given.
        budgets: how they stand.
        stocks: how many are left of each.
        contacts: what customers said in these days, as `conversation_figures` takes it.
        statistic: of customer effort scores.
        level: of confidence.

    Raises:
        StoreCorrupt: the settings are none.
    """
    figures, _ = from_record(settings)
    days = (first.toordinal(), last.toordinal())
    wanted = {name: journey for name, journey in journeys.items() if only is None or name in only}
    stages, flows = _flow(counts, days, wanted, only)
    growth = _growth(counts, first, last, to_local(now, zone(figures.zone)).date())
    return Report(
        zone=figures.zone,
        since=None if first == date.min else first.isoformat(),
        until=None if last == date.max else last.isoformat(),
        complete=complete,
        stages=stages,
        phases=_phases(stages, flows),
        flows=flows,
        months=growth["month"],
        weeks=growth["week"],
        feedback=_feedback(counts, days, statistic, level),
        cases=_cases(counts, days, wanted),
        loops=_loops(counts, days),
        conversations=conversation_figures(contacts, level=level),
        messages=_messages(counts, days, wanted, only),
        gifts=_gifts(budgets),
        stocks=tuple(StockFigures(name, left) for name, left in sorted((stocks or {}).items())),
    )


def _named(rows: Iterable[_Row]) -> Iterator[Named]:
    for row in rows:
        yield row.what, json.loads(row.name), row.n


# Stages.


def _flow(
    counts: Counts, days: tuple[int, int], journeys: Mapping[str, Journey], only: frozenset[str] | None
) -> tuple[tuple[StageFigures, ...], tuple[Flow, ...]]:
    flows: list[Flow] = []
    dwell: dict[tuple[str, str], dict[int, int]] = {}
    total: dict[tuple[str, str], int] = {}
    for what, (journey, *rest), n in _named(counts.figures(_STAGES, *days)):
        if only is not None and journey not in only:
            continue
        if what == "flow":
            flows.append(Flow(journey, rest[0], rest[1], n))
        elif what == "stay":
            dwell.setdefault((journey, rest[0]), {})[rest[1]] = n
        else:
            total[journey, rest[0]] = n
    present = {
        (journey, stage): n
        for _, (journey, stage), n in _named(counts.figures(("stage",), 0, 0))
        if only is None or journey in only
    }
    declared = [(name, stage.name) for name, journey in journeys.items() for stage in journey.stages]
    seen = [(each.journey, each.entered) for each in flows] + [*dwell, *present]
    stages = tuple(
        StageFigures(
            journey, stage, _phase_of(journeys.get(journey), stage), present.get((journey, stage), 0),
            sum(each.n for each in flows if (each.journey, each.entered) == (journey, stage)),
            sum(each.n for each in flows if (each.journey, each.left) == (journey, stage)),
            Spans(total.get((journey, stage), 0) / 1000, tuple(dwell.get((journey, stage), {}).items())),
        )
        for journey, stage in dict.fromkeys([*declared, *sorted(seen)])
    )  # fmt: skip
    return stages, tuple(sorted(flows, key=lambda each: (-each.n, each.journey, each.left or "", each.entered)))


def _phase_of(journey: Journey | None, stage: str) -> Phase | None:
    found = None if journey is None else next((each for each in journey.stages if each.name == stage), None)
    return None if found is None else cast("Phase", found.phase)


def _phases(stages: Sequence[StageFigures], flows: Sequence[Flow]) -> tuple[PhaseFigures, ...]:
    of = {(each.journey, each.stage): each.phase for each in stages}
    moves = [(of.get((each.journey, each.left or "")), of.get((each.journey, each.entered)), each.n) for each in flows]
    return tuple(
        PhaseFigures(
            phase,
            sum(each.now for each in stages if each.phase == phase),
            sum(n for left, entered, n in moves if entered == phase != left),
            sum(n for left, entered, n in moves if left == phase != entered),
        )
        for phase in get_args(Phase)
    )


# Growth.


def _growth(counts: Counts, first: date, last: date, today: date) -> dict[str, tuple[GrowthFigures, ...]]:
    found: dict[str, dict[int, dict[str, int]]] = {unit: {} for unit in PERIODS}
    for row in counts.figures_by_day(("growth",), -_FAR, _FAR):
        unit, what = json.loads(row.name)
        found[unit].setdefault(row.day, {})[what] = row.n
    return {unit: tuple(_periods(unit, found[unit], first, last, today)) for unit in PERIODS}


def _periods(
    unit: Unit, by_period: Mapping[int, Mapping[str, int]], first: date, last: date, today: date
) -> Iterator[GrowthFigures]:
    if not by_period:
        return
    present = period_of(today, unit)
    newest = min(period_of(last, unit), max(present, *by_period))
    oldest = max(period_of(first, unit), min(by_period), newest - PERIODS[unit] + 1)
    for period in range(oldest, newest + 1):
        held, before = by_period.get(period, {}), by_period.get(period - 1, {})
        retained = held.get("retained", 0)
        active_before = sum(before.get(what, 0) for what in ("new", "retained", "resurrected"))
        counted = GrowthPeriod(
            period, held.get("new", 0), retained, held.get("resurrected", 0), active_before - retained
        )
        yield GrowthFigures(_name_of(unit, period), period < present, counted)


def _name_of(unit: Unit, period: int) -> str:
    if unit == "month":
        return f"{period // 12:04}-{period % 12 + 1:02}"
    year, week, _ = date.fromordinal(period * 7 + 1).isocalendar()
    return f"{year:04}-W{week:02}"


# Feedback, cases, messages, gifts.


def _feedback(
    counts: Counts, days: tuple[int, int], statistic: CesStatistic, level: float
) -> tuple[FeedbackFigures, ...]:
    heard = read_heard(_named(counts.figures(_FEEDBACK, *days)))
    return tuple(
        feedback_figures(source, kind, by_place, statistic, level) for (source, kind), by_place in sorted(heard.items())
    )


def _cases(counts: Counts, days: tuple[int, int], journeys: Mapping[str, Journey]) -> tuple[CaseFigures, ...]:
    found: dict[str, dict[str, int]] = {case.name: {} for journey in journeys.values() for case in journey.cases}
    missed: dict[tuple[str, str], dict[str, int]] = {}
    spans: dict[tuple[str, str], dict[int, int]] = {}
    times: dict[tuple[str, str], int] = {}
    for what, (kind, event, *rest), n in _named(counts.figures(_CASES, *days)):
        held = found.setdefault(kind, {})
        if what == "case span":
            spans.setdefault((kind, event), {})[rest[0]] = n
        elif what == "case time":
            times[kind, event] = n
        elif rest:
            missed.setdefault((kind, event), {})[rest[0]] = n
        else:
            held[event] = n
    present: dict[str, int] = {kind: n for _, (kind,), n in _named(counts.figures(("case now",), 0, 0))}

    def span(kind: str, event: str) -> Spans:
        return Spans(times.get((kind, event), 0) / 1000, tuple(spans.get((kind, event), {}).items()))

    return tuple(
        CaseFigures(
            kind, present.get(kind, 0), held.get("opened", 0), held.get("answered", 0), held.get("closed", 0),
            held.get("merged", 0), missed.get((kind, "overdue"), {}), missed.get((kind, "escalated"), {}),
            span(kind, "answered"), span(kind, "closed"),
        )
        for kind in dict.fromkeys([*found, *present])
        for held in (found.get(kind, {}),)
    )  # fmt: skip


def _loops(counts: Counts, days: tuple[int, int]) -> tuple[LoopFigures, ...]:
    heard: dict[str, int] = {}
    spans: dict[tuple[str, str], dict[int, int]] = {}
    times: dict[tuple[str, str], int] = {}
    for what, (source, event, *rest), n in _named(counts.figures(("loop", "loop span", "loop time"), *days)):
        heard.setdefault(source, 0)
        if what == "loop":
            heard[source] += n
        elif what == "loop time":
            times[source, event] = n
        else:
            spans.setdefault((source, event), {})[rest[0]] = n
    return tuple(
        LoopFigures(source, heard[source], *(
            Spans(times.get((source, event), 0) / 1000, tuple(spans.get((source, event), {}).items()))
            for event in ("answered", "closed")
        ))
        for source in sorted(heard)
    )  # fmt: skip


def _messages(
    counts: Counts, days: tuple[int, int], journeys: Mapping[str, Journey], only: frozenset[str] | None
) -> tuple[MessageFigures, ...]:
    found: dict[tuple[str, str, str], dict[str, Any]] = {}

    def of(key: tuple[str, str, str]) -> dict[str, Any]:
        return found.setdefault(key, {"due": 0, "waiting": 0, "sent": {}, "held": {}, "ended": {}})

    for name, journey in journeys.items():
        for message in journey.messages.values():
            of((name, message.name, message.effective_kind))
    for _, (journey_name, message_name, kind), n in _named(counts.figures(("message now",), 0, 0)):
        if only is None or journey_name in only:
            of((journey_name, message_name, kind))["waiting"] = n
    for _, (journey_name, message_name, kind, channel, status, *why), n in _named(counts.figures(("message",), *days)):
        if only is None or journey_name in only:
            _note(of((journey_name, message_name, kind)), channel, status, why[0] if why else "", n)
    return tuple(
        MessageFigures(
            *key, held["waiting"], held["due"], held["sent"], held["held"],
            {status: dict(sorted(why.items())) for status, why in sorted(held["ended"].items())},
        )
        for key, held in found.items()
    )  # fmt: skip


def _note(held: dict[str, Any], channel: str | None, status: str, why: str, n: int) -> None:
    if status == "due":
        held["due"] += n
    elif status == "sent":
        held["sent"][channel or ""] = held["sent"].get(channel or "", 0) + n
    elif status == "held":
        held["held"][why] = held["held"].get(why, 0) + n
    else:
        reasons = held["ended"].setdefault(status, {})
        reasons[why] = reasons.get(why, 0) + n


def _gifts(budgets: Iterable[BudgetState]) -> tuple[BudgetFigures, ...]:
    return tuple(
        BudgetFigures(
            each.name, str(each.amount), str(each.spent), str(each.reserved), str(each.left), each.currency,
            since=None if each.start is None else each.start.isoformat(),
            until=None if each.end is None else each.end.isoformat(),
            per_customer=None if each.per_customer is None else str(each.per_customer),
        )
        for each in budgets
    )  # fmt: skip
