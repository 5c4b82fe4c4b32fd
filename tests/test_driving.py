"""A world decides the same whether everything commits together or each act by itself (S11.5)."""

from datetime import UTC, datetime

import pytest

from making import message
from touchpoint import (
    Branch,
    Cap,
    CaseType,
    Hold,
    Journey,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    Stage,
    Wait,
    WaitFor,
    count,
    days,
    event,
    hours,
)
from touchpoint.testing import World

trouble = CaseType("trouble")


def asking(name, kind="marketing") -> Message:
    return message(name, kind=kind, channels=["sms", "email"])


JOURNEY = Journey(
    "one",
    cases=[trouble],
    stages=[Stage("new", phase="engage", when="came"), Stage("known", phase="delight", when="bought", after="new")],
    rules=[
        Rule(
            "greet",
            when="came",
            key="visit",
            then=[Send(asking("hello", "service")), Wait(days(1)), Send(asking("news"))],
        ),
        Rule(
            "ask",
            when="bought",
            given=event.stars >= 3,
            then=[WaitFor("came", timeout=days(2), otherwise=[Send(asking("back"))]), Branch(count("came") >= 2)],
        ),
    ],
    policy=Policy(
        Cap(1, per=hours(30), kinds=["marketing"]),
        QuietHours("21:00", "08:00", unknown_zone="deny"),
        Hold(while_open=[trouble], kinds=["marketing"], cool_off=hours(5)),
    ),
)


def lived(seed, *, apart):
    with World([JOURNEY], at=datetime(2026, 3, 4, 18, tzinfo=UTC)) as world:
        if apart:
            world.apart()
        world.random_lives(seed, customers=3, acts=25, tail=days(20))
        world.assert_nobody_is_stuck()
        timelines = {name: world.timeline(person) for name, person in world.people.items()}
        return world.accepted, timelines, world.engine.planned(next(iter(world.people)))


@pytest.mark.parametrize("seed", range(12))
def test_decisions_are_the_same_together_and_apart(seed):  # S6.8, S11.5
    assert lived(seed, apart=False) == lived(seed, apart=True)


def test_a_look_in_between_changes_nothing():
    plain, looked = (World([JOURNEY], at=datetime(2026, 3, 4, 18, tzinfo=UTC)) for _ in range(2))
    with plain, looked:
        for world in (plain, looked):
            for name in ("ann", "ben"):
                world.customer(name, timezone="UTC", addresses={"phone": "+15550100"}, consents={("marketing", "sms")})
            for act in range(6):
                for name in ("ann", "ben"):
                    world[name].does("came", visit=act)
                    if world is looked:
                        world.timeline(name)
                world.advance(hours(20))
        assert plain.accepted == looked.accepted
        assert plain.timeline("ben") == looked.timeline("ben")


def test_what_was_acknowledged_is_there_after_a_crash():  # S11.1
    with World([JOURNEY], at=datetime(2026, 3, 4, 12, tzinfo=UTC)) as world:
        ann = world.customer("ann", timezone="UTC", addresses={"phone": "+15550100"}).does("came", visit=1)
        world.crash_and_restart()
        assert ann.inbox == [("hello", "sms")]
        assert ann.stage("one") == "new"
