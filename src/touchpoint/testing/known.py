"""What journeys speak of, for whoever makes up stories: names, constants, and lengths of time that matter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import attrs

from touchpoint.core.parts import expressions_of_journeys
from touchpoint.durations import Duration, days, is_calendar
from touchpoint.journey import conditions as c
from touchpoint.journey import steps as s
from touchpoint.journey import triggers as t
from touchpoint.journey.calendar_triggers import DateDue, Schedule
from touchpoint.journey.changes import TraitChanged
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, Policy
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.testing.vocabulary import Vocabulary

BEGIN: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When stories begin unless they are told: when a `World` does."""
_TICK: Final = timedelta(microseconds=1)
_BESIDE: Final = (timedelta(0), -_TICK, _TICK)
_LONGEST: Final = days(400)
_ANY: Final = "*"
_BORN: Final = 1988
"""A leap year: every day that may come has its like in it."""


def _parts(value: object) -> Iterator[object]:
    """A value of the language and everything inside it."""
    yield value
    inside: Iterable[object] = ()
    if isinstance(value, Mapping):
        inside = value.values()
    elif isinstance(value, tuple):
        inside = value
    elif attrs.has(type(value)):
        inside = [getattr(value, each.name) for each in attrs.fields(type(value))]  # type: ignore[arg-type]  # has it
    for each in inside:
        yield from _parts(each)


def _near(value: object) -> tuple[object, ...]:
    """A constant, and what lies just beside it."""
    found: tuple[object, ...] = () if value is None else (value,)
    match value:
        case bool():
            found = (value, not value)
        case int() | float() | Decimal():
            found = (value, value - 1, value + 1)
        case str():
            found = (value, "other")
        case datetime() | timedelta():
            found = tuple(_beside(value, _BESIDE))
        case date():
            found = tuple(_beside(value, (timedelta(0), -days(1), days(1))))
        case tuple():
            found = tuple(near for each in value for near in _near(each))
    return found


def _beside(value: Any, lengths: Iterable[timedelta]) -> Iterator[object]:  # noqa: ANN401 - a date or a length
    for each in lengths:
        with suppress(OverflowError):  # beside the last day of the calendar, say
            yield value + each


Said = dict[tuple[str, str], list[object]]
"""(whose, name of the property) → values. Whose: `customer`, a touchpoint type, or `*` for any type."""


def _say(said: Said, whose: str, path: tuple[str, ...], values: Iterable[object]) -> None:
    for value in values:
        for name in reversed(path[1:]):
            value = {name: value}  # noqa: PLW2901 - wrapped level by level
        found = said.setdefault((whose, path[0]), [])
        if value not in found:
            found.append(value)


def _fields(node: c.Expression) -> Iterator[c.Field]:
    """Fields of an expression, without those in questions about history."""
    if isinstance(node, c.Field):
        yield node
    elif not isinstance(node, c.Aggregate):
        for child in c.children(node):
            yield from _fields(child)


def _listen(said: Said, node: c.Expression, event: str) -> None:
    """Note the values that a condition asks for; `event` is the type of the touchpoints that it looks at."""

    def say(values: Sequence[object], *among: c.Expression) -> None:
        for field in (each for part in among for each in _fields(part)):
            root = c.root_of(field)
            whose = {"customer": "customer", "event": event}.get(root, _ANY) if isinstance(root, str) else root.type
            _say(said, whose, c.path_of(field), values)

    match node:
        case c.Compare() | c.In() | c.Contains() | c.Arithmetic():
            found = [each.value for each in c.walk(node) if isinstance(each, c.Literal)]
            near = [value for each in found for value in _near(each)]
            listed: list[object] = [[each] for each in near] if isinstance(node, c.Contains) else []
            say((near + listed) or (1, 2, "a", "b"), node)
        case c.And() | c.Or():
            say((True, False), *(each for each in node.parts if isinstance(each, c.Field)))
        case c.Not() if isinstance(node.part, c.Field):
            say((True, False), node.part)
        case c.Exists():
            say(("a",), node)
        case c.Total():
            _say(said, node.type, node.of, (1, 10))
    for child in c.children(node):
        _listen(said, child, node.type if isinstance(node, c.Aggregate) else event)


def _about_time(said: Said, parts: Iterable[object], at: datetime) -> None:
    """Note dates for the traits and properties whose date somebody waits for."""
    for part in parts:
        if isinstance(part, s.Wait) and isinstance(part.until, c.Expression):
            for field in _fields(part.until):
                whose = "customer" if c.root_of(field) == "customer" else _ANY
                _say(said, whose, c.path_of(field), [at.date() + days(n) for n in (1, 2, 7)])
        elif isinstance(part, TraitChanged):
            _say(said, "customer", (part.trait,), ("a", "b") if part.to is None else (part.to, "another"))
        elif isinstance(part, t.Anniversary):
            _say(said, "customer", (part.trait,), [(at.date() + days(n)).replace(year=_BORN) for n in (1, 2, 7)])
        elif isinstance(part, DateDue):
            _say(said, "customer", (part.trait,), [at.date() + part.before + days(n) for n in (0, 1, 7)])


@attrs.frozen
class Known:
    """What can be said and done where these journeys are at work; `at` is when stories begin."""

    journeys: tuple[Journey, ...]
    at: datetime
    names: Vocabulary
    grants: tuple[tuple[str, str], ...]
    said: Said
    keys: tuple[str, ...]
    lengths: tuple[Duration, ...]
    clocks: tuple[str, ...]

    @classmethod
    def of(cls, journeys: Iterable[Journey], policy: Policy | None = None, at: datetime = BEGIN) -> "Known":
        """What journeys and the policy of the house speak of."""
        given = tuple(journeys)
        parts = list(_parts((given, policy)))
        said: Said = {}
        for expression in expressions_of_journeys(given):
            if isinstance(expression, c.Field):
                whose = "customer" if c.root_of(expression) == "customer" else _ANY
                _say(said, whose, c.path_of(expression), (True, False))
            _listen(said, expression, _ANY)
        _about_time(said, parts, at)
        messages = [message for journey in given for message in journey.messages.values()]
        pairs = ((message.effective_kind, channel) for message in messages for channel in message.channels)
        keys = (rule.key for journey in given for rule in journey.rules if rule.key is not None)
        lengths: list[Any] = [*(each.best_before for each in messages), *filter(_is_length, parts)]
        return cls(
            given, at, Vocabulary(given), tuple(dict.fromkeys(pairs)), said, tuple(dict.fromkeys(keys)),
            tuple(sorted(dict.fromkeys(lengths), key=repr)), tuple(dict.fromkeys(_clocks(parts))),
        )  # fmt: skip

    @property
    def elapsed(self) -> tuple[timedelta, ...]:
        """The lengths that are the same on every calendar."""
        return tuple(each for each in self.lengths if isinstance(each, timedelta))

    def properties(self, whose: str) -> dict[str, list[object]]:
        """Values of the properties of a touchpoint type, or of the `customer`."""
        found: dict[str, list[object]] = {} if whose == "customer" else {key: ["a", "b"] for key in self.keys}
        for (owner, name), values in self.said.items():
            # A field of the record itself (`event.at`) is no property, and `does(at=…)` means the record's.
            if owner in (whose, _ANY if whose != "customer" else whose) and (name != "at" or whose == "customer"):
                found[name] = [*found.get(name, []), *values]
        return found


def _is_length(value: object) -> bool:
    return is_calendar(value) or (isinstance(value, timedelta) and timedelta(0) < value <= _LONGEST)


def _clocks(parts: Iterable[object]) -> Iterator[str]:
    """Local times at which something opens, closes or falls due."""
    for part in parts:
        match part:
            case QuietHours():
                yield from (part.start, part.end.replace("24:00", "00:00"))
            case SendWindow():
                yield from (each.replace("24:00", "00:00") for pair in part.intervals for each in pair)
            case s.Wait() if isinstance(part.until, str):
                yield part.until
            case t.Anniversary() | DateDue() | Schedule():
                yield part.at
            case Cap() if is_calendar(part.per):
                yield "00:00"
