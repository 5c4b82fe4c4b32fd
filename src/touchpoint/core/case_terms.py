"""What journeys promise of their cases (S8.2), compiled: when something falls due for a case of this severity."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from touchpoint.core.cases import Deadline, Held, LiveCase, place_of
from touchpoint.core.held import few
from touchpoint.durations import length
from touchpoint.journey.journey import Journey
from touchpoint.model.business import BusinessTime
from touchpoint.model.case import RESPONSE, SEVERITIES, CaseType, level_of
from touchpoint.zones import tz_version

if TYPE_CHECKING:
    from touchpoint.core.business import BusinessClock


@attrs.frozen
class InHours:
    """A length of business hours, microseconds; `said` names them in full."""

    lasts: int
    clock: "BusinessClock"
    said: str


Time: TypeAlias = int | InHours
"""Microseconds from the opening, elapsed or of business hours."""


@attrs.frozen
class Terms:
    """What is promised of a kind of case.

    `times` has for each deadline and level what holds for which severity; `severity` is that of a case of which nobody
    says how bad it is; levels `end_answered` where an answer is all that they wait for; `reopens` is how long after its
    closing opening it again reopens it, microseconds.
    """

    severity: str
    times: Mapping[str, Mapping[str, Time]]
    end_answered: bool = False
    reopens: int | None = None

    def due(self, which: str, case: LiveCase) -> int | None:
        """When this falls due for the case; None for never."""
        time = self.times.get(which, {}).get(case.severity)
        if time is None or isinstance(time, int):
            return None if time is None else case.opened_at + time
        return time.clock.after(case.opened_at, time.lasts)

    def deadline(self, which: str, due: int, missed: int | None = None) -> Deadline:
        """What is kept of it."""
        return Deadline(due, missed, self.end_answered and level_of(which) is not None)


AllTerms: TypeAlias = Mapping[str, Terms]
"""By kind of case."""


def terms_of(journeys: Iterable[Journey]) -> dict[str, Terms]:
    """What is promised of every kind of case that is declared."""
    return {each.name: _terms(each) for journey in journeys for each in journey.cases}


def closed_by_answers(journeys: Iterable[Journey]) -> frozenset[str]:
    """The kinds of case that their first answer closes."""
    return frozenset(each.name for journey in journeys for each in journey.cases if each.answer_closes)


def _terms(case: CaseType) -> Terms:
    every = case.deadlines
    found = {which: _times(case, which) for which in every}
    reopens = None if case.reopen_within is None else length(case.reopen_within)
    return Terms(case.severity, found, case.escalate_until == RESPONSE, reopens)


def _times(case: CaseType, which: str) -> dict[str, Time]:
    given = {severity: case.within(which, severity) for severity in SEVERITIES}
    return {severity: _time(each) for severity, each in given.items() if each is not None}


def _time(within: Any) -> Time:  # noqa: ANN401 - a Within
    if not isinstance(within, BusinessTime):
        return length(within)
    # Time zones cost more to load than most journeys need.
    from touchpoint.core.business import BusinessClock

    return InHours(length(within.length), BusinessClock(within.hours), repr(within))


def versions_of_cases(terms: AllTerms) -> list[str]:
    """What changes when open cases have to be looked at anew: what is promised, and the time zones it is counted in."""
    found = []
    for kind, each in sorted(terms.items()):
        for which, times in each.times.items():
            ends = " unless answered" if each.end_answered and level_of(which) is not None else ""
            found.append(f"case {kind} {which}{ends} {_said(times)}")
    return found


def _said(times: Mapping[str, Time]) -> str:
    said = {name: str(time) if isinstance(time, int) else f"{time.said} {tz_version()}" for name, time in times.items()}
    same = len(said) == len(SEVERITIES) and len(set(said.values())) == 1
    return next(iter(said.values())) if same else ", ".join(f"{name} {each}" for name, each in said.items())


def arm(terms: AllTerms, kind: str, case: LiveCase) -> None:
    """Give a case that is opened now its deadlines."""
    if (promised := terms.get(kind)) is not None:
        dues = ((which, promised.due(which, case)) for which in promised.times)
        case.deadlines = few({which: promised.deadline(which, due) for which, due in dues if due is not None})


def rearm(terms: AllTerms, cases: Held, now: int) -> list[LiveCase]:
    """Have open cases go by the deadlines of now; gives those that have changed.

    What has been missed stays missed, and once: a deadline is never missed twice in one opening. One that a change has
    put into the past is missed now. One that is new, and was over before anybody asked, is noted without an event, as
    a silence is. Of kinds that no journey declares any more nothing changes.
    """
    found = ((terms[kind], case) for kind, refs in cases.items() if kind in terms for case in refs.values())
    return [case for promised, case in found if rearm_case(promised, case, now)]


def rearm_case(promised: Terms, case: LiveCase, now: int) -> bool:
    """Have one case go by these; whether anything has changed."""
    before = case.deadlines
    kept = {which: each for which, each in before.items() if case.armed(which) is None}
    dues = {which: promised.due(which, case) for which in promised.times if which not in kept}
    news = {which: _again(promised, case, which, due, now) for which, due in dues.items() if due is not None}
    every = {**kept, **news}
    case.deadlines = few({which: every[which] for which in sorted(every, key=place_of)})
    return case.deadlines != before


def _again(promised: Terms, case: LiveCase, which: str, due: int, now: int) -> Deadline:
    known = case.deadlines.get(which)
    fresh = promised.deadline(which, due)
    if known is None:
        ends = which == RESPONSE or fresh.ends_answered
        unnoticed = due <= now and not (ends and case.answered_at is not None)
        return promised.deadline(which, due, due if unnoticed else None)
    if known.due != due:
        fresh.due = max(due, now)
    return fresh
