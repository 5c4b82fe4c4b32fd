"""A message that begins at once and ends with its run: the same, to the byte, as step by step."""

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, reject, settings

from playing import Played
from reference import generate
from reference.interpreter import run
from touchpoint import Goal, Journey, Rule, Send, customer, days
from touchpoint.core import advance, judging
from touchpoint.core.at_once import FinalDecision
from touchpoint.core.compiled_rule import CompiledRule
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import Program, compile_program
from touchpoint.core.records import state_to_record
from touchpoint.errors import DefectiveJourney
from touchpoint.stores.codec import dumps

sys.path.append(str(Path(__file__).parents[1]))  # benchmarks lie beside the tests in a checkout, and in no package

from benchmarks import deciding, lives
from benchmarks.rules import message
from benchmarks.workload import make

LIBRARY = str(Path(advance.__file__).parents[1])


@pytest.fixture(scope="module")
def workload():
    return make(people=40, acts=2_500, seed=5)


def step_by_step(patch):
    """Leave out what takes several steps in one."""
    patch.setattr(advance, "begun_with_its_run", lambda *_: False)
    patch.setattr(advance, "ended_with_its_run", lambda *_: None)


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
        ended = known(*given)
        asked.append(ended is not None)
        return ended

    monkeypatch.setattr(advance, "ended_with_its_run", asking)
    decided(workload)
    assert sum(asked) > 0.75 * len(asked) > 100


def test_most_messages_of_a_workload_begin_with_their_run(monkeypatch, workload):
    """Likewise."""
    asked = []
    known = advance.begun_with_its_run

    def asking(decision, rule, occurrence):
        sends = rule.first.message is not None
        asked.append(known(decision, rule, occurrence))
        assert sends or not asked.pop()
        return sends and asked[-1]

    monkeypatch.setattr(advance, "begun_with_its_run", asking)
    decided(workload)
    assert sum(asked) > 0.9 * len(asked) > 100


GOAL = Goal("bought", within=days(3))


def ends_of_both(rule):
    """A run of two messages, each of which is sent: the decisions on their ends, and what is left of the customer."""
    program, held = compile_program([Journey("one", rules=[rule])]), lives.state(1)
    advance.advance(program, held, Occurrence(TOUCHPOINT, "act", lives.NOON, "t"), lives.NOON)
    ends = [advance.message_ended(program, held, held.pending[0], "sent", lives.NOON + n) for n in (1, 2)]
    return ends, dumps(state_to_record(held))


@pytest.mark.parametrize(
    ("more", "at_once"),
    [({}, True), ({"goal": GOAL}, True), ({"exit": [customer.gone == True]}, False)],  # noqa: E712
)
def test_a_message_that_nothing_follows_ends_with_its_run(monkeypatch, more, at_once):  # S5.3
    rule = Rule("r", when="act", then=[Send(message("first", "service")), Send(message("last", "service"))], **more)
    ends, left = ends_of_both(rule)
    assert [type(each) is FinalDecision for each in ends] == [False, at_once]
    step_by_step(monkeypatch)
    plain, expected = ends_of_both(rule)
    assert [(each.trace, repr(each.effects)) for each in ends] == [(each.trace, repr(each.effects)) for each in plain]
    assert left == expected
    assert ('"last"' in left) is ("goal" in more)  # which is watched on


def calls_of_messages(program, workload):
    """The calls of Python functions that a message takes from its release to its end, on average."""
    messages, counted = 0, Counter()
    world, found = deciding.world_of_w(), deciding.Found()
    states = [deciding.state_of(each, program) for each in workload.people]

    def look(frame, happening, _):
        if happening == "call" and frame.f_code.co_filename.startswith(LIBRARY):
            counted[frame.f_code.co_name] += 1

    for act in workload.acts:
        state, event = states[act.customer], deciding.occurrence_of(act)
        deciding.advance(program, state, event, act.at)
        if state.pending:
            messages += 1
            sys.setprofile(look)
            deciding.hand_over(program, state, world, act, found)
            sys.setprofile(None)
    return counted.total() / messages


def test_a_message_goes_out_and_ends_in_few_calls(workload):
    program = deciding.compiled()
    calls_of_messages(program, workload)  # what is found out once is known then
    assert calls_of_messages(program, workload) <= 34  # 43 before the gate kept a plan for each step


@pytest.mark.parametrize("kind", [Program, CompiledRule])
def test_what_every_decision_reads_is_read_without_a_detour(kind):
    """A `cached_property` beside slots makes every other attribute ten times as slow to read."""
    assert not hasattr(kind, "__getattr__")
