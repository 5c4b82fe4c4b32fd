"""Quiet hours and send windows: what they refuse, and when they are open (S2.3, S2.4)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import examples
from touchpoint.durations import hours, instant, micros, minutes, months
from touchpoint.errors import JourneyError, UnknownName
from touchpoint.journey.windows import WEEKDAYS, QuietHours, SendWindow, seconds_of_day
from touchpoint.policy.windows import _CACHED, NEVER, OPEN, UNKNOWN, Opening, WindowEvaluator, opens
from touchpoint.zones import to_local, zone

NEW_YORK, LOS_ANGELES, LORD_HOWE = "America/New_York", "America/Los_Angeles", "Australia/Lord_Howe"
MINUTE = 60_000_000
NIGHT = QuietHours("21:00", "08:00", unknown_zone="deny")
OFFICE = SendWindow(("09:00", "12:00"), ("13:00", "17:00"), unknown_zone="deny", weekdays=WEEKDAYS[:5])


def us(text):
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def answer(window, zones, now):
    """`open`, `never`, `unknown`, or the instant at which it opens, as text."""
    found = opens(window, [zones] if isinstance(zones, str) else zones, us(now))
    return found.state if found.at is None else instant(found.at).strftime("%Y-%m-%dT%H:%M")


# --- as data ---


def test_quiet_hours_are_data_in_one_notation():
    given_loosely = QuietHours(
        time(21), "08:00:00", unknown_zone=ZoneInfo("America/Sao_Paulo"), kinds=["marketing"], weekdays=["fri", "mon"],
        holidays=["2026-12-25", date(2026, 1, 1)],
    )  # fmt: skip
    assert attrs.asdict(given_loosely) == {
        "start": "21:00",
        "end": "08:00",
        "unknown_zone": "America/Sao_Paulo",
        "kinds": ("marketing",),
        "channels": None,
        "weekdays": ("mon", "fri"),
        "holidays": (date(2026, 1, 1), date(2026, 12, 25)),
        "margin": timedelta(0),
        "over": "defer",
    }


@pytest.mark.parametrize("over", ["drop", None, 1])
def test_what_happens_in_quiet_hours_is_one_of_two_things(over):
    with pytest.raises(JourneyError, match="deny"):
        QuietHours("21:00", "08:00", unknown_zone="deny", over=over)
    with pytest.raises(JourneyError, match="deny"):
        SendWindow(("09:00", "12:00"), unknown_zone="deny", over=over)


def test_a_send_window_holds_its_intervals():
    window = SendWindow(["09:00", time(12, 0, 30)], ("13:00", "24:00"), unknown_zone="deny", channels={"sms", "email"})
    assert window.intervals == (("09:00", "12:00:30"), ("13:00", "24:00"))
    assert window.channels == ("email", "sms")


def test_a_zone_and_its_name_are_the_same_assumption():  # S2.3
    by_zone, by_name = (
        QuietHours("21:00", "08:00", unknown_zone=z) for z in (ZoneInfo("Asia/Kolkata"), "Asia/Kolkata")
    )
    assert by_zone == by_name
    assert hash(by_zone) == hash(by_name)


@pytest.mark.parametrize("build", [lambda: QuietHours("21:00", "08:00"), lambda: SendWindow(("09:00", "12:00"))])
def test_there_is_no_default_for_an_unknown_zone(build):  # S2.3
    with pytest.raises(TypeError, match="unknown_zone"):
        build()


@pytest.mark.parametrize(
    "bad", ["25:00", "9:00", "12:60", "noon", "", "08:00\n", 1260, None, time(8, 0, 0, 5), time(8, tzinfo=UTC)]
)
def test_a_bad_time_is_refused(bad):
    with pytest.raises(JourneyError, match="time of day"):
        QuietHours("21:00", bad, unknown_zone="deny")


def test_a_window_cannot_start_at_the_end_of_the_day():
    with pytest.raises(JourneyError, match='write "00:00"'):
        QuietHours("24:00", "08:00", unknown_zone="deny")


@pytest.mark.parametrize(
    "build",
    [
        lambda: QuietHours("08:00", time(8), unknown_zone="deny"),
        lambda: SendWindow(("08:00", "08:00:00"), unknown_zone="deny"),
    ],
)
def test_a_start_equal_to_the_end_is_refused(build):  # S2.4
    with pytest.raises(JourneyError, match="starts and ends"):
        build()


@pytest.mark.parametrize("intervals", [(), ("09:00", "17:00"), (("09:00",),), (9,)])
def test_a_send_window_needs_pairs(intervals):
    with pytest.raises(JourneyError, match="interval"):
        SendWindow(*intervals, unknown_zone="deny")


@pytest.mark.parametrize(
    ("settings_", "says"),
    [
        ({"unknown_zone": "Europe/Madri"}, "Europe/Madrid"),
        ({"unknown_zone": UTC}, "ZoneInfo"),
        ({"unknown_zone": None}, "deny"),
        ({"weekdays": ["monday"]}, "did you mean 'mon'"),
        ({"weekdays": []}, "weekdays"),
        ({"kinds": "marketing"}, "kinds is a list"),
        ({"channels": [1]}, "channels is a list"),
        ({"channels": ()}, "channels is a list"),
        ({"holidays": ["Christmas"]}, "holidays"),
        ({"holidays": [datetime(2026, 12, 25, tzinfo=UTC)]}, "holidays"),
        ({"margin": minutes(-1)}, "margin"),
        ({"margin": months(1)}, "margin"),
    ],
)
@pytest.mark.parametrize(
    "build", [lambda **kw: QuietHours("21:00", "08:00", **kw), lambda **kw: SendWindow(("09:00", "12:00"), **kw)]
)
def test_a_bad_setting_is_refused_by_name(build, settings_, says):
    with pytest.raises(JourneyError, match=says):
        build(**{"unknown_zone": "deny"} | settings_)


# --- when they are open ---


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-07-01T20:59", "open"),
        ("2026-07-01T21:00", "2026-07-02T08:00"),
        ("2026-07-02T07:59", "2026-07-02T08:00"),
        ("2026-07-02T08:00", "open"),
    ],
)
def test_quiet_hours_are_half_open(now, expected):  # S2.4
    assert answer(NIGHT, "UTC", now) == expected


@pytest.mark.parametrize(
    ("place", "window", "now", "expected"),
    [
        (NEW_YORK, NIGHT, "2026-03-08T02:00", "2026-03-08T12:00"),  # the night of the spring change
        (NEW_YORK, NIGHT, "2026-03-07T02:00", "2026-03-07T13:00"),  # the night before it
        (NEW_YORK, NIGHT, "2026-11-01T02:00", "2026-11-01T13:00"),  # the night of the autumn change
        ("Asia/Kolkata", NIGHT, "2026-07-01T16:00", "2026-07-02T02:30"),
        (LORD_HOWE, NIGHT, "2026-10-03T11:00", "2026-10-03T21:00"),  # the clocks go forward by half an hour
        (LORD_HOWE, NIGHT, "2026-04-04T11:00", "2026-04-04T21:30"),  # and back
        (NEW_YORK, QuietHours("01:00", "02:30", unknown_zone="deny"), "2026-03-08T06:30", "2026-03-08T07:00"),
        (NEW_YORK, QuietHours("02:10", "02:50", unknown_zone="deny"), "2026-03-08T07:00", "open"),  # skipped altogether
        (NEW_YORK, SendWindow(("02:30", "04:00"), unknown_zone="deny"), "2026-03-08T05:00", "2026-03-08T07:00"),
        (
            "America/Sao_Paulo",
            QuietHours("22:00", "00:00", unknown_zone="deny"),
            "2017-10-15T02:00",
            "2017-10-15T03:00",
        ),
        ("Pacific/Apia", OFFICE, "2011-12-30T09:00", "2012-01-01T19:00"),  # the Friday never came: Monday
    ],
)
def test_windows_follow_the_local_clock_through_its_changes(place, window, now, expected):  # S2.2, S2.4
    assert answer(window, place, now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-01T05:20", "2026-11-01T05:30"),  # 01:20, until the first 01:30
        ("2026-11-01T05:40", "open"),  # 01:40
        ("2026-11-01T06:20", "2026-11-01T06:30"),  # 01:20 again: the clock says quiet
    ],
)
def test_an_hour_that_comes_twice_is_quiet_twice(now, expected):  # S2.4
    assert answer(QuietHours("21:00", "01:30", unknown_zone="deny"), NEW_YORK, now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-06T09:00", "open"),
        ("2026-03-06T12:00", "2026-03-06T13:00"),
        ("2026-03-06T16:59", "open"),
        ("2026-03-06T17:00", "2026-03-09T09:00"),  # Friday evening
        ("2026-03-07T10:00", "2026-03-09T09:00"),
    ],
)
def test_a_send_window_has_intervals_and_weekdays(now, expected):  # S2.4
    assert answer(OFFICE, "UTC", now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-03-06T23:00", "2026-03-07T08:00"), ("2026-03-07T07:00", "2026-03-07T08:00"), ("2026-03-07T23:00", "open")],
)
def test_weekdays_name_the_day_on_which_quiet_hours_start(now, expected):  # S2.4
    assert answer(QuietHours("21:00", "08:00", unknown_zone="deny", weekdays=["fri"]), "UTC", now) == expected


def test_a_holiday_is_quiet_all_day():  # S2.4
    window = QuietHours("21:00", "08:00", unknown_zone="deny", holidays=["2026-12-25"])
    assert answer(window, NEW_YORK, "2026-12-25T15:00") == "2026-12-26T13:00"
    assert answer(window, NEW_YORK, "2026-12-24T15:00") == "open"


def test_an_interval_of_a_holiday_does_not_open():  # S2.4
    window = SendWindow(("20:00", "02:00"), unknown_zone="deny", holidays=["2026-12-25"])
    assert answer(window, "UTC", "2026-12-24T23:59") == "open"
    assert answer(window, "UTC", "2026-12-25T00:00") == "2026-12-26T20:00"


def test_a_window_may_be_the_whole_day():  # S2.4
    window = SendWindow(("00:00", "24:00"), unknown_zone="deny", weekdays=["mon"])
    assert answer(window, "UTC", "2026-03-10T00:00") == "2026-03-16T00:00"
    assert answer(window, "UTC", "2026-03-09T23:59") == "open"


def test_a_margin_shortens_the_open_time_at_both_edges():  # S2.4
    window = QuietHours("21:00", "08:00", unknown_zone="deny", margin=minutes(15))
    assert answer(window, "UTC", "2026-07-01T20:44") == "open"
    assert answer(window, "UTC", "2026-07-01T20:45") == "2026-07-02T08:15"
    assert answer(window, "UTC", "2026-07-02T08:14") == "2026-07-02T08:15"


def test_a_margin_leaves_adjoining_intervals_together():
    window = SendWindow(("09:00", "12:00"), ("12:00", "17:00"), unknown_zone="deny", margin=minutes(15))
    assert answer(window, "UTC", "2026-07-01T12:00") == "open"


def test_several_zones_must_all_be_open():  # S2.3
    coasts = (NEW_YORK, LOS_ANGELES)
    assert answer(NIGHT, coasts, "2026-07-01T12:30") == "2026-07-01T15:00"  # 08:30 and 05:30
    assert answer(NIGHT, coasts, "2026-07-01T15:00") == "open"
    assert answer(NIGHT, coasts, "2026-07-02T01:00") == "2026-07-02T15:00"  # 21:00 and 18:00


def test_zones_that_never_agree_never_open():  # S2.3
    window = SendWindow(("09:00", "12:00"), unknown_zone="deny")
    assert answer(window, (NEW_YORK, "Asia/Tokyo"), "2026-07-01T12:00") == "never"


def test_without_a_zone_the_window_decides():  # S2.3
    assert answer(NIGHT, (), "2026-07-01T12:00") == "unknown"
    assumed = QuietHours("21:00", "08:00", unknown_zone=ZoneInfo(NEW_YORK))
    assert answer(assumed, (), "2026-07-01T11:00") == "2026-07-01T12:00"


def test_a_known_zone_comes_before_the_assumed_one():  # S2.3
    assert answer(QuietHours("21:00", "08:00", unknown_zone=NEW_YORK), "UTC", "2026-07-01T09:00") == "open"


def test_a_window_that_the_margin_swallows_never_opens():
    assert (
        answer(SendWindow(("09:00", "10:00"), unknown_zone="deny", margin=minutes(30)), "UTC", "2026-07-01T12:00")
        == "never"
    )


def test_an_opening_is_looked_for_within_400_days():
    now = date(2026, 7, 1)
    every_day = [now + timedelta(n) for n in range(401)]
    shut = {n: QuietHours("21:00", "08:00", unknown_zone="deny", holidays=every_day[:n]) for n in (400, 401)}
    assert answer(shut[400], "UTC", "2026-07-01T08:00") == "2027-08-05T08:00"
    assert answer(shut[400], "UTC", "2026-07-01T07:59") == "never"
    assert answer(shut[401], "UTC", "2026-07-01T12:00") == "never"


def test_an_unknown_zone_is_named():
    with pytest.raises(UnknownName, match="Mars/Base"):
        opens(NIGHT, ["Mars/Base"], 0)


def test_the_answers_are_shared_constants():
    evaluator = WindowEvaluator(NIGHT)
    assert evaluator.opens(("UTC",), us("2026-07-01T12:00")) is OPEN
    assert evaluator.opens((), 0) is UNKNOWN
    assert WindowEvaluator(QuietHours("00:00", "24:00", unknown_zone="deny")).opens(("UTC",), 0) is NEVER


def test_what_an_evaluator_remembers_is_bounded():
    evaluator = WindowEvaluator(QuietHours("12:00", "08:00", unknown_zone="deny"))
    for week in range(_CACHED + 100):
        noon = (week * 7 * 1440 + 720) * MINUTE
        assert evaluator.opens(("UTC",), noon).at == noon + 1200 * MINUTE
    assert max(len(evaluator._weeks), len(evaluator._last)) <= _CACHED


def test_what_an_evaluator_remembers_of_far_openings_is_bounded():
    weeks = 2 * _CACHED
    quiet = [date(1970, 1, 1) + timedelta(day) for day in range(7 * weeks) if day % 28]
    evaluator = WindowEvaluator(QuietHours("12:00", "08:00", unknown_zone="deny", holidays=quiet))
    for week in range(weeks - 3):
        four = (week // 4 + 1) * 28 * 1440 * MINUTE
        assert evaluator.opens(("UTC",), (week * 7 * 1440 + 720) * MINUTE).at == four + 480 * MINUTE
    assert 0 < len(evaluator._later) <= _CACHED


# --- laws ---

# Around the changes of clocks of several kinds.
CHANGES = [
    "2026-03-08", "2026-11-01", "2026-04-04", "2026-10-03",
    "2017-10-15", "2011-12-30", "2006-10-29", "2024-03-31",
]  # fmt: skip
PLACES = [NEW_YORK, LOS_ANGELES, LORD_HOWE, "America/Sao_Paulo", "Pacific/Apia", "America/St_Johns", "America/Nuuk"]
moments = st.builds(lambda day, off: us(day) + off * MINUTE, st.sampled_from(CHANGES), st.integers(-2 * 1440, 2 * 1440))
zone_lists = st.lists(st.sampled_from(PLACES), min_size=1, max_size=2)
clocks = st.integers(0, 95).map(lambda n: f"{n // 4:02}:{n % 4 * 15:02}")
pairs = st.tuples(clocks, clocks | st.just("24:00")).filter(lambda pair: pair[0] != pair[1])
dates = st.lists(st.sampled_from(["2026-03-08", "2026-11-01", "2026-04-05", "2017-10-15", "2011-12-31"]), max_size=2)
weekday_sets = st.none() | st.sets(st.sampled_from(WEEKDAYS), min_size=4)
margins = st.sampled_from([0, 0, 15, 90]).map(minutes)
quiet_hours = st.builds(
    lambda pair, **kw: QuietHours(*pair, unknown_zone="deny", **kw),
    pairs,
    weekdays=weekday_sets,
    holidays=dates,
    margin=margins,
)
send_windows = st.builds(
    lambda many, **kw: SendWindow(*many, unknown_zone="deny", **kw),
    st.lists(pairs, min_size=1, max_size=3), weekdays=weekday_sets, holidays=dates, margin=margins,
)  # fmt: skip


def within(window, reading):
    """Whether an interval of the window covers this reading of a local clock, straight from the words of S2.4."""
    quiet = isinstance(window, QuietHours)
    for start, end in [(window.start, window.end)] if quiet else window.intervals:
        for back in (0, 1):
            day = reading.date() - timedelta(back)
            starts = datetime.combine(day, time()) + timedelta(seconds=seconds_of_day(start))
            ends = datetime.combine(day + timedelta(end < start), time()) + timedelta(seconds=seconds_of_day(end))
            counts = (window.weekdays is None or WEEKDAYS[day.weekday()] in window.weekdays) and (
                quiet or day not in window.holidays
            )
            if counts and starts <= reading < ends:
                return True
    return False


def clock_is_open(window, place, at):
    reading = to_local(at, zone(place))
    return reading.date() not in window.holidays and within(window, reading) != isinstance(window, QuietHours)


def scan(window, places, start, count):
    """For each of `count` minutes whether the window is open in all places, margins and all."""
    margin = window.margin // timedelta(minutes=1)
    open_ = [
        all(clock_is_open(window, place, start + n * MINUTE) for place in places)
        for n in range(-margin, count + margin)
    ]
    return [all(open_[n : n + 2 * margin + 1]) for n in range(count)]


@settings(max_examples=examples(60))
@given(quiet_hours | send_windows, zone_lists, moments)
def test_a_window_opens_at_the_first_minute_at_which_the_clocks_allow_it(window, places, now):  # S2.2, S2.3, S2.4
    found = WindowEvaluator(window).opens(places, now)
    open_ = scan(window, places, now, 1440)
    if True in open_:
        first = now + open_.index(True) * MINUTE
        assert found == (OPEN if first == now else Opening("opens", first))
    else:
        assert found is NEVER or found.at >= now + 1440 * MINUTE


@settings(max_examples=examples(60))
@given(quiet_hours | send_windows, zone_lists, moments)
def test_what_opens_is_open_then_and_not_a_moment_before(window, places, now):
    evaluator = WindowEvaluator(window)
    found = evaluator.opens(places, now)
    if found.at is not None:
        assert now < found.at
        assert evaluator.opens(places, found.at) is OPEN
        assert evaluator.opens(places, found.at - 1) == found


@settings(max_examples=30)
@given(quiet_hours | send_windows, zone_lists, moments, st.integers(1, 3 * 1440))
def test_an_evaluator_with_a_memory_answers_as_one_without(window, places, now, later):
    evaluator = WindowEvaluator(window)
    evaluator.opens(places, now)
    assert evaluator.opens(places, now + later * MINUTE) == opens(window, places, now + later * MINUTE)


@settings(max_examples=30)
@given(quiet_hours, zone_lists, moments, st.sampled_from([hours(1), minutes(15)]))
def test_a_margin_never_opens_a_window_earlier(window, places, now, more):
    found, narrower = opens(window, places, now), opens(attrs.evolve(window, margin=window.margin + more), places, now)
    if narrower.state != "never":
        assert (found.at or now) <= (narrower.at or now)
