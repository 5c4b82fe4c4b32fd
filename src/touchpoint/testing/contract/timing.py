"""Values that notice being compared: a signature compared with == tells by its time how much of it is right."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest import mock

_LONG: Final = 16  # shorter ones are versions and names, which are no secret


class Text(str):  # noqa: SLOT000 - it holds a list besides
    """Header text that notes when it, or a part of it, is compared with == to something as long."""

    noted: list[str]

    @classmethod
    def of(cls, text: str, noted: list[str]) -> "Text":
        """The same text, noting into this list."""
        made = cls(text)
        made.noted = noted
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str) and len(other) == len(self) >= _LONG:
            self.noted.append("==")
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self  # so that it stays what it is where headers are copied

    def __getitem__(self, key: Any) -> "Text":  # noqa: ANN401 - an index or a slice
        return Text.of(str.__getitem__(self, key), self.noted)

    def encode(self, *args: Any, **more: Any) -> "Bytes":  # noqa: ANN401 - as str.encode
        """See `str.encode`."""
        return Bytes.of(str.encode(self, *args, **more), self.noted)


class Bytes(bytes):
    """The same for bytes."""

    noted: list[str]

    @classmethod
    def of(cls, data: bytes, noted: list[str]) -> "Bytes":
        """The same bytes, noting into this list."""
        made = cls(data)
        made.noted = noted
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bytes) and len(other) == len(self) >= _LONG:
            self.noted.append("==")
        return bytes.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = bytes.__hash__


def _kept(name: str) -> Any:  # noqa: ANN401 - a method of str that gives text or texts
    original = getattr(str, name)

    def method(self: Text, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - as that of str
        result = original(self, *args, **more)
        if isinstance(result, str):
            return Text.of(result, self.noted)
        return type(result)(Text.of(each, self.noted) for each in result)

    method.__doc__ = f"See `str.{name}`."
    return method


for _name in (
    "split", "rsplit", "partition", "rpartition", "splitlines", "strip", "lstrip", "rstrip", "removeprefix",
    "removesuffix", "lower", "upper", "casefold", "replace",
):  # fmt: skip
    setattr(Text, _name, _kept(_name))


@contextmanager
def noting_comparisons() -> Iterator[list[str]]:
    """In the block, what is decoded from noticing text notices too. The list holds what was compared."""
    noted: list[str] = []
    with ExitStack() as stack:
        for owner, name in ((base64, "b64decode"), (base64, "urlsafe_b64decode"), (binascii, "unhexlify")):
            stack.enter_context(mock.patch.object(owner, name, _decoding(getattr(owner, name))))
        yield noted


def _decoding(original: Any) -> Any:  # noqa: ANN401 - a function of base64 or binascii
    def instead(data: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - as it was called
        decoded = original(data, *args, **more)
        return Bytes.of(decoded, data.noted) if isinstance(data, (Text, Bytes)) else decoded

    return instead
