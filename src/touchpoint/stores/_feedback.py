"""The statements of the SQLite store about surveys that were sent, and about what analysers found in answers."""

from collections.abc import Sequence
from typing import Any, Final

from touchpoint.stores.base import AnalysisRow, AskedRow

_ASKED: Final = ", ".join(AskedRow._fields)
_ANALYSIS: Final = ", ".join(AnalysisRow._fields)
_ASKED_BY_KEY: Final = f"SELECT {_ASKED} FROM touchpoint_asked WHERE key = ?"  # noqa: S608 - nothing but names of our own
_ASKED_OF: Final = f"SELECT {_ASKED} FROM touchpoint_asked WHERE customer = ? ORDER BY key"  # noqa: S608 - likewise
_WAITING: Final = (
    f"SELECT {_ANALYSIS} FROM touchpoint_analyses "  # noqa: S608 - likewise
    "WHERE status = 'waiting' ORDER BY changed_at, customer, touchpoint LIMIT ?"
)
_ANALYSES_OF: Final = f"SELECT {_ANALYSIS} FROM touchpoint_analyses WHERE customer = ? ORDER BY touchpoint"  # noqa: S608 - likewise
PUT_ASKED: Final = (
    f"INSERT OR REPLACE INTO touchpoint_asked ({_ASKED}) VALUES ({', '.join('?' * len(AskedRow._fields))})"  # noqa: S608 - likewise
)
PUT_ANALYSIS: Final = (
    f"INSERT OR REPLACE INTO touchpoint_analyses ({_ANALYSIS}) "  # noqa: S608 - likewise
    f"VALUES ({', '.join('?' * len(AnalysisRow._fields))})"
)


class FeedbackReader:
    """Questions about surveys and about what answers say."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Carry out one statement."""
        raise NotImplementedError

    def asked(self, key: str) -> AskedRow | None:
        """What was asked by the message of this key; None where it was no survey."""
        rows = self.run(_ASKED_BY_KEY, (key,))
        return AskedRow._make(rows[0]) if rows else None

    def asked_of(self, customer: int) -> list[AskedRow]:
        """All that a customer was asked."""
        return [AskedRow._make(row) for row in self.run(_ASKED_OF, (customer,))]

    def analyses_waiting(self, limit: int) -> list[AnalysisRow]:
        """What is still to be analysed, first come first, at most `limit`."""
        return [AnalysisRow._make(row) for row in self.run(_WAITING, (limit,))]

    def analyses_of(self, customer: int) -> list[AnalysisRow]:
        """What is known of a customer's answers, or still to be found out."""
        return [AnalysisRow._make(row) for row in self.run(_ANALYSES_OF, (customer,))]
