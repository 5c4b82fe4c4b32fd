"""What a touchpoint recorded alone costs, said in calls, statements and things made, by no clock; and what it means."""

import os
import sys
from collections import Counter
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import journey, message
from touchpoint import Engine, Rule, Send, Stage, Touchpoint, VirtualClock, count, days, event
from touchpoint.channels import MemoryChannel
from touchpoint.engine.ground import Ground
from touchpoint.engine.intake import prepare
from touchpoint.errors import TouchpointError
from touchpoint.stores._sql import SqliteTransaction

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TYPES = ("viewed", "clicked", "ordered")
SHOP = journey(
    *(
        Rule(f"r {name}", when=name, given=(event.score > 90) & (count(name, within=days(30)) >= 2),
             then=[Send(message(f"about {name}"))])
        for name in TYPES
    ),
    stages=[Stage("buyer", phase="delight", when="ordered")],
)  # fmt: skip
BEFORE = 60
"""Touchpoints after which whatever is asked once has been asked."""


def engine_on(url):
    return Engine(url, journeys=[SHOP], clock=VirtualClock(START), channels=[MemoryChannel("email")])


@pytest.fixture(params=["memory", "file"])
def engine(request, tmp_path):
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/t.db"
    with closing(engine_on(url)) as made:
        made.record_many(Touchpoint(f"c{n % 20}", TYPES[n % 3], START, f"t{n}", {"score": 1}) for n in range(BEFORE))
        record(made, 1)
        yield made


def record(engine, n, **given):
    return engine.record(f"c{n % 20}", "viewed", {"score": 1, "online": True}, at=START, **given)


def statements(engine, work):
    asked = []
    connection = engine.store._connection
    connection.set_trace_callback(asked.append)
    try:
        work()
    finally:
        connection.set_trace_callback(None)
    return [" ".join(each.split()[:2]) for each in asked]


@contextmanager
def calls():
    """Counts calls of functions of the engine and the store; what the core decides is counted elsewhere."""
    counted = Counter()

    def look(frame, event, _):
        file = frame.f_code.co_filename.rpartition("/touchpoint/")[2]
        if event == "call" and file.startswith(("engine/", "stores/")):
            counted[file, frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield counted
    finally:
        sys.setprofile(before)


# --- what it costs ----------------------------------------------------------------------------------------------------


def looks(engine):
    """How a transaction sees whether somebody else has written: nobody can where the store is in memory."""
    return [] if "None" in repr(engine.store) else ["PRAGMA data_version"]


def test_a_touchpoint_alone_takes_seven_statements(engine):
    """To begin, to see who else has written, whether it is known, three rows (entry, customer, tally), to commit."""
    assert statements(engine, lambda: record(engine, 5, id="new")) == [
        "BEGIN IMMEDIATE", *looks(engine), "SELECT no,", "INSERT INTO", "UPDATE touchpoint_customers",
        "INSERT INTO", "COMMIT",
    ]  # fmt: skip


def test_an_id_that_the_engine_has_made_is_not_looked_up(engine):
    assert not [each for each in statements(engine, lambda: record(engine, 5)) if each.startswith(("WITH", "SELECT"))]


def test_what_one_duplicate_costs_is_one_question(engine):
    record(engine, 5, id="twice")
    assert statements(engine, lambda: record(engine, 5, id="twice")) == [
        "BEGIN IMMEDIATE", *looks(engine), "SELECT no,", "COMMIT",
    ]  # fmt: skip


def test_a_touchpoint_alone_takes_few_calls(engine):
    with calls() as counted:
        record(engine, 5, id="new")
    assert counted.total() <= 58, counted.most_common(40)  # 57 when this was written, 136 once


def test_the_system_is_asked_for_one_file_by_its_name(engine, monkeypatch):
    """Whether it is still the one that is written to; the log is open, and asking that is cheaper."""
    asked, stat = [], os.stat
    monkeypatch.setattr(os, "stat", lambda *given, **more: asked.append(given[0]) or stat(*given, **more))
    record(engine, 5, id="new")
    assert len(asked) == len(looks(engine))


def test_nothing_of_a_touchpoint_alone_is_done_for_each_of_many_things(engine):
    """What is called more than a few times grows with something."""
    with calls() as counted:
        record(engine, 5, id="new")
    often = {what: n for what, n in counted.items() if n > 4}
    assert not often


def test_whoever_only_records_has_no_world_made_for_the_gate(engine, monkeypatch):
    made = []
    world = Ground._world
    monkeypatch.setattr(Ground, "_world", lambda self, tx, cache: made.append(tx) or world(self, tx, cache))
    record(engine, 5, id="new")
    assert not made
    engine.record("c5", "viewed", {"score": 99}, id="sends")
    engine.run_pending()
    assert made


def test_of_what_a_transaction_may_change_only_the_parts_that_it_changes_are_made(engine, monkeypatch):
    found, write = [], SqliteTransaction.write
    monkeypatch.setattr(
        SqliteTransaction, "write", lambda tx, changes: found.append({**vars(changes)}) or write(tx, changes)
    )
    record(engine, 5, id="new")
    assert [sorted(each) for each in found] == [["customers", "entries", "tallies"]]


def lines(work):
    """How many lines of Python this takes."""
    counted = Counter()

    def look(_frame, event, _):
        counted[event] += 1
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        work()
    finally:
        sys.settrace(before)
    return counted["line"]


def test_a_payload_takes_as_many_lines_however_much_is_in_it():
    """What may not be in it shows in its JSON, which has to be written anyway."""

    def prepared(properties):
        given = Touchpoint("ann", "viewed", START, "t", properties)
        return lambda: prepare(given, now=None, skew=0, declared={})

    few, many = prepared({"score": 1}), prepared({f"p{n}": ["x", n, n / 2, True, None][n % 5] for n in range(12)})
    prepared({"score": 1})()
    assert lines(many) == lines(few) <= 70


# --- what it means ----------------------------------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]), st.sampled_from(TYPES), st.sampled_from(["a", "b", "c", "d"]),
        st.integers(0, 12), st.sampled_from([1, 95]),
    ),
    max_size=12,
)  # fmt: skip


def stored(engine):
    """Everything that is kept of customers, to the byte, and what is counted."""
    with engine.store.reading() as reader:
        people = list(reader.all_customers())
        journals = [list(reader.journal(row.no)) for row in people]
        rest = [[reader.runs(row.no), reader.messages(row.no)] for row in people]
        return people, journals, rest, reader.tallies(), reader.due(1 << 62, 99)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_what_is_known_of_one_touchpoint_is_what_is_known_of_it_among_others(acts):  # S1.3
    with closing(engine_on("sqlite://")) as engine:
        for who, kind, identity, ago, score in acts:
            engine.record(who, kind, {"score": score}, id=identity, at=START - timedelta(days=ago))
        with engine.store.reading() as reader:
            pairs = [(identity, no) for identity in ("a", "b", "c", "d") for no in (1, 2)]
            together = reader.seen(pairs)
            assert {pair: row for pair in pairs for row in reader.seen([pair]).values()} == together
            assert all(reader.seen([pair]).keys() == {pair} for pair in together)


def outcome(work):
    """What came of it, or what was wrong with it, without the place in a batch."""
    try:
        return work()
    except TouchpointError as error:
        return type(error), str(error).removeprefix("touchpoints[0]: ")


GIVEN = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "", None, "ä", 7, "x" * 501]),
        "at": st.sampled_from(
            [START, START - timedelta(days=9), START + timedelta(hours=1), START.replace(tzinfo=None)]
        ),
        "channel": st.sampled_from(["web", "", None, "ü", 5]),
        "location": st.sampled_from(["Madrid", "", None, 5]),
        "direction": st.sampled_from(["inbound", "outbound", "sideways", None]),
        "about": st.sampled_from(["m1", "", None, 5]),
    },
)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["ann", "", 5, None, "x" * 501]),
    st.sampled_from(["viewed", "feedback", "Viewed!", "", 5, ["viewed"], "friend_referred"]),
    st.sampled_from([None, {}, {"score": 9, "scale": "nps"}, {"score": 1, "$no": 2}, {"a": {"b": START}}, 5, [1]]),
    GIVEN,
)
def test_whatever_is_handed_in_alone_is_taken_or_refused_as_in_a_batch(who, kind, properties, given):  # S1.2
    told = {} if properties is None else properties
    # An id that the engine makes is another each time.
    given = {"id": "made", **given} if given.get("id", ...) is not None else {**given, "id": "made"}
    with closing(engine_on("sqlite://")) as alone, closing(engine_on("sqlite://")) as batch:

        def several():
            return batch.record_many([Touchpoint(who, kind, properties=told, **given)])

        assert outcome(lambda: [alone.record(who, kind, properties, **given)]) == outcome(several)
        assert stored(alone) == stored(batch)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_a_touchpoint_alone_is_a_batch_of_one(acts):  # S1.3, S1.5, S4.2
    with closing(engine_on("sqlite://")) as alone, closing(engine_on("sqlite://")) as batch:
        for who, kind, identity, ago, score in acts:
            at, properties = START - timedelta(days=ago), {"score": score}
            one = alone.record(who, kind, properties, id=identity, at=at)
            [other] = batch.record_many([Touchpoint(who, kind, at, identity, properties)])
            assert one == other
        assert stored(alone) == stored(batch)
