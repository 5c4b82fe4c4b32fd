"""What an audit says: rule by rule whether it is met, by which criteria, where, and what to do."""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import attrs

from touchpoint.lab.audit.catalogue import ASKED, PRINCIPLES, Asked, Principle

Status: TypeAlias = Literal["met", "partly", "not"]
STATUSES: Final[tuple[Status, ...]] = ("met", "partly", "not")
"""From the best to the worst."""


@attrs.frozen
class Place:
    """Where something stands: the path in a journey, as in errors, such as `$.rules[0].then[1]`; of a post its name."""

    journey: str
    path: str

    def __str__(self) -> str:
        return f"{self.journey}: {self.path}" if self.journey else self.path


@attrs.frozen
class Criterion:
    """One thing that a rule of engagement is judged by, and what was found.

    Attributes:
        code: such as `6.3`.
        met: whether it is so.
        what: what was found, in plain words, without anything of any customer.
        places: where: of what is there if it is met, else of what is in its way.
        mend: what to do; "" where it is met.
    """

    code: str
    met: bool
    what: str
    places: tuple[Place, ...] = ()
    mend: str = ""

    @property
    def asked(self) -> Asked:
        """What it asks."""
        return ASKED[self.code]

    def to_dict(self) -> dict[str, object]:
        """Plain data, as JSON has it."""
        places = [attrs.asdict(each) for each in self.places]
        return {"code": self.code, "name": self.asked.name, "met": self.met, "what": self.what, "places": places,
                "mend": self.mend}  # fmt: skip


@attrs.frozen
class Evidence:
    """A figure from history that bears on a rule.

    Attributes:
        name: in words, such as `answered share of bad feedback`.
        value: a share from 0 to 1, a number of things, or seconds, as `unit` says; None where there was nothing to
            count.
        unit: `share`, `count`, `seconds`, or `names`.
        of: out of how many, or how many were looked at.
        names: of channels or locations, where that is what was found, in their order.
    """

    name: str
    value: float | int | None
    unit: Literal["share", "count", "seconds", "names"]
    of: int
    names: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain data, as JSON has it."""
        return attrs.asdict(self) | {"names": list(self.names)}

    def __str__(self) -> str:
        if self.unit == "names":
            return f"{self.name}: {', '.join(self.names) or 'none that was named'}"
        if self.value is None:
            return f"{self.name}: nothing to count"
        said = {"share": f"{self.value:.0%} of {self.of:,}", "count": f"{self.value:,}"}
        return f"{self.name}: {said.get(self.unit) or _spoken(self.value)}"


def _spoken(seconds: float) -> str:
    for length, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"


@attrs.frozen
class Judged:
    """One rule of engagement, judged.

    Attributes:
        number: 1 to 7.
        criteria: in the order of their codes; those that do not arise are left out.
        evidence: what history has to say of it.
    """

    number: int
    criteria: tuple[Criterion, ...]
    evidence: tuple[Evidence, ...] = ()

    @property
    def principle(self) -> Principle:
        """The rule."""
        return PRINCIPLES[self.number - 1]

    @property
    def status(self) -> Status:
        """`met` where all criteria are, `not` where a vital one is not or none is, else `partly`."""
        if all(each.met for each in self.criteria):
            return "met"
        lost = any(each.asked.vital and not each.met for each in self.criteria)
        return "not" if lost or not any(each.met for each in self.criteria) else "partly"

    @property
    def lacking(self) -> tuple[Criterion, ...]:
        """What is not met."""
        return tuple(each for each in self.criteria if not each.met)

    def to_dict(self) -> dict[str, object]:
        """Plain data, as JSON has it."""
        return {
            "number": self.number,
            "name": self.principle.name,
            "what": self.principle.what,
            "status": self.status,
            "criteria": [each.to_dict() for each in self.criteria],
            "evidence": [each.to_dict() for each in self.evidence],
        }

    def __str__(self) -> str:
        return "\n".join([f"{self.number} {self.principle.name}: {_SHOWN[self.status]}", *self._lines()])

    def _lines(self) -> Iterator[str]:
        for each in self.criteria:
            yield f"  {'+' if each.met else '-'} {each.code} {each.asked.name}: {each.what}"
            if not each.met:
                yield from (f"      at {place}" for place in each.places)
                yield f"      to mend it: {each.mend}"
        yield from (f"  = {each}" for each in self.evidence)


_SHOWN: Final = {"met": "met", "partly": "partly met", "not": "not met"}


@attrs.frozen
class Audit:
    """The seven rules of engagement, judged.

    Attributes:
        rules: all seven, in their order.
        customers: how many were looked at in the store; None where none was read.
    """

    rules: tuple[Judged, ...]
    customers: int | None = None

    @property
    def status(self) -> Status:
        """That of the rule that is met the least."""
        return max((each.status for each in self.rules), key=STATUSES.index)

    def rule(self, number: int) -> Judged:
        """One rule, by its number from 1 to 7. Raises IndexError for any other."""
        if not 1 <= number <= len(self.rules):
            raise IndexError(f"the rules of engagement are numbered from 1 to {len(self.rules)}, not {number}")
        return self.rules[number - 1]

    def is_met(self, least: Status = "met") -> bool:
        """Whether every rule is met at least so far: `met`, `partly`, or `not` for whatever."""
        return STATUSES.index(self.status) <= STATUSES.index(least)

    def to_dict(self) -> dict[str, object]:
        """Plain data, as JSON has it."""
        counts = {status: sum(each.status == status for each in self.rules) for status in STATUSES}
        rules = [each.to_dict() for each in self.rules]
        return {"rules": rules, "counts": counts, "status": self.status, "customers": self.customers}

    def __str__(self) -> str:
        return "\n".join(map(str, self.rules))
