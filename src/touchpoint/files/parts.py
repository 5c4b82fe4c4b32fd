"""Parts that are made of others: steps, triggers, policies, messages, limits, and whatever has fields."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, get_args

import attrs

from touchpoint.errors import JourneyError, TouchpointError, hint
from touchpoint.files import kinds, nodes
from touchpoint.files.kinds import Kind, Plain, Reader, Schema, choice
from touchpoint.files.nodes import Entry, Node, Place, Scalar, Stop
from touchpoint.files.words import Family, Word, family, word_name, word_of
from touchpoint.journey.codec import is_left_out, part_to_dict
from touchpoint.journey.expressions import Expression
from touchpoint.journey.policy import Policy, PolicyItem
from touchpoint.journey.requirements import REQUIREMENTS
from touchpoint.journey.shapes import path_to
from touchpoint.journey.triggers import On
from touchpoint.model.limits import Limit, cool_down, once, once_per_stage, times
from touchpoint.model.message import Content, Gift, Message, Survey
from touchpoint.model.names import TYPE_PATTERN


class Writer:
    """Writes one journey; gathers the messages that its steps send, in reading order."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}


# --- objects with fields ----------------------------------------------------------------------------------------------


def read_tagged(reader: Reader, node: Node, path: str, known: Family, what: str) -> object:
    """An object that names its class: `- cap: 2` with `per: 7d` beside it, or `- cap: {n: 2, per: 7d}`."""
    if not isinstance(node, nodes.Mapping) or not node.entries:
        raise reader.refuse(node.place, path, f"expected a {what}, not {nodes.words(node)}", _example(known))
    head = next((each for each in node.entries if each.key in known), None)
    if head is None:
        key = node.entries[0]
        raise reader.refuse(key.place, path, f"there is no {what} {key.key[:60]!r}{hint(key.key, known)}")
    word = known[head.key]
    beside = tuple(each for each in node.entries if each is not head)
    second = next((each for each in beside if each.key in known and each.key not in word.fields), None)
    if second is not None:
        message = f"{second.key!r} is another {what} beside {head.key!r}"
        raise reader.refuse(second.place, path, message, "begin it with a dash of its own")
    if isinstance(head.value, nodes.Mapping) and _has_fields(head.value, word):
        if beside:
            message = f"fields stand either inside of {head.key!r} or beside it, not both"
            raise reader.refuse(beside[0].place, path, message)
        return read_fields(reader, word, head.value.entries, None, head.place, path)
    given = None if isinstance(head.value, Scalar) and head.value.value is None and not head.value.trap else head.value
    if given is not None and word.primary is None:
        raise reader.refuse(given.place, path, f"{head.key!r} takes names with values, such as {_example_of(word)}")
    return read_fields(reader, word, beside, given, head.place, path)


def _has_fields(node: nodes.Mapping, word: Word) -> bool:
    """Whether names with values are the fields of a word, and not its primary value, which may be such, too."""
    names = {each.key for each in node.entries}
    # A trigger may have fields of the names that a wait has, too: unknown_zone, say.
    is_trigger = word.primary == "trigger" and not names.isdisjoint(family("trigger"))
    is_tree = "type" in names and "type" not in word.fields
    return not (is_trigger or is_tree or names == {"calendar"})


def _example(known: Family) -> str:
    return f"such as {', '.join(sorted(known)[:4])}, …"


def _example_of(word: Word) -> str:
    return ", ".join(sorted(word.fields)[:4])


def read_fields(
    reader: Reader, word: Word, entries: Iterable[Entry], primary: Node | None, place: Place, path: str
) -> object:
    """An object from its fields; everything that is wrong with them is noted."""
    wrong = len(reader.problems)
    found: dict[str, object] = {}
    given = [] if primary is None or word.primary is None else [(word.primary, primary.place, primary)]
    for name, where, node in [*given, *((each.key, each.place, each.value) for each in entries)]:
        there = f"{path}.{name}"
        reader.places.setdefault(there, where)
        if name not in word.fields:
            reader.refuse(where, there, f"{word.word} has no {name[:60]!r}{hint(name, word.fields)}")
        elif name in found:
            reader.refuse(where, there, f"{name!r} is given already, at {word.word!r} itself")
        else:
            found[name] = _read_field(reader, word.fields[name], node, there)
    for name in sorted(word.required - found.keys()):
        reader.refuse(place, f"{path}.{name}", f"{word.word} needs {name}: {word.fields[name].words}")
    if len(reader.problems) > wrong or any(each is _BROKEN for each in found.values()):
        raise Stop
    if word.primary in found and word.spread:
        found |= zip(word.spread, found.pop(word.primary), strict=True)  # type: ignore[call-overload]
    return _built(reader, word, found, place, path)


_BROKEN: Final = object()


def _read_field(reader: Reader, kind: Kind, node: Node, path: str) -> object:
    try:
        return kind.read(reader, node, path)
    except Stop:
        return _BROKEN


def _built(reader: Reader, word: Word, found: Mapping[str, object], place: Place, path: str) -> object:
    try:
        return word.build(found)
    except TouchpointError as error:
        raise reader.refuse(place, path, str(error)) from None
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise reader.refuse(place, path, f"no {word.word} can be made of these: {error}") from None


def write_fields(writer: Writer, word: Word, value: Any) -> dict[str, Plain]:  # noqa: ANN401 - an attrs object
    """The fields of an object that do not hold their defaults."""
    attributes = {each.name: each for each in attrs.fields(type(value))}
    found: dict[str, Plain] = {}
    for name, kind in word.fields.items():
        if name == word.primary and word.spread:
            found[name] = kind.write(writer, tuple(getattr(value, each) for each in word.spread))
        elif not is_left_out(attributes[name], getattr(value, name)):
            found[name] = kind.write(writer, getattr(value, name))
    return dict(sorted(found.items(), key=lambda each: _LAST.index(each[0]) if each[0] in _LAST else -1))


_LAST: Final = ("text", "html", "content", "then", "otherwise")
"""Fields that are long, and therefore stand after the others."""


def write_tagged(writer: Writer, word: Word, value: object) -> Plain:
    """`{cap: 2, per: 7d}`; where the value of the word itself is left out, `{wait: {until: "09:00"}}`."""
    fields = write_fields(writer, word, value)
    if word.primary is not None and word.primary not in fields and word.primary not in word.required:
        kept = getattr(value, word.primary)
        if kept not in (None, ()):
            fields = {word.primary: word.fields[word.primary].write(writer, kept), **fields}
    if word.primary is None or word.primary not in fields:
        return {word.word: fields}
    return {word.word: fields.pop(word.primary), **fields}


def tagged(what: str, known: Callable[[], Family], *, bare: bool = False) -> Kind:
    """Objects that name their class; `bare`: one that needs nothing but its primary value may stand as that alone."""

    def read(reader: Reader, node: Node, path: str) -> object:
        (first, *others) = known().values()
        if bare and not others and isinstance(node, Scalar):
            return read_fields(reader, first, (), node, node.place, path)
        return read_tagged(reader, node, path, known(), what)

    def write(writer: Writer, value: object) -> Plain:
        word = known()[word_name(value.__class__)]
        written = write_tagged(writer, word, value)
        return written[word.word] if bare and len(known()) == len(written) == 1 and word.primary else written

    def schema() -> Schema:
        some = [schema_of(each) for each in known().values()]
        if bare:
            return {"anyOf": [{"type": "string"}, *some]}
        name = what.rpartition(" ")[2]
        return {"$ref": f"#/$defs/any_{name}"}

    return Kind(what, read, write, schema)


def fields(cls: type) -> Kind:
    """One object of this class where no other could stand: its fields, or its primary value alone."""

    def read(reader: Reader, node: Node, path: str) -> object:
        word = word_of(cls)
        if isinstance(node, nodes.Mapping) and (word.primary is None or _has_fields(node, word)):
            return read_fields(reader, word, node.entries, None, node.place, path)
        if word.primary is None:
            raise reader.refuse(node.place, path, f"expected names with values, such as {_example_of(word)}")
        return read_fields(reader, word, (), node, node.place, path)

    def write(writer: Writer, value: object) -> Plain:
        word = word_of(cls)
        written = write_fields(writer, word, value)
        alone = list(written.values()) if list(written) == [word.primary] else [{}]
        return written if isinstance(alone[0], dict) else alone[0]

    def schema() -> Schema:
        word = word_of(cls)
        alone = [] if word.primary is None or word.required - {word.primary} else [word.fields[word.primary].schema()]
        return {"anyOf": [schema_of(word), *alone]} if alone else schema_of(word)

    return Kind(f"a {word_name(cls)}", read, write, schema)


def schema_of(word: Word) -> Schema:
    """Where the schema of a word stands."""
    return {"$ref": f"#/$defs/{word.word}"}


def objects(classes: Sequence[type], *, many: bool) -> Kind:
    """The kind of a field that holds objects of these classes."""
    own: dict[tuple[type, ...], Kind] = {
        (Message, Survey, Gift): MESSAGE, (Limit,): LIMIT, (Policy,): POLICY,
        REQUIREMENTS: tagged("requirement", lambda: family("requirement")),
        get_args(PolicyItem): tagged("part of a policy", lambda: family("policy")),
    }  # fmt: skip
    found = next((kind for known, kind in own.items() if set(classes) <= set(known)), None)
    if found is not None:
        return found
    if len(classes) == 1 and not (many and word_of(classes[0]).primary is not None):
        return fields(classes[0])
    return tagged(word_name(classes[0]), lambda: {word_name(cls): word_of(cls) for cls in classes}, bare=True)


# --- triggers, steps --------------------------------------------------------------------------------------------------


def _read_trigger(reader: Reader, node: Node, path: str) -> object:
    if isinstance(node, Scalar):
        name = reader.text(node, path, "a trigger")
        return _made(reader, node.place, path, lambda: On(name))
    return read_tagged(reader, node, path, family("trigger"), "trigger")


def _made(reader: Reader, place: Place, path: str, make: Callable[[], object]) -> object:
    try:
        return make()
    except JourneyError as error:
        raise reader.refuse(place, path, str(error)) from None


def _write_trigger(writer: Writer, value: object) -> Plain:
    return value.type if isinstance(value, On) else write_tagged(writer, word_of(value.__class__), value)


def _read_exit(reader: Reader, node: Node, path: str) -> object:
    if isinstance(node, nodes.Mapping) and [each.key for each in node.entries] == ["condition"]:
        return kinds.CONDITION.read(reader, node.entries[0].value, path)
    if isinstance(node, Scalar) and isinstance(node.value, str) and not TYPE_PATTERN.fullmatch(node.value):
        return kinds.CONDITION.read(reader, node, path)
    return _read_trigger(reader, node, path)


def _write_exit(writer: Writer, value: object) -> Plain:
    if not isinstance(value, Expression):
        return _write_trigger(writer, value)
    asked = kinds.CONDITION.write(writer, value)
    is_plain = isinstance(asked, str) and not TYPE_PATTERN.fullmatch(asked)
    return asked if is_plain else {"condition": asked}


def _trigger_schema() -> Schema:
    return {"$ref": "#/$defs/trigger"}


def _exit_schema() -> Schema:
    properties = {"condition": kinds.CONDITION.schema()}
    return {"type": "object", "properties": properties, "required": ["condition"], "additionalProperties": False}


TRIGGER: Final = Kind("a trigger", _read_trigger, _write_trigger, _trigger_schema)
EXIT: Final = Kind(
    "a trigger or a condition", _read_exit, _write_exit,
    lambda: {"anyOf": [_trigger_schema(), {"type": "string"}, _exit_schema()]},
)  # fmt: skip
STEP: Final = Kind(
    "a step", lambda reader, node, path: read_tagged(reader, node, path, family("step"), "step"),
    lambda writer, value: write_tagged(writer, word_of(type(value)), value), lambda: {"$ref": "#/$defs/step"},
)  # fmt: skip


# --- messages ---------------------------------------------------------------------------------------------------------


def _read_message(reader: Reader, node: Node, path: str) -> object:
    name = reader.text(node, path, "the name of a message")
    if name not in reader.messages:
        message = f"there is no message {name[:60]!r} in this file{hint(name, reader.messages)}"
        raise reader.refuse(node.place, path, message, "declare it under messages:, surveys: or gifts:")
    reader.aliases[path] = message_path(name)
    reader.sent.add(name)
    found = reader.messages[name]
    if found is None:  # what is wrong with it has been said where it stands
        raise Stop
    return found


def message_path(name: str) -> str:
    """The path under which places of a message are noted, wherever it is sent."""
    return path_to("$.messages", name)


def _write_message(writer: Writer, value: Message) -> Plain:
    writer.messages.setdefault(value.name, value)
    return value.name


MESSAGE: Final = Kind(
    "the name of a message", _read_message, _write_message,
    lambda: {"type": "string", "description": "The name of a message that is declared in this file."},
)  # fmt: skip


def _read_content(reader: Reader, node: Node, path: str) -> object:
    word = word_of(Content)
    several = isinstance(node, nodes.Mapping) and any(isinstance(each.value, nodes.Mapping) for each in node.entries)
    if several:
        return kinds.by_name(fields(Content)).read(reader, node, path)
    only = f'{path}["*"]'
    if isinstance(node, nodes.Mapping):
        return {"*": read_fields(reader, word, node.entries, None, node.place, only)}
    return {"*": read_fields(reader, word, (), node, node.place, only)}


def _write_content(writer: Writer, value: Mapping[str, Content]) -> Plain:
    word = word_of(Content)
    if list(value) == ["*"]:
        return write_fields(writer, word, value["*"])
    return {name: write_fields(writer, word, each) for name, each in value.items()}


def _content_schema() -> Schema:
    one = {"$ref": "#/$defs/content"}
    by_name = {"type": "object", "minProperties": 1, "additionalProperties": one}
    return {"anyOf": [{"type": "string"}, one, by_name]}


CONTENT: Final = Kind("the words of a message", _read_content, _write_content, _content_schema)


# --- limits and policies ----------------------------------------------------------------------------------------------


def _limit_word(name: str, make: Callable[..., Limit], primary: str | None, **fields: Kind) -> Word:
    required = frozenset(() if primary is None else (primary,))
    every = {**fields, "per_key": kinds.FLAG}
    return Word(Limit, name, primary, every, required, build=lambda parts: _limit(make, primary, parts))


def _limit(make: Callable[..., Limit], primary: str | None, parts: Mapping[str, Any]) -> Limit:
    return make(*(parts[name] for name in parts if name == primary), **{n: v for n, v in parts.items() if n != primary})


LIMITS: Final[Family] = {
    "once": _limit_word("once", once, None),
    "once_per_stage": _limit_word("once_per_stage", once_per_stage, None),
    "times": _limit_word("times", times, "n", n=kinds.WHOLE, per=kinds.DURATION),
    "cool_down": _limit_word("cool_down", cool_down, "length", length=kinds.DURATION),
}


def _read_limit(reader: Reader, node: Node, path: str) -> object:
    if isinstance(node, nodes.Mapping) and node.get("type") is not None:
        return kinds.TREE.read(reader, node, path)
    if isinstance(node, Scalar):
        name = choice("once", "once_per_stage").read(reader, node, path)
        return LIMITS[str(name)].build({})
    return read_tagged(reader, node, path, LIMITS, "limit")


def _write_limit(writer: Writer, value: Limit) -> Plain:
    per_key = {"per_key": True} if value.per_key else {}
    if value.kind in ("once", "once_per_stage"):
        written: Plain = {value.kind: per_key} if per_key else value.kind
    elif value.kind == "cool_down" and value.per is not None:
        written = {"cool_down": kinds.DURATION.write(writer, value.per), **per_key}
    else:
        per = {} if value.per is None else {"per": kinds.DURATION.write(writer, value.per)}
        written = {"times": value.n, **per, **per_key}
    usual = value.kind == "times" or (value.n == 1 and (value.kind == "cool_down") == (value.per is not None))
    return written if usual else part_to_dict(value)


def _limit_schema() -> Schema:
    return {"$ref": "#/$defs/limit"}


LIMIT: Final = Kind("a limit such as once", _read_limit, _write_limit, _limit_schema)

_ITEMS: Final = kinds.listed(tagged("part of a policy", lambda: family("policy")))


def _read_policy(reader: Reader, node: Node, path: str) -> object:
    word = Word(
        Policy, "policy", "items", {"items": _ITEMS, "look_ahead": kinds.DURATION}, frozenset(),
        build=word_of(Policy).build,
    )  # fmt: skip
    if isinstance(node, nodes.Mapping) and not {each.key for each in node.entries}.isdisjoint(word.fields):
        return read_fields(reader, word, node.entries, None, node.place, path)
    return read_fields(reader, word, (), node, node.place, path)


def _write_policy(writer: Writer, value: Policy) -> Plain:
    items = _ITEMS.write(writer, value.items)
    if value.look_ahead == Policy().look_ahead:
        return items
    return {"look_ahead": kinds.DURATION.write(writer, value.look_ahead), "items": items}


POLICY: Final = Kind(
    "a list of quiet_hours, cap, hold and the like", _read_policy, _write_policy, lambda: {"$ref": "#/$defs/policy"}
)
