"""Crash points: a story killed at every durable step comes out the same (S11)."""

from datetime import timedelta

import pytest

from touchpoint import CaseType, Content, Journey, Message, OpenCase, Policy, QuietHours, Rule, Send, WaitFor, days
from touchpoint.testing import World
from touchpoint.testing.faults import Crash, Faults

SUPPORT = CaseType("support")


def message(name, *channels):
    return Message(name, why="a test", kind="service", channels=list(channels or ["email"]), content=Content(text=name))


WELCOME = Journey(
    "welcome",
    cases=[SUPPORT],
    rules=[
        Rule("greet", when="signed_up", then=[
            Send(message("hello")),
            WaitFor("ordered", timeout=days(2), otherwise=[
                OpenCase(SUPPORT, ref="quiet"), Send(message("nudge", "sms")),
            ]),
        ]),
    ],
    policy=Policy(QuietHours("21:00", "08:00", unknown_zone="UTC")),
)  # fmt: skip


@pytest.fixture
def world():
    with World([WELCOME]) as made:
        made.customer("ann", timezone="UTC", addresses={"email": "ann@example.com", "phone": "+15550100000"})
        yield made


def story(world):
    world["ann"].does("signed_up")
    world.advance(days(3))


def facts(world):
    """What a story came to; a claim that was lost is rescued within two minutes (S11.3), so no instants."""
    view = world.view("ann")
    return (
        list(world["ann"].inbox),
        [(each.rule, each.reason) for each in view.runs],
        [(each.name, each.status, each.via) for each in view.messages],
        [(each.kind, each.ref, each.open) for each in view.cases()],
        [each.type for each in view.timeline()],
        [what for _, what in view.planned],
    )


def where(point):
    """A crash point without its number."""
    return point.split(": ", 1)[1]


def test_every_point_is_another_one(world):
    points = [each.point for each in world.for_each_crash_point(story)]
    assert len(points) == len(set(points)) > 10


def test_a_story_dies_before_and_after_every_commit(world):
    points = [where(each.point) for each in world.for_each_crash_point(story)]
    commits = [each for each in points if "the commit of" in each]
    assert commits[0::2] == [each.replace("after", "before") for each in commits[1::2]]


def test_a_story_dies_before_and_after_every_call_of_an_adapter(world):
    points = [where(each.point) for each in world.for_each_crash_point(story)]
    assert [each for each in points if "hand" in each] == [
        "before email is handed hello", "after email was handed hello",
        "before sms is handed nudge", "after sms was handed nudge",
    ]  # fmt: skip


def test_the_first_point_lies_before_anything_is_kept(world):
    assert next(iter(world.for_each_crash_point(story))).point == "1: before the commit of touchpoint signed_up"


def test_every_crash_leads_to_the_same_facts(world):  # S11.1, S11.5
    with world.fork() as unharmed:
        story(unharmed)
        expected = facts(unharmed)
    for crashed in world.for_each_crash_point(story):
        assert facts(crashed) == expected, crashed.point


def test_a_lost_claim_is_rescued_within_two_minutes(world):  # S11.3
    with world.fork() as unharmed:
        story(unharmed)
        expected = unharmed["ann"].last("nudge").at
    delays = [crashed["ann"].last("nudge").at - expected for crashed in world.for_each_crash_point(story)]
    assert timedelta(0) == min(delays) < max(delays) <= timedelta(minutes=2)


def test_a_crash_before_or_after_a_touchpoint_is_kept_moves_nothing_in_time(world):  # S11.1
    with world.fork() as unharmed:
        story(unharmed)
        expected = unharmed.timeline("ann")
    told = {where(each.point): each.timeline("ann") for each in world.for_each_crash_point(story)}
    kept = [told[f"{when} the commit of touchpoint signed_up"] for when in ("before", "after")]
    assert kept == [expected, expected]


def test_nobody_is_stuck_after_any_crash(world):  # S11.3
    for crashed in world.for_each_crash_point(story):
        crashed.assert_nobody_is_stuck()


def test_nobody_hears_twice_from_a_provider_that_remembers_keys(world):  # S11.9
    assert {crashed["ann"].inbox.count(("hello", "email")) for crashed in world.for_each_crash_point(story)} == {1}


def test_without_that_memory_a_message_may_be_lost_but_never_sent_twice(world):  # S11.9
    world.channel("email").without_idempotency()
    counts = {crashed["ann"].inbox.count(("hello", "email")) for crashed in world.for_each_crash_point(story)}
    assert counts == {0, 1}


def test_without_that_memory_what_is_uncertain_ends_as_unknown(world):  # S6.8
    world.channel("email").without_idempotency()
    unsure = {
        where(crashed.point)
        for crashed in world.for_each_crash_point(story)
        if crashed["ann"].last("hello").status == "unknown"
    }
    assert unsure == {
        "before email is handed hello", "after email was handed hello", "after the commit of the release of hello",
        "before the commit of outcome Accepted",
    }  # fmt: skip


def test_an_adapter_that_only_claims_to_remember_keys_is_found_out(world):  # S11.9
    def forget(other):
        channel, send = other.channel("email"), other.channel("email").send

        def forgetful(request):
            channel._answered.clear()
            return send(request)

        channel.send = forgetful

    def told(other):
        forget(other)
        story(other)

    crashes = world.for_each_crash_point(told)
    counts = {crashed.point: crashed["ann"].inbox.count(("hello", "email")) for crashed in crashes}
    assert {where(point) for point, count in counts.items() if count == 2} == {
        "after email was handed hello", "before the commit of outcome Accepted",
    }  # fmt: skip


def test_what_happened_before_the_story_is_not_crashed(world):
    world["ann"].does("signed_up")
    points = [each.point for each in world.for_each_crash_point(lambda other: other["ann"].does("ordered"))]
    assert not any("hello" in each or "signed_up" in each for each in points)


def test_the_world_itself_is_left_alone(world):
    before = world.timeline("ann")
    list(world.for_each_crash_point(story))
    assert world.timeline("ann") == before


def test_a_story_without_acts_has_no_points(world):
    assert list(world.for_each_crash_point(lambda _: None)) == []


def test_a_process_that_died_reaches_neither_store_nor_channel():
    faults = Faults(at=0)
    with pytest.raises(Crash):
        faults.point("anything")
    with pytest.raises(Crash):
        faults.check()


def test_a_process_does_not_die_twice_at_one_point():
    faults = Faults(at=0)
    with pytest.raises(Crash):
        faults.point("here")
    faults.restart()
    faults.point("here")
    assert faults.crashed == "1: here"


def test_a_crash_between_acts_loses_nothing(world):  # S11.1
    world["ann"].does("signed_up")
    world.crash_and_restart()
    world.advance(days(3))
    assert world["ann"].inbox == [("hello", "email"), ("nudge", "sms")]
