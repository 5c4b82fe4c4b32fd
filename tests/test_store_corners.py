"""Corners of the SQLite store: files that go away, folders that cannot be written to, migrations that race."""

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from touchpoint.errors import StoreCorrupt, StoreError, StoreFull, StoreReadOnly
from touchpoint.stores import _condition, migrations
from touchpoint.stores._changes import in_order
from touchpoint.stores.base import Changes, CustomerRow
from touchpoint.stores.sqlite import SqliteStore

SHORT = timedelta(milliseconds=50)
TEXTS = ["a text that nobody may find"]


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "store.db")


@pytest.fixture
def store(path):
    with closing(SqliteStore(path, timeout=SHORT)) as store:
        yield store


def fill(store, many=200):
    rows = [CustomerRow(no, f"customer-{no}", '"' + "x" * 500 + '"', "{}", 0, None) for no in range(1, many + 1)]
    with store.transaction() as tx:
        tx.write(Changes(new_customers=rows))


def everybody(store):
    with store.reading() as reader:
        return [each.id for each in reader.all_customers()]


# --- opening ----------------------------------------------------------------------------------------------------------


def cannot_open(*_, **__):
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_CANTOPEN, "SQLITE_CANTOPEN"
    raise error


def test_a_folder_that_this_user_may_not_write_to_is_named_as_the_reason(path, monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", cannot_open)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreReadOnly, match="grant this user write access"):
        SqliteStore(path)


def test_where_nothing_tells_why_a_file_cannot_be_opened_the_usual_reasons_are_named(path, monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", cannot_open)
    monkeypatch.setattr(os, "access", lambda *_: True)
    with pytest.raises(StoreError, match="too many open files, or has its disk gone away"):
        SqliteStore(path)


def test_a_migration_that_another_process_was_quicker_with_is_left_to_it(monkeypatch):
    real, asked = migrations._applied, []

    def applied(connection):
        asked.append(1)
        return set() if len(asked) == 1 else real(connection)  # as it was before the other one had the lock

    with closing(sqlite3.connect(":memory:", isolation_level=None)) as own:
        names = migrations.migrate(own, 0)
        monkeypatch.setattr(migrations, "_applied", applied)
        assert (len(names), migrations.migrate(own, 0)) == (len(migrations.MIGRATIONS), [])


# --- erased for good --------------------------------------------------------------------------------------------------


def test_nothing_is_left_over_in_a_file_that_has_no_pages_yet(path, store):  # S1.7
    Path(path).write_bytes(b"")
    assert store.left_over(TEXTS) is False


def test_whether_anything_is_left_over_in_a_file_that_is_gone_nobody_can_tell(path, store):  # S1.7
    Path(path).unlink()
    with pytest.raises(StoreError, match=r"store\.db' cannot be read: No such file"):
        store.left_over(TEXTS)


def test_a_rewrite_for_which_the_disk_has_no_room_leaves_everything_as_it_was(store):  # S11.7
    fill(store)
    before = everybody(store)
    with store._held() as own:
        own.execute(f"PRAGMA max_page_count = {own.execute('PRAGMA page_count').fetchone()[0] + 2}")
    with pytest.raises(StoreFull):
        store.checkpoint(rewrite=True)
    assert everybody(store) == before
    with store._held() as own:
        assert not own.in_transaction
        own.execute("PRAGMA max_page_count = 1000000")
    assert store.checkpoint(rewrite=True)
    assert everybody(store) == before


# --- how it is --------------------------------------------------------------------------------------------------------


def test_a_store_that_cannot_be_asked_how_it_is_says_why(path, store):  # S11.7
    fill(store)
    store.checkpoint()
    size = Path(path).stat().st_size
    with Path(path).open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))
    with closing(SqliteStore(":memory:")), pytest.raises(StoreCorrupt):
        store.condition(deep=True)


def test_where_the_system_lists_no_mounts_the_file_system_is_unknown(store, monkeypatch, tmp_path):
    monkeypatch.setattr(_condition, "_MOUNTS", tmp_path / "missing")
    assert store.condition().file_system is None


def test_every_part_of_what_a_transaction_changes_is_written():
    parts = {field.name for field in attrs.fields(Changes)}
    written = [name for name, *_ in in_order(frozenset(parts))]
    assert sorted(written) == sorted(parts)
    assert [name for name, *_ in in_order(frozenset({"messages", "runs"}))] == ["runs", "messages"]
