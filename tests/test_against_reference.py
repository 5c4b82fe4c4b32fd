"""The engine decides as the reference interpreter does, on random journeys and histories (S4.2): the safety net of the project."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playing import Played
from reference import generate
from reference.interpreter import run
from touchpoint import DefectiveJourney

EXAMPLES = int(os.environ.get("TOUCHPOINT_REFERENCE_EXAMPLES", "150"))


def compared(log):
    return [entry for entry in log if entry[0] not in ("duplicate", "conflict")]


def agree(world):
    try:
        expected = run(world.journeys, world.policy, world.history.customers, world.history.events, world.history.end)
    except DefectiveJourney:
        return
    played = Played(world.journeys, world.policy, world.history).play()
    for customer in world.history.customers:
        assert played.log(customer) == compared(expected.log.get(customer, []))
    played.engine.close()


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(generate.worlds())
def test_the_engine_decides_as_the_reference_does(world):  # S4.2, S6.5
    agree(world)
