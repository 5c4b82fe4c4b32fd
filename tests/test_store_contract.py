"""The contract of stores, run by the store that ships: on disk, and in memory."""

import sqlite3
from contextlib import closing

import pytest

from touchpoint.stores.sqlite import SqliteStore
from touchpoint.testing import StoreContract


def begun(path):
    connection = sqlite3.connect(path)
    connection.execute("BEGIN IMMEDIATE")
    return connection


class TestSqliteOnDisk(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        with closing(SqliteStore(str(tmp_path / "store.db"))) as store:
            yield store

    @pytest.fixture
    def reopen(self, tmp_path):
        return lambda: SqliteStore(str(tmp_path / "store.db"))

    @pytest.fixture
    def connect(self, tmp_path):
        return lambda: begun(tmp_path / "store.db")


class TestSqliteWithoutWaitingForTheDisk(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        with closing(SqliteStore(str(tmp_path / "store.db"), durability="fast")) as store:
            yield store

    @pytest.fixture
    def reopen(self, tmp_path):
        return lambda: SqliteStore(str(tmp_path / "store.db"), durability="fast")

    @pytest.fixture
    def connect(self, tmp_path):
        return lambda: begun(tmp_path / "store.db")


class TestSqliteInMemory(StoreContract):
    @pytest.fixture
    def store(self):
        with closing(SqliteStore(None)) as store:
            yield store

    @pytest.fixture
    def reopen(self):
        return None

    @pytest.fixture
    def connect(self):
        return None
