"""YAML that tools read in different ways, or that is more than data, is refused with its place and how to write it."""

import time
from contextlib import suppress

import pytest

from touchpoint.errors import JourneyError, MissingExtra
from touchpoint.files import read_text
from touchpoint.files.nodes import Place, plain
from touchpoint.files.yaml_nodes import resolved, yaml_nodes

pytest.importorskip("yaml")

FILE = """\
touchpoint: 1
journey: shop
messages:
  hello:
    why: greet
    channels: [email]
    topic: TOPIC
    content: {text: Hello}
rules:
  - rule: greet
    when: order
    then:
      - send: hello
      - set_trait: country
        value: VALUE
      - wait: {until: TIME}
"""


def problems(text):
    with pytest.raises(JourneyError) as caught:
        read_text(text, file="shop.yaml")
    return caught.value.problems


def written(topic="beans", value="DE", until='"09:00"'):
    return FILE.replace("TOPIC", topic).replace("VALUE", value).replace("TIME", until)


def test_the_file_without_traps_is_read():
    assert [each.name for each in read_text(written()).journeys] == ["shop"]


TRAPS = ["NO", "no", "yes", "Off", "on", "y", "N", "21:00", "1:30:00", "0o17", "017", "0x1F", "1_000", "1e3", ".5",
    "5.", "0b101", ".inf", ".NaN", "2026-03-01", "2026-03-01T10:00:00Z", "2026-3-1 10:00:00", "="]  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_a_plain_word_that_tools_do_not_agree_on_is_refused_where_it_stands(trap):
    for text, place in ((written(topic=trap), Place(7, 12)), (written(value=trap), Place(15, 16))):
        (problem,) = problems(text)
        assert problem.place == place
        assert f'"{trap}"' in problem.message


@pytest.mark.parametrize("trap", ["NO", "21:00", "0o17", "1_000", "1e3", "2026-03-01", "null", "true", "12", "~"])
def test_the_same_word_in_quotes_is_text(trap):
    found = read_text(written(topic=f'"{trap}"', value=f"'{trap}'"))
    (journey,) = found.journeys
    assert journey.messages["hello"].topic == trap
    assert journey.rules[0].then[1].value.value == trap


def test_a_time_of_day_without_quotes_is_told_to_take_them():
    (problem,) = problems(written(until="09:00"))
    assert str(problem) == (
        "shop.yaml:16:23: $.rules[0].then[2].until: "
        'some tools read a plain 09:00 as a number in base 60: write "09:00" in quotes'
    )


ALIKE = [("null", None), ("~", None), ("true", True), ("FALSE", False), ("-12", -12),
    ("1.50", 1.5), ("1.0e+16", 1e16), ("DE", "DE"), ("norway", "norway"), ("1.2.3", "1.2.3"), ("3d", "3d"),
    ("1-2", "1-2")]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), ALIKE)
def test_a_plain_word_that_all_tools_read_alike_means_that(text, value):
    found = resolved(text)
    assert (found, type(found[0])) == ((value, ""), type(value))


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: &x 1\nb: *x", (1, 4), "anchors (&) and aliases (*)"),
        ("a: *x", (1, 4), "anchors (&) and aliases (*)"),
        ("a: {<<: 1}", (1, 5), "merge keys (<<)"),
        ("a: !!python/object/apply:os.system [ls]", (1, 4), "tags (!)"),
        ("a: ! x", (1, 4), "tags (!)"),
        ("%YAML 1.1\n---\na: 1", (1, 1), "directives (%)"),
        ("%TAG ! tag:x,2000:\n---\na: 1", (1, 1), "directives (%)"),
        ("---\na: 1\n---\nb: 1", (3, 1), "a second document"),
        ("a: 1\nb: 2\na: 3", (3, 1), "'a' stands here twice, first at 1:1"),
        ("a:\n\t- x", (2, 1), "a tab cannot stand here"),
        ("no: x", (1, 1), "true or false"),
        ("12: x", (1, 1), "a name is a text"),
        ("null: x", (1, 1), "a name is a text"),
        ("? [a]\n: 1", (1, 3), "a name is a text"),
        ("a: {b}: 1", (1, 7), "mapping values are not allowed"),
        ('a: "\\ud800"', (1, 4), "surrogate"),
        ('a: "\\U99999999"', (1, 1), "no YAML that can be read"),
        ("a: \x07", (1, 4), "a character that no YAML file may hold"),
        ("a: 'x", (1, 6), "unexpected end of stream"),
        ("a: b: c", (1, 5), "mapping values are not allowed"),
        ("[" * 5000, (1, 101), "nested at most"),
        ("a: " + "9" * 5000, (1, 4), "digits"),
        ("", (1, 1), "the file is empty"),
        ("# only a comment", (1, 1), "the file is empty"),
    ],
)
def test_more_of_yaml_than_is_taken_is_refused_with_its_place(text, place, message):
    if message == "digits":
        node = yaml_nodes(text, "x")
        assert message in node.entries[0].value.trap
        return
    (problem,) = problems(text)
    assert (message in problem.message, problem.place) == (True, Place(*place)), str(problem)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert problems(bomb)[0].place == Place(1, 4)


LARGE = ["a:\n" + "  - x: 1\n" * 4_000, "a: " + "x" * 300_000, "- " * 90 + "x",
    "a: [" + "x, " * 4_000 + "x]",
    "'" + "x" * 300_000, "a: |\n" + " x\n" * 100_000, "{" * 99, "a: {" + "b: [" * 40,
    "? " * 100_000, "- \n" * 100_000]  # fmt: skip


@pytest.mark.untraced
@pytest.mark.parametrize("text", LARGE)
def test_large_files_take_seconds_at_most(text):
    begun = time.process_time()
    with suppress(JourneyError):
        yaml_nodes(text, "x")
    assert time.process_time() - begun < 15


def test_comments_blocks_and_both_kinds_of_quotes_are_read():
    node = yaml_nodes("# a file\na: |-\n  one\n\n  two\nb: 'it''s' # so\nc: \"x\\ty\"\n", "x")
    assert plain(node) == {"a": "one\n\ntwo", "b": "it's", "c": "x\ty"}


def test_without_pyyaml_json_works_and_yaml_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtra, match=r"touchpoint\[yaml\]"):
        read_text("touchpoint: 1")
    assert read_text('{"touchpoint": 1, "journey": "x"}', json=True).journeys[0].name == "x"
