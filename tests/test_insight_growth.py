"""Growth accounting and who comes back (S8): identities, published figures, and definitions that differ."""

import json
import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import InvalidInput, UnknownName
from touchpoint.insight import (
    Growth,
    GrowthPeriod,
    day_number,
    growth,
    period_of,
    quick_ratio,
    repeat_rate,
    retention,
)

FACTS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(-3, 9)), max_size=60).map(
    lambda found: sorted(found, key=lambda fact: fact[1])
)


def slow(facts):
    """The same by sets, looking at everything for each period."""
    active = defaultdict(set)
    for customer, period in facts:
        active[period].add(customer)
    found = []
    for period in range(min(active), max(active) + 1) if active else ():
        now, before = active[period], active[period - 1]
        earlier = set().union(*(active[each] for each in list(active) if each < period))
        resurrected = (now & earlier) - before
        found.append(GrowthPeriod(period, len(now - earlier), len(now & before), len(resurrected), len(before - now)))
    return tuple(found)


# Growth accounting.


def test_customers_are_new_retained_resurrected_or_churned():
    found = growth([("ann", 1), ("bob", 1), ("ann", 2), ("cy", 2), ("bob", 3), ("cy", 3), ("di", 3)])
    assert [(each.new, each.retained, each.resurrected, each.churned) for each in found] == [
        (2, 0, 0, 0),
        (1, 1, 0, 1),
        (1, 1, 1, 1),
    ]
    assert [(each.active, each.before) for each in found] == [(2, 0), (2, 2), (3, 2)]
    assert [each.retention for each in found] == [None, 0.5, 0.5]
    assert [each.quick_ratio for each in found] == [None, 1.0, 2.0]


@given(FACTS)
@settings(max_examples=80)
def test_counting_as_they_come_gives_what_sets_give(facts):
    assert growth(facts) == slow(facts)


@given(FACTS)
@settings(max_examples=80)
def test_the_identities_of_growth_hold(facts):
    found = growth(facts)
    for before, after in pairwise(found):
        assert after.period == before.period + 1
        assert after.before == before.active
        assert before.active - after.churned == after.retained
        assert after.active - before.active == after.new + after.resurrected - after.churned
    assert all(each.active == each.new + each.retained + each.resurrected for each in found)
    assert sum(each.new for each in found) == len({customer for customer, _ in facts})


@given(FACTS, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_within_a_period_the_order_does_not_matter(facts, chance):
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert growth(sorted(shuffled, key=lambda fact: fact[1])) == growth(facts)


@given(FACTS)
@settings(max_examples=40)
def test_saying_it_twice_changes_nothing(facts):
    assert growth([fact for fact in facts for _ in range(2)]) == growth(facts)


@given(FACTS, st.integers(-50, 50))
@settings(max_examples=40)
def test_only_the_distance_of_periods_counts(facts, by):
    moved = growth([(customer, period + by) for customer, period in facts])
    assert [(each.new, each.churned) for each in moved] == [(each.new, each.churned) for each in growth(facts)]


def test_periods_in_which_nobody_came_are_there_too():
    found = growth([("ann", 1), ("ann", 4)])
    assert [(each.period, each.active, each.churned) for each in found] == [(1, 1, 0), (2, 0, 1), (3, 0, 0), (4, 1, 0)]
    assert found[3].resurrected == 1


def test_those_who_stay_away_until_today_have_churned():
    account = Growth()
    account.add("ann", 1)
    account.until(3)
    assert [(each.period, each.churned) for each in account.periods] == [(1, 0), (2, 1), (3, 0)]


def test_the_figures_can_be_asked_for_at_any_time():
    account = Growth()
    assert account.periods == ()
    account.add("ann", 1)
    first = account.periods
    account.add("bob", 1)
    assert (first[0].new, account.periods[0].new) == (1, 2)


def test_a_period_that_is_over_takes_nobody_any_more():
    account = Growth()
    account.add("ann", 5)
    with pytest.raises(InvalidInput, match="order of periods"):
        account.add("bob", 4)
    assert account.periods == (GrowthPeriod(5, 1, 0, 0, 0),)


@pytest.mark.parametrize("period", [1.0, math.nan, "1", None, True])
def test_what_is_no_period_is_refused(period):
    with pytest.raises(InvalidInput, match="whole number"):
        growth([("ann", period)])
    with pytest.raises(InvalidInput, match="whole number"):
        Growth().until(period)


def test_growth_does_not_go_back_or_begin_with_nobody():
    account = Growth()
    with pytest.raises(InvalidInput, match="first activity"):
        account.until(3)
    account.add("ann", 3)
    with pytest.raises(InvalidInput, match="later period"):
        account.until(2)


def test_instants_are_not_taken_for_numbers_of_periods():
    account = Growth()
    account.add("ann", 0)
    with pytest.raises(InvalidInput, match="one by one"):
        account.add("ann", 1_767_225_600)
    with pytest.raises(InvalidInput, match="one by one"):
        account.until(100_001)
    assert account.periods == (GrowthPeriod(0, 1, 0, 0, 0),)


def test_errors_and_reprs_name_no_customer():
    account = Growth()
    account.add("ann@example.com", 5)
    with pytest.raises(InvalidInput) as refused:
        account.add("ann@example.com", 4)
    assert "ann" not in f"{account!r} {refused.value}"
    assert repr(account) == "Growth(1 customers, 1 periods)"


def test_a_period_of_growth_is_plain_data():
    found = growth([("ann", 1), ("ann", 2)])[1].to_dict()
    assert found == {
        "period": 2, "new": 0, "retained": 1, "resurrected": 0, "churned": 0,
        "active": 1, "before": 1, "retention": 1.0, "quick_ratio": None,
    }  # fmt: skip
    assert json.loads(json.dumps(found)) == found


# Periods.


@given(st.dates(date(1, 1, 2), date(9999, 12, 30)), st.sampled_from(["day", "week", "month", "quarter", "year"]))
@settings(max_examples=100)
def test_the_next_day_is_in_the_same_period_or_the_next(day, unit):
    assert period_of(day + timedelta(days=1), unit) - period_of(day, unit) in (0, 1)


@given(st.dates(), st.dates())
@settings(max_examples=100)
def test_periods_are_those_of_the_calendar(one, two):
    same = {
        "day": one == two,
        "week": one.isocalendar()[:2] == two.isocalendar()[:2],
        "month": (one.year, one.month) == (two.year, two.month),
        "quarter": (one.year, (one.month - 1) // 3) == (two.year, (two.month - 1) // 3),
        "year": one.year == two.year,
    }
    assert {unit: period_of(one, unit) == period_of(two, unit) for unit in same} == same


def test_an_unknown_unit_is_named_with_those_that_exist():
    with pytest.raises(UnknownName, match="month"):
        period_of(date(2026, 1, 1), "moth")


# Quick ratio.


def test_the_quick_ratio_is_what_came_for_each_that_went():
    assert quick_ratio(20 + 8, 5 + 3) == 3.5
    assert quick_ratio(0, 5) == 0


def test_where_nothing_went_there_is_no_ratio():
    assert quick_ratio(20, 0) is None


@pytest.mark.parametrize("amounts", [(-1, 1), (1, -1), (math.nan, 1), (1, math.inf), ("1", 1)])
def test_amounts_that_cannot_be_have_no_ratio(amounts):
    with pytest.raises(InvalidInput):
        quick_ratio(*amounts)


# Days since the start.


def at(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# Amplitude's documentation of retention: 24-hour windows from the full hour.
def test_what_a_day_is_depends_on_the_rule():
    start, then = at("2025-12-01T17:59"), at("2025-12-02T17:00")
    days = {by: day_number(start, then, by=by) for by in ("calendar", "elapsed", "elapsed_from_hour")}
    assert days == {"calendar": 1, "elapsed": 0, "elapsed_from_hour": 1}


def test_ten_minutes_around_midnight_are_a_day_of_the_calendar_alone():
    start, then = at("2025-12-01T23:55"), at("2025-12-02T00:05")
    assert (day_number(start, then, by="calendar"), day_number(start, then, by="elapsed")) == (1, 0)


def test_dates_are_those_of_the_zone_of_the_start():
    tokyo = timezone(timedelta(hours=9))
    start = at("2025-12-01T20:00", tokyo)
    assert day_number(start, at("2025-12-01T16:00"), by="calendar") == 1
    assert day_number(start.astimezone(UTC), at("2025-12-01T16:00"), by="calendar") == 0


def test_elapsed_hours_are_real_hours_when_clocks_change():
    berlin = ZoneInfo("Europe/Berlin")
    start, then = at("2026-03-28T12:00", berlin), at("2026-03-29T12:00", berlin)
    assert (day_number(start, then, by="calendar"), day_number(start, then, by="elapsed")) == (1, 0)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)), st.timedeltas(timedelta(), timedelta(days=400)))
@settings(max_examples=60)
def test_the_rules_differ_by_a_day_at_most(start, later):
    start = start.replace(tzinfo=UTC)
    elapsed = day_number(start, start + later, by="elapsed")
    assert elapsed == later // timedelta(days=1)
    for by in ("calendar", "elapsed_from_hour"):
        assert day_number(start, start + later, by=by) - elapsed in (0, 1)


@pytest.mark.parametrize(
    ("start", "then"),
    [
        (datetime(2026, 1, 1), at("2026-01-02")),
        (at("2026-01-02"), datetime(2026, 1, 3)),
        (at("2026-01-02"), at("2026-01-01")),
        (date(2026, 1, 1), at("2026-01-02")),
    ],
)
def test_days_are_counted_between_instants_in_order(start, then):
    with pytest.raises(InvalidInput, match="aware"):
        day_number(start, then, by="elapsed")


def test_an_unknown_rule_for_days_is_named_with_those_that_exist():
    with pytest.raises(UnknownName, match="elapsed"):
        day_number(at("2026-01-01"), at("2026-01-02"), by="lapsed")


# Retention.


LIVES = st.lists(st.tuples(st.frozensets(st.integers(0, 12)), st.integers(0, 12)), max_size=20)


def test_retention_is_of_those_who_are_old_enough():
    lives = [({0, 7}, 30), ({0, 8}, 30), ({0}, 7), ({0, 5}, 6)]
    on, later = retention(lives, 7, kind="on"), retention(lives, 7, kind="on_or_after")
    assert (on.count, on.n) == (1, 3)
    assert (later.count, later.n) == (2, 3)


@given(LIVES, st.integers(1, 12))
@settings(max_examples=60)
def test_on_a_day_come_back_no_more_than_on_or_after_it(lives, day):
    on, later = retention(lives, day, kind="on"), retention(lives, day, kind="on_or_after")
    assert (on is None) == (later is None) == all(last < day for _, last in lives)
    assert on is None or (on.count <= later.count and on.n == later.n)


def test_what_is_not_over_yet_does_not_count():
    assert retention([({0, 9}, 8)], 7, kind="on_or_after").count == 0


def test_where_nobody_is_old_enough_there_is_no_retention():
    assert retention([({0}, 6)], 7, kind="on") is None
    assert retention([], 7, kind="on") is None


@pytest.mark.parametrize("day", [0, -1, 1.5, math.nan])
def test_a_day_that_cannot_be_has_no_retention(day):
    with pytest.raises(InvalidInput, match="day"):
        retention([({0}, 6)], day, kind="on")


def test_a_life_of_no_length_is_refused():
    with pytest.raises(InvalidInput, match="last day"):
        retention([({0}, -1)], 1, kind="on")


def test_an_unknown_kind_of_retention_is_named_with_those_that_exist():
    with pytest.raises(UnknownName, match="on_or_after"):
        retention([], 7, kind="off")


# Repeat rate.


# Fader, Hardie and Lee, "Counting your customers the easy way", Marketing Science 24 (2005): CDNOW customers by their
# repeat transactions within 39 weeks, 0 to 6 and 7 or more.
REPEATS = [1411, 439, 214, 100, 62, 38, 29, 64]


def test_the_repeat_rate_of_a_published_cohort():
    buyers = [repeats for repeats, n in enumerate(REPEATS) for _ in range(n)]
    orders = [(customer, day) for customer, repeats in enumerate(buyers) for day in range(repeats + 1)]
    found = repeat_rate(orders, by="days")
    assert (found.count, found.n) == (946, 2357)
    assert found.value in found.interval


def test_two_orders_on_one_day_are_a_repeat_by_orders_alone():
    orders = [("ann", 1), ("ann", 1), ("bob", 1), ("bob", 2), ("cy", 3)]
    assert repeat_rate(orders, by="days").value == pytest.approx(1 / 3)
    assert repeat_rate(orders, by="orders").value == pytest.approx(2 / 3)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3))), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_repeat_rate_depends_on_no_order_and_days_never_exceed_orders(orders, chance):
    shuffled = list(orders)
    chance.shuffle(shuffled)
    days, by_orders = repeat_rate(orders, by="days"), repeat_rate(orders, by="orders")
    assert (repeat_rate(shuffled, by="days"), repeat_rate(shuffled, by="orders")) == (days, by_orders)
    assert days is None or days.count <= by_orders.count


def test_without_buyers_there_is_no_repeat_rate():
    assert repeat_rate([], by="days") is None


def test_an_unknown_rule_for_repeats_is_named_with_those_that_exist():
    with pytest.raises(UnknownName, match="orders"):
        repeat_rate([], by="order")
