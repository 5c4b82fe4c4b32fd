"""What is handed to an engine, a world or a replay is a list; one thing alone is refused with how to write it."""

import pytest

from making import journey
from touchpoint import AsyncEngine, Engine, InvalidInput, Rule
from touchpoint.channels import MemoryChannel
from touchpoint.lab import replay
from touchpoint.testing.world import World

SHOP = journey(Rule("r", when="start"))
WAYS = [
    lambda given: Engine("sqlite://", journeys=given),
    lambda given: AsyncEngine("sqlite://", journeys=given),
    World,
    lambda given: replay(given, []),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("given", "said"), [(SHOP, "not a Journey"), (None, "not a NoneType"), (["shop"], "a str")])
def test_journeys_are_a_list_of_journeys(way, given, said):
    with pytest.raises(InvalidInput, match=said):
        way(given)


@pytest.mark.parametrize("engine", [Engine, AsyncEngine])
@pytest.mark.parametrize("given", [MemoryChannel("email"), None])
def test_channels_are_a_list_of_adapters(engine, given):
    with pytest.raises(InvalidInput, match=r"such as channels=\[email\]"):
        engine("sqlite://", journeys=[SHOP], channels=given)
