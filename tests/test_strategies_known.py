"""Which values strategies take from what journeys say."""

from datetime import UTC, date, datetime, timedelta

import pytest

from touchpoint import Anniversary, DateDue, Journey, Rule, TraitChanged, Wait, customer, days, event, hours, total
from touchpoint.testing.known import Known
from touchpoint.testing.said import Said

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def shop(given=None, when="x", *steps):
    return Journey("shop", rules=[Rule("r", when=when, given=given, then=steps or [Wait(days(1))])])


def said(journey, whose, name, at=AT):
    return Known.of([journey], at=at).properties(whose)[name]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (event.n == True, [True, False]),  # noqa: E712 - a condition
        (event.n < NOON, [NOON, NOON - TICK, NOON + TICK]),
        (event.n > hours(2), [hours(2), hours(2) - TICK, hours(2) + TICK]),
        (event.n < date(2026, 5, 1), [date(2026, 5, 1), date(2026, 4, 30), date(2026, 5, 2)]),
        (event.n <= date.max, [date.max, date.max - days(1)]),
        (event.n >= timedelta.max, [timedelta.max, timedelta.max - TICK]),
        (event.n.in_([1, "a"]), [1, 0, 2, "a", "other"]),
        (event.n == event.m, [1, 2, "a", "b"]),
        (event.n.exists(), ["a"]),
        (event.n == None, [1, 2, "a", "b"]),  # noqa: E711 - likewise
        (event.n.contains("new"), ["new", "other", ["new"], ["other"]]),
        (total("x", "n", within=days(3)) > event.most, [1, 10]),
    ],
)
def test_values_lie_on_what_is_compared_and_just_beside_it(given, expected):
    found = said(shop(given), "x", "n")
    assert [each for each in expected if each not in found] == []
    assert [each for each in found if each not in [*expected, 1, 2, "a", "b"]] == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (event.n <= date.max, [date.max, date.max - days(1)]),
        (event.n >= timedelta.max, [timedelta.max, timedelta.max - timedelta(seconds=1)]),
        (event.n >= date.min, [date.min, date.min + days(1)]),
    ],
)
def test_a_story_is_not_told_of_days_beyond_the_calendar(given, expected):
    assert Said.by([shop(given)]).of("x", "n") == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (TraitChanged("t"), ["a", "b"]),
        (TraitChanged("t", to=False), [False, "another"]),
        (DateDue("t", before=days(7)), [date(2026, 1, 12), date(2026, 1, 13), date(2026, 1, 19)]),
    ],
)
def test_traits_take_the_values_that_somebody_waits_for(when, expected):
    assert said(shop(None, when), "customer", "t") == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (AT, [(1, 6), (1, 7), (1, 12)]),
        (datetime(2028, 2, 28, tzinfo=UTC), [(2, 29), (3, 1), (3, 6)]),
    ],
)
def test_an_anniversary_comes_soon_after_a_story_begins_even_on_the_day_that_leap_years_add(at, expected):
    found = said(shop(None, Anniversary("born")), "customer", "born", at)
    assert [(each.month, each.day) for each in found] == expected
    assert {each.year < at.year for each in found} == {True}


def test_a_date_that_a_wait_takes_from_a_trait_is_near():
    found = said(shop(None, "x", Wait(until=customer.renewal)), "customer", "renewal")
    assert {date(2026, 1, 6), date(2026, 1, 7), date(2026, 1, 12)} <= set(found)
