"""Referrals in tests, in the lab and in files: whoever speaks of triggers knows them."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from making import START, engine_of, message, trace
from reference import generate
from reference.interpreter import run
from touchpoint import (
    Content,
    Engine,
    Gift,
    Give,
    Journey,
    Message,
    ReferralRefused,
    Referred,
    Rule,
    Send,
    SetTrait,
    Stage,
    Touchpoint,
    UnknownName,
    VirtualClock,
    Wait,
    WaitFor,
    days,
    event,
    ever,
    once,
)
from touchpoint.errors import DefectiveJourney, InvalidTouchpoint
from touchpoint.files import differences, read_text, write_text
from touchpoint.journey.codec import dumps, loads
from touchpoint.lab import check, replay
from touchpoint.lab.coverage import Coverage
from touchpoint.lab.mutate import mutants
from touchpoint.testing import World
from touchpoint.testing.lives import random_lives
from touchpoint.testing.machine import journey_machine
from touchpoint.testing.paths import find_stories
from touchpoint.testing.strategies import Refers, play, stories

THANK = Rule("thank", when=Referred("order_placed"), key="referral", then=[Send(message("thanks"))])
SHOP = Journey("shop", rules=[THANK, Rule("noted", when=Referred(), then=[SetTrait("refers", True)])])
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture
def world():
    with World([SHOP]) as made:
        for name in ("ann", "bob"):
            made.customer(name, timezone="UTC", addresses={"email": f"{name}@example.com"})
        yield made


# The test kit.


def test_a_person_refers_another(world):
    ann, bob = world["ann"], world["bob"]
    assert ann.refers(bob) is ann
    assert ann.inbox == []
    bob.does("order_placed")
    assert ann.inbox == [("thanks", "email")]
    assert bob.inbox == []
    assert world.story[-2:] == ["world['ann'].refers('bob')", "world['bob'].does('order_placed')"]


def test_a_person_refers_only_who_is_in_the_world_and_nobody_in_a_ring(world):
    with pytest.raises(UnknownName):
        world["ann"].refers("nobody")
    world["ann"].refers("bob")
    with pytest.raises(ReferralRefused):
        world["bob"].refers("ann")


def test_nobody_does_what_only_a_referral_is(world):
    with pytest.raises(InvalidTouchpoint, match="refer"):
        world["ann"].does("referral_made")


def story(world):
    world["ann"].refers("bob")
    world["bob"].does("order_placed")
    world.advance(days(1))


def test_a_story_killed_at_every_durable_step_thanks_once(world):  # S11.1
    points = 0
    for each in world.for_each_crash_point(story):
        points += 1
        assert each["ann"].inbox == [("thanks", "email")], each.point
        types = [touchpoint.type for touchpoint in each.view("ann").timeline()]
        assert [name for name in types if name.startswith("referral")] == ["referral_made", "referral_converted"]
        assert each.engine.advocate("ann").new_customers == 1
    assert points > 5


@pytest.mark.untraced
def test_random_stories_bring_friends():
    def brings(acts):
        if not any(isinstance(act, Refers) for act in acts):
            return False
        with World([SHOP]) as world:
            play(acts, world)
            return "referral_converted" in [each.type for each in world.view("ann").timeline()]

    found = find(
        stories([SHOP], people=("ann", "bob")),
        brings,
        settings=settings(max_examples=3_000, suppress_health_check=SLOW),
    )
    assert Refers("ann", "bob") in found
    assert Refers("ann", "bob").words == "world['ann'].refers('bob')"


@settings(max_examples=20, suppress_health_check=SLOW, deadline=None)
@given(stories([SHOP], people=("ann", "bob", "cat")))
def test_nobody_is_stuck_in_a_random_story(acts):
    with World([SHOP]) as world:
        play(acts, world)
        world.run_out()
        world.assert_nobody_is_stuck()


def test_a_machine_brings_friends():
    machine = journey_machine([SHOP], people=("ann", "bob"))
    machine.TestCase.settings = settings(max_examples=5, stateful_step_count=10, deadline=None)
    machine.TestCase().runTest()


def test_random_lives_bring_friends():
    with World([SHOP]) as world:
        random_lives(world, seed=1, customers=6, acts=120, tail=days(3))
        assert sum(each.new_customers for each in world.engine.advocates()) > 0
        world.assert_nobody_is_stuck()


def test_stories_that_live_through_thanks_are_found():
    found = find_stories([SHOP], at=datetime(2026, 1, 5, 9, tzinfo=UTC), most=80)
    assert [each.id for each in found.missed if "rule/thank" in each.id and each.id.endswith("started")] == []
    lines = [line for chosen in found.chosen for line in chosen.story.words]
    assert "ann.refers(world.customer('bob'))" in [line.replace('"', "'") for line in lines]
    assert "world['bob'].does('order_placed')" in [line.replace('"', "'") for line in lines]


# The lab.


def seen(*rules, stages=()):
    with engine_of(*rules, parts={"stages": stages}) as engine:
        engine.record("ann", "visit")
        engine.refer("ann", "bob")
        engine.record("bob", "order_placed")
        engine.run_pending()
        coverage = Coverage.of(engine.journeys)
        coverage.collect(engine)
        return {name for name, hits in coverage.hits.items() if hits}


def test_coverage_sees_what_referrals_start_and_end():
    exits = [Referred("order_placed"), "never"]
    hits = seen(
        THANK,
        Rule("leaves", when="visit", exit=exits, then=[Wait(days(9))]),
        Rule("waits", when="visit", then=[WaitFor(Referred("order_placed"), timeout=days(9), then=[Wait(days(1))])]),
    )
    assert "one/rules/thank/started" in hits
    assert "one/rules/leaves/exits/first order_placed of a referred friend" in hits
    assert "one/rules/waits/steps/waitfor:referred order_placed/then/taken" in hits


def test_mutation_thanks_for_the_referral_alone():
    sentences = [each.sentence for each in mutants(Journey("shop", rules=[THANK]))]
    assert (
        "rule thank is started by referral of a friend instead of first order_placed of a referred friend" in sentences
    )


def test_a_circle_of_thanks_is_no_circle():
    again = Rule("again", when=Referred(), then=[Send(message("tell more friends"))])
    assert [each.code for each in check([Journey("shop", rules=[THANK, again])]) if each.code.startswith("TC6")] == []


def codes(*rules):
    return [each.code for each in check([Journey("shop", rules=rules)])]


def test_a_template_that_would_tell_of_the_friend_is_found():
    words = Content(text="{trigger.name} has bought for {trigger.total}.")
    told = Message("told", why="x", kind="service", channels=["email"], content=words)
    assert codes(Rule("r", when=Referred("order_placed"), limit=once(), then=[Send(told)])).count("TC507") == 2
    fine = Message("fine", why="x", kind="service", channels=["email"], content=Content(text="{trigger.referral}"))
    assert "TC507" not in codes(Rule("r", when=Referred("order_placed"), limit=once(), then=[Send(fine)]))


def test_a_condition_on_what_is_not_told_is_found():
    plain = {"when": Referred("order_placed"), "limit": once(), "then": [Send(message())]}
    assert {"TC111", "TC112"} & set(codes(Rule("r", given=event.total > 10, **plain)))
    assert not {"TC111", "TC112"} & set(codes(Rule("r", given=event.after < days(3), **plain)))
    assert not {"TC111", "TC112"} & set(codes(Rule("r", given=event.campaign == "x", **{**plain, "when": Referred()})))


def test_a_type_that_is_almost_another_is_found():
    rules = [Rule("r", when="order_placed", then=[]), Rule("s", when=Referred("order_placd"), then=[])]
    assert "TC114" in codes(*rules)
    assert "TC114" not in codes(rules[0], Rule("s", when=Referred("order_placed"), then=[]))


def test_whoever_is_thanked_has_referred_somebody():
    rule = Rule("r", when=Referred("order_placed"), given=~ever("referral_made"), limit=once(), then=[Send(message())])
    assert "TC116" in codes(rule)


def test_a_gift_for_each_friend_is_asked_for_its_bound():
    gift = Gift("cake", why="x", channels=["email"], worth=10, currency="EUR", content=Content(text="Cake!"))
    assert "TC509" in codes(Rule("r", when=Referred("order_placed"), then=[Give(gift)]))
    bound = Gift("cake", why="x", channels=["email"], worth=10, currency="EUR", budget=99, content=Content(text="Cake"))
    assert "TC509" not in codes(Rule("r", when=Referred("order_placed"), then=[Give(bound)]))


def test_a_replay_of_recorded_touchpoints_decides_as_it_was():  # S2.5, S11.5
    with engine_of(THANK, people=()) as engine:
        engine.refer("ann", "bob")
        engine.clock.advance(days(1))
        engine.record("bob", "order_placed")
        told = timelines(engine, "ann", "bob")
    again = replay(engine.journeys, told)
    assert (again.events + again.duplicates, again.started["thank"], again.sent["thanks"]) == (4, 1, 1)


def timelines(engine, *customers):
    told = [Touchpoint(name, each.type, each.at, each.id, each.properties, None, None, each.direction, each.about)
            for name in customers for each in engine.customer(name).timeline()]  # fmt: skip
    return sorted(told, key=lambda each: each.at)


def test_another_journey_can_be_tried_on_what_was_recorded():
    paid = Rule("paid", when=Referred("paid"), then=[Send(message("paid"))])
    with engine_of(THANK, people=()) as engine:
        for friend in ("bob", "cat"):
            engine.refer("ann", friend)
        for friend, what in (("bob", "paid"), ("cat", "order_placed"), ("cat", "paid"), ("bob", "paid")):
            engine.clock.advance(days(1))
            engine.record(friend, what)
        told = timelines(engine, "ann", "bob", "cat")
    friends_first = sorted(told, key=lambda each: (each.at, each.type == "referral_converted"))
    for events, told_twice in ((told, 0), (friends_first, 1)):
        again = replay([Journey("shop", rules=[THANK, paid])], events)
        assert (again.started["thank"], again.started["paid"], again.sent["paid"]) == (1, 2, 2)
        assert (again.events, again.duplicates) == (len(told) - told_twice, told_twice)


def test_touchpoints_of_referrals_that_do_not_fit_are_history_alone():
    odd = [
        Touchpoint("bob", "referral_received", START, "referral:1:friend", about="referral:1"),
        Touchpoint("cat", "referral_received", START, "x", about="something else"),
        Touchpoint("ann", "referral_made", START + days(1), "referral:2"),
        Touchpoint("dan", "referral_received", START + days(1), "referral:2:friend", about="referral:2"),
        Touchpoint("eve", "referral_received", START + days(1), "referral:2:friend", about="referral:2"),
        *(Touchpoint(name, "order_placed", START + days(2)) for name in ("bob", "cat", "dan", "eve")),
    ]
    again = replay([Journey("shop", rules=[THANK])], odd)
    assert (again.events, again.started["thank"]) == (9, 1)


# Files.


def test_a_file_has_both_forms():
    text = write_text(SHOP)
    assert "when: {referred: order_placed}" in text
    assert read_text(text).journeys == (SHOP,)
    assert read_text(write_text(SHOP, json=True), json=True).journeys == (SHOP,)
    assert loads(dumps(SHOP)) == SHOP


def test_a_difference_is_told():
    other = Journey("shop", rules=[Rule("thank", when=Referred("paid"), key="referral", then=[*THANK.then])])
    told = "\n".join(map(str, differences([Journey("shop", rules=[THANK])], [other])))
    assert "order_placed" in told
    assert "paid" in told


# Random histories really meet it.


@pytest.mark.untraced
def test_random_histories_meet_referrals_of_every_kind():
    met = dict.fromkeys(("made", "converted", "many"), 0)
    for seed in range(40):
        world = generate.world(generate.Dice.seeded(seed), about="referrals")
        history = world.history
        try:
            outcome = run(world.journeys, world.policy, history.customers, history.events, history.end)
        except DefectiveJourney:
            continue
        for customer in outcome.customers.values():
            names = [each.name for each in customer.timeline]
            met["made"] += "referral_made" in names
            met["converted"] += "referral_converted" in names
            met["many"] += names.count("referral_made") > 1
    assert met["made"] > 20
    assert met["converted"] > 3
    assert met["many"] > 0


@given(st.sampled_from(["ann", "bob"]), st.sampled_from(["ann", "bob"]))
def test_whoever_is_referred_is_never_above_who_refers(one, other):
    with Engine("sqlite://", clock=VirtualClock(START)) as engine:
        for by, customer in ((one, other), (other, one), (one, other)):
            try:
                engine.refer(by, customer)
            except ReferralRefused as error:
                assert error.reason in ("self", "ring")  # noqa: PT017 - either is right here
        came = {each: engine.referral(each) for each in {one, other} if one != other}
        assert sum(each is not None for each in came.values()) == (one != other)


def test_a_stage_may_be_entered_by_a_referral():
    stage = Stage("advocate", phase="delight", when=Referred())
    with engine_of(parts={"stages": [stage]}) as engine:
        engine.refer("ann", "bob")
        assert ["stage", "one", None, "advocate"] in trace(engine, "ann")
