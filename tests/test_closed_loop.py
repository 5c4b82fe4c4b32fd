"""The closed loop (S8.2): which feedback led to which contact, and how long it took; a case keeps it for good."""

import json
from datetime import timedelta

import pytest

from making import START, engine_of, message, pass_time
from touchpoint import (
    CaseEscalated,
    CaseType,
    CloseCase,
    Content,
    Emit,
    Figures,
    Gift,
    Give,
    OpenCase,
    Rule,
    Send,
    VirtualClock,
    Wait,
    WaitFor,
    days,
    hours,
    minutes,
)
from touchpoint.channels import TaskChannel
from touchpoint.engine.telling import text
from touchpoint.insight import Scale
from touchpoint.model.feedback_source import FeedbackSource

COMPLAINT = CaseType("complaint", respond_within=hours(4), escalate=[hours(6)])
CALL = message("call_them", channels=["call"])


def made(*rules, **more):
    return engine_of(*rules, parts={"cases": [COMPLAINT]}, **more)


def care(*then):
    """A review opens a case two hours later."""
    return Rule("care", when="review", key="order", then=[Wait(hours(2)), OpenCase(COMPLAINT), *then])


def review(engine, order="A1", id="r1"):
    engine.record("ann", "review", {"order": order, "score": 1}, id=id)
    pass_time(engine, hours(3))


def loop(engine):
    (found,) = engine.cases.loops("ann")
    return found


def test_a_review_leads_to_a_message_and_both_times_count_from_the_review():
    engine = made(care(Wait(hours(1)), Send(message("sorry"))))
    review(engine)
    pass_time(engine, hours(1))
    engine.close_case("ann", "complaint", ref="A1")
    found = loop(engine)
    assert (found.cause, found.cause_type, found.cause_at) == ("r1", "review", START)
    assert (found.contact.by, found.contact.name, found.contact.channel) == ("message", "sorry", "email")
    assert (found.opened_at, found.to_response, found.to_close) == (START + hours(2), hours(3), hours(4))


def test_a_gift_is_a_contact():
    cake = Gift("cake", why="w", occasion="apologise", channels=["email"], content=Content(text="Cake!"))
    engine = made(care(Give(cake)))
    engine.grant("ann", "gift")
    review(engine)
    assert (loop(engine).contact.name, loop(engine).to_response) == ("cake", hours(2))


def test_a_task_is_a_contact_when_it_is_done():
    engine = made(care(Send(CALL)), channels=[TaskChannel("call", "phone")])
    review(engine)
    assert (loop(engine).contact, loop(engine).to_response) == (None, None)
    (task,) = engine.tasks.open("call")
    engine.tasks.claim(task.key, by="chris")
    engine.tasks.complete(task.key, "reached")
    assert (loop(engine).contact.by, loop(engine).contact.name, loop(engine).to_response) == (
        "task", "call_them", hours(3),
    )  # fmt: skip


def test_a_touchpoint_of_the_host_is_a_contact():
    engine = made(care())
    review(engine)
    engine.record("ann", "phoned", direction="outbound", channel="phone", about="case:complaint:A1", id="p1")
    contact = loop(engine).contact
    assert (contact.by, contact.id, contact.name, contact.channel) == ("touchpoint", "p1", "phoned", "phone")


def test_what_only_the_host_knows_of_is_a_contact_without_a_name():
    engine = made(care())
    review(engine)
    engine.answer_case("ann", "complaint", ref="A1")
    contact = loop(engine).contact
    assert (contact.by, contact.id, contact.name, contact.channel) == ("host", "", "", None)


def test_what_answered_earlier_takes_the_place_of_what_was_known_to():
    engine = made(care(Send(message("sorry"))))
    review(engine)
    early = START + hours(2)
    engine.answer_case("ann", "complaint", ref="A1", at=early - minutes(1))
    assert (loop(engine).contact.by, loop(engine).first_response_at) == ("message", early)


def test_the_touchpoint_that_last_moved_the_run_is_the_cause():
    asks = Rule("ask", when="bought", then=[WaitFor("review", timeout=days(3), then=[OpenCase(COMPLAINT, ref="A1")])])
    engine = made(asks)
    engine.record("ann", "bought", id="b1")
    engine.record("ann", "review", {"score": 1}, id="r1")
    assert (loop(engine).cause, loop(engine).cause_type) == ("r1", "review")


def test_the_host_says_what_led_to_a_case_that_it_opens():
    engine = made()
    engine.record("ann", "review", {"score": 1}, id="r1")
    pass_time(engine, days(1))
    engine.open_case("ann", "complaint", ref="A1", cause="r1")
    assert (loop(engine).cause_type, loop(engine).began_at, loop(engine).opened_at) == (
        "review",
        START,
        START + days(1),
    )


def test_a_case_without_a_cause_counts_from_its_opening():
    engine = made()
    engine.open_case("ann", "complaint", ref="A1")
    pass_time(engine, hours(1))
    engine.close_case("ann", "complaint", ref="A1")
    assert (loop(engine).cause, loop(engine).began_at, loop(engine).to_close) == (None, START, hours(1))


def test_every_opening_is_a_loop_of_its_own():
    engine = made(care(Send(message("sorry"))))
    review(engine)
    engine.close_case("ann", "complaint", ref="A1")
    engine.cases.reopen("ann", "complaint", ref="A1")
    first, second = engine.cases.loops("ann")
    assert (first.opening, first.cause, second.opening, second.cause, second.contact) == (1, "r1", 2, None, None)


def test_what_became_of_the_case_that_stays_is_what_became_of_the_one_that_was_merged():
    engine = made(care())
    review(engine, "A1", "r1")
    review(engine, "A2", "r2")
    engine.cases.merge("ann", "complaint", ref="A2", into="A1")
    engine.record("ann", "phoned", direction="outbound", about="case:complaint:A1", id="p1")
    pass_time(engine, hours(1))
    engine.close_case("ann", "complaint", ref="A1")
    stays, merged = engine.cases.loops("ann")
    assert (stays.cause, merged.cause, merged.merged_into) == ("r1", "r2", "A1")
    assert stays.contact == merged.contact
    assert (stays.to_response, merged.to_response, merged.to_close) == (hours(6), hours(3), hours(4))


def test_figures_end_a_loop_at_the_merge_where_the_loop_of_a_customer_goes_on():  # docs/reference/figures.md
    engine = made(care(), figures=Figures(), feedback=[FeedbackSource("review", scale=Scale(1, 5))])
    review(engine, "A1", "r1")
    review(engine, "A2", "r2")
    engine.cases.merge("ann", "complaint", ref="A2", into="A1")
    engine.record("ann", "phoned", direction="outbound", about="case:complaint:A1", id="p1")
    pass_time(engine, hours(1))
    stays, merged = engine.cases.loops("ann")
    assert (stays.to_response, merged.to_response, stays.to_close, merged.to_close) == (hours(6), hours(3), None, None)
    [told] = engine.figures().loops
    assert (told.heard, told.to_answer.n, told.to_answer.mean) == (2, 1, hours(6).total_seconds())
    assert (told.to_close.n, told.to_close.mean) == (1, hours(3).total_seconds())


def test_the_answer_of_a_case_that_was_merged_is_the_answer_of_the_one_that_stays():
    engine = made(care())
    review(engine, "A1", "r1")
    review(engine, "A2", "r2")
    engine.record("ann", "phoned", direction="outbound", about="case:complaint:A2", id="p1")
    engine.cases.merge("ann", "complaint", ref="A2", into="A1")
    stays, merged = engine.cases.loops("ann")
    assert (stays.contact.id, merged.contact.id) == ("p1", "p1")


def test_it_is_plain_data():
    engine = made(care(Send(message("sorry"))))
    review(engine)
    told = json.loads(json.dumps(loop(engine).to_dict()))
    assert (told["cause_type"], told["contact"]["name"], told["to_response"], told["to_close"]) == (
        "review", "sorry", 7200.0, None,
    )  # fmt: skip


def test_it_is_there_for_both_ids_of_one_person():  # S1.6
    engine = made(care(Send(message("sorry"))), people=("ann", "anonymous"))
    engine.record("anonymous", "review", {"order": "A1", "score": 1}, id="r1")
    pass_time(engine, hours(3))
    engine.merge("anonymous", "ann")
    assert (loop(engine).cause_type, loop(engine).contact.name) == ("review", "sorry")


def test_it_is_exported_and_erased_with_the_person():  # S1.7
    engine = made(care(Send(message("sorry"))), secret="a secret that only this test knows")
    review(engine)
    engine.cases.assign("ann", "complaint", ref="A1", owner="chris")
    (case,) = engine.export("ann")["cases"]
    assert (case["severity"], case["owner"], case["cause"], case["opening"]) == ("normal", "chris", "r1", 1)
    assert case["answered_by"].startswith("message:")
    assert engine.erase("ann").cases == 1


# --- what people are told ---------------------------------------------------------------------------------------------


def test_why_and_what_is_planned_tell_when_a_case_is_escalated():
    engine = made(care(), Rule("raise it", when=CaseEscalated(COMPLAINT), key="ref", then=[Emit("x")]))
    review(engine)
    assert "case complaint: level 1 due" in str(engine.customer("ann").planned)
    assert "case complaint A1: level 1 due 2026-03-02 17:00:00 UTC" in str(engine.why("ann", "raise it"))
    pass_time(engine, hours(6))
    assert "case complaint A1: escalated to level 1 2026-03-02 17:00:00 UTC" in str(engine.why("ann", "raise it"))


def test_a_timeline_tells_of_all_that_was_done_to_a_case():
    engine = made()
    engine.open_case("ann", "complaint", ref="A1", severity="urgent", owner="chris")
    pass_time(engine, hours(7))
    engine.open_case("ann", "complaint", ref="A2")
    engine.cases.merge("ann", "complaint", ref="A2", into="A1")
    engine.close_case("ann", "complaint", ref="A1")
    engine.cases.reopen("ann", "complaint", ref="A1")
    told = text(engine.customer("ann"))
    for words in (
        "case complaint: opened", "A1  urgent  owner chris", "case complaint: escalated to level 1",
        "case complaint: merged into A1", "case complaint: reopened",
    ):  # fmt: skip
        assert words in told


def test_neither_a_case_nor_a_loop_shows_whose_it_is():
    engine = made(care())
    review(engine, order="a name")
    engine.cases.assign("ann", "complaint", ref="a name", owner="somebody")
    shown = repr(loop(engine)) + repr(engine.customer("ann").cases())
    assert "a name" not in shown
    assert "somebody" not in shown


@pytest.mark.parametrize("down", [timedelta(0), hours(9)])
def test_a_store_that_is_closed_and_opened_again_escalates_and_answers_the_same(tmp_path, down):  # S11.1
    store, clock = f"sqlite:///{tmp_path / 't.db'}", VirtualClock(START)
    rules = [
        care(Wait(hours(1)), Send(message("sorry")), WaitFor("done", timeout=days(9), then=[CloseCase(COMPLAINT)]))
    ]
    engine = made(*rules, store=store, clock=clock)
    engine.record("ann", "review", {"order": "A1", "score": 1}, id="r1")
    pass_time(engine, hours(4))
    engine.close()
    clock.advance(down)
    engine = made(*rules, store=store, clock=clock)
    pass_time(engine, days(1))
    (case,) = engine.customer("ann").cases()
    assert (case.escalated_at, loop(engine).to_response) == ((START + hours(8),), hours(3))
    engine.close()
