"""How a store on SQLite is, for whoever examines it: a part of the port that a store may leave out."""

from typing import Protocol, runtime_checkable

import attrs


@attrs.frozen
class Condition:
    """How a store on SQLite is, as far as it can tell.

    Args:
        place: its file; empty for one in memory.
        sqlite: the version of SQLite, such as (3, 51, 3).
        journal_mode: `wal`, or `memory` for a store in memory.
        synchronous: how its own connection commits: `full`, or `normal` with `durability="fast"`.
        host_checkpoints: pages after which a connection of the host's checkpoints, if it is not told otherwise; 0 for
            never, None for a store in memory.
        file_system: the kind it lies on; None where nobody can tell.
        size, log_size: bytes of the file, and of its write-ahead log.
        free: bytes that may still be written there; None where nobody can tell.
        schema_version: of its tables.
        newest_schema: the version that this library writes.
        recorded_at: the latest `recorded_at` among the newest entries, microseconds UTC; None where there are none.
        damage: what is wrong with the file; None where nobody looked.
    """

    place: str
    sqlite: tuple[int, ...]
    journal_mode: str
    synchronous: str
    host_checkpoints: int | None
    file_system: str | None
    size: int
    log_size: int
    free: int | None
    schema_version: int
    newest_schema: int
    recorded_at: int | None
    damage: tuple[str, ...] | None = None


@runtime_checkable
class Examinable(Protocol):
    """A store that can tell how it is."""

    def condition(self, *, deep: bool = False) -> Condition:
        """How it is; with `deep` it also looks for damage, which reads all of it. Raises StoreError."""
        ...
