"""What few customers have anything of: one empty mapping for all the others.

What is remembered of most customers is mostly nothing, and an empty dict of their own for each part of it would be more
than half of what they take up in memory.
"""

from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar

T = TypeVar("T")


class _Nothing(dict[str, Any]):
    """An empty dict that stays empty: a change of it would be one of everybody's. JSON takes it for what it is."""

    __slots__ = ()

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("this is everybody's: use put and dropped")

    __setitem__ = __delitem__ = setdefault = update = __ior__ = _refuse  # type: ignore[assignment]  # none returns


NONE: Final[Mapping[str, Any]] = _Nothing()
"""What everybody has of what few have. A field that may hold it is changed by `put` and `dropped` alone."""


def put(held: Mapping[str, T], key: str, value: T) -> Mapping[str, T]:
    """What is held, with this entry; changed in place, unless it is empty."""
    if not held:
        return {key: value}
    held[key] = value  # type: ignore[index]  # only the empty one is everybody's
    return held


def dropped(held: Mapping[str, T], key: str) -> Mapping[str, T]:
    """What is held, without this entry, likewise; `NONE` where it was the last one, or there was none."""
    if key in held:
        del held[key]  # type: ignore[attr-defined]  # likewise
    return held or NONE
