"""Journeys with one small fault each: a suite of tests that lets one live does not test what was changed.

Each mutant is a whole, valid journey, and comes with the sentence that completes "no test fails when …".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from touchpoint.core.program import compile_program
from touchpoint.errors import TouchpointError
from touchpoint.journey.codec import definition_hash, journey_from_dict, journey_to_dict
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Send
from touchpoint.lab.mutations import changes
from touchpoint.lab.places import with_message
from touchpoint.model.message import Message

T = TypeVar("T")


@attrs.frozen
class Mutant:
    """A journey with one fault.

    Attributes:
        journey: the changed journey; valid, and of the same name.
        sentence: what the fault is, such as "nudge waits 2 days instead of 3 days for first_order".
        where: the path of what was changed, `$.rules[0].then[1].timeout`.
        about: what it belongs to, such as "rule onboard"; "the policy" and "the stages" for what belongs to no rule.
        message: the name of the message that was changed, where the fault is in one. Other journeys that send the same
            message have to be changed alike.
    """

    journey: Journey = attrs.field(repr=False)
    sentence: str
    where: str
    about: str
    message: str | None = None


def mutants(journey: Journey) -> Iterator[Mutant]:
    """Every mutant of a journey, in reading order.

    What would not be valid is left out, and so is what equals the journey or an earlier mutant.
    """
    # A journey that needs others beside it cannot be compiled alone, and neither can its mutants.
    alone = _compiles(journey)
    seen = {definition_hash(journey)}
    for change in changes(journey):
        try:
            changed = change.build()
        except TouchpointError:
            continue
        identity = definition_hash(changed)
        if identity in seen or (alone and not _compiles(changed)):
            continue
        seen.add(identity)
        yield Mutant(changed, change.sentence, change.where, change.about, change.message)


def spread(found: Sequence[T], limit: int | None) -> list[T]:
    """At most so many of them, evenly spread over the journey and always the same."""
    if limit is None or limit >= len(found):
        return list(found)
    return [found[n * len(found) // limit] for n in range(limit)]


def _compiles(journey: Journey) -> bool:
    try:
        compile_program((journey,))
    except TouchpointError:
        return False
    return True


def as_job(journeys: Sequence[Journey], found: Sequence[tuple[int, Mutant]]) -> dict[str, object]:
    """Mutants as JSON values, for the process that tries them; it reads them as `Fault`s.

    Args:
        journeys: the unchanged ones.
        found: mutants, each with the number of its journey.
    """
    originals = [{"name": each.name, "identity": definition_hash(each)} for each in journeys]
    return {"journeys": originals, "mutants": [_written(journeys[of], mutant, of) for of, mutant in found]}


def _written(journey: Journey, mutant: Mutant, of: int) -> dict[str, object]:
    name = mutant.message
    both = () if name is None else (journey.messages[name], mutant.journey.messages[name])
    return {"of": of, "journey": journey_to_dict(mutant.journey), "message": [_carried(each) for each in both]}


def _carried(message: Message) -> dict[str, object]:
    """A message alone, in a journey that is there to carry it."""
    rule = Rule("carry", when="never", then=[Send(message)])
    return journey_to_dict(Journey("carrier", rules=(rule,)))  # type: ignore[arg-type]  # mypy has lost what T stands for


@attrs.frozen
class Fault:
    """A mutant as another process reads it: what becomes of journeys that it meets.

    Classes that a journey declares are taken from the journey met, not from the process that wrote the mutant.
    """

    name: str
    identity: str
    message: str | None
    _changed: Mapping[str, object] = attrs.field(repr=False)
    _carriers: Sequence[Mapping[str, object]] = attrs.field(repr=False)

    @classmethod
    def of(cls, job: Mapping[str, Any], number: int) -> "Fault":
        """The mutant of this number in what `as_job` wrote."""
        mutant = job["mutants"][number]
        original = job["journeys"][mutant["of"]]
        carried = [journey_from_dict(each) for each in mutant["message"]]
        name = next(iter(carried[0].messages)) if carried else None
        return cls(original["name"], original["identity"], name, mutant["journey"], mutant["message"])

    def meets(self, journey: Journey) -> bool:
        """Whether the fault shows in a world with this journey."""
        return self._is_original(journey) or self._sends_message(journey)

    def applied(self, journey: Journey) -> Journey:
        """The journey with the fault in it; itself where it is another one. Raises JourneyError."""
        if self._is_original(journey):
            classes = [*journey.touchpoints, *([journey.traits] if journey.traits else [])]
            return journey_from_dict(self._changed, types=classes)
        if self._sends_message(journey):
            return with_message(journey, *self._messages())
        return journey

    def _is_original(self, journey: Journey) -> bool:
        return journey.name == self.name and definition_hash(journey) == self.identity

    def _sends_message(self, journey: Journey) -> bool:
        return self.message is not None and journey.messages.get(self.message) == self._messages()[0]

    def _messages(self) -> tuple[Message, Message]:
        old, new = (next(iter(journey_from_dict(each).messages.values())) for each in self._carriers)
        return old, new
