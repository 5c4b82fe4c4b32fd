"""A provider that wants fewer messages is asked less and less, and what it says is kept within bounds."""

from itertools import pairwise

from making import Scripted, ends, engine_of, pass_time, sending, state_of
from touchpoint import days, hours, minutes, seconds
from touchpoint.model.delivery import Accepted, FailureCode, Refused

BEST_BEFORE = days(3)


class Tells(Scripted):
    """A channel that answers from a function, and remembers when it was asked."""

    def __init__(self, answer):
        super().__init__(act=self._answered)
        self.answer, self.asked, self.clock = answer, [], None

    def _answered(self, _):
        self.asked.append(self.clock.now())
        return self.answer(len(self.asked))


def at_work(answer, lasts=BEST_BEFORE):
    channel = Tells(answer)
    engine = engine_of(sending(expires=BEST_BEFORE), channels=[channel])
    channel.clock = engine.clock
    engine.record("ann", "start")
    pass_time(engine, lasts)
    return engine, channel


def slower(_):
    return Refused(FailureCode.THROTTLED)


def test_the_time_between_two_tries_grows_to_an_hour_until_the_message_is_too_old():  # S6.8
    engine, channel = at_work(slower, lasts=days(4))
    waits = [later - earlier for earlier, later in pairwise(channel.asked)]
    assert minutes(0.25) <= waits[0] <= minutes(0.5)
    assert all(hours(0.5) <= each <= hours(1) for each in waits[8:-1])
    assert 72 <= len(channel.asked) <= 180
    assert ends(engine, "ann")[0][1] == "expired"


def test_of_many_refusals_alike_the_first_and_the_latest_are_kept():  # S11.8
    engine, channel = at_work(slower, lasts=days(2))
    reasons = state_of(engine, "ann").pending[0].reasons
    assert len(channel.asked) > len(reasons) == 10
    kept = [reasons[0][0], *(each[0] for each in reasons[1:])]
    asked = [round(each.timestamp() * 1_000_000) for each in channel.asked]
    assert kept == [asked[0], *asked[-9:]]


def test_another_word_of_the_provider_begins_anew():
    def answer(n):
        return Refused(FailureCode.PROVIDER_UNAVAILABLE if n == 6 else FailureCode.THROTTLED)

    _, channel = at_work(answer)
    waits = [later - earlier for earlier, later in pairwise(channel.asked)]
    assert waits[4] > minutes(2)  # before the sixth
    assert waits[6] <= minutes(0.5)  # after the seventh, which is the first of its kind again


def test_what_the_provider_asks_for_is_the_least_that_is_waited():
    _, channel = at_work(lambda _: Refused(FailureCode.THROTTLED, retry_after=hours(5)))
    assert all(later - earlier >= hours(5) for earlier, later in pairwise(channel.asked[:-1]))


def test_it_uses_up_no_attempt():  # the message goes out however often its provider wanted fewer
    engine, channel = at_work(
        lambda n: Refused(FailureCode.THROTTLED, retry_after=seconds(1)) if n < 40 else Accepted()
    )
    assert len(channel.asked) == 40
    assert ends(engine, "ann")[0][1] == "sent"
