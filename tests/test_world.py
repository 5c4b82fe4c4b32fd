"""The small world of the test kit: its vocabulary, its strictness, and failures that explain themselves."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from touchpoint import (
    Call,
    CaseType,
    Content,
    Emit,
    Hold,
    Journey,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    Stage,
    WaitFor,
    days,
    hours,
    minutes,
)
from touchpoint.channels import Ambiguous, FailureCode, Refused
from touchpoint.channels.memory import MemoryChannel
from touchpoint.errors import InvalidInput, UnknownCustomer, UnknownName
from touchpoint.testing import World
from touchpoint.testing.person import Inbox, StageName

pytest_plugins = ["pytester"]
AT = datetime(2026, 3, 4, 18, tzinfo=UTC)
SUPPORT = CaseType("support")
REACHED = {"email": "ann@example.com", "phone": "+15550100000"}


def message(name, kind="service", *channels, **more):
    content = Content(subject=f"About {name}", text=f"{name} for {{customer.name|you}}")
    return Message(name, why="a test", kind=kind, channels=list(channels or ["email"]), content=content, **more)


WELCOME = Journey(
    "welcome",
    cases=[SUPPORT],
    stages=[Stage("trying", phase="engage", when="signed_up"), Stage("regular", phase="delight", when="ordered")],
    rules=[
        Rule("greet", when="signed_up", then=[
            Send(message("hello")),
            WaitFor("ordered", timeout=days(3), otherwise=[Send(message("nudge", "marketing", "sms"))]),
        ]),
        Rule("ring", when="complained", then=[Send(message("ring_up", "service", "call"))]),
        Rule("answer", when=["replied", "clicked", "task_completed", "delivered"], then=[Send(message("noted"))]),
    ],
    policy=Policy(
        QuietHours("21:00", "08:00", unknown_zone="deny", kinds=["marketing"]),
        Hold(while_open=[SUPPORT], kinds=["marketing"]),
    ),
)  # fmt: skip


@pytest.fixture
def world():
    with World([WELCOME], at=AT) as made:
        yield made


@pytest.fixture
def ann(world):
    return world.customer("ann", timezone="UTC", addresses=REACHED, consents={("marketing", "sms")})


# --- the world --------------------------------------------------------------------------------------------------------


def test_a_world_begins_when_it_is_told(world):
    assert world.now == AT


def test_a_world_begins_on_a_monday_morning_unless_it_is_told():
    with World([WELCOME]) as made:
        assert (made.now.weekday(), made.now.hour) == (0, 9)


def test_a_world_shows_its_journeys(world):
    assert world.journeys == (WELCOME,)
    assert repr(world) == "<World of welcome at 2026-03-04T18:00:00+00:00>"


def test_closing_twice_does_nothing(world):
    world.close()
    world.close()


def test_a_world_knows_the_names_of_its_journeys(world):
    assert set(world.messages) == {"hello", "nudge", "ring_up", "noted"}
    assert world.cases == ("support",)
    assert world.stages == {"welcome": ("trying", "regular")}
    assert {"signed_up", "ordered", "complained", "replied"} <= set(world.types)
    assert {"email", "sms", "call", "push"} <= set(world.channels)


def test_people_are_found_by_their_id(world, ann):
    assert (world["ann"], world.people) == (ann, {"ann": ann})


def test_a_customer_told_of_again_is_the_same_one(world, ann):
    assert world.customer("ann", traits={"vip": True}) is ann
    assert ann.view.traits["vip"] is True


def test_a_customer_may_have_several_zones_a_locale_and_traits(world):
    bob = world.customer("bob", timezone=("America/New_York", "America/Los_Angeles"), locale="de", traits={"age": 7})
    assert (bob.view.zones, bob.view.traits) == (("America/New_York", "America/Los_Angeles"), {"age": 7})


# --- time -------------------------------------------------------------------------------------------------------------


def test_time_passes_by_a_length(world):
    world.advance(days(2))
    assert world.now == AT + days(2)


def test_time_passes_until_an_instant_in_any_zone(world):
    world.until(datetime(2026, 3, 5, 10, tzinfo=ZoneInfo("Europe/Madrid")))
    assert world.now == datetime(2026, 3, 5, 9, tzinfo=UTC)


def test_what_falls_due_meanwhile_happens_at_its_own_instant(world, ann):  # S2.5
    ann.does("signed_up")
    world.advance(days(9))
    assert ann.received("nudge").at == AT + days(3)


def test_what_falls_due_at_the_very_end_has_happened(world, ann):
    ann.does("signed_up")
    world.advance(days(3))
    assert ann.received("nudge")


def test_time_does_not_run_backwards(world):
    with pytest.raises(InvalidInput, match="backwards"):
        world.advance(-hours(1))


def test_the_past_cannot_be_waited_for(world):
    with pytest.raises(InvalidInput, match="is past"):
        world.until(AT - minutes(1))


def test_a_naive_instant_is_refused(world):  # S2.1
    with pytest.raises(InvalidInput, match="aware"):
        world.until(datetime(2026, 3, 5))


def test_run_out_goes_on_until_nothing_is_due(world, ann):
    ann.does("signed_up")
    world.run_out()
    assert (ann.view.planned, world.now) == ([], AT + days(3))


def test_run_out_stops_at_its_limit(world, ann):
    ann.does("signed_up")
    world.run_out(days(1))
    assert not ann.received("nudge")


# --- what customers do ------------------------------------------------------------------------------------------------


def test_acts_can_be_chained_and_settle_at_once(ann):
    ann.does("signed_up").does("ordered", total=3)
    assert (ann.inbox, ann.stage("welcome")) == ([("hello", "email")], "regular")


def test_an_act_may_have_happened_earlier(ann):  # S1.5
    ann.does("ordered", at=AT - hours(1))
    assert [each.at for each in ann.view.timeline()] == [AT - hours(1)]


def test_the_same_act_twice_is_two_touchpoints(ann):
    ann.does("ordered").does("ordered")
    assert len(ann.view.timeline()) == 2


def test_a_reply_is_about_the_latest_message_on_that_channel(ann):  # S6.9
    ann.does("signed_up").replies("thank you", via="email")
    (reply,) = (each for each in ann.view.timeline() if each.type == "replied")
    assert (reply.properties["message"], reply.about) == ("hello", ann.received("hello").key)


def test_a_reply_of_stop_keeps_messages_away(world, ann):  # S7.3
    ann.does("signed_up").replies("Stop.", via="sms")
    world.advance(days(4))
    assert ann.last("nudge").status == "denied"


def test_a_click_is_about_the_latest_message_of_that_name(ann):
    ann.does("signed_up").clicks("hello", "https://example.com")
    (click,) = (each for each in ann.view.timeline() if each.type == "clicked")
    assert click.properties == {"message": "hello", "link": "https://example.com"}


def test_nobody_clicks_on_what_they_never_got(ann):
    with pytest.raises(InvalidInput, match="never accepted"):
        ann.clicks("nudge")


def test_cases_are_opened_and_closed(ann):
    ann.opens_case("support", ref="#1").opens_case("support", ref="#2").closes_case("support", ref="#1")
    assert [each.ref for each in ann.cases()] == ["#1", "#2"]
    assert [each.ref for each in ann.cases(open=True)] == ["#2"]
    assert [each.ref for each in ann.cases(open=False)] == ["#1"]


def test_an_open_case_holds_promotion(world, ann):  # S6.10
    ann.does("signed_up").opens_case("support", ref="#1")
    world.advance(days(4))
    assert ann.received("nudge") is None
    ann.closes_case("support", ref="#1")
    assert ann.received("nudge") is not None


def test_a_customer_who_moves_lives_by_another_clock(world, ann):
    ann.does("signed_up").moves_to("Asia/Tokyo")  # 18:00 UTC is 03:00 in Tokyo
    world.advance(days(4))
    assert ann.received("nudge").local.hour == 8


def test_consent_can_be_given_and_taken_back(world, ann):
    bob = world.customer("bob", timezone="UTC", addresses={"phone": "+15550100001"}).grants("marketing", via="sms")
    ann.withdraws("marketing")
    for each in (ann, bob):
        each.does("signed_up")
    world.advance(days(4))
    assert (ann.received("nudge"), bob.received("nudge").via) == (None, "sms")


def test_traits_and_addresses_can_change(ann):
    ann.changes(traits={"name": "Ann"}, addresses={"email": "new@example.com"}).does("signed_up")
    assert ann.received("hello").text == "hello for Ann"


# --- what they got ----------------------------------------------------------------------------------------------------


def test_a_message_received_tells_everything_about_itself(world, ann):
    ann.moves_to("Europe/Madrid").does("signed_up")
    got = ann.received("hello")
    assert (got.customer, got.name, got.kind, got.via, got.status) == ("ann", "hello", "service", "email", "sent")
    assert (got.at, got.local.isoformat()) == (AT, "2026-03-04T19:00:00+01:00")
    assert (got.subject, got.text, got.because) == ("About hello", "hello for you", ())


def test_a_message_keeps_its_words_out_of_its_repr(ann):  # S7.5
    ann.does("signed_up")
    assert "About" not in repr(ann.received("hello"))


def test_last_tells_of_a_message_that_was_never_sent(ann):
    ann.withdraws("service").does("signed_up")
    assert ann.received("hello") is None
    assert (ann.last("hello").status, ann.last("hello").text) == ("denied", None)


def test_what_has_not_happened_is_none(ann):
    assert (ann.received("hello"), ann.last("hello"), ann.stage("welcome"), ann.inbox) == (None, None, None, [])


def test_every_message_of_a_name_is_told_oldest_first(world, ann):
    ann.does("complained")
    world.advance(days(1))
    ann.does("complained")
    assert [each.at for each in ann.sent("ring_up")] == [AT, AT + days(1)]


def test_each_customer_has_an_inbox_of_their_own(world, ann):
    world.customer("bob", addresses={"email": "bob@example.com"}).does("signed_up")
    assert (ann.inbox, world["bob"].inbox) == ([], [("hello", "email")])


# --- looking ----------------------------------------------------------------------------------------------------------


def test_where_tells_of_live_runs_only(world, ann):
    ann.does("signed_up").does("complained")
    assert [run.rule for run in world.where(ann)] == ["greet"]


def test_why_tells_of_messages_and_rules_by_person_or_id(world, ann):  # S10
    ann.opens_case("support", ref="#1").does("signed_up")
    world.advance(days(4))
    assert "support" in str(world.why(ann, "nudge"))
    assert "greet" in str(world.why("ann", "greet"))


def test_a_customer_nobody_told_of_is_an_error(world):
    with pytest.raises(UnknownCustomer):
        world.timeline("zoe")


def test_nobody_is_stuck_in_a_sound_world(world, ann):
    ann.does("signed_up")
    world.assert_nobody_is_stuck()


def test_whoever_a_defect_keeps_from_going_on_is_stuck():  # S4.3
    circle = Journey("circle", rules=[Rule("round", when="go", then=[Emit("go")])])
    with World([circle]) as made:
        made.customer("ann").does("go")
        with pytest.raises(AssertionError, match=r"ann: .* is parked"):
            made.assert_nobody_is_stuck()


# --- strictness -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        (lambda _, ann: ann.does("singed_up"), "touchpoint type 'singed_up'; did you mean 'signed_up'"),
        (lambda _, ann: ann.received("helo"), "message 'helo'; did you mean 'hello'"),
        (lambda _, ann: ann.last("helo"), "message 'helo'; did you mean 'hello'"),
        (lambda _, ann: ann.sent("helo"), "message 'helo'; did you mean 'hello'"),
        (lambda _, ann: ann.clicks("helo"), "message 'helo'; did you mean 'hello'"),
        (lambda _, ann: ann.inbox == [("helo", "email")], "message 'helo'; did you mean 'hello'"),
        (lambda _, ann: ann.inbox != [("helo", "email")], "message 'helo'; did you mean 'hello'"),
        (lambda _, ann: ("helo", "email") in ann.inbox, "message 'helo'; did you mean 'hello'"),
        (lambda _, ann: ann.inbox.count(("helo", "email")), "message 'helo'; did you mean 'hello'"),
        (lambda _, ann: ann.opens_case("suport", ref="#1"), "'suport'; did you mean 'support'"),
        (lambda _, ann: ann.closes_case("suport", ref="#1"), "'suport'; did you mean 'support'"),
        (lambda _, ann: ann.stage("welcom"), "journey 'welcom'; did you mean 'welcome'"),
        (lambda _, ann: ann.does("ordered").stage("welcome") == "regulr", "'regulr'; did you mean 'regular'"),
        (lambda _, ann: ann.does("ordered").stage("welcome") != "regulr", "'regulr'; did you mean 'regular'"),
        (lambda _, ann: ann.replies("hi", via="emial"), "channel 'emial'; did you mean 'email'"),
        (lambda world, _: world.channel("emial"), "channel 'emial'; did you mean 'email'"),
        (lambda world, _: world.staff("cal"), "channel 'cal'; did you mean 'call'"),
        (lambda world, ann: world.why(ann, "gret"), "'gret'; did you mean 'greet'"),
        (lambda world, _: world["an"], "customer 'an'; did you mean 'ann'"),
    ],
)  # fmt: skip
def test_a_typo_is_an_error_that_says_what_was_meant(world, ann, slip, meant):
    with pytest.raises(UnknownName) as caught:
        slip(world, ann)
    assert meant in str(caught.value)


def test_a_typo_leaves_no_trace(world, ann):
    before = world.story
    with pytest.raises(UnknownName):
        ann.does("singed_up")
    assert world.story == before


def test_a_world_that_is_not_strict_takes_any_type():
    with World([WELCOME], strict=False) as made:
        assert made.customer("ann").does("unheard_of").view.timeline()[0].type == "unheard_of"


def test_the_librarys_own_types_are_known(ann):
    ann.does("clicked")


def test_a_stage_equals_its_name_and_no_other_one():
    stage = StageName("trying", ("trying", "regular"))
    assert stage == "trying"
    assert stage != "regular"
    assert stage is not None
    assert hash(stage) == hash("trying")


def test_an_inbox_is_a_list():
    inbox = Inbox([("hello", "email")], ("hello",))
    assert (len(inbox), inbox[0], list(inbox)) == (1, ("hello", "email"), [("hello", "email")])
    assert inbox != []


# --- channels ---------------------------------------------------------------------------------------------------------


def test_a_channel_answers_as_it_is_told_then_accepts(world, ann):
    world.channel("email").will(Refused(FailureCode.THROTTLED), Ambiguous("no answer"))
    ann.does("signed_up")
    world.advance(hours(2))
    assert (world.channel("email").attempts, ann.inbox) == (3, [("hello", "email")])


def test_a_channel_can_raise(world, ann):  # S6.8
    world.channel("email").will(RuntimeError("down"))
    ann.does("signed_up")
    world.advance(hours(2))
    assert ann.inbox == [("hello", "email")]


def test_without_idempotency_what_is_in_doubt_is_not_sent_again(world, ann):  # S6.8
    world.channel("email").without_idempotency().will(Ambiguous("no answer"))
    ann.does("signed_up")
    world.advance(days(1))
    assert (world.channel("email").attempts, ann.last("hello").status) == (1, "unknown")


def test_receipts_come_back_for_the_next_messages_in_order(world, ann):  # S6.9
    world.channel("call").receipts("delivered", "bounced")
    for _ in range(3):
        ann.does("complained")
        world.advance(days(1))
    states = [each.type for each in ann.view.timeline() if each.type in ("delivered", "bounced")]
    assert states == ["delivered", "bounced"]


def test_receipts_may_come_back_for_every_message(world, ann):
    world.channel("call").receipts("failed", always=True)
    for _ in range(3):
        ann.does("complained")
    assert [each.type for each in ann.view.timeline()].count("failed") == 3


def test_a_receipt_is_about_its_message(world, ann):
    world.channel("email").receipts("opened")
    ann.does("signed_up")
    (receipt,) = (each for each in ann.view.timeline() if each.type == "opened")
    assert receipt.about == ann.received("hello").key


def test_a_rule_can_react_to_a_receipt(world, ann):
    world.channel("email").receipts("delivered")
    ann.does("signed_up")
    assert ann.inbox == [("hello", "email"), ("noted", "email")]


def test_a_receipt_that_no_provider_sends_is_refused(world):
    with pytest.raises(InvalidInput, match="delivered, bounced, failed, opened"):
        world.channel("email").receipts("lost")


def test_a_stand_in_takes_over_what_the_hosts_adapter_can_do():
    class Pigeon(MemoryChannel):
        def normalise(self, raw, *, region=None):
            return super().normalise(raw.upper(), region=region)

    pigeon = Pigeon("pigeon", "loft").without_idempotency()
    with World([], channels=[pigeon]) as made:
        stand_in = made.channel("pigeon")
        assert stand_in.capabilities == pigeon.capabilities
        assert stand_in.normalise("roof").key == "ROOF"


def test_people_do_what_a_message_asks_of_them(world, ann):
    ann.does("complained")
    task = world.staff("call").claim()
    assert (task.message, task.text, task.status) == ("ring_up", "ring_up for you", "claimed")
    task.complete("reached")
    (done,) = (each for each in ann.view.timeline() if each.type == "task_completed")
    assert (done.properties, task.status) == ({"message": "ring_up", "outcome": "reached"}, "completed")


def test_people_may_decline_a_task(world, ann):
    ann.does("complained")
    world.staff("call").claim().decline("nobody there")
    (declined,) = (each for each in ann.view.timeline() if each.type == "task_declined")
    assert declined.properties == {"message": "ring_up", "reason": "nobody there"}


def test_a_rule_can_react_to_a_task_done(world, ann):
    ann.does("complained")
    world.staff("call").claim().complete("reached")
    assert ann.inbox == [("ring_up", "call"), ("noted", "email")]


def test_a_task_is_claimed_once_oldest_first(world, ann):
    bob = world.customer("bob", addresses={"phone": "+15550100001"})
    for each in (ann, bob):
        each.does("complained")
    one, other = world.staff("call").claim(), world.staff("call").claim()
    assert [each.status for each in world.staff("call").tasks] == ["claimed", "claimed"]
    assert one is not other
    with pytest.raises(InvalidInput, match="no task to claim"):
        world.staff("call").claim()


def test_a_task_ends_once_and_only_when_claimed(world, ann):
    ann.does("complained")
    (task,) = world.staff("call").tasks
    with pytest.raises(InvalidInput, match="claim\\(\\) comes first"):
        task.complete("reached")
    world.staff("call").claim().complete("reached")
    with pytest.raises(InvalidInput, match="ends once"):
        task.decline()


def test_functions_of_the_host_do_nothing_unless_given():
    calling = Journey("calling", rules=[Rule("r", when="go", then=[Call("ship"), Send(message("shipped"))])])
    asked = []
    for functions in (None, {"ship": asked.append}):
        with World([calling], functions=functions) as made:
            assert made.customer("ann", addresses=REACHED).does("go").inbox == [("shipped", "email")]
    assert len(asked) == 1


# --- more worlds ------------------------------------------------------------------------------------------------------


SALE = Journey("sale", rules=[Rule("sale", when="sale_opened", then=[Send(message("sale"))])])


def test_a_journey_can_be_added_while_customers_are_on_their_way(world, ann):
    ann.does("signed_up")
    world.add(SALE)
    ann.does("sale_opened")
    world.advance(days(3))
    assert ann.inbox == [("hello", "email"), ("sale", "email"), ("nudge", "sms")]


def test_names_of_an_added_journey_are_known_from_then_on(world, ann):
    with pytest.raises(UnknownName):
        ann.does("sale_opened")
    world.add(SALE)
    ann.does("sale_opened")


def test_a_substitute_is_put_to_work_instead():
    def silent(journey):
        return Journey(journey.name, rules=[Rule("greet", when="signed_up")])

    with World([WELCOME], substitute=silent) as made:
        assert made.customer("ann", addresses=REACHED).does("signed_up").inbox == []


def lived(world):
    world.channel("sms").will(Refused(FailureCode.THROTTLED)).receipts("delivered")
    world["ann"].does("signed_up", plan="free").replies("hi", via="email").clicks("hello").does("complained")
    world.staff("call").claim().complete("reached")
    world["ann"].changes(traits={"name": "Ann"}).opens_case("support", ref="#1").grants("gift").withdraws("gift")
    world["ann"].gets_answer("support", ref="#1")
    world.advance(days(4))
    world["ann"].closes_case("support", ref="#1").moves_to("Asia/Tokyo")
    world.add(SALE)
    world["ann"].does("sale_opened", at=world.now - hours(1))
    world.until(world.now + days(1))
    world.run_out()


def test_a_fork_is_another_world_in_which_the_same_was_done(world, ann):
    lived(world)
    with world.fork() as other:
        assert (other.timeline("ann"), other.now, other.story) == (world.timeline("ann"), world.now, world.story)


def test_a_fork_goes_its_own_way(world, ann):
    with world.fork() as other:
        other["ann"].does("signed_up")
        assert (ann.inbox, other["ann"].inbox) == ([], [("hello", "email")])


def test_a_fork_of_a_fork_is_the_same_again(world, ann):
    lived(world)
    with world.fork() as one, one.fork() as other:
        assert other.timeline("ann") == world.timeline("ann")


def test_a_story_is_told_as_lines_of_a_test(world, ann):
    ann.does("signed_up", plan="free", n=1).replies("STOP", via="sms").opens_case("support", ref="#1")
    world.advance(days(1))
    assert world.story == [
        (
            "world.customer('ann', timezone='UTC', addresses={'email': 'ann@example.com', 'phone': '+15550100000'}, "
            "consents={('marketing', 'sms')})"
        ),
        "world['ann'].does('signed_up', plan='free', n=1)",
        "world['ann'].replies('STOP', via='sms')",
        "world['ann'].opens_case('support', ref='#1')",
        "world.advance(datetime.timedelta(days=1))",
    ]


def test_a_crash_between_acts_changes_nothing(world, ann):  # S11.1
    ann.does("signed_up")
    world.crash_and_restart()
    world.advance(days(3))
    assert ann.inbox == [("hello", "email"), ("nudge", "sms")]


def test_random_lives_are_the_same_for_the_same_seed():
    def live(seed):
        with World([WELCOME], at=AT) as made:
            return [(each.customer, each.name, each.at) for each in made.random_lives(seed, acts=20)]

    assert live(1) == live(1)
    assert live(1) != live(2)


def test_random_lives_tell_what_was_so_when_a_message_went_out():
    with World([WELCOME], at=AT) as made:
        lives = made.random_lives(3, acts=60)
        assert lives == made.accepted
        assert all(each.local == each.at for each in lives)
        assert all(each.consented for each in lives if each.kind == "marketing")


# --- the timeline -----------------------------------------------------------------------------------------------------


def test_a_timeline_is_plain_text_on_the_customers_own_clock(world, ann):
    ann.moves_to("Europe/Madrid").does("signed_up", plan="free").opens_case("support", ref="#1")
    world.advance(days(3))
    assert (
        world.timeline(ann)
        == """\
times in Europe/Madrid; → from the customer, ← from us, · what followed
2026-03-04 19:00 → signed_up  plan=free
2026-03-04 19:00 · stage trying  welcome
2026-03-04 19:00 · greet: started  welcome
2026-03-04 19:00 · case support: opened  #1
2026-03-04 19:00 ← hello  sent by email, service
2026-03-07 19:00 · nudge  waiting, marketing; sms: a case is open: support
next: 2026-03-14 19:00 nudge is asked for"""
    )


def test_asking_changes_nothing(world, ann):
    ann.does("signed_up")
    before = world.timeline(ann)
    world.why(ann, "hello")
    world.where(ann)
    ann.last("nudge")
    assert world.timeline(ann) == before


def test_a_timeline_ends_with_what_is_planned(world, ann):
    ann.does("signed_up")
    assert world.timeline(ann).splitlines()[-1] == "next: 2026-03-07 18:00 welcome/greet goes on at waitfor:ordered"


# --- failures that explain themselves ---------------------------------------------------------------------------------

JOURNEY = """
from datetime import datetime
from zoneinfo import ZoneInfo
import pytest
from touchpoint import *

nudge = Message("nudge", why="a test", kind="marketing", channels=["sms"], content=Content(text="x"))
sale = Journey("sale", rules=[Rule("sale", when="sale_opened", then=[Send(nudge)])],
               policy=Policy(QuietHours("21:00", "08:00", unknown_zone="deny")))

@pytest.fixture
def world(touchpoint_world):
    return touchpoint_world(journeys=[sale], at=datetime(2026, 3, 4, 22, 30, tzinfo=ZoneInfo("America/New_York")))

@pytest.fixture
def ann(world):
    return world.customer("ann", timezone="America/New_York", addresses={"phone": "+15550100000"},
                          consents={("marketing", "sms")})
"""


def run(pytester, test, *arguments):
    pytester.makepyfile(JOURNEY + test)
    return pytester.runpytest(
        "-p", "no:touchpoint", "-p", "touchpoint.testing.plugin", "-p", "no:cacheprovider", *arguments
    )


def test_a_failed_test_tells_the_timeline_and_the_checks_with_local_times_and_zones(pytester):
    result = run(
        pytester,
        """
def test_it(world, ann):
    ann.does("sale_opened")
    assert ann.received("nudge")
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "*touchpoint: ann*",
        "times in America/New_York; *",
        "2026-03-04 22:30 → sale_opened",
        "2026-03-04 22:30 * nudge  waiting, marketing; *quiet hours 21:00-08:00*",
        "why('nudge'):",
        "*quiet hours 21:00-08:00: open at 2026-03-05T08:00:00 America/New_York*",
    ])  # fmt: skip


def test_a_long_timeline_is_not_cut(pytester):
    result = run(
        pytester,
        """
def test_it(world, ann):
    for n in range(300):
        ann.does("sale_opened", n=n)
    assert ann.received("nudge")
""",
    )
    lines = [each for each in result.outlines if "→ sale_opened  n=" in each]
    assert len(lines) == 300


def test_only_customers_that_the_test_asked_about_are_told_of(pytester):
    result = run(
        pytester,
        """
def test_it(world, ann):
    bob = world.customer("bob").does("sale_opened")
    assert bob.inbox
""",
    )
    assert [each for each in result.outlines if "touchpoint: " in each] != []
    result.stdout.no_fnmatch_line("*touchpoint: ann*")


def test_a_test_that_asked_about_nobody_is_told_of_everybody(pytester):
    result = run(
        pytester,
        """
def test_it(world, ann):
    world.customer("bob")
    assert False
""",
    )
    result.stdout.fnmatch_lines(["*touchpoint: ann*", "*touchpoint: bob*"])


def test_a_test_that_passes_says_nothing(pytester):
    result = run(
        pytester,
        """
def test_it(world, ann):
    ann.does("sale_opened")
    assert ann.received("nudge") is None
""",
        "-rA",
    )
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*times in*")


def test_a_failure_in_a_test_without_a_world_stays_as_it_is(pytester):
    result = run(
        pytester,
        """
def test_it():
    assert False
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*touchpoint: *")


def test_a_typo_in_a_test_fails_with_what_was_meant(pytester):
    result = run(
        pytester,
        """
def test_it(world, ann):
    ann.does("sale_open")
""",
    )
    result.stdout.fnmatch_lines(["*UnknownName: there is no touchpoint type 'sale_open'; did you mean 'sale_opened'*"])


def test_every_world_of_a_test_is_told_of_and_closed(pytester):
    result = run(
        pytester,
        """
def test_it(touchpoint_world):
    for name in ("ann", "bob"):
        touchpoint_world(journeys=[sale]).customer(name)
    assert False
""",
    )
    result.stdout.fnmatch_lines(["*touchpoint: ann*", "*touchpoint: bob*"])
