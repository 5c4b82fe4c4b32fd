"""Tables of UTC offsets say what `zoneinfo` says, in every zone, at every change of clocks from 1900 to 2100."""

import struct
import sys
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import zones
from touchpoint.durations import FIRST_INSTANT, LAST_INSTANT, micros
from touchpoint.journey.windows import QuietHours, SendWindow
from touchpoint.policy.windows import NEVER, OPEN, WindowEvaluator
from touchpoint.zones import _table, _walked, offset_at, offsets, zone

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
FIRST, LAST = (micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (1900, 2100))
NAMES = sorted(available_timezones() - {"localtime", "posixrules"})
ODD = (
    "Africa/Casablanca", "Africa/El_Aaiun", "America/Boa_Vista", "America/Nuuk", "America/St_Johns", "Antarctica/Troll",
    "Asia/Gaza", "Asia/Manila", "Australia/Lord_Howe", "Europe/Dublin", "Europe/London", "Pacific/Apia",
    "Pacific/Kwajalein", "America/Juneau", "Africa/Monrovia", "Asia/Pyongyang",
)  # fmt: skip


def data_of(name):
    for source in zones._sources():
        try:
            return source.root.joinpath(*name.split("/")).read_bytes()
        except OSError:
            continue
    raise AssertionError(name)


def recorded(data):
    """The instants (seconds) at which the offset changes, as a file of RFC 9636 records them in its second block."""

    def block(at):
        return struct.unpack(">4x1x15x6l", data[at : at + 44])

    utc, std, leaps, times, types, chars = block(0)
    at = 44 + times * 5 + types * 6 + chars + leaps * 8 + std + utc
    utc, std, leaps, times, types, chars = block(at)
    at += 44
    instants = struct.unpack(f">{times}q", data[at : at + 8 * times])
    kinds = data[at + 8 * times : at + 9 * times]
    at += 9 * times
    ahead = [struct.unpack(">l", data[at + 6 * n : at + 6 * n + 4])[0] for n in range(types)]
    reads = [ahead[0], *(ahead[kind] for kind in kinds)]
    return [instant for instant, (before, after) in zip(instants, pairwise(reads), strict=True) if before != after]


@cache
def changes(name):
    """Microseconds UTC, from 1900 to 2100; after the last recorded one those that `zoneinfo` follows by rule."""
    found = [each * SECOND for each in recorded(data_of(name)) if FIRST < each * SECOND < LAST]
    place, at = zone(name), max([*found, FIRST])
    while at < LAST and (ahead := at + 7 * DAY):
        if offset_at(ahead, place) != offset_at(at, place):
            found.append(_walked(place, at, ahead)[0][1])
        at = ahead
    return found


def test_no_clocks_change_twice_within_a_day():
    """A table is made by looking every three hours: what changes and changes back in between would be missed."""
    seen = {data_of(name): name for name in NAMES}
    close = {
        name: min((later - earlier for earlier, later in pairwise(recorded(data))), default=10**9)
        for data, name in seen.items()
    }
    assert min(close.values()) > 24 * 3_600, min(close, key=close.get)


@pytest.mark.parametrize("name", ODD)
def test_each_change_of_clocks_is_met_to_the_microsecond(name):
    place = zone(name)
    assert changes(name)
    for change in changes(name)[::5]:
        (_, until, before), (since, _, after) = offsets(place, change - DAY, change + DAY)
        assert (until, since) == (change, change)
        assert (before, after) == (offset_at(change - 1, place), offset_at(change, place))


@st.composite
def moments(draw, names=(*NAMES, *ODD * 20)):
    """A zone, and an instant near one of its changes, or anywhere."""
    name = draw(st.sampled_from(names))
    near = st.sampled_from(changes(name) or [0]).flatmap(lambda at: st.integers(at - 2, at + 2))
    return name, draw(st.integers(FIRST, LAST) | near)


@settings(max_examples=100, deadline=None)
@given(moments(), st.integers(1, 90 * DAY) | st.integers(1, 2 * HOUR), st.data())
def test_tables_say_what_zoneinfo_says(moment, span, data):  # S2.2
    name, start = moment
    place = zone(name)
    found = offsets(place, start, start + span)
    assert [since for since, _, _ in found] == [start, *(until for _, until, _ in found[:-1])]
    assert found[-1][1] == start + span
    assert all(before[2] != after[2] for before, after in pairwise(found))
    for since, until, offset in found:
        for at in (since, until - 1, data.draw(st.integers(since, until - 1))):
            aware = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(place)
            assert aware.utcoffset() == timedelta(microseconds=offset)


def test_a_stretch_goes_on_from_one_table_to_the_next():
    assert offsets(zone("UTC"), 0, 400 * DAY) == [(0, 400 * DAY, 0)]


@pytest.mark.parametrize("start", [FIRST_INSTANT, LAST_INSTANT - DAY])
def test_there_are_offsets_at_the_ends_of_the_calendar(start):
    assert offsets(zone("UTC"), start, start + DAY) == [(start, start + DAY, 0)]


def test_a_table_is_made_once():
    place = zone("Europe/Madrid")
    offsets(place, FIRST, FIRST + DAY)
    before = _table.cache_info()
    offsets(place, FIRST, FIRST + DAY)
    after = _table.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)
    assert after.maxsize is not None


def plainly_open(window, place, at):
    """Whether a window without margin, weekdays and holidays is open, by `zoneinfo` and the clock alone."""
    clock = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(place).time().isoformat()
    start, end = (window.start, window.end) if isinstance(window, QuietHours) else window.intervals[0]
    inside = start <= clock < end if start < end else not end <= clock < start
    return inside != isinstance(window, QuietHours)


clock_times = st.integers(0, 23).map("{:02}:00:00".format)
windows = st.tuples(clock_times, clock_times).filter(lambda pair: pair[0] != pair[1]).flatmap(
    lambda pair: st.sampled_from(
        [QuietHours(*pair, unknown_zone="deny"), SendWindow(pair, unknown_zone="deny")]
    )
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(windows, st.lists(moments(ODD), min_size=1, max_size=3), st.booleans())
def test_a_window_is_open_where_every_clock_says_so(window, found, as_list):  # S2.3, S2.4
    names = [name for name, _ in found]
    evaluator = WindowEvaluator(window)
    for _, at in found * 2:
        told = evaluator.opens(names if as_list else tuple(names), at)
        assert (told is OPEN) == all(plainly_open(window, zone(name), at) for name in names)
        if told.at is not None:
            assert all(plainly_open(window, zone(name), told.at) for name in names)


# What a check costs, in calls of functions.


def calls_of(evaluator, names, at):
    counted = []
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: event == "call" and counted.append(frame.f_code.co_name))
    try:
        evaluator.opens(names, at)
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.parametrize("names", [("Europe/Madrid",), ("Europe/Madrid", "America/New_York", "Europe/London")])
def test_who_asks_again_within_a_week_is_told_by_one_call(names):
    evaluator = WindowEvaluator(QuietHours("21:00", "09:00", unknown_zone="deny"))
    thursday = micros(datetime(2026, 3, 5, tzinfo=UTC))
    evaluator.opens(names, thursday)
    assert all(calls_of(evaluator, names, thursday + n * HOUR) == ["opens"] for n in range(24 * 7))


def test_two_weeks_in_turns_are_both_kept():
    evaluator = WindowEvaluator(QuietHours("21:00", "09:00", unknown_zone="deny"))
    for at in (0, 30 * DAY):
        evaluator.opens(("UTC",), at)
    assert calls_of(evaluator, ("UTC",), 0) == ["opens", "_elsewhere"]


def test_a_window_that_opens_far_away_is_looked_for_once():
    quiet = [date(1970, 1, 1) + timedelta(day) for day in range(300)]
    evaluator = WindowEvaluator(QuietHours("21:00", "09:00", unknown_zone="deny", holidays=quiet))
    assert evaluator.opens(("UTC",), 0).at == 300 * DAY + 9 * HOUR
    assert calls_of(evaluator, ("UTC",), HOUR) == ["opens", "_elsewhere", "_far", "__init__"]
    assert WindowEvaluator(QuietHours("00:00", "24:00", unknown_zone="deny")).opens(("UTC",), 0) is NEVER


def test_the_order_of_edges_is_that_of_time():
    evaluator = WindowEvaluator(QuietHours("21:00", "09:00", unknown_zone="deny"))
    evaluator.opens(("Europe/Madrid",), 0)
    ((edges, answers),) = evaluator._weeks.values()
    assert list(edges) == sorted(set(edges))
    assert bisect_right(edges, edges[-1]) == len(answers) - 1
