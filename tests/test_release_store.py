"""Releases in the store: many of them, some that cannot be read any more, and stores from before there were any."""

import sqlite3
from contextlib import closing

import pytest

from editing import changed, on_one_store, rule
from making import MARK, START, journey, marks, pass_time, reasons
from touchpoint import Emit, ReleaseRefused, Rule, StoreTooNew, VirtualClock, Wait, days, hours
from touchpoint.engine import at_work, catching_up

OTHER = Emit("other")


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.db"


@pytest.fixture
def live(path, clock):
    with on_one_store(path, clock) as opened:
        yield opened


def waits(number):
    return rule(Wait(days(number)), MARK)


def lose(path, number):
    """Take the definition of a release out of the store, as somebody does who restores too little; gives it."""
    with closing(sqlite3.connect(path)) as db, db:
        ((digest,),) = db.execute("SELECT hash FROM touchpoint_releases WHERE number = ?", [number])
        (row,) = db.execute("SELECT hash, name, body, stored_at FROM touchpoint_definitions WHERE hash = ?", [digest])
        db.execute("DELETE FROM touchpoint_definitions WHERE hash = ?", [digest])
    return row


# --- many of them -----------------------------------------------------------------------------------------------------


def test_somebody_who_has_missed_many_releases_meets_each_of_them(live, clock, monkeypatch):  # S5.4
    """However few of them are kept in memory."""
    monkeypatch.setattr(at_work, "_PROGRAMS_KEPT", 2)
    monkeypatch.setattr(at_work, "_EDITS_KEPT", 2)
    engine = live(waits(20))
    engine.record("ann", "start")
    for number in (19, 18, 17, 16, 15):
        clock.advance(hours(1))
        changed(engine, waits(number))
    engine.close()
    engine = live(waits(15), people=())
    pass_time(engine, days(16))
    assert (marks(engine), reasons(engine)) == ([START + days(15)], ["done"])


def test_whoever_drives_an_engine_step_by_step_has_everybody_meet_a_release_at_once(monkeypatch):  # S5.4
    from touchpoint.testing import World

    monkeypatch.setattr(catching_up, "_BATCH", 1)
    people = ("ann", "bob", "cid")
    with World([journey(waits(9))]) as world:
        for each in people:
            world.engine.record(each, "start")
        changed(world.engine, waits(2))
        world.advance(days(3))
        assert [len(marks(world.engine, each)) for each in people] == [1, 1, 1]


# --- definitions that cannot be read ----------------------------------------------------------------------------------


def test_a_pinned_run_whose_definition_is_lost_is_parked_and_goes_on_once_it_is_there_again(live, path):  # S4.3, S11.6
    engine = live(waits(2))
    engine.record("ann", "start")
    changed(engine, rule(OTHER), mode="pin")
    engine.close()
    lost = lose(path, 1)
    engine = live(rule(OTHER), people=("bob",))
    engine.record("bob", "start")
    pass_time(engine, days(3))
    assert (marks(engine), reasons(engine), len(marks(engine, "bob", type="other"))) == ([], [None], 1)
    assert [what.error.split(":")[0] for _, what in engine.parked()] == ["its rule or step is not loaded"]
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO touchpoint_definitions (hash, name, body, stored_at) VALUES (?, ?, ?, ?)", lost)
    engine = live(rule(OTHER), people=())
    assert (engine.replay_parked().done, reasons(engine)) == (1, ["done"])


def test_a_release_in_between_that_is_lost_ends_no_run_of_who_has_not_met_it(live, path):  # S11.6
    engine = live(waits(9))
    engine.record("ann", "start")
    changed(engine, waits(8))
    changed(engine, waits(7))
    engine.close()
    lose(path, 2)
    engine = live(waits(7), people=())
    pass_time(engine, days(10))
    assert (marks(engine), reasons(engine)) == ([START + days(9)], ["done"])  # nobody can tell how long it waits now


def test_what_falls_due_under_a_release_in_between_that_is_lost_is_parked_rather_than_guessed(live, path, clock):
    engine = live(waits(2))  # S4.3, S11.6
    engine.record("ann", "start")
    changed(engine, waits(2), Rule("more", when="other", then=[OTHER]))
    clock.advance(days(3))
    changed(engine, waits(2), Rule("less", when="other", then=[OTHER]))
    engine.close()
    lose(path, 2)
    engine = live(waits(2), Rule("less", when="other", then=[OTHER]), people=())
    engine.run_pending()
    assert (marks(engine), reasons(engine)) == ([], [None])
    assert [what.error.split(":")[0] for _, what in engine.parked()] == ["its rule or step is not loaded"]
    assert (engine.replay_parked().done, len(marks(engine)), reasons(engine)) == (1, 1, ["done"])


def test_nobody_goes_back_to_a_definition_that_is_lost(live, path):  # S5.4
    engine = live(waits(1))
    changed(engine, waits(2))
    engine.close()
    lose(path, 1)
    engine = live(waits(2))
    with pytest.raises(ReleaseRefused, match=r"release 1 of 'one' cannot be put to work again: .*restore a backup"):
        engine.rollback("one", by="eve")


def test_what_is_at_work_has_to_be_there(live, path):  # S11.6
    engine = live(waits(1))
    changed(engine, waits(2))
    engine.close()
    lose(path, 2)
    with pytest.raises(StoreTooNew, match="restore a backup"):
        live(waits(1))


# --- older stores -----------------------------------------------------------------------------------------------------


def test_a_store_from_before_there_were_releases_gets_one_of_what_was_at_work_and_one_of_what_is(live, path):  # S11.6
    engine = live(waits(9))
    engine.record("ann", "start")
    engine.close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM touchpoint_releases")
    engine = live(waits(2), people=())
    assert [(each.number, each.mode) for each in engine.releases()] == [(1, "follow"), (2, "follow")]
    pass_time(engine, days(3))
    assert marks(engine) == [START + days(2)]
