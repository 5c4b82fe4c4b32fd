"""Instants and local times, against hand-computed instants (S2.2)."""

import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import zones
from touchpoint.durations import FIRST_INSTANT, LAST_INSTANT, instant, micros
from touchpoint.errors import InvalidInput, UnknownName
from touchpoint.zones import day_start, from_local, offset_at, offsets, said_by_clock, to_local, tz_version, zone

NEW_YORK = "America/New_York"
PLACES = (NEW_YORK, "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Europe/Madrid", "Pacific/Apia")
HOUR = 3_600_000_000


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text, place):
    return instant(from_local(datetime.fromisoformat(text), zone(place)))


@pytest.mark.parametrize(
    ("place", "reading", "expected"),
    [
        (NEW_YORK, "2026-07-01T09:00", "2026-07-01T13:00"),
        ("Asia/Kolkata", "2026-07-01T09:00", "2026-07-01T03:30"),
        ("Asia/Kathmandu", "2026-07-01T09:00", "2026-07-01T03:15"),
        ("Australia/Lord_Howe", "2026-07-01T09:00", "2026-06-30T22:30"),
        ("Pacific/Kiritimati", "2026-07-01T09:00", "2026-06-30T19:00"),
    ],
)
def test_a_local_time_is_an_instant_and_back(place, reading, expected):  # S2.1
    assert local(reading, place) == utc(expected)
    assert to_local(micros(utc(expected)), zone(place)) == datetime.fromisoformat(reading)


@pytest.mark.parametrize(
    ("place", "reading", "expected"),
    [
        (NEW_YORK, "2026-03-08T02:00", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08T02:59:59.999999", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08T03:00", "2026-03-08T07:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),  # half an hour of daylight saving
        ("America/Nuuk", "2024-03-30T23:30", "2024-03-31T01:00"),  # the gap ends with the day
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00"),  # a whole day was skipped
    ],
)
def test_a_local_time_in_a_gap_means_the_first_instant_after_it(place, reading, expected):  # S2.2
    assert local(reading, place) == utc(expected)


@pytest.mark.parametrize(
    ("place", "reading", "expected"),
    [
        (NEW_YORK, "2026-11-01T01:00", "2026-11-01T05:00"),
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30"),
        (NEW_YORK, "2026-11-01T02:00", "2026-11-01T07:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
    ],
)
def test_a_local_time_that_occurs_twice_means_the_first(place, reading, expected):  # S2.2
    assert local(reading, place) == utc(expected)


def test_the_fold_of_a_local_time_is_ignored():  # S2.2
    second = datetime(2026, 11, 1, 1, 30, fold=1)
    assert instant(from_local(second, zone(NEW_YORK))) == utc("2026-11-01T05:30")


def test_local_times_carry_no_fold():
    assert to_local(micros(utc("2026-11-01T06:30")), zone(NEW_YORK)).fold == 0


def test_an_aware_datetime_is_no_local_time():
    with pytest.raises(InvalidInput, match="naive"):
        from_local(utc("2026-07-01T09:00"), zone(NEW_YORK))


@pytest.mark.parametrize(
    ("place", "day", "expected"),
    [
        (NEW_YORK, date(2026, 3, 8), "2026-03-08T05:00"),
        ("America/Sao_Paulo", date(2017, 10, 15), "2017-10-15T03:00"),  # midnight did not exist
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00"),  # nor did this day: the next one's start
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00"),
        ("America/Havana", date(2025, 11, 2), "2025-11-02T04:00"),  # midnight came twice
        (
            "America/St_Johns",
            date(2006, 10, 29),
            "2006-10-29T02:30",
        ),  # one minute of the day, the evening again, the day
    ],
)
def test_a_day_starts_at_its_first_existing_instant(place, day, expected):  # S2.2
    assert instant(day_start(day, zone(place))) == utc(expected)


def test_offsets_are_cut_at_the_change():
    start, change, end = (micros(utc(text)) for text in ("2026-03-08T00:00", "2026-03-08T07:00", "2026-03-09T00:00"))
    assert offsets(zone(NEW_YORK), start, end) == [(start, change, -5 * HOUR), (change, end, -4 * HOUR)]


def test_a_change_at_the_end_is_left_to_the_next_stretch():
    start, change = micros(utc("2026-03-08T00:00")), micros(utc("2026-03-08T07:00"))
    assert offsets(zone(NEW_YORK), start, change) == [(start, change, -5 * HOUR)]


@pytest.mark.parametrize(
    "name", ["Europe/Lisbn", "", "Europe", "../zoneinfo/UTC", "/UTC", "tzdata.zi", "right/UTC", "localtime", "zone tab"]
)
def test_an_unknown_zone_is_refused_by_name(name):
    with pytest.raises(UnknownName, match="no time zone") as caught:
        zone(name)
    assert caught.value.what == "time zone"
    assert len(caught.value.known) <= 4


@pytest.mark.parametrize(
    ("name", "meant"), [("Europe/Lisbn", "Europe/Lisbon"), ("new york", NEW_YORK), ("europe/madrid", "Europe/Madrid")]
)
def test_an_unknown_zone_is_answered_with_what_comes_close(name, meant):
    with pytest.raises(UnknownName, match=meant):
        zone(name)


def test_a_machine_without_time_zone_data_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(zones, "_sources", lambda: ())
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    with pytest.raises(UnknownName, match="pip install tzdata"):
        zone.__wrapped__("Europe/Madrid")
    assert tz_version.__wrapped__() == "unknown"


def test_a_zone_is_loaded_once():
    assert zone(NEW_YORK) is zone(NEW_YORK)


def source(root, version, **places):
    """A copy of the time-zone data in which each place has the rules of another."""
    root.mkdir()
    for name, like in places.items():
        (root / name).write_bytes((Path(zones._sources()[0].root) / like).read_bytes())
    return zones._Source(version, root)


@pytest.mark.parametrize("newest_is_first", [True, False])
def test_the_newest_data_is_used(monkeypatch, tmp_path, newest_is_first):  # S2.2
    copies = [
        source(tmp_path / "new", "2026a", Here="Asia/Tokyo"),
        source(tmp_path / "old", "2025b", Here="Asia/Seoul"),
    ]
    ordered = zones._newest_first(copies if newest_is_first else copies[::-1])
    monkeypatch.setattr(zones, "_sources", lambda: ordered)
    assert tz_version.__wrapped__() == "2026a"
    assert zone.__wrapped__("Here").tzname(datetime(2026, 1, 1)) == "JST"


def test_among_equals_the_systems_data_is_used(tmp_path):
    system, package = zones._Source("2026a", tmp_path), zones._Source("2026a", tmp_path / "package")
    assert zones._newest_first([system, package])[0] is system


def test_data_of_unknown_age_comes_last(tmp_path):
    nameless, package = zones._Source("", tmp_path), zones._Source("2026a", tmp_path / "package")
    assert zones._newest_first([nameless, package])[0] is package


def test_a_zone_that_the_newest_data_lacks_is_taken_from_the_other(monkeypatch, tmp_path):
    copies = (source(tmp_path / "new", "2026a"), source(tmp_path / "old", "2025b", Here="Asia/Seoul"))
    monkeypatch.setattr(zones, "_sources", lambda: copies)
    assert zone.__wrapped__("Here").key == "Here"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("tzdata.zi", "# version 2025b\nR d 1916\n", "2025b"),
        ("+VERSION", "2024a\n", "2024a"),
        ("version", "2026f", "2026f"),
        ("tzdata.zi", "# version unknown\n", ""),
        ("README", "2026f", ""),
    ],
)
def test_the_version_of_a_systems_data_is_read_from_beside_it(tmp_path, file, text, expected):  # S2.2
    (tmp_path / file).write_text(text)
    assert zones._version_of(tmp_path) == expected


def test_the_package_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "tzdata", None)
    assert zones._package() == []


def test_the_package_may_be_in_an_archive(monkeypatch, tmp_path):
    data = zones._sources()[0].root.joinpath("Europe", "Madrid").read_bytes()
    with zipfile.ZipFile(tmp_path / "tzdata.zip", "w") as archive:
        archive.writestr("tzdata/__init__.py", "IANA_VERSION = '2031c'")
        archive.writestr("tzdata/zoneinfo/Europe/Madrid", data)
    monkeypatch.syspath_prepend(str(tmp_path / "tzdata.zip"))
    monkeypatch.delitem(sys.modules, "tzdata", raising=False)
    (source,) = zones._package()
    assert source.version == "2031c"
    found = zones._load(source, "Europe/Madrid", ["Europe", "Madrid"])
    assert zones.offset_at(micros(utc("2026-07-01")), found) == 2 * HOUR
    del sys.modules["tzdata"]


def test_importing_the_module_loads_no_time_zone_library():
    script = "import sys, touchpoint.zones; sys.exit('zoneinfo' in sys.modules or 'importlib.resources' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


instants = st.integers(micros(utc("1975-01-01")), micros(utc("2060-01-01")))


@settings(max_examples=100)
@given(instants, st.sampled_from(PLACES))
def test_going_to_the_local_clock_and_back_is_never_later(us, place):  # S2.2
    back = from_local(to_local(us, zone(place)), zone(place))
    assert back <= us
    assert to_local(back, zone(place)) == to_local(us, zone(place))


@settings(max_examples=200)
@given(instants | st.integers(FIRST_INSTANT, LAST_INSTANT), st.sampled_from(PLACES))
def test_a_local_time_in_words_is_the_same_by_the_tables(us, place):  # S2.2
    assert said_by_clock(us, zone(place)) == to_local(us, zone(place)).isoformat()


@settings(max_examples=100)
@given(st.datetimes(datetime(1975, 1, 1), datetime(2060, 1, 1)), st.timedeltas(timedelta(0), timedelta(2)),
       st.sampled_from(PLACES))  # fmt: skip
def test_later_local_times_are_not_earlier_instants(reading, by, place):  # S2.2
    assert from_local(reading, zone(place)) <= from_local(reading + by, zone(place))


@settings(max_examples=50)
@given(instants, st.integers(1, 40 * 24 * HOUR), st.sampled_from(PLACES))
def test_stretches_of_one_offset_cover_the_time_without_holes(start, span, place):
    found = offsets(zone(place), start, start + span)
    assert [since for since, _, _ in found] == [start, *(until for _, until, _ in found[:-1])]
    assert found[-1][1] == start + span
    for since, until, offset in found:
        assert offset_at(since, zone(place)) == offset == offset_at(until - 1, zone(place))
