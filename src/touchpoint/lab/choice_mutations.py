"""The small faults that are made in suggestions, and in choices of the next best action."""

from collections.abc import Iterator
from itertools import pairwise

import attrs

from touchpoint.durations import spoken
from touchpoint.journey.conditions import Literal
from touchpoint.journey.steps import Best
from touchpoint.journey.suggestion import Suggestion
from touchpoint.lab.places import Change, Place, change
from touchpoint.lab.policy_mutations import limit_changes
from touchpoint.lab.shifts import conditions, lengths


def suggestion_changes(place: Place) -> Iterator[Change]:
    """Every small fault of a suggestion."""
    each: Suggestion = place.node
    name = f"suggestion {each.name}"
    yield from _condition(place.field("given"), f"{name} is offered")
    for field, words in (("stages", "in the stage"), ("segments", "in the segment")):
        for one, rest in place.without(field):
            yield change(one, rest, f"{name} is offered to whoever is {words} {one.node}" if not rest else
                         f"{name} is not offered to who is {words} {one.node}")  # fmt: skip
    if len(each.place) > 1:
        for one, rest in place.without("place"):
            yield change(one, rest, f"{name} is not offered at {one.node}")
    if not (isinstance(each.value, Literal) and each.value.value == 0):
        yield change(place.field("value"), 0, f"{name} is worth 0 instead of {each.value}")
    yield from limit_changes(place.field("limit"), name)
    yield from _rest(place.field("rest_after_declined"), f"{name}, once declined,")
    yield from _rest(place.field("rest_after_accepted"), f"{name}, once accepted,")


def best_changes(place: Place, rule: str) -> Iterator[Change]:
    """Every small fault of a choice: of what may be chosen, and of what it is worth."""
    best: Best = place.node
    for each in place.each("candidates"):
        yield from _condition(each.field("given"), f"{rule} may choose {each.node.name} in {best.name}")
    for one, rest in place.without("candidates"):
        yield change(place.field("candidates"), rest, f"{rule} never chooses {one.node.name} in {best.name}")
    for (n, first), (_, second) in pairwise(enumerate(best.candidates)):
        swapped = list(best.candidates)
        swapped[n], swapped[n + 1] = attrs.evolve(first, value=second.value), attrs.evolve(second, value=first.value)
        if tuple(swapped) != best.candidates:
            words = f"{rule} gives {first.name} and {second.name} each other's value in {best.name}"
            yield change(place.field("candidates"), tuple(swapped), words)


def _condition(place: Place, what: str) -> Iterator[Change]:
    if place.node is not None:
        yield change(place, None, f"{what} whether or not {place.node}")
        for each in conditions(place.node):
            yield change(place, each.whole, f"{what} where {each.new} instead of {each.old}")


def _rest(place: Place, what: str) -> Iterator[Change]:
    if place.node is not None:
        yield change(place, None, f"{what} is offered again at once")
    for new in lengths(place.node):
        yield change(place, new, f"{what} rests for {spoken(new)} instead of {spoken(place.node)}")
