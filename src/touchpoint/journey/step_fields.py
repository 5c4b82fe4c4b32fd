"""What authors may write in the fields of steps, brought into the form that is kept."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from touchpoint.durations import Duration, Forever, is_calendar, spoken
from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression, operand, read_condition
from touchpoint.model.message import Content, Message

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def earlier(value: Iterable[str] | str) -> tuple[str, ...]:
    """Earlier names of a rule or step; one alone may be given as it is."""
    return (value,) if isinstance(value, str) else tuple(value)


def duration(value: object, what: str) -> Duration | Forever:
    """A length, or `forever`. Raises JourneyError for anything else, and for a negative one."""
    if isinstance(value, Forever) or is_calendar(value):
        return value  # type: ignore[return-value]
    if not isinstance(value, timedelta):
        raise JourneyError(f"{what} takes a length such as days(3) or months(1), or forever, not {value!r}")
    if value < timedelta(0):
        raise JourneyError(f"{what} takes a length of time; {spoken(value)} is negative")
    return value


def wait_length(value: Duration | None) -> Duration | Forever | None:
    """How long a `Wait` lasts; None where it has no length."""
    return None if value is None else duration(value, "Wait()")


def timeout(value: Duration | Forever | None) -> Duration | Forever | None:
    """When a wait gives up; None where it does not say."""
    return None if value is None else duration(value, "timeout=")


def zone_key(zone: "ZoneInfo | str | None") -> str | None:
    """The name of a time zone."""
    return zone if zone is None or isinstance(zone, str) else zone.key


def still(value: Expression | str | None) -> Expression | None:
    """The condition of a `Send`."""
    return read_condition(value, "Send(still=)")  # type: ignore[no-any-return]


def given(value: Expression | str | None) -> Expression | None:
    """The condition of a `WaitFor`."""
    return read_condition(value, "WaitFor(given=)")  # type: ignore[no-any-return]


def awaited(value: Expression | str) -> Expression:
    """The condition of a `WaitUntil`."""
    return read_condition(value, "WaitUntil()")  # type: ignore[no-any-return]


def asked(value: Expression | str) -> Expression:
    """The condition of a `Branch`."""
    return read_condition(value, "Branch()")  # type: ignore[no-any-return]


def until(value: "str | Expression | None") -> "str | Expression | None":
    """A time of day, or an expression that gives a date or an instant."""
    # A time of day begins with a digit, and a condition that gives a date hardly ever does.
    if not isinstance(value, str) or value[:1].isdigit() or not value.strip():
        return value
    from touchpoint.journey.text import parse

    return parse(value, where="Wait(until=)")


def candidate_given(value: Expression | str | None) -> Expression | None:
    """The condition of a `Candidate`."""
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


def answer(message: Message | str, why: str, name: str | None, what: str) -> Message:
    """The message of a `Reply` or `React`. Raises JourneyError for a text without a name."""
    if isinstance(message, str) and name is not None:
        return Message(name, why=why, content=Content(text=message))
    if isinstance(message, str):
        raise JourneyError(f'{what}("…") needs a name, by which it is known: {what}("…", name="thanks", why="…")')
    if why or name is not None:
        raise JourneyError(f"{what}(message) takes why= and name= from its message; say them there")
    return message


def asked_by_candidates(step: object) -> Iterator[tuple[str, Expression]]:
    """(path from the step, expression) of what the candidates of a `Best` ask; nothing for other steps."""
    for n, each in enumerate(getattr(step, "candidates", ())):
        yield from ((f"candidates[{n}].given", one) for one in (each.given,) if one is not None)
        yield f"candidates[{n}].value", each.value
