"""Events that come before the reference they name is known, or twice, or about an address of many (S6.9, S7.3)."""

from datetime import timedelta

import pytest

from making import Scripted, ends, engine_of, pass_time, sending
from touchpoint import days, minutes
from touchpoint.channels import Accepted
from touchpoint.channels.inbound import Clicked, Complained, OptedOut, Receipt, Received, Replied, WebhookRequest
from touchpoint.errors import InvalidInput

PHONE = "+15559990000"


def texting(*answers, memory=None, **options):
    given = iter(answers)
    channel = Scripted("sms", act=lambda _: next(given, Accepted("t-1")), memory=memory)
    return engine_of(sending(channels=["sms"]), channels=[channel, Scripted()], **options)


def go(engine, customer="ann"):
    engine.record(customer, "start")
    pass_time(engine)
    return ends(engine, customer)[-1][1]


def word(text, **parts):
    return Replied(None, "sms", text, address=PHONE, **parts)


# --- events about a reference that is not known yet -------------------------------------------------------------------


def test_an_event_from_the_future_is_refused_although_nobody_knows_its_reference_yet():  # S1.5
    made = texting()
    with pytest.raises(InvalidInput, match="future"):
        made.apply(Receipt(state="delivered", channel="sms", ref="t-1", at=made.clock.now() + days(1)))


def test_an_event_that_cannot_be_used_keeps_no_outcome_from_being_written():  # S11.4
    made = texting(people=("ann",))
    made.apply(Clicked(channel="sms", ref="t-1", link="x"))
    with made._unit() as unit:
        row = unit.tx.events("sms", "t-1")[0]
        unit.changes.events.append(row._replace(body='["Clicked",{"channel":"fax","ref":"t-1"}]'))
    assert go(made) == "sent"
    assert [each.type for each in made.customer("ann").timeline() if each.type == "clicked"] == ["clicked"]


def test_start_that_waited_for_its_reference_does_not_take_back_a_later_stop():  # S7.3
    made = texting(people=())
    made.identify("zoe", addresses={"phone": PHONE})
    made.apply(word("START", ref="t-1"))
    made.clock.advance(minutes(1))
    made.apply(word("STOP"))
    made.clock.advance(minutes(1))
    made.identify("bob", addresses={"phone": "+15550000001"})
    made.record("bob", "start")  # its reference is t-1
    pass_time(made)
    assert go(made, "zoe") == "denied"


def test_an_early_event_happened_when_it_came():  # S1.5
    made = texting()
    came = made.clock.now()
    made.apply(Receipt(state="delivered", channel="sms", ref="t-1"))
    made.clock.advance(minutes(5))
    go(made)
    (told,) = (each for each in made.customer("ann").timeline() if each.type == "delivered")
    assert told.at == came


def test_the_reference_of_a_late_answer_is_learned_too():  # S11.3
    made = texting(Accepted("t-9"), memory=days(9))
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    for _ in range(4):
        next(walk)
    made.clock.advance(minutes(2))
    made.run_pending()  # somebody else takes it over
    made.apply(Receipt(state="delivered", channel="sms", ref="t-9"))
    for _ in walk:
        pass
    assert (ends(made), made.customer("ann").messages[0].delivery) == ([("hello", "sent")], "delivered")


def test_the_reference_of_what_a_receipt_has_proven_is_learned_all_the_same():  # S6.9
    made = texting(Accepted("t-9"))
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    for _ in range(4):
        next(walk)
    made.apply(Receipt(made.customer("ann").messages[0].key, "delivered"))
    for _ in walk:
        pass
    made.apply(Complained(channel="sms", ref="t-9"))
    assert made.customer("ann").messages[0].delivery == "complained"
    assert go(made) == "denied"


def test_the_reference_of_a_message_that_ended_as_unknown_is_learned_when_it_comes():  # S6.7, S11.3
    made = texting(Accepted("t-9"))
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    for _ in range(4):
        next(walk)
    made.clock.advance(minutes(2))
    made.run_pending()
    for _ in walk:
        pass
    made.apply(Receipt(state="delivered", channel="sms", ref="t-9"))
    assert (ends(made), made.customer("ann").messages[0].delivery) == ([("hello", "unknown")], "delivered")


# --- twice, and of many -----------------------------------------------------------------------------------------------


def test_start_that_is_delivered_again_takes_nothing_back_though_another_has_the_address_by_now():  # S7.3
    made = texting(people=())
    made.identify("ann", addresses={"phone": PHONE})
    made.apply(word("START", id="1"))
    made.apply(word("STOP", id="2"))
    made.identify("bob", addresses={"phone": PHONE})
    made.clock.advance(timedelta(seconds=1))
    made.apply(word("START", id="1"))
    assert [go(made, each) for each in ("ann", "bob")] == ["denied", "denied"]


def test_a_reply_from_an_address_that_a_thousand_share_asks_the_store_a_few_times_only(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    with texting(people=(), store=url) as made, made.together():
        for n in range(1_000):
            made.identify(f"c{n}", addresses={"phone": PHONE})
    with texting(people=(), store=url) as again:
        asked = []
        with again.store.transaction() as tx:
            tx._cursor.connection.set_trace_callback(asked.append)
        again.apply(word("STOP"))
        questions = [each for each in asked if each.startswith(("SELECT", "WITH"))]
    assert 0 < len(questions) < 50


# --- several addresses ------------------------------------------------------------------------------------------------


def test_stop_without_an_address_is_said_of_all_that_the_customer_has_there():  # S7.3
    made = texting()
    made.identify("ann", addresses={"phone": ["+15550000001", "+15550000002"]})
    made.apply(Replied("ann", "sms", "STOP"))
    made.identify("ann", addresses={"phone": ["+15550000002"]})
    assert go(made) == "denied"


def test_stop_from_one_number_leaves_the_other_alone():  # S7.3
    made = texting()
    made.identify("ann", addresses={"phone": ["+15550000001", "+15550000002"]})
    made.apply(Replied("ann", "sms", "STOP", address="+15550000001"))
    made.identify("ann", addresses={"phone": ["+15550000002"]})
    assert go(made) == "sent"


# --- events that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, "delivered", {"state": "delivered"}, 5])
def test_an_adapter_whose_events_are_none_is_contained(wrong):  # S11.4
    made = texting()
    made.adapters["sms"].receive = lambda _: Received([wrong, OptedOut("sms", address=PHONE)])
    answer = made.receive("sms", WebhookRequest(b"{}"))
    assert (answer.status, len(answer.recorded)) in {(200, 1), (500, 0)}
