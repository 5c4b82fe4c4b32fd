"""A worker and its threads in trouble: who is left out, what ends the worker, and what is known is kept."""

import logging
import threading
from contextlib import suppress

import pytest

from making import START, Scripted, ends, engine_of, sending
from touchpoint import StoreBusy, VirtualClock, days, minutes, seconds
from touchpoint.core import settling
from touchpoint.engine.delivery import Delivery
from touchpoint.model.delivery import Accepted, Capabilities

PEOPLE = ("ann", "bob", "cid")
PATIENT = 20


def started(engine, *customers):
    for each in customers or PEOPLE:
        engine.record(each, "start")
    return engine


class Stopping(VirtualClock):
    """A clock that fails when it is told to."""

    stopped = False

    def now(self):
        if self.stopped:
            raise OSError("no clock")
        return super().now()


def test_what_fails_before_anybody_is_looked_for_ends_the_worker_and_leaves_nobody_out():
    clock, told = Stopping(START), []
    engine = started(engine_of(sending(), clock=clock), "ann")
    with pytest.raises(OSError, match="no clock"):
        engine.work(report=lambda done: told.append(done) or setattr(clock, "stopped", bool(done.handed)))
    assert [each.left_out for each in told] == [0]


def test_what_ends_a_thread_other_than_the_callers_is_raised_by_the_call():  # S11.4
    mine, both = threading.current_thread(), threading.Barrier(2)

    def act(_):
        with suppress(threading.BrokenBarrierError):
            both.wait(PATIENT)
        if threading.current_thread() is not mine:
            raise SystemExit("of an adapter")
        return Accepted()

    channel = Scripted(act=act)
    channel._capabilities = Capabilities(
        "email", frozenset({"email"}), remembers_keys_for=None, recording=True, thread_safe=True
    )
    engine = started(engine_of(sending(), channels=[channel], people=("ann", "bob")), "ann", "bob")
    with pytest.raises(SystemExit, match="of an adapter"):
        engine.work(poll=days(1), threads=2)
    assert sorted(ends(engine, each)[0][1] for each in ("ann", "bob")) == ["in_flight", "sent"]


class Shy:
    """An event that is set, and whose `wait` says nothing of it the first time."""

    def __init__(self):
        self.asked, self.given = 0, threading.Event()

    def is_set(self):
        return self.given.is_set()

    def wait(self, _=None):
        self.asked += 1
        if self.asked == 2:
            self.given.set()
        return self.is_set()


def test_a_sleeping_worker_is_woken_by_an_event_that_comes_after_a_while_of_watching():
    engine, stop = engine_of(sending()), Shy()
    worker = threading.Thread(target=lambda: engine.work(stop=stop, poll=days(1)), daemon=True)
    worker.start()
    worker.join(PATIENT)
    assert (worker.is_alive(), stop.asked) == (False, 2)


def defective(monkeypatch, customer="bob", error=ZeroDivisionError):
    """Have the outcomes of one customer be more than the core can take; returns how to have it taken again."""
    real = settling.settle

    def settle(program, state, *rest):
        if state.id == customer:
            raise error("bob@example.com")
        return real(program, state, *rest)

    monkeypatch.setattr(settling, "settle", settle)


def test_a_late_outcome_that_cannot_be_settled_ends_no_worker(monkeypatch, caplog):  # S11.4
    """It came while the store was busy, so it is written before the next group, with those of the others."""
    caplog.set_level(logging.INFO, "touchpoint")
    real, troubles = Delivery.settle, [StoreBusy()]

    def settle(self, outcomes):
        if troubles:
            raise troubles.pop()
        real(self, outcomes)

    engine = started(engine_of(sending(), people=PEOPLE))
    defective(monkeypatch)
    monkeypatch.setattr(Delivery, "settle", settle)
    worked = engine.work(until_idle=True)
    assert [ends(engine, each)[0][1] for each in PEOPLE] == ["sent", "in_flight", "sent"]
    assert (worked.troubles, worked.left_out) == (1, 0)
    assert "an outcome cannot be written, and counts as uncertain in the end: ZeroDivisionError" in caplog.text
    assert "bob@" not in caplog.text


def test_a_store_in_trouble_while_outcomes_are_settled_one_by_one_loses_none(monkeypatch):  # S11.4, S11.7
    real, calls = Delivery.settle, []

    def settle(self, outcomes):
        calls.append(len(outcomes))
        if len(calls) == 2:
            raise StoreBusy
        real(self, outcomes)

    engine = started(engine_of(sending(), people=PEOPLE))
    defective(monkeypatch)
    monkeypatch.setattr(Delivery, "settle", settle)
    engine.work(until_idle=True)
    assert calls == [3, 1, 1, 1, 1]  # all of them, each by itself, and again what the store did not take
    assert [ends(engine, each)[0][1] for each in PEOPLE] == ["sent", "in_flight", "sent"]


def test_a_customer_who_was_left_out_is_tried_again_after_ten_minutes(monkeypatch, caplog):  # S11.4
    engine = started(engine_of(sending(), people=PEOPLE))
    with monkeypatch.context() as patched:
        from touchpoint.core import delivery as core

        real = core.release

        def release(program, state, *rest):
            if state.id == "bob":
                raise ZeroDivisionError
            return real(program, state, *rest)

        patched.setattr(core, "release", release)
        told, mended = [], []

        def report(done):
            told.append(done.left_out)
            if done.left_out and not mended:
                mended.append(patched.undo())
                engine.clock.advance(minutes(11))
                engine.record("ann", "start")

        worked = engine.work(until_idle=True, report=report)
    assert (worked.left_out, ends(engine, "bob")) == (1, [("hello", "sent")])
    assert caplog.text.count("is left out") == 1


@pytest.mark.parametrize("within", [seconds(30), None])
def test_a_release_that_the_store_refuses_loses_no_late_proof_and_needs_none(monkeypatch, within):  # S11.7
    engine = started(engine_of(sending(), call_within=within), "ann")

    def busy(*_):
        raise StoreBusy

    with pytest.raises(StoreBusy):
        engine.delivery().release(busy)
    assert (engine.run_pending(), ends(engine)) == (1, [("hello", "sent")])
