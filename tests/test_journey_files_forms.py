"""Journeys as files: forms that are seldom written, and what is said of those that cannot be."""

import inspect
import json
import sys
from datetime import timedelta

import pytest

from test_journey_files import SHOP, at, only, problems
from touchpoint import Branch, Emit, Exit, Journey, Rule, SetTrait, Wait, cool_down, customer, days
from touchpoint.files import read_text, write_text
from touchpoint.files.nodes import Place
from touchpoint.files.yaml_text import yaml_text
from touchpoint.model.limits import Limit

pytest.importorskip("yaml")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "shift", "message"),
    [
        ("- wait: 1 month", "- wait: {calendar: 3}", 19, "calendar: takes names such as months: 1"),
        ("silent: 120d,", "silent: usual(0),", 8, "'usual(0)' is not so many times the usual gap"),
        ("silent: 120d,", "silent: usual(1..5),", 8, "'usual(1..5)' is not so many times the usual gap"),
        ("silent: 120d,", "silent: usual('1.1.1'),", 8, "\"usual('1.1.1')\" is not so many times the usual gap"),
        ("branch: not case_open()", "branch: count(order_placed, within=0d) > 2", 8, "within= must be a timedelta"),
        ("branch: not case_open()", "branch: {type: Wrong}", 8, "there is no type 'Wrong'"),
        ("limit: once", "limit: {once: 3}", 14, "'once' takes names with values, such as per_key"),
        ("- wait: 1 month", "- wait: 1d\n        length: 2d", 19, "'length' is given already, at 'wait' itself"),
        (
            "  - cap: 2",
            "  - consent_rules: [marketing]\n  - cap: 2",
            20,
            "expected names with values, such as channels",
        ),
    ],
)
def test_a_mistake_in_a_rare_form_is_told_where_it_stands(old, new, shift, message):
    text, line, column = at(SHOP, old, new)
    (found,) = [each for each in problems(text) if message in each.message]
    begins = new[: shift + 1]
    place = Place(line + begins.count("\n"), column + shift) if "\n" not in begins else Place(line + 1, 9)
    assert found.place == place


def test_a_condition_of_several_lines_says_in_which_of_them_the_mistake_is():
    new = "wait_until: |\n          customer.seen and\n          customer.vip = true"
    text, line, column = at(SHOP, "wait_until: customer.seen", new)
    (found,) = problems(text)
    assert "(line 2, column 14 of the condition)" in found.message
    assert found.place == Place(line, column + len("wait_until: "))


@pytest.mark.parametrize(("as_json", "nested"), [(False, "["), (True, "["), (True, '{"a":')])
def test_a_file_nested_too_deeply_is_refused_at_its_beginning(as_json, nested):
    (found,) = problems(nested * 20_000, json=as_json)
    assert "nested" in found.message


def deep_in_a_program(frames, do):
    return do() if frames == 0 else deep_in_a_program(frames - 1, do)


def test_a_file_is_refused_and_not_the_program_ended_where_little_is_left_of_its_stack():
    steps = [{"exit": "no"}]
    for _ in range(40):
        steps = [{"branch": "customer.vip", "then": steps}]
    text = json.dumps({"touchpoint": 1, "journey": "shop", "rules": [{"rule": "r", "when": "x", "then": steps}]})
    assert only(text, json=True).rules[0].then[0].then
    left = sys.getrecursionlimit() - len(inspect.stack(0)) - 100
    (found,) = deep_in_a_program(left, lambda: problems(text, json=True))
    assert found.message == "a journey cannot be nested as deeply as this one"


def test_a_broken_policy_of_the_house_does_not_hide_what_is_wrong_with_a_journey():
    text = SHOP.replace("touchpoint: 1\n", "").replace("limit: once", "limit: twice")
    inner = "\n".join(f"    {line}" if line else "" for line in text.splitlines())
    found = problems(f"touchpoint: 1\npolicy: [{{cap: two, per: 7d}}]\njourneys:\n  -\n{inner}\n")
    assert ["a whole number" in str(found[0]), "once_per_stage" in str(found[1]), len(found)] == [True, True, 2]


@pytest.mark.parametrize("number", ["-", "-x", "- 1"])
def test_a_number_that_is_none_is_told_in_json(number):
    (found,) = problems(f'{{"touchpoint": {number}}}', json=True)
    assert found.message == "this is no number as JSON writes one"
    assert found.place == Place(1, 16)


# --- what is read and written -----------------------------------------------------------------------------------------


def test_a_condition_may_stand_as_dump_writes_it():
    tree = "branch: {type: field, root: customer, path: [vip]}"
    found = only(SHOP.replace("branch: not case_open()", tree)).rules[1].then[0]
    assert found.condition.same_as(customer.vip)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_condition_too_long_for_text_is_written_as_a_tree_and_read_back(as_json):
    long = customer.note.in_([f"note {n} of many" for n in range(2_000)])
    steps = [Branch(long, then=[Exit("no")]), SetTrait("noted", long)]
    journey = Journey("shop", rules=[Rule("r", when="x", then=steps)])
    (same,) = read_text(write_text(journey, json=as_json), json=as_json).journeys
    assert same == journey


@pytest.mark.parametrize(
    "limit",
    [Limit("once", 2), Limit("once", 1, days(3)), Limit("cool_down", 2, days(3)), Limit("cool_down", 1, days(3)),
     cool_down(days(3), per_key=True), Limit("times", 2)],
)  # fmt: skip
def test_every_limit_that_can_be_made_is_read_as_it_was_written(limit):
    journey = Journey("shop", rules=[Rule("r", when="x", key="order", limit=limit, then=[Wait(days(1))])])
    assert only(write_text(journey)).rules[0].limit == limit


@pytest.mark.parametrize("number", [1e16, 1e-7, 1.5e300, -1e22, 0.1, 12345678901234567890])
def test_a_number_is_the_same_number_in_yaml(number):
    journey = Journey("shop", rules=[Rule("r", when="x", then=[Emit("seen", {"n": number})])])
    written = write_text(journey)
    (value,) = only(written).rules[0].then[0].properties.values()
    assert (type(value.value), value.value) == (type(number), number)


def test_a_round_exponent_is_written_with_a_point_for_readers_of_older_yaml():
    assert yaml_text({"n": 1e16}).strip() == '"n": 1.0e+16'


def test_a_length_needs_a_unit_even_where_nothing_is_meant():
    assert only(SHOP.replace("cool_off: 2d", "cool_off: 0d")).policy.items[3].cool_off == timedelta(0)
