"""Calendar waits are kept as local time and zone, and follow newer time-zone data (S2.2)."""

import sqlite3
from datetime import UTC, datetime

from touchpoint import Engine, Journey, Rule, VirtualClock, Wait, WaitFor, calendar_days
from touchpoint.durations import hours, instant, length, micros
from touchpoint.stores.codec import dumps, loads
from touchpoint.zones import tz_version

NINE = Journey("nine", rules=[Rule("r", when="go", then=[Wait(until="09:00"), WaitFor("never", calendar_days(1))])])
START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def opened(path, clock):
    return Engine(f"sqlite:///{path}", journeys=[NINE], clock=clock)


def with_older_data(path, *, off_by):
    """Makes the store look as if other time-zone data had put the wait an hour elsewhere."""
    with sqlite3.connect(path, isolation_level=None) as db:
        ((no, text, due),) = db.execute("SELECT no, state, due FROM touchpoint_customers").fetchall()
        wrong = due + length(off_by)
        db.execute("UPDATE touchpoint_meta SET value = '1999z' WHERE key = 'zone_data'")
        state = dumps(loads(text.replace(str(due), str(wrong)).replace(tz_version(), "1999z")))
        db.execute("UPDATE touchpoint_customers SET state = ?, due = ? WHERE no = ?", (state, wrong, no))
        db.execute("UPDATE touchpoint_due SET due = ?", (wrong,))
    db.close()
    return instant(due)


def test_a_calendar_wait_moves_to_where_the_new_data_put_its_local_time(tmp_path):  # S2.2
    path, clock = tmp_path / "a.db", VirtualClock(START)
    with opened(path, clock) as engine:
        engine.identify("ann", timezone="Europe/Madrid")
        engine.record("ann", "go")
        assert engine.next_due() == datetime(2026, 6, 2, 7, tzinfo=UTC)
    right = with_older_data(path, off_by=hours(1))
    with opened(path, clock) as engine:
        assert engine.next_due() == right


def test_the_version_of_the_data_is_kept_with_the_decision(tmp_path):  # S2.2
    path, clock = tmp_path / "a.db", VirtualClock(START)
    with opened(path, clock) as engine:
        engine.identify("ann", timezone="Europe/Madrid")
        engine.record("ann", "go")
    with sqlite3.connect(path) as db:
        (trace,) = db.execute("SELECT trace FROM touchpoint_journal WHERE type = 'go'").fetchone()
    db.close()
    assert ["calendar", "nine", "r", "2026-06-02T09:00:00", "Europe/Madrid", tz_version()] in loads(trace)


def test_an_elapsed_wait_stays_where_it_is(tmp_path):  # S2.1
    path, clock = tmp_path / "a.db", VirtualClock(START)
    journey = Journey("nine", rules=[Rule("r", when="go", then=[Wait(hours(20))])])
    with Engine(f"sqlite:///{path}", journeys=[journey], clock=clock) as engine:
        engine.record("ann", "go")
        due = engine.next_due()
    with_older_data(path, off_by=hours(0))
    with Engine(f"sqlite:///{path}", journeys=[journey], clock=clock) as engine:
        assert engine.next_due() == due
        assert micros(due) == micros(START + hours(20))
