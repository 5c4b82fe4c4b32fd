"""Whether two files of journeys decide alike to the last byte: a digest of everything that a replay leaves behind.

    python benchmarks/replay_digest.py shop.py shop.yaml --events orders.jsonl.gz --grant all

Prints a SHA-256 for each file, over every row of every table of its store; only when the store was made, by the clock
of this machine, is no part of it. The status is 1 where they are not the same.
"""

import argparse
import hashlib
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from touchpoint.cli.loading import granted, load, policy_of
from touchpoint.lab.events import read_events
from touchpoint.lab.replay import replay

DEFINED = ("touchpoint_definitions", "stored_at")


def digest(store: Path) -> str:
    """SHA-256 over the rows of all tables, each table in the order of its rows as text."""
    found = hashlib.sha256()
    with closing(sqlite3.connect(store)) as connection:
        every = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for table in (name for (name,) in every if name != "touchpoint_migrations"):
            columns = [column for _, column, *_ in connection.execute(f'PRAGMA table_info("{table}")')]
            kept = ", ".join(f'"{column}"' for column in columns if (table, column) != DEFINED)
            found.update(f"{table}\n".encode())
            for row in sorted(map(repr, connection.execute(f'SELECT {kept} FROM "{table}"'))):  # noqa: S608 - its own
                found.update(row.encode())
    return found.hexdigest()


def replayed(path: Path, events: Sequence[str], grant: str, limit: int | None) -> tuple[str, int]:
    """The digest of what the journeys of one file decide on these events, and how many events there were."""
    program = load(path)
    kinds = granted(program.journeys, [each for each in grant.split(",") if each])
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "replay.db"
        some = islice(iter(read_events(events)), limit)
        result = replay(
            program.journeys, some, grant=kinds, store=f"sqlite:///{store}", policy=policy_of(path, program)
        )
        count = result.events
        del result  # closes the store
        return digest(store), count


def main() -> int:
    """Replay each file, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--events", action="append", required=True)
    parser.add_argument("--grant", default="")
    parser.add_argument("--limit", type=int, help="only so many events")
    given = parser.parse_args()
    found = [(path, *replayed(path, given.events, given.grant, given.limit)) for path in given.files]
    for path, said, count in found:
        print(f"{said}  {count:,} events  {path}")
    return 0 if len({said for _, said, _ in found}) == 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
