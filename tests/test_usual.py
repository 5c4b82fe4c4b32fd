"""Silence by the customer's own usual gap: `Silent(usual(1.5), …)` (S4.1, S4.7)."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import MARK, START, engine_of, journey, marks, pass_time, state_of, trace
from sizing import examples
from touchpoint import JourneyError, Rule, Silent, VirtualClock, WaitFor, days, forever, hours, usual, weeks
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.rhythm import noted, roughly, usual_gap
from touchpoint.durations import length, micros
from touchpoint.journey import codec

QUIET = Silent(usual(1.5), of="order_placed", at_least=days(7), otherwise=days(60))
MICRO = timedelta(microseconds=1)


def butter(trigger=QUIET, **more):
    return Rule("butter", when=trigger, then=[MARK], concurrency="parallel", **more)


def orders(engine, *gaps, type="order_placed"):
    """Orders, each so many days after the one before; the first now."""
    engine.record("ann", type)
    for gap in gaps:
        pass_time(engine, days(gap))
        engine.record("ann", type)
    return engine.clock.now()


def test_a_customer_is_missed_after_so_many_of_their_usual_gaps():  # S4.1
    engine = engine_of(butter())
    last = orders(engine, 9, 10, 9, 10, 12)
    pass_time(engine, days(100))
    assert marks(engine) == [last + days(15)]


def test_it_says_what_is_usual_and_how_long_it_was_silent():  # S10
    engine = engine_of(butter())
    last = orders(engine, 9, 10, 9, 10)
    assert engine.planned("ann")[0].what == (
        "silent for 1.5 times the usual gap of order_placed "
        "(order_placed: usually every 9.5 days; silent for 14.3 days)"
    )
    assert "usually every 9.5 days" in str(engine.why("ann", "butter"))
    pass_time(engine, days(100))
    assert marks(engine) == [last + days(14.25)]
    assert ["because", "order_placed: usually every 9.5 days; silent for 14.3 days"] in trace(engine)
    assert "order_placed: usually every 9.5 days; silent for 14.3 days" in str(engine.why("ann", "butter"))


@pytest.mark.parametrize("gaps", [(), (9,), (9, 9)])
def test_who_is_new_is_missed_after_otherwise(gaps):
    engine = engine_of(butter())
    last = orders(engine, *gaps)
    pass_time(engine, days(70))
    assert marks(engine) == [last + days(60)]
    assert ["because", "order_placed: too few to tell what is usual; silent for 60 days"] in trace(engine)


def test_who_comes_often_is_not_missed_before_at_least():
    engine = engine_of(butter())
    last = orders(engine, 2, 2, 2, 2)
    pass_time(engine, days(30))
    assert marks(engine) == [last + days(7)]


def test_one_long_holiday_leaves_the_usual_gap_where_it_was():  # why it is a median
    engine = engine_of(butter())
    last = orders(engine, 10, 10, 14, 10, 10)
    assert engine.next_due() == last + days(15)


def test_an_order_in_two_parts_is_no_gap():
    engine = engine_of(butter())
    engine.record("ann", "order_placed")
    for _ in range(4):
        pass_time(engine, days(10) - hours(1))
        engine.record("ann", "order_placed")
        pass_time(engine, hours(1))
        engine.record("ann", "order_placed")
    assert engine.next_due() == engine.clock.now() + days(15)


def test_a_habit_that_changes_is_followed_within_a_dozen():  # bounded
    engine = engine_of(butter(Silent(usual(), of="order_placed", at_least=days(1), otherwise=days(60))))
    last = orders(engine, *[5] * 20, *[20] * 6)
    assert engine.next_due() == last + days(20)
    assert [len(each) for each in state_of(engine).occasions.values()] == [12]


def test_anything_inbound_counts_where_no_type_is_named():
    engine = engine_of(butter(Silent(usual(2), at_least=days(1), otherwise=days(60))))
    for n in range(5):
        pass_time(engine, days(3))
        engine.record("ann", f"type{n}")
        engine.record("ann", "told", direction="outbound")
    assert engine.next_due() == engine.clock.now() + days(6)


def test_it_falls_due_to_the_microsecond_and_a_touchpoint_then_comes_first():  # S2.5
    engine = engine_of(butter())
    last = orders(engine, 10, 10, 10)
    engine.clock.until(last + days(15) - MICRO)
    assert engine.run_pending() == 0
    assert marks(engine) == []
    engine.clock.until(last + days(15))
    engine.record("ann", "order_placed")
    engine.run_pending()
    assert marks(engine) == []


def test_each_silence_is_noticed_once():
    engine = engine_of(butter())
    last = orders(engine, 10, 10, 10)
    pass_time(engine, days(300))
    assert marks(engine) == [last + days(15)]


def test_what_is_usual_is_settled_when_the_silence_begins():  # decisions.md, 10
    engine = engine_of(butter())
    last = orders(engine, 10, 10, 10)
    pass_time(engine, days(1))
    engine.record("ann", "order_placed", at=last - days(5))  # told late: gaps of 5 from now on
    assert engine.next_due() == last + days(15)
    engine.record("ann", "order_placed")
    assert engine.next_due() == engine.clock.now() + days(7.5)  # of gaps of 1, 5, 5, 10 and 10 days


def test_a_journey_that_begins_to_ask_learns_it_from_the_timeline(tmp_path):  # S4.7
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(store=url, clock=clock) as engine:
        last = orders(engine, 9, 10, 9, 10)
    clock.advance(days(1))
    with engine_of(butter(), store=url, clock=clock, people=()) as engine:
        engine.record("ann", "visit")
        pass_time(engine, days(40))
        assert marks(engine) == [last + days(14.25)]


def test_the_factor_of_a_journey_may_change(tmp_path):  # S4.7
    url, clock = f"sqlite:///{tmp_path}/t.db", VirtualClock(START)
    with engine_of(butter(), store=url, clock=clock) as engine:
        last = orders(engine, 10, 10, 10)
    double = Silent(usual(2), of="order_placed", at_least=days(7), otherwise=days(60))
    with engine_of(butter(double), store=url, clock=clock, people=()) as engine:
        engine.record("ann", "visit")
        assert engine.next_due() == last + days(20)


def test_a_wait_may_end_by_it():
    engine = engine_of(Rule("r", when="go", then=[WaitFor(QUIET, forever, then=[MARK])]))
    last = orders(engine, 10, 10, 10)
    engine.record("ann", "go")
    pass_time(engine, days(40))
    assert marks(engine) == [last + days(15)]


def test_two_ids_of_one_person_have_one_habit():  # S1.6
    engine = engine_of(butter(), people=("ann", "anon"))
    for n in range(6):
        engine.record("ann" if n % 2 else "anon", "order_placed")
        last = engine.clock.now()
        pass_time(engine, days(10))
    engine.merge("anon", "ann")
    assert engine.next_due() == last + days(15)
    pass_time(engine, days(80))
    assert marks(engine) == [last + days(15)]


def test_a_habit_that_a_merge_shows_to_be_over_is_noticed_at_once_and_once():  # S1.6
    engine = engine_of(butter(), people=("ann", "anon"))
    for n in range(6):
        engine.record("ann" if n % 2 else "anon", "order_placed")
        pass_time(engine, days(10))
    pass_time(engine, days(10))
    merged = engine.clock.now()
    engine.merge("anon", "ann")
    pass_time(engine, days(80))
    assert marks(engine) == [merged]


def test_who_is_erased_leaves_no_habit_behind():  # S1.7
    engine = engine_of(butter(), secret=b"s" * 32)
    orders(engine, 10, 10, 10)
    engine.erase("ann")
    assert engine.next_due() is None


@pytest.mark.parametrize(
    "factor",
    [
        0,
        -1,
        101,
        10**400,
        Decimal("1e-99"),
        1 / 3 + 1e-17j,
        Decimal("1." + "0" * 30),
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        "1.5",
        True,
        None,
    ],
)
def test_a_factor_is_a_number_above_nothing(factor):
    with pytest.raises(JourneyError, match="usual"):
        usual(factor)


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"at_least": days(7)},
        {"otherwise": days(7)},
        {"at_least": days(0), "otherwise": days(7)},
        {"at_least": days(7), "otherwise": -days(7)},
        {"at_least": 7, "otherwise": days(7)},
    ],
)
def test_both_bounds_are_said(bounds):
    with pytest.raises(JourneyError, match=r"Silent|silence"):
        Silent(usual(1.5), **bounds)


@pytest.mark.parametrize("bound", ["at_least", "otherwise"])
def test_bounds_are_for_the_usual_gap_alone(bound):
    with pytest.raises(JourneyError, match=bound):
        Silent(days(3), **{bound: days(7)})


@pytest.mark.parametrize("factor", [1, 1.5, Decimal("1.1"), 2.0])
def test_a_silence_by_the_usual_gap_is_written_and_read_back(factor):  # HOUSE 2
    one = journey(Rule("r", when=Silent(usual(factor), at_least=weeks(1), otherwise=weeks(9)), then=[MARK]))
    assert codec.loads(codec.dumps(one)) == one


def test_a_factor_means_what_is_written():  # 1.1 is eleven tenths, no binary fraction
    engine = engine_of(butter(Silent(usual(1.1), of="order_placed", at_least=days(1), otherwise=days(60))))
    last = orders(engine, 10, 10, 10)
    assert engine.next_due() == last + days(11)


def kept(instants):
    occasions = {}
    for at in instants:
        occasions = noted({"a"}, occasions, Occurrence(TOUCHPOINT, "a", at, "t"))
    return occasions.get("a", [])


INSTANTS = st.lists(st.integers(0, 40 * 24).map(lambda hour: hour * length(hours(1))), max_size=40)


@settings(max_examples=examples(200))
@given(INSTANTS, st.randoms())
def test_what_is_kept_does_not_depend_on_the_order_of_arrival(instants, random):  # S11.5
    mixed = list(instants)
    random.shuffle(mixed)
    assert kept(mixed) == kept(instants) == kept(sorted(instants))


@settings(max_examples=examples(200))
@given(INSTANTS)
def test_the_usual_gap_is_the_median_of_the_gaps_between_the_last_days(instants):
    by_day = {}
    for at in sorted(instants):
        by_day[at // length(days(1))] = at
    last = list(by_day.values())[-12:]
    gaps = [later - one for one, later in pairwise(last)]
    assert usual_gap(kept(instants)) == (int(median(gaps)) if len(gaps) >= 3 else None)


@pytest.mark.parametrize(
    ("lasts", "words"),
    [
        (days(9.5), "9.5 days"),
        (days(1), "1 day"),
        (days(15), "15 days"),
        (hours(36), "1.5 days"),
        (hours(5), "5 hours"),
        (timedelta(seconds=0), "0 seconds"),
        (timedelta(milliseconds=300), "0.3 seconds"),
    ],
)
def test_a_length_is_told_to_a_tenth_of_its_unit(lasts, words):
    assert roughly(length(lasts)) == words


def test_what_is_known_of_a_habit_is_exported():  # S1.7
    engine = engine_of(butter())
    engine.record("ann", "order_placed")
    assert engine.export("ann")["remembered"]["occasions"] == {"order_placed": [micros(START)]}
