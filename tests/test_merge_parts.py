"""What only one of two ids of a person knows, and what both know differently, after they are merged (S1.6)."""

import pytest

from making import MARK, START, engine_of, journey, marks, message, pass_time
from touchpoint import (
    Anniversary,
    Content,
    DateDue,
    Dwelt,
    Goal,
    Rule,
    Send,
    Silent,
    Split,
    Stage,
    days,
    hours,
    once_per_stage,
    usual,
)
from touchpoint.core.merging import merge
from touchpoint.core.program import compile_program
from touchpoint.core.state import Address, Profile, State

PAIRS = pytest.mark.parametrize("pair", [("anon", "ann"), ("ann", "anon")])


def engine(*rules, **options):
    return engine_of(*rules, people=("ann",), **options)


@PAIRS
def test_a_goal_that_is_watched_on_either_side_is_counted(pair):  # S5.3
    made = engine(Rule("r", when="start", then=[MARK], goal=Goal("paid", within=days(9))))
    made.record("anon", "start")
    made.record("ann", "visit")
    made.merge(*pair)
    made.record("ann", "paid")
    with made.store.reading() as reader:
        assert [each.n for each in reader.tallies() if each.what == "goal reached"] == [1]


@PAIRS
def test_an_exposure_of_either_side_stands(pair):  # S9
    made = engine(Rule("r", when="start", then=[Split("offer", {"a": [MARK], "b": [MARK]})], limit=None))
    made.record("anon", "start")
    made.record("ann", "visit")
    made.merge(*pair)
    made.record("ann", "start")
    assert len(marks(made, type="exposed")) == 1


@PAIRS
def test_a_burst_of_either_side_becomes_a_run(pair):  # S4.1
    send = Send(message(content=Content(text="{collected.count}")))
    made = engine(Rule("r", when="start", collect=hours(1), then=[send]))
    made.record("anon", "start")
    made.record("ann", "visit")
    made.merge(*pair)
    pass_time(made, hours(2))
    assert [each.message.text for each in made.adapters["email"].sent] == ["1"]


@PAIRS
def test_the_worse_standing_of_an_address_that_both_have_stays(pair):  # S1.1
    now = 1_000_000
    sides = {
        "anon": State("anon", Profile({}, [Address("email", "a@example.com", "suppressed", "it bounced")]), now=now),
        "ann": State(
            "ann", Profile({}, [Address("email", "a@example.com"), Address("email", "b@example.com")]), now=now
        ),
    }
    old, into = (sides[each] for each in pair)
    merge(compile_program([journey(Rule("r", when="x", then=[MARK]))]), into, old, [], now)
    assert {(each.key, each.standing, each.reason) for each in into.profile.addresses} == {
        ("a@example.com", "suppressed", "it bounced"), ("b@example.com", "active", ""),
    }  # fmt: skip


# --- stages -----------------------------------------------------------------------------------------------------------

STAGES = {"stages": [Stage("new", phase="attract", when="sign_up"), Stage("buyer", phase="engage", when="buy")]}


@PAIRS
def test_a_stage_that_one_side_is_in_stands_with_how_long_it_has_lasted(pair):  # S3.2
    made = engine(Rule("r", when=Dwelt("new", days(2)), then=[MARK]), parts=STAGES)
    made.record("anon", "sign_up")
    made.record("ann", "visit")
    pass_time(made, days(1))
    made.merge(*pair)
    assert made.customer("ann").stage("one") == "new"
    pass_time(made, days(9))
    assert marks(made) == [START + days(2)]


@PAIRS
def test_a_stay_that_was_noticed_is_not_noticed_again(pair):  # S3.2
    made = engine(Rule("r", when=Dwelt("new", days(2)), then=[MARK], limit=None), parts=STAGES)
    made.record("anon", "sign_up")
    made.record("ann", "visit")
    pass_time(made, days(3))
    made.merge(*pair)
    pass_time(made, days(9))
    assert marks(made) == [START + days(2)]


@PAIRS
def test_starts_in_other_journeys_stay_in_their_own_visits(pair):  # S4.4
    rule = Rule("r", when="start", then=[MARK], limit=once_per_stage())
    made = engine(journeys=[journey(rule, **STAGES), journey(rule, name="two", **STAGES)])
    made.record("ann", "sign_up")
    made.record("ann", "buy")
    made.record("ann", "start")
    made.record("anon", "visit")
    made.merge(*pair)
    made.record("ann", "start")
    assert len(marks(made)) == 2
    made.record("ann", "sign_up")
    made.record("ann", "start")
    assert len(marks(made)) == 4


# --- silences and dates -----------------------------------------------------------------------------------------------


@PAIRS
def test_a_silence_that_was_unusual_for_one_side_alone_is_not_noticed_again(pair):  # S4.1
    quiet = Silent(usual(2), of="visit", at_least=days(1), otherwise=days(30))
    made = engine(Rule("r", when=quiet, then=[MARK], limit=None))
    for hour in range(0, 24 * 20 + 1, 24):
        for who, every in (("anon", 24), ("ann", 24 * 5)):
            if hour % every == 0:
                made.record(who, "visit")
        pass_time(made, hours(24) if hour < 24 * 20 else hours(0))
    pass_time(made, days(3))
    assert (len(marks(made, "anon")), marks(made, "ann")) == (1, [])
    made.merge(*pair)
    pass_time(made, days(20))
    assert len(marks(made)) == 1


@PAIRS
def test_a_date_that_falls_due_as_two_become_one_is_not_missed(pair):  # S4.1
    made = engine(Rule("r", when=DateDue("renewal", unknown_zone="UTC", at="10:00"), then=[MARK]))
    made.identify("anon", traits={"renewal": "2026-03-04"})
    made.record("ann", "visit")
    made.clock.until(START + days(2) + hours(1))
    made.merge(*pair)
    pass_time(made)
    assert marks(made) == [START + days(2) + hours(1)]


@PAIRS
def test_a_birthday_that_has_come_where_one_side_lives_does_not_come_again(pair):  # S2.3, S4.1
    made = engine(Rule("r", when=Anniversary("born", unknown_zone="UTC"), then=[MARK], limit=None))
    made.identify("anon", traits={"born": "1990-03-04"}, timezone="Asia/Tokyo")
    made.identify("ann", traits={"born": "1990-03-04"}, timezone="America/Los_Angeles")
    pass_time(made, days(1) + hours(20))
    assert (len(marks(made, "anon")), marks(made, "ann")) == (1, [])
    made.merge(*pair)
    pass_time(made, days(30))
    assert len(marks(made)) == 1
    pass_time(made, days(365))
    assert len(marks(made)) == 2
