"""How much is done until a journey decides, said in function calls: a clock would tell of the machine."""

import ast
import cProfile
import pstats
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint import (
    Branch,
    Cap,
    Content,
    Engine,
    Hold,
    Journey,
    Message,
    Policy,
    QuietHours,
    Rule,
    Send,
    Stage,
    Wait,
    WaitFor,
    count,
    days,
    event,
    ever,
    times,
)
from touchpoint.core.advance import advance
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.program import compile_program
from touchpoint.core.remembered import Signal
from touchpoint.core.state import State
from touchpoint.journey.by_hand import PREFIX
from touchpoint.journey.codec import dumps, loads
from touchpoint.journey.shapes import SHAPES
from touchpoint.journey.steps import flat
from touchpoint.journey.taken_apart import parts_of
from touchpoint.model.case import CaseType
from touchpoint.model.names import TYPE_PATTERN
from touchpoint.stores import _blank
from touchpoint.stores._connection import connect
from touchpoint.stores._trouble import Place
from touchpoint.stores.migrations import MIGRATIONS, migrate
from touchpoint.testing import World

NOW = 1_767_225_600_000_000
TROUBLE = CaseType("trouble")
STAGES = [Stage("new", phase="engage", when="act_0"), Stage("loyal", phase="delight", when="act_1", after="new")]
POLICY = Policy(
    QuietHours("21:00", "08:00", unknown_zone="deny"), Cap(2, per=days(7), kinds=["marketing"]),
    Hold(while_open=[TROUBLE], kinds=["marketing"]),
)  # fmt: skip


def message(name):
    return Message(name, why="w", kind="service", channels=["email"], content=Content(subject=name, text=name))


def rule(number):
    """One of many: a condition, a limit, waits, and two messages."""
    act = [f"act_{(number + n) % 12}" for n in range(12)]
    return Rule(
        f"rule {number}",
        when=act[0],
        given=(event.score >= number % 5) & (count(act[5], within=days(30)) <= 3),
        limit=times(1, per=days(30 + number)),
        then=[
            WaitFor(act[3], timeout=days(3), otherwise=[Send(message(f"nudge {number}"))]),
            Branch(ever(act[7]), then=[Wait(days(2)), Send(message(f"news {number}"))]),
        ],
    )


def parts(rules):
    return {"cases": [TROUBLE], "stages": STAGES, "rules": [rule(n) for n in range(rules)], "policy": POLICY}


def profiled(work):
    """What profiling says of some work that has been done before."""
    work()
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile)


def calls(work):
    return profiled(work).total_calls


def written(rules):
    return lambda: [rule(n) for n in range(rules)]


def validated(rules):
    given = parts(rules)
    return lambda: Journey("j", **given)


def compiled(rules):
    journey = Journey("j", **parts(rules))
    return lambda: compile_program([journey])


def opened(rules):
    journey = Journey("j", **parts(rules))
    return lambda: World([journey]).close()


@pytest.mark.parametrize(("phase", "most"), [(written, 4_100), (validated, 6_300), (compiled, 3_650), (opened, 17_900)])
def test_a_journey_of_twenty_rules_is_ready_within_so_many_calls(phase, most):
    """Each bound is a fifth more than it took when it was written: work done twice does not pass."""
    assert most / 2 < calls(phase(20)) < most


@pytest.mark.parametrize("phase", [validated, compiled, opened])
def test_ten_times_as_many_rules_are_ready_within_ten_times_as_many_calls(phase):
    assert calls(phase(200)) <= 10.5 * calls(phase(20))


def times_called(stats, *names):
    return {name: sum(found[1] for (_, _, each), found in stats.stats.items() if each == name) for name in names}


def test_a_journey_is_taken_apart_once_for_its_checks_and_for_all_who_compile_it():
    def work():
        compile_program([Journey("j", **parts(2))])

    shaped = sum(type(part) in SHAPES for _, part in parts_of(Journey("j", **parts(2))))
    assert times_called(profiled(work), "taken_apart", "_look_at_part") == {"taken_apart": 1, "_look_at_part": shaped}


def test_the_steps_of_a_rule_are_compiled_when_it_first_starts():
    journey = Journey("j", **parts(12))

    def work(touchpoints):
        program, state = compile_program([journey]), State("ann")
        for at in range(touchpoints):
            advance(program, state, Occurrence(TOUCHPOINT, "act_0", at, f"t{at}", {"score": 3}), at)

    assert times_called(profiled(lambda: work(0)), "_node") == {"_node": 0}
    of_one_rule = len(list(flat(journey.rules[0].then)))
    assert times_called(profiled(lambda: work(3)), "_node") == {"_node": of_one_rule}


def test_opening_a_known_store_compiles_once_and_reads_no_definition(tmp_path):
    url, journey = f"sqlite:///{tmp_path / 'known.db'}", Journey("j", **parts(2))
    with Engine(url, journeys=[journey]):
        pass
    again = loads(dumps(journey))  # another process has another object
    stats = profiled(lambda: Engine(url, journeys=[again]).close())
    assert times_called(stats, "compile_program", "journey_from_dict") == {"compile_program": 1, "journey_from_dict": 0}


def test_a_release_at_work_is_known_by_its_number_though_it_was_compiled_before(tmp_path):
    url = f"sqlite:///{tmp_path / 'released.db'}"
    for rules in (1, 2):
        with Engine(url, journeys=[Journey("j", **parts(rules))]):
            pass
    with Engine(url, journeys=[Journey("j", **parts(2))]) as engine:
        assert engine._program.releases == {"j": 2}
        assert [each.rule.name for each in engine._program.rules] == ["rule 0", "rule 1"]


def test_opening_an_engine_loads_nothing_that_only_others_need():
    script = (
        "import sys; from touchpoint import Content, Engine, Journey, Message, Rule, Send; "
        "from touchpoint.channels import MemoryChannel; "
        "message = Message('m', why='w', kind='service', channels=['email'], content=Content(text='t')); "
        "journey = Journey('j', rules=[Rule('r', when='a', then=[Send(message)])]); "
        "engine = Engine('sqlite://', journeys=[journey], channels=[MemoryChannel('email')]); "
        "engine.record('ann', 'a'); print(sorted(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    slow = {"cattrs", "dateutil", "asyncio", "importlib.resources", "tempfile", "zipfile"}
    assert slow.isdisjoint(ast.literal_eval(ran.stdout))


# --- what is made when it is first asked for --------------------------------------------------------------------------


def test_the_rules_by_which_people_send_come_after_those_of_journeys():
    program = compile_program([Journey("j", **parts(2))])
    assert not any(name.startswith(PREFIX) for _, name in program.by_name)
    assert [(name, each.index) for (_, name), each in program.by_hand.items()] == [
        (f"{PREFIX}{name}", n) for n, name in enumerate(["nudge 0", "news 0", "nudge 1", "news 1"], start=2)
    ]
    assert program.by_hand is program.by_hand


# --- keys of signals, which are stored --------------------------------------------------------------------------------


@given(
    kind=st.sampled_from(["count", "total", "last"]),
    type_=st.sampled_from(["a", "order_placed", "a.b:c-d", 'a"b', "a\\b", "ä", "a\n", "", "a b"])
    | st.text(max_size=20),
    within=st.none() | st.integers(min_value=1, max_value=10**16),
    path=st.sampled_from([(), ("price",)]),
    required=st.sampled_from([(), (("order",),)]),
)
def test_what_is_written_shortly_of_a_signal_is_what_would_be_written_at_length(kind, type_, within, path, required):
    signal = Signal(kind, type_, within, path, required, (), ())
    assert signal._plain_meaning() in (None, signal._meaning())
    assert (signal._plain_meaning() is None) == bool(path or required or not TYPE_PATTERN.fullmatch(type_))


# --- tables of a new store --------------------------------------------------------------------------------------------


def tables(connection):
    return connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()


def noted(connection):
    return connection.execute("SELECT name, applied_at FROM touchpoint_migrations ORDER BY name").fetchall()


@pytest.fixture
def empty():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def test_a_new_store_in_memory_has_the_tables_that_migrations_make(empty):
    migrate(empty, NOW)
    for _ in range(2):  # the first one of the process, and a copy
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as own:
            _blank.fill(own, NOW)
            assert (tables(own), noted(own)) == (tables(empty), noted(empty))
            assert own.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_an_sqlite_that_cannot_copy_an_image_migrates(empty):
    class Old:
        """A connection without `deserialize`."""

        execute, executemany, in_transaction = empty.execute, empty.executemany, False

    _blank.fill(Old(), NOW)
    assert noted(empty) == [(step.name, NOW) for step in MIGRATIONS]


def test_what_one_store_in_memory_holds_no_other_does():
    with closing(connect(Place(""), "full", 1)) as first, closing(connect(Place(""), "full", 1)) as second:
        first.execute("INSERT INTO touchpoint_meta VALUES ('mine', 'x')")
        assert second.execute("SELECT count(*) FROM touchpoint_meta WHERE key = 'mine'").fetchone() == (0,)
        assert second.execute("PRAGMA secure_delete").fetchone() == (1,)  # S1.7
