"""What a replay asks of its store, counted: what customers, messages and gifts need, and nothing twice."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from touchpoint import Content, Gift, Give, Journey, Message, Rule, Send, Touchpoint
from touchpoint.lab import replay
from touchpoint.stores._sql import SqliteReader

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
HELLO = Message("hello", why="w", channels=["email"], content=Content(text="Hello"))
THANKS = Gift(
    "thanks", why="w", channels=["email"], content=Content(text="For you"), worth=5, currency="EUR", budget=10**6
)


def journey(*steps):
    return Journey("j", rules=[Rule("r", when="go", then=steps)])


@pytest.fixture
def questions(monkeypatch):
    """The statements of reading and of single rows, by table."""
    asked = Counter()
    run = SqliteReader.run

    def counting(self, statement, values=()):
        asked[next((word for word in statement.split() if word.startswith("touchpoint_")), "")] += 1
        return run(self, statement, values)

    monkeypatch.setattr(SqliteReader, "run", counting)
    return asked


def replayed(questions, rules, customers):
    """The questions of a replay with so many newcomers, each of whom gets a message, in one batch."""
    questions.clear()
    events = [Touchpoint(f"c{n}", "go", START + timedelta(seconds=n), f"e{n}") for n in range(customers)]
    result = replay([rules], events, grant=["service", "gift"])
    assert result.sent.total() == customers
    return Counter(questions)


def test_newcomers_and_their_messages_ask_nothing_each(questions):
    few, many = (replayed(questions, journey(Send(HELLO)), n) for n in (10, 60))
    assert many == few


def test_a_gift_asks_of_accounts_what_its_release_and_its_end_need(questions):
    few, many = (replayed(questions, journey(Give(THANKS)), n) for n in (10, 60))
    more = {table: n / 50 for table, n in (many - few).items()}
    # Before the release: is it known, has it booked, was it given for this cause; then its row, again at its end.
    # One row is booked. What is known of the gift is written as rows of any number are.
    assert more == {"touchpoint_gifts": 4, "touchpoint_bookings": 2}
