"""Adapters that hang, raise, or answer too late; providers that are down; providers that can be asked (S6.8, S11.3)."""

import threading
from datetime import timedelta

import pytest

from making import Scripted, ends, engine_of, pass_time, sending
from touchpoint import StoreBusy, days, hours, minutes
from touchpoint.channels import Accepted, Ambiguous, Capabilities, Refused
from touchpoint.channels.base import BaseAdapter
from touchpoint.engine.delivery import Delivery

ACCEPTED = Accepted("ref")
SOON = timedelta(milliseconds=30)


class Slow(BaseAdapter):
    """A channel of the real sort, that answers when it is let."""

    def __init__(self, *, memory=None, thread_safe=False, answer=ACCEPTED):
        super().__init__(Capabilities("email", {"email"}, remembers_keys_for=memory, thread_safe=thread_safe), "email")
        self.let, self.done, self.called, self.answer = threading.Event(), threading.Event(), 0, answer

    def send(self, _):
        self.called += 1
        self.let.wait(10)
        try:
            if isinstance(self.answer, BaseException):
                raise self.answer
            return self.answer
        finally:
            self.done.set()


def engine(channel, people=("ann",), **options):
    return engine_of(sending(), channels=[channel], people=people, call_within=SOON, **options)


def finish(channel):
    """Let the call that was left behind come to its end."""
    channel.let.set()
    assert channel.done.wait(10)
    for each in threading.enumerate():
        if each.name == "touchpoint email":
            each.join(10)


def test_an_adapter_that_hangs_is_left_behind_and_its_message_is_never_doubled():  # S6.8
    channel = Slow()
    made = engine(channel)
    made.record("ann", "start")
    made.run_pending()
    assert ends(made) == [("hello", "unknown")]
    assert "no answer within 0.03 s" in made.customer("ann").messages[0].because[0]
    pass_time(made, days(4))
    finish(channel)
    assert channel.called == 1


def test_a_proof_of_sending_that_comes_late_is_kept():  # S11.3
    channel = Slow(memory=days(2))
    made = engine(channel)
    made.record("ann", "start")
    made.run_pending()
    assert ends(made) == [("hello", "waiting")]
    finish(channel)
    made.clock.advance(minutes(10))
    made.run_pending()
    assert (ends(made), channel.called) == ([("hello", "sent")], 1)


def test_one_hanging_adapter_keeps_nobody_else_from_it():  # S11.4
    channel = Slow()
    made = engine_of(
        sending(), sending("text", channels=["sms"]), channels=[channel, Scripted("sms")], people=("ann",),
        call_within=SOON,
    )  # fmt: skip
    made.record("ann", "start")
    pass_time(made)
    assert ends(made) == [("hello", "unknown"), ("text", "sent")]
    finish(channel)


def test_while_a_call_hangs_an_adapter_that_is_not_thread_safe_is_not_called_again():  # S6.8
    channel = Slow(memory=days(2))
    made = engine(channel, people=("ann", "bob"))
    for each in ("ann", "bob"):
        made.record(each, "start")
    made.run_pending()
    assert channel.called == 1
    assert [made.customer(each).messages[0].because[-1] for each in ("ann", "bob")] == [
        "email: no answer within 0.03 s",
        "email: provider_unavailable",
    ]
    finish(channel)
    pass_time(made, hours(1))
    assert ends(made, "ann") == ends(made, "bob") == [("hello", "sent")]


def test_a_thread_safe_adapter_is_called_beside_a_call_that_hangs():
    channel = Slow(thread_safe=True)
    made = engine(channel, people=("ann", "bob"))
    for each in ("ann", "bob"):
        made.record(each, "start")
    made.run_pending()
    assert channel.called == 2
    finish(channel)


def test_what_an_adapter_raises_after_its_deadline_says_nothing_more():
    channel = Slow(answer=ValueError("ann@example.com"))
    made = engine(channel)
    made.record("ann", "start")
    made.run_pending()
    finish(channel)
    made.run_pending()
    assert ends(made) == [("hello", "unknown")]


def test_an_adapter_that_asks_the_worker_to_stop_is_obeyed():
    channel = Slow(answer=SystemExit())
    channel.let.set()
    made = engine_of(sending(), channels=[channel], people=("ann",))
    made.record("ann", "start")
    with pytest.raises(SystemExit):
        made.run_pending()


def test_a_call_in_time_is_as_any_other():
    channel = Slow()
    channel.let.set()
    made = engine_of(sending(), channels=[channel], people=("ann",))
    made.record("ann", "start")
    made.run_pending()
    assert ends(made) == [("hello", "sent")]


def test_without_a_bound_the_worker_itself_calls():
    seen = []
    channel = Slow()
    channel.send = lambda _: seen.append(threading.current_thread()) or Accepted()
    made = engine_of(sending(), channels=[channel], people=("ann",), call_within=None)
    made.record("ann", "start")
    made.run_pending()
    assert seen == [threading.current_thread()]


def test_no_transaction_is_open_while_an_adapter_is_called(tmp_path):  # S6.8
    url = f"sqlite:///{tmp_path}/a.db"
    seen = []
    other = engine_of(sending(), channels=[Scripted()], people=(), store=url)

    def act(_):
        seen.append(other.record("bob", "start"))
        return Accepted()

    made = engine_of(sending(), channels=[Scripted(act=act)], people=("ann",), store=url)
    made.record("ann", "start")
    try:
        made.run_pending()
    except StoreBusy:
        pytest.fail("a transaction was open during the call")
    assert len(seen) >= 1
    made.close(), other.close()


# --- the breaker ------------------------------------------------------------------------------------------------------


def down():
    return Scripted(act=lambda _: Refused("provider_unavailable"), memory=days(9))


def crowd(n):
    return [f"c{n:02}" for n in range(n)]


def test_a_provider_that_is_down_is_left_alone_after_five_failures():  # S6.8
    channel = down()
    made = engine_of(sending(), channels=[channel], people=crowd(20))
    for each in crowd(20):
        made.record(each, "start")
    made.run_pending()
    assert len(channel.requests) == 5
    waiting = made.customer("c19").messages[0]
    assert "circuit breaker: 5 calls in a row failed" in waiting.because[-1]


def test_it_is_tried_again_and_left_alone_for_twice_as_long():  # S6.8
    channel = down()
    made = engine_of(sending(), channels=[channel], people=crowd(20))
    for each in crowd(20):
        made.record(each, "start")
    made.run_pending()
    made.clock.advance(timedelta(seconds=30))
    made.run_pending()
    assert len(channel.requests) == 6
    made.clock.advance(timedelta(seconds=59))
    made.run_pending()
    assert len(channel.requests) == 6


def test_once_it_answers_everything_goes_out_and_nothing_twice():  # S6.8, S11.4
    given = iter([Refused("provider_unavailable")] * 7)
    channel = Scripted(act=lambda _: next(given, ACCEPTED), memory=days(9))
    made = engine_of(sending(), channels=[channel], people=crowd(20))
    for each in crowd(20):
        made.record(each, "start")
    pass_time(made, hours(12))
    assert {ends(made, each)[0][1] for each in crowd(20)} == {"sent"}
    assert len(channel.requests) == 27


def test_the_pause_holds_for_every_worker_of_the_store(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    one = engine_of(sending(), channels=[down()], people=crowd(9), store=url)
    channel = Scripted()
    two = engine_of(sending(), channels=[channel], people=(), store=url)
    for each in crowd(9):
        one.record(each, "start")
    one.run_pending()
    two.run_pending()
    assert channel.requests == []
    one.close(), two.close()


def test_refusals_that_are_about_a_message_are_no_outage():
    channel = Scripted(act=lambda _: Refused("address_incapable"))
    made = engine_of(sending(), channels=[channel], people=crowd(9))
    for each in crowd(9):
        made.record(each, "start")
    made.run_pending()
    assert len(channel.requests) == 9


def test_a_pause_by_somebody_is_not_cut_short_by_the_breaker():
    given = iter([Refused("provider_unavailable")] * 4 + [Refused("sender_misconfigured")])
    channel = Scripted(act=lambda _: next(given, Refused("provider_unavailable")))
    made = engine_of(sending(), channels=[channel], people=crowd(9))
    for each in crowd(9):
        made.record(each, "start")
    made.run_pending()
    called = len(channel.requests)
    pass_time(made, days(1))
    assert len(channel.requests) == called
    made.resume(channel="email")
    made.run_pending()
    assert len(channel.requests) > called


# --- providers that can be asked --------------------------------------------------------------------------------------


class Asked(BaseAdapter):
    """A provider that forgets keys, and can be asked what became of one."""

    def __init__(self, *known, answer=None):
        capabilities = Capabilities("email", {"email"}, remembers_keys_for=None, recording=True, lookup=True)
        super().__init__(capabilities, "email")
        self.known, self.sent, self.asked = list(known), [], []
        self.answer = answer or Ambiguous("timed out")

    def send(self, request):
        self.sent.append(request.key)
        answer, self.answer = self.answer, Accepted("second")
        return answer

    def lookup(self, key):
        self.asked.append(key)
        return self.known.pop(0)


def test_an_uncertain_send_that_the_provider_knows_of_was_sent():  # S6.8
    channel = Asked(Accepted("first"))
    made = engine_of(sending(), channels=[channel])
    made.record("ann", "start")
    pass_time(made, hours(1))
    assert (ends(made), len(channel.sent), len(channel.asked)) == ([("hello", "sent")], 1, 1)
    assert channel.asked == channel.sent


def test_one_that_the_provider_has_never_seen_is_sent_again_under_the_same_key():  # S6.8
    channel = Asked(None)
    made = engine_of(sending(), channels=[channel])
    made.record("ann", "start")
    pass_time(made, hours(1))
    assert ends(made) == [("hello", "sent")]
    assert channel.sent == channel.asked * 2


def test_one_that_it_refused_after_all_goes_the_way_of_a_refusal():  # S6.8
    channel = Asked(Refused("address_invalid"))
    made = engine_of(sending(channels=["email", "sms"]), channels=[channel, "sms"])
    made.record("ann", "start")
    pass_time(made, hours(1))
    assert (ends(made), len(channel.sent)) == ([("hello", "sent")], 1)
    assert made.customer("ann").messages[0].via == "sms"


def test_it_is_asked_again_while_it_does_not_know_and_then_no_more():  # S6.8
    channel = Asked(*[Ambiguous("busy")] * 50)
    made = engine_of(sending(), channels=[channel])
    made.record("ann", "start")
    pass_time(made, days(4))
    assert (ends(made), len(channel.sent)) == ([("hello", "unknown")], 1)
    assert 1 < len(channel.asked) <= 12


def test_asking_needs_no_consent_because_nothing_goes_out():  # S6.8
    channel = Asked(Accepted("first"))
    made = engine_of(sending(), channels=[channel])
    made.record("ann", "start")
    made.run_pending()
    made.withdraw("ann", "service")
    pass_time(made, hours(1))
    assert ends(made) == [("hello", "sent")]


def test_sending_again_after_asking_is_asked_of_the_gate():  # S6.8
    channel = Asked(None)
    made = engine_of(sending(), channels=[channel])
    made.record("ann", "start")
    made.run_pending()
    made.withdraw("ann", "service")
    pass_time(made, hours(1))
    assert (ends(made)[0][1], len(channel.sent)) == ("denied", 1)


# --- what fails before the call ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["normalise", "preflight"])
def test_an_adapter_that_fails_before_it_was_asked_to_send_has_sent_nothing(part):  # S6.8
    channel = Scripted()
    made = engine_of(sending(channels=["email", "sms"]), channels=[channel, "sms"])
    made.record("ann", "start")

    def broken(*_, **__):
        raise KeyError("ann@example.com")

    setattr(channel, part, broken)
    pass_time(made)
    assert (ends(made), made.customer("ann").messages[0].via) == ([("hello", "sent")], "sms")
    assert "ann@" not in str(made.customer("ann").messages[0].because)


def test_what_is_known_of_a_hand_over_outlives_a_store_that_could_not_take_it(monkeypatch):  # S11.3, S11.7
    channel = Scripted()
    made = engine_of(sending(), channels=[channel])
    made.record("ann", "start")

    def busy(*_):
        raise StoreBusy

    with monkeypatch.context() as patched:
        patched.setattr(Delivery, "settle", busy)
        with pytest.raises(StoreBusy):
            made.run_pending()
    made.clock.advance(minutes(5))
    made.run_pending()
    assert (ends(made), len(channel.requests)) == ([("hello", "sent")], 1)
