"""What a field of a part of a journey may hold: in words, as a test of one value, and as one of many at once."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import attrs

from touchpoint.errors import TouchpointError
from touchpoint.model.payload import is_unicode

LONGEST_NAME: Final = 200
_STR: Final = frozenset({str})
_TUPLE: Final = frozenset({tuple})
_DICT: Final = frozenset({dict})

Sweep = Callable[[Sequence[Any]], bool]
"""Says of many values at once that each of them fits; where it says no, some may fit all the same."""


@attrs.frozen(eq=False)
class Kind:
    """What a field may hold: in words, and as a test. `form` is `one`, `many` (a tuple) or `mapping` (from text).

    `sweep` tells quickly that many values fit, where there is such a way. What fits a `bare` kind has no parts in it.
    """

    words: str
    test: Callable[[Any], bool]
    form: str = "one"
    optional: bool = False
    choices: tuple[str, ...] = ()
    sweep: Sweep | None = attrs.field(default=None, kw_only=True)
    bare: bool = attrs.field(default=False, kw_only=True)


def maybe(kind: Kind) -> Kind:
    """The same, or nothing (None)."""
    return attrs.evolve(kind, optional=True)


def many(kind: Kind) -> Kind:
    """A tuple of these."""
    return attrs.evolve(kind, form="many")


def mapping(kind: Kind) -> Kind:
    """A mapping from names to these."""
    return attrs.evolve(kind, form="mapping")


def of(*classes: type) -> Kind:
    """An object of exactly one of these classes."""
    return exactly("a " + " or ".join(cls.__name__ for cls in classes), classes)


def exactly(words: str, classes: Iterable[type]) -> Kind:
    """The same, said in other words."""
    # Exactly these: a host's own subclass could not be stored and read back.
    these = frozenset(classes)
    return Kind(words, lambda value: type(value) in these, sweep=lambda values: these.issuperset(map(type, values)))


def one_of(*choices: str) -> Kind:
    """One of these texts."""
    return Kind(
        "one of " + ", ".join(choices), lambda value: isinstance(value, str) and value in choices, choices=choices,
        sweep=lambda values: _are_strings(values) and set(values).issubset(choices), bare=True,
    )  # fmt: skip


def pattern_of(words: str, pattern: re.Pattern[str]) -> Kind:
    """A text that matches the pattern as a whole."""
    return Kind(
        words, lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None,
        sweep=lambda values: _are_strings(values) and all(map(pattern.fullmatch, set(values))), bare=True,
    )  # fmt: skip


def _are_strings(values: Iterable[object]) -> bool:
    return _STR.issuperset(map(type, values))


def are_texts(values: Sequence[Any]) -> bool:
    """Whether all of these are texts that can be written."""
    return _are_strings(values) and is_unicode("".join(values))


def are_names(values: Sequence[Any]) -> bool:
    """Whether all of these are names."""
    return are_texts(values) and max(map(len, values), default=0) <= LONGEST_NAME and all(map(str.strip, values))


def accepted(function: Callable[[Any], object]) -> Callable[[Any], bool]:
    """A test: what the function takes without a complaint."""

    def test(value: object) -> bool:
        try:
            function(value)
        except (TouchpointError, TypeError):
            return False
        return True

    return test


def is_name(value: object) -> bool:
    """Whether this may be the name of anything."""
    return isinstance(value, str) and value.strip() != "" and len(value) <= LONGEST_NAME and is_unicode(value)


def test_of(kind: Kind) -> Callable[[Any], bool]:
    """What says of a value whether it is of this kind; `misfits_of` says what of it is not."""
    each = kind.test
    if kind.form == "one":
        return each if not kind.optional else lambda value: value is None or each(value)
    whole = _are_many if kind.form == "many" else _are_named
    return lambda value: (value is None and kind.optional) or whole(value, each)


def all_fit(kind: Kind, values: Sequence[Any]) -> bool:
    """Whether every one of these values is of this kind: nearly always, which a sweep says soonest."""
    return _swept(kind, values) or all(map(test_of(kind), values))


def _swept(kind: Kind, values: Sequence[Any]) -> bool:
    if kind.form == "many":
        if not _TUPLE.issuperset(map(type, values)):
            return False
        values = [*chain.from_iterable(values)]
    elif kind.form == "mapping":
        if not (_DICT.issuperset(map(type, values)) and are_names([*chain.from_iterable(values)])):
            return False
        values = [one for value in values for one in value.values()]
    return all(map(kind.test, values)) if kind.sweep is None else kind.sweep(values)


def _are_many(value: object, each: Callable[[Any], bool]) -> bool:
    return isinstance(value, tuple) and all(map(each, value))


def _are_named(value: object, each: Callable[[Any], bool]) -> bool:
    if type(value) is not dict and not isinstance(value, Mapping):  # nearly all are dicts, which is quick
        return False
    return all(map(is_name, value)) and all(map(each, value.values()))
