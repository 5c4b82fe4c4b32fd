"""What values a declared property can have, as far as its type says so."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import attrs


def choices_of(cls: type, path: tuple[str, ...]) -> tuple[object, ...] | None:
    """Every value that the property at this path of a declared class can have; None where there are too many to name.

    Args:
        cls: an attrs class that declares a touchpoint type or the traits.
        path: names that lead to the property.
    """
    if not attrs.has(cls):
        return None
    return _values(_hint(cls, path))


def plain_types_of(cls: type, path: tuple[str, ...]) -> tuple[type, ...] | None:
    """The plain types that the property at this path may be of, such as `(int, NoneType)`; None for any other.

    Args:
        cls: an attrs class that declares a touchpoint type or the traits.
        path: names that lead to the property.
    """
    members = _members(_hint(cls, path)) if attrs.has(cls) else ()
    return members if members and all(each in _PLAIN for each in members) else None


_PLAIN: Final = (bool, int, float, Decimal, str, datetime, date, timedelta, type(None))


def _hint(cls: type, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - any annotation
    try:
        hints = get_type_hints(cls)
    except (NameError, TypeError):  # an annotation that only a type checker can read
        return None
    names = {(each.alias or each.name): each.name for each in attrs.fields(cls)}
    hinted = hints.get(names.get(path[0], ""))
    if len(path) == 1:
        return hinted
    inner = [each for each in _members(hinted) if isinstance(each, type) and attrs.has(each)]
    return _hint(inner[0], path[1:]) if len(inner) == 1 else None


def _members(hinted: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any annotation
    return get_args(hinted) if get_origin(hinted) in (Union, UnionType) else (hinted,)


def _values(hinted: Any) -> tuple[object, ...] | None:  # noqa: ANN401 - any annotation
    found: list[object] = []
    for each in _members(hinted):
        if each is type(None):
            found.append(None)
        elif get_origin(each) is Literal:
            found += get_args(each)
        elif isinstance(each, type) and issubclass(each, Enum):
            found += [member.value for member in each]
        elif each is bool:
            found += [True, False]
        else:
            return None
    return tuple(found)
