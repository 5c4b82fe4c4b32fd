"""What a person sends or gives goes the way of every message, and the timeline says who did it (S11.8)."""

import sqlite3

import pytest

from making import MARK, START, ends, engine_of, handed, journey, message, pass_time, sending
from touchpoint import (
    Cap,
    CaseType,
    Content,
    Emit,
    Gift,
    Give,
    Hold,
    InvalidInput,
    InvalidTouchpoint,
    JourneyError,
    Policy,
    QuietHours,
    Rule,
    Send,
    UnknownCustomer,
    UnknownName,
    VirtualClock,
    days,
    hours,
    times,
)
from touchpoint.channels import MemoryChannel

HELLO = message("hello", content=Content(text="Hello {customer.name|you}, {trigger.words|no words}"))
BY_HAND = Rule("by staff", then=[Send(HELLO)])
VOUCHER = Gift(
    "voucher",
    why="make it good",
    kind="service",
    channels=["email"],
    worth=10,
    currency="EUR",
    budget=20,
    content=Content(text="10 off"),
)


def by_hand(*rules, **options):
    return engine_of(BY_HAND, *rules, **options)


def told(engine, customer="ann"):
    (found,) = [each for each in engine.customer(customer).timeline() if each.type == "sent_by_hand"]
    return found


def test_a_person_sends_a_message_and_the_timeline_says_who():  # S11.8
    engine = by_hand()
    recorded = engine.send("ann", "hello", by="chris", properties={"words": "sorry"})
    pass_time(engine)
    (sent,) = engine.adapters["email"].sent
    assert (recorded.duplicate, sent.message.text, ends(engine)) == (False, "Hello you, sorry", [("hello", "sent")])
    touchpoint = told(engine)
    assert (touchpoint.id, touchpoint.direction, dict(touchpoint.properties)) == (
        recorded.id,
        "internal",
        {"words": "sorry", "message": "hello", "by": "chris"},
    )


def test_it_may_be_about_a_case():  # S11.8
    case = CaseType("complaint")
    engine = by_hand(parts={"cases": [case]})
    engine.open_case("ann", "complaint", ref="c-7")
    engine.send("ann", HELLO, by="chris", about=engine.customer("ann").cases()[0])
    assert told(engine).about == "case:complaint:c-7"
    said = "chris sent it by hand, about case:complaint:c-7; due 2026-03-02 09:00:00 UTC"
    assert said in str(engine.why("ann", "hello"))
    engine.run_pending()
    assert engine.customer("ann").cases()[0].first_response_at is not None, (
        "what is sent about a case answers it (S8.2)"
    )


def test_the_same_act_counts_once():  # S1.3
    engine = by_hand()
    engine.send("ann", "hello", by="chris", id="a1")
    again = engine.send("ann", "hello", by="chris", id="a1")
    other = engine.send("ann", "hello", by="dora", id="a1")
    pass_time(engine)
    assert (again.duplicate, again.differs, other.differs, handed(engine)) == (True, False, True, ["hello"])


def test_two_acts_are_two_messages():
    engine = by_hand()
    engine.send("ann", "hello", by="chris")
    engine.send("ann", "hello", by="chris")
    pass_time(engine)
    assert (handed(engine), len({each.key for each in engine.customer("ann").messages})) == (["hello", "hello"], 2)


def test_every_policy_binds_it():  # S6.5
    policy = Policy(
        QuietHours("20:00", "08:00", unknown_zone="deny"),
        Cap(1, per=days(1)),
        Hold(while_open=["complaint"], kinds=["service"]),
    )
    engine = by_hand(parts={"policy": policy, "cases": [CaseType("complaint")]})
    engine.identify("ann", timezone="Europe/Vienna")
    engine.send("ann", "hello", by="chris")
    pass_time(engine)
    engine.send("ann", "hello", by="chris")
    pass_time(engine)
    assert (handed(engine), engine.why("ann", "hello").verdict) == (["hello"], "defer")
    assert "cap" in {each.check for each in engine.why("ann", "hello").checks if each.answer == "defer"}


def test_consent_binds_it():  # S7.2
    engine = by_hand()
    engine.withdraw("ann")
    engine.send("ann", "hello", by="chris")
    pass_time(engine)
    assert (handed(engine), ends(engine), engine.customer("ann").runs[0].live) == ([], [("hello", "denied")], False)


def test_a_switch_of_its_journey_holds_it():  # S11.8
    engine = by_hand()
    engine.pause(journey="one", reason="x")
    engine.send("ann", "hello", by="chris")
    pass_time(engine)
    assert handed(engine) == []


def test_the_channel_may_be_chosen_and_no_other_is_tried():
    engine = by_hand(sending("both", channels=["email", "sms"]))
    engine.send("ann", "both", by="chris", channel="sms")
    engine.identify("bob", addresses={"email": "bob@example.com"})
    engine.send("bob", "both", by="chris", channel="sms")
    pass_time(engine)
    assert (handed(engine, "sms"), handed(engine), ends(engine, "bob")) == (["both"], [], [("both", "denied")])


def test_rules_may_react_to_it():
    engine = by_hand(Rule("r", when="sent_by_hand", then=[MARK]))
    engine.send("ann", "hello", by="chris")
    assert [each.type for each in engine.customer("ann").timeline()] == ["sent_by_hand", "mark"]


def test_a_defect_in_what_reacts_to_it_does_not_keep_it_back():  # S4.3, S11.4
    engine = by_hand(Rule("loop", when=["sent_by_hand", "ping"], then=[Emit("ping")]))
    engine.send("ann", "hello", by="chris")
    pass_time(engine)
    assert (handed(engine), [each.what for _, each in engine.parked()]) == (["hello"], ["sent_by_hand"])


def test_it_survives_a_restart_and_a_new_version_with_its_key(tmp_path):  # S6.3, S11.6
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with by_hand(store=url, clock=clock) as engine:
        engine.send("ann", "hello", by="chris", id="a1")
        key = engine.customer("ann").messages[0].key
    new = journey(Rule("first", when="x", then=[MARK]), Rule("staff", then=[Send(HELLO)]))
    with engine_of(journeys=[new], store=url, clock=clock, people=()) as engine:
        pass_time(engine)
        (sent,) = engine.adapters["email"].sent
        assert (sent.key, ends(engine), engine.customer("ann").runs[0].reason) == (key, [("hello", "sent")], "done")


@pytest.mark.parametrize("name", ["one", "other"])
def test_one_that_no_journey_has_any_more_is_withdrawn_and_its_run_ends(tmp_path, name):  # S6.7
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with by_hand(store=url, clock=clock) as engine:
        engine.send("ann", "hello", by="chris")
    rules = [] if name == "one" else [BY_HAND]  # the message is gone, or the journey of which the run is
    with engine_of(journeys=[journey(*rules, name=name)], store=url, clock=clock, people=()) as engine:
        pass_time(engine)
        assert (ends(engine), engine.customer("ann").runs[0].live) == ([("hello", "withdrawn")], False)


def test_it_may_be_part_of_the_hosts_own_transaction(tmp_path):  # S6.3
    path = tmp_path / "t.db"
    engine = by_hand(store=f"sqlite:///{path}")
    host = sqlite3.connect(path, isolation_level=None)
    host.execute("BEGIN IMMEDIATE")
    engine.send("ann", "hello", by="chris", connection=host)
    host.execute("ROLLBACK")
    assert ends(engine) == []
    host.execute("BEGIN IMMEDIATE")
    engine.send("ann", "hello", by="chris", connection=host)
    host.execute("COMMIT")
    host.close()
    assert ends(engine) == [("hello", "waiting")]
    engine.close()


# --- gifts ------------------------------------------------------------------------------------------------------------


def test_a_person_gives_a_gift_and_its_budget_counts():  # S6.5
    engine = engine_of(Rule("by staff", then=[Give(VOUCHER)]), people=("ann", "bob", "cid"))
    for each in ("ann", "bob", "cid"):
        engine.give(each, "voucher", by="chris")
        pass_time(engine)
    assert [ends(engine, each)[0][1] for each in ("ann", "bob", "cid")] == ["sent", "sent", "denied"]


def test_the_limit_of_a_gift_counts_what_people_give():  # S6.5
    limited = Gift("voucher", why="x", kind="service", channels=["email"], content=Content(text="x"), limit=times(1))
    engine = engine_of(Rule("by staff", then=[Give(limited)]))
    engine.give("ann", limited, by="chris")
    engine.give("ann", limited, by="chris")
    pass_time(engine)
    assert [status for _, status in ends(engine)] == ["sent", "denied"]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "error", "says"),
    [
        (lambda engine: engine.send("ann", "helo", by="chris"), UnknownName, "did you mean 'hello'"),
        (lambda engine: engine.send("ann", message("adhoc"), by="chris"), UnknownName, "no message 'adhoc'"),
        (lambda engine: engine.send("ann", 3, by="chris"), UnknownName, "message"),
        (lambda engine: engine.send("ann", message("hello"), by="chris"), InvalidInput, r"Declare it.*Rule\("),
        (lambda engine: engine.send("ann", "voucher", by="chris"), InvalidInput, r"is a gift: use engine\.give"),
        (lambda engine: engine.give("ann", "hello", by="chris"), InvalidInput, r"is no gift: use engine\.send"),
        (lambda engine: engine.send("ann", "hello", by="chris", channel="emial"), UnknownName, "mean 'email'"),
        (lambda engine: engine.send("ann", "hello", by=""), InvalidInput, "by="),
        (lambda engine: engine.send("ann", "hello", by=" "), InvalidInput, "by="),
        (lambda engine: engine.send("ann", "hello", by=None), InvalidInput, "by="),
        (lambda engine: engine.send("ann", "hello", by="chris", about=3), InvalidInput, "about="),
        (lambda engine: engine.send("ann", "hello", by="chris", properties={"by": "x"}), InvalidInput, "'by'"),
        (lambda engine: engine.send("ann", "hello", by="chris", id=""), InvalidTouchpoint, "id="),
        (lambda engine: engine.send("nobody", "hello", by="chris"), UnknownCustomer, "no customer"),
        (lambda engine: engine.send("", "hello", by="chris"), InvalidTouchpoint, "customer"),
    ],
)
def test_what_cannot_be_sent_by_hand_is_refused_and_nothing_is_stored(act, error, says):  # HOUSE 11
    engine = by_hand(Rule("gifts", then=[Give(VOUCHER)]), channels=[MemoryChannel("email")])
    with pytest.raises(error, match=says):
        act(engine)
    with engine.store.reading() as reader:
        assert reader.customers(["nobody"]) == []
    assert (ends(engine), engine.customer("ann").timeline()) == ([], [])


def test_the_rules_by_which_people_send_are_no_rules_of_the_journey():
    engine = by_hand()
    assert [each.name for each in engine.journeys[0].rules] == ["by staff"]
    with pytest.raises(UnknownName):
        engine.enrol("ann", "@by hand/hello")


def test_it_waits_like_any_other_until_it_may_go_out():
    engine = by_hand()
    engine.pause(message="hello", reason="x", until=START + hours(2))
    engine.send("ann", "hello", by="chris")
    pass_time(engine, hours(3))
    assert engine.customer("ann").messages[0].at == START + hours(2)


def test_names_of_such_rules_are_the_engines_own():
    with pytest.raises(JourneyError, match="begin with '@by hand/'"):
        journey(Rule("@by hand/hello", then=[Send(HELLO)]))


def test_an_act_about_an_old_id_is_about_the_person():  # S1.6
    engine = by_hand(people=("ann", "bob"))
    engine.merge("bob", "ann")
    engine.send("bob", "hello", by="chris")
    assert ends(engine) == [("hello", "waiting")]
