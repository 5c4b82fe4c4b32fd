"""Triggers by changes of what is known of a customer (S4.1): traits, consent, preferences; real changes alone."""

from datetime import date, timedelta

import pytest

from making import ADDRESSES, MARK, START, Scripted, at, engine_of, journey, marks, message, pass_time, started, trace
from touchpoint import (
    ConsentChanged,
    Emit,
    Goal,
    Journey,
    JourneyError,
    Preferences,
    Rule,
    Send,
    SetTrait,
    Stage,
    TraitChanged,
    Wait,
    WaitFor,
    calendar_days,
    customer,
    days,
    event,
    forever,
    hours,
    minutes,
    trigger,
)
from touchpoint import PreferenceChanged as WishChanged
from touchpoint.channels import FailureCode, Refused
from touchpoint.channels.inbound import Complained, OptedOut, Receipt, Replied
from touchpoint.core.values import UNKNOWN
from touchpoint.journey.codec import dumps, loads

SEEN = Emit("mark", {"value": event.value, "before": event.before, "of": event.purpose, "on": event.channel})


def seeing(*triggers, **parts):
    """A rule that leaves a mark with what it saw of a change."""
    return Rule("seeing", when=list(triggers), then=[SEEN], concurrency="parallel", **parts)


def seen(engine, name="ann", *fields):
    """What marks tell of changes, in order; what was missing is left out."""
    found = [each.properties for each in engine.customer(name).timeline() if each.type == "mark"]
    return [each if not fields else tuple(each.get(field, UNKNOWN) for field in fields) for each in found]


# --- traits -----------------------------------------------------------------------------------------------------------


def test_a_trait_that_is_told_for_the_first_time_has_changed():  # S4.1
    with engine_of(seeing(TraitChanged("tier"))) as made:
        made.identify("ann", traits={"tier": "gold", "other": 1})
        assert seen(made) == [{"value": "gold"}]


def test_a_change_of_a_trait_tells_what_it_was_before():  # S4.1
    with engine_of(seeing(TraitChanged("tier"))) as made:
        made.identify("ann", traits={"tier": "silver"})
        made.identify("ann", traits={"tier": "gold"})
        assert seen(made)[-1] == {"value": "gold", "before": "silver"}


@pytest.mark.parametrize("same", ["gold", 3, 2.5, True, None, ["a", {"b": 1}], date(2026, 3, 1)])
def test_the_same_value_again_is_no_change(same):  # S4.1
    with engine_of(seeing(TraitChanged("tier"))) as made:
        made.identify("ann", traits={"tier": same})
        made.identify("ann", traits={"tier": same})
        assert len(seen(made)) == 1


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (None, False), ("1", 1), ([], {})])
def test_values_that_only_python_calls_equal_are_a_change(one, other):
    with engine_of(seeing(TraitChanged("tier"))) as made:
        made.identify("ann", traits={"tier": one})
        made.identify("ann", traits={"tier": other})
        assert len(seen(made)) == 2


def test_one_and_one_point_zero_are_the_same_number():
    with engine_of(seeing(TraitChanged("points"))) as made:
        made.identify("ann", traits={"points": 1})
        made.identify("ann", traits={"points": 1.0})
        assert len(seen(made)) == 1


def test_a_trigger_may_ask_for_what_a_trait_is_now():  # S4.1
    with engine_of(seeing(TraitChanged("tier", to="gold"))) as made:
        for tier in ("silver", "gold", "gold", "silver", "gold"):
            made.identify("ann", traits={"tier": tier})
        assert seen(made) == [{"value": "gold", "before": "silver"}] * 2


def test_one_change_starts_a_rule_once_that_names_it_twice():  # S4.2
    with engine_of(seeing(TraitChanged("tier", to="gold"), TraitChanged("tier"))) as made:
        made.identify("ann", traits={"tier": "gold"})
        assert len(seen(made)) == 1


def test_one_change_ends_one_wait_of_a_run():  # S5.2
    waits = [WaitFor(TraitChanged("tier"), forever), MARK, WaitFor(TraitChanged("tier", to="gold"), forever), MARK]
    with engine_of(Rule("r", when="start", then=waits)) as made:
        made.record("ann", "start")
        made.identify("ann", traits={"tier": "gold"})
        assert len(marks(made)) == 1


def test_rules_that_one_change_starts_are_looked_at_in_the_order_they_are_declared():  # S4.2
    rules = [
        Rule("second", when=TraitChanged("tier", to="gold"), then=[]),
        Rule("first", when=TraitChanged("tier"), then=[]),
    ]
    with engine_of(*rules) as made:
        made.identify("ann", traits={"tier": "gold"})
        assert [line[2] for line in trace(made) if line[0] == "started"] == ["second", "first"]


def test_a_step_that_sets_a_trait_changes_it_for_other_rules():  # S4.1, S5
    with engine_of(Rule("set", when="start", then=[SetTrait("tier", "gold")]), seeing(TraitChanged("tier"))) as made:
        made.record("ann", "start")
        made.record("ann", "start")
        assert seen(made) == [{"value": "gold"}]


def test_a_rule_that_sets_the_trait_it_waits_for_to_what_it_is_comes_to_rest():  # S4.3
    loop = Rule("loop", when=TraitChanged("n"), then=[SetTrait("n", 3), MARK], concurrency="parallel")
    with engine_of(loop) as made:
        made.identify("ann", traits={"n": 0})
        assert len(marks(made)) == 2  # 0 → 3, and 3 is no change


def test_a_rule_that_changes_its_own_trait_for_ever_is_parked_and_what_was_told_stands():  # S4.3
    loop = Rule("loop", when=TraitChanged("n"), then=[SetTrait("n", customer.n + 1)], concurrency="parallel")
    with engine_of(loop, seeing(TraitChanged("other"))) as made:
        made.identify("ann", traits={"n": 0, "other": 1})
        assert made.parked_count() == 1
        assert made.customer("ann").traits == {"n": 0, "other": 1}
        assert seen(made) == [{"value": 1}]


def test_what_a_parked_change_told_is_decided_again():  # S4.3
    loop = Rule("loop", when=TraitChanged("n"), then=[SetTrait("n", customer.n + 1)], concurrency="parallel")
    store = "sqlite://"
    with engine_of(loop, store=store) as made:
        made.identify("ann", traits={"n": 0})
        (name, parked), *_ = made.parked()
        assert (name, parked.kind) == ("ann", "trait_changed")
        assert made.replay_parked().done == 0  # the journey is as it was


def test_each_act_of_one_instant_starts_a_run_of_its_own():  # S4.5
    with engine_of(Rule("r", when=TraitChanged("n"), then=[Send(message())], concurrency="parallel")) as made:
        for n in range(5):
            made.identify("ann", traits={"n": n})
        made.run_pending()
        assert len({each.key for each in made.customer("ann").messages}) == 5


def test_a_change_moves_a_stage_reaches_a_goal_and_leaves_a_run():  # S3.2, S5.3
    stage = Stage("golden", phase="delight", when=TraitChanged("tier", to="gold"))
    goal = Rule("goal", when="start", then=[Wait(days(1))], goal=Goal(TraitChanged("tier", to="gold")))
    exit_ = Rule("exit", when="start", then=[Wait(days(1))], exit=[TraitChanged("tier")])
    with engine_of(goal, exit_, parts={"stages": [stage]}) as made:
        made.record("ann", "start")
        made.identify("ann", traits={"tier": "gold"})
        assert made.customer("ann").stage("one") == "golden"
        assert [each.reason for each in made.customer("ann").runs] == ["goal", "exit"]


def test_a_change_that_ends_a_wait_is_the_event_from_then_on():  # S5.3
    rule = Rule("r", when="start", then=[WaitFor(TraitChanged("tier"), forever), SEEN])
    with engine_of(rule) as made:
        made.record("ann", "start")
        made.identify("ann", traits={"tier": "gold"})
        assert seen(made) == [{"value": "gold"}]


def test_a_condition_of_a_rule_sees_value_and_before():  # S4.6
    up = seeing(TraitChanged("points"), given=event.value > event.before)
    with engine_of(up) as made:
        for points in (5, 3, 4):
            made.identify("ann", traits={"points": points})
        assert seen(made) == [{"value": 4, "before": 3}]


def test_the_journal_names_the_trait_and_never_what_it_is():  # S7.5
    with engine_of(seeing(TraitChanged("illness"))) as made:
        made.identify("ann", traits={"illness": "secret-value"})
        with made.store.reading() as reader:
            (row,) = reader.customers(["ann"])
            lines = [f"{each.kind} {each.type} {each.trace}" for each in reader.journal(row.no) if each.type != "mark"]
    assert any("trait_changed illness" in each for each in lines)
    assert not any("secret-value" in each for each in lines)


def test_a_trait_that_no_class_declares_is_refused():
    import attrs

    @attrs.frozen
    class Traits:
        tier: str = ""

    with pytest.raises(JourneyError, match=r"tire.*did you mean 'tier'"):
        Journey("shop", rules=[Rule("r", when=TraitChanged("tire"), then=[])], traits=Traits)


def test_nothing_is_told_of_traits_that_no_trigger_names():
    with engine_of(started("start")) as made:
        made.identify("ann", traits={"tier": "gold"})
        with made.store.reading() as reader:
            (row,) = reader.customers(["ann"])
            assert {each.kind for each in reader.journal(row.no)} == {"profile"}


# --- consent ----------------------------------------------------------------------------------------------------------


def test_a_first_grant_is_a_change_and_the_same_again_is_none():  # S4.1, S7.1
    with engine_of(seeing(ConsentChanged())) as made:
        made.grant("ann", "marketing")
        made.clock.advance(minutes(1))
        made.grant("ann", "marketing")
        assert seen(made) == [{"value": "granted", "of": "marketing", "on": "*"}]


def test_a_withdrawal_of_everything_is_one_of_each_purpose_that_was_granted():  # S7.1
    with engine_of(seeing(ConsentChanged("marketing", to="withdrawn"))) as made:
        made.grant("ann", "marketing")
        made.clock.advance(minutes(1))
        made.withdraw("ann")
        assert seen(made) == [{"value": "withdrawn", "before": "granted", "of": "marketing", "on": "*"}]


def test_a_withdrawal_that_changes_nothing_of_a_purpose_is_not_told_to_it():  # S7.1
    with engine_of(seeing(ConsentChanged("marketing", to="withdrawn"))) as made:
        made.withdraw("ann", "marketing")
        made.clock.advance(minutes(1))
        made.withdraw("ann")
        assert len(seen(made)) == 1


def test_a_grant_after_a_general_withdrawal_is_a_change():  # S7.1
    with engine_of(seeing(ConsentChanged("marketing", to="granted"))) as made:
        made.grant("ann", "marketing")
        made.clock.advance(minutes(1))
        made.withdraw("ann")
        made.clock.advance(minutes(1))
        made.grant("ann", "marketing")
        assert [each.get("before") for each in seen(made)] == [None, "withdrawn"]


def test_an_older_statement_than_the_one_that_stands_changes_nothing():  # S7.1
    with engine_of(seeing(ConsentChanged())) as made:
        made.withdraw("ann", "marketing")
        made.grant("ann", "marketing", at=START - days(3))
        assert [each["value"] for each in seen(made)] == ["withdrawn"]


def test_a_withdrawal_on_one_channel_is_none_on_another():  # S7.1
    rules = [seeing(ConsentChanged(channel="sms")), started(ConsentChanged(channel="email"), name="other")]
    with engine_of(*rules) as made:
        made.withdraw("ann", "marketing", channel="sms")
        assert seen(made, "ann", "value", "on") == [("withdrawn", "sms")]


def test_a_withdrawal_on_all_channels_ends_what_was_granted_on_one_of_them():  # S7.1
    with engine_of(seeing(ConsentChanged("marketing", to="withdrawn"))) as made:
        made.withdraw("ann", "marketing")
        made.clock.advance(minutes(1))
        made.grant("ann", "marketing", channel="email")
        made.clock.advance(minutes(1))
        made.withdraw("ann", "marketing")
        assert [each.get("before") for each in seen(made)] == [None, "granted"]


def test_a_withdrawn_kind_takes_its_topics_with_it():  # S7.1
    news = message("news", kind="marketing", topic="newsletter")
    rules = [Rule("send", when="start", then=[Send(news)]), seeing(ConsentChanged("newsletter", to="withdrawn"))]
    with engine_of(*rules) as made:
        made.grant("ann", "newsletter")
        made.clock.advance(minutes(1))
        made.withdraw("ann", "marketing")
        assert len(seen(made)) == 1


def test_an_opt_out_word_withdraws_on_its_channel_for_everybody_who_shares_the_address():  # S7.3
    with engine_of(seeing(ConsentChanged("marketing", to="withdrawn")), people=()) as made:
        for name in ("ann", "bob"):
            made.identify(name, addresses={"phone": "+15550009999"})
            made.grant(name, "marketing")
        made.apply(Replied("ann", "sms", "STOP", id="r1"))
        made.apply(Replied("ann", "sms", "STOP", id="r2"))
        told = [{"value": "withdrawn", "before": "granted", "of": "marketing", "on": "sms"}]
        assert [seen(made, name) for name in ("ann", "bob")] == [told, told]


def test_start_gives_back_what_was_granted():  # S7.3
    with engine_of(seeing(ConsentChanged("marketing", to="granted"))) as made:
        made.grant("ann", "marketing")
        made.apply(Replied("ann", "sms", "STOP"))
        made.clock.advance(minutes(1))
        made.apply(Replied("ann", "sms", "START"))
        assert seen(made, "ann", "before", "on") == [(UNKNOWN, "*"), ("withdrawn", "sms")]


def test_start_grants_nothing():  # S7.3
    with engine_of(seeing(ConsentChanged(to="granted"))) as made:
        made.apply(Replied("ann", "sms", "STOP"))
        made.clock.advance(minutes(1))
        made.apply(Replied("ann", "sms", "START"))
        assert seen(made) == []


def sent_key(engine):
    engine.record("ann", "start")
    pass_time(engine)
    return engine.adapters["email"].sent[-1].key


@pytest.mark.parametrize(
    "said",
    [
        Complained,
        lambda key: OptedOut("email", key),
        lambda key: OptedOut("email", key, purpose="marketing"),
        lambda key: Receipt(key, "bounced", code=FailureCode.RECIPIENT_OPTED_OUT),
    ],
    ids=["complaint", "one click", "one click for a purpose", "receipt"],
)
def test_however_a_withdrawal_comes_it_is_told(said):  # S6.9, S7.3
    rules = [Rule("send", when="start", then=[Send(message())]), seeing(ConsentChanged("marketing", to="withdrawn"))]
    with engine_of(*rules) as made:
        key = sent_key(made)
        made.apply(said(key))
        assert seen(made, "ann", "value", "on") == [("withdrawn", "email")]


def test_what_a_provider_refuses_as_opted_out_is_told():  # S6.8
    rules = [Rule("send", when="start", then=[Send(message())]), seeing(ConsentChanged("marketing", to="withdrawn"))]
    channel = Scripted(act=lambda _: Refused(FailureCode.RECIPIENT_OPTED_OUT))
    with engine_of(*rules, channels=[channel]) as made:
        made.record("ann", "start")
        pass_time(made)
        assert seen(made, "ann", "value", "on") == [("withdrawn", "email")]


def test_a_withdrawal_leaves_a_run_in_the_middle_of_a_wait():  # S5.3
    rule = Rule("r", when="start", then=[Wait(days(9))], exit=[ConsentChanged("marketing", to="withdrawn")])
    with engine_of(rule) as made:
        made.record("ann", "start")
        made.withdraw("ann", "marketing")
        assert [each.reason for each in made.customer("ann").runs] == ["exit"]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: ConsentChanged(to="revoked"), "withdrawn"),
        (lambda: WishChanged("topic"), "topics"),
        (lambda: TraitChanged(7), "name of a trait"),
        (lambda: TraitChanged("t", to=["a"]), "one value"),
        (lambda: TraitChanged("t", to=at(2026, 1, 1).replace(tzinfo=None)), "time zone"),
    ],
)
def test_what_no_change_can_be_is_refused_with_what_it_may_be(make, what):
    with pytest.raises(JourneyError, match=what):
        make()


def test_a_purpose_that_is_no_name_is_refused_with_its_path():
    with pytest.raises(JourneyError) as error:
        journey(Rule("r", when=ConsentChanged(purpose=7), then=[]))
    assert error.value.problems[0].path == "$.rules[0].when[0].purpose"


# --- preferences ------------------------------------------------------------------------------------------------------

LATER = START + days(2)


@pytest.mark.parametrize(
    ("what", "wishes", "value"),
    [
        ("channels", Preferences(channels_off=["sms"]), ["sms"]),
        ("topics", Preferences(topics_off=["news", "ads"]), ["ads", "news"]),
        ("snooze", Preferences(snooze_until=LATER), LATER),
        ("quiet", Preferences(quiet=("21:00", "08:00")), ["21:00", "08:00"]),
        ("frequency", Preferences(at_most=(2, days(7))), {"n": 2, "per": timedelta(days=7)}),
    ],
)
def test_each_wish_has_a_trigger_of_its_own(what, wishes, value):  # S4.1, S7.4
    others = [each for each in ("channels", "topics", "snooze", "quiet", "frequency") if each != what]
    rules = [seeing(WishChanged(what)), started(*map(WishChanged, others), name="others")]
    with engine_of(*rules) as made:
        made.prefer("ann", wishes)
        made.prefer("ann", wishes)
        assert seen(made, "ann", "value", "before") == [(value, UNKNOWN)]


def test_taking_a_wish_back_is_a_change_without_a_value():  # S7.4
    with engine_of(seeing(WishChanged("channels"))) as made:
        made.prefer("ann", Preferences(channels_off=["sms"]))
        made.prefer("ann", None)
        assert seen(made, "ann", "value", "before")[-1] == (UNKNOWN, ["sms"])


def test_the_order_in_which_channels_are_switched_off_is_no_wish():
    with engine_of(seeing(WishChanged())) as made:
        made.prefer("ann", Preferences(channels_off=["sms", "email"]))
        made.prefer("ann", Preferences(channels_off=["email", "sms"]))
        assert len(seen(made)) == 1


def test_one_act_that_changes_two_wishes_is_one_change_of_preferences():  # S4.2
    with engine_of(seeing(WishChanged())) as made:
        made.prefer("ann", Preferences(channels_off=["sms"], quiet=("21:00", "08:00"), topics_off=["ads"]))
        made.prefer("ann", Preferences(channels_off=["sms"], topics_off=["news"]))
        assert seen(made)[-1] == {
            "value": {"topics": ["news"]}, "before": {"topics": ["ads"], "quiet": ["21:00", "08:00"]}
        }  # fmt: skip


def test_snoozing_is_a_change_of_preferences():  # S7.4
    with engine_of(seeing(WishChanged("snooze"))) as made:
        made.snooze("ann", days(2))
        made.unsnooze("ann")
        assert seen(made, "ann", "value", "before") == [(LATER, UNKNOWN), (UNKNOWN, LATER)]


# --- merging ----------------------------------------------------------------------------------------------------------


def test_a_merge_starts_no_rule():  # S1.6
    with engine_of(started(TraitChanged("tier"), ConsentChanged()), people=("ann", "old")) as made:
        made.identify("old", traits={"tier": "gold"})
        made.withdraw("old", "marketing")
        before = len(marks(made, "old"))
        made.merge("old", "ann")
        assert before == 2
        assert len(marks(made)) == before


def test_live_runs_see_what_a_merge_changes():  # S1.6
    rule = Rule("r", when="start", then=[WaitFor(TraitChanged("tier", to="gold"), forever), SEEN])
    leaving = Rule("l", when="start", then=[Wait(days(9))], exit=[ConsentChanged("marketing", to="withdrawn")])
    with engine_of(rule, leaving, people=("ann", "old")) as made:
        made.identify("old", traits={"tier": "gold"})
        made.withdraw("old", "marketing")
        made.record("ann", "start")
        made.merge("old", "ann")
        assert seen(made) == [{"value": "gold"}]
        assert sorted(each.reason for each in made.customer("ann").runs) == ["done", "exit"]


def test_a_trait_that_both_have_stays_that_of_the_id_that_stays():  # S1.6
    rule = Rule("r", when="start", then=[WaitFor(TraitChanged("tier"), forever), MARK])
    with engine_of(rule, people=("ann", "old")) as made:
        made.identify("ann", traits={"tier": "silver"})
        made.identify("old", traits={"tier": "gold"})
        made.record("ann", "start")
        made.merge("old", "ann")
        assert marks(made) == []


# --- what stays -------------------------------------------------------------------------------------------------------


def test_nothing_of_a_change_is_left_after_an_erasure(tmp_path):  # S1.7
    rule = Rule("r", when=TraitChanged("illness"), then=[WaitFor(ConsentChanged(), forever), Wait(days(9))])
    path = tmp_path / "store.db"
    with engine_of(rule, store=f"sqlite:///{path}", secret=b"a secret of the host's own, long enough") as made:
        made.identify("ann", traits={"illness": "very-rare-value"})
        made.grant("ann", "very-rare-purpose")
        assert made.erase("ann").folded
    assert b"very-rare" not in path.read_bytes()


def test_a_run_that_a_change_began_goes_on_after_a_restart(tmp_path):  # S11.1
    rule = Rule("r", when=TraitChanged("tier"), then=[Wait(hours(1)), Emit("mark", {"value": trigger.value})])
    store = f"sqlite:///{tmp_path / 'store.db'}"
    with engine_of(rule, store=store) as made:
        made.identify("ann", traits={"tier": "gold"})
        clock = made.clock
    with engine_of(rule, store=store, clock=clock, people=()) as made:
        pass_time(made, hours(1))
        assert seen(made) == [{"value": "gold"}]


CHANGES = [
    TraitChanged("tier"), TraitChanged("tier", to="gold"), TraitChanged("tier", to=1), TraitChanged("tier", to=True),
    TraitChanged("due", to=date(2026, 3, 1)), TraitChanged("due", to=at(2026, 3, 1)), ConsentChanged(),
    ConsentChanged("news", "sms", to="granted"), WishChanged(), WishChanged("snooze"),
]  # fmt: skip


def test_triggers_by_changes_are_written_and_read_without_loss():  # HOUSE 2
    one = journey(Rule("r", when=CHANGES, then=[WaitFor(CHANGES, timeout=calendar_days(1))]))
    assert loads(dumps(one)) == one
    assert len({*map(str, CHANGES)}) == len(CHANGES)


def test_someone_who_is_met_by_a_change_first_is_created(tmp_path):
    with engine_of(seeing(ConsentChanged()), people=()) as made:
        made.grant("zoe", "marketing")
        made.identify("zoe", addresses=ADDRESSES)
        assert seen(made, "zoe", "value") == [("granted",)]
