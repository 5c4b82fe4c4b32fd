"""Severity, owner, business hours, escalation, reopening and merging of cases (S8.2)."""

from datetime import UTC, datetime

import pytest

from making import START, engine_of, handed, marks, message, pass_time, state_of
from touchpoint import (
    BusinessHours,
    BusinessTime,
    CaseClosed,
    CaseEscalated,
    CaseMerged,
    CaseOpened,
    CaseOverdue,
    CaseReopened,
    CaseType,
    Emit,
    Hold,
    OpenCase,
    Policy,
    Rule,
    Send,
    WaitFor,
    case_open,
    days,
    event,
    forever,
    hours,
    minutes,
)
from touchpoint.errors import InvalidInput, JourneyError, UnknownCustomer, UnknownName

OFFICE = BusinessHours(("09:00", "17:00"), zone="Europe/Berlin")
LATE = CaseType("late", respond_within={"urgent": hours(1), "normal": hours(8)}, severity="normal")
RAISED = CaseType("raised", escalate=[hours(4), days(1)])
AGAIN = CaseType("again", respond_within=hours(4), reopen_within=days(7))


def made(*rules, cases=(LATE, RAISED, AGAIN), parts=None, **more):
    return engine_of(*rules, parts={"cases": cases, **(parts or {})}, **more)


def marking(*when, name="mark", **parts):
    """A rule that leaves a touchpoint that says all of what started it."""
    told = {each: getattr(event, each) for each in ("ref", "severity", "owner", "level", "opening", "into", "deadline")}
    return Rule(name, when=list(when), then=[Emit("told", told)], concurrency="parallel", **parts)


def told(engine, customer="ann"):
    """What `marking` has left, each with when."""
    timeline = engine.customer(customer).timeline()
    return [(each.at, dict(each.properties)) for each in timeline if each.type == "told"]


def the_case(engine, ref="#1", customer="ann"):
    return [each for each in engine.customer(customer).cases() if each.ref == ref][-1]


# --- severity and owner -----------------------------------------------------------------------------------------------


def test_a_step_says_how_bad_a_case_is_and_whose():
    engine = made(
        Rule("care", when="review", key="order", then=[OpenCase(LATE, severity=event.how, owner="care team")]),
        marking(CaseOpened(LATE)),
    )
    engine.record("ann", "review", {"order": "#1", "how": "urgent"})
    case = the_case(engine)
    assert (case.severity, case.owner, case.respond_by) == ("urgent", "care team", START + hours(1))
    assert told(engine) == [(START, {"ref": "#1", "severity": "urgent", "owner": "care team"})]


@pytest.mark.parametrize("how", ["dreadful", 7, None])
def test_what_is_no_severity_is_as_if_nobody_had_said_any(how):
    kind = CaseType("late", severity="high")
    engine = made(Rule("care", when="review", key="order", then=[OpenCase(kind, severity=event.how)]), cases=[kind])
    engine.record("ann", "review", {"order": "#1", "how": how})
    assert the_case(engine).severity == "high"


@pytest.mark.parametrize(
    ("severity", "due"), [("low", None), ("normal", hours(8)), ("high", hours(8)), ("urgent", hours(1))]
)
def test_a_severity_that_is_left_out_has_the_time_of_the_next_lower_one(severity, due):
    engine = made()
    engine.open_case("ann", "late", ref="#1", severity=severity)
    assert the_case(engine).respond_by == (None if due is None else START + due)


def test_conditions_ask_how_bad_an_overdue_case_is():
    engine = made(Rule("hurry", when=CaseOverdue(LATE), given=event.severity == "urgent", then=[Emit("mark")]))
    engine.open_case("ann", "late", ref="#1")
    engine.open_case("ann", "late", ref="#2", severity="urgent")
    pass_time(engine, days(1))
    assert marks(engine) == [START + hours(1)]


def test_a_case_is_given_to_somebody_and_that_is_told_from_then_on():
    engine = made(marking(CaseClosed(LATE)))
    engine.open_case("ann", "late", ref="#1", owner="chris")
    assert engine.cases.assign("ann", "late", ref="#1", owner="kim")
    assert not engine.cases.assign("ann", "late", ref="#1", owner="kim")
    assert the_case(engine).owner == "kim"
    engine.close_case("ann", "late", ref="#1")
    assert told(engine) == [(START, {"ref": "#1", "severity": "normal", "owner": "kim"})]
    assert not engine.cases.assign("ann", "late", ref="#1", owner=None)


def test_a_worse_case_has_the_deadlines_of_its_severity_from_its_opening_on():
    engine = made(marking(CaseOverdue(LATE)))
    engine.open_case("ann", "late", ref="#1", severity="low")
    pass_time(engine, minutes(30))
    assert engine.cases.set_severity("ann", "late", ref="#1", severity="urgent")
    assert the_case(engine).respond_by == START + hours(1)
    pass_time(engine, days(2))
    assert told(engine) == [(START + hours(1), {"ref": "#1", "severity": "urgent", "deadline": "response"})]


def test_what_a_worse_severity_puts_into_the_past_is_missed_at_once_and_only_once():
    engine = made(marking(CaseOverdue(LATE)))
    engine.open_case("ann", "late", ref="#1")
    pass_time(engine, hours(2))
    engine.cases.set_severity("ann", "late", ref="#1", severity="urgent")
    pass_time(engine, minutes(1))
    engine.cases.set_severity("ann", "late", ref="#1", severity="normal")
    pass_time(engine, days(2))
    assert [at for at, _ in told(engine)] == [START + hours(2)]


def test_a_case_that_is_less_bad_has_no_deadline_any_more():
    engine = made(marking(CaseOverdue(LATE)))
    engine.open_case("ann", "late", ref="#1")
    assert engine.cases.set_severity("ann", "late", ref="#1", severity="low")
    assert the_case(engine).respond_by is None
    pass_time(engine, days(2))
    assert told(engine) == []


# --- business hours ---------------------------------------------------------------------------------------------------


def test_a_deadline_in_business_hours_is_missed_at_the_instant_that_the_firms_clock_says():
    eight, ten = BusinessTime(hours(8), OFFICE), BusinessTime(hours(10), OFFICE)
    kind = CaseType("late", respond_within=eight, resolve_within=ten)
    engine = made(marking(CaseOverdue(kind)), cases=[kind])
    engine.identify("ann", timezone="America/New_York")
    pass_time(engine, hours(9))  # Monday, 18:00 UTC: the office has closed
    engine.open_case("ann", "late", ref="#1")
    pass_time(engine, days(4))
    assert [(at, each["deadline"]) for at, each in told(engine)] == [
        (datetime(2026, 3, 3, 16, tzinfo=UTC), "response"), (datetime(2026, 3, 4, 10, tzinfo=UTC), "resolution"),
    ]  # fmt: skip


# --- escalation -------------------------------------------------------------------------------------------------------


def test_a_case_is_escalated_level_by_level_at_the_exact_instants_and_once_each():
    engine = made(marking(CaseEscalated(RAISED)))
    engine.open_case("ann", "raised", ref="#1")
    pass_time(engine, days(9))
    assert told(engine) == [
        (START + hours(4), {"ref": "#1", "severity": "normal", "level": 1}),
        (START + days(1), {"ref": "#1", "severity": "normal", "level": 2}),
    ]
    case = the_case(engine)
    assert (case.level, case.escalated_at, case.overdue) == (2, (START + hours(4), START + days(1)), False)


def test_a_trigger_may_wait_for_one_level():
    engine = made(marking(CaseEscalated(RAISED, 2)))
    engine.open_case("ann", "raised", ref="#1")
    pass_time(engine, days(9))
    assert [at for at, _ in told(engine)] == [START + days(1)]


def test_a_closed_case_is_escalated_no_further():
    engine = made(marking(CaseEscalated(RAISED)))
    engine.open_case("ann", "raised", ref="#1")
    pass_time(engine, hours(5))
    engine.close_case("ann", "raised", ref="#1")
    pass_time(engine, days(9))
    assert [each["level"] for _, each in told(engine)] == [1]


@pytest.mark.parametrize(("until", "levels"), [("resolution", [1, 2]), ("response", [1])])
def test_an_answer_ends_escalation_where_the_case_type_says_so(until, levels):
    kind = CaseType("raised", escalate=[hours(4), days(1)], escalate_until=until)
    engine = made(marking(CaseEscalated(kind)), cases=[kind])
    engine.open_case("ann", "raised", ref="#1")
    pass_time(engine, hours(5))
    assert engine.answer_case("ann", "raised", ref="#1")
    pass_time(engine, days(9))
    assert [each["level"] for _, each in told(engine)] == levels


def test_an_engine_that_was_down_escalates_in_order_and_at_the_instants_that_were_due(tmp_path):  # S2.5
    store = f"sqlite:///{tmp_path / 't.db'}"
    engine = made(marking(CaseEscalated(RAISED)), store=store)
    engine.open_case("ann", "raised", ref="#1")
    engine.clock.advance(days(3))
    engine.run_pending()
    assert [at for at, _ in told(engine)] == [START + hours(4), START + days(1)]
    engine.close()


# --- reopening --------------------------------------------------------------------------------------------------------


def test_opening_a_case_again_soon_after_its_closing_reopens_it():
    engine = made(marking(CaseReopened(AGAIN)), Rule("open", when=CaseOpened(AGAIN), then=[Emit("mark")]))
    engine.open_case("ann", "again", ref="#1", severity="high", owner="chris")
    engine.close_case("ann", "again", ref="#1")
    pass_time(engine, days(7))
    engine.open_case("ann", "again", ref="#1")
    first, second = engine.customer("ann").cases()
    assert (first.opening, first.open, second.opening, second.reopened, second.open) == (1, False, 2, 1, True)
    assert (second.severity, second.owner, second.respond_by) == ("high", "chris", START + days(7) + hours(4))
    assert told(engine) == [
        (START + days(7), {"ref": "#1", "severity": "high", "owner": "chris", "opening": 2})
    ]  # fmt: skip
    assert marks(engine) == [START]


def test_opening_one_again_later_opens_another():
    engine = made(marking(CaseReopened(AGAIN)))
    engine.open_case("ann", "again", ref="#1", severity="high")
    engine.close_case("ann", "again", ref="#1")
    pass_time(engine, days(7) + minutes(1))
    engine.open_case("ann", "again", ref="#1")
    assert [(each.opening, each.severity) for each in engine.customer("ann").cases()] == [(1, "high"), (1, "normal")]
    assert told(engine) == []


def test_of_what_cannot_be_reopened_any_more_nothing_is_kept():
    engine = made()
    for ref in ("#1", "#2"):
        engine.open_case("ann", "again", ref=ref)
        engine.close_case("ann", "again", ref=ref)
    assert set(state_of(engine).reopenable["again"]) == {"#1", "#2"}
    pass_time(engine, days(8))
    engine.open_case("ann", "again", ref="#3")
    engine.close_case("ann", "again", ref="#3")
    assert set(state_of(engine).reopenable["again"]) == {"#3"}


def test_the_host_reopens_a_case_whenever_it_likes():
    engine = made(marking(CaseReopened(LATE)))
    engine.open_case("ann", "late", ref="#1", severity="urgent")
    engine.close_case("ann", "late", ref="#1")
    pass_time(engine, days(300))
    assert engine.cases.reopen("ann", LATE, ref="#1")
    assert not engine.cases.reopen("ann", LATE, ref="#1")
    case = the_case(engine)
    assert (case.opening, case.severity, case.respond_by) == (2, "urgent", START + days(300) + hours(1))
    assert [each["opening"] for _, each in told(engine)] == [2]
    engine.close_case("ann", "late", ref="#1")
    engine.cases.reopen("ann", LATE, ref="#1")
    assert the_case(engine).opening == 3


def test_there_is_nothing_to_reopen_where_there_never_was_a_case():
    with pytest.raises(InvalidInput, match="there is no case of that kind and ref"):
        made().cases.reopen("ann", "late", ref="#1")


# --- merging ----------------------------------------------------------------------------------------------------------


def two(*rules, **more):
    """An engine with two open cases: #1, and an hour later the urgent #2 of Chris's."""
    engine = made(*rules, **more)
    engine.open_case("ann", "late", ref="#1")
    pass_time(engine, minutes(30))
    engine.open_case("ann", "late", ref="#2", severity="urgent", owner="chris")
    return engine


def test_two_cases_about_the_same_thing_become_one():
    engine = two(marking(CaseMerged(LATE), CaseClosed(LATE)))
    assert engine.cases.merge("ann", "late", ref="#1", into="#2")
    stays, goes = the_case(engine, "#2"), the_case(engine, "#1")
    assert (goes.open, goes.merged_into, stays.open) == (False, "#2", True)
    assert (stays.opened_at, stays.severity, stays.owner) == (START, "urgent", "chris")
    assert stays.respond_by == START + minutes(90)
    assert told(engine) == [(START + minutes(30), {"ref": "#1", "severity": "normal", "into": "#2"})]


def test_the_case_that_stays_has_the_earlier_deadline_and_the_higher_severity_and_its_owner():
    engine = two()
    assert engine.cases.merge("ann", "late", ref="#2", into="#1")
    stays = the_case(engine, "#1")
    assert (stays.severity, stays.owner, stays.respond_by) == ("urgent", "chris", START + minutes(90))


def test_the_earlier_answer_of_both_is_the_first_one():
    engine = two()
    engine.answer_case("ann", "late", ref="#2")
    engine.cases.merge("ann", "late", ref="#2", into="#1")
    assert the_case(engine, "#1").first_response_at == START + minutes(30)


def test_a_merged_case_is_overdue_once():
    engine = two(marking(CaseOverdue(LATE)))
    engine.cases.merge("ann", "late", ref="#2", into="#1")
    pass_time(engine, days(3))
    assert [(at, each["ref"]) for at, each in told(engine)] == [(START + minutes(90), "#1")]


def test_whatever_is_said_about_the_old_ref_means_the_case_that_stays():
    engine = two(Rule("ask", when="ask", then=[Emit("told", {"ref": event.ref})], given=case_open(LATE, event.ref)))
    engine.cases.merge("ann", "late", ref="#2", into="#1")
    engine.record("ann", "ask", {"ref": "#2"})
    assert len(told(engine)) == 1
    assert not engine.open_case("ann", "late", ref="#2")
    engine.record("ann", "call", direction="outbound", about="case:late:#2")
    assert the_case(engine, "#1").first_response_at == START + minutes(30)
    assert engine.close_case("ann", "late", ref="#2")
    assert not the_case(engine, "#1").open


def test_the_run_of_a_merged_case_meets_the_closing_of_the_one_that_stays():
    engine = two(
        Rule("take up", when=CaseOpened(LATE), key="ref", then=[
            WaitFor(CaseClosed(LATE), timeout=forever, then=[Emit("told", {"ref": event.ref})]),
        ])
    )  # fmt: skip
    engine.cases.merge("ann", "late", ref="#2", into="#1")
    assert [run.key for run in engine.customer("ann").runs] == ["#1", "#2"]
    engine.close_case("ann", "late", ref="#1")
    assert [run.ended_at is None for run in engine.customer("ann").runs] == [False, False]


@pytest.mark.parametrize(("ref", "into"), [("#1", "#1"), ("#1", "#9"), ("#9", "#1")])
def test_what_is_one_already_or_not_open_is_not_merged(ref, into):
    engine = two()
    assert not engine.cases.merge("ann", "late", ref=ref, into=into)
    assert [each.merged_into for each in engine.customer("ann").cases()] == [None, None]


def test_a_merged_case_is_reopened_as_the_one_that_it_has_become_part_of():
    engine = two()
    engine.cases.merge("ann", "late", ref="#2", into="#1")
    assert not engine.cases.merge("ann", "late", ref="#2", into="#1")
    engine.close_case("ann", "late", ref="#1")
    assert engine.cases.reopen("ann", "late", ref="#2")
    assert (the_case(engine, "#1").open, the_case(engine, "#1").opening) == (True, 2)


def test_a_hold_ends_once_when_the_case_that_stays_is_closed():  # S6.10
    promotion = message("promotion", kind="marketing")
    engine = two(
        Rule("promote", when="visit", then=[Send(promotion)]),
        parts={"policy": Policy(Hold(while_open=["late"], kinds=["marketing"], cool_off=days(1)))},
    )
    engine.grant("ann", "marketing")
    engine.record("ann", "visit")
    engine.cases.merge("ann", "late", ref="#2", into="#1")
    pass_time(engine, hours(3))
    assert handed(engine) == []
    engine.close_case("ann", "late", ref="#1")
    pass_time(engine, hours(23))
    assert handed(engine) == []
    pass_time(engine, hours(1))
    assert handed(engine) == ["promotion"]


# --- people under two ids ---------------------------------------------------------------------------------------------


def test_a_case_that_is_open_under_both_ids_keeps_the_worse_severity_and_an_owner():  # S1.6
    engine = made(people=("ann", "anonymous"))
    engine.open_case("ann", "late", ref="#1")
    engine.open_case("anonymous", "late", ref="#1", severity="urgent", owner="chris")
    engine.merge("anonymous", "ann")
    (case,) = engine.customer("ann").cases(open=True)
    assert (case.severity, case.owner) == ("urgent", "chris")


def test_what_one_id_knows_as_merged_is_merged_under_both():  # S1.6
    engine = two(people=("ann", "anonymous"))
    engine.cases.merge("ann", "late", ref="#2", into="#1")
    engine.open_case("anonymous", "late", ref="#2")
    engine.merge("anonymous", "ann")
    assert [each.ref for each in engine.customer("ann").cases(open=True)] == ["#1"]
    assert engine.close_case("ann", "late", ref="#2")
    assert engine.customer("ann").cases(open=True) == []


def test_what_may_be_reopened_under_either_id_may_be_under_both():  # S1.6
    engine = made(people=("ann", "anonymous"))
    engine.open_case("anonymous", "again", ref="#1")
    engine.close_case("anonymous", "again", ref="#1")
    engine.merge("anonymous", "ann")
    engine.open_case("ann", "again", ref="#1")
    assert the_case(engine).opening == 2


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda e: e.open_case("ann", "late", ref="#1", severity="bad"), UnknownName, "severity"),
        (lambda e: e.open_case("ann", "late", ref="#1", owner=" "), InvalidInput, "owner="),
        (lambda e: e.open_case("ann", "late", ref="#1", cause="t9"), InvalidInput, "cause="),
        (lambda e: e.cases.set_severity("ann", "late", ref="#1", severity="bad"), UnknownName, "severity"),
        (lambda e: e.cases.assign("ann", "late", ref="#1", owner=3), InvalidInput, "owner="),
        (lambda e: e.cases.assign("ann", "lat", ref="#1", owner="x"), UnknownName, "late"),
        (lambda e: e.cases.assign("nobody", "late", ref="#1", owner="x"), UnknownCustomer, "customer"),
        (lambda e: e.cases.merge("ann", "late", ref="#1", into=None), InvalidInput, "into="),
        (lambda e: e.cases.loops("nobody"), UnknownCustomer, "customer"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(act, error, words):
    engine = made()
    with pytest.raises(error, match=words):
        act(engine)
    assert engine.customer("ann").cases() == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CaseType("late", respond_within={"bad": hours(1)}), "no severity"),
        (lambda: CaseType("late", respond_within={}), "no severity has a time"),
        (lambda: made(cases=[CaseType("late", respond_within={"low": 3})]), "respond_within.low: expected"),
        (lambda: made(cases=[CaseType("late", respond_within=days(0))]), "BusinessTime or BySeverity"),
        (lambda: made(cases=[CaseType("late", escalate=[hours(1)] * 10)]), "at most 9"),
        (lambda: made(cases=[CaseType("late", escalate=[hours(1), "x"])]), r"escalate\[1\]: expected"),
        (lambda: made(cases=[CaseType("late", escalate_until="ever")]), "escalate_until"),
        (lambda: made(cases=[CaseType("late", reopen_within=days(-1))]), "reopen_within"),
        (lambda: made(Rule("a", when="x", then=[OpenCase(LATE, severity="urgnt")])), "did you mean 'urgent'"),
        (lambda: made(Rule("a", when="x", then=[OpenCase(LATE, owner=3)])), "an owner is called by a text"),
        (lambda: made(Rule("a", when=CaseEscalated(LATE, 10), then=[Emit("x")])), "a level from 1 to 9"),
        (lambda: made(Rule("a", when=CaseReopened("lat"), then=[Emit("x")])), "did you mean 'late'"),
    ],
)
def test_case_types_and_steps_that_cannot_be_are_refused(make, words):
    with pytest.raises(JourneyError, match=words):
        make()
