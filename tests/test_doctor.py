"""What the doctor finds, why it matters, and how to mend it (S11.7, S11.8)."""

import sqlite3

import attrs
import pytest

from making import START, Scripted, engine_of, message, pass_time, sending
from touchpoint import Emit, Engine, Rule, Send, VirtualClock, days, hours, minutes
from touchpoint.channels import Ambiguous, MemoryChannel, channel
from touchpoint.channels.inbound import Receipt
from touchpoint.durations import micros
from touchpoint.engine import doctor
from touchpoint.engine.doctor import Finding, examine
from touchpoint.stores._condition import file_system
from touchpoint.stores.condition import Condition
from touchpoint.stores.sqlite import SqliteStore

HEALTHY = Condition(
    place="/data/shop.db", sqlite=(3, 51, 3), journal_mode="wal", synchronous="full", host_checkpoints=1000,
    file_system="ext4", size=1, log_size=0, free=10**12, schema_version=1, newest_schema=1,
    recorded_at=micros(START), damage=(),
)  # fmt: skip


def found(check, subject, **options):
    return [each for each in examine(subject, **options) if each.check == check]


class Diagnosed:
    """A store that tells of itself what a test wants."""

    def __init__(self, **changes):
        self._store = SqliteStore(None)
        self._condition = attrs.evolve(HEALTHY, **changes)
        self.reading = self._store.reading
        self.close = self._store.close

    def condition(self, *, deep=False):  # noqa: ARG002 - it knows without looking
        return self._condition


def told(check, **changes):
    """The one finding of a check on a healthy store of which something is changed."""
    store = Diagnosed(**changes)
    try:
        (one,) = found(check, store, clock=VirtualClock(START))
    finally:
        store.close()
    return one


def test_a_healthy_store_gets_no_more_than_oks(tmp_path):
    store = Diagnosed()
    assert {each.level for each in examine(store, clock=VirtualClock(START + minutes(1)))} == {"ok"}
    store.close()


def test_the_worst_comes_first(tmp_path):
    store = Diagnosed(file_system="nfs4", free=10**8, synchronous="normal")
    levels = [each.level for each in examine(store, clock=VirtualClock(START))]
    assert (levels[:3], levels == sorted(levels, key=doctor.LEVELS.index)) == (["error", "warning", "note"], True)
    store.close()


def test_whatever_is_not_well_says_why_and_how_to_mend_it():
    bad = Diagnosed(
        file_system="nfs4", free=1, synchronous="normal", journal_mode="delete", sqlite=(3, 40, 1), log_size=10**9,
        recorded_at=micros(START + days(9)), damage=("row 3 missing",),
    )  # fmt: skip
    all_of_them = examine(bad, clock=VirtualClock(START))
    bad.close()
    assert [each for each in all_of_them if each.level != "ok" and not (each.why and each.mend)] == []
    assert len([each for each in all_of_them if each.level != "ok"]) == 8


@pytest.mark.parametrize(
    ("check", "changes", "expected"),
    [
        ("SQLite", {"sqlite": (3, 51, 2)}, "note"),
        ("SQLite", {"sqlite": (3, 51, 3)}, "ok"),
        ("SQLite", {"sqlite": (3, 50, 6)}, "note"),
        ("SQLite", {"sqlite": (3, 50, 7)}, "ok"),
        ("SQLite", {"sqlite": (3, 44, 6)}, "ok"),
        ("SQLite", {"sqlite": (3, 45, 9)}, "note"),
        ("SQLite", {"sqlite": (3, 40, 0), "host_checkpoints": 0}, "ok"),
        ("journal mode", {"journal_mode": "delete"}, "error"),
        ("durability", {"synchronous": "normal"}, "note"),
        ("durability", {"synchronous": "extra"}, "ok"),
        ("file system", {"file_system": "nfs"}, "error"),
        ("file system", {"file_system": "cifs"}, "error"),
        ("file system", {"file_system": "9p"}, "error"),
        ("file system", {"file_system": "fuse.sshfs"}, "warning"),
        ("file system", {"file_system": "tmpfs"}, "warning"),
        ("file system", {"file_system": "xfs"}, "ok"),
        ("disk", {"free": 10**7}, "error"),
        ("disk", {"free": 10**8}, "warning"),
        ("disk", {"free": 10**9}, "ok"),
        ("write-ahead log", {"log_size": 10**8}, "warning"),
        ("clock", {"recorded_at": micros(START + minutes(4))}, "ok"),
        ("clock", {"recorded_at": micros(START + minutes(6))}, "warning"),
        ("damage", {"damage": ("page 3 is missing",)}, "error"),
        ("tables", {}, "ok"),
    ],
)  # fmt: skip
def test_what_a_store_tells_of_itself_is_judged(check, changes, expected):  # S11.7
    assert told(check, **changes).level == expected


def test_the_bug_of_sqlite_comes_with_what_to_set():  # S11.7
    one = told("SQLite", sqlite=(3, 40, 1))
    assert "3.40.1, which can corrupt" in one.what
    assert "after 1000 pages" in one.why
    assert "PRAGMA wal_autocheckpoint = 0" in one.mend


@pytest.mark.parametrize("gone", ["file_system", "free", "recorded_at", "damage"])
def test_what_nobody_can_tell_is_left_out(gone):
    check = {"file_system": "file system", "free": "disk", "recorded_at": "clock", "damage": "damage"}[gone]
    store = Diagnosed(**{gone: None})
    assert found(check, store) == []
    store.close()


def test_a_store_that_cannot_tell_how_it_is_is_examined_all_the_same():
    store = Diagnosed()
    silent = type("Silent", (), {"reading": store.reading})()
    assert {each.check for each in examine(silent)} == {"time zones", "work"}
    store.close()


# --- the real thing ---------------------------------------------------------------------------------------------------


def test_a_real_store_is_examined(tmp_path):
    with Engine(f"sqlite:///{tmp_path}/t.db", channels=[MemoryChannel("email")]) as engine:
        engine.record("ann", "start")
        one = {each.check: each for each in examine(engine, deep=True)}
    assert {name: one[name].level for name in ("journal mode", "durability", "damage", "clock", "tables", "work")} == {
        "journal mode": "ok", "durability": "ok", "damage": "ok", "clock": "ok", "tables": "ok", "work": "ok",
    }  # fmt: skip


def test_a_store_in_memory_says_that_it_ends():
    with Engine("sqlite://") as engine:
        (one,) = found("journal mode", engine, deep=True)
        assert (one.level, found("damage", engine, deep=True)[0].level) == ("note", "ok")


def test_durability_fast_is_seen(tmp_path):
    with Engine(f"sqlite:///{tmp_path}/t.db", durability="fast") as engine:
        assert found("durability", engine)[0].level == "note"


def test_a_damaged_file_is_found_only_by_a_deep_look(tmp_path):  # S11.7
    path = tmp_path / "t.db"
    with Engine(f"sqlite:///{path}") as engine:
        for n in range(200):
            engine.record(f"customer-{n}", "start", {"text": "x" * 500})
    with sqlite3.connect(path) as raw:
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'touchpoint_journal_id'").fetchone()
        (size,) = raw.execute("PRAGMA page_size").fetchone()
    raw.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * size + 100 : page * size] = b"\x55" * (size - 100)
    path.write_bytes(data)
    store = SqliteStore(str(path))
    assert found("damage", store) == []
    (one,) = found("damage", store, deep=True)
    assert (one.level, "restore a backup" in one.mend) == ("error", True)
    store.close()


def test_examining_changes_nothing(tmp_path):
    path = tmp_path / "t.db"
    with Engine(f"sqlite:///{path}") as engine:
        engine.record("ann", "start")
        before = engine.store.generation()
        with sqlite3.connect(path) as other:
            version = other.execute("PRAGMA data_version").fetchone()
            examine(engine, deep=True)
            assert other.execute("PRAGMA data_version").fetchone() == version
        other.close()
        assert engine.store.generation() == before


# --- where it lies ----------------------------------------------------------------------------------------------------

MOUNTS = [
    "/dev/sda1 / ext4 rw 0 0",
    "server:/srv /mnt/shared nfs4 rw 0 0",
    "/dev/sdb1 /mnt/shared/local xfs rw 0 0",
    "//nas/x /mnt/two\\040words cifs rw 0 0",
    "/dev/old /over ext4 rw 0 0",
    "tmpfs /over tmpfs rw 0 0",
    "broken",
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/a/shop.db", "ext4"),
        ("/mnt/shared/shop.db", "nfs4"),
        ("/mnt/sharedish/shop.db", "ext4"),
        ("/mnt/shared/local/deep/shop.db", "xfs"),
        ("/mnt/two words/shop.db", "cifs"),
        ("/over/shop.db", "tmpfs"),
    ],
)
def test_the_file_system_is_that_of_the_longest_mount(path, kind):
    assert file_system(path, MOUNTS) == kind


def test_without_a_list_of_mounts_nobody_can_tell():
    assert file_system("/home/a/shop.db", []) is None


# --- time zones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("copies", "expected"),
    [
        ([], "error"),
        ([("", "/usr/share/zoneinfo")], "note"),
        ([("2023c", "/usr/share/zoneinfo")], "warning"),
        ([("2025b", "tzdata"), ("2023c", "/usr/share/zoneinfo")], "ok"),
    ],
)
def test_it_says_which_time_zone_data_win(monkeypatch, copies, expected):  # S2.2
    monkeypatch.setattr(doctor, "tz_copies", lambda: copies)
    one = told("time zones")
    assert one.level == expected
    for version, where in copies:
        assert f"{version or 'of unknown version'} ({where})" in one.what


def test_the_copies_of_time_zone_data_begin_with_the_one_in_use():
    from touchpoint.zones import tz_copies, tz_version

    assert (tz_copies()[0][0] or "unknown") == tz_version()


# --- what lies about --------------------------------------------------------------------------------------------------


def test_overdue_work_parked_things_and_controls_are_told():  # S4.3, S11.8
    engine = engine_of(Rule("loop", when="ping", then=[Emit("ping")]), sending())
    engine.record("ann", "ping")
    engine.record("ann", "start")
    engine.pause(message="hello", reason="wrong price")
    engine.clock.advance(hours(3))
    (late,) = found("work", engine)
    assert (late.level, late.what) == ("warning", "1 customer has work that is overdue, for 3 hours")
    assert found("parked", engine)[0].what == "1 thing is parked"
    (control,) = found("control", engine)
    assert ("wrong price" in control.what, control.mend) == (
        True,
        "if the reason is gone: touchpoint resume --message hello",
    )


def test_what_ended_uncertain_and_what_is_about_nothing_known_is_told():  # S11.9, S6.9
    engine = engine_of(sending(), channels=[Scripted(act=lambda _: Ambiguous())])
    engine.record("ann", "start")
    pass_time(engine)
    engine.apply(Receipt(None, "delivered", channel="email", ref="r-1"))
    assert "hello 1" in found("uncertain messages", engine)[0].what
    assert found("unknown references", engine)[0].what.startswith("1 receipts")


def test_adapters_without_a_memory_are_told_with_what_that_means():  # S6.8, S11.9
    real = channel("email")(lambda _: True)
    with Engine("sqlite://", channels=[real, MemoryChannel("sms")]) as engine:
        notes = found("adapter", engine)
    assert [each.what.split(" ")[0] for each in notes] == ["'email'", "'email'"]
    assert "never sent again" in notes[0].why
    remembers = channel("email", remembers_keys_for=days(1))(lambda _: True)
    with Engine("sqlite://", channels=[remembers]) as engine:
        assert [each.what for each in found("adapter", engine)] == ["'email' is not thread-safe"]


def test_channels_that_messages_name_and_nobody_serves_are_told():
    both, lost = message("both", channels=["email", "sms"]), message("lost", channels=["push"])
    engine = engine_of(Rule("r", when="start", then=[Send(both), Send(lost)]), channels=["email"])
    assert [(each.level, each.what) for each in found("channel", engine)] == [
        ("error", "no adapter serves 'push', which messages name: lost"),
        ("warning", "no adapter serves 'sms', which messages name: both"),
    ]
    assert found("channels", engine_of(sending()))[0].level == "ok"


def test_a_store_for_tests_and_an_engine_without_a_breaker_are_told():  # S11.8
    with Engine("sqlite://", test_store=True, volume_breaker=None) as engine:
        assert (len(found("test store", engine)), len(found("volume breaker", engine))) == (1, 1)
    with Engine("sqlite://") as engine:
        assert (found("test store", engine), found("volume breaker", engine)) == ([], [])


def test_nothing_about_a_customer_is_told():  # S7.5
    engine = engine_of(Rule("loop", when="ping", then=[Emit("ping")]), sending())
    engine.record("ann", "ping")
    engine.record("ann", "start")
    engine.clock.advance(hours(3))
    assert "ann" not in "\n".join(map(str, examine(engine))).replace("channel", "")


def test_a_finding_reads_as_a_few_lines():
    assert str(Finding("disk", "error", "1 MB free", "why", "mend")) == "error: disk: 1 MB free\n    why\n    mend"
    assert str(Finding("disk", "ok", "9 MB free")) == "ok: disk: 9 MB free"
