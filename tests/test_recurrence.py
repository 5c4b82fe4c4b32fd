"""Recurrence rules (RFC 5545, 3.3.10): read strictly, bounded, and the same dates as dateutil finds (S4.1)."""

import calendar
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import islice
from time import process_time

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from touchpoint import JourneyError, Schedule
from touchpoint.journey.recurrence import next_date, read, recurrence

DAY = timedelta(days=1)
START = date(2026, 3, 2)  # a Monday
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def dates(text, *, start=START, n=4):
    """The first dates of a rule that starts on the second of March 2026."""
    rule, found = recurrence(text, start), []
    day = (start or START) - DAY
    while len(found) < n and (day := next_date(rule, start, day)) is not None:
        found.append(day)
    return [each.isoformat() for each in found]


# --- dates ------------------------------------------------------------------------------------------------------------

EXAMPLES = {
    "FREQ=DAILY": ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"],
    "FREQ=DAILY;COUNT=2": ["2026-03-02", "2026-03-03"],
    "FREQ=DAILY;UNTIL=20260303": ["2026-03-02", "2026-03-03"],
    "FREQ=WEEKLY": ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23"],
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO": ["2026-03-03", "2026-03-08", "2026-03-17", "2026-03-22"],
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU": ["2026-03-03", "2026-03-15", "2026-03-17", "2026-03-29"],
    "FREQ=MONTHLY;BYDAY=1MO": ["2026-03-02", "2026-04-06", "2026-05-04", "2026-06-01"],
    "FREQ=MONTHLY;BYDAY=-1FR": ["2026-03-27", "2026-04-24", "2026-05-29", "2026-06-26"],
    "FREQ=MONTHLY;BYMONTHDAY=31": ["2026-03-31", "2026-05-31", "2026-07-31", "2026-08-31"],
    "FREQ=MONTHLY;BYMONTHDAY=-1": ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"],
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13": ["2026-03-13", "2026-11-13", "2027-08-13", "2028-10-13"],
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2": ["2026-03-30", "2026-04-29", "2026-05-28", "2026-06-29"],
    "FREQ=YEARLY": ["2026-03-02", "2027-03-02", "2028-03-02", "2029-03-02"],
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29": ["2028-02-29", "2032-02-29", "2036-02-29", "2040-02-29"],
    "FREQ=YEARLY;BYYEARDAY=-1": ["2026-12-31", "2027-12-31", "2028-12-31", "2029-12-31"],
    "FREQ=YEARLY;BYDAY=20MO": ["2026-05-18", "2027-05-17", "2028-05-15", "2029-05-14"],
    "FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU": ["2027-01-03", "2033-01-02", "2038-01-03", "2044-01-03"],
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_rule_falls_on_these_dates(text):  # S4.1
    assert dates(text) == EXAMPLES[text]


def test_a_start_is_no_date_of_the_rule_by_itself():
    assert dates("FREQ=WEEKLY;BYDAY=WE", n=1) == ["2026-03-04"]


@st.composite
def rules(draw):
    """Rules that dateutil reads as RFC 5545 means them: no numbers of weeks, no positions within a week begun late."""
    freq = draw(st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    parts = [f"FREQ={freq}", f"INTERVAL={draw(st.integers(1, 5))}", f"WKST={draw(st.sampled_from(WEEKDAYS))}"]
    numbers = {"BYMONTH": st.integers(1, 12)}
    signed = st.integers(1, 28) | st.integers(-28, -1)
    if freq != "WEEKLY":
        numbers |= {"BYMONTHDAY": signed, "BYSETPOS": st.integers(1, 4) | st.integers(-4, -1)}
    for name, number in numbers.items():
        if draw(st.integers(0, 3)) == 0:
            parts.append(f"{name}={','.join(map(str, draw(st.lists(number, min_size=1, max_size=3))))}")
    if draw(st.booleans()):
        # Of "MO,1MO" dateutil keeps what both say; to RFC 5545 it is a list like any other.
        counts = freq in ("MONTHLY", "YEARLY") and draw(st.booleans())
        nth = st.sampled_from(("1", "-1", "+2", "-3") if counts else ("",))
        days = draw(st.lists(st.tuples(nth, st.sampled_from(WEEKDAYS)), min_size=1, max_size=3))
        parts.append(f"BYDAY={','.join(n + day for n, day in days)}")
    if draw(st.integers(0, 3)) == 0:
        parts.append(f"COUNT={draw(st.integers(1, 9))}")
    return ";".join(draw(st.permutations(parts)))


@settings(max_examples=60, deadline=None)
@given(rules(), st.dates(date(1999, 1, 1), date(2031, 1, 1)))
def test_the_dates_are_those_that_dateutil_finds(text, start):
    try:
        rule = recurrence(text, start)
    except JourneyError:
        reject()
    mine, day = [], start - DAY  # dateutil takes long to find what is far away
    while len(mine) < 8 and (day := next_date(rule, start, day)) is not None and day.year < start.year + 6:
        mine.append(day.isoformat())
    theirs = rrulestr(text, dtstart=datetime(start.year, start.month, start.day))
    assert mine == [each.date().isoformat() for each in islice(theirs, len(mine))]


@settings(max_examples=100, deadline=None)
@given(rules(), st.dates(date(1999, 1, 1), date(2031, 1, 1)))
def test_a_rule_reads_back_as_it_was_written(text, start):
    assert read(str(read(text))) == read(text)
    try:
        assert Schedule(text, start=start) == Schedule(Schedule(text, start=start).rule, start=start)
    except JourneyError:
        reject()


def test_weeks_are_numbered_as_iso_8601_has_it():
    for number in (1, 9, 52, 53):
        rule = recurrence(f"FREQ=YEARLY;BYWEEKNO={number};BYDAY=MO,SU")
        day = date(2000, 1, 1)
        for _ in range(12):
            day = next_date(rule, None, day)
            assert day.isocalendar().week == number


def test_a_week_that_is_counted_from_the_end_is_found_in_every_year():
    rule = recurrence("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=TH")
    assert [next_date(rule, None, date(year, 1, 1)).isocalendar().week for year in range(2020, 2027)] == [
        53, 52, 52, 52, 52, 52, 53,
    ]  # fmt: skip


def test_a_rule_without_a_start_does_not_depend_on_where_one_looks_from():
    rule = recurrence("FREQ=MONTHLY;BYDAY=2TU")
    assert {next_date(rule, None, date(2026, 3, 10) + n * DAY) for n in range(35)} == {date(2026, 4, 14)}


def test_the_process_has_no_say_in_when_a_week_begins(monkeypatch):  # S11.5: dateutil would ask it
    text = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU"
    before = dates(text)
    monkeypatch.setattr(calendar, "firstweekday", lambda: 6)
    next_date.cache_clear()
    assert dates(text) == before


def test_a_rule_that_has_come_to_its_end_has_no_next_date():
    rule = recurrence("FREQ=DAILY;COUNT=3", START)
    assert next_date(rule, START, date(2026, 3, 4)) is None


# --- what is refused --------------------------------------------------------------------------------------------------

REFUSED = {
    "FREQ=SECONDLY": "a schedule is of days",
    "FREQ=HOURLY": "a schedule is of days",
    "": "nobody knows",
    "BYDAY=MO": "begin with FREQ",
    "FREQ=FORTNIGHTLY": "begin with FREQ",
    "FREQ=DAILY;": "nobody knows",
    "FREQ=DAILY;BYDAYS=MO": "did you mean 'BYDAY'",
    "FREQ=DAILY;BYHOUR=9": 'at="09:00"',
    "FREQ=DAILY\nDTSTART:20260302T090000Z": "begin with FREQ",
    "FREQ=DAILY;DTSTART=20260302": "start=",
    "FREQ=DAILY;FREQ=DAILY": "twice",
    "FREQ=DAILY;INTERVAL=0": "from 1 to 1,000",
    "FREQ=DAILY;INTERVAL=1000000000": "from 1 to 1,000",
    "FREQ=DAILY;INTERVAL=-1": "from 1 to 1,000",
    "FREQ=DAILY;COUNT=0": "from 1 to 1,000",
    "FREQ=DAILY;COUNT=1_0": "from 1 to 1,000",
    "FREQ=DAILY;COUNT=2;UNTIL=20270101": "one of them",
    "FREQ=DAILY;UNTIL=20261231T235959Z": "UNTIL=20261231",
    "FREQ=DAILY;UNTIL=20261331": "UNTIL=20261231",
    "FREQ=DAILY;BYMONTH=13": "from 1 to 12",
    "FREQ=DAILY;BYMONTH=-1": "from 1 to 12",
    "FREQ=MONTHLY;BYMONTHDAY=0": "-31 to -1 from the end",
    "FREQ=MONTHLY;BYMONTHDAY=\u0663": "plain letters",
    "FREQ=MONTHLY;BYDAY=60MO": "at most 5",
    "FREQ=MONTHLY;BYDAY=0MO": "at most 5",
    "FREQ=YEARLY;BYMONTH=2;BYDAY=6MO": "at most 5",
    "FREQ=YEARLY;BYDAY=54MO": "at most 53",
    "FREQ=WEEKLY;BYDAY=1MO": "FREQ=MONTHLY",
    "FREQ=YEARLY;BYWEEKNO=3;BYDAY=1MO": "without BYWEEKNO",
    "FREQ=WEEKLY;BYDAY=MON": "-1MO",
    "FREQ=WEEKLY;BYMONTHDAY=3": "it needs FREQ=YEARLY",
    "FREQ=MONTHLY;BYWEEKNO=3": "it needs FREQ=YEARLY",
    "FREQ=MONTHLY;BYYEARDAY=3": "it needs FREQ=YEARLY",
    "FREQ=DAILY;WKST=XX": "WKST=MO",
    "FREQ=DAILY;BYSETPOS=1": "nothing to pick from",
    "FREQ=YEARLY;BYMONTHDAY=1": "BYMONTH=1",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30": "no date within 50 years",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30": "no date within 50 years",
    "FREQ=DAILY;BYDAY=MO;BYSETPOS=2": "no date within 50 years",
    "FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=29": "no date within 50 years",
    "FREQ=DAILY;UNTIL=20260301": "no date within 50 years",
    "FREQ=DAILY;BYMONTH=" + ",".join(["1"] * 400): "at most 500",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_rule_that_cannot_be_kept_is_refused_with_what_to_write(text):  # S4.1
    with pytest.raises(JourneyError) as refused:
        Schedule(text, start=date(2026, 3, 2))
    assert REFUSED[text] in str(refused.value)


@pytest.mark.parametrize(
    "text", ["FREQ=DAILY;COUNT=3", "FREQ=DAILY;INTERVAL=2", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY;BYMONTH=3"]
)
def test_a_rule_that_means_nothing_without_a_start_wants_one(text):
    with pytest.raises(JourneyError, match="start="):
        Schedule(text)
    assert Schedule(text, start=START).rule == text


@pytest.mark.parametrize("start", ["2026-03-02", datetime(2026, 3, 2), 1, date(1066, 10, 14), date(9999, 12, 31)])
def test_a_start_is_a_date_of_our_time(start):
    with pytest.raises(JourneyError, match="start"):
        Schedule("FREQ=DAILY", start=start)


@pytest.mark.parametrize("rule", [None, 3, b"FREQ=DAILY", ["FREQ=DAILY"]])
def test_a_rule_is_text(rule):
    with pytest.raises(JourneyError, match="a schedule takes a rule"):
        Schedule(rule)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="FREQDAILYWKMONTHBUSP=;,:+-0123456789\n\u0660 ", max_size=60) | st.text(max_size=40))
def test_whatever_is_written_gives_a_rule_or_an_error_of_ours(text):
    try:
        Schedule(text, start=START)
    except JourneyError:
        return


HOSTILE = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;COUNT=1000;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;COUNT=1000;BYDAY=53FR",
    "FREQ=YEARLY;BYWEEKNO=53;BYYEARDAY=100",
    "FREQ=DAILY;BYDAY=MO;BYMONTHDAY=29;BYMONTH=2;BYSETPOS=2",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_rule_takes_long(text):
    began = process_time()
    with suppress(JourneyError):
        Schedule(text, start=START)
    assert process_time() - began < 2
