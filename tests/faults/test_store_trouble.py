"""A store in trouble (S11.7): one documented error, nothing acknowledged, and on it goes without a restart."""

import os
import random
import sqlite3
import subprocess
import threading
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

try:
    import resource
except ImportError:  # not everywhere
    resource = None

from making import START, Scripted, ends, engine_of, pass_time, sending
from touchpoint import CaseType, Touchpoint, VirtualClock, days
from touchpoint.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreReadOnly, TouchpointError
from touchpoint.model.delivery import Accepted
from touchpoint.stores.sqlite import SqliteStore

SHORT = timedelta(milliseconds=20)
COMPLAINT = CaseType("complaint")


@contextmanager
def locked(path, _):
    """Somebody else is writing, for longer than we wait."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def read_only(_, store):
    """Nothing can be written."""
    with store._held() as own:
        own.execute("PRAGMA query_only = ON")
    yield
    with store._held() as own:
        own.execute("PRAGMA query_only = OFF")


@contextmanager
def no_longer(path, _):
    """No file may get any longer."""
    if resource is None:
        pytest.skip("this system has no limit for the length of files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(f"{path}-wal").stat().st_size, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def full(path, _):
    """There is no space left, and none in the log either, which writes over what has been folded."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    ballast = Path(path).with_name("ballast")
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    ballast.unlink()


TROUBLE = {"locked": (locked, StoreBusy), "read only": (read_only, StoreReadOnly), "no longer": (no_longer, StoreError),
           "full": (full, StoreFull)}  # fmt: skip


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs to mount a small file system, which takes the rights of an administrator")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(params=TROUBLE)
def trouble(request, tmp_path):
    """(path, context manager, kind of error)"""
    inflict, kind = TROUBLE[request.param]
    folder = request.getfixturevalue("small_disk") if request.param == "full" else tmp_path
    return str(folder / "store.db"), inflict, kind


@pytest.fixture
def at_work(trouble):
    """(engine, what inflicts the trouble on its store, kind of error)"""
    path, inflict, kind = trouble
    store = SqliteStore(path, timeout=SHORT)
    channel = Scripted(memory=days(1))
    engine = engine_of(
        sending(), store=store, clock=VirtualClock(START), channels=[channel], parts={"cases": [COMPLAINT]}
    )
    with closing(engine):
        yield engine, lambda: inflict(path, store), kind


def everything(engine):
    """Every row of the store but the notes."""
    with closing(sqlite3.connect(engine.store._place.path)) as connection:
        tables = [name for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('touchpoint_meta', 'sqlite_sequence')"
        )]  # fmt: skip
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


ACTS = {
    "record": lambda engine: engine.record("ann", "start", id="t"),
    "identify": lambda engine: engine.identify("bob", traits={"vip": True}),
    "grant": lambda engine: engine.grant("ann", "marketing"),
    "withdraw": lambda engine: engine.withdraw("ann", "marketing"),
    "enrol": lambda engine: engine.enrol("ann", "send hello", id="e"),
    "open_case": lambda engine: engine.open_case("ann", "complaint", ref="1"),
}


@pytest.mark.parametrize("act", ACTS)
def test_trouble_acknowledges_nothing_and_is_got_over(act, at_work):
    engine, inflict, kind = at_work
    before = everything(engine)
    with inflict(), pytest.raises(StoreError) as caught:
        ACTS[act](engine)
    assert isinstance(caught.value, kind)
    assert everything(engine) == before
    done = ACTS[act](engine)
    assert not getattr(done, "duplicate", False)
    assert everything(engine) != before


def test_trouble_at_the_release_hands_nothing_over(at_work):  # S6.8
    engine, inflict, kind = at_work
    engine.record("ann", "start")
    with inflict(), pytest.raises(kind):
        engine.run_pending()
    assert engine.adapters["email"].requests == []
    engine.run_pending()
    assert (len(engine.adapters["email"].requests), ends(engine)) == (1, [("hello", "sent")])


def test_trouble_during_the_call_loses_and_doubles_nothing(at_work):  # S6.8, S11.3
    engine, inflict, kind = at_work
    engine.record("ann", "start")
    with ExitStack() as trouble:

        def accept(_):
            trouble.enter_context(inflict())
            return Accepted("ref")

        engine.adapters["email"].act = accept
        with pytest.raises(kind):
            engine.run_pending()
    engine.adapters["email"].act = lambda _: Accepted("ref")
    pass_time(engine, days(1))
    keys = {each.key for each in engine.adapters["email"].requests}
    assert (len(keys), ends(engine)) == (1, [("hello", "sent")])


def test_of_threads_that_share_a_commit_each_is_told_its_own_fate(at_work):
    engine, inflict, kind = at_work
    failed, done = [], []

    def record(n):
        try:
            engine.record("ann", "start", id=f"t{n}")
        except kind:
            failed.append(f"t{n}")
        else:
            done.append(f"t{n}")

    def all_at_once():
        threads = [threading.Thread(target=record, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def there():
        return sorted(each.id for each in engine.customer("ann").timeline() if each.type == "start")

    with inflict():
        all_at_once()
    assert failed
    assert len(failed) + len(done) == 6
    assert there() == sorted(done)
    failed.clear()
    all_at_once()
    assert (failed, len(there())) == ([], 6)


def test_of_many_the_batches_before_the_trouble_are_kept(at_work, monkeypatch):
    engine, inflict, kind = at_work
    monkeypatch.setattr("touchpoint.engine.engine.BATCH", 10)
    with ExitStack() as trouble:

        def given():
            for n in range(30):
                if n == 15:
                    trouble.enter_context(inflict())
                yield Touchpoint("ann", "other", None, f"t{n}", {})

        with pytest.raises(kind):
            engine.record_many(given())
    ids = {each.id for each in engine.customer("ann").timeline()}
    assert ids >= {f"t{n}" for n in range(10)}
    assert "t10" not in ids


# --- damage -----------------------------------------------------------------------------------------------------------


PEOPLE = 12


def rich(path, clock):
    engine = engine_of(
        sending(), store=SqliteStore(path), clock=clock, people=[f"c{n}" for n in range(PEOPLE)],
        parts={"cases": [COMPLAINT]},
    )  # fmt: skip
    for n in range(PEOPLE):
        engine.record(f"c{n}", "start", {"text": "x" * 500 * n})
        engine.grant(f"c{n}", "marketing")
        engine.open_case(f"c{n}", "complaint", ref=str(n))
    engine.run_pending()
    return engine


def ask_everything(path, clock):
    """All that a host can ask, and one more touchpoint for each; the answers."""
    with engine_of(
        sending(), store=SqliteStore(path), clock=clock, people=(), parts={"cases": [COMPLAINT]}
    ) as engine:  # fmt: skip
        told = []
        for n in range(PEOPLE):
            view = engine.customer(f"c{n}")
            told.append((view.timeline(), view.messages, view.runs, view.cases(), str(engine.why(f"c{n}", "hello"))))
            told.append((engine.feedback.of(f"c{n}"), engine.conversations(f"c{n}"), engine.cases.loops(f"c{n}")))
            told.append((engine.gifts.given(f"c{n}"), engine.referrals(f"c{n}"), engine.export(f"c{n}")))
        told += [engine.parked(), engine.next_due(), engine.topics(), engine.gifts.pending(), engine.gifts.stocks()]
        told.append(engine.advocates())
        for n in range(PEOPLE):
            engine.record(f"c{n}", "other")
        engine.run_pending()
        return told


def damages(data, page, chance):
    """A page overwritten in several ways."""
    size = 4096
    before, after = data[: page * size], data[(page + 1) * size :]
    yield before + bytes(size) + after
    yield before + b"\xff" * size + after
    yield before + chance.randbytes(size) + after
    yield before + data[page * size : page * size + 100] + chance.randbytes(size - 100) + after


def test_damage_is_reported_as_such_and_nothing_else_is_raised(tmp_path):
    path, clock = str(tmp_path / "store.db"), VirtualClock(START)
    rich(path, clock).close()
    data = Path(path).read_bytes()
    expected = str(ask_everything(path, VirtualClock(START)))
    chance, reported = random.Random(1), 0
    for page in range(len(data) // 4096):
        for damaged in chance.sample([*damages(data, page, chance)], 2):
            here = tmp_path / f"damaged-{page}"
            here.write_bytes(damaged)
            try:
                told = str(ask_everything(str(here), VirtualClock(START)))
            except StoreCorrupt:
                reported += 1
            else:
                assert told == expected, f"page {page} is damaged, and other answers are given"
            for left in tmp_path.glob(f"{here.name}*"):
                left.unlink()
    assert reported > len(data) // 4096


@pytest.mark.parametrize("length", [50, 100, 4096, 4096 * 5 + 77, 4096 * 30])
def test_a_file_that_was_cut_short_is_reported(length, tmp_path):
    path, clock = str(tmp_path / "store.db"), VirtualClock(START)
    rich(path, clock).close()
    os.truncate(path, length)
    with pytest.raises(StoreCorrupt):
        ask_everything(path, clock)


def test_trouble_says_nothing_of_a_customer(at_work):  # S7.5
    engine, inflict, _ = at_work
    with inflict(), pytest.raises(TouchpointError) as caught:
        engine.record("secret-customer", "secret_type", {"secret": "secret"}, id="secret-id")
    assert "secret" not in repr(caught.value)


# --- a file that is taken away ----------------------------------------------------------------------------------------


def moved(path):
    for each in (path, f"{path}-wal", f"{path}-shm"):
        Path(each).rename(each.replace("store.db", "elsewhere.db"))


def moved_back(path):
    for each in (path, f"{path}-wal", f"{path}-shm"):
        Path(each.replace("store.db", "elsewhere.db")).rename(each)


def there(engine):
    return [each.id for each in engine.customer("ann").timeline()]


def test_a_store_that_was_taken_away_acknowledges_nothing_and_goes_on_when_it_is_back(tmp_path):
    path = str(tmp_path / "store.db")
    with engine_of(store=SqliteStore(path)) as engine:
        engine.record("ann", "start", id="before")
        moved(path)
        for _ in range(2):
            with pytest.raises(StoreError, match="has been taken away"):
                engine.record("ann", "start", id="lost")
        assert not Path(path).exists()
        moved_back(path)
        engine.record("ann", "start", id="after")
        assert there(engine) == ["before", "after"]


def test_a_store_that_was_replaced_by_a_backup_is_reported_once_and_then_used(tmp_path):
    path, backup = str(tmp_path / "store.db"), tmp_path / "backup.db"
    with engine_of(store=SqliteStore(path)) as engine:
        engine.record("ann", "start", id="before")
        engine.store.checkpoint()
        backup.write_bytes(Path(path).read_bytes())
        engine.record("ann", "start", id="gone with the file")
        moved(path)
        backup.rename(path)
        with pytest.raises(StoreError, match="has been replaced"):
            engine.record("ann", "start", id="lost")
        engine.record("ann", "start", id="after")
        assert there(engine) == ["before", "after"]
    with engine_of(store=SqliteStore(path), people=()) as again:
        assert there(again) == ["before", "after"]
