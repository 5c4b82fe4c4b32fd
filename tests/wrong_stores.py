"""Stores with one mistake each: the store that ships behind a wrapper that does one thing wrong."""

import threading
from contextlib import contextmanager, suppress

from touchpoint.errors import StoreError
from touchpoint.stores.base import Changes


class Answers:
    """What a transaction or reading gives, but for the questions named in `instead`: (inner, *arguments) → answer."""

    def __init__(self, inner, instead):
        self._inner = inner
        self._instead = instead

    def __getattr__(self, name):
        if name in self._instead:
            return lambda *args: self._instead[name](self._inner, *args)
        return getattr(self._inner, name)

    @property
    def counters(self):
        return self._inner.counters

    @counters.setter
    def counters(self, value):
        self._inner.counters = value


class Wrong:
    """A store that passes everything on, but for the questions of its readers named in `instead`."""

    def __init__(self, inner, **instead):
        self.inner = inner
        self.instead = instead

    @contextmanager
    def transaction(self, connection=None):
        with self.inner.transaction(connection) as transaction:
            yield Answers(transaction, self.instead)

    @contextmanager
    def reading(self):
        with self.inner.reading() as reader:
            yield Answers(reader, self.instead)

    def generation(self):
        return self.inner.generation()

    def checkpoint(self, **how):
        return self.inner.checkpoint(**how)

    def left_over(self, texts):
        return self.inner.left_over(texts)

    def close(self):
        self.inner.close()


class CommitsAnyway(Wrong):
    """What was written stays, although the block failed."""

    @contextmanager
    def transaction(self, connection=None):
        failure = None
        with self.inner.transaction(connection) as transaction:
            try:
                yield transaction
            except Exception as error:  # noqa: BLE001 - that is the mistake
                failure = error
        if failure is not None:
            raise failure


class CommitsAtInterrupts(Wrong):
    @contextmanager
    def transaction(self, connection=None):
        interrupt = None
        with self.inner.transaction(connection) as transaction:
            try:
                yield transaction
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt


class CommitsEachWrite(Wrong):
    """Every `write` is a transaction of its own."""

    @contextmanager
    def transaction(self, connection=None):
        def write(_, changes):
            with self.inner.transaction() as own:
                own.write(changes)

        with self.inner.transaction(connection) as first:
            counters = first.counters
        yield Late(self.inner, counters, write)


class Late:
    """Asks and writes in transactions of their own."""

    def __init__(self, inner, counters, write):
        self._store, self.counters, self._write = inner, counters, write

    def write(self, changes):
        self._write(self, changes)

    def __getattr__(self, name):
        def ask(*args):
            with self._store.reading() as reader:
                found = getattr(reader, name)(*args)
                return found if isinstance(found, dict | list | int | str | tuple | None) else list(found)

        return ask


class HidesErrors(Wrong):
    @contextmanager
    def transaction(self, connection=None):
        with suppress(StoreError), self.inner.transaction(connection) as transaction:
            yield transaction


class ForeignErrors(Wrong):
    """What goes wrong comes out as whatever the driver raised."""

    @contextmanager
    def transaction(self, connection=None):
        try:
            with self.inner.transaction(connection) as transaction:
                yield transaction
        except StoreError as error:
            raise ValueError(str(error)) from None


class Wraps(Wrong):
    """The host's own errors are dressed up."""

    @contextmanager
    def transaction(self, connection=None):
        try:
            with self.inner.transaction(connection) as transaction:
                yield transaction
        except StoreError:
            raise
        except Exception as error:
            raise StoreError("something went wrong") from error


class StaleGeneration(Wrong):
    def generation(self):
        self.inner.generation()
        return 1


class CountsOwnCommits(Wrong):
    def __init__(self, inner):
        super().__init__(inner)
        self.n = 0

    def generation(self):
        self.n += 1
        return self.inner.generation() + self.n


class GenerationComesBack(Wrong):
    def generation(self):
        return self.inner.generation() % 2


class StaleCounters(Wrong):
    """Counters are read once, for this store object alone."""

    def __init__(self, inner):
        super().__init__(inner)
        self.known = None

    @contextmanager
    def transaction(self, connection=None):
        with self.inner.transaction(connection) as transaction:
            self.known = transaction.counters = self.known or transaction.counters
            yield transaction


class CountersSurviveFailure(Wrong):
    def __init__(self, inner):
        super().__init__(inner)
        self.taken = 0

    @contextmanager
    def transaction(self, connection=None):
        with self.inner.transaction(connection) as transaction:
            transaction.counters.customer = max(self.taken, transaction.counters.customer)
            try:
                yield transaction
            finally:
                self.taken = transaction.counters.customer


class ManyInstants(Wrong):
    """Every question of a reading is answered as of its own instant."""

    @contextmanager
    def reading(self):
        with self.inner.reading():
            pass
        yield Late(self.inner, None, None)


class AnswersForEver(Wrong):
    """A reader goes on after its block, with a new transaction for each question."""

    @contextmanager
    def reading(self):
        with self.inner.reading() as reader:
            yield Undead(self.inner, reader)


class Undead:
    def __init__(self, store, reader):
        self._store, self._reader = store, reader

    def __getattr__(self, name):
        def ask(*args):
            with suppress(StoreError):
                return getattr(self._reader, name)(*args)
            with self._store.reading() as reader:
                return getattr(reader, name)(*args)

        return ask


class CutsIterators(Wrong):
    """An iterator ends quietly with its transaction."""

    @contextmanager
    def reading(self):
        def cut(name):
            def ask(inner, *args):
                with suppress(StoreError):
                    yield from getattr(inner, name)(*args)

            return ask

        with self.inner.reading() as reader:
            yield Answers(reader, {name: cut(name) for name in ("journal", "all_customers")})


class NoLock(Wrong):
    """Reads in one transaction, writes in another."""

    @contextmanager
    def transaction(self, connection=None):
        with self.inner.transaction(connection) as first:
            counters = first.counters
        late = Late(self.inner, counters, None)
        written = []
        late.write = written.append
        yield late
        threading.Event().wait(0.001)  # widens the gap, which is there anyway
        with self.inner.transaction(connection) as second:
            for changes in written:
                second.write(changes)


class ClosesForGood(Wrong):
    """Closing once more is an error."""

    closed = False

    def close(self):
        if self.closed:
            raise StoreError("already closed")
        self.closed = True
        self.inner.close()


class OpensAgain(Wrong):
    """A closed store opens itself again."""

    def close(self):
        self.inner.checkpoint()


class CheckpointForgets(Wrong):
    def checkpoint(self, **how):
        told = self.inner.checkpoint(**how)
        with self.inner.transaction() as transaction:
            transaction.write(Changes(tallies={("message", "shop/offer", "sent"): -2}))
        return told


class CommitsForTheHost(Wrong):
    @contextmanager
    def transaction(self, connection=None):
        with self.inner.transaction(connection) as transaction:
            yield transaction
        if connection is not None:
            connection.commit()


class RollsTheHostBack(Wrong):
    """A part that fails takes all of the host's transaction with it."""

    @contextmanager
    def transaction(self, connection=None):
        try:
            with self.inner.transaction(connection) as transaction:
                yield transaction
        except BaseException:
            if connection is not None:
                connection.rollback()
            raise


class OneGenerationForHosts(Wrong):
    def generation(self):
        return max(self.inner.generation(), 0)


class AnyConnection(Wrong):
    def transaction(self, connection=None):  # noqa: ARG002 - that is the mistake
        return self.inner.transaction()


class CountsFromZero(Wrong):
    @contextmanager
    def transaction(self, connection=None):
        with self.inner.transaction(connection) as transaction:
            if transaction.counters.entry == 1:
                transaction.counters.entry = 0
            yield transaction


class GivesNumbersTwice(Wrong):
    """Numbers are taken before the lock."""

    @contextmanager
    def transaction(self, connection=None):
        with self.inner.transaction(connection) as transaction:
            numbers = transaction.counters
            taken = (numbers.customer, numbers.entry, numbers.run, numbers.case, numbers.message, numbers.task)
        threading.Event().wait(0.001)  # widens the gap, which is there anyway
        with self.inner.transaction(connection) as transaction:
            transaction.counters = type(numbers)(*taken)
            yield transaction


class Buffers(Wrong):
    """Writes only when the transaction ends."""

    @contextmanager
    def transaction(self, connection=None):
        written = []
        with self.inner.transaction(connection) as transaction:
            yield Answers(transaction, {"write": lambda _, changes: written.append(changes)})
            for changes in written:
                transaction.write(changes)


class CountsRows(Wrong):
    """Takes the number of rows for the highest number."""

    @contextmanager
    def transaction(self, connection=None):
        with self.inner.transaction(connection) as transaction:
            transaction.counters.customer = transaction.customer_count() + 1
            yield transaction


class ForgetsAtClosing(Wrong):
    def close(self):
        with suppress(StoreError), self.inner.transaction() as transaction:
            transaction.write(Changes(tallies={("message", "shop/offer", "sent"): -2}))
        self.inner.close()
