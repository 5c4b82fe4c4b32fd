"""A store and the processes that fork while it is open."""

import json
import os
from contextlib import closing
from datetime import timedelta

import pytest

from storing import customer, in_threads, script, write
from touchpoint.errors import StoreClosed
from touchpoint.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "store.db")


@pytest.fixture
def store(path):
    with closing(SqliteStore(path)) as store:
        yield store


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

FORK = """
import json, os, sys, threading
from touchpoint.stores.base import Changes
from touchpoint.stores.sqlite import SqliteStore
path = sys.argv[1]

def count(store, name):
    with store.transaction() as transaction:
        transaction.write(Changes(tallies={(name, "", ""): 1}))

def names(store):
    with store.reading() as reader:
        return [row.subject for row in reader.tallies()]

def in_child(act):
    child = os.fork()
    if not child:
        try:
            act()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return child

def ended(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def forked(source, path):
    out, errors = script(FORK + source, path).communicate(timeout=60)
    assert errors == ""
    return json.loads(out)


# S11.1
@needs_fork
def test_a_child_process_goes_on_with_the_store_and_loses_nothing_when_the_parent_closes_it(path):
    source = """
store = SqliteStore(path)
count(store, "before")
ready, go = os.pipe(), os.pipe()
def act():
    count(store, "child 1")
    os.write(ready[1], b".")
    os.read(go[0], 1)
    count(store, "child 2")
child = in_child(act)
os.read(ready[0], 1)
count(store, "parent")
store.close()
os.write(go[1], b".")
ended(child)
again = SqliteStore(path)
print(json.dumps(names(again)))
again.close()
"""
    assert forked(source, path) == ["before", "child 1", "child 2", "parent"]


def test_no_connection_is_open_at_the_moment_of_a_fork(store):
    write(store, new_customers=[customer(1)])
    store._before_fork()
    assert store._connection is None
    store._after_fork_in_parent()
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == [customer(1)]


def test_the_child_of_a_fork_has_a_lock_of_its_own(store):
    store._before_fork()
    inherited = store._lock
    store._after_fork_in_child()
    try:
        in_threads(1, store.generation)
    finally:
        inherited.release()


def test_a_store_that_is_busy_for_too_long_at_the_fork_is_closed_in_the_child(path):
    with closing(SqliteStore(path, timeout=timedelta(milliseconds=20))) as store, store.transaction() as transaction:
        in_threads(1, store._before_fork)
        inherited = store._connection
        assert inherited is not None
        store._after_fork_in_child()
        with pytest.raises(StoreClosed, match="inherited in the middle of a transaction"):
            transaction.tallies()
        store._connection = inherited  # back in the parent
        store._closed = ""
        store._inherited.clear()
        transaction._over = ""
        store._active = transaction


def test_a_store_in_memory_keeps_its_connection_over_a_fork():
    with closing(SqliteStore(None)) as store:
        write(store, new_customers=[customer(1)])
        store._before_fork()
        inherited = store._lock
        store._after_fork_in_child()
        inherited.release()
        with store.reading() as reader:
            assert reader.customers(["customer-1"]) == [customer(1)]


@needs_fork
def test_a_store_in_memory_is_copied_into_the_child_process(path):
    source = """
store = SqliteStore(None)
count(store, "before")
def act():
    count(store, "child")
    assert names(store) == ["before", "child"]
ended(in_child(act))
print(json.dumps(names(store)))
store.close()
"""
    assert forked(source, path) == ["before"]


@needs_fork
def test_a_transaction_open_at_the_fork_belongs_to_the_parent(path):
    source = """
from touchpoint.errors import StoreClosed
store = SqliteStore(path)
def refused(act):
    try:
        act()
    except StoreClosed:
        return True
child = 0
try:
    with store.transaction() as transaction:
        transaction.write(Changes(tallies={("open", "", ""): 1}))
        child = os.fork()
        if not child:
            assert refused(transaction.tallies)
            assert refused(store.generation)
except StoreClosed:
    assert not child
    os._exit(0)
assert child
ended(child)
print(json.dumps(names(store)))
store.close()
"""
    assert forked(source, path) == ["open"]


def test_a_process_forked_behind_pythons_back_opens_the_file_anew(store):
    write(store, new_customers=[customer(1)])
    inherited, before = store._connection, store.generation()
    store._pid = -1
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == [customer(1)]
    assert store._connection is not inherited
    assert store.generation() != before
    inherited.execute("SELECT 1")  # not closed: that is the parent's
    store._inherited.pop().close()
