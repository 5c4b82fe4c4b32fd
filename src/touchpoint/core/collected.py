"""What a burst of triggers brought together: `Rule(collect=)`, and what conditions and words may ask of it."""

from typing import Final

import attrs

from touchpoint.core.occurrence import Occurrence
from touchpoint.core.values import UNKNOWN, look_up

KEPT: Final = 100
"""Of a burst the first occurrence and the latest ones are kept, so many in all; the others are counted."""


@attrs.define
class Collected:
    """What a burst brought: how many occurrences in all, and those that are kept, in order of arrival."""

    count: int
    kept: list[Occurrence] = attrs.field(repr=False)

    def add(self, occurrence: Occurrence) -> None:
        """One more; where there are too many to keep, the one after the first goes."""
        self.count += 1
        self.kept.append(occurrence)
        if len(self.kept) > KEPT:
            del self.kept[1]


@attrs.define
class Burst:
    """A burst that is being collected for a rule and key, until `due` (microseconds UTC), when its run starts."""

    journey: str
    rule: str
    key: object = attrs.field(repr=False)
    due: int
    what: Collected

    @property
    def label(self) -> str:
        """journey/rule."""
        return f"{self.journey}/{self.rule}"


@attrs.define
class Deferred:
    """An entry into a rule that waits until a place is free (`LiveRuns`), at most until `until` (microseconds UTC)."""

    journey: str
    rule: str
    key: object = attrs.field(repr=False)
    until: int
    trigger: Occurrence
    collected: Collected | None = None

    @property
    def label(self) -> str:
        """journey/rule."""
        return f"{self.journey}/{self.rule}"


def of_collected(collected: Collected | None, path: tuple[str, ...]) -> object:
    """What a condition asks of a burst.

    `count` is how many came; `first.x` and `last.x` are a property of the first and the last; `all.x` is the list of
    that property of all that are kept and have it. UNKNOWN where nothing was collected, or there is no such thing.
    """
    if collected is None:
        return UNKNOWN
    match path:
        case ("count",):
            return collected.count
        case ("first", _, *_):
            return look_up(collected.kept[0], path[1:])
        case ("last", _, *_):
            return look_up(collected.kept[-1], path[1:])
        case ("all", _, *_):
            found = [look_up(each, path[1:]) for each in collected.kept]
            return [each for each in found if each is not UNKNOWN]
    return UNKNOWN
