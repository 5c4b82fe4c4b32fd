"""Webhooks, references, receipts that only move forward, complaints, opt-outs, one click (S6.9, RFC 8058)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import START, Scripted, ends, engine_of, marks, message, pass_time, sending
from touchpoint import Emit, Rule, Send, VirtualClock, WaitFor, days, hours, minutes
from touchpoint.channels import Accepted, Ambiguous, Capabilities, MemoryChannel, OneClick, Unsubscribe
from touchpoint.channels.base import BaseAdapter
from touchpoint.channels.inbound import (
    Clicked,
    Complained,
    OptedOut,
    Receipt,
    Received,
    Replied,
    WebhookRequest,
)
from touchpoint.errors import InvalidInput, UnknownName, WebhookRejected
from touchpoint.model.delivery import further

FORWARD = ["no_receipt", "delivered", "bounced", "opened", "clicked", "complained"]
SHARED = "ann@example.com"


class Provider(BaseAdapter):
    """A channel with receipts, whose webhooks tell what `tells` holds."""

    def __init__(self, *, ref="p-1", answer=None, memory=None, receipts=True):
        capabilities = Capabilities(
            "email", {"email"}, remembers_keys_for=memory, receipts=receipts, inbound=True, recording=True
        )
        super().__init__(capabilities, "email")
        self.answer, self.tells, self.keys = answer or Accepted(ref), (), []

    def send(self, request):
        self.keys.append(request.key)
        return self.answer

    def receive(self, request):
        if request.headers.get("secret") != "right":
            raise WebhookRejected("the signature is not right")
        return Received(self.tells, status=202, body=b"ok")


def engine(channel=None, *rules, **options):
    return engine_of(*(rules or [sending()]), channels=[channel or Provider(), MemoryChannel("sms")], **options)


def sent(channel=None, **options):
    made = engine(channel, **options)
    made.record("ann", "start")
    pass_time(made)
    return made


def mail(engine, customer="ann"):
    return engine.customer(customer).messages[0]


def types(engine, customer="ann"):
    return [each.type for each in engine.customer(customer).timeline() if each.type not in {"start", "message_sent"}]


def hook(**headers):
    return WebhookRequest(b"{}", {"Secret": "right"} | headers)


# --- delivery only moves forward --------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(FORWARD[1:]), min_size=1, max_size=6))
def test_delivery_is_the_furthest_that_was_told_in_whatever_order(told):  # S6.9
    state = ""
    for each in told:
        state = further(state, each)
    assert FORWARD.index(state) == max(map(FORWARD.index, told))


def test_receipts_out_of_order_never_move_delivery_back():  # S6.9
    made = sent()
    key = mail(made).key
    for state in ("opened", "delivered"):
        made.apply(Receipt(key, state))
    assert mail(made).delivery == "opened"
    assert types(made) == ["opened", "delivered"]


def test_a_click_tells_that_it_was_delivered():  # S6.9
    made = sent()
    made.apply(Clicked(mail(made).key))
    assert mail(made).delivery == "clicked"


def test_without_a_receipt_by_the_horizon_that_is_told():  # S6.9
    made = sent()
    pass_time(made, days(3) - timedelta(microseconds=1))
    assert mail(made).delivery == ""
    pass_time(made, timedelta(microseconds=1))
    assert (mail(made).delivery, types(made)) == ("no_receipt", ["no_receipt"])


def test_a_receipt_after_the_horizon_still_counts():  # S1.5, S6.9
    made = sent()
    pass_time(made, days(4))
    made.apply(Receipt(mail(made).key, "delivered"))
    assert mail(made).delivery == "delivered"


def test_with_a_receipt_nothing_is_missing():
    made = sent()
    made.apply(Receipt(mail(made).key, "delivered"))
    pass_time(made, days(30))
    assert types(made) == ["delivered"]


def test_a_channel_that_promises_no_receipts_misses_none():
    made = sent(Provider(receipts=False))
    pass_time(made, days(30))
    assert types(made) == []


def test_a_run_can_wait_for_the_receipt_that_does_not_come():
    rule = Rule("r", when="start", then=[Send(message()), WaitFor("no_receipt", timeout=days(9), then=[Emit("mark")])])
    made = engine(None, rule)
    made.record("ann", "start")
    pass_time(made, days(10))
    assert marks(made) == [START + days(3)]


# --- what comes back proves that it went out --------------------------------------------------------------------------


def test_a_receipt_ends_an_uncertain_message_as_sent_and_it_is_not_repeated():  # S6.8
    channel = Provider(answer=Ambiguous("timed out"), memory=days(2))
    made = sent(channel)
    assert ends(made) == [("hello", "waiting")]
    made.apply(Receipt(channel.keys[0], "delivered"))
    pass_time(made, days(2))
    assert (ends(made), len(channel.keys)) == ([("hello", "sent")], 1)


def test_a_receipt_between_release_and_call_keeps_the_call_from_happening():  # S6.8
    channel = Provider(memory=days(2))
    made = engine(channel)
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    next(walk), next(walk)
    made.apply(Receipt(mail(made).key, "delivered"))
    for _ in walk:
        pass
    assert (channel.keys, ends(made)) == ([], [("hello", "sent")])


def test_a_message_that_ended_as_unknown_keeps_its_end_and_is_known_to_be_delivered():  # S6.7, S6.9
    channel = Provider(answer=Ambiguous("timed out"))
    made = sent(channel)
    made.apply(Receipt(channel.keys[0], "delivered"))
    assert (ends(made), mail(made).delivery) == ([("hello", "unknown")], "delivered")


# --- references -------------------------------------------------------------------------------------------------------


def test_a_provider_may_name_its_own_reference():  # S6.9
    made = sent()
    made.apply(Receipt(state="delivered", channel="email", ref="p-1"))
    assert mail(made).delivery == "delivered"


def test_what_comes_before_the_answer_was_written_is_taken_when_it_is():  # S6.9
    made = engine()
    early = made.apply(Receipt(state="delivered", channel="email", ref="p-1", id="e1"))
    assert early.unmatched
    made.record("ann", "start")
    pass_time(made)
    assert (mail(made).delivery, types(made)) == ("delivered", ["delivered"])
    assert made.apply(Receipt(state="delivered", channel="email", ref="p-1", id="e1")).duplicate


def test_a_reference_that_nobody_ever_knows_is_let_go_after_a_fortnight():
    made = engine()
    made.apply(Receipt(state="delivered", channel="email", ref="old"))
    made.clock.advance(days(15))
    made.apply(Receipt(state="delivered", channel="email", ref="new"))
    with made.store.reading() as reader:
        assert reader.event_count() == 1


def test_a_reference_needs_its_channel():
    with pytest.raises(InvalidInput, match="pass channel="):
        engine().apply(Receipt(state="delivered", ref="p-1"))


def test_an_event_about_nothing_is_refused():
    with pytest.raises(InvalidInput, match="neither its message"):
        engine().apply(Receipt(state="delivered"))


def test_a_state_that_no_receipt_has_is_refused():
    made = sent()
    with pytest.raises(UnknownName, match="state of a receipt"):
        made.apply(Receipt(mail(made).key, "lost"))


# --- bounces, complaints, opt-outs ------------------------------------------------------------------------------------


def test_a_bounce_because_nobody_lives_there_suppresses_the_address_it_went_to():  # S6.8, S6.9
    made = sent()
    made.apply(Receipt(mail(made).key, "bounced", code="address_invalid"))
    made.record("ann", "start")
    pass_time(made)
    assert "suppressed" in made.customer("ann").messages[-1].because[-1]


def test_a_bounce_of_the_old_address_leaves_the_new_one_alone():  # S6.9
    made = sent()
    made.identify("ann", addresses={"email": "new@example.com"})
    made.apply(Receipt(mail(made).key, "bounced", code="address_invalid"))
    made.record("ann", "start")
    pass_time(made)
    assert ends(made)[-1] == ("hello", "sent")


def test_a_bounce_that_does_not_say_why_suppresses_nobody():
    made = sent()
    made.apply(Receipt(mail(made).key, "bounced"))
    made.record("ann", "start")
    pass_time(made)
    assert ends(made)[-1] == ("hello", "sent")


def test_a_complaint_acts_at_once_for_everybody_who_shares_the_address():  # S6.9, S7.3
    made = sent(people=("ann", "bob"))
    made.identify("bob", addresses={"email": SHARED})
    made.apply(Complained(mail(made).key))
    for each in ("ann", "bob"):
        made.record(each, "start")
    pass_time(made)
    assert ends(made)[-1] == ends(made, "bob")[-1] == ("hello", "denied")
    assert mail(made).delivery == "complained"


def test_a_complaint_however_late_still_acts():  # S1.5
    made = sent()
    made.clock.advance(days(40))
    answer = made.apply(Complained(mail(made).key, at=START + days(1)))
    made.record("ann", "start")
    pass_time(made)
    assert (answer.late, ends(made)[-1]) == (True, ("hello", "denied"))


def test_an_opt_out_of_an_address_that_nobody_has_holds_for_whoever_comes_with_it():  # S7.3
    made = engine()
    assert made.apply(OptedOut("email", address="new@example.com")).unmatched
    made.identify("zoe", addresses={"email": "new@example.com"})
    made.record("zoe", "start")
    pass_time(made)
    assert ends(made, "zoe") == [("hello", "denied")]


def test_an_opt_out_of_one_purpose_leaves_the_others():  # S7.1
    news = sending("news", kind="marketing")
    made = engine(None, news, sending())
    made.grant("ann", "marketing")
    made.record("ann", "start")
    pass_time(made)
    made.apply(OptedOut("email", about=mail(made).key, purpose="marketing"))
    made.record("ann", "start")
    pass_time(made)
    assert ends(made)[-2:] == [("news", "denied"), ("hello", "sent")]


def test_a_reply_from_an_address_alone_is_everybodys_who_has_it():  # S6.9
    made = engine(people=("ann", "bob"))
    for each in ("ann", "bob"):
        made.identify(each, addresses={"phone": "+15551230000"})
    made.apply(Replied(None, "sms", "hello there", address="+1 (555) 123-0000"))
    assert types(made) == types(made, "bob") == ["replied"]


def test_a_reply_from_nobody_is_said_to_be_unmatched():
    answer = engine().apply(Replied(None, "sms", "hello", address="+15559990000"))
    assert (answer.unmatched, answer.duplicate) == (True, False)


def test_an_address_that_was_given_up_is_nobodys_any_more():
    made = engine()
    made.identify("ann", addresses={"phone": "+15551230000"})
    made.identify("ann", addresses={"phone": []})
    assert made.apply(Replied(None, "sms", "hello", address="+15551230000")).unmatched


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_what_a_webhook_tells_is_applied_and_answered_as_the_adapter_says():  # S6.9
    channel = Provider()
    made = sent(channel)
    channel.tells = [Receipt(state="delivered", ref="p-1", id="1"), Receipt(state="opened", ref="p-1", id="2")]
    answer = made.receive("email", hook())
    assert (answer.status, answer.body, len(answer.recorded)) == (202, b"ok", 2)
    assert mail(made).delivery == "opened"


def test_the_same_webhook_again_changes_nothing():  # S6.9
    channel = Provider()
    made = sent(channel)
    channel.tells = [Replied(None, "email", "hi", address=SHARED, id="1")]
    made.receive("email", hook())
    again = made.receive("email", hook())
    assert [each.duplicate for each in again.recorded] == [True]
    assert types(made) == ["replied"]


def test_ids_of_two_channels_are_not_mistaken_for_each_other():
    channel = Provider()
    made = sent(channel)
    made.record("ann", "visit", id="1")
    channel.tells = [Receipt(state="delivered", ref="p-1", id="1")]
    assert not made.receive("email", hook()).recorded[0].duplicate


def test_a_webhook_that_cannot_be_trusted_changes_nothing():  # S6.9
    channel = Provider()
    made = sent(channel)
    channel.tells = [Complained(mail(made).key)]
    answer = made.receive("email", WebhookRequest(b"{}", {"secret": "wrong"}))
    assert (answer.status, answer.body, answer.recorded) == (400, b"", ())
    assert "signature" in answer.problem
    assert mail(made).delivery == ""


@pytest.mark.parametrize("wrong", [None, True, [], "ok"])
def test_an_adapter_that_reads_nonsense_is_contained(wrong):  # S11.4
    channel = Provider()
    channel.receive = lambda _: wrong
    assert engine(channel).receive("email", hook()).status == 500


def test_an_adapter_that_raises_is_contained_and_tells_no_values():  # S7.5
    channel = Provider()

    def receive(_):
        raise KeyError(SHARED)

    channel.receive = receive
    answer = engine(channel).receive("email", hook())
    assert (answer.status, answer.problem) == (500, "the adapter raised KeyError")


def test_one_event_that_cannot_be_used_keeps_no_other_from_it():  # S11.4
    channel = Provider()
    made = sent(channel)
    channel.tells = [Receipt("no such key", "delivered"), Receipt(state="nonsense", ref="p-1"), Clicked(ref="p-1")]
    answer = made.receive("email", hook())
    assert (answer.status, len(answer.recorded), mail(made).delivery) == (202, 1, "clicked")


def test_a_provider_whose_clock_is_ahead_loses_nothing():  # S1.5
    channel = Provider()
    made = sent(channel)
    channel.tells = [Receipt(state="delivered", ref="p-1", at=START + hours(3))]
    made.receive("email", hook())
    (told,) = (each for each in made.customer("ann").timeline() if each.type == "delivered")
    assert told.at == START


def test_a_channel_without_webhooks_says_so():
    with pytest.raises(InvalidInput, match="understands no webhooks"):
        engine().receive("sms", hook())
    with pytest.raises(UnknownName, match="channel"):
        engine().receive("fax", hook())


@pytest.mark.parametrize("body", ["{}", {"a": 1}, None, bytearray(b"")])
def test_a_body_that_was_parsed_is_refused(body):  # S6.9
    with pytest.raises(InvalidInput, match="raw bytes"):
        WebhookRequest(body)


# --- one click --------------------------------------------------------------------------------------------------------

LINKS = Unsubscribe("https://shop.example/u/{token}", b"a secret of thirty-two bytes, no less")


class Mail(Scripted):
    """A channel with headers."""

    def __init__(self):
        super().__init__()
        self._capabilities = Capabilities("email", {"email"}, remembers_keys_for=None, recording=True, unsubscribe=True)


def mailing():
    made = engine_of(
        sending("news", kind="marketing"), sending(), channels=[Mail()], clock=VirtualClock(START), unsubscribe=LINKS
    )
    made.grant("ann", "marketing")
    made.record("ann", "start")
    pass_time(made)
    return made


def test_what_needs_consent_carries_the_headers_and_service_mail_does_not():  # RFC 8058
    made = mailing()
    headers = {each.message.name: set(each.headers) for each in made.adapters["email"].requests}
    assert headers == {"news": {"List-Unsubscribe", "List-Unsubscribe-Post"}, "hello": set()}


def test_a_post_unsubscribes_and_a_get_does_not():  # RFC 8058
    made = mailing()
    (news,) = (each for each in made.adapters["email"].requests if each.message.name == "news")
    link = news.headers["List-Unsubscribe"].strip("<>")
    token = link.rpartition("/")[2]
    asked = LINKS.take("GET", token)
    done = LINKS.take("POST", token, b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")
    assert not isinstance(asked, OneClick)
    assert isinstance(done, OneClick)
    made.apply(done.event())
    assert made.apply(done.event()).duplicate
    made.clock.advance(minutes(1))
    made.record("ann", "start")
    pass_time(made)
    assert ends(made)[-2:] == [("news", "denied"), ("hello", "sent")]


def test_a_channel_without_headers_gets_none():
    made = engine_of(sending("news", kind="marketing"), channels=[Scripted()], unsubscribe=LINKS)
    made.grant("ann", "marketing")
    made.record("ann", "start")
    pass_time(made)
    assert made.adapters["email"].requests[0].headers == {}


def test_headers_are_found_in_whatever_case_and_bytes_are_texts():  # S6.9
    request = WebhookRequest(b"{}", {"Webhook-Id": "1", b"Webhook-Timestamp": b"2"})
    assert dict(request.headers) == {"webhook-id": "1", "webhook-timestamp": "2"}


def test_a_header_that_came_twice_hides_nothing():  # RFC 9110, section 5.3
    request = WebhookRequest(b"{}", {"webhook-signature": "v1,good", "Webhook-Signature": "v1,bad"})
    assert request.headers["webhook-signature"] == "v1,good, v1,bad"
