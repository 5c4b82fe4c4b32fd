"""Open cases and their deadlines (S8.2): when a first answer is due, and an end; what answers, and what is missed.

A deadline is armed as its case is opened, and kept as an instant: whatever counts it, nothing else has to know how.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs

from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.durations import instant, length
from touchpoint.journey.journey import Journey
from touchpoint.model.case import DEADLINES, RESOLUTION, RESPONSE, CaseType, case_of

CASE_OPENED: Final = "case_opened"
CASE_CLOSED: Final = "case_closed"
CASE_OVERDUE: Final = "case_overdue"
OF_CASES: Final = frozenset({CASE_OPENED, CASE_CLOSED, CASE_OVERDUE})
"""Kinds of what happens to cases: it carries `case` and `ref`, and where a deadline is missed, `deadline`."""
Lengths: TypeAlias = Mapping[str, Mapping[str, int]]
"""By kind of case and deadline: microseconds from the opening."""
Named: TypeAlias = tuple[str, str]
"""A case of a customer: (kind, ref)."""
_NEVER: Final = 1 << 63


@attrs.define
class Deadline:
    """When something is due, and since when it is overdue; microseconds UTC. What is missed stays so."""

    due: int
    missed: int | None = None


@attrs.define
class LiveCase:
    """An open case: `no` is the store's number, `answered_at` its first answer; instants are microseconds UTC.

    `doubts` has the keys of messages about it of which nobody knows whether they went out, with when they would have.
    """

    opened_at: int
    no: int = 0
    answered_at: int | None = None
    deadlines: dict[str, Deadline] = attrs.Factory(dict)
    doubts: dict[str, int] = attrs.Factory(dict)

    def armed(self, which: str) -> int | None:
        """When this deadline falls due; None where nothing is left to be missed."""
        deadline = self.deadlines.get(which)
        if deadline is None or deadline.missed is not None or (which == RESPONSE and self.answered_at is not None):
            return None
        return deadline.due

    def next_due(self) -> int:
        """When the next deadline falls due; beyond all time if there is none."""
        return min((due for which in self.deadlines if (due := self.armed(which)) is not None), default=_NEVER)


Held: TypeAlias = dict[str, dict[str, LiveCase]]
"""The open cases of a customer, by kind and ref."""


@attrs.frozen
class Missed:
    """What a timer of a case is about."""

    kind: str
    ref: str = attrs.field(repr=False)
    which: str

    def __str__(self) -> str:
        return overdue_name(self.kind, self.which)


def overdue_name(kind: str, which: str) -> str:
    """What a missed deadline of a kind of case is called."""
    return f"{kind}|{which}"


# As records.


def case_to_record(case: LiveCase) -> list[Any]:
    """As a positional JSON list; without what it does not have."""
    if case.answered_at is None and not case.deadlines and not case.doubts:
        return [case.opened_at, case.no]
    return [case.opened_at, case.no, case.answered_at, deadlines_to_record(case.deadlines), case.doubts]


def deadlines_to_record(deadlines: Mapping[str, Deadline]) -> dict[str, list[int | None]]:
    """Deadline → [due, missed]."""
    return {which: [each.due, each.missed] for which, each in deadlines.items()}


def deadlines_from_record(record: Mapping[str, Sequence[Any]]) -> dict[str, Deadline]:
    """What `deadlines_to_record` wrote."""
    return {which: Deadline(*each) for which, each in record.items()}


def case_from_record(record: Sequence[Any]) -> LiveCase:
    """The case that `case_to_record` wrote."""
    opened_at, no, *more = record
    answered_at, deadlines, doubts = more or (None, {}, {})
    return LiveCase(opened_at, no, answered_at, deadlines_from_record(deadlines), dict(doubts))


def cases_to_record(cases: Held) -> dict[str, dict[str, list[Any]]]:
    """All of a customer."""
    return {kind: {ref: case_to_record(each) for ref, each in refs.items()} for kind, refs in cases.items()}


def cases_from_record(record: Mapping[str, Mapping[str, Sequence[Any]]]) -> Held:
    """What `cases_to_record` wrote."""
    return {kind: {ref: case_from_record(each) for ref, each in refs.items()} for kind, refs in record.items()}


# What journeys say of them.


def lengths_of(journeys: Iterable[Journey]) -> dict[str, dict[str, int]]:
    """The deadlines of every kind of case that is declared; none for one that has none."""
    return {each.name: _lengths(each) for journey in journeys for each in journey.cases}


def _lengths(case: CaseType) -> dict[str, int]:
    within = {RESPONSE: case.respond_within, RESOLUTION: case.resolve_within}
    return {which: length(given) for which, given in within.items() if given is not None}


def closed_by_answers(journeys: Iterable[Journey]) -> frozenset[str]:
    """The kinds of case that their first answer closes."""
    return frozenset(each.name for journey in journeys for each in journey.cases if each.answer_closes)


def versions_of_cases(lengths: Lengths) -> list[str]:
    """What changes when open cases have to be looked at anew."""
    return [f"case {kind} {which} {lasts}" for kind, each in sorted(lengths.items()) for which, lasts in each.items()]


def arm(lengths: Mapping[str, int], opened_at: int) -> dict[str, Deadline]:
    """The deadlines of a case that is opened now."""
    return {which: Deadline(opened_at + lasts) for which, lasts in lengths.items()}


def rearm(lengths: Lengths, cases: Held, now: int) -> list[LiveCase]:
    """Have open cases go by the deadlines of now; gives those that have changed.

    What has been missed stays missed, and once: a deadline is never missed twice in one opening. One that a change has
    put into the past is missed now. One that is new, and was over before anybody asked, is noted without an event, as
    a silence is. Of kinds that no journey declares any more nothing changes.
    """
    changed = []
    for kind, case in ((kind, case) for kind, refs in cases.items() if kind in lengths for case in refs.values()):
        before = case.deadlines
        kept = {which: each for which, each in before.items() if _is_over(case, which)}
        case.deadlines = {
            which: kept.get(which) or _again(case, which, case.opened_at + lengths[kind][which], now)
            for which in DEADLINES
            if which in kept or which in lengths[kind]
        }
        if case.deadlines != before:
            changed.append(case)
    return changed


def _is_over(case: LiveCase, which: str) -> bool:
    return which in case.deadlines and case.armed(which) is None


def _again(case: LiveCase, which: str, due: int, now: int) -> Deadline:
    known = case.deadlines.get(which)
    if known is None:
        unnoticed = due <= now and (which != RESPONSE or case.answered_at is None)
        return Deadline(due, due if unnoticed else None)
    return known if known.due == due else Deadline(max(due, now))


# What falls due.


def next_deadline(cases: Held) -> int:
    """When the next deadline of any case falls due; beyond all time if there is none."""
    return min((case.next_due() for refs in cases.values() for case in refs.values()), default=_NEVER)


def due_at(cases: Held, due: int) -> Iterator[tuple[LiveCase, int, Missed]]:
    """The deadlines that fall due at this instant, each with its place among those of one case."""
    for kind, refs in cases.items():
        for ref, case in refs.items():
            for place, which in enumerate(DEADLINES):
                if case.armed(which) == due:
                    yield case, place, Missed(kind, ref, which)


def miss(cases: Held, about: Missed, at: int) -> Occurrence:
    """Note a deadline as missed; what it raises."""
    case = cases[about.kind][about.ref]
    case.deadlines[about.which].missed = at
    cause = f"{instant(at).isoformat()} {CASE_OVERDUE} {about} {about.ref}"
    told = {**told_of(about.kind, about.ref), "deadline": about.which}
    return Occurrence(CASE_OVERDUE, str(about), at, cause, told)


def told_of(kind: str, ref: str) -> dict[str, object]:
    """What every event of a case carries."""
    return {"case": kind, "ref": ref}


# What is about a case.


def in_doubt(cases: Held, message: str) -> list[tuple[Named, int]]:
    """The cases that this message answers if it went out after all, each with when that was."""
    named = (((kind, ref), case) for kind, refs in cases.items() for ref, case in refs.items())
    return [(name, case.doubts[message]) for name, case in named if message in case.doubts]


def about_case(occurrence: Occurrence) -> Named | None:
    """The case that something is about: an event of a case, or a touchpoint that says so; None where it is none's."""
    if occurrence.kind in OF_CASES:
        kind, ref = occurrence.properties.get("case"), occurrence.properties.get("ref")
        return (kind, ref) if isinstance(kind, str) and isinstance(ref, str) else None
    if occurrence.kind == TOUCHPOINT and occurrence.about is not None:
        return case_of(occurrence.about)
    return None


def is_answer(occurrence: Occurrence) -> bool:
    """Whether a touchpoint is an answer to the case it is about: it went from us to the customer."""
    return occurrence.direction == "outbound"
