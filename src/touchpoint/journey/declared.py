"""Classes that a host declares: touchpoint types (S1.2) and the customer's traits (S1.1, S7.5).

Payloads are structured and validated against them with cattrs, and what a journey says about them is checked when it is
built. Errors name fields and what was expected there, never a value.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from itertools import zip_longest
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

import attrs

from touchpoint.errors import InvalidInput, InvalidTouchpoint, JourneyError, hint
from touchpoint.journey.conditions import Aggregate, Expression, Field, Total, children, path_of, root_of
from touchpoint.model.names import type_name

if TYPE_CHECKING:
    from cattrs import Converter

_Read: TypeAlias = Callable[[Any], object]
_Hook: TypeAlias = Callable[[Any, Any], object]

_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Stricter than fromisoformat, whose dialect grows with the Python version; what is accepted must not.
_ISO_DATE: Final = re.compile(_DAY)
_ISO_INSTANT: Final = re.compile(
    _DAY + r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def fields_of_class(cls: type) -> tuple[str, ...]:
    """The names of the properties that a declared class has: what its constructor takes, in order.

    Raises:
        JourneyError: it is no attrs class.
    """
    return tuple(attribute.alias or attribute.name for attribute in _attributes(cls))


def unknown_step(cls: type, path: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]] | None:
    """The first name of a path that leads nowhere in a class: (class, name, names there); None if there is none.

    Nested attrs classes are followed; into anything else (a mapping, a list) every path may lead.
    """
    here: type | None = cls
    for name in path:
        if here is None:
            return None
        known = fields_of_class(here)
        if name not in known:
            return here.__name__, name, known
        here = _nested(here, name)
    return None


def structure(cls: type, properties: object) -> dict[str, object]:
    """The payload of a touchpoint as its declared class has it.

    Args:
        cls: the attrs class that declares the type.
        properties: a mapping of names to values, or an instance of the class.

    Returns:
        What a touchpoint may carry: JSON values, and Decimal, aware datetime (UTC), date and timedelta, which stay what
        they are because conditions compute with them. Enums become their values, nested classes mappings. Defaults are
        filled in, but for None: what was not said stays missing (S4.6).

    Raises:
        InvalidTouchpoint: with every problem and its path, `$.properties.price: expected …`; never with a value.
    """
    converter, said = _converter(), properties
    if isinstance(properties, cls):
        properties, said = converter.unstructure(properties), {}
    what = f"{type_name(cls)} cannot be recorded: its properties are not those of {cls.__name__}"
    try:
        found: object = converter.structure(properties, cls)
    except Exception as error:  # noqa: BLE001 - a host's own validators may raise anything
        # No cause: the errors below this one quote the values.
        raise InvalidTouchpoint(_listed(what, _texts(error, "$.properties", cls))) from None
    return cast("dict[str, object]", _said(_plain(converter.unstructure(found)), said))


def structure_traits(cls: type, traits: Mapping[str, object]) -> dict[str, object]:
    """Some of a customer's traits as the declared class has them: only those given, for they come one at a time.

    Types and field validators are applied to each; nothing is filled in.

    Raises:
        InvalidInput: with every problem and its path, `$.traits.birthday: expected …`; never with a value.
    """
    hints, attributes = _hints(cls), {each.alias or each.name: each for each in _attributes(cls)}
    converter = _converter()
    bare: object = object.__new__(cls)
    wrong: list[str] = []
    result: dict[str, object] = {}
    for name, value in traits.items():
        if name not in attributes:
            wrong.append(f"$.traits.{name}: {cls.__name__} has no such field{hint(name, attributes)}")
            continue
        attribute = attributes[name]
        try:
            found = converter.structure(value, hints.get(attribute.name, Any))
            object.__setattr__(bare, attribute.name, found)
            if attribute.validator is not None:
                attribute.validator(bare, attribute, found)
        except Exception as error:  # noqa: BLE001 - a host's own validators may raise anything
            wrong += _texts(error, f"$.traits.{name}", cls)
            continue
        result[name] = _plain(converter.unstructure(found))
    if wrong:
        raise InvalidInput(_listed(f"these traits are not those of {cls.__name__}", wrong))
    return result


def leaves(error: BaseException, path: str) -> Iterator[tuple[str, BaseException]]:
    """The single errors in what cattrs raised, each with the path to where it belongs: `$.rules[3].then[0].timeout`."""
    from cattrs.errors import AttributeValidationNote, ClassValidationError, IterableValidationError

    if not isinstance(error, ClassValidationError | IterableValidationError):
        yield path, error
        return
    placed, others = cast("tuple[list[tuple[Exception, Any]], list[Exception]]", error.group_exceptions())
    for each, note in placed:
        place = f".{note.name}" if isinstance(note, AttributeValidationNote) else f"[{json.dumps(note.index)}]"
        yield from leaves(each, path + place)
    for other in others:
        yield from leaves(other, path)


# --- classes ----------------------------------------------------------------------------------------------------------


def _attributes(cls: type) -> tuple["attrs.Attribute[Any]", ...]:
    if not (isinstance(cls, type) and attrs.has(cls)):
        shown = getattr(cls, "__name__", type(cls).__name__)
        raise JourneyError(f"{shown} cannot declare fields: it is no attrs class; decorate it with @attrs.frozen")
    return tuple(attribute for attribute in attrs.fields(cls) if attribute.init)


def _hints(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls)
    except (NameError, TypeError):  # an annotation that only a type checker can read
        return {}


def _nested(cls: type, name: str) -> type | None:
    """The attrs class of a field, optional or not; None if it is of another kind."""
    attribute = next(each for each in _attributes(cls) if (each.alias or each.name) == name)
    hinted = _hints(cls).get(attribute.name)
    members = _members(hinted) if _is_union(hinted) else (hinted,)
    return members[0] if len(members) == 1 and isinstance(members[0], type) and attrs.has(members[0]) else None


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _members(union: object) -> tuple[Any, ...]:
    return tuple(each for each in get_args(union) if each is not type(None))


# --- what a journey says about them -----------------------------------------------------------------------------------

RECORD: Final = ("type", "at", "channel", "location", "direction")
"""What every touchpoint has, whatever its type."""

Types: TypeAlias = frozenset[str] | None
"""The touchpoint types that `event` or `trigger` may be; None where that is not known."""


@attrs.frozen
class Declared:
    """The classes a journey declares: touchpoint types by name, and the traits."""

    touchpoints: Mapping[str, type]
    traits: type | None

    @classmethod
    def of(cls, touchpoints: Iterable[type], traits: type | None) -> "Declared":
        """From the classes; those whose name is no touchpoint type are left out."""
        named = {}
        for each in touchpoints:
            with suppress(InvalidTouchpoint):
                named[type_name(each)] = each
        return cls(named, traits)

    def missing(self, root: str, path: tuple[str, ...], event: Types = None, trigger: Types = None) -> str | None:
        """Why a path leads nowhere; None if it leads somewhere in one of the classes, or that is not known."""
        classes = self._classes(root, event, trigger)
        if not classes or (root != "customer" and path[0] in RECORD):
            return None
        found = [unknown_step(each, path) for each in classes]
        wrong = [each for each in found if each is not None]
        if len(wrong) < len(found):
            return None
        where = " and ".join(sorted({each for each, _, _ in wrong}))
        return f"{where} has no {wrong[0][1]!r}{hint(wrong[0][1], {name for _, _, known in wrong for name in known})}"

    def in_expression(self, node: Expression, event: Types, trigger: Types) -> Iterator[str]:
        """What is wrong with the fields of an expression. In a `where`, `event` is the touchpoint looked back at."""
        if isinstance(node, Field):
            root = root_of(node)
            about, name = (event, root) if isinstance(root, str) else (frozenset({root.type}), "event")
            if found := self.missing(name, path_of(node), about, trigger):
                yield f"{node}: {found}"
        if isinstance(node, Total) and (found := self.missing("event", node.of, frozenset({node.type}))):
            yield f"{node}: {found}"
        if isinstance(node, Aggregate):
            event = frozenset({node.type})
        for child in children(node):
            yield from self.in_expression(child, event, trigger)

    def _classes(self, root: str, event: Types, trigger: Types) -> Sequence[type]:
        if root == "customer":
            return () if self.traits is None else (self.traits,)
        types = {"event": event, "trigger": trigger}.get(root) or ()
        return [self.touchpoints[each] for each in sorted(types)] if self.touchpoints.keys() >= set(types) else ()


# --- values -----------------------------------------------------------------------------------------------------------


class _Expected(ValueError):
    """Says what was expected; holds no value."""


def _reader(words: str, read: _Read) -> _Hook:
    """A structure hook that answers everything but a good value with what was expected."""

    def hook(value: object, _: object) -> object:
        try:
            return read(value)
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            raise _Expected(words) from None

    return hook


def _strict(*kinds: type) -> _Read:
    def read(value: object) -> object:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise TypeError
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError
        return value

    return read


def _decimal(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TypeError
    number = Decimal(repr(value) if isinstance(value, float) else value)
    if not number.is_finite():
        raise ValueError
    return number


def _instant(value: object) -> object:
    if isinstance(value, str) and _ISO_INSTANT.fullmatch(value):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise TypeError
    return value.astimezone(UTC)


def _date(value: object) -> object:
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        return date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError
    return value


def _anything(value: object) -> object:
    """A value of which nothing is declared: whatever a touchpoint may carry."""
    match value:
        case None | str() | bool() | int() | Decimal() | timedelta():
            return value
        case float():
            return _strict(float)(value)
        case datetime():
            return _instant(value)
        case date():
            return value
        case list() | tuple():
            return [_anything(each) for each in value]
        case Mapping() if all(isinstance(key, str) for key in value):
            return {key: _anything(each) for key, each in value.items()}
    raise TypeError


_READERS: Final[Mapping[Any, tuple[str, _Read]]] = {
    str: ("text", _strict(str)),
    bool: ("True or False", _strict(bool)),
    int: ("a whole number", _strict(int)),
    float: ("a finite number", _strict(float, int)),
    Decimal: ("a finite decimal number", _decimal),
    datetime: ("a datetime with a time zone, or one as text such as 2026-03-01T10:00Z", _instant),
    date: ("a date, or one as text such as 2026-03-01", _date),
    timedelta: ("a timedelta", _strict(timedelta)),
    Any: ("a JSON value, Decimal, aware datetime, date or timedelta", _anything),
}


@lru_cache(maxsize=1)
def _converter() -> "Converter":
    from cattrs import Converter

    converter = Converter(detailed_validation=True, forbid_extra_keys=True, use_alias=True)
    for kind, (words, read) in _READERS.items():
        hook = _reader(words, read)
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_func(_is_object, _reader(*_READERS[Any]))
    converter.register_structure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, Enum), _member)
    converter.register_structure_hook_func(_is_literal, _choice)
    converter.register_structure_hook_factory(_is_union, _union_hook)
    converter.register_structure_hook_factory(_is_sequence, _sequence_hook)
    converter.register_structure_hook_factory(_is_mapping, _mapping_hook)
    converter.register_structure_hook_factory(attrs.has, _class_hook)
    return converter


def _is_literal(annotation: object) -> bool:
    origin: object = get_origin(annotation)
    return origin is Literal


def _is_object(annotation: object) -> bool:
    return annotation is object


def _member(value: object, kind: type[Enum]) -> object:
    try:
        return kind(value)
    except ValueError:
        raise _Expected("one of " + ", ".join(str(each.value) for each in kind)) from None


def _choice(value: object, kind: object) -> object:
    # True is not 1: `in` alone would say so.
    if not any(type(value) is type(each) and value == each for each in get_args(kind)):
        raise _Expected("one of " + ", ".join(map(str, get_args(kind))))
    return value


def _union_hook(union: object, converter: "Converter") -> _Hook:
    members = _members(union)
    hooks = [(each, converter.get_structure_hook(each)) for each in members]
    optional = len(members) < len(get_args(union))

    def hook(value: object, _: object) -> object:
        if value is None and optional:
            return None
        if len(hooks) == 1:
            return hooks[0][1](value, hooks[0][0])
        for member, structure_member in hooks:
            try:
                return structure_member(value, member)
            except Exception:  # noqa: BLE001, S112 - the next one may fit
                continue
        words = (_READERS[each][0] if each in _READERS else getattr(each, "__name__", str(each)) for each in members)
        raise _Expected(" or ".join(words))

    return hook


def _is_sequence(annotation: object) -> bool:
    origin = get_origin(annotation) or annotation
    if origin is tuple:
        return get_args(annotation)[1:] in ((), (...,))
    return origin in (list, set, frozenset, Sequence)


def _sequence_hook(annotation: object, converter: "Converter") -> _Hook:
    # cattrs alone would take a text for a list of letters.
    element = next(iter(get_args(annotation)), Any)
    origin = get_origin(annotation) or annotation
    make: type = list if origin is Sequence else cast("type", origin)

    def hook(value: object, _: object) -> object:
        from cattrs.errors import IterableValidationError, IterableValidationNote

        if not isinstance(value, list | tuple | set | frozenset):
            raise _Expected("a list")
        found, wrong = [], []
        for n, each in enumerate(value):
            try:
                found.append(converter.structure(each, element))
            except Exception as error:  # noqa: BLE001 - kept, with its place
                error.add_note(IterableValidationNote("", n, element))
                wrong.append(error)
        if wrong:
            raise IterableValidationError("", wrong, make)
        return cast("object", make(found))

    return hook


def _is_mapping(annotation: object) -> bool:
    return (get_origin(annotation) or annotation) in (dict, Mapping)


def _mapping_hook(annotation: object, converter: "Converter") -> _Hook:
    key, element = get_args(annotation) or (str, Any)
    structure_mapping = converter.gen_structure_mapping(dict[key, element])  # type: ignore[valid-type]
    return lambda value, _: structure_mapping(_named(value), annotation)


def _class_hook(cls: type, converter: "Converter") -> _Hook:
    from cattrs.gen import make_dict_structure_fn

    structure_class: _Hook = make_dict_structure_fn(
        cls, converter, _cattrs_forbid_extra_keys=True, _cattrs_use_alias=True, _cattrs_detailed_validation=True
    )
    return lambda value, _: value if isinstance(value, cls) else structure_class(_named(value), cls)


def _named(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Expected("a mapping of names to values")
    return value


def _said(value: object, given: object) -> object:
    """Without the Nones that only a default put there."""
    if isinstance(value, dict):
        names = given if isinstance(given, Mapping) else {}
        return {name: _said(each, names.get(name)) for name, each in value.items() if each is not None or name in names}
    if isinstance(value, list):
        items = given if isinstance(given, list | tuple) else []
        return [_said(each, item) for each, item in zip_longest(value, items[: len(value)])]
    return value


def _plain(value: object) -> object:
    """Lists for tuples and sets, all the way down; sets in a fixed order, for decisions must not depend on hashes."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=lambda each: (type(each).__name__, each))
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


# --- errors -----------------------------------------------------------------------------------------------------------


def _texts(error: BaseException, path: str, cls: type) -> list[str]:
    return [text for where, each in leaves(error, path) for text in _text(each, where, cls)]


def _text(error: BaseException, path: str, cls: type) -> list[str]:
    """What to say of one error. Its own words may quote the value, so they are used only where they are ours."""
    from cattrs.errors import ForbiddenExtraKeysError, StructureHandlerNotFoundError

    match error:
        case _Expected():
            return [f"{path}: expected {error}"]
        case KeyError():
            return [f"{path}: is required, and missing"]
        case ForbiddenExtraKeysError():
            here, known = error.cl.__name__, fields_of_class(error.cl)
            extra = sorted(error.extra_fields)
            return [f"{path}.{name}: {here} has no such field{hint(name, known)}" for name in extra]
        case StructureHandlerNotFoundError():
            return [f"{path}: {cls.__name__} declares something that is no data; use plain types, lists, attrs classes"]
    refused = next((each.name for each in error.args if isinstance(each, attrs.Attribute)), None)
    if refused and not path.endswith(f".{refused}"):
        path = f"{path}.{refused}"
    return [f"{path}: refused by {cls.__name__} itself ({type(error).__name__})"]


def _listed(what: str, wrong: Iterable[str]) -> str:
    return "\n  - ".join([what, *wrong])
