"""The generated function of a whole round decides as `core.advance` does without one (S4.2)."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import START, message
from touchpoint import (
    Cap,
    CaseType,
    Dwelt,
    Emit,
    Entered,
    Goal,
    Journey,
    Left,
    LiveRuns,
    OpenCase,
    Policy,
    Rule,
    Send,
    Silent,
    Stage,
    Wait,
    WaitFor,
    WaitUntil,
    case_open,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    hours,
    in_stage,
    last,
    now,
    once,
    total,
)  # fmt: skip
from touchpoint.core.advance import advance
from touchpoint.core.at_once import BlankDecision, final
from touchpoint.core.collected import Deferred
from touchpoint.core.decision import NOTHING, Decision
from touchpoint.core.fire import fire_next
from touchpoint.core.held import NONE, put
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.records import state_to_record
from touchpoint.core.state import NEVER, Profile, Rare, State
from touchpoint.durations import length, micros
from touchpoint.stores.codec import dumps

TYPES = ("a", "b", "c", "nobody_asks")
T0 = micros(START)
TROUBLE = CaseType("trouble")
STAGES = (
    Stage("new", phase="attract", when="a"),
    Stage("back", phase="attract", when=["a", "b"], after=["old", "big"]),
    Stage("big", phase="engage", when="b", given=count("b", within=days(2)) >= 2, after=["new", "back"]),
    Stage("again", phase="engage", when="b", given=event.n > 1, after=["again", "new"], reenter=True),
    Stage("old", phase="delight", when=["b", "c"], given=now - last("a").at > days(1)),
    Stage("anew", phase="delight", when="c", given=~in_stage("new"), reenter=True),
)
SAID = [Emit("said")]
RULES = (
    Rule("plain", when="a", then=SAID),
    Rule("counts", when=["a", "b"], given=(count("a", within=hours(30)) >= 2) & (event.n >= 1), then=SAID),
    Rule("totals", when="c", given=(total("c.n", within=days(2)) > 3) | ever("b", within=days(1)), then=SAID),
    Rule("once", when="b", given=event.n > 1, then=SAID, limit=once()),
    Rule("waits", when="b", key="k", then=[Wait(hours(20)), *SAID]),
    Rule("waits for", when="a", concurrency="parallel", then=[WaitFor("c", timeout=days(1)), *SAID], exit="b"),
    Rule("watched", when="c", then=SAID, goal=Goal("a", within=days(2))),
    Rule("bursts", when="b", collect=hours(7), then=SAID),
    Rule("sends", when="c", given=customer.tier == "gold", then=[Send(message())]),
    Rule("case", when="a", given=event.n == 0, then=[OpenCase(TROUBLE)]),
    Rule("in trouble", when="b", given=case_open("trouble") & in_stage("big"), then=SAID),
    Rule("silent", when=Silent(days(1), of="a"), then=SAID),
    Rule("all silent", when=Silent(days(2)), then=SAID),
    Rule("entered", when=Entered("big"), then=[Wait(hours(3)), *SAID]),
    Rule("left", when=Left("new"), then=SAID),
    Rule("dwelt", when=Dwelt("old", hours(20)), then=SAID),
    Rule("until", when="c", then=[WaitUntil(count("a", within=days(1)) == 0, timeout=forever), *SAID]),
)  # fmt: skip
POLICIES = (Policy(), Policy(Cap(1, per=days(1))), Policy(LiveRuns(1, over="defer", within=days(1))))
ACTS = st.lists(
    st.tuples(
        st.sampled_from(TYPES),
        st.sampled_from([{}, {"n": 0}, {"n": 2}, {"n": 2, "k": "x"}, {"n": "x", "at": 5}]),
        st.sampled_from([0, 1, length(hours(6)), length(hours(25))]),
        st.sampled_from([0, 0, 0, 1, length(hours(7))]),
        st.booleans(),
    ),
    min_size=4, max_size=20,
)  # fmt: skip


@st.composite
def journeys(draw):
    """One journey or two, with some of these rules; only some of the stages are entered by touchpoints."""
    entered = draw(st.sets(st.sampled_from(STAGES)))
    stages = [each if each in entered else Stage(each.name, phase=each.phase) for each in STAGES]
    most = draw(st.sampled_from([13, 16, len(RULES)]))  # without rules that listen for moves, or that look ahead
    left_out = draw(st.sets(st.integers(0, most - 1), max_size=10))
    rules = [rule for place, rule in enumerate(RULES[:most]) if place not in left_out]
    one = Journey("one", stages=stages, rules=rules, cases=[TROUBLE])
    return [one, Journey("two", stages=STAGES, rules=[RULES[1]])] if draw(st.booleans()) else [one]


def lived(program, acts):
    """What a life comes to: every trace and effect, and the state after each touchpoint, all as text."""
    state, at, found = State("ann", Profile({"tier": "gold"}), version=program.version), T0, []
    for number, (name, properties, gap, before, late) in enumerate(acts):
        at += gap
        while min(state.next_dues()[0], at) < at or state.next_dues()[0] == at != NEVER:
            found.append(shown(fire_next(program, state, until=at)[1]))
        about = f"case:trouble:{number}" if before and not late else None
        happened = Occurrence(TOUCHPOINT, name, at - before, f"t{number}", properties, about=about)
        found.append(shown(advance(program, state, happened, at, late=late and before > 0)))
        found.append(dumps(state_to_record(state)))
    return found


def shown(decision):
    return dumps(decision.trace), repr(list(decision.effects)), decision.now, decision.taken


def program_of(journeys, policy, *, pays_after):
    program = compile_program(journeys, policy)
    judges = program.judges
    judges._wait_whole = dict.fromkeys(judges._wait_whole, pays_after)
    judges._waits = dict.fromkeys(judges._waits, pays_after)
    return program


@settings(max_examples=150)
@given(journeys(), st.sampled_from(POLICIES), ACTS)
def test_a_life_comes_to_the_same_with_whole_rounds_and_without(given_journeys, policy, acts):  # S4.2
    quick, slow = (program_of(given_journeys, policy, pays_after=after) for after in (0, 10**9))
    assert lived(quick, acts) == lived(slow, acts)
    if quick.plain:
        assert quick.judges.made or all(late and before for *_, before, late in acts)


def test_who_waits_for_a_place_is_thought_of_by_any_touchpoint():  # S4.4
    for pays_after in (0, 10**9):
        program = program_of([Journey("one", rules=RULES[:1])], POLICIES[2], pays_after=pays_after)
        waited = Deferred("one", "plain", None, T0 - 1, Occurrence(TOUCHPOINT, "a", T0 - 2, "t1"), None)
        state = State("ann", rare=Rare(deferred=(waited,)))
        decision = advance(program, state, Occurrence(TOUCHPOINT, "nobody_asks", T0, "t2"), T0)
        assert [line[:4] for line in decision.trace] == [["refused", "one", "plain", "live runs"]]
        assert not state.deferred


def decided_at_once(*rules, name="a"):
    program = program_of([Journey("one", stages=STAGES, rules=rules)], Policy(), pays_after=0)
    state, happened = State("ann"), Occurrence(TOUCHPOINT, name, T0, "t")
    return advance(program, state, happened, T0), Decision(program, state, T0)


def test_generated_code_fills_a_decision_as_its_class_would():
    quick, slow = decided_at_once(RULES[0])
    assert type(quick) is Decision
    slow.taken = 1
    for slot in Decision.__slots__:
        if slot not in ("trace", "effects", "taken"):
            assert getattr(quick, slot) == getattr(slow, slot)
        assert type(getattr(quick, slot)) is type(getattr(slow, slot))


def test_what_a_decision_has_in_the_place_of_empty_lists_takes_nothing():
    quick, _ = decided_at_once()
    assert type(quick) is BlankDecision
    assert quick.effects is quick.queue is quick.ready is NOTHING
    assert not NOTHING
    with pytest.raises(AttributeError):
        quick.effects = []
    with pytest.raises(AttributeError):
        quick.effects.append("an effect")
    quick.open()
    assert type(quick) is Decision
    quick.effects.append("an effect")
    quick.open()
    assert quick.effects == ["an effect"]
    assert (quick.queue, quick.ready, list(NOTHING)) == ([], [], [])


def test_a_decision_of_which_nothing_more_follows_keeps_what_it_says_when_more_does():
    program, state, trace, effects = program_of([], Policy(), pays_after=0), State("ann", now=T0), [["a line"]], ["one"]
    last = final(program, state, T0 - 1, trace, effects)
    assert (last.now, state.now, last.queue, last.ready, last.taken) == (T0, T0, NOTHING, NOTHING, 0)
    with pytest.raises(AttributeError):
        last.queue = []
    last.open()
    assert type(last) is Decision
    assert (last.trace, last.effects) == (trace, effects)
    last.queue.append("something")
    last.open()
    assert (last.queue, last.ready, last.chain, list(NOTHING)) == (["something"], [], 0, [])


def test_a_decision_of_which_nothing_follows_can_be_asked_like_any_other():
    quick, slow = decided_at_once()
    assert (quick.taken, quick.chain) == (1, 0)
    happened = Occurrence(TOUCHPOINT, "a", T0, "t")
    assert quick.ask(lambda context: context.event, "one", happened) is happened
    assert quick.placed("one", happened).now == slow.placed("one", happened).now


def called(program, state, *happened):
    """The Python functions that are called for the last touchpoint."""
    found = []
    for each in happened[:-1]:
        advance(program, state, each, each.at)

    def look(frame, what, _):
        if what == "call":
            found.append(frame.f_code.co_name)

    sys.setprofile(look)
    try:
        advance(program, state, happened[-1], happened[-1].at)
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize(
    ("name", "stands", "calls"),
    [
        ("a", "anew", ["advance", "decide"]),
        ("a", "old", ["advance", "decide"]),
        ("b", "new", ["advance", "decide"]),
        ("nobody_asks", "new", ["advance", "whole", "decide"]),
    ],
)
def test_a_touchpoint_that_starts_no_rule_is_one_call(name, stands, calls):
    counting = Rule("counts", when="b", given=count("a", within=days(1)) > 9, then=SAID)
    new, newer = Stage("new", phase="attract", when="a", after="old"), Stage("newer", phase="attract", when="a")
    stages = [new, newer, *STAGES[4:]]
    program = program_of([Journey("one", stages=stages, rules=[counting])], Policy(), pays_after=0)
    state, happened = State("ann"), [Occurrence(TOUCHPOINT, each, T0, each) for each in ("a", "b", name)]
    called(program, state, *happened)
    state.stages = put(NONE, "one", (stands, T0, 3))
    assert called(program, state, happened[-1]) == calls
    assert (state.stage_of("one") != stands) is (name == "a")
