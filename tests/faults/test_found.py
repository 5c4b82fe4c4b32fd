"""What the simulation has found in the library, each as the smallest story that shows it."""

from contextlib import contextmanager
from datetime import timedelta

import pytest

from making import START, Scripted, ends, engine_of, handed, pass_time, sending, state_of
from touchpoint import Policy, QuietHours, Rule, Send, StoreBusy, VirtualClock, hours
from touchpoint.channels.inbound import Replied
from touchpoint.core.delivery import Moment, Ticket
from touchpoint.engine.calling import Caller
from touchpoint.model.delivery import Accepted, Ambiguous, Refused
from touchpoint.stores.sqlite import SqliteStore


def test_who_says_no_after_the_clock_was_set_back_is_heard():  # S7.1, S11.3
    clock = VirtualClock(START + timedelta(hours=2))  # two hours fast
    engine = engine_of(sending(kind="marketing"), clock=clock)
    engine.grant("ann", "marketing")
    clock.set(START)
    engine.withdraw("ann", "marketing")
    engine.record("ann", "start")
    pass_time(engine, timedelta(hours=3))
    assert handed(engine) == []


def test_who_says_yes_again_after_the_clock_was_set_back_is_heard():  # S7.1, S11.3
    clock = VirtualClock(START + timedelta(hours=2))
    engine = engine_of(sending(kind="marketing"), clock=clock)
    engine.withdraw("ann", "marketing")
    clock.set(START)
    engine.grant("ann", "marketing")
    engine.record("ann", "start")
    pass_time(engine, timedelta(hours=3))
    assert handed(engine) == ["hello"]


def test_stop_after_the_clock_was_set_back_acts():  # S7.3, S11.3
    clock = VirtualClock(START + timedelta(hours=2))
    engine = engine_of(sending(), clock=clock)
    engine.apply(Replied("ann", "email", "START", id="1"))
    clock.set(START)
    engine.apply(Replied("ann", "email", "STOP", id="2"))
    engine.record("ann", "start")
    pass_time(engine, timedelta(hours=3))
    assert handed(engine) == []


def test_what_may_have_gone_out_is_not_called_withdrawn_when_its_run_ends():  # S6.8
    email = Scripted(act=lambda _: Ambiguous("broken"), memory=hours(24))
    rule = Rule("sending", when="start", exit="stop", then=[Send(sending().then[0].message)])
    engine = engine_of(rule, channels=[email])
    engine.record("ann", "start")
    engine.run_pending()
    engine.record("ann", "stop")
    assert ends(engine) == [("hello", "unknown")]


def test_what_a_refusal_says_of_the_address_holds_although_the_message_was_uncertain():  # S6.8
    answers = iter([Ambiguous("broken"), Refused("address_unreachable")])
    email = Scripted(act=lambda _: next(answers), memory=hours(24))
    engine = engine_of(sending(), channels=[email])
    engine.record("ann", "start")
    pass_time(engine, hours(1))
    assert ends(engine) == [("hello", "unknown")]
    assert [each.standing for each in state_of(engine).profile.addresses if each.kind == "email"] == ["suppressed"]


class _BusyOnce:
    """A store whose next transaction finds it busy."""

    def __init__(self, store):
        self._store, self.busy = store, False

    @contextmanager
    def transaction(self, connection=None):
        with self._store.transaction(connection) as tx:
            yield tx
            if self.busy:
                self.busy = False
                raise StoreBusy("somebody else is writing")

    def __getattr__(self, name):
        return getattr(self._store, name)


def test_a_late_proof_of_sending_outlives_a_transaction_that_fails():  # S11.3
    store = _BusyOnce(SqliteStore(None))
    engine = engine_of(sending(), store=store)
    engine._caller = Caller()
    ticket = Ticket("ann", "key", 1, "email", 1, None, None, Moment(0, 0.0, ""))
    engine._caller.put_back([(ticket, Accepted())])
    delivery, store.busy = engine.delivery(), True
    with pytest.raises(StoreBusy):
        delivery.release(lambda *_: [])
    assert engine._caller.take_late() == [(ticket, Accepted())]


def test_quiet_hours_are_those_of_the_clock_on_the_wall_after_it_was_set_back():  # S6.5, S11.2, S11.3
    clock = VirtualClock(START - timedelta(hours=2))  # seven in the morning
    engine = engine_of(sending(), clock=clock, policy=Policy(QuietHours("21:00", "09:00", unknown_zone="UTC")))
    engine.record("ann", "start")
    clock.set(START + timedelta(minutes=30))  # two and a half hours fast, while something else happens
    engine.record("ann", "other")
    clock.set(START - timedelta(hours=1, minutes=30))
    engine.run_pending()
    assert handed(engine) == []
    pass_time(engine, timedelta(hours=3))
    assert handed(engine) == ["hello"]
