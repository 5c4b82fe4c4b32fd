"""`check` at its edges: conditions of constants, too many alternatives, and what is said of odd journeys."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import and_

import attrs
import pytest

from making import message
from test_check import HAPPY, MARK, ZONE, codes, gift, kept, late, one, review, rule, stage, stages
from touchpoint import (
    Ask,
    Branch,
    Cap,
    CaseType,
    Emit,
    Entered,
    Give,
    Hold,
    Journey,
    OpenCase,
    Policy,
    Rule,
    Segment,
    Send,
    SendWindow,
    Silent,
    Wait,
    WaitFor,
    calendar_days,
    count,
    customer,
    days,
    event,
    hours,
    in_stage,
    minutes,
    once,
    total,
    usual,
)  # fmt: skip
from touchpoint.journey.text import parse
from touchpoint.lab import check
from touchpoint.lab.checks import pages
from touchpoint.lab.checks.cells import U
from touchpoint.lab.checks.solve import always, can_be, never

A, B = count("a"), count("b")


# --- conditions of constants ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    "5 in (1, 2)", "not (2 * 3 in (6, 7))", "1 / 0 in (1, 2)", "1 / 0 > customer.x", "true and false",
    "customer.x > 2 * 3 and customer.x < 6", "2 + 3 < customer.x and customer.x < 5",
    "5 < customer.x and customer.x < 5",
])  # fmt: skip
def test_a_contradiction_of_constants_is_found(text):
    assert never(parse(text))


@pytest.mark.parametrize("text", ["true or false", "2 * 3 in (6, 7)", "not (5 in (1, 2))"])
def test_what_constants_make_certain_is_found(text):
    assert always(parse(text))


@pytest.mark.parametrize("text", [
    "2 + 3 < customer.x and customer.x < 6", "customer.x > 2 * 3 and customer.x < 7", "true and customer.x",
    "5 < customer.x and customer.x < 6",
])  # fmt: skip
def test_constants_do_not_make_certain_what_depends_on_the_data(text):
    assert not never(parse(text))
    assert not always(parse(text))


# --- counts compared with each other ----------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", [
    (A < B) & (A == 5) & (B == 2), (A > B) & (A == 2) & (B == 5), (A == B) & (A == 2) & (B == 5),
    (A != B) & (A == 2) & (B == 2), (total("a", "n") <= B) & ~total("a", "n").exists(),
])  # fmt: skip
def test_counts_that_cannot_be_so_beside_each_other_are_found(condition):
    assert never(condition)


@pytest.mark.parametrize("condition", [
    (A != B) & (A == 5) & (B == 2), (A != B) & (A == 2) & (B == 5), (A >= B) & (A == 2) & (B == 2),
    (A < B) & (A == 2) & (B > 2), total("a", "n") <= B,
])  # fmt: skip
def test_counts_that_may_be_so_beside_each_other_are_left_alone(condition):
    assert not never(condition)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (customer.vip, True), ((customer.a > 1) & (customer.b > 1), True), ((A > 1) & (B > 1), False), (A > 1, False),
        ((A > 1) | (customer.b > 1), True), ((A >= 0) | (customer.b > 1), False),
    ],
)  # fmt: skip
def test_only_what_somebody_may_not_know_can_be_unknown(condition, expected):
    assert can_be(condition, U) == expected


# --- where it is left at that -----------------------------------------------------------------------------------------


def alternatives(n):
    """A contradiction behind `n` pairs of alternatives."""
    told = (customer.z == 1) | (customer.z == 2), (customer.z == 3) | (customer.z == 4)
    return reduce(and_, [*told, *((customer[f"a{k}"] == 1) | (customer[f"a{k}"] == 2) for k in range(n))])


def test_a_contradiction_behind_a_few_alternatives_is_found_and_behind_very_many_left_alone():
    assert never(alternatives(5))
    assert not never(alternatives(30))


def test_counts_are_set_against_each_other_where_there_are_not_too_many():
    wrong = (count("a", within=days(7)) >= 3) & (count("a", within=days(30)) < 3)
    assert never(reduce(and_, [wrong, *(count(f"x{n}") > 0 for n in range(30))]))
    assert not never(reduce(and_, [wrong, *(count(f"x{n}") > 0 for n in range(50))]))


# --- only the happy ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [
    count("csat", where=HAPPY) >= 1, parse("4 <= event.score"), parse("3 < event.rating"),
    event.score.in_([4, 5]), event.mood.in_(["great", "good"]), event.Happy, event.score >= Decimal(4),
    event.happy == True,  # noqa: E712
    (event.score >= 4) | event.is_promoter,
])  # fmt: skip
def test_a_review_that_only_the_happy_are_asked_for_is_found(given):
    assert codes(one(rule(Ask(review()), given=given))) == ["TC701"]


@pytest.mark.parametrize("given", [
    count("csat", where=HAPPY) == 0, parse("4 >= event.score"), event.score.in_([1, 5]), event.happy == False,  # noqa: E712
    event.happy != True, event.score == None, event.score >= 1, event.size >= 4, count("csat") >= 1,  # noqa: E711, E712
    (event.score >= 4) | (event.score <= 2),
])  # fmt: skip
def test_a_review_that_the_unhappy_are_asked_for_too_is_fair(given):
    assert codes(one(rule(Ask(review()), given=given))) == []


def test_who_was_content_may_be_thanked():
    assert codes(one(rule(Send(message()), given=HAPPY))) == []


# --- what is out of reach ---------------------------------------------------------------------------------------------


def test_a_stage_entered_only_from_one_that_nobody_is_in_says_so():
    found = check(stages(stage("a"), stage("b", Entered("a"))))
    assert [(each.code, each.about) for each in found] == [("TC201", "stage a"), ("TC201", "stage b")]
    assert "is entered only by entered a, which never happens" in found[1].what


def test_a_stage_of_another_journey_that_is_not_there_is_told_where_it_is_asked_for():
    other = Journey(
        "two", segments=[Segment("gone", in_stage("b", journey="one")), Segment("there", in_stage("a", journey="one"))]
    )
    found = check([stages(stage("a", "x")), other])
    assert [(each.code, each.about, each.path) for each in found] == [
        ("TC205", "segment gone", "$.segments[0].condition")
    ]


def test_a_wait_for_what_ends_the_run_elsewhere_is_found_and_for_what_does_not_is_not():
    waiting = WaitFor(["paid", "lost"], timeout=days(1), then=[MARK])
    assert codes(one(rule(waiting, exit="lost"))) == ["TC206"]
    assert codes(one(rule(waiting, exit="other"))) == []


def test_a_case_is_told_once_however_many_rules_open_it():
    again = Rule("again", when="y", then=[OpenCase(late)])
    found = check(
        one(rule(OpenCase(late), OpenCase(late)), again, cases=[late], policy=Policy(Hold(while_open=[late])))
    )
    assert [each.code for each in found] == ["TC207"]


def test_a_case_that_its_answer_closes_needs_no_rule_that_does():
    asked = CaseType("question", answer_closes=True)
    assert codes(one(rule(OpenCase(asked)), cases=[asked], policy=Policy(Hold(while_open=[asked])))) == []


# --- times, windows, policies -----------------------------------------------------------------------------------------


def test_a_window_shorter_than_its_margins_never_opens():
    short, longer = ("09:00", "09:20"), ("14:00", "18:00")
    assert "TC401" in codes(kept(SendWindow(short, margin=minutes(15), **ZONE)))
    assert "TC401" not in codes(kept(SendWindow(short, longer, margin=minutes(15), **ZONE)))


def test_a_cap_on_the_calendar_is_not_set_against_one_that_rolls():
    assert "TC407" in codes(kept(Cap(1, per=days(7)), Cap(2, per=days(1))))
    assert "TC407" not in codes(kept(Cap(1, per=days(7)), Cap(2, per=calendar_days(1))))


@pytest.mark.parametrize("least", [days(30), days(5)])
def test_a_silence_by_the_usual_gap_is_as_long_as_its_bounds_at_the_least(least):
    silent = Silent(usual(2), of="x", at_least=least, otherwise=days(60))
    found = codes(one(rule(when=silent, given=count("x", within=days(7)) >= 1)))
    assert found == (["TC116"] if least > days(7) else [])


def test_a_circle_that_takes_its_time_and_sends_nothing_is_no_finding():
    assert codes(one(rule(Wait(days(1)), Emit("start")))) == []
    assert codes(one(rule(Wait(days(1)), Send(message()), Emit("start")))) == ["TC602"]


def test_a_gift_without_bounds_is_told_once_for_each_rule():
    free = Branch(customer.vip, then=[Give(gift())], otherwise=[Wait(hours(1)), Give(gift())])
    found = [each.code for each in check(one(rule(free), Rule("two", when="y", limit=once(), then=[Give(gift())])))]
    assert found.count("TC509") == 1


@attrs.frozen
class Visited:
    when: datetime
    n: int = 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [(datetime(2026, 1, 1, tzinfo=UTC), []), ("2026-01-01T10:00:00Z", []), ("soon", ["TC113"]), (5, ["TC113"])],
)
def test_an_instant_compares_with_instants_and_with_text_that_is_one(value, expected):
    assert codes(one(rule(when=Visited, given=event.when > value), touchpoints=[Visited])) == expected


def test_the_page_of_all_checks_is_printed_by_the_module():
    command = [sys.executable, "-W", "error", "-m", "touchpoint.lab.checks"]
    assert subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout == pages.page()
