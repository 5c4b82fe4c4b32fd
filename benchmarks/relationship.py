"""`python -m benchmarks.relationship --data FOLDER`: replays real histories with cases, feedback and figures.

    python -m benchmarks.relationship --data ../shared/data

Each file of FOLDER that is known here (`receipt`, `helpdesk`, `uci_incidents.A`, `skytrax_lounges`, as .jsonl.gz) goes
through a small journey into a new store on disk, which keeps figures. They are printed beside what a plain loop over
the file finds. Figures that were counted anew from the journal have to be the same, too. The status is 1 where anything
differs, 2 where no file was found.
"""

import argparse
import gzip
import json
import resource
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from touchpoint import (
    CaseOverdue,
    CaseType,
    CloseCase,
    Emit,
    Figures,
    Journey,
    OpenCase,
    Rule,
    Stage,
    Touchpoint,
    days,
    event,
    trigger,
)
from touchpoint.insight import Scale, growth, period_of
from touchpoint.insight.report import Report
from touchpoint.lab import read_events, replay
from touchpoint.lab.replay import Replay, rarely_collected
from touchpoint.model.feedback_source import FeedbackSource

Found = dict[str, object]


@attrs.frozen
class Desk:
    """What of a file opens and closes cases, and what is feedback.

    Args:
        opens, closes: types of touchpoints.
        key: the property that names the case; None for one case of each customer.
        within: how long it may take until a case is closed.
        feedback: where scores are; a low one (2 or less) opens a case.
    """

    opens: Sequence[str]
    closes: Sequence[str]
    key: str | None
    within: timedelta
    feedback: FeedbackSource | None = None

    def journey(self) -> Journey:
        """Cases, their deadline, and the two stages between which customers go to and fro."""
        case = CaseType("case", resolve_within=self.within)
        ref = getattr(trigger, self.key) if self.key else "one"
        low = event.rating <= 2 if self.feedback is not None else None
        rules = [
            Rule("open", when=list(self.opens), given=low, then=[OpenCase(case, ref=ref)], concurrency="parallel"),
            Rule("late", when=CaseOverdue(case, which="resolution"), key="ref", then=[Emit("late")],
                 concurrency="parallel"),
        ]  # fmt: skip
        stages = [Stage("waiting", phase="engage", when=list(self.opens), given=low)]
        if self.closes:
            close = Rule("close", when=list(self.closes), then=[CloseCase(case, ref=ref)], concurrency="parallel")
            rules.append(close)
            stages.append(Stage("served", phase="delight", when=list(self.closes)))
        return Journey("desk", cases=[case], stages=stages, rules=rules)


LOUNGES = FeedbackSource(
    "review", score="rating", comment=None,
    scale={datetime(2000, 1, 1, tzinfo=UTC): Scale(1, 5), datetime(2015, 6, 9, tzinfo=UTC): Scale(1, 10)},
)  # fmt: skip
DESKS: Mapping[str, Desk] = {
    "receipt": Desk(["request_submitted"], ["step_t10"], None, days(7)),
    "helpdesk": Desk(["ticket_opened", "ticket_inserted"], ["ticket_closed"], "ticket", days(30)),
    "uci_incidents.A": Desk(
        ["ticket_opened", "ticket_reopened"], ["ticket_resolved", "ticket_closed"], "ticket", days(5)
    ),
    "skytrax_lounges": Desk(["review"], [], None, days(14), LOUNGES),
}


# What a plain loop finds.


class Loop:
    """Everything that the figures tell, by the simplest means.

    Args:
        desk: what opens and closes cases.
        last: the instant at which the replay ends.
    """

    def __init__(self, desk: Desk, last: datetime) -> None:
        self.desk = desk
        self.last = last
        self.n: Counter[str] = Counter()
        self.open: dict[tuple[str, str], datetime] = {}
        self.stage: dict[str, tuple[str, datetime]] = {}
        self.took = self.dwelt = timedelta(0)
        self.scores: Counter[tuple[str | None, int, str]] = Counter()
        self.active: list[tuple[str, int]] = []

    def take(self, told: Mapping[str, Any]) -> None:
        """One line of the file."""
        at = datetime.fromisoformat(told["at"])
        kind, who, given = told["type"], told["customer"], told["properties"]
        rating = given.get("rating")
        heard = self.desk.feedback is None or (rating is not None and rating <= 2)
        ref = who, str(given[self.desk.key]) if self.desk.key and kind in (*self.desk.opens, *self.desk.closes) else ""
        if kind in self.desk.opens and heard:
            self.moves(who, "waiting", at)
            if ref not in self.open:
                self.n["opened"] += 1
                self.open[ref] = at
        elif kind in self.desk.closes:
            self.moves(who, "served", at)
            if ref in self.open:
                self.closes(ref, at)
        if self.desk.feedback is not None and kind == self.desk.feedback.type:
            self.n["blank" if rating is None else "answers"] += 1
            if rating is not None:
                self.scores[told["location"], given["rating_scale"], str(rating)] += 1
        if told["direction"] == "inbound":
            self.active.append((who, period_of(at.date(), "month")))

    def moves(self, who: str, stage: str, at: datetime) -> None:
        """Enter a stage, unless that is where they are."""
        held, since = self.stage.get(who, (None, at))
        if held != stage:
            self.n["moves"] += 1
            self.dwelt += at - since
            self.stage[who] = stage, at

    def closes(self, ref: tuple[str, str], at: datetime) -> None:
        """Close a case; a deadline at this very instant is kept."""
        opened = self.open.pop(ref)
        self.n["closed"] += 1
        self.took += at - opened
        self.n["overdue"] += at > opened + self.desk.within

    def found(self) -> Found:
        """The figures."""
        overdue = sum(opened + self.desk.within <= self.last for opened in self.open.values())
        months = growth(sorted(self.active, key=lambda each: each[1]))
        return {
            "cases opened": self.n["opened"],
            "cases closed": self.n["closed"],
            "cases open": len(self.open),
            "cases overdue": self.n["overdue"] + overdue,
            "seconds until closed": round(self.took.total_seconds()),
            "moves between stages": self.n["moves"],
            "customers per stage": dict(sorted(Counter(stage for stage, _ in self.stage.values()).items())),
            "seconds in stages left": round(self.dwelt.total_seconds()),
            "answers": self.n["answers"],
            "touchpoints without a score": self.n["blank"],
            "scores by location": dict(sorted(self.scores.items(), key=str)),
            "growth by month": [(each.new, each.retained, each.resurrected, each.churned) for each in months],
        }


def found_in(report: Report) -> Found:
    """The same, as the engine's figures tell it."""
    [case] = report.cases
    heard = report.feedback[0] if report.feedback else None
    places = () if heard is None else heard.places
    scores = {
        (place.location, each.scale.high, each.score): each.n for place in places for each in place.counts
    }  # fmt: skip
    months = [each.growth for each in report.months]
    while months and not months[-1].active:
        months.pop()
    return {
        "cases opened": case.opened,
        "cases closed": case.closed,
        "cases open": case.open,
        "cases overdue": sum(case.overdue.values()),
        "seconds until closed": round(case.to_close.total),
        "moves between stages": sum(each.n for each in report.flows),
        "customers per stage": {
            each.stage: each.now for each in sorted(report.stages, key=lambda s: s.stage) if each.now
        },
        "seconds in stages left": round(sum(each.dwell.total for each in report.stages)),
        "answers": 0 if heard is None else heard.whole.answers,
        "touchpoints without a score": 0 if heard is None else heard.whole.blank,
        "scores by location": dict(sorted(scores.items(), key=str)),
        "growth by month": [(each.new, each.retained, each.resurrected, each.churned) for each in months],
    }


# Running both.


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def looped(path: Path, desk: Desk) -> Found:
    """What a plain loop finds."""
    last = max(datetime.fromisoformat(each["at"]) for each in lines(path))
    loop = Loop(desk, last)
    for each in lines(path):
        loop.take(each)
    return loop.found()


def replayed(path: Path, desk: Desk, *, figures: bool) -> tuple[Replay, Report | None, Report | None, float]:
    """The replay with its report, the report counted anew, and how many seconds of CPU that took."""
    with tempfile.TemporaryDirectory() as folder, rarely_collected():
        store = f"sqlite:///{Path(folder) / 'benchmark.db'}"
        sources = () if desk.feedback is None else (desk.feedback,)
        kept = Figures() if figures else None
        result = replay([desk.journey()], events(path), store=store, feedback=sources, figures=kept)
        if not figures or result.figures is None:
            return result, None, None, 0.0
        told, begun = result.figures(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
        result.figures.rebuild()
        return result, told, result.figures(), resource.getrusage(resource.RUSAGE_SELF).ru_utime - begun


def events(path: Path) -> Iterator[Touchpoint]:
    """The events of a file."""
    yield from read_events([str(path)])


def shown(value: object) -> str:
    """Short enough for a line."""
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return text if len(text) <= 60 else f"{len(value):,} of them"  # type: ignore[arg-type]


def compare(name: str, path: Path, desk: Desk) -> int:
    """Print one file's figures. How many of them differ."""
    plain = looped(path, desk)
    result, told, anew, rebuilding = replayed(path, desk, figures=True)
    without, *_ = replayed(path, desk, figures=False)
    assert told is not None  # noqa: S101 - it was asked for
    engine = found_in(told)
    print(f"{name}: {result.events:,} events of {result.customers_seen:,} customers")
    print(
        f"  {result.events / result.cpu:,.0f} events per CPU second with figures, "
        f"{without.events / without.cpu:,.0f} without; peak memory "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB; "
        f"counted anew in {rebuilding:.1f} s"
    )
    different = [what for what in plain if plain[what] != engine[what]]
    for what, value in plain.items():
        if value:
            print(f"  {what:28} {shown(engine[what]):>14}  {shown(value):>14}" + ("  !" if what in different else ""))
    print(
        f"  differences: {', '.join(different) or 'none'}; from the journal: {'the same' if anew == told else 'OTHER'}"
    )
    return len(different) + (anew != told)


def main() -> int:
    """Compare every file that is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relationship", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the files")
    parser.add_argument("names", nargs="*", help=f"of these: {', '.join(DESKS)}")
    options = parser.parse_args()
    wanted = {name: desk for name, desk in DESKS.items() if not options.names or name in options.names}
    files = {name: options.data / f"{name}.jsonl.gz" for name in wanted}
    there = {name: path for name, path in files.items() if path.exists()}
    if not there:
        print(f"none of {', '.join(files)} is in {options.data}")
        return 2
    print(f"{'':30} {'engine':>14}  {'plain loop':>14}")
    return 1 if sum(compare(name, path, wanted[name]) for name, path in there.items()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
