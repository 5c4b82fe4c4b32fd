"""JSON as compact text, quickly: what the library writes for itself."""

import json
import json.encoder
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, TypeAlias

Encode: TypeAlias = Callable[[object, int], Iterable[str]]
"""The C encoder: the pieces of a value, which is nested that deep."""
Texts: TypeAlias = Callable[[Iterable[object]], list[str]]
"""The JSON of each of many values."""


def prepared(encoder: json.JSONEncoder) -> Callable[[object], str]:
    """`encoder.encode`, without preparing the C encoder anew at each call, which takes long for a short record."""
    encode, join = _encode_of(encoder), "".join
    return encoder.encode if encode is None else lambda value: join(encode(value, 0))


def prepared_for_many(encoder: json.JSONEncoder) -> Texts:
    """`encoder.encode` of each of many values, likewise, and without a call of Python's own for each."""
    encode, join = _encode_of(encoder), "".join
    if encode is None:
        return lambda values: [*map(encoder.encode, values)]
    return lambda values: [*map(join, map(encode, values, repeat(0)))]


def _encode_of(encoder: json.JSONEncoder) -> Encode | None:
    """The C encoder that `encoder` would make; None where anything that it is made of is not as expected.

    What that is belongs to no public interface.
    """
    try:
        texts = json.encoder.encode_basestring_ascii if encoder.ensure_ascii else json.encoder.encode_basestring
        encode: Encode = json.encoder.c_make_encoder(  # type: ignore[attr-defined]  # the stubs know some of them only
            None, encoder.default, texts, None, encoder.key_separator, encoder.item_separator, encoder.sort_keys,
            encoder.skipkeys, encoder.allow_nan,
        )  # fmt: skip
        sample = [{"a": [1, 0.5, True, None, 'ä"']}, "b"]
        return encode if "".join(encode(sample, 0)) == encoder.encode(sample) else None
    except (AttributeError, TypeError, ValueError):
        return None


compact: Final = prepared(json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False))
"""Plain JSON without spaces."""


quoted: Final[Callable[[str], str]] = getattr(json.encoder, "encode_basestring", compact)
"""A text as `compact` writes it, without the rest of an encoder."""


# What is alike is written column by column: of values of one type none has to be asked how it is written.

_WORDS: Final[Mapping[object, str]] = {True: "true", False: "false"}
_WRITES: Final[Mapping[type, Callable[[Any], str]]] = {int: repr, str: quoted, bool: _WORDS.__getitem__}


def column_to_texts(column: Sequence[object], kinds: Collection[type], dumps_all: Texts) -> Iterable[str]:
    """The JSON of each value of a column, in which there are these types; `dumps_all` writes those of mixed columns."""
    kind, *others = kinds
    write = None if others else _WRITES.get(kind)
    return dumps_all(column) if write is None else map(write, column)


def objects_to_texts(names: Iterable[str], columns: Iterable[Iterable[str]]) -> list[str]:
    """JSON objects that all have these names, at least one; their values are handed in as texts, name by name."""
    pieces, before = [], "{"
    for name, texts in zip(names, columns, strict=True):
        pieces += [repeat(f"{before}{quoted(name)}:"), texts]
        before = ","
    return [*map("".join, zip(*pieces, repeat("}")))]
