"""How fast a channel may be used (S6.8): rates of providers, throttling by scope, a queue that is asked about once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import START, Scripted, ends, engine_of, pass_time, sending
from touchpoint import VirtualClock, days, hours, minutes, seconds
from touchpoint.channels import Accepted, Capabilities, Refused
from touchpoint.channels.base import BaseAdapter, Rate
from touchpoint.core.pace import country_code, destination, pacing, scope_name
from touchpoint.errors import InvalidInput, UnknownName

SECOND = 1_000_000


class Paced(BaseAdapter):
    """A channel with rates, that notes when it was called."""

    def __init__(self, *rates, name="email", clock=None, act=lambda _: Accepted()):
        kind = {"email": "email", "sms": "phone"}[name]
        super().__init__(Capabilities(name, {kind}, remembers_keys_for=None, recording=True, rates=rates), kind)
        self.clock, self.act, self.calls = clock, act, []

    def send(self, request):
        self.calls.append((self.clock.now(), request.to.key))
        return self.act(request)


def people(n):
    return [f"c{n:03}" for n in range(n)]


def world(*rates, n=1, store="sqlite://", **options):
    clock = VirtualClock(START)
    channel = Paced(*rates, clock=clock, **options)
    made = engine_of(sending(), channels=[channel], people=people(n), clock=clock, store=store)
    return made, channel


def start(engine, n):
    for each in people(n):
        engine.record(each, "start")


def most_within(instants, per):
    return max(sum(first <= each < first + per for each in instants) for first in instants)


@pytest.mark.parametrize(("n", "per"), [(1, seconds(1)), (3, seconds(10)), (10, minutes(1))])
def test_no_more_than_the_rate_goes_out_in_any_period(n, per):  # S6.8
    engine, channel = world(Rate(n, per=per), n=25)
    start(engine, 25)
    pass_time(engine, hours(2))
    assert len(channel.calls) == 25
    assert most_within([at for at, _ in channel.calls], per) <= n


def test_a_rate_is_used_to_the_full():
    engine, channel = world(Rate(5, per=minutes(1)), n=50)
    start(engine, 50)
    pass_time(engine, minutes(12))
    assert len(channel.calls) == 50


def test_who_waits_for_a_place_uses_up_no_attempt_and_says_why():  # S6.8
    engine, _ = world(Rate(1, per=minutes(1)), n=2)
    start(engine, 2)
    engine.run_pending()
    waiting = [each for who in people(2) for each in engine.customer(who).messages if each.status == "waiting"]
    assert len(waiting) == 1
    assert "email takes no more so soon" in waiting[0].because[-1]


def test_a_long_queue_is_asked_about_once_each():  # S11.4
    engine, channel = world(Rate(1, per=seconds(1)), n=60)
    start(engine, 60)
    asked = 0
    pass_time(engine, minutes(2))
    with engine.store.reading() as reader:
        asked = sum(each.kind == "release" for row in reader.all_customers() for each in reader.journal(row.no))
    assert len(channel.calls) == 60
    assert asked <= 2 * 60


def test_the_queue_is_the_same_for_every_worker_of_a_store(tmp_path):  # S11
    url = f"sqlite:///{tmp_path}/a.db"
    clock = VirtualClock(START)
    channels = [Paced(Rate(2, per=minutes(1)), clock=clock) for _ in range(2)]
    one = engine_of(sending(), channels=[channels[0]], people=people(10), clock=clock, store=url)
    two = engine_of(sending(), channels=[channels[1]], people=(), clock=clock, store=url)
    start(one, 10)
    for _ in range(60):
        one.run_pending(group=1)
        two.run_pending(group=1)
        clock.advance(seconds(10))
    instants = sorted(at for channel in channels for at, _ in channel.calls)
    assert len(instants) == 10
    assert most_within(instants, minutes(1)) <= 2
    one.close(), two.close()


def test_a_rate_for_each_destination_leaves_the_others_alone():  # S6.8
    clock = VirtualClock(START)
    channel = Paced(Rate(1, per=minutes(5), by="destination"), clock=clock)
    engine = engine_of(sending(), channels=[channel], people=(), clock=clock)
    for who, address in (("a", "a@one.example"), ("b", "b@one.example"), ("c", "c@two.example")):
        engine.identify(who, addresses={"email": address})
        engine.record(who, "start")
    engine.run_pending()
    assert sorted(key.partition("@")[2] for _, key in channel.calls) == ["one.example", "two.example"]
    pass_time(engine, minutes(5))
    assert len(channel.calls) == 3


@pytest.mark.parametrize(
    ("scope", "free"), [("account", ""), ("sender", ""), ("destination", "c"), ("recipient", "bc")]
)
def test_a_throttle_slows_what_it_is_about_and_nothing_else(scope, free):  # S6.8
    clock = VirtualClock(START)
    channel = Paced(clock=clock, act=lambda _: Refused("throttled", retry_after=minutes(10), scope=scope))
    engine = engine_of(sending(), channels=[channel], people=(), clock=clock)
    engine.identify("a", addresses={"email": "a@one.example"})
    engine.record("a", "start")
    engine.run_pending()
    channel.act = lambda _: Accepted()
    for who, address in (("b", "b@one.example"), ("c", "c@two.example")):
        engine.identify(who, addresses={"email": address})
        engine.record(who, "start")
    engine.run_pending()
    assert "".join(key[0] for _, key in channel.calls[1:]) == free
    pass_time(engine, minutes(15))
    assert ends(engine, "a") == ends(engine, "b") == ends(engine, "c") == [("hello", "sent")]


def test_a_throttle_without_a_scope_is_about_this_message_alone():
    answers = iter([Refused("throttled", retry_after=hours(1))])
    channel = Scripted(act=lambda _: next(answers, Accepted()))
    engine = engine_of(sending(), channels=[channel], people=("ann", "bob"))
    engine.record("ann", "start")
    engine.run_pending()
    engine.record("bob", "start")
    engine.run_pending()
    assert (ends(engine, "ann"), ends(engine, "bob")) == ([("hello", "waiting")], [("hello", "sent")])


def test_a_throttle_never_lasts_longer_than_a_year_and_the_message_expires():  # S6.7
    channel = Paced(
        clock=VirtualClock(START), act=lambda _: Refused("throttled", retry_after=days(36_500), scope="account")
    )
    engine = engine_of(sending(), channels=[channel])
    engine.record("ann", "start")
    pass_time(engine, days(4))
    assert ends(engine) == [("hello", "expired")]


@given(n=st.integers(1, 6), per=st.integers(1, 20), gaps=st.lists(st.integers(0, 10), min_size=1, max_size=40))
def test_whatever_comes_when_no_period_ever_has_too_many(n, per, gaps):  # S6.8
    paced = pacing("sms", [Rate(n, per=seconds(per))], "phone", "+1")
    paces, now, out, waiting = {}, 0, [], []
    for gap in gaps:
        now += gap * SECOND
        for due in sorted(at for at in waiting if at <= now):
            waiting.remove(due)
            _go(paced, paces, due, due, out, waiting)
        _go(paced, paces, now, None, out, waiting)
    while waiting:
        due = min(waiting)
        waiting.remove(due)
        _go(paced, paces, due, due, out, waiting)
    assert len(out) == len(gaps)
    assert all(sum(at - per * SECOND < each <= at for each in out) <= n for at in out)


def _go(paced, paces, now, booked, out, waiting):
    later = paced.free_from(paces, now, booked)
    if later is None:
        paced.take(paces, now)
        out.append(now)
    else:
        waiting.append(paced.book(paces, later))


@pytest.mark.parametrize(
    ("kind", "key", "where"),
    [
        ("email", "a@Example.com", "example.com"), ("phone", "+15550100000", "+1"), ("phone", "+447911123456", "+44"),
        ("phone", "+35312345678", "+353"), ("phone", "+79161234567", "+7"), ("push", "token", "push"),
    ],
)  # fmt: skip
def test_a_destination_is_a_mail_domain_or_a_country(kind, key, where):  # ITU-T E.164
    assert destination(kind, key) == where


def test_country_codes_have_one_two_or_three_digits():  # ITU-T E.164
    assert [country_code(each) for each in ("1212", "4920", "8860")] == ["1", "49", "886"]


def test_the_name_of_a_recipients_pace_holds_no_address():  # S7.5
    assert "ann" not in scope_name("email", "recipient", "email", "ann@example.com")


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": True}, {"per": seconds(0)}, {"per": 5}])
def test_a_rate_that_is_none_is_refused(wrong):
    with pytest.raises(InvalidInput):
        Rate(**({"n": 1, "per": seconds(1)} | wrong))


def test_a_scope_that_does_not_exist_is_refused():
    with pytest.raises(UnknownName, match="scope"):
        Rate(1, per=seconds(1), by="planet")
    with pytest.raises(UnknownName, match="scope"):
        Refused("throttled", scope="planet")


def test_a_customer_of_whom_much_is_heard_keeps_one_place_and_delays_nobody():  # S11.4
    clock = VirtualClock(START)
    channel = Paced(Rate(1, per=minutes(1)), clock=clock)
    engine = engine_of(sending(), channels=[channel], people=people(3), clock=clock)
    start(engine, 2)
    engine.run_pending()
    for n in range(30):  # whatever is learned of a customer has the waiting message asked again
        engine.identify("c001", traits={"n": n})
        engine.run_pending()
    engine.record("c002", "start")
    pass_time(engine, minutes(2))
    assert [at for at, _ in channel.calls] == [START, START + minutes(1), START + minutes(2)]


def test_a_throttle_is_not_cut_short_by_a_later_and_milder_one():  # S6.8
    clock = VirtualClock(START)
    told = iter([hours(1), seconds(10)])
    channel = Paced(clock=clock, act=lambda _: Refused("throttled", retry_after=next(told), scope="account"))
    engine = engine_of(sending(), channels=[channel], people=people(3), clock=clock)
    start(engine, 2)
    walks = [engine.delivery().walk(lambda unit, _, who=who: [unit.find(who)]) for who in ("c000", "c001")]
    for walk in walks:
        next(walk), next(walk)  # both are released before either answer is known
    for walk in walks:
        for _ in walk:
            pass
    channel.act = lambda _: Accepted()
    engine.record("c002", "start")
    pass_time(engine, minutes(30))
    assert len(channel.calls) == 2
    pass_time(engine, hours(2))
    assert len(channel.calls) == 5


def test_a_clock_that_was_set_back_holds_up_nobody_for_longer_than_a_period():  # S11.3
    paced, paces = pacing("sms", [Rate(1, per=seconds(10))], "phone", "+1"), {}
    paced.take(paces, 7_200 * SECOND)
    assert paced.free_from(paces, 0, None) == 10 * SECOND
