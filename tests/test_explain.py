"""Why a customer did or did not get a message, and why a rule did or did not start."""

import pytest

from making import START, Scripted, engine_of, journey, pass_time, sending, state_of, trace
from touchpoint import (
    Cap,
    CaseType,
    Emit,
    Entered,
    Hold,
    Policy,
    QuietHours,
    Rule,
    Send,
    Silent,
    Stage,
    Wait,
    WaitFor,
    calendar_days,
    cool_down,
    count,
    customer,
    days,
    event,
    ever,
    hours,
    once,
    times,
)  # fmt: skip
from touchpoint.channels.memory import MemoryChannel
from touchpoint.model.delivery import Ambiguous, Refused

MARK = Emit("mark")
QUIET = Policy(QuietHours("08:00", "12:00", unknown_zone="deny"))


def why(engine, name="hello", who="ann"):
    return engine.why(who, name)


def started(engine, *types):
    for each in types or ("start",):
        engine.record("ann", each)
    pass_time(engine)
    return engine


# --- messages ---------------------------------------------------------------------------------------------------------


def test_a_sent_message_says_why_who_asked_for_it_and_when_it_went():  # S10
    engine = engine_of(sending(why="people like to be greeted"))
    engine.identify("ann", timezone="Europe/Berlin")
    answer = why(started(engine))
    assert (answer.subject, answer.verdict, answer.status, answer.checks) == ("message", "allow", "sent", ())
    local = "2026-03-{} 10:00:00 Europe/Berlin".format
    assert str(answer).splitlines() == [
        "message 'hello': sent",
        "  purpose: people like to be greeted",
        f"  rule one/send hello asked for it; due {local('02')}, best before {local('05')}",
        f"  sent by email at {local('02')}",
    ]


def test_a_denied_message_says_which_check_denied_it():  # S10
    answer = why(started(engine_of(sending(kind="marketing"))))
    assert (answer.verdict, answer.status) == ("deny", "denied")
    assert "(email): deny: consent: " in str(answer)


def test_a_denied_message_names_every_channel_that_was_asked():  # S6.5, S10
    engine = engine_of(sending(channels=["email", "sms"]), people=())
    answer = why(started(engine))
    assert all(f"({channel}): deny: address: no address for {channel}" in str(answer) for channel in ("email", "sms"))


def test_a_withdrawn_message_shows_the_values_its_condition_saw():  # S10
    rule = Rule("r", when="start", then=[Send(sending().then[0].message, still=count("order") == 0)])
    engine = engine_of(rule)
    answer = why(started(engine, "start", "order"))
    assert (answer.verdict, answer.status) == ("deny", "withdrawn")
    assert "withdrawn: its still= condition is false" in str(answer)


def test_a_message_of_a_run_that_ended_says_so():  # S10
    engine = engine_of(Rule("r", when="start", then=[Send(sending().then[0].message)], exit="stop"))
    answer = why(started(engine, "start", "stop"))
    assert "withdrawn: its run ended: exit" in str(answer)


def test_an_expired_message_says_what_held_it_and_that_its_time_was_over():  # S10
    engine = engine_of(sending(expires=hours(1)), policy=QUIET)
    engine.identify("ann", timezone="UTC")
    engine.record("ann", "start")
    pass_time(engine, days(1))
    answer = why(engine)
    assert answer.status == "expired"
    assert "defer: quiet hours" in str(answer)
    assert "expired at" in str(answer)


def test_a_message_that_waits_is_asked_again_with_every_check():  # S10: for now, without effects
    engine = engine_of(sending(), policy=Policy(QuietHours("08:00", "12:00", unknown_zone="deny"), Cap(3, per=days(1))))
    engine.identify("ann", timezone="UTC")
    answer = why(started(engine))
    assert (answer.verdict, answer.status) == ("defer", "waiting")
    asked = {each.check: each.answer for each in answer.checks}
    assert asked["quiet hours"] == "defer"
    assert {"wanted", "expiry", "address", "consent", "cap"} <= {
        name for name, given in asked.items() if given == "allow"
    }
    assert "eligible again at 2026-03-02 12:00:00 UTC" in str(answer)
    assert "email: address: allow: an active email address" in str(answer)


def test_what_a_message_would_be_answered_now_may_differ_from_what_was_recorded():  # S10
    engine = engine_of(sending(kind="marketing"), policy=QUIET)
    engine.identify("ann", timezone="UTC")
    engine.grant("ann", "marketing")
    started(engine)
    assert why(engine).verdict == "defer"
    engine.withdraw("ann", "marketing")
    answer = why(engine)
    assert (answer.status, answer.verdict) == ("waiting", "deny")
    assert "asked now: deny" in str(answer)


def test_asking_why_changes_nothing():  # S10
    engine = engine_of(sending(), policy=QUIET)
    engine.identify("ann", timezone="UTC")
    started(engine)
    before = (trace(engine), state_of(engine), engine.customer("ann"))
    why(engine)
    why(engine, "send hello")
    assert (trace(engine), state_of(engine), engine.customer("ann")) == before


def test_a_message_that_waits_for_an_event_names_it():  # S10
    case = CaseType("complaint")
    engine = engine_of(sending(), policy=Policy(Hold(while_open=case)), parts={"cases": [case]})
    engine.open_case("ann", "complaint", ref="x")
    assert "it waits for: case closed" in str(why(started(engine)))


def test_a_message_of_a_paused_channel_says_who_paused_it():  # S10
    engine = engine_of(sending(), channels=[MemoryChannel("email").will(Refused("sender_misconfigured"))])
    answer = str(why(started(engine)))
    assert "the channel 'email' is paused: sender_misconfigured" in answer
    assert "refused: provider: sender_misconfigured" in answer


def test_a_message_in_flight_says_so():  # S10
    engine = engine_of(sending())
    engine.record("ann", "start")
    walk = engine.delivery().walk(lambda unit, _: [unit.find("ann")])
    next(walk)
    next(walk)
    answer = why(engine)
    assert (answer.status, answer.lines[-1]) == ("in_flight", "it is being handed over")


def test_an_unknown_end_tells_that_nobody_knows():  # S10, S11.9
    engine = engine_of(sending(), channels=[Scripted(act=lambda _: Ambiguous("timed out"))])
    answer = str(why(started(engine)))
    assert "message 'hello': unknown" in answer
    assert "ambiguous: provider: timed out" in answer
    assert "nobody knows whether it went out" in answer


def test_the_latest_of_several_messages_answers_and_tells_of_the_earlier_ones():  # S10
    engine = engine_of(sending())
    started(engine)
    engine.withdraw("ann")
    answer = why(started(engine))
    assert (answer.status, answer.lines[-1]) == ("denied", "1 earlier: sent")


def test_a_message_that_no_run_has_come_to_says_what_would_send_it():  # S10: "no rule ever considered it because …"
    engine = engine_of(sending())
    engine.record("ann", "visit")
    answer = why(engine)
    assert (answer.verdict, answer.status) == ("deny", "never considered")
    nothing = "nothing that starts one/send hello has happened: it waits for start, and the timeline has visit"
    assert answer.lines == (
        "no run has come to it; it is sent by one/send hello",
        f"no rule ever considered it because {nothing}",
    )


def test_a_message_whose_rule_was_refused_says_why_the_rule_was():  # S10
    engine = engine_of(Rule("r", when="start", given=event.price > 50, then=sending().then))
    engine.record("ann", "start", {"price": 5})
    answer = why(engine)
    assert answer.status == "never asked for"
    assert "one/r: 2026-03-02 09:00:00 UTC: not started, its condition was not true" in str(answer)


def test_a_message_inside_an_arm_is_found():  # S10
    engine = engine_of(Rule("r", when="start", then=[WaitFor("x", timeout=days(1), otherwise=sending().then)]))
    assert "it is sent by one/r" in str(why(engine))


def test_a_message_hides_a_rule_of_its_name_only_where_there_is_one():  # S10
    engine = engine_of(sending("same", rule="same"))
    assert why(engine, "same").subject == "rule"
    started(engine)
    assert why(engine, "same").subject == "message"


# --- rules ------------------------------------------------------------------------------------------------------------


def test_a_condition_reads_like_its_source_with_its_values():  # S10
    given = (event.price > 50) & ~ever("complaint")
    engine = engine_of(Rule("r", when="start", given=given, then=[MARK]))
    engine.record("ann", "start", {"price": 5})
    answer = why(engine, "r")
    assert (answer.verdict, answer.status) == ("deny", "refused")
    assert "event.price" in str(answer)
    assert "5" in answer.lines[0].split("not true: ")[1]


def test_a_condition_names_what_was_missing():  # S4.6
    engine = engine_of(Rule("r", when="start", given=customer.tier == "gold", then=[MARK]))
    engine.record("ann", "start")
    assert "customer.tier" in str(why(engine, "r"))
    assert "missing" in str(why(engine, "r"))


@pytest.mark.parametrize(
    ("limit", "again"),
    [(cool_down(days(7)), "2026-03-09 09:00:00 UTC"), (times(2, per=days(10)), "2026-03-12 09:00:00 UTC")],
)
def test_a_limit_says_when_the_customer_is_eligible_again(limit, again):  # S10
    engine = engine_of(Rule("r", when="start", then=[MARK], limit=limit))
    for _ in range(limit.n):
        engine.record("ann", "start")
        pass_time(engine, hours(1))
    engine.record("ann", "start")
    answer = why(engine, "r")
    assert (answer.verdict, answer.status) == ("deny", "refused")
    assert "not started (limit): the limit of" in str(answer)
    assert answer.lines[-1] == f"eligible again at {again}"


@pytest.mark.parametrize("limit", [once(), times(1, per=calendar_days(1))])
def test_a_limit_without_an_instant_names_none(limit):  # S10
    engine = engine_of(Rule("r", when="start", then=[MARK], limit=limit))
    started(engine, "start", "start")
    assert "eligible" not in str(why(engine, "r"))


def test_a_live_run_says_since_when_where_and_until_when():  # S10
    engine = engine_of(Rule("r", when="start", then=[Wait(days(2)), MARK]))
    answer = why(started(engine), "r")
    assert (answer.verdict, answer.status) == ("allow", "live")
    assert answer.lines[-1] == "live since 2026-03-02 09:00:00 UTC, at wait until 2026-03-04 09:00:00 UTC"


def test_a_second_trigger_of_a_live_run_is_told():  # S4.4, S10
    engine = engine_of(Rule("r", when="start", key="order", then=[Wait(days(2))]))
    for _ in range(2):
        engine.record("ann", "start", {"order": "o1"})
    answer = why(engine, "r")
    assert answer.status == "live"
    assert "not started (live): a run is live already" in str(answer)


def test_a_run_that_ended_says_how():  # S10
    engine = engine_of(Rule("r", when="start", then=[Wait(days(2))], exit="stop"))
    answer = why(started(engine, "start", "stop"), "r")
    assert (answer.verdict, answer.status, answer.lines[-1]) == (
        "allow",
        "ended",
        "2026-03-02 09:00:00 UTC: ended: exit",
    )


def test_a_late_touchpoint_is_named_as_the_reason():  # S1.5, S10
    engine = engine_of(Rule("r", when="start", then=[MARK]))
    engine.record("ann", "start", at=START - days(30))
    answer = why(engine, "r")
    assert (answer.status, "came too late to start anything" in str(answer)) == ("refused", True)


@pytest.mark.parametrize(
    ("when", "awaited"),
    [("start", "start"), (["start", Silent(days(3))], "start or silent for 3 days"), (Entered("new"), "entered new")],
)
def test_a_rule_that_was_never_considered_says_what_it_waits_for(when, awaited):  # S10
    engine = engine_of(Rule("r", when=when, then=[MARK]), parts={"stages": [Stage("new", phase="attract", when="x")]})
    answer = why(engine, "r")
    assert (answer.verdict, answer.status) == ("deny", "never considered")
    assert f"it waits for {awaited}, and the timeline is empty" in str(answer)


def test_of_rules_with_one_name_the_one_that_was_considered_answers():  # S10
    engine = engine_of(journeys=[journey(Rule("r", when=each, then=[MARK]), name=each) for each in ("one", "two")])
    engine.record("ann", "two")
    assert why(engine, "r").status == "ended"


def test_branches_and_timers_of_a_run_are_told_in_order():  # S10
    from touchpoint import Branch

    engine = engine_of(Rule("r", when="start", then=[Branch(event.price > 50, otherwise=[Wait(days(1))])]))
    engine.record("ann", "start", {"price": 5})
    pass_time(engine, days(2))
    told = [line.split("UTC: ", 1)[1] for line in why(engine, "r").lines]
    assert [each.split(":")[0].split()[0] for each in told] == ["started", "branch", "timer", "ended"]
    assert "otherwise" in told[1]


def test_the_values_of_an_explanation_are_in_its_text_and_not_in_its_repr():  # S7.5
    engine = engine_of(Rule("r", when="start", given=event.name == "x", then=[MARK]))
    engine.record("ann", "start", {"name": "marker"})
    assert "marker" in str(why(engine, "r"))
    assert "marker" not in repr(why(engine, "r"))
