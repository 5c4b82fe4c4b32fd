"""The words of files: one for each class of the language, with its fields and their kinds.

Nothing here lists what the language has. Classes come from the codec, what their fields hold from the shapes by which
journeys are validated, so that what is added there can be written in files.
"""

import re
import types
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final, Literal, Union, cast, get_args, get_origin

import attrs

from touchpoint.files import kinds
from touchpoint.files.kinds import Kind, choice, listed, text_kind
from touchpoint.files.nodes import Node
from touchpoint.journey import shapes, steps, triggers
from touchpoint.journey.codec import PARTS, build_part
from touchpoint.journey.policy import PolicyItem
from touchpoint.journey.requirements import REQUIREMENTS, QuietHoursIn
from touchpoint.journey.shapes import (
    _AMOUNT,
    _BUDGET,
    _CHANNEL,
    _CLOCK,
    _CONDITION,
    _DAY,
    _ELAPSED,
    _EXIT,
    _FLAG,
    _FROM_ONE,
    _GAP,
    _KIND,
    _LENGTH,
    _LEVEL,
    _NAME,
    _PERIOD,
    _PROMISED,
    _REST,
    _SILENCE,
    _STEP,
    _STOCK,
    _TEXT,
    _TIMEOUT,
    _TRIGGER,
    _TYPE,
    _UNTIL,
    _VALUE,
    _WHOLE,
    _WITHIN,
    _ZONE,
    CLASS,
)
from touchpoint.journey.suggestion import Suggestion
from touchpoint.journey.windows import QuietHours
from touchpoint.journey.wording import Wording
from touchpoint.model.case import CaseType
from touchpoint.model.message import Message
from touchpoint.model.names import type_name

_BORDER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OWN_WORDS: Final[Mapping[type, str]] = {CaseType: "case"}


@attrs.frozen
class Word:
    """A class of the language as files have it: `- cap: 2` with `per: 7d` beside it.

    Args:
        cls: what it stands for.
        word: the name by which it is told.
        primary: the field whose value stands at the word itself; None where there is none.
        fields: the names that may stand beside it, with what they hold; the primary one among them.
        required: those that may not be left out.
        spread: the fields of the class that the primary value is spread over, where it is more than one.
        build: makes the object of fields.
    """

    cls: type
    word: str
    primary: str | None
    fields: Mapping[str, Kind]
    required: frozenset[str]
    spread: tuple[str, ...] = ()
    build: Callable[[Mapping[str, object]], object] = attrs.field(kw_only=True)


def word_name(cls: type) -> str:
    """The word for a class: its name in snake case."""
    return _OWN_WORDS.get(cls) or _BORDER.sub("_", cls.__name__).lower()


def word_of(cls: type) -> Word:
    """The word for one class of the language."""
    return _word_of(cast("Any", cls))


@cache
def _word_of(cls: type) -> Word:
    attributes: tuple[attrs.Attribute[Any], ...] = attrs.fields(cls)
    first = next((each.name for each in attributes if each.init and not each.kw_only), None)
    fields = {each.name: kind_of(cls, each) for each in attributes if each.init}
    required = frozenset(each.name for each in attributes if each.init and each.default is attrs.NOTHING)
    spread: tuple[str, ...] = ()
    if cls in (QuietHours, QuietHoursIn):
        fields = {"hours": HOURS, **{name: kind for name, kind in fields.items() if name not in ("start", "end")}}
        first, spread, required = "hours", ("start", "end"), (required - {"start", "end"}) | {"hours"}
    return Word(cls, word_name(cls), first, fields, required, spread, build=lambda parts: build_part(cls, parts))


Family = Mapping[str, Word]


@cache
def family(name: str) -> Family:
    """The words that may stand in one kind of place: `step`, `trigger`, `policy`, `requirement`."""
    members = {
        "step": get_args(steps.Step),
        "trigger": tuple(cls for cls in get_args(triggers.Trigger) if cls is not triggers.On),
        "policy": get_args(PolicyItem),
        "requirement": REQUIREMENTS,
    }[name]
    return {word_name(cls): word_of(cls) for cls in members}


# --- what a field holds -----------------------------------------------------------------------------------------------

_RANGE: Final = re.compile(r"\s*([0-9:]{4,8})\s*(?:-|to)\s*([0-9:]{4,8})\s*")


def _read_range(reader: kinds.Reader, node: Node, path: str) -> tuple[str, str]:
    text = reader.text(node, path, "two times of day such as 21:00-08:00")
    found = _RANGE.fullmatch(text) if len(text) < 40 else None
    if found is None:
        raise reader.refuse(node.place, path, f"{text[:40]!r} is not two times of day", "write 21:00-08:00")
    return found[1], found[2]


HOURS: Final = Kind(
    "two times of day such as 21:00-08:00", _read_range, lambda _, value: f"{value[0]}-{value[1]}",
    lambda: {"type": "string", "pattern": r"^\s*[0-9:]{4,8}\s*(-|to)\s*[0-9:]{4,8}\s*$", "examples": ["21:00-08:00"]},
)  # fmt: skip
_DECLARED: Final = attrs.evolve(text_kind("the name of a declared class"), write=lambda _, value: type_name(value))
_TEXTS: Final = listed(text_kind("text"))
_DATES: Final = listed(kinds.DATE)
_BY_FIELD: Final[Mapping[str, Kind]] = {
    "weekdays": _TEXTS, "unknown_zone": kinds.TEXT, "margin": kinds.DURATION, "intervals": listed(HOURS),
}  # fmt: skip
"""Where no shape is given: windows check these themselves."""


@lru_cache(maxsize=1)
def _by_words() -> Mapping[str, Kind]:
    """What files take where a shape says so, in its words."""
    from touchpoint.files import accounts, case_parts, parts

    text = {each.words: text_kind(each.words) for each in (
        _TEXT, _NAME, _CLOCK, _ZONE, _TYPE, _CHANNEL, _KIND,
    )}  # fmt: skip
    lengths = dict.fromkeys((each.words for each in (_ELAPSED, _GAP, _LENGTH, _PERIOD)), kinds.DURATION)
    return {
        **text, **lengths, CLASS.words: _DECLARED, _TIMEOUT.words: kinds.TIMEOUT,
        _REST.words: kinds.TIMEOUT,
        _SILENCE.words: kinds.SILENCE, _FLAG.words: kinds.FLAG,
        _WHOLE.words: kinds.WHOLE, _FROM_ONE.words: kinds.WHOLE, _AMOUNT.words: kinds.NUMBER,
        _DAY.words: kinds.DATE, _CONDITION.words: kinds.CONDITION, _VALUE.words: kinds.VALUE,
        _UNTIL.words: kinds.UNTIL, _TRIGGER.words: parts.TRIGGER, _EXIT.words: parts.EXIT,
        _STEP.words: parts.STEP, _BUDGET.words: accounts.BUDGET, _STOCK.words: accounts.STOCK,
        _LEVEL.words: kinds.WHOLE, _WITHIN.words: case_parts.WITHIN, _PROMISED.words: case_parts.PROMISED,
    }  # fmt: skip


def kind_of(cls: type, attribute: "attrs.Attribute[Any]") -> Kind:
    """What a field of a class holds."""
    from touchpoint.files import parts

    if issubclass(cls, Message | Suggestion | Wording) and attribute.name == "content":
        return parts.CONTENT
    if cls is steps.Split and attribute.name in ("arms", "weights"):
        return kinds.by_name(listed(parts.STEP) if attribute.name == "arms" else kinds.WHOLE)
    shape = shapes.SHAPES.get(cls, {}).get(attribute.name)
    if shape is None:
        return _BY_FIELD.get(attribute.name) or _of_annotation(attribute.type)
    one = choice(*shape.choices) if shape.choices else _by_words().get(shape.words) or _classes(shape)
    if one is None:
        return _of_annotation(attribute.type)
    alone = one is parts.TRIGGER or one is parts.EXIT
    return listed(one, alone=alone) if shape.form == "many" else kinds.by_name(one) if shape.form == "mapping" else one


def _classes(shape: Any) -> Kind | None:  # noqa: ANN401 - a shape
    """The kind of a field that holds objects of these classes: `a Stage`, `a Message or Survey or Gift`."""
    from touchpoint.files import parts

    named = {cls.__name__: cls for cls in PARTS}
    found = [named.get(name) for name in shape.words.removeprefix("a ").split(" or ")]
    classes = tuple(cls for cls in found if cls is not None)
    return parts.objects(classes, many=shape.form != "one") if len(classes) == len(found) else None


def _of_annotation(annotation: object) -> Kind:
    simple: Mapping[object, Kind] = {
        bool: kinds.FLAG, int: kinds.WHOLE, float: kinds.NUMBER, str: kinds.TEXT, date: kinds.DATE,
        Decimal: kinds.NUMBER, timedelta: kinds.DURATION, tuple[str, ...]: _TEXTS, tuple[date, ...]: _DATES,
    }  # fmt: skip
    if get_origin(annotation) is Literal:
        return choice(*map(str, get_args(annotation)))
    if get_origin(annotation) in (Union, types.UnionType):
        some = [each for each in get_args(annotation) if each is not type(None)]
        return _of_annotation(some[0]) if len(some) == 1 else kinds.TREE
    return simple.get(annotation, kinds.TREE)
