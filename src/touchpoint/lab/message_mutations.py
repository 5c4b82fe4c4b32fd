"""The small faults that are made in messages. A message is changed wherever its journey sends it."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Final

import attrs

from touchpoint.durations import spoken
from touchpoint.journey.conditions import Literal
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, Hold
from touchpoint.lab.places import Change, Place, change, with_message
from touchpoint.lab.policy_mutations import limit_changes
from touchpoint.lab.shifts import conditions, lengths
from touchpoint.model.message import Message

_ALWAYS: Final = Literal(value=True)


def faults_of(path: str, message: Message, journey: Journey) -> Iterator[Change]:
    """Every small fault of a message, which stands at this path and maybe at others."""
    # Within the message fields are put as anywhere; the whole message then goes to every place that sends it.
    place = Place(path, message, partial(with_message, journey, message))
    found = (
        *_wordings(place), *_kind(place), *_channels(place), *_expiry(place), *_caps(place, journey),
        *_release(place, journey), *limit_changes(place.field("limit"), message.name),
    )  # fmt: skip
    return (attrs.evolve(each, message=message.name) for each in found)


def _wordings(place: Place) -> Iterator[Change]:
    """A wording left out, said to everybody, chosen by another condition, or after the one that follows it."""
    message: Message = place.node
    if not message.wordings:
        return
    here = place.field("wordings")
    for one, rest in place.without("wordings"):
        yield change(one, rest, f"{message.name} is never worded as {one.node.name}")
    for each in place.each("wordings"):
        given, name = each.field("given"), each.node.name
        if not given.node.same_as(_ALWAYS):
            yield change(given, _ALWAYS, f"{message.name} is worded as {name} whether or not {given.node}")
        for new in conditions(given.node):
            said = f"{message.name} is worded as {name} where {new.new} instead of {new.old}"
            yield change(given, new.whole, said)
    for n, (first, second) in enumerate(pairwise(message.wordings)):
        swapped = (*message.wordings[:n], second, first, *message.wordings[n + 2 :])
        yield change(here, swapped, f"{message.name} is worded as {second.name} before {first.name} is asked for")


def _kind(place: Place) -> Iterator[Change]:
    message: Message = place.node
    if message.effective_kind == message.kind:  # promotional words make it marketing whatever it says
        new = "marketing" if message.kind in ("service", "transactional") else "service"
        yield change(place.field("kind"), new, f"{message.name} is of kind {new} instead of {message.kind}")


def _channels(place: Place) -> Iterator[Change]:
    message: Message = place.node
    if len(message.channels) < 2:
        return
    here = place.field("channels")
    order = here.node[::-1]
    yield change(here, order, f"{message.name} prefers {', '.join(order)} instead of {', '.join(here.node)}")
    for one, rest in place.without("channels"):
        yield change(one, rest, f"{message.name} never goes by {one.node}")


def _expiry(place: Place) -> Iterator[Change]:
    message: Message = place.node
    for new in lengths(message.expires):
        said = f"{message.name} expires after {spoken(new)} instead of {spoken(message.expires)}"
        yield change(place.field("expires"), new, said)
    if message.priority:
        to = -message.priority
        yield change(place.field("priority"), to, f"{message.name} has priority {to} instead of {message.priority}")


def _caps(place: Place, journey: Journey) -> Iterator[Change]:
    message: Message = place.node
    if message.exempt:
        yield change(place.field("exempt"), False, f"{message.name} is bound by caps instead of exempt")  # noqa: FBT003 - the value of a field
    elif any(isinstance(each, Cap) and _holds_for(each, message) for each in journey.policy.items):
        yield change(place.field("exempt"), True, f"{message.name} is exempt from caps")  # noqa: FBT003 - likewise


def _release(place: Place, journey: Journey) -> Iterator[Change]:
    message: Message = place.node
    if any(isinstance(each, Hold) and _holds_for(each, message) for each in journey.policy.items):
        new = "drop" if message.on_release == "send" else "send"
        words = {"send": "goes out", "drop": "is dropped", "replan": "is planned anew"}
        said = f"{message.name}, once held, {words[new]} after the hold, where it {words[message.on_release]} now"
        yield change(place.field("on_release"), new, said)


def _holds_for(item: Cap | Hold, message: Message) -> bool:
    return item.kinds is None or message.effective_kind in item.kinds
