"""One line of the trace for all rules of a journey whose conditions were not true (S4.4, S10)."""

import json
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from editing import changed, on_one_store, rule
from making import MARK, START, engine_of, journey, trace
from test_generated import WHOLE, state_of
from test_readings import EXPRESSIONS, PROPERTIES, T0, TOUCHPOINTS, may_be_written
from touchpoint import (
    CaseType,
    Emit,
    Enrol,
    Journey,
    JourneyError,
    Rule,
    Stage,
    Touchpoint,
    VirtualClock,
    case_open,
    count,
    customer,
    days,
    event,
)
from touchpoint.core.advance import advance
from touchpoint.core.kept import Past
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.reading import read
from touchpoint.core.seen import code_of, in_words
from touchpoint.core.signals import backfill
from touchpoint.core.state import Profile, State
from touchpoint.core.unmet import UNMET, lists_of
from touchpoint.durations import micros
from touchpoint.journey import conditions as c
from touchpoint.journey.conditions import trigger
from touchpoint.lab.coverage import Coverage
from touchpoint.stores.codec import dumps, loads

LONG = "y" * 500
HIGH, GOLD, LONG_TEXT = event.score >= 9, customer.tier == "gold", event.text == "x"
APART = case_open(ref=trigger.order)
"""What is asked by a reference has a line of its own: more is to be said of it than a value."""


def program_of(*conditions, journeys=1):
    rules = [Rule(f"r{n}", when="go", given=each, then=[Emit("went")]) for n, each in enumerate(conditions)]
    there = {"stages": [Stage("a", phase="engage", when="never")], "cases": [CaseType("a")]}
    return compile_program([Journey(f"j{n}", rules=rules, **there) for n in range(journeys)])


def generating_after(program, occurrences):
    """Have code be made for the touchpoint after so many."""
    whole, of_keys = program.judges._wait_whole, program.judges._waits
    for waits, key in ((whole, "go"), (of_keys, (TOUCHPOINT, "go"))):
        if key in waits:
            waits[key] = occurrences


def decided(program, traits=None, **properties):
    """The trace of one touchpoint, as it comes back from a store."""
    happened = Occurrence(TOUCHPOINT, "go", micros(START), "t", properties)
    return loads(dumps(advance(program, State("ann", Profile(traits or {})), happened, micros(START)).trace))


def refused(program, lines):
    """The lines of refused rules, each with one of its own."""
    lists = {name: lists_of(each) for name, each in program.journeys.items()}
    return [
        each for line in lines if line[0] in (UNMET, "refused")
        for each in (lists[line[1]][line[2]].lines(line) if line[0] == UNMET else [line])
    ]  # fmt: skip


def kinds(lines):
    return [line[:3] if line[0] == "refused" else line[0] for line in lines]


# The law: both ways leave the same, and it reads as if each rule had a line of its own.


@settings(max_examples=150)
@given(
    st.lists(st.none() | WHOLE | EXPRESSIONS | st.just(APART), min_size=1, max_size=5),
    st.lists(TOUCHPOINTS, max_size=4), TOUCHPOINTS, PROPERTIES, st.booleans(), st.integers(1, 2),
)  # fmt: skip
def test_generated_code_and_closures_leave_the_same_and_it_reads_as_lines_of_single_rules(
    conditions, timeline, happening, traits, flag, journeys
):
    try:
        program = program_of(*conditions, journeys=journeys)
    except JourneyError:
        reject()  # something is asked that no rule can ask, or that the journey has not
    happened = Occurrence(
        TOUCHPOINT, "go", happening.at, "t", happening.properties, happening.channel, happening.location
    )

    def lived(pays_after):
        generating_after(program, pays_after)
        data = Past()
        backfill(program.signals, data, timeline, micros(T0))
        state = state_of(traits, data, flag=flag)
        state.stages = {each: ("a", micros(T0), 1) for each in program.journeys} if flag else {}
        return advance(program, state, happened, micros(T0)), state

    (closures, before), (generated, _) = lived(10**9), lived(0)
    assert dumps(generated.trace) == dumps(closures.trace)
    assert sum(line[0] == UNMET for line in closures.trace) <= journeys
    started = [(line[1], line[2]) for line in closures.trace if line[0] == "started"]
    told = {(line[1], line[2]): line[4] for line in refused(program, loads(dumps(closures.trace)))}
    every = [(name, rule.name) for name, each in program.journeys.items() for rule in each.rules]
    assert sorted([*started, *told]) == sorted(every)
    for (name, rule_name), seen in told.items():
        condition = program.by_name[name, rule_name].condition
        words = closures.told(lambda context, it=condition: read(it, context, program.signals).text, name, happened)
        assert (seen if isinstance(seen, str) else in_words(condition, seen)) == words
    assert before.runs == ()


MIXED = [True, False, 0, 1, 3, 1.0, 2.5, float("nan"), Decimal(1), Decimal("nan"), "1", "x", LONG, None, [], {}]
MIXED += ["2026-03-01", T0.date(), T0, "2026-03-01T10:00Z", 2**70]
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
SIDES = st.builds(getattr, st.sampled_from([event, customer]), st.sampled_from("abcd"))
COMPARED = st.builds(c.Compare, OPERATORS, SIDES, st.sampled_from(MIXED).filter(may_be_written).map(c.operand))
EACH = st.one_of(
    COMPARED, COMPARED.map(c.Not), st.builds(lambda side, all_of: c.Exists(side) & all_of, SIDES, COMPARED)
)
HELD = st.fixed_dictionaries({}, optional=dict.fromkeys("abcd", st.sampled_from(MIXED)))


@settings(max_examples=300)
@given(st.lists(EACH, min_size=3, max_size=8), st.lists(st.integers(0, 7), max_size=4), HELD, HELD)
def test_rules_that_ask_for_much_or_alike_see_the_same_in_generated_code_and_closures(each, again, here, traits):
    program = program_of(*each, *(each[place % len(each)] for place in again))

    def trace_of(pays_after):
        generating_after(program, pays_after)
        happened = Occurrence(TOUCHPOINT, "go", micros(T0), "t", here)
        return repr(advance(program, State("ann", Profile(traits)), happened, micros(T0)).trace)

    assert trace_of(10**9) == trace_of(0)  # once there is generated code, it is asked


# What it looks like.


@pytest.fixture(params=["closures", "generated"])
def decide(request):
    """Decides on one touchpoint in either way."""

    def way(program, traits=None, **properties):
        generating_after(program, 0 if request.param == "generated" else 10**9)
        return decided(program, traits, **properties)

    return way


def test_each_value_stands_in_it_once(decide):
    program = program_of(HIGH & GOLD, GOLD | (event.score == 7), count("go", within=days(1)) > 3)
    (line,) = decide(program, {"tier": "plain"}, score=5)
    assert (line[:2], line[3:]) == ([UNMET, "j0"], [0, 5, "plain", 1])
    (one, other, _) = refused(program, [line])
    assert one == ["refused", "j0", "r0", "given", [code_of(HIGH & GOLD), 5, "plain"]]
    assert other == ["refused", "j0", "r1", "given", [code_of(GOLD | (event.score == 7)), "plain", 5]]


def test_it_says_which_rules_it_does_not_tell_of(decide):
    program = program_of(event.score >= 9, event.score == 5, event.score > 4, event.score < 4)
    lines = decide(program, score=5)
    assert (lines[0][0], lines[0][3:]) == (UNMET, [0b0110, 5])
    assert kinds(refused(program, lines)) == [["refused", "j0", "r0"], ["refused", "j0", "r3"]]


def test_generated_code_asks_what_several_rules_ask_once():
    text = program_of(HIGH, GOLD, HIGH).judges.code_of_type("go").text
    assert text.count(">= 9 if") == 1
    assert "others |= 5" in text


def test_where_all_are_true_there_is_no_line(decide):
    assert UNMET not in kinds(decide(program_of(event.score > 1, event.score > 2), score=5))


def test_what_is_refused_stands_before_what_starts(decide):
    program = program_of(event.score == 5, HIGH, None, APART)
    assert kinds(decide(program, score=5))[:3] == [["refused", "j0", "r3"], UNMET, "started"]


def test_each_journey_has_one(decide):
    lines = decide(program_of(HIGH, event.score > 8, journeys=3), score=5)
    assert [(line[0], line[1]) for line in lines] == [(UNMET, f"j{n}") for n in range(3)]


def test_a_rule_that_has_met_what_cannot_be_kept_has_a_line_of_its_own_and_others_share_one(decide):
    program = program_of(HIGH, LONG_TEXT & HIGH, event.text != "z", GOLD, LONG_TEXT)
    lines = decide(program, {"tier": "plain"}, score=5, text=LONG)
    assert kinds(lines)[:3] == [UNMET, ["refused", "j0", "r1"], ["refused", "j0", "r4"]]
    assert lines[0][3:] == [0b10110, 5, {"$": 0}, "plain"]
    assert lines[1][4].startswith('(event.text == "x") & (event.score >= 9) → ("yyy')
    assert LONG not in dumps(lines)
    assert [each[2] for each in refused(program, lines)] == ["r0", "r3", "r1", "r4"]


def test_where_nothing_else_is_refused_than_what_cannot_be_kept_there_is_no_joint_line(decide):
    assert kinds(decide(program_of(LONG_TEXT, None), text=LONG))[0] == ["refused", "j0", "r0"]


def test_what_is_asked_by_a_reference_has_a_line_of_its_own(decide):
    program = program_of(APART, HIGH)
    assert kinds(decide(program, score=5)) == [["refused", "j0", "r0"], UNMET]


def test_the_code_of_a_list_is_the_same_everywhere():
    """It stands in stores: another one would match nothing that was kept before."""
    rules = [Rule("é", when="go", given=HIGH), Rule("b", when="go", given=GOLD), Rule("c", when="went")]
    assert list(lists_of(Journey("j", rules=rules))) == ["0a9395c7dd", "46adcceac8", "24894c2bbe"]


def test_another_order_name_or_condition_has_another_code():
    one, other = Rule("a", when="go", given=HIGH), Rule("b", when="go", given=GOLD)
    named, asking = Rule("x", when="go", given=HIGH), Rule("b", when="go", given=HIGH)
    lists = [[one, other], [other, one], [named, other], [one, asking]]
    codes = [next(iter(lists_of(Journey("j", rules=each)))) for each in lists]
    assert len(set(codes)) == 4


def test_a_rule_started_by_name_is_found_too():
    program = compile_program([
        Journey("j", rules=[Rule("a", when="go", then=[Enrol("b")]), Rule("b", when="gone", given=HIGH)])
    ])  # fmt: skip
    lines = decided(program)
    assert [each[2] for each in refused(program, lines)] == ["b"]


# Whoever reads it.


def tallies(engine):
    with engine.store.reading() as reader:
        return {(row.name, row.what): row.n for row in reader.tallies() if row.subject == "rule"}


@pytest.mark.parametrize("together", [True, False])
def test_refusals_are_counted_for_each_rule(together):
    rules = [Rule("a", when="go", given=HIGH), Rule("b", when="go", given=GOLD), Rule("c", when="go", given=APART)]
    some = [Touchpoint("ann", "go", START, f"t{n}", {"score": score}) for n, score in enumerate((1, 9, 1, 9, 1))]
    with engine_of(*rules) as engine:
        for each in [some] if together else [[one] for one in some]:
            engine.record_many(each)
        assert tallies(engine) == {
            ("one/a", "refused: given"): 3, ("one/a", "started"): 2, ("one/a", "ended: done"): 2,
            ("one/b", "refused: given"): 5, ("one/c", "refused: given"): 5,
        }  # fmt: skip


def test_coverage_sees_each_refused_rule():
    rules = [Rule("a", when="go", given=HIGH), Rule("b", when="go", given=GOLD)]
    with engine_of(*rules) as engine:
        engine.record("ann", "go", {"score": 1})
        coverage = Coverage.of([journey(*rules)])
        coverage.collect(engine)
    seen = {each.place for each in coverage.covered if each.kind == "rule"}
    assert {("rules", "a", "refused", "given"), ("rules", "b", "refused", "given")} <= seen


def test_coverage_reads_lines_by_the_definition_of_then(tmp_path):
    with on_one_store(tmp_path / "t.db", VirtualClock(START)) as live:
        engine = live(rule(MARK, given=event.score >= 3))
        engine.record("ann", "start", {"score": 1})
        changed(engine, rule(MARK, given=event.score >= 4))
        coverage = Coverage.of([journey(rule(MARK, given=event.score >= 4))])
        coverage.collect(engine)
    assert ("rules", "r", "refused", "given") in {each.place for each in coverage.covered}


def test_why_names_what_each_rule_saw_in_its_own_words():
    with engine_of(Rule("a", when="go", given=HIGH), Rule("b", when="go", given=HIGH & GOLD)) as engine:
        engine.record("ann", "go", {"score": 1})
        words = "not started, its condition was not true: event.score >= 9 → 1 >= 9: false"
        assert [line.partition(": ")[2] for line in engine.why("ann", "a").lines] == [words]
        other = '(event.score >= 9) & (customer.tier == "gold") → (1 >= 9) & (? == "gold"): false'
        assert other in str(engine.why("ann", "b"))
        assert [line[2] for line in trace(engine)] == ["a", "b"]


def test_an_export_tells_plainly_what_nobody_knows_any_more(tmp_path):
    path = tmp_path / "t.db"
    with on_one_store(path, VirtualClock(START)) as live:
        engine = live(rule(MARK, given=event.score >= 3))
        engine.record("ann", "start", {"score": 1})
        with closing(sqlite3.connect(path)) as connection, connection:
            ((text,),) = connection.execute("SELECT trace FROM touchpoint_journal WHERE trace <> ''").fetchall()
            ((_, _, _, *rest),) = json.loads(text)
            lost = json.dumps([[UNMET, "one", "0123456789", *rest]])
            connection.execute("UPDATE touchpoint_journal SET trace = ? WHERE trace <> ''", (lost,))
        (first, *_) = engine.export("ann")["touchpoints"]
        assert first["decided"] == [[UNMET, "one", "it saw 1 (its definition is not known any more)"]]
        assert engine.why("ann", "r").status == "refused"
