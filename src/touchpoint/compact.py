"""JSON as compact text, quickly: what the library writes for itself."""

import json
import json.encoder
from collections.abc import Callable
from typing import Final


def prepared(encoder: json.JSONEncoder) -> Callable[[object], str]:
    """`encoder.encode`, without preparing the C encoder anew at each call, which is half of the time of a short record.

    What it is made of belongs to no public interface: where anything of it is not as expected, it is the plain one.
    """
    try:
        texts = json.encoder.encode_basestring_ascii if encoder.ensure_ascii else json.encoder.encode_basestring
        encode = json.encoder.c_make_encoder(  # type: ignore[attr-defined]  # the stubs know some of them only
            None, encoder.default, texts, None, encoder.key_separator, encoder.item_separator, encoder.sort_keys,
            encoder.skipkeys, encoder.allow_nan,
        )  # fmt: skip
        sample = [{"a": [1, 0.5, True, None, 'ä"']}, "b"]
        if "".join(encode(sample, 0)) != encoder.encode(sample):
            return encoder.encode
    except (AttributeError, TypeError, ValueError):
        return encoder.encode
    join = "".join
    return lambda value: join(encode(value, 0))


compact: Final = prepared(json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False))
"""Plain JSON without spaces."""
