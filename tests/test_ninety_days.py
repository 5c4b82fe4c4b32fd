"""The story of ninety days: complaint, apology, gift, answer, review, referral. Every policy really runs."""

import runpy
from datetime import timedelta
from pathlib import Path

import pytest

from touchpoint.lab import check

EXAMPLE = Path(__file__).parent.parent / "examples" / "ninety_days.py"


@pytest.fixture(scope="module")
def program():
    return runpy.run_path(str(EXAMPLE), run_name="an_example")


@pytest.fixture(scope="module")
def told(program):
    """What the story tells, line by line, and the diary at its end."""
    lines = []
    diary = program["story"](lines.append)
    with diary.engine:
        yield lines, diary


@pytest.fixture
def ida(told):
    return told[1].engine.customer("ida")


def at(lines, *words):
    """Where a line has all of these words."""
    (found,) = [n for n, line in enumerate(lines) if all(word in line for word in words)]
    return found


def test_it_goes_from_the_complaint_to_the_referral_in_order(told):  # S8.2
    lines, _ = told
    order = [
        at(lines, "the cup is broken"), at(lines, "We are sorry"), at(lines, "Maria approves new_cup"),
        at(lines, "(post)", "A new cup"), at(lines, "(phone)", "reached"), at(lines, "put_right"),
        at(lines, "Do you mend handles? answered"), at(lines, "You asked for vegan chocolate"),
        at(lines, "ida: review"), at(lines, "ida brings ben"), at(lines, "A box of tea for two"),
    ]  # fmt: skip
    assert order == sorted(order)


def test_nobody_sells_anything_while_the_cup_is_broken(told, ida):  # S6.10
    (case,) = [each for each in ida.cases() if each.kind == "broken"]
    (sent,) = [each.at for each in ida.messages if each.kind == "marketing"]
    assert sent >= case.closed_at + timedelta(days=3)
    assert at(told[0], "spring:", "defer: a case is open: broken") < at(told[0], "Spring teas")


def test_a_first_order_is_answered_without_the_name_and_a_second_one_with_it(told):  # S7.5
    lines, _ = told
    assert at(lines, "Hello there, your order A1") < at(lines, "Ida, back again! A2")


def test_what_is_special_is_never_said(told):  # S7.5
    assert not any("nuts" in line for line in told[0])


def test_every_gift_is_given_once_and_booked(told):  # S6.5
    engine = told[1].engine
    given = engine.gifts.given("ida")
    assert {each.gift: each.status for each in given} == {"new_cup": "given", "tea_for_two": "given"}
    assert engine.gifts.stocks() == {"cups": 11}


def test_complaint_and_question_were_answered_and_closed_in_time(told):  # S8.2
    loops = {each.kind: each for each in told[1].engine.cases.loops("ida")}
    assert loops["broken"].contact.name == "sorry"
    assert loops["question"].to_response == timedelta(hours=3)
    assert not any(case.overdue for case in told[1].engine.customer("ida").cases())


def test_a_reply_is_feedback_about_the_survey_and_its_location(told):  # S8.1
    heard = told[1].engine.feedback.of("ida")
    (score,) = [each for each in heard if each.feedback.kind == "csat"]
    assert (score.feedback.score, score.message, score.feedback.location) == (1, "how_was_it", "web")


def test_the_loop_is_counted(told):  # S3.1
    report = told[1].engine.figures()
    assert [(each.left, each.entered, each.n) for each in report.flows] == [
        (None, "buyer", 2), ("buyer", "regular", 1), ("regular", "advocate", 1),
    ]  # fmt: skip
    assert told[1].engine.advocate("ida").new_customers == 1


def test_the_linter_has_nothing_to_say_of_it(program):
    assert list(check([program["shop"], program["help_desk"]])) == []


def test_it_is_told_on_the_console(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    out = capsys.readouterr().out
    assert "day 75  Kim (post): A box of tea for two. packed" in out
    assert "Ida is in the stage advocate now, and brought 1 customer." in out
