"""YAML written so that every tool reads it alike, and people like to: one style, no dependency.

Texts stand bare only where nothing in them could mean anything else; texts of several lines stand as blocks. Lists of
single values stand on one line.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from touchpoint.files.kinds import Plain
from touchpoint.files.yaml_nodes import resolved

_WIDTH: Final = 120
_BARE: Final = re.compile(r"(?:= )?[A-Za-z_~(][A-Za-z0-9_ .,/()\[\]<>=!+*|&'\"$%~;:?@{}#-]*")
_IN_LISTS: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_ ./<>=+()-]*")
_LENGTH: Final = re.compile(
    r"[0-9]+[a-z]+(?: [0-9]+[a-z]+)*|[0-9]+ [a-z]+(?: [a-z]+)*|[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}"
)
_SHORT: Final = 90
_SAID: Final = re.compile(r": |:$| #|[ \t]$|\t")
_PRINTED: Final = re.compile(r"[\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_ESCAPED: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_APART: Final = frozenset({"rules", "stages", "messages", "surveys", "gifts", "journeys"})
"""What stands under these names is set apart by blank lines."""


def yaml_text(value: Mapping[str, Plain]) -> str:
    """What JSON can hold as a YAML document, names in their order."""
    lines: list[str] = []
    for name, part in value.items():
        block = list(_entry(name, part, 0, apart=name in _APART))
        if lines and (len(block) > 1 or name in _APART):
            lines.append("")
        lines += block
    return "\n".join(lines) + "\n"


def _entry(name: str, value: Plain, depth: int, *, apart: bool = False) -> Iterator[str]:
    """The lines of `name: value`; the first one has no indent, for a dash may stand there."""
    key = _word(name, in_list=False)
    short = _on_line(value)
    if short is not None and len(key) + len(short) + depth * 2 < _WIDTH:
        yield f"{key}: {short}"
        return
    if isinstance(value, str):
        yield from _text(key, value, depth)
        return
    yield f"{key}:"
    yield from _nested(value, depth + 1, apart=apart)


def _nested(value: Plain, depth: int, *, apart: bool = False) -> Iterator[str]:
    indent = "  " * depth
    parts = [list(_lines(each, depth)) for each in _members(value)]
    tall = apart and any(len(part) > 2 for part in parts)
    for n, part in enumerate(parts):
        if n and tall:
            yield ""
        yield from (indent + line if i == 0 else line for i, line in enumerate(part))


def _members(value: Plain) -> Iterator[tuple[str | None, Plain]]:
    if isinstance(value, Mapping):
        yield from value.items()
    else:
        yield from ((None, each) for each in value)


def _lines(member: tuple[str | None, Plain], depth: int) -> Iterator[str]:
    name, value = member
    if name is not None:
        yield from _entry(name, value, depth)
        return
    short = _word(value, in_list=False) if isinstance(value, str) else _on_line(value)
    if short is not None and not (isinstance(value, Mapping) and value):
        yield f"- {short}"
    elif isinstance(value, Mapping):
        inside = [line for name, each in value.items() for line in _indented(_entry(name, each, depth + 1), depth + 1)]
        yield "- " + inside[0].lstrip(" ")
        yield from inside[1:]
    else:
        yield "-"
        yield from _nested(value, depth + 1)


def _indented(lines: Iterator[str], depth: int) -> Iterator[str]:
    for n, line in enumerate(lines):
        yield "  " * depth + line if n == 0 else line


def _on_line(value: Plain) -> str | None:
    """The value as it stands on the line of its name; None where it takes lines of its own."""
    if isinstance(value, str):
        return None if "\n" in value and _is_block(value) else _word(value, in_list=False)
    if isinstance(value, Mapping | Sequence):
        line = _flow(value)
        return line if line is not None and len(line) <= _SHORT else None
    return _word(value, in_list=False)


def _flow(value: Plain, *, nested: bool = False) -> str | None:
    """A list of single values, or a few names with short ones, in brackets."""
    if isinstance(value, Mapping):
        parts = [_flow(each, nested=True) for each in value.values()]
        if nested or len(parts) > 4 or not all(part is not None and _is_short(part) for part in parts):
            return None
        return (
            "{"
            + ", ".join(f"{_word(name, in_list=True)}: {part}" for name, part in zip(value, parts, strict=True))
            + "}"
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        single = all(isinstance(each, str | int | float | None) for each in value)
        return f"[{', '.join(_word(each, in_list=True) for each in value)}]" if single else None
    return _word(value, in_list=True)


def _is_short(part: str) -> bool:
    return part.startswith("[") or (" " not in part and not part.startswith('"')) or _LENGTH.fullmatch(part) is not None


def _word(value: Plain, *, in_list: bool) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return str(value)
    bare = (_IN_LISTS if in_list else _BARE).fullmatch(value) or _LENGTH.fullmatch(value)
    if bare and not _SAID.search(value) and resolved(value) == (value, ""):
        return str(value)
    return _quoted(value)


def _float(value: float) -> str:
    text = repr(value)
    if "e" in text and "." not in text:  # without a point YAML 1.1 takes it for text
        text = text.replace("e", ".0e")
    return text


def _quoted(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _is_block(value: str) -> bool:
    """Whether a text of several lines may stand as a block: nothing in it would be lost or hidden."""
    lines = value.split("\n")
    ends_well = not value.endswith("\n\n") and value.strip("\n") != ""
    return (
        _PRINTED.fullmatch(value) is not None
        and ends_well
        and not any(line != line.rstrip(" ") for line in lines)
        and not lines[0].startswith(" ")
        and lines[0] != ""
    )


def _text(key: str, value: str, depth: int) -> Iterator[str]:
    """A text that takes lines of its own."""
    if not ("\n" in value and _is_block(value)):
        yield f"{key}: {_word(value, in_list=False)}"
        return
    yield f"{key}: |" if value.endswith("\n") else f"{key}: |-"
    for line in value.removesuffix("\n").split("\n"):
        yield "  " * (depth + 1) + line if line else ""
