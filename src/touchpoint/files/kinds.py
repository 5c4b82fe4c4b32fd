"""What a value in a file may be: how each kind is read, written, and told to editors. Here those without parts."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

import attrs

from touchpoint.durations import Forever, forever
from touchpoint.errors import ConditionError, JourneyError, hint
from touchpoint.files import nodes
from touchpoint.files.lengths import HOW, length_text, read_length
from touchpoint.files.nodes import FileProblem, Listing, Node, Place, Scalar, Stop
from touchpoint.journey.calendar_triggers import Usual, usual
from touchpoint.journey.codec import part_from_dict, part_to_dict
from touchpoint.journey.conditions import Expression, Literal
from touchpoint.journey.text import parse, to_text
from touchpoint.journey.windows import time_of_day
from touchpoint.model.message import Message
from touchpoint.model.payload import is_kept

Plain = Any
"""What JSON can hold."""
Schema = dict[str, Any]


class Reader:
    """Reads one journey of a file: notes what is wrong, and where each part of the journey is written."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[FileProblem] = []
        self.places: dict[str, Place] = {}
        self.aliases: dict[str, str] = {}
        self.messages: dict[str, Message | None] = {}
        self.sent: set[str] = set()

    def refuse(self, place: Place, path: str, message: str, fix: str = "") -> Stop:
        """Note what is wrong; raise what it returns."""
        self.problems.append(FileProblem(path, message, fix, self.file, place))
        return Stop()

    def scalar(self, node: Node, path: str, expected: str) -> str | float | bool:
        """The single value of a node that has to have one."""
        if not isinstance(node, Scalar):
            raise self.refuse(node.place, path, f"expected {expected}, not {nodes.words(node)}")
        if node.trap:
            raise self.refuse(node.place, path, node.trap)
        if node.value is None:
            raise self.refuse(node.place, path, f"expected {expected}, and there is nothing", "leave the name out, too")
        return node.value

    def text(self, node: Node, path: str, expected: str) -> str:
        """The text of a node."""
        value = self.scalar(node, path, expected)
        if isinstance(value, str):
            return value
        raise self.refuse(node.place, path, f"expected {expected}, not {nodes.words(node)}", "a text: put it in quotes")


@attrs.frozen
class Kind:
    """One kind of value.

    Args:
        words: what it is, for errors.
        read: from a node at a path of the journey; raises Stop.
        write: to what JSON can hold.
        schema: JSON Schema.
    """

    words: str
    read: Callable[[Reader, Node, str], object]
    write: Callable[[Any, Any], Plain]
    schema: Callable[[], Schema]


def _bare(_writer: object, value: Plain) -> Plain:
    return value


def text_kind(words: str, schema: Schema | None = None) -> Kind:
    """Text as it stands."""
    return Kind(
        words,
        lambda reader, node, path: reader.text(node, path, words),
        _bare,
        lambda: {"type": "string", **(schema or {})},
    )


def choice(*options: str) -> Kind:
    """One of a few words."""
    words = f"one of {', '.join(options)}"

    def read(reader: Reader, node: Node, path: str) -> str:
        value = reader.text(node, path, words)
        if value not in options:
            raise reader.refuse(node.place, path, f"expected {words}, not {nodes.words(node)}{hint(value, options)}")
        return value

    return Kind(words, read, _bare, lambda: {"enum": list(options)})


def _read_flag(reader: Reader, node: Node, path: str) -> bool:
    value = reader.scalar(node, path, "true or false")
    if not isinstance(value, bool):
        raise reader.refuse(node.place, path, f"expected true or false, not {nodes.words(node)}")
    return value


def _read_whole(reader: Reader, node: Node, path: str) -> int:
    value = reader.scalar(node, path, "a whole number")
    if not isinstance(value, int) or isinstance(value, bool):
        raise reader.refuse(node.place, path, f"expected a whole number, not {nodes.words(node)}")
    return value


def _read_number(reader: Reader, node: Node, path: str) -> float | Decimal:
    value = reader.scalar(node, path, "a number")
    if isinstance(value, str):
        try:
            found = Decimal(value)
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite() and is_kept(found):
            return found
    if isinstance(value, bool | str):
        raise reader.refuse(node.place, path, f"expected a number, not {nodes.words(node)}")
    return value


def _write_number(_writer: object, value: float | Decimal) -> Plain:
    # In quotes a number is kept to its last digit; a bare one may have a binary fraction.
    return str(value) if isinstance(value, Decimal) else value


def _read_date(reader: Reader, node: Node, path: str) -> date:
    bare = isinstance(node, Scalar) and node.is_date and isinstance(node.value, str)
    text = str(node.value) if bare else reader.text(node, path, "a date such as 2026-12-25")  # type: ignore[union-attr]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise reader.refuse(node.place, path, f"{text[:40]!r} is no date; write 2026-12-25") from None


def read_duration(reader: Reader, node: Node, path: str) -> object:
    """A length of time, elapsed or on the calendar."""
    if isinstance(node, nodes.Mapping) and (parts := node.get("calendar")) is not None and len(node.entries) == 1:
        if isinstance(parts, nodes.Mapping):
            return tree(reader, node.place, path, {"type": "calendar", **nodes.plain(parts)})  # type: ignore[dict-item]
        raise reader.refuse(parts.place, path, "calendar: takes names such as months: 1, weekday: FR(-1)")
    value = reader.scalar(node, path, "a length of time such as 3d")
    if not isinstance(value, str):
        raise reader.refuse(node.place, path, f"a length of time has a unit, and {nodes.words(node)} has none", HOW)
    try:
        return read_length(value)
    except JourneyError as error:
        raise reader.refuse(node.place, path, str(error)) from None


def _write_duration(_writer: object, value: Any) -> Plain:  # noqa: ANN401 - a Duration
    text = length_text(value)
    if text is not None:
        return text
    parts = dict(part_to_dict(value))  # type: ignore[call-overload]  # the codec writes it as an object
    return {"calendar": {name: part for name, part in parts.items() if name != "type"}}


def _read_timeout(reader: Reader, node: Node, path: str) -> object:
    if isinstance(node, Scalar) and node.value == "forever":
        return forever
    return read_duration(reader, node, path)


def _write_timeout(writer: object, value: object) -> Plain:
    return "forever" if isinstance(value, Forever) else _write_duration(writer, value)


_USUAL: Final = re.compile(r"""\s*usual\(\s*(["']?)([0-9.]{1,20})\1\s*\)\s*""")


def _read_silence(reader: Reader, node: Node, path: str) -> object:
    found = _USUAL.fullmatch(node.value) if isinstance(node, Scalar) and isinstance(node.value, str) else None
    if found is None:
        return read_duration(reader, node, path)
    try:
        factor = Decimal(found[2])
        return usual(factor if found[1] else float(found[2]) if "." in found[2] else int(found[2]))
    except (JourneyError, InvalidOperation, ValueError):
        message = f"{found[0].strip()!r} is not so many times the usual gap"
        raise reader.refuse(node.place, path, message, "write usual(1.5)") from None


def _write_silence(writer: object, value: object) -> Plain:
    if not isinstance(value, Usual):
        return _write_duration(writer, value)
    # In quotes a factor is kept as a decimal, for 1.1 as a binary fraction is another one.
    factor = f'"{value.factor}"' if isinstance(value.factor, Decimal) else repr(value.factor)
    return f"usual({factor})" if _USUAL.fullmatch(f"usual({factor})") else part_to_dict(value)


def tree(reader: Reader, place: Place, path: str, value: object) -> object:
    """What `touchpoint dump` would write for this part."""
    try:
        return part_from_dict(value)
    except JourneyError as error:
        said = "; ".join(f"{each.path}: {each.message}" for each in error.problems) or str(error)
        raise reader.refuse(place, path, said) from None


def _read_tree(reader: Reader, node: Node, path: str) -> object:
    return tree(reader, node.place, path, nodes.plain(node))


def _expression(reader: Reader, text: str, node: Scalar, path: str, skipped: int = 0) -> Expression:
    """The expression that a text means; `skipped` characters of the value stand before it."""
    try:
        return parse(text)
    except ConditionError as error:
        if node.inset is None or error.line > 1:
            within = f"{error.detail} (line {error.line}, column {error.column} of the condition)"
            raise reader.refuse(node.place, path, within) from None
        place = Place(node.place.line, node.place.column + node.inset + skipped + error.column - 1)
        raise reader.refuse(place, path, error.detail) from None


def read_asked(reader: Reader, node: Node, path: str) -> object:
    """A condition."""
    if isinstance(node, nodes.Mapping) and node.get("type") is not None:
        return _read_tree(reader, node, path)
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return Literal(node.value)
    text = reader.text(node, path, "a condition such as event.score <= 2")
    return _expression(reader, text, cast("Scalar", node), path)


def write_asked(_writer: object, value: Expression) -> Plain:
    """A condition as text where it has one."""
    text = _asked_text(value)
    return part_to_dict(value) if text is None else text


def _asked_text(value: Expression) -> str | None:
    """The text of an expression; None where it is too long or too deep to be read as text."""
    text = to_text(value)
    try:
        return text if parse(text).same_as(value) else None
    except JourneyError:
        return None


def _read_value(reader: Reader, node: Node, path: str) -> object:
    """A literal; text that begins with = is an expression."""
    if isinstance(node, nodes.Mapping):
        if node.get("type") is not None:
            return _read_tree(reader, node, path)
        raise reader.refuse(
            node.place, path, "expected a value, not names with values", "an expression: '= event.score'"
        )
    if isinstance(node, Listing):
        return [_read_value(reader, each, f"{path}[{n}]") for n, each in enumerate(node.items)]
    if node.value is None and not node.trap:
        return None
    value = reader.scalar(node, path, "a value")
    if isinstance(value, str) and value.startswith("="):
        text = value[1:].lstrip()
        return _expression(reader, text, node, path, len(value) - len(text))
    return value


def _write_value(_writer: object, value: Expression) -> Plain:
    if isinstance(value, Literal) and _is_bare(value.value):
        return part_to_dict(value.value)
    text = _asked_text(value)
    return part_to_dict(value) if text is None else f"= {text}"


def _is_bare(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_bare, value))
    return value is None or (isinstance(value, str) and not value.startswith("=")) or type(value) in (bool, int, float)


def _is_clock(text: str) -> bool:
    try:
        time_of_day(text)
    except JourneyError:
        return False
    return True


def _read_until(reader: Reader, node: Node, path: str) -> object:
    if isinstance(node, Scalar) and isinstance(node.value, str) and not node.trap and _is_clock(node.value):
        return node.value
    return read_asked(reader, node, path)


def _write_until(writer: object, value: object) -> Plain:
    return write_asked(writer, value) if isinstance(value, Expression) else value


def listed(one: Kind, *, alone: bool = False) -> Kind:
    """A list of them, or one alone; `alone`: a single one is written without its list."""
    words = f"a list, each {one.words}"

    def read(reader: Reader, node: Node, path: str) -> tuple[object, ...]:
        return each_of(reader, node, path, one)

    def write(writer: object, value: Any) -> Plain:  # noqa: ANN401 - a tuple of what `one` takes
        found = [one.write(writer, each) for each in value]
        return found[0] if alone and len(found) == 1 else found

    def schema() -> Schema:
        return {"anyOf": [one.schema(), {"type": "array", "items": one.schema()}]}

    return Kind(words, read, write, schema)


def each_of(reader: Reader, node: Node, path: str, one: Kind) -> tuple[object, ...]:
    """Every item of a list, or the one there is; all are read before what is wrong with some stops."""
    found, stopped = [], False
    for n, each in enumerate(node.items if isinstance(node, Listing) else (node,)):
        reader.places[f"{path}[{n}]"] = each.place
        try:
            found.append(one.read(reader, each, f"{path}[{n}]"))
        except Stop:
            stopped = True
    if stopped:
        raise Stop
    return tuple(found)


def by_name(one: Kind) -> Kind:
    """Names of the author's own choice, each with a value."""

    def read(reader: Reader, node: Node, path: str) -> dict[str, object]:
        from touchpoint.journey.shapes import path_to

        if not isinstance(node, nodes.Mapping):
            raise reader.refuse(node.place, path, f"expected names with values, not {nodes.words(node)}")
        found: dict[str, object] = {}
        stopped = False
        for entry in node.entries:
            there = path_to(path, entry.key)
            reader.places[there] = entry.place
            try:
                found[entry.key] = one.read(reader, entry.value, there)
            except Stop:
                stopped = True
        if stopped:
            raise Stop
        return found

    def write(writer: object, value: Mapping[str, Any]) -> Plain:
        return {name: one.write(writer, each) for name, each in value.items()}

    return Kind("names with values", read, write, lambda: {"type": "object", "additionalProperties": one.schema()})


_LENGTH_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "description": f"A length of time: {HOW}.", "examples": ["3d", "12h", "1 month"]},
        {
            "type": "object",
            "properties": {"calendar": {"type": "object"}},
            "required": ["calendar"],
            "additionalProperties": False,
        },
    ]
}
TREE_SCHEMA: Final = {"type": "object", "required": ["type"], "description": "As `touchpoint dump` writes it."}
_ASKED_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "description": "A condition.", "examples": ["event.score <= 2", "customer.vip"]},
        {"type": "boolean"},
        TREE_SCHEMA,
    ]
}
_VALUE_SCHEMA: Final = {"description": "A value as it stands; text that begins with = is an expression."}

TEXT: Final = text_kind("text")
FLAG: Final = Kind("true or false", _read_flag, _bare, lambda: {"type": "boolean"})
WHOLE: Final = Kind("a whole number", _read_whole, _bare, lambda: {"type": "integer"})
NUMBER: Final = Kind(
    "a number", _read_number, _write_number,
    lambda: {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$"}]},
)  # fmt: skip
DATE: Final = Kind(
    "a date",
    _read_date,
    lambda _, value: value.isoformat(),
    lambda: {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
)
DURATION: Final = Kind("a length of time such as 3d", read_duration, _write_duration, lambda: _LENGTH_SCHEMA)
TIMEOUT: Final = Kind(
    "a length of time such as 3d, or forever",
    _read_timeout,
    _write_timeout,
    lambda: {"anyOf": [{"const": "forever"}, *_LENGTH_SCHEMA["anyOf"]]},
)
SILENCE: Final = Kind(
    "a length of time such as 3d, or usual(1.5)", _read_silence, _write_silence, lambda: _LENGTH_SCHEMA
)
CONDITION: Final = Kind("a condition", read_asked, write_asked, lambda: _ASKED_SCHEMA)
VALUE: Final = Kind("a value", _read_value, _write_value, lambda: _VALUE_SCHEMA)
UNTIL: Final = Kind("a time of day, or an expression", _read_until, _write_until, lambda: _ASKED_SCHEMA)
TREE: Final = Kind("a value", _read_tree, lambda _, value: part_to_dict(value), dict)
"""What nobody here knows the form of: as the codec writes it."""
