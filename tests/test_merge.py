"""One person under two ids (S1.6): histories, windows, consents, runs, messages."""

import sqlite3
from bisect import bisect_right
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from storing import in_threads
from touchpoint import (
    Anniversary,
    Cap,
    CaseType,
    Content,
    CustomerErased,
    Dwelt,
    Engine,
    Goal,
    Journey,
    Message,
    Policy,
    Preferences,
    Rule,
    Schedule,
    Send,
    Silent,
    Stage,
    VirtualClock,
    Wait,
    WaitFor,
    WaitUntil,
    count,
    days,
    event,
    hours,
    last,
    months,
    once_per_stage,
    times,
    total,
    trigger,
    usual,
)
from touchpoint.channels import Accepted, MemoryChannel
from touchpoint.channels.inbound import Clicked, OptedOut, Receipt
from touchpoint.durations import micros

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def message(name="hello", **changes):
    told = {"why": "say", "kind": "service", "channels": ["email"], "content": Content(subject=name, text=name)}
    return Message(name, **{**told, **changes})


def made(*rules, stages=(), policy=None, channels=None, store="sqlite://", cases=("complaint",), secret=None):
    shop = Journey("shop", rules=list(rules), stages=list(stages), cases=[CaseType(each) for each in cases])
    adapters = channels or [MemoryChannel("email"), MemoryChannel("sms")]
    return Engine(store, journeys=[shop], channels=adapters, policy=policy, clock=VirtualClock(START), secret=secret)


def state(engine, who):
    with engine.together() as unit:
        return unit.find(who).state


def types(engine, who):
    return [each.type for each in engine.customer(who).timeline()]


# The other id is another name.


def test_histories_interleave_by_the_time_at_which_things_happened(tmp_path):
    with made() as engine:
        for n, who in enumerate(["anon", "ann", "anon", "ann"]):
            engine.record(who, f"t{n}", at=START - days(1) + hours(n))
        merged = engine.merge("anon", "ann")
        assert types(engine, "ann") == ["t0", "t1", "t2", "t3"]
        assert (merged.touchpoints, merged.changed, merged.renamed) == (2, True, False)


def test_the_old_id_goes_to_the_merged_customer_in_everything():
    hello = Rule("hi", when="x", then=[Send(message())])
    with made(hello) as engine:
        engine.record("anon", "x")
        engine.record("ann", "y")
        engine.merge("anon", "ann")
        engine.record("anon", "z")
        engine.identify("anon", traits={"name": "A"})
        engine.grant("anon", "marketing")
        engine.open_case("anon", "complaint", ref="1")
        assert engine.customer("anon").id == engine.customer("ann").id == "ann"
        assert types(engine, "ann") == types(engine, "anon") == ["x", "y", "z"]
        assert engine.why("anon", "hello").name == "hello"
        assert engine.planned("anon") == engine.planned("ann")
        assert not engine.close_case("ann", "complaint", ref="2")
        assert engine.close_case("ann", "complaint", ref="1")
        assert engine.preferences("anon").wishes == Preferences()
        assert engine.export("anon")["other_ids"] == ["anon"]


def test_aliases_are_found_again_by_another_process(tmp_path):
    url = f"sqlite:///{tmp_path}/app.db"
    with made(store=url) as engine, made(store=url) as other:
        for each in ("a", "b", "c"):
            engine.record(each, each)
        engine.merge("a", "b")
        assert types(other, "a") == ["a", "b"]
        other.merge("b", "c")
        assert types(engine, "a") == types(engine, "b") == types(engine, "c") == ["a", "b", "c"]
        engine.record("a", "again", id="1")
        assert other.record("b", "again", id="1").duplicate
    with made(store=url) as engine:
        assert types(engine, "a") == ["a", "b", "c", "again"]


def test_merging_twice_changes_nothing():
    with made() as engine:
        engine.record("anon", "x")
        engine.record("ann", "y")
        engine.merge("anon", "ann")
        before = engine.export("ann")
        for pair in (("anon", "ann"), ("ann", "anon"), ("ann", "ann"), ("nobody", "nobody")):
            assert not engine.merge(*pair).changed
        assert engine.export("ann") == before


def test_an_old_id_that_nobody_has_becomes_another_name():
    with made() as engine:
        engine.record("ann", "y")
        assert engine.merge("anon", "ann").changed
        engine.record("anon", "x")
        assert types(engine, "ann") == ["y", "x"]


def test_where_nobody_has_the_id_that_stays_the_customer_is_given_it():
    hello = Rule("hi", when="x", then=[Send(message())])
    with made(hello) as engine:
        engine.identify("anon", addresses={"email": "a@example.com"})
        engine.record("anon", "x")
        [before] = [each.key for each in engine.customer("anon").messages]
        assert engine.merge("anon", "ann").renamed
        assert engine.run_pending() == 1
        view = engine.customer("anon")
        assert (view.id, [each.key for each in view.messages]) == ("ann", [before])  # keys keep the id of their birth


def test_two_ids_that_nobody_has_are_one_from_the_first_touchpoint_on():
    with made() as engine:
        engine.merge("anon", "ann")
        engine.record("anon", "x")
        assert engine.customer("ann").id == "ann"
        assert types(engine, "ann") == ["x"]


def test_a_merge_commits_and_rolls_back_with_the_host(tmp_path):
    path = tmp_path / "app.db"
    with made(store=f"sqlite:///{path}") as engine:
        engine.record("anon", "x")
        engine.record("ann", "y")
        db = sqlite3.connect(path, isolation_level=None)
        for end in ("ROLLBACK", "COMMIT"):
            db.execute("BEGIN IMMEDIATE")
            engine.merge("anon", "ann", connection=db)
            db.execute(end)
            assert types(engine, "ann") == (["y"] if end == "ROLLBACK" else ["x", "y"])
        db.close()


# Touchpoints that both have.


def test_an_equal_touchpoint_counts_once():
    rule = Rule("r", when="go", given=count("x") == 1, then=[Wait(days(9))])
    with made(rule) as engine:
        engine.record("anon", "x", {"n": 1}, id="1")
        engine.record("ann", "x", {"n": 1}, id="1")
        merged = engine.merge("anon", "ann")
        assert (merged.duplicates, merged.differing) == (1, ())
        assert types(engine, "ann") == ["x"]
        engine.record("ann", "go")
        assert engine.customer("ann").runs[0].live


def test_one_id_with_other_content_is_reported_and_that_of_the_id_that_stays_counts():
    with made() as engine:
        engine.record("anon", "x", {"n": 1}, id="1")
        engine.record("ann", "x", {"n": 2}, id="1")
        merged = engine.merge("anon", "ann")
        assert (merged.duplicates, merged.differing) == (1, ("1",))
        assert [each.properties["n"] for each in engine.customer("ann").timeline()] == [2]
        assert engine.record("ann", "x", {"n": 2}, id="1").duplicate
        assert engine.record("anon", "x", {"n": 1}, id="1").differs
        kept = [each["details"] for each in engine.export("ann")["other_events"] if each["what"] == "doubled"]
        assert kept == [["1", "touchpoint", [None, None, "inbound", None, {"n": 1}]]]


# Profile.


def test_the_id_that_stays_says_who_they_are_and_the_other_fills_in():
    with made() as engine:
        engine.identify("anon", traits={"a": 1, "b": 1}, timezone="Europe/Vienna", locale="de",
                        addresses={"email": ["a@example.com", "both@example.com"]})  # fmt: skip
        engine.identify("ann", traits={"b": 2, "c": 2}, addresses={"email": "both@example.com", "phone": "+4366012345"})
        engine.merge("anon", "ann")
        profile = engine.export("ann")["profile"]
        assert (profile["traits"], profile["time_zones"]) == ({"a": 1, "b": 2, "c": 2}, ["Europe/Vienna"])
        held = [(each["kind"], each["address"]) for each in engine.export("ann")["addresses"]]
        assert held == [("email", "both@example.com"), ("phone", "+4366012345"), ("email", "a@example.com")]


def test_who_answers_from_either_address_is_found():
    with made() as engine:
        engine.identify("anon", addresses={"email": ["a@example.com", "both@example.com"]})
        engine.identify("ann", addresses={"email": "both@example.com"})
        engine.merge("anon", "ann")
        for address in ("a@example.com", "both@example.com"):
            assert not engine.apply(OptedOut("email", address=address, purpose="news")).unmatched
        assert types(engine, "ann") == ["opted_out", "opted_out"]


def test_an_address_that_is_suppressed_on_either_side_stays_so():
    with made(Rule("hi", when="x", then=[Send(message())])) as engine:
        for who in ("anon", "ann"):
            engine.identify(who, addresses={"email": "both@example.com"})
        engine.apply(OptedOut("email", address="both@example.com"))
        engine.merge("anon", "ann")
        engine.record("ann", "x")
        assert engine.run_pending() == 0


def test_the_stricter_preferences_hold():  # S7.4
    with made() as engine:
        engine.prefer("anon", Preferences(channels_off=["sms"], quiet=("22:00", "06:00"), at_most=(1, days(7)),
                                          snooze_until=START + days(2)))  # fmt: skip
        engine.prefer("ann", Preferences(topics_off=["a"], quiet=("23:00", "08:00"), at_most=(5, days(7)),
                                         snooze_until=START + days(1)))  # fmt: skip
        engine.merge("anon", "ann")
        assert engine.preferences("ann").wishes == Preferences(
            channels_off=["sms"], topics_off=["a"], quiet=("22:00", "08:00"), at_most=(1, days(7)),
            snooze_until=START + days(2),
        )  # fmt: skip


QUIET = [
    (("22:00", "06:00"), ("23:00", "05:00"), ("22:00", "06:00")),
    (("23:00", "05:00"), ("22:00", "06:00"), ("22:00", "06:00")),
    (("12:00", "14:00"), ("13:00", "15:00"), ("12:00", "15:00")),
    (("13:00", "15:00"), ("12:00", "14:00"), ("12:00", "15:00")),
    (("12:00", "14:00"), ("20:00", "22:00"), ("12:00", "14:00")),
    (("06:00", "20:00"), ("18:00", "08:00"), ("00:00", "24:00")),
    (("12:00", "14:00"), ("12:00", "14:00"), ("12:00", "14:00")),
    (("12:00", "14:00"), ("14:00", "16:00"), ("12:00", "14:00")),
    (("12:00", "14:00"), None, ("12:00", "14:00")),
    (None, ("12:00", "14:00"), ("12:00", "14:00")),
    (("00:00", "24:00"), ("10:00", "12:00"), ("00:00", "24:00")),
    (("12:00", "14:00"), ("12:00", "16:00"), ("12:00", "16:00")),
]


@pytest.mark.parametrize(("ours", "theirs", "both"), QUIET)
def test_quiet_times_that_meet_become_one(ours, theirs, both):
    with made() as engine:
        engine.prefer("anon", Preferences(quiet=theirs))
        engine.prefer("ann", Preferences(quiet=ours))
        engine.merge("anon", "ann")
        assert engine.preferences("ann").wishes.quiet == both


# Consent.

NEWS = message("news", kind="marketing", topic="newsletter")


def goes_out(engine, who="ann"):
    engine.identify(who, addresses={"email": "a@example.com"})
    engine.record(who, "x")
    return engine.run_pending() == 1


CONSENTS = {
    "a grant alone": (lambda engine: engine.grant("anon", "marketing"), True),
    "a withdrawal before a grant of the other": (
        lambda engine: (engine.withdraw("ann", "marketing"), later(engine), engine.grant("anon", "marketing")), False),
    "a withdrawal of the old one before a grant": (
        lambda engine: (engine.withdraw("anon", "marketing"), later(engine), engine.grant("ann", "marketing")), False),
    "a withdrawal of everything before a narrower grant": (
        lambda engine: (engine.withdraw("anon"), later(engine), engine.grant("ann", "newsletter")),
        False),
    "a withdrawal of the kind before a grant of the topic": (
        lambda engine: (engine.withdraw("anon", "marketing"), later(engine), engine.grant("ann", "newsletter")),
        False),
    "a withdrawal on a channel before a grant": (
        lambda engine: (engine.withdraw("anon", channel="email"), later(engine), engine.grant("ann", "newsletter")),
        False),
    "a withdrawal of something else": (
        lambda engine: (engine.withdraw("anon", "feedback"), later(engine), engine.grant("ann", "newsletter")),
        True),
    "a withdrawal on another channel": (
        lambda engine: (engine.withdraw("anon", channel="sms"), later(engine), engine.grant("ann", "newsletter")),
        True),
    "a withdrawal taken back on its own side": (
        lambda engine: (engine.withdraw("anon"), later(engine), engine.grant("anon", "marketing"), later(engine),
                        engine.grant("ann", "marketing")), True),
}  # fmt: skip


def later(engine):
    engine.clock.advance(hours(1))


@pytest.mark.parametrize(("said", "allowed"), CONSENTS.values(), ids=CONSENTS)
@pytest.mark.parametrize("pair", [("anon", "ann"), ("ann", "anon")])
def test_a_withdrawal_on_either_side_beats_a_grant(said, allowed, pair):  # S1.6
    with made(Rule("r", when="x", then=[Send(NEWS)])) as engine:
        engine.record("ann", "y")
        engine.record("anon", "y")
        said(engine)
        later(engine)
        engine.merge(*pair)
        assert goes_out(engine) is allowed


def test_whoever_says_yes_after_the_merge_is_heard():
    with made(Rule("r", when="x", then=[Send(NEWS)])) as engine:
        engine.withdraw("anon")
        later(engine)
        engine.grant("ann", "newsletter")
        engine.merge("anon", "ann")
        later(engine)
        engine.grant("ann", "newsletter")
        assert goes_out(engine)


def test_the_standing_after_a_merge_follows_from_the_ledger():  # S7.1
    with made(Rule("r", when="x", then=[Send(NEWS)])) as engine:
        engine.withdraw("anon")
        later(engine)
        engine.grant("ann", "newsletter")
        engine.merge("anon", "ann")
        told = engine.export("ann")
        lines = sorted(told["consents"], key=lambda each: (each["at"], not each["granted"]))
        standing = {(each["purpose"], each["channel"]): each["granted"] for each in lines}
        assert standing == {(each["purpose"], each["channel"]): each["granted"] for each in told["consent_now"]}
        assert standing["newsletter", "*"] is False


# Runs, stages, cases.


def live(engine, who="ann"):
    return [(each.rule, each.key, each.started_at) for each in engine.customer(who).runs if each.live]


def test_one_live_run_for_each_rule_and_key_survives_the_older_one():
    rule = Rule("r", when="x", key="order", limit=None, then=[Send(message()), Wait(days(90))])
    policy = Policy(Cap(1, per=days(30), kinds=["service"]))
    with made(rule, policy=policy) as engine:
        for who in ("anon", "ann"):
            engine.identify(who, addresses={"email": f"{who}@example.com"})
            for order in ("1", who):
                engine.record(who, "x", {"order": order})
            later(engine)
        merged = engine.merge("anon", "ann")
        assert (merged.runs, merged.ended, merged.withdrawn) == (2, 1, 1)
        assert live(engine) == [("r", "1", START), ("r", "anon", START), ("r", "ann", START + hours(1))]
        ended = [each for each in engine.customer("ann").runs if not each.live]
        assert [(each.key, each.reason, each.started_at) for each in ended] == [("1", "merged", START + hours(1))]
        gone = [each for each in engine.customer("ann").messages if each.status == "withdrawn"]
        assert [each.because for each in gone] == [("its run ended: merged",)]


def test_where_a_new_trigger_restarts_a_rule_the_newer_run_survives():
    rule = Rule("r", when="x", limit=None, concurrency="restart", then=[Wait(days(90))])
    with made(rule) as engine:
        engine.record("anon", "x")
        later(engine)
        engine.record("ann", "x")
        engine.merge("anon", "ann")
        assert live(engine) == [("r", None, START + hours(1))]


def test_parallel_runs_all_survive():
    rule = Rule("r", when="x", limit=None, concurrency="parallel", then=[Wait(days(90))])
    with made(rule) as engine:
        for who in ("anon", "ann", "anon"):
            engine.record(who, "x")
        engine.merge("anon", "ann")
        assert len(live(engine)) == 3


def test_a_run_of_the_old_id_goes_on_where_it_was():
    rule = Rule("r", when="x", then=[Wait(days(1)), Send(message()), WaitFor("replied", timeout=days(9)),
                                     Send(message("more"))])  # fmt: skip
    with made(rule) as engine:
        engine.record("anon", "x")
        engine.identify("ann", addresses={"email": "a@example.com"})
        engine.merge("anon", "ann")
        engine.clock.advance(days(1))
        assert engine.run_pending() == 1
        engine.record("anon", "replied")
        assert engine.run_pending() == 1
        assert [each.message.subject for each in engine.adapters["email"].sent] == ["hello", "more"]


def test_an_exit_and_a_goal_of_a_run_see_what_the_other_side_did():
    seen = count("paid") >= 1
    rules = [
        Rule("leaves", when="x", exit=[seen], then=[Wait(days(9))]),
        Rule("waits", when="x", then=[WaitUntil(seen, timeout=days(9))]),
        Rule("goal", when="x", goal=Goal("bought"), then=[Wait(days(9))]),
    ]
    with made(*rules) as engine:
        engine.record("anon", "paid")
        engine.record("ann", "x")
        assert len(live(engine)) == 3
        engine.merge("anon", "ann")
        assert [each[0] for each in live(engine)] == ["goal"]
        engine.record("anon", "bought")
        assert live(engine) == []


def test_limits_add_up():  # S4.4
    rule = Rule("r", when="x", limit=times(2, per=days(30)), then=[])
    with made(rule) as engine:
        engine.record("anon", "x")
        engine.record("ann", "x")
        engine.merge("anon", "ann")
        engine.record("ann", "x")
        assert len(engine.customer("ann").runs) == 2


STAGES = [Stage("new", phase="attract", when="visit"), Stage("buyer", phase="engage", when="buy")]


@pytest.mark.parametrize(("first", "second", "stage"), [("visit", "buy", "buyer"), ("buy", "visit", "new")])
@pytest.mark.parametrize("pair", [("anon", "ann"), ("ann", "anon")])
def test_the_stage_that_was_entered_later_stands(first, second, stage, pair):
    with made(stages=STAGES) as engine:
        engine.record("anon", first)
        later(engine)
        engine.record("ann", second)
        engine.merge(*pair)
        assert engine.customer("ann").stage("shop") == stage
        with engine.store.reading() as reader:
            now = {row.name: row.n for row in reader.tallies() if row.what == "now"}
        assert now == {"shop/new": int(stage == "new"), "shop/buyer": int(stage == "buyer")}


def test_dwelling_counts_from_the_earlier_entry_into_the_same_stage():
    rule = Rule("long", when=Dwelt("new", days(2)), then=[Send(message())])
    with made(rule, stages=STAGES) as engine:
        engine.identify("ann", addresses={"email": "a@example.com"})
        engine.record("anon", "visit")
        engine.clock.advance(days(1))
        engine.record("ann", "visit")
        engine.merge("anon", "ann")
        engine.clock.advance(days(1))
        assert engine.run_pending() == 1
        engine.clock.advance(days(2))
        assert engine.run_pending() == 0


def test_a_stage_that_was_left_by_the_merge_is_dwelt_in_no_more():
    rule = Rule("long", when=Dwelt("new", days(2)), then=[Send(message())])
    with made(rule, stages=STAGES) as engine:
        engine.identify("ann", addresses={"email": "a@example.com"})
        engine.record("anon", "visit")
        later(engine)
        engine.record("ann", "buy")
        engine.merge("anon", "ann")
        engine.clock.advance(days(9))
        assert engine.run_pending() == 0


def test_once_per_stage_knows_the_starts_of_both():
    rule = Rule("r", when="x", limit=once_per_stage(), then=[])
    with made(rule, stages=STAGES) as engine:
        engine.record("ann", "visit")
        engine.record("anon", "visit")
        later(engine)
        engine.record("anon", "x")
        engine.merge("anon", "ann")
        engine.record("ann", "x")
        assert len(engine.customer("ann").runs) == 1
        engine.record("ann", "buy")
        engine.record("ann", "x")
        assert len(engine.customer("ann").runs) == 2


def test_a_silence_counts_from_what_was_heard_last_of_either():
    rule = Rule("quiet", when=Silent(days(3)), limit=None, then=[Send(message())])
    with made(rule) as engine:
        engine.identify("ann", addresses={"email": "a@example.com"})
        engine.record("ann", "x")
        engine.clock.advance(days(2))
        engine.record("anon", "x")
        engine.merge("anon", "ann")
        engine.clock.advance(days(2))
        assert engine.run_pending() == 0
        engine.clock.advance(days(1))
        assert engine.run_pending() == 1
        engine.clock.advance(days(9))
        assert engine.run_pending() == 0


@pytest.mark.parametrize("pair", [("anon", "ann"), ("ann", "anon")])
def test_a_silence_that_was_noticed_is_not_noticed_again(pair):
    rule = Rule("quiet", when=Silent(days(3)), limit=None, then=[])
    with made(rule) as engine:
        engine.record("anon", "x")
        engine.identify("ann", traits={"name": "A"})
        engine.clock.advance(days(4))
        engine.run_pending()
        engine.merge(*pair)
        engine.clock.advance(days(9))
        engine.run_pending()
        assert len(engine.customer("ann").runs) == 1


def test_an_anniversary_of_the_old_id_is_kept_and_not_celebrated_twice():
    rule = Rule("birthday", when=Anniversary("born", unknown_zone="UTC"), limit=None, then=[Send(message())])
    with made(rule) as engine:
        engine.identify("anon", traits={"born": "1990-03-04"})
        engine.identify("ann", traits={"born": "1990-03-04"}, addresses={"email": "a@example.com"})
        engine.clock.advance(days(3))
        assert engine.run_pending() == 1
        engine.merge("anon", "ann")
        engine.clock.advance(days(30))
        assert engine.run_pending() == 0
        assert [each.what for each in engine.planned("ann")] == ["anniversary of born"]


def test_cases_of_both_are_open_and_of_one_that_both_have_the_older():
    with made() as engine:
        engine.open_case("anon", "complaint", ref="1")
        later(engine)
        engine.open_case("ann", "complaint", ref="1")
        engine.open_case("ann", "complaint", ref="2")
        engine.merge("anon", "ann")
        open_now = [(each.ref, each.opened_at) for each in engine.customer("ann").cases(open=True)]
        assert open_now == [("1", START), ("2", START + hours(1))]
        assert engine.close_case("ann", "complaint", ref="1")
        assert engine.close_case("ann", "complaint", ref="2")
        assert engine.customer("ann").cases(open=True) == []


# Messages.


def test_caps_add_up():  # S6.6
    rule = Rule("r", when="x", limit=None, concurrency="parallel", then=[Send(message())])
    with made(rule, policy=Policy(Cap(2, per=days(7), over="deny"))) as engine:
        for who in ("anon", "ann"):
            engine.identify(who, addresses={"email": f"{who}@example.com"})
            engine.record(who, "x")
        assert engine.run_pending() == 2
        engine.merge("anon", "ann")
        engine.record("ann", "x")
        assert engine.run_pending() == 0
        assert [each.status for each in engine.customer("ann").messages] == ["sent", "sent", "denied"]


class Meanwhile(MemoryChannel):
    """Something happens while a message is with its provider."""

    def __init__(self, act):
        super().__init__("email")
        self.acts = [act]

    def send(self, request):
        if self.acts:
            self.acts.pop()()
        super().send(request)
        return Accepted(ref=f"ref-{len(self.sent)}")


@pytest.mark.parametrize("twice", [False, True])
def test_an_outcome_for_the_old_id_is_written_to_the_merged_customer(twice):  # S6.8
    def act():
        engine.merge("anon", "ann")
        if twice:
            engine.merge("ann", "zoe")

    rule = Rule("r", when="x", then=[Send(message()), Wait(days(1)), Send(message("more"))])
    with made(rule, channels=[Meanwhile(act)]) as engine:
        engine.identify("anon", addresses={"email": "a@example.com"})
        engine.record("anon", "x")
        engine.record("zoe", "y")
        engine.identify("ann", addresses={"email": "b@example.com"})
        assert engine.run_pending() == 1
        assert [(each.name, each.status) for each in engine.customer("ann").messages] == [("hello", "sent")]
        engine.clock.advance(days(1))
        assert engine.run_pending() == 1
        engine.apply(Clicked(about=engine.customer("anon").messages[0].key))
        assert "clicked" in types(engine, "ann")


def test_two_messages_in_flight_with_one_fence_are_told_apart():
    rule = Rule("r", when="x", then=[Send(message())])
    with made(rule) as engine:
        for who in ("anon", "ann"):
            engine.identify(who, addresses={"email": f"{who}@example.com"})
            engine.record(who, "x")
        delivery = engine.delivery()
        tickets = delivery.release(lambda unit, now: [unit.by_number(no) for _, no in unit.tx.due(now, 9)])
        assert [each.fence for each in tickets] == [1, 1]
        engine.merge("anon", "ann")
        delivery.settle([(each, Accepted(ref=each.key)) for each in tickets])
        assert [each.status for each in engine.customer("ann").messages] == ["sent", "sent"]
        assert state(engine, "ann").pending == ()


def test_a_receipt_that_was_awaited_of_the_old_id_still_is(tmp_path):
    rule = Rule("r", when="x", then=[Send(message())])
    with made(rule) as engine:
        engine.identify("anon", addresses={"email": "a@example.com"})
        engine.record("anon", "x")
        engine.run_pending()
        engine.record("ann", "y")
        engine.merge("anon", "ann")
        [sent] = engine.customer("ann").messages
        engine.apply(Receipt(about=sent.key, state="delivered"))
        assert [each.delivery for each in engine.customer("ann").messages] == ["delivered"]


# At once.


def test_nothing_is_lost_or_doubled_while_others_record_under_either_id(tmp_path):  # S1.4
    with made(store=f"sqlite:///{tmp_path}/app.db") as engine, made(store=f"sqlite:///{tmp_path}/app.db") as other:
        engine.record("anon", "first")
        engine.record("ann", "first")

        def act(which, who, n):
            for i in range(20):
                which.record(who, "x", id=f"{who}-{n}-{i}")
                if i == 10:
                    which.merge("anon", "ann")

        in_threads(
            4,
            lambda pair: act(*pair),
            *[(engine, "anon", 0), (other, "ann", 1), (other, "anon", 2), (engine, "ann", 3)],
        )
        for each in (engine, other):
            assert len([kind for kind in types(each, "anon") if kind == "x"]) == 80
            assert types(each, "anon") == types(each, "ann")


def test_whoever_is_erased_stays_erased_while_others_record(tmp_path):  # S1.4, S1.7
    secret = "a secret that only this test knows"
    with made(store=f"sqlite:///{tmp_path}/app.db", secret=secret) as engine:
        refused = []

        def act(who):
            for n in range(30):
                try:
                    engine.record(who, "x", id=f"{who}-{n}")
                except CustomerErased:
                    refused.append(who)
                if who == "b" and n == 9:
                    engine.erase("a")

        in_threads(3, act, "a", "b", "c")
        with pytest.raises(CustomerErased):
            engine.record("a", "x")
        assert set(refused) <= {"a"}
        assert [len(types(engine, who)) for who in ("b", "c")] == [30, 30]
        with engine.store.reading() as reader:
            assert [row.id for row in reader.all_customers()] in (["b", "c"], ["c", "b"])


# Laws.

OBSERVED = [
    count("a"), count("a", within=days(3)), count("b", within=hours(5), where=event.n == trigger.n),
    total("a", of="n"), total("b", of="n", within=days(2)), last("b").n, last("a").n,
    count("b", where=event.n == trigger.n),
]  # fmt: skip
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["anon", "ann"]), st.sampled_from(["a", "b", "grant", "withdraw", "case"]),
        st.integers(0, 3), st.integers(0, 80), st.integers(0, 30),
    ), max_size=14,
)  # fmt: skip


def lived(acts, *, one):
    """An engine that has lived through these, under one id, or under two which are merged then."""
    rules = [
        *(Rule(f"r{n}", when="never", given=asked >= 0, then=[]) for n, asked in enumerate(OBSERVED)),
        Rule("all", when=["a", "b"], limit=None, concurrency="parallel", then=[Wait(months(9))]),
        Rule("quiet", when=Silent(days(400)), then=[]),
        Rule("habit", when=Silent(usual(), of="a", at_least=days(400), otherwise=days(400)), then=[]),
        Rule("often seen", when=Schedule("FREQ=WEEKLY;BYDAY=TU,SA", unknown_zone="UTC"), then=[]),
        Rule("often", when="a", limit=times(1_000), concurrency="parallel", then=[Wait(days(1)), Send(message())]),
    ]
    engine = made(*rules, policy=Policy(Cap(1_000, per=days(365))))
    engine.identify("ann", addresses={"email": "a@example.com"})
    engine.identify("ann" if one else "anon", addresses={"email": "a@example.com"})
    for n, (who, what, value, ago, wait) in enumerate(acts):
        tell(engine, "ann" if one else who, what, value, ago, n)
        engine.clock.advance(hours(wait))
        engine.run_pending()
    engine.merge("anon", "ann")
    engine.run_pending()
    return engine


def tell(engine, who, what, value, ago, n):
    if what == "grant":
        engine.grant(who, f"k{value}", at=engine.clock.now() - hours(ago))
    elif what == "withdraw":
        engine.withdraw(who, f"k{value}", at=engine.clock.now() - hours(ago))
    elif what == "case":
        act = engine.open_case if value < 2 else engine.close_case
        act(who, "complaint", ref=str(value % 2))
    else:
        engine.record(who, what, {"n": value}, id=str(n), at=engine.clock.now() - hours(ago))


def asked(engine):
    """What is known of history by now; nothing and not asked yet are the same."""
    signals, kept = engine._program.signals.signals, state(engine, "ann").signals.told()
    now = micros(engine.clock.now())
    known = {key: seen(signals[key], data, now) for key, data in kept.items()}
    return {key: data for key, data in known.items() if data not in ([], [[], []])}


def seen(signal, data, now):
    """The data without what its window can no longer see: it is dropped when the next touchpoint comes, or later."""
    if signal.within is None:
        return data
    gone = bisect_right(data[0] if signal.has_rows else data, now - signal.within)
    return [column[gone:] for column in data] if signal.has_rows else data[gone:]


@settings(max_examples=examples(25))
@given(ACTS)
def test_merged_histories_are_remembered_as_one_that_was_never_apart(acts):  # S1.6
    with lived(acts, one=True) as whole, lived(acts, one=False) as parts:
        one, two = state(whole, "ann"), state(parts, "ann")
        assert asked(parts) == asked(whole)
        assert (two.heard, two.silences) == (one.heard, one.silences)
        assert (two.occasions, two.calendar, two.noticed) == (one.occasions, one.calendar, one.noticed)
        assert two.starts == one.starts
        assert [(each.at, each.message, each.state) for each in two.history] == [
            (each.at, each.message, each.state) for each in one.history
        ]
        assert [(each.type, each.at, each.id) for each in parts.customer("ann").timeline() if each.type in "ab"] == [
            (each.type, each.at, each.id) for each in whole.customer("ann").timeline() if each.type in "ab"
        ]
        assert [(each.rule, each.started, each.trigger.id) for each in two.runs] == [
            (each.rule, each.started, each.trigger.id) for each in one.runs
        ]


def standing(acts, who):
    """What somebody said last of each purpose: (at, withdrawn), by the ledger's own rule."""
    said = {}
    at = START
    for whose, what, value, ago, wait in acts:
        if what in {"grant", "withdraw"} and (who is None or whose == who):
            key = f"k{value}", "*"
            said[key] = max(said.get(key, (0, False)), (micros(at - hours(ago)), what == "withdraw"))
        at += hours(wait)
    return said


@settings(max_examples=examples(25))
@given(ACTS)
def test_consent_after_a_merge_is_what_was_said_last_unless_either_side_had_withdrawn(acts):  # S1.6
    with lived(acts, one=False) as engine:
        held = {key: not fact.granted for key, fact in state(engine, "ann").profile.consents.items()}
    sides = standing(acts, "anon"), standing(acts, "ann")
    expected = {
        key: any(side[key][1] for side in sides if key in side) for key in {**sides[0], **sides[1]}
    }  # fmt: skip
    assert held == expected


@settings(max_examples=examples(15))
@given(ACTS, st.integers(0, 14))
def test_it_does_not_matter_when_in_the_history_two_are_merged(acts, when):  # S1.6
    engines = [lived(acts, one=False)]
    early = lived(acts[:when], one=False)
    for n, (who, what, value, ago, wait) in enumerate(acts[when:], start=min(when, len(acts))):
        tell(early, who, what, value, ago, n)
        early.clock.advance(hours(wait))
        early.run_pending()
    engines.append(early)
    first, second = (state(each, "ann") for each in engines)
    assert asked(engines[0]) == asked(engines[1])
    assert first.starts == second.starts
    assert first.heard == second.heard
    for each in engines:
        each.close()


@settings(max_examples=examples(20))
@given(ACTS)
def test_the_chain_of_a_merged_history_is_whole(acts):
    with lived(acts, one=False) as engine, engine.together() as unit:
        loaded = unit.find("anon")
        entries = list(unit.tx.journal(loaded.no))
        assert [each.no for each in entries] == sorted((each.no for each in entries), reverse=True)
        assert unit.tx.customer_count() == 1
        others = sqlite_rows(unit, "SELECT count(*) FROM touchpoint_journal WHERE customer <> ?", loaded.no)
        assert others == [(0,)]
        assert len(entries) == sqlite_rows(unit, "SELECT count(*) FROM touchpoint_journal WHERE no > ?", 0)[0][0]


def sqlite_rows(unit, statement, value):
    return unit.tx.run(statement, (value,))
