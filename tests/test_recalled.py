"""What conditions saw is told in words by the definition that was at work at the decision (S10, S11.6)."""

import json
import sqlite3
from contextlib import closing

import pytest

from editing import changed, on_one_store, rule
from making import MARK, START, journey, pass_time
from touchpoint import Branch, Segment, VirtualClock, count, customer, days, event, hours
from touchpoint.core.seen import code_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.db"


@pytest.fixture
def live(path):
    with on_one_store(path, VirtualClock(START)) as opened:
        yield opened


def started(engine, **properties):
    engine.record("ann", "start", properties)
    pass_time(engine, hours(1))


def refusals(engine):
    words = "not started, its condition was not true: "
    return [line.partition(words)[2] for line in engine.why("ann", "r").lines if words in line]


def lines_of(path, kind):
    """Lines of traces as they lie in the store."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT trace FROM touchpoint_journal WHERE trace IS NOT NULL ORDER BY no").fetchall()
    return [line for (trace,) in rows for line in json.loads(trace) if line[0] == kind]


def run(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


ASKED = (event.score >= 3) & (count("start", within=days(2)) <= 5)
SAID = '(event.score >= 3) & (count("start", within=days(2)) <= 5) → (1 >= 3) & (1 <= 5): false'


def test_the_store_has_no_words(live, path):
    started(live(rule(MARK, given=ASKED)), score=1)
    (line,) = lines_of(path, "unmet")
    assert (line[:2], line[3:]) == (["unmet", "one"], [0, 1, 1])


def test_why_has_the_words(live):  # S10
    engine = live(rule(MARK, given=ASKED))
    started(engine, score=1)
    assert refusals(engine) == [SAID]


def test_a_decision_is_told_by_the_definition_of_then(live):  # S10
    engine = live(rule(MARK, given=ASKED))
    started(engine, score=1)
    changed(engine, rule(MARK, given=customer.age >= 18))
    started(engine, score=9)
    told = [SAID, "customer.age >= 18: unknown (customer.age is missing)"]
    assert refusals(engine) == told
    assert refusals(live(rule(MARK, given=ASKED))) == told  # a process that has the earlier one alone
    assert refusals(live(rule(MARK, given=customer.age >= 21))) == told  # or a later one


def test_a_rule_that_is_gone_is_told_all_the_same(live):  # S10
    engine = live(rule(MARK, given=ASKED))
    started(engine, score=1)
    changed(engine, rule(MARK, name="other", was=["r"], given=event.score > 9))
    lines = engine.why("ann", "other").lines
    assert any(line.endswith(SAID) for line in lines)


def test_without_its_definition_a_decision_is_told_by_its_values(live, path):
    engine = live(rule(MARK, given=ASKED))
    started(engine, score=1)
    changed(engine, rule(MARK, given=event.score >= 4))
    engine.close()
    run(path, "DELETE FROM touchpoint_definitions WHERE body LIKE '%count%'")
    assert refusals(live(rule(MARK, given=event.score >= 4))) == ["it saw 1, 1 (its definition is not known any more)"]


def test_words_of_earlier_versions_are_told_as_they_are(live, path):  # S11.6
    started(live(rule(MARK, given=ASKED)), score=1)
    words = ["refused", "one", "r", "given", "event.score >= 3 → 1 >= 3: false"]
    run(path, "UPDATE touchpoint_journal SET trace = ? WHERE trace LIKE '%unmet%'", json.dumps([words]))
    assert refusals(live(rule(MARK, given=ASKED))) == [words[4]]


def test_lines_of_single_rules_of_earlier_versions_are_told_as_ever(live, path):  # S11.6
    started(live(rule(MARK, given=ASKED)), score=1)
    before = ["refused", "one", "r", "given", [code_of(ASKED), 1, 1]]
    run(path, "UPDATE touchpoint_journal SET trace = ? WHERE trace LIKE '%unmet%'", json.dumps([before]))
    engine = live(rule(MARK, given=ASKED))
    assert (refusals(engine), engine.why("ann", "r").status) == ([SAID], "refused")
    started(engine, score=2)
    assert refusals(engine) == [SAID, SAID.replace("1 >= 3", "2 >= 3").replace("1 <= 5", "2 <= 5")]


def test_branches_are_told_by_the_definition_of_then(live, path):  # S10
    engine = live(rule(Branch(event.score >= 3, then=[MARK])))
    started(engine, score=1)
    changed(engine, rule(Branch(event.score >= 4, then=[MARK])))
    assert lines_of(path, "branch")[0][5][1:] == [1]
    assert any(
        line.endswith("branch: otherwise: event.score >= 3 → 1 >= 3: false") for line in engine.why("ann", "r").lines
    )


def test_changes_of_segments_are_told_by_the_definition_of_then(live, path):  # S3.3 S10
    often = {"segments": [Segment("often", count("start") >= 1)]}
    engine = live(journeys=[journey(rule(MARK), **often)])
    started(engine)
    changed(engine, rule(MARK), parts={"segments": [Segment("often", count("start") >= 0)]})
    assert lines_of(path, "segment")[0][4][1:] == [1]
    now, joined = engine.why("ann", "often").lines[:2]
    assert now == 'now: count("start") >= 0 → 1 >= 0: true'
    assert joined.endswith('joined: count("start") >= 1 → 1 >= 1: true')


def test_an_export_has_the_words(live):  # S1.7
    engine = live(rule(MARK, given=ASKED))
    started(engine, score=1)
    (first, *_) = engine.export("ann")["touchpoints"]
    assert first["decided"] == [["refused", "one", "r", "given", SAID]]
