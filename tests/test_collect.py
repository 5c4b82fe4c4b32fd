"""Bursts (S4): with `Rule(collect=)` what comes within a time becomes one run, which knows all of it."""

import pytest

from making import MARK, START, ends, engine_of, handed, marks, message, pass_time, reasons, sending, state_of, trace
from touchpoint import (
    Branch,
    Content,
    Emit,
    Goal,
    JourneyError,
    Rule,
    Send,
    Stage,
    VirtualClock,
    Wait,
    WaitFor,
    collected,
    count,
    days,
    event,
    forever,
    hours,
    minutes,
    once,
    sent,
    trigger,
)
from touchpoint.channels import MemoryChannel
from touchpoint.core.collected import KEPT
from touchpoint.durations import micros

ALERTS = Content(text="{collected.count} alerts: {collected.all.what:join}; last {collected.last.what}")


def rule(**parts):
    return Rule("alerts", **{"when": "alert", "collect": hours(1), "then": [Send(message(content=ALERTS))], **parts})


def alert(engine, what="fire", **more):
    engine.record("ann", "alert", {"what": what, **more})


def words(engine):
    return [each.message.text for each in engine.adapters["email"].sent]


def lines(engine, *kinds):
    return [line for line in trace(engine) if line[0] in kinds]


# --- one run ----------------------------------------------------------------------------------------------------------


def test_a_burst_becomes_one_run_when_the_time_after_the_first_trigger_is_over():  # S4.1
    engine = engine_of(rule())
    for what in ("fire", "water", "ice"):
        alert(engine, what)
        pass_time(engine, minutes(25))
    assert handed(engine) == ["hello"]
    assert words(engine) == ["3 alerts: fire, water, ice; last ice"]
    (run,) = engine.customer("ann").runs
    assert run.started_at == START + hours(1)


def test_nothing_is_sent_before_the_time_is_over():
    engine = engine_of(rule())
    alert(engine)
    pass_time(engine, hours(1) - minutes(1))
    assert handed(engine) == []
    pass_time(engine, minutes(1))
    assert handed(engine) == ["hello"]


def test_a_trigger_at_the_very_instant_of_the_end_still_belongs_to_it():  # S2.5
    engine = engine_of(rule())
    alert(engine, "fire")
    engine.clock.advance(hours(1))
    alert(engine, "late")
    pass_time(engine, days(1))
    assert words(engine) == ["2 alerts: fire, late; last late"]


def test_what_comes_later_is_a_burst_of_its_own():
    engine = engine_of(rule())
    alert(engine, "fire")
    pass_time(engine, hours(2))
    alert(engine, "ice")
    pass_time(engine, hours(2))
    assert words(engine) == ["1 alerts: fire; last fire", "1 alerts: ice; last ice"]


def test_each_key_has_a_burst_of_its_own():  # S4.4
    engine = engine_of(rule(key="house"))
    for house in ("a", "b", "a"):
        alert(engine, house, house=house)
    pass_time(engine, days(1))
    assert words(engine) == ["2 alerts: a, a; last a", "1 alerts: b; last b"]


def test_the_trigger_is_the_first_and_the_event_the_last_of_them():  # S4.5, S5.3
    then = [Send(message(content=Content(text="{trigger.what} to {event.what}")))]
    engine = engine_of(rule(then=then))
    alert(engine, "fire")
    alert(engine, "ice")
    pass_time(engine, hours(1))
    assert words(engine) == ["fire to ice"]


def test_a_run_of_a_burst_is_the_same_whatever_came_after_the_first():  # S4.5
    def identity(*more):
        engine = engine_of(rule(then=[Wait(days(1))]))
        engine.record("ann", "alert", id="a1")
        for each in more:
            alert(engine, each)
        pass_time(engine, hours(1))
        return state_of(engine).runs[0].id

    assert identity() == identity("ice", "water")


def test_a_late_touchpoint_is_not_collected():  # S1.5
    engine = engine_of(rule())
    engine.record("ann", "alert", at=START - days(30))
    pass_time(engine, days(1))
    assert reasons(engine) == []


def test_a_duplicate_is_collected_once():  # S1.3
    engine = engine_of(rule())
    for _ in range(3):
        engine.record("ann", "alert", {"what": "fire"}, id="a1")
    pass_time(engine, hours(1))
    assert words(engine) == ["1 alerts: fire; last fire"]


def test_of_a_long_burst_all_are_counted_and_the_first_and_the_latest_kept():
    then = [
        Branch((collected.count == KEPT + 50) & (collected.first.n == 0) & (collected.last.n == KEPT + 49), then=[MARK])
    ]
    engine = engine_of(rule(then=then))
    for n in range(KEPT + 50):
        alert(engine, n=n)
    assert len(state_of(engine).bursts[0].what.kept) == KEPT
    pass_time(engine, hours(1))
    assert len(marks(engine)) == 1


# --- conditions, limits, concurrency ----------------------------------------------------------------------------------


def test_each_trigger_is_asked_the_condition_and_the_burst_what_speaks_of_it():  # S4.6
    engine = engine_of(rule(given=(event.level >= 2) & (collected.count >= 2)))
    for level in (1, 2, 1):
        alert(engine, level=level)
    pass_time(engine, hours(1))
    assert handed(engine) == []
    for level in (2, 3, 1):
        alert(engine, f"level {level}", level=level)
    pass_time(engine, hours(1))
    assert words(engine) == ["2 alerts: level 2, level 3; last level 3"]
    (refused,) = [line for line in lines(engine, "refused") if "collected" in line[4]]
    assert refused[3:] == ["given", "collected.count >= 2 → 1 >= 2: false"]


def test_limit_and_concurrency_are_asked_at_the_start():  # S4.4
    engine = engine_of(rule(limit=once()))
    for _ in range(2):
        alert(engine)
        pass_time(engine, hours(2))
    assert [line[3] for line in lines(engine, "refused")] == ["limit"]
    engine = engine_of(rule(then=[Wait(hours(4))]))
    for _ in range(2):
        alert(engine)
        pass_time(engine, hours(2))
    assert [line[3] for line in lines(engine, "refused")] == ["live"]


@pytest.mark.parametrize(
    ("parts", "why"),
    [({"exit": ["calm"]}, "exit"), ({"goal": Goal("calm")}, "goal"), ({"goal": Goal("calm", given=event.ok)}, "goal")],
)
def test_what_would_end_the_run_ends_the_collecting(parts, why):  # S5.3
    engine = engine_of(rule(**parts))
    alert(engine)
    alert(engine)
    engine.record("ann", "calm", {"ok": True})
    assert state_of(engine).bursts == ()
    pass_time(engine, days(1))
    assert reasons(engine) == []
    assert lines(engine, "dropped") == [["dropped", "one", "alerts", None, 2, why]]
    assert engine.why("ann", "alerts").status == "refused"


@pytest.mark.parametrize(
    "parts",
    [{"goal": Goal("calm", ends=False)}, {"goal": Goal("calm", given=event.ok)}, {"key": "k", "exit": ["calm"]}],
)
def test_what_would_not_end_the_run_lets_the_collecting_go_on(parts):  # S4.4, S5.3
    engine = engine_of(rule(**parts))
    alert(engine, k="x")
    engine.record("ann", "calm", {"k": "y"})
    pass_time(engine, days(1))
    assert handed(engine) == ["hello"]


def test_a_condition_that_would_end_the_run_is_asked_when_the_burst_is_complete():  # S5.3
    engine = engine_of(rule(exit=[count("calm", within=days(1)) >= 1]))
    alert(engine)
    engine.record("ann", "calm")
    pass_time(engine, days(2))
    assert [line[3] for line in lines(engine, "refused")] == ["exit"]


def test_a_goal_that_is_watched_later_still_knows_the_burst():  # S5.3
    goal = Goal("calm", within=days(2), given=(collected.count == 2) & sent("hello"))
    engine = engine_of(rule(goal=goal))
    alert(engine)
    alert(engine)
    pass_time(engine, days(1))
    engine.record("ann", "calm")
    assert len(lines(engine, "goal")) == 1


def test_stages_and_enrolments_are_collected_as_touchpoints_are():  # S4.1
    engine = engine_of(rule(then=[MARK]), parts={"stages": [Stage("new", phase="attract", when="alert")]})
    engine.enrol("ann", "alerts")
    alert(engine)
    pass_time(engine, hours(1))
    assert lines(engine, "complete") == [["complete", "one", "alerts", None, 2]]


# --- what may go wrong ------------------------------------------------------------------------------------------------


def test_a_burst_survives_a_restart_and_a_long_silence_of_the_host(tmp_path):  # S11.1, S2.5
    clock, url, channel = VirtualClock(START), f"sqlite:///{tmp_path}/t.db", MemoryChannel("email")
    with engine_of(rule(), store=url, clock=clock, channels=[channel]) as engine:
        alert(engine, "fire")
        alert(engine, "ice")
    clock.advance(hours(30))
    with engine_of(rule(), store=url, clock=clock, channels=[channel], people=()) as engine:
        pass_time(engine)
        (run,) = engine.customer("ann").runs
        assert run.started_at == START + hours(1)
    assert [each.message.text for each in channel.sent] == ["2 alerts: fire, ice; last ice"]


def test_live_and_looked_at_late_decide_the_same():  # S4.2
    def told(*, looked_at):
        engine = engine_of(rule(then=[Wait(minutes(30)), MARK]), sending("other", when="ping"))
        alert(engine, "fire")
        for _ in range(6):
            if looked_at:
                pass_time(engine, minutes(30))
            else:
                engine.clock.advance(minutes(30))
        engine.record("ann", "ping")
        pass_time(engine, days(1))
        return [line for line in trace(engine) if line[0] != "timer"]

    assert told(looked_at=True) == told(looked_at=False)


def test_a_burst_whose_rule_is_gone_is_parked_and_replayed_once_it_is_back(tmp_path):  # S11.6
    clock, url, channel = VirtualClock(START), f"sqlite:///{tmp_path}/t.db", MemoryChannel("email")
    with engine_of(rule(), store=url, clock=clock, channels=[channel]) as engine:
        alert(engine, "fire")
    with engine_of(sending("other"), store=url, clock=clock, channels=[channel], people=()) as engine:
        pass_time(engine, hours(2))
        ((_, parked),) = engine.parked()
        assert (parked.kind, parked.what) == ("collected", "one/alerts")
        assert engine.replay_parked().done == 0
        engine.rollback("one", by="a test")
        assert engine.replay_parked().done == 1
        pass_time(engine)
        assert engine.parked_count() == 0
    assert [each.message.text for each in channel.sent] == ["1 alerts: fire; last fire"]


def test_a_burst_that_sets_off_a_circle_is_parked():  # S4.3
    engine = engine_of(rule(then=[Emit("ping")]), Rule("loop", when="ping", then=[Emit("ping")]))
    alert(engine)
    pass_time(engine, days(1))
    assert [parked.kind for _, parked in engine.parked()] == ["collected"]
    assert (reasons(engine), state_of(engine).bursts) == ([], ())


def test_a_rule_that_collects_no_longer_starts_what_it_had_collected(tmp_path):  # S5.4
    clock, url, channel = VirtualClock(START), f"sqlite:///{tmp_path}/t.db", MemoryChannel("email")
    with engine_of(rule(), store=url, clock=clock, channels=[channel]) as engine:
        alert(engine, "fire")
    plain = rule(collect=None, then=[Send(message(content=Content(text="{trigger.what}")))])
    with engine_of(plain, store=url, clock=clock, channels=[channel], people=()) as engine:
        pass_time(engine, days(1))
    assert [each.message.text for each in channel.sent] == ["fire"]


def test_the_bursts_of_two_ids_of_one_person_become_one():  # S1.6
    engine = engine_of(rule(), people=("ann", "bob"))
    engine.record("bob", "alert", {"what": "fire"})
    engine.clock.advance(minutes(20))
    alert(engine, "ice")
    engine.merge("bob", into="ann")
    pass_time(engine, days(1))
    assert words(engine) == ["2 alerts: fire, ice; last ice"]
    assert engine.customer("ann").runs[0].started_at == START + hours(1)


def test_why_says_how_long_it_collects_and_what_came_of_it():  # S10
    engine = engine_of(rule())
    alert(engine)
    alert(engine)
    now = engine.why("ann", "alerts")
    assert now.status == "collecting"
    assert "collecting, 2 so far until 2026-03-02 10:00:00 UTC" in str(now)
    pass_time(engine, days(1))
    assert "the collecting is over, with 2" in str(engine.why("ann", "alerts"))


def test_nothing_of_what_was_collected_is_in_a_repr_or_the_trace():  # S7.5
    engine = engine_of(rule())
    alert(engine, "a secret")
    assert "a secret" not in repr(state_of(engine))
    pass_time(engine, days(1))
    assert "a secret" not in repr(trace(engine))


def test_an_erased_person_leaves_no_burst():  # S1.7
    engine = engine_of(rule(), secret=b"0" * 32)
    alert(engine)
    engine.erase("ann")
    pass_time(engine, days(1))
    assert handed(engine) == []


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("collect", [hours(0), -hours(1), 60, "1h", forever])
def test_only_an_elapsed_length_is_a_time_to_collect_for(collect):
    with pytest.raises(JourneyError, match="collect="):
        rule(collect=collect)


@pytest.mark.parametrize(
    "parts",
    [
        {"collect": None, "given": collected.count > 1},
        {"given": collected.counts > 1},
        {"given": collected.last > 1},
        {"given": collected.count.x > 1},
        {"then": [Send(message(content=Content(text="{collected.size}")))]},
        {"collect": None, "then": [Send(message(content=Content(text="{collected.count}")))]},
    ],
)
def test_what_a_burst_does_not_have_is_refused_when_the_journey_is_built(parts):
    with pytest.raises(JourneyError, match=r"collected"):
        engine_of(rule(**parts))


def test_a_stage_belongs_to_no_burst():
    with pytest.raises(JourneyError, match="nothing is collected here"):
        engine_of(rule(), parts={"stages": [Stage("s", phase="engage", when="x", given=collected.count > 1)]})


def test_a_history_is_asked_of_what_was_collected():  # S4.6
    asked = count("alert", where=event.what == collected.last.what) == 2
    engine = engine_of(rule(given=asked, then=[MARK]))
    alert(engine, "ice")
    alert(engine, "fire")
    alert(engine, "fire")
    pass_time(engine, hours(1))
    assert len(marks(engine)) == 1


def test_a_wait_of_the_run_sees_nothing_of_the_burst():  # S5.2
    engine = engine_of(rule(then=[WaitFor("alert", hours(2), then=[MARK], since="run", given=trigger.what == "fire")]))
    alert(engine, "fire")
    alert(engine, "fire")
    pass_time(engine, hours(2))
    assert (ends(engine), marks(engine)) == ([], [])
    alert(engine, "fire")
    assert len(marks(engine)) == 1


def test_the_due_of_a_burst_is_the_next_due_of_the_engine():
    engine = engine_of(rule())
    alert(engine)
    assert engine.next_due() == START + hours(1)
    assert micros(START + hours(1)) == state_of(engine).bursts[0].due
