"""Checks of a store: transactions, and whoever else uses the same store."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from typing import NoReturn, TypeAlias

import attrs
import pytest

from touchpoint.errors import StoreClosed, StoreError
from touchpoint.stores.base import Changes, Counters, Store, Transaction
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_rows import (
    MANY,
    NOW,
    case,
    customer,
    entry,
    everything,
    held,
    message,
    put,
    referral,
    run,
    something,
    something_else,
    task,
    values,
)

Reopen: TypeAlias = Callable[[], Store] | None
"""Makes another store object on the same data; None where there can be no other."""

_NONE = Counters(1, 1, 1, 1, 1, 1, 1)


class Mishap(Exception):
    """What goes wrong in a host's own code."""


class SharingChecks(Contract):
    """What commits is there for everybody, what does not was never there, and nobody is in anybody's way."""

    # Counters.

    def test_counters_begin_at_one(self, store: Store) -> None:
        """Of every table."""
        with store.transaction() as transaction:
            same(transaction.counters, _NONE, "counters begin at 1")

    def test_counters_are_beyond_the_highest_number(self, store: Store) -> None:
        """Of each table for itself."""
        highest = Changes(
            new_customers=[customer(41)], entries=[values(entry(7))], runs=[run(8)], cases=[case(9)],
            messages=[message(10)], tasks=[task(11)], referrals={12: referral(12)},
        )  # fmt: skip
        with store.transaction() as transaction:
            transaction.counters = Counters(42, 8, 9, 10, 11, 12, 13)
            transaction.write(highest)
        with store.transaction() as transaction:
            same(
                transaction.counters,
                Counters(42, 8, 9, 10, 11, 12, 13),
                "counters are one more than the highest number",
            )

    def test_numbers_taken_by_a_failed_transaction_are_free_again(self, store: Store) -> None:
        """Or at least never behind what is written."""
        put_customers(store, 1)
        with failing(store) as transaction:
            transaction.counters.customer += 1
        with store.transaction() as transaction:
            same(transaction.counters.customer, 2, "a transaction that failed has taken no number")

    # All or nothing.

    def test_a_failed_transaction_leaves_nothing(self, store: Store) -> None:
        """Of any kind of row (S11.1)."""
        put(store, new_customers=[customer(9)], meta={"before": "1"})
        before = held(store)
        with failing(store) as transaction:
            transaction.write(something())
            transaction.write(something_else())
        same(held(store), before, "a transaction that failed leaves nothing behind")

    def test_a_failed_transaction_takes_nothing_away(self, store: Store) -> None:
        """What stood before stands as it stood."""
        with store.transaction() as transaction:
            transaction.write(something())
        before = held(store)
        with failing(store) as transaction:
            transaction.write(something_else())
        same(held(store), before, "a transaction that failed changes nothing")

    def test_an_interrupt_rolls_back_too(self, store: Store) -> None:
        """Whatever ends the block, unless it ends well."""
        with pytest.raises(KeyboardInterrupt), store.transaction() as transaction:  # noqa: PT012 - the block is what ends
            transaction.write(Changes(meta={"k": "v"}))
            raise KeyboardInterrupt
        promised("k" not in held(store)["meta"], "an interrupted transaction leaves nothing")  # type: ignore[operator]

    def test_an_error_of_the_host_comes_out_as_it_was(self, store: Store) -> None:
        """And the store goes on."""
        mishap = Mishap()
        try:
            with store.transaction() as transaction:
                transaction.write(Changes(meta={"k": "v"}))
                raise mishap
        except Mishap as error:
            promised(error is mishap, "an error of the host's comes out as it was")
        put(store, meta={"k": "w"})
        same(held(store)["meta"]["k"], "w", "after a failed transaction the store goes on")  # type: ignore[index]

    def test_a_write_that_is_refused_leaves_nothing(self, store: Store) -> None:
        """Not even the part that came before what was wrong."""
        with store.transaction() as transaction:
            transaction.write(something())
        before = held(store)
        wrong = something_else()
        wrong.tasks_changed.append(("claimed", "chris", NOW, "message-99"))
        with pytest.raises(StoreError), store.transaction() as transaction:
            transaction.write(wrong)
        same(held(store), before, "a write that was refused leaves nothing behind")

    @pytest.mark.parametrize(
        "changes",
        [
            Changes(customers=[("{}", "{}", 1, None, 99)]),
            Changes(runs_ended=[(NOW, "goal", 99)]),
            Changes(cases_closed=[(NOW, None, 99)]),
            Changes(cases_changed=[(NOW, "", "normal", None, NOW, None, 99)]),
            Changes(messages_changed=[message(99)]),
            Changes(messages_changed=[message(1, key="another")]),
            Changes(messages_changed=[message(1, of=77)]),
            Changes(delivered=[("{}", NOW, "message-99")]),
            Changes(tasks_changed=[("claimed", "chris", NOW, "message-99")]),
        ],
        ids=lambda changes: ", ".join(field for field in _written(changes)),
    )
    def test_a_change_of_what_is_not_there_is_refused(self, store: Store, changes: Changes) -> None:
        """It would be lost without a word."""
        put(store, messages=[message(1)], tasks=[task(1)])
        with pytest.raises(StoreError), store.transaction() as transaction:
            transaction.write(changes)

    @pytest.mark.parametrize(
        "changes",
        [
            Changes(new_customers=[customer(1, id="secret\udc80")]),
            Changes(new_customers=[customer(1, id="secret", due=1 << 63)]),
            Changes(meta={"secret": "\ud800"}),
        ],
        ids=["a lone surrogate", "a number of more than 64 bits", "a lone surrogate in a note"],
    )
    def test_a_value_that_has_no_place_is_refused(self, store: Store, changes: Changes) -> None:
        """As an error of the store that quotes nothing; never stored as something else."""
        before = held(store)
        with pytest.raises(StoreError) as caught, store.transaction() as transaction:
            transaction.write(changes)
        promised("secret" not in f"{caught.value!r}", "an error of a store quotes nothing that a row holds")
        same(held(store), before, "a value that has no place leaves nothing behind")

    def test_a_connection_that_is_none_is_refused(self, store: Store) -> None:
        """With what can be handed in (S6.3)."""
        with pytest.raises(StoreError), store.transaction("no connection"):
            pass

    # The end of a transaction.

    def test_nothing_can_be_asked_after_the_transaction(self, store: Store) -> None:
        """Nor written: it would be answered from another instant, or lost."""
        with store.transaction() as kept:
            kept.write(something())
        with store.reading() as reader:
            pass
        for ask in (kept.meta, lambda: kept.write(Changes(meta={"k": "v"})), reader.meta, lambda: reader.due(NOW, 1)):
            with pytest.raises(StoreError):
                ask()

    def test_an_iterator_ends_with_its_transaction(self, store: Store) -> None:
        """What is half read is refused, never cut short."""
        entries = [values(entry(no, prev=no - 1)) for no in range(1, MANY + 1)]
        put(store, new_customers=[customer(no, head=MANY * (no == 1)) for no in range(1, MANY + 1)], entries=entries)
        with store.reading() as reader:
            people, journal = reader.all_customers(), reader.journal(1)
            next(people)
            next(journal)
        for half_read in (people, journal):
            with pytest.raises(StoreError):
                list(half_read)

    def test_a_closed_store_says_so(self, store: Store) -> None:
        """Closing twice does nothing."""
        store.close()
        store.close()
        for ask in (
            lambda: store.transaction().__enter__(),
            lambda: store.reading().__enter__(),
            store.generation,
            store.checkpoint,
        ):
            with pytest.raises(StoreClosed):
                ask()

    def test_a_checkpoint_changes_nothing(self, store: Store) -> None:
        """Neither what is there nor the generation."""
        with store.transaction() as transaction:
            transaction.write(something())
        before, generation = held(store), store.generation()
        store.checkpoint()
        same(held(store), before, "a checkpoint loses nothing")
        same(store.generation(), generation, "a checkpoint of one's own leaves the generation as it is")

    # Others.

    def test_threads_take_turns(self, store: Store) -> None:
        """Nothing that one of them read is changed before it writes (S1.4)."""
        put_customers(store, 1)
        in_threads([partial(count_up, store)] * 6)
        with store.reading() as reader:
            same(reader.customers_by_number([1])[0].state, "120", "transactions of threads take turns: none is lost")

    def test_numbers_are_taken_once_by_threads(self, store: Store) -> None:
        """And none is left out."""
        in_threads([partial(put_customers, store, 1)] * 6)
        with store.reading() as reader:
            same([row.no for row in reader.all_customers()], list(range(1, 121)), "each number is given out once")

    def test_own_commits_leave_the_generation_as_it_is(self, store: Store) -> None:
        """Else nothing could be remembered from one transaction to the next."""
        put_customers(store, 1)
        with store.transaction():
            before = store.generation()
        for _ in range(3):
            put_customers(store, 1)
        with store.transaction():
            same(store.generation(), before, "commits of one's own leave the generation as it is")

    def test_everything_is_there_after_opening_again(self, store: Store, reopen: Reopen) -> None:
        """And counters go on (S11.1)."""
        with store.transaction() as transaction:
            transaction.write(something())
        before = held(store)
        store.close()
        with another(reopen) as again:
            same(held(again), before, "everything is there after closing and opening again")
            with again.transaction() as transaction:
                same(transaction.counters, Counters(3, 3, 3, 3, 3, 3, 3), "counters go on after opening again")

    def test_what_another_commits_is_seen_at_once(self, store: Store, reopen: Reopen) -> None:
        """And numbers that it took are taken."""
        with another(reopen) as other:
            held(store)
            with store.transaction() as transaction:
                same(transaction.counters, _NONE, "counters begin at 1")
            put(other, **{name: getattr(something(), name) for name in _written(something())})
            same(held(store), held(other), "what another store object commits is seen by the next question")
            with store.transaction() as transaction:
                same(transaction.counters, Counters(3, 3, 3, 3, 3, 3, 3), "numbers that another has taken are taken")

    def test_what_is_not_committed_is_seen_by_nobody_else(self, store: Store, reopen: Reopen) -> None:
        """Neither before nor after a failure."""
        with another(reopen) as other, failing(store) as transaction:
            transaction.write(something())
            same(held(other)["customers"], [], "what is not committed is seen by nobody else")

    def test_a_reader_sees_one_instant(self, store: Store, reopen: Reopen) -> None:
        """From its first question on, whatever others commit meanwhile."""
        with another(reopen) as other, store.reading() as reader:
            before = everything(reader)
            with other.transaction() as transaction:
                transaction.write(something())
            same(everything(reader), before, "all questions of one reading are answered as of one instant")

    def test_an_iterator_sees_one_instant(self, store: Store, reopen: Reopen) -> None:
        """Also between its pages."""
        put_customers(store, MANY)
        with another(reopen) as other, store.reading() as reader:
            people = reader.all_customers()
            first = next(people)
            put(other, customers=[("", '{"late":1}', 0, None, MANY)])
            states = {row.state for row in (first, *people)}
        same(states, {"{}"}, "an iterator sees the instant of its reading, to its last page")

    def test_the_generation_differs_after_another_has_committed(self, store: Store, reopen: Reopen) -> None:
        """Each time, and none comes back: whoever remembers rows compares it."""
        seen = []
        with another(reopen) as other:
            for n in range(4):
                with store.transaction():
                    seen.append(store.generation())
                put(other, meta={"n": str(n)})
        promised(
            len(set(seen)) == len(seen), "the generation differs after each commit of another, and none comes back"
        )

    def test_store_objects_take_turns(self, store: Store, reopen: Reopen) -> None:
        """Nothing that one of them read is changed before it writes (S1.4)."""
        put_customers(store, 1)
        with another(reopen) as other:
            in_threads([partial(count_up, mine) for mine in (store, other, store, other)])
        with store.reading() as reader:
            same(
                reader.customers_by_number([1])[0].state, "80", "transactions of store objects take turns: none is lost"
            )

    def test_numbers_are_taken_once_by_store_objects(self, store: Store, reopen: Reopen) -> None:
        """And none is left out."""
        with another(reopen) as other:
            in_threads([partial(put_customers, mine, 1) for mine in (store, other)])
        with store.reading() as reader:
            same([row.no for row in reader.all_customers()], list(range(1, 41)), "each number is given out once")

    def test_closing_one_store_object_leaves_the_other_at_work(self, store: Store, reopen: Reopen) -> None:
        """And what both wrote."""
        with another(reopen) as other:
            put_customers(store, 1)
            put_customers(other, 1)
        put_customers(store, 1)
        with store.reading() as reader:
            same(reader.customer_count(), 3, "closing another store object takes nothing away")


@contextmanager
def failing(store: Store) -> Iterator[Transaction]:
    """A transaction that fails at its end."""
    with pytest.raises(Mishap), store.transaction() as transaction:  # noqa: PT012 - the block is what ends
        yield transaction
        raise Mishap


def another(reopen: Reopen) -> AbstractContextManager[Store]:
    """Another store object on the same data, closed at the end; skips the check where there can be none."""
    if reopen is None:
        _skip()
    return closing(reopen())


def _skip() -> NoReturn:
    pytest.skip("this store can have no second store object on its data (`reopen` is None)")


def put_customers(store: Store, n: int) -> None:
    """Add so many customers, with numbers from the counters."""
    with store.transaction() as transaction:
        first = transaction.counters.customer
        transaction.counters.customer += n
        transaction.write(Changes(new_customers=[customer(no) for no in range(first, first + n)]))


def count_up(store: Store) -> None:
    """Read a number, and write one more."""
    with store.transaction() as transaction:
        (row,) = transaction.customers_by_number([1])
        count = int(row.state.strip("{}") or 0)
        transaction.write(Changes(customers=[("", str(count + 1), 0, None, 1)]))


def in_threads(acts: Sequence[Callable[[], object]]) -> None:
    """Do each of these 20 times in a thread of its own, all at once; raises the first error of any."""
    errors: list[BaseException] = []

    def guarded(act: Callable[[], object]) -> None:
        try:
            for _ in range(20):
                act()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _written(changes: Changes) -> list[str]:
    return [field.name for field in attrs.fields(Changes) if getattr(changes, field.name)]
