"""Values as they stand in a test that somebody may read."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta


def consents(pairs: Iterable[tuple[str, str]]) -> str:
    """(purpose, channel) pairs as a set."""
    return "{" + ", ".join(code(each) for each in sorted(pairs)) + "}"


def code(value: object) -> str:  # noqa: PLR0911 - one for each kind of value
    """A value as it is written in a test: `days(3)`, `datetime(2026, 1, 5, 9, tzinfo=UTC)`, `{'order': 'a'}`."""
    match value:
        case timedelta():
            return _length(value)
        case datetime():
            return value.isoformat() if value.tzinfo is None else _instant(value)
        case date():
            return f"date({value.year}, {value.month}, {value.day})"
        case Mapping():
            return "{" + ", ".join(f"{code(name)}: {code(each)}" for name, each in value.items()) + "}"
        case tuple():
            return f"({', '.join(map(code, value))}{',' if len(value) == 1 else ''})"
        case list():
            return f"[{', '.join(map(code, value))}]"
        case str():
            return json.dumps(value, ensure_ascii=False)  # with the quotes that a formatter would choose
        case _:
            return repr(value)


def _instant(value: datetime) -> str:
    clock = [value.hour, value.minute, value.second, value.microsecond]
    while len(clock) > 1 and not clock[-1]:
        clock.pop()
    key = getattr(value.tzinfo, "key", "UTC")
    place = "UTC" if key == "UTC" else f'ZoneInfo("{key}")'
    return f"datetime({', '.join(map(str, (value.year, value.month, value.day, *clock)))}, tzinfo={place})"


def _length(value: timedelta) -> str:
    if value < timedelta(0):
        return f"-({_length(-value)})"
    seconds, parts = value.seconds, list[str]()
    for unit, n in (("days", value.days), ("hours", seconds // 3600), ("minutes", seconds // 60 % 60)):
        parts += [f"{unit}({n})"] if n else []
    rest = seconds % 60 + value.microseconds / 1_000_000
    parts += [f"seconds({rest:g})"] if rest or not parts else []
    return " + ".join(parts)
