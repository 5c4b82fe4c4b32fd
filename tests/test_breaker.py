"""The circuit breaker where the store fails, threads meet, or a transaction lasts (S6.8, S11.7)."""

from datetime import timedelta

import pytest

from making import Scripted, ends, engine_of, pass_time, sending
from touchpoint import StoreBusy, days, hours, minutes
from touchpoint.channels import Accepted, Refused
from touchpoint.engine import shared
from touchpoint.engine.calling import Breaker

ACCEPTED = Accepted("ref")


def down():
    return Scripted(act=lambda _: Refused("provider_unavailable"), memory=days(9))


def crowd(n):
    return [f"c{n:02}" for n in range(n)]


def test_a_pause_that_could_not_be_written_is_still_made(monkeypatch):  # S11.7
    made = engine_of(sending(), channels=[down()], people=crowd(20))
    for each in crowd(20):
        made.record(each, "start")

    def busy(*_):
        raise StoreBusy

    with monkeypatch.context() as patched:
        patched.setattr(shared, "pause", busy)
        with pytest.raises(StoreBusy):
            made.run_pending()
    for later in (minutes(2), timedelta(seconds=29)):  # their leases end, and they fall due again
        made.clock.advance(later)
        made.run_pending()
    assert len(made.adapters["email"].requests) == 5


def test_an_answer_closes_the_breaker_before_any_pause_is_written():  # S6.8
    breaker = Breaker()
    for _ in range(5):
        breaker.saw("email", failed=True)
    breaker.saw("email", failed=False)
    assert not breaker.is_open("email")
    assert breaker.pauses() == []


def test_what_fails_while_a_pause_is_written_opens_it_anew():
    breaker = Breaker()
    for _ in range(5):
        breaker.saw("email", failed=True)
    pauses = breaker.pauses()
    breaker.written(pauses)
    breaker.saw("email", failed=True)
    assert [lasts for _, lasts, _ in breaker.pauses()] == [minutes(1)]


def test_a_pause_ends_by_itself_also_within_one_transaction():  # S6.8, decisions 28
    given = iter([Refused("provider_unavailable")] * 5)
    channel = Scripted(act=lambda _: next(given, ACCEPTED))
    made = engine_of(sending(), channels=[channel], people=crowd(6))
    for each in crowd(6):
        made.record(each, "start")
    with made.together():
        made.run_pending()
        made.clock.advance(timedelta(seconds=30))
        made.run_pending()
    assert len(channel.requests) > 5
    with made.together():
        pass_time(made, hours(1))
    assert {ends(made, each)[0][1] for each in crowd(6)} == {"sent"}
