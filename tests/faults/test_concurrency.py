"""Many at once on one customer: one serial history, nothing lost, nothing twice (S1.4, S11)."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from faults import crowd
from faults.kill_check import check_chains
from touchpoint import VirtualClock
from touchpoint.durations import instant

CROWD = Path(crowd.__file__)


class Crowd:
    """Processes at work on one store, and what they left."""

    def __init__(self, folder):
        self.store, self.ledger = str(folder / "store.db"), str(folder / "ledger")
        with crowd.engine(self.store, self.ledger) as made:
            made.identify("ann", addresses={"email": "ann@example.com"}, timezone="UTC")
            made.grant("ann", "news")

    def run(self, *acts):
        """Start them all, let them begin at once, and give what each printed."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        processes = [
            subprocess.Popen(
                [sys.executable, "-W", "error", CROWD, act, self.store, self.ledger, str(n)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
            )
            for n, act in enumerate(acts)
        ]  # fmt: skip
        while len([*Path(self.store).parent.glob("*.ready")]) < len(acts) and all(p.poll() is None for p in processes):
            threading.Event().wait(0.01)
        Path(f"{self.store}.go").touch()
        told = {n: process.communicate(timeout=60) for n, process in enumerate(processes) if acts[n] != "deliver"}
        Path(f"{self.store}.stop").touch()
        told |= {n: process.communicate(timeout=60) for n, process in enumerate(processes) if acts[n] == "deliver"}
        assert [errors for _, errors in told.values() if errors] == []
        return [told[n][0] for n in range(len(acts))]

    def rows(self, statement):
        with closing(sqlite3.connect(self.store)) as connection:
            return connection.execute(statement).fetchall()

    def broken(self):
        with closing(sqlite3.connect(self.store)) as connection:
            return list(check_chains(connection))

    def sent(self):
        return Path(self.ledger).read_text("ascii").split() if Path(self.ledger).exists() else []


PINGS = "SELECT id, recorded_at, trace FROM touchpoint_journal WHERE type = 'ping' ORDER BY no"


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """Three processes that record for one customer, two that deliver."""
    made = Crowd(tmp_path_factory.mktemp("busy"))
    made.run("record", "record", "record", "deliver", "deliver")
    with crowd.engine(made.store, made.ledger) as engine:
        engine.run_pending()
    return made


def test_nothing_that_processes_record_for_one_customer_is_lost(busy):  # S1.4, S11.1
    assert {each for each, *_ in busy.rows(PINGS)} == {f"{n}-{m}" for n in range(3) for m in range(crowd.PINGS)}
    assert busy.broken() == []


def test_the_history_of_one_customer_is_serial(busy):  # S1.4
    at = [recorded_at for _, recorded_at, *_ in busy.rows(PINGS)]
    assert at == sorted(at)


def test_what_may_happen_three_times_happens_three_times(busy):  # S4.4
    assert busy.rows("SELECT count(*) FROM touchpoint_runs WHERE rule = 'thrice'") == [(3,)]
    assert busy.rows("SELECT count(*) FROM touchpoint_runs WHERE rule = 'fortieth'") == [(1,)]


def test_a_cap_holds_whoever_delivers(busy):  # S6.6
    status = dict(busy.rows("SELECT status, count(*) FROM touchpoint_messages GROUP BY status"))
    assert status == {"sent": 4, "denied": 3 * crowd.PINGS - 10 - 4}
    assert len(busy.sent()) == len(set(busy.sent())) == 4


def test_the_same_history_recorded_by_one_alone_gives_the_same_decisions(busy, tmp_path):  # S11.5
    together = busy.rows(PINGS)
    alone = Crowd(tmp_path)
    clock = VirtualClock(instant(together[0][1]))
    with crowd.engine(alone.store, alone.ledger, clock=clock) as engine:
        for each, recorded_at, _ in together:
            clock.until(instant(recorded_at))
            engine.record("ann", "ping", {"n": each}, id=each)
    assert [row[::2] for row in alone.rows(PINGS)] == [row[::2] for row in together]


def test_of_processes_that_record_one_touchpoint_exactly_one_counts_it(tmp_path):  # S1.3
    told = Crowd(tmp_path).run("repeat", "repeat", "repeat")
    assert sorted(n for each in told for n in json.loads(each)) == list(range(crowd.PINGS))


def test_nothing_is_released_once_somebody_has_said_no_in_another_process(tmp_path):  # S11.2
    made = Crowd(tmp_path)
    with crowd.engine(made.store, made.ledger) as engine:
        crowd.record(engine, 0)
    *_, said = made.run("deliver", "deliver", "withdraw")
    with crowd.engine(made.store, made.ledger) as engine:
        engine.run_pending()
    rows = made.rows("SELECT status, at FROM touchpoint_messages")
    assert all(at <= int(said) for status, at in rows if status == "sent")
    assert {status for status, _ in rows} <= {"sent", "denied"}
    assert len(made.sent()) == len(set(made.sent())) == len([status for status, _ in rows if status == "sent"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_children_that_inherit_an_engine_deliver_each_message_once(tmp_path):  # S11.3
    made = Crowd(tmp_path)
    source = f"""
import os, sys
sys.path.insert(0, {str(CROWD.parent.parent)!r})
from faults import crowd
with crowd.engine({made.store!r}, {made.ledger!r}) as engine:
    for n in range(30):
        engine.identify(f"c{{n}}", addresses={{"email": f"c{{n}}@example.com"}})
        engine.grant(f"c{{n}}", "news")
        for m in range(12):
            engine.record(f"c{{n}}", "ping", {{"n": str(m)}})
    children = []
    for _ in range(3):
        child = os.fork()
        if not child:
            try:
                engine.run_pending(group=2)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
            finally:
                os._exit(0)
        children.append(child)
    engine.run_pending(group=2)
    for child in children:
        os.waitpid(child, 0)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(made.sent()) == len(set(made.sent())) == 60
    assert made.rows("SELECT DISTINCT status FROM touchpoint_messages") == [("sent",)]
