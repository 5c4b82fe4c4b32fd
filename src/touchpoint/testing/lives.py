"""Random lives: customers who act as customers do, while time passes in uneven steps.

What they do comes from a seed alone, so that a life that breaks something can be lived again.
"""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from touchpoint.testing.vocabulary import OWN_TYPES

if TYPE_CHECKING:
    from touchpoint.testing.person import Person
    from touchpoint.testing.sent import Sent
from touchpoint.testing.world import World

ZONES: Final[Sequence[str | tuple[str, ...] | None]] = (
    "America/New_York", "Europe/Madrid", "Asia/Kolkata", "Australia/Lord_Howe", "UTC",
    ("America/New_York", "America/Los_Angeles"), None,
)  # fmt: skip
"""Where lives are lived: ordinary zones, half hours, several candidates, and nobody knows."""
_ADDRESSES: Final = ("email", "phone", "postal")
_REPLIES: Final = ("yes please", "please stop by the shop", "STOP", "stop.", "START", "help")
_PAUSES: Final = (
    timedelta(0), timedelta(0), timedelta(minutes=1), timedelta(minutes=40), timedelta(hours=3), timedelta(hours=11),
    timedelta(days=1), timedelta(days=2, hours=7), timedelta(days=6),
)  # fmt: skip


def random_lives(world: "World", seed: int, customers: int, acts: int, tail: timedelta) -> "list[Sent]":
    """Let customers live in a world.

    Args:
        world: in which they live; they join those who are there.
        seed: equal seeds give equal lives.
        customers: how many.
        acts: of all of them together.
        tail: how long time passes after the last act.

    Returns:
        every message that a channel accepted since, in time order, with the facts of that moment.
    """
    chance = random.Random(seed)  # noqa: S311 - a story needs no secret
    before = len(world.accepted)
    people = [_born(world, f"life-{seed}-{number}", number, chance) for number in range(1, customers + 1)]
    for _ in range(acts):
        _act(world, chance.choice(people), chance)
        world.advance(chance.choice(_PAUSES))
    world.advance(tail)
    return world.accepted[before:]


def _born(world: "World", name: str, number: int, chance: random.Random) -> "Person":
    mine = {
        "email": f"{name}@example.com",
        "phone": f"+1555{len(world.people):07}",
        "postal": f"{number} Main St",
    }
    kinds = [kind for kind in _ADDRESSES if chance.random() < 0.8] or ["email"]
    return world.customer(
        name,
        timezone=chance.choice(ZONES),
        addresses={kind: mine[kind] for kind in kinds},
        consents=[pair for pair in _grants(world) if chance.random() < 0.7],
    )


def _grants(world: "World") -> list[tuple[str, str]]:
    """(kind, channel) of every message of the journeys."""
    messages = [message for journey in world.journeys for message in journey.messages.values()]
    pairs = [(message.effective_kind, channel) for message in messages for channel in message.channels]
    return list(dict.fromkeys(pairs))


def _act(world: "World", person: "Person", chance: random.Random) -> None:
    choices: list[tuple[int, Callable[[World, Person, random.Random], None]]] = [
        (12, _does), (2, _replies), (1, _grants_or_withdraws), (1, _moves),
    ]  # fmt: skip
    if world.known.refers:
        choices.append((3, _refers))
    if world.cases:
        choices.append((3, _case))
    if world.known.answered:
        choices.append((1, _is_answered))
    weights = [weight for weight, _ in choices]
    chance.choices([act for _, act in choices], weights)[0](world, person, chance)


def _does(world: "World", person: "Person", chance: random.Random) -> None:
    types = [each for each in world.types if each not in OWN_TYPES]
    if types:
        person.does(chance.choice(types), **_properties(world, chance))


def _properties(world: "World", chance: random.Random) -> dict[str, Any]:
    """A value for each key that a rule is about, and for each property that a condition compares with a constant.

    Keys are from a few, so that they meet again; the others lie on both sides of the constants.
    """
    keys = {rule.key for journey in world.journeys for rule in journey.rules if rule.key is not None}
    compared = world.compared
    given = {name: chance.choice(compared[name]) for name in sorted(compared)}
    return {**given, **{key: chance.choice(("a", "b", "c")) for key in sorted(keys)}}


def _replies(world: "World", person: "Person", chance: random.Random) -> None:
    got = [each.via for each in world.accepted if each.customer == person.id]
    if got:  # who was never written to does not write back
        person.replies(chance.choice(_REPLIES), via=chance.choice(got))


def _grants_or_withdraws(world: "World", person: "Person", chance: random.Random) -> None:
    pairs = _grants(world)
    if pairs:
        purpose, channel = chance.choice(pairs)
        (person.grants if chance.random() < 0.6 else person.withdraws)(purpose, via=channel)


def _moves(_world: "World", person: "Person", chance: random.Random) -> None:
    zone = chance.choice(ZONES)
    if zone is not None:
        person.moves_to(zone)


def _refers(world: "World", person: "Person", chance: random.Random) -> None:
    names = [*world.people]
    behind = names[names.index(person.id) + 1 :]
    if behind:  # each brings only those behind them, so that nobody is refused
        person.refers(chance.choice(behind))


def _case(world: "World", person: "Person", chance: random.Random) -> None:
    case, ref = chance.choice(world.cases), chance.choice(("#1", "#2"))
    (person.opens_case if chance.random() < 0.5 else person.closes_case)(case, ref=ref)


def _is_answered(world: "World", person: "Person", chance: random.Random) -> None:
    person.gets_answer(chance.choice(world.known.answered), ref=chance.choice(("#1", "#2")))
