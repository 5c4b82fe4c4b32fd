"""A webhook is handled once, however often it is played again; and one that could not be handled may come again."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint import InvalidInput, WebhookRejected, hours, minutes, seconds
from touchpoint.channels import ReplayGuard, WebhookSecrets

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def play(guard, webhook_id=ID, now=AT):
    with guard.once(webhook_id, now=now):
        pass


def not_again(guard, webhook_id=ID, now=AT):
    with pytest.raises(WebhookRejected) as caught:
        play(guard, webhook_id, now)
    return caught.value.reason


@pytest.mark.parametrize("later", [seconds(0), minutes(5), minutes(10) - timedelta(microseconds=1), -hours(2)])
def test_a_webhook_that_was_handled_is_not_handled_again(later):
    guard = ReplayGuard()
    play(guard)
    assert not_again(guard, now=AT + later) == "replayed"


def test_a_webhook_from_ahead_is_remembered_for_as_long_as_it_would_be_accepted():
    guard = ReplayGuard()
    secrets, early, late = WebhookSecrets(SECRET), AT - minutes(5), AT + minutes(5) - timedelta(microseconds=1)
    headers = secrets.sign(ID, AT, b"{}")
    play(guard, secrets.verify(headers, b"{}", now=early), early)
    assert not_again(guard, secrets.verify(headers, b"{}", now=late), late) == "replayed"


def test_another_webhook_is_another():
    guard = ReplayGuard()
    play(guard, "a")
    play(guard, "b")
    assert len(guard) == 2


def test_when_nobody_can_play_it_again_it_is_forgotten():
    guard = ReplayGuard()
    play(guard)
    play(guard, now=AT + minutes(10))
    assert len(guard) == 1


def test_a_webhook_that_could_not_be_handled_may_come_again():  # nothing is lost
    guard = ReplayGuard()
    with pytest.raises(OSError, match="disk"), guard.once(ID, now=AT):
        raise OSError("disk")
    play(guard)
    assert not_again(guard) == "replayed"


def test_a_webhook_that_is_being_handled_is_to_come_later():
    guard = ReplayGuard()
    with guard.once(ID, now=AT):
        assert not_again(guard) == "in_progress"
        assert not_again(guard, now=AT + hours(1)) == "in_progress"
    assert not_again(guard) == "replayed"


def test_beyond_the_limit_new_ones_are_refused_and_none_is_forgotten():
    guard = ReplayGuard(limit=2)
    play(guard, "a")
    play(guard, "b")
    assert not_again(guard, "c") == "full"
    assert [not_again(guard, each) for each in "ab"] == ["replayed"] * 2
    assert len(guard) == 2


@pytest.mark.parametrize("step", [minutes(10), hours(3)])
def test_room_is_made_by_what_can_no_longer_be_played(step):
    guard = ReplayGuard(limit=2)
    play(guard, "a")
    play(guard, "b", AT + minutes(9))
    assert not_again(guard, "c", AT + minutes(9)) == "full"
    play(guard, "c", AT + step)
    assert len(guard) <= 2


def test_a_full_guard_looks_for_room_once_a_second_at_most():
    guard = ReplayGuard(limit=1)
    play(guard, "a")
    almost = AT + minutes(10) - timedelta(microseconds=1)
    assert not_again(guard, "b", almost) == "full"
    assert not_again(guard, "b", almost + timedelta(milliseconds=999)) == "full"
    play(guard, "b", almost + seconds(1))


def test_a_clock_that_was_ahead_for_a_while_does_not_fill_it_for_good():
    guard = ReplayGuard(limit=2)
    play(guard, "a", AT + hours(2))
    play(guard, "b", AT)
    play(guard, "c", AT + minutes(10))
    assert len(guard) == 2


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 1200)), max_size=30))
def test_it_never_holds_more_than_its_limit(acts):
    guard = ReplayGuard(minutes(1), limit=3)
    for webhook_id, second in acts:
        with suppress(WebhookRejected):
            play(guard, webhook_id, AT + seconds(second))
        assert len(guard) <= 3


def test_of_many_threads_one_handles_it():
    guard, handled, refusals, ready = ReplayGuard(), [], [], threading.Barrier(8)

    def handle():
        ready.wait()
        try:
            with guard.once(ID, now=AT):
                handled.append(1)
        except WebhookRejected as rejected:
            refusals.append(rejected.reason)

    threads = [threading.Thread(target=handle) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(handled), len(refusals)) == (1, 7)


def test_two_threads_never_look_at_one_instant():
    class Slow(dict):
        def get(self, *asked):
            found = super().get(*asked)
            with suppress(threading.BrokenBarrierError):
                both.wait(0.2)  # without a lock both would be here before either goes on
            return found

    def handle():
        with suppress(WebhookRejected), guard.once(ID, now=AT):
            handled.append(1)

    guard, handled, both = ReplayGuard(), [], threading.Barrier(2)
    guard._until = Slow()
    threads = [threading.Thread(target=handle) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert handled == [1]


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, None])
def test_a_limit_is_a_number_of_webhooks(limit):
    with pytest.raises(InvalidInput, match="limit="):
        ReplayGuard(limit=limit)


def test_a_guard_shows_how_full_it_is_and_no_ids():
    guard = ReplayGuard(limit=5)
    play(guard)
    assert repr(guard) == "<ReplayGuard: 1 of at most 5>"


def test_a_guard_takes_aware_times_only():  # S2.1
    with pytest.raises(InvalidInput, match="aware"):
        play(ReplayGuard(), now=datetime(2021, 2, 25))


@pytest.mark.parametrize("tolerance", [seconds(0), -seconds(1), timedelta(days=2), 300, None])
def test_a_guards_tolerance_is_a_short_time(tolerance):
    with pytest.raises(InvalidInput, match="tolerance="):
        ReplayGuard(tolerance)
