"""What of the journeys falls due by itself, compiled: silences, and the calendar (anniversaries, dates, schedules)."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final, TypeAlias, assert_never

import attrs

from touchpoint.core.recurring import Next, anniversaries_of, dates_of, schedules_of
from touchpoint.durations import Duration, is_calendar, length, spoken
from touchpoint.journey.calendar_triggers import DateDue, Schedule, Usual
from touchpoint.journey.triggers import Anniversary, Silent, Trigger

Triggers: TypeAlias = Iterable[tuple[str, Trigger]]
"""Triggers, each with the name of its journey."""
OnCalendar: TypeAlias = Anniversary | DateDue | Schedule
ANNIVERSARY: Final = "anniversary"
DATE_DUE: Final = "date_due"
SCHEDULE: Final = "schedule"
CALENDAR: Final = frozenset({ANNIVERSARY, DATE_DUE, SCHEDULE})
_RELATIVE: Final = ("years", "months", "days", "leapdays", "hours", "minutes", "seconds", "microseconds")
_ABSOLUTE: Final = ("year", "month", "day", "hour", "minute", "second", "microsecond", "weekday")
_KINDS: Final[Mapping[type, str]] = {Anniversary: ANNIVERSARY, DateDue: DATE_DUE, Schedule: SCHEDULE}


@attrs.define(eq=False)
class UsualGap:
    """How long a silence lasts by the customer's own usual gap; lengths in microseconds."""

    times: tuple[int, int]
    at_least: int
    otherwise: int


@attrs.define(eq=False)
class SilenceSpec:
    """A silence somebody waits for: `name` is its definition, `of` a touchpoint type or None for anything inbound.

    `length` is in microseconds, and 0 where `usual` says it for each customer.
    """

    name: str
    of: str | None
    length: int
    words: str
    usual: UsualGap | None = None


@attrs.define(eq=False)
class CalendarSpec:
    """A date of the calendar somebody waits for.

    `name` is its definition; `noted` the name under which is kept what has come: `identity`, which stays when its hour
    or its `unknown_zone` is changed, and then these two. `trait` holds the date; None for a schedule. `following` finds
    the next one.
    """

    kind: str
    name: str
    identity: str
    noted: str
    trigger: OnCalendar
    trait: str | None
    following: Next

    @property
    def words(self) -> str:
        """The trigger in words."""
        return str(self.trigger)


def silence_name(trigger: Silent) -> str:
    """The definition of a silence as text."""
    of = trigger.of or ""
    if isinstance(trigger.length, Usual):
        bounds = [length(each) for each in (trigger.at_least, trigger.otherwise) if each is not None]
        return "|".join([of, "usual", str(trigger.length.times), *map(str, bounds)])
    return f"{of}|{length(trigger.length)}"


def calendar_key(trigger: OnCalendar) -> tuple[str, str]:
    """The kind and the definition of a date of the calendar."""
    return _KINDS[type(trigger)], _name(trigger)


def _name(trigger: OnCalendar) -> str:
    if isinstance(trigger, Anniversary):  # stores know them by these names
        return "|".join([trigger.trait, trigger.at, _said(trigger.before), trigger.unknown_zone or ""])
    return _noted(trigger)


def _noted(trigger: OnCalendar) -> str:
    return "|".join([_identity(trigger), trigger.at, trigger.unknown_zone or ""])


def has_identity(noted: str, identity: str) -> bool:
    """Whether what is noted under this name is of a definition with this identity."""
    return noted.rsplit("|", 2)[0] == identity


def _identity(trigger: OnCalendar) -> str:
    match trigger:
        case Anniversary():
            parts = [ANNIVERSARY, trigger.trait, _exactly(trigger.before)]
        case DateDue():
            parts = ["date due", trigger.trait, _exactly(trigger.before), _exactly(trigger.after)]
        case Schedule():
            parts = [SCHEDULE, trigger.rule, "" if trigger.start is None else trigger.start.isoformat()]
        case _:
            assert_never(trigger)
    return "|".join(parts)


def _said(duration: Duration) -> str:
    return spoken(duration) if is_calendar(duration) or duration != timedelta(0) else ""


def _exactly(duration: Duration) -> str:
    if isinstance(duration, timedelta):
        return str(length(duration)) if duration else ""
    said = ((field, getattr(duration, field, None)) for field in (*_RELATIVE, *_ABSOLUTE))
    return " ".join(f"{field}={value}" for field, value in said if value is not None and (value or field in _ABSOLUTE))


def silences_in(triggers: Triggers) -> dict[str, SilenceSpec]:
    """The silences that journeys wait for, by name, each once."""
    found: dict[str, SilenceSpec] = {}
    for _, trigger in triggers:
        if isinstance(trigger, Silent):
            name = silence_name(trigger)
            found.setdefault(name, _silence(name, trigger))
    return found


def _silence(name: str, trigger: Silent) -> SilenceSpec:
    if not isinstance(trigger.length, Usual):
        return SilenceSpec(name, trigger.of, length(trigger.length), str(trigger))
    assert trigger.at_least is not None and trigger.otherwise is not None  # noqa: S101, PT018 - else it was refused
    usual = UsualGap(trigger.length.times.as_integer_ratio(), length(trigger.at_least), length(trigger.otherwise))
    return SilenceSpec(name, trigger.of, 0, str(trigger), usual)


def by_type(specs: Iterable[SilenceSpec]) -> dict[str, tuple[SilenceSpec, ...]]:
    """The silences of each touchpoint type; those of anything inbound are left out."""
    found: dict[str, list[SilenceSpec]] = {}
    for spec in specs:
        if spec.of is not None:
            found.setdefault(spec.of, []).append(spec)
    return {of: tuple(each) for of, each in found.items()}


def by_trait(specs: Iterable[CalendarSpec]) -> dict[str | None, tuple[CalendarSpec, ...]]:
    """The dates of the calendar that each trait holds; schedules under None."""
    found: dict[str | None, tuple[CalendarSpec, ...]] = {}
    for spec in specs:
        found[spec.trait] = (*found.get(spec.trait, ()), spec)
    return found


def calendar_in(triggers: Triggers) -> dict[str, CalendarSpec]:
    """What of the calendar journeys wait for, by name, each once: anniversaries first, then dates, then schedules."""
    named = [each for _, each in triggers if isinstance(each, Anniversary | DateDue | Schedule)]
    found: dict[str, CalendarSpec] = {}
    for kind in _KINDS:
        for each in (each for each in named if type(each) is kind):
            name = _name(each)
            found.setdefault(name, _spec(name, each))
    return found


def _spec(name: str, trigger: OnCalendar) -> CalendarSpec:
    if isinstance(trigger, Anniversary):
        trait, following = trigger.trait, anniversaries_of(trigger)
    elif isinstance(trigger, DateDue):
        trait, following = trigger.trait, dates_of(trigger)
    else:
        trait, following = None, schedules_of(trigger)
    return CalendarSpec(_KINDS[type(trigger)], name, _identity(trigger), _noted(trigger), trigger, trait, following)


def day_of(text: str) -> date:
    """A date as it is kept."""
    return date.fromisoformat(text)
