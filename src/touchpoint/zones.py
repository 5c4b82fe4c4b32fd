"""Time zones and the local clock (S2.2): which data is used, and how instants and local times meet.

Time-zone data changes several times a year. A machine may hold it twice: the system's, and the optional `tzdata`
package. `zoneinfo` alone prefers the system's even where it is older; here the newer of the two is used, and
`tz_version()` names it. It is read once per process.

Instants are `int` microseconds since 1970 UTC; a local time is a naive `datetime`. A local time that a clock change
skips means the first valid instant after the gap; one that occurs twice means the first.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from touchpoint.durations import EPOCH, FIRST_INSTANT, LAST_INSTANT, length
from touchpoint.errors import InvalidInput, UnknownName

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from zoneinfo import ZoneInfo

_LOCAL_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the same moment on any local clock
_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND: Final = 1_000_000
# No zone ever changed its clocks and changed them back within three hours, so looking this often misses no change.
_LOOK: Final = 3 * 3_600 * _SECOND
_TABLE: Final = 41
"""Binary logarithm of the length of a table of offsets: 25 days."""
_FIRST_TABLE: Final = FIRST_INSTANT + (1 << _TABLE + 1)
_LAST_TABLE: Final = LAST_INSTANT - (1 << _TABLE + 1)
Stretch: TypeAlias = tuple[int, int, int]
"""(from, to, offset), microseconds: a time with one UTC offset."""

_NAME: Final = re.compile(r"[A-Za-z0-9+_-]+(?:/[A-Za-z0-9+_-]+)*")
_VERSION: Final = re.compile(r"(?:# version )?([0-9]{4}[a-z]+)")
# What a system keeps beside the IANA names: the machine's own zone, and the same zones counted with leap seconds.
_NOT_PORTABLE: Final = frozenset({"localtime", "posixrules", "posix", "right"})


class _Source(NamedTuple):
    """One copy of the time-zone data; `version` is empty where the copy does not say."""

    version: str
    root: "Traversable"


@lru_cache(maxsize=1024)
def zone(name: str) -> "ZoneInfo":
    """The time zone of this IANA name (`Europe/Madrid`), from the newest data on the machine that has it.

    Raises:
        UnknownName: no such zone; with the names that come close.
    """
    parts = name.split("/")
    if _NAME.fullmatch(name) and parts[0] not in _NOT_PORTABLE:
        for source in _sources():
            if (found := _load(source, name, parts)) is not None:
                return found
    raise _unknown(name)


@lru_cache(maxsize=1)
def tz_version() -> str:
    """The version of the time-zone data in use, such as `2025b`; `unknown` where the data does not say."""
    sources = _sources()
    return (sources[0].version if sources else "") or "unknown"


def tz_copies() -> list[tuple[str, str]]:
    """(version, where) of every copy of the time-zone data on this machine, the one in use first.

    `where` is a folder of the system's, or `tzdata` for the package; the version is empty where a copy names none.
    """
    return [(source.version, str(source.root) if isinstance(source.root, Path) else "tzdata") for source in _sources()]


def to_local(us: int, zone: "ZoneInfo") -> datetime:
    """What the clock on the wall says at this instant, as a naive datetime.

    Where the local calendar ends before the instant, or begins after it (years 1 and 9999), it is its very edge.
    """
    try:
        return (EPOCH + timedelta(microseconds=us)).astimezone(zone).replace(tzinfo=None, fold=0)
    except OverflowError:
        return datetime.max if us > 0 else datetime.min  # noqa: DTZ901 - a local time is naive


def said_by_clock(us: int, zone: "ZoneInfo") -> str:
    """The same in ISO 8601, as in `2026-03-29T01:30:00`; looked up in the tables of `offsets`, which is quicker."""
    if _FIRST_TABLE < us < _LAST_TABLE:
        for _, until, offset in _table(zone, us >> _TABLE):
            if us < until:
                return (_LOCAL_EPOCH + timedelta(0, 0, us + offset)).isoformat()
    return to_local(us, zone).isoformat()


def from_local(naive: datetime, zone: "ZoneInfo") -> int:
    """The instant of this local time: in a gap the first valid instant after it, of two the first (S2.2).

    Raises:
        InvalidInput: the datetime is aware, so it is not a local time.
    """
    if naive.tzinfo is not None:
        raise InvalidInput(
            f"a local time has no zone of its own, but {naive.tzinfo} came with it; pass a naive datetime"
        )
    wall = (naive - _LOCAL_EPOCH) // _MICROSECOND
    earlier = _offset(naive.replace(tzinfo=zone, fold=0))
    later = _offset(naive.replace(tzinfo=zone, fold=1))
    if later <= earlier:
        return min(max(wall - earlier, FIRST_INSTANT), LAST_INSTANT)
    return _change_between(zone, wall - later, wall - earlier)


def day_start(day: date, zone: "ZoneInfo") -> int:
    """The first instant of this calendar day; of a day that does not exist, the first of the next that does."""
    return from_local(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - a local time is naive


def offsets(zone: "ZoneInfo", start_us: int, end_us: int) -> list[Stretch]:
    """The stretches of `[start_us, end_us)` with one UTC offset each, in order: `(from, to, offset)`, microseconds.

    They are looked up in tables of some weeks each, which are made once.
    """
    if start_us < _FIRST_TABLE or end_us > _LAST_TABLE:
        return _walked(zone, start_us, end_us)
    found: list[Stretch] = []
    for number in range(start_us >> _TABLE, ((end_us - 1) >> _TABLE) + 1):
        for since, until, offset in _table(zone, number):
            if until <= start_us or since >= end_us:
                continue
            if found and found[-1][2] == offset:
                found[-1] = (found[-1][0], min(until, end_us), offset)
            else:
                found.append((max(since, start_us), min(until, end_us), offset))
    return found


@lru_cache(maxsize=4096)  # a zone never changes: newer data are another object
def _table(zone: "ZoneInfo", number: int) -> tuple[Stretch, ...]:
    return tuple(_walked(zone, number << _TABLE, (number + 1) << _TABLE))


def _walked(zone: "ZoneInfo", start_us: int, end_us: int) -> list[Stretch]:
    found = []
    since, offset, at = start_us, offset_at(start_us, zone), start_us
    while at < end_us:
        ahead = min(at + _LOOK, end_us)
        if (now := offset_at(ahead, zone)) != offset:
            change = _change_between(zone, at, ahead)
            found.append((since, change, offset))
            since, offset = change, now
        at = ahead
    if since < end_us:
        found.append((since, end_us, offset))
    return found


def offset_at(us: int, zone: "ZoneInfo") -> int:
    """How far the local clock is ahead of UTC at this instant, in microseconds; negative west of Greenwich."""
    return _offset((EPOCH + timedelta(microseconds=us)).astimezone(zone))


def _offset(at: datetime) -> int:
    offset = at.utcoffset()
    return 0 if offset is None else length(offset)


def _change_between(zone: "ZoneInfo", before: int, after: int) -> int:
    # Clocks change at whole seconds, so halving an interval of whole seconds finds the instant exactly.
    low, high = before // _SECOND, after // _SECOND
    earlier = offset_at(low * _SECOND, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(middle * _SECOND, zone) == earlier:
            low = middle
        else:
            high = middle
    return high * _SECOND


@lru_cache(maxsize=1)
def _sources() -> tuple[_Source, ...]:
    """Every copy of the data on this machine, newest first; among equals the system's."""
    return _newest_first(_system() + _package())


def _newest_first(sources: list[_Source]) -> tuple[_Source, ...]:
    # Names of releases sort as text: four digits of the year, then letters. A copy that names none comes last.
    return tuple(sorted(sources, key=lambda source: source.version, reverse=True))


def _system() -> list[_Source]:
    from zoneinfo import TZPATH

    return [_Source(_version_of(Path(root)), Path(root)) for root in TZPATH if Path(root).is_dir()]


def _version_of(root: Path) -> str:
    for name in ("tzdata.zi", "+VERSION", "version"):
        try:
            with (root / name).open(encoding="ascii", errors="replace") as file:
                stated = _VERSION.match(file.readline(80))
        except OSError:
            continue
        if stated:
            return stated[1]
    return ""


def _package() -> list[_Source]:
    try:
        package = import_module("tzdata")
    except ImportError:
        return []
    stated = _VERSION.match(package.IANA_VERSION)
    return [_Source(stated[1] if stated else "", _inside(package))]


def _inside(package: ModuleType) -> "Traversable":
    folder = Path(package.__file__ or "").parent / "zoneinfo"
    if folder.is_dir():
        return folder
    from importlib.resources import files  # of a package in an archive; to load this takes longer than all the rest

    return files(package).joinpath("zoneinfo")


def _load(source: _Source, name: str, parts: list[str]) -> "ZoneInfo | None":
    from zoneinfo import ZoneInfo

    try:
        with source.root.joinpath(*parts).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):  # not there, a folder, or not time-zone data
        return None


def _unknown(name: str) -> UnknownName:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    names = sorted(available_timezones() - _NOT_PORTABLE)
    wanted = name.strip().replace(" ", "_").casefold()
    alike = [known for known in names if wanted in (known.casefold(), known.rsplit("/", 1)[-1].casefold())]
    alike += get_close_matches(name, names, n=3, cutoff=0.6)
    error = UnknownName("time zone", name, dict.fromkeys(alike or ("America/New_York", "Europe/London", "UTC")))
    if not names:
        error.args = (f"there is no time zone {name!r}: this machine has no time-zone data; run `pip install tzdata`",)
    return error
