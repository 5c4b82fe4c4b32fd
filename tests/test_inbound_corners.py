"""What comes back in rarer cases: of messages that never went out, of erased people, by webhooks about tasks."""

import pytest

import touchpoint
from making import Scripted, ends, engine_of, handed, journey, message, pass_time, sending, started
from touchpoint import Policy, QuietHours, Rule, Send, hours
from touchpoint.channels import TaskChannel
from touchpoint.channels.inbound import OptedOut, Receipt, Received, Replied, TaskDone, WebhookRequest

NIGHT = Policy(QuietHours("08:00", "12:00", unknown_zone="UTC"))
SECRET = "a secret that only the host of this test knows"
ONE, TWO = "+15551230001", "+15551230002"


def begun(engine, customer="ann"):
    engine.record(customer, "start")
    pass_time(engine)
    return engine


def test_a_bounce_of_a_message_that_never_went_out_suppresses_nobody():  # S6.9
    engine = begun(engine_of(sending(), policy=NIGHT))
    (waiting,) = engine.customer("ann").messages
    assert waiting.status == "waiting"
    engine.apply(Receipt(waiting.key, "bounced", code="address_invalid"))
    pass_time(engine, hours(4))
    assert ends(engine) == [("hello", "sent")]


# --- which address spoke ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "sent"), [("START", ["hello"]), ("STOP", [])])
def test_of_a_customer_with_several_numbers_start_is_of_the_one_that_is_written_to_and_stop_of_all(word, sent):  # S7.3
    engine = engine_of(sending(channels=["sms"]))
    engine.identify("ann", addresses={"phone": [ONE, TWO]})
    for each in (ONE, TWO):
        engine.apply(OptedOut("sms", address=each))
    engine.clock.advance(hours(1))
    engine.apply(Replied("ann", "sms", word))
    begun(engine)
    assert handed(engine, "sms") == sent
    opted_out = {each["address"] for each in engine.export("ann")["addresses"] if each["opted_out"]}
    assert len(opted_out & {ONE, TWO}) == (1 if sent else 2)


def test_of_several_numbers_of_which_one_is_dead_start_is_of_the_one_that_can_be_written_to():  # S7.3
    engine = engine_of(sending(channels=["sms"]))
    engine.identify("ann", addresses={"phone": [ONE, TWO]})
    begun(engine)
    (first,) = engine.customer("ann").messages
    engine.apply(Receipt(first.key, "bounced", code="address_invalid"))
    engine.apply(OptedOut("sms", address=TWO))
    engine.clock.advance(hours(1))
    engine.apply(Replied("ann", "sms", "START"))
    begun(engine)
    assert [each.to.key for each in engine.adapters["sms"].sent] == [ONE, TWO]


def test_an_event_of_an_unknown_reference_from_somebody_else_is_kept_although_others_were_erased():  # S1.7, S6.9
    channel = Scripted(act=lambda _: touchpoint.channels.Accepted("r-1"))
    engine = engine_of(sending(), channels=[channel], people=("ann", "bob"), secret=SECRET)
    engine.erase("bob")
    early = Replied(None, "email", "yes", "ann@example.com", ref="r-1")
    assert engine.apply(early).unmatched
    begun(engine)
    assert [each.type for each in engine.customer("ann").timeline() if each.type == "replied"] == ["replied"]


def test_what_waits_for_a_reference_and_names_its_customer_is_erased_with_them():  # S1.7
    engine = engine_of(sending(), secret=SECRET)
    engine.apply(Replied("ann", "email", "words of ann", ref="unknown"))
    assert engine.erase("ann").events == 1


# --- replies that answer ----------------------------------------------------------------------------------------------


def answers_awaited():
    return [sending(), started(touchpoint.Replied("hello"))]


def test_the_first_thing_heard_of_somebody_may_be_a_reply():  # S6.9
    engine = engine_of(*answers_awaited())
    engine.apply(Replied("new", "email", "hello there"))
    (heard,) = engine.customer("new").timeline()
    assert (heard.type, heard.properties) == ("replied", {"text": "hello there"})


def test_a_reply_that_answered_nothing_when_it_came_is_the_same_when_it_comes_again():  # S1.3
    engine = engine_of(*answers_awaited())
    engine.apply(Replied("ann", "email", "hi", id="r1"))
    begun(engine)
    engine.clock.advance(hours(1))
    again = engine.apply(Replied("ann", "email", "hi", id="r1"))
    assert (again.duplicate, again.differs) == (True, False)


# --- webhooks ---------------------------------------------------------------------------------------------------------


class Desk(TaskChannel):
    """People who work in a system of their own, which tells what they have done."""

    def receive(self, request):
        return Received([TaskDone(request.body.decode(), "reached", id="1")])


def test_a_webhook_may_tell_that_a_task_is_done():  # S6.9
    engine = begun(engine_of(sending(channels=["call"]), channels=[Desk("call", "email")]))
    (key,) = [each.key for each in engine.customer("ann").messages]
    first, again = (engine.receive("call", WebhookRequest(key.encode(), {})) for _ in range(2))
    assert [each.recorded[0].duplicate for each in (first, again)] == [False, True]
    assert engine.tasks.get(key).status == "completed"


# --- what they received -----------------------------------------------------------------------------------------------


def test_why_they_received_it_is_told_although_its_journey_is_not_loaded_any_more(tmp_path):  # S10, S5.4
    url = f"sqlite:///{tmp_path}/t.db"
    with engine_of(sending(), store=url) as engine:
        begun(engine)
    other = journey(Rule("r", when="other", then=[Send(message())]), name="two")
    with engine_of(journeys=[other], store=url, people=()) as engine:
        told = engine.why_received("ann", "hello")
        assert (told.message, told.channel, told.by_hand) == ("hello", "email", False)
