"""Cases: something is wrong or asked, and somebody owes the customer an answer (S8.2)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias, get_args

import attrs

from touchpoint.durations import spoken
from touchpoint.errors import JourneyError, hint
from touchpoint.model.business import BusinessTime

Severity = Literal["low", "normal", "high", "urgent"]
Which = Literal["response", "resolution"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""The least first."""
RESPONSE: Final = "response"
RESOLUTION: Final = "resolution"
DEADLINES: Final = (RESPONSE, RESOLUTION)
"""The deadlines that a case can have: to its first answer, and to its end."""
ESCALATIONS: Final = range(1, 10)
"""The levels to which a case can be escalated."""
_ABOUT: Final = "case:"
_LEVEL: Final = "level "

Within: TypeAlias = timedelta | BusinessTime
"""How long something may take: elapsed, or in business hours."""


@attrs.frozen(kw_only=True)
class BySeverity:
    """How long something may take, by how bad the case is.

    A severity that is left out has the time of the next lower one that is not, and none where there is no such.

    Args:
        low, normal, high, urgent: elapsed times, or `BusinessTime`.

    Raises:
        JourneyError: no severity has a time.
    """

    low: Within | None = None
    normal: Within | None = None
    high: Within | None = None
    urgent: Within | None = None

    def __attrs_post_init__(self) -> None:
        if all(getattr(self, each) is None for each in SEVERITIES):
            raise JourneyError('no severity has a time; write {"urgent": hours(1), "normal": hours(24)}')

    def __str__(self) -> str:
        given = ((name, getattr(self, name)) for name in reversed(SEVERITIES))
        said = ((name, spoken(time) if isinstance(time, timedelta) else time) for name, time in given)
        return ", ".join(f"{time} ({name})" for name, time in said if time is not None)

    def of(self, severity: str) -> Within | None:
        """The time for cases of a severity; None for none."""
        upwards = SEVERITIES[: rank(severity) + 1]
        given: list[Within] = [time for each in upwards if (time := getattr(self, each)) is not None]
        return given[-1] if given else None


Deadline: TypeAlias = Within | BySeverity
DeadlineLike: TypeAlias = Deadline | Mapping[str, Within]


def rank(severity: str) -> int:
    """How bad a severity is: 0 for the lowest. One that nobody knows is normal."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 1


def _deadline(value: DeadlineLike) -> Deadline:
    if not isinstance(value, Mapping):
        return value
    for name in value:
        if name not in SEVERITIES:
            raise JourneyError(f"{name!r} is no severity{hint(str(name), SEVERITIES)}; write {', '.join(SEVERITIES)}")
    return BySeverity(**value)


def _maybe_deadline(value: DeadlineLike | None) -> Deadline | None:
    return None if value is None else _deadline(value)


def _levels(value: Iterable[DeadlineLike] | DeadlineLike) -> tuple[Deadline, ...]:
    if type(value) is not tuple and isinstance(value, timedelta | BusinessTime | BySeverity | Mapping):
        return (_deadline(value),)
    return tuple(_deadline(each) for each in value)


@attrs.frozen
class CaseType:
    """A kind of case.

    Each time counts from its opening: elapsed (`hours(4)`), in business hours (`BusinessTime(hours(8), office)`), or by
    severity (`{"urgent": hours(1), "normal": hours(24)}`).

    Args:
        name: how rules, holds and the host refer to it.
        respond_within: to the first answer; what counts as one is in docs/reference/language.md. None for no deadline.
        resolve_within: to its closing. None for no deadline.
        severity: how bad one is unless told otherwise.
        escalate: one after the other: how long until it is escalated to the first level, the second, and so on.
        escalate_until: what ends that: its `resolution`, which is its closing, or the first `response` already.
        reopen_within: how long after its closing opening it again reopens it (`CaseReopened`), elapsed; None: then a
            case of the same ref is a new one. The host may reopen one at any time.
        answer_closes: its first answer closes it, as of a question: whatever counts as a first response.
    """

    name: str
    respond_within: Deadline | None = attrs.field(default=None, kw_only=True, converter=_maybe_deadline)
    resolve_within: Deadline | None = attrs.field(default=None, kw_only=True, converter=_maybe_deadline)
    severity: Severity = attrs.field(default="normal", kw_only=True)
    escalate: tuple[Deadline, ...] = attrs.field(default=(), kw_only=True, converter=_levels)
    escalate_until: Which = attrs.field(default="resolution", kw_only=True)
    reopen_within: timedelta | None = attrs.field(default=None, kw_only=True)

    @property
    def deadlines(self) -> dict[str, Deadline]:
        """What falls due by itself, in the order in which it comes at one instant: deadlines, then `level 1` and on."""
        named = {RESPONSE: self.respond_within, RESOLUTION: self.resolve_within}
        named |= {level_name(n): each for n, each in enumerate(self.escalate, start=1)}
        return {name: each for name, each in named.items() if each is not None}

    answer_closes: bool = attrs.field(default=False, kw_only=True)

    def within(self, which: str, severity: str | None = None) -> Within | None:
        """How long a deadline lasts for cases of a severity, its own unless given; None where it has none."""
        given = self.deadlines.get(which)
        return given.of(severity or self.severity) if isinstance(given, BySeverity) else given


@attrs.frozen
class Case:
    """One opening of a case of one customer: (customer, kind, ref). Instants are aware UTC; None is none of that.

    `closed_at` is None while it is open. `first_response_at` is when the customer was first answered, `respond_by` and
    `resolve_by` when an answer and its closing were due at the latest, and `response_overdue_since` and
    `resolution_overdue_since` when that was missed. What was missed stays so, also where an answer is learned of only
    later. `owner` is whoever looks after it, as the host calls them. `opening` counts: 2 once it was reopened.
    `escalated_at` has when each level was reached. `cause` is the id of the touchpoint that led to it and `cause_type`
    its type. `merged_into` is the ref of the case that it has become part of.
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
    severity: Severity = "normal"
    owner: str | None = attrs.field(default=None, repr=False)
    opening: int = 1
    escalated_at: tuple[datetime, ...] = ()
    cause: str | None = attrs.field(default=None, repr=False)
    cause_type: str | None = None
    merged_into: str | None = attrs.field(default=None, repr=False)

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
    def level(self) -> int:
        """How far it was escalated: 0 for not at all."""
        return len(self.escalated_at)

    @property
    def reopened(self) -> int:
        """How often it had been closed and opened again by then."""
        return self.opening - 1

    @property
    def about(self) -> str:
        """What a touchpoint says that belongs to it: `record(…, about=case.about)`."""
        return about_case(self.kind, self.ref)


def level_name(level: int) -> str:
    """What the time to a level of escalation is called, from 1."""
    return f"{_LEVEL}{level}"


def level_of(which: str) -> int | None:
    """The level that a time leads to; None for the deadlines."""
    return int(which.removeprefix(_LEVEL)) if which.startswith(_LEVEL) else None


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
