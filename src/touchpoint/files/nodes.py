"""A file taken apart: values with the place where each stands, whatever format it was written in."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import attrs

from touchpoint.errors import JourneyError, Problem

LONGEST: Final = 1_000_000
"""Bytes of a file, at most."""
DEEPEST: Final = 100
"""How deeply lists and mappings of a file may be nested."""
MOST: Final = 50_000
"""Values of a file, at most."""


@attrs.frozen
class Place:
    """Where something stands in a file; both numbers start at 1, and columns count characters."""

    line: int
    column: int


@attrs.frozen
class FileProblem(Problem):
    """A problem in a file. `path` leads to it in the journey; file, line and column say where it is written."""

    file: str = ""
    place: Place = Place(1, 1)

    def __str__(self) -> str:
        where = f"{self.file}:{self.place.line}:{self.place.column}"
        path = f"{self.path}: " if self.path not in ("", "$") else ""
        return f"{where}: {path}{self.message}" + (f" ({self.fix})" if self.fix else "")


@attrs.frozen
class Scalar:
    """A single value.

    Args:
        value: it.
        place: where it begins, with its quotes.
        trap: why it cannot be taken as it is written, and how to write it; empty where it can.
        is_date: it is a date that needs no quotes where a date is expected.
        inset: how many columns on from its place its characters begin; None where they are not written one by one.
    """

    value: str | float | bool | None = attrs.field(repr=False)
    place: Place
    trap: str = ""
    is_date: bool = False
    inset: int | None = None


@attrs.frozen
class Listing:
    """A list."""

    items: "tuple[Node, ...]"
    place: Place


@attrs.frozen
class Entry:
    """One name of a mapping, with its value."""

    key: str
    place: Place
    value: "Node"


@attrs.frozen
class Mapping:
    """Names with their values, in the order in which they are written."""

    entries: tuple[Entry, ...]
    place: Place

    def get(self, key: str) -> "Node | None":
        """The value of this name; None where it is not there."""
        return next((each.value for each in self.entries if each.key == key), None)


Node: TypeAlias = Scalar | Listing | Mapping


class Stop(Exception):
    """What is read here cannot be built; why has been noted."""


def refused(file: str, what: str, found: Sequence[FileProblem]) -> JourneyError:
    """The error about a file, with every problem in the order of its lines."""
    ordered = sorted(found, key=lambda each: (each.place.line, each.place.column))
    return JourneyError(f"{file} {what}", ordered)


def broken(file: str, place: Place, message: str, fix: str = "") -> JourneyError:
    """The error about a file that cannot be read any further than this place."""
    return refused(file, "cannot be read", [FileProblem("$", message, fix, file, place)])


def words(node: Node) -> str:
    """What a value is, in words; the value itself only where it is short."""
    if isinstance(node, Listing):
        return "a list"
    if isinstance(node, Mapping):
        return "names with values"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return str(node.value).lower()
    if isinstance(node.value, str):
        return f"the text {node.value[:60]!r}" + ("…" if len(node.value) > 60 else "")
    return f"the number {node.value!r}" if abs(node.value) < 10**20 else "a very large number"


def twice(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Entries whose name stood before, each with the earlier one."""
    first: dict[str, Entry] = {}
    for entry in entries:
        if entry.key in first:
            yield entry, first[entry.key]
        first.setdefault(entry.key, entry)


def plain(node: Node) -> object:
    """The value as JSON would have it."""
    if isinstance(node, Listing):
        return [plain(each) for each in node.items]
    if isinstance(node, Mapping):
        return {each.key: plain(each.value) for each in node.entries}
    return node.value


def decoded(file: str, content: bytes | str) -> str:
    """The text of a file. Raises JourneyError: it is longer than `LONGEST`, or no UTF-8."""
    if len(content) > LONGEST:
        raise broken(file, Place(1, 1), f"a file of journeys has at most {LONGEST:,} bytes", "split it")
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace")
        place = Place(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        raise broken(file, place, "this is no UTF-8 text", "save the file as UTF-8") from None
