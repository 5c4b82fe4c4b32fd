"""The tables of a new store in memory: made once in a process, and copied for every store after that."""

import sqlite3
from contextlib import closing
from functools import cache

from touchpoint.stores.migrations import migrate


def fill(connection: sqlite3.Connection, now: int) -> None:
    """Give an empty database in memory its tables.

    Args:
        connection: to the database.
        now: microseconds since 1970 UTC, noted beside each migration.
    """
    if not hasattr(connection, "deserialize"):  # SQLite may be built without
        migrate(connection, now)
        return
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as blank:
        blank.deserialize(_image())
        # Not read from the image itself: SQLite keeps what was deserialised below one gigabyte.
        blank.backup(connection)
    connection.execute("UPDATE touchpoint_migrations SET applied_at = ?", (now,))


@cache
def _image() -> bytes:
    """A database that has the tables and nothing else; the same for every store, so it may be kept."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, 0)
        return connection.serialize()
