"""Triggers and conditions by what became of a message (S4.1, S4.6, S6.7, S6.9)."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import MARK, Scripted, at, ends, engine_of, journey, marks, message, pass_time, started, trace
from touchpoint import (
    Branch,
    Clicked,
    Delivered,
    Denied,
    Emit,
    Ended,
    Engine,
    Failed,
    Goal,
    Journey,
    JourneyError,
    Opened,
    Replied,
    Rule,
    Send,
    Sent,
    SetTrait,
    Stage,
    Wait,
    WaitFor,
    WaitUntil,
    clicked,
    days,
    delivered,
    denied,
    event,
    ever,
    failed,
    forever,
    hours,
    minutes,
    opened,
    outcome,
    replied,
    sent,
    times,
    trigger,
)
from touchpoint.channels import Accepted, Ambiguous, FailureCode, Refused
from touchpoint.channels.inbound import Clicked as Click
from touchpoint.channels.inbound import Complained, Receipt
from touchpoint.channels.inbound import Replied as Reply
from touchpoint.errors import InvalidInput
from touchpoint.journey.codec import dumps, loads

OFFER = message("offer")
PROMO = message("promo", kind="marketing")


def offering(*then, **parts):
    """A rule that sends the offer, then goes on with `then`."""
    return Rule("offering", when=parts.pop("when", "start"), then=[Send(OFFER), *then], **parts)


def offered(engine, name="ann"):
    """Have the offer sent; its key."""
    engine.record(name, "start")
    pass_time(engine)
    return next(each.key for each in reversed(engine.customer(name).messages) if each.name == "offer")


def told(engine, name="ann"):
    """Properties of the marks."""
    return [each.properties for each in engine.customer(name).timeline() if each.type == "mark"]


def tell(engine, *events):
    for each in events:
        engine.clock.advance(minutes(1))
        engine.apply(each)
        pass_time(engine)


# --- ends of messages -------------------------------------------------------------------------------------------------


SAW = Emit("mark", {"message": event.message, "status": event.status, "channel": event.channel})


def test_a_rule_starts_when_a_message_is_sent():  # S4.1, S6.7
    with engine_of(offering(), Rule("r", when=Sent("offer"), then=[SAW])) as made:
        offered(made)
        assert told(made) == [{"message": "offer", "status": "sent", "channel": "email"}]


@pytest.mark.parametrize(
    ("act", "end", "triggers"),
    [
        (lambda _: Accepted(), "sent", [Sent(OFFER)]),
        (lambda _: Refused(FailureCode.CONTENT_REJECTED), "failed", [Failed(OFFER)]),
        (lambda _: Ambiguous("who knows"), "unknown", []),
    ],
)
def test_each_end_has_its_trigger(act, end, triggers):  # S6.7
    every = [Sent("offer"), Failed("offer"), Denied("offer")]
    rules = [started(each, name=str(each)) for each in [*every, Ended("offer"), Ended("offer", as_=end)]]
    with engine_of(offering(), *rules, channels=[Scripted(act=act)]) as made:
        offered(made)
        assert ends(made) == [("offer", end)]
        runs = {each.rule for each in made.customer("ann").runs} - {"offering"}
        assert runs == {*map(str, triggers), "offer ended", f"offer ended as {end}"}


def test_a_message_that_is_denied_starts_a_rule():  # S6.7
    rules = [Rule("p", when="start", then=[Send(PROMO)]), started(Denied("promo"))]
    with engine_of(*rules) as made:
        made.record("ann", "start")
        pass_time(made)
        assert len(marks(made)) == 1


def test_a_message_that_is_withdrawn_with_its_run_starts_a_rule():  # S5.3
    rules = [offering(exit=["bye"]), started(Ended("offer", as_="withdrawn"))]
    with engine_of(*rules) as made:
        made.record("ann", "start")
        made.record("ann", "bye")
        assert len(marks(made)) == 1


def test_an_exit_by_an_end_acts_before_the_run_goes_on():  # S5.3
    rule = Rule("r", when="start", then=[Send(PROMO, otherwise=[MARK])], exit=[Denied("promo")])
    with engine_of(rule) as made:
        made.record("ann", "start")
        pass_time(made)
        assert marks(made) == []
        assert [each.reason for each in made.customer("ann").runs] == ["exit"]


def test_a_goal_by_an_end_is_reached_before_the_run_goes_on():  # S5.3
    with engine_of(offering(MARK, goal=Goal(Sent("offer")))) as made:
        offered(made)
        assert marks(made) == []
        assert [each.reason for each in made.customer("ann").runs] == ["goal"]


def test_a_wait_after_a_message_finds_how_it_ended():  # S5.2
    with engine_of(offering(WaitFor(Sent("offer"), hours(1), then=[MARK]))) as made:
        offered(made)
        assert len(marks(made)) == 1


def test_a_message_that_comes_back_has_failed_but_does_not_end_once_more():  # S5.2, S6.7
    rule = offering(WaitFor(Ended("offer"), forever), WaitFor(Ended("offer"), hours(1), then=[MARK]))
    with engine_of(rule) as made:
        tell(made, Receipt(offered(made), "bounced"))
        assert marks(made) == []
        pass_time(made, hours(1))
        assert [each.reason for each in made.customer("ann").runs] == ["done"]
        assert marks(made) == []


def test_a_wait_for_the_failure_of_its_own_message_hears_what_comes_back():  # S6.9
    with engine_of(offering(WaitFor(Failed("offer"), forever), MARK)) as made:
        tell(made, Receipt(offered(made), "bounced"))
        assert len(marks(made)) == 1


def test_a_wait_for_the_failure_of_its_own_message_hears_that_no_channel_took_it():  # S5.2, S6.7
    rule = Rule("r", when="start", then=[Send(OFFER, otherwise=[WaitFor(Failed("offer"), forever), MARK])])
    with engine_of(rule, channels=[Scripted(act=lambda _: Refused(FailureCode.CONTENT_REJECTED))]) as made:
        offered(made)
        assert len(marks(made)) == 1


def test_an_end_moves_a_stage():  # S3.2
    stage = Stage("written to", phase="attract", when=Sent("offer"))
    with engine_of(offering(), parts={"stages": [stage]}) as made:
        offered(made)
        assert made.customer("ann").stage("one") == "written to"


def test_an_end_is_about_what_its_run_is_about():  # S4.4
    keyed = offering(key="order")
    after = Rule("after", when=Sent("offer"), then=[Emit("mark", {"order": event.order})], key="order")
    with engine_of(keyed, after) as made:
        made.record("ann", "start", {"order": 7})
        pass_time(made)
        assert told(made) == [{"order": 7}]
        assert [each.key for each in made.customer("ann").runs] == ["7", "7"]


def test_a_call_of_a_function_is_no_message():
    from touchpoint import Call

    rules = [Rule("c", when="start", then=[Call("offer")]), offering(when="other"), started(Ended("offer"))]
    with engine_of(*rules, functions={"offer": lambda _: None}) as made:
        made.record("ann", "start")
        pass_time(made)
        assert marks(made) == []


# --- what came back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event_of", "trigger_"),
    [
        (lambda key: Receipt(key, "delivered"), Delivered("offer")),
        (lambda key: Receipt(key, "opened"), Opened("offer")),
        (lambda key: Click(key, "https://x.example"), Clicked("offer")),
        (lambda key: Reply("ann", "email", "yes", about=key), Replied("offer")),
        (lambda key: Receipt(key, "bounced"), Failed("offer")),
        (lambda key: Receipt(key, "failed"), Failed("offer")),
    ],
)
def test_what_comes_back_starts_the_rule_that_waits_for_it(event_of, trigger_):  # S6.9
    every = [Delivered("offer"), Opened("offer"), Clicked("offer"), Replied("offer"), Failed("offer")]
    with engine_of(offering(), *(started(each, name=str(each)) for each in every)) as made:
        key = offered(made)
        tell(made, event_of(key))
        assert {each.rule for each in made.customer("ann").runs} == {"offering", str(trigger_)}


def test_a_rule_sees_the_touchpoint_that_came_back():  # S6.9
    rule = Rule("r", when=Clicked("offer"), then=[Emit("mark", {"link": event.link})])
    with engine_of(offering(), rule) as made:
        tell(made, Click(offered(made), "https://x.example"))
        assert told(made) == [{"link": "https://x.example"}]


def test_another_message_of_the_customer_is_not_meant():
    other = Rule("other", when="other", then=[Send(message("other"))])
    with engine_of(offering(), other, started(Opened("offer"))) as made:
        made.record("ann", "other")
        pass_time(made)
        tell(made, Receipt(made.customer("ann").messages[0].key, "opened"))
        assert marks(made) == []


def test_a_wait_is_for_the_message_of_its_own_run():  # S4.6, S5.2
    rule = offering(WaitFor(Opened("offer"), forever), MARK, concurrency="parallel")
    with engine_of(rule) as made:
        first = offered(made)
        second = offered(made)
        tell(made, Receipt(second, "opened"))
        assert [each.reason for each in made.customer("ann").runs] == [None, "done"]
        tell(made, Receipt(first, "opened"))
        assert [each.reason for each in made.customer("ann").runs] == ["done", "done"]


def test_a_wait_may_be_for_the_message_of_any_run():  # S4.6
    waiting = Rule("w", when="wait", then=[WaitFor(Opened("offer", any_run=True), forever), MARK])
    with engine_of(offering(), waiting) as made:
        made.record("ann", "wait")
        tell(made, Receipt(offered(made), "opened"))
        assert len(marks(made)) == 1


def test_a_goal_is_watched_after_the_run_is_over():  # S5.3
    with engine_of(offering(goal=Goal(Clicked("offer"), within=days(3)), concurrency="parallel")) as made:
        first, second = offered(made), offered(made)
        tell(made, Click(second), Click(second), Click(first))
        goals = [line for line in trace(made) if line[0] == "goal"]
        assert len(goals) == 2


def test_a_goal_of_a_run_that_is_over_asks_what_came_back():  # S5.3
    goal = Goal("paid", within=days(3), given=clicked("offer"))
    with engine_of(offering(goal=goal)) as made:
        key = offered(made)
        made.record("ann", "paid")
        tell(made, Click(key))
        made.record("ann", "paid")
        assert sum(line[0] == "goal" for line in trace(made)) == 1


def test_what_came_back_before_the_wait_began_is_not_lost():  # S5.2
    rule = offering(Wait(hours(1)), WaitFor(Opened("offer"), hours(1), then=[MARK]))
    with engine_of(rule) as made:
        tell(made, Receipt(offered(made), "opened"))
        pass_time(made, hours(1))
        assert len(marks(made)) == 1


@pytest.mark.parametrize("proof", ["delivered", "opened", "clicked", "replied", "complained"])
def test_for_a_run_whatever_proves_delivery_is_delivery(proof):  # S6.9
    events = {
        "delivered": lambda key: Receipt(key, "delivered"), "opened": lambda key: Receipt(key, "opened"),
        "clicked": Click, "replied": lambda key: Reply("ann", "email", "hi", about=key), "complained": Complained,
    }  # fmt: skip
    with engine_of(offering(WaitFor(Delivered("offer"), forever), MARK)) as made:
        tell(made, events[proof](offered(made)))
        assert len(marks(made)) == 1


def test_late_receipts_start_nothing_and_are_seen_by_live_runs():  # S1.5
    rules = [offering(WaitFor(Opened("offer"), forever), MARK), started(Opened("offer"), name="other")]
    with engine_of(*rules) as made:
        key = offered(made)
        opened_at = made.clock.now() + hours(1)
        made.clock.advance(days(9))
        made.apply(Receipt(key, "opened", at=opened_at))
        assert [each.rule for each in made.customer("ann").runs if each.reason == "done"] == ["offering"]
        assert len(made.customer("ann").runs) == 1


# --- machines ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event_of", [lambda key: Receipt(key, "opened", machine=True), lambda k: Click(k, machine=True)]
)
def test_what_a_machine_does_is_neither_an_open_nor_a_click(event_of):  # S6.9
    rules = [started(each, name=str(each)) for each in (Opened("offer"), Clicked("offer"))]
    with engine_of(offering(WaitFor([Opened("offer"), Clicked("offer")], forever), MARK), *rules) as made:
        key = offered(made)
        tell(made, event_of(key))
        assert marks(made) == []
        assert next(each.delivery for each in made.customer("ann").messages) == "delivered"


def test_what_a_machine_does_proves_delivery():  # S6.9
    with engine_of(offering(WaitFor(Delivered("offer"), forever), MARK)) as made:
        tell(made, Receipt(offered(made), "opened", machine=True))
        assert len(marks(made)) == 1


def test_a_machine_breaks_no_silence():  # S4.1
    from touchpoint import Silent

    with engine_of(offering(), started(Silent(hours(2)), name="silent")) as made:
        key = offered(made)
        made.clock.advance(hours(1))
        made.apply(Click(key, machine=True))
        pass_time(made, hours(1))
        assert len(marks(made)) == 1


@pytest.mark.parametrize(
    "event_of", [lambda k: Receipt(k, "delivered", machine=True), lambda k: Click(k, machine="yes")]
)
def test_only_opens_and_clicks_are_by_machines(event_of):
    with engine_of(offering()) as made, pytest.raises(InvalidInput, match="machine"):
        made.apply(event_of(offered(made)))


# --- replies that name no message -------------------------------------------------------------------------------------


def replying(*more):
    return [offering(), Rule("other", when="other", then=[Send(message("other"))]), started(Replied("offer")), *more]


def test_a_reply_that_names_no_message_answers_the_last_one_on_its_channel():  # S6.9
    with engine_of(*replying()) as made:
        key = offered(made)
        tell(made, Reply("ann", "email", "yes please"))
        assert len(marks(made)) == 1
        (reply,) = [each for each in made.customer("ann").timeline() if each.type == "replied"]
        assert (reply.about, reply.properties["message"], reply.properties["inferred"]) == (key, "offer", True)


def test_a_reply_answers_no_message_on_another_channel_and_none_that_came_later():  # S6.9
    with engine_of(*replying()) as made:
        before = made.clock.now()
        made.clock.advance(hours(1))
        offered(made)
        tell(made, Reply("ann", "sms", "yes"), Reply("ann", "email", "yes", at=before))
        assert marks(made) == []


def test_a_reply_answers_the_last_message_and_not_the_one_before():  # S6.9
    with engine_of(*replying()) as made:
        offered(made)
        made.clock.advance(hours(1))
        made.record("ann", "other")
        pass_time(made)
        tell(made, Reply("ann", "email", "yes"))
        assert marks(made) == []


def test_a_reply_answers_nothing_that_was_sent_more_than_thirty_days_ago():  # S6.9
    with engine_of(*replying()) as made:
        offered(made)
        made.clock.advance(days(30))
        made.apply(Reply("ann", "email", "yes"))
        assert marks(made) == []


def test_the_same_reply_again_is_a_duplicate_although_more_was_sent_since():  # S1.3
    with engine_of(*replying()) as made:
        offered(made)
        tell(made, Reply("ann", "email", "yes", id="r1"))
        made.record("ann", "other")
        pass_time(made)
        again = made.apply(Reply("ann", "email", "yes", id="r1"))
        assert (again.duplicate, again.differs) == (True, False)


def test_of_several_who_share_an_address_the_one_answers_who_was_written_to_last():  # S6.9
    with engine_of(*replying(), people=()) as made:
        for name in ("ann", "bob"):
            made.identify(name, addresses={"email": "both@example.com"})
            offered(made, name)
            made.clock.advance(hours(1))
        made.apply(Reply(None, "email", "yes", address="both@example.com"))
        assert [len(marks(made, name)) for name in ("ann", "bob")] == [0, 1]


def test_where_nobody_waits_for_answers_a_reply_is_told_as_it_came():
    with engine_of(offering()) as made:
        offered(made)
        tell(made, Reply("ann", "email", "yes"))
        (reply,) = [each for each in made.customer("ann").timeline() if each.type == "replied"]
        assert reply.properties == {"text": "yes"}


# --- conditions -------------------------------------------------------------------------------------------------------

ALL = {"delivered": delivered, "opened": opened, "clicked": clicked, "replied": replied, "failed": failed}


def asked(name, *said):
    """What is true of an offer of which these things were told, in this order."""
    arms = [Branch(each("offer"), then=[Emit("mark", {"is": what})]) for what, each in ALL.items()]
    with engine_of(offering(WaitFor("ask", forever), *arms)) as made:
        key = offered(made)
        events = {
            "clicked": lambda: Click(key), "replied": lambda: Reply("ann", "email", "x", about=key),
            "complained": lambda: Complained(key), "by machine": lambda: Receipt(key, "opened", machine=True),
        }  # fmt: skip
        tell(made, *(events.get(each, lambda state=each: Receipt(key, state))() for each in said))
        made.record("ann", "ask")
        return [each["is"] for each in told(made)]


@pytest.mark.parametrize(
    ("said", "true"),
    [
        ((), []),
        (("delivered",), ["delivered"]),
        (("opened",), ["delivered", "opened"]),
        (("clicked",), ["delivered", "opened", "clicked"]),
        (("replied",), ["delivered", "opened", "replied"]),
        (("complained",), ["delivered"]),
        (("by machine",), ["delivered"]),
        (("bounced",), ["failed"]),
        (("delivered", "bounced"), ["failed"]),
        (("opened", "bounced"), ["delivered", "opened"]),
        (("by machine", "opened"), ["delivered", "opened"]),
    ],
)
def test_what_is_true_of_a_message_does_not_depend_on_the_order_in_which_it_is_told(said, true):  # S6.9
    for order in permutations(said):
        assert asked("ann", *order) == true


def test_before_anything_is_told_nothing_is_and_nothing_is_unknown():  # S4.6
    rule = Rule("r", when="start", then=[Branch(~opened("offer"), then=[MARK]), Send(OFFER)])
    with engine_of(rule) as made:
        made.record("ann", "start")
        assert len(marks(made)) == 1


def test_conditions_speak_of_this_run_alone():  # S4.6
    rule = offering(WaitFor("ask", hours(9)), Branch(opened("offer"), then=[MARK]), concurrency="restart")
    with engine_of(rule) as made:
        tell(made, Receipt(offered(made), "opened"))
        offered(made)
        made.record("ann", "ask")
        assert marks(made) == []


def test_history_is_asked_for_explicitly():  # S4.6
    past = ever("opened", where=event.message == "offer")
    with engine_of(offering(), Rule("r", when="ask", given=past, then=[MARK])) as made:
        tell(made, Receipt(offered(made), "opened"))
        made.record("ann", "ask")
        assert len(marks(made)) == 1


def test_a_message_is_withdrawn_once_the_one_before_it_was_opened():  # S5.1
    reminder = Send(message("reminder"), still=~opened("offer"))
    with engine_of(offering(Wait(days(1)), reminder)) as made:
        tell(made, Receipt(offered(made), "opened"))
        pass_time(made, days(1))
        assert ends(made) == [("offer", "sent"), ("reminder", "withdrawn")]


def test_a_wait_until_and_an_exit_look_again_with_what_comes_back():  # S5.2, S5.3
    rules = [
        offering(WaitUntil(clicked("offer"), forever), MARK),
        Rule("x", when="start", then=[Send(message("other")), Wait(days(9))], exit=[clicked("other")]),
    ]
    with engine_of(*rules) as made:
        key = offered(made)
        other = next(each.key for each in made.customer("ann").messages if each.name == "other")
        tell(made, Click(key), Click(other))
        assert sorted(each.reason for each in made.customer("ann").runs) == ["done", "exit"]
        assert len(marks(made)) == 1


def test_a_failed_message_is_failed_and_a_denied_one_denied():  # S6.7
    steps = [Branch(failed("offer"), then=[Emit("mark", {"is": "failed"})]), Send(PROMO)]
    steps += [Branch(denied("promo"), then=[Emit("mark", {"is": "denied"})])]
    with engine_of(offering(*steps), channels=[Scripted(act=lambda _: Refused(FailureCode.CONTENT_REJECTED))]) as made:
        offered(made)
        assert told(made) == [{"is": "failed"}, {"is": "denied"}]


def test_what_came_back_is_known_after_a_restart_and_a_merge(tmp_path):  # S1.6, S11.1
    rule = offering(WaitFor("ask", forever), Branch(opened("offer"), then=[MARK]))
    store = f"sqlite:///{tmp_path / 'store.db'}"
    with engine_of(rule, store=store, people=("old",)) as made:
        made.record("old", "start")
        pass_time(made)
        key, clock = made.customer("old").messages[0].key, made.clock
        made.apply(Receipt(key, "opened"))
    with engine_of(rule, store=store, clock=clock, people=("ann",)) as made:
        made.merge("old", "ann")
        made.record("ann", "ask")
        assert len(marks(made)) == 1


def test_after_a_merge_a_run_still_knows_its_own_messages():  # S1.6
    with engine_of(offering(WaitFor(Opened("offer"), forever), MARK), people=("old", "ann")) as made:
        key = offered(made, "old")
        made.merge("old", "ann")
        tell(made, Receipt(key, "opened"))
        assert len(marks(made)) == 1


def test_why_shows_what_was_asked_of_a_message():  # S10
    rule = Rule("r", when="start", then=[Send(OFFER), Branch(opened("offer"), then=[])])
    with engine_of(rule) as made:
        offered(made)
        assert [line[5] for line in trace(made) if line[0] == "branch"] == ['opened("offer") → False: false']


# --- circles ----------------------------------------------------------------------------------------------------------


def test_a_rule_that_answers_a_denial_by_the_same_message_comes_to_rest():  # S4.3
    again = Rule("again", when=["start", Denied("promo")], then=[Send(PROMO)], concurrency="parallel")
    with engine_of(again) as made:
        made.record("ann", "start")
        pass_time(made)
        assert len(ends(made)) == 101
        refusals = [line for line in trace(made) if line[0] == "refused"]
        assert [line[3] for line in refusals] == ["circle"]


def test_a_circle_through_what_a_step_raises_comes_to_rest_too():  # S4.3
    rules = [
        Rule("send", when=["start", "once_more"], then=[Send(PROMO)], concurrency="parallel"),
        Rule("again", when=Denied("promo"), then=[Emit("once_more")], concurrency="parallel"),
    ]
    with engine_of(*rules) as made:
        made.record("ann", "start")
        pass_time(made)
        assert 50 <= len(ends(made)) <= 101


def test_a_series_that_takes_its_time_goes_on():  # S4.3
    drip = Rule("drip", when=["start", Sent("offer")], then=[Wait(hours(1)), Send(OFFER)], concurrency="parallel")
    with engine_of(drip) as made:
        made.record("ann", "start")
        pass_time(made, hours(150))
        assert len(ends(made)) == 150


def test_what_is_defective_after_a_message_is_parked_and_the_message_keeps_its_end():  # S4.3
    loop = Rule(
        "loop", when=[Sent("offer"), "x"], then=[SetTrait("n", trigger.at), Emit("x")], concurrency="parallel"
    )  # fmt: skip
    with engine_of(offering(MARK), loop) as made:
        offered(made)
        assert ends(made) == [("offer", "sent")]
        assert [line[:3] for line in trace(made) if line[0] == "parked"] == [
            ["parked", "one", "offering"], ["parked", "ended", "offer|sent"]
        ]  # fmt: skip


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        {"then": [WaitFor(Opened("ofer"), forever)]},
        {"then": [], "exit": [Denied("offer")]},
        {"then": [], "goal": Goal(Clicked("offer"))},
    ],
)
def test_a_run_waits_only_for_messages_that_it_sends(parts):  # S4.6
    with pytest.raises(JourneyError, match="any_run=True"):
        journey(Rule("r", when="start", **parts))


def test_the_error_says_what_may_have_been_meant_and_where():
    with pytest.raises(JourneyError) as error:
        journey(offering(Branch(event.x == 1, then=[WaitFor([Sent("offer"), Opened("offr")], forever)])))
    (problem,) = error.value.problems
    assert problem.path == "$.rules[0].then[1].then[0].trigger[1]"
    assert "did you mean 'offer'" in problem.message


@pytest.mark.parametrize("condition", [opened("other"), clicked("other"), failed("other")])
def test_conditions_ask_about_messages_of_their_own_run(condition):  # S4.6
    with pytest.raises(JourneyError, match="no run sends"):
        journey(offering(Branch(condition)))


def test_a_message_that_no_journey_sends_is_refused_when_they_are_put_to_work():
    other = Journey("two", rules=[Rule("r", when=Opened("ofer"), then=[])])
    with pytest.raises(JourneyError, match="no journey sends the message 'ofer'; did you mean 'offer'"):
        Engine("sqlite://", journeys=[journey(offering()), other])


def test_a_journey_may_react_to_messages_of_another():
    other = Journey("two", rules=[started(Sent("offer"))])
    with engine_of(journeys=[journey(offering()), other]) as made:
        offered(made)
        assert len(marks(made)) == 1


@pytest.mark.parametrize("make", [lambda: Ended("offer", as_="lost"), lambda: Sent(7), lambda: opened(7)])
def test_what_is_no_message_or_no_end_is_refused(make):
    with pytest.raises(JourneyError):
        make()


EVERY = [
    *(each("offer") for each in (Sent, Denied, Failed, Delivered, Opened, Clicked, Replied, Ended)),
    Ended("offer", as_="expired"), Opened(OFFER, any_run=True),
]  # fmt: skip


def test_triggers_and_conditions_are_written_and_read_without_loss():  # HOUSE 2
    asks = [Branch(each("offer")) for each in (*ALL.values(), sent, denied)]
    one = journey(offering(*asks, WaitFor(EVERY, forever), when=["start", *EVERY], limit=times(3)))
    assert loads(dumps(one)) == one
    assert len({*map(str, EVERY)}) == len(EVERY)


@pytest.mark.parametrize("make", ALL.values())
def test_a_condition_reads_as_it_was_written(make):
    assert str(make("offer")) == f'{make.__name__}("offer")'
    assert make("offer").same_as(make(OFFER))
    assert not make("offer").same_as(outcome("offer"))


states = st.lists(st.sampled_from(["delivered", "bounced", "opened", "by machine", "clicked", "replied"]), max_size=5)


@given(states)
def test_a_message_is_never_both_delivered_and_failed(said):  # S6.9
    true = asked("ann", *said)
    assert not {"delivered", "failed"} <= {*true}


def test_at_one_instant_what_came_back_is_known_to_a_timer_of_that_instant():  # S2.5
    rule = offering(Wait(hours(1)), Branch(opened("offer"), then=[MARK]))
    with engine_of(rule) as made:
        key = offered(made)
        made.clock.until(at(2026, 3, 2, 10))
        made.apply(Receipt(key, "opened"))
        pass_time(made)
        assert len(marks(made)) == 1


def test_a_message_that_is_planned_anew_has_not_ended():  # S6.7
    from touchpoint import CaseType, Hold, Policy

    trouble = CaseType("trouble")
    again = message("offer", on_release="replan")
    rule = Rule("r", when="start", then=[Send(again), MARK], exit=[Ended("offer", as_="withdrawn")])
    parts = {"cases": [trouble], "policy": Policy(Hold(while_open=[trouble]))}
    with engine_of(rule, parts=parts) as made:
        made.open_case("ann", "trouble", ref="x")
        made.record("ann", "start")
        pass_time(made)
        made.close_case("ann", "trouble", ref="x")
        pass_time(made)
        assert ends(made) == [("offer", "withdrawn"), ("offer", "sent")]
        assert [each.reason for each in made.customer("ann").runs] == ["done"]
