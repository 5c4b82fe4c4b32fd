"""The statements of the SQLite store about referrals."""

from collections.abc import Sequence
from typing import Any, Final

from touchpoint.stores.base import ReferralRow

_COLUMNS: Final = ", ".join(ReferralRow._fields)
_ANY: Final = "SELECT EXISTS (SELECT 1 FROM touchpoint_referrals)"
_OF: Final = f"SELECT {_COLUMNS} FROM touchpoint_referrals WHERE friend = ?"  # noqa: S608 - nothing but names of our own
_BY: Final = (
    f"SELECT {_COLUMNS} FROM touchpoint_referrals "  # noqa: S608 - likewise
    "WHERE advocate = ? AND no > ? AND dropped = '' ORDER BY no LIMIT ?"
)
_COUNTS: Final = "SELECT count(*), count(converted_at) FROM touchpoint_referrals WHERE advocate = ? AND dropped = ''"
_ADVOCATES: Final = (
    "SELECT advocate, count(*), count(converted_at) FROM touchpoint_referrals "
    "WHERE advocate IS NOT NULL AND dropped = '' GROUP BY advocate ORDER BY 3 DESC, 2 DESC, 1 LIMIT ?"
)
PUT: Final = (
    f"INSERT INTO touchpoint_referrals ({_COLUMNS}) VALUES ({', '.join('?' * len(ReferralRow._fields))}) "  # noqa: S608 - likewise
    "ON CONFLICT (no) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in ReferralRow._fields if name != "no")
)


class ReferralReader:
    """Questions about who brought whom."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Carry out one statement."""
        raise NotImplementedError

    def has_referrals(self) -> bool:
        """Whether anybody was ever referred."""
        return bool(self.run(_ANY)[0][0])

    def referral_of(self, friend: int) -> ReferralRow | None:
        """The referral by which this customer came, or None."""
        rows = self.run(_OF, (friend,))
        return ReferralRow._make(rows[0]) if rows else None

    def referrals_by(self, advocate: int, after: int, limit: int) -> list[ReferralRow]:
        """Referrals of a customer that stand, with numbers above `after`, in their order, at most `limit`."""
        return [ReferralRow._make(row) for row in self.run(_BY, (advocate, after, limit))]

    def referral_counts(self, advocate: int) -> tuple[int, int]:
        """Of the referrals of a customer that stand: how many, and how many converted."""
        [(stand, converted)] = self.run(_COUNTS, (advocate,))
        return stand, converted

    def advocates(self, limit: int) -> list[tuple[int, int, int]]:
        """(customer number, how many stand, how many converted): who has most converted first."""
        return [(no, stand, converted) for no, stand, converted in self.run(_ADVOCATES, (limit,))]
