"""What a host needs for a preference page of its own: choices, snooze, plans, why, and proof (S7.1, S7.4, S10)."""

import json
from datetime import timedelta

import pytest

from making import ADDRESSES, START, engine_of, message, sending
from touchpoint import (
    Cap,
    Hold,
    InvalidInput,
    Policy,
    Preferences,
    QuietHours,
    Rule,
    Send,
    UnknownCustomer,
    UnknownName,
    Wait,
    WaitFor,
    days,
    months,
)
from touchpoint.channels.inbound import Replied
from touchpoint.model.case import CaseType

NEWS = {"kind": "marketing", "why": "tell of new things", "topic": "news"}
COMPLAINT = CaseType("complaint")


@pytest.fixture
def engine():
    with engine_of(
        sending("welcome", when="joined"),
        sending("receipt", when="bought", kind="transactional", why="prove the purchase"),
        sending("offer", when="visited", **NEWS),
        sending("late offer", when="stayed", **NEWS | {"why": "thank for staying"}, channels=["email", "sms"]),
        policy=Policy(QuietHours("21:00", "08:00", unknown_zone="deny")),
    ) as made:
        yield made


def choices(engine):
    return {(each.purpose, each.channel): each for each in engine.preferences("ann").choices}


# Choices.


def test_there_is_one_choice_for_each_purpose_and_channel_that_journeys_use(engine):
    assert list(choices(engine)) == [
        ("service", "email"), ("transactional", "email"), ("news", "email"), ("news", "sms"),
    ]  # fmt: skip


def test_a_choice_says_what_its_messages_are_for(engine):  # S6.1
    assert choices(engine)["news", "email"].why == ("tell of new things", "thank for staying")


def test_by_default_what_is_service_is_on_and_what_is_marketing_off(engine):  # S7.2
    found = choices(engine)
    assert (found["service", "email"].on, found["news", "email"].on) == (True, False)
    assert found["news", "email"].off_by == "consent"


def test_what_a_customer_needs_for_business_has_no_switch(engine):  # S7.4
    found = choices(engine)
    assert [each.can_change for each in found.values()] == [True, False, True, True]


def test_a_grant_turns_a_choice_on_and_says_where_it_comes_from(engine):
    engine.grant("ann", "news", channel="email", source="signup form", expires_at=START + days(90))
    found = choices(engine)["news", "email"]
    assert (found.on, found.since, found.expires_at) == (True, START, START + days(90))
    assert (found.basis, found.source) == ("express", "signup form")
    assert not choices(engine)["news", "sms"].on


def test_a_lapsed_grant_is_off(engine):
    engine.grant("ann", "news", expires_at=START + days(1))
    engine.clock.advance(days(1))
    assert "lapsed" in choices(engine)["news", "email"].reason


def test_a_general_no_turns_everything_off(engine):
    engine.grant("ann", "news")
    engine.clock.advance(days(1))
    engine.withdraw("ann")
    assert {each.off_by for each in choices(engine).values()} == {"consent"}


def test_what_wishes_switch_off_is_said_apart_from_consent(engine):  # S7.4
    engine.grant("ann", "news")
    engine.prefer("ann", Preferences(channels_off=["sms"], topics_off=["service"]))
    found = choices(engine)
    assert [(each.on, each.off_by) for each in found.values()] == [
        (False, "preferences"), (True, None), (True, None), (False, "preferences"),
    ]  # fmt: skip


def test_what_a_choice_says_is_what_the_gate_does(engine):  # S6.5
    engine.identify("ann", timezone="Europe/Vienna")
    for purpose, channel, yes in [("news", "email", True), ("service", "email", False), ("news", "sms", True)]:
        engine.choose("ann", purpose, yes=yes, channel=channel)
    for each in ("joined", "bought", "visited", "stayed"):
        engine.record("ann", each)
    engine.run_pending()
    sent = {each.name for each in engine.customer("ann").messages if each.status == "sent"}
    assert sent == {"receipt", "offer", "late offer"}


def test_no_journey_no_choice():
    with engine_of() as engine:
        assert engine.preferences("ann").choices == ()
        assert engine.preferences("ann").choice("news", "email") is None


def test_a_channel_without_an_adapter_is_no_choice():
    with engine_of(sending("offer", **NEWS, channels=["email"]), channels=["sms"]) as engine:
        assert engine.preferences("ann").choices == ()


def test_the_page_shows_addresses_only_redacted(engine):  # S7.5
    page = engine.preferences("ann")
    assert all("@" not in each.shown or "…" in each.shown for each in page.reach)
    assert ADDRESSES["email"] not in repr(page)
    assert [each.kind for each in page.reach] == ["email", "phone"]


def test_the_page_tells_the_hours_of_the_house(engine):
    assert engine.preferences("ann").house_hours == ("quiet hours 21:00-08:00",)


def test_the_page_of_nobody_is_an_error(engine):
    for ask in (engine.preferences, engine.planned, engine.proof_of_consent):
        with pytest.raises(UnknownCustomer):
            ask("nobody")


# Choosing.


def test_a_yes_and_a_no_are_lines_of_the_ledger(engine):  # S7.1
    engine.choose("ann", "news", yes=True, channel="email", source="page", wording="News, yes please")
    engine.clock.advance(timedelta(seconds=1))
    engine.choose("ann", "news", yes=False, channel="email", source="page")
    proof = engine.proof_of_consent("ann")
    assert [(each.said.granted, each.said.source, each.said.wording) for each in proof.lines] == [
        (True, "page", "News, yes please"), (False, "page", ""),
    ]  # fmt: skip


def test_a_yes_takes_back_the_wish_that_switched_the_topic_off(engine):
    engine.prefer("ann", Preferences(topics_off=["news", "service"]))
    engine.choose("ann", "news", yes=True)
    assert engine.preferences("ann").wishes.topics_off == ("service",)
    assert choices(engine)["news", "email"].on


def test_a_yes_to_one_thing_does_not_open_a_channel_that_is_switched_off(engine):
    engine.prefer("ann", Preferences(channels_off=["email"]))
    engine.choose("ann", "news", yes=True, channel="email")
    assert choices(engine)["news", "email"].off_by == "preferences"


@pytest.mark.parametrize("yes", ["on", 1, None])
def test_a_choice_is_true_or_false(engine, yes):
    with pytest.raises(InvalidInput, match="True or False"):
        engine.choose("ann", "news", yes=yes)
    assert engine.proof_of_consent("ann").lines == ()


# Snooze.


def test_a_snooze_holds_messages_until_it_ends(engine):  # S7.4
    engine.identify("ann", timezone="UTC")
    assert engine.snooze("ann", days(2)) == START + days(2)
    engine.record("ann", "joined")
    engine.run_pending()
    assert engine.preferences("ann").snoozed_until == START + days(2)
    assert engine.planned("ann")[0].at == START + days(2)
    engine.clock.advance(days(2))
    engine.run_pending()
    assert engine.preferences("ann").snoozed_until is None
    assert [each.status for each in engine.customer("ann").messages] == ["sent"]


def test_a_calendar_snooze_ends_on_the_customers_calendar(engine):  # S2.1
    engine.identify("ann", timezone="Europe/Vienna")
    assert engine.snooze("ann", months(1)) == START + days(31) - timedelta(hours=1)


def test_taking_a_snooze_back_lets_messages_out_at_once(engine):
    engine.identify("ann", timezone="UTC")
    engine.snooze("ann", START + days(2))
    engine.record("ann", "joined")
    engine.run_pending()
    engine.unsnooze("ann")
    engine.run_pending()
    assert [each.status for each in engine.customer("ann").messages] == ["sent"]


def test_a_snooze_leaves_other_wishes_as_they_are(engine):
    wishes = Preferences(channels_off=["sms"], at_most=(1, days(7)))
    engine.prefer("ann", wishes)
    engine.snooze("ann", days(1))
    engine.unsnooze("ann")
    assert engine.preferences("ann").wishes == wishes


def test_taking_back_what_never_was_changes_nothing(engine):
    engine.unsnooze("ann")
    assert engine.preferences("ann").wishes == Preferences()


@pytest.mark.parametrize("until", [START, START - days(1), "tomorrow", 3, None, START.replace(tzinfo=None)])
def test_a_snooze_ends_in_the_future(engine, until):
    if until is None:
        engine.snooze("ann", until)  # what unsnooze() does
        return
    with pytest.raises(InvalidInput):
        engine.snooze("ann", until)


# Plans.


def test_a_message_that_waits_says_when_and_what_holds_it(engine):  # S10
    engine.identify("ann", timezone="UTC")
    engine.clock.advance(timedelta(hours=13))
    engine.record("ann", "joined")
    engine.run_pending()
    (plan,) = engine.planned("ann")
    assert (plan.message, plan.channel, plan.why) == ("welcome", "email", "a test wants it")
    assert plan.at == START + timedelta(hours=23)
    assert plan.held_by == ("email: quiet hours: quiet hours 21:00-08:00: open at 2026-03-03T08:00:00 UTC",)
    assert plan.best_before == START + timedelta(hours=13) + days(3)


def test_what_waits_for_an_event_comes_last_and_has_no_instant():
    hold = Policy(Hold(while_open=[COMPLAINT], kinds=["service"]))
    with engine_of(sending("hello"), parts={"cases": [COMPLAINT], "policy": hold}) as engine:
        engine.open_case("ann", "complaint", ref="c1")
        engine.record("ann", "start")
        engine.run_pending()
        (plan,) = engine.planned("ann")
        assert (plan.at, plan.waits_for) == (None, ("case closed",))
        engine.close_case("ann", "complaint", ref="c1")
        assert engine.planned("ann")[0].at == START


def test_a_timer_says_which_messages_it_may_lead_to():
    steps = [Wait(days(1)), Send(message("first")), Wait(days(1)), Send(message("second"))]
    with engine_of(Rule("drip", when="start", then=steps)) as engine:
        engine.record("ann", "start")
        assert [(each.at, each.may_send) for each in engine.planned("ann")] == [(START + days(1), ("first",))]


def test_a_wait_that_times_out_leads_to_its_other_arm():
    wait = WaitFor("paid", timeout=days(1), then=[Send(message("thanks"))], otherwise=[Send(message("reminder"))])
    with engine_of(Rule("pay", when="start", then=[wait, Send(message("last"))])) as engine:
        engine.record("ann", "start")
        assert engine.planned("ann")[0].may_send == ("reminder",)


def test_asking_for_plans_changes_nothing(engine):
    engine.record("ann", "joined")
    before = engine.export("ann")
    engine.planned("ann"), engine.preferences("ann"), engine.proof_of_consent("ann")
    assert engine.export("ann") == before


def test_a_cap_is_told_of_with_the_instant_when_it_frees():
    cap = Policy(Cap(1, per=days(2), kinds=["service"]))
    with engine_of(sending("hello"), sending("again", when="more"), parts={"policy": cap}) as engine:
        engine.record("ann", "start")
        engine.run_pending()
        engine.record("ann", "more")
        engine.run_pending()
        assert [each.at for each in engine.planned("ann")] == [START + days(2)]


# Why it came.


def lines(engine, name, **more):
    return engine.why_received("ann", name).lines(**more)


def test_a_customer_is_told_why_a_message_came(engine):
    engine.identify("ann", timezone="Europe/Vienna")
    engine.grant("ann", "news", source="signup form")
    engine.record("ann", "visited", id="v1")
    engine.run_pending()
    assert lines(engine, "offer", words={"visited": "you looked at our shop", "email": "e-mail"}) == [
        "We wrote to you by e-mail on 2026-03-02 10:00.",
        "What it is for: tell of new things.",
        "It followed this: you looked at our shop on 2026-03-02 10:00.",
        "You agreed to messages of this sort on 2026-03-02 10:00 (signup form).",
        "You can say no to messages of this sort at any time.",
    ]


def test_what_has_no_name_for_customers_is_not_told(engine):
    engine.identify("ann", timezone="UTC")
    engine.record("ann", "bought")
    engine.run_pending()
    told = lines(engine, "receipt")
    assert told == [
        "We wrote to you by email on 2026-03-02 09:00.",
        "What it is for: prove the purchase.",
        "It belongs to what you have with us, so there is no switch for it.",
    ]
    assert "bought" not in " ".join(told)


def test_a_message_that_needed_no_consent_says_so(engine):
    engine.identify("ann", timezone="UTC")
    engine.record("ann", "joined")
    engine.run_pending()
    found = engine.why_received("ann", "welcome")
    assert (found.consent, found.can_change, found.trigger) == (False, True, "joined")
    assert "come unless you object" in " ".join(found.lines())


def test_the_consent_that_counts_is_the_one_of_then(engine):  # S7.1
    engine.identify("ann", timezone="UTC")
    engine.grant("ann", "news", source="shop")
    engine.record("ann", "visited")
    engine.run_pending()
    engine.clock.advance(days(1))
    engine.withdraw("ann", "news")
    found = engine.why_received("ann", "offer")
    assert (found.consent, found.source, found.since) == (True, "shop", START)


def test_a_message_by_hand_names_nobody_of_the_staff(engine):
    engine.identify("ann", timezone="UTC")
    engine.send("ann", "welcome", by="bob@shop.example")
    engine.run_pending()
    told = lines(engine, "welcome")
    assert "Somebody of our staff sent it to you." in told
    assert "bob" not in " ".join(told) + repr(engine.why_received("ann", "welcome"))


def test_sentences_can_be_in_another_language(engine):
    engine.identify("ann", timezone="Europe/Vienna")
    engine.record("ann", "joined")
    engine.run_pending()
    told = lines(engine, "welcome", phrases={"sent": "Per {channel} am {at}."}, clock="%d.%m.%Y")
    assert told[0] == "Per email am 02.03.2026."


@pytest.mark.parametrize(
    "phrases", [{"sent": "{nothing}"}, {"sent": "{"}, {"sent": "{at.day}"}, {"other": "x"}, {"sent": "{}"}]
)
def test_a_wrong_phrase_says_what_there_is(engine, phrases):
    engine.identify("ann", timezone="UTC")
    engine.record("ann", "joined")
    engine.run_pending()
    with pytest.raises(InvalidInput, match="phrase"):
        lines(engine, "welcome", phrases=phrases)


def test_nobody_is_told_of_what_somebody_else_got(engine):  # S7.5
    engine.identify("ann", timezone="UTC")
    engine.identify("bob", timezone="UTC", addresses={"email": "bob@example.com"})
    engine.record("bob", "joined")
    engine.run_pending()
    key = engine.customer("bob").messages[0].key
    for name in ("welcome", key, "secret name", None):
        with pytest.raises(UnknownName) as error:
            engine.why_received("ann", name)
        assert "welcome" not in str(error.value).replace("'welcome'", "", 1)


def test_a_key_finds_its_customer_and_message(engine):
    engine.identify("ann", timezone="UTC")
    for _ in range(2):
        engine.record("ann", "joined")
        engine.run_pending()
        engine.clock.advance(days(1))
    first, last = engine.customer("ann").messages
    assert engine.recipient_of(first.key) == "ann"
    assert engine.why_received("ann", first.key).at == START
    assert engine.why_received("ann", "welcome").key == last.key
    assert [engine.recipient_of(each) for each in ("?", None, 3)] == [None, None, None]


def test_a_key_finds_who_was_merged_and_nobody_who_was_erased():  # S1.6, S1.7
    with engine_of(sending("hello"), people=("anon",), secret="s" * 32) as engine:
        engine.record("anon", "start")
        engine.run_pending()
        key = engine.customer("anon").messages[0].key
        engine.merge("anon", into="ann")
        assert engine.recipient_of(key) == "ann"
        engine.erase("ann")
        assert engine.recipient_of(key) is None


def test_a_message_that_did_not_go_out_was_not_received(engine):
    engine.record("ann", "visited")
    engine.run_pending()
    with pytest.raises(UnknownName):
        engine.why_received("ann", "offer")


# Proof.


def test_the_proof_has_both_clocks_wording_and_evidence(engine):  # S7.1, S1.5
    said = START - days(30)
    engine.grant(
        "ann", "news", channel="email", at=said, basis="double_opt_in", source="paper form", wording="I want news",
        evidence="scan 17", jurisdiction="EU", expires_at=START + days(300),
    )  # fmt: skip
    (line,) = engine.proof_of_consent("ann").lines
    assert (line.said.at, line.recorded_at) == (said, START)
    assert (line.said.wording, line.said.evidence, line.said.jurisdiction) == ("I want news", "scan 17", "EU")
    (standing,) = engine.proof_of_consent("ann").standing
    assert (standing.in_force, standing.line, standing.expires_at) == (True, 0, START + days(300))


def test_what_stands_is_derived_from_the_ledger_whatever_the_order_of_arrival(engine):
    engine.withdraw("ann", "news", at=START - days(1))
    engine.grant("ann", "news", at=START - days(2))
    (standing,) = engine.proof_of_consent("ann").standing
    assert (standing.granted, standing.line) == (False, 0)


def test_at_one_instant_a_withdrawal_stands(engine):
    engine.withdraw("ann", "news", at=START)
    engine.grant("ann", "news", at=START)
    assert [each.granted for each in engine.proof_of_consent("ann").standing] == [False]


def test_a_lapsed_grant_stands_and_is_not_in_force(engine):
    engine.grant("ann", "news", expires_at=START + days(1))
    engine.clock.advance(days(1))
    (standing,) = engine.proof_of_consent("ann").standing
    assert (standing.granted, standing.in_force) == (True, False)


def test_the_proof_is_json_and_its_digest_changes_only_with_the_ledger(engine):
    engine.grant("ann", "news", source="form")
    first = engine.proof_of_consent("ann")
    assert json.loads(json.dumps(first.to_dict()))["ledger"][0]["source"] == "form"
    engine.clock.advance(days(1))
    engine.record("ann", "joined")
    assert engine.proof_of_consent("ann").digest == first.digest
    engine.withdraw("ann", "news")
    assert engine.proof_of_consent("ann").digest != first.digest


def test_the_proof_tells_of_words_such_as_stop_said_at_the_address(engine):  # S7.3
    engine.identify("bob", addresses={"phone": "+15550001111"})
    engine.apply(Replied(None, "sms", "STOP", address="+15550001111"))
    assert engine.proof_of_consent("bob").opted_out == (("sms", "+155…11"),)
    assert "+15550001111" not in json.dumps(engine.proof_of_consent("bob").to_dict())


def test_merged_ledgers_are_one(engine):  # S1.6
    engine.grant("anon", "news")
    engine.withdraw("ann", "service")
    engine.merge("anon", into="ann")
    assert len(engine.proof_of_consent("ann").lines) == 2


def test_pages_hide_what_is_personal_in_their_reprs(engine):  # S7.5
    engine.grant("ann", "news", source="form of ann@example.com", wording="secret")
    told = repr(engine.proof_of_consent("ann")) + repr(engine.preferences("ann"))
    assert "secret" not in told
    assert "ann@example.com" not in told
