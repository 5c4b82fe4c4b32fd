"""What is in doubt after a hand-over: uncertain sends, what comes back of them, and their places (S6.7, S6.8)."""

from datetime import timedelta

import pytest

from making import MARK, START, Scripted, ends, engine_of, marks, message, pass_time, sending, state_of
from touchpoint import Branch, Call, Content, Gift, Rule, Send, Wait, days, hours, minutes, result
from touchpoint.channels import Accepted, Ambiguous, Capabilities, Refused
from touchpoint.channels.base import BaseAdapter
from touchpoint.channels.inbound import Receipt, Replied

LONG = days(9)


def scripted(*answers, memory=LONG, name="email"):
    """A channel that gives these answers, then accepts."""
    given = iter(answers)
    return Scripted(name, act=lambda _: next(given, Accepted("ref")), memory=memory)


def begun(channel, *rules, **options):
    made = engine_of(*(rules or [sending()]), channels=[channel, Scripted("sms")], **options)
    made.record("ann", "start")
    made.run_pending()
    return made


def mail(engine, customer="ann"):
    return engine.customer(customer).messages[0]


# --- when it went out -------------------------------------------------------------------------------------------------


def test_what_proves_an_uncertain_send_ends_it_at_the_instant_of_its_release():  # S6.8, decisions 30
    made = begun(scripted(Ambiguous("timed out")))
    made.clock.advance(timedelta(seconds=5))
    made.apply(Receipt(mail(made).key, "delivered"))
    assert (mail(made).status, mail(made).at) == ("sent", START)


def test_a_run_goes_on_from_the_release_of_what_was_in_doubt():  # S5.1
    rule = Rule("r", when="start", then=[Send(message()), Wait(hours(2)), Send(message("second"))])
    made = begun(scripted(Ambiguous("timed out")), rule)
    made.clock.advance(timedelta(seconds=5))
    made.apply(Receipt(mail(made).key, "delivered"))
    assert made.customer("ann").runs[0].started_at == START
    pass_time(made, hours(3))
    assert ends(made) == [("hello", "sent"), ("second", "sent")]


# --- ends -------------------------------------------------------------------------------------------------------------


def test_an_uncertain_message_of_a_run_that_ends_is_unknown_and_not_withdrawn():  # S6.7, S11.9
    rule = Rule("r", when="start", then=[Send(message())], exit=["stop"])
    made = begun(scripted(Ambiguous("timed out")), rule)
    made.record("ann", "stop")
    assert ends(made) == [("hello", "unknown")]


def test_what_was_refused_for_certain_is_withdrawn_when_its_run_ends():  # S5.3
    rule = Rule("r", when="start", then=[Send(message())], exit=["stop"])
    made = begun(scripted(Refused("provider_unavailable")), rule)
    made.record("ann", "stop")
    assert ends(made) == [("hello", "withdrawn")]


# --- what comes back of a message that waits --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusal", [Refused("throttled", retry_after=minutes(9)), Refused("provider_unavailable"), Refused("unknown")]
)
def test_after_a_receipt_nothing_is_handed_over_whatever_its_adapter_said(refusal):  # S6.8
    channel = scripted(refusal)
    made = engine_of(sending(channels=["email", "sms"]), channels=[channel, Scripted("sms")])
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    for _ in walk:
        pass
    made.apply(Receipt(channel.requests[0].key, "delivered"))
    pass_time(made, days(1))
    assert (ends(made), len(channel.requests)) == ([("hello", "sent")], 1)
    assert made.adapters["sms"].requests == []


@pytest.mark.parametrize("state", ["bounced", "failed"])
def test_a_receipt_that_repeats_a_refusal_proves_nothing_and_the_message_goes_on(state):  # S6.8
    channel = scripted(Refused("provider_unavailable"))
    made = begun(channel)
    made.apply(Receipt(mail(made).key, state))
    pass_time(made, days(1))
    assert (ends(made), len(channel.requests)) == ([("hello", "sent")], 2)


def test_what_is_said_of_a_message_that_was_never_handed_over_leaves_it_alone():  # decisions 30
    made = engine_of(sending(), channels=[Scripted()])
    made.record("ann", "start")
    made.apply(Receipt(mail(made).key, "delivered"))
    assert (mail(made).status, mail(made).delivery) == ("waiting", "")
    made.run_pending()
    assert ends(made) == [("hello", "sent")]


def test_one_that_was_released_and_given_back_was_never_handed_over():  # decisions 30
    made = engine_of(sending(), channels=[Scripted()])
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    next(walk), next(walk)
    made.clock.advance(minutes(1))
    for _ in walk:
        pass
    made.apply(Receipt(mail(made).key, "delivered"))
    assert (mail(made).status, mail(made).delivery) == ("waiting", "")


def test_a_reply_disarms_the_wait_for_a_receipt():  # decisions 31
    class Receipted(Scripted):
        def __init__(self):
            super().__init__()
            self._capabilities = Capabilities(
                "email", {"email"}, remembers_keys_for=None, receipts=True, recording=True
            )

    made = begun(Receipted())
    made.apply(Replied("ann", "email", "thank you", about=mail(made).key))
    pass_time(made, days(4))
    assert mail(made).delivery == ""
    assert state_of(made).awaited == {}


# --- what a refusal says beyond the message ---------------------------------------------------------------------------


def test_an_opt_out_that_a_provider_tells_at_a_repeat_is_recorded_all_the_same():  # S6.8, S7.1
    channel = scripted(Ambiguous("timed out"), Refused("recipient_opted_out"))
    made = begun(channel)
    pass_time(made, hours(1))
    assert ends(made) == [("hello", "unknown")]
    made.record("ann", "start")
    pass_time(made)
    assert ends(made)[-1] == ("hello", "denied")


def test_an_address_that_is_refused_at_a_repeat_is_suppressed_all_the_same():  # S6.8
    channel = scripted(Ambiguous("timed out"), Refused("address_invalid"))
    made = begun(channel)
    pass_time(made, hours(1))
    made.record("ann", "start")
    pass_time(made)
    assert (ends(made)[-1], len(channel.requests)) == (("hello", "denied"), 2)


# --- gifts and functions ----------------------------------------------------------------------------------------------


def test_a_call_that_is_given_back_refunds_no_gift_of_its_name():
    gift = Gift(
        "flowers", why="to say sorry", channels=["email"], content=Content(text="For you"), worth=5, budget=5,
        currency="EUR",
    )  # fmt: skip
    rules = Rule("r", when="start", then=[Send(gift)]), Rule("c", when="call", then=[Call("flowers")])
    made = engine_of(*rules, channels=[Scripted()], functions={"flowers": lambda _: None})
    made.grant("ann", "gift")
    made.record("ann", "start")
    pass_time(made)
    made.record("ann", "call")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    next(walk), next(walk)
    made.clock.advance(minutes(1))
    for _ in walk:
        pass
    with made.store.reading() as reader:
        assert reader.spent(["flowers"])["flowers"] == 5


def test_a_gift_that_was_refused_and_went_out_all_the_same_counts_for_the_budget():  # S6.8
    gift = Gift(
        "flowers", why="to say sorry", channels=["email"], content=Content(text="For you"), worth=5, budget=50,
        currency="EUR",
    )  # fmt: skip
    made = engine_of(Rule("r", when="start", then=[Send(gift)]), channels=[scripted(Refused("provider_unavailable"))])
    made.grant("ann", "gift")
    made.record("ann", "start")
    made.run_pending()
    assert spent(made) == 0
    made.apply(Receipt(mail(made).key, "delivered"))
    assert (ends(made), spent(made)) == ([("flowers", "sent")], 5)


def spent(made):
    with made.store.reading() as reader:
        return reader.spent(["flowers"])["flowers"]


def test_what_a_function_returned_too_late_is_kept_and_its_run_goes_on_once():  # S5, S11.3
    rule = Rule("r", when="start", then=[Call("ask"), Branch(result("ask").n == 1, then=[MARK])])
    made = engine_of(rule, functions={"ask": lambda _: {"n": 1}})
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    for _ in range(4):
        next(walk)  # it has returned; the worker is held up
    made.clock.advance(minutes(2))
    made.run_pending()  # another worker has taken it over, and will call again later
    for _ in walk:
        pass
    assert len(marks(made)) == 1
    pass_time(made, days(9))
    assert len(marks(made)) == 1


# --- late answers -----------------------------------------------------------------------------------------------------


class Desk(BaseAdapter):
    """People behind a provider of one's own."""

    def __init__(self, *, lookup=None, answer=None):
        capabilities = Capabilities(
            "desk", {"email"}, remembers_keys_for=days(9), human=True, recording=True, lookup=lookup is not None
        )
        super().__init__(capabilities, "email")
        self.found, self.answer = lookup, answer or Accepted("d-1")

    def send(self, _):
        return self.answer

    def lookup(self, _):
        return self.found


def test_a_late_proof_from_a_human_channel_makes_its_task():  # S6.9, S11.3
    made = engine_of(sending(channels=["desk"]), channels=[Desk()])
    made.record("ann", "start")
    walk = made.delivery().walk(lambda unit, _: [unit.find("ann")])
    for _ in range(4):
        next(walk)  # the call has been made; the worker is held up
    made.clock.advance(minutes(2))
    made.run_pending()  # another worker has taken it over, and will ask again later
    for _ in walk:
        pass
    assert ends(made) == [("hello", "sent")]
    assert [each.message for each in made.tasks.open("desk")] == ["hello"]


def test_a_task_that_its_provider_knows_of_is_a_task_and_expires():  # S6.9
    made = engine_of(sending(channels=["desk"]), channels=[Desk(lookup=Accepted("d-1"), answer=Ambiguous("timed out"))])
    made.record("ann", "start")
    pass_time(made, hours(1))
    assert ends(made) == [("hello", "sent")]
    (task,) = made.tasks.open("desk")
    pass_time(made, days(4))
    assert made.tasks.get(task.key).status == "expired"


# --- repeats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [Refused("throttled", retry_after=minutes(5)), Refused("provider_unavailable")])
def test_a_repeat_that_is_put_off_is_made_later_while_the_provider_remembers(refusal):  # S6.8
    channel = scripted(Ambiguous("timed out"), refusal)
    made = begun(channel)
    pass_time(made, hours(2))
    assert (ends(made), len(channel.requests)) == ([("hello", "sent")], 3)


def test_a_repeat_that_is_put_off_for_too_long_is_not_made():  # S6.8
    channel = scripted(Ambiguous("timed out"), Refused("throttled", retry_after=hours(2)), memory=hours(2))
    made = begun(channel)
    pass_time(made, days(1))
    assert (ends(made), len(channel.requests)) == ([("hello", "unknown")], 2)
