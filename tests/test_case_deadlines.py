"""Deadlines of cases act (S8.2): what is due when, what answers a case, and what happens to one that is overdue."""

import pytest

from making import (
    MARK,
    START,
    Scripted,
    engine_of,
    handed,
    journey,
    marks,
    message,
    pass_time,
    reasons,
    state_of,
    trace,
)
from touchpoint import (
    CaseClosed,
    CaseOpened,
    CaseOverdue,
    CaseType,
    CloseCase,
    Content,
    Emit,
    Gift,
    Give,
    Goal,
    Journey,
    JourneyError,
    OpenCase,
    Reply,
    Rule,
    Send,
    Stage,
    Touchpoint,
    VirtualClock,
    Wait,
    WaitFor,
    case_open,
    days,
    event,
    hours,
    minutes,
    now,
    trigger,
)
from touchpoint.channels import MemoryChannel, TaskChannel
from touchpoint.channels.inbound import Receipt
from touchpoint.durations import micros
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.model.case import about_case, case_of
from touchpoint.model.delivery import Ambiguous
from touchpoint.stores.sqlite import SqliteStore

LATE = CaseType("late", respond_within=hours(4), resolve_within=days(2))
WORDS = Content(text="Yours")
OPENED = CaseOpened(LATE)
RESPONSE, RESOLUTION = START + hours(4), START + days(2)


def overdue(which=None, **parts):
    """A rule that leaves a mark when a case of LATE is overdue."""
    return Rule("overdue", when=CaseOverdue(LATE, which), then=[MARK], **parts)


def made(*rules, case=LATE, parts=None, **more):
    return engine_of(*rules, parts={"cases": [case], **(parts or {})}, **more)


def opened(*rules, ref="#1", **more):
    engine = made(*(rules or [overdue()]), **more)
    assert engine.open_case("ann", "late", ref=ref)
    return engine


def the_case(engine):
    (case,) = engine.customer("ann").cases()
    return case


def missed(engine):
    return [line for line in trace(engine) if line[0] == "case" and line[1].endswith("overdue")]


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "at"), [("response", [RESPONSE]), ("resolution", [RESOLUTION]), (None, [RESPONSE, RESOLUTION])]
)
def test_a_missed_deadline_starts_rules_at_the_instant_at_which_it_was_due(which, at):  # S4.1, S8.2
    engine = opened(overdue(which))
    pass_time(engine, days(9))
    assert marks(engine) == at


def test_a_case_says_what_is_due_when_and_since_when_it_is_overdue():
    engine = opened()
    case = the_case(engine)
    assert (case.respond_by, case.resolve_by, case.overdue) == (RESPONSE, RESOLUTION, False)
    pass_time(engine, hours(5))
    case = the_case(engine)
    assert (case.response_overdue_since, case.resolution_overdue_since, case.overdue) == (RESPONSE, None, True)


def test_a_case_that_is_answered_late_is_not_overdue_any_more_and_still_missed_its_deadline():
    engine = opened()
    pass_time(engine, hours(5))
    assert engine.answer_case("ann", "late", ref="#1")
    case = the_case(engine)
    assert (case.first_response_at, case.overdue) == (START + hours(5), False)
    assert case.response_overdue_since == RESPONSE


def test_kinds_without_deadlines_are_never_overdue():
    engine = opened(case=CaseType("late"))
    pass_time(engine, days(99))
    assert marks(engine) == []
    assert the_case(engine).respond_by is None
    assert engine.next_due() is None


def test_what_is_done_at_the_very_instant_comes_in_time():  # S2.5
    engine = opened()
    engine.clock.until(RESPONSE)
    engine.answer_case("ann", "late", ref="#1")
    engine.clock.until(RESOLUTION)
    engine.close_case("ann", "late", ref="#1")
    pass_time(engine, days(1))
    assert marks(engine) == []


def test_a_case_that_is_closed_in_time_is_never_overdue():  # S8.2
    engine = opened()
    pass_time(engine, hours(3))
    engine.close_case("ann", "late", ref="#1")
    pass_time(engine, days(9))
    assert marks(engine) == []
    assert the_case(engine).first_response_at is None  # nobody has answered


def test_opening_an_open_case_changes_no_deadline():  # S8.2
    engine = opened()
    pass_time(engine, hours(3))
    assert not engine.open_case("ann", "late", ref="#1")
    pass_time(engine, hours(2))
    assert marks(engine) == [RESPONSE]


def test_a_case_that_is_opened_again_has_its_deadlines_anew():  # S8.2
    engine = opened(overdue("response"))
    pass_time(engine, hours(5))
    engine.close_case("ann", "late", ref="#1")
    engine.open_case("ann", "late", ref="#1")
    pass_time(engine, hours(5))
    assert marks(engine) == [RESPONSE, START + hours(9)]
    first, second = engine.customer("ann").cases()
    assert (first.response_overdue_since, second.response_overdue_since) == (RESPONSE, START + hours(9))


def test_each_missed_deadline_is_a_cause_of_its_own():  # S4.5
    both = CaseType("late", respond_within=days(1), resolve_within=days(1))
    engine = opened(overdue(concurrency="parallel"), case=both)
    engine.open_case("ann", "late", ref="#2")
    pass_time(engine, days(1))
    assert marks(engine) == [START + days(1)] * 4
    with engine.store.reading() as reader:
        assert len({run.cause for run in reader.runs(1)}) == 4
        assert len({run.id for run in reader.runs(1)}) == 4


def test_at_one_instant_older_cases_come_first_and_answers_before_ends():
    both = CaseType("late", respond_within=days(1), resolve_within=days(1))
    engine = opened(case=both)
    engine.open_case("ann", "late", ref="#2")
    pass_time(engine, days(1))
    assert [(line[1], line[3]) for line in missed(engine)] == [
        ("response overdue", "#1"), ("resolution overdue", "#1"), ("response overdue", "#2"),
        ("resolution overdue", "#2"),
    ]  # fmt: skip


def test_overdue_work_is_done_in_due_order_after_downtime():  # S2.5
    engine = opened(overdue("response"), Rule("wait", when="start", then=[Wait(hours(5)), Emit("waited")]))
    engine.record("ann", "start")
    engine.clock.until(START + days(30))
    engine.run_pending()
    assert marks(engine) == [RESPONSE]
    assert marks(engine, type="waited") == [START + hours(5)]
    assert the_case(engine).resolution_overdue_since == RESOLUTION


def test_a_clock_that_goes_back_neither_repeats_nor_undoes_it():  # S2.5
    engine = opened(overdue("response"))
    pass_time(engine, hours(5))
    engine.clock.set(START + hours(1))
    pass_time(engine, hours(6))
    assert marks(engine) == [RESPONSE]
    assert the_case(engine).response_overdue_since == RESPONSE


def test_a_case_of_something_learned_late_is_due_from_when_it_was_learned():  # S1.5
    """However late what it is about was told: nobody could have answered before."""
    rule = Rule("wait", when="start", then=[WaitFor("complaint", days(30)), OpenCase(LATE, ref="#1")])
    engine = made(rule, overdue("response"))
    engine.record("ann", "start")
    pass_time(engine, days(10))
    assert engine.record("ann", "complaint", at=START + hours(1)).late
    pass_time(engine, hours(5))
    assert marks(engine) == [START + days(10) + hours(4)]


def test_a_store_that_is_opened_again_knows_what_is_due(tmp_path):  # S11.1
    path = f"sqlite:///{tmp_path / 'app.db'}"
    clock = VirtualClock(START)
    engine = opened(store=path, clock=clock)
    pass_time(engine, hours(5))
    engine.answer_case("ann", "late", ref="#1")
    engine.close()
    engine = made(overdue(), store=path, clock=clock, people=())
    pass_time(engine, days(3))
    assert marks(engine) == [RESPONSE, RESOLUTION]
    case = the_case(engine)
    assert (case.first_response_at, case.resolution_overdue_since) == (START + hours(5), RESOLUTION)


# --- what it does -----------------------------------------------------------------------------------------------------


def test_it_ends_waits_and_what_a_run_waits_for_comes_before_the_end_of_its_waiting():  # S2.5, S5.2
    wait = WaitFor(CaseOverdue(LATE, "response"), hours(4), then=[MARK], otherwise=[Emit("timeout")])
    engine = made(Rule("care", when="start", then=[OpenCase(LATE), wait]))
    engine.record("ann", "start")
    pass_time(engine, days(1))
    assert marks(engine) == [RESPONSE]
    assert marks(engine, type="timeout") == []


def test_it_is_a_goal_an_exit_and_a_stage_trigger():
    goal = Rule("goal", when="start", then=[Wait(days(9))], goal=Goal(CaseOverdue(LATE, "response")))
    leaves = Rule("exit", when="start", then=[Wait(days(9))], exit=CaseOverdue(LATE, "resolution"))
    stage = Stage("angry", phase="attract", when=CaseOverdue(LATE))
    engine = opened(goal, leaves, parts={"stages": [stage]})
    engine.record("ann", "start")
    pass_time(engine, days(3))
    assert reasons(engine) == ["goal", "exit"]
    (move,) = engine.customer("ann").moves
    assert (move.at, move.entered) == (RESPONSE, "angry")


def test_conditions_and_templates_find_the_case_and_the_deadline():
    rule = Rule(
        "tell", when=CaseOverdue(LATE), given=(event.deadline == "response") & case_open(LATE, ref=event.ref),
        then=[Send(message(content=Content(text="{trigger.case} {trigger.ref}: {trigger.deadline}")))],
    )  # fmt: skip
    engine = opened(rule)
    pass_time(engine, days(3))
    (sent,) = engine.adapters["email"].sent
    assert sent.message.text == "late #1: response"


def test_a_rule_whose_key_is_the_ref_has_a_run_for_each_case():  # S4.4
    """And its runs meet what happens to their own cases alone."""
    wait = WaitFor(CaseOverdue(LATE, "response"), days(9), then=[Emit("mark", {"ref": trigger.ref})])
    rule = Rule("watch", when=CaseOpened(LATE), key="ref", then=[wait], exit=CaseClosed(LATE))
    engine = opened(rule)
    pass_time(engine, hours(1))
    engine.open_case("ann", "late", ref="#2")
    engine.open_case("ann", "late", ref="#3")
    engine.close_case("ann", "late", ref="#3")
    pass_time(engine, hours(4))
    told = [each.properties["ref"] for each in engine.customer("ann").timeline() if each.type == "mark"]
    assert told == ["#1", "#2"]
    assert marks(engine) == [RESPONSE, START + hours(5)]
    assert reasons(engine) == ["done", "done", "exit"]


def test_what_a_defective_journey_makes_of_it_is_parked_and_the_deadline_stays_missed():  # S4.3
    loop = [Rule("a", when=["x", CaseOverdue(LATE)], then=[Emit("y")], concurrency="parallel")]
    loop.append(Rule("b", when="y", then=[Emit("x")], concurrency="parallel"))
    engine = opened(*loop)
    pass_time(engine, hours(5))
    (parked,) = engine.customer("ann").parked
    assert parked.kind == "case_overdue"
    assert "#1" not in parked.what
    assert the_case(engine).response_overdue_since == RESPONSE
    assert engine.next_due() == RESOLUTION


def test_once_the_journey_is_mended_it_is_decided_on_again(tmp_path):  # S4.3
    path = f"sqlite:///{tmp_path / 'app.db'}"
    loop = [Rule("overdue", when=["x", CaseOverdue(LATE)], then=[Emit("y")], concurrency="parallel")]
    loop.append(Rule("b", when="y", then=[Emit("x")], concurrency="parallel"))
    with opened(*loop, store=path) as engine:
        pass_time(engine, hours(5))
    with made(overdue(), store=path, people=(), clock=VirtualClock(START + hours(6))) as engine:
        assert engine.replay_parked().done == 1
        assert len(marks(engine)) == 1
        assert the_case(engine).response_overdue_since == RESPONSE


# --- what answers -----------------------------------------------------------------------------------------------------


def answering(*steps, when=OPENED, **parts):
    return Rule("answer", when=when, then=list(steps), **parts)


@pytest.mark.parametrize(
    "step",
    [Send(message()), Give(Gift("voucher", worth=5, currency="EUR", why="sorry", channels=["email"], content=WORDS))],
)
def test_what_a_run_about_a_case_sends_or_gives_answers_it(step):  # S8.2
    engine = opened(answering(Wait(hours(1)), step), overdue("response"))
    for each in ("gift", "service"):
        engine.grant("ann", each)
    pass_time(engine, days(1))
    assert the_case(engine).first_response_at == START + hours(1)
    assert marks(engine) == []


def test_what_a_run_sends_that_has_opened_the_case_answers_it():
    engine = made(answering(OpenCase(LATE, ref="#1"), Send(message()), when="start"))
    engine.record("ann", "start")
    pass_time(engine)
    assert the_case(engine).first_response_at == START


def test_so_does_what_follows_from_a_wait_that_the_case_has_ended():
    engine = opened(answering(WaitFor(CaseOverdue(LATE), days(9)), Send(message()), when="start"))
    engine.record("ann", "start")
    pass_time(engine, days(1))
    assert the_case(engine).first_response_at == RESPONSE
    assert the_case(engine).response_overdue_since == RESPONSE


def test_and_a_reply_to_a_touchpoint_that_belongs_to_the_case():  # S1.2
    rule = answering(Reply(message(channels=["email"])), when="photo")
    engine = opened(rule)
    engine.record("ann", "photo", channel="email", about=the_case(engine).about)
    pass_time(engine)
    assert the_case(engine).first_response_at == START


def test_messages_about_something_else_answer_nothing():
    """Not even those about the order that a case is about: a bill is no answer to a complaint."""
    rule = Rule("bill", when="order", key="order", then=[Send(message())])
    engine = made(rule, overdue("response"))
    engine.open_case("ann", "late", ref="A17")
    engine.record("ann", "order", {"order": "A17"})
    pass_time(engine, hours(5))
    assert handed(engine) == ["hello"]
    assert the_case(engine).first_response_at is None
    assert marks(engine) == [RESPONSE]


def test_a_message_answers_when_it_is_handed_over_not_when_it_is_wanted():  # S6.8
    engine = opened(answering(Send(message(expires=days(1)), still=now >= START + hours(6))), overdue("response"))
    pass_time(engine, hours(3))
    assert the_case(engine).first_response_at is None


def test_a_message_of_which_nobody_knows_whether_it_went_out_answers_nothing():  # S6.8
    channel = Scripted("email", lambda _: Ambiguous("no answer"))
    engine = opened(answering(Send(message())), channels=[channel])
    pass_time(engine, hours(1))
    assert the_case(engine).first_response_at is None


def test_it_answers_when_a_receipt_proves_that_it_went_out():  # S6.8
    """Then it has at its hand-over; what was missed before anybody knew stays missed."""
    channel = Scripted("email", lambda _: Ambiguous("no answer"))
    engine = opened(answering(Wait(hours(1)), Send(message())), overdue("response"), channels=[channel])
    pass_time(engine, hours(2))
    (sent,) = engine.customer("ann").messages
    assert sent.status == "unknown"
    engine.apply(Receipt(sent.key, "delivered"))
    assert the_case(engine).first_response_at == START + hours(1)
    pass_time(engine, days(1))
    assert marks(engine) == []


def test_a_receipt_that_comes_after_the_deadline_tells_of_an_answer_and_undoes_nothing():
    channel = Scripted("email", lambda _: Ambiguous("no answer"))
    engine = opened(answering(Send(message())), overdue("response"), channels=[channel])
    engine.run_pending()
    (sent,) = engine.customer("ann").messages
    engine.clock.until(START + hours(5))
    engine.apply(Receipt(sent.key, "delivered"))
    case = the_case(engine)
    assert (case.first_response_at, case.response_overdue_since) == (START, RESPONSE)
    assert marks(engine) == [RESPONSE]


def test_a_task_answers_when_it_is_done():
    """Whoever is to call has not called yet."""
    channels = [TaskChannel("call"), MemoryChannel("email")]
    engine = opened(answering(Send(message("ring", channels=["call"]))), overdue("response"), channels=channels)
    pass_time(engine, hours(1))
    (task,) = engine.tasks.open("call")
    assert the_case(engine).first_response_at is None
    engine.tasks.claim(task.key, by="chris")
    pass_time(engine, hours(1))
    engine.tasks.complete(task.key, "reached")
    assert the_case(engine).first_response_at == START + hours(2)
    pass_time(engine, hours(9))
    assert marks(engine) == []


def test_a_task_that_is_declined_answers_nothing():
    engine = opened(answering(Send(message("ring", channels=["call"]))), channels=[TaskChannel("call")])
    pass_time(engine)
    (task,) = engine.tasks.open("call")
    engine.tasks.claim(task.key, by="chris")
    engine.tasks.decline(task.key, "busy")
    assert the_case(engine).first_response_at is None


def test_a_task_that_is_done_too_late_leaves_the_deadline_missed():
    engine = opened(answering(Send(message("ring", channels=["call"]))), overdue(), channels=[TaskChannel("call")])
    pass_time(engine)
    (task,) = engine.tasks.open("call")
    engine.tasks.claim(task.key, by="chris")
    engine.clock.until(START + hours(6))
    engine.tasks.complete(task.key, "reached")
    case = the_case(engine)
    assert (case.first_response_at, case.response_overdue_since) == (START + hours(6), RESPONSE)
    assert marks(engine) == [RESPONSE]


def test_the_first_answer_counts():
    engine = opened(answering(Send(message()), Wait(hours(1)), Send(message("more"))))
    pass_time(engine, hours(3))
    assert handed(engine) == ["hello", "more"]
    assert the_case(engine).first_response_at == START
    assert not engine.answer_case("ann", "late", ref="#1")


def test_the_host_says_that_somebody_has_answered():
    engine = opened()
    pass_time(engine, hours(1))
    assert engine.answer_case("ann", "late", ref="#1")
    pass_time(engine, hours(9))
    assert the_case(engine).first_response_at == START + hours(1)
    assert marks(engine) == []


def test_answering_what_is_not_open_is_a_recorded_no_op():  # S8.2
    engine = opened()
    assert not engine.answer_case("ann", "late", ref="#2")
    engine.close_case("ann", "late", ref="#1")
    assert not engine.answer_case("ann", "late", ref="#1")
    assert ["case", "not open", "late", "#2"] in trace(engine)
    assert the_case(engine).first_response_at is None


def test_an_answer_that_is_told_of_later_counts_when_it_was_given():
    """What was missed by the time it was learned of stays missed; of two answers the earlier one counts."""
    engine = opened()
    pass_time(engine, hours(6))
    assert engine.answer_case("ann", "late", ref="#1", at=START + hours(5))
    assert engine.answer_case("ann", "late", ref="#1", at=START + hours(1))
    assert not engine.answer_case("ann", "late", ref="#1", at=START + hours(2))
    case = the_case(engine)
    assert (case.first_response_at, case.response_overdue_since) == (START + hours(1), RESPONSE)


def test_no_answer_was_given_before_the_case_was_opened():
    engine = made()
    engine.clock.until(START + hours(2))
    engine.open_case("ann", "late", ref="#1")
    engine.answer_case("ann", "late", ref="#1", at=START)
    assert the_case(engine).first_response_at == START + hours(2)


@pytest.mark.parametrize("at", [START + hours(1), START.replace(tzinfo=None), "now"])
def test_answers_are_not_given_in_the_future_nor_at_no_time(at):
    with pytest.raises(InvalidInput, match="at="):
        opened().answer_case("ann", "late", ref="#1", at=at)


def test_a_case_type_that_nobody_declares_is_an_error():
    with pytest.raises(UnknownName, match="case type"):
        opened().answer_case("ann", "lost", ref="#1")


def test_an_outbound_touchpoint_that_belongs_to_the_case_answers_it():  # S1.2
    engine = opened()
    pass_time(engine, hours(2))
    engine.record("ann", "call", direction="inbound", about=about_case(LATE, "#1"))
    assert the_case(engine).first_response_at is None
    engine.record("ann", "call", direction="outbound", about=about_case(LATE, "#1"), at=START + hours(1))
    assert the_case(engine).first_response_at == START + hours(1)


def test_so_it_does_however_late_it_is_told_of():  # S1.5
    engine = opened()
    pass_time(engine, days(20))
    told = Touchpoint("ann", "call", at=START + hours(1), direction="outbound", about=about_case("late", "#1"))
    (recorded,) = engine.record_many([told])
    assert recorded.late
    assert the_case(engine).first_response_at == START + hours(1)


def test_what_a_colleague_sends_by_hand_about_the_case_answers_it():  # S11.8
    engine = opened(Rule("other", when="start", then=[Send(message())]))
    engine.send("ann", "hello", by="chris", about=the_case(engine).about)
    pass_time(engine)
    assert the_case(engine).first_response_at == START


@pytest.mark.parametrize("kind", ["late", "a:b", "50 %", "%3A", "später"])
@pytest.mark.parametrize("ref", ["#1", "a:b", "case:x:y"])
def test_what_a_touchpoint_says_of_a_case_names_that_case_alone(kind, ref):
    assert case_of(about_case(kind, ref)) == (kind, ref)


@pytest.mark.parametrize("about", ["", "case:", "case:late", "case::x", "case:late:", "cases:late:x", "abc"])
def test_what_names_no_case_is_about_none(about):
    assert case_of(about) is None


# --- releases, merges -------------------------------------------------------------------------------------------------


def released(engine, case, *rules):
    after = journey(*(rules or [overdue()]), cases=[case])
    engine.release(after, confirm=engine.preview_release(after).token, by="chris")


def test_a_release_counts_deadlines_anew_from_the_opening():  # S5.4
    engine = opened(overdue("response"))
    released(engine, CaseType("late", respond_within=hours(6)), overdue("response"))
    engine.run_pending()
    assert engine.next_due() == START + hours(6)
    pass_time(engine, days(9))
    assert marks(engine) == [START + hours(6)]
    assert the_case(engine).resolve_by is None


def test_one_that_a_release_puts_into_the_past_is_missed_at_the_release():  # S5.4
    engine = opened(overdue("response"))
    pass_time(engine, hours(3))
    released(engine, CaseType("late", respond_within=hours(1)), overdue("response"))
    pass_time(engine)
    assert marks(engine) == [START + hours(3)]


def test_what_has_been_missed_is_not_missed_again_after_a_release():
    engine = opened()
    pass_time(engine, hours(5))
    released(engine, CaseType("late", respond_within=days(9)))
    pass_time(engine, days(20))
    assert marks(engine) == [RESPONSE]


def test_what_was_over_before_there_was_a_deadline_starts_nothing():
    """As a silence that was over before anybody asked; the case says that it is overdue all the same."""
    engine = opened(case=CaseType("late"))
    pass_time(engine, days(1))
    released(engine, LATE)
    pass_time(engine, days(9))
    assert marks(engine) == [RESOLUTION]
    assert the_case(engine).response_overdue_since == RESPONSE


def test_an_answer_from_before_the_deadline_was_there_counts():
    engine = opened(case=CaseType("late"))
    engine.answer_case("ann", "late", ref="#1")
    pass_time(engine, days(1))
    released(engine, LATE)
    assert the_case(engine).response_overdue_since is None


def test_customers_whom_nobody_touches_meet_the_new_deadline_by_themselves():
    """Nothing was due for them, so only the pass through everybody comes by."""
    engine = opened(case=CaseType("late"))
    assert engine.next_due() is None
    released(engine, LATE)
    engine.run_pending()
    assert engine.next_due() == RESPONSE


def test_a_store_of_before_deadlines_gets_them_at_the_first_touch(tmp_path):  # S11.6
    path = f"sqlite:///{tmp_path / 'app.db'}"
    with opened(case=CaseType("late"), store=path) as engine:
        assert engine.next_due() is None
    with made(overdue(), store=path, people=(), clock=VirtualClock(START + hours(1)), release_on_open=True) as engine:
        engine.record("ann", "anything")
        assert engine.next_due() == RESPONSE


def test_of_two_openings_of_one_case_the_older_stands_and_each_answer_counts():  # S1.6
    engine = opened(overdue("response"), people=("ann", "bob"))
    pass_time(engine, hours(1))
    engine.open_case("bob", "late", ref="#1")
    engine.answer_case("bob", "late", ref="#1")
    engine.merge("bob", "ann")
    pass_time(engine, days(1))
    assert marks(engine) == []
    (case,) = engine.customer("ann").cases(open=True)
    assert (case.opened_at, case.first_response_at) == (START, START + hours(1))


def test_cases_of_both_keep_their_deadlines_when_people_are_merged():  # S1.6
    engine = opened(overdue("response", concurrency="parallel"), people=("ann", "bob"))
    pass_time(engine, hours(1))
    engine.open_case("bob", "late", ref="#2")
    engine.merge("bob", "ann")
    pass_time(engine, days(1))
    assert marks(engine) == [RESPONSE, START + hours(5)]


# --- what is told -----------------------------------------------------------------------------------------------------


def test_why_says_when_it_is_due_and_since_when_it_is_overdue():  # S10
    engine = opened(overdue("response"))
    assert "case late #1: response due 2026-03-02 13:00:00 UTC" in str(engine.why("ann", "overdue"))
    pass_time(engine, hours(5))
    told = str(engine.why("ann", "overdue"))
    assert "response due 2026-03-02 13:00:00 UTC, overdue since 2026-03-02 13:00:00 UTC" in told
    engine.answer_case("ann", "late", ref="#1")
    assert "answered 2026-03-02 14:00:00 UTC" in str(engine.why("ann", "overdue"))


def test_what_is_planned_names_the_deadlines():
    engine = opened()
    planned = engine.customer("ann").planned
    assert planned == [(RESPONSE, "case late: response due"), (RESOLUTION, "case late: resolution due")]


def test_the_timeline_tells_of_deadlines_and_answers():
    from touchpoint.engine.telling import text

    engine = opened(Rule("other", when="start"))
    pass_time(engine, hours(5))
    engine.answer_case("ann", "late", ref="#1")
    pass_time(engine, days(3))
    lines = text(engine.customer("ann")).splitlines()[1:]
    assert lines == [
        "2026-03-02 09:00 · case late: opened  #1  response due 2026-03-02 13:00  resolution due 2026-03-04 09:00",
        "2026-03-02 13:00 · case late: response overdue  #1",
        "2026-03-02 14:00 · case late: answered  #1",
        "2026-03-04 09:00 · case late: resolution overdue  #1",
    ]


def test_it_is_part_of_what_is_held_about_a_person():  # S1.7
    engine = opened()
    pass_time(engine, hours(5))
    (case,) = engine.export("ann")["cases"]
    assert case["respond_by"] == "2026-03-02T13:00:00+00:00"
    assert case["response_overdue_since"] == "2026-03-02T13:00:00+00:00"
    assert case["first_response_at"] is None


def test_counts_name_what_was_missed_and_answered():
    engine = opened()
    pass_time(engine, hours(5))
    engine.answer_case("ann", "late", ref="#1")
    with engine.store.reading() as reader:
        counted = {row.what: row.n for row in reader.tallies() if row.subject == "case"}
    assert counted == {"opened": 1, "response overdue": 1, "answered": 1}


def test_neither_reprs_nor_errors_tell_a_ref():  # S7.5
    engine = opened(ref="secret-ref")
    pass_time(engine, hours(5))
    assert "secret-ref" not in repr(the_case(engine))
    assert "secret-ref" not in repr(state_of(engine))


# --- the word ---------------------------------------------------------------------------------------------------------


def test_a_deadline_that_does_not_exist_is_an_error():
    with pytest.raises(JourneyError, match="response, resolution"):
        CaseOverdue(LATE, "answer")


def test_a_case_that_no_journey_declares_is_an_error():
    with pytest.raises(JourneyError, match="there is no case 'lost'"):
        Journey("one", rules=[Rule("r", when=CaseOverdue("lost"))])


@pytest.mark.parametrize(
    ("trigger", "words"),
    [(CaseOverdue(LATE), "case late overdue"), (CaseOverdue("late", "response"), "case late overdue (response)")],
)
def test_it_reads_like_a_sentence(trigger, words):
    assert str(trigger) == words


def test_a_wait_for_one_deadline_is_another_step_than_one_for_the_other():  # S4.5
    rule = Rule("r", when="x", then=[WaitFor(CaseOverdue(LATE, each), days(1)) for each in ("response", "resolution")])
    engine = made(rule)
    engine.record("ann", "x")
    (run,) = state_of(engine).runs
    assert run.node == "waitfor:caseoverdue late response"


def test_closing_ends_what_a_case_is_waited_for():
    """The rule that escalates closes the case that it was started by: its key is the ref."""
    rule = Rule("close", when=CaseOverdue(LATE, "resolution"), key="ref", then=[CloseCase(LATE), MARK])
    engine = opened(rule)
    engine.open_case("ann", "late", ref="#2")
    pass_time(engine, days(2) + minutes(1))
    assert [case.closed_at for case in engine.customer("ann").cases()] == [RESOLUTION, RESOLUTION]


def test_a_store_of_the_first_schema_is_brought_up(tmp_path):  # S11.6
    """Cases that were open keep what they had; the new columns are empty."""
    import sqlite3
    from contextlib import closing

    from touchpoint.stores.migrations import MIGRATIONS, migrate

    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, micros(START), MIGRATIONS[:1])
        connection.execute("INSERT INTO touchpoint_cases VALUES (1, 1, 'late', '#1', 5, NULL)")
    with closing(SqliteStore(str(path))) as store, store.reading() as reader:
        (row,) = reader.cases(1)
        assert (row.opened_at, row.first_response_at, row.deadlines) == (5, None, "")
