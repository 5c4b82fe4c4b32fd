"""What people who run the engine do: kill switches, the volume breaker, stores for tests."""

from datetime import timedelta

import pytest

from making import START, ends, engine_of, handed, journey, message, pass_time, sending, trace
from touchpoint import (
    Call,
    Engine,
    InvalidInput,
    Rule,
    Send,
    UnknownName,
    VirtualClock,
    VolumeBreaker,
    days,
    hours,
    minutes,
)
from touchpoint.channels import Accepted, MemoryChannel, TaskChannel, channel
from touchpoint.channels.base import BaseAdapter
from touchpoint.core.volume import approve, count, too_many
from touchpoint.model.delivery import Capabilities
from touchpoint.testing import World

HOUR = 3_600_000_000
DAY = 24 * HOUR


def paused(engine):
    return [(each.scope, each.name, each.effect) for each in engine.controls()]


# --- kill switches ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [{"message": "hello"}, {"journey": "one"}, {"channel": "email"}], ids=str)
def test_a_kill_switch_acts_at_the_next_release_and_what_waits_goes_out_after_resume(what):  # S11.8
    engine = engine_of(sending())
    engine.record("ann", "start")  # begun, and not released yet
    engine.pause(**what, reason="wrong price")
    pass_time(engine, hours(5))
    assert (handed(engine), ends(engine)) == ([], [("hello", "waiting")])
    engine.resume(**what)
    pass_time(engine)
    assert (handed(engine), engine.controls()) == (["hello"], [])


@pytest.mark.parametrize("what", [{"message": "hello"}, {"journey": "one"}], ids=str)
def test_a_kill_switch_holds_nothing_else(what):  # S11.8
    other = journey(sending("other"), name="two")
    engine = engine_of(journeys=[journey(sending()), other])
    engine.pause(**what, reason="wrong price")
    engine.record("ann", "start")
    pass_time(engine)
    assert handed(engine) == ["other"]


def test_a_paused_message_waits_where_a_stopped_one_is_denied():  # S6.8, S11.8
    from touchpoint.channels import Refused

    channel = MemoryChannel("email").will(Refused("content_rejected"))
    engine = engine_of(sending(), channels=[channel], people=("ann", "bob"))
    engine.record("ann", "start")
    pass_time(engine)
    assert paused(engine) == [("message", "hello", "stopped")]
    engine.pause(message="hello", reason="and the words are wrong")
    assert paused(engine) == [("message", "hello", "stopped"), ("message", "hello", "paused")]
    engine.record("bob", "start")
    pass_time(engine)
    assert ends(engine, "bob") == [("hello", "denied")]
    engine.resume(message="hello")
    assert engine.controls() == []


def test_what_is_paused_for_longer_than_its_best_before_expires():  # S6.7, S11.8
    engine = engine_of(sending(expires=hours(2)))
    engine.pause(message="hello", reason="wrong price")
    engine.record("ann", "start")
    pass_time(engine, hours(3))
    assert ends(engine) == [("hello", "expired")]


def test_runs_of_a_paused_journey_go_on_deciding_and_new_ones_start():  # S11.8
    rule = Rule("r", when="start", then=[Send(message())], concurrency="parallel")
    engine = engine_of(rule, Rule("mark", when="start", then=[Send(message("other", expires=hours(1)))]))
    engine.pause(journey="one", reason="wrong price")
    engine.record("ann", "start")
    pass_time(engine, hours(2))
    assert [(each.rule, each.live) for each in engine.customer("ann").runs] == [("r", True), ("mark", False)]


def test_calls_wait_with_their_journey_and_lose_no_attempt():  # S11.8
    called = []
    engine = engine_of(Rule("r", when="start", then=[Call("refund")]), functions={"refund": called.append})
    engine.pause(journey="one", reason="refunds are wrong", until=START + hours(3))
    engine.record("ann", "start")
    pass_time(engine, hours(2))
    assert (called, engine.customer("ann").messages[0].because) == (
        [],
        ("the journey 'one' is paused: refunds are wrong",),
    )
    pass_time(engine, hours(2))
    assert [each.attempt for each in called] == [1]


def test_a_call_that_was_held_until_its_time_was_over_says_so():  # S11.8
    engine = engine_of(Rule("r", when="start", then=[Call("refund")]), functions={"refund": print})
    engine.pause(journey="one", reason="refunds are wrong")
    engine.record("ann", "start")
    pass_time(engine, days(8))
    (call,) = engine.customer("ann").messages
    assert (call.status, call.because[-1]) == ("failed", "it was held until its time was over")


def test_a_pause_with_an_end_ends_by_itself():  # S11.8
    engine = engine_of(sending())
    engine.pause(message="hello", reason="wrong price", until=START + hours(3))
    engine.record("ann", "start")
    assert engine.controls()[0].until == START + hours(3)
    pass_time(engine, hours(4))
    sent = engine.customer("ann").messages[0]
    assert (sent.status, sent.at, engine.controls()) == ("sent", START + hours(3), [])


@pytest.mark.parametrize("step", [Send(message()), Call("refund")], ids=["message", "call"])
def test_a_clock_that_is_set_back_ends_no_pause_early(step):  # S11.3
    called = []
    engine = engine_of(Rule("r", when="start", then=[step]), functions={"refund": called.append})
    engine.clock.advance(days(1))
    engine.record("ann", "start")  # while the clock runs ahead
    engine.clock.set(START)
    engine.pause(journey="one", reason="x", until=START + hours(3))
    engine.clock.advance(hours(1))
    engine.run_pending()
    assert handed(engine) + called == []
    pass_time(engine, days(2))
    assert len(handed(engine) + called) == 1


def test_a_pause_that_is_shortened_is_looked_at_again():  # S11.8
    engine = engine_of(sending())
    engine.pause(message="hello", reason="wrong price")
    engine.record("ann", "start")
    pass_time(engine)
    engine.pause(message="hello", reason="a minute more", until=START + minutes(1))
    pass_time(engine, hours(1))
    assert engine.customer("ann").messages[0].at == START + minutes(1)


def test_why_names_the_switch_and_its_reason():  # S10, S11.8
    engine = engine_of(sending())
    engine.pause(message="hello", reason="wrong price")
    engine.pause(journey="one", reason="all of it", until=START + hours(1))
    engine.record("ann", "start")
    pass_time(engine)
    why = engine.why("ann", "hello")
    assert why.verdict == "defer"
    assert "email: paused: defer: the message 'hello' is paused: wrong price" in str(why)
    assert "the journey 'one' is paused until 2026-03-02T10:00:00 UTC: all of it" in str(why)


def test_a_switch_holds_for_other_engines_on_the_store(tmp_path):  # S11.8
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(sending(), store=url, clock=clock) as one, engine_of(sending(), store=url, clock=clock) as two:
        two.record("ann", "start")
        one.pause(message="hello", reason="wrong price")
        two.run_pending()
        assert handed(two) == []
        one.resume(message="hello")
        two.run_pending()
        assert handed(two) == ["hello"]


def test_a_switch_may_be_thrown_in_the_hosts_own_transaction(tmp_path):  # S6.3
    import sqlite3

    path = tmp_path / "t.db"
    engine = engine_of(sending(), store=f"sqlite:///{path}")
    host = sqlite3.connect(path, isolation_level=None)
    host.execute("BEGIN IMMEDIATE")
    engine.pause(message="hello", reason="wrong price", connection=host)
    host.execute("ROLLBACK")
    assert engine.controls() == []
    host.execute("BEGIN IMMEDIATE")
    engine.pause(message="hello", reason="wrong price", connection=host)
    host.execute("COMMIT")
    host.close()
    assert paused(engine) == [("message", "hello", "paused")]
    engine.close()


def test_messages_and_journeys_may_be_named_by_what_they_are():
    made = message()
    engine = engine_of(journeys=[(one := journey(Rule("r", when="start", then=[Send(made)])))])
    engine.pause(message=made, reason="x")
    engine.pause(journey=one, reason="y")
    assert [(each.scope, each.name) for each in engine.controls()] == [("journey", "one"), ("message", "hello")]
    engine.resume(message=made, journey=one)
    assert engine.controls() == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"channel": "emial", "reason": "x"}, "channel 'emial'; did you mean 'email'"),
        ({"message": "helo", "reason": "x"}, "message 'helo'; did you mean 'hello'"),
        ({"journey": "won", "reason": "x"}, "journey 'won'; did you mean 'one'"),
        ({"journey": 3, "reason": "x"}, "journey"),
    ],
)
def test_a_switch_takes_names_that_exist(given, says):  # HOUSE 11
    with pytest.raises(UnknownName, match=says):
        engine_of(sending()).pause(**given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"reason": "x"}, "channel= or message= or journey="),
        ({"message": "hello", "journey": "one", "reason": "x"}, "at a time"),
        ({"message": "hello", "reason": " "}, "reason="),
        ({"message": "hello", "reason": None}, "reason="),
        ({"message": "hello", "reason": "x", "until": START}, "in the future"),
        ({"message": "hello", "reason": "x", "until": START.replace(tzinfo=None)}, "aware"),
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(given, says):  # HOUSE 11
    engine = engine_of(sending())
    with pytest.raises(InvalidInput, match=says):
        engine.pause(**given)
    assert engine.controls() == []


def test_resume_asks_only_what_was_held():
    engine = engine_of(sending("hello"), sending("other"), people=("ann", "bob"))
    engine.pause(message="hello", reason="x")
    engine.pause(message="other", reason="x")
    engine.record("ann", "start")
    pass_time(engine)
    before = [line for line in trace(engine) if line[0] == "deferred"]
    engine.resume(message="hello")
    engine.run_pending()
    assert handed(engine) == ["hello"]
    assert len([line for line in trace(engine) if line[0] == "deferred"]) > len(before)  # asked, and still paused
    assert trace(engine, "bob") == []


def test_a_control_speaks_of_itself():
    engine = engine_of(sending())
    engine.pause(message="hello", reason="wrong price", until=START + hours(1))
    assert str(engine.controls()[0]) == (
        "message 'hello' paused since 2026-03-02 09:00:00 UTC until 2026-03-02 10:00:00 UTC: wrong price"
    )


# --- the volume breaker -----------------------------------------------------------------------------------------------


class Real(BaseAdapter):
    """An adapter that does not say of itself that it reaches nobody."""

    def __init__(self, name="email"):
        kind = {"email": "email", "sms": "phone"}[name]
        super().__init__(Capabilities(name, frozenset({kind}), remembers_keys_for=None), kind)
        self.sent = []

    def send(self, request):
        self.sent.append(request)
        return Accepted()


def mass(n, breaker=None, **options):
    """An engine with n customers, each of whom gets a message once it starts."""
    people = [f"c{number}" for number in range(n)]
    rule = Rule("r", when="start", then=[Send(message())], concurrency="parallel")
    options = {"channels": [Real()], "volume_breaker": breaker, "people": people} | options
    return engine_of(rule, sending("other", when="else"), **options), people


def begin(engine, people, type="start"):
    for each in people:
        engine.record(each, type)
    pass_time(engine)


def test_far_too_much_of_a_message_holds_it_and_says_so_with_the_figures():  # S11.8
    engine, people = mass(9, VolumeBreaker(times=2, at_least=5))
    begin(engine, people)
    (control,) = engine.controls()
    assert (len(handed(engine)), control.scope, control.name, control.effect) == (5, "message", "hello", "paused")
    assert "5 went out within one period of 1 hour" in control.reason
    begin(engine, people, "else")
    assert handed(engine).count("other") == 5  # counted by itself, and as unusual


def test_what_the_breaker_holds_waits_and_goes_out_after_resume():  # S11.8
    engine, people = mass(9, VolumeBreaker(times=2, at_least=5))
    begin(engine, people)
    assert sorted(ends(engine, each)[0][1] for each in people) == ["sent"] * 5 + ["waiting"] * 4
    engine.resume(message="hello")
    pass_time(engine)
    assert (len(handed(engine)), engine.controls()) == (9, [])


def test_after_resume_the_present_volume_counts_as_usual():  # S11.8
    engine, people = mass(20, VolumeBreaker(times=2, at_least=5))
    begin(engine, people)
    engine.resume(message="hello")
    pass_time(engine)
    assert (len(handed(engine)), len(engine.controls())) == (5 + 10, 1)


def test_the_breaker_may_hold_the_whole_channel():  # S11.8
    engine, people = mass(9, VolumeBreaker(times=2, at_least=5, holds="channel"))
    begin(engine, people)
    begin(engine, people[:1], "else")
    assert (paused(engine), len(handed(engine))) == ([("channel", "email", "paused")], 5)
    assert engine.controls()[0].reason.startswith("hello: the volume breaker: 5 went out")
    engine.resume(channel="email")
    pass_time(engine)
    assert len(handed(engine)) == 10


def test_a_planned_campaign_is_not_held():  # S11.8
    engine, people = mass(9, VolumeBreaker(times=2, at_least=1, planned={"hello": 5}))
    begin(engine, people)
    assert (len(handed(engine)), engine.controls()) == (9, [])


def test_more_than_many_times_what_is_planned_is_held():  # S11.8
    engine, people = mass(9, VolumeBreaker(times=2, at_least=1, planned={"hello": 3}))
    begin(engine, people)
    assert (len(handed(engine)), "what is planned (3)" in engine.controls()[0].reason) == (6, True)


def test_another_day_is_measured_by_the_busiest_of_the_days_before():  # S11.8
    engine, people = mass(20, VolumeBreaker(times=2, at_least=4))
    begin(engine, people[:4])
    pass_time(engine, days(7))
    begin(engine, people[4:])
    assert len(handed(engine)) == 4 + 8


def test_the_figures_survive_a_restart_and_hold_for_every_engine(tmp_path):  # S11.8
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    breaker = VolumeBreaker(times=2, at_least=5)
    one, people = mass(9, breaker, store=url, clock=clock)
    begin(one, people[:3])
    one.close()
    two, _ = mass(9, breaker, store=url, clock=clock)
    begin(two, people[3:])
    assert (len(handed(two)), len(two.controls())) == (2, 1)
    two.close()


def test_a_message_that_is_tried_again_counts_once():  # S11.8
    from touchpoint.channels import Refused

    class Down(Real):
        def send(self, request):
            self.sent.append(request)
            return Refused("throttled", retry_after=minutes(1)) if len(self.sent) < 4 else Accepted()

    engine, people = mass(1, VolumeBreaker(times=2, at_least=1), channels=[Down()])
    begin(engine, people)
    pass_time(engine, hours(1))
    assert (len(handed(engine)), ends(engine, "c0"), engine.controls()) == (4, [("hello", "sent")], [])


def test_channels_that_reach_nobody_are_not_counted():
    engine, people = mass(9, VolumeBreaker(times=2, at_least=1), channels=["email"])
    begin(engine, people)
    with engine.store.reading() as reader:
        assert (len(handed(engine)), reader.volumes(["hello"])) == (9, {})


def test_without_a_breaker_nothing_is_counted():
    engine, people = mass(3)
    begin(engine, people)
    with engine.store.reading() as reader:
        assert (len(handed(engine)), reader.volumes(["hello"])) == (3, {})


def test_an_engine_has_a_breaker_unless_it_is_told_not_to():  # S11.8
    with Engine("sqlite://") as engine:
        assert engine.volume_breaker == VolumeBreaker(times=10, at_least=10_000, per=hours(1))


def test_a_clock_that_is_set_back_opens_no_new_period():  # S11.8, S2.5
    breaker, volumes = VolumeBreaker(times=1, at_least=2), {}
    count(breaker, volumes, "hello", 10 * HOUR)
    count(breaker, volumes, "hello", 8 * HOUR)
    assert too_many(breaker, volumes, "hello", 8 * HOUR) is not None
    assert too_many(breaker, volumes, "hello", 11 * HOUR) is None


def test_after_a_clock_that_ran_ahead_resume_begins_a_period_of_now():  # S11.8
    breaker, volumes = VolumeBreaker(times=1, at_least=2), {}
    for _ in range(2):
        count(breaker, volumes, "hello", 999 * DAY)
    assert too_many(breaker, volumes, "hello", DAY) is not None
    approve(volumes, "hello", DAY)
    assert (too_many(breaker, volumes, "hello", DAY), volumes["hello"][0]) == (None, DAY)


def test_what_was_usual_long_ago_is_forgotten_and_the_record_stays_short():  # S11.8
    breaker, volumes = VolumeBreaker(), {}
    for day in range(100):
        for hour in range(day % 7):
            count(breaker, volumes, "hello", day * DAY + hour * HOUR)
            count(breaker, volumes, "hello", day * DAY + hour * HOUR)
    assert (len(volumes["hello"][3]) <= 28, volumes["hello"][2]) == (True, 2)
    count(breaker, volumes, "hello", 200 * DAY)
    assert volumes["hello"][1:] == [1, 0, []]


@pytest.mark.parametrize(
    "given",
    [
        {"times": 0.5}, {"times": float("inf")}, {"times": float("nan")}, {"times": True}, {"at_least": 0},
        {"at_least": 1.5}, {"per": timedelta(0)}, {"per": days(2)}, {"per": 3}, {"planned": {"hello": 0}},
        {"planned": {3: 3}},
    ],
    ids=str,
)  # fmt: skip
def test_a_breaker_that_cannot_be_is_refused(given):  # HOUSE 11
    with pytest.raises(InvalidInput, match=next(iter(given))):
        VolumeBreaker(**given)


def test_a_breaker_holds_a_message_or_a_channel():
    with pytest.raises(UnknownName, match="did you mean 'channel'"):
        VolumeBreaker(holds="chanel")


def test_a_breaker_plans_messages_that_exist():  # HOUSE 11
    with pytest.raises(UnknownName, match="message 'helo'; did you mean 'hello'"):
        engine_of(sending(), volume_breaker=VolumeBreaker(planned={"helo": 5}))


# --- stores for tests -------------------------------------------------------------------------------------------------


def test_a_store_made_for_tests_takes_only_adapters_that_reach_nobody(tmp_path):  # S11.8
    url = f"sqlite:///{tmp_path}/t.db"
    Engine(url, channels=[MemoryChannel("email")], test_store=True).close()
    with pytest.raises(InvalidInput, match=r"'sms' reaches people.*recording=True"):
        Engine(url, channels=[MemoryChannel("email"), channel("sms")(lambda _: True)])
    with pytest.raises(InvalidInput, match="'call' reaches people"):
        Engine(url, channels=[TaskChannel("call")])
    Engine(url, channels=[MemoryChannel("email")]).close()


def test_a_store_with_customers_does_not_become_one_for_tests(tmp_path):  # S11.8
    url = f"sqlite:///{tmp_path}/t.db"
    with Engine(url, channels=[channel("sms")(lambda _: True)]) as engine:
        engine.record("ann", "start")
    with pytest.raises(InvalidInput, match="has customers already"):
        Engine(url, test_store=True)
    Engine(url, channels=[channel("sms")(lambda _: True)]).close()


def test_the_test_kit_makes_stores_for_tests():  # S11.8
    with World([journey(sending())]) as world, world.engine.store.reading() as reader:
        assert reader.meta()["test_store"] == "yes"
