"""What goes wrong between the steps: lost workers, late answers, clocks that jump, downtime, defective journeys."""

import gc
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta

import pytest

from making import (
    START,
    Scripted,
    ends,
    engine_of,
    handed,
    marks,
    message,
    pass_time,
    reasons,
    sending,
    state_of,
    trace,
)
from touchpoint import (
    Branch,
    Cap,
    CaseOpened,
    CaseType,
    DefectiveJourney,
    Emit,
    Enrolled,
    Entered,
    Journey,
    Policy,
    Rule,
    Send,
    Silent,
    Stage,
    StoreBusy,
    StoreCorrupt,
    StoreTooNew,
    Touchpoint,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    days,
    event,
    hours,
    minutes,
    now,
    seconds,
)  # fmt: skip
from touchpoint.channels.memory import MemoryChannel
from touchpoint.core import delivery as core
from touchpoint.core.program import compile_program
from touchpoint.model.delivery import Accepted, Ambiguous, Refused

LEASE = timedelta(microseconds=core.LEASE)
ONE_A_DAY = Policy(Cap(1, per=days(1)))
TICK = timedelta(microseconds=1)


def killed(_):
    raise SystemExit


def crashed(engine):
    """Run until the adapter brings the worker down."""
    with pytest.raises(SystemExit):
        engine.run_pending()


class Stepped:
    """A worker that does one step of the protocol at a time."""

    def __init__(self, engine):
        self.walk = engine.delivery().walk(lambda unit, now: [unit.by_number(no) for _, no in unit.tx.due(now, 100)])
        self.command = None
        self.step()

    def step(self):
        self.command = next(self.walk, None)

    def until(self, kind):
        while not isinstance(self.command, kind):
            self.step()
        return self


# --- a worker that vanishes -------------------------------------------------------------------------------------------


def test_a_lost_message_is_not_touched_before_its_lease_is_over():  # S11.3
    channel = Scripted(act=killed, memory=days(1))
    engine = engine_of(sending(), channels=[channel])
    engine.record("ann", "start")
    crashed(engine)
    pass_time(engine, LEASE - TICK)
    assert (len(channel.requests), ends(engine)) == (1, [("hello", "in_flight")])
    assert minutes(2) >= LEASE


def test_a_lost_message_ends_as_unknown_where_the_provider_does_not_remember_keys():  # S11.3, S6.8
    channel = Scripted(act=killed)
    engine = engine_of(sending(channels=["email", "sms"]), channels=[channel, "sms"])
    engine.record("ann", "start")
    crashed(engine)
    pass_time(engine, days(10))
    assert (len(channel.requests), handed(engine, "sms"), ends(engine)) == (1, [], [("hello", "unknown")])


def test_a_lost_message_is_repeated_with_its_key_where_the_provider_remembers_it():  # S11.3, S11.9
    channel = Scripted(act=killed, memory=days(1))
    engine = engine_of(sending(), channels=[channel])
    engine.record("ann", "start")
    crashed(engine)
    channel.act = lambda _: Accepted()
    pass_time(engine, hours(1))
    first, second = channel.requests
    assert (first.key == second.key, ends(engine)) == (True, [("hello", "sent")])


def test_a_worker_that_is_dropped_after_the_release_loses_nothing():  # S11.3
    engine = engine_of(sending(), channels=["email"])
    engine.record("ann", "start")
    Stepped(engine).until(core.LastLook)
    gc.collect()
    assert ends(engine) == [("hello", "in_flight")]
    pass_time(engine, hours(1))
    assert (handed(engine), ends(engine)) == (["hello"], [("hello", "sent")])


def test_a_worker_that_is_dropped_after_the_call_never_doubles():  # S11.3, S6.8
    engine = engine_of(sending(), channels=[MemoryChannel("email").without_idempotency()])
    engine.record("ann", "start")
    Stepped(engine).until(core.SettleAll)
    pass_time(engine, days(10))
    assert (engine.adapters["email"].attempts, ends(engine)) == (1, [("hello", "unknown")])


def test_a_lost_message_keeps_its_cap_slot():  # S6.6
    engine = engine_of(sending("a"), sending("b"), channels=[Scripted(act=killed)], policy=ONE_A_DAY)
    engine.record("ann", "start")
    crashed(engine)
    engine.adapters["email"].act = lambda _: Accepted()
    pass_time(engine, days(1) - TICK)
    assert ends(engine) == [("a", "unknown"), ("b", "waiting")]


def test_the_answers_that_others_gave_are_kept_when_a_worker_is_stopped():  # S11.4
    def act(request):
        if request.to.key.startswith("bob"):
            raise KeyboardInterrupt
        return Accepted()

    engine = engine_of(sending(), channels=[Scripted(act=act)], people=("ann", "bob", "cid"))
    for each in ("ann", "bob", "cid"):
        engine.record(each, "start")
    with pytest.raises(KeyboardInterrupt):
        engine.run_pending()
    assert [ends(engine, each)[0][1] for each in ("ann", "bob", "cid")] == ["sent", "in_flight", "waiting"]


def test_a_call_whose_worker_vanished_is_made_again():  # S5: at least once
    from touchpoint import Call

    requests = []

    def function(request):
        requests.append(request)
        if len(requests) == 1:
            raise SystemExit

    engine = engine_of(Rule("r", when="start", then=[Call("crm"), Emit("mark")]), functions={"crm": function})
    engine.record("ann", "start")
    crashed(engine)
    pass_time(engine, hours(1))
    assert (len(requests), requests[0].key == requests[1].key, len(marks(engine))) == (2, True, 1)


def test_a_restart_in_the_middle_of_everything_goes_on_where_it_was(tmp_path):  # S11.1
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    rule = Rule(
        "r", when="start", then=[Wait(days(1)), Send(message()), WaitFor("reply", timeout=days(2)), Emit("mark")]
    )
    channels = [MemoryChannel("email").will(Refused("provider_unavailable"))]
    for step in range(40):
        with engine_of(rule, store=url, clock=clock, channels=channels, people=() if step else ("ann",)) as engine:
            if not step:
                engine.record("ann", "start")
            engine.run_pending()
            clock.advance(hours(3))
    with engine_of(rule, store=url, clock=clock, channels=channels, people=()) as engine:
        assert (handed(engine), reasons(engine), len(marks(engine))) == (["hello"], ["done"], 1)


# --- two workers ------------------------------------------------------------------------------------------------------


def test_two_workers_on_one_file_send_everything_once(tmp_path):  # S11.3
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    channel = Scripted()
    engines = [
        engine_of(sending(), store=url, clock=clock, channels=[channel], people=(), durability="fast") for _ in range(2)
    ]
    for n in range(40):
        engines[0].identify(f"c{n}", addresses={"email": f"c{n}@example.com"})
        engines[n % 2].record(f"c{n}", "start")
    threads = [threading.Thread(target=each.run_pending, kwargs={"group": 3}) for each in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(each.to.key for each in channel.requests) == sorted(f"c{n}@example.com" for n in range(40))
    assert {ends(engines[0], f"c{n}")[0][1] for n in range(40)} == {"sent"}


def test_a_message_that_one_worker_holds_is_not_taken_by_another():  # S11.3
    engine = engine_of(sending())
    engine.record("ann", "start")
    worker = Stepped(engine).until(core.Call)
    assert engine.run_pending() == 0
    while worker.command is not None:
        worker.step()
    assert (handed(engine), ends(engine)) == (["hello"], [("hello", "sent")])


# --- answers that come late -------------------------------------------------------------------------------------------


def test_a_late_acceptance_of_a_stale_owner_is_kept_as_proof():  # S11.3
    engine = engine_of(sending(expires=days(30)), channels=[Scripted(memory=days(1))])
    engine.record("ann", "start")
    stale = Stepped(engine).until(core.SettleAll)
    engine.adapters["email"].act = lambda _: Ambiguous()
    engine.clock.advance(LEASE)
    engine.run_pending()  # the message is taken over, and waits for another try
    assert ends(engine) == [("hello", "waiting")]
    stale.step()
    pass_time(engine, days(2))
    assert (len(engine.adapters["email"].requests), ends(engine)) == (1, [("hello", "sent")])


def test_a_late_acceptance_after_the_message_ended_is_in_the_journal():  # S11.3
    engine = engine_of(sending(), channels=[Scripted()])
    engine.record("ann", "start")
    stale = Stepped(engine).until(core.SettleAll)
    pass_time(engine, LEASE)
    assert ends(engine) == [("hello", "unknown")]
    stale.step()
    assert [line[0::2] for line in trace(engine) if line[0] == "late answer"] == [["late answer", "Accepted"]]


def test_a_late_refusal_of_a_stale_owner_writes_nothing():  # S11.3: fenced
    engine = engine_of(
        sending(expires=days(30)), channels=[Scripted(act=lambda _: Refused("address_invalid"), memory=days(1))]
    )
    engine.record("ann", "start")
    stale = Stepped(engine).until(core.SettleAll)
    engine.clock.advance(LEASE)
    engine.run_pending()
    before = state_of(engine).pending
    stale.step()
    assert (state_of(engine).pending, state_of(engine).profile.addresses[0].standing) == (before, "active")


def test_a_message_withdrawn_after_its_release_is_sent_and_counts():  # S6.8: the release is the instant of the question
    engine = engine_of(Rule("r", when="start", then=[Send(message())], exit="stop"))
    engine.record("ann", "start")
    worker = Stepped(engine).until(core.Call)
    engine.record("ann", "stop")
    while worker.command is not None:
        worker.step()
    assert (ends(engine), reasons(engine)) == ([("hello", "sent")], ["exit"])


# --- the last look ----------------------------------------------------------------------------------------------------


LOOKS = [
    (lambda engine: engine.clock.advance(seconds(20)), True),
    (lambda engine: engine.clock.advance(seconds(20) + TICK), False),
    (lambda engine: engine.clock.set(START + seconds(3)), False),
    (lambda engine: engine.clock.set(START - days(1)), False),
    (lambda engine: engine.clock.set(START + seconds(1)), True),
]


@pytest.mark.parametrize(("meanwhile", "goes"), LOOKS)
def test_nothing_is_handed_over_too_long_after_its_release_or_after_the_clock_was_set(meanwhile, goes):  # S6.8
    engine = engine_of(sending())
    engine.record("ann", "start")
    worker = Stepped(engine).until(core.LastLook)
    meanwhile(engine)
    worker.step()
    assert isinstance(worker.command, core.Call) is goes


def refused_at_the_last_look(engine):
    worker = Stepped(engine).until(core.LastLook)
    engine.clock.advance(seconds(21))
    worker.step()
    worker.step()
    assert worker.command is None


def test_a_message_refused_at_the_last_look_is_asked_again_and_its_slot_is_free():  # S6.8
    engine = engine_of(sending("a"), sending("b", when="later", priority=9), policy=ONE_A_DAY)
    engine.record("ann", "start")
    refused_at_the_last_look(engine)
    assert state_of(engine).history == ()
    engine.record("ann", "later")
    engine.run_pending()
    assert handed(engine) == ["b"]


def test_a_message_refused_at_the_last_look_has_used_up_no_attempt():  # S6.8
    engine = engine_of(sending())
    engine.record("ann", "start")
    refused_at_the_last_look(engine)
    engine.run_pending()
    assert [each.attempt for each in engine.adapters["email"].sent] == [1]


def test_an_uncertain_message_refused_at_the_last_look_keeps_its_slot():  # S6.6: it may have arrived
    engine = engine_of(sending("a", expires=days(5)), sending("b", when="later", priority=9), policy=ONE_A_DAY)
    engine.adapters["email"].will(Ambiguous())
    engine.record("ann", "start")
    engine.run_pending()
    engine.clock.advance(minutes(1))
    refused_at_the_last_look(engine)
    engine.record("ann", "later")
    engine.run_pending()
    assert ends(engine)[1] == ("b", "waiting")


def test_one_whose_lease_was_taken_over_is_not_handed_over():  # S11.3
    engine = engine_of(sending(), channels=[Scripted(memory=days(1))])
    engine.record("ann", "start")
    stale = Stepped(engine).until(core.LastLook)
    engine.clock.advance(LEASE)
    pass_time(engine, minutes(5))
    assert len(engine.adapters["email"].requests) == 1
    stale.step()
    assert isinstance(stale.command, core.SettleAll)
    stale.step()
    assert (len(engine.adapters["email"].requests), ends(engine)) == (1, [("hello", "sent")])


# --- clocks -----------------------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_back_fires_nothing_twice():  # S2.5
    engine = engine_of(
        Rule("r", when="start", then=[Wait(days(1)), Send(message()), Emit("mark")]), Rule("q", when=Silent(hours(30)))
    )
    engine.record("ann", "start")
    pass_time(engine, days(2))
    before = trace(engine)
    engine.clock.set(START - days(3))
    pass_time(engine, days(10))
    assert (trace(engine), handed(engine)) == (before, ["hello"])


def test_touchpoints_recorded_after_a_jump_back_are_never_before_the_customers_own_clock():  # decisions 1
    engine = engine_of(Rule("r", when="second", given=count("first", within=hours(1)) == 1, then=[Emit("mark")]))
    engine.record("ann", "first")
    engine.clock.set(START - days(1))
    engine.record("ann", "second")
    assert marks(engine) == [START]


def test_a_wait_that_began_before_a_jump_back_ends_at_its_instant():  # S2.5
    engine = engine_of(Rule("r", when="start", then=[Wait(hours(2)), Emit("mark")]))
    engine.record("ann", "start")
    engine.clock.set(START - hours(5))
    pass_time(engine, days(1))
    assert marks(engine) == [START + hours(2)]


def test_a_cap_is_not_outwitted_by_a_clock_that_jumps_back():  # S11.3
    engine = engine_of(sending(expires=days(5)), policy=ONE_A_DAY)
    engine.record("ann", "start")
    engine.run_pending()
    engine.clock.set(START - days(3))
    engine.record("ann", "start")
    engine.run_pending()
    assert ends(engine) == [("hello", "sent"), ("hello", "waiting")]


# --- time slept through -----------------------------------------------------------------------------------------------


def test_overdue_work_is_done_in_due_order_each_at_its_own_instant():  # S2.5
    rules = [Rule(f"r{n}", when="start", then=[Wait(days(n)), Emit("mark", {"n": n, "at": now})]) for n in (3, 1, 2)]
    engine = engine_of(*rules)
    engine.record("ann", "start")
    engine.clock.advance(days(30))
    engine.run_pending()
    told = [(each.properties["n"], each.properties["at"]) for each in engine.customer("ann").timeline()[1:]]
    assert told == [(n, START + days(n)) for n in (1, 2, 3)]


def test_resuming_does_not_flood_and_what_is_over_is_dropped_with_a_reason():  # S2.5, S6.7
    rules = [Rule(f"r{n}", when="start", then=[Wait(days(n)), Send(message(f"m{n}"))]) for n in range(1, 11)]
    engine = engine_of(*rules)
    engine.record("ann", "start")
    engine.clock.advance(days(10))
    engine.run_pending()
    assert sorted(handed(engine)) == ["m10", "m8", "m9"]  # a service message keeps for three days
    assert dict(ends(engine))["m7"] == "expired"
    assert all(each.because for each in engine.customer("ann").messages if each.status == "expired")


def test_time_slept_through_gives_the_same_as_time_lived_through():  # S4.2, S11.5
    rules = [
        Rule("r", when="start", then=[Wait(days(1)), Emit("ping"), Wait(days(1)), Emit("mark")]),
        Rule("q", when=Silent(hours(30)), then=[Emit("q")]),
    ]
    lived, slept = engine_of(*rules), engine_of(*rules)
    for engine in (lived, slept):
        engine.record("ann", "start", id="1")
    pass_time(lived, days(9))
    slept.clock.advance(days(9))
    for engine in (lived, slept):
        engine.record("ann", "start", id="2")
        pass_time(engine, days(9))
    assert trace(lived) == trace(slept)


# --- defective journeys -----------------------------------------------------------------------------------------------


LOOP = Rule("loop", when="ping", then=[Emit("ping")])
GOOD = Rule("good", when="start", then=[Send(message("good"))])


def parked(engine, customer="ann"):
    return [each[1:3] for each in state_of(engine, customer).parked]


def types(engine, customer="ann"):
    return [each.type for each in engine.customer(customer).timeline()]


def test_a_defective_journey_leaves_the_touchpoint_alone():  # S4.3
    engine = engine_of(LOOP, Rule("r", when="ping", then=[Send(message())]))
    recorded = engine.record("ann", "ping", id="p1")
    pass_time(engine, days(1))
    assert (recorded.duplicate, types(engine), parked(engine), handed(engine)) == (
        False,
        ["ping"],
        [["touchpoint", "ping"]],
        [],
    )
    assert engine.record("ann", "ping", id="p1").duplicate


def test_a_parked_touchpoint_counts_and_breaks_silences():  # S4.3
    quiet = Rule("quiet", when=Silent(days(2)), then=[Emit("mark")])
    engine = engine_of(LOOP, quiet, Rule("two", when="other", given=count("ping") == 1, then=[Emit("two")]))
    engine.record("ann", "start")
    pass_time(engine, days(1))
    engine.record("ann", "ping")
    engine.record("ann", "other", direction="outbound")
    pass_time(engine, days(9))
    assert (marks(engine, type="two"), marks(engine)) == ([START + days(1)], [START + days(3)])


def test_the_customer_goes_on_after_a_parked_touchpoint():  # S4.3
    engine = engine_of(LOOP, GOOD)
    engine.record("ann", "ping")
    engine.record("ann", "start")
    pass_time(engine)
    assert handed(engine) == ["good"]


def test_a_defect_in_a_batch_parks_one_touchpoint_and_the_others_are_recorded():  # S4.3, S11.4
    engine = engine_of(LOOP, GOOD, people=("ann", "bob"))
    given = [
        Touchpoint("ann", "start"),
        Touchpoint("ann", "ping"),
        Touchpoint("bob", "start"),
        Touchpoint("bob", "ping"),
    ]
    assert [each.duplicate for each in engine.record_many(given)] == [False] * 4
    pass_time(engine)
    assert (handed(engine), parked(engine), types(engine, "bob")) == (
        ["good", "good"],
        [["touchpoint", "ping"]],
        ["start", "ping", "message_sent"],
    )


def test_a_defect_in_a_timer_parks_the_run_and_others_go_on():  # S4.3, S11.4
    rule = Rule("r", when="start", then=[Wait(days(1)), Emit("ping"), Emit("mark")])
    fine = Rule("fine", when="start", then=[Wait(days(2)), Emit("fine")])
    engine = engine_of(rule, LOOP, GOOD, fine, people=("ann", "bob"))
    engine.record("ann", "start")
    engine.record("bob", "other")
    pass_time(engine, days(1))
    engine.record("bob", "start")
    pass_time(engine, days(5))
    assert (parked(engine), parked(engine, "bob")) == ([["run", "one/r"]], [["run", "one/r"]])
    assert (marks(engine), len(marks(engine, type="fine")), handed(engine)) == ([], 1, ["good", "good"])
    assert engine.next_due() is None


def test_a_parked_run_is_kept_and_why_tells_of_it():  # S4.3, S10
    engine = engine_of(Rule("r", when="start", then=[Wait(days(1)), Emit("ping")]), LOOP)
    engine.record("ann", "start")
    pass_time(engine, days(2))
    assert reasons(engine) == [None]
    assert "parked: a decision took more than 1000 steps" in str(engine.why("ann", "r"))


def test_a_defect_of_a_customers_own_timer_is_parked_once():  # S4.3
    engine = engine_of(Rule("quiet", when=Silent(days(1)), then=[Emit("ping")]), LOOP)
    engine.record("ann", "start")
    pass_time(engine, days(9))
    assert ([each[0] for each in parked(engine)], engine.next_due()) == (["silence"], None)


@pytest.mark.parametrize("answer", [Accepted("ref-1"), Refused("content_rejected"), Ambiguous()])
def test_a_defect_after_a_message_does_not_lose_what_became_of_it(answer):  # S4.3, S6.8
    rule = Rule("r", when="start", then=[Send(message(), otherwise=[Emit("ping")]), Emit("ping")])
    engine = engine_of(rule, LOOP, channels=[MemoryChannel("email").without_idempotency().will(answer)])
    engine.record("ann", "start")
    pass_time(engine, days(9))
    status = {Accepted: "sent", Refused: "failed", Ambiguous: "unknown"}[type(answer)]
    assert (ends(engine), engine.adapters["email"].attempts) == ([("hello", status)], 1)
    assert (parked(engine), reasons(engine)) == ([["run", "one/r"]], [None])


def test_a_defect_after_one_message_does_not_touch_those_of_others():  # S11.4
    rule = Rule("r", when="start", then=[Send(message()), Emit("ping", {"bad": event.bad})])
    loop = Rule("loop", when="ping", given=event.bad == True, then=[Emit("ping", {"bad": True})])  # noqa: E712 - it builds a condition
    engine = engine_of(rule, loop, people=[f"c{n}" for n in range(9)])
    for n in range(9):
        engine.record(f"c{n}", "start", {"bad": n == 4})
    pass_time(engine, days(9))
    assert {ends(engine, f"c{n}")[0] for n in range(9)} == {("hello", "sent")}
    assert (engine.adapters["email"].attempts, [len(parked(engine, f"c{n}")) for n in range(9)]) == (
        9,
        [n == 4 for n in range(9)],
    )


def test_a_defect_after_a_denied_message_is_parked():  # S4.3
    rule = Rule("r", when="start", then=[Send(message(), otherwise=[Emit("ping")])])
    engine = engine_of(rule, LOOP, GOOD, people=("ann",))
    engine.withdraw("ann")
    engine.record("bob", "start")
    engine.record("ann", "start")
    engine.identify("cid", addresses={"email": "cid@example.com"})
    engine.record("cid", "start")
    pass_time(engine, days(9))
    assert (ends(engine)[0], parked(engine), parked(engine, "bob")) == (
        ("hello", "denied"),
        [["run", "one/r"]],
        [["run", "one/r"]],
    )
    assert sorted(handed(engine)) == ["good", "hello"]


def test_a_defect_after_a_rescue_is_parked():  # S4.3
    rule = Rule("r", when="start", then=[Send(message(), otherwise=[Emit("ping")])])
    engine = engine_of(rule, LOOP, channels=[Scripted(act=killed)])
    engine.record("ann", "start")
    crashed(engine)
    pass_time(engine, days(1))
    assert (ends(engine), parked(engine)) == ([("hello", "unknown")], [["run", "one/r"]])


def test_a_defect_after_an_enrolment_leaves_timers_alone():  # S4.3
    waiting = Rule("w", when="start", then=[Wait(days(1)), Emit("mark")])
    engine = engine_of(Rule("r", when=Enrolled(), then=[Emit("ping")]), LOOP, waiting)
    engine.record("ann", "start")
    engine.enrol("ann", "r", id="e1")
    pass_time(engine, days(2))
    assert (parked(engine), len(marks(engine)), engine.enrol("ann", "r", id="e1").duplicate) == (
        [["enrolled", "one/r"]],
        1,
        True,
    )


def test_a_defect_after_a_case_was_opened_leaves_the_case_open():  # S4.3, S8.2
    case = CaseType("complaint")
    engine = engine_of(Rule("r", when=CaseOpened(case), then=[Emit("ping")]), LOOP, parts={"cases": [case]})
    assert engine.open_case("ann", "complaint", ref="x") is True
    assert ([each.ref for each in engine.customer("ann").cases(open=True)], parked(engine)) == (
        ["x"],
        [["case", "complaint"]],
    )


def test_a_thousand_steps_are_allowed_and_one_more_is_not():  # S4.3
    def chain(n):
        engine = engine_of(Rule("r", when="start", then=[Emit("x", id=f"s{each}") for each in range(n)]))
        engine.record("ann", "start")
        return len(parked(engine))

    # One round for the touchpoint, and a step and a round for each that is emitted.
    assert (chain(499), chain(500)) == (0, 1)


def test_in_the_hosts_own_transaction_a_defect_is_parked_too(tmp_path):  # S4.3
    import sqlite3

    path = tmp_path / "t.db"
    engine = engine_of(LOOP, store=f"sqlite:///{path}")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    engine.record("ann", "ping", connection=connection)
    connection.execute("COMMIT")
    connection.close()
    assert (types(engine), parked(engine)) == (["ping"], [["touchpoint", "ping"]])


def test_what_is_parked_is_listed():  # S4.3
    engine = engine_of(LOOP, GOOD, people=("ann", "bob"))
    for who, type_ in (("ann", "ping"), ("bob", "start")):
        engine.record(who, type_)
    ((who, what),) = engine.parked()
    assert (who, what.what, what.at, engine.customer("bob").parked) == ("ann", "ping", START, ())
    assert engine.customer("ann").parked == (what,)


def test_a_defect_is_no_error_for_whoever_records():  # S4.3
    engine = engine_of(LOOP)
    try:
        engine.record("ann", "ping")
    except DefectiveJourney:
        pytest.fail("the touchpoint was accepted: it must not look as if it was not")


# --- a store in trouble -----------------------------------------------------------------------------------------------


def test_a_store_that_is_busy_when_the_outcome_is_written_leaves_the_message_to_the_rescue(tmp_path):  # S11.7
    import sqlite3

    from touchpoint.stores.sqlite import SqliteStore

    path = tmp_path / "t.db"
    blocker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def act(_):
        blocker.execute("BEGIN IMMEDIATE")
        return Accepted()

    engine = engine_of(
        sending(), store=SqliteStore(str(path), timeout=seconds(0.05)), channels=[Scripted(act=act, memory=days(1))]
    )
    engine.record("ann", "start")
    with pytest.raises(StoreBusy):
        engine.run_pending()
    blocker.execute("ROLLBACK")
    blocker.close()
    engine.adapters["email"].act = lambda _: Accepted()
    pass_time(engine, hours(1))
    assert (len({each.key for each in engine.adapters["email"].requests}), ends(engine)) == (1, [("hello", "sent")])


# --- damaged records --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "record", "error"),
    [
        ("state", "[1, 2, 3]", StoreCorrupt),
        ("state", '{"no": "list"}', StoreCorrupt),
        ("profile", "[]", StoreCorrupt),
        ("profile", "null", StoreCorrupt),
        ("state", "[99]", StoreTooNew),
    ],
)
def test_a_record_that_cannot_be_read_is_reported_and_never_taken_for_the_truth(
    tmp_path, column, record, error
):  # S11.7
    path = tmp_path / "a.db"
    with engine_of(Rule("r", when="start"), store=f"sqlite:///{path}") as engine:
        engine.record("ann", "start")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"UPDATE touchpoint_customers SET {column} = ?", (record,))  # noqa: S608 - one of two names above
    with engine_of(Rule("r", when="start"), store=f"sqlite:///{path}", people=()) as engine:
        with pytest.raises(error, match="customer number 1") as caught:
            engine.record("ann", "start")
        assert "ann" not in str(caught.value)
        engine.record("bob", "start")  # S11.4: it delays nobody else
        assert len(engine.customer("bob").timeline()) == 1


def test_a_damaged_customer_delays_nobody_elses_work(tmp_path):  # S11.4, S11.7
    path, clock = tmp_path / "a.db", VirtualClock(START)
    rule = Rule("r", when="start", then=[Wait(days(1)), Send(message())])
    with engine_of(rule, store=f"sqlite:///{path}", clock=clock, people=("ann", "bob")) as engine:
        engine.record("ann", "start")
        engine.record("bob", "start")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE touchpoint_customers SET state = '[1]' WHERE id = 'ann'")
        db.execute("UPDATE touchpoint_meta SET value = 'other' WHERE key = 'zone_data'")
    with engine_of(rule, store=f"sqlite:///{path}", clock=clock, people=()) as engine:
        clock.advance(days(1))
        with pytest.raises(StoreCorrupt, match="customer number 1"):
            engine.run_pending()
        assert [each.status for each in engine.customer("bob").messages] == ["sent"]


# --- which journeys could run in circles ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "stages", "could"),
    [
        (
            [Rule("r", when="go", then=[Wait(days(1))])],
            [Stage("a", phase="engage", when="go"), Stage("b", phase="engage", when="on", after="a")],
            False,
        ),
        ([Rule("r", when=Entered("a"), then=[Wait(days(1))])], [Stage("a", phase="engage", when="go")], False),
        ([Rule("r", when="go", then=[Emit("go")])], [], True),
        ([Rule("r", when="go", then=[Branch(event.ok, then=[Emit("go")])])], [], True),
        ([Rule("r", when="go", key="order")], [], True),
        ([Rule("r", when="go", concurrency="parallel")], [], True),
        (
            [],
            [
                Stage("a", phase="engage", when="go"),
                Stage("b", phase="engage", when=Entered("a")),
                Stage("c", phase="engage", when=Entered("b")),
            ],
            True,
        ),
        ([Rule(f"r{n}", when="go", then=[Wait(days(1))] * 10) for n in range(40)], [], True),
    ],
)
def test_only_journeys_that_could_run_in_circles_are_guarded(rules, stages, could):  # S4.3
    assert compile_program([Journey("one", rules=rules, stages=stages)]).may_circle is could


# --- clocks that are set back -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True])
def test_a_lost_claim_is_rescued_in_time_though_the_clock_was_set_back(restarted, tmp_path):  # S11.3
    clock, channel = VirtualClock(START), Scripted(act=killed)
    options = {"store": f"sqlite:///{tmp_path}/a.db", "clock": clock, "channels": [channel]}
    engine = engine_of(sending(), **options)
    engine.record("ann", "start")
    crashed(engine)
    clock.set(START - hours(2))
    if restarted:
        engine.close()
        engine = engine_of(sending(), people=(), **options)
    engine.run_pending()
    clock.advance(minutes(2))
    engine.run_pending()
    assert ends(engine) == [("hello", "unknown")]
    engine.close()


def test_a_live_claim_is_not_taken_over_because_the_clock_was_set_back():  # S11.3
    engine = engine_of(sending())
    engine.record("ann", "start")
    worker = Stepped(engine).until(core.SettleAll)
    engine.clock.set(START - hours(2))
    engine.run_pending()
    engine.clock.advance(seconds(60))
    engine.run_pending()
    assert ends(engine) == [("hello", "in_flight")]
    worker.step()
    assert ends(engine) == [("hello", "sent")]
