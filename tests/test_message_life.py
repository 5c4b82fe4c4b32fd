"""A message that begins at once and ends with its run: the same, to the byte, as step by step."""

import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, reject, settings

from playing import Played
from reference import generate
from reference.interpreter import run
from touchpoint.core import advance, judging
from touchpoint.core.records import state_to_record
from touchpoint.errors import DefectiveJourney
from touchpoint.stores.codec import dumps

sys.path.append(str(Path(__file__).parents[1]))  # benchmarks lie beside the tests in a checkout, and in no package

from benchmarks import deciding
from benchmarks.workload import make


@pytest.fixture(scope="module")
def workload():
    return make(people=40, acts=2_500, seed=5)


def step_by_step(patch):
    """Leave out what takes several steps in one."""
    patch.setattr(advance, "begun_with_its_run", lambda *_: False)
    patch.setattr(advance, "ended_with_its_run", lambda *_: False)


def lived(world):
    """The journals and the states of all customers, after the world's history."""
    history = world.history
    with closing(Played(world.journeys, world.policy, history)) as played:
        played.play()
        journals = [played.journal(each) for each in sorted(played.known)]
        with played.engine.together() as unit:
            found = [unit.find(each) for each in sorted(played.known)]
            return journals, [dumps(state_to_record(each.state)) for each in found if each is not None]


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(generate.worlds())
def test_what_is_done_at_once_in_random_worlds_comes_to_the_same_step_by_step(world):  # S4.2, S5.1
    history = world.history
    try:
        run(world.journeys, world.policy, history.customers, history.events, history.end)
    except DefectiveJourney:
        reject()
    with pytest.MonkeyPatch.context() as patch:
        step_by_step(patch)
        expected = lived(world)
    assert lived(world) == expected


def decided(workload):
    """What a workload comes to: its digest, every trace and effect on the way, and every state."""
    program = deciding.compiled()
    states = [deciding.state_of(each, program) for each in workload.people]
    events = [deciding.occurrence_of(each) for each in workload.acts]
    told = []

    def noting(decide):
        def noted(*given):
            found = decide(*given)
            decision = found[1] if isinstance(found, tuple) else found
            told.append((dumps(decision.trace), repr(decision.effects)))
            return found

        return noted

    with pytest.MonkeyPatch.context() as patch:
        for name in ("advance", "release", "settle"):
            patch.setattr(deciding, name, noting(getattr(deciding, name)))
        found = deciding.run_core(program, states, workload.acts, events)
    return found.digest(), told, [dumps(state_to_record(each)) for each in states]


@pytest.mark.parametrize("pays_after", [0, 10**9])
def test_what_is_done_at_once_in_a_workload_comes_to_the_same_step_by_step(monkeypatch, workload, pays_after):
    monkeypatch.setattr(judging, "PAYS_AFTER", pays_after)
    at_once = decided(workload)
    step_by_step(monkeypatch)
    assert decided(workload) == at_once


def test_most_messages_of_a_workload_begin_and_end_at_once(monkeypatch, workload):
    """Else the laws above would say nothing."""
    asked = []
    known = advance.ended_with_its_run

    def asking(*given):
        asked.append(known(*given))
        return asked[-1]

    monkeypatch.setattr(advance, "ended_with_its_run", asking)
    decided(workload)
    assert sum(asked) > 0.75 * len(asked) > 100
