"""Journeys as JSON and back without loss (HOUSE 2).

Every part of a journey is a JSON object that carries its stable name, never an import path:

    {"type": "waitfor", "trigger": [{"type": "on", "touchpoint": "paid"}], "timeout": {"type": "elapsed", "days": 3}}

Fields that hold their default are left out, so that a field added later changes no stored journey. Inside a condition a
bare JSON value is a literal. Declared classes are kept by name and handed in again on reading.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import attrs

from touchpoint.durations import Forever, forever, is_calendar, length
from touchpoint.errors import JourneyError, Problem, TouchpointError, hint
from touchpoint.journey import conditions as c
from touchpoint.journey.codec_names import BUILDERS, NAMES
from touchpoint.journey.conditions import Expression
from touchpoint.journey.declared import leaves
from touchpoint.journey.fields import default_of, layout_of
from touchpoint.journey.journey import Journey
from touchpoint.model.names import type_name
from touchpoint.model.payload import DIGITS, is_kept

if TYPE_CHECKING:
    from cattrs import Converter

FORMAT: Final = "touchpoint.journey"
VERSION: Final = 1
"""The version of the format that is written; older ones are read, newer ones refused."""


# --- how a part is written --------------------------------------------------------------------------------------------

_OPTIONAL: Final = frozenset({"within", "where", "kind", "ref", "journey", "channel"})
"""Parts of expressions that are left out where they are None; expressions have no defaults that could say so."""
_MAPPINGS: Final = frozenset({"content", "properties", "arguments", "arms", "weights", "purposes"})
"""Fields that map names of the author's own choice, `type` among them, to parts."""
_UNITS: Final = (
    ("days", 86_400_000_000), ("hours", 3_600_000_000), ("minutes", 60_000_000), ("seconds", 1_000_000),
    ("microseconds", 1),
)  # fmt: skip
_CALENDAR: Final = (
    "years", "months", "days", "leapdays", "hours", "minutes", "seconds", "microseconds",
    "year", "month", "day", "hour", "minute", "second", "microsecond", "weekday",
)  # fmt: skip
_BARE: Final = frozenset({str, bool, int, float, NoneType})
_TOO_DEEP: Final = "a journey cannot be nested as deeply as this one"
_WEEKDAY: Final = re.compile(r"(MO|TU|WE|TH|FR|SA|SU)(?:\(([+-][1-9][0-9]*)\))?")


@attrs.frozen
class _Form:
    """How a JSON object of one name is read: what it builds, its fields with their Python names, and which it needs."""

    name: str
    build: Callable[..., object]
    fields: Mapping[str, str]
    required: frozenset[str] = frozenset()


def _wire(attribute: str) -> str:
    # "type" is the name of the object itself, and the parts of a Field are private.
    return "touchpoint" if attribute == "type" else attribute.lstrip("_")


def _form(cls: type, name: str) -> _Form:
    fields = attrs.fields(cls)
    optional = _OPTIONAL if issubclass(cls, Expression) else frozenset()
    return _Form(
        name,
        BUILDERS.get(cls, cls),
        {_wire(each.name): each.name.lstrip("_") for each in fields},
        frozenset(_wire(each.name) for each in fields if each.default is attrs.NOTHING and each.name not in optional),
    )


def _value_form(name: str, build: Callable[..., object], *fields: str, required: bool = False) -> _Form:
    return _Form(name, build, {field: field for field in fields}, frozenset(fields if required else ()))


@cache
def _forms() -> Mapping[str, _Form]:
    """How each object is read, by its name; made when something is read, for opening a new store only writes."""
    return {form.name: form for form in _all_forms()}


def _all_forms() -> Iterator[_Form]:
    yield from (_form(cls, name) for cls, name in NAMES.items())
    yield _value_form("forever", lambda: forever)
    yield _value_form("elapsed", timedelta, *(unit for unit, _ in _UNITS))
    yield _value_form("calendar", _relativedelta, *_CALENDAR)
    yield _value_form("decimal", _decimal, "value", required=True)
    yield _value_form("instant", _aware, "value", required=True)
    yield _value_form("date", _date, "value", required=True)


# --- writing ----------------------------------------------------------------------------------------------------------


def journey_to_dict(journey: Journey) -> dict[str, object]:
    """The journey as JSON values. `journey_from_dict` gives an equal one back."""
    return {"format": FORMAT, "version": VERSION, **_write_node(journey)}


def dumps(journey: Journey, *, indent: int | None = 2) -> str:
    """The journey as JSON text; `indent` in spaces, None for one line."""
    return json.dumps(journey_to_dict(journey), indent=indent, ensure_ascii=False)


def definition_hash(journey: Journey) -> str:
    """16 hexadecimal digits (SHA-256 of the canonical JSON) that change when the journey is defined differently.

    The version of the format and the fields of declared classes are no part of it.
    """
    return _hash(_write_node(journey))


def described(journey: Journey) -> tuple[str, str]:
    """`definition_hash` and the journey as JSON text on one line, for the price of one."""
    content = _write_node(journey)
    text = json.dumps({"format": FORMAT, "version": VERSION, **content}, ensure_ascii=False)
    return _hash(content), text


def json_name(cls: type) -> str | None:
    """The stable name of a class of the language in JSON; None for what is not written."""
    return NAMES.get(cls)


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _write(value: object) -> object:
    """A value that a journey may hold, as JSON values."""
    kind = type(value)
    if kind in _BARE:
        return value
    if kind in NAMES:
        return _write_node(value)
    if isinstance(value, tuple | list):
        return [_write(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _write(each) for key, each in value.items()}
    return _write_rare(value)


def _write_rare(value: object) -> object:  # noqa: PLR0911 - one per class
    match value:
        case timedelta():
            return _write_elapsed(value)
        case Forever():
            return {"type": "forever"}
        case Decimal():
            return {"type": "decimal", "value": str(value)}
        case datetime():
            return {"type": "instant", "value": value.astimezone(UTC).isoformat()}
        case date():
            return {"type": "date", "value": value.isoformat()}
        case type():
            return type_name(value)
    return _write_calendar(value) if is_calendar(value) else value


def _write_node(node: Any) -> dict[str, object]:  # noqa: ANN401 - any class of the grammar
    write = _write_operand if isinstance(node, Expression) else _write
    result: dict[str, object] = {"type": NAMES[type(node)]}
    values, fields = _layout(type(node))  # type: ignore[arg-type]  # a class is hashable
    for (wire, default), value in zip(fields, values(node), strict=True):
        if value is not default and not _is_default(default, value):
            result[wire] = write(value)
    return result


@cache
def _layout(cls: type) -> tuple[Callable[[object], Sequence[object]], Sequence[tuple[str, object]]]:
    """What gives the values of all fields of a class of the language, and the (name in JSON, default) of each."""
    layout = layout_of(cls)
    named = zip(layout.names, layout.defaults, strict=True)
    return layout.values, tuple((_wire(name), _unless_left_out(name, default)) for name, default in named)


def _unless_left_out(name: str, default: object) -> object:
    return None if default is attrs.NOTHING and name in _OPTIONAL else default


def _is_default(default: object, value: object) -> bool:
    # Types first: 0 is not False, and the `==` of an expression builds a condition.
    return type(default) is type(value) and c.same(default, value)


def _write_operand(value: object) -> object:
    """A part of an expression: literals go bare, for they cannot be mistaken there."""
    if isinstance(value, c.Literal):
        value = value.value
    return [_write_operand(each) for each in value] if isinstance(value, tuple) else _write(value)


def _write_elapsed(value: timedelta) -> dict[str, object]:
    rest = abs(length(value))
    result: dict[str, object] = {"type": "elapsed"}
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            result[unit] = count if value >= timedelta(0) else -count
    return result


def _write_calendar(value: object) -> dict[str, object]:
    parts = ((name, getattr(value, name)) for name in _CALENDAR)
    written = {name: str(part) if name == "weekday" else part for name, part in parts if part is not None}
    # Relative parts are left out at 0, absolute ones (an hour, say) are not.
    return {"type": "calendar", **{name: part for name, part in written.items() if part != 0 or not name.endswith("s")}}


# --- reading ----------------------------------------------------------------------------------------------------------


def journey_from_dict(data: Mapping[str, object], *, types: Sequence[type] = ()) -> Journey:
    """The journey that `journey_to_dict` wrote.

    Args:
        data: JSON values.
        types: the classes that declare its touchpoint types and traits; others among them are ignored.

    Raises:
        JourneyError: with every problem and its path, `$.rules[3].then[0].timeout`.
    """
    _check_format(data)
    rest = {name: value for name, value in data.items() if name not in ("format", "version", "type")}
    try:
        parts = _read_fields(_forms()["journey"], rest)
    except (_Wrong, ExceptionGroup, RecursionError) as error:
        found = list(leaves(error, "$"))
        if any(isinstance(each, RecursionError) for _, each in found):
            raise JourneyError(_TOO_DEEP) from None
        raise JourneyError("this is no journey", [Problem(path, str(each)) for path, each in found]) from None
    _resolve(parts, types)
    try:
        return Journey(**parts)
    except RecursionError:
        raise JourneyError(_TOO_DEEP) from None
    except (TypeError, AttributeError) as error:  # a list that is none, say: no list could be walked to look inside
        raise JourneyError(f"this is no journey: {error}") from None


def loads(text: str | bytes, *, types: Sequence[type] = ()) -> Journey:
    """The journey that `dumps` wrote. Arguments and errors as for `journey_from_dict`."""
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except RecursionError:
        raise JourneyError(_TOO_DEEP) from None
    except (ValueError, TypeError) as error:
        raise JourneyError(f"this is no journey, for it is no JSON: {error}") from None
    return journey_from_dict(data, types=types)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object; which value counts is not clear")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON numbers")


class _Wrong(ValueError):
    """Something that is not right at the place where it is raised."""


class _Node:
    """Any JSON value of the grammar, as a type that cattrs can be asked for."""


def _check_format(data: object) -> None:
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise JourneyError(f'this is no journey: one is an object with "format": "{FORMAT}", as dumps() writes it')
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise JourneyError(f'a journey says which version of the format it is written in; write "version": {VERSION}')
    if not is_kept(version):
        raise JourneyError(f"the version of the format is no number of more than {DIGITS} digits")
    if version > VERSION:
        raise JourneyError(
            f"this journey is written in version {version} of the format, and this release of touchpoint reads up to "
            f"{VERSION}; use the release it was written with, or a newer one"
        )


def _read(value: object) -> object:
    if not is_kept(value):
        raise _Wrong(f"a number of more than {DIGITS} digits")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return tuple(_converter().structure(value, list[_Node]))
    if not isinstance(value, Mapping):
        raise _Wrong(f"expected JSON, not a {type(value).__name__}")
    name = value.get("type")
    if not isinstance(name, str):
        raise _Wrong('an object says what it is: give it a "type", such as "send"')
    form = _forms().get(name)
    if form is None:
        raise _Wrong(f"there is no type {name!r}{hint(name, _forms())}")
    return _built(form, _read_fields(form, {key: each for key, each in value.items() if key != "type"}))


def _read_fields(form: _Form, data: Mapping[str, object]) -> dict[str, Any]:
    from cattrs.errors import AttributeValidationNote, ClassValidationError

    wrong: list[Exception] = []
    result = {}
    for name in [*data, *sorted(form.required - data.keys())]:
        try:
            result[form.fields.get(name, name)] = _read_field(form, name, data)
        except (_Wrong, ExceptionGroup) as error:
            error.add_note(AttributeValidationNote("", name, _Node))
            wrong.append(error)
    if wrong:
        raise ClassValidationError("", wrong, _Node)
    return result


def _read_field(form: _Form, name: str, data: Mapping[str, object]) -> object:
    if name not in form.fields:
        raise _Wrong(f"{form.name!r} has no such field{hint(name, form.fields)}")
    if name not in data:
        raise _Wrong(f"is required in {form.name!r}")
    value = data[name]
    if name not in _MAPPINGS:
        return _read(value)
    if not isinstance(value, Mapping):
        raise _Wrong("expected an object of names to values")
    return _converter().structure(value, dict[str, _Node])


def _built(form: _Form, parts: Mapping[str, Any]) -> object:
    try:
        return form.build(**parts)
    except TouchpointError as error:
        raise _Wrong(str(error)) from None
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise _Wrong(f"no {form.name!r} can be made of these fields: {error}") from None


def _relativedelta(**parts: Any) -> object:  # noqa: ANN401 - hands on what relativedelta() takes
    from dateutil import relativedelta

    weekday = parts.get("weekday")
    if weekday is None:
        return relativedelta.relativedelta(**parts)
    match = _WEEKDAY.fullmatch(weekday)
    if match is None:
        raise JourneyError(f'{weekday!r} is no weekday of a calendar length; write "MO", or "FR(-1)" for the last one')
    day = getattr(relativedelta, match[1])
    return relativedelta.relativedelta(**{**parts, "weekday": day(int(match[2])) if match[2] else day})


def _decimal(value: str) -> Decimal:
    return Decimal(value)


def _date(value: str) -> date:
    return date.fromisoformat(value)


def _aware(value: str) -> datetime:
    at = datetime.fromisoformat(value)
    if at.utcoffset() is None:
        raise JourneyError('an instant has a time zone; write "2026-03-01T10:00:00+00:00"')
    return at.astimezone(UTC)


def _resolve(parts: dict[str, Any], types: Sequence[type]) -> None:
    """Put the classes in the place of their names."""
    known = {type_name(cls): cls for cls in types}
    names = parts.get("touchpoints") or ()
    named = [(f"$.touchpoints[{n}]", name) for n, name in enumerate(names if isinstance(names, tuple) else (names,))]
    traits = [("$.traits", parts["traits"])] if parts.get("traits") is not None else []
    wrong = [
        Problem(path, f"no class was handed in for {name!r}{hint(str(name), known)}", "pass it in types=[…]")
        for path, name in named + traits
        if not isinstance(name, str) or name not in known
    ]
    if wrong:
        raise JourneyError("this journey declares classes that have to be handed in", wrong)
    parts["touchpoints"] = tuple(known[name] for _, name in named)
    parts["traits"] = known[traits[0][1]] if traits else None


@lru_cache(maxsize=1)
def _converter() -> "Converter":
    from cattrs import Converter

    converter = Converter(detailed_validation=True)
    converter.register_structure_hook(_Node, lambda value, _: _read(value))
    return converter


# --- single parts, for other forms in which journeys are written ------------------------------------------------------

PARTS: Final = NAMES
"""Every class that a journey may be made of, with its stable name."""


def build_part(cls: type, fields: Mapping[str, object]) -> object:
    """An object of one of `PARTS` from its fields by their Python names. Raises what its author would see."""
    return BUILDERS.get(cls, cls)(**fields)


def is_left_out(attribute: "attrs.Attribute[Any]", value: object) -> bool:
    """Whether a field need not be written, since it holds its default."""
    return _is_default(_unless_left_out(attribute.name, default_of(attribute)), value)


def part_to_dict(part: object) -> object:
    """A part of a journey as JSON values. `part_from_dict` gives an equal one back."""
    return _write(part)


def part_from_dict(value: object) -> object:
    """The part that `part_to_dict` wrote. Raises JourneyError."""
    try:
        return _read(value)
    except (_Wrong, ExceptionGroup, RecursionError) as error:
        found = [Problem(path, str(each)) for path, each in leaves(error, "$")]
        raise JourneyError("this is no part of a journey", found) from None
