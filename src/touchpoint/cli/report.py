"""`touchpoint report`: the figures of a store, as plain tables or as JSON."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from touchpoint.cli.looking import SECRET, engine_on, kept_journeys, stand_ins, there
from touchpoint.cli.options import JOURNEYS, STORE
from touchpoint.errors import InvalidInput
from touchpoint.zones import zone

if TYPE_CHECKING:
    from touchpoint.engine.engine import Engine
    from touchpoint.insight.proportions import Share
    from touchpoint.insight.report import FeedbackFigures, GrowthFigures, PlaceFigures, Report
    from touchpoint.insight.shrinkage import Ranked
    from touchpoint.insight.spans import Spans

SHOWN: Final = 20
"""Rows of a table that may be long; `--format json` has all."""
PERIODS: Final = 12
Row = Sequence[str]


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("a day such as 2026-01-31") from None


@click.command()
@STORE
@JOURNEYS
@click.option("--since", callback=_day, metavar="DAY", help="The first day, such as 2026-01-01.  [default: all]")
@click.option("--until", callback=_day, metavar="DAY", help="The last day, included.  [default: all]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--rebuild", is_flag=True, help="First count everything anew from what the store holds.")
@click.argument("names", nargs=-1, metavar="[JOURNEY]...")
def report(
    store: str, journeys: Path | None, since: date | None, until: date | None, form: str, rebuild: bool,  # noqa: FBT001 - click passes it so
    names: tuple[str, ...],
) -> None:  # fmt: skip
    """Print the figures of a store.

    Customers per stage, growth, feedback by location, cases, conversations, messages and gifts, of JOURNEYs or of
    all. A store keeps figures from when an engine was opened on it with `figures=`. `--rebuild` counts what was there
    before, and begins to keep them where none were kept: as `figures` and `feedback` of the file say that
    `--journeys` names.
    """
    if rebuild:
        with _at_work(store, journeys) as engine:
            counted = engine.figures.rebuild()
        click.echo(f"counted {counted:,} customers", err=True)
    with engine_on(store, journeys, None) as (engine, _):
        unknown = sorted({*names} - {each.name for each in engine.journeys})
        if unknown:
            raise InvalidInput(f"no journey at work is called {unknown[0]!r}; there are: {_names(engine)}")
        try:
            found = engine.figures(since=since, until=until, journeys=names or None)
        except InvalidInput as error:
            if "keeps no figures" in str(error):
                raise InvalidInput("this store keeps no figures yet; `touchpoint report --rebuild` begins") from None
            raise
    click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False) if form == "json" else in_words(found))


def _names(engine: "Engine") -> str:
    return ", ".join(each.name for each in engine.journeys) or "none"


@contextmanager
def _at_work(url: str, journeys: Path | None) -> "Iterator[Engine]":
    """An engine that may change figures, and nothing else."""
    from touchpoint.cli.loading import load
    from touchpoint.cli.settings import Settings, settings_of
    from touchpoint.engine.engine import Engine
    from touchpoint.engine.figuring import SETTINGS
    from touchpoint.engine.opening import open_store
    from touchpoint.model.figures import Figures, from_record

    opened = open_store(there(url))
    try:
        program = None if journeys is None else load(journeys)
        found = kept_journeys(opened) if program is None else program.journeys
        own = Settings() if journeys is None or program is None else settings_of(journeys, program)
        figures, sources = own.figures, own.feedback
        with opened.reading() as reader:
            stored = reader.meta().get(SETTINGS)
        if figures is None and (sources or stored is None):
            figures = Figures() if stored is None else from_record(stored)[0]
        yield Engine(
            opened, journeys=found, channels=stand_ins(found), volume_breaker=None, release_on_open=False,
            secret=os.environ.get(SECRET), feedback=sources, figures=figures,
        )  # fmt: skip
    finally:
        opened.close()


# In words.


def in_words(found: "Report") -> str:
    """The report as plain text, in tables that are readable at 80 columns and in a pipe."""
    parts = [_head(found)]
    parts += [_table(title, head, rows) for title, head, rows in _tables(found) if rows]
    return "\n\n".join(parts)


def _head(found: "Report") -> str:
    days = f"{found.since or 'the beginning'} to {found.until or 'now'}"
    head = f"Figures from {days}, days in {found.zone}"
    if not found.complete:
        head += "\nNot every customer is counted yet: run touchpoint report --rebuild"
    return head


def _tables(found: "Report") -> Iterator[tuple[str, Row, list[Row]]]:
    yield "customers per stage", ("stage", "phase", "now", "entered", "left", "median stay"), [
        (f"{each.journey}/{each.stage}", each.phase or "", *_numbers(each.now, each.entered, each.left),
         _median(each.dwell))
        for each in found.stages
    ]  # fmt: skip
    yield (
        "flywheel",
        ("phase", "now", "came", "went"),
        [(each.phase, *_numbers(each.now, each.entered, each.left)) for each in found.phases if found.stages],
    )
    yield (
        "moves",
        ("journey", "from", "to", "times"),
        _cut([(each.journey, each.left or "-", each.entered, f"{each.n:,}") for each in found.flows]),
    )
    for title, told in (("growth by month", found.months), ("growth by week", found.weeks)):
        head = (title.rpartition(" ")[2], "active", "new", "retained", "came back", "churned", "quick ratio")
        yield title, head, [
            (each.name + ("" if each.over else " *"),
             *_numbers(each.growth.active, each.growth.new, each.growth.retained, each.growth.resurrected,
                       each.growth.churned),
             _ratio(each.growth.quick_ratio))
            for each in _lately(told)
        ]  # fmt: skip
    for each in found.feedback:
        yield _feedback(each)
    yield "cases", ("kind", "open", "opened", "answered", "closed", "overdue", "to answer", "to close"), [
        (each.kind, *_numbers(each.open, each.opened, each.answered, each.closed, sum(each.overdue.values())),
         _median(each.to_answer), _median(each.to_close))
        for each in found.cases
    ]  # fmt: skip
    yield (
        "from feedback to what was done",
        ("source", "led to a case", "to answer", "to close"),
        [(each.source, *_numbers(each.heard), _median(each.to_answer), _median(each.to_close)) for each in found.loops],
    )
    yield from _conversations(found)
    yield "messages", ("message", "kind", "due", "sent", "held", "denied", "other ends", "waiting"), [
        (f"{each.journey}/{each.message}", each.kind,
         *_numbers(each.due, sum(each.sent.values()), sum(each.held.values()), _total(each.ended, "denied"),
                   sum(_total(each.ended, status) for status in each.ended if status != "denied"), each.waiting))
        for each in found.messages
    ]  # fmt: skip
    yield "why not, or not at once", ("message", "what", "why", "times"), list(_reasons(found))
    yield "gifts", ("budget", "of", "spent", "on the way", "left", "used", "since"), [
        (each.budget, f"{each.amount} {each.currency}".strip(), each.spent, each.reserved, each.left,
         f"{each.used:.0%}", _day_of(each.since, found.zone))
        for each in found.gifts
    ]  # fmt: skip
    yield "stocks of gifts", ("stock", "left"), [(each.stock, f"{each.left:,}") for each in found.stocks]


def _conversations(found: "Report") -> Iterator[tuple[str, Row, list[Row]]]:
    told = found.conversations
    rows: list[Row] = [(each.intent or "not known", f"{each.contacts:,}", *_share(each.answered), "", "")
            for each in told.by_intent]  # fmt: skip
    if told.answered is not None:
        half, most = (_span(each.seconds) for each in told.waits if each.quantile in (0.5, 0.9))
        rows.insert(0, ("all", f"{told.contacts:,}", *_share(told.answered), half, most))
    yield "what customers said to us", (
        "what for", "times", "answered", "95 % interval", "half within", "90 % within",
    ), rows  # fmt: skip
    if told.not_complaints is not None:
        yield (
            "contacts that are no complaints",
            ("share", "95 % interval", "of"),
            [(*_share(told.not_complaints), f"{told.not_complaints.n:,}")],
        )


def _share(told: "Share") -> Row:
    return f"{told.value:.0%}", f"{told.interval.low:.0%} to {told.interval.high:.0%}"


def _lately(told: "Sequence[GrowthFigures]") -> "Sequence[GrowthFigures]":
    """The latest periods, up to the last in which anything happened."""
    last = max((n for n, each in enumerate(told, start=1) if each.growth.active or each.growth.churned), default=0)
    return told[max(last - PERIODS, 0) : last]


def _feedback(told: "FeedbackFigures") -> tuple[str, Row, list[Row]]:
    alike = told.ranking is not None and not told.ranking.between
    title = f"{told.source}: {told.kind} by location, {'too alike to be ranked' if alike else 'the best first'}"
    head = ("location", "answers", *_SCORES.get(told.kind, _PLAIN)[0], "low scores", "rank", "apart")
    ranks = {} if told.ranking is None else {each.name: each for each in told.ranking.groups}
    # Of those that cannot be told apart, the ones that most is known of come first.
    last = len(ranks) + 1
    places = sorted(told.places, key=lambda each: (_rank(ranks, each) or last, -each.answers, each.location or ""))
    rows: list[Row] = []
    for each in places:
        rank = ranks.get(each.location or "")
        name = "others" if each.others else each.location or "-"
        apart = "yes" if rank is not None and rank.apart else ""
        rows.append(_place(told.kind, name, each, "" if rank is None else str(rank.rank), apart))
    return title, head, [_place(told.kind, "all", told.whole, "", ""), *_cut(rows)]


def _cut(rows: Sequence[Row]) -> list[Row]:
    """The first rows of a long table, and how many more there are."""
    left = len(rows) - SHOWN
    return [*rows[:SHOWN], *([(f"{left:,} more", *[""] * (len(rows[0]) - 1))] if left > 0 else [])]


def _rank(ranks: "Mapping[str, Ranked]", told: "PlaceFigures") -> int | None:
    found = ranks.get(told.location or "")
    return None if found is None else found.rank


def _place(kind: str, name: str, told: "PlaceFigures", rank: str, apart: str) -> Row:
    low = "" if told.low is None else f"{told.low.value:.0%}"
    return (name, f"{told.answers:,}", *_SCORES.get(kind, _PLAIN)[1](told), low, rank, apart)


def _nps(told: "PlaceFigures") -> Row:
    return ("", "") if told.nps is None else (
        f"{told.nps.value:+.0f}", f"{told.nps.interval.low:+.0f} to {told.nps.interval.high:+.0f}"
    )  # fmt: skip


def _csat(told: "PlaceFigures") -> Row:
    return ("", "") if told.csat is None else _share(told.csat)


def _ces(told: "PlaceFigures") -> Row:
    return ("", "") if told.ces is None else (
        f"{told.ces.value:.1f}", f"{told.ces.interval.low:.1f} to {told.ces.interval.high:.1f}"
    )  # fmt: skip


def _mean(told: "PlaceFigures") -> Row:
    return ("", "") if told.mean is None else (
        f"{told.mean.value:.0f}", f"{told.mean.interval.low:.0f} to {told.mean.interval.high:.0f}"
    )  # fmt: skip


_PLAIN: Final[tuple[Row, "Callable[[PlaceFigures], Row]"]] = (("mean of 100", "95 % interval"), _mean)
_SCORES: Final[dict[str, tuple[Row, "Callable[[PlaceFigures], Row]"]]] = {
    "nps": (("NPS", "95 % interval"), _nps), "csat": (("satisfied", "95 % interval"), _csat),
    "ces": (("CES (mean)", "95 % interval"), _ces),
}  # fmt: skip


def _reasons(found: "Report") -> Iterator[Row]:
    for each in found.messages:
        name = f"{each.journey}/{each.message}"
        told = [("held", why, n) for why, n in each.held.items()]
        told += [(status, why, n) for status, reasons in each.ended.items() for why, n in reasons.items()]
        for status, why, n in sorted(told, key=lambda line: -line[2]):
            yield name, status, why or "-", f"{n:,}"


def _total(ended: dict[str, dict[str, int]], status: str) -> int:
    return sum(ended.get(status, {}).values())


def _numbers(*numbers: int) -> Iterable[str]:
    return (f"{n:,}" for n in numbers)


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _day_of(at: str | None, name: str) -> str:
    """The day of an instant, by the calendar of the figures."""
    return "" if at is None else datetime.fromisoformat(at).astimezone(zone(name)).date().isoformat()


def _median(spans: "Spans") -> str:
    """About the median, in the unit in which people would say it."""
    return _span(spans.quantile(0.5))


def _span(value: float | None) -> str:
    if value is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f} s"


def _table(title: str, head: Row, rows: Sequence[Row]) -> str:
    from touchpoint.cli.show import plain

    told = [[plain(each) for each in row] for row in rows]
    widths = [max(len(row[n]) for row in [[*head], *told]) for n in range(len(head))]
    left = [not any(row[n][:1].isdigit() for row in told) or n == 0 for n in range(len(head))]

    def line(row: Row) -> str:
        cells = (
            each.ljust(width) if to_left else each.rjust(width)
            for each, width, to_left in zip(row, widths, left, strict=True)
        )
        return "  ".join(cells).rstrip()

    return "\n".join([title, line(head), "  ".join("-" * width for width in widths), *map(line, told)])
