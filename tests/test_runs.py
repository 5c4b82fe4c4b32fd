"""Runs: exits and goals, keys and concurrency, limits, and the order of one decision."""

from datetime import timedelta

import pytest

from making import (
    START,
    at,
    ends,
    engine_of,
    handed,
    journey,
    marks,
    message,
    pass_time,
    reasons,
    sending,
    stages,
    started,
    trace,
    waiting,
)
from touchpoint import (
    Emit,
    Exit,
    Goal,
    Rule,
    Send,
    SetTrait,
    Wait,
    WaitFor,
    WaitUntil,
    calendar_days,
    cool_down,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    hours,
    now,
    once,
    once_per_stage,
    times,
    trigger,
)

# --- exits and goals --------------------------------------------------------------------------------------------------


def test_an_exit_ends_the_run_in_the_middle_of_a_wait():  # S5.3
    engine = engine_of(waiting(Wait(days(5)), exit="stop"))
    engine.record("ann", "start")
    engine.record("ann", "stop")
    pass_time(engine, days(10))
    assert (reasons(engine), marks(engine)) == (["exit"], [])


def test_an_exit_withdraws_messages_that_are_not_released():  # S5.3
    engine = engine_of(Rule("r", when="start", then=[Send(message())], exit="stop"))
    engine.record("ann", "start")
    engine.record("ann", "stop")
    pass_time(engine, days(1))
    assert (ends(engine), handed(engine)) == ([("hello", "withdrawn")], [])


def test_a_condition_ends_the_run_as_soon_as_it_is_true():  # S5.3
    engine = engine_of(waiting(Wait(days(5)), exit=count("order") >= 2))
    engine.record("ann", "start")
    engine.record("ann", "order")
    assert reasons(engine) == [None]
    engine.record("ann", "order")
    assert reasons(engine) == ["exit"]


def test_a_condition_ends_the_run_when_its_window_lapses():  # S5.3, decisions 4
    engine = engine_of(waiting(Wait(days(30)), exit=count("visit", within=days(7)) == 0))
    engine.record("ann", "visit")
    engine.record("ann", "start")
    pass_time(engine, days(20))
    (run,) = engine.customer("ann").runs
    assert (run.reason, run.ended_at) == ("exit", START + days(7))


def test_an_exit_condition_sees_traits_that_the_host_changes():  # S5.3: exits act at once
    engine = engine_of(waiting(Wait(days(5)), exit=customer.left))
    engine.record("ann", "start")
    engine.identify("ann", traits={"left": True})
    engine.record("ann", "anything")
    assert reasons(engine) == ["exit"]


def test_a_goal_ends_the_run_and_is_counted_apart():  # S5.3
    engine = engine_of(waiting(Wait(days(5)), goal=Goal("order")))
    engine.record("ann", "start")
    engine.record("ann", "order")
    assert reasons(engine) == ["goal"]
    assert ["goal", "one", "waiting", None] in trace(engine)


def test_a_goal_that_does_not_end_the_run_is_counted_once():  # S5.3
    engine = engine_of(waiting(Wait(days(5)), goal=Goal("order", ends=False)))
    engine.record("ann", "start")
    engine.record("ann", "order")
    engine.record("ann", "order")
    pass_time(engine, days(10))
    assert (reasons(engine), len(marks(engine)), sum(line[0] == "goal" for line in trace(engine))) == (["done"], 1, 1)


@pytest.mark.parametrize(("after", "reached"), [(days(7), 1), (days(7) + timedelta(microseconds=1), 0)])
def test_a_goal_is_watched_after_the_last_step_up_to_its_window(after, reached):  # S5.3
    engine = engine_of(waiting(goal=Goal("order", within=days(7))))
    engine.record("ann", "start")
    pass_time(engine, after)
    engine.record("ann", "order")
    assert sum(line[0] == "goal" for line in trace(engine)) == reached


def test_a_goal_without_a_window_is_not_watched_after_the_run():  # S5.3
    engine = engine_of(waiting(goal=Goal("order")))
    engine.record("ann", "start")
    engine.record("ann", "order")
    assert sum(line[0] == "goal" for line in trace(engine)) == 0


def test_a_goal_counts_only_where_its_condition_holds():  # S5.3
    engine = engine_of(waiting(Wait(days(1)), goal=Goal("order", given=event.price > 50)))
    engine.record("ann", "start")
    engine.record("ann", "order", {"price": 5})
    assert reasons(engine) == [None]
    engine.record("ann", "order", {"price": 500})
    assert reasons(engine) == ["goal"]


def test_an_exit_ends_the_watch_for_a_goal():  # decisions 12
    engine = engine_of(waiting(Wait(days(1)), goal=Goal("order", within=days(7)), exit="stop"))
    for type_ in ("start", "stop", "order"):
        engine.record("ann", type_)
    assert sum(line[0] == "goal" for line in trace(engine)) == 0


def test_leaving_by_a_step_keeps_the_watch_for_a_goal():  # decisions 12
    engine = engine_of(waiting(Exit("enough"), goal=Goal("order", within=days(7))))
    engine.record("ann", "start")
    engine.record("ann", "order")
    assert sum(line[0] == "goal" for line in trace(engine)) == 1


def test_a_runs_own_trigger_does_not_reach_its_goal():  # S5.3
    engine = engine_of(waiting(Wait(days(1)), goal=Goal("start")))
    engine.record("ann", "start")
    assert reasons(engine) == [None]


# --- keys and concurrency ---------------------------------------------------------------------------------------------


def keyed(**parts):
    return waiting(WaitFor("shipped", timeout=forever), key="order", **parts)


def test_keyed_runs_live_side_by_side():  # S4.4
    engine = engine_of(keyed())
    for order in ("o1", "o2", "o1"):
        engine.record("ann", "start", {"order": order})
    assert [each.key for each in engine.customer("ann").runs] == ["o1", "o2"]


def test_a_keyed_run_meets_only_touchpoints_of_its_key_where_they_carry_it():  # S4.4
    engine = engine_of(keyed())
    for order in ("o1", "o2"):
        engine.record("ann", "start", {"order": order})
    engine.record("ann", "shipped", {"order": "o2"})
    assert reasons(engine) == [None, "done"]
    engine.record("ann", "shipped")
    assert reasons(engine) == ["done", "done"]


def test_a_key_of_one_is_not_a_key_of_true():  # S4.4: keys are JSON values
    engine = engine_of(keyed())
    engine.record("ann", "start", {"order": 1})
    engine.record("ann", "start", {"order": True})
    assert len(engine.customer("ann").runs) == 2


def test_a_new_trigger_is_ignored_while_a_run_is_live():  # S4.4
    engine = engine_of(waiting(Wait(days(1))))
    engine.record("ann", "start")
    engine.record("ann", "start")
    assert reasons(engine) == [None]
    assert ["refused", "one", "waiting", "live", "a run is live already"] in trace(engine)


def test_a_restart_ends_the_live_run_and_its_messages():  # S4.4, S5.3
    engine = engine_of(
        sending(), journeys=[journey(Rule("r", when="start", then=[Send(message())], concurrency="restart"))]
    )
    engine.record("ann", "start")
    engine.record("ann", "start")
    pass_time(engine)
    assert reasons(engine) == ["restarted", "done"]
    assert ends(engine) == [("hello", "withdrawn"), ("hello", "sent")]


def test_a_restart_begins_the_wait_anew():  # S4.4
    engine = engine_of(waiting(Wait(days(2)), concurrency="restart"))
    engine.record("ann", "start")
    pass_time(engine, days(1))
    engine.record("ann", "start")
    pass_time(engine, days(9))
    assert marks(engine) == [START + days(3)]


def test_a_limit_keeps_a_restart_from_ending_the_live_run():  # decisions 6
    engine = engine_of(waiting(Wait(days(2)), concurrency="restart", limit=once()))
    engine.record("ann", "start")
    engine.record("ann", "start")
    assert reasons(engine) == [None]


def test_parallel_runs_live_side_by_side():  # S4.4
    engine = engine_of(waiting(Wait(days(2)), concurrency="parallel"))
    engine.record("ann", "start")
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert len(marks(engine)) == 2


# --- limits -----------------------------------------------------------------------------------------------------------


def starts(limit, *gaps, parts=None, properties=None, **more):
    """How many runs start, at one touchpoint and one after each gap."""
    engine = engine_of(started("start", limit=limit, **more), parts=parts)
    engine.identify("ann", timezone="Europe/Berlin")
    engine.record("ann", "start", properties)
    for gap in gaps:
        pass_time(engine, gap)
        engine.record("ann", "start", properties)
    return len(marks(engine))


def test_once_is_once_for_ever():  # S4.4
    assert starts(once(), days(1), days(1_000)) == 1


def test_a_cool_down_is_over_exactly_after_its_length():  # S4.4: (t - per, t]
    assert starts(cool_down(days(7)), days(7) - timedelta(microseconds=1)) == 1
    assert starts(cool_down(days(7)), days(7)) == 2


def test_a_number_of_times_rolls_over_its_period():  # S4.4
    assert starts(times(2, per=days(7)), days(1), days(1)) == 2
    assert starts(times(2, per=days(7)), days(1), days(6)) == 3


def test_a_calendar_limit_is_counted_on_the_customers_calendar():  # S4.4: midnight in Berlin is 23:00 UTC
    assert starts(times(1, per=calendar_days(1)), hours(13)) == 1
    assert starts(times(1, per=calendar_days(1)), hours(14)) == 2


def test_a_limit_without_a_period_is_for_all_time():  # S4.4
    assert starts(times(2), days(400), days(400)) == 2


def test_once_per_stage_counts_anew_in_each_visit():  # S4.4
    engine = engine_of(started("start", limit=once_per_stage()), parts={"stages": stages()})
    for type_ in ("start", "start", "sign_up", "start", "start", "order", "start", "sign_up", "start"):
        engine.record("ann", type_)
    assert len(marks(engine)) == 4


def test_a_limit_may_count_each_key_on_its_own():  # S4.4
    engine = engine_of(started("start", limit=once(per_key=True), key="order"))
    for order in ("o1", "o2", "o1"):
        engine.record("ann", "start", {"order": order})
    assert len(marks(engine)) == 2


def test_a_limit_counts_per_customer_unless_told_otherwise():  # S4.4
    engine = engine_of(started("start", limit=once(), key="order"))
    for order in ("o1", "o2"):
        engine.record("ann", "start", {"order": order})
    assert len(marks(engine)) == 1


def test_concurrency_is_looked_at_before_the_limit():  # S4.4
    engine = engine_of(waiting(Wait(days(1)), limit=once()))
    engine.record("ann", "start")
    engine.record("ann", "start")
    assert [line[3] for line in trace(engine) if line[0] == "refused"] == ["live"]


# --- the order of one decision ----------------------------------------------------------------------------------------


def test_a_run_of_higher_priority_takes_its_steps_first():  # S4.2
    low, high = (Rule(name, when="start", then=[Emit(name)], priority=n) for name, n in (("low", 1), ("high", 2)))
    engine = engine_of(low, high)
    engine.record("ann", "start")
    assert [each.type for each in engine.customer("ann").timeline()[1:]] == ["high", "low"]


def test_rules_of_one_round_do_not_see_each_others_effects():  # S4.2
    setting = Rule("setting", when="start", then=[SetTrait("vip", True)])
    engine = engine_of(setting, started("start", given=customer.vip))
    engine.record("ann", "start")
    assert marks(engine) == []


def test_timers_due_before_a_touchpoint_are_applied_first_each_at_its_own_instant():  # S4.2
    engine = engine_of(waiting(Wait(days(1))), started("order", name="seen", given=count("mark") == 1))
    engine.record("ann", "start")
    engine.clock.advance(days(3))
    engine.record("ann", "order")
    assert marks(engine) == [START + days(1), START + days(3)]


def test_a_condition_may_ask_for_the_instant_of_the_decision():  # S4.6
    engine = engine_of(started("start", given=now > at(2026, 3, 2, 10)))
    engine.record("ann", "start")
    pass_time(engine, hours(2))
    engine.record("ann", "start")
    assert marks(engine) == [START + hours(2)]


def test_conditions_on_history_may_relate_it_to_the_trigger():  # S4.6
    given = ~ever("review", where=event.order == trigger.order)
    engine = engine_of(started("delivered", given=given))
    engine.record("ann", "review", {"order": "o1"})
    engine.record("ann", "delivered", {"order": "o1"})
    engine.record("ann", "delivered", {"order": "o2"})
    assert len(marks(engine)) == 1


# --- changes of facts -------------------------------------------------------------------------------------------------


def test_a_wait_for_a_trait_ends_when_the_host_sets_it():  # S5.2
    engine = engine_of(waiting(WaitUntil(customer.vip, timeout=forever)))
    engine.record("ann", "start")
    engine.identify("ann", traits={"vip": False})
    assert marks(engine) == []
    engine.identify("ann", traits={"vip": True})
    assert len(marks(engine)) == 1


def test_a_wait_for_a_trait_ends_when_another_run_sets_it():  # S5.2
    promote = Rule("promote", when="order", then=[SetTrait("vip", True)])
    engine = engine_of(waiting(WaitUntil(customer.vip, timeout=forever)), promote)
    engine.record("ann", "start")
    engine.record("ann", "order")
    assert len(marks(engine)) == 1


def test_an_exit_on_a_trait_acts_when_the_host_sets_it():  # S5.3
    engine = engine_of(waiting(Wait(days(5)), exit=customer.left))
    engine.record("ann", "start")
    engine.identify("ann", traits={"left": True})
    assert reasons(engine) == ["exit"]
