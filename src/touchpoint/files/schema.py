"""A JSON Schema (2020-12) of journey files, made of the language itself: what editors complete and check by."""

import inspect
import re
from collections.abc import Iterable
from typing import Final

from touchpoint.files import kinds, parts
from touchpoint.files.kinds import Schema
from touchpoint.files.reading import SECTIONS, VERSION
from touchpoint.files.words import Word, family, word_of
from touchpoint.journey.content_rules import ContentRule, Sender
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import ConsentRule
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.shapes import SHAPES
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import Candidate
from touchpoint.journey.wording import Wording
from touchpoint.model.budget import Stock
from touchpoint.model.business import BusinessHours, BusinessTime
from touchpoint.model.case import BySeverity, CaseType
from touchpoint.model.message import Content
from touchpoint.model.names import TYPE_PATTERN

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ARGUMENT: Final = re.compile(r"^ {4}(\w+(?:, \w+)*): ", re.MULTILINE)
_FAMILIES: Final = ("step", "trigger", "policy", "requirement")


def schema() -> Schema:
    """The JSON Schema of files in this form, as JSON values."""
    journey = _journey()
    bodies = {"type": "array", "items": {"$ref": "#/$defs/journey"}}
    several: Schema = {
        "type": "object",
        "properties": {**_beside(), "policy": parts.POLICY.schema(), "journeys": bodies},
        "required": ["touchpoint", "journeys"],
        "additionalProperties": False,
    }
    one = {
        **journey,
        "properties": {**_beside(), **journey["properties"]},
        "required": ["touchpoint", *journey["required"]],
    }
    return {
        "$schema": DIALECT,
        "title": "touchpoint: customer journeys",
        "description": "Journeys as `touchpoint run`, `check`, `export` and `import` read and write them.",
        "if": {"type": "object", "required": ["journeys"]},
        "then": several,
        "else": one,
        "$defs": {**_definitions(), "journey": journey},
    }


def _beside() -> dict[str, Schema]:
    names = kinds.listed(kinds.TEXT).schema()
    return {
        "touchpoint": {"const": VERSION, "description": "The version of this form of files."},
        "events": {**names, "description": "Files of events on which the journeys are tried."},
        "grant": {**names, "description": "Kinds of message taken as agreed to when they are tried."},
    }


def _journey() -> Schema:
    word = word_of(Journey)
    told = _told(Journey)
    properties = {
        "journey" if name == "name" else name: _with(kind.schema(), told.get(name))
        for name, kind in word.fields.items()
    }
    for section, cls in SECTIONS.items():
        message = {"$ref": f"#/$defs/{word_of(cls).word}"}
        properties[section] = {"type": "object", "additionalProperties": message, "description": _summary(cls)}
    return {
        "type": "object",
        "description": _summary(Journey),
        "properties": properties,
        "required": ["journey"],
        "additionalProperties": False,
    }


_WITH_FIELDS: Final = (Goal, ConsentRule, ContentRule, Sender, Content, BySeverity, BusinessHours)


def _definitions() -> dict[str, Schema]:
    found = {each.word: _tagged(each) for name in _FAMILIES for each in family(name).values()}
    found |= {each.word: _tagged(each) for each in (word_of(cls) for cls in _tagged_classes())}
    found |= {each.word: _fields(each) for each in map(word_of, _WITH_FIELDS)}
    found["business_time"] = _tagged(word_of(BusinessTime))
    found |= {word_of(cls).word: _fields(word_of(cls), leave_out="name") for cls in SECTIONS.values()}
    found["step"] = _any(family("step").values())
    type_name = {"type": "string", "pattern": f"^{TYPE_PATTERN.pattern}$", "description": "A touchpoint of this type."}
    found["trigger"] = {"anyOf": [type_name, _any(family("trigger").values())], "description": "What may happen."}
    found["limit"] = {
        "anyOf": [
            {"enum": ["once", "once_per_stage"]},
            *(_tagged(each) for each in parts.LIMITS.values()),
            kinds.TREE_SCHEMA,
        ]
    }
    found["any_policy"] = _any(family("policy").values())
    found["any_requirement"] = _any(family("requirement").values())
    items: Schema = {"type": "array", "items": {"$ref": "#/$defs/any_policy"}}
    look_ahead = {
        "type": "object",
        "properties": {"look_ahead": kinds.DURATION.schema(), "items": items},
        "additionalProperties": False,
    }
    found["policy"] = {"anyOf": [items, look_ahead]}
    return found


def _tagged_classes() -> Iterable[type]:
    """Classes of which something holds lists, each told by its own word: stages, rules, cases, wordings."""
    known: set[type] = {Stage, Rule, CaseType, Candidate, Wording, Stock}
    for shape in SHAPES[Journey].values():
        named = {cls.__name__: cls for cls in SHAPES}
        known |= {
            named[name]
            for name in shape.words.removeprefix("a ").split(" or ")
            if shape.form == "many" and name in named
        }
    return sorted(known, key=lambda cls: cls.__name__)


def _any(words: Iterable[Word]) -> Schema:
    """An object of one of these words. Only what fits the word is looked at, so that errors are about that alone."""
    some = list(words)
    return {
        "type": "object",
        "properties": {each.word: {"description": _summary(each.cls)} for each in some},
        "anyOf": [{"required": [each.word]} for each in some],
        "allOf": [{"if": {"required": [each.word]}, "then": parts.schema_of(each)} for each in some],
    }


def _tagged(word: Word) -> Schema:
    """`{cap: 2, per: 7d}` or `{cap: {n: 2, per: 7d}}`."""
    told = _told(word.cls)
    whole = _fields(word)
    inside = {
        "type": "object",
        "properties": {word.word: whole},
        "required": [word.word],
        "additionalProperties": False,
    }
    empty = {"type": "null"}
    head: Schema = empty if word.primary is None else word.fields[word.primary].schema()
    optional = word.primary is not None and word.primary not in word.required
    rest = {name: _with(kind.schema(), told.get(name)) for name, kind in word.fields.items() if name != word.primary}
    beside = {
        "type": "object",
        "properties": {word.word: _with({"anyOf": [head, empty]} if optional else head, _summary(word.cls)), **rest},
        "required": [word.word, *sorted(word.required - {word.primary})],
        "additionalProperties": False,
    }
    return {"description": _summary(word.cls), "anyOf": [beside, inside]}


def _fields(word: Word, *, leave_out: str = "") -> Schema:
    told = _told(word.cls)
    found: Schema = {
        "type": "object",
        "description": _summary(word.cls),
        "properties": {
            name: _with(kind.schema(), told.get(name)) for name, kind in word.fields.items() if name != leave_out
        },
        "required": sorted(word.required - {leave_out}),
        "additionalProperties": False,
    }
    return found


def _with(one: Schema, description: str | None) -> Schema:
    return one if description is None else {**one, "description": description}


# --- descriptions -----------------------------------------------------------------------------------------------------


def _summary(cls: type) -> str:
    return (inspect.getdoc(cls) or cls.__name__).split("\n")[0]


def _told(cls: type) -> dict[str, str]:
    """What the docstrings of a class and its parents say about its fields."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__[:-1]):
        found |= _arguments(inspect.cleandoc(each.__dict__.get("__doc__") or ""))
    return found


def _arguments(doc: str) -> dict[str, str]:
    _, _, arguments = doc.partition("\nArgs:\n")
    arguments = re.split(r"\n(?=\S)", arguments)[0]
    pieces = _ARGUMENT.split(arguments)[1:]
    found = {}
    for names, text in zip(pieces[::2], pieces[1::2], strict=True):
        for name in names.split(", "):
            found[name] = " ".join(text.split())
    return found
