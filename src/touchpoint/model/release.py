"""Releases of journeys as people see them: what was released, what a release would do, and what a migration is told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import attrs

Mode = Literal["follow", "pin", "migrate"]
MODES: tuple[Mode, ...] = ("follow", "pin", "migrate")


@attrs.frozen
class Release:
    """One release of a journey (S5.4).

    Args:
        journey: its name.
        number: 1 for the first; the highest is at work.
        definition: the hash of what was released.
        mode: what became of the runs that were live.
        at: when; aware UTC.
        by: who made it; empty where it was made by opening an engine.
        opened: whether it was made by opening an engine with a definition that the store did not know.
        migration: the name of the function that moved runs, in the mode `migrate`.
        back_to: the release whose definition a rollback took up again.
        at_work: whether it is what the engines go by now.
    """

    journey: str
    number: int
    definition: str
    mode: Mode
    at: datetime
    by: str = ""
    opened: bool = False
    migration: str = ""
    back_to: int | None = None
    at_work: bool = False

    def __str__(self) -> str:
        how = "by opening an engine" if self.opened else f"by {self.by}"
        more = f" with {self.migration!r}" if self.migration else ""
        back = "" if self.back_to is None else f", back to release {self.back_to}"
        now = ", at work" if self.at_work else ""
        return (
            f"{self.journey} release {self.number} ({self.definition}): {self.mode}{more}, "
            f"{self.at:%Y-%m-%d %H:%M:%S} UTC {how}{back}{now}"
        )


@attrs.frozen
class Impact:
    """What a release would do to the live runs that stand at one step.

    Args:
        rule: as it is called now.
        step: where they stand; None for runs that have not begun their first step.
        fate: `stays`, `waits longer`, `waits shorter`, `goes on`, `moves`, `is taken anew`, `exits`, `is parked`, or
            `finishes on it`: on the definition of now.
        to: the step where they stand then; None where they leave.
        reason: in words.
        runs: how many.
        examples: numbers of a few of them.
    """

    rule: str
    step: str | None
    fate: str
    to: str | None
    reason: str
    runs: int
    examples: tuple[int, ...] = ()

    def __str__(self) -> str:
        to = f" → {self.to}" if self.to not in (None, self.step) else ""
        why = f": {self.reason}" if self.reason else ""
        some = ", ".join(map(str, self.examples))
        return f"{self.runs:,} {self.fate}{to} ({self.rule} at {self.step or 'its beginning'}{why}; such as run {some})"


@attrs.frozen
class Preview:
    """What a release would do, before anything is changed.

    Args:
        journey: its name.
        mode: as it was asked about.
        token: to be handed to `Engine.release(confirm=)`; void as soon as something else is released.
        impacts: by rule and step, in the order of their numbers.
        runs: how many are live.
        changed: whether the definition differs from what is at work.
        notes: what this cannot tell beforehand, in words.
    """

    journey: str
    mode: Mode
    token: str
    impacts: tuple[Impact, ...]
    runs: int
    changed: bool = True
    notes: tuple[str, ...] = ()

    def count(self, fate: str) -> int:
        """How many runs have this fate."""
        return sum(each.runs for each in self.impacts if each.fate == fate)

    def __str__(self) -> str:
        head = f"{self.journey}: {self.runs:,} live runs, mode {self.mode}"
        if not self.changed:
            head += "; the definition is the one that is at work"
        return "\n".join([head, *(f"  {each}" for each in self.impacts), *(f"  note: {each}" for each in self.notes)])


@attrs.frozen
class RunFacts:
    """What a migration is told of a run. Values of the customer are in `properties` alone.

    Args:
        journey, rule: which run it is; the rule as it was called before.
        step: where it stands, before the release; None before its first step.
        waiting: what for: `time`, `event`, `until`, `message`.
        key: what the run is about.
        started: when it began; aware UTC.
        since: when its wait began, where it waits; aware UTC.
        properties: of its trigger.
        outcomes: how its messages ended, by name.
        visited: the steps it has taken.
    """

    journey: str
    rule: str
    step: str | None
    waiting: str
    key: object = attrs.field(repr=False)
    started: datetime
    since: datetime | None
    properties: Mapping[str, object] = attrs.field(repr=False)
    outcomes: Mapping[str, str]
    visited: frozenset[str]
