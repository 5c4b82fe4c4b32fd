"""Journey coverage: what of a journey was lived through, and what never was.

`Coverage.of` lists the elements of journeys and of the policy that binds them; `collect` reads, from what an engine has
recorded, which of them were seen. Where the records leave two ways open, such as a run that a goal ended in one of two
waits, an element counts only if it was seen either way.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

import attrs

from touchpoint.core.program import compile_program
from touchpoint.engine.engine import Engine
from touchpoint.errors import InvalidInput
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.lab.coverage_elements import Element, identity, list_elements
from touchpoint.lab.coverage_moments import lists_in
from touchpoint.lab.coverage_seen import Lamp, Life
from touchpoint.stores.base import Store

__all__ = ["Coverage", "Element", "identity"]
_FORMAT: Final = "touchpoint coverage 1"


@attrs.define(eq=False)
class Coverage:
    """Elements by id, and how often each was seen. An empty one is there to have others merged into it."""

    elements: dict[str, Element] = attrs.Factory(dict)
    hits: Counter[str] = attrs.Factory(Counter)
    _lamp: "Lamp | None" = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, journeys: Iterable[Journey], policy: Policy | None = None) -> Self:
        """Everything that these journeys, under this policy of the house, offer to be covered.

        Raises:
            JourneyError: journeys that contradict each other.
        """
        program = compile_program(tuple(journeys), policy)
        listed = [each for name in program.journeys for each in list_elements(program, name)]
        return cls({each.id: each for each in listed}, lamp=Lamp.of(program))

    def collect(self, engine: Engine) -> None:
        """Add what was seen by everybody in the engine's store, which is only read. What is unknown here is left out.

        Raises:
            InvalidInput: this coverage was read back or is empty, and knows no journeys.
            StoreError: the store is closed or damaged.
        """
        self.collect_store(engine.store)

    def collect_store(self, store: Store) -> None:
        """As `collect`, for a store without an engine."""
        if self._lamp is None:
            raise InvalidInput("this coverage knows no journeys; collect into Coverage.of(journeys), then merge that")
        with store.reading() as reader:
            lists = lists_in(self._lamp.program, reader)
            for row in reader.all_customers():
                seen = (identity(*each) for each in Life.read(self._lamp, reader, row, lists).seen())
                self.hits.update(each for each in seen if each in self.elements)

    def merge(self, other: "Coverage") -> None:
        """Add what another one lists and has seen; elements of equal id are one."""
        self.elements = {**other.elements, **self.elements}
        self.hits.update(other.hits)

    @property
    def percent(self) -> float:
        """How much of what is not optional was seen, 0 to 100; 100 where nothing is listed."""
        covered, missing = len(self.covered), len(self.missing)
        return 100 * covered / (covered + missing) if covered + missing else 100.0

    @property
    def covered(self) -> list[Element]:
        """What was seen and is not optional, in reading order."""
        return [each for name, each in self.elements.items() if self.hits[name] and not each.optional]

    @property
    def missing(self) -> list[Element]:
        """What was never seen and is not optional, in reading order."""
        return [each for name, each in self.elements.items() if not self.hits[name] and not each.optional]

    def part(self, journey: str) -> "Coverage":
        """The part of one journey, to be looked at."""
        elements = {name: each for name, each in self.elements.items() if each.journey == journey}
        return Coverage(elements, Counter({name: self.hits[name] for name in elements if self.hits[name]}))

    @property
    def journeys(self) -> list[str]:
        """Names of the journeys, in the order they came."""
        return list(dict.fromkeys(each.journey for each in self.elements.values()))

    def to_json(self) -> str:
        """As JSON text, for other tools and for `from_json`."""
        listed = [{**attrs.asdict(each), "id": name, "hits": self.hits[name]} for name, each in self.elements.items()]
        return json.dumps({"format": _FORMAT, "percent": round(self.percent, 2), "elements": listed}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote: to be merged and reported; nothing can be collected into it.

        Raises:
            InvalidInput: it is something else.
        """
        try:
            record = json.loads(text)
            if record["format"] != _FORMAT:
                raise InvalidInput(f"not a {_FORMAT!r} file but {record['format']!r}; write it anew with this version")
            found = [(_element(each), int(each["hits"])) for each in record["elements"]]
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, InvalidInput):
                raise
            message = f"this is no journey coverage ({type(error).__name__}); it is what to_json() wrote"
            raise InvalidInput(message) from None
        return cls({each.id: each for each, _ in found}, Counter({each.id: n for each, n in found if n}))


def _element(record: Mapping[str, Any]) -> Element:
    return Element(
        record["journey"], tuple(record["place"]), record["kind"], record["words"], optional=record["optional"]
    )
