"""The published JSON Schema takes what the reader takes, refuses what it refuses, and tells editors what it means."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from journeys_strategy import journeys
from sizing import examples
from touchpoint.errors import JourneyError
from touchpoint.files import read_text, schema, write_text
from touchpoint.files.words import family
from touchpoint.journey.codec import PARTS

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parent.parent
GOOD = {
    "touchpoint": 1,
    "journey": "shop",
    "cases": ["late", {"case": "complaint", "respond_within": "24h"}],
    "stages": [{"stage": "buyer", "phase": "engage", "when": ["order", {"silent": "3d"}], "given": "event.n == 1"}],
    "messages": {"hello": {"why": "x", "channels": "email", "content": "Hello", "cost": "0.10", "expires": "7d"}},
    "surveys": {"how": {"why": "x", "channels": ["email"], "content": {"de": {"text": "Wie?"}, "*": {"text": "How?"}}}},
    "rules": [
        {
            "rule": "greet",
            "when": {"entered": "buyer"},
            "limit": {"times": 1, "per": "30d"},
            "exit": ["order", "customer.vip == true", {"condition": "customer.vip"}],
            "goal": {"trigger": "order", "within": "3d"},
            "then": [
                {"send": "hello", "still": "customer.vip"},
                {"ask": {"message": "how", "otherwise": [{"exit": "not sent"}]}},
                {"wait": {"until": "09:00"}},
                {
                    "wait_for": "order",
                    "timeout": "forever",
                    "then": [{"branch": "event.n > 1", "then": [{"wait": "1d"}]}],
                },
                {"emit": "x", "properties": {"a": "= event.n", "b": [1, "two", None]}},
            ],
        }
    ],
    "policy": [
        {"cap": 2, "per": "7d"},
        {"quiet_hours": "21:00-08:00", "unknown_zone": "deny"},
        {"hold": {"cool_off": "2d"}},
    ],
}


MADE = schema()
JUDGE = jsonschema.Draft202012Validator(MADE)


@pytest.fixture
def validator():
    return JUDGE


def test_the_published_schema_is_that_of_the_code():
    # After a change of the language: touchpoint schema > docs/reference/touchpoint.schema.json
    assert json.loads((ROOT / "docs/reference/touchpoint.schema.json").read_text("utf-8")) == MADE


def test_it_is_a_schema_of_the_dialect_that_it_names():
    assert MADE["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(MADE)


def changed(*path, value=None):
    """The good file with another value at a path; None takes it away."""
    data = json.loads(json.dumps(GOOD))
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return data


def test_what_is_good_is_taken_by_both(validator):
    validator.validate(GOOD)
    assert read_text(json.dumps(GOOD), json=True).journeys


STEPS = ("rules", 0, "then")
WRONG = {
    "no version": changed("touchpoint"),
    "another version": changed("touchpoint", value=2),
    "no name": changed("journey"),
    "a name that is no text": changed("journey", value=3),
    "an unknown section": changed("survey", value={}),
    "an unknown step": changed(*STEPS, 0, value={"sned": "hello"}),
    "a step that is text": changed(*STEPS, 0, value="hello"),
    "an empty step": changed(*STEPS, 0, value={}),
    "a misspelt field of a step": changed(*STEPS, 0, value={"send": "hello", "stil": "customer.vip"}),
    "a misspelt field inside": changed(*STEPS, 0, value={"wait_for": {"trigger": "order", "timout": "3d"}}),
    "fields inside and beside": changed(*STEPS, 0, value={"wait_for": {"trigger": "order"}, "timeout": "3d"}),
    "a number for a length": changed(*STEPS, 2, value={"wait": 3}),
    "a list for a length": changed(*STEPS, 2, value={"wait": ["3d"]}),
    "a step inside of an arm": changed(*STEPS, 3, "then", 0, "then", 0, value={"wiat": "1d"}),
    "a step without what it needs": changed(*STEPS, 4, value={"set_trait": "x"}),
    "a limit that is none": changed("rules", 0, "limit", value="twice"),
    "an unknown limit": changed("rules", 0, "limit", value={"often": 3}),
    "a concurrency that is none": changed("rules", 0, "concurrency", value="queue"),
    "a priority that is no number": changed("rules", 0, "priority", value="high"),
    "an unknown field of a rule": changed("rules", 0, "wen", value="order"),
    "an unknown trigger": changed("rules", 0, "when", value={"enterd": "buyer"}),
    "a trigger with an unknown field": changed("rules", 0, "when", value={"silent": "3d", "off": "order"}),
    "a type with a space": changed("rules", 0, "when", value="an order"),
    "a goal with an unknown field": changed("rules", 0, "goal", value={"trigger": "order", "in": "3d"}),
    "a stage without a phase": changed("stages", 0, "phase"),
    "a phase that is none": changed("stages", 0, "phase", value="convert"),
    "a case with an unknown field": changed("cases", 1, "respond", value="1d"),
    "a message with an unknown field": changed("messages", "hello", "whi", value="x"),
    "a message that is text": changed("messages", "hello", value="Hello"),
    "a scale of a message that is no survey": changed("messages", "hello", "scale", value="nps"),
    "a scale that is none": changed("surveys", "how", "scale", value="stars"),
    "content with an unknown part": changed("surveys", "how", "content", "de", value={"txt": "x"}),
    "an unknown part of a policy": changed("policy", 0, value={"capp": 2}),
    "a cap without a period": changed("policy", 0, value={"cap": 2}),
    "quiet hours without a zone": changed("policy", 1, value={"quiet_hours": "21:00-08:00"}),
    "quiet hours that are none": changed("policy", 1, "quiet_hours", value="nights"),
    "an over that is none": changed("policy", 0, "over", value="drop"),
    "journeys beside a journey's own parts": {"touchpoint": 1, "journeys": [], "rules": []},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_by_both(validator, name):
    assert not validator.is_valid(WRONG[name])
    with pytest.raises(JourneyError):
        read_text(json.dumps(WRONG[name]), json=True)


@settings(max_examples=examples(25))
@given(journeys())
def test_whatever_is_written_is_taken(journey):
    found = list(JUDGE.iter_errors(json.loads(write_text(journey, json=True))))
    assert found == []


def test_every_example_is_taken(validator):
    from touchpoint.cli.loading import load

    found = [path for path in (ROOT / "examples").glob("*.*") if "ourney" in path.read_text("utf-8")]
    programs = [load(path) for path in found if path.suffix in (".py", ".yaml") and not path.name.startswith("make_")]
    journeys = [journey for program in programs for journey in program.journeys]
    assert len(journeys) >= 2
    for journey in journeys:
        validator.validate(json.loads(write_text(journey, json=True)))


def test_the_example_in_yaml_is_the_one_in_python():
    # After a change of it: touchpoint export examples/coffee_club.py > examples/coffee_club.yaml
    from touchpoint.cli.loading import load

    of_yaml, of_python = (load(ROOT / f"examples/coffee_club{ending}") for ending in (".yaml", ".py"))
    assert (of_yaml.journeys, of_yaml.events, of_yaml.grant) == (of_python.journeys, of_python.events, of_python.grant)
    text = write_text(*of_yaml.journeys, events=["coffee_club.jsonl"], grant=of_yaml.grant)
    assert (ROOT / "examples/coffee_club.yaml").read_text("utf-8") == text


def test_every_yaml_example_of_the_documentation_is_taken(validator):
    yaml = pytest.importorskip("yaml")
    import re

    page = (ROOT / "docs/how-to/write-a-journey-in-yaml.md").read_text("utf-8")
    blocks = re.findall(r"^```yaml\n(touchpoint.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        validator.validate(yaml.safe_load(block))


def test_every_word_says_what_it_is():
    made = MADE["$defs"]
    words = [word for name in ("step", "trigger", "policy", "requirement") for word in family(name)]
    assert [word for word in words if len(made[word].get("description", "")) < 10] == []
    assert "what to send" in made["send"]["anyOf"][1]["properties"]["send"]["properties"]["message"]["description"]


def test_every_class_of_the_language_has_its_place_in_files():
    from touchpoint.files import parts
    from touchpoint.files.reading import SECTIONS
    from touchpoint.files.words import word_of
    from touchpoint.journey.calendar_triggers import Usual
    from touchpoint.journey.expressions import Expression
    from touchpoint.journey.triggers import On
    from touchpoint.model.limits import Limit

    made = MADE["$defs"]
    left = [cls for cls in PARTS if not issubclass(cls, Expression) and word_of(cls).word not in made]
    assert set(left) <= {On, Limit, Usual, *SECTIONS.values(), parts.Policy}
