"""The statements of the SQLite store about definitions of journeys and their releases."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from touchpoint.stores.base import ReleaseRow

_COLUMNS: Final = ", ".join(ReleaseRow._fields)
_DEFINITIONS: Final = "SELECT hash, name, body, stored_at FROM touchpoint_definitions ORDER BY stored_at, hash"
_DEFINITION: Final = "SELECT body FROM touchpoint_definitions WHERE hash = ?"
_RELEASES: Final = f"SELECT {_COLUMNS} FROM touchpoint_releases ORDER BY no"  # noqa: S608 - nothing but names of our own
_LAST_RELEASE: Final = "SELECT ifnull(max(no), 0) FROM touchpoint_releases"
_LIVE_RUN_BEFORE: Final = (
    "SELECT EXISTS (SELECT 1 FROM touchpoint_runs WHERE no < ? AND ended_at IS NULL AND journey = ?)"
)
PUT_DEFINITION: Final = (
    "INSERT INTO touchpoint_definitions (hash, name, body, stored_at) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (hash) DO UPDATE SET stored_at = excluded.stored_at"
)
PUT_RELEASE: Final = (
    f"INSERT OR REPLACE INTO touchpoint_releases ({_COLUMNS}) VALUES ({', '.join('?' * len(ReleaseRow._fields))})"  # noqa: S608 - likewise
)


class _Asks(Protocol):
    """What the statements need of whoever runs them."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...


class ReleaseReader(_Asks):
    """Questions about definitions and releases."""

    def definitions(self) -> list[tuple[str, str, str, int]]:
        """(hash, name, JSON, stored at) of every journey version, oldest first."""
        return [(digest, name, body, at) for digest, name, body, at in self.run(_DEFINITIONS)]

    def definition(self, digest: str) -> str | None:
        """The JSON of the journey version with this hash, or None."""
        rows = self.run(_DEFINITION, (digest,))
        return str(rows[0][0]) if rows else None

    def releases(self) -> list[ReleaseRow]:
        """Every release of every journey, by `no`."""
        return [ReleaseRow._make(row) for row in self.run(_RELEASES)]

    def last_release(self) -> int:
        """The `no` of the last release; 0 for none."""
        return int(self.run(_LAST_RELEASE)[0][0])

    def live_run_before(self, journey: str, no: int) -> bool:
        """Whether any run of this journey with a lower number is live."""
        return bool(self.run(_LIVE_RUN_BEFORE, (no, journey))[0][0])
