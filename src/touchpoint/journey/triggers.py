"""What can start a rule, move a stage, end a wait, or reach a goal (S4.1)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias, assert_never

import attrs

from touchpoint.durations import Duration, is_calendar, spoken
from touchpoint.errors import InvalidTouchpoint, JourneyError
from touchpoint.journey.calendar_triggers import DateDue, Schedule, Usual
from touchpoint.journey.changes import ConsentChanged, PreferenceChanged, TraitChanged
from touchpoint.journey.outcomes import (
    Answered,
    Clicked,
    Delivered,
    Denied,
    Ended,
    Failed,
    Opened,
    Replied,
    Sent,
)
from touchpoint.journey.segment import Segment, segment_name
from touchpoint.model.case import DEADLINES, CaseType, Which, case_name
from touchpoint.model.names import type_of
from touchpoint.model.referral import REFERRAL_TYPES

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def touchpoint_type(value: str | type) -> str:
    """The name of a touchpoint type, from it or from a declared class. Raises JourneyError for what cannot be one."""
    try:
        return type_of(value)
    except InvalidTouchpoint as error:
        raise JourneyError(str(error)) from None


@attrs.frozen
class On:
    """A touchpoint of this type is recorded. A bare string or declared class means the same."""

    type: str = attrs.field(converter=touchpoint_type)

    def __str__(self) -> str:
        return self.type


# Triggers of which several have the same fields have them of a base, and are plain classes: so attrs makes them once.


@attrs.frozen
class _OfStage:
    stage: str
    journey: str | None = attrs.field(default=None, kw_only=True)


class Entered(_OfStage):
    """A stage is entered. `journey` defaults to the one the trigger stands in."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"entered {self.stage}"


class Left(_OfStage):
    """A stage is left. `journey` defaults to the one the trigger stands in."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"left {self.stage}"


@attrs.frozen
class _OfSegment:
    segment: str = attrs.field(converter=segment_name)
    journey: str | None = attrs.field(default=None, kw_only=True)


class Joined(_OfSegment):
    """The customer joins a segment (S3.3).

    Args:
        segment: the segment, or its name.
        journey: of the segment; the one the trigger stands in, unless given.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return f"joined segment {self.segment}"


class LeftSegment(_OfSegment):
    """The customer leaves a segment (S3.3), also by a window that lapses.

    Args:
        segment: the segment, or its name.
        journey: of the segment; the one the trigger stands in, unless given.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return f"left segment {self.segment}"


def _elapsed(what: str, value: object) -> timedelta:
    if not isinstance(value, timedelta):
        raise JourneyError(f"{what} takes an elapsed time such as days(30), not {value!r}")
    if value <= timedelta(0):
        raise JourneyError(f"{what} takes a time longer than nothing; {spoken(value)} is negative or zero")
    return value


def _dwell_length(value: timedelta) -> timedelta:
    return _elapsed("Dwelt()", value)


def _silence_length(value: timedelta | Usual) -> timedelta | Usual:
    return value if isinstance(value, Usual) else _elapsed("Silent()", value)


def _type_or_none(value: str | type | None) -> str | None:
    return None if value is None else touchpoint_type(value)


@attrs.frozen
class Dwelt:
    """The customer has been in a stage without a break for this long.

    Args:
        stage: its name.
        length: elapsed, counted from entering it.
        journey: of the stage; the one the trigger stands in unless given.
    """

    stage: str
    length: timedelta = attrs.field(converter=_dwell_length)
    journey: str | None = attrs.field(default=None, kw_only=True)

    def __str__(self) -> str:
        return f"dwelt in {self.stage} for {spoken(self.length)}"


@attrs.frozen
class _OfCase:
    case: str = attrs.field(converter=case_name)


class CaseOpened(_OfCase):
    """A case of this kind is opened."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"case {self.case} opened"


class CaseClosed(_OfCase):
    """A case of this kind is closed."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"case {self.case} closed"


class CaseReopened(_OfCase):
    """A case of this kind that was closed is opened again; `event.opening` counts, 2 for the first time."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"case {self.case} reopened"


class CaseMerged(_OfCase):
    """A case of this kind, `event.ref`, has become part of another one, `event.into`."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"case {self.case} merged"


@attrs.frozen
class CaseEscalated:
    """A case of this kind reaches a level of escalation of its `CaseType`, at the instant that it says.

    Once for each level and opening, until it is closed; with `escalate_until="response"`, until it is answered.

    Args:
        case: a kind of case, or its name.
        level: from 1; None for any.
    """

    case: str = attrs.field(converter=case_name)
    level: int | None = None

    def __str__(self) -> str:
        return f"case {self.case} escalated" + (f" to level {self.level}" if self.level is not None else "")


@attrs.frozen
class Silent:
    """Nothing of this type, or nothing inbound at all, for this long (elapsed) after the last one.

    It falls due at last + length, once for each silence; a touchpoint at that very instant comes first (S2.5).

    Args:
        length: an elapsed time, or `usual(1.5)`: so many times the customer's own usual gap, as it is when the silence
            begins.
        of: a touchpoint type; None for anything inbound.
        at_least: with `usual`, never a shorter silence than this.
        otherwise: with `usual`, the silence of customers of whom too little is known: fewer than three gaps.
    """

    length: timedelta | Usual = attrs.field(converter=_silence_length)
    of: str | None = attrs.field(default=None, kw_only=True, converter=_type_or_none)
    at_least: timedelta | None = attrs.field(default=None, kw_only=True)
    otherwise: timedelta | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        bounds = {"at_least": self.at_least, "otherwise": self.otherwise}
        for name, value in bounds.items():
            if isinstance(self.length, Usual) == (value is None):
                raise JourneyError(_BOUNDS if value is None else f"Silent(): {name}= is for silences of usual() alone")
            if value is not None:
                _elapsed(f"Silent(): {name}=", value)

    def __str__(self) -> str:
        lasts = str(self.length) if isinstance(self.length, Usual) else spoken(self.length)
        return f"silent for {lasts}" + (f" of {self.of}" if self.of else "")


_BOUNDS = (
    "a silence by the usual gap says at_least=, for who comes in bursts, and otherwise=, for who is new; write "
    "Silent(usual(1.5), at_least=days(7), otherwise=days(60))"
)


def _deadline(value: Which | None) -> Which | None:
    if value is not None and value not in DEADLINES:
        raise JourneyError(f"CaseOverdue(): which= is one of {', '.join(DEADLINES)}, or None for either, not {value!r}")
    return value


@attrs.frozen
class CaseOverdue:
    """A case of this kind is open, and a deadline of its `CaseType` is missed (S8.2): at the instant it was due.

    Once for each deadline and opening. Closed, or answered in time, it never comes.

    Args:
        case: a kind of case, or its name.
        which: `response`, `resolution`, or None for either.
    """

    case: str = attrs.field(converter=case_name)
    which: Which | None = attrs.field(default=None, converter=_deadline)

    def __str__(self) -> str:
        return f"case {self.case} overdue" + (f" ({self.which})" if self.which is not None else "")


def _zone_key(zone: "ZoneInfo | str | None") -> str | None:
    return zone if zone is None or isinstance(zone, str) else zone.key


@attrs.frozen
class Anniversary:
    """A date that the trait holds comes round, every year, on the customer's calendar.

    Args:
        trait: name of a trait that holds a date (or an ISO date string). 29 February is kept on the 28th in common
            years.
        at: local time of day, "HH:MM".
        before: this much ahead of the date.
        unknown_zone: taken where the customer's zone is not known; without it such a customer has no anniversaries.
    """

    trait: str
    at: str = attrs.field(default="09:00", kw_only=True)
    before: Duration = attrs.field(default=timedelta(0), kw_only=True)
    unknown_zone: str | None = attrs.field(default=None, kw_only=True, converter=_zone_key)

    def __attrs_post_init__(self) -> None:
        if not is_calendar(self.before) and (not isinstance(self.before, timedelta) or self.before < timedelta(0)):
            raise JourneyError(f"Anniversary({self.trait!r}): before= is a length such as days(7), not {self.before!r}")

    def __str__(self) -> str:
        return f"anniversary of {self.trait}"


@attrs.frozen
class Exposed:
    """The customer parted ways in a `Split` for the first time: in this variant, or in any.

    Args:
        split: its name.
        variant: None for any.
    """

    split: str
    variant: str | None = None

    def __str__(self) -> str:
        return f"exposed to {self.split}" + (f" ({self.variant})" if self.variant is not None else "")


def _conversion(value: str | type | None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str | type):
        raise JourneyError(
            "Referred(converted=) takes the touchpoint type by which a friend becomes a customer, such as "
            f"'order_placed', not {type(value).__name__}; without it the trigger is the referral itself"
        )
    name = touchpoint_type(value)
    if name in REFERRAL_TYPES:
        raise JourneyError(
            f"Referred(converted={name!r}): nobody is thanked for the referrals of somebody they referred; name what "
            "the friend does, such as 'order_placed'"
        )
    return name


@attrs.frozen
class Referred:
    """The customer refers a friend (`Engine.refer`), or the friend does what counts.

    It is of the one who refers; the friend's own timeline has the touchpoint `referral_received`.

    Args:
        converted: a touchpoint type: the friend's first one of it ever, where that comes after the referral. So it is
            met at most once for each friend. None: the referral itself.
    """

    converted: str | None = attrs.field(default=None, converter=_conversion)

    def __str__(self) -> str:
        return "referral of a friend" if self.converted is None else f"first {self.converted} of a referred friend"


@attrs.frozen
class Enrolled:
    """The host, or an `Enrol` step, puts the customer into the rule."""

    def __str__(self) -> str:
        return "enrolled"


def trigger_name(trigger: "Trigger") -> str:  # noqa: C901, PLR0912 - one branch per kind
    """What a trigger is about, without its parameters: a wait keeps its identity when a length changes (S4.5)."""
    match trigger:
        case On():
            return trigger.type
        case Entered() | Left() | Dwelt():
            about: str | None = trigger.stage
        case Joined() | LeftSegment():
            about = trigger.segment
        case CaseOpened() | CaseClosed() | CaseReopened() | CaseMerged():
            about = trigger.case
        case CaseEscalated():
            about = " ".join(filter(None, (trigger.case, str(trigger.level or ""))))
        case CaseOverdue():
            about = " ".join(filter(None, (trigger.case, trigger.which)))
        case Silent():
            about = trigger.of
        case Anniversary() | DateDue():
            about = trigger.trait
        case Schedule():
            about = trigger.rule
        case Exposed():
            about = trigger.split
        case Enrolled():
            about = None
        case Referred():
            about = trigger.converted
        case TraitChanged():
            about = trigger.trait
        case ConsentChanged():
            about = " on ".join(filter(None, (trigger.purpose, trigger.channel))) or None
        case PreferenceChanged():
            about = trigger.what
        case Sent() | Denied() | Failed() | Delivered() | Opened() | Clicked() | Replied() | Answered() | Ended():
            about = trigger.message
        case _:
            assert_never(trigger)
    kind = type(trigger).__name__.lower()
    return kind if about is None else f"{kind} {about}"


Trigger: TypeAlias = (
    On | Entered | Left | Dwelt | Joined | LeftSegment | CaseOpened | CaseClosed | Silent | Anniversary | DateDue
    | CaseOverdue | CaseEscalated | CaseReopened | CaseMerged
    | Schedule | Exposed | Enrolled | ConsentChanged | PreferenceChanged | TraitChanged
    | Sent | Denied | Failed | Delivered | Opened | Clicked | Replied | Answered | Ended
    | Referred
)  # fmt: skip
TriggerLike: TypeAlias = "Trigger | str | type"


def trigger(value: object) -> Trigger:
    """One trigger from a trigger, a touchpoint type or a declared class. Raises JourneyError for anything else."""
    if isinstance(value, str | type):
        return On(value)
    if isinstance(value, Trigger):
        return value
    if isinstance(value, CaseType):
        say = f"say CaseOpened({value.name}), CaseClosed({value.name}) or CaseOverdue({value.name})"
        raise JourneyError(f"a case is not a trigger: {say}")
    if isinstance(value, Segment):
        raise JourneyError(f"a segment is not a trigger: say Joined({value.name}) or LeftSegment({value.name})")
    raise JourneyError(f"a trigger is a touchpoint type or one of Entered, Left, Silent …, not {type(value).__name__}")


def triggers(value: object) -> tuple[Trigger, ...]:
    """Triggers from one or a list of them; None is none."""
    if value is None:
        return ()
    if type(value) is str:
        return (On(value),)
    if isinstance(value, Iterable) and not isinstance(value, str | type):
        return tuple(trigger(each) for each in value)
    return (trigger(value),)
