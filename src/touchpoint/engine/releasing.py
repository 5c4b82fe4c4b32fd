"""Making releases: by opening an engine, on purpose, and back again (S5.4)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias, get_args

from touchpoint.core.edits import Migration
from touchpoint.durations import instant
from touchpoint.engine.at_work import AtWork
from touchpoint.engine.intake import text_of
from touchpoint.engine.loaded import Cache
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput, JourneyError, ReleaseRefused, UnknownName
from touchpoint.journey.journey import Journey
from touchpoint.model.release import MODES, Mode, Release
from touchpoint.stores.base import Reader, ReleaseRow
from touchpoint.stores.codec import dumps, loads

_NAME: Final = 200


Described: TypeAlias = Sequence[tuple[str, str, str]]
"""(name, hash, text) of the definitions of journeys."""


def describe(at_work: AtWork, journeys: Sequence[Journey]) -> Described:
    """The definitions of the host's code, which need not be read from the store from now on."""
    from touchpoint.journey.codec import described

    found = []
    for journey in journeys:
        digest, text = described(journey)
        at_work.know(digest, journey)
        found.append((journey.name, digest, text))
    return found


def open_releases(unit: Unit, at_work: AtWork, described: Described, now: int, *, release: bool) -> list[str]:
    """What opening an engine with these journeys releases: those that the store has never seen, all in one go.

    A journey of which the store has a definition and no release (an older store) gets both. Gives the names of those
    whose definition was at work before, and is no more.

    Args:
        unit: of a transaction.
        at_work: the releases as they are.
        described: the journeys of the host's code.
        now: microseconds UTC.
        release: whether definitions that the store has not seen are released; those of new journeys always are.
    """
    kept = {name: (digest, at) for digest, name, _, at in unit.tx.definitions()}
    behind = []
    for name, digest, text in described:
        rows = at_work.of(name)
        if not rows and name in kept and kept[name][0] != digest:
            rows = (_append(unit, at_work, name, kept[name][0], "follow", now, {"opened": True}),)
        if rows and rows[-1].hash == digest:
            continue
        if digest in {row.hash for row in rows}:
            behind.append(name)
        elif release or not rows:
            unit.changes.definitions.append((digest, name, text, now))
            _append(unit, at_work, name, digest, "follow", now, {"opened": True}, len(rows) + 1)
    return behind


def _append(
    unit: Unit, at_work: AtWork, journey: str, digest: str, mode: str, now: int, body: Mapping[str, object],
    number: int | None = None,
) -> ReleaseRow:  # fmt: skip
    no = max([at_work.last, *(row.no for row in unit.changes.releases)]) + 1
    number = len(at_work.of(journey)) + 1 if number is None else number
    more = {"runs_before": unit.tx.counters.run, **body}
    row = ReleaseRow(no, journey, number, digest, mode, now, dumps(more))
    unit.changes.releases.append(row)
    return row


def switch(unit: Unit, at_work: AtWork) -> None:
    """Go on by what has just been released, in this unit and after it."""
    unit.flush()
    at_work.renew(unit.tx, unit.tx.last_release())
    unit.program = at_work.program
    unit.cache = Cache()
    unit.cache.release = at_work.last
    unit.cache.has_addresses, unit.cache.secrets = unit.standings_known, unit.tx.secrets()
    unit.cache.has_aliases = unit.tx.has_aliases()


def close_pins(unit: Unit, at_work: AtWork) -> None:
    """Let go of earlier definitions on which no run is left to finish."""
    for row in at_work.rows:
        body = loads(row.body)
        may = row.mode == "pin" and not body.get("closed") and row.journey in at_work.names
        if may and not unit.tx.live_run_before(row.journey, body["runs_before"]):
            unit.changes.releases.append(row._replace(body=dumps({**body, "closed": True})))


# On purpose.


def mode_of(mode: object, migration: object, migrations: Mapping[str, Migration]) -> tuple[Mode, str]:
    """A mode, checked, with the name of its function.

    Raises:
        InvalidInput: no such mode, or a function with another mode than `migrate`, or that mode without one.
        UnknownName: this engine has no function of that name.
    """
    if not isinstance(mode, str) or mode not in MODES:
        raise InvalidInput(f"mode= is one of {', '.join(get_args(Mode))}")
    if (mode == "migrate") != (migration is not None):
        raise InvalidInput('mode="migrate" goes with migration="…", the name of a function in Engine(migrations=…)')
    if migration is not None and migration not in migrations:
        raise UnknownName("migration", migration, migrations)
    return mode, "" if migration is None else str(migration)


def token_of(before: str, after: str, mode: str, migration: str) -> str:
    """What confirms a release: a hash of what is at work, what shall be, and how."""
    return hashlib.sha256(f"{before}\n{after}\n{mode}\n{migration}".encode()).hexdigest()[:16]


def digest_of(journey: object) -> tuple[str, str]:
    """The hash and the text of a definition. Raises InvalidInput for anything but a journey."""
    from touchpoint.journey.codec import described

    if not isinstance(journey, Journey):
        raise InvalidInput(f"a release is of a Journey(…), not of a {type(journey).__name__}")
    return described(journey)


def release(
    unit: Unit, at_work: AtWork, journey: Journey, mode: Mode, migration: str, confirm: object, by: str, now: int
) -> Release:
    """Release a definition. Raises ReleaseRefused where the token is void, JourneyError where it contradicts others."""
    digest, text = digest_of(journey)
    head = at_work.head(journey.name)
    before = "" if head is None else head.hash
    if confirm != token_of(before, digest, mode, migration):
        raise ReleaseRefused(_void(journey.name))
    if before == digest and mode != "migrate":
        raise ReleaseRefused(f"this definition of {journey.name!r} is the one that is at work; there is nothing to do")
    at_work.would_be(unit.tx, journey)
    unit.changes.definitions.append((digest, journey.name, text, now))
    body = {"by": by, "migration": migration} if migration else {"by": by}
    at_work.know(digest, journey)
    row = _append(unit, at_work, journey.name, digest, mode, now, body)
    return release_of(row, at_work=True)


def _void(name: str) -> str:
    return (
        f"confirm= is no token of preview_release() for this definition of {name!r}, this mode, and what is at work "
        "now: another release may have been made since; look at the preview again"
    )


def rollback(unit: Unit, at_work: AtWork, journey: str, to: int | None, mode: Mode, by: str, now: int) -> Release:
    """Release again what was at work before.

    Raises:
        UnknownName: no such journey, or no such release of it.
        ReleaseRefused: there is nothing to go back to, or it cannot be read any more.
    """
    rows = at_work.of(journey)
    if not rows:
        raise UnknownName("released journey", journey, {row.journey for row in at_work.rows})
    head = rows[-1]
    number = _back_from(rows) if to is None else to
    target = next((row for row in rows if row.number == number), None)
    if target is None and to is not None:
        raise UnknownName(f"release of {journey!r}", str(to), [str(row.number) for row in rows])
    if target is None or target.hash == head.hash:
        raise ReleaseRefused(f"there is no earlier definition of {journey!r} to go back to")
    text = unit.tx.definition(target.hash) or ""
    try:
        at_work.would_be(unit.tx, at_work.journey(unit.tx, target))
    except JourneyError as error:
        raise ReleaseRefused(f"release {number} of {journey!r} cannot be put to work again: {error}") from error
    unit.changes.definitions.append((target.hash, journey, text, now))
    row = _append(unit, at_work, journey, target.hash, mode, now, {"by": by, "back_to": number})
    return release_of(row, at_work=True)


def _back_from(rows: Sequence[ReleaseRow]) -> int | None:
    """The release before the one whose definition is at work, so that going back twice goes back two."""
    current = loads(rows[-1].body).get("back_to") or rows[-1].number
    digest = rows[-1].hash
    return next((row.number for row in reversed(rows) if row.number < current and row.hash != digest), None)


def listed(reader: Reader, journey: str | None) -> list[Release]:
    """The releases of one journey, or of all, oldest first. Raises UnknownName."""
    rows = reader.releases()
    if journey is not None and journey not in {row.journey for row in rows}:
        raise UnknownName("released journey", journey, {row.journey for row in rows})
    heads = {row.journey: row.no for row in rows}
    return [release_of(row, at_work=heads[row.journey] == row.no) for row in rows if journey in (None, row.journey)]


def release_of(row: ReleaseRow, *, at_work: bool) -> Release:
    """A release for people."""
    body = loads(row.body)
    return Release(
        row.journey,
        row.number,
        row.hash,
        row.mode,  # type: ignore[arg-type]  # we wrote it
        instant(row.at),
        body.get("by", ""),
        body.get("opened", False),
        body.get("migration", ""),
        body.get("back_to"),
        at_work,
    )


def who(by: object) -> str:
    """Who does it. Raises InvalidInput for nobody."""
    name = text_of(by, "by=", most=_NAME)
    if not name.strip():
        raise InvalidInput('by= says who does it, as in by="chris"')
    return name


def behind_in_words(names: Iterable[str]) -> str:
    """For the log: the code of this process is not what is at work."""
    return (
        f"the code of this process has an earlier definition of {', '.join(sorted(names))} than is at work in the "
        "store, and works by the one of the store: engine.rollback() goes back"
    )
