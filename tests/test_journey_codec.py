import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from dateutil.relativedelta import FR, relativedelta
from hypothesis import given, settings

from journeys_strategy import DECLARED, OrderPlaced, Person, journeys
from sizing import examples
from touchpoint.durations import days, forever, months
from touchpoint.errors import JourneyError
from touchpoint.journey.codec import definition_hash, dumps, journey_from_dict, journey_to_dict, loads
from touchpoint.journey.conditions import count, event
from touchpoint.journey.journey import Journey
from touchpoint.journey.rule import Rule
from touchpoint.journey.steps import Branch, Emit, Exit, SetTrait, Wait, WaitFor


def journey(*steps, **more):
    return Journey("j", rules=[Rule("r", when="go", then=list(steps), **more)])


def written(*steps, **more):
    return journey_to_dict(journey(*steps, **more))


def step(*steps):
    return written(*steps)["rules"][0]["then"][0]


def problems(data, **more):
    with pytest.raises(JourneyError) as caught:
        journey_from_dict(data, **more)
    return {problem.path: problem.message for problem in caught.value.problems}


# HOUSE 2
@given(journeys())
@settings(max_examples=examples(40))
def test_a_journey_is_written_and_read_without_loss(one):
    text = dumps(one)
    back = loads(text, types=DECLARED)
    assert back == one
    assert dumps(back) == text


@given(journeys())
@settings(max_examples=examples(15))
def test_what_is_written_is_json_and_nothing_else(one):
    data = journey_to_dict(one)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert definition_hash(loads(dumps(one), types=DECLARED)) == definition_hash(one)


# S11.6
def test_every_object_carries_its_stable_name():
    data = written(WaitFor("paid", timeout=days(3)))
    assert (data["format"], data["version"], data["type"]) == ("touchpoint.journey", 1, "journey")
    assert data["rules"][0]["then"] == [
        {
            "type": "waitfor",
            "trigger": [{"type": "on", "touchpoint": "paid"}],
            "timeout": {"type": "elapsed", "days": 3},
        }
    ]


def test_a_condition_reads_like_one():
    assert step(Branch(event.score <= 2))["condition"] == {
        "type": "compare",
        "op": "<=",
        "left": {"type": "field", "root": "event", "path": ["score"]},
        "right": 2,
    }


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(hours=36), {"type": "elapsed", "days": 1, "hours": 12}),
        (timedelta(microseconds=1), {"type": "elapsed", "microseconds": 1}),
        (timedelta(0), {"type": "elapsed"}),
        (months(1), {"type": "calendar", "months": 1}),
        (relativedelta(weekday=FR(-1), hour=0), {"type": "calendar", "hour": 0, "weekday": "FR(-1)"}),
    ],
)
def test_lengths_are_written_to_be_read_by_people(length, expected):
    assert step(Wait(length))["length"] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("9.90"), {"type": "decimal", "value": "9.90"}),
        (date(2026, 3, 1), {"type": "date", "value": "2026-03-01"}),
        (datetime(2026, 3, 1, 10, tzinfo=UTC), {"type": "instant", "value": "2026-03-01T10:00:00+00:00"}),
        (True, True),
        (["a", 1], ["a", 1]),
    ],
)
def test_values_keep_their_types(value, expected):
    assert step(SetTrait("t", value))["value"] == {"type": "literal", "value": expected}


def test_forever_is_written_as_such():
    assert step(WaitFor("paid", timeout=forever))["timeout"] == {"type": "forever"}


def test_a_property_may_be_called_type():
    one = journey(Emit("x", {"type": 1}))
    assert loads(dumps(one)) == one


def test_fields_at_their_default_are_left_out():
    assert written()["rules"] == [{"type": "rule", "name": "r", "when": [{"type": "on", "touchpoint": "go"}]}]


def test_triggers_may_be_written_by_hand_as_bare_types():
    data = written()
    data["rules"][0]["when"] = ["go"]
    assert journey_from_dict(data) == journey()


# --- declared classes -------------------------------------------------------------------------------------------------


def test_declared_classes_are_kept_by_name():
    data = journey_to_dict(Journey("j", touchpoints=[OrderPlaced], traits=Person))
    assert (data["touchpoints"], data["traits"]) == (["order_placed"], "person")


def test_declared_classes_are_found_among_those_handed_in():
    one = Journey("j", touchpoints=[OrderPlaced], traits=Person)
    back = loads(dumps(one), types=[Person, OrderPlaced])
    assert (back.touchpoints, back.traits) == ((OrderPlaced,), Person)


def test_a_declared_class_that_is_not_handed_in_is_named():
    data = journey_to_dict(Journey("j", touchpoints=[OrderPlaced], traits=Person))
    found = problems(data, types=[Person])
    assert list(found) == ["$.touchpoints[0]"]
    assert "order_placed" in found["$.touchpoints[0]"]


# --- what cannot be read ----------------------------------------------------------------------------------------------


def test_an_unknown_type_is_named_with_the_one_that_was_meant():
    data = written(Wait(days(1)))
    data["rules"][0]["then"][0]["type"] = "wiat"
    assert problems(data) == {"$.rules[0].then[0]": "there is no type 'wiat'; did you mean 'wait'?"}


def test_a_value_that_cannot_be_is_reported_with_its_path():
    data = written(Exit(), Branch(event.a == 1, then=[WaitFor("x", timeout=days(1))]))
    data["rules"][0]["then"][1]["then"][0]["timeout"] = {"type": "elapsed", "days": -1}
    assert "negative" in problems(data)["$.rules[0].then[1].then[0]"]


def test_every_problem_is_reported_at_once():
    data = written(WaitFor("x", timeout=days(1)), Exit())
    first, second = data["rules"][0]["then"]
    first["timeout"] = {"type": "elapsed", "dyas": 1}
    first["timeuot"] = 3
    second["reason"] = {"no": "type"}
    data["rules"].append({"type": "rule", "when": []})
    assert problems(data) == {
        "$.rules[0].then[0].timeout.dyas": "'elapsed' has no such field; did you mean 'days'?",
        "$.rules[0].then[0].timeuot": "'waitfor' has no such field; did you mean 'timeout'?",
        "$.rules[0].then[1].reason": 'an object says what it is: give it a "type", such as "send"',
        "$.rules[1].name": "is required in 'rule'",
    }


def test_a_journey_that_can_be_read_is_validated_too():
    data = written(WaitFor("x", timeout=days(1)))
    del data["rules"][0]["then"][0]["timeout"]
    assert list(problems(data)) == ["$.rules[0].then[0].timeout"]


# S4.6
def test_a_condition_that_could_not_be_written_cannot_be_read():
    data = written(Branch(count("x", within=days(1), where=event.n < event.m) > 1))
    where = data["rules"][0]["then"][0]["condition"]["left"]["where"]
    where["right"] = {"type": "count", "touchpoint": "y"}
    assert "history" in problems(data)["$.rules[0].then[0].condition.left"]


def test_an_unknown_operator_is_refused():
    data = written(Branch(event.n == 1))
    data["rules"][0]["then"][0]["condition"]["op"] = "=<"
    assert "'=<'" in problems(data)["$.rules[0].then[0].condition"]


@pytest.mark.parametrize(
    ("part", "value", "path"),
    [
        ("given", {"type": "field", "root": "evnet", "path": ["a"]}, "$.rules[0].given"),
        (
            "given",
            {"type": "literal", "value": {"type": "instant", "value": "2026-03-01T10:00:00"}},
            "$.rules[0].given.value",
        ),
        ("then", [{"type": "wait", "length": {"type": "calendar", "weekday": "monday"}}], "$.rules[0].then[0].length"),
        ("then", [{"type": "emit", "touchpoint": "x", "properties": []}], "$.rules[0].then[0].properties"),
        (
            "then",
            [{"type": "emit", "touchpoint": "x", "properties": {"a b": {}}}],
            '$.rules[0].then[0].properties["a b"]',
        ),
        (
            "then",
            [{"type": "settrait", "trait": "x", "value": {"type": "decimal", "value": "x"}}],
            "$.rules[0].then[0].value",
        ),
        ("limit", {"type": "limit", "kind": "times", "n": "3"}, "$.rules[0].limit"),
        ("why", {1, 2}, "$.rules[0].why"),
    ],
)
def test_a_part_that_cannot_be_read_is_reported_with_its_path(part, value, path):
    data = written()
    data["rules"][0][part] = value
    assert list(problems(data)) == [path]


@pytest.mark.parametrize("parts", [{"rules": 5}, {"touchpoints": "x"}, {"touchpoints": [5]}, {"traits": []}])
def test_a_journey_of_odd_parts_is_refused(parts):
    with pytest.raises(JourneyError):
        journey_from_dict({**written(), **parts})


# S11.6
def test_a_newer_version_is_refused():
    with pytest.raises(JourneyError, match="version 2"):
        journey_from_dict({**written(), "version": 2})


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        None,
        {"format": "touchpoint.journey"},
        {"format": "x", "version": 1},
        {"format": "touchpoint.journey", "version": "1"},
    ],
)
def test_something_else_is_refused(data):
    with pytest.raises(JourneyError, match="journey"):
        journey_from_dict(data)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_a_text_that_is_no_json_is_refused(text):
    with pytest.raises(JourneyError):
        loads(text)


def test_a_journey_nested_too_deeply_is_refused():
    node = {"type": "not", "part": True}
    for _ in range(2_000):
        node = {"type": "not", "part": node}
    data = written(Branch(event.n == 1))
    data["rules"][0]["then"][0]["condition"] = node
    with pytest.raises(JourneyError, match="deeply"):
        journey_from_dict(data)


# --- the hash ---------------------------------------------------------------------------------------------------------


def test_the_hash_is_16_hexadecimal_digits_that_never_change():
    assert definition_hash(journey(Wait(days(1)))) == "7e6392c93b2f6804"


def test_the_hash_differs_for_another_definition():
    assert definition_hash(journey(Wait(days(1)))) != definition_hash(journey(Wait(days(2))))


def test_the_hash_does_not_depend_on_the_order_of_a_mapping():
    one, other = journey(Emit("x", {"a": 1, "b": 2})), journey(Emit("x", {"b": 2, "a": 1}))
    assert definition_hash(one) == definition_hash(other)


def test_a_field_that_says_its_default_changes_no_hash():
    one = journey()
    assert definition_hash(attrs.evolve(one, stages=[])) == definition_hash(one)
