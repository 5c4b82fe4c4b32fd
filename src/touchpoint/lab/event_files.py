"""The files that events are read from: opened, unzipped, and cut into numbered lines."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NoReturn

import attrs

from touchpoint.errors import InvalidInput

LINE_LIMIT: Final = 1_000_000
"""Bytes in a line; longer ones are bad."""

_SUFFIXES: Final = {".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "csv"}
_MARK: Final = b"\xef\xbb\xbf"
_UNREADABLE: Final = (OSError, EOFError, zlib.error)


@attrs.define(eq=False)
class EventFile:
    """One file. `label` names it as it was given, `name` without its folder."""

    path: Path
    label: str
    name: str
    kind: str
    zipped: bool
    size: int
    raw: IO[bytes] | None = None

    def open(self) -> IO[bytes]:
        """The bytes in it, unzipped."""
        try:
            self.raw = self.path.open("rb")
        except OSError as error:
            _refuse(self.path, error)
        return io.BufferedReader(_Unzipped(self.raw)) if self.zipped else self.raw

    def position(self) -> int:
        """Bytes read of the file as it is on disk."""
        if self.raw is None:
            return 0
        return self.size if self.raw.closed else self.raw.tell()


class _Unzipped(gzip.GzipFile):
    """Closes the file it reads from, too."""

    def __init__(self, raw: IO[bytes]) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._raw = raw

    def close(self) -> None:
        super().close()
        self._raw.close()


def open_file(path: Path) -> EventFile:
    """The file at a path, not opened yet. Raises InvalidInput where there is none, or its name ends in no known way."""
    zipped = path.suffix.lower() == ".gz"
    kind = _SUFFIXES.get((path.with_suffix("") if zipped else path).suffix.lower())
    if kind is None:
        raise InvalidInput(f"{path}: events are read from files that end in {', '.join(_SUFFIXES)}, each also with .gz")
    try:
        if path.is_dir():
            raise IsADirectoryError
        size = path.stat().st_size
    except OSError as error:
        _refuse(path, error)
    return EventFile(path, str(path), path.name, kind, zipped, size)


def _refuse(path: Path, error: OSError) -> NoReturn:
    match error:
        case FileNotFoundError():
            raise InvalidInput(f"{path}: there is no such file; check the path and the folder it starts from") from None
        case IsADirectoryError():
            raise InvalidInput(f"{path} is a folder; name the files in it") from None
    raise InvalidInput(f"{path} cannot be opened: {error.strerror or type(error).__name__}") from error


def numbered_lines(file: EventFile, stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered lines with their ends; of one that is too long, a first part that is too long."""
    number = 0
    while True:
        try:
            line = stream.readline(LINE_LIMIT + 1)
            rest = line
            while len(rest) > LINE_LIMIT and not rest.endswith(b"\n"):
                rest = stream.readline(LINE_LIMIT + 1)
        except _UNREADABLE as error:
            what = "the gzip data are damaged or cut off" if file.zipped else "the file cannot be read on"
            raise InvalidInput(f"{file.label}: {what} after line {number}; get the file anew") from error
        if not line:
            return
        number += 1
        yield number, line.removeprefix(_MARK) if number == 1 else line
