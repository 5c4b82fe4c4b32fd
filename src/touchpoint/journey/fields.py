"""The fields of the classes of the language, looked up once: many parts of a journey are walked through often."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import attrs


@attrs.frozen
class Layout:
    """The fields of a class: their names and what they hold by default, in order, and what gives all values at once.

    A default is `NOTHING` where its author has to say something, and a `Factory` where it is made anew for each object.
    """

    names: Sequence[str]
    defaults: Sequence[object]
    values: Callable[[object], Sequence[object]]


@cache
def layout_of(cls: type) -> Layout:
    """The fields of an attrs class."""
    fields = attrs.fields(cls)
    names = tuple(each.name for each in fields)
    return Layout(names, tuple(map(default_of, fields)), values_of(names))


def values_of(names: Iterable[str]) -> Callable[[object], Sequence[object]]:
    """What gives the values of these fields of an object, in their order."""
    wanted = tuple(names)
    if len(wanted) > 1:
        return attrgetter(*wanted)
    if not wanted:
        return lambda _: ()
    value_of = attrgetter(*wanted)
    return lambda each: (value_of(each),)


def default_of(attribute: "attrs.Attribute[Any]") -> object:
    """What a field holds where its author says nothing; see `Layout`."""
    default = attribute.default
    if default is attrs.NOTHING or attribute.converter is None:
        return default
    return attribute.converter(default)  # type: ignore[operator]  # ours are plain functions
