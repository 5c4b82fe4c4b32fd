"""The generated function of a whole round decides as closures do, also for journeys with segments and with triggers on
what becomes of messages: every trace, and every state, to the byte (S4.2).
"""

import cProfile
import pstats
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import (
    Content,
    Emit,
    Ended,
    Entered,
    Goal,
    Joined,
    Journey,
    LeftSegment,
    Message,
    MoveTo,
    Opened,
    Rule,
    Segment,
    Send,
    Sent,
    SetTrait,
    Silent,
    Stage,
    Wait,
    WaitFor,
    count,
    customer,
    days,
    event,
    ever,
    hours,
    in_segment,
    in_stage,
    times,
)
from touchpoint.core import judging
from touchpoint.core.advance import _PARTS, advance, message_ended
from touchpoint.core.fire import fire_next
from touchpoint.core.judging import compiled
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.records import state_to_record
from touchpoint.core.segments import EVERY, UNSEEN
from touchpoint.core.state import NEVER, Profile, State
from touchpoint.stores.codec import dumps

HOUR = 3_600_000_000
HELLO = Message("hello", why="w", channels=["email"], content=Content(text="Hello"))
NEWS = Message("news", why="w", channels=["email"], content=Content(text="News"))

SEGMENTS = [
    Segment("often", count("a", within=days(2)) >= 2),
    Segment("gold", customer.tier == "gold"),
    Segment("regular", in_segment("often") & in_stage("active")),
    Segment("strayed", ~ever("b", within=days(1))),
]
RULES = [
    Rule("greet", when=Joined("often"), then=[Send(HELLO), WaitFor("b", timeout=days(1)), SetTrait("tier", "gold")]),
    Rule("promote", when=Joined("gold"), then=[MoveTo("active")], limit=times(2, per=days(5))),
    Rule("tell", when=LeftSegment("often"), then=[Emit("c", {"n": 1})]),
    Rule("ask", when="a", given=in_segment("strayed") | (event.n >= 2), then=[Wait(hours(5)), SetTrait("tier", "tin")]),
    Rule("after", when=Sent("hello", any_run=True), then=[Send(NEWS)], goal=Goal("b", within=days(1))),
    Rule("ended", when=Ended("news", any_run=True), then=[Emit("b", {"n": 0})]),
    Rule("say", when="c", given=count("c", within=days(2)) <= 2, then=[Send(HELLO)]),
    Rule("seen", when=Opened("hello", any_run=True), then=[MoveTo("active")]),
    Rule("again", when="c", given=in_segment("regular"), then=[Send(NEWS)], exit=["b"]),
    Rule("quiet", when=Silent(days(1), of="a"), then=[SetTrait("tier", "tin")]),
    Rule("arrived", when=Entered("active"), given=in_segment("often"), then=[Emit("c", {"n": 2})]),
]
STAGES = [Stage("new", phase="engage", when="a"), Stage("active", phase="delight", when="b", after="new")]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "a", "b", "c", "opened", "unheard"]), st.sampled_from([0, 1, 1, 3, 20, 30]),
        st.integers(0, 3),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


OF_SEGMENTS = {"greet", "promote", "tell", "ask", "again", "arrived"}
WITHOUT = [each for each in RULES if each.name not in OF_SEGMENTS]


@cache
def programs(which):
    """The program of some parts by closures alone, and the one that has functions at once."""
    segments, rules = {
        "all": (SEGMENTS, RULES),
        "segments alone": (SEGMENTS, []),
        "one segment": (SEGMENTS[:1], [*WITHOUT, *(each for each in RULES if each.name in ("greet", "tell"))]),
        "ends of messages alone": ([], WITHOUT),
    }[which]
    journey = Journey("j", stages=STAGES, segments=segments, rules=rules)
    found = []
    for pays_after in (NEVER, 0):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(judging, "PAYS_AFTER", pays_after)
            found.append(compile_program([journey]))
    return found


def fired(program, state, until):
    while state.next_dues()[0] <= until:
        yield fire_next(program, state, until=until)[1]


def lived(program, acts, *, first):
    """What each decision on a customer left behind: its trace, its effects, and the state."""
    state = State("ann", Profile({"tier": "tin"}), version=program.version)
    if program.segments:
        state.lapses = {first: 0}
    now, found = 0, []
    for n, (kind, gap, value) in enumerate(acts):
        now += gap * HOUR
        decisions = list(fired(program, state, now - 1))
        about = state.pending[0].key if kind == "opened" and state.pending else None
        row = 150 if value == 2 and gap == 1 else 0  # runs in a row that led to it: so many that no more may start
        happened = Occurrence(TOUCHPOINT, kind, now, f"t{n}", {"n": value}, about=about, chain=row)
        decisions.append(advance(program, state, happened, now, late=value == 3 and gap == 0))
        while state.pending:
            decisions.append(message_ended(program, state, state.pending[0], "sent", now))
        found += [(dumps(each.trace), [type(one).__name__ for one in each.effects]) for each in decisions]
        found.append(dumps(state_to_record(state)))
    return found


@pytest.mark.parametrize("which", ["all", "segments alone", "one segment", "ends of messages alone"])
@settings(max_examples=60)
@given(acts=ACTS, first=st.sampled_from([EVERY, UNSEEN]))
def test_closures_and_whole_rounds_decide_alike_to_the_byte(which, acts, first):
    by_closures, by_functions = programs(which)
    assert lived(by_closures, acts, first=first) == lived(by_functions, acts, first=first)


def test_every_type_but_those_that_tell_of_messages_has_a_function_of_its_round():
    _, program = programs("all")
    assert program.judges.types() == ["a", "b", "c"]
    assert "opened" in {name for kind, name in program.listening.finer if kind == TOUCHPOINT}


def calls_of_a_touchpoint(segments):
    """How many calls a touchpoint takes that nothing follows from, once its round has a function."""
    program = compile_program([Journey("j", segments=segments, rules=[Rule("r", when="a", given=event.n >= 2)])])
    program.judges.made["a"] = compiled((TOUCHPOINT, "a"), program.judges.code_of_type("a"), "decide", _PARTS)
    profile, state = cProfile.Profile(), State("ann")
    profile.runcall(advance, program, state, Occurrence(TOUCHPOINT, "a", 1, "t", {"n": 1}), 1)
    return pstats.Stats(profile).total_calls


def test_a_touchpoint_that_no_segment_reads_costs_what_it_would_without_them():
    segments = [Segment("gold", customer.tier == "gold"), Segment("other", count("b") >= 2)]
    assert calls_of_a_touchpoint(segments) == calls_of_a_touchpoint([])
