"""What defective journeys left parked is listed, counted, and replayed once the journey is mended (S4.3)."""

import pytest

from making import (
    MARK,
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
    CaseOpened,
    CaseType,
    Emit,
    Enrolled,
    InvalidInput,
    Rule,
    Send,
    Silent,
    Stage,
    Touchpoint,
    UnknownCustomer,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    days,
    hours,
)
from touchpoint.channels import Accepted, MemoryChannel, Refused
from touchpoint.stores.base import Changes

LOOP = Rule("loop", when="ping", then=[Emit("ping")])
MENDED = Rule("loop", when="ping", then=[Emit("pong")])


@pytest.fixture
def on(tmp_path):
    """Opens an engine with other rules on the same store, clock and channels."""
    clock, url, channels, engines = VirtualClock(START), f"sqlite:///{tmp_path}/t.db", [MemoryChannel("email")], []

    def reopen(*rules, people=(), **options):
        for each in engines:
            each.close()
        engine = engine_of(*rules, store=url, clock=clock, channels=channels, people=people, **options)
        engines.append(engine)
        return engine

    yield reopen
    for each in engines:
        each.close()


def types(engine, customer="ann"):
    return [each.type for each in engine.customer(customer).timeline()]


# --- listed and counted -----------------------------------------------------------------------------------------------


def test_parked_things_are_counted_without_looking_at_customers(on):  # S4.3
    engine = on(LOOP, people=("ann", "bob", "cid"))
    engine.record_many([Touchpoint("ann", "ping"), Touchpoint("bob", "ping"), Touchpoint("ann", "ping")])
    with engine.store.reading() as reader:
        assert (reader.parked_count(), reader.parked(0, 9), reader.parked(1, 1)) == (3, [(1, 2), (2, 1)], [(2, 1)])
    assert (engine.parked_count(), len(engine.parked()), len(engine.parked(limit=2))) == (3, 3, 2)
    engine = on(MENDED)
    engine.replay_parked()
    with engine.store.reading() as reader:
        assert (reader.parked_count(), reader.parked(0, 9)) == (0, [])


def test_what_is_parked_of_a_person_is_erased_with_them():  # S1.7
    engine = engine_of(LOOP, people=("ann", "bob"), secret="a secret that only this test knows")
    engine.record("ann", "ping")
    engine.record("bob", "ping")
    engine.erase("ann")
    assert (engine.parked_count(), [who for who, _ in engine.parked()]) == (1, ["bob"])


def test_what_is_parked_of_both_ids_is_parked_of_the_one_that_stays(on):  # S1.6
    engine = on(LOOP, people=("ann", "bob"))
    engine.record("ann", "ping", id="a")
    engine.record("bob", "ping", id="b")
    engine.merge("bob", "ann")
    assert (engine.parked_count(), [who for who, _ in engine.parked()]) == (2, ["ann", "ann"])
    engine = on(MENDED)
    assert (engine.replay_parked("bob").done, engine.parked_count(), types(engine).count("pong")) == (2, 0, 2)


def test_a_list_of_parked_things_says_of_what_kind_they_are(on):
    engine = on(LOOP, Rule("r", when="start", then=[Wait(days(1)), Emit("ping")]), people=("ann",))
    engine.record("ann", "ping")
    engine.record("ann", "start")
    pass_time(engine, days(2))
    assert [(each.kind, each.what) for _, each in engine.parked()] == [("touchpoint", "ping"), ("run", "one/r")]


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "3"])
def test_a_limit_is_a_whole_number(limit):  # HOUSE 11
    engine = engine_of()
    with pytest.raises(InvalidInput, match="limit="):
        engine.parked(limit=limit)
    with pytest.raises(InvalidInput, match="limit="):
        engine.replay_parked(limit=limit)


# --- replayed ---------------------------------------------------------------------------------------------------------


def test_a_parked_touchpoint_goes_through_its_decision_once(on):  # S4.3
    engine = on(LOOP, people=("ann",))
    engine.record("ann", "ping", {"n": 1}, id="p1")
    pass_time(engine, days(1))
    engine = on(Rule("loop", when="ping", then=[Emit("pong"), Send(message("hello"))]))
    replayed = engine.replay_parked()
    pass_time(engine)
    assert (replayed.done, replayed.failed, types(engine)) == (1, (), ["ping", "pong", "message_sent"])
    assert (engine.replay_parked().done, engine.parked(), handed(engine)) == (0, [], ["hello"])
    assert engine.record("ann", "ping", {"n": 1}, id="p1").duplicate


def test_a_run_that_a_replay_starts_has_the_identity_it_would_have_had(on):  # S4.5, S6.3
    mended = Rule("r", when="ping", then=[Send(message())])
    engine = on(LOOP, mended, people=("ann",))
    engine.record("ann", "ping", id="p1")
    engine = on(mended)
    engine.replay_parked()
    fresh = engine_of(mended)
    fresh.record("ann", "ping", id="p1")
    assert engine.customer("ann").messages[0].key == fresh.customer("ann").messages[0].key


def test_a_replayed_touchpoint_is_counted_no_second_time_and_keeps_its_instant(on):  # S4.3, S1.5
    rules = [Rule("two", when="ask", given=count("ping") == 1, then=[MARK])]
    engine = on(LOOP, *rules, people=("ann",))
    engine.record("ann", "ping")
    pass_time(engine, days(3))
    seen = Rule("loop", when="ping", given=count("ping", within=days(2)) == 0, then=[Emit("old")])
    engine = on(seen, *rules)
    engine.replay_parked()
    engine.record("ann", "ask")
    assert (marks(engine), marks(engine, type="old")) == ([START + days(3)], [START + days(3)])


def test_parked_things_are_replayed_in_their_order(on):  # S4.3
    engine = on(LOOP, people=("ann",))
    for n in range(3):
        engine.record("ann", "ping", {"n": n})
    rules = [Rule("loop", when="ping", then=[WaitFor("ping", timeout=days(9), then=[MARK])], concurrency="parallel")]
    engine = on(*rules)
    assert engine.replay_parked(limit=2).done == 2
    assert len(engine.parked()) == 1
    # The run of the first had not begun when the second happened: it does not meet it.
    assert (engine.replay_parked().done, marks(engine)) == (1, [])


def test_a_replayed_touchpoint_meets_the_runs_that_had_begun_by_then(on):  # S4.3, S5.2
    waits = Rule("w", when="start", then=[WaitFor("ping", timeout=days(9), then=[MARK])], concurrency="parallel")
    engine = on(LOOP, waits, people=("ann",))
    engine.record("ann", "start")
    engine.record("ann", "ping")
    engine.record("ann", "start")
    engine = on(MENDED, waits)
    engine.replay_parked()
    assert (len(marks(engine)), [each.live for each in engine.customer("ann").runs]) == (1, [False, True, False])


def test_what_is_defective_still_stays_with_the_reason_of_today(on):  # S4.3
    engine = on(LOOP, people=("ann", "bob"))
    engine.record("ann", "ping")
    engine.record("bob", "ping")
    engine.record("bob", "start")
    before = (trace(engine), types(engine))
    ((who, what), _) = (replayed := engine.replay_parked()).failed
    assert (replayed.done, who, what.what, "more than 1000 steps" in what.error) == (0, "ann", "ping", True)
    assert ((trace(engine), types(engine)), engine.parked_count()) == (before, 2)
    engine = on(MENDED)
    assert engine.replay_parked().done == 2


def test_one_that_cannot_be_replayed_does_not_keep_the_next_from_it(on):  # S4.3, S11.4
    other = Rule("other", when="pong", then=[Emit("pong")])
    engine = on(LOOP, other, people=("ann",))
    engine.record("ann", "ping")
    engine.record("ann", "pong")
    engine = on(LOOP, Rule("other", when="pong", then=[MARK]))
    replayed = engine.replay_parked("ann")
    assert (replayed.done, [each.what for _, each in replayed.failed], len(marks(engine))) == (1, ["ping"], 1)


def test_a_late_touchpoint_is_late_when_it_is_replayed(on):  # S1.5, S4.3
    goal = Rule("w", when="start", then=[WaitFor("ping", timeout=days(90), then=[Emit("ping")])])
    engine = on(goal, LOOP, people=("ann",))
    engine.record("ann", "start")
    pass_time(engine, days(30))
    assert engine.record("ann", "ping", at=START).late
    assert engine.parked_count() == 1
    engine = on(Rule("w", when="start", then=[WaitFor("ping", timeout=days(90), then=[MARK])]), MENDED)
    engine.replay_parked()
    assert (len(marks(engine)), len(marks(engine, type="pong"))) == (1, 0)


def test_a_run_that_a_timer_parked_goes_on_from_there(on):  # S4.3
    engine = on(Rule("r", when="start", then=[Wait(days(1)), Emit("ping"), MARK]), LOOP, people=("ann",))
    engine.record("ann", "start")
    pass_time(engine, days(5))
    engine = on(Rule("r", when="start", then=[Wait(days(1)), Emit("ping"), MARK]), MENDED)
    assert engine.customer("ann").runs[0].parked.startswith("a decision took more than 1000 steps")
    assert engine.replay_parked().done == 1
    assert (marks(engine), types(engine)[1:3]) == ([START + days(5)], ["ping", "mark"])
    assert (reasons(engine)[0], engine.customer("ann").runs[0].parked) == ("done", None)


@pytest.mark.parametrize(("outcome", "marked"), [(Accepted(), 1), (Refused("content_rejected"), 0)])
def test_a_run_that_was_parked_after_its_message_takes_the_arm_of_its_outcome(on, outcome, marked):  # S4.3, S5.1
    def rule(then):
        return Rule("r", when="start", then=[Send(message(), otherwise=[Emit("ping")]), Emit("ping"), then])

    engine = on(rule(MARK), LOOP, people=("ann",))
    engine.adapters["email"].will(outcome)
    engine.record("ann", "start")
    pass_time(engine)
    before = ends(engine)
    assert [each.what for _, each in engine.parked()] == ["one/r"]
    otherwise = Send(message(), otherwise=[Emit("other")])
    engine = on(Rule("r", when="start", then=[otherwise, MARK]), MENDED)
    engine.replay_parked()
    pass_time(engine)
    assert (ends(engine), len(marks(engine, type="other"))) == (before, 1 - marked)
    assert (engine.adapters["email"].attempts, reasons(engine)) == (1, ["done"])


def test_a_parked_run_that_an_exit_has_ended_is_taken_off_the_list(on):  # S4.3
    steps = [Wait(days(1)), Emit("ping"), MARK]
    engine = on(Rule("r", when="start", then=steps, exit="stop"), LOOP, people=("ann",))
    engine.record("ann", "start")
    pass_time(engine, days(2))
    engine.record("ann", "stop")
    assert (reasons(engine), engine.parked_count()) == (["exit"], 1)
    assert (engine.replay_parked().done, engine.parked_count(), marks(engine)) == (1, 0, [])


def test_a_run_whose_rule_is_not_loaded_is_parked_and_goes_on_when_it_is_again(on):  # S4.3, S11.6
    rule = Rule("r", when="start", then=[Wait(days(1)), MARK])
    engine = on(rule, people=("ann",))
    engine.record("ann", "start")
    engine = on(journeys=[])
    pass_time(engine, days(2))
    (run,) = engine.customer("ann").runs
    assert (run.live, run.parked, engine.parked_count()) == (True, "its rule or step is not loaded", 1)
    ((_, what),) = engine.replay_parked().failed
    assert what.error == "its rule or step is not loaded: load a version of 'one' that has it"
    engine = on(rule)
    assert (engine.replay_parked().done, marks(engine), reasons(engine)) == (1, [START + days(2)], ["done"])


def test_a_silence_that_was_parked_is_replayed(on):  # S4.3
    engine = on(Rule("quiet", when=Silent(days(1)), then=[Emit("ping")]), LOOP, people=("ann",))
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert [each.kind for _, each in engine.parked()] == ["silence"]
    engine = on(Rule("quiet", when=Silent(days(1)), then=[MARK]), MENDED)
    engine.replay_parked()
    assert marks(engine) == [START + days(3)]


def test_that_nothing_came_back_is_on_the_timeline_and_what_it_set_off_is_replayed(tmp_path):  # S4.3, S6.9
    from touchpoint.model.delivery import Capabilities

    class Receipts(Scripted):
        @property
        def capabilities(self):
            return Capabilities("email", frozenset({"email"}), remembers_keys_for=None, recording=True, receipts=True)

    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    bad = [sending(), Rule("chase", when="no_receipt", then=[Emit("ping")]), LOOP]
    with engine_of(*bad, store=url, clock=clock, channels=[Receipts()]) as engine:
        engine.record("ann", "start")
        pass_time(engine, days(5))
        assert [each.what for _, each in engine.parked()] == ["no_receipt"]
        assert "no_receipt" in types(engine)
    good = [sending(), Rule("chase", when="no_receipt", then=[MARK]), MENDED]
    with engine_of(*good, store=url, clock=clock, channels=[Receipts()], people=()) as engine:
        engine.replay_parked()
        assert (len(marks(engine)), types(engine).count("no_receipt")) == (1, 1)


def test_an_enrolment_that_was_parked_is_replayed(on):  # S4.3
    engine = on(Rule("r", when=Enrolled(), then=[Emit("ping")]), LOOP, people=("ann",))
    engine.enrol("ann", "r", properties={"n": 1}, id="e1")
    engine = on(Rule("r", when=Enrolled(), then=[MARK]), MENDED)
    assert (engine.replay_parked().done, len(marks(engine))) == (1, 1)
    assert engine.enrol("ann", "r", id="e1").duplicate


def test_what_the_opening_of_a_case_set_off_is_replayed(on):  # S4.3, S8.2
    parts = {"cases": [CaseType("complaint")]}
    engine = on(Rule("r", when=CaseOpened("complaint"), then=[Emit("ping")]), LOOP, people=("ann",), parts=parts)
    engine.open_case("ann", "complaint", ref="x")
    engine = on(Rule("r", when=CaseOpened("complaint"), then=[MARK]), MENDED, parts=parts)
    assert (engine.replay_parked().done, len(marks(engine))) == (1, 1)
    assert [each.open for each in engine.customer("ann").cases()] == [True]


def test_a_stage_move_that_was_undone_is_made(on):  # S3.2, S4.3
    parts = {"stages": [Stage("buyer", phase="engage", when="ping")]}
    engine = on(LOOP, people=("ann",), parts=parts)
    engine.record("ann", "ping")
    assert engine.customer("ann").stage("one") is None
    engine = on(MENDED, parts=parts)
    engine.replay_parked()
    assert engine.customer("ann").stage("one") == "buyer"


def test_one_customer_may_be_replayed_alone(on):
    engine = on(LOOP, people=("ann", "bob"))
    engine.record("ann", "ping")
    engine.record("bob", "ping")
    engine = on(MENDED)
    assert (engine.replay_parked("bob").done, [who for who, _ in engine.parked()]) == (1, ["ann"])
    with pytest.raises(UnknownCustomer):
        engine.replay_parked("nobody")


def test_timers_that_are_due_come_before_what_is_replayed(on):  # S4.2
    wait = Rule("w", when="start", then=[Wait(hours(1)), Emit("waited")])
    engine = on(LOOP, wait, people=("ann",))
    engine.record("ann", "start")
    engine.record("ann", "ping")
    engine.clock.advance(days(1))
    engine = on(MENDED, wait)
    engine.replay_parked()
    assert types(engine)[-2:] == ["waited", "pong"]


def test_the_journal_tells_of_a_replay(on):  # S10
    engine = on(LOOP, people=("ann",))
    engine.record("ann", "ping")
    engine = on(MENDED)
    engine.replay_parked()
    assert [line[:3] for line in trace(engine)][1] == ["replayed", "touchpoint", "ping"]


def test_what_the_journal_no_longer_has_cannot_be_replayed_and_says_so(on):  # S4.3
    from touchpoint.core.records import state_to_record
    from touchpoint.stores.codec import dumps

    engine = on(LOOP, people=("ann",))
    engine.record("ann", "ping", id="p1")
    state = state_of(engine)
    state.parked[0][3] = "gone"
    with engine.store.transaction() as tx:
        (row,) = tx.customers(["ann"])
        tx.write(Changes(customers=[("", dumps(state_to_record(state)), row.head, row.due, row.no)]))
    ((_, what),) = on(MENDED).replay_parked().failed
    assert what.error.startswith("what the touchpoint ping told is not kept any more")


def test_a_replay_says_how_many_failed_and_not_whom():
    from touchpoint.engine.parked import Replayed

    assert repr(Replayed(1, (("ann", None),))) == "Replayed(done=1, failed=<1>)"
