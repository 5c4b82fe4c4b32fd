"""What a run does after its message, the short way and the long: the same to the byte."""

from contextlib import closing
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, reject, settings

from playing import Played
from reference import generate
from reference.interpreter import run
from touchpoint.core import advance as advancing
from touchpoint.core import delivery, settling
from touchpoint.core.decision import NOT_LOADED
from touchpoint.core.records import state_to_record
from touchpoint.errors import DefectiveJourney
from touchpoint.journey.by_hand import PREFIX
from touchpoint.stores.codec import dumps


def the_long_way(decision, run, step, status):
    """As `go_on_after`, with every step taken when `work_off` comes to it."""
    rule = decision.rule_of(run)
    node = rule.nodes.get(step) if rule else None
    if rule is not None and advancing.exit_condition_holds(decision, rule, run, run.event):
        decision.end(run, "exit")
    elif node is not None:
        decision.go_on(run, node.next if status == "sent" else node.otherwise)
    elif run.rule.startswith(PREFIX):
        decision.end(run, "done")
    else:
        decision.park(run, NOT_LOADED)


def told(decision):
    return decision.trace, decision.effects, dumps(state_to_record(decision.state))


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(generate.worlds())
def test_a_run_whose_last_message_has_ended_is_over_as_if_it_had_taken_its_step(world):  # S5.1
    history, alike = world.history, []
    try:
        run(world.journeys, world.policy, history.customers, history.events, history.end)
    except DefectiveJourney:
        reject()
    ended = advancing.message_ended

    def both(program, state, pending, *rest, **named):
        other, its_own = deepcopy((state, pending))
        with pytest.MonkeyPatch.context() as longer:
            longer.setattr(advancing, "go_on_after", the_long_way)
            long = told(ended(program, other, its_own, *rest, **named))
        found = ended(program, state, pending, *rest, **named)
        alike.append(told(found) == long)
        return found

    with pytest.MonkeyPatch.context() as patch, closing(Played(world.journeys, world.policy, history)) as played:
        for module in (delivery, settling):
            patch.setattr(module, "message_ended", both)
        played.play()
    assert all(alike)
