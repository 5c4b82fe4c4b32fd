"""What is remembered of one customer so that figures can be counted as touchpoints come, and the counts themselves.

A count stands in a cell: what is counted, on which day, and of what; it names nobody.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import attrs

from touchpoint.compact import compact
from touchpoint.insight.activity import Activity

Cell: TypeAlias = tuple[str, int, str]
"""(what, day, name): the day as `date.toordinal()`, of growth the number of the period, 0 for what is true now."""

ANSWERS: Final = 32
"""Of how many asked-for answers of one customer it is known which one stands; beyond, the oldest are final."""

NOW: Final = frozenset({"stage", "case now", "message now"})
"""What tells how things are now; everything else is history and stays when somebody is erased (S1.7)."""


class Cells(dict[Cell, int]):
    """Differences to counts. `noted` is how often anything was added or taken."""

    noted: int = 0

    def note(self, what: str, day: int, name: Sequence[object], n: int = 1) -> None:
        """Add to one of them."""
        key = (what, day, compact([*name]))
        self[key] = self.get(key, 0) + n
        self.noted += 1

    def take(self, other: "Cells", times: int = 1) -> None:
        """Add others, so many times over."""
        for key, n in other.items():
            self[key] = self.get(key, 0) + n * times

    def lasting(self) -> "Cells":
        """Those that tell what was."""
        return Cells({key: n for key, n in self.items() if key[0] not in NOW})


@attrs.define
class Account:
    """What is remembered of one customer.

    Args:
        stays: [stage, entered at] by journey; more than one only while two customers become one.
        months: in which they were active.
        weeks: likewise.
        answers: [type, about, at, day, kind, place, scale, score, intent] of those that answer something, oldest first.
    """

    stays: dict[str, list[list[Any]]] = attrs.field(factory=dict)
    months: Activity = attrs.field(factory=Activity)
    weeks: Activity = attrs.field(factory=Activity)
    answers: list[list[Any]] = attrs.field(factory=list, repr=False)

    def to_record(self) -> list[Any]:
        """As a JSON list."""
        return [self.stays, self.months.to_record(), self.weeks.to_record(), self.answers]

    @classmethod
    def from_record(cls, record: Sequence[Any]) -> "Account":
        """What `to_record` wrote."""
        stays, months, weeks, answers = record
        return cls(stays, Activity(*months), Activity(*weeks), answers)
