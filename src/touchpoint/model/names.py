"""Names of touchpoint types: how they may look, and how a declared class gets its own."""

import re
from typing import Final

from touchpoint.errors import InvalidTouchpoint

TYPE_PATTERN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,99}")
_WORD_BORDER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def check_type_name(name: object) -> str:
    """The name itself, where it is one a touchpoint type may bear.

    Allowed are a letter, then letters, digits and `_ . : -`, at most 100 characters.

    Raises:
        InvalidTouchpoint: it is no text, is empty, too long, or holds other characters.
    """
    if isinstance(name, str) and TYPE_PATTERN.fullmatch(name):
        return str(name)
    shown = repr(name[:100]) if isinstance(name, str) else f"a {type(name).__name__}"
    raise InvalidTouchpoint(
        f"{shown} is not a touchpoint type: use a letter, then letters, digits and '_', '.', ':' or '-', "
        "at most 100 characters, e.g. 'order_placed'"
    )


def type_name(cls: type) -> str:
    """The touchpoint type that a declared class stands for.

    Its own `__touchpoint__` where it has one, else its name in snake case: `OrderPlaced` is `order_placed`.

    Raises:
        InvalidTouchpoint: the name is not one a touchpoint type may bear.
    """
    # Only the class's own attribute: a subclass is another type and must not inherit its parent's name.
    declared = vars(cls).get("__touchpoint__")
    return check_type_name(_WORD_BORDER.sub("_", cls.__name__).lower() if declared is None else declared)


def type_of(declared: str | type) -> str:
    """The type's name, from the name itself or from a declared class.

    Raises:
        InvalidTouchpoint: see `check_type_name`.
    """
    return type_name(declared) if isinstance(declared, type) else check_type_name(declared)
