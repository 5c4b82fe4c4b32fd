"""Dates that come once, schedules, anniversaries: on the customer's own calendar, each once (S2.2, S2.5, S4.1)."""

from datetime import UTC, date, datetime

import attrs
import pytest
from dateutil.relativedelta import MO, relativedelta

from making import MARK, START, engine_of, journey, marks, message, pass_time, state_of, trace
from touchpoint import (
    Anniversary,
    Content,
    DateDue,
    Emit,
    JourneyError,
    Rule,
    Schedule,
    Send,
    SetTrait,
    VirtualClock,
    Wait,
    WaitFor,
    calendar_days,
    days,
    event,
    forever,
    hours,
    months,
    seconds,
)
from touchpoint.core.calendar import follow_zones
from touchpoint.journey import codec
from touchpoint.lab.checks.checking import check
from touchpoint.zones import tz_version

MADRID = "Europe/Madrid"


def at(*parts):
    """An instant in UTC."""
    return datetime(*parts, tzinfo=UTC)


def marking(trigger, **parts):
    return Rule("r", when=trigger, then=[MARK], **parts)


def causes(engine):
    with engine.together() as unit:
        loaded = unit.find("ann")
        return [run.cause for run in unit.tx.runs(loaded.no)]


def reopened(url, *rules, clock):
    return engine_of(*rules, store=url, clock=clock, people=())


# --- a date that comes once ------


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        ({}, at(2026, 6, 1, 7)),
        ({"before": days(7)}, at(2026, 5, 25, 7)),
        ({"before": months(1)}, at(2026, 5, 1, 7)),
        ({"after": days(2)}, at(2026, 6, 3, 7)),
        ({"after": months(5)}, at(2026, 11, 1, 8)),
        ({"before": days(70)}, at(2026, 3, 23, 7)),  # elapsed: winter time then
        ({"before": calendar_days(70)}, at(2026, 3, 23, 8)),
    ],
)
def test_a_date_comes_once_on_the_customers_clock(apart, expected):  # S4.1: renewal - 7 days
    engine = engine_of(marking(DateDue("renewal", **apart)))
    engine.identify("ann", traits={"renewal": date(2026, 6, 1)}, timezone=MADRID)
    pass_time(engine, days(800))
    assert marks(engine) == [expected]


@pytest.mark.parametrize("said", [date(2026, 6, 1), "2026-06-01", "2026-06-01T23:30:00-10:00"])
def test_a_date_is_what_the_trait_says_on_its_own_calendar(said):  # S1.1
    engine = engine_of(marking(DateDue("renewal")))
    engine.identify("ann", traits={"renewal": said}, timezone=MADRID)
    pass_time(engine, days(200))
    assert marks(engine) == [at(2026, 6, 1, 7)]


@pytest.mark.parametrize("said", [None, "soon", "2026-02-30", 20_260_601, True, [date(2026, 6, 1)]])
def test_what_is_no_date_never_comes(said):
    engine = engine_of(marking(DateDue("renewal")))
    engine.identify("ann", traits={"renewal": said}, timezone=MADRID)
    assert engine.next_due() is None
    assert "the trait renewal holds no date" in str(engine.why("ann", "r"))


def test_a_changed_date_is_due_anew_and_the_old_one_is_not():  # S4.1
    engine = engine_of(marking(DateDue("renewal")))
    engine.identify("ann", traits={"renewal": date(2026, 4, 1)}, timezone=MADRID)
    engine.identify("ann", traits={"renewal": date(2026, 5, 1)})
    pass_time(engine, days(100))
    assert marks(engine) == [at(2026, 5, 1, 7)]


def test_a_date_that_is_told_again_as_it_falls_due_comes_all_the_same():  # S2.5, S4.1
    engine = engine_of(marking(DateDue("renewal")))
    engine.identify("ann", traits={"renewal": date(2026, 6, 1)}, timezone=MADRID)
    engine.clock.until(at(2026, 6, 1, 7))
    engine.identify("ann", traits={"renewal": "2026-06-01"})
    pass_time(engine, days(1))
    assert marks(engine) == [at(2026, 6, 1, 7)]


def test_a_date_that_is_moved_after_it_came_comes_again_for_the_new_one():  # S4.5: the cause is the date
    engine = engine_of(marking(DateDue("renewal")))
    for day in (date(2026, 4, 1), date(2027, 4, 1)):
        engine.identify("ann", traits={"renewal": day}, timezone=MADRID)
        pass_time(engine, days(200))
    pass_time(engine, days(200))
    assert marks(engine) == [at(2026, 4, 1, 7), at(2027, 4, 1, 7)]
    assert [each[:10] for each in causes(engine)] == ["2026-04-01", "2027-04-01"]


@pytest.mark.parametrize("between", [{"renewal": None}, {"renewal": date(2026, 9, 1)}, {"vip": True}])
def test_a_date_that_came_does_not_come_again_whatever_is_said_in_between(between):  # S4.5
    engine = engine_of(marking(DateDue("renewal", before=days(1))))
    engine.identify("ann", traits={"renewal": date(2026, 3, 10)}, timezone="Asia/Tokyo")
    pass_time(engine, days(7))
    engine.identify("ann", traits=between)
    # In Honolulu it is nineteen hours earlier: what has come there is yet to come here.
    engine.identify("ann", traits={"renewal": date(2026, 3, 10)}, timezone="Pacific/Honolulu")
    pass_time(engine, days(30))
    assert marks(engine) == [at(2026, 3, 9, 0)]


def test_a_date_that_is_past_when_it_becomes_known_does_not_come():  # S2.5
    engine = engine_of(marking(DateDue("renewal", before=days(7))))
    engine.identify("ann", traits={"renewal": date(2026, 3, 5)}, timezone=MADRID)
    pass_time(engine, days(30))
    assert marks(engine) == []
    assert "2026-03-05 was past when it became known" in str(engine.why("ann", "r"))


def test_a_date_comes_after_downtime_at_its_own_instant():  # S2.5
    engine = engine_of(marking(DateDue("renewal")))
    engine.identify("ann", traits={"renewal": date(2026, 3, 10)}, timezone=MADRID)
    engine.clock.advance(days(60))
    engine.run_pending()
    assert marks(engine) == [at(2026, 3, 10, 8)]


def test_a_date_that_a_step_sets_is_due_too():  # S5: SetTrait
    rules = [marking(DateDue("renewal")), Rule("set", when="go", then=[SetTrait("renewal", "2026-03-20")])]
    engine = engine_of(*rules)
    engine.identify("ann", timezone=MADRID)
    engine.record("ann", "go")
    pass_time(engine, days(40))
    assert marks(engine) == [at(2026, 3, 20, 8)]


def test_a_date_ends_a_wait_and_tells_which_it_is():
    wait = WaitFor(DateDue("renewal"), forever, given=event.date == date(2026, 3, 20), then=[MARK])
    engine = engine_of(Rule("r", when="go", then=[wait]))
    engine.identify("ann", traits={"renewal": date(2026, 3, 20)}, timezone=MADRID)
    engine.record("ann", "go")
    pass_time(engine, days(40))
    assert marks(engine) == [at(2026, 3, 20, 8)]


def test_two_definitions_of_one_date_come_each():
    rules = [
        Rule("first", when=DateDue("renewal", before=days(7)), then=[MARK]),
        Rule("last", when=[DateDue("renewal", before=days(1)), DateDue("renewal", at="18:00")], then=[MARK]),
    ]
    engine = engine_of(*rules)
    engine.identify("ann", traits={"renewal": date(2026, 3, 20)}, timezone="UTC")
    pass_time(engine, days(40))
    assert marks(engine) == [at(2026, 3, 13, 9), at(2026, 3, 19, 9), at(2026, 3, 20, 18)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"before": days(7), "after": days(7)},
        {"before": days(-1)},
        {"after": 7},
        {"before": "7 days"},
    ],
)
def test_a_date_comes_before_or_after_by_a_length(wrong):
    with pytest.raises(JourneyError, match="DateDue"):
        DateDue("renewal", **wrong)


# --- facts that change while something is due ------

NINE = {
    "anniversary": Anniversary("day"),
    "date": DateDue("day"),
    "schedule": Schedule("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=10"),
}


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_who_moves_west_after_it_came_is_not_told_twice(trigger):  # S4.5
    engine = engine_of(marking(trigger))
    engine.identify("ann", traits={"day": "2026-03-10"}, timezone="Asia/Tokyo")
    pass_time(engine, days(7) + hours(16))  # it is one in the night of the tenth in UTC, and came there at nine
    engine.identify("ann", timezone="Pacific/Honolulu")
    pass_time(engine, days(20))
    assert marks(engine) == [at(2026, 3, 10, 0)]


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_who_moves_east_past_the_hour_is_told_at_once(trigger):  # S2.5: it was known all along
    engine = engine_of(marking(trigger))
    engine.identify("ann", traits={"day": "2026-03-10"}, timezone="Pacific/Honolulu")
    pass_time(engine, days(7) + hours(18))
    engine.identify("ann", timezone="Asia/Tokyo")
    pass_time(engine, days(20))
    assert marks(engine) == [at(2026, 3, 10, 3)]


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_with_several_candidate_zones_the_latest_instant_counts(trigger):  # S2.3
    engine = engine_of(marking(trigger))
    engine.identify("ann", traits={"day": "2026-03-10"}, timezone=["Asia/Tokyo", "America/New_York"])
    pass_time(engine, days(20))
    assert marks(engine) == [at(2026, 3, 10, 13)]


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_without_a_zone_it_comes_only_where_the_trigger_names_one(trigger):  # S2.3
    named = Rule("named", when=attrs.evolve(trigger, unknown_zone="Asia/Tokyo"), then=[Emit("there")])
    engine = engine_of(marking(trigger), named)
    engine.identify("ann", traits={"day": "2026-03-10"})
    pass_time(engine, days(20))
    assert (marks(engine), marks(engine, type="there")) == ([], [at(2026, 3, 10, 0)])
    assert "the customer's zone is not known" in str(engine.why("ann", "r"))


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_a_local_time_that_a_change_of_clocks_skips_is_the_first_after_it(trigger):  # S2.2
    on = {"rule": "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"} if isinstance(trigger, Schedule) else {}
    engine = engine_of(marking(attrs.evolve(trigger, at="02:30", **on)))
    engine.identify("ann", traits={"day": "2026-03-29"}, timezone=MADRID)
    pass_time(engine, days(60))
    assert marks(engine) == [at(2026, 3, 29, 1)]


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_the_version_of_the_time_zone_data_is_kept_with_what_came(trigger):  # S2.2
    engine = engine_of(marking(trigger))
    engine.identify("ann", traits={"day": "2026-03-10"}, timezone=MADRID)
    pass_time(engine, days(20))
    assert ["date", str(trigger), "2026-03-10", MADRID, tz_version()] in trace(engine)


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_newer_time_zone_data_move_what_is_due(trigger):  # S2.2
    engine = engine_of(marking(trigger))
    engine.identify("ann", traits={"day": "2026-03-10"}, timezone=MADRID)
    with engine.together() as unit:
        state = unit.find("ann").state
        (entry,) = state.calendar.values()
        right, entry[0] = entry[0], entry[0] + 3_600_000_000  # as older data had it
        assert follow_zones(unit.program, state)
        assert entry[0] == right
        assert not follow_zones(unit.program, state)


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_a_touchpoint_at_the_very_instant_comes_first(trigger):  # S2.5
    engine = engine_of(Rule("r", when=trigger, then=[Emit("came")]), Rule("go", when="go", then=[Emit("went")]))
    engine.identify("ann", traits={"day": "2026-03-10"}, timezone="UTC")
    engine.clock.until(at(2026, 3, 10, 9))
    engine.record("ann", "go")
    engine.run_pending()
    told = [each.type for each in engine.customer("ann").timeline()]
    assert told == ["go", "went", "came"]


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_a_later_hour_in_the_journey_does_not_bring_the_same_date_again(trigger, tmp_path):  # S4.5
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(marking(trigger), store=url, clock=clock) as engine:
        engine.identify("ann", traits={"day": "2026-03-10"}, timezone="UTC")
        pass_time(engine, days(8) + hours(1))
        assert len(marks(engine)) == 1
    with reopened(url, marking(attrs.evolve(trigger, at="18:00")), clock=clock) as engine:
        engine.record("ann", "visit")
        pass_time(engine, days(300))
        assert len(marks(engine)) == 1


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_what_a_journey_newly_asks_for_begins_when_the_customer_is_next_touched(trigger, tmp_path):  # S4.7, S2.5
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(store=url, clock=clock) as engine:
        engine.identify("ann", traits={"day": "2026-03-10"}, timezone="UTC")
        engine.identify("bob", traits={"day": "2026-03-30"}, timezone="UTC")
    clock.advance(days(20))
    with reopened(url, marking(trigger), clock=clock) as engine:
        engine.record("ann", "visit")
        engine.record("bob", "visit")
        pass_time(engine, days(15))
        # Ann's day has passed while nobody asked for it; the schedule's has, too.
        assert marks(engine) == []
        assert marks(engine, "bob") == ([] if isinstance(trigger, Schedule) else [at(2026, 3, 30, 9)])


@pytest.mark.parametrize("trigger", NINE.values(), ids=NINE)
def test_what_is_due_survives_downtime_and_another_journey_beside_it(trigger, tmp_path):  # S2.5, S11.6
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(marking(trigger), store=url, clock=clock) as engine:
        engine.identify("ann", traits={"day": "2026-03-10"}, timezone="UTC")
    clock.advance(days(20))
    more = Rule("more", when=Anniversary("other"), then=[])
    with reopened(url, marking(trigger), more, clock=clock) as engine:
        engine.run_pending()
        assert marks(engine) == [at(2026, 3, 10, 9)]


# --- schedules ------


def test_a_schedule_comes_round_on_the_customers_clock():  # S4.1, S2.2
    engine = engine_of(marking(Schedule("FREQ=MONTHLY;BYDAY=1MO", at="08:00"), concurrency="parallel"))
    engine.identify("ann", timezone=MADRID)
    pass_time(engine, days(100))
    # The second of March was a first Monday, too: at eight it was past.
    assert marks(engine) == [at(2026, 4, 6, 6), at(2026, 5, 4, 6), at(2026, 6, 1, 6)]
    assert [each[:10] for each in causes(engine)] == ["2026-04-06", "2026-05-04", "2026-06-01"]


def test_who_is_only_recorded_has_a_schedule_from_then_on():  # S4.1: armed at the first touch
    engine = engine_of(marking(Schedule("FREQ=DAILY", unknown_zone="UTC")), people=())
    engine.clock.advance(days(3))
    engine.record("ann", "visit", at=START)
    pass_time(engine, days(2))
    assert marks(engine) == [START + days(n) for n in (4, 5)]


def test_a_schedule_that_ends_leaves_nothing_due():
    engine = engine_of(marking(Schedule("FREQ=DAILY;COUNT=2", start=date(2026, 3, 4), unknown_zone="UTC")))
    pass_time(engine, days(10))
    assert marks(engine) == [START + days(2), START + days(3)]
    assert engine.next_due() is None
    assert "comes no more" in str(engine.why("ann", "r"))


def test_of_two_equal_local_times_a_schedule_takes_the_first_alone():  # S2.2
    engine = engine_of(marking(Schedule("FREQ=DAILY", at="02:30")), clock=VirtualClock(at(2026, 10, 24, 12)))
    engine.identify("ann", timezone=MADRID)
    pass_time(engine, days(2))
    assert marks(engine) == [at(2026, 10, 25, 0, 30), at(2026, 10, 26, 1, 30)]


def test_a_day_that_never_came_is_left_out():  # S2.2: Samoa had no 30 December 2011
    engine = engine_of(marking(Schedule("FREQ=DAILY")), clock=VirtualClock(at(2011, 12, 29, 0)))
    engine.identify("ann", timezone="Pacific/Apia")
    pass_time(engine, days(4))
    assert marks(engine) == [at(2011, 12, 29, 19), at(2011, 12, 30, 19), at(2011, 12, 31, 19), at(2012, 1, 1, 19)]


def test_a_schedule_is_made_up_for_within_a_week_each_at_its_own_instant():  # S2.5, S4.2
    engine = engine_of(marking(Schedule("FREQ=DAILY", unknown_zone="UTC")))
    engine.clock.advance(days(7))
    engine.run_pending()
    assert marks(engine) == [START + days(n) for n in range(1, 8)]


def test_of_what_is_older_than_a_week_nothing_is_made_up_for():  # S2.5: resuming never floods
    engine = engine_of(marking(Schedule("FREQ=DAILY", unknown_zone="UTC")))
    engine.clock.advance(days(4_000))
    engine.run_pending()
    assert marks(engine) == [START + days(n) for n in range(3_993, 4_001)]
    told = [line for line in trace(engine) if line[0] == "because"]
    assert told == [["because", "from 2026-03-03 on left out: nobody looked for more than a week"]]


def test_of_a_rare_schedule_the_last_one_that_was_missed_is_made_up_for():  # S2.5
    engine = engine_of(marking(Schedule("FREQ=MONTHLY;BYMONTHDAY=5", unknown_zone="UTC")))
    engine.clock.advance(days(200))
    engine.run_pending()
    assert marks(engine) == [at(2026, 9, 5, 9)]
    assert engine.next_due() == at(2026, 10, 5, 9)


def test_other_timers_keep_their_order_among_what_is_made_up_for():  # S4.2
    rules = [marking(Schedule("FREQ=DAILY", unknown_zone="UTC")), Rule("w", when="go", then=[Wait(days(3)), Emit("w")])]
    engine = engine_of(*rules)
    engine.record("ann", "go")
    engine.clock.advance(days(30))
    engine.run_pending()
    told = [(each.type, each.at) for each in engine.customer("ann").timeline() if each.type != "go"]
    assert told[0] == ("w", START + days(3))
    assert told[1:] == [("mark", START + days(n)) for n in range(23, 31)]


def test_it_does_not_matter_who_looked_within_the_week():  # S11.5
    def lived(looks):
        engine = engine_of(marking(Schedule("FREQ=DAILY", unknown_zone="UTC")), Rule("v", when="visit", then=[MARK]))
        for step in looks:
            engine.clock.advance(hours(step))
            engine.run_pending()
        engine.record("ann", "visit")
        return marks(engine), state_of(engine).calendar

    assert lived([150]) == lived([10, 70, 0, 70]) == lived([1] * 150)


def test_a_clock_that_is_set_back_brings_nothing_twice():  # S2.5
    engine = engine_of(marking(Schedule("FREQ=DAILY", unknown_zone="UTC")))
    pass_time(engine, days(2))
    engine.clock.set(START)
    engine.run_pending()
    engine.record("ann", "visit")
    assert len(marks(engine)) == 2


def test_many_customers_are_due_one_by_one():  # S4.1: a row for each who is due
    people = [f"c{n}" for n in range(30)]
    engine = engine_of(marking(Schedule("FREQ=DAILY", unknown_zone="UTC")), people=people)
    pass_time(engine, days(1))
    assert all(len(marks(engine, each)) == 1 for each in people)


def test_equal_schedules_are_one_however_they_are_written():
    rules = [
        Rule("a", when=Schedule("RRULE:freq=weekly;byday=th,mo;interval=1", unknown_zone="UTC"), then=[MARK]),
        Rule("b", when=Schedule("FREQ=WEEKLY;BYDAY=MO,TH;WKST=MO", unknown_zone="UTC"), then=[MARK]),
    ]
    engine = engine_of(*rules)
    assert len(state_of(engine).calendar) == 1
    pass_time(engine, days(6))
    assert marks(engine) == [START + days(3)] * 2


def test_who_is_erased_leaves_no_date_behind():  # S1.7
    engine = engine_of(marking(Schedule("FREQ=DAILY", unknown_zone="UTC")), secret=b"s" * 32)
    engine.erase("ann")
    assert engine.next_due() is None


# --- what is said ------


def test_what_comes_next_is_planned_in_words():  # S10
    rules = [
        marking(DateDue("renewal", before=days(7))),
        Rule("s", when=Schedule("FREQ=MONTHLY;BYDAY=1MO", start=date(2026, 4, 1)), then=[]),
    ]
    engine = engine_of(*rules)
    engine.identify("ann", traits={"renewal": date(2026, 4, 1)}, timezone="UTC")
    assert [each.what for each in engine.planned("ann")] == [
        "7 days before renewal", "schedule FREQ=MONTHLY;BYDAY=1MO from 2026-04-01",
    ]  # fmt: skip


def test_a_rule_says_when_it_is_due_and_why_it_came():  # S10
    engine = engine_of(marking(DateDue("renewal", before=days(7))))
    engine.identify("ann", traits={"renewal": date(2026, 4, 1)}, timezone="UTC")
    assert "7 days before renewal: due 2026-03-25 09:00:00 UTC, about 2026-04-01" in str(engine.why("ann", "r"))
    pass_time(engine, days(40))
    told = str(engine.why("ann", "r"))
    assert "7 days before renewal: 2026-04-01" in told
    assert "2026-04-01 has come already" in told


def test_triggers_of_the_calendar_are_written_and_read_back():  # HOUSE 2
    triggers = [
        DateDue("renewal", before=months(1), at="10:00", unknown_zone="UTC"),
        DateDue("renewal", after=seconds(90)),
        Schedule("FREQ=WEEKLY;INTERVAL=2", start=date(2026, 3, 2), unknown_zone=MADRID),
    ]
    one = journey(Rule("r", when=triggers, then=[MARK]))
    assert codec.loads(codec.dumps(one)) == one


def test_the_anniversary_tells_how_many_years_it_is():
    engine = engine_of(marking(Anniversary("born", unknown_zone="UTC"), given=event.years == 36))
    engine.identify("ann", traits={"born": "1990-03-10"})
    pass_time(engine, days(800))
    assert marks(engine) == [at(2026, 3, 10, 9)]


def test_nothing_of_the_calendar_says_so_where_it_is_not_used():  # what is not used costs nothing
    engine = engine_of(Rule("r", when="go", then=[MARK]))
    engine.record("ann", "go")
    state = state_of(engine)
    assert (state.calendar, state.noticed, state.occasions) == ({}, {}, {})


def test_a_length_is_told_from_another_that_is_spoken_alike():
    apart = [relativedelta(days=8), relativedelta(days=8, weekday=MO(+1))]
    engine = engine_of(*(Rule(f"r{n}", when=DateDue("day", before=each), then=[MARK]) for n, each in enumerate(apart)))
    engine.identify("ann", traits={"day": "2026-03-20"}, timezone="UTC")
    assert len(state_of(engine).calendar) == 2


def test_what_a_schedule_led_to_is_parked_and_replayed_where_a_journey_is_defective():  # S4.3
    circle = [Rule(name, when=when, concurrency="parallel", then=[Emit(then)]) for name, when, then in (
        ("daily", Schedule("FREQ=DAILY", unknown_zone="UTC"), "ping"), ("a", "ping", "pong"), ("b", "pong", "ping"),
    )]  # fmt: skip
    engine = engine_of(*circle)
    engine.clock.advance(days(20))
    engine.run_pending()
    kinds = [each.kind for _, each in engine.parked()]
    # The week before, and the day itself: what is older is left out, though every date of them is defective.
    assert kinds == ["schedule"] * 8
    assert engine.next_due() == START + days(21)
    assert engine.replay_parked().done == 0


def test_the_linter_knows_what_events_of_the_calendar_tell():
    told = {"trigger.years": [], "trigger.order": ["TC507"]}
    for name, codes in told.items():
        hello = message(content=Content(text=f"It is {{{name}}}"), expires=days(2))
        one = journey(Rule("r", when=Anniversary("born"), then=[Send(hello)]))
        assert [each.code for each in check([one]) if each.code == "TC507"] == codes
    asked = journey(Rule("r", when=Anniversary("born"), given=event.years > 3, then=[MARK]))
    assert [each for each in check([asked]) if each.severity == "error"] == []
