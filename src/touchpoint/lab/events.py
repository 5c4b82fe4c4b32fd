"""Reading recorded events from files: JSON lines and CSV, plain or gzipped, a line at a time.

A line of JSON is an object with `customer`, `type` and `at`, and, where they are known, `channel`, `direction`,
`location`, `properties`, `id` and `about`. A CSV file has these names in its first line; its other columns become
properties.
"""

import csv
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from heapq import merge
from pathlib import Path
from typing import Final, Literal, NoReturn

import attrs

from touchpoint.errors import InvalidInput
from touchpoint.lab.event_files import LINE_LIMIT, EventFile, numbered_lines, open_file
from touchpoint.model.names import TYPE_PATTERN
from touchpoint.model.payload import DIGITS, checked
from touchpoint.model.touchpoint import Touchpoint

OnError = Literal["raise", "skip"]
PathLike = str | os.PathLike[str]

BAD_KEPT: Final = 100
"""Bad lines that `Events.bad` keeps; more are only counted."""

_REQUIRED: Final = ("customer", "type", "at")
_FIELDS: Final = frozenset({*_REQUIRED, "channel", "direction", "location", "properties", "id", "about"})
_DIRECTIONS: Final = frozenset({"inbound", "outbound", "internal"})
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_INFINITE: Final = frozenset({math.inf, -math.inf})
_NAME_LIMIT: Final = 200
_ID_LIMIT: Final = 500
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_BLANK: Final = frozenset({b"\n", b"\r\n"})
_ENDS: Final = frozenset({"\n", "", "\r\n"})


@attrs.frozen
class BadLine:
    """A line that is no event.

    Args:
        file: the path, as it was given.
        line: its number; starts at 1. Of a CSV row over several lines, the first.
        reason: what is wrong and how to mend it. Names fields, and never repeats what the line holds.
    """

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class _Bad(Exception):
    """What is wrong with a line."""


def read_events(
    paths: PathLike | Iterable[PathLike],
    *,
    on_error: OnError = "raise",
    report: Callable[[BadLine], None] | None = None,
) -> "Events":
    """The events of a file, or of several.

    A line without an id gets one from the file's name and its number, `orders.jsonl:000000017`: the same at every
    reading, wherever the folder is.

    Args:
        paths: files that end in .jsonl, .ndjson, .json (an object a line) or .csv, each also with .gz. The events of
            several files are merged by `at`, and by the order of the paths where that is equal; each file is taken to
            be in order.
        on_error: what a bad line does: `raise` ends the reading with its file and number, `skip` goes on with the next.
        report: called with every bad line, before either.

    Raises:
        InvalidInput: a file that is not there or of another kind, or an unknown `on_error`.
    """
    if on_error not in ("raise", "skip"):
        raise InvalidInput(f"on_error is 'raise' or 'skip', not {on_error!r}")
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not given:
        raise InvalidInput("there is no file to read events from: name at least one")
    return Events([open_file(Path(path)) for path in given], on_error, report)


class Events:
    """An iterable of `Touchpoint`, from `read_events`. Every iteration reads the files anew; memory stays flat.

    Iterating raises InvalidInput for a bad line, unless they are skipped, and for a file that cannot be read to its
    end.

    Attributes:
        bad: the first 100 bad lines of the latest iteration.
        bad_count: how many there were.
    """

    def __init__(self, files: "list[EventFile]", on_error: OnError, report: Callable[[BadLine], None] | None) -> None:
        self._files = files
        self._on_error = on_error
        self._report = report
        names = [file.name for file in files]
        self._shared = {name for name in names if names.count(name) > 1}
        self.bad: list[BadLine] = []
        self.bad_count = 0

    def __iter__(self) -> Iterator[Touchpoint]:
        self.bad, self.bad_count = [], 0
        readers = [self._read(file) for file in self._files]
        return readers[0] if len(readers) == 1 else merge(*readers, key=_instant)

    def __repr__(self) -> str:
        return f"<Events of {', '.join(file.label for file in self._files)}>"

    @property
    def fraction(self) -> float:
        """How much of the files has been read: from 0 to 1."""
        size = sum(file.size for file in self._files)
        return min(1.0, sum(file.position() for file in self._files) / size) if size else 1.0

    def _read(self, file: EventFile) -> Iterator[Touchpoint]:
        with file.open() as stream:
            yield from (self._csv if file.kind == "csv" else self._json)(file, numbered_lines(file, stream))

    def _json(self, file: EventFile, lines: Iterator[tuple[int, bytes]]) -> Iterator[Touchpoint]:
        for number, line in lines:
            if line in _BLANK:
                continue
            try:
                text = _text(line)
                record = _quick(text) or _object(text)
                if record is None:
                    continue
                plain = len(text) <= DIGITS and '"$' not in text
                event = _event(record, self._id(file, number), plain=plain)
            except _Bad as bad:
                self._note(file, number, str(bad))
                continue
            yield event

    def _csv(self, file: EventFile, lines: Iterator[tuple[int, bytes]]) -> Iterator[Touchpoint]:
        texts = _Texts(lines)
        rows = csv.reader(texts, strict=True)
        header = _header(file, rows)
        while True:
            number = texts.number + 1
            try:
                row = next(rows, None)
                if row is None:
                    return
                event = _event(_record(header, row), self._id(file, number), plain=False) if row else None
            except (_Bad, csv.Error) as bad:
                self._note(file, number, f"not valid CSV: {bad}" if isinstance(bad, csv.Error) else str(bad))
                continue
            if event is not None:
                yield event

    def _id(self, file: EventFile, number: int) -> str | None:
        # Of two files of one name, the lines of one would pass for duplicates of the other's.
        return None if file.name in self._shared else f"{file.name}:{number:09d}"

    def _note(self, file: EventFile, number: int, reason: str) -> None:
        bad = BadLine(file.label, number, reason)
        self.bad_count += 1
        if len(self.bad) < BAD_KEPT:
            self.bad.append(bad)
        if self._report is not None:
            self._report(bad)
        if self._on_error == "raise":
            raise InvalidInput(f"{bad} (mend the line, or skip bad ones: on_error='skip', or --skip-bad)")


def _instant(event: Touchpoint) -> datetime:
    return event.at  # type: ignore[return-value]  # `_event` sets it


def _text(line: bytes) -> str:
    if len(line) > LINE_LIMIT:
        raise _Bad(f"longer than {LINE_LIMIT:,} bytes; keep references instead of whole documents")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise _Bad("not UTF-8; save the file as UTF-8") from None


# --- JSON -------------------------------------------------------------------------------------------------------------


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Bad("a name stands twice in one object; which value counts is not clear")
    return found


def _no_number(_: str) -> NoReturn:
    raise _Bad("NaN and Infinity are no JSON; leave out what is not known")


_decode: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number).decode
_scan: Final = json.JSONDecoder(parse_constant=_no_number).raw_decode


def _quick(text: str) -> dict[str, object] | None:
    """The object of a line in its usual form; None for whatever needs a closer look.

    Usual are flat properties without escapes in them: then there are two quotation marks for each name and each text,
    and more where a name stands twice.
    """
    try:
        found, end = _scan(text)
    except (ValueError, RecursionError, _Bad):
        return None
    if type(found) is not dict or text[end:] not in _ENDS or "\\" in text:
        return None
    values = [*found.values()]
    names = len(found)
    properties = found.get("properties")
    if type(properties) is dict:
        names += len(properties)
        values += properties.values()
    return found if text.count('"') == 2 * (names + [*map(type, values)].count(str)) else None


def _object(text: str, what: str = "the line") -> dict[str, object] | None:
    """The object in a text; None for a blank one."""
    try:
        found = _decode(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            return None
        raise _Bad(f"not valid JSON: {error.msg}, at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise _Bad("not valid JSON: a number is too long, or objects are nested too deeply") from None
    if not isinstance(found, dict):
        raise _Bad(f"{what} is no JSON object; write one object a line, with no array around them")
    if "\\u" in text and _SURROGATE.search(text):
        _check_surrogates(found)
    return found


def _check_surrogates(found: object) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _Bad("a text holds half of a surrogate pair; decode it properly first") from None


# --- CSV --------------------------------------------------------------------------------------------------------------


class _Texts:
    """Lines as text. A bad one raises, and the next can still be asked for: a generator would be finished."""

    def __init__(self, lines: Iterator[tuple[int, bytes]]) -> None:
        self._lines = lines
        self.number = 0

    def __iter__(self) -> "_Texts":
        return self

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        return _text(line)


def _header(file: EventFile, rows: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(rows, [])]
    except (_Bad, csv.Error) as bad:
        raise InvalidInput(f"{file.label}:1: {bad}") from None
    lacking = [name for name in _REQUIRED if name not in header]
    if lacking:
        raise InvalidInput(
            f"{file.label}:1: the first line lacks {', '.join(lacking)}; it names the columns, separated by commas: "
            "customer,type,at, then channel, direction, location, id, about and properties as needed"
        )
    if "" in header or len(set(header)) < len(header):
        raise InvalidInput(f"{file.label}:1: a column has no name, or the name of another one; name each once")
    return header


def _record(header: list[str], row: list[str]) -> dict[str, object]:
    if len(row) != len(header):
        raise _Bad(f"{len(row)} cells, where the first line names {len(header)} columns; quote cells that hold commas")
    cells = {name: cell for name, cell in zip(header, row, strict=True) if cell}
    given = cells.pop("properties", "")
    properties = (_object(given, "the cell `properties`") or {}) if given else {}
    own = {name: cell for name, cell in cells.items() if name not in _FIELDS}
    if own.keys() & properties.keys():
        raise _Bad("a property stands both in a column of its own and in the column `properties`")
    record: dict[str, object] = {name: cell for name, cell in cells.items() if name in _FIELDS}
    record["properties"] = {**properties, **own}
    return record


# --- events -----------------------------------------------------------------------------------------------------------


def _event(record: Mapping[str, object], own_id: str | None, *, plain: bool) -> Touchpoint:
    """The touchpoint of a record. `plain`: no value in it is too long, and no name starts with a dollar sign."""
    get = record.get
    customer, kind, identity = get("customer"), get("type"), get("id", own_id)
    if not record.keys() <= _FIELDS:
        raise _Bad(f"a field that no event has: only {', '.join(sorted(_FIELDS))}; the rest belongs into properties")
    at = _time(get("at"))
    if not isinstance(customer, str) or not 0 < len(customer) <= _ID_LIMIT:
        raise _Bad(_not_text("customer", customer))
    if not isinstance(kind, str) or TYPE_PATTERN.fullmatch(kind) is None:
        raise _Bad("type is a text such as order_placed: a letter, then letters, digits and _ . : -, at most 100")
    if not isinstance(identity, str) or not 0 < len(identity) <= _ID_LIMIT:
        raise _Bad(_no_id(identity))
    channel, location, about = get("channel"), get("location"), get("about")
    if channel is not None and (type(channel) is not str or len(channel) > _ID_LIMIT):
        _refuse_text("channel", channel)
    if location is not None and (type(location) is not str or len(location) > _ID_LIMIT):
        _refuse_text("location", location)
    if about is not None and (type(about) is not str or len(about) > _ID_LIMIT):
        _refuse_text("about", about)
    direction = get("direction")
    if direction is None or direction == "":
        direction = "inbound"
    elif not isinstance(direction, str) or direction not in _DIRECTIONS:
        raise _Bad("direction is inbound, outbound or internal")
    properties = _properties(get("properties"), plain=plain)
    return Touchpoint(customer, kind, at, identity, properties, channel, location, direction, about)  # type: ignore[arg-type]


def _refuse_text(name: str, value: object) -> NoReturn:
    if isinstance(value, str):
        raise _Bad(f"{name} is a text of at most {_ID_LIMIT} characters")
    raise _Bad(f"{name} is a text or null, not {_json_name(value)}")


def _time(value: object) -> datetime:
    if not isinstance(value, str):
        raise _Bad("at is a text such as 2026-03-01T10:00:00Z" + _but(value))
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is UTC:
            return at
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Bad("at is no instant in ISO 8601; write it as 2026-03-01T10:00:00Z") from None
    raise _Bad("at has no time zone; write Z for UTC, or an offset: 2026-03-01T10:00:00+01:00")


def _properties(value: object, *, plain: bool) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Bad(f"properties is an object, not {_json_name(value)}")
    if plain and _is_flat(value):
        return value
    try:
        return checked(value, "properties")
    except InvalidInput as error:
        raise _Bad(f"properties: {error}") from None


def _is_flat(properties: dict[str, object]) -> bool:
    """Whether all is plain to see; else it is looked at value by value, which takes longer than the parsing did."""
    values = properties.values()
    return (
        _SCALARS.issuperset(map(type, values))
        and _INFINITE.isdisjoint(values)
        and "" not in properties
        and max(map(len, properties), default=0) <= _NAME_LIMIT
    )


def _not_text(name: str, value: object) -> str:
    if value is None:
        return f"{name} is missing: it is a text"
    return f"{name} is a text of 1 to {_ID_LIMIT} characters" + _but(value)


def _no_id(value: object) -> str:
    if value is None:
        return "no id, and none can be made, since another file has the same name; rename one, or give each line an id"
    return f"id is a text of 1 to {_ID_LIMIT} characters" + _but(value)


def _but(value: object) -> str:
    return "" if isinstance(value, str) else f", not {_json_name(value)}"


def _json_name(value: object) -> str:
    match value:
        case str():
            return "a text"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "an object"
    return "null"
