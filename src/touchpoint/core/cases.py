"""Open cases and what falls due of them (S8.2): a first answer, an end, levels of escalation; what answers them.

Each is armed as its case is opened, and kept as an instant: whatever counts it, nothing else has to know how.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs

from touchpoint.core.held import NONE, few
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.durations import instant
from touchpoint.model.case import DEADLINES, ESCALATIONS, RESPONSE, case_of, level_name, level_of

CASE_OPENED: Final = "case_opened"
CASE_CLOSED: Final = "case_closed"
CASE_OVERDUE: Final = "case_overdue"
CASE_ESCALATED: Final = "case_escalated"
CASE_REOPENED: Final = "case_reopened"
CASE_MERGED: Final = "case_merged"
OF_CASES: Final = frozenset({CASE_OPENED, CASE_CLOSED, CASE_OVERDUE, CASE_ESCALATED, CASE_REOPENED, CASE_MERGED})
"""Kinds of what happens to cases: it carries `case`, `ref`, `severity`, and `owner` and `also` where there are such."""
Named: TypeAlias = tuple[str, str]
"""A case of a customer: (kind, ref)."""
NORMAL: Final = "normal"
_NEVER: Final = 1 << 63


@attrs.define(weakref_slot=False)
class Deadline:
    """When something is due, and since when it is overdue; microseconds UTC. What is missed stays so.

    `ends_answered`: an answer is all that it waits for.
    """

    due: int
    missed: int | None = None
    ends_answered: bool = False


@attrs.define(weakref_slot=False)
class LiveCase:
    """An open case: `no` is the store's number, `answered_at` its first answer; instants are microseconds UTC.

    `doubts` has the keys of messages about it of which nobody knows whether they went out, with when they would have.
    `opening` counts how often it was opened; `also` are refs of cases that have become part of it.
    """

    opened_at: int
    no: int = 0
    answered_at: int | None = None
    deadlines: Mapping[str, Deadline] = NONE
    doubts: Mapping[str, int] = NONE
    severity: str = NORMAL
    owner: str | None = attrs.field(default=None, repr=False)
    opening: int = 1
    also: tuple[str, ...] = attrs.field(default=(), repr=False)

    def armed(self, which: str) -> int | None:
        """When this deadline falls due; None where nothing is left to be missed."""
        deadline = self.deadlines.get(which)
        if deadline is None or deadline.missed is not None:
            return None
        ends = which == RESPONSE or deadline.ends_answered
        return None if ends and self.answered_at is not None else deadline.due

    def next_due(self) -> int:
        """When the next deadline falls due; beyond all time if there is none."""
        return min((due for which in self.deadlines if (due := self.armed(which)) is not None), default=_NEVER)


Held: TypeAlias = Mapping[str, Mapping[str, LiveCase]]
"""The open cases of a customer, by kind and ref."""


@attrs.define
class CaseOpened:
    """Effect: a case was opened; the shell gives it its number.

    `cause` is the (id, type, at) of what led to it, `said` are ids of that, too.
    """

    kind: str
    ref: str
    case: LiveCase
    cause: tuple[str, str, int] | None = None
    said: tuple[str, ...] = ()


@attrs.define
class CaseClosed:
    """Effect: a case was closed, or has become part of another; it is the one to which `CaseOpened` gave the number."""

    case: LiveCase
    at: int
    into: str | None = attrs.field(default=None, repr=False)


@attrs.define
class CaseChanged:
    """Effect: a case was answered, by what `answer` names, or anything else of it has changed."""

    case: LiveCase
    answer: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Missed:
    """What a timer of a case is about."""

    kind: str
    ref: str = attrs.field(repr=False)
    which: str

    def __str__(self) -> str:
        return overdue_name(self.kind, self.which)

    @property
    def event(self) -> str:
        """The kind of occurrence that it raises."""
        return CASE_OVERDUE if level_of(self.which) is None else CASE_ESCALATED

    @property
    def said(self) -> str:
        """What the trace says of it."""
        return f"{self.which} {'overdue' if level_of(self.which) is None else 'reached'}"


def overdue_name(kind: str, which: str) -> str:
    """What a missed deadline of a kind of case is called, or a level that it was escalated to."""
    return f"{kind}|{which}"


def keys_of_missed(kind: str, said: str) -> Iterator[tuple[str, str]]:
    """(kind, name) of the occurrence of which the trace says this (`Missed.said`); none for what it does not say."""
    for which in (*DEADLINES, *map(level_name, ESCALATIONS)):
        if (missed := Missed(kind, "", which)).said == said:
            yield missed.event, str(missed)


# As records.


def case_to_record(case: LiveCase) -> list[Any]:
    """As a positional JSON list; without what it does not have."""
    more = [case.severity, case.owner, case.opening, case.also]
    if more != [NORMAL, None, 1, ()]:
        kept = [case.answered_at, deadlines_to_record(case.deadlines), case.doubts]
        return [case.opened_at, case.no, *kept, *more]
    if case.answered_at is None and not case.deadlines and not case.doubts:
        return [case.opened_at, case.no]
    return [case.opened_at, case.no, case.answered_at, deadlines_to_record(case.deadlines), case.doubts]


def deadlines_to_record(deadlines: Mapping[str, Deadline]) -> dict[str, list[int | bool | None]]:
    """Deadline → [due, missed]; with True at the end where an answer is all that it waits for."""
    return {
        which: [each.due, each.missed, True] if each.ends_answered else [each.due, each.missed]
        for which, each in deadlines.items()
    }


def deadlines_from_record(record: Mapping[str, Sequence[Any]]) -> Mapping[str, Deadline]:
    """What `deadlines_to_record` wrote."""
    return few({which: Deadline(*each) for which, each in record.items()})


def case_from_record(record: Sequence[Any]) -> LiveCase:
    """The case that `case_to_record` wrote."""
    opened_at, no, *more = record
    answered_at, deadlines, doubts, *late = more or (None, {}, {})
    case = LiveCase(opened_at, no, answered_at, deadlines_from_record(deadlines), few(doubts))
    if late:
        case.severity, case.owner, case.opening, also = late
        case.also = tuple(also)
    return case


def cases_to_record(cases: Held) -> dict[str, dict[str, list[Any]]]:
    """All of a customer."""
    return {kind: {ref: case_to_record(each) for ref, each in refs.items()} for kind, refs in cases.items()}


def cases_from_record(record: Mapping[str, Mapping[str, Sequence[Any]]]) -> Held:
    """What `cases_to_record` wrote."""
    cases = ((kind, {ref: case_from_record(each) for ref, each in refs.items()}) for kind, refs in record.items())
    return few({kind: few(refs) for kind, refs in cases})


# What falls due.


def next_deadline(cases: Held) -> int:
    """When the next deadline of any case falls due; beyond all time if there is none, as with most."""
    earliest = _NEVER
    for refs in cases.values():
        for case in refs.values():
            if case.deadlines:
                earliest = min(earliest, case.next_due())
    return earliest


def due_at(cases: Held, due: int) -> Iterator[tuple[LiveCase, int, Missed]]:
    """The deadlines that fall due at this instant, each with its place among those of one case."""
    for kind, refs in cases.items():
        for ref, case in refs.items():
            for which in case.deadlines:
                if case.armed(which) == due:
                    yield case, place_of(which), Missed(kind, ref, which)


def place_of(which: str) -> int:
    """Its place among what falls due of one case at one instant: deadlines come first, then levels."""
    level = level_of(which)
    return DEADLINES.index(which) if level is None else len(DEADLINES) + level


def miss(cases: Held, about: Missed, at: int) -> Occurrence:
    """Note a deadline as missed; what it raises."""
    case = cases[about.kind][about.ref]
    case.deadlines[about.which].missed = at
    cause = f"{instant(at).isoformat()} {about.event} {about} {about.ref}"
    level = level_of(about.which)
    more = {"deadline": about.which} if level is None else {"level": level}
    return Occurrence(about.event, str(about), at, cause, {**told_of(about.kind, about.ref, case), **more})


def told_of(kind: str, ref: str, case: LiveCase) -> dict[str, object]:
    """What every event of a case carries."""
    told: dict[str, object] = {"case": kind, "ref": ref, "severity": case.severity}
    if case.owner is not None:
        told["owner"] = case.owner
    if case.also:
        told["also"] = list(case.also)
    return told


def resolved(cases: Held, kind: str, ref: str) -> str:
    """The ref under which a case is open: another one where it has become part of that."""
    refs = cases.get(kind)
    if refs is None or ref in refs:
        return ref
    return next((name for name, case in refs.items() if ref in case.also), ref)


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
