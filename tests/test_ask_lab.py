"""Surveys that are followed up, under the lamp: coverage, mutation, differences, why, and files (S5, S8.1)."""

import pytest

from making import pass_time
from test_ask_follow_up import AGAIN, VOUCHER, asking, reply, visited
from touchpoint import Journey, days
from touchpoint.files import differences, read_text, write_text
from touchpoint.lab.coverage import Coverage
from touchpoint.lab.mutate import mutants
from touchpoint.lab.mutations import changes

WHOLE = asking(remind=days(3), reminder=AGAIN, thank=VOUCHER, within=days(10))


def faults(rule):
    return {each.sentence for each in changes(Journey("shop", rules=[rule]))}


@pytest.mark.parametrize(
    "sentence",
    [
        "rate (rule ask) is not sent once more after 3 days",
        "nobody gets voucher for answering rate (rule ask)",
        "voucher is of kind marketing instead of service",
        "rule ask never asks rate",
    ],
)
def test_what_follows_an_answer_has_faults(sentence):
    assert sentence in faults(WHOLE)


def test_every_fault_of_it_is_another_journey_that_is_valid():
    found = {each.sentence for each in mutants(Journey("shop", rules=[WHOLE]))}
    assert "voucher has no limit (1 per 90 days)" not in found  # it has one all the same
    assert found < faults(WHOLE)


def test_a_survey_is_read_from_a_file_as_it_is_written():
    made = Journey("shop", rules=[WHOLE])
    assert read_text(write_text(made)).journeys == (made,)


def test_a_survey_may_be_written_by_hand():
    text = """
touchpoint: 1
journey: shop
surveys:
  rate: {scale: csat, points: [1, 10], why: to learn, channels: sms, content: "1 to 10? 5 off for any answer",
         incentive: 5 off}
gifts:
  voucher: {why: to thank, channels: sms, worth: 5, currency: EUR, content: "5 off"}
rules:
  - rule: ask
    when: visited
    then:
      - ask: rate
        remind: 3d
        thank: voucher
"""
    (rule,) = read_text(text).journeys[0].rules
    (ask,) = rule.then
    assert (ask.remind, ask.thank.name, ask.message.points) == ((days(3),), "voucher", (1, 10))


def test_a_difference_is_told_where_it_was_written():
    before, after = (Journey("shop", rules=[asking(remind=days(n))]) for n in (3, 5))
    told = [str(each) for each in differences([before], [after])]
    assert any("remind" in each for each in told)


def test_why_explains_what_a_run_waits_for():
    with visited(WHOLE) as engine:
        assert "at ask:rate/answer until" in str(engine.why("ann", "ask"))
        pass_time(engine, days(3))
        assert "rate again" in str(engine.why("ann", "rate again"))
        reply(engine, "9")
        pass_time(engine)
        assert "sent" in str(engine.why("ann", "voucher"))


def test_what_is_planned_names_the_reminder():
    with visited(asking(remind=days(3))) as engine:
        assert any("rate" in str(each) for each in engine.planned("ann"))


def test_coverage_tells_which_ways_were_taken():
    with visited(asking(remind=days(3), thank=VOUCHER)) as engine:
        pass_time(engine, days(3))
        reply(engine, "9")
        pass_time(engine)
        found = Coverage.of(engine.journeys, None)
        found.collect(engine)
        after = "one/rules/ask/steps/ask:rate/follow_up/"
        reached = {each.removeprefix(after) for each in found.hits if each.startswith(after)}
        assert {
            "ask:rate~1answer/otherwise/taken", "ask:rate~1answer/otherwise/ask:rate~1remind/reached",
            "ask:rate~1answer/otherwise/ask:rate~1answer#2/then/taken",
            "ask:rate~1answered/then/ask:rate~1thank/reached",
        } <= reached  # fmt: skip
        assert "ask:rate~1answered/otherwise/taken" not in reached
