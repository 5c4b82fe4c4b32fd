import os
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from touchpoint.errors import (
    InvalidInput,
    StoreBusy,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
)
from touchpoint.stores.base import Changes, CustomerRow, EntryRow, MessageRow
from touchpoint.stores.sqlite import SqliteStore, open_url

NOW = 1_760_000_000_000_000
SECRET = "ada@example.org"
SHORT = timedelta(milliseconds=50)


def customer(no, **changes):
    return CustomerRow(no, f"customer-{no}", "{}", "{}", 0, None)._replace(**changes)


def entry(no, *, of=1, prev=0, id=None):
    return EntryRow(no, of, prev, "touchpoint", id, "order_placed", NOW, NOW, "{}", None)


def write(store, **changes):
    with store.transaction() as transaction:
        transaction.write(Changes(**changes))


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "store.db")


@pytest.fixture
def store(path):
    with closing(SqliteStore(path, timeout=SHORT)) as store:
        yield store


def host(path):
    return closing(sqlite3.connect(path, isolation_level=None, timeout=0))


def works(store):
    """The store takes and gives rows as if nothing had happened."""
    with store.transaction() as transaction:
        no = transaction.counters.customer = transaction.counters.customer + 1000
        transaction.write(Changes(new_customers=[customer(no)]))
    with store.reading() as reader:
        return reader.customers([f"customer-{no}"]) == [customer(no)]


# --- opening ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.db",
        "sqlite:",
        "sqlite:/shop.db",
        "sqlite://shop.db",
        "sqlite:///",
        "postgres://u:secret@h/d",
        "SQLITE:///x",
    ],
)
def test_a_url_of_another_form_is_refused_and_told_the_forms(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        StoreError, match=r"sqlite:///relative\.db, sqlite:////absolute/path\.db, or sqlite://"
    ) as caught:
        open_url(url)
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_url_with_options_is_refused_rather_than_taken_for_a_file_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="no options after"):
        open_url("sqlite:///shop.db?timeout=5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_a_path_must_name_a_file(path):
    with pytest.raises(StoreError, match="must name a file"):
        SqliteStore(path)


def test_a_durability_that_does_not_exist_is_refused(path):
    with pytest.raises(InvalidInput, match='"full" or "fast"'):
        SqliteStore(path, durability="paranoid")


def test_a_negative_timeout_is_refused(path):
    with pytest.raises(InvalidInput, match="negative"):
        SqliteStore(path, timeout=timedelta(seconds=-1))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"nowhere.*folder does not exist; create it first"):
        SqliteStore(str(tmp_path / "nowhere" / "store.db"))


def test_a_folder_is_no_store(tmp_path):
    with pytest.raises(StoreError, match="that is a folder"):
        SqliteStore(str(tmp_path))


# S11.7
def test_a_file_system_without_write_ahead_log_is_reported(path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda _, **options: connect(":memory:", **options))
    with pytest.raises(StoreError, match="put it on a local disk"):
        SqliteStore(path)


# S11.7
def test_a_file_that_somebody_keeps_from_getting_its_log_is_reported(path):
    with host(path) as connection:
        connection.execute("CREATE TABLE orders (no INTEGER)")
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM orders").fetchall()
        with pytest.raises(StoreBusy):
            SqliteStore(path, timeout=SHORT)


# S11.7
def test_a_file_that_is_no_database_is_reported_and_left_alone(path):
    Path(path).write_text("Dear diary, " * 1000)
    with pytest.raises(StoreCorrupt, match="is damaged or is no SQLite database"):
        SqliteStore(path)
    assert Path(path).read_text() == "Dear diary, " * 1000


# S11.7
def test_damaged_pages_are_reported(path):
    with closing(SqliteStore(path)) as store:
        write(store, entries=[entry(no, id=f"t{no}") for no in range(1, 3000)])
    with Path(path).open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * (Path(path).stat().st_size - 3 * 4096))
    with pytest.raises(StoreCorrupt), closing(SqliteStore(path)) as store, store.reading() as reader:
        reader.seen([(f"t{no}", 1) for no in range(1, 3000)])


# S11.6
def test_a_store_of_a_newer_version_is_refused_and_left_alone(path):
    with closing(SqliteStore(path)) as store:
        write(store, meta={"schema_version": "999"})
    before = Path(path).read_bytes()
    with pytest.raises(StoreTooNew, match=r"schema version 999; .* up to \d+. Upgrade the touchpoint package"):
        SqliteStore(path)
    assert Path(path).read_bytes() == before


# S11.6
def test_a_newer_version_is_recognised_even_if_it_keeps_its_tables_otherwise(path):
    with closing(SqliteStore(path)):
        pass
    with host(path) as connection:
        connection.execute("DROP TABLE touchpoint_meta")
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreTooNew):
        SqliteStore(path)


# S11.6
def test_a_store_that_is_upgraded_while_it_is_open_is_written_to_no_more(path, store):
    works(store)
    with host(path) as connection:
        connection.execute("UPDATE touchpoint_meta SET value = '999' WHERE key = 'schema_version'")
    with pytest.raises(StoreTooNew):
        write(store, new_customers=[customer(1)])


@pytest.mark.parametrize("value", ["", "one", "²"])
def test_a_store_that_does_not_know_its_version_is_damaged(path, value):
    with closing(SqliteStore(path)) as store:
        write(store, meta={"schema_version": value})
    with pytest.raises(StoreCorrupt, match="does not say which schema version"):
        SqliteStore(path)


as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user"
)


@as_root
def test_a_folder_that_may_not_be_written_to_is_reported(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(StoreReadOnly, match="grant this user write access"):
        SqliteStore(str(folder / "store.db"))


@as_root
def test_a_file_that_may_not_be_written_to_is_reported(path):
    with closing(SqliteStore(path)):
        pass
    Path(path).chmod(0o400)
    with pytest.raises(StoreReadOnly, match="grant this user write access"), closing(SqliteStore(path)) as store:
        works(store)


# --- trouble on the way -----------------------------------------------------------------------------------------------


# S11.7
def test_a_store_that_cannot_be_written_to_says_so_and_works_again_afterwards(store):
    works(store)
    with store._held() as own:
        own.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreReadOnly, match=r"cannot be written to; grant .* \(SQLITE_READONLY\)"):
        write(store, new_customers=[customer(1)])
    assert works(store)


# S11.7
def test_a_full_disk_is_reported_acknowledges_nothing_and_is_got_over(path, store):
    with store._held() as own:
        own.execute(f"PRAGMA max_page_count = {own.execute('PRAGMA page_count').fetchone()[0] + 5}")
    with pytest.raises(StoreFull, match=r"free some space and try again \(SQLITE_FULL\)"):
        write(store, new_customers=[customer(1)], meta={"k": "x" * 1_000_000})
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == []
    with store._held() as own:
        own.execute("PRAGMA max_page_count = 1000000")
    assert works(store)


# S11.7
def test_a_lock_held_longer_than_the_timeout_is_reported_and_got_over(path, store):
    with host(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=r"has been writing for longer.*connection= \(SQLITE_BUSY\)"):
            write(store, new_customers=[customer(1)])
        with pytest.raises(StoreBusy):
            store.checkpoint()
        with store.reading() as reader:
            assert reader.customers(["customer-1"]) == []
    assert works(store)


def test_another_thread_that_holds_the_store_too_long_is_reported(store):
    held, done = threading.Event(), threading.Event()

    def hold():
        with store.transaction():
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(5)
        with pytest.raises(StoreBusy, match="another thread"):
            store.generation()
    finally:
        done.set()
        thread.join()
    assert works(store)


# S11.7
def test_after_a_connection_broke_the_store_takes_a_new_one(store):
    write(store, new_customers=[customer(1)])
    store._connection.close()
    with pytest.raises(StoreError, match="is closed or belongs to another thread"):
        write(store, new_customers=[customer(2)])
    assert works(store)


# S11.7
def test_after_a_connection_broke_in_the_middle_nothing_is_kept_and_the_store_takes_a_new_one(store):
    def break_off():
        with store.transaction() as transaction:
            transaction.write(Changes(new_customers=[customer(1)]))
            store._connection.close()

    with pytest.raises(StoreError):
        break_off()
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == []


# S11.7
def test_a_question_about_the_generation_reports_a_broken_connection(store):
    store._connection.close()
    with pytest.raises(StoreError, match="is closed"):
        store.generation()


# S11.7
def test_a_checkpoint_of_a_file_that_was_taken_away_makes_no_new_one(path, store):
    write(store, new_customers=[customer(1)])
    Path(path).unlink()
    with pytest.raises(StoreError, match="has been taken away"):
        store.checkpoint()
    assert not Path(path).exists()


# S11.7
def test_tables_that_are_gone_are_reported(path, store):
    with host(path) as connection:
        connection.execute("DROP TABLE touchpoint_journal")
    with pytest.raises(StoreError, match="its tables are not as this version of the library made them"):
        write(store, entries=[entry(1)])


def test_a_number_taken_twice_is_refused_without_naming_what_the_row_holds(store):
    write(store, new_customers=[customer(1, id=SECRET)])
    with pytest.raises(StoreError, match="Take numbers from the counters") as caught:
        write(store, new_customers=[customer(2, id=SECRET)])
    assert SECRET not in str(caught.value) + repr(caught.value.__cause__)
    assert works(store)


# S1.3
def test_a_touchpoint_id_is_unique_per_customer(store):
    write(store, entries=[entry(1, of=1, id="t"), entry(2, of=2, id="t"), entry(3, of=1)])
    with pytest.raises(StoreError, match="SQLITE_CONSTRAINT"):
        write(store, entries=[entry(4, of=1, id="t")])


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"customers": [(None, "{}", 0, None, 7)]}, "customer"),
        ({"runs_ended": [(NOW, "goal", 7)]}, "run"),
        ({"cases_closed": [(NOW, None, 7)]}, "case"),
        ({"messages_changed": [MessageRow(7, "k", 1, *"abcdefg", None, 1, 1, None, 0, None, "[]", 1)]}, "message"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_of_a_row_that_is_not_there_is_refused_as_a_whole(store, changes, what):
    with pytest.raises(StoreError, match=f"no such {what}: 1 of 1 changes"):
        write(store, new_customers=[customer(1)], **changes)
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == []


@pytest.mark.parametrize("row", [customer(1, id=SECRET + "\ud800"), customer(2**70, id=SECRET)])
def test_a_value_without_a_place_is_refused_without_being_quoted(store, row):
    with pytest.raises(StoreError, match="a value that it cannot keep") as caught:
        write(store, new_customers=[row])
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__
    assert works(store)


def test_a_value_of_a_type_that_sqlite_does_not_know_is_refused(store):
    with pytest.raises(StoreError, match="a type that SQLite does not know"):
        write(store, new_customers=[customer(1, profile={"tier": "gold"})])


# S11.7
def test_text_that_is_no_text_is_reported_without_being_quoted(path, store):
    write(store, new_customers=[customer(1)])
    with host(path) as connection:
        connection.execute("UPDATE touchpoint_customers SET profile = CAST(x'ff616461' AS TEXT)")
    with pytest.raises(StoreCorrupt, match="not UTF-8") as caught, store.reading() as reader:
        reader.customers(["customer-1"])
    assert "ada" not in str(caught.value)
    assert caught.value.__suppress_context__


# S11.7
@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([entry(3, prev=2)], id="an entry is gone"),
        pytest.param([entry(2, of=2), entry(3, prev=2)], id="the entry is another customer's"),
        pytest.param([entry(2, prev=3), entry(3, prev=2)], id="the chain is a ring"),
    ],
)
def test_a_broken_chain_is_reported_rather_than_taken_for_the_whole_history(store, entries):
    write(store, new_customers=[customer(1, head=3)], entries=entries)
    with pytest.raises(StoreCorrupt, match="journal entry 2"), store.reading() as reader:
        list(reader.journal(1))


# S11.7
def test_a_budget_that_is_no_number_is_reported(path, store):
    write(store, budgets={"gifts": Decimal(1)})
    with host(path) as connection:
        connection.execute("UPDATE touchpoint_budgets SET spent = 'lots'")
    with pytest.raises(StoreCorrupt, match="budget that is no number"):
        write(store, budgets={"gifts": Decimal(1)})


# --- the wrong moment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["transaction", "reading"])
def test_a_closed_store_refuses_transactions(store, act):
    store.close()
    with pytest.raises(StoreClosed, match="was closed before this call; open it again"), getattr(store, act)():
        pytest.fail("this was to be refused")


@pytest.mark.parametrize("act", ["generation", "checkpoint"])
def test_a_closed_store_refuses_questions(store, act):
    store.close()
    with pytest.raises(StoreClosed):
        getattr(store, act)()


def test_closing_twice_does_nothing(store):
    store.close()
    store.close()


def test_closing_while_somebody_writes_leaves_folding_to_them(path, store):
    write(store, new_customers=[customer(1)])
    with host(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        store.close()
    with closing(SqliteStore(path)) as again:
        assert works(again)


@pytest.mark.parametrize("outer", ["transaction", "reading"])
def test_a_transaction_inside_another_one_is_refused(store, outer):
    with getattr(store, outer)(), pytest.raises(StoreError, match="leave it before another"), store.transaction():
        pytest.fail("this was to be refused")
    assert works(store)


@pytest.mark.parametrize("act", ["checkpoint", "close"])
def test_neither_checkpoint_nor_close_interrupts_a_transaction(store, act):
    with store.transaction() as transaction:
        with pytest.raises(StoreError, match="leave it before"):
            getattr(store, act)()
        transaction.write(Changes(new_customers=[customer(1)]))
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == [customer(1)]


def test_nothing_can_be_asked_after_the_transaction(store):
    write(store, new_customers=[customer(no) for no in range(1, 1000)])
    with store.transaction() as transaction:
        everybody = transaction.all_customers()
        next(everybody)
    with pytest.raises(StoreClosed, match="the transaction is over"):
        transaction.write(Changes())
    with pytest.raises(StoreClosed, match="the transaction is over"):
        list(everybody)


# --- the host's connection --------------------------------------------------------------------------------------------


def refusal(store, connection):
    with pytest.raises(StoreError) as caught, store.transaction(connection):
        pytest.fail("this was to be refused")
    return str(caught.value)


def test_something_else_than_a_connection_is_refused(store):
    assert "takes a sqlite3.Connection, not int" in refusal(store, 7)


def test_a_connection_to_another_file_is_refused(store, tmp_path):
    with host(tmp_path / "other.db") as connection:
        connection.execute("BEGIN")
        assert "open the store on the file" in refusal(store, connection)


def test_a_connection_to_memory_is_refused(store):
    with host(":memory:") as connection:
        connection.execute("BEGIN")
        assert "open the store on the file" in refusal(store, connection)


def test_a_closed_connection_is_refused(path, store):
    with host(path) as connection:
        pass
    assert "it is closed" in refusal(store, connection)


def test_a_connection_without_a_transaction_is_refused(path, store):
    with host(path) as connection:
        assert "begin one with BEGIN IMMEDIATE" in refusal(store, connection)


def test_a_connection_that_gives_texts_as_bytes_is_refused(path, store):
    with host(path) as connection:
        connection.text_factory = bytes
        connection.execute("BEGIN")
        assert "text_factory is str" in refusal(store, connection)


def test_a_store_in_memory_cannot_be_shared():
    with closing(SqliteStore(None)) as store, host(":memory:") as connection:
        assert "give the store a file" in refusal(store, connection)


def test_a_closed_store_refuses_the_hosts_connection(path, store):
    store.close()
    with host(path) as connection:
        connection.execute("BEGIN")
        assert "was closed" in refusal(store, connection)


def test_a_transaction_over_the_hosts_connection_inside_another_one_is_refused(path, store):
    with host(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with store.transaction(connection):
            assert "open in this thread; leave it first" in refusal(store, connection)


# S11.7
def test_a_host_that_read_before_somebody_else_wrote_is_told_to_begin_immediate(path, store):
    with host(path) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM touchpoint_customers").fetchall()
        write(store, new_customers=[customer(1)])
        with pytest.raises(StoreBusy, match="BEGIN IMMEDIATE"), store.transaction(connection) as transaction:
            transaction.write(Changes(new_customers=[customer(2)]))
        assert connection.in_transaction
    assert works(store)


# S11.7
def test_a_full_disk_in_the_hosts_transaction_is_reported(path, store):
    with host(path) as connection:
        connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0] + 5}")
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFull), store.transaction(connection) as transaction:
            transaction.write(Changes(meta={"k": "x" * 1_000_000}))
    assert works(store)
