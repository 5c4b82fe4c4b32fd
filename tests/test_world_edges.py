"""The small world at its edges: processes that are gone, typos in what is compared, tests that fail for odd reasons."""

from datetime import UTC, datetime

import pytest

from making import engine_of, sending
from touchpoint import (
    CaseType,
    Content,
    Hold,
    Journey,
    Message,
    Policy,
    Rule,
    Segment,
    Send,
    clicked,
    customer,
    event,
    minutes,
)
from touchpoint.errors import InvalidInput, UnknownCustomer, UnknownName
from touchpoint.stores.sqlite import SqliteStore
from touchpoint.testing import World
from touchpoint.testing.failure import sections
from touchpoint.testing.faults import Crash, Faults, FaultyStore
from touchpoint.testing.mirror import Mirror

pytest_plugins = ["pytester"]
AT = datetime(2026, 3, 4, 18, tzinfo=UTC)
REACHED = {"email": "ann@example.com", "phone": "+15550100000"}
SUPPORT = CaseType("support")


def message(name, kind="service", *channels):
    return Message(name, why="a test", kind=kind, channels=list(channels or ["email"]), content=Content(text=name))


SHOP = Journey(
    "shop",
    cases=[SUPPORT],
    segments=[Segment("gold", customer.tier == "gold")],
    rules=[
        Rule("greet", when="signed_up", then=[Send(message("hello"))]),
        Rule("ring", when="complained", then=[Send(message("ring_up", "marketing", "call"))]),
    ],
    policy=Policy(Hold(while_open=[SUPPORT], kinds=["marketing"])),
)


@pytest.fixture
def world():
    with World([SHOP], at=AT) as made:
        yield made


@pytest.fixture
def ann(world):
    return world.customer("ann", timezone="UTC", addresses=REACHED, consents={("marketing", "call")})


# --- what a failed test tells -----------------------------------------------------------------------------------------


def told(world):
    return dict(sections(world))


def test_a_customer_who_is_not_there_has_no_section(world, ann):
    with pytest.raises(UnknownCustomer):
        world.where("bob")
    ann.does("signed_up")
    world.where(ann)
    assert list(told(world)) == ["touchpoint: ann"]


def test_a_name_that_was_asked_about_in_vain_is_said_beside_those_that_are_known(world, ann):
    ann.does("signed_up")
    with pytest.raises(UnknownName):
        world.why(ann, "helo")
    world.why(ann, "hello")
    text = told(world)["touchpoint: ann"]
    assert "there is no message or rule 'helo'; did you mean 'hello'?" in text
    assert "why('hello'):" in text


def test_a_world_that_was_closed_meanwhile_says_that_it_cannot_tell(pytester):
    pytester.makepyfile("""
from touchpoint import *

shop = Journey("shop", rules=[Rule("greet", when="signed_up", then=[])])

def test_it(touchpoint_world):
    with touchpoint_world(journeys=[shop]) as world:
        assert world.customer("ann").inbox
""")
    result = pytester.runpytest("-p", "no:touchpoint", "-p", "touchpoint.testing.plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*touchpoint: ann*", "cannot be told: the store in memory was closed *"])


# --- processes --------------------------------------------------------------------------------------------------------


# S11.3
def test_a_message_whose_process_died_is_stuck_until_its_claim_is_rescued(world, ann):
    stuck = {}
    for each in world.for_each_crash_point(lambda other: other["ann"].does("signed_up")):
        try:
            each.assert_nobody_is_stuck()
        except AssertionError as error:
            stuck[each.point.partition(": ")[2]] = str(error)
        each.advance(minutes(2))
        each.assert_nobody_is_stuck()
    assert list(stuck) == [
        "after the commit of the release of hello", "before email is handed hello", "after email was handed hello",
        "before the commit of outcome Accepted",
    ]  # fmt: skip
    assert set(stuck.values()) == {"somebody is stuck:\n  ann: message hello is in flight, and nobody takes it over"}


# S11.1
def test_a_process_that_is_gone_reaches_the_store_no_more(world, ann):
    gone = world.engine
    world.crash_and_restart()
    with pytest.raises(Crash):
        gone.record("ann", "signed_up")
    with pytest.raises(Crash):
        gone.customer("ann")
    assert ann.inbox == []


def erasing(at, path):
    """Erase Ann by a process that dies at a point, then once more by another one; the points, and what is left."""
    store = SqliteStore(str(path / f"{at}.db"))
    faults = Faults()
    engine = engine_of(sending(), store=FaultyStore(store, faults), secret=b"s" * 32)
    engine.record("ann", "start")
    engine.run_pending()
    faults.points.clear()
    faults.at = at
    try:
        engine.erase("ann")
    except Crash:
        with pytest.raises(Crash):
            engine.record("ann", "start")
        faults.restart()
        engine_of(store=FaultyStore(store, faults), people=(), secret=b"s" * 32).erase("ann")
    with store.reading() as reader:
        left = reader.customers(["ann"])
    found = list(faults.points), left, store.left_over(["ann@example.com"])
    store.close()
    return found


# S1.7, S11.1
def test_an_erasure_whose_process_died_is_complete_once_it_is_repeated(tmp_path):
    points, *_ = erasing(None, tmp_path)
    assert len(points) >= 2
    for at in range(len(points)):
        _, left, over = erasing(at, tmp_path)
        assert (left, over) == ([], False), points[at]


def test_an_engine_in_a_world_says_that_its_store_is_under_test(world):
    assert repr(world.engine).endswith("on <SqliteStore(None) under test>>")


# --- what is compared -------------------------------------------------------------------------------------------------


def test_a_message_that_nobody_got_cannot_be_opened(ann):
    with pytest.raises(InvalidInput, match="ann has no message 'hello' to open: it was never accepted"):
        ann.opens("hello")


def test_arrivals_are_counted_and_looked_for_by_names_that_exist(ann):
    ann.does("signed_up").does("signed_up")
    assert ann.inbox.count(("hello", "email")) == 2
    assert ("hello", "sms") not in ann.inbox
    for asked in (lambda: ann.inbox.count(("helo", "email")), lambda: ("helo", "email") in ann.inbox):
        with pytest.raises(UnknownName, match="did you mean 'hello'"):
            asked()


def test_what_is_no_list_is_no_inbox(ann):
    assert ann.inbox != ()
    assert ann.inbox == []


def test_segments_look_like_the_set_of_their_names_and_equal_nothing_else(world, ann):
    assert repr(ann.segments) == "set()"
    assert ann.segments != []
    ann.changes(traits={"tier": "gold"})
    assert repr(ann.segments) == "{'gold'}"
    assert ann.segments == {"gold"}
    with pytest.raises(UnknownName, match="did you mean 'gold'"):
        assert ann.segments != {"golden"}


# --- tasks ------------------------------------------------------------------------------------------------------------


# S6.5, S6.10
def test_a_task_that_a_policy_forbids_by_now_is_not_claimed_and_says_why(world, ann):
    ann.does("complained").opens_case("support", ref="1")
    with pytest.raises(InvalidInput, match=r"no task to claim \(.*a case is open: support"):
        world.staff("call").claim()
    ann.closes_case("support", ref="1")
    assert world.staff("call").claim().status == "claimed"


# --- names and values -------------------------------------------------------------------------------------------------


def test_values_worth_trying_lie_on_both_sides_of_what_conditions_compare_with():
    asked = [event.n > 3, event.fine == True, event.shop == "north", event.inner.deep == 1, customer.age > 4]  # noqa: E712
    rules = [Rule(f"r{n}", when="came", given=each, then=[]) for n, each in enumerate(asked)]
    with World([Journey("shop", rules=rules)]) as made:
        assert made.compared == {"n": (3, 2, 4), "fine": (True, False), "shop": ("north", "not north")}


def test_what_comes_back_of_a_message_is_a_type_that_a_condition_speaks_of():
    rule = Rule("again", when="came", given=~clicked("hello"), then=[Send(message("hello"))])
    with World([Journey("shop", rules=[rule])]) as made:
        assert "clicked" in made.known.types
        assert "opened" not in made.known.types


# S7.1, S7.3
def test_the_mirror_takes_stop_for_the_address_and_start_for_its_end():
    mirror = Mirror()
    mirror.reached_at("ann", {"phone": "+15550100000"})
    mirror.said("ann", "marketing", "sms", granted=True)
    mirror.replied("ann", "sms", "Stop!")
    assert not mirror.consents("ann", "marketing", "sms")
    assert not mirror.consents("ann", "service", "sms")
    mirror.replied("ann", "sms", "what a nice day")
    assert not mirror.consents("ann", "marketing", "sms")
    mirror.replied("ann", "sms", "start")
    assert mirror.consents("ann", "marketing", "sms")
