"""What the fields of steps are given as: lengths, time zones and conditions, read and checked."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from touchpoint.durations import Duration, Forever, days, is_calendar, spoken
from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression, operand, read_condition
from touchpoint.model.limits import times
from touchpoint.model.message import Content, Gift, Message

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def earlier(value: Iterable[str] | str) -> tuple[str, ...]:
    """Earlier names of a rule or step; one alone may be given as it is."""
    return (value,) if isinstance(value, str) else tuple(value)


def as_duration(value: object, what: str) -> Duration | Forever:
    """A length that is elapsed, calendar or forever. Raises JourneyError for anything else."""
    if type(value) is not timedelta and (isinstance(value, Forever) or is_calendar(value)):
        return value  # type: ignore[return-value]
    if not isinstance(value, timedelta):
        raise JourneyError(f"{what} takes a length such as days(3) or months(1), or forever, not {value!r}")
    if value < timedelta(0):
        raise JourneyError(f"{what} takes a length of time; {spoken(value)} is negative")
    return value


def as_wait_length(value: Duration | None) -> Duration | Forever | None:
    """The length of a `Wait`; None where it waits until something."""
    return None if value is None else as_duration(value, "Wait()")


def as_timeout(value: Duration | Forever | None) -> Duration | Forever | None:
    """How long a wait lasts; None where nobody said so, which validation tells."""
    return None if value is None else as_duration(value, "timeout=")


def as_zone_key(zone: "ZoneInfo | str | None") -> str | None:
    """The key of a zone that is given as itself or by its key."""
    return zone if zone is None or isinstance(zone, str) else zone.key


def as_still(value: Expression | str | None) -> Expression | None:
    """The condition of a `Send`, which may be text."""
    return read_condition(value, "Send(still=)")  # type: ignore[no-any-return]


def as_given(value: Expression | str | None) -> Expression | None:
    """The condition of a `WaitFor`, which may be text."""
    return read_condition(value, "WaitFor(given=)")  # type: ignore[no-any-return]


def as_awaited(value: Expression | str) -> Expression:
    """The condition of a `WaitUntil`, which may be text."""
    return read_condition(value, "WaitUntil()")  # type: ignore[no-any-return]


def as_asked(value: Expression | str) -> Expression:
    """The condition of a `Branch`, which may be text."""
    return read_condition(value, "Branch()")  # type: ignore[no-any-return]


def as_until(value: "str | Expression | None") -> "str | Expression | None":
    """What a `Wait` waits for: a time of day, or a condition that gives a date, which may be text."""
    # A time of day begins with a digit, and a condition that gives a date hardly ever does.
    if not isinstance(value, str) or value[:1].isdigit() or not value.strip():
        return value
    from touchpoint.journey.text import parse

    return parse(value, where="Wait(until=)")


def reminders(value: Iterable[timedelta] | timedelta | None) -> tuple[timedelta, ...]:
    """One length, or several, as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, timedelta) or not isinstance(value, Iterable) else tuple(value)


def thanks(value: Message | None) -> Message | None:
    """What somebody gets for an answer; a gift that has no limit gets one, so that nobody answers for the gifts."""
    if (
        not isinstance(value, Message)
        or not (isinstance(value, Gift) or value.kind == "gift")
        or value.limit is not None
    ):
        return value
    return attrs.evolve(value, limit=times(1, per=days(90)))


def as_answer(message: Message | str, why: str, name: str | None, what: str) -> Message:
    """The message of a `Reply` or `React`, which may be given as its text. Raises JourneyError for half of one."""
    if isinstance(message, str) and name is not None:
        return Message(name, why=why, content=Content(text=message))
    if isinstance(message, str):
        raise JourneyError(f'{what}("…") needs a name, by which it is known: {what}("…", name="thanks", why="…")')
    if why or name is not None:
        raise JourneyError(f"{what}(message) takes why= and name= from its message; say them there")
    return message


def as_candidate_given(value: Expression | str | None) -> Expression | None:
    """The condition of a `Candidate`, which may be text."""
    return read_condition(value, "Candidate(given=)")  # type: ignore[no-any-return]


def worth(value: object) -> Expression:
    """What something is worth: a number, an expression, or the text of one.

    Raises:
        ConditionError: the text cannot be read.
    """
    if isinstance(value, str):
        from touchpoint.journey.text import parse

        return parse(value, where="value=")
    return operand(value)


def asked_by_candidates(step: object) -> Iterator[tuple[str, Expression]]:
    """(path from the step, expression) of what the candidates of a `Best` ask; nothing for other steps."""
    for n, each in enumerate(getattr(step, "candidates", ())):
        yield from ((f"candidates[{n}].given", one) for one in (each.given,) if one is not None)
        yield f"candidates[{n}].value", each.value
