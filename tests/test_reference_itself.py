"""Examples worked out by hand, which pin the reference interpreter; and laws that hold for whatever it plays."""

import os
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, reject, settings

from reference.evaluate import UNKNOWN, Look, evaluate
from reference.generate import Dice, worlds
from reference.generate import world as make_world
from reference.interpreter import Event, Person, run
from reference.local import from_local, later, next_clock, opening
from touchpoint.durations import calendar_days, days, forever, hours, length, micros, minutes, months
from touchpoint.errors import DefectiveJourney, InvalidTouchpoint
from touchpoint.journey.calendar_triggers import DateDue, Schedule, usual
from touchpoint.journey.conditions import count, customer, event, ever, in_segment, in_stage, outcome, trigger
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Cap, Hold, Policy, Spacing
from touchpoint.journey.rule import Goal, Rule
from touchpoint.journey.segment import Segment
from touchpoint.journey.stage import Stage
from touchpoint.journey.steps import (
    Branch,
    CloseCase,
    Emit,
    Enrol,
    Exit,
    Give,
    MoveTo,
    OpenCase,
    Send,
    SetTrait,
    Wait,
    WaitFor,
    WaitUntil,
)
from touchpoint.journey.triggers import Anniversary, CaseClosed, Dwelt, Enrolled, Entered, Left, Silent
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.model.case import CaseType
from touchpoint.model.limits import cool_down, once, once_per_stage, times
from touchpoint.model.message import Content, Gift, Message

EXAMPLES = int(os.environ.get("TOUCHPOINT_REFERENCE_EXAMPLES", "100"))

T0 = micros(datetime(2026, 6, 1, 12, tzinfo=UTC))
HOUR = length(hours(1))
DAY = 24 * HOUR
EVERYBODY = frozenset({"marketing", "feedback", "gift"})
TROUBLE = CaseType("trouble")


def message(name, kind="service", *channels, **more):
    return Message(name, why="test", kind=kind, channels=channels or ["email"], content=Content(text="x"), **more)


def at(hours_on, type_, properties=None, **more):
    """Something ann does so many hours after noon on the first of June."""
    return Event("ann", type_, T0 + round(hours_on * HOUR), properties or {}, **more)


def play(rules, *events, policy=None, until=60 * 24, person=None, **parts):
    """Ann's part of the outcome of one journey, `until` hours on."""
    journey = Journey("j", rules=rules, **parts)
    people = {"ann": person or Person(grants=EVERYBODY)}
    return run([journey], policy, people, events, T0 + until * HOUR)


def got(outcome):
    return [name for name, _ in outcome.inbox("ann")]


def sent_at(outcome):
    return [(entry[3] - T0) / HOUR for entry in outcome.of("ann", "message") if entry[2] == "sent"]


def open_cases(outcome):
    return [ref for (_, ref), closed in outcome.customers["ann"].cases.items() if closed is None]


# --- runs and triggers ------------------------------------------------------------------------------------------------


def test_one_run_of_a_customer_is_live_by_default():  # S4.4
    rule = Rule("r", when="go", then=[Wait(days(1)), Send(message("m"))])
    assert got(play([rule], at(0, "go"), at(0, "go"))) == ["m"]
    assert got(play([rule], at(0, "go"), at(0, "go"), at(48, "go"))) == ["m", "m"]


def test_the_log_tells_what_happened_in_order():  # S4.2
    rule = Rule("r", when="go", then=[Wait(hours(1)), Send(message("m"))])
    assert play([rule], at(0, "go"), at(0, "go")).of("ann") == [
        ("started", "r", None, T0),
        ("refused", "r", "live", T0),
        ("message", "m", "sent", T0 + HOUR, "email"),
        ("ended", "r", None, "done", T0 + HOUR),
    ]


def test_one_run_of_a_key_is_live():  # S4.4
    reminder = WaitFor("paid", timeout=days(1), otherwise=[Send(message("reminder"))])
    rule = Rule("r", when="go", key="order", then=[reminder])
    events = [at(0, "go", {"order": each}) for each in "abca"] + [at(0, "paid", {"order": "b"})]
    assert got(play([rule], *events)) == ["reminder"] * 2
    events += [at(48, "go", {"order": "d"}), at(48, "paid")]
    assert got(play([rule], *events)) == ["reminder"] * 2


def test_a_restart_ends_the_live_run_and_parallel_runs_do_not_mind():  # S4.4
    again = Rule("again", when="go", concurrency="restart", then=[Wait(days(1)), Send(message("again"))])
    both = Rule("both", when="go", concurrency="parallel", then=[Wait(days(1)), Send(message("both"))])
    outcome = play([again, both], at(0, "go"), at(12, "go"))
    assert sorted(got(outcome)) == ["again", "both", "both"]
    assert ("ended", "again", None, "restarted", T0 + 12 * HOUR) in outcome.of("ann")


@pytest.mark.parametrize(("limit", "expected"), [(once(), 1), (times(2, per=days(30)), 3), (cool_down(days(14)), 3)])
def test_limits_count_the_starts_in_their_period(limit, expected):  # S4.4
    rule = Rule("r", when="go", limit=limit, then=[Send(message("m"))])
    assert len(got(play([rule], *(at(7 * 24 * week, "go") for week in range(6))))) == expected


def test_a_calendar_limit_counts_the_starts_of_the_month():  # S4.4
    rule = Rule("r", when="go", limit=times(1, per=months(1)))
    starts = play([rule], at(0, "go"), at(24, "go"), at(30 * 24, "go"), until=40 * 24).of("ann", "started")
    assert [start[3] for start in starts] == [T0, T0 + 30 * DAY]


def test_limits_count_per_customer_unless_told_otherwise():  # S4.4
    every = Rule("all", when="go", key="order", limit=times(1, per=days(30)), then=[Send(message("all"))])
    limit = times(1, per=days(30), per_key=True)
    each = Rule("each", when="go", key="order", limit=limit, then=[Send(message("each"))])
    events = [at(0, "go", {"order": order}) for order in "aba"]
    assert sorted(got(play([every, each], *events))) == ["all", "each", "each"]


def test_once_per_stage_counts_from_the_entering_of_the_stage():  # S4.4
    rule = Rule("r", when="go", limit=once_per_stage())
    stages = [Stage("a", phase="engage", when="in"), Stage("b", phase="delight", when="on")]
    acts = ["go", "go", "in", "go", "go", "on", "go"]
    outcome = play([rule], *(at(hour, act) for hour, act in enumerate(acts)), stages=stages)
    assert [(start[3] - T0) / HOUR for start in outcome.of("ann", "started")] == [0, 3, 6]


def test_concurrency_is_looked_at_before_the_limit():  # S4.4
    rule = Rule("r", when="go", limit=once(), then=[Wait(hours(2))])
    refused = play([rule], at(0, "go"), at(1, "go"), at(3, "go")).of("ann", "refused")
    assert [entry[2] for entry in refused] == ["live", "limit"]


def test_a_silence_is_over_once_and_begins_anew():  # S4.1
    rule = Rule("r", when=Silent(days(1), of="go"))
    outcome = play([rule], at(0, "go"), at(12, "go"), at(100, "go"))
    assert [(start[3] - T0) / HOUR for start in outcome.of("ann", "started")] == [36, 124]


def test_what_we_send_breaks_no_silence():  # S4.1
    rule = Rule("r", when=Silent(days(1)))
    outcome = play([rule], at(0, "go"), at(12, "called", direction="outbound"))
    assert [(start[3] - T0) / HOUR for start in outcome.of("ann", "started")] == [24]


def test_a_dwell_ends_with_its_stage():  # S3.2
    stages = [Stage("a", phase="engage", when="in"), Stage("b", phase="delight", when="on")]
    rule = Rule("r", when=Dwelt("a", days(1)))
    outcome = play([rule], at(0, "in"), at(12, "on"), at(24, "in"), stages=stages)
    assert [(start[3] - T0) / HOUR for start in outcome.of("ann", "started")] == [48]


def test_leaving_comes_before_entering():  # S3.2
    stages = [Stage("a", phase="engage", when="in"), Stage("b", phase="delight", when="on")]
    rules = [Rule("came", when=Entered("b")), Rule("went", when=Left("a"))]
    outcome = play(rules, at(0, "in"), at(1, "on"), stages=stages)
    assert [start[1] for start in outcome.of("ann", "started")] == ["went", "came"]


def test_an_anniversary_comes_round_every_year():  # S4.1
    rule = Rule("r", when=Anniversary("birthday", before=days(1)))
    person = Person(zones=("UTC",), traits={"birthday": "1990-06-03"})
    outcome = play([rule], at(0, "go"), person=person, until=400 * 24)
    assert [(start[3] - T0) / HOUR for start in outcome.of("ann", "started")] == [21, 21 + 365 * 24]


def test_a_date_comes_once_and_not_if_it_is_past():  # S4.1, S2.5
    rules = [Rule("day", when=DateDue("day", after=days(1))), Rule("past", when=DateDue("day", before=days(3)))]
    person = Person(zones=("UTC",), traits={"day": "2026-06-03"})
    outcome = play(rules, at(0, "go"), person=person, until=400 * 24)
    assert [(start[1], (start[3] - T0) / HOUR) for start in outcome.of("ann", "started")] == [("day", 69)]


def test_a_date_that_is_set_to_what_it_was_as_it_falls_due_comes_all_the_same():  # S2.5, S4.1
    rules = [
        Rule("day", when=DateDue("day", after=days(1))),
        Rule("set", when="go", then=[SetTrait("day", "2026-06-03")]),
    ]
    person = Person(zones=("UTC",), traits={"day": "2026-06-03"})
    outcome = play(rules, at(69, "go"), at(0, "hello"), person=person)
    starts = [(start[1], (start[3] - T0) / HOUR) for start in outcome.of("ann", "started")]
    assert starts == [("set", 69), ("day", 69)]


def test_a_schedule_comes_round_from_the_first_touch_on():  # S4.1
    rule = Rule("r", when=Schedule("FREQ=WEEKLY;BYDAY=MO,TH", unknown_zone="UTC"))
    outcome = play([rule], at(0, "go"), until=11 * 24)
    assert [(start[3] - T0) / HOUR for start in outcome.of("ann", "started")] == [69, 165, 237]


def test_a_silence_may_last_as_long_as_is_usual():  # S4.1
    rule = Rule("r", when=Silent(usual(1.5), of="go", at_least=days(1), otherwise=days(6)))
    outcome = play([rule], *(at(24 * n, "go") for n in (0, 2, 4, 7)), until=30 * 24)
    assert [(start[3] - T0) / HOUR for start in outcome.of("ann", "started")] == [(7 + 1.5 * 2) * 24]
    outcome = play([rule], *(at(24 * n, "go") for n in (0, 2, 4)), until=30 * 24)
    assert [(start[3] - T0) / HOUR for start in outcome.of("ann", "started")] == [(4 + 6) * 24]


def test_the_first_stage_that_matches_wins_and_is_not_entered_again():  # S3.2
    stages = [Stage("a", phase="engage", when="go"), Stage("b", phase="delight", when="go")]
    outcome = play([Rule("note", when=Entered("a"))], at(0, "go"), at(0, "go"), stages=stages)
    assert outcome.of("ann", "stage") == [("stage", "j", None, "a", T0)]
    assert len(outcome.of("ann", "started")) == 1


def test_after_and_reenter_say_where_from():  # S3.1, S3.2
    first = Stage("a", phase="engage", when="go", reenter=True)
    stages = [first, Stage("b", phase="delight", when="on", after="a")]
    outcome = play([], at(0, "on"), at(1, "go"), at(2, "go"), at(3, "on"), stages=stages)
    assert [entry[2:4] for entry in outcome.of("ann", "stage")] == [(None, "a"), ("a", "a"), ("a", "b")]


# --- conditions -------------------------------------------------------------------------------------------------------


def test_missing_data_is_unknown_and_never_true():  # S4.6
    old = customer.age >= 18
    rules = [
        Rule("yes", when="go", given=old),
        Rule("no", when="go", given=~old),
        Rule("either", when="go", given=old | (event.ok == True)),  # noqa: E712
    ]
    outcome = play(rules, at(0, "go", {"ok": True}))
    assert [start[1] for start in outcome.of("ann", "started")] == ["either"]
    assert [entry[1:3] for entry in outcome.of("ann", "refused")] == [("yes", "given"), ("no", "given")]


def test_unknown_follows_three_valued_logic():  # S4.6
    missing, yes, no = event.x == 1, event.n == 1, event.n == 2
    conditions = [missing, ~missing, missing & no, missing & yes, missing | yes, missing | no]
    outcome = play([], at(0, "go", {"n": 1}))
    ann = outcome.customers["ann"]
    look = Look(ann, "j", ann.timeline[0], ann.timeline[0])
    values = [evaluate(each, look) for each in conditions]
    assert values == [UNKNOWN, UNKNOWN, False, UNKNOWN, True, UNKNOWN]


def test_the_rule_sees_the_touchpoint_that_triggers_it():  # S4.2
    rules = [Rule("first", when="go", given=count("go") == 1), Rule("more", when="go", given=count("go") >= 2)]
    outcome = play(rules, at(0, "go"), at(1, "go"))
    assert [start[1] for start in outcome.of("ann", "started")] == ["first", "more"]


def test_a_window_is_open_at_its_far_end():  # S4.4
    rule = Rule("r", when="go", given=count("go", within=days(1)) == 1)
    outcome = play([rule], at(0, "go"), at(24, "go"), at(24, "go", id="again"))
    assert [start[3] for start in outcome.of("ann", "started")] == [T0, T0 + DAY]


def test_where_compares_what_was_with_what_is():  # S4.6
    seen = ever("review", where=event.order == trigger.order)
    rule = Rule("r", when="go", given=seen)
    outcome = play([rule], at(0, "review", {"order": "a"}), at(1, "go", {"order": "b"}), at(2, "go", {"order": "a"}))
    assert [start[3] for start in outcome.of("ann", "started")] == [T0 + 2 * HOUR]


def test_event_is_what_last_moved_the_run():  # S5.3
    steps = [
        Branch(event.n == 1, then=[Send(message("trigger"))]),
        WaitFor("answer", timeout=days(3)),
        Wait(days(1)),
        Branch(event.n == 2, then=[Send(message("answer"))]),
    ]
    outcome = play([Rule("r", when="go", then=steps)], at(0, "go", {"n": 1}), at(0, "answer", {"n": 2}))
    assert got(outcome) == ["trigger", "answer"]


# --- late, early, twice -----------------------------------------------------------------------------------------------


def test_a_late_touchpoint_counts_but_starts_nothing():  # S1.5
    rules = [Rule("first", when="go", given=count("go") == 1), Rule("second", when="go", given=count("go") == 2)]
    outcome = play(rules, at(-30 * 24, "go", recorded_at=T0), at(1, "go"))
    assert [start[1] for start in outcome.of("ann", "started")] == ["second"]


@pytest.mark.parametrize(("beside", "starts"), [(0, 1), (-1, 0)])
def test_late_is_older_than_seven_days(beside, starts):  # S1.5
    outcome = play([Rule("r", when="go")], Event("ann", "go", T0 - 7 * DAY + beside, recorded_at=T0))
    assert len(outcome.of("ann", "started")) == starts


def test_a_late_touchpoint_ends_a_live_wait():  # S1.5
    wait = WaitFor("answer", timeout=days(30), otherwise=[Send(message("reminder"))])
    rule = Rule("r", when="go", then=[wait])
    assert got(play([rule], at(0, "go"), at(10 * 24, "answer", recorded_at=T0 + 20 * DAY))) == []


def test_a_touchpoint_counts_once():  # S1.3
    rule = Rule("r", when="go")
    same, other = at(0, "go", id="1"), at(1, "go", {"n": 2}, id="1")
    assert play([rule], same, same, other).of("ann") == [
        ("started", "r", None, T0),
        ("ended", "r", None, "done", T0),
        ("duplicate", "1", T0),
        ("conflict", "1", T0 + HOUR),
    ]


def test_a_touchpoint_from_the_future_is_refused():  # S1.5
    soon, too_soon = T0 + length(minutes(5)), T0 + length(minutes(6))
    assert len(play([Rule("r", when="go")], Event("ann", "go", soon, recorded_at=T0)).of("ann", "started")) == 1
    with pytest.raises(InvalidTouchpoint):
        play([], Event("ann", "go", too_soon, recorded_at=T0))


# --- waits ------------------------------------------------------------------------------------------------------------

NIGHT = QuietHours("21:00", "08:00", unknown_zone="deny")
NOON = QuietHours("11:00", "14:00", unknown_zone="deny")
REMIND = {"timeout": days(3), "otherwise": [Send(message("reminder"))]}


def test_a_reply_while_the_mail_waits_is_not_lost():  # S5.2
    rule = Rule("r", when="go", then=[Send(message("question")), WaitFor("answer", **REMIND)])
    assert got(play([rule], at(10, "go"), at(11, "answer"), policy=Policy(NIGHT))) == ["question"]


@pytest.mark.parametrize(("since", "expected"), [("send", []), ("run", []), ("now", ["reminder"])])
def test_how_far_back_a_wait_looks(since, expected):  # S5.2
    steps = [Wait(days(1)), Wait(days(1)), WaitFor("answer", since=since, **REMIND)]
    rule = Rule("r", when="go", then=steps)
    assert got(play([rule], at(0, "answer"), at(0, "go"))) == ["reminder"]
    assert got(play([rule], at(0, "go"), at(12, "answer"))) == expected


def test_an_answer_counts_from_the_last_mail_on():  # S5.2
    mails = [Send(message("first")), Wait(hours(25)), Send(message("question"))]
    steps = [*mails, Wait(hours(1)), WaitFor("answer", **REMIND)]
    rule = Rule("r", when="go", then=steps)
    first = [at(0, "go"), at(6, "answer")]  # to the first mail, which left at 14:00
    assert got(play([rule], *first, policy=Policy(NOON))) == ["first", "question", "reminder"]
    second = [at(-1.5, "go"), at(24, "answer")]  # the question falls due on the next day at 11:30, and leaves at 14:00
    assert got(play([rule], *second, policy=Policy(NOON))) == ["first", "question"]


def test_since_run_looks_past_a_send():  # S5.2
    steps = [Wait(days(1)), Send(message("question")), WaitFor("answer", since="run", **REMIND)]
    assert got(play([Rule("r", when="go", then=steps)], at(0, "go"), at(0, "answer"))) == ["question"]


def test_one_touchpoint_ends_one_wait_and_never_the_first_of_its_own_run():  # S5.2
    steps = [
        WaitFor("ping", timeout=days(9), otherwise=[Exit("one only")]),
        WaitFor("ping", timeout=days(9), otherwise=[Exit("two only")]),
        Send(message("three")),
    ]
    rule = Rule("r", when="ping", then=steps)
    assert got(play([rule], at(0, "ping"), at(0, "ping"), until=24)) == []
    assert got(play([rule], at(0, "ping"), at(0, "ping"), at(0, "ping"))) == ["three"]


def test_steps_that_take_no_time_do_not_narrow_a_wait():  # S5.2
    steps = [Send(message("question")), OpenCase(TROUBLE), Branch(count("go") >= 1, then=[WaitFor("answer", **REMIND)])]
    rule = Rule("r", when="go", then=steps)
    assert got(play([rule], at(0, "go"), at(1, "answer"), policy=Policy(NOON), cases=[TROUBLE])) == ["question"]


def test_a_touchpoint_comes_before_a_timeout_of_the_same_instant():  # S2.5
    rule = Rule("r", when="go", then=[WaitFor("answer", **REMIND)])
    assert got(play([rule], at(0, "go"), at(72, "answer"))) == []
    assert got(play([rule], at(0, "go"), Event("ann", "answer", T0 + 3 * DAY + 1))) == ["reminder"]


def test_given_is_asked_of_each_answer():  # S5.2
    wait = WaitFor("answer", given=event.n >= 2, timeout=forever, then=[Send(message("thanks"))])
    rule = Rule("r", when="go", then=[wait])
    outcome = play([rule], at(0, "go"), at(1, "answer", {"n": 1}), at(2, "answer", {"n": 2}))
    assert sent_at(outcome) == [2]


def test_a_wait_until_passes_at_once_or_when_a_window_lapses():  # S5.2
    wait = WaitUntil(count("go", within=days(1)) == 0, timeout=forever, then=[Send(message("m"))])
    assert sent_at(play([Rule("r", when="in", then=[wait])], at(0, "in"))) == [0]
    assert sent_at(play([Rule("r", when="go", then=[wait])], at(0, "go"), at(5, "go"))) == [29]


def test_a_wait_until_ends_with_its_timeout():  # S5.2
    wait = WaitUntil(ever("paid"), timeout=days(1), otherwise=[Send(message("m"))])
    assert sent_at(play([Rule("r", when="go", then=[wait])], at(0, "go"))) == [24]
    assert sent_at(play([Rule("r", when="go", then=[wait])], at(0, "go"), at(24, "paid"))) == []


def test_calendar_waits_keep_the_local_time_of_the_latest_zone():  # S2.1, S2.2
    berlin, utc = "Europe/Berlin", "UTC"
    saturday = from_local(datetime(2026, 3, 28, 2, 30), berlin)
    assert later(saturday, calendar_days(1), [berlin]) == from_local(datetime(2026, 3, 29, 3, 0), berlin)
    assert later(saturday, calendar_days(2), [berlin]) == saturday + 47 * HOUR
    assert later(saturday, calendar_days(2), [berlin, utc]) == saturday + 48 * HOUR
    assert next_clock(T0, "12:00", [utc]) == T0
    assert next_clock(T0, "12:00", [berlin]) == T0 + 22 * HOUR


# --- ends of runs -----------------------------------------------------------------------------------------------------


def test_a_run_that_ends_takes_its_waiting_messages_along():  # S5.3
    rules = [
        Rule("goal", when="go", goal=Goal("bought"), then=[Send(message("m"))]),
        Rule("again", when="go", concurrency="restart", then=[Send(message("again"))]),
    ]
    events = [at(0, "go"), at(0, "bought"), at(0, "go", {"n": 2}), at(0, "bought", id="b2")]
    outcome = play(rules, *events, policy=Policy(NOON))
    assert got(outcome) == ["again"]
    assert outcome.ends("ann")[0] == ("m", "withdrawn", T0)
    assert [entry[3] for entry in outcome.of("ann", "ended")] == ["goal", "restarted", "goal", "done"]


def test_exits_act_in_the_middle_of_a_wait():  # S5.3
    rule = Rule("r", when="go", exit=["gone", count("go", within=days(2)) == 0], then=[Wait(days(9))])
    assert play([rule], at(0, "go"), at(1, "gone")).of("ann", "ended") == [("ended", "r", None, "exit", T0 + HOUR)]
    assert play([rule], at(0, "go")).of("ann", "ended") == [("ended", "r", None, "exit", T0 + 2 * DAY)]


@pytest.mark.parametrize(("hours_on", "goals"), [(48, 1), (49, 0)])
def test_a_goal_is_watched_after_the_last_step(hours_on, goals):  # S5.3
    rule = Rule("r", when="go", goal=Goal("bought", within=days(2)), then=[Wait(hours(1))])
    outcome = play([rule], at(0, "go"), at(hours_on, "bought"))
    assert outcome.of("ann", "ended") == [("ended", "r", None, "done", T0 + HOUR)]
    assert len(outcome.of("ann", "goal")) == goals


def test_a_goal_that_does_not_end_the_run_is_counted():  # S5.3
    rule = Rule("r", when="go", goal=Goal("bought", ends=False), then=[Wait(days(1)), Send(message("m"))])
    outcome = play([rule], at(0, "go"), at(1, "bought"))
    assert [entry[0] for entry in outcome.of("ann")] == ["started", "goal", "message", "ended"]


def test_an_exit_says_why():  # S5.2
    rule = Rule("r", when="go", then=[Exit("enough"), Send(message("m"))])
    assert play([rule], at(0, "go")).of("ann", "ended") == [("ended", "r", None, "exit: enough", T0)]


# --- steps that take no time ------------------------------------------------------------------------------------------


def test_cases_of_a_keyed_run_bear_its_key():  # S8.2
    rules = [
        Rule("open", when="opened", key="id", then=[OpenCase(TROUBLE)]),
        Rule("close", when="solved", key="id", then=[CloseCase(TROUBLE)]),
    ]
    events = [at(0, "opened", {"id": each}) for each in "121"] + [at(0, "solved", {"id": "1"})]
    outcome = play(rules, *events, cases=[TROUBLE])
    assert open_cases(outcome) == ["2"]
    assert outcome.of("ann", "opened", "closed") == [
        ("opened", "trouble", "1", T0),
        ("opened", "trouble", "2", T0),
        ("closed", "trouble", "1", T0),
    ]


def test_several_segments_are_told_of_as_declared_but_right_before_each_those_it_asks_about():  # S3.3
    segments = [
        Segment("asks", in_segment("asked") & ever("order")),
        *(Segment(name, ever("order")) for name in ("plain", "asked", "last")),
    ]
    outcome = play([], at(0, "order"), segments=segments)
    assert [entry[3] for entry in outcome.of("ann", "segment")] == ["asked", "asks", "plain", "last"]


def test_a_case_whose_ref_is_missing_bears_the_key_of_its_run():  # S8.2
    rule = Rule("open", when="opened", key="id", then=[OpenCase(TROUBLE, ref=event.ticket)])
    outcome = play(
        [rule],
        *[at(0, "opened", {"id": "1", **more}) for more in ({"ticket": "2"}, {}, {"ticket": None})],
        cases=[TROUBLE],
    )
    assert open_cases(outcome) == ["2", "1"]


def test_a_closed_case_is_an_event():  # S4.1
    outcome = play(
        [Rule("r", when=CaseClosed(TROUBLE))],
        at(0, "trouble", {"ref": "1"}, act="open_case"),
        at(1, "trouble", {"ref": "1"}, act="close_case"),
        at(2, "trouble", {"ref": "1"}, act="close_case"),
        cases=[TROUBLE],
    )
    assert [start[3] for start in outcome.of("ann", "started")] == [T0 + HOUR]


def test_what_a_step_raises_is_handled_after_the_steps():  # S4.2
    rules = [
        Rule("first", when="go", then=[Emit("ping", {"n": event.n}), MoveTo("a"), Send(message("m"))]),
        Rule("second", when="ping", given=event.n == 3),
        Rule("third", when=Entered("a")),
    ]
    outcome = play(rules, at(0, "go", {"n": 3}), stages=[Stage("a", phase="engage")])
    assert [entry[:2] for entry in outcome.of("ann", "started", "stage")] == [
        ("started", "first"),
        ("stage", "j"),
        ("started", "second"),
        ("started", "third"),
    ]


def test_an_enrolment_asks_the_rule_as_any_trigger_does():  # S5
    rules = [
        Rule("first", when="go", then=[Enrol("second"), Enrol("third")]),
        Rule("second", when="never"),
        Rule("third", when=Enrolled(), given=customer.vip),
    ]
    outcome = play(rules, at(0, "go"), at(1, "second", act="enrol"))
    assert [start[1] for start in outcome.of("ann", "started")] == ["first", "second", "second"]
    assert [entry[1:3] for entry in outcome.of("ann", "refused")] == [("third", "given")]


def test_a_trait_is_set_for_all_and_a_missing_value_sets_none():  # S5
    steps = [SetTrait("level", event.n), Branch(customer.level == 1, then=[Send(message("one"))])]
    outcome = play([Rule("r", when="go", then=steps)], at(0, "go", {"n": 1}), at(1, "go"))
    assert got(outcome) == ["one", "one"]


def test_priority_goes_before_declaration():  # S4.2
    rules = [
        Rule("low", when="go", then=[SetTrait("who", "low")]),
        Rule("high", when="go", priority=1, then=[SetTrait("who", "high")]),
    ]
    assert play(rules, at(0, "go")).customers["ann"].traits == {"who": "low"}


def test_rules_that_turn_in_a_circle_are_a_defect():  # S4.3
    with pytest.raises(DefectiveJourney):
        play([Rule("r", when="go", then=[Emit("go")])], at(0, "go"))


# --- messages ---------------------------------------------------------------------------------------------------------

PARALLEL = {"when": "go", "concurrency": "parallel"}


def test_a_message_expires_rather_than_surprise():  # S6.7
    rule = Rule("r", when="go", then=[Send(message("soon", expires=hours(2)))])
    outcome = play([rule], at(0, "go"), policy=Policy(QuietHours("09:00", "18:00", unknown_zone="deny")))
    assert outcome.ends("ann") == [("soon", "expired", T0 + 2 * HOUR)]


def test_quiet_hours_bind_every_kind_and_end_at_their_end():  # S6.5, S2.4
    rule = Rule("r", when="go", then=[Send(message("m"))])
    assert sent_at(play([rule], at(0, "go"), policy=Policy(QuietHours("10:00", "14:00", unknown_zone="deny")))) == [2]


def test_without_a_zone_the_window_decides():  # S2.3
    rule = Rule("r", when="go", then=[Send(message("m"))])
    nobody_knows = Person(zones=())
    outcome = play([rule], at(0, "go"), policy=Policy(NOON), person=nobody_knows)
    assert outcome.ends("ann") == [("m", "denied", T0)]
    berlin = Policy(QuietHours("11:00", "15:00", unknown_zone="Europe/Berlin"))
    assert sent_at(play([rule], at(0, "go"), policy=berlin, person=nobody_knows)) == [1]


def test_a_window_is_open_where_all_zones_agree():  # S2.3
    window = SendWindow(("09:00", "12:00"), ("14:00", "20:00"), weekdays=["mon", "tue"], unknown_zone="deny")
    assert opening(window, T0, ("UTC",)) == T0 + 2 * HOUR
    assert opening(window, T0, ("UTC", "America/New_York")) == T0 + 2 * HOUR
    assert opening(window, T0 + 8 * HOUR, ("UTC",)) == T0 + 21 * HOUR
    assert opening(window, T0 + 3 * DAY, ("UTC",)) == T0 + 7 * DAY - 3 * HOUR


def test_a_cap_is_free_again_at_exactly_its_period():  # S6.6
    rule = Rule("r", **PARALLEL, then=[Send(message("m", "marketing"))])
    policy = Policy(Cap(1, per=hours(24), kinds=["marketing"]))
    assert sent_at(play([rule], at(0, "go"), at(1, "go"), policy=policy)) == [0, 24]


def test_a_calendar_cap_is_free_with_the_new_day():  # S6.6
    rule = Rule("r", **PARALLEL, then=[Send(message("m", "marketing"))])
    policy = Policy(Cap(1, per=calendar_days(1)))
    assert sent_at(play([rule], at(0, "go"), at(1, "go"), policy=policy)) == [0, 12]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("transactional", "sent"),
        ("service", "sent"),
        ("marketing", "denied"),
        ("feedback", "denied"),
        ("gift", "denied"),
    ],
)
def test_which_kinds_go_out_without_a_grant(kind, status):  # S7.2
    rule = Rule("r", when="go", then=[Send(message("m", kind))])
    assert play([rule], at(0, "go"), person=Person()).ends("ann") == [("m", status, T0)]


def test_a_refusal_that_lapses_in_time_is_no_refusal():  # S6.5
    rule = Rule("r", **PARALLEL, then=[Send(message("m", "marketing"))])
    policy = Policy(QuietHours("13:00", "18:00", unknown_zone="deny"), Cap(1, per=hours(6), over="deny"))
    assert sent_at(play([rule], at(0, "go"), at(2, "go"), policy=policy)) == [0, 6]
    assert play([rule], at(0, "go"), at(0.5, "go"), policy=policy).ends("ann")[1][1] == "denied"


def test_a_deferred_channel_is_waited_for():  # S6.5
    rule = Rule("r", **PARALLEL, then=[Send(message("m", "marketing", "sms", "email"))])
    outcome = play([rule], at(0, "go"), at(0, "go"), policy=Policy(Cap(1, per=days(1), channels=["sms"])))
    assert outcome.inbox("ann") == [("m", "sms"), ("m", "sms")]


def test_spacing_keeps_channels_apart():  # S6.5
    rules = [Rule("s", when="go", then=[Send(message("s", "service", "sms"))])]
    rules += [Rule("e", **PARALLEL, then=[Send(message("e"))])]
    outcome = play(rules, at(0, "go"), at(1, "go", id="2"), policy=Policy(Spacing(hours(4))))
    assert [(name, (entry[3] - T0) / HOUR) for entry in outcome.of("ann", "message") for name in [entry[1]]] == [
        ("e", 0),
        ("e", 1),
        ("s", 5),
    ]


def opens(ref, hours_on=0):
    return at(hours_on, "trouble", {"ref": ref}, act="open_case")


def closes(ref, hours_on):
    return at(hours_on, "trouble", {"ref": ref}, act="close_case")


@pytest.mark.parametrize("cool_off", [0, 6])
def test_a_hold_ends_with_the_last_case_and_its_cool_off(cool_off):  # S6.10
    rule = Rule("r", when="go", then=[Send(message("promo", "marketing"))])
    policy = Policy(Hold(while_open=[TROUBLE], kinds=["marketing"], cool_off=hours(cool_off)))
    events = [opens("1"), opens("2"), at(0, "go"), closes("1", 1), closes("2", 13)]
    assert sent_at(play([rule], *events, policy=policy, cases=[TROUBLE])) == [13 + cool_off]


@pytest.mark.parametrize(("kind", "best_before"), [("transactional", 1), ("service", 3), ("marketing", 7)])
@pytest.mark.parametrize(("beside", "status"), [(-1, "sent"), (0, "expired"), (1, "expired")])
def test_best_before_by_kind(kind, best_before, beside, status):  # S6.7
    rule = Rule("r", when="go", then=[Send(message("m", kind))])
    events = [opens("1"), at(0, "go"), closes("1", best_before * 24 + beside)]
    outcome = play([rule], *events, policy=Policy(Hold(while_open=[TROUBLE])), cases=[TROUBLE])
    assert [end[1] for end in outcome.ends("ann")] == [status]


def test_still_is_asked_again_at_release():  # S5.1
    rule = Rule("r", when="go", then=[Send(message("m"), still=~ever("paid")), Send(message("after"))])
    outcome = play([rule], at(0, "go"), at(1, "paid"), policy=Policy(NOON))
    assert outcome.ends("ann") == [("m", "withdrawn", T0 + 2 * HOUR), ("after", "sent", T0 + 2 * HOUR)]


def test_the_next_steps_know_what_became_of_a_message():  # S5.1
    steps = [
        Send(message("promo", "marketing"), otherwise=[Send(message("instead"))]),
        Branch(outcome("promo") == "denied", then=[Send(message("told"))]),
    ]
    assert got(play([Rule("r", when="go", then=steps)], at(0, "go"), person=Person())) == ["instead", "told"]


def test_who_competes_for_a_cap_wins_by_priority():  # S6.6
    rules = [
        Rule("low", when="go", then=[Send(message("low"))]),
        Rule("high", when="go", then=[Send(message("high", priority=1))]),
    ]
    policy = Policy(Cap(1, per=days(1)))
    assert got(play(rules, at(0, "go"), policy=policy)) == ["high", "low"]


@pytest.mark.parametrize(("look_ahead", "expected"), [(hours(1), ["low", "high"]), (hours(2), ["high", "low"])])
def test_a_higher_message_reserves_its_place(look_ahead, expected):  # S6.6
    rules = [
        Rule("low", when="go", then=[Send(message("low"))]),
        Rule("high", when="go", then=[Send(message("high", "marketing", priority=1))]),
    ]
    quiet = QuietHours("10:00", "14:00", unknown_zone="deny", kinds=["marketing"])
    policy = Policy(Cap(1, per=days(1)), quiet, look_ahead=look_ahead)
    assert got(play(rules, at(0, "go"), policy=policy)) == expected


def test_equal_caps_of_journeys_share_a_counter_and_others_do_not():  # S6.4
    cap = Cap(1, per=days(1))

    def journey(name, policy):
        return Journey(name, rules=[Rule(name, when="go", then=[Send(message(name))])], policy=policy)

    three = [journey("one", Policy(cap)), journey("two", Policy(cap)), journey("free", None)]
    outcome = run(three, None, {}, [at(0, "go")], T0 + 9 * DAY)
    assert [(name, end - T0) for name, _, end in outcome.ends("ann")] == [("free", 0), ("one", 0), ("two", DAY)]


def test_a_message_has_its_own_limit():  # S6.1
    rule = Rule("r", when="go", then=[Send(message("m", limit=times(1, per=days(2))))])
    outcome = play([rule], at(0, "go"), at(24, "go"), at(48, "go"))
    assert [end[1] for end in outcome.ends("ann")] == ["sent", "denied", "sent"]


def test_a_gift_budget_is_one_for_all_customers():  # S6.5
    gift = Gift("g", why="test", channels=["email"], content=Content(text="x"), worth=10, currency="EUR", budget=15)
    journey = Journey("j", rules=[Rule("r", when="go", then=[Give(gift)])])
    people = {name: Person(grants=EVERYBODY) for name in ("ann", "bob")}
    events = [Event("bob", "go", T0), Event("ann", "go", T0)]
    outcome = run([journey], None, people, events, T0)
    assert outcome.ends("bob") == [("g", "sent", T0)]
    assert outcome.ends("ann") == [("g", "denied", T0)]


def test_the_stage_is_known_to_conditions():  # S3
    rule = Rule("r", when="go", given=in_stage("a"))
    outcome = play([rule], at(0, "go"), at(1, "in"), at(2, "go"), stages=[Stage("a", phase="engage", when="in")])
    assert [start[3] for start in outcome.of("ann", "started")] == [T0 + 2 * HOUR]


# --- laws -------------------------------------------------------------------------------------------------------------


def simulated(world):
    history = world.history
    return run(world.journeys, world.policy, history.customers, history.events, history.end)


def played(world):
    try:
        return simulated(world)
    except DefectiveJourney:
        reject()


@settings(max_examples=40)
@given(worlds())
def test_equal_histories_give_equal_decisions(world):  # S11.5
    assert played(world).log == played(world).log


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_time_never_runs_backwards_in_the_record(world):  # S2.5
    for log in played(world).log.values():
        instants = [when(entry) for entry in log]
        assert instants == sorted(instants)
        assert instants[-1:] <= [world.history.end]


def when(entry):
    return entry[-2] if entry[0] == "message" else entry[-1]


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_one_run_of_a_rule_and_key_is_live_unless_they_are_parallel(world):  # S4.4
    serial = {rule.name for journey in world.journeys for rule in journey.rules if rule.concurrency != "parallel"}
    for log in played(world).log.values():
        live = Counter()
        for entry in log:
            if entry[0] in ("started", "ended") and entry[1] in serial:
                live[entry[1:3]] += 1 if entry[0] == "started" else -1
                assert live[entry[1:3]] in (0, 1)


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_every_message_ends_once_and_no_later_than_it_expires(world):  # S6.7
    for person in played(world).customers.values():
        ended = [entry for entry in person.log if entry[0] == "message"]
        assert len(ended) + len(person.waiting()) == len(person.messages)
        best = {name: each.best_before for journey in world.journeys for name, each in journey.messages.items()}
        for pending in (each for each in person.messages if each.what.name in best):  # the others are calls
            assert pending.expires_at - pending.first_due == length(best[pending.what.name])
        assert all(pending.ask_at <= pending.expires_at for pending in person.messages)


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_no_cap_of_the_house_is_ever_exceeded(world):  # S6.6
    exempt = {name for journey in world.journeys for name, each in journey.messages.items() if each.exempt}
    caps = [item for item in world.policy.items if isinstance(item, Cap) and isinstance(item.per, timedelta)]
    for person in played(world).customers.values():
        for cap in caps:
            counted = [sent for sent in person.hand_overs if sent.counted and concerns(cap, sent)]
            for sent in (sent for sent in counted if sent.message not in exempt):
                earlier = counted[: counted.index(sent)]
                assert sum(sent.at - length(cap.per) < each.at for each in earlier) < cap.n


def concerns(cap, sent):
    return (cap.kinds is None or sent.kind in cap.kinds) and (cap.channels is None or sent.channel in cap.channels)


def test_random_worlds_see_all_there_is_to_see():
    seen = Counter()
    for seed in range(150):
        world, log = make_world(Dice.seeded(seed)), {}
        with suppress(DefectiveJourney):
            outcome = simulated(world)
            log = outcome.log
            starts = [run for each in outcome.customers.values() for run in each.starts]
            seen.update(f"by {run.trigger.kind}" for run in starts)
        for entries in log.values():
            seen.update(f"segment {entry[1]}" for entry in entries if entry[0] == "segment")
            seen.update(entry[2] if entry[0] in ("message", "refused") else entry[0] for entry in entries)
            seen.update(entry[3].split(":")[0] for entry in entries if entry[0] == "ended")
    kinds = {"started", "stage", "opened", "closed", "goal", "duplicate", "conflict", "given", "live", "limit"}
    kinds |= {"sent", "withdrawn", "denied", "expired", "done", "exit", "restarted"}
    kinds |= {"segment joined", "segment left", "by joined", "answered", "overdue"}
    assert all(seen[kind] >= 3 for kind in kinds), seen
