"""What little most customers have: nothing at all is one object for everybody, a single entry is no dict.

What is remembered of most customers is mostly nothing, or one of a sort: one stage, one rule that has started. A dict
of their own for each part of it would be more than half of what they take up in memory.
"""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from sys import intern
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


class One(Mapping[str, T]):
    """A mapping of one entry, in a fraction of the memory of a dict. The codec of stores writes it as it would a dict.

    Generated code reads `key` and `value` themselves, which is no call, and replaces the value.
    """

    __slots__ = ("key", "value")

    def __init__(self, key: str, value: T) -> None:
        self.key = key
        self.value = value

    def __getitem__(self, key: str) -> T:
        if key == self.key:
            return self.value
        raise KeyError(key)

    def __setitem__(self, key: str, value: T) -> None:
        if key != self.key:
            raise TypeError("there is one entry: use put")
        self.value = value

    def __iter__(self) -> Iterator[str]:
        return iter((self.key,))

    def __len__(self) -> int:
        return 1

    def __contains__(self, key: object) -> bool:
        return key == self.key

    def __repr__(self) -> str:
        return "One(…)"  # it may be a customer's words, or the ref of a case

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as a dict's
        """The value of this key."""
        return self.value if key == self.key else default

    # Those of a dict are made and gone through in a fraction of what a mapping's own take.

    def keys(self) -> KeysView[str]:
        """As a dict's."""
        return self.plain().keys()

    def values(self) -> ValuesView[T]:
        """As a dict's."""
        return self.plain().values()

    def items(self) -> ItemsView[str, T]:
        """As a dict's."""
        return self.plain().items()

    def plain(self) -> dict[str, T]:
        """As a dict."""
        return {self.key: self.value}


def put(held: Mapping[str, T], key: str, value: T) -> Mapping[str, T]:
    """What is held, with this entry; changed in place, unless it has to be more than it was."""
    kind = type(held)
    if kind is dict or (kind is One and key in held):
        held[key] = value  # type: ignore[index]  # either takes it
        return held
    return {**held, key: value} if held else One(key, value)


def dropped(held: Mapping[str, T], key: str) -> Mapping[str, T]:
    """What is held, without this entry, likewise; `NONE` where it was the last one, or there was none."""
    if key not in held:
        return held or NONE
    if len(held) == 1:
        return NONE
    del held[key]  # type: ignore[attr-defined]  # likewise
    return few(held)


def few(held: Mapping[str, T]) -> Mapping[str, T]:
    """What is held, as small as may be: names come with every customer, and there is one text of each."""
    if len(held) > 1:
        return {intern(key): value for key, value in held.items()}
    for key, value in held.items():
        return One(intern(key), value)
    return NONE
