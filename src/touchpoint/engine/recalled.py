"""What conditions saw at a decision, in words: by the definition that was at work then (S10).

A trace keeps the values and the code of the condition (`core.seen`), which is looked for in the journey as it is
at work, then in its earlier releases, the latest first. What was kept before there was that form is in words already.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from touchpoint.core.seen import Seen, code_of, conditions_of, in_words, plainly
from touchpoint.engine.unit import Unit
from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression
from touchpoint.journey.journey import Journey

_PLACES: Final[Mapping[object, tuple[int, int]]] = {"refused": (1, 4), "branch": (1, 5), "segment": (2, 4)}
"""Lines of the trace that keep what a condition saw: where the journey stands in them, and where that."""


class Recalled:
    """Reads traces. Each definition is looked through once, and only if it is asked for."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._found: dict[str, dict[str, Expression]] = {}
        self._left: dict[str, Iterator[Journey]] = {}

    def line(self, line: list[Any]) -> list[Any]:
        """A line of a trace with words in the place of what a condition saw."""
        journey, seen = _PLACES.get(line[0], (0, 0))
        if not seen or seen >= len(line) or isinstance(line[seen], str):
            return line
        return [*line[:seen], self.words(line[journey], line[seen]), *line[seen + 1 :]]

    def words(self, journey: str, seen: Seen) -> str:
        """What a condition of a journey saw."""
        if isinstance(seen, str):
            return seen
        condition = self._condition(journey, seen[0])
        return plainly(seen) if condition is None else in_words(condition, seen)

    def _condition(self, journey: str, code: str) -> Expression | None:
        found = self._found.setdefault(journey, {})
        left = self._left.setdefault(journey, self._definitions(journey))
        while code not in found:
            definition = next(left, None)
            if definition is None:
                return None
            for each in conditions_of(definition):
                found.setdefault(code_of(each), each)
        return found[code]

    def _definitions(self, journey: str) -> Iterator[Journey]:
        unit = self._unit
        at_work = unit.program.journeys.get(journey)
        if at_work is not None:
            yield at_work
        for row in reversed(unit.at_work.of(journey)):
            try:
                yield unit.at_work.journey(unit.tx, row)
            except JourneyError:  # of a later version of the library, or not in the store any more
                continue
