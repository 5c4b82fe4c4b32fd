"""A replay into a store that has a past, and one in which more falls due than is looked up at once."""

from datetime import timedelta
from importlib import import_module

import pytest

from making import START, Scripted, engine_of, journey, message, pass_time, sending
from touchpoint import Emit, Rule, Send, Touchpoint, Wait, days, hours
from touchpoint.lab.replay import replay
from touchpoint.model.delivery import Ambiguous, FailureCode, Refused

MODULE = import_module("touchpoint.lab.replay")  # the function hides it


def start(customer, after=timedelta(0), type="start"):
    return Touchpoint(customer, type, START + after, f"{type}-{customer}-{after}", {})


@pytest.mark.parametrize(
    ("outcome", "what"), [(Refused(FailureCode.ADDRESS_INVALID), "failed"), (Ambiguous("no answer"), "unknown")]
)
def test_a_replay_counts_what_became_of_messages_that_really_went_out(tmp_path, outcome, what):  # S6.7
    store = f"sqlite:///{tmp_path / 'live.db'}"
    engine = engine_of(sending(), store=store, channels=[Scripted("email", lambda _: outcome)])
    engine.record("ann", "start")
    pass_time(engine, days(2))
    engine.close()
    result = replay([journey(sending())], [start("bob", days(3))], store=store)
    assert getattr(result, what) == {"hello": 1}
    assert result.sent == {"hello": 1}


@pytest.mark.parametrize("agenda", [1, 2, 3, 7])
@pytest.mark.parametrize("apart", [timedelta(0), timedelta(seconds=1)])
def test_more_customers_may_fall_due_than_are_looked_up_at_once(monkeypatch, agenda, apart):  # S2.5
    monkeypatch.setattr(MODULE, "AGENDA", agenda)
    monkeypatch.setattr(MODULE, "BATCH", 10)
    waits = Rule("r", when="start", then=[Wait(days(1)), Send(message()), Wait(days(1)), Send(message("bye"))])
    given = [start(f"c{n}", n * apart) for n in range(10)]
    given += [start(f"c{n}", days(1) + hours(n), "visit") for n in range(10)]
    result = replay([journey(waits)], given, until=START + days(4))
    assert (result.events, result.sent) == (20, {"hello": 10, "bye": 10})


@pytest.mark.parametrize("agenda", [1, 3])
def test_one_defect_parks_one_customer_whatever_is_looked_up_with_them(monkeypatch, agenda):  # S4.3
    monkeypatch.setattr(MODULE, "AGENDA", agenda)
    loop = Rule("loop", when="ping", then=[Emit("ping")])
    late = Rule("late", when="bad", then=[Wait(days(2)), Emit("ping")])
    waits = Rule("r", when="start", then=[Wait(days(2)), Send(message())])
    given = [start("ann", type="bad"), *(start(f"c{n}") for n in range(5))]
    result = replay([journey(loop, late, waits)], given, until=START + days(4))
    assert (result.events, result.sent) == (6, {"hello": 5})
