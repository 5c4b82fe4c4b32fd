"""Hypothesis strategies of the test kit, and its state machine."""

import importlib
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.stateful import run_state_machine_as_test

from sizing import examples
from touchpoint import (
    Branch,
    Cap,
    CaseType,
    Content,
    Journey,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    Wait,
    WaitFor,
    calendar_days,
    count,
    customer,
    days,
    event,
    hours,
)
from touchpoint.journey.codec import journey_from_dict, journey_to_dict
from touchpoint.journey.policy import ConsentRule, ConsentRules
from touchpoint.testing import World
from touchpoint.testing.machine import ALWAYS, JourneyMachine, journey_machine
from touchpoint.testing.strategies import (
    Act,
    Arrives,
    Changes,
    Clicks,
    ClosesCase,
    Crashes,
    Does,
    Grants,
    Known,
    OpensCase,
    Passes,
    Replies,
    Until,
    Withdraws,
    _Pause,
    _told,
    customers,
    journeys,
    play,
    stories,
)

pytest_plugins = ["pytester"]
TICK = timedelta(microseconds=1)
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def message(name, kind="service", *channels):
    return Message(name, why="a test", kind=kind, channels=list(channels or ["email"]), content=Content(text=name))


@attrs.frozen
class Paid:
    """A declared type."""

    amount: Decimal
    when: date | None = None
    n: int = 0


WELCOME = Journey(
    "welcome",
    cases=[CaseType("support")],
    touchpoints=[Paid],
    rules=[
        Rule("greet", when="signed_up", key="order", given=event.plan.name != "free", then=[
            Send(message("hello")),
            WaitFor("paid", given=event.n > 3, timeout=days(3), otherwise=[Send(message("nudge", "marketing", "sms"))]),
            Branch(customer.vip & (count("visited", within=hours(36), where=event.shop == "north") >= 2)),
            Wait(until=customer.renewal), Wait(until="07:30"),
        ]),
    ],
    policy=Policy(
        QuietHours("21:00", "24:00", unknown_zone="deny", kinds=["marketing"]), Cap(1, per=hours(20)),
        Cap(3, per=calendar_days(7)),
    ),
)  # fmt: skip
SALE = Journey(
    "sale", rules=[Rule("sale", when="sale_opened", then=[Wait(days(2)), Send(message("sale", "marketing"))])]
)
UNASKED = Policy(ConsentRules([ConsentRule(needs="no_withdrawal", kinds=["marketing"])]))


def finds(strategy, condition, examples=2_000):
    try:
        return find(
            strategy, condition,
            settings=settings(max_examples=examples, database=None, derandomize=True, phases=[Phase.generate]),
        )  # fmt: skip
    except NoSuchExample:
        pytest.fail("no example does that")


def told(story, cls):
    return [act for act in story if isinstance(act, cls)]


# --- acts -------------------------------------------------------------------------------------------------------------

ACTS = [
    (Arrives("ann", "UTC", {"phone": "+15550100000"}, {"vip": True}, "de", frozenset({("gift", "sms")})),
     ("world.customer('ann', timezone='UTC', addresses={'phone': '+15550100000'}, traits={'vip': True}, locale='de', "
      "consents={('gift', 'sms')})")),
    (Arrives("ann"), "world.customer('ann')"),
    (Does("ann", "go"), "world['ann'].does('go')"),
    (Does("ann", "go", {"n": 1}, AT),
     "world['ann'].does('go', at=datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.timezone.utc), n=1)"),
    (Does("ann", "go", {"order-id": 1, "class": 2, "n": 3}),
     "world['ann'].does('go', **{'order-id': 1}, **{'class': 2}, n=3)"),
    (Replies("ann", "STOP", "sms"), "world['ann'].replies('STOP', via='sms')"),
    (Clicks("ann", "hello"), "world['ann'].clicks('hello')"),
    (OpensCase("ann", "support", "#1"), "world['ann'].opens_case('support', ref='#1')"),
    (ClosesCase("ann", "support", "#1"), "world['ann'].closes_case('support', ref='#1')"),
    (Grants("ann", "marketing", "sms"), "world['ann'].grants('marketing', via='sms')"),
    (Withdraws("ann", "marketing", "sms"), "world['ann'].withdraws('marketing', via='sms')"),
    (Changes("ann", {"vip": True}), "world['ann'].changes(traits={'vip': True})"),
    (Changes("ann", timezone=("UTC", "Asia/Tokyo")), "world['ann'].changes(timezone=('UTC', 'Asia/Tokyo'))"),
    (Passes(hours(1)), "world.advance(datetime.timedelta(seconds=3600))"),
    (Until(AT + days(1)), "world.until(datetime.datetime(2026, 1, 6, 9, 0, tzinfo=datetime.timezone.utc))"),
    (Crashes(), "world.crash_and_restart()"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "words"), ACTS, ids=lambda each: type(each).__name__ if isinstance(each, Act) else "")
def test_an_act_reads_as_a_line_of_a_test(act, words):
    assert act.words == words


def test_grants_read_in_the_same_order_in_every_process():  # S11.5
    grants = frozenset((kind, "sms") for kind in ("marketing", "feedback", "gift"))
    assert Arrives("ann", consents=grants).words.endswith(
        "consents={('feedback', 'sms'), ('gift', 'sms'), ('marketing', 'sms')})"
    )


@pytest.mark.parametrize("act", [act for act, _ in ACTS], ids=lambda each: type(each).__name__)
def test_an_act_keeps_personal_data_out_of_its_repr(act):  # S7.5
    assert not any(each in repr(act) for each in ("+1555", "vip", "STOP"))


def test_an_act_does_what_its_line_says():
    with World([WELCOME], strict=False) as one, World([WELCOME], strict=False) as other:
        acts = [act for act, _ in ACTS if not isinstance(act, Clicks) and act != Arrives("ann")]
        for act in acts:
            act.apply(one)
            eval(act.words, {"world": other, "datetime": __import__("datetime")})  # noqa: S307 - our own words
        assert one.timeline("ann") == other.timeline("ann")


# --- what journeys speak of -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whose", "name", "expected"),
    [
        ("paid", "n", {3, 2, 4}),
        ("visited", "shop", {"north", "other"}),
        ("customer", "vip", {True, False}),
        ("customer", "renewal", {date(2026, 1, 6), date(2026, 1, 7), date(2026, 1, 12)}),
        ("signed_up", "order", {"a", "b"}),
    ],
)
def test_values_lie_on_the_constants_of_conditions_and_beside_them(whose, name, expected):
    assert set(Known.of([WELCOME], at=AT).properties(whose)[name]) >= expected


def test_nested_values_are_nested():
    assert {"name": "free"} in Known.of([WELCOME]).properties("signed_up")["plan"]


def test_what_is_asked_of_one_type_is_not_said_of_another():
    assert "shop" not in Known.of([WELCOME]).properties("signed_up")


def test_lengths_are_those_of_waits_caps_windows_and_best_before():
    assert {days(3), hours(36), hours(20)} <= set(Known.of([WELCOME]).elapsed)


def test_lengths_of_the_house_policy_count_too():
    assert hours(5) in Known.of([SALE], Policy(Cap(1, per=hours(5)))).elapsed


def test_clocks_are_the_edges_of_windows_and_of_the_calendar():
    assert Known.of([WELCOME]).clocks == ("07:30", "21:00", "00:00")


# --- customers and stories --------------------------------------------------------------------------------------------


@FEW
@given(customers([WELCOME]))
def test_a_customer_can_be_put_into_a_world(someone):
    with World([WELCOME]) as world:
        assert someone.apply(world).id == "ann"


@pytest.mark.parametrize(
    "condition",
    [
        lambda each: each.timezone is None,
        lambda each: isinstance(each.timezone, tuple),
        lambda each: not each.addresses,
        lambda each: set(each.addresses) == {"email", "phone"},
        lambda each: not each.consents,
        lambda each: each.consents == {("marketing", "sms")},
        lambda each: each.traits.get("vip") is True,
    ],
    ids=["no zone", "two zones", "no address", "all addresses", "no grant", "a grant", "a trait"],
)
def test_customers_come_in_every_kind(condition):
    assert finds(customers([WELCOME]), condition)


def test_two_customers_never_share_an_address():
    both = [customers([WELCOME], name=name) for name in ("ann", "bob")]
    one, other = (finds(each, lambda drawn: len(drawn.addresses) == 2) for each in both)
    assert not set(one.addresses.values()) & set(other.addresses.values())


def test_the_plainest_story_is_a_customer_who_can_be_reached():
    assert find(stories([WELCOME]), lambda _: True) == [
        finds(customers([WELCOME]), lambda each: len(each.addresses) == 2 and each.consents and not each.traits)
    ]


@FEW
@given(stories([WELCOME], people=("ann", "bob")))
def test_a_story_can_be_played_and_nobody_is_stuck(story):
    with World([WELCOME]) as world:
        play(story, world)
        world.run_out()
        world.assert_nobody_is_stuck()


@FEW
@given(stories([WELCOME]))
def test_a_story_reads_as_the_world_tells_it(story):
    with World([WELCOME]) as world:
        play(story, world)
        assert [act.words for act in story] == world.story


@FEW
@given(stories([WELCOME], max_acts=5))
def test_a_story_is_no_longer_than_asked(story):
    assert len(story) <= 1 + 5


@pytest.mark.untraced
@pytest.mark.parametrize("beside", [-TICK, timedelta(0), TICK], ids=["before", "at", "after"])
@pytest.mark.parametrize("length", [days(3), hours(20), hours(36)], ids=["wait", "cap", "condition"])
def test_time_passes_to_the_edge_of_a_length(length, beside):
    assert finds(stories([WELCOME]), lambda story: Passes(length + beside) in story, 10_000)


def test_time_passes_to_the_edge_of_a_length_since_an_earlier_act():
    acts = [Does("ann", "signed_up"), _Pause(days(1)), Does("ann", "visited"), _Pause(days(3), TICK, since=1)]
    assert told(_told([Arrives("ann")], acts, AT), Passes) == [Passes(days(1)), Passes(days(2) + TICK)]


def test_a_length_on_the_calendar_ends_at_the_same_local_time_across_a_clock_change():  # S2.1
    before = datetime(2026, 3, 28, 9, tzinfo=UTC)  # 10:00 in Madrid, where the clocks go forward that night
    acts = [Does("ann", "signed_up"), _Pause(calendar_days(1))]
    assert told(_told([Arrives("ann", "Europe/Madrid")], acts, before), Until) == [Until(before + hours(23))]


@pytest.mark.untraced
@pytest.mark.parametrize("beside", [-TICK, timedelta(0), TICK], ids=["before", "at", "after"])
def test_time_passes_to_the_edge_of_a_window_on_the_customers_clock(beside):
    evening = datetime(2026, 1, 5, 20, tzinfo=UTC) + beside  # 21:00 in Madrid

    def at_the_edge(story):
        return story[0].timezone == "Europe/Madrid" and Until(evening) in story

    assert finds(stories([WELCOME], max_acts=4), at_the_edge, 10_000)


@pytest.mark.parametrize(
    "condition",
    [
        lambda story: any(act.at is not None for act in told(story, Does)),
        lambda story: told(story, OpensCase),
        lambda story: told(story, ClosesCase),
        lambda story: told(story, Withdraws),
        lambda story: told(story, Grants),
        lambda story: told(story, Replies),
        lambda story: any(act.timezone for act in told(story, Changes)),
        lambda story: any(act.traits for act in told(story, Changes)),
        lambda story: any(act.properties.get("shop") == "north" for act in told(story, Does)),
    ],
    ids=["told late", "opens", "closes", "withdraws", "grants", "replies", "moves", "has another trait", "a constant"],
)
def test_stories_hold_every_kind_of_act(condition):
    assert finds(stories([WELCOME]), condition)


@FEW
@given(stories([WELCOME]))
def test_nobody_replies_from_an_address_they_do_not_have(story):
    reached = {"email": "email", "sms": "phone"}
    assert all(reached[act.via] in story[0].addresses for act in told(story, Replies))


@FEW
@given(stories([WELCOME]))
def test_a_declared_type_gets_what_its_class_accepts(story):  # S1.2
    assert all("amount" in act.properties for act in told(story, Does) if act.type == "paid")


def test_a_journey_that_asks_for_nothing_has_stories_too():
    assert find(stories([Journey("empty")]), lambda _: True)


def test_a_story_can_follow_the_policy_of_the_house():
    assert finds(stories([SALE], policy=Policy(Cap(1, per=hours(5)))), lambda story: Passes(hours(5)) in story)


# --- whole journeys ---------------------------------------------------------------------------------------------------


@FEW
@given(journeys())
def test_a_random_journey_survives_being_written_and_read(journey):
    assert journey_from_dict(journey_to_dict(journey)) == journey


@FEW
@given(st.data())
def test_a_random_journey_leaves_nobody_stuck(data):  # S4.3
    journey = data.draw(journeys())
    with World([journey]) as world:
        play(data.draw(stories([journey])), world)
        world.run_out(days(60))
        world.assert_nobody_is_stuck()


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_the_journey_a_crash_between_acts_changes_nothing(data):  # S11.1
    journey = data.draw(journeys())
    story = data.draw(stories([journey]))
    with World([journey]) as smooth, World([journey]) as crashing:
        for act in story:
            act.apply(smooth)
            act.apply(crashing)
            crashing.crash_and_restart()
        assert smooth.timeline("ann") == crashing.timeline("ann")


# --- the state machine ------------------------------------------------------------------------------------------------

QUICK = settings(
    max_examples=60, stateful_step_count=15, database=None, derandomize=True, phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
SHORT = settings(QUICK, max_examples=examples(60))


def failing(machine, examples=300):
    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(machine, settings=settings(QUICK, max_examples=examples))
    return caught.value


def test_a_sound_journey_passes_the_machine():
    run_state_machine_as_test(journey_machine([WELCOME]), settings=SHORT)


@pytest.mark.untraced
def test_several_customers_may_live_in_a_machine():
    run_state_machine_as_test(journey_machine([SALE], people=("ann", "bob")), settings=SHORT)


def test_the_machine_crashes_now_and_then_and_lets_time_pass_to_what_is_due():
    seen = set()

    class Watching(journey_machine([SALE])):
        def teardown(self):
            seen.update(map(type, self.story))
            super().teardown()

    run_state_machine_as_test(Watching, settings=QUICK)
    assert {Arrives, Does, Passes, Until, Crashes} <= seen


def test_a_failing_example_is_a_short_story_in_the_vocabulary():
    error = failing(journey_machine([SALE], UNASKED))
    assert "got the marketing message 'sale' by email" in str(error)
    body = error.__notes__[0].partition("):\n")[2].split("\n")
    acts = [line.strip() for line in body if "touchpoint_world(" not in line]
    assert acts[0].startswith("world.customer('ann'")
    assert "consents" not in acts[0]
    assert acts[1] == "world['ann'].does('sale_opened')"
    assert acts[2] in (
        "world.advance(datetime.timedelta(days=2))",
        "world.until(datetime.datetime(2026, 1, 7, 9, 0, tzinfo=datetime.timezone.utc))",
    )
    assert acts[3:] == ["marketing_is_consented(world)"]


@pytest.mark.untraced
def test_the_printed_story_can_be_pasted_as_a_test(pytester):
    error = failing(journey_machine([SALE], UNASKED))
    given = """
from touchpoint import Content, Journey, Message, Policy, Rule, Send, Wait, days
from touchpoint.journey.policy import ConsentRule, ConsentRules

sale = Message("sale", why="a test", kind="marketing", channels=["email"], content=Content(text="sale"))
journeys = [Journey("sale", rules=[Rule("sale", when="sale_opened", then=[Wait(days(2)), Send(sale)])])]
policy = Policy(ConsentRules([ConsentRule(needs="no_withdrawal", kinds=["marketing"])]))
"""
    pytester.makepyfile(given + error.__notes__[0])
    result = pytester.runpytest("-p", "no:touchpoint", "-p", "touchpoint.testing.plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*got the marketing message 'sale' by email*"])


def nobody_signs_up(world):
    """A check of the user's own."""
    assert not any(world.view(each).runs for each in world.people)


def test_a_check_of_the_users_own_is_asked_too():
    error = failing(journey_machine([SALE], checks=[nobody_signs_up]))
    assert error.__notes__[0].endswith("\n    world['ann'].does('sale_opened')\n    nobody_signs_up(world)")
    assert f"from {__name__} import nobody_signs_up" in error.__notes__[0]


def test_a_check_without_a_name_is_told_as_a_comment():
    def own(world):
        assert not world.people

    assert "    # here this did not hold: " in failing(journey_machine([SALE], checks=[own])).__notes__[0]


@pytest.mark.untraced
def test_what_always_holds_can_be_left_out():
    less = [each for each in ALWAYS if each.__name__ != "marketing_is_consented"]
    run_state_machine_as_test(journey_machine([SALE], UNASKED, always=less), settings=QUICK)


def test_an_act_that_fails_tells_the_story_so_far():
    machine = journey_machine([SALE])()
    with pytest.raises(LookupError) as caught:
        machine.perform(Does("ann", "x")) or machine.perform(Arrives("ann")) or machine.perform(Does("ann", "x"))
    machine.teardown()
    assert caught.value.__notes__[0].endswith("    world.customer('ann')\n    world['ann'].does('x')")


def test_a_story_with_decimals_says_where_they_come_from():
    machine = journey_machine([WELCOME])()
    machine.perform(Arrives("ann"))
    machine.perform(Does("ann", "paid", {"amount": Decimal(1)}))
    machine.teardown()
    assert "from decimal import Decimal" in machine.as_test()


def test_settings_of_the_world_are_passed_on_and_told():
    machine = journey_machine([SALE], strict=False)()
    machine.perform(Arrives("ann"))
    machine.perform(Does("ann", "unheard_of"))
    machine.teardown()
    assert "strict=strict)" in machine.as_test()


def test_a_machine_is_one_of_hypothesis():
    assert issubclass(journey_machine([SALE]), JourneyMachine)
    assert journey_machine([SALE]).TestCase


# --- without Hypothesis -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["strategies", "machine"])
def test_without_hypothesis_the_import_says_what_to_install(module, monkeypatch):
    for name in [each for each in sys.modules if each.partition(".")[0] == "hypothesis"]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("strategies", "machine"):
        monkeypatch.delitem(sys.modules, f"touchpoint.testing.{name}")
    with pytest.raises(ImportError, match="pip install hypothesis"):
        importlib.import_module(f"touchpoint.testing.{module}")
