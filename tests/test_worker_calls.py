"""Workers and adapters that really have to be called: each call in a thread of its own, with a deadline."""

import threading

import pytest

from making import ends, engine_of, reach, sending
from touchpoint import StoreBusy, days, minutes, seconds
from touchpoint.channels.base import BaseAdapter
from touchpoint.engine.calling import Caller
from touchpoint.model.delivery import Accepted, Capabilities

SHORT = seconds(0.05)
PATIENT = 20


class Real(BaseAdapter):
    """An adapter that reaches somebody, as far as it says, and does what a function says."""

    def __init__(self, act=lambda _: Accepted(), name="email", kind="email", *, memory=None, thread_safe=False):
        can = Capabilities(name, frozenset({kind}), remembers_keys_for=memory, thread_safe=thread_safe)
        super().__init__(can, kind)
        self.act = act
        self.requests = []

    def send(self, request):
        self.requests.append(request)
        return self.act(request)


@pytest.fixture
def hang():
    """Keeps calls waiting until the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


def started(engine, *customers):
    for each in customers:
        engine.record(each, "start")
    return engine


@pytest.mark.parametrize("threads", [1, 3])
def test_an_adapter_that_hangs_delays_no_other_channel_and_doubles_nothing(hang, threads):  # S11.4, S6.8
    email = Real(lambda _: hang.wait(PATIENT) and Accepted())
    sms = Real(name="sms", kind="phone")
    people = ("ann", "bob", "cid", "dan")
    engine = started(
        engine_of(
            sending("mail"), sending("text", channels=["sms"]), channels=[email, sms], people=people, call_within=SHORT
        ),
        *people,
    )  # fmt: skip
    engine.work(until_idle=True, threads=threads)
    assert len(sms.requests) == 4
    assert len(email.requests) == 1  # it is not thread-safe: while a call hangs, no other is made
    status = sorted(dict(ends(engine, each))["mail"] for each in people)
    assert status == ["unknown", "waiting", "waiting", "waiting"]


def test_threads_call_a_thread_safe_adapter_at_the_same_time():
    together = threading.Barrier(3)
    email = Real(lambda _: together.wait(PATIENT) is None or Accepted(), thread_safe=True)
    people = ("ann", "bob", "cid")
    engine = started(engine_of(sending(), channels=[email], people=people), *people)
    assert engine.work(until_idle=True, threads=3).handed == 3
    assert [ends(engine, each) for each in people] == [[("hello", "sent")]] * 3


def late(engine, hang):
    """Let the call that hangs come to its end, after it was given up."""
    hang.set()
    while not engine._caller._late:
        pass


@pytest.mark.parametrize("act", ["work", "run_pending"])
def test_a_late_proof_is_written_though_nothing_is_due(hang, act):  # S11.3
    email = Real(lambda _: hang.wait(PATIENT) and Accepted("late"), memory=days(1))
    engine = started(engine_of(sending(), channels=[email], call_within=SHORT), "ann")
    engine.work(until_idle=True)
    assert ends(engine) == [("hello", "waiting")]
    late(engine, hang)
    engine.work(until_idle=True) if act == "work" else engine.run_pending()
    engine.clock.advance(minutes(5))
    engine.run_pending()
    assert (len(email.requests), ends(engine)) == (1, [("hello", "sent")])


def test_a_late_proof_that_cannot_be_written_is_kept(hang, monkeypatch):  # S11.3
    email = Real(lambda _: hang.wait(PATIENT) and Accepted("late"), memory=days(1))
    engine = started(engine_of(sending(), channels=[email], call_within=SHORT), "ann")
    engine.run_pending()
    late(engine, hang)

    def busy(_unit, _now):
        raise StoreBusy("a test wants it")

    with pytest.raises(StoreBusy):
        engine.delivery().release(busy)
    engine.run_pending()
    assert ends(engine) == [("hello", "sent")]


def test_a_forked_engine_calls_with_locks_of_its_own():
    engine = engine_of(sending(), channels=[Real()])
    before = engine._caller
    before._turn("email").acquire()
    before._guard.acquire()
    engine._pid = -1  # as in a child
    started(engine, "ann")
    assert engine.work(until_idle=True).handed == 1
    assert isinstance(engine._caller, Caller)
    assert engine._caller is not before


def test_a_provider_that_answers_nobody_is_left_alone_by_all_threads():  # S6.8: the circuit breaker
    def act(_):
        raise ConnectionError

    email = Real(act, memory=days(1))
    people = [f"c{n}" for n in range(40)]
    engine = engine_of(sending(), channels=[email], people=())
    for each in people:
        reach(engine, each)
    started(engine, *people).work(until_idle=True, threads=4)
    assert 5 <= len(email.requests) < 15
