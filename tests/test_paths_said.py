"""Which values searching for stories takes from journeys: every side of what they ask, and what is not there."""

from datetime import UTC, datetime

import pytest

from touchpoint import (
    CaseType,
    Content,
    Emit,
    Journey,
    Message,
    OpenCase,
    Policy,
    QuietHours,
    Rule,
    Segment,
    Send,
    SetTrait,
    TraitChanged,
    Wait,
    WaitFor,
    count,
    customer,
    days,
    event,
    ever,
    minutes,
)
from touchpoint.testing.moves import Moves
from touchpoint.testing.paths import find_stories
from touchpoint.testing.said import Said
from touchpoint.testing.world import MONDAY, World


def message(name="m", text="Hello", **more):
    return Message(name, why="test", kind="service", channels=["email"], content=Content(text=text), **more)


def shop(*steps, when="x", parts=None, **more):
    return Journey("shop", rules=[Rule("r", when=when, then=steps or [Send(message())], **more)], **(parts or {}))


def words(journey):
    moves = Moves.of([journey], None, MONDAY)
    return [act.words for act in (*moves.touches, *moves.disturbances)]


def seen(journey):
    found = find_stories([journey], most=60)
    return {each.id.partition("/")[2] for chosen in found.chosen for each in chosen.elements}


# --- what is not there ------------------------------------------------------------------------------------------------


# S4.6
def test_a_property_that_a_condition_looks_for_is_left_out_too():
    asking = shop(given=event.coupon.exists())
    assert words(asking)[:2] == ['ann.does("x", coupon="something")', 'ann.does("x")']
    assert {"rules/r/started", "rules/r/refused/given"} <= seen(asking)


def test_a_trait_that_a_condition_looks_for_is_not_there_at_first_and_then_is():
    changes = [each for each in words(shop(given=customer.age.exists())) if "changes" in each]
    assert changes == ['ann.changes(traits={"age": "something"})']


@pytest.mark.parametrize("given", [event.coupon.exists(), event.home.city.exists(), ~event.coupon.exists()])
def test_every_touchpoint_that_is_tried_can_be_recorded(given):
    asking = shop(given=given)
    moves = Moves.of([asking], None, MONDAY)
    with World([asking]) as world:
        moves.openings[0].play(world)
        for act in moves.touches:
            act.do(world)
        assert len(world.view("ann").timeline()) >= len(moves.touches)


# --- traits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "values"),
    [("gold", ["another", "gold"]), (False, ["another", False]), (0, ["another", 0]), (None, ["another", "something"])],
)
def test_a_trait_is_changed_to_what_somebody_waits_for(to, values):
    assert Said.by([shop(when=TraitChanged("tier", to=to))]).awaited == {("tier",): values}


@pytest.mark.parametrize("to", ["gold", False, None])
def test_a_journey_that_waits_for_nothing_but_a_trait_has_stories(to):
    assert "rules/r/started" in seen(shop(when=TraitChanged("tier", to=to)))


def test_an_edge_that_is_past_by_its_margin_is_not_waited_for():
    at = datetime(2026, 1, 5, 23, 50, tzinfo=UTC)
    hours = QuietHours("00:10", "08:00", margin=minutes(30), unknown_zone="deny")
    found = [act.words for act in Moves.of([shop()], Policy(hours), at).disturbances if "until" in act.words]
    assert found == [f'world.until(datetime(2026, 1, 6, 8, {each}, tzinfo=ZoneInfo("Europe/London")))' for each in (
        "29, 59", "30", "30, 1",
    )]  # fmt: skip


def test_what_segments_ask_of_customers_is_tried():
    gold = shop(parts={"segments": [Segment("gold", customer.tier == "gold")]})
    assert Said.by([gold]).traits == {("tier",): ["gold", "other"]}


# --- properties -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("journey", "of", "values"),
    [
        (shop(given=event.fine == False), ("x", "fine"), [False, True]),  # noqa: E712 - a condition
        (shop(given=ever("paid", where=event.price > 9)), ("paid", "price"), [9, 10, 8]),
        (shop(given=count("paid", where=event.price > 9) >= 50), ("paid", "price"), [9, 10, 8]),
        (shop(WaitFor("y", timeout=days(1)), exit=[event.reason == "late"]), ("y", "reason"), ["late", "other"]),
        (shop(Emit("seen", {"n": 1, "who": event.who})), ("x", "who"), ["something"]),
        (shop(SetTrait("tier", event.tier)), ("x", "tier"), ["something"]),
        (shop(Wait(until=event.day)), ("x", "day"), ["something"]),
        (
            shop(OpenCase("late", ref=event.order), parts={"cases": [CaseType("late")]}),
            ("x", "order"), ["something"],
        ),
    ],
)  # fmt: skip
def test_what_a_journey_asks_or_takes_of_a_touchpoint_is_tried(journey, of, values):
    assert Said.by([journey]).of(*of) == values


def test_more_touchpoints_than_a_story_has_room_for_are_not_counted_out():
    asking = shop(given=(count("paid") >= 50) & (count("came") >= 3) & (count("left") >= 1))
    assert Said.by([asking]).counted == {"came": [3]}


def test_what_a_message_can_do_without_need_not_be_there():
    shown = Said.by([shop(Send(message(text="{customer.name|you} {customer.town} {trigger.order|it} {trigger.day}")))])
    assert shown.shown == {("town",): None}
    assert shown.of("x", "day") == ["something"]
    assert shown.of("x", "order") == []
