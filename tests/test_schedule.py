"""Due times on the customer's calendar, against hand-computed instants (S2.1, S2.2)."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from dateutil.relativedelta import FR, MO, relativedelta
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from touchpoint.core.schedule import after, anniversary, calendar_period, date_from, next_local_time
from touchpoint.durations import calendar_days, days, hours, instant, micros, months, years
from touchpoint.errors import InvalidInput, JourneyError, UnknownName
from touchpoint.zones import to_local, zone

NEW_YORK, LOS_ANGELES, KOLKATA = "America/New_York", "America/Los_Angeles", "Asia/Kolkata"
LORD_HOWE, APIA, SAO_PAULO = "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"
MONDAY_AT_NINE = relativedelta(weekday=MO(+1), hour=9, minute=0, second=0)


def us(text):
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def text(at):
    return instant(at).strftime("%Y-%m-%dT%H:%M")


def test_an_elapsed_wait_ignores_the_calendar():  # S2.1
    assert text(after(us("2026-03-07T17:00"), days(1), [NEW_YORK])) == "2026-03-08T17:00"


def test_a_calendar_wait_keeps_the_local_time():  # S2.1
    assert text(after(us("2026-03-07T17:00"), calendar_days(1), [NEW_YORK])) == "2026-03-08T16:00"


@pytest.mark.parametrize(
    ("place", "start", "delta", "expected"),
    [
        ("UTC", "2026-01-31T10:00", months(1), "2026-02-28T10:00"),  # the month's last day
        ("UTC", "2028-01-31T10:00", months(1), "2028-02-29T10:00"),  # a leap year's
        ("UTC", "2028-02-29T10:00", years(1), "2029-02-28T10:00"),
        (KOLKATA, "2026-01-30T20:00", months(1), "2026-02-27T20:00"),  # 31 January, 01:30 over there
        (NEW_YORK, "2026-03-07T07:30", calendar_days(1), "2026-03-08T07:00"),  # 02:30 does not exist
        (NEW_YORK, "2026-10-31T05:30", calendar_days(1), "2026-11-01T05:30"),  # 01:30 comes twice
        (LORD_HOWE, "2026-10-02T15:45", calendar_days(1), "2026-10-03T15:30"),  # 02:15 does not exist
        (SAO_PAULO, "2017-10-14T03:00", calendar_days(1), "2017-10-15T03:00"),  # nor this midnight
        (APIA, "2011-12-29T19:00", calendar_days(1), "2011-12-30T10:00"),  # nor this whole day
        ("UTC", "2026-03-03T12:00", MONDAY_AT_NINE, "2026-03-09T09:00"),
        (NEW_YORK, "2026-03-03T12:00", MONDAY_AT_NINE, "2026-03-09T13:00"),
        ("UTC", "2026-03-09T08:00", MONDAY_AT_NINE, "2026-03-09T09:00"),
        ("UTC", "2026-03-09T09:00", MONDAY_AT_NINE, "2026-03-09T09:00"),
        ("UTC", "2026-03-09T10:00", MONDAY_AT_NINE, "2026-03-16T09:00"),  # today's is over
        ("UTC", "2026-03-09T10:00", relativedelta(hour=9), "2026-03-10T09:00"),
        ("UTC", "2026-03-09T10:45", relativedelta(minute=30), "2026-03-09T11:30"),
        ("UTC", "2026-02-28T10:00", relativedelta(day=31, hour=9), "2026-03-31T09:00"),
        ("UTC", "2026-03-09T10:00", relativedelta(day=1, weekday=FR(+1)), "2026-04-03T10:00"),
        ("UTC", "2026-03-09T10:00", relativedelta(month=2, day=29), "2027-02-28T10:00"),
        ("UTC", "2026-03-09T10:00", relativedelta(year=2020), "2026-03-09T10:00"),  # never comes again
    ],
)
def test_a_calendar_wait_follows_the_customers_calendar(place, start, delta, expected):  # S2.1, S2.2
    assert text(after(us(start), delta, [place])) == expected


def test_of_several_zones_the_latest_instant_counts():  # S2.3
    wait = relativedelta(days=1, hour=9, minute=0)
    assert text(after(us("2026-07-01T12:00"), wait, [NEW_YORK, LOS_ANGELES])) == "2026-07-02T16:00"


def test_without_a_zone_the_calendar_is_that_of_utc():
    assert text(after(us("2026-07-01T12:00"), relativedelta(days=1, hour=9), [])) == "2026-07-02T09:00"


@pytest.mark.parametrize("wait", [hours(-5), calendar_days(-5), relativedelta()])
def test_a_wait_never_ends_before_it_began(wait):
    start = us("2026-11-01T06:30")  # 01:30 in New York, for the second time
    assert after(start, wait, [NEW_YORK]) == start


@pytest.mark.parametrize("wait", [years(9000), 5, "2 days"])
def test_a_wait_that_is_no_duration_or_leaves_the_calendar_is_refused(wait):
    with pytest.raises(InvalidInput):
        after(us("2026-07-01T12:00"), wait, ["UTC"])


def test_an_unknown_zone_is_named():
    with pytest.raises(UnknownName, match="Mars/Base"):
        after(us("2026-07-01T12:00"), calendar_days(1), ["Mars/Base"])


@pytest.mark.parametrize(
    ("place", "start", "at", "weekday", "expected"),
    [
        (NEW_YORK, "2026-03-07T15:00", "09:00", None, "2026-03-08T13:00"),
        (NEW_YORK, "2026-03-07T14:00", "09:00", None, "2026-03-07T14:00"),  # exactly now
        (NEW_YORK, "2026-03-07T08:00", "02:30", None, "2026-03-08T07:00"),  # in the gap: the first instant after it
        (NEW_YORK, "2026-03-08T07:00:01", "02:30", None, "2026-03-09T06:30"),
        (NEW_YORK, "2026-11-01T05:31", "01:30", None, "2026-11-02T06:30"),  # the second 01:30 does not count
        (KOLKATA, "2026-07-01T12:00", "09:00:30", None, "2026-07-02T03:30"),
        ("America/Nuuk", "2024-03-31T01:00", "23:30", None, "2024-03-31T01:00"),  # yesterday's, behind the gap
        (APIA, "2011-12-30T08:00", "09:00", None, "2011-12-30T19:00"),  # the 31st: there was no 30th
        ("UTC", "2026-03-09T10:00", "09:00", frozenset({"mon"}), "2026-03-16T09:00"),
        ("UTC", "2026-03-09T10:00", "09:00", frozenset({0, 3}), "2026-03-12T09:00"),
    ],
)
def test_the_next_local_time_is_met_once_a_day(place, start, at, weekday, expected):  # S2.2
    assert text(next_local_time(us(start), at, [place], weekday)) == expected


def test_the_next_local_time_of_several_zones_is_the_latest():  # S2.3
    assert text(next_local_time(us("2026-07-01T12:00"), "09:00", [NEW_YORK, LOS_ANGELES])) == "2026-07-01T16:00"


@pytest.mark.parametrize("at", ["24:00", "9:00", "nine", ""])
def test_a_time_of_day_that_is_none_is_refused(at):
    with pytest.raises(JourneyError, match="time of day"):
        next_local_time(0, at, ["UTC"])


@pytest.mark.parametrize("weekday", [frozenset(), frozenset({"monday"}), frozenset({7})])
def test_a_weekday_that_is_none_is_refused(weekday):
    with pytest.raises(InvalidInput, match="mon, tue"):
        next_local_time(0, "09:00", ["UTC"], weekday)


@pytest.mark.parametrize(
    ("day", "now", "place", "before", "due", "occurrence"),
    [
        (date(1980, 5, 17), "2026-03-01T00:00", NEW_YORK, days(0), "2026-05-17T13:00", date(2026, 5, 17)),
        (date(1980, 5, 17), "2026-05-17T13:00", NEW_YORK, days(0), "2027-05-17T13:00", date(2027, 5, 17)),
        (date(1980, 5, 17), "2026-05-17T12:59", NEW_YORK, days(0), "2026-05-17T13:00", date(2026, 5, 17)),
        (date(1980, 2, 29), "2026-01-01T00:00", "UTC", days(0), "2026-02-28T09:00", date(2026, 2, 28)),
        (date(1980, 2, 29), "2028-01-01T00:00", "UTC", days(0), "2028-02-29T09:00", date(2028, 2, 29)),
        (date(1980, 3, 10), "2026-01-01T00:00", NEW_YORK, days(7), "2026-03-03T13:00", date(2026, 3, 10)),  # elapsed
        (date(1980, 3, 10), "2026-01-01T00:00", NEW_YORK, calendar_days(7), "2026-03-03T14:00", date(2026, 3, 10)),
        (date(1980, 3, 31), "2026-01-01T00:00", "UTC", months(1), "2026-02-28T09:00", date(2026, 3, 31)),
        (date(1980, 1, 3), "2026-12-20T00:00", "UTC", days(7), "2026-12-27T09:00", date(2027, 1, 3)),
        (date(1980, 1, 3), "2026-12-28T00:00", "UTC", days(7), "2027-12-27T09:00", date(2028, 1, 3)),
        (
            date(2030, 6, 1),
            "2026-12-28T00:00",
            "UTC",
            days(7),
            "2030-05-25T09:00",
            date(2030, 6, 1),
        ),  # not before itself
        (
            date(1980, 1, 1),
            "2026-01-02T00:00",
            "UTC",
            days(-3),
            "2026-01-04T09:00",
            date(2026, 1, 1),
        ),  # three days after
        (date(1980, 1, 1), "2026-06-01T00:00", "UTC", years(3), "2027-01-01T09:00", date(2030, 1, 1)),
    ],
)
def test_a_date_comes_round_every_year(day, now, place, before, due, occurrence):  # S4.1
    at, about = anniversary(day, us(now), [place], "09:00", before)
    assert (text(at), about) == (due, occurrence)


def test_a_date_of_several_zones_is_due_at_the_latest():  # S2.3
    assert text(anniversary(date(1980, 5, 17), 0, [NEW_YORK, LOS_ANGELES], "08:00")[0]) == "1980-05-17T15:00"


def test_last_years_date_is_still_to_come_where_the_year_is_not_over():  # S2.3
    found = anniversary(date(1980, 12, 31), us("2026-12-31T12:00"), ["Pacific/Kiritimati", LOS_ANGELES])
    assert (text(found[0]), found[1]) == ("2026-12-31T17:00", date(2026, 12, 31))


def test_a_date_at_the_end_of_the_calendar_comes_once():
    at, about = anniversary(date(9999, 12, 30), us("2026-01-01T00:00"), ["UTC"])
    assert (text(at), about) == ("9999-12-30T09:00", date(9999, 12, 30))
    with pytest.raises(InvalidInput, match="9999"):
        anniversary(date(9999, 12, 30), at, ["UTC"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2026, 5, 17), date(2026, 5, 17)),
        (datetime(2026, 5, 17, 23, 0, tzinfo=timezone(-timedelta(hours=5))), date(2026, 5, 17)),
        ("2026-05-17", date(2026, 5, 17)),
        (" 2026-05-17 ", date(2026, 5, 17)),
        ("2026-05-17T23:00:00-05:00", date(2026, 5, 17)),
        ("2026-05-17 23:00:00.125Z", date(2026, 5, 17)),
        ("2026-02-30", None),
        ("17/05/2026", None),
        ("2026-05-17 or so", None),
        ("20260517", None),
        (20260517, None),
        (None, None),
    ],
)
def test_a_date_is_read_from_what_traits_hold(value, expected):
    assert date_from(value) == expected


@pytest.mark.parametrize(
    ("place", "now", "per", "start", "end"),
    [
        ("UTC", "2026-03-11T10:00", calendar_days(1), "2026-03-11T00:00", "2026-03-12T00:00"),
        ("UTC", "2026-03-11T10:00", calendar_days(7), "2026-03-09T00:00", "2026-03-16T00:00"),  # a Wednesday
        ("UTC", "2026-03-11T10:00", relativedelta(weeks=1), "2026-03-09T00:00", "2026-03-16T00:00"),
        ("UTC", "2026-12-11T10:00", months(1), "2026-12-01T00:00", "2027-01-01T00:00"),
        ("UTC", "2026-12-11T10:00", years(1), "2026-01-01T00:00", "2027-01-01T00:00"),
        (NEW_YORK, "2026-03-08T12:00", calendar_days(1), "2026-03-08T05:00", "2026-03-09T04:00"),  # 23 hours
        (NEW_YORK, "2026-11-01T12:00", calendar_days(1), "2026-11-01T04:00", "2026-11-02T05:00"),  # 25 hours
        (KOLKATA, "2026-03-31T20:00", months(1), "2026-03-31T18:30", "2026-04-30T18:30"),
        (SAO_PAULO, "2017-10-15T12:00", calendar_days(1), "2017-10-15T03:00", "2017-10-16T02:00"),
        (APIA, "2011-12-30T09:00", calendar_days(1), "2011-12-29T10:00", "2011-12-30T10:00"),
        # The last hour of the 28th comes again after the 29th began: it belongs to the 29th.
        ("America/St_Johns", "2006-10-29T02:45", calendar_days(1), "2006-10-29T02:30", "2006-10-30T03:30"),
    ],
)
def test_a_calendar_period_is_the_one_that_contains_now(place, now, per, start, end):  # S2.2, S6.6
    assert tuple(map(text, calendar_period(us(now), per, [place]))) == (start, end)


def test_a_calendar_period_of_several_zones_is_the_widest():  # S2.3
    found = calendar_period(us("2026-07-01T12:00"), calendar_days(1), [LOS_ANGELES, NEW_YORK])
    assert tuple(map(text, found)) == ("2026-07-01T04:00", "2026-07-02T07:00")


@pytest.mark.parametrize("per", [calendar_days(2), months(3), relativedelta(days=1, hour=9), relativedelta(), days(1)])
def test_a_period_without_a_natural_start_is_refused(per):
    with pytest.raises(InvalidInput, match="calendar_days"):
        calendar_period(0, per, ["UTC"])


places = st.sampled_from([NEW_YORK, KOLKATA, LORD_HOWE, SAO_PAULO, APIA, "Europe/Madrid"])
starts = st.integers(us("2005-01-01T00:00"), us("2030-01-01T00:00"))


@settings(max_examples=60)
@given(starts, st.timedeltas(timedelta(0), timedelta(40)), st.integers(0, 400), places)
def test_who_starts_later_on_the_local_clock_waits_no_less_long(start, by, n, place):
    later = start + by // timedelta(microseconds=1)
    assume(to_local(start, zone(place)) <= to_local(later, zone(place)))
    assert after(start, calendar_days(n), [place]) <= after(later, calendar_days(n), [place])
    assert after(start, days(n), [place]) <= after(later, days(n), [place])


@settings(max_examples=60)
@given(starts, st.integers(0, 60), st.integers(0, 60), places)
def test_a_longer_wait_ends_no_earlier(start, n, more, place):
    assert start <= after(start, calendar_days(n), [place]) <= after(start, calendar_days(n + more), [place])
    assert after(start, months(n), [place]) <= after(start, months(n + more), [place])


@settings(max_examples=40)
@given(starts, st.integers(0, 1439), places)
def test_nothing_before_the_next_local_time_says_so(start, minute, place):  # S2.2
    start -= start % 60_000_000
    at = f"{minute // 60:02}:{minute % 60:02}"
    due = next_local_time(start, at, [place])
    met = [t for t in range(start, due, 60_000_000) if to_local(t, zone(place)).strftime("%H:%M") == at]
    # Only the second of two equal readings may be passed over, and its first has then been before the start.
    assert all(next_local_time(t - 2 * 3_600_000_000, at, [place]) < start for t in met)


@settings(max_examples=60)
@given(st.dates(date(1920, 1, 1), date(2029, 12, 31)), starts, st.integers(-400, 800), places)
def test_asking_again_for_an_anniversary_answers_the_next_year(day, now, ahead, place):  # S4.1
    at, about = anniversary(day, now, [place], "09:00", calendar_days(ahead))
    again, next_about = anniversary(day, at, [place], "09:00", calendar_days(ahead))
    assert now < at < again
    assert next_about.year == about.year + 1


@settings(max_examples=60)
@given(starts, st.sampled_from([calendar_days(1), calendar_days(7), months(1), years(1)]), places)
def test_calendar_periods_contain_now_and_follow_each_other(now, per, place):  # S6.6
    start, end = calendar_period(now, per, [place])
    assert start <= now < end
    assert calendar_period(start, per, [place]) == (start, end)
    assert calendar_period(end, per, [place])[0] == end
