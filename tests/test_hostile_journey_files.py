"""Files of journeys, bent and broken: nothing but our own errors, and the schema takes whatever the reader takes."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from test_journey_files import SHOP, shop
from touchpoint.errors import JourneyError
from touchpoint.files import read_text, schema, write_text

pytest.importorskip("yaml")
EXAMPLES = int(os.environ.get("TOUCHPOINT_FILES_EXAMPLES", "75"))

PIECES = [
    "\t", "\n", "  ", "- ", ": ", "{", "}", "[", "]", '"', "'", "#", "&a ", "*a", "!!str ", "|", ">", "%", "---\n",
    "...", "<<: ", "? ", "NO", "21:00", "null", "~", "=", "\x00", "\ufeff", "\u2028", "\\ud800", "é", "😀", "1e999",
    "9" * 30, "forever", "type: send", "calendar: {months: x}", "{type: calendar}", "[[[[", "(", "event.",
    "{type: literal, value: 3}", "__class__",
]  # fmt: skip


@st.composite
def bent(draw, text):
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        to = min(len(text), at + draw(st.integers(0, 12)))
        text = text[:at] + draw(st.sampled_from(PIECES) | st.text(max_size=3)) + text[to:]
    return text


def problems(text, **more):
    """What is wrong with a text; None where it is read."""
    try:
        read_text(text, file="x", **more)
    except JourneyError as error:
        return error.problems
    return None


@settings(max_examples=EXAMPLES)
@given(bent(SHOP))
def test_a_bent_file_in_yaml_is_read_or_refused_with_places(text):
    found = problems(text)
    lines = len(text.splitlines()) + 1
    assert found is None or all(1 <= each.place.line <= lines and each.place.column >= 1 for each in found)
    assert found != ()


@settings(max_examples=EXAMPLES)
@given(bent(write_text(shop(), json=True)))
def test_a_bent_file_in_json_is_read_or_refused_with_places(text):
    assert problems(text, json=True) != ()


VALUES = [None, True, 0, -1, 1.5, "", "x", "3d", "1 month", "forever", "NO", [], ["x"], {}, {"x": 1},
    {"type": "literal"}, {"calendar": {}}, {"entered": "lapsed"}, "= event.n", "event.n > 1", "09:00", "21:00-08:00",
    "2026-12-25", "10"]  # fmt: skip


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


@st.composite
def changed(draw):
    """The shop with one value taken away, replaced, or given another name."""
    data = json.loads(write_text(shop(), json=True))
    path = draw(st.sampled_from([path for path in places(data) if path]))
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    how = draw(st.sampled_from(["value", "value", "gone", "name"]))
    if how == "value" or isinstance(inner, list):
        inner[path[-1]] = draw(st.sampled_from(VALUES))
    elif how == "gone":
        del inner[path[-1]]
    else:
        inner[path[-1] + "x"] = inner.pop(path[-1])
    return data


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(data=changed())
def test_the_schema_takes_whatever_the_reader_takes(published, data):
    try:
        read_text(json.dumps(data), json=True)
    except JourneyError:
        return
    assert list(published.iter_errors(data)) == []


@pytest.fixture(scope="module")
def published():
    return pytest.importorskip("jsonschema").Draft202012Validator(schema())
