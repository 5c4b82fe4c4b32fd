"""Business hours (S8.2): so much time of them is over at the instant that a minute-by-minute count finds."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from touchpoint import BusinessHours, BusinessTime, days, hours, minutes
from touchpoint.core.business import BusinessClock
from touchpoint.durations import instant, length, micros
from touchpoint.errors import JourneyError
from touchpoint.model.week import WEEKDAYS
from touchpoint.rules import days_of

MINUTE = timedelta(minutes=1)
BERLIN = BusinessHours(("09:00", "17:00"), zone="Europe/Berlin")


def after(office, start, lasts):
    return instant(BusinessClock(office).after(micros(start), length(lasts)))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def is_open(office, now):
    """Whether a minute belongs to the hours, told from what the clock on the wall reads."""
    local = now.astimezone(ZoneInfo(office.zone)).replace(tzinfo=None)
    for start, end in office.intervals:
        since, until = time.fromisoformat(start), time.min if end == "24:00" else time.fromisoformat(end)
        for day in (local.date(), local.date() - timedelta(days=1)):
            opens, closes = datetime.combine(day, since), datetime.combine(day, until)
            closes += timedelta(days=1) if closes <= opens else timedelta(0)
            kept = WEEKDAYS[day.weekday()] in (office.weekdays or WEEKDAYS) and day not in office.holidays
            if kept and opens <= local < closes and local.date() not in office.holidays:
                return True
    return False


def slowly(office, start, lasts):
    """Counted minute by minute."""
    now = start
    while lasts > timedelta(0):
        lasts -= MINUTE if is_open(office, now) else timedelta(0)
        now += MINUTE
    return now


halves = st.sampled_from([f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)])
intervals = st.lists(st.tuples(halves, halves).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=2)
# Around both changes of clocks of 2026 in Europe and in New York, and around a calm week.
starts = st.builds(
    lambda day, minute: day + timedelta(minutes=minute),
    st.sampled_from([at("2026-03-27T00:00"), at("2026-10-23T00:00"), at("2026-03-06T00:00"), at("2026-06-01T00:00")]),
    st.integers(0, 4 * 1440),
)
offices = st.builds(
    lambda pairs, zone, weekdays, holidays: BusinessHours(*pairs, zone=zone, weekdays=weekdays, holidays=holidays),
    intervals,
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    st.none() | st.sets(st.sampled_from(WEEKDAYS), min_size=3).map(sorted),
    st.sets(st.dates(date(2026, 3, 25), date(2026, 4, 2)), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(offices, starts, st.integers(1, 12 * 60))
@example(BusinessHours(("01:00", "04:00"), zone="Europe/Berlin", weekdays=None), at("2026-03-28T20:00"), 150)
@example(BusinessHours(("01:30", "02:30"), zone="Europe/Berlin", weekdays=None), at("2026-10-24T20:00"), 100)
@example(BusinessHours(("22:00", "06:00"), zone="Europe/Berlin", weekdays=["sat"]), at("2026-10-24T19:00"), 500)
def test_so_much_of_them_is_over_when_a_count_of_minutes_says_so(office, start, count):
    assert after(office, start, minutes(count)) == slowly(office, start, minutes(count))


@settings(max_examples=60, deadline=None)
@given(offices, starts, st.integers(1, 3_000), st.integers(1, 3_000))
def test_what_is_left_counts_on_from_where_it_was_left(office, start, some, more):
    between = after(office, start, minutes(some))
    assert after(office, between, minutes(more)) == after(office, start, minutes(some + more))


@settings(max_examples=60, deadline=None)
@given(offices, starts, st.integers(1, 20_000_000_000))
def test_between_the_start_and_the_end_they_were_open_for_just_that_long(office, start, lasts):
    clock, since = BusinessClock(office), micros(start)
    end = clock.after(since, lasts)
    assert (clock.between(since, end), clock.between(since, end - 1)) == (lasts, lasts - 1)


@pytest.mark.parametrize(
    ("start", "lasts", "end"),
    [
        ("2026-03-02T08:00", hours(8), "2026-03-02T16:00"),  # a whole day ends as the doors close
        ("2026-03-02T15:00", hours(2), "2026-03-03T09:00"),
        ("2026-03-06T15:00", hours(2), "2026-03-09T09:00"),  # over a weekend
        ("2026-03-07T12:00", minutes(1), "2026-03-09T08:01"),
        ("2026-03-27T15:30", hours(1), "2026-03-30T07:30"),  # over a weekend in which clocks go forward
        ("2026-03-02T16:00", hours(1), "2026-03-03T09:00"),  # closing time is closed
    ],
)
def test_they_are_counted_on_the_clock_of_the_firm(start, lasts, end):
    assert after(BERLIN, at(start), lasts) == at(end)


def test_holidays_of_a_calendar_are_left_out():
    office = BusinessHours(("09:00", "17:00"), zone="America/New_York", holidays=days_of("US"))
    # Thursday the 2nd of July; the 4th is a Saturday, so the 3rd is kept.
    assert after(office, at("2026-07-02T20:00"), hours(2)) == at("2026-07-06T14:00")


def test_a_year_of_holidays_is_looked_across():
    closed = [date(2026, 3, 1) + timedelta(days=n) for n in range(800)]
    office = BusinessHours(("09:00", "17:00"), zone="UTC", weekdays=None, holidays=closed)
    assert after(office, at("2026-03-02T08:00"), hours(1)) == at("2028-05-09T10:00")


def test_hours_that_open_once_a_week_are_counted_for_years():
    office = BusinessHours(("09:00", "09:01"), zone="UTC", weekdays=["mon"])
    assert after(office, at("2026-03-02T00:00"), minutes(520)) == at("2036-02-11T09:01")


def test_where_calendars_end_so_does_the_count():
    end = after(BERLIN, datetime(9999, 12, 20, tzinfo=UTC), hours(400))
    assert end < datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BusinessHours(zone="UTC"), "business hours needs at least one interval"),
        (lambda: BusinessHours(("09:00", "09:00"), zone="UTC"), "always or never"),
        (lambda: BusinessHours(("09:00",), zone="UTC"), r'write BusinessHours\(\("09:00", "12:00"\)'),
        (lambda: BusinessHours(("09:00", "17:00"), zone="UTC", weekdays=[]), "weekdays is a list of names"),
        (lambda: BusinessHours(("09:00", "17:00"), zone="UTC", weekdays=["monday"]), "not a weekday"),
        (lambda: BusinessHours(("09:00", "17:00"), zone="UTC", holidays=["tomorrow"]), "holidays holds dates"),
        (lambda: BusinessHours(("09:00", "17:00"), zone="Europe/Berln"), "name the time zone of those who answer"),
        (lambda: BusinessHours(("09:00", "17:00"), zone=UTC), "a time zone with a name"),
        (lambda: BusinessTime(days(900), BERLIN), "longer than ten years"),
    ],
)
def test_hours_that_cannot_be_are_refused(make, words):
    with pytest.raises(JourneyError, match=words):
        make()


def test_they_are_as_long_in_a_week_as_they_say():
    assert BERLIN.in_a_week == hours(40)
    assert BusinessHours(("09:00", "13:00"), ("12:00", "14:00"), zone="UTC", weekdays=["mon"]).in_a_week == hours(5)
    assert BusinessHours(("00:00", "24:00"), zone="UTC", weekdays=None).in_a_week == days(7)
    assert str(BusinessTime(hours(8), BERLIN)) == "8 hours of business hours"
