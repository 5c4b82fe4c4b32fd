"""What conditions saw at a decision, in words: by the definition that was at work then (S10).

A trace keeps the values and the code of the condition (`core.seen`), or of a list of rules with theirs (`core.unmet`),
which is looked for in the journey as it is at work, then in its earlier releases, the latest first. What was kept
before there were these forms is in lines of its own, and before that in words already.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

from touchpoint.core.seen import Seen, code_of, conditions_of, in_words, plainly
from touchpoint.core.unmet import UNMET, Asked, lists_of
from touchpoint.engine.unit import Unit
from touchpoint.errors import JourneyError
from touchpoint.journey.conditions import Expression
from touchpoint.journey.journey import Journey

T = TypeVar("T")
_PLACES: Final[Mapping[object, tuple[int, int]]] = {"refused": (1, 4), "branch": (1, 5), "segment": (2, 4)}
"""Lines of the trace that keep what a condition saw: where the journey stands in them, and where that."""


def _conditions_in(journey: Journey) -> Mapping[str, Expression]:
    return {code_of(each): each for each in conditions_of(journey)}


def one_by_one(
    trace: Iterable[list[Any]], lists: "Known[Asked]", only: Collection[str] | None = None
) -> Iterator[list[Any]]:
    """The lines of a trace as `Recalled.lines` gives them, by lists that come from elsewhere."""
    for line in trace:
        asked = lists.find(line[1], line[2]) if line[0] == UNMET else None
        if asked is None:
            yield line
        else:
            yield from asked.lines(line, only)


def unnamed(line: list[Any]) -> str:
    """What a joint line tells whose definition is not known any more: its values alone."""
    return plainly(line[3:])


class Known(Generic[T]):
    """What stands in definitions by its code; they are looked through one by one, as far as is needed.

    Args:
        definitions: of a journey by its name, the one at work first, then from the last to the first.
        found_in: what one of them has, by code.
    """

    def __init__(
        self, definitions: Callable[[str], Iterator[Journey]], found_in: Callable[[Journey], Mapping[str, T]]
    ) -> None:
        self._definitions, self._found_in = definitions, found_in
        self._found: dict[str, dict[str, T]] = {}
        self._left: dict[str, Iterator[Journey]] = {}

    def find(self, journey: str, code: str) -> T | None:
        """What has this code in a journey; None where no definition has it."""
        found = self._found.setdefault(journey, {})
        left = self._left.setdefault(journey, self._definitions(journey))
        while code not in found:
            definition = next(left, None)
            if definition is None:
                return None
            found.update({each: it for each, it in self._found_in(definition).items() if each not in found})
        return found[code]


class Recalled:
    """Reads traces. Each definition is looked through once, and only if it is asked for."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._conditions = Known(self._definitions, _conditions_in)
        self._lists = Known(self._definitions, lists_of)

    def lines(self, trace: Iterable[list[Any]], only: Collection[str] | None = None) -> Iterator[list[Any]]:
        """The lines of a trace, with one for each rule in the place of those that tell of several.

        A joint line whose definition is not known any more stays: it does not name its rules.

        Args:
            trace: as the store has it.
            only: of the joint lines only what is about rules of these names.
        """
        return one_by_one(trace, self._lists, only)

    def told(self, trace: Iterable[list[Any]]) -> list[list[Any]]:
        """The lines of a trace, each about one rule, with words in the place of what conditions saw."""
        return [self.line(line) for line in self.lines(trace)]

    def line(self, line: list[Any]) -> list[Any]:
        """A line that tells of one rule at most, with words in the place of what a condition saw."""
        if line[0] == UNMET:
            return [UNMET, line[1], unnamed(line)]
        journey, seen = _PLACES.get(line[0], (0, 0))
        if not seen or seen >= len(line) or isinstance(line[seen], str):
            return line
        return [*line[:seen], self.words(line[journey], line[seen]), *line[seen + 1 :]]

    def words(self, journey: str, seen: Seen) -> str:
        """What a condition of a journey saw."""
        if isinstance(seen, str):
            return seen
        condition = self._conditions.find(journey, seen[0])
        return plainly(seen) if condition is None else in_words(condition, seen)

    def _definitions(self, journey: str) -> Iterator[Journey]:
        unit = self._unit
        at_work = unit.program.journeys.get(journey)
        if at_work is not None:
            yield at_work
        for row in reversed(unit.terms.at_work.of(journey)):
            try:
                yield unit.terms.at_work.journey(unit.tx, row)
            except JourneyError:  # of a later version of the library, or not in the store any more
                continue
