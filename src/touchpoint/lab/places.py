"""Places in a journey: what stands there, and the whole journey with something else in its stead."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import attrs

from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.journey.steps import ARMS, Ask, Best, Candidate, Send, Split, Step
from touchpoint.journey.windows import SendWindow
from touchpoint.model.message import Message


@attrs.frozen
class Place:
    """One place in a journey.

    Attributes:
        path: as in errors, `$.rules[0].then[1]`.
        node: what stands there.
        put: the journey with something else there. Raises JourneyError where that is not valid.
    """

    path: str
    node: Any
    put: Callable[[Any], Journey]

    def field(self, name: str) -> "Place":
        """A field of what stands here; of a `Split` or a `Best` also one of its arms, as `arms` names them."""
        if isinstance(self.node, Split) and name.startswith("arms["):
            split, variant = self.node, json.loads(name.removeprefix("arms[").removesuffix("]"))
            return Place(
                f"{self.path}.{name}",
                split.arms[variant],
                lambda new: self.put(attrs.evolve(split, arms={**split.arms, variant: new})),
            )
        if isinstance(self.node, Best) and name.startswith("candidates["):
            n = int(name.removeprefix("candidates[").partition("]")[0])
            return self.field("candidates").nth(n).field("then")
        return Place(
            f"{self.path}.{name}",
            getattr(self.node, name),
            lambda new: self.put(evolved(self.node, **{name: new})),
        )

    def each(self, name: str) -> "Iterator[Place]":
        """The members of a field that is a tuple."""
        here = self.field(name)
        for n in range(len(here.node)):
            yield here.nth(n)

    def nth(self, n: int) -> "Place":
        """A member of the tuple that stands here."""
        return Place(f"{self.path}[{n}]", self.node[n], partial(_put_nth, self, n))

    def without(self, name: str) -> "Iterator[tuple[Place, tuple[Any, ...]]]":
        """Each member of a field that is a tuple: its place, whose `put` takes the whole tuple, and the others."""
        here = self.field(name)
        for n in range(len(here.node)):
            yield Place(f"{here.path}[{n}]", here.node[n], here.put), (*here.node[:n], *here.node[n + 1 :])


def _put_nth(here: Place, n: int, new: object) -> Journey:
    return here.put((*here.node[:n], new, *here.node[n + 1 :]))


def root(journey: Journey) -> Place:
    """The journey as a whole."""
    return Place("$", journey, lambda new: new)


def evolved(node: Any, **changes: object) -> Any:  # noqa: ANN401 - any class of the data language
    """The same with these fields changed. Raises JourneyError for what cannot be."""
    if isinstance(node, Policy | SendWindow):  # built from their parts in a row
        parts = {each.name: getattr(node, each.name) for each in attrs.fields(type(node))} | changes
        items = parts.pop("items" if isinstance(node, Policy) else "intervals")
        return type(node)(*items, **parts)
    return attrs.evolve(node, **changes)


def with_message(journey: Journey, old: Message, new: Message) -> Journey:
    """The journey with a message changed wherever it is sent. Raises JourneyError where that is not valid."""
    rules = tuple(attrs.evolve(rule, then=_replaced(rule.then, old, new)) for rule in journey.rules)
    return evolved(journey, rules=rules)  # type: ignore[no-any-return]  # it evolves to what it was


def _replaced(steps: tuple[Step, ...], old: Message, new: Message) -> tuple[Step, ...]:
    return tuple(_with_message(step, old, new) for step in steps)


def _with_message(step: Step, old: Message, new: Message) -> Step:
    changes: dict[str, Any] = {arm: _replaced(getattr(step, arm), old, new) for arm in ARMS if hasattr(step, arm)}
    if isinstance(step, Split):
        changes["arms"] = {variant: _replaced(arm, old, new) for variant, arm in step.arms.items()}
    if isinstance(step, Best):
        then = [_replaced(each.then, old, new) for each in step.candidates]
        changes["candidates"] = tuple(map(_with_steps, step.candidates, then))
    if isinstance(step, Send) and step.message == old:
        changes["message"] = new
    if isinstance(step, Ask):
        changes |= {field: new for field in ("reminder", "thank") if getattr(step, field) == old}
    return attrs.evolve(step, **changes) if changes else step


def _with_steps(candidate: Candidate, then: tuple[Step, ...]) -> Candidate:
    return attrs.evolve(candidate, then=then)


@attrs.frozen
class Change:
    """One small fault.

    Attributes:
        sentence: what is wrong, completing "no test fails when …".
        where: the path of what is changed.
        build: the changed journey. Raises JourneyError where it is not valid.
        about: what it belongs to.
        message: the name of the message it is in, if it is in one.
    """

    sentence: str
    where: str
    build: Callable[[], Journey]
    about: str = ""
    message: str | None = None


def change(place: Place, new: object, sentence: str) -> Change:
    """Something else at a place."""
    return Change(sentence, place.path, partial(place.put, new))
