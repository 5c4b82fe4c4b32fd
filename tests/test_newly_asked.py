"""What a journey begins to ask of people it knows already: silences, stays, dates at the end of the calendar (S4.7)."""

import pytest

from editing import changed
from making import MARK, START, at, engine_of, marks, pass_time
from touchpoint import (
    Anniversary,
    ConsentChanged,
    DateDue,
    Dwelt,
    Emit,
    Rule,
    Silent,
    Stage,
    VirtualClock,
    days,
    months,
)
from touchpoint.channels.inbound import OptedOut

STAGES = {"stages": [Stage("new", phase="attract", when="sign_up")]}
PEOPLE = ("ann", "bob", "cid")


def all_marks(engine, type="mark"):
    return [[round((each - START) / days(1)) for each in marks(engine, who, type)] for who in PEOPLE]


def test_a_silence_that_is_newly_asked_for_counts_from_what_was_heard_before():  # S4.7
    longer = Rule("longer", when=Silent(days(9), of="visit"), then=[Emit("longer")])
    engine = engine_of(longer, people=PEOPLE)
    engine.record("ann", "visit")
    pass_time(engine, days(3))
    engine.record("bob", "visit")
    pass_time(engine, days(1))
    for who in PEOPLE:
        engine.record(who, "start")
    changed(engine, longer, Rule("r", when=Silent(days(3), of="visit"), then=[MARK]))
    pass_time(engine, days(20))
    # Ann's was over before anybody asked; Cid was never heard of.
    assert all_marks(engine) == [[], [6], []]
    assert all_marks(engine, "longer") == [[9], [12], []]


def test_a_stay_in_a_stage_that_is_newly_asked_for_counts_from_when_it_was_entered():  # S3.2, S4.7
    longer = Rule("longer", when=Dwelt("new", days(9)), then=[Emit("longer")])
    engine = engine_of(longer, people=PEOPLE, parts=STAGES)
    engine.record("ann", "sign_up")
    pass_time(engine, days(3))
    engine.record("bob", "sign_up")
    pass_time(engine, days(1))
    for who in PEOPLE:
        engine.record(who, "start")
    changed(engine, longer, Rule("r", when=Dwelt("new", days(3)), then=[MARK]), parts=STAGES)
    pass_time(engine, days(20))
    assert all_marks(engine) == [[], [6], []]
    assert all_marks(engine, "longer") == [[9], [12], []]


def test_a_stay_that_nobody_asks_for_any_more_is_not_noticed():  # S3.2, S4.7
    longer = Rule("longer", when=Dwelt("new", days(9)), then=[Emit("longer")])
    rule = Rule("r", when=Dwelt("new", days(3)), then=[MARK])
    engine = engine_of(longer, rule, people=PEOPLE, parts=STAGES)
    engine.record("ann", "sign_up")
    changed(engine, longer, Rule("r", when="never", then=[MARK]), parts=STAGES)
    pass_time(engine, days(20))
    assert (all_marks(engine), all_marks(engine, "longer")) == ([[], [], []], [[9], [], []])


@pytest.mark.parametrize(
    ("trigger", "day"),
    [
        (Anniversary("day", unknown_zone="UTC"), "2000-02-01"),
        (DateDue("day", after=months(2), unknown_zone="UTC"), "9999-12-20"),
    ],
)
def test_a_date_after_the_end_of_the_calendar_never_comes(trigger, day):  # S2.2
    engine = engine_of(Rule("r", when=trigger, then=[MARK]), clock=VirtualClock(at(9999, 3, 1)))
    engine.identify("ann", traits={"day": day})
    assert (engine.next_due(), engine.planned("ann")) == (None, [])


# --- consent ----------------------------------------------------------------------------------------------------------


def test_an_opt_out_changes_nothing_on_other_channels():  # S4.1, S7.3
    rules = [Rule(name, when=ConsentChanged("marketing", channel=name), then=[Emit(name)]) for name in ("email", "sms")]
    engine = engine_of(*rules)
    engine.grant("ann", "marketing")
    before = [len(marks(engine, type=name)) for name in ("email", "sms")]
    engine.apply(OptedOut("email", address="ann@example.com"))
    assert (before, [len(marks(engine, type=name)) for name in ("email", "sms")]) == ([1, 1], [2, 1])


def test_an_opt_out_of_whoever_had_withdrawn_changes_nothing():  # S4.1, S7.3
    engine = engine_of(Rule("r", when=ConsentChanged("marketing", channel="email"), then=[MARK]))
    engine.withdraw("ann", "marketing")
    assert len(marks(engine)) == 1
    engine.apply(OptedOut("email", address="ann@example.com"))
    assert len(marks(engine)) == 1
