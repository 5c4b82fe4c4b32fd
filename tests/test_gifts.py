"""Gifts: budgets that others share, stock, approval, what is given once, and what comes back (S6.5, S6.8, S5)."""

import asyncio
import inspect
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import attrs
import pytest

from making import START, Scripted, engine_of, journey, marks, pass_time
from touchpoint import (
    Approval,
    ApprovalRefused,
    AsyncEngine,
    Budget,
    Content,
    Emit,
    Gift,
    Give,
    InvalidInput,
    JourneyError,
    Message,
    Policy,
    Rule,
    Send,
    Stock,
    UnknownCustomer,
    UnknownName,
    VirtualClock,
    calendar_days,
    days,
    months,
    years,
)
from touchpoint.channels.tasks import TaskChannel
from touchpoint.engine.aio_desks import AsyncGiftDesk
from touchpoint.engine.gifts import GiftDesk
from touchpoint.files import read_text, write_text
from touchpoint.journey.codec import dumps, loads
from touchpoint.model.delivery import Accepted, Ambiguous, FailureCode, Refused

MADRID = ZoneInfo("Europe/Madrid")


def gift(name="voucher", *, worth=10, currency="EUR", channels=("email",), kind="service", **parts):
    """A gift by e-mail that needs no consent, unless told otherwise."""
    return Gift(
        name, why="a test wants it", kind=kind, channels=channels, content=Content(text="Yours"), worth=worth,
        currency=currency, **parts,
    )  # fmt: skip


def giving(*gifts, when="complained", **parts):
    """A rule for each of them, which gives one for each complaint."""
    return [Rule(f"give {each.name}", when=when, concurrency="parallel", then=[Give(each)], **parts) for each in gifts]


def answering(*outcomes, **more):
    """A channel that answers so, one after the other, and then takes everything."""
    left = list(outcomes)
    return Scripted(act=lambda _: left.pop(0) if left else Accepted(), **more)


def status(engine, customer, name="voucher"):
    """How the messages of this name ended, oldest first."""
    return [each.status for each in engine.customer(customer).messages if each.name == name]


def of(engine, name):
    """The budget of this name."""
    return next(each for each in engine.gifts.budgets() if each.name == name)


def complain(engine, *customers, n=1):
    """Each complains, and whatever follows at once is done."""
    for each in customers:
        for _ in range(n):
            engine.record(each, "complained")
    engine.run_pending()


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_gifts_of_several_journeys_share_a_budget_by_its_name():  # S6.4, S6.5
    fund = Budget("fund", 25, "EUR", over="deny")
    mug, card = gift("mug", budget=fund), gift("card", budget=Budget("fund", 25, "EUR", over="deny"))
    engine = engine_of(
        people=("ann", "bob"),
        journeys=[journey(*giving(mug), name="one"), journey(*giving(card), name="two")],
    )  # fmt: skip
    complain(engine, "ann", "bob")
    assert sorted(status(engine, each, name)[0] for each in ("ann", "bob") for name in ("mug", "card")) == [
        "denied", "denied", "sent", "sent",
    ]  # fmt: skip
    state = of(engine, "fund")
    assert (state.spent, state.reserved, state.left) == (20, 0, 5)


def test_a_deferred_gift_goes_out_when_the_next_month_of_the_firm_begins():  # S6.5, S6.6
    fund = Budget("fund", 10, "EUR", per=months(1), zone="Europe/Madrid")
    engine = engine_of(*giving(gift(budget=fund, expires=days(60))), people=("ann", "bob"))
    complain(engine, "ann", "bob")
    assert [status(engine, each) for each in ("ann", "bob")] == [["sent"], ["waiting"]]
    first = datetime(2026, 4, 1, tzinfo=MADRID)
    assert engine.next_due() == first
    engine.clock.advance(first - engine.clock.now() - timedelta(microseconds=1))
    engine.run_pending()
    assert status(engine, "bob") == ["waiting"]
    engine.clock.advance(timedelta(microseconds=1))
    engine.run_pending()
    assert status(engine, "bob") == ["sent"]
    assert (of(engine, "fund").spent, of(engine, "fund").start) == (10, first)


def test_a_rolling_budget_is_free_when_enough_has_left_it():  # S6.6: (t - per, t]
    fund = Budget("fund", 25, "EUR", per=days(10))
    engine = engine_of(*giving(gift(budget=fund, expires=days(60))), people=("ann", "bob", "eve"))
    complain(engine, "ann")
    engine.clock.advance(days(3))
    complain(engine, "bob", "eve")
    assert status(engine, "eve") == ["waiting"]
    assert engine.next_due() == START + days(10)
    engine.clock.advance(days(7))
    engine.run_pending()
    assert status(engine, "eve") == ["sent"]
    assert of(engine, "fund").spent == 20  # ann's has left it


def test_one_customer_gets_no_more_than_their_part():  # S6.5
    fund = Budget("fund", 100, "EUR", per=years(1), zone="UTC", per_customer=15, over="deny")
    engine = engine_of(*giving(gift(budget=fund)), people=("ann", "bob"))
    complain(engine, "ann", n=2)
    complain(engine, "bob")
    assert status(engine, "ann") == ["sent", "denied"]
    assert status(engine, "bob") == ["sent"]
    assert "the customer's part of the budget fund" in str(engine.why("ann", "voucher"))


def test_the_parts_of_two_ids_add_up_when_they_are_merged():  # S1.6
    fund = Budget("fund", 100, "EUR", per_customer=25, over="deny")
    engine = engine_of(*giving(gift(budget=fund)), people=("ann", "bob"))
    complain(engine, "ann", "bob")
    engine.merge("bob", into="ann")
    complain(engine, "ann")
    assert sorted(status(engine, "ann")) == ["denied", "sent", "sent"]
    assert of(engine, "fund").spent == 20


def test_a_gift_that_was_refused_for_certain_costs_nothing():  # S6.8
    channel = answering(Refused(FailureCode.ADDRESS_UNREACHABLE))
    engine = engine_of(
        *giving(gift(budget=Budget("fund", 10, "EUR"), stock=1)), channels=[channel], people=("ann", "bob")
    )
    complain(engine, "ann")
    assert (status(engine, "ann"), of(engine, "fund").spent, engine.gifts.stocks()) == (["failed"], 0, {"voucher": 1})
    complain(engine, "bob")
    assert (status(engine, "bob"), of(engine, "fund").spent, engine.gifts.stocks()) == (["sent"], 10, {"voucher": 0})


def test_what_is_in_doubt_stays_spent():  # S6.8
    channel = answering(Ambiguous("no answer"))
    engine = engine_of(*giving(gift(budget=Budget("fund", 10, "EUR"), stock=5)), channels=[channel])
    complain(engine, "ann")
    pass_time(engine, days(2))
    state = of(engine, "fund")
    assert (state.spent + state.reserved, engine.gifts.stocks()) == (10, {"voucher": 4})


def test_what_is_repeated_because_it_is_in_doubt_does_not_stand_in_its_own_way():  # S6.8
    channel = answering(Ambiguous("no answer"), memory=days(2))
    engine = engine_of(*giving(gift(budget=Budget("fund", 10, "EUR"), stock=1)), channels=[channel])
    complain(engine, "ann")
    assert (of(engine, "fund").reserved, of(engine, "fund").spent) == (10, 0)
    pass_time(engine, timedelta(hours=1))
    assert (status(engine, "ann"), len(channel.requests)) == (["sent"], 2)
    assert (of(engine, "fund").spent, engine.gifts.stocks()) == (10, {"voucher": 0})


def test_a_retry_moves_what_is_reserved_to_its_own_period():  # S6.8
    fund = Budget("fund", 10, "EUR", per=calendar_days(1), zone="UTC")
    channel = answering(Refused(FailureCode.PROVIDER_UNAVAILABLE, retry_after=days(1)))
    engine = engine_of(*giving(gift(budget=fund)), channels=[channel])
    complain(engine, "ann")
    assert of(engine, "fund").spent + of(engine, "fund").reserved == 0
    engine.clock.advance(days(2))
    engine.run_pending()
    assert (status(engine, "ann"), of(engine, "fund").spent) == (["sent"], 10)
    engine.clock.advance(days(1))
    assert of(engine, "fund").spent == 0


def test_amounts_are_exact_to_the_millionth():  # S6.5
    fund = Budget("fund", Decimal("0.3"), "EUR", over="deny")
    engine = engine_of(*giving(gift(worth=0.1, budget=fund)), people=("a", "b", "c", "d"))
    complain(engine, "a", "b", "c", "d")
    assert [status(engine, each) for each in "abcd"] == [["sent"], ["sent"], ["sent"], ["denied"]]
    assert (of(engine, "fund").spent, of(engine, "fund").left) == (Decimal("0.3"), 0)


def test_a_policy_binds_what_messages_cost():  # S6.5: gift and cost budget
    text = Message("ad", why="x", kind="service", channels=["email"], content=Content(text="x"), cost=Decimal("0.0075"))
    other = Message("note", why="x", kind="transactional", channels=["email"], content=Content(text="x"), cost=1)
    rules = [Rule("ad", when="go", then=[Send(text)]), Rule("note", when="go", then=[Send(other)])]
    ads = Budget("ads", Decimal("0.015"), "EUR", per=days(1), kinds=["service"], over="deny")
    engine = engine_of(*rules, people=("a", "b", "c"), policy=Policy(ads))
    for each in "abc":
        engine.record(each, "go")
    engine.run_pending()
    assert [status(engine, each, "ad") for each in "abc"] == [["sent"], ["sent"], ["denied"]]
    assert [status(engine, each, "note") for each in "abc"] == [["sent"]] * 3
    assert of(engine, "ads").spent == Decimal("0.015")


def test_a_number_as_a_budget_works_as_before():
    engine = engine_of(*giving(gift(budget=20)), people=("a", "b", "c"))
    complain(engine, "a", "b", "c")
    assert [status(engine, each) for each in "abc"] == [["sent"], ["sent"], ["denied"]]
    state = of(engine, "voucher")
    assert (state.amount, state.spent, state.left, state.start) == (20, 20, 0, None)


def test_why_names_the_budget_and_when_it_is_free_again():  # S10
    fund = Budget("fund", 10, "EUR", per=months(1), zone="Europe/Madrid")
    engine = engine_of(*giving(gift(budget=fund, expires=days(60))), people=("ann", "bob"))
    engine.identify("bob", timezone="Europe/Madrid")
    complain(engine, "ann", "bob")
    told = str(engine.why("bob", "voucher"))
    assert "the budget fund of 10 EUR per calendar 1 month is used up: it needs 10 EUR, and 0 EUR of 10 EUR" in told
    assert "free again at 2026-04-01T00:00:00 Europe/Madrid" in told


def test_what_was_spent_on_somebody_who_is_erased_stays_spent():  # S1.7
    fund = Budget("fund", 10, "EUR", over="deny")
    engine = engine_of(*giving(gift(budget=fund)), people=("ann", "bob"), secret=b"s" * 32)
    complain(engine, "ann")
    engine.erase("ann")
    complain(engine, "bob")
    assert (status(engine, "bob"), of(engine, "fund").spent) == (["denied"], 10)


def test_a_budget_that_is_changed_counts_what_was_spent_before():  # S5.4
    clock = VirtualClock(START)
    store_of = engine_of(*giving(gift(budget=Budget("fund", 100, "EUR", per=months(1), zone="UTC"))), clock=clock)
    complain(store_of, "ann")
    wider = engine_of(
        *giving(gift(budget=Budget("fund", 15, "EUR", per=years(1), zone="UTC", over="deny"))), clock=clock,
        store=store_of.store, people=("bob",),
    )  # fmt: skip
    wider.preview_release(wider.journeys[0])
    assert of(wider, "fund").spent == 10


# --- stock ------------------------------------------------------------------------------------------------------------


def test_nothing_is_given_that_is_not_there():  # S6.5
    engine = engine_of(*giving(gift("mug", stock=2)), people=("a", "b", "c"))
    complain(engine, "a", "b", "c")
    assert [status(engine, each, "mug") for each in "abc"] == [["sent"], ["sent"], ["denied"]]
    assert engine.gifts.stocks() == {"mug": 0}


def test_a_gift_waits_until_its_stock_is_filled_up():  # S6.5
    mug = gift("mug", stock=Stock("mugs", 0, none_left="wait"))
    engine = engine_of(*giving(mug), people=("a", "b", "c"))
    for each in "abc":
        complain(engine, each)
        engine.clock.advance(timedelta(minutes=1))
    assert [status(engine, each, "mug") for each in "abc"] == [["waiting"]] * 3
    assert "none is left of 'mugs'; it waits until it is restocked" in str(engine.why("a", "mug"))
    assert engine.gifts.restock("mugs", 2) == 2
    engine.run_pending()
    assert [status(engine, each, "mug") for each in "abc"] == [["sent"], ["sent"], ["waiting"]]
    assert engine.gifts.stocks() == {"mugs": 0}


@pytest.mark.parametrize("n", [0, -1, True, 1.5, 10**10])
def test_a_stock_is_filled_up_by_a_whole_number(n):
    engine = engine_of(*giving(gift("mug", stock=2)))
    with pytest.raises(InvalidInput, match="whole number"):
        engine.gifts.restock("mug", n)


def test_only_stocks_that_gifts_are_taken_from_are_filled_up():
    engine = engine_of(*giving(gift("mug", stock=2)))
    with pytest.raises(UnknownName, match="mug"):
        engine.gifts.restock("mugs", 1)


# --- approval ---------------------------------------------------------------------------------------------------------


def test_a_gift_above_a_worth_waits_for_approval():  # S6.5
    engine = engine_of(*giving(gift(worth=60, approve_above=50)))
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    assert (asked.customer, asked.gift, asked.worth, asked.approval, asked.status) == (
        "ann", "voucher", 60, "asked", "waiting",
    )  # fmt: skip
    assert "needs approval (above 50): nobody has approved it yet" in str(engine.why("ann", "voucher"))
    given = engine.gifts.approve(asked.key, by="maria")
    assert (given.approval, given.decided_by, given.decided_at) == ("approved", "maria", START)
    engine.run_pending()
    assert status(engine, "ann") == ["sent"]
    assert engine.gifts.pending() == []
    assert "approved by maria" in str(engine.why("ann", "voucher"))


def test_a_gift_that_is_declined_lets_its_run_go_on():  # S5.1
    rule = Rule("r", when="complained", then=[Give(gift(worth=60, approve_above=50), otherwise=[Emit("no_gift")])])
    engine = engine_of(rule)
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    engine.gifts.decline(asked.key, by="maria", reason="too much")
    assert status(engine, "ann") == ["denied"]
    assert "no_gift" in [each.type for each in engine.customer("ann").timeline()]
    [given] = engine.gifts.given("ann")
    assert (given.approval, given.decided_by, given.reason, given.status) == ("declined", "maria", "too much", "denied")
    assert "declined by maria: too much" in str(engine.why("ann", "voucher"))


def test_nobody_approves_what_they_give_by_hand():  # four eyes
    engine = engine_of(*giving(gift(worth=60, approve_above=50)))
    engine.give("ann", "voucher", by="Chris  Miller")
    engine.run_pending()
    [asked] = engine.gifts.pending()
    assert asked.given_by == "Chris  Miller"
    with pytest.raises(ApprovalRefused, match="four eyes") as caught:
        engine.gifts.approve(asked.key, by="chris miller ")
    assert caught.value.reason == "own"
    engine.gifts.approve(asked.key, by="maria")
    engine.run_pending()
    assert status(engine, "ann") == ["sent"]


def test_a_policy_names_who_approves():
    engine = engine_of(*giving(gift(worth=60)), policy=Policy(Approval(50, "EUR", by=["maria", "jo"])))
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    with pytest.raises(ApprovalRefused, match="names who approves"):
        engine.gifts.approve(asked.key, by="chris")
    engine.gifts.approve(asked.key, by="Jo")
    engine.run_pending()
    assert status(engine, "ann") == ["sent"]


@pytest.mark.parametrize(("worth", "currency", "asked"), [(50, "EUR", 0), (50.01, "EUR", 1), (1, "USD", 1), (0, "", 0)])
def test_approval_is_asked_above_and_in_other_currencies(worth, currency, asked):
    engine = engine_of(*giving(gift(worth=worth, currency=currency)), policy=Policy(Approval(50, "EUR")))
    complain(engine, "ann")
    assert len(engine.gifts.pending()) == asked


def test_everything_else_is_asked_again_after_approval():  # S6.5
    engine = engine_of(*giving(gift(worth=60, approve_above=50, kind="gift")))
    engine.grant("ann", "gift")
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    engine.withdraw("ann", "gift")
    engine.gifts.approve(asked.key, by="maria")
    engine.run_pending()
    assert status(engine, "ann") == ["denied"]
    assert of_given(engine, "ann") == ["denied"]


def of_given(engine, customer):
    return [each.status for each in engine.gifts.given(customer)]


def test_a_gift_expires_while_it_waits_for_approval():  # S6.7
    engine = engine_of(*giving(gift(worth=60, approve_above=50, expires=days(2))))
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    assert asked.expires_at == START + days(2)
    engine.clock.advance(days(2))
    with pytest.raises(ApprovalRefused, match="best-before"):
        engine.gifts.approve(asked.key, by="maria")
    engine.run_pending()
    assert (status(engine, "ann"), engine.gifts.pending(), of_given(engine, "ann")) == (["expired"], [], ["expired"])
    with pytest.raises(ApprovalRefused, match="waits for nobody"):
        engine.gifts.approve(asked.key, by="maria")


def test_a_gift_is_decided_on_once():
    engine = engine_of(*giving(gift(worth=60, approve_above=50)))
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    engine.gifts.approve(asked.key, by="maria")
    with pytest.raises(ApprovalRefused, match="waits for nobody"):
        engine.gifts.decline(asked.key, by="jo")


def test_an_unknown_gift_is_no_gift():
    engine = engine_of(*giving(gift()))
    for act in (engine.gifts.approve, engine.gifts.decline):
        with pytest.raises(InvalidInput, match="no gift with that key"):
            act("nothing", by="maria")
    with pytest.raises(InvalidInput, match="no gift with that key"):
        engine.gifts.get("nothing")
    with pytest.raises(InvalidInput, match="by="):
        engine.gifts.approve("nothing", by=" ")
    with pytest.raises(UnknownCustomer):
        engine.gifts.given("nobody")
    with pytest.raises(InvalidInput, match="limit="):
        engine.gifts.pending(limit=0)


# --- by post ----------------------------------------------------------------------------------------------------------


def posting(**parts):
    """An engine whose gifts go by post to ann."""
    engine = engine_of(*giving(gift("box", channels=["post"], **parts)), channels=[TaskChannel("post")], people=())
    engine.identify("ann", addresses={"postal": "1 High Street, Springfield"})
    return engine


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (None, "denied"),
        ({"purpose": "*"}, "denied"),
        ({"purpose": "gift", "basis": "implied"}, "denied"),
        ({"purpose": "gift", "channel": "email"}, "denied"),
        ({"purpose": "gift"}, "sent"),
        ({"purpose": "gift", "channel": "post"}, "sent"),
    ],
)
@pytest.mark.parametrize("kind", ["service", "gift"])
def test_an_address_is_used_for_gifts_only_with_consent_to_that(kind, grant, expected):  # S7.2
    engine = posting(kind=kind)
    if grant is not None:
        engine.grant("ann", **grant)
    complain(engine, "ann")
    assert status(engine, "ann", "box") == [expected]


def test_why_says_that_an_address_was_not_given_for_gifts():
    engine = posting()
    complain(engine, "ann")
    assert "an address that was given for something else is not one for gifts" in str(engine.why("ann", "box"))


# --- people, and what comes back --------------------------------------------------------------------------------------


def packing(**parts):
    """An engine whose gifts a person packs, and the key of the task for ann's."""
    flowers = gift("flowers", channels=["call"], budget=Budget("fund", 10, "EUR"), stock=3, **parts)
    engine = engine_of(*giving(flowers), Rule("back", when="gift_returned", then=[Emit("noticed")]),
                       channels=[TaskChannel("call")])  # fmt: skip
    complain(engine, "ann")
    [task] = engine.tasks.open("call")
    return engine, task.key


def accounts(engine):
    state = of(engine, "fund")
    return state.spent, state.reserved, engine.gifts.stocks()["flowers"]


def test_a_task_that_is_declined_gives_back_worth_and_stock():
    engine, key = packing()
    assert accounts(engine) == (10, 0, 2)
    engine.tasks.claim(key, by="chris")
    engine.tasks.decline(key, "no time")
    assert (accounts(engine), engine.gifts.get(key).status) == ((0, 0, 3), "undone")


def test_a_task_that_nobody_does_gives_back_worth_and_stock():  # S6.7
    engine, key = packing(expires=days(1))
    engine.clock.advance(days(2))
    engine.run_pending()
    assert (accounts(engine), engine.gifts.get(key).status) == ((0, 0, 3), "undone")


def test_a_task_of_a_gift_is_claimed_in_another_period_than_that_which_paid_for_it():  # S6.9
    flowers = gift("flowers", channels=["call"], budget=Budget("fund", 10, "EUR", per=calendar_days(1), zone="UTC"))
    engine = engine_of(*giving(flowers), channels=[TaskChannel("call")], people=("ann", "bob"))
    complain(engine, "ann")
    engine.clock.advance(days(1))
    complain(engine, "bob")
    first, second = (each.key for each in engine.tasks.open("call"))
    assert [engine.tasks.claim(each, by="chris").status for each in (first, second)] == ["claimed", "claimed"]
    engine.tasks.decline(first)
    assert of(engine, "fund").spent == 10  # that of today stays


def test_a_gift_that_the_customer_declines_before_it_is_given_costs_nothing():
    engine, key = packing()
    engine.gifts.declined(key, "no flowers, please")
    assert (accounts(engine), engine.gifts.get(key).status, engine.tasks.get(key).status) == (
        (0, 0, 3), "declined", "withdrawn",
    )  # fmt: skip
    [told] = [each for each in engine.customer("ann").timeline() if each.type == "gift_declined"]
    assert (told.type, told.about, told.properties["reason"]) == ("gift_declined", key, "no flowers, please")
    engine.clock.advance(days(30))
    engine.run_pending()
    assert accounts(engine) == (0, 0, 3)


def test_a_gift_that_comes_back_goes_to_its_stock_and_stays_spent_once():
    engine, key = packing()
    engine.tasks.claim(key, by="chris")
    engine.tasks.complete(key, "sent off")
    assert engine.gifts.returned(key, "nobody at home").duplicate is False
    assert engine.gifts.returned(key).duplicate is True
    assert engine.gifts.declined(key).duplicate is True
    assert (accounts(engine), engine.gifts.get(key).status) == ((10, 0, 3), "returned")
    assert "noticed" in [each.type for each in engine.customer("ann").timeline()]


def told_of(engine, key):
    """What the timeline has of a gift that was declined or came back, by name."""
    return sorted(
        each.type for each in engine.customer("ann").timeline() if each.type.startswith("gift_") and each.about == key
    )


@pytest.mark.parametrize(("worth_back", "spent"), [(False, 10), (True, 0)])
def test_a_gift_that_was_declined_on_its_way_comes_back_once(worth_back, spent):  # S6.5
    engine, key = packing(worth_back=worth_back)
    engine.tasks.claim(key, by="chris")
    engine.tasks.complete(key, "sent off")
    engine.gifts.declined(key, "no flowers, please")
    assert accounts(engine) == (spent, 0, 3)
    back = engine.gifts.returned(key, "refused at the door")
    assert (back.duplicate, back.differs) == (False, False)
    assert (accounts(engine), engine.gifts.get(key).status) == ((spent, 0, 3), "returned")
    assert told_of(engine, key) == ["gift_declined", "gift_returned"]
    assert "noticed" in [each.type for each in engine.customer("ann").timeline()]
    again = [engine.gifts.returned(key), engine.gifts.declined(key)]
    assert [(each.duplicate, each.differs) for each in again] == [(True, False), (True, False)]
    assert accounts(engine) == (spent, 0, 3)


def test_a_gift_whose_task_was_withdrawn_may_come_back_and_costs_nothing():  # packed before the customer declined
    engine, key = packing()
    engine.gifts.declined(key)
    assert engine.gifts.returned(key).duplicate is False
    assert (accounts(engine), engine.gifts.get(key).status) == ((0, 0, 3), "returned")
    assert (engine.tasks.get(key).status, engine.tasks.open("call")) == ("withdrawn", [])


def test_a_gift_that_was_declined_before_its_hand_over_cannot_come_back():
    engine = engine_of(*giving(gift(worth=60, approve_above=50)))
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    engine.gifts.declined(asked.key)
    with pytest.raises(InvalidInput, match="was not given: it was declined before it was handed over"):
        engine.gifts.returned(asked.key)
    assert (engine.gifts.get(asked.key).status, told_of(engine, asked.key)) == ("declined", ["gift_declined"])


def test_who_declines_what_has_come_back_is_told_that_the_return_stands():
    engine, key = packing()
    engine.tasks.claim(key, by="chris")
    engine.tasks.complete(key, "sent off")
    engine.gifts.returned(key)
    said = engine.gifts.declined(key)
    assert (said.duplicate, said.differs, engine.gifts.get(key).status) == (True, True, "returned")


def test_what_it_is_worth_is_booked_back_where_the_gift_says_so():
    engine, key = packing(worth_back=True)
    engine.tasks.claim(key, by="chris")
    engine.tasks.complete(key, "sent off")
    engine.gifts.returned(key)
    assert accounts(engine) == (0, 0, 3)


def test_a_task_may_say_that_the_customer_declined():
    engine, key = packing()
    engine.tasks.claim(key, by="chris")
    engine.tasks.complete(key, "gift_declined")
    assert (accounts(engine), engine.gifts.get(key).status) == ((10, 0, 3), "declined")
    assert marks(engine, type="gift_declined") == marks(engine, type="task_completed") == [START]


def test_a_gift_that_still_waits_can_be_declined_by_the_customer():
    engine = engine_of(*giving(gift(worth=60, approve_above=50)))
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    with pytest.raises(InvalidInput, match="was not given"):
        engine.gifts.returned(asked.key)
    engine.gifts.declined(asked.key)
    assert (status(engine, "ann"), of_given(engine, "ann"), engine.gifts.pending()) == (["withdrawn"], ["declined"], [])


def test_a_number_as_a_budget_gets_back_what_was_not_given():
    flowers = gift("flowers", channels=["call"], budget=10)
    engine = engine_of(*giving(flowers), channels=[TaskChannel("call")])
    complain(engine, "ann")
    [task] = engine.tasks.open("call")
    assert of(engine, "flowers").spent == 10
    engine.tasks.claim(task.key, by="chris")
    engine.tasks.decline(task.key)
    assert of(engine, "flowers").spent == 0


# --- once -------------------------------------------------------------------------------------------------------------


def test_two_rules_give_the_same_gift_for_one_cause_once():
    voucher = gift()
    one = Rule("one", when="complained", then=[Give(voucher)])
    two = Rule("two", when="complained", then=[Give(voucher)])
    engine = engine_of(one, two)
    complain(engine, "ann")
    assert sorted(status(engine, "ann")) == ["denied", "sent"]
    assert "was given already for the same occasion (thank) and cause" in str(engine.why("ann", "voucher"))
    complain(engine, "ann")  # another complaint is another cause
    assert sorted(status(engine, "ann")) == ["denied", "denied", "sent", "sent"]


def test_two_ids_of_one_person_get_a_gift_for_one_cause_once():  # S1.6
    rule = Rule("r", when="complained", concurrency="parallel", then=[Give(gift(worth=60, approve_above=50))])
    engine = engine_of(rule, people=("ann", "bob"))
    for each in ("ann", "bob"):
        engine.record(each, "complained", id="one")
    engine.run_pending()
    engine.merge("bob", into="ann")
    for each in engine.gifts.pending():
        engine.gifts.approve(each.key, by="maria")
    engine.run_pending()
    assert sorted(status(engine, "ann")) == ["denied", "sent"]


def test_what_certainly_did_not_go_out_may_be_given_by_another_rule():
    voucher = gift(channels=["sms", "email"])
    one = Rule("one", when="complained", then=[Give(attrs.evolve(voucher, name="voucher"))])
    two = Rule("two", when="complained", then=[Give(voucher)])
    channel = Scripted("sms", act=lambda _: Refused(FailureCode.EXPIRED))
    engine = engine_of(one, two, channels=[channel])
    complain(engine, "ann")
    assert status(engine, "ann") == ["expired", "expired"]
    assert len(channel.requests) == 2


# --- what is refused when a journey is built --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: gift(occasion="bribe"), "one of thank, apologise, celebrate, care"),
        (lambda: gift(currency=""), "in no currency"),
        (lambda: gift(currency="eur"), "no currency as ISO 4217"),
        (lambda: gift(worth=Decimal("0.0000001"), approve_above=5), "at most 6 decimals"),
        (lambda: gift(worth=Decimal("0.0000001"), budget=Budget("b", 5, "EUR")), "at most 6 decimals"),
        (lambda: gift(budget=5), "below the worth of one"),
        (lambda: gift(budget=Budget("b", 5, "EUR")), "below the worth of one"),
        (lambda: gift(budget=Budget("b", 50, "EUR", per_customer=5)), "below the worth of one"),
        (lambda: gift(budget=Budget("b", 50, "USD")), "its budget 'b' is in USD"),
        (lambda: gift(budget=Budget("b", 50, "EUR", kinds=["gift"])), "names kinds of messages"),
        (lambda: gift(budget="much"), "a number from 0, or a Budget"),
        (lambda: gift(stock=-1), "a whole number from 0, or a Stock"),
        (lambda: gift(approve_above=-1), "a number from 0"),
        (lambda: gift(worth_back=1), "True or False"),
        (lambda: Budget("b", 0, "EUR"), "above 0"),
        (lambda: Budget("b", True, "EUR"), "amount of money is a number"),
        (lambda: Budget("b", float("nan"), "EUR"), "amount of money is a number"),
        (lambda: Budget("b", 5, "euro"), "ISO 4217"),
        (lambda: Budget(" ", 5, "EUR"), "has a name"),
        (lambda: Budget("b", 5, "EUR", per=months(1)), "there is no default"),
        (lambda: Budget("b", 5, "EUR", per=months(2), zone="UTC"), "one calendar day, week, month or year"),
        (lambda: Budget("b", 5, "EUR", per=days(0)), "takes a length"),
        (lambda: Budget("b", 5, "EUR", per=days(1), zone="UTC"), "goes with a calendar length"),
        (lambda: Budget("b", 5, "EUR", over="drop"), "over="),
        (lambda: Stock("s", -1), "whole number"),
        (lambda: Stock("s", none_left="cry"), "none_left="),
        (lambda: Approval(-1, "EUR"), "above="),
        (lambda: Approval(1, "€"), "ISO 4217"),
        (lambda: Approval(1, "EUR", by=[]), "names those who may approve"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(make, said):
    with pytest.raises(JourneyError, match=said):
        journey(*giving(make()))


def test_gifts_have_the_same_desk_on_an_event_loop():
    made = (public(GiftDesk), public(AsyncGiftDesk))
    assert made[0] == made[1]
    for name in made[0]:
        sync, other = (inspect.signature(getattr(each, name)).parameters for each in (GiftDesk, AsyncGiftDesk))
        assert list(sync)[1:] == list(other)[1:]
        assert inspect.iscoroutinefunction(getattr(AsyncGiftDesk, name))

    async def story():
        rules = giving(gift(worth=60, approve_above=50, stock=1))
        async with AsyncEngine("sqlite://", journeys=[journey(*rules)], channels=[Scripted()]) as engine:
            await engine.identify("ann", addresses={"email": "ann@example.com"})
            await engine.record("ann", "complained")
            await engine.run_pending()
            (asked,) = await engine.gifts.pending()
            await engine.gifts.approve(asked.key, by="maria")
            await engine.run_pending()
            return [each.status for each in await engine.gifts.given("ann")], await engine.gifts.stocks()

    assert asyncio.run(story()) == (["given"], {"voucher": 0})


def public(cls):
    return {name for name in vars(cls) if not name.startswith("_")}


def test_what_is_decided_is_part_of_the_hosts_transaction(tmp_path):  # S6.3
    engine = engine_of(*giving(gift(worth=60, approve_above=50)), store=f"sqlite:///{tmp_path / 'store.db'}")
    complain(engine, "ann")
    [asked] = engine.gifts.pending()
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        engine.gifts.approve(asked.key, by="maria", connection=db)
        db.execute("ROLLBACK")
    assert [each.key for each in engine.gifts.pending()] == [asked.key]


def test_one_name_is_one_account():
    one, two = gift("mug", budget=Budget("b", 50, "EUR")), gift("card", budget=Budget("b", 60, "EUR"))
    with pytest.raises(JourneyError, match="two budgets are called 'b'"):
        journey(*giving(one, two))
    with pytest.raises(JourneyError, match="two budgets are called 'b'"):
        engine_of(journeys=[journey(*giving(one), name="one"), journey(*giving(two), name="two")])
    three, four = gift("mug", stock=Stock("s", 1)), gift("card", stock=Stock("s", 2))
    with pytest.raises(JourneyError, match="two stocks are called 's'"):
        journey(*giving(three, four))
    with pytest.raises(JourneyError, match="two stocks are called 's'"):
        engine_of(journeys=[journey(*giving(three), name="one"), journey(*giving(four), name="two")])


def test_costs_that_a_budget_binds_can_be_counted():
    ad = Message(
        "ad", why="x", kind="service", channels=["email"], content=Content(text="x"), cost=Decimal("0.0000001")
    )
    with pytest.raises(JourneyError, match="at most 6 decimals"):
        engine_of(Rule("r", when="go", then=[Send(ad)]), policy=Policy(Budget("b", 1, "EUR")))
    with pytest.raises(JourneyError, match="at most 6 decimals"):
        engine_of(*giving(gift(worth=Decimal("0.0000001"))), policy=Policy(Approval(1, "EUR")))


def test_a_person_is_exported_with_their_gifts_and_forgotten_with_them():  # S1.7
    engine = engine_of(*giving(gift(budget=Budget("fund", 10, "EUR"))), secret=b"s" * 32)
    complain(engine, "ann")
    [told] = engine.export("ann")["gifts"]
    assert (told["gift"], told["status"], told["worth"], told["booked"]) == (
        "voucher", "given", "10", [{"account": "fund", "amount": "10", "at": "2026-03-02T09:00:00+00:00"}],
    )  # fmt: skip
    assert engine.erase("ann").gifts == 1
    with engine.store.reading() as reader:
        assert reader.gifts_of(1) == []
        assert [(row.key, row.customer) for row in reader.bookings("fund", 0, 1 << 62, None, 9)] == [(None, None)]


def test_a_gift_that_is_waiting_is_not_reserved():
    engine = engine_of(*giving(gift(worth=60, approve_above=50, budget=Budget("fund", 60, "EUR"), stock=1)))
    complain(engine, "ann")
    assert (of(engine, "fund").reserved, engine.gifts.stocks()) == (0, {"voucher": 1})


# --- as data ----------------------------------------------------------------------------------------------------------


def test_accounts_are_written_and_read_without_loss():  # HOUSE 2
    fund = Budget("fund", Decimal("500.50"), "EUR", per=months(1), zone="Europe/Madrid", per_customer=20, over="deny")
    one = journey(
        *giving(
            gift("mug", budget=fund, stock=Stock("mugs", 4, none_left="wait"), approve_above=5, worth_back=True),
            gift("card", budget=50, stock=4),
        ),
        policy=Policy(Budget("ads", 100, "EUR", per=days(30), kinds=["marketing"]), Approval(50, "EUR", by="jo")),
    )
    assert loads(dumps(one)) == one
    text = write_text(one)
    assert read_text(text).journeys[0] == one
    assert "budget: fund" in text
    assert "stock: mugs" in text
    assert "approval: 50" in text
