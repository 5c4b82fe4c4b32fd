"""Is this store, this machine and this engine fit for work? What is wrong, why it matters, and how to mend it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal, TypeAlias

import attrs

from touchpoint.channels.base import Adapter, AsyncAdapter
from touchpoint.clock import Clock, SystemClock
from touchpoint.durations import instant, length, micros, spoken
from touchpoint.engine.controls import TEST_STORE, control_of, in_force
from touchpoint.engine.engine import Engine
from touchpoint.journey.journey import Journey
from touchpoint.model.message import Message
from touchpoint.stores.base import Reader, Store
from touchpoint.stores.condition import Condition, Examinable
from touchpoint.zones import tz_copies

AnyAdapter: TypeAlias = Adapter | AsyncAdapter
Level = Literal["ok", "note", "warning", "error"]
LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "note", "ok")
"""The worst first."""
_FIXED: Final = (3, 51, 3)
_BACKPORTED: Final[Mapping[tuple[int, ...], int]] = {(3, 44): 6, (3, 50): 7}
"""Patches of older releases from which on they have the repair of 3.51.3 as well (https://www.sqlite.org/wal.html)."""
_NETWORK: Final = frozenset(
    [
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "beegfs",
        "gpfs",
        "ncpfs",
        "davfs",
        "virtiofs",
        "vboxsf",
    ]
)
_FLEETING: Final = frozenset({"tmpfs", "ramfs"})
_SKEW: Final = length(timedelta(minutes=5))
_OVERDUE: Final = length(timedelta(minutes=2))
_COUNTED: Final = 10_000
_MB: Final = 1_000_000
_FULL: Final = 20 * _MB
_NEARLY_FULL: Final = 200 * _MB
_LONG_LOG: Final = 64 * _MB


@attrs.frozen
class Finding:
    """What was looked at, and what was found.

    Args:
        check: what was looked at, such as `file system`.
        level: `ok`; `note`: worth knowing; `warning`: it will hurt some day; `error`: mend it now.
        what: what was found.
        why: why it matters; empty where all is well.
        mend: what to do about it; likewise.
    """

    check: str
    level: Level
    what: str
    why: str = ""
    mend: str = ""

    def __str__(self) -> str:
        more = "".join(f"\n    {each}" for each in (self.why, self.mend) if each)
        return f"{self.level}: {self.check}: {self.what}{more}"


@attrs.frozen
class Patient:
    """What is examined. `adapters` and `messages` are None where nobody said what is at work."""

    reader: Reader
    condition: Condition | None
    now: int
    adapters: Mapping[str, AnyAdapter] | None
    messages: Sequence[Message] | None
    breaker: bool | None


def examine(
    subject: Engine | Store, *, journeys: Iterable[Journey] | None = None, channels: Iterable[AnyAdapter] | None = None,
    clock: Clock | None = None, deep: bool = False,
) -> list[Finding]:  # fmt: skip
    """Everything there is to say about an engine, or a store, the worst first. Changes nothing, and sends nothing.

    Args:
        subject: an engine, which brings journeys, adapters and clock with it; or a store.
        journeys: that are at work on a store; what concerns them is left out unless given.
        channels: the adapters that serve it; likewise.
        clock: the machine's unless given.
        deep: look for damage in the file, too, which reads all of it.

    Raises:
        StoreError: the store cannot be read.
    """
    store, breaker = subject, None
    if isinstance(subject, Engine):
        store, breaker = subject.store, subject.volume_breaker is not None
        journeys, channels, clock = subject.journeys, subject.adapters.values(), clock or subject.clock
    condition = store.condition(deep=deep) if isinstance(store, Examinable) else None
    messages = None if journeys is None else [each for one in journeys for each in one.messages.values()]
    adapters = None if channels is None else {each.capabilities.channel: each for each in channels}
    now = micros((clock or SystemClock()).now())
    with store.reading() as reader:  # type: ignore[union-attr]  # an engine's is taken above
        patient = Patient(reader, condition, now, adapters, messages, breaker)
        found = [finding for check in _CHECKS for finding in check(patient)]
    return sorted(found, key=lambda each: LEVELS.index(each.level))


# SQLite and its file.


def _sqlite(it: Patient) -> Iterator[Finding]:
    if it.condition is None:
        return
    version = ".".join(map(str, it.condition.sqlite))
    major = it.condition.sqlite[:2]
    if it.condition.sqlite >= _FIXED or it.condition.sqlite[2] >= _BACKPORTED.get(major, 1 << 30):
        yield Finding("SQLite", "ok", version)
    elif not it.condition.host_checkpoints:
        yield Finding("SQLite", "ok", f"{version}, of which no connection here checkpoints by itself")
    else:
        yield Finding(
            "SQLite", "note", f"{version}, which can corrupt a file; repaired in 3.51.3",
            "two connections that checkpoint while a third one commits can corrupt the write-ahead log. This library "
            "keeps its own commits and checkpoints apart; connections of yours to the same file it cannot. One that is "
            f"told nothing checkpoints after {it.condition.host_checkpoints} pages",
            "where you open the file yourself: PRAGMA wal_autocheckpoint = 0 on each connection, and no PRAGMA "
            "wal_checkpoint; or use a Python with SQLite 3.51.3 or later",
        )  # fmt: skip


def _journal_mode(it: Patient) -> Iterator[Finding]:
    if it.condition is None:
        return
    mode = it.condition.journal_mode
    if not it.condition.place:
        yield Finding(
            "journal mode", "note", "the store is in memory", "it ends with its process", "use sqlite:///file.db"
        )
    elif mode == "wal":
        yield Finding("journal mode", "ok", "write-ahead log")
    else:
        yield Finding(
            "journal mode", "error", f"{mode} instead of a write-ahead log",
            "somebody has changed it: readers and writers wait for each other, and commits are slower",
            "run PRAGMA journal_mode = WAL on the file, and find out who changes it",
        )  # fmt: skip


def _synchronous(it: Patient) -> Iterator[Finding]:
    if it.condition is None or not it.condition.place:
        return
    if it.condition.synchronous in ("full", "extra"):
        yield Finding("durability", "ok", "every commit waits for the disk")
    else:
        yield Finding(
            "durability", "note", "commits do not wait for the disk",
            "a power cut can lose the last of them: touchpoints that were accepted, and that messages went out",
            'leave out durability="fast" where that matters',
        )  # fmt: skip


def _file_system(it: Patient) -> Iterator[Finding]:
    kind = None if it.condition is None else it.condition.file_system
    if kind is None:
        return
    if kind in _NETWORK:
        yield Finding(
            "file system", "error", f"the store lies on {kind}, over a network",
            "a write-ahead log needs memory that all its processes share; locks over a network are often broken, and "
            "a file under such locks gets corrupted",
            "put the file on a disk of the machine that runs the workers",
        )  # fmt: skip
    elif kind.startswith("fuse."):
        yield Finding(
            "file system", "warning", f"the store lies on {kind}",
            "many such file systems have locks or syncs that do nothing", "put the file on a plain local disk",
        )  # fmt: skip
    elif kind in _FLEETING:
        yield Finding(
            "file system", "warning", f"the store lies on {kind}, in memory", "it is gone when the machine stops",
            "put the file on a disk",
        )  # fmt: skip
    else:
        yield Finding("file system", "ok", kind)


def _space(it: Patient) -> Iterator[Finding]:
    free = None if it.condition is None else it.condition.free
    if free is None:
        return
    left = f"{free / _MB:,.0f} MB free"
    level: Level = "error" if free < _FULL else "warning" if free < _NEARLY_FULL else "ok"
    why = (
        "" if level == "ok" else "when the disk is full nothing can be recorded; nothing is lost, and nothing accepted"
    )
    yield Finding("disk", level, left, why, "" if level == "ok" else "free some space")


def _log(it: Patient) -> Iterator[Finding]:
    if it.condition is None or it.condition.log_size < _LONG_LOG:
        return
    yield Finding(
        "write-ahead log", "warning", f"{it.condition.log_size / _MB:,.0f} MB long",
        "it cannot be folded into the file as long as somebody reads an older state: a connection with a transaction "
        "that was never ended, say",
        "end the transactions of your own connections; then call store.checkpoint()",
    )  # fmt: skip


def _tables(it: Patient) -> Iterator[Finding]:
    if it.condition is not None:
        yield Finding("tables", "ok", f"schema version {it.condition.schema_version} of {it.condition.newest_schema}")


def _damage(it: Patient) -> Iterator[Finding]:
    damage = None if it.condition is None else it.condition.damage
    if damage is None:
        return
    if not damage:
        yield Finding("damage", "ok", "none found")
        return
    yield Finding(
        "damage", "error", f"{len(damage)} or more places of the file are damaged: {damage[0]}",
        "what it holds cannot be trusted", "stop the workers, keep a copy of the file, and restore a backup",
    )  # fmt: skip


# Clocks and zones.


def _zones(it: Patient) -> Iterator[Finding]:
    copies = tz_copies()
    told = ", then ".join(f"{version or 'of unknown version'} ({where})" for version, where in copies)
    if not copies:
        yield Finding(
            "time zones", "error", "there are no time-zone data on this machine",
            "no local time can be told: quiet hours and calendar waits fail", "install the package tzdata",
        )  # fmt: skip
    elif not copies[0][0]:
        yield Finding(
            "time zones", "note", told, "nobody can tell how old these data are", "install the package tzdata"
        )
    elif int(copies[0][0][:4]) < instant(it.now).year - 1:
        yield Finding(
            "time zones", "warning", f"{told}: more than a year old",
            "countries change their clocks at short notice; local times may be an hour off",
            "upgrade the package tzdata",
        )  # fmt: skip
    else:
        yield Finding("time zones", "ok", f"the newest wins: {told}")


def _clock(it: Patient) -> Iterator[Finding]:
    latest = None if it.condition is None else it.condition.recorded_at
    if latest is None:
        return
    ahead = latest - it.now
    if ahead <= _SKEW:
        yield Finding("clock", "ok", "not behind what the store has seen")
        return
    yield Finding(
        "clock", "warning", f"{spoken(timedelta(seconds=ahead // 1_000_000))} behind what the store has seen",
        "it was set back, or ran ahead: a customer's own clock never runs backwards, so what they do now is taken for "
        "simultaneous, and what falls due waits",
        "set the machine's clock by NTP; if it is right now, this passes by itself",
    )  # fmt: skip


# Work that lies about.


def _overdue(it: Patient) -> Iterator[Finding]:
    late = it.reader.due(it.now - _OVERDUE, _COUNTED + 1)
    if not late:
        yield Finding("work", "ok", "nothing is overdue")
        return
    many = f"more than {_COUNTED:,}" if len(late) > _COUNTED else f"{len(late):,}"
    since = spoken(timedelta(seconds=(it.now - late[0][0]) // 1_000_000))
    yield Finding(
        "work", "warning", f"{many} customer{'s have' if len(late) > 1 else ' has'} work that is overdue, for {since}",
        "timers do not fire and messages do not go out",
        "see that somebody calls engine.run_pending() all the time; what is past its best-before will expire",
    )  # fmt: skip


def _parked(it: Patient) -> Iterator[Finding]:
    n = it.reader.parked_count()
    if n:
        yield Finding(
            "parked", "warning", f"{n:,} thing{'s are' if n > 1 else ' is'} parked",
            "a journey is defective, or no longer loaded: these customers are stuck there",
            "touchpoint parked lists them; mend the journey, load it, and replay them: touchpoint parked --replay",
        )  # fmt: skip


def _controls(it: Patient) -> Iterator[Finding]:
    for row in in_force(it.reader.controls(), it.now):
        yield Finding(
            "control", "warning", str(control_of(row)), "what it concerns does not go out",
            f"if the reason is gone: touchpoint resume --{control_of(row).scope} {row.name}",
        )  # fmt: skip


def _uncertain(it: Patient) -> Iterator[Finding]:
    tallies = it.reader.tallies()
    unknown = [row for row in tallies if (row.subject, row.what) == ("message", "unknown") and row.n > 0]
    if unknown:
        named = ", ".join(f"{row.name} {row.n:,}" for row in unknown)
        yield Finding(
            "uncertain messages", "note", f"nobody knows whether these went out: {named}",
            "they are not sent again, since that could send them twice",
            "ask the providers; an adapter that looks up, or whose provider remembers keys, avoids this",
        )  # fmt: skip
    waiting = it.reader.event_count()
    if waiting:
        yield Finding(
            "unknown references", "note", f"{waiting:,} receipts and replies are about references that nobody knows",
            "they are kept for 14 days, and taken as soon as somebody does",
            "see that the webhooks of another system do not end up here",
        )  # fmt: skip


# Adapters.


def _memories(it: Patient) -> Iterator[Finding]:
    for name, adapter in (it.adapters or {}).items():
        can = adapter.capabilities
        if can.remembers_keys_for is None and not can.lookup and not can.recording:
            yield Finding(
                "adapter", "note", f"{name!r} declares no memory of its provider",
                "a message whose hand-over is uncertain ends as unknown, and is never sent again",
                "if the provider takes idempotency keys: Capabilities(remembers_keys_for=how long it keeps them)",
            )  # fmt: skip
        if not can.thread_safe and not can.recording:
            yield Finding(
                "adapter", "note", f"{name!r} is not thread-safe",
                "several workers in one process hand over on it one after the other",
                "if send() may be called from several threads at once: Capabilities(thread_safe=True)",
            )  # fmt: skip


def _unserved(it: Patient) -> Iterator[Finding]:
    if it.adapters is None or it.messages is None:
        return
    unserved: dict[str, list[Message]] = {}
    for message in it.messages:
        for name in message.channels:
            if name not in it.adapters:
                unserved.setdefault(name, []).append(message)
    for name, messages in unserved.items():
        lost = [each.name for each in messages if not any(other in it.adapters for other in each.channels)]
        named = ", ".join((lost or [each.name for each in messages])[:5])
        yield Finding(
            "channel", "error" if lost else "warning", f"no adapter serves {name!r}, which messages name: {named}",
            "they are denied" if lost else "they go out on their other channels, or not at all",
            f"pass an adapter for {name!r} to Engine(channels=), or take the channel out of these messages",
        )  # fmt: skip
    if not unserved:
        yield Finding("channels", "ok", "every channel that messages name has an adapter")


def _safety(it: Patient) -> Iterator[Finding]:
    if it.reader.meta().get(TEST_STORE) == "yes":
        yield Finding(
            "test store", "note", "the store is made for tests", "it takes only adapters that reach nobody",
            "use another file for real customers",
        )  # fmt: skip
    if it.breaker is False:
        yield Finding(
            "volume breaker", "note", "the engine has none", "a journey that runs wild is not stopped by itself",
            "leave out volume_breaker=None, or pass a VolumeBreaker",
        )  # fmt: skip


_CHECKS: Final[tuple[Callable[[Patient], Iterator[Finding]], ...]] = (
    _damage, _file_system, _journal_mode, _sqlite, _synchronous, _tables, _space, _log, _clock, _zones, _overdue,
    _parked, _controls, _unserved, _memories, _uncertain, _safety,
)  # fmt: skip
