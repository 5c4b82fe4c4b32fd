"""Of somebody new only the segments are looked at that can hold them; they are in all that say so, and in no other."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from making import START, journey
from touchpoint import (
    CaseType,
    Engine,
    Joined,
    Rule,
    Segment,
    SetTrait,
    Split,
    Stage,
    VirtualClock,
    case_open,
    count,
    customer,
    days,
    ever,
    in_segment,
    in_stage,
    last,
    variant,
)
from touchpoint.core.context import Context

LATE = CaseType("late")
CONDITIONS = (
    ever("seen", within=days(9)),
    ~ever("seen", within=days(9)),
    count("seen", within=days(3)) == 0,
    count("bought") >= 1,
    ~(count("bought") >= 1),
    last("seen").score >= 3,
    customer.vip,
    ~(customer.vip == True),  # noqa: E712
    customer.tier == "gold",
    case_open(LATE),
    ~case_open(),
    in_stage("buyer"),
    ~in_stage("buyer"),
    in_segment("s0"),
    ~in_segment("s0"),
    in_segment("s0") & ~ever("bought", within=days(1)),
    variant("test") == "a",
)
ACTS = {
    "seen": lambda engine: engine.record("ann", "seen", {"score": 4}),
    "bought": lambda engine: engine.record("ann", "bought"),
    "nothing": lambda engine: engine.record("ann", "nothing"),
    "parts": lambda engine: engine.record("ann", "parts"),
    "known": lambda engine: engine.identify("ann", traits={"vip": True, "tier": "gold"}),
    "late": lambda engine: engine.open_case("ann", LATE, ref="o1"),
    "said": lambda engine: engine.grant("ann", "news"),
}


def engine_of(conditions):
    segments = [Segment("s0", conditions[0]), *(Segment(f"s{n}", each) for n, each in enumerate(conditions[1:], 1))]
    rules = [
        Rule("parts", when="parts", then=[Split("test", {"a": [], "b": []}), SetTrait("vip", value=True)]),
        *(Rule(f"r{n}", when=Joined(f"s{n}"), then=[SetTrait(f"in_s{n}", value=True)]) for n in range(len(segments))),
    ]
    one = journey(*rules, segments=segments, cases=[LATE], stages=[Stage("buyer", phase="engage", when="bought")])
    return Engine("sqlite://", journeys=[one], clock=VirtualClock(START))


def wanted(engine, state):
    """All segments whose condition holds, each asked by itself."""
    context = Context(
        traits=state.profile.traits, now=state.now, signals=state.signals, case_open=state.case_open,
        stage_of=state.stage_of, exposures=state.exposures, segments=state.segments, consents=state.profile.consents,
    )  # fmt: skip
    found = set()
    for spec in engine._program.segments.values():
        context.journey = spec.journey
        if spec.closure(context) is True:
            found.add(spec.name)
    return found


@pytest.mark.parametrize("act", ACTS)
@settings(max_examples=30, deadline=None)
@example(conditions=[~ever("seen", within=days(9)), ~in_segment("s0")])
@given(conditions=st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=5))
def test_somebody_new_is_where_the_conditions_say(act, conditions):  # S3.3
    conditions = [CONDITIONS[0] if "s0" in str(conditions[0]) else conditions[0], *conditions[1:]]
    with engine_of(conditions) as engine:
        ACTS[act](engine)
        engine.run_pending()
        with engine.together() as unit:
            state = unit.find("ann").state
        assert set(state.segments) == wanted(engine, state)
        joined = {name.removeprefix("in_") for name in state.profile.traits if name.startswith("in_")}
        assert {name.rpartition("/")[2] for name in state.segments} <= joined
