"""What the trace of an event costs, in calls and bytes: guards that no clock can shake."""

import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from making import MARK, START, engine_of, journey
from touchpoint import Rule, Stage, count, customer, days, event, in_stage, last, now
from touchpoint.core.advance import advance
from touchpoint.core.judging import PAYS_AFTER
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.state import Profile, State
from touchpoint.durations import micros
from touchpoint.stores.codec import dumps

PLAIN = (event.score >= 9) & (customer.tier == "gold") & ~in_stage("loyal")
COUNTED = (event.score >= 9) & (count("act", within=days(30)) > 100)
IDLE = (event.score >= 9) & (now - last("act").at >= days(30))
WORDS = {"reading", "source"}
"""Modules that put conditions into words."""


@contextmanager
def calls():
    """Counts the calls of Python functions, by (module, name)."""
    counted = Counter()

    def look(frame, happening, _):
        if happening == "call":
            counted[Path(frame.f_code.co_filename).stem, frame.f_code.co_name] += 1

    sys.setprofile(look)
    try:
        yield counted
    finally:
        sys.setprofile(None)


def program_of(given, n, *, alike=True):
    conditions = [given if alike else given & (event.score >= number) for number in range(n)]
    rules = [Rule(f"r{number}", when="act", given=each, then=[MARK]) for number, each in enumerate(conditions)]
    return compile_program([journey(*rules, stages=[Stage("loyal", phase="delight", when="praised")])])


def decided(program, before, score=5):
    """The decision on one event, after so many others of its kind, and the calls that it took."""
    state = State("ann", Profile({"tier": "plain"}), version=program.version)
    at = micros(START)
    happened = [Occurrence(TOUCHPOINT, "act", at + n, f"t{n}", {"score": score}) for n in range(before + 1)]
    for each in happened[:-1]:
        advance(program, state, each, each.at)
    with calls() as counted:
        decision = advance(program, state, happened[-1], happened[-1].at)
    return decision, counted


@pytest.mark.parametrize("given", [PLAIN, COUNTED, IDLE])
def test_a_rule_refused_by_generated_code_costs_no_call(given):
    few, many = (decided(program_of(given, n, alike=False), PAYS_AFTER + 1)[1].total() for n in (5, 25))
    assert many == few


@pytest.mark.parametrize("given", [PLAIN, COUNTED, IDLE, event.score > 9.5])
def test_a_price_costs_no_more_calls_than_a_whole_number(given):
    whole, price = (decided(program_of(given, 5), PAYS_AFTER + 1, score)[1].total() for score in (5, 5.25))
    assert whole == price


@pytest.mark.parametrize(("given", "calls_each"), [(PLAIN, 4), (COUNTED, 4)])
def test_a_rule_refused_by_closures_costs_a_few_calls(given, calls_each):
    few, many = (decided(program_of(given, n), 1)[1].total() for n in (5, 25))
    assert ((many - few) / 20) <= calls_each


@pytest.mark.parametrize("given", [PLAIN, COUNTED])
def test_a_touchpoint_that_closures_refuse_costs_half_as_many_calls_as_it_did(given):
    """As all of a shop that is new, and of most tests: the first hundreds of a type are decided so."""
    assert decided(program_of(given, 1), 1)[1].total() <= 30  # 51 before conditions were asked in one go


@pytest.mark.parametrize("before", [1, PAYS_AFTER + 1])
def test_no_decision_puts_a_condition_into_words(before):
    decision, counted = decided(program_of(COUNTED, 3), before)
    assert len(decision.trace) == 1
    assert not [name for name in counted if name[0] in WORDS]


def test_a_long_text_alone_is_put_into_words_at_once():
    program = program_of(event.text == "x", 1)
    happened = Occurrence(TOUCHPOINT, "act", micros(START), "t", {"text": "y" * 500})
    with calls() as counted:
        decision = advance(program, State("ann", version=program.version), happened, happened.at)
    assert counted["reading", "read"] == 1
    assert len(dumps(decision.trace)) < 200


@pytest.mark.parametrize("before", [1, PAYS_AFTER + 1])
def test_refusals_take_few_bytes_however_many_they_are_and_whatever_they_say(before):
    deep = (event.score >= 9) & ((customer.tier == "gold") | (customer.tier == "silver") | (event.score == 7))
    for given, most in ((PLAIN, 50), (COUNTED, 40), (deep, 45)):
        for number in (1, 25):
            decision, _ = decided(program_of(given, number), before)
            assert len(dumps(decision.trace)) <= most


def test_a_store_holds_no_words_of_conditions(tmp_path):
    with engine_of(Rule("r", when="act", given=COUNTED, then=[MARK]), store=f"sqlite:///{tmp_path / 't.db'}") as engine:
        engine.record("ann", "act", {"score": 5})
        with engine.store.reading() as reader:
            (row,) = reader.customers(["ann"])
            traces = [each.trace for each in reader.journal(row.no) if each.trace]
    assert len(traces) == 1
    assert "score" not in traces[0]
