"""Every trigger and every step of the language, as the engine runs it."""

from datetime import date

import pytest

from making import (
    MARK,
    START,
    at,
    ends,
    engine_of,
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
    Anniversary,
    Branch,
    Call,
    CaseClosed,
    CaseOpened,
    CaseType,
    CloseCase,
    Dwelt,
    Emit,
    Enrol,
    Enrolled,
    Entered,
    Exit,
    Gift,
    Give,
    Left,
    MoveTo,
    OpenCase,
    Rule,
    Send,
    SetTrait,
    Silent,
    Stage,
    Wait,
    WaitFor,
    WaitUntil,
    calendar_days,
    case_open,
    count,
    customer,
    days,
    event,
    ever,
    forever,
    hours,
    in_stage,
    minutes,
    months,
    once,
    outcome,
    seconds,
    sent,
    trigger,
)  # fmt: skip

# --- triggers ---------------------------------------------------------------------------------------------------------


def test_a_touchpoint_starts_a_rule_that_names_its_type():  # S4.1
    engine = engine_of(started("start"))
    engine.record("ann", "other")
    engine.record("ann", "start")
    assert marks(engine) == [START]


def test_any_of_several_triggers_starts_a_rule():  # S4.1
    engine = engine_of(started("start", "begin"))
    engine.record("ann", "begin")
    engine.record("ann", "start")
    assert len(marks(engine)) == 2


def test_entering_a_stage_starts_a_rule():  # S3.2, S4.1
    engine = engine_of(started(Entered("active")), parts={"stages": stages()})
    engine.record("ann", "sign_up")
    assert marks(engine) == []
    engine.record("ann", "order")
    assert marks(engine) == [START]


def test_leaving_a_stage_starts_a_rule():  # S3.2, S4.1
    engine = engine_of(started(Left("new")), parts={"stages": stages()})
    engine.record("ann", "sign_up")
    assert marks(engine) == []
    engine.record("ann", "order")
    assert marks(engine) == [START]


def test_a_stage_of_another_journey_starts_a_rule():  # S4.1
    other = journey(name="other", stages=stages())
    engine = engine_of(journeys=[other, journey(started(Entered("new", journey="other")))])
    engine.record("ann", "sign_up")
    assert marks(engine) == [START]


def test_dwelling_in_a_stage_starts_a_rule_when_the_time_is_over():  # S3.2, S4.1
    engine = engine_of(started(Dwelt("new", days(3))), parts={"stages": stages()})
    engine.record("ann", "sign_up")
    pass_time(engine, days(10))
    assert marks(engine) == [START + days(3)]


def test_who_leaves_a_stage_does_not_dwell_in_it():  # S3.2
    engine = engine_of(started(Dwelt("new", days(3))), parts={"stages": stages()})
    engine.record("ann", "sign_up")
    pass_time(engine, days(2))
    engine.record("ann", "order")
    pass_time(engine, days(10))
    assert marks(engine) == []


def test_coming_back_to_a_stage_begins_the_dwelling_anew():  # S3.1, S3.2: the loop
    engine = engine_of(started(Dwelt("new", days(3))), parts={"stages": stages()})
    for stay, type_ in ((days(2), "sign_up"), (days(2), "order"), (days(10), "sign_up")):
        engine.record("ann", type_)
        pass_time(engine, stay)
    assert marks(engine) == [START + days(7)]


def test_a_case_opened_by_the_host_starts_a_rule():  # S4.1, S8.2
    case = CaseType("complaint")
    engine = engine_of(started(CaseOpened(case)), parts={"cases": [case]})
    engine.open_case("ann", "complaint", ref="o1")
    assert marks(engine) == [START]


def test_a_case_closed_by_the_host_starts_a_rule():  # S4.1, S8.2
    case = CaseType("complaint")
    engine = engine_of(started(CaseClosed(case)), parts={"cases": [case]})
    engine.open_case("ann", "complaint", ref="o1")
    assert marks(engine) == []
    engine.close_case("ann", "complaint", ref="o1")
    assert marks(engine) == [START]


def test_silence_falls_due_after_the_last_inbound_touchpoint():  # S4.1, S2.5
    engine = engine_of(started(Silent(days(5))))
    engine.record("ann", "visit")
    pass_time(engine, days(3))
    engine.record("ann", "visit")
    engine.record("ann", "mail", direction="outbound")
    pass_time(engine, days(30))
    assert marks(engine) == [START + days(8)]


def test_our_own_touchpoints_do_not_break_a_silence():  # S4.1: nothing inbound
    engine = engine_of(started(Silent(days(5))))
    engine.record("ann", "visit")
    pass_time(engine, days(3))
    engine.record("ann", "mail", direction="outbound")
    pass_time(engine, days(30))
    assert marks(engine) == [START + days(5)]


def test_silence_of_one_type_is_not_broken_by_another():  # S4.1
    engine = engine_of(started(Silent(days(5), of="order")))
    engine.record("ann", "order")
    pass_time(engine, days(3))
    engine.record("ann", "visit")
    pass_time(engine, days(30))
    assert marks(engine) == [START + days(5)]


def test_a_touchpoint_at_the_very_instant_of_a_silence_comes_first():  # S2.5
    engine = engine_of(started(Silent(days(5))))
    engine.record("ann", "visit")
    engine.clock.advance(days(5))
    engine.record("ann", "visit")
    pass_time(engine)
    assert marks(engine) == []


def test_silence_before_the_first_touchpoint_is_none():  # S4.1
    engine = engine_of(started(Silent(days(5))))
    pass_time(engine, days(30))
    assert marks(engine) == []


@pytest.mark.parametrize("born", [date(1990, 3, 10), "1990-03-10"])
def test_an_anniversary_comes_every_year_on_the_customers_clock(born):  # S4.1
    engine = engine_of(started(Anniversary("birthday", at="08:00")))
    engine.identify("ann", traits={"birthday": born}, timezone="America/New_York")
    pass_time(engine, days(800))
    # 10 March 2026 is after the clocks changed there, 10 March 2027 before.
    assert marks(engine) == [at(2026, 3, 10, 12), at(2027, 3, 10, 13), at(2028, 3, 10, 13)]


def test_a_29th_of_february_is_kept_on_the_28th_in_common_years():  # S4.1
    engine = engine_of(started(Anniversary("birthday")))
    engine.identify("ann", traits={"birthday": date(2000, 2, 29)}, timezone="UTC")
    pass_time(engine, days(3 * 366))
    assert marks(engine) == [at(2027, 2, 28, 9), at(2028, 2, 29, 9), at(2029, 2, 28, 9)]


@pytest.mark.parametrize(("before", "expected"), [(days(7), at(2026, 5, 25, 9)), (months(1), at(2026, 5, 1, 9))])
def test_an_anniversary_may_be_told_ahead(before, expected):  # S4.1: renewal - 7 days
    engine = engine_of(started(Anniversary("renewal", before=before)))
    engine.identify("ann", traits={"renewal": date(2026, 6, 1)}, timezone="UTC")
    pass_time(engine, days(120))
    assert marks(engine) == [expected]


def test_an_anniversary_follows_a_changed_trait():  # S4.1
    engine = engine_of(started(Anniversary("birthday")))
    engine.identify("ann", traits={"birthday": date(1990, 3, 10)}, timezone="UTC")
    engine.identify("ann", traits={"birthday": date(1990, 4, 10)})
    pass_time(engine, days(60))
    assert marks(engine) == [at(2026, 4, 10, 9)]


def test_without_a_zone_there_is_an_anniversary_only_where_the_rule_names_one():  # S2.3
    named = started(Anniversary("birthday", unknown_zone="Asia/Tokyo"), name="named")
    engine = engine_of(Rule("unnamed", when=Anniversary("birthday"), then=[Emit("wrong")]), named)
    engine.identify("ann", traits={"birthday": date(1990, 3, 10)})
    pass_time(engine, days(30))
    assert marks(engine) == [at(2026, 3, 10, 0)]
    assert marks(engine, type="wrong") == []


def test_the_same_birthday_never_starts_a_rule_twice():  # S4.5: the cause is this year's date
    engine = engine_of(started(Anniversary("birthday", at="10:00")))
    engine.identify("ann", traits={"birthday": date(1990, 3, 2)}, timezone="UTC")
    pass_time(engine, hours(1))
    engine.identify("ann", traits={"vip": True}, timezone="UTC")
    pass_time(engine, days(300))
    assert marks(engine) == [START + hours(1)]


def test_the_host_enrols_a_customer():  # S4.1
    engine = engine_of(Rule("club", when=Enrolled(), then=[Emit("mark", {"plan": trigger.plan})]))
    engine.enrol("ann", "club", properties={"plan": "gold"})
    (touchpoint,) = engine.customer("ann").timeline()
    assert touchpoint.properties == {"plan": "gold"}


def test_an_enrolment_with_an_id_counts_once():  # S1.3
    engine = engine_of(started(Enrolled(), name="club"))
    first, again = (engine.enrol("ann", "club", id="e1") for _ in range(2))
    assert (first.duplicate, again.duplicate, len(marks(engine))) == (False, True, 1)


def test_enrolments_without_an_id_are_each_their_own():  # S4.1
    engine = engine_of(started(Enrolled(), name="club"))
    engine.enrol("ann", "club")
    engine.enrol("ann", "club")
    assert len(marks(engine)) == 2


def test_an_enrolment_starts_no_other_rule():  # decisions 22
    engine = engine_of(Rule("club", when=Enrolled()), started(Enrolled(), name="other"))
    engine.enrol("ann", "club")
    assert marks(engine) == []


# --- stages -----------------------------------------------------------------------------------------------------------


def test_the_first_declared_stage_that_matches_wins():  # S3.2
    both = [Stage("first", phase="attract", when="go"), Stage("second", phase="engage", when="go")]
    engine = engine_of(parts={"stages": both})
    engine.record("ann", "go")
    assert engine.customer("ann").stage("one") == "first"


def test_the_current_stage_is_not_entered_again():  # S3.2
    engine = engine_of(started(Entered("new")), parts={"stages": stages()})
    engine.record("ann", "sign_up")
    engine.record("ann", "sign_up")
    assert len(marks(engine)) == 1


def test_a_stage_that_may_be_reentered_is():  # S3.2
    engine = engine_of(started(Entered("new")), parts={"stages": stages(reenter=True)})
    engine.record("ann", "sign_up")
    engine.record("ann", "sign_up")
    assert len(marks(engine)) == 2


def test_a_stage_is_entered_only_after_those_it_names():  # S3.1
    loyal = Stage("loyal", phase="delight", when="praise", after="active")
    engine = engine_of(parts={"stages": stages(loyal)})
    entered = []
    for type_ in ("praise", "sign_up", "praise", "order", "praise"):
        engine.record("ann", type_)
        entered.append(engine.customer("ann").stage("one"))
    assert entered == [None, "new", "new", "active", "loyal"]


@pytest.mark.parametrize(("price", "stage"), [(10, None), (100, "big")])
def test_a_stage_is_entered_where_its_condition_holds(price, stage):  # S3.2
    engine = engine_of(parts={"stages": [Stage("big", phase="engage", when="order", given=event.price > 50)]})
    engine.record("ann", "order", {"price": price})
    assert engine.customer("ann").stage("one") == stage


def test_rules_see_the_stage_the_same_touchpoint_has_moved_to():  # S4.2
    engine = engine_of(started("sign_up", given=in_stage("new")), parts={"stages": stages()})
    engine.record("ann", "sign_up")
    assert marks(engine) == [START]


# --- waits ------------------------------------------------------------------------------------------------------------


def test_an_elapsed_wait_goes_on_after_its_length():  # S5
    engine = engine_of(waiting(Wait(hours(36))))
    engine.record("ann", "start")
    pass_time(engine, days(5))
    assert marks(engine) == [START + hours(36)]


@pytest.mark.parametrize(
    ("begin", "elapsed"),
    [
        (at(2026, 3, 28, 8), hours(23)),  # Berlin: 29 March has 23 hours
        (at(2026, 10, 24, 7), hours(25)),  # and 25 October 25
        (at(2026, 5, 1, 7), hours(24)),
    ],
)
def test_a_calendar_day_keeps_the_local_time_when_the_clocks_change(begin, elapsed):  # S2.1
    engine = engine_of(waiting(Wait(calendar_days(1))))
    engine.identify("ann", timezone="Europe/Berlin")
    engine.clock.until(begin)
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert marks(engine) == [begin + elapsed]


def test_a_month_from_the_31st_ends_on_the_last_day():  # S2.1
    engine = engine_of(waiting(Wait(months(1))))
    engine.identify("ann", timezone="UTC")
    engine.clock.until(at(2026, 3, 31, 12))
    engine.record("ann", "start")
    pass_time(engine, days(60))
    assert marks(engine) == [at(2026, 4, 30, 12)]


def test_an_elapsed_wait_does_not_care_for_clock_changes():  # S2.1
    engine = engine_of(waiting(Wait(days(1))))
    engine.identify("ann", timezone="Europe/Berlin")
    engine.clock.until(at(2026, 3, 28, 8))
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert marks(engine) == [at(2026, 3, 29, 8)]


@pytest.mark.parametrize(("until", "expected"), [("10:00", at(2026, 3, 2, 15)), ("03:00", at(2026, 3, 3, 8))])
def test_a_wait_until_a_local_time_takes_the_next_one(until, expected):  # S5
    engine = engine_of(waiting(Wait(until=until)))
    engine.identify("ann", timezone="America/New_York")  # where it is four o'clock
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert marks(engine) == [expected]


def test_a_local_time_in_the_gap_means_the_first_instant_after_it():  # S2.2
    engine = engine_of(waiting(Wait(until="02:30")))
    engine.identify("ann", timezone="Europe/Berlin")
    engine.clock.until(at(2026, 3, 28, 12))
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert marks(engine) == [at(2026, 3, 29, 1)]


def test_a_wait_until_a_local_time_without_a_zone_uses_the_one_named():  # S2.3
    engine = engine_of(waiting(Wait(until="10:00", unknown_zone="Asia/Tokyo")))
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert marks(engine) == [at(2026, 3, 3, 1)]


def test_a_calendar_wait_without_any_zone_says_so_in_the_trace():  # S2.3
    engine = engine_of(waiting(Wait(calendar_days(1))))
    engine.record("ann", "start")
    assert ["zone", "UTC", "the customer's own zone is not known"] in trace(engine)


def test_a_wait_with_several_candidate_zones_takes_the_latest():  # decisions 16
    engine = engine_of(waiting(Wait(until="03:00")))
    engine.identify("ann", timezone=["Europe/Berlin", "America/New_York"])
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert marks(engine) == [at(2026, 3, 3, 8)]


RENEWAL = [
    (date(2026, 3, 20), None, at(2026, 3, 19, 23)),
    (date(2026, 3, 20), "08:00", at(2026, 3, 20, 7)),
    ("2026-03-20", None, at(2026, 3, 19, 23)),
    (at(2026, 3, 20, 15, 30), None, at(2026, 3, 20, 15, 30)),
    (at(2026, 3, 20, 15, 30), "08:00", at(2026, 3, 20, 7)),
]


@pytest.mark.parametrize(("renewal", "clock", "expected"), RENEWAL)
def test_a_wait_lasts_until_a_date_from_data(renewal, clock, expected):  # S5
    engine = engine_of(waiting(Wait(until=customer.renewal, at=clock)))
    engine.identify("ann", traits={"renewal": renewal}, timezone="Europe/Berlin")
    engine.record("ann", "start")
    pass_time(engine, days(30))
    assert marks(engine) == [expected]


def test_a_date_that_is_over_lets_the_run_go_on_at_once():  # S5
    engine = engine_of(waiting(Wait(until=event.day)))
    engine.record("ann", "start", {"day": date(2020, 1, 1)})
    assert marks(engine) == [START]


def test_a_run_leaves_where_the_date_to_wait_for_is_missing():  # S5
    engine = engine_of(waiting(Wait(until=customer.renewal)))
    engine.record("ann", "start")
    assert (marks(engine), reasons(engine)) == ([], ["exit: the date to wait for is missing"])


def test_a_wait_for_takes_the_arm_of_what_happened():  # S5.2
    engine = engine_of(waiting(WaitFor("reply", timeout=days(2), then=[Emit("yes")], otherwise=[Emit("no")])))
    engine.record("ann", "start")
    pass_time(engine, days(1))
    engine.record("ann", "reply")
    assert (marks(engine, type="yes"), marks(engine, type="no"), marks(engine)) == (
        [START + days(1)],
        [],
        [START + days(1)],
    )


def test_a_wait_for_times_out():  # S5.2
    engine = engine_of(waiting(WaitFor("reply", timeout=days(2), then=[Emit("yes")], otherwise=[Emit("no")])))
    engine.record("ann", "start")
    pass_time(engine, days(5))
    engine.record("ann", "reply")
    assert (marks(engine, type="yes"), marks(engine, type="no"), marks(engine)) == (
        [],
        [START + days(2)],
        [START + days(2)],
    )


def test_a_touchpoint_at_the_instant_of_the_time_out_comes_first():  # S2.5
    engine = engine_of(waiting(WaitFor("reply", timeout=days(2), then=[Emit("yes")])))
    engine.record("ann", "start")
    engine.clock.advance(days(2))
    engine.record("ann", "reply")
    assert marks(engine, type="yes") == [START + days(2)]


def test_a_wait_for_without_end_has_no_timer():  # S5.2
    engine = engine_of(waiting(WaitFor("reply", timeout=forever)))
    engine.record("ann", "start")
    pass_time(engine, days(1_000))
    assert (engine.next_due(), marks(engine)) == (None, [])
    engine.record("ann", "reply")
    assert len(marks(engine)) == 1


def test_a_wait_for_takes_only_touchpoints_for_which_its_condition_holds():  # S5.2
    engine = engine_of(waiting(WaitFor("reply", timeout=forever, given=event.score > 8)))
    engine.record("ann", "start")
    engine.record("ann", "reply", {"score": 3})
    engine.record("ann", "reply")
    assert marks(engine) == []
    engine.record("ann", "reply", {"score": 9})
    assert len(marks(engine)) == 1


def test_a_run_does_not_wait_for_its_own_trigger():  # S5.2
    engine = engine_of(waiting(WaitFor("start", timeout=days(1), then=[Emit("yes")], since="run")))
    engine.record("ann", "start")
    pass_time(engine, days(2))
    assert marks(engine, type="yes") == []


def test_a_reply_that_comes_while_the_message_is_on_its_way_is_not_lost():  # S5.2
    engine = engine_of(waiting(Send(message()), WaitFor("reply", timeout=days(1), then=[Emit("yes")])))
    engine.record("ann", "start")
    engine.record("ann", "reply")  # before the hand-over
    pass_time(engine, days(2))
    assert marks(engine, type="yes") == [START]


@pytest.mark.parametrize(("since", "expected"), [("send", 0), ("now", 0), ("run", 1)])
def test_since_says_how_far_a_wait_looks_back(since, expected):  # S5.2
    steps = [Wait(days(1)), Send(message()), WaitFor("reply", timeout=days(1), then=[Emit("yes")], since=since)]
    engine = engine_of(waiting(*steps))
    engine.record("ann", "start")
    engine.record("ann", "reply")  # before the send began
    pass_time(engine, days(5))
    assert len(marks(engine, type="yes")) == expected


def test_since_now_does_not_look_back_at_all():  # S5.2
    engine = engine_of(waiting(Send(message()), WaitFor("reply", timeout=days(1), then=[Emit("yes")], since="now")))
    engine.record("ann", "start")
    engine.record("ann", "reply")
    pass_time(engine, days(2))
    assert marks(engine, type="yes") == []


def test_one_touchpoint_ends_at_most_one_wait_of_a_run():  # S5.2
    engine = engine_of(waiting(*[WaitFor("reply", timeout=forever)] * 2))
    engine.record("ann", "start")
    engine.record("ann", "reply")
    assert marks(engine) == []
    engine.record("ann", "reply")
    assert len(marks(engine)) == 1


def test_a_wait_for_a_stage_ends_when_it_is_entered():  # S5.2
    engine = engine_of(waiting(WaitFor(Entered("active"), timeout=forever)), parts={"stages": stages()})
    engine.record("ann", "start")
    engine.record("ann", "order")
    assert len(marks(engine)) == 1


def test_a_wait_until_passes_at_once_if_its_condition_is_true_already():  # S5.2
    engine = engine_of(waiting(WaitUntil(customer.vip, timeout=forever)))
    engine.identify("ann", traits={"vip": True})
    engine.record("ann", "start")
    assert marks(engine) == [START]


def test_a_wait_until_is_looked_at_with_every_event():  # S5.2
    engine = engine_of(waiting(WaitUntil(count("order") >= 2, timeout=forever)))
    engine.record("ann", "start")
    engine.record("ann", "order")
    assert marks(engine) == []
    engine.record("ann", "order")
    assert marks(engine) == [START]


def test_a_wait_until_is_looked_at_when_its_window_lapses():  # S5.2
    engine = engine_of(waiting(WaitUntil(~ever("complaint", within=days(7)), timeout=forever)))
    engine.record("ann", "complaint")
    pass_time(engine, days(2))
    engine.record("ann", "start")
    pass_time(engine, days(1))
    engine.record("ann", "complaint")
    pass_time(engine, days(30))
    assert marks(engine) == [START + days(10)]


def test_a_wait_until_times_out():  # S5.2
    engine = engine_of(waiting(WaitUntil(customer.vip, timeout=days(1), then=[Emit("yes")], otherwise=[Emit("no")])))
    engine.record("ann", "start")
    pass_time(engine, days(2))
    assert (marks(engine, type="yes"), marks(engine, type="no")) == ([], [START + days(1)])


def test_seconds_and_minutes_are_kept_exactly():  # S2.1
    engine = engine_of(waiting(Wait(minutes(1)), Wait(seconds(0.5))))
    engine.record("ann", "start")
    pass_time(engine, minutes(5))
    assert marks(engine) == [START + minutes(1) + seconds(0.5)]


# --- messages as steps ------------------------------------------------------------------------------------------------


def test_a_wait_after_a_send_counts_from_the_hand_over():  # S5.1
    engine = engine_of(sending(then=[Wait(days(2)), MARK]))
    engine.record("ann", "start")
    engine.clock.advance(hours(5))
    pass_time(engine, days(5))
    assert marks(engine) == [START + hours(5) + days(2)]


def test_what_became_of_a_message_is_readable_by_the_next_steps():  # S5.1
    engine = engine_of(
        sending(then=[Branch(sent("hello"), then=[Emit("yes")], otherwise=[Emit("no")])]), people=["ann"]
    )
    engine.record("ann", "start")
    engine.record("bob", "start")
    pass_time(engine)
    assert (len(marks(engine, "ann", "yes")), len(marks(engine, "bob", "no"))) == (1, 1)


def test_a_message_that_was_not_sent_takes_the_other_arm():  # S5.1
    rule = Rule("r", when="start", then=[Send(message(), otherwise=[Emit("no", {"how": outcome("hello")})]), MARK])
    engine = engine_of(rule, people=())
    engine.record("bob", "start")
    pass_time(engine)
    no, mark = engine.customer("bob").timeline()[1:]
    assert (no.type, no.properties, mark.type) == ("no", {"how": "denied"}, "mark")


def test_a_message_is_withdrawn_where_still_is_not_true_any_more():  # S5.1
    rule = Rule("r", when="start", then=[Send(message(), still=~ever("order")), MARK])
    engine = engine_of(rule)
    engine.record("ann", "start")
    engine.record("ann", "order")
    pass_time(engine)
    assert (ends(engine), len(marks(engine))) == ([("hello", "withdrawn")], 1)


def test_a_gift_is_given_as_a_message_is_sent():  # S5
    gift = Gift("voucher", why="thanks", channels=["email"], content=message().content, worth=5, currency="EUR")
    engine = engine_of(Rule("r", when="start", then=[Give(gift), MARK]))
    engine.grant("ann", "gift")
    engine.record("ann", "start")
    pass_time(engine)
    assert (ends(engine), len(marks(engine))) == ([("voucher", "sent")], 1)


# --- other steps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("properties", "arm"), [({"price": 100}, "yes"), ({"price": 1}, "no"), ({}, "no")])
def test_a_branch_goes_one_way_on_true_and_the_other_on_false_or_unknown(properties, arm):  # S4.6
    engine = engine_of(waiting(Branch(event.price > 50, then=[Emit("yes")], otherwise=[Emit("no")])))
    engine.record("ann", "start", properties)
    assert [each.type for each in engine.customer("ann").timeline()[1:]] == [arm, "mark"]


def test_a_branch_sees_the_touchpoint_that_last_moved_the_run_and_its_trigger():  # S5.3
    both = (event.n == 2) & (trigger.n == 1)
    engine = engine_of(waiting(WaitFor("reply", timeout=forever), Branch(both, then=[Emit("yes")])))
    engine.record("ann", "start", {"n": 1})
    engine.record("ann", "reply", {"n": 2})
    assert len(marks(engine, type="yes")) == 1


def test_a_timer_does_not_change_what_a_branch_sees():  # S5.3
    engine = engine_of(waiting(Wait(days(1)), Branch(event.n == 1, then=[Emit("yes")])))
    engine.record("ann", "start", {"n": 1})
    engine.record("ann", "reply", {"n": 2})
    pass_time(engine, days(2))
    assert len(marks(engine, type="yes")) == 1


def test_a_step_moves_the_customer_to_a_stage():  # S3.2
    engine = engine_of(waiting(MoveTo("active")), parts={"stages": stages()})
    engine.record("ann", "start")
    assert engine.customer("ann").stage("one") == "active"


def test_a_step_does_not_move_where_the_stage_says_after():  # S3.1
    engine = engine_of(
        waiting(MoveTo("loyal")), parts={"stages": stages(Stage("loyal", phase="delight", after="active"))}
    )
    engine.record("ann", "sign_up")
    engine.record("ann", "start")
    assert (engine.customer("ann").stage("one"), len(marks(engine))) == ("new", 1)
    assert ["stage refused", "one", "loyal", "only after active"] in trace(engine)


@pytest.mark.parametrize(("reenter", "times_entered"), [(False, 1), (True, 2)])
def test_a_step_enters_the_current_stage_again_only_where_it_says_so(reenter, times_entered):  # S3.2
    entered = Rule("entered", when=Entered("new"), then=[Emit("entry")])
    engine = engine_of(waiting(MoveTo("new")), entered, parts={"stages": stages(reenter=reenter)})
    engine.record("ann", "sign_up")
    engine.record("ann", "start")
    assert len(marks(engine, type="entry")) == times_entered


def test_a_step_sets_a_trait_to_a_value_or_to_what_data_gives():  # S5
    engine = engine_of(waiting(SetTrait("tier", "gold"), SetTrait("last_price", event.price)))
    engine.record("ann", "start", {"price": 7})
    assert engine.customer("ann").traits == {"tier": "gold", "last_price": 7}


def test_a_missing_value_leaves_a_trait_as_it_is():  # S5
    engine = engine_of(waiting(SetTrait("tier", event.tier)))
    engine.identify("ann", traits={"tier": "gold"})
    engine.record("ann", "start")
    assert engine.customer("ann").traits == {"tier": "gold"}


def test_a_trait_set_by_a_step_arms_its_anniversary():  # S4.1, S5
    engine = engine_of(
        waiting(SetTrait("joined", "2020-03-05")), Rule("r", when=Anniversary("joined"), then=[Emit("yes")])
    )
    engine.identify("ann", timezone="UTC")
    engine.record("ann", "start")
    pass_time(engine, days(10))
    assert marks(engine, type="yes") == [at(2026, 3, 5, 9)]


def test_a_trait_set_by_a_step_is_seen_by_the_next_step_and_kept():  # S4.2
    engine = engine_of(waiting(SetTrait("vip", True), Branch(customer.vip, then=[Emit("yes")])))
    engine.record("ann", "start")
    assert len(marks(engine, type="yes")) == 1


def test_an_emitted_touchpoint_counts_and_starts_rules():  # S5
    rule = Rule("second", when="ping", given=count("ping") == 1, then=[MARK])
    engine = engine_of(Rule("first", when="start", then=[Emit("ping", {"n": event.n, "lost": event.gone})]), rule)
    engine.record("ann", "start", {"n": 3})
    _, ping, _ = engine.customer("ann").timeline()
    assert (ping.properties, ping.direction, len(marks(engine))) == ({"n": 3}, "internal", 1)


def test_an_emitted_touchpoint_does_not_break_a_silence():  # S4.1: it is not inbound
    engine = engine_of(waiting(Wait(days(2))), Rule("quiet", when=Silent(days(5)), then=[Emit("yes")]))
    engine.record("ann", "start")
    pass_time(engine, days(30))
    assert marks(engine, type="yes") == [START + days(5)]


def test_a_rule_enrols_into_another_with_the_properties_of_its_trigger():  # S5, decisions 17
    other = Rule("other", when="never", key="order", then=[Emit("mark", {"order": trigger.order})])
    engine = engine_of(Rule("first", when="start", then=[Enrol("other")]), other)
    engine.record("ann", "start", {"order": "o1"})
    assert engine.customer("ann").timeline()[-1].properties == {"order": "o1"}


def test_an_enrolment_by_a_step_obeys_condition_and_limit():  # S5
    other = started("never", name="other", limit=once(), given=customer.vip)
    engine = engine_of(Rule("first", when="start", then=[Enrol("other")]), other)
    engine.record("ann", "start")
    engine.identify("ann", traits={"vip": True})
    engine.record("ann", "start")
    engine.record("ann", "start")
    assert len(marks(engine)) == 1


def test_exit_leaves_the_run_with_its_reason():  # S5
    engine = engine_of(waiting(Branch(event.stop == True, then=[Exit("had enough")])))  # noqa: E712 - it builds a condition
    engine.record("ann", "start", {"stop": True})
    assert (reasons(engine), marks(engine)) == (["exit: had enough"], [])


CASE = CaseType("complaint")


def cased(*rules):
    return engine_of(*rules, parts={"cases": [CASE]})


@pytest.mark.parametrize(("parts", "ref"), [({"key": "order"}, "o1"), ({}, None)])
def test_the_ref_of_a_case_defaults_to_the_runs_key_else_the_run(parts, ref):  # S8.2
    engine = cased(waiting(OpenCase(CASE), **parts))
    engine.record("ann", "start", {"order": "o1"})
    (case,) = engine.customer("ann").cases()
    assert case.ref == ref if ref else len(case.ref) == 32


def test_the_ref_of_a_case_may_come_from_data():  # S8.2
    engine = cased(waiting(OpenCase(CASE, ref=event.ticket)))
    engine.record("ann", "start", {"ticket": 7})
    assert [each.ref for each in engine.customer("ann").cases()] == ["7"]


@pytest.mark.parametrize("missing", [{}, {"ticket": None}])
def test_where_the_data_for_the_ref_of_a_case_are_missing_it_is_the_runs_key(missing):  # S8.2
    opened, closed = OpenCase(CASE, ref=event.ticket), CloseCase(CASE, ref=event.ticket)
    engine = cased(waiting(opened, closed, opened, key="order"))
    engine.record("ann", "start", {"order": "o1", **missing})
    assert [(each.ref, each.open) for each in engine.customer("ann").cases()] == [("o1", False), ("o1", True)]


def test_a_run_without_a_key_is_the_ref_of_its_case_where_data_for_it_are_missing():  # S8.2
    engine = cased(waiting(OpenCase(CASE, ref=event.ticket), CloseCase(CASE, ref=event.ticket)))
    engine.record("ann", "start")
    (case,) = engine.customer("ann").cases()
    assert (len(case.ref), case.open) == (32, False)


def test_opening_an_open_case_and_closing_a_closed_one_are_recorded_no_ops():  # S8.2
    engine = cased(waiting(*[OpenCase(CASE, ref="x")] * 2, *[CloseCase(CASE, ref="x")] * 2))
    engine.record("ann", "start")
    (case,) = engine.customer("ann").cases()
    told = [line[1] for line in trace(engine) if line[0] == "case"]
    assert (case.open, told) == (False, ["opened", "open already", "closed", "not open"])


def test_a_case_may_be_opened_again():  # S8.2
    engine = cased(waiting(OpenCase(CASE, ref="x"), CloseCase(CASE, ref="x"), OpenCase(CASE, ref="x")))
    engine.record("ann", "start")
    assert [each.open for each in engine.customer("ann").cases()] == [False, True]


def test_a_case_that_is_open_is_seen_by_conditions():  # S4.6
    engine = cased(waiting(OpenCase(CASE, ref="x"), Branch(case_open(CASE, "x"), then=[Emit("yes")])))
    engine.record("ann", "start")
    assert len(marks(engine, type="yes")) == 1


# --- calls ------------------------------------------------------------------------------------------------------------


class Function:
    """A host function that fails a number of times."""

    def __init__(self, failures=0):
        self.failures = failures
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        if len(self.requests) <= self.failures:
            raise ConnectionError("marker-secret")


def calling(function, **parts):
    call = Call("crm", {"order": event.order, "missing": event.nothing}, otherwise=[Emit("failed")])
    return engine_of(waiting(call, **parts), functions={"crm": function})


def test_a_call_hands_over_its_arguments_and_the_run_goes_on():  # S5
    function = Function()
    engine = calling(function)
    engine.record("ann", "start", {"order": "o1"})
    assert function.requests == []  # not inside the transaction that recorded it
    pass_time(engine)
    (request,) = function.requests
    assert (request.customer, request.arguments, request.attempt, len(marks(engine))) == ("ann", {"order": "o1"}, 1, 1)


def test_a_call_that_raises_is_called_again_with_the_same_key():  # S5: at least once
    function = Function(failures=3)
    engine = calling(function)
    engine.record("ann", "start")
    pass_time(engine, hours(1))
    assert [each.attempt for each in function.requests] == [1, 2, 3, 4]
    assert (len({each.key for each in function.requests}), len(marks(engine))) == (1, 1)


def test_a_call_that_fails_for_good_takes_the_other_arm():  # S5
    function = Function(failures=1_000)
    engine = calling(function)
    engine.record("ann", "start")
    pass_time(engine, days(8))
    assert (len(function.requests), marks(engine, type="failed") != [], len(marks(engine))) == (12, True, 1)


def test_a_call_to_a_function_nobody_registered_fails_with_that_reason():  # S5
    engine = engine_of(waiting(Call("crm", otherwise=[Emit("failed")])))
    engine.record("ann", "start")
    pass_time(engine, days(8))
    assert len(marks(engine, type="failed")) == 1
    assert "no function 'crm' is registered" in str(engine.customer("ann").messages[0].because)


def test_what_a_function_raises_is_not_kept():  # S7.5
    engine = calling(Function(failures=1))
    engine.record("ann", "start")
    engine.run_pending()
    assert "marker-secret" not in str(engine.customer("ann").messages[0].because)
    assert "ConnectionError" in str(engine.customer("ann").messages[0].because)


def test_a_call_of_a_run_that_ended_is_not_made():  # S5.3
    function = Function()
    engine = calling(function, exit="stop")
    engine.record("ann", "start")
    engine.record("ann", "stop")
    pass_time(engine, days(1))
    assert function.requests == []


def test_two_runs_call_with_two_keys():  # S4.5
    function = Function()
    engine = calling(function)
    for _ in range(2):
        engine.record("ann", "start")
        pass_time(engine)
    assert len({each.key for each in function.requests}) == 2


def test_a_call_is_no_message_to_the_customer():  # S1.2: the timeline holds what was said, the counts what was sent
    engine = calling(Function())
    engine.record("ann", "start")
    pass_time(engine)
    with engine.store.reading() as reader:
        counted = {(row.subject, row.what) for row in reader.tallies() if row.name == "crm"}
    assert ([each.type for each in engine.customer("ann").timeline()], counted) == (
        ["start", "mark"],
        {("call", "begun"), ("call", "sent")},
    )
