"""Cases: something is wrong or asked, and somebody owes the customer an answer (S8.2)."""

from datetime import datetime, timedelta
from typing import Literal

import attrs

Severity = Literal["low", "normal", "high", "urgent"]


@attrs.frozen
class CaseType:
    """A kind of case.

    Args:
        name: how rules, holds and the host refer to it.
        respond_within: elapsed time to the first outbound contact about it.
        resolve_within: elapsed time to its closing.
        severity: how bad one is unless told otherwise.
    """

    name: str
    respond_within: timedelta | None = attrs.field(default=None, kw_only=True)
    resolve_within: timedelta | None = attrs.field(default=None, kw_only=True)
    severity: Severity = attrs.field(default="normal", kw_only=True)


@attrs.frozen
class Case:
    """One case of one customer: (customer, kind, ref). `closed_at` is None while it is open; instants are aware UTC."""

    kind: str
    ref: str = attrs.field(repr=False)
    opened_at: datetime
    closed_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it is still open."""
        return self.closed_at is None


def case_name(case: "CaseType | str") -> str:
    """The name of a case type, given it or its name."""
    return case if isinstance(case, str) else case.name
