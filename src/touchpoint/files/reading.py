"""Journeys from a file in YAML or JSON."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from touchpoint.errors import InvalidInput, JourneyError, Problem, hint
from touchpoint.files import kinds, nodes, parts
from touchpoint.files.json_nodes import json_nodes
from touchpoint.files.kinds import Reader
from touchpoint.files.nodes import Entry, FileProblem, Node, Place, Stop, broken, decoded, refused
from touchpoint.files.words import Word, word_of
from touchpoint.files.yaml_nodes import yaml_nodes
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.model.message import Gift, Message, Survey
from touchpoint.model.names import type_name

VERSION: Final = 1
"""The version of the form that is written; older ones are read, newer ones refused."""
ENDINGS: Final = (".yaml", ".yml", ".json")
SECTIONS: Final[Mapping[str, type]] = {"messages": Message, "surveys": Survey, "gifts": Gift}
_BESIDE: Final = ("events", "grant", "journeys", "policy")
_DECLARED: Final = ("touchpoints", "traits")


@attrs.frozen
class JourneyFile:
    """What a file holds.

    Args:
        name: of the file, as errors tell it.
        journeys: in their order.
        policy: the policy of the house; None where the file has none.
        events: files of events on which the journeys are tried, as written.
        grant: kinds of message taken as agreed to when they are.
        unsent: messages that no step sends, each with the name of its journey.
    """

    name: str
    journeys: tuple[Journey, ...]
    policy: Policy | None = None
    events: tuple[str, ...] = ()
    grant: tuple[str, ...] = ()
    unsent: tuple[tuple[str, Message], ...] = ()
    _readers: tuple[Reader, ...] = attrs.field(default=(), repr=False, eq=False)

    def place(self, path: str, journey: str | None = None) -> Place | None:
        """Where the part of a journey at this path is written, or the nearest part around it.

        Args:
            path: as errors and findings have it, `$.rules[3].then[0].timeout`.
            journey: its name; the first one unless given.
        """
        for reader, each in zip(self._readers, self.journeys, strict=False):
            if journey in (None, each.name):
                return _place(reader, path)
        return None


def read_file(path: Path | str, *, types: Sequence[type] = ()) -> JourneyFile:
    """The journeys in a file that ends in .yaml, .yml or .json.

    Args:
        path: of the file.
        types: the classes that declare its touchpoint types and traits.

    Raises:
        JourneyError: with every problem, its line and its column.
        MissingExtra: it is YAML, and PyYAML is not installed.
        InvalidInput: there is no such file, or its name ends otherwise.
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise InvalidInput(f"{path}: journeys are read from {', '.join(ENDINGS)}")
    try:
        with path.open("rb") as opened:
            content = opened.read(nodes.LONGEST + 1)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    return read_text(content, file=str(path), json=path.suffix == ".json", types=types)


def read_text(
    content: str | bytes, *, file: str = "journeys", json: bool = False, types: Sequence[type] = ()
) -> JourneyFile:
    """The journeys in a text.

    Args:
        content: YAML, or JSON.
        file: what errors call it.
        json: it is JSON.
        types: the classes that declare its touchpoint types and traits.

    Raises:
        JourneyError: with every problem, its line and its column.
        MissingExtra: it is YAML, and PyYAML is not installed.
    """
    text = decoded(file, content)
    try:
        root = (json_nodes if json else yaml_nodes)(text, file)
        return _Document(file, types).read(root)
    except RecursionError:
        raise broken(file, Place(1, 1), "a journey cannot be nested as deeply as this one") from None


class _Document:
    def __init__(self, file: str, types: Sequence[type]) -> None:
        self._file = file
        self._types = {type_name(cls): cls for cls in types}
        self._house = Reader(file)

    def read(self, root: Node) -> JourneyFile:
        if not isinstance(root, nodes.Mapping):
            raise broken(
                self._file,
                root.place,
                f"expected names with values, not {nodes.words(root)}",
                "begin with touchpoint: 1",
            )
        self._version(root)
        several = root.get("journeys")
        rest = [each for each in root.entries if each.key != "touchpoint"]
        if several is None:
            mine = [each for each in rest if each.key not in ("events", "grant")]
            bodies: list[tuple[Sequence[Entry], Place]] = [(mine, root.place)]
        else:
            bodies = list(self._bodies(several))
            self._only_beside(rest)
        readers = [Reader(self._file) for _ in bodies]
        found = [
            self._journey(reader, entries, place) for reader, (entries, place) in zip(readers, bodies, strict=True)
        ]
        policy = self._beside(root, "policy", parts.POLICY) if several is not None else None
        events, grant = (self._beside(root, name, kinds.listed(kinds.TEXT)) or () for name in ("events", "grant"))
        problems = [*self._house.problems, *(each for reader in readers for each in reader.problems)]
        if problems:
            raise refused(self._file, "is not valid", problems)
        journeys = tuple(each for each in found if each is not None)
        unsent = [
            (journey.name, message)
            for journey, reader in zip(journeys, readers, strict=True)
            for name, message in reader.messages.items()
            if message is not None and name not in reader.sent
        ]
        return JourneyFile(self._file, journeys, policy, events, grant, tuple(unsent), tuple(readers))

    def _version(self, root: nodes.Mapping) -> None:
        version = root.get("touchpoint")
        if version is None:
            raise broken(
                self._file,
                root.place,
                "a file of journeys says which version of the form it is written in",
                f"begin with touchpoint: {VERSION}",
            )
        value = version.value if isinstance(version, nodes.Scalar) and not version.trap else None
        if type(value) is not int or value < 1:
            raise broken(
                self._file,
                version.place,
                "the version of the form is a whole number from 1",
                f"write touchpoint: {VERSION}",
            )
        if value > VERSION:
            message = f"this file is written in version {value} of the form, and this release reads up to {VERSION}"
            raise broken(self._file, version.place, message, "use the release it was written for, or a newer one")

    def _bodies(self, several: Node) -> Iterable[tuple[Sequence[Entry], Place]]:
        if not isinstance(several, nodes.Listing):
            raise broken(self._file, several.place, f"expected a list of journeys, not {nodes.words(several)}")
        for each in several.items:
            if isinstance(each, nodes.Mapping):
                yield each.entries, each.place
            else:
                self._house.refuse(each.place, "$", f"expected a journey, not {nodes.words(each)}", "- journey: shop")

    def _only_beside(self, rest: Iterable[Entry]) -> None:
        for each in rest:
            if each.key not in _BESIDE:
                self._house.refuse(
                    each.place, "$", f"there is no {each.key[:60]!r} beside journeys:{hint(each.key, _BESIDE)}"
                )

    def _beside(self, root: nodes.Mapping, name: str, kind: kinds.Kind) -> Any:  # noqa: ANN401 - what the kind reads
        node = root.get(name)
        try:
            return None if node is None else kind.read(self._house, node, f"$.{name}")
        except Stop:
            return None

    def _journey(self, reader: Reader, entries: Sequence[Entry], place: Place) -> Journey | None:
        reader.places["$"] = place
        mine = [each for each in entries if each.key not in SECTIONS]
        for each in entries:
            if each.key in SECTIONS:
                _read_messages(reader, each)
        try:
            return self._built(reader, mine, place)
        except Stop:
            return None

    def _built(self, reader: Reader, entries: Sequence[Entry], place: Place) -> Journey | None:
        named = [attrs.evolve(each, key="name") if each.key == "journey" else each for each in entries]
        told = next((each for each in entries if each.key == "name"), None)
        if told is not None:
            raise reader.refuse(told.place, "$.name", "there is no 'name' here", "write journey: with the name")
        known = {*(self._word(reader, named).fields.keys() - {"name"}), *SECTIONS, "events", "grant", "touchpoint"}
        for each in entries:
            if each.key not in known:
                reader.refuse(each.place, "$", f"there is no {each.key[:60]!r} in a journey{hint(each.key, known)}")
        named = [each for each in named if each.key in known or each.key == "name"]
        if all(each.key != "name" for each in named):
            raise reader.refuse(place, "$.name", "a journey has a name", "write journey: with the name")
        found = parts.read_fields(reader, self._word(reader, named), named, None, place, "$")
        return found if isinstance(found, Journey) else None

    def _word(self, reader: Reader, entries: Sequence[Entry]) -> Word:
        """The word for a journey, whose making tells where each problem is written."""

        def build(given: Mapping[str, Any]) -> object:
            try:
                return Journey(**{**given, **self._classes(reader, given, entries)})
            except JourneyError as error:
                for each in error.problems or [Problem("$", str(error))]:
                    place = _place(reader, each.path)
                    reader.problems.append(FileProblem(each.path, each.message, each.fix, reader.file, place))
                raise Stop from None

        word = word_of(Journey)
        fields = {
            **{"journey" if name == "name" else name: kind for name, kind in word.fields.items()},
            "name": kinds.TEXT,
        }
        return attrs.evolve(word, word="a journey", primary=None, fields=fields, build=build)

    def _classes(self, reader: Reader, given: Mapping[str, Any], entries: Sequence[Entry]) -> dict[str, Any]:
        """The classes in the place of their names."""
        found: dict[str, Any] = {}
        for entry in entries:
            if entry.key in _DECLARED and entry.key in given:
                names = given[entry.key] if entry.key == "touchpoints" else (given[entry.key],)
                classes = tuple(self._class(reader, entry, name) for name in names)
                found[entry.key] = classes if entry.key == "touchpoints" else classes[0]
        return found

    def _class(self, reader: Reader, entry: Entry, name: str) -> type:
        if name in self._types:
            return self._types[name]
        message = f"no class was handed in for {name[:60]!r}{hint(name, self._types)}"
        raise reader.refuse(entry.place, f"$.{entry.key}", message, "pass it in types=[…]")


def _read_messages(reader: Reader, section: Entry) -> None:
    if not isinstance(section.value, nodes.Mapping):
        reader.refuse(
            section.value.place, "$", f"{section.key}: holds messages by their names", "write welcome: {why: …}"
        )
        return
    for each in section.value.entries:
        path = parts.message_path(each.key)
        if each.key in reader.messages:
            reader.refuse(
                each.place, f"$.{section.key}", f"there are two messages {each.key[:60]!r}", "give each its own name"
            )
            continue
        reader.places[path] = each.place
        reader.messages[each.key] = _read_message(reader, section, each, path)


def _read_message(reader: Reader, section: Entry, entry: Entry, path: str) -> Message | None:
    word = word_of(SECTIONS[section.key])
    fields = {name: kind for name, kind in word.fields.items() if name != "name"}
    made = attrs.evolve(
        word, word="a message", primary=None, fields=fields, required=word.required - {"name"},
        build=lambda given: word.build({"name": entry.key, **given}),
    )  # fmt: skip
    if not isinstance(entry.value, nodes.Mapping):
        reader.refuse(entry.value.place, path, f"expected why:, channels:, content: …, not {nodes.words(entry.value)}")
        return None
    try:
        found = parts.read_fields(reader, made, entry.value.entries, None, entry.place, path)
    except Stop:
        return None
    return found if isinstance(found, Message) else None


def _place(reader: Reader, path: str) -> Place:
    """Where the part at this path is written, or the nearest one around it."""
    for prefix, there in reader.aliases.items():
        if path.startswith(prefix) and path[len(prefix) :][:1] in (".", "["):
            path = there + path[len(prefix) :]
            break
    while path not in reader.places and path:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return reader.places.get(path) or reader.places.get("$") or Place(1, 1)
