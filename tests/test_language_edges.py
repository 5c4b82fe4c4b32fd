"""Corners of the language: what is refused and how it is said, what declared types tell, where the calendar ends."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Literal

import attrs
import pytest

from making import MARK, engine_of, journey, message
from touchpoint import (
    Anniversary,
    CaseType,
    Content,
    Exposed,
    Hold,
    HoldOut,
    InvalidInput,
    JourneyError,
    Left,
    LeftSegment,
    Preferences,
    React,
    Referred,
    Rule,
    Send,
    Spacing,
    Wait,
    WaitFor,
    customer,
    days,
    event,
    forever,
    times,
)
from touchpoint.journey.choices import choices_of, plain_types_of
from touchpoint.journey.codec import dumps, loads
from touchpoint.journey.recurrence import next_date, recurrence
from touchpoint.policy.phrases import folded, says
from touchpoint.rules import ContentRules

if TYPE_CHECKING:
    from nowhere import Thing

# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Spacing(timedelta(0)), r"Spacing\(\) takes an elapsed time longer than nothing"),
        (
            lambda: Hold(while_open=[CaseType("c")], kinds=["service"], cool_off=-days(1)),
            "cool_off=. cannot be negative",
        ),
        (lambda: Wait(forever), r"Wait\(forever\) would never go on"),
        (lambda: Anniversary("born", before=-days(1)), r"before= is a length such as days\(7\)"),
        (lambda: Anniversary("born", before="soon"), r"before= is a length such as days\(7\)"),
        (
            lambda: Rule("r", when=CaseType("help"), then=[MARK]),
            r"say CaseOpened\(help\), CaseClosed\(help\) or CaseOverdue\(help\)",
        ),
        (lambda: times(2, per=timedelta(0)), "a period must be longer than nothing, got 0:00:00"),
        (lambda: journey(Rule("r", when="x", then=[React("{customer.x", why="w")])), "a reaction is one sign"),
    ],
)
def test_what_makes_no_sense_is_refused_and_says_what_to_write(make, says):
    with pytest.raises(JourneyError, match=says):
        make()


def test_a_template_that_cannot_be_read_is_refused_once_and_breaks_nothing_else():  # S6.2
    broken = message(content=Content(text="Hello {customer.name"))
    with pytest.raises(JourneyError) as refused:
        journey(Rule("r", when="x", then=[Send(broken)]))
    assert len(refused.value.problems) == 1


def test_no_more_than_a_thousand_channels_can_be_switched_off():  # S7.4
    with pytest.raises(InvalidInput, match="at most 1,000 channels or topics"):
        Preferences(channels_off=[f"c{n}" for n in range(1_001)])


def test_a_file_that_asks_a_message_for_what_nothing_tells_is_refused():
    from touchpoint import opened

    text = dumps(journey(Rule("r", when="x", then=[Send(message()), WaitFor("y", forever, given=opened("hello"))])))
    with pytest.raises(JourneyError, match="nothing tells of a message that it was 'sniffed'"):
        loads(text.replace('"opened"', '"sniffed"'))


class Moody(tzinfo):
    """A time zone of a host's own that does what it likes."""

    def utcoffset(self, _):
        raise RuntimeError("secret")

    def tzname(self, _):
        return "moody"

    def dst(self, _):
        return None


def test_an_instant_whose_time_zone_raises_is_refused():  # S2.1
    engine = engine_of(Rule("r", when="x", then=[MARK]))
    with pytest.raises(InvalidInput) as refused:
        engine.record("ann", "x", {"when": datetime(2026, 3, 2, tzinfo=Moody())})
    assert "secret" not in str(refused.value)


# --- said -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Left("new"), "left new"),
        (LeftSegment("vip"), "left segment vip"),
        (Exposed("offer"), "exposed to offer"),
        (Exposed("offer", "a"), "exposed to offer (a)"),
        (Referred(), "referral of a friend"),
        (Referred("order_placed"), "first order_placed of a referred friend"),
        (HoldOut("control", percent=10), "hold-out control of 10 %"),
        (ContentRules([], unknown_jurisdiction="EU"), "content rules"),
    ],
)
def test_parts_of_a_journey_are_said_in_words(value, words):
    assert str(value) == words


def test_a_condition_may_begin_with_a_literal():
    assert str(False | (customer.vip)) == str(False | customer.vip)
    for value, text in [(2 * event.n > 3, "2 * event.n > 3"), (2 / event.n > 3, "2 / event.n > 3")]:
        assert str(value) == text


def test_an_arm_that_is_left_open_has_no_steps():
    assert WaitFor("x", forever, then=None, otherwise=None).then == ()


def test_a_phrase_without_letters_is_said_nowhere():  # S6.2
    assert (says(folded("Hello!"), folded("!")), says(folded("Hello!"), folded("hello"))) == (False, True)


# --- declared types ---------------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Order:
    gift: bool
    colour: Colour | None
    size: Literal["s", "m"]
    on: date
    pair: tuple[int, ...] = ()
    names: Sequence[str] = ()
    amount: Decimal = Decimal(0)


@attrs.frozen
class Hidden:
    thing: "Thing"


@pytest.mark.parametrize(
    ("cls", "path", "values"),
    [
        (Order, "gift", (True, False)),
        (Order, "colour", ("red", "blue", None)),
        (Order, "size", ("s", "m")),
        (Order, "on", None),
        (Hidden, "thing", None),
        (int, "real", None),
    ],
)
def test_a_declared_type_says_which_values_there_are(cls, path, values):
    assert choices_of(cls, (path,)) == values


def test_what_is_no_declared_class_has_no_plain_types():
    assert plain_types_of(int, ("real",)) is None
    assert plain_types_of(Order, ("on",)) == (date,)


def test_dates_and_sequences_of_declared_touchpoints_are_read():  # S1.2
    given = {"gift": True, "colour": None, "size": "s", "on": date(2026, 3, 2), "pair": [1, 2], "names": ["a"]}
    rule = Rule("r", when=Order, given=(event.on == date(2026, 3, 2)) & event.pair.contains(2), then=[MARK])
    engine = engine_of(rule, parts={"touchpoints": [Order]})
    engine.record("ann", "order", given)
    assert [each.type for each in engine.customer("ann").timeline()] == ["order", "mark"]


def test_a_class_whose_annotations_only_a_type_checker_can_read_says_so_when_it_is_recorded():  # S1.2
    engine = engine_of(
        Rule("r", when=Hidden, given=event.thing.name == "a", then=[MARK]), parts={"touchpoints": [Hidden]}
    )
    with pytest.raises(InvalidInput, match="those of Hidden"):
        engine.record("ann", "hidden", {"thing": {"name": "a"}})


# --- the end of the calendar ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1"]
)
def test_a_schedule_ends_with_the_calendar(text):  # S2.2
    rule = recurrence(text, None)
    assert next_date(rule, None, date(9_990, 1, 1)) is not None
    assert next_date(rule, None, date(9_999, 12, 31)) is None
