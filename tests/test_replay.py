"""Replaying recorded events: the engine of production, in virtual time."""

from datetime import datetime, timedelta
from importlib import import_module

import pytest

from making import START, Scripted, engine_of, journey, message, pass_time, sending, trace
from touchpoint import (
    Call,
    Cap,
    CaseType,
    CloseCase,
    Emit,
    Engine,
    InvalidInput,
    InvalidTouchpoint,
    OpenCase,
    Policy,
    QuietHours,
    Rule,
    Send,
    Silent,
    Touchpoint,
    VirtualClock,
    Wait,
    WaitFor,
    count,
    days,
    hours,
    minutes,
)  # fmt: skip
from touchpoint.lab.replay import replay

MODULE = import_module("touchpoint.lab.replay")  # the function hides it
TICK = timedelta(microseconds=1)


def event(type="start", after=timedelta(0), customer="ann", id=None, **properties):
    return Touchpoint(customer, type, START + after, id or f"{type}-{after}-{customer}", properties)


def ends_of(result):
    return {
        "sent": dict(result.sent),
        "denied": dict(result.denied),
        "expired": dict(result.expired),
        "withdrawn": dict(result.withdrawn),
    }


def test_a_replay_gives_the_numbers():  # S2.5
    result = replay([journey(sending(), sending("offer", kind="marketing"))], [event(), event("visit", days(1), "bob")])
    assert (result.events, result.duplicates, result.late, result.customers_seen) == (2, 0, 0, 2)
    assert ends_of(result) == {"sent": {"hello": 1}, "denied": {"offer": 1}, "expired": {}, "withdrawn": {}}
    assert (result.first, result.last) == (START, START + days(1))
    assert (result.started["send hello"], result.customers(sent="hello"), result.customers(started="send offer")) == (
        1,
        ["ann"],
        ["ann"],
    )


def test_nothing_at_all_can_be_replayed():
    result = replay([journey(sending())], [])
    assert (result.events, result.first, result.last, result.customers_seen) == (0, None, None, 0)


def test_a_kind_that_was_granted_goes_out():  # S7.2
    journeys = [journey(sending("offer", kind="marketing"))]
    assert replay(journeys, [event()], grant=["marketing"]).sent == {"offer": 1}
    assert replay(journeys, [event()], grant=["feedback"]).denied == {"offer": 1}


def test_a_replay_ends_at_its_last_event_with_what_is_due_at_that_instant():  # S2.5
    journeys = [journey(Rule("r", when="start", then=[Wait(days(1)), Send(message())]))]
    assert replay(journeys, [event(), event("visit", days(1) - TICK)]).sent == {}
    assert replay(journeys, [event(), event("visit", days(1))]).sent == {"hello": 1}


def test_a_replay_may_go_on_until_later():  # S2.5
    journeys = [journey(Rule("r", when="start", then=[Wait(days(1)), Send(message())]))]
    assert replay(journeys, [event()], until=START + days(1) - TICK).sent == {}
    assert replay(journeys, [event()], until=START + days(1)).sent == {"hello": 1}


def test_events_after_the_end_are_left_out():  # "until: where to end"
    result = replay([journey(sending())], [event(), event("start", days(2))], until=START + days(1))
    assert (result.events, result.sent) == (1, {"hello": 1})


def test_at_one_instant_touchpoints_come_before_timers():  # S2.5
    rule = Rule("r", when="start", then=[WaitFor("reply", timeout=days(1), otherwise=[Send(message())])])
    assert replay([journey(rule)], [event(), event("reply", days(1))]).sent == {}
    assert replay([journey(rule)], [event(), event("reply", days(1) + TICK)]).sent == {"hello": 1}


def test_at_one_instant_touchpoints_of_all_customers_come_before_releases():  # S2.5
    rule = Rule("r", when="start", then=[Send(message(), still=count("stop") == 0)])
    given = [event(customer="ann"), event(customer="bob"), event("stop", customer="ann"), event("stop", customer="bob")]
    assert ends_of(replay([journey(rule)], given))["withdrawn"] == {"hello": 2}


def test_what_was_true_at_an_instant_can_be_probed():  # S2.5: with every touchpoint up to it applied
    case = CaseType("complaint")
    rules = [
        Rule("open", when="bad", then=[OpenCase(case, ref="x")]),
        Rule("close", when="good", then=[CloseCase(case, ref="x")]),
    ]
    given = [
        event("bad", hours(1)),
        event("bad", hours(2), "bob"),
        event("good", hours(3)),
        event("bad", hours(9), "cid"),
    ]
    marks = [START, START + hours(2), START + hours(3), START + days(2)]
    result = replay([journey(*rules, cases=[case])], given, probe=marks, until=START + days(3))
    found = [(at - START, sorted(probe.customers(case_open="complaint"))) for at, probe in result.probes]
    assert found == [(timedelta(0), []), (hours(2), ["ann", "bob"]), (hours(3), ["bob"]), (days(2), ["bob", "cid"])]
    assert sorted(result.customers(case_open="complaint")) == ["bob", "cid"]


def test_a_probe_changes_nothing():  # S11.5
    journeys = [journey(sending(), Rule("q", when=Silent(hours(5)), then=[Send(message("quiet"))]))]
    given = [event(after=hours(n)) for n in (0, 7, 9)]
    plain, probed = replay(journeys, given), replay(journeys, given, probe=[START + hours(n) for n in range(9)])
    assert plain.tallies == probed.tallies


def test_the_same_events_into_the_same_store_are_all_duplicates(tmp_path):  # S1.3
    url, given = f"sqlite:///{tmp_path}/t.db", [event(), event("visit", days(1)), event(after=days(2))]
    first = replay([journey(sending())], given, store=url)
    again = replay([journey(sending())], given, store=url)
    assert (first.events, again.events, again.duplicates, again.sent) == (3, 0, 3, first.sent)


def test_duplicates_within_the_events_count_once():  # S1.3
    result = replay([journey(sending())], [event(id="x"), event(id="x"), event(id="x", customer="bob")])
    assert (result.events, result.duplicates, result.sent) == (2, 1, {"hello": 2})


def test_a_replay_in_parts_is_a_replay_in_one(tmp_path):  # S11.5
    rules = [
        sending(then=[Wait(days(2)), Send(message("second"))]),
        Rule("q", when=Silent(days(3)), then=[Send(message("quiet"))]),
    ]
    given = [event(after=days(n)) for n in (0, 1, 5, 6, 12)]
    whole = replay([journey(*rules)], given)
    url = f"sqlite:///{tmp_path}/t.db"
    for part in (given[:2], given[2:3], given[3:]):
        last = replay([journey(*rules)], part, store=url)
    assert last.tallies == whole.tallies


def test_the_size_of_a_batch_changes_nothing(monkeypatch):  # S11.5
    rules = [
        sending(then=[Wait(hours(5)), Send(message("second"))]),
        Rule("q", when=Silent(hours(7)), then=[Send(message("quiet"))]),
    ]
    given = [event(after=hours(n), customer="abc"[n % 3]) for n in range(40)]
    tallies = []
    for batch, agenda in ((1_000, 5_000), (1, 5_000), (7, 1), (1_000, 2)):
        monkeypatch.setattr(MODULE, "BATCH", batch)
        monkeypatch.setattr(MODULE, "AGENDA", agenda)
        tallies.append(replay([journey(*rules)], given, policy=Policy(Cap(2, per=days(1)))).tallies)
    assert all(each == tallies[0] for each in tallies)


def test_a_replay_decides_as_the_engine_did_live(tmp_path):  # S4.2
    rules = [
        sending(then=[Wait(hours(30)), Send(message("second"))]),
        Rule("q", when=Silent(days(2)), then=[Send(message("quiet"))]),
    ]
    policy = Policy(QuietHours("20:00", "08:00", unknown_zone="deny"), Cap(1, per=days(1)))
    given = [event(after=hours(n)) for n in (0, 13, 40, 100)]
    live = engine_of(*rules, policy=policy, people=())
    url = f"sqlite:///{tmp_path}/t.db"
    for each in given:
        pass_time(live, each.at - live.clock.now() - TICK if each.at > live.clock.now() else timedelta(0))
        live.clock.until(each.at)
        live.record("ann", each.type, id=each.id, at=each.at)
        if each is given[0]:
            live.identify("ann", addresses={"email": "ann@example.com"})
    pass_time(live)
    replay([journey(*rules)], given, policy=policy, store=url)
    with Engine(url, journeys=[journey(*rules)], clock=VirtualClock(START)) as replayed:
        assert trace(replayed) == trace(live)


def test_events_out_of_order_are_recorded_when_they_come():  # S1.5
    rule = Rule("r", when="start", given=count("order", within=days(2)) == 2, then=[Send(message())])
    given = [event("order", days(3)), event("order", days(2)), event("start", days(3))]
    result = replay([journey(rule)], given)
    assert (result.events, result.late, result.sent) == (3, 0, {"hello": 1})


def test_an_event_that_comes_much_too_late_counts_and_starts_nothing():  # S1.5
    result = replay([journey(sending())], [event("visit", days(30)), event("start")])
    assert (result.late, result.sent, result.last) == (1, {}, START + days(30))


def test_events_out_of_order_do_not_take_the_time_back():  # S2.5
    rules = [Rule("r", when="start", then=[Wait(hours(1)), Send(message())])]
    result = replay(
        [journey(*rules)], [event("visit", days(2)), event("start", days(1)), event("visit", days(2) + hours(1))]
    )
    assert result.sent == {"hello": 1}


@pytest.mark.parametrize("arms", ["touchpoint", "timer", "end", "outcome"])
def test_a_defective_journey_parks_its_customers_and_the_others_go_on(arms):  # S4.3
    loop = Rule("loop", when="ping", then=[Emit("ping")])
    starts = {
        "touchpoint": [Rule("r", when="bad", then=[Emit("ping")])],
        "timer": [Rule("r", when="bad", then=[Wait(hours(1)), Emit("ping")])],
        "end": [Rule("r", when="bad", then=[Wait(days(5)), Emit("ping")])],
        "outcome": [Rule("r", when="bad", then=[Send(message("first")), Emit("ping")])],
    }
    given = [
        event("bad"),
        event(after=minutes(5), customer="bob"),
        event("visit", days(1)),
        event(after=days(2), customer="cid"),
    ]
    result = replay([journey(*starts[arms], loop, sending())], given, until=START + days(9))
    assert (result.events, result.sent["hello"], result.sent["first"]) == (4, 2, int(arms == "outcome"))


def test_a_bad_event_is_named_and_what_came_before_its_batch_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(MODULE, "BATCH", 2)
    url = f"sqlite:///{tmp_path}/t.db"
    given = [event(id="a"), event(id="a"), event(id="b"), Touchpoint("ann", "no type!", START)]
    with pytest.raises(InvalidTouchpoint, match=r"\[3\].*not a touchpoint type"):
        replay([journey(sending())], given, store=url)
    assert replay([journey(sending())], given[:3], store=url).duplicates == 2


@pytest.mark.parametrize(("at", "says"), [(None, "needs at="), (datetime(2026, 1, 1), "aware datetime")])
@pytest.mark.parametrize("options", [{}, {"probe": [START]}, {"until": START}])
def test_an_event_without_a_proper_time_is_refused(at, says, options):  # S2.1
    with pytest.raises(InvalidTouchpoint, match=says):
        replay([journey(sending())], [event(), Touchpoint("ann", "start", at)], **options)


@pytest.mark.parametrize("option", ["probe", "until"])
def test_naive_instants_are_refused(option):  # S2.1
    naive = datetime(2026, 1, 1)
    with pytest.raises(InvalidInput, match=f"{option}= takes an aware datetime"):
        replay([journey(sending())], [event()], **{option: [naive] if option == "probe" else naive})


def test_progress_is_told_after_each_batch(monkeypatch):
    monkeypatch.setattr(MODULE, "BATCH", 2)
    told = []
    replay([journey(sending())], [event(id="a"), event(id="a"), event(id="b")], progress=told.append)
    assert told == [2, 3]


def test_nobody_is_called_in_a_replay_and_the_run_goes_on():  # nobody is really reached
    rule = Rule("r", when="start", then=[Call("crm"), Send(message())])
    assert replay([journey(rule)], [event()]).sent == {"hello": 1}


@pytest.mark.parametrize("asked", [{}, {"sent": "hello", "denied": "hello"}])
def test_a_question_about_customers_is_one_question(asked):
    with pytest.raises(InvalidInput, match="exactly one of"):
        replay([journey(sending())], [event()]).customers(**asked)


def test_two_replays_give_the_same_numbers():  # S11.5
    rules = [sending(then=[WaitFor("reply", timeout=days(1), otherwise=[Send(message("again"))])])]
    given = [event(after=hours(n), customer=f"c{n % 5}") for n in range(20)]
    assert replay([journey(*rules)], given).tallies == replay([journey(*rules)], given).tallies


def test_a_replay_reaches_nobody():
    channel = Scripted()
    engine_of(sending(), channels=[channel])
    replay([journey(sending())], [event()])
    assert channel.requests == []
