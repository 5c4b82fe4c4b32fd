"""Group commit (S11.4): what several threads want to write at the same time is one transaction; each hears its own."""

import threading
from contextlib import contextmanager

import pytest

from making import engine_of, marks
from touchpoint import Emit, Rule
from touchpoint.engine.grouping import Grouping

MARKING = Rule("marking", when="start", then=[Emit("mark")])


class Unable(Exception):
    """What a piece of work, or the store, raises."""


class Book:
    """Stands for the store: commits are what each piece of work put down, one list for each transaction."""

    def __init__(self):
        self.commits, self._open = [], None
        self.grouping = Grouping(self._commit)

    def _commit(self, work):
        self._open = []
        found = work(self)
        self.commits.append(self._open)
        return found

    def put(self, what):
        self._open.append(what)
        return f"{what} is put"


@contextmanager
def commit_in_hand(grouping, *jobs):
    """All of these come while another thread commits, in their order; gives what became of each at the end."""
    found = {}

    def work(n, job):
        try:
            found[n] = grouping.submit(job)
        except BaseException as error:  # noqa: BLE001 - it is what is looked at
            found[n] = error

    grouping._leading.acquire()
    threads = []
    for n, job in enumerate(jobs):
        threads.append(threading.Thread(target=work, args=(n, job), daemon=True))
        threads[-1].start()
        while len(grouping._queue) <= n:
            pass
    yield found
    grouping._hand_on()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def failing(_):
    raise Unable


def test_what_comes_while_nobody_commits_is_committed_at_once_and_alone():
    book = Book()
    assert book.grouping.submit(lambda it: it.put("a")) == "a is put"
    assert book.commits == [["a"]]
    assert not book.grouping._leading.locked()


def test_what_comes_during_a_commit_is_one_commit_after_it_in_the_order_in_which_it_came():
    book = Book()
    with commit_in_hand(book.grouping, *(lambda it, n=n: it.put(n) for n in range(5))) as found:
        assert book.commits == []
    assert book.commits == [[0, 1, 2, 3, 4]]
    assert found == {n: f"{n} is put" for n in range(5)}


def test_everybody_hears_of_their_own_before_the_next_commit_is_over():
    """Who is done waits for nobody: neither for those who came later nor for the lock that these hold."""
    book, first_is_told, told = Book(), threading.Event(), []

    def later(it):
        assert first_is_told.wait(10)  # a commit that lasts as long as it takes to hear of the one before
        return it.put("later")

    def earlier(it):
        threads.append(threading.Thread(target=lambda: told.append(book.grouping.submit(later)), daemon=True))
        threads[-1].start()
        while len(book.grouping._queue) < 1:
            pass
        return it.put("earlier")

    threads = []
    with commit_in_hand(book.grouping, earlier):
        pass
    first_is_told.set()
    threads[0].join(10)
    assert (book.commits, told) == ([["earlier"], ["later"]], ["later is put"])


def test_what_fails_fails_alone_and_what_came_with_it_is_committed():
    book = Book()
    jobs = [lambda it: it.put("a"), failing, lambda it: it.put("b")]
    with commit_in_hand(book.grouping, *jobs) as found:
        pass
    assert book.commits == [["a"], ["b"]]
    assert (found[0], type(found[1]), found[2]) == ("a is put", Unable, "b is put")


def test_work_that_fails_alone_lets_the_next_one_in():
    book = Book()
    with pytest.raises(Unable):
        book.grouping.submit(failing)
    assert book.grouping.submit(lambda it: it.put("a")) == "a is put"


def test_a_thread_that_is_stopped_while_it_waits_takes_its_work_back_and_holds_up_nobody():
    book, found = Book(), []
    grouping = book.grouping

    wait = grouping._wait

    def struck(entry):
        if entry is grouping._queue[0] and not found:
            found.append(entry)
            entry.turn = Interrupted(entry.turn, until)
        wait(entry)

    until = threading.Event()
    grouping._wait = struck
    with commit_in_hand(grouping, lambda it: it.put("a"), lambda it: it.put("b")) as told:
        until.set()
        while len(grouping._queue) > 1:
            pass
    assert (type(told[0]), told[1]) == (KeyboardInterrupt, "b is put")
    assert book.commits == [["b"]]


def test_a_thread_that_is_stopped_when_its_turn_has_come_hands_it_on():
    book, found = Book(), []
    grouping = book.grouping
    wait = grouping._wait

    def struck(entry):
        if not found:
            found.append(entry)
            entry.turn = Interrupted(entry.turn, entry)
        wait(entry)

    grouping._wait = struck
    with commit_in_hand(grouping, lambda it: it.put("a"), lambda it: it.put("b")) as told:
        pass
    assert (type(told[0]), told[1]) == (KeyboardInterrupt, "b is put")
    assert book.commits == [["b"]]
    assert not grouping._leading.locked()


class Interrupted:
    """A lock at which somebody who waits is stopped: once an event is set, or once the entry leads."""

    def __init__(self, lock, until):
        self._lock, self._until = lock, until

    def acquire(self):
        while not (self._until.is_set() if isinstance(self._until, threading.Event) else self._until.leads):
            pass
        raise KeyboardInterrupt

    def release(self):
        self._lock.release()


def test_touchpoints_of_threads_that_wait_share_one_transaction(tmp_path):
    with engine_of(MARKING, store=f"sqlite:///{tmp_path}/t.db") as engine:
        engine.record("ann", "start")
        begun = []
        begin = engine.store.transaction
        engine.store.transaction = lambda connection=None: begun.append(connection) or begin(connection)
        engine._grouping._leading.acquire()
        threads = [threading.Thread(target=engine.record, args=(f"c{n}", "start")) for n in range(6)]
        for thread in threads:
            thread.start()
        while len(engine._grouping._queue) < len(threads):
            pass
        engine._grouping._hand_on()
        for thread in threads:
            thread.join(10)
        assert len(begun) == 1
        assert all(len(marks(engine, f"c{n}")) == 1 for n in range(6))
