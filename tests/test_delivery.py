"""Handing messages over: what follows from every answer an adapter may give, or not give."""

from datetime import timedelta
from itertools import pairwise

import pytest

from making import (
    START,
    Scripted,
    ends,
    engine_of,
    handed,
    journey,
    marks,
    message,
    pass_time,
    sending,
    state_of,
    trace,
)
from touchpoint import (
    Branch,
    Cap,
    CaseType,
    Content,
    Emit,
    Gift,
    Give,
    Hold,
    InvalidInput,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    UnknownName,
    Wait,
    days,
    hours,
    minutes,
    outcome,
    seconds,
    times,
)  # fmt: skip
from touchpoint.channels.memory import MemoryChannel
from touchpoint.model.delivery import Accepted, Ambiguous, FailureCode, Preflight, Refused

ONE_A_DAY = Policy(Cap(1, per=days(1)))


def forgetful(name="email"):
    """A channel whose provider does not remember keys."""
    return MemoryChannel(name).without_idempotency()


def refuse(code, **parts):
    return Refused(code, **parts)


def start(engine, *customers):
    for each in customers or ("ann",):
        engine.record(each, "start")
    engine.run_pending()


def because(engine, customer="ann"):
    return " / ".join(engine.customer(customer).messages[0].because)


# --- what is handed over ----------------------------------------------------------------------------------------------


def test_an_adapter_is_handed_the_words_the_address_and_a_key():  # S6.2, S6.3
    content = Content(
        subject="For {customer.name}", text="Hi {customer.name|there}, {event.n}", html="<b>{customer.name}</b>"
    )
    engine = engine_of(sending(content=content))
    engine.identify("ann", traits={"name": "A & B"}, locale="de")
    engine.record("ann", "start", {"n": 3})
    assert engine.run_pending() == 1
    (request,) = engine.adapters["email"].sent
    words = request.message
    assert (words.subject, words.text, words.html) == ("For A & B", "Hi A & B, 3", "<b>A &amp; B</b>")
    assert (request.to.key, request.channel, request.attempt, len(request.key)) == ("ann@example.com", "email", 1, 32)


def test_nothing_is_handed_over_while_a_touchpoint_is_recorded():  # S6.8: outside any transaction
    engine = engine_of(sending())
    engine.record("ann", "start")
    assert handed(engine) == []


def test_data_that_is_missing_denies_the_message_and_is_named():  # S6.2
    engine = engine_of(sending(content=Content(text="Hello {customer.name}")))
    start(engine)
    assert ends(engine) == [("hello", "denied")]
    assert "customer.name" in because(engine)


def test_a_customer_without_an_address_is_denied_with_the_reason():  # S6.5
    engine = engine_of(sending(), people=())
    start(engine, "bob")
    assert (ends(engine, "bob"), "no address for email" in because(engine, "bob")) == ([("hello", "denied")], True)


def test_a_channel_without_an_adapter_is_denied_with_the_reason():  # S6.5
    engine = engine_of(sending(channels=["fax"]))
    start(engine)
    assert "there is no adapter for the channel 'fax'" in because(engine)


def test_channels_are_tried_in_order_of_preference():  # S6.5
    engine = engine_of(sending(channels=["sms", "email"]), sending("two", channels=["email", "sms"]), people=("ann",))
    engine.identify("bob", addresses={"email": "bob@example.com"})
    start(engine, "ann", "bob")
    assert (handed(engine, "sms"), sorted(handed(engine, "email"))) == (["hello"], ["hello", "two", "two"])


def test_two_sends_of_one_message_have_two_keys():  # S6.3: run + step + occurrence
    engine = engine_of(sending(then=[Send(message()), Wait(days(1))]))
    start(engine)
    pass_time(engine)
    assert len({each.key for each in engine.adapters["email"].sent}) == 2


def test_the_same_history_gives_the_same_keys_on_another_engine():  # S6.3, S11.5
    keys = []
    for _ in range(2):
        engine = engine_of(sending())
        engine.record("ann", "start", id="t1")
        engine.run_pending()
        keys += [each.key for each in engine.adapters["email"].sent]
    assert keys[0] == keys[1]


def test_run_pending_tells_how_many_were_handed_over():
    engine = engine_of(sending(), people=[f"c{n}" for n in range(7)])
    for n in range(7):
        engine.record(f"c{n}", "start")
    assert (engine.run_pending(group=3), engine.run_pending()) == (7, 0)


def test_a_message_limit_is_kept():  # S4.4
    engine = engine_of(sending(limit=times(1, per=days(7))))
    for _ in range(2):
        start(engine)
    assert ends(engine) == [("hello", "sent"), ("hello", "denied")]


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_a_message_waits_for_the_end_of_quiet_hours():  # S6.5
    engine = engine_of(sending(), policy=Policy(QuietHours("08:00", "12:00", unknown_zone="deny")))
    engine.identify("ann", timezone="UTC")
    engine.record("ann", "start")
    pass_time(engine, days(1))
    (held,) = engine.customer("ann").messages
    assert (held.at, "quiet hours" in held.because[0]) == (START + hours(3), True)


def test_a_message_waits_for_the_very_instant_at_which_the_cap_frees():  # S6.6
    engine = engine_of(sending(), policy=ONE_A_DAY)
    start(engine)
    pass_time(engine, hours(1))
    start(engine)
    pass_time(engine, days(2))
    assert [each.at for each in engine.customer("ann").messages] == [START, START + days(1)]


def test_a_message_that_waits_too_long_expires_with_a_reason():  # S6.7
    engine = engine_of(sending(expires=hours(2)), policy=Policy(QuietHours("08:00", "12:00", unknown_zone="deny")))
    engine.identify("ann", timezone="UTC")
    engine.record("ann", "start")
    pass_time(engine, days(1))
    assert (ends(engine), "expired at" in because(engine), handed(engine)) == ([("hello", "expired")], True, [])


def test_a_promotion_waits_while_a_case_is_open_and_goes_after_the_cool_off():  # S6.10
    case = CaseType("complaint")
    policy = Policy(Hold(while_open=case, kinds="marketing", cool_off=days(1)))
    engine = engine_of(sending(kind="marketing"), policy=policy, parts={"cases": [case]})
    engine.grant("ann", "marketing")
    engine.open_case("ann", "complaint", ref="o1")
    start(engine)
    pass_time(engine, days(2))
    assert ends(engine) == [("hello", "waiting")]
    engine.close_case("ann", "complaint", ref="o1")
    pass_time(engine, days(2))
    assert engine.customer("ann").messages[0].at == START + days(3)


def test_a_message_of_higher_priority_goes_first():  # S6.6
    engine = engine_of(sending("low"), sending("high", priority=1), policy=ONE_A_DAY)
    start(engine)
    assert handed(engine) == ["high"]


# --- refused: tried again ---------------------------------------------------------------------------------------------


def attempts_of(channel):
    return [each.attempt for each in channel.requests]


def test_a_provider_that_is_away_is_asked_again_with_growing_waits_and_one_key():  # S6.8
    answers = [refuse("provider_unavailable")] * 3 + [Accepted()]
    channel, instants = Scripted(), []
    engine = engine_of(sending(), channels=[channel])
    channel.act = lambda _: instants.append(engine.clock.now()) or answers[len(instants) - 1]
    start(engine)
    pass_time(engine, hours(1))
    waits = [after - before for before, after in pairwise(instants)]
    assert all(low <= wait <= 2 * low for wait, low in zip(waits, (seconds(15), seconds(30), minutes(1)), strict=True))
    assert (attempts_of(channel), len({each.key for each in channel.requests})) == ([1, 2, 3, 4], 1)
    assert ends(engine) == [("hello", "sent")]


def test_a_provider_that_says_when_to_come_back_is_obeyed():  # S6.8
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse("throttled", retry_after=hours(2)))])
    start(engine)
    pass_time(engine, hours(2) - minutes(1))
    assert ends(engine) == [("hello", "waiting")]
    pass_time(engine, hours(1))
    assert ends(engine) == [("hello", "sent")]


def test_a_change_of_the_profile_does_not_shorten_that_wait():  # S6.8
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse("throttled", retry_after=hours(2)))])
    start(engine)
    engine.identify("ann", traits={"x": 1})
    pass_time(engine, hours(1))
    assert engine.adapters["email"].attempts == 1


def test_one_told_to_come_back_after_the_best_before_expires_at_it():  # S6.7
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse("throttled", retry_after=days(300)))])
    start(engine)
    engine.identify("ann", traits={"x": 1})
    pass_time(engine, days(3))
    assert ends(engine) == [("hello", "expired")]


def test_attempts_are_bounded():  # S6.8
    channel = Scripted(act=lambda _: refuse("provider_unavailable"))
    engine = engine_of(sending(expires=days(300)), channels=[channel])
    start(engine)
    pass_time(engine, days(10))
    assert (attempts_of(channel), ends(engine)) == (list(range(1, 13)), [("hello", "failed")])


def test_throttling_uses_up_no_attempt():  # S6.8: best-before bounds it
    channel = Scripted(act=lambda _: refuse("throttled", retry_after=minutes(10)))
    engine = engine_of(sending(expires=hours(6)), channels=[channel])
    start(engine)
    pass_time(engine, days(10))
    assert (len(channel.requests) > 12, set(attempts_of(channel)), ends(engine)) == (True, {1}, [("hello", "expired")])


def test_every_retry_asks_the_gate_again():  # S6.8
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse("provider_unavailable"))])
    start(engine)
    engine.withdraw("ann")
    pass_time(engine, hours(1))
    assert (ends(engine), engine.adapters["email"].attempts) == ([("hello", "denied")], 1)


def test_a_retry_moves_its_cap_slot_to_the_new_instant():  # S6.8
    refusing = MemoryChannel("email").will(refuse("throttled", retry_after=hours(5)))
    engine = engine_of(sending("one"), sending("two", when="later"), channels=[refusing], policy=ONE_A_DAY)
    start(engine)
    pass_time(engine, hours(7))
    engine.record("ann", "later")
    pass_time(engine, days(2))
    one, two = engine.customer("ann").messages
    assert START + hours(5) <= one.at <= START + hours(5) + minutes(1)
    assert two.at - one.at == days(1)


# --- refused: what else follows ---------------------------------------------------------------------------------------


NEXT_CHANNEL = [
    "address_incapable",
    "session_closed",
    "region_forbidden",
    "unknown",
    "address_invalid",
    "recipient_opted_out",
]


@pytest.mark.parametrize("code", NEXT_CHANNEL)
def test_another_channel_is_tried_where_that_may_help(code):  # S6.5, S6.8
    engine = engine_of(sending(channels=["email", "sms"]), channels=[MemoryChannel("email").will(refuse(code)), "sms"])
    start(engine)
    pass_time(engine)
    assert (handed(engine, "sms"), engine.adapters["email"].attempts) == (["hello"], 1)


def test_a_message_without_another_channel_has_failed():  # S6.7, S6.8
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse("unknown"))])
    start(engine)
    pass_time(engine, days(5))
    assert (ends(engine), engine.adapters["email"].attempts) == ([("hello", "failed")], 1)
    assert "refused by the provider: unknown" in because(engine)


@pytest.mark.parametrize("code", ["address_invalid", "address_unreachable"])
def test_an_address_that_does_not_exist_is_suppressed_for_all_who_share_it(code):  # S6.8
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse(code))], people=())
    for each in ("ann", "bob"):
        engine.identify(each, addresses={"email": "both@example.com"})
    start(engine)
    start(engine, "bob")
    assert (handed(engine), engine.adapters["email"].attempts, ends(engine, "bob")) == ([], 1, [("hello", "denied")])
    assert f"the email address is suppressed: {code}" in because(engine, "bob")


def test_a_suppressed_address_is_suppressed_on_every_channel_that_uses_it():  # S6.8
    channels = [MemoryChannel("sms").will(refuse("address_invalid")), MemoryChannel("whatsapp")]
    engine = engine_of(sending(channels=["sms", "whatsapp"]), channels=channels)
    start(engine)
    pass_time(engine)
    assert handed(engine, "whatsapp") == []


def test_suppression_survives_a_new_identify_and_a_new_engine(tmp_path):  # S1.1
    url = f"sqlite:///{tmp_path}/t.db"
    with engine_of(sending(), store=url, channels=[MemoryChannel("email").will(refuse("address_invalid"))]) as engine:
        start(engine)
    with engine_of(sending(), store=url, people=("bob",)) as engine:
        engine.identify("ann", addresses={"email": "other@example.com"})
        engine.identify("ann", addresses={"email": "ANN@Example.com".lower()})
        engine.identify("zoe", addresses={"email": "ann@example.com"})
        start(engine, "ann", "bob", "zoe")
        assert [ends(engine, each)[-1][1] for each in ("ann", "bob", "zoe")] == ["denied", "sent", "denied"]


def test_another_address_of_the_kind_is_used_instead_of_a_suppressed_one():  # S1.1
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse("address_invalid"))], people=())
    engine.identify("ann", addresses={"email": ["one@example.com", "two@example.com"]})
    start(engine)
    start(engine)
    assert [each.to.key for each in engine.adapters["email"].sent] == ["two@example.com"]


def test_an_opt_out_that_the_provider_knows_of_is_recorded():  # S6.8, S7.1
    engine = engine_of(
        sending(channels=["email", "sms"]), channels=[MemoryChannel("email").will(refuse("recipient_opted_out")), "sms"]
    )
    start(engine)
    start(engine)
    pass_time(engine)
    with engine.store.reading() as reader:
        (line,) = reader.consents(reader.customers(["ann"])[0].no)
    assert (line.purpose, line.channel, line.granted) == ("*", "email", False)
    assert (engine.adapters["email"].attempts, handed(engine, "sms")) == (1, ["hello", "hello"])


def test_content_that_is_rejected_stops_the_message_for_everyone():  # S6.8
    engine = engine_of(sending(channels=["email", "sms"]), sending("other", when="other"), people=("ann", "bob"))
    engine.adapters["email"].will(refuse("content_rejected"))
    start(engine)
    assert ends(engine) == [("hello", "failed")]
    start(engine, "bob")
    engine.record("bob", "other")
    pass_time(engine)
    assert ends(engine, "bob") == [("hello", "denied"), ("other", "sent")]
    assert "stopped for everyone: content_rejected" in because(engine, "bob")


def test_a_stopped_message_goes_again_after_resume():  # S6.8
    engine = engine_of(sending(), people=("ann", "bob"))
    engine.adapters["email"].will(refuse("content_rejected"))
    start(engine)
    engine.resume(message="hello")
    start(engine, "bob")
    assert ends(engine, "bob") == [("hello", "sent")]


@pytest.mark.parametrize("code", ["sender_misconfigured", "budget_exhausted"])
def test_a_channel_of_our_own_making_is_paused_and_nobody_is_moved_to_a_dearer_one(code):  # S6.8
    engine = engine_of(
        sending(channels=["email", "sms"]), sending("text", when="text", channels=["sms"]), people=("ann", "bob")
    )
    engine.adapters["email"].will(refuse(code))
    start(engine)
    start(engine, "bob")
    pass_time(engine, days(1))
    engine.record("bob", "text")
    pass_time(engine)
    assert (engine.adapters["email"].attempts, handed(engine, "sms")) == (1, ["text"])
    assert f"the channel 'email' is paused: {code}" in because(engine, "bob")
    assert ends(engine) == [("hello", "waiting")]


def test_a_paused_channel_goes_on_after_resume_and_what_waited_is_asked_at_once():  # S6.8
    engine = engine_of(sending(), people=("ann", "bob"))
    engine.adapters["email"].will(refuse("sender_misconfigured"))
    start(engine)
    start(engine, "bob")
    pass_time(engine, hours(1))
    engine.resume(channel="email")
    engine.run_pending()
    assert (ends(engine), ends(engine, "bob")) == ([("hello", "sent")], [("hello", "sent")])


def test_a_pause_is_kept_through_a_restart(tmp_path):  # S11.1
    url = f"sqlite:///{tmp_path}/t.db"
    with engine_of(
        sending(), store=url, channels=[MemoryChannel("email").will(refuse("sender_misconfigured"))]
    ) as engine:
        start(engine)
    with engine_of(sending(), store=url, people=("bob",)) as engine:
        start(engine, "bob")
        assert handed(engine) == []


def test_one_that_expired_at_the_provider_has_expired():  # S6.7
    engine = engine_of(
        sending(channels=["email", "sms"]), channels=[MemoryChannel("email").will(refuse("expired")), "sms"]
    )
    start(engine)
    pass_time(engine)
    assert (ends(engine), handed(engine, "sms")) == ([("hello", "expired")], [])


def test_every_failure_code_gives_the_message_an_end_or_another_try():  # S6.7
    for code in FailureCode:
        engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse(code))])
        start(engine)
        pass_time(engine, days(8))
        engine.resume(channel="email", message="hello")
        pass_time(engine)
        assert ends(engine)[0][1] in {"sent", "failed", "expired", "denied"}, code


def test_a_refused_message_gives_its_cap_slot_back():  # S6.6
    engine = engine_of(
        sending("a"), sending("b"), channels=[MemoryChannel("email").will(refuse("content_rejected"))], policy=ONE_A_DAY
    )
    start(engine)
    assert (ends(engine), handed(engine)) == ([("a", "failed"), ("b", "sent")], ["b"])


def test_a_cap_on_attempts_counts_refused_ones_too():  # S6.6
    policy = Policy(Cap(1, per=days(1), attempts=True))
    engine = engine_of(
        sending("a"), sending("b"), channels=[MemoryChannel("email").will(refuse("content_rejected"))], policy=policy
    )
    start(engine)
    assert ends(engine) == [("a", "failed"), ("b", "waiting")]


def test_what_preflight_finds_is_a_refusal_and_nothing_is_sent():  # S6.8
    class Picky(MemoryChannel):
        def preflight(self, message, to=None):  # noqa: ARG002 - part of the port
            from touchpoint.model.delivery import Failure

            return Preflight(problems=(Failure("address_incapable"),))

    engine = engine_of(sending(channels=["sms", "email"]), channels=[Picky("sms"), "email"])
    start(engine)
    pass_time(engine)
    assert (engine.adapters["sms"].attempts, handed(engine)) == (0, ["hello"])


def test_a_refusal_keeps_the_providers_own_code_and_not_its_words():  # S7.5
    engine = engine_of(
        sending(), channels=[MemoryChannel("email").will(refuse("unknown", provider_code="550", detail="marker"))]
    )
    start(engine)
    pass_time(engine)
    assert "unknown (550)" in because(engine)
    assert "marker" not in because(engine) + str(engine.why("ann", "hello"))


# --- uncertain --------------------------------------------------------------------------------------------------------


class Nonsense:
    """An answer that is none, and whose value must not be shown."""

    def __repr__(self):
        return "marker"


def raises(error):
    def act(_):
        raise error

    return act


UNCERTAIN = [
    lambda _: Ambiguous("timed out"), lambda _: None, lambda _: True, lambda _: "ok", lambda _: Nonsense(),
    lambda _: Accepted,
    raises(ConnectionError("marker")), raises(TimeoutError()), raises(AttributeError("marker")),
]  # fmt: skip


@pytest.mark.parametrize("act", UNCERTAIN)
def test_whatever_is_no_answer_is_uncertain_and_never_sent_again(act):  # S6.8
    channel = Scripted(act=act)
    engine = engine_of(sending(channels=["email", "sms"], expires=days(30)), channels=[channel, "sms"])
    start(engine)
    engine.identify("ann", traits={"x": 1})
    pass_time(engine, days(40))
    assert (len(channel.requests), handed(engine, "sms"), ends(engine)) == (1, [], [("hello", "unknown")])
    assert "marker" not in because(engine) + str(engine.why("ann", "hello"))


def test_an_uncertain_message_keeps_its_cap_slot():  # S6.6, S6.8
    engine = engine_of(sending("a"), sending("b"), channels=[forgetful().will(Ambiguous())], policy=ONE_A_DAY)
    start(engine)
    assert ends(engine) == [("a", "unknown"), ("b", "waiting")]
    pass_time(engine, days(1))
    assert ends(engine) == [("a", "unknown"), ("b", "sent")]


def test_one_adapter_that_raises_delays_nobody_else():  # S11.4
    engine = engine_of(sending(), people=("ann", "bob", "cid"), channels=[forgetful().will(OSError())])
    start(engine, "ann", "bob", "cid")
    statuses = sorted(ends(engine, each)[0][1] for each in ("ann", "bob", "cid"))
    assert statuses == ["sent", "sent", "unknown"]


@pytest.mark.parametrize("answer", [Ambiguous("timed out"), ConnectionError()])
def test_a_provider_that_remembers_keys_is_asked_again_with_the_same_key(answer):  # S6.8
    channel = Scripted(memory=hours(24))
    answers = iter([answer, Accepted()])

    def act(_):
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given

    channel.act = act
    engine = engine_of(sending(channels=["email", "sms"]), channels=[channel, "sms"])
    start(engine)
    assert ends(engine) == [("hello", "waiting")]
    pass_time(engine, hours(1))
    assert (len(channel.requests), len({each.key for each in channel.requests})) == (2, 1)
    assert (ends(engine), handed(engine, "sms")) == ([("hello", "sent")], [])


@pytest.mark.parametrize(("memory", "again"), [(minutes(2), True), (seconds(20), False)])
def test_an_uncertain_message_is_repeated_within_half_of_that_memory_only(memory, again):  # S6.8
    channel = Scripted(act=lambda _: Ambiguous(), memory=memory)
    engine = engine_of(sending(expires=days(30)), channels=[channel])
    start(engine)
    pass_time(engine, days(40))
    assert (len(channel.requests) > 1, ends(engine)) == (again, [("hello", "unknown")])


def test_half_of_the_memory_is_measured_as_elapsed_time_not_by_the_wall_clock():  # S6.8
    channel = Scripted(act=lambda _: Ambiguous(), memory=hours(2))
    engine = engine_of(sending(expires=days(30)), channels=[channel])
    start(engine)
    engine.clock.set(START + days(1))  # the wall clock is set forward: nothing has elapsed
    engine.run_pending()
    assert len(channel.requests) == 2
    engine.clock.advance(hours(2))
    engine.clock.set(START + days(1) + minutes(5))  # and back: two hours have elapsed all the same
    pass_time(engine, hours(1))
    assert (len(channel.requests), ends(engine)) == (2, [("hello", "unknown")])


def test_after_a_reboot_nobody_knows_how_much_time_has_elapsed():  # S6.8
    channel = Scripted(act=lambda _: Ambiguous(), memory=hours(24))
    engine = engine_of(sending(), channels=[channel])
    start(engine)
    engine.clock.timeline = lambda: "another boot"
    pass_time(engine, hours(1))
    assert (len(channel.requests), ends(engine)) == (1, [("hello", "unknown")])


def test_repeats_of_an_uncertain_message_are_bounded():  # S6.8
    channel = Scripted(act=lambda _: Ambiguous(), memory=timedelta.max)
    engine = engine_of(sending(expires=days(300)), channels=[channel])
    start(engine)
    pass_time(engine, days(10))
    assert (len(channel.requests), ends(engine)) == (12, [("hello", "unknown")])


def test_an_uncertain_message_that_is_then_refused_stays_unknown():  # S6.8: the first attempt may have arrived
    channel = Scripted(memory=hours(24))
    answers = iter([Ambiguous(), refuse("address_invalid")])
    channel.act = lambda _: next(answers)
    engine = engine_of(sending(channels=["email", "sms"]), channels=[channel, "sms"])
    start(engine)
    pass_time(engine, hours(1))
    assert (ends(engine), handed(engine, "sms")) == ([("hello", "unknown")], [])


def test_an_uncertain_message_that_may_not_go_any_more_ends_as_unknown():  # S6.7
    channel = Scripted(act=lambda _: Ambiguous(), memory=hours(24))
    engine = engine_of(sending(), channels=[channel])
    start(engine)
    engine.withdraw("ann")
    pass_time(engine, hours(1))
    assert (len(channel.requests), ends(engine)) == (1, [("hello", "unknown")])


def test_the_run_goes_on_after_every_end():  # S5.1, S6.7
    found = {}
    for answer in (Accepted(), refuse("content_rejected"), refuse("expired"), Ambiguous()):
        rule = Rule(
            "r",
            when="start",
            then=[Send(message(), otherwise=[Emit("other")]), Emit("mark", {"how": outcome("hello")})],
        )
        engine = engine_of(rule, channels=[forgetful().will(answer)])
        start(engine)
        (mark,) = [each for each in engine.customer("ann").timeline() if each.type == "mark"]
        found[mark.properties["how"]] = len(marks(engine, type="other"))
    assert found == {"sent": 0, "failed": 1, "expired": 1, "unknown": 1}


# --- gifts ------------------------------------------------------------------------------------------------------------


def giving(*channels, budget=10):
    gift = Gift(
        "voucher",
        why="thanks",
        channels=["email"],
        content=Content(text="For you"),
        worth=5,
        currency="EUR",
        budget=budget,
    )
    engine = engine_of(
        Rule("r", when="start", then=[Give(gift)]), channels=channels or ["email"], people=("ann", "bob", "cid")
    )
    for each in ("ann", "bob", "cid"):
        engine.grant(each, "gift")
    return engine


def test_gifts_end_with_their_budget():  # S6.5
    engine = giving()
    start(engine, "ann", "bob", "cid")
    assert sorted(ends(engine, each)[0][1] for each in ("ann", "bob", "cid")) == ["denied", "sent", "sent"]


def test_a_refused_gift_costs_nothing_and_an_uncertain_one_does():  # S6.8
    engine = giving(forgetful().will(refuse("address_incapable"), Ambiguous()))
    for each in ("ann", "bob", "cid"):
        start(engine, each)
    with engine.store.reading() as reader:
        assert reader.spent(["voucher"]) == {"voucher": 10}
    assert [ends(engine, each)[0][1] for each in ("ann", "bob", "cid")] == ["failed", "unknown", "sent"]


# --- names and records ------------------------------------------------------------------------------------------------


def test_resume_takes_names_that_exist():  # HOUSE 11
    engine = engine_of(sending())
    with pytest.raises(UnknownName, match="channel 'emial'; did you mean 'email'"):
        engine.resume(channel="emial")
    with pytest.raises(UnknownName, match="message 'helo'; did you mean 'hello'"):
        engine.resume(message="helo")
    with pytest.raises(InvalidInput, match="channel= or message="):
        engine.resume()


def test_what_is_paused_or_stopped_may_be_resumed_though_nobody_uses_it_any_more(tmp_path):
    url = f"sqlite:///{tmp_path}/t.db"
    with engine_of(sending(), store=url, channels=[MemoryChannel("email").will(refuse("content_rejected"))]) as engine:
        start(engine)
    with engine_of(store=url, channels=[]) as engine:
        engine.resume(message="hello")
        with engine.store.reading() as reader:
            assert reader.controls() == []


def test_the_history_of_hand_overs_tells_how_each_ended():  # S6.6
    engine = engine_of(
        sending("a"), sending("b"), policy=Policy(Cap(9, per=days(1))), channels=[forgetful().will(Ambiguous())]
    )
    start(engine)
    assert [(each.message, each.state) for each in state_of(engine).history] == [("a", "ambiguous"), ("b", "accepted")]


def test_every_outcome_is_in_the_journal():  # S11.5: equal journals, equal decisions
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(refuse("provider_unavailable"))])
    start(engine)
    pass_time(engine, hours(1))
    with engine.store.reading() as reader:
        entries = [each.type for each in reader.journal(reader.customers(["ann"])[0].no) if each.kind == "outcome"]
    assert entries == ["Accepted", "Refused"]


def test_a_branch_after_a_message_sees_how_it_ended_in_this_run_only():  # S4.6
    rule = Rule("r", when="start", then=[Send(message()), Branch(outcome("hello") == "sent", then=[Emit("mark")])])
    engine = engine_of(rule, channels=[MemoryChannel("email").will(refuse("unknown"))])
    start(engine)
    start(engine)
    pass_time(engine)
    assert len(marks(engine)) == 1


def test_a_message_of_another_journey_counts_in_the_house_cap():  # S6.4
    one, two = (journey(Rule("r", when="start", then=[Send(message(name))]), name=name) for name in ("one", "two"))
    engine = engine_of(journeys=[one, two], policy=ONE_A_DAY)
    start(engine)
    assert ends(engine) == [("one", "sent"), ("two", "waiting")]


def test_a_deferral_is_in_the_trace_with_its_check_and_instant():  # S10
    engine = engine_of(sending("one"), sending("two"), policy=ONE_A_DAY)
    start(engine)
    (deferred,) = [line for line in trace(engine) if line[0] == "deferred"]
    assert deferred[1:4] == ["two", "cap", "email"]


def test_content_of_a_channel_and_locale_is_preferred():  # S6.1
    content = {"*": Content(text="any"), "de": Content(text="deutsch"), "email/de-AT": Content(text="servus")}
    engine = engine_of(Rule("r", when="start", then=[Send(Message("m", why="w", channels=["email"], content=content))]))
    for locale in ("en", "de", "de-AT"):
        engine.identify("ann", locale=locale)
        start(engine)
    assert [each.message.text for each in engine.adapters["email"].sent] == ["any", "deutsch", "servus"]


def test_a_new_address_that_is_given_while_a_message_waits_is_used():  # S6.5: asked at release
    engine = engine_of(sending())
    engine.record("ann", "start")
    engine.identify("ann", addresses={"email": "new@example.com"})
    engine.run_pending()
    assert [each.to.key for each in engine.adapters["email"].sent] == ["new@example.com"]
