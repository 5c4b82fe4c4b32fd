"""What a person sends or gives: recorded on the timeline with who did it, and then a message like any other."""

from collections.abc import Mapping
from typing import Final

import attrs

from touchpoint.core.by_hand import SENT, rule_by_hand, send_alone, send_by_hand
from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.occurrence import TOUCHPOINT
from touchpoint.core.program import Program
from touchpoint.durations import length
from touchpoint.engine.intake import MAX_SKEW, Prepared, Recorded, prepare, text_of
from touchpoint.engine.unit import Unit
from touchpoint.errors import InvalidInput, UnknownCustomer, UnknownName
from touchpoint.model.case import Case
from touchpoint.model.message import Gift, Message
from touchpoint.model.payload import checked
from touchpoint.model.touchpoint import Touchpoint

_OWN: Final = ("message", "by")
"""Properties that the engine sets."""
_NAME: Final = 200


@attrs.frozen
class Act:
    """Something that a person does for a customer, checked.

    Args:
        told: the touchpoint that tells of it.
        rule: sends the message.
    """

    told: Prepared
    rule: CompiledRule


def act(  # noqa: PLR0913 - the fields of the act
    program: Program, customer: str, message: object, *, by: object, about: object, channel: object, id: str | None,
    properties: Mapping[str, object] | None, gift: bool, now: int,
) -> Act:  # fmt: skip
    """Check what a person wants to send.

    Raises:
        UnknownName: no journey declares the message, or the message has no such channel.
        InvalidInput: it is declared otherwise, is a gift or is none, nobody says who sends it, or a property has a name
            that the engine uses.
        InvalidTouchpoint: customer, id or properties cannot be recorded.
    """
    declared = _declared(program, message)
    name = declared.name
    if isinstance(declared, Gift) != gift:
        right = "give()" if isinstance(declared, Gift) else "send()"
        raise InvalidInput(f"the message {name!r} is {'a' if not gift else 'no'} gift: use engine.{right}")
    if channel is not None and channel not in declared.channels:
        raise UnknownName(f"channel of {name!r}", channel, declared.channels)
    given = checked(properties, "properties")
    taken = [each for each in _OWN if each in given]
    if taken:
        raise InvalidInput(f"the property {taken[0]!r} is the engine's own here; call yours otherwise")
    who = text_of(by, "by=", most=_NAME)
    if not who.strip():
        raise InvalidInput('by= says who does it, as in by="chris"')
    told = Touchpoint(
        customer, SENT, None, id, {**given, "message": name, "by": who}, channel, None, "internal", _about(about)
    )
    rule = rule_by_hand(program, name)
    if rule is None:
        raise UnknownName("message", name, program.messages)
    return Act(prepare(told, now=now, skew=length(MAX_SKEW), declared={}), rule)


def take(unit: Unit, what: Act, now: int) -> Recorded:
    """Record it and have the message wait for its release. Raises UnknownCustomer."""
    told = what.told
    loaded = unit.find(told.customer)
    if loaded is None:
        raise UnknownCustomer
    at = told.occurrence.at = max(now, loaded.state.now)
    pair = (told.id, loaded.no)
    before = unit.seen([pair], [pair]).get(pair)
    if before is not None:
        same = before.type == SENT and before.body == told.body
        return Recorded(told.id, duplicate=True, differs=not same)
    unit.fire(loaded, until=at, inclusive=False)
    program, rule, occurrence = unit.program, what.rule, told.occurrence
    decision = unit.guarded(
        loaded,
        lambda: send_by_hand(program, loaded.state, rule, occurrence, at),
        lambda error: send_alone(program, loaded.state, rule, occurrence, at, error),
    )
    unit.enter(loaded, TOUCHPOINT, SENT, at, at, told.body, decision, touchpoint=told.id)
    return Recorded(told.id)


def _declared(program: Program, message: object) -> Message:
    """The message that is meant, as the journeys at work declare it."""
    name = message.name if isinstance(message, Message) else message
    if not isinstance(name, str) or name not in program.messages:
        raise UnknownName("message", name, program.messages)
    declared = program.messages[name]
    if isinstance(message, Message) and message != declared:
        raise InvalidInput(
            f"the message {name!r} is not the one that the journeys declare under this name: its words could not be "
            "found again after a restart. Declare it in a journey; a rule without when= starts nothing by itself: "
            "Rule('by hand', then=[Send(message)])"
        )
    return declared


def _about(about: object) -> str | None:
    """A case, or the id of a touchpoint, message or case."""
    return about.about if isinstance(about, Case) else None if about is None else text_of(about, "about=")
