"""JSON as nodes, each with its place: what the parser of the standard library does not tell."""

import json
import re
from bisect import bisect_right
from typing import Final, NoReturn

from touchpoint.files.nodes import DEEPEST, MOST, Entry, Listing, Mapping, Node, Place, Scalar, broken, twice
from touchpoint.model.payload import DIGITS, is_unicode

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*+"')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Final = {"true": True, "false": False, "null": None}
_WORD: Final = re.compile(r"[A-Za-z]+")


def json_nodes(text: str, file: str) -> Node:
    """The one value of a JSON text (RFC 8259), with the place of every part.

    Raises:
        JourneyError: it is no JSON, names something twice in one object, or is too deep or too large.
    """
    return _Scanner(text, file).document()


class _Scanner:
    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._at = 0
        self._count = 0

    def document(self) -> Node:
        node = self._value(0)
        self._space()
        if self._at < len(self._text):
            self._stop("there is something after the end of the value", "a file holds one object")
        return node

    def _place(self, at: int) -> Place:
        line = bisect_right(self._lines, at)
        return Place(line, at - self._lines[line - 1] + 1)

    def _stop(self, message: str, fix: str = "", at: int | None = None) -> NoReturn:
        raise broken(self._file, self._place(self._at if at is None else at), message, fix) from None

    def _space(self) -> str:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _value(self, depth: int) -> Node:
        self._count += 1
        if self._count > MOST:
            self._stop(f"a file of journeys holds at most {MOST:,} values", "split it")
        if depth > DEEPEST:
            self._stop(f"lists and objects are nested at most {DEEPEST} deep")
        first = self._space()
        place = self._place(self._at)
        if first == "{":
            return self._object(place, depth)
        if first == "[":
            return self._array(place, depth)
        if first == '"':
            start, value = self._at, self._string()
            return Scalar(value, place, inset=1 if self._at - start == len(value) + 2 else None)
        return Scalar(self._number() if first in tuple("-0123456789") else self._word(), place)

    def _string(self) -> str:
        start = self._at
        found = _STRING.match(self._text, start)
        if found is None:
            self._stop("this text has no end, or a line break inside", 'write "\\n" for a line break')
        try:
            text: str = json.loads(found[0])
        except ValueError:
            self._stop("there is no such escape in JSON", 'write "\\\\" for a backslash')
        if not is_unicode(text):
            self._stop("half of a surrogate pair is no character", "write the character itself")
        self._at = found.end()
        return text

    def _number(self) -> float:
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            self._stop("this is no number as JSON writes one")
        if len(found[0]) > DIGITS:
            self._stop(f"a number of more than {DIGITS} digits")
        value = float(found[0]) if found[1] or found[2] else int(found[0])
        if value in (float("inf"), float("-inf")):
            self._stop("this number is too large")
        self._at = found.end()
        return value

    def _word(self) -> bool | None:
        found = _WORD.match(self._text, self._at)
        if found is None or found[0] not in _WORDS:
            self._stop("expected a value here", 'a text stands in double quotes, as in "email"')
        self._at = found.end()
        return _WORDS[found[0]]

    def _array(self, place: Place, depth: int) -> Listing:
        self._at += 1
        items: list[Node] = []
        if self._space() == "]":
            self._at += 1
            return Listing((), place)
        while True:
            items.append(self._value(depth + 1))
            if self._comma("]"):
                return Listing(tuple(items), place)

    def _object(self, place: Place, depth: int) -> Mapping:
        self._at += 1
        entries: list[Entry] = []
        if self._space() == "}":
            self._at += 1
            return Mapping((), place)
        while True:
            entries.append(self._entry(depth))
            if self._comma("}"):
                break
        for entry, first in twice(entries):
            earlier = f"{first.place.line}:{first.place.column}"
            raise broken(self._file, entry.place, f"the name {entry.key!r} stands here twice, first at {earlier}")
        return Mapping(tuple(entries), place)

    def _entry(self, depth: int) -> Entry:
        if self._space() != '"':
            self._stop("expected a name in double quotes", "no comma stands after the last one")
        place = self._place(self._at)
        key = self._string()
        if self._space() != ":":
            self._stop("expected a colon after the name")
        self._at += 1
        return Entry(key, place, self._value(depth + 1))

    def _comma(self, end: str) -> bool:
        """Whether this was the last one."""
        found = self._space()
        if found not in (",", end) or not found:
            self._stop(f"expected a comma or {end} here")
        self._at += 1
        return found == end
