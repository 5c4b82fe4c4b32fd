"""Referrals (S4.1): one customer brings another, nobody brings themselves, and what a friend does first is told."""

import asyncio
import os
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import START, engine_of, message, trace
from storing import in_threads, script
from touchpoint import (
    AsyncEngine,
    Cap,
    Content,
    CustomerErased,
    Emit,
    Engine,
    Entered,
    Gift,
    Give,
    Goal,
    InvalidInput,
    InvalidTouchpoint,
    Journey,
    JourneyError,
    MoveTo,
    Policy,
    ReferralRefused,
    Referred,
    Rule,
    Send,
    SetTrait,
    Stage,
    StoreCorrupt,
    Touchpoint,
    UnknownCustomer,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    days,
    event,
    forever,
    hours,
)
from touchpoint.channels.inbound import Replied
from touchpoint.model.referral import REFERRAL_TYPES
from touchpoint.stores.sqlite import SqliteStore

SECRET = "a secret that only this test knows, 32 bytes long"
THANKS = Rule("thank", when=Referred("order_placed"), key="referral", then=[Send(message("thanks"))])


@pytest.fixture
def engine():
    with closing(engine_of(THANKS, secret=SECRET)) as engine:
        yield engine


def types(engine, customer):
    return [each.type for each in engine.customer(customer).timeline()]


def started(engine, customer, rule="thank"):
    return [each.key for each in engine.customer(customer).runs if each.rule == rule]


def refused(engine, by, customer):
    with pytest.raises(ReferralRefused) as caught:
        engine.refer(by=by, customer=customer)
    return caught.value.reason


# Both timelines have it.


def test_a_referral_is_a_touchpoint_on_both_timelines(engine):  # S1.2, S4.1
    told = engine.refer("ann", "bob", channel="web", location="vienna", properties={"campaign": "spring"})
    made, received = (engine.customer(each).timeline()[-1] for each in ("ann", "bob"))
    assert (made.type, made.id, made.about, made.direction) == ("referral_made", told.id, None, "inbound")
    assert received.type == "referral_received"
    assert (received.id, received.about, received.direction) == (f"{told.id}:friend", told.id, "internal")
    for each in (made, received):
        assert (each.channel, each.location, each.at) == ("web", "vienna", START)
        assert each.properties == {"campaign": "spring", "referral": told.id}


def test_the_timelines_name_nobody(engine):  # S1.7
    engine.refer("zoe", "bob")
    engine.record("bob", "order_placed")
    assert "bob" not in repr(engine.export("zoe"))
    assert "zoe" not in repr(engine.export("bob"))
    told = repr([engine.referral("bob"), engine.referrals("zoe"), engine.advocates()])
    assert not any(name in told for name in ("zoe", "bob"))


def test_a_referral_creates_whoever_is_new(engine):
    told = engine.refer("eve", "fay")
    assert (told.by, told.customer, told.at, told.converted) == ("eve", "fay", START, {})
    assert engine.referral("fay") == told
    assert engine.referral("eve") is None
    assert engine.referrals("eve") == [told]


def test_saying_it_again_changes_nothing(engine):  # S1.3
    first = engine.refer("ann", "bob", properties={"campaign": "spring"})
    before = engine.export("ann"), engine.export("bob")
    again = engine.refer("ann", "bob", properties={"campaign": "spring"})
    other = engine.refer("ann", "bob", channel="shop")
    earlier = engine.refer("ann", "bob", properties={"campaign": "spring"}, at=START - hours(1))
    assert (first.duplicate, again.duplicate, again.differs, again.id) == (False, True, False, first.id)
    assert [(each.duplicate, each.differs) for each in (other, earlier)] == [(True, True)] * 2
    assert (engine.export("ann"), engine.export("bob")) == before


def test_of_two_who_refer_somebody_the_first_stands(engine):
    first = engine.refer("ann", "bob")
    second = engine.refer("cat", "bob")
    assert (second.taken, second.duplicate, second.by, second.id) == (True, False, "ann", first.id)
    with pytest.raises(UnknownCustomer):
        engine.customer("cat")
    assert types(engine, "bob") == ["referral_received"]


@pytest.mark.parametrize("ring", [["ann", "bob"], ["ann", "bob", "cat"], [f"c{n}" for n in range(30)]])
def test_nobody_brings_whoever_they_came_through(engine, ring):
    for by, customer in pairwise(ring):
        engine.refer(by, customer)
    assert refused(engine, ring[-1], ring[0]) == "ring"
    assert engine.referral(ring[0]) is None


def test_nobody_brings_themselves(engine):
    engine.record("ann", "visit")
    engine.merge("ann's phone", "ann")
    assert refused(engine, "ann", "ann") == "self"
    assert refused(engine, "ann's phone", "ann") == refused(engine, "ann", "ann's phone") == "self"
    assert refused(engine, "nobody yet", "nobody yet") == "self"
    assert types(engine, "ann") == ["visit"]


def test_a_refusal_names_nobody(engine):
    engine.refer("ann", "bob")
    with pytest.raises(ReferralRefused, match="ring") as caught:
        engine.refer("bob", "ann")
    assert isinstance(caught.value, InvalidInput)
    assert not any(name in str(caught.value) for name in ("ann", "bob"))


def test_two_branches_of_one_tree_may_be_joined_to_another(engine):
    engine.refer("ann", "bob")
    engine.refer("cat", "dan")
    assert engine.refer("bob", "cat").taken is False
    assert refused(engine, "dan", "ann") == "ring"


def test_a_chain_that_is_too_long_to_be_looked_through_is_refused():
    with closing(engine_of()) as engine:
        for n in range(1_001):
            engine.refer(f"c{n}", f"c{n + 1}")
        assert refused(engine, "c1001", "c0") == "chain"
        assert engine.refer("c1001", "somebody new").taken is False


def test_a_ring_is_excluded_by_a_bounded_number_of_questions(engine, monkeypatch):
    for n in range(50):
        engine.refer(f"c{n}", f"c{n + 1}")
    asked = []
    with engine.together() as unit:
        plain = unit.tx.referral_of
        monkeypatch.setattr(unit.tx, "referral_of", lambda no: asked.append(no) or plain(no))
        engine.refer("c50", "new")
        assert len(asked) == 0, "nobody came through somebody new"
        with pytest.raises(ReferralRefused):
            engine.refer("c50", "c0")
    assert len(asked) <= 52


# What cannot be accepted.


@pytest.mark.parametrize("type", sorted(REFERRAL_TYPES))
def test_nobody_records_a_referral_by_hand(engine, type):
    with pytest.raises(InvalidTouchpoint, match="call refer"):
        engine.record("ann", type, {"referral": "x", "converted": "order_placed"})
    with pytest.raises(InvalidTouchpoint, match=r"touchpoints\[1\].*call refer"):
        engine.record_many([Touchpoint("ann", "visit"), Touchpoint("ann", type)])


def test_what_cannot_be_accepted_stores_nothing(engine):
    for wrong in ({"by": ""}, {"customer": 7}, {"at": START + hours(1)}, {"at": START.replace(tzinfo=None)},
                  {"properties": {"x": object()}}, {"properties": 1}, {"channel": 3}):  # fmt: skip
        with pytest.raises(InvalidTouchpoint):
            engine.refer(**{"by": "ann", "customer": "bob", **wrong})
    with pytest.raises(InvalidInput, match="the engine's own"):
        engine.refer("ann", "bob", properties={"referral": "mine"})
    assert types(engine, "ann") == []
    with pytest.raises(UnknownCustomer):
        engine.referral("bob")


@pytest.mark.parametrize("limit", [0, -1, 10_001, True, 1.5, "x"])
def test_a_limit_is_a_number_in_its_range(engine, limit):
    with pytest.raises(InvalidInput, match="limit="):
        engine.referrals("ann", limit=limit)
    with pytest.raises(InvalidInput, match="limit="):
        engine.advocates(limit=limit)


@pytest.mark.parametrize("after", ["x", "referral:", "referral:x", 7, "referral:" + "9" * 30])
def test_a_page_begins_after_a_referral(engine, after):
    with pytest.raises(InvalidInput, match="after="):
        engine.referrals("ann", after=after)


def test_a_trigger_names_a_touchpoint_type():
    assert Referred("order_placed").converted == "order_placed"
    for wrong in (True, 3, "not a type!"):
        with pytest.raises(JourneyError):
            Referred(converted=wrong)


@pytest.mark.parametrize("type", sorted(REFERRAL_TYPES))
def test_nobody_is_thanked_for_the_friends_of_friends(type):
    with pytest.raises(JourneyError, match="somebody they referred"):
        Referred(converted=type)


@pytest.mark.parametrize("type", sorted(REFERRAL_TYPES))
def test_no_step_makes_a_referral_up(type):
    with pytest.raises(JourneyError, match="the engine's own"):
        Journey("shop", rules=[Rule("r", when="visit", then=[Emit(type, {"converted": "order_placed"})])])


# The trigger.


def test_a_rule_starts_when_a_customer_refers_a_friend():  # S4.1
    with closing(engine_of(Rule("noted", when=Referred(), key="referral", then=[SetTrait("refers", True)]))) as engine:
        ids = [engine.refer("ann", friend).id for friend in ("bob", "cat")]
        engine.refer("ann", "bob")
        assert started(engine, "ann", "noted") == ids
        assert started(engine, "bob", "noted") == []
        assert engine.customer("ann").traits == {"refers": True}


def test_a_friend_is_welcomed_by_an_ordinary_rule():
    with closing(engine_of(Rule("welcome", when="referral_received", then=[Send(message())]))) as engine:
        engine.refer("ann", "bob")
        assert started(engine, "bob", "welcome") == [None]
        assert started(engine, "ann", "welcome") == []


def test_thanks_start_when_a_friend_first_does_what_counts(engine):
    told = engine.refer("ann", "bob")
    engine.clock.advance(days(2))
    engine.record("bob", "visit")
    assert started(engine, "ann") == []
    engine.record("bob", "order_placed", {"secret": "a present for ann"})
    assert started(engine, "ann") == [told.id]
    converted = engine.customer("ann").timeline()[-1]
    assert (converted.type, converted.about, converted.direction) == ("referral_converted", told.id, "internal")
    assert converted.properties == {"referral": told.id, "converted": "order_placed", "after": days(2)}
    assert engine.referral("bob").converted == {"order_placed": START + days(2)}


def test_a_friend_counts_once_however_much_they_do(engine):
    engine.refer("ann", "bob")
    engine.record_many([Touchpoint("bob", "order_placed") for _ in range(3)])
    engine.record("bob", "order_placed", id="again")
    engine.record("bob", "order_placed", id="again")
    engine.refer("ann", "bob")
    assert len(started(engine, "ann")) == 1
    assert types(engine, "ann").count("referral_converted") == 1


def test_whoever_was_a_customer_before_is_nobodys_new_customer(engine):
    engine.record("bob", "order_placed")
    told = engine.refer("ann", "bob")
    engine.record("bob", "order_placed")
    engine.record("bob", "order_placed")
    assert (told.taken, told.duplicate) == (False, False)
    assert started(engine, "ann") == []
    assert engine.referral("bob").converted == {}
    assert engine.advocate("ann").new_customers == 0


def test_what_a_friend_did_before_but_tells_later_does_not_count(engine):
    engine.refer("ann", "bob")
    engine.record("bob", "order_placed", at=START - hours(1))
    engine.record("bob", "order_placed")
    assert started(engine, "ann") == []


def test_what_a_friend_did_before_in_the_same_batch_does_not_count(engine):
    engine.refer("ann", "bob")
    with engine.together():
        engine.record("cat", "order_placed")
        engine.refer("ann", "cat")
        engine.record("cat", "order_placed")
        engine.record("bob", "order_placed")
    assert started(engine, "ann") == [engine.referral("bob").id]


def test_each_type_that_counts_counts_for_itself():
    rules = [Rule(name, when=Referred(name), then=[SetTrait(name, event.after)]) for name in ("signed_up", "paid")]
    with closing(engine_of(*rules)) as engine:
        engine.refer("ann", "bob")
        for name in ("signed_up", "signed_up", "paid", "paid"):
            engine.clock.advance(hours(1))
            engine.record("bob", name)
        assert engine.customer("ann").traits == {"signed_up": hours(1), "paid": hours(3)}
        assert engine.referral("bob").converted == {"signed_up": START + hours(1), "paid": START + hours(3)}
        assert engine.advocate("ann").new_customers == 1


def test_a_condition_bounds_how_soon_it_must_be():
    within = Rule("soon", when=Referred("order_placed"), given=event.after <= days(30), then=[SetTrait("soon", True)])
    with closing(engine_of(within)) as engine:
        engine.refer("ann", "bob")
        engine.refer("ann", "cat")
        engine.clock.advance(days(30))
        engine.record("bob", "order_placed")
        engine.clock.advance(timedelta(microseconds=1))
        engine.record("cat", "order_placed")
        assert [line[3] for line in trace(engine, "ann") if line[0] == "refused"] == ["given"]
        assert len(started(engine, "ann", "soon")) == 1


def test_waits_goals_exits_and_stages_hear_of_it():
    rules = [
        Rule("waits", when="visit", then=[WaitFor(Referred("order_placed"), forever), SetTrait("waited", True)]),
        Rule("goal", when="visit", goal=Goal(Referred()), then=[Wait(days(9))]),
        Rule("leaves", when="visit", exit=[Referred("order_placed")], then=[Wait(days(9))]),
    ]
    parts = {"stages": [Stage("advocate", phase="delight", when=Referred("order_placed"))]}
    with closing(engine_of(*rules, parts=parts)) as engine:
        engine.record("ann", "visit")
        engine.refer("ann", "bob")
        engine.record("bob", "order_placed")
        ends = {each.rule: each.reason for each in engine.customer("ann").runs}
        assert ends == {"waits": "done", "goal": "goal", "leaves": "exit"}
        assert engine.customer("ann").stage("one") == "advocate"


def test_what_a_step_emits_for_a_friend_does_not_count():
    ordered = Rule("orders", when="visit", then=[Emit("order_placed")])
    with closing(engine_of(THANKS, ordered)) as engine:
        engine.refer("ann", "bob")
        engine.record("bob", "visit")
        assert started(engine, "ann") == []


def test_history_knows_referrals():
    often = Rule("often", when=Referred(), given=count("referral_made", within=days(7)) >= 2, then=[SetTrait("s", 1)])
    with closing(engine_of(often)) as engine:
        engine.refer("ann", "bob")
        engine.refer("ann", "cat")
        assert started(engine, "ann", "often") == [None]


def test_a_late_referral_is_counted_and_starts_nothing():  # S1.5
    with closing(engine_of(Rule("noted", when=Referred(), then=[SetTrait("x", 1)]), THANKS)) as engine:
        told = engine.refer("ann", "bob", at=START - days(8))
        assert told.late
        assert started(engine, "ann", "noted") == []
        engine.record("bob", "order_placed", at=START - days(7) - hours(1))
        assert started(engine, "ann") == []
        assert engine.advocate("ann").new_customers == 1
        assert "too late" in str(engine.why("ann", "thank"))
        assert "too late" in str(engine.why("ann", "noted"))


def test_timers_of_whoever_is_thanked_that_were_due_come_first():  # S4.2
    rule = Rule("waits", when="visit", exit=[Referred("order_placed")], then=[Wait(days(1)), SetTrait("waited", True)])
    with closing(engine_of(rule)) as engine:
        engine.record("ann", "visit")
        engine.refer("ann", "bob")
        engine.clock.advance(days(1) + hours(1))
        engine.record("bob", "order_placed")
        assert [each.reason for each in engine.customer("ann").runs] == ["done"]


def test_a_defect_in_the_thanks_fails_neither_the_friend_nor_the_referral():  # S4.3
    stages = [Stage(name, phase="engage") for name in "ab"]
    around = Rule("circle", when=Referred("order_placed"), then=[MoveTo("a"), MoveTo("b")])
    circle = Rule("turns", when=Entered("b"), concurrency="parallel", then=[MoveTo("a"), MoveTo("b")])
    with closing(engine_of(around, circle, parts={"stages": stages})) as engine:
        engine.refer("ann", "bob")
        engine.record("bob", "order_placed")
        assert types(engine, "bob") == ["referral_received", "order_placed"]
        assert engine.advocate("ann").new_customers == 1
        assert [each.what for each in engine.customer("ann").parked] == ["referral_converted"]
        assert "parked" in str(engine.why("ann", "circle"))


def test_what_was_parked_is_thanked_for_once_the_journey_is_mended(tmp_path):  # S4.3
    path = f"sqlite:///{tmp_path / 'app.db'}"
    stages = {"stages": [Stage(name, phase="engage") for name in "ab"]}
    broken = [
        Rule("thank", when=Referred("order_placed"), then=[MoveTo("b")]),
        Rule("turns", when=Entered("b"), concurrency="parallel", then=[MoveTo("a"), MoveTo("b")]),
    ]
    with closing(engine_of(*broken, parts=stages, store=path)) as engine:
        engine.refer("ann", "bob")
        engine.record("bob", "order_placed")
        assert engine.parked_count() == 1
    with closing(engine_of(THANKS, parts=stages, store=path)) as engine:
        engine.replay_parked()
        assert engine.parked_count() == 0
        assert started(engine, "ann") == [engine.referral("bob").id]


def test_a_damaged_record_of_who_is_thanked_fails_no_friend(tmp_path):  # S11.4
    path = tmp_path / "app.db"
    with closing(engine_of(THANKS, store=f"sqlite:///{path}")) as engine:
        engine.refer("ann", "bob")
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE touchpoint_customers SET state = '{' WHERE id = 'ann'")
        db.commit()
    with closing(engine_of(THANKS, store=f"sqlite:///{path}", people=())) as engine:
        engine.record("bob", "order_placed")
        assert types(engine, "bob") == ["referral_received", "order_placed"]
        assert list(engine.referral("bob").converted) == ["order_placed"]
        with pytest.raises(StoreCorrupt):
            engine.customer("ann")


def test_what_comes_back_from_a_channel_may_be_what_counts():
    rule = Rule("talks", when=Referred("replied"), then=[SetTrait("talks", True)])
    with closing(engine_of(rule, people=("ann", "bob"))) as engine:
        engine.refer("ann", "bob")
        engine.apply(Replied("bob", "email", "thanks"))
        assert engine.customer("ann").traits == {"talks": True}


def test_on_asyncio_it_is_the_same():
    async def lived():
        async with AsyncEngine("sqlite://", journeys=[Journey("shop", rules=[THANKS])]) as engine:
            told = await engine.refer("ann", "bob")
            await engine.record("bob", "order_placed")
            with pytest.raises(ReferralRefused):
                await engine.refer("bob", "ann")
            assert (await engine.referral("bob")).by == "ann"
            assert [each.id for each in await engine.referrals("ann")] == [told.id]
            assert await engine.advocates() == [await engine.advocate("ann")]
            return [each.key for each in (await engine.customer("ann")).runs]

    assert asyncio.run(lived()) == ["referral:1"]


def test_a_new_release_that_asks_for_more_counts_what_comes_first_from_then_on(tmp_path):  # S4.7
    path = f"sqlite:///{tmp_path / 'app.db'}"
    with closing(engine_of(store=path)) as engine:
        for friend in ("bob", "cat"):
            engine.refer("ann", friend)
        engine.record("bob", "order_placed")
    with closing(engine_of(THANKS, store=path)) as engine:
        engine.record("bob", "order_placed")
        engine.record("cat", "order_placed")
        assert started(engine, "ann") == [engine.referral("cat").id]


# Whole people.


def test_whoever_is_erased_stays_in_nobodys_sight(tmp_path):  # S1.7
    path = tmp_path / "app.db"
    with closing(engine_of(THANKS, store=f"sqlite:///{path}", secret=SECRET)) as engine:
        engine.refer("ann", "bob-the-friend")
        engine.refer("bob-the-friend", "cat")
        engine.record("bob-the-friend", "order_placed")
        assert engine.erase("bob-the-friend").referrals == 2
        assert b"bob-the" not in b"".join(each.read_bytes() for each in tmp_path.iterdir())
        [told] = engine.referrals("ann")
        assert (told.customer, told.by, list(told.converted)) == (None, "ann", ["order_placed"])
        assert engine.referral("cat").by is None
        assert engine.advocate("ann").new_customers == 1, "counts that name nobody stay"
        assert [each.customer for each in engine.advocates()] == ["ann"]
        with pytest.raises(CustomerErased):
            engine.refer("ann", "bob-the-friend")
        with pytest.raises(CustomerErased):
            engine.refer("bob-the-friend", "dan")


def test_a_friend_of_somebody_erased_is_counted_and_nobody_is_told(engine):
    engine.refer("ann", "bob")
    engine.erase("ann")
    engine.record("bob", "order_placed")
    assert list(engine.referral("bob").converted) == ["order_placed"]
    assert engine.refer("cat", "bob").taken


def test_a_number_of_a_referral_is_not_given_again_after_both_were_erased(engine):
    first = engine.refer("ann", "bob")
    engine.erase("bob")
    engine.erase("ann")
    assert engine.refer("cat", "dan").id != first.id


def test_referrals_follow_whoever_people_turn_out_to_be(engine):  # S1.6
    first = engine.refer("ann's phone", "bob's phone")
    for name in ("ann", "bob"):
        engine.record(name, "visit")
        assert engine.merge(f"{name}'s phone", name).referrals_dropped == 0
    engine.record("bob", "order_placed")
    assert started(engine, "ann") == [first.id]
    assert (engine.referral("bob").by, engine.referrals("ann")[0].customer) == ("ann", "bob")
    assert refused(engine, "bob's phone", "ann's phone") == "ring"


def test_of_two_referrals_of_one_person_the_one_that_converted_stands_else_the_earlier(engine):
    engine.refer("ann", "bob")
    engine.refer("cat", "bobby")
    engine.refer("ann", "dan")
    engine.refer("cat", "danny")
    engine.record("danny", "order_placed")
    assert engine.merge("bobby", "bob").referrals_dropped == 1
    assert engine.merge("danny", "dan").referrals_dropped == 1
    assert (engine.referral("bob").by, engine.referral("dan").by) == ("ann", "cat")
    assert [line for line in trace(engine, "bob") if line[0] == "referral dropped"] == [
        ["referral dropped", "referral:2", "second"]
    ]
    engine.record("dan", "order_placed")
    assert (len(started(engine, "cat")), len(started(engine, "ann"))) == (1, 0)
    assert [(each.customer, each.referred, each.new_customers) for each in engine.advocates()] == [
        ("cat", 1, 1), ("ann", 1, 0),
    ]  # fmt: skip


def test_a_merge_that_makes_somebody_refer_themselves_drops_that(engine):
    engine.refer("ann", "ann's second account")
    assert engine.merge("ann's second account", "ann").referrals_dropped == 1
    engine.record("ann", "order_placed")
    assert started(engine, "ann") == []
    assert (engine.referral("ann"), engine.referrals("ann")) == (None, [])
    assert ["referral dropped", "referral:1", "self"] in trace(engine, "ann")


@pytest.mark.parametrize("between", [0, 1, 5])
def test_a_merge_that_closes_a_ring_drops_what_closes_it(engine, between):
    names = ["ann", *(f"c{n}" for n in range(between)), "anna"]
    for by, customer in zip(["ann", "b", *names[1:-1]], ["b", *names[1:]], strict=False):
        engine.refer(by, customer)
    merged = engine.merge("anna", "ann")
    assert merged.referrals_dropped == 1
    assert engine.referral("ann") is None
    last = (["b", *names[1:-1]])[-1]
    assert engine.referrals(last) == []
    assert refused(engine, last, "ann") == "ring"


def test_an_export_has_the_referrals_of_a_person_and_nothing_of_others(engine):  # S1.7
    engine.refer("ann", "bob")
    engine.refer("bob", "cat")
    engine.record("bob", "order_placed")
    at = START.isoformat()
    assert engine.export("bob")["referrals"] == [
        {"id": "referral:1", "as": "friend", "at": at, "converted": {"order_placed": at}, "dropped": None},
        {"id": "referral:2", "as": "advocate", "at": at, "converted": {}, "dropped": None},
    ]


# Figures.


def test_advocates_come_with_how_many_they_brought(engine):
    for by, friends in {"ann": "bcd", "eve": "fg", "zoe": "h"}.items():
        for friend in friends:
            engine.refer(by, friend)
    for friend in "bfgh":
        engine.record(friend, "order_placed")
    told = [(each.customer, each.referred, each.new_customers) for each in engine.advocates()]
    assert told == [("eve", 2, 2), ("ann", 3, 1), ("zoe", 1, 1)]
    assert [each.customer for each in engine.advocates(limit=1)] == ["eve"]
    assert engine.advocate("b").referred == 0
    first, *rest = engine.referrals("ann")
    assert [each.customer for each in engine.referrals("ann", limit=1)] == ["b"]
    assert engine.referrals("ann", after=first.id) == rest


def test_counts_name_nobody(engine):
    engine.refer("ann", "bob")
    engine.refer("cat", "bobby")
    engine.record("bob", "order_placed")
    engine.merge("bobby", "bob")
    with engine.store.reading() as reader:
        found = {(row.name, row.what): row.n for row in reader.tallies() if row.subject == "referral"}
    assert found == {("", "made"): 2, ("order_placed", "converted"): 1, ("", "dropped: second"): 1}


# Explanations.


def test_why_says_what_nobody_has_done_yet(engine):  # S10
    for friend in ("bob", "cat"):
        engine.refer("ann", friend)
    engine.record("dan", "order_placed")
    engine.refer("ann", "dan")
    engine.record("dan", "order_placed")
    engine.erase("cat")
    told = str(engine.why("ann", "thank"))
    assert "referral:1: the friend has not done order_placed since" in told
    assert "referral:2: the friend was erased" in told
    assert "referral:3: never counts, the friend had done order_placed before" in told
    assert "it waits for first order_placed of a referred friend, and the timeline has referral_made" in told
    engine.record("bob", "order_placed")
    assert "started for referral:1" in str(engine.why("ann", "thank"))


def test_a_timeline_says_it_in_words(engine):
    from touchpoint.engine.telling import text

    engine.refer("ann", "bob")
    engine.record("bob", "order_placed")
    lines = text(engine.customer("ann")).splitlines()
    assert any("→ referred a friend  referral=referral:1" in line for line in lines)
    assert any("· a referred friend became a customer  referral=referral:1  converted=order_placed" in x for x in lines)
    assert "· was referred by a customer" in text(engine.customer("bob"))


# Several at a time.


def test_threads_that_would_close_a_ring_never_do(tmp_path):
    stores = [SqliteStore(str(tmp_path / "app.db")) for _ in range(2)]
    engines = [Engine(store, clock=VirtualClock(START)) for store in stores]
    names = [f"c{n}" for n in range(6)]
    pairs = list(zip(names, [*names[1:], names[0]], strict=True))

    def refer(engine):
        for by, customer in pairs if engine is engines[0] else pairs[::-1]:
            try:
                engine.refer(by, customer)
            except ReferralRefused as error:
                assert error.reason == "ring"  # noqa: PT017 - either may be refused, or none of this thread

    in_threads(4, refer, *engines)
    came = [each for each in names if engines[0].referral(each) is not None]
    assert len(came) == len(names) - 1
    for each in engines:
        each.close()


REFERS = """
import sys
from touchpoint import Engine, ReferralRefused
path, ours = sys.argv[1], sys.argv[2]
names = [f"c{n}" for n in range(5)]
pairs = list(zip(names, [*names[1:], names[0]]))
with Engine(f"sqlite:///{path}") as engine:
    for by, customer in (pairs if ours == "0" else pairs[::-1]):
        try:
            told = engine.refer(by, customer)
            print("made" if not told.duplicate and not told.taken else "again", flush=True)
        except ReferralRefused as error:
            print(error.reason, flush=True)
"""


def test_processes_that_would_close_a_ring_never_do(tmp_path):
    path = tmp_path / "app.db"
    Engine(f"sqlite:///{path}").close()
    running = [script(REFERS, os.fspath(path), str(n)) for n in range(2)]
    told = [each.communicate(timeout=60) for each in running]
    assert [errors for _, errors in told] == ["", ""]
    said = [line for out, _ in told for line in out.split()]
    assert (said.count("made"), len(said)) == (4, 10)
    assert said.count("ring") == 2


def test_a_transaction_of_the_host_takes_both_sides_back(tmp_path):  # S6.3
    path = tmp_path / "app.db"
    with closing(engine_of(THANKS, store=f"sqlite:///{path}")) as engine:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            engine.refer("ann", "bob", connection=db)
            db.execute("ROLLBACK")
        with pytest.raises(UnknownCustomer):
            engine.customer("bob")
        assert engine.referrals("ann") == []
        engine.refer("ann", "bob")
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            engine.record("bob", "order_placed", connection=db)
            db.execute("ROLLBACK")
        assert (started(engine, "ann"), engine.referral("bob").converted) == ([], {})
        engine.record("bob", "order_placed")
        assert len(started(engine, "ann")) == 1


def test_a_store_fed_with_what_another_exported_goes_on_with_free_numbers(engine):
    from touchpoint.engine.acts import take_touchpoints
    from touchpoint.engine.intake import prepare

    told = Touchpoint("ann", "referral_made", START, "referral:1")
    prepared = prepare(told, now=None, skew=0, declared={})
    with engine.together() as unit:
        take_touchpoints(unit, [prepared], engine._now(), 10**12)
    assert engine.refer("ann", "bob").id == "referral:2"


# Thanks, through the gate; and counts, as a plain list has them.


def test_an_advocate_is_thanked_once_for_each_friend_through_gate_and_caps():  # S6.5, S6.6
    voucher = Gift(
        "voucher",
        why="thanks",
        channels=["email"],
        content=Content(text="{trigger.referral}"),
        worth=5,
        currency="EUR",
        budget=15,
    )
    thank = Rule("thank", when=Referred("order_placed"), key="referral", then=[Give(voucher)])
    friends = ["bob", "cat", "dan", "eve"]
    policy = Policy(Cap(1, per=days(1), kinds=["gift"]))
    with closing(engine_of(thank, people=("ann", "may"), policy=policy)) as engine:
        engine.grant("ann", "gift")
        for advocate, each in [*(("ann", each) for each in friends), ("may", "fay")]:
            told = engine.refer(advocate, each)
            for _ in range(3):
                engine.refer(advocate, each)
                engine.record(each, "order_placed")
            assert engine.referral(each).id == told.id
        texts = []
        for _ in range(6):
            engine.run_pending()
            texts.append([each.message.text for each in engine.adapters["email"].sent])
            engine.clock.advance(days(1))
        assert [len(each) for each in texts] == [1, 2, 3, 3, 3, 3], "one a day, and no more than the budget"
        assert len(set(texts[-1])) == 3, "each for another friend"
        assert [each.status for each in engine.customer("may").messages] == ["denied"], (
            "nobody is thanked without consent"
        )


NAMES = st.sampled_from(["ann", "bob", "cat", "dan", "eve"])
STORIES = st.lists(st.tuples(st.just("refer"), NAMES, NAMES) | st.tuples(st.just("order"), NAMES), max_size=25)


class Plain:
    """Referrals as a plain list of [by, friend, converted]."""

    def __init__(self):
        self.rows = []
        self.ordered = set()

    def came_through(self, name):
        return next((row for row in self.rows if row[1] == name), None)

    def leads_to(self, name, people):
        while name is not None:
            if name in people:
                return True
            row = self.came_through(name)
            name = None if row is None else row[0]
        return False

    def refer(self, by, friend):
        if self.came_through(friend) is None and not self.leads_to(by, {friend}):
            self.rows.append([by, friend, False])

    def order(self, name):
        row = self.came_through(name)
        if row is not None and name not in self.ordered:
            row[2] = True
        self.ordered.add(name)

    def counts(self):
        found = {}
        for by, _, converted in self.rows:
            one = found.setdefault(by, [0, 0])
            one[0] += 1
            one[1] += converted
        return {by: tuple(each) for by, each in found.items()}


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_advocates_are_counted_as_a_plain_list_counts_them(story):
    plain = Plain()
    with closing(engine_of(THANKS, people=("ann", "bob", "cat", "dan", "eve"))) as engine:
        for act, *who in story:
            engine.clock.advance(hours(1))
            getattr(plain, act)(*who)
            if act == "order":
                engine.record(who[0], "order_placed")
            else:
                with suppress(ReferralRefused):
                    engine.refer(*who)
        expected = plain.counts()
        assert {each.customer: (each.referred, each.new_customers) for each in engine.advocates()} == expected
        for name in ("ann", "bob", "cat", "dan", "eve"):
            counts = engine.advocate(name)
            assert (counts.referred, counts.new_customers) == expected.get(name, (0, 0))
            assert len(engine.referrals(name)) == counts.referred
            assert len(started(engine, name)) == counts.new_customers, "thanked once for each"
