import gc
import os
import sqlite3
import threading
import weakref
from contextlib import closing
from datetime import timedelta
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storing import customer, in_threads, script, write
from touchpoint.stores._blank import fill
from touchpoint.stores._connection import Log
from touchpoint.stores._connection import log_size as measured
from touchpoint.stores._trouble import Place
from touchpoint.stores.base import (
    SCHEMA_VERSION,
    AddressRow,
    CaseRow,
    Changes,
    ConsentRow,
    ControlRow,
    Counters,
    EntryRow,
    MessageRow,
    RunRow,
    TallyRow,
)
from touchpoint.stores.migrations import APPLICATION_ID, MIGRATIONS, Migration, migrate
from touchpoint.stores.sqlite import SqliteStore, open_url

NOW = 1_760_000_000_000_000


def entry(no, *, of=1, prev=0, id=None):
    return EntryRow(no, of, prev, "touchpoint", id, "order_placed", NOW, NOW + 1, "{}", None)


def message(no, *, of=1, **changes):
    what = ("shop", "come_back", 1, "send:offer", "offer", "marketing", "waiting", None)
    row = MessageRow(no, f"m{no}", of, *what, NOW, NOW + 9, None, 0, None, "[]", NOW)
    return row._replace(**changes)


def run(no, *, of=1, rule="come_back"):
    return RunRow(no, f"r{no}", of, "shop", rule, None, "t1", NOW, None, None)


class Mishap(Exception):
    pass


def failing():
    return pytest.raises(Mishap)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "store.db")


@pytest.fixture
def store(path):
    with closing(SqliteStore(path)) as store:
        yield store


@pytest.fixture(params=["file", "memory"])
def either(request, path):
    with closing(SqliteStore(path if request.param == "file" else None)) as store:
        yield store


def host(path):
    return closing(sqlite3.connect(path, isolation_level=None, timeout=0.1))


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_relative_url_names_a_file_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(open_url("sqlite:///shop.db")):
        assert (tmp_path / "shop.db").exists()


def test_an_absolute_url_names_that_file(path):
    with closing(open_url(f"sqlite:///{path}")):
        assert Path(path).exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_url_without_a_file_is_a_store_in_memory(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(open_url(url)) as store:
        write(store, new_customers=[customer(1)])
    assert list(tmp_path.iterdir()) == []


def test_the_store_stays_where_it_is_when_the_working_directory_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("shop.db")) as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        write(store, new_customers=[customer(1)])
        store.checkpoint()
    assert list((tmp_path / "elsewhere").iterdir()) == []


# S11.1
@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("fast", 1)])
def test_durability_decides_whether_a_commit_waits_for_the_disk(path, durability, synchronous):
    with closing(SqliteStore(path, durability=durability)) as store, store._held() as own:
        assert own.execute("PRAGMA synchronous").fetchone() == (synchronous,)


class BusyOnce(sqlite3.Connection):
    """Two processes changed the mode of a new file at once."""

    busy = True

    def execute(self, statement, *args):
        if self.busy and "journal_mode" in statement:
            self.busy = False
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error
        return super().execute(statement, *args)


def test_opening_tries_again_where_sqlite_does_not_wait_by_itself(path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, **options, factory=BusyOnce))
    with closing(SqliteStore(path)) as store:
        write(store, new_customers=[customer(1)])


# S1.7
def test_what_is_deleted_is_overwritten(store):
    with store._held() as own:
        assert own.execute("PRAGMA secure_delete").fetchone() == (1,)


# S11.7
def test_the_connection_never_checkpoints_by_itself(store):
    with store._held() as own:
        assert own.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)


# --- rows -------------------------------------------------------------------------------------------------------------


def test_customers_are_found_by_id(either):
    write(either, new_customers=[customer(1), customer(2), customer(3)])
    with either.reading() as reader:
        assert sorted(reader.customers(["customer-3", "nobody", "customer-1"])) == [customer(1), customer(3)]


def test_customers_are_found_by_number_however_many_are_asked_for(either):
    rows = [customer(no) for no in range(1, 1001)]
    write(either, new_customers=rows)
    with either.reading() as reader:
        assert sorted(reader.customers_by_number(range(1, 2000))) == rows


def test_customers_are_counted(either):
    write(either, new_customers=[customer(1), customer(7)])
    with either.reading() as reader:
        assert reader.customer_count() == 2


def test_asking_for_nobody_finds_nobody(store):
    with store.reading() as reader:
        assert reader.customers([]) == []
        assert reader.seen([]) == {}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20, unique=True))
def test_any_text_is_a_customer_id_and_comes_back_as_it_was(ids):
    rows = [customer(no, id=text) for no, text in enumerate(ids, start=1)]
    with closing(SqliteStore(None)) as store:
        write(store, new_customers=rows)
        with store.reading() as reader:
            assert sorted(reader.customers(ids)) == rows


def test_all_customers_come_by_number_even_while_they_are_changed(either):
    write(either, new_customers=[customer(no) for no in range(1, 700)])
    seen = []
    with either.transaction() as transaction:
        for row in transaction.all_customers():
            seen.append(row.no)
            transaction.write(Changes(customers=[("", '{"seen": 1}', 0, None, row.no)]))
    assert seen == list(range(1, 700))


def test_a_change_without_profile_leaves_the_profile(either):
    write(either, new_customers=[customer(1)], customers=[("", '{"n": 1}', 7, NOW, 1)])
    with either.reading() as reader:
        assert reader.customers_by_number([1]) == [customer(1, state='{"n": 1}', head=7, due=NOW)]


def test_a_change_with_profile_replaces_the_profile(either):
    write(either, new_customers=[customer(1)], customers=[("{}", "{}", 0, None, 1)])
    with either.reading() as reader:
        assert reader.customers_by_number([1]) == [customer(1, profile="{}")]


# S1.3
def test_a_touchpoint_seen_before_is_found_by_its_id_and_customer(either):
    rows = [entry(1, of=1, id="t"), entry(2, of=2, id="t"), entry(3, of=1, id="u")]
    write(either, entries=rows)
    with either.reading() as reader:
        assert reader.seen([("t", 2), ("u", 2), ("v", 1), ("u", 1)]) == {("t", 2): rows[1], ("u", 1): rows[2]}


@pytest.mark.parametrize("many", [31, 32, 33, 95, 96])
def test_rows_that_are_inserted_together_are_those_that_were_handed_in(either, many):
    numbers = range(1, many + 1)
    people, runs = [customer(no, due=no) for no in numbers], [run(no) for no in numbers]
    entries = [entry(no, prev=no - 1, id=f"t{no}" if no % 2 else None) for no in numbers]
    messages = [message(no) for no in numbers]
    write(either, new_customers=people, entries=entries, runs=runs, messages=messages)
    write(either, customers=[("", "{}", many, "", 1)])
    with either.reading() as reader:
        assert [*reader.all_customers()] == [customer(1, head=many), *people[1:]]
        assert [*reader.journal(1)] == entries[::-1]
        assert (reader.runs(1), reader.messages(1)) == (runs, messages)


# S1.3
def test_many_touchpoints_are_looked_up_at_once(either):
    rows = [entry(no, id=f"t{no}") for no in range(1, 901)]
    write(either, entries=rows)
    with either.reading() as reader:
        found = reader.seen([(f"t{no}", 1) for no in range(1, 1200)])
    assert sorted(found.values()) == rows


def test_the_journal_of_a_customer_is_read_newest_first(either):
    mine = [entry(no, prev=max(no - 2, 0)) for no in range(1, 1200, 2)]
    others = [entry(no, of=2, prev=no - 2) for no in range(2, 1200, 2)]
    write(either, new_customers=[customer(1, head=1199), customer(2, head=1198)], entries=mine + others)
    with either.reading() as reader:
        assert list(reader.journal(1)) == mine[::-1]


def test_a_customer_without_entries_has_an_empty_journal(either):
    write(either, new_customers=[customer(1)])
    with either.reading() as reader:
        assert list(reader.journal(1)) == []
        assert list(reader.journal(99)) == []


# S2.5
def test_what_falls_due_comes_earliest_first(either):
    write(either, dues=[(None, NOW + 5, 1), (None, NOW, 3), (None, NOW, 2), (None, NOW + 6, 4)])
    with either.reading() as reader:
        assert reader.due(NOW + 5, 10) == [(NOW, 2), (NOW, 3), (NOW + 5, 1)]
        assert reader.due(NOW + 5, 1) == [(NOW, 2)]


def test_a_due_instant_moves_and_goes(either):
    write(either, dues=[(None, NOW, 1), (None, NOW, 2)])
    write(either, dues=[(NOW, NOW + 1, 1), (NOW, None, 2)])
    with either.reading() as reader:
        assert reader.due(NOW + 9, 10) == [(NOW + 1, 1)]


def test_a_due_instant_that_moves_twice_in_one_write_ends_where_it_moved_last(either):
    write(either, dues=[(None, NOW, 1)])
    write(either, dues=[(NOW, NOW + 1, 1), (NOW + 1, NOW + 2, 1)])
    with either.reading() as reader:
        assert reader.due(NOW + 9, 10) == [(NOW + 2, 1)]


# The table of what is due says the same as the customers who say when they are due, whatever happens.
@given(st.lists(st.tuples(st.integers(1, 4), st.none() | st.integers(0, 5), st.booleans()), max_size=30))
def test_the_due_table_follows_every_sequence_of_changes(steps):
    now_due = {}
    with closing(SqliteStore(None)) as store:
        pending = Changes()
        for who, at, flush in steps:
            pending.dues.append((now_due.get(who), at, who))
            now_due[who] = at
            if flush:
                with store.transaction() as transaction:
                    transaction.write(pending)
                pending = Changes()
        with store.transaction() as transaction:
            transaction.write(pending)
            assert transaction.due(9, 99) == sorted((at, who) for who, at in now_due.items() if at is not None)


# S6.3
def test_a_message_is_found_by_its_key_and_by_its_customer(either):
    write(either, messages=[message(1), message(2, of=2), message(3)])
    with either.reading() as reader:
        assert reader.message("m2") == message(2, of=2)
        assert reader.message("nothing") is None
        assert reader.messages(1) == [message(1), message(3)]


def test_a_changed_message_is_replaced_as_a_whole(either):
    after = message(
        1, status="sent", channel="email", at=NOW + 2, fence=3, ref="x", reasons='["ok"]', changed_at=NOW + 3
    )
    write(either, messages=[message(1)], messages_changed=[message(1, fence=1), after])
    with either.reading() as reader:
        assert reader.messages(1) == [after]


def test_runs_end_with_a_reason(either):
    write(either, runs=[run(1), run(2, of=2), run(3)], runs_ended=[(NOW + 5, "goal", 3)])
    with either.reading() as reader:
        assert reader.runs(1) == [run(1), run(3)._replace(ended_at=NOW + 5, reason="goal")]


def test_cases_open_and_close(either):
    rows = [CaseRow(1, 1, "complaint", "order-1", NOW, None), CaseRow(2, 1, "complaint", "order-2", NOW, None)]
    write(either, cases=rows, cases_closed=[(NOW + 5, None, 1)])
    with either.reading() as reader:
        assert reader.cases(1) == [rows[0]._replace(closed_at=NOW + 5), rows[1]]


# S7.1
def test_the_consent_ledger_keeps_the_order_of_writing(either):
    rows = [ConsentRow(1, NOW - n, NOW, "marketing", "email", bool(n % 2), "{}") for n in range(3)]
    for row in rows:
        write(either, consents=[row, row._replace(customer=2)])
    with either.reading() as reader:
        assert reader.consents(1) == rows
        assert {type(row.granted) for row in reader.consents(1)} == {bool}


def test_an_address_is_known_by_what_was_written_last(either):
    row = AddressRow("email", "e1", "suppressed", "hard_bounce", NOW)
    write(either, addresses=[row._replace(standing="dormant"), row])
    with either.reading() as reader:
        assert reader.addresses([("email", "e1"), ("sms", "e1"), ("email", "e2")]) == {("email", "e1"): row}


def test_a_control_is_set_and_lifted(either):
    pause = ControlRow("channel", "email", "breaker", NOW, None)
    write(either, controls=[pause._replace(until=NOW), pause, pause._replace(name="sms")])
    write(either, controls_lifted=[("channel", "sms")])
    with either.reading() as reader:
        assert reader.controls() == [pause]


# S11.8
def test_what_is_stopped_and_lifted_at_once_stays_stopped(either):
    stop = ControlRow("message", "offer", "kill switch", NOW, None)
    write(either, controls=[stop], controls_lifted=[("message", "offer")])
    with either.reading() as reader:
        assert reader.controls() == [stop]


def test_budgets_add_up_exactly_whatever_precision_the_host_has_set(either):
    with localcontext(prec=3):
        write(either, budgets={"gifts": Decimal("1000000.10")})
        write(either, budgets={"gifts": Decimal("0.20"), "other": Decimal(-1)})
    with either.reading() as reader:
        assert reader.spent(["gifts", "other", "none"]) == {
            "gifts": Decimal("1000000.30"),
            "other": Decimal(-1),
            "none": Decimal(0),
        }


def test_tallies_add_up(either):
    write(either, tallies={("message", "shop/offer", "sent"): 2, ("rule", "r", "started"): 1})
    write(either, tallies={("message", "shop/offer", "sent"): 3})
    with either.reading() as reader:
        assert reader.tallies() == [TallyRow("message", "shop/offer", "sent", 5), TallyRow("rule", "r", "started", 1)]


def test_a_definition_is_stored_once_and_dated_when_it_was_put_to_work_last(either):
    write(either, definitions=[("h1", "shop", "{}", NOW)])
    write(either, definitions=[("h1", "shop", "{}", NOW + 2), ("h2", "shop", '{"v": 2}', NOW + 1)])
    with either.reading() as reader:
        assert reader.definitions() == [("h2", "shop", '{"v": 2}', NOW + 1), ("h1", "shop", "{}", NOW + 2)]


def test_meta_keeps_the_last_value(either):
    write(either, meta={"timeline": "a"})
    write(either, meta={"timeline": "b"})
    with either.reading() as reader:
        assert reader.meta() == {"schema_version": str(SCHEMA_VERSION), "timeline": "b"}


def test_customers_are_found_by_what_they_have(either):
    write(
        either,
        new_customers=[customer(no) for no in (1, 2, 3)],
        cases=[CaseRow(1, 3, "complaint", "a", NOW, None), CaseRow(2, 2, "complaint", "b", NOW, NOW)],
        runs=[run(1, of=2), run(2, of=1), run(3, of=2), run(4, of=3, rule="welcome")],
        messages=[message(1, of=3), message(2, of=3), message(3, of=1, status="sent")],
    )
    with either.reading() as reader:
        assert reader.ids_with_case_open("complaint") == ["customer-3"]
        assert reader.ids_with_run("come_back") == ["customer-1", "customer-2"]
        assert reader.ids_with_message("offer", "waiting") == ["customer-3"]


# --- transactions -----------------------------------------------------------------------------------------------------


# S11.1
def test_everything_is_there_after_opening_again(path):
    with closing(SqliteStore(path)) as store:
        write(store, new_customers=[customer(1)], entries=[entry(1, id="t1")], messages=[message(1)])
    with closing(SqliteStore(path)) as again, again.reading() as reader:
        assert reader.customers(["customer-1"]) == [customer(1)]
        assert reader.seen([("t1", 1)]) == {("t1", 1): entry(1, id="t1")}
        assert reader.message("m1") == message(1)


# S11.7
def test_closing_closes_the_file_even_if_somebody_keeps_a_transaction(path):
    with closing(SqliteStore(path)) as store, store.transaction() as kept:
        kept.write(Changes(meta={"k": "v"}))
    assert not Path(path + "-wal").exists()  # SQLite removes it with the last connection
    assert kept is not None


# S11.1
def test_an_error_leaves_nothing_behind(either):
    with failing(), either.transaction() as transaction:
        transaction.write(Changes(new_customers=[customer(1)], dues=[(None, NOW, 1)], budgets={"gifts": Decimal(1)}))
        raise Mishap
    with either.reading() as reader:
        assert reader.customers(["customer-1"]) == []
        assert reader.due(NOW, 9) == []
        assert reader.spent(["gifts"]) == {"gifts": Decimal(0)}


def test_an_error_of_the_caller_is_not_dressed_up_as_one_of_the_store(store):
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        raise sqlite3.IntegrityError


def test_counters_begin_at_one(either):
    with either.transaction() as transaction:
        assert transaction.counters == Counters(1, 1, 1, 1, 1, 1, 1)


def test_counters_go_on_where_the_last_transaction_left_them(store):
    with store.transaction() as transaction:
        transaction.counters.message = 8
    with store.transaction() as transaction:
        assert transaction.counters.message == 8


def test_counters_taken_by_a_transaction_that_failed_are_free_again(either):
    write(either, new_customers=[customer(1)])
    with failing(), either.transaction() as transaction:
        transaction.counters.customer += 1
        raise Mishap
    with either.transaction() as transaction:
        assert transaction.counters.customer == 2


def test_counters_know_what_another_store_object_wrote(path, store):
    with store.transaction():
        pass
    with closing(SqliteStore(path)) as other:
        write(other, new_customers=[customer(41)], messages=[message(7)])
    with store.transaction() as transaction:
        assert transaction.counters == Counters(42, 1, 1, 1, 8, 1, 1)


def test_reading_sees_one_instant_while_another_store_object_commits(path, store):
    with closing(SqliteStore(path)) as other, store.reading() as reader:
        assert reader.customers(["customer-1"]) == []
        write(other, new_customers=[customer(1)])
        assert reader.customers(["customer-1"]) == []
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == [customer(1)]


def test_reading_inside_a_transaction_sees_its_changes(either):
    with either.transaction() as transaction:
        transaction.write(Changes(new_customers=[customer(1)]))
        with either.reading() as reader:
            assert reader.customers(["customer-1"]) == [customer(1)]
        transaction.write(Changes(new_customers=[customer(2)]))


def test_own_commits_and_checkpoints_leave_the_generation_as_it_is(either):
    before = either.generation()
    write(either, new_customers=[customer(1)])
    either.checkpoint()
    write(either, new_customers=[customer(2)])
    assert either.generation() == before


def test_the_generation_changes_when_another_store_object_has_committed(path, store):
    before = store.generation()
    with closing(SqliteStore(path)) as other:
        write(other, new_customers=[customer(1)])
    with store.transaction():
        assert store.generation() != before


# S1.4
def test_threads_take_turns(store):
    def record():
        for _ in range(50):
            with store.transaction() as transaction:
                no = transaction.counters.customer
                transaction.counters.customer += 1
                transaction.write(Changes(new_customers=[customer(no)], tallies={("a", "b", "c"): 1}))

    in_threads(8, record)
    with store.reading() as reader:
        assert reader.tallies() == [TallyRow("a", "b", "c", 400)]
        assert [row.no for row in reader.all_customers()] == list(range(1, 401))


# S1.4
def test_two_store_objects_on_one_file_take_turns(path, store):
    def record(store):
        for _ in range(50):
            with store.transaction() as transaction:
                transaction.write(Changes(new_customers=[customer(transaction.next_numbers().customer)]))

    with closing(SqliteStore(path)) as other:
        in_threads(4, record, store, other)
    with store.reading() as reader:
        assert len(list(reader.all_customers())) == 200


WRITE_FIFTY = """
import sys
from touchpoint.stores.base import Changes
from touchpoint.stores.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
for _ in range(50):
    with store.transaction() as transaction:
        transaction.write(Changes(tallies={("a", "b", "c"): 1}))
store.close()
"""


# S1.4
def test_processes_that_begin_with_a_new_file_at_once_take_turns(path):
    processes = [script(WRITE_FIFTY, path) for _ in range(2)]
    assert [process.communicate(timeout=60)[1] for process in processes] == ["", ""]
    with closing(SqliteStore(path)) as store, store.reading() as reader:
        assert reader.tallies() == [TallyRow("a", "b", "c", 100)]


# --- the host's connection --------------------------------------------------------------------------------------------


# S6.3
def test_our_rows_commit_with_the_hosts(path, store):
    with host(path) as connection:
        connection.execute("CREATE TABLE orders (no INTEGER)")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO orders VALUES (1)")
        with store.transaction(connection) as transaction:
            transaction.write(Changes(new_customers=[customer(transaction.counters.customer)]))
        assert connection.in_transaction
        connection.execute("COMMIT")
    with store.transaction() as transaction:
        assert transaction.customers(["customer-1"]) == [customer(1)]
        assert transaction.counters.customer == 2


# S6.3
def test_our_rows_go_with_the_hosts_when_it_rolls_back(path, store):
    with host(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with store.transaction(connection) as transaction:
            transaction.write(Changes(new_customers=[customer(1)]))
        connection.execute("ROLLBACK")
    with store.transaction() as transaction:
        assert transaction.customers(["customer-1"]) == []
        assert transaction.counters.customer == 1


# S11.1
def test_a_part_that_failed_leaves_the_hosts_own_rows_alone(path, store):
    with host(path) as connection:
        connection.execute("CREATE TABLE orders (no INTEGER)")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO orders VALUES (1)")
        with failing(), store.transaction(connection) as transaction:
            transaction.write(Changes(new_customers=[customer(1)]))
            raise Mishap
        connection.execute("COMMIT")
        assert connection.execute("SELECT no FROM orders").fetchall() == [(1,)]
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == []


def test_a_host_that_has_just_begun_takes_the_write_lock_with_our_first_row(path, store):
    with host(path) as connection:
        connection.execute("BEGIN")
        with store.transaction(connection) as transaction:
            transaction.write(Changes(new_customers=[customer(1)]))
        connection.execute("COMMIT")
    with store.reading() as reader:
        assert reader.customers(["customer-1"]) == [customer(1)]


def test_a_row_factory_of_the_host_is_left_alone(path, store):
    with host(path) as connection:
        connection.row_factory = lambda cursor, row: {cursor.description[0][0]: row[0]}
        connection.execute("BEGIN IMMEDIATE")
        with store.transaction(connection) as transaction:
            transaction.write(Changes(new_customers=[customer(1)]))
            assert transaction.customers(["customer-1"]) == [customer(1)]
        assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}


def test_the_hosts_tables_may_have_the_names_it_likes(path):
    with host(path) as connection:
        connection.execute("CREATE TABLE customers (email TEXT)")
        connection.execute("PRAGMA user_version = 77")
    with closing(SqliteStore(path)) as store:
        write(store, new_customers=[customer(1)])
    with closing(SqliteStore(path)), host(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (77,)
        assert connection.execute("SELECT * FROM customers").fetchall() == []


def test_another_thread_that_waits_for_the_host_does_not_keep_the_host_waiting(path, store):
    waiting = threading.Event()

    def record():
        with store._lock:
            waiting.set()
            write(store, new_customers=[customer(2)])  # waits for the host to commit, and holds our lock meanwhile

    with host(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=record)
        thread.start()
        assert waiting.wait(5)
        with store.transaction(connection) as transaction:
            transaction.write(Changes(new_customers=[customer(1)]))
            store.generation()
        connection.execute("COMMIT")
        thread.join()
    with store.reading() as reader:
        assert sorted(reader.customers(["customer-1", "customer-2"])) == [customer(1), customer(2)]


def test_no_generation_within_a_hosts_transaction_is_met_again(path, store):
    seen = [store.generation()]
    with host(path) as connection:
        for end in ("ROLLBACK", "COMMIT"):
            connection.execute("BEGIN IMMEDIATE")
            with store.transaction(connection) as transaction:
                transaction.write(Changes(new_customers=[customer(1)]))
                seen.append(store.generation())
            connection.execute(end)
    seen.append(store.generation())
    assert len(set(seen)) == 4


# --- the write-ahead log ----------------------------------------------------------------------------------------------


def log_size(path):
    return Path(path + "-wal").stat().st_size


# S11.7
def test_the_write_ahead_log_stays_small(path):
    sizes = []
    with closing(SqliteStore(path, durability="fast")) as store:
        for no in range(1, 150):
            write(store, meta={f"k{no}": "x" * 250_000})
            sizes.append(log_size(path))
    assert 4_000_000 < max(sizes) < 9_000_000


# S11.7
def test_transactions_larger_than_the_limit_do_not_let_the_log_grow_on_and_on(path):
    with closing(SqliteStore(path, durability="fast")) as store:
        for no in range(8):
            write(store, meta={f"k{no}": "x" * 5_000_000})
        assert log_size(path) < 16_000_000


# S1.7
def test_a_checkpoint_cuts_the_log(path, store):
    write(store, meta={"k": "x" * 1_000_000})
    assert log_size(path) > 1_000_000
    store.checkpoint()
    assert log_size(path) < 20_000
    write(store, meta={"k": "y"})
    with store.reading() as reader:
        assert reader.meta()["k"] == "y"


def test_a_checkpoint_of_a_store_in_memory_does_nothing():
    with closing(SqliteStore(None)) as store:
        store.checkpoint()


def test_a_log_that_is_not_there_has_no_size(path):
    assert measured(Place(path)) == Log(Place(path)).size() == 0


def test_a_log_that_is_held_open_has_the_size_of_its_file(path, store):
    log = Log(Place(path))
    for no in range(3):
        write(store, meta={f"k{no}": "x" * 10_000})
        assert log.size() == log_size(path)
    log.close()
    log.close()  # once more does nothing
    assert log.size() == log_size(path)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="there is no list of open files")
def test_a_store_that_is_closed_has_no_file_open(path):
    def opened():
        return [each for each in map(os.path.realpath, Path("/proc/self/fd").iterdir()) if path in each]

    with closing(SqliteStore(path)) as store:
        write(store, meta={"k": "x"})
        assert opened()
    assert not opened()


# S11.7
def test_nobody_can_commit_during_a_checkpoint(path, store, monkeypatch):
    write(store, new_customers=[customer(1)])
    refused = []
    connect = sqlite3.connect

    def connect_and_try(*args, **kwargs):
        second = connect(*args, **kwargs)
        with closing(connect(path, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                refused.append(error.sqlite_errorname)
        return second

    monkeypatch.setattr(sqlite3, "connect", connect_and_try)
    store.checkpoint()
    assert refused == ["SQLITE_BUSY"]


def test_a_commit_stands_even_if_folding_the_log_fails(path, monkeypatch):
    def out_of_order(*_):
        raise sqlite3.OperationalError

    monkeypatch.setattr("touchpoint.stores.sqlite.fold", out_of_order)
    with closing(SqliteStore(path, durability="fast")) as store:
        write(store, meta={"k": "x" * 5_000_000})
    with closing(SqliteStore(path)) as store, store.reading() as reader:
        assert "k" in reader.meta()


def test_a_store_that_nobody_holds_any_more_is_forgotten(path):
    store = SqliteStore(path)
    gone = weakref.ref(store)
    store.close()
    del store
    gc.collect()
    assert gone() is None


def test_the_repr_names_the_file(path, store):
    assert repr(store) == f"SqliteStore({path!r})"


def test_waiting_longer_than_sqlite_can_count_is_no_error(path):
    with closing(SqliteStore(path, timeout=timedelta(days=400))) as store:
        write(store, new_customers=[customer(1)])


# --- migrations -------------------------------------------------------------------------------------------------------


def schema(connection):
    return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()


LATER = (Migration("9999_made_up", ("ALTER TABLE touchpoint_runs ADD COLUMN note TEXT",)),)


def migrated(*steps):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for migrations in steps:
        migrate(connection, NOW, migrations)
    return closing(connection)


# S11.6
@pytest.mark.parametrize("stop", range(len(MIGRATIONS) + 1))
def test_a_migrated_schema_equals_a_fresh_one(stop):
    every = MIGRATIONS + LATER
    with migrated(every) as fresh, migrated(MIGRATIONS[:stop], every) as old:
        assert schema(old) == schema(fresh)
        assert old.execute("PRAGMA user_version").fetchall() == fresh.execute("PRAGMA user_version").fetchall()


def everything(connection):
    """What would make the database anew, and what it says of itself."""
    said = [connection.execute(f"PRAGMA {each}").fetchall() for each in ("application_id", "user_version")]
    return list(connection.iterdump()), said


# S11.6
def test_a_store_in_memory_is_filled_with_what_the_migrations_make():
    with migrated(MIGRATIONS) as step_by_step, migrated() as filled:
        fill(filled, NOW)
        assert everything(filled) == everything(step_by_step)
        assert migrate(filled, NOW + 1) == []


class Older:
    """A connection to a SQLite that was built without images of databases."""

    def __init__(self, connection):
        self._connection = connection

    def __getattr__(self, name):
        if name == "deserialize":
            raise AttributeError(name)
        return getattr(self._connection, name)


def test_without_images_of_databases_a_store_in_memory_is_filled_by_the_migrations():
    with migrated(MIGRATIONS) as step_by_step, migrated() as filled:
        fill(Older(filled), NOW)
        assert everything(filled) == everything(step_by_step)


def test_the_schema_version_counts_the_migrations():
    assert len(MIGRATIONS) == SCHEMA_VERSION


def test_each_migration_is_applied_once_and_recorded():
    with migrated() as connection:
        assert migrate(connection, NOW) == [step.name for step in MIGRATIONS]
        assert migrate(connection, NOW + 1, MIGRATIONS + LATER) == ["9999_made_up"]
        assert connection.execute("SELECT name, applied_at FROM touchpoint_migrations ORDER BY name").fetchall() == [
            *((step.name, NOW) for step in MIGRATIONS),
            ("9999_made_up", NOW + 1),
        ]


def test_a_migration_that_fails_leaves_nothing_behind():
    broken = Migration("9999_broken", ("CREATE TABLE touchpoint_extra (no INTEGER)", "CREATE NONSENSE"))
    with migrated(MIGRATIONS) as connection:
        before = schema(connection)
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, NOW, (*MIGRATIONS, broken))
        assert schema(connection) == before


def test_a_file_of_our_own_says_so(path, store):
    with host(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
