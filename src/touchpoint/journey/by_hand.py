"""The rules by which people send what a journey declares: data like any other rule, and never written down."""

from collections.abc import Iterator
from typing import Final

from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Ask, Give, Send
from touchpoint.model.message import Gift, Message, Survey

PREFIX: Final = "@by hand/"
"""What the names of such rules begin with, and no other's."""


def rules_by_hand(journey: Journey) -> Iterator[Rule]:
    """One for each message of a journey: any number of runs, each of which only sends it."""
    for name, message in journey.messages.items():
        yield Rule(PREFIX + name, then=[_step(message)], concurrency="parallel", why="a person asked for it")


def _step(message: Message) -> Send:
    match message:
        case Gift():
            return Give(message)
        case Survey():
            return Ask(message)
        case _:
            return Send(message)
