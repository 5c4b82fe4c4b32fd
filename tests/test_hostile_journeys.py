"""Journeys as hostile JSON: refused as a whole with the place, or read, and then equal to what they are written as."""

import json
from copy import deepcopy
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import AT_THE_EDGE, HALF, MARKER, ODD, nested
from making import MARK, engine_of, journey, message, sending
from touchpoint import (
    Branch,
    Cap,
    Content,
    Emit,
    Goal,
    Hold,
    JourneyError,
    Policy,
    QuietHours,
    Rule,
    SetTrait,
    Silent,
    Spacing,
    Stage,
    Wait,
    WaitFor,
    WaitUntil,
    cool_down,
    count,
    customer,
    days,
    event,
    months,
    times,
    total,
    trigger,
    years,
)
from touchpoint.errors import TouchpointError
from touchpoint.journey.codec import dumps, journey_from_dict, journey_to_dict, loads

SAMPLE = journey_to_dict(
    journey(
        sending(content=Content("Hi {customer.name|there}", subject="s"), expires=days(2), limit=times(2, per=days(3))),
        Rule(
            "c", when=["start", Silent(days(3))], key="k", exit=["bye"], goal=Goal("z", within=days(3)),
            given=(event.x > 1) & ~(total("start", "x", within=days(3)) > 2) | event.z.in_([1, Decimal(2), date(2026,
            1, 1)]),
            then=[
                Wait(days(1)), Wait(until=customer.renewal, at="10:00"), WaitFor("z", timeout=months(2)),
                Branch(event.x == trigger.y, then=[MARK]), SetTrait("q", trigger.x + 1), Emit("mark", {"a": 1}),
            ],
        ),
        stages=[Stage("a", phase="attract", when="z")],
        policy=Policy(QuietHours("21:00", "08:00", unknown_zone="UTC"), Cap(1, per=days(1)), Hold(cool_off=days(1))),
    )
)  # fmt: skip


def places(value, path=()):
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


PLACES = list(places(SAMPLE))
HUGE = 10**5_000


def put(path, value):
    data = here = deepcopy(SAMPLE)
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return data


def check_short(error):
    assert len(str(error)) < 300_000


def read(data):
    """The journey, which then has to be as good as any; or None."""
    try:
        found = journey_from_dict(data)
    except JourneyError as error:
        return check_short(error)
    assert dumps(loads(dumps(found))) == dumps(found)
    with engine_of(journeys=[found]) as engine:  # it is kept in the store, too
        engine.record("ann", "start", {"x": 1, "k": 2})
        engine.run_pending()
        assert engine.parked() == []
    return found


FOREIGN = [
    {"type": name}
    for name in (
        "os.system", "builtins.eval", "touchpoint.cli.app.cli", "__class__", "Journey", "Send", "subprocess.Popen",
        "!python/object",
        "", " send", "send\0", "\uff53end", HALF,
    )
]  # fmt: skip
NASTY = [
    None, True, 0, -1, 10**30, HUGE, 1.5, 1e308, "", HALF, f"{MARKER}\0", MARKER * 5_000, *ODD, [], [[]], [None], {},
    *FOREIGN,
    {"type": ["send"]}, {"type": "decimal", "value": "sNaN"}, {"type": "decimal", "value": "1e999999999999"},
    {"type": "instant", "value": "9999-12-31T23:59:59-14:00"}, {"type": "date", "value": 5},
    {"type": "elapsed", "days": 10**10}, {"type": "elapsed", "days": 999_999_999}, {"type": "elapsed", "days": "x"},
    {"type": "calendar", "months": 10**10}, {"type": "calendar", "years": HUGE}, {"type": "calendar", "years": 9_000},
    {"type": "calendar", "weekday": "MO(+99999999999999999999999)"}, {"type": "calendar", "hour": 99},
    {"type": "forever"},
    {"type": "field", "root": "event", "path": ["__class__"]}, {"type": "field", "root": "os", "path": ["x"]},
    {"type": "field", "root": "event", "path": [HALF]}, {"type": "field", "root": "event", "path": []},
    {"type": "compare", "op": "__import__", "left": 1, "right": 2}, {"type": "literal", "value": "x" * 200_000},
    {"type": "arithmetic", "op": "*", "left": HUGE, "right": HUGE}, {"type": "and", "parts": []}, {"type": "not",
    "part": 5},
]  # fmt: skip


@pytest.mark.untraced
@pytest.mark.parametrize("index", range(len(NASTY)), ids=lambda index: f"value {index}")
def test_a_nasty_value_anywhere_is_refused_or_read_like_any_other(index):  # HOUSE 2, S11.6
    for path in PLACES[index % 4 :: 4]:
        read(put(path, NASTY[index]))


@pytest.mark.parametrize("name", [each["type"] for each in FOREIGN])
def test_a_type_that_is_none_of_ours_builds_nothing(name):  # S11.6: callables are never stored
    data = put(("rules", 0, "then"), [{"type": name, "args": ["touch /tmp/owned"]}])
    with pytest.raises(JourneyError, match="there is no type"):
        journey_from_dict(data)


@pytest.mark.parametrize(
    "text",
    [
        '{"format":"touchpoint.journey","version":1,"name":"a","name":"b"}',
        '{"format":"touchpoint.journey","version":1,"name":"a","rules":[{"type":"rule","name":"a","name":"b"}]}',
        '{"format":"touchpoint.journey","version":NaN,"name":"a"}',
        '{"format":"touchpoint.journey","version":1e999,"name":"a"}',
        '{"format":"touchpoint.journey","version":' + "1" * 5_000 + "}", "[" * 1_000_000, '{"a":' * 200_000, "NaN", "",
        '"\\ud800"', b"\xff\xfe\x00", b"\x00", "\ufeff{}", "{}x", None, 5, "1" * 10_000,
    ],
    ids=lambda text: str(text)[:60],
)  # fmt: skip
def test_a_text_that_is_no_clear_json_is_refused(text):
    with pytest.raises(JourneyError) as caught:
        loads(text)
    assert len(str(caught.value)) < 500


def deep(depth, wrap):
    node = {"type": "compare", "op": "==", "left": {"type": "field", "root": "event", "path": ["x"]}, "right": 1}
    for _ in range(depth):
        node = wrap(node)
    return node


WRAPS = {
    "not": lambda node: {"type": "not", "part": node},
    "and or": lambda node: {"type": "and", "parts": [True, {"type": "or", "parts": [False, node]}]},
    "contains": lambda node: {"type": "contains", "container": node, "item": 1},
}


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_condition_is_as_deep_as_can_be_evaluated_or_refused(wrap):
    for depth in (10, 45, 200, 2_000, 50_000):
        data = put(("rules", 1, "given"), deep(depth, WRAPS[wrap]))
        found = read(data)
        assert (found is not None) == (depth < 50), depth


def test_a_condition_too_deep_for_json_is_refused_when_built_in_python():
    condition = event.x == 1
    for _ in range(150):
        condition = ~condition
    with pytest.raises(JourneyError, match="nested at most 100 deep"):
        journey(Rule("r", when="start", given=condition, then=[MARK]))


def test_steps_nested_without_end_are_refused():
    steps = [{"type": "exit", "reason": "x"}]
    for _ in range(1_500):
        steps = [{"type": "branch", "condition": deep(0, None), "then": steps}]
    with pytest.raises(JourneyError, match="deeply"):
        journey_from_dict(put(("rules", 1, "then"), steps))


AGES = timedelta(days=36_526)


@pytest.mark.parametrize(
    "build",
    [
        lambda: sending(expires=AGES), lambda: sending(limit=cool_down(AGES)), lambda: sending(priority=10**30),
        lambda: sending(cost=10**700), lambda: sending(cost=Decimal("sNaN")), lambda: sending(content=Content(HALF)),
        lambda: sending("m" + HALF), lambda: Rule("r" * 201, when="start", then=[MARK]),
        lambda: Rule("r", when="start", then=[Wait(AGES)]), lambda: Rule("r", when="start", then=[Wait(years(101))]),
        lambda: Rule("r", when="start", then=[Wait(months(10**12))]),
        lambda: Rule("r", when="start", then=[WaitFor("x", timeout=AGES)]),
        lambda: Rule("r", when="start", then=[WaitUntil(event.x == 1, timeout=timedelta.max)]),
        lambda: Rule("r", when=Silent(timedelta.max), then=[MARK]), lambda: Rule("r", when="start", limit=times(HUGE),
        then=[]),
        lambda: Rule("r", when="start", goal=Goal("x", within=timedelta.max), then=[MARK]),
        lambda: Rule("r", when="start", given=event.x > HUGE, then=[MARK]),
        lambda: Rule("r", when="start", given=event.x > AT_THE_EDGE[0], then=[MARK]),
        lambda: Rule("r", when="start", given=event[HALF] == 1, then=[MARK]),
        lambda: Rule("r", when="start", given=event.x == HALF, then=[MARK]),
        lambda: Rule("r", when="start", then=[SetTrait("a", "x" * 100_000)]),
        lambda: Rule("r", when="start", then=[Emit("mark", {"a": HALF})]),
    ],
)  # fmt: skip
def test_what_could_not_be_worked_with_later_is_refused_when_the_journey_is_built(build):
    with pytest.raises(JourneyError) as caught:
        journey(build())
    assert len(str(caught.value)) < 3_000


def test_a_policy_of_ages_is_refused_in_a_journey():
    for item in (
        Cap(1, per=timedelta.max),
        Spacing(timedelta.max),
        Hold(cool_off=timedelta.max),
        Cap(10**30, per=days(1)),
    ):
        with pytest.raises(JourneyError):
            journey(sending(), policy=Policy(item))


@pytest.mark.parametrize(
    "parts", [[True] * 100_000, "x" * 100_000, [], {"type": "now"}, 5], ids=lambda parts: str(parts)[:9]
)
def test_only_so_many_conditions_are_joined_as_can_be_joined_quickly(parts):
    with pytest.raises(JourneyError, match=r"1 to 1,000 conditions|nested|takes numbers"):
        journey_from_dict(put(("rules", 1, "given"), {"type": "and", "parts": parts}))


@pytest.mark.parametrize("name", ["x", "price"])
def test_a_text_where_a_path_belongs_is_one_name(name):
    data = put(("rules", 1, "given"), {"type": "exists", "value": {"type": "field", "root": "event", "path": name}})
    assert journey_from_dict(data).rules[1].given.same_as(event[name].exists())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["type", "name", "path", "root", "value", "parts", "op", "days"]), inner,
    max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150)
@given(st.sampled_from(PLACES), json_values)
def test_any_json_anywhere_is_refused_or_read_like_any_other(path, value):
    read(put(path, value))


@settings(max_examples=60)
@given(st.text(max_size=40) | st.binary(max_size=40) | json_values.map(json.dumps))
def test_any_text_is_refused_as_no_journey(text):
    with pytest.raises(JourneyError):
        loads(text)


@pytest.mark.parametrize(
    "value", [nested(100), HALF, object(), {1}, float("nan"), datetime(2026, 1, 1), AT_THE_EDGE[1]]
)
def test_a_condition_takes_only_values_that_can_be_written(value):
    with pytest.raises((TouchpointError, TypeError)):
        journey(Rule("r", when="start", given=(event.x == value) & (count("x") > 1), then=[message() and MARK]))


def test_an_instant_in_an_odd_zone_is_kept_as_the_same_instant():
    odd = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=23, minutes=59, seconds=59)))
    made = journey(Rule("r", when="start", given=event.x > odd, then=[MARK]))
    assert loads(dumps(made)).rules[0].given.same_as(event.x > odd)
