"""What parts of journeys may hold is asked of many at once: that says the same as asking each."""

from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest
from attrs import NOTHING
from hypothesis import given
from hypothesis import strategies as st

from journeys_strategy import journeys
from touchpoint import Content, Entered, Journey, Message, Rule, Send, Stage, days, event, forever, months, times
from touchpoint.errors import JourneyError
from touchpoint.journey import kinds
from touchpoint.journey.shapes import SHAPES
from touchpoint.journey.taken_apart import _frame_of, parts_of, walk_parts
from touchpoint.journey.validate import problems


class Text(str):
    """What a host may have in the place of a text."""

    __slots__ = ()


MESSAGE = Message(name="m", why="w", kind="service", channels=["email"], content=Content(text="t"))
SINGLE = [
    None, "", " ", "a", "ä", "order_placed", "no good", "\ud800", "x" * 201, Text("a"), "09:00", "send", "medium",
    "Europe/Madrid", "FREQ=DAILY", True, 0, 1, -1, 10**9 + 1, 1.5, float("nan"), Decimal(2), date(2026, 1, 1),
    timedelta(0), days(3), -days(1), days(40_000), months(1), months(2_000), forever, event.n > 1, event,
    Entered("s"), Send(MESSAGE), MESSAGE, MESSAGE.content["*"], Stage("s", phase="engage"), times(1), int, object(),
]  # fmt: skip
KINDS = [(f"{cls.__name__}.{name}", kind) for cls, shapes in SHAPES.items() for name, kind in shapes.items()]
single = st.sampled_from(SINGLE)
keys = st.sampled_from(["a", "*", "", 1])
held = single | st.lists(single, max_size=3).map(tuple) | st.dictionaries(keys, single, max_size=2)
wrapped = single.map(lambda one: MappingProxyType({"a": one}))


def test_what_fits_by_itself_fits_among_others_and_nothing_else_does():
    for name, kind in KINDS:
        for value in [*SINGLE, *((each,) for each in SINGLE), *({"a": each} for each in SINGLE), (), {}]:
            assert kinds.all_fit(kind, [value]) == kinds.test_of(kind)(value), (name, value)


@given(st.sampled_from(KINDS), st.lists(held | wrapped, min_size=1, max_size=4))
def test_many_fit_where_each_of_them_does(named, values):
    _, kind = named
    assert kinds.all_fit(kind, values) == all(map(kinds.test_of(kind), values))


def test_in_what_fits_a_bare_kind_there_are_no_parts():
    bare = [(name, kind) for name, kind in KINDS if kind.bare]
    for name, kind in bare:
        fitting = [each for each in SINGLE if kind.test(each)]
        assert [(name, each) for each in fitting if walk_parts(each, "$")] == []
    assert len(bare) > len(KINDS) / 2


def test_what_a_field_holds_by_default_and_nobody_looks_at_is_of_its_kind():
    for cls, shapes in SHAPES.items():
        frame = _frame_of(cls)
        fields = {} if frame is None else dict(zip(frame.kinds, frame.usual, strict=True))
        taken = [(name, usual) for name, usual in fields.items() if usual is not NOTHING]
        assert [(cls, name) for name, usual in taken if not kinds.test_of(shapes[name])(usual)] == []


@given(journeys())
def test_a_sound_journey_has_the_parts_that_are_found_everywhere(journey):
    assert list(parts_of(journey)) == list(walk_parts(journey, "$"))
    assert problems(journey) == ()


BLANK = Message(name="m", why="", kind="service", channels=["email"], content=Content(text="t"))


@pytest.mark.parametrize(("wrong", "inside"), [(BLANK, ""), ((BLANK,), "[0]"), ({"a": BLANK}, '["a"]')])
def test_parts_where_none_belong_are_looked_at_too(wrong, inside):
    """A message without a purpose is told, wherever it is."""
    with pytest.raises(JourneyError) as caught:
        Journey("j", rules=[Rule("r", when="a", why=wrong)])
    assert [each.path for each in caught.value.problems] == ["$.rules[0].why", f"$.rules[0].why{inside}.why"]


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (Content(text=5), ["text"]), (Content(text=None), ["text"]), (Content(text="", subject=5), ["subject"]),
        (Content(text="a {", subject=5), ["subject", "text"]), (Content(text="a", html=b"{"), ["html"]),
    ],
)  # fmt: skip
def test_words_that_are_no_text_are_told(content, wrong):
    said = Message(name="m", why="w", kind="service", channels=["email"], content=content)
    with pytest.raises(JourneyError) as caught:
        Journey("j", rules=[Rule("r", when="a", then=[Send(said)])])
    start = '$.rules[0].then[0].message.content["*"]'
    assert {each.path for each in caught.value.problems} >= {f"{start}.{part}" for part in wrong}
