"""Checks of a store: transactions that belong to the host, over its own connection (S6.3)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, Protocol, TypeAlias

import pytest

from touchpoint.errors import StoreError
from touchpoint.stores.base import Changes, Store
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_checks_sharing import Mishap
from touchpoint.testing.store_rows import customer, held, something, something_else, task


class Connection(Protocol):
    """What the checks need of a host's connection: that of Python's database API (PEP 249)."""

    def commit(self) -> None:
        """End its transaction well."""
        ...

    def rollback(self) -> None:
        """Undo its transaction."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


Connect: TypeAlias = Callable[[], Connection] | None
"""Opens a connection of the host's to the same data, with a transaction begun; None where there can be none."""


class HostChecks(Contract):
    """What is written over the host's connection commits with what the host writes, and is undone with it."""

    def test_nothing_is_committed_before_the_host_commits(self, store: Store, connect: Connect) -> None:
        """And everything is, once it has."""
        with connected(connect) as connection:
            with store.transaction(connection) as transaction:
                transaction.write(something())
            same(held(store)["customers"], [], "the host's transaction is not committed by the store")
            connection.commit()
        same(len(_list(held(store)["customers"])), 2, "what was written over the host's connection commits with it")

    def test_what_the_host_rolls_back_was_never_there(self, store: Store, connect: Connect) -> None:
        """Numbers included."""
        before = held(store)
        with connected(connect) as connection:
            with store.transaction(connection) as transaction:
                transaction.write(something())
                transaction.counters.customer = 3
            connection.rollback()
        same(held(store), before, "what the host rolls back leaves nothing")
        with store.transaction() as transaction:
            same(transaction.counters.customer, 1, "numbers of a transaction that the host rolled back are free again")

    def test_a_part_that_fails_is_undone_alone(self, store: Store, connect: Connect) -> None:
        """What came before it in the host's transaction stays, and the host goes on."""
        with connected(connect) as connection:
            with store.transaction(connection) as transaction:
                transaction.write(something())
            with pytest.raises(Mishap), store.transaction(connection) as transaction:  # noqa: PT012 - the block is what ends
                transaction.write(something_else())
                raise Mishap
            with store.transaction(connection) as transaction:
                transaction.write(Changes(meta={"after": "yes"}))
            connection.commit()
        found = held(store)
        promised("after" in _dict(found["meta"]), "after a part that failed the host's transaction goes on")
        same(found["customer_count"], 2, "a part that failed is undone, and nothing else of the host's transaction")

    def test_a_refused_write_leaves_the_hosts_transaction_usable(self, store: Store, connect: Connect) -> None:
        """And nothing of itself."""
        wrong = something()
        wrong.tasks_changed.append(("claimed", "chris", 0, task(99).key))
        with connected(connect) as connection:
            with pytest.raises(StoreError), store.transaction(connection) as transaction:
                transaction.write(wrong)
            with store.transaction(connection) as transaction:
                transaction.write(Changes(new_customers=[customer(1)]))
            connection.commit()
        found = held(store)
        same((found["customer_count"], found["tallies"]), (1, []), "a write that was refused leaves nothing behind")

    def test_no_generation_within_a_hosts_transaction_is_met_again(self, store: Store, connect: Connect) -> None:
        """Nobody knows whether the host will commit what was read in it."""
        seen = []
        for _ in range(2):
            with connected(connect) as connection:
                with store.transaction(connection):
                    seen.append(store.generation())
                connection.rollback()
        with store.transaction():
            seen.append(store.generation())
        promised(len(set(seen)) == len(seen), "the generation within a host's transaction is not met again")

    def test_numbers_go_on_from_what_the_host_committed(self, store: Store, connect: Connect) -> None:
        """Also those that were remembered."""
        with store.transaction() as transaction:
            same(transaction.counters.customer, 1, "counters begin at 1")
        with connected(connect) as connection:
            with store.transaction(connection) as transaction:
                transaction.write(something())
            connection.commit()
        with store.transaction() as transaction:
            same(transaction.counters.customer, 3, "numbers taken in a host's transaction are taken")


@contextmanager
def connected(connect: Connect) -> Iterator[Connection]:
    """A connection of the host's, closed at the end; skips the check where there can be none."""
    if connect is None:
        _skip()
    connection = connect()
    try:
        yield connection
    finally:
        connection.close()


def _skip() -> NoReturn:
    pytest.skip("a host can have no connection of its own to this store (`connect` is None)")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[object, object]:
    return value if isinstance(value, dict) else {}
