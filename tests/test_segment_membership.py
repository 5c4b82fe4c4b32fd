"""Segments (S3.3): who is in one, when that changes, what follows, and how members are listed."""

import asyncio
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from touchpoint import (
    AsyncEngine,
    Branch,
    CaseType,
    Content,
    Emit,
    Engine,
    Goal,
    InvalidInput,
    Joined,
    Journey,
    JourneyError,
    LeftSegment,
    Message,
    OpenCase,
    Rule,
    Segment,
    Send,
    SetTrait,
    Split,
    Stage,
    UnknownName,
    VirtualClock,
    Wait,
    WaitFor,
    WaitUntil,
    calendar_days,
    case_open,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    hours,
    in_segment,
    in_stage,
    last,
    now,
    sent,
    trigger,
    variant,
)
from touchpoint.channels.recording import RecordingChannel
from touchpoint.cli.show import tables
from touchpoint.core.program import compile_program
from touchpoint.core.records import state_from_record
from touchpoint.core.state import Profile, State
from touchpoint.lab.coverage import Coverage
from touchpoint.lab.mutate import mutants
from touchpoint.testing import World
from touchpoint.testing.random_journeys import journeys

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SECRET = b"s" * 32
BUYS_OFTEN = Segment("vip", count("order_placed", within=days(30)) >= 2)


def message(name):
    return Message(name, why="test", kind="service", channels=["email"], content=Content(text="x"))


def engine_of(*rules, segments=(BUYS_OFTEN,), clock=None, store="sqlite://", **parts):
    journey = Journey("shop", segments=segments, rules=rules, **parts)
    channels = [RecordingChannel("email")]
    return Engine(store, journeys=[journey], channels=channels, clock=clock or VirtualClock(START), secret=SECRET)


def sending(name, when, **more):
    return Rule(name, when=when, then=[Send(message(name))], **more)


def started(engine, who="ann"):
    return [run.rule for run in engine.customer(who).runs]


def changes(engine, who="ann"):
    """What the customer joined and left, with how long after the start."""
    told = engine.customer(who).memberships
    return [("joined" if each.joined else "left", each.segment, each.at - START) for each in told]


def work_until(engine, at):
    while (due := engine.next_due()) is not None and due <= at:
        engine.clock.until(due)
        engine.run_pending()
    engine.clock.until(at)


def problem_of(make):
    with pytest.raises(JourneyError) as caught:
        make()
    return str(caught.value)


# --- joining and leaving ----------------------------------------------------------------------------------------------


def test_who_comes_to_meet_the_condition_joins_and_rules_react():  # S3.3
    engine = engine_of(sending("welcome", Joined("vip")))
    engine.record("ann", "order_placed")
    assert started(engine) == []
    engine.record("ann", "order_placed")
    assert changes(engine) == [("joined", "vip", timedelta(0))]
    assert started(engine) == ["welcome"]


def test_a_member_leaves_at_the_very_microsecond_at_which_a_window_lapses():  # S3.3, S4.4
    engine = engine_of(sending("miss_you", LeftSegment(BUYS_OFTEN)))
    for _ in range(2):
        engine.record("ann", "order_placed")
        engine.clock.advance(days(1))
    work_until(engine, START + days(30) - TICK)
    assert list(engine.customer("ann").segments) == ["shop/vip"]
    work_until(engine, START + days(30))
    assert engine.customer("ann").segments == {}
    assert changes(engine)[-1] == ("left", "vip", days(30))
    assert [run.started_at for run in engine.customer("ann").runs] == [START + days(30)]


def test_an_overdue_lapse_is_told_of_as_of_its_own_instant():  # S2.5
    engine = engine_of(sending("miss_you", LeftSegment("vip")))
    engine.record("ann", "order_placed")
    engine.record("ann", "order_placed")
    engine.clock.advance(days(90))
    engine.run_pending()
    assert changes(engine)[-1] == ("left", "vip", days(30))


def test_a_touchpoint_at_the_instant_of_a_lapse_comes_first():  # S2.5
    recent = Segment("recent", ever("visit", within=days(7)))
    engine = engine_of(segments=[recent])
    engine.record("ann", "visit")
    work_until(engine, START + days(7) - TICK)
    engine.clock.advance(TICK)
    engine.record("ann", "visit")
    engine.run_pending()
    assert changes(engine) == [("joined", "recent", timedelta(0))]


def test_another_touchpoint_at_the_instant_of_a_lapse_sees_who_has_left():  # S3.3
    recent = Segment("recent", ever("visit", within=days(7)))
    engine = engine_of(sending("still", "ping", given=in_segment("recent")), segments=[recent])
    engine.record("ann", "visit")
    engine.clock.advance(days(7))
    engine.record("ann", "ping")
    assert started(engine) == []
    assert changes(engine)[-1] == ("left", "recent", days(7))


def test_a_window_that_lapses_and_changes_nothing_leaves_no_trace():  # S3.3
    engine = engine_of(segments=[Segment("visitors", count("visit", within=days(7)) >= 1)])
    for _ in range(60):
        engine.record("ann", "visit")
        work_until(engine, engine.clock.now() + hours(6))
    work_until(engine, START + days(60))
    assert changes(engine) == [("joined", "visitors", timedelta(0)), ("left", "visitors", days(7) + 59 * hours(6))]
    with engine.store.reading() as reader:
        assert [each.kind for each in reader.journal(1)].count("timer") == 1


def test_a_window_may_let_somebody_in():  # S3.3
    quiet = Segment("quiet", ever("visit") & ~ever("visit", within=days(7)))
    engine = engine_of(sending("come_back", Joined("quiet")), segments=[quiet])
    engine.record("ann", "visit")
    work_until(engine, START + days(30))
    assert changes(engine) == [("joined", "quiet", days(7))]
    assert started(engine) == ["come_back"]


def test_what_is_unknown_is_not_in_it():  # S4.6
    segments = [Segment("rich", customer.income > 100), Segment("poor", ~(customer.income > 100))]
    engine = engine_of(segments=segments)
    engine.record("ann", "visit")
    assert engine.customer("ann").segments == {}
    engine.identify("ann", traits={"income": 50})
    assert list(engine.customer("ann").segments) == ["shop/poor"]


def test_rules_of_a_round_see_who_has_joined_by_its_touchpoint():  # S4.2
    rule = sending("thanks", "order_placed", given=in_segment("vip"))
    engine = engine_of(rule)
    engine.record("ann", "order_placed")
    assert started(engine) == []
    engine.record("ann", "order_placed")
    assert started(engine) == ["thanks"]


def test_a_new_customer_joins_what_asks_for_nothing_they_have():  # S3.3
    engine = engine_of(sending("first_offer", Joined("prospects")), segments=[Segment("prospects", ~ever("order"))])
    engine.record("ann", "visit")
    assert started(engine) == ["first_offer"]


@pytest.mark.parametrize("how", ["identify", "enrol", "case"])
def test_a_customer_is_looked_at_whatever_makes_them_known(how):  # S3.3
    engine = engine_of(Rule("r"), segments=[Segment("prospects", ~ever("order"))], cases=[CaseType("wish")])
    match how:
        case "identify":
            engine.identify("ann", locale="de")
        case "enrol":
            engine.enrol("ann", "r")
        case _:
            engine.open_case("ann", "wish", ref="x")
    assert changes(engine) == [("joined", "prospects", timedelta(0))]


# --- what changes it --------------------------------------------------------------------------------------------------


def test_a_trait_that_is_told_changes_it():  # S3.3
    engine = engine_of(sending("gold", Joined("gold")), segments=[Segment("gold", customer.tier == "gold")])
    engine.identify("ann", traits={"tier": "silver"})
    engine.identify("ann", traits={"tier": "gold"})
    engine.identify("ann", traits={"tier": "gold"})
    assert changes(engine) == [("joined", "gold", timedelta(0))]
    assert started(engine) == ["gold"]


def test_a_step_that_changes_it_is_seen_by_the_next_one():  # S4.2
    yes, no = [Send(message("yes"))], [Send(message("no"))]
    steps = [SetTrait("tier", "gold"), Branch(in_segment("gold"), then=yes, otherwise=no)]
    engine = engine_of(Rule("r", when="go", then=steps), segments=[Segment("gold", customer.tier == "gold")])
    engine.record("ann", "go")
    engine.run_pending()
    assert [each.name for each in engine.customer("ann").messages] == ["yes"]


def test_stages_and_cases_change_it():  # S3.3
    segments = [Segment("happy", in_stage("regular") & ~case_open("trouble")), Segment("troubled", case_open())]
    stages = [Stage("new", phase="engage", when="visit"), Stage("regular", phase="delight", when="order")]
    engine = engine_of(segments=segments, stages=stages, cases=[CaseType("trouble")])
    for type_ in ("visit", "order"):
        engine.record("ann", type_)
    engine.open_case("ann", "trouble", ref="x")
    engine.close_case("ann", "trouble", ref="x")
    assert [each[:2] for each in changes(engine)] == [
        ("joined", "happy"), ("left", "happy"), ("joined", "troubled"), ("joined", "happy"), ("left", "troubled"),
    ]  # fmt: skip


def test_a_touchpoint_of_our_own_changes_it():  # S5
    rule = Rule("r", when="go", then=[Emit("stamp"), Emit("stamp"), Wait(days(1))])
    engine = engine_of(rule, segments=[Segment("stamped", count("stamp") == 2)])
    engine.record("ann", "go")
    assert changes(engine) == [("joined", "stamped", timedelta(0))]


def test_a_segment_may_ask_about_others_in_any_order():  # S3.3
    segments = [Segment("lonely", in_segment("buyers") & ~in_segment("talkers")), Segment("talkers", ever("review")),
                Segment("buyers", ever("order", within=days(10)))]  # fmt: skip
    engine = engine_of(segments=segments)
    engine.record("ann", "order")
    assert set(engine.customer("ann").segments) == {"shop/lonely", "shop/buyers"}
    work_until(engine, START + days(20))
    assert changes(engine) == [
        ("joined", "buyers", timedelta(0)), ("joined", "lonely", timedelta(0)),
        ("left", "buyers", days(10)), ("left", "lonely", days(10)),
    ]  # fmt: skip


def test_several_are_told_of_as_they_are_declared_but_right_before_each_those_it_asks_about():  # S3.3
    segments = [Segment("asks", in_segment("asked") & ever("order")), Segment("plain", ever("order")),
                Segment("asked", ever("order")), Segment("last", ever("order"))]  # fmt: skip
    engine = engine_of(segments=segments)
    engine.record("ann", "order")
    assert [name for _, name, _ in changes(engine)] == ["asked", "asks", "plain", "last"]


def test_a_segment_of_another_journey_may_be_asked_about():  # S3.3
    other = Journey("club", segments=[Segment("members", ever("joined_club"))])
    rule = sending("offer", Joined("members", journey="club"), given=in_segment("members", journey="club"))
    journey = Journey("shop", rules=[rule], segments=[Segment("both", in_segment("members", journey="club"))])
    with Engine("sqlite://", journeys=[journey, other], channels=[RecordingChannel("email")]) as engine:
        engine.record("ann", "joined_club")
        assert set(engine.customer("ann").segments) == {"club/members", "shop/both"}
        assert started(engine) == ["offer"]


def test_a_late_touchpoint_counts_and_starts_nothing():  # S1.5
    engine = engine_of(sending("welcome", Joined("vip")), Rule("w", when="go", then=[WaitFor(Joined("vip"), forever)]))
    engine.record("ann", "go")
    for _ in range(2):
        engine.record("ann", "order_placed", at=START - days(10))
    assert list(engine.customer("ann").segments) == ["shop/vip"]
    # What waits for it sees it, as it does late touchpoints.
    assert [(run.rule, run.live) for run in engine.customer("ann").runs] == [("w", False)]
    work_until(engine, START + days(40))
    assert changes(engine)[-1] == ("left", "vip", days(20))


# --- what reacts ------------------------------------------------------------------------------------------------------


def test_stages_waits_goals_and_exits_react():  # S4.1, S5.2, S5.3
    stages = [Stage("guest", phase="attract", when="visit"), Stage("regular", phase="delight", when=Joined("vip"))]
    rules = [
        Rule("waits", when="visit", then=[WaitFor(Joined("vip"), days(9)), Send(message("waited"))]),
        Rule("until", when="visit", then=[WaitUntil(in_segment("vip"), forever), Send(message("until"))]),
        Rule("goal", when="visit", then=[Wait(days(9)), Send(message("goal"))], goal=Goal(Joined("vip"))),
        Rule("exit", when="visit", then=[Wait(days(9)), Send(message("exit"))], exit=[Joined("vip")]),
        Rule("asked", when="visit", then=[Wait(days(9)), Send(message("asked"))], exit=[in_segment("vip")]),
    ]
    engine = engine_of(*rules, stages=stages)
    engine.record("ann", "visit")
    engine.clock.advance(days(1))
    engine.record("ann", "order_placed")
    engine.record("ann", "order_placed")
    view = engine.customer("ann")
    assert view.stage("shop") == "regular"
    assert {run.rule: run.reason for run in view.runs if not run.live} == {
        "goal": "goal", "exit": "exit", "asked": "exit",
    }  # fmt: skip
    assert sorted(each.name for each in view.messages) == ["until", "waited"]


@pytest.mark.parametrize(("waits", "status"), [(hours(1), "sent"), (hours(3), "withdrawn")])
def test_a_message_may_still_be_wanted_only_by_members(waits, status):  # S5.1
    rule = Rule("r", when=Joined("here"), then=[Wait(waits), Send(message("m"), still=in_segment("here"))])
    engine = engine_of(rule, segments=[Segment("here", ever("visit", within=hours(2)))])
    engine.identify("ann", addresses={"email": "ann@example.org"})
    engine.record("ann", "visit")
    work_until(engine, START + days(1))
    assert [each.status for each in engine.customer("ann").messages] == [status]


# --- what a journey may say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (event.score > 1, "knows no event"),
        (customer.order == trigger.order, "knows no trigger"),
        (count("a", within=days(1), where=event.order == trigger.order) > 0, "knows no trigger"),
        (now - last("order").at > days(90), "cannot look at the clock"),
        (sent("offer"), "belongs to no run"),
    ],
)
def test_a_segment_asks_only_what_is_the_customers(condition, found):  # S3.3
    told = problem_of(lambda: Journey("shop", segments=[Segment("s", condition)]))
    assert "$.segments[0].condition" in told
    assert found in told


@pytest.mark.parametrize(
    "conditions",
    [[in_segment("a")], [in_segment("b"), in_segment("a")], [in_segment("b"), in_segment("c"), ~in_segment("a")]],
)
def test_segments_that_depend_on_themselves_are_refused(conditions):  # S3.3
    segments = [Segment(name, condition) for name, condition in zip("abc", conditions, strict=False)]
    told = problem_of(lambda: Journey("shop", segments=segments))
    assert "depend" in told
    assert told.count("$.segments[") == 1


def test_journeys_whose_segments_depend_on_each_other_are_refused_together():  # S3.3
    one = Journey("one", segments=[Segment("a", in_segment("b", journey="two"))])
    two = Journey("two", segments=[Segment("b", in_segment("a", journey="one"))])
    assert "circle: a → b → a" in problem_of(lambda: compile_program([one, two]))


def test_a_segment_that_is_named_is_declared_once():
    told = problem_of(lambda: Journey("shop", segments=[BUYS_OFTEN, BUYS_OFTEN]))
    assert "segment 'vip' is declared twice" in told
    rule = Rule("r", when=Joined("vpi"), given=in_segment("nobody"))
    told = problem_of(lambda: Journey("shop", segments=[BUYS_OFTEN], rules=[rule]))
    assert "did you mean 'vip'" in told
    assert "there is no segment 'nobody'" in told


def test_a_segment_has_a_condition():
    assert "$.segments[0].condition" in problem_of(lambda: Journey("shop", segments=[Segment("s", None)]))
    assert "$.segments[0].name" in problem_of(lambda: Journey("shop", segments=[Segment("", ever("a"))]))


def test_a_condition_may_be_text():
    text = "in_segment('buyers') and count(order_placed, within=30d) >= 2"
    said = Segment("vip", text)
    assert said == Segment("vip", in_segment("buyers") & (count("order_placed", within=days(30)) >= 2))
    assert "Segment(condition)" in problem_of(lambda: Segment("vip", "count(order_placed"))


def test_a_segment_is_no_trigger_by_itself():
    assert "Joined(vip)" in problem_of(lambda: Rule("r", when=BUYS_OFTEN))
    assert "not by a int" in problem_of(lambda: Joined(3))


# --- those who were there before --------------------------------------------------------------------------------------


def two_orders(store, clock):
    """A store of a journey without segments, in which ann has ordered twice."""
    with closing(engine_of(segments=(), store=store, clock=clock)) as engine:
        for _ in range(2):
            engine.record("ann", "order_placed")


def test_who_meets_a_new_segment_already_is_in_it_quietly(tmp_path):  # S3.3
    store, clock = f"sqlite:///{tmp_path / 's.db'}", VirtualClock(START)
    two_orders(store, clock)
    clock.advance(days(3))
    with closing(engine_of(sending("welcome", Joined("vip")), store=store, clock=clock)) as engine:
        clock.advance(days(1))
        engine.record("ann", "visit")
        view = engine.customer("ann")
        assert view.segments == {"shop/vip": START + days(3)}  # since the segment is there
        assert view.runs == view.memberships == ()
        work_until(engine, START + days(40))
        assert changes(engine) == [("left", "vip", days(30))]  # what happens from then on is an event


@pytest.mark.parametrize("looks", [[], [5, 10, 25]])
def test_it_does_not_matter_when_somebody_looked(tmp_path, looks):  # S11.5
    store, clock = f"sqlite:///{tmp_path / 's.db'}", VirtualClock(START)
    two_orders(store, clock)
    clock.advance(days(3))
    with closing(engine_of(sending("bye", LeftSegment("vip")), store=store, clock=clock)) as engine:
        for day in looks:
            work_until(engine, START + days(day))
            engine.customer("ann")
        clock.until(START + days(50))
        engine.record("ann", "visit")
        assert changes(engine) == [("left", "vip", days(30))]
        assert started(engine) == ["bye"]


def test_what_was_over_before_the_segment_came_is_no_event(tmp_path):  # S2.5
    store, clock = f"sqlite:///{tmp_path / 's.db'}", VirtualClock(START)
    two_orders(store, clock)
    clock.advance(days(300))
    with closing(engine_of(sending("bye", LeftSegment("vip")), store=store, clock=clock)) as engine:
        engine.record("ann", "visit")
        assert changes(engine) == []
        assert engine.customer("ann").segments == {}


def test_a_change_of_its_definition_happens_to_nobody(tmp_path):  # S3.3
    store, clock = f"sqlite:///{tmp_path / 's.db'}", VirtualClock(START)
    both = [sending("welcome", Joined("vip")), sending("bye", LeftSegment("vip"))]
    with closing(engine_of(*both, store=store, clock=clock)) as engine:
        for who, orders in (("ann", 2), ("bob", 3)):
            for _ in range(orders):
                engine.record(who, "order_placed")
    clock.advance(days(1))
    harder = [Segment("vip", count("order_placed", within=days(30)) >= 3)]
    with closing(engine_of(*both, segments=harder, store=store, clock=clock)) as engine:
        for who in ("ann", "bob"):
            engine.record(who, "visit")
        assert started(engine, "ann") == started(engine, "bob") == ["welcome"]
        assert [each.customer for each in engine.members("vip")] == ["bob"]
        assert engine.customer("bob").segments == {"shop/vip": START}  # who stays in it has been since then


def test_a_segment_that_is_gone_is_forgotten(tmp_path):
    store, clock = f"sqlite:///{tmp_path / 's.db'}", VirtualClock(START)
    with closing(engine_of(store=store, clock=clock)) as engine:
        for _ in range(2):
            engine.record("ann", "order_placed")
    with closing(engine_of(segments=[Segment("other", ever("visit"))], store=store, clock=clock)) as engine:
        assert engine.customer("ann").segments == {}
        with engine.store.reading() as reader:
            assert reader.members("shop/vip", 0, 10) == []


# --- lists ------------------------------------------------------------------------------------------------------------


def test_members_are_listed_and_counted():  # S3.3
    engine = engine_of(segments=[Segment("buyers", ever("order_placed", within=days(30)))])
    for n in range(7):
        engine.record(f"c{n}", "order_placed" if n % 2 else "visit")
        engine.clock.advance(days(1))
    found = list(engine.members("buyers"))
    assert [each.customer for each in found] == ["c1", "c3", "c5"]
    assert found[1].since == START + days(3)
    assert engine.member_count("buyers") == 3
    work_until(engine, START + days(33))
    assert [each.customer for each in engine.members("buyers")] == ["c5"]


def test_lists_come_in_pages():
    engine = engine_of(segments=[Segment("visitors", ever("visit"))])
    with engine.together():
        for n in range(1_101):
            engine.record(f"c{n}", "visit")
    first = list(engine.members("visitors", limit=600))
    rest = list(engine.members("visitors", after=first[-1].place))
    assert (len(first), len(rest), engine.member_count("visitors")) == (600, 501, 1_101)
    assert len({each.customer for each in (*first, *rest)}) == 1_101
    assert list(engine.members("visitors", limit=0)) == []


def test_a_list_may_be_read_while_members_leave():
    engine = engine_of(segments=[Segment("visitors", customer.here == True)])  # noqa: E712 - a condition
    for n in range(3):
        engine.identify(f"c{n}", traits={"here": True})
    seen = []
    for each in engine.members("visitors"):
        seen.append(each.customer)
        engine.identify(each.customer, traits={"here": False})
    assert seen == ["c0", "c1", "c2"]
    assert engine.member_count("visitors") == 0


def test_only_segments_that_are_there_are_listed():
    one = Journey("one", segments=[Segment("vip", ever("a"))])
    two = Journey("two", segments=[Segment("vip", ever("b"))])
    with Engine("sqlite://", journeys=[one, two]) as engine:
        engine.record("ann", "b")
        with pytest.raises(UnknownName, match="vip"):
            engine.members("vip")
        with pytest.raises(UnknownName, match="segment"):
            engine.member_count("nobody")
        assert [each.customer for each in engine.members("vip", journey="two")] == ["ann"]
        with pytest.raises(InvalidInput):
            engine.members("vip", journey="two", after=-1)


def test_customers_of_before_can_be_settled_at_once_and_bit_by_bit(tmp_path):  # S3.3
    store, clock = f"sqlite:///{tmp_path / 's.db'}", VirtualClock(START)
    with closing(engine_of(segments=(), store=store, clock=clock)) as engine, engine.together():
        for n in range(450):
            engine.record(f"c{n}", "order_placed")
    buyers = Segment("buyers", ever("order_placed", within=days(30)))
    with closing(engine_of(sending("hello", Joined("buyers")), segments=[buyers], store=store, clock=clock)) as engine:
        assert engine.member_count("buyers") == 0
        assert engine.settle_segments(limit=100) == 100
        assert engine.member_count("buyers") == 100
        assert engine.settle_segments() == 350
        assert engine.settle_segments() == 0
        assert engine.member_count("buyers") == 450
        assert engine.customer("c7").runs == ()
        assert engine.next_due() == START + days(30)  # and from now on they leave in time


def test_an_asyncio_program_lists_them_too():
    async def listed():
        journey = Journey("shop", segments=[Segment("visitors", ever("visit"))])
        async with AsyncEngine("sqlite://", journeys=[journey]) as engine:
            for who in ("ann", "bob"):
                await engine.record(who, "visit")
            found = [each.customer async for each in engine.members("visitors")]
            return found, await engine.member_count("visitors"), await engine.settle_segments()

    assert asyncio.run(listed()) == (["ann", "bob"], 2, 0)


# --- whole people -----------------------------------------------------------------------------------------------------


def test_a_merge_that_makes_a_member_is_told_of():  # S1.6
    engine = engine_of(sending("welcome", Joined("vip")))
    for who in ("visitor", "ann"):
        engine.record(who, "order_placed")
    engine.merge("visitor", "ann")
    assert changes(engine) == [("joined", "vip", timedelta(0))]
    assert started(engine) == ["welcome"]
    assert [each.customer for each in engine.members("vip")] == ["ann"]


def test_who_was_in_it_under_either_id_does_not_join_again():  # S1.6
    engine = engine_of(sending("welcome", Joined("vip")))
    for who in ("visitor", "ann"):
        for _ in range(2):
            engine.record(who, "order_placed")
        engine.clock.advance(days(1))
    engine.merge("visitor", "ann")
    assert engine.customer("ann").segments == {"shop/vip": START}
    assert [each.segment for each in engine.customer("ann").memberships if each.joined] == ["vip", "vip"]
    assert started(engine) == ["welcome", "welcome"]  # one under each id, and none for the merge
    assert [(each.customer, each.since) for each in engine.members("vip")] == [("ann", START)]
    work_until(engine, START + days(60))
    assert changes(engine)[-1] == ("left", "vip", days(31))  # the orders of both count


def test_a_merge_may_take_somebody_out_of_it():  # S1.6
    engine = engine_of(sending("bye", LeftSegment("quiet")), segments=[Segment("quiet", ~ever("order"))])
    engine.record("visitor", "visit")
    engine.record("ann", "order")
    engine.merge("visitor", "ann")
    assert engine.customer("ann").segments == {}
    assert started(engine) == ["bye"]
    assert engine.member_count("quiet") == 0


def test_whoever_is_erased_is_on_no_list():  # S1.7
    engine = engine_of(segments=[Segment("visitors", ever("visit"))])
    for who in ("ann", "bob"):
        engine.record(who, "visit")
    engine.erase("ann")
    assert [each.customer for each in engine.members("visitors")] == ["bob"]
    with engine.store.reading() as reader:
        assert reader.member_count("shop/visitors") == 1


def test_an_export_tells_of_them():  # S1.7
    engine = engine_of(segments=[Segment("visitors", ever("visit"))])
    engine.record("ann", "visit")
    assert engine.export("ann")["segments"] == {"shop/visitors": START.isoformat()}


# --- explanations -----------------------------------------------------------------------------------------------------


def test_why_says_with_values_whether_somebody_is_in_it_and_since_when():  # S10
    engine = engine_of()
    engine.record("ann", "order_placed")
    out = engine.why("ann", "vip")
    assert (out.subject, out.verdict, out.status) == ("segment", "deny", "not in it")
    assert 'count("order_placed", within=days(30)) >= 2 → 1 >= 2: false' in out.lines[0]
    engine.record("ann", "order_placed")
    found = engine.why("ann", "vip")
    assert found.verdict == "allow"
    assert "in it since 2026-03-02 12:00:00 UTC" in str(found)
    assert any("joined: count(" in line and "2 >= 2: true" in line for line in found.lines)
    assert "a window lapses at 2026-04-01 12:00:00 UTC" in found.lines[-1]


def test_a_name_that_nothing_has_is_refused_with_the_segments_among_what_there_is():
    engine = engine_of()
    engine.record("ann", "visit")
    with pytest.raises(UnknownName, match="vip"):
        engine.why("ann", "vipp")


def test_a_reaction_says_which_segment_it_waited_for():  # S10
    engine = engine_of(sending("welcome", Joined("vip")))
    engine.record("ann", "visit")
    assert "it waits for joined segment vip" in str(engine.why("ann", "welcome"))


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_record_of_before_reads_as_one_without_segments():  # S11.6
    record = [1, 5, 0, 0, "", "", {}, {}, {}, {}, {}, {}, {}, {}, {}, [], [], [], [], {}, []]
    assert state_from_record("ann", Profile(), record) == State("ann", now=5)


def test_a_journey_without_segments_pays_nothing():
    program = compile_program([Journey("shop", rules=[Rule("r", when="go")])])
    assert (program.segments, program.segments_on) == ({}, {})
    with closing(engine_of(Rule("r", when="go"), segments=())) as engine, engine.together() as unit:
        engine.record("ann", "go")
        assert unit.find("ann").state.lapses == {}


def test_a_segment_costs_only_what_it_reads():
    segments = [Segment("a", ever("x", within=days(1))), Segment("b", customer.t > 1), Segment("c", in_segment("a"))]
    program = compile_program([Journey("shop", segments=segments)])
    told = {key: [spec.segment for spec in specs] for key, specs in program.segments_on.items()}
    assert told == {
        ("touchpoint", "x"): ["a"], ("trait", "t"): ["b"], ("profile", ""): ["b"], ("segment", "shop/a"): ["c"],
    }  # fmt: skip


def test_what_is_parked_changes_who_is_in_it_all_the_same():  # S4.3
    around = [Rule("ping", when="ping", concurrency="parallel", then=[Emit("pong")]),
              Rule("pong", when="pong", concurrency="parallel", then=[Emit("ping")])]  # fmt: skip
    engine = engine_of(*around, sending("hello", Joined("pinged")), segments=[Segment("pinged", count("ping") == 1)])
    engine.record("ann", "ping")
    engine.run_pending()
    assert engine.parked_count() == 1
    assert changes(engine) == [("joined", "pinged", timedelta(0))]
    assert started(engine) == ["hello"]


def test_a_circle_through_a_segment_is_parked_and_can_be_replayed():  # S4.3
    flag = Segment("flag", customer.on == True)  # noqa: E712 - a condition
    rules = [Rule("off", when=Joined("flag"), concurrency="parallel", then=[SetTrait("on", False)]),
             Rule("on", when=LeftSegment("flag"), concurrency="parallel", then=[SetTrait("on", True)])]  # fmt: skip
    engine = engine_of(*rules, segments=[flag])
    engine.identify("ann", traits={"on": True})
    engine.record("ann", "visit")
    engine.run_pending()
    assert engine.parked_count() >= 1
    assert [each.type for each in engine.customer("ann").timeline()] == ["visit"]


# --- laws -------------------------------------------------------------------------------------------------------------

LAW = [
    Segment("few", count("a", within=days(2)) >= 2),
    Segment("some", (count("b", within=days(3), where=event.n > 1) > 0) | ~ever("a")),
    Segment("both", in_segment("few") & ~in_segment("some")),
]
acts = st.lists(st.tuples(st.integers(1, 30), st.sampled_from("ab"), st.integers(0, 3)), min_size=1, max_size=12)


@settings(max_examples=examples(40), deadline=None)
@given(acts)
def test_whoever_is_in_it_is_whoever_the_condition_is_true_of_now(story):  # S3.3
    """Asked by a rule at each step, whether or not anybody worked meanwhile: the same as the condition itself."""
    checks = [
        sending(f"differs_{each.name}", "check", given=(in_segment(each.name) != (each.condition == True)))  # noqa: E712
        for each in LAW[:2]
    ]
    asleep, awake = engine_of(*checks, segments=LAW), engine_of(*checks, segments=LAW)
    for hours_on, type_, n in story:
        at = awake.clock.now() + hours(4 * hours_on)
        work_until(awake, at - TICK)  # at one instant touchpoints come before windows that lapse (S2.5)
        for engine in (asleep, awake):
            engine.clock.until(at)
        for engine in (asleep, awake):
            engine.record("ann", type_, {"n": n}, id=f"{type_}{engine.clock.now()}")
            engine.record("ann", "check")
    for engine in (asleep, awake):
        work_until(engine, engine.clock.now() + days(5))
        assert started(engine) == []
    assert changes(asleep) == changes(awake)
    asleep.close()
    awake.close()


# --- the test kit -----------------------------------------------------------------------------------------------------


def test_a_world_says_who_is_in_what_and_knows_its_names():
    journey = Journey("shop", segments=[BUYS_OFTEN], rules=[sending("welcome", Joined("vip"))])
    with World([journey]) as world:
        ann = world.customer("ann", timezone="UTC")
        ann.does("order_placed").does("order_placed")
        assert "vip" in ann.segments
        assert ann.segments == {"vip"}
        with pytest.raises(UnknownName, match="did you mean 'vip'"):
            assert "vpi" not in ann.segments
        with pytest.raises(UnknownName):
            assert ann.segments != {"others"}


def test_segments_of_one_name_are_told_apart_by_their_journeys():
    one = Journey("one", segments=[Segment("vip", ever("a"))])
    two = Journey("two", segments=[Segment("vip", ever("b")), Segment("c", ever("b"))])
    with World([one, two]) as world:
        ann = world.customer("ann", timezone="UTC")
        ann.does("b")
        assert ann.segments == {"two/vip", "c"}


def test_a_calendar_window_is_refused_as_everywhere():
    assert "elapsed" in problem_of(lambda: Segment("s", ever("a", within=calendar_days(1))))


def test_opening_a_case_in_a_run_tells_segments_before_the_next_step():  # S4.2
    steps = [OpenCase("trouble"), Branch(in_segment("troubled"), then=[Send(message("sorry"))])]
    rule = Rule("r", when="complained", then=steps)
    engine = engine_of(rule, segments=[Segment("troubled", case_open())], cases=[CaseType("trouble")])
    engine.record("ann", "complained")
    engine.run_pending()
    assert [each.name for each in engine.customer("ann").messages] == ["sorry"]


def test_a_way_that_parts_changes_who_is_in_it():  # S9
    split = Split("offer", {"a": [Send(message("a"))], "b": []}, weights={"a": 1, "b": 0})
    engine = engine_of(Rule("r", when="go", then=[split]), segments=[Segment("in_a", variant("offer") == "a")])
    engine.record("ann", "go")
    assert changes(engine) == [("joined", "in_a", timedelta(0))]


# --- under the lamp ---------------------------------------------------------------------------------------------------

SMALL = Journey("shop", segments=[Segment("recent", ever("visit", within=days(7)))], rules=[Rule("r", when="visit")])


def test_coverage_tells_which_segments_nobody_joined_or_left():
    with engine_of() as engine:
        engine.record("ann", "order_placed")
        lamp = Coverage.of(engine.journeys)
        lamp.collect(engine)
        told = {name: each.words for name, each in lamp.elements.items() if each.kind == "segment"}
        assert told == {
            "shop/segments/vip/joined": "nobody ever joined the segment vip",
            "shop/segments/vip/left": "nobody ever left the segment vip",
        }
        assert [each for each in told if lamp.hits[each]] == []
        engine.record("ann", "order_placed")
        lamp.collect(engine)
        assert [each for each in told if lamp.hits[each]] == ["shop/segments/vip/joined"]


def test_small_faults_are_made_in_the_conditions_of_segments():
    told = [each.sentence for each in mutants(SMALL)]
    assert any(each.startswith("segment recent has those where") and "days" in each for each in told)


def test_the_report_of_a_replay_counts_who_joined_and_left():
    tallies = {("segment", "shop/recent", "joined"): 1_200, ("segment", "shop/recent", "left"): 3}
    titles = dict(tables([SMALL], tallies, 1_500))
    table = titles["shop: segments"]
    assert [[*column.cells] for column in table.columns] == [["recent"], ["1,200"], ["3"]]


@pytest.mark.untraced
def test_random_journeys_have_segments_that_rules_wait_for():
    seen = Counter()

    @settings(max_examples=60, deadline=None, database=None)
    @given(journeys())
    def look(journey):
        seen["segments"] += len(journey.segments)
        triggers = [each for rule in journey.rules for each in rule.when]
        seen["triggers"] += sum(isinstance(each, Joined | LeftSegment) for each in triggers)

    look()
    assert seen["segments"] == 120
    assert seen["triggers"] > 0
