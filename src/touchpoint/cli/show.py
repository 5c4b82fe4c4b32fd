"""Tables of what a replay did, readable at 80 columns, on a terminal and in a pipe."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from touchpoint.journey.journey import Journey

Tallies = Mapping[tuple[str, str, str], int]

REASONS_SHOWN: Final = 3
"""For each message; the most frequent ones."""

_ENDS: Final = ("withdrawn", "denied", "expired", "failed", "unknown")
_REFUSED: Final = {
    "given": "condition not true",
    "live": "one was live already",
    "limit": "limit reached",
}
_CHECKS: Final = {
    "wanted": "no longer wanted: its run was over, or still= not true",
    "expiry": "past its best-before",
    "stopped": "stopped for everyone",
    "address": "no address that may be written to",
    "refused": "refused by the provider",
    "consent": "no consent",
    "preferences": "against the customer's wishes",
    "hold": "a case was open, or had just been closed",
    "quiet hours": "quiet hours",
    "send window": "outside of its send window",
    "own quiet hours": "the customer's own quiet hours",
    "cap": "a cap was full",
    "frequency": "more often than the customer wants",
    "arbitration": "another message went first",
    "spacing": "too soon after one on another channel",
    "content rule": "its words lacked what a content rule asks for",
    "statutory quiet hours": "statutory quiet hours",
    "channel session": "the customer had not written on the channel lately",
    "paused": "it, its journey or its channel was paused",
    "limit": "its own limit was reached",
    "budget": "the budget for it was spent",
    "stock": "none was left of it",
    "approval": "nobody had approved it, or somebody declined",
    "given before": "it was given already for the same cause",
    "gift address": "no consent to gifts at this address",
    "hold-out": "the customer is in the hold-out",
    "data use": "data used beyond their declaration",
    "words": "data for its words were missing",
}


def console() -> Console:
    """Standard output. What is printed is never taken for markup."""
    return Console(highlight=False, markup=False, emoji=False)


def plain(text: str) -> str:
    """The text on one line, without characters that would steer a terminal."""
    return "".join("�" if unicodedata.category(each) in ("Cc", "Cf", "Cs") else each for each in text)


def number(n: int) -> str:
    """With separators for thousands."""
    return f"{n:,}"


def tables(journeys: Sequence[Journey], tallies: Tallies, customers: int) -> list[tuple[str, Table]]:
    """Everything there is to show, with its titles, in the order in which it is read.

    Args:
        journeys: those replayed; what of them never happened is shown with zeros.
        tallies: counts by (subject, name, what), as a `Replay` has them.
        customers: how many there are.
    """
    found = [
        *((f"{journey.name}: customers per stage", _stages(journey, tallies, customers)) for journey in journeys),
        *((f"{journey.name}: segments", _segments(journey, tallies)) for journey in journeys),
        ("messages", _messages(journeys, tallies)),
        ("why not, or not at once", _reasons(journeys, tallies)),
        *((f"{journey.name}: rules", _rules(journey, tallies)) for journey in journeys),
        ("cases", _cases(journeys, tallies)),
    ]
    return [(title, table) for title, table in found if table.row_count]


def _table(texts: Sequence[str], numbers: Sequence[str], after: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in texts:
        # Folded where there is no room: a name that is cut off could be another one's.
        table.add_column(name, overflow="fold", min_width=min(len(name), 12))
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name in after:
        table.add_column(name, overflow="fold")
    return table


def _add(table: Table, *cells: str) -> None:
    table.add_row(*("\n".join(map(plain, cell.split("\n"))) for cell in cells))


def _named(tallies: Tallies, subject: str, declared: Iterable[str], prefix: str = "") -> list[str]:
    """The names of a subject: those declared, then those that the store knows from earlier versions."""
    counted = [name for of, name, _ in sorted(tallies) if of == subject and name.startswith(prefix)]
    return list(dict.fromkeys([*(prefix + name for name in declared), *counted]))


def _stages(journey: Journey, tallies: Tallies, customers: int) -> Table:
    table = _table(["stage", "phase"], ["now", "entered"])
    phases = {f"{journey.name}/{stage.name}": stage.phase for stage in journey.stages}
    somewhere = 0
    for name in _named(tallies, "stage", [stage.name for stage in journey.stages], f"{journey.name}/"):
        now = tallies.get(("stage", name, "now"), 0)
        somewhere += now
        entered = tallies.get(("stage", name, "entered"), 0)
        _add(table, name.partition("/")[2], phases.get(name, ""), number(now), number(entered))
    if journey.stages and customers > somewhere:
        _add(table, "(none)", "", number(customers - somewhere), "")
    return table


def _segments(journey: Journey, tallies: Tallies) -> Table:
    table = _table(["segment"], ["joined", "left"])
    for name in _named(tallies, "segment", [segment.name for segment in journey.segments], f"{journey.name}/"):
        counts = (number(tallies.get(("segment", name, what), 0)) for what in ("joined", "left"))
        _add(table, name.partition("/")[2], *counts)
    return table


def _messages(journeys: Sequence[Journey], tallies: Tallies) -> Table:
    names = _message_names(journeys, tallies)
    counts = {name: _of_message(tallies, name) for name in names}
    rare = [what for what in ("failed", "unknown", "waiting") if any(each[what] for each in counts.values())]
    shown = ["begun", "sent", "deferred", "withdrawn", "denied", "expired", *rare]
    table = _table(["message"], shown)
    for name in names:
        _add(table, name, *(number(counts[name][what]) for what in shown))
    return table


def _message_names(journeys: Sequence[Journey], tallies: Tallies) -> list[str]:
    return _named(tallies, "message", [name for journey in journeys for name in journey.messages])


def _of_message(tallies: Tallies, name: str) -> dict[str, int]:
    counts = {what: tallies.get(("message", name, what), 0) for what in ("begun", "sent", "deferred", *_ENDS)}
    counts["waiting"] = counts["begun"] - counts["sent"] - sum(counts[what] for what in _ENDS)
    return counts


def _reasons(journeys: Sequence[Journey], tallies: Tallies) -> Table:
    table = _table(["message", "what"], ["times"], ["because"])
    for name in _message_names(journeys, tallies):
        reasons = {what: n for (subject, of, what), n in tallies.items() if subject == "reason" and of == name}
        withdrawn = sum(n for what, n in reasons.items() if what.startswith("withdrawn: "))
        reasons["withdrawn: run over"] = tallies.get(("message", name, "withdrawn"), 0) - withdrawn
        most = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))[:REASONS_SHOWN]
        for what, n in most:
            verdict, _, check = what.partition(": ")
            if n > 0 and verdict != "sent":
                words = "its run ended first" if check == "run over" else _CHECKS.get(check, check)
                _add(table, name, verdict, number(n), words)
    return table


def _rules(journey: Journey, tallies: Tallies) -> Table:
    names = _named(tallies, "rule", [rule.name for rule in journey.rules], f"{journey.name}/")
    goals = ["goals"] if any(tallies.get(("rule", name, "goal reached")) for name in names) else []
    table = _table(["rule"], ["started", "live", *goals], ["ended", "refused"])
    for name in names:
        counts = {what: n for (subject, of, what), n in tallies.items() if subject == "rule" and of == name}
        ended, refused = _by_reason(counts, "ended: "), _by_reason(counts, "refused: ")
        started = counts.get("started", 0)
        numbers = [started, started - sum(ended.values()), *(counts.get("goal reached", 0) for _ in goals)]
        how = {"goal reached" if why == "goal" else why.removeprefix("exit: "): n for why, n in ended.items()}
        why_not = {_REFUSED.get(why, why): n for why, n in refused.items()}
        _add(table, name.partition("/")[2], *map(number, numbers), _lines(how), _lines(why_not))
    return table


def _by_reason(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {what.removeprefix(prefix): n for what, n in counts.items() if what.startswith(prefix)}


def _lines(reasons: Mapping[str, int]) -> str:
    most = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    return "\n".join(f"{number(n)} {why}" for why, n in most)


_CASE_BEGINS: Final = ("opened", "reopened")
_CASE_ENDS: Final = ("closed", "merged", "open on both sides")
"""What becomes of cases, by which there is one more that is open, or one less."""


def _cases(journeys: Sequence[Journey], tallies: Tallies) -> Table:
    table = _table(["case"], ["opened", "closed", "open now"])
    for name in _named(tallies, "case", [case.name for journey in journeys for case in journey.cases]):
        counted = (sum(tallies.get(("case", name, each), 0) for each in some) for some in (_CASE_BEGINS, _CASE_ENDS))
        opened, closed = counted
        _add(table, name, number(opened), number(closed), number(opened - closed))
    return table
