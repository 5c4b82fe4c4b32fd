"""What an event costs does not depend on rules, traits and gifts it has nothing to do with, nor on who else is there.

Said in calls of functions, and in statements and pages of SQLite: no clock is asked.
"""

import random  # noqa: TID251 - customers and touchpoints from a seed
import re
import sys
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from touchpoint import Engine, Figures, Journey, Rule, SetTrait, Touchpoint, VirtualClock
from touchpoint.channels import MemoryChannel
from touchpoint.stores import sqlite

sys.path.append(str(Path(__file__).resolve().parent.parent))  # benchmarks lie beside the tests in a checkout

from benchmarks.scaling import START, acts, fill
from benchmarks.unrelated import ACTS, KINDS, SHOP, journeys

FEW, MANY = 22, 440
PEOPLE = 30


def seeded(seed):
    return random.Random(seed)  # noqa: S311 - nothing secret


@contextmanager
def calls():
    """Counts calls of functions of ours, by file and name; what belongs to C is not seen."""
    counted = Counter()

    def look(frame, event, _):
        code = frame.f_code
        if event == "call" and "/touchpoint/" in code.co_filename:
            counted[code.co_filename.rpartition("/touchpoint/")[2], code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield counted
    finally:
        sys.setprofile(before)


def engine_of(unrelated, **options):
    engine = Engine(
        "sqlite://", journeys=journeys(unrelated), clock=VirtualClock(START), channels=[MemoryChannel("email")],
        **options,
    )  # fmt: skip
    for each in range(PEOPLE):
        engine.identify(f"c{each:07}", addresses={"email": f"c{each}@example.com"}, traits={"tier": "gold"})
    engine.record_many(acts(seeded(1), 200, PEOPLE))
    return engine


def batches(engine):
    engine.record_many(acts(seeded(2), 100, PEOPLE))


def single(engine):
    for each in acts(seeded(3), 20, PEOPLE):
        engine.record(each.customer, each.type, each.properties)


def timers_and_messages(engine):
    engine.clock.until(engine.clock.now() + timedelta(days=4))
    engine.run_pending()


def cold(engine):
    engine._begin_anew()
    batches(engine)


def profiles(engine):
    for each in range(PEOPLE):
        engine.identify(f"c{each:07}", traits={"age": each, "tier": "gold"})


def strangers(engine):
    engine.record_many([Touchpoint(f"new{each}", ACTS[each % 10], properties={"score": 3}) for each in range(50)])


@pytest.mark.parametrize("act", [batches, single, timers_and_messages, cold, profiles, strangers])
def test_rules_that_have_nothing_to_do_with_it_cost_nothing(act):
    found = []
    for unrelated in (FEW, MANY):
        engine = engine_of(unrelated)
        with calls() as counted:
            act(engine)
        # Of journeys, not of rules: whether any has a release that a customer has not met.
        counted.pop(("engine/catching_up.py", "<genexpr>"), None)
        counted.pop(("core/segments.py", "true_of_nobody"), None)
        found.append(counted)
    few, many = (counted.total() for counted in found)
    assert many <= few * 1.01, (found[1] - found[0]).most_common(9)
    assert few > 500  # it was no idle work


def test_the_rules_beside_are_of_every_kind():
    made = [KINDS[each % len(KINDS)] for each in range(FEW)]
    assert set(made) == set(KINDS)
    assert sum(len(each.rules) for each in journeys(MANY)) == len(SHOP.rules) + MANY


def test_a_step_that_sets_a_trait_looks_at_dates_of_that_trait_alone():
    found = []
    for unrelated in (0, MANY):
        setting = Journey("setting", rules=[Rule("set", when="set", then=[SetTrait("colour", "red")])])
        engine = Engine("sqlite://", journeys=[setting, *journeys(unrelated)], clock=VirtualClock(START))
        engine.record("ann", "set")
        with calls() as counted:
            engine.record("ann", "set")
        found.append(counted["core/calendar.py", "_arm"])
    assert found == [0, 0]


# The store.


@contextmanager
def statements(engine):
    """Counts the statements of the store by their first word and table."""
    counted = Counter()

    def look(statement):
        found = re.match(r"(\w+)(?:.*?touchpoint_(\w+))?", statement, re.DOTALL)
        counted[found[1], found[2] or ""] += 1

    with engine.store.transaction():
        connection = engine.store._connection
    connection.set_trace_callback(look)
    try:
        yield counted
    finally:
        connection.set_trace_callback(None)


def shop_of(people, path=None, **options):
    engine = Engine(f"sqlite:///{path}" if path else "sqlite://", journeys=[SHOP], clock=VirtualClock(START), **options)
    engine.record_many(acts(seeded(1), 200, PEOPLE))
    if people > PEOPLE:
        fill(engine.store, people)
    engine._begin_anew()
    return engine


@pytest.mark.parametrize("options", [{}, {"figures": Figures(zone="UTC")}])
@pytest.mark.parametrize("act", [batches, single, timers_and_messages])
def test_the_same_statements_whoever_else_is_in_the_store(act, options):
    found = []
    for people in (PEOPLE, PEOPLE * 40):
        engine = shop_of(people, **options)
        if act is timers_and_messages:
            with engine.store.transaction() as tx:  # of those who were copied nothing is due
                tx.run("DELETE FROM touchpoint_due WHERE customer > ?", (PEOPLE,))
        with statements(engine) as counted:
            act(engine)
        found.append(counted)
    assert found[0] == found[1]
    assert found[0].total() > 10


@contextmanager
def steps(monkeypatch):
    """Counts what SQLite does, in hundreds of steps of its virtual machine: a scan of a table shows."""
    counted = Counter()

    def connected(*given):
        connection = connect(*given)
        connection.set_progress_handler(lambda: counted.update(["steps"]), 100)
        return connection

    connect = sqlite.connect
    monkeypatch.setattr(sqlite, "connect", connected)
    yield counted
    monkeypatch.undo()


def opened(path):
    return Engine(f"sqlite:///{path}", journeys=[SHOP], clock=VirtualClock(START + timedelta(hours=1)))


def looked_around(path):
    with opened(path) as engine:
        engine.next_due()
        engine.run_pending()


def recorded(path):
    with opened(path) as engine:
        batches(engine)
        single(engine)


def everybody(path):
    with opened(path) as engine, engine.store.reading() as reader:
        assert len(list(reader.all_customers())) >= PEOPLE


def searched(act, tmp_path, monkeypatch):
    """Steps for an act on a store of few and of forty times as many."""
    found = []
    for people in (PEOPLE, PEOPLE * 40):
        path = tmp_path / f"{people}.db"
        shop_of(people, path).close()
        with steps(monkeypatch) as counted:
            act(path)
        found.append(counted["steps"])
    return found


@pytest.mark.parametrize("act", [looked_around, recorded])
def test_nothing_is_searched_through_for_an_event_or_at_opening(act, tmp_path, monkeypatch):
    few, many = searched(act, tmp_path, monkeypatch)
    assert many <= few * 1.05 + 5


def test_a_search_through_all_customers_would_show(tmp_path, monkeypatch):
    few, many = searched(everybody, tmp_path, monkeypatch)
    assert many > few * 1.05 + 50


def pages_written(path, people):
    """Pages that a batch of random customers writes to the log, each of another customer."""
    engine = shop_of(people, path)
    engine.store.checkpoint()
    chance = seeded(4)
    chosen = chance.sample(range(people), 200)
    before = path.with_name(path.name + "-wal").stat().st_size
    engine.record_many([Touchpoint(f"c{each:07}", chance.choice(ACTS), properties={"score": 1}) for each in chosen])
    return (path.with_name(path.name + "-wal").stat().st_size - before) / 4096 / len(chosen)


def test_an_event_writes_as_many_pages_among_many_as_among_more(tmp_path):
    some, more = (pages_written(tmp_path / f"{people}.db", people) for people in (1_000, 8_000))
    assert more <= some * 1.5
    assert more < 2.5
