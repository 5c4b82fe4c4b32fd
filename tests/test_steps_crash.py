"""Killed at every durable step, bursts, results, answers, places and plans come out the same (S11)."""

import pytest

from touchpoint import (
    Branch,
    Call,
    CaseType,
    Content,
    Hold,
    Journey,
    LiveRuns,
    Message,
    Policy,
    Reply,
    Rule,
    Send,
    Wait,
    collected,
    days,
    hours,
    minutes,
    result,
)
from touchpoint.testing import World

CASE = CaseType("complaint")


def message(name, kind="service", **more):
    return Message(name, why="a test", kind=kind, channels=["email"], content=Content(text=name), **more)


ALL = Journey(
    "all",
    cases=[CASE],
    rules=[
        Rule("alerts", when="alert", collect=hours(1), then=[
            Branch(collected.count == 2, then=[Send(message("two"))], otherwise=[Send(message("other"))]),
        ]),
        Rule("refund", when="returned", then=[
            Call("refund"), Branch(result("refund").amount >= 10, then=[Send(message("paid"))]), Wait(hours(2)),
        ]),
        Rule("later", when="asked", then=[Send(message("place"))]),
        Rule("answer", when="replied", then=[Reply("thanks", name="thanks", why="a test")]),
        Rule("offer", when="alert", then=[Send(message("offer", "marketing", on_release="replan"))]),
    ],
)  # fmt: skip
HOUSE = Policy(LiveRuns(2, over="defer"), Hold(while_open=[CASE], kinds=["marketing"]))


@pytest.fixture
def world():
    with World([ALL], policy=HOUSE, functions={"refund": lambda _: {"amount": 12}}) as made:
        reached = {"email": "ann@example.com", "phone": "+15550100000"}
        made.customer("ann", timezone="UTC", addresses=reached, consents={("marketing", "*")})
        yield made


def story(world):
    ann = world["ann"]
    ann.opens_case("complaint", ref="c1")
    ann.does("alert")
    ann.does("returned")
    ann.does("asked")
    world.advance(minutes(30))
    ann.does("alert")
    world.advance(hours(4))
    ann.closes_case("complaint", ref="c1")
    ann.replies("hello", via="sms")
    world.advance(days(1))


def facts(world):
    """What it came to; a claim that was lost is rescued within two minutes (S11.3), so no instants and no order."""
    view = world.view("ann")
    return (
        sorted(world["ann"].inbox),
        sorted((each.rule, each.reason) for each in view.runs),
        sorted((each.name, each.status) for each in view.messages),
        [what for _, what in view.planned],
    )


def test_the_story_is_what_it_seems(world):
    story(world)
    got, runs, messages, planned = facts(world)
    assert got == [("offer", "email"), ("paid", "email"), ("place", "email"), ("thanks", "sms"), ("two", "email")]
    assert {reason for _, reason in runs} == {"done"}
    assert [each for each in messages if each[0] == "offer"] == [("offer", "sent"), ("offer", "withdrawn")]
    assert planned == []


@pytest.mark.untraced
def test_killed_anywhere_it_comes_out_the_same(world):  # S11.1, S11.6
    with world.fork() as unharmed:
        story(unharmed)
        expected = facts(unharmed)
    points = 0
    for other in world.for_each_crash_point(story):
        assert facts(other) == expected, other.point
        points += 1
    assert points > 40


def test_what_is_collected_is_shown_as_planned(world):  # S10
    world["ann"].does("alert")
    assert "all/alerts starts with the 1 collected so far" in [what for _, what in world.view("ann").planned]
