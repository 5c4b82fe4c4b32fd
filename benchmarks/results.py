"""What a benchmark hands back: rows that say what was measured, beside what, and whether that meets the demand."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from benchmarks.measure import Size, Spread, Timing

Judged = Literal["stretch met", "met", "NOT MET", "not measured", ""]

_SCALES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))


@attrs.frozen
class Demand:
    """What is demanded: of the ratio, or with a `unit` of our own figure.

    Args:
        limit: what has to be reached, in the unit.
        stretch: what would be better still.
        more: whether more is better: the ratio then says how many times as fast we are, else how many times as long it
            takes us.
        unit: what our own figure is counted in, such as seconds; "" for a ratio.
    """

    limit: float
    stretch: float | None = None
    more: bool = False
    unit: str = ""

    def judge(self, value: float) -> Judged:
        """What a figure is worth."""
        if self.stretch is not None and self._reaches(value, self.stretch):
            return "stretch met"
        return "met" if self._reaches(value, self.limit) else "NOT MET"

    def _reaches(self, value: float, bound: float) -> bool:
        return value >= bound if self.more else value <= bound

    def __str__(self) -> str:
        bounds = [each for each in (self.limit, self.stretch) if each is not None]
        return f"{'≥' if self.more else '≤'} " + ", ".join(shown(each, self.unit or "×") for each in bounds)


def at_most(limit: float, stretch: float | None = None) -> Demand:
    """It may take us so many times as long as the peer."""
    return Demand(limit, stretch)


def at_least(limit: float, stretch: float | None = None) -> Demand:
    """We are to be so many times as fast as the peer."""
    return Demand(limit, stretch, more=True)


@attrs.frozen
class Result:
    """One row.

    Args:
        what: was measured.
        ours: our figure; None where nothing was measured.
        unit: of both figures: "s" for seconds, otherwise a word such as "bytes".
        against: who the peer is.
        peer: its figure.
        ratio: between the two, in the direction of the demand.
        demand: what is demanded of it; None where it is only told.
        note: what a reader has to know of it.
    """

    what: str
    ours: Spread | None = None
    unit: str = "s"
    against: str = ""
    peer: Spread | None = None
    ratio: Spread | None = None
    demand: Demand | None = None
    note: str = ""

    @property
    def judged(self) -> Judged:
        """In words; the median decides."""
        if self.ours is None:
            return "not measured"
        if self.demand is None:
            return ""
        value = self.ours if self.demand.unit else self.ratio
        return self.demand.judge(value.median) if value is not None else "not measured"


def compared(
    what: str, ours: Timing, against: str, peer: Timing, demand: Demand | None = None, *, times_as_fast: bool = False,
    note: str = "",
) -> Result:  # fmt: skip
    """The row of two candidates that were measured side by side.

    Args:
        what: was measured.
        ours: our timing.
        against: who the peer is.
        peer: its timing.
        demand: what is demanded of the ratio, and in which direction it is told.
        times_as_fast: where nothing is demanded: tell how many times as fast ours is, not how many times as long it
            takes.
        note: what a reader has to know of it.
    """
    faster = times_as_fast if demand is None else demand.more
    ratio = peer.over(ours) if faster else ours.over(peer)
    return Result(what, ours.spread, "s", against, peer.spread, ratio, demand, note)


def alone(what: str, ours: Timing, limit: float | None = None, stretch: float | None = None, note: str = "") -> Result:
    """The row of a candidate that has no peer, with the demand in seconds."""
    demand = None if limit is None else Demand(limit, stretch, unit="s")
    return Result(what, ours.spread, demand=demand, note=note)


def counted(
    what: str, ours: float, unit: str, against: str = "", peer: float | None = None, demand: Demand | None = None
) -> Result:
    """The row of something that is counted, such as bytes; with a peer, of the ratio between both."""
    if peer is None:
        return Result(what, Spread.exactly(ours), unit, demand=demand)
    ratio = peer / ours if demand is not None and demand.more else ours / peer
    exact = Spread.exactly
    return Result(what, exact(ours), unit, against, exact(peer), exact(ratio), demand)


def not_measured(what: str, why: str, demand: Demand | None = None) -> Result:
    """The row of what could not be measured here, with the reason."""
    return Result(what, demand=demand, note=f"not measured: {why}")


class OtherAnswersError(Exception):
    """Candidates that are to do the same work do not give the same answers, so their times say nothing."""


def same_answers(answers: Mapping[str, object]) -> None:
    """Make sure that all candidates answer alike.

    Raises:
        OtherAnswersError: one of them differs from the first.
    """
    first = next(iter(answers))
    other = [name for name, answer in answers.items() if answer != answers[first]]
    if other:
        raise OtherAnswersError(f"{', '.join(other)} answer otherwise than {first}")


# Telling it.


def shown(value: float, unit: str) -> str:
    """A figure with its unit, as short as three digits make it."""
    if unit == "s":
        scale, unit = next(each for each in _SCALES if value >= each[0])
        value = value / (scale or 1e-9)
    digits = f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.3g}"
    return f"{digits}{unit}" if unit == "×" else f"{digits} {unit}"


def _figure(found: Spread | None, unit: str) -> str:
    return "" if found is None else shown(found.median, unit)


def _ratio(found: Spread | None) -> str:
    if found is None:
        return ""
    middle, low, high = (shown(each, "×").rstrip("×") for each in (found.median, found.low, found.high))
    return f"{middle}×" if low == high else f"{middle}× ({low} … {high})"


HEADINGS: Final = ("what", "ours", "peer", "ratio", "demanded", "")


def _cells(rows: Iterable[Result]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Medians, the ratio with its quartiles, and what was demanded of it; and the notes that rows refer to."""
    lines: list[tuple[str, ...]] = []
    notes: list[str] = []
    for each in rows:
        if each.note and each.note not in notes:
            notes.append(each.note)
        mark = f" [{notes.index(each.note) + 1}]" if each.note else ""
        peer = " ".join(filter(None, [_figure(each.peer, each.unit), each.against]))
        asked = "" if each.demand is None else str(each.demand)
        lines.append((each.what + mark, _figure(each.ours, each.unit), peer, _ratio(each.ratio), asked, each.judged))
    return lines, [f"[{number}] {note}" for number, note in enumerate(notes, 1)]


def table(rows: Iterable[Result]) -> str:
    """Rows for a terminal, with notes below."""
    lines, notes = _cells(rows)
    return "\n".join([*_aligned([HEADINGS, *lines]), *notes])


def as_markdown(rows: Iterable[Result]) -> str:
    """The same for a document."""
    lines, notes = _cells(rows)
    below = ["", *notes] if notes else []
    return "\n".join(
        [*(f"| {' | '.join(each)} |" for each in (HEADINGS, ("---",) * len(HEADINGS), *lines)), *below]
    )  # fmt: skip


def _aligned(lines: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def told_of(size: Size, versions: Mapping[str, str]) -> str:
    """On what, how much and beside whom was measured, in one line."""
    system = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}"
    peers = ", ".join(f"{name} {version}" for name, version in versions.items()) or "no peers installed"
    return f"{system}; size {size.name}, {size.rounds} rounds; {peers}"


def as_json(found: Mapping[str, Sequence[Result]], size: Size, versions: Mapping[str, str]) -> str:
    """Everything as JSON, with the machine, the size and the versions of the peers. Times are seconds."""
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    rows = {name: [_as_dict(each) for each in rows] for name, rows in found.items()}
    told = {"machine": machine, "size": attrs.asdict(size), "peers": dict(versions), "benchmarks": rows}
    return json.dumps(told, indent=2, ensure_ascii=False)


def _as_dict(row: Result) -> dict[str, Any]:
    return {**attrs.asdict(row), "judged": row.judged}
