"""Sessions on channels through the engine: what is remembered, what is tried instead, what waits (S4.7, S6.5)."""

from datetime import timedelta

import pytest

from making import START, ends, engine_of, handed, journey, pass_time, sending, state_of
from touchpoint import Policy, Silent, VirtualClock, days, hours
from touchpoint.channels.inbound import CLICKED, COMPLAINED, OPENED, OPTED_OUT, REPLIED, Clicked, Receipt, Replied
from touchpoint.core.occurrence import Occurrence
from touchpoint.core.sessions import hear, heard_before, wrote_on
from touchpoint.rules import CAN_SPAM, WHATSAPP, ContentRule, ContentRules, Sender, SessionWindow

WAITS = ContentRule(name="our/session", asks=SessionWindow(24, closed="wait"), channels="whatsapp")


def policy(*rules, **sender):
    return Policy(ContentRules(rules, sender=Sender("x", **sender), unknown_jurisdiction="US"))


def engine(*rules, channels=("whatsapp", "email"), store="sqlite://", clock=None, house=None, **message):
    made = sending(channels=list(channels), **message)
    return engine_of(
        made, channels=["whatsapp", "email"], store=store, clock=clock or VirtualClock(START),
        policy=policy(*(rules or [WHATSAPP])) if house is None else house,
    )  # fmt: skip


def writes(engine, *, ago=timedelta(0), channel="whatsapp", customer="ann", **more):
    when = engine.clock.now() - ago
    return engine.apply(Replied(customer, channel, "Hello there", at=when, **more))


def start(engine):
    engine.record("ann", "start")
    pass_time(engine)


def test_free_text_goes_to_whoever_wrote_within_the_window():  # S6.5
    with engine() as made:
        writes(made, ago=hours(23))
        start(made)
        assert (handed(made, "whatsapp"), handed(made)) == (["hello"], [])


@pytest.mark.parametrize("ago", [hours(24), hours(30)])
def test_after_the_window_the_next_channel_is_used(ago):  # S6.5
    with engine() as made:
        writes(made, ago=ago)
        start(made)
        assert (handed(made, "whatsapp"), handed(made)) == ([], ["hello"])


def test_who_never_wrote_is_reached_by_the_next_channel():
    with engine() as made:
        start(made)
        assert (handed(made, "whatsapp"), handed(made)) == ([], ["hello"])


def test_with_no_other_channel_the_message_is_denied_and_why_says_which_rule():  # S10
    with engine(channels=["whatsapp"]) as made:
        start(made)
        assert ends(made) == [("hello", "denied")]
        assert "whatsapp/session" in str(made.why("ann", "hello"))


def test_an_approved_template_goes_out_at_any_time():
    with engine(house=policy(WHATSAPP, approved=["hello"])) as made:
        start(made)
        assert handed(made, "whatsapp") == ["hello"]


def test_writing_on_another_channel_opens_no_session():
    with engine() as made:
        writes(made, channel="email")
        start(made)
        assert handed(made, "whatsapp") == []


def test_clicks_and_receipts_open_no_session():
    with engine(house=policy(WHATSAPP, approved=["hello"])) as made:
        start(made)
        key = made.customer("ann").messages[-1].key
        made.apply(Clicked(key))
        made.apply(Receipt(key, "delivered"))
        assert state_of(made).heard == {}


def test_what_channels_report_of_a_customer_is_no_message_from_them():
    for name in (CLICKED, OPENED, COMPLAINED, OPTED_OUT):
        assert wrote_on({"whatsapp": False}, Occurrence("touchpoint", name, 1, "1", {}, "whatsapp")) is None
    assert wrote_on({"whatsapp": False}, Occurrence("touchpoint", REPLIED, 1, "1", {}, "whatsapp")) == "whatsapp"


def test_our_own_acts_and_internal_touchpoints_open_no_session():
    with engine() as made:
        for direction in ("outbound", "internal"):
            made.record("ann", "noted", channel="whatsapp", direction=direction)
        assert state_of(made).heard == {}


def test_an_older_message_that_comes_late_does_not_shorten_the_session():  # S1.5
    with engine() as made:
        writes(made, ago=hours(1), id="b")
        writes(made, ago=hours(30), id="a")
        start(made)
        assert handed(made, "whatsapp") == ["hello"]


def test_a_message_may_wait_until_the_customer_writes():  # S6.5
    with engine(WAITS) as made:
        start(made)
        assert ends(made) == [("hello", "waiting")]
        pass_time(made, hours(5))
        assert handed(made) == []
        writes(made)
        pass_time(made)
        assert (handed(made, "whatsapp"), handed(made)) == (["hello"], [])


def test_a_message_that_waits_for_the_customer_expires_like_any_other():  # S6.7
    with engine(WAITS) as made:
        start(made)
        pass_time(made, days(4))
        assert ends(made) == [("hello", "expired")]


@pytest.mark.parametrize("house", [Policy(), policy(*CAN_SPAM)])
def test_without_a_session_rule_nothing_is_remembered(house):  # S4.7
    with engine(house=house) as made:
        writes(made)
        assert state_of(made).heard == {}


def test_a_session_rule_costs_one_number_for_each_channel():  # S4.7
    with engine() as made:
        for n in range(5):
            writes(made, id=str(n))
        assert list(state_of(made).heard) == ["on whatsapp"]


def test_a_policy_that_begins_to_ask_is_filled_from_the_timeline(tmp_path):  # S4.7
    url, clock = f"sqlite:///{tmp_path}/store.db", VirtualClock(START)
    with engine(house=Policy(), store=url, clock=clock) as made:
        writes(made, ago=hours(3))
    with engine(store=url, clock=clock) as made:
        start(made)
        assert handed(made, "whatsapp") == ["hello"]
        assert list(state_of(made).heard) == ["on whatsapp"]


def test_a_policy_that_asks_no_more_forgets(tmp_path):  # S4.7
    url, clock = f"sqlite:///{tmp_path}/store.db", VirtualClock(START)
    with engine(store=url, clock=clock) as made:
        writes(made, ago=hours(3))
    with engine(house=Policy(), store=url, clock=clock) as made:
        start(made)
        assert state_of(made).heard == {}


def test_silences_and_sessions_are_remembered_side_by_side():
    quiet = sending("again", when=Silent(days(2)))
    both = journey(sending(channels=["whatsapp", "email"]), quiet)
    with engine_of(
        journeys=[both], channels=["whatsapp", "email"], policy=policy(WHATSAPP), clock=VirtualClock(START)
    ) as made:
        writes(made)
        assert len(state_of(made).heard) == 2
        pass_time(made, days(3))
        assert handed(made) == ["again"]


def test_a_journeys_own_policy_may_ask_for_a_session():  # S6.4
    own = journey(sending(channels=["whatsapp", "email"]), policy=policy(WHATSAPP))
    with engine_of(journeys=[own], channels=["whatsapp", "email"], clock=VirtualClock(START)) as made:
        start(made)
        assert handed(made) == ["hello"]


def test_what_is_kept_of_each_touchpoint_is_what_is_found_in_the_whole_timeline():  # S4.7
    sessions = {"whatsapp": False, "chat": True}
    timeline = [
        Occurrence("touchpoint", name, when, str(when), {}, channel, None, direction)
        for when, name, channel, direction in [
            (5, "replied", "whatsapp", "inbound"), (9, "clicked", "whatsapp", "inbound"),
            (3, "asked", "chat", "inbound"), (2, "asked", "whatsapp", "inbound"), (8, "sent", "chat", "outbound"),
            (7, "asked", None, "inbound"),
        ]
    ]  # fmt: skip
    kept = {}
    for each in timeline:
        if (channel := wrote_on(sessions, each)) is not None:
            kept = hear(kept, channel, each.at)
    assert kept == heard_before(sessions, timeline) == {"on whatsapp": 5, "on chat": 3}
