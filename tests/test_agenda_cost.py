"""What falls due: stretches of the agenda go at once, and timers alone are taken in large groups. Counted in SQL."""

import re
from collections import Counter
from contextlib import contextmanager
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import engine_of, message, sending
from touchpoint import Rule, Send, Wait, days
from touchpoint.engine.delivery import GROUP, Delivery
from touchpoint.stores.base import Changes
from touchpoint.stores.sqlite import SqliteStore


@contextmanager
def statements(store):
    """Counts the statements of a store by their first word and table."""
    counted = Counter()

    def look(statement):
        found = re.match(r"(\w+)(?:.*?touchpoint_(\w+))?", statement, re.DOTALL)
        counted[found[1], found[2] or ""] += 1

    with store.transaction():
        connection = store._connection
    connection.set_trace_callback(look)
    try:
        yield counted
    finally:
        connection.set_trace_callback(None)


def pending(*dues):
    store = SqliteStore(None)
    with store.transaction() as tx:
        tx.write(Changes(dues=[(None, due, customer) for due, customer in dues]))
    return store


def all_due(store):
    with store.reading() as reader:
        return reader.due(1_000, 1_000)


def test_all_that_was_asked_for_goes_by_one_statement():
    store = pending(*((n // 2, n) for n in range(100)))
    with statements(store) as counted, store.transaction() as tx:
        tx.write(Changes(dues=[(due, None, customer) for due, customer in tx.due(1_000, 90)]))
    assert (counted["DELETE", "due"], len(all_due(store))) == (1, 10)


def test_who_stays_among_those_who_go_stays():
    store = pending(*((n, n) for n in range(100)))
    with store.transaction() as tx:
        tx.write(Changes(dues=[(due, None, who) for due, who in tx.due(1_000, 90) if who % 10 != 5]))
    assert all_due(store) == [*((n, n) for n in range(5, 90, 10)), *((n, n) for n in range(90, 100))]


def test_whoever_came_in_between_since_it_was_asked_stays():
    store = pending(*((n, n) for n in range(0, 100, 2)))
    with store.transaction() as tx:
        found = tx.due(1_000, 50)
        tx.write(Changes(dues=[(None, 31, 31)]))
        tx.write(Changes(dues=[(due, None, customer) for due, customer in found]))
    assert all_due(store) == [(31, 31)]


@st.composite
def _moves(draw):
    """Rounds of: how many are asked for (None: not asked), where some move to (None: off the agenda)."""
    everybody = dict.fromkeys(range(1, 13), draw(st.none() | st.integers(0, 5)))
    moves = st.dictionaries(st.integers(1, 12), st.none() | st.integers(0, 5), max_size=12) | st.just(everybody)
    return draw(st.lists(st.lists(st.tuples(st.none() | st.integers(0, 15), moves), max_size=3), max_size=4))


@given(_moves())
def test_the_agenda_says_what_was_written_however_it_was_written(transactions):
    store, wanted = SqliteStore(None), {}
    for rounds in transactions:
        with store.transaction() as tx:
            for limit, moves in rounds:
                if limit is not None:
                    assert tx.due(1_000, limit) == sorted((due, who) for who, due in wanted.items())[:limit]
                tx.write(Changes(dues=[(wanted.get(who), due, who) for who, due in moves.items()]))
                wanted = {who: due for who, due in (wanted | moves).items() if due is not None}
    assert all_due(store) == sorted((due, who) for who, due in wanted.items())


# The engine's groups.


def people(n):
    return [f"c{each}" for each in range(n)]


def waiting(n, *then):
    """An engine of n customers, each with a timer that is due, and nothing in memory."""
    engine = engine_of(Rule("r", when="start", then=[Wait(days(1)), *(then or [Wait(days(9))])]), people=people(n))
    for each in people(n):
        engine.record(each, "start")
    engine.clock.until(engine.clock.now() + days(1))
    engine._begin_anew()
    return engine


def spent(n):
    engine = waiting(n)
    with statements(engine.store) as counted:
        engine.run_pending()
    return counted


def test_records_of_who_is_due_are_asked_for_together():
    counted = spent(GROUP)
    assert counted["SELECT", "customers"] <= 2
    assert counted["DELETE", "due"] == 1


def test_timers_without_messages_are_taken_in_ever_larger_groups():
    few, many = spent(GROUP), spent(GROUP * 7)
    assert many["COMMIT", ""] - few["COMMIT", ""] <= 3 * 3  # two more groups, of 100 and 200: two looks and one write
    assert many["SELECT", "customers"] <= few["SELECT", "customers"] + 4


def test_nobody_without_messages_has_their_addresses_looked_up():
    engine = waiting(GROUP)
    engine.record(people(1)[0], "unsubscribed")
    with engine.together() as unit:
        unit.standings_known = unit.cache.has_addresses = True
    with statements(engine.store) as counted:
        engine.run_pending()
    assert counted["WITH", "addresses"] == 0


def released(monkeypatch):
    """How many messages each group released."""
    found, release = [], Delivery.release

    def noted(delivery, due):
        tickets = release(delivery, due)
        found.append(len(tickets))
        return tickets

    monkeypatch.setattr(Delivery, "release", noted)
    return found


def test_no_group_releases_more_messages_than_it_should(monkeypatch):  # S6.8: none may wait longer than 20 s
    found, n = released(monkeypatch), count()
    rules = [
        Rule("first", when="start", then=[Wait(days(1))]),
        sending(when="later", rule="second"),
        Rule("third", when="later", then=[Wait(days(1)), Send(message("more"))]),
    ]
    engine = engine_of(*rules, people=people(4 * GROUP))
    for each in people(4 * GROUP):
        engine.record(each, "start" if next(n) < 2 * GROUP else "later")
    engine.clock.until(engine.clock.now() + days(1))
    assert engine.run_pending() == 4 * GROUP
    assert max(found) == GROUP


def test_whoever_wants_small_groups_gets_them():
    engine = waiting(9)
    with statements(engine.store) as counted:
        engine.run_pending(group=1)
    assert counted["UPDATE", "customers"] == 9
    assert counted["BEGIN", ""] >= 2 * 9


@pytest.mark.parametrize("group", [1, GROUP])
def test_everything_due_is_done_whatever_the_groups(group):
    engine = waiting(3 * GROUP, Send(message()))
    assert engine.run_pending(group=group) == 3 * GROUP
