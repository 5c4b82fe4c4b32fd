"""`engine.work`: what is due is done, by any number of threads and processes, and stopping loses nothing."""

import json
import logging
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from contextlib import closing
from itertools import pairwise

import pytest

from making import START, Scripted, ends, engine_of, handed, message, pass_time, sending, state_of
from touchpoint import (
    Call,
    Cap,
    Content,
    InvalidInput,
    Policy,
    Rule,
    Send,
    StoreBusy,
    StoreClosed,
    VirtualClock,
    Wait,
    days,
    hours,
    minutes,
    seconds,
)  # fmt: skip
from touchpoint.channels.memory import MemoryChannel
from touchpoint.core import delivery as core
from touchpoint.core import settling
from touchpoint.engine.threads import Bell
from touchpoint.engine.worker import _fitting
from touchpoint.model.delivery import Accepted, Capabilities
from touchpoint.stores.sqlite import SqliteStore

LONG = days(1)
"""A poll that no test waits for: whoever goes on was woken."""
PATIENT = 20
"""Seconds after which a test that would hang fails instead."""


class Safe(Scripted):
    """A scripted channel that several threads may use at once."""

    def __init__(self, act=lambda _: Accepted()):
        super().__init__(act=act)
        self._capabilities = Capabilities(
            "email", frozenset({"email"}), remembers_keys_for=None, recording=True, thread_safe=True
        )


class Told(dict):
    """The sleepers of a bell, telling when there is one."""

    def __init__(self, event):
        super().__init__()
        self.event = event

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.event.set()


class AtWork:
    """A worker in a thread of its own; leaving the block stops it and raises what it raised."""

    def __init__(self, engine, **options):
        self.stop = threading.Event()
        self.engine, self.options = engine, {"stop": self.stop, "poll": LONG} | options
        self.error = self.worked = None
        self.asleep = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self):
        try:
            self.worked = self.engine.work(**self.options)
        except BaseException as error:  # noqa: BLE001 - raised by the test
            self.error = error

    def __enter__(self):
        self.engine._bell._sleepers = Told(self.asleep)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()

    def join(self):
        self._thread.join(PATIENT)
        assert not self._thread.is_alive(), "the worker does not stop"
        if self.error is not None:
            raise self.error


def started(engine, *customers):
    for each in customers or ("ann",):
        engine.record(each, "start")
    return engine


def many(n):
    return [f"c{each}" for each in range(n)]


# --- what is due is done ----------------------------------------------------------------------------------------------


def test_until_idle_everything_due_is_done_and_told():
    engine = started(engine_of(sending(), people=many(7)), *many(7))
    worked = engine.work(until_idle=True)
    assert (worked.handed, worked.groups, worked.troubles, worked.left_out) == (7, 1, 0, 0)
    assert len(handed(engine)) == 7


def test_what_follows_at_once_is_done_too():
    engine = started(engine_of(sending(then=[Send(message("second"))])))
    engine.work(until_idle=True)
    assert handed(engine) == ["hello", "second"]


def test_what_is_not_due_yet_stays():
    engine = started(engine_of(Rule("r", when="start", then=[Wait(days(1)), Send(message())])))
    assert (engine.work(until_idle=True).handed, handed(engine)) == (0, [])


def test_a_sleeping_worker_is_woken_by_what_this_process_records():
    sent = threading.Event()
    engine = engine_of(sending(), channels=[Scripted(act=lambda _: sent.set() or Accepted())])
    with AtWork(engine) as worker:
        assert worker.asleep.wait(PATIENT)
        engine.record("ann", "start")
        assert sent.wait(PATIENT)
    assert ends(engine) == [("hello", "sent")]


def test_a_sleeping_worker_is_not_woken_by_what_is_due_later_than_it_would_wake():
    woken = []
    bell = Bell()
    with bell.asleep(lambda: woken.append(1)) as sleeper:
        sleeper.until = 1_000
        bell.ring(1_000)
        assert woken == []
        bell.ring(999)
    bell.ring(0)
    assert woken == [1]


def test_a_worker_finds_what_another_process_records_at_its_next_poll(tmp_path):
    path = f"sqlite:///{tmp_path}/t.db"
    sent = threading.Event()
    engine = engine_of(sending(), channels=[Scripted(act=lambda _: sent.set() or Accepted())], store=path)
    with engine_of(sending(), store=path, people=()) as other, AtWork(engine, poll=seconds(0.01)) as worker:
        assert worker.asleep.wait(PATIENT)
        other.record("ann", "start")
        assert sent.wait(PATIENT)


def test_the_report_tells_after_each_group():
    engine = started(engine_of(sending(), people=many(120)), *many(120))
    told = []
    engine.work(until_idle=True, report=told.append)
    assert [each.handed for each in told] == [50, 100, 120]


def test_a_group_gets_smaller_where_calls_are_slow():  # S6.8: none may wait longer than 20 s after its release
    assert [_fitting(0.0, 50), _fitting(1.0, 50), _fitting(50.0, 50), _fitting(600.0, 5)] == [50, 50, 10, 1]


# --- stopping ---------------------------------------------------------------------------------------------------------


def test_who_is_told_to_stop_beforehand_does_nothing():
    engine = started(engine_of(sending()))
    stop = threading.Event()
    stop.set()
    assert (engine.work(stop=stop).handed, handed(engine)) == (0, [])


def test_a_sleeping_worker_stops_at_once():
    with AtWork(engine_of(sending()), threads=3) as worker:
        assert worker.asleep.wait(PATIENT)
        worker.stop.set()
        worker.join()


def test_a_function_may_say_when_to_stop():
    engine = started(engine_of(sending(), people=many(3)), *many(3))
    sent = engine.adapters["email"].sent
    engine.work(stop=lambda: len(sent) >= 2)
    assert len(sent) == 2


def test_what_is_released_and_not_called_is_given_back_when_the_worker_stops():  # S6.8
    stop = threading.Event()
    channel = Scripted(act=lambda _: stop.set() or Accepted())
    engine = started(engine_of(sending(), channels=[channel], people=("ann", "bob", "cid")), "ann", "bob", "cid")
    worked = engine.work(stop=stop)
    assert [ends(engine, each)[0][1] for each in ("ann", "bob", "cid")] == ["sent", "waiting", "waiting"]
    assert (worked.handed, state_of(engine, "bob").pending[0].attempts) == (1, 0)
    engine.work(until_idle=True)
    assert Counter(each.to.key[:3] for each in channel.requests) == {"ann": 1, "bob": 1, "cid": 1}


def test_an_interrupt_stops_every_thread_and_keeps_what_is_known():  # S11.4
    def act(request):
        if request.to.key.startswith("bob"):
            raise KeyboardInterrupt
        return Accepted()

    people = ("ann", "bob", "cid")
    engine = started(engine_of(sending(), channels=[Scripted(act=act)], people=people), *people)
    with pytest.raises(KeyboardInterrupt):
        engine.work(poll=LONG)
    assert [ends(engine, each)[0][1] for each in people] == ["sent", "in_flight", "waiting"]


def test_an_interrupt_is_not_forgotten_over_a_store_in_trouble(tmp_path):  # S11.7
    path, hosts = tmp_path / "t.db", []

    def act(request):
        if request.to.key.startswith("ann"):
            return Accepted()
        hosts.append(lock(path))
        raise KeyboardInterrupt

    channel = Scripted(act=act)
    engine = started(engine_of(sending(), channels=[channel], store=brief(path), people=("ann", "bob")), "ann", "bob")
    with pytest.raises(KeyboardInterrupt) as stopped:
        engine.work(until_idle=True)
    hosts[0].close()
    assert isinstance(stopped.value.__cause__, StoreBusy)
    assert len(channel.requests) == 2


def test_an_interrupt_while_outcomes_are_written_loses_none(tmp_path):  # S11.4
    strikes = [KeyboardInterrupt()]

    class Struck(SqliteStore):
        def transaction(self, *args, **kwargs):
            if channel.requests and strikes:
                raise strikes.pop()
            return super().transaction(*args, **kwargs)

    channel = Scripted()
    engine = started(engine_of(sending(), channels=[channel], store=Struck(str(tmp_path / "t.db"))))
    with pytest.raises(KeyboardInterrupt):
        engine.work(poll=LONG)
    assert ends(engine, "ann")[0][1] == "sent"


def test_what_stops_one_thread_stops_all_and_is_raised():
    engine = engine_of(sending())
    with AtWork(engine, threads=3, poll=seconds(0.01)) as worker:
        assert worker.asleep.wait(PATIENT)
        engine.close()
        with pytest.raises(StoreClosed):
            worker.join()
        worker.error = None


def test_threads_that_are_not_needed_any_more_are_gone():
    before = set(threading.enumerate())
    engine = started(engine_of(sending(), people=many(9)), *many(9))
    engine.work(until_idle=True, threads=4)
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threads": 0}, "whole number from 1"),
        ({"threads": True}, "whole number from 1"),
        ({"threads": 1_000}, "several processes"),
        ({"poll": 1}, "length of time"),
        ({"poll": seconds(0)}, "length of time"),
        ({"stop": 7}, "threading.Event, or a function"),
    ],
)
def test_arguments_that_cannot_be_are_refused(options, words):
    with pytest.raises(InvalidInput, match=words):
        engine_of().work(**options)


def test_an_event_of_asyncio_is_refused_with_the_way_out():
    import asyncio

    with pytest.raises(InvalidInput, match=r"AsyncEngine\.work"):
        engine_of().work(stop=asyncio.Event())


# --- several threads --------------------------------------------------------------------------------------------------


def test_threads_deliver_at_the_same_time():
    together = threading.Barrier(4)
    channel = Safe(act=lambda _: together.wait(PATIENT) is None or Accepted())
    engine = started(engine_of(sending(), channels=[channel], people=many(4)), *many(4))
    assert engine.work(until_idle=True, threads=4).handed == 4
    assert {ends(engine, each)[0] for each in many(4)} == {("hello", "sent")}


def test_each_message_goes_out_once_whatever_the_number_of_threads(tmp_path):  # S11.9
    channel = Safe()
    engine = engine_of(
        sending(then=[Send(message("second"))]), channels=[channel], people=many(60), durability="fast",
        store=f"sqlite:///{tmp_path}/t.db",
    )  # fmt: skip
    started(engine, *many(60))
    engine.work(until_idle=True, threads=6)
    assert Counter(Counter(each.key for each in channel.requests).values()) == {1: 120}
    assert all(ends(engine, each) == [("hello", "sent"), ("second", "sent")] for each in many(60))


def test_no_transaction_is_open_while_a_provider_is_called(tmp_path):  # S6.8
    path, found = tmp_path / "t.db", []

    def act(_):
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        with engine.store.transaction():  # refused where this thread has one open
            found.append(engine.store._active is not None)
        return Accepted()

    engine = engine_of(sending(), channels=[Scripted(act=act)], store=f"sqlite:///{path}", people=many(3))
    started(engine, *many(3)).work(until_idle=True)
    assert found == [True] * 3


def ticketed(engine, *customers):
    started(engine, *customers)
    return engine.workplace().handing().release(lambda unit, _: [unit.find(each) for each in customers])


def test_an_adapter_that_is_not_thread_safe_is_called_by_one_thread_at_a_time():
    engine = engine_of(sending(), people=("ann", "bob"))
    ann, bob = ticketed(engine, "ann", "bob")
    one, two = engine.workplace().handing(), engine.workplace().handing()
    assert one.take(core.LastLook(ann)) is None
    engine.clock.advance(seconds(20))  # so that the other does not wait for its turn
    assert "another thread" in two.take(core.LastLook(bob))
    one.take(core.Call(ann))
    engine.clock.set(START)
    assert "another thread" not in str(two.take(core.LastLook(bob)))


def test_threads_may_call_an_adapter_at_once_that_says_it_is_thread_safe():
    engine = engine_of(sending(), channels=[Safe()], people=("ann", "bob"))
    ann, bob = ticketed(engine, "ann", "bob")
    assert [engine.workplace().handing().take(core.LastLook(each)) for each in (ann, bob)] == [None, None]


def test_a_turn_is_given_back_where_the_last_look_says_no():
    engine = engine_of(sending(), people=("ann",))
    (ann,) = ticketed(engine, "ann")
    ann.fence += 1
    handing = engine.workplace().handing()
    assert "somebody else" in handing.take(core.LastLook(ann))
    assert engine._turns.take("channel email", 0)


def test_a_function_of_the_host_is_called_by_one_thread_at_a_time():
    inside, most = [], []

    def act(request):
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    engine = engine_of(Rule("r", when="start", then=[Call("act")]), functions={"act": act}, people=many(40))
    started(engine, *many(40)).work(until_idle=True, threads=4)
    assert (len(most), max(most)) == (40, 1)


def test_of_one_customer_one_message_is_on_its_way_at_a_time():
    engine = engine_of(sending("one"), sending("two"))
    first = ticketed(engine, "ann")
    again = engine.delivery().release(lambda unit, _: [unit.find("ann")])
    assert (len(first), again) == (1, [])
    assert engine.next_due() == START + minutes(1.5)  # when the first one's lease is over
    engine.delivery().settle([(first[0], Accepted())])
    pass_time(engine)
    assert handed(engine) == ["two"]


# --- trouble ----------------------------------------------------------------------------------------------------------


def lock(path):
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=PATIENT)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def brief(path):
    return SqliteStore(str(path), timeout=seconds(0.01))


def test_a_busy_store_is_waited_for(tmp_path, caplog):  # S11.7
    path = tmp_path / "t.db"
    engine = started(engine_of(sending(), store=brief(path)))
    with closing(lock(path)) as host:
        worked = engine.work(
            until_idle=True, report=lambda told: told.troubles == 2 and host.in_transaction and host.execute("ROLLBACK")
        )
    assert (worked.handed, worked.troubles, handed(engine)) == (1, 2, ["hello"])
    assert [each.message for each in caplog.records if each.name == "touchpoint"] == [
        "the worker waits for the store: StoreBusy"
    ]


def test_whoever_wants_to_get_done_is_told_in_the_end_that_the_store_stays_busy(tmp_path, monkeypatch):
    monkeypatch.setattr("touchpoint.engine.working._FIRST_PAUSE", 0.0001)
    path = tmp_path / "t.db"
    engine = started(engine_of(sending(), store=brief(path)))
    with closing(lock(path)), pytest.raises(StoreBusy):
        engine.work(until_idle=True)


def test_an_outcome_that_cannot_be_written_is_kept_until_it_can(tmp_path):  # S6.8: nothing becomes uncertain for it
    path, hosts = tmp_path / "t.db", []

    def act(_):
        hosts.append(lock(path))
        return Accepted()

    channel = Scripted(act=act)
    engine = started(engine_of(sending(), channels=[channel], store=brief(path)))
    engine.work(until_idle=True, report=lambda told: told.troubles and [each.close() for each in hosts])
    assert (len(channel.requests), ends(engine)) == (1, [("hello", "sent")])


def test_outcomes_that_cannot_be_written_before_the_end_are_counted_and_logged(tmp_path, caplog):
    path, hosts, stop = tmp_path / "t.db", [], threading.Event()

    def act(_):
        hosts.append(lock(path))
        stop.set()
        return Accepted()

    engine = started(engine_of(sending(), channels=[Scripted(act=act)], store=brief(path)))
    worked = engine.work(stop=stop)
    hosts[0].close()
    assert worked.unsettled == 1
    assert "1 outcomes could not be written" in caplog.text


def test_a_damaged_customer_is_left_out_and_the_others_are_served(tmp_path, caplog):  # S11.4
    path = tmp_path / "t.db"
    people = ("ann", "bob", "cid")
    engine = started(engine_of(sending(), store=f"sqlite:///{path}", people=people), *people)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE touchpoint_customers SET state = '[1]' WHERE id = 'bob'")
    worked = engine.work(until_idle=True)
    assert (worked.handed, worked.left_out) == (2, 1)
    told = [each.message for each in caplog.records if each.name == "touchpoint"]
    assert told == ["customer number 2 is left out: StoreCorrupt; run_pending() raises it"]


def test_a_damaged_customer_does_not_keep_a_worker_awake(tmp_path):
    path = tmp_path / "t.db"
    engine = started(engine_of(sending(), store=f"sqlite:///{path}"))
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE touchpoint_customers SET state = '[1]'")
    agenda = engine.workplace().agenda()
    agenda.group(engine.workplace().handing(), 50)
    assert (list(agenda.left_out), agenda.next_due()) == ([1], None)


def test_a_customer_for_whom_alone_something_fails_is_left_out(monkeypatch, caplog):  # S11.4: poison blocks nobody
    real = core.release

    def release(program, state, *rest):
        if state.id == "bob":
            raise ZeroDivisionError("bob@example.com")
        return real(program, state, *rest)

    monkeypatch.setattr(core, "release", release)
    people = ("ann", "bob", "cid", "dan")
    engine = started(engine_of(sending(), people=people), *people)
    worked = engine.work(until_idle=True)
    assert (worked.handed, worked.left_out) == (3, 1)
    assert "customer number 2 is left out: ZeroDivisionError" in caplog.text
    assert "bob" not in caplog.text


def test_of_a_group_with_one_outcome_that_cannot_be_settled_the_others_are(monkeypatch):  # S11.4
    real = settling.settle

    def settle(program, state, *rest):
        if state.id == "bob":
            raise ZeroDivisionError
        return real(program, state, *rest)

    monkeypatch.setattr(settling, "settle", settle)
    people = ("ann", "bob", "cid")
    engine = started(engine_of(sending(), people=people), *people)
    engine.work(until_idle=True)
    assert [ends(engine, each)[0][1] for each in people] == ["sent", "in_flight", "sent"]


def test_nothing_a_worker_logs_says_who(caplog):  # S7.5
    caplog.set_level(logging.DEBUG, "touchpoint")

    def act(_):
        raise RuntimeError("secret-token for ann@example.com")

    engine = started(engine_of(sending(content=Content(text="marker-words")), channels=[Scripted(act=act)]))
    engine.work(until_idle=True)
    assert not any(each in caplog.text for each in ("ann", "secret-token", "marker-words"))


# --- after downtime ---------------------------------------------------------------------------------------------------


def test_after_ten_days_of_downtime_nothing_floods():  # S2.5, S6.6, S6.7
    """1,500 messages due: what is past its best-before expires, the others keep their cap, and go out in due order."""
    people = many(500)
    engine = engine_of(
        Rule("soon", when="start", then=[Wait(hours(1)), Send(message("hourly"))]),
        Rule("news", when="start", then=[Wait(hours(2)), Send(message("lasting", expires=days(30)))]),
        Rule("more", when="start", then=[Wait(hours(3)), Send(message("capped", expires=days(30)))]),
        people=people, policy=Policy(Cap(1, per=days(2))),
    )  # fmt: skip
    for number, each in enumerate(people):
        engine.record(each, "start")
        if number % 50 == 0:
            engine.clock.advance(minutes(1))
    engine.clock.advance(days(10))
    worked = engine.work(until_idle=True)
    status = Counter(end for each in people for end in ends(engine, each))
    # The best-before counts from when each was due, not from when the host came back.
    assert status == {("hourly", "expired"): 500, ("lasting", "sent"): 500, ("capped", "waiting"): 500}
    assert (worked.handed, handed(engine)) == (500, ["lasting"] * 500)
    assert [each.to.key for each in engine.adapters["email"].sent] == [f"{each}@example.com" for each in people]
    pass_time(engine, days(5))
    assert all(gap >= days(2) for each in people for gap in gaps(engine, each))


def gaps(engine, customer):
    at = sorted(each.at for each in engine.customer(customer).messages if each.status == "sent")
    return [later - earlier for earlier, later in pairwise(at)]


# --- processes --------------------------------------------------------------------------------------------------------

PROGRAM = """
import json, os, sys, threading
from datetime import UTC, datetime
from touchpoint import Content, Engine, Journey, Message, Rule, Send, VirtualClock, seconds
from touchpoint.channels.base import BaseAdapter
from touchpoint.model.delivery import Accepted, Capabilities

path, ledger = sys.argv[1:3]

class Ledger(BaseAdapter):
    def __init__(self):
        capabilities = Capabilities("email", frozenset({"email"}), remembers_keys_for=None, thread_safe=True)
        super().__init__(capabilities, "email")
        self.sent = threading.Event()

    def send(self, request):
        file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, (request.key + "\\n").encode())
        os.close(file)
        self.sent.set()
        return Accepted()

hello = Message("hello", why="test", kind="service", channels=["email"], content=Content(text="Hi"))
email = Ledger()
engine = Engine(
    "sqlite:///" + path, journeys=[Journey("one", rules=[Rule("r", when="start", then=[Send(hello)])])],
    channels=[email], clock=VirtualClock(datetime(2026, 3, 2, 9, tzinfo=UTC)), durability="fast",
)
"""


def run(program, *arguments):
    source = PROGRAM + textwrap.dedent(program)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", source, *map(str, arguments)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def told(process):
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    return json.loads(out)


RECORDING = """
for n in range(40):
    engine.identify(f"c{n}", addresses={"email": f"c{n}@example.com"})
    engine.record(f"c{n}", "start")
print("1")
"""


def test_processes_share_the_work_and_send_each_message_once(tmp_path):  # S11.9
    path, ledger = tmp_path / "t.db", tmp_path / "ledger"
    told(run(RECORDING, path, ledger))
    ready = 'print("ready", flush=True); input(); print(engine.work(until_idle=True, threads=2).handed)'
    workers = [run(ready, path, ledger) for _ in range(3)]
    for each in workers:
        assert each.stdout.readline() == "ready\n"
    for each in workers:
        each.stdin.write("\n")
        each.stdin.flush()
    assert sum(map(told, workers)) == 40
    assert len(set(ledger.read_text().split())) == len(ledger.read_text().split()) == 40


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs_fork
def test_an_engine_works_on_in_a_forked_child_whatever_the_parents_threads_held(tmp_path):
    program = """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks with threads
        stop, asleep = threading.Event(), threading.Event()
        worker = threading.Thread(target=lambda: engine.work(stop=stop, poll=seconds(60), report=print), daemon=True)
        worker.start()
        engine._grouping._leading.acquire()  # as some thread of the parent's might have, at that moment
        engine._grouping._queueing.acquire()
        engine._turns._lock.acquire()
        engine._bell._lock.acquire()
        child = os.fork()
        if not child:
            assert engine._pid == os.getpid()  # told by Python, before anybody has looked
            engine.identify("ann", addresses={"email": "ann@example.com"})
            engine.record("ann", "start")
            os._exit(10 + engine.work(until_idle=True, threads=2).handed)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for each in (engine._grouping._leading, engine._grouping._queueing, engine._turns._lock, engine._bell._lock):
            each.release()
        stop.set()
        worker.join(20)
        print(json.dumps([status, worker.is_alive(), engine.customer("ann").messages[0].status]))
    """
    assert told(run(program, tmp_path / "t.db", tmp_path / "ledger")) == [11, False, "sent"]


def test_a_process_forked_behind_pythons_back_begins_anew():
    engine = engine_of(sending())
    before = engine._grouping, engine._cache, engine._bell, engine._turns
    before[0]._leading.acquire()
    engine._pid = -1
    engine.record("ann", "start")
    assert engine.work(until_idle=True).handed == 1
    assert not set(map(id, before)) & {id(engine._grouping), id(engine._cache), id(engine._bell), id(engine._turns)}


def test_a_worker_that_is_killed_leaves_leases_that_others_take_over(tmp_path):  # S11.3
    path, ledger = tmp_path / "t.db", tmp_path / "ledger"
    told(run(RECORDING, path, ledger))
    killed = run(
        """
        email.send = lambda request: (print("calling", flush=True), threading.Event().wait())
        engine.work(until_idle=True)
        """, path, ledger,
    )  # fmt: skip
    assert killed.stdout.readline() == "calling\n"
    killed.kill()
    killed.communicate()
    engine = engine_of(
        sending(rule="r"), store=f"sqlite:///{path}", channels=[MemoryChannel("email")], people=(),
        clock=VirtualClock(START),
    )  # fmt: skip
    assert engine.work(until_idle=True).handed == 0  # all of them are leased
    engine.clock.advance(minutes(2))
    engine.work(until_idle=True)
    pass_time(engine, hours(1))
    status = Counter(ends(engine, f"c{n}")[0][1] for n in range(40))
    assert status == {"sent": 40}
