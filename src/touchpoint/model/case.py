"""Cases: something is wrong or asked, and somebody owes the customer an answer (S8.2)."""

from datetime import datetime, timedelta
from typing import Final, Literal

import attrs

Severity = Literal["low", "normal", "high", "urgent"]
Which = Literal["response", "resolution"]
RESPONSE: Final = "response"
RESOLUTION: Final = "resolution"
DEADLINES: Final = (RESPONSE, RESOLUTION)
"""The deadlines that a case can have: to its first answer, and to its end."""
_ABOUT: Final = "case:"


@attrs.frozen
class CaseType:
    """A kind of case.

    Args:
        name: how rules, holds and the host refer to it.
        respond_within: elapsed time from its opening to the first answer; what counts as one is in
            docs/reference/language.md. None for no deadline.
        resolve_within: elapsed time from its opening to its closing. None for no deadline.
        severity: how bad one is unless told otherwise.
        answer_closes: its first answer closes it, as of a question: whatever counts as a first response.
    """

    name: str
    respond_within: timedelta | None = attrs.field(default=None, kw_only=True)
    resolve_within: timedelta | None = attrs.field(default=None, kw_only=True)
    severity: Severity = attrs.field(default="normal", kw_only=True)
    answer_closes: bool = attrs.field(default=False, kw_only=True)

    def within(self, which: str) -> timedelta | None:
        """How long a deadline lasts, elapsed; None where it has none."""
        return self.respond_within if which == RESPONSE else self.resolve_within


@attrs.frozen
class Case:
    """One case of one customer: (customer, kind, ref). `closed_at` is None while it is open; instants are aware UTC.

    `first_response_at` is when the customer was first answered, `respond_by` and `resolve_by` when an answer and its
    closing were due at the latest, and `response_overdue_since` and `resolution_overdue_since` when that was missed;
    each None where there is no such thing. What was missed stays so, also where an answer is learned of only later.
    """

    kind: str
    ref: str = attrs.field(repr=False)
    opened_at: datetime
    closed_at: datetime | None = None
    first_response_at: datetime | None = None
    respond_by: datetime | None = None
    resolve_by: datetime | None = None
    response_overdue_since: datetime | None = None
    resolution_overdue_since: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it is still open."""
        return self.closed_at is None

    @property
    def overdue(self) -> bool:
        """Whether it is open and something is still owed that is overdue: the first answer, or its closing."""
        unanswered = self.response_overdue_since is not None and self.first_response_at is None
        return self.open and (unanswered or self.resolution_overdue_since is not None)

    @property
    def about(self) -> str:
        """What a touchpoint says that belongs to it: `record(…, about=case.about)`."""
        return about_case(self.kind, self.ref)


def case_name(case: "CaseType | str") -> str:
    """The name of a case type, given it or its name."""
    return case if isinstance(case, str) else case.name


def about_case(case: "CaseType | str", ref: str) -> str:
    """What a touchpoint says that belongs to this case, such as `case:complaint:A17` (S1.2)."""
    kind = case_name(case).replace("%", "%25").replace(":", "%3A")
    return f"{_ABOUT}{kind}:{ref}"


def case_of(about: str) -> tuple[str, str] | None:
    """The (kind, ref) of the case that something is about; None where it is about no case."""
    if not about.startswith(_ABOUT):
        return None
    kind, colon, ref = about.removeprefix(_ABOUT).partition(":")
    return (kind.replace("%3A", ":").replace("%25", "%"), ref) if colon and kind and ref else None
