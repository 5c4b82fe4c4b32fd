"""YAML as nodes, each with its place.

Of YAML only what every tool reads alike is taken: no anchors, aliases, tags, merge keys or directives, one document,
no name twice. A plain word that YAML 1.1 and 1.2 read differently (`NO`, `21:00`, `0o17`, `1_000`) is refused with the
way to write it, for the file would mean one thing here and another one in the next tool.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, cast

import attrs

from touchpoint.errors import JourneyError, MissingExtra
from touchpoint.files.nodes import DEEPEST, MOST, Entry, Listing, Mapping, Node, Place, Scalar, broken, twice
from touchpoint.model.payload import DIGITS, is_unicode

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_SWITCHES: Final = frozenset({"yes", "no", "on", "off", "y", "n"})
_WHOLE: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]+)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SIXTIES: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+|$).*")
_ODD_NUMBER: Final = re.compile(
    r"[-+]?(?:0[0-7_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|"
    r"\.[0-9_]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF|nan|NaN|NAN))"
)
_QUOTES: Final = "write it in quotes"


def resolved(text: str) -> tuple[str | float | bool | None, str]:
    """What a plain word of YAML means, and why it cannot be taken if tools do not agree on it; else an empty text."""
    if text in _NULL:
        return None, ""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE, ""
    if len(text) > DIGITS and text.strip("+-_.0123456789") == "":
        return text, f"a number of more than {DIGITS} digits"
    if _WHOLE.fullmatch(text):
        return int(text), ""
    if _FLOAT.fullmatch(text):
        return _finite(text)
    return text, _trap(text)


def _finite(text: str) -> tuple[str | float, str]:
    value = float(text)
    return (text, "this number is too large") if value in (float("inf"), float("-inf")) else (value, "")


def _trap(text: str) -> str:
    if text.lower() in _SWITCHES:
        words = f"some tools read a plain {text} as true or false"
        return f'{words}: write "{text}" in quotes for the text, else true or false'
    if _SIXTIES.fullmatch(text):
        return f'some tools read a plain {text} as a number in base 60: write "{text}" in quotes'
    if _INSTANT.fullmatch(text):
        return f'some tools read a plain {text} as a date: write "{text}" in quotes'
    if _ODD_NUMBER.fullmatch(text):
        shown = text[:40]
        return f'tools do not agree on the number {shown}: write plain digits, or "{shown}" in quotes for the text'
    return f'a plain {text} has a meaning of its own in YAML: write "{text}" in quotes' if text in ("=", "<<") else ""


def yaml_nodes(text: str, file: str) -> Node:
    """The one document of a YAML text, with the place of every part.

    Raises:
        MissingExtra: PyYAML is not installed.
        JourneyError: it is no YAML, or more of YAML than is taken here.
    """
    try:
        import yaml
    except ImportError:
        raise MissingExtra("reading YAML", "yaml") from None
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except JourneyError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
        raise broken(file, place, *_said(error, text, mark)) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        raise broken(
            file, place, "a character that no YAML file may hold", 'write it as an escape, "\\u0007"'
        ) from None
    except (RecursionError, ValueError, OverflowError):
        # chr() of an escape beyond Unicode, say: PyYAML hands on what Python says.
        raise broken(file, Place(1, 1), "this is no YAML that can be read") from None
    return builder.whole()


def _said(error: Any, text: str, mark: Any) -> tuple[str, str]:  # noqa: ANN401 - PyYAML has no types
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return "a tab cannot stand here", "indent with spaces"
    problem, context = error.problem or "this is no YAML", error.context
    return (f"{problem} ({context})" if context else str(problem)), "a text with : or # in it stands in quotes"


@attrs.define
class _Open:
    """A list or mapping that has not ended."""

    place: Place
    is_mapping: bool
    items: list[Node] = attrs.field(factory=list)
    entries: list[Entry] = attrs.field(factory=list)
    key: Scalar | None = None


class _Builder:
    """Builds nodes of events one by one, so that what is too large is refused before it is read."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0
        self._count = 0

    def whole(self) -> Node:
        """The one document."""
        if self._root is None:
            raise broken(self._file, Place(1, 1), "the file is empty", "begin with touchpoint: 1")
        return self._root

    def take(self, event: Any) -> None:  # noqa: ANN401 - PyYAML has no types
        """One event of PyYAML's."""
        import yaml

        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        for message, fix in _more_than_is_taken(event):
            raise broken(self._file, place, message, fix)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise broken(self._file, place, "a second document begins here", "write journeys: [...] for several")
        elif isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event, place))
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(_Open(place, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()

    def _scalar(self, event: Any, place: Place) -> Scalar:  # noqa: ANN401
        if not is_unicode(event.value):
            raise broken(self._file, place, "half of a surrogate pair is no character", "write the character itself")
        is_plain = bool(event.implicit[0])
        inset = 0 if is_plain else 1
        written = event.end_mark.index - event.start_mark.index
        one_by_one = event.style in (None, "'", '"') and written == len(event.value) + 2 * inset
        where = inset if one_by_one else None
        if not is_plain:
            return Scalar(event.value, place, inset=where)
        value, trap = resolved(event.value)
        return Scalar(value, place, trap, is_date=_DATE.fullmatch(event.value) is not None, inset=where)

    def _begin(self, opened: _Open) -> None:
        if len(self._open) >= DEEPEST:
            raise broken(self._file, opened.place, f"lists and mappings are nested at most {DEEPEST} deep")
        if self._open and self._open[-1].is_mapping and self._open[-1].key is None:
            raise broken(
                self._file,
                opened.place,
                "a name is a text, not a list or a mapping",
                "a text with { in it stands in quotes",
            )
        self._open.append(opened)

    def _end(self) -> None:
        done = self._open.pop()
        for entry, first in twice(done.entries):
            earlier = f"{first.place.line}:{first.place.column}"
            raise broken(self._file, entry.place, f"the name {entry.key!r} stands here twice, first at {earlier}")
        node = Mapping(tuple(done.entries), done.place) if done.is_mapping else Listing(tuple(done.items), done.place)
        self._add(node)

    def _add(self, node: Node) -> None:
        self._count += 1
        if self._count > MOST:
            raise broken(self._file, node.place, f"a file of journeys holds at most {MOST:,} values", "split it")
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        if not top.is_mapping:
            top.items.append(node)
        elif top.key is None:
            top.key = self._named(cast("Scalar", node))  # of a list or a mapping: refused when it began
        else:
            top.entries.append(Entry(str(top.key.value), top.key.place, node))
            top.key = None

    def _named(self, node: Scalar) -> Scalar:
        if node.trap or not isinstance(node.value, str):
            shown = (
                node.trap or f"a name is a text, not {'nothing' if node.value is None else 'a number or true, false'}"
            )
            raise broken(self._file, node.place, shown, _QUOTES)
        return node


def _more_than_is_taken(event: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    import yaml

    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        yield "anchors (&) and aliases (*) are not taken", "write it out, or put a text that begins so in quotes"
    if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
        yield "directives (%) are not taken", "leave the line out"
    if getattr(event, "tag", None) is not None:
        yield "tags (!) are not taken", "leave it out, or put a text that begins so in quotes"
    if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and event.value == "<<":
        yield "merge keys (<<) are not taken", "write it out"
