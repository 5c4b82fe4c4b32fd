"""Journeys from a file: a Python program that defines them, YAML or JSON as people write it, or what `dump` wrote."""

import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs

from touchpoint.channels.base import Adapter, AsyncAdapter
from touchpoint.errors import InvalidInput, TouchpointError, hint
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy

_MODULE: Final = "touchpoint_program"
ALL: Final = "all"


@attrs.frozen
class Program:
    """What a file defines: journeys in their order, the events they are tried on, and the kinds taken as agreed to.

    `values` is everything at its top level, by name; of YAML and JSON the policy of the house, and messages that no
    step sends. `place` says in which line and column the part at a path of a journey is written, where that is known.
    """

    journeys: tuple[Journey, ...]
    events: tuple[Path, ...] = ()
    grant: tuple[str, ...] = ()
    values: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    place: Callable[[str, str], tuple[int, int] | None] = attrs.field(default=lambda _path, _journey: None, repr=False)


def load(path: Path) -> Program:
    """The program in a file that ends in .py, .yaml, .yml or .json.

    Raises:
        JourneyError: one of its journeys is not valid.
        MissingExtra: it is YAML, and PyYAML is not installed.
        InvalidInput: there is no such file, it cannot be run, or it defines no journey.
    """
    program = read(path)
    if not program.journeys:
        raise InvalidInput(f'{path} defines no journey; write one at the top level: shop = Journey("shop", …)')
    return program


def read(path: Path) -> Program:
    """As `load`, also where a file defines no journey but only what stands beside some. Raises as `load` does."""
    if path.suffix not in _READERS:
        known = "a Python file (.py), from YAML (.yaml, .yml) or from JSON (.json)"
        raise InvalidInput(f"{path}: journeys are read from {known}")
    if not path.is_file():
        raise InvalidInput(f"{path}: there is no such file; check the path")
    return _READERS[path.suffix](path)


# --- Python -----------------------------------------------------------------------------------------------------------


def _from_python(path: Path) -> Program:
    with _located(path), _beside(path):
        values = runpy.run_path(str(path), run_name=_MODULE)
    # Classes that the file declares find the names in their annotations through their module.
    module = ModuleType(_MODULE)
    vars(module).update(values)
    sys.modules[_MODULE] = module
    found = {id(value): value for value in values.values() if isinstance(value, Journey)}
    events = _strings(path, "EVENTS", values.get("EVENTS"))
    return Program(
        tuple(found.values()),
        tuple(path.parent / each for each in events),
        _strings(path, "GRANT", values.get("GRANT")),
        values,
    )


def adapters_of(path: Path, program: Program) -> tuple[Adapter | AsyncAdapter, ...]:
    """What the file calls `channels`; none where it does not. Raises InvalidInput for anything but adapters."""
    found = program.values.get("channels", ())
    if not isinstance(found, list | tuple) or not all(map(_is_adapter, found)):
        raise InvalidInput(f"{path}: channels is a list of adapters, such as [email, sms]")
    return tuple(found)


def _is_adapter(value: object) -> bool:
    return isinstance(value, Adapter) and not isinstance(value, type)


def policy_of(path: Path, program: Program) -> Policy | None:
    """What the file calls `policy`: the house's. Raises InvalidInput for anything but a policy."""
    policy = program.values.get("policy")
    if policy is not None and not isinstance(policy, Policy):
        raise InvalidInput(f"{path}: policy is a Policy, not {type(policy).__name__}; give the value another name")
    return policy


def _strings(path: Path, name: str, value: object) -> tuple[str, ...]:
    given = [value] if isinstance(value, str | os.PathLike) else value or []
    if isinstance(given, list | tuple) and all(isinstance(each, str | os.PathLike) for each in given):
        return tuple(os.fspath(each) for each in given)
    raise InvalidInput(f"{path}: {name} is a text or a list of texts, not {type(value).__name__}")


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """Lets the file import its neighbours, as it could if it was started itself."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


@contextmanager
def _located(path: Path) -> Iterator[None]:
    """Says in which line of the file it went wrong."""
    try:
        yield
    except TouchpointError as error:
        error.add_note(f"in {path}{_line(error, path)}")
        raise
    except SyntaxError as error:
        raise InvalidInput(f"{error.filename or path}, line {error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise InvalidInput(f"{path}{_line(error, path)}: {type(error).__name__}: {error}") from error


def _line(error: BaseException, path: Path) -> str:
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == str(path)]
    return f", line {frames[-1].lineno}" if frames else ""


# --- JSON -------------------------------------------------------------------------------------------------------------


def _from_json(path: Path) -> Program:
    from touchpoint.journey.codec import journey_from_dict

    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path}: not valid JSON: {error}") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    if isinstance(found, dict) and "format" not in found and not found.keys().isdisjoint(_SHORT_FORM):
        return _from_file(path)
    with _located(path):
        return Program(tuple(journey_from_dict(each) for each in (found if isinstance(found, list) else [found])))


# --- the form that people write ---------------------------------------------------------------------------------------


def _from_file(path: Path) -> Program:
    from touchpoint.files import read_file

    found = read_file(path)
    values: dict[str, object] = {} if found.policy is None else {"policy": found.policy}
    values |= {f"message {message.name}": message for _, message in found.unsent}
    events = tuple(path.parent / each for each in found.events)

    def place(part: str, journey: str) -> tuple[int, int] | None:
        there = found.place(part, journey)
        return None if there is None else (there.line, there.column)

    return Program(found.journeys, events, found.grant, values, place)


_SHORT_FORM: Final = ("touchpoint", "journey", "journeys")
_READERS: Final[Mapping[str, Callable[[Path], Program]]] = {
    ".py": _from_python, ".json": _from_json, ".yaml": _from_file, ".yml": _from_file,
}  # fmt: skip


# --- what may be granted ----------------------------------------------------------------------------------------------


def granted(journeys: Sequence[Journey], grant: Iterable[str]) -> tuple[str, ...]:
    """The kinds that consent is assumed for: `all` stands for every kind of the journeys' messages.

    Raises:
        InvalidInput: no message is of such a kind, or about such a topic.
    """
    messages = [message for journey in journeys for message in journey.messages.values()]
    kinds = list(dict.fromkeys(message.effective_kind for message in messages))
    known = {*kinds, *(message.topic for message in messages if message.topic), "*"}
    found: list[str] = []
    for each in grant:
        if each != ALL and each not in known:
            raise InvalidInput(f"no message is of the kind {each!r}{hint(each, {*known, ALL})}")
        found += kinds if each == ALL else [each]
    return tuple(dict.fromkeys(found))


def together(journeys: Sequence[Journey]) -> None:
    """Refuse journeys that cannot be at work in one engine. Raises JourneyError."""
    from touchpoint.core.program import compile_program

    compile_program(tuple(journeys), Policy())


def words(error: TouchpointError) -> str:
    """The error as one message: where it came from, then what it says."""
    notes: Sequence[str] = getattr(error, "__notes__", ())
    where = notes[0].removeprefix("in ") + ": " if notes else ""
    return where + str(error)
