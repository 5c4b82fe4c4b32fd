"""What makes good a case goes first (S6.10, S8.2): its own hold does not hold it, and it has a place before others."""

import pytest

from making import START, engine_of, handed, message, pass_time
from touchpoint import (
    Ask,
    Cap,
    CaseClosed,
    CaseOpened,
    CaseOverdue,
    CaseType,
    CloseCase,
    Content,
    Gift,
    Give,
    Hold,
    OpenCase,
    Policy,
    QuietHours,
    Rule,
    Send,
    Survey,
    Wait,
    WaitFor,
    days,
    hours,
    minutes,
)
from touchpoint.channels import TaskChannel

COMPLAINT = CaseType("complaint", respond_within=hours(4))
QUESTION = CaseType("question")
WORDS = {"why": "make it good", "channels": ["email"], "content": Content(text="Yours")}
CAKE = Gift("cake", occasion="apologise", **WORDS)
FLOWERS = Gift("flowers", occasion="thank", **WORDS)
SURVEY = Survey("survey", **WORDS)
OFFER = message("offer", kind="marketing")
EVERYTHING = Hold(while_open=[COMPLAINT], cool_off=days(2))
"""Holds messages of every kind."""


def made(*rules, items=(EVERYTHING,), cases=(COMPLAINT, QUESTION), **more):
    engine = engine_of(*rules, parts={"cases": cases, "policy": Policy(*items)}, **more)
    for kind in ("marketing", "feedback", "gift"):
        engine.grant("ann", kind)
    return engine


def care(*then, key="order"):
    return Rule("care", when="review", key=key, then=[OpenCase(COMPLAINT), *then])


def complain(engine, order="A1"):
    engine.record("ann", "review", {"order": order})
    pass_time(engine, minutes(1))


# --- holds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [Send(message("sorry")), Give(FLOWERS), Give(CAKE)])
def test_what_the_run_that_opened_a_case_sends_is_not_held_by_its_own_hold(step):
    engine = made(care(step))
    complain(engine)
    assert handed(engine) == [step.message.name]


@pytest.mark.parametrize("step", [Send(OFFER), Ask(SURVEY)])
def test_a_promotion_or_a_request_for_feedback_is_held_whoever_sends_it(step):
    engine = made(care(step))
    complain(engine)
    assert handed(engine) == []
    engine.close_case("ann", "complaint", ref="A1")
    pass_time(engine, days(2))
    assert handed(engine) == [step.message.name]


def test_promotional_words_make_even_an_apology_a_promotion():
    gift = Gift("voucher", occasion="apologise", **WORDS | {"content": Content(text="20 % off", promotional=True)})
    engine = made(care(Give(gift)))
    complain(engine)
    assert handed(engine) == []


def test_what_has_nothing_to_do_with_the_case_is_held():
    engine = made(
        care(),
        Rule("news", when="visit", then=[Send(message("news"))]),
        Rule("thanks", when="buy", then=[Give(FLOWERS)]),
    )
    complain(engine)
    engine.record("ann", "visit")
    engine.record("ann", "buy")
    pass_time(engine, hours(1))
    assert handed(engine) == []


def test_an_apology_is_held_by_no_case_whichever_rule_gives_it():
    engine = made(care(), Rule("sorry", when="mishap", then=[Give(CAKE)]))
    complain(engine)
    engine.record("ann", "mishap")
    pass_time(engine, hours(1))
    assert handed(engine) == ["cake"]


def test_what_a_run_about_an_event_of_the_case_sends_is_not_held():
    engine = made(care(), Rule("late", when=CaseOverdue(COMPLAINT), key="ref", then=[Send(message("sorry"))]))
    complain(engine)
    pass_time(engine, hours(5))
    assert handed(engine) == ["sorry"]


def test_two_complaints_do_not_hold_up_the_apologies_for_each_other():
    engine = made(care(Send(message("sorry"))))
    complain(engine, "A1")
    complain(engine, "A2")
    assert handed(engine) == ["sorry", "sorry"]


def test_the_hold_of_another_kind_of_case_holds_it():
    engine = made(care(Send(message("sorry"))), items=[Hold(while_open=[QUESTION])])
    engine.open_case("ann", "question", ref="q")
    complain(engine)
    assert handed(engine) == []


def test_what_is_said_of_the_end_of_a_case_does_not_wait_for_its_cool_off():
    engine = made(
        care(WaitFor("solved", timeout=days(9), then=[CloseCase(COMPLAINT), Give(CAKE)])),
        Rule("closed", when=CaseClosed(COMPLAINT), then=[Send(message("all_done")), Send(OFFER)]),
    )
    complain(engine)
    engine.record("ann", "solved", {"order": "A1"})
    pass_time(engine, hours(1))
    assert sorted(handed(engine)) == ["all_done", "cake"]
    pass_time(engine, days(2))
    assert handed(engine)[-1] == "offer"


def test_a_gift_by_hand_about_a_case_is_not_held_and_answers_it():
    engine = made(Rule("by hand", then=[Give(FLOWERS)]))
    engine.open_case("ann", "complaint", ref="A1")
    (case,) = engine.customer("ann").cases()
    engine.give("ann", "flowers", by="chris", about=case)
    pass_time(engine, minutes(1))
    assert handed(engine) == ["flowers"]
    assert engine.customer("ann").cases()[0].first_response_at == START


def test_a_task_about_a_case_may_be_claimed_while_it_is_open():
    call = message("call_them", channels=["call"])
    engine = made(care(Send(call)), channels=[TaskChannel("call", "phone")])
    complain(engine)
    (task,) = engine.tasks.open("call")
    assert engine.tasks.claim(task.key, by="chris").status == "claimed"


def test_why_says_that_it_is_sent_to_make_good_a_case():
    quiet = QuietHours("08:00", "11:00", unknown_zone="UTC")
    engine = made(care(Send(message("sorry"))), items=[EVERYTHING, quiet])
    complain(engine)
    assert "it is sent to make good a case (complaint)" in str(engine.why("ann", "sorry"))


# --- competition ------------------------------------------------------------------------------------------------------

ONE_A_DAY = Cap(1, per=days(1))


def competing(*others, items=(ONE_A_DAY,)):
    """All have something to send at one instant; the apology is declared last, and has the lowest priority."""
    return made(
        *others,
        Rule(
            "care",
            when="review",
            key="order",
            priority=-9,
            then=[OpenCase(COMPLAINT), Wait(hours(1)), Send(message("sorry"))],
        ),
        items=items,
    )


@pytest.mark.parametrize(
    "step", [Send(message("offer", kind="marketing", priority=9)), Ask(SURVEY), Send(message("news", priority=9))]
)
def test_it_takes_the_place_under_a_cap_before_others_that_are_due_with_it(step):  # S6.6
    engine = competing(Rule("other", when="review", priority=9, then=[Wait(hours(1)), step]))
    engine.record("ann", "review", {"order": "A1"})
    pass_time(engine, hours(2))
    assert handed(engine) == ["sorry"]
    pass_time(engine, days(1))
    assert handed(engine) == ["sorry", step.message.name]


def test_without_an_open_case_priority_decides():  # S6.6
    rules = [
        Rule("other", when="review", priority=9, then=[Wait(hours(1)), Ask(SURVEY)]),
        Rule("care", when="review", priority=-9, then=[Wait(hours(1)), Send(message("sorry"))]),
    ]
    engine = made(*rules, items=[ONE_A_DAY])
    engine.record("ann", "review", {"order": "A1"})
    pass_time(engine, hours(2))
    assert handed(engine) == ["survey"]


def test_a_place_is_kept_for_one_that_is_due_soon():  # S6.6
    quiet = QuietHours("08:00", "11:00", unknown_zone="UTC", kinds=["service"])
    ask = Rule("ask", when="visit", priority=9, then=[Ask(SURVEY)])
    engine = made(care(Send(message("sorry"))), ask, items=[ONE_A_DAY, quiet])
    complain(engine)
    engine.record("ann", "visit")
    pass_time(engine, hours(1))
    assert handed(engine) == []
    assert "its last place is kept for 'sorry', which goes first" in str(engine.why("ann", "survey"))
    pass_time(engine, hours(2))
    assert handed(engine) == ["sorry"]


def test_of_several_that_make_good_the_higher_priority_goes_first():  # S6.6
    rules = [
        Rule(name, when=CaseOpened(COMPLAINT), key="ref", priority=rank, then=[Wait(hours(1)), Send(message(name))])
        for name, rank in (("a", 1), ("b", 2))
    ]
    engine = made(care(), *rules, items=[ONE_A_DAY])
    complain(engine)
    pass_time(engine, hours(2))
    assert handed(engine) == ["b"]
